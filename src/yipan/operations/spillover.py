"""Whether it gets out: trips on record or modelled, and what infected people who travel bring about elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from yipan.analytics.outlook import cluster, study
from yipan.analytics.spread import arrival, movement
from yipan.model import (
    Area,
    AreaPath,
    ArrivalPath,
    DelayBought,
    OutlookAssumptions,
    Power,
    SeriesTable,
    Spillover,
    SpilloverOutlook,
    TripTable,
    ancestors_of,
    check_may,
)
from yipan.operations.post import Post
from yipan.packs import read_destinations
from yipan.store import Record
from yipan.store.tables.outlook import TRIPS

DESK = "outlook"
"""The desk this is part of, as acts name it."""
Law = Literal["gravity", "radiation"]
SPILL_DAYS = 14
SPILL_DRAWS = 500


def outermost(rows: Sequence[int], areas: Sequence[str]) -> list[int]:
    """
    Return those rows whose area does not lie in another of them: a city and its county are not added up.

    Paths in order stand right behind what contains them, so one pass tells.
    """
    kept: list[int] = []
    for row in sorted(rows, key=lambda row: areas[row]):
        if not kept or not areas[row].startswith(areas[kept[-1]]):
            kept.append(row)
    return kept


def put_trips(
    post: Post,
    *,
    since: date,
    days: int,
    origins: Sequence[str],
    destinations: Sequence[str],
    trips: Sequence[float],
    source: str,
    at: datetime,
) -> TripTable:
    """
    Put counted trips on record; the spillover rests on them from the next round on.

    Origins must be areas of the post by path. Raises ValueError naming one that is not.
    """
    check_may(post.viewer, Power.INGEST)
    with post.store.reading(post.viewer) as record:
        known = {area.path for area in record.areas(post.area)}
    for origin in origins:
        if origin not in known:
            raise ValueError(f"origin {origin} is no area of {post.area} on record")
    table = TripTable(
        id=f"trips-{post.area}", area=post.area, since=since, days=days, origins=tuple(origins),
        destinations=tuple(destinations), trips=tuple(trips), source=source,
    )  # fmt: skip
    with post.store.acting(
        post.viewer, desk=DESK, verb="put_trips", subject=f"{len(table.trips)} pairs", why=source, at=at
    ) as act:  # fmt: skip
        act.put(TRIPS, [table])
    return table


def spillover(
    record: Record,
    *,
    area: AreaPath,
    day: date,
    table: SeriesTable,
    assumed: OutlookAssumptions,
    days: int = SPILL_DAYS,
    law: Law | None = None,
) -> SpilloverOutlook | None:
    """
    Return whether it gets out of the areas of `table` within `days`; None where movement cannot even be modelled.

    Counted trips on record come first unless a `law` is named; else a gravity (or radiation) law over census
    residents and the middles of boundaries, with its bands. Destinations are the areas of the same level and the
    places outside.
    """
    widest = [AreaPath(table.areas[row]) for row in outermost(range(len(table.areas)), table.areas)]
    origins = [
        place
        for place in record.areas_of(widest)
        if place.path.startswith(area) and place.population
    ]
    if not origins:
        return None
    counted = record.nouns(TRIPS, where={"id": [f"trips-{a}" for a in (*ancestors_of(area), area)]})
    names: dict[str, tuple[str, str]] = {}
    visitors: NDArray[np.float64] | None = None
    people = {str(place.path): float(place.population or 0) for place in origins}
    if counted and law is None:
        trips = counted[-1]
        moving = movement.movement_from_trips(
            trips.origins, trips.destinations, list(trips.trips),
            residents={str(place.path): float(place.population or 0) for place in origins}
            | {origin: 1.0 for origin in trips.origins if origin not in {p.path for p in origins}},
            days=trips.days,
        )  # fmt: skip
        basis = f"counted trips since {trips.since}: {trips.source}"
        visitors = movement.visitors_from_trips(
            moving, trips.origins, trips.destinations, list(trips.trips),
            residents=[people.get(name, 1.0) for name in moving.origins], days=trips.days,
            stay_days=assumed.value("stay_days"),
        )  # fmt: skip
    else:
        middles = _middles(record, {place.level for place in origins})
        places = [place for place in origins if place.path in middles]
        if not places:
            return None
        others = [
            place
            for place in _of_levels(record, area, {p.level for p in places})
            if place.population and place.path in middles
        ]
        outside = read_destinations()
        leaving = assumed.figure("departures_share")
        band = (leaving.low or leaving.values[0], leaving.high or leaving.values[0])
        ends = [str(place.path) for place in others] + [place.key for place in outside]
        people = {str(place.path): float(place.population or 0) for place in others} | {
            place.key: float(place.population) for place in outside
        }
        where = {str(place.path): middles[place.path] for place in others} | {
            place.key: (place.longitude, place.latitude) for place in outside
        }
        moving = modelled(
            law or "gravity", [str(place.path) for place in places], ends, residents=people,
            where=where, departures=leaving.values[0], band=band,
        )  # fmt: skip
        told_law = {
            "gravity": "gravity law (population^1.025, km^-1.368)", "radiation": "radiation law"
        }[law or "gravity"]  # fmt: skip
        names = {place.key: (place.name_zh, place.name_en) for place in outside}
        basis = (
            f"{told_law} over census residents and schematic boundaries; {leaving.values[0]:.0%} of residents leave "
            f"a day, between {band[0]:.0%} and {band[1]:.0%} (assumed)"
        )
    rows = [row for row, name in enumerate(table.areas) if name in set(moving.origins)]
    if not rows or len(table) < 2:
        return None
    kept = replace(
        table, areas=tuple(table.areas[row] for row in rows),
        counts=tuple(table.counts[row] for row in rows), imported=None,
    )  # fmt: skip
    return spill(
        kept, moving, study.disease_of(assumed), area=area, day=day, days=days, basis=basis, names=names,
        chance=np.random.default_rng(day.toordinal()), draws=SPILL_DRAWS,
        found_after_days=assumed.value("found_after_days"), found_share=assumed.value("found_share"),
        unseen_days=assumed.value("unseen_days"), stay_days=assumed.value("stay_days"),
        travelling_share=assumed.value("travelling_share"), population=people, visitors=visitors,
        residents={str(place.path): float(place.population or 0) for place in origins},
    )  # fmt: skip


def _of_levels(record: Record, area: AreaPath, levels: Iterable[str]) -> list[Area]:
    """The areas of some levels in an area, in order of their paths: of thousands of towns none is read in vain."""
    found = [place for level in levels for place in record.areas(area, level=level)]
    return sorted(found, key=lambda place: place.path)


def modelled(
    law: Law,
    origins: Sequence[str],
    destinations: Sequence[str],
    *,
    residents: Mapping[str, float],
    where: Mapping[str, tuple[float, float]],
    departures: float,
    band: tuple[float, float],
) -> movement.Movement:
    """
    Return a matrix by gravity or radiation over residents and places (longitude, latitude) of all ends.

    Raises ValueError naming an end without residents or place.
    """
    every = tuple(dict.fromkeys((*origins, *destinations)))
    for name in every:
        if residents.get(name, 0) <= 0 or name not in where:
            raise ValueError(f"{name} has no residents or no place; a law of movement needs both")
    if law == "radiation":
        places = [where[name] for name in every]
        whole = movement.radiation_movement(
            every, population=[residents[name] for name in every],
            km=movement.distances_km(places, places), departures=departures, departure_band=band,
        )  # fmt: skip
        return movement.from_origins(whole, origins, destinations)
    return movement.gravity_movement(
        origins, destinations, destination_population=[residents[name] for name in destinations],
        km=movement.distances_km(
            [where[name] for name in origins], [where[name] for name in destinations]
        ),
        departures=departures, departure_band=band,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredTest:
    """A test required before travel: how long before, how old an infection it sees, how surely, how many obey (0 to 1)."""

    hours_before: float = 48.0
    detectable_days: float = 1.5
    sensitivity: float = 0.95
    obeyed_share: float = 1.0

    def detected(self, ages: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of infected travellers caught, by age of infection in days."""
        return self.obeyed_share * arrival.detected_by_test(
            ages, hours_before=self.hours_before, detectable_days=self.detectable_days,
            sensitivity=self.sensitivity,
        )  # fmt: skip


def spill(
    table: SeriesTable,
    moving: movement.Movement,
    disease: study.Disease,
    *,
    area: str,
    day: date,
    days: int,
    basis: str,
    chance: np.random.Generator,
    draws: int = SPILL_DRAWS,
    found_after_days: float,
    unseen_days: float,
    names: Mapping[str, tuple[str, str]] | None = None,
    found_share: float = 1.0,
    reproduction_there: float | None = None,
    residents: Mapping[str, float] | None = None,
    population: Mapping[str, float] | None = None,
    visitors: NDArray[np.float64] | None = None,
    stay_days: float = 0.0,
    travelling_share: float = 1.0,
    test: RequiredTest | None = None,
    cuts: Sequence[float] = (0.5, 0.9, 0.99),
) -> SpilloverOutlook:
    """
    Return whether it gets out of the areas of a table along `moving`, averaged over what is believed of prevalence.

    Two streams add up: infected people who travel (a share of them, fewer where a `test` is required), each with the
    transmission that its age of infection leaves before it; and people of the destination infected while they visit
    (`visitors` present, origins x destinations; where None as many come as go and each stays `stay_days`).
    `population` of all places lets a journey end on the way (exit probabilities).

    At the destination a chain meets R of `reproduction_there`, that of the origins together where None. Beside the
    chances stands what cutting travel would buy: days, not safety.
    """
    order = {name: row for row, name in enumerate(table.areas)}
    left_out = tuple(name for name in table.areas if name not in set(moving.origins))
    rows = [order[name] for name in moving.origins if name in order]
    keep = [i for i, name in enumerate(moving.origins) if name in order]
    if not rows:
        raise ValueError("none of the areas counted is an origin of the movement")
    paths = study.infected_paths(
        table, disease, days=days, draws=draws, found_after_days=found_after_days,
        found_share=found_share, residents=residents, chance=chance,
    )  # fmt: skip
    ages = np.arange(paths.at_large.shape[3], dtype=np.float64)
    caught = test.detected(ages) if test is not None else np.zeros(ages.size)
    ill = paths.at_large[:, rows] * (travelling_share * (1 - caught))
    rate = moving.rate[keep]
    people = np.array([(residents or {}).get(moving.origins[i], np.nan) for i in keep])
    back = np.zeros_like(rate)
    if visitors is not None:
        back = np.asarray(visitors, dtype=np.float64)[keep] / people[:, None]
    elif stay_days > 0:
        back = rate * stay_days
    if np.isnan(back).any():
        raise ValueError("visitors need the residents of every origin")
    if back.any():
        brought = np.zeros((*paths.newly[:, rows].shape, ages.size))
        brought[..., 0] = paths.newly[:, rows]
        ill = np.concatenate([ill, brought], axis=1)
        rate = np.concatenate([rate, back])
    generation = disease.pmf(disease.longest)
    left = np.array([cluster.left_share(int(age), generation) for age in ages])
    speed = float(np.median(paths.growth))
    there = reproduction_there
    if there is None:
        there = 1.0 / float(generation @ np.exp(-speed * np.arange(generation.size)))
    dispersion = float(np.median(disease.dispersions))
    told = arrival.spillover(
        moving.destinations, rate, ill, reproduction=there, dispersion=dispersion, left_share=left,
        days_to_detection=unseen_days,
    )  # fmt: skip
    told = _widened(told, moving, keep, paths.at_large[:, rows].sum(axis=(2, 3)).mean(axis=0))
    ill = ill.sum(axis=3)
    flow = ill.sum(axis=2).mean(axis=0)
    expected = flow[:, None] * rate
    size = len(keep)
    by_origin = expected[:size] + (expected[size:] if len(expected) > size else 0.0)
    share = by_origin.sum(axis=1) / np.maximum(
        (flow[:size, None] * rate[:size]).sum(axis=1), 1e-300
    )
    outside = np.array([name not in order for name in moving.destinations])
    total = ill.sum(axis=2) @ rate
    anywhere = total[:, outside].sum(axis=1) if outside.any() else total.sum(axis=1)
    return SpilloverOutlook(
        id=f"spill-{area}@{day.isoformat()}", area=area, day=day, days=days,
        basis=f"{basis}; cases are counted {found_after_days:g} days after infection, "
        f"{found_share:.0%} of them ever; R at the destination {there:.2f}, dispersion {dispersion:g}; "
        f"a case there goes unseen for {unseen_days:g} days; {disease.told}"
        + (f"; {travelling_share:.0%} of the infected travel as usual" if travelling_share < 1 else "")
        + (
            f"; a test {test.hours_before:g} h before departure catches {test.sensitivity:.0%} of infections "
            f"{test.detectable_days:g} days old, {test.obeyed_share:.0%} obey"
            if test is not None
            else ""
        )
        + (
            f"; visitors counted where trips back were, each stays {stay_days:g} days"
            if visitors is not None
            else f"; as many visitors come as people go, each stays {stay_days:g} days"
            if stay_days > 0
            else "; people infected while visiting are left out"
        ),
        destinations=told,
        names=tuple((key, *(names or {})[key]) for key in moving.destinations if key in (names or {})),
        paths=_paths_to(moving, keep, by_origin, speed, population),
        delays=tuple(
            DelayBought(
                cut_share=cut,
                days=float(arrival.delay_bought_days(cut, growth_per_day=speed)) if speed > 0.005 else None,
                introduced_anyway=float(
                    arrival.chance_of_introduction((1 - cut) * anywhere, draws_axis=0)
                ),
            )
            for cut in cuts
        ),
        growth_per_day=speed if abs(speed) > 1e-9 else None,
        expected=float(expected.sum()),
        low=float(((flow[:size] * share)[:, None] * moving.low[keep]).sum()),
        high=float(((flow[:size] * share)[:, None] * moving.high[keep]).sum()),
        left_out=left_out,
    )  # fmt: skip


def _widened(
    told: Sequence[Spillover],
    moving: movement.Movement,
    keep: list[int],
    flow: NDArray[np.float64],
) -> tuple[Spillover, ...]:
    """Intervals of arrivals widened by the band of movement where it is only modelled."""
    if moving.observed:
        return tuple(told)
    usual = flow @ moving.rate[keep]
    low, high = flow @ moving.low[keep], flow @ moving.high[keep]
    place = {name: i for i, name in enumerate(moving.destinations)}

    def wide(each: Spillover) -> Spillover:
        i = place[each.destination]
        if usual[i] <= 0:
            return each
        return replace(
            each, expected_low=each.expected_low * float(low[i] / usual[i]),
            expected_high=each.expected_high * float(high[i] / usual[i]),
        )  # fmt: skip

    return tuple(wide(each) for each in told)


def _paths_to(
    moving: movement.Movement,
    keep: list[int],
    expected: NDArray[np.float64],
    speed: float,
    population: Mapping[str, float] | None = None,
) -> tuple[ArrivalPath, ...]:
    """Effective distances from the origin with most infected people, and whence arrivals come."""
    nodes = tuple(dict.fromkeys((*moving.origins, *moving.destinations)))
    place = {name: i for i, name in enumerate(nodes)}
    shares = np.zeros((len(nodes), len(nodes)))
    for i, name in enumerate(moving.origins):
        shares[place[name], [place[d] for d in moving.destinations]] = moving.shares[i]
    source = place[moving.origins[keep[int(np.argmax(expected.sum(axis=1)))]]]
    far = arrival.effective_distance(shares)[source]
    leaving = float(moving.departures.mean())
    walk = np.full(len(nodes), np.nan)
    if leaving > 0 and speed > 0 and np.log(speed / leaving) > arrival.EULER:
        walk = arrival.random_walk_distance(shares, growth_per_day=speed, departures=leaving)[
            source
        ]
    origin_share = arrival.likely_origins(expected)
    ends: NDArray[np.float64] | None = None
    if population is not None and all(population.get(name, 0) > 0 for name in nodes):
        ends = arrival.exit_probabilities(
            shares, [population[name] for name in nodes], origin=source
        )

    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    def origins(column: int) -> tuple[tuple[str, float], ...]:
        likely = np.nan_to_num(origin_share[:, column])
        best = np.argsort(-likely)[:3]
        return tuple(
            (moving.origins[keep[int(i)]], round(float(likely[i]), 4))
            for i in best
            if likely[i] > 0
        )

    return tuple(
        ArrivalPath(
            destination=name,
            effective_distance=number(far[place[name]]),
            random_walk_distance=number(walk[place[name]]),
            likely_origins=origins(column),
            ends_there=None if ends is None else float(ends[place[name]]),
        )
        for column, name in enumerate(moving.destinations)
    )


def _middles(record: Record, levels: Iterable[str]) -> dict[AreaPath, tuple[float, float]]:
    """The middle of each area's boundary: of its largest ring, by the area formula; longitude, latitude."""
    found: dict[AreaPath, tuple[float, float]] = {}
    for level in levels:
        for place, shape, _ in record.boundaries(level=level):
            rings = (
                [shape["coordinates"][0]]
                if shape["type"] == "Polygon"
                else [part[0] for part in shape["coordinates"]]
            )
            best = (0.0, 0.0, 0.0)
            for ring in rings:
                x, y = np.asarray(ring, dtype=np.float64)[:, :2].T
                cross = x[:-1] * y[1:] - x[1:] * y[:-1]
                size = cross.sum() / 2
                if abs(size) > best[0]:
                    best = (
                        abs(size),
                        float(((x[:-1] + x[1:]) * cross).sum() / (6 * size)),
                        float(((y[:-1] + y[1:]) * cross).sum() / (6 * size)),
                    )
            if best[0] > 0:
                found[place.path] = best[1:]
    return found
