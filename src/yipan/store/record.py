"""The record as one viewer may read it, now or as known at a past moment."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import polars as pl
import psycopg
from numpy.typing import NDArray
from psycopg.rows import dict_row

from yipan.model import (
    Act,
    Area,
    AreaPath,
    Case,
    Classification,
    Counted,
    CountSeries,
    DetectionMode,
    Estimate,
    EstimateState,
    Identity,
    Judgement,
    Origin,
    Outcome,
    PersonId,
    Power,
    Receipt,
    ReproductionNumber,
    Round,
    Severity,
    Signal,
    Stream,
    Viewer,
    check_may,
    depth_of,
)
from yipan.store.nouns import NounTable, Version, conditions

T = TypeVar("T")
Connection = psycopg.Connection[Any]
Row = dict[str, Any]

_NAMED = re.compile(r"%\((\w+)\)s")
COUNT_SCHEMA: dict[str, Any] = {
    "area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "published": pl.Boolean,
    "act": pl.Int64, "known_from": pl.Datetime("us", "UTC"), "source": pl.String,
}  # fmt: skip


class NotFound(LookupError):
    """What was asked for is not in the record as known at the moment asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question for nouns, as `Record.nouns` asks it, to be asked together with others."""

    table: NounTable[Any]
    under: AreaPath | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountColumn:
    """
    One stream of one area as it was reported: `values` of the days that lie `days` after the first asked about, by rising days.

    Days nobody reported are not among them.
    """

    area: AreaPath
    stream: str
    days: NDArray[np.int64]
    values: NDArray[np.int64]


_ELEMENTS = np.dtype([("length", ">i4"), ("value", ">i8")])
"""One element of an array of whole numbers as PostgreSQL sends it, and its length before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    One reading of the record: every answer as known at `known_at` (now where None), within the viewer's area.

    Days are asked from `since` up to `until`; areas by path, with everything that lies in them.
    """

    connection: Connection
    viewer: Viewer
    known_at: datetime | None = None
    one_plan: bool = False
    apart: Callable[[], AbstractContextManager[Connection]]
    """A connection of the same viewer whose work is kept whatever becomes of this reading."""

    def nouns(
        self,
        table: NounTable[T],
        *,
        under: AreaPath | None = None,
        where: Mapping[str, object] | None = None,
        after: str | None = None,
        limit: int | None = None,
        by: str | None = None,
        after_value: object = None,
    ) -> tuple[T, ...]:
        """
        Return the nouns of a desk in `under`, by columns where asked so, in order of their ids.

        `where` asks for equality, for membership where a list or set is given, or for a span (`Between`); pages
        begin after the id `after` and hold at most `limit`. With `by` they are in order of that column, then id,
        and a page begins after the noun that has `after_value` there and the id `after`.
        """
        parts, values = conditions(table, where or {})
        if by is not None:
            conditions(table, {by: None})
            parts.append((f"({by}, id) > (%(after_value)s, %(after)s)", after))
            values["after_value"] = after_value
            # Which rows stand on a page is told by an index alone; only those of the page are fetched.
            page = self._rows(
                f"select id from {table.name}", ("area ^@ %(under)s", under), *parts,
                order=f"{by}, id", limit=limit, under=under, after=after, **values,
            )  # fmt: skip
            ids = [row["id"] for row in page]
            found = {
                row["id"]: table.read(row["content"])
                for row in self._rows(
                    f"select id, content::text as content from {table.name}", ("id = any(%(ids)s)", True), ids=ids
                )
            }  # fmt: skip
            return tuple(found[name] for name in ids if name in found)
        parts.append(("id > %(after)s", after))
        rows = self._rows(
            f"select content::text as content from {table.name}",
            ("area ^@ %(under)s", under), *parts,
            order="id", limit=limit, under=under, after=after, **values,
        )  # fmt: skip
        return tuple(table.read(row["content"]) for row in rows)

    def counts(
        self,
        table: NounTable[Any],
        questions: Mapping[str, Mapping[str, object]],
        *,
        under: AreaPath | None = None,
    ) -> dict[str, int]:
        """Return how many nouns `nouns` would return for each of several questions, in one pass."""
        shown: list[str] = []
        values: dict[str, Any] = {}
        for number, (name, where) in enumerate(questions.items()):
            parts, mine = conditions(table, where)
            text = " and ".join(part for part, _ in parts) or "true"
            for key, value in mine.items():
                text = text.replace(f"%({key})s", f"%(q{number}_{key})s")
                values[f"q{number}_{key}"] = value
            shown.append(f'count(*) filter (where {text}) as "{name}"')
        (row,) = self._rows(
            f"select {', '.join(shown)} from {table.name}", ("area ^@ %(under)s", under), under=under, **values
        )  # fmt: skip
        return {name: int(row[name]) for name in questions}

    def together(self, *questions: Question) -> list[tuple[Any, ...]]:
        """
        Return the nouns of several questions in one trip to the database, each as `nouns` would return them.

        For answers that must be quick: what costs is the way there and back, not the rows.
        """
        texts, every = [], {}
        for number, one in enumerate(questions):
            parts, values = conditions(one.table, one.where)
            where, known = self._where(("area ^@ %(under)s", one.under), *parts)
            own = _NAMED.sub(rf"%(q{number}_\1)s", where)
            texts.append(
                f"select {number} as question, id, content::text as content from {one.table.name} where {own}"
            )
            given = {"under": one.under, **known, **values}
            every.update({f"q{number}_{name}": value for name, value in given.items()})
        found: list[list[Any]] = [[] for _ in questions]
        text = f"{' union all '.join(texts)} order by question, id"
        with self.connection.cursor() as cursor:
            cursor.execute(text, every)
            for number, _, content in cursor.fetchall():
                found[number].append(questions[number].table.read(content))
        return [tuple(several) for several in found]

    def newest_act_of(self, *tables: NounTable[Any]) -> int:
        """Return the number of the newest act that put something into one of these tables, 0 where none did."""
        parts = ", ".join(f"(select coalesce(max(act), 0) from {table.name})" for table in tables)
        row = self.connection.execute(f"select greatest({parts})").fetchone()
        assert row is not None
        return int(row[0])

    def plan_anew(self) -> None:
        """Let the questions to come be planned for what they ask, in a reading that was begun with `one_plan`."""
        if self.one_plan:
            self.connection.execute("set local plan_cache_mode = auto")

    def count(
        self,
        table: NounTable[Any],
        *,
        under: AreaPath | None = None,
        where: Mapping[str, object] | None = None,
    ) -> int:
        """Return how many nouns `nouns` would return for the same question, without reading them."""
        parts, values = conditions(table, where or {})
        (row,) = self._rows(
            f"select count(*) as n from {table.name}", ("area ^@ %(under)s", under), *parts,
            under=under, **values,
        )  # fmt: skip
        return int(row["n"])

    def put_after(self, table: NounTable[T], act: int) -> tuple[T, ...]:
        """Return every version, the earlier ones as well, of the nouns that acts later than number `act` put."""
        rows = self.connection.cursor(row_factory=dict_row).execute(
            f"select content::text as content from {table.name} where id in "
            f"(select id from {table.name} where act > %s) order by id, act",
            (act,),
        )
        return tuple(table.read(row["content"]) for row in rows)

    def cases_put_after(self, act: int) -> tuple[Case, ...]:
        """Return every version, the earlier ones as well, of the cases that acts later than number `act` put."""
        rows = self.connection.cursor(row_factory=dict_row).execute(
            "select id, area, person, disease, content from case_version where id in "
            "(select id from case_version where act > %s) order by id, act",
            (act,),
        )
        return tuple(_case(row) for row in rows)

    def last_act(self, *, desk: str, verb: str) -> int | None:
        """Return the number of the newest act of a desk that did this, None where none did."""
        row = self.connection.execute(
            "select number from act where desk = %s and verb = %s order by number desc limit 1",
            (desk, verb),
        ).fetchone()
        return None if row is None else int(row[0])

    def undone_after(self, act: int) -> bool:
        """Whether any act later than number `act` took something back."""
        row = self.connection.execute(
            "select exists (select from act where number > %s and verb like '%%undo%%')", (act,)
        ).fetchone()
        assert row is not None
        return bool(row[0])

    def newest(
        self,
        table: NounTable[T],
        column: str,
        *,
        under: AreaPath | None = None,
        where: Mapping[str, object] | None = None,
    ) -> tuple[T, ...]:
        """Return the nouns of a desk that have the greatest value of a column among those asked for."""
        parts, values = conditions(table, {**(where or {}), column: None})
        (row,) = self._rows(
            f"select max({column}) as most from {table.name}", ("area ^@ %(under)s", under), *parts,
            under=under, **values,
        )  # fmt: skip
        if row["most"] is None:
            return ()
        return self.nouns(table, under=under, where={**(where or {}), column: row["most"]})

    def noun(self, table: NounTable[T], id: str) -> T:
        """Return one noun by its id, or raise NotFound naming it."""
        found = self.nouns(table, where={"id": id})
        if not found:
            raise NotFound(f"{table.name} {id} is not in the record")
        return found[0]

    def versions(self, table: NounTable[T], id: str) -> tuple[Version[T], ...]:
        """Return every version of a noun known up to the moment asked about, the oldest first."""
        rows = self.connection.cursor(row_factory=dict_row).execute(
            f"select content::text as content, known_from, known_until, act from {table.name} "
            "where id = %(id)s and (%(known_at)s::timestamptz is null or known_from <= %(known_at)s) "
            "order by known_from, act",
            {"id": id, "known_at": self.known_at},
        )
        return tuple(
            Version(
                noun=table.read(row["content"]), known_from=row["known_from"],
                known_until=row["known_until"], act=row["act"],
            )
            for row in rows
        )  # fmt: skip

    def acts_by(
        self, table: NounTable[Any], column: str, *, where: Mapping[str, object] | None = None
    ) -> dict[str, int]:
        """Return the number of the newest act that wrote a noun now known, by one of the table's columns."""
        conditions(table, {column: None})
        parts, values = conditions(table, where or {})
        rows = self._rows(
            f"select {column} as told, max(act) as act from {table.name}", *parts, group=column, order=column, **values,
        )  # fmt: skip
        return {row["told"]: row["act"] for row in rows}

    def areas(self, under: AreaPath | None = None, *, level: str | None = None) -> tuple[Area, ...]:
        """Return the areas in `under` (all where None), perhaps of one level, in order of their paths."""
        return self._areas_where(
            ("path ^@ %(under)s", under), ("level = %(level)s", level), under=under, level=level
        )

    def area(self, path: AreaPath) -> Area:
        """Return one area, or raise NotFound naming it."""
        found = self._areas_where(("path = %(path)s", True), path=path)
        if not found:
            raise NotFound(f"area {path} is not in the record")
        return found[0]

    def children(self, path: AreaPath) -> tuple[Area, ...]:
        """Return the areas right below one, in order of their paths."""
        return self._areas_where(
            ("path ^@ %(path)s", True),
            ("length(path) - length(replace(path, '.', '')) = %(depth)s", True),
            path=path,
            depth=depth_of(path) + 1,
        )

    def areas_of(self, paths: Iterable[AreaPath]) -> tuple[Area, ...]:
        """Return those of some areas that are in the record, in order of their paths."""
        return self._areas_where(("path = any(%(paths)s)", True), paths=sorted(set(paths)))

    def area_codes(self, under: AreaPath | None = None) -> dict[str, AreaPath]:
        """Return the areas in `under` (all where None) that have a code, by it: quicker than to read the areas whole."""
        rows = self._rows(
            "select code, path from area",
            ("path ^@ %(under)s", under), ("code is not null", True),
            order="path", under=under,
        )  # fmt: skip
        return {row["code"]: AreaPath(row["path"]) for row in rows}

    def area_names(self, paths: Iterable[AreaPath]) -> dict[AreaPath, tuple[str, str]]:
        """Return the Chinese and the English name of each of these areas that is in the record."""
        return {area.path: (area.name_zh, area.name_en) for area in self.areas_of(paths)}

    def levels_of(self, paths: Iterable[AreaPath]) -> dict[AreaPath, str]:
        """Return the level of each of these areas that is in the record."""
        return {area.path: area.level for area in self.areas_of(paths)}

    def state(self) -> str:
        """
        Return a mark of what is committed: while it is the same, so is every answer to the same viewer.

        It names the transactions that have begun and ended; readings begin none.
        """
        row = self.connection.execute("select pg_current_snapshot()::text").fetchone()
        assert row is not None
        return str(row[0])

    def boundaries(self, *, level: str) -> tuple[tuple[Area, Row, bool], ...]:
        """Return each area of a level that has a boundary, with it, and whether it is only schematic."""
        rows = self._rows(
            "select path, level, name_zh, name_en, code, within_code, population, source, functional, boundary, "
            "schematic from area",
            ("level = %(level)s", level),
            ("boundary is not null", True),
            order="path",
            level=level,
        )
        return tuple(
            (Area(**{k: v for k, v in row.items() if k not in {"boundary", "schematic"}}),
             row["boundary"], bool(row["schematic"]))
            for row in rows
        )  # fmt: skip

    def count_rows(
        self,
        *,
        under: AreaPath | None,
        since: date | None = None,
        until: date | None = None,
        counted: Sequence[Counted] = (),
    ) -> pl.DataFrame:
        """
        Return count rows as a table with area, stream, day, value (null: reported as missing), published, act,
        known_from and source, ordered by area, stream and day; streams of `counted` only where given.
        """
        where, values = self._where(
            ("area ^@ %(under)s", under),
            ("day >= %(since)s", since),
            ("day < %(until)s", until),
            ("split_part(stream, '/', 2) = any(%(counted)s)", list(counted) or None),
        )
        values |= {
            "under": under, "since": since, "until": until, "counted": [c.value for c in counted],
        }  # fmt: skip
        with self.connection.cursor() as cursor:
            cursor.execute(
                "select area, stream, day, value, published, act, known_from, source from count_version "
                f"where {where} order by area, stream, day",
                values,
            )
            return pl.DataFrame(cursor.fetchall(), schema=COUNT_SCHEMA, orient="row")

    def count_columns(
        self,
        *,
        under: AreaPath,
        since: date,
        until: date,
        long: date | None = None,
        long_counted: Sequence[Counted] = (),
    ) -> tuple[CountColumn, ...]:
        """
        Return every stream counted in `under` from `since` up to `until`, stream by stream, in order of areas and streams.

        Where `long` is given, weekly streams and those of `long_counted` are read from that day on; days count from the earliest day asked about.

        The database puts each stream together and sends it as two arrays: no Python object is made of a row, so that two years of a
        province's streams are read in seconds. Streams of which nothing was reported are left out.
        """
        where, values = self._where(("area ^@ %(under)s", under), ("value is not null", True))
        first = since if long is None else min(since, long)
        begun = "day >= %(since)s"
        if long is not None:
            begun = (
                "(day >= %(since)s or (day >= %(first)s and (split_part(stream, '/', 4) = 'week' "
                "or split_part(stream, '/', 2) = any(%(counted)s))))"
            )
        found = []
        with self.connection.cursor() as cursor:
            cursor.execute("set local work_mem = '256MB'")
            with cursor.copy(
                "copy (select area, stream, array_agg((day - %(first)s::date)::int8), array_agg(value) "
                f"from count_version where {where} and {begun} and day < %(until)s group by area, stream) "
                "to stdout (format binary)",
                {
                    **values,
                    "under": under,
                    "since": since,
                    "first": first,
                    "until": until,
                    "counted": [one.value for one in long_counted],
                },
            ) as copy:
                for area, stream, days, counts in copy.rows():
                    at, told = _whole_numbers(days), _whole_numbers(counts)
                    order = np.argsort(at)
                    found.append(
                        CountColumn(
                            area=AreaPath(bytes(area).decode()), stream=bytes(stream).decode(), days=at[order],
                            values=told[order],
                        )
                    )  # fmt: skip
            cursor.execute("reset work_mem")
        return tuple(sorted(found, key=lambda one: (one.area, one.stream)))

    def newest_count(self, *, under: AreaPath, since: date, until: date) -> date | None:
        """Return the newest day from `since` up to `until` that anything was reported of in `under`, None where nothing was."""
        rows = self._rows(
            "select day from count_version", ("area ^@ %(under)s", under), ("value is not null", True),
            ("day >= %(since)s", since), ("day < %(until)s", until),
            order="day desc", limit=1, under=under, since=since, until=until,
        )  # fmt: skip
        return rows[0]["day"] if rows else None

    def count_versions(
        self,
        *,
        under: AreaPath,
        since: date,
        until: date,
        counted: Sequence[Counted],
    ) -> pl.DataFrame:
        """
        Return every version of counts known up to the moment asked about, not the newest alone.

        Columns area, stream, day, value, known_from, in that order of sorting; what nobody filled is left out.
        """
        areas: list[str] = []
        streams: list[str] = []
        sent: tuple[list[NDArray[np.int64]], ...] = ([], [], [])
        with self.connection.cursor() as cursor:
            cursor.execute("set local work_mem = '256MB'")
            with cursor.copy(
                "copy (select area, stream, array_agg((day - date '1970-01-01')::int8), array_agg(value), "
                "array_agg((extract(epoch from known_from) * 1000000)::int8) "
                "from count_version where area ^@ %(under)s and day >= %(since)s and day < %(until)s and value is not null "
                "and split_part(stream, '/', 2) = any(%(counted)s) "
                "and (%(known_at)s::timestamptz is null or known_from <= %(known_at)s) group by area, stream) "
                "to stdout (format binary)",
                {
                    "under": under, "since": since, "until": until, "known_at": self.known_at,
                    "counted": [c.value for c in counted],
                },
            ) as copy:  # fmt: skip
                for area, stream, *arrays in copy.rows():
                    areas.append(bytes(area).decode())
                    streams.append(bytes(stream).decode())
                    for kept, array in zip(sent, arrays, strict=True):
                        kept.append(_whole_numbers(array))
            cursor.execute("reset work_mem")
        at = np.repeat(np.arange(len(areas)), [len(one) for one in sent[0]])
        days, values, known = (np.concatenate([np.empty(0, np.int64), *some]) for some in sent)
        return pl.DataFrame(
            {
                "area": pl.Series(areas, dtype=pl.String).gather(at),
                "stream": pl.Series(streams, dtype=pl.String).gather(at),
                "day": pl.Series(days).cast(pl.Int32).cast(pl.Date),
                "value": values,
                "known_from": pl.Series(known).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            }
        ).sort("area", "stream", "day", "known_from")

    def area_streams(self, *, under: AreaPath) -> tuple[tuple[AreaPath, Stream], ...]:
        """Return each area in `under` with each stream counted there."""
        rows = self._rows(
            "select distinct area, stream from count_version",
            ("area ^@ %(under)s", under),
            order="area, stream",
            under=under,
        )
        return tuple((AreaPath(row["area"]), Stream.parse(row["stream"])) for row in rows)

    def streams(self, *, under: AreaPath) -> tuple[Stream, ...]:
        """Return the streams counted anywhere in `under`."""
        rows = self._rows(
            "select distinct stream from count_version", ("area ^@ %(under)s", under),
            order="stream", under=under,
        )  # fmt: skip
        return tuple(Stream.parse(row["stream"]) for row in rows)

    def series(self, area: AreaPath, stream: Stream, *, since: date, until: date) -> CountSeries:
        """Return one stream of one area from `since` up to `until`, None for each interval nobody reported."""
        rows = self._rows(
            "select day, value from count_version",
            ("area = %(area)s", area), ("stream = %(stream)s", True),
            ("day >= %(since)s", True), ("day < %(until)s", True),
            area=area, stream=stream.key, since=since, until=until,
        )  # fmt: skip
        known = {row["day"]: row["value"] for row in rows}
        step = stream.interval.days
        days = [since + timedelta(days=i) for i in range(0, (until - since).days, step)]
        return CountSeries(
            area=area, stream=stream, first_day=since, counts=tuple(known.get(day) for day in days)
        )

    def count_span(self) -> tuple[date | None, date | None]:
        """Return the first day with a count and the day after the last one, None in an empty record."""
        (row,) = self._rows("select min(day) as since, max(day) + 1 as until from count_version")
        return row["since"], row["until"]

    def last_reported(self, *, under: AreaPath | None, until: date) -> dict[AreaPath, date]:
        """Return for each area the last day before `until` on which anything was reported."""
        rows = self._rows(
            "select area, max(day) as day from count_version",
            ("area ^@ %(under)s", under), ("value is not null", True), ("day < %(until)s", True),
            order=None, group="area", under=under, until=until,
        )  # fmt: skip
        return {AreaPath(row["area"]): row["day"] for row in rows}

    def signals(
        self,
        *,
        under: AreaPath,
        since: date | None = None,
        until: date | None = None,
        method: str | None = None,
    ) -> tuple[Signal, ...]:
        """Return the signals in `under` on the days asked about, in order of day and area."""
        rows = self._rows(
            "select area, stream, day, method, observed, expected, threshold, score, since, baseline, "
            "baseline_missing, judgement from signal",
            ("area ^@ %(under)s", under), ("day >= %(since)s", since), ("day < %(until)s", until),
            ("method = %(method)s", method),
            order="day, area, stream", under=under, since=since, until=until, method=method,
        )  # fmt: skip
        return tuple(
            Signal(
                **{
                    **row,
                    "stream": Stream.parse(row["stream"]),
                    "judgement": Judgement(row["judgement"]),
                }
            )
            for row in rows
        )

    def reproduction(
        self, *, under: AreaPath, since: date | None = None, until: date | None = None
    ) -> tuple[ReproductionNumber, ...]:
        """Return the recorded R of windows whose last day lies from `since` up to `until`, by area and window."""
        rows = self._rows(
            "select area, since, until, state, value, low, high, level, cases, missing_days from reproduction",
            ("area ^@ %(under)s", under), ("until > %(since)s", since), ("until <= %(until)s", until),
            order="area, until", under=under, since=since, until=until,
        )  # fmt: skip
        return tuple(
            ReproductionNumber(
                area=row["area"], since=row["since"], until=row["until"],
                state=EstimateState(row["state"]), cases=row["cases"], missing_days=row["missing_days"],
                estimate=None if row["value"] is None else Estimate(
                    value=row["value"], low=row["low"], high=row["high"], level=row["level"]
                ),
            )
            for row in rows
        )  # fmt: skip

    def cases(
        self,
        *,
        under: AreaPath,
        after: str | None = None,
        limit: int = 1000,
        people: Sequence[PersonId] | None = None,
    ) -> tuple[Case, ...]:
        """
        Return cases in `under` in order of their ids, at most `limit`, those after the id `after`.

        With `people` only theirs are returned.
        """
        rows = self._rows(
            "select id, area, person, disease, content from case_version",
            ("area ^@ %(under)s", under), ("id > %(after)s", after), ("person = any(%(people)s)", people),
            order="id", limit=limit, under=under, after=after, people=list(people or ()),
        )  # fmt: skip
        return tuple(_case(row) for row in rows)

    def cases_without(
        self, table: NounTable[Any], column: str, *, under: AreaPath, limit: int = 200
    ) -> tuple[Case, ...]:
        """Return the newest reported cases in `under`, excluded ones left out, that no noun of a table names in a column."""
        conditions(table, {column: None})
        known = self._where()[0].replace("known_", "t.known_")
        rows = self._rows(
            "select id, area, person, disease, content from case_version",
            ("area ^@ %(under)s", under), ("content->>'reported' is not null", True),
            ("content->>'classification' <> 'excluded'", True),
            (f"not exists (select from {table.name} t where t.{column} = case_version.id and {known})", True),
            order="content->>'reported' desc, id", limit=limit, under=under,
        )  # fmt: skip
        return tuple(_case(row) for row in rows)

    def case_counts(self, *, under: AreaPath) -> dict[str, int]:
        """Return how many cases of each disease are on record in `under`."""
        rows = self._rows(
            "select disease, count(*) as n from case_version", ("area ^@ %(under)s", under),
            group="disease", order="disease", under=under,
        )  # fmt: skip
        return {row["disease"]: int(row["n"]) for row in rows}

    def case(self, id: str) -> Case:
        """Return one case by its id, or raise NotFound naming it."""
        rows = self._rows(
            "select id, area, person, disease, content from case_version",
            ("id = %(id)s", True),
            id=id,
        )
        if not rows:
            raise NotFound(f"case {id} is not in the record")
        return _case(rows[0])

    def case_versions(self, id: str) -> tuple[Version[Case], ...]:
        """Return every version of a case known up to the moment asked about, the oldest first: its history."""
        rows = self.connection.cursor(row_factory=dict_row).execute(
            "select id, area, person, disease, content, known_from, known_until, act from case_version "
            "where id = %(id)s and (%(known_at)s::timestamptz is null or known_from <= %(known_at)s) "
            "order by known_from, act",
            {"id": id, "known_at": self.known_at},
        )
        return tuple(
            Version(
                noun=_case(row), known_from=row["known_from"], known_until=row["known_until"],
                act=row["act"],
            )
            for row in rows
        )  # fmt: skip

    def rounds(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Round, ...]:
        """Return what each desk did in the rounds of a span, failed desks among them, the oldest first."""
        rows = self._rows(
            "select at, desk, ok, message, made from round",
            ("at >= %(since)s", since), ("at < %(until)s", until),
            order="at, known_from, desk", since=since, until=until,
        )  # fmt: skip
        return tuple(Round(**row) for row in rows)

    def receipts(self, *, limit: int = 100) -> tuple[Receipt, ...]:
        """Return the receipts of files read, the newest first."""
        rows = self._rows(f"select {_RECEIPT} from receipt", order="act desc", limit=limit)
        return tuple(Receipt(**row) for row in rows)

    def receipt_of(self, sha256: str) -> Receipt | None:
        """Return the receipt under which this very file is in the record, None where it is not or was undone."""
        rows = self._rows(
            f"select {_RECEIPT} from receipt",
            ("sha256 = %(sha256)s", True),
            ("not undone", True),
            sha256=sha256,
        )
        return Receipt(**rows[0]) if rows else None

    def acts(self, *, after: int = 0, limit: int = 100) -> tuple[Act, ...]:
        """Return the acts after the number `after`, in order, at most `limit`, up to the known moment."""
        rows = self.connection.cursor(row_factory=dict_row).execute(
            'select number, at, recorded, "user", duty, desk, verb, area, subject, rule, why, digest, previous, hash '
            "from act where number > %(after)s and (%(known_at)s::timestamptz is null or at <= %(known_at)s) "
            "order by number limit %(limit)s",
            {"after": after, "limit": limit, "known_at": self.known_at},
        )
        return tuple(Act(**row) for row in rows)

    def newest_act(self) -> int:
        """The number of the newest act known, 0 in an empty record."""
        row = self.connection.execute(
            "select coalesce(max(number), 0) from act where %(k)s::timestamptz is null or at <= %(k)s",
            {"k": self.known_at},
        ).fetchone()
        return int(row[0]) if row else 0

    def users(self) -> tuple[tuple[str, str, AreaPath], ...]:
        """Return name, shown name and area of the users in the viewer's area."""
        rows = self.connection.execute("select name, shown_as, area from users_inside()").fetchall()
        return tuple((name, shown_as, AreaPath(area)) for name, shown_as, area in rows)

    def identity(self, person: PersonId, *, purpose: str, at: datetime) -> Identity:
        """
        Return who a person is, and write down that it was read, by whom, under which duty and what for.

        The reading is written down for good before the identity is returned, whatever becomes of the question
        or the act it was read for. Raises NotAllowed without the duty, NotFound where the person is unknown in
        the viewer's area.
        """
        check_may(self.viewer, Power.READ_IDENTITY)
        asked = (person, at, self.viewer.user, self.viewer.duty.value, purpose)
        with self.apart() as connection:
            row = _identity(connection, asked)
        # Put by this very act, a person is seen by nobody else yet, and goes again if the act fails.
        found = row or _identity(self.connection, asked)
        if found is None:
            raise NotFound(f"{person} is not in the vault of {self.viewer.area}")
        return Identity(**found)

    def identities(
        self, people: Sequence[PersonId], *, purpose: str, at: datetime
    ) -> dict[PersonId, Identity]:
        """
        Return who people are, as `identity` does for one: each reading is written down before any is returned.

        Whoever is not in the vault of the viewer's area is left out. Raises NotAllowed without the duty.
        """
        check_may(self.viewer, Power.READ_IDENTITY)
        asked = (list(people), at, self.viewer.user, self.viewer.duty.value, purpose)
        with self.apart() as connection:
            rows = (
                connection.cursor(row_factory=dict_row)
                .execute(
                    "select r.* from unnest(%s::text[]) asked(person) "
                    "cross join lateral identity_read(asked.person, %s, %s, %s, %s) r",
                    asked,
                )
                .fetchall()
            )
        return {PersonId(row["person"]): Identity(**row) for row in rows}

    def identity_readings(self) -> tuple[Row, ...]:
        """Return every reading of the vault in the viewer's area: when, who, under which duty, whom, what for."""
        return tuple(
            self.connection.cursor(row_factory=dict_row).execute(
                "select * from identity_readings()"
            )
        )

    def _areas_where(self, *conditions: tuple[str, object], **values: Any) -> tuple[Area, ...]:
        rows = self._rows(
            "select path, level, name_zh, name_en, code, within_code, population, source, functional from area",
            *conditions,
            order="path",
            **values,
        )
        return tuple(Area(**row) for row in rows)

    def _where(self, *conditions: tuple[str, object]) -> tuple[str, Row]:
        parts = [text for text, given in conditions if given is not None]
        if self.known_at is None:
            parts.append("known_until is null")
        else:
            parts.append(
                "known_from <= %(known_at)s and (known_until is null or known_until > %(known_at)s)"
            )
        return " and ".join(parts), {"known_at": self.known_at}

    def _rows(
        self,
        select: str,
        *conditions: tuple[str, object],
        order: str | None = None,
        group: str | None = None,
        limit: int | None = None,
        **values: object,
    ) -> list[Row]:
        where, known = self._where(*conditions)
        text = f"{select} where {where}"
        text += f" group by {group}" if group else ""
        text += f" order by {order}" if order else ""
        text += f" limit {int(limit)}" if limit is not None else ""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(text, {**known, **values}).fetchall()


_RECEIPT = "id, file, sha256, format, rows_read, rows_new, rows_corrected, rows_unchanged, rows_rejected, undone, act"


def _identity(connection: Connection, asked: tuple[object, ...]) -> Row | None:
    return (
        connection.cursor(row_factory=dict_row)
        .execute("select * from identity_read(%s, %s, %s, %s, %s)", asked)
        .fetchone()
    )


def case_content(case: Case) -> str:
    """Return what a case row keeps besides its id, area, person and disease, as JSON text."""
    content = {
        "classification": case.classification.value,
        "onset": case.onset.isoformat() if case.onset else None,
        **{
            name: moment.isoformat() if (moment := getattr(case, name)) else None
            for name in ("sampled", "reported", "confirmed", "isolated")
        },
        "mode": case.mode.value, "origin": case.origin.value, "severity": case.severity.value,
        "outcome": case.outcome.value, "incident": case.incident,
    }  # fmt: skip
    return json.dumps(content, sort_keys=True)


def _case(row: Row) -> Case:
    content = row["content"]

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(content[name]) if content[name] else None

    return Case(
        id=row["id"], area=row["area"], person=row["person"], disease=row["disease"],
        classification=Classification(content["classification"]),
        onset=date.fromisoformat(content["onset"]) if content["onset"] else None,
        sampled=moment("sampled"), reported=moment("reported"), confirmed=moment("confirmed"),
        isolated=moment("isolated"), mode=DetectionMode(content["mode"]), origin=Origin(content["origin"]),
        severity=Severity(content["severity"]), outcome=Outcome(content["outcome"]),
        incident=content["incident"],
    )  # fmt: skip


def _whole_numbers(array: bytes) -> NDArray[np.int64]:
    """
    Return a PostgreSQL array of int8 as it is sent in binary: dimensions, flags, type, then length and bound of its one dimension.

    >>> import struct
    >>> sent = struct.pack("!iiiii", 1, 0, 20, 2, 1) + struct.pack("!iqiq", 8, 3, 8, 5)
    >>> _whole_numbers(sent)
    array([3, 5])
    """
    return np.frombuffer(array, dtype=_ELEMENTS, offset=20)["value"].astype(np.int64)


def copy_rows(
    cursor: psycopg.Cursor[Any], statement: str, rows: Iterable[Sequence[object]]
) -> None:
    """Stream rows into the table a COPY statement names."""
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
