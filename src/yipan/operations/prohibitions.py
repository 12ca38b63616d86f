"""
The nine prohibitions, watched: everything in force against the most the adopted protocol allows.

A finding goes to the level above as a case: put right by a task, re-checked, then closed. Complaints stand beside it
and never decide it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from yipan.model import (
    AreaPath,
    Duty,
    Evidence,
    FindingOnRecord,
    LocalMeasure,
    NotAllowed,
    Power,
    Sentence,
    Task,
    TaskState,
    TaskStep,
    WrongStep,
    ancestors_of,
    check_area,
    check_may,
)
from yipan.operations import commanding, plans, zoning
from yipan.operations.measures import asked as as_rule
from yipan.operations.post import Post
from yipan.protocol.rules import prohibitions as rules
from yipan.store import Acting, Change, NotFound, Record
from yipan.store.nouns import OpenAfter
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.prohibitions import FINDINGS, MEASURES

DESK = "prohibitions"
RECTIFY = "rectify"
"""The kind of the task to put a finding right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """A finding with its task and by how many hours putting it right is late at the instant asked about."""

    finding: FindingOnRecord = field(metadata={"inline": True})
    state: str
    late_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessList:
    """People and person-hours held beyond the protocol in a span, and the findings that make them up."""

    area: AreaPath
    since: datetime
    until: datetime
    people: int
    person_hours: float
    people_unknown: int
    findings: tuple[FindingOnRecord, ...]


def record_measures(post: Post, measures: Sequence[LocalMeasure], *, at: datetime) -> Change:
    """Put local measures on record. Raises ValueError naming the measure whose terms its kind does not understand."""
    check_may(post.viewer, Power.WORK)
    for one in measures:
        as_rule(one)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_measures", why="measures taken locally", at=at
    ) as act:
        return act.put(MEASURES, measures)


def check(record: Record, *, area: AreaPath, at: datetime) -> tuple[rules.Finding, ...]:
    """
    Check everything in force in an area against the version its command adopted: zones on their clocks, classes the
    version does not have, plans of people past the end they have by the rule, and every local measure on record. What is well is among the answers, as `ok`.

    Areas without an adopted version have no ceiling and give no finding.
    """
    check_area(record.viewer, area)
    asked: dict[AreaPath, list[rules.Measure]] = {}
    refused = {
        one.subject: one.decision.reason
        for one in record.nouns(
            PROPOSALS, under=area, where={"desk": zoning.DESK, "state": "refused"}
        )
        if one.decision is not None
    }
    for zone, facts, label in zoning.kept(record, area=area, at=at):
        span = zone.at(at)
        assert span is not None
        held = rules.ZoneKept(
            id=zone.id, area=zone.area, since=span.since, people=zone.residents, facts=facts, level_now=label,
            reason=span.reason or refused.get(zone.id),
        )  # fmt: skip
        asked.setdefault(zone.area, []).append(held)
        if span.outside:
            asked[zone.area].append(rules.ZoneMeasure(
                id=f"{zone.id}:class", area=zone.area, since=span.since, people=zone.residents, level=span.level,
                stays="zone", reason=span.reason or rules.UNKNOWN,
            ))  # fmt: skip
    for plan, ends in plans.kept(record, area=area, at=at):
        asked.setdefault(plan.area, []).append(rules.PersonPlan(
            id=f"plan:{plan.id}", area=plan.area, since=plan.begun, people=1, role=plan.terms.roles[0].role if plan.terms.roles else "",
            phases=(), computed_end=ends,
        ))  # fmt: skip
    for measure in record.nouns(MEASURES, under=area, where={"until": OpenAfter(moment=at)}):
        asked.setdefault(measure.area, []).append(as_rule(measure))
    found: list[rules.Finding] = []
    for place, measures in asked.items():
        adopted, profile = zoning.adopted_in(record, place)
        if profile is not None and any(one.at <= at for one in adopted):
            found += rules.prohibitions(measures, adopted, profile, at=at)
    return tuple(found)


def review_measures(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Put what asks too much on record as findings with the task to put each right, close what is well again.

    A finding stays one case while its subject and item stay the same; its sums are brought up to date. Returns
    how many are new.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    at = at.astimezone(time_zone)
    with post.store.acting(
        post.viewer, desk=DESK, verb="review_measures", rule="the nine prohibitions",
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        now = {
            _id(one): one
            for one in check(act, area=post.area, at=at)
            if one.verdict is not rules.Verdict.OK
        }
        running = {one.id: one for one in _open(act, post.area, at)}
        new = [_on_record(one, case, act) for case, one in now.items() if case not in running]
        still = [_brought_up(known, now[known.id]) for known in running.values() if known.id in now]
        gone = [
            replace(one, excess_until=one.excess_until or at)
            for one in running.values()
            if one.id not in now
        ]
        act.put(FINDINGS, [*new, *still, *gone])
        commanding.put_tasks(act, (_task(one) for one in new))
        _close(
            act,
            [one for one in gone if _task_state(act, one) is TaskState.DONE],
            note="found well by the round",
        )
        return len(new)


def recheck(post: Post, finding: str, *, at: datetime, note: str = "") -> FindingOnRecord:
    """
    Re-check a finding from the level above: closed and verified where it is well now, else open again.

    Raises NotAllowed for who commands no area around it, WrongStep before it was reported as put right.
    """
    check_may(post.viewer, Power.VERIFY)
    with post.store.reading(post.viewer) as record:
        area = record.noun(FINDINGS, finding).area
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="recheck",
        subject=finding,
        area=area,
        why=note or "re-checked",
        at=at,
    ) as act:
        known = act.noun(FINDINGS, finding)
        if len(post.area) >= len(known.area) and post.area != known.owner:
            raise NotAllowed(
                f"finding {finding} is re-checked by the level above, {known.owner}, not by {post.area}"
            )
        if known.closed is not None:
            raise WrongStep(f"finding {finding} was closed at {known.closed.isoformat()}")
        if _task_state(act, known) is not TaskState.DONE:
            raise WrongStep(f"finding {finding} was not yet reported as put right")
        now = {_id(one): one for one in check(act, area=known.area, at=act.moment)}
        again = now.get(finding)
        if again is None or again.verdict is rules.Verdict.OK:
            (closed,) = _close(act, [known], note=note or "found well")
            return closed
        step = TaskStep(
            to=TaskState.OPEN, at=act.moment, by=post.viewer.user, note=note or again.arithmetic
        )
        act.put(TASKS, [act.noun(TASKS, known.task).stepped(step)])
        brought = _brought_up(known, again)
        act.put(FINDINGS, [brought])
    return brought


def attach(post: Post, finding: str, evidence: Evidence, *, at: datetime) -> FindingOnRecord:
    """Attach what somebody said to a finding; the verdict stays what the records make it."""
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        area = record.noun(FINDINGS, finding).area
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="attach",
        subject=finding,
        area=area,
        why="evidence about a finding",
        at=at,
    ) as act:
        known = act.noun(FINDINGS, finding)
        told = replace(known, evidence=(*known.evidence, evidence))
        act.put(FINDINGS, [told])
    return told


def findings(
    record: Record, *, area: AreaPath, at: datetime, open_only: bool = True
) -> tuple[ShownFinding, ...]:
    """Return the findings in an area, violations and the longest open first."""
    check_area(record.viewer, area)
    found = record.nouns(FINDINGS, under=area)
    shown = [one for one in found if not open_only or one.closed is None]
    tasks = (
        {t.id: t for t in record.nouns(TASKS, where={"id": [one.task for one in shown]})}
        if shown
        else {}
    )
    return tuple(
        ShownFinding(
            finding=one, state=tasks[one.task].state.value if one.task in tasks else "",
            late_hours=tasks[one.task].late_by(at).total_seconds() / 3600 if one.task in tasks else 0.0,
        )
        for one in sorted(shown, key=lambda one: (one.verdict != "violation", one.found, one.id))
    )  # fmt: skip


def excess(record: Record, *, area: AreaPath, since: datetime, until: datetime) -> ExcessList:
    """
    Return people and person-hours held beyond the protocol from `since` before `until`, with the findings behind it.

    Only violations count. The figure is made from the list it opens.
    """
    check_area(record.viewer, area)
    known = {one.id: one for one in record.nouns(FINDINGS, under=area)}
    figure = rules.daily_excess(
        (_as_rule(one) for one in known.values()), since=since, until=until, area=area
    )
    return ExcessList(
        area=area, since=since, until=until, people=figure.people, person_hours=figure.person_hours,
        people_unknown=figure.people_unknown, findings=tuple(known[case] for case in figure.findings),
    )  # fmt: skip


def _id(found: rules.Finding) -> str:
    """The same subject under the same item since the same excess began is one case."""
    return f"f-{commanding.mark(DESK, found.record, found.item, found.excess_since)}"


def _open(record: Record, area: AreaPath, at: datetime) -> Iterable[FindingOnRecord]:
    return record.nouns(FINDINGS, under=area, where={"closed": OpenAfter(moment=at)})


def _on_record(found: rules.Finding, id: str, record: Record) -> FindingOnRecord:
    return FindingOnRecord(
        id=id, area=found.area, subject=found.record.partition(":")[0], item=found.item,
        verdict=found.verdict.value, found=found.at, reasons=found.reasons, arithmetic=found.arithmetic,
        owner=_owner(record, found), due=found.due, people=found.people, task=f"t-{commanding.mark(RECTIFY, id)}",
        excess_since=found.excess_since, excess_until=found.excess_until, rule=f"nine prohibitions, item {found.item}",
    )  # fmt: skip


def _owner(record: Record, found: rules.Finding) -> AreaPath:
    """The area of the level above that holds the place; the topmost one there is where no level is named so."""
    chain = ancestors_of(found.area)
    for path in reversed(chain):
        try:
            if record.area(path).level == found.owner_level:
                return path
        except NotFound:
            continue
    return chain[-1] if chain else found.area


def _brought_up(known: FindingOnRecord, now: rules.Finding) -> FindingOnRecord:
    return replace(
        known, verdict=now.verdict.value, reasons=now.reasons, arithmetic=now.arithmetic, people=now.people,
        excess_until=now.excess_until,
    )  # fmt: skip


def _task(found: FindingOnRecord) -> Task:
    return Task(
        id=found.task, area=found.area, duty=Duty.COMMANDER, desk=DESK, kind=RECTIFY, subject=found.subject,
        cause=found.id, starts=found.found, due=found.due, measured_to="reported as put right", rule=found.rule,
        what=Sentence(
            zh=f"核查并整改：{found.reasons[-1].zh}", en=f"Look into it and put it right: {found.reasons[-1].en}"
        ),
    )  # fmt: skip


def _task_state(act: Acting, found: FindingOnRecord) -> TaskState | None:
    tasks = act.nouns(TASKS, where={"id": found.task})
    return tasks[0].state if tasks else None


def _close(act: Acting, found: Sequence[FindingOnRecord], *, note: str) -> list[FindingOnRecord]:
    closed = [
        replace(one, closed=act.moment, excess_until=one.excess_until or act.moment)
        for one in found
    ]
    act.put(FINDINGS, closed)
    step = TaskStep(to=TaskState.VERIFIED, at=act.moment, by=act.viewer.user, note=note)
    act.put(TASKS, [act.noun(TASKS, one.task).stepped(step) for one in found])
    return closed


def _as_rule(one: FindingOnRecord) -> rules.Finding:
    return rules.Finding(
        record=one.id, item=one.item, verdict=rules.Verdict(one.verdict), area=one.area, at=one.found,
        reasons=one.reasons, arithmetic=one.arithmetic, owner_level="", due=one.due, people=one.people,
        excess_since=one.excess_since, excess_until=one.excess_until,
    )  # fmt: skip
