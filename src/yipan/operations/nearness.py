"""Which areas touch: the graph on which a cluster of neighbouring areas is looked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yipan.model import AreaPath
from yipan.store import Record

CLOSE = 5
"""Decimals of a degree to which corners are compared, about a metre."""

Neighbours = Mapping[AreaPath, tuple[AreaPath, ...]]


def neighbours(record: Record, areas: Sequence[AreaPath]) -> Neighbours:
    """Return for each of some areas those of them it shares a stretch of boundary with; an area never drawn has none."""
    wanted = set(areas)
    shapes: dict[AreaPath, Mapping[str, Any]] = {}
    for level in sorted(set(record.levels_of(wanted).values())):
        for area, shape, _ in record.boundaries(level=level):
            if area.path in wanted:
                shapes[area.path] = shape
    return touching(shapes)


def touching(shapes: Mapping[AreaPath, Mapping[str, Any]]) -> Neighbours:
    """
    Return which shapes (GeoJSON geometries) share two corners or more, as those of one drawing do along a common boundary.

    >>> def square(x):
    ...     return {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]]}
    >>> touching({"44.a.": square(0), "44.b.": square(1), "44.c.": square(2)})
    {'44.a.': ('44.b.',), '44.b.': ('44.a.', '44.c.'), '44.c.': ('44.b.',)}
    """
    at: dict[tuple[float, float], set[AreaPath]] = {}
    for path, shape in shapes.items():
        for x, y in _corners(shape["coordinates"]):
            at.setdefault((round(x, CLOSE), round(y, CLOSE)), set()).add(path)
    shared: dict[tuple[AreaPath, AreaPath], int] = {}
    for paths in at.values():
        for one in paths:
            for other in paths:
                if one != other:
                    shared[one, other] = shared.get((one, other), 0) + 1
    found: dict[AreaPath, list[AreaPath]] = {path: [] for path in sorted(shapes)}
    for (one, other), corners in sorted(shared.items()):
        if corners > 1:
            found[one].append(other)
    return {path: tuple(others) for path, others in found.items()}


def _corners(coordinates: Sequence[Any]) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _corners(part)
