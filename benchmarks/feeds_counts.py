"""Reading count rows from CSV: whole validation beside a bare scan of the same file, and the plain reader."""

import os
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import polars as pl

from yipan import feeds
from yipan.feeds.areas import AreaNames
from yipan.feeds.columns import Mapping
from yipan.feeds.counts import read_plain
from yipan.feeds.sniff import open_table, sniff
from yipan.model import Area

AREAS = tuple(
    Area(path=f"44.{i:04}.", level="x", name_zh=f"第{i}区", name_en=f"Area {i}", source="benchmark")
    for i in range(1, 1500)
)
DEFAULTS = {"disease": "influenza"}


def main() -> None:
    """Print seconds, rows a second, the ratio to a bare scan and to the plain reader, and peak memory."""
    rows = int(os.environ.get("YIPAN_BENCH_ROWS", "2000000"))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "counts.csv"
        _write(file, rows)
        size = file.stat().st_size / (1 << 20)
        before = _peak()
        began = perf_counter()
        scanned = pl.scan_csv(file).select(pl.all().count()).collect(engine="streaming")
        total = pl.read_csv(file, try_parse_dates=True).height
        bare = perf_counter() - began
        assert scanned.height == 1
        assert total == rows
        middle = _peak()
        began = perf_counter()
        reading = feeds.read(file, areas=AREAS, defaults=DEFAULTS)
        whole = perf_counter() - began
        assert reading.report.accepted == rows, reading.report.problems[:3]
        print(f"{rows:,} rows, {size:.0f} MiB: read and checked in {whole:.2f} s")
        print(
            f"  {rows / whole:,.0f} rows a second; bare scan and read {bare:.2f} s: {whole / bare:.1f} x"
        )
        print(
            f"  peak memory {before:.2f} GiB before, {middle:.2f} after the bare scan, {_peak():.2f} after"
        )
        few = Path(folder) / "few.csv"
        _write(few, 20_000)
        mapping = Mapping(defaults=DEFAULTS)
        names = AreaNames(AREAS)
        table = open_table(few, mapping)
        began = perf_counter()
        plain = read_plain(table, sniff(table.header, names, mapping), names, mapping)
        slow = (perf_counter() - began) / plain.read
        print(f"  plain reader {1 / slow:,.0f} rows a second: {slow / (whole / rows):.0f} x slower")


def _write(file: Path, rows: int) -> None:
    generator = np.random.default_rng(20221027)
    kinds = np.array(["fever_clinic_visits", "pharmacy_sales", "ili_visits", "deaths"])
    place, left = np.divmod(np.arange(rows), len(kinds) * 1826)
    kind, day = np.divmod(left, 1826)
    names = pl.Series([area.name_zh for area in AREAS])
    pl.DataFrame(
        {
            "地区": names[place % len(AREAS)],
            "日期": np.datetime64("2018-01-01") + day,
            "指标": kinds[kind],
            "数值": generator.poisson(12, rows),
        }
    ).write_csv(file)


def _peak() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1 << 30 if sys.platform == "darwin" else 1 << 20)


if __name__ == "__main__":
    main()
