"""Where zones lie on the map: by the outlines and spots of the place register, as exactly as it knows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from yipan.model import AreaPath, Place, Point, RegisteredPlace, Zone, ZonePart, check_area
from yipan.store import Record
from yipan.store.nouns import OpenAfter
from yipan.store.tables.zoning import REGISTER, SEVERAL, ZONES, compound_of

OUTLINE, WITHIN, POINT, AREA = "outline", "within", "point", "area"
"""How exactly a zone's place is known: its own outline, that of the unit it lies in, a spot, or only its area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneShape:
    """
    One zone in force as it can be drawn: rings of (longitude, latitude) in degrees (WGS84), or one spot.

    `exact` says how exactly: `outline` of what is in the zone, the outline of the unit it lies `within`, a `point`, or
    only the `area` (then there are neither rings nor a spot, and a mark belongs at the centre of the area).
    """

    zone: str
    area: AreaPath
    name_zh: str
    name_en: str
    level: str
    part: ZonePart
    outside: bool
    residents: int | None
    exact: str
    rings: tuple[tuple[Point, ...], ...]
    point: Point | None


def shapes(record: Record, *, area: AreaPath, at: datetime) -> tuple[ZoneShape, ...]:
    """Return every zone in force in an area at `at` as it can be drawn, rings around before the cores they lie around."""
    check_area(record.viewer, area)
    running = [
        zone
        for zone in record.nouns(ZONES, under=area, where={"over_from": OpenAfter(moment=at)})
        if zone.in_force(at)
    ]
    compounds = {compound_of(zone.place) for zone in running}
    where = {} if SEVERAL in compounds else {"compound": sorted(compounds)}
    by_compound: dict[str, list[RegisteredPlace]] = {}
    for unit in record.nouns(REGISTER, under=area, where=where) if running else ():
        if unit.outline is not None or unit.point is not None:
            by_compound.setdefault(compound_of(unit.place), []).append(unit)
    every = [unit for units in by_compound.values() for unit in units]
    found = [
        _shape(zone, every if compound_of(zone.place) == SEVERAL else by_compound.get(compound_of(zone.place), ()), at)
        for zone in running
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.part is ZonePart.CORE, one.zone)))


def _shape(zone: Zone, units: Iterable[RegisteredPlace], at: datetime) -> ZoneShape:
    span = zone.at(at)
    assert span is not None
    exact, rings, point = drawn(zone.place, units)
    return ZoneShape(
        zone=zone.id, area=zone.area, name_zh=zone.name_zh, name_en=zone.name_en, level=span.level, part=zone.part,
        outside=span.outside, residents=zone.residents, exact=exact, rings=rings, point=point,
    )  # fmt: skip


def drawn(
    spot: Place, units: Iterable[RegisteredPlace]
) -> tuple[str, tuple[tuple[Point, ...], ...], Point | None]:
    """
    Return how exactly a place can be drawn, its rings, and one spot where there are none.

    A polygon the place itself names is its outline; else the outlines of the units in it, the coarser ones before
    those within them; else that of the smallest unit it lies in; else the middle of the spots of its units.

    >>> drawn(Place(expression="44.4401. polygon 113.1,23.1 113.2,23.1 113.2,23.2"), ())[0]
    'outline'
    >>> drawn(Place(expression="44.4401. compound A"), ())
    ('area', (), None)
    """
    own = tuple(part.polygon for part in spot.parts if part.polygon is not None)
    if own:
        return OUTLINE, own, None
    near = [unit for unit in units if _near(unit, spot) and unit.place.overlaps(spot)]
    inside = sorted((u for u in near if spot.covers(u.place)), key=lambda u: (_depth(u), u.id))
    taken: list[RegisteredPlace] = []
    for unit in inside:
        if unit.outline is not None and not any(o.place.covers(unit.place) for o in taken):
            taken.append(unit)
    if taken:
        return OUTLINE, tuple(unit.outline for unit in taken if unit.outline), None
    around = [u for u in near if u.outline is not None and u.place.covers(spot)]
    if around:
        smallest = max(around, key=lambda u: (_depth(u), u.id))
        return WITHIN, (smallest.outline,) if smallest.outline else (), None
    partly = [unit.outline for unit in near if unit.outline is not None]
    if partly:
        return WITHIN, tuple(partly), None
    spots = [unit.point for unit in inside or near if unit.point is not None]
    if spots:
        return POINT, (), _middle(spots)
    return AREA, (), None


def _near(unit: RegisteredPlace, spot: Place) -> bool:
    return unit.area.startswith(spot.area) or spot.area.startswith(unit.area)


def _middle(spots: Sequence[Point]) -> Point:
    count = len(spots)
    return sum(x for x, _ in spots) / count, sum(y for _, y in spots) / count


def _depth(unit: RegisteredPlace) -> int:
    steps = ("compound", "building", "unit", "floors", "rooms")
    return max(
        sum(1 for step in steps if getattr(part, step) is not None) for part in unit.place.parts
    )
