"""Laws of the protocol: what no set of facts may break."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yipan.model import area_path
from yipan.protocol import (
    Adopted,
    ProtocolError,
    change_said,
    differences,
    parameters,
    protocols,
    read_protocols,
)
from yipan.protocol.keys import KEYS, said, value_said
from yipan.protocol.rules.many import NONE, PlanRows, plans_many, zone_steps_many
from yipan.protocol.rules.people import (
    PlanFacts,
    merged_plan,
    person_plan,
    place_rank,
    plan_changes,
)
from yipan.protocol.rules.prohibitions import StudentReturn, daily_excess, prohibitions
from yipan.protocol.rules.zones import (
    ClosingRound,
    NewInfection,
    ZoneFacts,
    known_at,
    level_at,
    zone_flags,
    zone_steps,
)

BOOKS = protocols()
RULEBOOKS = {version: BOOKS.rulebook(version) for version in BOOKS.versions}
PROFILE = BOOKS.profile("guangdong-2022")
START = datetime(2022, 10, 1, 8, tzinfo=UTC)
RANK = {"ended": 0, "low": 1, "medium": 2, "high": 3}
RESTRICTS = {
    None: 0, "ended": 0, "low": 0, "normal": 0, "precaution": 0, "medium": 1, "controlled": 1, "high": 2, "sealed": 2,
    "local_temporary_control": 2,
}  # fmt: skip

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
    return Adopted(rulebook=RULEBOOKS[version], at=at, policy="only_shorter")


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


LEVELS = st.sampled_from(
    ["high", "medium", "low", "sealed", "controlled", "local_temporary_control"]
)
everything = st.builds(
    ZoneFacts,
    level=LEVELS,
    clock_start=instants,
    after_high=st.booleans(),
    infections=st.lists(
        st.builds(
            lambda found, later, counts, isolated, home: NewInfection(
                found=found, controlled=None if later is None else found + timedelta(minutes=later), counts=counts,
                isolated=isolated, home_isolated_contact=home,
            ),
            instants, st.none() | st.integers(0, 5000), st.booleans(), st.booleans(), st.booleans(),
        ), max_size=4,
    ).map(tuple),
    rounds=st.lists(
        st.builds(
            lambda done, hours: ClosingRound(
                completed=done, sampling_began=None if hours is None else done - timedelta(hours=hours)
            ),
            instants, st.none() | st.integers(0, 30),
        ), max_size=6,
    ).map(tuple),
    contacts_clear=st.none() | instants,
    held_back=st.none() | instants,
)  # fmt: skip
VERSIONS = ["cn-covid-8ed", "cn-covid-9ed", "cn-covid-20m", "cn-covid-10m", "cn-covid-classb"]
policies = st.sampled_from(["only_shorter", "as_started", None])


@st.composite
def adoptions(draw):
    first = draw(st.integers(0, 4))
    last = draw(st.integers(first, 4))
    at = START - timedelta(days=draw(st.integers(0, 3)))
    found = []
    for version in VERSIONS[first : last + 1]:
        found.append(Adopted(rulebook=RULEBOOKS[version], at=at, policy=draw(policies)))
        at += timedelta(minutes=draw(st.integers(1, 60 * 24 * 12)))
    return found


class TestZoneStepsThroughAdoptions:
    @given(everything, adoptions(), instants, st.none() | st.integers(0, 5000), st.booleans())
    def test_leave_no_zone_at_a_lower_level_for_one_more_infection(
        self, facts, through, found, later, home
    ):
        one = NewInfection(
            found=found,
            controlled=None if later is None else found + timedelta(minutes=later),
            home_isolated_contact=home,
        )
        more = replace(facts, infections=(*facts.infections, one))
        before, after = (zone_steps(each, through, PROFILE).value for each in (facts, more))

        for at in sorted({step.eligible_at for step in (*before, *after)}):
            lenient, strict = (level_at(facts, steps, at) for steps in (before, after))
            assert RESTRICTS[strict] >= RESTRICTS[lenient]

    @given(everything, adoptions(), instants)
    def test_end_no_stage_within_its_quiet_days_after_an_infection(self, facts, through, found):
        more = replace(facts, infections=(*facts.infections, NewInfection(found=found)))
        shortest = min(
            (
                one.rulebook.value(key)
                for one in through
                if one.rulebook.has(key := f"zone.{facts.level}.quiet_days")
            ),
            default=None,
        )
        steps = zone_steps(more, through, PROFILE).value
        if not steps or shortest is None or (facts.after_high and facts.level == "medium"):
            return
        first = steps[0]
        abolished = first.eligible_at in {one.at for one in through} and facts.level not in (
            RULEBOOKS[first.rulebook].get("zone.classes") or ()
        )

        if facts.clock_start <= found < first.eligible_at and not abolished:
            assert first.eligible_at >= found + timedelta(days=shortest)


class TestZoneStepsMany:
    @given(st.lists(everything, max_size=5), adoptions())
    def test_are_those_of_each_zone(self, several, through):
        plain = [zone_steps(one, through, PROFILE).value for one in several]

        assert zone_steps_many(several, through, PROFILE) == plain


days = st.integers(0, 25).map(lambda number: START.date() + timedelta(days=number))
ROLES = (
    "close_contact", "contact_of_contact", "inbound_traveller", "left_high_zone", "left_medium_zone", "from_low_zone",
    "closed_loop_worker_leaving", "mild_case_at_home",
)  # fmt: skip
plan_facts = st.builds(
    lambda role, day, late, negative, ct: PlanFacts(
        role=role, day_one=day, found=None if late is None else day + timedelta(days=late),
        negatives=() if negative is None else ((day + timedelta(days=negative), START + timedelta(days=30 + negative)),),
        ct=tuple((day + timedelta(days=5 + i), value) for i, value in enumerate(ct)) if role == "mild_case_at_home" else (),
    ),
    st.sampled_from(ROLES), days, st.none() | st.integers(0, 12), st.none() | st.integers(0, 9),
    st.lists(st.sampled_from([33.0, 36.0]), max_size=4),
)  # fmt: skip
SHANGHAI = ZoneInfo("Asia/Shanghai")


def rows_of(people):
    """Put the roles of several people into columns."""
    flat = [(number, facts) for number, several in enumerate(people) for facts in several]
    nat_day, nat_at = np.datetime64("NaT", "D"), np.datetime64("NaT", "us")
    return PlanRows(
        roles=ROLES,
        person=np.array([number for number, _ in flat], np.int64),
        role=np.array([ROLES.index(facts.role) for _, facts in flat], np.int64),
        day_one=np.array([facts.day_one for _, facts in flat], "datetime64[D]"),
        found=np.array([facts.found or nat_day for _, facts in flat], "datetime64[D]"),
        negative_day=np.array(
            [[facts.negatives[0][0] if facts.negatives else nat_day] for _, facts in flat], "datetime64[D]"
        ).reshape(-1, 1),
        negative_at=np.array(
            [
                [facts.negatives[0][1].replace(tzinfo=None) if facts.negatives else nat_at]
                for _, facts in flat
            ], "datetime64[us]",
        ).reshape(-1, 1),
        ct={row: facts.ct for row, (_, facts) in enumerate(flat)},
    )  # fmt: skip


class TestMergedPlan:
    people = st.lists(plan_facts, min_size=1, max_size=4)

    @given(people, adoptions())
    def test_is_on_every_date_as_strict_as_each_of_its_plans(self, several, through):
        whole = merged_plan(several, through, PROFILE, zone=SHANGHAI).value

        for facts in several:
            alone = merged_plan([facts], through, PROFILE, zone=SHANGHAI).value
            for day in alone.days:
                assert place_rank(whole.on(day.day).place) >= place_rank(day.place)
                assert whole.on(day.day).test or not day.test

    @given(people, adoptions())
    def test_asks_nothing_that_no_role_asks(self, several, through):
        whole = merged_plan(several, through, PROFILE, zone=SHANGHAI).value
        alone = [merged_plan([facts], through, PROFILE, zone=SHANGHAI).value for facts in several]

        for day in whole.days:
            asked = [plan.on(day.day) for plan in alone if plan.on(day.day) is not None]
            assert day.place in {one.place for one in asked}
            assert day.test is any(one.test for one in asked)

    @given(people, adoptions(), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_the_roles(self, several, through, random):
        shuffled = list(several)
        random.shuffle(shuffled)

        one, other = (
            merged_plan(each, through, PROFILE, zone=SHANGHAI).value for each in (several, shuffled)
        )

        assert (one.days, one.ends) == (other.days, other.ends)

    @given(people, adoptions(), plan_facts)
    def test_never_ends_earlier_for_one_more_exposure(self, several, through, more):
        before = merged_plan(several, through, PROFILE, zone=SHANGHAI).value
        after = merged_plan([*several, more], through, PROFILE, zone=SHANGHAI).value

        assert before.ends is None or after.ends is None or after.ends >= before.ends
        assert {day.day for day in before.days} <= {day.day for day in after.days}

    @given(people, adoptions(), plan_facts)
    def test_tells_every_date_that_a_revision_changes(self, several, through, more):
        before = merged_plan(several, through, PROFILE, zone=SHANGHAI).value
        after = merged_plan([*several, more], through, PROFILE, zone=SHANGHAI).value
        revised = {day.day: day for day in before.days}

        for change in plan_changes(before, after):
            assert revised.get(change.day) == change.before
            revised[change.day] = change.after

        assert {day: one for day, one in revised.items() if one} == {
            day.day: day for day in after.days
        }

    @given(people)
    def test_restricts_nobody_under_class_b(self, several):
        through = [adopted("cn-covid-classb", START - timedelta(days=1))]

        assert merged_plan(several, through, PROFILE, zone=SHANGHAI).value.days == ()


class TestPlansMany:
    @given(st.lists(TestMergedPlan.people, min_size=1, max_size=4), adoptions())
    def test_end_and_ask_as_the_plan_of_each_person(self, people, through):
        rows = rows_of(people)

        ruled = plans_many(rows, through, PROFILE, zone=SHANGHAI)

        numbers, ends = ruled.merged_ends()
        assert list(numbers) == list(range(len(people)))
        plans = [merged_plan(several, through, PROFILE, zone=SHANGHAI).value for several in people]
        for plan, end in zip(plans, ends, strict=True):
            known = None if end == NONE else datetime.fromtimestamp(end / 1e6, tz=UTC)
            assert known == plan.ends
        for offset in range(-1, 40):
            day = START.date() + timedelta(days=offset)
            duties = ruled.on(day)
            for plan, place, test in zip(plans, duties.place, duties.test, strict=True):
                asked = plan.on(day)
                assert (duties.names[place] if place >= 0 else None) == (asked and asked.place)
                assert bool(test) is (asked is not None and asked.test)


class TestStricterParameter:
    @given(zones, st.integers(0, 20), st.integers(0, 10))
    def test_never_brings_a_step_forward(self, facts, days, more):
        key = f"zone.{facts.level}.quiet_days"
        mild, strict = (
            zone_steps(
                facts, [Adopted(rulebook=RULEBOOKS["cn-covid-9ed"].with_value(key, n), at=START)], PROFILE
            ).value
            for n in (days, days + more)
        )  # fmt: skip

        if strict:
            assert mild
            assert strict[0].eligible_at >= mild[0].eligible_at

    @given(TestMergedPlan.people, st.integers(1, 14), st.integers(0, 7))
    def test_never_shortens_a_merged_plan(self, several, days, more):
        ends = []
        for n in (days, days + more):
            book = RULEBOOKS["cn-covid-9ed"].with_value(
                "person.close_contact", [{"name": "central_isolation", "days": n}]
            )
            plan = merged_plan(several, [Adopted(rulebook=book, at=START)], PROFILE, zone=SHANGHAI)
            ends.append(plan.value.ends)

        assert ends[0] is None or ends[1] >= ends[0]


class TestKnownAt:
    @given(everything, instants, adoptions())
    def test_rules_then_as_it_was_ruled_then(self, facts, at, through):
        then = known_at(facts, at)

        assert known_at(then, at) == then
        assert zone_flags(facts, through, PROFILE, at=at) == zone_flags(
            replace(facts, infections=then.infections, rounds=then.rounds), through, PROFILE, at=at
        )

    @given(everything, instants, instants)
    def test_forgets_in_any_order(self, facts, one, other):
        assert known_at(known_at(facts, one), other) == known_at(facts, min(one, other))


records = st.builds(
    StudentReturn, id=st.just("r"), area=st.sampled_from([area_path("44.4401."), area_path("44.4403.")]),
    since=instants, until=st.none(), people=st.none() | st.integers(0, 500), conditions_met=st.booleans(),
    measure=st.sampled_from(["home_isolation_7d", "none"]),
)  # fmt: skip


class TestDailyExcess:
    @given(st.lists(records, max_size=6), st.integers(1, 20), st.integers(1, 20))
    def test_adds_up_over_days_and_over_areas(self, several, first, second):
        end = START + timedelta(days=40)
        found = prohibitions(several, [adopted("cn-covid-9ed")], PROFILE, at=end)
        edges = [START + timedelta(days=n) for n in (0, first, first + second)]
        whole = daily_excess(found, since=edges[0], until=edges[2], area=area_path("44."))

        parts = [
            daily_excess(found, since=a, until=b, area=area_path("44.")) for a, b in pairwise(edges)
        ]
        areas = [
            daily_excess(found, since=edges[0], until=edges[2], area=area_path(path))
            for path in ("44.4401.", "44.4403.")
        ]

        assert sum(part.person_hours for part in parts) == pytest.approx(whole.person_hours)
        assert sum(part.people for part in areas) == whole.people
        assert sum(part.people_unknown for part in areas) == whole.people_unknown

    @given(st.lists(records, max_size=6))
    def test_counts_violations_only(self, several):
        end = START + timedelta(days=40)
        found = prohibitions(several, [adopted("cn-covid-9ed")], PROFILE, at=end)
        wrong = [one for one in several if one.conditions_met and one.measure != "none"]

        total = daily_excess(
            found, since=START - timedelta(days=1), until=end, area=area_path("44.")
        )

        assert len(total.findings) == len(wrong)
        assert total.people == sum(one.people or 0 for one in wrong)


PROVINCE = """versions:
  w: {name_zh: 省, name_en: W, disease: x, jurisdiction: GD, layer: province%s, amends: v, published: 2022-02-01, from: 2022-02-01T00:00:00+08:00, checked: 2022-02-02, source: [s], confidence: high}
"""
NATIONAL = "value: 7, unit: days, source: [s], confidence: high, may_differ: stricter, stricter: higher, ceiling: 10"


def layered(local, national=NATIONAL, area=', area: "44."'):
    leaf = "parameters:\n  w:\n    zone.high.quiet_days: {value: %s, unit: days, source: [s], confidence: high}\n"
    return read_protocols({
        "n.yaml": HEAD % "" + LEAF % national, "p.yaml": PROVINCE % area + leaf % local,
    })  # fmt: skip


class TestLayers:
    MARCH = datetime(2022, 3, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("local", "national", "says"),
        [
            (5, NATIONAL, "may only be stricter"),
            (11, NATIONAL, "the ceiling is 10"),
            (8, NATIONAL.replace("stricter, stricter", "never, stricter"), "may not differ"),
            (
                8,
                NATIONAL.replace("may_differ: stricter", "may_differ: looser"),
                "may only be looser",
            ),
            (8, NATIONAL.replace(", stricter: higher", ""), "which direction is stricter"),
        ],
    )
    def test_keep_within_what_the_nation_allows(self, local, national, says):
        with pytest.raises(
            ProtocolError, match=rf"p\.yaml:5: w sets zone.high.quiet_days .*{says}"
        ):
            layered(local, national)

    def test_hold_in_their_area_only(self):
        books = layered(8)

        inside, outside = (
            books.at(self.MARCH, disease="x", area=area) for area in ("44.4401.", "45.4501.")
        )

        assert (inside.id, inside.value("zone.high.quiet_days")) == ("w", 8)
        assert (outside.id, outside.value("zone.high.quiet_days")) == ("v", 7)
        assert books.at(datetime(2022, 1, 15, tzinfo=UTC), disease="x", area="44.").id == "v"

    @pytest.mark.parametrize(
        ("area", "says"), [("", "needs 'area'"), (", area: Guangdong", "not an area path")]
    )
    def test_say_where_they_hold(self, area, says):
        with pytest.raises(ProtocolError, match=says):
            layered(8, area=area)


class TestPublished:
    @pytest.mark.parametrize("told", ["2022-06-28", "2022-06", "2022", "unknown"])
    def test_is_kept_as_precisely_as_it_is_known(self, told):
        text = HEAD.replace("published: 2022-01-01", f"published: {told}") % ""

        assert read_protocols({"t.yaml": text}).versions["v"].published == told

    def test_is_a_day_a_month_or_a_year(self):
        text = HEAD.replace("published: 2022-01-01", "published: last spring") % ""

        with pytest.raises(ProtocolError, match=r"t\.yaml:3: published 'last spring'"):
            read_protocols({"t.yaml": text})

    def test_of_a_text_without_known_effect_lets_it_hold_until_a_dated_one_does(self):
        old = HEAD.replace("from: 2022-01-01T00:00:00+08:00", "from: unknown") % ""
        new = (
            old.replace("sources: {s: a text}\n", "")
            .replace("  v:", "  u:")
            .replace("from: unknown", "from: 2022-05-01T00:00:00+08:00")
        )
        books = read_protocols({"a.yaml": old, "b.yaml": new})

        assert books.at(datetime(1999, 1, 1, tzinfo=UTC), disease="x").id == "v"
        assert books.at(datetime(2022, 6, 1, tzinfo=UTC), disease="x").id == "u"


class TestRegister:
    @pytest.mark.parametrize(
        ("leaf", "says"),
        [
            ("zone.hihg.quiet_days: {value: 1, unit: days", "no rule reads a parameter 'zone.hihg.quiet_days'"),
            ("zone.high.quiet_days: {value: 1, unit: hours", "is given in hours; the rule reads days"),
            ("zone.high.quiet_days: {value: seven, unit: days", "expected a number of days"),
            ("zone.high.quiet_days: {value: -1, unit: days", "expected a number of days"),
            ("zone.classes: {value: high, unit: names", "expected a list"),
            ("person.close_contact: {value: [{name: x, dyas: 3}], unit: phases", "unknown or missing key"),
            ("person.close_contact: {value: [{name: x, days: 3, tests: [4]}], unit: phases", "has test days"),
            ("trigger.a: {value: {operator: '>'}, unit: trigger", "expected operator, value and counted"),
        ],
    )  # fmt: skip
    def test_refuses_what_no_rule_would_read(self, leaf, says):
        text = HEAD % "" + f"parameters:\n  v:\n    {leaf}, source: [s], confidence: high}}\n"

        with pytest.raises(ProtocolError, match=rf"^t\.yaml:6: .*{says}"):
            read_protocols({"t.yaml": text})

    def test_lists_only_what_some_rule_reads(self):
        floor = Path(parameters.__file__).parent
        code = "".join(
            file.read_text(encoding="utf-8")
            for file in floor.rglob("*.py")
            if file.name != "keys.py"
        )

        for key in KEYS:
            before, _, after = key.pattern.partition("{")
            assert before in code, key.pattern
            assert after.partition("}")[2] in code, key.pattern

    def test_has_words_for_every_number_of_every_pack(self):
        for version in BOOKS.versions.values():
            for key, leaf in version.leaves.items():
                zh, en = said(key)
                assert key not in {zh, en}
                assert all(value_said(leaf.value, leaf.unit))

    def test_tells_every_change_between_any_two_versions(self):
        for one, other in pairwise(VERSIONS):
            for change in differences(RULEBOOKS[one], RULEBOOKS[other]):
                zh, en = change_said(change)
                assert zh
                assert en
