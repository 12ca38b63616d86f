"""Exact Rt of 140 areas over a year, beside the plain loop of the same formulas."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
from scipy import special

from yipan.analytics.outlook import reproduction

AREAS, DAYS, WINDOW = 140, 365, 7
SHARES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


def plain(counts: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """One area, one window, one quantile at a time."""
    answer = []
    for row in counts:
        felt = [float(row[:day][::-1] @ interval[1 : day + 1]) for day in range(DAYS)]
        for since in range(1, DAYS - WINDOW + 1):
            window = slice(since, since + WINDOW)
            shape, rate = 1 + row[window].sum(), 0.2 + sum(felt[window])
            answer.append([special.gammaincinv(shape, share) / rate for share in SHARES])
    return np.array(answer)


def main() -> None:
    chance = np.random.default_rng(2022)
    level = np.exp(chance.normal(0, 2, (AREAS, 1)))
    counts = chance.poisson(level * (1 + np.sin(np.arange(DAYS) / 20)) * 5).astype(float)
    interval = reproduction.discretised_serial_interval(
        mean_days=3.3, sd_days=1.6, last_lag=DAYS - 1
    )
    reproduction.reproduction_table(counts[:2], interval).quantiles(SHARES)
    whole = []
    for _ in range(5):
        start = time.perf_counter()
        reproduction.reproduction_table(counts, interval).quantiles(SHARES)
        whole.append(time.perf_counter() - start)
    tracemalloc.start()
    fast = reproduction.reproduction_table(counts, interval).quantiles(SHARES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    some = 4
    start = time.perf_counter()
    slow = plain(counts[:some], interval)
    loop = (time.perf_counter() - start) * AREAS / some
    worst = np.nanmax(
        np.abs(
            fast[:, :some, 1:].reshape(7, -1) - slow.reshape(some, -1, 7)[:, 1:].reshape(-1, 7).T
        )
        / slow.reshape(some, -1, 7)[:, 1:].reshape(-1, 7).T
    )
    print(f"Rt of {AREAS} areas x {DAYS} days, 7 exact quantiles per window")
    print(f"  whole province  {min(whole):8.3f} s   peak {peak / 2**20:.0f} MiB")
    print(f"  plain loop      {loop:8.1f} s   (from {some} areas)")
    print(f"  ratio           {loop / min(whole):8.0f} x   largest relative difference {worst:.1e}")


if __name__ == "__main__":
    main()
