"""How often the default alarms on quiet days, how many of its alarms are false, and how it sees through the festival."""

import resource
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from yipan.analytics.detect.baseline import STANDARD, WEEKLY, baseline_matrix
from yipan.analytics.detect.fusion import discoveries, stouffer_p
from yipan.analytics.detect.rehearsal import quiet_streams
from yipan.model import Interval
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
    """Print the tables named, all where none is."""
    tables = (alarm_rates, weekly_rates, false_alarms, together, workload, festival, lasting)
    for table in tables:
        if not sys.argv[1:] or table.__name__ in sys.argv[1:]:
            table()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


def tail_of(
    counts: NDArray[np.float64], mean: NDArray[np.float64], dispersion: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mid-p of one who knows the law of every count: what the best detector could say."""
    wide = dispersion > 1
    size = np.where(wide, mean / np.where(wide, dispersion - 1, 1.0), 1.0)
    share = np.where(wide, 1 / dispersion, 0.5)
    return np.where(
        wide,
        stats.nbinom.sf(counts, size, share) + stats.nbinom.pmf(counts, size, share) / 2,
        stats.poisson.sf(counts, mean) + stats.poisson.pmf(counts, mean) / 2,
    )


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


def weekly_rates() -> None:
    """The same for weekly streams, young and old, without and with a season and a trend of their own."""
    weeks = 6 * 52
    t = np.arange(weeks)
    for season, trend in ((0.0, 0.0), (0.3, 0.0), (0.3, 0.1)):
        generator = np.random.default_rng(2)
        base = np.exp(generator.uniform(np.log(0.05), np.log(500), 1_500))
        phi = generator.choice([1.0, 1.5, 2.0, 3.0], 1_500)[:, None]
        phase = generator.uniform(0, 2 * np.pi, (1_500, 1))
        slope = trend * generator.normal(0, 1, (1_500, 1))
        mean = base[:, None] * np.exp(
            season * np.cos(2 * np.pi * t / 52.18 + phase) + slope * t / 52
        )
        over = np.maximum(phi - 1, 1e-9)
        rate = np.where(phi > 1, generator.gamma(mean / over) * over, mean)
        counts = generator.poisson(rate).astype(float)
        found = baseline_matrix(
            counts, first_day=date(2017, 1, 2), interval=Interval.WEEK, columns=range(60, weeks),
            thresholds=0, options=WEEKLY,
        )  # fmt: skip
        for told, columns in (
            ("second year", slice(0, 44)),
            ("third", slice(44, 96)),
            ("later", slice(96, None)),
        ):
            print(
                f"weekly, season {season:g}, trend sd {trend:g} a year, {told}: p <= .05 .01 .005 .001"
            )
            for low, high in pairwise(BINS):
                rows = (base >= low) & (base < high)
                p = found.p_value[rows][:, columns]
                shares = "  ".join(
                    f"{(p <= a).mean() / a:4.2f}" for a in (0.05, 0.01, 0.005, 0.001)
                )
                print(f"  mean {low:6g} to {high:6g} ({rows.sum():4d} streams): {shares}")


def false_alarms() -> dict[str, dict[str, Any]]:
    """
    20,000 streams, BH at 10 % every day, 200 outbreaks of 14 days.

    The size is the peak in standard deviations of the count of that stream on that day, its over-dispersion and weekday included. Told
    apart: an outbreak that is one day's count only (one look), and one that runs its course (found within so many days of its first).
    """
    days, streams = 2 * 365, 20_000
    curve = np.exp(-((np.log((np.arange(14) + 0.5) / 4.0)) ** 2) / (2 * 0.5**2))
    answer: dict[str, dict[str, Any]] = {}
    for end, told in (
        (date(2023, 4, 15), "ordinary weeks"),
        (date(2023, 2, 2), "through Spring Festival"),
    ):
        first = end - timedelta(days=days - 1)
        generator = np.random.default_rng(3)
        quiet = quiet_streams(
            streams, first_day=first, days=days, generator=generator, calendar=CHINA
        )
        hit = generator.choice(streams, 600, replace=False)
        parts = dict(zip((3, 5, 10), np.split(hit, 3), strict=True))
        counts, single = quiet.counts.copy(), quiet.counts.copy()
        for size, rows in parts.items():
            sd = np.sqrt(quiet.dispersion[rows, None] * quiet.mean[rows, -14:])
            counts[rows, -14:] += generator.poisson(size * sd * curve)
            single[rows, -1] += np.round(size * sd[:, -1])
        asked = {"first_day": first, "calendar": CHINA, "thresholds": 0}
        p = baseline_matrix(counts, columns=range(days - 14, days), **asked).p_value
        alarm = np.stack([discoveries(p[:, d]) for d in range(14)], axis=1)
        sick = np.zeros(streams, bool)
        sick[hit] = True
        false = alarm[~sick].sum() / max(alarm.sum(), 1)
        print(
            f"BH 10 %, {streams:,} streams, {told}: {alarm.sum() / 2:.0f} alarms a week, false {false:.1%}"
        )
        once = baseline_matrix(single, columns=[days - 1], **asked).p_value[:, 0]
        look = discoveries(once)
        once_false = look[~sick].sum() / max(look.sum(), 1)
        print(f"  one look at a single day: false {once_false:.1%}")
        answer[told] = {
            "false": false, "false_once": once_false, "once": {size: look[rows].mean() for size, rows in parts.items()},
            "found": {
                size: {n: alarm[rows, :n].any(axis=1).mean() for n in (3, 5, 7, 14)} for size, rows in parts.items()
            },
        }  # fmt: skip
        for size, rows in parts.items():
            within = "  ".join(
                f"{n}: {alarm[rows, :n].any(axis=1).mean():.1%}" for n in (3, 5, 7, 14)
            )
            by_mean = "  ".join(
                f"{low:g} to {high:g}: {look[chosen].mean():.0%} ({len(chosen)})"
                for low, high in pairwise(BINS)
                if len(chosen := rows[(quiet.base[rows] >= low) & (quiet.base[rows] < high)])
            )
            print(f"  {size:2d} sd: found within days {within}; one look {look[rows].mean():.1%}")
            print(f"     one look by mean (outbreaks): {by_mean}")
    return answer


def together() -> None:
    """What three channels of an area, and three areas that touch, add: the same outbreaks asked one by one and together."""
    areas, days, end = 6_000, 2 * 365, date(2022, 11, 10)
    first = end - timedelta(days=days - 1)
    generator = np.random.default_rng(4)
    quiet = quiet_streams(
        3 * areas, first_day=first, days=days, generator=generator, calendar=CHINA, base=(0.5, 50.0)
    )
    curve = np.exp(-((np.log((np.arange(14) + 0.5) / 4.0)) ** 2) / (2 * 0.5**2))
    hit = generator.choice(areas, 200, replace=False)
    rows = (3 * hit[:, None] + np.arange(3)).ravel()
    for size in (2, 3, 5):
        counts = quiet.counts.copy()
        sd = np.sqrt(quiet.dispersion[rows, None] * quiet.mean[rows, -14:])
        counts[rows, -14:] += np.random.default_rng(size).poisson(size * sd * curve)
        p = baseline_matrix(
            counts, first_day=first, calendar=CHINA, columns=range(days - 14, days), thresholds=0
        ).p_value.reshape(areas, 3, 14)
        ways = {
            "one channel (or area)": lambda d, p=p: p[:, 0, d],
            "any of three": lambda d, p=p: np.nanmin(p[:, :, d], axis=1) * 3,
            "three together": lambda d, p=p: stouffer_p(p[:, :, d], correlation=np.eye(3)),
        }
        for told, way in ways.items():
            alarm = np.stack([discoveries(np.minimum(way(d), 1)) for d in range(14)], axis=1)
            sick = np.zeros(areas, bool)
            sick[hit] = True
            delay = np.where(alarm[hit].any(axis=1), alarm[hit].argmax(axis=1), 14).mean()
            print(
                f"peak {size} sd in each of three, BH 10 % over {areas:,}, {told}: found {alarm[hit].any(axis=1).mean():.1%}, "
                f"after {delay:.1f} days, false {alarm[~sick].sum() / max(alarm.sum(), 1):.1%}"
            )


def workload(yearly_rates: Sequence[float] = (0.0, 0.1, 0.5)) -> dict[float, float]:
    """An ordinary fortnight of 20,000 streams in 122 counties: signals of the desk per county and week, and how many would be true."""
    streams, days, counties = 20_000, 2 * 365, 122
    first = date(2022, 11, 10) - timedelta(days=days - 1)
    generator = np.random.default_rng(6)
    quiet = quiet_streams(streams, first_day=first, days=days, generator=generator, calendar=CHINA)
    county = generator.integers(0, counties, streams)
    curve = np.exp(-((np.log((np.arange(14) + 0.5) / 4.0)) ** 2) / (2 * 0.5**2))
    signals = {}
    for yearly in yearly_rates:
        counts = quiet.counts.copy()
        begun = generator.random(streams) < yearly * 28 / 365
        start = days - 28 + generator.integers(0, 15, streams)
        for row in np.flatnonzero(begun):
            sd = np.sqrt(quiet.dispersion[row] * quiet.mean[row, start[row] : start[row] + 14])
            counts[row, start[row] : start[row] + 14] += generator.poisson(5 * sd * curve)
        p = baseline_matrix(
            counts, first_day=first, calendar=CHINA, columns=range(days - 28, days), thresholds=0
        ).p_value
        alarm = np.stack([discoveries(p[:, d]) & (p[:, d] <= 0.005) for d in range(28)], axis=1)
        new = alarm.copy()
        for back in range(1, 8):  # one signal until a week of quiet
            new[:, back:] &= ~alarm[:, :-back]
        per_county = np.bincount(np.repeat(county, new.sum(axis=1)), minlength=counties) / 4
        signals[yearly] = float(new.sum() / 4)
        inside = np.zeros_like(new)
        for row in np.flatnonzero(begun):
            since = start[row] - (days - 28)
            inside[row, since : since + 14] = True
        true = (new & inside).sum() / max(new.sum(), 1)
        print(
            f"{yearly:g} outbreaks of 5 sd per stream and year: {new.sum() / 4:.0f} signals a week, per county {per_county.mean():.2f} "
            f"(most {per_county.max():.1f}), predictive value {true:.0%}; without false discovery control "
            f"{(p <= 0.005).sum() / 4 / counties:.1f} per county and week"
        )
    return signals


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
    sick = quiet.counts[:, columns] + np.round(4 * sd)
    seen = sick > found.threshold
    known = tail_of(sick, quiet.mean[:, columns], quiet.dispersion[:, None])
    for kind in np.unique(found.day_kind[0]):
        at = found.day_kind[0] == kind
        cells = []
        for low, high in ((1, 5), (5, 20), (20, 100), (100, 501)):
            rows = (quiet.base >= low) & (quiet.base < high)
            cells.append(
                f"{low}-{high}: {seen[rows][:, at].mean():.2f} of {(known[rows][:, at] <= 0.005).mean():.2f} / {found.alarm[rows][:, at].mean():.2%}"
            )
        print(
            f"4 sd on one day found, of what one who knows the law finds / false alarms, {KINDS[kind]} days ({at.sum()}): "
            + "; ".join(cells)
        )


def lasting() -> None:
    """What the desk sees of a rise that lasts (2, 3 and 5 sd a week for ten weeks; 1, 2 and 3 sd a day for six): as it stands, and set back after each alarm."""
    ways = (
        ("weekly", 5 * 52, 10, 1, (2, 3, 5), WEEKLY, Interval.WEEK),
        ("daily", 600, 42, 7, (1, 2, 3), STANDARD, Interval.DAY),
    )
    for told, length, lasts, rest, sizes, options, interval in ways:
        generator = np.random.default_rng(3)
        base = np.exp(generator.uniform(np.log(1), np.log(100), 400))[:, None]
        phi = generator.choice([1.0, 1.5, 2.0, 3.0], 400)[:, None]
        mean, over = np.repeat(base, length, axis=1), np.maximum(phi - 1, 1e-9)
        rate = np.where(phi > 1, generator.gamma(mean / over) * over, mean)
        quiet = generator.poisson(rate).astype(float)
        for size in sizes:
            counts = quiet.copy()
            counts[:, -lasts:] += generator.poisson(size * np.sqrt(base * phi) * np.ones(lasts))
            for anew in (False, True):
                alarm = baseline_matrix(
                    counts, first_day=date(2018, 1, 1), interval=interval, thresholds=0,
                    columns=range(length - lasts, length), options=replace(options, begin_anew=anew),
                ).alarm  # fmt: skip
                found, first = alarm.any(axis=1), alarm.argmax(axis=1)
                new = alarm.copy()
                for back in range(1, rest + 1):
                    new[:, back:] &= ~alarm[:, :-back]
                after = np.arange(lasts) >= first[:, None]
                print(
                    f"{told}, {size} sd for {lasts}, {'set back' if anew else 'as it stands'}: found {found.mean():.0%} after "
                    f"{np.where(found, first, lasts).mean():.1f}, alarming in {alarm[found].sum() / after[found].sum():.0%} of the rest, "
                    f"told {new[found].sum(axis=1).mean():.2f} times"
                )


if __name__ == "__main__":
    main()
