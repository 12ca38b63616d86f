"""
The files of the lake as they are written: one Parquet file for each city and day of a frame, in one pass over its rows.

Every column is kept the way its values ask for: few different ones as a dictionary, numbers given one after another as
their differences, random ones bare. A file's content hash is what the record will hold it to.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

ROWS_AT_ONCE = 1 << 18
"""So many rows are sorted by their file at a time: a column of them fits the processor's cache."""
FINEST = 16_384
"""Pieces as a frame was read in are taken as they are if they hold so many rows each."""
ROW_GROUP = 122_880
"""Rows of one group of a file: what an engine reads, or leaves unread, as one."""
PROBED = 4096
"""Rows looked at to choose how a column is kept."""
ASKED_BY = frozenset({"tube", "street"})
"""Columns of which a file says the least and the most, for an engine to leave groups unread."""
RUN = 256
"""Rows that stand together by city this many at a time, or more, are taken as they stand and not sorted."""
LONGEST_SPAN = timedelta(days=400)
MICROS_A_DAY = 86_400_000_000
Groups = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOf:
    """One file to be written: the city and day its rows are of."""

    city: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One file that was written: whose rows it holds, how many, and its content hash."""

    of: FileOf
    file: Path
    rows: int
    sha256: str


def content_hash(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def to_disk(path: Path) -> None:
    """Wait until a file, or what a folder says of its files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_files(
    frame: "pl.DataFrame", *, put_aside: NDArray[np.bool_] | None, city_of_street: dict[int, int], day: date,
    day_of: str | None, time_zone: str, folder: Path,
) -> tuple[Written, ...]:  # fmt: skip
    """
    Write a frame into a folder, a file for each city and day, rows in their order; the files are on disk afterwards.

    Its column `street` says the city; `day_of` names the column of instants (UTC without saying so) that tells the
    day there, the same `day` for all where None. Rows marked in `put_aside` are left out. At most a piece of the frame
    and one group of rows a file are held at a time. Raises ValueError for a row that is written and whose street has no
    city.
    """
    city_at = _Cities.of(city_of_street)
    writers: dict[FileOf, _Writer] = {}
    kept = _Kept.of(frame)
    for first, rows in _pieces(frame):
        group = city_at(rows["street"])
        if put_aside is not None:
            group[put_aside[first : first + rows.height]] = NOWHERE
        if (group == UNKNOWN).any():
            strange = rows["street"][int((group == UNKNOWN).argmax())]
            raise ValueError(f"street {strange} lies in no city")
        days = [day]
        if day_of is not None:
            days, group = _by_day(group, rows[day_of], time_zone)
        for number, mine in _by_group(rows, group, kept):
            of = FileOf(city=int(city_at.cities[number // len(days)]), day=days[number % len(days)])
            if of not in writers:
                file = folder / f"{of.city}-{of.day.isoformat()}.parquet"
                writers[of] = _Writer(file=file, kept=kept)
            writers[of].take(mine)
    return tuple(
        Written(of=of, file=writer.file, rows=writer.close(), sha256=content_hash(writer.file))
        for of, writer in writers.items()
    )


NOWHERE, UNKNOWN = -2, -1
MOST_SPAN = 1 << 26
"""Streets within so wide a span are looked up in a table of that length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cities:
    """Which city, by its place among all, each street lies in."""

    streets: Groups
    cities: Groups
    place: Groups
    low: int
    table: NDArray[np.int16] | None

    @classmethod
    def of(cls, city_of_street: dict[int, int]) -> "_Cities":
        streets = np.array(sorted(city_of_street), dtype=np.int64)
        cities, place = np.unique(
            np.array([city_of_street[street] for street in streets.tolist()], dtype=np.int64), return_inverse=True
        )  # fmt: skip
        table, low = None, int(streets[0]) - 1 if streets.size else 0
        if streets.size and int(streets[-1]) - low < MOST_SPAN and cities.size < 2**15:
            table = np.full(int(streets[-1]) - low + 2, UNKNOWN, dtype=np.int16)
            table[streets - low] = place
        return cls(streets=streets, cities=cities, place=place, low=low, table=table)

    def __call__(self, street: "pl.Series") -> Groups:
        values = street.fill_null(0).to_numpy()
        if not self.streets.size:
            return np.full(values.size, UNKNOWN, dtype=np.int16)
        if (
            self.table is not None
        ):  # both ends of the table are no street, and what lies beyond falls on them
            return np.take(self.table, values - self.low, mode="clip")
        at = np.minimum(np.searchsorted(self.streets, values), self.streets.size - 1)
        return np.where(self.streets[at] == values, self.place[at], UNKNOWN)


def _pieces(frame: "pl.DataFrame") -> Iterator[tuple[int, "pl.DataFrame"]]:
    """Yield a frame piece by piece with the row each begins at, as it was read where that is not too fine."""
    first, lengths = 0, frame["street"].chunk_lengths()
    if len(lengths) > 1 + frame.height // FINEST:
        lengths = [frame.height]
    for length in lengths:
        for since in range(0, length, ROWS_AT_ONCE):
            yield first + since, frame.slice(first + since, min(ROWS_AT_ONCE, length - since))
        first += length


EPOCH = date(1970, 1, 1)


def _by_day(group: Groups, instants: "pl.Series", time_zone: str) -> tuple[list[date], Groups]:
    """The days on which instants of the rows with a city fall, and the groups by city and day; negative ones stay."""
    mine = np.flatnonzero(group >= 0)
    if not mine.size:
        return [EPOCH], group
    told = instants if mine.size == group.size else instants.gather(mine)
    offset = _one_offset(told, time_zone)
    if offset is None:
        numbers = _local_days(told, time_zone).to_physical().to_numpy().astype(np.int64)
    else:
        numbers = (told.dt.cast_time_unit("us").to_physical().to_numpy() + offset) // MICROS_A_DAY
    since, until = int(numbers.min()), int(numbers.max())
    if since == until:
        return [EPOCH + timedelta(days=since)], group
    known = np.arange(since, until + 1)
    if known.size > MANY_DAYS:
        known, numbers = np.unique(numbers, return_inverse=True)
        since = 0
    days = [EPOCH + timedelta(days=int(number)) for number in known]
    group = group.astype(np.int64)
    group[mine] = group[mine] * len(days) + numbers - since
    return days, group


MANY_DAYS = 100


def _local_days(instants: "pl.Series", time_zone: str) -> "pl.Series":
    return instants.dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.date()


def _one_offset(instants: "pl.Series", time_zone: str) -> int | None:
    """How many microseconds clocks there are before UTC while the instants last; None where they are changed meanwhile."""
    since, until = instants.min(), instants.max()
    if not (isinstance(since, datetime) and isinstance(until, datetime)):
        return 0
    if until - since > LONGEST_SPAN:
        return None
    zone, at, offsets = ZoneInfo(time_zone), since.replace(tzinfo=UTC), set()
    while True:
        offsets.add(at.astimezone(zone).utcoffset())
        if at >= until.replace(tzinfo=UTC):
            break
        at = min(at + timedelta(days=1), until.replace(tzinfo=UTC))
    (first, *more) = offsets
    return None if more or first is None else first // timedelta(microseconds=1)


def _by_group(rows: "pl.DataFrame", group: Groups, kept: "_Kept") -> Iterator[tuple[int, Any]]:
    """Yield the rows of each group as Arrow batches, in their order; rows of a negative group are left out."""
    changes = np.flatnonzero(group[1:] != group[:-1]) + 1
    if changes.size > rows.height // RUN:
        high = int(group.max())
        small = np.int8 if high < 2**7 else np.int16 if high < 2**15 else np.int64
        order = np.argsort(group.astype(small), kind="stable")
        rows, group = rows[order], group[order]
        changes = np.flatnonzero(group[1:] != group[:-1]) + 1
    batch = kept.arrow(rows)
    begins = [0, *changes.tolist(), group.size]
    for since, until in pairwise(begins):
        if group[since] >= 0:
            yield int(group[since]), batch.slice(since, until - since)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """How the columns of a frame are kept in its files."""

    as_words: tuple[str, ...]
    encoding: dict[str, str]
    bare: frozenset[str]
    names: tuple[str, ...]
    filled: frozenset[str]
    """Columns without a missing value: the file says so, and nobody has to look."""

    @classmethod
    def of(cls, frame: "pl.DataFrame") -> "_Kept":
        """Choose from the first rows: a wrong guess costs space, never a value."""
        as_words, encoding, bare = [], {}, set()
        for column in frame.head(PROBED).iter_columns():
            told = column.drop_nulls()
            if told.dtype.is_integer() or told.dtype.is_temporal():
                values = told.to_physical().to_numpy()
                if _few(values):
                    as_words.append(column.name)
                elif np.abs(np.diff(values)).max(initial=0) < 2**40:
                    encoding[column.name] = "DELTA_BINARY_PACKED"
                else:
                    bare.add(column.name)
            elif not told.dtype.is_float():
                as_words.append(column.name)
        return cls(
            as_words=tuple(as_words), encoding=encoding, bare=frozenset(bare), names=tuple(frame.columns),
            filled=frozenset(column.name for column in frame.iter_columns() if not column.null_count()),
        )  # fmt: skip

    def arrow(self, rows: "pl.DataFrame") -> Any:
        """Return rows as one Arrow batch."""
        import polars as pl

        pa: Any = import_module("pyarrow")
        (batch,) = rows.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().to_batches()
        fields = [field.with_nullable(field.name not in self.filled) for field in batch.schema]
        return pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields))

    def options(self) -> dict[str, Any]:
        """The options of the writer of a file."""
        return {
            "use_dictionary": list(self.as_words) or False, "column_encoding": self.encoding or None,
            "compression": {name: "none" if name in self.bare else "lz4" for name in self.names},
            "write_statistics": [name for name in self.names if name in ASKED_BY] or False,
            "store_schema": False,
        }  # fmt: skip


def _few(values: Groups) -> bool:
    """Whether values are some few that come again: the later rows bring less new ones than ones seen before."""
    half = values.size // 2
    later = np.unique(values[half:])
    return later.size <= 1 or 2 * int(np.isin(later, values[:half]).sum()) > later.size


@dataclass(slots=True, kw_only=True)
class _Writer:
    """A file that is being written, a group of rows at a time; it is opened when the first group is whole."""

    file: Path
    kept: _Kept
    rows: int = 0
    waiting: list[Any] = field(default_factory=list)
    held: int = 0
    opened: Any = None

    def take(self, batch: Any) -> None:
        """Take rows in: they wait until they make a group."""
        self.waiting.append(batch)
        self.rows += batch.num_rows
        self.held += batch.num_rows
        while self.held >= ROW_GROUP:
            self._write(ROW_GROUP)

    def close(self) -> int:
        """Write what waits, and the file to the disk; return its rows."""
        if self.held:
            self._write(self.held)
        self.opened.close()
        to_disk(self.file)
        return self.rows

    def _write(self, rows: int) -> None:
        pa: Any = import_module("pyarrow")
        pq: Any = import_module("pyarrow.parquet")

        whole = pa.Table.from_batches(self.waiting)
        if self.opened is None:
            self.opened = pq.ParquetWriter(self.file, whole.schema, **self.kept.options())
        self.opened.write_table(whole.slice(0, rows), row_group_size=rows)
        self.held -= rows
        rest = whole.slice(rows)
        self.waiting = rest.to_batches() if self.held else []
