"""
A round's bulk files: judged, written, covered by street and taken further, beside the bare engines on the same files.

Each road runs in a process of its own, so that its peak of memory is its own. Sections by name (all where none is
named): `parquet`, `plain`, `delta`, `history`, `csv`; each but the first needs the lake `parquet` wrote. YIPAN_BENCH_PEOPLE
says how many people (2,000,000 where it is not set), YIPAN_BENCH_ROUNDS over how many rounds a person's history is
asked (20), YIPAN_BENCH_FOLDER where files stay for the next run (nowhere where it is not set).
"""

import multiprocessing
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
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
    asked = sys.argv[1:] or list(SECTIONS)
    for section in asked:
        if section not in SECTIONS:
            raise SystemExit(f"no section {section}; there are {', '.join(SECTIONS)}")
    stays = os.environ.get("YIPAN_BENCH_FOLDER")
    with nullcontext(stays) if stays else TemporaryDirectory() as name:
        folder = Path(name)
        people = int(os.environ.get("YIPAN_BENCH_PEOPLE", "2000000"))
        if not _file(folder, "results").is_file():
            _apart(_make, folder, people)
        rows = _apart(_rows, folder)
        print(
            f"{rows['roster']:,} people in no order, tokens of 62 bits, {rows['samples']:,} swabs"
        )
        for section in asked:
            SECTIONS[section](folder)


def _section_parquet(folder: Path) -> None:
    shutil.rmtree(folder / "lake", ignore_errors=True)
    bare, ours = _apart(_bare, folder), _apart(_ours, folder)
    engine = sum(bare.values())
    judged = sum(seconds for what, seconds in ours.items() if "written" not in what)
    print(f"  judged, covered, held: {judged / engine:.2f} x the bare engine's CPU (1.5 is wanted)")
    print(f"  with the lake and the state written: {sum(ours.values()) / engine:.2f} x")


def _section_plain(folder: Path) -> None:
    bare, plain = _apart(_bare, folder), _apart(_plain, folder)
    print(
        f"  the plain road: {sum(plain.values()) / sum(bare.values()):.2f} x the bare engine's CPU"
    )


def _section_delta(folder: Path) -> None:
    _apart(_delta, folder)


def _section_history(folder: Path) -> None:
    _apart(_history, folder, int(os.environ.get("YIPAN_BENCH_ROUNDS", "20")))


def _section_csv(folder: Path) -> None:
    _apart(_as_csv, folder)
    scan, csv = _apart(_bare_csv, folder), _apart(_ours_csv, folder)
    ratio = sum(csv.values()) / sum(scan.values())
    print(f"  CSV: {ratio:.2f} x the CPU of Polars' scan and join (1.3 is wanted)")


SECTIONS = {
    "parquet": _section_parquet, "plain": _section_plain, "delta": _section_delta, "history": _section_history,
    "csv": _section_csv,
}  # fmt: skip


def _rows(folder: Path) -> dict[str, int]:
    import polars as pl

    return {
        kind: pl.scan_parquet(_file(folder, kind)).select(pl.len()).collect().item()
        for kind in ("roster", "samples", "results")
    }


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
        people = bulk.roster(_file(folder, "roster"), streets=STREETS.tolist())
        assert people is not None
        state = rolling.begun(people, streets=STREETS.tolist(), opened=OPENED)
    with measured("roster: written to the lake", spent):
        parts += _written(home, people, LakeKind.ROSTER)
    del people
    _keep(home, state, parts, "roster", spent)
    with measured("swabs: judged", spent):
        swabs = _swabs(_file(folder, "samples"), state)
        rolling.add_swabs(state, swabs)
    with measured("swabs: written to the lake", spent):
        parts += _written(home, swabs, LakeKind.SAMPLES)
    del swabs
    _keep(home, state, parts, "swabs", spent)
    with measured("results: judged", spent):
        told = _results(_file(folder, "results"), state)
        rolling.add_results(state, told)
    with measured("results: written to the lake", spent):
        parts += _written(home, told, LakeKind.RESULTS)
    del told
    _keep(home, state, parts, "results", spent)
    with measured("covered by street, and visitors", spent):
        rows = screening.street_rows(state, {})
    with measured("tubes held, with everybody in them", spent):
        held, people_of = state.held(), state.members(rolling.HOT)
    assert len(rows) == len(STREETS)
    assert len(held) == len(people_of) > 0
    return spent


def _keep(
    home: lake.Lake, state: rolling.RoundState, parts: list[LakePart], what: str, spent: Spent
) -> None:
    """Keep the state after a file, as the desk does."""
    with measured(f"{what}: the state written", spent):
        rolling.keep(home, state, round="bench", parts=parts, acts=ACTS, streets=STREETS.tolist())


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
    """A small file more: so many who are on the roster and were not swabbed yet, ten to a tube."""
    import polars as pl

    spent: Spent = {}
    home = lake.Lake(folder=folder / "lake")
    _warm()
    parts = _parts(folder)
    state = _state(home, parts)
    people = np.flatnonzero(np.asarray(state.tube) < 0)[:DELTA]
    people = people[np.argsort(state.street[people], kind="stable")]
    number = np.arange(people.size)
    tube = (1 << 40) + number // 10 + 1000 * state.street[people].astype(np.int64)
    file = folder / "in" / "late.parquet"
    pl.DataFrame(
        {
            "sample": (1 << 40) + number, "tube": tube, "person": state.person[people],
            "street": STREETS[state.street[people]], "site": tube, "mode": np.full(people.size, 10),
            "sampled_at": np.full(people.size, np.datetime64(OPENED.replace(tzinfo=None), "us")),
        }
    ).with_columns(pl.col("sampled_at").dt.replace_time_zone("UTC")).write_parquet(file)  # fmt: skip
    del state
    what = f"{people.size:,} rows more"
    with measured(f"{what}: judged", spent):
        state = _state(home, parts)
        swabs = _swabs(file, state)
        rolling.add_swabs(state, swabs)
    with measured(f"{what}: written to the lake", spent):
        written = _placed(
            home, swabs.frame, put_aside=swabs.put_aside, batch="b4", kind=LakeKind.SAMPLES
        )
        more = [*parts, *_named(written, LakeKind.SAMPLES, "b4")]
    _keep(home, state, more, what, spent)
    with measured(f"{what}: covered again by street", spent):
        screening.street_rows(_state(home, more), {})
    mine = rolling.kept_at(home, round="bench", parts=more, streets=STREETS.tolist())
    size = sum(one.stat().st_size for one in mine.iterdir() if one.stat().st_nlink == 1)
    shutil.rmtree(mine)  # so that it can be asked again
    print(f"  the state written anew: {size / 1e6:.1f} MB")
    print(f"  {people.size:,} rows more: {sum(spent.values()):.2f} CPU s in all (3 s are wanted)")
    return spent


def _history(folder: Path, rounds: int) -> Spent:
    spent: Spent = {}
    home = lake.Lake(folder=folder / "lake")
    parts = _parts(folder)
    state = _state(home, parts)
    people = state.person[:: max(1, state.person.size // 50)].tolist()
    rows = int((np.asarray(state.tube) >= 0).sum()) * rounds
    kept = rolling.kept_at(home, round="bench", parts=parts, streets=STREETS.tolist())
    for number in range(rounds):
        copied = folder / "lake" / "state" / f"r{number}" / kept.name
        if not copied.exists():
            shutil.copytree(kept, copied, copy_function=os.link)
    began = perf_counter()
    for person in people:
        for number in range(rounds):
            rolling.swab_of(
                home, round=f"r{number}", parts=parts, acts=lambda: ACTS, streets=STREETS.tolist(), opened=OPENED,
                person=person,
            )  # fmt: skip
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
        people = bulk.roster(folder / "in" / "roster.csv", streets=STREETS.tolist())
        assert people is not None
        state = rolling.begun(people, streets=STREETS.tolist(), opened=OPENED)
    del people
    with measured("CSV swabs: judged", spent):
        rolling.add_swabs(state, _swabs(folder / "in" / "samples.csv", state))
    with measured("CSV results: judged", spent):
        rolling.add_results(state, _results(folder / "in" / "results.csv", state))
    with measured("CSV: covered by street, tubes held", spent):
        rows, held = screening.street_rows(state, {}), state.members(rolling.HOT)
    assert len(rows) == len(STREETS)
    assert held
    return spent


# What the roads share -------------------------------------------------------------------------------------------------

ACTS = {"b1": 1, "b2": 2, "b3": 3, "b4": 4}
BATCH = {LakeKind.ROSTER: "b1", LakeKind.SAMPLES: "b2", LakeKind.RESULTS: "b3"}


def _warm() -> None:
    """Let the compiled loops be there before anything is measured: they are kept on disk after the first run."""
    from yipan.feeds import keys

    kept, keys.FEW = keys.FEW, 0
    few, far = np.arange(8), np.arange(8) << 50
    none = np.zeros(8, dtype=np.bool_)
    for column in (few, far):
        column.flags.writeable = False  # as a reader of files gives it
        buckets = keys.bucketed([column, column], bits=3)
        keys.again([column, column])
        keys.again([column, column], buckets=buckets)
        keys.places_of(column, few)
        keys.places_in(buckets, few[:1].copy(), few[:1].copy())
        place = keys.matched_in(buckets, buckets.keys.copy(), buckets.begins)
        swabs = np.zeros(16, dtype=keys.SWAB)
        keys.put_swabs(
            buckets, place, swabs=swabs, people=(np.zeros(16, np.int32), np.zeros(16, np.int64), np.zeros(16, np.int32))
        )  # fmt: skip
        for bad in (none, keys.NONE_BAD):
            keys.tubes_of([column], site=[column], street=[column], mode=[column], bad=bad)
    keys.seen_before(few, far)
    small = few.astype(np.int32)
    keys.count_codes(
        few.astype(np.int16), none.astype(np.uint8), small, few.astype(np.uint8), streets=8, codes=8
    )
    keys.FEW = kept


def _swabs(path: Path, state: rolling.RoundState) -> bulk.JudgedSwabs:
    judged = bulk.swabs(
        path, streets=STREETS.tolist(), since=OPENED, until=OPENED + timedelta(days=2), time_zone="UTC",
        earlier=state.earlier(),
    )  # fmt: skip
    assert judged is not None
    return judged


def _results(path: Path, state: rolling.RoundState) -> bulk.JudgedResults:
    known = state.earlier().tubes
    judged = bulk.results(
        path, tubes=known.tube, street_of=known.street, until=UNTIL, time_zone="UTC"
    )
    assert judged is not None
    return judged


def _written(home: lake.Lake, judged: bulk.Judged, kind: LakeKind) -> list[LakePart]:
    written = _placed(home, judged.frame, put_aside=judged.put_aside, batch=BATCH[kind], kind=kind)
    return _named(written, kind, BATCH[kind])


def _placed(
    home: lake.Lake, frame: Any, *, put_aside: Any = None, batch: str, kind: LakeKind
) -> tuple[lake.WrittenPart, ...]:
    """Write a frame as the desk does: by the day of its instants, with a content hash, then moved into place."""
    with home.aside(batch) as aside:
        written = home.write_frame(
            frame, aside=aside, put_aside=put_aside, batch=batch, round="bench", kind=kind.value,
            city_of_street=CITY_OF, day=OPENED.date(), day_of=MOMENT.get(kind), time_zone="Asia/Shanghai",
        )  # fmt: skip
        home.place(aside, [part.path for part in written])
    return written


MOMENT = {LakeKind.SAMPLES: "sampled_at", LakeKind.RESULTS: "published_at"}


def _named(written: tuple[lake.WrittenPart, ...], kind: LakeKind, batch: str) -> list[LakePart]:
    return [
        LakePart(
            id=part.path, area=area_path(f"44.{part.city}."), batch=batch, round="bench", kind=kind,
            day=part.day, rows=part.rows, sha256=part.sha256,
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
                day=date.fromisoformat(path.parts[-2].partition("=")[2]), rows=1, sha256="",
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
