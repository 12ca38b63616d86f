"""
Farrington's method: this week against the same season of the years before.

Farrington et al. 1996 (JRSS A 159: 547-563); Noufaily et al. 2013 (Stat Med 32: 1206-1222); Salmon et al.
2016 (JSS 70(10)). A log-linear quasi-Poisson model with season blocks and perhaps a trend is fitted to
the baseline, weeks of past outbreaks lose weight, the fit is repeated, and this week's count is compared
with the upper quantile of what the fit predicts.

Ours differs from the R package where that is defective or silent; `compat="surveillance-1.20"` reproduces
the peer. The dispersion of the trend test and of the standard error is that of the fitted model, not one
smaller by about the mean. The limit of `threshold="predictive"` (ours) mixes the negative binomial over
the uncertainty of the mean. A missing recent week does not silence the alarm. Where there are fewer than
20 baseline weeks, no case in the baseline or in the same season of it, or no convergence, the gamma-Poisson
rule answers and the verdict says so. Means above 1e8 are not asked for a quantile.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import CountSeries, Judgement, Signal

from .verdicts import CODE, Floats, Surveillance, Verdicts, as_counts

Threshold = Literal["delta", "nbPlugin", "muan", "predictive"]
Ints = NDArray[np.int64]

LEAST_BASELINE = 20
"""With fewer reported baseline weeks the no-history rule answers."""

_ROUNDS = 25
_LARGEST_MEAN = 1e8
_LARGEST_SE = 2.0
_OWN_FIT = 1e-9
"""A week alone in its season block is fitted by itself: what is left of it is rounding and takes no weight away."""
_STREAMS_AT_ONCE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class FarringtonOptions:
    """
    How the baseline is chosen, fitted and turned into a limit.

    `years` back and `half_window` weeks around the same week of each; `season_blocks` per year (1: only the
    windows); `past_weeks_left_out` before this week (None: as many as the half window); weeks whose
    standardised Anscombe residual exceeds `weights_threshold` lose weight; a trend is kept when its p-value
    is below `trend_p_value`, there are three years, and it does not predict more than was ever seen;
    `alpha` one-sided, 0 to 1; `power` of the delta method; an alarm needs `least_cases` in `least_weeks`.
    """

    years: int = 5
    half_window: int = 3
    season_blocks: int = 10
    past_weeks_left_out: int | None = 26
    reweight: bool = True
    weights_threshold: float = 2.58
    trend: bool = True
    trend_p_value: float = 0.05
    alpha: float = 0.005
    threshold: Threshold = "predictive"
    power: float = 2 / 3
    least_cases: int = 5
    least_weeks: int = 4
    classic: bool = False
    compat: Surveillance | None = None

    def __post_init__(self) -> None:
        if self.years < 1 or self.half_window < 0 or self.season_blocks < 1:
            raise ValueError(
                f"years {self.years}, half_window {self.half_window} and season_blocks "
                f"{self.season_blocks} must be at least 1, 0 and 1"
            )
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha {self.alpha:g} must lie between 0 and 0.5")
        if self.power not in {2 / 3, 1 / 2, 1.0}:
            raise ValueError(f"power {self.power:g} is none of 2/3, 1/2 and 1")
        if not self.weights_threshold >= 1:
            raise ValueError(f"weights_threshold {self.weights_threshold:g} must be at least 1")
        if self.compat and self.threshold == "predictive":
            raise ValueError("the peer has no predictive threshold; choose delta, nbPlugin or muan")
        if self.classic and self.season_blocks != 1:
            raise ValueError(f"the classic form has one season block, not {self.season_blocks}")

    @property
    def left_out(self) -> int:
        """How many weeks just before the judged one stay out of the baseline."""
        return self.half_window if self.past_weeks_left_out is None else self.past_weeks_left_out


FLEXIBLE = FarringtonOptions()
"""Noufaily's season blocks and weights with our trend test and predictive limit."""

CLASSIC = FarringtonOptions(
    classic=True, season_blocks=1, past_weeks_left_out=0, weights_threshold=1.0, threshold="delta"
)
"""The form of 1996, with the alpha of one side."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FarringtonVerdicts(Verdicts):
    """
    Verdicts with what the fit found.

    `dispersion` is the quasi-Poisson factor (1 and more), `trend` the log change per interval where one was
    kept, else NaN.
    """

    dispersion: Floats
    trend: Floats


@dataclass(frozen=True, slots=True)
class _Baseline:
    """Which weeks one week is compared with: positions, season block and time of each."""

    positions: Ints
    blocks: Ints
    time: Floats
    time_at: float
    time_unit: float
    years: int


def farrington(
    series: CountSeries, *, since: date | None = None, options: FarringtonOptions = FLEXIBLE
) -> tuple[Signal, ...]:
    """
    Return the weeks (or days) whose count stands above what the same season of earlier years foretells.

    Judges the intervals that begin on `since` or later (default: the newest only). The plain form: one
    stream, one week at a time, a least-squares problem per round; `farrington_matrix` is its twin. Weeks
    nobody reported are neither judged nor part of a baseline. Raises ValueError for a baseline that
    cannot be cut into the season blocks asked for. Source: see the module.

    >>> from yipan.model import Counted, Interval, Stream
    >>> weekly = Stream(disease="dengue", counted=Counted.LOCAL_CONFIRMED, interval=Interval.WEEK)
    >>> history = tuple(3 + (week * 7) % 4 for week in range(6 * 52))
    >>> quiet = CountSeries(area="44.", stream=weekly, first_day=date(2016, 1, 4), counts=(*history, 5))
    >>> farrington(quiet)
    ()
    >>> rising = CountSeries(area="44.", stream=weekly, first_day=date(2016, 1, 4), counts=(*history, 25))
    >>> [signal.day.isoformat() for signal in farrington(rising)]
    ['2021-12-27']
    """
    counts = np.array([np.nan if count is None else count for count in series.counts])
    dates = [series.day(i) for i in range(len(series))]
    period = 52 if series.stream.interval.days == 7 else 365
    first = len(series) - 1 if since is None else sum(day < since for day in dates)
    signals: list[Signal] = []
    for now in range(max(0, first), len(series)):
        signal = _plain_week(series, counts, dates, period, now, options)
        if signal is not None:
            if signals and signals[-1].day == series.day(now - 1):
                signal = _continued(signal, signals[-1].since)
            signals.append(signal)
    return tuple(signals)


def farrington_matrix(
    counts: ArrayLike,
    *,
    period: int = 52,
    dates: Sequence[date] | None = None,
    columns: Sequence[int] | None = None,
    population: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    known_outbreak: ArrayLike | None = None,
    options: FarringtonOptions = FLEXIBLE,
) -> FarringtonVerdicts:
    """
    Judge some weeks of many streams by the same season of earlier years; the twin of `farrington`.

    `counts` has the shape (streams, intervals), NaN where nobody reported; `period` is the number of
    intervals per year (52, 12 or 365); `dates` the first day of each interval (None: counted by position);
    `columns` the positions to judge (default: the newest only). `population` (same shape) makes the model
    one of rates; `covariates` (intervals, columns), such as holiday indicators, enter every fit and count
    at the judged week too; weeks marked in `known_outbreak` (streams, intervals) stay out of baselines but are
    judged. Raises ValueError for shapes that do not match, for season blocks a gap is too short for,
    and, in compatibility mode, where a reference week does not exist.

    >>> history = [3.0 + (week * 7) % 4 for week in range(6 * 52)]
    >>> verdicts = farrington_matrix([[*history, 5], [*history, 25], [0.0] * 312 + [3]])
    >>> verdicts.alarm[:, 0].tolist()
    [False, True, True]
    >>> [verdicts.judgement_of(stream, 0).value for stream in range(3)]
    ['judged', 'judged', 'no_history_rule']
    """
    y = as_counts(counts)
    streams, length = y.shape
    chosen = [length - 1] if columns is None else [int(c) for c in columns]
    if dates is not None and len(dates) != length:
        raise ValueError(f"{len(dates)} dates for {length} intervals")
    offset = None
    if population is not None:
        people = np.broadcast_to(np.asarray(population, dtype=np.float64), y.shape)
        if not (people > 0).all():
            raise ValueError("population must be above zero everywhere")
        offset = np.log(people)
    extra = np.empty((length, 0)) if covariates is None else np.asarray(covariates, dtype=float)
    if extra.ndim == 1:
        extra = extra[:, np.newaxis]
    if len(extra) != length:
        raise ValueError(f"covariates have {len(extra)} rows for {length} intervals")
    seen = ~np.isnan(y)
    usable = seen if known_outbreak is None else seen & ~np.asarray(known_outbreak, dtype=bool)
    weeks = [
        _judge_week(y, seen, usable, offset, extra, dates, period, now, options) for now in chosen
    ]
    empty = np.empty((streams, 0))

    def table(name: str) -> Floats:
        return np.column_stack([getattr(week, name) for week in weeks]) if weeks else empty

    return FarringtonVerdicts(
        method="Farrington" if options.classic else "Farrington flexible",
        observed=y[:, chosen],
        expected=table("expected"),
        sd=table("sd"),
        threshold=table("threshold"),
        score=table("score"),
        alarm=table("alarm").astype(bool),
        judgement=table("judgement").astype(np.int8),
        baseline=table("baseline").astype(np.int32),
        baseline_missing=table("missing").astype(np.int32),
        p_value=table("p_value"),
        columns=np.array(chosen, dtype=np.int64),
        dispersion=table("dispersion"),
        trend=table("trend"),
    )


# The baseline


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return date(day.year - years, 3, 1)


def _months_from(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 + months
    return date(total // 12, total % 12 + 1, day.day)


def _near_weekday(day: date, like: date) -> date:
    """Return the day nearest to `day` with the weekday of `like`."""
    ahead = (like.weekday() - day.weekday()) % 7
    return day + timedelta(days=ahead if ahead <= 3 else ahead - 7)


def _references(
    now: int, period: int, dates: Sequence[date] | None, options: FarringtonOptions
) -> list[int]:
    """Return the positions of this week in the years before, newest first."""
    if dates is None:
        found = [now - period * year for year in range(1, options.years + 1)]
    else:
        where = {day: position for position, day in enumerate(dates)}
        wanted = [_years_before(dates[now], year) for year in range(1, options.years + 1)]
        if period == 52:
            wanted = [_near_weekday(day, dates[now]) for day in wanted]
        found = [where.get(day, -1) for day in wanted]
    exist = [position for position in found if position >= 0]
    strict = options.compat is not None and not options.classic
    if strict and (len(exist) < options.years or found[-1] - options.half_window < -1):
        raise ValueError(
            f"some of the {options.years} reference points of interval {now} do not exist; "
            "ask for fewer years or a later interval"
        )
    return exist


def _baseline(
    now: int, length: int, period: int, dates: Sequence[date] | None, options: FarringtonOptions
) -> _Baseline:
    """Choose the baseline of week `now`; the same for every stream."""
    block_of: dict[int, int] = {}
    if options.classic:
        years = options.years
        positions = _classic_positions(now, length, period, dates, options)
        block_of = dict.fromkeys(positions, 1)
    else:
        references = _references(now, period, dates, options)
        years = len(references)
        block_of = _season_blocks(now, references, options)
        positions = [
            t
            for t in sorted(block_of)
            if 0 <= t < length and not now - options.left_out <= t <= now
        ]
    at = np.array(positions, dtype=np.int64)
    if dates is None:
        time, time_at, unit = at + 1.0, now + 1.0, 1.0
    else:
        ordinal = np.array([day.toordinal() for day in dates], dtype=float)
        unit = float(ordinal[1] - ordinal[0]) if length > 1 else 1.0
        first = ordinal[at[0]] if len(at) else ordinal[now]
        time, time_at = (ordinal[at] - first) / unit, float(ordinal[now] - first) / unit
    blocks = np.array([block_of[t] for t in positions], dtype=np.int64)
    return _Baseline(at, blocks, np.asarray(time, dtype=float), time_at, unit, years)


def _season_blocks(now: int, references: list[int], options: FarringtonOptions) -> dict[int, int]:
    """Label the weeks around now and its references with the last block, the gaps between with the others."""
    w, p = options.half_window, options.season_blocks
    block_of = dict.fromkeys(range(now - w, now + 1), p)
    later = now
    for reference in references:
        block_of.update(dict.fromkeys(range(reference - w, reference + w + 1), p))
        gap = later - 2 * w - 1 - reference
        if p > 1:
            if gap < p - (2 * w + 1) or gap < p - 1:
                raise ValueError(
                    f"a year leaves {gap} intervals between the windows, too few for {p} season blocks"
                )
            size, longer = divmod(gap, p - 1)
            position = reference + w + 1
            for block in range(1, p):
                for _ in range(size + (block <= longer)):
                    block_of[position] = block
                    position += 1
        later = reference
    return block_of


def _classic_positions(
    now: int, length: int, period: int, dates: Sequence[date] | None, options: FarringtonOptions
) -> list[int]:
    """Return the windows of 1996 around the same week of each year; those before the series are left out."""
    w = options.half_window
    found: list[int] = []
    where = {} if dates is None else {day: position for position, day in enumerate(dates)}
    for year in range(options.years, 0, -1):
        for step in range(-w, w + 1):
            if dates is None:
                position = now - year * period + step
            elif period == 52:
                day = _years_before(dates[now], year) + timedelta(days=7 * step)
                position = where.get(_near_weekday(day, dates[now]), -1)
            elif period == 12:
                position = where.get(_months_from(_years_before(dates[now], year), step), -1)
            else:
                position = where.get(_years_before(dates[now], year) + timedelta(days=step), -1)
            if 0 <= position < length:
                found.append(position)
    return sorted(set(found))


def _in_season(base: _Baseline, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the kept baseline weeks lie in the same season as the judged one: the last block."""
    blocks = base.blocks[keep]
    return np.asarray(blocks == base.blocks.max(initial=0))


# The plain form


def _continued(signal: Signal, since: date) -> Signal:
    return Signal(**{name: getattr(signal, name) for name in _SIGNAL_FIELDS} | {"since": since})


_SIGNAL_FIELDS = tuple(Signal.__dataclass_fields__)


@dataclass(slots=True)
class _PlainFit:
    coefficients: Floats
    mean: Floats
    weights: Floats
    covariance: Floats
    converged: bool


def _plain_fit(X: Floats, y: Floats, prior: Floats) -> _PlainFit:
    """Fit a log-linear Poisson model by iterated least squares, one round after another."""
    mean: Floats = y + 0.1
    eta: Floats = np.log(mean)
    deviance = _deviance(y, mean, prior)
    beta: Floats = np.zeros(X.shape[1])
    converged = False
    weights = prior * mean
    for _ in range(_ROUNDS):
        weights = prior * mean
        working = eta + (y - mean) / mean
        root = np.sqrt(weights)
        beta = np.asarray(
            np.linalg.lstsq(X * root[:, None], working * root, rcond=None)[0], dtype=np.float64
        )
        eta = np.asarray(X @ beta, dtype=np.float64)
        with np.errstate(over="ignore"):
            mean = np.asarray(np.maximum(np.exp(eta), np.finfo(float).eps), dtype=np.float64)
        before, deviance = deviance, _deviance(y, mean, prior)
        if not math.isfinite(deviance):
            break
        if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            converged = True
            break
    covariance = np.linalg.pinv(X.T @ (X * weights[:, None]))
    return _PlainFit(beta, mean, weights, np.asarray(covariance, dtype=float), converged)


def _deviance(y: Floats, mean: Floats, prior: Floats) -> float:
    positive = y > 0
    part = np.where(positive, y * np.log(np.where(positive, y, 1.0) / mean), 0.0) - (y - mean)
    return float(2 * (prior * part).sum())


def _plain_reweighted(
    X: Floats, y: Floats, options: FarringtonOptions
) -> tuple[_PlainFit, float, float]:
    """Fit, take weight from outbreaks, fit again; return the fit, its dispersion and that of its inference."""
    n, q = X.shape
    ones = np.ones(n)
    fit = _plain_fit(X, y, ones)
    omega = ones
    dispersion = max(1.0, float((fit.weights * ((y - fit.mean) / fit.mean) ** 2).sum()) / (n - q))
    if options.reweight:
        hat = fit.weights * np.einsum("ij,jk,ik->i", X, fit.covariance, X)
        anscombe = 1.5 * (y ** (2 / 3) * fit.mean ** (-1 / 6) - np.sqrt(fit.mean))
        with np.errstate(divide="ignore", invalid="ignore"):
            s = np.where(1 - hat > _OWN_FIT, anscombe / np.sqrt(dispersion * (1 - hat)), 0.0)
        omega = np.where(s > options.weights_threshold, np.maximum(s, 1.0) ** -2.0, 1.0)
        omega *= n / omega.sum()
        first = fit.converged
        fit = _plain_fit(X, y, omega)
        fit.converged = first
        residual = ((y - fit.mean) / fit.mean) ** 2
        dispersion = max(1.0, float((fit.weights * residual).sum()) / (n - q))
    residual = ((y - fit.mean) / fit.mean) ** 2
    inference = dispersion
    if options.classic:
        inference = float((fit.weights * residual).sum()) / (n - q)
    elif options.compat:
        inference = float(((omega if options.reweight else fit.weights) * residual).sum()) / (n - q)
    return fit, dispersion, inference


def _plain_trend_kept(
    fit: _PlainFit,
    at: Floats,
    y: Floats,
    inference: float,
    years: int,
    options: FarringtonOptions,
) -> bool:
    """Keep a trend that is significant over three years and foretells no more than was ever seen."""
    slope, spread = fit.coefficients[-1], math.sqrt(inference * fit.covariance[-1, -1])
    p = 2 * special.stdtr(len(y) - len(at), -abs(slope) / spread) if abs(slope) >= 1e-12 else 1.0
    limit = 0.05 if options.classic else options.trend_p_value
    sensible = math.exp(min(700.0, float(at @ fit.coefficients))) <= float(y.max())
    return bool(fit.converged and years >= 3 and p < limit and sensible)


def _plain_week(
    series: CountSeries,
    counts: Floats,
    dates: list[date],
    period: int,
    now: int,
    options: FarringtonOptions,
) -> Signal | None:
    observed = counts[now]
    base = _baseline(now, len(counts), period, dates, options)
    reported = base.positions[~np.isnan(counts[base.positions])]
    if np.isnan(observed) or len(reported) == 0:
        return None
    y = counts[reported]
    keep = ~np.isnan(counts[base.positions])
    labels = np.unique(base.blocks)
    seasons = (base.blocks[keep, None] == labels[None, 1:]).astype(float)
    season_now = (labels[1:] == options.season_blocks).astype(float)
    rule_y = y[_in_season(base, keep)]
    long = len(y) >= LEAST_BASELINE and y.sum() > 0
    judged = options.compat is not None or (long and rule_y.sum() > 0)
    rule_y = rule_y if long and len(rule_y) else y
    judgement = Judgement.JUDGED if judged else Judgement.NO_HISTORY_RULE
    mean = float(rule_y.mean())
    threshold = float(_rule_limit(len(rule_y), float(rule_y.sum()), options.alpha))
    if judged:
        ones = np.ones((len(y), 1))
        X = np.hstack([ones, seasons])
        at = np.concatenate([[1.0], season_now])
        fit = None
        if options.trend:
            with_trend = np.hstack([X, base.time[keep, None]])
            fit, dispersion, inference = _plain_reweighted(with_trend, y, options)
            at_trend = np.concatenate([at, [base.time_at]])
            kept = _plain_trend_kept(fit, at_trend, y, inference, base.years, options)
            at, X = (at_trend, with_trend) if kept else (at, X)
            fit = fit if kept else None
        if fit is None:
            fit, dispersion, inference = _plain_reweighted(X, y, options)
        eta = float(at @ fit.coefficients)
        used = dispersion if options.classic else inference
        se = math.sqrt(max(0.0, used * float(at @ fit.covariance @ at)))
        sound = fit.converged and eta < math.log(_LARGEST_MEAN) and se <= _LARGEST_SE
        if not options.compat and not sound:
            judgement = Judgement.NOT_CONVERGED
        else:
            mean = math.exp(eta)
            limits, _ = _limits(
                np.array([observed]),
                np.array([eta]),
                np.array([se]),
                np.array([dispersion]),
                options,
            )
            threshold = float(limits[0])
    if judgement is Judgement.JUDGED:
        recent = counts[max(0, now - options.least_weeks + 1) : now]
        needed = options.least_cases - float(np.nansum(recent)) - 1
        threshold = max(threshold, needed, 0.0)
    if not observed > threshold:
        return None
    day = series.day(now)
    return Signal(
        area=series.area,
        stream=series.stream,
        day=day,
        method="Farrington" if options.classic else "Farrington flexible",
        observed=int(observed),
        expected=mean,
        threshold=threshold,
        score=(observed - mean) / (threshold - mean) if threshold > mean else math.inf,
        since=day,
        baseline=len(reported),
        baseline_missing=len(base.positions) - len(reported),
        judgement=judgement,
    )


# The matrix form


@dataclass(slots=True)
class _Week:
    expected: Floats
    sd: Floats
    threshold: Floats
    score: Floats
    alarm: NDArray[np.bool_]
    judgement: NDArray[np.int8]
    baseline: Ints
    missing: Ints
    p_value: Floats
    dispersion: Floats
    trend: Floats


@dataclass(slots=True)
class _Fit:
    """Fits of several streams: coefficients (streams, q), means and weights (streams, n)."""

    coefficients: Floats
    mean: Floats
    weights: Floats
    inverse: Floats
    converged: NDArray[np.bool_]


@dataclass(slots=True)
class _Model:
    """A finished fit of several streams."""

    eta: Floats
    variance: Floats = field(repr=False)
    dispersion: Floats = field(repr=False)
    inference: Floats = field(repr=False)
    slope: Floats = field(repr=False)
    slope_variance: Floats = field(repr=False)
    freedom: Floats = field(repr=False)
    converged: NDArray[np.bool_] = field(repr=False)


def _rule_limit(n: ArrayLike, total: ArrayLike, alpha: float) -> Floats:
    """Return the gamma-Poisson limit from n reference values of sum `total`; Jeffreys' prior."""
    from scipy import stats

    n = np.asarray(n, dtype=float)
    return np.asarray(stats.nbinom.ppf(1 - alpha, np.asarray(total) + 0.5, n / (n + 1)))


def _judge_week(
    y: Floats,
    seen: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    offset: Floats | None,
    extra: Floats,
    dates: Sequence[date] | None,
    period: int,
    now: int,
    options: FarringtonOptions,
) -> _Week:
    streams, length = y.shape
    base = _baseline(now, length, period, dates, options)
    if options.compat and options.classic and not usable[:, base.positions].all():
        raise ValueError(
            f"a baseline value of interval {now} is missing; the peer stops here, our own form does not"
        )
    at = base.positions
    counts = np.where(usable[:, at], y[:, at], 0.0)
    mask = usable[:, at].astype(float)
    n, total = mask.sum(axis=1), counts.sum(axis=1)
    in_season = _in_season(base, np.ones(len(at), bool))
    rule_n, rule_total = mask[:, in_season].sum(axis=1), counts[:, in_season].sum(axis=1)
    long = (n >= LEAST_BASELINE) & (total > 0)
    fitted = np.ones(streams, bool) if options.compat else long & (rule_total > 0)
    whole = ~long | (rule_n == 0)
    rule_n, rule_total = np.where(whole, n, rule_n), np.where(whole, total, rule_total)
    eta, se, dispersion, trend = (np.full(streams, np.nan) for _ in range(4))
    converged = np.zeros(streams, bool)
    rows = np.flatnonzero(fitted & (n > 0))
    X, x_now = _design(base, extra, now, options)
    for start in range(0, len(rows), _STREAMS_AT_ONCE):
        part = rows[start : start + _STREAMS_AT_ONCE]
        shift = None if offset is None else offset[part][:, at]
        shift_now = 0.0 if offset is None else offset[part, now]
        found = _fit_streams(X, x_now, base, counts[part], mask[part], shift, shift_now, options)
        eta[part], se[part], dispersion[part], trend[part], converged[part] = found
    with np.errstate(over="ignore"):
        bounded = converged & np.isfinite(eta)
        if not options.compat:
            bounded &= (eta < math.log(_LARGEST_MEAN)) & (se <= _LARGEST_SE)
    observed = y[:, now]
    threshold, p_value, expected = (np.full(streams, np.nan) for _ in range(3))
    limits, chance = _limits(
        observed[bounded], eta[bounded], se[bounded], dispersion[bounded], options
    )
    threshold[bounded], p_value[bounded], expected[bounded] = limits, chance, np.exp(eta[bounded])
    with np.errstate(over="ignore", invalid="ignore"):
        spread = expected * np.sqrt(dispersion / expected + se * se)
    return _verdict(
        y, seen, now, options, n, rule_n, rule_total, len(at), threshold, p_value, expected, spread,
        fitted, bounded, dispersion, trend, eta,
    )  # fmt: skip


def _verdict(
    y: Floats,
    seen: NDArray[np.bool_],
    now: int,
    options: FarringtonOptions,
    n: Floats,
    rule_n: Floats,
    total: Floats,
    width: int,
    threshold: Floats,
    p_value: Floats,
    expected: Floats,
    spread: Floats,
    fitted: NDArray[np.bool_],
    bounded: NDArray[np.bool_],
    dispersion: Floats,
    trend: Floats,
    eta: Floats,
) -> _Week:
    """Turn limits into verdicts: enough cases, the no-history rule, the peer's habits where asked for."""
    observed, reported = y[:, now], seen[:, now]
    judgement = np.full(len(y), CODE[Judgement.SHORT_HISTORY], np.int8)
    recent = y[:, max(0, now - options.least_weeks + 1) : now]
    if options.compat:
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            enough = recent.sum(axis=1) + observed >= options.least_cases
            at = eta if options.threshold in {"nbPlugin", "muan"} else expected
            score = (observed - at) / (threshold - at)
            alarm = enough & bounded & (score > 1) & (observed > 0)
            threshold = np.where(enough, threshold, 0.0 if options.classic else np.nan)
            score = np.where(enough | (not options.classic), score, 0.0)
            dispersion = np.where(bounded, dispersion, np.nan)
            expected = np.where(enough | options.classic, expected, np.nan)
        judgement[n > 0] = CODE[Judgement.NOT_CONVERGED]
        judgement[bounded] = CODE[Judgement.JUDGED]
    else:
        needed = options.least_cases - np.nansum(recent, axis=1) - 1
        threshold = np.maximum(threshold, np.maximum(needed, 0.0))
        rule = (n > 0) & ~bounded
        weeks, cases = rule_n[rule], total[rule]
        threshold[rule], expected[rule] = _rule_limit(weeks, cases, options.alpha), cases / weeks
        rate = (cases + 0.5) / weeks
        spread[rule] = np.sqrt(rate * (1 + 1 / weeks))
        p_value[rule] = _nb_tail(observed[rule], rate, 1 + 1 / weeks)
        judgement[rule] = CODE[Judgement.NO_HISTORY_RULE]
        judgement[rule & fitted] = CODE[Judgement.NOT_CONVERGED]
        judgement[bounded] = CODE[Judgement.JUDGED]
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.where(
                threshold > expected, (observed - expected) / (threshold - expected), np.inf
            )
            score[~reported | (n == 0)] = np.nan
            alarm = reported & (observed > threshold)
    judgement[~reported] = CODE[Judgement.NOT_REPORTED]
    return _Week(
        expected, spread, threshold, score, alarm, judgement, n.astype(np.int64),
        (width - n).astype(np.int64), p_value, dispersion, trend,
    )  # fmt: skip


def _design(
    base: _Baseline, extra: Floats, now: int, options: FarringtonOptions
) -> tuple[Floats, Floats]:
    """Return the columns intercept, season blocks, covariates, time; and their row for the judged week."""
    labels = np.unique(base.blocks)[1:]
    at = base.positions
    known = extra[at].any(axis=0) if len(at) else np.zeros(extra.shape[1], bool)
    X = np.column_stack(
        [np.ones(len(at)), base.blocks[:, None] == labels[None, :], extra[at][:, known], base.time]
    ).astype(float)
    x_now = np.concatenate(
        [[1.0], labels == options.season_blocks, extra[now, known], [base.time_at]]
    ).astype(float)
    return X, x_now


def _fit_streams(
    X: Floats,
    x_now: Floats,
    base: _Baseline,
    counts: Floats,
    mask: Floats,
    shift: Floats | None,
    shift_now: Floats | float,
    options: FarringtonOptions,
) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """Fit some streams with trend where it may be kept, the rest without; return what is needed at now."""
    streams = len(counts)
    now = np.tile(x_now, (streams, 1))
    if options.compat and base.time_at != base.positions[-1:].sum() and len(base.time):
        # the peer counts time at the judged week from the first reported baseline week
        dated = base.time[0] == 0
        if dated:
            now[:, -1] -= base.time[np.argmax(mask > 0, axis=1)]
    centre = float(base.time.mean()) if len(base.time) else 0.0
    X = X.copy()
    X[:, -1] -= centre
    now[:, -1] -= centre
    plain = _TwoFits(X[:, :-1], now[:, :-1], counts, mask, shift, options)
    if not options.trend:
        model, kept = plain.fit(np.arange(streams)), np.zeros(streams, bool)
    else:
        with_trend = _TwoFits(X, now, counts, mask, shift, options).fit(np.arange(streams))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            spread = np.sqrt(with_trend.inference * with_trend.slope_variance)
            p = 2 * special.stdtr(with_trend.freedom, -np.abs(with_trend.slope) / spread)
            p = np.where(np.abs(with_trend.slope) < 1e-12, 1.0, p)
            limit = 0.05 if options.classic else options.trend_p_value
            kept = with_trend.converged & (p < limit) & (base.years >= 3)
            kept &= np.exp(with_trend.eta + shift_now) <= counts.max(axis=1)
        model = with_trend
        others = np.flatnonzero(~kept)
        if len(others):
            without = plain.fit(others)
            for name in ("eta", "variance", "dispersion", "inference", "converged"):
                getattr(model, name)[others] = getattr(without, name)
    used = model.dispersion if options.classic else model.inference
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.maximum(used * model.variance, 0.0))
    trend = np.where(kept, model.slope, np.nan)
    return model.eta + shift_now, se, model.dispersion, trend, model.converged


@dataclass(frozen=True, slots=True)
class _TwoFits:
    """Streams that share a design: `fit` takes weight from outbreaks between two fits."""

    X: Floats
    now: Floats
    counts: Floats
    mask: Floats
    shift: Floats | None
    options: FarringtonOptions

    def fit(self, rows: Ints) -> _Model:
        """Fit the streams at `rows`."""
        X, now, options = self.X, self.now[rows], self.options
        y, mask = self.counts[rows], self.mask[rows]
        shift = None if self.shift is None else self.shift[rows]
        n = mask.sum(axis=1)
        fit = _fit(X, y, mask, shift)
        present = (mask @ (X != 0)) > 0
        freedom = n - present.sum(axis=1)
        omega = mask
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            residual = ((y - fit.mean) / fit.mean) ** 2
            true = (fit.weights * residual).sum(axis=1) / freedom
            converged = fit.converged
            if options.reweight:
                dispersion = np.fmax(1.0, true)
                leverage = fit.weights * _quadratic(X, fit.inverse)
                anscombe = 1.5 * (y ** (2 / 3) * fit.mean ** (-1 / 6) - np.sqrt(fit.mean))
                s = np.where(
                    1 - leverage > _OWN_FIT,
                    anscombe / np.sqrt(dispersion[:, None] * (1 - leverage)),
                    0.0,
                )
                omega = np.where(s > options.weights_threshold, s**-2.0, 1.0) * mask
                omega *= (n / omega.sum(axis=1))[:, None]
                fit = _fit(X, y, omega, shift)
                residual = ((y - fit.mean) / fit.mean) ** 2
                true = (fit.weights * residual).sum(axis=1) / freedom
            dispersion = np.fmax(1.0, true)
            if options.classic:
                inference = true
            elif options.compat:
                inference = (omega * residual).sum(axis=1) / freedom if options.reweight else true
            else:
                inference = dispersion
        return _Model(
            eta=np.einsum("sq,sq->s", now, fit.coefficients),
            variance=np.einsum("sp,spq,sq->s", now, fit.inverse, now),
            dispersion=dispersion,
            inference=inference,
            slope=fit.coefficients[:, -1].copy(),
            slope_variance=fit.inverse[:, -1, -1].copy(),
            freedom=freedom,
            converged=converged & np.isfinite(fit.coefficients).all(axis=1) & (freedom > 0),
        )


def _quadratic(X: Floats, inverse: Floats) -> Floats:
    """Return x_i' C x_i for every row of X and every stream, as one matrix product."""
    n, q = X.shape
    pairs = (X[:, :, None] * X[:, None, :]).reshape(n, q * q)
    return np.asarray(inverse.reshape(len(inverse), q * q) @ pairs.T)


def _fit(X: Floats, y: Floats, prior: Floats, shift: Floats | None) -> _Fit:
    """Iterated least squares for many streams at once; each stops when its own deviance stands still."""
    streams, n = y.shape
    q = X.shape[1]
    pairs = (X[:, :, None] * X[:, None, :]).reshape(n, q * q)
    log_y = np.log(np.where(y > 0, y, 1.0))
    coefficients = np.zeros((streams, q))
    final_mean, final_weights = np.ones((streams, n)), np.ones((streams, n))
    normal = np.tile(np.eye(q), (streams, 1, 1))
    converged = np.zeros(streams, bool)
    rows = np.arange(streams)
    mean = y + 0.1
    eta = np.log(mean)
    deviance = _deviances(y, log_y, mean, prior)
    beta = np.zeros((streams, q))
    for number in range(_ROUNDS):
        weights = prior * mean
        working = eta + (y - mean) / mean if shift is None else eta - shift + (y - mean) / mean
        gram = (weights @ pairs).reshape(-1, q, q)
        previous = beta
        beta = _solve(gram, (weights * working) @ X)
        eta, mean, now = _predict(X, beta, shift, y, log_y, prior)
        wild = ~np.isfinite(now)
        if wild.any() and number:
            beta, eta, mean, now = _halve(X, beta, previous, shift, y, log_y, prior, eta, mean, now)
        with np.errstate(invalid="ignore"):
            still = np.abs(now - deviance) / (np.abs(now) + 0.1) < 1e-8
        done = still | ~np.isfinite(now) | (number == _ROUNDS - 1)
        deviance = now
        if done.any():
            out = rows[done]
            coefficients[out], final_mean[out] = beta[done], mean[done]
            final_weights[out], normal[out] = weights[done], gram[done]
            converged[out] = still[done]
            go = ~done
            if not go.any():
                break
            rows = rows[go]
            y, log_y, prior, mean = y[go], log_y[go], prior[go], mean[go]
            eta, beta, deviance = eta[go], beta[go], deviance[go]
            shift = None if shift is None else shift[go]
    return _Fit(coefficients, final_mean, final_weights, _inverse(normal), converged)


def _predict(
    X: Floats, beta: Floats, shift: Floats | None, y: Floats, log_y: Floats, prior: Floats
) -> tuple[Floats, Floats, Floats]:
    eta = beta @ X.T
    if shift is not None:
        eta = eta + shift
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.maximum(np.exp(eta), np.finfo(float).eps)
        return eta, mean, _deviances(y, log_y, mean, prior)


def _halve(
    X: Floats,
    beta: Floats,
    previous: Floats,
    shift: Floats | None,
    y: Floats,
    log_y: Floats,
    prior: Floats,
    eta: Floats,
    mean: Floats,
    deviance: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Step back half way to the previous coefficients until the deviance is finite."""
    for _ in range(_ROUNDS):
        wild = ~np.isfinite(deviance)
        if not wild.any():
            break
        beta[wild] = (beta[wild] + previous[wild]) / 2
        part = None if shift is None else shift[wild]
        eta[wild], mean[wild], deviance[wild] = _predict(
            X, beta[wild], part, y[wild], log_y[wild], prior[wild]
        )
    return beta, eta, mean, deviance


def _deviances(y: Floats, log_y: Floats, mean: Floats, prior: Floats) -> Floats:
    with np.errstate(invalid="ignore", over="ignore"):
        parts = y * (log_y - np.log(mean)) - (y - mean)
        return np.asarray(2 * np.einsum("sn,sn->s", prior, parts))


def _scaled(gram: Floats) -> tuple[Floats, Floats]:
    """Bring a normal matrix to unit diagonal; a column no reported week has becomes its own equation."""
    size = np.sqrt(np.einsum("sqq->sq", gram))
    absent = ~(size > 0)
    size[absent] = 1.0
    scaled = gram / (size[:, :, None] * size[:, None, :])
    where = np.nonzero(absent)
    scaled[where[0], where[1], where[1]] = 1.0
    return np.where(np.isfinite(scaled), scaled, 0.0), size


def _solve(gram: Floats, right: Floats) -> Floats:
    scaled, size = _scaled(gram)
    side = (right / size)[:, :, None]
    try:
        solved = np.linalg.solve(scaled, side)
    except np.linalg.LinAlgError:
        solved = np.linalg.pinv(scaled, hermitian=True) @ side
    return np.asarray(solved[:, :, 0] / size)


def _inverse(gram: Floats) -> Floats:
    scaled, size = _scaled(gram)
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        inverse = np.linalg.pinv(scaled, hermitian=True)
    return np.asarray(inverse / (size[:, :, None] * size[:, None, :]))


# Limits


def _nb_tail(y: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """Return P(Y >= y) for the negative binomial of that mean and variance mean x dispersion; Poisson at 1."""
    y, mean, dispersion = np.broadcast_arrays(y, mean, dispersion)
    over = dispersion > 1 + 1e-12
    count = np.maximum(y, 1.0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        size = mean / np.where(over, dispersion - 1, 1.0)
        tail = special.betainc(count, size, np.where(over, 1 - 1 / dispersion, 0.5))
        tail = np.where(over, tail, special.gammainc(count, mean))
    return np.where(np.isnan(y), np.nan, np.where(y <= 0, 1.0, tail))


def _nb_quantile(alpha: float, mean: Floats, dispersion: Floats) -> Floats:
    """Return the smallest count whose upper tail beyond it is at most alpha; normal above a mean of 1e8."""
    from scipy import stats

    large = ~(mean < _LARGEST_MEAN)
    small = np.where(large, 1.0, mean)
    over = dispersion > 1 + 1e-12
    with np.errstate(divide="ignore", invalid="ignore"):
        size = small / np.where(over, dispersion - 1, 1.0)
        found = np.where(
            over,
            stats.nbinom.ppf(1 - alpha, size, 1 / np.where(over, dispersion, 2.0)),
            stats.poisson.ppf(1 - alpha, small),
        )
    with np.errstate(over="ignore", invalid="ignore"):
        normal = mean + special.ndtri(1 - alpha) * np.sqrt(mean * dispersion)
    return np.asarray(np.where(large, normal, found))


_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_NODE_WEIGHTS = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()


def _mixed_tail(y: Floats, eta: Floats, se: Floats, dispersion: Floats) -> Floats:
    """Return P(Y >= y) with the log mean uncertain by `se`: nine nodes of the normal law."""
    total = np.zeros_like(eta)
    for node, weight in zip(_NODES, _NODE_WEIGHTS, strict=True):
        mean = np.exp(np.minimum(eta + node * se, 25.0))
        total += weight * _nb_tail(y, mean, dispersion)
    return np.asarray(total)


def _limits(
    observed: Floats, eta: Floats, se: Floats, dispersion: Floats, options: FarringtonOptions
) -> tuple[Floats, Floats]:
    """Return the limit in counts and the chance of today's count or more."""
    alpha = options.alpha
    z = float(special.ndtri(1 - alpha / 2 if options.classic and options.compat else 1 - alpha))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.exp(eta)
        if options.threshold == "delta":
            e = options.power
            variance = dispersion + (se * mean) ** 2 / mean
            factor = {2 / 3: 4 / 9 * mean ** (1 / 3), 1 / 2: 0.25 * np.ones_like(mean), 1.0: mean}[
                e
            ]
            sd = np.sqrt(factor * variance)
            limit = np.maximum(mean**e + z * sd, 0.0) ** (1 / e)
            return limit, special.ndtr(-(observed**e - mean**e) / sd)
        if options.threshold == "nbPlugin":
            return _nb_quantile(alpha, mean, dispersion), _nb_tail(observed, mean, dispersion)
        if options.threshold == "muan":
            mean = np.exp(eta + z * se)
            mean = np.where(np.isfinite(mean), mean, np.nan)
            return _nb_quantile(alpha, mean, dispersion), _nb_tail(observed, mean, dispersion)
    return _predictive_limit(eta, se, dispersion, alpha), _mixed_tail(observed, eta, se, dispersion)


def _predictive_limit(eta: Floats, se: Floats, dispersion: Floats, alpha: float) -> Floats:
    """
    Return the smallest count whose mixed upper tail beyond it is at most alpha.

    Begins at the quantile of the negative binomial with the mean and variance of the mixture, steps away
    from it in doubling strides until the limit is enclosed, and halves the interval.
    """
    spread = np.exp(np.minimum(se**2, 4.0))
    mean = np.exp(eta) * np.sqrt(spread)
    guess = np.maximum(_nb_quantile(alpha, mean, dispersion + mean * (spread - 1)), 0.0)

    def beyond(count: Floats, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return _mixed_tail(count + 1, eta[where], se[where], dispersion[where]) > alpha

    everywhere = np.ones(len(eta), bool)
    short = beyond(guess, everywhere)
    low, high = np.where(short, guess, -1.0), np.where(short, np.inf, guess)
    step, last = 1.0, guess.copy()
    loose = everywhere.copy()
    for _ in range(60):
        loose &= np.isinf(high) | ((low < 0) & (high > 0))
        if not loose.any():
            break
        last[loose] = np.maximum(last[loose] + np.where(short[loose], step, -step), -1.0)
        below = last[loose] < 0
        above = np.where(below, True, beyond(np.maximum(last[loose], 0.0), loose))
        low[loose] = np.where(above, last[loose], low[loose])
        high[loose] = np.where(above, high[loose], last[loose])
        loose[loose] = above == short[loose]
        step *= 2
    for _ in range(80):
        wide = high - low > 1
        if not wide.any():
            break
        middle = np.floor((low[wide] + high[wide]) / 2)
        above = beyond(middle, wide)
        low[wide] = np.where(above, middle, low[wide])
        high[wide] = np.where(above, high[wide], middle)
    return np.asarray(high)
