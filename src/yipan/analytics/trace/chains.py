"""
Chains: forests of who infected whom, and what follows: sizes, generations, introductions, offspring.

A forest gives every case one source or none (-1: an introduction). The likeliest forest comes from the posterior
by maximum branching (Chu and Liu 1965, Edmonds 1967), which only has work to do where the likeliest sources form
a cycle. Sampled forests pop cycles (Propp and Wilson 1998), so that each is drawn with the product of its links'
probabilities; a cycle that will not pop is opened at one of its cases by the odds. The offspring distribution is negative binomial (Lloyd-Smith et al. 2005), each case counted for
the part of its infectious time that has been seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from .sources import NEVER, OUTSIDE, UNDATED, Delay, Floats, Ints, SourcePosterior

MOST_CONTRACTIONS = 20
MOST_INVOLVED = 400
MOST_POPS = 20


def components(nodes: int, source: Ints, target: Ints) -> Ints:
    """
    The component of each node in the graph of pairs, whichever way they lead; named by its lowest node.

    >>> components(5, np.array([0, 1, 3]), np.array([1, 2, 4])).tolist()
    [0, 0, 0, 3, 3]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(source), np.int8), (source, target)), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=False)
    first = np.full(label.max(initial=-1) + 1, nodes, dtype=np.int64)
    np.minimum.at(first, label, np.arange(nodes))
    return np.asarray(first[label], dtype=np.int64)


def components_plain(nodes: int, source: Sequence[int], target: Sequence[int]) -> list[int]:
    """The same, pair by pair: union and find. It judges `components`."""
    up = list(range(nodes))

    def top(node: int) -> int:
        while up[node] != node:
            node = up[node]
        return node

    for one, other in zip(source, target, strict=True):
        low, high = sorted((top(one), top(other)))
        up[high] = low
    return [top(node) for node in range(nodes)]


def roots_and_generations(parent: Ints) -> tuple[Ints, Ints]:
    """
    The root of each case and how many links lie between; cases without a source are roots of generation 0.

    Raises ValueError naming a case where the links form a cycle.

    >>> roots_and_generations(np.array([-1, 0, 1, -1]))[1].tolist()
    [0, 1, 2, 0]
    """
    n = parent.size
    root = np.where(parent < 0, np.arange(n), parent)
    generation = (parent >= 0).astype(np.int64)
    for _ in range(max(1, int(np.ceil(np.log2(max(n, 2)))) + 1)):
        further = root[root]
        if np.array_equal(further, root):
            break
        generation = generation + generation[root]
        root = further
    if n and np.any(parent[root] >= 0):
        raise ValueError(
            f"case {int(np.flatnonzero(parent[root] >= 0)[0])} infected itself through others"
        )
    return root, generation


def _cyclic(parent: Ints) -> Ints:
    """The cases that lie on a cycle."""
    n = parent.size
    waiting = np.bincount(parent[parent >= 0], minlength=n)
    leaves = np.flatnonzero(waiting == 0)
    left = np.ones(n, dtype=bool)
    while leaves.size:
        left[leaves] = False
        ups = parent[leaves]
        ups = ups[ups >= 0]
        np.subtract.at(waiting, ups, 1)
        leaves = np.unique(ups[(waiting[ups] == 0) & left[ups]])
    return np.asarray(np.flatnonzero(left & (parent >= 0)), dtype=np.int64)


def likeliest_forest(found: SourcePosterior, *, alternatives: int = 8) -> tuple[Ints, Floats]:
    """
    The forest whose links have the largest product of probabilities, and the probability of each case's link.

    Outside counts as a possible source of everybody, so there is always one. Where the likeliest sources form
    cycles, the best way out is chosen among the `alternatives` likeliest sources of each case on them; where more
    than some hundred cases hang together by cycles, the weakest link of each is cut instead.
    """
    parent, chance = found.best()
    involved: tuple[int, ...] = ()
    for _ in range(MOST_CONTRACTIONS):
        caught = _cyclic(parent)
        if not caught.size:
            return parent, chance
        involved = tuple(sorted({*involved, *_grown(found, parent, caught, alternatives)}))
        if len(involved) > MOST_INVOLVED:
            break
        arcs = {
            case: [
                *((j, p) for j, p in found.ranked(case, most=alternatives) if p > 0),
                (OUTSIDE, max(float(found.outside[case]), 1e-12)),
            ]
            for case in involved
        }
        for case, source in _branching(arcs, involved).items():
            parent[case] = source
            chance[case] = dict(reversed(arcs[case]))[source]
    return _cut(parent, chance, found)


def _cut(parent: Ints, chance: Floats, found: SourcePosterior) -> tuple[Ints, Floats]:
    """Open each cycle that is left where outside is least unlikely beside the link it replaces."""
    caught = _cyclic(parent)
    while caught.size:
        loss = np.log(np.maximum(chance[caught], 1e-300)) - np.log(
            np.maximum(found.outside[caught], 1e-300)
        )
        on_cycle = [int(case) for case in caught if _returns(parent, int(case))]
        weakest = min(on_cycle, key=lambda case: float(loss[np.searchsorted(caught, case)]))
        parent[weakest], chance[weakest] = OUTSIDE, found.outside[weakest]
        caught = _cyclic(parent)
    return parent, chance


def _returns(parent: Ints, case: int) -> bool:
    """Whether the line of sources of a case leads back to it."""
    up = int(parent[case])
    for _ in range(parent.size):
        if up in {case, OUTSIDE}:
            break
        up = int(parent[up])
    return up == case


def _grown(
    found: SourcePosterior, parent: Ints, caught: Ints, alternatives: int
) -> tuple[int, ...]:
    """The cases on cycles and those that hang below one of them and may be its way out."""
    involved = {int(case) for case in caught}
    for case in caught:
        for source, _ in found.ranked(int(case), most=alternatives):
            seen: list[int] = []
            up = source
            while up >= 0 and up not in involved and len(seen) < 1000:
                seen.append(up)
                up = int(parent[up])
            if up in involved:
                involved.update(seen)
    return tuple(sorted(involved))


def _branching(arcs: dict[int, list[tuple[int, float]]], nodes: Sequence[int]) -> dict[int, int]:
    """Maximum branching over a few cases: best arcs, cycles contracted to one node, opened again at the end."""
    inside = set(nodes)
    edges = {
        (case, source if source in inside else OUTSIDE, source): float(np.log(max(p, 1e-300)))
        for case in nodes
        for source, p in arcs[case]
    }
    best: dict[tuple[int, int], tuple[float, tuple[int, int, int]]] = {}
    for (case, end, source), weight in edges.items():
        if end != case and ((case, end) not in best or best[case, end][0] < weight):
            best[case, end] = (weight, (case, end, source))
    chosen = _edmonds(set(nodes), {key: (w, original) for key, (w, original) in best.items()})
    return {case: source for case, _, source in chosen}


def _edmonds(
    nodes: set[int], arcs: dict[tuple[int, int], tuple[float, tuple[int, int, int]]]
) -> set[tuple[int, int, int]]:
    """Chu-Liu/Edmonds: `arcs[target, source]` holds a weight and the arc it stands for; -1 is the root."""
    pick: dict[int, int] = {}
    best: dict[int, tuple[float, int]] = {}
    for (t, source), (weight, _) in arcs.items():
        best[t] = max(best.get(t, (-np.inf, 0)), (weight, -source))
    for node in nodes:
        pick[node] = -best[node][1]
    cycle = _one_cycle(pick)
    if cycle is None:
        return {arcs[node, source][1] for node, source in pick.items()}
    merged = max(nodes) + 1 + len(nodes)
    smaller: dict[tuple[int, int], tuple[float, tuple[int, int, int]]] = {}
    entering: dict[tuple[int, int, int], int] = {}
    for (t, s), (weight, original) in arcs.items():
        if t in cycle and s in cycle:
            continue
        if t in cycle:
            key, value = (merged, s), weight - arcs[t, pick[t]][0]
            entering[original] = t
        else:
            key, value = (t, merged if s in cycle else s), weight
        if key not in smaller or smaller[key][0] < value:
            smaller[key] = (value, original)
    solved = _edmonds((nodes - cycle) | {merged}, smaller)
    opened = next(entering[arc] for arc in solved if arc in entering)
    return solved | {arcs[node, pick[node]][1] for node in cycle if node != opened}


def _one_cycle(pick: dict[int, int]) -> set[int] | None:
    done: set[int] = set()
    for start in sorted(pick):
        path: list[int] = []
        node = start
        while node in pick and node not in done and node not in path:
            path.append(node)
            node = pick[node]
        if node in path:
            return set(path[path.index(node) :])
        done.update(path)
    return None


def sampled_forests(found: SourcePosterior, *, draws: int, rng: np.random.Generator) -> list[Ints]:
    """
    Forests drawn with the product of their links' probabilities: cycles are drawn anew until there are none.

    >>> from yipan.analytics.trace.sources import Parameters, TraceCases, sources
    >>> found = sources(
    ...     TraceCases.of_days([0, 5]), learn=False,
    ...     parameters=Parameters(serial=Delay(mean_days=5, sd_days=2)),
    ... )  # fmt: skip
    >>> [forest.tolist() for forest in sampled_forests(found, draws=1, rng=np.random.default_rng(1))]
    [[-1, 0]]
    """
    forests = []
    for _ in range(draws):
        forest = found.sample(rng)
        for _ in range(MOST_POPS):
            caught = _cyclic(forest)
            if not caught.size:
                break
            forest[caught] = found.sample(rng, only=caught)
        _open_by_chance(forest, found, rng)
        forests.append(forest)
    return forests


def _open_by_chance(forest: Ints, found: SourcePosterior, rng: np.random.Generator) -> None:
    """Open each cycle that would not pop at one of its cases, drawn by the odds that its source lies outside."""
    caught = _cyclic(forest)
    while caught.size:
        ring = [int(caught[0])]
        while int(forest[ring[-1]]) != ring[0]:
            ring.append(int(forest[ring[-1]]))
        odds = np.array(
            [
                found.outside[case] / max(found.share_of(case, int(forest[case])), 1e-300)
                for case in ring
            ]
        )
        odds = odds + 1e-12
        forest[ring[int(rng.choice(len(ring), p=odds / odds.sum()))]] = OUTSIDE
        caught = _cyclic(forest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """
    One chain of a forest: its root, its cases in order of day, how many links its longest line has.

    `first_day` and `last_day` are those of its dated cases (None where there is none); it is active while its
    last case is younger than the quiet span asked about.
    """

    root: int
    members: tuple[int, ...]
    generations: int
    first_day: int | None
    last_day: int | None
    active: bool

    @property
    def size(self) -> int:
        """How many cases it has."""
        return len(self.members)


def chains_of(parent: Ints, day: Ints, *, today: int, quiet_days: int) -> tuple[Chain, ...]:
    """
    The chains of a forest, the largest first, then the earliest.

    A chain is active where a case of it lies less than `quiet_days` before `today`, or has no day.

    >>> [c.size for c in chains_of(np.array([-1, 0, -1]), np.array([0, 5, 9]), today=20, quiet_days=14)]
    [2, 1]
    """
    root, generation = roots_and_generations(parent)
    order = np.lexsort((np.arange(parent.size), day, root))
    found = []
    for part in np.split(order, np.flatnonzero(np.diff(root[order])) + 1) if order.size else ():
        dated = day[part][day[part] != UNDATED]
        last = int(dated.max()) if dated.size else None
        found.append(
            Chain(
                root=int(root[part[0]]), members=tuple(int(case) for case in part),
                generations=int(generation[part].max()), first_day=int(dated.min()) if dated.size else None,
                last_day=last, active=dated.size < part.size or (last is not None and last > today - quiet_days),
            )
        )  # fmt: skip
    found.sort(
        key=lambda chain: (
            -chain.size,
            chain.first_day if chain.first_day is not None else 0,
            chain.root,
        )
    )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A middle value with the interval that holds the truth with probability `level`."""

    value: float
    low: float
    high: float
    level: float = 0.95


def range_of(values: Floats, *, level: float = 0.95) -> Range:
    """The median of draws with their central interval."""
    low, middle, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Range(value=float(middle), low=float(low), high=float(high), level=level)


def introductions(forests: Sequence[Ints], *, level: float = 0.95) -> Range:
    """How many independent introductions there were, over sampled forests."""
    return range_of(np.array([float((forest < 0).sum()) for forest in forests]), level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offspring:
    """
    The distribution of how many people one case infects: mean R and dispersion k of a negative binomial.

    `k` is small where few cases infect many. `cases` is how many cases count, each for the part of its
    infectious time that has been seen.
    """

    R: Range
    k: Range
    cases: float


def offspring(
    forests: Sequence[Ints],
    day: Ints,
    *,
    serial: Delay,
    today: int,
    level: float = 0.95,
    grid: int = 80,
) -> Offspring | None:
    """
    Estimate the offspring distribution from sampled forests; None where no dated case has been seen for long.

    A case's expected offspring is R times the part of the serial interval that lies before `today`, so that
    young cases do not pull R down (right-censoring). The posterior over a grid, uniform in log R and log k, is
    averaged over the forests.
    """
    dated = np.flatnonzero(day != UNDATED)
    seen = serial.cdf((today - day[dated]).astype(np.float64) + 0.5)
    kept, seen = dated[seen > 0.05], seen[seen > 0.05]
    if kept.size == 0 or not forests:
        return None
    step = np.round(seen * 20) / 20
    R = np.geomspace(0.05, 12, grid)
    k = np.geomspace(0.02, 50, grid)
    together = np.zeros((grid, grid))
    for forest in forests:
        count = np.bincount(forest[forest >= 0], minlength=day.size)[kept]
        pairs, times = np.unique(np.c_[count, step], axis=0, return_counts=True)
        log = np.zeros((grid, grid))
        for (z, part), often in zip(pairs, times, strict=True):
            mean = R[:, None] * max(part, 0.025)
            log += often * (
                gammaln(z + k)
                - gammaln(k)
                - gammaln(z + 1.0)
                + k * np.log(k / (k + mean))
                + z * np.log(mean / (k + mean))
            )
        weight = np.exp(log - log.max())
        together += weight / weight.sum()
    together /= together.sum()
    return Offspring(
        R=_of_grid(R, together.sum(axis=1), level), k=_of_grid(k, together.sum(axis=0), level),
        cases=float(seen.sum()),
    )  # fmt: skip


def _of_grid(points: Floats, weight: Floats, level: float) -> Range:
    running = np.cumsum(weight)
    at = [
        float(points[min(int(np.searchsorted(running, q)), points.size - 1)])
        for q in ((1 - level) / 2, 0.5, (1 + level) / 2)
    ]
    return Range(value=at[1], low=at[0], high=at[2], level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreader:
    """A case that infected unusually many: expected number, and how probable it is that it passed the limit."""

    case: int
    expected: float
    chance: float
    limit: int


def spreaders(forests: Sequence[Ints], *, R: float, quantile: float = 0.99) -> tuple[Spreader, ...]:
    """
    Cases that infected more than the `quantile` of a Poisson of mean R would (Lloyd-Smith et al. 2005).

    >>> [s.case for s in spreaders([np.array([-1, 0, 0, 0, 0, 0, 0])], R=1.0)]
    [0]
    """
    from scipy.stats import poisson

    limit = int(poisson.ppf(quantile, R))
    if not forests:
        return ()
    n = forests[0].size
    count = np.stack([np.bincount(forest[forest >= 0], minlength=n) for forest in forests])
    chance, expected = (count > limit).mean(axis=0), count.mean(axis=0)
    found = [
        Spreader(case=int(i), expected=float(expected[i]), chance=float(chance[i]), limit=limit)
        for i in np.flatnonzero(chance >= 0.05)
    ]
    return tuple(sorted(found, key=lambda s: (-s.chance, -s.expected, s.case)))


def agreement(forests: Sequence[Ints], parent: Ints) -> NDArray[np.float64]:
    """For each case, in which share of the sampled forests it has the source that `parent` gives it."""
    if not forests:
        return np.zeros(parent.size)
    return np.asarray(np.mean([forest == parent for forest in forests], axis=0))


__all__ = [
    "NEVER", "OUTSIDE", "Chain", "Offspring", "Range", "Spreader", "agreement", "chains_of", "components",
    "components_plain", "introductions", "likeliest_forest", "offspring", "range_of", "roots_and_generations",
    "sampled_forests", "spreaders",
]  # fmt: skip
