"""Tables read without a record: any tidy series, versions of counts, trips. Nothing is guessed, nothing filled."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from yipan.model import CountVersion, Interval, SeriesTable

from .columns import Mapping, header_key, nearest
from .dates import date_form, read_day
from .decode import MISSING, Table, cell_key
from .frame import CannotRead, Refused, file_problem
from .sniff import open_table

MOST_STEPS = 20_000
"""The longest series read: fifty years of days."""
MOST_CELLS = 20_000_000
ROUNDED = 1e-3
"""How much more than 1 a row of rounded shares may add to; it is then brought down to 1."""

ROLES: dict[str, tuple[str, ...]] = {
    "date": (
        "date", "day", "日期", "week", "week_ending", "target_end_date", "reference_date", "onset_week",
        "onset_date", "event_date", "time",
    ),
    "area": (
        "area", "location", "region", "city", "province", "county", "district", "place", "地区", "城市",
        "area_path", "location_name", "city_en", "age_group", "state",
    ),
    "value": (
        "value", "count", "counts", "cases", "数值", "n", "number", "local", "local_total", "incidence",
        "infections", "new_infections", "new_cases", "confirmed_new", "confirm", "observation",
    ),
    "imported": ("imported", "imported_total", "境外输入", "输入"),
    "known": ("known", "as_of", "known_at", "report_date", "report_week", "reported", "known_on"),
    "from": ("from", "origin", "出发地", "from_area", "source"),
    "to": ("to", "destination", "目的地", "to_area", "target"),
    "trips": ("trips", "travellers", "travelers", "people", "人次", "flow", "volume", "value", "count"),
    "residents": ("residents", "population", "people", "人口", "常住人口"),
}  # fmt: skip
"""What each column we look for may be called; a name given by the user comes before all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """The columns of a table that were asked for, as text, with the row each text stands in."""

    rows: list[int]
    columns: dict[str, list[str]]
    headers: dict[str, str]

    def problem(self, index: int, role: str, why: Refused | str) -> CannotRead:
        """The exception that refuses one value, naming row, column and value."""
        refused = Refused(en=why, zh=why) if isinstance(why, str) else why
        return CannotRead(
            refused.at(self.rows[index], self.headers[role], self.columns[role][index])
        )


def _cells(
    source: Path | bytes,
    needed: Sequence[str],
    optional: Sequence[str] = (),
    named: dict[str, str] | None = None,
) -> _Cells:
    table: Table = open_table(source, Mapping())
    keys = [header_key(text) for text in table.header]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise file_problem(
            f"the column {twice!r} is there twice", f"列{twice}出现两次", "keep one", row=1
        )
    found: dict[str, int] = {}
    for role in (*needed, *optional):
        given = (named or {}).get(role)
        wanted = (header_key(given),) if given else tuple(header_key(name) for name in ROLES[role])
        places = [
            keys.index(name) for name in wanted if name in keys and keys.index(name) not in found.values()
        ]  # fmt: skip
        if places:
            found[role] = places[0]
        elif given or role in needed:
            told = given or role
            raise file_problem(
                f"no column {told!r} among {', '.join(table.header[:12])}"
                + nearest(header_key(told), dict.fromkeys(keys)),
                f"没有列{told}",
                f"name the column {role}, or say which it is with --{role}-column",
                row=1,
            )
    frame = table.lazy.select("row", *(f"c{place}" for place in found.values())).collect()
    frame = frame.filter(~_blank(found)) if found else frame
    if frame.height == 0:
        raise file_problem("a header and no rows", "只有表头，没有数据", "was the export filtered?")
    return _Cells(
        rows=frame["row"].to_list(),
        columns={role: frame[f"c{place}"].to_list() for role, place in found.items()},
        headers={role: table.header[place] for role, place in found.items()},
    )


def _blank(found: dict[str, int]) -> pl.Expr:
    return pl.all_horizontal(
        pl.col(f"c{place}").str.strip_chars() == "" for place in found.values()
    )


def _days(cells: _Cells, role: str) -> list[date]:
    texts = cells.columns[role]
    form = date_form(set(texts))
    known: dict[str, date] = {}
    for index, text in enumerate(texts):
        if text not in known:
            found = read_day(text, form)
            if isinstance(found, Refused):
                raise cells.problem(index, role, found)
            known[text] = found[0]
    return [known[text] for text in texts]


def _numbers(cells: _Cells, role: str, *, negative: bool) -> list[float | None]:
    known: dict[str, float | None] = {}
    for index, text in enumerate(cells.columns[role]):
        if text in known:
            continue
        clean = cell_key(text)
        if clean in MISSING:
            known[text] = None
            continue
        try:
            value = float(clean.replace(",", "")) if "_" not in clean else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise cells.problem(index, role, "is not a number; expected digits, or nothing where nobody reported")  # fmt: skip
        if abs(value) > 1e9:
            raise cells.problem(index, role, "is larger than 1,000,000,000, the largest count believed")  # fmt: skip
        if value < 0 and not negative:
            raise cells.problem(index, role, "is negative; expected 0 or more")
        known[text] = value
    return [known[text] for text in cells.columns[role]]


def read_series(
    source: Path | bytes,
    *,
    interval: Interval = Interval.DAY,
    named: dict[str, str] | None = None,
    only: Iterable[str] | None = None,
) -> SeriesTable:
    r"""
    Read a tidy table of counts: a row per area and day (or per week, where `interval` says so).

    Columns are found by their names (`date`, `area`, `value`, perhaps `imported`, each under several names and in
    Chinese) or named by the user. Without a column for the area all rows are one series. A day without a row, or
    with an empty value, is one nobody reported. A negative value is a downward correction. Raises CannotRead
    naming row, column and value for what is no date or number, two values for one day, or days that contradict
    the interval; OSError where there is no file.

    >>> table = read_series(b"date,cases\n2022-10-01,3\n2022-10-03,5\n")
    >>> table.counts
    ((3.0, None, 5.0),)
    """
    cells = _cells(source, ("date", "value"), ("area", "imported"), named)
    days = _days(cells, "date")
    values = _numbers(cells, "value", negative=True)
    brought = _numbers(cells, "imported", negative=False) if "imported" in cells.columns else None
    areas = [text.strip() for text in cells.columns.get("area", ["all"] * len(days))]
    wanted = None if only is None else set(only)
    first, last, step = min(days), max(days), interval.days
    _check_steps(cells, days, first, interval)
    steps = (last - first).days // step + 1
    names = sorted(set(areas) if wanted is None else wanted & set(areas))
    if wanted is not None and wanted - set(names):
        raise file_problem(
            f"no area {min(wanted - set(names))!r} in the file{nearest(min(wanted - set(names)), dict.fromkeys(areas))}",
            "文件中没有该地区",
        )  # fmt: skip
    if steps > MOST_STEPS or steps * len(names) > MOST_CELLS:
        raise file_problem(
            f"{len(names):,} areas x {steps:,} intervals; at most {MOST_STEPS:,} intervals and "
            f"{MOST_CELLS:,} cells are read",
            "表过大",
            "is a date mistyped?",
        )
    row_of = {name: row for row, name in enumerate(names)}
    counts: list[list[float | None]] = [[None] * steps for _ in names]
    imports: list[list[float | None]] = [[None] * steps for _ in names]
    seen: dict[tuple[int, int], int] = {}
    for index, (area, day, value) in enumerate(zip(areas, days, values, strict=True)):
        if not area:
            raise cells.problem(index, "area", "the area is missing")
        if area not in row_of:
            continue
        place = row_of[area], (day - first).days // step
        earlier = seen.setdefault(place, index)
        if earlier != index and values[earlier] != value:
            raise cells.problem(
                index, "value",
                f"contradicts {values[earlier]} of the same area and day in row {cells.rows[earlier]}",
            )  # fmt: skip
        counts[place[0]][place[1]] = value
        if brought is not None:
            imports[place[0]][place[1]] = brought[index]
    return SeriesTable(
        areas=tuple(names),
        first_day=first,
        interval=interval,
        counts=tuple(map(tuple, counts)),
        imported=tuple(map(tuple, imports)) if brought is not None else None,
    )


def _check_steps(cells: _Cells, days: list[date], first: date, interval: Interval) -> None:
    """Refuse days that contradict the interval: weekly figures must be called weekly."""
    if interval is Interval.WEEK:
        for index, day in enumerate(days):
            if (day - first).days % 7:
                raise cells.problem(
                    index, "date", f"lies {(day - first).days} days after {first}; expected whole weeks"
                )  # fmt: skip
    elif len(set(days)) > 2 and all((day - first).days % 7 == 0 for day in days):
        raise file_problem(
            "all days are whole weeks apart: these look like weekly figures, and daily ones were expected",
            "日期都相隔整周，看来是周数据",
            "say --interval week",
        )


def read_versions(
    source: Path | bytes, *, named: dict[str, str] | None = None, increments: bool = False
) -> tuple[CountVersion, ...]:
    r"""
    Read versions of counts: for a day, what was known from another day on (columns date, known, value, area).

    With `increments` each value is what was newly reported for the day on the day `known`; they are added up.
    Raises CannotRead as `read_series`, and where something is known before its day.

    >>> [v.value for v in read_versions(b"date,known,value\n2022-10-01,2022-10-01,3\n2022-10-01,2022-10-02,5\n")]
    [3.0, 5.0]
    """
    cells = _cells(source, ("date", "known", "value"), ("area",), named)
    days, known = _days(cells, "date"), _days(cells, "known")
    values = _numbers(cells, "value", negative=True)
    areas = [text.strip() for text in cells.columns.get("area", ["all"] * len(days))]
    if (max(known) - min(days)).days > MOST_STEPS:
        raise file_problem(
            f"the versions span {(max(known) - min(days)).days:,} days; at most {MOST_STEPS:,} are read",
            "跨度过大",
            "is a date mistyped?",
        )
    order = sorted(range(len(days)), key=lambda i: (areas[i], days[i], known[i]))
    found: list[CountVersion] = []
    total: dict[tuple[str, date], float] = {}
    for index in order:
        value = values[index]
        if known[index] < days[index]:
            raise cells.problem(index, "known", f"lies before its day {days[index]}")
        if value is None:
            continue
        if increments:
            key = (areas[index], days[index])
            total[key] = value = total.get(key, 0.0) + value
        elif value < 0:
            raise cells.problem(index, "value", "is negative; a version says what a day stands at")
        found.append(
            CountVersion(area=areas[index], day=days[index], known=known[index], value=value)
        )
    if not found:
        raise file_problem("no version holds a value", "没有任何数值")
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """Trips as counted: who went where, how many, over how many days."""

    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    trips: tuple[float, ...]
    days: int


def read_trips(source: Path | bytes, *, named: dict[str, str] | None = None) -> Trips:
    r"""
    Read a long table of trips: from, to, trips, and perhaps date (then the days are counted).

    Raises CannotRead naming row, column and value for what is missing, negative or no number.

    >>> read_trips(b"date,from,to,trips\n2022-10-01,a,b,30\n2022-10-02,a,b,10\n").days
    2
    """
    cells = _cells(source, ("from", "to", "trips"), ("date",), named)
    counted = _numbers(cells, "trips", negative=False)
    for index, value in enumerate(counted):
        for role in ("from", "to"):
            if not cells.columns[role][index].strip():
                raise cells.problem(index, role, "the place is missing")
        if value is None:
            raise cells.problem(
                index, "trips", "is missing; leave the row out where nobody counted"
            )
    days = len(set(_days(cells, "date"))) if "date" in cells.columns else 1
    return Trips(
        origins=tuple(text.strip() for text in cells.columns["from"]),
        destinations=tuple(text.strip() for text in cells.columns["to"]),
        trips=tuple(float(value) for value in counted if value is not None),
        days=days,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareMatrix:
    """Of those who leave an origin (row), the share going to each destination (column)."""

    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]


def read_shares(source: Path | bytes) -> ShareMatrix:
    r"""
    Read a matrix of shares: origins down the first column, destinations across the header.

    Raises CannotRead where a share is no number from 0 to 1 or a row adds to more than 1.

    >>> read_shares(b"from,b,c\na,0.7,0.3\n").shares
    ((0.7, 0.3),)
    """
    table = open_table(source, Mapping())
    if len(table.header) < 2:
        raise file_problem("a matrix of shares has a destination in every column", "矩阵缺少列")
    frame = table.lazy.collect()
    rows: list[tuple[float, ...]] = []
    origins = [text.strip() for text in frame["c0"].to_list()]
    for index, line in enumerate(frame.select(pl.exclude("row", "c0")).iter_rows()):
        shares = []
        for column, text in enumerate(line):
            try:
                share = float(cell_key(text) or 0)
            except ValueError:
                share = math.nan
            if not 0 <= share <= 1:
                raise CannotRead(
                    Refused(en="is no share; expected 0 to 1", zh="不是0到1之间的份额").at(
                        frame["row"][index], table.header[column + 1], text
                    )
                )
            shares.append(share)
        if sum(shares) > 1 + ROUNDED:
            raise CannotRead(
                Refused(
                    en=f"the shares of {origins[index]} add to {sum(shares):.4f}; expected 1 at most",
                    zh="份额之和大于1",
                ).at(frame["row"][index], "")
            )
        rows.append(tuple(share / max(sum(shares), 1.0) for share in shares))
    if not rows:
        raise file_problem("a header and no rows", "只有表头，没有数据")
    return ShareMatrix(origins=tuple(origins), destinations=table.header[1:], shares=tuple(rows))


def read_residents(source: Path | bytes) -> dict[str, float]:
    r"""
    Read how many people live in each area (columns area, residents).

    >>> read_residents(b"area,residents\na,1000\n")
    {'a': 1000.0}
    """
    cells = _cells(source, ("area", "residents"))
    values = _numbers(cells, "residents", negative=False)
    for index, value in enumerate(values):
        if not value:
            raise cells.problem(index, "residents", "no residents; expected 1 or more")
    return {
        area.strip(): float(value or 0)
        for area, value in zip(cells.columns["area"], values, strict=True)
    }
