"""Read a file whole: open, sniff, read, and say in one report what was found."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from yipan.model import Area, LocalMeasure, PersonId, person_id

from .areas import AreaNames
from .columns import Mapping
from .counts import read_counts
from .decode import Table
from .frame import COUNT_SCHEMA, MOST_PROBLEMS, CannotRead, Problem, Reading, ReadReport, shortened
from .linelist import CaseDraft, read_line_list
from .sniff import Sniffed, open_table, sniff
from .zoning import ZoneKnown, ZoningDraft, ZoningKind, read_zoning, zoning_kind


def new_pseudonym() -> PersonId:
    """A pseudonym that nobody can guess and that tells nothing."""
    return person_id(f"p-{secrets.token_hex(8)}")


def read(
    source: Path | str | bytes,
    *,
    areas: Iterable[Area],
    mapping: Mapping | None = None,
    defaults: Dictionary[str, str] | None = None,
    disease: str | None = None,
    keep_good: bool = False,
    name: str | None = None,
    people: Dictionary[str, PersonId] | None = None,
    pseudonym: Callable[[], PersonId] = new_pseudonym,
    about: ZoningKind | None = None,
    zones: Dictionary[str, ZoneKnown] | None = None,
    check: Callable[[LocalMeasure], None] | None = None,
) -> Reading:
    r"""
    Read a file of counts, cases or zones whole and say everything that is wrong with it.

    `source` is a path or the bytes themselves (then `name` is what to call them). `defaults` (our column to a
    value) and `disease` complete what the file does not say; its own columns win. Any wrong record means that
    nothing is accepted, unless `keep_good` leaves the wrong ones in `quarantine`. `people` gives the
    pseudonyms already known by case number; new persons get one from `pseudonym`. `about` says which file about
    zones it is, where the header shall not decide; `zones` and `check` are as in `read_zoning`.

    Never raises for what stands in the file: the report says it. Raises OSError where there is no file.

    >>> from yipan.model import Area
    >>> gz = Area(path="44.", level="province", name_zh="广东省", name_en="Guangdong", source="doctest")
    >>> text = "地区,日期,指标,数值\n广东,2022年10月27日,本土确诊,１２\n"
    >>> read(text.encode("gb18030"), areas=[gz], disease="covid-19").counts.row(0)[:4]
    ('44.', 'covid-19/local_confirmed/any/day', datetime.date(2022, 10, 27), 12)
    """
    if isinstance(source, str):
        source = Path(source)
    file = name or ("bytes" if isinstance(source, bytes) else source.name)
    sha256 = file_hash(source)
    mapping = mapping or Mapping()
    given = {**mapping.defaults, **(defaults or {})}
    if disease is not None:
        given["disease"] = disease
    mapping = replace(mapping, defaults=given)
    names = AreaNames(areas)
    try:
        table = open_table(source, mapping)
        told = [mapping.columns.get(name, name) for name in table.header]
        if (kind := about or zoning_kind([*told, *mapping.defaults])) is not None:
            draft = read_zoning(
                table, kind, names, zone=ZoneInfo(mapping.time_zone), date_order=mapping.date_order,
                columns=mapping.columns, defaults=mapping.defaults, zones=zones, pseudonym=pseudonym, check=check,
            )  # fmt: skip
            return _about_zones(table, kind, draft, keep_good=keep_good, file=file, sha256=sha256)
        sniffed = sniff(table.header, names, mapping)
        if sniffed.kind == "line_list":
            return _cases(
                table, sniffed, names, mapping, keep_good=keep_good, file=file, sha256=sha256,
                people=people or {}, pseudonym=pseudonym,
            )  # fmt: skip
        return _counts(
            table, sniffed, names, mapping, keep_good=keep_good, file=file, sha256=sha256
        )
    except CannotRead as refusal:
        return _unreadable(file, sha256, refusal.problem)
    except pl.exceptions.ComputeError:
        return _unreadable(
            file, sha256,
            Problem(
                row=0, column="", value="", reason_en="the table is damaged and cannot be read through",
                reason_zh="表格损坏，无法读完", suggestion="export it again",
            ),
        )  # fmt: skip


def file_hash(source: Path | bytes) -> str:
    """The SHA-256 by which a file already read is recognised."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unreadable(file: str, sha256: str, problem: Problem) -> Reading:
    return Reading(
        report=ReadReport(
            file=file, sha256=sha256, format="unreadable", why=problem.reason_en, read=0, accepted=0,
            rejected=0, blank=0, problems=(problem,),
        )
    )  # fmt: skip


def _no_rows(read_rows: int, blank: int) -> tuple[Problem, ...]:
    if read_rows > blank:
        return ()
    return (
        Problem(
            row=0, column="", value="", reason_en="a header and no rows", reason_zh="只有表头，没有数据",
            suggestion="was the export filtered?",
        ),
    )  # fmt: skip


def _counts(
    table: Table, sniffed: Sniffed, names: AreaNames, mapping: Mapping, *,
    keep_good: bool, file: str, sha256: str,
) -> Reading:  # fmt: skip
    draft = read_counts(table, sniffed, names, mapping)
    refused = draft.wrong > 0 and not keep_good
    accepted = 0 if refused else draft.read - draft.blank - draft.wrong
    counts = draft.found.select("area", "stream", "day", "value", pl.lit(file).alias("source"))
    report = ReadReport(
        file=file, sha256=sha256, format=f"{sniffed.kind}.{table.container}",
        why=f"{table.why}; {sniffed.why}", read=draft.read, accepted=accepted,
        rejected=draft.read - draft.blank - accepted, blank=draft.blank, wrong=draft.wrong,
        repeated=draft.repeated, problems=_no_rows(draft.read, draft.blank) + draft.problems[:MOST_PROBLEMS],
        notes=draft.notes, more_problems=draft.more_problems + max(0, len(draft.problems) - MOST_PROBLEMS),
        bytes_held=int(counts.estimated_size()),
    )  # fmt: skip
    return Reading(
        report=report,
        counts=pl.DataFrame(schema=COUNT_SCHEMA) if refused else counts,
        quarantine=_set_aside(draft.quarantine["row"].cast(pl.Int64), draft.problems),
    )


def _report_of(
    draft: ZoningDraft | CaseDraft, *, refused: bool, format: str, why: str, file: str, sha256: str
) -> ReadReport:
    """The report of a draft whose wrong rows are known one by one; a file refused has no row accepted."""
    accepted = 0 if refused else draft.read - draft.blank - len(draft.wrong)
    return ReadReport(
        file=file, sha256=sha256, format=format, why=why, read=draft.read, accepted=accepted,
        rejected=draft.read - draft.blank - accepted, blank=draft.blank, wrong=len(draft.wrong),
        repeated=draft.repeated, problems=_no_rows(draft.read, draft.blank) + draft.problems[:MOST_PROBLEMS],
        notes=draft.notes, more_problems=max(0, len(draft.problems) - MOST_PROBLEMS),
    )  # fmt: skip


def _about_zones(
    table: Table, kind: ZoningKind, draft: ZoningDraft, *, keep_good: bool, file: str, sha256: str
) -> Reading:
    refused = bool(draft.wrong) and not keep_good
    report = _report_of(
        draft, refused=refused, format=f"{kind.value}.{table.container}",
        why=f"{table.why}; it tells of {kind.value.replace('_', ' ')}", file=file, sha256=sha256,
    )  # fmt: skip
    return Reading(
        report=report, nouns={} if refused else {NOUN_OF[kind]: draft.nouns}, people={} if refused else draft.areas,
        identities=() if refused else draft.identities,
        quarantine=_set_aside(pl.Series(draft.wrong, dtype=pl.Int64), draft.problems),
    )  # fmt: skip


NOUN_OF = {
    ZoningKind.REGISTER: "registered_place", ZoningKind.CASE_PLACES: "case_place", ZoningKind.ROSTER: "roster",
    ZoningKind.MEASURES: "local_measure",
}  # fmt: skip
"""What the rows of each kind of file about zones become."""


def _set_aside(rows: pl.Series, problems: tuple[Problem, ...]) -> pl.DataFrame:
    """The rows rejected, with their reasons as far as the report lists them."""
    reasons: dict[int, str] = {}
    for problem in problems:
        text = shortened(problem.column) + ": " + problem.reason_en
        reasons[problem.row] = "; ".join(filter(None, (reasons.get(problem.row, ""), text)))
    told = pl.DataFrame(
        {"row": list(reasons), "reason": list(reasons.values())},
        schema={"row": pl.Int64, "reason": pl.String},
    )
    return rows.to_frame("row").join(told, on="row", how="left", maintain_order="left")


def _cases(
    table: Table, sniffed: Sniffed, names: AreaNames, mapping: Mapping, *,
    keep_good: bool, file: str, sha256: str, people: Dictionary[str, PersonId],
    pseudonym: Callable[[], PersonId],
) -> Reading:  # fmt: skip
    draft = read_line_list(table, sniffed, names, mapping, pseudonym=pseudonym, people=people)
    refused = bool(draft.wrong) and not keep_good
    report = _report_of(
        draft, refused=refused, format=f"line_list.{table.container}", why=f"{table.why}; {sniffed.why}",
        file=file, sha256=sha256,
    )  # fmt: skip
    return Reading(
        report=report,
        cases=() if refused else draft.cases,
        identities=() if refused else draft.identities,
        quarantine=_set_aside(pl.Series(draft.wrong, dtype=pl.Int64), draft.problems),
    )
