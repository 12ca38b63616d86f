"""
The watch rehearsed: outbreaks put into real series, every method asked, at the same rate of false alarms.

A method that alarms more often finds more; so each method's limit is first moved until it alarms on the same
share of quiet days, and only then are probability and days of detection compared. The quiet days are those of the series
themselves, less the outbreaks on record: one that is not, counts as quiet and raises the limit of the methods that saw it best.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yipan.model import Estimate, Interval, WorkCalendar

from .baseline import DayKinds
from .methods import DEFAULT, evidence, judge
from .verdicts import Floats, as_counts


class Shape(StrEnum):
    """The course of an injected outbreak."""

    SPIKE = "spike"
    POINT_SOURCE = "point_source"
    PLATEAU = "plateau"
    PROPAGATED = "propagated"


CURVES: Mapping[Shape, tuple[float, ...]] = {
    Shape.SPIKE: (1.0,),
    Shape.POINT_SOURCE: tuple(
        math.exp(-((math.log((day + 0.5) / 3.0)) ** 2) / (2 * 0.5**2)) for day in range(10)
    ),
    Shape.PLATEAU: (1.0,) * 7,
    Shape.PROPAGATED: tuple(math.exp(0.15 * (day - 20)) for day in range(21)),
}
"""Daily cases relative to the peak: one day; a meal shared, log-normal; a week alike; growth of 15 % a day over three weeks."""


class Level(StrEnum):
    """What size of stream a figure is about, by its mean count per interval."""

    SPARSE = "sparse"
    MIDDLE = "middle"
    DENSE = "dense"

    @classmethod
    def of(cls, mean: float) -> "Level":
        """Return the class of a stream: under 1, under 10, 10 and more."""
        return cls.SPARSE if mean < 1 else cls.MIDDLE if mean < 10 else cls.DENSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """
    How one method fared against one kind of outbreak in one class of streams.

    `found` is the probability of an alarm during the outbreak, `days` the mean days until the first (a missed one
    counts its whole length), both with 95 % intervals; `size_sd` is the peak in local standard deviations.
    """

    method: str
    level: Level
    shape: Shape
    size_sd: float
    outbreaks: int
    found: Estimate
    days: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """
    What a method would ask of those who answer: on the series as they were.

    `judged_share` is the share of stream-days it gave an answer for; `per_stream_week` the alarms at its own
    limit, `signals_per_week` the same for all streams with runs of days counted once; `at_equal_rate` the share of quiet days
    it alarms on with the limit moved for the comparison (discrete counts keep it from the rate exactly).
    """

    method: str
    judged_share: float
    per_stream_week: float
    signals_per_week: float
    at_equal_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """For one class of streams the method that found most at the same false alarms, and beside it the default."""

    level: Level
    method: str
    found: float
    days: float
    default_found: float
    default_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The watch judged on somebody's own series."""

    streams: int
    judged_days: int
    quiet_rate: float
    workload: tuple[Workload, ...]
    performance: tuple[Performance, ...]
    recommended: tuple[Recommendation, ...]


ON_TRIAL = (DEFAULT, "EARS C1", "EARS C2", "EARS C3", "NSSP switch", "CUSUM", "GLR chart")
"""The methods compared on daily series unless others are named."""


class FalseAlarms(StrEnum):
    """What is counted as one false alarm: every interval that alarms, or a signal until a week of quiet, as the desk raises it."""

    INTERVALS = "intervals"
    SIGNALS = "signals"


def rehearse_matrix(
    counts: ArrayLike,
    *,
    counted: FalseAlarms = FalseAlarms.INTERVALS,
    **asked: Any,
) -> Rehearsal:
    """
    Put outbreaks into series and return how soon each method sees them, at one rate of false alarms; see `rehearse_both` for what is asked.

    `counted` says what one false alarm is.
    """
    return rehearse_both(counts, **asked)[counted]


def rehearse_both(
    counts: ArrayLike,
    *,
    first_day: date,
    generator: np.random.Generator,
    interval: Interval = Interval.DAY,
    calendar: WorkCalendar | None = None,
    groups: Sequence[int] | None = None,
    methods: Sequence[str] = ON_TRIAL,
    shapes: Sequence[Shape] = tuple(Shape),
    sizes_sd: Sequence[float] = (3.0, 5.0, 10.0),
    outbreaks: int = 60,
    quiet_rate: float = 0.01,
    judged: int | None = None,
    known_outbreak: ArrayLike | None = None,
    along: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> dict[FalseAlarms, Rehearsal]:
    """
    Put outbreaks into series and return how soon each method sees them, at `quiet_rate` false alarms per stream and day, for both ways to count them.

    `counts` (streams, intervals), NaN where nobody reported. The last `judged` intervals are replayed (default:
    half of them, at most 365); each of them is judged by what came before it. `outbreaks` of each shape and size begin on random
    days in random streams, each in a copy of its own; a day nobody reported stays so. `known_outbreak` (streams, intervals) marks
    outbreaks on record: such days are neither quiet nor chosen for an outbreak, and methods that can do not learn from them. `along` wraps the walk over the methods, for a progress bar. Raises ValueError where
    there are fewer than 56 intervals before those judged.
    """
    y = as_counts(counts)
    streams, days = y.shape
    replayed = min(365, days // 2) if judged is None else judged
    before = days - replayed
    longest = max(len(CURVES[shape]) for shape in shapes)
    if streams == 0 or before < 56 or replayed < longest + 7:
        raise ValueError(
            f"{streams} series of {days} intervals are too short to rehearse on: 56 are needed before those "
            f"judged and {longest + 7} judged; {replayed} of {days} would be judged"
        )
    columns = list(range(before, days))
    group = np.zeros(streams, np.int64) if groups is None else np.asarray(groups, np.int64)
    known = None if known_outbreak is None else np.asarray(known_outbreak, float) > 0
    if known is not None and known.shape != y.shape:
        raise ValueError(f"known_outbreak has shape {known.shape}, counts have {y.shape}")
    real = np.zeros(y.shape, bool) if known is None else known
    staged = _stage(y, shapes, sizes_sd, outbreaks, before, generator, real)
    together = np.vstack([y, staged.counts])
    masked = None if known is None else np.vstack([known, known[staged.stream]])
    siblings = np.concatenate([group, group[staged.stream]])
    workload, performance = [], []
    for method in along(methods):
        quiet = judge(
            method, y, first_day=first_day, interval=interval, columns=columns, calendar=calendar,
            groups=group.tolist(), thresholds=0, known_outbreak=known,
        )  # fmt: skip
        strength = np.where(real[:, before:], np.nan, evidence(quiet))
        found = judge(
            method, together, first_day=first_day, interval=interval, columns=columns,
            calendar=calendar, groups=siblings.tolist(), thresholds=0, known_outbreak=masked,
        )  # fmt: skip
        weeks = replayed * interval.days / 7
        judged_share = float((~np.isnan(evidence(quiet))).mean())
        rest = max(1, 7 // interval.days)
        for counted in FalseAlarms:
            limit, attained = (
                equal_limit(strength, quiet_rate)
                if counted is FalseAlarms.INTERVALS
                else equal_signals(strength, evidence(quiet), quiet_rate, rest)
            )
            with np.errstate(invalid="ignore"):
                alarm = evidence(found)[streams:] > limit
                if counted is FalseAlarms.SIGNALS:  # what was raised anyway finds nothing
                    alarm &= ~(evidence(quiet) > limit)[staged.stream]
            workload.append(
                Workload(
                    method=method,
                    judged_share=judged_share,
                    per_stream_week=float(quiet.alarm.sum() / streams / weeks),
                    signals_per_week=float(_runs(quiet.alarm) / weeks),
                    at_equal_rate=attained,
                )
            )
            performance.append(_performance(method, staged, alarm, before))
    return {
        counted: Rehearsal(
            streams=streams,
            judged_days=replayed,
            quiet_rate=quiet_rate,
            workload=tuple(workload[number :: len(FalseAlarms)]),
            performance=tuple(
                told := [one for part in performance[number :: len(FalseAlarms)] for one in part]
            ),
            recommended=_recommended(told, methods),
        )
        for number, counted in enumerate(FalseAlarms)
    }


def outbreaks_by_rule(
    counts: ArrayLike, *, interval: Interval = Interval.WEEK
) -> NDArray[np.bool_]:
    """
    Mark outbreaks a series holds by a rule that asks no detector: what an office would have put on record afterwards.

    `counts` (streams, intervals), NaN where nobody reported. The bound of an interval is the median of the nine weeks around it in all *other*
    years of the series plus three standard deviations (the larger of the scaled median absolute deviation and the root of the median, at least
    1). An outbreak begins with two weeks in a row above their bound and ends with the last one above before four in a row at or below. Daily series are
    added up to weeks, and whole weeks are marked. It looks ahead, so it is for judging only. Series of a single year have no other and nothing is marked.

    >>> quiet = np.full((1, 208), 4.0)
    >>> quiet[0, 150:155] = 20
    >>> np.flatnonzero(outbreaks_by_rule(quiet)[0]).tolist()
    [150, 151, 152, 153, 154]
    """
    y = as_counts(counts)
    step = 7 // interval.days
    length = y.shape[1] // step
    weekly = np.nansum(y[:, : length * step].reshape(len(y), length, step), axis=2)
    if step == 1:
        weekly = y.copy()
    years = math.ceil(length / 52)
    shifts = [
        52 * year + near for year in range(-years, years + 1) if year for near in range(-4, 5)
    ]
    mark = np.zeros(weekly.shape, bool)
    for week in range(length):
        others = [week + shift for shift in shifts if 0 <= week + shift < length]
        past = weekly[:, others]
        known = (~np.isnan(past)).any(axis=1)
        middle, sd = np.full(len(y), np.inf), np.ones(len(y))
        if known.any():
            middle[known] = np.nanmedian(past[known], axis=1)
            far = np.nanmedian(np.abs(past[known] - middle[known, None]), axis=1)
            sd[known] = np.maximum(1.4826 * far, np.sqrt(np.maximum(middle[known], 1)))
        with np.errstate(invalid="ignore"):
            mark[:, week] = weekly[:, week] > middle + 3 * sd
    inside = np.zeros(weekly.shape, bool)
    for row, above in enumerate(mark):
        week = 0
        while week < length - 1:
            if not (above[week] and above[week + 1]):
                week += 1
                continue
            last = week
            while week < length and week - last <= 4:
                last = week if above[week] else last
                inside[row, week] = True
                week += 1
            inside[row, last + 1 : week] = False
    whole = np.zeros(y.shape, bool)
    whole[:, : length * step] = np.repeat(inside, step, axis=1)
    return whole


def equal_signals(strength: Floats, every: Floats, rate: float, rest: int) -> tuple[float, float]:
    """
    Return a limit at which at most `rate` of the quiet cells begin a signal, and the share that really does.

    `strength` is NaN where a cell is not quiet, `every` holds those as well. A signal begins with a cell above the limit after `rest` cells
    that are not; it stays one signal until then.

    >>> equal_signals(np.array([[1.0, 5, 6, 5, 1, 2, 4, 1]]), np.array([[1.0, 5, 6, 5, 1, 2, 4, 1]]), 0.25, 1)
    (1.0, 0.25)
    """
    quiet = ~np.isnan(strength)
    told = np.unique(strength[quiet])
    if not len(told):
        return math.inf, 0.0
    whole = int(quiet.sum())

    def begun(limit: float) -> int:
        with np.errstate(invalid="ignore"):
            above = every > limit
        new = above.copy()
        for back in range(1, rest + 1):
            new[:, back:] &= ~above[:, :-back]
        return int((new & quiet).sum())

    low, high = -1, len(told) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if begun(float(told[middle])) <= rate * whole + 1e-9:
            high = middle
        else:
            low = middle
    return float(told[high]), begun(float(told[high])) / whole


def equal_limit(strength: Floats, rate: float) -> tuple[float, float]:
    """
    Return the limit that at most `rate` of the judged cells lie above, and the share that really does.

    >>> equal_limit(np.array([[1.0, 2.0, 3.0, 4.0, np.nan]]), 0.25)
    (3.0, 0.25)
    """
    told = np.sort(strength[~np.isnan(strength)])
    if not len(told):
        return math.inf, 0.0
    allowed = int(rate * len(told) + 1e-9)
    limit = float(told[len(told) - allowed - 1]) if allowed < len(told) else -math.inf
    return limit, float((told > limit).mean())


@dataclass(frozen=True, slots=True)
class _Staged:
    counts: Floats
    stream: NDArray[np.int64]
    start: NDArray[np.int64]
    shape: list[Shape]
    size: Floats
    level: list[Level]


def _stage(
    y: Floats,
    shapes: Sequence[Shape],
    sizes: Sequence[float],
    outbreaks: int,
    before: int,
    generator: np.random.Generator,
    real: NDArray[np.bool_],
) -> _Staged:
    reported = (~np.isnan(y[:, before:])).mean(axis=1)
    usable = np.flatnonzero(reported >= 0.5)
    if not len(usable):
        raise ValueError("no series reports on half of the days judged; nothing can be rehearsed")
    rows, stream, start, shape_of, size_of, level = [], [], [], [], [], []
    for shape in shapes:
        curve = np.array(CURVES[shape])
        for size in sizes:
            for _ in range(outbreaks):
                for _ in range(1000):
                    row = int(generator.choice(usable))
                    at = int(generator.integers(before, y.shape[1] - len(curve) + 1))
                    if not real[row, at : at + len(curve)].any():
                        break
                else:
                    raise ValueError("outbreaks on record leave no room to put others in")
                past = y[row, max(0, at - 56) : at]
                known = past[~np.isnan(past)]
                mean = float(known.mean()) if len(known) else 0.0
                sd = max(float(known.std()) if len(known) else 0.0, math.sqrt(max(mean, 0.05)))
                extra = generator.poisson(size * sd * curve).astype(float)
                if not extra.any():
                    extra[int(curve.argmax())] = 1.0
                copy = y[row].copy()
                copy[at : at + len(curve)] += extra
                rows.append(copy)
                stream.append(row)
                start.append(at)
                shape_of.append(shape)
                size_of.append(size)
                level.append(Level.of(mean))
    return _Staged(
        np.array(rows), np.array(stream), np.array(start), shape_of, np.array(size_of), level
    )


def _runs(alarm: NDArray[np.bool_]) -> int:
    """Count runs of alarms, each once."""
    first = alarm.copy()
    first[:, 1:] &= ~alarm[:, :-1]
    return int(first.sum())


def _performance(
    method: str, staged: _Staged, alarm: NDArray[np.bool_], before: int
) -> list[Performance]:
    cases: dict[tuple[Level, Shape, float], list[tuple[bool, int]]] = {}
    for i, shape in enumerate(staged.shape):
        length = len(CURVES[shape])
        since = int(staged.start[i]) - before
        seen = np.flatnonzero(alarm[i, since : since + length])
        days = int(seen[0]) if len(seen) else length
        cases.setdefault((staged.level[i], shape, float(staged.size[i])), []).append(
            (bool(len(seen)), days)
        )
    return [
        Performance(
            method=method, level=level, shape=shape, size_sd=size, outbreaks=len(results),
            found=share_of(sum(found for found, _ in results), len(results)),
            days=_mean([days for _, days in results]),
        )
        for (level, shape, size), results in sorted(cases.items())
    ]  # fmt: skip


def share_of(found: int, whole: int) -> Estimate:
    """
    Return a share with its 95 % interval by Wilson's method.

    >>> one = share_of(8, 10)
    >>> round(one.value, 2), round(one.low, 2), round(one.high, 2)
    (0.8, 0.49, 0.94)
    """
    z = 1.959964
    share = found / whole
    centre = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole**2)) / (1 + z * z / whole)
    return Estimate(value=share, low=max(0.0, centre - half), high=min(1.0, centre + half))


def _mean(values: Sequence[int]) -> Estimate:
    mean = float(np.mean(values))
    half = mean
    if len(values) > 1:
        half = 1.959964 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Estimate(value=mean, low=max(0.0, mean - half), high=mean + half)


def _recommended(
    performance: Sequence[Performance], methods: Sequence[str]
) -> tuple[Recommendation, ...]:
    found: list[Recommendation] = []
    for level in Level:
        scores: dict[str, tuple[float, float]] = {}
        for method in methods:
            mine = [p for p in performance if p.level is level and p.method == method]
            weight = sum(p.outbreaks for p in mine)
            if weight:
                scores[method] = (
                    sum(p.found.value * p.outbreaks for p in mine) / weight,
                    sum(p.days.value * p.outbreaks for p in mine) / weight,
                )
        if not scores:
            continue
        best = min(scores, key=lambda method: (scores[method][1], -scores[method][0]))
        default = scores.get(DEFAULT, scores[best])
        found.append(
            Recommendation(
                level=level, method=best, found=scores[best][0], days=scores[best][1],
                default_found=default[0], default_days=default[1],
            )
        )  # fmt: skip
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuietStreams:
    """Simulated streams without any outbreak: `counts` and their true `mean` (streams, days), `dispersion`, `base` mean."""

    counts: Floats
    mean: Floats
    dispersion: Floats
    base: Floats


def quiet_streams(
    streams: int,
    *,
    first_day: date,
    days: int,
    generator: np.random.Generator,
    calendar: WorkCalendar | None = None,
    base: tuple[float, float] = (0.05, 500.0),
    dispersions: Sequence[float] = (1.0, 1.5, 2.0, 3.0),
    season: float = 0.0,
    holidays_as_sundays: bool = True,
) -> QuietStreams:
    """
    Return streams in which nothing happens but weekdays, festivals and chance.

    Means are log-uniform between the ends of `base`; the variance of a day is `dispersion` times its mean
    (negative binomial). Each stream has a weekday cycle (Monday +15 % down to weekends -15 %, times a random
    amplitude about 1) and a Spring Festival: -50 % in its week, -25 % the next, +25 % the one after, to a random power about
    1. `season` is the amplitude of a yearly wave in logarithms with a phase of its own per stream.
    """
    kinds = DayKinds.of(first_day, days, calendar)
    weekday = np.array([1.15, 1.1, 1.05, 1.0, 1.0, 0.85, 0.85])
    own = (first_day.weekday() + np.arange(days)) % 7
    counted_as = kinds.weekdays if holidays_as_sundays else own
    means = np.exp(generator.uniform(math.log(base[0]), math.log(base[1]), streams))
    spread = generator.choice(np.asarray(dispersions, float), streams)
    cycle = 1 + np.outer(np.clip(generator.normal(1, 0.4, streams), 0, 2), weekday - 1)
    cycle = np.column_stack([cycle, cycle[:, :5].mean(axis=1)])
    profile = np.zeros(days)
    for stretch, change in ((2, 0.5), (3, 0.5), (4, 0.75), (5, 1.25)):
        profile[kinds.bins == stretch] = math.log(change)
    power = np.clip(generator.normal(1, 0.3, streams), 0, 2)
    phase = generator.uniform(0, 2 * np.pi, (streams, 1))
    wave = season * np.cos(2 * np.pi * np.arange(days) / 365.25 + phase)
    mean = means[:, None] * cycle[:, counted_as] * np.exp(np.outer(power, profile) + wave)
    over = spread[:, None] - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(
            over > 0, generator.gamma(np.where(over > 0, mean / over, 1.0)) * over, mean
        )
    counts = generator.poisson(rate).astype(float)
    return QuietStreams(counts=counts, mean=mean, dispersion=spread, base=means)
