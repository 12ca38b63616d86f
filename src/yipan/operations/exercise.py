"""
The exercise: a province with a hidden outbreak. Truth is kept in a file of its own; the record sees only the feeds.

The truth of a day follows from the sealed seed and the orders in force until then, so it is computed again from the
first day each day and nothing of it needs to be kept: an exercise cut off in the middle of a day goes on with that day.
"""

import base64
import csv
import hashlib
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from yipan.analytics import simulate as sim
from yipan.analytics.simulate.draws import units
from yipan.feeds.plans import read_roles
from yipan.feeds.series import read_trips
from yipan.model import (
    Adoption,
    CasePlace,
    PersonId,
    Place,
    PlanOnRecord,
    ProposalState,
    RegisteredPlace,
    Roster,
    RosterGroup,
    Verdict,
    ZoneRound,
    area_path,
    person_id,
)
from yipan.operations import (
    calling,
    commanding,
    day,
    ingest,
    outbreak_files,
    plans,
    screening,
    simulate,
    spillover,
    zoning,
)
from yipan.operations.demo import found
from yipan.operations.post import Post
from yipan.packs import Pack, read_pack
from yipan.protocol import protocols
from yipan.store import Store
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.plans import PLANS
from yipan.store.tables.screening import SCREENING_ROUNDS
from yipan.store.tables.tracing import OUTSIDE_KEYS
from yipan.store.tables.zoning import ROSTERS, ZONES

DISEASE = "covid-19"
PROFILE = "guangdong-2022"
ABOUT, TRUTH, PROGRESS = "exercise.json", "truth.sealed", "progress.json"
WHO = "travellers.sealed"
"""Which simulated resident each pseudonym of a list of travellers stands for: part of the truth."""
FEEDS_AT, ROUND_AT, ORDERS_AT = time(8, 0), time(8, 30), time(9, 0)
"""Local times of a morning: the files of the day before come in, the round is done, orders are given."""
BASE_FEVER_VISITS_PER_100K = 20.0
BASE_PHARMACY_PER_100K = 60.0
BASE_HOTLINE_PER_100K = 5.0
"""Daily counts without the outbreak: assumptions of the exercise, the same for every player."""
LEAVING_SHARE = 0.01
"""Residents of a city who leave it for another a day and register there: an assumption."""
LISTED_PER_RESIDENT = 1 / 100_000
"""People listed with a name a day as coming from a county with zones, for each of its residents: an assumption."""
LISTED_PER_ZONE = 1
"""People found to have left a compound for another city in the week before it became a zone: an assumption."""
LISTED_INFECTED = 0.8
"""Share of the infected travellers who are on the lists: an assumption."""
LEFT_DAYS = 7
"""Who left a zone so many days before it was set is looked for (ninth edition)."""
HISTORY_DAYS = 60
"""Days before the first one whose counts come in with it, so that the watch knows what is usual."""
SILENT_SHARE = 0.06
"""Share of sentinel figures nobody reports."""
POOL = 10
"""People in a tube of an ordered round."""
HAND_DELAY_DAYS = 2
"""By hand, zones are ordered and lifted this many days after they could be; with the board in the same morning."""

# What a draw of the feeds is for, apart from those of the epidemic.
_NOISE, _REPORT, _ONSET, _WRONG, _TWICE, _FEVER, _HOTLINE, _PHARMACY, _NAMED = range(900, 909)
_LISTED, _BOUND, _WHOM = range(909, 912)


class Mode(StrEnum):
    """
    Who plays: the board's proposals accepted, the same with the smaller zone wherever the board offers one, the written
    protocol by hand with its delays, nobody.
    """

    AUTO = "auto"
    SMALLER = "auto-smaller"
    BY_HAND = "by-hand"
    NONE = "none"

    @property
    def by_board(self) -> bool:
        """Whether what the board shows is done the same morning."""
        return self in {Mode.AUTO, Mode.SMALLER}


class ExerciseError(ValueError):
    """An exercise cannot be made or gone on with; the message says which file, what it holds and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """What everybody may know of an exercise; `truth_sha256` commits its maker to the sealed truth."""

    name: str
    pack: str
    first_day: date
    days: int
    time_zone: str
    truth_sha256: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of its days."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the player must not see: pathogen, chance, where and when it began."""

    seed: int
    pathogen: str
    reproduction_number: float
    began: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an exercise is: the number of days done, and who played."""

    days_done: int
    mode: Mode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDone:
    """One day of an exercise as its player may see it."""

    day: date
    files: tuple[str, ...]
    cases_reported: int
    proposals_accepted: int
    zones_in_force: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """
    How an exercise went, against its truth; None where it cannot be said.

    `days_to_detection` runs from the first infection to the first found, `found_before_spread` is the share of
    infections found before they had infected anybody, `spilled_cities` are cities reached beside the first,
    `averted` the infections fewer than had nobody played, on the same chance, `restricted_days` person-days in ordered
    zones, `excess_days` those of them in compounds without an infected resident within a week of the day.
    """

    mode: Mode | None
    days: int
    infections: int
    reported: int
    days_to_detection: int | None
    found_before_spread: float
    peak_daily: int
    spilled_cities: int
    days_to_zero: int | None
    averted: int
    restricted_days: int
    restricted_per_averted: float | None
    excess_days: int
    quarantine_days: int
    people_sampled: int
    feeds_written: int


def create(
    folder: Path,
    *,
    pack_key: str,
    pathogen: str = "covid-ba5",
    seed: int,
    first_day: date,
    days: int = 30,
    reproduction_number: float = 2.5,
    began_days_before: int = 5,
    infections: int = 3,
) -> Exercise:
    """
    Make an exercise in a new folder: public facts beside a sealed truth, nothing of which enters any record.

    Where it begins is drawn from the seed, a county by its residents. Raises ExerciseError where the folder holds one
    already or a number cannot be meant.
    """
    if (folder / ABOUT).exists():
        raise ExerciseError(f"{folder} holds an exercise already; choose another folder")
    if not 1 <= days <= 365:
        raise ExerciseError(f"an exercise of {days} days; expected between 1 and 365")
    if not 1 <= infections <= 10_000:
        raise ExerciseError(f"{infections} hidden infections; expected between 1 and 10000")
    if not 0 <= began_days_before <= 60:
        raise ExerciseError(
            f"an outbreak that began {began_days_before} days before; expected 0 to 60"
        )
    pack = read_pack(pack_key)
    where = simulate.lay_out(pack)
    simulate.pathogen(pathogen, reproduction_number=reproduction_number)
    share = np.cumsum(where.county_residents) / where.residents
    drawn = float(units(seed, np.array([0]), purpose=_NOISE)[0])
    county = where.counties[int(np.searchsorted(share, drawn))]
    truth = Truth(
        seed=seed, pathogen=pathogen, reproduction_number=reproduction_number,
        began=((county, began_days_before, infections),),
    )  # fmt: skip
    sealed = _seal(truth)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / TRUTH, sealed, secret=True)
    about = Exercise(
        name=folder.name, pack=pack_key, first_day=first_day, days=days, time_zone=str(pack.time_zone),
        truth_sha256=hashlib.sha256(sealed).hexdigest(),
    )  # fmt: skip
    write(
        folder / ABOUT,
        json.dumps(
            {
                "name": about.name, "pack": about.pack, "first_day": about.first_day.isoformat(), "days": about.days,
                "time_zone": about.time_zone, "truth_sha256": about.truth_sha256,
            },
            ensure_ascii=False, indent=1,
        ).encode(),
    )  # fmt: skip
    note(folder, Progress(days_done=0, mode=None))
    return about


def read(folder: Path) -> Exercise:
    """Return the public facts of an exercise. Raises ExerciseError saying which file is wrong and how."""
    given = _json(folder / ABOUT)
    try:
        ZoneInfo(str(given["time_zone"]))
        return Exercise(
            name=str(given["name"]), pack=str(given["pack"]),
            first_day=date.fromisoformat(str(given["first_day"])), days=int(str(given["days"])),
            time_zone=str(given["time_zone"]), truth_sha256=str(given["truth_sha256"]),
        )  # fmt: skip
    except (KeyError, ValueError, ZoneInfoNotFoundError) as wrong:
        raise ExerciseError(f"{folder / ABOUT}: {wrong!r} is missing or wrong") from None


def progress(folder: Path) -> Progress:
    """Return how far an exercise is. Raises ExerciseError where the file says what cannot be."""
    given = _json(folder / PROGRESS)
    mode = given.get("mode")
    try:
        done = int(str(given.get("days_done", 0)))
        played = Mode(str(mode)) if mode else None
    except ValueError as wrong:
        raise ExerciseError(f"{folder / PROGRESS}: {wrong}") from None
    last = read(folder).days
    if not 0 <= done <= last:
        raise ExerciseError(f"{folder / PROGRESS}: {done} days done; expected 0 to {last}")
    return Progress(days_done=done, mode=played)


def unseal(folder: Path) -> Truth:
    """
    Return the truth of an exercise, for its trainer.

    Raises ExerciseError where the seal does not match what was promised when the exercise was made.
    """
    try:
        sealed = (folder / TRUTH).read_bytes()
    except OSError as wrong:
        raise ExerciseError(
            f"{folder / TRUTH} cannot be read ({wrong.strerror}); the truth of an exercise is made once, with it"
        ) from None
    if hashlib.sha256(sealed).hexdigest() != read(folder).truth_sha256:
        raise ExerciseError(f"{folder / TRUTH} is not the truth this exercise was made with")
    given = json.loads(zlib.decompress(base64.b64decode(sealed)))
    return Truth(
        seed=given["seed"], pathogen=given["pathogen"], reproduction_number=given["reproduction_number"],
        began=tuple((str(c), int(a), int(n)) for c, a, n in given["began"]),
    )  # fmt: skip


def open_record(folder: Path, *, clock: Callable[[], datetime]) -> Post:
    """
    Return the post of the exercise's own record in its folder, made on the first call.

    It is never the record of the province: exercise and reality do not share a table.
    """
    about = read(folder)
    store = Store.open(folder / "record", clock=clock)
    pack = read_pack(about.pack)
    if store.top() is not None:
        return Post(store=store, viewer=store.system())
    begun = datetime.combine(about.first_day - timedelta(days=1), time(0), tzinfo=about.zone)
    post = found(store, pack, at=begun)
    book = protocols().at(begun, disease=DISEASE)
    zoning.adopt(
        post,
        Adoption(
            id="exercise", area=pack.top.path, version=book.id, profile=PROFILE, at=begun,
        ),
        at=begun,
    )  # fmt: skip
    return post


def play(
    folder: Path, post: Post, *, mode: Mode, until_day: int | None = None
) -> Iterator[DayDone]:
    """
    Play the days that are left, one after another, and yield each when it is whole.

    A day cut off is done again from its start: its files come out the same, the record recognises those it has, a
    round done twice changes nothing. Raises ExerciseError where another mode has begun it.
    """
    about, done = read(folder), progress(folder)
    if until_day is not None and not 1 <= until_day <= about.days:
        raise ExerciseError(f"until day {until_day}; {folder} has days 1 to {about.days}")
    if done.mode is not None and done.mode is not mode:
        raise ExerciseError(
            f"{folder} is being played {done.mode.value}; make another exercise with the same seed to play it {mode.value}"
        )
    last = about.days if until_day is None else until_day
    pack = read_pack(about.pack)
    table = _Table(
        folder=folder,
        about=about,
        truth=unseal(folder),
        pack=pack,
        where=simulate.province(about.pack),
    )
    note(folder, replace(done, mode=mode))
    for number in range(done.days_done, last):
        made = _one_day(table, post, number, mode)
        note(folder, Progress(days_done=number + 1, mode=mode))
        yield made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What a day needs at hand."""

    folder: Path
    about: Exercise
    truth: Truth
    pack: Pack
    where: sim.Province

    @property
    def lead(self) -> int:
        """Days of the truth before the first day of the exercise."""
        return max(ago for _, ago, _ in self.truth.began)

    def moment(self, number: int, at: time) -> datetime:
        """The morning after a day of the exercise."""
        return datetime.combine(
            self.about.first_day + timedelta(days=number + 1), at, tzinfo=self.about.zone
        )


def _one_day(table: _Table, post: Post, number: int, mode: Mode) -> DayDone:
    epidemic = truth_until(table.folder, post, number, mode=mode)
    files = _write_feeds(table, post, epidemic, number, mode)
    _take_in(table, post, files, number, mode)
    _investigate(table, post, epidemic, number, mode)
    if mode is not Mode.NONE:
        _tell_rounds(table, post, epidemic, number)
        _close_rounds(table, post, number)
    day.run(post, at=_not_before(post, table.moment(number, ROUND_AT)), time_zone=table.about.zone)
    accepted = 0
    if mode is not Mode.NONE:
        accepted = _order(table, post, number, mode)
    now = table.moment(number, ORDERS_AT)
    with post.store.reading(post.viewer) as record:
        zones = sum(zone.in_force(now) for zone in record.nouns(ZONES))
    return DayDone(
        day=table.about.first_day + timedelta(days=number), files=tuple(file.name for file in files),
        cases_reported=len(_reported_on(table, epidemic, number)), proposals_accepted=accepted,
        zones_in_force=zones,
    )  # fmt: skip


def _take_in(table: _Table, post: Post, files: Sequence[Path], number: int, mode: Mode) -> None:
    """
    Read the files of a day the way a province's own are read; one read before the day was cut off is not read again.

    Tracers number people as the line lists do, so that a contact is joined with the case who named them, and with their
    own case when they fall ill. By hand the lists of travellers are gone through two days later.
    """
    at = table.moment(number, FEEDS_AT)
    for file in files:
        if file.name.startswith(("counts", "cases", "laboratory")):
            with suppress(ingest.AlreadyRead):
                ingest.read_file(
                    post, file, at=_not_before(post, at), disease=DISEASE, keep_good=True,
                    published=file.name.startswith("counts"), numbered_as=table.about.name,
                )  # fmt: skip
        elif file.name.startswith("arrivals"):
            told = read_trips(file)
            spillover.put_trips(
                post, since=table.about.first_day + timedelta(days=number), days=told.days, origins=told.origins,
                destinations=told.destinations, trips=told.trips, source="arrivals registered in the exercise",
                at=_not_before(post, at),
            )  # fmt: skip
    late = HAND_DELAY_DAYS if mode is Mode.BY_HAND else 0
    travellers = _feed(table, "travellers", number - late)
    if travellers.is_file():
        plans.record_roles(post, read_roles(travellers), at=_not_before(post, at))
    traced = [file for file in files if file.name.startswith(("contacts", "tests"))]
    if traced:
        with suppress(outbreak_files.AlreadyImported):
            outbreak_files.import_files(
                post, traced, at=_not_before(post, at), area=table.pack.top.path, disease=DISEASE,
                outbreak=table.about.name, case_numbers=True, time_zone=table.about.time_zone,
            )  # fmt: skip


def standing(mode: Mode, quarantine: Sequence[sim.Quarantine] = ()) -> sim.Strategy:
    """
    Return what goes on without an order of the board: clinics, isolation of found cases; and, where somebody plays, tracing.

    By hand tracing begins two days later than with the board, which is the day after a case is found. `quarantine` are
    the versions of contacts' quarantine that hold over the exercise; contacts of contacts are kept where one says so.
    """
    if mode is Mode.NONE:
        return sim.Strategy(name=mode.value)
    delay = 1 if mode.by_board else 1 + HAND_DELAY_DAYS
    return sim.Strategy(name=mode.value, tracing=simulate.tracing_by(quarantine, delay_days=delay))


def truth_until(folder: Path, post: Post | None, number: int, *, mode: Mode) -> sim.Epidemic:
    """Return the truth from its first day through day `number` of the exercise under the orders on record."""
    about, truth = read(folder), unseal(folder)
    where = simulate.province(about.pack)
    lead = max(ago for _, ago, _ in truth.began)
    seeds = [
        seed
        for county, ago, count in truth.began
        for seed in simulate.seeds_at([(county, count)], where, day=lead - ago)
    ]
    days = lead + number + 1
    orders = sim.orders_none()
    if post is not None:
        levels, rounds, apart = orders_in_force(folder, post, about, where, lead=lead, days=days)
        orders = sim.ordered(where, levels, rounds, apart, days=days)
    kept = simulate.quarantine_rules(
        protocols(), first_day=about.first_day - timedelta(days=lead), days=lead + about.days,
        time_zone=about.zone, disease=DISEASE,
    )  # fmt: skip
    return sim.run(
        where, simulate.pathogen(truth.pathogen, reproduction_number=truth.reproduction_number),
        standing(mode, kept), seeds, days=days, seed=truth.seed, orders=orders,
    )  # fmt: skip


Rows = list[tuple[int, int, int, int]]


def orders_in_force(
    folder: Path, post: Post, about: Exercise, where: sim.Province, *, lead: int, days: int
) -> tuple[Rows, Rows, Rows]:
    """
    Return the orders on record as the simulation takes them: levels of buildings, rounds of tests, people kept apart.

    Tests are daily in zones, those of area screening, and those of people under a plan. A level counts from the day
    after it took effect, a plan from the day it asks for, not before it was ordered.
    """
    drawn = zones_in_force(post, about, where, lead=lead, days=days)
    start = _midnight(about, lead)
    with post.store.reading(post.viewer) as record:
        opened, asked = record.nouns(SCREENING_ROUNDS), record.nouns(PLANS)
    rounds: Rows = []
    for one in opened:
        on = (one.opened - start).days
        if 0 <= on < days:
            rounds += [(on, first, end, POOL) for first, end in residents_in(str(one.area), where)]
    levels: Rows = []
    for buildings, level, since, until in drawn:
        levels += [(one, level, since, until) for one in buildings]
        for begin, end_at in _runs(buildings, where):
            rounds += [(on, begin, end_at, POOL) for on in range(max(0, since), until)]
    apart, tests = _asked_of_people(asked, listed(folder), start)
    return levels, rounds + tests, apart


def zones_in_force(
    post: Post, about: Exercise, where: sim.Province, *, lead: int, days: int
) -> list[tuple[tuple[int, ...], int, int, int]]:
    """Return the zones on record: (buildings, level, from day, until day); a zone of a town holds for all of it."""
    start = _midnight(about, lead)
    drawn: list[tuple[tuple[int, ...], int, int, int]] = []
    with post.store.reading(post.viewer) as record:
        zones = record.nouns(ZONES)
    for zone in zones:
        buildings = buildings_of(zone.place, where)
        ends = [span.since for span in zone.spans[1:]] + [None]
        for span, end in zip(zone.spans, ends, strict=True):
            level = {"high": 2, "medium": 1}.get(span.level, 0)
            if not level:
                continue
            since = (span.since - start).days
            until = days if end is None else min(days, (end - start).days)
            drawn.append((buildings, level, since, until))
    return drawn


def _runs(buildings: Sequence[int], where: sim.Province) -> list[tuple[int, int]]:
    """Return the residents of buildings as runs (first, one past the last), neighbours put together."""
    runs: list[tuple[int, int]] = []
    for first, end in sorted(sim.residents_of(where, one) for one in buildings):
        if runs and runs[-1][1] == first:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((first, end))
    return runs


def _midnight(about: Exercise, lead: int) -> datetime:
    return datetime.combine(about.first_day, time(0), tzinfo=about.zone) - timedelta(days=lead)


_IN_A_ROOM = frozenset({"central_isolation"})
_AT_HOME = frozenset({"home_isolation", "central_or_home_isolation", "home_health_monitoring"})


def _asked_of_people(
    asked: Sequence[PlanOnRecord], who: Mapping[str, int], start: datetime
) -> tuple[Rows, Rows]:
    """
    Return (people kept apart, tests of others) of plans in force; those of people who are no travellers are left out.

    Contacts are kept by the tracing teams of the simulation. Whoever is kept apart is tested as contacts are. Health
    monitoring keeps nobody in; its two tests within three days, of which no day is named, are on its first and last.
    """
    apart: Rows = []
    tests: Rows = []
    for plan in asked:
        person = who.get(plan.id)
        if person is None:
            continue
        ordered = (plan.begun - start).days
        released = None if plan.released is None else (plan.released - start).days
        for stretch in plan.terms.stretches:
            since = max(ordered, (stretch.first - start.date()).days)
            until = since + 1 if stretch.last is None else (stretch.last - start.date()).days + 1
            until = until if released is None else min(until, released)
            if until <= since:
                continue
            if stretch.place in _IN_A_ROOM | _AT_HOME:
                apart.append((person, since, until, int(stretch.place in _AT_HOME)))
            elif stretch.place == "health_monitoring":
                tests += [(on, person, person + 1, 1) for on in sorted({since, until - 1})]
    return apart, tests


def listed(folder: Path) -> dict[str, int]:
    """Return the residents behind the pseudonyms of the lists of travellers written so far: a part of the truth."""
    file = folder / WHO
    if not file.is_file():
        return {}
    given: dict[str, int] = json.loads(zlib.decompress(base64.b64decode(file.read_bytes())))
    return given


def compound_name(number: int) -> str:
    """Return the name a simulated compound bears on record: `q123`."""
    return f"q{number}"


def home_of(person: int, where: sim.Province) -> Place:
    """Return the building a resident lives in as a place on record: `44.4401.440105.… compound q123 building 4`."""
    town = where.towns[int(where.people([person]).town[0])]
    compound = compound_of(person, where)
    first, _ = resident_of(compound, where)
    return Place(
        expression=f"{town} compound {compound_name(compound)} building {1 + (person - first) // 64}"
    )


def buildings_of(drawn: Place, where: sim.Province) -> tuple[int, ...]:
    """Return the numbers of the simulated buildings a place on record covers; whole towns give all of theirs."""
    found: list[int] = []
    for part in drawn.parts:
        if part.compound is not None and part.compound.startswith("q"):
            first, end = resident_of(int(part.compound[1:]), where)
            homes = range(first, end, 64)
            if part.building is not None:
                homes = homes[int(part.building) - 1 : int(part.building)]
            if " minus " in drawn.expression or " within " in drawn.expression:
                found += [
                    sim.building_of(where, one)
                    for one in homes
                    if drawn.overlaps(home_of(one, where))
                ]
            else:
                begin = sim.building_of(where, first)
                found += [begin + (one - first) // 64 for one in homes]
            continue
        for index, town in enumerate(where.towns):
            if town.startswith(part.area) or part.area.startswith(town):
                first, end = int(where.town_start[index]), int(where.town_start[index + 1])
                found += range(sim.building_of(where, first), sim.building_of(where, end - 1) + 1)
    return tuple(dict.fromkeys(found))


def residents_in(area: str, where: sim.Province) -> list[tuple[int, int]]:
    """Return (first resident, one past the last) of each county of an area, or of the towns that make it up."""
    counties = [i for i, key in enumerate(where.counties) if key.startswith(area)]
    if counties:
        starts = [int(where.county_start[i]) for i in counties]
        return [
            (first, first + int(where.county_residents[i]))
            for first, i in zip(starts, counties, strict=True)
        ]
    towns = [i for i, key in enumerate(where.towns) if key.startswith(area) or area.startswith(key)]
    if not towns:
        raise LookupError(f"{area} lies in no county of {where.facts.name}")
    return [(int(where.town_start[i]), int(where.town_start[i + 1])) for i in towns]


def resident_of(compound: int, where: sim.Province) -> tuple[int, int]:
    """Return (first resident, one past the last) of a simulated compound."""
    begins = (where.community_start[:-1] >> 9) + np.arange(where.communities)
    community = int(np.searchsorted(begins, compound, side="right")) - 1
    first = int(where.community_start[community]) + (compound - int(begins[community])) * 512
    return first, min(first + 512, int(where.community_start[community + 1]))


def compound_of(person: int, where: sim.Province) -> int:
    """Return the simulated compound a resident lives in."""
    community = int(np.searchsorted(where.community_start, person, side="right")) - 1
    first = int(where.community_start[community])
    return (first >> 9) + community + ((person - first) >> 9)


# What a day sends -----------------------------------------------------------------------------------------------------


def _reported_on(table: _Table, epidemic: sim.Epidemic, number: int) -> np.ndarray:
    """Return the infections whose case report is sent for a day: found then or up to two days before."""
    found_on = epidemic.found_on.astype(np.int64)
    late = (
        units(table.truth.seed, epidemic.person.astype(np.int64), purpose=_REPORT) * 3.3
    ).astype(np.int64) % 3
    return np.flatnonzero((found_on >= 0) & (found_on + late == table.lead + number))


def _feed(table: _Table, kind: str, number: int) -> Path:
    """Where the file of a kind and a day lies, whether it was written or not."""
    day_of = table.about.first_day + timedelta(days=number)
    return table.folder / "feeds" / f"{day_of:%Y-%m-%d}" / f"{kind}-{day_of}.csv"


def _write_feeds(
    table: _Table, post: Post, epidemic: sim.Epidemic, number: int, mode: Mode
) -> tuple[Path, ...]:
    at = _feed(table, "counts", number).parent
    at.mkdir(parents=True, exist_ok=True)
    today = table.about.first_day + timedelta(days=number)
    files = {
        f"counts-before-{today}.csv": "" if number else _counts_before(table, epidemic),
        f"counts-{today}.csv": _counts(table, epidemic, number, today),
        f"cases-{today}.csv": _cases(table, epidemic, number),
        f"laboratory-{today}.csv": _laboratory(table, epidemic, number, today),
        f"contacts-{today}.csv": _contacts(table, epidemic, number),
        f"tests-{today}.csv": _tests(table, epidemic, number, today),
        f"arrivals-{today}.csv": _arrivals(table, number, today),
        f"travellers-{today}.csv": ""
        if mode is Mode.NONE
        else _travellers(table, post, epidemic, number),
    }
    written = []
    for name, text in files.items():
        if text:
            write(at / name, text.encode("utf-8"))
            written.append(at / name)
    return tuple(written)


def _csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def _noise(table: _Table, number: int, purpose: int) -> np.ndarray:
    """One draw for each county and day."""
    counties = np.arange(len(table.where.counties), dtype=np.int64)
    return units(table.truth.seed, counties + 1000 * (number + 1), purpose=purpose)


_COUNTED = ("area", "day", "counted", "value")


def _counts_before(table: _Table, epidemic: sim.Epidemic) -> str:
    """What was counted in the weeks before the first day, as each of its days would have told it."""
    first = table.about.first_day
    rows: list[tuple[object, ...]] = []
    for number in range(-HISTORY_DAYS, 0):
        rows += _counted(table, epidemic, number, first + timedelta(days=number))
    return _csv(_COUNTED, rows)


def _counts(table: _Table, epidemic: sim.Epidemic, number: int, today: date) -> str:
    """Published infections by city; fever clinics, pharmacies and the hotline by county, some of them silent."""
    return _csv(_COUNTED, _counted(table, epidemic, number, today))


def _counted(
    table: _Table, epidemic: sim.Epidemic, number: int, today: date
) -> list[tuple[object, ...]]:
    from scipy import stats

    where, now = table.where, table.lead + number
    rows: list[tuple[object, ...]] = []
    found = np.flatnonzero(epidemic.found_on == now)
    cities = where.facts.cities
    by_city = {
        "local_confirmed": np.zeros(len(cities), int),
        "local_asymptomatic": np.zeros(len(cities), int),
    }
    if found.size:
        people = where.people(epidemic.person[found])
        ill = _has_symptoms(table, epidemic.person[found], people.age)
        for county, symptoms in zip(people.county, ill, strict=True):
            by_city["local_confirmed" if symptoms else "local_asymptomatic"][
                where.county_city[county]
            ] += 1
    for counted, totals in by_city.items():
        rows += [(city, today, counted, int(n)) for city, n in zip(cities, totals, strict=True)]
    new = epidemic.new[max(0, now - 6) : max(0, now + 1)].sum(axis=0)
    hundred = where.county_residents / 1e5
    streams = (
        ("fever_clinic_visits", BASE_FEVER_VISITS_PER_100K, 0.12, _FEVER),
        ("pharmacy_sales", BASE_PHARMACY_PER_100K, 0.2, _PHARMACY),
        ("hotline_calls", BASE_HOTLINE_PER_100K, 0.02, _HOTLINE),
    )  # fmt: skip
    for counted, base, share, purpose in streams:
        mean = base * hundred + share * new
        noise = _noise(table, number, purpose)
        silent = _noise(table, number, purpose + 100) < SILENT_SHARE
        values = stats.poisson.ppf(np.clip(noise, 1e-9, 1 - 1e-9), mean).astype(int)
        rows += [
            (county, today, counted, "" if quiet else int(value))
            for county, value, quiet in zip(where.counties, values, silent, strict=True)
        ]
    return rows


def _has_symptoms(table: _Table, people: np.ndarray, ages: np.ndarray) -> np.ndarray:
    from yipan.analytics.simulate.draws import SYMPTOMS

    shares = np.array(simulate.pathogen(table.truth.pathogen).symptomatic)
    drawn = units(table.truth.seed, people.astype(np.int64), purpose=SYMPTOMS)
    return np.asarray(drawn < shares[ages])


def _cases(table: _Table, epidemic: sim.Epidemic, number: int) -> str:
    """The line list of a day: late reports, some with a wrong area or class, some sent twice."""
    where = table.where
    chosen = _reported_on(table, epidemic, number)
    rows: list[tuple[object, ...]] = []
    if not chosen.size:
        return ""
    ids = epidemic.person[chosen].astype(np.int64)
    people = where.people(ids)
    ill = _has_symptoms(table, ids, people.age)
    wrong = units(table.truth.seed, ids, purpose=_WRONG)
    twice = units(table.truth.seed, ids, purpose=_TWICE) < 0.05
    before = units(table.truth.seed, ids, purpose=_ONSET)
    for i, person in enumerate(ids):
        found = int(epidemic.found_on[chosen[i]])
        reported = table.moment(found - table.lead - 1, time(18, 0))
        area = where.towns[people.town[i]]
        kind = "确诊病例" if ill[i] else "无症状感染者"
        if wrong[i] < 0.02:
            kind = "疑"
        elif wrong[i] < 0.04:
            area = area.removesuffix(area.split(".")[-2] + ".") + "999999999."
        onset = (reported - timedelta(days=1 + int(before[i] * 3))).date() if ill[i] else ""
        row = (
            case_id(table, int(person)), area, kind, onset, reported.isoformat(), f"演习人员{int(person)}",
        )  # fmt: skip
        rows.append(row)
        if twice[i]:
            rows.append(row)
    return _csv(("病例编号", "地区", "分类", "发病日期", "reported", "姓名"), rows)


def case_id(table: _Table, person: int) -> str:
    """Return the number under which an infection is reported, which does not tell who it is."""
    mark = hashlib.sha256(f"{table.about.truth_sha256}/{person}".encode()).hexdigest()[:10]
    return f"E-{mark}"


def _laboratory(table: _Table, epidemic: sim.Epidemic, number: int, today: date) -> str:
    """Tubes tested and positive samples of the day, by city."""
    now = table.lead + number
    positive = np.bincount(
        table.where.county_city,
        weights=epidemic.found[now],
        minlength=len(table.where.facts.cities),
    )
    tubes = epidemic.daily["tubes"][now]
    share = table.where.city_residents / table.where.residents
    rows: list[tuple[object, ...]] = []
    for city, part, hit in zip(table.where.facts.cities, share, positive, strict=True):
        if hit or tubes:
            rows.append((city, today, "laboratory_tests", round(tubes * part)))
            rows.append((city, today, "laboratory_positives", int(hit)))
    return _csv(("area", "day", "counted", "value"), rows)


def _named(table: _Table, epidemic: sim.Epidemic, number: int) -> list[tuple[int, int, str]]:
    """Whom those found on a day name, and where they met: those at home, some of the group, some of whom they infected."""
    where = table.where
    found: list[tuple[int, int, str]] = []
    for index in np.flatnonzero(epidemic.found_on == table.lead + number):
        person = int(epidemic.person[index])
        people = where.people([person])
        home = range(int(people.home[0]), int(people.home[0] + people.home_size[0]))
        named = [(other, "household") for other in home if other != person]
        group = where.group_members(person)
        if group.size:
            kept = units(table.truth.seed, group, purpose=_NAMED, index=person % 1000) < 0.4
            setting = "work" if people.role[0] == 1 else "school"
            named += [(int(other), setting) for other in group[kept] if other != person]
        named += [
            (int(other), "community")
            for other in epidemic.person[epidemic.source == index]
            if units(table.truth.seed, np.array([other]), purpose=_NAMED)[0] < 0.5
        ]
        found += [(person, other, setting) for other, setting in dict(named).items()]
    return found


def _contacts(table: _Table, epidemic: sim.Epidemic, number: int) -> str:
    """Contacts as tracers would name them, by the numbers of the line lists."""
    rows = [
        (case_id(table, person), case_id(table, other), setting)
        for person, other, setting in _named(table, epidemic, number)
    ]
    return _csv(("from", "to", "exposure"), rows)


def _tests(table: _Table, epidemic: sim.Epidemic, number: int, today: date) -> str:
    """
    Single results of a day: of everybody found, and of the contacts named; negative where nothing was found by then.

    A contact who was infected too lately to be found is negative, as a laboratory would have it.
    """
    now = table.lead + number
    positive = {int(p) for p in epidemic.person[epidemic.found_on == now]}
    before = {int(p) for p in epidemic.person[(epidemic.found_on >= 0) & (epidemic.found_on < now)]}
    named = {other for _, other, _ in _named(table, epidemic, number)} - positive - before
    rows = [
        (f"S-{today:%m%d}-{case_id(table, person)[2:]}", case_id(table, person), today, result, "single swab")
        for people, result in ((positive, "positive"), (named, "negative"))
        for person in sorted(people)
    ]  # fmt: skip
    return _csv(("sampleIdentifier", "personId", "dateSampleTaken", "result", "testType"), rows)


def _arrivals(table: _Table, number: int, today: date) -> str:
    """Travellers who registered their arrival, by the city they left and the one they came to, infected or not."""
    where, cities = table.where, table.where.facts.cities
    noise = units(table.truth.seed, np.arange(len(cities)) + 500_000 + number, purpose=_NOISE)
    leaving = LEAVING_SHARE * where.city_residents * (0.8 + 0.4 * noise)
    trips = np.rint(leaving[:, None] * where.facts.travel).astype(int)
    rows = [
        (origin, destination, int(trips[i, j]), today)
        for i, origin in enumerate(cities)
        for j, destination in enumerate(cities)
        if i != j and trips[i, j]
    ]
    return _csv(("from", "to", "trips", "date"), rows)


def _travellers(table: _Table, post: Post, epidemic: sim.Epidemic, number: int) -> str:
    """
    The list of travellers of a day with the role each has by where they come from, as stations and streets find them.

    Whoever came to another city from a county in which zones are in force, and whoever left a compound in the days
    before it became one. Infected travellers are among them, and nothing tells them apart. Which resident a pseudonym
    stands for is kept beside the seal.
    """
    where, now = table.where, table.lead + number
    drawn = zones_in_force(post, table.about, where, lead=table.lead, days=now + 1)

    def compounds(day: int) -> dict[int, int]:
        return {
            compound_of(sim.residents_of(where, building)[0], where): level
            for buildings, level, since, until in drawn if since <= day < until
            for building in buildings
        }  # fmt: skip

    held, before = compounds(now), compounds(now - 1)
    if not held:
        return ""
    fresh = {compound: level for compound, level in held.items() if compound not in before}
    counties = np.unique(where.people([resident_of(one, where)[0] for one in held]).county)
    told: dict[int, tuple[str, int]] = {}
    for county in counties.tolist():
        number_of = round(int(where.county_residents[county]) * LISTED_PER_RESIDENT)
        told |= dict.fromkeys(
            _bound(table, county, 1000 + number, number_of), ("from_low_zone", now)
        )
    for compound in sorted(fresh):
        county = int(where.people([resident_of(compound, where)[0]]).county[0])
        role = "left_high_zone" if fresh[compound] == 2 else "left_medium_zone"
        for turn, person in enumerate(_bound(table, county, compound, LISTED_PER_ZONE)):
            told[person] = (role, now - turn)
    for person, source, on in _infected_away(table, epidemic, now):
        compound = compound_of(source, where)
        if compound in fresh:
            told[person] = ("left_high_zone" if fresh[compound] == 2 else "left_medium_zone", on)
        elif on == now and int(where.people([source]).county[0]) in counties:
            told.setdefault(person, ("from_low_zone", on))
    names = {person: _pseudonym(table, person) for person in told}
    write(
        table.folder / WHO,
        base64.b64encode(zlib.compress(json.dumps(
            listed(table.folder) | {name: person for person, name in names.items()}, sort_keys=True,
        ).encode(), 6)),
        secret=True,
    )  # fmt: skip
    rows = sorted(
        (names[person], where.towns[int(where.people([person]).town[0])], role, _day_of(table, on))
        for person, (role, on) in told.items()
    )
    return _csv(("person", "area", "role", "day_one"), rows)


def _infected_away(table: _Table, epidemic: sim.Epidemic, now: int) -> list[tuple[int, int, int]]:
    """Return (resident, who infected them, day) of those infected in another city within LEFT_DAYS who are on the lists."""
    away = sim.LAYERS.index("travel")
    recent = np.flatnonzero(
        (epidemic.layer == away) & (epidemic.source >= 0) & (epidemic.day > now - LEFT_DAYS)
        & (epidemic.day <= now) & ((epidemic.found_on < 0) | (epidemic.found_on > now))
    )  # fmt: skip
    people = epidemic.person[recent].astype(np.int64)
    kept = units(table.truth.seed, people, purpose=_LISTED) < LISTED_INFECTED
    return [
        (int(epidemic.person[one]), int(epidemic.person[epidemic.source[one]]), int(epidemic.day[one]))
        for one in recent[kept]
    ]  # fmt: skip


def _bound(table: _Table, county: int, index: int, count: int) -> list[int]:
    """Return residents of other cities who came home from a county: drawn by where people of it travel."""
    where = table.where
    city = int(where.county_city[county])
    draws = np.arange(count, dtype=np.int64) + 100_000 * county
    to = np.searchsorted(
        np.cumsum(where.facts.travel[city]), units(table.truth.seed, draws, purpose=_BOUND, index=index)
    )  # fmt: skip
    to = np.minimum(to, len(where.facts.cities) - 1)
    first = np.concatenate([[0], np.cumsum(where.city_residents)])[to]
    share = units(table.truth.seed, draws, purpose=_WHOM, index=index)
    return [int(one) for one in first + (share * where.city_residents[to]).astype(np.int64)]


def _pseudonym(table: _Table, person: int) -> PersonId:
    mark = hashlib.sha256(f"{table.about.truth_sha256}/traveller/{person}".encode()).hexdigest()
    return person_id(f"p-{mark[:16]}")


def _day_of(table: _Table, number: int) -> date:
    """The date of a day of the truth."""
    return table.about.first_day + timedelta(days=number - table.lead)


# What is done about it ------------------------------------------------------------------------------------------------


def _investigate(
    table: _Table, post: Post, epidemic: sim.Epidemic, number: int, mode: Mode
) -> None:
    """
    Put on record where the infected live, as investigators find it.

    With the board they go where its tasks send them, the morning a positive result came in; by hand where the case
    reports of two days ago send them.
    """
    if mode is Mode.NONE:
        return
    at = _not_before(post, table.moment(number, FEEDS_AT))
    if mode.by_board:
        zoning.review_zones(post, at=at, time_zone=table.about.zone)
    with post.store.reading(post.viewer) as record:
        known = {
            key.key: PersonId(key.node)
            for key in record.nouns(OUTSIDE_KEYS, where={"system": table.about.name})
        }
        sent = {
            task.subject
            for task in record.nouns(TASKS, where={"state": commanding.RUNNING})
            if task.kind == zoning.ON_SITE
        }
    if mode.by_board:
        chosen = [
            int(index)
            for index in np.flatnonzero(epidemic.found_on >= 0)
            if known.get(case_id(table, int(epidemic.person[index]))) in sent
        ]
    elif number >= HAND_DELAY_DAYS:
        chosen = [int(index) for index in _reported_on(table, epidemic, number - HAND_DELAY_DAYS)]
    else:
        chosen = []
    where = table.where
    found = []
    for index in chosen:
        person = int(epidemic.person[index])
        home = home_of(person, where)
        when = table.moment(int(epidemic.found_on[index]) - table.lead - 1, time(18, 0))
        apart = (
            int(epidemic.isolated_from[index]) <= int(epidemic.found_on[index])
            and not epidemic.kept_home[index]
        )
        found.append(
            CasePlace(
                id=f"home-{case_id(table, person)}", area=home.area, case=case_id(table, person),
                place=home,
                found=when, controlled=when, counts=not apart, person=known.get(case_id(table, person)),
            )
        )  # fmt: skip
    if not found:
        return
    zoning.record_register(
        post, _registered([one.place for one in found], where), at=_not_before(post, at)
    )
    zoning.record_case_places(post, found, at=_not_before(post, at))


def _registered(homes: Sequence[Place], where: sim.Province) -> list[RegisteredPlace]:
    """Return the compounds of these homes and each of their buildings, with their residents, as a register has them."""
    units: dict[str, RegisteredPlace] = {}
    for number in dict.fromkeys(int((home.parts[0].compound or "q0")[1:]) for home in homes):
        first, end = resident_of(number, where)
        town = area_path(where.towns[int(where.people([first]).town[0])])
        name = compound_name(number)
        spots = [(name, Place(expression=f"{town} compound {name}"), end - first)]
        spots += [
            (f"{name}-{1 + (one - first) // 64}", home_of(one, where), min(64, end - one))
            for one in range(first, end, 64)
        ]
        units |= {
            key: RegisteredPlace(id=key, area=town, place=spot, residents=residents)
            for key, spot, residents in spots
        }
    return list(units.values())


ROUND_FROM_DAY = 4
"""Rounds of a zone are put on record from this day of its clock on: earlier ones cannot close it."""


def _tell_rounds(table: _Table, post: Post, epidemic: sim.Epidemic, number: int) -> None:
    """Put yesterday's round of tests of every zone near its end on record, with how many it found."""
    now = table.moment(number, FEEDS_AT)
    begun = table.moment(number - 1, ORDERS_AT)
    with post.store.reading(post.viewer) as record:
        zones = [zone for zone in record.nouns(ZONES) if zone.in_force(now)]
        known = {roster.id for roster in record.nouns(ROSTERS)}
    found = np.flatnonzero(epidemic.found_on == table.lead + number)
    hit = {sim.building_of(table.where, int(epidemic.person[index])) for index in found}
    for zone in zones:
        if (now - zone.spans[-1].clock_start).days < ROUND_FROM_DAY:
            continue
        numbers = buildings_of(zone.place, table.where)
        people = tuple(
            person_id(f"p-{person:012x}")
            for first, end in _runs(numbers, table.where) for person in range(first, end)
        )  # fmt: skip
        at = _not_before(post, now)
        if zone.id not in known:
            zoning.record_roster(
                post, Roster(id=zone.id, area=zone.area, groups=(RosterGroup(place=zone.place, people=people),)), at=at,
            )  # fmt: skip
        zoning.record_round(
            post,
            ZoneRound(
                id=f"{zone.id}-round-{number}", area=zone.area, zone=zone.id, started=begun, sampled=people,
                last_result=now, positives=sum(one in hit for one in numbers),
            ),
            at=at,
        )  # fmt: skip


def _order(table: _Table, post: Post, number: int, mode: Mode) -> int:
    """
    Accept what the board proposes: at once, or by hand when it is two days old.

    Rounds of screening and plans of people are ordered the same morning by hand, too: by hand it is the investigation,
    and the going through of lists, that comes late.
    """
    at = table.moment(number, ORDERS_AT)
    with post.store.reading(post.viewer) as record:
        waiting = record.nouns(PROPOSALS, where={"state": ProposalState.OPEN.value})
    accepted, at_once = 0, {calling.DESK, plans.DESK}
    for proposal in waiting:
        young = at - proposal.made < timedelta(days=HAND_DELAY_DAYS)
        if mode is Mode.BY_HAND and young and proposal.desk not in at_once:
            continue
        smaller = mode is Mode.SMALLER and proposal.kind == "zone.set" and proposal.alternatives
        commanding.decide(
            post, proposal.id, verdict=Verdict.CHANGE if smaller else Verdict.ACCEPT,
            alternative=0 if smaller else None, reason="no more than where the infected live" if smaller else "",
            at=_not_before(post, at), hands=day.HANDS,
        )  # fmt: skip
        accepted += 1
    return accepted


def _close_rounds(table: _Table, post: Post, number: int) -> None:
    """Close the rounds of area screening opened the day before: their results have come in by the morning."""
    at = table.moment(number, FEEDS_AT)
    with post.store.reading(post.viewer) as record:
        over = [
            one.id
            for one in record.nouns(SCREENING_ROUNDS)
            if one.closed is None and one.opened < at
        ]
    for one in over:
        screening.close_round(post, one, why="its results are in", at=_not_before(post, at))


def _not_before(post: Post, at: datetime) -> datetime:
    """Return `at`, or the moment of the newest act where a day is done again after it was cut off."""
    return max(at, newest_act(post))


def newest_act(post: Post) -> datetime:
    """Return the moment of the newest act on record: where the clock of the exercise stands."""
    with post.store.reading(post.viewer) as record:
        return record.acts(after=max(0, record.newest_act() - 1), limit=1)[-1].at


# How it went ----------------------------------------------------------------------------------------------------------


def score(folder: Path, post: Post | None) -> Score:
    """Return how an exercise went so far, its truth opened, against the same chance with nobody playing."""
    about, done, truth = read(folder), progress(folder), unseal(folder)
    if done.days_done == 0:
        raise ExerciseError(f"{folder} has not been played for a day yet")
    mode = done.mode or Mode.NONE
    where = simulate.province(about.pack)
    lead = max(ago for _, ago, _ in truth.began)
    played = truth_until(folder, post, done.days_done - 1, mode=mode)
    nobody = truth_until(folder, None, done.days_done - 1, mode=Mode.NONE)
    first_found = played.found_on[played.found_on >= 0]
    first_child = np.full(played.infections, 32_000, np.int64)
    caused = played.source >= 0
    np.minimum.at(first_child, played.source[caused], played.day[caused])
    in_time = (played.found_on >= 0) & (played.found_on <= first_child)
    by_city = np.bincount(
        where.county_city, weights=played.new.sum(axis=0), minlength=len(where.facts.cities)
    )
    zero = sim.days_to_zero(played.community.sum(axis=1)) - lead
    restricted = int(played.daily["high_residents"].sum() + played.daily["medium_residents"].sum())
    averted = nobody.infections - played.infections
    feeds = folder / "feeds"
    return Score(
        mode=done.mode, days=done.days_done, infections=played.infections,
        reported=int((played.found_on >= 0).sum()),
        days_to_detection=int(first_found.min() - played.day.min()) if first_found.size else None,
        found_before_spread=float(in_time.mean()), peak_daily=int(played.new.sum(axis=1).max()),
        spilled_cities=max(0, int((by_city > 0).sum()) - 1),
        days_to_zero=None if not np.isfinite(zero) else max(0, int(zero)),
        averted=averted, restricted_days=restricted,
        restricted_per_averted=restricted / averted if averted > 0 else None,
        excess_days=_excess(post, about, where, played, lead=lead, days=lead + done.days_done),
        quarantine_days=int(played.daily["quarantined_central"].sum() + played.daily["quarantined_home"].sum()),
        people_sampled=int(played.daily["sampled"].sum()),
        feeds_written=sum(1 for _ in feeds.rglob("*.csv")) if feeds.is_dir() else 0,
    )  # fmt: skip


def _excess(
    post: Post | None,
    about: Exercise,
    where: sim.Province,
    played: sim.Epidemic,
    *,
    lead: int,
    days: int,
) -> int:
    if post is None:
        return 0
    drawn = zones_in_force(post, about, where, lead=lead, days=days)
    infected: dict[int, list[int]] = {}
    for person, on in zip(played.person, played.day, strict=True):
        infected.setdefault(compound_of(int(person), where), []).append(int(on))
    excess = 0
    for buildings, _, since, until in drawn:
        for building in buildings:
            first, end = sim.residents_of(where, building)
            on = infected.get(compound_of(first, where), [])
            excess += (end - first) * sum(
                1
                for d in range(max(0, since), until)
                if not any(abs(d - infection) <= 7 for infection in on)
            )
    return excess


WORDS: Mapping[str, tuple[str, str]] = {
    "mode": ("方式", "Played"),
    "days": ("天数", "Days"),
    "infections": ("实际感染者", "Infections"),
    "reported": ("已发现", "Found"),
    "days_to_detection": ("发现所用天数", "Days to detection"),
    "found_before_spread": ("传播前发现的比例", "Share found before infecting anybody"),
    "peak_daily": ("单日感染峰值", "Most infections in a day"),
    "spilled_cities": ("外溢地市数", "Other cities reached"),
    "days_to_zero": ("清零所需天数", "Days until community zero"),
    "averted": ("较无人处置减少的感染者", "Infections averted against nobody playing"),
    "restricted_days": ("管控人日", "Person-days in ordered zones"),
    "restricted_per_averted": (
        "每减少一例感染的管控人日", "Person-days restricted per infection averted",
    ),
    "excess_days": (
        "其中一周内无感染者的小区的管控人日", "Of them in compounds without an infection within a week",
    ),
    "quarantine_days": ("隔离人日", "Person-days in quarantine"),
    "people_sampled": ("核酸采样人次", "People sampled, each round counted"),
    "feeds_written": ("报送文件数", "Files sent"),
}  # fmt: skip
"""What each part of a score is called in a report, in Chinese and English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTold:
    """One day of the truth as a report tells it: infected, found, reported on record, and not found by its end."""

    day: date
    infections: int
    found: int
    reported: int
    unseen: int


def report(
    folder: Path,
    post: Post | None,
    *,
    language: str,
    form: str,
    found: Score | None = None,
    days: Sequence[DayTold] = (),
) -> str:
    """
    Return the after-action report of an exercise, in `zh` or `en`, as `markdown` or `html`.

    `found` is its score where it is known already, `days` the truth day by day where it is to be told. Raises
    ExerciseError for another language or form, and before a day was played.
    """
    if language not in {"zh", "en"} or form not in {"markdown", "html"}:
        raise ExerciseError(
            f"a report in {language!r} as {form!r}; expected zh or en, markdown or html"
        )
    about, found = read(folder), found or score(folder, post)
    column = 0 if language == "zh" else 1
    title = (f"演习报告：{about.name}", f"After-action report: {about.name}")[column]
    heads = [pair[column] for pair in _HEADS]
    told = [pair[column] for pair in _in_short(folder, about, found, days)]
    ask = [pair[column] for pair in _to_discuss(found)]
    rows = [(words[column], _figure(found, name, column)) for name, words in WORDS.items()]
    note = (
        "以上均为模拟结果，不是真实疫情。人数以模拟的居民计；与无人处置的比较使用同一随机序列。",
        "All of this was simulated; it is no real outbreak. The comparison with nobody playing uses the same chance.",
    )[column]
    daily = [
        (one.day.isoformat(), *(f"{n:,}" for n in (one.infections, one.found, one.reported, one.unseen)))
        for one in days
    ]  # fmt: skip
    page = _markdown if form == "markdown" else _page
    return page(title, "zh-CN" if column == 0 else "en", heads, told, ask, rows, daily, note)


_HEADS = (
    ("概况", "In short"), ("讨论", "To talk about"), ("各项指标", "Figures"), ("逐日", "Day by day"), ("日期", "Day"),
    ("新增感染", "Infected"), ("当日发现", "Found"), ("记录中报告", "Reported on record"), ("尚未发现", "Not yet found"),
)  # fmt: skip


def _in_short(
    folder: Path, about: Exercise, found: Score, days: Sequence[DayTold]
) -> list[tuple[str, str]]:
    """What happened, in sentences, in Chinese and English."""
    truth = unseal(folder)
    names = {str(area.path): (area.name_zh, area.name_en) for area in read_pack(about.pack).areas}
    places = [names.get(county, (county, county)) for county, _, _ in truth.began]
    ago, begun = max(days for _, days, _ in truth.began), sum(count for _, _, count in truth.began)
    zh, en = "、".join(p[0] for p in places), ", ".join(p[1] for p in places)
    how = [_told(found.mode or Mode.NONE, column) for column in (0, 1)]
    some = f"{begun} infection{'' if begun == 1 else 's'}"
    told = [(
        f"疫情于演习开始前{ago}天起于{zh}，共{begun}例；演习进行了{found.days}天，{how[0]}。",
        f"The outbreak began {ago} days before the exercise in {en}, with {some}; {found.days} days were played, {how[1]}.",
    )]  # fmt: skip
    first = next((one.day for one in days if one.found), None)
    by_then = sum(one.infections for one in days if first is not None and one.day <= first)
    if found.days_to_detection is None:
        told.append(("至今未发现任何感染者。", "Nobody infected has been found yet."))
    else:
        told.append((
            f"首例感染后{found.days_to_detection}天发现第一例" + (f"，当时已有{by_then:,}人感染。" if by_then else "。"),
            f"The first was found {found.days_to_detection} days after the first infection"
            + (f", when {by_then:,} had been infected." if by_then else "."),
        ))  # fmt: skip
    share = round(100 * found.found_before_spread)
    told.append((
        f"共{found.infections:,}人感染，其中发现{found.reported:,}人；每100名感染者中{share}人在传染他人之前被发现。",
        (f"{found.infections:,} were infected and {found.reported:,} of them found; of every 100 infections {share} were found "
        "before they had infected anybody."),
    ))  # fmt: skip
    zero = (
        ("尚未社会面清零", "the community is not clear yet") if found.days_to_zero is None
        else (f"第{found.days_to_zero}天社会面清零", f"the community was clear from day {found.days_to_zero} on")
    )  # fmt: skip
    told.append((
        f"疫情外溢到{found.spilled_cities}个其他地市，单日最多{found.peak_daily:,}人感染；{zero[0]}。",
        (f"It reached {found.spilled_cities} other {'city' if found.spilled_cities == 1 else 'cities'}, with at most "
        f"{found.peak_daily:,} infected in a day; {zero[1]}."),
    ))  # fmt: skip
    if found.mode not in {None, Mode.NONE}:
        told += _what_it_cost(found)
    return told


def _what_it_cost(found: Score) -> list[tuple[str, str]]:
    nobody = found.infections + found.averted
    spared = (
        (f"减少{found.averted:,}例", f"{found.averted:,} fewer") if found.averted > 0
        else ("并未减少", "no fewer")
    )  # fmt: skip
    per = found.restricted_per_averted
    each = (
        ("", "") if per is None
        else (f"，每减少一例感染管控{per:,.0f}人日", f", {per:,.0f} for each infection averted")
    )  # fmt: skip
    part = round(100 * found.excess_days / found.restricted_days) if found.restricted_days else 0
    return [(
        f"同样条件下无人处置将有{nobody:,}人感染：{spared[0]}。",
        f"With nobody playing, the same chance leads to {nobody:,} infections: {spared[1]}.",
    ), (
        (f"风险区管控{found.restricted_days:,}人日{each[0]}；其中{found.excess_days:,}人日（{part}%）所在小区前后一周内并无感染者（一部分出于方案的观察天数）。"
        f"另有隔离{found.quarantine_days:,}人日，核酸采样{found.people_sampled:,}人次。"),
        (f"Zones held people for {found.restricted_days:,} person-days{each[1]}; {found.excess_days:,} of them ({part} %) where "
        f"nobody in the compound was infected within a week (in part the quiet days of the text). Quarantine took {found.quarantine_days:,} "
        f"person-days more, and {found.people_sampled:,} samples were taken."),
    )]  # fmt: skip


def _to_discuss(found: Score) -> list[tuple[str, str]]:
    """Questions the figures raise, for the talk between trainer and players; the limits are where a talk begins, no marks."""
    asked = []
    if found.days_to_detection is None or found.days_to_detection >= 5:
        asked.append((
            "哪一种监测本可以更早发现？发热门诊、药店、热线当时报告了什么？",
            "Which source could have found it sooner? What did clinics, pharmacies and the hotline report then?",
        ))  # fmt: skip
    if found.found_before_spread < 0.3:
        asked.append((
            "从采样到结果、从结果到到场、从到场到隔离，各用了多少时间？",
            "How long did it take from the sample to the result, from there to somebody on site, and to isolation?",
        ))  # fmt: skip
    if found.excess_days * 4 > found.restricted_days:
        asked.append(
            (
                "哪些风险区可以划得更小，或更早解除？",
                "Which zones could have been smaller, or lifted sooner?",
            )
        )
    if found.spilled_cities >= 3:
        asked.append(
            (
                "哪些外溢可以预见？相关地市何时得到提醒？",
                "Which spill-overs could be foreseen, and when were those cities told?",
            )
        )
    if found.infections > 2 * found.reported:
        asked.append(
            (
                "尚未发现的感染者在哪里？见演习真值页各县区一栏。",
                "Where are those not yet found? See the counties on the page of the truth.",
            )
        )
    return asked


def _markdown(
    title: str, language: str, heads: Sequence[str], told: Sequence[str], ask: Sequence[str],
    rows: Sequence[tuple[str, str]], daily: Sequence[Sequence[str]], note: str,
) -> str:  # fmt: skip
    short, talk, figures, by_day, *columns = heads
    parts = [f"# {title}", f"## {short}", ("" if language.startswith("zh") else " ").join(told)]
    if ask:
        parts += [f"## {talk}", "\n".join(f"- {one}" for one in ask)]
    parts += [f"## {figures}", "| | |\n|---|---:|\n" + "\n".join(f"| {n} | {v} |" for n, v in rows)]
    if daily:
        table = ["| " + " | ".join(columns) + " |", "|---|---:|---:|---:|---:|"]
        table += ["| " + " | ".join(one) + " |" for one in daily]
        parts += [f"## {by_day}", "\n".join(table)]
    return "\n\n".join([*parts, note]) + "\n"


def _page(
    title: str, language: str, heads: Sequence[str], told: Sequence[str], ask: Sequence[str],
    rows: Sequence[tuple[str, str]], daily: Sequence[Sequence[str]], note: str,
) -> str:  # fmt: skip
    short, talk, figures, by_day, *columns = heads
    title, note = escape(title), escape(note)
    cells = "".join(f"<tr><th scope=row>{escape(n)}</th><td>{v}</td></tr>" for n, v in rows)
    points = "".join(f"<li>{escape(one)}</li>" for one in ask)
    body = f"<h2>{short}</h2>" + "".join(f"<p>{escape(one)}</p>" for one in told)
    body += f"<h2>{talk}</h2><ul>{points}</ul>" if ask else ""
    body += f"<h2>{figures}</h2><table>{cells}</table>"
    if daily:
        head = "".join(f"<th scope=col>{one}</th>" for one in columns)
        lines = "".join("<tr>" + "".join(f"<td>{v}</td>" for v in one) + "</tr>" for one in daily)
        body += f"<h2>{by_day}</h2><table class=days><tr>{head}</tr>{lines}</table>"
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        "<style>body{font:16px/1.6 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1c2530}"
        "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:1.6rem}p{margin:.4rem 0}"
        "th{text-align:left;font-weight:500}td,.days th+th{text-align:right}.days td:first-child{text-align:left}"
        "th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}"
        "table{border-collapse:collapse;width:100%}@media print{body{margin:0}}</style>"
        f"<h1>{title}</h1>{body}<p><small>{note}</small></p></html>\n"
    )


def _figure(found: Score, name: str, column: int) -> str:
    """One figure of a score as a report prints it."""
    value = getattr(found, name)
    if name == "found_before_spread":
        return f"{round(100 * value)} %"
    if value is None and name.startswith("days_to_"):
        return ("尚未", "not yet")[column]
    return _told(value, column)


def _told(value: object, column: int) -> str:
    if value is None:
        return ("无", "none")[column]
    if isinstance(value, Mode):
        return {
            Mode.AUTO: ("按系统建议", "by the board's proposals"),
            Mode.SMALLER: ("按系统建议的较小方案", "by the board's smaller proposals"),
            Mode.BY_HAND: ("按纸面方案", "by hand"),
            Mode.NONE: ("无人处置", "nobody"),
        }[value][column]
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


# Files ----------------------------------------------------------------------------------------------------------------


def _seal(truth: Truth) -> bytes:
    plain = json.dumps(
        {
            "seed": truth.seed, "pathogen": truth.pathogen, "reproduction_number": truth.reproduction_number,
            "began": truth.began,
        }
    )  # fmt: skip
    return base64.b64encode(zlib.compress(plain.encode(), 9))


def note(folder: Path, at: Progress) -> None:
    """Put down how far an exercise is, whole or not at all."""
    text = json.dumps({"days_done": at.days_done, "mode": at.mode.value if at.mode else None})
    write(folder / PROGRESS, text.encode())


def write(file: Path, content: bytes, *, secret: bool = False) -> None:
    """Write a file whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    if secret:
        part.chmod(0o600)
    part.replace(file)


def _json(file: Path) -> dict[str, object]:
    if not file.is_file():
        raise ExerciseError(f"{file} is not there; `yipan exercise new` makes an exercise")
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError) as wrong:
        raise ExerciseError(f"{file}: {wrong}") from None
    if not isinstance(given, dict):
        raise ExerciseError(f"{file} holds {type(given).__name__}; expected named entries")
    return given
