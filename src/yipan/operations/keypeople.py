"""
Key people: who of posts at risk, key venues and crowded institutions is to be tested, was, or was missed.

How often is the protocol's, or a named notice's where the protocol is silent. What is due is worked out when it is
asked; on record are the register and real tests.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from yipan.feeds.keypeople import KeyPeople
from yipan.model import (
    AreaPath,
    Duty,
    KeyGroup,
    KeySite,
    PersonId,
    PersonTest,
    Power,
    Reason,
    Sentence,
    Task,
    TestResult,
    check_area,
    check_may,
)
from yipan.operations import commanding, screening, zoning
from yipan.operations.post import Post
from yipan.protocol import Rulebook
from yipan.protocol.rules.screening import key_testing
from yipan.store import Acting, Change, Record
from yipan.store.tables.screening import KEY_SITES
from yipan.store.tables.tracing import PERSON_TESTS

DESK = screening.DESK
MISSED = f"{DESK}.key_missed"


class PoolRefused(ValueError):
    """A swab of somebody who is to be swabbed singly shared a tube."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """
    One key person at one site as they stand on a day: done, due today, missed, or not asked (no frequency is known).

    `next_due` is the day the next test is due; `overdue_days` how many days a missed one is late.
    """

    person: PersonId
    site: str
    area: AreaPath
    group: KeyGroup
    sector: str
    duty_holder: str
    every_days: int | None
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
    last: dict[PersonId, date] = {}
    for test in record.nouns(PERSON_TESTS, where={"person": people}) if people else ():
        if test.sampled is not None and test.sampled <= day:
            last[test.person] = max(test.sampled, last.get(test.person, test.sampled))
    books: dict[AreaPath, Rulebook | None] = {}
    rows = [row for site in sites for row in _rows(record, site, last, books, day=day, at=at)]
    return tuple(
        sorted(rows, key=lambda row: (-row.overdue_days, row.state != "due", row.site, row.person))
    )


def _rows(
    record: Record, site: KeySite, last: Mapping[PersonId, date], books: dict[AreaPath, Rulebook | None], *,
    day: date, at: datetime,
) -> Iterator[KeyRow]:  # fmt: skip
    if site.area not in books:
        books[site.area] = _book(record, site.area, at)
    book = books[site.area]
    ruled = key_testing(site.group.value, book).value if book else None
    every = (ruled.every_days if ruled else None) or site.every_days
    for person in site.people:
        seen = last.get(person)
        next_due = None
        if every is not None:
            next_due = seen + timedelta(days=every) if seen is not None else site.since
        overdue = max(0, (day - next_due).days) if next_due is not None else 0
        state = "not_asked" if next_due is None else "missed" if overdue else "due" if next_due == day else "done"  # fmt: skip
        yield KeyRow(
            person=person, site=site.id, area=site.area, group=site.group, sector=site.sector,
            duty_holder=site.duty_holder, every_days=every, single=bool(ruled and ruled.single), last=seen,
            next_due=next_due, state=state, overdue_days=overdue,
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


def missed_tasks(act: Acting, *, area: AreaPath, at: datetime, time_zone: ZoneInfo) -> list[Task]:
    """Return a task for each site at which somebody was missed, one for each day."""
    missed: dict[str, list[KeyRow]] = defaultdict(list)
    for row in due_list(act, area=area, at=at, time_zone=time_zone):
        if row.state == "missed":
            missed[row.site].append(row)
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
    ]  # fmt: skip


def _book(record: Record, area: AreaPath, at: datetime) -> Rulebook | None:
    adopted, _ = zoning.adopted_in(record, area)
    held = [one for one in adopted if one.at <= at]
    return held[-1].rulebook if held else None
