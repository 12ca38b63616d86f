"""
Overlaps: who else was where a case was, while it was there. Exact, with durations.

Visits are half-open spans in whole minutes. Those at places no case visited are left aside in one pass; the rest is
sorted by place and beginning, and for each visit of a case one walks back only while an earlier visit could still
last. The cost is that of the sort and of the overlaps found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Visits as arrays of one length: who, where, and from which minute until which (not included)."""

    person: Ints
    place: Ints
    since: Ints
    until: Ints

    def __post_init__(self) -> None:
        if len({self.person.size, self.place.size, self.since.size, self.until.size}) != 1:
            raise ValueError("the arrays of the visits differ in length")
        if self.since.size and np.any(self.until <= self.since):
            number = int(np.flatnonzero(self.until <= self.since)[0])
            raise ValueError(
                f"visit {number} ends at {self.until[number]}, not after {self.since[number]}"
            )

    def __len__(self) -> int:
        """How many there are."""
        return int(self.person.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaps:
    """
    Pairs of overlapping visits by their numbers: `case` is the visit of a case, `other` that of somebody else.

    `since` is the minute at which both are there, `minutes` for how long. In order of case, then other.
    """

    case: Ints
    other: Ints
    since: Ints
    minutes: Ints

    def __len__(self) -> int:
        """How many there are."""
        return int(self.case.size)


def overlaps(
    visits: Visits, cases: Ints | Sequence[int], *, least_minutes: int = 1, linger_minutes: int = 0
) -> Overlaps:
    """
    Return every overlap of at least `least_minutes` between a visit of one of `cases` and one of somebody else.

    `linger_minutes` lets the air of a case linger: others who came up to so many minutes after it left count
    as well, with the minutes that they spent within that span. Raises ValueError for spans below one minute.

    >>> two = Visits(
    ...     person=np.array([1, 2, 3]), place=np.array([7, 7, 8]), since=np.array([0, 50, 0]),
    ...     until=np.array([60, 90, 60]),
    ... )  # fmt: skip
    >>> found = overlaps(two, [1])
    >>> found.other.tolist(), found.minutes.tolist()
    ([1], [10])
    """
    if least_minutes < 1 or linger_minutes < 0:
        raise ValueError(
            "an overlap lasts at least one minute, and nothing lingers for less than none"
        )
    people = np.unique(np.asarray(cases, dtype=np.int64))
    theirs = np.isin(visits.person, people)
    visited = np.unique(visits.place[theirs])
    kept = np.flatnonzero(theirs | _in_sorted(visits.place, visited))
    order = kept[np.lexsort((visits.since[kept], visits.place[kept]))]
    place, since, until, person = (
        part[order] for part in (visits.place, visits.since, visits.until, visits.person)
    )
    case = theirs[order]
    latest = _latest_end(place, until)
    count = _walk(
        place,
        since,
        until,
        person,
        case,
        latest,
        least_minutes,
        linger_minutes,
        np.empty((0, 4), np.int64),
    )
    found = np.empty((count, 4), np.int64)
    _walk(place, since, until, person, case, latest, least_minutes, linger_minutes, found)
    found[:, 0], found[:, 1] = order[found[:, 0]], order[found[:, 1]]
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return Overlaps(case=found[:, 0], other=found[:, 1], since=found[:, 2], minutes=found[:, 3])


def overlaps_plain(
    visits: Visits, cases: Ints | Sequence[int], *, least_minutes: int = 1, linger_minutes: int = 0
) -> list[tuple[int, int, int, int]]:
    """The same, visit by visit against every other. It judges `overlaps`."""
    people = {int(person) for person in cases}
    found = []
    for i in range(len(visits)):
        if int(visits.person[i]) not in people:
            continue
        for j in range(len(visits)):
            if visits.place[i] != visits.place[j] or visits.person[i] == visits.person[j]:
                continue
            since = max(int(visits.since[i]), int(visits.since[j]))
            minutes = min(int(visits.until[i]) + linger_minutes, int(visits.until[j])) - since
            if minutes >= least_minutes:
                found.append((i, j, since, minutes))
    return found


def _in_sorted(values: Ints, known: Ints) -> NDArray[np.bool_]:
    if not known.size:
        return np.zeros(values.size, dtype=bool)
    low, high = int(known[0]), int(known[-1])
    if high - low < 50_000_000:
        marks = np.zeros(high - low + 1, dtype=bool)
        marks[known - low] = True
        return np.asarray(_marked(values, marks, low))
    place = np.minimum(np.searchsorted(known, values), known.size - 1)
    return np.asarray(known[place] == values)


@njit(cache=True)
def _marked(values, marks, low):  # type: ignore[no-untyped-def]  # compiled for arrays
    found = np.zeros(values.size, dtype=np.bool_)
    for i in range(values.size):
        at = values[i] - low
        found[i] = 0 <= at < marks.size and marks[at]
    return found


@njit(cache=True)
def _latest_end(place, until):  # type: ignore[no-untyped-def]  # compiled for arrays
    """The latest end of all visits at the same place up to each one."""
    latest = np.empty_like(until)
    for i in range(place.size):
        latest[i] = until[i] if i == 0 or place[i - 1] != place[i] else max(latest[i - 1], until[i])
    return latest


@njit(cache=True)
def _walk(place, since, until, person, case, latest, least, linger, found):  # type: ignore[no-untyped-def]  # compiled for arrays
    """Fill `found` (or only count where it has no rows) with the overlaps of every visit of a case."""
    count = 0
    n = place.size
    for i in range(n):
        if not case[i]:
            continue
        stop = until[i] + linger
        j = i + 1
        while j < n and place[j] == place[i] and since[j] <= stop - least:
            minutes = min(stop, until[j]) - since[j]
            if person[j] != person[i] and minutes >= least:
                if found.shape[0]:
                    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = (
                        i,
                        j,
                        since[j],
                        minutes,
                    )
                count += 1
            j += 1
        j = i - 1
        while j >= 0 and place[j] == place[i] and latest[j] > since[i]:
            minutes = min(stop, until[j]) - since[i]
            if person[j] != person[i] and minutes >= least:
                if found.shape[0]:
                    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = (
                        i,
                        j,
                        since[i],
                        minutes,
                    )
                count += 1
            j -= 1
    return count


def doses(
    found: Overlaps, visits: Visits, *, weight: NDArray[np.float64], people: NDArray[np.float64]
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """
    Return (case person, other person, dose) of overlaps: hours x weight of the place / people there, summed by pair.

    `weight` and `people` are given per overlap.
    """
    pairs = np.stack([visits.person[found.case], visits.person[found.other]], axis=1)
    unique, place = np.unique(pairs, axis=0, return_inverse=True)
    dose = np.asarray(
        np.bincount(
            place.ravel(),
            weights=found.minutes / 60 * weight / np.maximum(people, 1),
            minlength=len(unique),
        ),
        dtype=np.float64,
    )
    return unique[:, 0], unique[:, 1], dose
