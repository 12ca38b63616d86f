"""
Ten million count rows from a file into the record, beside a bare COPY of the same rows into a bare table.

The record checks the file whole, keeps versions, holds four indexes and rights, proves the rows in the act's hash; the bare table does
nothing. YIPAN_BENCH_ROWS chooses another number of rows.
"""

import os
import resource
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import polars as pl
import psycopg

from yipan.model import Area, area_path
from yipan.operations import ingest
from yipan.operations.post import Post
from yipan.store import Store

PROVINCE = area_path("44.")
PLACES = 2_000
FIRST = date(2000, 1, 1)
BEGUN = datetime(2022, 11, 1, tzinfo=UTC)


def main() -> None:
    """Write a file, put it on record, copy it bare, print seconds, the ratio and the peak memory."""
    rows = int(os.environ.get("YIPAN_BENCH_ROWS", "10000000"))
    with TemporaryDirectory(prefix="yipan-bench-") as folder:
        file = Path(folder) / "counts.csv"
        _write(file, rows)
        store = Store.open(Path(folder) / "home", clock=lambda: datetime.now(UTC))
        try:
            with store.acting(
                store.founder(PROVINCE), desk="areas", verb="put", why="benchmark", at=BEGUN
            ) as act:
                act.put_areas(_areas())
            bare = _bare_copy(store, file)
            print(
                f"{rows:,} rows, {file.stat().st_size / (1 << 20):.0f} MiB: bare COPY {bare:.1f} s"
            )
            post = Post(store=store, viewer=store.system())
            began = perf_counter()
            done = ingest.read_file(post, file, at=BEGUN + timedelta(days=1), disease="influenza")
            whole = perf_counter() - began
            assert done.receipt is not None
            assert done.receipt.rows_new == rows
            print(
                f"read, checked and on record in {whole:.1f} s: {rows / whole:,.0f} rows a second, "
                f"{whole / bare:.1f} x the bare COPY; peak memory {_peak():.0f} MiB"
            )
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()


def _areas() -> list[Area]:
    top = Area(
        path=PROVINCE, level="province", name_zh="省", name_en="Province", source="benchmark"
    )
    return [top] + [
        Area(
            path=area_path(f"44.{i:04}."), level="place", name_zh=f"第{i}区", name_en=f"Area {i}",
            source="benchmark",
        )
        for i in range(PLACES)
    ]  # fmt: skip


def _write(file: Path, rows: int) -> None:
    days = -(-rows // PLACES)
    values = np.random.default_rng(1).poisson(20, rows)
    pl.DataFrame(
        {
            "area": pl.Series([f"44.{i:04}." for i in range(PLACES)]).gather(
                np.repeat(np.arange(PLACES), days)[:rows]
            ),
            "day": pl.Series(np.tile(np.arange(days), PLACES)[:rows]).cast(pl.Int32).cast(pl.Date)
            + (FIRST - date(1970, 1, 1)),
            "counted": pl.repeat("ili_visits", rows, eager=True),
            "value": values,
        }
    ).write_csv(file)


def _bare_copy(store: Store, file: Path) -> float:
    with psycopg.connect(store.conninfo, autocommit=True) as connection:
        connection.execute("create table bare (area text, day date, counted text, value bigint)")
        began = perf_counter()
        with (
            connection.cursor().copy("copy bare from stdin (format csv, header)") as copy,
            file.open("rb") as stream,
        ):
            while part := stream.read(1 << 20):
                copy.write(part)
        spent = perf_counter() - began
        connection.execute("drop table bare")
    return spent


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    main()
