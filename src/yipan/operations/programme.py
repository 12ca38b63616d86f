"""
The programme of an area's screening: which round is next, when and why, and when it is finished.

The protocol says how many rounds in a row must find nobody, the gap after them and the rounds that confirm; here
the rounds on record are told in its words. Nothing is opened or stopped by this desk's own will.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from yipan.model import AreaPath, Reason, ScreeningRound, check_area
from yipan.operations import screening, zoning
from yipan.protocol import Profile, ProtocolError, Rulebook, Ruling
from yipan.protocol.rules import screening as rules
from yipan.store import Record, lake
from yipan.store.tables.screening import CONFIRMATIONS, LAKE_PARTS, SCREENING_ROUNDS
from yipan.store.tables.zoning import ROSTERS

HIT = "outbreak_district"
"""The kind of district that is asked most of; taken where nobody says which kind an area is."""


class ProgrammeState(StrEnum):
    """
    Where a programme stands: a round runs, a round waits for its results, the next is due, the next has its day
    still to come, it is finished, or no version in force says how screening ends.
    """

    RUNNING = "running"
    UNSETTLED = "unsettled"
    DUE = "due"
    PAUSED = "paused"
    FINISHED = "finished"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundOutcome:
    """
    What one round of a programme found, in the words of the rule.

    `found_in` are the finds by setting, of which `community` count and `controlled` do not. `pending` are people
    without a result, `held` those in a positive or weak tube who are not told apart yet, `not_seen` the due who were
    never swabbed. `clear` is None while the round runs or anybody is pending or held, and nobody was found.
    """

    round: str
    day: date
    ended: bool
    found_in: Mapping[str, int]
    community: int
    controlled: int
    pending: int
    held: int
    not_seen: int
    clear: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """
    One area's screening by the protocol's programme, from its first round on.

    `zero_rounds` rounds in a row found nobody in the community, of `zero_rounds_needed`; None where no version in force
    says. `next_round` is the day of the next round and `stopped_on` the day after whose round screening stopped; of
    both at most one is said. `confirming` tells that the next round is the one after the gap. `place` is the kind of
    district the rule was asked about. `rulebook` is the version in force, empty where none was adopted. `counted_in` is the
    area whose rows and finds were counted: that of whoever asks, where it lies within the screened one; the programme of
    the whole is for its own command to read.
    """

    area: AreaPath
    disease: str
    place: str
    state: ProgrammeState
    zero_rounds: int
    zero_rounds_needed: int | None
    next_round: date | None
    confirming: bool
    stopped_on: date | None
    rounds: tuple[RoundOutcome, ...]
    rulebook: str
    reasons: tuple[Reason, ...]
    assumed: tuple[str, ...] = field(default=())
    counted_in: AreaPath | None = None


def programmes(
    record: Record, home: lake.Lake, *, area: AreaPath, at: datetime, time_zone: ZoneInfo, place: str = HIT
) -> tuple[Programme, ...]:  # fmt: skip
    """
    Return the programme of every area that is or was screened, those whose next round is due first.

    Rounds of one area and disease form one programme until the rule has stopped it; a round opened later begins
    another, and only the newest is told. `place` names the kind of district; left out, it is the one that is asked
    most of, an outbreak district. Raises NotYourArea.
    """
    check_area(record.viewer, area)
    by_area: dict[tuple[AreaPath, str], list[ScreeningRound]] = defaultdict(list)
    for one in record.nouns(SCREENING_ROUNDS):
        inside = one.area.startswith(area) or area.startswith(one.area)
        if inside and one.opened <= at:
            by_area[one.area, one.disease].append(one)
    told = [
        _seen_from(record, _programme(record, home, some, at=at, time_zone=time_zone, place=place))
        for _, some in sorted(by_area.items())
    ]
    rank = {state: number for number, state in enumerate(_ORDER)}
    return tuple(sorted(told, key=lambda one: (rank[one.state], one.next_round or date.max, one.area)))  # fmt: skip


_ORDER = (
    ProgrammeState.DUE, ProgrammeState.RUNNING, ProgrammeState.UNSETTLED, ProgrammeState.PAUSED,
    ProgrammeState.SILENT, ProgrammeState.FINISHED,
)  # fmt: skip


def _seen_from(record: Record, told: Programme) -> Programme:
    """Say of what area the rows are that were counted, and that they are no more than a part where they are."""
    scope = max(told.area, record.viewer.area, key=len)
    if scope == told.area:
        return replace(told, counted_in=scope)
    name = record.area(scope)
    part = Reason(
        zh=f"只计入{name.name_zh}自己的数据；{told.area}整体的轮次由其指挥部判定。",
        en=f"Only the rows of {name.name_en} were counted; the programme of the whole of {told.area} is its own command's.",
        source=("record",), confidence="record",
    )  # fmt: skip
    return replace(told, counted_in=scope, reasons=(part, *told.reasons))


def _programme(
    record: Record, home: lake.Lake, held: Sequence[ScreeningRound], *, at: datetime, time_zone: ZoneInfo,
    place: str,
) -> Programme:  # fmt: skip
    held = sorted(held, key=lambda one: (one.opened, one.id))
    first = held[0]
    adopted, profile = zoning.adopted_in(record, first.area)
    books = [one for one in adopted if one.at <= at]
    book = books[-1].rulebook if books else None
    scope = max(first.area, record.viewer.area, key=len)
    found = zoning.finds(record, area=scope, since=first.opened, until=at + timedelta(seconds=1))
    ends = [later.opened for _, later in pairwise(held)] + [datetime.max.replace(tzinfo=at.tzinfo)]
    outcomes = [
        _outcome(
            record, home, one, [f.setting for f in found if one.opened <= f.found < until],
            at=at, time_zone=time_zone,
        )
        for one, until in zip(held, ends, strict=True)
    ]  # fmt: skip
    if book is None or profile is None:
        return _silent(first, outcomes, "", place, _NOT_ADOPTED)
    try:
        sorted_out = [_counted(one, book, profile) for one in outcomes]
        return ruled(
            sorted_out, area=first.area, disease=first.disease, place=place, book=book,
            profile=profile, today=at.astimezone(time_zone).date(),
        )  # fmt: skip
    except ProtocolError as silent:
        told = Reason(
            zh=f"现行版本{book.id}未规定停止筛查的条件。", en=f"{book.id} does not say when screening stops: {silent}",
            source=(book.id,), confidence="high",
        )  # fmt: skip
        return _silent(first, outcomes, book.id, place, told)


_NOT_ADOPTED = Reason(
    zh="本地区尚未采用任何方案版本，无从规定下一轮。", en="No version was adopted here, so nothing says when the next round is.",
    source=("record",), confidence="record",
)  # fmt: skip


def _silent(
    first: ScreeningRound,
    outcomes: Sequence[RoundOutcome],
    rulebook: str,
    place: str,
    because: Reason,
) -> Programme:
    return Programme(
        area=first.area, disease=first.disease, place=place, state=ProgrammeState.SILENT, zero_rounds=0,
        zero_rounds_needed=None, next_round=None, confirming=False, stopped_on=None, rounds=tuple(outcomes),
        rulebook=rulebook, reasons=(because,),
    )  # fmt: skip


def _outcome(
    record: Record, home: lake.Lake, round: ScreeningRound, settings: Iterable[str], *, at: datetime,
    time_zone: ZoneInfo,
) -> RoundOutcome:  # fmt: skip
    found_in = Counter(settings)
    if not record.count(LAKE_PARTS, where={"round": round.id}):
        return RoundOutcome(
            round=round.id, day=round.opened.astimezone(time_zone).date(),
            ended=round.closed is not None or round.closes <= at, found_in=dict(found_in),
            community=sum(found_in.values()), controlled=0, pending=0, held=0, not_seen=0, clear=None,
        )  # fmt: skip
    covered = screening.coverage(record, home, round=round.id).total
    if covered.single_positive:
        told = record.nouns(CONFIRMATIONS, where={"round": round.id})
        refuted = {one.person for one in told if not one.confirmed}
        with screening.looking(record, home, round.id) as engine:
            people = [row[0] for row in lake.singles(engine) if row[3] == "positive"]
        levels = _levels(record, round, at=at)
        by_swab = Counter(levels.get(int(p), "community") for p in people if int(p) not in refuted)
        found_in = found_in | by_swab
    return RoundOutcome(
        round=round.id, day=round.opened.astimezone(time_zone).date(),
        ended=round.closed is not None or round.closes <= at, found_in=dict(found_in),
        community=sum(found_in.values()), controlled=0, pending=covered.pending, held=covered.held,
        not_seen=covered.not_seen, clear=None,
    )  # fmt: skip


def _levels(record: Record, round: ScreeningRound, *, at: datetime) -> dict[int, str]:
    """The setting of the people whom a zone's roster knows by their number in the bulk files."""
    scope = max(round.area, record.viewer.area, key=len)
    known = {one.id: one for one in record.nouns(ROSTERS, under=scope) if one.tokens}
    if not known:
        return {}
    levels: dict[int, str] = {}
    for zone, _, _ in zoning.kept(record, area=scope, at=min(round.opened, at)):
        span = zone.at(round.opened)
        if zone.id in known and span is not None:
            levels |= {token: span.level for token, _ in known[zone.id].tokens}
    return levels


def _counted(one: RoundOutcome, book: Rulebook, profile: Profile) -> RoundOutcome:
    """Sort a round's finds by the definition of the community that the profile chose."""
    sums = rules.counted(one.day, one.found_in, book, profile).value
    waits = not one.ended or one.pending > 0 or one.held > 0
    clear = False if sums.community_positives else None if waits else True
    return replace(
        one, community=sums.community_positives, controlled=sums.controlled_positives, clear=clear
    )


def ruled(
    outcomes: Sequence[RoundOutcome], *, area: AreaPath, disease: str, book: Rulebook, profile: Profile,
    today: date, place: str = HIT,
) -> Programme:  # fmt: skip
    """
    Rule on a programme after its rounds so far, in order of day; the newest programme where the rule stopped one before.

    A round that runs or waits for results is no clear one: until it is known, rounds go on daily. Rounds of the same
    day count as one. Raises ValueError without rounds, ProtocolError where the version is silent.
    """
    days = _by_day(outcomes)
    if not days:
        raise ValueError(f"{area}: no round of screening to rule on")
    while True:
        stop = next(
            (
                number
                for number in range(1, len(days))
                if _state(days[:number], place, book, profile).value.stopped_on is not None
            ),
            None,
        )
        if stop is None:
            break
        days = days[stop:]
    ruling = _state(days, place, book, profile)
    state = ruling.value
    waiting = [one for one in days if one.clear is None]
    next_round = state.next_round
    if waiting:
        after = waiting[-1].day + timedelta(days=1)
        next_round = max(next_round or after, after)
    running = any(not one.ended for one in days)
    stands = (
        ProgrammeState.RUNNING if running
        else ProgrammeState.FINISHED if next_round is None
        else ProgrammeState.DUE if next_round <= today
        else ProgrammeState.UNSETTLED if waiting
        else ProgrammeState.PAUSED
    )  # fmt: skip
    needed = int(book.value("screening.rounds_clear"))
    confirming = next_round is not None and not waiting and state.zero_rounds >= needed
    first = min(one.day for one in days)
    return Programme(
        area=area, disease=disease, place=place, state=stands, zero_rounds=state.zero_rounds,
        zero_rounds_needed=needed, next_round=next_round, confirming=confirming,
        stopped_on=None if waiting else state.stopped_on,
        rounds=tuple(one for one in outcomes if one.day >= first), rulebook=book.id,
        reasons=(*ruling.reasons, *_why(book, place, waiting, next_round, confirming)), assumed=ruling.assumed,
    )  # fmt: skip


def _by_day(outcomes: Sequence[RoundOutcome]) -> list[RoundOutcome]:
    days: dict[date, list[RoundOutcome]] = defaultdict(list)
    for one in outcomes:
        days[one.day].append(one)
    merged = []
    for _, some in sorted(days.items()):
        clears = [one.clear for one in some]
        merged.append(replace(
            some[-1], ended=all(one.ended for one in some),
            found_in=dict(sum((Counter(one.found_in) for one in some), Counter())),
            community=sum(one.community for one in some), controlled=sum(one.controlled for one in some),
            clear=False if False in clears else None if None in clears else True,
        ))  # fmt: skip
    return merged


def _state(
    days: Sequence[RoundOutcome], place: str, book: Rulebook, profile: Profile
) -> Ruling[rules.ScreeningState]:
    """What the rule says of the rounds whose outcome is known; none is known: as if before the first clear one."""
    known = [
        rules.FinishedRound(
            day=one.day, community_positives=one.community, controlled_positives=one.controlled
        )
        for one in days
        if one.clear is not None
    ]
    if known:
        return rules.screening_state(known, place, book, profile)
    before = rules.FinishedRound(day=days[0].day - timedelta(days=1), community_positives=1)
    return rules.screening_state([before], place, book, profile)


def _why(
    book: Rulebook,
    place: str,
    waiting: Sequence[RoundOutcome],
    next_round: date | None,
    confirming: bool,
) -> tuple[Reason, ...]:
    reasons = []
    if waiting:
        last = waiting[-1]
        reasons.append(Reason(
            zh=f"轮次{last.round}尚有{last.pending}人待结果、{last.held}人在阳性混管中待单采，未判定前按每日一轮。",
            en=f"Round {last.round}: {last.pending} people without a result, {last.held} in positive tubes not told "
            "apart; until it is known, rounds go on daily.",
            source=(f"results of {last.round}",), confidence="record",
        ))  # fmt: skip
    gap, more = book.leaf("screening.gap_days"), book.leaf("screening.confirming_rounds")
    if place in book.value("screening.confirmed_in"):
        reasons.append(Reason(
            zh=f"连续清零后间隔{gap.value}天，再开展{more.value}轮无社会面感染者方可停止。",
            en=f"After these a gap of {gap.value} days and {more.value} more round without community infection.",
            source=gap.source, confidence=gap.confidence,
        ))  # fmt: skip
    if next_round is not None and confirming:
        reasons.append(Reason(
            zh=f"下一轮为间隔后的复核轮：{next_round:%m月%d日}。", en=f"The next round confirms after the gap: {next_round}.",
            source=more.source, confidence=more.confidence,
        ))  # fmt: skip
    return tuple(reasons)
