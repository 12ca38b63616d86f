"""The watch: which streams stand out, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from yipan.analytics.detect import ears
from yipan.model import (
    AreaPath,
    Counted,
    CountSeries,
    Interval,
    Power,
    Signal,
    Stream,
    check_area,
    check_may,
)
from yipan.operations import figures
from yipan.operations.post import Post
from yipan.store import Record

DESK = "watch"
METHOD = "EARS C2"
LOOK_BACK_DAYS = 35
"""Days read before the first day judged: enough for the baseline of every method the desk uses."""
JUDGED_DAYS = 14
"""How many of the newest days a round judges again, because late reports can make a day stand out later."""


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


def review_signals(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Judge the newest days of every daily stream in the post's area, record what stands out, return how many.

    Infections (of every area that publishes them) and every sentinel stream are judged by EARS C2. A signal
    already known is not recorded again; one that late reports take away stays in the history and is no
    longer current.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    until = at.astimezone(time_zone).date()
    since = until - timedelta(days=JUDGED_DAYS)
    with post.store.acting(
        post.viewer, desk=DESK, verb="review_signals", rule=METHOD,
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        found = [
            signal
            for series in watched_series(act, under=post.area, since=since, until=until)
            for signal in ears.ears_c2(series)
            if signal.day >= since
        ]
        act.put_signals(found, under=post.area, since=since, until=until, method=METHOD)
    return len(found)


def watched_series(
    record: Record, *, under: AreaPath, since: date, until: date
) -> tuple[CountSeries, ...]:
    """Return every daily series in the area that the desk watches, with the days needed before `since`."""
    first = since - timedelta(days=LOOK_BACK_DAYS)
    series: list[CountSeries] = []
    found = figures.daily(record, figures.Figure.INFECTIONS, under=under, since=first, until=until)
    for disease in figures.diseases_of(record, under=under)[:1]:
        stream = figures.infections_stream(disease)
        series += [
            found.series(area, since=first, until=until, stream=stream) for area in found.areas
        ]
    for area, stream in record.area_streams(under=under):
        if not is_sentinel(stream):
            continue
        series.append(record.series(area, stream, since=first, until=until))
    return tuple(series)


def is_sentinel(stream: Stream) -> bool:
    """Whether a daily stream is judged by itself: all but the published counts of infections."""
    return (
        stream.interval is Interval.DAY
        and not stream.counted.is_infection
        and stream.counted
        not in {Counted.LOCAL_CONVERSIONS, Counted.IMPORTED_CONVERSIONS, Counted.DEATHS}
    )


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
    first = min(signal.day for signal in found) - timedelta(days=LOOK_BACK_DAYS)
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


STREAM_NAMES: Mapping[Counted, tuple[str, str]] = {
    Counted.LOCAL_CONFIRMED: ("本土确诊病例", "local confirmed cases"),
    Counted.LOCAL_ASYMPTOMATIC: ("本土无症状感染者", "local asymptomatic infections"),
    Counted.LOCAL_INFECTIONS: ("本土感染者", "local infections"),
    Counted.LOCAL_CONVERSIONS: ("无症状转确诊", "asymptomatic infections later confirmed"),
    Counted.IMPORTED_CONFIRMED: ("境外输入确诊病例", "imported confirmed cases"),
    Counted.IMPORTED_ASYMPTOMATIC: ("境外输入无症状感染者", "imported asymptomatic infections"),
    Counted.IMPORTED_CONVERSIONS: (
        "输入无症状转确诊",
        "imported asymptomatic infections later confirmed",
    ),
    Counted.SUSPECTED: ("疑似病例", "suspected cases"),
    Counted.DEATHS: ("死亡病例", "deaths"),
    Counted.FEVER_CLINIC_VISITS: ("发热门诊就诊", "fever-clinic visits"),
    Counted.ILI_VISITS: ("流感样病例就诊", "visits for influenza-like illness"),
    Counted.OUTPATIENT_VISITS: ("门诊就诊", "outpatient visits"),
    Counted.PHARMACY_SALES: ("药店退热止咳药销量", "pharmacy sales of fever and cough medicine"),
    Counted.SCHOOL_ABSENCES: ("学校因病缺课", "school absences through illness"),
    Counted.CARE_HOME_FEVERS: ("养老机构发热", "fevers in care homes"),
    Counted.LABORATORY_POSITIVES: ("实验室阳性", "positive laboratory results"),
    Counted.LABORATORY_TESTS: ("实验室检测", "laboratory tests"),
    Counted.HOTLINE_CALLS: ("热线来电", "hotline calls"),
    Counted.WASTEWATER_POSITIVES: ("污水阳性", "positive wastewater samples"),
}
"""What each stream is called where people read, in Chinese and English."""


def explain(signal: Signal, names: Mapping[AreaPath, tuple[str, str]]) -> Explanation:
    """
    Return a signal as one sentence in each language: observed, expected, how unusual, by which days.

    `names` gives the Chinese and English name of each area; an area without a name is told by its path.
    """
    area_zh, area_en = names.get(signal.area, (signal.area, signal.area))
    what_zh, what_en = STREAM_NAMES[signal.stream.counted]
    days = (signal.day - signal.since).days + 1
    missing_zh = f"；基线中有{signal.baseline_missing}天无人报告" if signal.baseline_missing else ""
    missing_en = (
        f"; nobody reported {signal.baseline_missing} of the days before"
        if signal.baseline_missing
        else ""
    )
    run_zh = f"，已连续{days}天" if days > 1 else ""
    run_en = f", for the {_ordinal(days)} day in a row" if days > 1 else ""
    zh = (
        f"{area_zh}{signal.day.month}月{signal.day.day}日报告{what_zh}{signal.observed}例，"
        f"此前{signal.baseline}个报告日的预期为{signal.expected:.1f}例、报警线为{signal.threshold:.1f}例"
        f"{run_zh}{missing_zh}。"
    )
    en = (
        f"{area_en} reported {signal.observed} {what_en} on {signal.day.day} {signal.day:%B}; from the "
        f"{signal.baseline} reported days before, {signal.expected:.1f} were expected and more than "
        f"{signal.threshold:.1f} stand out{run_en}{missing_en}."
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
