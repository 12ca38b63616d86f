"""One act: the change, who made it under which rule and why, in one transaction."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import polars as pl
from psycopg.types.json import Jsonb

from yipan.model import (
    Area,
    AreaPath,
    Case,
    Identity,
    Receipt,
    ReproductionNumber,
    Round,
    Signal,
    User,
)
from yipan.store.nouns import NounTable
from yipan.store.record import NotFound, Record, case_content
from yipan.store.schema import versioned
from yipan.store.tables import every_table

T = TypeVar("T")
FEW_ROWS = 50
_COLUMN_TYPES: dict[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a set of rows changed: new ones, corrections of known ones, and those that were known already."""

    new: int
    corrected: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting(Record):
    """
    A reading that may also write, as act number `number`; all of it happens or none.

    Each `put_` closes the current versions it replaces, writes the new ones, and leaves unchanged rows alone.
    """

    number: int
    moment: Any
    touched: set[str] = field(default_factory=set)

    def put(self, table: NounTable[T], nouns: Iterable[T]) -> Change:
        """Put nouns of a desk on record; a known one with other content gets a new version."""
        return self._put(table.name, ("id",), [table.row(noun) for noun in nouns])

    def end(self, table: NounTable[Any], ids: Collection[str]) -> int:
        """End the current versions of these ids without a successor and return how many there were."""
        self.touched.add(table.name)
        return self.connection.execute(
            f"update {table.name} set known_until = %s where known_until is null and id = any(%s)",
            (self.moment, list(ids)),
        ).rowcount

    def put_areas(
        self,
        areas: Iterable[Area],
        *,
        boundaries: Mapping[AreaPath, Mapping[str, object]] | None = None,
        schematic: bool = True,
    ) -> Change:
        """Put areas on record, each with its boundary (a GeoJSON geometry) where one is given."""
        shapes = boundaries or {}
        rows = [
            (a.path, a.level, a.name_zh, a.name_en, a.code, a.within_code, a.population, a.source, a.functional,
             Jsonb(shapes[a.path]) if a.path in shapes else None, schematic if a.path in shapes else None)
            for a in areas
        ]  # fmt: skip
        return self._put("area", ("path",), rows)

    def put_counts(self, frame: pl.DataFrame, *, published: bool) -> Change:
        """
        Put a table of counts on record: columns area, stream, day, value (null: nobody reported), source.

        A known row with another value is a correction; one with the same value is unchanged, whatever its source.
        """
        wanted = frame.select(
            pl.col("area"), pl.col("stream"), pl.col("day"), pl.col("value").cast(pl.Int64),
            pl.lit(published).alias("published"), pl.col("source"),
        )  # fmt: skip
        return self._put_copied(
            "count_version", ("area", "stream", "day"), ("value", "published"), wanted
        )

    def put_signals(
        self,
        signals: Iterable[Signal],
        *,
        under: AreaPath,
        since: date,
        until: date,
        method: str,
    ) -> Change:
        """
        Make these the current signals of a method in `under` on the days from `since` up to `until`.

        Current ones that are not among them are closed: they stay in the history.
        """
        rows = [
            (s.area, s.stream.key, s.day, s.method, s.observed, s.expected, s.threshold, s.score, s.since,
             s.baseline, s.baseline_missing, s.judgement.value)
            for s in signals
        ]  # fmt: skip
        kept = [f"{row[0]}|{row[1]}|{row[2].isoformat()}" for row in rows]
        self.connection.execute(
            "update signal set known_until = %s where known_until is null and area ^@ %s and day >= %s "
            "and day < %s and method = %s and not (area || '|' || stream || '|' || day::text = any(%s))",
            (self.moment, under, since, until, method, kept),
        )
        self.touched.add("signal")
        return self._put("signal", ("area", "stream", "day", "method"), rows)

    def put_reproduction(self, numbers: Iterable[ReproductionNumber]) -> Change:
        """Put reproduction numbers on record, one current version per area and window."""
        rows = [
            (n.area, n.since, n.until, n.state.value,
             *((n.estimate.value, n.estimate.low, n.estimate.high, n.estimate.level) if n.estimate else (None,) * 4),
             n.cases, n.missing_days)
            for n in numbers
        ]  # fmt: skip
        return self._put("reproduction", ("area", "since", "until"), rows)

    def put_cases(self, cases: Iterable[Case]) -> Change:
        """Put cases on record; a known case with other content gets a new version."""
        rows = [(c.id, c.area, c.person, c.disease, case_content(c)) for c in cases]
        return self._put("case_version", ("id",), rows)

    def put_identities(
        self, identities: Iterable[Identity], *, areas: Mapping[str, AreaPath]
    ) -> None:
        """Put identities into the vault, each under the area of its person; known people keep what is there."""
        for known in identities:
            self.connection.execute(
                "select identity_put(%s, %s, %s, %s, %s, %s, %s, %s)",
                (known.person, areas[known.person], known.name, known.certificate, known.phone, known.address,
                 known.born, self.number),
            )  # fmt: skip

    def put_round(self, entry: Round) -> Change:
        """Put what one desk did in a round on record."""
        row = (self.viewer.area, entry.at, entry.desk, entry.ok, entry.message, entry.made)
        return self._put("round", ("area", "at", "desk"), [row])

    def put_user(self, user: User, *, password_hash: str) -> None:
        """Put a user and the duties they hold on record."""
        area = min((grant.area for grant in user.grants), key=len)
        self.connection.execute(
            "select user_put(%s, %s, %s, %s, %s, %s)",
            (user.name, user.shown_as, area, password_hash, self.moment, self.number),
        )
        for grant in user.grants:
            self.connection.execute(
                "select grant_put(%s, %s, %s, %s, %s, %s, %s)",
                (
                    grant.user,
                    grant.duty.value,
                    grant.area,
                    grant.since,
                    grant.until,
                    self.moment,
                    self.number,
                ),
            )

    def commit_reading(
        self,
        *,
        file: str,
        sha256: str,
        format: str,
        rows_read: int,
        rows_rejected: int,
        counts: pl.DataFrame | None = None,
        cases: Sequence[Case] = (),
        identities: Sequence[Identity] = (),
        areas: Sequence[Area] = (),
        boundaries: Mapping[AreaPath, Mapping[str, object]] | None = None,
        schematic: bool = True,
        published: bool = False,
        nouns: Sequence[tuple[NounTable[Any], Sequence[Any]]] = (),
        people: Mapping[str, AreaPath] | None = None,
    ) -> Receipt:
        """
        Put everything one file brought on record and return the receipt for it.

        `nouns` are those of the desks' tables; `people` is the area of everybody in `identities` who is no case.
        """
        changes = [Change(new=0, corrected=0, unchanged=rows_read - rows_rejected)]
        if counts is not None and counts.height:
            changes.append(self.put_counts(counts, published=published))
        if cases:
            changes.append(self.put_cases(cases))
            self.put_identities(identities, areas={case.person: case.area for case in cases})
        for table, several in nouns:
            changes.append(self.put(table, several))
        if people and identities:
            self.put_identities(identities, areas=dict(people.items()))
        if areas:
            changes.append(self.put_areas(areas, boundaries=boundaries, schematic=schematic))
        new = sum(change.new for change in changes)
        corrected = sum(change.corrected for change in changes)
        receipt = Receipt(
            id=f"r-{secrets.token_hex(6)}", file=file, sha256=sha256, format=format, rows_read=rows_read,
            rows_new=new, rows_corrected=corrected,
            rows_unchanged=rows_read - rows_rejected - new - corrected,
            rows_rejected=rows_rejected, undone=False, act=self.number,
        )  # fmt: skip
        self._put("receipt", ("id",), [self._receipt_row(receipt)])
        return receipt

    def undo_receipt(self, receipt: str) -> Receipt:
        """
        Take back what a receipt brought: its rows are closed and what was known before them is current again.

        Raises NotFound where there is no such receipt in force, ValueError where later acts built on its rows.
        """
        rows = self._rows(
            "select id, file, sha256, format, rows_read, rows_new, rows_corrected, rows_unchanged, "
            "rows_rejected, undone, act from receipt",
            ("id = %(id)s", True), ("not undone", True), id=receipt,
        )  # fmt: skip
        if not rows:
            raise NotFound(f"no receipt {receipt} is in force")
        done = Receipt(**rows[0])
        self._check_nothing_lies_in_new_areas(done)
        kept_whole = tuple((table.name, ("id",)) for table in every_table())
        for table, key in (
            ("count_version", ("area", "stream", "day")), ("case_version", ("id",)), ("area", ("path",)),
            *kept_whole,
        ):  # fmt: skip
            columns = ", ".join(versioned()[table])
            later = self.connection.execute(
                f"select count(*) from {table} where act = %s and known_until is not null",
                (done.act,),
            ).fetchone()
            if later and later[0]:
                raise ValueError(
                    f"{later[0]} rows of receipt {receipt} were corrected since; undo the later files first"
                )
            self.connection.execute(
                f"update {table} set known_until = %s where act = %s and known_until is null",
                (self.moment, done.act),
            )
            same = " and ".join(f"o.{name} = n.{name}" for name in key)
            self.connection.execute(
                f"insert into {table} ({columns}, known_from, act) "
                f"select {', '.join('o.' + name for name in versioned()[table])}, %s, %s from {table} o join {table} n "
                f"on {same} and o.known_until = n.known_from and o.act < n.act where n.act = %s",
                (self.moment, self.number, done.act),
            )
            self.touched.add(table)
        undone = Receipt(
            **{name: getattr(done, name) for name in done.__dataclass_fields__} | {"undone": True}
        )
        self._put("receipt", ("id",), [self._receipt_row(undone)])
        return undone

    def _check_nothing_lies_in_new_areas(self, receipt: Receipt) -> None:
        row = self.connection.execute(
            "select a.path from area a where a.act = %(act)s and a.known_until is null and not exists "
            "(select from area o where o.path = a.path and o.act <> %(act)s) and (exists "
            "(select from count_version c where c.area ^@ a.path and c.known_until is null and c.act <> %(act)s) "
            "or exists (select from case_version c where c.area ^@ a.path and c.known_until is null "
            "and c.act <> %(act)s)) limit 1",
            {"act": receipt.act},
        ).fetchone()
        if row is not None:
            raise ValueError(
                f"receipt {receipt.id} added the area {row[0]}, in which there are figures now; undo theirs first"
            )

    def digest(self) -> str:
        """The hash of every row this act wrote, in an order that does not matter."""
        return digest_of(self.connection, self.number, sorted(self.touched))

    def _receipt_row(self, receipt: Receipt) -> tuple[object, ...]:
        return (
            receipt.id, self.viewer.area, receipt.file, receipt.sha256, receipt.format, receipt.rows_read,
            receipt.rows_new, receipt.rows_corrected, receipt.rows_unchanged, receipt.rows_rejected, receipt.undone,
        )  # fmt: skip

    def _put(self, table: str, key: Sequence[str], rows: Sequence[Sequence[object]]) -> Change:
        if len(rows) <= FEW_ROWS:
            return self._put_few(table, key, rows)
        columns = versioned()[table]
        with self.connection.cursor() as cursor:
            self._make_incoming(table)
            with cursor.copy(f"copy incoming ({', '.join(columns)}) from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
        return self._merge(table, key, [name for name in columns if name not in key])

    def _put_few(self, table: str, key: Sequence[str], rows: Sequence[Sequence[object]]) -> Change:
        """The same for few rows, as three statements: most saves are one row, and a table made for it costs more."""
        self.touched.add(table)
        columns = versioned()[table]
        places = [columns.index(name) for name in key]
        keys = [tuple(row[place] for place in places) for row in rows]
        for position, one in enumerate(keys):
            if one in keys[:position]:
                raise ValueError(f"{table} was given {' '.join(map(str, one))} twice in one act")
        if not rows:
            return Change(new=0, corrected=0, unchanged=0)
        types = self._types(table)
        on = " and ".join(f"t.{name} = i.{name}" for name in key)
        same = " and ".join(
            f"t.{name} is not distinct from i.{name}" for name in columns if name not in key
        )
        listed = _values([("n", "integer"), *((name, types[name]) for name in columns)], len(rows))
        known = dict(
            self.connection.execute(
                f"select i.n, {same} from {listed} i(n, {', '.join(columns)}) join {table} t "
                f"on t.known_until is null and {on}",
                [value for n, row in enumerate(rows) for value in (n, *row)],
            ).fetchall()
        )
        corrected = [keys[n] for n, unchanged in known.items() if not unchanged]
        if corrected:
            self.connection.execute(
                f"update {table} t set known_until = %s from "
                f"{_values([(name, types[name]) for name in key], len(corrected))} i({', '.join(key)}) "
                f"where t.known_until is null and {on}",
                [self.moment, *(value for one in corrected for value in one)],
            )
        written = [row for n, row in enumerate(rows) if not known.get(n)]
        if written:
            kinds = [
                *((name, types[name]) for name in columns),
                ("known_from", "timestamptz"),
                ("act", "bigint"),
            ]
            self.connection.execute(
                f"insert into {table} ({', '.join(name for name, _ in kinds)}) "
                f"select * from {_values(kinds, len(written))} i",
                [value for row in written for value in (*row, self.moment, self.number)],
            )  # fmt: skip
        return Change(
            new=len(written) - len(corrected), corrected=len(corrected),
            unchanged=len(rows) - len(written),
        )  # fmt: skip

    def _types(self, table: str) -> Mapping[str, str]:
        """The type of each column; a table's columns never change while a program runs."""
        found = _COLUMN_TYPES.get(table)
        if found is None:
            rows = self.connection.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute "
                "where attrelid = %s::regclass and attnum > 0 and not attisdropped",
                (table,),
            ).fetchall()
            found = _COLUMN_TYPES[table] = dict(rows)
        return found

    def _put_copied(
        self, table: str, key: Sequence[str], compared: Sequence[str], frame: pl.DataFrame
    ) -> Change:
        """Stream a table as CSV made by Polars: no Python object per row."""
        self._make_incoming(table)
        statement = (
            f"copy incoming ({', '.join(frame.columns)}) from stdin (format csv, null '\\N')"
        )
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in frame.iter_slices(100_000):
                copy.write(part.write_csv(include_header=False, null_value="\\N").encode())
        return self._merge(table, key, compared)

    def _make_incoming(self, table: str) -> None:
        columns = ", ".join(versioned()[table])
        self.connection.execute("drop table if exists pg_temp.incoming")
        self.connection.execute(
            f"create temp table incoming on commit drop as select {columns} from {table} with no data"
        )

    def _merge(self, table: str, key: Sequence[str], compared: Sequence[str]) -> Change:
        columns = versioned()[table]
        on = " and ".join(f"t.{name} = i.{name}" for name in key)
        same = " and ".join(f"t.{name} is not distinct from i.{name}" for name in compared)
        execute = self.connection.execute
        # Not prepared: `incoming` is another table each time, and a plan kept for one does not fit the next.
        doubled = execute(
            f"select {', '.join(key)} from incoming group by {', '.join(key)} having count(*) > 1 limit 1",
            prepare=False,
        ).fetchone()
        if doubled:
            raise ValueError(f"{table} was given {' '.join(map(str, doubled))} twice in one act")
        unchanged = execute(
            f"delete from incoming i using {table} t where t.known_until is null and {on} and {same}"
        ).rowcount
        corrected = execute(
            f"update {table} t set known_until = %s from incoming i where t.known_until is null and {on}",
            (self.moment,),
        ).rowcount
        written = execute(
            f"insert into {table} ({', '.join(columns)}, known_from, act) "
            f"select {', '.join(columns)}, %s, %s from incoming",
            (self.moment, self.number),
        ).rowcount
        self.touched.add(table)
        return Change(new=written - corrected, corrected=corrected, unchanged=unchanged)


def _values(kinds: Sequence[tuple[str, str]], count: int) -> str:
    """Rows of parameters as a table, each parameter of the type of its column."""
    row = "(" + ", ".join(f"%s::{kind}" for _, kind in kinds) + ")"
    return f"(values {', '.join([row] * count)})"


def digest_of(connection: Any, number: int, tables: Sequence[str]) -> str:
    """
    The digest of the rows an act wrote into `tables`: a sum over 128-bit hashes of each row's content.

    What a later act may change of a row (the moment it ceased to be current) is left out.
    """
    parts = []
    for table in tables:
        row_text = f"({', '.join([*versioned()[table], 'known_from', 'act'])})::text"
        found = connection.execute(
            f"select count(*), coalesce(sum(hashtextextended({row_text}, 0)::numeric), 0), "
            f"coalesce(sum(hashtextextended({row_text}, 1)::numeric), 0) from {table} where act = %s",
            (number,),
        ).fetchone()
        if found[0]:
            parts.append(f"{table}:{found[0]}:{found[1]}:{found[2]}")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
