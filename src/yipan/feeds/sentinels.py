"""The register of sentinels from a table."""

from pathlib import Path

from yipan.model import Duty, Sentence, Sentinel, SentinelKind, Stream, area_path

from .dates import date_form, read_day
from .decode import text_table
from .frame import CannotRead, Problem, Refused

NEEDED = ("id", "area", "kind", "name_zh", "name_en", "streams", "due_hour", "since")
KNOWN = (*NEEDED, "until", "working_days_only", "call", "office")


def read_sentinels(source: Path) -> tuple[Sentinel, ...]:
    """
    Read a register of sentinels: one row each, whole or not at all.

    `streams` are keys like `any/fever_clinic_visits/any/day/clinic-1` with semicolons between; `kind` and `call` are
    words of the model; `office` says who is rung, by function. Raises CannotRead naming row, column and value.
    """
    table = text_table(source)
    header = [name.strip().lower() for name in table.header]
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in KNOWN]
    if missing or unknown:
        raise CannotRead(
            Problem(
                row=1, column="", value="",
                reason_en=f"missing columns {missing}, unknown columns {unknown}; expected {', '.join(KNOWN)}",
                reason_zh=f"缺少列{missing}，未知列{unknown}",
            )
        )  # fmt: skip
    frame = table.lazy.collect()
    form = date_form(frame[f"c{header.index('since')}"].to_list())
    found: dict[str, Sentinel] = {}
    for values in frame.iter_rows(named=True):
        row = int(values["row"])
        cell = {name: values[f"c{at}"].strip() for at, name in enumerate(header)}

        def wrong(
            column: str, why: object, *, row: int = row, cell: dict[str, str] = cell
        ) -> CannotRead:
            return CannotRead(
                Problem(
                    row=row,
                    column=column,
                    value=cell.get(column, "")[:40],
                    reason_en=str(why),
                    reason_zh=str(why),
                )
            )

        days = {}
        for column in ("since", "until"):
            if cell.get(column):
                day = read_day(cell[column], form)
                if isinstance(day, Refused):
                    raise wrong(column, day.en)
                days[column] = day[0]
        if "since" not in days:
            raise wrong("since", "is missing; a sentinel begins on a day")
        if cell["kind"] not in set(SentinelKind):
            raise wrong("kind", f"is none of {', '.join(SentinelKind)}")
        if not cell["due_hour"].isdecimal():
            raise wrong("due_hour", "is no hour; expected 0 to 23")
        call = cell.get("call") or Duty.EPIDEMIOLOGIST.value
        if call not in set(Duty):
            raise wrong("call", f"is none of {', '.join(Duty)}")
        if cell["id"] in found:
            raise wrong("id", "was given before")
        try:
            found[cell["id"]] = Sentinel(
                id=cell["id"], area=area_path(cell["area"]), kind=SentinelKind(cell["kind"]),
                name=Sentence(zh=cell["name_zh"], en=cell["name_en"]),
                streams=tuple(Stream.parse(key.strip()) for key in cell["streams"].split(";") if key.strip()),
                due_hour=int(cell["due_hour"]), since=days["since"], until=days.get("until"),
                working_days_only=cell.get("working_days_only", "") in {"yes", "true", "1", "是"},
                call=Duty(call), office=cell.get("office", ""),
            )  # fmt: skip
        except ValueError as fault:
            raise wrong("", fault) from None
    return tuple(found.values())
