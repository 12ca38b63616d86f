"""The one reading frame: what was wrong, what was noted, and what may be committed."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from yipan.model import AreaPath, Case, Identity, PersonId

_PERSONAL = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx]|\d{15})(?!\d)")
MOST_PROBLEMS = 10_000
"""A report tells this many problems one by one; beyond it only their number."""
LONGEST_VALUE = 40
HIDDEN = "(personal)"

COUNT_SCHEMA = {
    "area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "source": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    One thing wrong with a file, or worth a note, in both languages.

    `row` counts as a spreadsheet does (the header is row 1; 0 speaks of the whole file). `value` is shortened
    and never comes from a personal column. `times` is how often it occurred from that row on.
    """

    row: int
    column: str
    value: str
    reason_en: str
    reason_zh: str
    suggestion: str = ""
    times: int = 1

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "the file"
        place += f", column {self.column}" if self.column else ""
        shown = f" {self.value!r}" if self.value else ""
        more = f" ({self.times} times)" if self.times > 1 else ""
        advice = f"; {self.suggestion}" if self.suggestion else ""
        return f"{place}:{shown} {self.reason_en}{more}{advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """
    What reading a file found; always `read == accepted + rejected + blank`.

    The unit is one record: a row of a tidy table or line list, a cell of a wide table. `wrong` of the records
    are wrong in themselves; unless good ones are to be kept, one wrong record means that none is accepted and
    all are rejected with it. `repeated` of the accepted records say again what an earlier one said.
    At least `more_problems` problems stand beyond those listed; `bytes_held` is the size of the tables made.
    """

    file: str
    sha256: str
    format: str
    why: str
    read: int
    accepted: int
    rejected: int
    blank: int
    wrong: int = 0
    repeated: int = 0
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    more_problems: int = 0
    bytes_held: int = 0

    def __post_init__(self) -> None:
        parts = self.accepted + self.rejected + self.blank
        if self.read != parts:
            raise ValueError(f"{self.file}: {self.read} records read, but {parts} accounted for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    A file read: its report, and what may be committed of it (nothing unless `ok`).

    `nouns` are those of files about zones by what they are (`registered_place`, `case_place`, `roster`,
    `local_measure`), `people` the area of everybody a roster names.
    """

    report: ReadReport
    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNT_SCHEMA))
    cases: tuple[Case, ...] = ()
    identities: tuple[Identity, ...] = field(default=(), repr=False)
    nouns: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    people: Mapping[PersonId, AreaPath] = field(default_factory=dict, repr=False)
    quarantine: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"row": pl.Int64, "reason": pl.String})
    )

    @property
    def ok(self) -> bool:
        """Whether there is something to commit."""
        return self.report.accepted > 0


class CannotRead(ValueError):
    """The file as a whole cannot be read; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why one value was refused; the place is added by whoever knows it."""

    en: str
    zh: str
    suggestion: str = ""
    column: str = ""

    def at(self, row: int, column: str, value: str = "") -> Problem:
        """The refusal as the problem of a place."""
        return Problem(
            row=row, column=shortened(column), value=shown(value),
            reason_en=self.en, reason_zh=self.zh, suggestion=self.suggestion,
        )  # fmt: skip


def file_problem(
    en: str, zh: str, suggestion: str = "", *, row: int = 0, column: str = ""
) -> CannotRead:
    """The exception that refuses a whole file for one reason."""
    return CannotRead(Refused(en=en, zh=zh, suggestion=suggestion).at(row, column))


def shortened(text: str) -> str:
    """
    Return text fit for one line of a report: control characters shown as dots, cut at 40 characters.

    >>> shortened("a" * 50)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    clean = "".join(sign if sign.isprintable() else "·" for sign in text[: LONGEST_VALUE + 1])
    return clean if len(clean) <= LONGEST_VALUE else clean[: LONGEST_VALUE - 1] + "…"


def shown(text: str) -> str:
    """A value as a report may show it: shortened, and hidden where it looks like a phone or certificate."""
    narrow = "".join(unicodedata.normalize("NFKC", text).split())
    return HIDDEN if _PERSONAL.search(narrow) else shortened(text)


def gathered(notes: Iterable[tuple[int, str, str, str]]) -> tuple[Problem, ...]:
    """Notes of (row, column, English, Chinese) with equal ones told once: the first row and how often."""
    seen: dict[tuple[str, str, str], list[int]] = {}
    for row, column, en, zh in notes:
        first = seen.setdefault((column, en, zh), [row, 0])
        first[0] = min(first[0], row)
        first[1] += 1
    return tuple(
        Problem(
            row=row, column=shortened(column), value="", reason_en=en, reason_zh=zh, times=times
        )
        for (column, en, zh), (row, times) in sorted(seen.items(), key=lambda entry: entry[1][0])
    )
