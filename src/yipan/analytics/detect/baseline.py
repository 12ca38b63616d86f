"""
The calendar baseline: today and the last week against what the days before and the calendar foretell.

`plain_baseline` says the same for one stream and one day at a time; this is its twin for whole provinces.

The default of the watch. One pass through the days, each judged by what was known the evening before, so
that tomorrow cannot change today's signal. Expected count of a day (of a week, for weekly streams):

    level of the last normal days x slow drift x weekday x holiday x season x exposure

* *Level*: the mean of the last 4 to 52 weeks of normal days (as many as give about 60 events) that ended a
  week before, with Jeffreys' half event; events far above their own limit count only up to it, so an outbreak
  neither hides itself nor the next.
* *Drift*: the slope between the two halves of that window, drawn to zero by its own error, at most 1.5 % a
  day: what rises faster than any season is news.
* *Weekday*: each stream's own profile drawn to that of its siblings (the streams of its group).
* *Holiday*: the days around the lunar new year one by one, other public holidays, weekends worked and the
  first day back; learned from earlier years, by group and then by stream, which leans on its siblings by as much as streams were seen to differ. Before the first festival seen the
  factor is unknown, and its uncertainty widens the limit. Holidays count as Sundays, weekends worked as working days.
  Weekly streams know the week of the festival, the next and the two after.
* *Season*, for weekly streams: what the same five weeks of up to five earlier years were to the years around them, by
  group and then by stream. With it the level takes a whole year and hardly drifts, so that a slow rise is not
  taken for the season nor a season for a rise. Before a year and a half is known its size is unknown and widens the limit.

The count follows a negative binomial law: the spread is what one-day-ahead forecasts of the stream actually
missed by (drawn to its siblings by as much as these are alike), the uncertainty of level, drift, weekday, holiday and season is added. What of it
comes of few events counted is known; how far drift and season may be wrong beyond that is the *doubt*, learned by size of count from how close
days miss together: a wrong level moves neighbouring days alike, chance does not. All of it is multiplied by the *width* (what such forecasts missed by over what they were feared to miss by, lately, by size of count), and the
tail is widened as Student's law is for a spread known from few days. What lies beyond two deviations speaks less the further it
lies, so that an outbreak nobody recorded does not pass for unevenness. Several questions are asked: today's count; the
sums that end today (seven days; two and four weeks), each with a width of its own; and the *memory*, which adds up what each
day's normal score exceeds half a deviation by (a CUSUM held below three, begun anew after a day that stood out), weighed by how far
the days miss together and against the chart's own stationary law; where a case is news by itself nothing adds up, and it is
hardly heard. A day far beyond its own limit counts in later sums as it was expected, so that it has no echo. The harmonic
mean of the p-values, the day's own with two voices, is the answer. Of the quiet days that would equal a count exactly half are counted (the mid-p of
discrete counts): an alarm can then come at most twice as often as asked, and on the whole comes about as often.
`attained` says how often a quiet day can really reach the count that alarms.

Method of moments and gamma-Poisson shrinkage as in any text on counts; one-sided clipping after Noufaily et
al. 2013's weights; level plus weekday regression in the spirit of Burkom's; nothing of it copied.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import CountSeries, Interval, Judgement, WorkCalendar

from .verdicts import CODE, Floats, Verdicts, as_counts

Ints = NDArray[np.int64]

METHOD = "calendar baseline"

NORMAL = 0
HOLIDAY_BINS = 9
"""Normal days, five stretches around the lunar new year, other holidays, weekends worked, the first day back."""
HOLIDAY_DAYS = 32
"""The 28 days around the lunar new year one by one, then the other three kinds, then normal days."""

_FESTIVAL_FROM, _FESTIVAL_UNTIL = -7, 21
_STRETCHES = (-7, -1, 3, 7, 14)
_DRIFT_DAYS = 30
"""No slope is believed further than this."""
_KNOWN_DAYS = 7
_SEASON_REACH = 2
"""Weeks on either side of the same week of an earlier year that speak for it."""
_RING = 384
_SIZES = 5
_CERTAIN = 1e6
"""Degrees of freedom where no spread was estimated."""
_WIDTH_PRIOR = 30.0
"""As if so many days had been missed by as much as feared, before any was seen."""


_LEAST_DOUBT, _MOST_DOUBT = 0.02, 2.0
"""What is wrong by more is left to the width: an outbreak makes close days miss together, too."""
_DOUBT_LAGS = 2
"""Days back whose misses are set beside today's; no more than the gap, since days inside the level miss against it."""
_DOUBT_A_DAY = 1.0
"""All siblings share one day: what they say of it together counts as at most so much."""
_CUT_AT_TWO = 1 / 0.9545**2
"""What two weakly related scores, each cut two deviations from its mean, have lost of their mean product."""
_MEMORY_REACH = 3.5
"""Over how many days before today the memory adds up what days miss together, about."""
_SEVERAL = 0.12
"""The harmonic mean of several p-values of one day is reached so much more often than it says (normal scores, their sums and memory)."""
LEAST_PRIOR_DAYS, MOST_PRIOR_DAYS = 10.0, 300.0
LEAST_APART, MOST_APART = 0.001, 1.0
_STREAMS_BEFORE = 5.0
_DAYS_BEFORE = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineOptions:
    """
    How the baseline learns and when it alarms.

    `alpha` is the share of quiet days that may alarm (0 to 0.5); `gap_days` before today stay out of the level;
    the level uses between `least_days` and `most_days` normal days, as many as hold `level_events`;
    `prior_*` are how many events (days, for the spread) the siblings' experience is worth; `most_drift` per
    day; `festival_sd` is how far an unknown holiday factor may lie off, as a log standard deviation, `holiday_sd` how far
    a learned one is believed to lie off until forecasts show it; `sums` are the stretches (today included, in days) whose sums
    are asked as well. With `season_years` the same weeks of so many earlier years say how the year goes (weekly streams only); once a
    stream knows its season, its level takes at least `season_level` intervals and its drift keeps to `season_drift` and `season_drift_sd`.
    Misses beyond `spread_reach` deviations (for widths `width_reach`) count the less the further they lie; widths forget by half in
    `width_half_life` intervals, and one below 1 is believed as far as counts exceed `narrow_from`. The memory adds what a score exceeds `slack` by,
    keeps at most `most_memory`, begins anew after a score above `stands_out`, and has half a voice where `heard_from` events are expected.
    `prior_doubt` is what the fear of level, drift and season being wrong is worth before days have shown how far they miss together. Of the
    questions today's own count has `voice_of_day` voices, each other one. With `begin_anew` a day that alarms is not asked again: sums go on from what was
    expected and the memory from nothing, so that each alarm rests on what is new; a rise that lasts is then not told on all its days.
    """

    alpha: float = 0.005
    gap_days: int = 7
    least_days: int = 28
    most_days: int = 364
    level_events: float = 60.0
    most_drift: float = 0.015
    drift_sd: float = 0.07
    prior_weekday: float = 30.0
    prior_holiday: float = 30.0
    prior_spread_days: float = 30.0
    least_freedom: float = 100.0
    spread_half_life: float = 365.0
    spread_reach: float = 2.0
    width_reach: float = 3.0
    width_half_life: float = 120.0
    narrow_from: float = 3.0
    slack: float = 0.5
    most_memory: float = 3.0
    stands_out: float = 2.5
    heard_from: float = 0.5
    prior_width_days: float = 100.0
    festival_sd: float = 0.4
    holiday_sd: float = 0.1
    sums: tuple[int, ...] = (7,)
    season_years: int = 0
    prior_season: float = 20.0
    season_level: int = 52
    season_drift: float = 0.005
    season_drift_sd: float = 0.015
    unknown_season_sd: float = 0.03
    prior_doubt: float = 2.0
    voice_of_day: float = 2.0
    begin_anew: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha {self.alpha:g} must lie between 0 and 0.5")
        if not 0 <= self.gap_days <= 14:
            raise ValueError(f"gap_days {self.gap_days} must lie between 0 and 14")
        if not 14 <= self.least_days <= self.most_days <= 364:
            raise ValueError(
                f"least_days {self.least_days} and most_days {self.most_days} must rise from 14 to 364"
            )
        if any(not 2 <= length <= 28 for length in self.sums):
            raise ValueError(f"sums {self.sums} must each be of 2 to 28 intervals")
        if not (self.prior_doubt > 0 and self.voice_of_day > 0):
            raise ValueError(
                f"prior_doubt {self.prior_doubt:g} and voice_of_day {self.voice_of_day:g} must be above 0"
            )
        if not 0 <= self.season_years <= 5:
            raise ValueError(f"season_years {self.season_years} must lie between 0 and 5")


STANDARD = BaselineOptions()
"""For daily streams."""

WEEKLY = BaselineOptions(
    gap_days=2,
    least_days=14,
    most_days=52,
    most_drift=0.1,
    drift_sd=0.2,
    sums=(2, 4),
    season_years=5,
    unknown_season_sd=0.12,
    least_freedom=20.0,
    narrow_from=30.0,
)
"""For weekly streams; the days of the options are weeks."""


class Carrier(StrEnum):
    """Which of the questions carries the answer: today's count, a sum that ends today, or the memory of small excesses."""

    DAY = "day"
    SUM = "sum"
    MEMORY = "memory"


CARRIERS: tuple[Carrier, ...] = tuple(Carrier)
"""What the codes in `BaselineVerdicts.carrier` stand for, by position."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaselineVerdicts(Verdicts):
    """
    Verdicts with what they were made of; shapes (streams, judged days).

    `p_day`, `p_week` and `p_memory` (NaN where nothing is remembered) are the questions, `p_value` the answer; `carrier` holds codes into `CARRIERS`: the
    day where it stands out by itself and as clearly as any, else what speaks loudest. `memory_days` is how many days, today with them, the memory has added up since it last held
    nothing: the usual estimate of when a chart's rise began. `week_observed` and `week_expected` are sums that end today, of `week_length` days (earlier days that stood out by themselves as they were expected); `dispersion` is the variance over
    the mean of a day; `relative_sd` the uncertainty of the expected count, as a share; `attained` the share of quiet
    days that alarms; `level` the count of a plain day now; `day_kind` 0 for normal days, else the holiday
    bin; `holiday_known` whether the factor of such a day was learned.
    """

    p_day: Floats
    p_week: Floats
    p_memory: Floats
    carrier: NDArray[np.int8]
    memory_days: NDArray[np.int32]
    week_observed: Floats
    week_expected: Floats
    week_length: NDArray[np.int8]
    dispersion: Floats
    relative_sd: Floats
    attained: Floats
    level: Floats
    day_kind: NDArray[np.int8]
    holiday_known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DayKinds:
    """What kind each day is: holiday bin, day within it, and the weekday it counts as (7: any working day)."""

    bins: Ints
    days: Ints
    weekdays: Ints

    @classmethod
    def of(cls, first_day: date, length: int, calendar: WorkCalendar | None) -> "DayKinds":
        """
        Return the kinds of consecutive days; without a calendar every day is normal.

        >>> from datetime import date
        >>> festival = WorkCalendar(
        ...     key="x", since=date(2022, 1, 1), until=date(2023, 1, 1), working_days=frozenset(),
        ...     holidays=frozenset({date(2022, 2, 1)}), new_years=(date(2022, 2, 1),),
        ... )
        >>> kinds = DayKinds.of(date(2022, 1, 23), 10, festival)
        >>> kinds.bins.tolist(), int(kinds.weekdays[9])
        ([0, 0, 1, 1, 1, 1, 1, 1, 2, 2], 6)
        """
        bins, days, weekdays = [], [], []
        for step in range(length):
            day = first_day + timedelta(days=step)
            kind, within = NORMAL, HOLIDAY_DAYS - 1
            weekday = day.weekday()
            if calendar is not None and calendar.covers(day):
                offset = calendar.festival_offset(day)
                off, worked = day in calendar.holidays, day in calendar.working_days
                if offset is not None and _FESTIVAL_FROM <= offset < _FESTIVAL_UNTIL:
                    kind = sum(offset >= start for start in _STRETCHES)
                    within = offset - _FESTIVAL_FROM
                elif off:
                    kind, within = 6, 28
                elif worked:
                    kind, within = 7, 29
                elif day - timedelta(days=1) in calendar.holidays:
                    kind, within = 8, 30
                weekday = 6 if off else 7 if worked else weekday
            bins.append(kind)
            days.append(within)
            weekdays.append(weekday)
        return cls(np.array(bins), np.array(days), np.array(weekdays))

    @classmethod
    def of_weeks(cls, first_day: date, length: int, calendar: WorkCalendar | None) -> "DayKinds":
        """
        Return the kinds of consecutive weeks: the one that holds most of the lunar new year's holiday, the next, and the two after; all others are normal.

        >>> from datetime import date
        >>> festival = WorkCalendar(
        ...     key="x", since=date(2022, 1, 1), until=date(2023, 1, 1), working_days=frozenset(),
        ...     holidays=frozenset({date(2022, 2, 1)}), new_years=(date(2022, 2, 1),),
        ... )
        >>> DayKinds.of_weeks(date(2022, 1, 24), 6, festival).bins.tolist()
        [0, 2, 4, 5, 5, 0]
        """
        bins = np.zeros(length, np.int64)
        weeks = np.full(length, HOLIDAY_DAYS - 1)
        for step in range(length):
            day = first_day + timedelta(weeks=step)
            if calendar is None or not calendar.covers(day):
                continue
            offset = calendar.festival_offset(day)
            if offset is not None and -4 <= offset < 24:
                weeks[step] = (offset + 4) // 7
                bins[step] = (2, 4, 5, 5)[weeks[step]]
        return cls(bins, weeks, np.zeros(length, np.int64))


def baseline_matrix(
    counts: ArrayLike,
    *,
    first_day: date,
    interval: Interval = Interval.DAY,
    calendar: WorkCalendar | None = None,
    groups: Sequence[int] | None = None,
    exposure: ArrayLike | None = None,
    known_outbreak: ArrayLike | None = None,
    columns: Sequence[int] | None = None,
    thresholds: int | None = None,
    thresholds_below: float = 1.0,
    options: BaselineOptions = STANDARD,
) -> BaselineVerdicts:
    """
    Judge days of many daily streams by the calendar baseline; see the module for the model.

    `counts` (streams, days), NaN where nobody reported; the day `first_day` is the first column. Of weeks only those around the lunar new year are told apart (`WEEKLY` are options for them). `groups`
    numbers the siblings of each stream from 0 (default: all are siblings). `exposure` (streams, days or one
    row) multiplies the expected count: sites reporting, or the completeness of a day still coming in. Days in
    `known_outbreak` are judged but not learned from. `columns` are the days to judge (default: the newest); the counts that would alarm, which take most
    of the time, are found for the last `thresholds` of them only (None: for all) and where the p-value is at most `thresholds_below`.
    A stream with fewer than seven reported days is judged by the gamma-Poisson rule on those and says so;
    one never reported before has nothing to be judged by, and says that. Raises ValueError for shapes that do
    not match and for counts that are none.

    >>> import numpy as np
    >>> quiet = np.random.default_rng(1).poisson(4.0, (50, 120)).astype(float)
    >>> quiet[0, -1] = 30
    >>> verdicts = baseline_matrix(quiet, first_day=date(2022, 5, 2))
    >>> verdicts.alarm[:, 0].nonzero()[0]
    array([0])
    """
    y = as_counts(counts)
    streams, days = y.shape
    chosen = [days - 1] if columns is None else [int(c) for c in columns]
    if chosen and not (min(chosen) >= 0 and max(chosen) < days):
        raise ValueError(f"columns {min(chosen)} to {max(chosen)} lie outside the {days} days")
    group = np.zeros(streams, np.int64) if groups is None else np.asarray(groups, np.int64)
    if group.shape != (streams,) or (streams and group.min() < 0):
        raise ValueError(f"groups have shape {group.shape}; one number from 0 per stream is needed")
    kinds = DayKinds.of(first_day, days, calendar)
    if interval is Interval.WEEK:
        kinds = DayKinds.of_weeks(first_day, days, calendar)
    weight = _rows_by_day("exposure", exposure, y.shape)
    masked = _rows_by_day("known_outbreak", known_outbreak, y.shape)
    state = _State(streams, group, options)
    of_sums = [f"{name}{i}" for i in range(len(options.sums)) for name in _SUM_COLUMNS]
    out = {name: np.full((len(chosen), streams), np.nan) for name in (*_COLUMNS, *of_sums)}
    slot = {day: cell for cell, day in enumerate(chosen)}
    by_day = np.ascontiguousarray(y.T)
    until = max(chosen) + 1 if chosen else 0
    for day in range(until):
        learn = None if masked is None else ~(masked[day] > 0)
        found = state.step(
            by_day[day], int(kinds.bins[day]), int(kinds.days[day]), int(kinds.weekdays[day]),
            1.0 if weight is None else weight[day], learn, keep=day in slot,
        )  # fmt: skip
        if found is not None:
            for name, values in found.items():
                out[name][slot[day]] = values
    return _judged(
        y[:, chosen],
        {k: v.T for k, v in out.items()},
        kinds.bins[chosen],
        chosen,
        options,
        thresholds,
        thresholds_below,
    )


def baseline_signals(
    series: Sequence[CountSeries],
    *,
    since: date,
    calendar: WorkCalendar | None = None,
    options: BaselineOptions = STANDARD,
) -> BaselineVerdicts:
    """
    Judge the days from `since` of daily series that end on the same day; siblings count the same thing.

    Call `.signals(series)` on the answer for the alarms as signals. Raises ValueError as `count_matrix` does.
    """
    from .verdicts import count_matrix

    matrix = count_matrix(series)
    if not len(series):
        return baseline_matrix(matrix, first_day=since, columns=[], options=options)
    first = series[0].until - timedelta(days=matrix.shape[1])
    names = {key: number for number, key in enumerate(sorted({sibling_key(one) for one in series}))}
    return baseline_matrix(
        matrix,
        first_day=first,
        calendar=calendar,
        groups=[names[sibling_key(one)] for one in series],
        columns=range(max(0, (since - first).days), matrix.shape[1]),
        options=options,
    )


def sibling_key(series: CountSeries) -> str:
    """What the siblings of a series have in common: the disease and what is counted."""
    return f"{series.stream.disease}/{series.stream.counted}"


def _rows_by_day(name: str, values: ArrayLike | None, shape: tuple[int, int]) -> Floats | None:
    if values is None:
        return None
    given = np.asarray(values, dtype=float)
    try:
        whole = np.broadcast_to(given, shape)
    except ValueError:
        raise ValueError(f"{name} has shape {given.shape}, counts have {shape}") from None
    if not (whole >= 0).all():
        raise ValueError(f"{name} must be given for every day and not be negative")
    return np.ascontiguousarray(whole.T)


_COLUMNS = (
    "expected", "relative", "dispersion", "freedom", "reported", "spanned", "level", "holiday_known",
    "past_total", "width", "memory", "remembered", "shared",
)  # fmt: skip
_SUM_COLUMNS = ("before", "mean", "variance", "freedom")


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum that ends today: what came before today, what is expected of it all, how far off it may lie, and whether it can be asked."""

    before: Floats
    mean: Floats
    certain: Floats
    variance: Floats
    width: Floats
    freedom: Floats
    whole: NDArray[np.bool_]


class _State:
    """What is known of every stream on the evening before a day."""

    def __init__(self, streams: int, group: Ints, options: BaselineOptions) -> None:
        self.group, self.options = group, options
        self.groups = int(group.max()) + 1 if streams else 0
        self.at = np.arange(streams)
        self.level_days = 0
        self.day = 0
        self.level_days_before: list[int] = [0]
        self.when = np.zeros(_RING)
        self.events, self.shape, self.reports = (np.zeros((_RING, streams)) for _ in range(3))
        self.flat = np.zeros((_RING if options.season_years else 0, streams))
        longest = max(options.sums, default=1)
        self.last_events, self.last_shape, self.last_seen = (
            np.zeros((longest, streams)) for _ in range(3)
        )
        self.last_missed, self.last_mean = (
            np.zeros((min(_DOUBT_LAGS, options.gap_days), streams)) for _ in range(2)
        )
        self.together_missed, self.together_feared = (
            np.full(2 * _SIZES * self.groups, options.prior_doubt) for _ in range(2)
        )
        self.waiting_missed, self.waiting_feared = (
            np.zeros((options.gap_days, 2 * _SIZES * self.groups)) for _ in range(2)
        )
        questions = 1 + len(options.sums)
        self.memory, self.remembered = np.zeros(streams), np.zeros(streams)
        self.wide, self.asked = (np.zeros((questions, streams)) for _ in range(2))
        self.group_wide, self.group_asked = (
            np.full((questions, 2 * _SIZES * self.groups), _WIDTH_PRIOR) for _ in range(2)
        )
        self.weekday_events, self.weekday_expected = np.zeros((7, streams)), np.zeros((7, streams))
        self.group_weekday_events, self.group_weekday_expected = (
            np.zeros((7, self.groups)) for _ in range(2)
        )
        self.bin_events, self.bin_expected, self.bin_unsure = (
            np.zeros((HOLIDAY_BINS, streams)) for _ in range(3)
        )
        self.group_day_events, self.group_day_expected = (
            np.zeros((HOLIDAY_DAYS, self.groups)) for _ in range(2)
        )
        self.group_bin_events, self.group_bin_expected = (
            np.zeros((HOLIDAY_BINS, self.groups)) for _ in range(2)
        )
        self.holiday_missed, self.holiday_asked = (
            np.zeros((HOLIDAY_BINS, 2 * self.groups)) for _ in range(2)
        )
        self.missed, self.freedom = np.zeros(streams), np.zeros(streams)
        self.seasoned = np.zeros(streams, bool)
        self.season_known = np.zeros(streams)
        self.past_total, self.past_reports = np.zeros(streams), np.zeros(streams)

    def step(
        self,
        y: Floats,
        bin_: int,
        day_of_bin: int,
        weekday: int,
        exposure: Floats | float,
        learn: NDArray[np.bool_] | None,
        *,
        keep: bool,
    ) -> dict[str, Floats] | None:
        """Foretell one day, then learn from it; return the forecast where it is to be kept."""
        seen = ~np.isnan(y)
        profile, profile_v = self._weekday(weekday)
        dispersion, freedom = self._spread()
        holiday, base, ratio, holiday_v, off, known = self._holiday(bin_, day_of_bin, dispersion)
        season, season_v, strange, seasoned = self._season(dispersion)
        self._begin_seasons(seasoned)
        rate, drift, rate_v, noise, unproved, age, n, width = self._level(dispersion, seasoned)
        flat = profile * holiday * exposure
        factor = flat * season
        grown = np.exp(drift * age)
        mean = rate * grown * factor
        size = self.group + self.groups * (_size_class(mean) + _SIZES * seasoned)
        doubt = self._doubt_of(size)
        # what few events leave open is known; what level, drift and season may be wrong by is learned
        sampled, feared = rate_v + age**2 * noise + season_v, age**2 * unproved + strange
        certain = sampled + doubt * feared + dispersion * profile_v + holiday_v
        relative = certain + off
        judged = n >= _KNOWN_DAYS
        # where nothing was seen the law of the level is all there is: no spread was estimated that could be wrong
        nothing = rate_v > dispersion / 0.75
        freedom = np.where(nothing, _CERTAIN, freedom)
        spread = np.sqrt(dispersion * mean + mean**2 * relative)
        with np.errstate(invalid="ignore"):
            clipped = np.minimum(y, mean + 4 * spread + 2)
            clipped = np.maximum(clipped, mean - 4 * spread)
        clipped = np.where(judged, clipped, y)
        width_of_day = self._width_of(0, size, mean)
        variance_of_day = width_of_day * (dispersion * mean + mean**2 * certain)
        asked = self._sums(
            rate, drift, rate_v + season_v, noise, unproved, strange, doubt, age, factor, dispersion,
            size, seen,
        )  # fmt: skip
        shared = self._shared(asked, mean, variance_of_day)
        result = None
        if keep:
            result = {
                "expected": mean, "relative": relative, "dispersion": dispersion, "freedom": freedom,
                "width": width_of_day, "memory": self.memory, "remembered": self.remembered, "shared": shared,
                "reported": n, "spanned": width, "level": rate * grown,
                "holiday_known": np.where(known, 1.0, 0.0),
                "past_total": np.where(judged, np.nan, self.past_total),
            }  # fmt: skip
            for number, one in enumerate(asked):
                wide = one.width * one.variance + one.mean**2 * (holiday_v + off)
                told = one.whole & judged
                result |= {
                    f"before{number}": np.where(told, one.before, np.nan),
                    f"mean{number}": np.where(told, one.mean, np.nan),
                    f"variance{number}": wide,
                    f"freedom{number}": np.where(nothing, _CERTAIN, one.freedom),
                }
            self._answer_young(result, ~judged, exposure)
        taken = seen if learn is None else seen & learn
        self.season_known += seasoned
        if bin_ == NORMAL:
            self._learn_widths(
                asked, judged & taken, clipped, mean, dispersion * mean + mean**2 * certain, size
            )
        self._learn_doubt(
            judged & taken & (bin_ == NORMAL), clipped - mean, mean, sampled, feared,
            variance_of_day, size,
        )  # fmt: skip
        self._learn(
            np.where(taken, clipped, 0.0), taken, judged & taken, bin_, day_of_bin, weekday,
            factor, flat, mean, certain, dispersion, profile, base, ratio, certain - holiday_v,
        )  # fmt: skip
        wide = width_of_day * (dispersion * mean + mean**2 * relative)
        self._carry_on(
            y, clipped, mean, wide, shared, factor, judged & taken, asked, holiday_v + off,
            rate * grown,
        )  # fmt: skip
        self.day += 1
        self.level_days_before.append(self.level_days)
        return result

    def _carry_on(
        self,
        y: Floats,
        clipped: Floats,
        mean: Floats,
        variance: Floats,
        shared: Floats,
        factor: Floats,
        learned: NDArray[np.bool_],
        asked: Sequence["_Sum"],
        holiday: Floats,
        rate: Floats,
    ) -> None:
        """Keep what the memory and the sums of days to come ask of this one."""
        o, remembered = self.options, self.memory
        z = _deviation(y, mean, variance)
        self._remember(z / np.sqrt(shared), z > o.stands_out, learned)
        self._hold(y, clipped, mean, factor)
        if o.begin_anew:
            self._begin_anew(y, z, asked, holiday, shared, remembered, mean, rate, learned)

    def _answer_young(
        self, result: dict[str, Floats], young: NDArray[np.bool_], exposure: Floats | float
    ) -> None:
        """Where too few days are known for a level, answer from all that ever came."""
        if not young.any():
            return
        total = self.past_total + 0.5
        days = np.maximum(self.past_reports, 1)
        for name, value in (
            ("expected", total / days * exposure), ("relative", 1 / total), ("dispersion", 1.0),
            ("width", 1.0), ("memory", np.nan), ("reported", self.past_reports),
        ):  # fmt: skip
            result[name] = np.where(young, value, result[name])

    def _remember(self, score: Floats, out: NDArray[np.bool_], learned: NDArray[np.bool_]) -> None:
        """Add today's score to the memory; after a day that stood out by itself it begins anew, as charts do."""
        o = self.options
        held = np.clip(self.memory + score - o.slack, 0.0, o.most_memory)
        self.memory = np.where(learned, np.where(out, 0.0, held), self.memory)
        self.remembered = np.where(self.memory > 0, self.remembered + 1, 0.0)

    def _hold(self, y: Floats, clipped: Floats, mean: Floats, factor: Floats) -> None:
        """Keep the day for the sums of those to come; one far beyond its limit was told on its day and counts as it was expected."""
        if not self.options.sums:
            return
        at, seen = self.day % len(self.last_events), ~np.isnan(y)
        with np.errstate(invalid="ignore"):
            again = np.where(y > clipped, np.minimum(mean, clipped), clipped)
        self.last_events[at] = np.where(seen, again, 0.0)
        self.last_shape[at] = np.where(seen, factor, 0.0)
        self.last_seen[at] = seen

    def _begin_anew(
        self,
        y: Floats,
        z: Floats,
        asked: Sequence["_Sum"],
        holiday: Floats,
        shared: Floats,
        remembered: Floats,
        mean: Floats,
        rate: Floats,
        learned: NDArray[np.bool_],
    ) -> None:
        """After a day that alarms (by normal scores of its counts, which are cheaper than their laws) nothing of it is asked again."""
        o = self.options
        heard = mean / (mean + o.heard_from)
        day = np.maximum(special.ndtr(-z), 1e-300)
        sums = []
        for one in asked:
            wide = one.width * one.variance + one.mean**2 * holiday
            p = np.maximum(special.ndtr(-_deviation(one.before + y, one.mean, wide)), 1e-300)
            sums.append(np.where(one.whole, p, np.nan))
        tail = memory_tail(o.slack, o.most_memory, o.stands_out)
        memory = special.ndtr(-np.interp(z / np.sqrt(shared) + remembered, *tail))
        with np.errstate(invalid="ignore"):
            told = learned & (_joined(day, sums, memory, heard, o.voice_of_day) <= o.alpha)
        self.memory[told] = 0
        self.remembered[told] = 0
        expected = np.minimum(self.last_events, self.last_shape * rate)
        self.last_events[:, told] = expected[:, told]

    def _begin_seasons(self, seasoned: NDArray[np.bool_]) -> None:
        """Where the season has just become known, forget most of what was missed without it: it says little of the days to come."""
        newly = seasoned & ~self.seasoned
        if newly.any():
            for table in (self.missed, self.freedom, *self.wide, *self.asked):
                table[newly] *= 0.1
            self.last_seen[:, newly] = 0
            self.memory[newly] = 0
            self.seasoned = seasoned

    def _doubt_of(self, size: Ints) -> Floats:
        ratio = self.together_missed / self.together_feared
        return np.asarray(np.clip(ratio, _LEAST_DOUBT, _MOST_DOUBT)[size])

    def _learn_doubt(
        self,
        learned: NDArray[np.bool_],
        missed: Floats,
        mean: Floats,
        sampled: Floats,
        feared: Floats,
        variance: Floats,
        size: Ints,
    ) -> None:
        """
        Learn how far days that lie close miss together, as a share of how far they were feared to.

        What level, drift and season are wrong by moves neighbouring days alike, and chance does not, however uneven it is. So the product of
        today's miss and yesterday's tells the one from the other; what comes of few events counted (`sampled`) is known and taken off. As of the
        level, the days of the gap are not heard yet.
        """
        lags = len(self.last_missed)
        if not lags:
            return
        reach = 2 * np.sqrt(variance)
        missed = np.where(learned, np.clip(missed, -reach, reach), 0.0)
        mean = np.where(learned, mean, 0.0)
        pairs = mean * self.last_mean.sum(axis=0)
        together = _CUT_AT_TWO * missed * self.last_missed.sum(axis=0) - sampled * pairs
        gone = 0.5 ** (1 / self.options.width_half_life)
        cells = 2 * _SIZES * self.groups
        known = np.bincount(size, feared**2 * pairs, minlength=cells)
        heard = np.minimum(1.0, _DOUBT_A_DAY / np.maximum(known, 1e-9))
        before = (1 - gone) * self.options.prior_doubt
        asked = np.where(pairs > 0, feared * together, 0.0)
        at = self.day % len(self.waiting_feared)
        self.together_feared = self.together_feared * gone + self.waiting_feared[at] + before
        self.together_missed = self.together_missed * gone + self.waiting_missed[at] + before
        self.waiting_feared[at] = heard * known
        self.waiting_missed[at] = heard * np.bincount(size, asked, minlength=cells)
        at = self.day % lags
        self.last_missed[at], self.last_mean[at] = missed, mean

    def _learn_widths(
        self,
        asked: Sequence["_Sum"],
        learned: NDArray[np.bool_],
        clipped: Floats,
        mean: Floats,
        variance: Floats,
        size: Ints,
    ) -> None:
        """Learn how far today's count and the sums lie off, as a share of how far they were feared to; sums that overlap count by their share."""
        gone = 0.5 ** (1 / self.options.width_half_life)
        cells = 2 * _SIZES * self.groups
        questions = [(1, learned, clipped - mean, mean, variance)]
        questions += [
            (length, learned & one.whole, one.before + clipped - one.mean, one.mean, one.variance)
            for one, length in zip(asked, self.options.sums, strict=True)
        ]
        for number, (length, use, missed, expected, feared) in enumerate(questions):
            share = np.where(use, expected / (expected + 0.5 * length) / length, 0.0)
            off = np.where(
                use, squared_miss(missed, expected, feared, self.options.width_reach), 0.0
            )
            self.wide[number] = self.wide[number] * gone + share * off
            self.asked[number] = self.asked[number] * gone + share
            # all siblings share one day: together they count as at most ten days
            days = np.bincount(size, share, minlength=cells)
            heard = np.minimum(1.0, 10 / np.maximum(days, 1e-9))
            self.group_wide[number] = self.group_wide[number] * gone + heard * np.bincount(
                size, share * np.minimum(off, 4), minlength=cells
            )
            self.group_asked[number] = self.group_asked[number] * gone + heard * days

    def _shared(self, asked: Sequence["_Sum"], mean: Floats, variance: Floats) -> Floats:
        """Return how much wider the memory lies than if days missed independently, from how much wider the longest sum does."""
        if not asked:
            return np.ones_like(mean)
        longest = asked[-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = longest.width * longest.variance / longest.mean / (variance / mean)
        reach = _MEMORY_REACH / (self.options.sums[-1] - 1)
        return np.where(longest.whole & (ratio > 1), 1 + (ratio - 1) * reach, 1.0)

    def _width_of(self, number: int, size: Ints, mean: Floats) -> Floats:
        prior = self.options.prior_width_days
        siblings = (self.group_wide[number] / self.group_asked[number])[size]
        width = (self.wide[number] + prior * siblings) / (self.asked[number] + prior)
        return np.asarray(
            np.where(width < 1, 1 - (1 - width) * mean / (mean + self.options.narrow_from), width)
        )

    def _sums(
        self,
        rate: Floats,
        drift: Floats,
        sampled: Floats,
        noise: Floats,
        unproved: Floats,
        strange: Floats,
        doubt: Floats,
        age: Floats,
        factor: Floats,
        dispersion: Floats,
        size: Ints,
        seen: NDArray[np.bool_],
    ) -> list["_Sum"]:
        """Return what is expected of the sums that end today, and how far such sums used to lie off."""
        found, o = [], self.options
        for number, length in enumerate(o.sums):
            before = [(self.day - back) % len(self.last_events) for back in range(1, length)]
            younger = np.maximum(age - (length - 1) / 2, 0)
            mean = rate * np.exp(drift * younger) * (self.last_shape[before].sum(axis=0) + factor)
            certain = sampled + younger**2 * noise + doubt * (younger**2 * unproved + strange)
            found.append(
                _Sum(
                    before=self.last_events[before].sum(axis=0),
                    mean=mean,
                    certain=certain,
                    variance=dispersion * mean + mean**2 * certain,
                    width=self._width_of(number + 1, size, mean),
                    freedom=self.asked[number + 1]
                    + o.least_freedom
                    + np.clip(
                        self.group_asked[number + 1][size] - self.asked[number + 1],
                        0,
                        o.prior_width_days,
                    ),
                    whole=seen & (2 * self.last_seen[before].sum(axis=0) >= length - 1),
                )
            )  # fmt: skip
        return found

    def _season(self, dispersion: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """
        Return what the same weeks of earlier years were to the years around them, drawn to the siblings, how uncertain that is (by chance, and
        by what is only believed of it), and whether it is known.
        """
        o, streams = self.options, len(self.group)
        seen, expected, years = (np.zeros(streams) for _ in range(3))
        for year in range(1, o.season_years + 1):
            then = self.day - round(year * 365.25 / 7)
            middle = self.level_days_before[then] if then >= 0 else 0
            if middle < 26:
                break
            low, high = (middle - _SEASON_REACH) % _RING, (middle + _SEASON_REACH + 1) % _RING
            start, end = (middle - 26) % _RING, (middle + 26) % _RING
            shape = self.flat[end] - self.flat[start]
            rate = (self.events[end] - self.events[start]) / np.where(shape > 0, shape, 1.0)
            part = rate * (self.flat[high] - self.flat[low])
            expected += part
            years += part > 0
            seen += np.where(part > 0, self.events[high] - self.events[low], 0.0)
        if not expected.any():
            unknown = np.full(streams, o.unknown_season_sd**2)
            return np.ones(streams), np.zeros(streams), unknown, np.zeros(streams, bool)
        heard = 1 / (1 + expected / 200)
        siblings = (np.bincount(self.group, seen * heard, minlength=self.groups) + 100) / (
            np.bincount(self.group, expected * heard, minlength=self.groups) + 100
        )
        prior = o.prior_season
        factor = (seen + prior * siblings[self.group]) / (expected + prior)
        known = expected > 0
        strange = (o.unknown_season_sd / (1 + years)) ** 2
        strange += np.where(known, dispersion * prior / (seen + prior) ** 2, 0.0)
        return factor, np.where(known, dispersion * seen / (seen + prior) ** 2, 0.0), strange, known

    def _width(self, end: int, least: Ints) -> tuple[Ints, Floats]:
        """Return how many days each level takes, as many as hold enough events and reports, and how many of them reported."""
        o, top = self.options, end % _RING
        far = max(0, end - o.most_days) % _RING
        long_events = self.events[top] - self.events[far]
        long_shape = self.shape[top] - self.shape[far]
        with np.errstate(divide="ignore", invalid="ignore"):
            want = o.level_events * long_shape / (long_events + 0.5)
        weeks = np.ceil(np.nan_to_num(want, nan=o.most_days, posinf=o.most_days) / 7) * 7
        width = np.clip(weeks, least, o.most_days).astype(np.int64)
        while True:
            start = np.maximum(0, end - width)
            n = self.reports[top] - self.reports[start % _RING, self.at]
            short = (n < least / 2) & (width < o.most_days) & (start > 0)
            if not short.any():
                return width, n
            width = np.where(short, np.minimum(2 * width, o.most_days), width)

    def _level(
        self, dispersion: Floats, seasoned: NDArray[np.bool_]
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
        """
        Return the rate at the middle of the window, drift, the variance of the rate, that of the drift (by chance, and by what was not believed of it),
        age, days reported, days spanned.
        """
        o = self.options
        least = np.where(seasoned, min(o.season_level, o.most_days), o.least_days)
        most_drift = np.where(seasoned, o.season_drift, o.most_drift)
        drift_sd = np.where(seasoned, o.season_drift_sd, o.drift_sd)
        end = self.level_days_before[max(0, self.day - o.gap_days)]
        at, top = self.at, end % _RING
        width, n = self._width(end, least)
        start = np.maximum(0, end - width)
        back = start % _RING
        middle = np.maximum(start, end - width // 2)
        middle = np.where(middle - start < 7, start, middle)
        mid = middle % _RING
        older = self.events[mid, at] - self.events[back, at]
        older_shape = self.shape[mid, at] - self.shape[back, at]
        newer = self.events[top] - self.events[mid, at]
        newer_shape = self.shape[top] - self.shape[mid, at]
        # days from before the season was known hold it: a whole year of them does not, halves of it do
        mixed = seasoned & (self.season_known < o.season_level + o.gap_days)
        if mixed.any():
            older_shape = np.where(mixed, self.flat[mid, at] - self.flat[back, at], older_shape)
            newer_shape = np.where(mixed, self.flat[top] - self.flat[mid, at], newer_shape)
            most_drift = np.where(mixed, 0.0, most_drift)
        total, shape = older + newer, older_shape + newer_shape
        span = np.maximum(end - start, 1)
        days = (self.when[top] - self.when[back]) / span
        age = np.minimum(self.day - days, _DRIFT_DAYS)
        newer_days = (self.when[top] - self.when[mid]) / np.maximum(end - middle, 1)
        older_days = (self.when[mid] - self.when[back]) / np.maximum(middle - start, 1)
        apart = np.maximum(newer_days - older_days, 1.0)
        prior = (drift_sd / np.maximum(span / 2, 7.0)) ** 2
        usable = (older_shape > 0) & (newer_shape > 0) & (middle > start)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = (total + 0.5) / shape
            slope = np.log(((newer + 0.5) / newer_shape) / ((older + 0.5) / older_shape)) / apart
            noise = dispersion * (1 / (newer + 0.5) + 1 / (older + 0.5)) / apart**2
        noise = np.where(usable, noise, np.inf)
        slope = np.where(usable, slope, 0.0)
        believed = prior / (prior + noise)
        drift = np.clip(slope * believed, -most_drift, most_drift)
        with np.errstate(invalid="ignore"):
            drift_noise = np.where(usable, believed**2 * noise, 0.0)
        unproved = prior * (1 - believed) ** 2
        rate = np.where(shape > 0, rate, 0.0)
        rate_v = dispersion / (total + 0.5)
        return rate, drift, rate_v, drift_noise, unproved, age, n, span.astype(float)

    def _weekday(self, weekday: int) -> tuple[Floats, Floats]:
        groups = (self.group_weekday_events + 100) / (self.group_weekday_expected + 100)
        groups = groups / groups.mean(axis=0)
        if weekday == 7:
            every = [self._one_weekday(day, groups) for day in range(5)]
            return (
                np.mean([profile for profile, _ in every], axis=0),
                np.mean([variance for _, variance in every], axis=0),
            )
        return self._one_weekday(weekday, groups)

    def _one_weekday(self, weekday: int, groups: Floats) -> tuple[Floats, Floats]:
        prior = self.options.prior_weekday
        events, expected = self.weekday_events[weekday], self.weekday_expected[weekday]
        profile = (events + prior * groups[weekday][self.group]) / (expected + prior)
        return profile, 1 / (events + prior)

    def _holiday(
        self, bin_: int, day_of_bin: int, dispersion: Floats
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
        streams = len(self.group)
        if bin_ == NORMAL:
            one = np.ones(streams)
            return one, one, one, np.zeros(streams), np.zeros(streams), np.ones(streams, bool)
        o = self.options
        seen = self.group_bin_expected[bin_]
        whole = (self.group_bin_events[bin_] + 5) / (seen + 5)
        events, expected = self.group_day_events[day_of_bin], self.group_day_expected[day_of_bin]
        one_day = (events + 50 * whole) / (expected + 50)
        unknown = o.festival_sd**2 * 5 / (seen + 5)
        base = one_day[self.group]
        factor = whole[self.group]
        own_events, own_expected = self.bin_events[bin_], self.bin_expected[bin_] * factor
        # how much streams differ in this holiday is learned from all of them, and each leans on the others by that
        beyond = (
            (own_events - own_expected) ** 2
            - dispersion * own_expected
            - factor**2 * self.bin_unsure[bin_]
        )
        share = 1 / (own_expected + o.prior_holiday) ** 2
        apart = (
            np.bincount(self.group, share * beyond, minlength=self.groups)
            + _STREAMS_BEFORE / o.prior_holiday
        ) / (
            np.bincount(self.group, share * own_expected**2, minlength=self.groups)
            + _STREAMS_BEFORE
        )
        prior = dispersion / np.clip(apart, LEAST_APART, MOST_APART)[self.group]
        own = (own_events + prior) / (own_expected + prior)
        off = (self.holiday_missed[bin_] + 2 * o.holiday_sd**2) / (self.holiday_asked[bin_] + 2)
        off = np.maximum(off, 0.0)[self._known_class(bin_)]
        variance = unknown + 1 / (events + 50)
        spread = variance[self.group] + dispersion / (own_events + prior)
        return base * own, base, own, spread, off, (seen > 0)[self.group]

    def _known_class(self, bin_: int) -> Ints:
        """Streams whose own holiday is known by a hundred events are judged apart from those that lean on siblings."""
        return np.asarray(self.group + self.groups * (self.bin_events[bin_] >= 100))

    def _spread(self) -> tuple[Floats, Floats]:
        """Return each stream's dispersion, drawn to its siblings' by as much as they are alike, and from how many days it is known."""
        prior = self.options.prior_spread_days
        own = self.missed / np.maximum(self.freedom, 1e-9)
        days = np.bincount(self.group, self.freedom, minlength=self.groups)
        middle = (
            np.bincount(self.group, self.freedom * np.minimum(own, 4), minlength=self.groups) + 15
        ) / (days + 10)
        heard = np.where(self.freedom > 5, self.freedom, 0.0)
        missed = np.clip(own, 0.25, 4) - middle[self.group]
        weight = np.bincount(self.group, heard, minlength=self.groups)
        apart = np.bincount(self.group, heard * missed**2, minlength=self.groups)
        chance = 2 * middle**2 * np.bincount(self.group, heard > 0, minlength=self.groups)
        # so many days of its own as make a stream's spread as uncertain as streams differ
        alike = np.maximum(apart - chance, 0) + _DAYS_BEFORE * 2 * middle**2 / prior
        worth = np.clip(
            2 * middle**2 * (weight + _DAYS_BEFORE) / alike, LEAST_PRIOR_DAYS, MOST_PRIOR_DAYS
        )[self.group]
        dispersion = (self.missed + worth * middle[self.group]) / (self.freedom + worth)
        return np.maximum(dispersion, 1.0), self.freedom + self.options.least_freedom

    def _learn(
        self,
        events: Floats,
        taken: NDArray[np.bool_],
        judged: NDArray[np.bool_],
        bin_: int,
        day_of_bin: int,
        weekday: int,
        factor: Floats,
        flat: Floats | float,
        mean: Floats,
        certain: Floats,
        dispersion: Floats,
        profile: Floats,
        base: Floats,
        ratio: Floats,
        unsure: Floats,
    ) -> None:
        self.past_total += events
        self.past_reports += taken
        # a few large streams must not speak for all: each is heard as if it had about ten events a day
        heard = np.where(judged, 1 / (1 + mean / 10), 0.0)
        if bin_ == NORMAL:
            now, after = self.level_days % _RING, (self.level_days + 1) % _RING
            self.events[after] = self.events[now] + events
            self.shape[after] = self.shape[now] + np.where(taken, factor, 0.0)
            if len(self.flat):
                self.flat[after] = self.flat[now] + np.where(taken, flat, 0.0)
            self.reports[after] = self.reports[now] + taken
            self.when[after] = self.when[now] + self.day
            self.level_days += 1
            plain = np.where(judged, mean / profile, 0.0)
            counted = np.where(judged, events, 0.0)
            forget = 0.5 ** (7 / 365)
            for table, values in (
                (self.weekday_events, counted), (self.weekday_expected, plain),
            ):  # fmt: skip
                table[weekday] = table[weekday] * forget + values
            for table, values in (
                (self.group_weekday_events, counted), (self.group_weekday_expected, plain),
            ):  # fmt: skip
                table[weekday] = table[weekday] * forget + np.bincount(
                    self.group, values * heard, minlength=self.groups
                )
            gone = 0.5 ** (1 / self.options.spread_half_life)
            share = judged / (mean + 0.5)
            inflated = 1 + mean * certain / dispersion
            off = squared_miss(
                events - mean, mean, dispersion * mean * inflated, self.options.spread_reach
            )
            self.missed = self.missed * gone + share * mean * dispersion * np.where(
                judged, off, 0.0
            )
            self.freedom = self.freedom * gone + share * mean
            return
        plain = np.where(judged, mean / (base * ratio), 0.0)
        counted = np.where(judged, events, 0.0)
        if self.group_bin_expected[bin_].any():
            share = np.where(judged, 1 / (mean + dispersion) ** 2, 0.0)
            beyond = (events - mean) ** 2 - dispersion * mean - mean**2 * certain
            classes = self._known_class(bin_)
            missed, asked = (
                np.bincount(classes, values * share, minlength=2 * self.groups)
                for values in (beyond, mean**2)
            )
            # all streams share one day, so a day counts once however many streams miss it
            whole = np.maximum(asked, 1.0)
            self.holiday_missed[bin_] = 0.85 * self.holiday_missed[bin_] + missed / whole
            self.holiday_asked[bin_] = 0.85 * self.holiday_asked[bin_] + asked / whole
        self.bin_events[bin_] += counted
        self.bin_expected[bin_] += plain
        self.bin_unsure[bin_] += plain**2 * unsure
        for table, row, values in (
            (self.group_day_events, day_of_bin, counted), (self.group_day_expected, day_of_bin, plain),
            (self.group_bin_events, bin_, counted), (self.group_bin_expected, bin_, plain),
        ):  # fmt: skip
            table[row] += np.bincount(self.group, values * heard, minlength=self.groups)


_SPARE = 2.0
_MEANS = np.geomspace(1e-3, 1e3, 49)
_OVERS = np.array([1.0, 1.1, 1.25, 1.5, 2, 3, 4])


@cache
def _kept(z: float) -> Floats:
    """Return what is left of the variance of a negative binomial count when it is cut `z` deviations above its mean."""
    table = np.ones((len(_MEANS), len(_OVERS)))
    for row, mean in enumerate(_MEANS):
        for column, over in enumerate(_OVERS):
            sd = math.sqrt(mean * over)
            top = z * sd + _SPARE
            counts = np.arange(math.ceil(mean + 15 * sd + 60) + 1.0)
            if over > 1:
                r = mean / (over - 1)
                log = (
                    special.gammaln(counts + r) - special.gammaln(counts + 1) - special.gammaln(r)
                    - r * math.log(over) + counts * math.log(1 - 1 / over)
                )  # fmt: skip
            else:
                log = counts * math.log(mean) - mean - special.gammaln(counts + 1)
            share = np.exp(log)
            missed = counts - mean
            heard = np.minimum(1.0, top / np.maximum(missed, 1e-9)) ** 4
            table[row, column] = float((share * missed**2 * heard).sum()) / (mean * over)
    return table


def squared_miss(missed: Floats, mean: Floats, variance: Floats, z: float) -> Floats:
    """
    Return the square of what a forecast missed by over its variance, 1 on average on quiet days however far it is cut.

    What lies further above than `z` deviations (and one event) counts up to there, so that an outbreak nobody recorded does not pass
    for unevenness; what the cut takes from a negative binomial count is given back.
    """
    over = np.maximum(variance / np.maximum(mean, 1e-12), 1.0)
    top = z * np.sqrt(mean * over) + _SPARE
    at = np.clip(
        np.log(np.maximum(mean, 1e-3) / _MEANS[0]) / math.log(_MEANS[1] / _MEANS[0]),
        0,
        len(_MEANS) - 1.001,
    )
    row = at.astype(np.int64)
    part = at - row
    over = np.minimum(over, _OVERS[-1] - 1e-9)
    column = np.searchsorted(_OVERS, over, side="right") - 1
    along = (over - _OVERS[column]) / (_OVERS[column + 1] - _OVERS[column])
    kept = _kept(z)
    near = kept[row, column] * (1 - along) + kept[row, column + 1] * along
    far = kept[row + 1, column] * (1 - along) + kept[row + 1, column + 1] * along
    left = near * (1 - part) + far * part
    with np.errstate(invalid="ignore"):
        heard = np.minimum(1.0, top / np.maximum(missed, 1e-9)) ** 4
    return np.asarray(heard * missed**2 / np.maximum(variance, 1e-12) / left)


def _deviation(y: Floats, mean: Floats, variance: Floats) -> Floats:
    """
    Return the signed root of the negative binomial deviance: how far a count lies off in units that are nearly standard normal.

    Moved up by a sixth of the skewness, which makes its mean nought (at most a third, where counts are few): close to the normal score of
    the mid-p for any mean, and much cheaper.
    """
    over = np.maximum(variance / np.maximum(mean, 1e-12), 1 + 1e-6)
    size = mean / (over - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(y > 0, y * np.log(np.maximum(y, 1e-9) / mean), 0.0)
        twice = 2 * (own - (y + size) * np.log((y + size) / (mean + size)))
    skew = (2 * over - 1) / np.sqrt(np.maximum(variance, 1e-12))
    root = np.sign(y - mean) * np.sqrt(np.maximum(twice, 0.0))
    return np.asarray(root + np.minimum(skew, 2.0) / 6)


@cache
def memory_tail(slack: float, most: float, stands_out: float) -> tuple[Floats, Floats]:
    """Return, for sums of today's score and the memory, the normal score of how often quiet days reach them: the chart's own stationary law."""
    cells = 300
    grid = np.linspace(0, most, cells + 1)
    edges = np.concatenate([[-np.inf], (grid[1:] + grid[:-1]) / 2, [np.inf]])
    below = special.ndtr(np.minimum(edges[None, :] - grid[:, None] + slack, stands_out))
    move = np.diff(below, axis=1)
    move[:, 0] += 1 - special.ndtr(stands_out)
    law = np.full(cells + 1, 1 / (cells + 1))
    for _ in range(200):
        law = law @ move
    sums = np.linspace(-6, 40, 921)
    log = special.log_ndtr(grid[None, :] - sums[:, None]) + np.log(np.maximum(law, 1e-300))
    top = log.max(axis=1)
    return sums, _score(top + np.log(np.exp(log - top[:, None]).sum(axis=1)))


def _score(log_p: Floats) -> Floats:
    """Return the normal score of a tail given by its logarithm."""
    return np.asarray(-special.ndtri_exp(log_p))


def _size_class(mean: Floats) -> Ints:
    """Return whether a count is expected below 1, 10, 100 or above."""
    return (mean >= 1).astype(np.int64) + (mean >= 10) + (mean >= 100) + (mean >= 300)


def _tail(y: Floats, mean: Floats, variance: Floats, freedom: Floats) -> Floats:
    """
    Return how often a quiet day reaches `y`: the negative binomial tail, widened as Student's law is.

    Of the days that equal `y` half are counted. How many they are follows from the difference of two incomplete beta functions a step
    apart, which is a product; so one of them is asked, and none where `y` is 0.
    """
    over = np.maximum(variance / mean, 1.0)
    more = over > 1 + 1e-9
    size = mean / np.where(more, over - 1, 1.0)
    share = 1 - 1 / np.where(more, over, 2.0)
    whole, equal = np.ones_like(mean), np.empty_like(mean)
    wide, plain = more & (y > 0), ~more & (y > 0)
    whole[wide] = special.betainc(y[wide], size[wide], share[wide])
    whole[plain] = special.gammainc(y[plain], mean[plain])
    seen, size_, share_ = y[more], size[more], share[more]
    equal[more] = (
        special.xlogy(seen, share_) + size_ * np.log1p(-share_)
        - special.betaln(seen + 1, size_) - np.log(seen + size_)
    )  # fmt: skip
    seen, mean_ = y[~more], mean[~more]
    equal[~more] = special.xlogy(seen, mean_) - mean_ - special.gammaln(seen + 1)
    tail = np.clip(whole - np.exp(equal) / 2, 1e-300, 1.0)
    z = -special.ndtri(tail)
    wider = special.stdtr(freedom, -z)
    return np.where(np.isnan(y), np.nan, np.maximum(wider, tail))


def _joined(
    day: Floats, sums: Sequence[Floats], memory: Floats, heard: Floats, voice_of_day: float
) -> Floats:
    """
    Return the harmonic mean of the p-values of the day (with its voices), of the sums (NaN where there is none) and of the memory (as far as heard).

    Such a mean is reached a little more often than it says, the more often the more is asked of counts large enough to tell the questions apart.
    """
    told = voice_of_day + heard
    inverse = voice_of_day / day + heard / np.where(heard > 0, np.maximum(memory, 1e-300), 1.0)
    for p in sums:
        there = ~np.isnan(p)
        told = told + there
        inverse = inverse + np.where(there, 1 / np.where(there, p, 1.0), 0.0)
    return np.asarray(np.minimum(told / inverse * (1 + _SEVERAL * heard), 1.0))


@dataclass(frozen=True, slots=True)
class _Law:
    """The laws of today's count and of the sums that end today (before, mean, variance, freedom of each)."""

    mean: Floats
    variance: Floats
    freedom: Floats
    memory: Floats
    shared: Floats
    sums: tuple[tuple[Floats, Floats, Floats, Floats], ...]
    tail: tuple[Floats, Floats]
    heard_from: float
    voice_of_day: float

    def of(self, where: NDArray[np.bool_]) -> "_Law":
        return _Law(
            self.mean[where], self.variance[where], self.freedom[where], self.memory[where], self.shared[where],
            tuple((b[where], m[where], v[where], f[where]) for b, m, v, f in self.sums),
            self.tail, self.heard_from, self.voice_of_day,
        )  # fmt: skip

    def remembered(self, p_day: Floats) -> Floats:
        """Return how often a quiet day, with what is remembered of those before, comes to this sum."""
        told = -special.ndtri(p_day) / np.sqrt(self.shared) + self.memory
        return np.asarray(special.ndtr(-np.interp(told, *self.tail)))

    def day(self, y: Floats) -> Floats:
        return _tail(y, self.mean, self.variance, self.freedom)

    def sum(self, number: int, y: Floats) -> Floats:
        before, mean, variance, freedom = self.sums[number]
        return _tail(y + before, np.where(np.isnan(mean), 1.0, mean), variance, freedom)

    def both(self, y: Floats) -> Floats:
        """Return the harmonic mean of all answers, of today's alone where there is no sum."""
        return self.joined(self.day(y), [self.sum(i, y) for i in range(len(self.sums))])

    def joined(self, day: Floats, sums: Sequence[Floats]) -> Floats:
        """Return the answer to all questions together."""
        memory = self.remembered(day)
        return _joined(day, sums, memory, self._heard(memory), self.voice_of_day)

    def _heard(self, memory: Floats) -> Floats:
        """Return the voice of the memory: where a case is news by itself nothing adds up, and it has little to say."""
        return np.where(np.isnan(memory), 0.0, self.mean / (self.mean + self.heard_from))

    def carrier(
        self, day: Floats, sums: Sequence[Floats], memory: Floats, alpha: float
    ) -> NDArray[np.int8]:
        """Return which question speaks loudest; the day where it stands out by itself and lies within a tenfold of the clearest."""
        with np.errstate(divide="ignore"):
            voices = np.array([
                1 / day,
                np.max([np.nan_to_num(1 / p) for p in sums], axis=0) if sums else np.zeros_like(day),
                np.nan_to_num(self._heard(memory) / np.maximum(memory, 1e-300)),
            ])  # fmt: skip
        loudest = voices.argmax(axis=0)
        by_itself = (day <= alpha) & (10 * voices[0] >= voices.max(axis=0))
        return np.where(by_itself, 0, loudest).astype(np.int8)

    def least(self, alpha: float) -> Floats:
        """Return the smallest count of today that alarms, by widening and halving an interval of whole numbers."""
        low = np.zeros_like(self.mean)
        high = np.ceil(self.mean + 3 * np.sqrt(self.variance) + 2)
        for _ in range(60):
            short = self.both(high) > alpha
            if not short.any():
                break
            low, high = np.where(short, high, low), np.where(short, 2 * high + 4, high)
        for _ in range(80):
            wide = high - low > 1
            if not wide.any():
                break
            middle = np.floor((low[wide] + high[wide]) / 2)
            above = self.of(wide).both(middle) > alpha
            low[wide] = np.where(above, middle, low[wide])
            high[wide] = np.where(above, high[wide], middle)
        return np.asarray(high)


def _judged(
    y: Floats,
    found: dict[str, Floats],
    bins: Ints,
    columns: Sequence[int],
    options: BaselineOptions,
    thresholds: int | None,
    thresholds_below: float,
) -> BaselineVerdicts:
    seen = ~np.isnan(y)
    reported = found["reported"]
    answered = seen & (reported > 0)
    young = ~np.isnan(found["past_total"])
    mean = np.where(found["expected"] > 0, found["expected"], 1e-12)
    variance = found["width"] * (found["dispersion"] * mean + mean**2 * found["relative"])
    freedom = np.where(young, _CERTAIN, found["freedom"])
    law = _Law(
        mean, variance, freedom, found["memory"], found["shared"],
        tuple(
            (
                found[f"before{i}"], np.maximum(found[f"mean{i}"], 1e-12), found[f"variance{i}"],
                found[f"freedom{i}"],
            )
            for i in range(len(options.sums))
        ),
        memory_tail(options.slack, options.most_memory, options.stands_out),
        options.heard_from, options.voice_of_day,
    )  # fmt: skip
    p_day, p_week, p_memory, p_value, needed, attained = (
        np.full(y.shape, np.nan) for _ in range(6)
    )
    carrier = np.zeros(y.shape, np.int8)
    week_observed, week_expected = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    week_length = np.ones(y.shape, np.int8)
    if answered.any():
        asked, today = law.of(answered), y[answered]
        day, sums = asked.day(today), [asked.sum(i, today) for i in range(len(options.sums))]
        p_day[answered] = day
        p_value[answered] = asked.joined(day, sums)
        p_memory[answered] = asked.remembered(day)
        carrier[answered] = asked.carrier(day, sums, p_memory[answered], options.alpha)
        for i, length in enumerate(options.sums):
            before, expected = found[f"before{i}"], found[f"mean{i}"]
            p_sum = np.full(y.shape, np.nan)
            p_sum[answered] = sums[i]
            with np.errstate(invalid="ignore"):
                clearer = ~np.isnan(p_sum) & ~(p_week <= p_sum)
            p_week[clearer] = p_sum[clearer]
            week_observed[clearer] = (before + y)[clearer]
            week_expected[clearer] = expected[clearer]
            week_length[clearer] = length
        wanted = answered.copy()
        if thresholds is not None:
            wanted[:, : max(0, y.shape[1] - thresholds)] = False
        wanted &= p_value <= thresholds_below
        if wanted.any():
            needed[wanted] = law.of(wanted).least(options.alpha)
            attained[wanted] = law.of(wanted).day(needed[wanted])
    with np.errstate(invalid="ignore"):
        alarm = answered & (p_value <= options.alpha) & (y > 0)
    judgement = np.full(y.shape, CODE[Judgement.JUDGED], np.int8)
    judgement[young] = CODE[Judgement.NO_HISTORY_RULE]
    judgement[~(reported > 0)] = CODE[Judgement.SHORT_HISTORY]
    judgement[~seen] = CODE[Judgement.NOT_REPORTED]
    known = reported > 0
    sd = np.sqrt(variance)
    with np.errstate(invalid="ignore"):
        score = np.where(answered, (y - mean) / sd, np.nan)
    return BaselineVerdicts(
        method=METHOD,
        observed=y,
        expected=np.where(known, mean, np.nan),
        sd=np.where(known, sd, np.nan),
        threshold=needed - 1,
        score=score,
        alarm=alarm,
        judgement=judgement,
        baseline=np.nan_to_num(reported).astype(np.int32),
        baseline_missing=np.nan_to_num(np.maximum(found["spanned"] - reported, 0)).astype(np.int32),
        p_value=p_value,
        columns=np.array(list(columns), dtype=np.int64),
        p_day=p_day,
        p_week=p_week,
        p_memory=p_memory,
        carrier=carrier,
        memory_days=np.nan_to_num(found["remembered"] + 1).astype(np.int32),
        week_observed=week_observed,
        week_expected=week_expected,
        week_length=week_length,
        dispersion=found["dispersion"],
        relative_sd=np.sqrt(found["relative"]),
        attained=attained,
        level=found["level"],
        day_kind=np.broadcast_to(bins.astype(np.int8), y.shape),
        holiday_known=found["holiday_known"] > 0.5,
    )
