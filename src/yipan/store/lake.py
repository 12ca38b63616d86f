"""
The lake: bulk facts of screening as Parquet files by round, city and day, read by DuckDB under a memory limit.

A file counts only when a part on record names it: it is written aside, moved into place, and then named by the
act that brings it. What a crash leaves behind is named by nothing and seen by nobody.
"""

import secrets
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yipan.store.lake_files import FileOf, Written, content_hash, to_disk, write_files

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

LEFT_BEHIND_SECONDS = 86_400
MEMORY_MB = 2500
THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPart:
    """A file written for the lake: its path below the folder, the city and day it is for, its rows and its content hash."""

    path: str
    city: int
    day: date
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file as the record names it: its path below the folder, its rows, and its content hash, empty where none is known."""

    path: str
    rows: int
    sha256: str = ""


class DamagedLake(RuntimeError):
    """A file of the lake is not as the record names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFault:
    """A file the record names that is not as it was written: what is wrong with it, and how many rows are on record."""

    path: str
    what: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """
    One folder of Parquet files, and the engine that reads them.

    With `only` what is read are the rows of these streets: who commands a county sees no more of its city's files.
    """

    folder: Path
    only: tuple[int, ...] | None = None
    memory_mb: int = MEMORY_MB
    threads: int = THREADS

    @contextmanager
    def engine(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """An engine of its own for one piece of work; what does not fit its memory goes to a folder that ends with it."""
        import duckdb

        spill = self.folder / ".spill" / secrets.token_hex(6)
        spill.mkdir(parents=True)
        connection = duckdb.connect()
        try:
            connection.execute(f"set memory_limit = '{self.memory_mb}MB'")
            connection.execute(f"set threads = {self.threads}")
            connection.execute("set preserve_insertion_order = false")
            connection.execute("set partitioned_write_flush_threshold = 100000")
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"set temp_directory = '{_quoted(spill)}'")
            yield connection
        finally:
            connection.close()
            shutil.rmtree(spill, ignore_errors=True)

    @contextmanager
    def aside(self, batch: str) -> Iterator[Path]:
        """
        A folder for the files of one batch until `place` moves them; what is left in it ends with it.

        Folders a crash left there more than a day before are removed.
        """
        mine = self.folder / ".incoming" / f"{batch}-{secrets.token_hex(6)}"
        mine.mkdir(parents=True)
        now = mine.stat().st_mtime
        for other in mine.parent.iterdir():
            with suppress(OSError):
                if now - other.stat().st_mtime > LEFT_BEHIND_SECONDS:
                    shutil.rmtree(other)
        try:
            yield mine
        finally:
            shutil.rmtree(mine, ignore_errors=True)

    def place(self, aside: Path, names: Sequence[str]) -> None:
        """Move files written aside to where the record will name them; nothing else is done, so that it takes no time."""
        folders = set()
        for name in names:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (aside / name).replace(target)
            folders.add(target.parent)
        for folder in folders:
            to_disk(folder)

    def write(
        self, engine: "duckdb.DuckDBPyConnection", *, relation: str, aside: Path, batch: str, round: str, kind: str,
        city_of_street: Mapping[int, int], day: date, day_of: str | None = None,
    ) -> tuple[WrittenPart, ...]:  # fmt: skip
        """
        Write a relation of the engine aside as the parts of a batch, one per city and day, for `place` to move.

        Its column `street` says the city; `day_of` is the expression of the day, the same `day` for all where None.
        Nothing shows until the record names the parts.
        """
        engine.execute(
            "create or replace temp table lake_city as select unnest($1::bigint[]) as street, unnest($2::bigint[]) as city",
            [list(city_of_street), list(city_of_street.values())],
        )
        told = day_of or f"date '{day.isoformat()}'"
        sent = aside / ".sent"
        engine.execute(
            f"copy (select r.*, c.city, {told} as day from {relation} r join lake_city c using (street)) "
            f"to '{_quoted(sent)}' (format parquet, partition_by (city, day), compression zstd, compression_level 1, "
            "row_group_size 122880)"
        )
        counts = (
            engine.execute(
                "select file_name, num_rows from parquet_file_metadata($1)",
                [f"{sent}/**/*.parquet"],
            ).fetchall()
            if any(sent.rglob("*.parquet"))
            else []
        )
        parts, number = [], Counter[tuple[str, str]]()
        for name, rows in sorted(counts):
            file = Path(name)
            keys = dict(piece.split("=", 1) for piece in file.relative_to(sent).parts[:-1])
            to_disk(file)
            of = FileOf(city=int(keys["city"]), day=date.fromisoformat(keys["day"]))
            written = Written(of=of, file=file, rows=int(rows), sha256=content_hash(file))
            many = number[keys["city"], keys["day"]]
            parts.append(_aside(aside, written, batch=batch, round=round, kind=kind, number=many))
            number[keys["city"], keys["day"]] += 1
        return tuple(sorted(parts, key=lambda part: part.path))

    def write_frame(
        self, frame: "pl.DataFrame", *, aside: Path, put_aside: "NDArray[np.bool_] | None" = None, batch: str, round: str,
        kind: str, city_of_street: Mapping[int, int], day: date, day_of: str | None = None, time_zone: str = "UTC",
    ) -> tuple[WrittenPart, ...]:  # fmt: skip
        """
        Write a frame aside as the parts of a batch, as `write` does; `day_of` names the column of instants that tells the day.

        Rows marked in `put_aside` are left out. No second copy of the whole is made. Raises ValueError for a row that
        is written and whose street has no city.
        """
        written = write_files(
            frame, put_aside=put_aside, city_of_street=dict(city_of_street), day=day, day_of=day_of,
            time_zone=time_zone, folder=aside,
        )  # fmt: skip
        parts = [_aside(aside, one, batch=batch, round=round, kind=kind) for one in written]
        return tuple(sorted(parts, key=lambda part: part.path))

    def read(self, paths: Sequence[str], columns: Sequence[str]) -> "pl.DataFrame":
        """Read columns of parts whole, one after another in the order of `paths`; at least one path."""
        import polars as pl

        files = [self.folder / path for path in paths]
        if self.only is None:
            return pl.read_parquet(files, columns=list(columns))
        wanted = list(dict.fromkeys((*columns, "street")))
        found = pl.read_parquet(files, columns=wanted)
        return found.filter(pl.col("street").is_in(list(self.only))).select(columns)

    def view(
        self,
        engine: "duckdb.DuckDBPyConnection",
        name: str,
        paths: Sequence[str],
        *,
        columns: Mapping[str, str],
    ) -> None:
        """
        Make the view `name` of the files at these paths, with a column `batch` from their names; empty where none.

        `columns` are the names and types such a view has, for when there is no file.
        """
        if not paths:
            empty = ", ".join(f"null::{kind} as {column}" for column, kind in columns.items())
            engine.execute(
                f"create or replace temp view {name} as select {empty}, '' as batch where false"
            )
            return
        files = ", ".join(f"'{_quoted(self.folder / path)}'" for path in paths)
        batch = "regexp_extract(filename, '([^/]+?)-[^-/]*$', 1)" if len(paths) > 1 else "''"
        engine.execute(
            f"create or replace temp view {name} as select {', '.join(columns)}, {batch} as batch "
            f"from read_parquet([{files}], filename=true, hive_partitioning=false){self._where()}"
        )

    def _where(self) -> str:
        if self.only is None:
            return ""
        return f" where street in ({', '.join(str(int(street)) for street in self.only) or 'null'})"

    def copy_files(self, named: Sequence[NamedFile], to: Path) -> int:
        """Copy the files the record names into another folder, those put aside with them; return how many."""
        for one in named:
            target = to / one.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.folder / one.path, target)
            to_disk(target)
        if named and (self.folder / "quarantine").is_dir():
            shutil.copytree(self.folder / "quarantine", to / "quarantine", dirs_exist_ok=True)
        return len(named)

    def faults(self, named: Sequence[NamedFile]) -> tuple[LakeFault, ...]:
        """
        Return the files the record names that are not there or not byte for byte as they were written.

        A file without a content hash on record is read whole instead, every value of it, and its rows are counted.
        """
        files = sorted(named, key=lambda file: file.path)
        return tuple(
            LakeFault(path=one.path, what=what, rows=one.rows)
            for one in files
            if (what := self._fault(one))
        )

    def check(self, named: Sequence[NamedFile]) -> None:
        """Raise DamagedLake for the first file that is not as the record names it."""
        for one in named:
            if one.sha256 and (what := self._fault(one)):
                raise DamagedLake(f"{one.path} {what}; {one.rows} rows are on record")

    def _fault(self, named: NamedFile) -> str:
        """What is wrong with a file, in words that follow its name; empty where nothing is."""
        import polars as pl

        path = self.folder / named.path
        try:
            if not path.is_file():
                return "is not there"
            if named.sha256:
                same = content_hash(path) == named.sha256
                return "" if same else "is not as it was written (its content hash is another)"
            held = pl.read_parquet(path, use_statistics=False).height
        except (pl.exceptions.PolarsError, OSError) as wrong:
            told = str(wrong).splitlines()[0].replace(str(path), path.name)
            return f"cannot be read ({told})"
        return "" if held == named.rows else f"holds {held} rows"

    def sweep(self, named: Collection[str], *, older_seconds: float = LEFT_BEHIND_SECONDS) -> int:
        """
        Remove what crashes left behind: what was written aside and every file no version of a part names; return how many.

        Whatever is younger is left alone: somebody may be writing it. Counted are files of the lake.
        """
        if not self.folder.is_dir():
            return 0
        now = _now(self.folder)
        for place in (".incoming", ".spill", ".sent"):
            for left in (self.folder / place).glob("*"):
                if now - left.stat().st_mtime >= older_seconds:
                    shutil.rmtree(left, ignore_errors=True)
        known, gone = set(named), 0
        for file in (self.folder / "lake").rglob("*.parquet"):
            old = now - file.stat().st_mtime >= older_seconds
            if old and str(file.relative_to(self.folder)) not in known:
                file.unlink()
                gone += 1
        return gone


def _now(folder: Path) -> float:
    """What the file system takes the time to be."""
    mark = folder / f".{secrets.token_hex(6)}"
    mark.touch()
    try:
        return mark.stat().st_mtime
    finally:
        mark.unlink()


def _aside(
    aside: Path, written: Written, *, batch: str, round: str, kind: str, number: int = 0
) -> WrittenPart:
    """Put a written file where it will lie, below the folder aside, and say so."""
    of = written.of
    place = Path("lake") / round / kind / f"city={of.city}" / f"day={of.day.isoformat()}"
    name = str(place / f"{batch}-{number}.parquet")
    (aside / place).mkdir(parents=True, exist_ok=True)
    written.file.replace(aside / name)
    return WrittenPart(
        path=name, city=of.city, day=of.day, rows=written.rows, sha256=written.sha256
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


Row = tuple[Any, ...]
ROSTER_COLUMNS = {"person": "bigint", "street": "bigint", "exempt": "bigint"}
SAMPLE_COLUMNS = {
    "sample": "bigint", "tube": "bigint", "person": "bigint", "street": "bigint", "site": "bigint",
    "mode": "bigint", "sampled_at": "timestamp",
}  # fmt: skip
NEED_COLUMNS = {"person": "bigint", "street": "bigint", "need": "varchar", "risk": "double"}
RESULT_COLUMNS = {
    "tube": "bigint", "street": "bigint", "laboratory": "varchar", "result": "varchar", "plate": "varchar",
    "well": "varchar", "ct_orf": "double", "ct_n": "double", "ct_control": "double",
    "received_at": "timestamp", "loaded_at": "timestamp", "called_at": "timestamp",
    "published_at": "timestamp",
}  # fmt: skip


def latest_results(engine: "duckdb.DuckDBPyConnection", order: Mapping[str, int]) -> None:
    """
    Make the view `latest` of `results`: for each tube the version known last, by the act that brought its batch.

    `order` gives the number of that act for each batch of results; with one there is nothing to choose, and a view of
    one file does not name its batch.
    """
    if len(order) <= 1:
        engine.execute("create or replace temp view latest as select * from results")
        return
    engine.execute("create or replace temp table batch_order (batch varchar, act bigint)")
    engine.executemany("insert into batch_order values (?, ?)", list(order.items()))
    engine.execute(
        "create or replace temp view latest as select r.* from results r join batch_order o using (batch) "
        "qualify row_number() over (partition by tube order by o.act desc) = 1"
    )


def single_results(engine: "duckdb.DuckDBPyConnection") -> None:
    """
    Make the table `single`: of everybody swabbed singly while held, what the newest of these swabs shows.

    Its result is null while none is known.
    """
    engine.execute(
        "create or replace temp table single as select person, arg_max(result, (sampled_at, sample)) as result, "
        "arg_max(published_at, (sampled_at, sample)) as published_at, max(sampled_at) as sampled_at, "
        "arg_max(tube, (sampled_at, sample)) as tube from (select w.person, w.sampled_at, w.sample, w.tube, "
        "coalesce(l.result, '') as result, coalesce(l.published_at, timestamp '1970-01-01') as published_at "
        "from reswabs w left join latest l using (tube)) group by person"
    )


def coverage(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """
    Ask who of the roster was reached, by street, from the views `roster`, `samples`, `latest` and the table `single`.

    Columns: street, due, exempt, sampled, with a valid result, pending, held in a tube that is positive or weak, to
    be swabbed again for an invalid or cancelled tube, held before and single negative, single positive, visitors
    (sampled and not on the roster). The exempt count in none of the others.
    """
    engine.execute(
        "create or replace temp view reached as select s.person, s.street, s.tube, case when l.result in "
        "('positive', 'weak') and h.result in ('negative', 'positive') then 'single_' || h.result "
        "else l.result end as result from samples s left join (select tube, result from latest) l using (tube) "
        "left join single h using (person)"
    )
    rows = engine.execute(
        "select street, count(*) filter (exempt = 0), count(*) filter (exempt <> 0), "
        "count(*) filter (exempt = 0 and s.person is not null), "
        "count(*) filter (exempt = 0 and s.result in "
        "('negative', 'positive', 'weak', 'single_negative', 'single_positive')), "
        "count(*) filter (exempt = 0 and s.person is not null and s.result is null), "
        "count(*) filter (exempt = 0 and s.result in ('positive', 'weak')), "
        "count(*) filter (exempt = 0 and s.result in ('invalid', 'cancelled')), "
        "count(*) filter (exempt = 0 and s.result = 'single_negative'), "
        "count(*) filter (exempt = 0 and s.result = 'single_positive') "
        "from roster r left join (select person, result from reached) s using (person) group by street order by street"
    ).fetchall()
    visitors = dict(
        engine.execute(
            "select s.street, count(*) from samples s anti join roster r using (person) group by s.street"
        ).fetchall()
    )
    known = {row[0] for row in rows}
    merged = [(*row, visitors.get(row[0], 0)) for row in rows]
    return merged + [
        (street, 0, 0, 0, 0, 0, 0, 0, 0, 0, count)
        for street, count in sorted(visitors.items())
        if street not in known
    ]


def gaps(engine: "duckdb.DuckDBPyConnection", *, street: int, limit: int) -> list[Row]:
    """Ask who of a street is due and has no valid result, with the reason and how long since they were swabbed."""
    return engine.execute(
        "select person, case when sampled_at is null then 'not_seen' when result is null then 'pending' "
        "else result end, sampled_at from (select r.person, s.sampled_at, l.result from roster r "
        "left join samples s using (person) left join (select tube, result from latest) l on s.tube = l.tube "
        "where r.street = $1 and r.exempt = 0) where result is null or result in ('invalid', 'cancelled') "
        "order by person limit $2",
        [street, limit],
    ).fetchall()


def held(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask which tubes are positive or weak: tube, street, laboratory, result, Ct values, and since when it is known."""
    return engine.execute(
        "select tube, street, laboratory, result, ct_orf, ct_n, published_at from latest "
        "where result in ('positive', 'weak') order by street, tube"
    ).fetchall()


def waiting_tubes(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask which tubes have no result: tube, street, people in it, and when its last swab was taken."""
    return engine.execute(
        "select s.tube, min(s.street), count(*), max(s.sampled_at) from samples s "
        "anti join latest l using (tube) group by s.tube order by max(s.sampled_at), s.tube"
    ).fetchall()


def waiting_for_care(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask who of those registered for care has no valid result: person, street, need, why, when they were swabbed."""
    return engine.execute(
        "select n.person, n.street, n.need, case when s.person is null then 'not_seen' when l.result is null "
        "then 'pending' else l.result end, s.sampled_at from needs n left join samples s using (person) "
        "left join (select tube, result from latest) l on s.tube = l.tube where n.need is not null "
        "and (l.result is null or l.result in ('invalid', 'cancelled')) order by n.person"
    ).fetchall()


def risks(engine: "duckdb.DuckDBPyConnection") -> dict[int, float]:
    """Ask for what is known of the risk of single people in a positive or weak tube, by person."""
    rows = engine.execute(
        "select n.person, n.risk from needs n join samples s using (person) join latest l on s.tube = l.tube "
        "where n.risk is not null and l.result in ('positive', 'weak')"
    ).fetchall()
    return {int(person): float(risk) for person, risk in rows}


def pool_counts(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask for the pools that have a valid result, by how many people they hold: people, pools, positive ones."""
    return engine.execute(
        "select people, count(*), count(*) filter (result in ('positive', 'weak')) from "
        "(select s.tube, count(*) as people, any_value(l.result) as result from samples s join latest l using (tube) "
        "where l.result in ('negative', 'positive', 'weak') group by s.tube) group by people order by people"
    ).fetchall()


def singles(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask what the newest single swab of everybody held says: person, tube, swabbed, result, published; null unknown."""
    return engine.execute(
        "select person, tube, sampled_at, nullif(result, ''), case when result <> '' then published_at end "
        "from single order by person"
    ).fetchall()


def person_state(engine: "duckdb.DuckDBPyConnection", *, person: int) -> list[Row]:
    """
    Ask what is known of one person of the roster: exempt, swabbed, result of the tube, result of the single swab.

    Then of the tube when it was picked up, when it was received, and in which condition.
    """
    return engine.execute(
        "with mine as (select r.person, r.exempt, s.sampled_at, s.tube from (select * from roster where person = $1) r "
        "left join samples s using (person)) select m.exempt, m.sampled_at, l.result, nullif(h.result, ''), c.picked_at, "
        "e.received_at, e.condition from mine m "
        "left join (select tube, result from latest where tube in (select tube from mine)) l on m.tube = l.tube "
        "left join (select * from consignments where tube in (select tube from mine)) c on m.tube = c.tube "
        "left join (select * from receipts where tube in (select tube from mine)) e on m.tube = e.tube "
        "left join single h on m.person = h.person",
        [person],
    ).fetchall()


def history(engine: "duckdb.DuckDBPyConnection", *, person: int) -> list[Row]:
    """Ask for one person's single swabs while held with what their tubes showed, the oldest first."""
    return engine.execute(
        "select s.sample, s.tube, s.street, s.mode, s.sampled_at, l.result, l.laboratory, l.published_at from "
        "(select * from reswabs where person = $1) s left join latest l using (tube) order by s.sampled_at",
        [person],
    ).fetchall()


def laboratory_counts(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask by laboratory and street: tubes, positive ones, results that name no plate, positives with Ct over 35."""
    return engine.execute(
        "select laboratory, street, count(*), count(*) filter (result in ('positive', 'weak')), "
        "count(*) filter (plate is null), "
        "count(*) filter (result in ('positive', 'weak') and greatest(ct_orf, ct_n) > 35) "
        "from latest group by all order by all"
    ).fetchall()


def plates(engine: "duckdb.DuckDBPyConnection", *, least: int) -> list[Row]:
    """Ask for plates with at least so many positive wells: laboratory, plate, wells, positives, sites, those with Ct over 35."""
    return engine.execute(
        "with hot as (select laboratory, plate from latest where plate is not null "
        "and result in ('positive', 'weak') group by all having count(*) >= $1), "
        "site_of as (select tube, min(site) as site from samples where tube in "
        "(select tube from latest where result in ('positive', 'weak')) group by tube) "
        "select l.laboratory, l.plate, count(*), count(*) filter (result in ('positive', 'weak')), "
        "count(distinct site_of.site) filter (result in ('positive', 'weak')), "
        "count(*) filter (result in ('positive', 'weak') and greatest(ct_orf, ct_n) > 35) "
        "from latest l join hot using (laboratory, plate) left join site_of using (tube) group by all order by all",
        [least],
    ).fetchall()


def turn_around_hours(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask for how long tubes took from the last swab to publication, in hours, by laboratory: percentiles and the late."""
    return engine.execute(
        "with last_swab as (select tube, max(sampled_at) as swabbed from samples group by tube) "
        "select laboratory, count(*), quantile_cont(hours, [0.5, 0.9, 0.99]), count(*) filter (hours > 24) from "
        "(select l.laboratory, epoch(l.published_at - t.swabbed) / 3600.0 as hours from latest l "
        "join last_swab t using (tube)) group by laboratory order by laboratory"
    ).fetchall()


def late_tubes(engine: "duckdb.DuckDBPyConnection", *, hours: float) -> list[Row]:
    """Ask which tubes were published later than so many hours after their last swab: tube, laboratory, hours."""
    return engine.execute(
        "select * from (select l.tube, any_value(l.laboratory), "
        "epoch(any_value(l.published_at) - max(s.sampled_at)) / 3600.0 as hours "
        "from latest l join samples s using (tube) group by l.tube) where hours > $1 order by hours desc",
        [hours],
    ).fetchall()


def swabs_of(engine: "duckdb.DuckDBPyConnection", *, people: Sequence[int]) -> list[Row]:
    """
    Ask for the swabs of some people, single ones while held among them, with what their tubes showed.

    Columns: person, tube, people in the tube, sampled_at, result (None while there is none), published_at.
    """
    engine.execute(
        "create or replace temp table asked_people as select unnest($1::bigint[]) as person",
        [list(people)],
    )
    return engine.execute(
        "with every as (select person, tube, sampled_at from samples union all select person, tube, sampled_at from reswabs), "
        "mine as (select * from every semi join asked_people using (person)), "
        "held as (select tube, count(*) as people from every where tube in (select tube from mine) group by tube) "
        "select m.person, m.tube, h.people, m.sampled_at, l.result, l.published_at from mine m join held h using (tube) "
        "left join (select tube, result, published_at from latest where tube in (select tube from mine)) l using (tube) "
        "order by m.sampled_at, m.person"
    ).fetchall()
