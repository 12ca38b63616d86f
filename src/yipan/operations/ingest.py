"""The desk where files come in: checked whole, committed whole, with a receipt that can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from yipan import feeds
from yipan.model import PersonId, Power, Receipt, check_area, check_may
from yipan.operations import measures
from yipan.operations.post import Post
from yipan.store import Record
from yipan.store.nouns import NounTable, OpenAfter
from yipan.store.tables.prohibitions import MEASURES
from yipan.store.tables.tracing import OUTSIDE_KEYS
from yipan.store.tables.zoning import CASE_PLACES, REGISTER, ROSTERS, ZONES

DESK = "ingest"
TABLES: Mapping[str, NounTable[Any]] = {
    table.name: table for table in (REGISTER, CASE_PLACES, ROSTERS, MEASURES)
}
"""Where the rows of files about zones are kept."""


class AlreadyRead(ValueError):
    """The very same file was committed before."""


class FileHasProblems(ValueError):
    """The file cannot be committed; its report says why, row by row."""

    def __init__(self, report: feeds.ReadReport) -> None:
        first = report.problems[0] if report.problems else None
        more = len(report.problems) - 1
        super().__init__(
            f"{report.file}: {first}" + (f" (and {more} more)" if more > 0 else "")
            if first
            else f"{report.file} holds nothing to read"
        )
        self.report = report


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of a file: its report, and the receipt unless it was a dry run."""

    report: feeds.ReadReport
    receipt: Receipt | None


def read_file(
    post: Post,
    path: Path,
    *,
    at: datetime,
    dry_run: bool = False,
    published: bool = False,
    keep_good: bool = False,
    mapping: feeds.Mapping | None = None,
    disease: str | None = None,
    about: feeds.ZoningKind | None = None,
    numbered_as: str | None = None,
) -> Ingested:
    """
    Read a file, check it whole and commit it whole: counts, a line list, or what the desks of zones need.

    With `dry_run` only the report is made. `about` says which file about zones it is where its header shall not
    decide. A roster takes the place of the one its zone had. `numbered_as` names an outbreak whose tracing files number
    people as this line list does: a contact who becomes a case is then the same person. Raises FileHasProblems where any row is wrong (unless
    `keep_good` leaves the wrong rows aside), AlreadyRead where the very same file was committed before.
    """
    check_may(post.viewer, Power.INGEST)
    with post.store.reading(post.viewer) as record:
        areas = record.areas()
        zones = _zones_known(record, at=at)
        people = {
            key.key: PersonId(key.node)
            for key in (record.nouns(OUTSIDE_KEYS, where={"system": numbered_as}) if numbered_as else ())
            if key.node.startswith("p-")
        }  # fmt: skip
    reading = feeds.read(
        path, areas=areas, mapping=mapping, disease=disease, keep_good=keep_good, about=about, zones=zones,
        check=measures.check, people=people,
    )  # fmt: skip
    for nouns in reading.nouns.values():
        for noun in nouns:
            check_area(post.viewer, noun.area)
    if dry_run:
        return Ingested(report=reading.report, receipt=None)
    if not reading.ok:
        raise FileHasProblems(reading.report)
    with post.store.acting(
        post.viewer, desk=DESK, verb="commit_file", subject=reading.report.file,
        why=f"{reading.report.accepted} rows of {reading.report.format}", at=at,
    ) as act:  # fmt: skip
        before = act.receipt_of(reading.report.sha256)
        if before is not None:
            raise AlreadyRead(
                f"{reading.report.file} was committed before, as receipt {before.id} of act {before.act}"
            )
        receipt = act.commit_reading(
            file=reading.report.file, sha256=reading.report.sha256, format=reading.report.format,
            rows_read=reading.report.read, rows_rejected=reading.report.rejected,
            counts=reading.counts, cases=reading.cases, identities=reading.identities, published=published,
            nouns=[(TABLES[name], nouns) for name, nouns in reading.nouns.items()], people={str(person): area for person, area in reading.people.items()},
        )  # fmt: skip
    return Ingested(report=reading.report, receipt=receipt)


def _zones_known(record: Record, *, at: datetime) -> dict[str, feeds.ZoneKnown]:
    """The zones in force that a roster may name, with the people each has by number."""
    running = [
        zone
        for zone in record.nouns(
            ZONES, under=record.viewer.area, where={"over_from": OpenAfter(moment=at)}
        )
        if not zone.is_over or zone.in_force(at)
    ]
    rosters = (
        {one.id: one for one in record.nouns(ROSTERS, under=record.viewer.area)} if running else {}
    )
    return {
        zone.id: feeds.ZoneKnown(
            area=zone.area, place=zone.place, tokens=dict(rosters[zone.id].tokens) if zone.id in rosters else {},
        )
        for zone in running
    }  # fmt: skip


def undo(post: Post, receipt: str, *, why: str, at: datetime) -> Receipt:
    """Take back what a receipt brought in: a new act restores what was known before it; history keeps both."""
    check_may(post.viewer, Power.INGEST)
    with post.store.acting(
        post.viewer, desk=DESK, verb="undo_file", subject=receipt, why=why, at=at
    ) as act:
        return act.undo_receipt(receipt)
