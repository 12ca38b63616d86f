"""The watch: what stands out, what is silent, what was decided about it, and by which rule it is watched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from yipan.analytics.detect.baseline import METHOD as BASELINE
from yipan.analytics.detect.methods import DEFAULT, METHODS, ON_DAYS, ON_WEEKS, POSITIVITY
from yipan.analytics.detect.rehearsal import Rehearsal
from yipan.model import (
    Alert,
    AlertState,
    AlertStep,
    AreaPath,
    Counted,
    CountSeries,
    Duty,
    Incident,
    IncidentState,
    Interval,
    KindMethod,
    Order,
    OrderLine,
    Power,
    Proposal,
    Reason,
    SchoolBreak,
    Sentence,
    Sentinel,
    SentinelKind,
    Signal,
    Stream,
    Task,
    Triage,
    Viewer,
    WatchRule,
    WorkCalendar,
    WrongStep,
    check_area,
    check_may,
    contains,
)
from yipan.operations import commanding, figures, lateness, nearness, streams, watching
from yipan.operations.post import Post
from yipan.packs import read_calendar
from yipan.store import Acting, CountColumn, Record
from yipan.store.nouns import NounTable
from yipan.store.tables.incidents import INCIDENTS
from yipan.store.tables.watch import ALERTS, BREAKS, RULES, SENTINELS

DESK = "watch"
HAND = "watch"
"""The first word of the kind of every order line this desk carries out."""
METHOD = BASELINE
METHODS_KNOWN = tuple(METHODS)
"""Every method a rule may name."""
LOOK_BACK_DAYS = 730
"""Days read before the first day judged, where the record holds so many: two festivals."""
LONG_LOOK_BACK_DAYS = 6 * 366
"""Days read of weekly streams and of kinds with a method of their own: five earlier years and what lies around them."""
JUDGED_DAYS = 14
"""How many of the newest days a round judges again, because late reports can make a day stand out later."""
QUIET_DAYS = 7
"""An alert is one until its area has been quiet for so many days; until then it is updated, not raised again."""
VERIFY_HOURS = 24
"""Hours given for a verification unless the office that triages says otherwise."""
MOST_MASK_DAYS = 90
"""Days of an outbreak on record of which nothing is learned, at most."""
HABIT_DAYS = 56
"""Days from which the reporting habit of a sentinel is learned."""
SILENT_P = 0.01
"""A silence this unlikely by a sentinel's own habit is a signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One signal told in one sentence, in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedSignal:
    """A signal with its explanation and the series it was seen in; told as one thing."""

    signal: Signal = field(metadata={"inline": True})
    explanation: Explanation
    series: CountSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelSheet:
    """
    How a sentinel keeps what it owes, over the last 28 days it owed.

    `owed` and `sent` are stream-days; `zero_reports` how many of those sent were zero; `completeness` the share
    sent; `late_share` the share of those that came after their hour and `median_delay_hours` after the end of the day (None where nothing
    came). `silent_days` counts days since anything was sent, of those owed, and `silence_p` is how likely such a silence is by its
    own habit; `state` is reporting, late, incomplete, silent, never or out_of_service. `call` and `office` say who rings whom.
    """

    sentinel: Sentinel
    owed: int
    sent: int
    zero_reports: int
    completeness: float | None
    late_share: float | None
    median_delay_hours: float | None
    last_report: date | None
    silent_days: int
    silence_p: float | None
    state: str
    explanation: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSilence:
    """How much of what an area's sentinels owe today is missing: for the map of silence."""

    area: AreaPath
    sentinels: int
    silent: int
    completeness: float | None


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The rules in force at one instant in an area and in the areas within it; each area has its own, else that of the nearest around it."""

    rule: WatchRule
    """The rule of the area itself."""
    within: tuple[WatchRule, ...]
    """Rules of areas within it, the lowest first."""

    def of(self, area: AreaPath) -> WatchRule:
        """Return the rule of an area."""
        return next((one for one in self.within if contains(one.area, area)), self.rule)

    @property
    def kinds(self) -> tuple[KindMethod, ...]:
        """Every kind that a rule names a method for."""
        return tuple(kind for one in (self.rule, *self.within) for kind in one.kinds)

    def method_for(self, area: AreaPath, stream: Stream) -> str:
        """Return the method of a stream where it is not the one of the rule itself, else an empty text."""
        rule = self.of(area)
        named = {(one.counted, one.interval): one.method for one in rule.kinds}
        method = named.get((stream.counted, stream.interval), _fit(rule.method, stream.interval))
        return "" if method == _fit(self.rule.method, stream.interval) else method

    def limits_of(self, area: AreaPath) -> tuple[float, float]:
        """Return the two limits of an area: the share of quiet days of one stream, and the false share."""
        rule = self.of(area)
        return rule.alpha, rule.false_share


def rule_of(record: Record, area: AreaPath, at: datetime) -> WatchRule:
    """Return the rule an area is watched by at an instant: its own, else that of the nearest area around it, else the default."""
    known = [rule for rule in record.nouns(RULES) if contains(rule.area, area) and rule.since <= at]
    if known:
        return max(known, key=lambda rule: (len(rule.area), rule.since))
    return WatchRule(
        id="default", area=area, method=DEFAULT, alpha=streams.ALPHA, false_share=streams.FALSE_SHARE,
        since=at,
    )  # fmt: skip


def rules_of(record: Record, area: AreaPath, at: datetime) -> RulesInForce:
    """Return the rule an area is watched by at an instant, and those of the areas within it."""
    newest: dict[AreaPath, WatchRule] = {}
    for one in sorted(record.nouns(RULES, under=area), key=lambda rule: rule.since):
        if one.since <= at and one.area != area:
            newest[one.area] = one
    return RulesInForce(
        rule_of(record, area, at),
        tuple(sorted(newest.values(), key=lambda rule: (-len(rule.area), rule.area))),
    )


def review_signals(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Judge the newest days of every stream in the post's area, record what stands out, return how many signals.

    Infections (of every area that publishes them) and every sentinel stream are judged together by the rule in
    force (by default the calendar baseline, and for weekly streams with three years behind them Farrington's method).
    Of the newest days as much is expected as experience says has been reported by now, outbreaks on record are not learned from, and
    neighbouring areas are asked together on the newest day. What stands out on a day, with the false share of that day held, is a signal; one that late reports take away stays in
    the history and is no longer current. The newest findings open alerts or join the ones they belong to, and
    a sentinel silent against its habit makes a call due.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    until = at.astimezone(time_zone).date()
    since = until - timedelta(days=JUDGED_DAYS)
    calendar = read_calendar()
    with post.store.acting(
        post.viewer, desk=DESK, verb="review_signals", rule=METHOD,
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        rules = rules_of(act, post.area, at)
        rule = rules.rule
        series = watched_series(act, under=post.area, since=since, until=until, kinds=rules.kinds)
        known = lateness.completeness(
            act, series, under=post.area, until=until, time_zone=time_zone
        )
        outbreaks = known_outbreaks(act, under=post.area, until=until, time_zone=time_zone)
        breaks = school_breaks(act, area=post.area)
        registered = act.nouns(SENTINELS, under=post.area)
        touching = nearness.neighbours(act, sorted({one.area for one in series}))
        found: list[Signal] = []
        newest: list[streams.Finding] = []
        methods: set[str] = set()
        for interval in Interval:
            some = [one for one in series if one.stream.interval is interval]
            if not some:
                continue
            judged = streams.judge_streams(
                some, until=until, judged_days=JUDGED_DAYS, method=_fit(rule.method, interval), calendar=calendar,
                alpha=rule.alpha, completeness=known, known_outbreaks=outbreaks,
                method_for=rules.method_for, breaks=breaks,
            )  # fmt: skip
            methods.update(judged.methods)
            names = act.area_names({one.area for one in judged.series})
            pictures = [
                streams.picture(
                    judged, day=day, names=names, alpha=rule.alpha, false_share=rule.false_share, limits_of=rules.limits_of,
                    calendar=calendar,
                    excused=excused(registered, day=day, interval=interval, calendar=calendar, breaks=breaks),
                    neighbours=touching if day == judged.days[-1] and interval is Interval.DAY else None,
                )
                for day in judged.days
                if day >= since
            ]  # fmt: skip
            found += signals_of(judged, pictures)
            newest += _newest_known(judged, pictures)
        for method in sorted({*methods, *_methods_on_record(act, post.area, since, until)}):
            act.put_signals(
                [signal for signal in found if signal.method == method],
                under=post.area, since=since, until=until, method=method,
            )  # fmt: skip
        act.put(ALERTS, joined(act.nouns(ALERTS, under=post.area), newest, at=at))
        commanding.put_tasks(act, _calls(act, under=post.area, at=at, time_zone=time_zone))
    return len(found)


def _newest_known(
    judged: streams.Judged, pictures: Sequence[streams.Picture]
) -> list[streams.Finding]:
    """
    Return the findings that open alerts: those of the newest day, and of days before it by a stream that has reported nothing since.

    A laboratory whose counts always come two days late is heard by its own newest day, not never.
    """
    if not pictures:
        return []
    rows = {(one.area, one.stream): row for row, one in enumerate(judged.series)}
    cells = {day: cell for cell, day in enumerate(judged.days)}
    found = []
    for one in pictures[-1 - QUIET_DAYS : -1]:
        for finding in one.findings:
            row = rows[finding.lead.area, finding.lead.stream]
            later = judged.verdicts.observed[row, cells[one.day] + 1 :]
            if np.isnan(later).all():
                found.append(finding)
    return [*found, *pictures[-1].findings]


def _methods_on_record(record: Record, under: AreaPath, since: date, until: date) -> set[str]:
    return {signal.method for signal in record.signals(under=under, since=since, until=until)}


def excused(
    sentinels: Sequence[Sentinel],
    *,
    day: date,
    interval: Interval,
    calendar: WorkCalendar,
    breaks: Sequence[SchoolBreak],
) -> frozenset[tuple[AreaPath, Stream]]:
    """Return the streams of registered sentinels that owe nothing for a day (or the week that begins on it): closed schools, days off, out of service."""
    return frozenset(
        (one.area, stream)
        for one in sentinels
        if not _owes(one, day, interval, calendar, breaks)
        for stream in one.streams
        if stream.interval is interval
    )


def known_outbreaks(
    record: Record, *, under: AreaPath, until: date, time_zone: tzinfo
) -> tuple[streams.KnownOutbreak, ...]:
    """
    Return the outbreaks on record that must not pass for what is usual: incidents beyond mere watching, and closed ones.

    From a week before one was opened until it was closed, at most MOST_MASK_DAYS: a stream of which nothing is learned for longer
    would have nothing left to be judged by.
    """
    found = []
    for one in record.nouns(INCIDENTS, under=under):
        if one.state is IncidentState.WATCH:
            continue
        opened = one.opened.astimezone(time_zone).date()
        ended = until if one.closed is None else one.closed.astimezone(time_zone).date()
        found.append(
            streams.KnownOutbreak(
                area=one.area, disease=one.disease, since=opened - timedelta(days=7),
                until=min(ended, opened + timedelta(days=MOST_MASK_DAYS)),
            )
        )  # fmt: skip
    return tuple(found)


def signals_of(judged: streams.Judged, pictures: Sequence[streams.Picture]) -> tuple[Signal, ...]:
    """Return the streams that contribute to a finding beyond their own limit, day by day, as signals."""
    rows = {(one.area, one.stream): row for row, one in enumerate(judged.series[: judged.own])}
    cells = {day: cell for cell, day in enumerate(judged.days)}
    v = judged.verdicts
    made: dict[tuple[int, int], Signal] = {}
    for picture in pictures:
        cell = cells[picture.day]
        for finding in picture.findings:
            for part in finding.contributions:
                row = rows.get((part.area, part.stream))
                if row is None or not v.alarm[row, cell]:
                    continue
                made[row, cell] = Signal(
                    area=part.area, stream=part.stream, day=picture.day, method=part.method,
                    observed=part.observed or 0, expected=part.expected or 0.0,
                    threshold=max(0.0, part.threshold or 0.0), score=float(np.nan_to_num(v.score[row, cell])),
                    since=part.since or picture.day, baseline=part.baseline,
                    baseline_missing=part.baseline_missing, judgement=part.judgement,
                )  # fmt: skip
    return tuple(made.values())


def joined(
    known: Sequence[Alert], findings: Sequence[streams.Finding], *, at: datetime
) -> tuple[Alert, ...]:
    """
    Return the alerts that findings open or change.

    A finding belongs to an alert of the same disease whose area contains it or lies in it and whose days lie
    within QUIET_DAYS of it; what is older than the alert's newest day changes nothing; a closed one takes it in silently. Joined again by the same day it changes nothing but its words.
    """
    now = {alert.id: alert for alert in known}
    changed: set[str] = set()
    for finding in findings:
        # a week speaks for all of its days
        last = finding.day + timedelta(days=finding.lead.stream.interval.days - 1)
        same = [
            alert
            for alert in now.values()
            if alert.disease == finding.disease
            and (contains(alert.area, finding.area) or contains(finding.area, alert.area))
            and alert.first_day - last <= timedelta(days=QUIET_DAYS)
            and last - alert.last_day <= timedelta(days=QUIET_DAYS)
        ]
        keys = tuple(f"{part.area}|{part.stream.key}" for part in finding.contributions)
        if same:
            one = max(same, key=lambda alert: (alert.is_open, alert.last_day, len(alert.area)))
            again = one.last_day >= last
            if one.last_day > last and finding.lead.stream.interval is Interval.DAY:
                continue  # a later day was told already
            later = replace(
                one, last_day=max(last, one.last_day), seen=one.seen + (not again),
                streams=tuple(dict.fromkeys((*one.streams, *keys))),
                p_value=min(one.p_value, finding.p_value), q_value=finding.q_value,
                explanation=finding.explanation,
            )  # fmt: skip
            now[one.id] = later
            if later != one:
                changed.add(one.id)
            continue
        made = Alert(
            id="a-" + commanding.mark(finding.area, finding.disease, finding.day), area=finding.area,
            disease=finding.disease, first_day=finding.since, last_day=last, opened=at, streams=keys,
            p_value=finding.p_value, q_value=finding.q_value, explanation=finding.explanation,
            method=finding.method,
        )  # fmt: skip
        now[made.id] = made
        changed.add(made.id)
    return tuple(now[key] for key in sorted(changed))


def watched_series(
    record: Record,
    *,
    under: AreaPath,
    since: date,
    until: date,
    kinds: Sequence[KindMethod] = (),
) -> tuple[CountSeries, ...]:
    """
    Return every series in the area that the desk watches, with the days needed before `since`.

    Weekly ones, and those of a kind that another method judges, are read as far back as any method looks.
    """
    first = since - timedelta(days=LONG_LOOK_BACK_DAYS)
    columns = record.count_columns(
        under=under, since=since - timedelta(days=LOOK_BACK_DAYS), until=until, long=first,
        long_counted=sorted({one.counted for one in kinds}),
    )  # fmt: skip
    streams_of = {key: Stream.parse(key) for key in {one.stream for one in columns}}
    series = _infections(
        [one for one in columns if streams_of[one.stream].counted in figures.COUNTED[figures.Figure.INFECTIONS]],
        since=first, until=until,
    )  # fmt: skip
    series += [
        _series_of(one, streams_of[one.stream], since=first, until=until)
        for one in columns
        if is_sentinel(streams_of[one.stream])
    ]
    return tuple(one for one in series if len(one))


def _infections(columns: Sequence[CountColumn], *, since: date, until: date) -> list[CountSeries]:
    """Return the local infections of each area and disease, however they were published."""
    rows = pl.DataFrame(
        {
            "area": [one.area for one in columns], "stream": [one.stream for one in columns],
            "at": [one.days for one in columns], "value": [one.values for one in columns],
        },
        schema={"area": pl.String, "stream": pl.String, "at": pl.List(pl.Int64), "value": pl.List(pl.Int64)},
    ).explode("at", "value").with_columns(day=since + pl.duration(days=pl.col("at")))  # fmt: skip
    rows = figures.kept_of(
        rows.with_columns(pl.col("day").cast(pl.Date)), figures.Figure.INFECTIONS
    )
    summed = (
        rows.group_by("area", pl.col("stream").str.split("/").list.get(0).alias("disease"), "at")
        .agg(pl.col("value").sum())
        .sort("area", "disease", "at")
        .group_by("disease", "area", maintain_order=True)
        .agg("at", "value")
        .sort("disease", "area")
    )
    return [
        _series_of(
            CountColumn(area=AreaPath(area), stream="", days=np.array(at), values=np.array(values)),
            figures.infections_stream(disease), since=since, until=until,
        )
        for disease, area, at, values in summed.iter_rows()
    ]  # fmt: skip


def _series_of(column: CountColumn, stream: Stream, *, since: date, until: date) -> CountSeries:
    """Return what was told as a series from its first report up to `until`; a day between that nobody told is not known."""
    step, began = stream.interval.days, int(column.days[0])
    if step == 1 and len(column.days) == (until - since).days - began:  # every day was told
        return CountSeries(
            area=column.area, stream=stream, first_day=since + timedelta(days=began),
            counts=tuple(column.values.tolist()),
        )  # fmt: skip
    length = max(0, ((until - since).days - began) // step)
    at = column.days - began
    on = (at % step == 0) & (at < length * step)  # weeks on their day
    counts: list[int | None]
    if on.sum() == length:
        counts = column.values[on].tolist()
    else:
        counts = [None] * length
        for place, value in zip((at[on] // step).tolist(), column.values[on].tolist(), strict=True):
            counts[place] = value
    return CountSeries(
        area=column.area, stream=stream, first_day=since + timedelta(days=began), counts=tuple(counts)
    )  # fmt: skip


def is_sentinel(stream: Stream) -> bool:
    """Whether a stream is judged by itself: all but the published counts of infections."""
    return not stream.counted.is_infection and stream.counted not in {
        Counted.LOCAL_CONVERSIONS, Counted.IMPORTED_CONVERSIONS, Counted.DEATHS,
    }  # fmt: skip


def signals(
    record: Record, *, area: AreaPath, since: date, until: date
) -> tuple[ExplainedSignal, ...]:
    """Return the signals in `area` from `since` up to `until`, newest and strongest first, each explained."""
    check_area(record.viewer, area)
    found = sorted(
        record.signals(under=area, since=since, until=until),
        key=lambda s: (-s.day.toordinal(), -s.score),
    )
    if not found:
        return ()
    names = record.area_names(signal.area for signal in found)
    first = min(signal.day for signal in found) - timedelta(days=35)
    infections = figures.daily(
        record, figures.Figure.INFECTIONS, under=area, since=first, until=until
    )
    explained = []
    for signal in found:
        begin, end = signal.day - timedelta(days=20), signal.day + timedelta(days=1)
        if signal.stream.counted is Counted.LOCAL_INFECTIONS:
            shown = infections.series(signal.area, since=begin, until=end, stream=signal.stream)
        else:
            shown = record.series(signal.area, signal.stream, since=begin, until=end)
        explained.append(
            ExplainedSignal(signal=signal, explanation=explain(signal, names), series=shown)
        )
    return tuple(explained)


STREAM_NAMES = streams.STREAM_NAMES
"""What each stream is called where people read, in Chinese and English."""


def explain(signal: Signal, names: Mapping[AreaPath, tuple[str, str]]) -> Explanation:
    """
    Return a signal as one sentence in each language: observed, expected, how unusual, by which days.

    `names` gives the Chinese and English name of each area; an area without a name is told by its path.
    """
    area_zh, area_en = names.get(signal.area, (signal.area, signal.area))
    what_zh, what_en = STREAM_NAMES[signal.stream.counted]
    unit = streams.unit_of(signal.stream)
    days = (signal.day - signal.since).days + 1
    missing_zh = f"；基线中有{signal.baseline_missing}天无人报告" if signal.baseline_missing else ""
    missing_en = (
        f"; nobody reported {signal.baseline_missing} of the days before"
        if signal.baseline_missing
        else ""
    )
    run_zh = f"，已连续{days}天" if days > 1 else ""
    run_en = f", for the {_ordinal(days)} day in a row" if days > 1 else ""
    line_zh = f"报警线为{signal.threshold:.1f}{unit}"
    line_en = f"more than {signal.threshold:.1f} stand out"
    if signal.threshold < signal.expected:
        line_zh = f"因前几日已偏高，超过{signal.threshold:.0f}{unit}即报警"
        line_en = f"after the days before more than {signal.threshold:.0f} stand out"
    zh = (
        f"{area_zh}{signal.day.month}月{signal.day.day}日报告{what_zh}{signal.observed}{unit}，"
        f"此前{signal.baseline}个报告日的预期为{signal.expected:.1f}{unit}、{line_zh}{run_zh}{missing_zh}。"
    )
    en = (
        f"{area_en} reported {signal.observed} {what_en} on {signal.day.day} {signal.day:%B}; from the "
        f"{signal.baseline} reported days before, {signal.expected:.1f} were expected and {line_en}"
        f"{run_en}{missing_en}."
    )
    return Explanation(zh=zh, en=en)


def _ordinal(number: int) -> str:
    """
    The number as an English ordinal.

    >>> [_ordinal(n) for n in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def newest_day(record: Record, *, area: AreaPath, before: date) -> date:
    """Return the newest day before one that anything was counted on in an area in the last year, the day before it where nothing was."""
    found = record.newest_count(under=area, since=before - timedelta(days=365), until=before)
    return found or before - timedelta(days=1)


def seen_now(
    record: Record,
    *,
    area: AreaPath,
    day: date,
    at: datetime,
    calendar: WorkCalendar | None = None,
    rule: WatchRule | None = None,
) -> streams.Picture:
    """
    Return the picture of one day in an area, judged afresh by the rule in force (or by `rule`) from what the record knew.

    Weekly streams are told by their newest whole week. Nothing is recorded: the round does that. An area without any stream has an empty picture.
    """
    check_area(record.viewer, area)
    calendar = calendar or read_calendar()
    rules = RulesInForce(rule, ()) if rule else rules_of(record, area, at)
    rule = rules.rule
    until = day + timedelta(days=1)
    series = watched_series(record, under=area, since=day, until=until, kinds=rules.kinds)
    zone = at.tzinfo or UTC
    known = lateness.completeness(record, series, under=area, until=until, time_zone=zone)
    outbreaks = known_outbreaks(record, under=area, until=until, time_zone=zone)
    breaks = school_breaks(record, area=area)
    registered = record.nouns(SENTINELS, under=area)
    pictures = []
    for interval in Interval:
        some = [one for one in series if one.stream.interval is interval]
        if not some:
            continue
        judged = streams.judge_streams(
            some, until=until, method=_fit(rule.method, interval), calendar=calendar, alpha=rule.alpha,
            completeness=known, known_outbreaks=outbreaks, method_for=rules.method_for,
            breaks=breaks,
        )  # fmt: skip
        pictures.append(
            streams.picture(
                judged, names=record.area_names({one.area for one in judged.series}), alpha=rule.alpha,
                false_share=rule.false_share, calendar=calendar, limits_of=rules.limits_of,
                excused=excused(registered, day=judged.days[-1], interval=interval, calendar=calendar, breaks=breaks),
                neighbours=nearness.neighbours(record, sorted({one.area for one in some}))
                if interval is Interval.DAY
                else None,
            )
        )  # fmt: skip
    if not pictures:
        return streams.Picture(
            day=day, method=rule.method, streams=0, family=0, alpha=rule.alpha,
            false_share=rule.false_share, alarms=0, findings=(), unjudged=(), faults=(),
        )  # fmt: skip
    return streams.beside(pictures, day=day)


def _fit(method: str, interval: Interval) -> str:
    """The method a rule names, the default for streams of an interval it does not know."""
    unfit = ON_DAYS if interval is Interval.WEEK else ON_WEEKS
    return DEFAULT if method in unfit else method


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A rehearsal on the record, None where the record is too short for one; `why` says so in words."""

    rehearsal: Rehearsal | None
    why: str


def rehearsal(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    time_zone: ZoneInfo,
    most: int = 40,
    outbreaks: int = 12,
) -> Rehearsed:
    """
    Rehearse on the longest daily series of an area, at most `most`, with few outbreaks: for a page, not for a decision.

    A record too short to learn anything from has no rehearsal, and says so.
    """
    check_area(record.viewer, area)
    day = at.astimezone(time_zone).date()
    series = [
        one
        for one in watched_series(record, under=area, since=day, until=day)
        if one.stream.interval is Interval.DAY and len(one) >= 90
    ]
    series.sort(key=lambda one: (-len(one), one.area, one.stream.key))
    try:
        found = watching.rehearse(
            series[:most], generator=np.random.default_rng(1), calendar=read_calendar(),
            outbreaks=outbreaks,
            known_outbreaks=known_outbreaks(record, under=area, until=day, time_zone=time_zone),
        )  # fmt: skip
    except ValueError as short:
        return Rehearsed(rehearsal=None, why=str(short))
    return Rehearsed(rehearsal=found, why="")


# Alerts


def alerts(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    states: Iterable[AlertState] = (),
    snoozed: bool = False,
) -> tuple[Alert, ...]:
    """
    Return the alerts of an area, those nobody judged first and the least likely to be false at their head.

    Open ones unless `states` names others; those snoozed at `at` are left out unless asked for.
    """
    check_area(record.viewer, area)
    wanted = set(states) or {AlertState.NEW, AlertState.WATCHED, AlertState.VERIFYING}
    order = list(AlertState)
    found = [
        alert
        for alert in record.nouns(ALERTS, under=area, where={"state": [s.value for s in wanted]})
        if snoozed or alert.snoozed_until is None or alert.snoozed_until <= at
    ]
    return tuple(
        sorted(
            found,
            key=lambda a: (
                order.index(a.state),
                a.q_value,
                a.p_value,
                -a.last_day.toordinal(),
                a.id,
            ),
        )
    )


def triage(
    post: Post,
    alert: str,
    *,
    held: Triage,
    reason: str,
    at: datetime,
    hours: int = VERIFY_HOURS,
    duty: Duty = Duty.EPIDEMIOLOGIST,
) -> Alert:
    """
    Say what an alert is held to be, with the reason: noise, a fault of data, to be watched, to be verified, an event or none.

    To verify makes a task for `duty` in the alert's area due in `hours`; an event opens an incident under watch, and either
    end closes the verification. Raises NotAllowed, NotYourArea, WrongStep for a step that is not allowed, ValueError without a reason.
    """
    check_may(post.viewer, Power.TRIAGE)
    if hours < 1:
        raise ValueError(f"a verification needs at least one hour, not {hours}")
    with post.store.reading(post.viewer) as record:
        area = record.noun(ALERTS, alert).area
    check_area(post.viewer, area)
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb=f"triage_{held.value}",
        subject=alert,
        area=area,
        why=reason,
        at=at,
    ) as act:
        found = act.noun(ALERTS, alert)
        changed = found.judged(
            AlertStep(held=held, at=act.moment, by=post.viewer.user, reason=reason)
        )
        if held is Triage.VERIFY:
            task = Task(
                id="t-" + commanding.mark("verify", found.id, act.moment), area=found.area, duty=duty, desk=DESK,
                kind="watch.verify", subject=found.id,
                what=Sentence(
                    zh=f"核实预警：{found.explanation.zh}", en=f"Verify the alert: {found.explanation.en}"
                ),
                starts=act.moment, due=act.moment + timedelta(hours=hours), measured_to="verified",
                cause=found.id,
            )  # fmt: skip
            commanding.put_tasks(act, [task])
            changed = replace(changed, task=task.id)
        if held in {Triage.EVENT, Triage.NO_EVENT} and found.task:
            _end_task(act, found.task, by=post.viewer.user)
        if held is Triage.EVENT:
            incident = Incident(
                id="i-" + commanding.mark(found.id), area=found.area, disease=found.disease,
                title_zh=f"{found.disease}预警事件", title_en=f"Event of {found.disease} from an alert",
                state=IncidentState.WATCH, opened=act.moment,
            )  # fmt: skip
            act.put(INCIDENTS, [incident])
            changed = replace(changed, incident=incident.id)
        act.put(ALERTS, [changed])
    return changed


def _end_task(act: Acting, task: str, *, by: str) -> None:
    from yipan.model import TaskState, TaskStep
    from yipan.store.tables.commanding import TASKS

    running = [one for one in act.nouns(TASKS, where={"id": task}) if one.is_running]
    step = TaskStep(to=TaskState.DONE, at=act.moment, by=by)
    act.put(TASKS, [one.stepped(step) for one in running])


def snooze(post: Post, alert: str, *, until: datetime, reason: str, at: datetime) -> Alert:
    """
    Let an alert ask for nothing until an instant, at most 14 days ahead. It comes back by itself.

    Raises ValueError for an instant that does not lie ahead or too far, WrongStep for an alert that is no longer open.
    """
    check_may(post.viewer, Power.TRIAGE)
    if not at < until <= at + timedelta(days=14):
        raise ValueError(
            f"a snooze ends within 14 days; {until.isoformat()} is not between {at.isoformat()} and then"
        )
    with post.store.reading(post.viewer) as record:
        area = record.noun(ALERTS, alert).area
    check_area(post.viewer, area)
    with post.store.acting(
        post.viewer, desk=DESK, verb="snooze", subject=alert, area=area, why=reason, at=at
    ) as act:
        found = act.noun(ALERTS, alert)
        if not found.is_open:
            raise WrongStep(f"alert {alert} is {found.state.value}; only an open one is snoozed")
        later = replace(found, snoozed_until=until)
        act.put(ALERTS, [later])
    return later


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What decisions say of a method's alerts in an area: how many, how they ended, how fast they were judged."""

    method: str
    alerts: int
    open: int
    events: int
    no_events: int
    data_faults: int
    predictive_value: float | None
    median_hours_to_triage: float | None


def verdicts(record: Record, *, area: AreaPath) -> tuple[Verdicts, ...]:
    """Return per method what became of its alerts: the predictive value in earnest."""
    check_area(record.viewer, area)
    by: dict[str, list[Alert]] = {}
    for alert in record.nouns(ALERTS, under=area):
        by.setdefault(alert.method, []).append(alert)
    found = []
    for method, some in sorted(by.items()):
        held = [alert.steps[-1].held for alert in some if alert.steps]
        events = held.count(Triage.EVENT)
        nothing = held.count(Triage.NO_EVENT) + held.count(Triage.NOISE)
        faults = held.count(Triage.DATA_FAULT)
        ended = events + nothing + faults
        hours = [(a.steps[0].at - a.opened) / timedelta(hours=1) for a in some if a.steps]
        found.append(
            Verdicts(
                method=method, alerts=len(some), open=sum(a.is_open for a in some), events=events,
                no_events=nothing, data_faults=faults, predictive_value=events / ended if ended else None,
                median_hours_to_triage=float(np.median(hours)) if hours else None,
            )
        )  # fmt: skip
    return tuple(found)


def seven(record: Record, *, area: AreaPath) -> tuple[watching.Detected, ...]:
    """Return the detect interval of 7-1-7 of every incident in an area: from the earliest onset known to its alert.

    An onset more than MOST_MASK_DAYS before it was opened, or after, is of another outbreak.
    """
    check_area(record.viewer, area)
    incidents = record.nouns(INCIDENTS, under=area)
    signalled = {a.incident: a.opened for a in record.nouns(ALERTS, under=area) if a.incident}
    emerged: dict[str, datetime] = {}
    for incident in incidents:
        onsets = [
            case.onset
            for case in record.cases(under=incident.area)
            if case.disease == incident.disease
            and case.onset is not None
            and timedelta(0)
            <= incident.opened.date() - case.onset
            <= timedelta(days=MOST_MASK_DAYS)
        ]
        if onsets:
            first = min(onsets)
            emerged[incident.id] = datetime.combine(
                first, datetime.min.time(), tzinfo=incident.opened.tzinfo
            )
    return watching.detected(incidents, emerged, signalled)


# Sentinels


def register_sentinels(post: Post, sentinels: Sequence[Sentinel], *, at: datetime) -> int:
    """Put sentinels on the register (a known id gets its new terms) and return how many are new or changed."""
    return _register(
        post,
        SENTINELS,
        sentinels,
        verb="register_sentinels",
        why="sentinels and what they owe",
        at=at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelReport:
    """What a sentinel typed for one day: its counts by stream, how many were new, how many corrected one known, and whether it came late."""

    sentinel: str
    day: date
    values: tuple[tuple[str, int], ...]
    new: int
    corrected: int
    late: bool


MOST_REPORTED = 1_000_000
"""A count beyond this is a slip of the hand."""


def report(
    post: Post,
    sentinel: str,
    *,
    day: date,
    values: Mapping[str, int],
    at: datetime,
    time_zone: ZoneInfo,
) -> SentinelReport:
    """
    Put on record what a sentinel has to report of one day: every stream it owes, zeros too, by the key of the stream.

    What is counted by the day and what is counted by the week may come apart: a week is reported by the Monday it begins, once it is over. Sent again it corrects, and the record keeps both. Raises NotAllowed, NotYourArea, NotFound, and ValueError for a day it does not owe
    or that has not come, a stream left out or not its own, and a count that cannot be meant.
    """
    own = post.viewer.duty is Duty.SENTINEL
    check_may(post.viewer, Power.REPORT if own else Power.INGEST)
    with post.store.reading(post.viewer) as record:
        one = record.noun(SENTINELS, sentinel)
    _check_own(post.viewer, one)
    today = at.astimezone(time_zone).date()
    if day > today:
        raise ValueError(f"{day} has not come; today is {today}")
    if not one.owes(day):
        raise ValueError(
            f"sentinel {one.id} owes nothing for {day}; it reports from {one.since} on"
        )
    owed = {stream.key: stream for stream in one.streams}
    touched = {owed[key].interval for key in values if key in owed} or {
        s.interval for s in one.streams
    }
    asked = {key for key, stream in owed.items() if stream.interval in touched}
    strange, left_out = sorted(set(values) - set(owed)), sorted(asked - set(values))
    if strange:
        raise ValueError(
            f"sentinel {one.id} does not report {strange[0]}; it owes {', '.join(sorted(owed))}"
        )
    if left_out:
        raise ValueError(f"{left_out[0]} is owed too; where there was nothing, the report is 0")
    for key, value in sorted(values.items()):
        if not 0 <= value <= MOST_REPORTED:
            raise ValueError(
                f"{key} of {day} is {value}; a count lies between 0 and {MOST_REPORTED}"
            )
        if owed[key].interval is Interval.WEEK and day.weekday() != 0:
            raise ValueError(
                f"{key} is weekly; its report is of the Monday its week begins, not of {day}"
            )
        if owed[key].interval is Interval.WEEK and day + timedelta(days=7) > today:
            raise ValueError(
                f"{key} is weekly; its week from {day} is not over before {day + timedelta(days=7)}"
            )
    rows = [
        (one.area, key, day, value, f"typed for sentinel {one.id}")
        for key, value in sorted(values.items())
    ]
    with post.store.acting(
        post.viewer, desk=DESK, verb="report", subject=one.id, area=one.place if own else one.area,
        why="sentinel report", at=at,
    ) as act:  # fmt: skip
        change = act.put_counts(
            pl.DataFrame(rows, schema=["area", "stream", "day", "value", "source"], orient="row"),
            published=False,
        )
    return SentinelReport(
        sentinel=one.id, day=day, values=tuple(sorted(values.items())), new=change.new,
        corrected=change.corrected, late=at > max(_due(one, day, time_zone, interval) for interval in touched),
    )  # fmt: skip


def _check_own(viewer: Viewer, one: Sentinel) -> None:
    """Raise NotYourArea unless the sentinel lies in the viewer's area, or is the very one its log-in is for."""
    check_area(viewer, one.place if viewer.duty is Duty.SENTINEL else one.area)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """
    One day (or week, by the Monday it begins) a sentinel owes: by when, what it sent, when first, and how often it corrected.

    `state` is due (its hour has not come), missing, sent or late; `values` are the newest, by stream, of those that came.
    """

    day: date
    due: datetime
    state: str
    values: tuple[tuple[str, int], ...]
    first_sent: datetime | None
    corrections: int
    interval: Interval = Interval.DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReports:
    """What one sentinel owes and has sent: its sheet, and its days from the newest back."""

    sheet: SentinelSheet
    days: tuple[OwnDay, ...]


OWN_DAYS = 28


def own_reports(record: Record, sentinel: str, *, at: datetime, time_zone: ZoneInfo) -> OwnReports:
    """
    Return what a sentinel owes and has sent in the last OWN_DAYS days, for itself and for those it reports to.

    A week is owed on the Monday it begins. Raises NotFound where it is not on the register or not the viewer's own, NotYourArea.
    """
    one = record.noun(SENTINELS, sentinel)
    _check_own(record.viewer, one)
    calendar = read_calendar()
    today = at.astimezone(time_zone).date()
    first = today - timedelta(days=HABIT_DAYS)
    owed = {stream.key: stream for stream in one.streams}
    breaks = school_breaks(record, area=one.area)
    table = record.count_versions(
        under=one.area, since=first, until=today + timedelta(days=1),
        counted=sorted({stream.counted for stream in one.streams}),
    )  # fmt: skip
    versions: dict[date, dict[str, list[tuple[int, datetime]]]] = {}
    newest: dict[tuple[str, str], dict[date, tuple[int | None, datetime]]] = {}
    for area, key, day, value, known in table.iter_rows():
        if area == one.area and key in owed:
            versions.setdefault(day, {}).setdefault(key, []).append((int(value), known))
            newest.setdefault((one.area, key), {})[day] = (int(value), known)
    days = []
    for back in range(OWN_DAYS + 1):
        day = today - timedelta(days=back)
        for interval in Interval:
            asked = [key for key, stream in owed.items() if stream.interval is interval]
            over = day + timedelta(days=interval.days) <= today or interval is Interval.DAY
            if not asked or not over or not _owes(one, day, interval, calendar, breaks):
                continue
            due = _due(one, day, time_zone, interval)
            came = {key: some for key, some in versions.get(day, {}).items() if key in asked}
            firsts = [some[0][1] for some in came.values()]
            whole = all(key in came for key in asked)
            state = (
                ("late" if max(firsts) > due else "sent")
                if whole
                else "due"
                if at < due
                else "missing"
            )
            days.append(
                OwnDay(
                    day=day, due=due, state=state, interval=interval,
                    values=tuple((key, came[key][-1][0]) for key in asked if key in came),
                    first_sent=min(firsts, default=None), corrections=sum(len(some) - 1 for some in came.values()),
                )
            )  # fmt: skip
    sheet = _sheet(one, newest, first, today, at, time_zone, calendar, breaks)
    return OwnReports(sheet=sheet, days=tuple(days))


def streams_owed(post: Post, sentinel: str) -> tuple[str, ...]:
    """Return the keys of the streams a sentinel owes. Raises NotFound."""
    with post.store.reading(post.viewer) as record:
        return tuple(stream.key for stream in record.noun(SENTINELS, sentinel).streams)


def _closed(one: Sentinel, day: date, breaks: Sequence[SchoolBreak]) -> bool:
    """Whether a school has a holiday and owes nothing."""
    return one.kind is SentinelKind.SCHOOL and any(each.covers(one.area, day) for each in breaks)


def _due(
    one: Sentinel, day: date, time_zone: ZoneInfo, interval: Interval = Interval.DAY
) -> datetime:
    """By when the report of a day, or of the week that begins on it, is due: at the sentinel's hour once it is over."""
    return datetime.combine(
        day + timedelta(days=interval.days), datetime.min.time(), tzinfo=time_zone
    ) + timedelta(hours=one.due_hour)


def _owes(
    one: Sentinel,
    day: date,
    interval: Interval,
    calendar: WorkCalendar,
    breaks: Sequence[SchoolBreak],
) -> bool:
    """Whether a sentinel has to report of a day, or of the week that begins on it."""
    if not one.owes(day) or _closed(one, day, breaks):
        return False
    if interval is Interval.WEEK:
        return day.weekday() == 0
    return not one.working_days_only or calendar.is_working(day)


def sentinel_sheets(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    time_zone: ZoneInfo,
    calendar: WorkCalendar | None = None,
) -> tuple[SentinelSheet, ...]:
    """Return how each sentinel of an area keeps what it owes at an instant, the silent ones first."""
    check_area(record.viewer, area)
    calendar = calendar or read_calendar()
    registered = record.nouns(SENTINELS, under=area)
    today = at.astimezone(time_zone).date()
    first = today - timedelta(days=HABIT_DAYS)
    rows: dict[tuple[str, str], dict[date, tuple[int | None, datetime]]] = {}
    wanted = {(one.area, stream.key) for one in registered for stream in one.streams}
    if registered:
        table = record.count_rows(under=area, since=first, until=today)
        for where, key, day, value, known in table.select(
            "area", "stream", "day", "value", "known_from"
        ).iter_rows():
            if (where, key) in wanted:
                rows.setdefault((where, key), {})[day] = (value, known)
    breaks = school_breaks(record, area=area)
    sheets = [
        _sheet(one, rows, first, today, at, time_zone, calendar, breaks) for one in registered
    ]
    order = ("silent", "never", "late", "incomplete", "reporting", "out_of_service")
    return tuple(
        sorted(sheets, key=lambda s: (order.index(s.state), s.sentinel.area, s.sentinel.id))
    )


def _sheet(
    one: Sentinel,
    rows: Mapping[tuple[str, str], Mapping[date, tuple[int | None, datetime]]],
    first: date,
    today: date,
    at: datetime,
    time_zone: ZoneInfo,
    calendar: WorkCalendar,
    breaks: Sequence[SchoolBreak],
) -> SentinelSheet:
    intervals = [i for i in Interval if any(stream.interval is i for stream in one.streams)]
    lead = intervals[0]
    # silence is counted in days where anything is owed by the day, else in weeks
    due_of = {
        interval: [
            day
            for day in (first + timedelta(days=i) for i in range((today - first).days))
            if _owes(one, day, interval, calendar, breaks)
            and _due(one, day, time_zone, interval) <= at
        ]
        for interval in intervals
    }
    days = due_of[lead]
    sent: dict[Interval, dict[date, list[tuple[int, datetime]]]] = {i: {} for i in intervals}
    for stream in one.streams:
        for day, (value, known) in rows.get((one.area, stream.key), {}).items():
            if value is not None:
                sent[stream.interval].setdefault(day, []).append((value, known))
    last = max((day for some in sent.values() for day in some), default=None)
    recent = {
        i: [day for day in due_of[i] if day >= today - timedelta(days=28 + i.days)]
        for i in intervals
    }
    recent[lead] = recent[lead][-28:]
    owed = sum(
        len(recent[i]) * sum(stream.interval is i for stream in one.streams) for i in intervals
    )
    came = [
        (entry, day, i) for i in intervals for day in recent[i] for entry in sent[i].get(day, [])
    ]
    # what arrived with the first report of all is a past handed in, not a report that was late
    begun = min(
        (known for some in sent.values() for entries in some.values() for _, known in entries), default=at
    )  # fmt: skip
    delays = [
        (known - _due(one, day, time_zone, i)) / timedelta(hours=1)
        for (_, known), day, i in came
        if _due(one, day, time_zone, i) >= begun
    ]
    silent = 0
    for day in reversed(days):
        if day in sent[lead]:
            break
        silent += 1
    habit_days = days[: len(days) - silent]
    habit = (sum(day in sent[lead] for day in habit_days) + 0.5) / (len(habit_days) + 1)
    silence_p = float((1 - habit) ** silent) if habit_days and silent else (1.0 if days else None)
    share = len(came) / owed if owed else None
    late = sum(delay > 0 for delay in delays) / len(delays) if delays else None
    if not days:
        state = "out_of_service"
    elif last is None:
        state = "never"
    elif silence_p is not None and silence_p < SILENT_P:
        state = "silent"
    elif late is not None and late > 0.2:
        state = "late"
    elif share is not None and share < 0.8:
        state = "incomplete"
    else:
        state = "reporting"
    return SentinelSheet(
        sentinel=one, owed=owed, sent=len(came), zero_reports=sum(value == 0 for (value, _), _, _ in came),
        completeness=share, late_share=late,
        median_delay_hours=float(np.median(delays)) + one.due_hour if delays else None,
        last_report=last, silent_days=silent, silence_p=silence_p, state=state,
        explanation=_told_sentinel(one, state, silent, last, share, late),
    )  # fmt: skip


def _told_sentinel(
    one: Sentinel,
    state: str,
    silent: int,
    last: date | None,
    share: float | None,
    late: float | None,
) -> Sentence:
    ring_zh = f"；请致电{one.office}" if one.office else ""
    ring_en = f"; ring {one.office}" if one.office else ""
    since_zh = f"最后一次报告为{last.month}月{last.day}日" if last else "从未报告"
    since_en = f"last reported for {last.day} {last:%B}" if last else "never reported"
    told = {
        "silent": (f"已{silent}天应报未报（{since_zh}）{ring_zh}", f"silent for {silent} days it owed ({since_en}){ring_en}"),
        "never": (f"登记后从未报告{ring_zh}", f"has never reported since it was registered{ring_en}"),
        "late": (f"迟报占{(late or 0):.0%}{ring_zh}", f"late with {(late or 0):.0%} of its reports{ring_en}"),
        "incomplete": (f"报告完整率{(share or 0):.0%}{ring_zh}", f"sends {(share or 0):.0%} of what it owes{ring_en}"),
        "reporting": ("报告正常", "reports as it owes"),
        "out_of_service": ("当前不在报告期", "owes nothing at present"),
    }[state]  # fmt: skip
    return Sentence(zh=f"{one.name.zh}：{told[0]}。", en=f"{one.name.en}: {told[1]}.")


def silence(sheets: Sequence[SentinelSheet]) -> tuple[AreaSilence, ...]:
    """Return per area how many of its sentinels are silent and how complete their reports are."""
    areas: dict[AreaPath, list[SentinelSheet]] = {}
    for sheet in sheets:
        if sheet.state != "out_of_service":
            areas.setdefault(sheet.sentinel.area, []).append(sheet)
    return tuple(
        AreaSilence(
            area=area, sentinels=len(some), silent=sum(s.state in {"silent", "never"} for s in some),
            completeness=sum(s.sent for s in some) / owed if (owed := sum(s.owed for s in some)) else None,
        )
        for area, some in sorted(areas.items())
    )  # fmt: skip


def _calls(act: Acting, *, under: AreaPath, at: datetime, time_zone: ZoneInfo) -> list[Task]:
    """Return the calls that silent sentinels make due, one per silence."""
    return [
        Task(
            id="t-" + commanding.mark("call", sheet.sentinel.id, sheet.last_report or sheet.sentinel.since),
            area=sheet.sentinel.area, duty=sheet.sentinel.call, desk=DESK, kind="watch.call",
            subject=sheet.sentinel.id, what=sheet.explanation, starts=at, due=None,
            measured_to="report received", cause=sheet.sentinel.id,
        )
        for sheet in sentinel_sheets(act, area=under, at=at, time_zone=time_zone)
        if sheet.state in {"silent", "never"}
    ]  # fmt: skip


# School terms


def register_school_breaks(post: Post, breaks: Sequence[SchoolBreak], *, at: datetime) -> int:
    """Put school holidays on record (one of the same area and first day gets its new terms) and return how many are new or changed."""
    return _register(
        post, BREAKS, breaks, verb="register_school_breaks", why="the school calendar", at=at
    )


_Registered = TypeVar("_Registered", Sentinel, SchoolBreak)


def _register(
    post: Post,
    table: NounTable[_Registered],
    nouns: Sequence[_Registered],
    *,
    verb: str,
    why: str,
    at: datetime,
) -> int:
    """Put what somebody responsible for its areas registers on record; return how many are new or changed."""
    check_may(post.viewer, Power.TRIAGE)
    for one in nouns:
        check_area(post.viewer, one.area)
    with post.store.acting(post.viewer, desk=DESK, verb=verb, why=why, at=at) as act:
        change = act.put(table, nouns)
    return change.new + change.corrected


def school_breaks(record: Record, *, area: AreaPath) -> tuple[SchoolBreak, ...]:
    """Return the school holidays on record that hold in an area or within it, by area and day."""
    found = [
        one for one in record.nouns(BREAKS)
        if contains(one.area, area) or contains(area, one.area)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.area, one.since)))


# Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """
    What the rule in force and another would have asked of the office in the last 28 days (of weekly streams: weeks); None where nothing is counted.

    Nothing is put on record by asking.
    """

    area: AreaPath
    in_force: watching.Burden | None
    wanted: watching.Burden | None


def rule_changed(
    record: Record,
    *,
    area: AreaPath,
    method: str | None = None,
    alpha: float | None = None,
    false_share: float | None = None,
    kinds: Sequence[KindMethod] = (),
    at: datetime,
) -> WatchRule:
    """
    Return the rule in force in an area with what is asked for changed, without putting it in force.

    A kind named again has its new method; the rule's own method ends its exception. Raises ValueError for an unknown method, one that does
    not fit a kind, or limits that cannot be meant.
    """
    rule = rule_of(record, area, at)
    base = rule.method if method is None else method
    for name in (base, *(one.method for one in kinds)):
        if name not in METHODS:
            raise ValueError(f"there is no method {name!r}; known are {', '.join(METHODS)}")
    if base == POSITIVITY:
        raise ValueError(
            f"{POSITIVITY} judges positive results only; name it for that kind of stream"
        )
    for one in kinds:
        if one.method in (ON_DAYS if one.interval is Interval.WEEK else ON_WEEKS):
            raise ValueError(
                f"{one.method} does not judge streams by the {one.interval}: {one.told}"
            )
        if one.method == POSITIVITY and one.counted is not Counted.LABORATORY_POSITIVES:
            raise ValueError(f"{POSITIVITY} judges positive results only, not {one.counted}")
        if one.counted in {Counted.WASTEWATER_COPIES, *streams.WASTEWATER_KEYS}:
            raise ValueError(f"{one.counted} has a method of its own; it is no count")
    merged = {(one.counted, one.interval): one for one in (*rule.kinds, *kinds)}
    return WatchRule(
        id=f"r-{commanding.mark(area, at)}", area=area, method=base, since=at,
        alpha=rule.alpha if alpha is None else alpha,
        false_share=rule.false_share if false_share is None else false_share,
        kinds=tuple(one for _, one in sorted(merged.items()) if one.method != base),
    )  # fmt: skip


def workload(
    record: Record,
    *,
    area: AreaPath,
    method: str | None = None,
    alpha: float | None = None,
    false_share: float | None = None,
    kinds: Sequence[KindMethod] = (),
    at: datetime,
    time_zone: ZoneInfo,
    seed: int = 1,
) -> Workload:
    """
    Replay the rule in force and another over the series of an area, before anybody proposes or enables it.

    What is left out of the other (method, limits, methods of kinds) is as in the rule in force. Raises ValueError for an unknown
    method, one that does not fit a kind, or limits that cannot be meant, NotYourArea.
    """
    check_area(record.viewer, area)
    in_force = rule_of(record, area, at)
    wanted = rule_changed(
        record, area=area, method=method, alpha=alpha, false_share=false_share, kinds=kinds, at=at
    )
    day = at.astimezone(time_zone).date()
    series = watched_series(
        record, under=area, since=day, until=day, kinds=(*in_force.kinds, *wanted.kinds)
    )
    found = [
        watching.burden(
            series, method=rule.method, alpha=rule.alpha, false_share=rule.false_share, kinds=rule.kinds,
            generator=np.random.default_rng(seed), calendar=read_calendar(),
        )
        for rule in (in_force, wanted)
        if series
    ]  # fmt: skip
    return Workload(
        area=area, in_force=found[0] if found else None, wanted=found[1] if found else None
    )


def propose_rule(
    post: Post,
    *,
    area: AreaPath,
    method: str | None = None,
    alpha: float | None = None,
    false_share: float | None = None,
    kinds: Sequence[KindMethod] = (),
    at: datetime,
    time_zone: ZoneInfo,
    seed: int = 1,
) -> Proposal:
    """
    Propose that an area be watched by another rule, with the workload it would have made in the last four weeks.

    `kinds` names the methods of some kinds of stream; those in force for other kinds stay, as does whatever else is left out. Nothing
    changes until somebody with the power accepts. Raises ValueError as `workload` does.
    """
    check_may(post.viewer, Power.PROPOSE)
    check_area(post.viewer, area)
    with post.store.reading(post.viewer) as record:
        wanted = rule_changed(
            record, area=area, method=method, alpha=alpha, false_share=false_share, kinds=kinds, at=at,
        )  # fmt: skip
        found = workload(
            record, area=area, method=method, alpha=alpha, false_share=false_share, kinds=kinds, at=at,
            time_zone=time_zone, seed=seed,
        )  # fmt: skip
    reasons = [_burden_told(one) for one in (found.in_force, found.wanted) if one is not None]
    reasons.append(
        Reason(
            zh="提议人要求调整；接受前不生效", en="asked for by a person; nothing changes before it is accepted",
            source=(f"proposal of {post.viewer.user}",), confidence="judgement",
        )
    )  # fmt: skip
    told = [one.told for one in wanted.kinds]
    kinds_zh, kinds_en = _kinds_told(wanted.kinds)
    proposal = Proposal(
        id="p-" + commanding.mark("watch.tune", area, wanted.method, wanted.alpha, wanted.false_share, *told, at),
        area=area, desk=DESK, kind="watch.tune", subject=area,
        what=Sentence(
            zh=f"预警方法为{wanted.method}{kinds_zh}，单条监测流阈值{wanted.alpha:.2%}，错误预警占比上限{wanted.false_share:.0%}",
            en=f"Watch by {wanted.method}{kinds_en}, {wanted.alpha:.2%} of quiet days per stream, at most {wanted.false_share:.0%} false",
        ),
        reasons=tuple(reasons), by=post.viewer.user, made=at, decided_in=area,
        lines=(
            OrderLine(
                kind="watch.tune", subject=area, area=area, effective=at,
                terms={
                    "method": wanted.method, "alpha": wanted.alpha, "false_share": wanted.false_share, "kinds": told,
                },
            ),
        ),
    )  # fmt: skip
    return commanding.propose(post, proposal, at=at)


def _kinds_told(kinds: Sequence[KindMethod]) -> tuple[str, str]:
    """Say which kinds of stream another method judges."""
    zh = [
        f"{streams.STREAM_NAMES[one.counted][0]}（{'周' if one.interval is Interval.WEEK else '日'}）用{one.method}"
        for one in kinds
    ]
    en = [
        f"{streams.STREAM_NAMES[one.counted][1]} by the {one.interval} by {one.method}"
        for one in kinds
    ]
    return (f"，其中{'、'.join(zh)}", f" ({'; '.join(en)})") if kinds else ("", "")


def _burden_told(found: watching.Burden) -> Reason:
    value = found.predictive_value
    share_zh = (
        f"，植入检验中预测值{value.value:.0%}（{value.low:.0%}–{value.high:.0%}）" if value else ""
    )
    share_en = (
        f"; of what it raised with outbreaks put in {value.value:.0%} ({value.low:.0%}-{value.high:.0%}) was true"
        if value
        else ""
    )
    kinds_zh, kinds_en = _kinds_told([KindMethod.parse(one) for one in found.kinds])
    return Reason(
        zh=f"{found.method}{kinds_zh}（{found.alpha:.2%}）过去{found.days}天每周信号{found.signals_per_week:.1f}个{share_zh}",
        en=f"{found.method}{kinds_en} at {found.alpha:.2%} would have raised {found.signals_per_week:.1f} signals a week "
        f"in the last {found.days} days{share_en}",
        source=("replay of the record",), confidence="replayed",
    )  # fmt: skip


def carry_out(act: Acting, order: Order) -> tuple[Task, ...]:
    """Put the rules an order names in force within its act; they make no task due."""
    rules = [
        WatchRule(
            id=f"r-{order.id}-{number}", area=line.area, method=str(line.terms["method"]),
            alpha=float(line.terms["alpha"]), false_share=float(line.terms["false_share"]),
            since=line.effective, proposal=order.proposal or "",
            kinds=tuple(KindMethod.parse(str(one)) for one in line.terms.get("kinds", ())),
        )
        for number, line in enumerate(order.lines)
        if line.desk == HAND
    ]  # fmt: skip
    act.put(RULES, rules)
    return ()
