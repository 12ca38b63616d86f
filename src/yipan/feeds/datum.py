"""
The datum a position was measured in, and the way to WGS-84, in which everything here is kept.

Maps sold in mainland China are shifted by a published formula (GCJ-02), some 500 metres in Guangdong: drawn unconverted, a
boundary lies in the next street.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float64]
"""Rows of longitude and latitude in degrees."""

_AXIS_M = 6_378_245.0
_FLATTENING = 0.00669342162296594323
"""Half axis and squared eccentricity of the Krasovsky ellipsoid, which the formula of GCJ-02 is written in."""
_ROUNDS = 6
_INSIDE = ((73.0, 136.0), (3.0, 54.0))
"""Longitudes and latitudes between which a GCJ-02 position can lie; elsewhere no map is shifted."""


class Datum(StrEnum):
    """What positions were measured in. CGCS2000 and WGS-84 agree to within centimetres and are treated as one."""

    WGS84 = "wgs-84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj-02"


def to_wgs84(positions: Positions, datum: Datum) -> Positions:
    """
    Return positions in WGS-84. Raises ValueError for a GCJ-02 position outside China, where there is none.

    The shift of GCJ-02 has no closed inverse: the position is sought whose shifted one is the given one, to
    within a millimetre.

    >>> shifted = to_gcj02(np.array([[113.2644, 23.1291]]))
    >>> to_wgs84(shifted, Datum.GCJ02).round(7).tolist()
    [[113.2644, 23.1291]]
    """
    if datum is not Datum.GCJ02:
        return positions
    _check_inside(positions)
    found = positions.copy()
    for _ in range(_ROUNDS):
        found += positions - (found + _shift(found))
    return found


def to_gcj02(positions: Positions) -> Positions:
    """Return WGS-84 positions as GCJ-02 shifts them: what a map made in China shows there."""
    _check_inside(positions)
    return positions + _shift(positions)


def _check_inside(positions: Positions) -> None:
    (west, east), (south, north) = _INSIDE
    outside = (
        (positions[:, 0] < west) | (positions[:, 0] > east)
        | (positions[:, 1] < south) | (positions[:, 1] > north)
    )  # fmt: skip
    if outside.any():
        longitude, latitude = positions[outside][0]
        raise ValueError(
            f"{longitude:.5f}, {latitude:.5f} lies outside {west:.0f} to {east:.0f} east, {south:.0f} to {north:.0f} "
            "north: no GCJ-02 position"
        )


def _shift(positions: Positions) -> Positions:
    """By how many degrees east and north GCJ-02 shifts positions: two series in metres, laid on the ellipsoid."""
    x, y = positions[:, 0] - 105.0, positions[:, 1] - 35.0
    fine = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east_m = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
        + (fine + _waves(x, (20, 1), (40, 3), (150, 12), (300, 30))) * 2 / 3
    )  # fmt: skip
    north_m = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
        + (fine + _waves(y, (20, 1), (40, 3), (160, 12), (320, 30))) * 2 / 3
    )  # fmt: skip
    latitude = np.radians(positions[:, 1])
    curve = 1 - _FLATTENING * np.sin(latitude) ** 2
    east = np.degrees(east_m / (_AXIS_M / np.sqrt(curve) * np.cos(latitude)))
    north = np.degrees(north_m * curve * np.sqrt(curve) / (_AXIS_M * (1 - _FLATTENING)))
    return np.column_stack((east, north))


def _waves(along: NDArray[np.float64], *waves: tuple[float, float]) -> NDArray[np.float64]:
    total = np.zeros_like(along)
    for height, length in waves:
        total += height * np.sin(np.pi * along / length)
    return total
