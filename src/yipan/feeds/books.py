"""Workbooks and Parquet as tables of text; a workbook is measured before it is unpacked."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import python_calamine

from .decode import Table, check_width
from .frame import CannotRead, file_problem

MOST_BYTES = 1 << 30
MOST_RATIO = 200
MOST_CELLS = 50_000_000
_RATIO_FROM = 10 << 20
_CHUNK = 1 << 18
_TAIL = 256
_CELL = re.compile(rb'<(?:\w+:)?(?:c|row)\b[^<>]*?\sr="([A-Z]{0,3})(\d{1,9})"')
_UNSAVED = re.compile(rb"</(?:\w+:)?f>(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>")


def workbook_table(source: Path | bytes, *, sheet: str | None = None) -> Table:
    """The first sheet that holds anything (or the one named) as a table of text."""
    formulas = check_workbook(source)
    try:
        book = python_calamine.CalamineWorkbook.from_object(
            io.BytesIO(source) if isinstance(source, bytes) else source
        )
        if sheet is not None and sheet not in book.sheet_names:
            raise file_problem(f"there is no sheet {sheet!r}", f"没有工作表“{sheet}”")
        held = [name for name in book.sheet_names if book.get_sheet_by_name(name).total_height]
        if sheet is None and not held:
            raise file_problem("the workbook is empty", "工作簿是空的")
        chosen = sheet or held[0]
        rows = book.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
    except CannotRead:
        raise
    except python_calamine.PasswordError:
        raise _locked() from None
    except (python_calamine.CalamineError, OSError, ValueError):
        raise _damaged() from None
    notes = []
    if formulas:
        notes.append(
            (0, "", "formulas stand in the workbook; their saved values were read",
             "工作簿含公式；读取的是保存的计算值")
        )  # fmt: skip
    if len(held) > 1:
        notes.append((0, "", f"only the sheet {chosen} was read", f"只读了工作表“{chosen}”"))
    first = next((i for i, row in enumerate(rows) if any(cell != "" for cell in row)), None)
    if first is None:
        raise file_problem("the sheet is empty", "工作表是空的")
    header = [_text(cell).strip() for cell in rows[first]]
    while header and not header[-1] and all(row[len(header) - 1] == "" for row in rows):
        header.pop()
    check_width(len(header))
    frame = pl.DataFrame(
        {
            f"c{i}": pl.Series((_text(row[i]) for row in rows[first + 1 :]), dtype=pl.String)
            for i in range(len(header))
        }
    ).with_row_index("row", offset=first + 2)
    return Table(
        header=tuple(header), lazy=frame.lazy(), container="xlsx", why=f"workbook, sheet {chosen}",
        notes=tuple(notes),
    )  # fmt: skip


def _text(cell: Any) -> str:
    """A cell as one would type it: dates in ISO, whole floats without decimals."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)


def check_workbook(source: Path | bytes) -> bool:
    """
    Measure a workbook before anything unpacks it; True where it holds formulas.

    Raises CannotRead for what is no workbook, is locked or cut off, swells beyond measure, declares less than
    it holds, spreads its cells over too wide an area, or holds formulas without saved values.
    """
    try:
        with zipfile.ZipFile(
            io.BytesIO(source) if isinstance(source, bytes) else source
        ) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            declared = sum(entry.file_size for entry in entries)
            packed = sum(entry.compress_size for entry in entries)
            if declared > MOST_BYTES or declared > max(_RATIO_FROM, MOST_RATIO * packed):
                raise _bomb(
                    f"declares {declared:,} bytes from {packed:,}",
                    f"声明由{packed:,}字节解出{declared:,}字节",
                )
            if any(entry.flag_bits & 1 for entry in entries):
                raise _locked()
            if "xl/workbook.xml" not in names:
                raise file_problem(
                    "a ZIP archive, but not a workbook", "是ZIP压缩包，不是工作簿",
                    "unpack it and send the table inside",
                )  # fmt: skip
            return _measure(archive, source)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError):
        raise _damaged() from None


def _measure(archive: zipfile.ZipFile, source: Path | bytes) -> bool:
    """Unpack every entry into nothing, counting; look at the cells of the sheets on the way."""
    formulas = False
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        for entry in archive.infolist():
            width = height = 0
            size, tail = 0, b""
            is_sheet = entry.filename.startswith("xl/worksheets/")
            for part in _unpacked(stream, entry):
                size += len(part)
                if size > entry.file_size:
                    raise _bomb(
                        f"holds more than the {entry.file_size:,} bytes it declares",
                        f"实际内容超过声明的{entry.file_size:,}字节",
                    )
                if not is_sheet:
                    continue
                text = tail + part
                for letters, number in _CELL.findall(text):
                    width, height = max(width, _column(letters)), max(height, int(number))
                formulas = formulas or b"<f" in text
                if _UNSAVED.search(text):
                    raise file_problem(
                        "a formula without a saved value", "公式没有保存的计算值",
                        "open it in a spreadsheet program and save it, or paste the values",
                    )  # fmt: skip
                tail = text[-_TAIL:]
            check_width(width)
            if width * height > MOST_CELLS:
                raise _bomb(
                    f"spreads its cells over {width:,} columns and {height:,} rows",
                    f"单元格散布在{width:,}列{height:,}行",
                )
    return formulas


def _unpacked(stream: Any, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    stream.seek(entry.header_offset)
    local = stream.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    stream.seek(
        entry.header_offset + 30
        + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
    )  # fmt: skip
    left = entry.compress_size
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise NotImplementedError
    inflate = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
        left -= len(chunk)
        if inflate is None:
            yield chunk
            continue
        while chunk:
            yield inflate.decompress(chunk, _CHUNK)
            chunk = inflate.unconsumed_tail
    if left > 0:
        raise zipfile.BadZipFile


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _bomb(en: str, zh: str) -> CannotRead:
    return file_problem(
        f"the workbook {en}; it is not opened",
        f"工作簿{zh}；不予打开",
        "export the table again as CSV",
    )


def _locked() -> CannotRead:
    return file_problem(
        "the workbook is locked with a password", "工作簿有密码", "save it without a password"
    )


def _damaged() -> CannotRead:
    return file_problem(
        "the workbook is cut off or damaged", "工作簿被截断或损坏", "send the whole file again"
    )


def parquet_table(source: Path | bytes) -> Table:
    """A Parquet file as a table of text. Raises CannotRead where it is cut off or holds nested columns."""
    try:
        lazy = pl.scan_parquet(io.BytesIO(source) if isinstance(source, bytes) else source)
        schema = lazy.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        raise file_problem(
            "the Parquet file is cut off or damaged",
            "Parquet文件被截断或损坏",
            "send the whole file again",
        ) from None
    check_width(len(schema))
    columns = []
    for i, (name, kind) in enumerate(schema.items()):
        if kind.is_nested() or kind == pl.Binary:
            raise file_problem(
                f"holds {kind}, not plain values", f"类型是{kind}，不是简单值", column=name
            )
        column = pl.col(name)
        if kind.is_float():
            whole = column.cast(pl.Int64, strict=False)
            column = pl.when(column.is_nan()).then(None).when(whole == column).then(
                whole.cast(pl.String)
            ).otherwise(column.cast(pl.String))  # fmt: skip
        columns.append(column.cast(pl.String).fill_null("").alias(f"c{i}"))
    return Table(
        header=tuple(schema),
        lazy=lazy.select(columns)
        .with_row_index("row", offset=2)
        .with_columns(pl.col("row").cast(pl.UInt32)),
        container="parquet",
        why="Parquet",
    )
