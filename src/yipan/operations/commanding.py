"""
Commanding: what is proposed, decided, ordered, published and due. The machinery every desk orders through.

A desk puts proposals on record, and gives a hand that carries out the lines of its orders; the rest is here.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from yipan.model import (
    DECIDED,
    AreaPath,
    Decision,
    Duty,
    NotAllowed,
    Order,
    OrderLine,
    Power,
    Proposal,
    ProposalState,
    Task,
    TaskState,
    TaskStep,
    Verdict,
    Viewer,
    WrongStep,
    ancestors_of,
    check_area,
    check_may,
)
from yipan.operations.post import Post
from yipan.store import Acting, Record
from yipan.store.tables.commanding import ORDERS, PROPOSALS, TASKS

DESK = "commanding"
PUBLISH = "publish"
"""The kind of the task that ends when its order is published."""

Hand = Callable[[Acting, Order], Iterable[Task]]
"""Carries out the lines of a desk in an order, within its act, and returns the tasks they make due."""
Hands = Mapping[str, Hand]
"""The hand for each desk named by an order line."""

RUNNING = (TaskState.OPEN.value, TaskState.ACKNOWLEDGED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision with what followed: the order, None where nothing was ordered, and the tasks it made due."""

    proposal: Proposal
    order: Order | None
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order with the tasks it made due."""

    order: Order = field(metadata={"inline": True})
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingProposal:
    """A proposal, whether the viewer may decide it, and by how many hours its decision is late (0 in time)."""

    proposal: Proposal = field(metadata={"inline": True})
    may_decide: bool
    late_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTask:
    """A task, whether it is running past its limit, and by how many hours it is or was late (0 in time)."""

    task: Task = field(metadata={"inline": True})
    overdue: bool
    late_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What waits at a post at an instant: open proposals and running tasks, the most pressing first."""

    at: datetime
    proposals: tuple[WaitingProposal, ...]
    tasks: tuple[DueTask, ...]


def mark(*parts: object) -> str:
    """
    Return the short id that the same parts always make, so that the same proposal is made once; an instant is the
    same in every time zone.

    >>> mark("zoning", "lower", "z-1") == mark("zoning", "lower", "z-1")
    True
    """
    text = "\x1f".join(
        part.astimezone(UTC).isoformat() if isinstance(part, datetime) else str(part)
        for part in parts
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def propose(post: Post, proposal: Proposal, *, at: datetime) -> Proposal:
    """Put a person's proposal on record. Raises NotAllowed, NotYourArea, ValueError for an id already known."""
    check_may(post.viewer, Power.PROPOSE)
    check_area(post.viewer, proposal.area)
    with post.store.acting(
        post.viewer, desk=proposal.desk, verb="propose", rule=proposal.rule, subject=proposal.id,
        area=proposal.area, why=proposal.reasons[0].en, at=at,
    ) as act:  # fmt: skip
        if not put_proposals(act, [proposal]):
            raise ValueError(f"proposal {proposal.id} is in the record already")
    return proposal


def put_proposals(act: Acting, proposals: Iterable[Proposal]) -> int:
    """
    Put proposals on record within a desk's own act and return how many were new.

    One whose id is known already is left as it stands, open or decided: a round done again proposes nothing
    twice. One that had lapsed is open again. Make ids with `mark`, from what would make it another proposal.
    """
    given = {proposal.id: proposal for proposal in proposals}
    known = act.nouns(PROPOSALS, where={"id": list(given)}) if given else ()
    for proposal in known:
        if proposal.state is not ProposalState.LAPSED:
            del given[proposal.id]
    act.put(PROPOSALS, given.values())
    return len(given)


def lapse(act: Acting, ids: Collection[str], *, why: str) -> int:
    """Let open proposals lapse that events have overtaken, within a desk's own act; return how many."""
    found = act.nouns(PROPOSALS, where={"id": list(ids), "state": "open"}) if ids else ()
    act.put(PROPOSALS, [replace(p, state=ProposalState.LAPSED, lapsed=why) for p in found])
    return len(found)


def decide(
    post: Post,
    proposal: str,
    *,
    verdict: Verdict,
    at: datetime,
    hands: Hands,
    reason: str = "",
    lines: Sequence[OrderLine] = (),
    alternative: int | None = None,
    signer: str = "",
    number: str = "",
    legal_basis: Sequence[str] = (),
) -> Decided:
    """
    Decide an open proposal: accept it, change it (by lines, or by the number of an alternative, from 0), refuse it.

    Accepting and changing make the order, carry out its lines by the hands of their desks, and put on record
    what it makes due: all of it or none. What was proposed takes effect when it is decided, if that is later than
    the instant proposed; lines given with a change keep theirs. Raises NotAllowed without the power or where a higher command
    decides, WrongStep where it was decided before, ValueError for what cannot be meant.
    """
    with post.store.reading(post.viewer) as record:
        area = record.noun(PROPOSALS, proposal).area
    with post.store.acting(
        post.viewer, desk=DESK, verb=verdict.value, subject=proposal, area=area, at=at,
        why=reason or f"{verdict.value}ed as proposed",
    ) as act:  # fmt: skip
        found = act.noun(PROPOSALS, proposal)
        _check_may_decide(post.viewer, found)
        if found.state is not ProposalState.OPEN:
            raise WrongStep(
                f"proposal {proposal} is {found.state.value} already; it is decided once"
            )
        if alternative is not None:
            lines = _not_before(_alternative(found, alternative, verdict), act.moment)
        decision = Decision(
            verdict=verdict, by=post.viewer.user, duty=post.viewer.duty, power=found.power, at=act.moment,
            reason=reason, lines=tuple(lines),
        )  # fmt: skip
        decided = replace(found, state=DECIDED[verdict], decision=decision)
        act.put(PROPOSALS, [decided])
        ordered = (
            decision.lines if verdict is Verdict.CHANGE else _not_before(found.lines, act.moment)
        )
        if verdict is Verdict.REFUSE or not ordered:
            return Decided(proposal=decided, order=None, tasks=())
        order = Order(
            id=f"o-{act.number}", area=found.area, lines=ordered,
            effective=min(line.effective for line in ordered), decided=act.moment,
            decider=post.viewer.user, signer=signer, signed=act.moment if signer else None,
            number=number, legal_basis=tuple(legal_basis), rule=found.rule, proposal=found.id, reason=reason,
        )  # fmt: skip
        tasks = _carry_out(act, order, hands)
    return Decided(proposal=decided, order=order, tasks=tasks)


def order(
    post: Post,
    *,
    area: AreaPath,
    lines: Sequence[OrderLine],
    reason: str,
    at: datetime,
    hands: Hands,
    signer: str = "",
    signed: datetime | None = None,
    number: str = "",
    legal_basis: Sequence[str] = (),
    rule: str = "",
) -> Ordered:
    """Order something that nobody proposed: the same act as a decision, with its own reason."""
    check_may(post.viewer, Power.DECIDE)
    check_area(post.viewer, area)
    if not reason.strip():
        raise ValueError("an order without a proposal needs its reason in words")
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="order",
        rule=rule,
        subject=number,
        area=area,
        why=reason,
        at=at,
    ) as act:
        made = Order(
            id=f"o-{act.number}", area=area, lines=tuple(lines),
            effective=min((line.effective for line in lines), default=at), decided=act.moment,
            decider=post.viewer.user, signer=signer, signed=signed or (act.moment if signer else None),
            number=number, legal_basis=tuple(legal_basis), rule=rule, reason=reason,
        )  # fmt: skip
        tasks = _carry_out(act, made, hands)
    return Ordered(order=made, tasks=tasks)


def publish(
    post: Post,
    order: str,
    *,
    at: datetime,
    published: datetime | None = None,
    number: str = "",
    signer: str = "",
) -> Order:
    """
    Say that the public was told of an order, at `published` or now, and end the task to do so.

    Raises NotAllowed, NotFound, WrongStep where it was published before, ValueError for an order about people.
    """
    check_may(post.viewer, Power.PUBLISH)
    with post.store.reading(post.viewer) as record:
        area = record.noun(ORDERS, order).area
    check_area(post.viewer, area)
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="publish",
        subject=order,
        area=area,
        why="the public was told",
        at=at,
    ) as act:
        found = act.noun(ORDERS, order)
        if found.names_people:
            raise ValueError(
                f"order {order} is about people; it is told to them, never to the public"
            )
        if found.published is not None:
            raise WrongStep(f"order {order} was published at {found.published.isoformat()} already")
        told = replace(
            found, published=published or act.moment, number=number or found.number,
            signer=signer or found.signer, signed=found.signed or (act.moment if signer else None),
        )  # fmt: skip
        act.put(ORDERS, [told])
        due = [
            t
            for t in act.nouns(TASKS, where={"cause": order, "state": RUNNING})
            if t.kind == PUBLISH
        ]
        step = TaskStep(to=TaskState.DONE, at=act.moment, by=post.viewer.user)
        act.put(TASKS, [task.stepped(step, finished=told.published) for task in due])
    return told


def assign(post: Post, task: Task, *, at: datetime) -> Task:
    """Put a task on record for whoever holds its duty in its area. Raises NotAllowed, NotYourArea."""
    check_may(post.viewer, Power.ASSIGN)
    check_area(post.viewer, task.area)
    with post.store.acting(
        post.viewer, desk=task.desk, verb="assign", rule=task.rule, subject=task.id, area=task.area,
        why=task.what.en, at=at,
    ) as act:  # fmt: skip
        if not put_tasks(act, [task]):
            raise ValueError(f"task {task.id} is in the record already")
    return task


def put_tasks(act: Acting, tasks: Iterable[Task]) -> int:
    """Put tasks on record within a desk's own act and return how many were new; known ones stay as they stand."""
    given = {task.id: task for task in tasks}
    for task in act.nouns(TASKS, where={"id": list(given)}) if given else ():
        del given[task.id]
    act.put(TASKS, given.values())
    return len(given)


def acknowledge(post: Post, task: str, *, at: datetime, note: str = "") -> Task:
    """Say that the task was read and is being done."""
    return step(post, task, to=TaskState.ACKNOWLEDGED, at=at, note=note)


def report_done(
    post: Post, task: str, *, at: datetime, note: str = "", finished: datetime | None = None
) -> Task:
    """Say that the task was done, at the instant its limit is measured to (now where `finished` is None)."""
    return step(post, task, to=TaskState.DONE, at=at, note=note, finished=finished)


def verify(post: Post, task: str, *, at: datetime, note: str = "") -> Task:
    """Say that somebody else looked and found it done."""
    return step(post, task, to=TaskState.VERIFIED, at=at, note=note)


def step(
    post: Post,
    task: str,
    *,
    to: TaskState,
    at: datetime,
    note: str = "",
    finished: datetime | None = None,
) -> Task:
    """
    Take a task one step along the table of allowed steps.

    Working on it is for its duty or the command, verifying and sending back for those who verify, cancelling
    for those who assign. Raises NotAllowed, NotFound, WrongStep, ValueError where it was finished later than now.
    """
    with post.store.reading(post.viewer) as record:
        area = record.noun(TASKS, task).area
    check_area(post.viewer, area)
    with post.store.acting(
        post.viewer, desk=DESK, verb=f"task_{to.value}", subject=task, area=area, at=at,
        why=note or f"the task is {to.value}",
    ) as act:  # fmt: skip
        found = act.noun(TASKS, task)
        _check_may_step(post.viewer, found, to)
        if finished is not None and finished > act.moment:
            raise ValueError(
                f"finished at {finished.isoformat()} lies in the future of {at.isoformat()}"
            )
        taken = TaskStep(to=to, at=act.moment, by=post.viewer.user, note=note)
        stepped = found.stepped(taken, finished=finished)
        act.put(TASKS, [stepped])
    return stepped


def proposals(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    state: ProposalState | None = None,
    desk: str | None = None,
    subject: str | None = None,
) -> tuple[WaitingProposal, ...]:
    """Return the proposals in an area, those whose decision is due first before the others, then the newest."""
    check_area(record.viewer, area)
    where = {"state": state.value if state else None, "desk": desk, "subject": subject}
    found = record.nouns(PROPOSALS, under=area, where=where)
    shown = [
        WaitingProposal(
            proposal=proposal, may_decide=_may_decide(record.viewer, proposal),
            late_hours=_late_hours(proposal, at),
        )
        for proposal in found
    ]  # fmt: skip
    far = datetime.max.replace(tzinfo=at.tzinfo)
    return tuple(
        sorted(
            shown,
            key=lambda w: (w.proposal.due or far, -w.proposal.made.timestamp(), w.proposal.id),
        )
    )


def tasks(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    running: bool = True,
    duty: Duty | None = None,
    subject: str | None = None,
    cause: str | None = None,
) -> tuple[DueTask, ...]:
    """Return the tasks in an area, running ones only unless `running` is False, the earliest due first."""
    check_area(record.viewer, area)
    where = {
        "state": RUNNING if running else None, "duty": duty.value if duty else None, "subject": subject,
        "cause": cause,
    }  # fmt: skip
    far = datetime.max.replace(tzinfo=at.tzinfo)
    found = sorted(record.nouns(TASKS, under=area, where=where), key=lambda t: (t.due or far, t.id))
    return tuple(
        DueTask(
            task=task, overdue=task.is_running and bool(task.late_by(at)),
            late_hours=task.late_by(at).total_seconds() / 3600,
        )
        for task in found
    )  # fmt: skip


def overdue(record: Record, *, area: AreaPath, at: datetime) -> tuple[DueTask, ...]:
    """Return the running tasks in an area whose limit has passed at `at`, the latest first."""
    return tuple(task for task in tasks(record, area=area, at=at) if task.overdue)


def orders(record: Record, *, area: AreaPath) -> tuple[Order, ...]:
    """Return the orders that touch an area, those of the commands above among them, the newest decided first."""
    above = ancestors_of(area)
    found = {o.id: o for o in record.nouns(ORDERS, under=area)}
    if above:
        for one in record.nouns(ORDERS, where={"area": list(above)}):
            if any(line.area.startswith(area) or area.startswith(line.area) for line in one.lines):
                found[one.id] = one
    return tuple(sorted(found.values(), key=lambda o: (o.decided, o.id), reverse=True))


def order_of(record: Record, id: str) -> Ordered:
    """Return one order with the tasks it made due. Raises NotFound."""
    return Ordered(order=record.noun(ORDERS, id), tasks=record.nouns(TASKS, where={"cause": id}))


def inbox(record: Record, *, area: AreaPath, at: datetime) -> Inbox:
    """Return what waits in an area at an instant: open proposals, and running tasks of every duty."""
    return Inbox(
        at=at,
        proposals=proposals(record, area=area, at=at, state=ProposalState.OPEN),
        tasks=tasks(record, area=area, at=at),
    )


def _carry_out(act: Acting, made: Order, hands: Hands) -> tuple[Task, ...]:
    missing = sorted({line.desk for line in made.lines} - set(hands))
    if missing:
        raise ValueError(f"no desk carries out order lines of {missing}; known: {sorted(hands)}")
    act.put(ORDERS, [made])
    due = [
        task
        for desk in dict.fromkeys(line.desk for line in made.lines)
        for task in hands[desk](act, made)
    ]
    put_tasks(act, due)
    return tuple(due)


def _not_before(lines: Iterable[OrderLine], moment: datetime) -> tuple[OrderLine, ...]:
    """What was decided late takes effect late: an order does not undo the hours that have passed."""
    return tuple(replace(line, effective=max(line.effective, moment)) for line in lines)


def _alternative(found: Proposal, number: int, verdict: Verdict) -> tuple[OrderLine, ...]:
    if verdict is not Verdict.CHANGE:
        raise ValueError(f"an alternative goes with a change, not with {verdict.value}")
    if not 0 <= number < len(found.alternatives):
        raise ValueError(
            f"alternative {number} of proposal {found.id}; it has {len(found.alternatives)}, counted from 0"
        )
    return found.alternatives[number].lines


def _may_decide(viewer: Viewer, proposal: Proposal) -> bool:
    return viewer.may(proposal.power) and proposal.decided_in.startswith(viewer.area)


def _check_may_decide(viewer: Viewer, proposal: Proposal) -> None:
    check_may(viewer, proposal.power)
    if not proposal.decided_in.startswith(viewer.area):
        raise NotAllowed(
            f"proposal {proposal.id} is decided by the command of {proposal.decided_in}, "
            f"not by that of {viewer.area}"
        )


def _check_may_step(viewer: Viewer, task: Task, to: TaskState) -> None:
    if to in {TaskState.VERIFIED, TaskState.OPEN}:
        check_may(viewer, Power.VERIFY)
    elif to is TaskState.CANCELLED:
        check_may(viewer, Power.ASSIGN)
    else:
        check_may(viewer, Power.WORK)
        if viewer.duty not in {task.duty, Duty.COMMANDER}:
            raise NotAllowed(
                f"task {task.id} is for the duty of {task.duty.value}, not for {viewer.duty.value}"
            )


def _late_hours(proposal: Proposal, at: datetime) -> float:
    if proposal.due is None or proposal.state is ProposalState.LAPSED:
        return 0.0
    until = proposal.decision.at if proposal.decision else at
    return max(0.0, (until - proposal.due).total_seconds() / 3600)
