"""CUSUM, likelihood-ratio and generalised likelihood-ratio charts over 100,000 daily streams."""

import resource
from time import perf_counter, process_time

import numpy as np

from yipan.analytics.detect import sequential


def main() -> None:
    """Print seconds, time per stream and the ratio to the plain form."""
    generator = np.random.default_rng(20221027)
    mean = np.exp(generator.normal(1, 1, (100_000, 1))) * np.ones(60)
    counts = generator.poisson(mean).astype(float)
    sample = range(0, 100_000, 2_500)
    charts = {
        "CUSUM": (
            lambda y, m: sequential.cusum_matrix(y, expected=m),
            lambda y, m: sequential.cusum(y, expected=m),
        ),
        "LR": (
            lambda y, m: sequential.lr_matrix(y, expected=m, rise=0.7),
            lambda y, m: sequential.lr_chart(y, expected=m, rise=0.7),
        ),
        "GLR Poisson": (
            lambda y, m: sequential.glr_matrix(y, expected=m),
            lambda y, m: sequential.glr_chart(y, expected=m),
        ),
        "GLR negative binomial, window 8": (
            lambda y, m: sequential.glr_matrix(
                y, expected=m, overdispersion=0.2, window=8, thresholds=False
            ),
            lambda y, m: sequential.glr_chart(y, expected=m, overdispersion=0.2, window=8),
        ),
    }
    for name, (fast_form, plain_form) in charts.items():
        fast_form(counts[:2], mean[:2])  # compiled once
        began, spent = perf_counter(), process_time()
        verdicts = fast_form(counts, mean)
        fast, spent = perf_counter() - began, process_time() - spent
        began = perf_counter()
        plain = [sum(plain_form(counts[i].tolist(), mean[i].tolist()).alarm) for i in sample]
        slow = (perf_counter() - began) / len(sample)
        assert plain == [int(verdicts.alarm[i].sum()) for i in sample]
        each = fast / len(counts)
        print(
            f"{name}, 100,000 x 60 days: {fast:.2f} s, {spent:.2f} CPU s; {each * 1e6:.0f} us a stream, "
            f"plain {slow * 1e6:.0f} us: {slow / each:.0f} x"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


if __name__ == "__main__":
    main()
