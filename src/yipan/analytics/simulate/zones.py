"""The clock of a zone as a machine of whole days: what the kernel runs, and what the protocol's ruling judges."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .draws import Ints, Whole, helper, table_of
from .measures import Strategy, ZoneRule, Zoning, means_of
from .province import Province

HIGH, MEDIUM, AFTER_HIGH, ENDED = 2, 1, 3, 0
"""Stages: high, medium drawn as such, medium that was high before, ended (low)."""
_FAR = 1 << 30


@helper
def stage_due(
    stage: Whole, clock: Whole, round_done: Whole, book: Whole, current: Whole, rules: Ints,
) -> Whole:  # fmt: skip
    """
    Return the first day on which a stage may step down by what is known, a far day where it may not yet.

    `clock` is the day it started or was last reset, `round_done` the day on which the last all-negative round of the
    zone was complete (-1: none), `book` the rule in force when the stage began, `current` the newest in force.
    """
    best = 1 << 30
    for v in range(book, current + 1):
        if stage != 2 and rules[v, 10] == 0:
            best = min(best, max(rules[v, 0], clock))
            continue
        if v > book and rules[v, 7] == 0:
            continue
        quiet = rules[v, 1] if stage == 2 else (rules[v, 5] if stage == 1 else rules[v, 4])
        if quiet < 0:
            continue
        due = clock + quiet
        need = rules[v, 2] if stage == 2 else (rules[v, 6] if stage == 1 else 0)
        if need == 1:
            if round_done < max(due - 1, clock):
                continue
            due = max(due, round_done)
        if v > book:
            due = max(due, rules[v, 0])
        best = min(best, due)
    return best


@helper
def next_stage(stage: Whole, current: Whole, rules: Ints) -> int:
    """Return the stage that follows a step down under the newest rule."""
    if stage == 2 and rules[current, 3] == 1 and rules[current, 10] == 1:
        return 3
    return 0


@helper
def version_on(rules: Ints, day: Whole) -> int:
    """Return the newest rule in force on a day; the first before any is."""
    current = 0
    for v in range(rules.shape[0]):
        if rules[v, 0] <= day:
            current = v
    return current


@table_of
def _levels(
    stage: Whole, rules: Ints, found: NDArray[np.bool_], round_done: NDArray[np.bool_], days: Whole,
) -> Ints:  # fmt: skip
    out = np.zeros(days, np.int64)
    clock: Whole = 0
    book = version_on(rules, 0)
    done = -1
    for d in range(days):
        if stage != 0 and d > 0:
            if round_done[d] and not found[d]:
                done = d
            current = version_on(rules, d)
            while stage != 0:
                due = stage_due(stage, clock, done, book, current, rules)
                if due > d:
                    break
                stage = next_stage(stage, current, rules)
                clock = due
                book = current
                done = -1
            if stage != 0 and found[d]:
                clock = d
                done = -1
        out[d] = 2 if stage == 2 else (0 if stage == 0 else 1)
    return out


def levels(
    stage: int,
    rules: Sequence[ZoneRule],
    *,
    found: Sequence[int],
    rounds: Sequence[int],
    days: int,
    province: Province,
) -> tuple[int, ...]:
    """
    Return the level (2 high, 1 medium, 0 low) of one zone on each day, as the kernel would keep it.

    The zone is set on day 0; `found` are days on which an infection was found in it, `rounds` days on which a full
    round was complete and all negative.
    """
    means = means_of(Strategy(name="zone", zoning=Zoning(rules=tuple(rules))), province)
    was_found, was_round = np.zeros(days, bool), np.zeros(days, bool)
    was_found[[day for day in found if day < days]] = True
    was_round[[day for day in rounds if day < days]] = True
    return tuple(int(x) for x in _levels(stage, means.zone_rules, was_found, was_round, days))
