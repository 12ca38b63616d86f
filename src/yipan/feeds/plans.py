"""Roles of people from a table: as what somebody is asked something, from which day."""

from datetime import date
from pathlib import Path

from yipan.model import AreaPath, PersonRole, RolesOnRecord, area_path, person_id

from .dates import date_form, read_day
from .decode import text_table
from .frame import CannotRead, Problem, Refused

NEEDED = ("person", "area", "role", "day_one")
KNOWN = (*NEEDED, "found")


def read_roles(source: Path) -> tuple[RolesOnRecord, ...]:
    """
    Read a table of roles, one row each, several rows for one person; whole or not at all.

    `person` is a pseudonym (p- and hex digits), `area` a path, `role` a word of the protocol, `day_one` and `found` days.
    Raises CannotRead naming row, column and value, never that of a person.
    """
    table = text_table(source)
    header = [name.strip().lower() for name in table.header]
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in KNOWN]
    if missing or unknown or len(set(header)) != len(header):
        raise _wrong(
            1, "", "", f"missing columns {missing}, unknown columns {unknown}; expected {', '.join(KNOWN)}, each once",
            f"缺少列{missing}，未知列{unknown}",
        )  # fmt: skip
    frame = table.lazy.collect()
    forms = {
        name: date_form(frame[f"c{header.index(name)}"].to_list())
        for name in ("day_one", "found")
        if name in header
    }
    found: dict[str, tuple[AreaPath, list[PersonRole]]] = {}
    for values in frame.iter_rows(named=True):
        row = int(values["row"])
        cell = {name: values[f"c{at}"].strip() for at, name in enumerate(header)}
        days: dict[str, date] = {}
        for column in ("day_one", "found"):
            if not cell.get(column):
                continue
            day = read_day(cell[column], forms[column])
            if isinstance(day, Refused):
                raise _wrong(row, column, cell[column], day.en, day.zh)
            days[column] = day[0]
        if "day_one" not in days:
            raise _wrong(row, "day_one", "", "is missing; a role counts from a day", "缺少第1天")
        try:
            person = person_id(cell["person"])
        except ValueError as fault:
            raise _wrong(row, "person", "", str(fault), "不是化名编号") from None
        try:
            area = area_path(cell["area"])
        except ValueError as fault:
            raise _wrong(row, "area", cell["area"], str(fault), "不是地区路径") from None
        if not cell["role"]:
            raise _wrong(row, "role", "", "is missing; expected like close_contact", "缺少身份")
        known_area, roles = found.setdefault(person, (area, []))
        if known_area != area:
            raise _wrong(
                row, "area", cell["area"], f"the same person was put in {known_area} before", f"同一人此前在{known_area}"
            )  # fmt: skip
        role = PersonRole(role=cell["role"], day_one=days["day_one"], found=days.get("found"))
        if any((one.role, one.day_one) == (role.role, role.day_one) for one in roles):
            raise _wrong(row, "role", cell["role"], "was given for the same day before", "重复")
        roles.append(role)
    return tuple(
        RolesOnRecord(id=person_id(person), area=area, roles=tuple(roles))
        for person, (area, roles) in found.items()
    )


def _wrong(row: int, column: str, value: str, en: str, zh: str) -> CannotRead:
    return CannotRead(Problem(row=row, column=column, value=value[:40], reason_en=en, reason_zh=zh))
