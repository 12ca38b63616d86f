"""
The fast road for bulk files of a screening round: whole columns as arrays, judged in one pass each.

It takes only files in which every value can be read as what its column says; for any other it answers None, and the
plain road of `samples` judges the file row by row. Both give the same answer, which a test compares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from yipan.feeds import keys, samples
from yipan.feeds.decode import cell_key
from yipan.feeds.samples import (
    ALREADY_HERE,
    IMPOSSIBLE_TIME,
    INSTANT,
    LONGEST_TEXT,
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
        zh = self.aside["reason"].replace_strict(samples.REASONS_ZH).alias("reason_zh")
        told = self.aside.clone().insert_column(2, zh)
        told.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


Kind = TypeVar("Kind", bound=Judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRoster(Judged):
    """A roster that was judged, with its people in buckets: what a state of the round begins with."""

    people: keys.Buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSwabs(Judged):
    """
    A file of swabs that was judged, with what a state of the round takes from it.

    `columns` are its columns of whole numbers in pieces; `people` its people in buckets; `place` says bucket by
    bucket where in the roster of `Earlier` the person stands, −1 for a visitor; `tubes` are those of its accepted rows.
    """

    columns: Mapping[str, keys.Chunks]
    people: keys.Buckets
    place: keys.Rows
    tubes: keys.Tubes


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedResults(Judged):
    """A file of results that was judged; `place` says row by row which of the known tubes it is of, −1 for none."""

    place: keys.Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTubes:
    """Tubes of earlier files of a round: each once, with its site, street, mode and how many people are in it."""

    tube: Ints
    site: Ints
    street: Ints
    mode: Ints
    people: Ints

    @classmethod
    def of(cls, tube: Ints, site: Ints, street: Ints, mode: Ints) -> "EarlierTubes":
        """Gather swabs, one row each, into tubes."""
        told = keys.tubes_of([tube], site=[site], street=[street], mode=[mode])
        return cls(tube=told.tube, site=told.site, street=told.street, mode=told.mode, people=told.people)  # fmt: skip

    def joined(self, other: "EarlierTubes") -> "EarlierTubes":
        """Put two together; of a tube that stands in both the first counts."""
        _, row = np.unique(np.concatenate((self.tube, other.tube)), return_index=True)
        return EarlierTubes(
            **{
                name: np.concatenate((getattr(self, name), getattr(other, name)))[row]
                for name in ("tube", "site", "street", "mode", "people")
            }
        )


NO_TUBES = EarlierTubes(tube=NOBODY, site=NOBODY, street=NOBODY, mode=NOBODY, people=NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """
    What earlier files of a round told of people and tubes.

    `person` is the roster in the buckets of `feeds.keys`, `tube` says of each whether a swab is known (0 or more);
    `visitor` are people swabbed who are not in `person`. `samples` are the numbers of earlier samples.
    """

    person: Ints = field(default_factory=lambda: NOBODY)
    begins: Ints = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    tube: keys.Rows = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    visitor: Ints = field(default_factory=lambda: NOBODY)
    samples: tuple[Ints, ...] = ()
    tubes: EarlierTubes = NO_TUBES

    @classmethod
    def of(cls, frame: "pl.DataFrame") -> "Earlier":
        """Return what the accepted swabs of a frame tell, nobody being on a roster."""
        tube, site, street, mode, person, sample = (
            frame[name].to_numpy() for name in ("tube", "site", "street", "mode", "person", "sample")
        )  # fmt: skip
        return cls(
            visitor=person, samples=(sample,), tubes=EarlierTubes.of(tube, site, street, mode)
        )


NOTHING = Earlier()


def roster(path: Path, *, streets: Sequence[int], already: Ints = NOBODY) -> JudgedRoster | None:
    """Judge a roster (`samples.read_roster`), None where only the plain road can. `already` are people of earlier files."""
    table = _Table.of(path, samples.ROSTER, time_zone="UTC")
    if table is None:
        return None
    street_of = table.finder(streets)
    reason = table.row_reasons(lambda street: ((UNKNOWN_STREET, street_of(street) < 0),), "street")
    person = table.pieces("person")
    people = keys.bucketed(person, bits=keys.bucket_bits(table.frame.height))
    _mark(reason, PERSON_TWICE_ON_ROSTER, keys.again(person, bad=_bad(reason), buckets=people))
    if already.size:
        here = keys.matched(whole(person), np.unique(already)) >= 0
        _mark(reason, ALREADY_HERE, np.flatnonzero(here))
    return table.settled(
        JudgedRoster, reason, filled={"exempt": 0} if table.frame["exempt"].null_count() else None, people=people
    )  # fmt: skip


def swabs(
    path: Path, *, streets: Sequence[int], since: datetime, until: datetime, time_zone: str,
    earlier: Earlier = NOTHING,
) -> JudgedSwabs | None:  # fmt: skip
    """Judge a file of swabs (`samples.read_samples`), None where only the plain road can."""
    table = _Table.of(path, samples.SAMPLES, time_zone=time_zone)
    if table is None:
        return None
    first, last = _micros(since), _micros(until)
    street_of, mode_of = table.finder(streets), table.finder(MODES)
    reason = table.row_reasons(
        lambda street, mode, at: (
            (UNKNOWN_STREET, street_of(street) < 0),
            (UNKNOWN_MODE, mode_of(mode) < 0),
            (IMPOSSIBLE_TIME, (at < first) | (at >= last)),
        ),
        "street", "mode", "sampled_at",
    )  # fmt: skip
    bad = _bad(reason)
    columns = {column.name: table.pieces(column.name) for column in samples.SAMPLES}
    tubes = keys.tubes_of(
        columns["tube"], site=columns["site"], street=columns["street"], mode=columns["mode"], bad=bad
    )  # fmt: skip
    people = keys.bucketed(
        columns["person"],
        bits=(earlier.begins.size - 1).bit_length() - 1
        if earlier.person.size
        else keys.bucket_bits(table.frame.height),
    )
    place = keys.matched_in(people, np.asarray(earlier.person), earlier.begins)
    here = _here(columns, people, place, earlier)
    overfull = (tubes.people > tubes.mode) & (tubes.mode > 0)
    by_tube = _first(
        (TUBE_USED_TWICE, tubes.differs),
        (OVERFULL_TUBE, overfull),
        (TUBE_OF_EARLIER, _conflicts(tubes, earlier.tubes, bad, here)),
    )
    if by_tube.any():
        np.copyto(reason, tubes.by_row(by_tube), where=reason == 0)
    _mark(reason, PERSON_TWICE, keys.again(columns["person"], bad=bad, buckets=people))
    _mark(reason, SAMPLE_TWICE, keys.again(columns["sample"], bad=bad))
    _mark(reason, ALREADY_HERE, here)
    aside = np.flatnonzero(reason)
    if aside.size:
        told = (columns["tube"], columns["site"], columns["street"], columns["mode"])
        tubes = keys.without(tubes, aside, told)
    return table.settled(
        JudgedSwabs, reason, columns=columns, people=people, place=place, tubes=tubes
    )


def results(
    path: Path, *, tubes: Ints, street_of: Ints, until: datetime, time_zone: str
) -> JudgedResults | None:  # fmt: skip
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
    tube = table.whole("tube")
    place = keys.matched(tube, tubes)
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
    _mark(reason, TUBE_TWICE, keys.again([tube], bad=_bad(reason)))
    street = street_of[np.maximum(place, 0)] if tubes.size else np.zeros(place.size, np.int64)
    known = pl.Series("street", street, dtype=pl.Int64)
    if (place < 0).any():
        known = known.to_frame().select(
            pl.when(pl.Series(place >= 0)).then(pl.col("street")).alias("street")
        )["street"]
    frame = table.frame.with_columns(result.alias("result"), known)
    return _settled(
        JudgedResults,
        frame.select("tube", "street", *(c for c in frame.columns if c not in {"tube", "street"})),
        reason,
        samples.RESULTS,
        place=place,
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
        found = [one for one in shaped if one is not None]
        if len(found) < len(shaped):
            return None
        whole = pl.DataFrame(found)
        if len({tuple(piece.len() for piece in one.get_chunks()) for one in found}) > 1:
            whole = whole.rechunk()
        return cls(frame=whole, columns=tuple(columns))

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

    def finder(self, known: Sequence[int]) -> Callable[[Ints], keys.Rows]:
        """Return what tells the place of values of a column among those known, −1 where they are none of them."""
        return keys.finder(np.asarray(sorted(known), dtype=np.int64), rows=self.frame.height)

    def pieces(self, name: str) -> keys.Chunks:
        """A column of whole numbers or instants as integers, 0 where missing, in the pieces the file was read in."""
        series = self.frame[name].to_physical()
        if series.null_count():
            series = series.fill_null(0)
        return [piece.to_numpy() for piece in series.get_chunks()]

    def whole(self, name: str) -> Ints:
        """A column as `pieces` gives it, in one."""
        return whole(self.pieces(name))

    def row_reasons(
        self, judge: "Callable[..., Sequence[tuple[str, Flags]]]", *names: str
    ) -> Reasons:
        """The number of the first reason that a row has in itself, piece by piece; 0 where it has none."""
        lacking = self.lacking
        told, first = [np.empty(0, dtype=np.uint8)], 0
        for pieces in zip(*map(self.pieces, names), strict=True):
            until = first + pieces[0].size
            told.append(_first((UNREADABLE, lacking[first:until]), *judge(*pieces)))
            first = until
        return np.concatenate(told)

    def settled(
        self, kind: type[Kind], reason: Reasons, *, filled: Mapping[str, int] | None = None, **more: Any
    ) -> Kind:  # fmt: skip
        import polars as pl

        frame = self.frame
        if filled:
            frame = frame.with_columns(
                pl.col(name).fill_null(value) for name, value in filled.items()
            )
        return _settled(kind, frame, reason, self.columns, **more)


def whole(pieces: keys.Chunks) -> Ints:
    """Put the pieces of a column together."""
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else NOBODY


def _settled(kind: type[Kind], frame: "pl.DataFrame", reason: Reasons, told_as: Sequence[BulkColumn], **more: Any) -> Kind:  # fmt: skip
    import polars as pl

    lines = np.flatnonzero(reason)
    counts = np.bincount(reason[lines], minlength=len(REASONS) + 1)
    words = [REASONS[number - 1] for number in reason[lines].tolist()]
    aside = frame[lines] if lines.size else frame.clear()
    aside = aside.select(
        pl.Series("line", lines + 2, dtype=pl.Int64), pl.Series("reason", words, dtype=pl.String),
        pl.when(pl.Series([word == UNREADABLE for word in words], dtype=pl.Boolean)).then(pl.concat_str(
            *(pl.when(pl.col(c.name).is_null()).then(pl.lit(f"{c.name} is missing")) for c in told_as if c.needed),
            separator="; ", ignore_nulls=True,
        )).alias("unreadable"),
        pl.all(),
    )  # fmt: skip
    return kind(
        reading=BulkReading(
            read=frame.height, accepted=frame.height - lines.size,
            reasons={REASONS[n - 1]: int(counts[n]) for n in range(1, counts.size) if counts[n]},
        ),
        frame=frame, put_aside=reason > 0 if lines.size else None, aside=aside, **more,
    )  # fmt: skip


def _chosen(header: Sequence[str], columns: Sequence[BulkColumn]) -> dict[str, str] | None:
    """Which column of a file is which of ours, None where a needed one is missing or a name stands twice."""
    by_key = {cell_key(name): name for name in header}
    if len(by_key) < len(header):
        return None
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
    if (
        all(one.null_count() for one in frame)
        and frame.select(pl.all_horizontal(pl.all().is_null()).any()).item()
    ):
        return None  # an empty line is no row of the plain road
    if _commas(path) > (frame.height + 1) * (len(header) - 1):
        return None  # a row with more values than the header has columns
    return _named(frame, chosen, columns)


def _commas(path: Path) -> int:
    """How many commas a file holds."""
    count = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            count += int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == ord(",")))
    return count


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
        told = series.cast(pl.Float64)
        finite = told.is_finite()
        return told if finite.all() else told.zip_with(finite, pl.Series([None], dtype=pl.Float64))
    if column.kind == TEXT:
        longest = series.str.len_bytes().max() if kind == pl.String else None
        if kind != pl.String or (isinstance(longest, int) and longest > LONGEST_TEXT):
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


def _mark(reason: Reasons, name: str, rows: Ints) -> None:
    """Note a reason for those of these rows that have none yet."""
    reason[rows[reason[rows] == 0]] = number_of(name)


def _bad(reason: Reasons) -> Flags:
    bad: Flags = reason > 0
    return bad if bad.any() else keys.NONE_BAD


def _here(
    columns: Mapping[str, keys.Chunks], people: keys.Buckets, place: keys.Rows, earlier: Earlier
) -> Ints:
    """The rows of which an earlier file brought the person or the sample."""
    if not earlier.tubes.tube.size:
        return NOBODY
    seen = np.zeros(place.size, dtype=np.bool_)  # bucket by bucket
    if earlier.tube.size:
        on = np.flatnonzero(place >= 0)
        seen[on] = np.asarray(earlier.tube)[place[on]] >= 0
    if earlier.visitor.size:
        off = np.flatnonzero(place < 0)
        seen[off] = np.isin(people.keys[off], np.asarray(earlier.visitor))
    sample = whole(columns["sample"])
    told = (keys.seen_before(sample, np.asarray(before)) for before in earlier.samples)
    return np.unique(np.concatenate([people.row[seen], *map(np.flatnonzero, told)]))


def _conflicts(tubes: keys.Tubes, earlier: EarlierTubes, bad: Flags, here: Ints) -> Flags:
    """Whether a tube was filled by an earlier file elsewhere or for another mode, or holds too many with those of it."""
    none = np.zeros(tubes.tube.size, dtype=np.bool_)
    if not earlier.tube.size:
        return none
    place = keys.matched(tubes.tube, np.asarray(earlier.tube))
    at = np.flatnonzero((place >= 0) & (tubes.people > 0))
    if not at.size:
        return none
    shared = np.zeros(tubes.tube.size, dtype=np.bool_)
    shared[at] = True
    counted = tubes.by_row(shared)
    counted[here] = False
    if bad.size:
        counted &= ~bad
    new = np.bincount(np.repeat(tubes.run, tubes.lengths)[counted], minlength=tubes.tube.size)
    before = place[at]
    other = (
        (tubes.site[at] != earlier.site[before])
        | (tubes.street[at] != earlier.street[before])
        | (tubes.mode[at] != earlier.mode[before])
        | tubes.differs[at]
    )
    over = (
        (new[at] > 0) & (new[at] + earlier.people[before] > tubes.mode[at]) & (tubes.mode[at] > 0)
    )
    none[at] = other | over
    return none


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
