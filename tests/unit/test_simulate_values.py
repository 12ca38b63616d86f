"""What the simulator takes and refuses, and what it makes of results; nothing here runs an epidemic."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import simulated
from yipan.analytics import simulate as sim
from yipan.operations import simulate as desk
from yipan.packs import PackError, read_pack
from yipan.packs.population import pathogens, read_pathogen, read_population
from yipan.protocol import protocols


class TestPopulationFacts:
    def test_of_guangdong_add_up_to_the_census(self) -> None:
        facts = read_population(read_pack("guangdong"))

        assert facts.residents == 126_012_510
        assert len(facts.counties) == 124
        assert sum(count for county in facts.counties for _, count in county.towns) == 26_842

    def test_that_do_not_add_up_are_refused_with_both_figures(self) -> None:
        facts = simulated.mixed(100_000).facts

        with pytest.raises(
            sim.PackDoesNotAddUp, match="hold 100000 residents together, the province 5"
        ):
            replace(facts, residents=5)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"household_sizes": (0.5, 0.4)}, "add up to 0.9"),
            ({"dormitory_share": 1.2}, "expected a share"),
            ({"dormitory_share": 0.9}, "more people aged 15-59 in dormitories"),
            ({"ages": (0.5, 0.5)}, "4 shares"),
        ],
    )
    def test_of_homes_that_cannot_be_are_refused(
        self, change: dict[str, object], said: str
    ) -> None:
        with pytest.raises(sim.PackDoesNotAddUp, match=said):
            replace(simulated.HOMES, **change)  # type: ignore[arg-type]

    def test_that_send_more_people_to_work_and_school_than_there_are_are_refused(self) -> None:
        with pytest.raises(sim.PackDoesNotAddUp, match="together at most 1"):
            simulated.province(employed=(0.5, 0.9, 0, 0), schooled=(0.8, 0.2, 0, 0))

    def test_keep_the_mean_household(self) -> None:
        sizes = sim.household_sizes(2.63)

        assert sum(sizes) == pytest.approx(1)
        assert sum((i + 1) * share for i, share in enumerate(sizes)) == pytest.approx(
            2.63, abs=1e-6
        )


class TestPathogenPacks:
    @pytest.mark.parametrize("key", pathogens())
    def test_are_whole_and_each_number_has_a_source_or_is_marked(self, key: str) -> None:
        facts = read_pathogen(key)

        assert desk.pathogen(key).key == key
        assert all(f.source in facts.sources or f.assumption for f in facts.numbers.values())

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("- 1", "expected named entries"),
            ("name_zh: x", "missing"),
            ("name_zh: x\nname_en: y\nsources: {}\nnumbers: {generation_days: 3}", "expected a value with its source"),
            ("name_zh: x\nname_en: y\nsources: {}\nnumbers: {generation_days: {value: 3}}", "neither a source"),
            ("name_zh: x\nname_en: y\nsources: {}\nnumbers: {generation_days: {value: 3, source: zz}}", "not listed"),
            (
                "name_zh: x\nname_en: y\nsources: {a: b}\nnumbers: {generation_days: {value: 3, low: 4, high: 5, source: a}}",
                "outside its own interval",
            ),
            ("{", "expected"),
        ],
    )  # fmt: skip
    def test_of_ones_own_say_what_is_wrong_and_where(
        self, tmp_path: Path, text: str, said: str
    ) -> None:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")

        with pytest.raises(PackError, match=said) as caught:
            read_pathogen(file)
        assert "mine.yaml" in str(caught.value)

    def test_unknown_are_refused_with_the_known(self) -> None:
        with pytest.raises(PackError, match="covid-ba5, covid-delta, influenza, measles"):
            read_pathogen("plague")

    @pytest.mark.parametrize(
        "change",
        [
            {"reproduction_number": -1.0}, {"household_attack": 1.5}, {"dispersion": 0.0}, {"outside": (0.5, 0.4, 0, 0)},
            {"symptomatic": (2.0, 0, 0, 0)}, {"generation_days": float("nan")},
        ],
    )  # fmt: skip
    def test_with_a_rate_out_of_range_are_refused(self, change: dict[str, object]) -> None:
        with pytest.raises(sim.RateOutOfRange, match="pathogen test"):
            simulated.pathogen(**change)


class TestRates:
    def test_add_up_to_the_reproduction_number(self) -> None:
        land = simulated.province()
        found = sim.derive(simulated.pathogen(), land)
        outside = (
            found.dormitory * land.dormitory_share
            + found.work * land.work_share
            + found.school * land.school_share
            + found.community
        )

        assert outside == pytest.approx(found.outside_home)
        assert found.at_home + found.outside_home == pytest.approx(4.0)

    def test_are_refused_where_the_home_alone_gives_more_than_r(self) -> None:
        with pytest.raises(sim.RateOutOfRange, match="at home alone gives"):
            sim.derive(simulated.pathogen(reproduction_number=0.5), simulated.province())


class TestStrategies:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: sim.Strategy(name="x", screenings=(sim.Screening(),)),
            lambda: sim.Isolation(beds_per_10k=10_001),
            lambda: sim.ZoneRule(after_high_quiet_days=None),
            lambda: sim.ZoneRule(medium_extent=sim.Extent.BUILDING),
            lambda: sim.Zoning(rules=(sim.ZoneRule(from_day=3), sim.ZoneRule(from_day=1))),
            lambda: sim.Screening(extent=sim.Extent.BUILDING),
            lambda: sim.Strategy(name=" "),
        ],
    )
    def test_that_contradict_themselves_are_refused(self, make: object) -> None:
        with pytest.raises(sim.StrategyContradictsItself):
            make()  # type: ignore[operator]

    def test_are_read_from_a_file_with_extents_by_name(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.yaml"
        file.write_text(
            "- name: small\n  zoning: {rules: [{high_extent: building}], delay_days: 2}\n"
            "  tracing: {delay_days: 3}\n- name: none\n",
            encoding="utf-8",
        )

        small, none = desk.read_strategies(file)

        assert small.zoning is not None
        assert small.zoning.rules[0].high_extent is sim.Extent.BUILDING
        assert small.tracing is not None
        assert none.zoning is None

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{}", "expected a list"),
            ("- {name: a}\n- {name: a}", "stands twice"),
            ("- {name: a, zones: 3}", "unknown entries"),
            ("- {name: a, tracing: {delay_days: soon}}", "expected a number"),
            ("- {name: a, tracing: {delay_days: 1.5}}", "whole number"),
            ("- {name: a, tracing: {delay_days: 400}}", "between 0 and 60"),
            ("- {name: a, zoning: {rules: [{high_extent: planet}]}}", "expected one of"),
            ("- {name: a, screenings: [{every_days: 1}]}", "draws none"),
            ("- {zoning: null}", "name"),
            ("- {name: a", "mine.yaml"),
        ],
    )
    def test_of_ones_own_say_what_is_wrong_and_where(
        self, tmp_path: Path, text: str, said: str
    ) -> None:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")

        with pytest.raises(ValueError, match=said):
            desk.read_strategies(file)

    def test_take_their_zones_from_the_rulebooks_by_date(self) -> None:
        rules = desk.zone_rules(
            protocols(), first_day=date(2022, 11, 1), days=60, time_zone=ZoneInfo("Asia/Shanghai")
        )

        assert [rule.from_day for rule in rules] == [0, 10, 36]
        assert [rule.high_quiet_days for rule in rules] == [7, 5, 5]
        assert rules[0].high_closing_round
        assert not rules[1].high_to_medium
        assert rules[1].medium_extent is None

    def test_take_their_quarantine_from_the_rulebooks_by_date(self) -> None:
        kept = desk.quarantine_rules(
            protocols(), first_day=date(2022, 11, 1), days=60, time_zone=ZoneInfo("Asia/Shanghai")
        )

        assert [(one.from_day, one.room_days, one.home_days) for one in kept] == [
            (0, 7, 3), (10, 5, 3), (36, 0, 5),
        ]  # fmt: skip
        assert kept[0].test_days == (1, 2, 3, 5, 7, 10)
        assert kept[1].test_days == (1, 2, 3, 5, 6, 8)
        assert [(one.second_room_days, one.second_home_days) for one in kept] == [(0, 7), (0, 0), (0, 0)]  # fmt: skip

    @pytest.mark.parametrize(
        ("day", "kept"), [(date(2022, 11, 1), True), (date(2022, 11, 12), False)]
    )
    def test_keep_contacts_of_contacts_where_the_version_says_so(
        self, day: date, kept: bool
    ) -> None:
        made = desk.strategies_by_date(
            protocols(), first_day=day, days=10, time_zone=ZoneInfo("Asia/Shanghai")
        )

        assert {one.tracing.second_ring for one in made if one.tracing} == {kept}

    def test_take_only_what_keeps_somebody_for_quarantine(self) -> None:
        eighth = desk.quarantine_rules(
            protocols(), first_day=date(2021, 6, 1), days=5, time_zone=ZoneInfo("Asia/Shanghai")
        )

        assert [(one.room_days, one.home_days) for one in eighth] == [(14, 0)]

    @pytest.mark.parametrize(
        ("versions", "said"),
        [
            ((), "first from day 0"),
            ((sim.Quarantine(from_day=3),), "first from day 0"),
            ((sim.Quarantine(), sim.Quarantine()), "each later than the one before"),
        ],
    )
    def test_refuse_versions_of_quarantine_out_of_order(
        self, versions: tuple[sim.Quarantine, ...], said: str
    ) -> None:
        with pytest.raises(sim.StrategyContradictsItself, match=said):
            sim.Tracing(quarantine=versions)


class TestImports:
    def arrivals(self, **changes: Any) -> sim.Arrivals:
        values: dict[str, Any] = {
            "port": "c0.", "origin": "abroad", "travellers_per_day": 100.0, "infected_share": 0.1, "missed_share": 0.5,
        }  # fmt: skip
        return sim.Arrivals(**(values | changes))

    def test_by_port_are_travellers_times_infected_times_missed(self) -> None:
        assert self.arrivals().missed_per_day == pytest.approx(5.0)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"infected_share": 1.5}, "arrivals from abroad at c0.: infected_share is 1.5"),
            ({"missed_share": -0.1}, "missed_share is -0.1; expected between 0 and 1"),
            ({"since_day": 5, "until_day": 5}, "until day 5, which is not after day 5"),
        ],
    )
    def test_say_what_is_wrong_with_them(self, changes: dict[str, object], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            self.arrivals(**changes)

    def test_are_refused_when_said_twice(self) -> None:
        with pytest.raises(sim.StrategyContradictsItself, match=r"from abroad at c0\. from day 0"):
            sim.Imports(arrivals=(self.arrivals(), self.arrivals()))

    def test_of_an_unknown_port_are_refused_by_name(self) -> None:
        strategy = sim.Strategy(
            name="x", imports=sim.Imports(arrivals=(self.arrivals(port="mars."),))
        )

        with pytest.raises(LookupError, match="mars"):
            sim.run(simulated.province(), simulated.pathogen(), strategy, [], days=2, seed=1)


class TestPlaces:
    def test_unknown_are_refused(self) -> None:
        with pytest.raises(LookupError, match="no place of Testland"):
            desk.seeds_at([("mars.", 3)], simulated.province())

    def test_of_a_city_spread_infections_over_its_counties(self) -> None:
        found = desk.seeds_at([("c", 12)], simulated.province())

        assert len(found) == 12
        assert {seed.county for seed in found} == {f"c{i}." for i in range(6)}


class TestFront:
    def result(
        self, name: str, *, infections: list[float], home: list[float]
    ) -> sim.StrategyResult:
        by = {key: tuple(1.0 for _ in infections) for key in sim.MEASURED}
        by |= {"infections": tuple(infections), "stay_home_days": tuple(home)}
        return sim.StrategyResult(
            name=name,
            name_zh=name,
            replicates=len(infections),
            measured={},
            fans={},
            film=(),
            by_replicate=by,
        )

    def test_leaves_out_only_what_another_beats_on_every_axis(self) -> None:
        points = {
            p.strategy: p
            for p in sim.front_of([
                self.result("strict", infections=[1, 2], home=[90, 90]),
                self.result("loose", infections=[50, 60], home=[1, 1]),
                self.result("both bad", infections=[60, 70], home=[95, 95]),
            ])
        }  # fmt: skip

        assert points["strict"].on_front
        assert points["loose"].on_front
        assert not points["both bad"].on_front
        assert points["both bad"].dominated_by == ("strict", "loose")
        assert points["both bad"].chance == 0

    def test_pairs_replicates_one_by_one(self) -> None:
        found = sim.difference(
            "infections",
            self.result("a", infections=[10, 20, 30], home=[0, 0, 0]),
            self.result("b", infections=[11, 21, 30], home=[0, 0, 0]),
        )

        assert found.mean == pytest.approx(-2 / 3)
        assert found.less == pytest.approx(2 / 3)
        assert found.equal == pytest.approx(1 / 3)

    def test_refuses_pairs_of_unequal_number(self) -> None:
        with pytest.raises(ValueError, match="the same number of each"):
            sim.compare(
                [
                    self.result("a", infections=[1], home=[1]),
                    self.result("b", infections=[1, 2], home=[1, 2]),
                ],
                days=10, seed=1, counties=(),
            )  # fmt: skip


class TestZero:
    @pytest.mark.parametrize(
        ("found", "day"),
        [
            ([0] * 10, 0.0),
            ([1, *[0] * 6], np.inf),
            ([1, *[0] * 7], 1.0),
            ([1, 0, 0, 1, *[0] * 8], 4.0),
        ],
    )
    def test_is_the_first_day_of_the_first_quiet_week(self, found: list[int], day: float) -> None:
        assert sim.days_to_zero(found) == day


class TestStart:
    def test_holds_the_known_and_draws_the_unseen(self) -> None:
        cases = [sim.KnownCase(county="c0.", reported_days_ago=i % 5) for i in range(200)]
        drawn = [
            sim.draw_start(
                cases, simulated.pathogen(), lead_days=14, growth_per_day=0.0,
                ascertainment=sim.Ascertainment(share=share), rng=np.random.default_rng(1),
            )
            for share in (0.9, 0.3)
        ]  # fmt: skip

        assert all(0 <= seed.day < 14 for seed in drawn[0])
        assert sum(seed.found is not None for seed in drawn[0]) > 150
        assert len(drawn[1]) > len(drawn[0]) > 200
