"""Chains against the line, and the alarm as a proposal: raised with reasons and levers, decided by a person, let go when over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN
from yipan.model import (
    Assumed,
    BottomLineState,
    Case,
    Classification,
    Counted,
    Duty,
    NotAllowed,
    ProposalState,
    Stream,
    TransmissionChain,
    Verdict,
    Viewer,
    person_id,
)
from yipan.operations import commanding, day, line_alarms, outlook
from yipan.operations.post import Post
from yipan.packs.assumptions import read_assumptions
from yipan.store.tables.commanding import PROPOSALS
from yipan.store.tables.tracing import CHAINS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2022, 10, 11)
GROWS = [2, 3, 3, 4, 5, 6, 6, 8, 9, 10, 12, 13, 15, 18, 20, 22, 26, 29, 33, 38, 43, 48, 55, 62, 70]
MORNING = datetime(2022, 11, 5, 1, tzinfo=UTC)
"""Nine in the morning of the day after the series above ends, which is its 26th."""
TODAY = date(2022, 11, 5)


def count(store, area, values, *, first=FIRST, at):
    stream = Stream(disease="covid-19", counted=Counted.LOCAL_INFECTIONS)
    frame = pl.DataFrame(
        [(area, stream.key, first + timedelta(days=i), v, "t") for i, v in enumerate(values)],
        schema={"area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "source": pl.String},
        orient="row",
    )  # fmt: skip
    with store.acting(store.system(), desk="t", verb="t", why="t", at=at) as act:
        act.put_counts(frame, published=True)


def put_chain(store, area, days, *, at, active=True, name="c"):
    cases = [
        Case(
            id=f"{name}-{i}", person=person_id(f"p-{i:012x}"), area=area, disease="covid-19",
            classification=Classification.CONFIRMED, reported=MORNING - timedelta(days=26 - each),
        )
        for i, each in enumerate(days)
    ]  # fmt: skip
    chain = TransmissionChain(
        id=f"covid-19:{name}-0", area=area, disease="covid-19", root=f"{name}-0",
        cases=tuple(case.id for case in cases), generations=2, first_day=None, last_day=None, active=active,
    )  # fmt: skip
    with store.acting(store.system(), desk="t", verb="t", why="t", at=at) as act:
        act.put_cases(cases)
        act.put(CHAINS, [chain])
    return chain


def post_of(store):
    return Post(store=store, viewer=store.system())


def lines_of(store):
    with store.reading(store.system()) as record:
        return {b.subject: b for b in outlook.recorded_lines(record, area=PROVINCE)}


def proposals(store, state=None):
    with store.reading(store.system()) as record:
        found = record.nouns(PROPOSALS, where={"desk": "outlook"})
    return [p for p in found if state is None or p.state is state]


@pytest.fixture
def drawn(store):
    """Guangzhou grows; the province's line is nine hundred cases in any one place."""
    count(store, GUANGZHOU, GROWS, at=MORNING)
    count(store, SHENZHEN, [0] * 25, at=MORNING)
    outlook.draw_line(
        post_of(store), area=PROVINCE, limit=900, alarm_at=0.05, why="beds", at=MORNING
    )
    return store


def look(store, *, days=0, hours=1):
    outlook.look_ahead(
        post_of(store), at=MORNING + timedelta(days=days, hours=hours), time_zone=ZONE
    )


class TestAChain:
    def test_is_judged_beside_its_area_by_the_age_of_its_cases(self, drawn):
        chain = put_chain(drawn, SHENZHEN, (22, 24, 25, 25), at=MORNING)

        look(drawn)

        found = lines_of(drawn)[chain.id]
        assert (found.area, found.chain) == (SHENZHEN, chain.id)
        assert (found.line.seen, found.line.active) == (4, 4)
        assert found.resting_on == PROVINCE
        assert 0 < found.line.probability < 1
        assert "serial interval 2.7 d" in found.assuming

    def test_of_old_cases_is_quiet_and_of_one_no_longer_active_not_judged(self, drawn):
        old = put_chain(drawn, SHENZHEN, (2, 3), at=MORNING, name="old")
        put_chain(drawn, SHENZHEN, (2, 3), at=MORNING, name="over", active=False)

        look(drawn)

        found = lines_of(drawn)
        assert found[old.id].line.state is BottomLineState.QUIET
        assert "covid-19:over-0" not in found

    def test_where_nobody_counts_rests_on_the_cases_on_record(self, store):
        outlook.draw_line(
            post_of(store), area=PROVINCE, limit=5, alarm_at=0.05, why="beds", at=MORNING
        )
        chain = put_chain(store, SHENZHEN, (18, 20, 22, 24), at=MORNING)

        look(store)

        found = lines_of(store)[chain.id]
        assert found.line.state is BottomLineState.ALARM
        assert "the cases on record" in found.assuming

    def test_can_be_tried_against_a_line_nobody_drew(self, drawn):
        chain = put_chain(drawn, SHENZHEN, (24, 25), at=MORNING)

        with drawn.reading(drawn.system()) as record:
            strict, wide = (
                next(
                    b.line.probability
                    for b in outlook.what_if(
                        record, area=PROVINCE, until=TODAY, limit=n, alarm_at=0.05,
                        time_zone=ZONE,
                    )
                    if b.chain == chain.id
                )
                for n in (10, 1000)
            )  # fmt: skip

        assert wide < strict


class TestAnAlarm:
    def test_is_a_proposal_to_the_command_that_drew_the_line(self, drawn):
        look(drawn)

        (made,) = proposals(drawn)
        assert (made.area, made.decided_in) == (GUANGZHOU, PROVINCE)
        assert made.state is ProposalState.OPEN
        assert "beds" in made.reasons[0].en
        assert "chance to end above it" in made.reasons[1].en
        assert [len(each.lines) for each in made.alternatives] == [1, 1, 0]
        assert made.alternatives[-1].risk_outside == pytest.approx(
            lines_of(drawn)[GUANGZHOU].line.probability
        )

    def test_asks_for_the_least_that_is_enough(self, drawn):
        look(drawn)

        (made,) = proposals(drawn)
        chance = made.lines[0].terms["chance_after"]
        order = list(line_alarms.LEVERS)
        weaker = order[: order.index(made.lines[0].terms["lever"])]
        told = {lever.name: lever.probability for lever in lines_of(drawn)[GUANGZHOU].line.levers}
        assert chance < 0.05 or made.lines[0].terms["lever"] == order[-1]
        assert all(told[name] >= 0.05 for name in weaker)

    def test_waits_in_the_inbox_and_is_made_once(self, drawn):
        look(drawn)
        look(drawn, hours=2)

        with drawn.reading(drawn.system()) as record:
            waiting = commanding.inbox(record, area=PROVINCE, at=MORNING + timedelta(hours=3))
        assert [each.proposal.kind for each in waiting.proposals] == [line_alarms.ALARM]

    def test_accepted_makes_a_task_and_restricts_nobody(self, drawn):
        look(drawn)
        (made,) = proposals(drawn)
        chief = Viewer(user="chief", duty=Duty.COMMANDER, area=PROVINCE)

        decided = day.decide(
            Post(store=drawn, viewer=chief), made.id, verdict=Verdict.ACCEPT, at=MORNING + timedelta(hours=3)
        )  # fmt: skip

        assert decided.order is not None
        assert decided.order.lines[0].kind == line_alarms.TIGHTEN
        (task,) = decided.tasks
        assert task.area == GUANGZHOU
        assert task.duty is Duty.EPIDEMIOLOGIST

    def test_can_be_answered_by_another_lever(self, drawn):
        look(drawn)
        (made,) = proposals(drawn)

        decided = day.decide(
            post_of(drawn), made.id, verdict=Verdict.CHANGE, alternative=0, reason="staff at hand",
            at=MORNING + timedelta(hours=3),
        )  # fmt: skip

        assert decided.order.lines[0].terms["lever"] != made.lines[0].terms["lever"]

    def test_is_not_decided_by_an_analyst(self, drawn):
        look(drawn)
        (made,) = proposals(drawn)
        analyst = Post(store=drawn, viewer=Viewer(user="a", duty=Duty.ANALYST, area=PROVINCE))

        with pytest.raises(NotAllowed):
            day.decide(analyst, made.id, verdict=Verdict.ACCEPT, at=MORNING + timedelta(hours=3))

    def test_lapses_when_it_no_longer_holds(self, drawn):
        look(drawn)
        fades = [30, 10, 2, 1, *[0] * 16]
        later = MORNING + timedelta(days=20)
        count(drawn, GUANGZHOU, fades, first=TODAY, at=later)
        count(drawn, SHENZHEN, [0] * 20, first=TODAY, at=later)

        look(drawn, days=20)

        (made,) = proposals(drawn)
        assert made.state is ProposalState.LAPSED
        assert "no longer above the line" in made.lapsed

    def test_refused_is_not_raised_again_while_it_lasts(self, drawn):
        look(drawn)
        (made,) = proposals(drawn)
        day.decide(
            post_of(drawn), made.id, verdict=Verdict.REFUSE, reason="we wait", at=MORNING + timedelta(hours=3)
        )  # fmt: skip
        count(drawn, GUANGZHOU, [78], first=TODAY, at=MORNING + timedelta(days=1))

        look(drawn, days=1)

        assert [p.state for p in proposals(drawn)] == [ProposalState.REFUSED]

    def test_of_a_line_drawn_anew_is_another_one(self, drawn):
        look(drawn)
        outlook.draw_line(
            post_of(drawn), area=PROVINCE, limit=800, alarm_at=0.05, why="fewer beds",
            at=MORNING + timedelta(hours=2),
        )  # fmt: skip

        look(drawn, hours=3)

        states = sorted(p.state.value for p in proposals(drawn))
        assert states == ["lapsed", "open"]

    def test_of_a_chain_stands_for_that_of_its_area(self, store):
        count(store, SHENZHEN, [0] * 15 + [1, 0, 1, 1, 2, 2, 3, 3, 4, 6], at=MORNING)
        outlook.draw_line(
            post_of(store), area=PROVINCE, limit=60, alarm_at=0.05, why="beds", at=MORNING
        )
        chain = put_chain(store, SHENZHEN, (20, 21, 22, 22, 23, 24, 24, 25, 25, 25), at=MORNING)

        look(store)

        assert lines_of(store)[SHENZHEN].line.state is BottomLineState.ALARM
        assert [p.subject for p in proposals(store)] == [chain.id]

    def test_beyond_the_line_asks_for_a_judgement_and_orders_nothing(self, drawn):
        outlook.draw_line(
            post_of(drawn), area=PROVINCE, limit=100, alarm_at=0.05, why="beds", at=MORNING + timedelta(minutes=5)
        )  # fmt: skip

        look(drawn)

        (made,) = proposals(drawn)
        assert made.kind == line_alarms.EXCEEDED
        assert made.lines == ()


class TestAssumptions:
    def test_of_a_command_take_the_place_of_those_that_come_along(self, drawn):
        slow = read_assumptions("covid-19")[-1]
        figures = tuple(
            replace(f, values=(6.0,), low=None, high=None, source="our own pairs")
            if f.name == "serial_interval_days"
            else f
            for f in slow.figures
        )
        with drawn.reading(drawn.system()) as record:
            before = outlook.shown_reproduction(record, area=GUANGZHOU, until=TODAY)[0]
        outlook.put_assumptions(
            post_of(drawn), area=GUANGZHOU, blocks=[replace(slow, figures=figures)], why="pairs", at=MORNING
        )  # fmt: skip

        with drawn.reading(drawn.system()) as record:
            after = outlook.shown_reproduction(record, area=GUANGZHOU, until=TODAY)[0]
            province = outlook.assumptions(record, area=PROVINCE, day=TODAY)

        assert after.estimate.value > before.estimate.value
        assert "serial interval 6 d" in after.assuming
        assert province.value("serial_interval_days") == 2.7

    def test_need_a_reason(self, store):
        with pytest.raises(ValueError, match="say why"):
            outlook.put_assumptions(
                post_of(store),
                area=PROVINCE,
                blocks=read_assumptions("covid-19"),
                why=" ",
                at=MORNING,
            )

    def test_refuse_a_figure_that_cannot_be_meant(self):
        with pytest.raises(ValueError, match=r"found_share is 7; expected 0\.001 to 1"):
            Assumed(name="found_share", values=(7.0,), assumption=True)
