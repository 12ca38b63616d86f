"""The whole outlook of a province at once: 140 areas x 365 days x 4 streams; one cluster law; spillover."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np

from yipan.analytics.outlook import cluster, forecast, nowcast, reproduction
from yipan.analytics.spread import arrival
from yipan.model import Control

AREAS, DAYS, STREAMS, DELAYS = 140, 365, 4, 14
GENERATION = reproduction.discretised_serial_interval(mean_days=3.3, sd_days=1.6, last_lag=14)
HORIZONS = tuple(range(1, 29))


def best_of(runs: int, work: Callable[[], object]) -> float:
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


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

    total = 0.0
    print(f"{AREAS} areas x {DAYS} days x {STREAMS} streams, warm, best of three")
    for name, work in (
        ("Rt", rt),
        ("nowcast", now),
        ("forecast to 28 days", ahead),
        ("bottom line", bottom),
    ):
        work()
        spent = best_of(3, work)
        total += spent
        print(f"  {name:24}{spent:8.3f} s")
    print(f"  {'together':24}{total:8.3f} s   (promise: under 2 s)")

    law = cluster.Offspring(reproduction=1.3, dispersion=0.3)
    held = cluster.Offspring(reproduction=1.9, dispersion=0.3, isolated_share=0.3)
    plain = best_of(3, lambda: cluster.final_size_at_most(1000, held, active=2))
    fast = best_of(20, lambda: cluster.final_size_distribution(1000, held, left_shares=(1, 1)))
    free = best_of(20, lambda: cluster.final_size_at_most(1000, law, active=2))
    print(
        f"one cluster-law value, N = 1000: {free * 1e3:.2f} ms; with isolation {fast * 1e3:.2f} ms, "
        f"{plain / fast:.0f} x the plain sum"
    )

    rate = chance.dirichlet(np.full(400, 0.1), AREAS) * 0.03
    infected = chance.gamma(2.0, 5.0, (1000, AREAS, 28))
    names = [str(place) for place in range(400)]
    spill = best_of(
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
        f"spillover 140 x 400 x 28 days x 1,000 draws: {spill:.2f} s, {loop / spill:.0f} x a loop over draws"
    )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
