"""Bytes to text by evidence: encoding, separator, ragged and cut rows, numbers as people write them."""

import codecs
import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from .frame import Refused, file_problem

MOST_COLUMNS = 2_000
LARGEST_COUNT = 1_000_000_000
SEPARATORS = (",", ";", "\t", "|")
MISSING = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "missing", "-", "--", "—", "——", "–", ".", "/"}
    | {"缺", "缺失", "未报", "未报告", "无数据", "暂缺", "不详"}
)
"""What people write where nobody reported, as compared after `cell_key`."""

PLAIN_COUNT = "^[0-9]{1,9}$"
_GROUPED = re.compile(r"\d{1,3}(?:[, '’]\d{3})+")
_CHUNK = 1 << 20
_NEVER_IN_A_TABLE = b"\x01"
"""Lines are read whole by a separator no table holds; a file with it is refused."""
_CJK = re.compile("[一-鿿]")
_WIDE_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf][\x80-\xbf]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    A file as one table of text: `lazy` has `row` (UInt32, the header being row 1) and columns c0, c1, ...

    `notes` are (row, column, English, Chinese).
    """

    header: tuple[str, ...]
    lazy: pl.LazyFrame
    container: str
    why: str
    notes: tuple[tuple[int, str, str, str], ...] = ()


def cell_key(text: str) -> str:
    """A cell's text as it is compared: narrow forms, small letters, no blank ends."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def read_count(text: str) -> tuple[int | None, tuple[str, str] | None] | Refused:
    """
    Return the count a text stands for (None: nobody reported) and a note in both languages if it had to be
    normalised, or why it is refused.

    >>> read_count("１，２３４")[0]
    1234
    """
    clean = cell_key(text)
    if clean in MISSING:
        return None, None
    note = None
    if clean != text:
        note = ("full-width signs or stray blanks were normalised", "全角字符或多余空格已规整")
    if clean[0] in "=@" or re.match(r"[+-]\s*[a-z(]", clean):
        return Refused(
            en="is a formula, not a count",
            zh="是公式，不是计数",
            suggestion="paste the value itself",
        )
    if _GROUPED.fullmatch(clean):
        clean = re.sub(r"\D", "", clean)
        note = ("thousands separators were removed", "千位分隔符已去除")
    elif whole := re.fullmatch(r"\+?(\d+)\.0+", clean):
        clean = whole[1]
        note = (
            "whole numbers written with decimals were read as whole",
            "带小数点的整数已按整数读",
        )
    if re.fullmatch(r"-[\d,.]+", clean):
        return Refused(
            en="is negative; a count cannot be",
            zh="是负数；计数不能为负",
            suggestion="to correct an earlier figure send the corrected figure of that day",
        )
    if clean.endswith("%"):
        return Refused(en="is a share, not a count", zh="是百分比，不是计数")
    if re.fullmatch(r"\d*[.,]\d+", clean):
        return Refused(en="is not a whole number", zh="不是整数")
    if not (clean.isascii() and clean.isdigit()):
        return Refused(
            en="is not a number", zh="不是数字", suggestion="write digits only, or nothing"
        )
    if len(clean) > 18 or int(clean) > LARGEST_COUNT:
        return Refused(
            en=f"is larger than {LARGEST_COUNT:,}, the largest count believed",
            zh=f"大于可信上限{LARGEST_COUNT:,}",
        )
    return int(clean), note


def decode_text(source: Path | bytes) -> tuple[Path | bytes, str]:
    """
    Return UTF-8 data (the file itself where it is that already) and the name of the encoding found.

    Raises CannotRead for empty files, binary junk, NULs and mixed encodings (naming the line).
    """
    valid, ascii_only, nuls, size = _look(source)
    if size == 0:
        raise file_problem("the file is empty", "文件是空的")
    head = _head(source)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(source, "utf-16")
    if nuls:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.2 * len(head) and min(even, odd) < 0.05 * max(even, odd) + 1:
            return _utf16(source, "utf-16-be" if even > odd else "utf-16-le")
        raise file_problem(
            f"{nuls} NUL bytes: this is not a text table",
            f"含有{nuls}个空字节：不是文本表格",
            "export the table again as CSV or XLSX",
        )
    if valid:
        if _junk(head.decode("utf-8", "ignore")):
            raise _binary()
        bom = head.startswith(codecs.BOM_UTF8)
        return source, "utf-8-sig" if bom else "ascii" if ascii_only else "utf-8"
    data = source if isinstance(source, bytes) else source.read_bytes()
    return _legacy(data)


def _legacy(data: bytes) -> tuple[bytes, str]:
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    _refuse_mixed(data)
    sample = b"\n".join(lines)
    try:
        text = sample.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    foreign = [sign for sign in text if not sign.isascii()]
    common = sum(bool(_CJK.match(sign)) and _level_one(sign) for sign in foreign)
    if foreign and common >= 0.5 * len(foreign):
        return data.decode("gb18030").encode(), "gb18030"
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise _binary() from None
    foreign = [sign for sign in text if not sign.isascii()]
    letters = sum(sign.isalpha() for sign in foreign)
    if _junk(text[:_CHUNK]) or letters < 0.5 * len(foreign) or len(foreign) > 0.3 * len(text):
        raise _binary()
    return text.encode(), "cp1252"


def _level_one(sign: str) -> bool:
    try:
        return sign.encode("gb2312")[0] <= 0xD7
    except UnicodeEncodeError:
        return False


def _refuse_mixed(data: bytes) -> None:
    """Refuse a file in which some lines are surely UTF-8 and others surely not."""
    utf8_line = other_line = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            other_line = other_line or number
        else:
            if _WIDE_UTF8.search(line):
                utf8_line = utf8_line or number
        if utf8_line and other_line:
            break
    if utf8_line and other_line and not _junk(data[:_CHUNK].decode("latin-1")):
        raise file_problem(
            f"two encodings in one file: line {utf8_line} is UTF-8, line {other_line} is not",
            f"同一文件有两种编码：第{utf8_line}行是UTF-8，第{other_line}行不是",
            "the file was joined from two sources; save each as UTF-8 first",
            row=other_line,
        )


def _binary() -> Exception:
    return file_problem(
        "binary data, not a table",
        "是二进制数据，不是表格",
        "accepted are CSV, TSV, XLSX and Parquet",
    )


def _junk(text: str) -> bool:
    strange = sum(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in text)
    return strange > 0.01 * len(text)


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:_CHUNK]
    with source.open("rb") as stream:
        return stream.read(_CHUNK)


def _look(source: Path | bytes) -> tuple[bool, bool, int, int]:
    """Whether all is UTF-8, whether all is ASCII, how many NULs, how many bytes; one pass in chunks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid = ascii_only = True
    nuls = size = 0
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            nuls += chunk.count(0)
            if chunk.isascii() and ascii_only:
                continue
            ascii_only = False
            if valid:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
        if valid and not ascii_only:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                valid = False
    return valid, ascii_only, nuls, size


def _utf16(source: Path | bytes, encoding: str) -> tuple[bytes, str]:
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        return data.decode(encoding).encode(), "utf-16"
    except UnicodeDecodeError:
        raise file_problem(
            "UTF-16 text that is cut off or damaged", "UTF-16文本被截断或损坏", "send it again"
        ) from None


def find_separator(lines: list[str]) -> str:
    """
    The separator under which the lines agree best on their number of fields.

    >>> find_separator(["area;day;value", "Guangzhou;2022-10-01;1,5"])
    ';'
    """

    def agreement(separator: str) -> tuple[int, int]:
        try:
            rows = list(csv.reader(lines, delimiter=separator))
        except csv.Error:  # a field longer than any value: this is not the separator
            return (0, 0)
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows) if width > 1 else 0, width)

    best = max(SEPARATORS, key=agreement)
    return best if agreement(best)[0] else ","


def text_table(source: Path | bytes) -> Table:
    """A CSV or TSV file as a table of text. Raises CannotRead where it is no table."""
    data, encoding = decode_text(source)
    start = _head(data)
    if b"\r" in start and b"\n" not in start:  # lines closed as on very old machines
        data = (data if isinstance(data, bytes) else data.read_bytes()).replace(b"\r", b"\n")
    head = _head(data).decode("utf-8", "ignore").removeprefix("\ufeff")
    whole = len(head.encode()) < _CHUNK - 4
    lines = re.split("(?<=\n)", head)
    if not whole:
        lines = lines[:-1]
    skipped = 0
    separator = ""
    for line in lines:
        if re.fullmatch(r"sep=.", line.strip()):
            separator = line.strip()[4]
        elif line.strip(' \t\r\n,;|"'):
            break
        skipped += 1
    lines = lines[skipped : skipped + 50]
    if not lines:
        raise file_problem("the file holds no table", "文件里没有表格")
    separator = separator or find_separator(lines)
    reader = csv.reader(lines, delimiter=separator)
    try:
        header = next(reader)
    except csv.Error:
        raise file_problem(
            "the header is one endless value",
            "表头是一个过长的值",
            "is this a table at all?",
            row=1,
        ) from None
    check_width(len(header))
    quoted = _check_shape(data, len(header), separator, skipped)
    names = [f"c{i}" for i in range(len(header))]
    lazy = pl.scan_csv(
        io.BytesIO(data) if isinstance(data, bytes) else data,
        separator=separator, skip_lines=skipped, has_header=True, infer_schema=False,
        with_column_names=lambda _: names, quote_char='"' if quoted else None,
    )  # fmt: skip
    lazy = lazy.with_row_index("row", offset=2 + skipped).with_columns(
        pl.col("row").cast(pl.UInt32), pl.col(names).fill_null("")
    )
    told = {"\t": "tab"}.get(separator, separator)
    return Table(
        header=tuple(header),
        lazy=lazy,
        container="tsv" if separator == "\t" else "csv",
        why=f"text in {encoding}, separated by {told}",
    )


def check_width(width: int) -> None:
    """Raise CannotRead where a table has more columns than any table read here."""
    if width > MOST_COLUMNS:
        raise file_problem(
            f"{width:,} columns; at most {MOST_COLUMNS:,} are read",
            f"有{width:,}列；最多读{MOST_COLUMNS:,}列",
            "put one figure in each row: area, day, counted, value",
        )


def _check_shape(data: Path | bytes, width: int, separator: str, skipped: int) -> bool:
    """Refuse rows with too few or too many fields and a file cut inside quotes; say whether it quotes at all."""
    quotes, row = 0, 1
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            quotes += chunk.count(b'"')
            if (at := chunk.find(_NEVER_IN_A_TABLE)) >= 0:
                raise file_problem(
                    "a control character (byte 01) stands here: this is no text table",
                    "此处有控制字符（字节01）：不是文本表格",
                    "save the table again as CSV, or send it as XLSX or Parquet",
                    row=row + chunk.count(b"\n", 0, at),
                )
            row += chunk.count(b"\n")
    if quotes:
        _walk_quoted(data, width, separator, skipped)
        return True
    ragged = (
        pl.scan_csv(
            io.BytesIO(data) if isinstance(data, bytes) else data,
            separator=_NEVER_IN_A_TABLE.decode(), quote_char=None, has_header=False,
            schema={"line": pl.String},
            skip_lines=skipped, truncate_ragged_lines=True,
        )
        .with_row_index("row", offset=1 + skipped)
        .with_columns(fields=pl.col("line").str.count_matches(separator, literal=True) + 1)
        .filter((pl.col("fields") != width) & (pl.col("line").str.strip_chars() != ""))
        .select("row", "fields")
        .head(1)
        .collect(engine="streaming")
    )  # fmt: skip
    if ragged.height:
        row, fields = ragged.row(0)
        raise _ragged(row, fields, width, last=_is_last(data, row))
    return False


def _is_last(data: Path | bytes, row: int) -> bool:
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number == row:
                return not line.endswith(b"\n")
    return False


def _walk_quoted(data: Path | bytes, width: int, separator: str, skipped: int) -> None:
    raw = io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")
    with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
        for _ in range(skipped):
            stream.readline()
        record = skipped
        try:
            for fields in csv.reader(stream, delimiter=separator, strict=True):
                record += 1
                if len(fields) != width and any(field.strip() for field in fields):
                    raise _ragged(record, len(fields), width, last=stream.read(1) == "")
        except csv.Error as problem:
            cut = "unexpected end" in str(problem)
            raise file_problem(
                "the file ends inside a quoted value: it is cut off"
                if cut
                else "a quotation mark stands where none may",
                "文件在引号内中断：已被截断" if cut else "引号位置不对",
                "send the whole file again" if cut else "double the quotation marks inside a value",
                row=record + 1,
            ) from None


def _ragged(row: int, fields: int, width: int, *, last: bool) -> Exception:
    if last and fields < width:
        return file_problem(
            f"the file ends in the middle of its last row ({fields} of {width} fields): it is cut off",
            f"文件在最后一行中间结束（{width}个字段只有{fields}个）：已被截断",
            "send the whole file again",
            row=row,
        )
    return file_problem(
        f"{fields} fields where the header has {width}",
        f"有{fields}个字段，表头有{width}个",
        "a value holding the separator needs quotation marks",
        row=row,
    )
