"""The file of one case without its name: history, spans, chronology, contacts, places and possible sources."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from yipan.model import (
    AreaPath,
    Case,
    Classification,
    Exposure,
    FollowUp,
    Investigation,
    PersonId,
    PersonTest,
    Setting,
    Visit,
    check_area,
)
from yipan.operations import network, sameness
from yipan.operations.tracing import (
    MOST_CASES,
    InvestigationView,
    infectious_time,
    traced,
    view_of,
)
from yipan.store import Record
from yipan.store.nouns import Version
from yipan.store.tables.tracing import (
    EXPOSURES,
    FOLLOW_UPS,
    GATHERINGS,
    INVESTIGATIONS,
    PERSON_TESTS,
    VENUES,
    VISITS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of days by name: exposure, infectious, isolation; `until` None while it goes on."""

    name: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing in the chronology of a case: when, what kind, and about what."""

    at: datetime | date
    kind: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSeen:
    """Where a case was: a venue or gathering, how long together, and where it lies, None where that is not known."""

    id: str
    name_zh: str
    name_en: str
    setting: Setting
    area: AreaPath
    longitude: float | None
    latitude: float | None
    visits: int
    hours: float
    while_infectious: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """
    Everything about one case without its name: history, spans, chronology, contacts and possible sources.

    `told_as` are the other cases that tell of the same illness under other pseudonyms (`same_as`) of the person.
    """

    case: Case
    history: tuple[Version[Case], ...]
    spans: tuple[Span, ...]
    chronology: tuple[Moment, ...]
    exposed_by: tuple[Exposure, ...]
    exposed: tuple[Exposure, ...]
    visits: tuple[Visit, ...]
    tests: tuple[PersonTest, ...]
    follow_ups: tuple[FollowUp, ...]
    investigation: InvestigationView | None
    sources: tuple[network.Candidate, ...]
    told_as: tuple[str, ...] = ()
    same_as: tuple[PersonId, ...] = ()
    places: tuple[PlaceSeen, ...] = ()


def case_page(
    record: Record, *, area: AreaPath, after: str | None = None, limit: int = 200
) -> tuple[Case, ...]:
    """
    Return cases of an area in order of their ids, page by page, each illness once.

    A page may hold fewer than `limit` where cases told under another pseudonym were left out of it.
    """
    check_area(record.viewer, area)
    page = record.cases(under=area, after=after, limit=limit)
    same = sameness.of_record(record)
    several = {p for c in page if len(names := same.all_of(c.person)) > 1 for p in names}
    if not several:
        return page
    beside = record.cases(under=area, people=sorted(several), limit=MOST_CASES)
    folded = {c.id: c for c in same.cases(beside)}
    return tuple(folded.get(c.id, c) for c in page if c.person not in several or c.id in folded)


def case_view(record: Record, name: str, *, at: datetime, time_zone: ZoneInfo) -> CaseView:
    """Return everything about one case but who it is. Raises NotFound."""
    case = record.case(name)
    check_area(record.viewer, case.area)
    same = sameness.of_record(record)
    people = list(same.all_of(case.person))
    told = (
        record.cases(under=record.viewer.area, people=people, limit=MOST_CASES)
        if len(people) > 1
        else (case,)
    )
    (case,) = [
        c for c in same.cases(c for c in told if c.disease == case.disease) if c.id == name
    ] or list(same.cases(c for c in told if c.disease == case.disease))[:1]
    into = same.exposures(record.nouns(EXPOSURES, where={"target": people}))
    out = same.exposures(record.nouns(EXPOSURES, where={"source": people}))
    visits = same.visits(record.nouns(VISITS, where={"person": people}))
    tests = record.nouns(PERSON_TESTS, where={"person": people})
    follow_ups = same.follow_ups(record.nouns(FOLLOW_UPS, where={"person": people}))
    told_as = tuple(c.id for c in told if c.disease == case.disease and c.id != case.id)
    opened = record.nouns(INVESTIGATIONS, where={"case_id": [case.id, *told_as]})
    history = record.case_versions(case.id)
    possible: tuple[network.Candidate, ...] = ()
    if case.classification is not Classification.EXCLUDED:
        near = traced(record, area=record.viewer.area, disease=case.disease, time_zone=time_zone)
        (found,) = network.sources_answer(near, only=[case.id], most=6)
        possible = found.candidates
    return CaseView(
        case=case, history=history, spans=_spans(case, into, time_zone),
        chronology=_chronology(case, history, into, out, visits, tests, follow_ups, opened),
        exposed_by=into, exposed=out, visits=visits, tests=tests, follow_ups=follow_ups,
        investigation=view_of(opened[0], at=at) if opened else None, sources=possible, told_as=told_as,
        same_as=tuple(people[1:]) if people[0] == case.person else tuple(p for p in people if p != case.person),
        places=_places_of(record, visits, infectious_time(case, time_zone)),
    )  # fmt: skip


def _places_of(
    record: Record, visits: Sequence[Visit], window: tuple[datetime, datetime | None] | None
) -> tuple[PlaceSeen, ...]:
    """The places of visits, the longest first; a gathering lies at its venue."""
    by_place: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_place[visit.place].append(visit)
    if not by_place:
        return ()
    gatherings = {g.id: g for g in record.nouns(GATHERINGS, where={"id": list(by_place)})}
    wanted = {*by_place, *(g.venue for g in gatherings.values() if g.venue)}
    venues = {v.id: v for v in record.nouns(VENUES, where={"id": sorted(wanted)})}
    seen = []
    for place, listed in by_place.items():
        gathering = gatherings.get(place)
        venue = venues.get((gathering.venue or "") if gathering else place)
        name = gathering.title if gathering else None
        seen.append(
            PlaceSeen(
                id=place, name_zh=name or (venue.name_zh if venue else place), name_en=name or (venue.name_en if venue else place),
                setting=gathering.setting if gathering else venue.setting if venue else Setting.UNKNOWN,
                area=venue.area if venue else gathering.area if gathering else listed[0].area,
                longitude=venue.longitude if venue else None, latitude=venue.latitude if venue else None, visits=len(listed),
                hours=round(sum((v.until - v.since).total_seconds() for v in listed) / 3600, 2),
                while_infectious=window is not None
                and any(v.until > window[0] and (window[1] is None or v.since < window[1]) for v in listed),
            )
        )  # fmt: skip
    return tuple(sorted(seen, key=lambda place: (-place.hours, place.id)))


def _spans(case: Case, into: Sequence[Exposure], zone: ZoneInfo) -> tuple[Span, ...]:
    spans = []
    days = [day for e in into for day in (e.first_contact, e.last_contact) if day]
    if days:
        spans.append(Span(name="exposure", since=min(days), until=max(days)))
    window = infectious_time(case, zone)
    if window is not None:
        end = window[1].astimezone(zone).date() if window[1] else None
        since = window[0].astimezone(zone).date()
        spans.append(Span(name="infectious", since=since, until=max(end, since) if end else None))
    if case.isolated is not None:
        spans.append(
            Span(name="isolation", since=case.isolated.astimezone(zone).date(), until=None)
        )
    return tuple(spans)


def _chronology(
    case: Case, history: Sequence[Version[Case]], into: Sequence[Exposure], out: Sequence[Exposure],
    visits: Sequence[Visit], tests: Sequence[PersonTest], follow_ups: Sequence[FollowUp], opened: Sequence[Investigation],
) -> tuple[Moment, ...]:  # fmt: skip
    """All that is known of a case in order of time; days come before the instants of the same day."""
    moments = [
        Moment(at=value, kind=name, about="")
        for name in ("onset", "sampled", "reported", "confirmed", "isolated")
        if (value := getattr(case, name)) is not None
    ]
    moments += [
        Moment(at=e.last_contact, kind="exposed_by", about=e.source) for e in into if e.last_contact
    ]
    moments += [
        Moment(at=e.last_contact, kind="exposed", about=e.target) for e in out if e.last_contact
    ]
    moments += [Moment(at=v.since, kind="visit", about=v.place) for v in visits]
    moments += [
        Moment(at=day, kind="test", about=t.result.value)
        for t in tests
        if (day := t.sampled or t.tested)
    ]
    moments += [Moment(at=f.day, kind="follow_up", about=f.result.value) for f in follow_ups]
    moments += [
        Moment(at=v.known_from, kind="classified", about=v.noun.classification.value)
        for v in history
    ]
    moments += [
        Moment(at=step.at, kind=f"stage_{step.stage.value}", about=i.id)
        for i in opened
        for step in i.reached
    ]
    return tuple(
        sorted(
            moments,
            key=lambda m: (
                m.at.isoformat()[:10],
                isinstance(m.at, datetime),
                m.at.isoformat(),
                m.kind,
            ),
        )
    )
