"""How common it is, from how many pools were positive: estimates and intervals for pools of one or several sizes."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import special

from yipan.model import Estimate

Array = npt.NDArray[np.float64]


class Point(StrEnum):
    """Maximum likelihood, or with its first-order bias taken off (Firth 1993; Hepworth and Biggerstaff 2017)."""

    LIKELIHOOD = "mle"
    FIRTH = "firth"


class Interval(StrEnum):
    """
    How the interval is made.

    WALD, SCORE, SKEW_SCORE (score corrected for skewness; Gart 1991) and RATIO (likelihood ratio) serve pools of
    several sizes. The rest are intervals for a share of positive pools, carried over to people, and serve
    one size: Clopper-Pearson, Blaker, Agresti-Coull, second-order corrected (Cai 2005).
    SECOND_ORDER_MIXED reproduces a package that takes the one-sided quantile for the shift of the centre and the
    two-sided one for the width; it is for comparison only.
    """

    WALD = "wald"
    SCORE = "score"
    SKEW_SCORE = "skew-score"
    RATIO = "lrt"
    CLOPPER_PEARSON = "clopper-pearson"
    BLAKER = "blaker"
    AGRESTI_COULL = "agresti-coull"
    SECOND_ORDER = "second-order"
    SECOND_ORDER_MIXED = "second-order-mixed"


def pooled_prevalence(
    *,
    positive: Sequence[int],
    pools: Sequence[int],
    sizes: Sequence[int],
    point: Point = Point.FIRTH,
    interval: Interval = Interval.SKEW_SCORE,
    level: float = 0.95,
) -> Estimate:
    """
    Return the prevalence among people from pools: for each size how many were tested and how many were positive.

    Tests are taken to be perfect. Where no pool is positive, estimate and lower end are 0; everybody is negative
    then, and the upper end of the score, skewness-corrected and ratio intervals is Wilson's for that many single
    tests. Where every pool is positive the data set no upper limit: the upper end is 1, and so is the estimate
    by maximum likelihood.

    Raises ValueError for more positives than pools, sizes below 1, no pools at all, or a one-size interval asked
    for pools of several sizes.

    >>> found = pooled_prevalence(positive=[5], pools=[500], sizes=[20])
    >>> f"{found.value:.6f} {found.low:.6f} {found.high:.6f}"
    '0.000502 0.000186 0.001108'
    """
    data = _Pools.checked(positive, pools, sizes)
    if not 0.0 < level < 1.0:
        raise ValueError(f"level {level} lies outside 0 to 1")
    value = data.likelihood_point() if point is Point.LIKELIHOOD else data.firth_point()
    z = float(special.ndtri(0.5 + level / 2.0))
    if interval in _SHARES:
        if len(data.size) != 1:
            raise ValueError(
                f"{interval.value} serves pools of one size; here are {len(data.size)}"
            )
        low, high = _SHARES[interval](int(data.hits[0]), int(data.number[0]), 1.0 - level)
        size = float(data.size[0])
        low, high = _per_person(low, size), _per_person(high, size)
    else:
        low, high = data.ends(interval, z)
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level)


class _Pools:
    """Pools by size with the score of the likelihood, its information and its third moment."""

    def __init__(self, hits: Array, number: Array, size: Array) -> None:
        self.hits, self.number, self.size = hits, number, size

    @classmethod
    def checked(
        cls, positive: Sequence[int], pools: Sequence[int], sizes: Sequence[int]
    ) -> "_Pools":
        if not len(positive) == len(pools) == len(sizes) or not pools:
            raise ValueError(
                f"{len(positive)} counts of positives, {len(pools)} of pools and {len(sizes)} sizes; "
                "expected as many of each, at least one"
            )
        for hit, number, size in zip(positive, pools, sizes, strict=True):
            if size < 1 or number < 0 or not 0 <= hit <= number:
                raise ValueError(f"{hit} positive of {number} pools of {size}; that cannot be")
        if sum(pools) == 0:
            raise ValueError("no pool was tested")
        kept = [i for i, number in enumerate(pools) if number > 0]
        columns = [[float(column[i]) for i in kept] for column in (positive, pools, sizes)]
        return cls(*(np.array(column) for column in columns))

    @property
    def all_negative(self) -> bool:
        return bool(self.hits.sum() == 0)

    @property
    def all_positive(self) -> bool:
        return bool((self.hits == self.number).all())

    def score(self, p: float) -> float:
        """Derivative of the log likelihood at a prevalence inside 0 to 1."""
        share = -np.expm1(self.size * np.log1p(-p))
        return float(((self.hits / share - self.number) * self.size).sum() / (1.0 - p))

    def information(self, p: float) -> float:
        share = -np.expm1(self.size * np.log1p(-p))
        return float((self.number * self.size**2 * (1.0 - p) ** (self.size - 2.0) / share).sum())

    def skewness(self, p: float) -> float:
        share = -np.expm1(self.size * np.log1p(-p))
        weight = self.size / share / (1.0 - p)
        third = (weight**3 * self.number * share * (1.0 - share) * (1.0 - 2.0 * share)).sum()
        return float(third / self.information(p) ** 1.5)

    def log_likelihood(self, p: float) -> float:
        """Log likelihood; a term of no pools counts nothing, also at the ends."""
        clear = self.size * np.log1p(-p)
        missed = self.number - self.hits
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(self.hits > 0, self.hits * np.log(-np.expm1(clear)), 0.0)
            none = np.where(missed > 0, missed * clear, 0.0)
        return float((found + none).sum())

    def likelihood_point(self) -> float:
        if self.all_negative:
            return 0.0
        if self.all_positive:
            return 1.0
        return _root(self.score)

    def firth_point(self) -> float:
        if self.all_negative:
            return 0.0

        def corrected(p: float) -> float:
            share = -np.expm1(self.size * np.log1p(-p))
            bent = self.number * self.size**2 * (self.size - 1.0)
            bias = (bent * (1.0 - p) ** (self.size - 3.0) / share).sum()
            return self.score(p) - 0.5 * float(bias) / self.information(p)

        return _root(corrected)

    def ends(self, interval: Interval, z: float) -> tuple[float, float]:
        point = self.likelihood_point()
        if interval is Interval.WALD:
            if self.all_negative:
                return 0.0, 0.0
            if self.all_positive:
                return 1.0, 1.0
            half = z / sqrt(self.information(point))
            return max(0.0, point - half), min(1.0, point + half)
        if self.all_negative:
            people = float(self.number @ self.size)
            return 0.0, z * z / (people + z * z)
        if interval is Interval.RATIO:
            best = self.log_likelihood(min(point, _LAST))

            def above(p: float) -> float:
                return z * z / 2.0 - (best - self.log_likelihood(p))

            below = above
        else:

            def standing(p: float) -> float:
                simple = self.score(p) / sqrt(self.information(p))
                if interval is Interval.SCORE:
                    return simple
                return simple - self.skewness(p) * (z * z - 1.0) / 6.0

            def below(p: float) -> float:
                return z - standing(p)

            def above(p: float) -> float:
                return z + standing(p)

        low = _nearest_root(below, point, towards=0.0)
        high = 1.0 if self.all_positive else _nearest_root(above, point, towards=1.0)
        return low, high


_FIRST, _LAST = 1e-15, 1.0 - 1e-12


def _root(function: Callable[[float], float]) -> float:
    """The prevalence at which a score falls through zero."""
    from scipy import optimize

    return float(optimize.brentq(function, _FIRST, _LAST, xtol=1e-17, rtol=1e-13, maxiter=500))


def _nearest_root(function: Callable[[float], float], point: float, *, towards: float) -> float:
    """Where a function that is positive at the point first turns negative on the way to an end; else that end."""
    from scipy import optimize

    inside = min(max(point, _FIRST), _LAST)
    if towards == 0.0:
        steps = np.geomspace(inside, _FIRST, 400)
    else:
        steps = 1.0 - np.geomspace(1.0 - inside, 1.0 - _LAST, 400)
    before = inside
    for step in steps[1:]:
        here = float(step)
        if function(here) < 0.0:
            low, high = min(before, here), max(before, here)
            return float(optimize.brentq(function, low, high, xtol=1e-17, rtol=1e-13, maxiter=500))
        before = here
    return towards


def _per_person(share: float, size: float) -> float:
    return (
        float(-np.expm1(np.log1p(-min(max(share, 0.0), 1.0 - 1e-300)) / size))
        if share < 1.0
        else 1.0
    )


def _clopper_pearson(hits: int, number: int, outside: float) -> tuple[float, float]:
    from scipy import stats

    low = 0.0 if hits == 0 else float(stats.beta.ppf(outside / 2.0, hits, number - hits + 1))
    high = (
        1.0
        if hits == number
        else float(stats.beta.ppf(1.0 - outside / 2.0, hits + 1, number - hits))
    )
    return low, high


def _agresti_coull(hits: int, number: int, outside: float) -> tuple[float, float]:
    z = float(special.ndtri(1.0 - outside / 2.0))
    counted = number + z * z
    centre = (hits + z * z / 2.0) / counted
    half = z * sqrt(centre * (1.0 - centre) / counted)
    return max(0.0, centre - half), min(1.0, centre + half)


def _second_order(hits: int, number: int, outside: float) -> tuple[float, float]:
    return _corrected_twice(hits, number, outside, outside_centre=outside / 2.0)


def _second_order_mixed(hits: int, number: int, outside: float) -> tuple[float, float]:
    return _corrected_twice(hits, number, outside, outside_centre=outside)


def _corrected_twice(
    hits: int, number: int, outside: float, *, outside_centre: float
) -> tuple[float, float]:
    z = float(special.ndtri(1.0 - outside / 2.0))
    shift = float(special.ndtri(1.0 - outside_centre)) ** 2 / 3.0 + 1.0 / 6.0
    centre = (hits + shift) / (number + 2.0 * shift)
    share = hits / number
    spread = share * (1.0 - share)
    wider = -spread * (13.0 * z * z / 18.0 + 17.0 / 18.0) + z * z / 18.0 + 7.0 / 36.0
    half = z * sqrt(max(0.0, spread + wider / number) / number)
    return max(0.0, centre - half), min(1.0, centre + half)


def _blaker(hits: int, number: int, outside: float) -> tuple[float, float]:
    from scipy import stats

    def acceptability(share: float) -> float:
        upper = float(stats.binom.sf(hits - 1, number, share))
        lower = float(stats.binom.cdf(hits, number, share))
        if upper < lower:
            other = stats.binom.ppf(upper, number, share)
            other -= float(stats.binom.cdf(other, number, share)) > upper * (1.0 + 1e-12)
            return upper + (float(stats.binom.cdf(other, number, share)) if other >= 0 else 0.0)
        other = stats.binom.isf(lower, number, share)
        while float(stats.binom.sf(other - 1, number, share)) > lower * (1.0 + 1e-12):
            other += 1
        return lower + float(stats.binom.sf(other - 1, number, share))

    low, high = _clopper_pearson(hits, number, outside)
    point = hits / number
    if hits:
        low = _first_accepted(acceptability, low, point, outside)
    if hits < number:
        high = _first_accepted(acceptability, high, point, outside)
    return low, high


def _first_accepted(
    acceptability: Callable[[float], float], end: float, point: float, outside: float
) -> float:
    """Go from a Clopper-Pearson end towards the point until the share is no longer rejected."""
    steps = np.linspace(end, point, 2001)
    for before, after in pairwise(steps):
        if acceptability(float(after)) > outside:
            rejected, accepted = float(before), float(after)
            if acceptability(rejected) > outside:
                return rejected
            for _ in range(60):
                middle = 0.5 * (rejected + accepted)
                if acceptability(middle) > outside:
                    accepted = middle
                else:
                    rejected = middle
            return accepted
    return point


_SHARES = {
    Interval.CLOPPER_PEARSON: _clopper_pearson,
    Interval.AGRESTI_COULL: _agresti_coull,
    Interval.SECOND_ORDER: _second_order,
    Interval.SECOND_ORDER_MIXED: _second_order_mixed,
    Interval.BLAKER: _blaker,
}
