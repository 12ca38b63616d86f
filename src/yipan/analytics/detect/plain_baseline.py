"""
The calendar baseline told plainly: one day after another, one stream after another, numbers in lists.

The judge of `baseline.baseline_matrix`, which does the same for twenty thousand streams. Read this one first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product

import numpy as np
from scipy import special

from yipan.model import Interval, WorkCalendar

from .baseline import (
    HOLIDAY_BINS,
    HOLIDAY_DAYS,
    LEAST_APART,
    LEAST_PRIOR_DAYS,
    MOST_APART,
    MOST_PRIOR_DAYS,
    NORMAL,
    STANDARD,
    BaselineOptions,
    DayKinds,
    memory_tail,
    squared_miss,
)

_LONGEST_DRIFT_DAYS = 30
_LEAST_REPORTED = 7
_WIDTH_PRIOR = 30.0
_CERTAIN = 1e6
_STEPS = (1, 10, 100, 300)
_DOUBT_LAGS = 2
_LEAST_DOUBT, _MOST_DOUBT = 0.02, 2.0
_MEMORY_REACH = 3.5
_SEVERAL = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What was expected of one stream on one day, how far off it may be, and how often chance reaches the count."""

    expected: float
    variance: float
    p_day: float
    p_week: float
    p_value: float


@dataclass(slots=True)
class _Sums:
    """Events seen and events expected, for one weekday, holiday stretch or day, of a stream or of its siblings."""

    events: float = 0.0
    expected: float = 0.0
    unsure: float = 0.0


@dataclass(slots=True)
class _Stream:
    group: int
    events: list[float] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    flat: list[float] = field(default_factory=list)
    reported: list[bool] = field(default_factory=list)
    weekdays: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in range(7)])
    stretches: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in range(HOLIDAY_BINS)])
    missed: float = 0.0
    days_of_spread: float = 0.0
    total: float = 0.0
    reports: int = 0
    last: list[tuple[float, float, bool]] = field(default_factory=list)
    widths: list[_Sums] = field(default_factory=list)
    memory: float = 0.0
    season_known: int = 0
    missed_lately: list[tuple[float, float]] = field(default_factory=list)
    """What was missed on the last days, cut two deviations from what was expected, and what was expected; (0, 0) where nothing was learned."""


@dataclass(slots=True)
class _Siblings:
    weekdays: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in range(7)])
    days: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in range(HOLIDAY_DAYS)])
    stretches: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in range(HOLIDAY_BINS)])
    off: list[list[_Sums]] = field(
        default_factory=lambda: [[_Sums(), _Sums()] for _ in range(HOLIDAY_BINS)]
    )
    widths: dict[tuple[int, int, bool], _Sums] = field(default_factory=dict)
    """For each question, size of count and whether the season is known: what was missed over what was feared."""
    doubts: dict[tuple[int, bool], _Sums] = field(default_factory=dict)
    """For each size of count and whether the season is known: how far close days missed together over how far they were feared to."""

    waiting: list[dict[tuple[int, bool], tuple[float, float]]] = field(default_factory=list)
    """What the days of the gap say of the doubts."""

    def width(self, question: int, size: int, seasoned: bool) -> _Sums:
        return self.widths[question, size, seasoned]


@dataclass(slots=True)
class _Level:
    rate: float
    drift: float
    rate_v: float
    noise: float
    unproved: float
    age: float
    reported: int


@dataclass(slots=True)
class _Sum:
    """A sum that ends today: what came before today, what is expected of it all, and how certain that is."""

    before: float
    mean: float
    variance: float
    width: float
    freedom: float
    whole: bool


@dataclass(slots=True)
class _Day:
    """One stream's forecast of a day while the day is being learned."""

    stream: _Stream
    level: _Level
    mean: float
    certain: float
    off: float
    dispersion: float
    freedom: float
    factor: float
    profile: float
    base: float
    own: float
    holiday_v: float
    sampled: float
    feared_shared: float
    flat: float
    memory: float
    sums: list[_Sum]
    feared: float
    width: float
    shared: float
    size: int
    seasoned: bool
    holiday_known: bool
    judged: bool
    count: float
    seen: bool
    clipped: float


def plain_baseline(
    counts: Sequence[Sequence[float | None]],
    *,
    first_day: date,
    interval: Interval = Interval.DAY,
    calendar: WorkCalendar | None = None,
    groups: Sequence[int] | None = None,
    options: BaselineOptions = STANDARD,
) -> list[list[Foretold]]:
    """
    Judge every day of some daily streams (None where nobody reported) by the days before it; one row per stream.

    Numbers are NaN where a stream could not be judged. See `baseline` for the model and what is meant by each option.

    >>> days = [[4, 5, 3, 4, 6, 5, 4] * 6 + [30]]
    >>> plain_baseline(days, first_day=date(2022, 5, 2))[0][-1].p_value < 0.001
    True
    """
    length = max((len(row) for row in counts), default=0)
    of = DayKinds.of if interval is Interval.DAY else DayKinds.of_weeks
    kinds = of(first_day, length, calendar)
    group = list(groups) if groups is not None else [0] * len(counts)
    streams = [
        _Stream(group=g, widths=[_Sums() for _ in range(1 + len(options.sums))]) for g in group
    ]
    cells = list(product(range(1 + len(options.sums)), range(5), (False, True)))
    siblings = [
        _Siblings(
            widths={cell: _Sums(_WIDTH_PRIOR, _WIDTH_PRIOR) for cell in cells},
            doubts={
                cell: _Sums(options.prior_doubt, options.prior_doubt)
                for cell in product(range(5), (False, True))
            },
        )
        for _ in range(max(group, default=-1) + 1)
    ]
    level_days: list[int] = []
    level_days_before = [0]
    found: list[list[Foretold]] = [[] for _ in counts]
    for day in range(length):
        stretch, within, weekday = int(kinds.bins[day]), int(kinds.days[day]), 0
        if interval is Interval.DAY:
            weekday = int(kinds.weekdays[day])
        end = level_days_before[max(0, day - options.gap_days)]
        spreads = _spreads(streams, len(siblings), options)
        seasons = _seasons(streams, len(siblings), spreads, level_days_before, options)
        today = [
            _foretell(
                stream, row[day], day, end, level_days, stretch, within, weekday, spread,
                [(other, its[0]) for other, its in zip(streams, spreads, strict=True) if other.group == stream.group],
                season, siblings[stream.group], options,
            )
            for stream, row, spread, season in zip(streams, counts, spreads, seasons, strict=True)
        ]  # fmt: skip
        for position, one in enumerate(today):
            found[position].append(_judge(one, options))
        if stretch == NORMAL:
            level_days.append(day)
        _learn(today, siblings, stretch, within, weekday, options)
        level_days_before.append(len(level_days))
    return found


def _spreads(
    streams: Sequence[_Stream], groups: int, options: BaselineOptions
) -> list[tuple[float, float]]:
    """Return each stream's dispersion, drawn to that of its siblings, and from how many days it is known."""
    pooled = [(15.0, 10.0)] * groups
    for stream in streams:
        own = stream.missed / max(stream.days_of_spread, 1e-9)
        top, days = pooled[stream.group]
        pooled[stream.group] = (
            top + stream.days_of_spread * min(own, 4.0), days + stream.days_of_spread,
        )  # fmt: skip
    middles = [top / days for top, days in pooled]
    answer = []
    for stream in streams:
        middle = middles[stream.group]
        apart = weight = 0.0
        for other in streams:
            if other.group == stream.group and other.days_of_spread > 5:
                own = min(max(other.missed / other.days_of_spread, 0.25), 4.0)
                apart += other.days_of_spread * (own - middle) ** 2 - 2 * middle**2
                weight += other.days_of_spread
        # so many days of its own as make a stream's spread as uncertain as streams differ
        alike = max(apart, 0.0) + 50 * 2 * middle**2 / options.prior_spread_days
        worth = 2 * middle**2 * (weight + 50) / alike
        worth = min(max(worth, LEAST_PRIOR_DAYS), MOST_PRIOR_DAYS)
        value = (stream.missed + worth * middle) / (stream.days_of_spread + worth)
        answer.append((max(value, 1.0), stream.days_of_spread + options.least_freedom))
    return answer


def _seasons(
    streams: Sequence[_Stream],
    groups: int,
    spreads: Sequence[tuple[float, float]],
    level_days_before: Sequence[int],
    options: BaselineOptions,
) -> list[tuple[float, float, float, bool]]:
    """Return what the same weeks of earlier years were to the years around them, how uncertain by chance, how far it may be wrong, and whether it is known."""
    sums: list[tuple[float, float, int]] = []
    for stream in streams:
        seen, expected, years = 0.0, 0.0, 0
        for year in range(1, options.season_years + 1):
            then = len(level_days_before) - 1 - round(year * 365.25 / 7)
            middle = level_days_before[then] if then >= 0 else 0
            if middle < 26:
                break
            whole, around = range(middle - 26, middle + 26), range(middle - 2, middle + 3)
            shape = sum(stream.flat[i] for i in whole)
            rate = sum(stream.events[i] for i in whole) / shape if shape > 0 else 0.0
            part = rate * sum(stream.flat[i] for i in around)
            if part > 0:
                expected += part
                seen += sum(stream.events[i] for i in around)
                years += 1
        sums.append((seen, expected, years))
    pooled = [(100.0, 100.0)] * groups
    for stream, (seen, expected, _) in zip(streams, sums, strict=True):
        heard = 1 / (1 + expected / 200)
        top, below = pooled[stream.group]
        pooled[stream.group] = (top + seen * heard, below + expected * heard)
    prior = options.prior_season
    answer = []
    for stream, (dispersion, _), (seen, expected, years) in zip(
        streams, spreads, sums, strict=True
    ):
        top, below = pooled[stream.group]
        factor = (seen + prior * top / below) / (expected + prior)
        strange = (options.unknown_season_sd / (1 + years)) ** 2
        chance = 0.0
        if years:
            chance = dispersion * seen / (seen + prior) ** 2
            strange += dispersion * prior / (seen + prior) ** 2
        answer.append((factor, chance, strange, years > 0))
    return answer


def _foretell(
    stream: _Stream,
    count: float | None,
    day: int,
    end: int,
    level_days: Sequence[int],
    stretch: int,
    within: int,
    weekday: int,
    spread: tuple[float, float],
    kin: Sequence[tuple[_Stream, float]],
    season: tuple[float, float, float, bool],
    siblings: _Siblings,
    options: BaselineOptions,
) -> _Day:
    dispersion, freedom = spread
    index, season_v, strange, seasoned = season
    if seasoned and not stream.season_known:
        _begin_season(stream)
    mixed = seasoned and stream.season_known < options.season_level + options.gap_days
    profile, profile_v = _weekday(stream, siblings, weekday, options)
    base, own, holiday_v, off, known = _holiday(stream, siblings, kin, stretch, within, options)
    level = _level(stream, day, end, level_days, dispersion, options, seasoned, mixed)
    stream.season_known += seasoned
    flat = profile * base * own
    factor = flat * index
    mean = level.rate * math.exp(level.drift * level.age) * factor
    size = sum(mean >= step for step in _STEPS)
    told = siblings.doubts[size, seasoned]
    doubt = min(max(told.events / told.expected, _LEAST_DOUBT), _MOST_DOUBT)
    sampled = level.rate_v + level.age**2 * level.noise + season_v
    feared_shared = level.age**2 * level.unproved + strange
    certain = sampled + doubt * feared_shared + dispersion * profile_v + holiday_v
    judged = level.reported >= _LEAST_REPORTED
    seen = count is not None
    # where nothing was seen the law of the level is all there is: no spread was estimated that could be wrong
    nothing = level.rate_v > dispersion / 0.75
    freedom = _CERTAIN if nothing else freedom

    def width(question: int, expected: float) -> float:
        own, all_ = stream.widths[question], siblings.width(question, size, seasoned)
        prior = options.prior_width_days
        value = (own.events + prior * all_.events / all_.expected) / (own.expected + prior)
        # little is believed of small counts that seem to miss by less than chance
        return (
            value if value >= 1 else 1 - (1 - value) * expected / (expected + options.narrow_from)
        )

    sums = []
    for question, length in enumerate(options.sums, start=1):
        before = stream.last[len(stream.last) - min(length - 1, len(stream.last)) :]
        younger = max(level.age - (length - 1) / 2, 0)
        shape = sum(one for _, one, _ in before) + factor
        whole = level.rate * math.exp(level.drift * younger) * shape
        unsure = level.rate_v + season_v + younger**2 * level.noise
        unsure += doubt * (younger**2 * level.unproved + strange)
        mine, all_ = stream.widths[question], siblings.width(question, size, seasoned)
        leaning = min(max(all_.expected - mine.expected, 0.0), options.prior_width_days)
        sums.append(
            _Sum(
                before=sum(events for events, *_ in before),
                mean=whole,
                variance=dispersion * whole + whole**2 * unsure,
                width=width(question, whole),
                freedom=_CERTAIN if nothing else mine.expected + options.least_freedom + leaning,
                whole=seen and 2 * sum(there for *_, there in before) >= length - 1,
            )
        )
    feared, today_width, shared = dispersion * mean + mean**2 * certain, width(0, mean), 1.0
    if sums and sums[-1].whole and sums[-1].mean > 0 and mean > 0:
        together = sums[-1].width * sums[-1].variance / sums[-1].mean
        ratio = max(1.0, together / (today_width * feared / mean))
        shared = 1 + (ratio - 1) * _MEMORY_REACH / (options.sums[-1] - 1)
    value = float(count) if count is not None else math.nan
    clipped = value
    if seen and judged:
        reach = 4 * math.sqrt(dispersion * mean + mean**2 * (certain + off))
        clipped = max(min(value, mean + reach + 2), mean - reach)
    return _Day(
        stream=stream, level=level, mean=mean, certain=certain, off=off, dispersion=dispersion,
        freedom=freedom, factor=factor, profile=profile, base=base, own=own, holiday_v=holiday_v,
        sampled=sampled, feared_shared=feared_shared, flat=flat, memory=stream.memory, sums=sums, feared=feared, width=today_width,
        shared=shared, size=size, seasoned=seasoned, holiday_known=known, judged=judged, count=value, seen=seen, clipped=clipped,
    )  # fmt: skip


def _begin_season(stream: _Stream) -> None:
    """Forget most of what was missed while the season was unknown: it says little of how well it is known now."""
    stream.missed *= 0.1
    stream.days_of_spread *= 0.1
    for told in stream.widths:
        told.events *= 0.1
        told.expected *= 0.1
    stream.memory = 0.0
    stream.last = [(events, factor, False) for events, factor, _ in stream.last]


def _weekday(
    stream: _Stream, siblings: _Siblings, weekday: int, options: BaselineOptions
) -> tuple[float, float]:
    """Return how busy a weekday is and how uncertain that is; 7 is the mean of the five working days."""
    raw = [(one.events + 100) / (one.expected + 100) for one in siblings.weekdays]
    mean = sum(raw) / 7
    prior = options.prior_weekday

    def profile(day: int) -> tuple[float, float]:
        own = stream.weekdays[day]
        value = (own.events + prior * raw[day] / mean) / (own.expected + prior)
        return value, 1 / (own.events + prior)

    if weekday < 7:
        return profile(weekday)
    every = [profile(day) for day in range(5)]
    return sum(p for p, _ in every) / 5, sum(v for _, v in every) / 5


def _holiday(
    stream: _Stream,
    siblings: _Siblings,
    kin: Sequence[tuple[_Stream, float]],
    stretch: int,
    within: int,
    options: BaselineOptions,
) -> tuple[float, float, float, float, bool]:
    """Return the holiday's factor among siblings, the stream's own ratio to it, their uncertainty, and whether it was learned."""
    if stretch == NORMAL:
        return 1.0, 1.0, 0.0, 0.0, True
    whole, day = siblings.stretches[stretch], siblings.days[within]
    factor = (whole.events + 5) / (whole.expected + 5)
    base = (day.events + 50 * factor) / (day.expected + 50)
    # how much streams differ in this holiday is learned from all of them, and each leans on the others by that
    apart, weight, dispersion = 5 / options.prior_holiday, 5.0, 1.0
    for other, its in kin:
        told, expected = other.stretches[stretch], other.stretches[stretch].expected * factor
        beyond = (told.events - expected) ** 2 - its * expected - factor**2 * told.unsure
        share = 1 / (expected + options.prior_holiday) ** 2
        apart += share * beyond
        weight += share * expected**2
        if other is stream:
            dispersion = its
    prior = dispersion / min(max(apart / weight, LEAST_APART), MOST_APART)
    mine = stream.stretches[stretch]
    own = (mine.events + prior) / (mine.expected * factor + prior)
    unknown = options.festival_sd**2 * 5 / (whole.expected + 5)
    variance = unknown + 1 / (day.events + 50) + dispersion / (mine.events + prior)
    told = siblings.off[stretch][mine.events >= 100]
    off = max(0.0, (told.events + 2 * options.holiday_sd**2) / (told.expected + 2))
    return base, own, variance, off, whole.expected > 0


def _level(
    stream: _Stream,
    day: int,
    end: int,
    level_days: Sequence[int],
    dispersion: float,
    options: BaselineOptions,
    seasoned: bool,
    mixed: bool,
) -> _Level:
    """Return the rate in the middle of as many normal days as hold enough events, and its drift since."""
    o = options
    least = min(o.season_level, o.most_days) if seasoned else o.least_days
    most_drift = o.season_drift if seasoned else o.most_drift
    drift_sd = o.season_drift_sd if seasoned else o.drift_sd
    # days from before the season was known hold it: a whole year of them does not, halves of it do
    most_drift = 0.0 if mixed else most_drift

    def window(since: int, until: int) -> tuple[float, float, int]:
        part, factors = range(since, until), stream.flat if mixed else stream.factors
        return (
            sum(stream.events[i] for i in part), sum(factors[i] for i in part),
            sum(stream.reported[i] for i in part),
        )  # fmt: skip

    far = range(max(0, end - o.most_days), end)
    events, shape = sum(stream.events[i] for i in far), sum(stream.factors[i] for i in far)
    want = o.level_events * shape / (events + 0.5) if shape else 0.0
    width = min(max(math.ceil(want / 7) * 7, least), o.most_days)
    while True:
        start = max(0, end - width)
        n = window(start, end)[2]
        if not (n < least / 2 and width < o.most_days and start > 0):
            break
        width = min(2 * width, o.most_days)
    middle = max(start, end - width // 2)
    if middle - start < 7:
        middle = start
    older, older_shape, _ = window(start, middle)
    newer, newer_shape, _ = window(middle, end)
    total, shape = older + newer, older_shape + newer_shape
    span = max(end - start, 1)

    def centre(since: int, until: int) -> float:
        return sum(level_days[since:until]) / max(until - since, 1)

    age = min(day - sum(level_days[start:end]) / span, _LONGEST_DRIFT_DAYS)
    apart = max(centre(middle, end) - centre(start, middle), 1.0)
    prior = (drift_sd / max(span / 2, 7.0)) ** 2
    drift, by_chance, unproved = 0.0, 0.0, prior
    if older_shape > 0 and newer_shape > 0 and middle > start:
        slope = math.log((newer + 0.5) / newer_shape / ((older + 0.5) / older_shape)) / apart
        noise = dispersion * (1 / (newer + 0.5) + 1 / (older + 0.5)) / apart**2
        believed = prior / (prior + noise)
        drift = max(-most_drift, min(most_drift, slope * believed))
        by_chance = believed**2 * noise
        unproved = prior * (1 - believed) ** 2
    rate = (total + 0.5) / shape if shape > 0 else 0.0
    return _Level(rate, drift, dispersion / (total + 0.5), by_chance, unproved, age, n)


def _learn(
    today: Sequence[_Day],
    siblings: Sequence[_Siblings],
    stretch: int,
    within: int,
    weekday: int,
    options: BaselineOptions,
) -> None:
    if stretch != NORMAL:
        _learn_how_far_off(today, siblings, stretch)
    decay = 0.5 ** (7 / 365)
    if stretch == NORMAL:
        for group in siblings:
            group.weekdays[weekday].events *= decay
            group.weekdays[weekday].expected *= decay
    if stretch == NORMAL:
        _learn_widths(today, siblings, options)
    _learn_doubts(today, siblings, stretch, options)
    for one in today:
        stream, group = one.stream, siblings[one.stream.group]
        taken = one.clipped if one.seen else 0.0
        learned = one.judged and one.seen
        stream.total += taken
        stream.reports += one.seen
        heard = 1 / (1 + one.mean / 10) if learned else 0.0
        if stretch == NORMAL:
            stream.events.append(taken)
            stream.factors.append(one.factor if one.seen else 0.0)
            stream.flat.append(one.flat if one.seen else 0.0)
            stream.reported.append(one.seen)
            plain = one.mean / one.profile if learned else 0.0
            mine = stream.weekdays[weekday]
            mine.events = mine.events * decay + (taken if learned else 0.0)
            mine.expected = mine.expected * decay + plain
            group.weekdays[weekday].events += taken * heard
            group.weekdays[weekday].expected += plain * heard
            gone = 0.5 ** (1 / options.spread_half_life)
            share = 1 / (one.mean + 0.5) if learned else 0.0
            inflated = 1 + one.mean * one.certain / one.dispersion
            spread = one.dispersion * one.mean * inflated
            off = (
                _squared(taken - one.mean, one.mean, spread, options.spread_reach)
                if learned
                else 0.0
            )
            stream.missed = stream.missed * gone + share * one.mean * one.dispersion * off
            stream.days_of_spread = stream.days_of_spread * gone + share * one.mean
        elif learned:
            plain = one.mean / (one.base * one.own)
            stream.stretches[stretch].events += taken
            stream.stretches[stretch].expected += plain
            stream.stretches[stretch].unsure += plain**2 * (one.certain - one.holiday_v)
            for sums in (group.days[within], group.stretches[stretch]):
                sums.events += taken * heard
                sums.expected += plain * heard
        _carry_on(one, taken, learned, options)


def _carry_on(one: _Day, taken: float, learned: bool, options: BaselineOptions) -> None:
    """Keep what the memory and the sums of days to come ask of this one."""
    stream = one.stream
    longest = max(options.sums, default=1) - 1
    # a day that stood out by itself was told on its day: sums and memory begin anew after it, as charts do
    again, remembered = taken, stream.memory
    if learned:
        z = _deviation(one.count, one.mean, one.width * _spread_of(one))
        held = stream.memory + z / math.sqrt(one.shared) - options.slack
        stream.memory = min(max(held, 0.0), options.most_memory)
        if z > options.stands_out:
            stream.memory = 0.0
        if one.count > taken:
            again = min(one.mean, taken)
    stream.last = [*stream.last, (again, one.factor if one.seen else 0.0, one.seen)]
    stream.last = stream.last[len(stream.last) - min(longest, len(stream.last)) :]
    if options.begin_anew and learned:
        _begin_anew(one, z, remembered, options)


def _begin_anew(one: _Day, z: float, remembered: float, options: BaselineOptions) -> None:
    """After a day that alarms, by normal scores of its counts, nothing of it is asked again."""
    told = []
    for asked in one.sums:
        if asked.whole:
            spread = asked.width * asked.variance + asked.mean**2 * (one.holiday_v + one.off)
            told.append(
                max(
                    float(special.ndtr(-_deviation(asked.before + one.count, asked.mean, spread))),
                    1e-300,
                )
            )
    day = max(float(special.ndtr(-z)), 1e-300)
    if (
        _joined(day, told, z / math.sqrt(one.shared) + remembered, one.mean, options)
        > options.alpha
    ):
        return
    one.stream.memory = 0.0
    rate = one.level.rate * math.exp(one.level.drift * one.level.age)
    one.stream.last = [
        (min(events, shape * rate), shape, seen) for events, shape, seen in one.stream.last
    ]


def _learn_doubts(
    today: Sequence[_Day], siblings: Sequence[_Siblings], stretch: int, options: BaselineOptions
) -> None:
    """Learn how far close days miss together, as a share of how far they were feared to: what comes of few events counted is taken off."""
    lags = min(_DOUBT_LAGS, options.gap_days)
    gone = 0.5 ** (1 / options.width_half_life)
    cells: dict[tuple[int, int, bool], list[tuple[float, float]]] = {}
    for one in today:
        missed = mean = 0.0
        if stretch == NORMAL and one.judged and one.seen:
            reach, mean = 2 * math.sqrt(one.width * one.feared), one.mean
            missed = min(max(one.clipped - mean, -reach), reach)
        lately = one.stream.missed_lately
        pairs = mean * sum(expected for _, expected in lately)
        if pairs > 0:
            together = missed * sum(its for its, _ in lately) / 0.9545**2 - one.sampled * pairs
            cells.setdefault((one.stream.group, one.size, one.seasoned), []).append(
                (one.feared_shared * together, one.feared_shared**2 * pairs)
            )
        one.stream.missed_lately = [*lately, (missed, mean)][-lags:] if lags else []
    if not lags:
        return
    for number, group in enumerate(siblings):
        new: dict[tuple[int, bool], tuple[float, float]] = {}
        group.waiting.append(new)
        due = group.waiting.pop(0) if len(group.waiting) > options.gap_days else {}
        for (size, seasoned), told in group.doubts.items():
            found = cells.get((number, size, seasoned), [])
            known = sum(asked for _, asked in found)
            heard = min(1.0, 1.0 / max(known, 1e-9))
            new[size, seasoned] = heard * sum(its for its, _ in found), heard * known
            missed, asked = due.get((size, seasoned), (0.0, 0.0))
            before = (1 - gone) * options.prior_doubt
            told.events = told.events * gone + missed + before
            told.expected = told.expected * gone + asked + before


def _learn_widths(
    today: Sequence[_Day], siblings: Sequence[_Siblings], options: BaselineOptions
) -> None:
    """Learn how far today's count and the sums lie off, as a share of how far they were feared to."""
    gone = 0.5 ** (1 / options.width_half_life)
    for question, length in enumerate((1, *options.sums)):
        cells: dict[tuple[int, int, bool], list[tuple[float, float]]] = {}
        for group in siblings:
            for (asked, _, _), told in group.widths.items():
                if asked == question:
                    told.events *= gone
                    told.expected *= gone
        for one in today:
            mine = one.stream.widths[question]
            mine.events *= gone
            mine.expected *= gone
            mean, feared, before, use = one.mean, one.feared, 0.0, one.judged and one.seen
            if question:
                asked_sum = one.sums[question - 1]
                mean, feared, before = asked_sum.mean, asked_sum.variance, asked_sum.before
                use = use and asked_sum.whole
            if not use:
                continue
            share = mean / (mean + 0.5 * length) / length
            off = _squared(before + one.clipped - mean, mean, feared, options.width_reach)
            mine.events += share * off
            mine.expected += share
            cells.setdefault((one.stream.group, one.size, one.seasoned), []).append((share, off))
        for (number, size, seasoned), found in cells.items():
            days = sum(share for share, _ in found)
            # all siblings share one day: together they count as at most ten days
            heard = min(1.0, 10 / max(days, 1e-9))
            told = siblings[number].width(question, size, seasoned)
            told.events += heard * sum(share * min(off, 4.0) for share, off in found)
            told.expected += heard * days


def _spread_of(one: _Day) -> float:
    """Return how far the day's count was feared to lie off, all that is uncertain included."""
    return one.dispersion * one.mean + one.mean**2 * (one.certain + one.off)


def _squared(missed: float, mean: float, variance: float, z: float) -> float:
    return float(squared_miss(np.array([missed]), np.array([mean]), np.array([variance]), z)[0])


def _deviation(count: float, mean: float, variance: float) -> float:
    """Return the signed root of the negative binomial deviance of a count, moved up by a sixth of its skewness."""
    over = max(variance / max(mean, 1e-12), 1 + 1e-6)
    size = mean / (over - 1)
    own = count * math.log(count / mean) if count > 0 else 0.0
    twice = 2 * (own - (count + size) * math.log((count + size) / (mean + size)))
    skew = (2 * over - 1) / math.sqrt(max(variance, 1e-12))
    return math.copysign(math.sqrt(max(twice, 0.0)), count - mean) + min(skew, 2.0) / 6


def _learn_how_far_off(today: Sequence[_Day], siblings: Sequence[_Siblings], stretch: int) -> None:
    """Learn by how much holiday forecasts missed beyond what they admitted, apart for streams known well and badly."""
    if not any(group.stretches[stretch].expected for group in siblings):
        return
    for number, group in enumerate(siblings):
        for known_well in (False, True):
            missed = asked = 0.0
            for one in today:
                well = one.stream.stretches[stretch].events >= 100
                if (
                    one.stream.group != number
                    or well is not known_well
                    or not (one.judged and one.seen)
                ):
                    continue
                share = 1 / (one.mean + one.dispersion) ** 2
                beyond = (
                    (one.clipped - one.mean) ** 2
                    - one.dispersion * one.mean
                    - one.mean**2 * one.certain
                )
                missed += share * beyond
                asked += share * one.mean**2
            whole = max(asked, 1.0)
            told = group.off[stretch][known_well]
            told.events = 0.85 * told.events + missed / whole
            told.expected = 0.85 * told.expected + asked / whole


def _judge(one: _Day, options: BaselineOptions) -> Foretold:
    stream = one.stream
    nothing = Foretold(
        expected=math.nan, variance=math.nan, p_day=math.nan, p_week=math.nan, p_value=math.nan
    )
    if not one.judged:
        if not stream.reports:
            return nothing
        mean = (stream.total + 0.5) / stream.reports
        variance = mean + mean**2 / (stream.total + 0.5)
        p = _tail(one.count, mean, variance, 1e6) if one.seen else math.nan
        return Foretold(expected=mean, variance=variance, p_day=p, p_week=math.nan, p_value=p)
    variance = one.width * _spread_of(one)
    if not one.seen:
        return Foretold(
            expected=one.mean, variance=variance, p_day=math.nan, p_week=math.nan, p_value=math.nan
        )
    p_day = _tail(one.count, one.mean, variance, one.freedom)
    told = []
    for asked in one.sums:
        if asked.whole:
            spread = asked.width * asked.variance + asked.mean**2 * (one.holiday_v + one.off)
            told.append(_tail(asked.before + one.count, asked.mean, spread, asked.freedom))
    p_week = min(told, default=math.nan)
    held = one.memory - special.ndtri(p_day) / math.sqrt(one.shared)
    p = _joined(p_day, told, held, one.mean, options)
    return Foretold(expected=one.mean, variance=variance, p_day=p_day, p_week=p_week, p_value=p)


def _joined(
    day: float, sums: Sequence[float], held: float, mean: float, options: BaselineOptions
) -> float:
    """Return the answer to all questions: the harmonic mean of their p-values, which is reached a little more often than it says."""
    tail, scores = memory_tail(options.slack, options.most_memory, options.stands_out)
    memory = max(float(special.ndtr(-np.interp(held, tail, scores))), 1e-300)
    # where a case is news by itself nothing adds up, and the memory has little to say
    heard = mean / (mean + options.heard_from)
    voices = options.voice_of_day + heard + len(sums)
    inverse = options.voice_of_day / day + heard / memory + sum(1 / p for p in sums)
    return min(voices / inverse * (1 + _SEVERAL * heard), 1.0)


def _tail(count: float, mean: float, variance: float, freedom: float) -> float:
    """
    Return how often a quiet day goes beyond the count, half of those that equal it counted.

    A sum may hold parts of events where days were clipped.
    """
    from scipy import stats

    over = max(variance / mean, 1.0)

    def reached(count: float) -> float:
        if count <= 0:
            return 1.0
        if over > 1 + 1e-9:
            return float(special.betainc(count, mean / (over - 1), 1 - 1 / over))
        return float(special.gammainc(count, mean))

    tail = min(max((reached(count) + reached(count + 1)) / 2, 1e-300), 1.0)
    return max(float(stats.t.sf(-special.ndtri(tail), freedom)), tail)
