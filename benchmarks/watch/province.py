"""A province's day through the watch desk: 20,000 streams of several channels judged, joined and told."""

import resource
from datetime import date, timedelta
from time import perf_counter, process_time

import numpy as np

from yipan.model import AreaPath, Counted, CountSeries, Stream
from yipan.operations import streams
from yipan.packs import read_calendar

CHANNELS = (
    Counted.FEVER_CLINIC_VISITS, Counted.ILI_VISITS, Counted.OUTPATIENT_VISITS, Counted.PHARMACY_SALES,
    Counted.SCHOOL_ABSENCES, Counted.CARE_HOME_FEVERS, Counted.LABORATORY_POSITIVES, Counted.HOTLINE_CALLS,
    Counted.SUSPECTED, Counted.WASTEWATER_POSITIVES, Counted.DEATHS,
)  # fmt: skip


def main() -> None:
    """Print seconds of each part and what the day told."""
    generator = np.random.default_rng(20221027)
    streets, days = 1_757, 2 * 365
    last = date(2022, 11, 10)
    first = last - timedelta(days=days)
    series = []
    for number in range(streets):
        county = number // 15
        area = AreaPath(f"44.44{county // 6:02d}.44{county:04d}.44{county:04d}{number:06d}.")
        for counted in CHANNELS:
            mean = float(np.exp(generator.normal(0.5, 1.5)))
            series.append(
                CountSeries(
                    area=area, stream=Stream(disease="respiratory", counted=counted), first_day=first,
                    counts=tuple(generator.poisson(mean, days).tolist()),
                )
            )  # fmt: skip
    sick = [
        i
        for i, one in enumerate(series)
        if i % len(CHANNELS) < 3 and i // len(CHANNELS) in (700, 701, 1500)
    ]
    for row in sick:
        one = series[row]
        counts = [*one.counts[:-5], *((c or 0) + 9 for c in one.counts[-5:])]
        series[row] = CountSeries(
            area=one.area, stream=one.stream, first_day=first, counts=tuple(counts)
        )
    calendar = read_calendar()
    places = sorted({one.area for one in series})
    touching = {
        area: tuple(
            places[j] for j in (i - 40, i - 1, i + 1, i + 40) if 0 <= j < len(places)
        )
        for i, area in enumerate(places)
    }  # fmt: skip
    began, spent = perf_counter(), process_time()
    judged = streams.judge_streams(series, until=last, calendar=calendar)
    print(
        f"{len(series):,} streams and their sums judged: {perf_counter() - began:.1f} s, {process_time() - spent:.1f} CPU s"
    )
    began, spent = perf_counter(), process_time()
    found = streams.picture(judged, calendar=calendar)
    print(
        f"one picture: {perf_counter() - began:.1f} s, {process_time() - spent:.1f} CPU s; {found.family:,} p-values, {len(found.findings)} findings"
    )
    began, spent = perf_counter(), process_time()
    for day in judged.days[-14:-1]:
        streams.picture(judged, day=day, calendar=calendar)
    print(f"thirteen more days: {perf_counter() - began:.1f} s, {process_time() - spent:.1f} CPU s")
    began, spent = perf_counter(), process_time()
    groups = streams.clusters(judged, cell=len(judged.days) - 1, neighbours=touching)
    print(
        f"space-time scan of {streets:,} streets: {perf_counter() - began:.1f} s, {process_time() - spent:.1f} CPU s; {groups}"
    )
    for one in found.findings:
        print(one.explanation.en)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


if __name__ == "__main__":
    main()
