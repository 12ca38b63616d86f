"""
Guangzhou, autumn 2022: the model started from 1 October and fitted on October alone, beside what was published.

Draws R, hidden infections at the start, how readily people with symptoms are tested and how fast zones and tracing
follow; keeps the draws whose October is nearest to the published counts (days nobody published are left out on both
sides); prints what they say of November. `python benchmarks/simulate/autumn.py [draws]`.
"""

import sys
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from yipan.analytics import simulate as sim
from yipan.operations import simulate as desk
from yipan.packs import read_pack
from yipan.protocol import protocols

FIRST, LAST = date(2022, 10, 1), date(2022, 11, 14)
LEAD = 8
DAYS = (LAST - FIRST).days
FITTED = (date(2022, 11, 1) - FIRST).days


def published() -> np.ndarray:
    """Infections Guangzhou published for each day; nan where nobody did."""
    found = np.full((DAYS, 3), np.nan)
    column = {"local_confirmed": 0, "local_asymptomatic": 1, "local_infections": 2}
    for one in read_pack("guangdong").bulletins:
        day = (one.day - FIRST).days
        if one.area == "44.4401." and 0 <= day < DAYS and one.stream.counted.value in column:
            value = np.nan if one.value is None else one.value
            found[day, column[one.stream.counted.value]] = value
    return np.where(np.isnan(found[:, 2]), found[:, 0] + found[:, 1], found[:, 2])


def main(draws: int) -> None:
    """Print the fit and the coverage by week."""
    where = desk.province("guangdong")
    rules = desk.zone_rules(
        protocols(),
        first_day=FIRST - timedelta(days=LEAD),
        days=DAYS + LEAD,
        time_zone=ZoneInfo("Asia/Shanghai"),
    )
    seen = published()
    rng = np.random.default_rng(20221001)
    in_city = [i for i, key in enumerate(where.counties) if key.startswith("44.4401.")]
    runs, tried = [], []
    weeks = [(a, min(a + 7, DAYS)) for a in range(0, DAYS, 7)]
    for number in range(draws):
        R = float(rng.uniform(1.3, 3.2))
        hidden = int(np.exp(rng.uniform(np.log(5), np.log(150))))
        seeks, delay = float(rng.uniform(0.2, 0.8)), int(rng.integers(0, 4))
        compliance, trace = float(rng.uniform(0.5, 0.98)), int(rng.integers(1, 4))
        strategy = sim.Strategy(
            name="as then", zoning=sim.Zoning(rules=rules, since_day=LEAD, delay_days=delay, compliance=compliance),
            screenings=(
                sim.Screening(since_day=LEAD), sim.Screening(extent=sim.Extent.TOWN, since_day=LEAD, window_days=3),
            ),
            tracing=sim.Tracing(since_day=LEAD, delay_days=trace),
            finding=sim.Finding(seeks=seeks, routine_share=0.3),
        )  # fmt: skip
        seeds = [
            sim.Seed(day=int(d), county=key)
            for d, key in zip(
                rng.integers(0, LEAD, hidden),
                rng.choice([where.counties[i] for i in in_city], hidden), strict=True,
            )
        ]  # fmt: skip
        made = sim.run(
            where,
            desk.pathogen("covid-ba5", reproduction_number=R),
            strategy,
            seeds,
            days=DAYS + LEAD,
            seed=number,
        )
        daily = made.found[LEAD:, in_city].sum(axis=1).astype(float)
        runs.append(daily)
        tried.append((R, hidden, seeks, delay, compliance, trace))
    table = np.array(runs)
    known = ~np.isnan(seen)

    def totals(daily: np.ndarray, a: int, b: int) -> np.ndarray:
        return np.asarray((daily[..., a:b] * known[a:b]).sum(axis=-1))

    cleaned = np.nan_to_num(seen)
    fitted = [(a, min(b, FITTED)) for a, b in weeks if a < FITTED]
    far = np.zeros(draws)
    for a, b in fitted:
        far += (np.log1p(totals(table, a, b)) - np.log1p(totals(cleaned, a, b))) ** 2
    kept = np.argsort(far)[: max(10, draws // 20)]
    middle = np.median([tried[i] for i in kept], axis=0)
    print(
        f"{draws} draws, {kept.size} kept; median R {middle[0]:.2f}, hidden at the start {middle[1]:.0f}, seeking {middle[2]:.2f}, zone delay {middle[3]:.0f} d, compliance {middle[4]:.2f}, tracing delay {middle[5]:.0f} d"
    )
    print("week           published days  published   5 %   median  95 %   covered")
    for a, b in weeks:
        said = totals(cleaned, a, b)
        low, mid, high = np.quantile(totals(table[kept], a, b), (0.05, 0.5, 0.95))
        part = "fitted" if b <= FITTED else ("part fitted" if a < FITTED else "")
        print(
            f"{FIRST + timedelta(days=a):%d %b} - {FIRST + timedelta(days=b - 1):%d %b}  {int(known[a:b].sum())} of {b - a}"
            f"        {said:8,.0f} {low:8,.0f} {mid:8,.0f} {high:8,.0f}   {'yes' if low <= said <= high else 'NO'} {part}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
