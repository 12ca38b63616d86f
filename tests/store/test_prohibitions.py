"""The nine prohibitions on record: found, put right, re-checked; the excess opens its list."""

from datetime import timedelta

import pytest

from places import GUANGZHOU, TENTH
from store.test_zoning import CHINA, DAY, HAIZHU, HOUR, SET, people, post, round_done, set_zone
from yipan.model import (
    Duty,
    Evidence,
    LocalMeasure,
    MeasureKind,
    NotAllowed,
    TaskState,
    Verdict,
    Viewer,
    WrongStep,
)
from yipan.operations import commanding, day, prohibitions, zoning
from yipan.operations.post import Post

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]
__all__ = ["post"]

END = TENTH + 7 * DAY
CITY = Viewer(user="gz", duty=Duty.COMMANDER, area=GUANGZHOU)
DISTRICT = Viewer(user="hz", duty=Duty.COMMANDER, area=HAIZHU)


@pytest.fixture
def late(post):
    """A zone whose lifting was due six hours ago and is proposed."""
    set_zone(post)
    round_done(post, "z-1", END - HOUR, sampled=people(0, 9), roster=people(0, 9))
    zoning.review_zones(post, at=END, time_zone=CHINA)
    prohibitions.review_measures(post, at=END + 6 * HOUR, time_zone=CHINA)
    return post


def shown(post, at, *, every=False):
    with post.store.reading(post.viewer) as record:
        return prohibitions.findings(record, area=GUANGZHOU, at=at, open_only=not every)


def lift(post, at):
    with post.store.reading(post.viewer) as record:
        (waiting,) = commanding.inbox(record, area=HAIZHU, at=at).proposals
    day.decide(post, waiting.proposal.id, verdict=Verdict.ACCEPT, at=at)


class TestFinding:
    def test_of_a_zone_kept_too_long_tells_hours_people_and_owner(self, late):
        (found,) = shown(late, END + 6 * HOUR)

        assert (found.finding.item, found.finding.verdict) == (3, "violation")
        assert "6 h over" in found.finding.arithmetic
        assert (found.finding.people, found.finding.owner) == (SET.residents, GUANGZHOU)
        assert found.finding.excess_since == END
        assert found.finding.due > END + 6 * HOUR
        assert found.state == "open"

    def test_stays_one_case_from_round_to_round(self, late):
        made = prohibitions.review_measures(late, at=END + 9 * HOUR, time_zone=CHINA)

        (found,) = shown(late, END + 9 * HOUR)
        assert made == 0
        assert "9 h over" in found.finding.arithmetic

    def test_is_a_review_where_the_lifting_was_refused_with_a_reason(self, late):
        with late.store.reading(late.viewer) as record:
            (waiting,) = commanding.inbox(record, area=HAIZHU, at=END).proposals
        day.decide(
            late,
            waiting.proposal.id,
            verdict=Verdict.REFUSE,
            reason="two contacts still awaited",
            at=END + 6 * HOUR,
        )
        prohibitions.review_measures(late, at=END + 7 * HOUR, time_zone=CHINA)

        (found,) = shown(late, END + 7 * HOUR)
        assert found.finding.verdict == "review"

    def test_is_put_right_rechecked_from_above_and_closed(self, late):
        (found,) = shown(late, END + 6 * HOUR)
        district, city = (Post(store=late.store, viewer=v) for v in (DISTRICT, CITY))
        lift(late, END + 7 * HOUR)
        commanding.report_done(district, found.finding.task, at=END + 8 * HOUR, note="lifted")
        with pytest.raises(NotAllowed, match="level above"):
            prohibitions.recheck(district, found.finding.id, at=END + 8 * HOUR)

        closed = prohibitions.recheck(city, found.finding.id, at=END + 9 * HOUR)

        assert closed.closed == END + 9 * HOUR
        assert shown(late, END + 9 * HOUR) == ()
        assert shown(late, END + 9 * HOUR, every=True)[0].state == "verified"

    def test_that_still_stands_at_the_recheck_is_open_again(self, late):
        (found,) = shown(late, END + 6 * HOUR)
        district, city = (Post(store=late.store, viewer=v) for v in (DISTRICT, CITY))
        with pytest.raises(WrongStep, match="not yet reported"):
            prohibitions.recheck(city, found.finding.id, at=END + 7 * HOUR)
        commanding.report_done(
            district, found.finding.task, at=END + 8 * HOUR, note="lifted, they say"
        )

        again = prohibitions.recheck(city, found.finding.id, at=END + 9 * HOUR)

        assert again.closed is None
        assert shown(late, END + 9 * HOUR)[0].state == TaskState.OPEN.value

    def test_keeps_its_verdict_whatever_complaints_say(self, late):
        (found,) = shown(late, END + 6 * HOUR)

        told = prohibitions.attach(
            late,
            found.finding.id,
            Evidence(at=END, by="hotline", what="the gate is locked"),
            at=END + 7 * HOUR,
        )

        assert told.verdict == found.finding.verdict
        assert [one.what for one in told.evidence] == ["the gate is locked"]


class TestLocalMeasure:
    def measure(self, kind, **more):
        return LocalMeasure(id="m-1", area=HAIZHU, kind=kind, since=TENTH, **more)

    def check(self, post, measure):
        prohibitions.record_measures(post, [measure], at=TENTH + HOUR)
        with post.store.reading(post.viewer) as record:
            (found,) = prohibitions.check(record, area=HAIZHU, at=TENTH + 2 * HOUR)
        return found.item, found.verdict.value

    @pytest.mark.parametrize(
        ("kind", "terms", "answer"),
        [
            ("checkpoint", {"approved_by": None}, (8, "violation")),
            ("checkpoint", {"approved_by": "city"}, (8, "ok")),
            (
                "arrival_measure",
                {"origin_level": "low", "measure": "central_isolation"},
                (2, "violation"),
            ),
            (
                "student_return",
                {"conditions_met": True, "measure": "home_isolation"},
                (7, "violation"),
            ),
            ("care_closure", {"unit": "dialysis", "diversion": None}, (6, "violation")),
            ("zone_measure", {"level": "medium", "stays": "building"}, (4, "review")),
            ("leave_condition", {"level": "low", "test_hours": 24}, (1, "review")),
        ],
    )
    def test_is_compared_with_the_ceiling(self, post, kind, terms, answer):
        assert self.check(post, self.measure(MeasureKind(kind), terms=terms)) == answer

    def test_with_terms_its_kind_does_not_know_is_refused(self, post):
        with pytest.raises(ValueError, match="a checkpoint has no colour"):
            prohibitions.record_measures(
                post, [self.measure(MeasureKind.CHECKPOINT, terms={"colour": "red"})], at=TENTH
            )


class TestExcess:
    def test_is_the_figure_of_the_list_it_opens(self, late):
        with late.store.reading(late.viewer) as record:
            told = prohibitions.excess(record, area=GUANGZHOU, since=END, until=END + 10 * HOUR)
            before = prohibitions.excess(record, area=GUANGZHOU, since=END - DAY, until=END)

        assert (told.people, told.person_hours) == (240, 2400.0)
        assert [one.subject for one in told.findings] == ["z-1"]
        assert (before.people, before.findings) == (0, ())

    def test_ends_when_the_zone_is_lifted(self, late):
        lift(late, END + 7 * HOUR)
        prohibitions.review_measures(late, at=END + 7 * HOUR, time_zone=CHINA)

        with late.store.reading(late.viewer) as record:
            told = prohibitions.excess(
                record, area=GUANGZHOU, since=END, until=END + timedelta(days=1)
            )
        assert told.person_hours == 240 * 7
