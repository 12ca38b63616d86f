"""The areas of the record: an office's own official boundaries and divisions in place of the schematic ones."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from yipan.feeds import ReadReport
from yipan.feeds.boundaries import Boundaries, read_boundaries
from yipan.feeds.datum import Datum
from yipan.model import AreaPath, Power, Receipt, check_area, check_may
from yipan.operations.ingest import AlreadyRead, FileHasProblems
from yipan.operations.post import Post
from yipan.store import Record

DESK = "areas"

__all__ = [
    "DESK",
    "AlreadyRead",
    "Datum",
    "FileHasProblems",
    "ImportedBoundaries",
    "import_boundaries",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBoundaries:
    """What became of a file of boundaries: its report, the areas it adds, the receipt unless it was a dry run."""

    report: ReadReport
    drawn: int
    added: tuple[AreaPath, ...]
    receipt: Receipt | None


def import_boundaries(
    post: Post,
    path: Path,
    *,
    datum: Datum,
    at: datetime,
    key: str | None = None,
    add: bool = False,
    schematic: bool = False,
    credit: str = "",
    dry_run: bool = False,
) -> ImportedBoundaries:
    """
    Read a GeoJSON file of boundaries, check it whole and put it on record whole, converted to WGS-84.

    The boundaries take the place of those on record; the old ones stay in the history, and the receipt can be
    undone like that of any file. `schematic` says that they are drawings, not surveys. With `add`, features of
    unknown areas add them. Raises NotAllowed, NotYourArea for an area outside the post's, FileHasProblems,
    AlreadyRead.
    """
    check_may(post.viewer, Power.MANAGE_AREAS)
    with post.store.reading(post.viewer) as record:
        found = read_boundaries(
            path, areas=record.areas(), datum=datum, key=key, add=add, credit=credit,
            drawn=_drawn(record),
        )  # fmt: skip
    for area in found.areas:
        check_area(post.viewer, area.path)
    if dry_run:
        return _told(found, None)
    if not found.ok:
        raise FileHasProblems(found.report)
    report = found.report
    with post.store.acting(
        post.viewer, desk=DESK, verb="import_boundaries", subject=report.file,
        why=f"{len(found.areas)} boundaries, {len(found.added)} new areas, declared as {datum.value}"
        + (f"; {credit}" if credit else ""),
        at=at,
    ) as act:  # fmt: skip
        before = act.receipt_of(report.sha256)
        if before is not None:
            raise AlreadyRead(
                f"{report.file} was committed before, as receipt {before.id} of act {before.act}"
            )
        receipt = act.commit_reading(
            file=report.file, sha256=report.sha256, format=report.format, rows_read=report.read,
            rows_rejected=0, areas=found.areas, boundaries=found.shapes, schematic=schematic,
        )  # fmt: skip
    return _told(found, receipt)


def _told(found: Boundaries, receipt: Receipt | None) -> ImportedBoundaries:
    return ImportedBoundaries(
        report=found.report, drawn=len(found.areas), added=found.added, receipt=receipt
    )


def _drawn(record: Record) -> dict[AreaPath, tuple[float, float]]:
    """A point inside each boundary on record."""
    from shapely.geometry import shape

    drawn: dict[AreaPath, tuple[float, float]] = {}
    for level in sorted({area.level for area in record.areas()}):
        for area, boundary, _ in record.boundaries(level=level):
            inside = shape(boundary).representative_point()
            drawn[area.path] = (inside.x, inside.y)
    return drawn
