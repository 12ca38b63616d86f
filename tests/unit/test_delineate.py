"""Where risk lies, and the fewest residents that hold a share of it, in towns whose truth is known."""

import numpy as np
import pytest

from yipan.analytics.delineate.cover import (
    frontier,
    gathered,
    ring,
    smallest_cover,
    whole_groups,
)
from yipan.analytics.delineate.risk import Emission, Stay, unit_risk

EMISSION = Emission(
    quanta_per_hour=5,
    spread=2.5,
    breathing_m3_per_hour=0.5,
    air_changes=1,
    m3_per_person=25,
    spill=0.2,
)


def town(rng, *, compounds=40, buildings=8, cases=6):
    """A town of buildings in compounds, and its truth: where onward infections happen, by emissions nobody knows."""
    count = compounds * buildings
    groups = np.repeat(np.arange(compounds), buildings)
    residents = rng.lognormal(5, 0.5, size=count).astype(np.int64) + 20
    homes = rng.choice(count, size=cases, replace=False)
    stays = []
    for case, home in enumerate(homes):
        stays.append(Stay(case=case, unit=int(home), hours=28, people=float(rng.integers(2, 12))))
        stays += [
            Stay(
                case=case,
                unit=int(visit),
                hours=float(rng.uniform(0.5, 3)),
                people=8,
                air_changes=3,
            )
            for visit in rng.choice(count, size=2, replace=False)
        ]
    truth = unit_risk(
        stays, residents=residents, groups=groups, emission=EMISSION, rng=rng, draws=1
    )
    infections = rng.poisson(truth.draws[0])
    return residents, groups, stays, homes, infections


class TestUnitRisk:
    def ask(self, *stays, emission=EMISSION, draws=50, seed=1):
        return unit_risk(
            stays, residents=np.array([100, 100, 50]), groups=np.array([0, 0, 1]), emission=emission,
            rng=np.random.default_rng(seed), draws=draws,
        )  # fmt: skip

    def test_grows_with_time_and_crowding_and_falls_with_air(self):
        base = {
            "case": 0,
            "unit": 0,
            "hours": 4.0,
            "people": 10.0,
            "air_changes": 2.0,
            "m3_per_person": 20.0,
        }

        def risk(**change):
            return self.ask(Stay(**{**base, **change})).expected.sum()

        assert risk(hours=8.0) > risk()
        assert risk(people=20.0) > risk()
        assert risk(air_changes=6.0) < risk()
        assert risk(hours=0.0) == 0

    def test_never_exceeds_the_people_who_were_there(self):
        assert self.ask(Stay(case=0, unit=0, hours=1e6, people=7)).expected.sum() <= 7 + 1e-9

    def test_spills_within_the_compound_only_and_loses_nothing(self):
        spilled = self.ask(Stay(case=0, unit=0, hours=5, people=5)).expected
        kept = self.ask(
            Stay(case=0, unit=0, hours=5, people=5),
            emission=Emission(
                **{**{f: getattr(EMISSION, f) for f in EMISSION.__slots__}, "spill": 0.0}
            ),
        ).expected

        assert spilled[1] == pytest.approx(0.1 * kept[0])
        assert spilled[2] == 0
        assert spilled.sum() == pytest.approx(kept.sum())

    def test_counts_the_stays_whose_air_was_assumed(self):
        known = Stay(case=0, unit=0, hours=1, people=1, air_changes=1, m3_per_person=9)

        assert self.ask(known, Stay(case=0, unit=1, hours=1, people=1)).assumed_air == 1

    def test_gives_stays_of_one_case_the_same_emission(self):
        both = self.ask(
            Stay(case=0, unit=0, hours=0.1, people=1), Stay(case=0, unit=2, hours=0.1, people=1)
        )
        shares = both.draws[:, 2] / both.draws.sum(axis=1)

        assert shares.std() < 0.01
        assert both.draws.sum(axis=1).std() > 0

    @pytest.mark.parametrize(
        "wrong", [{"hours": -1.0}, {"people": float("nan")}, {"air_changes": 0.0}]
    )
    def test_takes_no_stay_that_cannot_be(self, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Stay(**{"case": 0, "unit": 0, "hours": 1.0, "people": 1.0, **wrong})

    def test_takes_no_stay_in_a_unit_that_is_not_there(self):
        with pytest.raises(ValueError, match="there are 3 units"):
            self.ask(Stay(case=0, unit=3, hours=1, people=1))


class TestSmallestCover:
    @pytest.mark.parametrize("seed", range(8))
    def test_lies_between_its_bound_and_the_proven_best(self, seed):
        rng = np.random.default_rng(seed)
        draws, residents = rng.exponential(size=(20, 30)), rng.integers(0, 500, size=30)

        greedy = smallest_cover(draws, residents, share=0.8)
        best = smallest_cover(draws, residents, share=0.8, exact=True)

        assert greedy.bound - 1e-6 <= best.residents <= greedy.residents
        assert greedy.residents - best.residents <= residents.max()
        assert min(greedy.share, best.share) >= 0.8 - 1e-9
        assert greedy.low <= greedy.share <= greedy.high

    def test_of_no_risk_holds_nobody(self):
        assert smallest_cover(np.zeros((3, 4)), np.ones(4, dtype=int), share=0.9).units == ()

    def test_takes_places_where_nobody_lives_first(self):
        cover = smallest_cover(np.array([[5.0, 5.0]]), np.array([0, 300]), share=0.5)

        assert (cover.units, cover.residents) == ((0,), 0)

    def test_of_a_larger_share_never_holds_fewer(self):
        rng = np.random.default_rng(3)
        draws, residents = rng.exponential(size=(10, 40)), rng.integers(1, 300, size=40)
        held = [
            smallest_cover(draws, residents, share=s, exact=True).residents
            for s in np.linspace(0, 1, 9)
        ]

        assert held == sorted(held)

    def test_refuses_what_is_no_share(self):
        with pytest.raises(ValueError, match="share is 80"):
            smallest_cover(np.ones((1, 1)), np.ones(1, dtype=int), share=80)

    def test_agrees_with_the_curve(self):
        rng = np.random.default_rng(5)
        draws, residents = rng.exponential(size=(10, 25)), rng.integers(1, 300, size=25)
        curve = frontier(draws, residents)
        cover = smallest_cover(draws, residents, share=0.7)

        at = int(np.argmax(curve.outside <= 0.3))
        assert curve.outside[0] == 1
        assert (np.diff(curve.outside) <= 1e-12).all()
        assert cover.residents <= curve.residents[at]

    def test_in_coarser_units_holds_no_fewer_residents(self):
        rng = np.random.default_rng(7)
        draws, residents = rng.exponential(size=(5, 24)), rng.integers(1, 300, size=24)
        risk, people = gathered(draws, residents, np.repeat(np.arange(6), 4))

        fine = smallest_cover(draws, residents, share=0.8, exact=True)
        coarse = smallest_cover(risk, people, share=0.8, exact=True)
        assert coarse.residents >= fine.residents

    def test_ring_is_the_rest_of_the_compound(self):
        draws, residents = np.ones((1, 6)), np.arange(6)

        around = ring(draws, residents, np.array([0, 0, 0, 1, 1, 1]), (1,))

        assert (around.units, around.residents) == ((0, 2), 2)


class TestTown:
    def test_whose_truth_is_known_is_covered_as_promised_with_fewer_people(self):
        rng = np.random.default_rng(2022)
        held = total = fewer = small = baseline = 0.0
        for _ in range(40):
            residents, groups, stays, homes, infections = town(rng)
            risk = unit_risk(
                stays, residents=residents, groups=groups, emission=EMISSION, rng=rng, draws=100
            )
            compounds = whole_groups(risk.draws, residents, groups, [int(home) for home in homes])
            cover = smallest_cover(risk.draws, residents, share=compounds.share)
            fewer += cover.residents
            baseline += compounds.residents
            chosen = smallest_cover(risk.draws, residents, share=0.8)
            small += chosen.residents
            held += infections[list(chosen.units)].sum()
            total += infections.sum()

        assert fewer < 0.9 * baseline
        assert small < 0.25 * baseline
        assert 0.72 < held / total < 0.9
