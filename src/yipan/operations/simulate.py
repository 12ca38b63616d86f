"""What would happen: the province simulated under strategies, from a start of one's own or from the record."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from functools import cache
from itertools import repeat
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import numpy as np
import yaml
from numpy.typing import NDArray

from yipan.analytics import simulate
from yipan.analytics.spread.movement import GravityFit, distances_km, gravity_movement
from yipan.model import AreaPath, check_area
from yipan.operations import figures
from yipan.packs import Pack, PackError, read_pack
from yipan.packs.population import Fact, PathogenFacts, read_pathogen, read_population
from yipan.packs.yaml_text import read_yaml
from yipan.protocol import Protocols, Rulebook, protocols
from yipan.store import Record

DESK = "simulate"
DAYS = 60
REPLICATES = 100
WHAT_IF_LEAD_DAYS = 14
MOST_INFECTIONS = 1_000_000
WORK_LIMIT = 3_000_000
MOST_THREADS = 4
"""Strategies run side by side in one process; each may need half a gigabyte once it has a million infections."""
DISEASE = "covid-19"


@cache
def province(pack_key: str) -> simulate.Province:
    """
    Return the simulated population of a pack, laid out once a process.

    Raises PackError or PackDoesNotAddUp naming the place and both figures where the facts contradict each other.
    """
    return lay_out(read_pack(pack_key))


def lay_out(pack: Pack) -> simulate.Province:
    """Return the simulated population of a pack that was read."""
    facts = read_population(pack)
    homes = tuple(
        simulate.Homes(
            key=key,
            household_sizes=simulate.household_sizes(_number(one["household_mean"])),
            dormitory_share=_number(one["dormitory_share"]),
            room_sizes=simulate.household_sizes(_number(one["room_mean"])),
            ages=_numbers(one["ages"]),
            dormitory_ages=_numbers(one["dormitory_ages"]),
        )
        for key, one in facts.homes.items()
    )
    counties = tuple(
        simulate.County(
            key=one.key, city=one.city, residents=one.residents, homes=one.homes,
            towns=tuple(simulate.Town(key=key, communities=count) for key, count in one.towns),
            longitude=one.longitude, latitude=one.latitude,
        )
        for one in facts.counties
    )  # fmt: skip
    cities = list(dict.fromkeys(one.city for one in counties))
    people = np.array([sum(c.residents for c in counties if c.city == city) for city in cities])
    middle = np.array(
        [
            np.average(
                [(c.longitude, c.latitude) for c in counties if c.city == city], axis=0,
                weights=[c.residents for c in counties if c.city == city],
            )
            for city in cities
        ]
    )  # fmt: skip
    law = GravityFit(
        population_exponent=facts.travel[0], population_band=(facts.travel[0],) * 2,
        distance_exponent=facts.travel[1], distance_band=(facts.travel[1],) * 2,
    )  # fmt: skip
    travel = (
        gravity_movement(
            cities, cities, destination_population=people,
            km=distances_km(middle, middle), departures=1.0, departure_band=(1.0, 1.0), fit=law,
        ).shares
        if len(cities) > 1
        else np.zeros((1, 1))
    )  # fmt: skip
    return simulate.lay_out(
        simulate.ProvinceFacts(
            name=facts.name, residents=facts.residents, counties=counties, homes=homes,
            commuting=simulate.commuting_by_gravity(
                counties, leaving=_number(facts.numbers["commuting.leaving"]),
                decay_km=_number(facts.numbers["commuting.decay_km"]),
            ),
            travel=np.asarray(travel), employed=_numbers(facts.numbers["employed"]),
            schooled=_numbers(facts.numbers["schooled"]),
            work_group=int(_number(facts.numbers["work_group"])),
            school_group=int(_number(facts.numbers["school_group"])),
        )
    )  # fmt: skip


def pathogen(
    name_or_file: str | Path, *, reproduction_number: float | None = None
) -> simulate.Pathogen:
    """Return a pathogen of the packs as the simulator takes it, with another reproduction number where one is given."""
    found = pathogen_of(read_pathogen(name_or_file))
    return (
        found
        if reproduction_number is None
        else replace(found, reproduction_number=reproduction_number)
    )


def pathogen_of(facts: PathogenFacts) -> simulate.Pathogen:
    """Return a pathogen from its facts; PackError names a number that is missing or unknown."""
    known = {one.name for one in fields(simulate.Pathogen)} - {
        "key", "name_zh", "name_en", "vaccine",
    }  # fmt: skip
    optional = {"susceptibility", "outside", "reach", "contacts_per_day"}
    given = set(facts.numbers)
    if not known - optional <= given <= known:
        raise PackError(
            f"{facts.key}.yaml: missing {sorted(known - optional - given)}, unknown {sorted(given - known)}"
        )
    numbers: dict[str, Any] = {name: fact.value for name, fact in facts.numbers.items()}
    vaccine: dict[str, Any] = {name: fact.value for name, fact in facts.vaccine.items()}
    return simulate.Pathogen(
        key=facts.key, name_zh=facts.name_zh, name_en=facts.name_en,
        vaccine=simulate.Vaccine(**vaccine), **numbers,
    )  # fmt: skip


def _number(fact: Fact) -> float:
    if isinstance(fact.value, tuple):
        raise PackError(f"{fact.value} is a list where one number is expected")
    return fact.value


def _numbers(fact: Fact) -> tuple[float, ...]:
    if not isinstance(fact.value, tuple):
        raise PackError(f"{fact.value} is one number where a list by age is expected")
    return fact.value


def zone_rules(
    books: Protocols, *, first_day: date, days: int, time_zone: ZoneInfo, disease: str = DISEASE
) -> tuple[simulate.ZoneRule, ...]:
    """
    Return the rules of zones in force over a run, each from the day it takes effect, as numbers of the rulebooks.

    Versions without classes of zones end the list: from there on none are drawn by rule.
    """
    found: list[simulate.ZoneRule] = []
    for moment, from_day in _moments(
        books, first_day=first_day, days=days, time_zone=time_zone, disease=disease
    ):
        rule = zone_rule(books.at(moment, disease=disease), from_day=from_day)
        if rule is not None and (not found or found[-1].from_day < rule.from_day):
            found.append(rule)
    return tuple(found)


def _moments(
    books: Protocols, *, first_day: date, days: int, time_zone: ZoneInfo, disease: str
) -> list[tuple[datetime, int]]:
    """The start of a run and the instants within it at which a national version takes effect, with their days."""
    start = datetime.combine(first_day, datetime.min.time(), tzinfo=time_zone)
    until = start + timedelta(days=days)
    later = sorted(
        one.effective
        for one in books.versions.values()
        if one.disease == disease and one.layer == "nation" and start < one.effective < until
    )
    return [(moment, max(0, (moment - start).days)) for moment in (start, *later)]


_EXTENTS = {
    "household": simulate.Extent.BUILDING, "floor": simulate.Extent.BUILDING, "unit": simulate.Extent.BUILDING,
    "building": simulate.Extent.BUILDING, "compound": simulate.Extent.COMPOUND, "village": simulate.Extent.COMPOUND,
}  # fmt: skip


def zone_rule(book: Rulebook, *, from_day: int = 0) -> simulate.ZoneRule | None:
    """
    Return a rulebook's zones as the simulator takes them; None where the book has no high zones.

    A zone reaches as far as the first unit the book names; a medium zone, where there is one, over the community.
    """
    if not book.has("zone.high.quiet_days"):
        return None
    units = book.get("zone.units") or ("compound",)
    medium = book.has("zone.medium.quiet_days")
    return simulate.ZoneRule(
        from_day=from_day,
        high_quiet_days=book.value("zone.high.quiet_days"),
        high_closing_round=book.has("zone.high.closing_round_hours"),
        high_to_medium=book.value("zone.high.to") == "medium",
        after_high_quiet_days=book.get("zone.medium_after_high.quiet_days"),
        medium_quiet_days=book.get("zone.medium.quiet_days"),
        medium_closing_round=book.has("zone.medium.closing_round_hours"),
        high_extent=_EXTENTS.get(str(units[0]), simulate.Extent.COMPOUND),
        medium_extent=simulate.Extent.COMMUNITY if medium else None,
    )


def strategies_by_date(
    books: Protocols, *, first_day: date, days: int, time_zone: ZoneInfo, disease: str = DISEASE
) -> tuple[simulate.Strategy, ...]:
    """Return the standard strategies with the zones and the quarantine of the versions in force over a run."""
    span: dict[str, Any] = {
        "first_day": first_day, "days": days, "time_zone": time_zone, "disease": disease,
    }  # fmt: skip
    return standard_strategies(zone_rules(books, **span), quarantine_rules(books, **span))


def quarantine_rules(
    books: Protocols, *, first_day: date, days: int, time_zone: ZoneInfo, disease: str = DISEASE
) -> tuple[simulate.Quarantine, ...]:
    """
    Return the versions of contacts' quarantine in force over a run, each from the day it takes effect.

    Empty where no version says how contacts are kept. A version that no longer does ends the list.
    """
    found: list[simulate.Quarantine] = []
    for moment, from_day in _moments(
        books, first_day=first_day, days=days, time_zone=time_zone, disease=disease
    ):
        one = quarantine_rule(books.at(moment, disease=disease), from_day=from_day if found else 0)
        if one is not None and (not found or found[-1].from_day < one.from_day):
            found.append(one)
    return tuple(found)


def quarantine_rule(book: Rulebook, *, from_day: int = 0) -> simulate.Quarantine | None:
    """
    Return a rulebook's quarantine of contacts as the simulator takes it; None where contacts are not kept.

    Central isolation is in a room; home isolation, and monitoring at home during which one may not go out, are at home.
    Monitoring without a word on going out keeps nobody. Contacts of contacts are kept as the book says, or not at all.
    """
    room, home, tests = _phases_of(book, "person.close_contact")
    if room + home == 0:
        return None
    second_room, second_home, _ = _phases_of(book, "person.contact_of_contact")
    return simulate.Quarantine(
        from_day=from_day, room_days=room, home_days=home, second_room_days=second_room,
        second_home_days=second_home, test_days=tests,
    )  # fmt: skip


def _phases_of(book: Rulebook, key: str) -> tuple[int, int, tuple[int, ...]]:
    """Days in a room and at home of a role's phases in a rulebook, and its tests counted through both."""
    room = home = 0
    tests: list[int] = []
    for phase in book.value(key) if book.has(key) else ():
        kept_home = phase["name"] == "home_isolation" or str(
            phase.get("may_go_out", "")
        ).startswith("false")
        if phase["name"] != "central_isolation" and not kept_home:
            continue
        tests += [room + home + int(day) for day in phase.get("tests", ())]
        if phase["name"] == "central_isolation":
            room += int(phase["days"])
        else:
            home += int(phase["days"])
    return room, home, tuple(tests)


def tracing_by(
    quarantine: Sequence[simulate.Quarantine] = (), *, delay_days: int = 1
) -> simulate.Tracing:
    """
    Return tracing that keeps contacts as versions say, the simulator's own where none is given.

    Contacts of contacts are kept where a version says for how long.

    >>> tracing_by([simulate.Quarantine(second_home_days=7)]).second_ring
    True
    """
    kept = tuple(quarantine) or simulate.Tracing().quarantine
    ring = any(one.second_room_days + one.second_home_days > 0 for one in kept)
    return simulate.Tracing(delay_days=delay_days, quarantine=kept, second_ring=ring)


def standard_strategies(
    rules: Sequence[simulate.ZoneRule], quarantine: Sequence[simulate.Quarantine] = ()
) -> tuple[simulate.Strategy, ...]:
    """
    Return the strategies offered where none were written: from doing little to over-enlarged zones.

    The last draws zones by whole towns, which the protocol forbids; it is there so that its cost shows.
    """
    tracing = tracing_by(quarantine)
    rules = tuple(rules) or (simulate.ZoneRule(),)
    wide = tuple(
        replace(
            rule, high_extent=simulate.Extent.TOWN,
            medium_extent=None if rule.medium_extent is None else simulate.Extent.COUNTY,
        )
        for rule in rules
    )  # fmt: skip
    small = tuple(replace(rule, high_extent=simulate.Extent.BUILDING) for rule in rules)
    screen = simulate.Screening(every_days=1)
    town = simulate.Screening(extent=simulate.Extent.TOWN, every_days=1, window_days=3)
    return (
        simulate.Strategy(
            name="protocol", name_zh="按方案", zoning=simulate.Zoning(rules=rules), screenings=(screen, town),
            tracing=tracing,
        ),
        simulate.Strategy(name="find and isolate", name_zh="仅发现与隔离病例"),
        simulate.Strategy(name="trace", name_zh="流调与隔离", tracing=tracing),
        simulate.Strategy(
            name="buildings", name_zh="按楼栋划定", zoning=simulate.Zoning(rules=small), screenings=(screen, town),
            tracing=tracing,
        ),
        simulate.Strategy(
            name="late", name_zh="迟两天", zoning=simulate.Zoning(rules=rules, delay_days=3),
            screenings=(replace(screen, turnaround_days=2), replace(town, turnaround_days=2)),
            tracing=replace(tracing, delay_days=3),
        ),
        simulate.Strategy(
            name="whole towns", name_zh="层层加码（整镇封控）", zoning=simulate.Zoning(rules=wide),
            screenings=(screen, town), tracing=tracing,
        ),
    )  # fmt: skip


def read_strategies(file: Path) -> tuple[simulate.Strategy, ...]:
    """
    Read strategies from a YAML list of one's own, checked whole.

    Each entry has the names of `simulate.Strategy` and its parts. Raises PackError naming file, strategy and entry.
    """
    try:
        given = read_yaml(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as wrong:
        raise PackError(f"{file.name}: {wrong}") from None
    if not isinstance(given, list) or not given:
        raise PackError(f"{file.name}: expected a list of strategies")
    found = []
    for number, entry in enumerate(given, start=1):
        where = f"{file.name} strategy {number}"
        try:
            found.append(_built(simulate.Strategy, entry, where))
        except (simulate.RateOutOfRange, simulate.StrategyContradictsItself) as wrong:
            raise type(wrong)(f"{where}: {wrong}") from None
    names = [one.name for one in found]
    if len(set(names)) != len(names):
        raise PackError(f"{file.name}: a strategy's name stands twice among {names}")
    return tuple(found)


def _built(kind: Any, given: Any, where: str) -> Any:
    if isinstance(given, str) and isinstance(kind, type) and issubclass(kind, IntEnum):
        if given.upper() not in kind.__members__:
            raise PackError(
                f"{where}: {given!r}; expected one of {[name.lower() for name in kind.__members__]}"
            )
        return kind[given.upper()]
    if isinstance(kind, type) and is_dataclass(kind):
        return _noun(kind, given, where)
    if get_origin(kind) in {Union, UnionType}:
        if given is None:
            return None
        return _built(next(one for one in get_args(kind) if one is not type(None)), given, where)
    if get_origin(kind) is tuple:
        if not isinstance(given, list):
            raise PackError(f"{where}: {given!r}; expected a list")
        parts = get_args(kind)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_built(parts[0], one, f"{where} {i}") for i, one in enumerate(given, 1))
        if len(given) != len(parts):
            raise PackError(f"{where}: {given!r}; expected {len(parts)} entries")
        return tuple(_built(part, one, where) for part, one in zip(parts, given, strict=True))
    return _plain(kind, given, where)


def _noun(kind: Any, given: Any, where: str) -> Any:
    if not isinstance(given, dict):
        raise PackError(f"{where}: {given!r}; expected named entries")
    hints = get_type_hints(kind)
    unknown = set(given) - set(hints)
    if unknown:
        raise PackError(f"{where}: unknown entries {sorted(unknown)}; known are {sorted(hints)}")
    values = {name: _built(hints[name], value, f"{where} {name}") for name, value in given.items()}
    try:
        return kind(**values)
    except TypeError as wrong:
        raise PackError(f"{where}: {wrong}") from None


def _plain(kind: Any, given: Any, where: str) -> Any:
    if kind is bool:
        if not isinstance(given, bool):
            raise PackError(f"{where}: {given!r}; expected true or false")
        return given
    if kind in {int, float}:
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise PackError(f"{where}: {given!r}; expected a number")
        if kind is int and given != int(given):
            raise PackError(f"{where}: {given!r}; expected a whole number")
        return kind(given)
    return str(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The answer to one strategy: the rates derived, and what the replicates gave."""

    pathogen: str
    residents: int
    rates: simulate.Rates
    result: simulate.StrategyResult


def seeds_at(
    places: Iterable[tuple[str, int]], where: simulate.Province, *, day: int = 0
) -> tuple[simulate.Seed, ...]:
    """Return infections at the start by county: `("44.4401.440105.", 20)`; a city spreads them by residents."""
    found: list[simulate.Seed] = []
    for place, count in places:
        if count < 0:
            raise ValueError(f"{count} infections in {place}; expected 0 or more")
        found += [simulate.Seed(day=day, county=key) for key in _spread(place, count, where)]
    return tuple(found)


def _spread(place: str, count: int, where: simulate.Province) -> list[str]:
    """Return the counties of `count` infections in a place: itself, or by residents among those under it."""
    inside = [
        (county.key, county.residents)
        for county in where.facts.counties
        if county.key.startswith(place)
    ]
    if not inside:
        inside = [
            (county.key, county.residents)
            for county in where.facts.counties
            if place.startswith(county.key)
        ]
    if not inside:
        raise LookupError(
            f"{place!r} is no place of {where.facts.name}; expected a path like 44.4401.440105."
        )
    total = sum(size for _, size in inside)
    given: list[str] = []
    carried = 0.0
    for key, size in inside:
        carried += count * size / total
        while len(given) < round(carried) and len(given) < count:
            given.append(key)
    return given + [inside[-1][0]] * (count - len(given))


Told = Callable[[int], None]


def results(
    where: simulate.Province,
    strategies: Sequence[simulate.Strategy],
    start: Callable[[int], Sequence[simulate.Seed]],
    *,
    pathogen: simulate.Pathogen,
    days: int,
    replicates: int,
    seed: int,
    threads: int = 1,
    rates: simulate.Rates | None = None,
) -> Iterator[simulate.StrategyResult]:
    """Yield the result of each strategy as it is done."""
    for strategy in strategies:
        yield simulate.result_of(
            strategy,
            list(
                simulate.replicates(
                    where, pathogen, strategy, start, days=days, count=replicates, seed=seed,
                    rates=rates, threads=threads,
                )
            ),
        )  # fmt: skip


def compare(
    where: simulate.Province,
    found: Sequence[simulate.StrategyResult],
    *,
    days: int,
    seed: int,
) -> simulate.Comparison:
    """Put the results of strategies beside each other; the first is the one the others are measured against."""
    return simulate.compare(found, days=days, seed=seed, counties=where.counties)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """
    The present run forward: what was known, the R taken, the strategies compared.

    The first `lead_days` days from `first_day` are past. `ended_early` counts runs that reached the limit of infections.
    """

    area: AreaPath
    at: datetime
    first_day: date
    known_cases: int
    lead_days: int
    reproduction_number: float
    growth_per_day: float
    asked_replicates: int
    ended_early: int
    comparison: simulate.Comparison


def known_cases(
    record: Record, *, area: AreaPath, until: date, lead_days: int, where: simulate.Province
) -> tuple[simulate.KnownCase, ...]:
    """
    Return the infections the record knows of in the last days, by county and day of report; no names, no numbers.

    Published counts by city are spread over its counties by residents.
    """
    since = until - timedelta(days=lead_days)
    daily = figures.daily(
        record, figures.Figure.INFECTIONS, under=area, since=since, until=until
    ).values
    places = {place for place, _ in daily}
    found: list[simulate.KnownCase] = []
    for (place, day), count in sorted(daily.items()):
        if any(other != place and place.startswith(other) for other in places):
            continue
        found += [
            simulate.KnownCase(county=key, reported_days_ago=(until - day).days - 1)
            for key in _spread(str(place), count, where)
        ]
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the record knows of an area at an instant, as far as a run forward needs it."""

    area: AreaPath
    at: datetime
    day: date
    cases: tuple[simulate.KnownCase, ...]

    @property
    def growth_per_day(self) -> float:
        """Growth of reports, the last week against the week before."""
        return growth_of(self.cases, lead_days=WHAT_IF_LEAD_DAYS)


def present(
    record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo, pack_key: str
) -> Present:
    """
    Return what the record knows of an area at `at`: the two weeks that end with the newest day of infections reported by then.

    A day on which only other things were reported (a school, a pharmacy) says nothing of infections. Raises LookupError where it has no infections there in those two weeks.
    """
    check_area(record.viewer, area)
    until = at.astimezone(time_zone).date()
    first = record.count_span()[0] or until
    told = figures.daily(
        record, figures.Figure.INFECTIONS, under=area, since=first, until=until
    ).values
    if told:
        until = max(day for _, day in told) + timedelta(days=1)
    cases = known_cases(
        record, area=area, until=until, lead_days=WHAT_IF_LEAD_DAYS, where=province(pack_key)
    )
    if not cases:
        raise LookupError(
            f"{area} has no infections on record in the {WHAT_IF_LEAD_DAYS} days before {until}"
        )
    return Present(area=area, at=at, day=until, cases=cases)


def what_if(
    now: Present,
    *,
    time_zone: ZoneInfo,
    pack_key: str,
    pathogen: simulate.Pathogen,
    days: int = 21,
    replicates: int = 40,
    seed: int = 1,
    strategies: Sequence[simulate.Strategy] = (),
    tell: Told = lambda _: None,
) -> WhatIf:
    """
    Run strategies forward from the present, unseen infections drawn anew for every replicate; `tell` hears of each.

    So that an answer comes in seconds, a replicate ends at MOST_INFECTIONS and no new one begins after WORK_LIMIT
    infections in all; at least two are run, and the answer says how many.
    """
    where = province(pack_key)
    chosen = tuple(strategies) or strategies_by_date(
        protocols(), first_day=now.day - timedelta(days=WHAT_IF_LEAD_DAYS),
        days=days + WHAT_IF_LEAD_DAYS, time_zone=time_zone,
    )  # fmt: skip
    later = tuple(_from_day(one, WHAT_IF_LEAD_DAYS) for one in chosen)

    def start(number: int) -> NDArray[np.int64]:
        seeds = simulate.draw_start(
            now.cases, pathogen, lead_days=WHAT_IF_LEAD_DAYS, growth_per_day=now.growth_per_day,
            ascertainment=simulate.Ascertainment(),
            rng=np.random.Generator(np.random.Philox(key=[seed, number])),
        )  # fmt: skip
        return simulate.seed_table(seeds, where)

    def run(
        strategy: simulate.Strategy, seeds: NDArray[np.int64], number: int
    ) -> simulate.Epidemic:
        return simulate.run(
            where, pathogen, strategy, seeds, days=days + WHAT_IF_LEAD_DAYS, seed=seed + number, most=MOST_INFECTIONS,
            silent_days=WHAT_IF_LEAD_DAYS,
        )  # fmt: skip

    made: list[list[simulate.Epidemic]] = [[] for _ in later]
    spent = 0
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        for number in range(replicates):
            done = list(pool.map(run, later, repeat(start(number)), repeat(number)))
            for column, one in zip(made, done, strict=True):
                column.append(one)
                spent += one.infections
            tell(number + 1)
            if spent >= WORK_LIMIT and number:
                break
    found = [simulate.result_of(s, column) for s, column in zip(later, made, strict=True)]
    return WhatIf(
        area=now.area, at=now.at, first_day=now.day - timedelta(days=WHAT_IF_LEAD_DAYS), known_cases=len(now.cases),
        lead_days=WHAT_IF_LEAD_DAYS, reproduction_number=pathogen.reproduction_number,
        growth_per_day=now.growth_per_day, asked_replicates=replicates,
        ended_early=sum(one.ended_early is not None for column in made for one in column),
        comparison=compare(where, found, days=days + WHAT_IF_LEAD_DAYS, seed=seed),
    )  # fmt: skip


def growth_of(cases: Sequence[simulate.KnownCase], *, lead_days: int) -> float:
    """Return growth a day from reports of the last week against the week before, held between -0.3 and 0.4."""
    week = sum(1 for case in cases if case.reported_days_ago < 7)
    before = sum(1 for case in cases if 7 <= case.reported_days_ago < lead_days)
    return float(np.clip(np.log((week + 0.5) / (before + 0.5)) / 7, -0.3, 0.4))


def _from_day(strategy: simulate.Strategy, day: int) -> simulate.Strategy:
    """Return a strategy whose area measures begin on a day: before it, cases were found and isolated as they were."""
    return replace(
        strategy,
        zoning=None if strategy.zoning is None else replace(strategy.zoning, since_day=day),
        tracing=None if strategy.tracing is None else replace(strategy.tracing, since_day=day),
        screenings=tuple(replace(one, since_day=day) for one in strategy.screenings),
        travel=replace(strategy.travel, since_day=day),
        imports=replace(
            strategy.imports,
            arrivals=tuple(
                replace(
                    one,
                    since_day=one.since_day + day,
                    until_day=None if one.until_day is None else one.until_day + day,
                )
                for one in strategy.imports.arrivals
            ),
        ),
    )


def told_run(
    where: simulate.Province, pathogen: simulate.Pathogen, result: simulate.StrategyResult
) -> Run:
    """Return a result with the residents it is about and the rates it was made with."""
    return Run(
        pathogen=pathogen.key,
        residents=where.residents,
        rates=simulate.derive(pathogen, where),
        result=result,
    )
