"""Outbreaks with known truth, to judge who-infected-whom by: our own, small and plain."""

from dataclasses import dataclass

import numpy as np

from yipan.analytics.trace.sources import Contacts, Delay, Genomes, SharedPlaces, TraceCases

SERIAL = Delay(mean_days=5.0, sd_days=1.5)


@dataclass(frozen=True, kw_only=True)
class Outbreak:
    """Cases with their true sources (-1: from outside), and the evidence about them."""

    cases: TraceCases
    truth: np.ndarray
    contacts: Contacts
    places: SharedPlaces
    genomes: Genomes


def simulate(
    n: int,
    rng: np.random.Generator,
    *,
    R=1.6,
    k=0.6,
    imports=3,
    serial=SERIAL,
    recorded=0.5,
    at_places=0.6,
) -> Outbreak:
    """
    A branching outbreak stopped at n cases: negative-binomial offspring, gamma serial interval in whole days.

    Half of the true pairs are recorded and as many false ones; `at_places` of the transmissions happen at a
    shared place that is recorded, and every case shares places with two others by chance; each link adds a
    Poisson number of SNPs.
    """
    scale = serial.sd_days**2 / serial.mean_days
    while True:
        moments = list(rng.uniform(0, 20, imports))
        truth = [-1] * imports
        waiting = list(range(imports))
        while waiting and len(moments) < 3 * n:
            source = min(waiting, key=lambda i: moments[i])
            waiting.remove(source)
            for _ in range(rng.negative_binomial(k, k / (k + R))):
                waiting.append(len(moments))
                truth.append(source)
                moments.append(moments[source] + rng.gamma(serial.mean_days / scale, scale))
        if len(moments) >= 3 * n:
            break
    order = np.argsort(moments, kind="stable")[:n]
    new = {int(old): i for i, old in enumerate(order)}
    day = np.floor(np.array(moments)[order]).astype(np.int64)
    source = np.array([new.get(truth[old], -1) if truth[old] >= 0 else -1 for old in order])
    shuffled = rng.permutation(n)
    day, source = day[np.argsort(shuffled)], source[np.argsort(shuffled)]
    source = np.where(source >= 0, shuffled[source], -1)
    linked = np.flatnonzero(source >= 0)
    kept = linked[rng.random(linked.size) < recorded]
    false = rng.integers(0, n, (kept.size, 2))
    false = false[false[:, 0] != false[:, 1]]
    contacts = Contacts(
        source=np.r_[source[kept], false[:, 0]], target=np.r_[kept, false[:, 1]],
        level=np.zeros(kept.size + len(false), dtype=np.int64),
    )  # fmt: skip
    there = linked[rng.random(linked.size) < at_places]
    chance = rng.integers(0, n, (2 * n, 2))
    chance = chance[chance[:, 0] != chance[:, 1]]
    dose = rng.gamma(2.0, 1.0, there.size + len(chance))
    dose[: there.size] = rng.gamma(3.0, 1.0, there.size)  # drawn by dose: a gamma one shape higher
    places = SharedPlaces(
        source=np.r_[source[there], chance[:, 0]], target=np.r_[there, chance[:, 1]], dose=dose
    )
    return Outbreak(
        cases=TraceCases.of_days(day), truth=source, contacts=contacts, places=places,
        genomes=_genomes(day, source, rng),
    )  # fmt: skip


def _genomes(day, source, rng, per_link=1.0) -> Genomes:
    n = len(day)
    sites: list[frozenset] = [frozenset()] * n
    fresh = iter(range(10**9))
    for case in np.argsort(day, kind="stable"):
        s = source[case]
        inherited = sites[s] if s >= 0 else frozenset(next(fresh) for _ in range(8))
        sites[case] = inherited | {next(fresh) for _ in range(rng.poisson(per_link))}
    first, second = np.triu_indices(n, 1)
    near = np.abs(day[first] - day[second]) <= 30
    first, second = first[near], second[near]
    snps = np.array(
        [len(sites[a] ^ sites[b]) for a, b in zip(first, second, strict=True)], dtype=np.int64
    )
    return Genomes(first=first, second=second, snps=snps)
