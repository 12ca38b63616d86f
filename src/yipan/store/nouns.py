"""
Nouns kept whole: one table per noun, its content as JSON, with the few columns one asks by beside it.

A desk declares its tables in `store/tables/<desk>.py` and makes them in a migration of its own branch. From
the declaration follow the table, its rights, its history and its place in every act's digest.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast, get_args, get_type_hints

import msgspec

from yipan.model import personal_fields

T = TypeVar("T")

PATH = 'text collate "C" not null'
HISTORY = "known_from timestamptz not null, known_until timestamptz, act bigint not null"
SCOPE = "(select nullif(current_setting('yipan.scope', true), ''))"
"""The scope of the transaction, null where none was set; the sub-select is evaluated once per query."""
ANYBODY = f"({SCOPE} is not null and not {SCOPE} ^@ 'sentinel:')"
"""Whoever has a scope, but for the log-in of one sentinel: to that only its own is shown."""


class Readers(StrEnum):
    """
    Who may read a row of a table; whoever may write it commands the area it lies in.

    INSIDE: those who command an area around it. LINE: those as well who work in an area within it, as for
    orders from above. EVERYONE: every viewer, as for what is published.
    """

    INSIDE = "inside"
    LINE = "line"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[T]):
    """A value of a noun kept beside it, because rows are asked for by it."""

    name: str
    sql: str
    of: Callable[[T], object]
    indexed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NounTable(Generic[T]):
    """
    A table of one noun: a frozen dataclass of the model with an id and an area, without personal fields.

    Raises TypeError where the noun, or a noun inside it, marks a field as personal: those live in the vault.
    """

    name: str
    noun: type[T]
    id: Callable[[T], str] = attrgetter("id")
    area: Callable[[T], str] = attrgetter("area")
    columns: tuple[Column[T], ...] = ()
    readers: Readers = Readers.INSIDE

    def __post_init__(self) -> None:
        for noun in _nouns_in(self.noun):
            if hidden := personal_fields(noun):
                raise TypeError(
                    f"{noun.__name__} has personal fields {hidden}; they live in the vault"
                )

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns of content, in the order in which an act's digest reads them."""
        return ("id", "area", *(column.name for column in self.columns), "content")

    def row(self, noun: T) -> tuple[object, ...]:
        """Return a noun as a row of `stored`."""
        beside = (column.of(noun) for column in self.columns)
        return (self.id(noun), self.area(noun), *beside, msgspec.json.encode(noun).decode())

    def read(self, content: bytes | str) -> T:
        """Return the noun a row's content tells, checked as at its birth."""
        noun: T = _decoder(cast("Hashable", self.noun)).decode(content)
        return noun

    def definition(self) -> str:
        """Return the statements that make the table and its indexes."""
        beside = "".join(f"{column.name} {column.sql}, " for column in self.columns)
        current = "where known_until is null"
        lines = [
            f"create table {self.name} (id {PATH}, area {PATH}, {beside}content jsonb not null, {HISTORY});",
            f"create unique index {self.name}_current on {self.name} (id) {current};",
            f"create index {self.name}_id on {self.name} (id, known_from);",
            f"create index {self.name}_area on {self.name} (area, id) {current};",
            f"create index {self.name}_act on {self.name} (act);",
        ]
        lines += [
            f"create index {self.name}_{column.name} on {self.name} ({column.name}) {current};"
            for column in self.columns
            if column.indexed
        ]
        return "\n".join(lines)

    def rights(self) -> str:
        """Return the statements that close the table to all but those who may read and write its rows."""
        inside = f"area ^@ {SCOPE}"
        seen = {
            Readers.INSIDE: inside,
            Readers.LINE: f"({inside} or {SCOPE} ^@ area)",
            Readers.EVERYONE: ANYBODY,
        }[self.readers]
        return "\n".join((
            f"alter table {self.name} enable row level security;",
            f"alter table {self.name} force row level security;",
            f"create policy keeper on {self.name} to current_user using (true) with check (true);",
            f"create policy seen on {self.name} for select to yipan_app using ({seen});",
            f"create policy put on {self.name} for insert to yipan_app with check ({inside});",
            f"create policy closed on {self.name} for update to yipan_app using ({inside}) with check ({inside});",
            f"grant select, insert on {self.name} to yipan_app;",
            f"grant update (known_until) on {self.name} to yipan_app;",
        ))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Generic[T]):
    """One version of a noun: when it was what the record knew (still so where `known_until` is None), and by which act."""

    noun: T
    known_from: datetime
    known_until: datetime | None
    act: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAfter:
    """A condition on a moment beside a noun: still open (null), or later than `moment`."""

    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A condition on a value beside a noun: at least `least` and below `below`, each where given."""

    least: object = None
    below: object = None


def make(tables: Iterable[NounTable[Any]]) -> str:
    """Return the statements of a migration that makes tables with their rights."""
    return "\n".join(f"{table.definition()}\n{table.rights()}" for table in tables)


def conditions(
    table: NounTable[Any], where: Mapping[str, object]
) -> tuple[list[tuple[str, object]], dict[str, Any]]:
    """
    Return a question by columns as conditions with their values: equality, membership for a list or set, OpenAfter, Between.

    A condition whose value is None is left out. Raises ValueError for a column the table does not have.
    """
    known = {"id", "area", *(column.name for column in table.columns)}
    parts: list[tuple[str, object]] = []
    values: dict[str, Any] = {}
    for name, wanted in where.items():
        if name not in known:
            raise ValueError(f"{table.name} has no column {name}; expected one of {sorted(known)}")
        if wanted is None:
            continue
        if isinstance(wanted, OpenAfter):
            parts.append((f"({name} is null or {name} > %(w_{name})s)", True))
            values[f"w_{name}"] = wanted.moment
            continue
        if isinstance(wanted, Between):
            for mark, bound, sign in (("least", wanted.least, ">="), ("below", wanted.below, "<")):
                if bound is not None:
                    parts.append((f"{name} {sign} %(w_{name}_{mark})s", True))
                    values[f"w_{name}_{mark}"] = bound
            continue
        several = isinstance(wanted, list | tuple | set | frozenset)
        parts.append((f"{name} = any(%(w_{name})s)" if several else f"{name} = %(w_{name})s", True))
        values[f"w_{name}"] = (
            list(wanted) if isinstance(wanted, set | frozenset | tuple | list) else wanted
        )
    return parts, values


@cache
def _decoder(noun: Hashable) -> Any:
    return msgspec.json.Decoder(noun)


def _nouns_in(noun: Any, seen: frozenset[Any] = frozenset()) -> frozenset[Any]:
    """Every dataclass a noun is made of, itself included."""
    if noun in seen:
        return seen
    if not hasattr(noun, "__dataclass_fields__"):
        for part in get_args(noun):
            seen = _nouns_in(part, seen)
        return seen
    seen |= {noun}
    for hint in get_type_hints(noun).values():
        seen = _nouns_in(hint, seen)
    return seen
