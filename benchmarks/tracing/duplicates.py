"""Duplicates: a full scan of a million people, one among them, precision and recall on labelled ones, a plain twin."""

import os
import resource
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from yipan.analytics.trace.duplicates import (
    DEFAULT_ODDS,
    Index,
    duplicates,
    duplicates_plain,
    encoded,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "unit"))
from test_trace_duplicates import made


def main() -> None:
    """Print seconds, precision and recall, the ratio to the plain twin, and peak memory; the people are made up."""
    many = int(os.environ.get("YIPAN_BENCH_ROWS", "1000000"))
    rng = np.random.default_rng(1)
    few = encoded(made(400, rng)[0], key=b"benchmark")
    began = perf_counter()
    duplicates_plain(few, odds=DEFAULT_ODDS)
    slow = perf_counter() - began
    began = perf_counter()
    duplicates(few, odds=DEFAULT_ODDS)
    quick = perf_counter() - began
    print(
        f"plain twin, {len(few)} people: {slow:.2f} s; fast {quick:.4f} s; ratio {slow / quick:.0f}"
    )
    people, truth = made(int(many / 1.1), rng)
    began = perf_counter()
    hashed = encoded(people, key=b"benchmark")
    hashing = perf_counter() - began
    began = perf_counter()
    found = duplicates(hashed, least_bits=12)
    scan = perf_counter() - began
    said = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    right = len(said & truth)
    index = Index(hashed)
    began = perf_counter()
    for one in range(200):
        index.candidates(one)
    asked = (perf_counter() - began) / 200
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(people):,} people: hashing {hashing:.1f} s, full scan {scan:.1f} s, one among them {asked * 1000:.2f} ms, precision "
        f"{right / max(len(said), 1):.3f}, recall {right / len(truth):.3f}, peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main()
