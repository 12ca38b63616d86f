"""Outbreaks put into series: the default beside each single method, and what three channels together gain."""

import os
import sys
from datetime import date, timedelta
from pathlib import Path
from time import process_time

import numpy as np

from yipan.analytics.detect.baseline import baseline_matrix
from yipan.analytics.detect.fusion import LEAST_P, quiet_correlation, stouffer_p
from yipan.analytics.detect.methods import SET_BACK
from yipan.analytics.detect.rehearsal import (
    ON_TRIAL,
    FalseAlarms,
    equal_limit,
    outbreaks_by_rule,
    rehearse_both,
)
from yipan.analytics.detect.verdicts import count_matrix
from yipan.feeds.streams import read_series
from yipan.model import Interval
from yipan.operations.streams import ended
from yipan.packs import read_calendar

REFERENCE = Path(os.environ.get("YIPAN_REFERENCE", "../shared/reference")) / "detect" / "inputs"
SECTIONS = ("momo_dk", "newport_de", "campy_de", "daily", "channels")
WEEKLY = (
    "standard", SET_BACK, "Farrington flexible", "EARS C1", "EARS C2", "CUSUM", "GLR chart", "historical limits",
)  # fmt: skip


def main() -> None:
    """Print the sections named (default: all; a path rehearses on that file)."""
    for name in sys.argv[1:] or SECTIONS:
        path = REFERENCE / f"{name}.csv" if name in SECTIONS else Path(name)
        if name == "channels":
            three_channels()
        elif path.is_file():
            rehearsed(path)
        else:
            print(f"{path.name} is not there")


def rehearsed(path: Path) -> None:
    """Print the rehearsal of one file: as it stands, and with the outbreaks it holds put on record by one rule for all series."""
    table = read_series(path)
    interval = table.series[0].stream.interval
    last = max(one.until for one in table.series)
    counts = count_matrix([ended(one, last) for one in table.series])
    ruled = outbreaks_by_rule(counts, interval=interval)
    for told, mask in (("as it stands", None), ("outbreaks on record by the rule", ruled)):
        if mask is not None and not mask.any():
            print("  the rule marks no outbreak")
            continue
        began = process_time()
        found = rehearse_both(
            counts, first_day=last - timedelta(days=counts.shape[1] * interval.days), interval=interval,
            generator=np.random.default_rng(1), outbreaks=40, calendar=read_calendar() if interval is Interval.DAY else None, quiet_rate=0.01,
            groups=list(range(len(counts))) if path.stem == "daily" else None,
            methods=(*ON_TRIAL, SET_BACK) if interval is Interval.DAY else WEEKLY, known_outbreak=mask,
        )  # fmt: skip
        share = "" if mask is None else f" ({mask.mean():.1%} of all intervals)"
        first = found[FalseAlarms.INTERVALS]
        print(
            f"{path.name}, {told}{share}: {first.streams} series, {first.judged_days} intervals replayed; "
            f"{process_time() - began:.0f} CPU s"
        )
        for number, work in enumerate(first.workload):
            cells = []
            for counted, rehearsal in found.items():
                mine = [p for p in rehearsal.performance if p.method == work.method]
                weight = [p.outbreaks for p in mine]
                share_found = np.average([p.found.value for p in mine], weights=weight)
                after = np.average([p.days.value for p in mine], weights=weight)
                cells.append(
                    f"1 % of quiet {'intervals' if counted is FalseAlarms.INTERVALS else 'intervals begin a signal'} "
                    f"({rehearsal.workload[number].at_equal_rate:.2%}): found {share_found:.0%} after {after:.2f}"
                )
            print(f"  {work.method:20} " + ";  ".join(cells), flush=True)


def three_channels() -> None:
    """One outbreak seen by three correlated channels: each alone, and together, at the same false alarms."""
    generator = np.random.default_rng(7)
    areas, days, judged = 150, 300, 100
    shared = np.exp(generator.normal(0, 0.12, (areas, 1, days)))
    counts = generator.poisson(generator.uniform(3, 20, (areas, 3, 1)) * shared).astype(float)
    start = generator.integers(days - judged + 10, days - 20, areas)
    sick = counts.copy()
    growth = np.exp(0.12 * (np.arange(18) - 14))
    for area in range(areas):
        for channel, lag in enumerate((0, 1, 2)):
            sd = counts[area, channel].std()
            at = start[area] + lag
            sick[area, channel, at : at + 18] += generator.poisson(3 * sd * growth)
    columns = range(days - judged, days)
    p = [
        baseline_matrix(
            y.reshape(-1, days), first_day=date(2022, 3, 1), columns=columns, thresholds=0,
            groups=np.tile(np.arange(3), areas),
        ).p_value.reshape(areas, 3, judged)
        for y in (counts, sick)
    ]  # fmt: skip
    correlation = quiet_correlation(p[0].transpose(0, 2, 1).reshape(-1, 3))
    ways = {f"channel {k + 1} alone": [one[:, k] for one in p] for k in range(3)}
    ways["all three together"] = [
        stouffer_p(one.transpose(0, 2, 1).reshape(-1, 3), correlation=correlation).reshape(
            areas, judged
        )
        for one in p
    ]
    print(
        f"three channels, correlation of their quiet scores {correlation[0, 1]:.2f}, growth 12 % a day:"
    )
    for name, (quiet, ill) in ways.items():
        limit, rate = equal_limit(-np.log10(np.maximum(quiet, LEAST_P)), 0.005)
        alarm = -np.log10(np.maximum(ill, LEAST_P)) > limit
        delays = []
        for area in range(areas):
            since = start[area] - (days - judged)
            hits = np.flatnonzero(alarm[area, since : since + 20])
            delays.append(hits[0] if len(hits) else 20)
        found = np.mean(np.array(delays) < 20)
        print(
            f"  {name:20} quiet rate {rate:.2%}  found {found:.0%}  after {np.mean(delays):.1f} days"
        )


if __name__ == "__main__":
    main()
