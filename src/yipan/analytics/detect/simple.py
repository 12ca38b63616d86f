"""
Rules that need no model: a few reference values, a percentile, a fixed number.

Gamma-Poisson prediction for streams with little history (Riebler 2004; Jeffreys' prior); historical limits
(Stroup 1989); OutbreakP (Frisen, Andersson and Schioler 2009); the moving percentile and fixed value of the
Chinese automated alert system (WPSAR 2011;2(1):10; BMC Public Health 2017, 12889-017-4488-0); count, rate
and doubling rules as in integrated disease surveillance. The sources of the percentile method leave open
whether reaching the percentile suffices, and which definition of a percentile holds: both are settings here.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import Judgement

from .verdicts import CODE, Floats, Verdicts, as_counts

Reference = Literal["last six", "last six and a year ago", "one and two years ago"]


def _verdicts(
    method: str,
    y: Floats,
    columns: Sequence[int],
    expected: Floats,
    sd: Floats,
    threshold: Floats,
    known: NDArray[np.bool_],
    baseline: Floats,
    missing: Floats,
    p_value: Floats | None = None,
    observed: Floats | None = None,
) -> Verdicts:
    today = y[:, list(columns)] if observed is None else observed
    seen = ~np.isnan(today)
    judgement = np.full(today.shape, CODE[Judgement.JUDGED], np.int8)
    judgement[~known] = CODE[Judgement.SHORT_HISTORY]
    judgement[~seen] = CODE[Judgement.NOT_REPORTED]
    judged = known & seen
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(judged, (today - expected) / sd, np.nan)
        alarm = judged & (today > threshold)
    return Verdicts(
        method=method,
        observed=today,
        expected=np.where(known, expected, np.nan),
        sd=np.where(known, sd, np.nan),
        threshold=np.where(known, threshold, np.nan),
        score=score,
        alarm=alarm,
        judgement=judgement,
        baseline=baseline.astype(np.int32),
        baseline_missing=missing.astype(np.int32),
        p_value=None if p_value is None else np.where(judged, p_value, np.nan),
        columns=np.array(list(columns), dtype=np.int64),
    )


def _columns(columns: Sequence[int] | None, length: int) -> list[int]:
    return [length - 1] if columns is None else [int(c) for c in columns]


# Prediction from a few reference values


def predictive_limit(reference: Sequence[float | None], *, alpha: float = 0.05) -> float | None:
    """
    Return the count that all but `alpha` of quiet days stay at or below, given some reference counts.

    Cases are Poisson with an unknown rate under Jeffreys' prior; values nobody reported are left out. None
    without a single reference value.

    >>> predictive_limit([0, 0, None, 1, 0, 0, 0])
    1.0
    """
    from scipy import stats

    known = [count for count in reference if count is not None and not math.isnan(count)]
    if not known:
        return None
    n = len(known)
    return float(stats.nbinom.ppf(1 - alpha, sum(known) + 0.5, n / (n + 1)))


def reference_positions(
    now: int, *, reference: Reference = "last six", period: int = 52
) -> list[int]:
    """
    Return the positions compared with position `now`; those before the series begins are left out.

    >>> reference_positions(6)
    [0, 1, 2, 3, 4, 5]
    """
    positions: list[int] = []
    if reference == "one and two years ago":
        for year in (2, 1):
            positions += range(now - year * period - 4, now - year * period + 5)
    else:
        if reference == "last six and a year ago":
            positions += range(now - period - 6, now - period + 7)
        positions += range(now - 6, now)
    return [position for position in positions if position >= 0]


def predictive_matrix(
    counts: ArrayLike,
    *,
    reference: Reference = "last six",
    period: int = 52,
    alpha: float = 0.05,
    columns: Sequence[int] | None = None,
) -> Verdicts:
    """
    Judge some days of many streams by a few reference values; the twin of `predictive_limit`.

    `counts` (streams, intervals), NaN where nobody reported; `columns` the positions to judge (default: the
    newest). A day with no reported reference value is short history. Source: see the module.

    >>> verdicts = predictive_matrix([[0, 0, 0, 1, 0, 0, 3]])
    >>> verdicts.threshold[0, 0], verdicts.alarm[0, 0]
    (np.float64(1.0), np.True_)
    """
    from scipy import stats

    y = as_counts(counts)
    chosen = _columns(columns, y.shape[1])
    n, total, width = (np.zeros((len(y), len(chosen))) for _ in range(3))
    for cell, now in enumerate(chosen):
        values = y[:, reference_positions(now, reference=reference, period=period)]
        n[:, cell] = (~np.isnan(values)).sum(axis=1)
        total[:, cell] = np.nansum(values, axis=1)
        width[:, cell] = values.shape[1]
    known = n > 0
    days = np.maximum(n, 1)
    pairs, where = np.unique(np.stack([days.ravel(), total.ravel()]), axis=1, return_inverse=True)
    limits = stats.nbinom.ppf(1 - alpha, pairs[1] + 0.5, pairs[0] / (pairs[0] + 1))
    threshold = np.asarray(limits)[where.ravel()].reshape(days.shape)
    today = y[:, chosen]
    tail = special.betainc(np.maximum(today, 1), total + 0.5, 1 / (days + 1))
    rate = (total + 0.5) / days
    return _verdicts(
        "gamma-Poisson", y, chosen, rate, np.sqrt(rate * (1 + 1 / days)), threshold, known, n,
        width - n, np.where(today > 0, tail, 1.0),
    )  # fmt: skip


# Historical limits


def historical_limits_matrix(
    counts: ArrayLike,
    *,
    years: int = 5,
    half_window: int = 1,
    period: int = 52,
    alpha: float = 0.025,
    columns: Sequence[int] | None = None,
) -> Verdicts:
    """
    Compare the last four weeks with the four-week sums around the same weeks of earlier years.

    `2 half_window + 1` sums per year; the limit is their mean plus a two-sided normal quantile times their
    standard deviation times sqrt(1 + 1/n). `observed`, `expected` and `threshold` are sums of four weeks.
    A four-week sum with a week nobody reported is left out; with fewer than two sums the history is short.

    >>> historical_limits_matrix([[2, 3, 4, 3] * 78 + [9] * 4]).alarm[0, 0]
    np.True_
    """
    y = as_counts(counts)
    chosen = _columns(columns, y.shape[1])
    shape = (len(y), len(chosen))
    observed, mean, sd, n = (np.full(shape, np.nan) for _ in range(4))
    sums = np.full(y.shape, np.nan)
    if y.shape[1] >= 4:
        sums[:, 3:] = sliding_window_view(y, 4, axis=1).sum(axis=2)
    for cell, now in enumerate(chosen):
        at = [
            now - period * year + 4 * block
            for year in range(1, years + 1)
            for block in range(-half_window, half_window + 1)
        ]
        blocks = sums[:, [t for t in at if 0 <= t < now]]
        seen = ~np.isnan(blocks)
        n[:, cell] = seen.sum(axis=1)
        filled = np.where(seen, blocks, 0.0)
        m = filled.sum(axis=1) / np.maximum(n[:, cell], 1)
        spread = np.where(seen, (filled - m[:, None]) ** 2, 0.0).sum(axis=1)
        mean[:, cell], sd[:, cell] = m, np.sqrt(spread / np.maximum(n[:, cell] - 1, 1))
        observed[:, cell] = sums[:, now]
    z = float(special.ndtri(1 - alpha / 2))
    wide = sd * np.sqrt(1 + 1 / np.maximum(n, 1))
    return _verdicts(
        "historical limits", y, chosen, mean, wide, mean + z * wide, n >= 2, n,
        years * (2 * half_window + 1) - n, observed=observed,
    )  # fmt: skip


# A mean that never falls


def outbreak_p(counts: Sequence[float]) -> float:
    """
    Return the likelihood ratio of a never-falling mean against a constant one for a whole series.

    The rising mean is fitted by pooling neighbours that fall; 1 for an empty or all-zero series. Large
    values (100 is the usual limit) speak for an outbreak. The logarithm is kept below 700.

    >>> round(outbreak_p([1, 1, 1, 6, 9]), 1)
    1752.4
    """
    blocks: list[list[float]] = []
    for count in counts:
        blocks.append([float(count), 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            total, length = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += length
    total = sum(block[0] for block in blocks)
    if total == 0:
        return 1.0
    mean = total / len(counts)
    evidence = sum(t * math.log(t / n / mean) for t, n in blocks if t)
    return math.exp(min(evidence, 700.0))


def outbreak_p_matrix(
    counts: ArrayLike, *, limit: float = 100.0, columns: Sequence[int] | None = None
) -> Verdicts:
    """
    Run `outbreak_p` over the start of each stream up to each day of `columns` (default: the newest).

    NaN days are left out. `score` is the statistic; the method has no threshold in counts, so `threshold` is NaN.

    >>> outbreak_p_matrix([[1, 1, 1, 6, 9]]).alarm[0, 0]
    np.True_
    """
    y = as_counts(counts)
    chosen = _columns(columns, y.shape[1])
    score = np.full((len(y), len(chosen)), np.nan)
    n = np.zeros(score.shape)
    for row in range(len(y)):
        for cell, now in enumerate(chosen):
            series = y[row, : now + 1]
            kept = series[~np.isnan(series)]
            n[row, cell] = len(kept)
            score[row, cell] = outbreak_p(kept.tolist())
    today = y[:, chosen]
    seen = ~np.isnan(today)
    cumulated = np.cumsum(np.nan_to_num(y), axis=1)[:, chosen]
    judgement = np.where(seen, CODE[Judgement.JUDGED], CODE[Judgement.NOT_REPORTED]).astype(np.int8)
    empty = np.full(today.shape, np.nan)
    return Verdicts(
        method="OutbreakP",
        observed=today,
        expected=cumulated / np.maximum(n, 1),
        sd=empty,
        threshold=empty,
        score=np.where(seen, score, np.nan),
        alarm=seen & (score > limit),
        judgement=judgement,
        baseline=n.astype(np.int32),
        baseline_missing=(np.array(chosen) + 1 - n).astype(np.int32),
        columns=np.array(chosen, dtype=np.int64),
    )


# The Chinese automated alert system


def percentile_history(
    counts: Sequence[float | None], now: int, *, years: int = 5, period: int = 365
) -> list[float]:
    """
    Return the seven-day sums at the same date of earlier years and one and two weeks to either side.

    Sums with a day nobody reported, or reaching beyond the series, are left out.

    >>> percentile_history([1] * 400, 399, years=1)
    [7.0, 7.0, 7.0, 7.0, 7.0]
    """
    found = []
    for year in range(1, years + 1):
        for shift in (-14, -7, 0, 7, 14):
            last = now - year * period + shift
            days = counts[last - 6 : last + 1] if last >= 6 else []
            if len(days) == 7 and all(d is not None and not math.isnan(d) for d in days):
                found.append(float(sum(d for d in days if d is not None)))
    return found


def moving_percentile_matrix(
    counts: ArrayLike,
    *,
    percentile: float = 80.0,
    years: int = 5,
    least_cases: int = 1,
    reaching: bool = True,
    least_sums: int = 10,
    period: int = 365,
    columns: Sequence[int] | None = None,
) -> Verdicts:
    """
    Compare the last seven days with a percentile of the same days of earlier years, as counties know it.

    `counts` (streams, days). Per year five seven-day sums: the same date and one and two weeks to either
    side. An alarm needs `least_cases` and a sum that reaches the percentile (`reaching=False`: exceeds);
    percentiles are interpolated linearly (type 7). `observed`, `expected` (the median) and `threshold`
    (the largest sum that does not alarm, in steps of one case) are sums of seven days. With fewer than `least_sums` known
    sums the history is short.

    >>> moving_percentile_matrix([[1] * 1500 + [3] * 7], percentile=90).alarm[0, 0]
    np.True_
    """
    y = as_counts(counts)
    if not 0 < percentile < 100:
        raise ValueError(f"percentile {percentile:g} must lie between 0 and 100")
    chosen = _columns(columns, y.shape[1])
    sums = np.full(y.shape, np.nan)
    if y.shape[1] >= 7:
        sums[:, 6:] = sliding_window_view(y, 7, axis=1).sum(axis=2)
    shape = (len(y), len(chosen))
    limit, median, spread, n = (np.full(shape, np.nan) for _ in range(4))
    for cell, now in enumerate(chosen):
        at = [now - y_ * period + s for y_ in range(1, years + 1) for s in (-14, -7, 0, 7, 14)]
        history = sums[:, [t for t in at if 6 <= t < y.shape[1]]]
        n[:, cell] = (~np.isnan(history)).sum(axis=1)
        enough = n[:, cell] >= least_sums
        if enough.any():
            found = np.nanpercentile(history[enough], [percentile, 50], axis=1)
            limit[enough, cell], median[enough, cell] = found
            spread[enough, cell] = np.nanstd(history[enough], axis=1, ddof=1)
    least = np.ceil(limit - 1e-9) - 1 if reaching else np.floor(limit + 1e-9)
    threshold = np.maximum(least, least_cases - 1)
    return _verdicts(
        f"moving percentile P{percentile:g}", y, chosen, median, np.maximum(spread, 1e-9), threshold,
        n >= least_sums, n, years * 5 - n, observed=sums[:, chosen],
    )  # fmt: skip


def fixed_value_matrix(counts: ArrayLike, *, least_cases: int = 1) -> Verdicts:
    """
    Alarm on every day with at least `least_cases`: for diseases of which one case is too many.

    Needs no history: every reported day is judged.

    >>> fixed_value_matrix([[0, 1, None]]).alarm[0].tolist()
    [False, True, False]
    """
    y = as_counts(np.asarray(counts, dtype=np.float64))
    if least_cases < 1:
        raise ValueError(f"least_cases {least_cases} must be at least 1")
    zero = np.zeros(y.shape)
    return _verdicts(
        "fixed value", y, range(y.shape[1]), zero, np.ones(y.shape),
        np.full(y.shape, least_cases - 1.0), np.ones(y.shape, bool), zero, zero,
    )  # fmt: skip


def threshold_rule_matrix(
    counts: ArrayLike,
    *,
    population: ArrayLike | None = None,
    cases_per_100k: float | None = None,
    least_cases: int = 1,
    doubling_intervals: int | None = None,
) -> Verdicts:
    """
    Alarm by the simple rules of integrated surveillance: a number, a rate, or a doubling.

    A day alarms when it has at least `least_cases` and either reaches `cases_per_100k` of its population
    (one number per stream), or has at least doubled in each of the last `doubling_intervals` steps; with
    neither rule given, `least_cases` alone decides. The numbers belong to the disease and the place and are always
    given by the caller. `threshold` is the largest count that does not alarm. A doubling asks for all the intervals
    it spans; where one was not reported only the rate can alarm.

    >>> threshold_rule_matrix([[1, 2, 4, 8]], least_cases=4, doubling_intervals=2).alarm[0].tolist()
    [False, False, True, True]
    """
    y = as_counts(counts)
    limits = np.full(y.shape, np.inf)
    if cases_per_100k is None and doubling_intervals is None:
        limits[:] = least_cases
    if cases_per_100k is not None:
        if population is None:
            raise ValueError("a rate needs the population it is a rate of")
        people = np.broadcast_to(np.asarray(population, dtype=float), len(y))
        limits = np.minimum(limits, np.ceil(cases_per_100k * people / 1e5 - 1e-9)[:, None])
    if doubling_intervals is not None:
        k = doubling_intervals
        if k < 1:
            raise ValueError(f"doubling_intervals {k} must be at least 1")
        for day in range(k, y.shape[1]):
            past = y[:, day - k : day]
            steps = (past[:, 1:] >= 2 * past[:, :-1]).all(axis=1) & (past > 0).all(axis=1)
            limits[steps, day] = np.minimum(limits[steps, day], 2 * past[steps, -1])
    threshold = np.maximum(limits, least_cases) - 1
    zero = np.zeros(y.shape)
    return _verdicts(
        "threshold rule", y, range(y.shape[1]), zero, np.ones(y.shape), threshold,
        np.ones(y.shape, bool), zero, zero,
    )  # fmt: skip
