"""
Keys of bulk rows as whole numbers: which stand twice, which row of another table has the same, which tube is wrong.

Rows are put into buckets by a hash of their key, each small enough for the processor's cache, and every bucket gets a
table of its own: the cost grows with the rows and not with their product, whatever order they come in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]
Flags = NDArray[np.bool_]
Chunks = Sequence[Ints]
"""One column in pieces, in order: what a reader of files gives, taken as it is instead of copied together."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Keys bucket by bucket, in their order within each: the row each stands on, and where each bucket begins."""

    row: Rows
    keys: Ints
    begins: Ints

    @property
    def bits(self) -> int:
        """How many bits of the hash tell these buckets apart."""
        return (self.begins.size - 1).bit_length() - 1


@njit(cache=True)
def _tally(keys: Any, bits: Any, sizes: Any) -> None:
    shift = np.uint64(64 - bits)
    for row in range(keys.size):
        sizes[(np.uint64(keys[row]) * MIX) >> shift] += 1


@njit(cache=True)
def _scatter(keys: Any, first: Any, bits: Any, place: Any, rows: Any, held: Any) -> None:
    shift = np.uint64(64 - bits)
    for at in range(keys.size):
        key = keys[at]
        bucket = (np.uint64(key) * MIX) >> shift
        to = place[bucket]
        rows[to] = first + at
        held[to] = key
        place[bucket] = to + np.uint64(1)


def bucketed(chunks: Chunks, *, bits: int) -> Buckets:
    """
    Put the keys of a column into buckets.

    >>> bucketed([np.array([7, 9]), np.array([7])], bits=0).row.tolist()
    [0, 1, 2]
    """
    size = sum(chunk.size for chunk in chunks)
    if bits == 0:
        keys = np.concatenate(chunks) if size else np.empty(0, dtype=np.int64)
        return Buckets(row=np.arange(size, dtype=np.int32), keys=keys, begins=np.array([0, size]))
    begins = np.zeros((1 << bits) + 1, dtype=np.int64)
    for chunk in chunks:
        _tally(chunk, bits, begins[1:])
    np.cumsum(begins, out=begins)
    place, row, held = (
        begins[:-1].astype(np.uint64),
        np.empty(size, np.int32),
        np.empty(size, np.int64),
    )
    first = 0
    for chunk in chunks:
        _scatter(chunk, first, bits, place, row, held)
        first += chunk.size
    return Buckets(row=row, keys=held, begins=begins)


@njit(cache=True)
def _repeated(keys: Any, begins: Any) -> Any:
    """The keys that stand more than once, bucket by bucket; one that stands thrice is named twice."""
    largest = begins[0]
    for bucket in range(begins.size - 1):
        largest = max(largest, begins[bucket + 1] - begins[bucket])
    size = 16
    while size < 2 * largest:
        size *= 2
    mask = np.uint64(size - 1)
    at_slot = np.full(size, -1, np.int32)
    found, count = np.empty(keys.size, np.int64), 0
    for bucket in range(begins.size - 1):
        at_slot[:] = -1
        for at in range(begins[bucket], begins[bucket + 1]):
            key = keys[at]
            slot = ((np.uint64(key) * MIX) >> np.uint64(20)) & mask
            while at_slot[slot] >= 0 and keys[at_slot[slot]] != key:
                slot = (slot + np.uint64(1)) & mask
            if at_slot[slot] < 0:
                at_slot[slot] = at
                continue
            found[count] = key
            count += 1
    return found[:count].copy()


@njit(cache=True)
def _repeated_near(keys: Any, low: Any, bits: Any) -> Any:
    """The keys that a map of single bits holds already; they are noted in it. The map begins at `low`."""
    found, count = np.empty(keys.size, np.int64), 0
    for at in range(keys.size):
        place = np.uint64(keys[at] - low)
        byte, bit = place >> np.uint64(3), np.uint8(1) << np.uint8(place & np.uint64(7))
        held = bits[byte]
        if held & bit:
            found[count] = keys[at]
            count += 1
        else:
            bits[byte] = held | bit
    return found[:count].copy()


NONE_BAD = np.empty(0, dtype=np.bool_)
NEAR = 64
"""Keys within so many times their number, as numbers given one after another are, go into a map of single bits."""


def repeated(chunks: Chunks, buckets: Buckets | None = None) -> Ints:
    """
    Return the keys of a column that stand more than once, in order; `buckets` are its keys in buckets, if there are any.

    >>> repeated([np.array([7, 5, 7]), np.array([9, 7])]).tolist()
    [7]
    """
    size = sum(chunk.size for chunk in chunks)
    if size < max(FEW, 2):
        values = np.sort(np.concatenate([*chunks, np.empty(0, dtype=np.int64)]))
        return np.unique(values[1:][values[1:] == values[:-1]])
    if buckets is None:
        filled = [chunk for chunk in chunks if chunk.size]
        low, high = min(int(c.min()) for c in filled), max(int(c.max()) for c in filled)
        if high - low <= NEAR * size:
            bits = np.zeros((high - low) // 8 + 1, dtype=np.uint8)
            return np.unique(np.concatenate([_repeated_near(c, low, bits) for c in filled]))
        buckets = bucketed(chunks, bits=bucket_bits(size))
    return np.unique(_repeated(buckets.keys, buckets.begins))


def again(chunks: Chunks, *, bad: Flags = NONE_BAD, buckets: Buckets | None = None) -> Ints:
    """
    Return the rows whose key an earlier row has, in order; `bad` rows are not among them nor count as earlier.

    Only keys that stand more than once are looked at row by row. `buckets` are the keys in buckets, if there are any.

    >>> again([np.array([5, 7, 5, 5, 8])]).tolist()
    [2, 3]
    """
    twice = repeated(chunks, buckets)
    if not twice.size:
        return np.empty(0, dtype=np.int64)
    pieces, rows = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    first, strains = 0, strainer(twice, rows=sum(chunk.size for chunk in chunks))
    for chunk in chunks:
        mine = strains(chunk)
        mine = mine[_among(chunk[mine], twice)]
        pieces.append(chunk[mine])
        rows.append(first + mine)
        first += chunk.size
    values, found = np.concatenate(pieces), np.concatenate(rows)
    if bad.size:
        fine = ~bad[found]
        values, found = values[fine], found[fine]
    _, kept = np.unique(values, return_index=True)
    return np.delete(found, kept)


def _among(values: Ints, few: Ints) -> Flags:
    place = np.minimum(np.searchsorted(few, values), few.size - 1)
    there: Flags = few[place] == values
    return there


def strainer(few: Ints, *, rows: int) -> Callable[[Ints], Ints]:
    """
    Return what tells which rows of a piece of a long column may hold one of a few keys: all that do, few others.

    >>> strainer(np.array([7]), rows=3)(np.array([7, 5, 7])).tolist()
    [0, 2]
    """
    if rows + few.size < FEW:
        return lambda values: np.flatnonzero(np.isin(values, few))
    bits = max(13, int(16 * few.size).bit_length())
    sieve, shift = np.zeros(1 << (bits - 3), dtype=np.uint8), np.uint64(64 - bits)
    _fill(few, shift, sieve)
    return lambda values: _strained(values, shift, sieve)


@njit(cache=True)
def _strained(keys: Any, shift: Any, sieve: Any) -> Any:
    found, count = np.empty(keys.size, np.int64), 0
    for at in range(keys.size):
        place = (np.uint64(keys[at]) * MIX) >> shift
        if (sieve[place >> np.uint64(3)] >> np.uint8(place & np.uint64(7))) & np.uint8(1):
            found[count] = at
            count += 1
    return found[:count].copy()


@njit(cache=True)
def _fill(keys: Any, shift: Any, sieve: Any) -> None:
    for at in range(keys.size):
        place = np.int64((np.uint64(keys[at]) * MIX) >> shift)
        sieve[place >> 3] |= np.uint8(1 << (place & 7))


def seen_before(keys: Ints, earlier: Ints) -> Flags:
    """
    Mark the keys that stand in a much longer column, which is read once and not sorted.

    >>> seen_before(np.array([8, 5]), np.array([5, 5, 7])).tolist()
    [False, True]
    """
    return np.isin(keys, earlier[strainer(keys, rows=earlier.size)(earlier)])


@njit(cache=True)
def _matched(keys: Any, begins: Any, among: Any, places: Any, found: Any) -> None:
    """Write into `found` at which place of `among` (in the same buckets) each key stands."""
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
            key = keys[at]
            slot = ((np.uint64(key) * MIX) >> np.uint64(20)) & mask
            while True:
                place = at_slot[slot]
                if place < 0:
                    break
                if among[place] == key:
                    found[at] = place
                    break
                slot = (slot + np.uint64(1)) & mask
        for i in range(used):
            at_slot[slots[i]] = -1


def bucket_of(key: int, *, bits: int) -> int:
    """
    Return the bucket of one key.

    >>> bucket_of(7, bits=0)
    0
    """
    return ((key * int(MIX)) % (1 << 64)) >> (64 - bits) if bits else 0


def places_of(values: Ints, known: Ints) -> Rows:
    """
    Return the place of each value in `known` (sorted, few), −1 where it is not there.

    >>> places_of(np.array([7, 9, 8]), np.array([7, 8])).tolist()
    [0, -1, 1]
    """
    return finder(known, rows=values.size)(values)


def finder(known: Ints, *, rows: int) -> Callable[[Ints], Rows]:
    """
    Return what answers as `places_of` does, for a column of so many rows that comes in pieces.

    >>> finder(np.array([7, 8]), rows=3)(np.array([8, 9])).tolist()
    [1, -1]
    """
    if not known.size:
        return lambda values: np.full(values.size, -1, dtype=np.int32)
    if rows < FEW:
        return lambda values: _searched(values, known)
    low, span = int(known[0]), int(known[-1] - known[0]) + 1
    if span > MOST_SPAN:
        return lambda values: matched(values, known)
    place_of = np.full(span + 1, -1, dtype=np.int16 if known.size < 2**15 else np.int32)
    place_of[known - low] = np.arange(known.size)

    def found(values: Ints) -> Rows:
        places: Rows = _looked_up(values, low, place_of)
        return places

    return found


def _searched(values: Ints, known: Ints) -> Rows:
    place = np.minimum(np.searchsorted(known, values), known.size - 1)
    return np.where(known[place] == values, place, -1).astype(np.int32)


MOST_SPAN = 1 << 26
"""Known values within so wide a span are looked up in a table of that length."""


@njit(cache=True)
def _looked_up(values: Any, low: Any, place_of: Any) -> Any:
    found = np.empty(values.size, np.int32)
    last = np.uint64(place_of.size - 1)
    for row in range(values.size):
        at = np.uint64(values[row] - low)  # one below the lowest is very large
        found[row] = place_of[at] if at < last else -1
    return found


def matched(keys: Ints, among: Ints) -> Rows:
    """
    Return for each key the row of `among` that holds it, −1 where none does. Keys of `among` stand there once.

    >>> matched(np.array([8, 5, 1]), np.array([5, 8])).tolist()
    [1, 0, -1]
    """
    if not among.size or keys.size + among.size < FEW:
        return _plainly_matched(keys, among)
    held = bucketed([among], bits=bucket_bits(among.size))
    asked = bucketed([keys], bits=held.bits)
    place = matched_in(asked, held.keys, held.begins)
    found = np.empty(keys.size, dtype=np.int32)
    found[asked.row] = np.where(place >= 0, held.row[place], -1)
    return found


def _plainly_matched(keys: Ints, among: Ints) -> Rows:
    if not among.size:
        return np.full(keys.size, -1, dtype=np.int32)
    order = np.argsort(among)
    place = np.minimum(np.searchsorted(among[order], keys), among.size - 1)
    return np.where(among[order][place] == keys, order[place], -1).astype(np.int32)


def matched_in(keys: Buckets, among: Ints, begins: Ints) -> Rows:
    """
    Return, bucket by bucket, the place of each key in `among`, which lies in buckets that begin at `begins`; −1 if none.

    Raises ValueError where the two are not in the same buckets.
    """
    if among.size and keys.begins.size != begins.size:
        raise ValueError(f"keys in {keys.begins.size - 1} buckets, others in {begins.size - 1}")
    if keys.row.size + among.size < FEW:
        return _plainly_matched(keys.keys, among)
    found = np.full(keys.row.size, -1, dtype=np.int32)
    if among.size:
        _matched(keys.keys, keys.begins, among, begins, found)
    return found


@njit(cache=True)
def _places(rows: Any, keys: Any, held: Any, begins: Any, bits: Any, found: Any) -> None:
    shift = np.uint64(64 - bits)
    for i in range(rows.size):
        bucket = np.int64((np.uint64(keys[i]) * MIX) >> shift) if bits else 0
        low, high = begins[bucket], begins[bucket + 1]
        while low < high:
            middle = (low + high) // 2
            if held[middle] < rows[i]:
                low = middle + 1
            else:
                high = middle
        found[i] = low


def places_in(buckets: Buckets, rows: Ints, keys: Ints) -> Ints:
    """
    Return where in the buckets some rows stand, whose keys are these.

    >>> places_in(
    ...     bucketed([np.array([7, 9, 7])], bits=0), np.array([2]), np.array([7])
    ... ).tolist()
    [2]
    """
    if buckets.bits == 0:
        return rows
    found = np.empty(rows.size, dtype=np.int64)
    _places(rows, keys, buckets.row, buckets.begins, buckets.bits, found)
    return found


SWAB = np.dtype([("tube", np.int32), ("second", np.int32), ("sample", np.int64)])
"""What of a swab is put beside its person."""


@njit(cache=True)
def _put(rows: Any, found: Any, swabs: Any, to_tube: Any, to_sample: Any, to_second: Any) -> None:
    for at in range(rows.size):
        if found[at] >= 0:
            place, swab = np.uint64(found[at]), swabs[np.uint64(rows[at])]
            to_tube[place] = swab.tube
            to_sample[place] = swab.sample
            to_second[place] = swab.second


def put_swabs(
    buckets: Buckets, place: Rows, *, swabs: NDArray[Any], people: tuple[Rows, Ints, Rows]
) -> None:
    """
    Put tube, sample and second of each swab (a row of `SWAB`) beside its person; none where the place is negative.

    `place` is that of the person, bucket by bucket: what is written lies close together.
    """
    if place.size < FEW:
        hit = place >= 0
        told, at = swabs[buckets.row[hit]], place[hit]
        to_tube, to_sample, to_second = people
        to_tube[at], to_sample[at], to_second[at] = told["tube"], told["sample"], told["second"]
        return
    _put(buckets.row, place, swabs, *people)


@njit(cache=True)
def _count(street: Any, exempt: Any, tube: Any, code_of: Any, counts: Any, unseen: Any) -> None:
    for row in range(street.size):
        mine = tube[row]
        code = np.uint64(code_of[np.uint64(mine)] if mine >= 0 else unseen)
        counts[np.uint64(street[row]), np.uint64(exempt[row]), code] += 1


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tubes:
    """
    The tubes of a column of swabs, each once: how many people, from where, for how many, and whether swabs disagree.

    `site` and `street` are those of the first swab, `mode` the largest; `differs` where a swab tells another site or
    street. `run` is the place of the tube of each run of rows, `lengths` how many rows each run has.
    """

    tube: Ints
    people: Ints
    site: Ints
    street: Ints
    mode: Ints
    differs: Flags
    run: Ints
    lengths: Ints

    def by_row(self, of_tube: NDArray[Any]) -> NDArray[Any]:
        """Give every row what is said of its tube."""
        return np.repeat(of_tube[self.run], self.lengths)


@njit(cache=True)
def _runs(
    tube: Any, site: Any, street: Any, mode: Any, bad: Any, into: Any, people: Any, differs: Any, run: Any
) -> Any:  # fmt: skip
    """Take a piece of the rows further: runs of one tube with site, street and mode of their good rows; the last run."""
    any_bad = bad.size > 0
    row = 0
    while row < tube.size:
        mine = tube[row]
        if run >= 0 and into[run, 0] == mine:  # begun in the piece before
            where, town, most, rows = into[run, 1], into[run, 2], into[run, 3], into[run, 4]
            count, apart = people[run], differs[run]
        else:
            run += 1
            where, town, most, rows, count, apart = 0, 0, 0, 0, 0, False
        while row < tube.size and tube[row] == mine:
            rows += 1
            if not (any_bad and bad[row]):
                if count == 0:
                    where, town, most = site[row], street[row], mode[row]
                else:
                    apart |= where != site[row] or town != street[row]
                    most = max(most, mode[row])
                count += 1
            row += 1
        into[run, 0], into[run, 1], into[run, 2], into[run, 3], into[run, 4] = (
            mine, where, town, most, rows,
        )  # fmt: skip
        people[run], differs[run] = count, apart
    return run


def tubes_of(
    tube: Chunks, *, site: Chunks, street: Chunks, mode: Chunks, bad: Flags = NONE_BAD
) -> Tubes:
    """
    Gather swabs into tubes. `bad` rows belong to a tube but say nothing of it; a tube of bad rows only has no people.

    >>> rows = np.array([4, 4, 6, 4])
    >>> found = tubes_of(
    ...     [rows], site=[np.array([1, 1, 1, 2])], street=[rows * 0], mode=[rows * 0 + 5]
    ... )
    >>> found.tube.tolist(), found.people.tolist(), found.differs.tolist()
    ([4, 6], [3, 1], [True, False])
    """
    size = sum(piece.size for piece in tube)
    if size < FEW:
        whole = [np.concatenate([*c, np.empty(0, np.int64)]) for c in (tube, site, street, mode)]
        return _plain_tubes(*whole, bad=bad if bad.size else np.zeros(size, dtype=np.bool_))
    number = _count_runs(tube)
    into = np.empty((number, 5), dtype=np.int64)
    people, differs = np.empty(number, np.int64), np.empty(number, np.bool_)
    run, first = -1, 0
    for pieces in zip(tube, site, street, mode, strict=True):
        mine = bad[first : first + pieces[0].size] if bad.size else bad
        run = _runs(*pieces, mine, into, people, differs, run)
        first += pieces[0].size
    unique, run_tube = _numbered(into[:, 0].copy())
    told = np.flatnonzero(people > 0)
    at = run_tube[told]
    first_run = np.zeros(unique.size, dtype=np.int64)
    first_run[at[::-1]] = told[::-1]
    most = np.zeros(unique.size, dtype=np.int64)
    np.maximum.at(most, at, into[told, 3])
    apart = np.zeros(unique.size, dtype=np.bool_)
    other = (into[told, 1:3] != into[first_run[at], 1:3]).any(axis=1) | differs[told]
    apart[at[other]] = True
    return Tubes(
        tube=unique, people=np.bincount(at, weights=people[told], minlength=unique.size).astype(np.int64),
        site=into[first_run, 1], street=into[first_run, 2], mode=most, differs=apart, run=run_tube,
        lengths=into[:, 4],
    )  # fmt: skip


def without(tubes: Tubes, rows: Ints, columns: tuple[Chunks, Chunks, Chunks, Chunks]) -> Tubes:
    """
    Return the tubes as they are without some rows; `columns` are tube, site, street and mode.

    Only the tubes of those rows are gathered again.
    """
    touched = np.zeros(tubes.tube.size, dtype=np.bool_)
    touched[tubes.by_row(np.arange(tubes.tube.size))[rows]] = True
    mine = np.flatnonzero(tubes.by_row(touched))
    tube, site, street, mode = (_taken(column, mine) for column in columns)
    less = _plain_tubes(tube, site, street, mode, bad=np.isin(mine, rows))
    at = np.searchsorted(tubes.tube, less.tube)
    changed = {}
    for name in ("people", "site", "street", "mode", "differs"):
        values = getattr(tubes, name).copy()
        values[at] = getattr(less, name)
        changed[name] = values
    return replace(tubes, **changed)


def _taken(column: Chunks, rows: Ints) -> Ints:
    """The values of some rows, in order, of a column in pieces."""
    found, first = [np.empty(0, dtype=np.int64)], 0
    for piece in column:
        since, until = np.searchsorted(rows, (first, first + piece.size))
        found.append(piece[rows[since:until] - first])
        first += piece.size
    return np.concatenate(found)


def _numbered(values: Ints) -> tuple[Ints, Ints]:
    """Return the values in order, each once, and the place of each among them; quick where they stand in order."""
    if (values[1:] > values[:-1]).all():
        return values, np.arange(values.size)
    unique, place = np.unique(values, return_inverse=True)
    return unique, place


def _count_runs(tube: Chunks) -> int:
    number, last = 0, None
    for piece in tube:
        if piece.size:
            number += int((piece[1:] != piece[:-1]).sum()) + int(last != piece[0])
            last = piece[-1]
    return number


def _plain_tubes(tube: Ints, site: Ints, street: Ints, mode: Ints, *, bad: Flags) -> Tubes:
    unique, tube_of = np.unique(tube, return_inverse=True)
    rows = np.flatnonzero(~bad)
    at = tube_of[rows]
    most = np.zeros(unique.size, dtype=np.int64)
    np.maximum.at(most, at, mode[rows])
    first = np.zeros(unique.size, dtype=np.int64)
    first[at[::-1]] = rows[::-1]
    differs = np.zeros(unique.size, dtype=np.bool_)
    differs[at[(site[rows] != site[first[at]]) | (street[rows] != street[first[at]])]] = True
    people = np.bincount(at, minlength=unique.size)
    return Tubes(
        tube=unique, people=people, site=site[first], street=street[first], mode=most, differs=differs,
        run=tube_of, lengths=np.ones(tube.size, dtype=np.int64),
    )  # fmt: skip
