"""
How many people one case infects: instantaneous (Cori) and cohort (Wallinga-Teunis) reproduction numbers.

The plain form is `reproduction_posterior`: one series, one window, sums written out. Its twin for the
whole province at once is `reproduction_table`. Both follow Cori et al. 2013 (Am J Epidemiol,
kwt133) with imports as in Thompson et al. 2019 (Epidemics, 100356):

    L_t ~ Poisson(R * Lambda_t),   Lambda_t = sum_s w_s (L + M)_{t-s},   R ~ Gamma(a0, rate 1/b0)
    R | data ~ Gamma(a0 + sum L_t, rate 1/b0 + sum Lambda_t), sums over the window

Imported cases M infect (they enter Lambda) but were infected elsewhere (they stay out of the shape).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.analytics.outlook.counts import FloatArray, count_matrix
from yipan.model import (
    AreaPath,
    Estimate,
    EstimateState,
    ReproductionNumber,
    ancestors_of,
    contains,
)

IntArray = NDArray[np.int64]

MOST_VARIATION = 0.3
"""The coefficient of variation of R above which the cases are too few to speak of R (EpiEstim's customary limit)."""

_STATES = np.array(
    [
        EstimateState.ESTIMATED,
        EstimateState.TOO_FEW_CASES,
        EstimateState.NOT_REPORTED,
        EstimateState.TOO_EARLY,
    ],
    dtype=object,
)

LEAST_SEEN_SHARE = 0.5
"""The share of the infectious past that must have been reported for a day to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledReproduction:
    """
    The reproduction number to show for `area`, and the area whose cases it rests on (`number.area`).

    The two differ where the area's own cases are too few and a larger area's were enough.
    """

    area: AreaPath
    number: ReproductionNumber

    def __post_init__(self) -> None:
        if not contains(self.number.area, self.area):
            raise ValueError(f"{self.number.area} does not contain {self.area}")

    @property
    def is_pooled(self) -> bool:
        """Whether the number is that of a larger area."""
        return self.number.area != self.area


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaPosterior:
    """What is believed of R: a Gamma distribution by shape and rate."""

    shape: float
    rate: float

    def __post_init__(self) -> None:
        if not (self.shape > 0 and self.rate > 0):
            raise ValueError(f"a Gamma needs shape and rate above 0, got {self.shape}, {self.rate}")

    @property
    def mean(self) -> float:
        """The mean of R."""
        return self.shape / self.rate

    @property
    def sd(self) -> float:
        """The standard deviation of R."""
        return math.sqrt(self.shape) / self.rate

    @property
    def variation(self) -> float:
        """The coefficient of variation; it depends on the number of cases alone."""
        return 1.0 / math.sqrt(self.shape)

    def quantile(self, share: float) -> float:
        """Return the R below which `share` (0 to 1) of the belief lies."""
        return float(special.gammaincinv(self.shape, share)) / self.rate


def discretised_serial_interval(
    *, mean_days: float, sd_days: float, last_lag: int, renormalise: bool = False
) -> FloatArray:
    """
    Return the share of serial intervals at lags 0 to `last_lag` days, from a Gamma shifted by one day.

    With a = ((mean - 1) / sd)^2, b = sd^2 / (mean - 1) and F(.; a) the Gamma distribution function,
    w_k = k F(k; a) + (k-2) F(k-2; a) - 2 (k-1) F(k-1; a) + a b [2 F(k-1; a+1) - F(k-2; a+1) - F(k; a+1)],
    never below 0 (Cori et al. 2013, web appendix 11). Cutting at `last_lag` leaves the sum below 1
    unless `renormalise` is asked for; the reference implementation does not renormalise. Raises
    `ValueError` where the mean is not above one day or the spread is not positive.

    >>> discretised_serial_interval(mean_days=2.6, sd_days=1.5, last_lag=3).round(4)
    array([0.    , 0.2332, 0.3586, 0.1981])
    """
    if mean_days <= 1:
        raise ValueError(f"a mean serial interval of {mean_days} days is not above 1 day")
    if sd_days <= 0:
        raise ValueError(f"a serial interval needs a spread above 0 days, got {sd_days}")
    if last_lag < 1:
        raise ValueError(f"a serial interval needs lags up to 1 day at least, got {last_lag}")
    shape = ((mean_days - 1) / sd_days) ** 2
    scale = sd_days**2 / (mean_days - 1)
    lag = np.arange(last_lag + 1, dtype=np.float64)

    def below(days: FloatArray, of_shape: float) -> FloatArray:
        return np.asarray(special.gammainc(of_shape, np.maximum(days, 0.0) / scale))

    pmf = (
        lag * below(lag, shape)
        + (lag - 2) * below(lag - 2, shape)
        - 2 * (lag - 1) * below(lag - 1, shape)
        + shape
        * scale
        * (2 * below(lag - 1, shape + 1) - below(lag - 2, shape + 1) - below(lag, shape + 1))
    )
    pmf = np.maximum(pmf, 0.0)
    pmf[0] = 0.0
    return pmf / pmf.sum() if renormalise else pmf


def uncertain_serial_intervals(
    *,
    mean_days: tuple[float, float, float, float],
    sd_days: tuple[float, float, float, float],
    last_lag: int,
    nodes: int = 5,
) -> FloatArray:
    """
    Return equally likely serial intervals (nodes squared, one row each) when mean and spread are uncertain.

    Each of `mean_days` and `sd_days` is (value, its sd, least, most), a normal cut at least and most.
    Its nodes are the middles of equal slices of probability, so no chance is needed and few rows do.

    >>> uncertain_serial_intervals(
    ...     mean_days=(2.6, 0.5, 1.3, 3.9), sd_days=(1.5, 0.2, 0.8, 2.2), last_lag=20
    ... ).shape
    (25, 21)
    """

    def middles(value: float, sd: float, least: float, most: float) -> FloatArray:
        low, high = (float(special.ndtr((end - value) / sd)) for end in (least, most))
        slices = low + (high - low) * (np.arange(nodes) + 0.5) / nodes
        return np.asarray(value + sd * special.ndtri(slices))

    return np.stack(
        [
            discretised_serial_interval(mean_days=mean, sd_days=sd, last_lag=last_lag)
            for mean, sd in itertools.product(middles(*mean_days), middles(*sd_days))
        ]
    )


def _checked_interval(serial_interval: ArrayLike) -> FloatArray:
    pmf = np.asarray(serial_interval, dtype=np.float64)
    if pmf.ndim != 1 or pmf.size < 2:
        raise ValueError(f"a serial interval needs shares at lags 0, 1, ..., got shape {pmf.shape}")
    if pmf[0] != 0 or (pmf < 0).any() or not np.isfinite(pmf).all():
        raise ValueError("a serial interval has no share at lag 0 and none below 0")
    if not 0 < pmf.sum() <= 1 + 1e-3:
        raise ValueError(f"the shares of a serial interval add to {pmf.sum():.6g}, expected (0, 1]")
    return pmf


def _prior(prior_mean: float, prior_sd: float) -> tuple[float, float]:
    if prior_mean <= 0 or prior_sd <= 0:
        raise ValueError(f"the prior of R needs mean and sd above 0, got {prior_mean}, {prior_sd}")
    return (prior_mean / prior_sd) ** 2, prior_mean / prior_sd**2


def split_imports(counts: ArrayLike, imported: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    """
    Return local and imported counts; without a record of imports the first reported day is the import.

    Both are areas x days. Where imports were not reported on a day on which local cases were, they
    are read as none; where local cases were not reported, the day is missing.

    >>> split_imports([4, 1, 2], None)
    (array([[0., 1., 2.]]), array([[4., 0., 0.]]))
    """
    local = count_matrix(counts, name="local counts")
    if imported is not None:
        brought = count_matrix(imported, name="imported counts")
        if brought.shape != local.shape:
            raise ValueError(f"imports are {brought.shape}, local counts {local.shape}")
        return local, np.where(np.isnan(local), np.nan, np.nan_to_num(brought))
    local = local.copy()
    brought = np.where(np.isnan(local), np.nan, 0.0)
    reported = ~np.isnan(local)
    rows = np.flatnonzero(reported.any(axis=1))
    first = reported[rows].argmax(axis=1)
    brought[rows, first] = local[rows, first]
    local[rows, first] = 0.0
    return local, brought


def total_infectiousness(
    local: FloatArray,
    imported: FloatArray,
    serial_interval: ArrayLike,
    *,
    least_seen_share: float = LEAST_SEEN_SHARE,
) -> FloatArray:
    """
    Return Lambda, the infectiousness of all earlier cases felt on each day (areas x days).

    Days before the first column count as free of cases. A missing day is not filled: what it would
    have weighed is left out and the rest stands for the whole, as long as at least `least_seen_share`
    of the serial interval falls on reported days; otherwise Lambda is NaN. It is NaN on the first day.

    >>> ones = np.ones((1, 4))
    >>> total_infectiousness(ones, ones * 0, [0, 0.5, 0.5])
    array([[nan, 0.5, 1. , 1. ]])
    """
    pmf = _checked_interval(serial_interval)
    days = local.shape[1]
    cases = local + imported
    weights = np.zeros(max(days, pmf.size))
    weights[: pmf.size] = pmf
    lag = np.arange(days)[None, :] - np.arange(days)[:, None]
    shift = np.where(lag > 0, weights[np.maximum(lag, 0)], 0.0)
    missing = np.isnan(cases)
    if missing.any():
        felt = np.where(missing, 0.0, cases) @ shift
        seen = 1.0 - (missing @ shift) / pmf.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            felt = np.where(seen >= least_seen_share, felt / seen, np.nan)
    else:
        felt = cases @ shift
    if days:
        felt[:, 0] = np.nan
    return np.asarray(felt)


def reproduction_posterior(
    counts: Sequence[float | None],
    serial_interval: Sequence[float],
    *,
    since: int,
    until: int,
    imported: Sequence[float | None] | None = None,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
) -> GammaPosterior | None:
    """
    Return the posterior of R of one series over the days `since` up to and without `until` (0-based).

    The plain form. `counts` are local cases (`None`: nobody reported), `serial_interval` the shares at
    lags 0, 1, .... A missing day is dropped from both sums. Returns None where the window ends no
    later than the mean serial interval or holds no day that counts. Source: Cori et al. 2013.

    >>> si = discretised_serial_interval(mean_days=2.6, sd_days=1.5, last_lag=7)
    >>> posterior = reproduction_posterior([5, 1, 6, 15, 2, 3, 8, 7], si, since=1, until=8)
    >>> round(posterior.mean, 2)
    1.41
    """
    local_row, imported_row = (
        row[0]
        for row in split_imports(_as_row(counts), None if imported is None else _as_row(imported))
    )
    pmf = _checked_interval(serial_interval)
    whole = float(pmf.sum())
    shape, rate = _prior(prior_mean, prior_sd)
    if until <= sum(lag * share for lag, share in enumerate(pmf)):
        return None
    days_used = 0
    for day in range(max(since, 1), until):
        if math.isnan(local_row[day]):
            continue
        felt, seen = 0.0, whole
        for lag in range(1, min(day, len(pmf) - 1) + 1):
            earlier = local_row[day - lag] + imported_row[day - lag]
            if math.isnan(earlier):
                seen -= pmf[lag]
            else:
                felt += pmf[lag] * earlier
        if seen / whole < LEAST_SEEN_SHARE:
            continue
        shape += local_row[day]
        rate += felt * whole / seen
        days_used += 1
    return GammaPosterior(shape=float(shape), rate=float(rate)) if days_used else None


def _as_row(counts: Sequence[float | None]) -> FloatArray:
    return np.array([math.nan if count is None else count for count in counts], dtype=np.float64)


SMOOTH_SHAPE, SMOOTH_NODES, FEW_SHAPES = 5.0, 22, 200
"""From which shape on quantiles of the unit Gamma are smooth enough, and how many nodes and shapes it takes."""


def unit_gamma_quantiles(shapes: ArrayLike, shares: Sequence[float]) -> FloatArray:
    """
    Return the quantiles of unit Gammas, shares x shapes; NaN shapes give NaN.

    Plainly each is `gammaincinv`. For many shapes at once the same figure is read from a Chebyshev series in
    u = 1 / sqrt(shape) of (q / shape - 1) / u, which is so smooth that 22 nodes give it to 14 digits; a property
    test binds the two.

    >>> many = np.arange(5.0, 1005.0)
    >>> gap = unit_gamma_quantiles(many, [0.025])[0] / special.gammaincinv(many, 0.025) - 1
    >>> bool(np.abs(gap).max() < 1e-13)
    True
    """
    shape = np.asarray(shapes, dtype=np.float64)
    share = np.asarray(shares, dtype=np.float64)
    smooth = shape >= SMOOTH_SHAPE
    few = int(smooth.sum()) < FEW_SHAPES
    if few or not share.size or share.min() < 0.001 or share.max() > 0.999:
        return np.asarray(special.gammaincinv(shape[None, :], share[:, None]))
    answer = np.empty((share.size, shape.size))
    answer[:, ~smooth] = special.gammaincinv(shape[~smooth][None, :], share[:, None])
    top = 1 / math.sqrt(SMOOTH_SHAPE)
    node = np.cos((np.arange(SMOOTH_NODES) + 0.5) * math.pi / SMOOTH_NODES)
    at = (node + 1) / 2 * top
    known = (special.gammaincinv(1 / at[None, :] ** 2, share[:, None]) * at**2 - 1) / at
    series = chebyshev.chebfit(node, known.T, SMOOTH_NODES - 1)
    u = 1 / np.sqrt(shape[smooth])
    answer[:, smooth] = shape[smooth] * (1 + u * chebyshev.chebval(2 * u / top - 1, series))
    return answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReproductionTable:
    """
    Posteriors of R for many areas and windows at once: Gamma by shape and rate, areas x windows.

    `since` and `until` are day numbers of the windows (0-based, `until` not included). A cell is NaN
    where no estimate exists; `states` says why. `cases` are the local cases of the days used, which
    `days_used` counts over all `members` (how many series a row stands for).
    """

    since: IntArray
    until: IntArray
    shape: FloatArray
    rate: FloatArray
    cases: FloatArray
    days_used: IntArray
    too_early: NDArray[np.bool_]
    members: IntArray
    prior_shape: float = 1.0
    prior_rate: float = 0.2

    def __post_init__(self) -> None:
        if self.shape.shape != self.rate.shape or self.shape.shape[1:] != self.since.shape:
            raise ValueError(
                f"shape {self.shape.shape}, rate {self.rate.shape} and {self.since.size} windows differ"
            )

    @property
    def mean(self) -> FloatArray:
        """The mean of R in each cell."""
        return self.shape / self.rate

    @property
    def sd(self) -> FloatArray:
        """The standard deviation of R in each cell."""
        return np.asarray(np.sqrt(self.shape) / self.rate)

    @property
    def variation(self) -> FloatArray:
        """The coefficient of variation of R in each cell."""
        return np.asarray(1.0 / np.sqrt(self.shape))

    def quantiles(self, shares: Sequence[float]) -> FloatArray:
        """
        Return exact quantiles of R, shares x areas x windows.

        The quantile of a Gamma is that of the unit Gamma of the same shape divided by the rate, and
        shapes are the prior's plus a number of cases, so few distinct ones occur: each is solved once.
        """
        shapes, where = np.unique(self.shape, return_inverse=True)
        solved = unit_gamma_quantiles(shapes, shares)
        return np.asarray(solved[:, where.reshape(self.shape.shape)] / self.rate)

    def states(self, *, most_variation: float = MOST_VARIATION) -> NDArray[np.object_]:
        """Return the state of each cell, areas x windows."""
        with np.errstate(invalid="ignore"):
            code = np.where(self.variation > most_variation, 1, 0)
        code[self.days_used == 0] = 2
        code[:, self.too_early] = 3
        return _STATES[code]

    def pooled(self, members: Sequence[Sequence[int]]) -> ReproductionTable:
        """
        Return the table of groups of rows, each group sharing one R.

        Both sums add up over the members, each member's missing days left out of both. Where nothing
        is missing this is the posterior of the summed series.
        """
        felt = np.nan_to_num(self.rate - self.prior_rate)
        cases = np.stack([self.cases[list(rows)].sum(axis=0) for rows in members])
        rate = np.stack([felt[list(rows)].sum(axis=0) for rows in members]) + self.prior_rate
        used = np.stack([self.days_used[list(rows)].sum(axis=0) for rows in members])
        silent = (used == 0) | self.too_early[None, :]
        return replace(
            self,
            shape=np.where(silent, np.nan, cases + self.prior_shape),
            rate=np.where(silent, np.nan, rate),
            cases=cases,
            days_used=used,
            members=np.array([self.members[list(rows)].sum() for rows in members]),
        )


def sliding_windows(days: int, window_days: int) -> tuple[IntArray, IntArray]:
    """
    Return first and past-the-last day numbers of all windows of `window_days` starting on day 2 or later.

    >>> sliding_windows(5, 3)
    (array([1, 2]), array([4, 5]))
    """
    if window_days < 1:
        raise ValueError(f"a window of {window_days} days is shorter than one day")
    since = np.arange(1, max(days - window_days, 0) + 1, dtype=np.int64)
    return since, since + window_days


def reproduction_table(
    counts: ArrayLike,
    serial_interval: ArrayLike,
    *,
    imported: ArrayLike | None = None,
    window_days: int = 7,
    since: ArrayLike | None = None,
    until: ArrayLike | None = None,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
) -> ReproductionTable:
    """
    Return the posteriors of R of all areas over all windows at once.

    `counts` and `imported` are areas x days with NaN where nobody reported. Windows slide by a day
    over `window_days`, or are given by `since` and `until` (day numbers, `until` not included). The
    rules are those of `reproduction_posterior`, to which a property test binds this form.

    >>> si = discretised_serial_interval(mean_days=2.6, sd_days=1.5, last_lag=7)
    >>> reproduction_table([5, 1, 6, 15, 2, 3, 8, 7], si).mean.round(2)
    array([[1.41]])
    """
    local, brought = split_imports(counts, imported)
    days = local.shape[1]
    pmf = _checked_interval(serial_interval)
    felt = total_infectiousness(local, brought, pmf)
    return _table(
        local,
        felt,
        mean_interval=float(np.arange(pmf.size) @ pmf),
        windows=_windows(days, window_days, since, until),
        prior=_prior(prior_mean, prior_sd),
    )


def _windows(
    days: int, window_days: int, since: ArrayLike | None, until: ArrayLike | None
) -> tuple[IntArray, IntArray]:
    if since is None or until is None:
        return sliding_windows(days, window_days)
    first, past = np.asarray(since, dtype=np.int64), np.asarray(until, dtype=np.int64)
    if first.shape != past.shape or first.ndim != 1:
        raise ValueError(f"{first.shape} window starts and {past.shape} ends do not pair up")
    if first.size and (first.min() < 1 or past.max() > days or (past <= first).any()):
        raise ValueError(f"windows lie outside day 1 to {days} or end before they start")
    return first, past


def _table(
    local: FloatArray,
    felt: FloatArray,
    *,
    mean_interval: float,
    windows: tuple[IntArray, IntArray],
    prior: tuple[float, float],
) -> ReproductionTable:
    first, past = windows
    usable = ~np.isnan(local) & ~np.isnan(felt)

    def summed(values: NDArray[np.generic]) -> FloatArray:
        running = np.zeros((values.shape[0], values.shape[1] + 1))
        np.cumsum(values, axis=1, out=running[:, 1:])
        return running[:, past] - running[:, first]

    used = summed(usable)
    cases = summed(np.where(usable, local, 0.0))
    rate = prior[1] + np.maximum(summed(np.where(usable, felt, 0.0)), 0.0)
    too_early = past <= mean_interval
    silent = (used < 0.5) | too_early[None, :]
    return ReproductionTable(
        since=first,
        until=past,
        shape=np.where(silent, np.nan, prior[0] + cases),
        rate=np.where(silent, np.nan, rate),
        cases=cases,
        days_used=np.rint(used).astype(np.int64),
        too_early=np.asarray(too_early),
        members=np.ones(local.shape[0], dtype=np.int64),
        prior_shape=prior[0],
        prior_rate=prior[1],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReproductionMixture:
    """
    Posteriors of R under an uncertain serial interval: an equal mixture of Gammas in each window.

    `shape` is windows; `rate` is draws x windows, NaN where a draw does not count in a window.
    """

    since: IntArray
    until: IntArray
    shape: FloatArray
    rate: FloatArray

    @property
    def mean(self) -> FloatArray:
        """The mean of R in each window; NaN where no draw counts."""
        return np.asarray(_mean_over_draws(self.shape / self.rate))

    @property
    def sd(self) -> FloatArray:
        """The standard deviation of R in each window."""
        square = _mean_over_draws(self.shape * (self.shape + 1) / self.rate**2)
        return np.asarray(np.sqrt(np.maximum(square - self.mean**2, 0.0)))

    def quantiles(self, shares: Sequence[float]) -> FloatArray:
        """Return quantiles of the mixture, shares x windows, by safeguarded Newton steps."""
        answer = np.full((len(shares), self.shape.size), np.nan)
        for window in np.flatnonzero(~np.isnan(self.rate).all(axis=0) & ~np.isnan(self.shape)):
            rate = self.rate[:, window]
            rate = rate[~np.isnan(rate)]
            answer[:, window] = _mixture_quantiles(float(self.shape[window]), rate, shares)
        return answer


def _mean_over_draws(values: FloatArray) -> FloatArray:
    seen = ~np.isnan(values)
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _mixture_quantiles(shape: float, rate: FloatArray, shares: Sequence[float]) -> FloatArray:
    wanted = np.asarray(shares, dtype=np.float64)
    single = np.asarray(special.gammaincinv(shape, wanted))
    low, high = single / rate.max(), single / rate.min()
    guess = single * np.mean(1.0 / rate)
    log_norm = special.gammaln(shape)
    for _ in range(60):
        scaled = guess[:, None] * rate[None, :]
        gap = special.gammainc(shape, scaled).mean(axis=1) - wanted
        high = np.where(gap > 0, guess, high)
        low = np.where(gap > 0, low, guess)
        density = np.exp(
            (shape - 1) * np.log(scaled) - scaled - log_norm + np.log(rate)[None, :]
        ).mean(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = guess - gap / density
        inside = (step > low) & (step < high)
        following = np.where(inside, step, 0.5 * (low + high))
        if np.all(np.abs(following - guess) <= 1e-12 * np.maximum(following, 1e-300)):
            return np.asarray(following)
        guess = following
    return np.asarray(guess)


def reproduction_mixture(
    counts: ArrayLike,
    serial_intervals: ArrayLike,
    *,
    imported: ArrayLike | None = None,
    window_days: int = 7,
    since: ArrayLike | None = None,
    until: ArrayLike | None = None,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
) -> ReproductionMixture:
    """
    Return R of one series when the serial interval is uncertain: equally likely intervals, one per row.

    The answer is the exact mixture over the rows, without sampling. An interval takes part in a window
    only if the window ends after its mean. The rows may be draws of moments, samples from a pair study
    or the nodes of `uncertain_serial_intervals`.

    >>> rows = uncertain_serial_intervals(
    ...     mean_days=(2.6, 0.5, 1.3, 3.9), sd_days=(1.5, 0.2, 0.8, 2.2), last_lag=7
    ... )
    >>> reproduction_mixture([5, 1, 6, 15, 2, 3, 8, 7], rows).mean.round(1)
    array([1.4])
    """
    rows = np.asarray(serial_intervals, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"serial intervals come one per row, got {rows.ndim} dimensions")
    local, brought = split_imports(counts, imported)
    if local.shape[0] != 1:
        raise ValueError(f"one series at a time, got {local.shape[0]}")
    windows = _windows(local.shape[1], window_days, since, until)
    prior = _prior(prior_mean, prior_sd)
    tables = []
    for row in rows:
        pmf = _checked_interval(row)
        tables.append(
            _table(
                local,
                total_infectiousness(local, brought, pmf),
                mean_interval=float(np.arange(pmf.size) @ pmf),
                windows=windows,
                prior=prior,
            )
        )
    shapes = np.stack([table.shape[0] for table in tables])
    return ReproductionMixture(
        since=windows[0],
        until=windows[1],
        shape=np.asarray(np.fmax.reduce(shapes, axis=0)),
        rate=np.stack([table.rate[0] for table in tables]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortReproduction:
    """
    How many people the cases of each day went on to infect (areas x days); NaN without cases.

    `seen_share` is the share of the serial interval that has passed since the day: near the end of the
    series the cases have not finished infecting, and `mean` counts only what has been seen.
    """

    mean: FloatArray
    seen_share: FloatArray
    cases: FloatArray

    def completed(self, *, least_seen_share: float = 0.5) -> FloatArray:
        """Return the mean divided by the share seen, NaN where less than `least_seen_share` was seen."""
        hidden = self.seen_share < least_seen_share
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = self.mean / self.seen_share[None, :]
        return np.asarray(np.where(hidden[None, :], np.nan, scaled))

    def over(self, since: ArrayLike, until: ArrayLike) -> FloatArray:
        """Return the mean over windows of days, weighted by cases; NaN in windows without cases."""
        first, past = np.asarray(since, dtype=np.int64), np.asarray(until, dtype=np.int64)
        weighted = np.nan_to_num(self.mean) * np.nan_to_num(self.cases)
        answer = np.full((self.mean.shape[0], first.size), np.nan)
        for window, (start, stop) in enumerate(zip(first, past, strict=True)):
            total = np.nan_to_num(self.cases[:, start:stop]).sum(axis=1)
            some = total > 0
            answer[some, window] = weighted[some, start:stop].sum(axis=1) / total[some]
        return answer


def cohort_reproduction(counts: ArrayLike, serial_interval: ArrayLike) -> CohortReproduction:
    """
    Return the cohort reproduction number of each day (Wallinga & Teunis 2004, Am J Epidemiol kwh255).

    R_j = sum_i I_i w_{i-j} / Lambda_i: each case is shared out among the earlier cases in proportion to
    the serial interval. A missing day has no cohort and infects nobody that can be seen. The last days
    are not finished: see `CohortReproduction.completed`.

    >>> cohort_reproduction([1, 2, 4], [0, 1.0]).mean
    array([[2., 2., 0.]])
    """
    cases = count_matrix(counts)
    pmf = _checked_interval(serial_interval)
    days = cases.shape[1]
    weights = np.zeros(max(days, pmf.size))
    weights[: pmf.size] = pmf
    lag = np.arange(days)[None, :] - np.arange(days)[:, None]
    shift = np.where(lag > 0, weights[np.maximum(lag, 0)], 0.0)
    known = np.nan_to_num(cases)
    felt = known @ shift
    with np.errstate(divide="ignore", invalid="ignore"):
        per_infectious = np.where(felt > 0, known / felt, 0.0)
    mean = per_infectious @ shift.T
    seen = np.cumsum(weights[:days])[::-1] / pmf.sum()
    return CohortReproduction(
        mean=np.where(known > 0, mean, np.nan), seen_share=np.minimum(seen, 1.0), cases=cases
    )


def sampled_ancestries(
    counts: Sequence[float],
    serial_interval: Sequence[float],
    *,
    since: Sequence[int],
    until: Sequence[int],
    draws: int,
    chance: np.random.Generator,
) -> FloatArray:
    """
    Return cohort R over windows in `draws` simulated ancestries (draws x windows), for its uncertainty.

    In each draw every case picks its infector's day by the serial interval; whole counts are needed.

    >>> sampled_ancestries(
    ...     [1, 2, 4], [0, 1.0], since=[0], until=[2], draws=1, chance=np.random.default_rng(1)
    ... )
    array([[2.]])
    """
    cases = np.nan_to_num(count_matrix(list(counts))[0]).astype(np.int64)
    pmf = _checked_interval(serial_interval)
    caused = np.zeros((draws, cases.size))
    for day in np.flatnonzero(cases).tolist():
        lags: IntArray = np.arange(1, min(int(day), pmf.size - 1) + 1, dtype=np.int64)
        pull = pmf[lags] * cases[day - lags]
        if lags.size and pull.sum() > 0:
            caused[:, day - lags] += chance.multinomial(
                int(cases[day]), pull / pull.sum(), size=draws
            )
    answer = np.full((draws, len(since)), np.nan)
    for window, (first, past) in enumerate(zip(since, until, strict=True)):
        total = cases[first:past].sum()
        if total:
            answer[:, window] = caused[:, first:past].sum(axis=1) / total
    return answer


def discounted_reproduction(
    counts: ArrayLike,
    serial_interval: ArrayLike,
    *,
    imported: ArrayLike | None = None,
    discount: float = 0.85,
    prior_mean: float = 2.0,
    prior_sd: float = 2.0,
) -> ReproductionTable:
    """
    Return R of each day by a filter that forgets: yesterday's evidence counts `discount` of today's.

    Each day shape and rate move the share 1 - discount back to the prior, then take in the day's local
    cases and Lambda. A missing day forgets and learns nothing. Memory is about 1 / (1 - discount)
    days. After a long silence R returns to the prior and the state to "too few cases". One window per
    day from the second day on.

    >>> discounted_reproduction([4] * 30, [0, 0.5, 0.5]).mean[0, -1].round(1)
    np.float64(1.0)
    """
    if not 0 < discount < 1:
        raise ValueError(f"a discount lies between 0 and 1, got {discount}")
    local, brought = split_imports(counts, imported)
    days = local.shape[1]
    pmf = _checked_interval(serial_interval)
    felt = total_infectiousness(local, brought, pmf)
    prior = _prior(prior_mean, prior_sd)
    usable = ~np.isnan(local) & ~np.isnan(felt)
    shape, rate = np.full(local.shape, prior[0]), np.full(local.shape, prior[1])
    for day in range(1, days):
        seen = usable[:, day]
        for belief, start, news in ((shape, prior[0], local), (rate, prior[1], felt)):
            kept = discount * belief[:, day - 1] + (1 - discount) * start
            belief[:, day] = kept + np.where(seen, news[:, day], 0.0)
    since: IntArray = np.arange(1, max(days, 1), dtype=np.int64)
    too_early = since + 1 <= float(np.arange(pmf.size) @ pmf)
    heard: IntArray = np.cumsum(usable, axis=1, dtype=np.int64)[:, 1:]
    silent = (heard == 0) | too_early[None, :]
    return ReproductionTable(
        since=since,
        until=since + 1,
        shape=np.where(silent, np.nan, shape[:, 1:]),
        rate=np.where(silent, np.nan, rate[:, 1:]),
        cases=np.where(usable, local, 0.0)[:, 1:],
        days_used=heard,
        too_early=np.asarray(too_early),
        members=np.ones(local.shape[0], dtype=np.int64),
        prior_shape=prior[0],
        prior_rate=prior[1],
    )


def reproduction_numbers(
    areas: Sequence[AreaPath],
    counts: ArrayLike,
    serial_interval: ArrayLike,
    *,
    first_day: date,
    imported: ArrayLike | None = None,
    window_days: int = 7,
    windows_back: int = 1,
    level: float = 0.95,
    prior_mean: float = 2.0,
    prior_sd: float = 2.0,
    most_variation: float = MOST_VARIATION,
) -> tuple[tuple[ReproductionNumber, ...], ...]:
    """
    Return for each area its latest `windows_back` reproduction numbers, oldest first.

    `counts` is areas x days from `first_day`, NaN where nobody reported. The prior is weaker and lower
    than the reference package's (mean 2 rather than 5): late in an outbreak a prior of 5 pulls few
    cases upwards. Where the coefficient of variation stays above `most_variation` the state is "too
    few cases" and no number is given. A series shorter than its window has no numbers.

    >>> si = discretised_serial_interval(mean_days=2.6, sd_days=1.5, last_lag=20)
    >>> latest = reproduction_numbers(
    ...     ["44.4401."], [[3, 4, 6, 8, 9, 12, 14, 20, 22, 30]], si, first_day=date(2022, 10, 22)
    ... )[0][0]
    >>> latest.state.value, latest.until.isoformat(), round(latest.estimate.value, 1)
    ('estimated', '2022-11-01', 1.8)
    """
    table = reproduction_table(
        counts,
        serial_interval,
        imported=imported,
        window_days=window_days,
        prior_mean=prior_mean,
        prior_sd=prior_sd,
    )
    if len(areas) != table.shape.shape[0]:
        raise ValueError(f"{len(areas)} areas name {table.shape.shape[0]} rows of counts")
    return _numbers(areas, _latest(table, windows_back), first_day, level, most_variation)


def pooled_reproduction_numbers(
    areas: Sequence[AreaPath],
    counts: ArrayLike,
    serial_interval: ArrayLike,
    *,
    first_day: date,
    imported: ArrayLike | None = None,
    window_days: int = 7,
    level: float = 0.95,
    prior_mean: float = 2.0,
    prior_sd: float = 2.0,
    most_variation: float = MOST_VARIATION,
) -> tuple[PooledReproduction, ...]:
    """
    Return the latest reproduction number to show for each area, borrowing from around it where needed.

    The rule: an area speaks for itself where its cases bring the coefficient of variation of R down to
    `most_variation`; otherwise the smallest enclosing area (county, city, province) whose listed members
    together do so speaks for it. Where not even the province does, the area's own state stands. The
    listed areas must not contain one another: cases would count twice.

    >>> si = discretised_serial_interval(mean_days=2.6, sd_days=1.5, last_lag=20)
    >>> quiet, busy = pooled_reproduction_numbers(
    ...     ["44.4401.440103.", "44.4401.440105."],
    ...     [[0, 0, 0, 1, 0, 0, 0, 0, 0, 1], [3, 4, 6, 8, 9, 12, 14, 20, 22, 30]],
    ...     si,
    ...     first_day=date(2022, 10, 22),
    ... )
    >>> quiet.number.area, busy.number.area
    ('44.4401.', '44.4401.440105.')
    """
    for area in areas:
        for larger in ancestors_of(area):
            if larger in set(areas):
                raise ValueError(f"{larger} contains {area}; both would count its cases")
    table = _latest(
        reproduction_table(
            counts,
            serial_interval,
            imported=imported,
            window_days=window_days,
            prior_mean=prior_mean,
            prior_sd=prior_sd,
        ),
        1,
    )
    if len(areas) != table.shape.shape[0]:
        raise ValueError(f"{len(areas)} areas name {table.shape.shape[0]} rows of counts")
    groups: dict[AreaPath, list[int]] = {}
    for row, area in enumerate(areas):
        for larger in ancestors_of(area):
            groups.setdefault(larger, []).append(row)
    own = _numbers(areas, table, first_day, level, most_variation)
    together = (
        _numbers(
            list(groups), table.pooled(list(groups.values())), first_day, level, most_variation
        )
        if groups
        else ()
    )
    by_area = {numbers[0].area: numbers[0] for numbers in together if numbers}

    def speaker(number: ReproductionNumber) -> ReproductionNumber:
        if number.state is EstimateState.ESTIMATED:
            return number
        for larger in reversed(ancestors_of(number.area)):
            if by_area[larger].state is EstimateState.ESTIMATED:
                return by_area[larger]
        return number

    return tuple(
        PooledReproduction(area=numbers[0].area, number=speaker(numbers[0]))
        for numbers in own
        if numbers
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """
    Whose cases speak for an area, and what they say of R; `state` of the speaker.

    `windows_ago` is 0 where they speak of the newest window.
    """

    area: AreaPath
    windows_ago: int = 0
    posterior: GammaPosterior
    state: EstimateState
    cases: int
    missing_days: int


def speakers(
    areas: Sequence[AreaPath],
    counts: ArrayLike,
    serial_interval: ArrayLike,
    *,
    imported: ArrayLike | None = None,
    window_days: int = 7,
    prior_mean: float = 2.0,
    prior_sd: float = 2.0,
    most_variation: float = MOST_VARIATION,
    windows_back: int = 0,
) -> tuple[Speaker, ...]:
    """
    Return for each area who speaks for it: itself, or the smallest larger area with cases enough.

    The rule is that of `pooled_reproduction_numbers`, but listed areas may contain one another: a larger area that
    counts itself speaks by its own figures, one that does not by those of its listed members together. Where not
    even the largest has cases enough, up to `windows_back` earlier windows are asked in the same way; then the
    area's own posterior stands, wide as it is (the prior where nothing was reported), and the state says so.

    >>> si = discretised_serial_interval(mean_days=2.6, sd_days=1.5, last_lag=20)
    >>> found = speakers(["44.4401.", "44.4401.440105."],
    ...     [[3, 4, 6, 8, 9, 12, 14, 20, 22, 30], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]], si)
    >>> [each.area for each in found], round(found[1].posterior.mean, 1)
    (['44.4401.', '44.4401.'], 1.8)
    """
    table = _latest(
        reproduction_table(
            counts, serial_interval, imported=imported, window_days=window_days,
            prior_mean=prior_mean, prior_sd=prior_sd,
        ),
        1 + windows_back,
    )  # fmt: skip
    shape, rate = _prior(prior_mean, prior_sd)
    prior = GammaPosterior(shape=shape, rate=rate)
    listed = set(areas)
    groups: dict[AreaPath, list[int]] = {}
    for row, area in enumerate(areas):
        for larger in ancestors_of(area):
            within = [above for above in ancestors_of(area) if above.startswith(larger)]
            if larger not in listed and not listed & set(within):
                groups.setdefault(larger, []).append(row)
    if not table.since.size:
        silent = Speaker(
            area=AreaPath(""), posterior=prior, state=EstimateState.TOO_EARLY, cases=0, missing_days=0
        )  # fmt: skip
        return tuple(replace(silent, area=area) for area in areas)
    pooled = table.pooled(list(groups.values())) if groups else None
    days = int(table.until[-1] - table.since[-1])
    tables = [(table, list(areas)), *([(pooled, list(groups))] if pooled is not None else [])]
    states = [each.states(most_variation=most_variation) for each, _ in tables]
    place = {
        name: (i, row) for i, (_, names) in enumerate(tables) for row, name in enumerate(names)
    }

    def voice(name: AreaPath, back: int) -> Speaker:
        which, row = place[name]
        of, column = tables[which][0], -1 - back
        silent = np.isnan(of.shape[row, column])
        return Speaker(
            area=name, windows_ago=back,
            posterior=prior if silent else GammaPosterior(
                shape=float(of.shape[row, column]), rate=float(of.rate[row, column])
            ),
            state=states[which][row, column],
            cases=round(float(np.nan_to_num(of.cases[row, column]))),
            missing_days=max(int(days * of.members[row] - of.days_used[row, column]), 0),
        )  # fmt: skip

    def speaker(area: AreaPath) -> Speaker:
        for back in range(table.since.size):
            for candidate in (area, *reversed(ancestors_of(area))):
                if candidate in place:
                    which, row = place[candidate]
                    if states[which][row, -1 - back] is EstimateState.ESTIMATED:
                        return voice(candidate, back)
        return voice(area, 0)

    return tuple(speaker(area) for area in areas)


def _numbers(
    areas: Sequence[AreaPath],
    table: ReproductionTable,
    first_day: date,
    level: float,
    most_variation: float,
) -> tuple[tuple[ReproductionNumber, ...], ...]:
    states = table.states(most_variation=most_variation)
    low, high = table.quantiles([(1 - level) / 2, (1 + level) / 2])
    mean = table.mean
    days = table.until - table.since
    cases = np.nan_to_num(table.cases)
    missing = np.maximum(days[None, :] * table.members[:, None] - table.days_used, 0)

    def one(row: int, window: int) -> ReproductionNumber:
        cell = row, window
        known = states[cell] is EstimateState.ESTIMATED
        return ReproductionNumber(
            area=areas[row],
            since=first_day + timedelta(days=int(table.since[window])),
            until=first_day + timedelta(days=int(table.until[window])),
            state=states[cell],
            estimate=Estimate(
                value=float(mean[cell]), low=float(low[cell]), high=float(high[cell]), level=level
            )
            if known
            else None,
            cases=round(float(cases[cell])),
            missing_days=int(missing[cell]),
        )

    return tuple(
        tuple(one(row, window) for window in range(table.since.size)) for row in range(len(areas))
    )


def _latest(table: ReproductionTable, windows: int) -> ReproductionTable:
    keep = slice(max(table.since.size - windows, 0), None)
    return replace(
        table,
        since=table.since[keep],
        until=table.until[keep],
        shape=table.shape[:, keep],
        rate=table.rate[:, keep],
        cases=table.cases[:, keep],
        days_used=table.days_used[:, keep],
        too_early=table.too_early[keep],
    )
