"""Guangzhou, October to 13 November 2022, day by day: our forecasts beside "no change", on what each day held."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from yipan.analytics.outlook import forecast, scores, study
from yipan.model import Interval, SeriesTable
from yipan.packs import read_pack

DISEASE = study.Disease(interval_mean_days=2.7, interval_sd_days=1.8)
CITY = "44.4401."
FIRST_ORIGIN, STEPS = 7, 7


def cities() -> SeriesTable:
    """Infections of every city of the pack by day: both parts where both were told, else the total."""
    told: dict[tuple[str, date], dict[str, int]] = {}
    for bulletin in read_pack("guangdong").bulletins:
        if bulletin.value is not None:
            told.setdefault((bulletin.area, bulletin.day), {})[bulletin.stream.counted.value] = bulletin.value  # fmt: skip
    values: dict[tuple[str, date], float] = {}
    for place, parts in told.items():
        both = ("local_confirmed", "local_asymptomatic")
        if all(part in parts for part in both):
            values[place] = float(sum(parts[part] for part in both))
        elif "local_infections" in parts:
            values[place] = float(parts["local_infections"])
    areas = sorted({area for area, _ in values})
    first = min(day for _, day in values)
    days = [first + timedelta(i) for i in range((max(day for _, day in values) - first).days + 1)]
    return SeriesTable(
        areas=tuple(areas), first_day=first, interval=Interval.DAY,
        counts=tuple(tuple(values.get((area, day)) for day in days) for area in areas),
    )  # fmt: skip


def relative(table: SeriesTable) -> np.ndarray:
    """Log WIS of ours, of no change, whether the 95 % interval held, as tasks x (horizon, ours, flat, held)."""
    rows = []
    truth = table.counts[table.areas.index(CITY)]
    for cut, then in study.origins(table, first=FIRST_ORIGIN):
        said = {f.area: f for f in study.forecasts(then, DISEASE, stream="i", steps=STEPS)}[CITY]
        for position, (ours, flat) in enumerate(zip(said.quantiles, said.baseline, strict=True)):
            at = cut + position
            if at < len(truth) and (came := truth[at]) is not None:
                wis = [
                    float(scores.weighted_interval_score(np.log1p(came), np.log1p(q), forecast.HUB_LEVELS))
                    for q in (ours, flat)
                ]  # fmt: skip
                rows.append((position + 1, *wis, ours[1] <= came <= ours[-2]))
    return np.array(rows, dtype=float)


def main() -> None:
    table = cities()
    alone = SeriesTable(
        areas=(CITY,), first_day=table.first_day, interval=table.interval,
        counts=(table.counts[table.areas.index(CITY)],),
    )  # fmt: skip
    print('log WIS against "no change" by days ahead, Guangzhou, 1 October to 13 November 2022')
    for name, of in (("city alone", alone), (f"among {len(table.areas)} areas", table)):
        tasks = relative(of)
        by = [tasks[tasks[:, 0] == step] for step in range(1, STEPS + 1)]
        print(f"{name:18}" + "".join(f"{x[:, 1].mean() / x[:, 2].mean():7.2f}" for x in by))
        print(f"{'  95 % held':18}" + "".join(f"{x[:, 3].mean():7.2f}" for x in by))


if __name__ == "__main__":
    main()
