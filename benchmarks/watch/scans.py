"""
Prospective space-time scans with 999 replicates, beside the plain scores: `scans.py [counties] [streets]`.

The zones are circles around each place; how long it takes to draw them is printed by itself, for they are drawn once.
"""

import resource
import sys
from time import perf_counter, process_time

import numpy as np

from yipan.analytics.detect import scan

SETTINGS = {"counties": (122, 60, 0.5, 30), "streets": (1_757, 30, 0.05, 7)}
"""Places, days, largest share of the people in a zone, longest window."""


def main() -> None:
    """Print seconds for the scan with replicates, and for one pass of the plain form."""
    for name in sys.argv[1:] or list(SETTINGS):
        section(*SETTINGS[name])
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


def section(places: int, days: int, share: float, longest: int) -> None:
    """Print one size under each null."""
    generator = np.random.default_rng(20221027)
    where = generator.random((places, 2)) * 500
    distance = np.hypot(*(np.subtract.outer(where[:, k], where[:, k]) for k in (0, 1)))
    people = np.exp(generator.normal(10, 1, places))
    mean = people[:, None] / people.sum() * 60 * np.ones(days)
    counts = generator.poisson(mean).astype(float)
    spent = process_time()
    zones = scan.circular_zones(distance, population=people, largest_share=share)
    print(f"{len(zones):,} zones of {places:,} places drawn: {process_time() - spent:.1f} CPU s")
    small = zones[:: max(1, len(zones) // 200)]
    for model in ("permutation", "poisson", "expectation"):
        asked = {"longest": longest, "model": model, "exposure": mean}
        scan.scan(counts, small, generator=generator, replicates=40, **asked)  # compiled
        began, spent = perf_counter(), process_time()
        found = scan.scan(
            counts, zones, generator=np.random.default_rng(1), replicates=999, most=5, **asked
        )
        fast, spent = perf_counter() - began, process_time() - spent
        began = process_time()
        scan.scan_windows(counts, small, **asked)
        slow = (process_time() - began) * len(zones) / len(small)
        print(
            f"scan, {model}, {places:,} places x {days} days, {len(zones):,} zones x {longest} "
            f"lengths, 999 replicates: {fast:.2f} s, {spent:.2f} CPU s (p {found[0].p_value if found else 1:.3f}); "
            f"plain form, one pass: {slow:.2f} CPU s, {slow * 1000 / spent:,.0f} x for the same 1,000 passes"
        )


if __name__ == "__main__":
    main()
