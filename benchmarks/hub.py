"""
FluSight 2023-24: our ensemble beside the hub's baseline and ensemble, on what was known at each date.

Settings of the members were chosen by rolling origin on the season before (2022-23). At each reference
date only the newest vintage of at least seven days earlier is read, and the weights of the ensemble are
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
FOLDER = ROOT / "hub_flusight_2023_24"
HORIZONS = (1, 2, 3, 4)
LEVELS = forecast.HUB_LEVELS
GENERATION_WEEKS = (0.0, 0.75, 0.20, 0.05)
FIRST_ORIGIN = 30
Vintage = dict[tuple[str, date], float]


def rows(name: str) -> list[dict[str, str]]:
    path = FOLDER / name
    with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as file:
        return [row for row in csv.DictReader(file) if row["value"] not in {"", "NA"}]


def members(counts: np.ndarray) -> dict[str, np.ndarray]:
    data = forecast.panel(counts)
    return {
        "flat": forecast.flat_baseline(data, HORIZONS),
        "trend": forecast.damped_trend(data, HORIZONS),
        "renewal": forecast.renewal(data, HORIZONS, generation=GENERATION_WEEKS),
        "autoregression": forecast.pooled_autoregression(data, HORIZONS),
        "analogues": forecast.analogues(data, HORIZONS),
    }


def main() -> None:
    if not FOLDER.is_dir():
        print("no hub season under $YIPAN_REFERENCE")
        return
    vintages: dict[date, Vintage] = {}
    for row in rows("vintages.csv.gz"):
        known = vintages.setdefault(date.fromisoformat(row["as_of"]), {})
        known[row["location"], date.fromisoformat(row["date"])] = float(row["value"])
    stamps = sorted(vintages)
    places = sorted({place for place, _ in vintages[stamps[0]]})
    first_week = min(day for _, day in vintages[stamps[0]])
    truth: Vintage = {
        (row["location"], date.fromisoformat(row["date"])): float(row["value"])
        for row in rows("truth_final.csv")
    }
    peers: dict[str, dict[tuple[date, str], np.ndarray]] = {}
    for peer in ("FluSight-baseline", "FluSight-ensemble"):
        table = peers.setdefault(peer, {})
        for row in rows(f"forecasts_{peer}.csv.gz"):
            key = date.fromisoformat(row["reference_date"]), row["location"]
            block = table.setdefault(key, np.full((4, len(LEVELS)), np.nan))
            level = int(np.argmin(np.abs(np.array(LEVELS) - float(row["q"]))))
            block[int(float(row["horizon"])), level] = float(row["value"])
    references = sorted({reference for reference, _ in peers["FluSight-baseline"]})

    def known_by(stamp: date, last: date) -> np.ndarray:
        merged: Vintage = {}
        for each in stamps:
            if each <= stamp:
                merged.update(vintages[each])
        weeks = [first_week + timedelta(7 * k) for k in range((last - first_week).days // 7 + 1)]
        return np.array([[merged.get((place, week), np.nan) for week in weeks] for place in places])

    start = time.perf_counter()
    opening = known_by(stamps[0], stamps[0])
    past = {week: members(opening[:, :week]) for week in range(FIRST_ORIGIN, opening.shape[1])}
    warm = time.perf_counter() - start

    ours: dict[tuple[date, str], np.ndarray] = {}
    equal: dict[tuple[date, str], np.ndarray] = {}
    spent = []
    for reference in references:
        start = time.perf_counter()
        stamp = max(each for each in stamps if each <= reference - timedelta(7))
        counts = known_by(stamp, reference - timedelta(7))
        weeks = counts.shape[1]
        now = members(counts)
        observed = np.concatenate(
            [
                np.pad(
                    counts[:, week : week + 4],
                    ((0, 0), (0, max(0, week + 4 - weeks))),
                    constant_values=np.nan,
                )
                for week in past
            ]
        )
        stated = {name: np.concatenate([block[name] for block in past.values()]) for name in now}
        combination = forecast.learn_combination(observed, stated, horizons=HORIZONS)
        mixed = forecast.combine(now, combination).quantiles
        spent.append(time.perf_counter() - start)
        past[weeks] = now
        plain = forecast.combine(now, forecast.equal_combination(list(now), HORIZONS)).quantiles
        for row, place in enumerate(places):
            ours[reference, place] = mixed[row]
            equal[reference, place] = plain[row]

    tasks = [
        (reference, place, horizon)
        for reference, place in peers["FluSight-baseline"]
        for horizon in range(4)
        if (place, reference + timedelta(7 * horizon)) in truth
        and (reference, place) in peers["FluSight-ensemble"]
    ]
    outcome = np.array([truth[place, ref + timedelta(7 * h)] for ref, place, h in tasks])
    horizon = np.array([h for *_, h in tasks])
    national = np.array([place == "US" for _, place, _ in tasks])

    def gather(table: dict[tuple[date, str], np.ndarray]) -> np.ndarray:
        return np.stack([table[ref, place][h] for ref, place, h in tasks])

    models = {
        "hub baseline": gather(peers["FluSight-baseline"]),
        "hub ensemble": gather(peers["FluSight-ensemble"]),
        "ours": gather(ours),
        "ours, equal weights": gather(equal),
    }
    for name in now:
        models[f"  {name}"] = gather(
            {
                (ref, place): past[(ref - first_week).days // 7][name][row]
                for ref in references
                for row, place in enumerate(places)
            }
        )
    usable = ~np.isnan(np.stack(list(models.values()))).any(axis=(0, 2))
    print(f"FluSight 2023-24, {usable.sum()} tasks, relative WIS against the hub baseline")
    print(
        f"{'':22}{'natural':>8}{'no US':>8}{'log':>8}   by horizon (natural)        c50    c90    c95"
    )

    def wis(name: str, keep: np.ndarray, *, log: bool = False) -> float:
        form = np.log1p if log else np.asarray
        return float(
            scores.weighted_interval_score(
                form(outcome[keep]), form(models[name][keep]), LEVELS
            ).mean()
        )

    for name, predicted in models.items():
        against = [
            wis(name, keep, log=log) / wis("hub baseline", keep, log=log)
            for keep, log in (
                (usable, False),
                (usable & ~national, False),
                (usable, True),
                *((usable & (horizon == h), False) for h in range(4)),
            )
        ]
        caught = [
            float(scores.covered(outcome[usable], predicted[usable], LEVELS, level=level).mean())
            for level in (0.5, 0.9, 0.95)
        ]
        print(
            f"{name:22}"
            + "".join(f"{each:8.3f}" for each in against[:3])
            + "   "
            + "".join(f"{each:7.3f}" for each in against[3:])
            + "   "
            + "".join(f"{each:7.3f}" for each in caught)
        )
    print(
        f"refresh of 53 places with learning {np.median(spent):.2f} s, first season {warm:.1f} s, "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
    )
    print(
        "last weights",
        {n: w.round(2).tolist() for n, w in zip(now, combination.weights, strict=True)},
    )


if __name__ == "__main__":
    main()
