"""
The watch's round on a record: streams of two years read from the record, judged, told and put on record.

`YIPAN_BENCH_STREAMS` says how many daily streams (19,000 are a province; 2,200 where left out), `YIPAN_BENCH_HOME` names a folder whose record is made
once and used again. The past is handed in as files are, the last thirty days came day by day with corrections. Sections by
name: `read`, `round`, `again`; all where none is named.
"""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from yipan.model import Area, AreaPath, Counted, Stream, area_path
from yipan.operations import lateness, watch
from yipan.operations.post import Post
from yipan.store import Store

CHANNELS = (
    Counted.FEVER_CLINIC_VISITS, Counted.ILI_VISITS, Counted.OUTPATIENT_VISITS, Counted.PHARMACY_SALES,
    Counted.SCHOOL_ABSENCES, Counted.CARE_HOME_FEVERS, Counted.LABORATORY_POSITIVES, Counted.HOTLINE_CALLS,
    Counted.SUSPECTED, Counted.WASTEWATER_POSITIVES, Counted.SEARCH_QUERIES,
)  # fmt: skip
PROVINCE = area_path("44.")
ZONE = ZoneInfo("Asia/Shanghai")
DAYS, DAILY = 730, 30
LAST = date(2022, 11, 10)
FIRST = LAST - timedelta(days=DAYS)
ROUND = datetime(2022, 11, 10, 8, tzinfo=ZONE)
"""The round judges up to the day before."""


def main() -> None:
    """Make the record where there is none, then print wall, processor seconds and peak memory of each section asked for."""
    streams = int(os.environ.get("YIPAN_BENCH_STREAMS", "2200"))
    wanted = set(sys.argv[1:]) or {"read", "round", "again"}
    kept = os.environ.get("YIPAN_BENCH_HOME")
    with TemporaryDirectory(prefix="yipan-bench-") as folder:
        store = Store.open(Path(kept or folder), clock=lambda: datetime.now(UTC))
        try:
            if store.top() is None:
                with measured(f"made a record of {streams:,} streams of {DAYS} days"):
                    make(store, streams)
            post = Post(store=store, viewer=store.system())
            if "read" in wanted:
                with measured("read"), store.reading(post.viewer) as record:
                    until = LAST
                    series = watch.watched_series(
                        record, under=PROVINCE, since=until - timedelta(days=14), until=until
                    )
                print(f"  {len(series):,} series")
                with (
                    measured("how complete the newest days are"),
                    store.reading(post.viewer) as record,
                ):
                    known = lateness.completeness(
                        record, series, under=PROVINCE, until=until, time_zone=ZONE
                    )
                print(f"  {len(known)} kinds come late")
                del series
            for number, name in enumerate(("round", "again")):
                if name in wanted:
                    with measured(name):
                        found = watch.review_signals(
                            post, at=ROUND + timedelta(minutes=number), time_zone=ZONE
                        )
                    print(f"  {found} signals")
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Print what was spent: wall, this process (the database has its own), and the most memory so far."""
    began, spent = perf_counter(), process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    print(
        f"{name}: {perf_counter() - began:.1f} s, {process_time() - spent:.1f} CPU s of this process; peak {peak:.2f} GiB",
        flush=True,
    )


def make(store: Store, streams: int) -> None:
    """Put areas and counts on record: the past in a few acts, then thirty days each on the morning after, with corrections."""
    generator = np.random.default_rng(20221110)
    streets = -(-streams // len(CHANNELS))
    paths = [
        AreaPath(f"44.44{n // 90:02d}.44{n // 15:04d}.44{n // 15:04d}{n:05d}.")
        for n in range(streets)
    ]
    begun = datetime(2020, 11, 1, tzinfo=ZONE)
    with store.acting(
        store.founder(PROVINCE), desk="areas", verb="put", why="benchmark", at=begun
    ) as act:
        areas, shapes = _areas(paths)
        act.put_areas(areas, boundaries=shapes)
    keys = [Stream(disease="respiratory", counted=one).key for one in CHANNELS]
    places = pl.Series([path for path in paths for _ in keys][:streams])
    kinds = pl.Series([key for _ in paths for key in keys][:streams])
    mean = np.exp(generator.normal(0.5, 1.5, streams))
    week = np.array([1.15, 1.1, 1.05, 1.0, 1.0, 0.85, 0.85])
    profile = week[[(FIRST + timedelta(days=i)).weekday() for i in range(DAYS)]]
    counts = generator.poisson(mean[:, None] * profile[None, :])
    post = store.system()
    part = 90
    for begin in range(0, DAYS - DAILY, part):
        days = range(begin, min(begin + part, DAYS - DAILY))
        with store.acting(
            post, desk="ingest", verb="read_file", why="benchmark",
            at=begun + timedelta(days=DAYS - DAILY + 9, minutes=begin),
        ) as act:  # fmt: skip
            act.put_counts(_frame(places, kinds, counts, days), published=False)
    for day in range(DAYS - DAILY, DAYS):
        # a tenth of what a day counted is told one day later
        sent = counts[:, day] - generator.binomial(counts[:, day], 0.1)
        at = datetime.combine(FIRST + timedelta(days=day + 1), datetime.min.time(), tzinfo=ZONE)
        frame = _frame(places, kinds, sent[:, None], range(1), first=FIRST + timedelta(days=day))
        if day > DAYS - DAILY:
            frame = pl.concat([frame, _frame(places, kinds, counts, range(day - 1, day))])
        with store.acting(
            post, desk="ingest", verb="read_file", why="benchmark", at=at + timedelta(hours=7)
        ) as act:
            act.put_counts(frame, published=False)


def _areas(paths: list[AreaPath]) -> tuple[list[Area], dict[AreaPath, dict[str, object]]]:
    levels = {1: "province", 2: "city", 3: "county", 4: "town"}
    above = {f"{'.'.join(path.split('.')[:depth])}." for path in paths for depth in (1, 2, 3)}
    areas = [
        Area(
            path=area_path(path), level=levels[path.count(".")], name_zh=f"{path}地", name_en=f"Area {path}",
            source="benchmark",
        )
        for path in [*sorted(above), *paths]
    ]  # fmt: skip
    shapes: dict[AreaPath, dict[str, object]] = {}
    for number, path in enumerate(paths):
        x, y = 110 + number % 42 * 0.1, 21 + number // 42 * 0.1
        ring = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]
        shapes[path] = {"type": "Polygon", "coordinates": [ring]}
    return areas, shapes


def _frame(
    places: pl.Series, kinds: pl.Series, counts: np.ndarray, days: range, *, first: date = FIRST
) -> pl.DataFrame:
    rows, width = len(places), len(days)
    take = np.repeat(np.arange(rows), width)
    return pl.DataFrame(
        {
            "area": places.gather(take), "stream": kinds.gather(take),
            "day": pl.Series(np.tile(np.arange(days.start, days.stop), rows)).cast(pl.Int32).cast(pl.Date)
            + (first - date(1970, 1, 1)),
            "value": counts[:, days.start : days.stop].ravel(),
            "source": pl.repeat("benchmark", rows * width, eager=True),
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
