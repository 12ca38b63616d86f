"""Overlap search: ten million visits and a thousand cases, beside the plain twin on a small part of them."""

import os
import resource
from time import perf_counter

import numpy as np

from yipan.analytics.trace.overlaps import Visits, overlaps, overlaps_plain


def made(rng: np.random.Generator, visits: int) -> Visits:
    """Visits of a province: a heavy-tailed choice of places, seven days, half an hour to eight hours."""
    people, places = max(visits // 5, 10), max(visits // 50, 5)
    since = rng.integers(0, 7 * 1440, visits)
    return Visits(
        person=rng.integers(0, people, visits), place=(places * rng.random(visits) ** 1.5).astype(np.int64), since=since,
        until=since + rng.integers(30, 480, visits),
    )  # fmt: skip


def main() -> None:
    """Print seconds, overlaps found, ratio to the plain twin, and peak memory."""
    many = int(os.environ.get("YIPAN_BENCH_ROWS", "10000000"))
    rng = np.random.default_rng(1)
    small = made(rng, 2000)
    overlaps(small, range(5))
    began = perf_counter()
    plain = overlaps_plain(small, range(20))
    slow = perf_counter() - began
    began = perf_counter()
    fast = overlaps(small, range(20))
    quick = perf_counter() - began
    assert len(plain) == len(fast)
    print(
        f"plain twin, 2,000 visits x 20 cases: {slow:.3f} s; fast {quick:.4f} s; ratio {slow / quick:.0f}"
    )
    visits = made(rng, many)
    cases = rng.choice(many // 5, 1000, replace=False)
    began = perf_counter()
    found = overlaps(visits, cases)
    took = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{many:,} visits x 1,000 cases: {took:.2f} s, {len(found):,} overlaps, peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main()
