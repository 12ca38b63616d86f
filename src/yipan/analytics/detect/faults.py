"""Faults of data that a person would see in the curve: stated, so that a signal is not chased into the field."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .verdicts import Floats


class FaultKind(StrEnum):
    """What is wrong with a series, or looks so."""

    ALL_MISSING = "all_missing"
    ALL_ZERO = "all_zero"
    ONE_VALUE = "one_value"
    CONSTANT = "constant"
    TYPO = "typo"
    WEEKLY_IN_DAILY = "weekly_in_daily"
    BEGAN_INSIDE = "began_inside"
    ENDED_INSIDE = "ended_inside"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault in one series: its row, its kind, and the position it is about, None where it is about the whole."""

    row: int
    kind: FaultKind
    position: int | None = None


_TYPO_TIMES = 50.0
_TYPO_LEAST = 1000.0
_CONSTANT_DAYS = 21
_ZERO_DAYS = 56
_OUTAGE_DAYS = 3


def series_faults(counts: Floats, *, daily: bool = True) -> tuple[Fault, ...]:
    """
    Return what is wrong, or looks so, with each row of a matrix of counts (series, intervals), NaN where nobody reported.

    A typo is a value over 50 times the largest other one and over 1,000; a constant series repeats one value above zero on 21 and more days; weekly
    values in a daily file fall on one weekday only; an outage is three and more zeros in a row up to the newest
    value in a series whose median is over 5 and that had no such run before. None of these is an error: each is said beside the signal.

    >>> [fault.kind.value for fault in series_faults(np.array([[4.0, 5, 1e6, 4, 6, 5]]))]
    ['typo']
    """
    found: list[Fault] = []
    for row in np.flatnonzero(_doubtful(np.asarray(counts, dtype=float))).tolist():
        found += row_faults(row, counts[row], daily=daily)
    return tuple(found)


def _doubtful(counts: Floats) -> NDArray[np.bool_]:
    """Return which rows may have a fault and are worth a closer look; none that has one is left out."""
    rows, width = counts.shape
    if not width:
        return np.ones(rows, bool)
    seen = ~np.isnan(counts)
    reported = seen.sum(axis=1)
    filled = np.where(seen, counts, 0.0)
    total, most = filled.sum(axis=1), filled.max(axis=1)
    first, last = seen.argmax(axis=1), width - 1 - seen[:, ::-1].argmax(axis=1)
    least = np.where(seen, counts, np.inf).min(axis=1)
    newest = filled[np.arange(rows), last]
    weekdays = np.stack([(filled[:, day::7] > 0).any(axis=1) for day in range(min(7, width))])
    asked = np.stack([seen[:, day::7].any(axis=1) for day in range(min(7, width))])
    return np.asarray(
        (reported <= 1) | (total == 0) | (least == most) | (most > _TYPO_LEAST)
        | ((newest == 0) & (most > 5))
        | (weekdays.sum(axis=0) == 1) | (asked.sum(axis=0) == 1)
        | (first > 0.2 * width) | (width - last > max(7, 0.05 * width))
    )  # fmt: skip


def row_faults(row: int, series: Floats, *, daily: bool = True) -> tuple[Fault, ...]:
    """
    Return what is wrong, or looks so, with one series; see `series_faults`.

    >>> [fault.kind.value for fault in row_faults(0, np.array([3.0] * 30))]
    ['constant']
    """
    found: list[Fault] = []
    at = np.flatnonzero(~np.isnan(series))
    if not len(at):
        found.append(Fault(row=row, kind=FaultKind.ALL_MISSING))
        return tuple(found)
    values = series[at]
    if len(at) == 1:
        found.append(Fault(row=row, kind=FaultKind.ONE_VALUE, position=int(at[0])))
        return tuple(found)
    found += _of_values(row, at, values)
    if daily and len(at) >= 6 and len(series) >= 42 and len(set((at % 7).tolist())) == 1:
        found.append(Fault(row=row, kind=FaultKind.WEEKLY_IN_DAILY))
    elif daily and len(series) >= 56:
        filled = np.flatnonzero(np.nan_to_num(series) > 0)
        if len(filled) >= 8 and len(set((filled % 7).tolist())) == 1:
            found.append(Fault(row=row, kind=FaultKind.WEEKLY_IN_DAILY))
    if at[0] > 0.2 * len(series):
        found.append(Fault(row=row, kind=FaultKind.BEGAN_INSIDE, position=int(at[0])))
    if len(series) - at[-1] > max(7, 0.05 * len(series)):
        found.append(Fault(row=row, kind=FaultKind.ENDED_INSIDE, position=int(at[-1])))
    return tuple(found)


def _of_values(row: int, at: Sequence[int] | np.ndarray, values: Floats) -> list[Fault]:
    found: list[Fault] = []
    if not values.any():
        if len(values) >= _ZERO_DAYS:
            found.append(Fault(row=row, kind=FaultKind.ALL_ZERO))
        return found
    if len(values) >= _CONSTANT_DAYS and np.ptp(values) == 0:
        found.append(Fault(row=row, kind=FaultKind.CONSTANT))
    highest = int(values.argmax())
    others = np.delete(values, highest)
    if values[highest] > _TYPO_LEAST and values[highest] > _TYPO_TIMES * max(
        float(others.max()), 1.0
    ):
        found.append(Fault(row=row, kind=FaultKind.TYPO, position=int(at[highest])))
    zeros = 0
    while zeros < len(values) and values[len(values) - 1 - zeros] == 0:
        zeros += 1
    before = values[: len(values) - zeros]
    if zeros >= _OUTAGE_DAYS and len(before) >= 14 and float(np.median(before)) > 5:
        runs = _longest_zero_run(before)
        if runs < _OUTAGE_DAYS:
            found.append(
                Fault(row=row, kind=FaultKind.OUTAGE, position=int(at[len(values) - zeros]))
            )
    return found


def _longest_zero_run(values: Floats) -> int:
    longest = run = 0
    for value in values:
        run = run + 1 if value == 0 and not math.isnan(value) else 0
        longest = max(longest, run)
    return longest
