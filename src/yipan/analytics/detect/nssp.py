"""
The detectors of syndromic surveillance: smoothed counts, weekday regression, and the switch between them.

Burkom et al. 2004-2020, with the constants of the function library Rnssp 0.3.1 of the US Centers for Disease
Control (Apache-2.0). Weekdays come from the date, never from the names a locale gives them. A regression that
explains much of the baseline is believed, else the smoothed counts are. Missing days: the peers take them
for zero; here a series is judged by what was reported, and a day nobody reported is not judged.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import CountSeries, Judgement, Signal

from .verdicts import CODE, Floats, Verdicts, as_counts, count_matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyndromicVerdicts(Verdicts):
    """Verdicts that alarm below the red p-value, with the yellow days beside them and how well the weekdays fit."""

    warning: NDArray[np.bool_]
    fit: Floats


def nssp_ewma(
    counts: ArrayLike,
    *,
    first_day: date,
    baseline_days: int = 28,
    gap_days: int = 2,
    weights: tuple[float, float] = (0.4, 0.9),
    red: float = 0.01,
    yellow: float = 0.05,
) -> SyndromicVerdicts:
    """
    Compare smoothed counts with the last four weeks, for a quick and a slow smoothing; the clearer one speaks.

    `counts` (streams, days), NaN where nobody reported; the day `first_day` is the first column. A day
    needs seven earlier days before the gap. `p_value` is that of the chosen smoothing. Raises ValueError as `as_counts` does.

    >>> series = [5, 6, 4, 5, 7, 6, 5, 4, 6, 5, 6, 5, 4, 6, 5, 40]
    >>> nssp_ewma([series], first_day=date(2022, 10, 3)).alarm[0].nonzero()[0].tolist()
    [15]
    """
    y = as_counts(counts)
    scaled, unit = _scaled(y)
    slow, quick = (
        _ewma(scaled, weight, baseline_days, gap_days, red, yellow) for weight in weights
    )
    with np.errstate(invalid="ignore"):
        use_slow = slow.p < quick.p
    pick = _Pick(
        *(
            np.where(use_slow, getattr(slow, name), getattr(quick, name))
            for name in ("expected", "sd", "statistic", "p", "threshold")
        )
    )
    with np.errstate(invalid="ignore"):
        pick.threshold = np.fmin(slow.threshold, quick.threshold) * unit[:, np.newaxis]
    return _coloured(
        "NSSP EWMA", y, pick, first_day, red, yellow, np.full(y.shape, np.nan), gap_days
    )


def nssp_regression(
    counts: ArrayLike,
    *,
    first_day: date,
    baseline_days: int = 28,
    gap_days: int = 2,
    red: float = 0.01,
    yellow: float = 0.05,
) -> SyndromicVerdicts:
    """
    Compare each day with a straight line and six weekday effects fitted to the last four weeks.

    Shapes and missing days as in `nssp_ewma`; a day needs eleven earlier days before the gap. A count
    below the mean of its own last seven days never alarms (at a weekend: and below that of seven such weekdays). `fit` is the adjusted share
    of the variance explained (1 at most).

    >>> week = [12, 11, 10, 10, 10, 4, 3]
    >>> verdicts = nssp_regression([week * 5 + [60]], first_day=date(2022, 10, 3))
    >>> verdicts.alarm[0].nonzero()[0].tolist()
    [35]
    """
    y = as_counts(counts)
    pick, fit = _regression(y, first_day, baseline_days, gap_days)
    return _coloured("NSSP regression", y, pick, first_day, red, yellow, fit, gap_days)


def nssp_switch(
    counts: ArrayLike,
    *,
    first_day: date,
    baseline_days: int = 28,
    gap_days: int = 2,
    weights: tuple[float, float] = (0.4, 0.9),
    least_fit: float = 0.6,
    red: float = 0.01,
    yellow: float = 0.05,
) -> SyndromicVerdicts:
    """
    Use the weekday regression where it explains at least `least_fit` of the baseline, else the smoothed counts.

    Shapes and missing days as in `nssp_ewma`.

    >>> series = [5, 6, 4, 5, 7, 6, 5, 4, 6, 5, 6, 5, 4, 6, 5, 40]
    >>> bool(nssp_switch([series], first_day=date(2022, 10, 3)).alarm[0, -1])
    True
    """
    y = as_counts(counts)
    smooth = nssp_ewma(
        y, first_day=first_day, baseline_days=baseline_days, gap_days=gap_days, weights=weights,
        red=red, yellow=yellow,
    )  # fmt: skip
    line = nssp_regression(
        y,
        first_day=first_day,
        baseline_days=baseline_days,
        gap_days=gap_days,
        red=red,
        yellow=yellow,
    )
    with np.errstate(invalid="ignore"):
        believed = line.fit >= least_fit

    def chosen(name: str) -> Floats:
        return np.asarray(
            np.where(believed, getattr(line, name), getattr(smooth, name)), dtype=float
        )

    return SyndromicVerdicts(
        method="NSSP switch",
        observed=y,
        expected=chosen("expected"),
        sd=chosen("sd"),
        threshold=chosen("threshold"),
        score=chosen("score"),
        alarm=chosen("alarm").astype(bool),
        judgement=chosen("judgement").astype(np.int8),
        baseline=chosen("baseline").astype(np.int32),
        baseline_missing=chosen("baseline_missing").astype(np.int32),
        p_value=chosen("p_value"),
        warning=chosen("warning").astype(bool),
        fit=line.fit,
    )


def syndromic_signals(series: CountSeries) -> tuple[Signal, ...]:
    """
    Return the red days of one daily series by `nssp_switch`.

    >>> from yipan.model import Counted, Stream
    >>> visits = CountSeries(
    ...     area="44.", stream=Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS),
    ...     first_day=date(2022, 10, 3), counts=(5, 6, 4, 5, 7, 6, 5, 4, 6, 5, 6, 5, 4, 6, 5, 40),
    ... )
    >>> [signal.observed for signal in syndromic_signals(visits)]
    [40]
    """
    return nssp_switch(count_matrix([series]), first_day=series.first_day).signals([series])


@dataclass(slots=True)
class _Pick:
    expected: Floats
    sd: Floats
    statistic: Floats
    p: Floats
    threshold: Floats


def _scaled(y: Floats) -> tuple[Floats, Floats]:
    """Divide shares below one by the median of their positive values, as the peer does for rates."""
    unit = np.ones(len(y))
    for row in range(len(y)):
        values = y[row][~np.isnan(y[row])]
        if len(values) and 0 < values.max() < 1:
            unit[row] = np.median(values[values > 0])
    return y / unit[:, np.newaxis], unit


def _ewma(y: Floats, weight: float, most: int, gap: int, red: float, yellow: float) -> _Pick:
    streams, days = y.shape
    out = _Pick(*(np.full(y.shape, np.nan) for _ in range(5)))
    seen = ~np.isnan(y)
    filled = np.where(seen, y, 0.0)
    smooth = np.full(streams, np.nan)
    w = weight
    for day in range(days):
        fresh = np.isnan(smooth)
        before = np.where(fresh, filled[:, day], smooth)
        step = np.where(fresh, filled[:, day], w * filled[:, day] + (1 - w) * smooth)
        smooth = np.where(seen[:, day], step, smooth)
        until = day - gap
        if day < 7 + gap:
            continue
        since = max(0, until - most)
        use, values = seen[:, since:until], filled[:, since:until]
        n = use.sum(axis=1)
        able = seen[:, day] & (n >= 3)
        length = np.maximum(n, 3)
        mean = values.sum(axis=1) / length
        spread = np.where(use, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
        sd = np.sqrt(spread / (length - 1))
        table = np.arange(0, most + 1)
        red_at = np.round(special.stdtrit(np.maximum(table - 1, 1), 1 - red), 5)[length]
        yellow_at = np.round(special.stdtrit(np.maximum(table - 1, 1), 1 - yellow), 5)[length]
        left = 1 - w
        correlation = np.sqrt(
            w / (2 - w) + 1 / length - 2 * left ** (gap + 1) * (1 - left**length) / length
        )
        floor = (w / yellow_at) * (0.01 + 0.05 * left**2)
        ramp = (w / yellow_at) * (0.1289 - (0.2414 - 0.1826 * left**4) * math.log(0.5))
        sigma = np.maximum(floor, sd * correlation + ramp)
        statistic = (smooth - mean) / sigma
        beyond = able & (np.abs(statistic) > red_at)
        smooth = np.where(beyond, mean + np.sign(statistic) * red_at * sigma, smooth)
        out.expected[able, day] = mean[able]
        out.sd[able, day] = sigma[able]
        out.statistic[able, day] = statistic[able]
        out.p[able, day] = special.stdtr(length - 1, -statistic)[able]
        exact = special.stdtrit(length - 1, 1 - red)
        out.threshold[able, day] = ((mean + exact * sigma - left * before) / w)[able]
    return out


def _weekday_design(length: int, first_weekday: int, ahead: int) -> tuple[Floats, Floats]:
    days = np.arange(1, length + 1)
    weekday = (first_weekday + days - 1) % 7
    X = np.column_stack([np.ones(length), days, *(weekday == k for k in range(6))]).astype(float)
    at = length + ahead
    now = (first_weekday + at - 1) % 7
    return X, np.array([1.0, at, *(float(now == k) for k in range(6))])


def _regression(y: Floats, first_day: date, most: int, gap: int) -> tuple[_Pick, Floats]:
    out = _Pick(*(np.full(y.shape, np.nan) for _ in range(5)))
    fit = np.full(y.shape, np.nan)
    seen = ~np.isnan(y)
    start = first_day.weekday()
    for day in range(11 + gap, y.shape[1]):
        length = min(most, day - gap)
        since = day - gap - length
        X, x_now = _weekday_design(length, (start + since) % 7, gap + 1)
        window = y[:, since : day - gap]
        whole = seen[:, day] & seen[:, since : day - gap].all(axis=1)
        _fit_lines(X, x_now, window, whole, day, out, fit)
        for row in np.flatnonzero(seen[:, day] & ~whole):
            use = ~np.isnan(window[row])
            if use.sum() >= 11:
                one = np.zeros(len(y), bool)
                one[row] = True
                _fit_lines(X[use], x_now, window[:, use], one, day, out, fit)
    return out, fit


def _fit_lines(
    X: Floats,
    x_now: Floats,
    window: Floats,
    rows: NDArray[np.bool_],
    day: int,
    out: _Pick,
    fit: Floats,
) -> None:
    """Fit the streams at `rows`, which share their reported days, and write down day `day`."""
    values = window[rows]
    length = values.shape[1]
    if not len(values) or length < 9:
        return
    beta, _, rank, _ = np.linalg.lstsq(X, values.T, rcond=None)
    residual = ((values.T - X @ beta) ** 2).sum(axis=0)
    total = ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    residual = np.where(residual < 1e-20 * np.maximum(1.0, (values**2).sum(axis=1)), 0.0, residual)
    freedom = length - 8
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - (residual / total) * (length - 1) / (length - rank)
    explained = np.where(np.isfinite(explained), explained, 0.0)
    yellow_at = round(float(special.stdtrit(freedom, 0.95)), 5)
    wide = math.sqrt((length + 7) * (length - 4) / (length * (length - 7)))
    sigma = np.maximum(np.sqrt(residual / freedom) * wide, 0.01 / yellow_at)
    out.expected[rows, day] = np.maximum(0.0, x_now @ beta)
    out.sd[rows, day] = sigma
    fit[rows, day] = explained
    out.statistic[rows, day] = np.nan  # filled by the caller's count
    out.p[rows, day] = freedom


def _coloured(
    method: str,
    y: Floats,
    pick: _Pick,
    first_day: date,
    red: float,
    yellow: float,
    fit: Floats,
    gap: int,
) -> SyndromicVerdicts:
    p, statistic = pick.p, pick.statistic
    if method == "NSSP regression":
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic = (y - pick.expected) / pick.sd
        p = np.where(np.isnan(statistic), np.nan, special.stdtr(pick.p, -statistic))
        pick.threshold = pick.expected + special.stdtrit(pick.p, 1 - red) * pick.sd
    seen = ~np.isnan(y)
    judged = ~np.isnan(p) & seen
    line = method == "NSSP regression"
    least = _own_level(y, first_day) if line else np.full(y.shape, -1.0)
    with np.errstate(invalid="ignore"):
        withdrawn = y <= least
        alarm = judged & (p < red) & ~withdrawn
        warning = judged & (p >= red) & (p < yellow) & ~withdrawn
    judgement = np.full(y.shape, CODE[Judgement.SHORT_HISTORY], np.int8)
    judgement[judged] = CODE[Judgement.JUDGED]
    judgement[~seen] = CODE[Judgement.NOT_REPORTED]
    reported = np.concatenate([np.zeros((len(y), 1)), np.cumsum(seen, axis=1)], axis=1)
    until = np.clip(np.arange(y.shape[1]) - gap, 0, None)
    since = np.clip(until - 28, 0, None)
    n = reported[:, until] - reported[:, since]
    z = np.where(judged, statistic, np.nan)
    return SyndromicVerdicts(
        method=method,
        observed=y,
        expected=pick.expected,
        sd=pick.sd,
        threshold=np.where(judged, np.fmax(pick.threshold, np.maximum(least, 0.0)), np.nan),
        score=z,
        alarm=alarm,
        judgement=judgement,
        baseline=n.astype(np.int32),
        baseline_missing=(until - since - n).astype(np.int32),
        p_value=p,
        warning=warning,
        fit=fit,
    )


def _own_level(y: Floats, first_day: date) -> Floats:
    """
    Return what a day must exceed besides the limit of its law: just below the mean of the six days before.

    A day below the mean of its last seven days, itself included, lies below that of the six before it. At a
    weekend the mean of the same weekday of six weeks counts too, and the lower of the two holds.
    """
    out = np.full(y.shape, -1.0)
    for day in range(1, y.shape[1]):
        level = _mean_of(y[:, max(0, day - 6) : day])
        if (first_day + timedelta(days=day)).weekday() >= 5:
            level = np.fmin(level, _mean_of(y[:, :day][:, ::-1][:, 6:42:7]))
        out[:, day] = np.where(np.isnan(level), -1.0, level * (1 - 1e-12) - 1e-12)
    return out


def _mean_of(values: Floats) -> Floats:
    n = (~np.isnan(values)).sum(axis=1)
    return np.where(n > 0, np.nansum(values, axis=1) / np.maximum(n, 1), np.nan)
