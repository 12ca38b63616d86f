"""Rounds of area screening: proposed by the rule in force, opened by an order, changed or refused, and let go."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from places import GUANGZHOU, PROVINCE
from yipan.model import (
    Adoption,
    Area,
    Case,
    CasePlace,
    Classification,
    Exposure,
    NotAllowed,
    ProposalState,
    TaskState,
    Verdict,
    area_path,
    node_id,
    person_id,
    place,
)
from yipan.operations import calling, commanding, day, screening, zoning
from yipan.operations.post import Post
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.screening import SCREENING_ROUNDS
from yipan.store.tables.tracing import EXPOSURES

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
HAIZHU, TIANHE = area_path("44.4401.440105."), area_path("44.4401.440106.")
STREET = area_path("44.4401.440105.440105001.")
FIRST = datetime(2022, 11, 14, 8, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def post(store):
    made = Post(store=store, viewer=store.system())
    before = FIRST - 9 * DAY
    with store.acting(made.viewer, desk="areas", verb="put", why="test", at=before) as act:
        act.put_areas(
            [
                Area(path=HAIZHU, level="county", name_zh="海珠区", name_en="Haizhu", population=1_819_037, source="test"),
                Area(path=TIANHE, level="county", name_zh="天河区", name_en="Tianhe", source="test"),
                Area(path=STREET, level="street", name_zh="赤岗街道", name_en="Chigang", source="test"),
            ]
        )  # fmt: skip
    zoning.adopt(
        made, Adoption(id="ad", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=before), at=before,
    )  # fmt: skip
    return made


def person(number):
    return person_id(f"p-{number:012x}")


def find(post, number, *, at, area=STREET, isolated=False, exposed_by=None):
    """A case found at an instant, at home in a street, and who is known to have exposed it."""
    with post.store.acting(post.viewer, desk="test", verb="put", why="test", at=at) as act:
        act.put_cases(
            [
                Case(
                    id=f"c-{number}", person=person(number), area=area, disease="covid-19",
                    classification=Classification.CONFIRMED, reported=at,
                )
            ]
        )  # fmt: skip
        if exposed_by is not None:
            act.put(
                EXPOSURES,
                [
                    Exposure(
                        id=f"x-{number}", area=area, source=node_id(person(exposed_by)), target=node_id(person(number)),
                    )
                ],
            )  # fmt: skip
    where = CasePlace(
        id=f"home-{number}", area=area, case=f"c-{number}", place=place(f"{area} compound q{number}"),
        found=at, controlled=at, isolated=isolated,
    )  # fmt: skip
    zoning.record_case_places(post, [where], at=at)


def review(post, at):
    return calling.review_programmes(post, at=at, time_zone=CHINA)


def proposals(post, state=ProposalState.OPEN):
    with post.store.reading(post.viewer) as record:
        return record.nouns(PROPOSALS, where={"state": state.value})


def rounds(post):
    with post.store.reading(post.viewer) as record:
        return sorted(record.nouns(SCREENING_ROUNDS), key=lambda one: one.opened)


def decide(post, one, verdict, at, **more):
    return commanding.decide(
        post, one.id, verdict=verdict, at=at, hands=day.HANDS, reason="as judged", **more
    )


def accepted(post, at):
    """Review, accept the one proposal, close its round next morning."""
    assert review(post, at) == 1
    (one,) = proposals(post)
    decide(post, one, Verdict.ACCEPT, at + HOUR)
    screening.close_round(post, rounds(post)[-1].id, why="done", at=at + 23 * HOUR)
    return one


class TestFirstRound:
    def test_is_proposed_where_a_chain_is_unclear_and_orders_nothing_by_itself(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)

        assert review(post, FIRST) == 1

        (one,) = proposals(post)
        assert (one.area, one.decided_in) == (HAIZHU, GUANGZHOU)
        assert "1,819,037" in one.what.en
        assert {source for reason in one.reasons for source in reason.source} >= {"b2", "case c-1"}
        assert one.rule == "cn-covid-9ed"
        assert rounds(post) == []

    def test_is_not_proposed_for_people_found_in_isolation_or_with_a_known_source(self, post):
        find(post, 1, at=FIRST - 10 * HOUR, isolated=True)
        find(post, 2, at=FIRST - 9 * HOUR, exposed_by=1)

        assert review(post, FIRST) == 0

    def test_knows_the_source_of_somebody_whose_case_report_has_not_come(self, post):
        at = FIRST - 10 * HOUR
        with post.store.acting(post.viewer, desk="test", verb="put", why="test", at=at) as act:
            told = Exposure(
                id="x-9", area=STREET, source=node_id(person(1)), target=node_id(person(9))
            )
            act.put(EXPOSURES, [told])
        here = CasePlace(
            id="cp-9", area=STREET, case="c-9", person=person(9), place=place(f"{STREET} compound 甲 building 1"),
            found=at,
        )  # fmt: skip
        zoning.record_case_places(post, [here], at=at)

        assert review(post, FIRST) == 0

    def test_is_asked_of_the_province_where_several_districts_have_finds(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        find(post, 2, at=FIRST - 9 * HOUR, area=TIANHE, exposed_by=1)

        assert review(post, FIRST) == 2

        assert {(one.area, one.decided_in) for one in proposals(post)} == {
            (HAIZHU, PROVINCE), (TIANHE, PROVINCE),
        }  # fmt: skip

    def test_is_not_proposed_twice_nor_again_after_it_was_refused(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        review(post, FIRST)

        assert review(post, FIRST + HOUR) == 0
        decide(post, proposals(post)[0], Verdict.REFUSE, FIRST + 2 * HOUR)
        assert review(post, FIRST + 3 * HOUR) == 0

        assert proposals(post) == ()
        assert rounds(post) == []

    def test_lapses_with_its_day_and_is_proposed_anew(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        review(post, FIRST)
        before = proposals(post)[0].id

        assert review(post, FIRST + DAY) == 1

        assert [one.id for one in proposals(post, ProposalState.LAPSED)] == [before]
        assert len(proposals(post)) == 1

    def test_is_forbidden_by_the_ten_measures(self, post):
        at = datetime(2022, 12, 9, 8, tzinfo=CHINA)
        zoning.adopt(
            post, Adoption(id="ten", area=PROVINCE, version="cn-covid-10m", profile="guangdong-2022", at=at), at=at,
        )  # fmt: skip
        find(post, 1, at=at + HOUR)

        assert review(post, at + 10 * HOUR) == 0


class TestOrder:
    def test_opens_the_round_and_makes_the_swabbing_due(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        review(post, FIRST)

        decided = decide(post, proposals(post)[0], Verdict.ACCEPT, FIRST + HOUR)

        (made,) = rounds(post)
        assert (made.area, made.opened, made.closes) == (HAIZHU, FIRST + HOUR, FIRST + 25 * HOUR)
        assert made.rule == "cn-covid-9ed"
        with post.store.reading(post.viewer) as record:
            (task,) = record.nouns(TASKS, where={"cause": decided.order.id})
        assert (task.kind, task.due) == (screening.SWAB, made.closes)

        screening.close_round(post, made.id, why="everybody was swabbed", at=FIRST + 12 * HOUR)
        with post.store.reading(post.viewer) as record:
            (task,) = record.nouns(TASKS, where={"cause": decided.order.id})
        assert (task.state, task.finished) == (TaskState.DONE, FIRST + 12 * HOUR)

    def test_may_be_changed_to_the_streets_with_finds(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        review(post, FIRST)

        decide(post, proposals(post)[0], Verdict.CHANGE, FIRST + HOUR, alternative=0)

        assert [one.area for one in rounds(post)] == [STREET]
        assert review(post, FIRST + 2 * HOUR) == 0

    def test_says_what_is_wrong_with_a_line(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        review(post, FIRST)
        one = proposals(post)[0]
        good = one.lines[0]
        for terms, told in (({}, "disease"), ({"disease": "covid-19", "hours": 0}, "0 hours")):
            with pytest.raises(ValueError, match=told):
                decide(
                    post, one, Verdict.CHANGE, FIRST + HOUR,
                    lines=[calling.OrderLine(kind=good.kind, subject="r", area=HAIZHU, effective=FIRST, terms=terms)],
                )  # fmt: skip
        assert rounds(post) == []

    def test_needs_the_power_to_run_a_round(self, post, store):
        from dataclasses import replace

        from yipan.model import Duty

        with pytest.raises(NotAllowed):
            review(Post(store=store, viewer=replace(post.viewer, duty=Duty.TRACER)), FIRST)


class TestProgramme:
    def test_goes_on_daily_pauses_for_the_gap_confirms_and_ends(self, post):
        """Three clear rounds, three free days, one confirming round (annex of the ninth edition)."""
        find(post, 1, at=FIRST - 10 * HOUR)
        proposed = []
        for offset in range(12):
            at = FIRST + offset * DAY
            if review(post, at):
                (one,) = proposals(post)
                proposed.append(offset)
                decide(post, one, Verdict.ACCEPT, at + HOUR)
                screening.close_round(post, rounds(post)[-1].id, why="in", at=at + 23 * HOUR)

        assert proposed == [0, 1, 2, 6]

    def test_begins_again_with_a_new_find_in_the_gap(self, post):
        find(post, 1, at=FIRST - 10 * HOUR)
        for offset in range(3):
            accepted(post, FIRST + offset * DAY)
        assert review(post, FIRST + 3 * DAY) == 0
        find(post, 2, at=FIRST + 3 * DAY + HOUR, exposed_by=1)

        assert review(post, FIRST + 4 * DAY) == 1

        assert "round 4" in proposals(post)[0].what.en
