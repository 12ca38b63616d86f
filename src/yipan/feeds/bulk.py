"""
The fast road for bulk files of a screening round: whole columns as arrays, judged in one pass each.

It takes only files in which every value can be read as what its column says; for any other it answers None, and the
plain road of `samples` judges the file row by row. Both give the same answer, which a test compares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from yipan.feeds import keys, samples
from yipan.feeds.decode import cell_key
from yipan.feeds.samples import (
    ALREADY_HERE,
    IMPOSSIBLE_TIME,
    INSTANT,
    NUMBER,
    OUT_OF_ORDER,
    OVERFULL_TUBE,
    PERSON_TWICE,
    PERSON_TWICE_ON_ROSTER,
    REASONS,
    RESULT_WORDS,
    SAMPLE_TWICE,
    TEXT,
    TUBE_OF_EARLIER,
    TUBE_TWICE,
    TUBE_USED_TWICE,
    UNKNOWN_MODE,
    UNKNOWN_RESULT,
    UNKNOWN_STREET,
    UNKNOWN_TUBE,
    UNREADABLE,
    WHOLE,
    BulkColumn,
    BulkReading,
    number_of,
)

if TYPE_CHECKING:
    import polars as pl

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reasons = NDArray[np.uint8]
NOBODY = np.empty(0, dtype=np.int64)
MODES = (0, *samples.TUBE_SIZES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A bulk file that was judged: the count, all its rows with those put aside marked, and those with `line` and `reason`."""

    reading: BulkReading
    frame: "pl.DataFrame"
    put_aside: Flags | None
    aside: "pl.DataFrame"

    @property
    def accepted(self) -> "pl.DataFrame":
        """The rows that were accepted; a copy of all of them where any was not."""
        import polars as pl

        return (
            self.frame if self.put_aside is None else self.frame.filter(pl.Series(~self.put_aside))
        )

    def write_quarantine(self, path: Path) -> None:
        """Write the rows put aside as CSV, as the plain road does."""
        self.aside.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTubes:
    """Tubes of earlier files of a round: each once, with its site, street and how many people are in it."""

    tube: Ints
    site: Ints
    street: Ints
    people: Ints

    @classmethod
    def of(cls, tube: Ints, site: Ints, street: Ints) -> "EarlierTubes":
        """Gather swabs, one row each, into tubes."""
        begins, lengths = keys.runs_of(tube)
        unique, first, inverse = np.unique(tube[begins], return_index=True, return_inverse=True)
        people = np.bincount(inverse, weights=lengths, minlength=unique.size).astype(np.int64)
        row = begins[first]
        return cls(tube=unique, site=site[row], street=street[row], people=people)


def roster(path: Path, *, streets: Sequence[int], already: Ints = NOBODY) -> Judged | None:
    """Judge a roster (`samples.read_roster`), None where only the plain road can. `already` are people of earlier files."""
    table = _Table.of(path, samples.ROSTER, time_zone="UTC")
    if table is None:
        return None
    reason = _first(
        (UNREADABLE, table.lacking), (UNKNOWN_STREET, _unknown(table.whole("street"), streets))
    )
    person = table.whole("person")
    _later(reason, {PERSON_TWICE_ON_ROSTER: person})
    _earlier(reason, person, already)
    exempt = np.where(table.null("exempt"), 0, table.whole("exempt"))
    return table.settled(reason, replaced={"exempt": exempt})


def swabs(
    path: Path, *, streets: Sequence[int], since: datetime, until: datetime, time_zone: str,
    already: Ints = NOBODY, tubes: EarlierTubes | None = None,
) -> Judged | None:  # fmt: skip
    """Judge a file of swabs (`samples.read_samples`), None where only the plain road can."""
    table = _Table.of(path, samples.SAMPLES, time_zone=time_zone)
    if table is None:
        return None
    street, mode, at = table.whole("street"), table.whole("mode"), table.whole("sampled_at")
    reason = _first(
        (UNREADABLE, table.lacking),
        (UNKNOWN_STREET, _unknown(street, streets)),
        (UNKNOWN_MODE, _not_in(mode, MODES)),
        (IMPOSSIBLE_TIME, (at < _micros(since)) | (at >= _micros(until))),
    )
    tube, site, person = table.whole("tube"), table.whole("site"), table.whole("person")
    twice, overfull = keys.tube_faults(tube, site=site, street=street, mode=mode, bad=reason > 0)
    by_tube = _first((TUBE_USED_TWICE, twice), (OVERFULL_TUBE, overfull))
    if tubes is not None and tubes.tube.size:
        conflict = _conflicts(tube, site, street, mode, reason > 0, tubes)
        by_tube = np.where(
            by_tube == 0, np.where(conflict, number_of(TUBE_OF_EARLIER), 0), by_tube
        ).astype(np.uint8)
    line_reason = np.zeros_like(reason)
    _later(line_reason, {SAMPLE_TWICE: table.whole("sample"), PERSON_TWICE: person}, bad=reason > 0)
    for more in (by_tube, line_reason):
        if more.any():
            np.copyto(reason, more, where=reason == 0)
    _earlier(reason, person, already)
    return table.settled(reason)


def results(
    path: Path, *, tubes: Ints, street_of: Ints, until: datetime, time_zone: str
) -> Judged | None:  # fmt: skip
    """
    Judge a file of tube results (`samples.read_results`), None where only the plain road can.

    `tubes` are those of accepted swabs, each once, and `street_of` the street of each.
    """
    import polars as pl

    table = _Table.of(path, samples.RESULTS, time_zone=time_zone)
    if table is None:
        return None
    words = {word: result for result, others in RESULT_WORDS.items() for word in (result, *others)}
    told = table.frame["result"]
    seen = {value: words.get(value.strip().lower()) for value in told.unique().to_list() if value}
    result = told.replace_strict(seen, default=None, return_dtype=pl.String)
    place = keys.matched(table.whole("tube"), tubes)
    received, published = table.whole("received_at"), table.whole("published_at")
    loaded, called = table.whole("loaded_at"), table.whole("called_at")
    no_load, no_call = table.null("loaded_at"), table.null("called_at")
    load_or_end, load_or_begin = (
        np.where(no_load, published, loaded),
        np.where(no_load, received, loaded),
    )
    call_or_end, call_or_begin = (
        np.where(no_call, published, called),
        np.where(no_call, received, called),
    )
    reason = _first(
        (UNREADABLE, table.lacking),
        (UNKNOWN_RESULT, result.is_null().to_numpy()),
        (UNKNOWN_TUBE, place < 0),
        (IMPOSSIBLE_TIME, published >= _micros(until)),
        (
            OUT_OF_ORDER,
            (received > load_or_end) | (load_or_begin > call_or_end) | (call_or_begin > published),
        ),
    )
    _later(reason, {TUBE_TWICE: table.whole("tube")})
    street = street_of[np.maximum(place, 0)] if tubes.size else np.zeros(place.size, np.int64)
    known = pl.Series("street", street, dtype=pl.Int64)
    if (place < 0).any():
        known = known.to_frame().select(
            pl.when(pl.Series(place >= 0)).then(pl.col("street")).alias("street")
        )["street"]
    frame = table.frame.with_columns(result.alias("result"), known)
    return _settled(
        frame.select("tube", "street", *(c for c in frame.columns if c not in {"tube", "street"})),
        reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A bulk file as columns of ours: whole numbers, instants in microseconds since 1970 UTC, texts."""

    frame: "pl.DataFrame"
    columns: tuple[BulkColumn, ...]

    @classmethod
    def of(cls, path: Path, columns: Sequence[BulkColumn], *, time_zone: str) -> "_Table | None":
        import polars as pl

        if not path.is_file() or path.stat().st_size == 0:
            return None
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
        try:
            frame = (_from_parquet if parquet else _from_csv)(path, columns)
            if frame is None or frame.height >= 2**31:
                return None
            shaped = [_shaped(frame[c.name], c, time_zone=time_zone) for c in columns]
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError, ValueError, OverflowError):
            return None
        if any(one is None for one in shaped):
            return None
        return cls(frame=pl.DataFrame([s for s in shaped if s is not None]), columns=tuple(columns))

    @property
    def lacking(self) -> Flags:
        """Whether a row lacks a value it needs."""
        found = np.zeros(self.frame.height, dtype=np.bool_)
        for column in self.columns:
            if column.needed and self.frame[column.name].null_count():
                found |= self.null(column.name)
        return found

    def null(self, name: str) -> Flags:
        """Whether a value is missing, row by row."""
        missing: Flags = self.frame[name].is_null().to_numpy()
        return missing

    def whole(self, name: str) -> Ints:
        """A column of whole numbers or instants as integers; 0 where missing."""
        series = self.frame[name].to_physical()
        if series.null_count():
            series = series.fill_null(0)
        numbers: Ints = series.to_numpy()
        return numbers

    def settled(
        self, reason: Reasons, *, replaced: Mapping[str, NDArray[Any]] | None = None
    ) -> Judged:
        import polars as pl

        frame = self.frame
        if replaced:
            frame = frame.with_columns(pl.Series(n, v, dtype=pl.Int64) for n, v in replaced.items())
        return _settled(frame, reason)


def _settled(frame: "pl.DataFrame", reason: Reasons) -> Judged:
    import polars as pl

    counts = np.bincount(reason, minlength=len(REASONS) + 1)
    lines = np.flatnonzero(reason)
    words = [REASONS[number - 1] for number in reason[lines].tolist()]
    aside = frame[lines] if lines.size else frame.clear()
    aside = aside.select(
        pl.Series("line", lines + 2, dtype=pl.Int64), pl.Series("reason", words, dtype=pl.String), pl.all()
    )  # fmt: skip
    return Judged(
        reading=BulkReading(
            read=frame.height, accepted=int(counts[0]),
            reasons={REASONS[n - 1]: int(counts[n]) for n in range(1, counts.size) if counts[n]},
        ),
        frame=frame, put_aside=reason > 0 if lines.size else None, aside=aside,
    )  # fmt: skip


def _chosen(header: Sequence[str], columns: Sequence[BulkColumn]) -> dict[str, str] | None:
    """Which column of a file is which of ours, None where a needed one is missing or a name stands twice."""
    by_key: dict[str, str] = {}
    for name in header:
        by_key.setdefault(cell_key(name), name)
    chosen = {}
    for column in columns:
        names = [cell_key(name) for name in (column.name, *column.aliases)]
        found = next((by_key[name] for name in names if name in by_key), None)
        if found is not None:
            chosen[column.name] = found
        elif column.needed:
            return None
    return chosen if len(set(chosen.values())) == len(chosen) else None


def _from_parquet(path: Path, columns: Sequence[BulkColumn]) -> "pl.DataFrame | None":
    import polars as pl

    chosen = _chosen(list(pl.read_parquet_schema(path)), columns)
    if chosen is None:
        return None
    frame = pl.read_parquet(path, columns=list(chosen.values()), use_statistics=False)
    return _named(frame, chosen, columns)


def _from_csv(path: Path, columns: Sequence[BulkColumn]) -> "pl.DataFrame | None":
    import polars as pl

    with path.open("rb") as file:
        head = file.readline(65_536)
    if b"," not in head or b'"' in head or b";" in head or b"\t" in head:
        return None
    header = head.decode("utf-8-sig").rstrip("\r\n").split(",")
    chosen = _chosen(header, columns)
    if chosen is None or len(set(header)) != len(header):
        return None
    types = {WHOLE: pl.Int64, NUMBER: pl.Float64, TEXT: pl.String, INSTANT: pl.String}
    kind_of = {column.name: column.kind for column in columns}
    wanted = {told: types[kind_of[name]] for name, told in chosen.items()}
    frame = pl.read_csv(
        path, columns=list(chosen.values()), schema_overrides=wanted, infer_schema_length=0
    )  # fmt: skip
    return _named(frame, chosen, columns)


def _named(
    frame: "pl.DataFrame", chosen: Mapping[str, str], columns: Sequence[BulkColumn]
) -> "pl.DataFrame":
    import polars as pl

    types = {WHOLE: pl.Int64(), NUMBER: pl.Float64(), TEXT: pl.String(), INSTANT: pl.Datetime("us", "UTC")}  # fmt: skip
    return frame.select(
        pl.col(chosen[c.name]).alias(c.name)
        if c.name in chosen
        else pl.lit(None, dtype=types[c.kind]).alias(c.name)
        for c in columns
    )


def _shaped(series: "pl.Series", column: BulkColumn, *, time_zone: str) -> "pl.Series | None":
    """A column as its kind is kept in the lake, None where a value would be lost by it."""
    import polars as pl

    kind = series.dtype
    if column.kind == WHOLE:
        if kind == pl.Int64:
            return series
        return series.cast(pl.Int64) if kind.is_integer() else None
    if column.kind == NUMBER:
        if not kind.is_numeric():
            return None
        return series.cast(pl.Float64)
    if column.kind == TEXT:
        if kind != pl.String:
            return None
        stripped = series.str.strip_chars(" ")
        return stripped.replace("", None) if (stripped == "").any() else stripped
    if kind == pl.String:
        read = _instants(series)
        if read is None:
            return None
        series = read
    elif kind.base_type() is not pl.Datetime:
        return None
    if series.dtype.time_zone is None:  # type: ignore[attr-defined]  # a Datetime by now
        series = series.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    return series.dt.cast_time_unit("us").dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _instants(series: "pl.Series") -> "pl.Series | None":
    """Read texts as instants if all of them have one of the plain forms, else None."""
    import polars as pl

    first = next((value for value in series.head(100).to_list() if value), None)
    if first is None:
        return None if series.len() else series.cast(pl.Datetime("us"))
    if len(first) < 16 or first[10] not in "T ":
        return None
    seconds = "%H:%M:%S%.f" if len(first) > 16 and first[16] == ":" else "%H:%M"
    tail = first[16:]
    offset = "%#z" if tail.endswith(("Z", "z")) else "%z" if "+" in tail or "-" in tail else ""
    read = series.str.to_datetime(
        f"%Y-%m-%d{first[10]}{seconds}{offset}", time_unit="us", strict=False
    )
    return read if read.null_count() == series.null_count() else None


def _first(*reasons: tuple[str, Flags]) -> Reasons:
    """The number of the first reason that holds, row by row, 0 where none does."""
    found = np.zeros(reasons[0][1].size, dtype=np.uint8)
    for reason, holds in reversed(reasons):
        if holds.any():
            found[holds] = number_of(reason)
    return found


def _later(reason: Reasons, of: Mapping[str, Ints], *, bad: Flags | None = None) -> None:
    """Note for each key, among rows without a fault of their own, the rows on which it stands again."""
    fine = (
        None
        if not (told := bad if bad is not None else reason > 0).any()
        else np.flatnonzero(~told)
    )
    for name, values in of.items():
        rows = keys.rows_again(values if fine is None else values[fine])
        reason[rows if fine is None else fine[rows]] = number_of(name)


def _earlier(reason: Reasons, key: Ints, already: Ints) -> None:
    if already.size:
        here = keys.matched(key, np.unique(already)) >= 0
        reason[here & (reason == 0)] = number_of(ALREADY_HERE)


def _unknown(street: Ints, streets: Sequence[int]) -> Flags:
    return _not_in(street, streets)


def _not_in(values: Ints, known: Sequence[int]) -> Flags:
    strange: Flags = keys.places_of(values, np.asarray(sorted(known), dtype=np.int64)) < 0
    return strange


def _conflicts(
    tube: Ints, site: Ints, street: Ints, mode: Ints, bad: Flags, earlier: EarlierTubes
) -> Flags:
    """Whether the tube of a row was filled by an earlier file elsewhere, or holds too many with those of it."""
    begins, lengths = keys.runs_of(tube)
    place = keys.matched(tube[begins], earlier.tube)
    if not (place >= 0).any():
        return np.zeros(tube.size, dtype=np.bool_)
    mine = np.repeat(place, lengths)
    rows = np.flatnonzero((mine >= 0) & ~bad)
    at = mine[rows]
    people = np.bincount(at, minlength=earlier.tube.size)
    most = np.zeros(earlier.tube.size, dtype=np.int64)
    np.maximum.at(most, at, mode[rows])
    elsewhere = np.zeros(earlier.tube.size, dtype=np.bool_)
    elsewhere[at[(site[rows] != earlier.site[at]) | (street[rows] != earlier.street[at])]] = True
    wrong = elsewhere | ((people + earlier.people > most) & (most > 0) & (people > 0))
    return (mine >= 0) & wrong[np.maximum(mine, 0)]


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


Judge = Callable[..., Judged | None]
