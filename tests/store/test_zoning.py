"""Zones on record: order lines of every kind, clocks as known, what is due, what is missing, what is late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from places import GUANGZHOU, PROVINCE, TENTH
from yipan.model import (
    Adoption,
    Area,
    CasePlace,
    Duty,
    PersonTest,
    RegisteredPlace,
    Roster,
    RosterGroup,
    TestResult,
    Verdict,
    Viewer,
    ZoneChange,
    ZonePart,
    ZonePiece,
    ZoneRound,
    ZoneTerms,
    address,
    area_path,
    person_id,
    place,
)
from yipan.operations import commanding, day, delineating, plans, residents, zoning
from yipan.operations.post import Post

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
HAIZHU = area_path("44.4401.440105.")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TWO = f"{HAIZHU} compound 桃源居 (building 1 plus building 2)"
ONE, OTHER = f"{HAIZHU} compound 桃源居 building 1", f"{HAIZHU} compound 桃源居 building 2"
BOTH = f"{ONE} plus {OTHER}"
SET = ZoneTerms(
    place=place(BOTH), level="high", name_zh="桃源居1、2栋", name_en="Taoyuan 1 and 2", disease="covid-19",
    residents=240,
)  # fmt: skip


def people(first: int, last: int):
    return tuple(person_id(f"p-{number:016x}") for number in range(first, last))


@pytest.fixture
def post(store):
    made = Post(store=store, viewer=store.system())
    with store.acting(made.viewer, desk="areas", verb="put", why="test", at=TENTH - 9 * DAY) as act:
        act.put_areas(
            [Area(path=HAIZHU, level="county", name_zh="海珠区", name_en="Haizhu", source="test")]
        )
    zoning.adopt(
        made,
        Adoption(
            id="ad-1",
            area=PROVINCE,
            version="cn-covid-9ed",
            profile="guangdong-2022",
            at=TENTH - 9 * DAY,
        ),
        at=TENTH - 9 * DAY,
    )
    return made


def order(post, *lines, at=TENTH, reason="test"):
    return commanding.order(
        post, area=HAIZHU, lines=lines, reason=reason, at=at, hands=day.HANDS, rule="cn-covid-9ed"
    )


def line(change, zone="z-1", *, at=TENTH, **terms):
    return zoning.line(change, zone, area=HAIZHU, effective=at, terms=ZoneTerms(**terms))


def set_zone(post, *, at=TENTH, zone="z-1", terms=SET):
    return order(
        post, zoning.line(ZoneChange.SET, zone, area=HAIZHU, effective=at, terms=terms), at=at
    )


def sheets(post, at, known_at=None, *, in_force=True):
    with post.store.reading(post.viewer, known_at=known_at) as record:
        found = zoning.zones(record, area=HAIZHU, at=at, in_force=in_force)
    return {sheet.zone.id: sheet for sheet in found}


def found(post, spot, at, *, id="c-1", controlled=None, known=None, **more):
    one = CasePlace(
        id=f"cp-{id}",
        area=HAIZHU,
        case=id,
        place=place(spot),
        found=at,
        controlled=controlled,
        **more,
    )
    zoning.record_case_places(post, [one], at=known or at)
    return one


def round_done(post, zone, at, *, sampled, roster, id="r-1"):
    zoning.record_roster(
        post,
        Roster(id=zone, area=HAIZHU, groups=(RosterGroup(place=place(BOTH), people=roster),)),
        at=at,
    )
    zoning.record_round(
        post,
        ZoneRound(
            id=id, area=HAIZHU, zone=zone, started=at - 6 * HOUR, sampled=sampled, last_result=at
        ),
        at=at,
    )


def review(post, at):
    zoning.review_zones(post, at=at, time_zone=CHINA)
    with post.store.reading(post.viewer) as record:
        return {
            w.proposal.kind: w.proposal
            for w in commanding.inbox(record, area=HAIZHU, at=at).proposals
        }


class TestZone:
    def test_that_was_set_runs_its_clock_from_the_instant_of_effect(self, post):
        set_zone(post, at=TENTH)

        sheet = sheets(post, TENTH + DAY)["z-1"]

        assert (sheet.level, sheet.clock_start) == ("high", TENTH)
        assert sheet.period_ends == TENTH + 7 * DAY
        assert (sheet.eligible_at, sheet.missing) == (None, ("closing_round",))
        assert (sheet.rulebook, sheet.outside) == ("cn-covid-9ed", False)

    def test_is_not_there_before_it_was_known(self, post):
        set_zone(post, at=TENTH)

        assert sheets(post, TENTH + DAY, known_at=TENTH - HOUR) == {}

    def test_raised_lowered_and_ended_keeps_every_level_with_its_line(self, post):
        set_zone(post, terms=replace(SET, level="medium"))
        order(post, line(ZoneChange.RAISE, at=TENTH + DAY, level="high"), at=TENTH + DAY)
        order(post, line(ZoneChange.LOWER, at=TENTH + 8 * DAY, level="medium"), at=TENTH + 8 * DAY)
        order(post, line(ZoneChange.END, at=TENTH + 11 * DAY), at=TENTH + 11 * DAY)

        zone = sheets(post, TENTH + 11 * DAY, in_force=False)["z-1"].zone
        assert [span.level for span in zone.spans] == ["medium", "high", "medium", "ended"]
        assert [span.after_high for span in zone.spans] == [False, False, True, False]
        assert len({span.order for span in zone.spans}) == 4
        assert not zone.in_force(TENTH + 11 * DAY)
        assert zone.in_force(TENTH + 11 * DAY - HOUR)

    @pytest.mark.parametrize(
        ("change", "level"), [("raise", "medium"), ("lower", "high"), ("lower", "medium")]
    )
    def test_goes_the_way_its_line_says(self, post, change, level):
        set_zone(post, terms=replace(SET, level="high" if change == "raise" else "medium"))

        with pytest.raises(ValueError, match="cannot be"):
            order(post, line(ZoneChange(change), at=TENTH + HOUR, level=level), at=TENTH + HOUR)

    def test_whose_clock_was_reset_waits_from_there(self, post):
        set_zone(post)
        order(
            post,
            line(ZoneChange.RESET, at=TENTH + 3 * DAY, clock_start=TENTH + 2 * DAY),
            at=TENTH + 3 * DAY,
        )

        sheet = sheets(post, TENTH + 4 * DAY)["z-1"]
        assert (sheet.level, sheet.period_ends) == ("high", TENTH + 9 * DAY)

    def test_split_lets_only_the_struck_part_begin_again(self, post):
        set_zone(post)
        roster = people(0, 120)
        zoning.record_roster(
            post,
            Roster(
                id="z-1", area=HAIZHU,
                groups=(
                    RosterGroup(place=place(ONE), people=roster[:70]),
                    RosterGroup(place=place(OTHER), people=roster[70:]),
                ),
            ),
            at=TENTH + HOUR,
        )  # fmt: skip
        pieces = (
            ZonePiece(
                id="z-1a", place=place(ONE), name_zh="1栋", name_en="1", clock_start=TENTH + 4 * DAY
            ),
            ZonePiece(id="z-1b", place=place(OTHER), name_zh="2栋", name_en="2"),
        )
        order(post, line(ZoneChange.SPLIT, at=TENTH + 5 * DAY, pieces=pieces), at=TENTH + 5 * DAY)

        shown = sheets(post, TENTH + 5 * DAY)
        assert set(shown) == {"z-1a", "z-1b"}
        assert shown["z-1a"].period_ends == TENTH + 11 * DAY
        assert shown["z-1b"].period_ends == TENTH + 7 * DAY
        assert shown["z-1b"].zone.came_from == ("z-1",)
        with post.store.reading(post.viewer) as record:
            kept = {r.id: len(r.people) for r in record.nouns(zoning.ROSTERS)}
        assert kept == {"z-1": 120, "z-1a": 70, "z-1b": 50}

    def test_held_back_in_part_is_lowered_in_the_rest(self, post):
        set_zone(post)
        piece = ZonePiece(id="z-1k", place=place(OTHER), name_zh="2栋", name_en="2")
        at = TENTH + 7 * DAY
        order(
            post,
            line(ZoneChange.HOLD_BACK, at=at, pieces=(piece,), reason="drain stack not yet tested"),
            line(ZoneChange.LOWER, at=at, level="medium"),
            at=at,
        )

        shown = sheets(post, at)
        assert {name: sheet.level for name, sheet in shown.items()} == {
            "z-1": "medium",
            "z-1k": "high",
        }
        assert shown["z-1"].zone.place.same_as(place(ONE))
        assert shown["z-1k"].zone.spans[0].reason == "drain stack not yet tested"

    def test_is_not_held_back_without_a_reason(self, post):
        with pytest.raises(ValueError, match="needs reason"):
            line(
                ZoneChange.HOLD_BACK,
                pieces=(ZonePiece(id="z-1k", place=place(OTHER), name_zh="2", name_en="2"),),
            )

    def test_merged_from_two_runs_the_later_clock(self, post):
        set_zone(post, terms=replace(SET, place=place(ONE)))
        set_zone(post, zone="z-2", at=TENTH + DAY, terms=replace(SET, place=place(OTHER)))
        at = TENTH + 2 * DAY
        order(
            post,
            line(
                ZoneChange.MERGE, "z-3", at=at, zones=("z-1", "z-2"), name_zh="并", name_en="Merged"
            ),
            at=at,
        )

        shown = sheets(post, at)
        assert set(shown) == {"z-3"}
        assert shown["z-3"].clock_start == TENTH + DAY
        assert shown["z-3"].zone.residents == 480

    def test_and_its_ring_run_each_on_its_own_clock_of_one_order(self, post):
        ring = replace(
            SET, place=place(f"{HAIZHU} compound 桃源居 minus (building 1 plus building 2)"), level="medium",
            part=ZonePart.RING, ring_of="z-1",
        )  # fmt: skip
        order(
            post,
            zoning.line(ZoneChange.SET, "z-1", area=HAIZHU, effective=TENTH, terms=SET),
            zoning.line(ZoneChange.SET, "z-1r", area=HAIZHU, effective=TENTH + HOUR, terms=ring),
        )

        shown = sheets(post, TENTH + 2 * HOUR)
        assert shown["z-1"].period_ends == TENTH + 7 * DAY
        assert shown["z-1r"].period_ends == TENTH + 7 * DAY + HOUR
        assert shown["z-1"].zone.spans[0].order == shown["z-1r"].zone.spans[0].order

    def test_of_a_class_the_protocol_does_not_have_is_kept_and_flagged(self, post):
        set_zone(post, terms=replace(SET, level="temporary_control"))

        sheet = sheets(post, TENTH + 30 * DAY)["z-1"]
        assert sheet.outside
        assert (sheet.period_ends, sheet.due) == (None, None)

    def test_comes_again_in_another_episode_of_the_same_building(self, post):
        set_zone(post)
        order(post, line(ZoneChange.END, at=TENTH + 7 * DAY), at=TENTH + 7 * DAY)
        set_zone(post, zone="z-9", at=TENTH + 20 * DAY)

        assert set(sheets(post, TENTH + 21 * DAY)) == {"z-9"}
        assert set(sheets(post, TENTH + 21 * DAY, in_force=False)) == {"z-1", "z-9"}
        with pytest.raises(ValueError, match="is over since"):
            order(post, line(ZoneChange.RESET, at=TENTH + 21 * DAY), at=TENTH + 21 * DAY)

    def test_without_an_adopted_version_is_never_due(self, store):
        bare = Post(store=store, viewer=store.system())
        with store.acting(
            bare.viewer, desk="areas", verb="put", why="t", at=TENTH - 9 * DAY
        ) as act:
            act.put_areas(
                [Area(path=HAIZHU, level="county", name_zh="海珠区", name_en="H", source="test")]
            )
        set_zone(bare)

        sheet = sheets(bare, TENTH + 30 * DAY)["z-1"]
        assert (sheet.due, sheet.rulebook, sheet.outside) == (None, "", True)


class TestRound:
    def test_proposes_lowering_the_instant_it_is_due_and_not_before(self, post):
        set_zone(post)
        round_done(
            post, "z-1", TENTH + 7 * DAY - 2 * HOUR, sampled=people(0, 120), roster=people(0, 120)
        )

        assert review(post, TENTH + 7 * DAY - timedelta(minutes=1)) == {}
        proposal = review(post, TENTH + 7 * DAY)["zone.lower"]

        assert proposal.due == TENTH + 7 * DAY
        assert proposal.lines[0].terms == {"level": "medium"}
        assert proposal.cost.person_days == 0
        assert "b" not in proposal.rule or proposal.rule == "cn-covid-9ed"

    def test_rules_on_many_zones_together_as_on_each_of_them(self, post, monkeypatch):
        end = TENTH + 7 * DAY
        for number in range(4):
            spot = place(f"{HAIZHU} compound X{number}")
            set_zone(post, zone=f"z-{number}", terms=replace(SET, place=spot))
        found(post, f"{HAIZHU} compound X1 building 2", TENTH + 2 * DAY)
        for number in (1, 2, 3):
            round_done(
                post, f"z-{number}", end - HOUR, sampled=people(0, 9), roster=people(0, 9 + (number == 3)),
                id=f"r-{number}",
            )  # fmt: skip

        def asked():
            with post.store.reading(post.viewer) as record:
                return {
                    one.zone.id: (one.eligible_at, one.due, one.ordered, one.struck)
                    for one in zoning.clocks(record, area=HAIZHU, at=end.astimezone(CHINA))
                }

        one_by_one = asked()
        monkeypatch.setattr(zoning, "MANY", 0)

        assert asked() == one_by_one
        assert [one_by_one[f"z-{number}"][0] for number in range(4)] == [None, None, end, None]
        assert one_by_one["z-1"][3] is True

    def test_asks_a_person_where_somebody_is_found_in_a_zone_that_is_due(self, post):
        set_zone(post)
        end = TENTH + 7 * DAY
        round_done(post, "z-1", end - HOUR, sampled=people(0, 9), roster=people(0, 9))
        assert set(review(post, end)) == {"zone.lower"}

        found(post, ONE, end + HOUR)
        made = review(post, end + 2 * HOUR)

        assert set(made) == {"zone.lower", "zone.split"}
        assert made["zone.lower"].due == end, "the rule was met; the person decides"

    def test_sees_an_infection_in_a_zone_of_several_compounds(self, post):
        several = place(f"{HAIZHU} compound X plus {HAIZHU} compound Y")
        set_zone(post, terms=replace(SET, place=several))
        found(post, f"{HAIZHU} compound Y building 2", TENTH + DAY)

        assert sheets(post, TENTH + 2 * DAY)["z-1"].infections == 1

    def test_says_who_is_missing_and_waits_for_them(self, post):
        set_zone(post)
        end = TENTH + 7 * DAY
        round_done(post, "z-1", end - 2 * HOUR, sampled=people(0, 118), roster=people(0, 120))

        assert review(post, end) == {}
        sheet = sheets(post, end)["z-1"]
        assert (sheet.missing, sheet.missing_people) == (("closing_round",), people(118, 120))
        round_done(post, "z-1", end + 5 * HOUR, sampled=people(0, 120), roster=people(0, 120))
        assert review(post, end + 5 * HOUR)["zone.lower"].due == end + 5 * HOUR

    def test_makes_a_late_lifting_overdue_until_it_is_ordered(self, post):
        set_zone(post)
        end = TENTH + 7 * DAY
        round_done(post, "z-1", end - HOUR, sampled=people(0, 9), roster=people(0, 9))
        proposal = review(post, end)["zone.lower"]
        late = end + 6 * HOUR

        with post.store.reading(post.viewer) as record:
            late_tasks = commanding.overdue(record, area=HAIZHU, at=late)
        (task,) = [t for t in late_tasks if t.task.kind == "zone.lift"]
        assert (task.task.kind, task.late_hours) == ("zone.lift", 6)
        assert sheets(post, late)["z-1"].late_hours == 6
        done = day.decide(post, proposal.id, verdict=Verdict.ACCEPT, at=late)
        assert done.order.effective == late
        with post.store.reading(post.viewer) as record:
            (was,) = [
                t for t in commanding.tasks(record, area=HAIZHU, at=late, running=False)
                if t.task.kind == "zone.lift"
            ]  # fmt: skip
        assert was.late_hours == 6

    def test_done_again_finds_nothing_new(self, post):
        set_zone(post)
        round_done(post, "z-1", TENTH + 7 * DAY - HOUR, sampled=people(0, 9), roster=people(0, 9))

        assert zoning.review_zones(post, at=TENTH + 7 * DAY, time_zone=CHINA) == 1
        assert zoning.review_zones(post, at=TENTH + 7 * DAY, time_zone=CHINA) == 0
        assert zoning.review_zones(post, at=TENTH + 7 * DAY + HOUR, time_zone=CHINA) == 0

    def test_lets_a_lowering_lapse_when_a_case_is_known_after_all(self, post):
        set_zone(post)
        end = TENTH + 7 * DAY
        round_done(post, "z-1", end - HOUR, sampled=people(0, 9), roster=people(0, 9))
        review(post, end)
        found(post, ONE, end - 3 * HOUR, known=end + HOUR)

        after = review(post, end + HOUR)

        assert set(after) == {"zone.split"}
        with post.store.reading(post.viewer) as record:
            late_tasks = commanding.overdue(record, area=HAIZHU, at=end + DAY)
        assert [t.task.kind for t in late_tasks] == ["publish"]

    def test_proposes_to_split_where_a_new_infection_is_and_to_reset_all_instead(self, post):
        set_zone(post)
        found(post, ONE, TENTH + 4 * DAY, controlled=TENTH + 4 * DAY + 2 * HOUR)

        proposal = review(post, TENTH + 4 * DAY + 3 * HOUR)["zone.split"]
        done = day.decide(post, proposal.id, verdict=Verdict.ACCEPT, at=TENTH + 4 * DAY + 4 * HOUR)

        assert [option.lines[0].kind for option in proposal.alternatives] == ["zone.reset"]
        shown = sheets(post, TENTH + 5 * DAY)
        ends = sorted(sheet.period_ends for sheet in shown.values())
        assert ends == [TENTH + 7 * DAY, TENTH + 11 * DAY + 2 * HOUR]
        assert done.order.lines[0].kind == "zone.split"
        assert review(post, TENTH + 5 * DAY) == {}

    def test_proposes_a_zone_where_cases_live_with_its_cost_and_first_limits(self, post):
        zoning.record_register(
            post,
            [
                RegisteredPlace(id="u-1", area=HAIZHU, place=place(ONE), residents=150),
                RegisteredPlace(id="u-2", area=HAIZHU, place=place(OTHER), residents=90),
                RegisteredPlace(
                    id="u-3", area=HAIZHU, place=place(f"{HAIZHU} compound 桃源居"), residents=1500
                ),
            ],
            at=TENTH,
        )
        found(post, ONE, TENTH)
        found(post, ONE, TENTH + HOUR, id="c-2")

        proposal = review(post, TENTH + HOUR)["zone.set"]

        assert proposal.due == TENTH + 5 * HOUR
        assert (proposal.cost.residents, proposal.cost.person_days) == (1500, 10500)
        assert proposal.alternatives[0].cost.residents == 150
        assert "2" in proposal.reasons[0].en
        with post.store.reading(post.viewer) as record:
            due = {t.task.kind: t.task.due for t in commanding.tasks(record, area=HAIZHU, at=TENTH)}
        assert due == {"on_site": TENTH + 2 * HOUR, "core_investigation": TENTH + 4 * HOUR}
        done = day.decide(
            post,
            proposal.id,
            verdict=Verdict.CHANGE,
            alternative=0,
            reason="one building",
            at=TENTH + 2 * HOUR,
        )
        (publish,) = done.tasks
        assert publish.due == TENTH + 5 * HOUR
        assert review(post, TENTH + 3 * HOUR) == {}

    def test_sends_investigators_to_a_positive_result_before_any_case_report(self, post):
        (sick, well) = people(1, 3)
        results = [
            PersonTest(id="t-1", area=HAIZHU, person=sick, result=TestResult.POSITIVE, sampled=TENTH.date()),
            PersonTest(id="t-2", area=HAIZHU, person=well, result=TestResult.NEGATIVE, sampled=TENTH.date()),
        ]  # fmt: skip
        plans.record_samples(post, results, at=TENTH)
        review(post, TENTH + HOUR)

        with post.store.reading(post.viewer) as record:
            (sent,) = commanding.tasks(record, area=HAIZHU, at=TENTH + HOUR)
        assert (sent.task.subject, sent.task.kind) == (sick, zoning.ON_SITE)
        assert sent.task.due == TENTH + 3 * HOUR

        found(post, ONE, TENTH, person=sick, known=TENTH + 2 * HOUR)
        assert "zone.set" in review(post, TENTH + 2 * HOUR)

        with post.store.reading(post.viewer) as record:
            told = {t.task.id: t.task for t in commanding.tasks(record, area=HAIZHU, at=TENTH + 2 * HOUR, running=False)}  # fmt: skip
        assert told[sent.task.id].finished == TENTH + 2 * HOUR
        assert sum(task.kind == zoning.ON_SITE for task in told.values()) == 1

    def test_sends_nobody_for_a_positive_result_of_weeks_ago(self, post):
        old = PersonTest(
            id="t-1", area=HAIZHU, person=people(1, 2)[0], result=TestResult.POSITIVE,
            sampled=(TENTH - 8 * DAY).date(),
        )  # fmt: skip
        plans.record_samples(post, [old], at=TENTH)
        review(post, TENTH + HOUR)

        with post.store.reading(post.viewer) as record:
            assert commanding.tasks(record, area=HAIZHU, at=TENTH + HOUR) == ()

    def test_under_class_b_proposes_no_zone(self, post):
        zoning.adopt(
            post,
            Adoption(
                id="ad-2", area=PROVINCE, version="cn-covid-classb", profile="guangdong-2022",
                at=TENTH - DAY,
            ),
            at=TENTH - DAY,
        )  # fmt: skip
        found(post, ONE, TENTH)

        assert review(post, TENTH + HOUR) == {}

    def test_ends_what_an_adopted_version_no_longer_knows(self, post):
        set_zone(post, terms=replace(SET, level="medium"))
        zoning.adopt(
            post,
            Adoption(
                id="ad-2",
                area=PROVINCE,
                version="cn-covid-20m",
                profile="guangdong-2022",
                at=TENTH + DAY,
            ),
            at=TENTH + DAY,
        )

        proposal = review(post, TENTH + DAY)["zone.lower"]
        assert proposal.lines[0].terms == {"level": "low"}
        assert proposal.due == TENTH + DAY


class TestAddress:
    def ask(self, post, spot, at, known_at=None):
        with post.store.reading(post.viewer, known_at=known_at) as record:
            return residents.applies(record, address(spot), at=at)

    def test_is_told_of_a_zone_only_once_its_order_was_published(self, post):
        made = set_zone(post).order
        before = self.ask(post, ONE, TENTH + HOUR)
        commanding.publish(post, made.id, at=TENTH + 2 * HOUR, number="第161号")

        after = self.ask(post, ONE, TENTH + 3 * HOUR)

        assert (before.level, before.zones) == ("normal", ())
        assert (after.level, after.zones[0].notice) == ("high", "第161号")
        assert after.until == TENTH + 7 * DAY
        assert after.says[0].zh.startswith("足不出户")
        assert "full round" in after.zones[0].waits_for[0].en

    def test_beside_a_zone_is_low_and_elsewhere_normal(self, post):
        commanding.publish(post, set_zone(post).order.id, at=TENTH + HOUR)

        beside = self.ask(post, f"{HAIZHU} compound 桃源居 building 3", TENTH + DAY)
        elsewhere = self.ask(post, "44.4403.440304. compound 别处 building 3", TENTH + DAY)

        assert (beside.level, beside.says[0].source) == ("low", ("a1",))
        assert (elsewhere.level, elsewhere.says) == ("normal", ())

    def test_is_told_of_a_lifting_as_soon_as_it_holds(self, post):
        commanding.publish(post, set_zone(post).order.id, at=TENTH + HOUR)
        order(post, line(ZoneChange.END, at=TENTH + 7 * DAY), at=TENTH + 6 * DAY)

        assert self.ask(post, ONE, TENTH + 7 * DAY - HOUR).until == TENTH + 7 * DAY
        assert self.ask(post, ONE, TENTH + 7 * DAY).level == "normal"

    def test_not_known_finely_enough_is_told_what_may_apply(self, post):
        commanding.publish(post, set_zone(post).order.id, at=TENTH + HOUR)

        told = self.ask(post, f"{HAIZHU} compound 桃源居", TENTH + DAY)

        assert (told.zones, len(told.perhaps), told.level) == ((), 1, "low")

    def test_is_told_as_known_at_a_past_moment(self, post):
        commanding.publish(post, set_zone(post).order.id, at=TENTH + HOUR)
        order(post, line(ZoneChange.END, at=TENTH + 2 * DAY), at=TENTH + 2 * DAY)

        assert self.ask(post, ONE, TENTH + DAY, known_at=TENTH + DAY).level == "high"

    def test_in_a_split_zone_that_is_not_yet_published_is_still_restricted(self, post):
        commanding.publish(post, set_zone(post).order.id, at=TENTH + HOUR)
        pieces = (
            ZonePiece(id="z-1a", place=place(ONE), name_zh="1栋", name_en="1"),
            ZonePiece(id="z-1b", place=place(OTHER), name_zh="2栋", name_en="2"),
        )
        order(post, line(ZoneChange.SPLIT, at=TENTH + DAY, pieces=pieces), at=TENTH + DAY)

        assert self.ask(post, ONE, TENTH + DAY + HOUR).level == "high"


class TestDelineation:
    @pytest.fixture
    def town(self, post):
        zoning.record_register(
            post,
            [
                RegisteredPlace(
                    id=f"u-{compound}-{building}", area=HAIZHU, residents=100 + 10 * building,
                    place=place(f"{HAIZHU} compound {compound} building {building}"),
                )
                for compound in ("甲", "乙", "丙")
                for building in range(1, 6)
            ]
            + [RegisteredPlace(id="u-甲", area=HAIZHU, residents=650, place=place(f"{HAIZHU} compound 甲"))],
            at=TENTH,
        )  # fmt: skip
        found(post, f"{HAIZHU} compound 甲 building 1", TENTH, people=6.0, hours=30.0)
        found(
            post,
            f"{HAIZHU} compound 乙 building 2",
            TENTH,
            id="c-2",
            home=False,
            hours=2.0,
            people=20.0,
        )
        return post

    def draw(self, town, share=0.7):
        with town.store.reading(town.viewer) as record:
            return delineating.delineate(record, area=HAIZHU, at=TENTH + HOUR, share=share, seed=1)

    def test_holds_the_wanted_share_with_fewer_people_than_whole_compounds(self, town):
        drawn = self.draw(town)

        assert drawn.chosen.share >= 0.7
        assert drawn.chosen.residents < drawn.baseline.residents == 650
        assert drawn.ways[0].residents >= drawn.chosen.residents
        assert drawn.curve[0].outside == 1
        assert drawn.curve[-1].outside == pytest.approx(0)
        assert (drawn.stays, drawn.assumed_air, drawn.unplaced) == (2, 2, 0)
        assert drawn.chosen.place.covers(place(f"{HAIZHU} compound 甲 building 1"))
        assert drawn == self.draw(town)

    def test_becomes_a_proposal_whose_alternative_can_be_ordered(self, town):
        drawn = self.draw(town)
        proposal = delineating.propose_delineation(town, drawn, at=TENTH + HOUR)

        assert [a.risk_outside for a in proposal.alternatives][-1] == pytest.approx(
            1 - drawn.baseline.share
        )
        done = day.decide(
            town,
            proposal.id,
            verdict=Verdict.CHANGE,
            alternative=1,
            reason="wide spread",
            at=TENTH + HOUR,
        )
        assert done.order.lines[0].terms["residents"] == 650
        assert [s.zone.residents for s in sheets(town, TENTH + HOUR).values()] == [650]

    def test_says_so_where_no_case_stayed_at_a_registered_place(self, post):
        with (
            post.store.reading(post.viewer) as record,
            pytest.raises(ValueError, match="no case of the 7 days"),
        ):
            delineating.delineate(record, area=HAIZHU, at=TENTH, share=0.8, seed=1)


class TestCounty:
    def test_is_low_while_a_zone_holds_and_normal_after(self, post):
        set_zone(post)
        order(post, line(ZoneChange.END, at=TENTH + 7 * DAY), at=TENTH + 7 * DAY)

        with post.store.reading(post.viewer) as record:
            (before,) = zoning.county_status(record, area=GUANGZHOU, at=TENTH - HOUR)
            (during,) = zoning.county_status(record, area=GUANGZHOU, at=TENTH + DAY)
            (after,) = zoning.county_status(record, area=GUANGZHOU, at=TENTH + 7 * DAY)
        assert (before.status, before.since) == ("normal", None)
        assert (during.status, during.since, during.residents) == ("low", TENTH, 240)
        assert (after.status, after.since) == ("normal", TENTH + 7 * DAY)


class TestRights:
    def test_let_another_city_see_no_zone_and_no_case_place(self, post):
        set_zone(post)
        found(post, ONE, TENTH + HOUR)

        other = Viewer(user="sz", duty=Duty.COMMANDER, area=area_path("44.4403."))
        with post.store.reading(other) as record:
            assert record.nouns(zoning.ZONES) == record.nouns(zoning.CASE_PLACES) == ()


def test_twenty_four_hundred_is_the_next_day():
    from yipan.protocol import instant

    assert instant("2022-11-18 24:00", CHINA) == datetime(2022, 11, 18, 16, tzinfo=UTC)
