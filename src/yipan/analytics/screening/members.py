"""What a pool's result says of each member, when households share a pool and when a pool dilutes."""

from collections.abc import Sequence
from enum import StrEnum
from math import erf, log2, prod, sqrt

import numpy as np
import numpy.typing as npt

from yipan.analytics.screening.pools import Assay

Array = npt.NDArray[np.float64]


class Clustering(StrEnum):
    """How the infections of a household hang together: three models with the same risk and correlation."""

    BETA_BINOMIAL = "beta-binomial"
    MADSEN = "madsen"
    MOREL_NEERCHAL = "morel-neerchal"


def household_clear(
    risk: float,
    *,
    members: int,
    correlation: float,
    clustering: Clustering = Clustering.BETA_BINOMIAL,
) -> float:
    """
    Return the probability that nobody in a household of `members` is infected.

    `correlation` is that of any two members, from 0 (independent) up to, not including, 1. Formulas as collected
    by Lendle, Hudgens and Qaqish (2012).

    >>> household_clear(0.01, members=4, correlation=0.0) == 0.99**4
    True
    >>> household_clear(0.01, members=4, correlation=0.2) > 0.99**4
    True
    """
    if not 0.0 <= risk <= 1.0:
        raise ValueError(f"risk {risk} lies outside 0 to 1")
    if members < 1:
        raise ValueError(f"{members} members; a household has at least one")
    if not 0.0 <= correlation < 1.0:
        raise ValueError(f"correlation {correlation} lies outside 0 to 1")
    clear = 1.0 - risk
    if correlation == 0.0 or risk in {0.0, 1.0}:
        return clear**members
    if clustering is Clustering.MADSEN:
        return (1.0 - correlation) * clear**members + correlation * clear
    if clustering is Clustering.MOREL_NEERCHAL:
        root = sqrt(correlation)
        shrunk = (1.0 - root) * clear
        return risk * shrunk**members + clear * (shrunk + root) ** members
    infected = risk * (1.0 - correlation) / correlation
    spared = clear * (1.0 - correlation) / correlation
    return prod((spared + k) / (infected + spared + k) for k in range(members))


def household_tests_per_person(
    risk: float,
    *,
    size: int,
    household: int,
    correlation: float,
    assay: Assay,
    clustering: Clustering = Clustering.BETA_BINOMIAL,
) -> float:
    """
    Return expected tests per person of two-stage testing in pools made of whole households.

    Raises ValueError where `household` does not divide `size`.

    >>> apart = household_tests_per_person(0.01, size=10, household=5, correlation=0.0, assay=Assay())
    >>> together = household_tests_per_person(0.01, size=10, household=5, correlation=0.3, assay=Assay())
    >>> together < apart
    True
    """
    if size < 1 or size % household:
        raise ValueError(f"pools of {size} do not hold whole households of {household}")
    clear = household_clear(risk, members=household, correlation=correlation, clustering=clustering)
    pool_clear = clear ** (size // household)
    called = assay.sensitivity * (1.0 - pool_clear) + assay.false_positive * pool_clear
    return called if size == 1 else 1.0 / size + called


SINGLE_MEDIUM_ML = 3.0
SWAB_MEDIUM_ML: dict[int, float] = {1: 3.0, 5: 5.0, 10: 6.0, 20: 12.0}
"""Millilitres of medium in a tube for one, five, ten or twenty swabs (specifications of 2021 and 2022)."""


def volume_shift(size: int) -> float:
    """
    Return by how many cycles pooling equal volumes of `size` samples delays detection: log2 of the size.

    >>> volume_shift(8)
    3.0
    """
    if size < 1:
        raise ValueError(f"size {size}; a pool holds at least one sample")
    return log2(size)


def swab_shift(size: int, *, medium_ml: float | None = None) -> float:
    """
    Return by how many cycles a tube with `size` swabs delays detection: log2 of its medium over that of one.

    Only the medium dilutes, not the other swabs. `medium_ml` is asked for where the size has no specification.

    >>> swab_shift(10), swab_shift(20)
    (1.0, 2.0)
    """
    medium = SWAB_MEDIUM_ML.get(size) if medium_ml is None else medium_ml
    if medium is None or medium <= 0.0:
        raise ValueError(f"no medium is known for {size} swabs in one tube; give medium_ml")
    return log2(medium / SINGLE_MEDIUM_ML)


def diluted_sensitivity(
    *, shift: float, mean_ct: float, sd_ct: float, half_ct: float, spread_ct: float
) -> float:
    """
    Return the probability that a pool with one infected member, delayed by `shift` cycles, is found positive.

    Ct of the infected is normal with `mean_ct` and `sd_ct`; a sample with Ct `half_ct` is found half the time,
    by a probit with `spread_ct`. Raises ValueError for spreads that are negative or both zero.

    >>> round(diluted_sensitivity(shift=1.0, mean_ct=28, sd_ct=5, half_ct=38, spread_ct=1), 3)
    0.961
    """
    spread = sqrt(sd_ct**2 + spread_ct**2)
    if sd_ct < 0.0 or spread_ct < 0.0 or spread == 0.0:
        raise ValueError(
            f"sd_ct {sd_ct} and spread_ct {spread_ct}; expected one above 0 and none below"
        )
    return 0.5 * (1.0 + erf((half_ct - mean_ct - shift) / spread / sqrt(2.0)))


def infected_count(risks: Sequence[float]) -> Array:
    """
    Return the probabilities of 0, 1, ... infected among members with different risks (Poisson binomial).

    >>> infected_count([0.5, 0.5]).tolist()
    [0.25, 0.5, 0.25]
    """
    numbers = np.ones(1)
    for risk in risks:
        if not 0.0 <= risk <= 1.0:
            raise ValueError(f"risk {risk} lies outside 0 to 1")
        numbers = np.convolve(numbers, [1.0 - risk, risk])
    return numbers


def posterior_risks(
    risks: Sequence[float],
    *,
    positive: bool,
    sensitivity_by_infected: Sequence[float],
    specificity: float,
) -> tuple[Array, float]:
    """
    Return the risk of each member once the pool's result is known, and how probable that result was.

    `sensitivity_by_infected` is the probability of a positive pool with 1, 2, ... up to all members infected;
    one value serves for every number. Members are independent beforehand. Raises ValueError where the result
    cannot happen.

    >>> after, _ = posterior_risks([0.001, 0.1], positive=True, sensitivity_by_infected=[0.95], specificity=1.0)
    >>> [round(float(risk), 3) for risk in after]
    [0.01, 0.991]
    """
    size = len(risks)
    given = [float(value) for value in sensitivity_by_infected]
    if len(given) == 1:
        given *= size
    if len(given) != size:
        raise ValueError(f"{len(given)} sensitivities for 1 to {size} infected members")
    by_infected = np.array([1.0 - specificity, *given])
    if not positive:
        by_infected = 1.0 - by_infected
    numbers = infected_count(risks)
    chance = float(numbers @ by_infected)
    if chance <= 0.0:
        raise ValueError("this result cannot happen with these risks and this assay")
    after = [
        risk * float(infected_count([*risks[:i], *risks[i + 1 :]]) @ by_infected[1:]) / chance
        for i, risk in enumerate(risks)
    ]
    return np.array(after), chance
