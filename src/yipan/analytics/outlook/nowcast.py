"""
How many cases of each day there will be once all reports are in.

From versions of the record (what was known when) a reporting triangle is built: cases of day t first
known d days later. Reverse-time hazards h_d = cases at delay d / cases up to delay d (Lawless 1994,
Can J Stat; the chain ladder) give the share F already known; hazards of an area lean on those of the
whole province as its own cases are few, and carry a weekday factor for the day of report. The unseen
cases are negative binomial, and their spread is widened by what the same recipe missed at earlier dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.analytics.outlook.counts import FloatArray, settle_corrections
from yipan.model import EstimateState


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportingTriangle:
    """
    Cases by area, day of the event and delay until known (areas x days x delays).

    NaN where that delay has not passed yet, and for days nobody has reported at all. The last day is
    the day of the latest report; `weekday_of_first` is 0 for Monday.
    """

    cases: FloatArray
    weekday_of_first: int = 0

    def __post_init__(self) -> None:
        if self.cases.ndim != 3:
            raise ValueError(f"a triangle is areas x days x delays, got {self.cases.shape}")
        if not 0 <= self.weekday_of_first <= 6:
            raise ValueError(f"a weekday is 0 to 6, got {self.weekday_of_first}")

    @property
    def known(self) -> FloatArray:
        """Cases known by now, areas x days; NaN where nobody reported."""
        some = ~np.isnan(self.cases)
        total = np.where(some, self.cases, 0.0).sum(axis=2)
        return np.where(some.any(axis=2), total, np.nan)

    @property
    def age(self) -> NDArray[np.int64]:
        """Days since each day of the event."""
        days = self.cases.shape[1]
        return np.arange(days - 1, -1, -1, dtype=np.int64)


def reporting_triangle(
    area: ArrayLike,
    day: ArrayLike,
    known: ArrayLike,
    value: ArrayLike,
    *,
    areas: int,
    days: int,
    most_delay: int = 21,
    weekday_of_first: int = 0,
) -> ReportingTriangle:
    """
    Return the triangle of versions given as rows: on day `known`, `area` stood at `value` cases for `day`.

    Days are numbers from 0; the last of `days` is today. A version stays true until the next. Downward
    corrections are taken off the increments before them, so no cell is negative. Versions later than
    `most_delay` days are booked at that delay.

    >>> reporting_triangle([0, 0], [0, 0], [0, 1], [2, 5], areas=1, days=2, most_delay=2).cases
    array([[[ 2.,  3., nan],
            [nan, nan, nan]]])
    """
    rows = [np.asarray(each, dtype=np.int64) for each in (area, day, known)]
    figures = np.asarray(value, dtype=np.float64)
    if (rows[2] < rows[1]).any():
        raise ValueError("a count was known before its day")
    if rows[0].size and (rows[0].max() >= areas or rows[1].max() >= days or rows[2].max() >= days):
        raise ValueError("a version lies outside the areas or days of the triangle")
    delay = np.minimum(rows[2] - rows[1], most_delay)
    stood = np.full((areas, days, most_delay + 1), np.nan)
    order = np.argsort(rows[2], kind="stable")
    stood[rows[0][order], rows[1][order], delay[order]] = figures[order]
    some = ~np.isnan(stood)
    at = np.where(some, np.arange(most_delay + 1), -1)
    latest = np.maximum.accumulate(at, axis=2)
    carried = np.take_along_axis(stood, np.maximum(latest, 0), axis=2)
    carried = np.where(latest >= 0, carried, 0.0)
    steps = np.diff(carried, axis=2, prepend=0.0)
    steps = settle_corrections(steps.reshape(-1, most_delay + 1)).reshape(steps.shape)
    age = np.arange(days - 1, -1, -1)
    passed = np.arange(most_delay + 1)[None, :] <= age[:, None]
    reported = some.any(axis=2)
    return ReportingTriangle(
        cases=np.where(passed[None] & reported[:, :, None], steps, np.nan),
        weekday_of_first=weekday_of_first,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nowcast:
    """
    What each recent day will come to: known so far, share already known, quantiles of the final count.

    Arrays are areas x days (x levels). `states` says where no figure can be given: NOT_REPORTED, or
    TOO_EARLY where the record is younger than the delays it would need to know.
    """

    levels: tuple[float, ...]
    known: FloatArray
    seen_share: FloatArray
    quantiles: FloatArray
    states: NDArray[np.object_]
    dispersion: FloatArray


def _hazards(
    cases: FloatArray, weekday_of_first: int, weight: float, memory_days: int
) -> tuple[FloatArray, FloatArray]:
    """Reverse-time hazards areas x delays, and pooled log-factors by delay weekday (7)."""
    _, days, delays = cases.shape
    recent = cases[:, max(0, days - memory_days) :]
    some = ~np.isnan(recent)
    filled = np.where(some, recent, 0.0)
    upto = np.cumsum(filled, axis=2)
    upto *= some
    own, base = filled.sum(axis=1), upto.sum(axis=1)
    pooled = (own.sum(axis=0) + 0.05) / (base.sum(axis=0) + 1.0)
    hazard = (own + weight * pooled) / (base + weight)
    hazard[:, 0] = 1.0
    start = weekday_of_first + max(0, days - memory_days)
    report_day = (start + np.arange(recent.shape[1])[:, None] + np.arange(delays)[None, :]) % 7
    # all areas together by day and delay first; weekdays are then sums over few cells
    came = filled.sum(axis=0)
    due = np.einsum("atd,ad->td", upto, np.minimum(hazard, 1.0))
    on, later = report_day[:, 1:].ravel(), np.s_[:, 1:]
    factor = (np.bincount(on, came[later].ravel(), 7) + weight) / (
        np.bincount(on, due[later].ravel(), 7) + weight
    )
    return np.minimum(hazard, 1.0), factor


def _seen_share(
    hazard: FloatArray, factor: FloatArray, days: int, weekday_of_first: int
) -> FloatArray:
    """Share of each day's cases known today: the product of not being later than now."""
    areas, delays = hazard.shape
    share = np.ones((areas, days))
    for age in range(min(days, delays - 1)):
        day = days - 1 - age
        later = np.arange(age + 1, delays)
        weekday = (weekday_of_first + day + later) % 7
        share[:, day] = np.prod(
            1.0 - np.minimum(hazard[:, later] * factor[weekday][None, :], 0.98), axis=1
        )
    return share


def _unseen_quantile(level: FloatArray, size: FloatArray, chance: FloatArray) -> FloatArray:
    """
    The negative binomial quantile: the least count at or below which lies so much, with the given size and chance.

    The root over real counts, rounded up, or the count before it where rounding carried the root past that.
    """
    above = np.ceil(special.nbdtrik(level, size, chance))
    before = np.maximum(above - 1, 0.0)
    return np.asarray(np.where(special.betainc(size, before + 1, chance) >= level, before, above))


def nowcast(
    triangle: ReportingTriangle,
    *,
    levels: Sequence[float] = (0.025, 0.25, 0.5, 0.75, 0.975),
    pooling_cases: float = 30.0,
    memory_days: int = 60,
    rehearsals: int = 14,
) -> Nowcast:
    """
    Return the final count of each day as quantiles, given what is known today.

    `pooling_cases` is how many cases the province's hazards weigh beside an area's own. With x known and
    the share F seen, the unseen are negative binomial with size x + 1/2 and chance F. The recipe is
    rehearsed at the `rehearsals` latest dates whose outcome is known by now; what it missed beyond
    chance at each age is added to the spread. Few cases, zeros, corrections and gaps are ordinary.

    >>> cases = np.full((1, 30, 3), [6.0, 3.0, 1.0])
    >>> for age in range(2):
    ...     cases[0, 29 - age, age + 1:] = np.nan
    >>> result = nowcast(ReportingTriangle(cases=cases))
    >>> result.seen_share[0, -3:].round(1), result.quantiles[0, -1, 2]
    (array([1. , 0.9, 0.6]), np.float64(10.0))
    """
    cases = triangle.cases
    areas, days, delays = cases.shape
    hazard, factor = _hazards(cases, triangle.weekday_of_first, pooling_cases, memory_days)
    share = _seen_share(hazard, factor, days, triangle.weekday_of_first)
    known = triangle.known
    dispersion = _rehearsed_dispersion(
        triangle, pooling_cases=pooling_cases, memory_days=memory_days, rehearsals=rehearsals
    )
    age = np.minimum(triangle.age, delays - 1)
    reported = ~np.isnan(known)
    x = np.where(reported, known, 0.0)
    size = 1.0 / (1.0 / (x + 0.5) + dispersion[age][None, :])
    mean = (x + 0.5) * (1 - share) / share
    chance = size / (size + mean)
    wanted = np.asarray(levels, dtype=np.float64)
    unseen = np.zeros((areas, days, wanted.size))
    open_days = (share < 1 - 1e-9) & reported
    if open_days.any():
        unseen[open_days] = _unseen_quantile(
            wanted[None, :], size[open_days][:, None], chance[open_days][:, None]
        )
    quantiles = np.where(reported[:, :, None], x[:, :, None] + unseen, np.nan)
    code = np.where(reported, 0, 1)
    if days < delays:
        code[:, reported.any(axis=0)] = np.where(reported, 2, 1)[:, reported.any(axis=0)]
    states = np.array(
        [EstimateState.ESTIMATED, EstimateState.NOT_REPORTED, EstimateState.TOO_EARLY], dtype=object
    )[code]
    return Nowcast(
        levels=tuple(levels),
        known=known,
        seen_share=share,
        quantiles=quantiles,
        states=states,
        dispersion=dispersion,
    )


def _rehearsed_dispersion(
    triangle: ReportingTriangle, *, pooling_cases: float, memory_days: int, rehearsals: int
) -> FloatArray:
    """Extra relative variance of the unseen by age of the day, from the recipe's own past misses."""
    cases = triangle.cases
    _, days, delays = cases.shape
    beyond, weight = np.full(delays, 2.0 * 0.02), np.full(delays, 2.0)
    latest = days - delays
    for today in range(max(delays, latest - rehearsals), latest + 1):
        then = cases[:, :today].copy()
        age = np.arange(today - 1, -1, -1)
        then[:, np.arange(delays)[None, :] > age[:, None]] = np.nan
        hazard, factor = _hazards(then, triangle.weekday_of_first, pooling_cases, memory_days)
        share = _seen_share(hazard, factor, today, triangle.weekday_of_first)
        for young in range(min(delays - 1, today)):
            day = today - 1 - young
            final, seen = cases[:, day].sum(axis=1), then[:, day, : young + 1].sum(axis=1)
            use = ~np.isnan(final) & ~np.isnan(seen)
            f, x = share[use, day], seen[use]
            mean = (x + 0.5) * (1 - f) / f
            chance_variance = mean + mean**2 / (x + 0.5)
            miss = final[use] - x - mean
            square = float((mean**2).sum())
            if square > 0:
                extra = float((miss**2 - chance_variance).sum())
                trust = min(square, 50.0)
                beyond[young] += trust * extra / square
                weight[young] += trust
    return np.asarray(np.maximum(beyond / weight, 0.0))
