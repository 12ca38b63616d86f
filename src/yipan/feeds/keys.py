"""
Keys of bulk rows as whole numbers: which stand twice, which row of another table has the same, which tube is wrong.

Rows are put into buckets by a hash of their key, each small enough for the processor's cache, and every bucket gets a
table of its own: the cost grows with the rows and not with their product, whatever order they come in.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]
MIX = np.uint64(0x9E3779B97F4A7C15)
BUCKET_ROWS = 16_384
"""About so many rows go into one bucket."""
FEW = 200_000
"""Fewer rows go the plain way: the compiled loops, which have to be loaded or even made first, pay for many only."""


def bucket_bits(rows: int) -> int:
    """
    Return how many bits of the hash tell the buckets of so many rows apart.

    >>> bucket_bits(100), bucket_bits(20_000_000)
    (0, 11)
    """
    return 0 if rows < FEW else int(rows // BUCKET_ROWS).bit_length()


@njit(cache=True)
def _order(keys: Any, bits: Any) -> Any:
    """Return the rows by bucket, in their order within each, and where each bucket begins."""
    shift = np.uint64(64 - bits)
    begins = np.zeros((1 << bits) + 1, np.int64)
    order = np.empty(keys.size, np.int32)
    for row in range(keys.size):
        begins[1 + np.int64((np.uint64(keys[row]) * MIX) >> shift)] += 1
    for after in range(1, begins.size):
        begins[after] += begins[after - 1]
    place = begins[:-1].copy()
    for row in range(keys.size):
        bucket = np.int64((np.uint64(keys[row]) * MIX) >> shift)
        order[place[bucket]] = row
        place[bucket] += 1
    return order, begins


@njit(cache=True)
def _matched(keys: Any, order: Any, begins: Any, among: Any, places: Any, found: Any) -> None:
    """Write into `found`, for each key, at which place of `among` (in buckets that begin at `places`) the same stands."""
    largest = places[0]
    for bucket in range(places.size - 1):
        largest = max(largest, places[bucket + 1] - places[bucket])
    size = 16
    while size < 2 * largest:
        size *= 2
    mask = np.uint64(size - 1)
    at_slot = np.full(size, -1, np.int32)
    slots = np.empty(size, np.int64)
    for bucket in range(places.size - 1):
        if begins[bucket + 1] == begins[bucket]:
            continue
        used = 0
        for place in range(places[bucket], places[bucket + 1]):
            slot = ((np.uint64(among[place]) * MIX) >> np.uint64(20)) & mask
            while at_slot[slot] >= 0:
                slot = (slot + np.uint64(1)) & mask
            at_slot[slot] = place
            slots[used] = slot
            used += 1
        for at in range(begins[bucket], begins[bucket + 1]):
            row = order[at]
            key = keys[row]
            slot = ((np.uint64(key) * MIX) >> np.uint64(20)) & mask
            while True:
                place = at_slot[slot]
                if place < 0:
                    break
                if among[place] == key:
                    found[row] = place
                    break
                slot = (slot + np.uint64(1)) & mask
        for i in range(used):
            at_slot[slots[i]] = -1


def in_buckets(keys: Ints, *, bits: int) -> tuple[Rows, Ints]:
    """Return the rows of `keys` bucket by bucket, in their order within each, and where each bucket begins."""
    if bits == 0:
        return np.arange(keys.size, dtype=np.int32), np.array([0, keys.size], dtype=np.int64)
    order, begins = _order(keys, bits)
    return order, begins


def bucket_of(key: int, *, bits: int) -> int:
    """
    Return the bucket of one key.

    >>> bucket_of(7, bits=0)
    0
    """
    return ((key * int(MIX)) % (1 << 64)) >> (64 - bits) if bits else 0


def rows_again(keys: Ints) -> Ints:
    """
    Return the rows whose key an earlier row has, in order; the first row of each key is not among them.

    >>> rows_again(np.array([5, 7, 5, 5, 8])).tolist()
    [2, 3]
    """
    if keys.size < 2 or bool((keys[1:] > keys[:-1]).all()):
        return np.empty(0, dtype=np.int64)
    values = np.sort(keys)
    twice = np.unique(values[1:][values[1:] == values[:-1]])
    if not twice.size:
        return np.empty(0, dtype=np.int64)
    del values
    rows = np.flatnonzero(matched(keys, twice) >= 0)
    _, first = np.unique(keys[rows], return_index=True)
    return np.delete(rows, first)


def places_of(values: Ints, known: Ints) -> Rows:
    """
    Return the place of each value in `known` (sorted, few), −1 where it is not there.

    >>> places_of(np.array([7, 9, 8]), np.array([7, 8])).tolist()
    [0, -1, 1]
    """
    if not known.size:
        return np.full(values.size, -1, dtype=np.int32)
    if values.size < FEW:
        place = np.minimum(np.searchsorted(known, values), known.size - 1)
        return np.where(known[place] == values, place, -1).astype(np.int32)
    low, span = int(known[0]), int(known[-1] - known[0]) + 1
    if span > MOST_SPAN:
        return matched(values, known)
    place_of = np.full(span + 1, -1, dtype=np.int16 if known.size < 2**15 else np.int32)
    place_of[known - low] = np.arange(known.size)
    found: Rows = _looked_up(values, low, place_of)
    return found


MOST_SPAN = 1 << 26
"""Known values within so wide a span are looked up in a table of that length."""


@njit(cache=True)
def _looked_up(values: Any, low: Any, place_of: Any) -> Any:
    found = np.empty(values.size, np.int32)
    last = place_of.size - 1
    for row in range(values.size):
        at = values[row] - low
        found[row] = place_of[at] if 0 <= at < last else -1
    return found


def matched(keys: Ints, among: Ints) -> Rows:
    """
    Return for each key the row of `among` that holds it, −1 where none does. Keys of `among` stand there once.

    >>> matched(np.array([8, 5, 1]), np.array([5, 8])).tolist()
    [1, 0, -1]
    """
    order, begins = in_buckets(among, bits=bucket_bits(among.size))
    found = matched_in(keys, among[order], begins)
    hit = found >= 0
    found[hit] = order[found[hit]]
    return found


def _plainly_matched(keys: Ints, among: Ints) -> Rows:
    if not among.size:
        return np.full(keys.size, -1, dtype=np.int32)
    order = np.argsort(among)
    place = np.minimum(np.searchsorted(among[order], keys), among.size - 1)
    return np.where(among[order][place] == keys, order[place], -1).astype(np.int32)


def matched_in(keys: Ints, among: Ints, begins: Ints) -> Rows:
    """Return for each key its place in `among`, which lies in buckets that begin at `begins`; −1 where it is not."""
    if keys.size + among.size < FEW:
        return _plainly_matched(keys, among)
    bits = (begins.size - 1).bit_length() - 1
    order, own = in_buckets(keys, bits=bits)
    found = np.full(keys.size, -1, dtype=np.int32)
    _matched(keys, order, own, among, begins, found)
    return found


@njit(cache=True)
def _put(
    order: Any,
    found: Any,
    tube: Any,
    sample: Any,
    sampled: Any,
    to_tube: Any,
    to_sample: Any,
    to_sampled: Any,
) -> None:
    for at in range(order.size):
        row = order[at]
        place = found[row]
        if place >= 0:
            to_tube[place] = tube[row]
            to_sample[place] = sample[row]
            to_sampled[place] = sampled[row]


def put_swabs(
    keys: Ints, among: Ints, begins: Ints, *, swabs: tuple[Rows, Ints, Rows], people: tuple[Rows, Ints, Rows]
) -> Rows:  # fmt: skip
    """
    Put tube, sample and second of each swab beside the person it is of, and return each swab's place among the people.

    `among` lies in buckets that begin at `begins`; bucket by bucket, writes stay close together. −1 is a visitor.
    """
    if keys.size + among.size < FEW:
        found = _plainly_matched(keys, among)
        hit = found >= 0
        at = found[hit]
        (tube, sample, second), (to_tube, to_sample, to_second) = swabs, people
        to_tube[at], to_sample[at], to_second[at] = tube[hit], sample[hit], second[hit]
        return found
    bits = (begins.size - 1).bit_length() - 1
    order, own = in_buckets(keys, bits=bits)
    found = np.full(keys.size, -1, dtype=np.int32)
    _matched(keys, order, own, among, begins, found)
    _put(order, found, *swabs, *people)
    return found


@njit(cache=True)
def _count(street: Any, exempt: Any, tube: Any, code_of: Any, counts: Any, unseen: Any) -> None:
    for row in range(street.size):
        mine = tube[row]
        code = code_of[mine] if mine >= 0 else unseen
        counts[street[row], exempt[row], code] += 1


def count_codes(
    street: NDArray[np.int16], exempt: NDArray[np.uint8], tube: Rows, code_of: NDArray[np.uint8], *,
    streets: int, codes: int,
) -> Ints:  # fmt: skip
    """
    Count people by street (a number), exempt or not, and the code of their tube; whoever has no tube has the last code.

    >>> zero = np.zeros(2, dtype=np.uint8)
    >>> count_codes(
    ...     np.array([0, 0], dtype=np.int16),
    ...     zero,
    ...     np.array([0, -1], dtype=np.int32),
    ...     np.array([1], dtype=np.uint8),
    ...     streets=1,
    ...     codes=3,
    ... ).tolist()
    [[[0, 1, 1], [0, 0, 0]]]
    """
    if street.size < FEW:
        mine = np.append(code_of, codes - 1)[tube]
        at = (street.astype(np.int64) * 2 + exempt) * codes + mine
        return np.bincount(at, minlength=streets * 2 * codes).reshape(streets, 2, codes)
    counts = np.zeros((streets, 2, codes), dtype=np.int64)
    _count(street, exempt, tube, code_of, counts, codes - 1)
    return counts


def runs_of(keys: Ints) -> tuple[Ints, Ints]:
    """
    Return where runs of the same key begin, and how long each is: swabs of a tube mostly stand together.

    >>> [part.tolist() for part in runs_of(np.array([4, 4, 6, 4]))]
    [[0, 2, 3], [2, 1, 1]]
    """
    if not keys.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    begins = np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))
    return begins, np.diff(np.append(begins, keys.size))


@njit(cache=True)
def _tubes(
    tube: Any, site: Any, street: Any, mode: Any, bad: Any, tube_of: Any, number: Any
) -> Any:
    """Per tube: its first site, street, how many people, its largest mode, and whether site or street differ."""
    first = np.full(number, -1, np.int64)
    people = np.zeros(number, np.int64)
    most = np.zeros(number, np.int64)
    differs = np.zeros(number, np.bool_)
    run = -1
    for row in range(tube.size):
        if row == 0 or tube[row] != tube[row - 1]:
            run += 1
        if bad[row]:
            continue
        mine = tube_of[run]
        if first[mine] < 0:
            first[mine] = row
        elif site[first[mine]] != site[row] or street[first[mine]] != street[row]:
            differs[mine] = True
        people[mine] += 1
        most[mine] = max(most[mine], mode[row])
    return people, most, differs


def _plain_tubes(
    site: Ints, street: Ints, mode: Ints, bad: NDArray[np.bool_], tube_of: Ints, number: int
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    rows = np.flatnonzero(~bad)
    at = tube_of[rows]
    most = np.zeros(number, dtype=np.int64)
    np.maximum.at(most, at, mode[rows])
    first = np.zeros(number, dtype=np.int64)
    first[at[::-1]] = rows[::-1]
    differs = np.zeros(number, dtype=np.bool_)
    other = (site[rows] != site[first[at]]) | (street[rows] != street[first[at]])
    differs[at[other]] = True
    return np.bincount(at, minlength=number), most, differs


def tube_faults(
    tube: Ints, *, site: Ints, street: Ints, mode: Ints, bad: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """
    Return, row by row, whether its tube was used at two sites or in two streets, and whether it holds too many.

    `bad` rows count in no tube but share its fault. A mode of 0 is a household's and holds whom it holds.
    """
    begins, lengths = runs_of(tube)
    unique, run_tube = np.unique(tube[begins], return_inverse=True)
    if tube.size < FEW:
        people, most, differs = _plain_tubes(site, street, mode, bad, np.repeat(run_tube, lengths), unique.size)  # fmt: skip
    else:
        people, most, differs = _tubes(tube, site, street, mode, bad, run_tube, unique.size)
    overfull = (people > most) & (most > 0) & ~differs
    if not differs.any() and not overfull.any():
        none = np.zeros(tube.size, dtype=np.bool_)
        return none, none
    return np.repeat(differs[run_tube], lengths), np.repeat(overfull[run_tube], lengths)
