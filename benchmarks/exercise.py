"""
The whole system judged: the same hidden outbreaks played by the board's proposals, by its smaller ones, by hand and by nobody.

`python benchmarks/exercise.py [seeds] [days] [ten times R]` plays each seed four ways in throw-away folders and prints the
scores.
"""

import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time

from yipan.operations import exercise
from yipan.operations.exercise import Mode


def main(seeds: int, days: int, tenths: int) -> None:
    """Print a line for each seed and way of playing."""
    print(
        "seed  played        infections  found  in time  person-days in zones   excess  in quarantine  people sampled  detected after"
        "  zero after  cities  CPU s/day"
    )
    for seed in range(1, seeds + 1):
        for mode in Mode:
            with tempfile.TemporaryDirectory(prefix="yipan-exercise-") as place:
                folder = Path(place) / "exercise"
                exercise.create(
                    folder, pack_key="guangdong", seed=seed, first_day=date(2022, 10, 1), days=days,
                    reproduction_number=tenths / 10, infections=8,
                )  # fmt: skip
                began = process_time()
                post = exercise.open_record(folder, clock=lambda: datetime.now(UTC))
                try:
                    for _ in exercise.play(folder, post, mode=mode):
                        pass
                    found = exercise.score(folder, post)
                finally:
                    post.store.close()
                    if post.store.server is not None:
                        post.store.server.stop()
                print(
                    f"{seed:4}  {mode.value:12} {found.infections:10,} {found.reported:6,} "
                    f"{found.found_before_spread:8.2f} {found.restricted_days:21,} {found.excess_days:8,} {found.quarantine_days:14,} "
                    f"{found.people_sampled:15,} "
                    f"{found.days_to_detection if found.days_to_detection is not None else 'never':>15} "
                    f"{found.days_to_zero if found.days_to_zero is not None else 'not yet':>11} "
                    f"{found.spilled_cities + 1:7} {(process_time() - began) / days:10.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [2, 14, 25][len(given) :]))
