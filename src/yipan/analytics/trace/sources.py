"""
Sources: for each case, who may have infected it, with probabilities, and how likely nobody known did.

Given the parameters, cases are independent a posteriori, so the posterior has a closed form: a candidate's
weight is the serial-interval density at the days between the two, times one likelihood ratio per kind of
evidence (recorded contact, shared places, genomes). It stands beside the weight of a source outside the cases
known. Parameters are estimated by expectation-maximisation. The likelihoods of contacts and genomes follow
Campbell et al. 2018 and 2019 (outbreaker2); the closed form follows Wallinga and Teunis 2004.

Candidates without any evidence of their own differ only by their days, so they are counted by class of days
and never listed: the cost is that of the cases and the evidence, not of their pairs.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
"""The day of isolation of somebody who was not isolated."""
UNDATED = np.iinfo(np.int64).min
"""The day of a case whose day is not known."""
LEAST = 1e-300
OUTSIDE = -1
MOST_TRIES = 1000
NOBODY_ELSE = 1e-12
MOST_SNPS = 200
BUSY_DAYS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A gamma-distributed delay in days, moved by `shift_days` (below zero where it may be negative)."""

    mean_days: float
    sd_days: float
    shift_days: float = 0.0

    def __post_init__(self) -> None:
        if not self.mean_days > self.shift_days or not self.sd_days > 0:
            raise ValueError(
                f"a delay needs a mean above its shift and a positive spread, got mean {self.mean_days}, "
                f"shift {self.shift_days}, sd {self.sd_days}"
            )

    def cdf(self, days: NDArray[np.float64]) -> Floats:
        """The probability that the delay is at most so many days."""
        scale = self.sd_days**2 / (self.mean_days - self.shift_days)
        shape = (self.mean_days - self.shift_days) / scale
        return np.asarray(
            gammainc(shape, np.maximum(days - self.shift_days, 0.0) / scale), dtype=np.float64
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCases:
    """
    Cases as arrays of one length: `day` counts days on any common scale (onset, or the best stand-in for it).

    `spread` is the standard deviation in whole days with which the day is known (0: exactly). `isolated` is the
    day of isolation (NEVER: not isolated). `imported` marks cases known to come from outside.
    """

    day: Ints
    spread: Ints
    isolated: Ints
    imported: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len({len(part) for part in (self.day, self.spread, self.isolated, self.imported)}) != 1:
            raise ValueError("the arrays of the cases differ in length")
        if self.spread.size and (self.spread.min() < 0 or self.spread.max() > 60):
            raise ValueError("a spread lies outside 0 to 60 days")

    @classmethod
    def of_days(cls, day: NDArray[np.int64] | list[int]) -> "TraceCases":
        """Cases of exactly known days, none isolated, none known to be imported."""
        days = np.asarray(day, dtype=np.int64)
        return cls(
            day=days, spread=np.zeros_like(days), isolated=np.full_like(days, NEVER),
            imported=np.zeros(days.size, dtype=bool),
        )  # fmt: skip

    def __len__(self) -> int:
        """How many there are."""
        return int(self.day.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Recorded contacts between cases; `level` (from 0) is how certain each is, as the records class them."""

    source: Ints
    target: Ints
    level: Ints
    directed: bool = False

    @classmethod
    def of_pairs(cls, pairs: list[tuple[int, int]], *, directed: bool = False) -> "Contacts":
        """Contacts of one level of certainty."""
        both = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(
            source=both[:, 0],
            target=both[:, 1],
            level=np.zeros(len(both), np.int64),
            directed=directed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlaces:
    """Pairs of cases at one place at one time; `dose` is weight of the setting x hours / people there, summed."""

    source: Ints
    target: Ints
    dose: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Genomes:
    """SNP distances between sequenced cases, one entry per unordered pair."""

    first: Ints
    second: Ints
    snps: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """
    What the posterior depends on besides the data.

    `outside` is the weight per day of a source outside the cases known, relative to one known case.
    `recorded_true` and `recorded_false` are, by level of certainty, the probabilities that a true and a false
    pair is recorded at that level. `place_share` is the share of transmissions that happened at recorded shared
    places. `snps_per_link` is the mean number of SNPs between a case and its source.
    """

    serial: Delay
    outside: float = 0.01
    recorded_true: tuple[float, ...] = (0.5,)
    recorded_false: tuple[float, ...] = (0.01,)
    place_share: float = 0.3
    snps_per_link: float = 1.0
    incubation: Delay | None = None
    longest_days: int = 60

    def __post_init__(self) -> None:
        if not self.outside > 0:
            raise ValueError(f"outside is {self.outside}; a source outside is never impossible")
        if len(self.recorded_true) != len(self.recorded_false):
            raise ValueError(
                "each level of certainty needs its probability among true and false pairs"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Classes:
    """Cases grouped by what their weight depends on: targets by (day, spread), sources by isolation as well."""

    of_target: Ints
    of_source: Ints
    targets: Ints
    sources: Ints
    sizes: Floats
    weight: Floats
    possible: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePosterior:
    """
    The posterior over the sources of each case: outside, candidates with evidence, and all others by class.

    `start[i]:start[i + 1]` are the positions of case i's candidates with evidence in `candidate`, `share` (their
    probabilities) and `ratio` (by how much the evidence multiplies their weight); they are in order of index.
    """

    cases: TraceCases
    parameters: Parameters
    outside: Floats
    start: Ints
    candidate: Ints
    share: Floats
    ratio: Floats
    total: Floats
    plain_ratio: float
    classes: _Classes = field(repr=False)
    rounds: int = 0

    def share_of(self, case: int, source: int) -> float:
        """The probability that `source` infected `case`."""
        begin, end = self.start[case], self.start[case + 1]
        place = begin + int(np.searchsorted(self.candidate[begin:end], source))
        if place < end and self.candidate[place] == source:
            return float(self.share[place])
        if case == source or self.total[case] <= 0 or self.cases.imported[case]:
            return 0.0
        return float(
            self.plain_ratio
            * self.class_weight(case)[self.classes.of_source[source]]
            / self.total[case]
        )

    def class_weight(self, case: int) -> Floats:
        """The weight of one source of each class for a case, before its own evidence."""
        return np.asarray(self.classes.weight[self.classes.of_target[case]])

    def others(self, case: int) -> float:
        """The probability that somebody known without any evidence of their own is the source."""
        begin, end = self.start[case], self.start[case + 1]
        return max(0.0, 1.0 - float(self.outside[case]) - float(self.share[begin:end].sum()))

    def ranked(self, case: int, *, most: int = 10) -> tuple[tuple[int, float], ...]:
        """The likeliest sources of a case with their probabilities, -1 for outside; ties by index."""
        begin, end = self.start[case], self.start[case + 1]
        listed = [
            (int(j), float(p))
            for j, p in zip(self.candidate[begin:end], self.share[begin:end], strict=True)
        ]
        known = {j for j, _ in listed}
        listed.append((-1, float(self.outside[case])))
        if not self.cases.imported[case] and self.others(case) > 0:
            weight = self.class_weight(case)
            enough = 0
            for kind in np.argsort(-weight, kind="stable"):
                if weight[kind] <= 0 or enough >= most:
                    break
                p = float(self.plain_ratio * weight[kind] / self.total[case])
                members = np.flatnonzero(self.classes.of_source == kind)[: most + len(known) + 1]
                plain = [(int(j), p) for j in members if j != case and j not in known]
                enough += len(plain)
                listed += plain
        listed.sort(key=lambda entry: (-entry[1], entry[0]))
        return tuple(listed[:most])

    def best(self, *, known_only: bool = False) -> tuple[Ints, Floats]:
        """
        The likeliest source of every case (-1 outside) and its probability; among equals the lowest index.

        With `known_only` outside is not considered, unless nobody known is possible.
        """
        n = len(self.cases)
        best = np.full(n, -1, dtype=np.int64)
        chance = np.zeros(n) if known_only else self.outside.copy()
        owner = np.repeat(np.arange(n), np.diff(self.start))
        order = np.lexsort((-self.candidate, self.share, owner))
        last = (
            np.flatnonzero(np.r_[owner[order][1:] != owner[order][:-1], True])
            if owner.size
            else owner
        )
        for place in order[last] if owner.size else ():
            case = owner[place]
            if self.share[place] > chance[case]:
                best[case], chance[case] = self.candidate[place], self.share[place]
        members = _members(self.classes)
        ranking: dict[int, Ints] = {}
        for case in range(n):
            if self.cases.imported[case] or self.total[case] <= 0:
                continue
            target = int(self.classes.of_target[case])
            weight = self.classes.weight[target]
            if target not in ranking:
                ranking[target] = np.argsort(-weight, kind="stable")[:8]
            if self.plain_ratio * weight[ranking[target][0]] / self.total[case] <= chance[case]:
                continue
            begin, end = self.start[case], self.start[case + 1]
            known = set(self.candidate[begin:end].tolist()) | {case}
            for kind in ranking[target]:
                found = next((int(j) for j in members(int(kind)) if int(j) not in known), None)
                p = self.plain_ratio * weight[kind] / self.total[case]
                if p <= chance[case]:
                    break
                if found is not None:
                    best[case], chance[case] = found, p
                    break
        return best, chance

    def entropy_bits(self, case: int) -> float:
        """How open the question of the source is, in bits: 0 where it is settled."""
        begin, end = self.start[case], self.start[case + 1]
        listed = np.r_[self.outside[case], self.share[begin:end]]
        listed = listed[listed > 0]
        bits = float(-(listed * np.log2(listed)).sum())
        rest = self.others(case)
        if rest > 1e-12:
            p = self.plain_ratio * self.class_weight(case) / max(self.total[case], LEAST)
            open_ = p > 0
            bits += float(-(self.classes.sizes[open_] * p[open_] * np.log2(p[open_])).sum())
        return bits

    def sample(self, rng: np.random.Generator, *, only: Ints | None = None) -> Ints:
        """
        One source for every case, or for some (-1 outside), each drawn from its posterior apart from the others.

        `sample_plain` says the same case by case and draws the same from the same generator.
        """
        asked = np.arange(len(self.cases)) if only is None else only
        drawn = np.full(asked.size, OUTSIDE, dtype=np.int64)
        u = rng.random(asked.size)
        outside = self.outside[asked]
        running = np.r_[0.0, np.cumsum(self.share)]
        before = running[self.start[:-1]][asked]
        listed = running[self.start[1:]][asked] - before
        told = (u >= outside) & (u < outside + listed)
        place = np.searchsorted(running[1:], before[told] + u[told] - outside[told], side="right")
        place = np.minimum(place, self.start[1:][asked][told] - 1)
        if self.candidate.size:
            drawn[told] = self.candidate[place]
        open_ = (u >= outside + listed) & ~self.cases.imported[asked]
        open_ &= 1.0 - outside - listed > NOBODY_ELSE
        waiting = np.flatnonzero(open_)
        if not waiting.size:
            return drawn
        table = self.classes
        kinds, row = np.unique(table.of_target[asked[waiting]], return_inverse=True)
        mass = np.cumsum(table.sizes * table.weight[kinds], axis=1)
        # One line holds the running shares of all rows, row after row, so that one search serves all of them.
        line = (mass / np.maximum(mass[:, -1:], LEAST) + np.arange(kinds.size)[:, None]).ravel()
        order, first = _in_classes(table)
        owner = np.repeat(np.arange(len(self.cases)), np.diff(self.start))
        known = owner * len(self.cases) + self.candidate
        for _ in range(MOST_TRIES):
            mark = rng.random((waiting.size, 2))
            at = np.searchsorted(line, row + mark[:, 0], side="right") - row * table.sizes.size
            kind = np.minimum(at, table.sizes.size - 1)
            member = first[kind] + (mark[:, 1] * table.sizes[kind]).astype(np.int64)
            source = order[member]
            case = asked[waiting]
            key = case * len(self.cases) + source
            near = np.minimum(np.searchsorted(known, key), max(known.size - 1, 0))
            bad = source == case
            if known.size:
                bad |= known[near] == key
            drawn[waiting[~bad]] = source[~bad]
            waiting, row = waiting[bad], row[bad]
            if not waiting.size:
                break
        return drawn

    def sample_plain(self, rng: np.random.Generator, *, only: Ints | None = None) -> Ints:
        """The same, case by case. It judges `sample`."""
        asked = list(range(len(self.cases))) if only is None else [int(case) for case in only]
        drawn = [OUTSIDE] * len(asked)
        u = rng.random(len(asked))
        waiting = []
        for i, case in enumerate(asked):
            begin, end = self.start[case], self.start[case + 1]
            left = u[i] - self.outside[case]
            if left < 0:
                continue
            for place in range(begin, end):
                left -= self.share[place]
                if left < 0:
                    drawn[i] = int(self.candidate[place])
                    break
            else:
                if not self.cases.imported[case] and self.others(case) > NOBODY_ELSE:
                    waiting.append(i)
        members = _members(self.classes)
        for _ in range(MOST_TRIES):
            if not waiting:
                break
            marks = rng.random((len(waiting), 2))
            again = []
            for i, (one, other) in zip(waiting, marks, strict=True):
                case = asked[i]
                mass = np.cumsum(self.classes.sizes * self.class_weight(case))
                kind = min(int(np.searchsorted(mass, one * mass[-1], side="right")), mass.size - 1)
                chosen = members(kind)
                source = int(chosen[int(other * len(chosen))])
                begin, end = self.start[case], self.start[case + 1]
                if source == case or source in self.candidate[begin:end]:
                    again.append(i)
                else:
                    drawn[i] = source
            waiting = again
        return np.array(drawn, dtype=np.int64)


def _in_classes(classes: _Classes) -> tuple[Ints, Ints]:
    """Cases in order of their class of sources, and where each class begins among them."""
    order = np.argsort(classes.of_source, kind="stable")
    first = np.searchsorted(classes.of_source[order], np.arange(classes.sizes.size + 1))
    return np.asarray(order, dtype=np.int64), np.asarray(first, dtype=np.int64)


def _members(classes: _Classes):  # type: ignore[no-untyped-def]  # a closure over two arrays
    order, first = _in_classes(classes)

    def of(kind: int) -> Ints:
        return np.asarray(order[first[kind] : first[kind + 1]])

    return of


def sources(
    cases: TraceCases,
    *,
    parameters: Parameters,
    contacts: Contacts | None = None,
    places: SharedPlaces | None = None,
    genomes: Genomes | None = None,
    learn: bool = True,
    most_rounds: int = 40,
) -> SourcePosterior:
    """
    Return the posterior over the sources of each case.

    With `learn`, all parameters but the serial interval are estimated from the data by
    expectation-maximisation, starting from `parameters`, with half an observation of prior weight for each
    probability. Cases without a day have a source only where a contact was recorded; imported ones have none.
    Evidence about pairs whose days exclude each other is left aside: see `questions.inconsistencies`.

    Raises ValueError for evidence about a case that is not there or about a case and itself.

    >>> found = sources(
    ...     TraceCases.of_days([0, 5, 5]), contacts=Contacts.of_pairs([(0, 1)]), learn=False,
    ...     parameters=Parameters(serial=Delay(mean_days=5, sd_days=2)),
    ... )  # fmt: skip
    >>> found.share_of(1, 0) > found.share_of(2, 0) > 0.5
    True
    """
    evidence = _gathered(cases, contacts, places, genomes)
    last: Floats | None = None
    outcome: SourcePosterior | None = None
    table: _Classes | None = None
    seen: float | None = None
    rounds = most_rounds if learn else 1
    for round_number in range(1, rounds + 1):
        if table is None:
            table = _classes(cases, parameters)
            base = _pair_weight(cases, evidence, parameters)
            unlisted = _unlisted(table, evidence)
        outcome = _posterior(cases, parameters, evidence, table, base, unlisted, round_number)
        if last is not None and np.abs(outcome.outside - last).max(initial=0.0) < 1e-4:
            break
        last = outcome.outside
        if round_number < rounds:
            seen = _seen(cases, parameters.serial) if seen is None else seen
            parameters = _improved(outcome, evidence, base, seen)
    assert outcome is not None
    return outcome


def posterior_plain(
    cases: TraceCases,
    *,
    parameters: Parameters,
    contacts: Contacts | None = None,
    places: SharedPlaces | None = None,
    genomes: Genomes | None = None,
) -> Floats:
    """
    The same posterior, written as it is meant: a table of case x source, the last column being outside.

    For a handful of cases and given parameters; it judges `sources`.
    """
    n = len(cases)
    level, dose, snps = _tables(contacts, places, genomes)
    by_day = {}
    for pair in ((i, j) for i in range(n) for j in range(n) if i != j):
        undated = UNDATED in {int(cases.day[pair[0]]), int(cases.day[pair[1]])}
        told = (pair[1], pair[0]) in level
        by_day[pair] = 0.0 if undated and not told else _one_weight(cases, *pair, parameters)
    possible = sum(
        weight > 0 and UNDATED not in {int(cases.day[i]), int(cases.day[j])}
        for (i, j), weight in by_day.items()
    )
    mean_dose = sum(d for (s, t), d in dose.items() if by_day[t, s] > 0) / max(possible, 1)
    between = [d for (a, b), d in snps.items() if by_day[b, a] > 0]
    background = _background_snps(np.array(between, dtype=np.int64), None)
    recorded_nowhere = (1 - sum(parameters.recorded_true)) / (1 - sum(parameters.recorded_false))
    table = np.zeros((n, n + 1))
    for (i, j), by_days in by_day.items():
        weight = by_days
        recorded = level.get((j, i))
        if contacts is not None and recorded is None:
            weight *= recorded_nowhere
        elif recorded is not None:
            weight *= parameters.recorded_true[recorded] / parameters.recorded_false[recorded]
        if mean_dose > 0:
            share = parameters.place_share
            weight *= 1 - share + share * dose.get((j, i), 0.0) / mean_dose
        if (j, i) in snps:
            weight *= _snp_ratio(np.array([snps[j, i]]), parameters.snps_per_link, background)[0]
        table[i, j] = 0.0 if cases.imported[i] else weight
    nearest = [
        min((d for (s, t), d in snps.items() if t == i and by_day[i, s] > 0), default=-1)
        for i in range(n)
    ]
    table[:, n] = parameters.outside * _outside_ratio(
        np.array(nearest, dtype=np.int64), max(snps.values(), default=0)
    )
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def _tables(
    contacts: Contacts | None, places: SharedPlaces | None, genomes: Genomes | None
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], float], dict[tuple[int, int], int]]:
    """The evidence by ordered pair (source, target)."""
    level: dict[tuple[int, int], int] = {}
    dose: dict[tuple[int, int], float] = {}
    snps: dict[tuple[int, int], int] = {}
    if contacts is not None:
        for s, t, kind in zip(contacts.source, contacts.target, contacts.level, strict=True):
            ends = [(int(s), int(t))] if contacts.directed else [(int(s), int(t)), (int(t), int(s))]
            for pair in ends:
                level[pair] = max(level.get(pair, -1), int(kind))
    if places is not None:
        for s, t, d in zip(places.source, places.target, places.dose, strict=True):
            for pair in ((int(s), int(t)), (int(t), int(s))):
                dose[pair] = dose.get(pair, 0.0) + float(d)
    if genomes is not None:
        for a, b, d in zip(genomes.first, genomes.second, genomes.snps, strict=True):
            snps[int(a), int(b)] = snps[int(b), int(a)] = int(d)
    return level, dose, snps


def _one_weight(cases: TraceCases, target: int, source: int, parameters: Parameters) -> float:
    """The density of the days between two cases, their uncertainty and the source's isolation considered."""
    if UNDATED in {int(cases.day[target]), int(cases.day[source])}:
        return 1.0 / parameters.longest_days
    spread = float(np.hypot(cases.spread[target], cases.spread[source]))
    lags, density = _kernel(parameters, spread)
    lag = int(cases.day[target] - cases.day[source])
    if not lags[0] <= lag <= lags[-1]:
        return 0.0
    weight = float(density[lag - lags[0]])
    if cases.isolated[source] != NEVER and parameters.incubation is not None:
        since = float(cases.day[target] - cases.isolated[source])
        weight *= (
            1.0 - float(parameters.incubation.cdf(np.array([since + 0.5]))[0])
            if since >= 0
            else 1.0
        )
    return weight


def _kernel(parameters: Parameters, spread: float) -> tuple[Ints, Floats]:
    """The probability of each whole number of days between two cases whose days are this uncertain together."""
    serial = parameters.serial
    margin = int(np.ceil(3 * spread))
    least = int(np.floor(serial.shift_days))
    exact = np.arange(least, parameters.longest_days + 1)
    density = np.diff(serial.cdf(np.r_[exact - 0.5, exact[-1] + 0.5]))
    density[0] += float(serial.cdf(np.array([exact[0] - 0.5]))[0])
    if spread > 0:
        around = np.arange(-margin, margin + 1)
        blur = np.exp(-0.5 * (around / spread) ** 2)
        density = np.convolve(density, blur / blur.sum())
        exact = np.arange(least - margin, parameters.longest_days + margin + 1)
    return exact.astype(np.int64), density


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Ordered pairs (source, target) with any evidence, by target: level (-1: none), dose, SNPs (-1: none)."""

    source: Ints
    target: Ints
    level: Ints
    dose: Floats
    snps: Ints
    with_contacts: bool
    with_places: bool
    with_genomes: bool


def _gathered(
    cases: TraceCases,
    contacts: Contacts | None,
    places: SharedPlaces | None,
    genomes: Genomes | None,
) -> _Evidence:
    n = len(cases)
    parts: list[tuple[Ints, Ints, str, NDArray[np.generic]]] = []
    if contacts is not None:
        parts.append((contacts.source, contacts.target, "level", contacts.level))
        if not contacts.directed:
            parts.append((contacts.target, contacts.source, "level", contacts.level))
    if places is not None:
        parts.append((places.source, places.target, "dose", places.dose))
        parts.append((places.target, places.source, "dose", places.dose))
    if genomes is not None:
        parts.append((genomes.first, genomes.second, "snps", genomes.snps))
        parts.append((genomes.second, genomes.first, "snps", genomes.snps))
    for s, t, name, _ in parts:
        if s.size and (min(s.min(), t.min()) < 0 or max(s.max(), t.max()) >= n):
            raise ValueError(f"evidence ({name}) names a case outside 0 to {n - 1}")
        if np.any(s == t):
            raise ValueError(f"evidence ({name}) about case {int(s[s == t][0])} and itself")
    keys = np.concatenate([t * n + s for s, t, _, _ in parts]) if parts else np.empty(0, np.int64)
    unique = np.unique(keys)
    level = np.full(unique.size, -1, dtype=np.int64)
    dose = np.zeros(unique.size)
    snps = np.full(unique.size, -1, dtype=np.int64)
    for s, t, name, value in parts:
        place = np.searchsorted(unique, t * n + s)
        if name == "level":
            np.maximum.at(level, place, value.astype(np.int64))
        elif name == "dose":
            np.add.at(dose, place, value.astype(np.float64))
        else:
            snps[place] = value.astype(np.int64)
    return _Evidence(
        source=unique % max(n, 1), target=unique // max(n, 1), level=level, dose=dose, snps=snps,
        with_contacts=contacts is not None, with_places=places is not None, with_genomes=genomes is not None,
    )  # fmt: skip


def _classes(cases: TraceCases, parameters: Parameters) -> _Classes:
    both = np.stack([cases.day, cases.spread], axis=1)
    targets, of_target = np.unique(both, axis=0, return_inverse=True)
    isolated = (
        cases.isolated if parameters.incubation is not None else np.full_like(cases.isolated, NEVER)
    )
    # Somebody isolated when nobody could still be infected by them is as good as never isolated.
    apart = np.where(
        (isolated != NEVER) & (isolated - cases.day > parameters.longest_days + 300 + 300),
        NEVER,
        isolated,
    )
    sources_, of_source = np.unique(np.c_[both, apart], axis=0, return_inverse=True)
    sizes = np.bincount(of_source.ravel(), minlength=len(sources_)).astype(np.float64)
    weight = np.zeros((len(targets), len(sources_)))
    spreads = np.unique(cases.spread)
    for a in spreads:
        for b in spreads:
            lags, density = _kernel(parameters, float(np.hypot(a, b)))
            rows, columns = np.flatnonzero(targets[:, 1] == a), np.flatnonzero(sources_[:, 1] == b)
            dated_t, dated_s = targets[rows, 0] != UNDATED, sources_[columns, 0] != UNDATED
            rows, columns = rows[dated_t], columns[dated_s]
            lag = targets[rows, 0][:, None] - sources_[columns, 0][None, :]
            inside = (lag >= lags[0]) & (lag <= lags[-1])
            weight[np.ix_(rows, columns)] = np.where(
                inside, density[np.clip(lag - lags[0], 0, density.size - 1)], 0.0
            )
    if parameters.incubation is not None:
        kept = np.flatnonzero((sources_[:, 2] != NEVER) & (sources_[:, 0] != UNDATED))
        rows = np.flatnonzero(targets[:, 0] != UNDATED)
        since = targets[rows, 0][:, None] - sources_[kept, 2][None, :]
        still = np.where(since >= 0, 1.0 - parameters.incubation.cdf(since + 0.5), 1.0)
        weight[np.ix_(rows, kept)] *= still
    of_target, of_source = of_target.ravel().astype(np.int64), of_source.ravel().astype(np.int64)
    pairs = float(
        ((weight > 0) @ sizes)[of_target].sum() - (weight[of_target, of_source] > 0).sum()
    )
    return _Classes(
        of_target=of_target, of_source=of_source, targets=targets, sources=sources_, sizes=sizes, weight=weight,
        possible=pairs,
    )  # fmt: skip


def _pair_weight(cases: TraceCases, evidence: _Evidence, parameters: Parameters) -> Floats:
    """The weight by days of each pair with evidence."""
    weight = np.zeros(evidence.source.size)
    t, s = evidence.target, evidence.source
    undated = (cases.day[t] == UNDATED) | (cases.day[s] == UNDATED)
    weight[undated & (evidence.level >= 0)] = 1.0 / parameters.longest_days
    lag = np.where(undated, 0, cases.day[t] - np.where(undated, 0, cases.day[s]))
    spread = cases.spread[t] * 61 + cases.spread[s]
    for kind in np.unique(spread[~undated]):
        lags, density = _kernel(parameters, float(np.hypot(kind // 61, kind % 61)))
        mine = ~undated & (spread == kind) & (lag >= lags[0]) & (lag <= lags[-1])
        weight[mine] = density[lag[mine] - lags[0]]
    if parameters.incubation is not None:
        kept = ~undated & (cases.isolated[s] != NEVER)
        since = np.where(kept, cases.day[t] - np.where(kept, cases.isolated[s], 0), -1)
        late = kept & (since >= 0)
        weight[late] *= 1.0 - parameters.incubation.cdf(since[late] + 0.5)
    return weight


def _unlisted(table: _Classes, evidence: _Evidence) -> Floats:
    """The summed weight, for each case, of all others without evidence about the pair."""
    t, s = table.of_target, table.of_source
    listed = np.bincount(
        evidence.target,
        weights=table.weight[t[evidence.target], s[evidence.source]],
        minlength=t.size,
    )
    return np.asarray(
        np.maximum((table.weight @ table.sizes)[t] - table.weight[t, s] - listed, 0.0)
    )


def _posterior(
    cases: TraceCases,
    parameters: Parameters,
    evidence: _Evidence,
    table: _Classes,
    base: Floats,
    unlisted: Floats,
    rounds: int,
) -> SourcePosterior:
    n = len(cases)
    ratio, plain = _ratios(parameters, evidence, base, table.possible)
    listed = base * ratio
    outside_weight = parameters.outside * _outside_ratio(*_nearest(evidence, base, n))
    total = (
        outside_weight
        + plain * unlisted
        + np.bincount(evidence.target, weights=listed, minlength=n)
    )
    outside = np.where(cases.imported, 1.0, outside_weight / total)
    share = np.where(cases.imported[evidence.target], 0.0, listed / total[evidence.target])
    return SourcePosterior(
        cases=cases, parameters=parameters, outside=outside,
        start=np.searchsorted(evidence.target, np.arange(n + 1)).astype(np.int64), candidate=evidence.source,
        share=share, ratio=ratio, total=total, plain_ratio=plain, classes=table, rounds=rounds,
    )  # fmt: skip


def _ratios(
    parameters: Parameters, evidence: _Evidence, base: Floats, possible: float
) -> tuple[Floats, float]:
    """By how much the evidence multiplies the weight of each listed pair, and of every unlisted one."""
    ratio = np.ones(evidence.source.size)
    plain = 1.0
    if evidence.with_contacts:
        none = (1 - sum(parameters.recorded_true)) / (1 - sum(parameters.recorded_false))
        told = np.array(parameters.recorded_true) / np.array(parameters.recorded_false)
        ratio *= np.where(evidence.level >= 0, told[np.maximum(evidence.level, 0)], none)
        plain *= none
    if evidence.with_places:
        mean = float(evidence.dose[base > 0].sum()) / max(possible, 1.0)
        if mean > 0:
            ratio *= 1 - parameters.place_share + parameters.place_share * evidence.dose / mean
            plain *= 1 - parameters.place_share
    if evidence.with_genomes:
        known = (evidence.snps >= 0) & (base > 0)
        background = _background_snps(evidence.snps[known], None)
        both = evidence.snps >= 0
        ratio[both] *= _snp_ratio(evidence.snps[both], parameters.snps_per_link, background)
    return ratio, plain


def _background_snps(snps: Ints, weight: Floats | None) -> Floats:
    """The distribution of SNPs between two cases of the outbreak, smoothed by a half at each distance."""
    counted = np.bincount(
        np.minimum(snps, MOST_SNPS), weights=weight, minlength=MOST_SNPS + 1
    ).astype(np.float64)
    counted += 0.5 / (MOST_SNPS + 1)
    return np.asarray(counted / counted.sum())


def _snp_ratio(snps: Ints, per_link: float, background: Floats) -> Floats:
    """The likelihood ratio of a distance: Poisson around `per_link` against that of the whole outbreak."""
    capped = np.minimum(snps, MOST_SNPS)
    true = np.exp(capped * np.log(per_link) - per_link - gammaln(capped + 1.0))
    return np.asarray(np.maximum(true, LEAST) / background[capped])


def _nearest(evidence: _Evidence, base: Floats, n: int) -> tuple[Ints, int]:
    """The distance of each case to the nearest genome of a possible source (-1: none), and the largest of all."""
    nearest = np.full(n, MOST_SNPS + 1, dtype=np.int64)
    known = (evidence.snps >= 0) & (base > 0)
    np.minimum.at(nearest, evidence.target[known], np.minimum(evidence.snps[known], MOST_SNPS))
    nearest[nearest > MOST_SNPS] = -1
    return nearest, int(evidence.snps.max(initial=0))


def _outside_ratio(nearest: Ints, largest: int) -> Floats:
    """
    By how much the nearest genome speaks for a source outside: any distance up to the largest is as likely then.

    Within the outbreak the nearest possible source is as near as it is for the other cases.
    """
    ratio = np.ones(nearest.size)
    told = nearest >= 0
    if told.any():
        seen = np.bincount(nearest[told], minlength=largest + 1).astype(np.float64) + 0.5 / (
            largest + 1
        )
        ratio[told] = 1.0 / (largest + 1) / (seen / seen.sum())[nearest[told]]
    return ratio


def _seen(cases: TraceCases, serial: Delay) -> float:
    """How many cases' infectious times have been seen by the day of the last case, each for its part."""
    day = cases.day[cases.day != UNDATED]
    if not day.size:
        return 0.0
    days, times = np.unique(day, return_counts=True)
    return float((serial.cdf((days[-1] - days).astype(np.float64) + 0.5) * times).sum())


def _improved(found: SourcePosterior, evidence: _Evidence, base: Floats, seen: float) -> Parameters:
    """The parameters that the posterior makes likeliest: one maximisation step."""
    cases, now, table = found.cases, found.parameters, found.classes
    n = len(cases)
    known = float(n - found.outside.sum())
    dated = cases.day != UNDATED
    if not dated.any():
        return now
    # Long quiet spans between outbreaks are no time in which sources outside stayed away.
    span = 1.0 + float(np.minimum(np.diff(np.unique(cases.day[dated])), BUSY_DAYS).sum())
    rate_known = (known + 0.5) / (seen + 1.0)
    freely = found.outside[~cases.imported]
    outside = max((float(freely.sum()) + 0.5) / span / rate_known, 1e-9)
    changed = replace(now, outside=outside)
    possible = table.possible
    alive = base > 0
    if evidence.with_contacts:
        levels = len(now.recorded_true)
        mine = alive & (evidence.level >= 0)
        true = np.bincount(evidence.level[mine], weights=found.share[mine], minlength=levels) + 0.5
        false = (
            np.bincount(evidence.level[mine], weights=1 - found.share[mine], minlength=levels) + 0.5
        )
        changed = replace(
            changed,
            recorded_true=tuple(float(x) for x in np.minimum(true / (known + 0.5 * levels + 0.5), 0.999 / levels)),
            recorded_false=tuple(float(x) for x in np.clip(false / (max(possible - known, 1.0) + 0.5 * levels + 0.5), 1e-9, 0.999 / levels)),
        )  # fmt: skip
    if evidence.with_places and evidence.dose.any():
        mean = float(evidence.dose[alive].sum()) / max(possible, 1.0)
        at_place = now.place_share * evidence.dose / max(mean, LEAST)
        because = found.share * at_place / (1 - now.place_share + at_place)
        changed = replace(
            changed, place_share=float(np.clip((because.sum() + 0.5) / (known + 1.0), 0.001, 0.999))
        )
    if evidence.with_genomes:
        both = alive & (evidence.snps >= 0)
        weight = found.share[both]
        changed = replace(
            changed,
            snps_per_link=float((weight * evidence.snps[both]).sum() + 0.5)
            / (float(weight.sum()) + 0.5),
        )
    return changed


def serial_of_pairs(lags: Ints, *, least: int = 10) -> Delay | None:
    """
    The serial interval that recorded pairs show: mean and spread of the middle nine tenths of their days apart.

    Only pairs that somebody recorded can tell it: dates alone explain themselves best by infections on the same
    day. None for fewer than `least` pairs, or where they do not mostly lead forwards in time.

    >>> round(serial_of_pairs(np.array([3, 4, 5, 5, 5, 6, 6, 7, 8, 9, 40])).mean_days, 1)
    6.1
    """
    if lags.size < least:
        return None
    low, high = np.quantile(lags, [0.05, 0.95])
    kept = lags[(lags >= low) & (lags <= high)].astype(np.float64)
    mean, sd = float(kept.mean()), max(float(kept.std()) * 1.25, 1.0)
    if mean <= 0.5:
        return None
    return Delay(mean_days=mean, sd_days=sd)
