"""The watch judged: rehearsals on one's own series, the workload of a rule, and how soon real incidents were detected."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from yipan.analytics.detect.baseline import sibling_key
from yipan.analytics.detect.methods import DEFAULT, ON_DAYS, ON_WEEKS
from yipan.analytics.detect.rehearsal import ON_TRIAL, Rehearsal, rehearse_matrix, share_of
from yipan.analytics.detect.verdicts import count_matrix
from yipan.model import (
    AreaPath,
    Counted,
    CountSeries,
    Estimate,
    Incident,
    Interval,
    KindMethod,
    Stream,
    WorkCalendar,
)
from yipan.operations import streams

Progress = Callable[..., Iterable[str]]

SILENT_P = 0.01
"""A silence this unlikely by a series' own habit is a signal."""
DETECT_DAYS = 7
"""The first seven of 7-1-7: days from emergence to detection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """
    What a rule would ask of an office: replayed over past days before anybody enables it.

    `kinds` names the methods of some kinds of stream, as `COUNTED/INTERVAL=METHOD`. `days` intervals were replayed, of weekly streams as many weeks. `signals_per_week` for all
    streams together and `per_area_week` for each area at the level of the streams; `predictive_value` is the share of findings raised for
    outbreaks put in on purpose (`true`) among all raised in the same replay (`raised`), with its interval, at `assumed_per_stream_year` outbreaks of five standard deviations; what it is in earnest only decisions tell.
    """

    method: str
    alpha: float
    false_share: float
    days: int
    streams: int
    signals_per_week: float
    per_area_week: float
    predictive_value: Estimate | None
    assumed_per_stream_year: float
    kinds: tuple[str, ...] = ()
    raised: int = 0
    true: int = 0


def rehearse(
    series: Sequence[CountSeries],
    *,
    generator: np.random.Generator,
    calendar: WorkCalendar | None = None,
    methods: Sequence[str] | None = None,
    outbreaks: int = 60,
    quiet_rate: float = 0.01,
    known_outbreaks: Sequence[streams.KnownOutbreak] = (),
    progress: Progress | None = None,
) -> Rehearsal:
    """
    Put outbreaks into series and compare methods at the same rate of false alarms; see `rehearse_matrix`.

    Days of `known_outbreaks` are neither quiet nor a stage. One that is left out counts as quiet and makes the methods that saw
    it best look worst.

    Raises ValueError where the series are too short, or daily and weekly ones are mixed.
    """
    series = [
        one for one in series
        if one.stream.counted not in {Counted.WASTEWATER_COPIES, *streams.WASTEWATER_KEYS}
    ]  # fmt: skip
    if not series:
        raise ValueError("there are no series long enough to rehearse on: 90 days are the least")
    interval = series[0].stream.interval
    last = max(one.until for one in series)
    aligned = [streams.ended(one, last) for one in series]
    matrix = count_matrix(aligned)
    names: dict[str, int] = {}
    chosen = tuple(methods) if methods else ON_TRIAL
    unfit = ON_DAYS if interval is Interval.WEEK else ON_WEEKS
    if methods is None:
        chosen = tuple(name for name in chosen if name not in unfit)

    def along(names: Sequence[str]) -> Iterable[str]:
        return progress(names, total=len(names), told="methods") if progress else names

    first = last - timedelta(days=matrix.shape[1] * interval.days)
    return rehearse_matrix(
        matrix,
        known_outbreak=streams.masked(aligned, matrix, first, known_outbreaks),
        first_day=last - timedelta(days=matrix.shape[1] * interval.days),
        generator=generator,
        interval=interval,
        calendar=calendar,
        groups=[names.setdefault(sibling_key(one), len(names)) for one in series],
        methods=chosen,
        outbreaks=outbreaks,
        quiet_rate=quiet_rate,
        along=along,
    )


def burden(
    series: Sequence[CountSeries],
    *,
    method: str,
    generator: np.random.Generator,
    alpha: float = streams.ALPHA,
    false_share: float = streams.FALSE_SHARE,
    calendar: WorkCalendar | None = None,
    days: int = 28,
    assumed_per_stream_year: float = 0.5,
    kinds: Sequence[KindMethod] = (),
) -> Burden:
    """
    Replay a rule over the last `days` intervals of series and say what it would have raised, before it is enabled.

    Daily and weekly series are replayed apart and added up. The predictive value comes from a second replay in which outbreaks are put in at
    the rate assumed. Raises ValueError for a method or a number that cannot be meant.
    """
    if not series:
        raise ValueError("there are no series to replay the rule on")
    parts = [
        _burden(
            some, method=method, generator=generator, alpha=alpha, false_share=false_share, calendar=calendar, days=days,
            assumed_per_stream_year=assumed_per_stream_year, kinds=kinds,
        )
        for interval in Interval
        if (some := [one for one in series if one.stream.interval is interval])
    ]  # fmt: skip
    if len(parts) == 1:
        return parts[0]
    raised, true = sum(one.raised for one in parts), sum(one.true for one in parts)
    weekly = sum(one.signals_per_week for one in parts)
    return replace(
        parts[0], streams=len(series), signals_per_week=weekly,
        per_area_week=weekly / max(1, len({one.area for one in series})), raised=raised, true=true,
        predictive_value=share_of(true, raised) if raised else None,
    )  # fmt: skip


def _burden(
    series: Sequence[CountSeries],
    *,
    method: str,
    generator: np.random.Generator,
    alpha: float,
    false_share: float,
    calendar: WorkCalendar | None,
    days: int,
    assumed_per_stream_year: float,
    kinds: Sequence[KindMethod],
) -> Burden:
    """The burden of a rule on series of one interval."""
    last = max(one.until for one in series)

    def raised(some: Sequence[CountSeries]) -> tuple[set[tuple[str, str, date]], int]:
        judged = streams.judge_streams(
            some,
            until=last,
            judged_days=days,
            method=method,
            calendar=calendar,
            alpha=alpha,
            method_for=streams.by_kind(kinds),
        )
        found: set[tuple[str, str, date]] = set()
        times = 0
        before: set[tuple[str, str]] = set()
        for day in judged.days[-days:]:
            now: set[tuple[str, str]] = {
                (one.area, one.disease)
                for one in streams.picture(
                    judged, day=day, alpha=alpha, false_share=false_share
                ).findings
            }
            times += len(now - before)
            found |= {(area, disease, day) for area, disease in now}
            before = now
        return found, times

    quiet, times = raised(series)
    weeks = days * series[0].stream.interval.days / 7
    expected = len(series) * weeks / 52 * assumed_per_stream_year
    planted = max(1, round(expected))
    changed = list(series)
    where = []
    counted = [
        row for row, one in enumerate(series)
        if one.stream.counted not in {Counted.WASTEWATER_COPIES, *streams.WASTEWATER_KEYS}
    ]  # fmt: skip
    for row in generator.choice(counted, min(planted, len(counted)), replace=False):
        one = streams.ended(series[int(row)], last)
        known = [c for c in one.counts[-days - 56 : -days] if c is not None]
        mean = float(np.mean(known)) if known else 0.5
        sd = max(float(np.std(known)) if known else 0.0, max(mean, 0.05) ** 0.5)
        start = len(one) - int(generator.integers(1, max(2, days - 6)))
        counts = list(one.counts)
        for step in range(7):
            at = start + step
            if at < len(counts) and counts[at] is not None:
                counts[at] = (counts[at] or 0) + int(generator.poisson(5 * sd))
        changed[int(row)] = CountSeries(
            area=one.area, stream=one.stream, first_day=one.first_day, counts=tuple(counts)
        )
        where.append((one.area, one.day(max(0, start)), one.stream.disease))
    with_outbreaks, _ = raised(changed)
    true = {
        entry for entry in with_outbreaks
        if any(
            (area.startswith(entry[0]) or entry[0].startswith(area)) and disease == entry[1] and entry not in quiet
            for area, _, disease in where
        )
    }  # fmt: skip
    return Burden(
        method=method, alpha=alpha, false_share=false_share, days=days, streams=len(series),
        signals_per_week=times / weeks,
        per_area_week=times / weeks / max(1, len({one.area for one in series})),
        predictive_value=share_of(len(true), len(with_outbreaks)) if with_outbreaks else None,
        assumed_per_stream_year=assumed_per_stream_year, kinds=tuple(one.told for one in kinds),
        raised=len(with_outbreaks), true=len(true),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRehearsal:
    """A rehearsal of the streams of one kind (what is counted, per which interval), or why there is none."""

    kind: str
    rehearsal: Rehearsal | None
    why: str = ""

    @property
    def method(self) -> str:
        """The method soonest on most of its levels of counts, the default where none is."""
        if self.rehearsal is None:
            return DEFAULT
        named = Counter(one.method for one in self.rehearsal.recommended)
        return named.most_common(1)[0][0] if named else DEFAULT


def rehearse_kinds(
    series: Sequence[CountSeries], *, generator: np.random.Generator, **asked: Any
) -> tuple[KindRehearsal, ...]:
    """
    Rehearse each kind of stream apart, so that what is recommended follows for each; see `rehearse` for what is asked.

    A kind too young for a rehearsal has none, and says so.
    """
    kinds: dict[str, list[CountSeries]] = {}
    for one in series:
        kinds.setdefault(f"{one.stream.counted}/{one.stream.interval}", []).append(one)
    found = []
    for kind, some in sorted(kinds.items()):
        try:
            made = rehearse(some, generator=generator, **asked)
        except ValueError as short:
            found.append(KindRehearsal(kind=kind, rehearsal=None, why=str(short)))
        else:
            found.append(KindRehearsal(kind=kind, rehearsal=made))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """
    How a series reports, where nothing says what it owes: every interval from its first report on.

    `silent` counts the intervals since the last report, `silence_p` how likely such a silence is by its habit before;
    `state` is reporting, incomplete, silent or never.
    """

    area: AreaPath
    stream: Stream
    owed: int
    sent: int
    zero_reports: int
    last_report: date | None
    silent: int
    silence_p: float
    state: str


def reporting(series: Sequence[CountSeries]) -> tuple[Reporting, ...]:
    """
    Return how each series reports up to the newest interval of all, the silent ones first.

    >>> reporting(())
    ()
    """
    last = max((one.until for one in series), default=None)
    if last is None:
        return ()
    found = []
    for one in (streams.ended(one, last) for one in series):
        sent = [i for i, count in enumerate(one.counts) if count is not None]
        owed = len(one.counts) - (sent[0] if sent else 0)
        silent = len(one.counts) - 1 - sent[-1] if sent else len(one.counts)
        habit = (len(sent) + 0.5) / (owed - silent + 1) if sent else 0.5
        p = float((1 - min(habit, 0.999)) ** silent)
        state = (
            "never" if not sent
            else "silent" if silent and p < SILENT_P
            else "incomplete" if len(sent) < 0.8 * owed
            else "reporting"
        )  # fmt: skip
        found.append(
            Reporting(
                area=one.area, stream=one.stream, owed=owed, sent=len(sent),
                zero_reports=sum(count == 0 for count in one.counts),
                last_report=one.day(sent[-1]) if sent else None, silent=silent, silence_p=p, state=state,
            )
        )  # fmt: skip
    order = ("silent", "never", "incomplete", "reporting")
    return tuple(
        sorted(found, key=lambda r: (order.index(r.state), r.silence_p, r.area, r.stream.key))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """How soon one incident was detected: from emergence to the first signal of its area, against seven days."""

    incident: str
    emerged: datetime | None
    detected: datetime | None
    days: float | None
    in_time: bool | None


def detected(
    incidents: Sequence[Incident],
    emerged: dict[str, datetime],
    signalled: dict[str, datetime],
) -> tuple[Detected, ...]:
    """
    Return the detect interval of 7-1-7 for each incident.

    `emerged` and `signalled` give the instants known by incident; where either is unknown so is the interval. An
    incident that no signal preceded was detected when it was opened.

    >>> detected((), {}, {})
    ()
    """
    found = []
    for incident in incidents:
        began = emerged.get(incident.id)
        seen = min(signalled.get(incident.id, incident.opened), incident.opened)
        days = None if began is None else max(0.0, (seen - began) / timedelta(days=1))
        found.append(
            Detected(
                incident=incident.id, emerged=began, detected=seen, days=days,
                in_time=None if days is None else days <= DETECT_DAYS,
            )
        )  # fmt: skip
    return tuple(found)


Table = Callable[[Sequence[str], Sequence[Sequence[object]]], str]


def told(found: Rehearsal, aligned: Table) -> str:
    """Return a rehearsal as tables for people; `aligned` sets rows under a head."""
    lines = [
        f"{found.streams} series, {found.judged_days} intervals replayed, every method at {found.quiet_rate:.2%} of quiet ones",
        "",
        aligned(
            ("method", "judged", "signals a week, own limit", "quiet rate reached"),
            [
                (w.method, f"{w.judged_share:.1%}", f"{w.signals_per_week:.1f}", f"{w.at_equal_rate:.2%}")
                for w in found.workload
            ],
        ),
        "",
        aligned(
            ("streams", "outbreak", "size sd", "method", "n", "found", "95 %", "days", "95 %"),
            [
                (p.level.value, p.shape.value, f"{p.size_sd:g}", p.method, p.outbreaks, f"{p.found.value:.2f}",
                 f"{p.found.low:.2f}-{p.found.high:.2f}", f"{p.days.value:.1f}", f"{p.days.low:.1f}-{p.days.high:.1f}")
                for p in sorted(found.performance, key=lambda p: (p.level, p.shape, p.size_sd, p.days.value))
            ],
        ),
        "",
        *(
            f"{r.level.value} streams: {r.method} found {r.found:.0%} in {r.days:.1f} days on average; "
            f"the default {r.default_found:.0%} in {r.default_days:.1f}"
            for r in found.recommended
        ),
    ]  # fmt: skip
    return "\n".join(lines)


def told_by_kind(found: Sequence[KindRehearsal], aligned: Table) -> str:
    """Return what is recommended for each kind of stream, with its evidence, and how it is proposed; `aligned` sets rows under a head."""
    rows: list[tuple[object, ...]] = []
    for one in found:
        if one.rehearsal is None:
            rows.append((one.kind, "-", "", "", "", one.why))
            continue
        rows += [
            (one.kind, r.level.value, r.method, f"{r.found:.0%} in {r.days:.1f}", f"{r.default_found:.0%} in {r.default_days:.1f}",
             f"{one.rehearsal.streams} series, {one.rehearsal.judged_days} intervals")
            for r in one.rehearsal.recommended
        ]  # fmt: skip
    lines = [
        aligned(
            ("kind", "streams", "soonest", "found in days", "the default", "replayed"),
            rows,
        )
    ]
    lines += [
        f'yipan watch tune --kind "{one.kind}={one.method}" --show'
        for one in found
        if one.method != DEFAULT
    ]
    return "\n".join(lines)
