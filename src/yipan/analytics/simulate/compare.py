"""Strategies beside each other on the same chance: replicates, paired differences, dominance, the front."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .epidemic import MEASURED, Axis, Epidemic, Seed, run
from .measures import Strategy
from .pathogen import Pathogen, Rates
from .province import Province

FloatArray = NDArray[np.float64]
Start = Callable[[int], Sequence[Seed]]
"""The seeds of a replicate by its number: fixed, or drawn from what is not known of the start."""

FRONT: Mapping[Axis, str] = {
    Axis.CONTROL: "infections",
    Axis.ECONOMY: "output_days_lost",
    Axis.NEEDS: "stay_home_days",
    Axis.PROPORTIONALITY: "restricted_per_infection",
}
"""The measure by which each axis is told on the front unless another is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The middle and the 90 % range of replicates, with their mean."""

    mean: float
    low: float
    middle: float
    high: float


FANS = ("new", "found", "beds_held", "beds_wanting", "quarantined_central", "quarantined_home")
"""What is told day by day: infections, infections found, beds in use and wanting, contacts in rooms and at home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyResult:
    """
    What replicates of a strategy gave.

    `measured` tells each of MEASURED; `fans` holds, per day, the 5, 25, 50, 75 and 95 % of each of FANS in the
    province; `film` the mean of new infections by day and county. Both end with the first run that ended early.
    """

    name: str
    name_zh: str
    replicates: int
    measured: Mapping[str, Range]
    fans: Mapping[str, tuple[tuple[float, ...], ...]]
    film: tuple[tuple[float, ...], ...] = field(repr=False)
    by_replicate: Mapping[str, tuple[float, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    A measure of one strategy less that of another, replicate by replicate on the same chance.

    `low` to `high` is the 95 % interval of the mean difference; `less` the share of replicates in which the first is
    less, `paired_variance_share` what is left of the variance by pairing (below 1 where pairing helps).
    """

    measure: str
    first: str
    second: str
    mean: float
    low: float
    high: float
    less: float
    equal: float
    paired_variance_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """
    A strategy on the four axes, by mean and by the 90 % quantile.

    `on_front`: no other strategy is as good on every axis and better on one, by mean; `on_cautious_front` the same
    by quantile. `dominated_by` names those that are. `chance` is the share of replicates in which it is not dominated.
    """

    strategy: str
    mean: Mapping[str, float]
    cautious: Mapping[str, float]
    on_front: bool
    on_cautious_front: bool
    dominated_by: tuple[str, ...]
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Strategies compared: results, every paired difference against the first, the front on the four axes."""

    days: int
    replicates: int
    seed: int
    axes: Mapping[str, str]
    counties: tuple[str, ...]
    results: tuple[StrategyResult, ...]
    differences: tuple[Difference, ...]
    front: tuple[FrontPoint, ...]


def replicate(
    task: tuple[Province, Pathogen, Strategy, Sequence[Seed], int, int, Rates | None],
) -> Epidemic:
    """Run one replicate; a function of its own so that any executor can carry it."""
    province, pathogen, strategy, seeds, days, seed, rates = task
    return run(province, pathogen, strategy, seeds, days=days, seed=seed, rates=rates)


def replicates(
    province: Province,
    pathogen: Pathogen,
    strategy: Strategy,
    start: Start,
    *,
    days: int,
    count: int,
    seed: int,
    rates: Rates | None = None,
    executor: Executor | None = None,
    threads: int = 1,
) -> Iterator[Epidemic]:
    """
    Yield `count` replicates in order, each of its own seed `seed + i`; the same for any executor or number of threads.

    Another strategy with the same seed meets the same chance: replicate i of both is one world with two orders given.
    """
    if count < 1:
        raise ValueError(f"{count} replicates; expected 1 or more")
    tasks = [(province, pathogen, strategy, start(i), days, seed + i, rates) for i in range(count)]
    if executor is not None:
        yield from executor.map(replicate, tasks)
    elif threads == 1:
        yield from map(replicate, tasks)
    else:
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(replicate, tasks)


def result_of(strategy: Strategy, epidemics: Sequence[Epidemic]) -> StrategyResult:
    """Return what replicates of a strategy gave together."""
    table = {
        name: np.array([one.costs[name] for one in epidemics], dtype=float) for name in MEASURED
    }
    whole = min(one.ended_early or one.new.shape[0] for one in epidemics)
    new = np.array([one.new[:whole].sum(axis=1) for one in epidemics], dtype=float)
    found = np.array([one.found[:whole].sum(axis=1) for one in epidemics], dtype=float)
    film = np.mean([one.new[:whole] for one in epidemics], axis=0)
    return StrategyResult(
        name=strategy.name, name_zh=strategy.name_zh or strategy.name, replicates=len(epidemics),
        measured={name: range_of(values) for name, values in table.items()},
        fans={"new": fan(new), "found": fan(found)} | {
            name: fan(np.array([one.daily[name][:whole] for one in epidemics], dtype=float)) for name in FANS[2:]
        },
        film=tuple(tuple(round(float(x), 3) for x in row) for row in film),
        by_replicate={name: tuple(float(x) for x in values) for name, values in table.items()},
    )  # fmt: skip


def range_of(values: FloatArray) -> Range:
    """Return the middle and the 90 % range of values, with their mean."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return Range(mean=float(values.mean()), low=float(low), middle=float(middle), high=float(high))


def fan(table: FloatArray) -> tuple[tuple[float, ...], ...]:
    """Return the 5, 25, 50, 75 and 95 % quantiles of each column: rows are days."""
    quantiles = np.quantile(table, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
    return tuple(tuple(float(x) for x in column) for column in quantiles.T)


def difference(measure: str, first: StrategyResult, second: StrategyResult) -> Difference:
    """Return a measure of `first` less that of `second`, paired by replicate."""
    a, b = np.array(first.by_replicate[measure]), np.array(second.by_replicate[measure])
    paired = a - b
    spread = 1.96 * paired.std(ddof=1) / np.sqrt(paired.size) if paired.size > 1 else float("inf")
    unpaired = a.var() + b.var()
    return Difference(
        measure=measure, first=first.name, second=second.name, mean=float(paired.mean()),
        low=float(paired.mean() - spread), high=float(paired.mean() + spread),
        less=float((paired < 0).mean()), equal=float((paired == 0).mean()),
        paired_variance_share=float(paired.var() / unpaired) if unpaired > 0 else None,
    )  # fmt: skip


def front_of(
    results: Sequence[StrategyResult], axes: Mapping[Axis, str] = FRONT
) -> tuple[FrontPoint, ...]:
    """
    Return every strategy on the axes, those not dominated marked, by mean, by 90 % quantile and by replicate.

    No axis is weighed against another: a strategy leaves the front only when another is as good on all and better
    on one.
    """
    names = list(axes.values())
    values = np.array([[r.by_replicate[name] for name in names] for r in results])
    mean, cautious = values.mean(axis=2), np.quantile(values, 0.9, axis=2)
    undominated = np.array(
        [_undominated(values[:, :, i]) for i in range(values.shape[2])], dtype=bool
    )
    by_mean, by_quantile = _undominated(mean), _undominated(cautious)
    return tuple(
        FrontPoint(
            strategy=result.name,
            mean={name: float(x) for name, x in zip(names, mean[i], strict=True)},
            cautious={name: float(x) for name, x in zip(names, cautious[i], strict=True)},
            on_front=bool(by_mean[i]), on_cautious_front=bool(by_quantile[i]),
            dominated_by=tuple(
                results[j].name for j in range(len(results)) if _dominates(mean[j], mean[i])
            ),
            chance=float(undominated[:, i].mean()),
        )
        for i, result in enumerate(results)
    )  # fmt: skip


def _dominates(a: FloatArray, b: FloatArray) -> bool:
    return bool((a <= b).all() and (a < b).any())


def _undominated(points: FloatArray) -> NDArray[np.bool_]:
    return np.array(
        [not any(_dominates(other, point) for other in points) for point in points], dtype=bool
    )


def compare(
    results: Sequence[StrategyResult],
    *,
    days: int,
    seed: int,
    counties: tuple[str, ...],
    axes: Mapping[Axis, str] = FRONT,
) -> Comparison:
    """
    Return strategies beside each other; the first is the one the others are measured against.

    Raises ValueError for a name that stands twice, unequal replicates or an axis measured by nothing known.
    """
    names = [result.name for result in results]
    if not results or len(set(names)) != len(names):
        raise ValueError(f"strategies {names}; expected names that differ")
    counts = {result.replicates for result in results}
    if len(counts) != 1:
        raise ValueError(
            f"strategies with {sorted(counts)} replicates; pairs need the same number of each"
        )
    for axis, measure in axes.items():
        if measure not in MEASURED:
            raise ValueError(
                f"axis {axis} is to be told by {measure!r}; expected one of {sorted(MEASURED)}"
            )
    return Comparison(
        days=days, replicates=counts.pop(), seed=seed,
        axes={str(axis): measure for axis, measure in axes.items()}, counties=counties,
        results=tuple(results),
        differences=tuple(
            difference(measure, other, results[0]) for other in results[1:] for measure in MEASURED
        ),
        front=front_of(results, axes),
    )  # fmt: skip
