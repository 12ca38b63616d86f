"""
The simulated province: near zero, 60,000 infections, strategies, and beside it the dense twin at a million residents.

Without arguments all sections but `wave` are run, which takes two minutes. Sections can be named: `first` (the first
result, in a fresh folder of compiled code), `small`, `middle`, `nothing`, `strategies`, `dense`, `wave`; a number after
`wave` ends it at so many million infections. CPU seconds are told, since a shared machine stretches the others.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

import numpy as np

from yipan.analytics import simulate as sim
from yipan.analytics.simulate import dense
from yipan.operations import simulate as desk
from yipan.operations.compiled import compile_model
from yipan.protocol import protocols

HAIZHU = "44.4401.440105."
LOW, HIGH = 1.6, 2.6
"""Reproduction numbers: near zero under the protocol, and beyond it."""
NATURE = sim.Strategy(name="nothing", finding=sim.Finding(seeks=0.0, pharmacy=0.0))


def timed(
    told: str, run: Callable[[], sim.Epidemic], *, days: int = 60, repeats: int = 3
) -> sim.Epidemic:
    """Run a few times and print the best CPU seconds with what they come to."""
    best = float("inf")
    made: sim.Epidemic | None = None
    for _ in range(repeats):
        began = process_time()
        made = run()
        best = min(best, process_time() - began)
    assert made is not None
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    print(
        f"{told}: {made.infections:,} infections, {best * 1000:,.1f} ms CPU, "
        f"{best / max(made.infections, 1) * 1e6:.2f} us an infection, "
        f"{126_012_510 * days / best / 1e6:,.0f} M agent-days a CPU second, peak {memory:.2f} GiB",
        flush=True,
    )
    return made


def main() -> None:
    """Print the figures of the sections named; see the module."""
    asked = [name for name in sys.argv[1:] if not name.isdigit()] or [
        name for name in SECTIONS if name != "wave"
    ]
    for name in asked:
        if name not in SECTIONS:
            raise SystemExit(f"no section {name!r}; expected some of {', '.join(SECTIONS)}")
        SECTIONS[name]()


def _standing() -> tuple[sim.Province, tuple[sim.Strategy, ...]]:
    rules = desk.zone_rules(
        protocols(), first_day=date(2022, 10, 1), days=60, time_zone=ZoneInfo("Asia/Shanghai")
    )
    where, strategies = desk.province("guangdong"), desk.standard_strategies(rules)
    compile_model(lambda said: print(said, flush=True))
    _near(where, strategies, days=5)
    return where, strategies


def _near(where: sim.Province, strategies: tuple[sim.Strategy, ...], *, days: int) -> sim.Epidemic:
    low = desk.pathogen("covid-ba5", reproduction_number=LOW)
    seeds = desk.seeds_at([(HAIZHU, 20)], where)
    return sim.run(where, low, strategies[0], seeds, days=days, seed=3)


def first() -> None:
    """Print how long a first result takes, with nothing compiled and then with what was kept."""
    again = "from province import _near, _standing; _near(*_standing(), days=60)"
    with tempfile.TemporaryDirectory() as folder:
        for told in ("nothing compiled yet", "compiled code kept"):
            began, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-c", again], check=True, cwd=Path(__file__).parent,
                env=os.environ | {"NUMBA_CACHE_DIR": folder},
            )  # fmt: skip
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"first result, {told}: {perf_counter() - began:.1f} s, {cpu:.1f} s CPU of all processes",
                flush=True,
            )


def small() -> None:
    """Print a replicate near zero."""
    where, strategies = _standing()
    timed("near zero, all measures", lambda: _near(where, strategies, days=60), repeats=20)


def middle() -> None:
    """Print replicates that end at 60,000 infections."""
    where, strategies = _standing()
    pathogen = desk.pathogen("covid-ba5", reproduction_number=HIGH)
    for count in (100, 300):
        many = desk.seeds_at([(HAIZHU, count)], where)
        timed(
            f"{count} seeds, all measures, ended at 60,000 infections",
            lambda m=many: sim.run(where, pathogen, strategies[0], m, days=60, seed=3, most=60_000),
        )


def nothing() -> None:
    """Print an epidemic without measures."""
    where, _ = _standing()
    pathogen = desk.pathogen("covid-ba5", reproduction_number=HIGH)
    seeds = desk.seeds_at([(HAIZHU, 20)], where)
    timed("no measures", lambda: sim.run(where, pathogen, NATURE, seeds, days=32, seed=3), days=32)


def compared() -> None:
    """Print six strategies of 200 replicates each, near zero, with their summaries, on two threads."""
    where, strategies = _standing()
    low = desk.pathogen("covid-ba5", reproduction_number=LOW)
    seeds = desk.seeds_at([(HAIZHU, 20)], where)
    began, cpu = perf_counter(), process_time()
    done = list(
        desk.results(
            where,
            strategies,
            lambda _: seeds,
            pathogen=low,
            days=60,
            replicates=200,
            seed=1,
            threads=2,
        )
    )
    desk.compare(where, done, days=60, seed=1)
    print(
        f"6 strategies x 200 replicates: {perf_counter() - began:.1f} s, {process_time() - cpu:.1f} s CPU; "
        + ", ".join(f"{one.name} {one.measured['infections'].mean:,.0f}" for one in done),
        flush=True,
    )


def twin() -> None:
    """Print the dense twin."""
    where, _ = _standing()
    beside_dense(where, desk.pathogen("covid-ba5", reproduction_number=LOW))


def beside_dense(where: sim.Province, pathogen: sim.Pathogen) -> None:
    """Print the dense twin beside the kernel at about a million residents: cost, and whether they agree in distribution."""
    counties = tuple(c for c in where.facts.counties if c.key.startswith("44.4453."))
    some = [where.facts.counties.index(c) for c in counties][:2]
    facts = replace(
        where.facts, name="two counties", residents=None,
        counties=tuple(where.facts.counties[i] for i in some),
        commuting=where.facts.commuting[np.ix_(some, some)], travel=np.zeros((1, 1)),
    )  # fmt: skip
    small = sim.lay_out(facts)
    who = dense.everybody(small)
    rates = sim.derive(pathogen, small)
    begun = np.arange(100) * 3001 % small.residents
    seeds = [sim.Seed(day=0, person=int(i)) for i in begun]
    runs, days = 40, 40
    began = process_time()
    ours = [
        sim.run(small, pathogen, NATURE, seeds, days=days, seed=i).infections for i in range(runs)
    ]
    fast = process_time() - began
    began = process_time()
    theirs = [
        int(
            dense.dense_run(
                small, who, pathogen, rates, seeds=begun, days=days, rng=np.random.default_rng(i)
            ).sum()
        )
        for i in range(runs)
    ]
    slow = process_time() - began
    from scipy import stats  # half of a kept start, and only needed here

    chance = float(stats.ks_2samp(ours, theirs).pvalue)
    print(
        f"{small.residents:,} residents, {days} days, {runs} runs: kernel {fast / runs * 1000:.0f} ms, dense twin "
        f"{slow / runs * 1000:,.0f} ms each, {slow / fast:,.0f} x; infections {np.mean(ours):,.0f} (sd {np.std(ours):,.0f}) "
        f"against {np.mean(theirs):,.0f} (sd {np.std(theirs):,.0f}); chance of a difference as large by Kolmogorov and "
        f"Smirnov {chance:.2f}"
    )
    if chance < 0.01:
        raise SystemExit("the kernel and its dense twin do not agree in distribution")


def wave() -> None:
    """Print a wave that measures do not stop: most of the province is infected, or as many million as asked."""
    where, strategies = _standing()
    fast = desk.pathogen("covid-ba5", reproduction_number=6.0)
    weak = replace(strategies[0], name="overrun", tubes_per_10k=20.0)
    seeds = desk.seeds_at([("44.", 20_000)], where)
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    most = numbers[0] * 1_000_000 if numbers else None
    timed(
        "wave, all measures, overrun",
        lambda: sim.run(
            where, fast, weak, seeds, days=60, seed=1, capacity=2 * most if most else 100_000_000, most=most
        ), repeats=1,
    )  # fmt: skip


SECTIONS: dict[str, Callable[[], None]] = {
    "first": first, "small": small, "middle": middle, "nothing": nothing, "strategies": compared, "dense": twin,
    "wave": wave,
}  # fmt: skip

if __name__ == "__main__":
    main()
