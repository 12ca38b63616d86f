"""Steps of many zones in compiled loops; `rules/zones.py` says what is right, `rules/many.py` prepares the columns."""

from typing import Any

import numpy as np
from numba import njit

NONE = np.iinfo(np.int64).max
MOST_STEPS = 8


@njit(cache=True)
def eligible(
    since: Any, quiet: Any, window: Any, contacts: Any, clear: Any, rounds: Any, low: Any, high: Any
) -> Any:
    """Return when a clock that began at `since` is complete, `NONE` while a guard is missing."""
    ends = since + quiet
    latest = ends
    if window >= 0:
        opens = max(since, ends - window)
        done = NONE
        for i in range(low, high):
            if rounds[i, 1] >= opens:
                done = rounds[i, 0]
                break
        if done == NONE:
            return NONE
        latest = max(latest, done)
    if contacts:
        if clear == NONE:
            return NONE
        latest = max(latest, clear)
    return latest


@njit(cache=True)
def complete(
    since: Any, quiet: Any, window: Any, contacts: Any, clear: Any, rounds: Any, low: Any, high: Any,
    infections: Any, first: Any, last: Any, spares: Any, in_force: Any,
) -> Any:  # fmt: skip
    """Return when a clock is complete after all resets, as `primitives.run_clock`; a book that came later ends nothing before `in_force`."""
    running = since
    for i in range(first, last):
        if infections[i, 0] < since or infections[i, 2] & spares:
            continue
        due = eligible(running, quiet, window, contacts, clear, rounds, low, high)
        if due != NONE and infections[i, 0] >= max(due, in_force):
            break
        running = max(running, infections[i, 1])
    return eligible(running, quiet, window, contacts, clear, rounds, low, high)


@njit(cache=True)
def earliest(
    z: Any, s: Any, start: Any, since: Any, applies: Any, oldest: Any, clear: Any, first_infection: Any,
    infections: Any, first_round: Any, rounds: Any, adopted: Any, quiet: Any, window: Any, contacts: Any, spares: Any,
) -> Any:  # fmt: skip
    """Return the earliest instant at which some book that applies makes the stage complete."""
    at = NONE
    for k in range(adopted.size):
        if not applies[k] or quiet[k, s] < 0:
            continue
        due = complete(
            since, quiet[k, s], window[k, s], contacts[k, s], clear[z], rounds, first_round[z], first_round[z + 1],
            infections, first_infection[z], first_infection[z + 1], spares[k], since if k == oldest else adopted[k],
        )  # fmt: skip
        if due != NONE:
            at = min(at, max(due, start if k == oldest else adopted[k]))
    return at


@njit(cache=True)
def ruled(
    stage: Any, clock: Any, begun: Any, held: Any, clear: Any, first_infection: Any, infections: Any,
    first_round: Any, rounds: Any, adopted: Any, quiet: Any, window: Any, contacts: Any, to: Any, spares: Any,
    allowed: Any, known: Any, forbidden: Any, gone: Any, shorter: Any, after: Any, ended: Any,
) -> Any:  # fmt: skip
    """Return for every zone the number of steps, and of each the stage, the instant and the book."""
    size, books = stage.size, adopted.size
    count = np.zeros(size, np.int64)
    steps_to = np.zeros((size, MOST_STEPS), np.int64)
    steps_at = np.zeros((size, MOST_STEPS), np.int64)
    steps_book = np.zeros((size, MOST_STEPS), np.int64)
    for z in range(size):
        s, start, since = stage[z], clock[z], begun[z]
        b = max(0, np.searchsorted(adopted, start, side="right") - 1)
        applies = np.zeros(books, np.bool_)
        applies[b] = True
        oldest = b
        while count[z] < MOST_STEPS:
            if not allowed[b, s] and (known[s] or forbidden[b]):
                step_to = gone[b] if known[s] else ended
                at = max(adopted[b], start)
            else:
                step_to = to[b, s]
                at = earliest(
                    z, s, start, since, applies, oldest, clear, first_infection, infections, first_round, rounds,
                    adopted, quiet, window, contacts, spares,
                )  # fmt: skip
            last = b + 1 == books
            if at != NONE and (last or at <= adopted[b + 1]):
                if held[z] <= at and held[z] != NONE:
                    break
                n = count[z]
                steps_to[z, n], steps_at[z, n], steps_book[z, n] = step_to, at, b
                count[z] += 1
                s = after[2] if s == after[0] and step_to == after[1] else step_to
                start = since = at
                applies[:] = False
                applies[b] = True
                oldest = b
                if quiet[b, s] < 0:
                    break
            elif not last:
                b += 1
                applies[b] = shorter[b]
            else:
                break
    return count, steps_to, steps_at, steps_book
