"""Tables read without a record: any tidy series, versions of counts, trips. Nothing is guessed, nothing filled."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
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
    "chain": ("chain", "cluster", "chain_id", "cluster_id", "传播链"),
    "lag": ("lag", "lag_days", "day", "days", "间隔"),
    "made": ("reference_date", "forecast_date", "origin_date", "made", "预测日"),
    "target": ("target_end_date", "target_date", "date", "day", "目标日"),
    "location": ("location", "area", "region", "city", "province", "place", "地区", "unit"),
    "horizon": ("horizon", "steps", "步数"),
    "level": ("output_type_id", "q", "quantile", "quantile_level", "level"),
    "output_type": ("output_type", "type"),
    "model": ("model_id", "model", "team_model"),
    "longitude": ("longitude", "lon", "lng", "经度"),
    "latitude": ("latitude", "lat", "纬度"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCases:
    """The cases of one chain as a file tells them: their days, and the area of the chain ("" where none is told)."""

    chain: str
    area: str
    days: tuple[date, ...]


def read_chains(
    source: Path | bytes, *, named: dict[str, str] | None = None
) -> tuple[ChainCases, ...]:
    r"""
    Read cases by chain: a row per case with the chain, the day it was counted on, and perhaps the area of the chain.

    Raises CannotRead naming row, column and value for a missing chain, what is no date, or a chain in two areas.

    >>> read_chains(b"chain,date\nc-1,2022-10-01\nc-1,2022-10-03\n")[0].days
    (datetime.date(2022, 10, 1), datetime.date(2022, 10, 3))
    """
    cells = _cells(source, ("chain", "date"), ("area",), named)
    days = _days(cells, "date")
    found: dict[str, list[date]] = {}
    area: dict[str, str] = {}
    for index, text in enumerate(cells.columns["chain"]):
        chain = text.strip()
        if not chain:
            raise cells.problem(index, "chain", "the chain is missing")
        found.setdefault(chain, []).append(days[index])
        told = cells.columns["area"][index].strip() if "area" in cells.columns else ""
        if area.setdefault(chain, told) != told:
            raise cells.problem(
                index, "area", f"chain {chain} lies in {area[chain]!r} elsewhere in the file"
            )
    return tuple(
        ChainCases(chain=chain, area=area[chain], days=tuple(sorted(of)))
        for chain, of in sorted(found.items())
    )


def read_intervals(source: Path | bytes) -> tuple[tuple[float, ...], ...]:
    r"""
    Read serial intervals: a column of lags in days (0, 1, 2, ...) and one column of shares for each interval.

    One column of shares is one interval; several are draws held alike likely. A lag without a row has no share.
    Raises CannotRead naming row, column and value for a share that is none, a share at lag 0, or a column that does
    not add to 1.

    >>> read_intervals(b"lag,share\n1,0.4\n2,0.6\n")
    ((0.0, 0.4, 0.6),)
    """
    table = open_table(source, Mapping())
    keys = [header_key(text) for text in table.header]
    places = [keys.index(name) for name in ROLES["lag"] if name in keys]
    if not places or len(keys) < 2:
        raise file_problem(
            f"no column of lags among {', '.join(table.header[:12])}, or no shares beside it",
            "缺少间隔列", "expected lag and one column of shares or more", row=1,
        )  # fmt: skip
    frame = table.lazy.collect()
    at, rows = places[0], frame["row"].to_list()
    shares: list[dict[int, float]] = [{} for _ in keys]
    for index, line in enumerate(frame.select(pl.exclude("row")).iter_rows()):

        def refused(
            why: str, column: int, index: int = index, line: tuple[str, ...] = line
        ) -> CannotRead:
            return CannotRead(
                Refused(en=why, zh=why).at(rows[index], table.header[column], line[column])
            )

        text = cell_key(line[at])
        if not text.isdigit() or int(text) > MOST_LAG:
            raise refused(f"is no lag in whole days from 0 to {MOST_LAG}", at)
        lag = int(text)
        for column, cell in enumerate(line):
            if column == at:
                continue
            try:
                share = float(cell_key(cell) or 0)
            except ValueError:
                share = math.nan
            if not 0 <= share <= 1:
                raise refused("is no share; expected 0 to 1", column)
            if lag == 0 and share:
                raise refused("lies at lag 0; nobody is infected by a case of the same day", column)
            if lag in shares[column]:
                raise refused(f"lag {lag} was given before", column)
            shares[column][lag] = share
    longest = max((lag for column in shares for lag in column), default=0)
    found = []
    for column, of in enumerate(shares):
        if column == at:
            continue
        total = sum(of.values())
        if abs(total - 1) > 0.01:
            raise file_problem(
                f"the shares of {table.header[column]} add to {total:.4f}; expected 1",
                "份额之和不为1",
            )
        found.append(tuple(of.get(lag, 0.0) / total for lag in range(longest + 1)))
    return tuple(found)


MOST_LAG = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesRead:
    """Where places are and who lives there: longitude and latitude in degrees, residents."""

    residents: dict[str, float]
    where: dict[str, tuple[float, float]]


def read_places(source: Path | bytes) -> PlacesRead:
    r"""
    Read places with residents and degrees (columns area, residents, longitude, latitude).

    >>> read_places(b"area,residents,longitude,latitude\na,1000,113.3,23.1\n").where
    {'a': (113.3, 23.1)}
    """
    cells = _cells(source, ("area", "residents", "longitude", "latitude"))
    people = _numbers(cells, "residents", negative=False)
    degrees = [_numbers(cells, role, negative=True) for role in ("longitude", "latitude")]
    found = PlacesRead(residents={}, where={})
    for index, text in enumerate(cells.columns["area"]):
        area = text.strip()
        if not area or area in found.where:
            raise cells.problem(index, "area", "is missing" if not area else "was given before")
        if not people[index]:
            raise cells.problem(index, "residents", "no residents; expected 1 or more")
        for role, values, most in zip(("longitude", "latitude"), degrees, (180, 90), strict=True):
            value = values[index]
            if value is None or abs(value) > most:
                raise cells.problem(
                    index, role, f"is no {role}; expected degrees from -{most} to {most}"
                )
        found.residents[area] = float(people[index] or 0)
        found.where[area] = (float(degrees[0][index] or 0), float(degrees[1][index] or 0))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HubForecasts:
    """
    Quantile forecasts in the form the public hubs use: one task per model, day made, place and target day.

    `tasks` are (model, made, place, target, horizon); `quantiles` has one row per task at `levels`.
    """

    levels: tuple[float, ...]
    tasks: tuple[tuple[str, date, str, date, int], ...]
    quantiles: tuple[tuple[float, ...], ...]


def read_hub_forecasts(source: Path | bytes, *, model: str = "forecast") -> HubForecasts:
    r"""
    Read forecasts as rows of quantiles: reference_date, location, target_end_date, output_type_id, value.

    `horizon`, `output_type` (rows that are not quantiles are left out) and `model_id` are read where they are there;
    `model` names the forecasts where the file does not. Every task must state the same levels. Raises CannotRead
    naming row, column and value for what is no date, number or level, a negative or falling quantile, a quantile
    told twice, or a task that lacks a level.

    >>> text = b"reference_date,location,target_end_date,output_type_id,value\n"
    >>> rows = b"".join(b"2022-10-01,44,2022-10-08,%s,%d\n" % q for q in ((b"0.25", 3), (b"0.5", 5), (b"0.75", 8)))
    >>> read_hub_forecasts(text + rows).quantiles
    ((3.0, 5.0, 8.0),)
    """
    cells = _cells(
        source,
        ("made", "location", "target", "level", "value"),
        ("horizon", "output_type", "model"),
    )
    kinds = cells.columns.get("output_type")
    kept = [
        index
        for index in range(len(cells.rows))
        if kinds is None or cell_key(kinds[index]) in {"", "quantile"}
    ]
    if not kept:
        raise file_problem("no row is a quantile", "没有分位数行", "output_type must be quantile")
    cells = _Cells(
        rows=[cells.rows[i] for i in kept],
        columns={role: [texts[i] for i in kept] for role, texts in cells.columns.items()},
        headers=cells.headers,
    )
    made, target = _days(cells, "made"), _days(cells, "target")
    values, levels = (
        _numbers(cells, "value", negative=True),
        _numbers(cells, "level", negative=True),
    )
    steps = _numbers(cells, "horizon", negative=True) if "horizon" in cells.columns else None
    told: dict[tuple[str, date, str, date, int], dict[float, tuple[float, int]]] = {}
    for index, (value, level) in enumerate(zip(values, levels, strict=True)):
        if level is None or not 0 < level < 1:
            raise cells.problem(
                index, "level", "is no quantile level; expected above 0 and below 1"
            )
        if value is None or value < 0:
            raise cells.problem(index, "value", "is no forecast; expected 0 or more")
        place = cells.columns["location"][index].strip()
        if not place:
            raise cells.problem(index, "location", "the place is missing")
        by = cells.columns["model"][index].strip() if "model" in cells.columns else ""
        horizon = steps[index] if steps is not None else None
        if target[index] < made[index] and (horizon is None or horizon >= 0):
            raise cells.problem(
                index, "target", f"lies before the day of the forecast, {made[index]}"
            )
        step = (target[index] - made[index]).days if horizon is None else round(horizon)
        of = told.setdefault((by or model, made[index], place, target[index], step), {})
        share = round(level, 6)
        if share in of:
            raise cells.problem(
                index, "level", f"was told before in row {cells.rows[of[share][1]]}"
            )
        of[share] = value, index
    every = sorted({level for of in told.values() for level in of})
    rows = []
    for task, of in told.items():
        if len(of) != len(every):
            lacking = next(level for level in every if level not in of)
            index = next(iter(of.values()))[1]
            raise cells.problem(
                index,
                "level",
                f"the task of {task[2]} for {task[3]} lacks level {lacking:g}, which others state",
            )
        row = [of[level] for level in every]
        for (low, _), (high, index) in pairwise(row):
            if high < low:
                raise cells.problem(index, "value", f"falls below {low:g}, the quantile before it")
        rows.append(tuple(value for value, _ in row))
    return HubForecasts(levels=tuple(every), tasks=tuple(told), quantiles=tuple(rows))


def read_truth(
    source: Path | bytes, *, named: dict[str, str] | None = None
) -> dict[tuple[str, date], float]:
    r"""
    Read what came: date, location, value. A day told twice with two values is refused.

    >>> read_truth(b"date,location,value\n2022-10-08,44,6\n")[("44", date(2022, 10, 8))]
    6.0
    """
    cells = _cells(source, ("date", "location", "value"), (), named)
    days, values = _days(cells, "date"), _numbers(cells, "value", negative=False)
    found: dict[tuple[str, date], float] = {}
    for index, value in enumerate(values):
        place = cells.columns["location"][index].strip(), days[index]
        if value is None:
            continue
        if found.setdefault(place, value) != value:
            raise cells.problem(
                index, "value", f"contradicts {found[place]:g} of the same place and day"
            )
    if not found:
        raise file_problem("no day holds a value", "没有任何数值")
    return found
