"""
Three channels of an area that move together on quiet days: how much joining them gains, and how often it misleads.

`together.py [0] [0.3] [0.6]` prints, for each correlation of the channels' noise, the share found, the days until found and the share of
false ones among all that is raised, Benjamini-Hochberg at 10 % on each of 14 days over all areas. The noise of a day is shared by a Gaussian
copula, so every channel keeps its own law; the ways to join them see nothing but p-values and the 60 days before.
"""

import resource
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from time import process_time

import numpy as np
from scipy import special

from yipan.analytics.detect.baseline import baseline_matrix
from yipan.analytics.detect.fusion import (
    discoveries,
    harmonic_p,
    q_values,
    shared_correlation,
    stouffer_p,
)
from yipan.packs import read_calendar

AREAS, DAYS, LAST, CHANNELS, HIT = 3_000, 400, 74, 3, 150
END = date(2022, 11, 10)


def main() -> None:
    """Print one table for each correlation."""
    for correlation in [float(one) for one in sys.argv[1:]] or [0.0, 0.3, 0.6]:
        for size in (2, 3):
            section(correlation, size)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


def section(correlation: float, size: float) -> None:
    """Judge one world, with outbreaks of one size in every channel of some areas, and join its channels in every way."""
    spent = process_time()
    counts, mean, phi = channels(correlation, np.random.default_rng(11))
    generator = np.random.default_rng(12)
    hit = generator.choice(AREAS, HIT, replace=False)
    rows = (CHANNELS * hit[:, None] + np.arange(CHANNELS)).ravel()
    curve = np.exp(-((np.log((np.arange(14) + 0.5) / 4.0)) ** 2) / (2 * 0.5**2))
    counts[rows, -14:] += generator.poisson(
        size * np.sqrt(phi[rows, None] * mean[rows, -14:]) * curve
    )
    p = baseline_matrix(
        counts, first_day=END - timedelta(days=DAYS - 1), calendar=read_calendar(),
        columns=range(DAYS - LAST, DAYS), thresholds=0,
    ).p_value.reshape(AREAS, CHANNELS, LAST)  # fmt: skip
    quiet = np.ones(AREAS, bool)
    quiet[hit] = False
    learned = shared_correlation(np.swapaxes(p[quiet, :, :60], 1, 2))
    print(
        f"noise correlated by {correlation:g}, peak {size:g} sd in each of three channels of {HIT} of {AREAS:,} areas; "
        f"correlation learned {learned[:, 0, 1].mean():.2f}"
    )
    for told, alarm in ways(p):
        found = alarm[hit].any(axis=1)
        delay = np.where(found, alarm[hit].argmax(axis=1), 14).mean()
        print(
            f"  {told:52s} found {found.mean():5.1%}, after {delay:4.1f} days, false {alarm[quiet].sum() / max(alarm.sum(), 1):5.1%}"
        )
    print(f"  ({process_time() - spent:.0f} CPU s)")


def channels(
    correlation: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts and means (areas x channels, days) and dispersions; the noise of the last days is shared among the channels of an area."""
    streams = AREAS * CHANNELS
    base = np.exp(generator.uniform(np.log(0.5), np.log(50), (streams, 1)))
    phi = generator.choice([1.0, 1.5, 2.0, 3.0], streams)
    week = np.exp(generator.normal(0, 0.2, (streams, 7)))
    mean = base * week[:, np.arange(DAYS) % 7]
    over = np.maximum(phi[:, None] - 1, 1e-9)
    rate = np.where(phi[:, None] > 1, generator.gamma(mean / over) * over, mean)
    counts = generator.poisson(rate).astype(float)
    shared = np.repeat(generator.normal(size=(AREAS, LAST)), CHANNELS, axis=0)
    z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * generator.normal(
        size=(streams, LAST)
    )
    share, late = special.ndtr(z), mean[:, -LAST:]
    wide = phi[:, None] > 1
    drawn = np.where(
        wide,
        special.nbdtrik(share, late / over, np.where(wide, 1 / phi[:, None], 0.5)),
        special.pdtrik(share, late),
    )
    counts[:, -LAST:] = np.ceil(np.maximum(np.nan_to_num(drawn), 0.0))
    return counts, mean, phi


def ways(p: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each way to judge an area by its channels, with what it raises (areas, 14 days)."""
    judged = range(LAST - 14, LAST)

    def raised(asked: Callable[[int], np.ndarray]) -> np.ndarray:
        return np.stack([discoveries(np.minimum(asked(day), 1.0)) for day in judged], axis=1)

    def learned(day: int) -> np.ndarray:
        return stouffer_p(
            p[:, :, day],
            correlation=shared_correlation(np.swapaxes(p[:, :, max(0, day - 60) : day], 1, 2)),
        )

    def family(day: int, joined: Callable[[int], np.ndarray]) -> np.ndarray:
        q = q_values(np.column_stack([p[:, :, day], joined(day)]))
        return np.asarray((q <= 0.1).any(axis=1))

    yield "one channel", raised(lambda day: p[:, 0, day])
    yield "any of three", raised(lambda day: np.nanmin(p[:, :, day], axis=1) * CHANNELS)
    yield "together, harmonic mean", raised(lambda day: harmonic_p(p[:, :, day]))
    yield "together, as if independent", raised(lambda day: stouffer_p(p[:, :, day]))
    yield "together, by the correlation learned", raised(learned)
    yield (
        "as the round: each and all in one family, harmonic",
        np.stack([family(day, lambda d: harmonic_p(p[:, :, d])) for day in judged], axis=1),
    )
    yield (
        "as the round: each and all in one family, learned",
        np.stack([family(day, learned) for day in judged], axis=1),
    )


if __name__ == "__main__":
    main()
