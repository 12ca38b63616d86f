"""
Charts that add up evidence from day to day: CUSUM, likelihood-ratio and generalised likelihood-ratio charts.

Rossi, Lampugnani and Marchi 1999 (Stat Med 18: 2111-22); Pierce and Schafer 1986 (JASA 81: 977-986);
Hoehle and Paul 2008 (CSDA 52: 4357-68); Hoehle 2010 for shares of tests. They see a slow rise that no
single day shows. After an alarm a chart begins anew on the next day. A day nobody reported leaves a chart where it was.

Each chart has a plain form over one list of numbers, returning a `Chart`, and a matrix form. The loops over
days and starting points of the matrix forms of the GLR charts are compiled by Numba and kept on disk
(`cache=True`); the first call on a fresh machine takes some seconds longer.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numba import get_num_threads, njit
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import Judgement

from .verdicts import CODE, Floats, Surveillance, Verdicts, as_counts

Transform = Literal["standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One sequential chart: the statistic on each day, and whether it alarmed. NaN where nobody reported."""

    statistic: tuple[float, ...]
    alarm: tuple[bool, ...]


# CUSUM


def standardised(
    count: float, expected: float, transform: Transform, overdispersion: float = 0.1
) -> float:
    """
    Return how far a count lies from what is expected, in units that are nearly standard normal.

    `standard` (x-m)/sqrt(m); `rossi` and the two Anscombe forms correct the skew of small counts;
    `pearsonNegBin` has variance m + overdispersion m^2; `none` returns the count. Raises ValueError for an
    expected value that is not above zero or an unknown transform.

    >>> standardised(9, 4, "standard")
    2.5
    """
    if transform == "none":
        return count
    if not expected > 0:
        raise ValueError(f"expected {expected:g} must be above zero to standardise a count")
    x, m = count, expected
    if transform == "standard":
        return (x - m) / math.sqrt(m)
    if transform == "rossi":
        return (x - 3 * m + 2 * math.sqrt(x * m)) / (2 * math.sqrt(m))
    if transform == "anscombe":
        return float(1.5 * (x ** (2 / 3) - m ** (2 / 3)) / m ** (1 / 6))
    if transform == "anscombe2nd":
        centre = m ** (2 / 3) - m ** (-1 / 3) / 9
        return float((x ** (2 / 3) - centre) / (2 / 3 * m ** (1 / 6)))
    if transform == "pearsonNegBin":
        return (x - m) / math.sqrt(m + overdispersion * m * m)
    raise ValueError(f"no transform {transform!r}")


def cusum(
    counts: Sequence[float | None],
    *,
    expected: float | Sequence[float],
    slack: float = 1.04,
    limit: float = 2.26,
    transform: Transform = "rossi",
    overdispersion: float = 0.1,
    compat: Surveillance | None = None,
) -> Chart:
    """
    Add up each day's standardised count beyond `slack`; alarm when the sum reaches `limit`.

    None or NaN is a day nobody reported. With `compat` the sum is not set back after an alarm.
    Raises ValueError as `standardised` does. Source: see the module.

    >>> cusum([4, 5, 4, 12, 13, 4], expected=4).alarm
    (False, False, False, True, True, False)
    """
    means = [float(expected)] * len(counts) if isinstance(expected, int | float) else list(expected)
    total, statistic, alarm = 0.0, [], []
    for count, mean in zip(counts, means, strict=True):
        if count is None or math.isnan(count):
            statistic.append(math.nan)
            alarm.append(False)
            continue
        total = max(0.0, total + standardised(count, mean, transform, overdispersion) - slack)
        statistic.append(total)
        alarm.append(total >= limit)
        if alarm[-1] and not compat:
            total = 0.0
    return Chart(statistic=tuple(statistic), alarm=tuple(alarm))


def cusum_matrix(
    counts: ArrayLike,
    *,
    expected: ArrayLike,
    slack: float = 1.04,
    limit: float = 2.26,
    transform: Transform = "rossi",
    overdispersion: float = 0.1,
    compat: Surveillance | None = None,
) -> Verdicts:
    """
    Run one CUSUM per stream; the twin of `cusum`.

    `counts` (streams, days), NaN where nobody reported; `expected` broadcasts to that shape and must be
    above zero; where it is NaN the day is not judged for want of history. `threshold` is the count at
    which the chart would alarm that day, less one part in a million million, so that an alarm is a count above it; with `compat` it is the
    bound the peer exports. `score` is the sum. Raises ValueError for an expected value of zero or less.

    >>> cusum_matrix([[4, 5, 4, 12, 13, 4]], expected=4.0).alarm[0].tolist()
    [False, False, False, True, True, False]
    """
    y = as_counts(counts)
    mean = np.broadcast_to(np.asarray(expected, dtype=float), y.shape)
    if (mean <= 0).any() and transform != "none":
        raise ValueError("expected must be above zero everywhere to standardise counts")
    seen, known = ~np.isnan(y), ~np.isnan(mean)
    usable = seen & known
    z = _standardised(
        np.where(usable, y, 1.0), np.where(known, mean, 1.0), transform, overdispersion
    )
    total = np.zeros(len(y))
    score, threshold = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    alarm = np.zeros(y.shape, bool)
    for day in range(y.shape[1]):
        room = limit + slack - total
        m = mean[:, day]
        threshold[:, day] = (
            _peer_bound(m, total, slack, limit, transform, overdispersion)
            if compat
            else _reaching(room, m, transform, overdispersion)
        )
        use = usable[:, day]
        total = np.where(use, np.maximum(0.0, total + z[:, day] - slack), total)
        alarm[:, day] = use & (total >= limit)
        score[use, day] = total[use]
        if compat and transform == "none":  # the peer's bound is what today's sum leaves
            threshold[:, day] = np.maximum(0.0, limit - total)
        if not compat:
            total = np.where(alarm[:, day], 0.0, total)
    return _charted("CUSUM", y, mean, threshold, score, alarm, known)


def _standardised(x: Floats, m: Floats, transform: Transform, a: float) -> Floats:
    if transform == "standard":
        z = (x - m) / np.sqrt(m)
    elif transform == "rossi":
        z = (x - 3 * m + 2 * np.sqrt(x * m)) / (2 * np.sqrt(m))
    elif transform == "anscombe":
        z = 1.5 * (x ** (2 / 3) - m ** (2 / 3)) / m ** (1 / 6)
    elif transform == "anscombe2nd":
        z = (x ** (2 / 3) - (m ** (2 / 3) - m ** (-1 / 3) / 9)) / (2 / 3 * m ** (1 / 6))
    elif transform == "pearsonNegBin":
        z = (x - m) / np.sqrt(m + a * m * m)
    elif transform == "none":
        z = x
    else:
        raise ValueError(f"no transform {transform!r}")
    return np.asarray(z, dtype=float)


def _reaching(room: Floats, m: Floats, transform: Transform, a: float) -> Floats:
    """Return just below the count whose standardised value is `room`."""
    with np.errstate(invalid="ignore"):
        if transform == "standard":
            count = m + room * np.sqrt(m)
        elif transform == "rossi":
            # with r = sqrt(x): r^2 + 2 sqrt(m) r - 3 m - 2 sqrt(m) room = 0
            count = (
                np.maximum(np.sqrt(np.maximum(4 * m + 2 * np.sqrt(m) * room, 0)) - np.sqrt(m), 0)
                ** 2
            )
        elif transform == "anscombe":
            count = np.maximum(m ** (2 / 3) + room * m ** (1 / 6) / 1.5, 0) ** 1.5
        elif transform == "anscombe2nd":
            centre = m ** (2 / 3) - m ** (-1 / 3) / 9
            count = np.maximum(centre + room * 2 / 3 * m ** (1 / 6), 0) ** 1.5
        elif transform == "pearsonNegBin":
            count = m + room * np.sqrt(m + a * m * m)
        else:
            count = room
    return np.asarray(np.maximum(count, 0.0) * (1 - 1e-12))


def _peer_bound(
    m: Floats, total: Floats, k: float, h: float, transform: Transform, a: float
) -> Floats:
    """Return the bound the peer exports; its second Anscombe form has the sign of one term turned round."""
    room = h + k - total
    root = np.sqrt(m)
    with np.errstate(invalid="ignore"):
        if transform == "standard":
            bound = np.ceil(root * room + m)
        elif transform == "rossi":
            bound = (
                2 * h * root + 2 * k * root - 2 * total * root + 5 * m
                - 2 * np.sqrt(4 * m * m + 2 * m**1.5 * room)
            )  # fmt: skip
        elif transform == "anscombe":
            base = 2 / 3 * m ** (1 / 6) * room + m ** (2 / 3)
            bound = np.where(base < 0, 0.0, np.abs(base) ** 1.5)
        elif transform == "anscombe2nd":
            base = 2 / 3 * m ** (1 / 6) * room + m ** (2 / 3) - m ** (1 / 3) / 9
            bound = np.where(base < 0, 0.0, np.abs(base) ** 1.5)
        elif transform == "pearsonNegBin":
            bound = np.sqrt(m + a * m * m) * room + m
        else:
            bound = room - k
    return np.asarray(np.where(np.isnan(bound) | (bound < 0), 0.0, bound))


def _charted(
    method: str,
    y: Floats,
    mean: Floats,
    threshold: Floats,
    score: Floats,
    alarm: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> Verdicts:
    seen = ~np.isnan(y)
    judgement = np.full(y.shape, CODE[Judgement.JUDGED], np.int8)
    judgement[~known] = CODE[Judgement.SHORT_HISTORY]
    judgement[~seen] = CODE[Judgement.NOT_REPORTED]
    reported = np.cumsum(seen, axis=1)
    return Verdicts(
        method=method,
        observed=y,
        expected=np.where(known, mean, np.nan),
        sd=np.sqrt(np.where(known, mean, np.nan)),
        threshold=threshold,
        score=score,
        alarm=alarm,
        judgement=judgement,
        baseline=(reported - seen).astype(np.int32),
        baseline_missing=(np.arange(y.shape[1]) - (reported - seen)).astype(np.int32),
    )


# The in-control mean


def seasonal_mean(
    counts: ArrayLike,
    *,
    train_until: int,
    period: int = 52,
    harmonics: int = 1,
    trend: bool = True,
    overdispersion: float | None = None,
    until: int | None = None,
) -> Floats:
    """
    Return what each stream's first `train_until` intervals foretell for all: trend and yearly waves.

    A log-linear Poisson model (negative binomial with variance m + overdispersion m^2 where that is given)
    with `harmonics` waves of `period` intervals. `counts` (streams, intervals), NaN where nobody reported;
    the answer has `until` columns (default: as many as the counts). A stream without a case in its
    training, or whose fit does not converge, is NaN throughout: it has no history to judge by.

    >>> import numpy as np
    >>> seasonal_mean(np.full((1, 60), 4.0), train_until=52, harmonics=0, trend=False)[0, -1].round(6)
    np.float64(4.0)
    """
    y = as_counts(counts)
    columns = y.shape[1] if until is None else until
    if not 1 <= train_until <= y.shape[1]:
        raise ValueError(f"train_until {train_until} lies outside the {y.shape[1]} intervals")
    t = np.arange(1, columns + 1, dtype=float)
    parts = [np.ones(columns)]
    if trend:
        parts.append((t - train_until / 2) / max(train_until, 1))
    for wave in range(1, harmonics + 1):
        angle = 2 * np.pi * wave * t / period
        parts += [np.cos(angle), np.sin(angle)]
    X = np.column_stack(parts)
    train = y[:, :train_until]
    mask = (~np.isnan(train)).astype(float)
    cases = np.where(np.isnan(train), 0.0, train)
    able = (cases.sum(axis=1) > 0) & (mask.sum(axis=1) > X.shape[1])
    means = np.full((len(y), columns), np.nan)
    for row in np.flatnonzero(able):
        beta = _glm(X[:train_until], cases[row], mask[row], overdispersion or 0.0)
        if beta is not None:
            means[row] = np.exp(np.minimum(X @ beta, 18.0))
    return means


def _glm(X: Floats, y: Floats, prior: Floats, alpha: float) -> Floats | None:
    """Fit by iterated least squares to a relative change of the deviance of 1e-8; None without convergence."""
    mean = np.where(y == 0, 1 / 6, y) if alpha else y + 0.1
    eta = np.log(mean)
    deviance = math.inf
    for _ in range(50):
        weights = prior * mean / (1 + alpha * mean)
        right = X.T @ (weights * (eta + (y - mean) / mean))
        beta = np.linalg.lstsq(X.T @ (X * weights[:, None]), right, rcond=None)[0]
        eta = np.minimum(X @ beta, 700.0)
        mean = np.maximum(np.exp(eta), np.finfo(float).eps)
        ratio = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mean), 0.0)
        if alpha:
            unit = ratio - (y + 1 / alpha) * np.log((1 + alpha * y) / (1 + alpha * mean))
        else:
            unit = ratio - (y - mean)
        before, deviance = deviance, float(2 * (prior * unit).sum())
        if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            return np.asarray(beta, dtype=float)
    return None


def overdispersion_of(counts: ArrayLike, expected: ArrayLike) -> Floats:
    """
    Return, per stream, the alpha of variance m + alpha m^2 that is likeliest given the means; 0 for Poisson.

    `counts` and `expected` have the shape (streams, days); days that are NaN in either are left out.
    Newton's method on the logarithm of alpha.

    >>> import numpy as np
    >>> counts = np.random.default_rng(1).negative_binomial(2, 2 / 12, (1, 5000))
    >>> abs(overdispersion_of(counts, np.full((1, 5000), 10.0))[0] - 0.5) < 0.05
    np.True_
    """
    y = as_counts(counts)
    m = np.broadcast_to(np.asarray(expected, dtype=float), y.shape)
    use = ~(np.isnan(y) | np.isnan(m))
    y, m = np.where(use, y, 0.0), np.where(use, m, 1.0)
    excess = (np.where(use, (y - m) ** 2 - m, 0.0)).sum(axis=1)
    scale = np.where(use, m * m, 0.0).sum(axis=1)
    theta = np.clip(scale / np.maximum(excess, 1e-9), 1e-3, 1e6)
    for _ in range(50):
        t = theta[:, None]
        slope = (special.digamma(y + t) - special.digamma(t) + np.log(t) + 1 - np.log(t + m)
                 - (y + t) / (t + m))  # fmt: skip
        bend = (special.polygamma(1, y + t) - special.polygamma(1, t) + 1 / t - 2 / (t + m)
                + (y + t) / (t + m) ** 2)  # fmt: skip
        slope = np.where(use, slope, 0.0).sum(axis=1)
        bend = np.where(use, bend, 0.0).sum(axis=1)
        curved = bend * theta * theta + slope * theta
        step = np.where(curved < 0, -slope * theta / np.minimum(curved, -1e-12), np.sign(slope))
        theta = np.clip(theta * np.exp(np.clip(step, -2, 2)), 1e-6, 1e8)
        if (np.abs(step) < 1e-9).all():
            break
    return np.asarray(np.where(excess <= 0, 0.0, 1 / theta))


# Likelihood ratio with a given rise


def lr_chart(
    counts: Sequence[float | None],
    *,
    expected: Sequence[float],
    rise: float,
    limit: float = 5.0,
    overdispersion: float = 0.0,
) -> Chart:
    """
    Add up the evidence for a rise of the log mean by `rise` against none; alarm when it exceeds `limit`.

    Poisson, or negative binomial with variance m + overdispersion m^2. None or NaN: nobody reported.

    >>> lr_chart([4, 5, 4, 16, 4], expected=[4] * 5, rise=0.7).alarm
    (False, False, False, True, False)
    """
    total, statistic, alarm = 0.0, [], []
    for count, mean in zip(counts, expected, strict=True):
        if count is None or math.isnan(count):
            statistic.append(math.nan)
            alarm.append(False)
            continue
        total = max(0.0, total + rise * count + _against(count, mean, rise, overdispersion))
        statistic.append(total)
        alarm.append(total > limit)
        total = 0.0 if alarm[-1] else total
    return Chart(statistic=tuple(statistic), alarm=tuple(alarm))


def _against(count: float, mean: float, rise: float, alpha: float) -> float:
    """Return the part of the log likelihood ratio that does not multiply the count by the rise."""
    if alpha == 0:
        return (1 - math.exp(rise)) * mean
    return (count + 1 / alpha) * math.log((1 + alpha * mean) / (1 + alpha * mean * math.exp(rise)))


def lr_matrix(
    counts: ArrayLike,
    *,
    expected: ArrayLike,
    rise: float,
    limit: float = 5.0,
    overdispersion: ArrayLike = 0.0,
) -> Verdicts:
    """
    Run one likelihood-ratio chart per stream; the twin of `lr_chart`.

    Shapes and missing days as in `cusum_matrix`; `overdispersion` is one number or one per stream (0:
    Poisson). `threshold` is the number of cases above which the chart alarms that day, `score` the sum.

    >>> lr_matrix([[4, 5, 4, 16, 4]], expected=4.0, rise=0.7).alarm[0].tolist()
    [False, False, False, True, False]
    """
    y = as_counts(counts)
    mean = np.broadcast_to(np.asarray(expected, dtype=float), y.shape)
    alpha = np.broadcast_to(np.asarray(overdispersion, dtype=float), len(y))
    if not rise > 0:
        raise ValueError(f"rise {rise:g} must be above zero")
    poisson = alpha == 0
    safe = np.where(poisson, 1.0, alpha)
    seen, known = ~np.isnan(y), ~np.isnan(mean)
    total = np.zeros(len(y))
    score, threshold = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    alarm = np.zeros(y.shape, bool)
    for day in range(y.shape[1]):
        m = mean[:, day]
        ratio = np.log((1 + safe * m) / (1 + safe * m * math.exp(rise)))
        fixed = np.where(poisson, (1 - math.exp(rise)) * m, ratio / safe)
        each = np.where(poisson, rise, rise + ratio)
        threshold[:, day] = (limit - total - fixed) / each
        use = seen[:, day] & known[:, day]
        x = np.where(use, y[:, day], 0.0)
        total = np.where(use, np.maximum(0.0, total + each * x + fixed), total)
        alarm[:, day] = use & (total > limit)
        score[use, day] = total[use]
        total = np.where(alarm[:, day], 0.0, total)
    return _charted("LR chart", y, mean, threshold, score, alarm, known)


# Generalised likelihood ratio


def glr_chart(
    counts: Sequence[float | None],
    *,
    expected: Sequence[float],
    limit: float = 5.0,
    window: int | None = None,
    shortest: int = 0,
    overdispersion: float = 0.0,
    falling: bool = False,
) -> Chart:
    """
    Ask on each day which start and size of a rise would explain the counts best; alarm at `limit`.

    The start is searched over the last `window` + 1 days (None: since the chart began); a rise must be
    `shortest` + 1 days long. With `falling` it looks for a decrease (Poisson only). Otherwise as `lr_chart`.
    The statistic is the log likelihood ratio of the best start; the chart begins anew after an alarm.

    >>> glr_chart([4, 5, 4, 7, 8, 9, 9], expected=[4] * 7, limit=5).alarm
    (False, False, False, False, False, False, True)
    """
    kept: list[tuple[float, float]] = []
    statistic, alarm = [], []
    for count, mean in zip(counts, expected, strict=True):
        if count is None or math.isnan(count):
            statistic.append(math.nan)
            alarm.append(False)
            continue
        kept.append((count, mean))
        last = len(kept) - 1
        first = 0 if window is None else max(0, last - window)
        best = 0.0
        for start in range(first, last - shortest + 1):
            best = max(best, _segment(kept[start:], overdispersion, falling))
        statistic.append(best)
        alarm.append(best >= limit)
        if alarm[-1]:
            kept = []
    return Chart(statistic=tuple(statistic), alarm=tuple(alarm))


def _segment(days: list[tuple[float, float]], alpha: float, falling: bool) -> float:
    """Return the log likelihood ratio of the best common factor for some days against no change."""
    cases, means = sum(x for x, _ in days), sum(m for _, m in days)
    if alpha == 0:
        if cases == 0:
            return means if falling else 0.0
        rise = math.log(cases / means)
        rise = min(0.0, rise) if falling else max(0.0, rise)
        return rise * cases + (1 - math.exp(rise)) * means
    rise = 0.5
    for _ in range(100):
        factor = math.exp(rise)
        up = sum((x - factor * m) / (1 + alpha * factor * m) for x, m in days)
        down = sum(m * (alpha * x + 1) / (1 + alpha * factor * m) ** 2 for x, m in days) * factor
        step = max(-2.0, min(2.0, up / down))
        rise = max(-18.0, rise + step)
        if abs(step) < 1e-9 or rise == -18.0:
            break
    rise = max(0.0, rise)
    return sum(rise * x + _against(x, m, rise, alpha) for x, m in days)


def glr_matrix(
    counts: ArrayLike,
    *,
    expected: ArrayLike,
    limit: float = 5.0,
    window: int | None = None,
    shortest: int = 0,
    overdispersion: ArrayLike = 0.0,
    falling: bool = False,
    thresholds: bool = True,
    compat: Surveillance | None = None,
) -> Verdicts:
    """
    Run one generalised likelihood-ratio chart per stream; the twin of `glr_chart`.

    Shapes and missing days as in `cusum_matrix`, compiled by Numba. `threshold` is the largest count that
    would not have alarmed that day (NaN where `thresholds` is False, or with `falling`, or when no count would); `score` is the
    statistic. With `compat` a falling chart is blind to a run without any case, as the peer's is. Raises
    ValueError for a `falling` chart with overdispersion.

    >>> glr_matrix([[4, 5, 4, 7, 8, 9, 9]], expected=4.0).alarm[0].tolist()
    [False, False, False, False, False, False, True]
    """
    y = as_counts(counts)
    mean = np.broadcast_to(np.asarray(expected, dtype=float), y.shape)
    alpha = np.broadcast_to(np.asarray(overdispersion, dtype=float), len(y)).copy()
    if falling and (alpha > 0).any():
        raise ValueError("a falling chart is Poisson only; overdispersion must be 0")
    if shortest < 0 or (window is not None and window < shortest):
        raise ValueError(f"window {window} must be at least the {shortest} of shortest")
    score, threshold = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    alarm = np.zeros(y.shape, np.bool_)
    reach = -1 if window is None else window
    y, mean = np.ascontiguousarray(y), np.ascontiguousarray(mean)
    hull = window is None and not shortest and not falling

    def part(rows: slice) -> None:
        _glr_streams(
            y[rows], mean[rows], alpha[rows], limit, reach, shortest, falling, compat is not None,
            thresholds and not falling, hull, score[rows], threshold[rows], alarm[rows],
        )  # fmt: skip

    _in_parts(part, len(y))
    name = "GLR chart falling" if falling else "GLR chart"
    return _charted(name, y, mean, threshold, score, alarm, ~np.isnan(mean))


_ROWS_A_THREAD = 10_000


def _in_parts(work: Callable[[slice], None], rows: int) -> None:
    """Let as many threads as Numba may use, at most four, do the rows; few rows are not worth a second one."""
    threads = max(1, min(4, get_num_threads(), rows // _ROWS_A_THREAD))
    edges = [rows * i // threads for i in range(threads + 1)]
    parts = [slice(since, until) for since, until in pairwise(edges)]
    if threads == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))


@njit(cache=True, nogil=True)
def _glr_streams(
    y: Floats,
    mean: Floats,
    alpha: Floats,
    limit: float,
    reach: int,
    shortest: int,
    falling: bool,
    peer: bool,
    thresholds: bool,
    hull: bool,
    score: Floats,
    threshold: Floats,
    alarm: NDArray[np.bool_],
) -> None:
    streams, days = y.shape
    x, m, slope, bend = np.empty(days), np.empty(days), np.empty(days), np.empty(days)
    for s in range(streams):
        if hull and alpha[s] == 0.0:
            _poisson_hull(y[s], mean[s], limit, thresholds, score[s], threshold[s], alarm[s], x, m)
            continue
        n, least = 0, np.inf
        for day in range(days):
            if np.isnan(mean[s, day]):
                continue
            x[n], m[n] = y[s, day], mean[s, day]
            if thresholds:
                if alpha[s] == 0.0:
                    threshold[s, day] = _poisson_cases(x, m, n, limit, reach, shortest) - 1
                else:
                    least = _nb_cases(x, m, slope, bend, n, limit, reach, shortest, alpha[s], least)
                    threshold[s, day] = least - 1
            if np.isnan(y[s, day]):
                continue
            if alpha[s] == 0.0:
                best = _poisson_glr(x, m, n, reach, shortest, falling, peer)
            else:
                _derive(x, m, slope, bend, n, alpha[s])
                best, _ = _nb_glr(x, m, slope, bend, n, reach, shortest, alpha[s], 0.0)
            score[s, day] = best
            n += 1
            if best >= limit:
                alarm[s, day] = True
                n = 0


@njit(cache=True, nogil=True)
def _poisson_hull(
    y: Floats,
    mean: Floats,
    limit: float,
    thresholds: bool,
    score: Floats,
    threshold: Floats,
    alarm: NDArray[np.bool_],
    hull_m: Floats,
    hull_x: Floats,
) -> None:
    """
    Chart one stream without a window: of all starts only the corners of a hull are asked.

    With M and X the sums of means and cases before a start, the evidence is a convex function of that point and the count that
    alarms a concave one; so the best start lies on the lower convex hull of all points, of which there are few.
    """
    size, means, cases, fresh = 0, 0.0, 0.0, True
    for day in range(len(y)):
        if np.isnan(mean[day]):
            continue
        if fresh:
            while size > 1 and (
                (hull_x[size - 1] - hull_x[size - 2]) * (means - hull_m[size - 1])
                >= (cases - hull_x[size - 1]) * (hull_m[size - 1] - hull_m[size - 2])
            ):
                size -= 1
            hull_m[size], hull_x[size] = means, cases
            size += 1
            fresh = False
        if thresholds:
            least = np.inf
            for k in range(size - 1, -1, -1):
                span, past = means + mean[day] - hull_m[k], cases - hull_x[k]
                least = min(least, _reaching_cases(span, past, limit, least))
            threshold[day] = least - 1
        if np.isnan(y[day]):
            continue
        means += mean[day]
        cases += y[day]
        best = 0.0
        for k in range(size - 1, -1, -1):
            seen, span = cases - hull_x[k], means - hull_m[k]
            more = seen - span
            if more > 0 and more * more > 2 * span * best:
                best = max(best, seen * math.log(seen / span) - more)
        score[day] = best
        fresh = True
        if best >= limit:
            alarm[day] = True
            size, means, cases = 0, 0.0, 0.0


@njit(cache=True, nogil=True)
def _reaching_cases(means: float, past: float, limit: float, least: float) -> float:
    """
    Return the count today with which a start reaches the limit, infinite where it cannot lie below `least`.

    With u = sqrt(2 limit / means) the total needed is at least means (1 + u), and at least means (1 + u + u^2 / 6 - u^3 / 72).
    """
    room = least - 1 + past - means + 1e-6
    if room <= 0 or room * room < 2 * means * limit:
        return np.inf
    far = math.sqrt(2 * limit / means)
    total = means * (1 + far + far * far * (1 / 6 - far / 72))
    if total - past > least - 1 + 1e-6:
        return np.inf
    total = max(total, means * (1 + far))
    for _ in range(60):
        log = math.log(total / means)
        step = (total * log + means - total - limit) / log
        total -= step
        if abs(step) < 1e-10 * total:
            break
    return max(0.0, math.ceil(total - past - 1e-9))


@njit(cache=True, nogil=True)
def _poisson_glr(
    x: Floats, m: Floats, n: int, reach: int, shortest: int, falling: bool, peer: bool
) -> float:
    """
    Return the evidence of the best start, going back from today.

    The evidence is at most (cases - means)^2 / (2 means), so a start that cannot beat the best so far costs no logarithm.
    """
    first = 0 if reach < 0 else max(0, n - reach)
    cases, means, best = 0.0, 0.0, 0.0
    for back in range(n, first - 1, -1):
        cases += x[back]
        means += m[back]
        if n - back < shortest:
            continue
        if falling:
            if cases == 0.0:
                best = max(best, 0.0 if peer else means)
            elif cases < means:
                best = max(best, cases * math.log(cases / means) + means - cases)
        elif cases > means:
            more = cases - means
            if more * more > 2 * means * best:
                best = max(best, cases * math.log(cases / means) - more)
    return best


@njit(cache=True, nogil=True)
def _poisson_cases(x: Floats, m: Floats, n: int, limit: float, reach: int, shortest: int) -> float:
    """Return the smallest count today that alarms: per start, the total that reaches the limit, less the past."""
    first = 0 if reach < 0 else max(0, n - reach)
    past, means, least = 0.0, 0.0, np.inf
    for back in range(n, first - 1, -1):
        means += m[back]
        if back < n:
            past += x[back]
        if n - back >= shortest:
            least = min(least, _reaching_cases(means, past, limit, least))
    return least


@njit(cache=True, nogil=True, fastmath=True)
def _nb_glr(
    x: Floats,
    m: Floats,
    slope: Floats,
    bend: Floats,
    n: int,
    reach: int,
    shortest: int,
    alpha: float,
    care: float,
) -> tuple[float, float]:
    """
    Return the evidence of the best start and its factor; `slope` and `bend` are its derivatives, day by day, where there is no rise.

    The evidence of a start grows from zero as the factor u of the rise goes up from 1, with a slope that is convex in u before it is
    divided by u. So a start whose slope at 1 is not above zero has none, and the chord from there to a factor that is
    surely too large bounds it. The start that looks best by slope^2 / bend is solved first; the others only where their bound is higher. Where only being above or below `care` matters (0 otherwise)
    what cannot change that is left out.
    """
    first = 0 if reach < 0 else max(0, n - reach)
    up, down, told, lead = 0.0, 0.0, 0.0, -1
    lead_up, lead_down = 0.0, 0.0
    for start in range(n, first - 1, -1):
        up += slope[start]
        down += bend[start]
        if n - start >= shortest and up > 0 and up * up > told * down:
            told, lead, lead_up, lead_down = up * up / down, start, up, down
    if lead < 0:
        return 0.0, 1.0
    best, factor = _nb_segment(x, m, lead, n, alpha, lead_up, lead_down)
    if 0 < care <= best:
        return best, factor
    up, down, least = 0.0, 0.0, m[n]
    for start in range(n, first - 1, -1):
        up += slope[start]
        down += bend[start]
        least = min(least, m[start])
        if n - start < shortest or up <= 0 or start == lead:
            continue
        if up * up * (1 + alpha * least) <= 2 * (n + 1 - start) * least * max(best, care):
            continue
        other, risen = _nb_segment(x, m, start, n, alpha, up, down)
        if other > best:
            best, factor = other, risen
    return best, factor


@njit(cache=True, nogil=True, fastmath=True)
def _nb_segment(
    x: Floats, m: Floats, start: int, n: int, alpha: float, up: float, down: float
) -> tuple[float, float]:
    """
    Return the evidence that the days from `start` to `n` share a factor above one, and the likeliest factor.

    With H(u) the sum of (x + 1/alpha) / (1 + alpha m u), the likeliest factor has H(u) = days / alpha. The reciprocal of H is concave and
    nearly straight in u (straight where all means are equal), so Newton's method on it comes from below and takes a step or two.
    `up` and `down` are the slope and the bend at u = 1, which give the first step.
    """
    days = n + 1 - start
    factor = 1 + up * (1 + up * alpha / days) / down
    for _ in range(50):
        whole, fall = 0.0, 0.0
        for t in range(start, n + 1):
            wide = 1 / (1 + alpha * m[t] * factor)
            part = (x[t] + 1 / alpha) * wide
            whole += part
            fall += part * alpha * m[t] * wide
        step = whole * (whole * alpha / days - 1) / fall
        factor += step
        # the next step would be below 1e-9, and the evidence is flat there
        if abs(step) < 1e-5 * factor:
            break
    if factor <= 1:
        return 0.0, 1.0
    total, cases = 0.0, 0.0
    for t in range(start, n + 1):
        cases += x[t]
        total += (x[t] + 1 / alpha) * math.log((1 + alpha * m[t]) / (1 + alpha * m[t] * factor))
    return max(0.0, total + cases * math.log(factor)), factor


@njit(cache=True, nogil=True)
def _nb_cases(
    x: Floats,
    m: Floats,
    slope: Floats,
    bend: Floats,
    n: int,
    limit: float,
    reach: int,
    shortest: int,
    alpha: float,
    before: float,
) -> float:
    """
    Return the smallest count today that alarms, by tangents from `before`, that of the day before.

    The evidence is the highest of many straight lines in today's count, so it is convex in it: a tangent reaches the limit at a count
    that alarms.
    """
    if n < shortest:
        return np.inf
    today, low, high = x[n], -1.0, np.inf
    count = math.ceil(m[n] + 3 * math.sqrt(m[n] * (1 + alpha * m[n]))) + 2.0
    if before < 1e9:
        count = before
    while high - low > 1 and low < 1e9:
        x[n] = count
        _derive(x, m, slope, bend, n, alpha)
        best, factor = _nb_glr(x, m, slope, bend, n, reach, shortest, alpha, limit)
        if best >= limit:
            high = count
        else:
            low = count
        steep = math.log(factor * (1 + alpha * m[n]) / (1 + alpha * m[n] * factor))
        to = 2 * count + 8
        if steep > 1e-9:
            to = math.ceil(count - (best - limit) / steep - 1e-9)
        count = min(max(to, low + 1), high - 1)
    x[n] = today
    return high


@njit(cache=True, nogil=True)
def _derive(x: Floats, m: Floats, slope: Floats, bend: Floats, t: int, alpha: float) -> None:
    """Set how fast the evidence of day `t` grows where there is no rise, and how that bends."""
    wide = 1 / (1 + alpha * m[t])
    slope[t] = (x[t] - m[t]) * wide
    bend[t] = m[t] * (alpha * x[t] + 1) * wide * wide


def epidemic_chart(
    counts: Sequence[float | None],
    *,
    expected: Sequence[float],
    spread: float | None = None,
    limit: float = 5.0,
    window: int | None = None,
) -> Chart:
    """
    Look for infection from one interval to the next: mean m + spread x (count before) against m alone.

    `spread` is the number of cases one case causes in the next interval; None lets each start choose the
    one between 0 and 20 that explains most. The start is searched over the last `window` + 1 intervals;
    alarm when the evidence exceeds `limit`.

    >>> epidemic_chart([1, 0, 1, 3, 6, 12], expected=[1] * 6, spread=1.5).alarm
    (False, False, False, False, True, True)
    """
    kept: list[tuple[float, float, float]] = []
    before = 0.0
    statistic, alarm = [], []
    for count, mean in zip(counts, expected, strict=True):
        if count is None or math.isnan(count):
            statistic.append(math.nan)
            alarm.append(False)
            before = 0.0
            continue
        kept.append((count, before, mean))
        before = count
        first = 0 if window is None else max(0, len(kept) - 1 - window)
        best = max(_epidemic_segment(kept[start:], spread) for start in range(first, len(kept)))
        best = max(0.0, best)
        statistic.append(best)
        alarm.append(best > limit)
        if alarm[-1]:
            kept = []
    return Chart(statistic=tuple(statistic), alarm=tuple(alarm))


def _epidemic_segment(days: list[tuple[float, float, float]], spread: float | None) -> float:
    if spread is None:
        low, high = 0.0, 20.0
        for _ in range(60):  # the evidence is concave in the spread
            spread = (low + high) / 2
            slope = sum(x * b / (m + spread * b) - b for x, b, m in days)
            low, high = (spread, high) if slope > 0 else (low, spread)
        spread = (low + high) / 2
    return sum(x * math.log(spread * b / m + 1) - spread * b for x, b, m in days)


# Shares of tests


def binomial_cusum(
    positive: Sequence[float | None],
    tests: Sequence[float | None],
    *,
    quiet_share: float,
    odds_ratio: float = 1.5,
    limit: float = 5.0,
) -> Chart:
    """
    Add up the evidence that the odds of a positive test are `odds_ratio` times those of quiet days.

    `positive` of `tests` each day; a day without tests, or not reported, leaves the sum unchanged. Raises
    ValueError for more positives than tests or a share outside 0 to 1. Source: see the module.

    >>> binomial_cusum([1, 2, 9, 12], [100] * 4, quiet_share=0.01, odds_ratio=3, limit=5).alarm
    (False, False, True, True)
    """
    if not 0 < quiet_share < 1:
        raise ValueError(f"quiet_share {quiet_share:g} must lie between 0 and 1")
    odds = quiet_share / (1 - quiet_share) * odds_ratio
    raised = odds / (1 + odds)
    gain, loss = math.log(raised / quiet_share), math.log((1 - raised) / (1 - quiet_share))
    total, statistic, alarm = 0.0, [], []
    for day, (found, taken) in enumerate(zip(positive, tests, strict=True)):
        if found is None or taken is None or math.isnan(found) or math.isnan(taken):
            statistic.append(math.nan)
            alarm.append(False)
            continue
        if not 0 <= found <= taken:
            raise ValueError(f"{found:g} positive of {taken:g} tests on day {day}")
        if taken:
            total = max(0.0, total + found * gain + (taken - found) * loss)
        statistic.append(total)
        alarm.append(total > limit)
        total = 0.0 if alarm[-1] else total
    return Chart(statistic=tuple(statistic), alarm=tuple(alarm))


def binomial_cusum_matrix(
    positive: ArrayLike,
    tests: ArrayLike,
    *,
    quiet_share: ArrayLike,
    odds_ratio: float = 1.5,
    limit: float = 5.0,
) -> Verdicts:
    """
    Run one binomial CUSUM per stream; the twin of `binomial_cusum`.

    `positive` and `tests` (streams, days), NaN where nobody reported; `quiet_share` one number or one per
    stream. `expected` is the number of positives on a quiet day, `threshold` the number above which the chart alarms.

    >>> binomial_cusum_matrix([[1, 9]], [[100, 100]], quiet_share=0.01, odds_ratio=3).alarm[0].tolist()
    [False, True]
    """
    y, taken = as_counts(positive), as_counts(tests)
    if y.shape != taken.shape:
        raise ValueError(f"positive has shape {y.shape}, tests has {taken.shape}")
    share = np.broadcast_to(np.asarray(quiet_share, dtype=float), len(y))
    if not ((share > 0) & (share < 1)).all():
        raise ValueError("quiet_share must lie between 0 and 1")
    if (y > taken).any():
        row, day = (int(i) for i in np.argwhere(y > taken)[0])
        raise ValueError(
            f"{y[row, day]:g} positive of {taken[row, day]:g} tests, stream {row}, day {day}"
        )
    odds = share / (1 - share) * odds_ratio
    raised = odds / (1 + odds)
    gain, loss = np.log(raised / share), np.log((1 - raised) / (1 - share))
    usable = ~(np.isnan(y) | np.isnan(taken))
    total = np.zeros(len(y))
    score, threshold = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    alarm = np.zeros(y.shape, bool)
    for day in range(y.shape[1]):
        use = usable[:, day]
        x, n = np.where(use, y[:, day], 0.0), np.where(use, taken[:, day], 0.0)
        room = (limit - total - taken[:, day] * loss) / (gain - loss)
        threshold[:, day] = np.where(taken[:, day] > 0, room, np.nan)
        total = np.where(use & (n > 0), np.maximum(0.0, total + x * gain + (n - x) * loss), total)
        alarm[:, day] = use & (total > limit)
        score[use, day] = total[use]
        total = np.where(alarm[:, day], 0.0, total)
    expected = taken * share[:, None]
    return _charted("binomial CUSUM", y, expected, threshold, score, alarm, np.ones(y.shape, bool))
