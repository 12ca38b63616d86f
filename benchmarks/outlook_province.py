"""
The whole outlook of a province at once: 140 areas x 365 days x 4 streams; exact Rt beside a plain loop; one cluster
law; spillover; and the same through the desk's own functions, as nouns. Wall and processor seconds, peak memory.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import date

import numpy as np
from scipy import special

from yipan.analytics.outlook import cluster, forecast, nowcast, reproduction, study
from yipan.analytics.spread import arrival
from yipan.model import Control, CountVersion, Interval, SeriesTable

AREAS, DAYS, STREAMS, DELAYS = 140, 365, 4, 14
GENERATION = reproduction.discretised_serial_interval(mean_days=3.3, sd_days=1.6, last_lag=14)
HORIZONS = tuple(range(1, 29))
WINDOW, LIMIT = 7, 100
SHARES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


def best_of(runs: int, work: Callable[[], object]) -> tuple[float, float]:
    """The best of some runs: wall seconds, processor seconds."""
    spent = []
    for _ in range(runs):
        start, busy = time.perf_counter(), time.process_time()
        work()
        spent.append((time.perf_counter() - start, time.process_time() - busy))
    return min(each for each, _ in spent), min(each for _, each in spent)


def plain_rt(counts: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """Rt as one writes it: one area, one window, one quantile at a time."""
    days, answer = counts.shape[1], []
    for row in counts:
        felt = [float(row[:day][::-1] @ interval[1 : day + 1]) for day in range(days)]
        for since in range(1, days - WINDOW + 1):
            window = slice(since, since + WINDOW)
            shape, rate = 1 + row[window].sum(), 0.2 + sum(felt[window])
            answer.append([special.gammaincinv(shape, share) / rate for share in SHARES])
    return np.array(answer)


def exact_rt(counts: np.ndarray) -> None:
    interval = reproduction.discretised_serial_interval(
        mean_days=3.3, sd_days=1.6, last_lag=DAYS - 1
    )

    def whole() -> np.ndarray:
        return reproduction.reproduction_table(counts, interval).quantiles(SHARES)

    whole()
    _, fast = best_of(9, whole)
    some = 6
    _, slow = best_of(2, lambda: plain_rt(counts[:some], interval))
    slow *= counts.shape[0] / some
    one = whole()[:, :some, 1:].reshape(7, -1)
    two = plain_rt(counts[:some], interval).reshape(some, -1, 7)[:, 1:].reshape(-1, 7).T
    print(
        f"exact Rt, {counts.shape[0]} areas x {DAYS} days x 7 quantiles: {fast:.3f} s, plain loop {slow:.2f} s "
        f"(processor), {slow / fast:.0f} x; largest relative difference {np.nanmax(np.abs(one / two - 1)):.0e}   "
        "(promise: 40 x)"
    )


def as_nouns(counts: np.ndarray, triangle: np.ndarray) -> None:
    """The functions the desk and the terminal call, to the nouns they return."""
    disease = study.Disease(interval_mean_days=2.7, interval_sd_days=1.8)
    areas = tuple(f"44.{4401 + row // 10}.{440100 + row}." for row in range(AREAS))
    tables = [
        SeriesTable(
            areas=areas, first_day=date(2022, 1, 1), interval=Interval.DAY,
            counts=tuple(map(tuple, counts[stream * AREAS : (stream + 1) * AREAS].tolist())),
        )
        for stream in range(STREAMS)
    ]  # fmt: skip
    upto = np.nancumsum(triangle, axis=2)
    first = date(2022, 10, 3).toordinal()
    versions = [
        CountVersion(
            area=areas[area], day=date.fromordinal(first + day), known=date.fromordinal(first + day + late),
            value=float(upto[area, day, late]),
        )
        for area in range(AREAS)
        for day in range(90)
        for late in range(DELAYS)
        if not np.isnan(triangle[area, day, late])
    ]  # fmt: skip
    total = 0.0
    for name, work in (
        ("newest R", lambda: [study.reproduction_numbers(t, disease, latest=1) for t in tables]),
        ("nowcast, one stream", lambda: study.nowcasts(versions, stream="all", most_delay=DELAYS - 1)),
        ("forecasts", lambda: [study.forecasts(t, disease, stream="s", steps=28) for t in tables]),
        (f"bottom lines, {LIMIT} cases", lambda: study.bottom_lines(tables[0], disease, limit=LIMIT, alarm_at=0.05)),
    ):  # fmt: skip
        work()
        wall, busy = best_of(2, work)
        total += busy
        print(f"  {name:24}{wall:8.3f} s wall{busy:8.3f} s processor")
    print(f"  {'together':24}{'':15}{total:8.3f} s processor")
    wall, busy = best_of(
        1, lambda: study.bottom_lines(tables[0], disease, limit=10 * LIMIT, alarm_at=0.05)
    )
    print(f"  {f'bottom lines, {10 * LIMIT} cases':24}{wall:8.3f} s wall{busy:8.3f} s processor")


def main() -> None:
    chance = np.random.default_rng(2022)
    level = np.exp(chance.normal(0.5, 1.5, (AREAS * STREAMS, 1)))
    wave = np.exp(np.cumsum(chance.normal(0, 0.08, (AREAS * STREAMS, DAYS)), axis=1) * 0.5)
    counts = chance.poisson(np.minimum(level * wave, 3000)).astype(float)
    delay = np.array([0.5, 0.25, 0.12, 0.06, *([0.07 / (DELAYS - 4)] * (DELAYS - 4))])
    triangle = chance.poisson(np.minimum(level * wave, 3000)[:AREAS, -90:, None] * delay).astype(
        float
    )
    for age in range(DELAYS):
        triangle[:, 89 - age, age + 1 :] = np.nan

    def rt() -> None:
        for stream in range(STREAMS):
            rows = counts[stream * AREAS : (stream + 1) * AREAS]
            reproduction.reproduction_table(rows, GENERATION).quantiles((0.025, 0.5, 0.975))

    def now() -> None:
        for _ in range(STREAMS):
            nowcast.nowcast(nowcast.ReportingTriangle(cases=triangle))

    def ahead() -> None:
        data = forecast.panel(counts, steps_per_week=7)
        stated = forecast.daily_members(data, HORIZONS, generation=GENERATION)
        forecast.combine(stated, forecast.equal_combination(list(stated), HORIZONS))

    belief = cluster.posterior_from_gamma(shape=40, rate=36, dispersion=0.3, points=16)
    clusters = [
        cluster.ClusterNow(
            name=str(area),
            seen=int(chance.integers(12, 60)),
            active_ages=tuple(chance.integers(0, 10, int(chance.integers(1, 12))).tolist()),
        )
        for area in range(AREAS)
    ]
    control = Control(name="now", isolated_share=0.3, cut_share=0.2)

    def bottom() -> None:
        cluster.bottom_lines(
            clusters, belief, control, limit=100, alarm_at=0.05, generation=GENERATION
        )

    exact_rt(counts[:AREAS])
    total = [0.0, 0.0]
    print(f"{AREAS} areas x {DAYS} days x {STREAMS} streams, warm, best of three: wall, processor")
    for name, work in (
        ("Rt", rt),
        ("nowcast", now),
        ("forecast to 28 days", ahead),
        ("bottom line", bottom),
    ):
        work()
        wall, busy = best_of(3, work)
        total = [total[0] + wall, total[1] + busy]
        print(f"  {name:24}{wall:8.3f} s{busy:8.3f} s")
    print(f"  {'together':24}{total[0]:8.3f} s{total[1]:8.3f} s   (promise: under 2 s)")
    print("the same to the desk's nouns")
    as_nouns(counts, triangle)

    law = cluster.Offspring(reproduction=1.3, dispersion=0.3)
    held = cluster.Offspring(reproduction=1.9, dispersion=0.3, isolated_share=0.3)
    _, plain = best_of(3, lambda: cluster.final_size_at_most(1000, held, active=2))
    _, fast = best_of(40, lambda: cluster.final_size_distribution(1000, held, left_shares=(1, 1)))
    _, free = best_of(40, lambda: cluster.final_size_at_most(1000, law, active=2))
    print(
        f"one cluster-law value, N = 1000: {free * 1e3:.2f} ms; with isolation {fast * 1e3:.2f} ms, "
        f"{plain / fast:.0f} x the plain sum   (promise: under 1 ms)"
    )

    rate = chance.dirichlet(np.full(400, 0.1), AREAS) * 0.03
    infected = chance.gamma(2.0, 5.0, (1000, AREAS, 28))
    names = [str(place) for place in range(400)]
    spill, spent = best_of(
        2,
        lambda: arrival.spillover(
            names,
            rate,
            infected,
            reproduction=np.full(400, 1.4),
            dispersion=0.3,
            left_share=0.7,
            days_to_detection=5.0,
        ),
    )
    start = time.perf_counter()
    for draw in range(3):
        daily = (rate[:, :, None] * infected[draw][:, None, :]).sum(axis=0)
        _ = 1 - np.exp(-daily.cumsum(axis=1))
    loop = (time.perf_counter() - start) / 3 * 1000
    print(
        f"spillover 140 x 400 x 28 days x 1,000 draws: {spill:.2f} s wall, {spent:.2f} s processor, "
        f"{loop / spill:.0f} x a loop over draws   (promise: under 1 s)"
    )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
