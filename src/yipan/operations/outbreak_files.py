"""Outbreak files: the files of one outbreak read, committed and written; what they hold of who met whom."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from yipan.feeds.frame import ReadReport
from yipan.feeds.genomes import read_genomes
from yipan.feeds.reading import file_hash
from yipan.feeds.tracing import TracingReading, read_tracing
from yipan.feeds.tracing_export import Known, written
from yipan.model import (
    AreaPath,
    Case,
    Identity,
    NodeId,
    PersonId,
    Power,
    Receipt,
    check_area,
    check_may,
)
from yipan.operations import following, network
from yipan.operations.network import Network
from yipan.operations.post import Post
from yipan.operations.tracing import DESK, MOST_CASES
from yipan.store import NotFound, Record
from yipan.store.tables.tracing import (
    CARRIED_ROWS,
    EXPOSURES,
    FOLLOW_UPS,
    GATHERINGS,
    GENOMES,
    OUTSIDE_KEYS,
    PERSON_TESTS,
    VENUES,
    VISITS,
)

NOWHERE = AreaPath("files.")
"""The area of people who are read from files without a record."""


class AlreadyImported(ValueError):
    """The very same files were committed before."""


class TracingFilesHaveProblems(ValueError):
    """The files cannot be committed; the reports say why, row by row."""

    def __init__(self, reports: Sequence[ReadReport]) -> None:
        first = next((f"{r.file}: {p}" for r in reports for p in r.problems), "nothing to read")
        more = sum(len(r.problems) for r in reports) - 1
        super().__init__(first + (f" (and {more} more)" if more > 0 else ""))
        self.reports = tuple(reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the files of one outbreak: reports, what they held, and the receipt unless it was a dry run."""

    reports: tuple[ReadReport, ...]
    cases: int
    exposures: int
    contacts: int
    gatherings: int
    visits: int
    follow_ups: int
    tests: int
    components: tuple[int, ...]
    most_exposing: tuple[tuple[str, int], ...]
    receipt: Receipt | None


def import_files(
    post: Post,
    paths: Sequence[Path],
    *,
    at: datetime,
    area: AreaPath | None = None,
    disease: str | None = None,
    outbreak: str | None = None,
    date_order: str | None = None,
    time_zone: str = "Asia/Shanghai",
    dry_run: bool = False,
    case_numbers: bool = False,
) -> Imported:
    """
    Read the files of one outbreak together and commit all of them or none, with a receipt.

    People, venues and gatherings already known by their outside ids stay who they are. With `case_numbers` the files
    number people as the line lists do: whoever is a case on record under a number is that person. Raises
    TracingFilesHaveProblems, AlreadyImported where these very files were committed before.
    """
    check_may(post.viewer, Power.INGEST)
    if area is not None:
        check_area(post.viewer, area)
    with post.store.reading(post.viewer) as record:
        areas = record.areas()
        known = {key.id: key.node for key in record.nouns(OUTSIDE_KEYS)}
        if case_numbers:
            if not outbreak:
                raise ValueError("numbers of cases are joined within an outbreak; name it")
            known = _by_case_number(record, area or post.area, outbreak) | known
    reading = read_tracing(
        list(paths), areas=areas, area=area, disease=disease, outbreak=outbreak, known=known, date_order=date_order,
        time_zone=time_zone, case_numbers=case_numbers,
    )  # fmt: skip
    if not reading.ok and not dry_run:
        raise TracingFilesHaveProblems(reading.reports)
    receipt = (
        None
        if dry_run
        else _committed(post, reading, paths, {str(node) for node in known.values()}, at=at)
    )
    if receipt is not None:
        following.renew(post, at=at)
    return imported_of(reading, receipt)


def _by_case_number(record: Record, area: AreaPath, outbreak: str) -> dict[str, NodeId]:
    """Everybody who is a case on record, under the key by which files of an outbreak would know the number."""
    found: dict[str, NodeId] = {}
    after: str | None = None
    while page := record.cases(under=area, after=after, limit=5000):
        found |= {f"{outbreak}:{case.id}": NodeId(case.person) for case in page}
        after = page[-1].id
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written for another system: files with their rows, and what the format could not hold."""

    format: str
    names: tuple[str, ...]
    rows: tuple[int, ...]
    losses: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)


def export_files(
    record: Record, *, area: AreaPath, format: str, at: datetime, time_zone: ZoneInfo, purpose: str = ""
) -> Exported:  # fmt: skip
    """
    Write what tracers know of an area for another system, as known at the moment of the reading.

    With a `purpose` the names go along: it needs the power to read identities, and each reading is written
    down. Raises NotAllowed, ValueError for a format not written here.
    """
    check_area(record.viewer, area)
    cases = record.cases(under=area, limit=MOST_CASES)
    carried = record.nouns(CARRIED_ROWS, under=area)
    who: dict[str, Identity] = {}
    if purpose.strip():
        people = {str(case.person) for case in cases} | {r.node for r in carried if r.personal}
        for person in sorted(p for p in people if p.startswith("p-")):
            with suppress(NotFound):
                who[person] = record.identity(PersonId(person), purpose=purpose, at=at)
    done = written(
        Known(
            cases=cases, exposures=record.nouns(EXPOSURES, under=area), gatherings=record.nouns(GATHERINGS, under=area),
            visits=record.nouns(VISITS, under=area), venues=record.nouns(VENUES, under=area), follow_ups=record.nouns(FOLLOW_UPS, under=area),
            tests=record.nouns(PERSON_TESTS, under=area), carried=carried, keys=record.nouns(OUTSIDE_KEYS, under=area),
            identities=who,
        ),
        format=format, zone=time_zone,
    )  # fmt: skip
    return Exported(
        format=format,
        names=tuple(name for name, _ in done.files),
        rows=done.rows,
        losses=done.losses,
        files=done.files,
    )


def read_files(paths: Sequence[Path], *, disease: str | None = None) -> TracingReading:
    """
    Read the files of one outbreak without a record: everybody in one nameless area, ids as the files have them.

    A disease none of the files names is called `unnamed`.
    """
    return read_tracing(list(paths), area=NOWHERE, disease=disease or "unnamed", bare=True)


def imported_of(reading: TracingReading, receipt: Receipt | None = None) -> Imported:
    """Return what a reading held: counts, the sizes of the groups its exposures hold together, who exposed most."""
    names = reading.names()
    out: dict[str, int] = defaultdict(int)
    for exposure in reading.exposures:
        out[names.get(exposure.source, exposure.source)] += 1
    people = {
        end for e in reading.exposures for end in (e.source, e.target) if end.startswith("p-")
    }
    return Imported(
        reports=reading.reports, cases=len(reading.cases), exposures=len(reading.exposures),
        contacts=len(people - {case.person for case in reading.cases}), gatherings=len(reading.gatherings),
        visits=len(reading.visits), follow_ups=len(reading.follow_ups), tests=len(reading.tests),
        components=network.recorded_components(network_of_reading(reading)),
        most_exposing=tuple(sorted(out.items(), key=lambda entry: (-entry[1], entry[0]))[:10]), receipt=receipt,
    )  # fmt: skip


def network_of_reading(reading: TracingReading) -> Network:
    """Return the network that files hold, without a record."""
    return network.network_of(
        reading.cases, reading.exposures, reading.visits, reading.venues, reading.gatherings
    )


def _committed(
    post: Post, reading: TracingReading, paths: Sequence[Path], known: set[str], *, at: datetime
) -> Receipt:
    sha256 = hashlib.sha256("".join(sorted(file_hash(path) for path in paths)).encode()).hexdigest()
    names = ", ".join(report.file for report in reading.reports)
    with post.store.acting(
        post.viewer, desk=DESK, verb="import_files", subject=names[:200], at=at,
        why=f"{len(reading.cases)} cases and {len(reading.exposures)} exposures",
    ) as act:  # fmt: skip
        before = act.receipt_of(sha256)
        if before is not None:
            raise AlreadyImported(
                f"{names} was committed before, as receipt {before.id} of act {before.act}"
            )
        act.put(OUTSIDE_KEYS, reading.keys)
        act.put(EXPOSURES, reading.exposures)
        act.put(GATHERINGS, reading.gatherings)
        act.put(VENUES, reading.venues)
        act.put(VISITS, reading.visits)
        act.put(FOLLOW_UPS, reading.follow_ups)
        act.put(PERSON_TESTS, reading.tests)
        act.put(CARRIED_ROWS, reading.carried)
        act.put_identities(
            [who for who in reading.identities if who.person not in known],
            areas={str(person): where for person, where in reading.areas_of.items()},
        )
        rows = sum(report.read for report in reading.reports)
        return act.commit_reading(
            file=names[:200], sha256=sha256, format=" + ".join(dict.fromkeys(r.format for r in reading.reports)),
            rows_read=rows, rows_rejected=sum(r.rejected + r.blank for r in reading.reports), cases=reading.cases,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GenomesImported:
    """What became of a file of distances between genomes."""

    report: ReadReport
    distances: int
    receipt: Receipt | None


def import_genomes(
    post: Post, source: Path | tuple[str, bytes], *, at: datetime, dry_run: bool = False
) -> GenomesImported:
    """
    Read distances between genomes of cases on record and commit all of them or none, with a receipt.

    A case is named by its id or as its own file named it, where that is clear. Raises TracingFilesHaveProblems,
    AlreadyImported.
    """
    check_may(post.viewer, Power.INGEST)
    with post.store.reading(post.viewer) as record:
        found = read_genomes(
            source, cases=_case_names(record.cases(under=post.area, limit=MOST_CASES))
        )
    if dry_run:
        return GenomesImported(report=found.report, distances=len(found.distances), receipt=None)
    if not found.ok:
        raise TracingFilesHaveProblems((found.report,))
    with post.store.acting(
        post.viewer, desk=DESK, verb="import_genomes", subject=found.report.file[:200], at=at,
        why=f"{len(found.distances)} distances between genomes",
    ) as act:  # fmt: skip
        before = act.receipt_of(found.report.sha256)
        if before is not None:
            raise AlreadyImported(
                f"{found.report.file} was committed before, as receipt {before.id} of act {before.act}"
            )
        act.put(GENOMES, found.distances)
        receipt = act.commit_reading(
            file=found.report.file[:200], sha256=found.report.sha256, format=found.report.format,
            rows_read=found.report.read, rows_rejected=0,
        )  # fmt: skip
    return GenomesImported(report=found.report, distances=len(found.distances), receipt=receipt)


def genomes_for(net: Network, path: Path) -> Network:
    """
    Return a network with the distances a file tells between its cases.

    Raises TracingFilesHaveProblems naming row, column and value.
    """
    found = read_genomes(path, cases=_case_names(net.cases))
    if not found.ok:
        raise TracingFilesHaveProblems((found.report,))
    return replace(net, genomes=(*net.genomes, *found.distances))


def _case_names(cases: Iterable[Case]) -> dict[str, tuple[str, AreaPath]]:
    """Cases by id, and by what stands after the last colon of it where only one case is named so."""
    listed = tuple(cases)
    short = Counter(case.id.rpartition(":")[2] for case in listed)
    names = {
        case.id.rpartition(":")[2]: (case.id, case.area)
        for case in listed
        if short[case.id.rpartition(":")[2]] == 1
    }
    return names | {case.id: (case.id, case.area) for case in listed}
