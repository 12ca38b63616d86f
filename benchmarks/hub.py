"""
Every hub season under $YIPAN_REFERENCE (hub_*): our ensemble beside the hub's baseline and others, as known at each date.

Settings of the members and the weights to begin with were chosen by rolling origin on the season before the one
shared (2022-23). At each reference date only the newest vintage of at least seven days earlier is read, and the weights of the ensemble are
learned from forecasts whose outcome that vintage already held. Truth is read for scoring alone.
"""

from __future__ import annotations

import csv
import gzip
import os
import resource
import time
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


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    path = folder / name
    with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as file:
        return [row for row in csv.DictReader(file) if row["value"] not in {"", "NA"}]


def members(counts: np.ndarray) -> dict[str, np.ndarray]:
    return forecast.weekly_members(forecast.panel(counts), HORIZONS, generation=GENERATION_WEEKS)


class Season:
    """The season as the hub knew it: vintages, truth and the forecasts of others."""

    def __init__(self, folder: Path) -> None:
        self.vintages: dict[date, Vintage] = {}
        for row in rows(folder, "vintages.csv.gz"):
            known = self.vintages.setdefault(date.fromisoformat(row["as_of"]), {})
            known[row["location"], date.fromisoformat(row["date"])] = float(row["value"])
        self.stamps = sorted(self.vintages)
        opening = self.vintages[self.stamps[0]]
        self.places = sorted({place for place, _ in opening})
        self.first_week = min(day for _, day in opening)
        self.truth: Vintage = {
            (row["location"], date.fromisoformat(row["date"])): float(row["value"])
            for row in rows(folder, "truth_final.csv")
        }
        self.peers: dict[str, Forecasts] = {}
        found = sorted(folder.glob("forecasts_*.csv.gz"))
        for peer in (path.name[len("forecasts_") : -len(".csv.gz")] for path in found):
            table = self.peers.setdefault(peer, {})
            for row in rows(folder, f"forecasts_{peer}.csv.gz"):
                key = date.fromisoformat(row["reference_date"]), row["location"]
                block = table.setdefault(key, np.full((4, len(LEVELS)), np.nan))
                level = int(np.argmin(np.abs(np.array(LEVELS) - float(row["q"]))))
                block[int(float(row["horizon"])), level] = float(row["value"])
        self.references = sorted({reference for reference, _ in self.peers[BASELINE]})

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
        observed = np.concatenate([padded[:, week : week + 4] for week in past])
        stated = {name: np.concatenate([block[name] for block in past.values()]) for name in now}
        usual = forecast.usual_combination(list(now), HORIZONS)
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


def main() -> None:
    seasons = sorted(path for path in ROOT.glob("hub_*") if path.is_dir())
    if not seasons:
        print("no hub season under $YIPAN_REFERENCE")
    for folder in seasons:
        judge(folder)


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
        and all((reference, place) in table for table in peers.values())
        and place in season.places
    ]
    outcome = np.array([season.truth[place, ref + timedelta(7 * h)] for ref, place, h in tasks])
    horizon = np.array([h for *_, h in tasks])
    national = np.array([place == "US" for _, place, _ in tasks])
    models = {
        name: np.stack([table[ref, place][h] for ref, place, h in tasks])
        for name, table in {"hub baseline": baseline, **peers, **ours}.items()
    }
    usable = ~np.isnan(np.stack(list(models.values()))).any(axis=(0, 2))
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
    main()
