"""
Held tubes of a screening round: proposed to be held, reached and swabbed again by risk, released on the hour.

Nobody is held before an order says so. Who was swabbed again and with which result follows from the bulk files; typed
in are only a call that reached somebody and what a second laboratory confirmed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from yipan.analytics.screening.members import posterior_risks
from yipan.analytics.screening.prevalence import pooled_prevalence
from yipan.model import (
    CARE_NEEDS,
    CARE_VISITS,
    AreaPath,
    Confirmation,
    Cost,
    Duty,
    HeldPerson,
    Order,
    OrderLine,
    PersonState,
    Power,
    Proposal,
    ProposalState,
    Reason,
    ScreeningRound,
    Sentence,
    Task,
    TaskState,
    TaskStep,
    TubeHold,
    area_path,
    check_area,
    check_may,
)
from yipan.operations import commanding, keypeople, screening, zoning
from yipan.operations.post import Post
from yipan.protocol import Rulebook
from yipan.store import Acting, NotFound, Record, lake, visits
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.screening import CONFIRMATIONS, KEY_SITES, SCREENING_ROUNDS, TUBE_HOLDS

DESK = screening.DESK
HAND = "hold"
"""The first word of the kind of every order line that holds or releases people of a tube."""
SET, RELEASE = f"{HAND}.set", f"{HAND}.release"
REACH, CARE, GAPS, CONFIRM, CASE = (
    f"{DESK}.{what}" for what in ("reach", "care", "gaps", "confirm", "case")
)
POOL_SENSITIVITY, POOL_SPECIFICITY = 0.96, 0.9999
"""What a tube of ten swabs is taken to find and to spare when members are ranked; the order hardly depends on it."""
LEAST_RISK = 1e-7
"""The risk of somebody about whom nothing is known, where no pool of the round was positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNow:
    """One held person as they stand: their state from the files, the single swab and its result as far as known."""

    person: int
    risk: float
    state: PersonState
    reached: datetime | None
    swabbed: datetime | None
    result: str | None
    released: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSheet:
    """
    A held tube with its people in order of risk, and its clock.

    `reach_due` is by when all are to be reached, None where no adopted version says so; `reach_late_hours` and
    `release_late_hours` are how far past their limits the slowest are (0 in time).
    """

    hold: TubeHold = field(metadata={"inline": True})
    people_now: tuple[HeldNow, ...]
    to_reach: int
    to_swab: int
    to_release: int
    reach_due: datetime | None
    reach_late_hours: float
    release_late_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPerson:
    """
    Somebody who came for care, or is registered for it, and has no result, and why; a missing result never blocks care.

    `need` is what they are registered for, empty for others. `came_for` is the purpose of their newest visit since the
    round opened and `came` when that was; empty and None for whoever is registered only. `hours` are since the swab.
    """

    person: int
    area: AreaPath
    need: str
    why: str
    hours: float | None
    came_for: str = ""
    came: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """
    Somebody who was at a place while a person found positive in the round was there, for ten minutes at least.

    By number in the bulk files; `area` is the street of the place. It is evidence for tracing and makes nobody a contact.
    """

    person: int
    found: int
    area: AreaPath
    place: int
    since: datetime
    until: datetime

    @property
    def minutes(self) -> float:
        """How long both were there."""
        return (self.until - self.since).total_seconds() / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Meetings:
    """Who met those found, the visits on record, and how many of these have no leaving time and so could not be compared."""

    meetings: tuple[Meeting, ...]
    visits: int
    without_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one person stands in one round, and the release that is due, if any."""

    round: str
    person: int
    state: PersonState
    hold: str | None


def review_rounds(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Do the round's work of this desk for every screening that is open: proposals and tasks, each once.

    New positive and weak tubes are proposed to be held, by street; whoever is single negative, or whose tube was
    corrected, is proposed to be released by the next full hour; people waiting for care without a result, single
    positives to confirm, gaps of a round past its end and key people who were missed become tasks. What events have overtaken is let go.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    with post.store.reading(post.viewer) as record:
        running = [
            one
            for one in record.nouns(SCREENING_ROUNDS)
            if one.closed is None
            and one.opened <= at
            and (one.area.startswith(post.area) or post.area.startswith(one.area))
        ]
        keys_on_record = bool(record.count(KEY_SITES))
        if not running and not keys_on_record:
            return 0
        found = [_read(record, post.lake, one) for one in running]
    made = 0
    with post.store.acting(
        post.viewer, desk=DESK, verb="review_rounds", why="the round: screening", at=at
    ) as act:
        if keys_on_record:
            missed = keypeople.missed_tasks(act, area=post.area, at=at, time_zone=time_zone)
            made += commanding.put_tasks(act, missed)
        for seen in found:
            made += _review(act, seen, at=at, time_zone=time_zone)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the bulk files of a round say, read once."""

    round: ScreeningRound
    tubes: Mapping[int, screening.HeldTube]
    risks: Mapping[int, float]
    prior: float
    singles: Mapping[int, lake.Row]
    waiting: tuple[WaitingPerson, ...]
    gaps: tuple[tuple[AreaPath, int], ...]


def _read(record: Record, home: lake.Lake, round: ScreeningRound) -> _Seen:
    tubes = {t.tube: t for t in screening.held_tubes(record, home, round=round.id)}
    with screening.looking(record, home, round.id) as engine:
        risks, pools = lake.risks(engine), lake.pool_counts(engine)
        singles = {int(row[0]): row for row in lake.singles(engine)}
    covered = screening.coverage(record, home, round=round.id)
    return _Seen(
        round=round, tubes=tubes, risks=risks, prior=_prior(pools), singles=singles,
        waiting=waiting_for_care(record, home, round=round.id, at=None),
        gaps=tuple((street.area, street.due - street.with_result) for street in covered.streets),
    )  # fmt: skip


def _prior(pools: Sequence[lake.Row]) -> float:
    if not any(row[2] for row in pools):
        return LEAST_RISK
    found = pooled_prevalence(
        sizes=[int(r[0]) for r in pools], pools=[int(r[1]) for r in pools],
        positive=[int(r[2]) for r in pools],
    )  # fmt: skip
    return min(max(found.value, LEAST_RISK), 0.5)


def ranked(
    people: Sequence[int], *, risks: Mapping[int, float], prior: float
) -> tuple[tuple[int, float], ...]:
    """
    Return the members of a positive tube in order of the risk to be the infected one, the highest first.

    `risks` are those known beforehand, `prior` that of everybody else.
    """
    before = [max(risks.get(person, prior), LEAST_RISK) for person in people]
    after, _ = posterior_risks(
        before,
        positive=True,
        sensitivity_by_infected=[POOL_SENSITIVITY],
        specificity=POOL_SPECIFICITY,
    )
    told = [
        (person, min(1.0, float(risk))) for person, risk in zip(people, after.tolist(), strict=True)
    ]
    return tuple(sorted(told, key=lambda one: (-one[1], one[0])))


def _review(act: Acting, seen: _Seen, *, at: datetime, time_zone: ZoneInfo) -> int:
    name = seen.round.id
    held = {hold.tube: hold for hold in act.nouns(TUBE_HOLDS, where={"round": name})}
    _note_reswabs(act, held.values(), seen.singles)
    open_now = act.nouns(PROPOSALS, where={"desk": DESK, "state": ProposalState.OPEN.value})
    mine = [one for one in open_now if one.subject.startswith(f"{name}.")]
    stale = [
        one.id
        for one in mine
        if one.kind == SET and any(int(line.terms["tube"]) not in seen.tubes for line in one.lines)
    ]
    commanding.lapse(act, stale, why="a corrected result changed which tubes are positive")
    asked = {
        line.subject
        for one in act.nouns(PROPOSALS, where={"desk": DESK})
        if one.state is not ProposalState.LAPSED and one.id not in stale and one.kind == SET
        for line in one.lines
    }
    new = [
        tube
        for tube in seen.tubes.values()
        if tube.tube not in held and hold_id(name, tube.tube) not in asked
    ]
    made = commanding.put_proposals(act, _holding(act, seen, new, at=at, time_zone=time_zone))
    releases = tuple(_releasing(seen, held, at=at, time_zone=time_zone))
    wanted = {one.id for one in releases}
    overtaken = [one.id for one in mine if one.kind == RELEASE and one.id not in wanted]
    commanding.lapse(act, overtaken, why="others may go as well, or they went")
    made += commanding.put_proposals(act, releases)
    tasks = [
        *_care_tasks(seen, at=at),
        *_gap_tasks(seen, at=at),
        *_confirm_tasks(act, seen, held, at=at),
    ]
    made += commanding.put_tasks(act, tasks)
    _end_tasks(act, seen, at=at)
    return made


def hold_id(round: str, tube: int) -> str:
    """Return the id under which a tube of a round is held."""
    return f"{round}.{tube}"


def _county(area: AreaPath) -> AreaPath:
    return area_path(".".join(area.split(".")[:3]).rstrip(".") + ".")


def _book(record: Record, area: AreaPath, at: datetime) -> Rulebook | None:
    adopted, _ = zoning.adopted_in(record, area)
    held = [one for one in adopted if one.at <= at]
    return held[-1].rulebook if held else None


def _limit(book: Rulebook | None, key: str) -> timedelta | None:
    hours = book.get(key) if book else None
    return None if hours is None else timedelta(hours=float(hours))


ON_SITE = "limit.on_site_hours"


def next_hour(moment: datetime) -> datetime:
    """
    Return the first full hour that is not before a moment.

    >>> next_hour(datetime(2022, 11, 10, 9, 1, tzinfo=UTC)).hour
    10
    """
    whole = moment.replace(minute=0, second=0, microsecond=0)
    return whole if whole == moment else whole + timedelta(hours=1)


def _holding(
    act: Acting, seen: _Seen, new: Iterable[screening.HeldTube], *, at: datetime, time_zone: ZoneInfo
) -> Iterator[Proposal]:  # fmt: skip
    by_street: dict[AreaPath, list[screening.HeldTube]] = defaultdict(list)
    for tube in new:
        by_street[tube.area].append(tube)
    for street, tubes in sorted(by_street.items()):
        book = _book(act, street, at)
        limit = _limit(book, ON_SITE)
        first = min(tube.known for tube in tubes)
        people = sum(len(tube.people) for tube in tubes)
        weak = sum(tube.result == "weak" for tube in tubes)
        yield Proposal(
            id=f"p-{commanding.mark(DESK, SET, seen.round.id, street, *(t.tube for t in tubes))}",
            area=street, desk=DESK, kind=SET, subject=f"{seen.round.id}.{street}",
            what=Sentence(
                zh=f"管控{len(tubes)}支阳性或弱阳性管的{people}人，逐一单采复核",
                en=f"Hold {people} people of {len(tubes)} positive or weak tubes and swab each singly",
            ),
            reasons=(
                Reason(
                    zh=f"{len(tubes)}支混采管阳性或弱阳性，其中弱阳性{weak}支；最早于{first.astimezone(time_zone):%m月%d日%H:%M}得知。",
                    en=f"{len(tubes)} pooled tubes are positive or weak ({weak} weak); the first was known at "
                    f"{first.astimezone(time_zone):%Y-%m-%d %H:%M}.",
                    source=(f"results of {seen.round.id}",), confidence="record",
                ),
                Reason(
                    zh="混采不留单份样本，弱阳性不等于阴性，须单采后才能判定。",
                    en="A pool keeps no single sample and weak is not negative: only a single swab tells who it is.",
                    source=("screening review",), confidence="high",
                ),
            ),
            by="system", made=at, decided_in=_county(street), rule=book.id if book else "",
            due=None if limit is None else max(at, first + limit),
            cost=Cost(residents=people),
            lines=tuple(_hold_line(seen, tube, at=at) for tube in tubes),
        )  # fmt: skip


def _hold_line(seen: _Seen, tube: screening.HeldTube, *, at: datetime) -> OrderLine:
    order = ranked(tube.people, risks=seen.risks, prior=seen.prior)
    terms: dict[str, Any] = {
        "round": seen.round.id, "tube": tube.tube, "result": tube.result, "known": tube.known.isoformat(),
        "people": [person for person, _ in order], "risks": [risk for _, risk in order],
    }  # fmt: skip
    return OrderLine(
        kind=SET,
        subject=hold_id(seen.round.id, tube.tube),
        area=tube.area,
        effective=at,
        terms=terms,
    )


def _free(seen: _Seen, hold: TubeHold) -> dict[int, datetime]:
    """Who of a held tube may go, and since when that is known: single negative, or the tube was corrected."""
    corrected = hold.tube not in seen.tubes
    free: dict[int, datetime] = {}
    for one in hold.people:
        if one.released is not None:
            continue
        told = seen.singles.get(one.person)
        if told is not None and told[3] == "negative":
            free[one.person] = told[4].replace(tzinfo=UTC)
        elif corrected and (told is None or told[3] != "positive"):
            free[one.person] = hold.effective
    return free


def _releasing(
    seen: _Seen, held: Mapping[int, TubeHold], *, at: datetime, time_zone: ZoneInfo
) -> Iterator[Proposal]:
    by_street: dict[AreaPath, list[tuple[TubeHold, dict[int, datetime]]]] = defaultdict(list)
    for hold in held.values():
        if free := _free(seen, hold):
            by_street[hold.area].append((hold, free))
    for street, entries in sorted(by_street.items()):
        people = sum(len(free) for _, free in entries)
        since = min(moment for _, free in entries for moment in free.values())
        known = sorted(person for _, free in entries for person in free)
        yield Proposal(
            id=f"p-{commanding.mark(DESK, RELEASE, seen.round.id, street, *known)}",
            area=street, desk=DESK, kind=RELEASE, subject=f"{seen.round.id}.{street}",
            what=Sentence(zh=f"解除管控{people}人", en=f"Release {people} held people"),
            reasons=(
                Reason(
                    zh=f"单采复核阴性或混采结果已更正，最早于{since.astimezone(time_zone):%m月%d日%H:%M}得知。",
                    en=f"Their single swab is negative, or the tube was corrected; the first was known at "
                    f"{since.astimezone(time_zone):%Y-%m-%d %H:%M}.",
                    source=(f"results of {seen.round.id}",), confidence="record",
                ),
            ),
            by="system", made=at, decided_in=_county(street), due=max(next_hour(since), at),
            cost=Cost(residents=0, person_days=0.0),
            lines=tuple(
                OrderLine(
                    kind=RELEASE, subject=hold.id, area=street, effective=at,
                    terms={"round": seen.round.id, "tube": hold.tube, "people": sorted(free)},
                )
                for hold, free in entries
            ),
        )  # fmt: skip


def _task_id(what: str, *parts: object) -> str:
    return f"t-{commanding.mark(what, *parts)}"


def _care_tasks(seen: _Seen, *, at: datetime) -> Iterator[Task]:
    by_street: dict[AreaPath, list[WaitingPerson]] = defaultdict(list)
    for one in seen.waiting:
        by_street[one.area].append(one)
    for street, people in sorted(by_street.items()):
        yield Task(
            id=_task_id(CARE, seen.round.id, street), area=street, duty=Duty.COMMUNITY, desk=DESK, kind=CARE,
            subject=f"{seen.round.id}.{street}",
            what=Sentence(
                zh=f"{len(people)}名就医或登记就医人员尚无结果：先保障就医，再补检测",
                en=f"{len(people)} people who came or are registered for care have no result: care first, the test after",
            ),
            starts=at, due=at, measured_to="nobody who came or is registered for care waits for a result", cause=seen.round.id,
        )  # fmt: skip


def _gap_tasks(seen: _Seen, *, at: datetime) -> Iterator[Task]:
    if at < seen.round.closes:
        return
    for street, missing in seen.gaps:
        if missing > 0:
            yield Task(
                id=_task_id(GAPS, seen.round.id, street), area=street, duty=Duty.COMMUNITY, desk=DESK, kind=GAPS,
                subject=f"{seen.round.id}.{street}",
                what=Sentence(
                    zh=f"补齐{missing}名应检未检或无有效结果人员",
                    en=f"Reach the {missing} people who are due and have no valid result",
                ),
                starts=seen.round.closes, due=seen.round.closes, measured_to="everybody due has a valid result",
                cause=seen.round.id,
            )  # fmt: skip


def _confirm_tasks(
    act: Acting, seen: _Seen, held: Mapping[int, TubeHold], *, at: datetime
) -> Iterator[Task]:
    area_of = {one.person: hold for hold in held.values() for one in hold.people}
    told = {one.person: one for one in act.nouns(CONFIRMATIONS, where={"round": seen.round.id})}
    for person, _, _, result, published in seen.singles.values():
        if result != "positive" or person not in area_of:
            continue
        hold = area_of[person]
        known = published.replace(tzinfo=UTC)
        book = _book(act, hold.area, at)
        if person not in told:
            limit = _limit(book, "limit.lab_positive_report_hours")
            yield Task(
                id=_task_id(CONFIRM, seen.round.id, person), area=hold.area, duty=Duty.LABORATORY, desk=DESK,
                kind=CONFIRM, subject=f"{hold.id}.{person}",
                what=Sentence(
                    zh="单采阳性：由第二家实验室或第二种试剂复核",
                    en="A single swab is positive: confirm by a second laboratory or kit",
                ),
                starts=known, due=None if limit is None else known + limit, measured_to="confirmed or not",
                cause=hold.id, rule=book.id if book else "",
            )  # fmt: skip
        elif told[person].confirmed:
            limit = _limit(book, "limit.core_investigation_hours")
            yield Task(
                id=_task_id(CASE, seen.round.id, person), area=hold.area, duty=Duty.EPIDEMIOLOGIST, desk=DESK,
                kind=CASE, subject=f"{hold.id}.{person}",
                what=Sentence(
                    zh="筛查确诊：报告病例并开始流调",
                    en="Confirmed by screening: report the case and begin tracing",
                ),
                starts=told[person].at, due=None if limit is None else told[person].at + limit,
                measured_to="core investigation finished", cause=hold.id, rule=book.id if book else "",
            )  # fmt: skip


def _note_reswabs(act: Acting, holds: Iterable[TubeHold], singles: Mapping[int, lake.Row]) -> None:
    """Whoever was swabbed singly was reached then at the latest: that follows and is not typed in."""
    changed = []
    for hold in holds:
        people = tuple(
            one
            if one.reached is not None or one.person not in singles
            else replace(one, reached=singles[one.person][2].replace(tzinfo=UTC))
            for one in hold.people
        )
        if people != hold.people:
            changed.append(replace(hold, people=people))
    act.put(TUBE_HOLDS, changed)


def _end_tasks(act: Acting, seen: _Seen, *, at: datetime) -> None:
    """What the files show as done is done: everybody reached, nobody waiting, no gap, a confirmation on record."""
    due = act.nouns(TASKS, where={"state": commanding.RUNNING})
    mine = [
        task for task in due if task.desk == DESK and task.subject.startswith(f"{seen.round.id}.")
    ]
    if not mine:
        return
    told = {one.person for one in act.nouns(CONFIRMATIONS, where={"round": seen.round.id})}
    waiting = {one.area for one in seen.waiting}
    missing = {street for street, count in seen.gaps if count > 0}
    by_id = {hold.id: hold for hold in act.nouns(TUBE_HOLDS, where={"round": seen.round.id})}
    done = []
    for task in mine:
        finished: datetime | None = None
        if task.kind == REACH and (hold := by_id.get(task.subject)) is not None:
            moments = [one.reached or one.released for one in hold.people]
            if all(moment is not None for moment in moments):
                finished = max(moment for moment in moments if moment is not None)
        elif (
            (task.kind == CARE and task.area not in waiting)
            or (task.kind == GAPS and task.area not in missing)
            or (task.kind == CONFIRM and int(task.subject.rsplit(".", 1)[1]) in told)
        ):
            finished = at
        if finished is not None:
            step = TaskStep(to=TaskState.DONE, at=act.moment, by=act.viewer.user)
            done.append(task.stepped(step, finished=finished))
    act.put(TASKS, done)


def carry_out(act: Acting, order: Order) -> tuple[Task, ...]:
    """
    Carry out the lines of an order that hold or release people of tubes, within its act.

    Raises ValueError for a tube held already, people not in it, or terms that are not understood.
    """
    lines = [line for line in order.lines if line.desk == HAND]
    known = {
        hold.id: hold
        for hold in act.nouns(TUBE_HOLDS, where={"id": [line.subject for line in lines]})
    }
    tasks: list[Task] = []
    for line in lines:
        hold = known.get(line.subject)
        if line.kind == SET:
            if hold is not None:
                raise ValueError(f"tube {line.subject} is held since {hold.effective.isoformat()}")
            known[line.subject] = made = _hold(order, line)
            tasks.append(_reach_task(act, made, at=act.moment))
        elif line.kind == RELEASE:
            if hold is None:
                raise ValueError(f"tube {line.subject} is not held")
            known[line.subject] = _let_go(hold, line)
        else:
            raise ValueError(
                f"{line.kind} is nothing one orders of a tube; expected {SET} or {RELEASE}"
            )
    act.put(TUBE_HOLDS, known.values())
    return tuple(tasks)


def _hold(order: Order, line: OrderLine) -> TubeHold:
    try:
        return TubeHold(
            id=line.subject, area=line.area, round=str(line.terms["round"]), tube=int(line.terms["tube"]),
            result=str(line.terms["result"]), known=datetime.fromisoformat(str(line.terms["known"])),
            effective=line.effective, order=order.id,
            people=tuple(
                HeldPerson(person=int(person), risk=float(risk))
                for person, risk in zip(line.terms["people"], line.terms["risks"], strict=True)
            ),
        )  # fmt: skip
    except (KeyError, TypeError) as wrong:
        raise ValueError(f"terms of {line.kind} {line.subject}: {wrong!r}") from None


def _let_go(hold: TubeHold, line: OrderLine) -> TubeHold:
    going = {int(person) for person in line.terms.get("people", ())}
    if strangers := going - {one.person for one in hold.people}:
        raise ValueError(f"tube {hold.id} holds none of {sorted(strangers)}")
    return replace(
        hold,
        people=tuple(
            replace(one, released=one.released or line.effective) if one.person in going else one
            for one in hold.people
        ),
    )


def _reach_task(act: Acting, hold: TubeHold, *, at: datetime) -> Task:
    book = _book(act, hold.area, at)
    limit = _limit(book, ON_SITE)
    return Task(
        id=_task_id(REACH, hold.id), area=hold.area, duty=Duty.COMMUNITY, desk=DESK, kind=REACH, subject=hold.id,
        what=Sentence(
            zh=f"通知并单采{hold.tube}号管的{len(hold.people)}人，按风险先后",
            en=f"Reach the {len(hold.people)} people of tube {hold.tube} and swab them singly, by risk",
        ),
        starts=hold.known, due=None if limit is None else hold.known + limit,
        measured_to="everybody reached", cause=hold.order, rule=book.id if book else "",
    )  # fmt: skip


# Typed in -----------------------------------------------------------------------------------------------------------


def record_reached(
    post: Post, hold: str, *, people: Sequence[int] | None = None, at: datetime
) -> TubeHold:
    """
    Put on record that people of a held tube were reached (all of them where None); a swab says it by itself.

    Raises NotAllowed, NotFound, ValueError for people who are not in the tube.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        area = record.noun(TUBE_HOLDS, hold).area
    check_area(post.viewer, area)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_reached", subject=hold, area=area, why="people reached", at=at
    ) as act:  # fmt: skip
        found = act.noun(TUBE_HOLDS, hold)
        inside = {one.person for one in found.people}
        told = inside if people is None else set(people)
        if strangers := told - inside:
            raise ValueError(f"tube {hold} holds none of {sorted(strangers)}")
        changed = replace(
            found,
            people=tuple(
                replace(one, reached=one.reached or act.moment) if one.person in told else one
                for one in found.people
            ),
        )
        act.put(TUBE_HOLDS, [changed])
    return changed


def confirm(
    post: Post, *, round: str, person: int, laboratory: str, confirmed: bool, at: datetime
) -> Confirmation:
    """
    Put on record what a second laboratory or kit said of somebody whose single swab is positive.

    Raises NotAllowed, NotFound for somebody who is in no held tube, ValueError where their single swab is not positive.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        hold = _hold_of(record, round, person)
        with screening.looking(record, post.lake, round) as engine:
            told = {int(row[0]): row for row in lake.singles(engine)}.get(person)
    if told is None or told[3] != "positive":
        raise ValueError(
            f"the single swab of person {person} in {round} shows {told[3] if told else 'nothing yet'}, not positive"
        )
    made = Confirmation(
        id=f"{hold.id}.{person}", area=hold.area, round=round, person=person, laboratory=laboratory,
        confirmed=confirmed, at=at,
    )  # fmt: skip
    with post.store.acting(
        post.viewer, desk=DESK, verb="confirm", subject=made.id, area=hold.area, at=at,
        why=f"{laboratory}: {'confirmed' if confirmed else 'not confirmed'}",
    ) as act:  # fmt: skip
        act.put(CONFIRMATIONS, [made])
    return made


def _hold_of(record: Record, round: str, person: int) -> TubeHold:
    for hold in record.nouns(TUBE_HOLDS, where={"round": round}):
        if any(one.person == person for one in hold.people):
            return hold
    raise NotFound(f"person {person} is in no held tube of {round}")


# Reading ------------------------------------------------------------------------------------------------------------


def holds(
    record: Record, home: lake.Lake, *, round: str, at: datetime, open_only: bool = True
) -> tuple[HoldSheet, ...]:
    """Return the held tubes of a round, those whose people are to be reached first, then by clock. Raises NotFound."""
    record.noun(SCREENING_ROUNDS, round)
    found = record.nouns(TUBE_HOLDS, where={"round": round, "running": True if open_only else None})
    if not found:
        return ()
    with screening.looking(record, home, round) as engine:
        singles = {int(row[0]): row for row in lake.singles(engine)}
    confirmed = {
        c.person for c in record.nouns(CONFIRMATIONS, where={"round": round}) if c.confirmed
    }
    books: dict[AreaPath, Rulebook | None] = {}
    sheets = []
    for hold in found:
        if hold.area not in books:
            books[hold.area] = _book(record, hold.area, at)
        sheets.append(_sheet(hold, singles, confirmed, books[hold.area], at=at))
    far = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(sheets, key=lambda s: (s.to_reach == 0, s.reach_due or far, s.hold.tube)))


def _sheet(
    hold: TubeHold, singles: Mapping[int, lake.Row], confirmed: set[int], book: Rulebook | None, *, at: datetime
) -> HoldSheet:  # fmt: skip
    people = []
    release_late = 0.0
    for one in hold.people:
        told = singles.get(one.person)
        result = told[3] if told else None
        state = {
            "negative": PersonState.SINGLE_NEGATIVE,
            "positive": PersonState.SINGLE_POSITIVE,
        }.get(result or "", PersonState.HELD)
        if one.person in confirmed:
            state = PersonState.CONFIRMED
        if state is PersonState.SINGLE_NEGATIVE and told is not None:
            late = (one.released or at) - next_hour(told[4].replace(tzinfo=UTC))
            release_late = max(release_late, late.total_seconds() / 3600)
        people.append(
            HeldNow(
                person=one.person, risk=one.risk, state=state, reached=one.reached,
                swabbed=told[2].replace(tzinfo=UTC) if told else None, result=result, released=one.released,
            )
        )  # fmt: skip
    limit = _limit(book, ON_SITE)
    due = None if limit is None else hold.known + limit
    held = [one for one in people if one.released is None]
    to_reach = sum(one.reached is None for one in held)
    slowest = at if to_reach else max((p.reached for p in people if p.reached), default=at)
    return HoldSheet(
        hold=hold, people_now=tuple(people), to_reach=to_reach,
        to_swab=sum(one.swabbed is None for one in held),
        to_release=sum(one.state is PersonState.SINGLE_NEGATIVE for one in held),
        reach_due=due, reach_late_hours=0.0 if due is None else max(0.0, (slowest - due).total_seconds() / 3600),
        release_late_hours=release_late,
    )  # fmt: skip


def waiting_for_care(
    record: Record, home: lake.Lake, *, round: str, at: datetime | None
) -> tuple[WaitingPerson, ...]:
    """
    Return who waits for care and has no valid result: whoever came for it first, then those registered, the most pressing on top.

    Nobody here is to be refused care: the list is there so that the test follows the care. Each person stands once.
    Raises NotFound.
    """
    found = record.noun(SCREENING_ROUNDS, round)
    with screening.looking(record, home, round) as engine:
        rows = lake.waiting_for_care(engine)
        came = {
            int(row[0]): row
            for row in visits.sought_care(engine, purposes=CARE_VISITS, since=found.opened)
        }
    places = screening.streets_under(record, found.area)
    registered = {int(row[0]): row for row in rows}
    people = []
    for person in sorted({*registered, *came}):
        if person in registered:
            _, street, need, why, swabbed = registered[person]
        else:
            _, street, _, _, why, swabbed = came[person]
            need = ""
        visit = came.get(person)
        people.append(
            WaitingPerson(
                person=person, area=places[street], need=need, why=why,
                hours=None if swabbed is None or at is None
                else (at - swabbed.replace(tzinfo=UTC)).total_seconds() / 3600,
                came_for=visit[2] if visit else "",
                came=datetime.fromtimestamp(visit[3], UTC) if visit else None,
            )
        )  # fmt: skip
    rank = {word: i for i, word in enumerate((*CARE_VISITS, *CARE_NEEDS))}
    return tuple(
        sorted(
            people, key=lambda p: (rank.get(p.came_for or p.need, 9), -(p.hours or 0.0), p.person)
        )
    )


def met_found(record: Record, home: lake.Lake, *, round: str) -> Meetings:
    """Return who was at a place with somebody found positive in a round, by its files of visits. Raises NotFound."""
    found = record.noun(SCREENING_ROUNDS, round)
    with screening.looking(record, home, round) as engine:
        rows = visits.met(engine)
        every, without_end = visits.open_visits(engine)
    places = screening.streets_under(record, found.area)
    return Meetings(
        meetings=tuple(
            Meeting(
                person=person, found=case, area=places[street], place=place,
                since=datetime.fromtimestamp(since, UTC), until=datetime.fromtimestamp(until, UTC),
            )
            for person, street, case, place, since, until in rows
        ),
        visits=every, without_end=without_end,
    )  # fmt: skip


def _without_result(picked: object, received: object, condition: str | None) -> PersonState:
    if condition not in {None, "accepted"}:
        return PersonState.AGAIN
    if received is not None:
        return PersonState.AT_LABORATORY
    return PersonState.PENDING if picked is None else PersonState.ON_THE_WAY


def standing(record: Record, home: lake.Lake, *, round: str, person: int) -> Standing:
    """Return where one person of a roster stands in a round: one state, derived. Raises NotFound."""
    with screening.looking(record, home, round) as engine:
        rows = lake.person_state(engine, person=person)
    if not rows:
        raise NotFound(f"person {person} is not on the roster of {round}")
    exempt, swabbed, result, single, picked, received, condition = rows[0]
    told = record.nouns(CONFIRMATIONS, where={"round": round})
    if exempt:
        state = PersonState.EXEMPT
    elif swabbed is None:
        state = PersonState.NOT_SEEN
    elif result is None:
        state = _without_result(picked, received, condition)
    elif result == "negative":
        state = PersonState.NEGATIVE
    elif result in {"invalid", "cancelled"}:
        state = PersonState.AGAIN
    elif any(one.person == person and one.confirmed for one in told):
        state = PersonState.CONFIRMED
    elif single == "negative":
        state = PersonState.SINGLE_NEGATIVE
    elif single == "positive":
        state = PersonState.SINGLE_POSITIVE
    else:
        state = PersonState.HELD
    try:
        hold = _hold_of(record, round, person).id
    except NotFound:
        hold = None
    return Standing(round=round, person=person, state=state, hold=hold)
