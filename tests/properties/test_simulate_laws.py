"""The simulator against what is known in closed form, and against itself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import optimize, special, stats

import simulated
from yipan.analytics import simulate as sim
from yipan.analytics.simulate import dense, epidemic, kernel, pathogen, rehearsal, zones
from yipan.analytics.simulate import province as layout
from yipan.analytics.simulate.measures import means_of, orders_none
from yipan.operations import simulate as desk
from yipan.protocol import Adopted, protocols
from yipan.protocol.rules import zones as ruled

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def land() -> sim.Province:
    return simulated.province()


@pytest.fixture(scope="module")
def mixed() -> sim.Province:
    return simulated.mixed(5_000_000)


@pytest.fixture(scope="module")
def wide() -> sim.Province:
    return simulated.province(residents=20_000_000)


def seeds(count: int, **more: int) -> list[sim.Seed]:
    return [sim.Seed(day=0, county="c0.", **more) for _ in range(count)]


def spaced(count: int, step: int) -> list[sim.Seed]:
    return [sim.Seed(day=0, person=i * step) for i in range(count)]


class TestFinalSize:
    @pytest.mark.parametrize(
        ("R", "share"), [(1.2, 0.313698), (1.5, 0.582812), (2.0, 0.796812), (3.0, 0.940480)]
    )
    @pytest.mark.parametrize("dispersion", [np.inf, 0.5])
    def test_is_that_of_the_closed_form_with_alike_and_unlike_infectors(
        self, R: float, share: float, dispersion: float
    ) -> None:
        small = simulated.mixed(30_000)
        begun, runs = 120, 100
        sizes = [
            sim.run(
                small,
                simulated.pathogen(dispersion=dispersion),
                simulated.UNSEEN,
                seeds(begun),
                days=600,
                seed=i,
                rates=simulated.only(community=R),
                generation=[1.0],
            ).infections
            / small.residents
            for i in range(runs)
        ]
        start = begun / small.residents
        expected = optimize.brentq(lambda z: 1 - (1 - start) * np.exp(-R * z) - z, 0.05, 1)
        error = np.std(sizes, ddof=1) / np.sqrt(runs)

        assert expected == pytest.approx(share, abs=0.02)
        assert np.mean(sizes) == pytest.approx(expected, abs=3 * error)


class TestExtinction:
    @pytest.mark.parametrize(("R", "k"), [(1.5, 0.5), (2.0, 0.1)])
    def test_is_the_root_of_the_negative_binomial_law(
        self, mixed: sim.Province, R: float, k: float
    ) -> None:
        begun, generations = 1500, 8
        made = sim.run(
            mixed,
            simulated.pathogen(dispersion=k),
            simulated.UNSEEN,
            seeds(begun),
            days=generations + 1,
            seed=5,
            rates=simulated.only(community=R),
            generation=[1.0],
        )
        root = np.arange(made.infections)
        for i in range(made.infections):
            if made.source[i] >= 0:
                root[i] = root[made.source[i]]
        alive = np.unique(root[made.day == generations]).size
        extinct = 0.0
        for _ in range(generations):
            extinct = (1 + R * (1 - extinct) / k) ** -k
        margin = 3 * np.sqrt(extinct * (1 - extinct) / begun)

        assert 1 - alive / begun == pytest.approx(extinct, abs=margin)


class TestGrowth:
    def test_is_the_root_of_the_lotka_euler_equation(self, mixed: sim.Province) -> None:
        R = 2.0
        made = sim.run(
            mixed,
            simulated.pathogen(dispersion=np.inf),
            simulated.UNSEEN,
            seeds(900),
            days=14,
            seed=3,
            rates=simulated.only(community=R),
        )
        chances = pathogen.gamma_days(3.0, 1.8)
        ages = np.arange(1, chances.size + 1)
        growth = optimize.brentq(lambda r: R * (chances * np.exp(-r * ages)).sum() - 1, 0.01, 1)
        new = made.new.sum(axis=1).astype(float)
        fitted = np.polyfit(np.arange(6, 14), np.log(new[6:]), 1)[0]

        assert made.infections < 0.01 * mixed.residents
        assert fitted == pytest.approx(growth, rel=0.02)


class TestGenerationTime:
    def test_is_realised_as_it_was_put_in(self, mixed: sim.Province) -> None:
        made = sim.run(
            mixed,
            simulated.pathogen(),
            simulated.UNSEEN,
            seeds(8000),
            days=25,
            seed=2,
            rates=simulated.only(community=0.9),
        )
        early = (made.source >= 0) & (made.day[np.maximum(made.source, 0)] == 0)
        waited = made.day[early]
        chances = pathogen.gamma_days(3.0, 1.8)[:20]
        seen = np.bincount(waited, minlength=22)[1:21]
        expected = chances / chances.sum() * seen.sum()
        usual = expected >= 5

        assert (
            stats.chisquare(
                seen[usual], expected[usual] * seen[usual].sum() / expected[usual].sum()
            ).pvalue
            > 0.01
        )

    def test_shortens_when_cases_are_isolated(self, mixed: sim.Province) -> None:
        means = []
        for seeks in (0.0, 0.9):
            made = sim.run(
                mixed,
                simulated.pathogen(symptomatic=(0.9,) * 4),
                sim.Strategy(
                    name="x", finding=sim.Finding(seeks=seeks, pharmacy=0, seek_delay_days=0.5)
                ),
                seeds(3000),
                days=25,
                seed=2,
                rates=simulated.only(community=0.9),
            )
            caused = made.source >= 0
            means.append(float((made.day[caused] - made.day[made.source[caused]]).mean()))

        assert means[1] < means[0] - 0.2


class TestSeirLimit:
    def test_has_the_height_and_the_day_of_the_peak_of_the_ode(self) -> None:
        steps, latent, infectious, R, begun = 10, 3.0, 4.0, 2.5, 1000
        people = simulated.mixed(1_000_000)
        t = np.arange(1, 60 * steps) / steps
        density = (np.exp(-t / infectious) - np.exp(-t / latent)) / (infectious - latent)
        made = sim.run(
            people,
            simulated.pathogen(dispersion=np.inf),
            simulated.UNSEEN,
            seeds(begun),
            days=110 * steps,
            seed=4,
            rates=simulated.only(community=R),
            generation=density,
        )
        N, dt = people.residents, 1 / (20 * steps)
        S, E, ill = N - float(begun), float(begun), 0.0
        new = []
        for _ in range(int(110 / dt)):
            force = R / infectious * ill / N * S * dt
            sick, well = E / latent * dt, ill / infectious * dt
            S, E, ill = S - force, E + force - sick, ill + sick - well
            new.append(force)
        daily = np.array(new).reshape(110, -1).sum(axis=1)
        ours = made.new.sum(axis=1).reshape(110, steps).sum(axis=1)

        def peak(curve: np.ndarray) -> float:
            top = int(np.argmax(curve))
            a, b, _ = np.polyfit(np.arange(top - 4, top + 5), curve[top - 4 : top + 5], 2)
            return float(-b / (2 * a))

        assert ours.max() == pytest.approx(daily.max(), rel=0.02)
        assert peak(ours) == pytest.approx(peak(daily), abs=0.5)


class TestHousehold:
    @pytest.mark.parametrize("dispersion", [np.inf, 0.5])
    def test_of_two_has_the_attack_rate_the_hazard_was_derived_from(
        self, dispersion: float
    ) -> None:
        pairs = simulated.province(
            1,
            2_000_000,
            cities=1,
            homes=replace(simulated.HOMES, household_sizes=(0.0, 1.0), dormitory_share=0.0),
        )
        hazard = sim.household_hazard(0.4, dispersion)
        begun = 8000
        made = sim.run(
            pairs,
            simulated.pathogen(dispersion=dispersion),
            simulated.UNSEEN,
            spaced(begun, 200),
            days=60,
            seed=1,
            rates=simulated.only(household=hazard),
        )
        share = (made.infections - begun) / begun

        assert share == pytest.approx(0.4, abs=3 * np.sqrt(0.24 / begun))

    @pytest.mark.parametrize("size", [2, 3, 4, 5])
    def test_chains_end_at_the_sizes_of_reed_and_frost(self, size: int) -> None:
        homes = simulated.province(
            1,
            2_000_000,
            cities=1,
            homes=replace(
                simulated.HOMES,
                household_sizes=tuple(float(i == size - 1) for i in range(size)),
                dormitory_share=0.0,
            ),
        )
        begun, escape = 6000, np.exp(-0.35)
        made = sim.run(
            homes,
            simulated.pathogen(dispersion=np.inf),
            simulated.UNSEEN,
            spaced(begun, 320),
            days=150,
            seed=8,
            rates=simulated.only(household=0.35),
        )
        people = homes.people(made.person)
        whole = people.home_size == size
        _, ended = np.unique(people.home[whole], return_counts=True)
        seen = np.bincount(ended, minlength=size + 1)[1 : size + 1] / ended.size
        expected = np.array(reed_frost(size, escape))
        error = np.sqrt(expected * (1 - expected) / ended.size)

        assert (np.abs(seen - expected) <= 3 * error).all()


def reed_frost(size: int, escape: float) -> list[float]:
    """Chances of 1, 2, ... infected in a home of `size` begun by one, each pair escaping with a chance."""
    chances: dict[tuple[int, int, int], float] = {(size - 1, 1, 1): 1.0}
    ended = [0.0] * (size + 1)
    while chances:
        following: dict[tuple[int, int, int], float] = {}
        for (left, new, total), p in chances.items():
            if new == 0 or left == 0:
                ended[total] += p
                continue
            q = escape**new
            for j in range(left + 1):
                state = (left - j, j, total + j)
                following[state] = following.get(state, 0.0) + p * special.comb(left, j) * (
                    1 - q
                ) ** j * q ** (left - j)
        chances = following
    return ended[1:]


class TestOffspring:
    def test_follow_the_negative_binomial_law(self) -> None:
        R, k, begun = 2.0, 0.5, 200_000
        wide = simulated.mixed(1_000_000_000)
        made = sim.run(
            wide,
            simulated.pathogen(dispersion=k),
            simulated.UNSEEN,
            seeds(begun),
            days=2,
            seed=6,
            rates=simulated.only(community=R),
            generation=[1.0],
        )
        first = int((made.day == 0).sum())
        children = np.bincount(made.source[made.day == 1], minlength=first)
        top = np.sort(children)[::-1][: first // 5].sum() / children.sum()
        law = stats.nbinom(k, k / (k + R))
        many = np.arange(400)
        chance = law.pmf(many)[::-1]
        above = np.minimum(np.cumsum(chance), 0.2)
        expected = (np.diff(np.concatenate([[0.0], above])) * many[::-1]).sum() / R

        assert children.mean() == pytest.approx(R, rel=0.02)
        assert children.var() == pytest.approx(R + R * R / k, rel=0.02)
        assert top == pytest.approx(expected, rel=0.02)


class TestImplicitPopulation:
    def test_has_the_household_sizes_ages_and_roles_put_in_to_a_thousandth_in_each_city(
        self, wide: sim.Province
    ) -> None:
        blocks = np.random.default_rng(1).choice(wide.residents // 64 - 100, 100_000, replace=False)
        county = np.searchsorted(wide.county_start, blocks * 64, side="right") - 1
        begin = wide.county_start[county]
        whose = ((begin + (blocks * 64 - begin) // 64 * 64)[:, None] + np.arange(64)).reshape(-1)
        people = wide.people(whose)
        for city in range(2):
            here = wide.county_city[people.county] == city
            head = here & ~people.in_dormitory & (people.home == whose)
            sizes = np.bincount(people.home_size[head], minlength=11)[1:11] / head.sum()

            assert sizes == pytest.approx(simulated.HOMES.household_sizes, abs=1e-3)
            assert np.bincount(people.age[here]) / here.sum() == pytest.approx(
                simulated.HOMES.ages, abs=1e-3
            )
            assert (people.role[here] == 1).mean() == pytest.approx(wide.work_share, abs=1e-3)
            assert (people.role[here] == 2).mean() == pytest.approx(wide.school_share, abs=1e-3)

    def test_has_the_dormitories_put_in_to_a_thousandth_in_each_city(
        self, wide: sim.Province
    ) -> None:
        for city in range(2):
            one_a_block = np.concatenate(
                [
                    np.arange(start, start + size - 64, 64)
                    for start, size, where in zip(
                        wide.county_start, wide.county_residents, wide.county_city, strict=False
                    )
                    if where == city
                ]
            )

            assert wide.people(one_a_block).in_dormitory.mean() == pytest.approx(0.114, abs=1e-3)

    def test_sends_the_working_to_the_counties_of_the_commuting_table_to_a_thousandth(
        self, wide: sim.Province
    ) -> None:
        people = wide.people(np.random.default_rng(2).integers(0, wide.residents, 4_000_000))
        works = people.role == 1
        flow = np.zeros((6, 6))
        np.add.at(flow, (people.county[works], people.group[works] >> 32), 1)
        share = flow / flow.sum(axis=1, keepdims=True)
        off = ~np.eye(6, dtype=bool)

        assert share[off] == pytest.approx(wide.facts.commuting[off], abs=1e-3)

    def test_cuts_rooms_and_homes_in_the_shares_put_in_to_a_thousandth(self) -> None:
        starts, sizes, _ = layout._templates((simulated.HOMES,), 20201101)
        for row, wanted in enumerate((simulated.HOMES.household_sizes, simulated.HOMES.room_sizes)):
            heads = starts[row] == np.arange(64)
            seen = np.bincount(sizes[row][heads], minlength=11)[1:11] / heads.sum()

            assert seen == pytest.approx(wanted, abs=1e-3)

    def test_fills_groups_to_the_whole_slice_nearest_the_size_put_in(
        self, land: sim.Province
    ) -> None:
        facts, G = land.layout.ints, layout
        people = land.people(np.arange(land.residents))
        by_day = facts[facts[G.PRESENT] : facts[G.PRESENT] + land.county_residents.size]
        for role, wanted, share, slots, room in (
            (G.ROLE_WORK, 20, land.work_share, facts[G.WORK_SLICE], by_day),
            (G.ROLE_SCHOOL, 40, land.school_share, facts[G.SCHOOL_SLICE], land.county_residents),
        ):
            groups, size = np.unique(people.group[people.role == role], return_counts=True)
            code = groups if role == G.ROLE_WORK else -2 - groups
            whole = (code & 0xFFFFFFFF) + slots <= room[code >> 32]
            error = size[whole].std() / np.sqrt(whole.sum())

            assert abs(slots * share - wanted) <= share / 2
            assert whole.mean() > 0.99
            assert size[whole].mean() == pytest.approx(slots * share, abs=3 * error)

    def test_of_a_small_province_has_the_mean_number_at_home_the_rates_are_derived_from(
        self, land: sim.Province
    ) -> None:
        people = land.people(np.arange(land.residents))

        assert (people.home_size - 1).mean() == pytest.approx(land.mean_house_mates, abs=0.01)

    def test_puts_everybody_into_one_community_of_the_right_town(self, land: sim.Province) -> None:
        people = land.people(np.arange(land.residents))

        assert people.community.max() + 1 == land.communities
        assert (np.diff(people.community) >= 0).all()
        assert np.array_equal(np.bincount(people.county), land.county_residents)

    @settings(max_examples=30, deadline=None)
    @given(person=st.integers(0, 900_000))
    def test_knows_the_same_group_from_every_member(self, land: sim.Province, person: int) -> None:
        members = land.group_members(person)

        assert members.size == 0 or person in members
        for other in members:
            assert np.array_equal(land.group_members(int(other)), members)


class TestThinning:
    def test_by_a_constant_is_the_same_law_as_the_rate_times_it(self, mixed: sim.Province) -> None:
        def sizes(rate: float, susceptibility: float, seed: int) -> np.ndarray:
            made = sim.run(
                mixed,
                simulated.pathogen(susceptibility=(susceptibility,) * 4),
                simulated.UNSEEN,
                seeds(4000),
                days=12,
                seed=seed,
                rates=simulated.only(community=rate),
                generation=[1.0],
            )
            root = np.arange(made.infections)
            for i in range(made.infections):
                if made.source[i] >= 0:
                    root[i] = root[made.source[i]]
            return np.bincount(root)[: 4000 - 5]

        assert stats.ks_2samp(sizes(1.6, 0.5, 1), sizes(0.8, 1.0, 2)).pvalue > 0.01

    def test_at_home_does_not_depend_on_the_headroom(self, land: sim.Province) -> None:
        ended = []
        for headroom, seed in ((1.5, 1), (2.5, 2)):
            made = sim.run(
                land,
                simulated.pathogen(),
                simulated.UNSEEN,
                spaced(8000, 110),
                days=60,
                seed=seed,
                rates=simulated.only(household=0.8),
                headroom=headroom,
            )
            root = np.arange(made.infections)
            for i in range(made.infections):
                if made.source[i] >= 0:
                    root[i] = root[made.source[i]]
            ended.append(np.bincount(root)[made.source[: root.max() + 1] < 0])
        counts = np.array([np.bincount(np.minimum(one, 7), minlength=8)[1:] for one in ended])

        assert stats.ks_2samp(*ended).pvalue > 0.01
        assert stats.chi2_contingency(counts[:, counts.sum(axis=0) > 0]).pvalue > 0.01


class TestTracing:
    def test_names_as_many_contacts_as_the_enumeration_of_contacts(
        self, mixed: sim.Province
    ) -> None:
        look_back, recall, rate = 4, 0.6, 0.05
        tracing = sim.Tracing(
            recall=(0, 0, 0, 0, recall, 0, 0),
            look_back_days=look_back,
            backward=False,
            staff_cases_per_day=1e6,
            delay_days=1,
        )
        begun = 3000
        made = sim.run(
            mixed,
            simulated.pathogen(dispersion=np.inf),
            replace(simulated.UNSEEN, tracing=tracing),
            [sim.Seed(day=0, person=i * 400, found=4) for i in range(begun)],
            days=7,
            seed=1,
            rates=simulated.only(community=rate, reach=(1.0, 0.0, 0.0, 0.0)),
            generation=[0.25, 0.25, 0.25, 0.25],
        )
        rng = np.random.default_rng(1)
        contacts = rng.poisson(1.5, (begun, look_back))
        infected = rng.binomial(contacts, rate / (1.5 * look_back))
        named = rng.binomial(contacts - infected, recall) + rng.binomial(infected, recall)
        per_case = made.daily["contacts_named"].sum() / made.daily["cases_traced"].sum()
        error = named.sum(axis=1).std() / np.sqrt(begun)

        assert per_case == pytest.approx(named.sum(axis=1).mean(), abs=3 * error)

        caused = np.flatnonzero((made.source >= 0) & (made.day <= 4))
        kept = caused[(made.isolated_from[caused] <= 6) & (made.source[caused] < begun)]
        struck = rng.binomial(infected, recall).sum(axis=1)
        error = struck.std() * np.sqrt(2 / begun)
        assert kept.size / begun == pytest.approx(struck.mean(), abs=3 * error)


FULL = sim.Strategy(
    name="full",
    zoning=sim.Zoning(),
    screenings=(sim.Screening(), sim.Screening(extent=sim.Extent.TOWN, every_days=2)),
    tracing=sim.Tracing(),
    imports=sim.Imports(per_day=(("c1.", 0.3),)),
)


class TestQuarantine:
    def run(
        self, land: sim.Province, *kept: sim.Quarantine, rooms: float = 10_000.0
    ) -> sim.Epidemic:
        return sim.run(
            land, simulated.pathogen(reproduction_number=0.6, household_attack=0.1),
            sim.Strategy(
                name="kept", tracing=sim.Tracing(quarantine=kept, staff_cases_per_day=1e6),
                isolation=sim.Isolation(rooms_per_10k=rooms),
            ),
            seeds(40), days=120, seed=3,
        )  # fmt: skip

    def test_is_first_in_a_room_and_then_at_home_for_the_days_of_the_version(
        self, land: sim.Province
    ) -> None:
        told = self.run(land, sim.Quarantine(room_days=4, home_days=2, test_days=(1, 6)))

        in_rooms, at_home = told.daily["quarantined_central"], told.daily["quarantined_home"]
        assert in_rooms.sum() > 100
        assert in_rooms[-1] == at_home[-1] == 0
        with_the_day_they_are_fetched = 4 + 1
        assert in_rooms.sum() * 2 == at_home.sum() * with_the_day_they_are_fetched

    def test_is_all_at_home_without_room(self, land: sim.Province) -> None:
        kept = sim.Quarantine(room_days=4, home_days=2, test_days=())

        told = self.run(land, kept, rooms=0.0)

        assert told.daily["quarantined_central"].sum() == 0
        assert told.daily["quarantined_home"].sum() % (4 + 2 + 1) == 0

    def test_follows_the_version_of_the_day_on_which_it_began(self, land: sim.Province) -> None:
        old = sim.Quarantine(room_days=4, home_days=0, test_days=(1,))
        new = sim.Quarantine(from_day=10, room_days=2, home_days=0, test_days=(1,))

        changed, before = self.run(land, old, new), self.run(land, old)

        assert (
            changed.daily["quarantined_central"][:10] == before.daily["quarantined_central"][:10]
        ).all()
        assert (
            changed.daily["quarantined_central"].sum() < before.daily["quarantined_central"].sum()
        )


class TestArrivals:
    def test_are_infections_of_their_port_on_their_days_at_their_mean(
        self, land: sim.Province
    ) -> None:
        port = land.counties[1]
        told = sim.run(
            land, simulated.pathogen(reproduction_number=0.5, household_attack=0.05),
            sim.Strategy(
                name="arrivals", imports=sim.Imports(
                    per_day=((land.counties[0], 0.5),),
                    arrivals=(
                        sim.Arrivals(
                            port=port, origin="abroad", travellers_per_day=2_000, infected_share=0.01, missed_share=0.2,
                            since_day=20, until_day=60,
                        ),
                    ),
                ),
            ),
            [], days=100, seed=9,
        )  # fmt: skip

        came = told.layer == sim.LAYERS.index("import")
        county = land.people(told.person[came]).county
        day = told.day[came][county == land.county_index(port)]
        assert day.min() >= 20
        assert day.max() < 60
        assert day.size == pytest.approx(40 * 4.0, abs=4 * np.sqrt(160))
        assert (county == 0).sum() == pytest.approx(50, abs=4 * np.sqrt(50))
        assert set(county.tolist()) <= {0, land.county_index(port)}


class TestScreeningStart:
    @pytest.mark.parametrize("delay", [0, 3, 9])
    def test_is_so_many_days_after_it_could_be(self, land: sim.Province, delay: int) -> None:
        def first_sampled(start_delay_days: int) -> int:
            town = sim.Screening(
                extent=sim.Extent.TOWN, window_days=30, start_delay_days=start_delay_days
            )
            told = sim.run(
                land, simulated.pathogen(), sim.Strategy(name="s", screenings=(town,)), seeds(30), days=40, seed=4
            )  # fmt: skip
            return int(np.flatnonzero(told.daily["sampled"])[0])

        assert first_sampled(delay) == first_sampled(0) + delay


class TestCommonRandomNumbers:
    def test_keep_two_strategies_identical_until_they_differ(self, land: sim.Province) -> None:
        late = replace(FULL, name="late", travel=sim.Travel(since_day=12, kept=0.0))
        one = sim.run(land, simulated.pathogen(), FULL, seeds(10), days=30, seed=4)
        two = sim.run(land, simulated.pathogen(), late, seeds(10), days=30, seed=4)

        assert np.array_equal(one.new[:12], two.new[:12])
        before = one.day < 12
        assert np.array_equal(one.person[before], two.person[: before.sum()])
        assert not np.array_equal(one.new, two.new)

    def test_leave_less_than_a_fifth_of_the_variance_of_a_small_difference(
        self, land: sim.Province
    ) -> None:
        weak = simulated.pathogen(reproduction_number=1.6)
        base = sim.Strategy(name="base")
        other = sim.Strategy(name="other", travel=sim.Travel(kept=0.9))
        both = [
            sim.result_of(
                s,
                list(sim.replicates(land, weak, s, lambda _: seeds(20), days=25, count=60, seed=1)),
            )
            for s in (base, other)
        ]
        share = sim.difference("infections", both[1], both[0]).paired_variance_share

        assert share is not None
        assert share < 0.2


class TestThreads:
    def test_change_no_bit(self, land: sim.Province) -> None:
        def all_of(**how: object) -> list[np.ndarray]:
            return [
                one.person
                for one in sim.replicates(
                    land,
                    simulated.pathogen(),
                    FULL,
                    lambda _: seeds(5),
                    days=25,
                    count=4,
                    seed=9,
                    **how,  # type: ignore[arg-type]
                )
            ]

        alone = all_of()
        for others in (all_of(threads=2), all_of(threads=8)):
            assert all(np.array_equal(a, b) for a, b in zip(alone, others, strict=True))
        with ThreadPoolExecutor(3) as pool:
            given = all_of(executor=pool)
        assert all(np.array_equal(a, b) for a, b in zip(alone, given, strict=True))


BOOKS = protocols()
NINTH, TWENTY = BOOKS.rulebook("cn-covid-9ed"), BOOKS.rulebook("cn-covid-20m")
PROFILE = BOOKS.profile("guangdong-2022")


class TestZoneClock:
    @settings(max_examples=100, deadline=None)
    @given(
        found=st.sets(st.integers(1, 34), max_size=6),
        rounds=st.sets(st.integers(1, 39), max_size=25),
        stage=st.sampled_from(["high", "medium"]),
        switch=st.booleans(),
    )
    def test_keeps_the_levels_of_the_protocols_ruling_on_the_same_events(
        self,
        land: sim.Province,
        found: set[int],
        rounds: set[int],
        stage: str,
        switch: bool,
    ) -> None:
        start = datetime(2022, 10, 30, 0, 0, tzinfo=UTC)
        rounds -= found
        facts = ruled.ZoneFacts(
            level=stage,
            clock_start=start,
            infections=tuple(
                ruled.NewInfection(found=start + timedelta(days=day)) for day in sorted(found)
            ),
            rounds=tuple(
                ruled.ClosingRound(completed=start + timedelta(days=day)) for day in sorted(rounds)
            ),
        )
        adopted = [Adopted(rulebook=NINTH, at=start, policy="only_shorter")]
        rules = [desk.zone_rule(NINTH)]
        if switch:
            adopted.append(
                Adopted(
                    rulebook=TWENTY,
                    at=start + timedelta(days=12),
                    policy="only_shorter",
                )
            )
            rules.append(desk.zone_rule(TWENTY, from_day=12))
        steps = ruled.zone_steps(facts, adopted, PROFILE).value
        names = {"high": 2, "medium": 1, "low": 0, "ended": 0}
        expected = tuple(
            names[ruled.level_at(facts, steps, start + timedelta(days=day)) or "low"]
            for day in range(40)
        )

        ours = sim.levels(
            2 if stage == "high" else 1,
            [rule for rule in rules if rule is not None],
            found=sorted(found),
            rounds=sorted(rounds),
            days=40,
            province=land,
        )

        assert ours == expected


@njit
def mean_sensitivity(tables: np.ndarray, people: int, age: float, shift: float) -> float:
    total = 0.0
    for person in range(people):
        ct = kernel.ct_of(np.uint64(1), tables, person, age)
        total += kernel.sensitivity(tables, ct, shift)
    return total / people


class TestPooledTest:
    @pytest.mark.parametrize("shift", [0.0, 0.74, 1.0, 2.0])
    @pytest.mark.parametrize("days", [2, 4, 8])
    def test_has_the_sensitivity_of_the_quadrature(self, shift: float, days: int) -> None:
        flat = simulated.pathogen(ct_peak_sd=3.0, swab_good=0.9)
        tables = pathogen.disease_tables(flat, simulated.only())
        mean = mean_sensitivity(tables, 2_000_000, float(days), shift)
        points = stats.qmc.Sobol(4, seed=1).random(1 << 18)
        z = special.ndtri(np.clip(points, 1e-9, 1 - 1e-9)).T
        start, rise, fall = (
            1.5 * np.exp(0.25 * z[0]),
            3.4 * np.exp(0.25 * z[1]),
            6.5 * np.exp(0.25 * z[2]),
        )
        peak = np.minimum(24 + 3 * z[3], 40)
        since = days - start
        ct = np.where(
            since < rise,
            40 - (40 - peak) * since / rise,
            peak + (40 - peak) * (since - rise) / fall,
        )
        seen = (since > 0) & (since < rise + fall) & (ct < 40)
        expected = (0.9 * special.ndtr(38 - ct - shift) * seen).mean()

        assert mean == pytest.approx(expected, abs=1e-3)

    def test_holds_the_members_of_as_many_tubes_as_dorfman_expects(self) -> None:
        where, pool, share = simulated.mixed(2_000_000), 10, 0.01
        rng = np.random.default_rng(3)
        struck = np.sort(rng.choice(where.residents, int(share * where.residents), replace=False))
        sure = simulated.pathogen(
            dispersion=np.inf, swab_good=1.0, ct_half=45.0, ct_spread=0.01, detectable_days=0.02, ct_fall_days=60.0,
            ct_peak=20.0, ct_peak_sd=0.0,
        )  # fmt: skip
        everybody = sim.Screening(
            extent=sim.Extent.COUNTY, coverage=1.0, never_attend=0.0, pool=pool, ct_shift=0.0, every_days=60,
        )  # fmt: skip
        begun = [
            sim.Seed(day=0, person=int(i), found=3 if i == struck[0] else None) for i in struck
        ]
        made = sim.run(
            where, sure, replace(simulated.UNSEEN, screenings=(everybody,), tubes_per_10k=1e5), begun, days=12, seed=1,
            rates=simulated.only(),
        )  # fmt: skip
        tests = (made.daily["tubes"].sum() + made.daily["held_for_retest"].sum()) / where.residents

        assert made.daily["tubes"].sum() == pytest.approx(where.residents / pool)
        assert tests == pytest.approx(1 / pool + 1 - (1 - share) ** pool, abs=1e-3)


class TestConservation:
    def test_holds_for_beds_and_for_people_under_restriction(self, land: sim.Province) -> None:
        made = sim.run(land, simulated.pathogen(), FULL, seeds(30), days=50, seed=1)
        daily = made.daily
        held = np.cumsum(daily["beds_admitted"] - daily["beds_released"])

        assert np.array_equal(held, daily["beds_held"])
        assert (daily["high_residents"] + daily["medium_residents"] <= land.residents).all()
        assert daily["beds_held"].max() <= means_of(FULL, land).by_city[2].sum()
        assert made.found.sum() == (made.found_on >= 0).sum()
        assert made.new.sum() == made.infections == np.unique(made.person).size


@njit
def residents_by_level(
    L: tuple[np.ndarray, ...], pairs: np.ndarray, cells: np.ndarray, town_zones: np.ndarray, levels: np.ndarray,
    rules: np.ndarray, day: int, counted: np.ndarray,
) -> None:  # fmt: skip
    current = zones.version_on(rules, day)
    for resident in range(L[0][layout.RESIDENTS]):
        community = layout.community_of(L, resident)[0]
        level, _ = kernel.zone_level(
            L[0], pairs, cells, town_zones, levels, current, resident, community, day
        )
        counted[day, level] += 1


class TestTiers:
    @pytest.mark.parametrize("turn", [None, 18], ids=["ninth edition", "twenty measures on day 18"])
    def test_hold_every_resident_once_a_day_as_the_books_of_the_day_say(
        self, turn: int | None
    ) -> None:
        land = simulated.province(residents=30_000)
        rules = [desk.zone_rule(NINTH)]
        if turn is not None:
            rules.append(desk.zone_rule(TWENTY, from_day=turn))
        zoning = sim.Zoning(rules=tuple(rule for rule in rules if rule is not None))
        strategy = replace(FULL, zoning=zoning)
        days = 40
        counted = np.zeros((days, 3), np.int64)

        def evening(*given: Any) -> int:
            short = kernel.evening(*given)
            if short == kernel.DONE:
                _, day, _, L, _, M, orders, cells, town = given[:9]
                residents_by_level(
                    L, M.zone_pairs, cells, town[0], orders.level, M.zone_rules, day, counted
                )  # fmt: skip
            return int(short)

        known = simulated.pathogen()
        _, _, _, daily, *_ = kernel.run(
            np.uint64(1), days, land.layout, pathogen.disease_tables(known, pathogen.derive(known, land)),
            means_of(strategy, land), orders_none(), epidemic.seed_table(seeds(30), land), 1024, 10**9, 0,
            end=evening,
        )  # fmt: skip

        assert (counted.sum(axis=1) == land.residents).all()
        assert counted[-1, 2] > 0
        assert np.array_equal(daily[:, kernel.D_HIGH], counted[:, 2])
        assert np.array_equal(daily[:, kernel.D_MEDIUM], counted[:, 1])


class TestOrders:
    """What is ordered from outside has the effect of the same measure decided within."""

    def run(
        self, land: sim.Province, orders: sim.Orders | None = None, *, seed: int = 3, **more: object
    ) -> sim.Epidemic:
        return sim.run(
            land, simulated.pathogen(), sim.Strategy(name="nothing", **more), seeds(20), days=12, seed=seed,
            orders=orders,
        )  # fmt: skip

    def test_about_people_keep_those_infected_apart_and_count_their_days(
        self, land: sim.Province
    ) -> None:
        free = self.run(land)
        first = free.person[free.day == 0].astype(int)
        rows = [(person, 1, 11, 0) for person in first.tolist()]
        kept = self.run(land, sim.ordered(land, [], [], rows, days=12))

        assert (kept.isolated_from[: first.size] == 1).all()
        assert kept.daily["quarantined_central"].sum() == 10 * first.size
        assert kept.new[1:].sum() == 0 < free.new[1:].sum()

    def test_about_people_who_are_not_infected_change_no_chance_of_others(
        self, land: sim.Province
    ) -> None:
        free = self.run(land)
        spared = sorted(set(range(0, land.residents, 5001)) - set(free.person.tolist()))
        kept = self.run(
            land, sim.ordered(land, [], [], [(one, 2, 9, 1) for one in spared], days=12)
        )

        assert np.array_equal(kept.person, free.person)
        assert kept.daily["quarantined_home"].max() == len(spared)

    def test_on_buildings_count_their_residents_and_hold_their_neighbours_back_a_little(
        self, land: sim.Province
    ) -> None:
        building = sim.building_of(land, 70)
        first, end = sim.residents_of(land, building)
        some = sim.ordered(land, [(building, 2, 3, 9)], [], days=12)
        runs = [(self.run(land, some, seed=s), self.run(land, seed=s)) for s in range(24)]

        assert first <= 70 < end <= first + 64
        assert runs[0][0].daily["high_residents"].tolist()[2:10] == [0, *[end - first] * 6, 0]
        assert sum(a.infections for a, _ in runs) < sum(b.infections for _, b in runs)

    def test_number_every_building_once(self, land: sim.Province) -> None:
        everybody = range(0, land.residents, 37)
        homes = {sim.building_of(land, one) for one in everybody}

        assert all(
            first <= one < end
            for one in everybody
            for first, end in [sim.residents_of(land, sim.building_of(land, one))]
        )
        assert len(homes) >= land.residents // 64


class TestMonotonicity:
    @pytest.mark.parametrize(
        ("less", "more"),
        [
            (FULL, replace(FULL, zoning=None, screenings=(), tracing=None)),
            (
                FULL,
                replace(
                    FULL,
                    tracing=replace(FULL.tracing, delay_days=6),
                    zoning=sim.Zoning(delay_days=5),
                ),
            ),  # type: ignore[type-var]
            (FULL, replace(FULL, screenings=())),
        ],
    )
    def test_more_done_and_sooner_leaves_no_more_infections(
        self, land: sim.Province, less: sim.Strategy, more: sim.Strategy
    ) -> None:
        def sizes(strategy: sim.Strategy) -> np.ndarray:
            return np.array(
                [
                    one.infections
                    for one in sim.replicates(
                        land, simulated.pathogen(reproduction_number=2.5), strategy, lambda _: seeds(30), days=25,
                        count=12, seed=1,
                    )
                ]
            )  # fmt: skip

        assert (sizes(less) <= sizes(more)).mean() >= 0.95

    def test_a_wider_screening_leaves_no_more_infections(self, land: sim.Province) -> None:
        def sizes(coverage: float) -> np.ndarray:
            town = sim.Screening(extent=sim.Extent.TOWN, coverage=coverage)
            return np.array(
                [
                    one.infections
                    for one in sim.replicates(
                        land, simulated.pathogen(reproduction_number=2.5), replace(FULL, screenings=(town,)),
                        lambda _: seeds(30), days=25, count=20, seed=1,
                    )
                ]
            )  # fmt: skip

        assert (sizes(0.95) <= sizes(0.3)).mean() >= 0.95


class TestDenseTwin:
    def test_gives_the_same_law_of_epidemics(self) -> None:
        small = simulated.province(4, 15_000, cities=2)
        who = dense.everybody(small)
        made = simulated.pathogen(
            reproduction_number=2.2,
            swab_good=1.0,
            ct_half=45.0,
            detectable_days=0.5,
            ct_fall_days=40.0,
        )
        rates = sim.derive(made, small)
        begun = np.arange(30) * 997
        strategy = sim.Strategy(
            name="found",
            finding=sim.Finding(seeks=0.6, pharmacy=0.0, seek_delay_days=1.0, turnaround_days=0),
            isolation=sim.Isolation(beds_per_10k=10_000.0),
        )
        ours = [
            one.infections
            for one in sim.replicates(
                small, made, strategy, lambda _: [sim.Seed(day=0, person=int(i)) for i in begun], days=26, count=50,
                seed=1,
            )
        ]  # fmt: skip
        theirs = [
            int(
                dense.dense_run(
                    small, who, made, rates, seeds=begun, days=26, rng=np.random.default_rng(i), found_share=0.6,
                    found_delay_days=1.0,
                ).sum()
            )
            for i in range(50)
        ]  # fmt: skip

        assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.12)
        assert stats.ks_2samp(ours, theirs).pvalue > 0.01


class TestRehearsal:
    def test_compiles_what_a_run_of_a_province_calls(self, land: sim.Province) -> None:
        for half in rehearsal.HALVES:
            rehearsal.rehearse(half)
        sim.run(land, simulated.pathogen(), FULL, seeds(5), days=5, seed=1)

        for half in rehearsal.HALVES.values():
            assert len(half.signatures) == 1


class TestNotebook:
    def test_example_of_the_docs_runs(self) -> None:
        text = (Path(__file__).parents[2] / "docs/how-to/simulate.md").read_text(encoding="utf-8")
        code = text.split("```python\n")[1].split("```")[0]
        names: dict[str, object] = {}

        exec(compile(code, "simulate.md", "exec"), names)  # the example itself

        one = names["one"]
        assert isinstance(one, sim.Epidemic)
        assert one.infections >= 20
