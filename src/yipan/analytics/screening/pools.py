"""
Group testing: how many tests a design costs, how often it is right, and which design costs least.

A pool is truly positive when anybody in it is infected. Tests of different pools are independent given the
truth; `Assay` says how often each answers rightly. Everybody may have a risk of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]

LARGEST_POOL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assay:
    """A test of one pool: probability of a positive answer where there is infection, of a negative one where there is none."""

    sensitivity: float = 1.0
    specificity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} {value} lies outside 0 to 1")

    @property
    def false_positive(self) -> float:
        """Probability of a positive answer where there is no infection."""
        return 1.0 - self.specificity


PERFECT = Assay()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAccuracy:
    """
    What a design decides of one member: pooled sensitivity and specificity, and the two predictive values.

    A predictive value is None where no such decision can happen.
    """

    risk: float
    sensitivity: float
    specificity: float

    @property
    def positive_predictive_value(self) -> float | None:
        """Probability of infection given that the design calls the member positive."""
        right, wrong = self.risk * self.sensitivity, (1.0 - self.risk) * (1.0 - self.specificity)
        return right / (right + wrong) if right + wrong > 0.0 else None

    @property
    def negative_predictive_value(self) -> float | None:
        """Probability of no infection given that the design calls the member negative."""
        right, wrong = (1.0 - self.risk) * self.specificity, self.risk * (1.0 - self.sensitivity)
        return right / (right + wrong) if right + wrong > 0.0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignResult:
    """
    What a design costs and how often it is right, for one first pool (one array).

    `tests` is the expected number, `variance` that of the number (None where it was not worked out). Overall
    accuracy weighs the members by their risk.
    """

    tests: float
    members: tuple[MemberAccuracy, ...]
    variance: float | None = None

    @property
    def size(self) -> int:
        """How many people one first pool holds."""
        return len(self.members)

    @property
    def tests_per_person(self) -> float:
        """Expected tests per person."""
        return self.tests / self.size

    @property
    def sensitivity(self) -> float:
        """Share of the infected the design calls positive; of a group without risk that of its members."""
        weights = [member.risk for member in self.members]
        return _weighted([m.sensitivity for m in self.members], weights)

    @property
    def specificity(self) -> float:
        """Share of the others the design calls negative."""
        weights = [1.0 - member.risk for member in self.members]
        return _weighted([m.specificity for m in self.members], weights)

    @property
    def positive_predictive_value(self) -> float | None:
        """Share of the infected among those called positive."""
        right = sum(m.risk * m.sensitivity for m in self.members)
        wrong = sum((1.0 - m.risk) * (1.0 - m.specificity) for m in self.members)
        return right / (right + wrong) if right + wrong > 0.0 else None

    @property
    def negative_predictive_value(self) -> float | None:
        """Share of the others among those called negative."""
        right = sum((1.0 - m.risk) * m.specificity for m in self.members)
        wrong = sum(m.risk * (1.0 - m.sensitivity) for m in self.members)
        return right / (right + wrong) if right + wrong > 0.0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A design found best: its sizes per stage (of an array the side), and what it costs."""

    stages: tuple[tuple[int, ...], ...]
    result: DesignResult


def dorfman(
    risks: Sequence[float] | float,
    *,
    size: int | None = None,
    pool: Assay = PERFECT,
    single: Assay | None = None,
) -> DesignResult:
    """
    Return two-stage testing (Dorfman 1943): one pool, then everybody in it singly where the pool is positive.

    `risks` is one probability of infection for each member, or one for all of `size` members. A pool of one is
    an ordinary single test by `pool`. Raises ValueError for risks outside 0 to 1 or a size below 1.

    >>> result = dorfman(0.01, size=10, pool=Assay(sensitivity=0.99, specificity=0.99))
    >>> round(result.tests_per_person, 4), round(result.positive_predictive_value, 4)
    (0.2037, 0.9127)
    """
    members = _risks(risks, size)
    stages = ((len(members),),) if len(members) > 1 else ()
    return hierarchical(members, stages=stages, assays=(pool, single or pool)[: len(stages) + 1])


def hierarchical(
    risks: Sequence[float] | float,
    *,
    stages: Sequence[Sequence[int]],
    assays: Sequence[Assay] | Assay = PERFECT,
) -> DesignResult:
    """
    Return testing in nested pools: each stage splits the pools before it, the last stage is everybody singly.

    `stages` names the sizes of the pools of every stage but the last, in the order of the members, such as
    `((20,), (10, 10))`. `assays` is one for all stages or one per stage, singles included. A pool of one is the
    single test of that member. The variance of the number of tests is exact.

    Raises ValueError where the sizes of a stage do not split the pools before them. Formulas: a pool is tested
    when every pool around it answered positive, summed over how many of those truly were.

    >>> round(hierarchical(0.01, stages=((9,), (3, 3, 3))).tests, 6)
    1.526757
    """
    count = sum(stages[0]) if stages else (1 if isinstance(risks, float | int) else len(risks))
    members = _risks(risks, count)
    tree = _tree(count, stages)
    levels = [assays] * (len(stages) + 1) if isinstance(assays, Assay) else list(assays)
    if len(levels) < len(stages) + 1:
        raise ValueError(f"{len(levels)} assays for {len(stages) + 1} stages")
    clear = 1.0 - np.asarray(members)
    accuracy = tuple(_member(index, tree, clear, levels) for index in range(count))
    numbers = _tests_of(tree, clear, levels, stage=0)[0]
    mean, variance = _moments(numbers)
    return DesignResult(tests=mean, members=accuracy, variance=variance)


def halving(
    risks: Sequence[float] | float, *, size: int | None = None, stages: int, assay: Assay = PERFECT
) -> DesignResult:
    """
    Return testing that halves a positive pool again and again, `stages` in all with the single tests last.

    Of an odd pool the first half is the larger. Raises ValueError for fewer than two stages.

    >>> round(halving(0.01, size=8, stages=3).tests, 6)
    1.469743
    """
    if stages < 2:
        raise ValueError(f"{stages} stages; halving needs at least 2, a pool and the single tests")
    members = _risks(risks, size)
    sizes: list[tuple[int, ...]] = [(len(members),)]
    for _ in range(stages - 2):
        parts = [((n + 1) // 2, n // 2) if n > 1 else (n,) for n in sizes[-1]]
        sizes.append(tuple(n for part in parts for n in part))
    return hierarchical(members, stages=sizes, assays=assay)


def sterrett(
    risks: Sequence[float] | float,
    *,
    size: int | None = None,
    rounds: int | None = 1,
    assay: Assay = PERFECT,
) -> DesignResult:
    """
    Return Sterrett's procedure: singly through a positive pool to the first positive, then the rest as a pool.

    After `rounds` such searches a pool of the rest that is positive again is tested singly to the end; None
    searches on for as long as anything is positive. The members are taken in the order of falling risk
    (informative Sterrett; Bilder, Tebbs and Chen 2010).

    >>> sterrett(0.01, size=8).tests < dorfman(0.01, size=8).tests
    True
    """
    members = sorted(_risks(risks, size), reverse=True)
    if rounds is not None and rounds < 0:
        raise ValueError(f"{rounds} rounds; expected 0 or more")
    process = _Sterrett(clear=1.0 - np.asarray(members), assay=assay)
    searches = len(members) if rounds is None else rounds
    mean, variance = _moments(process.pool(0, searches))
    accuracy = tuple(
        MemberAccuracy(
            risk=members[i],
            sensitivity=process.called(i, infected=True, searches=searches),
            specificity=1.0 - process.called(i, infected=False, searches=searches),
        )
        for i in range(len(members))
    )
    return DesignResult(tests=mean, members=accuracy, variance=variance)


def square_array(
    risk: float, *, side: int, assay: Assay = PERFECT, master: bool = False
) -> DesignResult:
    """
    Return testing in an array of side x side people: every row and column a pool, crossings singly.

    Where rows are positive and no column is (or the reverse), everybody in those rows (columns) is tested
    singly: this is the fuller of two definitions in use. With `master` all are pooled first, and the array is
    tested only where that pool is positive. `tests` is per array; its variance is not worked out.

    Raises ValueError for a side below 2.

    >>> round(square_array(0.01, side=5).tests, 6)
    10.288429
    """
    if side < 2:
        raise ValueError(f"side {side}; an array has at least 2 rows")
    (p,) = _risks(risk, 1)
    q, n = 1.0 - p, side
    found, wrong = assay.sensitivity, assay.false_positive
    missed, right = 1.0 - found, assay.specificity
    row_clear, cross_clear = q**n, q ** (2 * n - 1)
    column_negative = right * row_clear + missed * (1.0 - row_clear)
    beside_clear_cell = right * row_clear + missed * (q - row_clear)
    crossing = (
        found**2 * (1.0 - 2.0 * row_clear + cross_clear)
        + 2.0 * found * wrong * (row_clear - cross_clear)
        + wrong**2 * cross_clear
    )
    lone_row = wrong * beside_clear_cell**n + found * (column_negative**n - beside_clear_cell**n)
    tests = 2.0 * n + n * n * (crossing + 2.0 * lone_row)
    if_infected = found**2 + 2.0 * found * missed * column_negative ** (n - 1)
    line = found * (1.0 - q ** (n - 1)) + wrong * q ** (n - 1)
    lone = wrong * beside_clear_cell ** (n - 1) + found * (
        column_negative ** (n - 1) - beside_clear_cell ** (n - 1)
    )
    if_clear = line**2 + 2.0 * (1.0 - line) * lone
    sensitivity = found * if_infected
    if master:
        all_clear = wrong**2 + 2.0 * wrong * right**n
        shift = 1.0 - found - right
        tests = 1.0 + shift * q ** (n * n) * (2.0 * n + n * n * all_clear) + found * tests
        if_clear = found * if_clear + shift * q ** (n * n - 1) * all_clear
        sensitivity *= found
    member = MemberAccuracy(risk=p, sensitivity=sensitivity, specificity=1.0 - wrong * if_clear)
    return DesignResult(tests=tests, members=(member,) * (n * n))


def best_dorfman(
    risk: float, *, sizes: Sequence[int], pool: Assay = PERFECT, single: Assay | None = None
) -> Design:
    """
    Return the two-stage design with the fewest expected tests per person among `sizes`; ties go to the smallest.

    >>> best_dorfman(0.01, sizes=range(3, 21)).stages
    ((11,),)
    """
    tried = [
        (dorfman(risk, size=size, pool=pool, single=single), ((size,),)) for size in sorted(sizes)
    ]
    return _best(tried)


def best_three_stage(risk: float, *, sizes: Sequence[int], assay: Assay = PERFECT) -> Design:
    """
    Return the three-stage design with the fewest tests per person; every split of the first pool is tried.

    With equal risks the split matters only through its sizes, so each partition is tried once and the cost of a
    second pool is a function of its size: the best split is found by dynamic programming over the sizes.
    """
    (p,) = _risks(risk, 1)
    tried = []
    for size in sorted(sizes):
        parts = _best_split(p, size, assay)
        stages = ((size,), parts)
        tried.append((hierarchical(p, stages=stages, assays=assay), stages))
    return _best(tried)


def best_array(
    risk: float, *, sides: Sequence[int], assay: Assay = PERFECT, master: bool = False
) -> Design:
    """Return the square array with the fewest expected tests per person among `sides`."""
    return _best(
        [
            (square_array(risk, side=side, assay=assay, master=master), ((side,),))
            for side in sorted(sides)
        ]
    )


def minimax_size(*, sizes: Sequence[int]) -> int:
    """
    Return the pool size whose worst excess over the best design, for a prevalence nobody knows, is least.

    Perfect tests; the excess is in tests per person and the best design is the better of single testing and
    Dorfman's with the best size (Malinovsky and Albert 2015). The prevalence is tried on a grid of thousandths.

    >>> minimax_size(sizes=range(2, 40))
    8
    """
    tried = np.array(sorted(sizes))
    clear = 1.0 - np.linspace(0.0, 1.0, 1001)[:, None]
    cost = 1.0 / tried + 1.0 - clear**tried
    open_sizes = np.arange(2, 400)
    with_pools = (1.0 / open_sizes + 1.0 - clear**open_sizes).min(axis=1)
    excess = cost - np.minimum(1.0, with_pools)[:, None]
    return int(tried[excess.max(axis=0).argmin()])


def bayes_size(*, sizes: Sequence[int], alpha: float = 0.5, beta: float = 0.5) -> int:
    """
    Return the pool size with the fewest expected tests per person where the prevalence is a beta variable.

    Perfect tests, two stages; left out, the prior is Jeffreys' (Malinovsky and Albert 2015). Raises ValueError for a
    prior without mass.

    >>> bayes_size(sizes=range(2, 40))
    13
    """
    if alpha <= 0.0 or beta <= 0.0:
        raise ValueError(f"a beta prior of {alpha} and {beta}; expected both above 0")
    tried = np.array(sorted(sizes), dtype=np.float64)
    clear = np.exp(
        special.gammaln(beta + tried) + special.gammaln(alpha + beta)
        - special.gammaln(alpha + beta + tried) - special.gammaln(beta)
    )  # fmt: skip
    return int(tried[(1.0 / tried + 1.0 - clear).argmin()])


def _best(tried: Sequence[tuple[DesignResult, tuple[tuple[int, ...], ...]]]) -> Design:
    if not tried:
        raise ValueError("no sizes to choose from")
    result, stages = min(tried, key=lambda one: one[0].tests_per_person)
    return Design(stages=stages, result=result)


def _best_split(p: float, size: int, assay: Assay) -> tuple[int, ...]:
    """Sizes of the second-stage pools with the fewest expected tests for a first pool of `size`."""
    q, found, wrong = 1.0 - p, assay.sensitivity, assay.false_positive
    first_clear = q**size
    first = found * (1.0 - first_clear) + wrong * first_clear

    def cost(part: int) -> float:
        if part == 1:
            return first
        clear = q**part
        both = (
            wrong**2 * first_clear
            + found * wrong * (clear - first_clear)
            + found**2 * (1.0 - clear)
        )
        return first + part * both

    least, taken = [0.0], [0]
    for total in range(1, size + 1):
        part = min(range(1, min(total, size - 1) + 1), key=lambda n: cost(n) + least[total - n])
        least.append(cost(part) + least[total - part])
        taken.append(part)
    parts, left = [], size
    while left:
        parts.append(taken[left])
        left -= taken[left]
    return tuple(sorted(parts, reverse=True))


# --- nested pools as a tree -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pool:
    """The members from `first` up to `after`, and the pools it is split into when positive."""

    first: int
    after: int
    parts: tuple["_Pool", ...] = ()


def _tree(count: int, stages: Sequence[Sequence[int]]) -> _Pool:
    """The pools of every stage as one tree; a pool of one has no parts."""
    below = [[_Pool(i, i + 1) for i in range(count)]]
    for stage in reversed(stages):
        if sum(stage) != count or any(size < 1 for size in stage):
            raise ValueError(
                f"sizes {tuple(stage)} do not hold the {count} members of the first pool"
            )
        edges = np.concatenate(([0], np.cumsum(stage)))
        pools = []
        for first, after in pairwise(edges.tolist()):
            parts = tuple(pool for pool in below[-1] if first <= pool.first and pool.after <= after)
            if sum(pool.after - pool.first for pool in parts) != after - first:
                raise ValueError(f"sizes {tuple(stage)} cut through pools of the stage after them")
            only = len(parts) == 1 and (parts[0].first, parts[0].after) == (first, after)
            pools.append(parts[0] if only and after - first == 1 else _Pool(first, after, parts))
        below.append(pools)
    if len(below[-1]) != 1:
        raise ValueError(f"the first stage has {len(below[-1])} pools; expected one")
    return below[-1][0]


def _tests_of(
    pool: _Pool, clear: Array, levels: Sequence[Assay], *, stage: int
) -> tuple[Array, Array]:
    """
    How many tests a pool leads to, as two arrays of probabilities by number.

    The first over every truth, the second over the truth that nobody in it is infected (its sum is that
    probability). What lies in disjoint pools is independent, so parts convolve.
    """
    none = float(np.prod(clear[pool.first : pool.after]))
    one = np.array([0.0, 1.0])
    if not pool.parts:
        return one, none * one
    parts = [_tests_of(part, clear, levels, stage=stage + 1) for part in pool.parts]
    after_all = reduce(np.convolve, [part[0] for part in parts])
    after_none = reduce(np.convolve, [part[1] for part in parts])
    assay = levels[stage]
    stop_none, stop_some = none * assay.specificity, (1.0 - none) * (1.0 - assay.sensitivity)
    on_none = assay.false_positive * after_none
    on_some = assay.sensitivity * (after_all - after_none)
    numbers_none = np.convolve(one, _plus(on_none, stop_none))
    numbers_all = np.convolve(one, _plus(on_none + on_some, stop_none + stop_some))
    return numbers_all, numbers_none


def _plus(numbers: Array, at_zero: float) -> Array:
    changed = numbers.copy()
    changed[0] += at_zero
    return changed


def _member(index: int, tree: _Pool, clear: Array, levels: Sequence[Assay]) -> MemberAccuracy:
    """How often the chain of pools around a member ends positive, given that the member is or is not infected."""
    chain, pool = [], tree
    while True:
        chain.append(pool)
        if not pool.parts:
            break
        pool = next(part for part in pool.parts if part.first <= index < part.after)
    others = [
        float(np.prod(np.delete(clear[pool.first : pool.after], index - pool.first)))
        for pool in chain
    ]
    assays = levels[: len(chain)]
    found = np.array([assay.sensitivity for assay in assays])
    wrong = np.array([assay.false_positive for assay in assays])
    bounds = [0.0, *others]
    called = sum(
        (bounds[j + 1] - bounds[j]) * float(np.prod(found[:j]) * np.prod(wrong[j:]))
        for j in range(len(chain))
    )
    return MemberAccuracy(
        risk=1.0 - float(clear[index]), sensitivity=float(np.prod(found)), specificity=1.0 - called
    )


@dataclass(frozen=True, slots=True)
class _Sterrett:
    """Sterrett's procedure over members in order; arrays are probabilities by number of tests."""

    clear: Array
    assay: Assay

    def none(self, first: int) -> float:
        return float(np.prod(self.clear[first:]))

    def pool(self, first: int, searches: int) -> Array:
        """Numbers from testing the members from `first` on as one pool."""
        none, assay = self.none(first), self.assay
        if len(self.clear) - first == 1:
            return np.array([0.0, 1.0])
        every, clear = self.search(first, searches), self.search_clear(first, searches)
        on = assay.sensitivity * (every - none * clear) + assay.false_positive * none * clear
        return np.convolve([0.0, 1.0], _plus(on, 1.0 - float(on.sum())))

    def search(self, first: int, searches: int) -> Array:
        """Numbers from testing singly from `first` on to the first positive, and what follows; any truth."""
        size = len(self.clear) - first
        if searches == 0 or size <= 1:
            return _exactly(size)
        risk = 1.0 - float(self.clear[first])
        positive = risk * self.assay.sensitivity + (1.0 - risk) * self.assay.false_positive
        after = self.pool(first + 1, searches - 1)
        return np.convolve(
            [0.0, 1.0], _sum(positive * after, (1.0 - positive) * self.search(first + 1, searches))
        )

    def search_clear(self, first: int, searches: int) -> Array:
        """The same where nobody from `first` on is infected."""
        return _Sterrett(np.ones_like(self.clear), self.assay).search(first, searches)

    def called(self, index: int, *, infected: bool, searches: int) -> float:
        """Probability that a member is called positive, given the truth about them."""
        clear = self.clear.copy()
        clear[index] = 0.0 if infected else 1.0
        return _Sterrett(clear, self.assay).called_in_pool(index, 0, searches)

    def called_in_pool(self, index: int, first: int, searches: int) -> float:
        size = len(self.clear) - first
        single = self.assay.sensitivity if self.clear[index] == 0.0 else self.assay.false_positive
        if size == 1:
            return single
        none = self.none(first)
        within = self.called_in_search(index, first, searches)
        within_clear = _Sterrett(np.ones_like(self.clear), self.assay).called_in_search(
            index, first, searches
        )
        return self.assay.sensitivity * (within - none * within_clear) + (
            self.assay.false_positive * none * within_clear
        )

    def called_in_search(self, index: int, first: int, searches: int) -> float:
        single = self.assay.sensitivity if self.clear[index] == 0.0 else self.assay.false_positive
        if searches == 0 or first == index:
            return single
        risk = 1.0 - float(self.clear[first])
        positive = risk * self.assay.sensitivity + (1.0 - risk) * self.assay.false_positive
        return positive * self.called_in_pool(index, first + 1, searches - 1) + (
            1.0 - positive
        ) * self.called_in_search(index, first + 1, searches)


def _exactly(number: int) -> Array:
    exact = np.zeros(number + 1)
    exact[number] = 1.0
    return exact


def _sum(left: Array, right: Array) -> Array:
    total = np.zeros(max(len(left), len(right)))
    total[: len(left)] += left
    total[: len(right)] += right
    return total


def _moments(numbers: Array) -> tuple[float, float]:
    count = np.arange(len(numbers))
    mean = float(numbers @ count)
    return mean, float(numbers @ (count - mean) ** 2)


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    total = sum(weights)
    if total <= 0.0:
        return sum(values) / len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / total


def _risks(risks: Sequence[float] | float, size: int | None) -> list[float]:
    if isinstance(risks, int | float):
        if size is None or not 1 <= size <= LARGEST_POOL:
            raise ValueError(f"size {size}; expected 1 to {LARGEST_POOL} members")
        members = [float(risks)] * size
    else:
        members = [float(risk) for risk in risks]
        if not members or (size is not None and size != len(members)):
            raise ValueError(f"{len(members)} risks for {size} members")
    for number, risk in enumerate(members, 1):
        if not 0.0 <= risk <= 1.0:
            raise ValueError(f"risk {risk} of member {number} lies outside 0 to 1")
    return members
