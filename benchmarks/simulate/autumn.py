"""
Guangzhou, autumn 2022: the model started from what was published on 1 October and fitted on October alone.

Two epidemics are run and added up. The city's: R, infections nobody had seen, infected arrivals, how readily people
with symptoms are tested, routine tests, how fast and how well zones and tracing work, staff, beds and laboratories.
And one in a crowded quarter of Haizhu, as the urban villages where the outbreak of late October was: when it began and
with how many, an R from the range published for the start of an Omicron outbreak, zones within which people keep to
their homes or do not, homes that hold a case apart or do not. What October leaves open stays open: draws are weighted by
how well their October fits (negative binomial, sums of four days), new ones are drawn around the good ones, with
weights that keep the prior, and the ensemble is drawn by weight. Only its members are run into November. Days nobody
published are left out on both sides. `python benchmarks/simulate/autumn.py [draws] [processes]`.
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
GENERATIONS, ENSEMBLE = 5, 200
BLOCK_DAYS, LOOSE = 4, 4.0
"""Days whose sum is fitted, and the size of the negative binomial: a sum may be off by half. Chosen before November was seen."""
NARROW = 0.5
"""New draws lie around the good ones by this part of their spread."""

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
    """Return the numbers and values of the draws that October leaves, as often as their weight says."""
    low, high = np.array(list(PRIOR.values()), dtype=float).T
    rng = np.random.default_rng(1)
    values = rng.uniform(low, high, (draws, low.size))
    weights = np.full(draws, 1 / draws)
    before, centres, spread = np.empty((0, low.size)), np.empty(0), np.ones(low.size)
    numbers = np.arange(draws)
    for generation in range(GENERATIONS):
        if generation:
            chosen = values[rng.choice(draws, draws, p=weights)]
            spread = NARROW * np.sqrt(np.cov(values.T, aweights=weights).diagonal()) + 1e-9
            before, centres = values, weights
            values = _near(chosen, spread, low, high, rng)
            numbers = np.arange(draws) + generation * draws
        daily = _daily(
            [(int(n), tuple(map(float, row)), FITTED) for n, row in zip(numbers, values, strict=True)], pool
        )  # fmt: skip
        told = fit(daily, known.published)
        away = (
            _log_mixture(values, before, centres, spread, low, high)
            if generation
            else np.zeros(draws)
        )
        part = 1.0 if generation == GENERATIONS - 1 else _gentle(told, away)
        weights = _weights(np.where(np.isfinite(told), part * told, -np.inf) - away)
        print(
            f"generation {generation + 1}: {draws} draws, {np.isfinite(told).sum()} with an October of less than {MOST_IN_OCTOBER:,} infections, October counted by {part:.2f}, worth {_worth(weights):.0f}",
            flush=True,
        )
    picked = np.searchsorted(
        np.cumsum(weights), (np.arange(ENSEMBLE) + rng.random()) / ENSEMBLE
    ).clip(0, draws - 1)
    return [int(numbers[i]) for i in picked], values[picked]


def _weights(score: FloatArray) -> FloatArray:
    raw = np.exp(score - score.max())
    return np.asarray(raw / raw.sum())


def _worth(weights: FloatArray) -> float:
    """How many draws of equal weight these are worth."""
    return float(1 / (weights**2).sum())


def _gentle(told: FloatArray, away: FloatArray) -> float:
    """The power of the likelihood, 1 at most, at which an eighth of the draws still counts: early ones are far off."""
    low, high = 0.0, 1.0
    fits = np.where(np.isfinite(told), told, -1e9)
    if _worth(_weights(fits - away)) >= told.size / 8:
        return 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if _worth(_weights(middle * fits - away)) >= told.size / 8
            else (low, middle)
        )
    return max(low, 1e-3)


def _near(
    centres: FloatArray, spread: FloatArray, low: FloatArray, high: FloatArray, rng: np.random.Generator
) -> FloatArray:  # fmt: skip
    """Return a draw around each centre, from the normal law cut off at the bounds."""
    least, most = special.ndtr((low - centres) / spread), special.ndtr((high - centres) / spread)
    drawn = special.ndtri(least + rng.random(centres.shape) * (most - least))
    return np.asarray(np.clip(centres + spread * drawn, low, high))


def _log_mixture(
    values: FloatArray, centres: FloatArray, weights: FloatArray, spread: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:  # fmt: skip
    """Return the log density of the law the draws came from, up to a constant."""
    inside = special.ndtr((high - centres) / spread) - special.ndtr((low - centres) / spread)
    cut = np.log(inside).sum(axis=1)
    told = np.empty(values.shape[0])
    for i, row in enumerate(values):
        away = -0.5 * (((row - centres) / spread) ** 2).sum(axis=1) - cut
        told[i] = special.logsumexp(away, b=weights)
    return told


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
        f"{draws * GENERATIONS} runs of October, {len(unique)} different ones among {ENSEMBLE} run into November, "
        f"{process_time() - began:.0f} s CPU of this process"
    )
    for name, column in zip(PRIOR, values.T, strict=True):
        shown = np.exp(column) if name in LOGS else column
        print(
            f"  {name:18} {np.median(shown):7.2f} ({np.quantile(shown, 0.05):.2f} to {np.quantile(shown, 0.95):.2f})"
        )
    seen = ~np.isnan(known.published)
    cleaned = np.nan_to_num(known.published)
    print(
        "week             published days  published      5 %   median       95 %  covered  chance of so many or more"
    )
    for a, b in [(a, min(a + 7, DAYS)) for a in range(0, DAYS, 7)]:
        said = float(np.where(seen[a:b], cleaned[a:b], 0).sum())
        sums = np.where(seen[a:b], daily[:, a:b], 0).sum(axis=1)
        lowest, middle, highest = np.quantile(np.minimum(sums, 1e9), (0.05, 0.5, 0.95))
        part = "fitted" if b <= FITTED else ("part fitted" if a < FITTED else "")
        print(
            f"{FIRST + timedelta(days=a):%d %b} - {FIRST + timedelta(days=b - 1):%d %b}  {int(seen[a:b].sum())} of {b - a}"
            f"        {said:10,.0f} {_told(lowest)} {_told(middle)} {_told(highest)}  {'yes' if lowest <= said <= highest else 'NO '}"
            f"  {(sums >= said).mean():.2f} {part}"
        )


def _told(number: float) -> str:
    return f"{number:8,.0f}" if number < MOST else "   ended"


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["400", "1"][len(sys.argv) - 1 :])))
