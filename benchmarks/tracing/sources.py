"""Sources and chains: 2,000 and 100,000 cases with contacts, beside the plain twin on 150 cases."""

import resource
from time import perf_counter

import numpy as np

from yipan.analytics.trace import chains
from yipan.analytics.trace.sources import (
    Contacts,
    Delay,
    Parameters,
    TraceCases,
    posterior_plain,
    sources,
)

GIVEN = Parameters(serial=Delay(mean_days=5, sd_days=2), incubation=Delay(mean_days=5, sd_days=2))


def made(rng: np.random.Generator, n: int, days: int) -> tuple[TraceCases, Contacts]:
    """Cases over a span with as many contacts as cases, half of them a few days apart, with delays of isolation."""
    day = np.sort(rng.integers(0, days, n))
    first = rng.integers(0, n, n)
    second = np.clip(first + rng.integers(1, max(n // 20, 2), n), 0, n - 1)
    kept = first != second
    cases = TraceCases(
        day=day,
        spread=rng.integers(0, 2, n),
        isolated=day + rng.integers(0, 8, n),
        imported=np.zeros(n, bool),
    )
    level = np.zeros(int(kept.sum()), np.int64)
    return cases, Contacts(source=first[kept], target=second[kept], level=level)


def main() -> None:
    """Print seconds for sources with their parameters, forests and chains, the ratio to the plain twin, and peak memory."""
    rng = np.random.default_rng(1)
    cases, contacts = made(rng, 150, 40)
    began = perf_counter()
    posterior_plain(cases, parameters=GIVEN, contacts=contacts)
    slow = perf_counter() - began
    began = perf_counter()
    sources(cases, parameters=GIVEN, contacts=contacts, learn=False)
    quick = perf_counter() - began
    print(f"plain twin, 150 cases: {slow:.3f} s; fast {quick:.4f} s; ratio {slow / quick:.0f}")
    for n, days in ((2_000, 60), (100_000, 150)):
        cases, contacts = made(rng, n, days)
        began = perf_counter()
        found = sources(cases, parameters=GIVEN, contacts=contacts)
        learned = perf_counter() - began
        parent, _ = chains.likeliest_forest(found)
        told = chains.chains_of(parent, cases.day, today=days, quiet_days=14)
        whole = perf_counter() - began
        forests = chains.sampled_forests(found, draws=20, rng=rng)
        chains.offspring(forests, cases.day, serial=GIVEN.serial, today=days)
        sampled = perf_counter() - began - whole
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{n:,} cases, {len(contacts.source):,} contacts: sources {learned:.2f} s ({found.rounds} rounds), with chains "
            f"{whole:.2f} s ({len(told):,} chains), 20 sampled forests {sampled:.2f} s, peak {peak:,.0f} MB"
        )


if __name__ == "__main__":
    main()
