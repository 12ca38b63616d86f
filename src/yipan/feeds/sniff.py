"""Which format a file is, and why."""

from dataclasses import dataclass
from pathlib import Path

from yipan.model import Counted

from .areas import AreaNames
from .books import parquet_table, workbook_table
from .columns import Mapping, header_key, known_value, match_columns, nearest
from .dates import DateForm, read_day
from .decode import Table, text_table
from .frame import Refused, file_problem

_CASE_COLUMNS = ("classification", "onset", "sampled", "confirmed", "isolated", "certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sniffed:
    """
    What a table holds: `kind` is counts (tidy), counts_by_area, counts_by_day, counts_by_counted (wide: the
    columns are areas, days, or what is counted) or line_list; `columns` says where our columns stand, `wide`
    which positions hold the values of a wide table; `why` is a sentence.
    """

    kind: str
    columns: dict[str, int]
    wide: tuple[int, ...] = ()
    why: str = ""


def open_table(source: Path | bytes, mapping: Mapping) -> Table:
    """Open a file as a table of text by its first bytes, not by its name."""
    if isinstance(source, bytes):
        head = source[:8]
    else:
        with source.open("rb") as stream:
            head = stream.read(8)
    if head.startswith(b"PK\x03\x04"):
        return workbook_table(source, sheet=mapping.sheet)
    if head.startswith(b"PAR1"):
        return parquet_table(source)
    for magic, en, zh, advice in (
        (b"\xd0\xcf\x11\xe0", "an old or locked Excel file", "是旧版或加密的Excel文件", "save it as XLSX without a password"),
        (b"\x1f\x8b", "a gzip archive", "是gzip压缩文件", "unpack it first"),
        (b"%PDF", "a PDF", "是PDF文件", "ask for the table itself"),
        (b"PK", "a cut or empty ZIP archive", "是被截断或空的压缩包", "send the whole file again"),
    ):  # fmt: skip
        if head.startswith(magic):
            raise file_problem(f"this is {en}, not a table read here", zh, advice)
    return text_table(source)


def _without_sums(header: tuple[str, ...], positions: tuple[int, ...]) -> tuple[int, ...]:
    """Leave aside the column of all infections where its parts are there: reading both would count twice."""
    counted = {i: known_value("counted", header_key(header[i])) for i in positions}
    parts = {Counted.LOCAL_CONFIRMED, Counted.LOCAL_ASYMPTOMATIC}
    if not parts <= set(counted.values()):
        return positions
    return tuple(i for i in positions if counted[i] != Counted.LOCAL_INFECTIONS)


def sniff(header: tuple[str, ...], names: AreaNames, mapping: Mapping) -> Sniffed:
    """Say what a table with this header holds. Raises CannotRead, naming what is missing, where it is unclear."""
    columns = match_columns(header, mapping)
    rest = [i for i in range(len(header)) if i not in columns.values() and header[i].strip()]
    has = {*columns, *mapping.defaults}
    if "value" not in columns and "classification" in has and (
        sum(name in columns for name in _CASE_COLUMNS) > 1 or "case" in columns
    ):  # fmt: skip
        return Sniffed(kind="line_list", columns=columns, why="it has case and classification")
    if "value" in columns and {"area", "day"} <= has:
        return Sniffed(kind="counts", columns=columns, why="it has area, day and value")
    if "value" not in columns:
        by_counted = tuple(i for i in rest if known_value("counted", header_key(header[i])))
        by_counted = _without_sums(header, by_counted)
        if by_counted and {"area", "day"} <= has:
            return Sniffed(
                kind="counts_by_counted", columns=columns, wide=by_counted,
                why=f"{len(by_counted)} columns say what is counted",
            )  # fmt: skip
        by_day = tuple(
            i for i in rest if not isinstance(read_day(header[i], DateForm(order="dmy")), Refused)
        )
        if by_day and "area" in has and len(by_day) > len(rest) // 2:
            return Sniffed(
                kind="counts_by_day", columns=columns, wide=by_day,
                why=f"{len(by_day)} columns are days",
            )  # fmt: skip
        by_area = tuple(
            i for i in rest if not isinstance(
                names.resolve(header[i], mapping.defaults.get("parent", ""), hint=False), Refused
            )
        )  # fmt: skip
        if by_area and "day" in has and len(by_area) >= len(rest) / 2:
            # A column that names no known area is kept, so that its values are refused and not lost.
            return Sniffed(
                kind="counts_by_area", columns=columns, wide=tuple(rest),
                why=f"{len(by_area)} columns are areas",
            )  # fmt: skip
    missing = [name for name in ("area", "day", "value") if name not in has]
    known = {header_key(header[i]): i for i in rest}
    raise file_problem(
        f"no column for {', '.join(missing) or 'the value'}"
        + nearest(missing[-1] if missing else "value", known),
        f"找不到这些列：{'、'.join(missing) or 'value'}",
        "name the columns area, day, counted, value, or pass a mapping",
        row=1,
    )
