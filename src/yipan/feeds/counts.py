"""Counts, tidy or wide: the plain reader says what is right, the vectorised one reads ten million rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, TypeVar

import polars as pl

from yipan.model import AreaPath, Counted, DetectionMode, Interval, Stream

from .areas import AreaNames
from .columns import Mapping, known_value, unknown_column
from .dates import date_form, read_day
from .decode import PLAIN_COUNT, Table, read_count
from .frame import MOST_PROBLEMS, Problem, Refused, gathered
from .sniff import Sniffed

_PARTS = ("stream", "disease", "counted", "mode", "interval", "site")
_TEXTS = ("area", "parent", "day", *_PARTS, "value")
_GLUE = "\x1f"
_FOUND = pl.Schema(
    {
    "row": pl.UInt32, "column": pl.UInt32, "area": pl.String, "stream": pl.String, "day": pl.Date,
    "value": pl.Int64,
}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CountDraft:
    """What a table of counts holds: `found` are the good records in order, `quarantine` the wrong ones."""

    read: int
    blank: int
    wrong: int
    repeated: int
    found: pl.DataFrame
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    more_problems: int = 0
    quarantine: pl.DataFrame


class Judge:
    """What one text of each kind means in this file; both readers ask it."""

    def __init__(self, names: AreaNames, days: Iterable[str], order: str | None) -> None:
        self._names = names
        self._form = date_form(days, order=order)

    def area(self, text: str, *, hint: bool = True) -> AreaPath | Refused:
        """The area of a text `area<glue>parent`."""
        name, parent = text.split(_GLUE)
        return self._names.resolve(name, parent, hint=hint)

    def day(self, text: str) -> date | Refused:
        """The day of a text."""
        found = read_day(text, self._form)
        return found if isinstance(found, Refused) else found[0]

    def stream(self, text: str) -> str | Refused:
        """The stream key of the texts of its parts."""
        key, disease, counted, mode, interval, site = (part.strip() for part in text.split(_GLUE))
        if key:
            try:
                return Stream.parse(key).key
            except ValueError:
                return Refused(
                    en="is no stream key (disease/counted/mode/interval)",
                    zh="不是数据流键（病种/计数项/发现方式/周期）",
                    column="stream",
                )
        if not disease:
            return Refused(
                en="the disease is missing", zh="缺少病种",
                suggestion="add a column disease or give a default", column="disease",
            )  # fmt: skip
        if "/" in disease or "/" in site:
            return Refused(
                en="disease and site may hold no slash", zh="病种和机构名不能含斜杠",
                column="disease" if "/" in disease else "site",
            )  # fmt: skip
        values = {
            "counted": (counted, ""), "mode": (mode, "any"), "interval": (interval, "day"),
        }  # fmt: skip
        known: dict[str, str] = {}
        for name, (text_given, default) in values.items():
            value = known_value(name, text_given or default)
            if value is None:
                return Refused(
                    en=f"{name} is missing" if not text_given else f"is not a known {name}",
                    zh=f"缺少{name}" if not text_given else f"不是已知的{name}",
                    suggestion=f"one of {', '.join(_CHOICES[name])}",
                    column=name,
                )
            known[name] = value
        return Stream(
            disease=disease, counted=Counted(known["counted"]), mode=DetectionMode(known["mode"]),
            interval=Interval(known["interval"]), site=site,
        ).key  # fmt: skip


_CHOICES: dict[str, list[str]] = {
    "counted": [entry.value for entry in Counted],
    "mode": [entry.value for entry in DetectionMode],
    "interval": [entry.value for entry in Interval],
}


def long_form(table: Table, sniffed: Sniffed, mapping: Mapping) -> pl.LazyFrame:
    """Every record as texts: row, column (position of its value), blank, area, parent, day, ..., value."""

    def text(name: str) -> pl.Expr:
        if name in sniffed.columns:
            return pl.col(f"c{sniffed.columns[name]}").alias(name)
        return pl.lit(mapping.defaults.get(name, "")).alias(name)

    cells = [pl.col(f"c{i}") for i in range(len(table.header))]
    blank = pl.all_horizontal(cell.str.strip_chars() == "" for cell in cells).alias("blank")
    if not sniffed.wide:
        position = sniffed.columns["value"]
        return table.lazy.select(
            "row", pl.lit(position, dtype=pl.UInt32).alias("column"), blank, *map(text, _TEXTS)
        )
    wide = [f"c{i}" for i in sniffed.wide]
    across = {"counts_by_area": "area", "counts_by_day": "day", "counts_by_counted": "counted"}
    told = across[sniffed.kind]
    kept = [name for name in _TEXTS if name not in {told, "value"}]
    renamed = table.lazy.select(
        "row", *(pl.col(f"c{i}").alias(f"v{i}") for i in sniffed.wide), *map(text, kept)
    )
    heads = pl.Series([table.header[i] for i in sniffed.wide], dtype=pl.String)
    keys = pl.Series([name.replace("c", "v", 1) for name in wide], dtype=pl.String)
    return (
        renamed.unpivot(on=keys.to_list(), index=["row", *kept], variable_name="v")
        .with_columns(
            pl.col("v").str.slice(1).cast(pl.UInt32).alias("column"),
            pl.col("v").replace_strict(keys, heads).alias(told),
            (pl.col("value").str.strip_chars() == "").alias("blank"),
        )
        .select("row", "column", "blank", *_TEXTS)
    )


def _joined(names: Sequence[str]) -> pl.Expr:
    return pl.concat_str([pl.col(name) for name in names], separator=_GLUE)


def _places(table: Table, sniffed: Sniffed, column: int) -> Callable[[str], str]:
    """The header under which each of our columns stands, for messages."""

    def header(name: str) -> str:
        told = {"counts_by_area": "area", "counts_by_day": "day", "counts_by_counted": "counted"}
        if sniffed.wide and name in {told[sniffed.kind], "value"}:
            return table.header[column]
        position = sniffed.columns.get(name)
        return table.header[position] if position is not None else name

    return header


def _judged(
    record: dict[str, str], judge: Judge
) -> tuple[dict[str, Any], list[tuple[str, str, Refused]]]:
    """One record as values, and what was refused in it as (column, text, why)."""
    refused: list[tuple[str, str, Refused]] = []
    stream_text = _GLUE.join(record[name] for name in _PARTS)
    found: dict[str, Any] = {
        "area": judge.area(record["area"] + _GLUE + record["parent"]),
        "day": judge.day(record["day"]),
        "stream": judge.stream(stream_text),
        "value": read_count(record["value"]),
    }
    for name, value in found.items():
        if isinstance(value, Refused):
            name = value.column or name  # noqa: PLW2901  # a stream's refusal names its part
            text = record[name]
            refused.append((name, text, value))
    return found, refused


def read_plain(table: Table, sniffed: Sniffed, names: AreaNames, mapping: Mapping) -> CountDraft:
    """
    Read a table of counts record by record.

    This is the judge of `read_counts`: slow, and plainly right. It keeps every problem.
    """
    records = long_form(table, sniffed, mapping).collect().sort("row", "column")
    rows = records.to_dicts()
    judge = Judge(names, {r["day"] for r in rows if not r["blank"]}, mapping.date_order)
    problems: list[Problem] = []
    notes: list[tuple[int, str, str, str]] = list(_table_notes(table, sniffed))
    good: list[dict[str, Any]] = []
    blank = 0
    wrong: list[dict[str, Any]] = []
    for record in rows:
        if record["blank"]:
            blank += 1
            continue
        header = _places(table, sniffed, record["column"])
        found, refused = _judged(record, judge)
        for name, text, why in refused:
            problems.append(why.at(record["row"], header(name), text))
        answer = found["value"]
        value, note = (None, None) if isinstance(answer, Refused) else answer
        if note is not None:
            notes.append((record["row"], header("value"), *note))
        if refused:
            wrong.append(record)
            continue
        good.append(record | found | {"value": value})
    first: dict[object, dict[str, Any]] = {}
    groups: dict[object, set[object]] = {}
    for entry in good:
        key = (entry["area"], entry["stream"], entry["day"])
        first.setdefault(key, entry)
        groups.setdefault(key, set()).add(entry["value"])
    kept: list[dict[str, Any]] = []
    repeated = 0
    for entry in good:
        key = (entry["area"], entry["stream"], entry["day"])
        before = first[key]
        header = _places(table, sniffed, entry["column"])
        if len(groups[key]) > 1:
            wrong.append(entry)
            if entry["value"] != before["value"]:
                problems.append(
                    _conflict(entry, before).at(
                        entry["row"], header("value"), _told(entry["value"])
                    )
                )
        elif entry is before:
            kept.append(entry)
        else:
            repeated += 1
            notes.append((entry["row"], header("value"), *_REPEATED))
    found_frame = pl.DataFrame([{n: e[n] for n in _FOUND} for e in kept], schema=_FOUND)
    return CountDraft(
        read=len(rows), blank=blank, wrong=len(wrong), repeated=repeated, found=found_frame,
        problems=tuple(sorted(problems, key=lambda p: p.row)), notes=gathered(notes),
        quarantine=pl.DataFrame({"row": sorted(int(str(w["row"])) for w in wrong)}),
    )  # fmt: skip


_REPEATED = (
    "says again what an earlier record said; it was taken once",
    "与前面的记录完全相同；只取一次",
)


def _told(value: int | None) -> str:
    return "" if value is None else str(value)


def _conflict(entry: dict[str, Any], before: dict[str, Any]) -> Refused:
    one, other = (_told(e["value"]) or "nothing" for e in (entry, before))
    return Refused(
        en=f"row {entry['row']} gives {one} where row {before['row']} gives {other} "
        "for the same area, stream and day",
        zh=f"第{entry['row']}行为{one}，而第{before['row']}行同一地区、数据流和日期为{other}",
        suggestion="keep the right one; a correction comes as a later file",
    )


def _table_notes(table: Table, sniffed: Sniffed) -> Iterable[tuple[int, str, str, str]]:
    yield from table.notes
    read = {*sniffed.wide, *(i for n, i in sniffed.columns.items() if n in _TEXTS)}
    for position, name in enumerate(table.header):
        if position not in read and name.strip():
            yield (1, name, *unknown_column(name))


_T = TypeVar("_T")


def _coded(
    texts: Sequence[str], meaning: Callable[[str], _T | Refused]
) -> tuple[pl.Series, pl.Series, list[_T]]:
    """Texts, their codes (-1 where refused) and the meanings the codes count through."""
    codes: list[int] = []
    meanings: dict[_T, int] = {}
    for text in texts:
        found = meaning(text)
        codes.append(
            -1 if isinstance(found, Refused) else meanings.setdefault(found, len(meanings))
        )
    return pl.Series(texts, dtype=pl.String), pl.Series(codes, dtype=pl.Int32), list(meanings)


def read_counts(table: Table, sniffed: Sniffed, names: AreaNames, mapping: Mapping) -> CountDraft:
    """
    Read a table of counts through expressions: only distinct texts become Python objects.

    The first pass gathers what is distinct in each column, the plain functions say what it means, the second
    pass translates. Memory grows by some 40 bytes a record.
    """
    long = long_form(table, sniffed, mapping).with_columns(
        _joined(("area", "parent")).alias("where"), _joined(_PARTS).alias("what")
    )
    filled = long.filter(~pl.col("blank"))
    odd = ~pl.col("value").str.contains(PLAIN_COUNT)
    where, what, days, values = pl.collect_all(
        [
            filled.select(pl.col("where").unique()),
            filled.select(pl.col("what").unique()),
            filled.select(pl.col("day").unique()),
            filled.filter(odd).group_by("value", "column").agg(pl.col("row").min(), pl.len()),
        ],
        engine="streaming",
    )
    judge = Judge(names, days["day"].to_list(), mapping.date_order)
    area_texts, area_codes, areas = _coded(
        where["where"].to_list(), partial(judge.area, hint=False)
    )
    stream_texts, stream_codes, streams = _coded(what["what"].to_list(), judge.stream)
    day_texts, day_codes, known_days = _coded(days["day"].to_list(), judge.day)
    odd_texts, odd_values, odd_wrong = [], [], []
    for text in values["value"].unique().to_list():
        found = read_count(text)
        odd_texts.append(text)
        odd_wrong.append(isinstance(found, Refused))
        odd_values.append(None if isinstance(found, Refused) else found[0])
    olds = pl.Series(odd_texts, dtype=pl.String)
    coded = long.select(
        "row", "column", "blank",
        pl.col("where").replace_strict(area_texts, area_codes, default=-1, return_dtype=pl.Int32).alias("a"),
        pl.col("what").replace_strict(stream_texts, stream_codes, default=-1, return_dtype=pl.Int32).alias("s"),
        pl.col("day").replace_strict(day_texts, day_codes, default=-1, return_dtype=pl.Int32).alias("d"),
        pl.when(odd).then(
            pl.col("value").replace_strict(olds, pl.Series(odd_values, dtype=pl.Int64), default=None, return_dtype=pl.Int64)
        ).otherwise(pl.col("value").cast(pl.Int64, strict=False)).alias("value"),
        pl.when(odd).then(
            pl.col("value").replace_strict(olds, pl.Series(odd_wrong, dtype=pl.Boolean), default=False, return_dtype=pl.Boolean)
        ).otherwise(pl.lit(value=False)).alias("odd"),
    ).collect(engine="streaming")  # fmt: skip
    if sniffed.wide or not coded["row"].is_sorted():
        coded = coded.sort("row", "column")
    read, blank = coded.height, int(coded["blank"].sum())
    wrong_here = (pl.col("a") < 0) | (pl.col("s") < 0) | (pl.col("d") < 0) | pl.col("odd")
    written = coded.filter(~pl.col("blank")).with_columns(wrong_here.alias("wrong"))
    wrong = written.filter("wrong").select("row", "column")
    good = written.filter(~pl.col("wrong")).select(
        "row", "column", "value", "a", "s", "d",
        ((pl.col("a").cast(pl.Int64) * len(streams) + pl.col("s")) * max(1, len(known_days)) + pl.col("d")).alias("key"),
    )  # fmt: skip
    del coded, written
    notes = list(_table_notes(table, sniffed))
    weights: dict[tuple[int, str, str, str], int] = {}
    for text, column, row, times in values.sort("row").iter_rows():
        found = read_count(text)
        if not isinstance(found, Refused) and found[1] is not None:
            header = _places(table, sniffed, column)
            place = (row, header("value"), *found[1])
            weights[place] = weights.get(place, 0) + times
    good, clashes, doubled, repeats = _without_repeats(good)
    conflicts = []
    for clash in clashes.head(MOST_PROBLEMS).to_dicts():
        header = _places(table, sniffed, clash["column"])
        before = {"row": clash["first_row"], "value": clash["first_value"]}
        conflicts.append(
            _conflict(clash, before).at(clash["row"], header("value"), _told(clash["value"]))
        )
    for row, column in repeats.iter_rows():
        header = _places(table, sniffed, column)
        notes.append((row, header("value"), *_REPEATED))
    problems = _explained(table, sniffed, filled, wrong.head(MOST_PROBLEMS), judge) + conflicts
    problems.sort(key=lambda p: p.row)
    area_names = pl.Series([str(path) for path in areas], dtype=pl.String)
    found_frame = good.select(
        "row", "column",
        _decoded("a", area_names), _decoded("s", pl.Series(streams, dtype=pl.String)),
        _decoded("d", pl.Series(known_days, dtype=pl.Date)), "value",
    ).rename({"a": "area", "s": "stream", "d": "day"}).cast(pl.Schema(_FOUND))  # fmt: skip
    all_wrong = pl.concat([wrong.select("row"), doubled.select("row")]).sort("row")
    unexplained = max(0, wrong.height - MOST_PROBLEMS) + max(0, clashes.height - MOST_PROBLEMS)
    return CountDraft(
        read=read, blank=blank, wrong=wrong.height + doubled.height,
        repeated=read - blank - wrong.height - doubled.height - good.height, found=found_frame,
        problems=tuple(problems), notes=_merged(notes, weights), more_problems=unexplained,
        quarantine=all_wrong,
    )  # fmt: skip


def _decoded(code: str, meanings: pl.Series) -> pl.Expr:
    return pl.col(code).replace_strict(
        pl.int_range(0, len(meanings), dtype=pl.Int32, eager=True), meanings, return_dtype=meanings.dtype
    )  # fmt: skip


def _merged(
    notes: list[tuple[int, str, str, str]], weights: dict[tuple[int, str, str, str], int]
) -> tuple[Problem, ...]:
    """Notes told one by one together with those that stand for many records each."""
    told = {(p.column, p.reason_en): p for p in gathered(notes)}
    for note in gathered(weights):
        same = [(k, n) for k, n in weights.items() if (k[1], k[2]) == (note.column, note.reason_en)]
        times = sum(n for _, n in same) or note.times
        told[note.column, note.reason_en] = replace(note, times=times)
    return tuple(sorted(told.values(), key=lambda p: p.row))


def _without_repeats(
    good: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Good records once each; what clashes with an earlier one; all of clashing groups; plain repeats."""
    nothing = good.clear()
    if good["key"].n_unique() == good.height:
        return good, nothing, nothing, nothing
    groups = (
        good.filter(pl.col("key").is_duplicated())
        .group_by("key")
        .agg(
            (pl.col("value").n_unique() > 1).alias("clash"),
            pl.col("row").first().alias("first_row"),
            pl.col("column").first().alias("first_column"),
            pl.col("value").first().alias("first_value"),
        )
    )
    several = good.join(groups, on="key", how="inner", maintain_order="left")
    clashing = several.filter("clash")
    differs = pl.col("value").ne_missing(pl.col("first_value"))
    is_first = (pl.col("row") == pl.col("first_row")) & (pl.col("column") == pl.col("first_column"))
    repeats = several.filter(~pl.col("clash") & ~is_first).select("row", "column")
    gone = pl.concat([clashing.select("row", "column"), repeats])
    kept = good.join(gone, on=["row", "column"], how="anti", maintain_order="left")
    return kept, clashing.filter(differs), clashing, repeats


def _explained(
    table: Table, sniffed: Sniffed, filled: pl.LazyFrame, wrong: pl.DataFrame, judge: Judge
) -> list[Problem]:
    """The problems of wrong records, asked again one by one of the plain judge."""
    if not wrong.height:
        return []
    texts = (
        filled.filter(pl.col("row").is_in(wrong["row"].unique().implode()))
        .collect(engine="streaming")
        .join(wrong, on=["row", "column"], how="inner")
        .sort("row", "column")
    )
    problems = []
    for record in texts.iter_rows(named=True):
        header = _places(table, sniffed, record["column"])
        for name, text, why in _judged(record, judge)[1]:
            problems.append(why.at(record["row"], header(name), text))
    return problems
