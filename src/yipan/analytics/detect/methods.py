"""
Every method by its name: one way to ask any of them about many streams.

The desk, the evaluation and the command line choose by name; nothing else needs to know how a method is called.
Sequential charts are run on what the calendar baseline expects of each day, so that a weekday is no drift.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike

from yipan.model import Interval, Judgement, WorkCalendar

from . import nssp, sequential, simple
from .baseline import METHOD as BASELINE
from .baseline import STANDARD, WEEKLY, BaselineOptions, baseline_matrix
from .ears import EarsMethod, ears_matrix
from .farrington import FLEXIBLE, farrington_matrix
from .verdicts import CODE, Floats, Verdicts, as_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a method is asked: counts (streams, intervals), when they began, and which columns to judge."""

    counts: Floats
    first_day: date
    interval: Interval
    columns: tuple[int, ...]
    calendar: WorkCalendar | None = None
    groups: tuple[int, ...] | None = None
    alpha: float | None = None
    thresholds: int | None = None
    thresholds_below: float = 1.0
    exposure: Floats | None = None
    known_outbreak: Floats | None = None
    trials: Floats | None = None

    @property
    def dates(self) -> list[date]:
        """The first day of each interval."""
        step = timedelta(days=self.interval.days)
        return [self.first_day + i * step for i in range(self.counts.shape[1])]

    @property
    def per_year(self) -> int:
        """How many intervals a year has."""
        return 52 if self.interval is Interval.WEEK else 365


Method = Callable[[Asked], Verdicts]


def _baseline(asked: Asked) -> Verdicts:
    return _by(WEEKLY if asked.interval is Interval.WEEK else STANDARD, asked)


def _set_back(asked: Asked) -> Verdicts:
    options = WEEKLY if asked.interval is Interval.WEEK else STANDARD
    return _by(replace(options, begin_anew=True), asked)


def _by(options: BaselineOptions, asked: Asked) -> Verdicts:
    return baseline_matrix(
        asked.counts,
        first_day=asked.first_day,
        interval=asked.interval,
        calendar=asked.calendar,
        groups=asked.groups,
        columns=asked.columns,
        exposure=asked.exposure,
        known_outbreak=asked.known_outbreak,
        thresholds=asked.thresholds,
        thresholds_below=asked.thresholds_below,
        options=options if asked.alpha is None else replace(options, alpha=asked.alpha),
    )


def _farrington(asked: Asked) -> Verdicts:
    options = FLEXIBLE if asked.alpha is None else replace(FLEXIBLE, alpha=asked.alpha)
    if asked.interval is Interval.DAY:
        options = replace(options, half_window=10, past_weeks_left_out=28)
    return farrington_matrix(
        asked.counts, period=asked.per_year, columns=asked.columns, options=options
    )


def _ears(kind: EarsMethod) -> Method:
    def judge(asked: Asked) -> Verdicts:
        found = ears_matrix(
            asked.counts, method=kind, alpha=asked.alpha, p_values=kind != "C3"
        )  # fmt: skip
        return only(found, asked.columns)

    return judge


def _nssp(function: Callable[..., Verdicts]) -> Method:
    def judge(asked: Asked) -> Verdicts:
        red = 0.01 if asked.alpha is None else asked.alpha
        return only(
            function(asked.counts, first_day=asked.first_day, red=red, yellow=max(0.05, red)),
            asked.columns,
        )

    return judge


def _expected(asked: Asked) -> Floats:
    found = _baseline(replace(asked, columns=tuple(range(asked.counts.shape[1])), thresholds=0))
    return np.where(found.expected > 0, np.maximum(found.expected, 0.02), np.nan)


def _cusum(asked: Asked) -> Verdicts:
    return only(sequential.cusum_matrix(asked.counts, expected=_expected(asked)), asked.columns)


def _likelihood_ratio(asked: Asked) -> Verdicts:
    found = sequential.lr_matrix(
        asked.counts, expected=_expected(asked), rise=0.7, overdispersion=0.1
    )
    return only(found, asked.columns)


def _glr(asked: Asked) -> Verdicts:
    found = sequential.glr_matrix(
        asked.counts, expected=_expected(asked), overdispersion=0.1, window=14, thresholds=False
    )
    return only(found, asked.columns)


def _percentile(percentile: float) -> Method:
    def judge(asked: Asked) -> Verdicts:
        return simple.moving_percentile_matrix(
            asked.counts, percentile=percentile, period=asked.per_year, columns=asked.columns
        )

    return judge


def _predictive(asked: Asked) -> Verdicts:
    alpha = 0.05 if asked.alpha is None else asked.alpha
    return simple.predictive_matrix(asked.counts, alpha=alpha, columns=asked.columns)


def _historical(asked: Asked) -> Verdicts:
    return simple.historical_limits_matrix(
        asked.counts, period=asked.per_year, columns=asked.columns
    )


def _fixed(asked: Asked) -> Verdicts:
    return only(simple.fixed_value_matrix(asked.counts), asked.columns)


CHART_DAYS = 90
"""Intervals over which a chart of positivity adds up; its usual share is learned from those before."""
_LEARNED_TESTS = 50.0
"""As if so many tests of a stream had had its siblings' share, before any was seen."""


def _positivity(asked: Asked) -> Verdicts:
    if asked.trials is None:
        raise ValueError(
            f"{POSITIVITY} judges positive results against the tests made; no tests are counted beside these"
        )
    positive, tests = asked.counts.copy(), asked.trials.copy()
    wrong = ~(positive <= tests) | ~(tests > 0)  # a day without tests says nothing of their share
    positive[wrong] = tests[wrong] = np.nan
    begin = max(0, min(asked.columns, default=0) - CHART_DAYS)
    before = slice(0, begin)
    found, taken = np.nansum(positive[:, before], axis=1), np.nansum(tests[:, before], axis=1)
    group = np.zeros(len(positive), int) if asked.groups is None else np.array(asked.groups)
    shared = (np.bincount(group, found) + 0.5) / (np.bincount(group, taken) + 1)
    share = (found + _LEARNED_TESTS * shared[group]) / (taken + _LEARNED_TESTS)
    known = taken > 0
    share = np.where(known, np.clip(share, 1e-6, 0.999), 0.5)
    chart = sequential.binomial_cusum_matrix(
        np.where(known[:, None], positive, np.nan)[:, begin:], tests[:, begin:], quiet_share=share
    )
    judged = only(chart, [column - begin for column in asked.columns])
    none = ~known[:, None] & ~np.isnan(asked.counts[:, list(asked.columns)])
    return replace(
        judged,
        columns=np.array(asked.columns),
        judgement=np.where(none, CODE[Judgement.SHORT_HISTORY], judged.judgement).astype(np.int8),
        baseline=np.broadcast_to(
            (~np.isnan(positive[:, before])).sum(axis=1)[:, None], judged.baseline.shape
        ).astype(np.int32),
    )


DEFAULT = "standard"
SET_BACK = "standard set back"
"""The default begun anew after every alarm, as charts are: each alarm rests on what is new, and a rise that lasts is not told on all its days."""
POSITIVITY = "binomial CUSUM"
"""The method that judges positive results against the tests made."""

METHODS: Mapping[str, Method] = {
    DEFAULT: _baseline,
    BASELINE: _baseline,
    SET_BACK: _set_back,
    "Farrington flexible": _farrington,
    "EARS C1": _ears("C1"),
    "EARS C2": _ears("C2"),
    "EARS C3": _ears("C3"),
    "NSSP EWMA": _nssp(nssp.nssp_ewma),
    "NSSP regression": _nssp(nssp.nssp_regression),
    "NSSP switch": _nssp(nssp.nssp_switch),
    "CUSUM": _cusum,
    POSITIVITY: _positivity,
    "LR chart": _likelihood_ratio,
    "GLR chart": _glr,
    "moving percentile P80": _percentile(80.0),
    "moving percentile P90": _percentile(90.0),
    "gamma-Poisson": _predictive,
    "historical limits": _historical,
    "fixed value": _fixed,
}
"""Every method the watch can be asked for. All judge days; the percentiles and limits look at sums ending that day."""

RESTING = (DEFAULT, BASELINE, SET_BACK, "CUSUM", "LR chart", "GLR chart")
"""The calendar baseline and what rests on it: methods that hear exposure and outbreaks on record themselves."""

ON_DAYS = (
    "NSSP EWMA",
    "NSSP regression",
    "NSSP switch",
    "moving percentile P80",
    "moving percentile P90",
)
"""Methods that know only daily streams."""

ON_WEEKS = ("historical limits",)
"""Methods that know only weekly streams."""


def judge(
    method: str,
    counts: ArrayLike,
    *,
    first_day: date,
    interval: Interval = Interval.DAY,
    columns: Sequence[int] | None = None,
    calendar: WorkCalendar | None = None,
    groups: Sequence[int] | None = None,
    alpha: float | None = None,
    thresholds: int | None = None,
    thresholds_below: float = 1.0,
    exposure: ArrayLike | None = None,
    known_outbreak: ArrayLike | None = None,
    trials: ArrayLike | None = None,
) -> Verdicts:
    """
    Ask a method by its name about many streams; see `baseline_matrix` for shapes.

    `columns` are the intervals to judge (default: the newest). `alpha` is the share of quiet days that may
    alarm, for the methods that have one (None: the method's own). `exposure` and `known_outbreak` (days judged but not learned from) are heard by the calendar baseline and by what
    rests on it; `trials` are the tests made, for the method that judges positive results by them. Raises ValueError for an unknown name,
    an interval the method does not know, or tests it needs and was not given.

    >>> found = judge("EARS C2", [[4, 5, 3, 4, 6, 5, 4, 9, 12, 30]], first_day=date(2022, 10, 1))
    >>> found.alarm.tolist()
    [[True]]
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; known are {', '.join(METHODS)}")
    if interval is Interval.WEEK and method in ON_DAYS:
        raise ValueError(f"{method} judges daily streams; these are weekly")
    if interval is Interval.DAY and method in ON_WEEKS:
        raise ValueError(f"{method} judges weekly streams; these are daily")
    y = as_counts(counts)
    chosen = (y.shape[1] - 1,) if columns is None else tuple(int(c) for c in columns)
    return METHODS[method](
        Asked(
            counts=y, first_day=first_day, interval=interval, columns=chosen, calendar=calendar,
            groups=None if groups is None else tuple(groups), alpha=alpha, thresholds=thresholds, thresholds_below=thresholds_below, exposure=None if exposure is None else np.asarray(exposure, float),
            known_outbreak=None if known_outbreak is None else np.asarray(known_outbreak, float),
            trials=None if trials is None else np.asarray(trials, float),
        )
    )  # fmt: skip


def evidence(verdicts: Verdicts) -> Floats:
    """
    Return how strongly each cell speaks for an outbreak: minus the log of its p-value, or the score; NaN where not judged.

    Comparable within one method, not between methods.
    """
    if verdicts.p_value is None:
        return verdicts.score
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(-np.log10(np.maximum(verdicts.p_value, 1e-300)))


def only(verdicts: Verdicts, columns: Sequence[int]) -> Verdicts:
    """Return the verdicts of some columns of verdicts on all of them."""
    chosen = list(columns)
    cut = {
        name: getattr(verdicts, name)[:, chosen]
        for name in (
            "observed", "expected", "sd", "threshold", "score", "alarm", "judgement", "baseline",
            "baseline_missing",
        )
    }  # fmt: skip
    p = verdicts.p_value
    return Verdicts(
        method=verdicts.method,
        p_value=None if p is None else p[:, chosen],
        columns=np.array(chosen, dtype=np.int64),
        **cut,
    )
