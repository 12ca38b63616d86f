"""Closing rounds from the laboratory: whom of a zone's roster the swabs of screening reached, and with what result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from yipan.model import (
    AreaPath,
    CasePlace,
    PersonId,
    Power,
    Roster,
    ScreeningRound,
    Zone,
    ZoneRound,
    check_may,
    person_id,
)
from yipan.operations import screening
from yipan.operations.commanding import mark
from yipan.operations.post import Post
from yipan.store import NotFound, Record, lake
from yipan.store.nouns import OpenAfter
from yipan.store.tables.screening import CONFIRMATIONS, LAKE_BATCHES, SCREENING_ROUNDS
from yipan.store.tables.zoning import CASE_PLACES, ROSTERS, ROUNDS, SEVERAL, ZONES, compound_of

DESK = "closing"
NEGATIVE, POSITIVE, WEAK = "negative", "positive", "weak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swab:
    """
    One swab of somebody on a roster: how many shared its tube, what that showed, and since when it is known.

    `overturned` tells a positive that a second laboratory did not confirm: it counts as negative since that is known.
    """

    person: PersonId
    round: str
    tube: int
    people: int
    sampled: datetime
    result: str | None
    known: datetime | None
    overturned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the laboratory tells of zones: their rounds, and where infections were found. Only what is new or changed."""

    rounds: tuple[ZoneRound, ...] = ()
    case_places: tuple[CasePlace, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether there is anything to put on record."""
        return bool(self.rounds or self.case_places)


def rounds_of(
    roster: Roster, found: Sequence[Swab], *, infected: Mapping[PersonId, datetime] | None = None
) -> tuple[ZoneRound, ...]:
    """
    Return the rounds of a zone that these swabs make, one for each round of screening that reached anybody.

    A round begins with its first swab of the roster. Whoever it did not reach counts as reached by a later swab,
    whatever round that belongs to. An invalid, cancelled or weak tube reaches nobody. A positive tube of several
    people holds the round open until each of them was swabbed again with a negative result, also where that tube
    was taken after everybody had been negative; a positive tube of one person is an infection, and the round is never
    all negative. Who was found infected before a round began (`infected` says who and when, besides these swabs) is
    removed from it.

    >>> from yipan.model import RosterGroup, area_path, person_id, place
    >>> who = person_id("p-00000000000000a1")
    >>> roster = Roster(id="z-1", area=area_path("44.4401."), groups=(
    ...     RosterGroup(place=place("44.4401. compound X"), people=(who,)),))
    >>> at = datetime(2022, 11, 10, 8, tzinfo=UTC)
    >>> (one,) = rounds_of(roster, [
    ...     Swab(person=who, round="r1", tube=5, people=10, sampled=at, result="negative", known=at)])
    >>> one.completed(roster) == at
    True
    """
    ordered = sorted(found, key=lambda one: (one.sampled, one.tube, one.person))
    begins: dict[str, datetime] = {}
    for one in ordered:
        begins.setdefault(one.round, one.sampled)
    taken_out = dict(infected or {})
    for one in ordered:
        if is_infection(one) and one.known is not None:
            taken_out[one.person] = min(taken_out.get(one.person, one.known), one.known)
    made = []
    for name, began in begins.items():
        since = [one for one in ordered if one.sampled >= began]
        removed = tuple(
            sorted(
                person for person, at in taken_out.items() if at < began and person in roster.people
            )
        )
        by_person: dict[PersonId, list[Swab]] = {}
        for one in since:
            if one.person not in removed:
                by_person.setdefault(one.person, []).append(one)
        settled: list[datetime] = []
        reached: list[PersonId] = []
        hot: set[int] = set()
        waiting = False
        for person, several in by_person.items():
            state = _state_of(several)
            hot |= state.hot
            settled += state.settled
            waiting = waiting or state.waits
            if state.reached:
                reached.append(person)
        made.append(ZoneRound(
            id=f"{roster.id}@{name}", area=roster.area, zone=roster.id, started=began, sampled=tuple(sorted(reached)),
            last_result=None if waiting or not settled else max(settled), positives=len(hot), removed=removed,
            source=name,
        ))  # fmt: skip
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """How somebody stands in a round: reached, waiting for a result, in which tubes held, and when that was settled."""

    reached: bool
    waits: bool
    hot: frozenset[int]
    settled: tuple[datetime, ...]


def _state_of(several: Sequence[Swab]) -> _State:
    """Walk through somebody's swabs in order of time."""
    held: dict[int, Swab] = {}
    weak = pending = False
    clear: datetime | None = None
    freed: list[datetime] = []
    infected: frozenset[int] = frozenset()
    for one in several:
        if one.known is None:
            pending = True
        elif is_infection(one):
            infected |= {one.tube}
        elif one.result == POSITIVE:
            held[one.tube] = one
        elif one.result == WEAK:
            weak = True
        elif one.result == NEGATIVE:
            if held or weak or clear is None:
                freed.append(one.known)
            clear = clear or one.known
            held, weak = {}, False
    if infected:
        return _State(reached=True, waits=False, hot=infected, settled=tuple(freed))
    if held:
        return _State(reached=True, waits=False, hot=frozenset(held), settled=tuple(freed))
    if weak or clear is None:
        return _State(reached=pending, waits=pending, hot=frozenset(), settled=tuple(freed))
    return _State(reached=True, waits=False, hot=frozenset(), settled=tuple(freed))


def is_infection(one: Swab) -> bool:
    """Whether a swab shows who is infected: a positive tube that nobody shared."""
    return one.result == POSITIVE and one.people == 1 and one.known is not None


def review_rounds(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Put on record what the laboratory tells of the rounds of zones in force, and return how much of it is new.

    Who of a roster was swabbed, with what result, who is missing; and every infection found so, which the clocks
    of the zone and its proposals then take up. Done again for the same instant, nothing is new and no act is made.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    with post.store.reading(post.viewer) as record:
        if not record.nouns(SCREENING_ROUNDS):
            return 0
        running = [
            zone
            for zone in record.nouns(
                ZONES, under=post.area, where={"over_from": OpenAfter(moment=at)}
            )
            if zone.in_force(at)
        ]
        told = from_laboratory(record, post.lake, running, at=at)
    if not told.is_new:
        return 0
    with post.store.acting(
        post.viewer, desk=DESK, verb="fill_rounds", at=at,
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}: {len(told.rounds)} rounds of zones, "
        f"{len(told.case_places)} infections told by the laboratory",
    ) as act:  # fmt: skip
        act.put(ROUNDS, told.rounds)
        act.put(CASE_PLACES, told.case_places)
    return len(told.rounds) + len(told.case_places)


def told_until(record: Record) -> int:
    """
    Return the number of the newest act from which the laboratory could tell something new of a zone.

    While it is the same, `review_rounds` finds nothing, and the files of screening need not be opened.
    """
    return record.newest_act_of(LAKE_BATCHES, CONFIRMATIONS, ROSTERS, ZONES)


def from_laboratory(
    record: Record, home: lake.Lake, zones: Sequence[Zone], *, at: datetime
) -> Told:
    """
    Return what the swabs known at `at` tell of zones whose rosters name people by number, where it is new.

    Only swabs since a zone's clock was last set matter. An infection that a second laboratory did not confirm no longer
    counts. A positive tube of one person becomes an infection found at
    the part of the zone where the roster has them, unless somebody put that on record already.
    """
    begun = _near(record, zones, at=at)
    if not begun:
        return Told()
    held = {
        roster.id: roster
        for roster in record.nouns(ROSTERS, where={"id": [zone.id for zone in zones]})
    }
    rosters = {zone: roster for zone, roster in held.items() if roster.tokens}
    watched = [zone for zone in zones if zone.id in rosters]
    if not watched:
        return Told()
    found = _swabs(record, home, watched, rosters, begun, at=at)
    rounds: list[ZoneRound] = []
    infections: list[tuple[Zone, Swab]] = []
    for zone in watched:
        mine = found.get(zone.id, ())
        if mine:
            infected = _infected(record, zone)
            rounds += rounds_of(rosters[zone.id], mine, infected=infected)
        infections += [(zone, one) for one in mine if is_infection(one)]
    known = {
        one.id: one for one in record.nouns(ROUNDS, where={"zone": [zone.id for zone in watched]})
    }
    refuted = [_place_id(one) for several in found.values() for one in several if one.overturned]
    return Told(
        rounds=tuple(one for one in rounds if known.get(one.id) != one),
        case_places=(
            *_places(record, infections, rosters),
            *(
                replace(one, counts=False)
                for one in (record.nouns(CASE_PLACES, where={"id": refuted}) if refuted else ())
                if one.counts
            ),
        ),
    )


def _infected(record: Record, zone: Zone) -> dict[PersonId, datetime]:
    """Who was found infected in a zone, by pseudonym, and when; a case nobody knows a pseudonym of is left out."""
    compound = compound_of(zone.place)
    where = {"compound": [compound, SEVERAL]} if compound != SEVERAL else {}
    found: dict[PersonId, datetime] = {}
    for one in record.nouns(CASE_PLACES, where=where):
        if not (_meet(one.area, zone.area) and one.counts and zone.place.overlaps(one.place)):
            continue
        try:
            person = (
                person_id(one.case) if one.case.startswith("p-") else record.case(one.case).person
            )
        except (NotFound, ValueError):
            continue
        found[person] = min(found.get(person, one.found), one.found)
    return found


def _near(record: Record, zones: Sequence[Zone], *, at: datetime) -> tuple[ScreeningRound, ...]:
    """The rounds of screening that may have swabbed somebody since the clock of one of these zones was last set."""
    since = [span.clock_start for zone in zones if (span := zone.at(at)) is not None]
    earliest = min(since, default=None)
    if earliest is None:
        return ()
    return tuple(
        one
        for one in record.nouns(SCREENING_ROUNDS)
        if one.opened <= at and (one.closed or max(one.closes, at)) >= earliest
    )


def _swabs(
    record: Record,
    home: lake.Lake,
    zones: Sequence[Zone],
    rosters: Mapping[str, Roster],
    begun: Sequence[ScreeningRound],
    *,
    at: datetime,
) -> dict[str, list[Swab]]:
    """The swabs of each zone's roster, from every round of screening near it since its clock was last set."""
    since = {zone.id: span.clock_start for zone in zones if (span := zone.at(at)) is not None}
    of_token: dict[int, list[tuple[str, PersonId]]] = {}
    for zone, roster in rosters.items():
        for token, person in roster.tokens:
            of_token.setdefault(token, []).append((zone, person))
    found: dict[str, list[Swab]] = {}
    for one in begun:
        near = {zone.id for zone in zones if _meet(one.area, zone.area)}
        asked = sorted(
            token for token, several in of_token.items() if any(zone in near for zone, _ in several)
        )
        if not asked:
            continue
        with screening.looking(record, home, one.id) as engine:
            rows = lake.swabs_of(engine, people=asked)
        refuted = {
            told.person: told.at
            for told in record.nouns(CONFIRMATIONS, where={"round": one.id})
            if not told.confirmed and told.at <= at
        }
        for token, tube, people, sampled, result, known in rows:
            taken = sampled.replace(tzinfo=UTC)
            told = (
                None
                if known is None or known.replace(tzinfo=UTC) > at
                else known.replace(tzinfo=UTC)
            )
            if taken > at:
                continue
            overturned = (
                result == POSITIVE and people == 1 and token in refuted and told is not None
            )
            shown = NEGATIVE if overturned else result
            told = refuted[token] if overturned else told
            for zone, person in of_token[token]:
                if zone in near and taken >= since[zone]:
                    found.setdefault(zone, []).append(Swab(
                        person=person, round=one.id, tube=tube, people=people, sampled=taken,
                        result=shown if told is not None else None, known=told, overturned=overturned,
                    ))  # fmt: skip
    return found


def _place_id(one: Swab) -> str:
    """Name the place of an infection found by a swab the same wherever its zone is split or merged."""
    return f"cp-{mark('laboratory', one.person, one.tube)}"


def _meet(one: AreaPath, other: AreaPath) -> bool:
    return one.startswith(other) or other.startswith(one)


def _places(
    record: Record, infections: Iterable[tuple[Zone, Swab]], rosters: Mapping[str, Roster]
) -> Iterable[CasePlace]:
    """Where the infections were found that nobody put on record: the person's part of the zone."""
    first: dict[PersonId, tuple[Zone, Swab]] = {}
    for zone, one in sorted(infections, key=lambda each: (each[1].sampled, each[0].id)):
        first.setdefault(one.person, (zone, one))
    for person, (zone, one) in first.items():
        spot = next(group.place for group in rosters[zone.id].groups if person in group.people)
        own = [str(person), *(case.id for case in record.cases(under=zone.area, people=[person]))]
        if any(
            known.place.overlaps(spot)
            for known in record.nouns(CASE_PLACES, where={"case_id": own})
        ):
            continue
        assert one.known is not None
        yield CasePlace(
            id=_place_id(one), area=zone.area, case=own[-1], place=spot, found=one.known,
        )  # fmt: skip
