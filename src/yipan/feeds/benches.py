"""Tables about laboratories: what each can take, what lots of kits allow, which tubes were split in two."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from yipan.model import Laboratory, ReagentKit, area_path

from .decode import text_table
from .frame import CannotRead, Refused

T = TypeVar("T")
LABORATORY = (
    "laboratory",
    "area",
    "name",
    "tubes_per_day",
    "instruments",
    "wells",
    "run_hours",
    "reserve",
)
KIT = ("kit", "area", "source", "internal_below", "positive_from", "positive_to")
PAIR = ("tube", "duplicate")
YES, NO = frozenset({"1", "yes", "true", "是"}), frozenset({"", "0", "no", "false", "否"})


def read_laboratories(source: Path) -> tuple[Laboratory, ...]:
    """
    Read a register of laboratories, one a row, whole or not at all.

    Columns: laboratory, area, name, tubes_per_day, and if known instruments, wells, run_hours, reserve (yes or no).
    Raises CannotRead naming row, column and value.
    """

    def one(row: int, cell: Mapping[str, str]) -> Laboratory:
        reserve = cell.get("reserve", "").lower()
        if reserve not in YES | NO:
            raise _wrong(row, "reserve", reserve, "is neither yes nor no", "应为是或否")
        return Laboratory(
            id=cell["laboratory"], area=area_path(cell["area"]), name=cell["name"],
            tubes_per_day=_whole(row, "tubes_per_day", cell["tubes_per_day"]) or 0,
            instruments=_whole(row, "instruments", cell.get("instruments", "")),
            wells=_whole(row, "wells", cell.get("wells", "")),
            run_hours=_number(row, "run_hours", cell.get("run_hours", "")), reserve=reserve in YES,
        )  # fmt: skip

    return _once(source, LABORATORY, LABORATORY[:4], one, key="laboratory")


def read_kits(source: Path) -> tuple[ReagentKit, ...]:
    """
    Read what lots of test kits allow, one a row, whole or not at all.

    Columns: kit, area, source, internal_below, and if known positive_from and positive_to. Raises CannotRead.
    """

    def one(row: int, cell: Mapping[str, str]) -> ReagentKit:
        return ReagentKit(
            id=cell["kit"], area=area_path(cell["area"]), source=cell["source"],
            internal_below=_number(row, "internal_below", cell["internal_below"]) or 0.0,
            positive_from=_number(row, "positive_from", cell.get("positive_from", "")),
            positive_to=_number(row, "positive_to", cell.get("positive_to", "")),
        )  # fmt: skip

    return _once(source, KIT, KIT[:4], one, key="kit")


def read_pairs(source: Path) -> dict[int, int]:
    """Read which tubes were split in two, tube and duplicate a row, whole or not at all. Raises CannotRead."""

    def one(row: int, cell: Mapping[str, str]) -> tuple[int, int]:
        tube, duplicate = (_whole(row, name, cell[name]) for name in PAIR)
        if tube is None or duplicate is None:
            raise _wrong(row, "tube", "", "a pair has two numbers", "盲样对须有两个管码")
        return tube, duplicate

    return dict(_once(source, PAIR, PAIR, one, key="tube"))


def _once(
    source: Path, known: tuple[str, ...], needed: tuple[str, ...], one: Callable[[int, Mapping[str, str]], T], *,
    key: str,
) -> tuple[T, ...]:  # fmt: skip
    """What each row tells; a key may stand once."""
    told: dict[str, T] = {}
    for row, cell in _rows(source, known, needed):
        if cell[key] in told:
            raise _wrong(row, key, cell[key], "stands in a row before", "前面已有此行")
        try:
            told[cell[key]] = one(row, cell)
        except CannotRead:
            raise
        except ValueError as fault:
            raise _wrong(row, "", "", str(fault), "登记内容不全或有误") from None
    return tuple(told.values())


def _rows(
    source: Path, known: tuple[str, ...], needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    table = text_table(source)
    header = [name.strip().lower() for name in table.header]
    missing = [name for name in needed if name not in header]
    unknown = [name for name in header if name not in known]
    if missing or unknown or len(set(header)) != len(header):
        raise _wrong(
            1, "", "", f"missing columns {missing}, unknown columns {unknown}; expected {', '.join(known)}, each once",
            f"缺少列{missing}，未知列{unknown}",
        )  # fmt: skip
    for values in table.lazy.collect().iter_rows(named=True):
        yield (
            int(values["row"]),
            {name: (values[f"c{at}"] or "").strip() for at, name in enumerate(header)},
        )


def _whole(row: int, column: str, value: str) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise _wrong(row, column, value, "is no whole number", "不是整数")
    return int(value)


def _number(row: int, column: str, value: str) -> float | None:
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        raise _wrong(row, column, value, "is no number", "不是数字") from None


def _wrong(row: int, column: str, value: str, en: str, zh: str) -> CannotRead:
    return CannotRead(Refused(en=en, zh=zh).at(row, column, value))
