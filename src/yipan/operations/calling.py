"""
Calling rounds of area screening: proposed where the rule in force asks for one, opened when a command orders it.

A first round is asked for where the rule says an area with finds outside controlled people is screened, later ones by
the programme of its rounds. What is refused is not proposed again that day; what nobody decided lapses with the day.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from yipan.model import (
    Alternative,
    Area,
    AreaPath,
    Case,
    Duty,
    Order,
    OrderLine,
    Power,
    Proposal,
    Reason,
    ScreeningRound,
    Sentence,
    Task,
    ancestors_of,
    check_may,
)
from yipan.operations import commanding, programme, zoning
from yipan.operations.post import Post
from yipan.operations.programme import Programme, RoundOutcome
from yipan.operations.screening import SWAB
from yipan.operations.zoning import Find
from yipan.protocol import ProtocolError, Rulebook
from yipan.protocol.rules import screening as rules
from yipan.store import Acting, NotFound, Record
from yipan.store.tables.commanding import PROPOSALS
from yipan.store.tables.screening import SCREENING_ROUNDS
from yipan.store.tables.tracing import EXPOSURES

DESK = "calling"
HAND = "screening"
"""The first word of the kind of every order line that opens a round of screening."""
OPEN = f"{HAND}.open_round"
LOOK_BACK = timedelta(days=7)
"""A find counts towards a first round for this long: an assumption, the quiet days of a high zone in the ninth edition."""
IDLE = timedelta(days=14)
"""Without a find and without a round for this long nothing is called: every programme has ended or was given up."""
ROUND = timedelta(hours=24)
"""How long a round is open where the command says nothing else: the rule's rounds are daily."""


def review_programmes(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Do the round's work of this desk: propose the rounds of screening that are due, let go of those of days before.

    Areas without an adopted version, or whose version forbids screening by area, are left alone. Raises NotAllowed.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    today = at.astimezone(time_zone).date()
    with post.store.reading(post.viewer) as record:
        wanted = [
            _proposal(one, at=at, today=today)
            for one in called(record, post, at=at, time_zone=time_zone)
        ]
        open_before = [
            one.id
            for one in record.nouns(PROPOSALS, where={"desk": DESK, "state": "open"})
            if one.kind == OPEN
        ]
    overtaken = set(open_before) - {one.id for one in wanted}
    if not wanted and not overtaken:
        return 0
    with post.store.acting(
        post.viewer, desk=DESK, verb="call_rounds", why="the round: rounds of screening due", at=at
    ) as act:
        commanding.lapse(
            act, sorted(overtaken), why="its day has passed, or the round is no longer called for"
        )
        return commanding.put_proposals(act, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A district whose next round of screening is due, why, who decides, and the streets where somebody was found."""

    area: Area
    disease: str
    number: int
    decided_in: AreaPath
    finds: tuple[Find, ...]
    reasons: tuple[Reason, ...]
    rule: str


def called(record: Record, post: Post, *, at: datetime, time_zone: ZoneInfo) -> tuple[Called, ...]:
    """Return the districts in which the rules in force call for a round of screening today, in order of their paths."""
    finds = zoning.finds(
        record, area=post.area, since=at - LOOK_BACK, until=at + timedelta(seconds=1)
    )
    lately = any(at - one.opened <= IDLE for one in record.nouns(SCREENING_ROUNDS))
    if not finds and not lately:
        return ()
    known = {area.path: area for area in record.areas(post.area)}
    running = programme.programmes(record, post.lake, area=post.area, at=at, time_zone=time_zone)
    today = at.astimezone(time_zone).date()
    books = zoning.Books(record=record)
    found = [
        _next(record, one, known, finds, books, at=at)
        for one in running
        if one.next_round is not None and one.next_round <= today and one.area in known
    ]
    under = tuple(one.area for one in running)
    fresh = [one for one in finds if not one.area.startswith(under)]
    found += _first(record, fresh, known, books, at=at)
    return tuple(sorted(found, key=lambda one: (one.area.path, one.disease)))


def _next(
    record: Record, told: Programme, known: Mapping[AreaPath, Area], finds: Sequence[Find], books: zoning.Books,
    *, at: datetime,
) -> Called:  # fmt: skip
    book = books.book(told.area, at)
    level = str(book.get("authority.screening") or "") if book else ""
    mine = tuple(one for one in finds if one.area.startswith(told.area))
    last = told.rounds[-1] if told.rounds else None
    lately = () if last is None or not last.community else (_since_last(last),)
    return Called(
        area=known[told.area], disease=told.disease, number=len({one.day for one in told.rounds}) + 1,
        decided_in=_decider(record, told.area, level), rule=told.rulebook, reasons=(*lately, *told.reasons),
        finds=mine,
    )  # fmt: skip


def _since_last(last: RoundOutcome) -> Reason:
    return Reason(
        zh=f"{last.day:%m月%d日}一轮以来在社会面发现{last.community}例。",
        en=f"{last.community} were found in the community with or since the round of {last.day}.",
        source=(f"round {last.round}",), confidence="record",
    )  # fmt: skip


def _first(
    record: Record, fresh: Sequence[Find], known: Mapping[AreaPath, Area], books: zoning.Books, *, at: datetime
) -> Iterator[Called]:  # fmt: skip
    """Districts without a programme in which somebody was found outside controlled people, where the rule asks for a round."""
    by_district: dict[AreaPath, list[Find]] = defaultdict(list)
    for one in fresh:
        book, profile = books.book(one.area, at), books.of(one.area)[1]
        district = district_of(one.area, known)
        if book is None or profile is None or district is None:
            continue
        try:
            controlled = book.value(f"screening.controlled.{profile.value('community')}")
        except ProtocolError:
            continue
        if one.setting not in controlled:
            by_district[district].append(one)
    cities: dict[AreaPath | None, set[AreaPath]] = defaultdict(set)
    for district in by_district:
        cities[_above(district)].add(district)
    for district, finds in sorted(by_district.items()):
        book = books.book(district, at)
        assert book is not None, "a find was left out where no version holds"
        unclear = _without_source(record, finds)
        several = len(cities[_above(district)]) > 1
        answer = rules.screening_required(
            {"outbreak": True, "chain_unclear": unclear > 0, "several_districts": several}, book
        )
        if not answer.value.required:
            continue
        yield Called(
            area=known[district], disease=_disease(record, finds[0].case, book), number=1,
            decided_in=_decider(record, district, answer.value.decided_by), finds=tuple(finds), rule=book.id,
            reasons=(*answer.reasons, _because(finds, unclear, several)),
        )  # fmt: skip


def district_of(area: AreaPath, known: Mapping[AreaPath, Area]) -> AreaPath | None:
    """Return the county of an area, its city where that has no counties (Dongguan), None where neither is known."""
    for level in ("county", "city"):
        for path in (*ancestors_of(area), area):
            if path in known and known[path].level == level:
                return path
    return None


def _above(district: AreaPath) -> AreaPath | None:
    above = ancestors_of(district)
    return above[-1] if above else None


def _decider(record: Record, area: AreaPath, level: str) -> AreaPath:
    """The area around one whose level a text names, or the area itself where there is none."""
    around = (*ancestors_of(area), area)
    levels = record.levels_of(around)
    for path in around:
        if levels.get(path) == level:
            return path
    return area


def _without_source(record: Record, finds: Sequence[Find]) -> int:
    """How many of the found nobody on record is known to have exposed; a case report need not have come for it."""
    people = {one.case: str(one.person) for one in finds if one.person}
    people |= {
        one.case: str(found.person)
        for one in finds
        if one.case not in people and (found := _case(record, one.case)) is not None
    }
    wanted = sorted(set(people.values()))
    told = {
        str(one.target)
        for one in (record.nouns(EXPOSURES, where={"target": wanted}) if wanted else ())
        if one.counts
    }
    return sum(people.get(one.case, "") not in told for one in finds)


def _case(record: Record, id: str) -> Case | None:
    try:
        return record.case(id)
    except NotFound:
        return None


def _disease(record: Record, case: str, book: Rulebook) -> str:
    found = _case(record, case)
    return book.disease if found is None else found.disease


def _because(finds: Sequence[Find], unclear: int, several: bool) -> Reason:
    also = "，同市不止一个区发现" if several else ""
    more = " Other districts of the city have finds, too." if several else ""
    return Reason(
        zh=f"近7天在管控人员之外发现{len(finds)}例，其中{unclear}例来源不明{also}。",
        en=f"{len(finds)} were found outside controlled people within 7 days, {unclear} of them without a known source.{more}",
        source=tuple(sorted(f"case {one.case}" for one in finds)[:5]), confidence="record",
    )  # fmt: skip


def _proposal(one: Called, *, at: datetime, today: date) -> Proposal:
    area = one.area
    streets = sorted({find.area for find in one.finds if find.area != area.path})
    people = (
        ("", "") if area.population is None
        else (f"，常住人口{area.population:,}", f", {area.population:,} residents")
    )  # fmt: skip
    return Proposal(
        id=f"p-{commanding.mark(DESK, OPEN, one.disease, area.path, today.isoformat())}",
        area=area.path, desk=DESK, kind=OPEN, subject=round_id(area.path, today),
        what=Sentence(
            zh=f"{area.name_zh}开展第{one.number}轮区域核酸筛查{people[0]}",
            en=f"Screen {area.name_en}, round {one.number}{people[1]}",
        ),
        reasons=one.reasons, by="system", made=at, decided_in=one.decided_in, rule=one.rule,
        lines=(line(area.path, today, at=at, disease=one.disease, rule=one.rule),),
        alternatives=(
            Alternative(
                what=Sentence(
                    zh=f"只筛查发现感染者的{len(streets)}个街镇", en=f"Screen only the {len(streets)} streets with finds",
                ),
                lines=tuple(
                    line(street, today, at=at, disease=one.disease, rule=one.rule) for street in streets
                ),
            ),
        ) if streets else (),
    )  # fmt: skip


def round_id(area: AreaPath, day: date) -> str:
    """
    Return the id of the round of an area that is called on a day.

    >>> from yipan.model import area_path
    >>> round_id(area_path("44.4401.440105."), date(2022, 10, 24))
    '44-4401-440105-20221024'
    """
    return f"{area.rstrip('.').replace('.', '-')}-{day:%Y%m%d}"


def line(
    area: AreaPath, day: date, *, at: datetime, disease: str, rule: str, lasts: timedelta = ROUND
) -> OrderLine:
    """Return the order line that opens a round in an area; a command that changes a proposal says another area or time."""
    return OrderLine(
        kind=OPEN, subject=round_id(area, day), area=area, effective=at,
        terms={"disease": disease, "hours": lasts.total_seconds() / 3600, "rule": rule},
    )  # fmt: skip


def carry_out(act: Acting, order: Order) -> tuple[Task, ...]:
    """
    Open the rounds an order names, within its act, and return the task to swab everybody in each.

    Raises ValueError for a round on record already, or terms that are not understood.
    """
    lines = [one for one in order.lines if one.desk == HAND]
    known = {
        one.id for one in act.nouns(SCREENING_ROUNDS, where={"id": [one.subject for one in lines]})
    }
    made: list[ScreeningRound] = []
    for one in lines:
        if one.kind != OPEN:
            raise ValueError(f"{one.kind} is nothing one orders of screening; expected {OPEN}")
        if one.subject in known:
            raise ValueError(f"screening round {one.subject} is in the record already")
        try:
            disease, hours = str(one.terms["disease"]), float(one.terms["hours"])
        except (KeyError, TypeError, ValueError) as wrong:
            raise ValueError(f"terms of {one.kind} {one.subject}: {wrong!r}") from None
        if not 0 < hours <= 24 * 14:
            raise ValueError(
                f"a round of {hours:g} hours in {one.area}; expected more than 0 and at most 336"
            )
        made.append(
            ScreeningRound(
                id=one.subject, area=one.area, disease=disease, opened=one.effective,
                closes=one.effective + timedelta(hours=hours), rule=str(one.terms.get("rule", order.rule)),
            )
        )  # fmt: skip
    act.put(SCREENING_ROUNDS, made)
    return tuple(_swab_task(one, order) for one in made)


def _swab_task(round: ScreeningRound, order: Order) -> Task:
    return Task(
        id=f"t-{commanding.mark(SWAB, round.id)}", area=round.area, duty=Duty.COMMUNITY, desk=DESK, kind=SWAB,
        subject=round.id, what=Sentence(zh="完成本轮采样", en="Swab everybody due in the round"),
        starts=round.opened, due=round.closes, measured_to="last swab taken", cause=order.id, rule=round.rule,
    )  # fmt: skip
