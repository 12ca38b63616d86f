"""
The fewest residents inside zones that hold a chosen share of the risk.

Choosing units so that their risk reaches a share with as few residents as possible is the covering form of the
knapsack problem. Taking units by risk per resident solves it exactly where the last unit may be taken in part; taken
whole, the answer exceeds the best by less than the residents of that last unit, and `Cover.bound` says what no
choice can beat. `exact=True` proves the best choice by integer programming (HiGHS).
Source: H. Kellerer, U. Pferschy, D. Pisinger, Knapsack Problems (2004).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from yipan.analytics.delineate.risk import Floats, Whole, summed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """
    Units chosen, the residents in them, and the share of the risk they hold with its interval over the draws.

    `bound` is the number of residents below which no choice holds the wanted share; `gap` how far above it this
    one lies (0 is proven best).
    """

    units: tuple[int, ...]
    residents: int
    share: float
    low: float
    high: float
    bound: float

    @property
    def gap(self) -> float:
        """Residents above the bound, as a share of the bound; 0 where both are nobody."""
        return 0.0 if self.residents <= self.bound else self.residents / max(self.bound, 1e-9) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """
    The curve of what each further unit buys: after k units, `residents[k]` are inside and `outside[k]` of the risk is not.

    Point 0 is nobody inside. `low` and `high` hold the interval of the risk outside over the draws.
    """

    order: tuple[int, ...]
    residents: Whole
    outside: Floats
    low: Floats
    high: Floats


def frontier(draws: Floats, residents: Whole, *, level: float = 0.9) -> Frontier:
    """
    Return the curve of risk left outside against residents inside, best units first; units without risk stay out.

    >>> curve = frontier(np.array([[6.0, 3.0, 1.0]]), np.array([100, 100, 400]))
    >>> curve.order, curve.residents.tolist(), [round(float(one), 1) for one in curve.outside]
    ((0, 1, 2), [0, 100, 200, 600], [1.0, 0.4, 0.1, 0.0])
    """
    expected = draws.mean(axis=0)
    order = _by_ratio(expected, residents)
    shares = _shares(draws)
    covered = np.concatenate(
        [np.zeros((len(draws), 1)), np.cumsum(shares[:, order], axis=1)], axis=1
    )
    outside = np.clip(1 - covered, 0, 1)
    total = expected.sum()
    inside = np.concatenate([[0.0], np.cumsum(expected[order])])
    low, high = np.quantile(outside, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Frontier(
        order=tuple(int(one) for one in order),
        residents=np.concatenate([[0], np.cumsum(residents[order])]).astype(np.int64),
        outside=np.clip(1 - inside / total, 0, 1) if total > 0 else np.zeros(1), low=low, high=high,
    )  # fmt: skip


def smallest_cover(
    draws: Floats,
    residents: Whole,
    *,
    share: float,
    level: float = 0.9,
    exact: bool = False,
) -> Cover:
    """
    Return the fewest residents in units that hold at least `share` (0 to 1) of the expected risk.

    Without any risk nothing is chosen. Raises ValueError for a share outside 0 to 1.

    >>> draws = np.array([[6.0, 3.0, 1.0]])
    >>> smallest_cover(draws, np.array([100, 100, 400]), share=0.9).units
    (0, 1)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; expected 0 to 1")
    expected = draws.mean(axis=0)
    wanted = share * expected.sum() * (1 - 1e-12)
    if wanted <= 0:
        return _cover(draws, residents, (), bound=0.0, level=level)
    order = _by_ratio(expected, residents)
    reached = np.cumsum(expected[order])
    last = min(int(np.searchsorted(reached, wanted)), len(order) - 1)
    before = reached[last - 1] if last else 0.0
    people = residents[order]
    bound = float(people[:last].sum() + people[last] * (wanted - before) / expected[order[last]])
    chosen = _pruned(order[: last + 1], expected, residents, wanted)
    rest = [
        unit
        for unit in order[last:]
        if before + expected[unit] >= wanted and residents[unit] < residents[order[last]]
    ]
    if rest:
        cheaper = np.append(order[:last], min(rest, key=lambda unit: int(residents[unit])))
        other = _pruned(cheaper, expected, residents, wanted)
        if residents[list(other)].sum() < residents[list(chosen)].sum():
            chosen = other
    if exact:
        chosen = _best(order, expected, residents, wanted)
        bound = float(residents[list(chosen)].sum())
    return _cover(draws, residents, chosen, bound=bound, level=level)


def whole_groups(
    draws: Floats, residents: Whole, groups: Whole, struck: Sequence[int], *, level: float = 0.9
) -> Cover:
    """Return the baseline: every unit of every group (compound, street) that a struck unit lies in."""
    hit = np.isin(groups, groups[list(struck)]) if struck else np.zeros(len(groups), dtype=bool)
    chosen = tuple(int(one) for one in np.flatnonzero(hit))
    return _cover(draws, residents, chosen, bound=0.0, level=level)


def ring(
    draws: Floats, residents: Whole, groups: Whole, core: Sequence[int], *, level: float = 0.9
) -> Cover:
    """Return the ring: the other units of the groups the core lies in, what it holds and whom."""
    around = np.isin(groups, groups[list(core)]) if core else np.zeros(len(groups), dtype=bool)
    around[list(core)] = False
    chosen = tuple(int(one) for one in np.flatnonzero(around))
    return _cover(draws, residents, chosen, bound=0.0, level=level)


def gathered(draws: Floats, residents: Whole, groups: Whole) -> tuple[Floats, Whole]:
    """
    Return risk and residents by group, in order of the groups' numbers: the same town in coarser units.

    >>> risk, people = gathered(np.array([[1.0, 2.0, 3.0]]), np.array([10, 20, 30]), np.array([0, 1, 0]))
    >>> risk.tolist(), people.tolist()
    ([[4.0, 2.0]], [40, 20])
    """
    names, number = np.unique(groups, return_inverse=True)
    risk = summed(draws, number, len(names))
    people = np.bincount(number, weights=residents, minlength=len(names)).astype(np.int64)
    return risk, people


def _by_ratio(expected: Floats, residents: Whole) -> Whole:
    """Units with risk, by risk per resident; units where nobody lives first, ties by their number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(residents > 0, expected / residents, np.inf)
    order = np.lexsort((np.arange(len(expected)), -expected, -ratio))
    return order[expected[order] > 0].astype(np.int64)


def _pruned(chosen: Whole, expected: Floats, residents: Whole, wanted: float) -> tuple[int, ...]:
    """Leave out whoever is not needed, the units with most residents first."""
    kept = dict.fromkeys(int(one) for one in chosen)
    held = float(expected[list(kept)].sum())
    for unit in sorted(kept, key=lambda one: (-int(residents[one]), one)):
        if residents[unit] and held - expected[unit] >= wanted:
            held -= float(expected[unit])
            del kept[unit]
    return tuple(kept)


def _best(order: Whole, expected: Floats, residents: Whole, wanted: float) -> tuple[int, ...]:
    found = milp(
        residents[order].astype(float),
        constraints=LinearConstraint(csr_array(expected[order][None, :]), lb=wanted),
        integrality=np.ones(len(order), dtype=np.int64), bounds=Bounds(0, 1),
    )  # fmt: skip
    if found.x is None:
        raise ArithmeticError(f"no cover of {wanted} was found: {found.message}")
    return tuple(int(unit) for unit, taken in zip(order, found.x, strict=True) if taken > 0.5)


def _shares(draws: Floats) -> Floats:
    totals = draws.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(draws, totals, out=np.zeros_like(draws), where=totals > 0)
    return shares


def _cover(
    draws: Floats, residents: Whole, chosen: tuple[int, ...], *, bound: float, level: float
) -> Cover:
    expected = draws.mean(axis=0)
    total = expected.sum()
    shares = _shares(draws)[:, list(chosen)].sum(axis=1)
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    share = float(expected[list(chosen)].sum() / total) if total > 0 else 1.0
    return Cover(
        units=chosen, residents=int(residents[list(chosen)].sum()), share=min(1.0, share), low=float(low),
        high=float(high), bound=bound,
    )  # fmt: skip
