"""
Series of counts from any tidy table, without a record: areas and streams by whatever names they have there.

One wrong value leaves one day of one series unknown and is told; it never stops the other series.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from yipan.model import AreaPath, Counted, CountSeries, Interval, Stream, area_path

from .columns import header_key
from .dates import DateForm, date_form, read_day
from .decode import Table, cell_key, read_count, text_table
from .frame import MOST_PROBLEMS, Problem, Refused, file_problem

_HEADERS = {
    "day": ("day", "date", "week", "reportdate", "日期", "报告日期", "周"),
    "area": ("area", "region", "district", "county", "city", "place", "unit", "地区", "区县", "区域", "地市"),
    "stream": ("stream", "counted", "channel", "syndrome", "disease", "series", "监测流", "渠道", "病种", "症候群"),
    "site": ("site", "facility", "sentinel", "hospital", "哨点", "机构", "医院"),
    "value": ("value", "count", "cases", "n", "observed", "number", "数", "数量", "病例数", "例数", "报告数"),
}  # fmt: skip
MOST_SERIES = 100_000
MOST_DAYS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTable:
    """Series read from a table, all ending on the newest day in it; `names` is what each area was called there."""

    file: str
    series: tuple[CountSeries, ...]
    names: dict[AreaPath, tuple[str, str]]
    rows: int
    problems: tuple[Problem, ...]
    more_problems: int


def read_series(source: Path, *, weekly: bool | None = None) -> SeriesTable:
    """
    Read series from a CSV: long (day, count, and perhaps area, stream, site) or wide (day and one column
    per series; a column of which less than half are counts is left out).

    Values nobody sent are unknown, not zero. A negative, unreadable or contradictory value leaves its day
    unknown and is told as a problem; the same value twice is read once. Where every day of the table lies a
    week from the next the series are weekly, unless `weekly` says otherwise. Raises CannotRead for what is no
    table, has no day column, or holds no readable day.
    """
    table = text_table(source)
    columns = _columns(table)
    form, cells = _cells(table, columns)
    problems: list[Problem] = []
    found: dict[tuple[str, str, str], dict[date, int | None]] = {}
    days: set[date] = set()
    cache: dict[str, date | Refused] = {}
    rows = 0
    for row, day_text, area, stream, site, text, column in cells:
        rows += 1
        day = cache.get(day_text)
        if day is None:
            day = cache[day_text] = _day(day_text, form)
        if isinstance(day, Refused):
            problems.append(_problem(row, columns["day"][1], day_text, day))
            continue
        days.add(day)
        values = found.setdefault((area, stream, site), {})
        value: int | None = None
        read = read_count(text)
        if isinstance(read, Refused):
            problems.append(_problem(row, column, text, read))
        else:
            value = read[0]
        if day in values and values[day] != value:
            problems.append(
                Problem(
                    row=row, column=column, value=text[:40],
                    reason_en=f"contradicts an earlier value of {day}; the day counts as not reported",
                    reason_zh=f"与{day}的另一数值矛盾；当日按未报处理",
                )
            )  # fmt: skip
            value = None
        values[day] = value
        if len(found) > MOST_SERIES:
            raise file_problem(
                f"holds more than {MOST_SERIES:,} series", f"序列超过{MOST_SERIES:,}条"
            )
    if not days:
        raise file_problem(
            "no day in it could be read", "没有可读的日期",
            "days are written like 2022-11-05, or as 5.11.2022, 11/25/2022, 2022年11月5日",
        )  # fmt: skip
    if (max(days) - min(days)).days > MOST_DAYS:
        raise file_problem(
            f"spans {min(days)} to {max(days)}, more than {MOST_DAYS:,} days",
            f"跨度自{min(days)}至{max(days)}，超过{MOST_DAYS:,}天",
        )
    interval = _interval(days, weekly)
    names: dict[AreaPath, tuple[str, str]] = {}
    series = tuple(
        _series(key, values, interval, max(days), names) for key, values in sorted(found.items())
    )
    return SeriesTable(
        file=source.name, series=series, names=names, rows=rows,
        problems=tuple(problems[:MOST_PROBLEMS]), more_problems=max(0, len(problems) - MOST_PROBLEMS),
    )  # fmt: skip


def _columns(table: Table) -> dict[str, tuple[int, str]]:
    keys = [header_key(name) for name in table.header]
    found: dict[str, tuple[int, str]] = {}
    for what, names in _HEADERS.items():
        wanted = [header_key(name) for name in names]
        at = [keys.index(name) for name in wanted if name in keys]
        if at:
            found[what] = (at[0], table.header[at[0]])
    if "day" not in found:
        raise file_problem(
            f"has no column of days; its columns are {', '.join(table.header[:12])}",
            f"没有日期列；现有列为{'、'.join(table.header[:12])}",
            "name one column day or date",
        )
    return found


_Cell = tuple[int, str, str, str, str, str, str]


def _cells(table: Table, columns: dict[str, tuple[int, str]]) -> tuple[DateForm, Iterable[_Cell]]:
    frame = table.lazy.collect()
    row = frame["row"].to_list()
    day = frame[f"c{columns['day'][0]}"].to_list()
    form = date_form(dict.fromkeys(day))

    def part(what: str) -> list[str]:
        if what not in columns:
            return [""] * len(row)
        return [text.strip() for text in frame[f"c{columns[what][0]}"].to_list()]

    if "value" in columns:
        at, name = columns["value"]
        values = frame[f"c{at}"].to_list()
        return form, (
            (r, d, a, s, i, v, name)
            for r, d, a, s, i, v in zip(row, day, part("area"), part("stream"), part("site"), values, strict=True)
        )  # fmt: skip
    used = {at for at, _ in columns.values()}
    wide = [
        i for i in range(len(table.header)) if i not in used and cell_key(table.header[i]) != "t"
    ]
    wide = [i for i in wide if _holds_counts(frame[f"c{i}"].to_list())]
    if not wide:
        raise file_problem(
            "has days but no counts", "有日期而没有计数", "name the column of counts value or count"
        )
    areas = part("area")
    return form, (
        (row[k], day[k], areas[k], table.header[i].strip(), "", cell, table.header[i])
        for i in wide
        for k, cell in enumerate(frame[f"c{i}"].to_list())
    )


def _holds_counts(cells: Sequence[str]) -> bool:
    """Whether at least half of what is written in a column are counts; remarks and sources are no series."""
    read = [read_count(cell) for cell in cells[:2000] if cell.strip()]
    return sum(not isinstance(one, Refused) for one in read) * 2 >= max(1, len(read))


def _day(text: str, form: DateForm) -> date | Refused:
    read = read_day(text, form)
    return read if isinstance(read, Refused) else read[0]


def _problem(row: int, column: str, text: str, refused: Refused) -> Problem:
    return Problem(
        row=row, column=column, value=text[:40], reason_en=refused.en, reason_zh=refused.zh,
        suggestion=refused.suggestion,
    )  # fmt: skip


def _interval(days: set[date], weekly: bool | None) -> Interval:
    if weekly is not None:
        return Interval.WEEK if weekly else Interval.DAY
    ordered = sorted(days)
    steps = {(b - a).days for a, b in pairwise(ordered)}
    return Interval.WEEK if steps and all(step % 7 == 0 for step in steps) else Interval.DAY


def _series(
    key: tuple[str, str, str],
    values: dict[date, int | None],
    interval: Interval,
    newest: date,
    names: dict[AreaPath, tuple[str, str]],
) -> CountSeries:
    area, stream, site = key
    path = _path(area)
    names[path] = (area or "全部", area or "all")
    step = interval.days
    first = min(values)
    first = newest.fromordinal(newest.toordinal() - (newest - first).days // step * step)
    counts = np.full((newest - first).days // step + 1, None, dtype=object)
    for day, value in values.items():
        at = (day - first).days // step
        if at >= 0:
            counts[at] = value
    return CountSeries(
        area=path, stream=_stream(stream, site, interval), first_day=first, counts=tuple(counts)
    )


def _path(area: str) -> AreaPath:
    try:
        return area_path(area)
    except ValueError:
        return area_path(f"x{hashlib.sha256(area.encode()).hexdigest()[:8]}.")


def _stream(name: str, site: str, interval: Interval) -> Stream:
    known = {counted.value: counted for counted in Counted}
    if name in known:
        return Stream(
            disease="any", counted=known[name], interval=interval, site=site.replace("/", "-")
        )
    return Stream(
        disease=(name or "all").replace("/", "-"), counted=Counted.OTHER, interval=interval,
        site=site.replace("/", "-"),
    )  # fmt: skip
