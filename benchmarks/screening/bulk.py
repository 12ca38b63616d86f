"""
A round's bulk files: judged, written and covered by street, beside the bare engine reading and adding up the same files.

YIPAN_BENCH_PEOPLE says how many people (2,000,000 where it is not set).
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from yipan.analytics.screening import drill
from yipan.feeds import samples
from yipan.operations.drill import write_files
from yipan.store import lake

OPENED = datetime(2022, 11, 10, tzinfo=UTC)
STREETS = np.array([440000001 + (i % 21 + 1) * 1000000 + i for i in range(1757)])


@contextmanager
def measured(what: str, spent: dict[str, float]) -> Iterator[None]:
    began, before = perf_counter(), _cpu()
    yield
    spent[what] = _cpu() - before
    print(
        f"  {what:<44} {spent[what]:7.2f} CPU s  {perf_counter() - began:7.2f} s  peak {_peak():.2f} GiB"
    )


def main() -> None:
    """Print CPU and wall seconds of every step, the ratio to the bare engine, and peak memory."""
    people = int(os.environ.get("YIPAN_BENCH_PEOPLE", "2000000"))
    cities = (STREETS // 1_000_000 - 440).astype(np.int64)
    city_of = dict(zip(STREETS.tolist(), (STREETS // 100_000).tolist(), strict=True))
    made = drill.make_round(
        drill.DrillPlan(people=people), streets=STREETS, weights=np.ones(len(STREETS)), cities=cities,
        rng=np.random.default_rng(20221027),
    )  # fmt: skip
    spent: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        files = {
            kind.value: path
            for kind, path in write_files(made, Path(folder) / "in", OPENED).items()
        }
        rows = len(made.samples["sample"])
        del made
        print(f"{people:,} people, {rows:,} swabs (memory before: {_peak():.2f} GiB)")
        home = lake.Lake(folder=Path(folder) / "lake")
        with measured("bare engine: read, join, add up by street", spent), home.engine() as engine:
            bare = engine.execute(
                "select r.street, count(*), count(s.person), count(t.tube), count(*) filter (t.result = 'positive') "
                f"from read_parquet('{files['roster']}') r left join read_parquet('{files['samples']}') s using (person) "
                f"left join read_parquet('{files['results']}') t on s.tube = t.tube group by r.street"
            ).fetchall()
        assert len(bare) == len(STREETS)
        parts: dict[str, list[str]] = {}
        for kind in ("roster", "samples", "results"):
            with home.engine() as engine:
                with measured(f"{kind}: judged", spent):
                    _judge(engine, home, kind, Path(files[kind]), parts)
                with measured(f"{kind}: written to the lake", spent):
                    written = home.write(
                        engine, relation="accepted", batch=f"b{kind}", round="bench", kind=kind,
                        city_of_street=city_of, day=OPENED.date(),
                    )  # fmt: skip
            parts[kind] = [part.path for part in written]
        with measured("coverage by street and visitors", spent), home.engine() as engine:
            _views(engine, home, parts)
            covered = lake.coverage(engine)
        with measured("tubes held, with everybody in them", spent), home.engine() as engine:
            _views(engine, home, parts)
            held = lake.held(engine)
        with measured("one person's swab", spent), home.engine() as engine:
            _views(engine, home, parts)
            found = lake.history(engine, person=people // 2)
        assert len(covered) == len(STREETS)
        assert held
        assert len(found) <= 1
    bare_cpu = spent["bare engine: read, join, add up by street"]
    checked = sum(
        seconds for what, seconds in spent.items() if "judged" in what or "by street and" in what
    )
    print(f"  judged and covered: {checked / bare_cpu:.1f} x the bare engine's CPU")
    print(f"  with the lake written: {(sum(spent.values()) - bare_cpu) / bare_cpu:.1f} x")


def _judge(
    engine: object, home: lake.Lake, kind: str, path: Path, parts: dict[str, list[str]]
) -> samples.BulkReading:
    if kind == "roster":
        return samples.read_roster(engine, path, streets=STREETS.tolist())
    if kind == "samples":
        return samples.read_samples(
            engine, path, streets=STREETS.tolist(), since=OPENED, until=OPENED + timedelta(days=2),
            time_zone="UTC",
        )  # fmt: skip
    home.view(engine, "samples", parts["samples"], columns=lake.SAMPLE_COLUMNS)
    engine.execute(
        "create temp table tube_street as select tube, min(street) as street from samples group by tube"
    )
    return samples.read_results(
        engine, path, tubes="tube_street", until=OPENED + timedelta(days=5), time_zone="UTC"
    )


def _views(engine: object, home: lake.Lake, parts: dict[str, list[str]]) -> None:
    home.view(engine, "roster", parts["roster"], columns=lake.ROSTER_COLUMNS)
    home.view(engine, "samples", parts["samples"], columns=lake.SAMPLE_COLUMNS)
    home.view(engine, "results", parts["results"], columns=lake.RESULT_COLUMNS)
    lake.latest_results(engine, {"bresults": 1})


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


if __name__ == "__main__":
    main()
