"""
Guangzhou, autumn 2022: the model started from what was published on 1 October and fitted on October alone.

R, infections nobody had seen at the start, infected arrivals a day, how readily people with symptoms are tested, routine
tests, how fast and how well zones and tracing work are drawn; the draws whose October is nearest to the published
counts are kept (squared differences of square roots, as fits counts whose spread grows with them), new ones are drawn
around them, twice. What the kept ones say of November is printed beside what was
published. Days nobody published are left out on both sides. `python benchmarks/simulate/autumn.py [draws] [processes]`.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from yipan.analytics import simulate as sim

FIRST, LAST = date(2022, 10, 1), date(2022, 11, 14)
LEAD = 8
DAYS = (LAST - FIRST).days
FITTED = (date(2022, 11, 1) - FIRST).days
CITY = "44.4401."
MOST_IN_OCTOBER, MOST = 20_000, 200_000
"""Infections at which a run ends: more in October is far from what was published (under 2,000 found)."""
GENERATIONS = 3

PRIOR = {
    "R": (1.4, 4.0), "hidden": (np.log(3), np.log(80)), "arrivals": (np.log(0.05), np.log(6)), "seeks": (0.2, 0.8),
    "routine": (0.05, 0.5), "zone delay": (0, 3), "compliance": (0.3, 0.98), "tracing delay": (1, 3),
    "cases traced": (np.log(2), np.log(40)),
}  # fmt: skip
"""Bounds from which each draw comes; those with a logarithm are drawn on its scale. Assumptions of this benchmark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the fit needs: the province, the rules of zones by date, the pathogen, the published infections by day."""

    where: sim.Province
    rules: tuple[sim.ZoneRule, ...]
    pathogen: sim.Pathogen
    published: NDArray[np.float64]


def given() -> Given:
    """Read the packs; a published day is nan where nobody published."""
    from yipan.operations import simulate as desk
    from yipan.packs import read_pack
    from yipan.protocol import protocols

    found = np.full((DAYS, 3), np.nan)
    column = {"local_confirmed": 0, "local_asymptomatic": 1, "local_infections": 2}
    for one in read_pack("guangdong").bulletins:
        day = (one.day - FIRST).days
        if one.area == CITY and 0 <= day < DAYS and one.stream.counted.value in column:
            value = np.nan if one.value is None else one.value
            found[day, column[one.stream.counted.value]] = value
    rules = desk.zone_rules(
        protocols(),
        first_day=FIRST - timedelta(days=LEAD),
        days=DAYS + LEAD,
        time_zone=ZoneInfo("Asia/Shanghai"),
    )
    return Given(
        where=desk.province("guangdong"), rules=rules, pathogen=desk.pathogen("covid-ba5"),
        published=np.where(np.isnan(found[:, 2]), found[:, 0] + found[:, 1], found[:, 2]),
    )  # fmt: skip


_AT: list[Given] = []


def _begin(known: Given) -> None:
    _AT[:] = [known]


def found_daily(task: tuple[int, tuple[float, ...]]) -> NDArray[np.float64]:
    """Return infections found a day in the city in one run of a draw."""
    number, values = task
    known, drawn = _AT[0], dict(zip(PRIOR, values, strict=True))
    rng = np.random.default_rng([20221001, number])
    inside = [i for i, key in enumerate(known.where.counties) if key.startswith(CITY)]
    people = known.where.county_residents[inside]
    keys = [known.where.counties[i] for i in inside]
    hidden = round(np.exp(drawn["hidden"]))
    per_day = np.exp(drawn["arrivals"]) * people / people.sum()
    strategy = sim.Strategy(
        name="as then",
        zoning=sim.Zoning(
            rules=known.rules, since_day=LEAD, delay_days=round(drawn["zone delay"]), compliance=drawn["compliance"],
        ),
        screenings=(
            sim.Screening(since_day=LEAD),
            sim.Screening(extent=sim.Extent.TOWN, since_day=LEAD, window_days=3),
        ),
        tracing=sim.Tracing(
            since_day=LEAD, delay_days=round(drawn["tracing delay"]), staff_cases_per_day=float(np.exp(drawn["cases traced"])),
        ),
        finding=sim.Finding(seeks=drawn["seeks"], routine_share=drawn["routine"]),
        imports=sim.Imports(per_day=tuple(zip(keys, map(float, per_day), strict=True))),
    )  # fmt: skip
    seeds = [
        sim.Seed(day=int(day), county=keys[int(place)])
        for day, place in zip(
            rng.integers(0, LEAD, hidden), rng.choice(len(keys), hidden, p=people / people.sum()), strict=True
        )
    ]  # fmt: skip
    pathogen = replace(known.pathogen, reproduction_number=drawn["R"])
    october = sim.run(
        known.where,
        pathogen,
        strategy,
        seeds,
        days=FITTED + LEAD,
        seed=number,
        most=MOST_IN_OCTOBER,
    )
    if october.ended_early is not None:
        return np.full(DAYS, np.inf)
    made = sim.run(known.where, pathogen, strategy, seeds, days=DAYS + LEAD, seed=number, most=MOST)
    daily = made.found[LEAD:, inside].sum(axis=1).astype(float)
    if made.ended_early is not None:
        daily[max(0, made.ended_early - LEAD) :] = np.inf
    return np.asarray(daily)


def main(draws: int, processes: int) -> None:
    """Print the fit and the coverage by week."""
    report(given(), draws=draws, processes=processes)


def report(known: Given, *, draws: int, processes: int) -> None:
    """Fit on October in three generations of draws and print what was kept, by week."""
    low, high = np.array(list(PRIOR.values()), dtype=float).T
    rng = np.random.default_rng(1)
    seen = ~np.isnan(known.published)
    weeks = [(a, min(a + 7, DAYS)) for a in range(0, DAYS, 7)]
    cleaned = np.nan_to_num(known.published)
    parts = [(a, min(a + 4, FITTED)) for a in range(0, FITTED, 4)]
    keep = max(20, draws // 20)
    tried, daily, far = np.empty((0, low.size)), np.empty((0, DAYS)), np.empty(0)
    began, number = process_time(), 0

    def total(table: NDArray[np.float64], a: int, b: int) -> NDArray[np.float64]:
        return np.asarray(np.where(seen[a:b], table[..., a:b], 0).sum(axis=-1))

    _begin(known)
    pool = (
        ProcessPoolExecutor(processes, initializer=_begin, initargs=(known,))
        if processes > 1
        else None
    )
    for generation in range(GENERATIONS):
        if generation == 0:
            values = rng.uniform(low, high, (draws, low.size))
        else:
            kept = tried[np.argsort(far)[:keep]]
            spread = kept.std(axis=0) * 0.7
            values = (
                kept[rng.integers(0, keep, draws)] + rng.normal(0, 1, (draws, low.size)) * spread
            )
            values = np.clip(values, low, high)
        tasks = [(number + i, tuple(map(float, row))) for i, row in enumerate(values)]
        number += draws
        ran = list(pool.map(found_daily, tasks, chunksize=8) if pool else map(found_daily, tasks))
        table = np.array(ran)
        miss = sum(
            (np.sqrt(np.minimum(total(table, a, b), 1e9)) - np.sqrt(total(cleaned, a, b))) ** 2
            for a, b in parts if seen[a:b].any()
        )  # fmt: skip
        tried, daily, far = (
            np.vstack([tried, values]),
            np.vstack([daily, table]),
            np.append(far, miss),
        )
        best = np.sort(far)[:keep]
        print(
            f"generation {generation + 1}: {draws} draws; root mean square miss of the kept, in roots of counts: {np.sqrt(best.mean() / len(parts)):.2f}",
            flush=True,
        )
    if pool:
        pool.shutdown()
    chosen = np.argsort(far)[:keep]
    print(f"{number} runs, {keep} kept, {process_time() - began:.0f} s CPU of this process")
    for name, column in zip(PRIOR, tried[chosen].T, strict=True):
        shown = np.exp(column) if name in {"hidden", "arrivals", "cases traced"} else column
        print(
            f"  {name:14} {np.median(shown):6.2f} ({np.quantile(shown, 0.05):.2f} to {np.quantile(shown, 0.95):.2f})"
        )
    print("week             published days  published    5 %   median     95 %  covered")
    for a, b in weeks:
        said = float(total(cleaned, a, b))
        lowest, middle, highest = np.quantile(
            np.minimum(total(daily[chosen], a, b), 1e9), (0.05, 0.5, 0.95)
        )
        part = "fitted" if b <= FITTED else ("part fitted" if a < FITTED else "")
        print(
            f"{FIRST + timedelta(days=a):%d %b} - {FIRST + timedelta(days=b - 1):%d %b}  {int(seen[a:b].sum())} of {b - a}"
            f"        {said:8,.0f} {lowest:8,.0f} {middle:8,.0f} {highest:8,.0f}  {'yes' if lowest <= said <= highest else 'NO'} {part}"
        )


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["400", "1"][len(sys.argv) - 1 :])))
