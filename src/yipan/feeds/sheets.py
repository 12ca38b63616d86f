"""Sheets of other people's systems as rows of text: comments, rows of captions, short rows and JSON understood."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .books import parquet_table, workbook_table
from .decode import check_width, decode_text, find_separator
from .frame import file_problem

ENTITIES = frozenset({
    "CaseData", "Sample", "PathogenTest", "AdditionalTest", "Immunization", "Vaccination", "Contact", "Event",
    "EventGroup", "EventParticipant", "Person", "Location", "SelfReport", "TravelEntry", "Symptoms", "EpiData",
    "Hospitalization", "HealthConditions", "MaternalHistory", "PortHealthInfo", "ClinicalCourse", "Therapy",
    "Exposure", "Environment", "Task", "Visit", "Prescription", "Treatment",
})  # fmt: skip
"""What SORMAS names in the row above its columns."""
MOST_ROWS = 2_000_000
_LONGEST_LINES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """
    A file as rows of text under a header; row numbers count lines as a spreadsheet does.

    `entities` is the row of entity names above the header, where there is one. Repeated headers stay repeated.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    entities: tuple[str, ...] = ()
    why: str = ""


def header_word(text: str) -> str:
    """
    A header as it is compared: small letters and digits only, so that three styles of one name are one.

    >>> {header_word(text) for text in ("dateOfOnset", "Date of onset", "date_of_onset")}
    {'dateofonset'}
    """
    return re.sub(r"[\W_]+", "", text.strip("\ufeff").casefold())


def open_sheet(source: Path | bytes, *, sheet: str | None = None) -> Sheet:
    """
    Open CSV, TSV, XLSX, Parquet or JSON as one sheet by its content.

    Raises CannotRead naming the row and the reason: empty, binary, cut off inside quotation marks, rows longer
    than the header. Rows that are shorter than the header are filled with blanks, as their senders write them.
    """
    head = source[:8] if isinstance(source, bytes) else _head(source)
    if head.startswith((b"PK\x03\x04", b"PAR1")):
        table = workbook_table(source, sheet=sheet) if head[:2] == b"PK" else parquet_table(source)
        frame = table.lazy.sort("row").collect()
        return _laid_out(
            [(1, table.header), *((row[0], tuple(row[1:])) for row in frame.iter_rows())], table.why
        )
    data, encoding = decode_text(source)
    text = (data if isinstance(data, bytes) else data.read_bytes()).decode("utf-8-sig")
    if text.lstrip()[:1] in {"[", "{"}:
        return _from_json(text)
    lines = text.splitlines(keepends=True)
    telling = [
        line for line in lines if line.strip() and not line.lstrip('"\ufeff').startswith("##")
    ]
    if not telling:
        raise file_problem("the file holds no table", "文件里没有表格")
    separator = find_separator(telling[:_LONGEST_LINES])
    return _laid_out(
        list(_records(text, separator)), f"text in {encoding}, separated by {separator!r}"
    )


def _records(text: str, separator: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    first = 1
    try:
        for fields in reader:
            yield first, tuple(fields)
            first = reader.line_num + 1
    except csv.Error as problem:
        cut = "unexpected end" in str(problem)
        raise file_problem(
            "the file ends inside a quoted value: it is cut off"
            if cut
            else "a quotation mark stands where none may",
            "文件在引号内中断：已被截断" if cut else "引号位置不对",
            "send the whole file again" if cut else "double the quotation marks inside a value",
            row=first,
        ) from None


def _laid_out(records: list[tuple[int, tuple[str, ...]]], why: str) -> Sheet:
    told = [
        (number, fields)
        for number, fields in records
        if any(field.strip() for field in fields) and not fields[0].strip().startswith("##")
    ]
    if not told:
        raise file_problem("the file holds no table", "文件里没有表格")
    entities: tuple[str, ...] = ()
    above = tuple(field.strip().strip("\ufeff") for field in told[0][1])
    if above[0] in ENTITIES and 2 * sum(name in ENTITIES for name in above) > len(above):
        entities = above
        told = told[1:]
        if not told:
            raise file_problem(
                "a row of entities and no row of columns", "只有实体行，没有列名行", row=1
            )
    header = told[0][1]
    header = tuple(name.strip().strip("\ufeff") for name in header)
    while header and not header[-1]:
        header = header[:-1]
    check_width(len(header))
    if len(told) - 1 > MOST_ROWS:
        raise file_problem(
            f"more than {MOST_ROWS:,} rows in one file", f"一个文件超过{MOST_ROWS:,}行", "split it"
        )
    rows = []
    tags = [field.strip() for field in told[1][1] if field.strip()] if len(told) > 1 else []
    if tags and all(re.fullmatch(r"#[a-z]+(\+[a-z]+)*", tag) for tag in tags):  # a row of HXL tags
        del told[1]
    for line, fields in told[1:]:
        if any(field.strip() for field in fields[len(header) :]):
            raise file_problem(
                f"{len(fields)} fields where the header has {len(header)}",
                f"有{len(fields)}个字段，表头有{len(header)}个",
                "a value holding the separator needs quotation marks",
                row=line,
            )
        filled = (*fields[: len(header)], *("",) * (len(header) - len(fields)))
        rows.append((line, tuple(field.strip() for field in filled)))
    return Sheet(header=header, rows=tuple(rows), entities=entities, why=why)


def _from_json(text: str) -> Sheet:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", 1)
        raise file_problem(
            "this JSON is damaged or cut off", "JSON已损坏或被截断", "export it again", row=line
        ) from None
    if isinstance(content, dict):
        lists = [entry for entry in content.values() if isinstance(entry, list)]
        content = lists[0] if len(lists) == 1 else [content]
    if not content or not all(isinstance(entry, dict) for entry in content):
        raise file_problem("JSON without a list of records", "JSON里没有记录列表", row=1)
    flat = [dict(_flat(entry)) for entry in content]
    header = tuple(dict.fromkeys(name for entry in flat for name in entry))
    check_width(len(header))
    rows = tuple(
        (number, tuple(entry.get(name, "") for name in header))
        for number, entry in enumerate(flat, start=1)
    )
    return Sheet(header=header, rows=rows, why="JSON")


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _flat(entry, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        if name == "persons":
            for entry in value:
                if isinstance(entry, dict):
                    end = "sourcePerson" if entry.get("source") else "targetPerson"
                    yield from (
                        (n, v)
                        for n, v in _flat(entry, end)
                        if not n.endswith((".source", ".target"))
                    )
            return
        for number, entry in enumerate(value, start=1):
            yield from _flat(entry, f"{name} [{number}]")
    elif value is not None:
        yield name, {True: "TRUE", False: "FALSE"}[value] if isinstance(value, bool) else str(value)


def _head(source: Path) -> bytes:
    with source.open("rb") as stream:
        return stream.read(8)
