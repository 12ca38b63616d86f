"""How often the default alarms on quiet days, how many of its alarms are false, and how it sees through the festival."""

import resource
from datetime import date, timedelta
from itertools import pairwise
from time import process_time

import numpy as np

from yipan.analytics.detect.baseline import baseline_matrix
from yipan.analytics.detect.fusion import discoveries
from yipan.analytics.detect.rehearsal import quiet_streams
from yipan.packs import read_calendar

CHINA = read_calendar()
BINS = (0.05, 0.3, 1, 3, 10, 30, 100, 501)
KINDS = (
    "plain",
    "week before",
    "festival",
    "festival",
    "week after",
    "rebound",
    "holiday",
    "made up",
    "first day",
)


def main() -> None:
    """Print the three tables."""
    alarm_rates()
    false_alarms()
    festival()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


def alarm_rates() -> None:
    """How often the p-values of quiet streams of every size lie below what they say."""
    for season, sundays in ((0.0, True), (0.0, False), (0.3, True)):
        days, judged = 4 * 365, 150
        first = date(2023, 4, 15) - timedelta(days=days - 1)
        quiet = quiet_streams(
            1_500, first_day=first, days=days, generator=np.random.default_rng(1), calendar=CHINA,
            season=season, holidays_as_sundays=sundays,
        )  # fmt: skip
        found = baseline_matrix(
            quiet.counts,
            first_day=first,
            calendar=CHINA,
            columns=range(days - judged, days),
            thresholds=0,
        )
        print(
            f"alarm rate over nominal, {judged} days around Spring Festival, season {season:g}, "
            f"holidays {'count as Sundays' if sundays else 'keep their weekday'}: p <= .05 .01 .005 .001"
        )
        for low, high in pairwise(BINS):
            rows = (quiet.base >= low) & (quiet.base < high)
            p = found.p_value[rows]
            shares = "  ".join(f"{(p <= a).mean() / a:4.2f}" for a in (0.05, 0.01, 0.005, 0.001))
            print(f"  mean {low:6g} to {high:6g} ({rows.sum():4d} streams): {shares}")
        for phi in (1.0, 1.5, 2.0, 3.0):
            p = found.p_value[(quiet.dispersion == phi) & (quiet.base >= 1)]
            shares = "  ".join(f"{(p <= a).mean() / a:4.2f}" for a in (0.05, 0.01, 0.005, 0.001))
            print(f"  dispersion {phi:3g}, means from 1: {shares}")


def false_alarms() -> None:
    """20,000 streams, outbreaks of 14 days: BH at 10 % every day; and a single look at a single day."""
    days, streams = 2 * 365, 20_000
    curve = np.exp(-((np.log((np.arange(14) + 0.5) / 4.0)) ** 2) / (2 * 0.5**2))
    for end, told in (
        (date(2023, 4, 15), "ordinary weeks"),
        (date(2023, 2, 2), "through Spring Festival"),
    ):
        first = end - timedelta(days=days - 1)
        generator = np.random.default_rng(3)
        quiet = quiet_streams(
            streams, first_day=first, days=days, generator=generator, calendar=CHINA
        )
        for size in (3, 5, 10):
            counts = quiet.counts.copy()
            hit = generator.choice(streams, 200, replace=False)
            sd = np.sqrt(quiet.dispersion[hit, None] * quiet.mean[hit, -14:])
            counts[hit, -14:] += generator.poisson(size * sd * curve)
            began = process_time()
            found = baseline_matrix(
                counts,
                first_day=first,
                calendar=CHINA,
                columns=range(days - 14, days),
                thresholds=0,
            )
            seconds = process_time() - began
            alarm = np.stack([discoveries(found.p_value[:, d]) for d in range(14)], axis=1)
            sick = np.zeros(streams, bool)
            sick[hit] = True
            alerts, false = alarm.sum() / 2, alarm[~sick].sum() / 2
            delay = np.where(alarm[hit].any(axis=1), alarm[hit].argmax(axis=1), 14)
            print(
                f"BH 10 %, {streams:,} streams, {told}, 200 outbreaks with a peak of {size} sd over 14 days: "
                f"{alerts:.0f} alerts a week, false {false / max(alerts, 1e-9):.1%}; found "
                f"{alarm[hit].any(axis=1).mean():.1%}, after {delay.mean():.1f} days; {seconds:.1f} CPU s"
            )


def festival() -> None:
    """How often 4 sd on a single day lie beyond the limit of their stream, by kind of day."""
    days, judged = 4 * 365, 60
    first = date(2023, 2, 28) - timedelta(days=days - 1)
    quiet = quiet_streams(
        1_500,
        first_day=first,
        days=days,
        generator=np.random.default_rng(5),
        calendar=CHINA,
        base=(1.0, 500.0),
    )
    columns = range(days - judged, days)
    found = baseline_matrix(quiet.counts, first_day=first, calendar=CHINA, columns=columns)
    sd = np.sqrt(quiet.dispersion[:, None] * quiet.mean[:, columns])
    seen = quiet.counts[:, columns] + np.round(4 * sd) > found.threshold
    for kind in np.unique(found.day_kind[0]):
        at = found.day_kind[0] == kind
        cells = []
        for low, high in ((1, 5), (5, 20), (20, 100), (100, 501)):
            rows = (quiet.base >= low) & (quiet.base < high)
            cells.append(
                f"{low}-{high}: {seen[rows][:, at].mean():.2f} / {found.alarm[rows][:, at].mean():.2%}"
            )
        print(
            f"4 sd on one day found / false alarms, {KINDS[kind]} days ({at.sum()}): "
            + "; ".join(cells)
        )


if __name__ == "__main__":
    main()
