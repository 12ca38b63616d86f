"""The school calendar of a province from a table: when the schools of which area have holidays, by which text."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from yipan.model import AreaPath, Counted, SchoolBreak

from .dates import date_form, read_day
from .decode import text_table
from .frame import CannotRead, Problem, Refused

COLUMNS = ("area", "first_day", "last_day", "name", "source", "counted")
FORM = ",".join(COLUMNS) + "\n"
"""The header of the table: what a province fills in from its own school calendar."""
_CHINESE = {
    "地区": "area", "首日": "first_day", "末日": "last_day", "假期": "name", "依据": "source", "统计项": "counted",
}  # fmt: skip
MOST_BREAKS = 10_000


def read_school_breaks(source: Path, *, find: Callable[[str], AreaPath]) -> tuple[SchoolBreak, ...]:
    """
    Read school holidays: one row each, whole or not at all.

    `first_day` and `last_day` both lie in the holiday; `area` is a path or a name that `find` turns into one, and whole where it is empty;
    `source` is the text that orders it and may not be left out. `counted` names what follows the holidays, with semicolons between
    (school absences where left out). Raises CannotRead naming row, column and value, for two holidays of one area that overlap, too.
    """
    table = text_table(source)
    header = [_CHINESE.get(name.strip(), name.strip().lower()) for name in table.header]
    missing = [name for name in COLUMNS[:-1] if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown or len(set(header)) < len(header):
        raise _wrong(
            1, "", "", f"missing columns {missing}, unknown or doubled columns {unknown}; expected {FORM.strip()}",
            f"缺少列{missing}，未知或重复的列{unknown}",
        )  # fmt: skip
    frame = table.lazy.collect()
    if not 0 < frame.height <= MOST_BREAKS:
        raise _wrong(
            1, "", "", f"{frame.height} holidays; between 1 and {MOST_BREAKS} are meant", f"共{frame.height}行"
        )  # fmt: skip
    form = date_form(frame[f"c{header.index('first_day')}"].to_list())
    found: list[tuple[int, SchoolBreak]] = []
    for values in frame.iter_rows(named=True):
        row = int(values["row"])
        cell = {name: str(values[f"c{at}"]).strip() for at, name in enumerate(header)}
        days: dict[str, date] = {}
        for column in ("first_day", "last_day"):
            day = read_day(cell[column], form)
            if isinstance(day, Refused):
                raise _wrong(row, column, cell[column], day.en, day.zh)
            days[column] = day[0]
        try:
            area = find(cell["area"])
        except LookupError as nowhere:
            raise _wrong(row, "area", cell["area"], str(nowhere), "没有这个地区") from None
        named = [one.strip() for one in cell.get("counted", "").split(";") if one.strip()]
        strange = [one for one in named if one not in set(Counted)]
        if strange:
            raise _wrong(
                row, "counted", strange[0], f"is not counted; expected some of {', '.join(Counted)}", "没有这个统计项"
            )  # fmt: skip
        try:
            made = SchoolBreak(
                id=f"{area}{days['first_day'].isoformat()}", area=area, since=days["first_day"],
                until=days["last_day"] + timedelta(days=1), name=cell["name"], source=cell["source"],
                counted=tuple(map(Counted, named)) or (Counted.SCHOOL_ABSENCES,),
            )  # fmt: skip
        except ValueError as fault:
            raise _wrong(row, "", "", str(fault), str(fault)) from None
        for before, one in found:
            if one.area == area and one.since < made.until and made.since < one.until:
                raise _wrong(
                    row, "first_day", cell["first_day"], f"overlaps the holiday of row {before}", f"与第{before}行的假期重叠"
                )  # fmt: skip
        found.append((row, made))
    return tuple(one for _, one in found)


def _wrong(row: int, column: str, value: str, en: str, zh: str) -> CannotRead:
    return CannotRead(Problem(row=row, column=column, value=value[:40], reason_en=en, reason_zh=zh))
