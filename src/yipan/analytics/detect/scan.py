"""
Scan statistics: which place and time stand out together.

Kulldorff 1997 (Commun Stat Theory 26: 1481-96), 2001 (JRSS A 164: 61-72); Kulldorff et al. 2005 (PLoS Med
2: e59); Neill 2005; elliptic windows after Kulldorff et al. 2006 (Stat Med 25: 3929-43), connected zones
after Tango and Takahashi 2005. A window is a zone (a set of places) and the last few intervals. The plain
form `scan_windows` scores every window one by one; `scan` does the same by sums over zones, with
replicates for the p-value.

Person-time is counted interval by interval: a window's share of the expected cases is its share of the
person-time, not of each year alike. The null maximum comes from `replicates` draws of the generator handed in;
beyond what they resolve, a Gumbel law fitted to the null maxima answers and says that it is approximate.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from .verdicts import Floats

Model = Literal["poisson", "permutation", "expectation", "binomial"]
Ints = NDArray[np.int64]

EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A set of places that is looked at together: their positions, the centre they were grown from, and its reach."""

    places: tuple[int, ...]
    centre: int
    radius: float

    def __post_init__(self) -> None:
        if not self.places:
            raise ValueError("a zone needs at least one place")


RAISED = 1 + 1e-12
"""A rate raised by less than this is the rounding of sums: a window of all intervals holds what was expected in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """
    A window that stands out: its zone, its intervals (`since` included, `until` not) and how unlikely it is.

    `llr` is the log likelihood ratio, `relative_risk` the rate inside over that outside (infinite when all
    cases lie inside). `p_value` and `p_gumbel` are None where no replicates were drawn; `p_gumbel` is an
    approximation. `recurrence_days` is how seldom such a cluster comes by chance, at one scan per interval_days.
    """

    zone: Zone
    since: int
    until: int
    observed: float
    expected: float
    llr: float
    relative_risk: float
    p_value: float | None = None
    p_gumbel: float | None = None
    recurrence_days: float | None = None


# Zones


def circular_zones(
    distance: ArrayLike,
    *,
    population: ArrayLike | None = None,
    largest_share: float = 0.5,
    largest_radius: float = math.inf,
    ties_together: bool = True,
) -> tuple[Zone, ...]:
    """
    Grow a zone around each place by taking in the next nearest, as long as it stays small enough.

    `distance` (places, places) in any unit; `population` (places) limits a zone to `largest_share` of all
    (None: no limit by share); `largest_radius` in the unit of `distance`. Equally distant places enter together, or
    with `ties_together=False` by position. The same set reached from two centres is listed once. Raises
    ValueError if the matrix is not square.

    >>> [zone.places for zone in circular_zones([[0, 1, 5], [1, 0, 4], [5, 4, 0]], largest_radius=2)]
    [(0,), (0, 1), (1,), (2,)]
    """
    d = np.asarray(distance, dtype=float)
    if d.ndim != 2 or d.shape[0] != d.shape[1]:
        raise ValueError(f"distance has shape {d.shape}; it must be square")
    people = None if population is None else np.asarray(population, dtype=float)
    limit = math.inf if people is None else largest_share * float(people.sum())
    zones: list[Zone] = []
    known: set[frozenset[int]] = set()
    for centre in range(len(d)):
        order = np.lexsort((np.arange(len(d)), np.arange(len(d)) != centre, d[centre]))
        inside: list[int] = []
        held = 0.0
        for rank, place in enumerate(order):
            inside.append(int(place))
            radius = float(d[centre, place])
            held += float(people[place]) if people is not None else 0.0
            if radius > largest_radius or held > limit:
                break
            tied = ties_together and rank + 1 < len(d) and d[centre, order[rank + 1]] == radius
            if tied:
                continue
            group = frozenset(inside)
            if group in known:
                continue
            known.add(group)
            zones.append(Zone(places=tuple(sorted(inside)), centre=centre, radius=radius))
    return tuple(zones)


def great_circle_km(longitude: ArrayLike, latitude: ArrayLike) -> Floats:
    """
    Return the distance between all pairs of places in km on a sphere, from degrees.

    >>> round(float(great_circle_km([113.26, 114.06], [23.13, 22.54])[0, 1]))
    105
    """
    lon, lat = np.radians(np.asarray(longitude, float)), np.radians(np.asarray(latitude, float))
    half = np.sin((lat[:, None] - lat[None, :]) / 2) ** 2
    half += (
        np.cos(lat[:, None]) * np.cos(lat[None, :]) * np.sin((lon[:, None] - lon[None, :]) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def elliptic_distances(
    x: ArrayLike, y: ArrayLike, *, shape: float = 2.0, angle: float = 0.0
) -> Floats:
    """
    Return distances under which a circle is an ellipse `shape` times as long as wide, turned by `angle` degrees.

    `x` and `y` are plane coordinates; give the result to `circular_zones`. The reach is the minor half axis.

    >>> elliptic_distances([0, 2, 0], [0, 0, 2], shape=2)[0].tolist()
    [0.0, 1.0, 2.0]
    """
    if shape < 1:
        raise ValueError(f"shape {shape:g} must be at least 1, a circle")
    turn = math.radians(angle)
    dx = np.subtract.outer(np.asarray(x, float), np.asarray(x, float))
    dy = np.subtract.outer(np.asarray(y, float), np.asarray(y, float))
    along = dx * math.cos(turn) + dy * math.sin(turn)
    across = dy * math.cos(turn) - dx * math.sin(turn)
    return np.asarray(np.sqrt((along / shape) ** 2 + across**2))


def connected_zones(neighbours: Sequence[Sequence[int]], *, largest: int = 4) -> tuple[Zone, ...]:
    """
    Return every connected set of up to `largest` places of an area graph: zones of any form.

    `neighbours[i]` lists the places that touch place i. The number of zones grows fast with `largest`;
    four to six suit a province of counties. `radius` is the number of steps from the centre, the smallest position.

    >>> [zone.places for zone in connected_zones([[1], [0, 2], [1]], largest=2)]
    [(0,), (1,), (2,), (0, 1), (1, 2)]
    """
    if largest < 1:
        raise ValueError(f"largest {largest} must be at least 1")
    level = {frozenset([place]) for place in range(len(neighbours))}
    found: list[frozenset[int]] = sorted(level, key=sorted)
    for _ in range(largest - 1):
        level = {
            zone | {other} for zone in level for place in zone for other in neighbours[place]
            if other not in zone
        }  # fmt: skip
        found += sorted(level, key=sorted)
    return tuple(
        Zone(places=tuple(sorted(zone)), centre=min(zone), radius=float(len(zone) - 1))
        for zone in found
    )


# Scores


def poisson_llr(observed: float, expected: float, total: float) -> float:
    """
    Return the log likelihood ratio of a raised rate inside a window; 0 where the rate is not raised.

    >>> round(poisson_llr(5, 1.70382978723404, 1175), 6)
    2.091261
    """
    if not observed > expected * RAISED:
        return 0.0
    inside = observed * math.log(observed / expected) if expected > 0 else math.inf
    rest = total - observed
    return inside + (rest * math.log(rest / (total - expected)) if rest > 0 else 0.0)


def expectation_llr(observed: float, expected: float) -> float:
    """
    Return the log likelihood ratio against a forecast that is not scaled to the total seen.

    >>> round(expectation_llr(9, 3), 3)
    3.888
    """
    if not observed > expected * RAISED:
        return 0.0
    return (
        observed * math.log(observed / expected) + expected - observed if expected > 0 else math.inf
    )


def binomial_llr(observed: float, people: float, cases: float, all_people: float) -> float:
    """
    Return the log likelihood ratio of a raised share of cases among the people of a window.

    >>> round(binomial_llr(4, 23, 62, 203), 6) == 0.0
    True
    """
    if people <= 0 or observed / people <= cases / all_people * RAISED:
        return 0.0

    def part(k: float, n: float) -> float:
        return sum(c * math.log(c / n) for c in (k, n - k) if c > 0)

    rest = part(cases - observed, all_people - people)
    return part(observed, people) + rest - part(cases, all_people)


def window_expectations(
    counts: ArrayLike, *, model: Model = "permutation", exposure: ArrayLike | None = None
) -> Floats:
    """
    Return the expected cases of each cell (places, intervals) under the null.

    `permutation`: what place and interval totals foretell; `poisson`: all cases shared out by `exposure`
    (person-time per cell, or per place); `expectation`: `exposure` itself, a forecast.

    >>> window_expectations([[2, 0], [2, 4]]).tolist()
    [[1.0, 1.0], [3.0, 3.0]]
    """
    y = np.asarray(counts, dtype=float)
    if model == "permutation":
        total = max(float(y.sum()), 1e-300)
        return np.asarray(y.sum(axis=1, keepdims=True) * y.sum(axis=0, keepdims=True) / total)
    if exposure is None:
        raise ValueError(f"the {model} model needs an exposure")
    time = np.asarray(exposure, dtype=float)
    time = np.broadcast_to(time[:, None] if time.ndim == 1 else time, y.shape)
    if (time < 0).any() or not time.sum() > 0:
        raise ValueError("exposure must be non-negative with a positive sum")
    return np.array(time) if model == "expectation" else np.asarray(time * y.sum() / time.sum())


def scan_windows(
    counts: ArrayLike,
    zones: Sequence[Zone],
    *,
    longest: int,
    model: Model = "permutation",
    exposure: ArrayLike | None = None,
    least_cases: int = 2,
) -> tuple[Cluster, ...]:
    """
    Score every zone over the last 1 to `longest` intervals, one by one, best first: the plain form.

    `counts` (places, intervals), zero where nothing was reported or NaN, which counts as no case and, in
    the Poisson model, as no person-time. Only windows with a raised rate and `least_cases` are returned.
    Equal scores stand in the order of zones and then of length. No p-values: see `scan`.

    >>> one = Zone(places=(0,), centre=0, radius=0.0)
    >>> [cluster.observed for cluster in scan_windows([[1, 1, 6], [4, 4, 4]], [one], longest=1)]
    [6.0]
    """
    y, expected = _prepared(counts, model, exposure)
    _checked(y, longest, least_cases)
    total, total_expected = float(y.sum()), float(expected.sum())
    found = []
    for zone in zones:
        for length in range(1, longest + 1):
            cell = np.ix_(zone.places, range(y.shape[1] - length, y.shape[1]))
            c, e = float(y[cell].sum()), float(expected[cell].sum())
            if model == "expectation":
                llr = expectation_llr(c, e)
            elif model == "binomial":
                llr = binomial_llr(c, e, total, total_expected)
            else:
                llr = poisson_llr(c, e, total)
            if llr > 0 and c >= least_cases:
                found.append(
                    _cluster(zone, y.shape[1], length, c, e, llr, total, total_expected, model)
                )
    return tuple(sorted(found, key=lambda cluster: -cluster.llr))


def _cluster(
    zone: Zone,
    intervals: int,
    length: int,
    c: float,
    e: float,
    llr: float,
    total: float,
    total_expected: float,
    model: Model,
) -> Cluster:
    if model == "binomial":
        share = total / total_expected
        outside = (total - c) / (total_expected - e) if total_expected > e else 0.0
        risk = c / e / outside if outside > 0 else math.inf
        e *= share
    else:
        whole = total_expected if model == "expectation" else total
        outside = (total - c) / (whole - e) if whole > e else 0.0
        risk = c / e / outside if outside > 0 and e > 0 else math.inf
    return Cluster(
        zone=zone, since=intervals - length, until=intervals, observed=c, expected=e, llr=llr,
        relative_risk=risk,
    )  # fmt: skip


def _checked(y: Floats, longest: int, least_cases: int) -> None:
    if not 1 <= longest <= y.shape[1]:
        raise ValueError(f"longest {longest} must lie between 1 and the {y.shape[1]} intervals")
    if least_cases < 1:
        raise ValueError(f"least_cases {least_cases} must be at least 1")


def _prepared(counts: ArrayLike, model: Model, exposure: ArrayLike | None) -> tuple[Floats, Floats]:
    raw = np.asarray(counts, dtype=float)
    if raw.ndim != 2:
        raise ValueError(f"counts have {raw.ndim} dimensions; places x intervals has two")
    if (raw < 0).any():
        place, interval = (int(i) for i in np.argwhere(raw < 0)[0])
        raise ValueError(
            f"count {raw[place, interval]:g} of place {place} in interval {interval} is negative"
        )
    silent = np.isnan(raw)
    y = np.where(silent, 0.0, raw)
    if model == "permutation":
        return y, window_expectations(y)
    if exposure is None:
        raise ValueError(f"the {model} model needs an exposure")
    time = np.asarray(exposure, dtype=float)
    time = np.broadcast_to(time[:, None] if time.ndim == 1 else time, y.shape)
    time = np.where(silent, 0.0, time)
    kind: Model = "expectation" if model == "binomial" else model
    return y, window_expectations(y, model=kind, exposure=time)


# The scan with its p-values


def scan(
    counts: ArrayLike,
    zones: Sequence[Zone],
    *,
    longest: int,
    generator: np.random.Generator | None = None,
    model: Model = "permutation",
    exposure: ArrayLike | None = None,
    least_cases: int = 2,
    replicates: int = 999,
    interval_days: int = 1,
    most: int | None = None,
) -> tuple[Cluster, ...]:
    """
    Find the windows that stand out, best first, no place twice, with p-values; the twin of `scan_windows`.

    Prospective: windows end with the last interval. The best window and those that share no place with a
    better one are returned (`most` of them). The null draws: case times shuffled over fixed places
    (`permutation`), cases spread over cells by expectation (`poisson`), or drawn around the forecast (`expectation`). With
    `replicates=0` no generator is needed and no p-value is given. p = (1 + null maxima that reach the
    score) / (replicates + 1); `p_gumbel` from the law fitted to the null maxima. Equal generators give equal answers.
    Raises ValueError for negative counts, a missing exposure, or replicates without a generator.

    >>> zones = circular_zones([[0, 1], [1, 0]], largest_radius=0)
    >>> quiet = [[1, 1, 2, 1, 1, 2, 1, 9], [2, 1, 1, 2, 1, 1, 2, 1]]
    >>> best = scan(quiet, zones, longest=2, generator=np.random.default_rng(1), replicates=99)[0]
    >>> best.zone.places, best.since, best.p_value < 0.1
    ((0,), 7, True)
    """
    y, expected = _prepared(counts, model, exposure)
    _checked(y, longest, least_cases)
    if replicates and model == "binomial":
        raise ValueError("the binomial model has no replicates here; ask for replicates=0")
    total, total_expected = float(y.sum()), float(expected.sum())
    offsets, members = _packed(zones, len(y))
    llr = _scores(y, expected, offsets, members, longest, least_cases, total, total_expected, model)
    chosen = _without_overlap(llr, offsets, members, len(y), most)
    null = np.empty(0)
    if replicates:
        if generator is None:
            raise ValueError("replicates need a generator")
        null = _null_maxima(
            y, expected, offsets, members, longest, least_cases, model, replicates, generator
        )
    clusters = []
    for flat in chosen:
        index, length = divmod(flat, longest)
        zone, span = zones[index], length + 1
        cell = np.ix_(zone.places, range(y.shape[1] - span, y.shape[1]))
        cluster = _cluster(
            zone, y.shape[1], span, float(y[cell].sum()), float(expected[cell].sum()),
            float(llr.ravel()[flat]), total, total_expected, model,
        )  # fmt: skip
        clusters.append(_with_p_values(cluster, null, interval_days))
    return tuple(clusters)


def _with_p_values(cluster: Cluster, null: Floats, interval_days: int) -> Cluster:
    if not len(null):
        return cluster
    p = float((1 + (null >= cluster.llr - 1e-9).sum()) / (len(null) + 1))
    approximate = gumbel_p_value(cluster.llr, null)
    used = approximate if p <= 1 / (len(null) + 1) and approximate < p else p
    return Cluster(
        zone=cluster.zone, since=cluster.since, until=cluster.until, observed=cluster.observed,
        expected=cluster.expected, llr=cluster.llr, relative_risk=cluster.relative_risk, p_value=p,
        p_gumbel=approximate, recurrence_days=min(interval_days / max(used, 1e-12), 3650.0),
    )  # fmt: skip


def gumbel_p_value(score: float, null_maxima: ArrayLike) -> float:
    """
    Return the chance of such a score under a Gumbel law with the mean and spread of the null maxima.

    >>> round(gumbel_p_value(10.0, [3.0, 4.0, 5.0, 4.0, 3.5]), 4)
    0.0
    """
    null = np.asarray(null_maxima, dtype=float)
    beta = float(null.std(ddof=1)) * math.sqrt(6) / math.pi if len(null) > 1 else 0.0
    if beta == 0:
        return float(score <= float(null.mean()))
    location = float(null.mean()) - 0.5772156649015329 * beta
    return -math.expm1(-math.exp(-(score - location) / beta))


def _packed(zones: Sequence[Zone], places: int) -> tuple[Ints, Ints]:
    sizes = [len(zone.places) for zone in zones]
    members = np.fromiter(
        chain.from_iterable(zone.places for zone in zones), dtype=np.int64, count=sum(sizes)
    )
    if len(members) and not (members.min() >= 0 and members.max() < places):
        raise ValueError(f"a zone names place {members.max()} of {places}")
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), members


def _scores(
    y: Floats,
    expected: Floats,
    offsets: Ints,
    members: Ints,
    longest: int,
    least_cases: int,
    total: float,
    total_expected: float,
    model: Model,
) -> Floats:
    """Return the score of each zone and length."""
    c = _recent_sums(y, longest)
    e = _recent_sums(expected, longest)
    cases = _zone_sums(c, offsets, members)
    means = _zone_sums(e, offsets, members)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(cases > 0, cases * np.log(cases / means), 0.0)
        if model == "expectation":
            llr = inside + means - cases
            raised = cases > means * RAISED
        elif model == "binomial":
            llr = _binomial_parts(cases, means) + _binomial_parts(
                total - cases, total_expected - means
            )
            llr -= _binomial_parts(np.array(total), np.array(total_expected))
            raised = cases * total_expected > total * means * RAISED
        else:
            rest = total - cases
            llr = inside + np.where(rest > 0, rest * np.log(rest / (total - means)), 0.0)
            raised = cases > means * RAISED
    return np.where(raised & (cases >= least_cases), llr, 0.0)


def _binomial_parts(k: Floats, n: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        yes = np.where(k > 0, k * np.log(k / n), 0.0)
        return np.asarray(yes + np.where(n - k > 0, (n - k) * np.log((n - k) / n), 0.0))


def _recent_sums(values: Floats, longest: int) -> Floats:
    """Sum the last 1 to `longest` intervals of each place."""
    recent = values[:, ::-1][:, :longest]
    return np.ascontiguousarray(np.cumsum(recent, axis=1))


@njit(cache=True)
def _zone_sums(values: Floats, offsets: Ints, members: Ints) -> Floats:
    zones, lengths = len(offsets) - 1, values.shape[1]
    out = np.zeros((zones, lengths))
    for zone in range(zones):
        for at in range(offsets[zone], offsets[zone + 1]):
            for length in range(lengths):
                out[zone, length] += values[members[at], length]
    return out


def _without_overlap(
    llr: Floats, offsets: Ints, members: Ints, places: int, most: int | None
) -> list[int]:
    """Return the positions of the best windows, none of which shares a place with a better one."""
    flat = llr.ravel()
    raised = np.flatnonzero(flat > 0)
    order = raised[np.argsort(-flat[raised], kind="stable")]
    limit = places if most is None else most
    chosen: list[int] = _apart(order, llr.shape[1], offsets, members, places, limit).tolist()
    return chosen


@njit(cache=True)
def _apart(order: Ints, lengths: int, offsets: Ints, members: Ints, places: int, most: int) -> Ints:
    taken, free = np.zeros(places, np.bool_), places
    chosen, found = np.empty(min(places, len(order)), np.int64), 0
    for position in order:
        if free == 0 or found >= most:
            break
        zone = position // lengths
        clear = True
        for at in range(offsets[zone], offsets[zone + 1]):
            if taken[members[at]]:
                clear = False
                break
        if clear:
            for at in range(offsets[zone], offsets[zone + 1]):
                taken[members[at]] = True
                free -= 1
            chosen[found] = position
            found += 1
    return chosen[:found]


# Replicates


LANES = 32
"""Replicates that are added up side by side: whole numbers of four bytes, a few of the processor's registers wide."""
_BLOCKS = 8


def _null_maxima(
    y: Floats,
    expected: Floats,
    offsets: Ints,
    members: Ints,
    longest: int,
    least_cases: int,
    model: Model,
    replicates: int,
    generator: np.random.Generator,
) -> Floats:
    """
    Draw replicates and return the best score of each; only the last `longest` intervals are ever summed.

    A zone is the one before it with a few places more or fewer, so its sums are too. A score grows with the count, so for a level that
    nearly every replicate's best exceeds there is a least count per window, and only counts that reach it are scored. The first
    replicates, scored in full, give the level; those that stay below it are scored in full again.
    """
    draw = _drawing(y, expected, longest, model, generator)
    means = _zone_sums(_recent_sums(expected, longest), offsets, members)
    total = float(y.sum())
    table = _log_table(round(total))
    forecast = model == "expectation"
    starts, moves, fresh = _moves(offsets, members, len(y))
    log_in = np.log(np.maximum(means, 1e-300))
    log_out = np.log(np.maximum(total - means, 1e-300))

    def needed(level: float) -> NDArray[np.int32]:
        return _least_counts(
            means, log_in, log_out, level, float(least_cases), total, forecast, table
        )

    def best(drawn: NDArray[np.int32], need: NDArray[np.int32]) -> Floats:
        return _best_scores(
            drawn, need, starts, moves, fresh, means, log_in, log_out, total, forecast, table
        )

    every = needed(0.0)
    maxima = np.empty(replicates)
    first = min(replicates, LANES)
    maxima[:first] = best(np.stack([draw() for _ in range(first)]), every)
    level = 0.8 * float(maxima[:first].min(initial=math.inf))
    need = needed(level) if replicates > first and level > 0 else every
    for start in range(first, replicates, LANES * _BLOCKS):
        drawn = np.stack([draw() for _ in range(min(LANES * _BLOCKS, replicates - start))])
        found = best(drawn, need)
        low = found <= level
        if low.any():
            found[low] = best(drawn[low], every)
        maxima[start : start + len(drawn)] = found
    return maxima


def _drawing(
    y: Floats, expected: Floats, longest: int, model: Model, generator: np.random.Generator
) -> Callable[[], NDArray[np.int32]]:
    """Return what draws one replicate: counts (places, the newest interval first), case by case where cases are fewer than cells."""
    places = len(y)
    cells = places * longest

    def spread(chosen: NDArray[np.int64]) -> NDArray[np.int32]:
        return np.bincount(chosen, minlength=cells).reshape(places, longest).astype(np.int32)

    if model == "permutation":
        where = np.repeat(np.arange(places), y.sum(axis=1).astype(np.int64))
        late = y.sum(axis=0).astype(np.int64)[::-1][:longest]
        ages = np.repeat(np.arange(longest), late)

        def shuffled() -> NDArray[np.int32]:
            return spread(
                where[generator.choice(len(where), len(ages), replace=False)] * longest + ages
            )

        return shuffled
    recent = expected[:, ::-1][:, :longest].ravel()
    heavy = float(recent.sum())
    ends = np.cumsum(recent)
    ends /= max(float(ends[-1]), 1e-300)
    ends[-1] = 1.0
    cases = round(float(y.sum()))
    share = min(1.0, heavy / float(expected.sum()))

    def drawn() -> NDArray[np.int32]:
        if model == "expectation":
            if heavy > cells:
                return generator.poisson(recent).reshape(places, longest).astype(np.int32)
            number = int(generator.poisson(heavy))
        else:
            number = int(generator.binomial(cases, share))
        if number > cells:
            return (
                generator.multinomial(number, np.diff(ends, prepend=0.0))
                .reshape(places, longest)
                .astype(np.int32)
            )
        return spread(np.searchsorted(ends, generator.random(number), side="right"))

    return drawn


def _log_table(cases: int) -> Floats:
    """N log n for whole n; sums of replicates are whole numbers."""
    n = np.arange(cases + 2, dtype=float)
    return np.asarray(np.where(n > 0, n * np.log(np.maximum(n, 1)), 0.0))


@njit(cache=True)
def _moves(offsets: Ints, members: Ints, places: int) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """
    Return how each zone comes from the one before: places to add (place + 1) and to take away (minus that), or afresh.

    The moves of zone z are `moves[starts[z] : starts[z + 1]]`; where `fresh[z]` they begin from nothing.
    """
    zones = len(offsets) - 1
    stamp = np.full(places, -1, np.int64)
    starts = np.zeros(zones + 1, np.int64)
    moves = np.empty(len(members), np.int64)
    fresh = np.zeros(zones, np.bool_)
    at = 0
    for zone in range(zones):
        size, shared = offsets[zone + 1] - offsets[zone], 0
        for i in range(offsets[zone], offsets[zone + 1]):
            if zone and stamp[members[i]] == zone - 1:
                shared += 1
        before = offsets[zone] - offsets[zone - 1] if zone else 0
        fresh[zone] = zone == 0 or size + before - 2 * shared >= size
        for i in range(offsets[zone], offsets[zone + 1]):
            place = members[i]
            if fresh[zone] or stamp[place] != zone - 1:
                moves[at] = place + 1
                at += 1
            stamp[place] = zone
        if not fresh[zone]:
            for i in range(offsets[zone - 1], offsets[zone]):
                if stamp[members[i]] != zone:
                    moves[at] = -members[i] - 1
                    at += 1
        starts[zone + 1] = at
    return starts, moves[:at], fresh


@njit(cache=True)
def _score(
    c: float, e: float, log_in: float, log_out: float, total: float, forecast: bool, table: Floats
) -> float:
    if forecast:
        return c * (math.log(c) - log_in) + e - c if c > 0 else e
    rest = total - c
    return float(table[int(c)] - c * log_in + table[int(rest)] - rest * log_out)


@njit(cache=True)
def _least_counts(
    means: Floats,
    log_in: Floats,
    log_out: Floats,
    level: float,
    least_cases: float,
    total: float,
    forecast: bool,
    table: Floats,
) -> NDArray[np.int32]:
    """Return for each window the least whole count above its expectation whose score exceeds `level`."""
    zones, lengths = means.shape
    need = np.empty((zones, lengths), np.int32)
    never = np.iinfo(np.int32).max
    for zone in range(zones):
        for length in range(lengths):
            e = means[zone, length]
            low = max(math.floor(e) + 1.0, least_cases)
            if low > total and not forecast:
                need[zone, length] = never
                continue
            inside, outside = log_in[zone, length], log_out[zone, length]
            if level <= 0:
                need[zone, length] = min(low, float(never))
                continue
            step = 1.0
            high = low
            while (
                high < 1e9
                and (forecast or high <= total)
                and not _score(high, e, inside, outside, total, forecast, table) > level
            ):
                high, step = high + step, step * 2
            if not forecast and high > total:
                high = total + 1
            below = low - 1
            while high - below > 1:
                middle = math.floor((below + high) / 2)
                if _score(middle, e, inside, outside, total, forecast, table) > level:
                    high = middle
                else:
                    below = middle
            need[zone, length] = min(high, float(never))
    return need


@njit(cache=True)
def _side_by_side(drawn: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return per place the sums of its newest intervals, those of all replicates beside each other for each length."""
    lanes, places, lengths = drawn.shape
    sums = np.zeros((places, lengths * LANES), np.int32)
    for lane in range(lanes):
        for place in range(places):
            seen = np.int32(0)
            for length in range(lengths):
                seen += drawn[lane, place, length]
                sums[place, length * LANES + lane] = seen
    return sums


@njit(cache=True)
def _moved(cases: NDArray[np.int32], sums: NDArray[np.int32], moves: Ints) -> None:
    for move in moves:
        if move > 0:
            row = sums[move - 1]
            for i in range(len(cases)):
                cases[i] += row[i]
        else:
            row = sums[-move - 1]
            for i in range(len(cases)):
                cases[i] -= row[i]


@njit(cache=True, parallel=True)
def _best_scores(
    drawn: NDArray[np.int32],
    need: NDArray[np.int32],
    starts: Ints,
    moves: Ints,
    fresh: NDArray[np.bool_],
    means: Floats,
    log_in: Floats,
    log_out: Floats,
    total: float,
    forecast: bool,
    table: Floats,
) -> Floats:
    """Return the best score of each replicate among the windows whose count is as high as `need`; 0 where there is none."""
    replicates, _, lengths = drawn.shape
    zones = len(fresh)
    best = np.zeros(replicates)
    for block in prange((replicates + LANES - 1) // LANES):
        first = block * LANES
        lanes = min(LANES, replicates - first)
        sums = _side_by_side(drawn[first : first + lanes])
        cases = np.zeros(lengths * LANES, np.int32)
        for zone in range(zones):
            if fresh[zone]:
                cases[:] = 0
            _moved(cases, sums, moves[starts[zone] : starts[zone + 1]])
            for length in range(lengths):
                least, high = need[zone, length], np.int32(0)
                for i in range(length * LANES, (length + 1) * LANES):
                    high = max(high, cases[i])
                if high < least:
                    continue
                for lane in range(lanes):
                    c = cases[length * LANES + lane]
                    if c >= least:
                        score = _score(
                            float(c), means[zone, length], log_in[zone, length], log_out[zone, length],
                            total, forecast, table,
                        )  # fmt: skip
                        best[first + lane] = max(best[first + lane], score)
    return best
