"""
The bottom line: will this cluster die out, or exceed what we can bear, and by when.

Offspring are negative binomial (mean R, dispersion k; Lloyd-Smith et al. 2005, Nature 04153). A share q of
cases is fully isolated and infects nobody; the others' transmission is cut by c. The probability
generating function of one case's offspring is

    f(s) = q + (1 - q) (1 + (1 - c) R (1 - s) / k)^-k

and everything here follows from it exactly: extinction, the final size (Otter 1949, Dwass 1969), and
the size within so many days, by an age-dependent process solved on a circle in the complex plane and
read off by Fourier transform. Nothing is simulated; the simulation at the end is the judge of the law.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.analytics.outlook.counts import FloatArray
from yipan.model import BottomLine, BottomLineState, Control, Lever

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offspring:
    """
    How many people one case infects: mean, dispersion (small k: few infect many), and what control does.

    `dispersion` may be infinite (Poisson). `isolated_share` of cases infect nobody; the rest have their
    transmission cut by `cut_share`. Both 0 to 1.
    """

    reproduction: float
    dispersion: float = math.inf
    isolated_share: float = 0.0
    cut_share: float = 0.0

    def __post_init__(self) -> None:
        if not (self.reproduction >= 0 and math.isfinite(self.reproduction)):
            raise ValueError(f"a reproduction number must be 0 or more, got {self.reproduction}")
        if not self.dispersion > 0:
            raise ValueError(f"a dispersion must be above 0, got {self.dispersion}")
        for name in ("isolated_share", "cut_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name} {share} lies outside 0 to 1")

    @property
    def free_mean(self) -> float:
        """The mean offspring of a case that is not isolated."""
        return (1 - self.cut_share) * self.reproduction

    @property
    def mean(self) -> float:
        """The mean offspring of a case under control."""
        return (1 - self.isolated_share) * self.free_mean

    def generating(self, s: ArrayLike, left_share: float = 1.0) -> NDArray[Any]:
        """Return f(s), real or complex, of a case with `left_share` of its transmission before it."""
        free = self.free_generating(left_share * self.free_mean * (1 - np.asarray(s)))
        return np.asarray(self.isolated_share + (1 - self.isolated_share) * free)

    def free_generating(self, pressure: NDArray[Any]) -> NDArray[Any]:
        """Return (1 + pressure / k)^-k, what a case not isolated contributes; exp(-pressure) for Poisson."""
        if math.isinf(self.dispersion):
            return np.asarray(np.exp(-pressure))
        return np.asarray(np.exp(-self.dispersion * np.log1p(pressure / self.dispersion)))


def extinction_probability(offspring: Offspring, *, active: int = 1) -> float:
    """
    Return the probability that the chains of `active` cases all die out.

    The smallest root of s = f(s), to the power of `active`; 1 where the mean offspring is at most 1.

    >>> round(extinction_probability(Offspring(reproduction=2.0, dispersion=0.5)), 4)
    0.6404
    """
    from scipy import optimize

    if offspring.mean <= 1:
        return 1.0

    def gap(s: float) -> float:
        return float(offspring.generating(s)) - s

    # f(s) - s is convex, positive at 0, zero at 1 and negative just below: one root between
    high = 1.0
    for power in range(1, 60):
        high = 1.0 - 2.0**-power
        if gap(high) < 0:
            break
    low = 0.0
    root = low if gap(low) <= 0 else optimize.brentq(gap, low, high, xtol=1e-16, rtol=1e-15)
    return float(root) ** active


def chain_size_log_probability(
    size: ArrayLike, *, reproduction: ArrayLike, dispersion: ArrayLike, seeds: int = 1
) -> FloatArray:
    """
    Return log P(final size = `size`) of chains from `seeds` cases, the seeds included.

    (n/j) P(NB(jk, mean jR) = j - n), Poisson for infinite dispersion. Arguments broadcast. Source:
    Blumberg & Lloyd-Smith 2013 (PLOS Comput Biol, 1002993); Borel-Tanner for Poisson.

    >>> float(chain_size_log_probability(1, reproduction=0.3, dispersion=0.1).round(6))
    -0.138629
    """
    j = np.asarray(size, dtype=np.float64)
    mean = np.asarray(reproduction, dtype=np.float64)
    k = np.asarray(dispersion, dtype=np.float64)
    extra = j - seeds
    with np.errstate(divide="ignore", invalid="ignore"):
        poisson = special.xlogy(extra, j * mean) - j * mean - special.gammaln(extra + 1)
        finite = np.where(np.isinf(k), 1.0, k)
        negative = (
            special.gammaln(finite * j + extra)
            - special.gammaln(finite * j)
            - special.gammaln(extra + 1)
            + special.xlogy(extra, mean / (finite + mean))
            - finite * j * np.log1p(mean / finite)
        )
        log = np.log(seeds / j) + np.where(np.isinf(k), poisson, negative)
    return np.asarray(np.where(extra < 0, -np.inf, log))


def final_size_at_most(limit: int, offspring: Offspring, *, active: int = 1) -> float:
    """
    Return P(the chains of `active` cases never exceed `limit` cases in all, the active included).

    The plain form: without isolation one sum of the closed form, with isolation the same sum over the
    number m of cases not isolated, (n/j) sum_m C(j,m) q^(j-m) (1-q)^m P(NB(mk, mean m(1-c)R) = j-n).

    >>> round(final_size_at_most(100, Offspring(reproduction=0.9, dispersion=0.3)), 3)
    0.981
    """
    from scipy import stats

    if active == 0:
        return 1.0
    if limit < active:
        return 0.0
    sizes = np.arange(active, limit + 1, dtype=np.float64)
    if offspring.isolated_share == 0:
        log = chain_size_log_probability(
            sizes,
            reproduction=offspring.free_mean,
            dispersion=offspring.dispersion,
            seeds=active,
        )
        return min(float(np.exp(log).sum()), 1.0)
    total = 0.0
    for size in range(active, limit + 1):
        extra = size - active
        free = np.arange(size + 1)
        choose = stats.binom.pmf(free, size, 1 - offspring.isolated_share)
        mean = free * offspring.free_mean
        if math.isinf(offspring.dispersion):
            born = stats.poisson.pmf(extra, mean)
        else:
            shape = np.maximum(free, 1) * offspring.dispersion
            born = np.where(
                free > 0,
                stats.nbinom.pmf(
                    extra,
                    shape,
                    offspring.dispersion / (offspring.dispersion + offspring.free_mean),
                ),
                float(extra == 0),
            )
        total += active / size * float(choose @ born)
    return min(total, 1.0)


def _circle(limit: int) -> tuple[ComplexArray, float, int]:
    """Half a circle of points fine enough to read off probabilities up to `limit`, and its radius."""
    points = 1 << max(6, math.ceil(math.log2(2 * (limit + 2))))
    radius = 10.0 ** (-10.0 / points)
    angle = 2 * math.pi * np.arange(points // 2 + 1) / points
    return radius * np.exp(1j * angle), radius, points


def _read_off(values: ComplexArray, radius: float, points: int, limit: int) -> FloatArray:
    """Coefficients 0 to `limit` of the power series whose values on the half circle are given."""
    coefficients = np.fft.irfft(np.conj(values), points)[: limit + 1]
    return np.asarray(coefficients * radius ** -np.arange(limit + 1.0))


QUADRATIC = 1e-9
"""A Newton step as small as this leaves an error of its square, which is none."""


def _total_progeny(z: ComplexArray, offspring: Offspring) -> ComplexArray:
    """
    Solve h = z f(h), the generating function of the final size of one chain.

    For |z| < 1 the map z f(h) takes the unit disc into itself, so the disc holds exactly one solution: Newton
    steps that stay inside are taken, others give way to a step of plain iteration.
    """
    q, mean, k = offspring.isolated_share, offspring.free_mean, offspring.dispersion
    h = z * offspring.isolated_share
    for _ in range(400):
        free = offspring.free_generating(mean * (1 - h))
        ratio = mean if math.isinf(k) else mean / (1 + mean * (1 - h) / k)
        value = z * (q + (1 - q) * free)
        newton = h - (h - value) / (1 - z * (1 - q) * free * ratio)
        inside = np.abs(newton) <= np.abs(z)
        following = np.where(inside, newton, value)
        moved = np.abs(following - h).max()
        h = following
        if moved < (QUADRATIC if inside.all() else 1e-14):
            break
    return h


def final_size_distribution(
    limit: int, offspring: Offspring, *, left_shares: Sequence[float] = (1.0,)
) -> FloatArray:
    """
    Return P(final size = 0 .. `limit`) started by active cases with part of their transmission left.

    `left_shares` holds for each active case the share of its transmission still before it: 1 for one
    just infected, near 0 for one long ill. The active cases count in the size. The fast form for any
    control, exact to about 1e-10; a property test binds it to `final_size_at_most`.

    >>> final_size_distribution(3, Offspring(reproduction=0.3, dispersion=0.1)).round(4)
    array([0.    , 0.8706, 0.0568, 0.0241])
    """
    left = np.asarray(left_shares, dtype=np.float64)
    if (left < 0).any() or (left > 1).any():
        raise ValueError("the share of transmission left lies between 0 and 1")
    z, radius, points = _circle(limit)
    h = _total_progeny(z, offspring)
    value = np.ones_like(z)
    shares, times = np.unique(left, return_counts=True)
    for share, count in zip(shares.tolist(), times.tolist(), strict=True):
        value = value * (z * offspring.generating(h, share)) ** count
    return np.maximum(_read_off(value, radius, points, limit), 0.0)


def size_within_days_distribution(
    limit: int,
    offspring: Offspring,
    *,
    generation: ArrayLike,
    days: Sequence[int],
    ages: Sequence[int] = (0,),
) -> FloatArray:
    """
    Return P(size = 0 .. `limit`) within each of `days`, active cases included (days x sizes).

    The day-resolved law: a case infects at ages 1, 2, ... days with the shares of `generation` (lag 0
    none, renormalised). With F_t(s) the generating function of all cases infected within t days of a
    new case, itself included, F_t(s) = s f(1 - sum_{u <= t} w_u (1 - F_{t-u}(s))). `ages` are the days
    since infection of the active cases; what they infected before is not counted again.

    >>> week = size_within_days_distribution(
    ...     50, Offspring(reproduction=2.0, dispersion=0.5), generation=[0, 0.2, 0.5, 0.3], days=[0, 7]
    ... )
    >>> week[0, 1], bool(week[1, 1] < 1)
    (np.float64(1.0), True)
    """
    weights = np.asarray(generation, dtype=np.float64)
    if weights[0] != 0 or weights.sum() <= 0 or (weights < 0).any():
        raise ValueError("generation times need shares at lags 0, 1, ..., none at 0")
    weights = weights / weights.sum()
    z, radius, points = _circle(limit)
    distinct, times = np.unique(np.asarray(ages, dtype=np.int64), return_counts=True)
    laws = _laws_by_day(z, offspring.generating, weights, distinct.tolist(), days)
    answer = np.stack(
        [_read_off(np.prod(law ** times[:, None], axis=0), radius, points, limit) for law in laws]
    )
    return np.clip(np.where(np.abs(answer) < 1e-10, 0.0, answer), 0.0, 1.0)


def left_share(age_days: int, generation: ArrayLike) -> float:
    """
    Return the share of its transmission that a case infected `age_days` ago still has before it.

    >>> left_share(2, [0, 0.2, 0.5, 0.3])
    0.3
    """
    weights = np.asarray(generation, dtype=np.float64)
    return round(float(weights[age_days + 1 :].sum() / weights.sum()), 12)


def chain_length_at_most(generations: int, offspring: Offspring) -> float:
    """
    Return P(a chain lasts at most so many generations); a lone case has length 1.

    >>> round(chain_length_at_most(1, Offspring(reproduction=0.3)), 4)
    0.7408
    """
    value = 0.0
    for _ in range(generations):
        value = float(offspring.generating(value))
    return value


def transmission_shares(
    *, reproduction: float, dispersion: float, caused: float
) -> tuple[float, float]:
    """
    Return the share of cases that cause `caused` of all transmission, and what the top fifth causes.

    The first counts realised offspring (Endo et al. 2020, Wellcome Open Res 15842), the second the
    Gamma of individual rates (Lloyd-Smith et al. 2005).

    >>> share, fifth = transmission_shares(reproduction=2, dispersion=0.1, caused=0.8)
    >>> round(share, 4), round(fifth, 3)
    (0.0921, 0.951)
    """
    from scipy import stats

    success = dispersion / (dispersion + reproduction)
    top = max(50, int(stats.nbinom.ppf(1 - 1e-13, dispersion, success)) + 10)
    number = np.arange(top)
    chance = stats.nbinom.pmf(number, dispersion, success)
    transmitted = np.cumsum(number * chance) / reproduction
    cell = int(np.searchsorted(transmitted, 1 - caused))
    before = transmitted[cell - 1] if cell else 0.0
    part = (1 - caused - before) / (transmitted[cell] - before)
    below = chance[:cell].sum() + part * chance[cell]
    rate = float(special.gammaincinv(dispersion, 0.8))
    return float(1 - below), float(special.gammaincc(dispersion + 1, rate))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OffspringPosterior:
    """What is believed of R and k: values and weights that add to 1."""

    reproduction: FloatArray
    dispersion: FloatArray
    weight: FloatArray

    def __post_init__(self) -> None:
        if not self.reproduction.shape == self.dispersion.shape == self.weight.shape:
            raise ValueError("R, k and weights must have the same shape")
        if not math.isclose(float(self.weight.sum()), 1.0, rel_tol=1e-9):
            raise ValueError(f"weights add to {float(self.weight.sum())}, not 1")

    @property
    def mean(self) -> tuple[float, float]:
        """The mean of R, and the median of k."""
        order = np.argsort(self.dispersion)
        running = np.cumsum(self.weight[order])
        median = self.dispersion[order][int(np.searchsorted(running, 0.5))]
        return float(self.reproduction @ self.weight), float(median)

    def thinned(self, points: int = 64) -> OffspringPosterior:
        """Return the posterior on few points: equal slices of R, each with its mean R and log k."""
        order = np.argsort(self.reproduction, kind="stable")
        r, k, w = self.reproduction[order], self.dispersion[order], self.weight[order]
        middle = np.cumsum(w) - 0.5 * w
        slot = np.minimum((middle * points).astype(np.int64), points - 1)
        mass = np.bincount(slot, w, points)
        used = mass > 0
        total: FloatArray = np.bincount(slot, w * r, points).astype(np.float64)
        log_k = np.bincount(slot, w * np.log(np.minimum(k, 1e6)), points)[used] / mass[used]
        return OffspringPosterior(
            reproduction=total[used] / mass[used],
            dispersion=np.exp(log_k),
            weight=mass[used] / mass.sum(),
        )


def posterior_from_gamma(
    *, shape: float, rate: float, dispersion: float, points: int = 32
) -> OffspringPosterior:
    """
    Return R as estimated from daily counts (a Gamma) with one k, in equal slices of probability.

    >>> round(posterior_from_gamma(shape=100, rate=100, dispersion=0.3).mean[0], 3)
    1.0
    """
    middles = (np.arange(points) + 0.5) / points
    return OffspringPosterior(
        reproduction=np.asarray(special.gammaincinv(shape, middles) / rate, dtype=np.float64),
        dispersion=np.full(points, dispersion),
        weight=np.full(points, 1.0 / points),
    )


def posterior_from_clusters(
    finished: Sequence[int],
    *,
    ongoing: Sequence[int] = (),
    offspring_counts: Sequence[int] = (),
    reproduction_range: tuple[float, float] = (0.05, 6.0),
    dispersion_range: tuple[float, float] = (0.02, 20.0),
    prior_median: float = 1.0,
    prior_spread: float = 1.0,
    dispersion_median: float = 0.4,
    dispersion_spread: float = 1.2,
    grid: int = 100,
) -> OffspringPosterior:
    """
    Return the posterior of R and k from cluster sizes, on a grid of log R and log k.

    A finished cluster of j cases weighs P(size = j); an ongoing one P(size >= j), for it has not
    stopped. `offspring_counts` are fully traced cases' numbers of infected. The prior is log-normal
    in both. Clusters above R = 1 may never finish, which the exact law takes in.

    >>> r, k = posterior_from_clusters([1] * 40 + [2] * 4 + [5, 12]).mean
    >>> 0.2 < r < 0.8
    True
    """
    from scipy import stats

    if any(size < 1 for size in (*finished, *ongoing)):
        raise ValueError("a cluster has at least one case")
    log_r = np.linspace(math.log(reproduction_range[0]), math.log(reproduction_range[1]), grid)
    log_k = np.linspace(math.log(dispersion_range[0]), math.log(dispersion_range[1]), grid)
    r, k = (each.ravel() for each in np.meshgrid(np.exp(log_r), np.exp(log_k), indexing="ij"))
    log = -0.5 * ((np.log(r) - math.log(prior_median)) / prior_spread) ** 2
    log -= 0.5 * ((np.log(k) - math.log(dispersion_median)) / dispersion_spread) ** 2
    for size, times in zip(*np.unique(finished, return_counts=True), strict=True):
        log += times * chain_size_log_probability(size, reproduction=r, dispersion=k)
    for size, times in zip(*np.unique(ongoing, return_counts=True), strict=True):
        smaller = np.arange(1, size, dtype=np.float64)[:, None]
        below = np.exp(chain_size_log_probability(smaller, reproduction=r, dispersion=k)).sum(0)
        log += times * np.log(np.maximum(1 - below, 1e-300))
    for count, times in zip(*np.unique(offspring_counts, return_counts=True), strict=True):
        log += times * stats.nbinom.logpmf(count, k, k / (k + r))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    return OffspringPosterior(reproduction=r, dispersion=k, weight=weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNow:
    """
    A cluster as it stands: cases seen so far, and the ages (days since infection) of those still able to transmit.

    `name` is a chain, an area, or the province.
    """

    name: str
    seen: int
    active_ages: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.active_ages) > self.seen:
            raise ValueError(
                f"{self.name}: {len(self.active_ages)} active cases exceed {self.seen} seen"
            )
        if any(age < 0 for age in self.active_ages):
            raise ValueError(f"{self.name}: an active case cannot be infected after today")


def exceedance(
    cluster: ClusterNow,
    belief: OffspringPosterior,
    control: Control,
    *,
    limit: int,
    generation: ArrayLike,
    days: Sequence[int] = (7, 14, 28),
) -> tuple[float, tuple[float, ...], float]:
    """
    Return P(final size > limit), P(size > limit within each of `days`), and P(dies out).

    Averaged over the belief in R and k, not taken at its mean. Of the cases seen, those no longer
    able to transmit are spent; the law starts from the active ones.

    >>> cluster = ClusterNow(name="chain", seen=3, active_ages=(1, 1, 2))
    >>> final, within, _ = exceedance(
    ...     cluster, posterior_from_gamma(shape=40, rate=40, dispersion=0.3), Control(name="now"),
    ...     limit=100, generation=[0, 0.2, 0.4, 0.3, 0.1],
    ... )
    >>> within[0] <= within[1] <= within[2] <= final
    True
    """
    final, within, dies = exceedances(
        [cluster], belief, control, limit=limit, generation=generation, days=days
    )
    return float(final[0]), tuple(within[0].tolist()), float(dies[0])


def exceedances(
    clusters: Sequence[ClusterNow],
    belief: OffspringPosterior,
    control: Control,
    *,
    limit: int,
    generation: ArrayLike,
    days: Sequence[int] = (7, 14, 28),
    shares: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """
    Return what `exceedance` says of many clusters at once: clusters, clusters x days, clusters.

    The law of a single case depends on the belief and the age alone, so it is solved once per point of
    belief and each cluster is a product of such laws. Where clusters are believed different things, `shares`
    (clusters x points of `belief`, each row adding to 1) take the place of its weights: the laws are still solved
    once. Without `days` the chance to die out is not asked for.

    >>> final, within, dies = exceedances(
    ...     [ClusterNow(name="a", seen=1, active_ages=(0,))],
    ...     posterior_from_gamma(shape=30, rate=30, dispersion=0.3, points=4), Control(name="now"),
    ...     limit=20, generation=[0, 0.4, 0.6],
    ... )
    >>> within.shape
    (1, 3)
    """
    weights = np.asarray(generation, dtype=np.float64)
    believed = _believed(belief, len(clusters), shares)
    ages = sorted({age for cluster in clusters for age in cluster.active_ages})
    column = {age: index for index, age in enumerate(ages)}
    members = np.zeros((len(clusters), len(ages)))
    for row, cluster in enumerate(clusters):
        for age, times in Counter(cluster.active_ages).items():
            members[row, column[age]] = times
    spent = np.array([cluster.seen - len(cluster.active_ages) for cluster in clusters], dtype=int)
    over = np.array([cluster.seen > limit for cluster in clusters], dtype=bool)
    room = np.clip(limit - spent, 0, limit)
    z, radius, points = _circle(limit)
    ahead = [left_share(age, weights) for age in ages]
    final, dies = np.zeros(len(clusters)), np.zeros(len(clusters))
    within = np.zeros((len(clusters), len(days)))
    scale = radius ** -np.arange(limit + 1.0)
    row_of = np.arange(len(clusters))

    def exceeded(laws: ComplexArray, mass: FloatArray) -> FloatArray:
        """From laws (ages x beliefs x circle) the chance of each cluster to exceed, averaged over beliefs."""
        # sizes are linear in the generating function: beliefs are averaged before the transform, not after
        value = np.empty((len(clusters), laws.shape[2]), dtype=np.complex128)
        for row in row_of:
            held = np.flatnonzero(mass[row])
            among = laws if held.size == mass.shape[1] else laws[:, held]
            product: ComplexArray | None = None
            for place in np.flatnonzero(members[row]):
                times = int(members[row, place])
                law = among[place] if times == 1 else _power(among[place], times)
                product = law if product is None else product * law
            value[row] = 0.0 if product is None else mass[row, held] @ product
        sizes = np.fft.irfft(np.conj(value), points, axis=1)[:, : limit + 1] * scale
        below = np.cumsum(sizes, axis=1)[row_of, room]
        return np.asarray(np.clip(mass.sum(axis=1) - below, 0.0, 1.0))

    at_once = max(1, 4_000_000 // max(z.size * max(len(ages) * max(len(days), 1), *(*days, 1)), 1))
    for start in range(0, belief.weight.size if ages else 0, at_once):
        part = slice(start, start + at_once)
        mass = believed[:, part]
        law = _OffspringMany(
            mean=(1 - control.cut_share) * belief.reproduction[part, None],
            dispersion=belief.dispersion[part, None],
            isolated_share=control.isolated_share,
        )
        h = law.total_progeny(z)
        final += exceeded(np.stack([z * law.generating(h, share) for share in ahead]), mass)
        if days:
            laws = _laws_by_day(z, law.generating, weights / weights.sum(), ages, days)
            for index in range(len(days)):
                within[:, index] += exceeded(laws[index], mass)
    if days:
        dies = _dies(clusters, belief, control, generation, believed)
    # a probability within days cannot exceed the one for ever; rounding of 1e-10 might say so
    within = np.minimum(np.maximum.accumulate(within, axis=1), final[:, None])
    within[over], final[over] = 1.0, 1.0
    return final, within, np.minimum(dies, 1.0)


def _believed(belief: OffspringPosterior, clusters: int, shares: FloatArray | None) -> FloatArray:
    """What is believed of each cluster: clusters x points of the belief, rows adding to 1."""
    if shares is None:
        return np.broadcast_to(belief.weight, (clusters, belief.weight.size))
    if shares.shape != (clusters, belief.weight.size) or not np.allclose(shares.sum(axis=1), 1.0):
        raise ValueError(
            f"shares {shares.shape} of {clusters} clusters x {belief.weight.size} points must add to 1 by row"
        )
    return shares


def _power(law: ComplexArray, times: int) -> ComplexArray:
    """A law to a whole power, by repeated squaring."""
    answer: ComplexArray | None = None
    square = law
    while times:
        if times & 1:
            answer = square if answer is None else answer * square
        times >>= 1
        if times:
            square = square * square
    return np.ones_like(law) if answer is None else answer


def _dies(
    clusters: Sequence[ClusterNow],
    belief: OffspringPosterior,
    control: Control,
    generation: ArrayLike,
    believed: FloatArray,
) -> FloatArray:
    """`dies_out` where all clusters are held against the points of one belief."""
    return dies_out(
        clusters, control, generation=generation,
        reproduction=np.broadcast_to(belief.reproduction, believed.shape),
        dispersion=belief.dispersion, weight=believed,
    )  # fmt: skip


def dies_out(
    clusters: Sequence[ClusterNow],
    control: Control,
    *,
    generation: ArrayLike,
    reproduction: FloatArray,
    dispersion: FloatArray,
    weight: FloatArray,
) -> FloatArray:
    """
    Return the chance of each cluster that all its chains die out, averaged over what is believed of it.

    `reproduction` and `weight` are clusters x points, `dispersion` is points; rows of weights add to 1.

    >>> dies_out([ClusterNow(name="a", seen=1, active_ages=(0,))], Control(name="now"), generation=[0, 1.0],
    ...     reproduction=np.array([[2.0]]), dispersion=np.array([0.5]), weight=np.array([[1.0]])).round(4)
    array([0.6404])
    """
    mean = (1 - control.cut_share) * np.asarray(reproduction, dtype=np.float64)
    law = _OffspringMany(
        mean=mean,
        dispersion=np.broadcast_to(dispersion, mean.shape),
        isolated_share=control.isolated_share,
    )
    ends = law.extinction()
    answer = np.ones(len(clusters))
    shares: dict[int, float] = {}
    for row, cluster in enumerate(clusters):
        if not cluster.active_ages:
            continue
        one = _OffspringMany(
            mean=mean[row], dispersion=law.dispersion[row], isolated_share=control.isolated_share
        )
        total = np.zeros(mean.shape[1])
        for age, times in Counter(cluster.active_ages).items():
            left = shares.setdefault(age, left_share(age, generation))
            total += times * np.log(np.maximum(one.generating(ends[row], left), 1e-300))
        answer[row] = float(np.exp(total) @ weight[row])
    return np.minimum(answer, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _OffspringMany:
    """`Offspring` for many beliefs at once, one per row; bound to it by a property test through `exceedance`."""

    mean: FloatArray
    dispersion: FloatArray
    isolated_share: float

    def generating(self, s: NDArray[Any], left: float = 1.0) -> NDArray[Any]:
        pressure = left * self.mean * (1 - s)
        return np.asarray(self.isolated_share + (1 - self.isolated_share) * self._free(pressure))

    def _free(self, pressure: NDArray[Any]) -> NDArray[Any]:
        finite = np.where(np.isinf(self.dispersion), 1.0, self.dispersion)
        free = np.exp(-finite * np.log1p(pressure / finite))
        if np.isinf(self.dispersion).any():
            free = np.where(np.isinf(self.dispersion), np.exp(-pressure), free)
        return np.asarray(free)

    def total_progeny(self, z: ComplexArray) -> ComplexArray:
        """As `_total_progeny`, belief by circle."""
        q, mean = self.isolated_share, self.mean
        h = np.broadcast_to(z * q, (mean.shape[0], z.size))
        for _ in range(400):
            free = self._free(mean * (1 - h))
            ratio = mean / (1 + mean * (1 - h) / self.dispersion)
            value = z * (q + (1 - q) * free)
            newton = h - (h - value) / (1 - z * (1 - q) * free * ratio)
            inside = np.abs(newton) <= np.abs(z)
            following = np.where(inside, newton, value)
            moved = np.abs(following - h).max()
            h = following
            if moved < (QUADRATIC if inside.all() else 1e-14):
                break
        return np.asarray(h)

    def extinction(self) -> FloatArray:
        """
        The chance of each belief that one chain dies out: Newton steps from 0, which rise to the least root.

        f(s) - s is convex and positive at 0, so no step goes beyond the root.
        """
        q, mean = self.isolated_share, self.mean
        s = np.zeros(mean.shape)
        above = (1 - q) * mean > 1
        for _ in range(200):
            pressure = mean * (1 - s)
            free = self._free(pressure)
            ratio = mean / (1 + pressure / self.dispersion)
            gap = q + (1 - q) * free - s
            slope = 1 - (1 - q) * free * ratio
            step = np.where(above & (gap > 0), gap / np.maximum(slope, 1e-12), 0.0)
            s = np.minimum(s + step, 1.0)
            if step.max(initial=0.0) < 1e-15:
                break
        return np.where(above, s, 1.0)


def _laws_by_day(
    z: ComplexArray,
    generating: Callable[[ComplexArray], NDArray[Any]],
    weights: FloatArray,
    ages: Sequence[int],
    days: Sequence[int],
) -> ComplexArray:
    """Generating functions of the cases within each of `days` of one active case of each age (days x ages x ...)."""
    shape = generating(z).shape
    not_yet = np.empty((max(days) + 1, *shape), dtype=np.complex128)  # 1 - F_t(z)
    lags = weights.size - 1
    for day in range(max(days) + 1):
        reach = min(day, lags)
        pressure = np.tensordot(weights[1 : reach + 1], not_yet[day - reach : day][::-1], axes=1)
        not_yet[day] = 1 - z * generating(1 - pressure)
    laws = np.empty((len(days), len(ages), *shape), dtype=np.complex128)
    for row, horizon in enumerate(days):
        for place, age in enumerate(ages):
            last = min(age + horizon, lags)
            lag = np.arange(age + 1, last + 1)
            pressure = np.tensordot(weights[lag], not_yet[age + horizon - lag], axes=1)
            laws[row, place] = z * generating(1 - pressure)
    return laws


def bottom_line(
    cluster: ClusterNow,
    belief: OffspringPosterior,
    control: Control,
    *,
    limit: int,
    alarm_at: float,
    generation: ArrayLike,
    days: Sequence[int] = (7, 14, 28),
    alternatives: Sequence[Control] = (),
) -> BottomLine:
    """
    Return the bottom line of a cluster under present control, and what each alternative would change.

    `limit` and the alarm's probability `alarm_at` are the command's. Without alternatives three levers
    are tried: isolate half of those not isolated, halve what transmission remains, and both.

    >>> line = bottom_line(
    ...     ClusterNow(name="chain", seen=12, active_ages=(1, 2, 2, 3)),
    ...     posterior_from_gamma(shape=30, rate=20, dispersion=0.3), Control(name="now"),
    ...     limit=100, alarm_at=0.05, generation=[0, 0.2, 0.4, 0.3, 0.1],
    ... )
    >>> line.state.value, line.levers[0].name
    ('alarm', 'both')
    """
    return bottom_lines(
        [cluster],
        belief,
        control,
        limit=limit,
        alarm_at=alarm_at,
        generation=generation,
        days=days,
        alternatives=alternatives,
    )[0]


def default_levers(control: Control) -> tuple[Control, ...]:
    """
    Return three changes to try: isolate half of the rest, halve the remaining transmission, both.

    >>> [lever.isolated_share for lever in default_levers(Control(name="now"))]
    [0.5, 0.0, 0.5]
    """
    isolated = 1 - (1 - control.isolated_share) / 2
    cut = 1 - (1 - control.cut_share) / 2
    return (
        replace(control, name="isolate half of the rest", isolated_share=isolated),
        replace(control, name="halve remaining transmission", cut_share=cut),
        replace(control, name="both", isolated_share=isolated, cut_share=cut),
    )


def simulated_sizes(
    offspring: Offspring,
    *,
    generation: ArrayLike,
    ages: Sequence[int],
    days: int,
    limit: int,
    runs: int,
    chance: np.random.Generator,
) -> NDArray[np.int64]:
    """
    Return the number of cases within `days` in simulated clusters, stopped above `limit`; one per run.

    The judge of the exact law, not its replacement: each case draws its own rate, then its infections,
    then their days.

    >>> simulated_sizes(
    ...     Offspring(reproduction=0.0), generation=[0, 1.0], ages=(0,), days=5, limit=9, runs=3,
    ...     chance=np.random.default_rng(1),
    ... )
    array([1, 1, 1])
    """
    weights = np.asarray(generation, dtype=np.float64)
    weights = weights / weights.sum()
    lags = np.arange(weights.size)
    sizes = np.empty(runs, dtype=np.int64)
    for run in range(runs):
        births = [-age for age in ages]
        total, place = len(births), 0
        while place < len(births) and total <= limit:
            born = births[place]
            place += 1
            if chance.random() < offspring.isolated_share:
                continue
            rate = offspring.free_mean
            if not math.isinf(offspring.dispersion):
                rate *= chance.gamma(offspring.dispersion, 1 / offspring.dispersion)
            for lag in chance.choice(lags, size=chance.poisson(rate), p=weights):
                day = born + int(lag)
                if 0 < day <= days:
                    births.append(day)
                    total += 1
        sizes[run] = total
    return sizes


def bottom_lines(
    clusters: Sequence[ClusterNow],
    belief: OffspringPosterior,
    control: Control,
    *,
    limit: int,
    alarm_at: float,
    generation: ArrayLike,
    days: Sequence[int] = (7, 14, 28),
    alternatives: Sequence[Control] = (),
    shares: FloatArray | None = None,
) -> tuple[BottomLine, ...]:
    """
    Return the bottom lines of many clusters under one control, in the order given.

    All share one belief, or each has its own `shares` of its points (see `exceedances`). See `bottom_line`; levers are tried for clusters that still have active cases.

    >>> lines = bottom_lines(
    ...     [ClusterNow(name=name, seen=2, active_ages=(1,)) for name in "ab"],
    ...     posterior_from_gamma(shape=30, rate=30, dispersion=0.3, points=4), Control(name="now"),
    ...     limit=50, alarm_at=0.05, generation=[0, 0.4, 0.6],
    ... )
    >>> [line.name for line in lines], lines[0].probability == lines[1].probability
    (['a', 'b'], True)
    """
    if not 0 < alarm_at < 1:
        raise ValueError(f"the alarm's probability {alarm_at} lies outside 0 to 1")
    live = [row for row, each in enumerate(clusters) if each.active_ages and each.seen <= limit]
    open_ones = [clusters[row] for row in live]
    final = np.array([float(cluster.seen > limit) for cluster in clusters])
    within = np.repeat(final[:, None], len(days), axis=1)
    believed = _believed(belief, len(clusters), shares)
    dies = _dies(clusters, belief, control, generation, believed)
    final[live], within[live], _ = exceedances(
        open_ones, belief, control, limit=limit, generation=generation, days=days,
        shares=believed[live],
    )  # fmt: skip
    tried = tuple(alternatives) or default_levers(control)
    changed = []
    for other in tried:
        chance_then = final.copy()
        chance_then[live] = exceedances(
            open_ones, belief, other, limit=limit, generation=generation, days=(),
            shares=believed[live],
        )[0]  # fmt: skip
        changed.append(chance_then)
    means = believed @ belief.reproduction
    order = np.argsort(belief.dispersion, kind="stable")
    running = np.cumsum(believed[:, order], axis=1)
    medians = belief.dispersion[order][(running >= 0.5 - 1e-12).argmax(axis=1)]

    def one(row: int, cluster: ClusterNow) -> BottomLine:
        chance = float(final[row])
        r, k = float(means[row]), float(medians[row])
        if cluster.seen > limit:
            state = BottomLineState.EXCEEDED
        elif not cluster.active_ages:
            state = BottomLineState.QUIET
        else:
            state = BottomLineState.ALARM if chance >= alarm_at else BottomLineState.WITHIN
        levers = [
            Lever(
                name=other.name,
                probability=float(each[row]),
                lowered_by=chance - float(each[row]),
            )
            for other, each in zip(tried, changed, strict=True)
            if state in {BottomLineState.ALARM, BottomLineState.WITHIN}
        ]
        return BottomLine(
            name=cluster.name,
            limit=limit,
            control=control,
            probability=chance,
            within_days=tuple(zip(days, within[row].tolist(), strict=True)),
            dies_out=float(dies[row]),
            state=state,
            levers=tuple(sorted(levers, key=lambda lever: -lever.lowered_by)),
            seen=cluster.seen,
            active=len(cluster.active_ages),
            reproduction=r,
            dispersion=k,
            reasons=(
                f"{cluster.seen} cases seen, {len(cluster.active_ages)} of them may still transmit",
                f"one case infects {r:.2f} on average before control, dispersion {k:.2g}",
                f"{control.isolated_share:.0%} isolated at once, the rest cut by {control.cut_share:.0%}",
                f"the line is {limit} cases at a chance of {alarm_at:.0%}",
            ),
        )

    return tuple(one(row, cluster) for row, cluster in enumerate(clusters))
