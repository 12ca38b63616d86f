"""
The trainer's desk: the truth of an exercise beside what its player has seen. Open to the duty of trainer alone.

An exercise's record holds none of this; it is worked out from the sealed truth and the orders on record, and kept beside
the seal until somebody plays on or an order changes.
"""

import base64
import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from yipan.analytics import simulate as sim
from yipan.model import AreaPath, Case, Power, ProposalState, area_path, check_area, check_may
from yipan.operations import exercise, simulate
from yipan.operations.exercise import ABOUT, Mode, Score
from yipan.operations.post import Post
from yipan.packs import read_pack
from yipan.store import NotFound
from yipan.store.tables.commanding import PROPOSALS
from yipan.store.tables.plans import PLANS
from yipan.store.tables.screening import SCREENING_ROUNDS
from yipan.store.tables.zoning import ZONES

DESK = "exercise"
KEPT = "trainer.sealed"
"""The view of the newest day played, kept beside the seal and as secret as that."""
PASSED_ON = 0.99
"""An infection counts as in flight until this share of what it may pass on lies behind it."""
PAGE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueDay:
    """
    One day of the truth, in infections.

    `new` were infected, `found` were found, `unseen` had been infected and not found by its end, `in_flight` are those
    of the unseen who may still infect others and are not kept apart. `reported` cases bear this day on the player's
    record. `counties` and `reported_in` tell `new` and `reported` by county, those with none left out.
    """

    day: date
    new: int
    found: int
    unseen: int
    in_flight: int
    reported: int
    counties: Mapping[str, int]
    reported_in: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueArea:
    """One county or street at the end of the last day played: infections, of those found, unseen and in flight, cases on record."""

    area: AreaPath
    infections: int
    found: int
    unseen: int
    in_flight: int
    on_record: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueChain:
    """
    Everybody infected from one infection of the start: `began` on a day in a county, `generations` after it, `newest` the
    day of the last; `seen` is whether any of it was found.
    """

    area: AreaPath
    began: date
    newest: date
    infections: int
    generations: int
    found: int
    in_flight: int
    counties: int
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSees:
    """What the player has on record at the end of the last day played: cases, zones in force, rounds, open proposals."""

    cases: int
    zones_in_force: int
    screening_rounds: int
    proposals_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainersView:
    """
    The truth of an exercise as its trainer sees it, through the last day played.

    `began` holds (county, days before the first day, infections). `areas` are counties, `streets` what lies below them.
    `score` is None before a day was played.
    """

    name: str
    pathogen: str
    reproduction_number: float
    began: tuple[tuple[str, int, int], ...]
    first_day: date
    days_planned: int
    days_done: int
    mode: Mode | None
    flight_days: int
    days: tuple[TrueDay, ...]
    areas: tuple[TrueArea, ...]
    streets: tuple[TrueArea, ...]
    chains: tuple[TrueChain, ...]
    seen: PlayerSees
    score: Score | None


def folder_of(home: Path) -> Path:
    """Return the folder of the exercise whose record lies in `home`. Raises NotFound where it is the record of none."""
    if home.name != "record" or not (home.parent / ABOUT).is_file():
        raise NotFound("this is the record of no exercise; `yipan exercise new` makes one")
    return home.parent


def trainers_view(folder: Path, post: Post) -> TrainersView:
    """
    Return the truth from its first infection to the last day played, beside what the player has on record.

    It is worked out once and kept until a day is played or what is on record changes. Raises NotAllowed for any duty but
    the trainer's, NotYourArea for a trainer of a part of the province, ExerciseError where the seal is broken.
    """
    _check_province(post, exercise.read(folder))
    return prepare(folder, post)


def prepare(folder: Path, post: Post) -> TrainersView:
    """
    Work the view of the present state out and keep it, or return the one kept: for whoever plays the days, who does not
    show it. `trainers_view` asks who is looking.
    """
    exercise.unseal(folder)
    mark = mark_of(folder, post)
    kept = _kept(folder, mark)
    if kept is None:
        kept = _worked_out(folder, post, exercise.read(folder))
        keep(folder, mark, kept)
    return kept


def mark_of(folder: Path, post: Post) -> str:
    """Return what tells two states of an exercise apart: its seal, the days played, and what is on record."""
    about, done = exercise.read(folder), exercise.progress(folder)
    with post.store.reading(post.viewer) as record:
        orders = (
            record.nouns(ZONES), record.nouns(SCREENING_ROUNDS), record.nouns(PLANS),
            len(record.nouns(PROPOSALS, where={"state": ProposalState.OPEN.value})),
        )  # fmt: skip
    told = msgspec.json.encode(
        (about.truth_sha256, done.days_done, done.mode, len(_cases(post, about)), orders)
    )
    return hashlib.sha256(told).hexdigest()


def keep(folder: Path, mark: str, view: TrainersView) -> None:
    """Keep a view beside the seal, readable by its owner alone; what was kept before is gone."""
    told = msgspec.json.encode({"mark": mark, "view": view})
    exercise.write(folder / KEPT, base64.b64encode(zlib.compress(told, 6)), secret=True)


def _kept(folder: Path, mark: str) -> TrainersView | None:
    """The view kept for this very state; None where there is none, or what lies there is no such view."""
    try:
        told = msgspec.json.decode(zlib.decompress(base64.b64decode((folder / KEPT).read_bytes())))
        if told["mark"] != mark:
            return None
        return msgspec.convert(told["view"], TrainersView)
    except (OSError, ValueError, zlib.error, KeyError, TypeError, msgspec.ValidationError):
        return None


def _worked_out(folder: Path, post: Post, about: exercise.Exercise) -> TrainersView:
    done, truth = exercise.progress(folder), exercise.unseal(folder)
    lead = max(ago for _, ago, _ in truth.began)
    where = simulate.province(about.pack)
    played = exercise.truth_until(
        folder, post, max(0, done.days_done - 1), mode=done.mode or Mode.NONE
    )
    span = flight_days(
        simulate.pathogen(truth.pathogen, reproduction_number=truth.reproduction_number)
    )
    first = about.first_day - timedelta(days=lead)
    homes = where.people(played.person)
    county = homes.county if played.infections else np.empty(0, np.int64)
    last = played.new.shape[0] - 1
    cases = _cases(post, about)
    seen_in = _reported(cases, about, where)
    return TrainersView(
        name=about.name, pathogen=truth.pathogen, reproduction_number=truth.reproduction_number, began=truth.began,
        first_day=about.first_day, days_planned=about.days, days_done=done.days_done, mode=done.mode, flight_days=span,
        days=_days(played, where, first, span, seen_in),
        areas=_areas(played, where, county, in_flight(played, last, span), seen_in),
        streets=_streets(played, where, homes.town, in_flight(played, last, span), cases),
        chains=_chains(played, where, county, in_flight(played, last, span), first),
        seen=_seen(post, about, done.days_done, len(cases)),
        score=exercise.score(folder, post) if done.days_done else None,
    )  # fmt: skip


def after_action(folder: Path, post: Post, *, language: str, form: str) -> str:
    """Return the after-action report to a trainer. Raises as `trainers_view`, ExerciseError before a day was played."""
    return told(folder, trainers_view(folder, post), language=language, form=form)


def told(folder: Path, view: TrainersView, *, language: str, form: str) -> str:
    """Return the after-action report of a view. Raises ExerciseError before a day was played, or for another language or form."""
    if view.score is None:
        raise exercise.ExerciseError(f"{folder} has not been played for a day yet")
    days = [
        exercise.DayTold(
            day=one.day, infections=one.new, found=one.found, reported=one.reported, unseen=one.unseen,
        )
        for one in view.days
    ]  # fmt: skip
    return exercise.report(folder, None, language=language, form=form, found=view.score, days=days)


def flight_days(pathogen: sim.Pathogen) -> int:
    """
    Return the days within which an infection passes on 99 % of what it does, by its law of generation times.

    >>> from yipan.operations import simulate
    >>> flight_days(simulate.pathogen("covid-ba5"))
    9
    """
    from scipy import stats

    shape = (pathogen.generation_days / pathogen.generation_sd_days) ** 2
    scale = pathogen.generation_sd_days**2 / pathogen.generation_days
    return int(np.ceil(stats.gamma.ppf(PASSED_ON, shape, scale=scale)))


def in_flight(played: sim.Epidemic, day: int, span: int) -> NDArray[np.bool_]:
    """Return for each infection whether it may still infect others at the end of a day and is neither found nor kept apart."""
    born = played.day.astype(np.int64)
    unseen = (played.found_on < 0) | (played.found_on > day)
    apart = (played.isolated_from >= 0) & (played.isolated_from <= day)
    return np.asarray((born <= day) & (born > day - span) & unseen & ~apart)


def chain_of(source: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Return (the first infection of its chain, generations after it) for each infection; a source below 0 begins a chain.

    >>> first, generation = chain_of(np.array([-1, 0, 1, -1, 3]))
    >>> first.tolist(), generation.tolist()
    ([0, 0, 0, 3, 3], [0, 1, 2, 0, 1])
    """
    own = np.arange(source.size, dtype=np.int64)
    above = np.where(source < 0, own, source).astype(np.int64)
    steps = (source >= 0).astype(np.int64)
    while True:
        further = above[above]
        if np.array_equal(further, above):
            return above, steps
        steps = steps + steps[above]
        above = further


def check_trainer(post: Post) -> None:
    """Raise NotAllowed for any duty but the trainer's: asked first, so that others do not even learn of an exercise."""
    check_may(post.viewer, Power.READ_TRUTH)


def _check_province(post: Post, about: exercise.Exercise) -> None:
    check_trainer(post)
    check_area(post.viewer, read_pack(about.pack).top.path)


def _cases(post: Post, about: exercise.Exercise) -> list[Case]:
    found: list[Case] = []
    with post.store.reading(post.viewer) as record:
        while True:
            page = record.cases(
                under=read_pack(about.pack).top.path, after=found[-1].id if found else None, limit=PAGE
            )  # fmt: skip
            found += page
            if len(page) < PAGE:
                return found


def _reported(
    cases: list[Case], about: exercise.Exercise, where: sim.Province
) -> Mapping[date, Counter[str]]:
    """Cases on record by the day they were reported and by county."""
    found: dict[date, Counter[str]] = {}
    for case in cases:
        on = case.reported.astimezone(about.zone).date() if case.reported else about.first_day
        key = next((county for county in where.counties if case.area.startswith(county)), case.area)
        found.setdefault(on, Counter())[key] += 1
    return found


def _days(
    played: sim.Epidemic, where: sim.Province, first: date, span: int, seen_in: Mapping[date, Counter[str]]
) -> tuple[TrueDay, ...]:  # fmt: skip
    unseen = np.cumsum(played.new.sum(axis=1) - played.found.sum(axis=1))
    made = []
    for index in range(played.new.shape[0]):
        on = first + timedelta(days=index)
        seen = seen_in.get(on, Counter())
        made.append(
            TrueDay(
                day=on, new=int(played.new[index].sum()), found=int(played.found[index].sum()),
                unseen=int(unseen[index]), in_flight=int(in_flight(played, index, span).sum()),
                reported=seen.total(),
                counties={
                    where.counties[c]: int(played.new[index, c]) for c in np.flatnonzero(played.new[index])
                },
                reported_in=dict(sorted(seen.items())),
            )
        )  # fmt: skip
    return tuple(made)


def _areas(
    played: sim.Epidemic, where: sim.Province, county: NDArray[np.int64], flying: NDArray[np.bool_],
    seen_in: Mapping[date, Counter[str]],
) -> tuple[TrueArea, ...]:  # fmt: skip
    on_record: Counter[str] = sum(seen_in.values(), Counter())
    new, found = played.new.sum(axis=0), played.found.sum(axis=0)
    flight = np.bincount(county, weights=flying, minlength=len(where.counties)).astype(int)
    rows = [
        TrueArea(
            area=area_path(key), infections=int(new[c]), found=int(found[c]), unseen=int(new[c] - found[c]),
            in_flight=int(flight[c]), on_record=on_record.pop(key, 0),
        )
        for c, key in enumerate(where.counties) if new[c] or on_record[key]
    ]  # fmt: skip
    rows += [
        TrueArea(area=area_path(key), infections=0, found=0, unseen=0, in_flight=0, on_record=number)
        for key, number in sorted(on_record.items()) if number
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.infections, row.area)))


def _streets(
    played: sim.Epidemic, where: sim.Province, town: NDArray[np.int64], flying: NDArray[np.bool_], cases: list[Case]
) -> tuple[TrueArea, ...]:  # fmt: skip
    on_record = Counter(str(case.area) for case in cases)
    number = len(where.towns)
    new = np.bincount(town, minlength=number)
    found = np.bincount(town, weights=played.found_on >= 0, minlength=number).astype(int)
    flight = np.bincount(town, weights=flying, minlength=number).astype(int)
    rows = [
        TrueArea(
            area=area_path(where.towns[t]), infections=int(new[t]), found=int(found[t]), unseen=int(new[t] - found[t]),
            in_flight=int(flight[t]), on_record=on_record[where.towns[t]],
        )
        for t in np.flatnonzero(new)
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.infections, row.area)))


def _chains(
    played: sim.Epidemic, where: sim.Province, county: NDArray[np.int64], flying: NDArray[np.bool_], first: date
) -> tuple[TrueChain, ...]:  # fmt: skip
    above, generation = chain_of(played.source)
    found = played.found_on >= 0
    made = []
    for root in np.flatnonzero(played.source < 0):
        own = above == root
        made.append(
            TrueChain(
                area=area_path(where.counties[int(county[root])]),
                began=first + timedelta(days=int(played.day[root])),
                newest=first + timedelta(days=int(played.day[own].max())),
                infections=int(own.sum()), generations=int(generation[own].max()), found=int(found[own].sum()),
                in_flight=int(flying[own].sum()), counties=len(set(county[own].tolist())), seen=bool(found[own].any()),
            )
        )  # fmt: skip
    return tuple(sorted(made, key=lambda one: (-one.in_flight, -one.infections, one.area)))


def _seen(post: Post, about: exercise.Exercise, days_done: int, cases: int) -> PlayerSees:
    now = datetime.combine(
        about.first_day + timedelta(days=max(1, days_done)), exercise.ORDERS_AT, tzinfo=about.zone
    )
    with post.store.reading(post.viewer) as record:
        return PlayerSees(
            cases=cases,
            zones_in_force=sum(zone.in_force(now) for zone in record.nouns(ZONES)),
            screening_rounds=len(record.nouns(SCREENING_ROUNDS)),
            proposals_open=len(record.nouns(PROPOSALS, where={"state": ProposalState.OPEN.value})),
        )
