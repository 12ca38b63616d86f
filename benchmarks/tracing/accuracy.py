"""
How often the likeliest source is the true one, what the truth was given, and whether probabilities are kept, by evidence.

Outbreaks are simulated with known truth: offspring negative binomial (R 1.6, k 0.6), half of the true pairs recorded and as
many false ones. Beside each stand the figures measured for outbreaker2 and for the first closed form on such sets.
"""

import os
import resource
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from yipan.analytics.trace.sources import Parameters, sources

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from outbreaks import SERIAL, simulate

KINDS = ("dates", "contacts", "places", "genomes")
MEASURED = {
    (150, "dates"): "outbreaker2 0.05 / 0.04, first closed form 0.12 / 0.09", (150, "contacts"): "outbreaker2 0.48 / 0.36, first closed form 0.50 / 0.37",
    (400, "dates"): "outbreaker2 0.04 / 0.02, first closed form 0.05 / 0.04", (400, "contacts"): "outbreaker2 0.46 / 0.33, first closed form 0.47 / 0.34",
    (2000, "contacts"): "first closed form 0.46 / 0.33",
}  # fmt: skip
RUNS = int(os.environ.get("YIPAN_BENCH_RUNS", "5"))
BINS = (0.2, 0.4, 0.6, 0.8, 0.95)


def main() -> None:
    """Print, for each size and kind of evidence, top-1, the mean posterior of the truth, and how often links given p are right."""
    for n in (150, 400, 2000):
        for many in range(1, len(KINDS) + 1):
            kind = KINDS[many - 1]
            if n == 2000 and kind == "genomes":
                continue  # a table of two million distances is the simulator's cost, not ours
            right, given, odds, spent = [], [], [], 0.0
            for seed in range(RUNS):
                outbreak = simulate(n, np.random.default_rng(seed))
                told = {name: getattr(outbreak, name) for name in KINDS[1:many]}
                began = perf_counter()
                found = sources(outbreak.cases, parameters=Parameters(serial=SERIAL), **told)
                spent += perf_counter() - began
                right.append((found.best(known_only=True)[0] == outbreak.truth).mean())
                linked = np.flatnonzero(outbreak.truth >= 0)
                given.append(
                    np.mean([found.share_of(int(i), int(outbreak.truth[i])) for i in linked])
                )
                odds += [
                    (p, j == outbreak.truth[case])
                    for case in range(n)
                    for j, p in found.ranked(case, most=6)
                ]
            table = np.array(odds)
            kept = []
            for p in BINS:
                near = table[np.abs(table[:, 0] - p) <= 0.05]
                if len(near) >= 50:
                    kept.append(f"{p:.2f} -> {near[:, 1].mean():.2f}")
            beside = MEASURED.get((n, kind), "")
            print(
                f"{n:5} cases, {'dates' if many == 1 else '+ ' + kind:10} top-1 {np.mean(right):.2f}, truth given {np.mean(given):.2f}, "
                f"{spent / RUNS:.3f} s; links given p are right: {', '.join(kept) or '-'}"
                + (f"   ({beside})" if beside else "")
            )
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
