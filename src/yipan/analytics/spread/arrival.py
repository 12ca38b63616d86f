"""
Whether it gets out, where first, and when: introductions, arrival, effective distance.

Expected introductions come from infected people who still travel (and are not caught by a test) and
from residents infected while away. The chance of at least one, and of an outbreak that lasts, is
averaged over what is believed of prevalence: one minus the mean of the exponential, never the
exponential of the mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special

from yipan.model import Spillover

FloatArray = NDArray[np.float64]

EULER = 0.5772156649015329


def expected_exports(
    rate: ArrayLike,
    infected: ArrayLike,
    *,
    travelling_share: ArrayLike | None = None,
    detected_share: ArrayLike | None = None,
) -> FloatArray:
    """
    Return expected infected travellers by origin, destination, day: L_ij(t) = rate_ij sum_a I_i(t,a) u(a)(1 - s(a)).

    `rate` is origins x destinations (trips per resident and day), or with a last axis of days; `infected`
    is origins x days x ages since infection, not yet isolated. `travelling_share` u(a) still travel at
    age a; `detected_share` s(a) are caught by the required test (taken h hours before: shift it by h).
    Returns origins x destinations x days.

    >>> expected_exports([[0.01]], [[[100.0, 50.0]]], detected_share=[0.0, 0.5]).round(3)
    array([[[1.25]]])
    """
    ages = np.asarray(infected, dtype=np.float64)
    if ages.ndim != 3:
        raise ValueError(f"infected are origins x days x ages, got {ages.shape}")
    out = np.ones(ages.shape[2]) if travelling_share is None else np.asarray(travelling_share)
    caught = np.zeros(ages.shape[2]) if detected_share is None else np.asarray(detected_share)
    for name, share in (("travelling", out), ("detected", caught)):
        if share.shape != (ages.shape[2],) or (share < 0).any() or (share > 1).any():
            raise ValueError(f"the {name} share needs one figure from 0 to 1 for each age")
    leaving = ages @ (out * (1 - caught))
    trips = np.asarray(rate, dtype=np.float64)
    if trips.ndim == 2:
        trips = trips[:, :, None]
    return np.asarray(trips * leaving[:, None, :])


def expected_returns(visitors: ArrayLike, hazard: ArrayLike) -> FloatArray:
    """
    Return expected residents of j infected while visiting i, by origin, destination and day.

    `visitors` is origins x destinations (residents of j present in i), `hazard` origins x days (new
    infections per resident and day).

    >>> expected_returns([[2000.0]], [[0.001]])
    array([[[2.]]])
    """
    present = np.asarray(visitors, dtype=np.float64)
    return np.asarray(present[:, :, None] * np.asarray(hazard, dtype=np.float64)[:, None, :])


def detected_by_test(
    ages: ArrayLike, *, hours_before: float, detectable_days: float, sensitivity: float
) -> FloatArray:
    """
    Return the share of infected travellers a required test catches, by age since infection in days.

    The sample is taken `hours_before` departure, so the test sees an infection younger by that; it finds one that is
    `detectable_days` old or older with the chance `sensitivity`.

    >>> detected_by_test([0, 1, 2, 3, 4], hours_before=24, detectable_days=1.5, sensitivity=0.9)
    array([0. , 0. , 0. , 0.9, 0.9])
    """
    if not (0 <= sensitivity <= 1 and hours_before >= 0 and detectable_days >= 0):
        raise ValueError(
            f"a test needs a sensitivity from 0 to 1 and hours and days of 0 or more, got {sensitivity}, "
            f"{hours_before}, {detectable_days}"
        )
    seen = np.asarray(ages, dtype=np.float64) - hours_before / 24
    return np.asarray(np.where(seen >= detectable_days, sensitivity, 0.0))


def chance_of_introduction(expected: ArrayLike, *, draws_axis: int | None = None) -> FloatArray:
    """
    Return P(at least one) = 1 - E[exp(-expected)], averaged over posterior draws where given.

    `expected` are introductions summed over time (and origins). With `draws_axis` the exponential is
    averaged over that axis: putting in the mean would overstate the chance.

    >>> float(chance_of_introduction([0.0, 2.0], draws_axis=0).round(3))
    0.432
    """
    survived = -np.expm1(-np.asarray(expected, dtype=np.float64))
    return np.asarray(survived if draws_axis is None else survived.mean(axis=draws_axis))


def chain_extinction(reproduction: ArrayLike, dispersion: float) -> FloatArray:
    """
    Return the chance that a chain from one new case dies out: least root of q = (1 + R(1-q)/k)^-k.

    `reproduction` is the value under control at the destination; 1 where R is 1 or less.

    >>> chain_extinction([0.8, 2.0], 0.5).round(4)
    array([1.    , 0.6404])
    """
    mean = np.asarray(reproduction, dtype=np.float64)
    if (mean < 0).any() or dispersion <= 0:
        raise ValueError("a reproduction number is 0 or more and a dispersion above 0")
    flat = np.ones(mean.size)
    for index, r in enumerate(mean.ravel().tolist()):
        if r > 1:
            flat[index] = _least_root(r, dispersion)
    return flat.reshape(mean.shape)


def _least_root(r: float, k: float) -> float:
    from scipy import optimize

    def gap(q: float) -> float:
        return math.exp(-r * (1 - q) if math.isinf(k) else -k * math.log1p(r * (1 - q) / k)) - q

    high = 1.0
    for power in range(1, 60):
        high = 1.0 - 2.0**-power
        if gap(high) < 0:
            return float(optimize.brentq(gap, 0.0, high, xtol=1e-16, rtol=1e-14))
    return 1.0


def arrival_extinction(
    reproduction: ArrayLike, dispersion: float, *, generation: ArrayLike
) -> FloatArray:
    """
    Return the chance that a traveller arriving at each age of infection starts nothing that lasts.

    q_a = (1 + R W(a)(1 - q)/k)^-k with W(a) the share of transmission still ahead at age a. Shape of
    `reproduction` plus a last axis of ages 0, 1, ... as long as `generation` (lag 0 first).

    >>> arrival_extinction(2.0, 0.5, generation=[0, 0.5, 0.5]).round(3)
    array([0.64 , 0.763, 1.   ])
    """
    mean = np.asarray(reproduction, dtype=np.float64)
    pmf = np.asarray(generation, dtype=np.float64)
    ahead = 1.0 - np.cumsum(pmf) / pmf.sum()
    pressure = (
        mean[..., None]
        * np.maximum(ahead, 0.0)
        * (1 - chain_extinction(mean, dispersion))[..., None]
    )
    if math.isinf(dispersion):
        return np.asarray(np.exp(-pressure))
    return np.asarray((1 + pressure / dispersion) ** -dispersion)


def chance_of_outbreak(
    expected_by_age: ArrayLike, extinction_by_age: ArrayLike, *, draws_axis: int | None = None
) -> FloatArray:
    """
    Return P(a sustained outbreak) = 1 - E[exp(-sum_a L(a)(1 - q_a))].

    The last axis of both is the age on arrival; they broadcast. `draws_axis` counts the axes of the
    result before it is averaged away.

    >>> float(chance_of_outbreak([1.0, 1.0], [0.64, 0.762]).round(3))
    0.45
    """
    lasting = np.asarray(expected_by_age) * (1 - np.asarray(extinction_by_age))
    return chance_of_introduction(lasting.sum(axis=-1), draws_axis=draws_axis)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstArrival:
    """When the first infected traveller arrives under growth: days from now; infinite if perhaps never."""

    mean_days: float
    median_days: float
    ever: float


def first_arrival(*, expected_now: float, growth_per_day: float) -> FirstArrival:
    """
    Return the first arrival when introductions run at L0 e^(rt) a day.

    Survival is exp(-(L0/r)(e^(rt) - 1)). The mean is computed exactly (e^c E1(c) / r with c = L0/r, for
    small c about (ln(r/L0) - 0.5772)/r), the median is ln(1 + r ln 2 / L0)/r. With r below 0 the first
    may never come, and `ever` is its chance.

    >>> round(first_arrival(expected_now=0.01, growth_per_day=0.1).median_days, 1)
    20.7
    """
    rate, grow = expected_now, growth_per_day
    if rate < 0:
        raise ValueError(f"expected introductions are 0 or more, got {rate}")
    if rate == 0:
        return FirstArrival(mean_days=math.inf, median_days=math.inf, ever=0.0)
    if abs(grow) < 1e-9:
        return FirstArrival(mean_days=1 / rate, median_days=math.log(2) / rate, ever=1.0)
    inside = 1 + grow * math.log(2) / rate
    median = math.log(inside) / grow if inside > 0 else math.inf
    if grow < 0:
        return FirstArrival(mean_days=math.inf, median_days=median, ever=-math.expm1(rate / grow))
    mean = (
        float(special.exp1(rate / grow)) * math.exp(rate / grow)
        if rate / grow < 500
        else grow / rate
    )
    return FirstArrival(mean_days=mean / grow, median_days=median, ever=1.0)


def arrival_distribution(expected: ArrayLike, *, draws_axis: int | None = None) -> FloatArray:
    """
    Return P(first arrival on or before each day) from expected introductions by day (last axis).

    >>> arrival_distribution([0.5, 0.5]).round(3)
    array([0.393, 0.632])
    """
    running = np.cumsum(np.asarray(expected, dtype=np.float64), axis=-1)
    return chance_of_introduction(running, draws_axis=draws_axis)


def delay_bought_days(cut_share: ArrayLike, *, growth_per_day: float) -> FloatArray:
    """
    Return the days by which cutting travel by `cut_share` puts off arrival: -ln(1 - c)/r.

    To be printed beside any idea of closure: the cut never stops arrival while the outbreak grows.
    Infinite for a full cut; raises `ValueError` unless the outbreak grows.

    >>> delay_bought_days([0.5, 0.9], growth_per_day=0.23).round(1)
    array([ 3., 10.])
    """
    if growth_per_day <= 0:
        raise ValueError(
            "without growth a travel cut changes the number of arrivals, not their date"
        )
    share = np.asarray(cut_share, dtype=np.float64)
    if (share < 0).any() or (share > 1).any():
        raise ValueError("a travel cut lies between 0 and 1")
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log1p(-share) / growth_per_day)


def effective_distance(shares: ArrayLike) -> FloatArray:
    """
    Return the effective distance between all areas: shortest paths over 1 - ln P (Brockmann & Helbing 2013).

    `shares` is row-stochastic (areas x areas). Infinite where no path leads.

    >>> effective_distance([[0, 1.0], [1.0, 0]])
    array([[0., 1.],
           [1., 0.]])
    """
    p = np.asarray(shares, dtype=np.float64)
    if p.ndim != 2 or p.shape[0] != p.shape[1]:
        raise ValueError(f"effective distance needs areas x areas, got {p.shape}")
    with np.errstate(divide="ignore"):
        step = np.where(p > 0, 1.0 - np.log(np.where(p > 0, p, 1.0)), 0.0)
    np.fill_diagonal(step, 0.0)
    return np.asarray(sparse.csgraph.shortest_path(sparse.csr_array(step), method="D"))


def random_walk_distance(
    shares: ArrayLike, *, growth_per_day: float, departures: float
) -> FloatArray:
    """
    Return the random-walk effective distance, which uses all paths (Iannelli et al. 2017, Phys Rev E 95, 012313).

    D_ij = -ln E[exp(-delta H_ij)], H the hitting time, delta = ln(r / kappa) - 0.5772; for each j the
    system (I - e^-delta P_-j) x = e^-delta P_.j is solved. Raises `ValueError` where delta is not
    positive (the outbreak must grow faster than people leave).

    >>> random_walk_distance([[0, 1.0], [1.0, 0]], growth_per_day=0.2, departures=0.02).round(2)
    array([[0.  , 1.73],
           [1.73, 0.  ]])
    """
    p = np.asarray(shares, dtype=np.float64)
    delta = math.log(growth_per_day / departures) - EULER
    if delta <= 0:
        raise ValueError(
            f"growth {growth_per_day} a day is too slow beside departures {departures} a day"
        )
    fade = math.exp(-delta)
    count = p.shape[0]
    answer = np.zeros((count, count))
    whole = np.eye(count) - fade * p
    for goal in range(count):
        without = np.delete(np.delete(whole, goal, axis=0), goal, axis=1)
        reach = np.linalg.solve(without, fade * np.delete(p[:, goal], goal))
        with np.errstate(divide="ignore"):
            answer[np.arange(count) != goal, goal] = -np.log(np.maximum(reach, 0.0))
    return answer


def exit_probabilities(shares: ArrayLike, population: ArrayLike, *, origin: int) -> FloatArray:
    """
    Return where a traveller from `origin` ends, by leaving the shortest-path tree on the way.

    Import risk after the exit probabilities of PLOS Comput Biol 2024 (PMC10843136): passing area n, the
    traveller stays with probability people of n / people of the branch hanging from n. Adds to 1.

    >>> exit_probabilities([[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]], [5.0, 6.0, 2.0], origin=0)
    array([0.  , 0.75, 0.25])
    """
    p = np.asarray(shares, dtype=np.float64)
    people = np.asarray(population, dtype=np.float64)
    with np.errstate(divide="ignore"):
        step = np.where(p > 0, 1.0 - np.log(np.where(p > 0, p, 1.0)), 0.0)
    np.fill_diagonal(step, 0.0)
    every, parents = sparse.csgraph.dijkstra(sparse.csr_array(step), return_predecessors=True)
    far, before = every[origin], parents[origin]
    reached = [
        node for node in np.argsort(far).tolist() if np.isfinite(far[node]) and node != origin
    ]
    branch = people.copy()
    for node in reversed(reached):
        if before[node] != origin:
            branch[before[node]] += branch[node]
    first = [node for node in reached if before[node] == origin]
    answer, passing = np.zeros(people.size), np.zeros(people.size)
    total = sum(branch[node] for node in first)
    for node in reached:
        parent = int(before[node])
        if parent == origin:
            passing[node] = branch[node] / total
        else:
            beyond = branch[parent] - people[parent]
            passing[node] = passing[parent] * (beyond / branch[parent]) * (branch[node] / beyond)
        answer[node] = passing[node] * people[node] / branch[node]
    return answer


def spillover(
    destinations: Sequence[str],
    rate: ArrayLike,
    infected_travelling: ArrayLike,
    *,
    reproduction: ArrayLike,
    dispersion: float,
    left_share: ArrayLike,
    days_to_detection: ArrayLike,
) -> tuple[Spillover, ...]:
    """
    Return the spillover to every destination, averaged over posterior draws, first to look at first.

    `rate` is origins x destinations; `infected_travelling` is draws x origins x days, perhaps x ages since
    infection: infected people not isolated who still travel and pass the test, on each day ahead.
    `reproduction` is the value under control at each destination, `left_share` the transmission a traveller
    still has before them (one figure, or one for each age), `days_to_detection` how long a case there goes
    unseen. Look-first = expected x (1 - extinction) x days to detection.

    >>> near, far = spillover(["near", "far"], [[0.01, 0.001]], [[[10.0, 20.0]], [[5.0, 9.0]]],
    ...     reproduction=[1.5, 1.5], dispersion=0.3, left_share=0.7, days_to_detection=5.0)
    >>> near.destination, round(near.introduced, 3), far.introduced < near.introduced
    ('near', 0.195, True)
    """
    trips = np.asarray(rate, dtype=np.float64)
    ill = np.asarray(infected_travelling, dtype=np.float64)
    left = np.atleast_1d(np.asarray(left_share, dtype=np.float64))
    if ill.ndim == 3:
        ill = ill[..., None]
    if ill.ndim != 4 or left.shape not in {(1,), (ill.shape[3],)}:
        raise ValueError(
            f"infected {ill.shape} by age do not fit {left.size} shares of transmission left"
        )
    if trips.shape != (ill.shape[1], len(destinations)):
        raise ValueError(
            f"rates {trips.shape} and infected {ill.shape} do not fit {len(destinations)} destinations"
        )
    if not np.isfinite(ill).all() or (ill < 0).any():
        raise ValueError(
            "infected travellers must be known and 0 or more; leave unknown origins out"
        )
    days = ill.shape[2]
    # expected by draw and destination over the period: the days add up before the matrix product
    by_age = ill.sum(axis=2)
    total = by_age.sum(axis=2) @ trips
    mean_r = np.broadcast_to(np.asarray(reproduction, dtype=np.float64), (len(destinations),))
    q = chain_extinction(mean_r, dispersion)
    pressure = mean_r[:, None] * left * (1 - q)[:, None]
    dies = (
        np.exp(-pressure) if math.isinf(dispersion) else (1 + pressure / dispersion) ** -dispersion
    )
    lasts = np.broadcast_to(1 - dies, (len(destinations), ill.shape[3]))
    sustained = np.zeros_like(total)
    for age in range(ill.shape[3]):
        sustained += (by_age[:, :, age] @ trips) * lasts[:, age]
    introduced = chance_of_introduction(total, draws_axis=0)
    lasting = chance_of_introduction(sustained, draws_axis=0)
    mean = total.mean(axis=0)
    low, high = _edges(total)
    arrived = _arrived_by(trips, ill.sum(axis=3))
    half = np.where((arrived >= 0.5).any(axis=1), (arrived >= 0.5).argmax(axis=1), days)
    search = sustained.mean(axis=0) * np.broadcast_to(np.asarray(days_to_detection), mean.shape)
    rows = [
        Spillover(
            destination=name,
            expected=float(mean[index]),
            expected_low=float(low[index]),
            expected_high=float(high[index]),
            introduced=float(introduced[index]),
            lasting=float(lasting[index]),
            half_arrived_day=None if half[index] >= days else int(half[index]),
            look_first=float(search[index]),
            arrived_by=tuple(arrived[index].round(6).tolist()),
        )
        for index, name in enumerate(destinations)
    ]
    return tuple(sorted(rows, key=lambda row: -row.look_first))


def _edges(total: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 2.5 % and 97.5 % points over draws."""
    low, high = np.quantile(total, [0.025, 0.975], axis=0)
    return np.asarray(low), np.asarray(high)


def _arrived_by(trips: FloatArray, ill: FloatArray) -> FloatArray:
    """The chance that the first has arrived by each day, averaged over draws (destinations x days)."""
    running = np.zeros((ill.shape[0], trips.shape[1]))
    arrived = np.empty((trips.shape[1], ill.shape[2]))
    for day in range(ill.shape[2]):
        running += ill[:, :, day] @ trips
        arrived[:, day] = 1.0 - np.exp(-running).mean(axis=0)
    return np.asarray(np.maximum.accumulate(np.clip(arrived, 0.0, 1.0), axis=1))


def likely_origins(expected: ArrayLike) -> FloatArray:
    """
    Return, for an unexplained cluster in each destination, the chance of each origin: L_ij / sum_i L_ij.

    `expected` is origins x destinations; a destination nobody could reach gets NaN.

    >>> likely_origins([[3.0, 0.0], [1.0, 0.0]])
    array([[0.75,  nan],
           [0.25,  nan]])
    """
    flow = np.asarray(expected, dtype=np.float64)
    total = flow.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(total > 0, flow / np.where(total > 0, total, 1.0), np.nan))


def departures_from_exports(
    exported: float, *, infected_days: float, shares_observed: float = 1.0, level: float = 0.95
) -> tuple[float, float, float]:
    """
    Return departures per resident and day implied by exported cases found, with an exact Poisson band.

    Formula 3 inverted: exported ~ Poisson(kappa * infected person-days * share of destinations that
    report). Calibrate to this as soon as there are any exported cases.

    >>> [round(each, 4) for each in departures_from_exports(19, infected_days=1000.0)]
    [0.019, 0.0114, 0.0297]
    """
    if infected_days <= 0 or exported < 0:
        raise ValueError("calibration needs infected person-days and a count of exported cases")
    base = infected_days * shares_observed
    tail = (1 - level) / 2
    low = float(special.gammaincinv(exported, tail)) if exported > 0 else 0.0
    high = float(special.gammaincinv(exported + 1, 1 - tail))
    return exported / base, low / base, high / base
