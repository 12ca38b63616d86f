"""Outbreaks put into series: the default beside each single method, and what three channels together gain."""

import os
import sys
from datetime import date
from pathlib import Path
from time import process_time

import numpy as np

from yipan.analytics.detect.baseline import baseline_matrix
from yipan.analytics.detect.fusion import LEAST_P, quiet_correlation, stouffer_p
from yipan.analytics.detect.rehearsal import equal_limit
from yipan.feeds.streams import read_series
from yipan.operations.streams import KnownOutbreak
from yipan.operations.watching import rehearse
from yipan.packs import read_calendar

REFERENCE = Path(os.environ.get("YIPAN_REFERENCE", "../shared/reference")) / "detect" / "inputs"
FILES = ("momo_dk.csv", "newport_de.csv", "campy_de.csv", "daily.csv")
WEEKLY = (
    "standard", "Farrington flexible", "EARS C1", "EARS C2", "CUSUM", "GLR chart", "historical limits",
)  # fmt: skip
KNOWN = {
    # weeks far above all others, which nobody can call quiet, until counts were back
    "newport_de.csv": (date(2011, 10, 10), date(2012, 2, 6)),
    # the weeks of the O104 outbreak, when many more were tested: marked beside the series (campy_de.covariates.csv)
    "campy_de.csv": (date(2011, 5, 23), date(2011, 8, 15)),
}


def main() -> None:
    """Print, per file given (default: series beside the reference vectors), what each method found and when."""
    for path in [Path(name) for name in sys.argv[1:]] or [REFERENCE / name for name in FILES]:
        if not path.is_file():
            print(f"{path.name} is not there")
            continue
        for masked in (False, True) if path.name in KNOWN else (False,):
            rehearsed(path, masked=masked)
    three_channels()


def rehearsed(path: Path, *, masked: bool) -> None:
    """Print the rehearsal of one file, its own outbreak taken for quiet or not."""
    table = read_series(path)
    weekly = table.series[0].stream.interval.days == 7
    known = [
        KnownOutbreak(area=one.area, disease=one.stream.disease, since=since, until=until)
        for since, until in ([KNOWN[path.name]] if masked else [])
        for one in table.series
    ]
    began = process_time()
    found = rehearse(
        table.series, generator=np.random.default_rng(1), calendar=read_calendar(), outbreaks=40,
        quiet_rate=0.01, methods=WEEKLY if weekly else None, known_outbreaks=known,
    )  # fmt: skip
    print(
        f"{path.name}{', its own outbreak on record' if masked else ''}: {found.streams} series, {found.judged_days} "
        f"{'weeks' if weekly else 'days'} replayed, 1 % of quiet ones may alarm; {process_time() - began:.0f} CPU s"
    )
    for work in found.workload:
        mine = [p for p in found.performance if p.method == work.method]
        weight = [p.outbreaks for p in mine]
        print(
            f"  {work.method:20} judged {work.judged_share:4.0%}  quiet rate {work.at_equal_rate:.2%}  found "
            f"{np.average([p.found.value for p in mine], weights=weight):.0%}  after "
            f"{np.average([p.days.value for p in mine], weights=weight):.2f} intervals",
            flush=True,
        )


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
