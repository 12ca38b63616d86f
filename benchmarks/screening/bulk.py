"""
A round's bulk files: judged, written, covered by street and taken further, beside the bare engines on the same files.

Each road runs in a process of its own, so that its peak of memory is its own. YIPAN_BENCH_PEOPLE says how many people
(2,000,000 where it is not set), YIPAN_BENCH_ROUNDS over how many rounds a person's history is asked (20).
"""

import multiprocessing
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from yipan.feeds import bulk, samples
from yipan.model import LakeKind, LakePart, area_path
from yipan.operations import rolling, screening
from yipan.store import lake

OPENED = datetime(2022, 11, 10, tzinfo=UTC)
STREETS = np.array([440000001 + (i % 21 + 1) * 1000000 + i for i in range(1757)])
CITY_OF = dict(zip(STREETS.tolist(), (STREETS // 100_000).tolist(), strict=True))
UNTIL = OPENED + timedelta(days=5)
DELTA = 300_000
Spent = dict[str, float]


@contextmanager
def measured(what: str, spent: Spent) -> Iterator[None]:
    began, before = perf_counter(), _cpu()
    yield
    spent[what] = _cpu() - before
    print(
        f"  {what:<52} {spent[what]:7.2f} CPU s {perf_counter() - began:7.2f} s  peak {_peak():.2f} GiB",
        flush=True,
    )


def main() -> None:
    """Print CPU and wall seconds of every step, the ratios to the bare engines, and peak memory."""
    people = int(os.environ.get("YIPAN_BENCH_PEOPLE", "2000000"))
    rounds = int(os.environ.get("YIPAN_BENCH_ROUNDS", "20"))
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = _apart(_make, folder, people)
        print(f"{people:,} people in no order, tokens of 62 bits, {rows:,} swabs")
        bare = _apart(_bare, folder)
        ours = _apart(_ours, folder)
        checked = sum(
            seconds for what, seconds in ours.items() if "judged" in what or "covered" in what
        )
        print(f"  judged and covered: {checked / sum(bare.values()):.2f} x the bare engine's CPU")
        kept = sum(ours.values())
        print(f"  with the lake and the state written: {kept / sum(bare.values()):.2f} x")
        plain = _apart(_plain, folder)
        print(f"  the plain road: {sum(plain.values()) / sum(bare.values()):.2f} x")
        _apart(_delta, folder)
        _apart(_history, folder, rounds)
        shutil.rmtree(folder / "lake")
        _apart(_as_csv, folder)
        scan, csv = _apart(_bare_csv, folder), _apart(_ours_csv, folder)
        print(
            f"  CSV: {sum(csv.values()) / sum(scan.values()):.2f} x the CPU of Polars' scan and join"
        )


def _apart(work: Callable[..., Any], *told: object) -> Any:
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    worker = context.Process(target=_answer, args=(work, told, answers))
    worker.start()
    answer = answers.get()
    worker.join()
    if worker.exitcode:
        raise SystemExit(f"{work.__name__} failed")
    return answer


def _answer(work: Callable[..., Any], told: tuple[object, ...], answers: Any) -> None:
    answer = None
    try:
        answer = work(*told)
    finally:
        answers.put(answer)


def _make(folder: Path, people: int) -> int:
    import polars as pl

    from yipan.analytics.screening import drill
    from yipan.operations.drill import write_files

    cities = (STREETS // 1_000_000 - 440).astype(np.int64)
    rng = np.random.default_rng(20221027)
    made = drill.make_round(
        drill.DrillPlan(people=people), streets=STREETS, weights=np.ones(len(STREETS)), cities=cities, rng=rng
    )  # fmt: skip
    for table in (made.roster, made.samples):
        table["person"] = (table["person"] * 2_862_933_555_777_941_757) & ((1 << 62) - 1)
    rows = len(made.samples["sample"])
    files = write_files(made, folder / "in", OPENED)
    del made
    frame = pl.read_parquet(files[LakeKind.ROSTER])
    frame.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(files[LakeKind.ROSTER])
    return rows


def _file(folder: Path, kind: str) -> Path:
    return folder / "in" / f"{kind}.parquet"


def _bare(folder: Path) -> Spent:
    spent: Spent = {}
    home = lake.Lake(folder=folder / "bare")
    roster, swabs, results = (
        f"read_parquet('{_file(folder, kind)}')" for kind in ("roster", "samples", "results")
    )
    with measured("bare DuckDB: read, join, add up by street", spent), home.engine() as engine:
        rows = engine.execute(
            "select r.street, count(*), count(s.person), count(t.tube), count(*) filter (t.result = 'positive') "
            f"from {roster} r left join {swabs} s using (person) left join {results} t on s.tube = t.tube "
            "group by r.street"
        ).fetchall()
    assert len(rows) == len(STREETS)
    return spent


def _ours(folder: Path) -> Spent:
    spent: Spent = {}
    home = lake.Lake(folder=folder / "lake")
    _warm()
    parts: list[LakePart] = []
    with measured("roster: judged", spent):
        judged = bulk.roster(_file(folder, "roster"), streets=STREETS.tolist())
    assert judged is not None
    with measured("roster: written to the lake", spent):
        parts += _written(home, judged, LakeKind.ROSTER)
    del judged
    with measured("swabs: judged", spent):
        judged = _swabs(_file(folder, "samples"))
    with measured("swabs: written to the lake", spent):
        parts += _written(home, judged, LakeKind.SAMPLES)
    del judged
    with measured("results: judged", spent):
        judged = _results(home, parts, _file(folder, "results"))
    with measured("results: written to the lake", spent):
        parts += _written(home, judged, LakeKind.RESULTS)
    del judged
    kept, rolling.KEPT_FROM = rolling.KEPT_FROM, 1 << 40
    with measured("covered: by street, and visitors", spent):
        state = _state(home, parts)
        rows = screening.street_rows(state, {})
    with measured("covered: tubes held, with everybody in them", spent), home.engine() as engine:
        _views(engine, home, parts)
        held = lake.held(engine)
        assert len(held) <= len(state.members((2, 3))) + 1
    rolling.KEPT_FROM = kept
    del state
    with measured("the state worked out again and kept", spent):
        _state(home, parts)
    spent["the state worked out again and kept"] -= spent["covered: by street, and visitors"]
    assert len(rows) == len(STREETS)
    assert held
    return spent


def _plain(folder: Path) -> Spent:
    """The plain road: the same answers, judged row by row in the engine."""
    spent: Spent = {}
    home = lake.Lake(folder=folder / "lake")
    parts = _parts(folder)
    with measured("plain road: roster judged", spent), home.engine() as engine:
        samples.read_roster(engine, _file(folder, "roster"), streets=STREETS.tolist())
    with measured("plain road: swabs judged", spent), home.engine() as engine:
        samples.read_samples(
            engine, _file(folder, "samples"), streets=STREETS.tolist(), since=OPENED,
            until=OPENED + timedelta(days=2), time_zone="UTC",
        )  # fmt: skip
    with measured("plain road: covered", spent), home.engine() as engine:
        _views(engine, home, parts)
        rows = lake.coverage(engine)
    assert rows == screening.street_rows(_state(home, parts), {}), "the roads disagree"
    return spent


def _delta(folder: Path) -> Spent:
    """The last results come late: the state without them is kept, and taken further by so many rows."""
    import polars as pl

    spent: Spent = {}
    home = lake.Lake(folder=folder / "lake")
    parts = _parts(folder)
    swabs = home.read([p.id for p in parts if p.kind is LakeKind.SAMPLES][:1], lake.SAMPLE_COLUMNS)
    late = swabs.head(DELTA).with_columns(
        pl.col("person") + (1 << 61), pl.col("tube") + (1 << 40), pl.col("sample") + (1 << 40)
    )
    written = home.write_frame(
        late, batch="b4", round="bench", kind="samples", city_of_street=CITY_OF, day=OPENED.date()
    )
    more = [*parts, *_named(written, LakeKind.SAMPLES, "b4")]
    with measured(f"{late.height:,} rows more: covered again by street", spent):
        screening.street_rows(_state(home, more), {})
    return spent


def _history(folder: Path, rounds: int) -> Spent:
    spent: Spent = {}
    home = lake.Lake(folder=folder / "lake")
    parts = _parts(folder)
    state = _state(home, parts)
    people = state.person[:: max(1, state.person.size // 50)].tolist()
    rows = int((np.asarray(state.tube) >= 0).sum()) * rounds
    kept = next(
        p for p in (folder / "lake" / "state" / "bench").iterdir() if (p / "about.json").is_file()
    )
    for number in range(rounds):
        shutil.copytree(
            kept, folder / "lake" / "state" / f"r{number}" / kept.name, copy_function=os.link
        )
    began = perf_counter()
    for person in people:
        for number in range(rounds):
            rolling.state_of(
                home,
                round=f"r{number}",
                parts=parts,
                acts=ACTS,
                streets=STREETS.tolist(),
                opened=OPENED,
            ).find(person)
    each = (perf_counter() - began) / len(people)
    print(
        f"  one person among {rows:,} rows of {rounds} rounds: {1000 * each:.1f} ms (mean of {len(people)})"
    )
    return spent


def _as_csv(folder: Path) -> None:
    import polars as pl

    for kind in ("roster", "samples", "results"):
        pl.scan_parquet(_file(folder, kind)).sink_csv(
            folder / "in" / f"{kind}.csv", datetime_format="%Y-%m-%d %H:%M:%S"
        )
        _file(folder, kind).unlink()


def _bare_csv(folder: Path) -> Spent:
    import polars as pl

    spent: Spent = {}
    with measured("bare Polars: scan of CSV, join, add up by street", spent):
        roster, swabs, results = (
            pl.scan_csv(folder / "in" / f"{kind}.csv", try_parse_dates=True) for kind in ("roster", "samples", "results")
        )  # fmt: skip
        whole = swabs.select("sample", "tube", "person", "site", "mode", "sampled_at")
        rows = (
            roster.join(whole, on="person", how="left")
            .join(results.select("tube", "result"), on="tube", how="left")
            .group_by("street")
            .agg(
                pl.len(), pl.col("sample").count(), pl.col("site").max(), pl.col("mode").max(),
                pl.col("sampled_at").max(), (pl.col("result") == "positive").sum().alias("positive"),
            )
            .collect(engine="streaming")
        )  # fmt: skip
    assert rows.height == len(STREETS)
    return spent


def _ours_csv(folder: Path) -> Spent:
    spent: Spent = {}
    _warm()
    with measured("CSV roster: judged", spent):
        judged = bulk.roster(folder / "in" / "roster.csv", streets=STREETS.tolist())
    assert judged is not None
    frames = [judged.accepted]
    with measured("CSV swabs: judged", spent):
        judged = _swabs(folder / "in" / "samples.csv")
    frames.append(judged.accepted)
    del judged
    known = bulk.EarlierTubes.of(
        *(frames[1][name].to_numpy() for name in ("tube", "site", "street"))
    )
    with measured("CSV results: judged", spent):
        judged = bulk.results(
            folder / "in" / "results.csv",
            tubes=known.tube,
            street_of=known.street,
            until=UNTIL,
            time_zone="UTC",
        )
    assert judged is not None
    return spent


# What the roads share -------------------------------------------------------------------------------------------------

ACTS = {"b1": 1, "b2": 2, "b3": 3, "b4": 4}
BATCH = {LakeKind.ROSTER: "b1", LakeKind.SAMPLES: "b2", LakeKind.RESULTS: "b3"}


def _warm() -> None:
    """Let the compiled loops be there before anything is measured: they are kept on disk after the first run."""
    from yipan.feeds import keys

    few = np.array([1, 2, 2, 1])
    keys.rows_again(few)
    keys.matched(few, few[:2])
    none = np.zeros(4, dtype=np.bool_)
    keys.tube_faults(few, site=few, street=few, mode=few, bad=none)
    keys.count_codes(
        few.astype(np.int16),
        none.astype(np.uint8),
        few.astype(np.int32),
        few.astype(np.uint8),
        streets=4,
        codes=4,
    )
    whole, small = few[:2], few[:2].astype(np.int32)
    keys.put_swabs(
        whole, whole, np.array([0, 2]), swabs=(small, whole, small),
        people=(small.copy(), whole.copy(), small.copy()),
    )  # fmt: skip
    keys.places_of(few, np.array([1, 2]))


def _swabs(path: Path) -> bulk.Judged:
    judged = bulk.swabs(
        path,
        streets=STREETS.tolist(),
        since=OPENED,
        until=OPENED + timedelta(days=2),
        time_zone="UTC",
    )
    assert judged is not None
    return judged


def _results(home: lake.Lake, parts: list[LakePart], path: Path) -> bulk.Judged:
    frame = home.read([p.id for p in parts if p.kind is LakeKind.SAMPLES], ("tube", "street"))
    tube, street = (frame[name].to_numpy() for name in ("tube", "street"))
    known = bulk.EarlierTubes.of(tube, tube, street)
    judged = bulk.results(
        path, tubes=known.tube, street_of=known.street, until=UNTIL, time_zone="UTC"
    )
    assert judged is not None
    return judged


def _written(home: lake.Lake, judged: bulk.Judged, kind: LakeKind) -> list[LakePart]:
    written = home.write_frame(
        judged.accepted,
        batch=BATCH[kind],
        round="bench",
        kind=kind.value,
        city_of_street=CITY_OF,
        day=OPENED.date(),
    )
    return _named(written, kind, BATCH[kind])


def _named(written: tuple[lake.WrittenPart, ...], kind: LakeKind, batch: str) -> list[LakePart]:
    return [
        LakePart(
            id=part.path, area=area_path(f"44.{part.city}."), batch=batch, round="bench", kind=kind,
            day=part.day, rows=part.rows,
        )
        for part in written
    ]  # fmt: skip


def _parts(folder: Path) -> list[LakePart]:
    found = []
    for kind, batch in BATCH.items():
        for path in sorted(
            (folder / "lake" / "lake" / "bench" / kind.value).rglob(f"{batch}-*.parquet")
        ):
            written = lake.WrittenPart(
                path=str(path.relative_to(folder / "lake")), city=int(path.parts[-3].partition("=")[2]),
                day=date.fromisoformat(path.parts[-2].partition("=")[2]), rows=1,
            )  # fmt: skip
            found += _named((written,), kind, batch)
    return found


def _state(home: lake.Lake, parts: list[LakePart]) -> rolling.RoundState:
    return rolling.state_of(
        home, round="bench", parts=parts, acts=ACTS, streets=STREETS.tolist(), opened=OPENED
    )


def _views(engine: Any, home: lake.Lake, parts: list[LakePart]) -> None:
    for kind, columns in (
        (LakeKind.ROSTER, lake.ROSTER_COLUMNS), (LakeKind.SAMPLES, lake.SAMPLE_COLUMNS),
        (LakeKind.RESULTS, lake.RESULT_COLUMNS), (LakeKind.RESWABS, lake.SAMPLE_COLUMNS),
    ):  # fmt: skip
        home.view(engine, kind.value, [p.id for p in parts if p.kind is kind], columns=columns)
    lake.latest_results(engine, {"b3": 3})
    lake.single_results(engine)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


if __name__ == "__main__":
    main()
