"""Flexible Farrington on a province of weekly streams, the newest week, beside the plain form."""

import resource
from datetime import date
from time import perf_counter

import numpy as np

from yipan.analytics.detect.farrington import (
    FLEXIBLE,
    FarringtonOptions,
    farrington,
    farrington_matrix,
)
from yipan.analytics.detect.verdicts import count_matrix
from yipan.model import Counted, CountSeries, Interval, Stream

WEEKLY = Stream(disease="dengue", counted=Counted.LOCAL_CONFIRMED, interval=Interval.WEEK)


def main() -> None:
    """Print seconds, time per stream and the ratio to the plain form."""
    generator = np.random.default_rng(20221027)
    mean = np.exp(generator.normal(0.4, 1.6, (20_000, 1)))
    season = 1 + 0.5 * np.cos(2 * np.pi * np.arange(520) / 52)
    counts = generator.poisson(mean * season).astype(float)
    sample = [
        CountSeries(
            area="44.", stream=WEEKLY, first_day=date(2012, 1, 2), counts=tuple(map(int, row))
        )
        for row in counts[:: 20_000 // 40]
    ]
    dates = [sample[0].day(i) for i in range(520)]
    for name, options in (
        ("predictive limit", FLEXIBLE),
        ("Noufaily's settings", FarringtonOptions(threshold="nbPlugin", trend_p_value=1.0)),
    ):
        began = perf_counter()
        farrington_matrix(counts, dates=dates, options=options)
        fast = perf_counter() - began
        began = perf_counter()
        plain = [len(farrington(one, options=options)) for one in sample]
        slow = (perf_counter() - began) / len(sample)
        twin = farrington_matrix(count_matrix(sample), dates=dates, options=options)
        assert plain == twin.alarm[:, 0].astype(int).tolist()
        each = fast / len(counts)
        print(
            f"Farrington flexible, {name}, 20,000 x 520 weeks, newest week: {fast:.2f} s; "
            f"{each * 1e6:.0f} us a stream, plain {slow * 1e6:.0f} us: {slow / each:.0f} x"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


if __name__ == "__main__":
    main()
