"""
Key people: who of posts at risk, key venues and crowded institutions is to be tested, was, or was missed.

How often is the protocol's, or a named notice's where the protocol is silent. What is due is worked out when it is
asked; on record are the register and real tests.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from yipan.feeds.keypeople import KeyPeople
from yipan.model import (
    AreaPath,
    Duty,
    InspectionPoint,
    KeyGroup,
    KeyInspection,
    KeySite,
    PersonId,
    PersonTest,
    Power,
    Reason,
    Sentence,
    Task,
    TestResult,
    area_path,
    check_area,
    check_may,
)
from yipan.operations import commanding, screening, zoning
from yipan.operations.post import Post
from yipan.protocol import Rulebook
from yipan.protocol.rules.authority import rectify_by
from yipan.protocol.rules.screening import key_testing
from yipan.store import Acting, Change, Record
from yipan.store.tables.screening import KEY_INSPECTIONS, KEY_SITES
from yipan.store.tables.tracing import PERSON_TESTS

DESK = screening.DESK
MISSED = f"{DESK}.key_missed"
RECTIFY = f"{DESK}.key_rectify"


class PoolRefused(ValueError):
    """A swab of somebody who is to be swabbed singly shared a tube."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """
    One key person at one site as they stand on a day: done, due today, missed, or not asked (no frequency is known).

    They are to be tested `tests` times in any `every_days` days. `next_due` is the day the next test is due;
    `overdue_days` how many days a missed one is late.
    """

    person: PersonId
    site: str
    area: AreaPath
    group: KeyGroup
    sector: str
    duty_holder: str
    every_days: int | None
    tests: int
    single: bool
    last: date | None
    next_due: date | None
    state: str
    overdue_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCount:
    """How many key people share a sector, duty-holder, group or area, and how many of them are done, due, missed."""

    name: str
    people: int
    done: int
    due: int
    missed: int
    not_asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPicture:
    """The key people of an area on a day, counted in four ways, and the rules they are counted by."""

    day: date
    total: KeyCount
    groups: tuple[KeyCount, ...]
    sectors: tuple[KeyCount, ...]
    duty_holders: tuple[KeyCount, ...]
    reasons: tuple[Reason, ...]


def register(post: Post, told: KeyPeople, *, at: datetime) -> Change:
    """Put a register on record and who the people are into the vault. Raises NotAllowed, NotYourArea."""
    check_may(post.viewer, Power.INGEST)
    for site in told.sites:
        check_area(post.viewer, site.area)
    area_of: dict[str, AreaPath] = {
        person: site.area for site in told.sites for person in site.people
    }
    with post.store.acting(
        post.viewer, desk=DESK, verb="register_site", why=f"{len(told.sites)} sites with key people", at=at
    ) as act:  # fmt: skip
        act.put_identities(told.identities, areas=area_of)
        return act.put(KEY_SITES, told.sites)


def record_tests(
    post: Post, site: str, people: Mapping[PersonId, TestResult], *, day: date, tube_size: int, at: datetime
) -> Change:  # fmt: skip
    """
    Put on record that people of a site were swabbed on a day, `tube_size` of them to a tube, with what was found.

    Raises PoolRefused where the protocol wants them singly, ValueError for people who are not on its register.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_checks", subject=site, why="tests of key people", at=at
    ) as act:
        held = act.noun(KEY_SITES, site)
        check_area(post.viewer, held.area)
        if strangers := set(people) - set(held.people):
            raise ValueError(f"{len(strangers)} people are not on the register of site {site}")
        if day > at.date() + timedelta(days=1):
            raise ValueError(f"swabbed on {day}, which is still to come")
        book = _book(act, held.area, at)
        if tube_size > 1 and book is not None and key_testing(held.group.value, book).value.single:
            raise PoolRefused(
                f"site {site}: tubes of {tube_size}; {book.id} wants key people swabbed singly"
            )
        kind = "single" if tube_size == 1 else f"pool of {tube_size}"
        return act.put(
            PERSON_TESTS,
            [
                PersonTest(
                    id=f"key-{person}-{day}",
                    area=held.area,
                    person=person,
                    result=result,
                    sampled=day,
                    sample_kind=kind,
                )
                for person, result in people.items()
            ],
        )


def due_list(
    record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo
) -> tuple[KeyRow, ...]:
    """Return the key people of an area as they stand, the longest missed first."""
    check_area(record.viewer, area)
    day = at.astimezone(time_zone).date()
    sites = record.nouns(KEY_SITES, under=area)
    people = sorted({person for site in sites for person in site.people})
    swabbed: dict[PersonId, list[date]] = defaultdict(list)
    for test in record.nouns(PERSON_TESTS, where={"person": people}) if people else ():
        if test.sampled is not None and test.sampled <= day:
            swabbed[test.person].append(test.sampled)
    places = _Places(record=record, at=at, time_zone=time_zone)
    rows = [row for site in sites for row in _rows(site, swabbed, places, day=day)]
    return tuple(
        sorted(rows, key=lambda row: (-row.overdue_days, row.state != "due", row.site, row.person))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """What is in force where, and since when a county is hit, each looked up once."""

    record: Record
    at: datetime
    time_zone: ZoneInfo
    books: dict[AreaPath, Rulebook | None] = field(default_factory=dict)
    hit: dict[AreaPath, date | None] = field(default_factory=dict)

    def book(self, area: AreaPath) -> Rulebook | None:
        if area not in self.books:
            self.books[area] = _book(self.record, area, self.at)
        return self.books[area]

    def hit_since(self, area: AreaPath) -> date | None:
        """The day the first zone in force in the county was drawn, None where none is."""
        county = area_path(".".join(area.rstrip(".").split(".")[:3]) + ".")
        if county not in self.hit:
            days = [
                zone.since.astimezone(self.time_zone).date()
                for zone, _, _ in zoning.kept(self.record, area=county, at=self.at)
            ]
            self.hit[county] = min(days, default=None)
        return self.hit[county]


def next_test(swabbed: Sequence[date], *, every_days: int, tests: int, since: date) -> date:
    """
    Return by which day somebody is to be tested next, so that any `every_days` days since `since` hold `tests` tests.

    Whoever was never tested is due at once; the tests of the first span may follow as late as one a day allows.

    >>> next_test([], every_days=7, tests=2, since=date(2022, 11, 1)).day
    1
    >>> next_test([date(2022, 11, 1)], every_days=7, tests=2, since=date(2022, 11, 1)).day
    7
    >>> next_test([date(2022, 11, 1), date(2022, 11, 4)], every_days=7, tests=2, since=date(2022, 11, 1)).day
    8
    """
    days = sorted({day for day in swabbed if day >= since}, reverse=True)
    if not days:
        return since
    if len(days) < tests:
        return since + timedelta(days=every_days - (tests - len(days)))
    return days[tests - 1] + timedelta(days=every_days)


def _rows(
    site: KeySite, swabbed: Mapping[PersonId, Sequence[date]], places: _Places, *, day: date
) -> Iterator[KeyRow]:
    book = places.book(site.area)
    ruled = key_testing(site.group.value, book).value if book else None
    often = (ruled.every_days, ruled.tests) if ruled and ruled.every_days else (site.every_days, site.tests)  # fmt: skip
    hit = places.hit_since(site.area) if ruled and ruled.hit_days else None
    for person in site.people:
        seen = swabbed.get(person, ())
        every, tests = often
        next_due = None
        if every is not None:
            before = [one for one in seen if one >= site.since]
            since = site.since if before or not seen else max(seen)
            next_due = next_test(seen, every_days=every, tests=tests, since=since)
        if hit is not None and ruled is not None and ruled.hit_days is not None:
            begin = max(hit, site.since)
            turn = next_test(seen, every_days=ruled.hit_days, tests=1, since=begin)
            if next_due is None or turn < next_due:
                next_due, every, tests = turn, ruled.hit_days, 1
        overdue = max(0, (day - next_due).days) if next_due is not None else 0
        state = "not_asked" if next_due is None else "missed" if overdue else "due" if next_due == day else "done"  # fmt: skip
        yield KeyRow(
            person=person, site=site.id, area=site.area, group=site.group, sector=site.sector,
            duty_holder=site.duty_holder, every_days=every, tests=tests, single=bool(ruled and ruled.single),
            last=max(seen, default=None), next_due=next_due, state=state, overdue_days=overdue,
        )  # fmt: skip


def picture(record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo) -> KeyPicture:
    """Count the key people of an area; every figure is the length of what `due_list` lists."""
    rows = due_list(record, area=area, at=at, time_zone=time_zone)
    book = _book(record, area, at)
    reasons = {
        reason.en: reason
        for group in KeyGroup
        for reason in (key_testing(group.value, book).reasons if book else ())
    }
    return KeyPicture(
        day=at.astimezone(time_zone).date(), total=_count("", rows),
        groups=_counts(rows, lambda row: row.group.value), sectors=_counts(rows, lambda row: row.sector),
        duty_holders=_counts(rows, lambda row: row.duty_holder), reasons=tuple(reasons.values()),
    )  # fmt: skip


def _count(name: str, rows: Sequence[KeyRow]) -> KeyCount:
    of = {
        state: sum(row.state == state for row in rows)
        for state in ("done", "due", "missed", "not_asked")
    }
    return KeyCount(name=name, people=len(rows), **of)


def _counts(rows: Sequence[KeyRow], by: Callable[[KeyRow], str]) -> tuple[KeyCount, ...]:
    groups: dict[str, list[KeyRow]] = defaultdict(list)
    for row in rows:
        groups[by(row)].append(row)
    return tuple(_count(name, some) for name, some in sorted(groups.items()))


# Inspections --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRow:
    """
    A site on the register and its inspections: when the last was and the next is due, what is not put right yet.

    `state` is done, due, missed, or not_asked where no notice says how often. `open_points` are of every inspection;
    `rectify_due` is the first hour one of them was to be put right by, `late_hours` by how far that is past.
    """

    site: str
    name: str
    area: AreaPath
    group: KeyGroup
    sector: str
    duty_holder: str
    every_days: int | None
    said_by: str
    last: date | None
    next_due: date | None
    state: str
    overdue_days: int
    open_points: tuple[str, ...]
    rectify_due: datetime | None
    late_hours: float
    visits: tuple[KeyInspection, ...]


def record_inspection(
    post: Post, site: str, *, by: str, points: Sequence[str], at: datetime
) -> KeyInspection:
    """
    Put an inspection of a site on record with what it found wanting; each is to be put right in the profile's hours.

    Raises NotAllowed, NotFound, NotYourArea, ValueError for a point that stands twice.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="record_inspection",
        subject=site,
        why=f"{len(points)} findings",
        at=at,
    ) as act:
        held = act.noun(KEY_SITES, site)
        check_area(post.viewer, held.area)
        if len(set(points)) < len(points):
            raise ValueError(f"site {site}: a finding stands twice")
        _, profile = zoning.adopted_in(act, held.area)
        due = rectify_by(at, profile) if points and profile is not None else None
        made = KeyInspection(
            id=f"{site}-{at.astimezone(UTC):%Y%m%dT%H%M%S}", area=held.area, site=site, by=by, at=at,
            points=tuple(InspectionPoint(what=what) for what in points), rectify_due=due,
        )  # fmt: skip
        if act.nouns(KEY_INSPECTIONS, where={"id": made.id}):
            raise ValueError(f"inspection {made.id} is on record already")
        act.put(KEY_INSPECTIONS, [made])
    return made


def rectify(post: Post, inspection: str, *, what: str, at: datetime) -> KeyInspection:
    """
    Put on record that one finding of an inspection was put right.

    Raises NotAllowed, NotFound, NotYourArea, ValueError for a finding it has not, or one put right before.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb="rectify_point", subject=inspection, why="put right", at=at
    ) as act:
        held = act.noun(KEY_INSPECTIONS, inspection)
        check_area(post.viewer, held.area)
        if not any(point.what == what and point.rectified is None for point in held.points):
            raise ValueError(f"inspection {inspection} has no such finding that is still open")
        changed = replace(
            held,
            points=tuple(
                replace(point, rectified=at) if point.what == what else point
                for point in held.points
            ),
        )
        act.put(KEY_INSPECTIONS, [changed])
    return changed


def inspections(
    record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo
) -> tuple[InspectionRow, ...]:
    """Return the sites of an area with their inspections, those late with putting right first, then those missed."""
    check_area(record.viewer, area)
    day = at.astimezone(time_zone).date()
    visits: dict[str, list[KeyInspection]] = defaultdict(list)
    for visit in record.nouns(KEY_INSPECTIONS, under=area):
        if visit.at <= at:
            visits[visit.site].append(visit)
    rows = []
    for site in record.nouns(KEY_SITES, under=area):
        held = sorted(visits[site.id], key=lambda one: one.at)
        last = held[-1].at.astimezone(time_zone).date() if held else None
        next_due = None
        if site.inspect_days is not None:
            next_due = site.since if last is None else last + timedelta(days=site.inspect_days)
        overdue = max(0, (day - next_due).days) if next_due is not None else 0
        waiting = [visit for visit in held if visit.open_points]
        clocks = [visit.rectify_due for visit in waiting if visit.rectify_due is not None]
        due = min(clocks, default=None)
        rows.append(
            InspectionRow(
                site=site.id, name=site.name, area=site.area, group=site.group, sector=site.sector,
                duty_holder=site.duty_holder, every_days=site.inspect_days, said_by=site.said_by, last=last,
                next_due=next_due, overdue_days=overdue,
                state="not_asked" if next_due is None else "missed" if overdue else "due" if next_due == day else "done",
                open_points=tuple(p.what for visit in waiting for p in visit.points if p.rectified is None),
                rectify_due=due, late_hours=0.0 if due is None else max(0.0, (at - due).total_seconds() / 3600),
                visits=tuple(held),
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.late_hours, -row.overdue_days, row.site)))


def missed_tasks(act: Acting, *, area: AreaPath, at: datetime, time_zone: ZoneInfo) -> list[Task]:
    """Return a task for each site at which somebody was missed, and for each late with putting right, one for each day."""
    missed: dict[str, list[KeyRow]] = defaultdict(list)
    for row in due_list(act, area=area, at=at, time_zone=time_zone):
        if row.state == "missed":
            missed[row.site].append(row)
    day = at.astimezone(time_zone).date()
    late = [
        row for row in inspections(act, area=area, at=at, time_zone=time_zone) if row.late_hours > 0
    ]
    return [
        Task(
            id=f"t-{commanding.mark(MISSED, site, at.astimezone(time_zone).date())}", area=rows[0].area,
            duty=Duty.COMMUNITY, desk=DESK, kind=MISSED, subject=site,
            what=Sentence(
                zh=f"{rows[0].duty_holder}：补检{len(rows)}名漏检重点人员",
                en=f"{rows[0].duty_holder}: test the {len(rows)} key people who were missed",
            ),
            starts=at, due=at, measured_to="everybody on the register is tested in time", cause=site,
        )
        for site, rows in sorted(missed.items())
    ] + [
        Task(
            id=f"t-{commanding.mark(RECTIFY, row.site, day)}", area=row.area, duty=Duty.COMMUNITY, desk=DESK, kind=RECTIFY,
            subject=row.site,
            what=Sentence(
                zh=f"{row.duty_holder}：逾期未整改{len(row.open_points)}项",
                en=f"{row.duty_holder}: put right the {len(row.open_points)} findings that are late",
            ),
            starts=row.rectify_due or at, due=row.rectify_due, measured_to="every finding is put right", cause=row.site,
        )
        for row in late
    ]  # fmt: skip


def _book(record: Record, area: AreaPath, at: datetime) -> Rulebook | None:
    adopted, _ = zoning.adopted_in(record, area)
    held = [one for one in adopted if one.at <= at]
    return held[-1].rulebook if held else None
