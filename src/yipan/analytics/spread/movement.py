"""
How people move: matrices of daily trips per resident, read from tables or fitted by gravity or radiation.

A matrix may have more destinations than origins: provinces, Beijing, Hong Kong and Macao are
destinations that need not be origins. Shares say where people go and not how many: the rate of
departure is a separate figure with its own band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Movement:
    """
    Daily trips per resident of each origin to each destination (origins x destinations).

    `low` and `high` bound the rates where they are only modelled; equal to `rate` where observed.
    Nobody travels to where they are: those cells are 0.
    """

    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    rate: FloatArray
    low: FloatArray
    high: FloatArray
    observed: bool

    def __post_init__(self) -> None:
        shape = len(self.origins), len(self.destinations)
        if not self.rate.shape == self.low.shape == self.high.shape == shape:
            raise ValueError(f"rates {self.rate.shape} do not fit {shape} origins x destinations")
        if not np.isfinite(self.rate).all() or (self.rate < 0).any():
            raise ValueError("trip rates must be 0 or more everywhere")
        if (self.low > self.rate + 1e-12).any() or (self.high < self.rate - 1e-12).any():
            raise ValueError("a band of trip rates does not hold its rate")
        if len(set(self.origins)) < shape[0] or len(set(self.destinations)) < shape[1]:
            raise ValueError("an origin or destination is listed twice")

    @property
    def shares(self) -> FloatArray:
        """Of those who leave an origin, the share going to each destination; rows add to 1 or to 0."""
        leaving = self.rate.sum(axis=1, keepdims=True)
        return np.asarray(
            np.divide(self.rate, leaving, out=np.zeros_like(self.rate), where=leaving > 0)
        )

    @property
    def departures(self) -> FloatArray:
        """Trips per resident and day out of each origin."""
        return np.asarray(self.rate.sum(axis=1))

    def cut(self, share: ArrayLike) -> Movement:
        """Return the matrix with trips cut by `share` (0 to 1; one figure, or per cell)."""
        kept = 1.0 - np.asarray(share, dtype=np.float64)
        if (kept < 0).any() or (kept > 1).any():
            raise ValueError("a travel cut lies between 0 and 1")
        return Movement(
            origins=self.origins,
            destinations=self.destinations,
            rate=self.rate * kept,
            low=self.low * kept,
            high=self.high * kept,
            observed=self.observed,
        )


def visitors_balanced(moving: Movement, residents: ArrayLike, *, stay_days: float) -> FloatArray:
    """
    Return residents of each destination present in each origin where nobody counted them: as many come as go.

    Trips out of an origin are taken to be matched by trips back; each visitor stays `stay_days`. Origins x
    destinations.

    >>> only = Movement(origins=("a",), destinations=("b",), rate=np.array([[0.01]]),
    ...     low=np.array([[0.01]]), high=np.array([[0.01]]), observed=True)
    >>> visitors_balanced(only, [1000.0], stay_days=2.0)
    array([[20.]])
    """
    people = np.asarray(residents, dtype=np.float64)
    if people.shape != (len(moving.origins),) or (people <= 0).any() or stay_days < 0:
        raise ValueError("visitors need the residents of every origin and a stay of 0 days or more")
    return np.asarray(moving.rate * people[:, None] * stay_days)


def visitors_from_trips(
    moving: Movement,
    origin: Sequence[str],
    destination: Sequence[str],
    trips: ArrayLike,
    *,
    residents: ArrayLike,
    days: float,
    stay_days: float,
) -> FloatArray:
    """
    Return residents of each destination present in each origin, from trips counted out of the destination.

    Where nobody counted trips out of a destination as many are taken to come as go (`visitors_balanced`). Origins x
    destinations of `moving`.

    >>> only = Movement(origins=("a",), destinations=("b",), rate=np.array([[0.01]]),
    ...     low=np.array([[0.01]]), high=np.array([[0.01]]), observed=True)
    >>> visitors_from_trips(only, ["a", "b"], ["b", "a"], [10, 30], residents=[1000.0], days=1, stay_days=2.0)
    array([[60.]])
    """
    present = visitors_balanced(moving, residents, stay_days=stay_days)
    row = {name: index for index, name in enumerate(moving.origins)}
    column = {name: index for index, name in enumerate(moving.destinations)}
    for name in set(origin) & set(column):
        present[:, column[name]] = 0.0
    counted = np.asarray(trips, dtype=np.float64)
    for start, end, count in zip(origin, destination, counted.tolist(), strict=True):
        if start in column and end in row and start != end:
            present[row[end], column[start]] += count / days * stay_days
    return present


def from_origins(moving: Movement, origins: Sequence[str], destinations: Sequence[str]) -> Movement:
    """
    Return the part of a matrix from some origins to some destinations; trips to others are left out.

    >>> all_ = radiation_movement(["a", "b", "c"], population=[1e6, 1e6, 1e6],
    ...     km=[[0, 10, 20], [10, 0, 10], [20, 10, 0.0]])
    >>> from_origins(all_, ["a"], ["b", "c"]).rate.round(4)
    array([[0.0225, 0.0075]])
    """
    rows = [moving.origins.index(name) for name in origins]
    columns = [moving.destinations.index(name) for name in destinations]
    cell = np.ix_(rows, columns)
    return Movement(
        origins=tuple(origins), destinations=tuple(destinations), rate=moving.rate[cell],
        low=moving.low[cell], high=moving.high[cell], observed=moving.observed,
    )  # fmt: skip


def movement_from_trips(
    origin: Sequence[str],
    destination: Sequence[str],
    trips: ArrayLike,
    *,
    residents: dict[str, float],
    days: float = 1.0,
) -> Movement:
    """
    Return the matrix of a long table `from, to, trips` covering `days` days; repeated pairs add up.

    Every origin needs its residents. Trips within an area are left out. Raises `ValueError` for
    negative trips, unequal columns or an origin without residents.

    >>> movement_from_trips(["a", "a"], ["b", "c"], [30, 10], residents={"a": 1000.0}).departures
    array([0.04])
    """
    counted = np.asarray(trips, dtype=np.float64)
    if not len(origin) == len(destination) == counted.size:
        raise ValueError(
            f"{len(origin)} origins, {len(destination)} destinations, {counted.size} trips"
        )
    if (counted < 0).any() or not np.isfinite(counted).all():
        raise ValueError("trips must be 0 or more")
    if days <= 0:
        raise ValueError(f"a table of trips covers more than {days} days")
    origins = tuple(dict.fromkeys(origin))
    destinations = tuple(dict.fromkeys(destination))
    rate = np.zeros((len(origins), len(destinations)))
    row = {name: index for index, name in enumerate(origins)}
    column = {name: index for index, name in enumerate(destinations)}
    for start, end, count in zip(origin, destination, counted.tolist(), strict=True):
        if start != end:
            rate[row[start], column[end]] += count
    for name in origins:
        if residents.get(name, 0) <= 0:
            raise ValueError(f"origin {name} has no residents on record")
    rate /= np.array([residents[name] for name in origins])[:, None] * days
    return Movement(
        origins=origins, destinations=destinations, rate=rate, low=rate, high=rate, observed=True
    )


def movement_from_shares(
    origins: Sequence[str],
    destinations: Sequence[str],
    shares: ArrayLike,
    *,
    departures: ArrayLike,
    departure_band: tuple[float, float] | None = None,
) -> Movement:
    """
    Return the matrix of destination shares times departures per resident and day (one, or per origin).

    `departure_band` bounds the departures where they are not known: shares fix where, not how many.

    >>> movement_from_shares(["a"], ["b", "c"], [[0.75, 0.25]], departures=0.02).rate
    array([[0.015, 0.005]])
    """
    where = np.asarray(shares, dtype=np.float64)
    if where.shape != (len(origins), len(destinations)):
        raise ValueError(f"shares {where.shape} do not fit the origins and destinations")
    total = where.sum(axis=1)
    if (where < 0).any() or (total > 1 + 1e-6).any():
        raise ValueError("shares of destinations must be 0 or more and add to 1 at most")
    for row, name in enumerate(origins):
        if name in destinations:
            where[row, list(destinations).index(name)] = 0.0
    leaving = np.broadcast_to(np.asarray(departures, dtype=np.float64), (len(origins),))[:, None]
    low, high = departure_band or (None, None)
    return Movement(
        origins=tuple(origins),
        destinations=tuple(destinations),
        rate=where * leaving,
        low=where * (leaving if low is None else np.minimum(low, leaving)),
        high=where * (leaving if high is None else np.maximum(high, leaving)),
        observed=departure_band is None,
    )


def distances_km(from_lon_lat: ArrayLike, to_lon_lat: ArrayLike) -> FloatArray:
    """
    Return great-circle distances in km between points given as longitude and latitude in degrees.

    >>> distances_km([[113.26, 23.13]], [[114.06, 22.54]]).round()
    array([[105.]])
    """
    one = np.radians(np.asarray(from_lon_lat, dtype=np.float64))[:, None, :]
    two = np.radians(np.asarray(to_lon_lat, dtype=np.float64))[None, :, :]
    half = np.sin((two - one) / 2) ** 2
    chord = half[..., 1] + np.cos(one[..., 1]) * np.cos(two[..., 1]) * half[..., 0]
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(np.minimum(chord, 1.0))))


@dataclass(frozen=True, slots=True, kw_only=True)
class GravityFit:
    """
    Trips to a destination go with population^`population_exponent` * distance^-`distance_exponent`.

    The bands are 95 % intervals; `explained` is the share of the variance of log shares explained.
    """

    population_exponent: float
    population_band: tuple[float, float]
    distance_exponent: float
    distance_band: tuple[float, float]
    explained: float | None = None


GRAVITY_DEFAULT = GravityFit(
    population_exponent=1.025,
    population_band=(1.025, 1.025),
    distance_exponent=1.368,
    distance_band=(1.18, 1.47),
)
"""
Fitted on shares between the cities of Guangdong in early January 2020. The distance band spans what that exponent was
in other weeks (1.18 in February, 1.47 late in March 2020); for the population exponent no band is on record.
"""

DEPARTURE_BAND = (0.01, 0.06)
"""Trips per resident and day out of a city where none were counted: 1 to 6 %."""


def fit_gravity(
    shares: ArrayLike, *, destination_population: ArrayLike, km: ArrayLike
) -> GravityFit:
    """
    Return the gravity law that best explains observed destination shares, with 95 % bands.

    Least squares of log share on log population and log distance, with one constant per origin. Cells
    without trips or distance are left out. Raises `ValueError` with fewer than ten usable cells.

    >>> rng = np.random.default_rng(1)
    >>> km, people = rng.uniform(20, 500, (8, 8)), rng.uniform(1e5, 1e7, 8)
    >>> fit = fit_gravity(people**1.1 * km**-1.5 * 1e-6, destination_population=people, km=km)
    >>> round(fit.population_exponent, 3), round(fit.distance_exponent, 3)
    (1.1, 1.5)
    """
    observed = np.asarray(shares, dtype=np.float64)
    far = np.asarray(km, dtype=np.float64)
    people = np.broadcast_to(np.asarray(destination_population, dtype=np.float64), observed.shape)
    use = (observed > 0) & (far > 0) & (people > 0)
    if use.sum() < 10:
        raise ValueError(f"a gravity law needs ten pairs with trips, got {int(use.sum())}")
    row = np.nonzero(use)[0]
    y, x1, x2 = np.log(observed[use]), np.log(people[use]), np.log(far[use])
    count = np.maximum(np.bincount(row, minlength=observed.shape[0]), 1)

    def within(values: FloatArray) -> FloatArray:
        mean = np.bincount(row, values, observed.shape[0]) / count
        return np.asarray(values - mean[row])

    y, x = within(y), np.stack([within(x1), within(x2)], axis=1)
    slope, *_ = np.linalg.lstsq(x, y, rcond=None)
    left = y - x @ slope
    freedom = max(y.size - np.unique(row).size - 2, 1)
    variance = float(left @ left) / freedom
    se = np.sqrt(np.maximum(np.diag(np.linalg.pinv(x.T @ x)) * variance, 0.0))
    total = float(y @ y)
    return GravityFit(
        population_exponent=float(slope[0]),
        population_band=(float(slope[0] - 1.96 * se[0]), float(slope[0] + 1.96 * se[0])),
        distance_exponent=float(-slope[1]),
        distance_band=(float(-slope[1] - 1.96 * se[1]), float(-slope[1] + 1.96 * se[1])),
        explained=1 - float(left @ left) / total if total > 0 else 0.0,
    )


def _weights(people: FloatArray, km: FloatArray, a: float, b: float) -> FloatArray:
    with np.errstate(divide="ignore"):
        pull = np.where(km > 0, people**a * np.maximum(km, 1e-9) ** -b, 0.0)
    total = pull.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(pull, total, out=np.zeros_like(pull), where=total > 0))


def gravity_movement(
    origins: Sequence[str],
    destinations: Sequence[str],
    *,
    destination_population: ArrayLike,
    km: ArrayLike,
    departures: float = 0.03,
    departure_band: tuple[float, float] = DEPARTURE_BAND,
    fit: GravityFit = GRAVITY_DEFAULT,
) -> Movement:
    """
    Return a modelled matrix for where nothing was counted: gravity shares times a rate of departure.

    The band of each cell spans the corners of the exponents' bands and of the departures'. Pairs at
    distance 0 (an area and itself) get no trips.

    >>> gravity_movement(
    ...     ["a"], ["a", "b", "c"], destination_population=[1e6, 1e6, 2e6], km=[[0, 50, 50.0]]
    ... ).shares.round(2)
    array([[0.  , 0.33, 0.67]])
    """
    people, far = np.asarray(destination_population, dtype=np.float64), np.asarray(km, dtype=float)
    middle = _weights(people, far, fit.population_exponent, fit.distance_exponent)
    corners = [_weights(people, far, a, b) for a in fit.population_band for b in fit.distance_band]
    least = np.minimum.reduce([middle, *corners])
    most = np.maximum.reduce([middle, *corners])
    return Movement(
        origins=tuple(origins),
        destinations=tuple(destinations),
        rate=middle * departures,
        low=least * min(departure_band[0], departures),
        high=most * max(departure_band[1], departures),
        observed=False,
    )


def radiation_movement(
    areas: Sequence[str],
    *,
    population: ArrayLike,
    km: ArrayLike,
    departures: float = 0.03,
    departure_band: tuple[float, float] = DEPARTURE_BAND,
) -> Movement:
    """
    Return the radiation law's matrix: trips stop at the first place with a better offer.

    share_ij = m_i n_j / ((m_i + s_ij)(m_i + n_j + s_ij)), s_ij the people nearer to i than j is, neither
    end counted (Simini et al. 2012, Nature 10856). It has no parameter but the departures.

    >>> radiation_movement(["a", "b", "c"], population=[1e6, 1e6, 1e6],
    ...     km=[[0, 10, 20], [10, 0, 10], [20, 10, 0.0]]).shares[0].round(2)
    array([0.  , 0.75, 0.25])
    """
    people, far = np.asarray(population, dtype=np.float64), np.asarray(km, dtype=np.float64)
    order = np.argsort(far, axis=1, kind="stable")
    sorted_people = people[order]
    before = np.cumsum(sorted_people, axis=1) - sorted_people
    nearer = np.empty_like(before)
    np.put_along_axis(nearer, order, before, axis=1)
    own = people[:, None]
    between = np.maximum(nearer - own, 0.0)
    pull = own * people[None, :] / ((own + between) * (own + people[None, :] + between))
    np.fill_diagonal(pull, 0.0)
    shares = pull / pull.sum(axis=1, keepdims=True)
    return Movement(
        origins=tuple(areas),
        destinations=tuple(areas),
        rate=shares * departures,
        low=shares * min(departure_band[0], departures),
        high=shares * max(departure_band[1], departures),
        observed=False,
    )
