"""A screening drill: a made-up round with planted faults goes through the real doors, and what was found is counted."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from yipan.analytics.screening import drill
from yipan.feeds import samples
from yipan.model import LakeKind, ScreeningRound
from yipan.operations import screening
from yipan.operations.post import Post
from yipan.store import Store, lake

RESULT_NAMES = ("negative", "positive")
REASON_OF = {
    "tube_used_twice": samples.TUBE_USED_TWICE, "overfull_tube": samples.OVERFULL_TUBE,
    "person_twice": samples.PERSON_TWICE, "sample_twice": samples.SAMPLE_TWICE,
    "unknown_street": samples.UNKNOWN_STREET, "impossible_time": samples.IMPOSSIBLE_TIME,
    "unknown_tube": samples.UNKNOWN_TUBE,
}  # fmt: skip
KEY_OF = {
    "tube_used_twice": "tube", "overfull_tube": "tube", "person_twice": "person", "sample_twice": "sample",
    "unknown_street": "sample", "impossible_time": "sample", "unknown_tube": "tube",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCount:
    """Of one kind of fault: how many were planted, how many of those were found, how many others were called one."""

    kind: str
    planted: int
    found: int
    false: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillStep:
    """One step of a drill, how many rows it dealt with and how many seconds it took."""

    what: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """What a drill showed: the count of every kind of fault, the steps, the coverage, and that no row was lost."""

    people: int
    faults: tuple[FaultCount, ...]
    steps: tuple[DrillStep, ...]
    coverage: screening.StreetCoverage
    rows_add_up: bool

    @property
    def all_found(self) -> bool:
        """Whether every planted fault was found and nothing else was called one."""
        return all(fault.found == fault.planted and not fault.false for fault in self.faults)


@contextmanager
def apart(post: Post, home: Path, *, at: datetime) -> Iterator[Post]:
    """
    Give a post of a record of its own in the empty folder `home`, with the areas of another: a drill touches nothing real.

    Its server is stopped at the end; the folder stays.
    """
    with post.store.reading(post.viewer) as record:
        areas = record.areas(post.area)
    home.mkdir(parents=True, exist_ok=True)
    store = Store.open(home, clock=lambda: at)
    try:
        viewer = store.founder(post.area)
        with store.acting(viewer, desk="areas", verb="put_pack", why="a drill", at=at) as act:
            act.put_areas(areas)
        yield Post(store=store, viewer=viewer)
    finally:
        store.close()
        if store.server is not None:
            store.server.stop()


def run(
    post: Post, home: lake.Lake, folder: Path, *, people: int, at: datetime, time_zone: ZoneInfo,
    rng: np.random.Generator,
) -> Iterator[DrillStep | DrillReport]:  # fmt: skip
    """
    Hold a drill and yield every step as it ends, the report last. The round's id begins with `drill-`.

    The files stay in `folder`, where one can look at them. Raises ValueError for too few people.
    """
    plan = drill.DrillPlan(people=people)
    opened = at.replace(microsecond=0) - timedelta(days=3)  # the files tell whole seconds
    clock = _Clock()
    with post.store.reading(post.viewer) as record:
        places = [a for a in record.areas(post.area) if a.level in {"town", "street"} and a.code]
    codes = np.array([int(place.code or 0) for place in places])
    weights = np.array([float(place.population or 1) for place in places])
    city_names = [place.path.split(".")[1] for place in places]
    _, cities = np.unique(city_names, return_inverse=True)
    made = drill.make_round(
        plan, streets=codes, weights=weights, cities=cities.astype(np.int64), rng=rng
    )
    files = write_files(made, folder, opened)
    planted, laboratories = made.planted, made.laboratories
    filled, swabs = np.unique(made.samples["tube"]), len(made.samples["sample"])
    del made  # the files tell it from here on
    yield clock.step("made up and written", people)

    held = ScreeningRound(
        id=f"drill-{at:%Y%m%d%H%M%S}", area=post.area, disease="drill", opened=opened,
        closes=opened + timedelta(days=1), rule="drill",
    )  # fmt: skip
    screening.open_round(post, held, why="a drill", at=at)
    taken = {}
    for kind in (LakeKind.ROSTER, LakeKind.SAMPLES, LakeKind.RESULTS):
        taken[kind] = screening.take_in(
            post, home, files[kind], round=held.id, kind=kind, at=at, time_zone=time_zone
        )
        yield clock.step(f"{kind.value} taken in", taken[kind].read)
    with post.store.reading(post.viewer) as record:
        covered = screening.coverage(record, home, round=held.id)
        yield clock.step("coverage by street", covered.total.due)
        tubes_waiting = screening.waiting(record, home, round=held.id, at=at)
        labs = screening.laboratories(record, home, round=held.id)
        yield clock.step("tubes waiting and laboratories judged", len(labs.work))
        late = screening.late_tubes(record, home, round=held.id)
    found = _found(home, [taken[kind].quarantine for kind in taken], planted, laboratories, labs)
    put_aside = found["tube_used_twice"] | found["overfull_tube"]
    found["missing_result"] = {tube.tube for tube in tubes_waiting} - put_aside
    found["late_tube"] = set(late)
    # A tube put aside leaves its result without a sample as well: that is no fault of its own.
    stray = np.array(sorted(found["unknown_tube"]), dtype=np.int64)
    found["unknown_tube"] = set(stray[~np.isin(stray, filled)].tolist())
    yield DrillReport(
        people=people,
        faults=tuple(
            _count(kind, {int(key) for key in keys}, found[kind]) for kind, keys in planted.items()
        ),
        steps=clock.steps,
        coverage=covered.total,
        rows_add_up=all(b.read == b.accepted + b.quarantined for b in taken.values())
        and taken[LakeKind.SAMPLES].read == swabs,
    )


class _Clock:
    """Seconds between the steps, for the report only; nothing below the drill depends on them."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.steps: tuple[DrillStep, ...] = ()

    def step(self, what: str, rows: int) -> DrillStep:
        now = time.perf_counter()
        done = DrillStep(what=what, rows=rows, seconds=now - self.last)
        self.last = now
        self.steps += (done,)
        return done


def write_files(made: drill.DrillRound, folder: Path, opened: datetime) -> dict[LakeKind, Path]:
    """Write the tables of a drill as the bulk files a round would send, and return where each is."""
    import polars as pl

    folder.mkdir(parents=True, exist_ok=True)
    start = int(opened.timestamp())

    def table(columns: Mapping[str, Any]) -> pl.LazyFrame:
        return (
            pl.DataFrame(dict(columns))
            .lazy()
            .with_columns(
                pl.from_epoch(pl.col(name) + start, time_unit="s").dt.replace_time_zone("UTC")
                for name in columns
                if name.endswith("_at")
            )
        )

    def named(column: str, names: Sequence[str]) -> pl.Expr:
        return pl.col(column).replace_strict(dict(enumerate(names)), return_dtype=pl.String)

    results = table(made.results).with_columns(
        named("laboratory", made.laboratories),
        named("result", RESULT_NAMES),
        *(
            pl.when(pl.col("plate") >= 0).then(pl.col(name).cast(pl.String)).alias(name)
            for name in ("plate", "well")
        ),
        *(pl.col(name).fill_nan(None) for name in ("ct_orf", "ct_n")),
    )
    files = {}
    for kind, frame in (
        (LakeKind.ROSTER, table(made.roster)),
        (LakeKind.SAMPLES, table(made.samples)),
        (LakeKind.RESULTS, results),
    ):
        files[kind] = folder / f"{kind.value}.parquet"
        frame.sink_parquet(files[kind])  # piece by piece
    return files


def _found(
    home: lake.Lake,
    quarantines: list[str],
    planted: Mapping[str, Any],
    laboratories: Sequence[str],
    labs: screening.Laboratories,
) -> dict[str, set[int]]:
    import polars as pl

    found: dict[str, set[int]] = {kind: set() for kind in planted}
    for name in filter(None, quarantines):
        rows = pl.read_csv(home.folder / name, infer_schema_length=None)
        for kind, key in KEY_OF.items():
            if key in rows.columns:
                hit = rows.filter(pl.col("reason") == REASON_OF[kind])
                found[kind] |= set(hit[key].to_list())
    number = {name: i for i, name in enumerate(laboratories)}
    for finding in labs.findings:
        if finding.kind in {"results_without_plate", "positives_low", "positives_high"}:
            found["sham_laboratory"].add(number[finding.laboratory])
        if finding.kind == "plate_contaminated":
            found["contaminated_plate"].add(int(finding.plate))
    return found


def _count(kind: str, planted: set[int], found: set[int]) -> FaultCount:
    return FaultCount(
        kind=kind, planted=len(planted), found=len(planted & found), false=len(found - planted)
    )
