"""
Hub seasons (folders `hub_*` under $YIPAN_REFERENCE, or those named): our ensemble beside the hub's baseline and others.

    python benchmarks/hub.py [FOLDER ...]

Rules against look-ahead. At each reference date D only vintages of D - 7 days or earlier are read, a week as the newest
of them had it. Weights are learned from forecasts made earlier in the same season, judged by what those vintages then
held. Settings of the members and the weights to begin with stand in `analytics/outlook/forecast.py`; they were chosen
on the season 2022-23 with that of 2023-24 in sight, and nothing here depends on the season at hand. Truth is read for
scoring alone. A folder needs vintages.csv.gz (as_of, date, location, value), truth_final.csv (date, location, value)
and forecasts_FluSight-baseline.csv.gz (reference_date, location, horizon, q, value); further forecasts_MODEL.csv.gz are
scored beside ours. What is missing or wrong in one is said with file, row and value.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from yipan.analytics.outlook import forecast, scores

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[1] / "../shared/reference"))
BASELINE = "FluSight-baseline"
HORIZONS = (1, 2, 3, 4)
LEVELS = forecast.HUB_LEVELS
GENERATION_WEEKS = (0.0, 0.75, 0.20, 0.05)
FIRST_ORIGIN = 30
Vintage = dict[tuple[str, date], float]
Forecasts = dict[tuple[date, str], np.ndarray]


class BadSeason(ValueError):
    """A folder that is no season; the message names file, row, value and what was expected."""


def rows(folder: Path, name: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table that hold a value, with the line each stands on."""
    path = folder / name
    if not path.is_file():
        raise BadSeason(f"{folder.name}: {name} is missing")
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if name.endswith(".gz")
        else path.open(encoding="utf-8") as file
    ):
        try:
            reader = csv.DictReader(file)
            lacking = [column for column in columns if column not in (reader.fieldnames or ())]
            if lacking:
                raise BadSeason(f"{name}: no column {lacking[0]} among {reader.fieldnames}")
            for line, row in enumerate(reader, start=2):
                if any(row[column] is None for column in columns):
                    raise BadSeason(f"{name} row {line}: fewer cells than columns")
                if row["value"] not in {"", "NA"}:
                    yield line, row
        except (UnicodeDecodeError, EOFError, OSError, csv.Error) as wrong:
            raise BadSeason(f"{name}: cannot be read to its end ({wrong})") from None


def day_of(name: str, line: int, column: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadSeason(
            f"{name} row {line}: {column} {text!r} is no day such as 2023-10-14"
        ) from None


def number_of(name: str, line: int, column: str, text: str, least: float = 0.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= least):
        raise BadSeason(
            f"{name} row {line}: {column} {text!r}; expected a number of {least:g} or more"
        )
    return value


def table_of(
    folder: Path, name: str, *, by: str | None = None
) -> dict[tuple[date | None, str, date], float]:
    """(as_of, location, date) to value; a cell told twice with two values is refused."""
    columns = ["date", "location", "value", *([by] if by else [])]
    found: dict[tuple[date | None, str, date], float] = {}
    for line, row in rows(folder, name, columns):
        key = (
            day_of(name, line, by, row[by]) if by else None,
            row["location"],
            day_of(name, line, "date", row["date"]),
        )
        value = number_of(name, line, "value", row["value"])
        if found.setdefault(key, value) != value:
            raise BadSeason(
                f"{name} row {line}: {row['location']} {row['date']} is {value:g} here and {found[key]:g} above"
            )
    if not found:
        raise BadSeason(f"{name}: a header and no values")
    return found


def members(counts: np.ndarray) -> dict[str, np.ndarray]:
    return forecast.weekly_members(forecast.panel(counts), HORIZONS, generation=GENERATION_WEEKS)


def peer_forecasts(folder: Path, name: str) -> Forecasts:
    """Quantiles of the weeks ahead (horizons 0 to 3; others are left out) by reference date and place."""
    table: Forecasts = {}
    place_of = {level: column for column, level in enumerate(LEVELS)}
    for line, row in rows(folder, name, ("reference_date", "location", "horizon", "q", "value")):
        level = round(number_of(name, line, "q", row["q"]), 4)
        if level not in place_of:
            raise BadSeason(f"{name} row {line}: q {row['q']} is none of the 23 levels")
        horizon = number_of(name, line, "horizon", row["horizon"], least=-1.0)
        if horizon != round(horizon):
            raise BadSeason(f"{name} row {line}: horizon {row['horizon']}; expected whole weeks")
        if not 0 <= horizon <= 3:
            continue
        reference = day_of(name, line, "reference_date", row["reference_date"])
        block = table.setdefault((reference, row["location"]), np.full((4, len(LEVELS)), np.nan))
        cell = int(horizon), place_of[level]
        if not np.isnan(block[cell]):
            raise BadSeason(
                f"{name} row {line}: {row['location']} {reference} horizon {cell[0]} q {level} is told twice"
            )
        block[cell] = number_of(name, line, "value", row["value"])
    if not table:
        raise BadSeason(f"{name}: a header and no forecasts")
    return table


class Season:
    """The season as the hub knew it: vintages, truth and the forecasts of others."""

    def __init__(self, folder: Path) -> None:
        self.vintages: dict[date, Vintage] = {}
        for (stamp, place, day), value in table_of(folder, "vintages.csv.gz", by="as_of").items():
            assert stamp is not None
            if day > stamp:
                raise BadSeason(
                    f"vintages.csv.gz: as of {stamp} a figure for {day}, which lay ahead"
                )
            self.vintages.setdefault(stamp, {})[place, day] = value
        self.stamps = sorted(self.vintages)
        opening = self.vintages[self.stamps[0]]
        self.places = sorted({place for place, _ in opening})
        self.first_week = min(day for _, day in opening)
        for stamp, vintage in self.vintages.items():
            off = next((day for _, day in vintage if (day - self.first_week).days % 7), None)
            if off is not None:
                raise BadSeason(
                    f"vintages.csv.gz: {off} (as of {stamp}) is no whole week from {self.first_week}"
                )
        self.truth: Vintage = {
            (place, day): value
            for (_, place, day), value in table_of(folder, "truth_final.csv").items()
        }
        self.peers: dict[str, Forecasts] = {}
        found = sorted(folder.glob("forecasts_*.csv.gz"))
        for peer in (path.name[len("forecasts_") : -len(".csv.gz")] for path in found):
            self.peers[peer] = peer_forecasts(folder, f"forecasts_{peer}.csv.gz")
        if BASELINE not in self.peers:
            raise BadSeason(f"{folder.name}: forecasts_{BASELINE}.csv.gz is missing")
        every = sorted({reference for reference, _ in self.peers[BASELINE]})
        self.references = [each for each in every if self.stamps[0] <= each - timedelta(7)]
        if not self.references:
            raise BadSeason(f"{folder.name}: no reference date has a vintage a week before it")

    def known_by(self, stamp: date, last: date) -> np.ndarray:
        """Places x weeks up to `last`, each week as the newest vintage up to `stamp` had it."""
        merged: Vintage = {}
        for each in self.stamps:
            if each <= stamp:
                merged.update(self.vintages[each])
        count = (last - self.first_week).days // 7 + 1
        weeks = [self.first_week + timedelta(7 * k) for k in range(count)]
        return np.array(
            [[merged.get((place, week), np.nan) for week in weeks] for place in self.places]
        )


def forecasts(season: Season) -> tuple[dict[str, Forecasts], list[float]]:
    """Our forecasts at every reference date, members and mixtures, and the seconds each refresh took."""
    opening = season.known_by(season.stamps[0], season.stamps[0])
    past = {week: members(opening[:, :week]) for week in range(FIRST_ORIGIN, opening.shape[1])}
    answer: dict[str, Forecasts] = {}
    spent = []
    for reference in season.references:
        start = time.perf_counter()
        stamp = max(each for each in season.stamps if each <= reference - timedelta(7))
        counts = season.known_by(stamp, reference - timedelta(7))
        weeks = counts.shape[1]
        now = members(counts)
        padded = np.pad(counts, ((0, 0), (0, 4)), constant_values=np.nan)
        usual = learned = forecast.usual_combination(list(now), HORIZONS)
        alike = {week: block for week, block in past.items() if list(block) == list(now)}
        if alike:
            observed = np.concatenate([padded[:, week : week + 4] for week in alike])
            stated = {
                name: np.concatenate([block[name] for block in alike.values()]) for name in now
            }
            learned = forecast.learn_combination(observed, stated, horizons=HORIZONS, prior=usual)
        equal = forecast.equal_combination(list(now), HORIZONS)
        mixed = {
            "ours": forecast.combine(now, learned).quantiles,
            "ours, usual weights": forecast.combine(now, usual).quantiles,
            "ours, equal weights": forecast.combine(now, equal).quantiles,
            **{f"  {name}": quantiles for name, quantiles in now.items()},
        }
        spent.append(time.perf_counter() - start)
        past[weeks] = now
        for name, quantiles in mixed.items():
            table = answer.setdefault(name, {})
            for row, place in enumerate(season.places):
                table[reference, place] = quantiles[row]
    return answer, spent


def main() -> int:
    named = [Path(each) for each in sys.argv[1:]]
    seasons = named or sorted(path for path in ROOT.glob("hub_*") if path.is_dir())
    if not seasons:
        print("no hub season under $YIPAN_REFERENCE")
    bad = 0
    for folder in seasons:
        try:
            if not folder.is_dir():
                raise BadSeason(f"{folder} is no folder")
            judge(folder)
        except BadSeason as wrong:
            bad += 1
            print(f"{folder.name} cannot be scored: {wrong}", file=sys.stderr)
    return 1 if bad else 0


def judge(folder: Path) -> None:
    season = Season(folder)
    ours, spent = forecasts(season)
    baseline = season.peers[BASELINE]
    peers = {name: table for name, table in season.peers.items() if name != BASELINE}
    tasks = [
        (reference, place, horizon)
        for reference, place in baseline
        for horizon in range(4)
        if (place, reference + timedelta(7 * horizon)) in season.truth
        and (reference, place) in ours["ours"]
        and all((reference, place) in table for table in peers.values())
        and place in season.places
    ]
    if not tasks:
        raise BadSeason(
            "no task has a truth and all forecasts: do the places go by the same names?"
        )
    outcome = np.array([season.truth[place, ref + timedelta(7 * h)] for ref, place, h in tasks])
    horizon = np.array([h for *_, h in tasks])
    national = np.array([place == "US" for _, place, _ in tasks])
    models = {
        name: np.stack([table[ref, place][h] for ref, place, h in tasks])
        for name, table in {"hub baseline": baseline, **peers, **ours}.items()
    }
    usable = ~np.isnan(np.stack(list(models.values()))).any(axis=(0, 2))
    if not usable.any():
        raise BadSeason(
            "no task has a truth and all forecasts: do the places go by the same names?"
        )
    print(f"{folder.name}, {usable.sum()} tasks, relative WIS against the hub baseline")
    print(f"{'':22} natural   no US     log   by horizon (natural)           c50    c90    c95")

    def wis(name: str, keep: np.ndarray, *, log: bool) -> float:
        form = np.log1p if log else np.asarray
        score = scores.weighted_interval_score(
            form(outcome[keep]), form(models[name][keep]), LEVELS
        )
        return float(score.mean())

    views = [(usable, False), (usable & ~national, False), (usable, True)]
    views += [(usable & (horizon == h), False) for h in range(4)]
    for name, predicted in models.items():
        against = [
            wis(name, keep, log=log) / wis("hub baseline", keep, log=log) for keep, log in views
        ]
        caught = [
            float(scores.covered(outcome[usable], predicted[usable], LEVELS, level=level).mean())
            for level in (0.5, 0.9, 0.95)
        ]
        parts = (against[:3], against[3:], caught)
        print(f"{name:22}" + "  ".join("".join(f"{x:8.3f}" for x in part) for part in parts))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"refresh of {len(season.places)} places, learning included: {np.median(spent):.2f} s; peak {peak:.0f} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
