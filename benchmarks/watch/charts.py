"""
Charts over 100,000 daily streams of 60 days with a weekday cycle: `charts.py [cusum] [lr] [poisson] [negative] [limits]`.

`limits` is the negative binomial GLR with, for each day, the count that would have alarmed.
"""

import resource
import sys
from time import perf_counter, process_time

import numpy as np

from yipan.analytics.detect import sequential


def main() -> None:
    """Print seconds, time per stream and the ratio to the plain form."""
    generator = np.random.default_rng(20221027)
    week = np.exp(0.4 * np.sin(np.arange(60) * 2 * np.pi / 7))
    mean = np.exp(generator.normal(1, 1, (100_000, 1))) * week
    counts = generator.negative_binomial(5, 5 / (5 + mean)).astype(float)
    sample = range(0, 100_000, 2_500)
    wide = {"overdispersion": 0.2, "window": 8}

    def plain_glr(y, m):
        return sequential.glr_chart(y, expected=m, **wide)

    charts = {
        "cusum": (
            "CUSUM",
            lambda y, m: sequential.cusum_matrix(y, expected=m),
            lambda y, m: sequential.cusum(y, expected=m),
        ),
        "lr": (
            "LR",
            lambda y, m: sequential.lr_matrix(y, expected=m, rise=0.7),
            lambda y, m: sequential.lr_chart(y, expected=m, rise=0.7),
        ),
        "poisson": (
            "GLR Poisson",
            lambda y, m: sequential.glr_matrix(y, expected=m),
            lambda y, m: sequential.glr_chart(y, expected=m),
        ),
        "negative": (
            "GLR negative binomial, window 8",
            lambda y, m: sequential.glr_matrix(y, expected=m, thresholds=False, **wide),
            plain_glr,
        ),
        "limits": (
            "the same with the count that would have alarmed",
            lambda y, m: sequential.glr_matrix(y, expected=m, **wide),
            plain_glr,
        ),
    }
    for key in sys.argv[1:] or list(charts):
        name, fast_form, plain_form = charts[key]
        fast_form(counts[:2], mean[:2])  # compiled once
        began, spent = perf_counter(), process_time()
        verdicts = fast_form(counts, mean)
        fast, spent = perf_counter() - began, process_time() - spent
        began = process_time()
        plain = [sum(plain_form(counts[i].tolist(), mean[i].tolist()).alarm) for i in sample]
        slow = (process_time() - began) / len(sample)
        assert plain == [int(verdicts.alarm[i].sum()) for i in sample]
        each = spent / len(counts)
        print(
            f"{name}, 100,000 x 60 days: {fast:.2f} s, {spent:.2f} CPU s; {each * 1e6:.0f} CPU us a stream, "
            f"plain {slow * 1e6:.0f} us: {slow / each:.0f} x"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


if __name__ == "__main__":
    main()
