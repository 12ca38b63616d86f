"""
Guangzhou, autumn 2022: the model started from what was published on 1 October and fitted on October alone.

Two epidemics are run and added up. The city's: R, infections nobody had seen, infected arrivals, how readily people
with symptoms are tested, routine tests, how fast and how well zones and tracing work, staff, beds and laboratories.
And one in a crowded quarter of Haizhu (an assumption, made because a city with one R fell short; 1,253 of the 1,325
infections of 5 November were reported from that district): when it began and with how many, an R from the range
published for the start of an Omicron outbreak, zones within which people keep to their homes or do not, homes that hold
a case apart or do not. What October leaves open stays open: the ensemble is drawn from the prior by how well its October
fits (negative binomial, sums of four days). Only its members are run into November. Days nobody published are left out
on both sides. `python benchmarks/simulate/autumn.py [draws] [processes]`.
"""

import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from scipy import special

from yipan.analytics import simulate as sim

FloatArray = NDArray[np.float64]
FIRST, LAST = date(2022, 10, 1), date(2022, 11, 14)
LEAD = 8
DAYS = (LAST - FIRST).days
FITTED = (date(2022, 11, 1) - FIRST).days
CITY, QUARTER = "44.4401.", "44.4401.440105."
MOST_IN_OCTOBER, MOST = 30_000, 400_000
"""Infections at which a run ends: more in October is far from what was published (under 2,500 found)."""
EARLY, MOST_EARLY = 24, 8_000
"""More infections than these by 24 October are as far off (under 1,000 found), and need no run to the end of the month."""
FIRST_TIMES, MOVES, STRIDE = 3, 2, 0.42
"""Draws of the prior for each kept, moves a step, and how far a move goes along a difference (2.38 / sqrt(2 x 16))."""
BLOCK_DAYS, LOOSE = 4, 4.0
"""Days whose sum is fitted, and the size of the negative binomial: a sum may be off by half. Not fitted to anything."""
PRIOR = {
    "R": (1.4, 4.0), "hidden": (np.log(3), np.log(80)), "arrivals": (np.log(0.05), np.log(6)), "seeks": (0.2, 0.8),
    "routine": (0.05, 0.5), "zone delay": (0, 3), "compliance": (0.3, 0.98), "tracing delay": (1, 3),
    "cases traced": (np.log(2), np.log(40)), "beds": (np.log(2), np.log(20)), "tubes": (np.log(50), np.log(800)),
    "quarter R": (2.22, 9.04), "quarter began": (5, 27), "quarter hidden": (np.log(1), np.log(40)),
    "quarter compliance": (0.0, 0.9), "quarter leak": (0.2, 0.95),
}  # fmt: skip
"""Bounds from which each draw comes; those with a logarithm are drawn on its scale. The quarter's R is that of q6 of the
pathogen's sources; the others are assumptions of this benchmark."""
LOGS = {"hidden", "arrivals", "cases traced", "beds", "tubes", "quarter hidden"}
REACH = (0.75, 0.2, 0.04, 0.01)
"""Contacts of people of the quarter by reach, most of them within it: an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the fit needs: the province, zones and quarantine by date, the pathogen, the published infections by day."""

    where: sim.Province
    rules: tuple[sim.ZoneRule, ...]
    quarantine: tuple[sim.Quarantine, ...]
    pathogen: sim.Pathogen
    published: FloatArray


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
    begun, span, zone = FIRST - timedelta(days=LEAD), DAYS + LEAD, ZoneInfo("Asia/Shanghai")
    return Given(
        where=desk.province("guangdong"),
        rules=desk.zone_rules(protocols(), first_day=begun, days=span, time_zone=zone),
        quarantine=desk.quarantine_rules(protocols(), first_day=begun, days=span, time_zone=zone),
        pathogen=desk.pathogen("covid-ba5"),
        published=np.where(np.isnan(found[:, 2]), found[:, 0] + found[:, 1], found[:, 2]),
    )  # fmt: skip


_AT: list[Given] = []
Task = tuple[int, tuple[float, ...], int]
"""Number of a draw, its values, the days to run after 1 October."""


def _begin(known: Given) -> None:
    _AT[:] = [known]


def found_daily(task: Task) -> FloatArray:
    """Return infections found a day in the city, both epidemics of a draw together; inf from where a run was ended."""
    number, values, days = task
    drawn = dict(zip(PRIOR, values, strict=True))
    early = days <= FITTED
    for until, most in ((EARLY, MOST_EARLY), (days, MOST_IN_OCTOBER)) if early else ((days, MOST),):
        city = _city(number, drawn, days=until, most=most)
        daily = city + _quarter(number, drawn, days=until, most=most)
        if early and not np.isfinite(daily).all():
            return np.full(days, np.inf)
    return np.asarray(daily)


def _city(number: int, drawn: dict[str, float], *, days: int, most: int) -> FloatArray:
    known = _AT[0]
    rng = np.random.default_rng([20221001, number])
    inside = [i for i, key in enumerate(known.where.counties) if key.startswith(CITY)]
    people = known.where.county_residents[inside]
    keys = [known.where.counties[i] for i in inside]
    hidden = round(np.exp(drawn["hidden"]))
    per_day = np.exp(drawn["arrivals"]) * people / people.sum()
    strategy = replace(
        _as_then(drawn, compliance=drawn["compliance"]),
        imports=sim.Imports(per_day=tuple(zip(keys, map(float, per_day), strict=True))),
    )
    seeds = [
        sim.Seed(day=int(day), county=keys[int(place)])
        for day, place in zip(
            rng.integers(0, LEAD, hidden), rng.choice(len(keys), hidden, p=people / people.sum()), strict=True
        )
    ]  # fmt: skip
    pathogen = replace(known.pathogen, reproduction_number=drawn["R"])
    return _run(pathogen, strategy, seeds, inside, days=days, seed=2 * number, most=most)


def _quarter(number: int, drawn: dict[str, float], *, days: int, most: int) -> FloatArray:
    known = _AT[0]
    inside = [i for i, key in enumerate(known.where.counties) if key.startswith(CITY)]
    strategy = replace(
        _as_then(drawn, compliance=drawn["quarter compliance"]),
        isolation=sim.Isolation(
            beds_per_10k=float(np.exp(drawn["beds"])), home_leak=drawn["quarter leak"],
            outside_leak=drawn["quarter leak"] / 4,
        ),
    )  # fmt: skip
    pathogen = replace(known.pathogen, reproduction_number=drawn["quarter R"], reach=REACH)
    day = LEAD + round(drawn["quarter began"])
    seeds = [
        sim.Seed(day=day, county=QUARTER) for _ in range(round(np.exp(drawn["quarter hidden"])))
    ]
    return _run(pathogen, strategy, seeds, inside, days=days, seed=2 * number + 1, most=most)


def _as_then(drawn: dict[str, float], *, compliance: float) -> sim.Strategy:
    known = _AT[0]
    return sim.Strategy(
        name="as then",
        zoning=sim.Zoning(
            rules=known.rules, since_day=LEAD, delay_days=round(drawn["zone delay"]), compliance=compliance
        ),
        screenings=(
            sim.Screening(since_day=LEAD),
            sim.Screening(extent=sim.Extent.TOWN, since_day=LEAD, window_days=3),
        ),
        tracing=sim.Tracing(
            since_day=LEAD, delay_days=round(drawn["tracing delay"]),
            staff_cases_per_day=float(np.exp(drawn["cases traced"])), quarantine=known.quarantine,
        ),
        finding=sim.Finding(seeks=drawn["seeks"], routine_share=drawn["routine"]),
        isolation=sim.Isolation(beds_per_10k=float(np.exp(drawn["beds"]))),
        tubes_per_10k=float(np.exp(drawn["tubes"])),
    )  # fmt: skip


def _run(
    pathogen: sim.Pathogen, strategy: sim.Strategy, seeds: list[sim.Seed], inside: list[int], *, days: int, seed: int,
    most: int,
) -> FloatArray:  # fmt: skip
    made = sim.run(_AT[0].where, pathogen, strategy, seeds, days=days + LEAD, seed=seed, most=most)
    daily = np.asarray(made.found[LEAD:, inside].sum(axis=1), dtype=float)
    if made.ended_early is not None:
        daily[max(0, made.ended_early - LEAD) :] = np.inf
    return daily


def fit(daily: FloatArray, published: FloatArray) -> FloatArray:
    """Return the log-likelihood of each row's October: a negative binomial of each sum of published days."""
    told = ~np.isnan(published[:FITTED])
    total = np.zeros(daily.shape[0])
    for a in range(0, FITTED, BLOCK_DAYS):
        span = slice(a, min(a + BLOCK_DAYS, FITTED))
        if not told[span].any():
            continue
        seen = float(np.nansum(published[:FITTED][span]))
        said = np.where(told[span], daily[:, span], 0).sum(axis=1)
        mean = np.clip(said, 0.3, 1e9)
        total += (
            special.gammaln(seen + LOOSE) - special.gammaln(LOOSE) - special.gammaln(seen + 1)
            + LOOSE * np.log(LOOSE / (LOOSE + mean)) + seen * np.log(mean / (LOOSE + mean))
        )  # fmt: skip
    return np.asarray(np.where(np.isfinite(daily[:, :FITTED]).all(axis=1), total, -np.inf))


def main(draws: int, processes: int) -> None:
    """Print the fit and the coverage by week."""
    known = given()
    _begin(known)
    pool = (
        ProcessPoolExecutor(processes, initializer=_begin, initargs=(known,))
        if processes > 1
        else None
    )
    try:
        report(known, draws=draws, pool=pool)
    finally:
        if pool is not None:
            pool.shutdown()


def _daily(tasks: list[Task], pool: Executor | None) -> FloatArray:
    return np.array(
        list(pool.map(found_daily, tasks, chunksize=8) if pool else map(found_daily, tasks))
    )


def ensemble(known: Given, *, draws: int, pool: Executor | None) -> tuple[list[int], FloatArray]:
    """
    Return the numbers and values of the draws that October leaves.

    October is let in step by step (its likelihood to a power that grows to 1): draws are taken again by what the step
    adds, and each then tries moves along the differences between others, taken or left by its own new run of October.
    """
    low, high = np.array(list(PRIOR.values()), dtype=float).T
    rng = np.random.default_rng(1)
    runs = FIRST_TIMES * draws

    def score(values: FloatArray, numbers: NDArray[np.int64]) -> FloatArray:
        rows = [
            (int(n), tuple(map(float, row)), FITTED) for n, row in zip(numbers, values, strict=True)
        ]
        return fit(_daily(rows, pool), known.published)

    values = rng.uniform(low, high, (runs, low.size))
    numbers = np.arange(runs, dtype=np.int64)
    told, power, step = score(values, numbers), 0.0, 0
    while power < 1:
        more = _gentle(told, most=1 - power)
        power = min(1.0, power + more)
        kept = _again(_weights(more * told), draws, rng)
        values, numbers, told = values[kept], numbers[kept], told[kept]
        taken = 0
        for _ in range(MOVES if power < 1 else 2 * MOVES):
            others = rng.permuted(np.tile(np.arange(draws), (draws, 1)), axis=1)[:, :2]
            tried = values + STRIDE * (values[others[:, 0]] - values[others[:, 1]])
            tried += rng.normal(0, 0.01, values.shape) * (high - low)
            tried = _back(tried, low, high)
            fresh = np.arange(runs, runs + draws)
            runs += draws
            new = score(tried, fresh)
            better = np.log(rng.random(draws)) < power * (new - told)
            values[better], numbers[better], told[better] = (
                tried[better], fresh[better], new[better],
            )  # fmt: skip
            taken += int(better.sum())
        step += 1
        print(
            f"step {step}: October counted by {power:.3f}, {np.unique(numbers).size} different draws of {draws}, "
            f"{taken} moves taken, log-likelihood {np.median(told):.1f}",
            flush=True,
        )
    return [int(n) for n in numbers], values


def _again(weights: FloatArray, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw places by weight, evenly spread."""
    at = np.searchsorted(np.cumsum(weights), (np.arange(count) + rng.random()) / count)
    return np.asarray(at.clip(0, weights.size - 1), dtype=np.int64)


def _back(values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Reflect what lies beyond the bounds back into them."""
    part = np.mod((values - low) / (high - low), 2)
    return np.asarray(low + np.where(part > 1, 2 - part, part) * (high - low))


def _weights(score: FloatArray) -> FloatArray:
    raw = np.exp(score - score.max())
    return np.asarray(raw / raw.sum())


def _gentle(told: FloatArray, *, most: float) -> float:
    """The power of the likelihood, `most` at most, at which half of those that count still do."""
    alive = told[np.isfinite(told)]

    def worth(power: float) -> float:
        return float(1 / (_weights(power * alive) ** 2).sum())

    if worth(most) >= alive.size / 2:
        return most
    low, high = 0.0, most
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) >= alive.size / 2 else (low, middle)
    return low


def report(known: Given, *, draws: int, pool: Executor | None) -> None:
    """Fit on October and print what the ensemble says, by week."""
    began = process_time()
    numbers, values = ensemble(known, draws=draws, pool=pool)
    unique = {number: tuple(map(float, row)) for number, row in zip(numbers, values, strict=True)}
    ran = dict(
        zip(unique, _daily([(n, row, DAYS) for n, row in unique.items()], pool), strict=True)
    )
    daily = np.array([ran[number] for number in numbers])
    print(
        f"{len(unique)} different draws among {draws} were run into November, {process_time() - began:.0f} s CPU of this process"
    )
    for name, column in zip(PRIOR, values.T, strict=True):
        shown = np.exp(column) if name in LOGS else column
        print(
            f"  {name:18} {np.median(shown):7.2f} ({np.quantile(shown, 0.05):.2f} to {np.quantile(shown, 0.95):.2f})"
        )
    seen = ~np.isnan(known.published)
    cleaned = np.nan_to_num(known.published)
    print(
        "week             published days  published      5 %     25 %   median     75 %     95 %  covered  chance of so many or more"
    )
    for a, b in [(a, min(a + 7, DAYS)) for a in range(0, DAYS, 7)]:
        said = float(np.where(seen[a:b], cleaned[a:b], 0).sum())
        sums = np.where(seen[a:b], daily[:, a:b], 0).sum(axis=1)
        told = np.quantile(np.minimum(sums, 1e9), (0.05, 0.25, 0.5, 0.75, 0.95))
        part = "fitted" if b <= FITTED else ("part fitted" if a < FITTED else "")
        print(
            f"{FIRST + timedelta(days=a):%d %b} - {FIRST + timedelta(days=b - 1):%d %b}  {int(seen[a:b].sum())} of {b - a}"
            f"        {said:10,.0f} {' '.join(map(_told, told))}  {'yes' if told[0] <= said <= told[-1] else 'NO '}"
            f"  {(sums >= said).mean():.2f} {part}"
        )


def _told(number: float) -> str:
    return f"{number:8,.0f}" if number < MOST else "   ended"


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["120", "1"][len(sys.argv) - 1 :])))
