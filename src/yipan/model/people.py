"""People: known everywhere by a pseudonym; who they are is in the vault and nowhere else."""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NewType

PersonId = NewType("PersonId", str)
"""A pseudonym such as `p-7f3a90c1d2e4`: random, without meaning, never derived from a name or number."""

_PSEUDONYM = re.compile(r"p-[0-9a-f]{12,32}")

PERSONAL = {"personal": True}
"""Field metadata: this field tells who somebody is and is absent from views, logs, errors and exports."""


def person_id(text: str) -> PersonId:
    """Return `text` as a pseudonym, or raise ValueError; the message does not repeat what was given."""
    if not _PSEUDONYM.fullmatch(text):
        raise ValueError("a person is named by a pseudonym of the form p-<12 to 32 hex digits>")
    return PersonId(text)


class Sex(StrEnum):
    """Sex as recorded on the certificate; UNKNOWN where it is not recorded."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody known to the record by pseudonym, with what may be known without knowing who."""

    id: PersonId
    sex: Sex = Sex.UNKNOWN
    birth_year: int | None = None

    def __post_init__(self) -> None:
        person_id(self.id)
        if self.birth_year is not None and not 1870 <= self.birth_year <= 2200:
            raise ValueError(
                f"birth year {self.birth_year} of {self.id} is not one of a living memory"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a person is. Lives in the vault; its text form never shows what it holds."""

    person: PersonId
    name: str = field(default="", metadata=PERSONAL, repr=False)
    certificate: str = field(default="", metadata=PERSONAL, repr=False)
    phone: str = field(default="", metadata=PERSONAL, repr=False)
    address: str = field(default="", metadata=PERSONAL, repr=False)
    born: date | None = field(default=None, metadata=PERSONAL, repr=False)

    def __post_init__(self) -> None:
        person_id(self.person)


def personal_fields(noun: type[Any]) -> tuple[str, ...]:
    """
    The names of the fields of a noun that tell who somebody is.

    >>> personal_fields(Identity)
    ('name', 'certificate', 'phone', 'address', 'born')
    """
    from dataclasses import fields

    return tuple(entry.name for entry in fields(noun) if entry.metadata.get("personal"))
