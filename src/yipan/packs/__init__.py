"""Facts of a place or a protocol, as tables with their sources. Another province is another folder of tables."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yipan.model import (
    Area,
    AreaLevel,
    AreaPath,
    Counted,
    Stream,
    WorkCalendar,
    area_path,
    depth_of,
)
from yipan.packs.yaml_text import read_yaml

AREA_COLUMNS = (
    "path", "level", "code", "name_zh", "name_en", "within_code", "population", "functional", "source",
)  # fmt: skip
CALENDAR_COLUMNS = ("day", "kind", "name", "source")
BULLETIN_COLUMNS = ("day", "area", "counted", "value", "status", "source")


class PackError(ValueError):
    """A pack is not as it should be; the message names file, row, column, value and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """One published figure: None where the day is known to be missing; `published` is when it became known."""

    day: date
    area: AreaPath
    stream: Stream
    value: int | None
    published: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A province: its levels, its areas, their boundaries (GeoJSON geometries), its published figures."""

    key: str
    name_zh: str
    name_en: str
    time_zone: ZoneInfo
    levels: tuple[AreaLevel, ...]
    areas: tuple[Area, ...]
    boundaries: Mapping[AreaPath, Mapping[str, Any]]
    boundaries_schematic: bool
    bulletins: tuple[Bulletin, ...]

    @property
    def top(self) -> Area:
        """The area that contains all others."""
        return self.areas[0]

    def population_spread(self, level: str) -> dict[AreaPath, float]:
        """
        Return a population for every area of a level, for models that need a number everywhere.

        An area whose population is known keeps it. What is left of its parent's is shared equally among the
        areas of the level in it whose population is unknown (functional districts lie within counties already
        counted and get nothing). A recorded method, not a fact: never written into the areas.

        >>> spread = read_pack("guangdong").population_spread("county")
        >>> spread["44.4401.440103."]
        1238305.0
        """
        known = {area.path: area.population for area in self.areas}
        members = [area for area in self.areas if area.level == level and not area.functional]
        spread: dict[AreaPath, float] = {}
        for area in members:
            if area.population is not None:
                spread[area.path] = float(area.population)
                continue
            siblings = [other for other in members if other.parent == area.parent]
            whole = known.get(area.parent) if area.parent else None
            if whole is None:
                continue
            left = whole - sum(other.population or 0 for other in siblings)
            unknown = sum(1 for other in siblings if other.population is None)
            spread[area.path] = max(0.0, left / unknown)
        return spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place outside the province to which people travel: who lives there, and where it is (degrees)."""

    key: str
    name_zh: str
    name_en: str
    population: int
    longitude: float
    latitude: float


@cache
def read_destinations(name: str = "china") -> tuple[Destination, ...]:
    """
    Return the destinations outside a province that come with Yipan.

    >>> [place.name_en for place in read_destinations()[:2]]
    ['Beijing', 'Shanghai']
    """
    file = resources.files("yipan.packs") / "destinations" / f"{name}.csv"
    text = file.read_text(encoding="utf-8")
    return tuple(
            Destination(
                key=row["key"], name_zh=row["name_zh"], name_en=row["name_en"],
                population=int(row["population"]), longitude=float(row["longitude"]),
                latitude=float(row["latitude"]),
            )
            for row in csv.DictReader(text.splitlines())
        )  # fmt: skip


def read_pack(name_or_folder: str | Path) -> Pack:
    """
    Read a pack by the name of one that comes with Yipan or by the folder of one's own, checked whole.

    Raises PackError naming file, row, column and value.

    >>> read_pack("guangdong").top.name_en
    'Guangdong'
    """
    folder: Traversable
    if isinstance(name_or_folder, Path):
        folder = name_or_folder
    else:
        folder = resources.files("yipan.packs") / name_or_folder
    if not folder.is_dir() or not (folder / "pack.yaml").is_file():
        raise PackError(
            f"there is no pack {name_or_folder}: expected a folder with pack.yaml and areas.csv"
        )
    about = read_yaml((folder / "pack.yaml").read_text(encoding="utf-8"))
    needed = {
        "name_zh",
        "name_en",
        "time_zone",
        "disease",
        "boundaries_schematic",
        "published_hour",
        "levels",
    }
    if not isinstance(about, dict) or set(about) != needed:
        given = set(about) if isinstance(about, dict) else set()
        raise PackError(
            f"{name_or_folder}/pack.yaml: missing {sorted(needed - given)}, unknown {sorted(given - needed)}"
        )
    levels = tuple(AreaLevel(**level) for level in about["levels"])
    areas = _areas(folder / "areas.csv", levels)
    paths = {area.path for area in areas}
    zone = ZoneInfo(about["time_zone"])
    return Pack(
        key=str(name_or_folder),
        name_zh=about["name_zh"],
        name_en=about["name_en"],
        time_zone=zone,
        levels=levels,
        areas=areas,
        boundaries=_boundaries(folder / "boundaries.geojson", paths),
        boundaries_schematic=bool(about["boundaries_schematic"]),
        bulletins=_bulletins(
            folder / "bulletins.csv", paths, about["disease"], zone, int(about["published_hour"])
        ),
    )


def read_calendar(name_or_file: str | Path = "china") -> WorkCalendar:
    """
    Return a calendar by the name of one that comes with Yipan or from one's own table, checked whole.

    The years covered are those with at least one holiday. Raises PackError naming file, row and value.

    >>> read_calendar("china").is_working(date(2022, 10, 8))
    True
    """
    if isinstance(name_or_file, Path):
        return _calendar(name_or_file, str(name_or_file))
    return _bundled_calendar(name_or_file)


@cache
def _bundled_calendar(name: str) -> WorkCalendar:
    """Read a calendar that comes with Yipan once; what comes of it is immutable."""
    return _calendar(resources.files("yipan.packs") / "calendars" / f"{name}.csv", name)


def _calendar(file: Traversable, key: str) -> WorkCalendar:
    days: dict[str, list[date]] = {"holiday": [], "working_day": [], "new_year": []}
    for row, entry in _rows(file, CALENDAR_COLUMNS):
        where = f"{file.name} row {row}"
        if entry["kind"] not in days:
            raise PackError(f"{where}: kind {entry['kind']!r}; expected one of {sorted(days)}")
        try:
            days[entry["kind"]].append(date.fromisoformat(entry["day"]))
        except ValueError as wrong:
            raise PackError(f"{where}: {wrong}") from None
    if not days["holiday"]:
        raise PackError(f"{file.name}: a calendar needs at least one holiday")
    try:
        return WorkCalendar(
            key=key,
            since=date(min(days["holiday"]).year, 1, 1),
            until=date(max(days["holiday"]).year + 1, 1, 1),
            holidays=frozenset(days["holiday"]),
            working_days=frozenset(days["working_day"]),
            new_years=tuple(sorted(days["new_year"])),
        )
    except ValueError as wrong:
        raise PackError(f"{file.name}: {wrong}") from None


def _areas(file: Traversable, levels: tuple[AreaLevel, ...]) -> tuple[Area, ...]:
    known_levels = {level.key for level in levels}
    areas: dict[AreaPath, Area] = {}
    for row, entry in _rows(file, AREA_COLUMNS):
        where = f"{file.name} row {row}"
        if entry["level"] not in known_levels:
            raise PackError(
                f"{where}: level {entry['level']!r} is not one of {sorted(known_levels)}"
            )
        if entry["population"] and not entry["population"].isdecimal():
            raise PackError(
                f"{where}: population {entry['population']!r}; expected a whole number or nothing"
            )
        try:
            area = Area(
                path=area_path(entry["path"]), level=entry["level"], name_zh=entry["name_zh"],
                name_en=entry["name_en"], code=entry["code"] or None,
                within_code=entry["within_code"] or None,
                population=int(entry["population"]) if entry["population"] else None,
                source=entry["source"], functional=entry["functional"] == "yes",
            )  # fmt: skip
        except ValueError as wrong:
            raise PackError(f"{where}: {wrong}") from None
        if area.path in areas:
            raise PackError(f"{where}: path {area.path} was given before")
        if area.parent is not None and area.parent not in areas:
            raise PackError(
                f"{where}: {area.path} lies in {area.parent}, which stands in no row before it"
            )
        areas[area.path] = area
    if not areas or depth_of(next(iter(areas))) != 1:
        raise PackError(f"{file.name}: the first row must be the top area")
    return tuple(areas.values())


def _boundaries(file: Traversable, paths: set[AreaPath]) -> dict[AreaPath, Mapping[str, Any]]:
    if not file.is_file():
        return {}
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
    except (ValueError, KeyError, TypeError) as wrong:
        raise PackError(f"{file.name} is not a GeoJSON feature collection: {wrong}") from None
    found: dict[AreaPath, Mapping[str, Any]] = {}
    for number, feature in enumerate(features):
        if feature.get("id") not in paths:
            raise PackError(
                f"{file.name} feature {number}: {feature.get('id')!r} is no area of this pack"
            )
        found[feature["id"]] = feature["geometry"]
    return found


def _bulletins(
    file: Traversable, paths: set[AreaPath], disease: str, zone: ZoneInfo, hour: int
) -> tuple[Bulletin, ...]:
    if not file.is_file():
        return ()
    found: dict[tuple[str, str, str], Bulletin] = {}
    for row, entry in _rows(file, BULLETIN_COLUMNS):
        where = f"{file.name} row {row}"
        if entry["area"] not in paths:
            raise PackError(f"{where}: area {entry['area']!r} is no area of this pack")
        if entry["status"] not in {"observed", "missing"}:
            raise PackError(f"{where}: status {entry['status']!r}; expected observed or missing")
        if (entry["status"] == "observed") is not entry["value"].isdecimal():
            raise PackError(
                f"{where}: value {entry['value']!r} is {entry['status']}; expected a whole number if observed"
            )
        key = (entry["day"], entry["area"], entry["counted"])
        if key in found:
            raise PackError(f"{where}: {' '.join(key)} was given before")
        try:
            day = date.fromisoformat(entry["day"])
            stream = Stream(disease=disease, counted=Counted(entry["counted"]))
        except ValueError as wrong:
            raise PackError(f"{where}: {wrong}") from None
        found[key] = Bulletin(
            day=day, area=AreaPath(entry["area"]), stream=stream,
            value=int(entry["value"]) if entry["status"] == "observed" else None,
            published=datetime.combine(day + timedelta(days=1), time(hour), tzinfo=zone),
            source=entry["source"],
        )  # fmt: skip
    return tuple(found.values())


def _rows(file: Traversable, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError) as wrong:
        raise PackError(f"{file.name}: {wrong}") from None
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != columns:
        raise PackError(f"{file.name}: columns are {reader.fieldnames}; expected {list(columns)}")
    for row, entry in enumerate(reader, start=2):
        if None in entry or None in entry.values():
            raise PackError(f"{file.name} row {row}: expected {len(columns)} cells")
        yield row, entry
