"""The register of key people from a table: posts, venues and institutions with the people of each."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from yipan.model import Identity, KeyGroup, KeySite, PersonId, area_path, person_id

from .decode import text_table
from .frame import CannotRead, Refused

NEEDED = ("site", "group", "area", "sector", "duty_holder", "person")
KNOWN = (
    *NEEDED, "title", "every_days", "tests", "inspect_days", "said_by", "name", "certificate", "phone",
)  # fmt: skip

MOST_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPeople:
    """Sites with their people by pseudonym, and who these are, for the vault."""

    sites: tuple[KeySite, ...]
    identities: tuple[Identity, ...] = field(repr=False)


def read_key_people(source: Path, *, since: date) -> KeyPeople:
    """
    Read a register, one row for each person at a site; whole or not at all. Sites count from `since`.

    `group` is high_risk_post, crowded_post, key_venue or crowded_institution; `tests` in `every_days` days, and
    `inspect_days`, are what the notice in `said_by` says; `person` a pseudonym. Raises CannotRead naming row,
    column and value, never that of a person.
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
    rows: dict[str, tuple[int, dict[str, str], list[PersonId]]] = {}
    identities: dict[PersonId, Identity] = {}
    for values in table.lazy.collect().iter_rows(named=True):
        row = int(values["row"])
        cell = {name: (values[f"c{at}"] or "").strip() for at, name in enumerate(header)}
        try:
            person = person_id(cell["person"])
        except ValueError as fault:
            raise _wrong(row, "person", "", str(fault), "不是化名编号") from None
        if not cell["site"]:
            raise _wrong(row, "site", "", "is missing", "缺少场所编号")
        first, told, people = rows.setdefault(cell["site"], (row, cell, []))
        for name in (
            "group",
            "area",
            "sector",
            "duty_holder",
            "every_days",
            "tests",
            "inspect_days",
        ):
            if cell.get(name, "") != told.get(name, ""):
                raise _wrong(
                    row,
                    name,
                    cell.get(name, ""),
                    f"differs from row {first} of the same site",
                    f"与同一场所第{first}行不一致",
                )
        if person in people:
            raise _wrong(row, "person", "", "stands twice at the same site", "同一场所重复登记")
        people.append(person)
        name, certificate, phone = (cell.get(c, "") for c in ("name", "certificate", "phone"))
        if name or certificate or phone:
            identities[person] = Identity(
                person=person, name=name, certificate=certificate, phone=phone
            )
    return KeyPeople(
        sites=tuple(_site(row, told, people, since) for row, told, people in rows.values()),
        identities=tuple(identities.values()),
    )


def _site(row: int, told: dict[str, str], people: list[PersonId], since: date) -> KeySite:
    if told["group"] not in list(KeyGroup):
        raise _wrong(
            row, "group", told["group"], f"is none of {', '.join(KeyGroup)}", "不是已知的类别"
        )
    number: dict[str, int | None] = {}
    for name in ("every_days", "tests", "inspect_days"):
        text = told.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS):
            raise _wrong(row, name, text, "is no whole number", "不是整数")
        number[name] = int(text) if text else None
    try:
        return KeySite(
            id=told["site"], area=area_path(told["area"]), group=KeyGroup(told["group"]),
            name=told.get("title") or told["site"], sector=told["sector"], duty_holder=told["duty_holder"], since=since,
            people=tuple(people), every_days=number["every_days"], said_by=told.get("said_by", ""),
            tests=number["tests"] or 1, inspect_days=number["inspect_days"],
        )  # fmt: skip
    except ValueError as fault:
        raise _wrong(row, "", "", str(fault), "登记内容不全或有误") from None


def _wrong(row: int, column: str, value: str, en: str, zh: str) -> CannotRead:
    return CannotRead(Refused(en=en, zh=zh).at(row, column, value))
