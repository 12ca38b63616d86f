"""EARS over a province: the matrix form beside the plain one in the same run."""

import resource
import sys
from datetime import date
from time import perf_counter

import numpy as np

from yipan.analytics.detect.ears import ears_c2, ears_matrix
from yipan.model import Counted, CountSeries, Stream

VISITS = Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS)


def main() -> None:
    """Print seconds, time per stream, the ratio to the plain form and the peak memory."""
    generator = np.random.default_rng(20221027)
    for streams, days in ((100_000, 60), (20_000, 5 * 365)):
        mean = np.exp(generator.normal(1, 1.5, (streams, 1)))
        counts = generator.poisson(mean, (streams, days)).astype(float)
        counts[generator.random((streams, days)) < 0.01] = np.nan
        for method in ("C1", "C2", "C3"):
            began = perf_counter()
            verdicts = ears_matrix(counts, method=method)
            fast = perf_counter() - began
            line = f"EARS {method}, {streams:,} streams x {days:,} days: {fast:.2f} s"
            if method == "C2":
                line += _beside_plain(counts, fast, verdicts.alarm)
            print(line)
        del counts, verdicts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / (1 << 30 if sys.platform == 'darwin' else 1 << 20):.2f} GiB")


def _beside_plain(counts: np.ndarray, fast: float, alarm: np.ndarray) -> str:
    sample = range(0, len(counts), len(counts) // 40)
    series = [
        CountSeries(
            area="44.",
            stream=VISITS,
            first_day=date(2018, 1, 1),
            counts=tuple(None if np.isnan(c) else int(c) for c in counts[i]),
        )
        for i in sample
    ]
    began = perf_counter()
    found = [len(ears_c2(one)) for one in series]
    slow = (perf_counter() - began) / len(series)
    assert found == [int(alarm[i].sum()) for i in sample]
    each = fast / len(counts)
    return f"; {each * 1e6:.0f} us a stream, plain {slow * 1e6:.0f} us: {slow / each:.0f} x"


if __name__ == "__main__":
    main()
