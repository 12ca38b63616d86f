"""
EARS C1, C2 and C3: today against the week before, for streams with little history.

Hutwagner et al. 2003 (J Urban Health 80: i89-96); Fricker, Hegler and Dunfee 2008 (Stat Med 27: 3407-29);
the least standard deviation after Burkom. C1 judges by the days up to yesterday, C2 leaves two days out so
that a slow rise does not hide itself, C3 adds the excess of the last two days to today's.

The textbook form multiplies a standard deviation from seven days by a quantile of the normal law and
therefore alarms far more often than its alpha says. Ours multiplies by Student's quantile times
sqrt(1 + 1/n), and below a mean of ten also asks the gamma-Poisson predictive law of the same days, so that a
lucky run of zeros does not make one case an outbreak; the higher of the two limits holds. The textbook
form as the R package computes it is kept as `compat="surveillance-1.20"`: normal quantile, a day with any
missing value in its baseline is not judged, and a C3 in which today's count cancels out.
"""

import math
import statistics
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import CountSeries, Judgement, Signal

from .verdicts import CODE, Floats, Surveillance, Verdicts, as_counts

EarsMethod = Literal["C1", "C2", "C3"]

SPARSE_MEAN = 10.0
"""Below this mean of the baseline the gamma-Poisson limit is asked too."""

_ALPHA: dict[EarsMethod, float] = {"C1": 0.001, "C2": 0.001, "C3": 0.025}
_GAP: dict[EarsMethod, int] = {"C1": 0, "C2": 2, "C3": 2}
_CELLS_AT_ONCE = 200_000


def ears_c1(
    counts: CountSeries,
    *,
    baseline_days: int = 7,
    alpha: float = 0.001,
    least_sd: float = 0.5,
    least_days: int | None = None,
    compat: Surveillance | None = None,
) -> tuple[Signal, ...]:
    """
    Return the days whose count stands far above the `baseline_days` days just before.

    `alpha` is the share of quiet days that may alarm (0 to 1), `least_sd` the smallest standard deviation
    a baseline is believed to have. A day nobody reported is neither judged nor counted as zero; with fewer
    than `least_days` (default: half the baseline, at least 3) reported days in the baseline the no-history
    rule answers and the signal says so. `compat` reproduces the R package. Raises ValueError for an alpha
    outside 0 to 0.5 or a baseline under two days. Source: see the module.

    >>> from datetime import date
    >>> from yipan.model import Counted, Stream
    >>> visits = CountSeries(
    ...     area="44.4401.",
    ...     stream=Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS),
    ...     first_day=date(2022, 10, 1),
    ...     counts=(4, 5, 3, 4, 6, 5, 4, None, 30),
    ... )
    >>> [(signal.day.isoformat(), signal.observed) for signal in ears_c1(visits)]
    [('2022-10-09', 30)]
    """
    return _plain(counts, "C1", baseline_days, alpha, least_sd, least_days, compat)


def ears_c2(
    counts: CountSeries,
    *,
    baseline_days: int = 7,
    alpha: float = 0.001,
    least_sd: float = 0.5,
    least_days: int | None = None,
    compat: Surveillance | None = None,
) -> tuple[Signal, ...]:
    """
    Return the days whose count stands far above the baseline that ended three days before.

    As `ears_c1`, but the two days before today are left out of the baseline, so that an outbreak growing
    over days does not raise its own limit.

    >>> from datetime import date
    >>> from yipan.model import Counted, Stream
    >>> visits = CountSeries(
    ...     area="44.4401.",
    ...     stream=Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS),
    ...     first_day=date(2022, 10, 1),
    ...     counts=(4, 5, 3, 4, 6, 5, 4, 9, 12, 30),
    ... )
    >>> [(signal.day.isoformat(), signal.observed) for signal in ears_c2(visits)]
    [('2022-10-10', 30)]
    """
    return _plain(counts, "C2", baseline_days, alpha, least_sd, least_days, compat)


def ears_c3(
    counts: CountSeries,
    *,
    baseline_days: int = 7,
    alpha: float = 0.025,
    least_sd: float = 0.5,
    least_days: int | None = None,
    compat: Surveillance | None = None,
) -> tuple[Signal, ...]:
    """
    Return the days on which today's excess and that of the two days before add up to too much.

    Each day's excess is how many standard deviations beyond the first its count lies above its own C2
    baseline; the sum is judged. A day before that could not be judged adds nothing. Once the two days
    before alone suffice, any case today alarms (the threshold is then 0). With `compat` the chart of the R
    package is reproduced, in which today's count cancels out and a sudden spike is seen a day late.

    >>> from datetime import date
    >>> from yipan.model import Counted, Stream
    >>> visits = CountSeries(
    ...     area="44.4401.",
    ...     stream=Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS),
    ...     first_day=date(2022, 10, 1),
    ...     counts=(4, 5, 3, 4, 6, 5, 4, 5, 4, 4, 4, 30),
    ... )
    >>> [signal.day.isoformat() for signal in ears_c3(visits)]
    ['2022-10-12']
    >>> ears_c3(visits, compat="surveillance-1.20")
    ()
    """
    return _plain(counts, "C3", baseline_days, alpha, least_sd, least_days, compat)


def _plain(
    series: CountSeries,
    method: EarsMethod,
    baseline_days: int,
    alpha: float,
    least_sd: float,
    least_days: int | None,
    compat: Surveillance | None,
) -> tuple[Signal, ...]:
    least = _checked(baseline_days, alpha, least_sd, least_days, compat)
    counts = series.counts
    gap = _GAP[method]
    excess: dict[int, float] = {}
    signals: list[Signal] = []
    for today, observed in enumerate(counts):
        span = counts[max(0, today - gap - baseline_days) : max(0, today - gap)]
        reported = [count for count in span if count is not None]
        if observed is None or not reported:
            continue
        if compat and len(reported) < baseline_days:
            continue
        mean = statistics.fmean(reported)
        enough = len(reported) >= least
        sd = max(statistics.stdev(reported), least_sd) if enough else math.nan
        widened = sd if compat else sd * math.sqrt(1 + 1 / len(reported))
        if enough:
            excess[today] = _excess(observed - mean, widened)
        before = [excess.get(today - 1), excess.get(today - 2)]
        lagged = sum(max(0.0, e - 1) for e in before if e is not None)
        if compat and method == "C3" and None in before:
            continue
        limit = (
            float(special.ndtri(1 - alpha))
            if compat
            else _student(len(reported) - 1, alpha, enough)
        )
        sparse = _sparse_limit(len(reported), sum(reported), alpha)
        score = (observed - mean) / widened if widened else math.inf * (observed - mean or math.nan)
        if not enough:
            threshold = sparse
            score = (observed - mean) / math.sqrt(
                _predictive_variance(len(reported), sum(reported))
            )
        elif method != "C3":
            threshold = mean + limit * widened
            if not compat and mean < SPARSE_MEAN:
                threshold = max(threshold, sparse)
        elif compat:
            lagged = sum(_nan_max(e - 1) for e in before if e is not None)
            threshold = _nan_max(observed + sd * (limit - lagged))
            score = lagged
        else:
            threshold = mean + widened * (1 + limit - lagged) if lagged <= limit else 0.0
            if mean < SPARSE_MEAN and lagged == 0:
                threshold = max(threshold, sparse)
            score = max(0.0, score - 1) + lagged
        if observed > threshold:
            day = series.day(today)
            runs_on = bool(signals) and signals[-1].day == series.day(today - 1)
            signals.append(
                Signal(
                    area=series.area,
                    stream=series.stream,
                    day=day,
                    method=f"EARS {method}",
                    observed=observed,
                    expected=mean,
                    threshold=threshold,
                    score=score,
                    since=signals[-1].since if runs_on else day,
                    baseline=len(reported),
                    baseline_missing=len(span) - len(reported),
                    judgement=Judgement.JUDGED if enough else Judgement.NO_HISTORY_RULE,
                )
            )
    return tuple(signals)


def _excess(above: float, sd: float) -> float:
    """Divide as IEEE does: a constant baseline gives infinity, or NaN when today repeats it."""
    return above / sd if sd else (math.nan if above == 0 else math.copysign(math.inf, above))


def _nan_max(value: float) -> float:
    return value if math.isnan(value) else max(0.0, value)


def _checked(
    baseline_days: int, alpha: float, least_sd: float, least_days: int | None, compat: str | None
) -> int:
    if baseline_days < 2:
        raise ValueError(f"baseline of {baseline_days} days has no spread; two is the least")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha {alpha:g} must lie between 0 and 0.5")
    if not least_sd >= 0:
        raise ValueError(f"least_sd {least_sd:g} must not be negative")
    if compat not in {None, "surveillance-1.20"}:
        raise ValueError(f"no compatibility with {compat!r}; known is 'surveillance-1.20'")
    if compat:
        return baseline_days
    least = max(3, (baseline_days + 1) // 2) if least_days is None else least_days
    if not 2 <= least <= baseline_days:
        raise ValueError(
            f"least_days {least} must lie between 2 and the {baseline_days} of the baseline"
        )
    return least


def _student(freedom: int, alpha: float, enough: bool) -> float:
    return float(special.stdtrit(freedom, 1 - alpha)) if enough and freedom else math.inf


@lru_cache(maxsize=65_536)
def _sparse_limit(days: int, total: int, alpha: float) -> float:
    """Return the count that all but `alpha` of quiet days stay at or below: gamma-Poisson, Jeffreys' prior."""
    from scipy import stats

    return float(stats.nbinom.ppf(1 - alpha, total + 0.5, days / (days + 1)))


def _predictive_variance(days: int, total: float) -> float:
    return (total + 0.5) / days * (1 + 1 / days)


def ears_matrix(
    counts: ArrayLike,
    *,
    method: EarsMethod = "C2",
    baseline_days: int = 7,
    alpha: float | None = None,
    least_sd: float = 0.5,
    least_days: int | None = None,
    p_values: bool = False,
    compat: Surveillance | None = None,
) -> Verdicts:
    """
    Judge every day of many streams at once; the twin of `ears_c1`, `ears_c2` and `ears_c3`.

    `counts` has the shape (streams, days), NaN where nobody reported; `alpha` defaults to 0.001 for C1 and
    C2 and 0.025 for C3. `p_values=True` also computes the chance of such a count on a quiet day (C1 and C2
    outside the compatibility mode; it takes most of the time). Every cell has its judgement: judged, not
    reported, answered by the no-history rule (fewer than `least_days` reported), or short history (no
    reported day before it). A day nobody reported keeps what was expected of it and, for C1 and C2, its
    threshold. Raises ValueError as `ears_c1` does, and for negative or infinite counts. `score` is the distance from the mean in predictive standard deviations, for C3 the sum of excesses.

    >>> verdicts = ears_matrix([[4, 5, 3, 4, 6, 5, 4, 9, 12, 30]], method="C2")
    >>> verdicts.alarm.nonzero()[1]
    array([9])
    >>> verdicts.judgement_of(0, 0).value
    'short_history'
    """
    matrix = as_counts(counts)
    alpha = _ALPHA[method] if alpha is None else alpha
    least = _checked(baseline_days, alpha, least_sd, least_days, compat)
    streams, days = matrix.shape
    result = _Cells(matrix.shape, p_values and method != "C3" and not compat)
    rows = max(1, _CELLS_AT_ONCE // max(1, days))
    for start in range(0, streams, rows):
        part = slice(start, start + rows)
        _judge(
            matrix[part], result.rows(part), method, baseline_days, alpha, least_sd, least, compat
        )
    return Verdicts(
        method=f"EARS {method}",
        observed=matrix,
        expected=result.expected,
        sd=result.sd,
        threshold=result.threshold,
        score=result.score,
        alarm=result.alarm,
        judgement=result.judgement,
        baseline=result.baseline,
        baseline_missing=result.missing,
        p_value=result.p_value,
    )


class _Cells:
    """The arrays being filled, or a band of their rows."""

    __slots__ = (
        "alarm", "baseline", "expected", "judgement", "missing", "p_value", "score", "sd", "threshold",
    )  # fmt: skip

    def __init__(self, shape: tuple[int, int], p_values: bool) -> None:
        self.expected: Floats = np.empty(shape)
        self.sd: Floats = np.empty(shape)
        self.threshold: Floats = np.empty(shape)
        self.score: Floats = np.empty(shape)
        self.alarm: NDArray[np.bool_] = np.empty(shape, dtype=bool)
        self.judgement: NDArray[np.int8] = np.empty(shape, dtype=np.int8)
        self.baseline: NDArray[np.int32] = np.empty(shape, dtype=np.int32)
        self.missing: NDArray[np.int32] = np.empty(shape, dtype=np.int32)
        self.p_value: Floats | None = np.full(shape, np.nan) if p_values else None

    def rows(self, part: slice) -> "_Cells":
        band = _Cells.__new__(_Cells)
        for name in self.__slots__:
            whole = getattr(self, name)
            setattr(band, name, None if whole is None else whole[part])
        return band


def _shifted(values: Floats, by: int) -> tuple[slice, slice]:
    """Return where a value lands and where it comes from when it is looked at `by` days later."""
    days = values.shape[1]
    return slice(min(by, days), days), slice(0, max(0, days - by))


def _window(values: Floats, gap: int, length: int) -> Floats:
    """Sum each day's baseline: `length` days, the last of them `gap` + 1 days before."""
    total = np.zeros_like(values)
    for lag in range(gap + 1, gap + length + 1):
        to, of = _shifted(values, lag)
        total[:, to] += values[:, of]
    return total


def _judge(
    y: Floats,
    cells: _Cells,
    method: EarsMethod,
    baseline_days: int,
    alpha: float,
    least_sd: float,
    least: int,
    compat: Surveillance | None,
) -> None:
    gap = _GAP[method]
    seen = ~np.isnan(y)
    filled = np.where(seen, y, 0.0)
    n = _window(seen.astype(np.float64), gap, baseline_days)
    total = _window(filled, gap, baseline_days)
    span = np.clip(np.arange(y.shape[1]) - gap, 0, baseline_days)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        squares = _squares(y, mean, gap, baseline_days)
        enough = n >= least
        sd = np.where(enough, np.maximum(np.sqrt(squares / np.maximum(n - 1, 1)), least_sd), np.nan)
        widened = sd if compat else sd * np.sqrt(1 + 1 / n)
        above = (y - mean) / widened

    if compat:
        limit = np.full_like(y, special.ndtri(1 - alpha))
    else:
        table = np.array([np.inf, np.inf, *special.stdtrit(np.arange(1, baseline_days), 1 - alpha)])
        limit = table[n.astype(np.intp)]
    sparse = np.full_like(y, np.nan)
    if not compat:
        asked = (n > 0) & (~enough | (total < SPARSE_MEAN * n))
        sparse[asked] = _sparse_limits(n[asked], total[asked], alpha)

    judged = seen & enough
    with np.errstate(invalid="ignore", over="ignore"):
        if method != "C3":
            threshold = mean + limit * widened
            threshold = np.fmax(threshold, np.where(enough, sparse, np.nan))
            score = above
        else:
            threshold, score, judged = _add_excesses(
                y, above, mean, sd, widened, limit, sparse, judged, compat
            )
    by_rule = seen & ~enough & (n > 0) if not compat else np.zeros_like(seen)
    threshold[by_rule] = sparse[by_rule]
    spread = np.where(~enough, np.sqrt(_predictive_variance_of(n, total)), widened)
    score[by_rule] = (y[by_rule] - mean[by_rule]) / spread[by_rule]
    answered = judged | by_rule
    cells.judgement[...] = CODE[Judgement.SHORT_HISTORY]
    cells.judgement[judged] = CODE[Judgement.JUDGED]
    cells.judgement[by_rule] = CODE[Judgement.NO_HISTORY_RULE]
    cells.judgement[~seen] = CODE[Judgement.NOT_REPORTED]
    foreseen = answered if method == "C3" else (enough | (by_rule if compat else n > 0))
    silent_rule = foreseen & ~answered & ~enough
    threshold[silent_rule] = sparse[silent_rule]
    for array, values, known in (
        (cells.expected, mean, foreseen),
        (cells.sd, spread, foreseen),
        (cells.threshold, threshold, foreseen),
        (cells.score, score, answered),
    ):
        array[...] = np.where(known, values, np.nan)
    with np.errstate(invalid="ignore"):
        cells.alarm[...] = answered & (y > threshold)
    cells.baseline[...] = n
    cells.missing[...] = span - n
    if cells.p_value is not None:
        _fill_p_values(cells.p_value, y, n, total, above, judged, answered)


def _squares(y: Floats, mean: Floats, gap: int, length: int) -> Floats:
    """Sum the squared distances of each day's baseline from its mean."""
    total = np.zeros_like(y)
    for lag in range(gap + 1, gap + length + 1):
        to, of = _shifted(y, lag)
        deviation = y[:, of] - mean[:, to]
        total[:, to] += np.where(np.isnan(y[:, of]), 0.0, deviation * deviation)
    return total


def _fill_p_values(
    p_value: Floats,
    y: Floats,
    n: Floats,
    total: Floats,
    above: Floats,
    judged: NDArray[np.bool_],
    answered: NDArray[np.bool_],
) -> None:
    p_value[judged] = special.stdtr(n[judged] - 1, -above[judged])
    asked = answered & (~judged | (total < SPARSE_MEAN * n))
    exact = special.betainc(np.maximum(y[asked], 1.0), total[asked] + 0.5, 1 / (n[asked] + 1))
    exact[y[asked] == 0] = 1.0
    p_value[asked] = np.fmax(p_value[asked], exact)


def _add_excesses(
    y: Floats,
    above: Floats,
    mean: Floats,
    sd: Floats,
    widened: Floats,
    limit: Floats,
    sparse: Floats,
    judged: NDArray[np.bool_],
    compat: Surveillance | None,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return threshold and score of C3, and which cells it can judge."""
    excess = np.where(judged, np.maximum(0.0, above - 1), np.nan if compat else 0.0)
    lagged = np.zeros_like(y)
    known = judged.copy()
    for lag in (1, 2):
        to, of = _shifted(y, lag)
        lagged[:, to] += excess[:, of]
        known[:, to] &= judged[:, of]
        known[:, :lag] = False
    if compat:
        return np.maximum(0.0, y + sd * (limit - lagged)), lagged, known
    threshold = mean + widened * (1 + limit - lagged)
    threshold = np.where(lagged == 0, np.fmax(threshold, sparse), threshold)
    threshold = np.where(lagged > limit, 0.0, threshold)
    return threshold, np.maximum(0.0, above - 1) + lagged, judged


def _predictive_variance_of(n: Floats, total: Floats) -> Floats:
    days = np.maximum(n, 1)
    return np.asarray((total + 0.5) / days * (1 + 1 / days))


def _sparse_limits(n: Floats, total: Floats, alpha: float) -> Floats:
    """Look up `_sparse_limit` for every cell; few pairs of days and totals occur."""
    from scipy import stats

    width = int(n.max(initial=0)) + 1
    if total.max(initial=0) > 100_000:
        return np.asarray(stats.nbinom.ppf(1 - alpha, total + 0.5, n / (n + 1)))
    key = (total.astype(np.int64)) * width + n.astype(np.int64)
    present = np.bincount(key)
    limits = np.zeros(len(present))
    for pair in present.nonzero()[0]:
        limits[pair] = _sparse_limit(int(pair % width), int(pair // width), alpha)
    return limits[key]
