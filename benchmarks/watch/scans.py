"""Prospective space-time scans of counties and streets with 999 replicates, beside the plain scores."""

import resource
from time import perf_counter, process_time

import numpy as np

from yipan.analytics.detect import scan


def main() -> None:
    """Print seconds for the scan with replicates, and for one pass of the plain form."""
    generator = np.random.default_rng(20221027)
    for places, days, share, longest in ((122, 60, 0.5, 30), (1_757, 30, 0.05, 7)):
        where = generator.random((places, 2)) * 500
        distance = np.hypot(*(np.subtract.outer(where[:, k], where[:, k]) for k in (0, 1)))
        people = np.exp(generator.normal(10, 1, places))
        counts = generator.poisson(people[:, None] / people.sum() * 60, (places, days)).astype(
            float
        )
        zones = scan.circular_zones(distance, population=people, largest_share=share)
        small = zones[:: max(1, len(zones) // 200)]
        scan.scan(counts, small, longest=longest, generator=generator, replicates=2)  # compiled
        for model in ("permutation", "poisson"):
            began, spent = perf_counter(), process_time()
            found = scan.scan(
                counts, zones, longest=longest, generator=np.random.default_rng(1), model=model,
                exposure=people, replicates=999, most=5,
            )  # fmt: skip
            fast, spent = perf_counter() - began, process_time() - spent
            began = perf_counter()
            scan.scan_windows(counts, small, longest=longest, model=model, exposure=people)
            slow = (perf_counter() - began) * len(zones) / len(small)
            p = found[0].p_value if found else 1.0
            print(
                f"scan, {model}, {places:,} places x {days} days, {len(zones):,} zones x {longest} "
                f"lengths, 999 replicates: {fast:.2f} s, {spent:.1f} CPU s (p {p:.3f}); plain form, one pass: {slow:.2f} s, "
                f"{slow * 1000 / fast:.0f} x for the same 1,000 passes"
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


if __name__ == "__main__":
    main()
