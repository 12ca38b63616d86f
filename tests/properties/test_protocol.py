"""Laws of the protocol: what no set of facts may break."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yipan.protocol import Adopted, ProtocolError, protocols, read_protocols
from yipan.protocol.rules.people import PlanFacts, person_plan
from yipan.protocol.rules.zones import ClosingRound, NewInfection, ZoneFacts, level_at, zone_steps

BOOKS = protocols()
PROFILE = BOOKS.profile("guangdong-2022")
START = datetime(2022, 10, 1, 8, tzinfo=UTC)
RANK = {"ended": 0, "low": 1, "medium": 2, "high": 3}

instants = st.integers(0, 60 * 24 * 30).map(lambda minutes: START + timedelta(minutes=minutes))
zones = st.builds(
    ZoneFacts,
    level=st.sampled_from(["high", "medium"]),
    clock_start=st.just(START),
    infections=st.lists(instants.map(lambda at: NewInfection(found=at)), max_size=4).map(tuple),
    rounds=st.lists(instants.map(lambda at: ClosingRound(completed=at)), max_size=6).map(tuple),
)


def steps_of(facts, version="cn-covid-9ed"):
    return zone_steps(facts, [adopted(version)], PROFILE).value


def adopted(version, at=datetime(2022, 7, 1, tzinfo=UTC)):
    return Adopted(rulebook=BOOKS.rulebook(version), at=at, policy="only_shorter")


class TestZoneSteps:
    @given(zones)
    def test_never_raise_a_level_by_themselves(self, facts):
        levels = [facts.level, *(step.to for step in steps_of(facts))]

        assert all(RANK[a] > RANK[b] for a, b in pairwise(levels))

    @given(zones, instants)
    def test_come_no_earlier_for_one_more_infection(self, facts, found):
        more = ZoneFacts(
            level=facts.level, clock_start=START, rounds=facts.rounds,
            infections=(*facts.infections, NewInfection(found=found)),
        )  # fmt: skip
        before = {step.to: step.eligible_at for step in steps_of(facts)}

        for step in steps_of(more):
            assert step.to in before
            assert step.eligible_at >= before[step.to]

    @given(zones, st.randoms(use_true_random=False))
    def test_do_not_depend_on_the_order_in_which_facts_arrived(self, facts, random):
        infections, rounds = list(facts.infections), list(facts.rounds)
        random.shuffle(infections)
        random.shuffle(rounds)
        shuffled = ZoneFacts(
            level=facts.level, clock_start=START, infections=tuple(infections), rounds=tuple(rounds)
        )

        assert steps_of(shuffled) == steps_of(facts)

    @given(zones)
    def test_come_no_later_when_a_newer_version_may_only_shorten(self, facts):
        both = zone_steps(
            facts,
            [adopted("cn-covid-9ed"), adopted("cn-covid-20m", START + timedelta(days=4))],
            PROFILE,
        ).value

        for step in steps_of(facts):
            reached = level_at(facts, both, step.eligible_at)
            assert RANK[reached] <= RANK[step.to]

    @given(st.sampled_from(["high", "medium"]))
    def test_end_every_zone_under_class_b(self, level):
        facts = ZoneFacts(level=level, clock_start=START)
        through = [adopted("cn-covid-9ed"), adopted("cn-covid-classb", START + timedelta(days=2))]

        (step,) = zone_steps(facts, through, PROFILE).value

        assert (step.to, step.eligible_at) == ("ended", START + timedelta(days=2))

    def test_count_a_round_that_ends_exactly_when_the_last_day_begins(self):
        edge = START + timedelta(days=6)

        on, early = (
            steps_of(
                ZoneFacts(level="high", clock_start=START, rounds=(ClosingRound(completed=at),))
            )
            for at in (edge, edge - timedelta(minutes=1))
        )

        assert on[0].eligible_at == START + timedelta(days=7)
        assert early == ()

    def test_ignore_an_infection_found_at_the_very_instant_the_period_is_over(self):
        due = START + timedelta(days=7)
        rounds = (ClosingRound(completed=due - timedelta(hours=1)),)

        facts = ZoneFacts(
            level="high", clock_start=START, rounds=rounds, infections=(NewInfection(found=due),)
        )

        assert steps_of(facts)[0].eligible_at == due


class TestPersonPlan:
    @pytest.mark.parametrize("role", ["close_contact", "contact_of_contact", "left_high_zone"])
    def test_restricts_nobody_under_class_b(self, role):
        facts = PlanFacts(role=role, day_one=START.date())

        plan = person_plan(facts, BOOKS.rulebook("cn-covid-classb"), PROFILE, zone=UTC).value

        assert plan.phases == ()

    @given(st.integers(1, 30), st.integers(0, 10))
    def test_is_never_shorter_under_a_stricter_parameter(self, days, more):
        book = BOOKS.rulebook("cn-covid-9ed")
        facts = PlanFacts(role="contact_of_contact", day_one=START.date())
        mild, strict = (
            person_plan(
                facts,
                book.with_value(
                    "person.contact_of_contact", [{"name": "home_isolation", "days": n}]
                ),
                PROFILE,
                zone=UTC,
            ).value
            for n in (days, days + more)
        )

        assert strict.ends >= mild.ends


HEAD = """sources: {s: a text}
versions:
  v: {name_zh: 版, name_en: V, disease: x, jurisdiction: CN, layer: nation, published: 2022-01-01, from: 2022-01-01T00:00:00+08:00, checked: 2022-01-02, source: [s], confidence: high%s}
"""
LEAF = "parameters:\n  v:\n    zone.high.quiet_days: {%s}\n"
TWICE = (
    "value: 1, unit: days, source: [s], confidence: high, exceptions: "
    "[{when: {k: 1}, value: 2}, {when: {k: 1}, value: 3}]"
)


class TestReadProtocols:
    @pytest.mark.parametrize(
        ("leaf", "says"),
        [
            ("value: 1, unit: days, source: [s]", "t.yaml:6: missing 'confidence'"),
            ("value: 1, unit: days, confidence: high", "t.yaml:6: missing 'source'"),
            ("value: 1, unit: days, source: [q], confidence: high", "t.yaml:6: source 'q'"),
            (
                "value: 1, unit: moons, source: [s], confidence: high",
                "t.yaml:6: unknown unit 'moons'",
            ),
            (
                "value: 1, unit: days, source: [s], confidence: high, b: 1",
                "t.yaml:6: unknown key 'b'",
            ),
            (
                TWICE,
                "two exceptions to zone.high.quiet_days apply at once",
            ),
        ],
    )
    def test_names_file_and_line_of_what_is_wrong(self, leaf, says):
        with pytest.raises(ProtocolError, match=says):
            read_protocols({"t.yaml": HEAD % "" + LEAF % leaf})

    def test_refuses_amendments_that_go_round_in_a_circle(self):
        with pytest.raises(ProtocolError, match="go round in a circle: v -> v"):
            read_protocols({"t.yaml": HEAD % ", amends: v"})

    def test_refuses_a_value_the_profile_does_not_give(self):
        silent = read_protocols({"t.yaml": "profiles:\n  p: {}\n"}).profile("p")

        with pytest.raises(ProtocolError, match="profile p does not say start_instant"):
            silent.value("start_instant")

    def test_refuses_two_exceptions_that_meet(self):
        leaf = (
            "value: 1, unit: days, source: [s], confidence: high, exceptions: "
            "[{when: {k: 1}, value: 2}, {when: {m: 1}, value: 3}]"
        )
        book = read_protocols({"t.yaml": HEAD % "" + LEAF % leaf}).rulebook("v")

        assert book.value("zone.high.quiet_days", k=1) == 2
        with pytest.raises(
            ProtocolError, match=r"two exceptions to zone.high.quiet_days apply at once"
        ):
            book.value("zone.high.quiet_days", k=1, m=1)
