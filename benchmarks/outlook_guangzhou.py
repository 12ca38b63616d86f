"""
A city's outbreak day by day: our forecasts beside "no change", each made on what its day held and nothing later.

    python benchmarks/outlook_guangzhou.py [--more FILE ...] [--city PATH]

Without options Guangzhou from 1 October to 13 November 2022, as the pack has it. `--more` tables (date and local_total,
perhaps city; days nobody found stay empty) go on from there or fill in other cities: a figure the pack has already must
be the same. What came after the pack's last day is told apart, since nobody here saw it while anything was chosen.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from yipan.analytics.outlook import forecast, scores, study
from yipan.feeds.frame import CannotRead
from yipan.feeds.series import read_series
from yipan.model import Interval, SeriesTable
from yipan.packs import read_pack
from yipan.packs.assumptions import assumptions_on, read_assumptions

DISEASE = study.disease_of(assumptions_on(read_assumptions("covid-19"), date(2022, 10, 1)))
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


def joined(table: SeriesTable, file: Path, city: str) -> SeriesTable:
    """The table with the days of a file; its areas are paths, or names of areas of the pack, or the city where none."""
    more = read_series(file, named={"value": "local_total"})
    called = {
        area.name_en: str(area.path)
        for area in read_pack("guangdong").areas
        if area.level == "city"
    }
    called |= {
        area.name_zh: str(area.path)
        for area in read_pack("guangdong").areas
        if area.level == "city"
    }
    values = {
        (area, table.day(i)): value
        for area, row in zip(table.areas, table.counts, strict=True)
        for i, value in enumerate(row)
    }
    for name, row in zip(more.areas, more.counts, strict=True):
        area = city if more.areas == ("all",) else called.get(name, name)
        if area not in called.values():
            raise ValueError(f"{file.name}: {name!r} is no city of the pack")
        for i, value in enumerate(row):
            place = area, more.day(i)
            if value is None:
                continue
            if values.get(place) not in {None, value}:
                raise ValueError(
                    f"{file.name}: {name} on {place[1]} is {value:g}; the pack has {values[place]:g}"
                )
            values[place] = value
    first, last = min(day for _, day in values), max(day for _, day in values)
    days = [first + timedelta(i) for i in range((last - first).days + 1)]
    areas = tuple(sorted({area for area, _ in values}))
    return replace(
        table, areas=areas, first_day=first,
        counts=tuple(tuple(values.get((area, day)) for day in days) for area in areas),
    )  # fmt: skip


def relative(table: SeriesTable, city: str) -> np.ndarray:
    """Log WIS of ours, of no change, whether the 95 % interval held, as tasks x (horizon, ours, flat, held, day)."""
    rows = []
    truth = table.counts[table.areas.index(city)]
    for cut, then in study.origins(table, first=FIRST_ORIGIN):
        said = {f.area: f for f in study.forecasts(then, DISEASE, stream="i", steps=STEPS)}[city]
        for position, (ours, flat) in enumerate(zip(said.quantiles, said.baseline, strict=True)):
            at = cut + position
            if at < len(truth) and (came := truth[at]) is not None:
                wis = [
                    float(scores.weighted_interval_score(np.log1p(came), np.log1p(q), forecast.HUB_LEVELS))
                    for q in (ours, flat)
                ]  # fmt: skip
                rows.append((position + 1, *wis, ours[1] <= came <= ours[-2], at))
    return np.array(rows, dtype=float)


def told(name: str, tasks: np.ndarray) -> None:
    by = [tasks[tasks[:, 0] == step] for step in range(1, STEPS + 1)]
    print(
        f"{name:34}"
        + "".join(f"{x[:, 1].mean() / x[:, 2].mean():7.2f}" if len(x) else f"{'-':>7}" for x in by)
    )
    print(
        f"{'  95 % held':34}"
        + "".join(f"{x[:, 3].mean():7.2f}" if len(x) else f"{'-':>7}" for x in by)
        + f"   {len(tasks)} tasks"
    )


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--more", type=Path, nargs="*", default=[])
    asked.add_argument("--city", default=CITY)
    given = asked.parse_args()
    table = cities()
    pack_ends = len(table)
    try:
        for file in given.more:
            table = joined(table, file, given.city)
        row = table.areas.index(given.city)
    except (CannotRead, OSError, ValueError) as wrong:
        print(f"cannot go on: {wrong}", file=sys.stderr)
        return 1
    alone = replace(table, areas=(given.city,), counts=(table.counts[row],))
    print(
        f'log WIS against "no change" by days ahead, {given.city}, {table.first_day} to {table.day(len(table) - 1)}'
    )
    for name, of in (("city alone", alone), (f"among {len(table.areas)} areas", table)):
        tasks = relative(of, given.city)
        later = tasks[:, 4] >= pack_ends
        told(name, tasks[~later])
        if later.any():
            told(f"{name}, after {table.day(pack_ends - 1)}", tasks[later])
    return 0


if __name__ == "__main__":
    sys.exit(main())
