"""Facts for the simulator: how a province's residents live, and what a pathogen does, each number with its source."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from yipan.packs import Pack, PackError
from yipan.packs.yaml_text import read_yaml

Value = float | tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number or one number for each age band, with its interval where the source gives one, and its source."""

    value: Value
    low: float | None = None
    high: float | None = None
    source: str = ""
    assumption: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if not self.source and not self.assumption:
            raise ValueError("has neither a source nor the mark of an assumption")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathogenFacts:
    """A pathogen's numbers by name, those of its vaccine apart, and the texts they rest on."""

    key: str
    name_zh: str
    name_en: str
    numbers: Mapping[str, Fact]
    vaccine: Mapping[str, Fact]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyFacts:
    """A county as the simulator needs it: residents, its towns with their communities, its seat in degrees."""

    key: str
    city: str
    residents: int
    towns: tuple[tuple[str, int], ...]
    homes: str
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationFacts:
    """A province's population pack: counties, classes of homes and the other numbers by name."""

    name: str
    residents: int
    counties: tuple[CountyFacts, ...]
    homes: Mapping[str, Mapping[str, Fact]]
    numbers: Mapping[str, Fact]
    travel: tuple[float, float]
    sources: Mapping[str, str]


def pathogens() -> tuple[str, ...]:
    """
    Return the keys of the pathogens that come with Yipan.

    >>> pathogens()
    ('covid-ba5', 'covid-delta', 'influenza', 'measles')
    """
    folder = resources.files("yipan.packs") / "pathogens"
    return tuple(
        sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
    )


def read_pathogen(name_or_file: str | Path) -> PathogenFacts:
    """
    Read a pathogen by the name of one that comes with Yipan or from a file of one's own.

    Raises PackError naming file, entry, value and what was expected.

    >>> read_pathogen("covid-ba5").numbers["generation_days"].value
    3.0
    """
    file: Traversable
    if isinstance(name_or_file, Path):
        file = name_or_file
    else:
        file = resources.files("yipan.packs") / "pathogens" / f"{name_or_file}.yaml"
        if name_or_file not in pathogens():
            raise PackError(
                f"there is no pathogen {name_or_file!r}; expected one of {', '.join(pathogens())}"
            )
    about = mapping_of(file)
    check_entries(
        file.name, about, {"name_zh", "name_en", "sources", "numbers"}, frozenset({"vaccine"})
    )
    sources = texts_of(file.name, about["sources"])
    return PathogenFacts(
        key=file.name.removesuffix(".yaml"),
        name_zh=str(about["name_zh"]),
        name_en=str(about["name_en"]),
        numbers=facts_of(f"{file.name} numbers", about["numbers"], sources),
        vaccine=facts_of(f"{file.name} vaccine", about.get("vaccine") or {}, sources),
        sources=sources,
    )


def read_population(pack: Pack) -> PopulationFacts:
    """
    Read the population of a province: its pack's areas and the folder `population` beside them.

    Residents of a county the census figures name are taken; what is left of its city's is shared equally among those
    without a figure. What functional districts hold beside all coded counties (at most 5 % of a city) is shared by
    residents. Counties add up to their cities and the cities to the province, or PackError says where not.

    >>> from yipan.packs import read_pack
    >>> len(read_population(read_pack("guangdong")).counties)
    124
    """
    folder: Traversable
    own = Path(pack.key)
    folder = own if own.is_dir() else resources.files("yipan.packs") / pack.key
    folder = folder / "population"
    if not folder.is_dir():
        raise PackError(
            f"pack {pack.key} has no folder population; the simulator needs population.yaml"
        )
    about = mapping_of(folder / "population.yaml")
    check_entries(
        "population.yaml", about,
        {"sources", "homes", "employed", "schooled", "work_group", "school_group", "commuting", "travel"},
    )  # fmt: skip
    sources = texts_of("population.yaml", about["sources"])
    homes: dict[str, Mapping[str, Fact]] = {}
    by_city: dict[str, str] = {}
    default = ""
    for entry in about["homes"]:
        key = str(entry.get("key"))
        for city in entry.get("cities", ()):
            by_city[str(city)] = key
        if "cities" not in entry:
            default = key
        homes[key] = facts_of(
            f"population.yaml homes {key}",
            {name: fact for name, fact in entry.items() if name not in {"key", "cities"}},
            sources,
        )
    numbers = facts_of(
        "population.yaml",
        {name: about[name] for name in ("employed", "schooled", "work_group", "school_group")}
        | {f"commuting.{name}": fact for name, fact in about["commuting"].items()},
        sources,
    )
    counties = _counties(pack, folder, by_city, default)
    return PopulationFacts(
        name=pack.name_en,
        residents=sum(county.residents for county in counties),
        counties=counties,
        homes=homes,
        numbers=numbers,
        travel=(
            float(about["travel"]["population_exponent"]),
            float(about["travel"]["distance_exponent"]),
        ),
        sources=sources,
    )


def _counties(
    pack: Pack, folder: Traversable, by_city: Mapping[str, str], default: str
) -> tuple[CountyFacts, ...]:
    known = {str(area.path): area.level for area in pack.areas}
    communities = _communities(folder / "towns.csv", known)
    seats = _seats(folder / "seats.csv", known)
    spread = pack.population_spread("county")
    cities = [area for area in pack.areas if area.level == "city"]
    found: list[CountyFacts] = []
    for city in cities:
        if city.population is None:
            raise PackError(f"areas.csv: the city {city.path} has no population")
        members = [
            area
            for area in pack.areas
            if area.level == "county" and not area.functional and area.parent == city.path
        ] or [city]
        sizes = [float(city.population) if area is city else spread[area.path] for area in members]
        if not 0 <= city.population - sum(sizes) + len(sizes) <= 0.05 * city.population:
            raise PackError(
                f"areas.csv: the counties of {city.path} hold {sum(sizes):.0f} residents together, "
                f"the city {city.population}"
            )
        sizes = [size * city.population / sum(sizes) for size in sizes]
        whole = [math.floor(size) for size in sizes]
        whole[-1] += city.population - sum(whole)
        for area, residents in zip(members, whole, strict=True):
            towns = tuple(
                (str(town.path), communities[town.path])
                for town in pack.areas
                if town.level == "town" and town.parent == area.path and town.path in communities
            )
            if not towns:
                raise PackError(f"towns.csv: no town of {area.path} is in it")
            if area.path not in seats:
                raise PackError(f"seats.csv: the seat of {area.path} is missing")
            found.append(
                CountyFacts(
                    key=str(area.path), city=str(city.path), residents=residents, towns=towns,
                    homes=by_city.get(str(city.path), default),
                    longitude=seats[area.path][0], latitude=seats[area.path][1],
                )
            )  # fmt: skip
    total = sum(city.population or 0 for city in cities)
    if pack.top.population is not None and total != pack.top.population:
        raise PackError(
            f"areas.csv: the cities hold {total} residents together, the province {pack.top.population}"
        )
    return tuple(found)


def _communities(file: Traversable, known: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row, entry in _table(file, ("town", "communities")):
        if known.get(entry["town"]) != "town":
            raise PackError(f"towns.csv row {row}: {entry['town']!r} is no town of this pack")
        if entry["town"] in found:
            raise PackError(f"towns.csv row {row}: {entry['town']} was given before")
        if not entry["communities"].isdecimal() or int(entry["communities"]) < 1:
            raise PackError(
                f"towns.csv row {row}: communities {entry['communities']!r}; expected 1 or more"
            )
        found[entry["town"]] = int(entry["communities"])
    return found


def _seats(file: Traversable, known: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for row, entry in _table(file, ("county", "longitude", "latitude")):
        if entry["county"] not in known:
            raise PackError(f"seats.csv row {row}: {entry['county']!r} is no area of this pack")
        try:
            found[entry["county"]] = (float(entry["longitude"]), float(entry["latitude"]))
        except ValueError:
            raise PackError(
                f"seats.csv row {row}: {entry['longitude']}, {entry['latitude']} are no degrees"
            ) from None
    return found


def mapping_of(file: Traversable) -> dict[str, Any]:
    """Return the named entries of a YAML file, or raise PackError naming it."""
    try:
        about = read_yaml(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, FileNotFoundError, yaml.YAMLError) as wrong:
        raise PackError(f"{file.name}: {wrong}") from None
    if not isinstance(about, dict):
        raise PackError(f"{file.name}: expected named entries, found {type(about).__name__}")
    return about


def check_entries(
    where: str, about: Mapping[str, Any], needed: set[str], more: frozenset[str] = frozenset()
) -> None:
    """Raise PackError unless a part of a file holds the entries needed and no others but `more`."""
    if not needed <= set(about) <= needed | more:
        raise PackError(
            f"{where}: missing {sorted(needed - set(about))}, unknown {sorted(set(about) - needed - more)}"
        )


def texts_of(where: str, given: Any) -> dict[str, str]:
    """Return sources as texts by name, or raise PackError."""
    if not isinstance(given, dict):
        raise PackError(f"{where}: sources must be names with texts")
    return {str(key): str(text) for key, text in given.items()}


def facts_of(where: str, given: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, Fact]:
    """Return named numbers with their sources, or raise PackError naming the entry and what was expected."""
    found: dict[str, Fact] = {}
    for name, entry in given.items():
        if not isinstance(entry, dict) or "value" not in entry:
            raise PackError(f"{where}: {name} is {entry!r}; expected a value with its source")
        unknown = set(entry) - {"value", "low", "high", "source", "assumption", "note"}
        if unknown:
            raise PackError(f"{where}: {name} has unknown parts {sorted(unknown)}")
        value = entry["value"]
        try:
            read: Value = (
                tuple(float(part) for part in value) if isinstance(value, list) else float(value)
            )
            fact = Fact(
                value=read, low=entry.get("low"), high=entry.get("high"),
                source=str(entry.get("source", "")), assumption=bool(entry.get("assumption", False)),
                note=str(entry.get("note", "")),
            )  # fmt: skip
        except (TypeError, ValueError) as wrong:
            raise PackError(f"{where}: {name} {wrong}") from None
        if fact.source and fact.source not in sources:
            raise PackError(f"{where}: {name} rests on source {fact.source!r}, which is not listed")
        if (
            fact.low is not None
            and fact.high is not None
            and isinstance(read, float)
            and not fact.low <= read <= fact.high
        ):
            raise PackError(
                f"{where}: {name} is {read}, outside its own interval {fact.low} to {fact.high}"
            )
        found[name] = fact
    return found


def _table(file: Traversable, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    except (UnicodeDecodeError, FileNotFoundError) as wrong:
        raise PackError(f"{file.name}: {wrong}") from None
    if tuple(reader.fieldnames or ()) != columns:
        raise PackError(f"{file.name}: columns are {reader.fieldnames}; expected {list(columns)}")
    rows = []
    for row, entry in enumerate(reader, start=2):
        if None in entry or None in entry.values():
            raise PackError(f"{file.name} row {row}: expected {len(columns)} cells")
        rows.append((row, entry))
    return rows
