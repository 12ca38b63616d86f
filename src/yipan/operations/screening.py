"""Screening: rounds of swabs from bulk files to who was reached, who is held, and whether a laboratory can be trusted."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from yipan.analytics.screening import pools, quality
from yipan.feeds import bulk, file_hash, outside, samples, specimens, visits
from yipan.feeds.laboratory import TubeSpecimen, is_messages, read_messages, write_tubes
from yipan.model import (
    AreaPath,
    LakeBatch,
    LakeKind,
    LakePart,
    NotYourArea,
    Power,
    Reason,
    ScreeningRound,
    TaskState,
    TaskStep,
    area_path,
    check_area,
    check_may,
)
from yipan.operations import merging, rolling, tallies
from yipan.operations.commanding import RUNNING
from yipan.operations.post import Post
from yipan.protocol import Profile, Rulebook
from yipan.protocol.rules.screening import CommunityDay, community_zero
from yipan.store import NotFound, Record, cluster, lake
from yipan.store import laboratories as benches
from yipan.store import visits as places_been
from yipan.store.tables.commanding import TASKS
from yipan.store.tables.screening import (
    BLIND_PAIRS,
    LAKE_BATCHES,
    LAKE_PARTS,
    SCREENING_ROUNDS,
)

if TYPE_CHECKING:
    import duckdb

DESK = "screening"
SWAB = f"{DESK}.swab"
"""The kind of the task that ends when its round is closed."""
FALSE_DISCOVERY = 0.05
PLATE_POSITIVES = 4
"""Positive wells on one plate, from at least three sites, that put it on hold."""
PLATE_SITES = 3
LATE_HOURS = 24.0
WELLS = 94
"""Sample wells of a plate of 96, two of them controls."""
VISITS_BACK = timedelta(days=14)
"""How long before a round visits may have been: an assumption."""
CLOCK_SLACK = timedelta(hours=12)
"""How long after a round was to close swabs of it may still have been taken."""


class AlreadyTaken(ValueError):
    """The very same bulk file was taken in before."""


class _AnotherFileMeanwhile(Exception):
    """A file of the same round came in while one was judged: it has to be judged again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetCoverage:
    """
    Who of a street's roster was reached: the sampled, those with a valid result, the pending, in numbers of people.

    `due` and `exempt` add up to the roster; `with_result`, `pending` and `to_swab_again` are the parts of
    `sampled`, and `not_seen` the rest of `due`. Of those with a result, `held` are in a positive or weak tube and
    not yet told apart, `single_negative` and `single_positive` are by a single swab since.
    """

    area: AreaPath
    name_zh: str
    name_en: str
    due: int
    exempt: int
    sampled: int
    with_result: int
    pending: int
    held: int
    to_swab_again: int
    single_negative: int
    single_positive: int
    visitors: int

    @property
    def not_seen(self) -> int:
        """How many are due and were not swabbed."""
        return self.due - self.sampled

    @property
    def covered(self) -> float | None:
        """Share of the due with a valid result; None where nobody is due."""
        return self.with_result / self.due if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """
    A round seen as a whole and street by street, as known at the moment asked about.

    `people_estimate` is how many people there are by capture and recapture of roster and swabs, with its standard
    error: visitors show that a roster is incomplete. People who avoid both make it too low; None without visitors.
    """

    round: ScreeningRound
    total: StreetCoverage
    streets: tuple[StreetCoverage, ...]
    people_estimate: float | None = None
    people_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Somebody who is due and has no valid result, and why: not seen, pending, invalid or cancelled."""

    person: int
    why: str
    sampled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTube:
    """A positive or weak tube and the people in it, who are held until they are swabbed again; by person number."""

    tube: int
    area: AreaPath
    laboratory: str
    result: str
    ct_orf: float | None
    ct_n: float | None
    known: datetime
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTube:
    """A tube without a result, how many people it holds, and for how many hours they have waited."""

    tube: int
    area: AreaPath
    people: int
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryFinding:
    """Something about a laboratory that does not look right: what, with its numbers in one sentence in each language."""

    laboratory: str
    kind: str
    plate: str
    zh: str
    en: str
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryWork:
    """One laboratory in a round: tubes, positive ones, results that name no plate, and hours from swab to publication."""

    laboratory: str
    tubes: int
    positive: int
    without_plate: int
    p50_hours: float | None
    p90_hours: float | None
    p99_hours: float | None
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratories:
    """The laboratories of a round and what was found about them."""

    work: tuple[LaboratoryWork, ...]
    findings: tuple[LaboratoryFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSwab:
    """One swab of a person and what its tube showed; None while nothing is known."""

    round: str
    sample: int
    tube: int
    area: AreaPath
    mode: int
    sampled_at: datetime
    result: str | None
    laboratory: str | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignCost:
    """What one pool design asks per person and how often it is right; sizes with the stages between bars."""

    design: str
    sizes: str
    tests_per_person: float
    sensitivity: float
    specificity: float
    positive_predictive_value: float | None
    negative_predictive_value: float | None


def compare_designs(
    prevalence: float, *, sensitivity: float, specificity: float, largest: int
) -> tuple[DesignCost, ...]:
    """
    Return the best design of each kind for a prevalence and a test, the fewest tests per person first.

    Raises ValueError for parts outside 0 to 1.
    """
    assay = pools.Assay(sensitivity=sensitivity, specificity=specificity)
    sizes = range(2, largest + 1)
    single = pools.Design(stages=((1,),), result=pools.dorfman(prevalence, size=1, pool=assay))
    designs = {
        "single": single,
        "two stages": pools.best_dorfman(prevalence, sizes=sizes, pool=assay),
        "three stages": pools.best_three_stage(
            prevalence, sizes=range(3, largest + 1), assay=assay
        ),
        "square array": pools.best_array(
            prevalence, sides=range(2, min(largest, 30) + 1), assay=assay
        ),
    }
    found = [
        DesignCost(
            design=name,
            sizes="|".join("-".join(map(str, stage)) for stage in design.stages),
            tests_per_person=design.result.tests_per_person, sensitivity=design.result.sensitivity,
            specificity=design.result.specificity,
            positive_predictive_value=design.result.positive_predictive_value,
            negative_predictive_value=design.result.negative_predictive_value,
        )
        for name, design in designs.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda cost: cost.tests_per_person))


def open_round(post: Post, round: ScreeningRound, *, why: str, at: datetime) -> ScreeningRound:
    """Put a round on record. Raises NotAllowed, NotYourArea, ValueError for an id already known."""
    check_may(post.viewer, Power.DECIDE)
    check_area(post.viewer, round.area)
    with post.store.acting(
        post.viewer, desk=DESK, verb="open_round", subject=round.id, area=round.area, rule=round.rule,
        why=why, at=at,
    ) as act:  # fmt: skip
        if act.nouns(SCREENING_ROUNDS, where={"id": round.id}):
            raise ValueError(f"screening round {round.id} is in the record already")
        act.put(SCREENING_ROUNDS, [round])
    return round


def close_round(post: Post, round: str, *, why: str, at: datetime) -> ScreeningRound:
    """
    Close a round, and end the task to swab everybody in it.

    Raises NotAllowed, NotFound, ValueError where it is closed already.
    """
    check_may(post.viewer, Power.DECIDE)
    with post.store.acting(
        post.viewer, desk=DESK, verb="close_round", subject=round, why=why, at=at
    ) as act:
        found = act.noun(SCREENING_ROUNDS, round)
        if found.closed is not None:
            raise ValueError(f"round {round} was closed at {found.closed.isoformat()}")
        closed = replace(found, closed=at)
        act.put(SCREENING_ROUNDS, [closed])
        due = act.nouns(TASKS, where={"subject": round, "state": list(RUNNING)})
        step = TaskStep(to=TaskState.DONE, at=act.moment, by=post.viewer.user, note=why)
        act.put(TASKS, [task.stepped(step) for task in due if task.kind == SWAB])
    for kind in merging.COLUMNS:
        _merge(post, post.lake, closed, kind, at=at, least=2)
    return closed


def rounds(record: Record) -> tuple[ScreeningRound, ...]:
    """Return the rounds the viewer may see, the newest first."""
    return tuple(sorted(record.nouns(SCREENING_ROUNDS), key=lambda r: r.opened, reverse=True))


def batches(record: Record, *, round: str) -> tuple[LakeBatch, ...]:
    """Return what became of every bulk file of a round."""
    return record.nouns(LAKE_BATCHES, where={"round": round})


def take_in(
    post: Post,
    home: lake.Lake,
    path: Path,
    *,
    round: str,
    kind: LakeKind,
    at: datetime,
    time_zone: ZoneInfo,
    told_as: str = "",
) -> LakeBatch:
    """
    Take a bulk file into the lake: judge every row, write the accepted ones, put the others aside with their reason.

    A file is taken whole or not at all; what a crash leaves behind is seen by nobody. The very same file is
    refused. A later file of results adds versions: what was known before stays known as of then. `told_as` is what
    the file is called on record, its own name where empty. Whoever commands a county or street hands in rows of its own
    streets, which become part of the city's round; others are put aside. What is judged by are all files of the city.

    Raises NotAllowed, NotFound for the round, CannotRead, AlreadyTaken.
    """
    check_may(post.viewer, Power.INGEST)
    if kind is LakeKind.RESULTS and path.is_file() and is_messages(path):
        messages = read_messages(path, time_zone=time_zone)
        with TemporaryDirectory() as folder:
            tubes = Path(folder) / "tubes.csv"
            write_tubes(messages, tubes)
            return take_in(
                post, home, tubes, round=round, kind=kind, at=at, time_zone=time_zone, told_as=told_as or path.name
            )  # fmt: skip
    while True:
        with suppress(_AnotherFileMeanwhile):
            return _take_in(
                post, home, path, round=round, kind=kind, at=at, time_zone=time_zone, told_as=told_as or path.name
            )  # fmt: skip


def _take_in(
    post: Post, home: lake.Lake, path: Path, *, round: str, kind: LakeKind, at: datetime, time_zone: ZoneInfo,
    told_as: str,
) -> LakeBatch:  # fmt: skip
    """Judge a file by what the record names and take it in. Raises _AnotherFileMeanwhile where it names more by then."""
    sha256 = file_hash(path)
    with post.store.reading(post.viewer) as record:
        found = record.noun(SCREENING_ROUNDS, round)
        place = _shared(found.area, post.viewer.area)
        within = place if post.viewer.area.count(".") > CITY_STEPS else None
        for known in record.nouns(LAKE_BATCHES, where={"sha256": sha256, "round": round}):
            if known.within is None or known.within == within:
                raise AlreadyTaken(f"{told_as} was taken in before, as batch {known.id}")
        streets = streets_under(record, place)
        elsewhere = sorted(set(streets_under(record, None)) - set(streets))
        parts = record.nouns(LAKE_PARTS, where={"round": round})
        acts = merging.acts_of(record, round)
        all_streets = list(streets_under(record, found.area))
        pairs = planted(record, round) if kind in _KNOWS_PAIRS else ()
    city_of = {street: int(_city(place)) for street, place in streets.items()}
    told = sha256 + round + kind.value + (within or "")
    batch = f"b-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    state = (
        rolling.state_of(
            home, round=round, parts=parts, acts=acts, streets=all_streets, opened=found.opened
        )
        if kind in {LakeKind.SAMPLES, LakeKind.RESULTS}
        else None
    )
    road = (
        _fast_road(
            home,
            path,
            parts,
            found,
            kind,
            state,
            pairs=pairs,
            streets=list(streets),
            at=at,
            time_zone=time_zone,
        )
        if within is None or kind is not LakeKind.RESULTS
        else None
    )  # the fast road takes results of all tubes
    if road is not None:
        road = outside.tell_outside(road, streets=elsewhere)
    with _judged(
        home, path, parts, found, kind, road, acts=acts, pairs=pairs, streets=list(streets),
        elsewhere=elsewhere, at=at, time_zone=time_zone,
    ) as judged:  # fmt: skip
        reading = judged.reading
        with home.aside(batch) as aside:
            written = judged.write(
                aside=aside, batch=batch, round=round, kind=kind.value, city_of_street=city_of,
                day=found.opened.astimezone(time_zone).date(),
            )  # fmt: skip
            quarantine = ""
            if reading.quarantined:
                quarantine = str(Path("quarantine") / round / f"{batch}.csv")
                (aside / quarantine).parent.mkdir(parents=True)
                judged.write_quarantine(aside / quarantine)
            taken = LakeBatch(
                id=batch, area=place if within is None else city_of_path(within), within=within, round=round, kind=kind, file=told_as, sha256=sha256,
                read=reading.read, accepted=reading.accepted, quarantined=reading.quarantined,
                reasons=reading.reasons, quarantine=quarantine,
            )  # fmt: skip
            top = found.area.split(".")[0]
            named = [
                LakePart(
                    id=part.path, area=area_path(f"{top}.{part.city}."), batch=batch, round=round,
                    kind=kind, day=part.day, rows=part.rows, sha256=part.sha256, within=within,
                )
                for part in written
            ]  # fmt: skip
            with post.store.acting(
                post.viewer, desk=DESK, verb=f"take_in_{kind.value}", subject=batch, area=place, at=at,
                why=f"{reading.accepted} of {reading.read} rows accepted",
            ) as act:  # fmt: skip
                if act.nouns(LAKE_BATCHES, where={"id": batch}):
                    raise AlreadyTaken(f"{told_as} was taken in before, as batch {batch}")
                now = act.nouns(LAKE_PARTS, where={"round": round})
                if {part.id for part in now} != {part.id for part in parts}:
                    raise _AnotherFileMeanwhile
                home.place(aside, [*(part.path for part in written), *filter(None, [quarantine])])
                act.put(LAKE_BATCHES, [taken])
                act.put(LAKE_PARTS, named)
    _keep_state(
        post,
        home,
        road,
        state,
        round=found,
        before=parts,
        written=len(written),
        streets=all_streets,
    )
    if within is None and kind is not LakeKind.ROSTER:
        with suppress(
            OSError
        ):  # a full disk: the small files stay, and after the next one it is tried again
            merging.merge_small(post, home, round=found, kind=kind, at=at)
    return taken


def _merge(
    post: Post,
    home: lake.Lake,
    round: ScreeningRound,
    kind: LakeKind,
    *,
    at: datetime,
    least: int | None = None,
) -> None:
    """
    Put small files together where there are so many of them; what was done before stands whatever comes of it.

    On a full disk they stay, and after the next one it is tried again; a damaged one stays, and `yipan db verify` names it.
    """
    if post.viewer.area.count(".") > CITY_STEPS or not post.viewer.may(Power.INGEST):
        return
    with suppress(OSError, lake.DamagedLake):
        merging.merge_small(post, home, round=round, kind=kind, at=at, least=least)


def _keep_state(
    post: Post, home: lake.Lake, road: bulk.Judged | None, state: rolling.RoundState | None, *,
    round: ScreeningRound, before: Sequence[LakePart], written: int, streets: Sequence[int],
) -> None:  # fmt: skip
    """
    Take the state of a round further by what was judged, and keep it: the next question need not read the lake.

    Where it cannot be kept (a full disk, another file in between) it is worked out from the lake when asked for.
    """
    if isinstance(road, bulk.JudgedRoster) and not before:
        state = rolling.begun(road, streets=streets, opened=round.opened)
    elif isinstance(road, bulk.JudgedSwabs) and state is not None:
        rolling.add_swabs(state, road)
    elif isinstance(road, bulk.JudgedResults) and state is not None:
        rolling.add_results(state, road)
    else:
        return
    with post.store.reading(post.viewer) as record:
        parts = record.nouns(LAKE_PARTS, where={"round": round.id})
        acts = merging.acts_of(record, round.id)
    if len(parts) == len(before) + written:
        with suppress(OSError):
            rolling.keep(home, state, round=round.id, parts=parts, acts=acts, streets=streets)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A judged file whichever road it came: what was read, and how its rows are written."""

    reading: samples.BulkReading
    write_quarantine: Callable[[Path], None]
    write: Callable[..., tuple[lake.WrittenPart, ...]]


def _fast_road(
    home: lake.Lake, path: Path, parts: Sequence[LakePart], found: ScreeningRound, kind: LakeKind,
    state: rolling.RoundState | None, *, pairs: Sequence[tuple[int, int]], streets: Sequence[int], at: datetime,
    time_zone: ZoneInfo,
) -> bulk.Judged | None:  # fmt: skip
    """Judge a file by whole columns, None where only the plain road can. `state` is that of the round so far."""

    def earlier(of: LakeKind, *columns: str) -> list[NDArray[np.int64]]:
        paths = [part.id for part in parts if part.kind is of]
        if not paths:
            return [bulk.NOBODY] * len(columns)
        frame = home.read(paths, columns)
        return [frame[name].to_numpy() for name in columns]

    if kind is LakeKind.ROSTER:
        (people,) = earlier(LakeKind.ROSTER, "person")
        return bulk.roster(path, streets=streets, already=people)
    if state is None:
        return None
    tube, site, street, sample = earlier(LakeKind.RESWABS, "tube", "site", "street", "sample")
    single = bulk.EarlierTubes.of(tube, site, street, np.ones_like(tube))
    told = state.earlier()
    known = told.tubes.joined(single) if tube.size else told.tubes
    if kind is LakeKind.SAMPLES:
        last = max(min(found.closes + CLOCK_SLACK, at), found.opened)
        return bulk.swabs(
            path, streets=streets, since=found.opened, until=last, time_zone=str(time_zone),
            earlier=replace(told, tubes=known, samples=(*told.samples, sample)),
        )  # fmt: skip
    if kind is LakeKind.RESULTS:
        here = np.isin(single.tube, told.tubes.tube)
        tubes = np.concatenate((told.tubes.tube, single.tube[~here]))
        street_of = np.concatenate((told.tubes.street, single.street[~here]))
        tubes, street_of = _with_duplicates(tubes, street_of, pairs)
        return bulk.results(
            path, tubes=tubes, street_of=street_of, until=at, time_zone=str(time_zone)
        )
    return None


@contextmanager
def _judged(
    home: lake.Lake, path: Path, parts: Sequence[LakePart], found: ScreeningRound, kind: LakeKind,
    road: bulk.Judged | None, *, acts: Mapping[str, int], pairs: Sequence[tuple[int, int]],
    streets: Sequence[int], elsewhere: Sequence[int], at: datetime, time_zone: ZoneInfo,
) -> Iterator[_Judged]:  # fmt: skip
    """Give the judged file, by the plain road where the fast one could not take it."""
    if road is not None:
        yield _Judged(
            reading=road.reading, write_quarantine=road.write_quarantine,
            write=partial(
                home.write_frame, road.frame, put_aside=road.put_aside, day_of=_MOMENT.get(kind), time_zone=str(time_zone)
            ),
        )  # fmt: skip
        return
    with home.engine() as engine:
        reading = _judge(
            engine, home, path, parts, found, kind, acts=acts, pairs=pairs, streets=streets, at=at, time_zone=time_zone
        )  # fmt: skip
        reading = outside.tell_outside_plain(
            engine, reading, streets=elsewhere, tubes="other_tube" if kind in _KNOWS_PAIRS else None
        )
        yield _Judged(
            reading=reading, write_quarantine=partial(samples.write_quarantine, engine),
            write=partial(home.write, engine, relation="accepted", day_of=_day_of(kind, time_zone)),
        )  # fmt: skip


_MOMENT = {
    LakeKind.SAMPLES: "sampled_at", LakeKind.RESWABS: "sampled_at", LakeKind.RESULTS: "published_at",
    LakeKind.CONSIGNMENTS: "picked_at", LakeKind.RECEIPTS: "received_at", LakeKind.WELLS: "ended_at",
}  # fmt: skip
"""Which instant of a row tells the day of its part."""


def _judge(
    engine: "duckdb.DuckDBPyConnection", home: lake.Lake, path: Path, parts: Sequence[LakePart],
    found: ScreeningRound, kind: LakeKind, *, acts: Mapping[str, int], pairs: Sequence[tuple[int, int]],
    streets: Sequence[int], at: datetime, time_zone: ZoneInfo,
) -> samples.BulkReading:  # fmt: skip
    def earlier(kind: LakeKind, name: str, columns: dict[str, str]) -> str | None:
        paths = [part.id for part in parts if part.kind is kind]
        if not paths:
            return None
        home.view(engine, name, paths, columns=columns)
        return name

    if kind is LakeKind.ROSTER:
        already = earlier(LakeKind.ROSTER, "earlier", lake.ROSTER_COLUMNS)
        return samples.read_roster(engine, path, streets=streets, already=already)
    if kind is LakeKind.SAMPLES:
        swabbed = earlier(LakeKind.SAMPLES, "earlier_samples", lake.SAMPLE_COLUMNS)
        again = earlier(LakeKind.RESWABS, "earlier_reswabs", lake.SAMPLE_COLUMNS)
        already = " union all ".join(f"select * from {name}" for name in (swabbed, again) if name)
        last = min(found.closes + CLOCK_SLACK, at)
        return samples.read_samples(
            engine, path, streets=streets, since=found.opened, until=max(last, found.opened),
            time_zone=str(time_zone), already=f"({already})" if already else None,
        )  # fmt: skip
    if kind is LakeKind.NEEDS:
        return samples.read_needs(engine, path, streets=streets)
    if kind is LakeKind.VISITS:
        return visits.read_visits(
            engine, path, streets=streets, since=found.opened - VISITS_BACK, until=at, time_zone=str(time_zone),
            already=earlier(LakeKind.VISITS, "earlier", places_been.VISIT_COLUMNS),
        )  # fmt: skip
    _views(engine, home, parts, acts)
    if kind is LakeKind.RESWABS:
        engine.execute(
            "create or replace temp table held_person as select s.person, min(l.published_at) as known "
            "from samples s join latest l using (tube) where l.result in ('positive', 'weak') group by s.person"
        )
        engine.execute(
            "create or replace temp view tube_used as select distinct tube from "
            "(select tube from samples union all select tube from reswabs)"
        )
        return samples.read_reswabs(
            engine, path, streets=streets, held="held_person", tubes="tube_used", until=at,
            time_zone=str(time_zone), already=earlier(LakeKind.RESWABS, "earlier", lake.SAMPLE_COLUMNS),
        )  # fmt: skip
    benches.tube_table(engine)
    benches.also_tubes(engine, pairs)
    benches.keep_tubes(engine, streets=streets)
    if kind is LakeKind.RESULTS:
        return samples.read_results(
            engine, path, tubes="known_tube", until=at, time_zone=str(time_zone)
        )
    readers = {
        LakeKind.CONSIGNMENTS: (specimens.read_consignments, benches.CONSIGNMENT_COLUMNS),
        LakeKind.RECEIPTS: (specimens.read_receipts, benches.RECEIPT_COLUMNS),
        LakeKind.WELLS: (specimens.read_wells, benches.WELL_COLUMNS),
    }
    read, columns = readers[kind]
    return read(
        engine, path, tubes="known_tube", until=at, time_zone=str(time_zone),
        already=earlier(kind, "earlier", columns),
    )  # fmt: skip


_KNOWS_PAIRS = frozenset(
    {LakeKind.RESULTS, LakeKind.CONSIGNMENTS, LakeKind.RECEIPTS, LakeKind.WELLS}
)
"""Files in which a laboratory names the duplicate of a split tube like any other tube."""


def planted(record: Record, round: str) -> tuple[tuple[int, int], ...]:
    """Return the tubes of a round that were split in two, each with the number of its duplicate."""
    found = record.nouns(BLIND_PAIRS, where={"round": round})
    return tuple((pair.tube, pair.duplicate) for pair in found)


def _with_duplicates(
    tube: NDArray[np.int64], street: NDArray[np.int64], pairs: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tubes, each once, and their streets, then the duplicates of split tubes in the street of the original."""
    if pairs and tube.size:
        original, duplicate = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
        duplicate, first = np.unique(duplicate, return_index=True)
        order = np.argsort(tube, kind="stable")
        at = np.minimum(np.searchsorted(tube, original[first], sorter=order), tube.size - 1)
        held = (tube[order[at]] == original[first]) & ~np.isin(duplicate, tube)
        street = np.concatenate((street, street[order[at[held]]]))
        tube = np.concatenate((tube, duplicate[held]))
    return tube, street


def _day_of(kind: LakeKind, time_zone: ZoneInfo) -> str | None:
    if kind is LakeKind.VISITS:
        return f"timezone('{time_zone}', to_timestamp(since))::date"
    column = _MOMENT.get(kind)
    if column is None:
        return None
    return f"timezone('{time_zone}', timezone('UTC', {column}))::date"


def coverage(record: Record, home: lake.Lake, *, round: str) -> Coverage:
    """
    Return who of a round's roster was reached, street by street in the viewer's area, as known when asked.

    Exempt people count in no share; pending and invalid ones are not covered. Raises NotFound.
    """
    found = record.noun(SCREENING_ROUNDS, round)
    parts = record.nouns(LAKE_PARTS, where={"round": round})
    home, seen = own_rows(record, home, found.area)
    places = {
        int(a.code): a
        for a in record.areas(found.area)
        if a.code and a.code.isdigit() and int(a.code) in seen
    }
    rows = tallies.kept(home, round=round, parts=parts, streets=list(places))
    if rows is None:
        rows = _street_rows(record, home, found, parts, list(places))
        tallies.keep(home, rows, round=round, parts=parts, streets=list(places))
    streets = tuple(
        StreetCoverage(
            area=places[street].path, name_zh=places[street].name_zh, name_en=places[street].name_en,
            due=due, exempt=exempt, sampled=sampled, with_result=with_result, pending=pending, held=held,
            to_swab_again=again, single_negative=clear, single_positive=found_positive, visitors=visitors,
        )
        for street, due, exempt, sampled, with_result, pending, held, again, clear, found_positive, visitors in rows
    )  # fmt: skip
    whole = record.area(_shared(found.area, record.viewer.area))
    numbers = (
        "due",
        "exempt",
        "sampled",
        "with_result",
        "pending",
        "held",
        "to_swab_again",
        "single_negative",
        "single_positive",
        "visitors",
    )
    sums = {name: sum(getattr(street, name) for street in streets) for name in numbers}
    total = StreetCoverage(area=whole.path, name_zh=whole.name_zh, name_en=whole.name_en, **sums)
    people = error = None
    if total.visitors:
        people, error = quality.chapman(
            roster=total.due, sampled=total.sampled + total.visitors, both=total.sampled
        )
    return Coverage(
        round=found, total=total, streets=streets, people_estimate=people, people_error=error
    )


def _street_rows(
    record: Record, home: lake.Lake, round: ScreeningRound, parts: Sequence[LakePart], streets: Sequence[int]
) -> list[lake.Row]:  # fmt: skip
    """Work the counts of a round by street out from its state and the single swabs since."""
    state = rolling.state_of(
        home, round=round.id, parts=parts, acts=merging.acts_of(record, round.id), streets=streets, opened=round.opened
    )  # fmt: skip
    singles: dict[int, str] = {}
    if any(part.kind is LakeKind.RESWABS for part in parts):
        with looking(record, home, round.id) as engine:
            singles = {int(row[0]): row[3] for row in lake.singles(engine) if row[3]}
    return street_rows(state, singles)


def street_rows(state: rolling.RoundState, singles: Mapping[int, str]) -> list[lake.Row]:
    """Return what `lake.coverage` answers, street by street with anybody in it, from the rolling state."""
    counts, visitors = state.counts(singles), state.visitors()
    due = counts[:, 0, :]
    result = {name: due[:, code] for code, name in enumerate(rolling.RESULTS)}
    clear, positive = due[:, rolling.UNSEEN + 1], due[:, rolling.UNSEEN + 2]
    held = result["positive"] + result["weak"]
    columns = (
        state.streets, due.sum(axis=1), counts[:, 1, :].sum(axis=1), due.sum(axis=1) - due[:, rolling.UNSEEN],
        result["negative"] + held + clear + positive, result[""], held, result["invalid"] + result["cancelled"],
        clear, positive, visitors,
    )  # fmt: skip
    rows = [tuple(int(value) for value in row) for row in zip(*columns, strict=True)]
    return [row for row in rows if row[1] or row[2] or row[10]]


def gaps(
    record: Record, home: lake.Lake, *, round: str, street: AreaPath, limit: int = 1000
) -> tuple[Gap, ...]:
    """
    Return who of a street is due and has no valid result, by person number.

    Raises NotYourArea, NotFound, and ValueError for an area of several streets: an empty list would look like no gap.
    """
    check_area(record.viewer, street)
    code = record.area(street).code
    if code is None or not code.isdigit():
        raise NotFound(f"{street} has no code; bulk files name streets by their code")
    with looking(record, home, round) as engine:
        rows = lake.gaps(engine, street=int(code), limit=limit)
    within = [
        one.name_en for one in record.areas(street) if one.path != street and one.code is not None
    ]
    if not rows and within:
        raise ValueError(
            f"{street} has {len(within)} areas of its own; a gap list is for whoever goes round one street, as {within[0]}"
        )
    return tuple(Gap(person=p, why=why, sampled_at=_utc(moment)) for p, why, moment in rows)


def held_tubes(record: Record, home: lake.Lake, *, round: str) -> tuple[HeldTube, ...]:
    """Return the positive and weak tubes of a round and the people in each. A weak tube is held, never negative."""
    state, places = state_now(record, home, round)
    people = state.members(rolling.HOT)
    return tuple(
        HeldTube(
            tube=tube, area=places[street], laboratory=laboratory, result=result, ct_orf=orf, ct_n=n,
            known=_instant(known), people=tuple(people[tube].tolist()),
        )
        for tube, street, laboratory, result, orf, n, known in state.held()
    )  # fmt: skip


def state_now(
    record: Record, home: lake.Lake, round: str
) -> tuple[rolling.RoundState, dict[int, AreaPath]]:
    """Return the rolling state of a round as known and within the viewer's area, and its areas by code. Raises NotFound."""
    found = record.noun(SCREENING_ROUNDS, round)
    home, places = own_rows(record, home, found.area)
    state = rolling.state_of(
        home, round=round, parts=record.nouns(LAKE_PARTS, where={"round": round}), acts=merging.acts_of(record, round),
        streets=list(places), opened=found.opened,
    )  # fmt: skip
    return state, places


def waiting(
    record: Record, home: lake.Lake, *, round: str, at: datetime
) -> tuple[WaitingTube, ...]:
    """Return the tubes without a result, those that have waited longest first."""
    with looking(record, home, round) as engine:
        rows = lake.waiting_tubes(engine)
    places = streets_under(record, record.noun(SCREENING_ROUNDS, round).area)
    return tuple(
        WaitingTube(
            tube=tube, area=places[street], people=people,
            hours=(at - _instant(last)).total_seconds() / 3600,
        )
        for tube, street, people, last in rows
    )  # fmt: skip


def late_tubes(record: Record, home: lake.Lake, *, round: str) -> tuple[int, ...]:
    """Return the tubes whose result was published more than 24 hours after their last swab, the latest first."""
    with looking(record, home, round) as engine:
        return tuple(int(row[0]) for row in lake.late_tubes(engine, hours=LATE_HOURS))


def laboratories(record: Record, home: lake.Lake, *, round: str) -> Laboratories:
    """
    Return the laboratories of a round with their turn-around, and what does not look right about them.

    Results that name no plate beside laboratories that always do; positives far above or below what the same
    streets gave elsewhere; plates with too many positives from different sites. Each finding shows its numbers.
    """
    with looking(record, home, round) as engine:
        counts, times = lake.laboratory_counts(engine), lake.turn_around_hours(engine)
        hot = lake.plates(engine, least=PLATE_POSITIVES)
    names = sorted({row[0] for row in counts})
    tubes, positive, bare = Counter[str](), Counter[str](), Counter[str]()
    faint = sum(row[5] for row in counts)
    for laboratory, _, number, hits, without, _ in counts:
        tubes[laboratory] += number
        positive[laboratory] += hits
        bare[laboratory] += without
    took = {row[0]: row for row in times}
    unknown: lake.Row = ("", 0, (None, None, None), 0)
    work = tuple(
        LaboratoryWork(
            laboratory=name, tubes=tubes[name], positive=positive[name], without_plate=bare[name],
            p50_hours=took.get(name, unknown)[2][0], p90_hours=took.get(name, unknown)[2][1],
            p99_hours=took.get(name, unknown)[2][2], late=took.get(name, unknown)[3],
        )
        for name in names
    )  # fmt: skip
    findings = [
        *_unmeasured(work),
        *_unusual(counts, names),
        *_hot_plates(hot, tubes.total(), positive.total(), faint),
    ]
    return Laboratories(work=work, findings=tuple(findings))


def _unmeasured(work: Sequence[LaboratoryWork]) -> Iterator[LaboratoryFinding]:
    if all(lab.without_plate == lab.tubes for lab in work):
        return
    for lab in work:
        if lab.without_plate:
            yield LaboratoryFinding(
                laboratory=lab.laboratory, kind="results_without_plate", plate="",
                zh=f"{lab.tubes}管结果中有{lab.without_plate}管没有对应的检测板孔。",
                en=f"{lab.without_plate} of {lab.tubes} results name no plate they were measured on.",
            )  # fmt: skip


def _unusual(counts: Sequence[lake.Row], names: Sequence[str]) -> Iterator[LaboratoryFinding]:
    streets = sorted({row[1] for row in counts})
    row_of, column_of = ({key: i for i, key in enumerate(keys)} for keys in (names, streets))
    table = np.zeros((2, len(names), len(streets)), dtype=np.int64)
    for laboratory, street, number, hits, *_ in counts:
        table[:, row_of[laboratory], column_of[street]] = number, hits
    for lab in quality.compare_laboratories(
        table[0], table[1], laboratories=names, false_discovery=FALSE_DISCOVERY
    ):
        if lab.unusual:
            zh, en = ("少", "fewer") if lab.tail is quality.Tail.LOW else ("多", "more")
            yield LaboratoryFinding(
                laboratory=lab.laboratory, kind=f"positives_{lab.tail.value}", plate="", p_value=lab.p_value,
                zh=f"{lab.tubes}管中阳性{lab.positive}管，同一街道在其他实验室的结果预期{lab.expected:.1f}管，明显偏{zh}。",
                en=f"{lab.positive} of {lab.tubes} tubes are positive, {en} than the {lab.expected:.1f} expected "
                f"from the same streets elsewhere (p {lab.p_value:.1e}).",
            )  # fmt: skip


def _hot_plates(
    hot: Sequence[lake.Row], tubes: int, positive: int, faint: int
) -> Iterator[LaboratoryFinding]:
    """Plates with more positives, or more faint ones (Ct over 35), from different sites than chance puts on any plate."""
    plates_tried = 2 * max(1, tubes // WELLS)
    for laboratory, plate, wells, hits, sites, late in hot:
        chance = min(
            quality.plate_tail(hits, wells=wells, background=max(positive, 1) / max(tubes, 1)),
            quality.plate_tail(late, wells=wells, background=max(faint, 1) / max(tubes, 1)),
        )
        if sites >= PLATE_SITES and chance * plates_tried < FALSE_DISCOVERY:
            yield LaboratoryFinding(
                laboratory=laboratory, kind="plate_contaminated", plate=plate, p_value=chance,
                zh=f"检测板{plate}的{wells}个孔中阳性{hits}个，来自{sites}个采样点，其中{late}个Ct值大于35。",
                en=f"Plate {plate}: {hits} of {wells} wells are positive, from {sites} sites, {late} of them with Ct "
                f"over 35 (p {chance:.1e}).",
            )  # fmt: skip


def person_history(
    record: Record, home: lake.Lake, *, person: int, since: date | None = None
) -> tuple[PersonSwab, ...]:
    """Return every swab of one person in the viewer's area with its result, the oldest first; by person number."""
    parts = record.nouns(LAKE_PARTS)
    known = {r.id: r for r in record.nouns(SCREENING_ROUNDS)}
    places = streets_under(record, None)
    own = cache(partial(own_rows, record, home))
    found: list[PersonSwab] = []
    parts_of: dict[str, list[LakePart]] = {}
    for part in parts:
        parts_of.setdefault(part.round, []).append(part)
    for name, mine in sorted(parts_of.items()):
        if not any(part.kind is LakeKind.SAMPLES for part in mine):
            continue
        home, seen = own(known[name].area)
        streets = list(seen)
        swab = rolling.swab_of(
            home, round=name, parts=mine, acts=partial(merging.acts_of, record, name), streets=streets,
            opened=known[name].opened, person=person,
        )  # fmt: skip
        if swab is not None:
            found.append(_swab_of(name, places, swab))
        again = [part.id for part in mine if part.kind is LakeKind.RESWABS]
        if again and (home.read(again, ("person",))["person"] == person).any():
            with looking(record, home, name) as engine:
                found += [
                    PersonSwab(
                        round=name, sample=sample, tube=tube, area=places[street], mode=mode or 1,
                        sampled_at=_instant(sampled), result=result, laboratory=laboratory,
                        published_at=_utc(published),
                    )
                    for sample, tube, street, mode, sampled, result, laboratory, published in lake.history(
                        engine, person=person
                    )
                ]  # fmt: skip
    if since is not None:
        found = [swab for swab in found if swab.sampled_at.date() >= since]
    return tuple(sorted(found, key=lambda swab: swab.sampled_at))


def _swab_of(round: str, places: Mapping[int, AreaPath], swab: rolling.Swab) -> PersonSwab:
    return PersonSwab(
        round=round, sample=swab.sample, tube=swab.tube, area=places[swab.street], mode=swab.mode,
        sampled_at=swab.sampled, result=swab.result or None, laboratory=swab.laboratory or None,
        published_at=_instant(swab.published) if swab.result else None,
    )  # fmt: skip


def tube_specimens(record: Record, home: lake.Lake, *, round: str) -> Iterator[TubeSpecimen]:
    """
    Yield every tube of a round as others call it, without saying whose it is; those that follow from others last.

    Raises NotFound.
    """
    state, _ = state_now(record, home, round)
    people = np.zeros(state.tubes.size + 1, dtype=np.int64)
    last = np.full(state.tubes.size + 1, np.iinfo(np.int32).min, dtype=np.int64)
    for tube, sampled in (
        (state.tube, state.sampled),
        (state.visitor_tube, state.visitor_sampled),
    ):
        people += np.bincount(np.where(tube < 0, state.tubes.size, tube), minlength=people.size)
        np.maximum.at(last, tube, sampled)
    received: dict[int, datetime] = {}
    grouped: set[int] = set()
    kinds = {part.kind for part in record.nouns(LAKE_PARTS, where={"round": round})}
    pairs = planted(record, round)
    following: list[lake.Row] = []
    if pairs or kinds & {LakeKind.CONSIGNMENTS, LakeKind.RECEIPTS, LakeKind.RESWABS}:
        with looking(record, home, round) as engine:
            received = {tube: _instant(moment) for tube, moment in benches.receipts(engine)}
            grouped = benches.boxed_with_others(engine)
            following = benches.following_tubes(engine, pairs)
    for at, tube in enumerate(state.tubes.tolist()):
        yield TubeSpecimen(
            tube=tube, people=int(people[at]), collected=state.moment(int(last[at])), received=received.get(tube),
            grouped=tube in grouped,
        )  # fmt: skip
    for tube, inside, swabbed, parent in following:
        yield TubeSpecimen(
            tube=tube, people=inside, collected=_instant(swabbed), received=received.get(tube), grouped=tube in grouped,
            parent=parent,
        )  # fmt: skip


ZERO_DEFINITIONS = (
    "outside_controlled_people", "outside_sealed_and_closed_loops", "only_isolated_controlled", "state_of_one_day",
)  # fmt: skip
"""What counts as the community, as it was published: Shanghai's in two readings, the isolated only, one day's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroAnswer:
    """Whether the community is clear by one published definition, and whether that is the one the command chose."""

    definition: str
    chosen: bool
    answer: str
    reasons: tuple[Reason, ...]


def community_zero_by_definition(
    days: Sequence[CommunityDay], residents: int, book: Rulebook, profile: Profile
) -> tuple[ZeroAnswer, ...]:
    """
    Return whether the community is clear by each published definition, the chosen one first.

    Raises ValueError without days, out of order, or without residents.
    """
    chosen = str(profile.value("community"))
    answers = []
    for name in sorted(ZERO_DEFINITIONS, key=lambda one: one != chosen):
        ruled = community_zero(days, residents, book, profile.with_value("community", name))
        answers.append(
            ZeroAnswer(
                definition=name, chosen=name == chosen, answer=ruled.value, reasons=ruled.reasons
            )
        )
    return tuple(answers)


@contextmanager
def looking(record: Record, home: lake.Lake, round: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Give an engine with the views of a round's parts as known when asked and within the viewer's area."""
    found = record.noun(SCREENING_ROUNDS, round)
    parts = record.nouns(LAKE_PARTS, where={"round": round})
    home, _ = own_rows(record, home, found.area)
    with home.engine() as engine:
        _views(engine, home, parts, merging.acts_of(record, round))
        yield engine


def _views(
    engine: "duckdb.DuckDBPyConnection",
    home: lake.Lake,
    parts: Sequence[LakePart],
    acts: Mapping[str, int],
) -> None:
    for kind, columns in merging.COLUMNS.items():
        paths = [part.id for part in parts if part.kind is kind]
        home.view(engine, kind.value, paths, columns=columns)
    known = {part.batch for part in parts if part.kind is LakeKind.RESULTS}
    lake.latest_results(engine, {batch: acts[batch] for batch in known})
    lake.single_results(engine)


CLUSTER_QUERIES = ("coverage", "held", "waiting_tubes", "laboratory_counts", "met")
"""The queries of `store.cluster` that ask a round."""


def cluster_job(record: Record, *, round: str) -> cluster.ClusterJob:
    """
    Return what a Spark cluster needs to answer about a round: the lake's files as known and within the viewer's area.

    Raises NotFound; ValueError without the extra `cluster`.
    """
    record.noun(SCREENING_ROUNDS, round)
    acts, views = merging.acts_of(record, round), dict[str, list[cluster.ClusterFile]]()
    for part in record.nouns(LAKE_PARTS, where={"round": round}):
        if part.kind.value in cluster.COLUMNS:
            file = cluster.ClusterFile(path=part.id, act=acts[part.batch])
            views.setdefault(part.kind.value, []).append(file)
    return cluster.spark_job(round, views, CLUSTER_QUERIES)


def city_of_path(path: AreaPath) -> AreaPath:
    """
    Return the city an area lies in.

    >>> city_of_path(area_path("44.4401.440103.440103001."))
    '44.4401.'
    """
    return area_path(".".join(path.split(".")[:CITY_STEPS]) + ".")


def streets_under(record: Record, under: AreaPath | None) -> dict[int, AreaPath]:
    """Return the areas under one, or of the whole record, that bulk files may name, by their code as a number."""
    return {int(code): path for code, path in record.area_codes(under).items() if code.isdigit()}


CITY_STEPS = 2
"""Steps of the path of a city: what lies deeper sees its own rows of the city's files only."""


def own_rows(
    record: Record, home: lake.Lake, area: AreaPath
) -> tuple[lake.Lake, dict[int, AreaPath]]:
    """Return the lake as the viewer may read it of a round in `area`, and the streets of it by their code."""
    if record.viewer.area.count(".") <= CITY_STEPS:
        return replace(home, only=None), streets_under(record, area)
    streets = streets_under(record, _shared(area, record.viewer.area))
    return replace(home, only=tuple(sorted(streets))), streets


def _city(path: AreaPath) -> str:
    pieces = path.split(".")
    return pieces[1] if len(pieces) > 2 else pieces[0]


def _shared(round: AreaPath, viewer: AreaPath) -> AreaPath:
    """The part of a round's area that lies in a viewer's, or the round's where it lies in theirs. Raises NotYourArea."""
    if not (round.startswith(viewer) or viewer.startswith(round)):
        raise NotYourArea(
            f"the round of {round} lies outside {viewer}, the area this desk commands"
        )
    return max(round, viewer, key=len)


def _instant(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else _instant(moment)
