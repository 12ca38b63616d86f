"""What is proposed, decided, ordered, published and due: one act each, and never twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH
from yipan.model import (
    Alternative,
    Cost,
    Duty,
    NotAllowed,
    OrderLine,
    Proposal,
    ProposalState,
    Reason,
    Sentence,
    Task,
    TaskState,
    Verdict,
    Viewer,
    WrongStep,
)
from yipan.operations import commanding
from yipan.operations.post import Post
from yipan.store.tables.commanding import ORDERS, PROPOSALS, TASKS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

HOUR = timedelta(hours=1)
LINE = OrderLine(kind="trial.close", subject="x-1", area=GUANGZHOU, effective=TENTH + 2 * HOUR)
SMALLER = replace(LINE, subject="x-2")
PROPOSAL = Proposal(
    id="p-1", area=GUANGZHOU, desk="trial", kind="trial.close", subject="x-1",
    what=Sentence(zh="关闭", en="Close it"),
    reasons=(Reason(zh="有据", en="There is a reason", source=("a1",), confidence="high"),),
    by="system", made=TENTH, decided_in=GUANGZHOU, lines=(LINE,), cost=Cost(residents=120, person_days=600),
    alternatives=(Alternative(what=Sentence(zh="小一些", en="A smaller one"), lines=(SMALLER,)),),
    due=TENTH + 3 * HOUR, rule="cn-covid-20m",
)  # fmt: skip
PROVINCE_HALL = Viewer(user="gd", duty=Duty.COMMANDER, area=PROVINCE)
CITY = Viewer(user="gz", duty=Duty.COMMANDER, area=GUANGZHOU)
COMMUNITY = Viewer(user="street", duty=Duty.COMMUNITY, area=GUANGZHOU)
INSPECTOR = Viewer(user="eye", duty=Duty.INSPECTOR, area=PROVINCE)


def hand(act, order):
    """Make the notice due five hours after the decision, and somebody's work due a day later."""
    for kind, duty, hours in (("publish", Duty.COMMANDER, 5), ("watch", Duty.COMMUNITY, 24)):
        yield Task(
            id=f"t-{order.id}-{kind}", area=order.area, duty=duty, desk="trial", kind=kind, subject=order.id,
            what=Sentence(zh="做", en="Do it"), starts=order.decided, due=order.decided + hours * HOUR,
            measured_to="published", cause=order.id,
        )  # fmt: skip


HANDS = {"trial": hand}


@pytest.fixture
def posts(store):
    def at(viewer):
        return Post(store=store, viewer=viewer)

    return at


@pytest.fixture
def proposed(posts):
    commanding.propose(posts(PROVINCE_HALL), PROPOSAL, at=TENTH)


def decide(posts, verdict=Verdict.ACCEPT, *, viewer=CITY, at=TENTH + HOUR, hands=HANDS, **more):
    return commanding.decide(posts(viewer), "p-1", verdict=verdict, at=at, hands=hands, **more)


class TestProposal:
    def test_is_accepted_ordered_and_makes_its_tasks_due_in_one_act(self, store, posts, proposed):
        done = decide(posts, signer="区指挥部办公室", legal_basis=("71号",))

        with store.reading(CITY) as record:
            waiting = commanding.inbox(record, area=GUANGZHOU, at=TENTH + HOUR)
            order = commanding.order_of(record, done.order.id)
            acts = record.acts()
        assert waiting.proposals == ()
        assert [task.task.kind for task in waiting.tasks] == ["publish", "watch"]
        assert order.order.lines == (LINE,)
        assert (order.order.effective, order.order.rule) == (LINE.effective, "cn-covid-20m")
        assert (order.order.decider, order.order.signer) == ("gz", "区指挥部办公室")
        assert [act.verb for act in acts][-1] == "accept"
        assert store.verify() is None

    def test_is_seen_as_known_before_it_was_decided(self, store, posts, proposed):
        decide(posts)

        with store.reading(CITY, known_at=TENTH + timedelta(minutes=30)) as record:
            (waiting,) = commanding.inbox(record, area=GUANGZHOU, at=TENTH + HOUR / 2).proposals
        assert waiting.proposal == PROPOSAL
        assert waiting.may_decide
        assert waiting.late_hours == 0

    def test_is_changed_to_an_alternative_with_a_reason(self, posts, proposed):
        done = decide(posts, Verdict.CHANGE, alternative=0, reason="the other tower is empty")

        assert done.order.lines == (SMALLER,)
        assert done.proposal.state is ProposalState.CHANGED
        assert done.proposal.decision.reason == "the other tower is empty"

    def test_is_refused_and_orders_nothing(self, store, posts, proposed):
        done = decide(posts, Verdict.REFUSE, reason="nobody lives there")

        with store.reading(CITY) as record:
            assert record.count(ORDERS) == record.count(TASKS) == 0
        assert (done.order, done.tasks) == (None, ())

    @pytest.mark.parametrize("verdict", [Verdict.REFUSE, Verdict.CHANGE])
    def test_is_not_changed_or_refused_without_a_reason(self, store, posts, proposed, verdict):
        with pytest.raises(ValueError, match="the reason to"):
            decide(posts, verdict, **({"alternative": 0} if verdict is Verdict.CHANGE else {}))

        with store.reading(CITY) as record:
            assert record.noun(PROPOSALS, "p-1") == PROPOSAL

    def test_is_decided_once(self, posts, proposed):
        decide(posts)

        with pytest.raises(WrongStep, match="accepted already"):
            decide(posts, at=TENTH + 2 * HOUR)

    def test_of_a_city_that_the_province_decides_is_not_decided_by_the_city(self, store, posts):
        higher = replace(PROPOSAL, decided_in=PROVINCE)
        commanding.propose(posts(CITY), higher, at=TENTH)

        with pytest.raises(NotAllowed, match=r"command of 44\."):
            decide(posts)
        with store.reading(CITY) as record:
            (waiting,) = commanding.proposals(record, area=GUANGZHOU, at=TENTH)
        assert not waiting.may_decide
        assert decide(posts, viewer=PROVINCE_HALL).order

    def test_is_decided_only_with_the_power(self, posts, proposed):
        with pytest.raises(NotAllowed, match="does not include decide"):
            decide(posts, viewer=COMMUNITY)

    def test_whose_lines_nobody_carries_out_is_not_accepted(self, store, posts, proposed):
        with pytest.raises(ValueError, match="no desk carries out"):
            decide(posts, hands={})

        with store.reading(CITY) as record:
            assert record.noun(PROPOSALS, "p-1").state is ProposalState.OPEN

    def test_made_again_by_the_same_round_is_not_made_twice_even_when_refused(self, store, posts):
        def round_at(at):
            with store.acting(PROVINCE_HALL, desk="trial", verb="t", why="t", at=at) as act:
                return commanding.put_proposals(act, [replace(PROPOSAL, made=at)])

        assert round_at(TENTH) == 1
        decide(posts, Verdict.REFUSE, reason="no")
        assert round_at(TENTH + 2 * HOUR) == 0
        with store.reading(CITY) as record:
            assert record.noun(PROPOSALS, "p-1").state is ProposalState.REFUSED

    def test_overtaken_by_events_lapses_and_says_why(self, store, posts, proposed):
        with store.acting(PROVINCE_HALL, desk="trial", verb="t", why="t", at=TENTH) as act:
            assert commanding.lapse(act, ["p-1"], why="a new case was found") == 1

        with store.reading(CITY) as record:
            assert record.noun(PROPOSALS, "p-1").lapsed == "a new case was found"
        with pytest.raises(WrongStep, match="lapsed already"):
            decide(posts)

    def test_of_another_city_is_not_seen(self, store, posts, proposed):
        with store.reading(Viewer(user="sz", duty=Duty.COMMANDER, area=SHENZHEN)) as record:
            assert commanding.inbox(record, area=SHENZHEN, at=TENTH).proposals == ()


class TestOrder:
    def test_published_in_time_ends_the_task_to_tell_the_public(self, store, posts, proposed):
        order = decide(posts).order

        told = commanding.publish(posts(CITY), order.id, at=TENTH + 4 * HOUR)

        with store.reading(CITY) as record:
            found = commanding.tasks(record, area=GUANGZHOU, at=TENTH + 9 * HOUR, running=False)
        publish = next(task for task in found if task.task.kind == "publish")
        assert told.published == TENTH + 4 * HOUR
        assert (publish.task.state, publish.late_hours) == (TaskState.DONE, 0)
        with pytest.raises(WrongStep, match="was published at"):
            commanding.publish(posts(CITY), order.id, at=TENTH + 5 * HOUR)

    def test_without_a_proposal_needs_its_reason(self, posts):
        with pytest.raises(ValueError, match="reason in words"):
            commanding.order(
                posts(CITY), area=GUANGZHOU, lines=(LINE,), reason=" ", at=TENTH, hands=HANDS
            )

    def test_of_the_province_is_seen_by_the_city_it_touches(self, store, posts):
        made = commanding.order(
            posts(PROVINCE_HALL), area=PROVINCE, lines=(LINE,), reason="two districts", at=TENTH, hands=HANDS
        ).order  # fmt: skip

        with store.reading(CITY) as record:
            assert commanding.orders(record, area=GUANGZHOU) == (made,)
        shenzhen = Viewer(user="sz", duty=Duty.COMMANDER, area=SHENZHEN)
        with store.reading(shenzhen) as record:
            assert commanding.orders(record, area=SHENZHEN) == ()


class TestTask:
    @pytest.fixture
    def watch(self, posts, proposed):
        return next(task.id for task in decide(posts).tasks if task.kind == "watch")

    def test_is_acknowledged_done_and_verified_by_another(self, posts, watch):
        at = TENTH + 2 * HOUR

        commanding.acknowledge(posts(COMMUNITY), watch, at=at)
        commanding.report_done(posts(COMMUNITY), watch, at=at + HOUR, note="doors counted")
        done = commanding.verify(posts(INSPECTOR), watch, at=at + 2 * HOUR)

        assert [step.to.value for step in done.steps] == ["acknowledged", "done", "verified"]
        assert done.finished == at + HOUR

    def test_found_wanting_is_open_again(self, posts, watch):
        commanding.report_done(posts(COMMUNITY), watch, at=TENTH + 2 * HOUR)

        back = commanding.step(
            posts(INSPECTOR), watch, to=TaskState.OPEN, at=TENTH + 3 * HOUR, note="one door was missed"
        )  # fmt: skip

        assert (back.state, back.finished) == (TaskState.OPEN, None)

    def test_is_not_verified_by_who_did_it(self, posts, watch):
        commanding.report_done(posts(CITY), watch, at=TENTH + 2 * HOUR)

        with pytest.raises(WrongStep, match="cannot verify it as well"):
            commanding.verify(posts(CITY), watch, at=TENTH + 3 * HOUR)

    def test_is_late_only_past_its_limit(self, store, watch):
        with store.reading(CITY) as record:
            at_limit = commanding.overdue(record, area=GUANGZHOU, at=TENTH + 6 * HOUR)
            after = commanding.overdue(record, area=GUANGZHOU, at=TENTH + 26 * HOUR)
        assert at_limit == ()
        assert [(task.task.kind, task.late_hours) for task in after] == [
            ("publish", 20),
            ("watch", 1),
        ]

    def test_is_not_for_another_duty(self, posts, watch):
        with pytest.raises(NotAllowed, match="for the duty of community"):
            commanding.report_done(
                posts(Viewer(user="lab", duty=Duty.LABORATORY, area=GUANGZHOU)),
                watch,
                at=TENTH + HOUR,
            )

    def test_goes_no_step_that_is_not_in_the_table(self, posts, watch):
        with pytest.raises(WrongStep, match="cannot become verified"):
            commanding.verify(posts(INSPECTOR), watch, at=TENTH + 2 * HOUR)

    def test_is_assigned_once(self, posts):
        task = Task(
            id="t-own", area=GUANGZHOU, duty=Duty.TRACER, desk="trial", kind="call", subject="x",
            what=Sentence(zh="打电话", en="Call"), starts=TENTH, due=None, measured_to="call made",
        )  # fmt: skip
        commanding.assign(posts(CITY), task, at=TENTH)

        with pytest.raises(ValueError, match="in the record already"):
            commanding.assign(posts(CITY), task, at=TENTH)
