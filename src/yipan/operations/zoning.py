"""
Zoning: zones on record, their clocks by the minute, what is due, what is missing, what is late.

The rules are the protocol's; here their facts are read, their rulings turned into proposals, and orders carried out.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TypeGuard
from zoneinfo import ZoneInfo

import msgspec

from yipan.model import (
    OVER,
    Adoption,
    Alternative,
    AreaPath,
    CasePlace,
    Cost,
    Duty,
    LateLifting,
    LevelSpan,
    Order,
    OrderLine,
    PersonId,
    Place,
    PlacePart,
    Power,
    Proposal,
    ProposalState,
    Reason,
    RegisteredPlace,
    Roster,
    RosterGroup,
    Sentence,
    Task,
    TaskState,
    TaskStep,
    TestResult,
    Zone,
    ZoneChange,
    ZonePiece,
    ZoneRound,
    ZoneTerms,
    ancestors_of,
    check_area,
    check_may,
    place,
)
from yipan.operations import commanding
from yipan.operations.post import Post
from yipan.protocol import Adopted, Profile, Protocols, Rulebook, TraceStep, protocols
from yipan.protocol.rules.authority import owner
from yipan.protocol.rules.zones import (
    ClosingRound,
    NewInfection,
    RoundProgress,
    Step,
    ZoneClock,
    ZoneFacts,
    running_clock,
    zone_steps,
)
from yipan.store import Acting, Change, NotFound, Question, Record
from yipan.store.nouns import OpenAfter
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.tracing import PERSON_TESTS
from yipan.store.tables.zoning import (
    ADOPTIONS,
    CASE_PLACES,
    LATE_LIFTINGS,
    REGISTER,
    ROSTERS,
    ROUNDS,
    SEVERAL,
    ZONES,
    compound_of,
)

DESK = "zoning"
HAND = "zone"
"""The first word of the kind of every order line this desk carries out."""
ON_SITE = "on_site"
"""The kind of the task that ends when investigators are where an infected person is."""
RESULT_DAYS = 7
"""A positive result of so many days ago still sends investigators: older ones are somebody's history, not today's work."""
LIFT = "zone.lift"
"""The kind of the task that ends when a zone whose conditions are met is lowered."""

LEVEL_WORDS: Mapping[str, tuple[str, str]] = {
    "high": ("高风险区", "high-risk zone"), "medium": ("中风险区", "medium-risk zone"),
    "low": ("低风险区", "low risk"), "sealed": ("封控区", "sealed area"),
    "controlled": ("管控区", "controlled area"), "precaution": ("防范区", "precaution area"),
    "normal": ("常态化防控区域", "normal"), "ended": ("解除管控", "lifted"),
}  # fmt: skip
"""What each level is called; a class outside the protocol is called by the name its order gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSheet:
    """
    Where a zone stands at an instant: its level and clock, resets, guards, what is missing, when it is due, who decides.

    `eligible_at` is when every condition holds, None while a guard is missing or no version in force lets the
    class step down by itself; `ordered_until` the instant of a change ordered already. `late_hours` is how far
    past due the lifting is at the instant asked about. `missing_people` are pseudonyms of the roster not sampled.
    """

    zone: Zone
    at: datetime
    level: str
    since: datetime
    clock_start: datetime
    period_ends: datetime | None
    eligible_at: datetime | None
    to: str | None
    missing: tuple[str, ...]
    missing_people: tuple[PersonId, ...]
    infections: int
    ordered_until: datetime | None
    due: datetime | None
    late_hours: float
    decided_in: AreaPath
    rulebook: str
    outside: bool
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyStatus:
    """Low while any zone in the county restricts anybody, else normal; since when, and when it can be normal."""

    area: AreaPath
    status: str
    since: datetime | None
    zones: int
    residents: int | None
    normal_from: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is adopted where, read once per area of a reading."""

    record: Record
    found: dict[AreaPath, tuple[tuple[Adopted, ...], Profile | None]] = field(default_factory=dict)
    deciders: dict[AreaPath, AreaPath] = field(default_factory=dict)

    def of(self, area: AreaPath) -> tuple[tuple[Adopted, ...], Profile | None]:
        """Return the versions the nearest command at or above an area adopted, in order of time, and its profile."""
        if area not in self.found:
            chain = [*ancestors_of(area), area]
            self.hear(area, self.record.nouns(ADOPTIONS, where={"area": chain}))
        return self.found[area]

    def hear(self, area: AreaPath, adopted: Sequence[Adoption]) -> None:
        """Keep what was adopted in an area and above it, where somebody has read it already."""
        if area not in self.found:
            nearest = max((len(one.area) for one in adopted), default=0)
            own = sorted((o for o in adopted if len(o.area) == nearest), key=lambda o: (o.at, o.id))
            books = tuple(
                Adopted(rulebook=_rulebook(one.version), at=one.at, policy=one.policy)
                for one in own
            )
            profile = _protocols().profile(own[-1].profile) if own else None
            self.found[area] = (books, profile)

    def book(self, area: AreaPath, at: datetime) -> Rulebook | None:
        """Return the version in force in an area at an instant, None where none was adopted by then."""
        held = [one for one in self.of(area)[0] if one.at <= at]
        return held[-1].rulebook if held else None

    def decided_in(self, area: AreaPath, at: datetime) -> AreaPath:
        """Return the area whose command decides about zones: the level the version names, else the area itself."""
        if area not in self.deciders:
            book = self.book(area, at)
            level = owner("zone", area, book, at=at).value.level if _names_decider(book) else None
            chosen = area
            for path in (*ancestors_of(area), area) if level is not None else ():
                try:
                    if self.record.area(path).level == level:
                        chosen = path
                except NotFound:
                    continue
            self.deciders[area] = chosen
        return self.deciders[area]


def _names_decider(book: Rulebook | None) -> TypeGuard[Rulebook]:
    return book is not None and book.has("authority.zone")


@cache
def _protocols() -> Protocols:
    return protocols()


@cache
def _rulebook(version: str) -> Rulebook:
    return _protocols().rulebook(version)


# Recording ----------------------------------------------------------------------------------------------------------


def adopt(post: Post, adoption: Adoption, *, at: datetime) -> Change:
    """Put on record that the command of an area adopts a version. Raises ProtocolError for one that is not known."""
    check_may(post.viewer, Power.DECIDE)
    check_area(post.viewer, adoption.area)
    _rulebook(adoption.version)
    _protocols().profile(adoption.profile)
    with post.store.acting(
        post.viewer, desk=DESK, verb="adopt", rule=adoption.version, subject=adoption.id, area=adoption.area,
        why=f"adopts {adoption.version}, running clocks {adoption.policy}", at=at,
    ) as act:  # fmt: skip
        return act.put(ADOPTIONS, [adoption])


def record_case_places(post: Post, found: Sequence[CasePlace], *, at: datetime) -> Change:
    """Put on record where cases lived and stayed; to go to somebody found positive is done by that."""
    check_may(post.viewer, Power.PROPOSE)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_case_places", why="where cases lived and stayed", at=at
    ) as act:
        change = act.put(CASE_PLACES, found)
        ids = [f"t-{commanding.mark(ON_SITE, one.person)}" for one in found if one.person]
        step = TaskStep(to=TaskState.DONE, at=act.moment, by=act.viewer.user)
        gone = act.nouns(TASKS, where={"id": ids, "state": commanding.RUNNING}) if ids else ()
        act.put(TASKS, [task.stepped(step, finished=act.moment) for task in gone])
        return change


def record_register(post: Post, units: Sequence[RegisteredPlace], *, at: datetime) -> Change:
    """Put units of the place register on record."""
    check_may(post.viewer, Power.INGEST)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_register", why="the place register", at=at
    ) as act:
        return act.put(REGISTER, units)


def record_roster(post: Post, roster: Roster, *, at: datetime) -> Change:
    """Put on record whom a closing round of a zone must reach."""
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_roster", subject=roster.id, area=roster.area,
        why="whom a round must reach", at=at,
    ) as act:  # fmt: skip
        return act.put(ROSTERS, [roster])


def record_round(post: Post, found: ZoneRound, *, at: datetime) -> Change:
    """Put a round of tests of a zone on record, or how far it has come; positives and missing people with it."""
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_round", subject=found.zone, area=found.area,
        why="a round of tests of the zone", at=at,
    ) as act:  # fmt: skip
        return act.put(ROUNDS, [found])


def line(
    change: ZoneChange,
    zone: str,
    *,
    area: AreaPath,
    effective: datetime,
    terms: ZoneTerms | None = None,
) -> OrderLine:
    """
    Return an order line about a zone. Raises ValueError naming what the change needs and was not given.

    >>> from datetime import UTC
    >>> at = datetime(2022, 9, 8, 3, tzinfo=UTC)
    >>> line(ZoneChange.LOWER, "z-1", area="44.4403.", effective=at, terms=ZoneTerms(level="medium")).terms
    {'level': 'medium'}
    """
    given = terms or ZoneTerms()
    if missing := given.missing_for(change):
        raise ValueError(f"a line to {change.value} zone {zone} needs {', '.join(missing)}")
    told = msgspec.to_builtins(given)
    empty = msgspec.to_builtins(ZoneTerms())
    return OrderLine(
        kind=f"{HAND}.{change.value}", subject=zone, area=area, effective=effective,
        terms={name: value for name, value in told.items() if value != empty[name]},
    )  # fmt: skip


def terms_of(told: OrderLine) -> tuple[ZoneChange, ZoneTerms]:
    """Return what an order line does to a zone and on which terms. Raises ValueError for what is not understood."""
    verb = told.kind.partition(".")[2]
    if verb not in set(ZoneChange):
        raise ValueError(
            f"{told.kind} is no change of a zone; expected one of {sorted(ZoneChange)}"
        )
    change = ZoneChange(verb)
    try:
        terms = msgspec.convert(dict(told.terms), ZoneTerms)
    except msgspec.ValidationError as wrong:
        raise ValueError(f"terms of {told.kind} {told.subject}: {wrong}") from None
    if unknown := sorted(set(told.terms) - set(msgspec.to_builtins(ZoneTerms()))):
        raise ValueError(f"terms of {told.kind} {told.subject}: unknown {', '.join(unknown)}")
    if missing := terms.missing_for(change):
        raise ValueError(f"a line to {change.value} zone {told.subject} needs {', '.join(missing)}")
    return change, terms


# Carrying out -------------------------------------------------------------------------------------------------------


def carry_out(act: Acting, order: Order) -> tuple[Task, ...]:
    """
    Carry out the zone lines of an order within its act and return the tasks it makes due: to tell the public.

    Each line does one change, in the order given; a later line may name a zone an earlier one made. Raises
    NotFound for a zone that is not there, ValueError for a change it cannot take.
    """
    books = Books(record=act)
    changed: dict[str, Zone] = {}
    lifted: list[tuple[str, datetime]] = []
    for number, told in enumerate(order.lines):
        if told.desk != HAND:
            continue
        change, terms = terms_of(told)
        make = _CHANGES[change]
        for zone in make(
            _Site(act=act, order=order, number=number, told=told, books=books, changed=changed),
            terms,
        ):
            changed[zone.id] = zone
            if change in {ZoneChange.LOWER, ZoneChange.END, ZoneChange.SPLIT, ZoneChange.MERGE}:
                lifted.append((zone.id, told.effective))
    act.put(ZONES, changed.values())
    _end_lifting_tasks(act, lifted, by=order.decider)
    return _publication_tasks(act, order, changed, books)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """One line being carried out."""

    act: Acting
    order: Order
    number: int
    told: OrderLine
    books: Books
    changed: dict[str, Zone]

    def zone(self, id: str | None = None) -> Zone:
        """Return the zone a line speaks of, as earlier lines of the order left it."""
        wanted = id or self.told.subject
        found = self.changed.get(wanted) or self.act.noun(ZONES, wanted)
        if found.is_over and found.spans[-1].since <= self.told.effective:
            raise ValueError(
                f"zone {wanted} is over since {found.spans[-1].since.isoformat()} ({found.spans[-1].level})"
            )
        if found.spans[-1].since > self.told.effective:
            raise ValueError(
                f"zone {wanted} is already ordered to be {found.spans[-1].level} from "
                f"{found.spans[-1].since.isoformat()}; a line of {self.told.effective.isoformat()} comes before that"
            )
        return found

    def span(
        self, level: str, change: ZoneChange, terms: ZoneTerms, *, area: AreaPath,
        clock_start: datetime | None = None, after_high: bool = False,
    ) -> LevelSpan:  # fmt: skip
        book = self.books.book(area, self.told.effective)
        known = book is not None and level in (book.get("zone.classes") or ())
        return LevelSpan(
            level=level, since=self.told.effective, change=change, order=self.order.id, line=self.number,
            clock_start=clock_start or terms.clock_start or self.told.effective, after_high=after_high,
            outside=not known and level not in OVER, reason=terms.reason,
        )  # fmt: skip


def _set(site: _Site, terms: ZoneTerms) -> Iterable[Zone]:
    assert terms.place is not None
    assert terms.level is not None
    if site.told.subject in site.changed or site.act.nouns(ZONES, where={"id": site.told.subject}):
        raise ValueError(
            f"zone {site.told.subject} is there already; another episode has another id"
        )
    area = site.told.area
    yield Zone(
        id=site.told.subject, area=area, place=terms.place, disease=terms.disease, name_zh=terms.name_zh,
        name_en=terms.name_en, part=terms.part, ring_of=terms.ring_of, residents=terms.residents,
        spans=(site.span(terms.level, ZoneChange.SET, terms, area=area),),
    )  # fmt: skip


def _relevel(change: ZoneChange) -> Callable[[_Site, ZoneTerms], Iterable[Zone]]:
    def make(site: _Site, terms: ZoneTerms) -> Iterable[Zone]:
        zone = site.zone()
        before = zone.spans[-1]
        level = terms.level or ("ended" if change is ZoneChange.END else before.level)
        _check_direction(site, zone, before.level, level, change)
        after_high = before.after_high if level == before.level else before.level == "high"
        span = site.span(level, change, terms, area=zone.area, after_high=after_high)
        yield replace(zone, spans=(*zone.spans, span))

    return make


def _check_direction(site: _Site, zone: Zone, before: str, level: str, change: ZoneChange) -> None:
    book = site.books.book(zone.area, site.told.effective)
    ladder = list(book.get("zone.classes") or ()) if book else []
    if change is ZoneChange.RESET or before not in ladder or level not in ladder:
        return
    rises = ladder.index(level) < ladder.index(before)
    if rises is not (change is ZoneChange.RAISE) or level == before:
        raise ValueError(f"zone {zone.id} cannot be {change.value}d from {before} to {level}")


def _split(site: _Site, terms: ZoneTerms) -> Iterable[Zone]:
    zone = site.zone()
    yield from _pieces(site, zone, terms, ZoneChange.SPLIT)
    gone = site.span("split", ZoneChange.SPLIT, terms, area=zone.area)
    yield replace(zone, spans=(*zone.spans, gone))


def _pieces(site: _Site, zone: Zone, terms: ZoneTerms, change: ZoneChange) -> Iterable[Zone]:
    before = zone.spans[-1]
    for piece in terms.pieces:
        if not zone.place.overlaps(piece.place):
            raise ValueError(f"piece {piece.id} does not lie in zone {zone.id}")
        if piece.id in site.changed or site.act.nouns(ZONES, where={"id": piece.id}):
            raise ValueError(f"zone {piece.id} is there already; a piece has an id of its own")
        span = site.span(
            before.level, change, terms, area=zone.area, clock_start=piece.clock_start or before.clock_start,
            after_high=before.after_high,
        )  # fmt: skip
        yield replace(
            zone, id=piece.id, place=piece.place, name_zh=piece.name_zh, name_en=piece.name_en, spans=(span,),
            came_from=(zone.id,), residents=piece.residents,
        )  # fmt: skip
        _share_roster(site.act, zone.id, piece.id, zone.area, piece.place)


def _share_roster(act: Acting, zone: str, piece: str, area: AreaPath, drawn: Place) -> None:
    """Give a piece the people of the groups that lie in it; a group that lies partly in it is reached there, too."""
    for roster in act.nouns(ROSTERS, where={"id": zone}):
        groups: tuple[RosterGroup, ...] = tuple(g for g in roster.groups if g.place.overlaps(drawn))
        if groups:
            inside = {person for group in groups for person in group.people}
            tokens = tuple(one for one in roster.tokens if one[1] in inside)
            act.put(ROSTERS, [Roster(id=piece, area=area, groups=groups, tokens=tokens)])
    rounds = [
        replace(one, id=f"{one.id}.{piece}", zone=piece)
        for one in act.nouns(ROUNDS, where={"zone": zone})
    ]
    act.put(ROUNDS, rounds)


def _hold_back(site: _Site, terms: ZoneTerms) -> Iterable[Zone]:
    zone = site.zone()
    if len(terms.pieces) != 1:
        raise ValueError(
            f"a line that holds back names one piece of zone {zone.id}, not {len(terms.pieces)}"
        )
    yield from _pieces(site, zone, terms, ZoneChange.HOLD_BACK)
    yield replace(zone, place=zone.place.minus(terms.pieces[0].place))


def _merge(site: _Site, terms: ZoneTerms) -> Iterable[Zone]:
    merged = [site.zone(one) for one in terms.zones]
    levels = {zone.spans[-1].level for zone in merged}
    level = terms.level or (levels.pop() if len(levels) == 1 else None)
    if level is None:
        raise ValueError(
            f"zones {', '.join(terms.zones)} have several levels; a merging line says which one holds"
        )
    first = merged[0]
    clock = terms.clock_start or max(zone.spans[-1].clock_start for zone in merged)
    known = [zone.residents for zone in merged if zone.residents is not None]
    span = site.span(level, ZoneChange.MERGE, terms, area=site.told.area, clock_start=clock)
    yield Zone(
        id=site.told.subject, area=site.told.area, disease=first.disease, name_zh=terms.name_zh,
        name_en=terms.name_en, place=terms.place or first.place.union(*(z.place for z in merged[1:])),
        spans=(span,), came_from=tuple(terms.zones),
        residents=sum(known) if len(known) == len(merged) else None,
    )  # fmt: skip
    rosters = site.act.nouns(ROSTERS, where={"id": list(terms.zones)})
    if rosters:
        site.act.put(ROSTERS, [Roster(
            id=site.told.subject, area=site.told.area,
            groups=tuple(group for one in rosters for group in one.groups),
            tokens=tuple(dict(token for one in rosters for token in one.tokens).items()),
        )])  # fmt: skip
    for zone in merged:
        gone = site.span("merged", ZoneChange.MERGE, terms, area=zone.area)
        yield replace(zone, spans=(*zone.spans, gone))


_CHANGES: Mapping[ZoneChange, Callable[[_Site, ZoneTerms], Iterable[Zone]]] = {
    ZoneChange.SET: _set,
    ZoneChange.RAISE: _relevel(ZoneChange.RAISE),
    ZoneChange.LOWER: _relevel(ZoneChange.LOWER),
    ZoneChange.END: _relevel(ZoneChange.END),
    ZoneChange.RESET: _relevel(ZoneChange.RESET),
    ZoneChange.SPLIT: _split,
    ZoneChange.MERGE: _merge,
    ZoneChange.HOLD_BACK: _hold_back,
}


def _end_lifting_tasks(act: Acting, lifted: Sequence[tuple[str, datetime]], *, by: str) -> None:
    effective = dict(lifted)
    if not effective:
        return
    due = act.nouns(TASKS, where={"subject": list(effective), "state": commanding.RUNNING})
    step = TaskStep(to=TaskState.DONE, at=act.moment, by=by)
    act.put(TASKS, [t.stepped(step, finished=effective[t.subject]) for t in due if t.kind == LIFT])


def _publication_tasks(
    act: Acting, order: Order, changed: Mapping[str, Zone], books: Books
) -> tuple[Task, ...]:
    """Return the task to tell the public: due from the first report a new zone answers, else from the decision."""
    book = books.book(order.area, order.decided)
    hours = book.get("limit.zones_published_hours") if book else None
    if hours is None:
        return ()
    starts = order.decided
    if any(told.kind == f"{HAND}.{ZoneChange.SET.value}" for told in order.lines):
        reports = [
            found.found
            for zone in changed.values()
            for found in case_places_in(act, zone.place)
            if found.counts
            and found.found <= order.decided
            and found.found >= order.decided - timedelta(days=1)
        ]
        starts = min(reports, default=order.decided)
    return (
        Task(
            id=f"t-{commanding.mark(order.id, commanding.PUBLISH)}", area=order.area, duty=Duty.COMMANDER,
            desk=DESK, kind=commanding.PUBLISH, subject=order.id, cause=order.id,
            what=Sentence(zh="向社会公布风险区域调整", en="Tell the public how the zones change"),
            starts=starts, due=starts + timedelta(hours=hours), measured_to="published",
            rule=f"{order.rule or book.id} limit.zones_published_hours" if book else order.rule,
        ),
    )  # fmt: skip


# Reading ------------------------------------------------------------------------------------------------------------


def case_places_in(record: Record, drawn: Place) -> tuple[CasePlace, ...]:
    """Return where cases lived or stayed that may lie in a place, by the compound it lies in."""
    compound = compound_of(drawn)
    where = {"compound": [compound, SEVERAL]} if compound != SEVERAL else {}
    found = record.nouns(CASE_PLACES, where=where)
    return tuple(one for one in found if _touch(one.area, drawn) and drawn.overlaps(one.place))


def _touch(area: AreaPath, drawn: Place) -> bool:
    return area.startswith(drawn.area) or drawn.area.startswith(area)


def zones(
    record: Record, *, area: AreaPath, at: datetime, in_force: bool = True
) -> tuple[ClockSheet, ...]:
    """Return the zones in an area as they stand at an instant, each with its clock sheet; those due first."""
    check_area(record.viewer, area)
    books = Books(record=record)
    open_only = {"over_from": OpenAfter(moment=at)} if in_force else {}
    found = record.nouns(ZONES, under=area, where=open_only)
    shown = [z for z in found if z.at(at) is not None and (not in_force or z.in_force(at))]
    facts = Facts.of(record, shown, under=area)
    sheets = [clock_sheet(zone, facts, books, at=at) for zone in shown]
    far = datetime.max.replace(tzinfo=at.tzinfo)
    return tuple(sorted(sheets, key=lambda s: (s.due or far, s.period_ends or far, s.zone.id)))


def sheet_of(record: Record, zone: str, *, at: datetime) -> ClockSheet:
    """Return the clock sheet of one zone at an instant. Raises NotFound, and ValueError before it began."""
    found = record.noun(ZONES, zone)
    if found.at(at) is None:
        raise ValueError(f"zone {zone} began at {found.since.isoformat()}, after {at.isoformat()}")
    facts = Facts.of(record, [found], under=found.area)
    return clock_sheet(found, facts, Books(record=record), at=at)


def zone_of(record: Record, zone: str) -> Zone:
    """Return one zone by its id. Raises NotFound."""
    return record.noun(ZONES, zone)


def adopted_in(record: Record, area: AreaPath) -> tuple[tuple[Adopted, ...], Profile | None]:
    """Return the versions that hold in an area, in order of time, and the profile of who adopted the newest."""
    return Books(record=record).of(area)


def kept(
    record: Record, *, area: AreaPath, at: datetime
) -> tuple[tuple[Zone, ZoneFacts, str], ...]:
    """Return each zone in force in an area with the facts of its clock and the level whose duties hold."""
    running = [
        zone
        for zone in record.nouns(ZONES, under=area, where={"over_from": OpenAfter(moment=at)})
        if zone.in_force(at)
    ]
    facts = Facts.of(record, running, under=area)
    return tuple(
        (zone, facts_of(zone, span, facts, at=at), span.level)
        for zone in running
        if (span := zone.at(at)) is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """
    One infection on record: where, when it was found, and in which setting (a name of the screening rules' `SETTINGS`).

    `setting` is isolation, the level of a zone that was in force around the person's home by then, or community.
    """

    case: str
    area: AreaPath
    found: datetime
    setting: str
    person: PersonId | None = None


def finds(record: Record, *, area: AreaPath, since: datetime, until: datetime) -> tuple[Find, ...]:
    """
    Return the infections found in an area from `since` until `until`, each case once, in order of time.

    What the rules leave out (`counts` is False) is left out. A zone drawn because of the case does not count for it:
    its level must have been in force when the case was found. Of several places of a case the home says the setting.
    """
    places = [
        one
        for one in record.nouns(CASE_PLACES, under=area)
        if one.counts and since <= one.found < until
    ]
    if not places:
        return ()
    mine = {one.id for one in places}
    drawn = record.nouns(ZONES, under=area, where={"over_from": OpenAfter(moment=since)})
    facts = Facts.of(record, drawn, under=area)
    level: dict[str, str] = {}
    for zone in drawn:
        for one in facts.infections(zone):
            span = zone.at(one.found)
            if one.id in mine and span is not None and span.level not in OVER:
                level.setdefault(one.id, span.level)
    told: dict[str, Find] = {}
    for one in sorted(places, key=lambda one: (not one.home, one.found, one.id)):
        controlled = one.isolated or one.home_isolated_contact
        setting = "isolation" if controlled else level.get(one.id, "community")
        told.setdefault(
            one.case,
            Find(case=one.case, area=one.area, found=one.found, setting=setting, person=one.person),
        )
    return tuple(sorted(told.values(), key=lambda one: (one.found, one.case)))


def history(record: Record, zone: str) -> tuple[object, ...]:
    """Return every version of a zone with when it was known and by which act: the story as known at each step."""
    return record.versions(ZONES, zone)


FEW = 50
"""Of so many zones at most what their clocks need is asked for zone by zone, of more all of it at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where cases were, rosters and rounds, filed so that a zone finds its own without asking every other."""

    by_compound: Mapping[str, Sequence[CasePlace]]
    rosters: Mapping[str, Roster]
    rounds: Mapping[str, Sequence[ZoneRound]]

    @classmethod
    def of(cls, record: Record, zones: Sequence[Zone], *, under: AreaPath | None) -> "Facts":
        """Read what the clocks of these zones need: of a few what is near them, of many all there is in `under`."""
        if not zones:
            return cls(by_compound={}, rosters={}, rounds={})
        ids = [zone.id for zone in zones]
        if len(ids) <= FEW:
            places = cls.near(zones)
            of_zone: dict[str, object] = {"zone": ids}
            scope = None
        else:
            places, of_zone, scope = (Question(table=CASE_PLACES),), {}, under
        rounds, *found = record.together(
            Question(table=ROUNDS, under=scope, where=of_zone), *places
        )
        return cls.filed(record, ids, scope, rounds, *found)

    @staticmethod
    def near(zones: Sequence[Zone]) -> tuple[Question, ...]:
        """Return the questions for where cases were that may touch these zones: by compound, else by area."""
        compounds = sorted({compound_of(zone.place) for zone in zones} - {SEVERAL})
        asked = (
            [Question(table=CASE_PLACES, where={"compound": [*compounds, SEVERAL]})]
            if compounds
            else []
        )
        for area in sorted(
            {zone.place.area for zone in zones if compound_of(zone.place) == SEVERAL}
        ):
            asked.append(Question(table=CASE_PLACES, under=area))
            asked.append(Question(table=CASE_PLACES, where={"area": list(ancestors_of(area))}))
        return tuple(asked)

    @classmethod
    def filed(
        cls,
        record: Record,
        ids: Sequence[str],
        under: AreaPath | None,
        rounds: Sequence[ZoneRound],
        *found: Sequence[CasePlace],
    ) -> "Facts":
        """File what was read; rosters are asked for only where a round was held."""
        by_compound: dict[str, list[CasePlace]] = {}
        for one in {one.id: one for several in found for one in several}.values():
            by_compound.setdefault(compound_of(one.place), []).append(one)
        by_zone: dict[str, list[ZoneRound]] = {}
        for held in rounds:
            by_zone.setdefault(held.zone, []).append(held)
        few = [zone for zone in ids if zone in by_zone]
        where = {"id": few} if len(few) <= FEW else None
        rosters = record.nouns(ROSTERS, under=under, where=where) if few else ()
        return cls(by_compound=by_compound, rosters={r.id: r for r in rosters}, rounds=by_zone)

    def infections(self, zone: Zone) -> tuple[CasePlace, ...]:
        """Return the infections whose place meets the zone's, in order of when they were found."""
        compound = compound_of(zone.place)
        if compound == SEVERAL:
            near: Iterable[CasePlace] = (one for some in self.by_compound.values() for one in some)
        else:
            near = (*self.by_compound.get(compound, ()), *self.by_compound.get(SEVERAL, ()))
        found = (
            one for one in near if _touch(one.area, zone.place) and zone.place.overlaps(one.place)
        )
        return tuple(sorted(found, key=lambda one: (one.found, one.id)))


def facts_of(zone: Zone, span: LevelSpan, facts: Facts, *, at: datetime) -> ZoneFacts:
    """
    Return what the rules need to know of one level of a zone, from what was found and done by `at`.

    Every instant is told in the time zone of `at`: what the rules say in sentences is read where `at` is.
    """

    def local(moment: datetime) -> datetime:
        return moment.astimezone(at.tzinfo)

    roster = facts.rosters.get(zone.id)
    done = [
        (ended, one.started)
        for one in facts.rounds.get(zone.id, ())
        if (ended := one.completed(roster)) is not None and ended <= at
    ]
    return ZoneFacts(
        level=span.level, clock_start=local(span.clock_start), after_high=span.after_high,
        infections=tuple(
            NewInfection(
                found=local(one.found), controlled=local(one.controlled) if one.controlled else None, counts=one.counts,
                home_isolated_contact=one.home_isolated_contact, isolated=one.isolated,
            )
            for one in facts.infections(zone)
            if span.clock_start < one.found <= at
        ),
        rounds=tuple(
            ClosingRound(completed=local(ended), sampling_began=local(began)) for ended, began in sorted(done)
        ),
        progress=tuple(
            RoundProgress(
                at=local(one.last_result or one.started), sampled=len(roster.people) - len(one.missing(roster)),
                roster=len(roster.people),
            )
            for one in facts.rounds.get(zone.id, ())
            if roster is not None and (one.last_result or one.started) <= at
        ),
        contacts_clear=local(zone.contacts_clear) if zone.contacts_clear else None, held_back=local(span.since) if span.change is ZoneChange.HOLD_BACK else None,
        held_reason=span.reason or None,
    )  # fmt: skip


def clock_sheet(
    zone: Zone, facts: Facts, books: Books, *, at: datetime, decider: bool = True
) -> ClockSheet:
    """
    Return where a zone stands at `at`, by the rules its command adopted; without `decider`, who decides is not looked up.

    Without an adopted version nothing is due: the sheet says so instead of guessing.
    """
    span = zone.at(at)
    assert span is not None
    later = next((one for one in zone.spans if one.since > at), None)
    adopted, profile = books.of(zone.area)
    found = facts_of(zone, span, facts, at=at)
    over = span.level in OVER
    eligible = to = period = None
    rulebook = ""
    missing: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    assumed: tuple[str, ...] = ()
    grace = timedelta(0)
    if adopted and profile is not None and not over:
        grace = timedelta(hours=float(profile.value("overdue_grace_hours")))
        steps = zone_steps(found, adopted, profile)
        first = steps.value[0] if steps.value else None
        rulebook = first.rulebook if first else _ruling_book(adopted, max(span.clock_start, at)).id
        ends = max(at, first.eligible_at) if first else at
        ruling = running_clock(found, adopted, profile, at=ends)
        if ruling is not None:
            clock: ZoneClock = ruling.value
            period, missing = clock.period_ends, clock.missing
            reasons, trace, assumed = ruling.reasons, ruling.trace, ruling.assumed
        if first is not None:
            eligible, to = first.eligible_at, first.to
            missing = () if eligible <= at else missing
            if not reasons:
                reasons, assumed = steps.reasons[-1:], steps.assumed
    due = eligible + grace if eligible is not None else None
    until = later.since if later else at
    late = 0.0 if due is None else max(0.0, (until - due).total_seconds() / 3600)
    return ClockSheet(
        zone=zone, at=at, level=span.level, since=span.since, clock_start=span.clock_start, period_ends=period,
        eligible_at=eligible, to=to, missing=missing, missing_people=_missing_people(zone, facts, at),
        infections=sum(1 for one in found.infections if one.counts),
        ordered_until=later.since if later else None, due=due, late_hours=late,
        decided_in=books.decided_in(zone.area, at) if decider else zone.area, rulebook=rulebook, outside=span.outside, reasons=reasons,
        trace=trace, assumed=assumed,
    )  # fmt: skip


def _ruling_book(adopted: Sequence[Adopted], at: datetime) -> Rulebook:
    held = [one for one in adopted if one.at <= at]
    return (held[-1] if held else adopted[0]).rulebook


def _missing_people(zone: Zone, facts: Facts, at: datetime) -> tuple[PersonId, ...]:
    """Whom the newest round of the zone has not reached; nobody where no round was begun or no roster is known."""
    roster = facts.rosters.get(zone.id)
    begun = [one for one in facts.rounds.get(zone.id, ()) if one.started <= at]
    if roster is None or not begun:
        return ()
    return max(begun, key=lambda one: (one.started, one.id)).missing(roster)


def county_status(
    record: Record, *, area: AreaPath, at: datetime, level: str = "county"
) -> tuple[CountyStatus, ...]:
    """
    Return the status of each county in an area: low while a zone in it restricts anybody, else normal.

    A zone drawn across counties counts in each it may touch. `normal_from` is when the last zone can be lifted if
    nothing new is found, None where a guard is still missing or it is normal already.
    """
    check_area(record.viewer, area)
    books = Books(record=record)
    found = record.nouns(ZONES, under=area)
    facts = Facts.of(record, [zone for zone in found if zone.in_force(at)], under=area)
    told = []
    for county in record.areas(area, level=level):
        own = [z for z in found if any(_meets(part, county.path) for part in z.place.parts)]
        running = [zone for zone in own if zone.in_force(at)]
        ends = [_last_step(zone, facts, books, at=at) for zone in running]
        known = [end for end in ends if end is not None]
        residents = [zone.residents for zone in running]
        told.append(CountyStatus(
            area=county.path, status="low" if running else "normal",
            since=_status_since(own, at), zones=len(running),
            residents=None if None in residents else sum(r for r in residents if r is not None),
            normal_from=max(known) if running and len(known) == len(ends) else None,
        ))  # fmt: skip
    return tuple(told)


def _meets(part: PlacePart, area: AreaPath) -> bool:
    return part.area.startswith(area) or area.startswith(part.area)


def _status_since(own: Sequence[Zone], at: datetime) -> datetime | None:
    """When the state at `at` began: the newest change between nobody and somebody restricted; None before any."""
    moments = sorted({span.since for zone in own for span in zone.spans if span.since <= at})
    now = any(zone.in_force(at) for zone in own)
    began = None
    for moment in reversed(moments):
        if any(zone.in_force(moment) for zone in own) is not now:
            break
        began = moment
    return began


def _last_step(zone: Zone, facts: Facts, books: Books, *, at: datetime) -> datetime | None:
    adopted, profile = books.of(zone.area)
    span = zone.at(at)
    if not adopted or profile is None or span is None:
        return None
    steps = zone_steps(facts_of(zone, span, facts, at=at), adopted, profile).value
    return steps[-1].eligible_at if steps and steps[-1].to in OVER else None


# The round ----------------------------------------------------------------------------------------------------------


def review_zones(
    post: Post, *, at: datetime, time_zone: ZoneInfo, only_if_new: bool = False
) -> int:
    """
    Propose every change that is due at `at`, with what makes it due, and return how many proposals are new.

    Lowering and ending from the instant all conditions hold; splitting (or resetting) where a new infection was
    found; setting where a case lives outside every zone. Each lifting also becomes a task with its limit, so a late
    one is overdue. Proposals whose facts have changed lapse. Done again for the same instant, nothing is new; with
    `only_if_new` no act is made either, so that a timer may ask every minute.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    at = at.astimezone(time_zone)
    if only_if_new:
        with post.store.reading(post.viewer) as record:
            if not _review_of(record, post, at=at, time_zone=time_zone).is_new(record):
                return 0
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="review_zones",
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}",
        at=at,
    ) as act:
        found = _review_of(act, post, at=at, time_zone=time_zone)
        commanding.lapse(
            act, [p.id for p in found.stale], why="the facts it rested on have changed"
        )
        _cancel_lifting(act, [p for p in found.stale if p.kind == f"{HAND}.lower"])
        commanding.put_tasks(act, found.tasks)
        commanding.put_tasks(act, _positives_waiting(act, post.area, at=at, time_zone=time_zone))
        return commanding.put_proposals(act, found.proposals)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Review:
    """What a review of the zones comes to: proposals and tasks that are due, open ones the facts no longer bear."""

    proposals: Sequence[Proposal]
    tasks: Sequence[Task]
    stale: Sequence[Proposal]

    def is_new(self, record: Record) -> bool:
        """Whether anything of it is not on record yet."""
        wanted, due = {one.id for one in self.proposals}, {one.id for one in self.tasks}
        standing = {
            one.id
            for one in (record.nouns(PROPOSALS, where={"id": sorted(wanted)}) if wanted else ())
            if one.state is not ProposalState.LAPSED
        }
        known = {one.id for one in (record.nouns(TASKS, where={"id": sorted(due)}) if due else ())}
        return bool(self.stale or wanted - standing or due - known)


def _review_of(record: Record, post: Post, *, at: datetime, time_zone: ZoneInfo) -> _Review:
    made, tasks = _due(record, post.area, at=at, by=post.viewer.user, time_zone=time_zone)
    wanted = {proposal.id for proposal in made}
    stale = [
        proposal
        for proposal in record.nouns(
            PROPOSALS, under=post.area, where={"desk": DESK, "state": "open"}
        )
        if proposal.rule and proposal.id not in wanted and proposal.kind != DELINEATED
    ]
    return _Review(proposals=made, tasks=tasks, stale=stale)


def alarm_late(
    post: Post, running: Sequence["RunningClock"], *, at: datetime
) -> tuple[LateLifting, ...]:
    """
    Give the alarm for every zone whose lifting has become late by `at`, once for each, and return the new ones.

    `running` are the clocks at `at`. A lifting is late once the grace of the profile is over after every condition
    held. No act is made where there is nothing new.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    with post.store.reading(post.viewer) as record:
        late = [
            LateLifting(
                id=f"ll-{commanding.mark(one.zone.id, one.span.since, one.eligible_at)}", area=one.zone.area,
                zone=one.zone.id, level=one.span.level, eligible=one.eligible_at, due=one.due, alarmed=at,
            )
            for one in running
            if one.eligible_at is not None and one.due is not None and one.late_at(at)
        ]  # fmt: skip
        ids = [one.id for one in late]
        known = {one.id for one in (record.nouns(LATE_LIFTINGS, where={"id": ids}) if ids else ())}
    new = tuple(one for one in late if one.id not in known)
    if new:
        with post.store.acting(
            post.viewer, desk=DESK, verb="alarm_late", subject=new[0].zone if len(new) == 1 else "",
            area=new[0].area if len(new) == 1 else None, why=f"{len(new)} liftings are late", at=at,
        ) as act:  # fmt: skip
            act.put(LATE_LIFTINGS, new)
    return new


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTooLong:
    """
    A lifting that became late, and what became of it.

    `ended` is when what should have been lifted was, or its clock began anew, and `change` by what; both are None while
    it is still kept. `late_hours` run from the end of the grace to then, or to the moment asked about.
    """

    alarm: LateLifting = field(metadata={"inline": True})
    name_zh: str
    name_en: str
    residents: int | None
    ended: datetime | None
    change: ZoneChange | None
    late_hours: float


def late_liftings(record: Record, *, area: AreaPath, at: datetime) -> tuple[KeptTooLong, ...]:
    """
    Return every lifting in an area that became late by `at`: those still kept first, then by how long, the longest first.

    It rests on the alarms on record: a lifting nobody looked at while it was late is not among them.
    """
    check_area(record.viewer, area)
    alarms = [one for one in record.nouns(LATE_LIFTINGS, under=area) if one.alarmed <= at]
    ids = sorted({one.zone for one in alarms})
    known = {zone.id: zone for zone in (record.nouns(ZONES, where={"id": ids}) if ids else ())}
    told = []
    for alarm in alarms:
        zone = known[alarm.zone]
        after = next((span for span in zone.spans if alarm.due < span.since <= at), None)
        until = at if after is None else after.since
        told.append(KeptTooLong(
            alarm=alarm, name_zh=zone.name_zh, name_en=zone.name_en, residents=zone.residents,
            ended=after.since if after else None, change=after.change if after else None,
            late_hours=(until - alarm.due).total_seconds() / 3600,
        ))  # fmt: skip
    return tuple(
        sorted(told, key=lambda one: (one.ended is not None, -one.late_hours, one.alarm.id))
    )


DELINEATED = "zone.delineate"
"""The kind of a proposal a person asked for by delineation; the round does not let it lapse."""


MANY = 300
"""With more zones than this their steps are ruled together, by the compiled twin of the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """
    A zone in force with its next step: when it is eligible (None while it is not), and when lifting it is late.

    `ordered` tells that a later change is ordered already; `struck` that an infection that counts was found since
    the clock was set, or since the zone was eligible.
    """

    zone: Zone
    span: LevelSpan
    eligible_at: datetime | None
    due: datetime | None
    ordered: bool
    struck: bool

    def late_at(self, moment: datetime) -> bool:
        """Whether lifting it is late at `moment` and nothing was ordered."""
        return self.due is not None and self.due < moment and not self.ordered


def clocks(record: Record, *, area: AreaPath, at: datetime) -> tuple[RunningClock, ...]:
    """Return the zones in force in an area with the next step of each: what a timer needs, for a province at once."""
    check_area(record.viewer, area)
    return _running_clocks(record, area, Books(record=record), at=at)[0]


def next_due(record: Record, *, area: AreaPath, at: datetime) -> datetime | None:
    """
    Return the next instant after `at` at which a zone becomes eligible or its lifting late; None where none will.

    Only what is known at `at` counts: a round of tests that comes in may bring an instant forward.
    """
    return next_of(clocks(record, area=area, at=at), at=at)


def next_of(running: Iterable[RunningClock], *, at: datetime) -> datetime | None:
    """Return the next instant after `at` at which one of these zones is eligible, or a second past the limit and late."""
    instants = [
        moment
        for one in running
        if not one.ordered
        for moment in (one.eligible_at, one.due + timedelta(seconds=1) if one.due else None)
        if moment is not None and moment > at
    ]
    return min(instants, default=None)


def _running_clocks(
    record: Record, area: AreaPath, books: Books, *, at: datetime
) -> tuple[tuple[RunningClock, ...], Facts]:
    running = [
        zone
        for zone in record.nouns(ZONES, under=area, where={"over_from": OpenAfter(moment=at)})
        if zone.in_force(at)
    ]
    facts = Facts.of(record, running, under=area)
    asked: dict[AreaPath, list[tuple[Zone, LevelSpan, ZoneFacts]]] = {}
    for zone in running:
        span = zone.at(at)
        assert span is not None
        asked.setdefault(zone.area, []).append((zone, span, facts_of(zone, span, facts, at=at)))
    together: dict[Hashable, list[tuple[Zone, LevelSpan, ZoneFacts]]] = {}
    under: dict[Hashable, tuple[tuple[Adopted, ...], Profile | None]] = {}
    for where, several in asked.items():
        adopted, profile = books.of(where)
        held = tuple((one.rulebook.id, one.at, one.policy) for one in adopted)
        key: Hashable = (held, None if profile is None else profile.id)
        under[key] = (adopted, profile)
        together.setdefault(key, []).extend(several)
    found: list[RunningClock] = []
    for key, several in together.items():
        adopted, profile = under[key]
        grace = timedelta(0)
        steps: Sequence[Sequence[Step]] = [()] * len(several)
        if adopted and profile is not None:
            grace = timedelta(hours=float(profile.value("overdue_grace_hours")))
            steps = steps_of([one[2] for one in several], adopted, profile)
        for (zone, span, told), own in zip(several, steps, strict=True):
            eligible = own[0].eligible_at if own else None
            found.append(RunningClock(
                zone=zone, span=span, eligible_at=eligible, due=None if eligible is None else eligible + grace,
                ordered=any(one.since > at for one in zone.spans),
                struck=any(
                    one.counts and (eligible is None or eligible > at or one.found > eligible)
                    for one in told.infections
                ),
            ))  # fmt: skip
    return tuple(found), facts


def steps_of(
    facts: Sequence[ZoneFacts], adopted: Sequence[Adopted], profile: Profile
) -> Sequence[tuple[Step, ...]]:
    """Return the steps of zones that fall under the same adoptions: one by one where they are few, else together."""
    if len(facts) <= MANY:
        return [zone_steps(one, adopted, profile).value for one in facts]
    from yipan.protocol.rules.many import zone_steps_many

    return zone_steps_many(facts, adopted, profile)


def _due(
    record: Record, area: AreaPath, *, at: datetime, by: str, time_zone: ZoneInfo
) -> tuple[list[Proposal], list[Task]]:
    books = Books(record=record)
    running, facts = _running_clocks(record, area, books, at=at)
    proposals: list[Proposal] = []
    tasks: list[Task] = []
    for one in running:
        lifts = one.eligible_at is not None and one.eligible_at <= at
        if one.ordered or not (lifts or one.struck):
            continue
        sheet = clock_sheet(one.zone, facts, books, at=at)
        if lifts:
            proposal = _lowering(sheet, at=at, by=by, time_zone=time_zone)
            proposals.append(proposal)
            tasks.append(_lifting_task(sheet, proposal))
        if one.struck:
            proposals += _after_infection(record, sheet, facts, at=at, by=by, time_zone=time_zone)
    more, further = _settings(record, area, books, at=at, by=by, time_zone=time_zone)
    return [*proposals, *more], [*tasks, *further]


def _lowering(sheet: ClockSheet, *, at: datetime, by: str, time_zone: ZoneInfo) -> Proposal:
    zone, to = sheet.zone, sheet.to or "ended"
    assert sheet.eligible_at is not None
    ends = to == "ended"
    terms = ZoneTerms() if ends else ZoneTerms(level=to)
    change = ZoneChange.END if ends else ZoneChange.LOWER
    zh, en = LEVEL_WORDS.get(to, (to, to))
    local = sheet.eligible_at.astimezone(time_zone)
    due = Reason(
        zh=f"自{local:%Y年%m月%d日%H时%M分}起条件全部满足。",
        en=f"All conditions have been met since {local:%Y-%m-%d %H:%M}.",
        source=sheet.reasons[0].source if sheet.reasons else (sheet.rulebook,),
        confidence=sheet.reasons[0].confidence if sheet.reasons else "high",
    )  # fmt: skip
    return Proposal(
        id=f"p-{commanding.mark(DESK, 'lower', zone.id, sheet.since, sheet.eligible_at, to)}", area=zone.area,
        desk=DESK, kind=f"{HAND}.lower", subject=zone.id,
        what=Sentence(zh=f"{zone.name_zh}：{zh}", en=f"{zone.name_en}: {en}"),
        reasons=(*sheet.reasons, due), by=by, made=at, decided_in=sheet.decided_in,
        lines=(line(change, zone.id, area=zone.area, effective=sheet.eligible_at, terms=terms),),
        cost=Cost(residents=0, person_days=0.0), rule=sheet.rulebook, due=sheet.due,
    )  # fmt: skip


def _lifting_task(sheet: ClockSheet, proposal: Proposal) -> Task:
    assert sheet.eligible_at is not None
    return Task(
        id=f"t-{commanding.mark(LIFT, proposal.id)}", area=sheet.zone.area, duty=Duty.COMMANDER, desk=DESK,
        kind=LIFT, subject=sheet.zone.id, cause=proposal.id,
        what=Sentence(zh=f"按时解除：{sheet.zone.name_zh}", en=f"Lift in time: {sheet.zone.name_en}"),
        starts=sheet.eligible_at, due=sheet.due, measured_to="the order takes effect", rule=sheet.rulebook,
    )  # fmt: skip


def _cancel_lifting(act: Acting, stale: Sequence[Proposal]) -> None:
    causes = [proposal.id for proposal in stale]
    if not causes:
        return
    step = TaskStep(to=TaskState.CANCELLED, at=act.moment, by=act.viewer.user, note="no longer due")
    due = act.nouns(TASKS, where={"cause": causes, "state": commanding.RUNNING})
    act.put(TASKS, [task.stepped(step) for task in due if task.kind == LIFT])


def _after_infection(
    act: Record, sheet: ClockSheet, facts: Facts, *, at: datetime, by: str, time_zone: ZoneInfo
) -> list[Proposal]:
    """Propose to split off where the new infections are and start only that clock again; or to reset the whole."""
    zone = sheet.zone
    new = [
        one for one in facts.infections(zone) if one.counts and sheet.clock_start < one.found <= at
    ]
    restart = max(one.controlled or one.found for one in new)
    struck = new[0].place.union(*(one.place for one in new[1:])) if len(new) > 1 else new[0].place
    struck = zone.place.within(struck) if not zone.place.covers(struck) else struck
    rest = zone.place.minus(struck)
    newest = new[-1].found.astimezone(time_zone)
    why = Reason(
        zh=f"{newest:%m月%d日%H时%M分}在区内发现新的感染者；可对全部或部分区域重新计时。",
        en=f"A new infection was found in the zone on {newest:%Y-%m-%d %H:%M}; the clock may start again for all or part of it.",
        source=sheet.reasons[0].source if sheet.reasons else (sheet.rulebook,),
        confidence=sheet.reasons[0].confidence if sheet.reasons else "high",
    )  # fmt: skip
    reset = line(
        ZoneChange.RESET,
        zone.id,
        area=zone.area,
        effective=at,
        terms=ZoneTerms(clock_start=restart),
    )
    whole = Sentence(
        zh=f"{zone.name_zh}全部重新计时", en=f"Start the clock of all of {zone.name_en} again"
    )
    mark = commanding.mark(DESK, "infection", zone.id, *(one.id for one in new))
    if rest.is_empty:
        return [Proposal(
            id=f"p-{mark}", area=zone.area, desk=DESK, kind=f"{HAND}.reset", subject=zone.id, what=whole,
            reasons=(why,), by=by, made=at, decided_in=sheet.decided_in, lines=(reset,), rule=sheet.rulebook,
            cost=Cost(residents=zone.residents),
        )]  # fmt: skip
    pieces = (
        ZonePiece(
            id=f"{zone.id}-{mark[:4]}a", place=struck, name_zh=f"{zone.name_zh}（新发现感染者部分）",
            name_en=f"{zone.name_en} (where the new infection is)", clock_start=restart,
            residents=residents_of(act, struck),
        ),
        ZonePiece(
            id=f"{zone.id}-{mark[:4]}b", place=rest, name_zh=f"{zone.name_zh}（其余部分）",
            name_en=f"{zone.name_en} (the rest)", residents=residents_of(act, rest),
        ),
    )  # fmt: skip
    split = line(
        ZoneChange.SPLIT, zone.id, area=zone.area, effective=at, terms=ZoneTerms(pieces=pieces)
    )
    return [Proposal(
        id=f"p-{mark}", area=zone.area, desk=DESK, kind=f"{HAND}.split", subject=zone.id,
        what=Sentence(
            zh=f"{zone.name_zh}分开计时：仅新发现感染者部分重新计时",
            en=f"Split {zone.name_en}: only where the new infection is, the clock starts again",
        ),
        reasons=(why,), by=by, made=at, decided_in=sheet.decided_in, lines=(split,), rule=sheet.rulebook,
        alternatives=(Alternative(what=whole, lines=(reset,), cost=Cost(residents=zone.residents)),),
    )]  # fmt: skip


def _settings(
    act: Record,
    area: AreaPath,
    books: Books,
    *,
    at: datetime,
    by: str,
    time_zone: ZoneInfo,
) -> tuple[list[Proposal], list[Task]]:
    """Propose zones where cases live outside every zone, drawn in the unit the version names; first tasks with them."""
    new: list[tuple[CasePlace, Rulebook]] = []
    for found in act.nouns(CASE_PLACES, under=area):
        book = books.book(found.area, at)
        if book is None or not (found.counts and found.home and found.found <= at):
            continue
        if book.get("zone.classes"):
            new.append((found, book))
    covered = _Covered.near(act, area, [found for found, _ in new])
    homes: dict[str, list[CasePlace]] = {}
    for found, book in new:
        if not covered.answers(found):
            drawn = drawn_in(found.place, book.get("zone.units") or ())
            homes.setdefault(str(drawn), []).append(found)
    proposals: list[Proposal] = []
    tasks: list[Task] = []
    for text, cases in homes.items():
        proposal, due = _setting(act, place(text), cases, books, at=at, by=by, time_zone=time_zone)
        proposals.append(proposal)
        tasks += due
    return proposals, tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Covered:
    """Every episode there was near some places, filed by compound."""

    by_compound: Mapping[str, Sequence[Zone]]

    @classmethod
    def near(cls, record: Record, area: AreaPath, cases: Sequence[CasePlace]) -> "_Covered":
        """Read the episodes that may cover where these cases lived: nothing where there are none."""
        if not cases:
            return cls(by_compound={})
        compounds = sorted({compound_of(one.place) for one in cases} | {SEVERAL})
        where = {"compound": compounds} if len(compounds) <= MANY else None
        return cls.by(record.nouns(ZONES, under=area, where=where))

    @classmethod
    def by(cls, zones: Sequence[Zone]) -> "_Covered":
        filed: dict[str, list[Zone]] = {}
        for zone in zones:
            filed.setdefault(compound_of(zone.place), []).append(zone)
        return cls(by_compound=filed)

    def answers(self, found: CasePlace) -> bool:
        """Whether an episode that had not ended when the case was found, or began later, covers where it lived."""
        compound = compound_of(found.place)
        near = self.by_compound.get(SEVERAL, ())
        own = self.by_compound.get(compound, ()) if compound != SEVERAL else ()
        return any(
            zone.place.overlaps(found.place)
            for zone in (*own, *near)
            if zone.spans[-1].level not in OVER or zone.spans[-1].since > found.found
        )


def drawn_in(spot: Place, units: Sequence[str]) -> Place:
    """
    Return a place coarsened to the first unit a version names that the place knows, as it stands where it knows none.

    >>> str(drawn_in(place("44.4401. compound X building 3 unit 1"), ["compound", "village"]))
    '44.4401. compound X'
    >>> str(drawn_in(place("44.4401. compound X building 3"), ["unit", "building"]))
    '44.4401. compound X building 3'
    """
    steps = ("compound", "building", "unit", "floors", "rooms")
    named = {"village": "compound", "floor": "floors", "household": "rooms", "room": "rooms"}
    for unit in units:
        last = named.get(unit, unit)
        if last not in steps or any(getattr(part, last) is None for part in spot.parts):
            continue
        kept = steps[: steps.index(last) + 1]
        texts = []
        for part in spot.parts:
            own = {name: getattr(part, name) for name in kept}
            texts.append(_text_of(PlacePart(area=part.area, **own)))
        return place(" plus ".join(dict.fromkeys(texts)))
    return spot


def _text_of(part: PlacePart) -> str:
    words: list[str] = [part.area]
    for name in ("compound", "building", "unit"):
        value = getattr(part, name)
        if value is not None:
            words += [name, f'"{value}"']
    if part.floors is not None:
        words += ["floors", ",".join(str(f) if f > 0 else f"B{-f}" for f in sorted(part.floors))]
    if part.rooms is not None:
        words += ["rooms", ",".join(str(room) for room in sorted(part.rooms, key=str))]
    return " ".join(words)


def _setting(
    act: Record,
    drawn: Place,
    cases: Sequence[CasePlace],
    books: Books,
    *,
    at: datetime,
    by: str,
    time_zone: ZoneInfo,
) -> tuple[Proposal, list[Task]]:
    area = cases[0].area
    book = books.book(area, at)
    assert book is not None
    level = book.value("zone.classes")[0]
    leaf = book.leaf("zone.classes")
    first = min(one.found for one in cases)
    mark = commanding.mark(DESK, "set", str(drawn), *sorted(one.id for one in cases))
    names = act.area_names([drawn.area])
    names_zh = {path: name[0] for path, name in names.items()}
    names_en = {path: name[1] for path, name in names.items()}
    zh, en = drawn.said_zh(names_zh), drawn.said_en(names_en)
    level_zh, level_en = LEVEL_WORDS.get(level, (level, level))
    disease = book.disease

    def setting(where: Place, name_zh: str, name_en: str) -> tuple[OrderLine, Cost]:
        residents = residents_of(act, where)
        days = book.get(f"zone.{level}.quiet_days")
        cost = Cost(
            residents=residents,
            person_days=float(residents * days) if residents is not None and days else None,
        )
        terms = ZoneTerms(
            place=where,
            level=level,
            name_zh=name_zh,
            name_en=name_en,
            disease=disease,
            residents=residents,
        )
        return line(
            ZoneChange.SET,
            f"z-{commanding.mark(mark, where)}",
            area=area,
            effective=at,
            terms=terms,
        ), cost

    told, cost = setting(drawn, zh, en)
    own = (
        cases[0].place.union(*(one.place for one in cases[1:]))
        if len(cases) > 1
        else cases[0].place
    )
    alternatives: tuple[Alternative, ...] = ()
    if not own.covers(drawn):
        smaller_zh, smaller_en = own.said_zh(names_zh), own.said_en(names_en)
        smaller, less = setting(own, smaller_zh, smaller_en)
        alternatives = (
            Alternative(
                what=Sentence(
                    zh=f"仅划定感染者所在部分：{smaller_zh}", en=f"Only where the cases live: {smaller_en}"
                ),
                lines=(smaller,), cost=less,
            ),
        )  # fmt: skip
    publish = book.get("limit.zones_published_hours")
    local = first.astimezone(time_zone)
    proposal = Proposal(
        id=f"p-{mark}", area=area, desk=DESK, kind=f"{HAND}.set", subject=told.subject,
        what=Sentence(zh=f"将{zh}划定为{level_zh}", en=f"Make {en} a {level_en}"),
        reasons=(
            Reason(
                zh=f"{local:%m月%d日%H时%M分}起，在此居住的{len(cases)}名感染者被报告。",
                en=f"{len(cases)} infected {'person who lives here was' if len(cases) == 1 else 'people who live here were'} "
                f"reported from {local:%Y-%m-%d %H:%M} on.",
                source=leaf.source, confidence=leaf.confidence,
            ),
        ),
        by=by, made=at, decided_in=books.decided_in(area, at), lines=(told,), alternatives=alternatives, cost=cost,
        rule=book.id, due=first + timedelta(hours=publish) if publish is not None else None,
    )  # fmt: skip
    return proposal, _first_tasks(area, cases, book, first=first, mark=mark)


def _positives_waiting(
    record: Record, area: AreaPath, *, at: datetime, time_zone: ZoneInfo
) -> list[Task]:
    """
    Return the task to go to everybody found positive whose home nobody has put on record, case report or not.

    A laboratory knows a day or two before the case report comes. Results bear dates without hours, so the limit runs from
    the round that first heard of it. Results older than RESULT_DAYS are left out.
    """
    today = at.astimezone(time_zone).date()
    positive: dict[PersonId, AreaPath] = {}
    for test in record.nouns(PERSON_TESTS, under=area):
        day = test.resulted or test.tested or test.sampled
        recent = day is not None and today - timedelta(days=RESULT_DAYS) <= day <= today
        if test.result is TestResult.POSITIVE and recent:
            positive.setdefault(test.person, test.area)
    if not positive:
        return []
    seen = {one.person for one in record.nouns(CASE_PLACES, under=area)}
    books = Books(record=record)
    tasks = []
    for person, where in positive.items():
        book = books.book(where, at)
        if person in seen or book is None:
            continue
        hours = book.get("limit.on_site_hours")
        tasks.append(Task(
            id=f"t-{commanding.mark(ON_SITE, person)}", area=where, duty=Duty.EPIDEMIOLOGIST, desk=DESK, kind=ON_SITE,
            subject=person, starts=at, due=None if hours is None else at + timedelta(hours=hours),
            what=Sentence(
                zh="检测阳性、住址未登记：流调人员到场核实", en="Positive, home not on record: investigators on site",
            ),
            measured_to="arrival on site", rule=f"{book.id} limit.on_site_hours",
        ))  # fmt: skip
    return tasks


def _first_tasks(
    area: AreaPath, cases: Sequence[CasePlace], book: Rulebook, *, first: datetime, mark: str
) -> list[Task]:
    """The limits that run from the first report: on site, core investigation."""
    told = (
        ("limit.on_site_hours", ON_SITE, "流调人员到达现场", "Investigators on site", "arrival on site"),
        ("limit.core_investigation_hours", "core_investigation", "完成核心流调", "Core investigation",
         "contacts screened and zone drawn"),
    )  # fmt: skip
    start = min(cases, key=lambda one: (one.found, one.id))
    # Investigators sent to somebody found positive before the case report came are not sent twice: one id, one task.
    told_of = {ON_SITE: start.person or start.id}
    return [
        Task(
            id=f"t-{commanding.mark(kind, told_of.get(kind, start.id))}", area=area, duty=Duty.EPIDEMIOLOGIST, desk=DESK, kind=kind,
            subject=start.case, cause=f"p-{mark}", what=Sentence(zh=zh, en=en), starts=first,
            due=first + timedelta(hours=book.value(key)), measured_to=measured, rule=f"{book.id} {key}",
        )
        for key, kind, zh, en, measured in told
        if book.has(key)
    ]  # fmt: skip


def residents_of(record: Record, drawn: Place) -> int | None:
    """
    Return how many people live in a place by the register, None where it knows nothing of it.

    Units that lie wholly in the place count, the coarser before those within it, so that nobody counts twice.
    """
    compound = compound_of(drawn)
    where = {"compound": [compound, SEVERAL]} if compound != SEVERAL else {}
    units = [
        unit
        for unit in record.nouns(REGISTER, where=where)
        if unit.residents is not None and _touch(unit.area, drawn) and drawn.covers(unit.place)
    ]
    counted: list[RegisteredPlace] = []
    for unit in sorted(units, key=lambda u: (depth_of(u.place), u.id)):
        if not any(other.place.covers(unit.place) for other in counted):
            counted.append(unit)
    return sum(unit.residents or 0 for unit in counted) if counted else None


def depth_of(drawn: Place) -> int:
    """Return how finely a place is described: the steps below its area that its finest part names."""
    steps = ("compound", "building", "unit", "floors", "rooms")
    return max(sum(1 for step in steps if getattr(part, step) is not None) for part in drawn.parts)
