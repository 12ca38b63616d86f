"""
Tracing: investigations with their clocks, contacts, letters to other areas, chains, and what changed.

An investigation is opened from a report; the protocol says by when what must be known; contacts are proposed
from visits and confirmed by a tracer; names stay in the vault throughout.
"""

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import yaml

from yipan.analytics.trace.duplicates import Who, agreeing, duplicates, encoded
from yipan.feeds.frame import ReadReport
from yipan.feeds.genomes import read_genomes
from yipan.feeds.reading import file_hash
from yipan.feeds.tracing import TracingReading, read_tracing
from yipan.feeds.tracing_export import Known, written
from yipan.model import (
    ActionNoted,
    Answer,
    AreaPath,
    AssistCheck,
    AssistOutcome,
    AssistReply,
    Case,
    Charge,
    Classification,
    DueWord,
    Duty,
    EarlyAction,
    Exposure,
    ExposureState,
    FollowUp,
    Identity,
    Incident,
    IncidentState,
    Investigation,
    NodeId,
    PersonId,
    PersonTest,
    Power,
    Reached,
    Receipt,
    Sameness,
    SamenessState,
    Sentence,
    Setting,
    Stage,
    Task,
    TaskState,
    TaskStep,
    TransmissionChain,
    Venue,
    Visit,
    VisitRole,
    check_area,
    check_may,
    pair_key,
)
from yipan.operations import commanding, following, network, sameness
from yipan.operations.following import ContactRow, DueCounts, rulebook_of
from yipan.operations.network import Network, Traced
from yipan.operations.post import Post
from yipan.protocol import Rulebook
from yipan.store import Acting, NotFound, Record
from yipan.store.nouns import Version
from yipan.store.tables.commanding import TASKS
from yipan.store.tables.incidents import INCIDENTS
from yipan.store.tables.tracing import (
    ACTIONS_NOTED,
    ASSIST_CHECKS,
    ASSIST_REPLIES,
    CARRIED_ROWS,
    CHAINS,
    EXPOSURES,
    FOLLOW_UPS,
    GATHERINGS,
    GENOMES,
    INVESTIGATIONS,
    OUTSIDE_KEYS,
    PERSON_TESTS,
    SAMENESS,
    VENUES,
    VISITS,
)
from yipan.store.tables.watch import ALERTS

DESK = "tracing"
NOWHERE = AreaPath("files.")
"""The area of people who are read from files without a record."""
MOST_CASES = 1_000_000
INFECTIOUS_BEFORE_DAYS = 2
"""How many days before its onset a case is taken to be infectious when its contacts are sought: the 48 hours of
the indicators in use; a day without onset counts from the sample."""
LIMITS: Mapping[Stage, str] = {
    Stage.ON_SITE: "limit.on_site_hours", Stage.CORE: "limit.core_investigation_hours",
    Stage.ZONES: "limit.zones_published_hours", Stage.FULL: "limit.full_investigation_hours",
}  # fmt: skip
"""The parameter of the protocol that says within how many hours of the report a stage is due."""
STAGES_SAID: Mapping[Stage, Sentence] = {
    Stage.ON_SITE: Sentence(zh="到达现场", en="Be on site"),
    Stage.CORE: Sentence(zh="查清核心信息", en="Know the core of the case"),
    Stage.ZONES: Sentence(zh="划定并公布风险区", en="Have zones drawn and published"),
    Stage.FULL: Sentence(zh="完成流调报告", en="Finish the investigation"),
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the form of a disease: by which stage it is asked, and how it is answered."""

    key: str
    stage: Stage
    kind: str
    said: Sentence
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """By when a stage is due, whether it was reached, by how many hours it is or was late, and what is missing."""

    stage: Stage
    due: datetime | None
    reached: datetime | None
    late_hours: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationView:
    """An investigation with its clocks."""

    investigation: Investigation = field(metadata={"inline": True})
    stage: Stage
    rule: str
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """A letter to another area with its reply, None while there is none, and by how many hours that is late."""

    letter: AssistCheck = field(metadata={"inline": True})
    reply: AssistReply | None
    late_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of days by name: exposure, infectious, isolation; `until` None while it goes on."""

    name: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing in the chronology of a case: when, what kind, and about what."""

    at: datetime | date
    kind: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSeen:
    """Where a case was: a venue or gathering, how long together, and where it lies, None where that is not known."""

    id: str
    name_zh: str
    name_en: str
    setting: Setting
    area: AreaPath
    longitude: float | None
    latitude: float | None
    visits: int
    hours: float
    while_infectious: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """
    Everything about one case without its name: history, spans, chronology, contacts and possible sources.

    `told_as` are the other cases that tell of the same illness under other pseudonyms (`same_as`) of the person.
    """

    case: Case
    history: tuple[Version[Case], ...]
    spans: tuple[Span, ...]
    chronology: tuple[Moment, ...]
    exposed_by: tuple[Exposure, ...]
    exposed: tuple[Exposure, ...]
    visits: tuple[Visit, ...]
    tests: tuple[PersonTest, ...]
    follow_ups: tuple[FollowUp, ...]
    investigation: InvestigationView | None
    sources: tuple[network.Candidate, ...]
    told_as: tuple[str, ...] = ()
    same_as: tuple[PersonId, ...] = ()
    places: tuple[PlaceSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A share or a delay with the cases it counts: `of` is what it is a share of; `median_hours` for delays."""

    name: str
    said: Sentence
    cases: tuple[str, ...]
    of: tuple[str, ...]
    share: float | None
    median_hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainChange:
    """What became of a chain between two instants: new, grown, merged, split, quiet, again, out or same."""

    change: str
    now: str | None
    before: tuple[str, ...]
    cases: int
    cases_before: int
    new_cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What changed between two instants: points (cases), sources, chains, and indicators, each with its list."""

    since: datetime
    at: datetime
    new_cases: tuple[str, ...]
    new_areas: tuple[AreaPath, ...]
    new_sources: tuple[str, ...]
    chains: tuple[ChainChange, ...]
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """
    One milestone or early action of 7-1-7, None where nothing shows it.

    `noted` where a person said so rather than the record; `not_applicable` is their reason where it does not apply.
    """

    name: str
    at: datetime | date | None
    noted: bool = False
    not_applicable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SevenOneSeven:
    """
    Detect within 7 days of emergence, notify within 1, complete the early response within 7.

    A measure is None where a milestone it needs is not on record. The early response is complete with the latest of
    the early actions that apply, once all of them were started. `incident` is None where none is named or known.
    """

    incident: str | None
    disease: str
    area: AreaPath

    milestones: tuple[Milestone, ...]
    actions: tuple[Milestone, ...]
    detect_days: int | None
    notify_days: int | None
    respond_days: int | None


# Files ---------------------------------------------------------------------------------------------------------------


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
) -> Imported:
    """
    Read the files of one outbreak together and commit all of them or none, with a receipt.

    People, venues and gatherings already known by their outside ids stay who they are. Raises
    TracingFilesHaveProblems, AlreadyImported where these very files were committed before.
    """
    check_may(post.viewer, Power.INGEST)
    if area is not None:
        check_area(post.viewer, area)
    with post.store.reading(post.viewer) as record:
        areas = record.areas()
        known = {key.id: key.node for key in record.nouns(OUTSIDE_KEYS)}
    reading = read_tracing(
        list(paths), areas=areas, area=area, disease=disease, outbreak=outbreak, known=known, date_order=date_order,
        time_zone=time_zone,
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


# Investigations ------------------------------------------------------------------------------------------------------


@cache
def form_of(disease: str) -> tuple[Question, ...]:
    """Return the questions of a disease's form: those of every disease, then its own."""
    told = yaml.safe_load(
        (resources.files("yipan.packs") / "forms.yaml").read_text(encoding="utf-8")
    )
    return tuple(
        Question(
            key=q["key"], stage=Stage(q["stage"]), kind=q["kind"], said=Sentence(zh=q["zh"], en=q["en"]),
            values=tuple(q.get("values", ())),
        )
        for q in (*told["every"], *told["diseases"].get(disease, ()))
    )  # fmt: skip


def reports(record: Record, *, area: AreaPath, limit: int = 200) -> tuple[Case, ...]:
    """Return the reported cases of an area that nobody investigates yet, the newest first."""
    check_area(record.viewer, area)
    return record.cases_without(INVESTIGATIONS, "case_id", under=area, limit=limit)


def open_investigation(post: Post, case: str, *, at: datetime) -> InvestigationView:
    """
    Open the investigation of a reported case and put on record what it makes due.

    Raises NotFound, ValueError where the case was not reported yet or is investigated already.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="open_investigation",
        subject=case,
        why="a case was reported",
        at=at,
    ) as act:
        found = act.case(case)
        check_area(post.viewer, found.area)
        if act.nouns(INVESTIGATIONS, where={"case_id": case}):
            raise ValueError(f"case {case} is investigated already")
        reported = found.reported or found.confirmed or found.sampled
        if reported is None:
            raise ValueError(f"case {case} has no moment of report; the clocks start there")
        if reported > act.moment:
            raise ValueError(
                f"case {case} was reported at {reported.isoformat()}, which is not yet"
            )
        made = Investigation(
            id=f"n-{commanding.mark(DESK, case)}", area=found.area, case=case, disease=found.disease, reported=reported,
            reached=(Reached(stage=Stage.OPENED, at=act.moment),), charges=(Charge(area=found.area, since=act.moment),),
        )  # fmt: skip
        act.put(INVESTIGATIONS, [made])
        commanding.put_tasks(act, _tasks(made))
    return view_of(made, at=at)


def reach(
    post: Post, investigation: str, stage: Stage, *, at: datetime, reached: datetime | None = None
) -> InvestigationView:
    """
    Say that an investigation reached a stage, at `reached` or now, and end the task for it.

    The stages of zones and of the full report ask for what comes before them. Raises ValueError for a step that
    is not allowed or while answers of the core are missing.
    """
    check_may(post.viewer, Power.WORK)
    with _working(post, investigation, verb=f"reach_{stage.value}", at=at) as (act, found):
        moment = reached or act.moment
        if moment > act.moment:
            raise ValueError(
                f"reached at {moment.isoformat()} lies in the future of {at.isoformat()}"
            )
        changed = replace(found, reached=(*found.reached, Reached(stage=stage, at=moment)))
        act.put(INVESTIGATIONS, [changed])
        due = act.nouns(TASKS, where={"subject": investigation, "state": commanding.RUNNING})
        step = TaskStep(to=TaskState.DONE, at=act.moment, by=post.viewer.user)
        ended = [t for t in due if t.kind == f"tracing.{stage.value}"]
        act.put(TASKS, [task.stepped(step, finished=moment) for task in ended])
    return view_of(changed, at=at)


def answer(
    post: Post, investigation: str, answers: Mapping[str, str], *, at: datetime
) -> InvestigationView:
    """Put answers to questions of the form on record. Raises ValueError naming a question or value not of the form."""
    check_may(post.viewer, Power.WORK)
    with _working(post, investigation, verb="answer", at=at) as (act, found):
        form = {question.key: question for question in form_of(found.disease)}
        for key, value in answers.items():
            if key not in form:
                raise ValueError(
                    f"{key} is no question of the form of {found.disease}; known: {', '.join(form)}"
                )
            _check_answer(form[key], value)
        given = tuple(Answer(question=k, value=v, at=act.moment) for k, v in answers.items())
        changed = replace(found, answers=(*found.answers, *given))
        act.put(INVESTIGATIONS, [changed])
    return view_of(changed, at=at)


def hand_over(
    post: Post, investigation: str, *, to: AreaPath, why: str, at: datetime
) -> InvestigationView:
    """
    Hand an investigation over to another area of the command: the record goes along, with who was in charge when.

    Both areas must lie under the viewer's; between cities the province does it. Raises NotYourArea.
    """
    check_may(post.viewer, Power.ASSIGN)
    check_area(post.viewer, to)
    if not why.strip():
        raise ValueError("a hand-over needs its reason in words")
    with _working(post, investigation, verb="hand_over", at=at, why=why) as (act, found):
        if found.area == to:
            raise ValueError(f"{to} is in charge of investigation {investigation} already")
        changed = replace(
            found, area=to, charges=(*found.charges, Charge(area=to, since=act.moment, why=why))
        )
        act.put(INVESTIGATIONS, [changed])
        due = act.nouns(TASKS, where={"subject": investigation, "state": commanding.RUNNING})
        act.put(TASKS, [replace(task, area=to) for task in due])
    return view_of(changed, at=at)


def view_of(investigation: Investigation, *, at: datetime) -> InvestigationView:
    """Return an investigation with its clocks as they stand at an instant."""
    rulebook = rulebook_of(investigation.disease, investigation.reported)
    given = investigation.answered()
    clocks = []
    for stage in LIMITS:
        due = _due(rulebook, investigation, stage)
        reached = _reached(investigation, stage)
        end = reached or at
        late = max(0.0, (end - due).total_seconds() / 3600) if due else 0.0
        missing = tuple(
            q.key for q in form_of(investigation.disease) if q.stage is stage and q.key not in given
        )
        clocks.append(
            Clock(stage=stage, due=due, reached=reached, late_hours=round(late, 2), missing=missing)
        )
    return InvestigationView(
        investigation=investigation, stage=investigation.stage, rule=rulebook.id if rulebook else "",
        clocks=tuple(clocks),
    )  # fmt: skip


def investigations(
    record: Record, *, area: AreaPath, at: datetime, running: bool = True
) -> tuple[InvestigationView, ...]:
    """Return the investigations of an area, running ones only unless `running` is False, the most late first."""
    check_area(record.viewer, area)
    found = record.nouns(INVESTIGATIONS, under=area)
    shown = [view_of(i, at=at) for i in found if not running or i.stage is not Stage.CLOSED]
    return tuple(
        sorted(
            shown,
            key=lambda v: (-max(c.late_hours for c in v.clocks if not c.reached) if any(not c.reached for c in v.clocks) else 1.0, v.investigation.reported, v.investigation.id),
        )
    )  # fmt: skip


# Contacts ------------------------------------------------------------------------------------------------------------


def venues(record: Record, *, area: AreaPath) -> tuple[Venue, ...]:
    """Return the venues known in an area, in order of their names."""
    check_area(record.viewer, area)
    return tuple(sorted(record.nouns(VENUES, under=area), key=lambda v: (v.name_zh, v.id)))


def record_visit(
    post: Post, case: str, *, place: str, since: datetime, until: datetime, at: datetime, setting: Setting = Setting.UNKNOWN,
    role: VisitRole = VisitRole.UNKNOWN, mask: bool | None = None, indoors: bool | None = None,
) -> Visit:  # fmt: skip
    """
    Put on record where a case was, from when until when; `place` is the id of a venue known, or what a new one is called.

    A new venue lies in the area of the case. A home is never called by what was typed, which may tell whose it is.
    Raises NotFound, ValueError for a visit that ends before it begins or lies ahead.
    """
    check_may(post.viewer, Power.WORK)
    name = place.strip()
    if not name:
        raise ValueError("a visit is to a place; name one")
    if until > at + timedelta(minutes=5):
        raise ValueError(f"the visit ends at {until.isoformat()}, which is not yet")
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_visit", subject=case, why="where the case was", at=at
    ) as act:
        found = act.case(case)
        check_area(post.viewer, found.area)
        known = act.nouns(VENUES, where={"id": [name]})
        if name.startswith("v-") and not known:
            raise NotFound(f"venue {name} is not in the record")
        named = known or tuple(
            v for v in act.nouns(VENUES, under=found.area) if name in {v.name_zh, v.name_en}
        )
        if named:
            venue = named[0]
        else:
            shown = ("住家", "home") if setting is Setting.HOUSEHOLD else (name, name)
            venue = Venue(
                id=f"v-{commanding.mark(found.area, name)}", area=found.area, name_zh=shown[0], name_en=shown[1], setting=setting
            )  # fmt: skip
            act.put(VENUES, [venue])
        made = Visit(
            id=f"w-{commanding.mark(found.person, venue.id, since.isoformat(), until.isoformat())}", area=found.area,
            person=found.person, place=venue.id, since=since, until=until, role=role, mask=mask, indoors=indoors,
        )  # fmt: skip
        act.put(VISITS, [made])
    return made


def propose_contacts(
    post: Post, case: str, *, at: datetime, time_zone: ZoneInfo, least_minutes: int = 1,
    infectious_before_days: int = INFECTIOUS_BEFORE_DAYS,
) -> tuple[Exposure, ...]:  # fmt: skip
    """
    Propose everybody as a contact who was where a case was, while it was there and infectious.

    The infectious time runs from `infectious_before_days` before onset (or sample) until isolation. What is on
    record already, confirmed or rejected, stays as the tracer left it. Returns what is new.
    """
    check_may(post.viewer, Power.PROPOSE)
    with post.store.acting(
        post.viewer, desk=DESK, verb="propose_contacts", subject=case, at=at,
        why=f"visits overlapping for at least {least_minutes} min, from {infectious_before_days} days before onset",
    ) as act:  # fmt: skip
        found = act.case(case)
        check_area(post.viewer, found.area)
        window = infectious_time(found, time_zone, infectious_before_days)
        if window is None:
            raise ValueError(
                f"case {case} has neither an onset nor a sample; nobody knows when it was infectious"
            )
        same = sameness.of_record(act)
        mine = same.visits(act.nouns(VISITS, where={"person": list(same.all_of(found.person))}))
        found = replace(found, person=PersonId(same.one(found.person)))
        places = {visit.place for visit in mine}
        there = same.visits(act.nouns(VISITS, where={"place": sorted(places)})) if places else ()
        since, until = window
        kept = [v for v in there if v.until > since and (until is None or v.since < until)]
        pairs = network.met(
            network.network_of([], (), kept), [found.person], least_minutes=least_minutes
        )
        proposed = _from_overlaps(found, pairs, act, time_zone)
        known = (
            {e.id for e in act.nouns(EXPOSURES, where={"id": [e.id for e in proposed]})}
            if proposed
            else set()
        )
        new = tuple(e for e in proposed if e.id not in known)
        act.put(EXPOSURES, new)
    following.renew(post, at=at)
    return new


def _from_overlaps(
    case: Case, pairs: Iterable[tuple[Visit, Visit, int]], act: Acting, zone: ZoneInfo
) -> list[Exposure]:
    settings = {venue.id: venue.setting for venue in act.nouns(VENUES)}
    days: dict[tuple[PersonId, str], list[date]] = defaultdict(list)
    areas: dict[PersonId, AreaPath] = {}
    for mine, theirs, _ in pairs:
        days[theirs.person, theirs.place].append(
            max(mine.since, theirs.since).astimezone(zone).date()
        )
        areas[theirs.person] = theirs.area
    return [
        Exposure(
            id=f"x-{commanding.mark(case.id, person, place)}", area=areas[person], source=NodeId(case.person),
            target=NodeId(person), first_contact=min(met), last_contact=max(met), state=ExposureState.PROPOSED,
            told_by="visits", setting=settings.get(place, Setting.UNKNOWN),
        )
        for (person, place), met in sorted(days.items())
    ]  # fmt: skip


def judge_exposures(
    post: Post, ids: Sequence[str], *, state: ExposureState, at: datetime, why: str = ""
) -> tuple[Exposure, ...]:
    """Confirm or reject exposures, as the tracer found them. Raises NotFound, ValueError for a step not allowed."""
    from yipan.model import EXPOSURE_STEPS

    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb=f"{state.value}_contacts", subject=", ".join(ids)[:200], at=at,
        why=why or f"the tracer {state.value} them",
    ) as act:  # fmt: skip
        found = act.nouns(EXPOSURES, where={"id": list(ids)})
        if missing := sorted(set(ids) - {e.id for e in found}):
            raise NotFound(f"exposure {missing[0]} is not in the record")
        for exposure in found:
            if state is not exposure.state and state not in EXPOSURE_STEPS[exposure.state]:
                raise ValueError(
                    f"exposure {exposure.id} is {exposure.state.value} and cannot become {state.value}"
                )
        changed = tuple(replace(e, state=state) for e in found)
        act.put(EXPOSURES, changed)
    following.renew(post, at=at)
    return changed


def contacts(
    record: Record, *, area: AreaPath, today: date, case: str | None = None
) -> tuple[ContactRow, ...]:
    """
    Return the contacts of cases (or of one), what follows for each, and what is due: overdue first, then today.

    It is worked out from the whole record each time; `following.page` shows long lists page by page.
    """
    check_area(record.viewer, area)
    same = sameness.of_record(record)
    cases = sameness.cases_in(record, same, under=area, limit=MOST_CASES)
    of = None if case is None else {same.one(record.case(case).person)}
    found = following.contacts_plain(
        cases, same.exposures(record.nouns(EXPOSURES, under=area)), same.follow_ups(record.nouns(FOLLOW_UPS, under=area)),
        of=of,
    )  # fmt: skip
    order = [word.value for word in DueWord]
    rows = [following.row_of(one, today) for one in found]
    return tuple(
        sorted(rows, key=lambda row: (order.index(row.due), row.until or date.max, row.person))
    )


def contact_page(
    record: Record, *, area: AreaPath, today: date, due: DueWord, after: PersonId | None = None, after_day: date | None = None,
    limit: int = 200,
) -> tuple[ContactRow, ...]:  # fmt: skip
    """
    Return a page of the contacts of an area for whom this is due, by the day until which they are followed.

    Those due later are in order of the day they are due. The next page begins after the last row's person and its
    `until`, or `due_on` for those due later.
    """
    check_area(record.viewer, area)
    return following.page(
        record, area=area, today=today, due=due, after=after, after_day=after_day, limit=limit
    )


def contact_counts(record: Record, *, area: AreaPath, today: date) -> DueCounts:
    """Return how many contacts of an area there are by what is due."""
    check_area(record.viewer, area)
    return following.counts(record, area=area, today=today)


# People told of twice -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelySame:
    """Two pseudonyms that may be one person: how sure in bits, by which fields they agree, and what was decided."""

    first: PersonId
    second: PersonId
    bits: float
    agreeing: tuple[str, ...]
    decided: SamenessState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePair:
    """A pair on the queue: what was held about it and since when, with the cases told under each pseudonym."""

    sameness: Sameness = field(metadata={"inline": True})
    cases_kept: tuple[str, ...]
    cases_other: tuple[str, ...]


def likely_same(
    record: Record, *, area: AreaPath, purpose: str, at: datetime, least_bits: float | None = None
) -> tuple[LikelySame, ...]:
    """
    Return who among the cases and contacts of an area may be told of twice, the likeliest first.

    Every identity compared is read from the vault under the purpose, and each reading is written down; only
    pseudonyms come back. Shown are pairs likelier one person than two, or of at least `least_bits`. Pairs once decided to be different are not proposed again. Raises NotAllowed.
    """
    check_area(record.viewer, area)
    people = {str(c.person) for c in record.cases(under=area, limit=MOST_CASES)}
    people |= {
        str(k.node) for k in record.nouns(OUTSIDE_KEYS, under=area) if k.node.startswith("p-")
    }
    listed = sorted(people)
    known = record.identities([PersonId(p) for p in listed], purpose=purpose, at=at)
    held = [
        Who(name=one.name, phone=one.phone, certificate=one.certificate, address=one.address, born=one.born)
        if (one := known.get(PersonId(person)))
        else Who()
        for person in listed
    ]  # fmt: skip
    compared = encoded(held, key=secrets.token_bytes(32))
    pairs = duplicates(compared, least_bits=least_bits)
    decided = {one.id: one.state for one in record.nouns(SAMENESS)}
    shown = [
        LikelySame(
            first=PersonId(listed[a]), second=PersonId(listed[b]), bits=round(float(bits), 1),
            agreeing=agreeing(compared, int(a), int(b)),
            decided=decided.get(pair_key(PersonId(listed[a]), PersonId(listed[b]))),
        )
        for a, b, bits in zip(pairs.first, pairs.second, pairs.bits, strict=True)
    ]  # fmt: skip
    return tuple(one for one in shown if one.decided is not SamenessState.DIFFERENT)


def suggest_same(
    post: Post, *, area: AreaPath, purpose: str, at: datetime, least_bits: float | None = None
) -> tuple[Sameness, ...]:
    """
    Search an area for people told of twice and put what is found on the queue; return what is new there.

    Each identity is read under the purpose and the reading written down. What was decided, put off or suggested
    before stays as it is; a decision taken back is suggested again. Raises NotAllowed.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        found = likely_same(record, area=area, purpose=purpose, at=at, least_bits=least_bits)
        new = [one for one in found if one.decided in {None, SamenessState.UNDONE}]
        places = _areas_of_people(record, [p for one in new for p in (one.first, one.second)])
    with post.store.acting(
        post.viewer, desk=DESK, verb="suggest_same", subject=area, area=area, at=at,
        why=f"people told of twice: {purpose}"[:200],
    ) as act:  # fmt: skip
        made = tuple(
            Sameness(
                id=pair_key(one.first, one.second),
                area=_common([places.get(one.first, area), places.get(one.second, area)]),
                kept=one.first, other=one.second, state=SamenessState.SUGGESTED, why=" ".join(one.agreeing) or "alike",
                bits=one.bits,
            )
            for one in new
        )  # fmt: skip
        act.put(SAMENESS, [one for one in made if one.area.startswith(post.viewer.area)])
    return made


def same_queue(
    record: Record, *, area: AreaPath, decided: bool = False, limit: int = 200
) -> tuple[SamePair, ...]:
    """
    Return the pairs of an area that wait for a decision, the surest first, those put off last; or those decided.

    No identity is read for it.
    """
    check_area(record.viewer, area)
    states = (
        [SamenessState.SAME, SamenessState.DIFFERENT, SamenessState.UNDONE]
        if decided
        else [SamenessState.SUGGESTED, SamenessState.LATER]
    )
    found = record.nouns(SAMENESS, under=area, where={"state": [state.value for state in states]})
    listed = sorted(found, key=lambda s: (states.index(s.state), -(s.bits or 0.0), s.id))[:limit]
    people = sorted({p for s in listed for p in (s.kept, s.other)})
    cases: dict[PersonId, list[str]] = defaultdict(list)
    if people:
        for case in record.cases(under=area, people=people, limit=MOST_CASES):
            cases[case.person].append(case.id)
    return tuple(
        SamePair(
            sameness=s, cases_kept=tuple(cases.get(s.kept, ())), cases_other=tuple(cases.get(s.other, ()))
        )
        for s in listed
    )  # fmt: skip


def decide_same(
    post: Post, one: PersonId, other: PersonId, *, state: SamenessState, why: str, at: datetime, area: AreaPath | None = None
) -> Sameness:  # fmt: skip
    """
    Decide that two pseudonyms are one person, are not, put it off, or take such a decision back.

    Nothing is rewritten: both stay on record as they came, and the decision itself has a history. Contacts,
    chains, counts and lists follow the decisions known at their moment. Raises ValueError for `suggested`, which
    only a search says.
    """
    check_may(post.viewer, Power.WORK)
    if state is SamenessState.SUGGESTED:
        raise ValueError(
            "a pair is suggested by a search; a person decides same, different, later or undone"
        )
    with post.store.reading(post.viewer) as record:
        before = record.nouns(SAMENESS, where={"id": pair_key(one, other)})
        if area is None and not before:
            held = _areas_of_people(record, [one, other])
            area = _common(list(held.values())) if held else post.area
    place = area or before[0].area
    check_area(post.viewer, place)
    made = Sameness(
        id=pair_key(one, other), area=place, kept=one, other=other, state=state, why=why,
        bits=before[0].bits if before else None,
    )  # fmt: skip
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb=f"decide_{state.value}",
        subject=made.id,
        area=place,
        why=why,
        at=at,
    ) as act:
        act.put(SAMENESS, [made])
    following.renew(post, at=at)
    return made


def _areas_of_people(record: Record, people: Sequence[PersonId]) -> dict[PersonId, AreaPath]:
    """Where people are followed, as far as the record tells: by their cases, else by the files they came with."""
    listed = sorted(set(people))
    if not listed:
        return {}
    found = {
        PersonId(key.node): key.area for key in record.nouns(OUTSIDE_KEYS, where={"node": listed})
    }
    cases = record.cases(under=record.viewer.area, people=listed, limit=MOST_CASES)
    return found | {case.person: case.area for case in cases}


# Letters -------------------------------------------------------------------------------------------------------------


def send_letter(
    post: Post, *, to: AreaPath, people: Sequence[PersonId], asked: str, due: datetime, at: datetime,
    case: str | None = None, area: AreaPath | None = None,
) -> AssistCheck:  # fmt: skip
    """Send an assist-check letter to another area; people are named by pseudonym, and the text names nobody."""
    check_may(post.viewer, Power.WORK)
    sender = area or post.area
    check_area(post.viewer, sender)
    with post.store.acting(
        post.viewer, desk=DESK, verb="send_letter", subject=to, area=sender, why=asked[:200], at=at
    ) as act:
        letter = AssistCheck(
            id=f"l-{secrets.token_hex(6)}", area=sender, to=to, people=tuple(people), asked=asked, sent=act.moment,
            due=due, case=case,
        )  # fmt: skip
        act.put(ASSIST_CHECKS, [letter])
    return letter


def reply_letter(
    post: Post, letter: str, *, outcome: AssistOutcome, text: str, at: datetime
) -> LetterView:
    """Answer a letter as the area it was sent to. Raises NotYourArea for any other, NotFound."""
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        found = record.noun(ASSIST_CHECKS, letter)
    check_area(post.viewer, found.to)
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="reply_letter",
        subject=letter,
        area=found.to,
        why=text[:200],
        at=at,
    ) as act:
        reply = AssistReply(
            id=f"r-{letter}",
            area=found.to,
            letter=letter,
            outcome=outcome,
            answer=text,
            at=act.moment,
        )
        act.put(ASSIST_REPLIES, [reply])
    return LetterView(letter=found, reply=reply, late_hours=_late(found.due, reply.at))


def letters(record: Record, *, area: AreaPath, at: datetime) -> tuple[LetterView, ...]:
    """Return the letters an area sent or was sent, those without a reply first, the earliest due before the others."""
    check_area(record.viewer, area)
    replies = {reply.letter: reply for reply in record.nouns(ASSIST_REPLIES)}
    mine = [
        x for x in record.nouns(ASSIST_CHECKS) if x.area.startswith(area) or x.to.startswith(area)
    ]
    shown = [
        LetterView(
            letter=x,
            reply=replies.get(x.id),
            late_hours=_late(x.due, replies[x.id].at if x.id in replies else at),
        )
        for x in mine
    ]
    return tuple(sorted(shown, key=lambda v: (v.reply is not None, v.letter.due, v.letter.id)))


# Sources, chains and what changed ------------------------------------------------------------------------------------


def network_in(record: Record, *, area: AreaPath, disease: str | None = None) -> Network:
    """Return the network of one disease in an area as the record knows it: the commonest where none is named."""
    check_area(record.viewer, area)
    same = sameness.of_record(record)
    cases = sameness.cases_in(record, same, under=area, limit=MOST_CASES)
    counted = Counter(case.disease for case in cases)
    disease = disease or min(counted, key=lambda name: (-counted[name], name), default=None)
    cases = tuple(case for case in cases if case.disease == disease)
    return network.network_of(
        cases,
        same.exposures(record.nouns(EXPOSURES, under=area)), same.visits(record.nouns(VISITS, under=area)),
        record.nouns(VENUES, under=area), record.nouns(GATHERINGS, under=area), record.nouns(GENOMES, under=area),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DiseaseRow:
    """A disease with cases in an area: how many, the interval published for it in days, and its own questions."""

    disease: str
    cases: int
    serial_mean_days: float | None
    serial_sd_days: float | None
    questions: int


def diseases(record: Record, *, area: AreaPath) -> tuple[DiseaseRow, ...]:
    """Return the diseases with cases on record in an area, the commonest first."""
    check_area(record.viewer, area)
    rows = []
    for name, cases in record.case_counts(under=area).items():
        serial = network.serial_of_disease(name)
        rows.append(
            DiseaseRow(
                disease=name, cases=cases, serial_mean_days=serial.mean_days if serial else None,
                serial_sd_days=serial.sd_days if serial else None, questions=len(form_of(name)),
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.cases, row.disease)))


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


def extend_chains(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    The round of the desk: put the chains on record as they now stand, disease by disease; return how many there are.

    A chain that is no longer there is ended and stays in the history.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    today = at.astimezone(time_zone).date()
    with post.store.acting(
        post.viewer, desk=DESK, verb="extend_chains", at=at, why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}"
    ) as act:  # fmt: skip
        cases = act.cases(under=post.area, limit=MOST_CASES)
        made: list[TransmissionChain] = []
        for disease in sorted({case.disease for case in cases}):
            traced = network.trace(
                network_in(act, area=post.area, disease=disease), time_zone=time_zone
            )
            made += _chains_now(traced, disease, today)
        gone = {chain.id for chain in act.nouns(CHAINS, under=post.area)} - {c.id for c in made}
        act.put(CHAINS, made)
        act.end(CHAINS, sorted(gone))
    following.renew(post, at=at)
    return len(made)


def _chains_now(traced: Traced, disease: str, today: date) -> list[TransmissionChain]:
    told = network.chains_answer(traced, today=today, rng=np.random.default_rng(0), draws=1)
    return [
        TransmissionChain(
            id=f"{disease}:{row.root}", area=_common(row.areas), disease=disease, root=row.root, cases=row.cases,
            generations=row.generations, first_day=row.first_day, last_day=row.last_day, active=row.active,
        )
        for row in told.chains
    ]  # fmt: skip


def changed(
    now: Record,
    before: Record,
    *,
    area: AreaPath,
    since: datetime,
    at: datetime,
    time_zone: ZoneInfo,
) -> Changed:
    """
    Return what changed in an area between two readings of the record.

    Chains are those the rounds put on record; a chain is followed by the cases it shares with earlier ones.
    """
    check_area(now.viewer, area)
    cases_now = {c.id: c for c in _each(now, area)}
    cases_before = {c.id: c for c in _each(before, area)}
    told_before = {c.id for c in before.cases(under=area, limit=MOST_CASES)}
    new = [
        c for name, c in cases_now.items() if name not in cases_before and name not in told_before
    ]
    chains_now, chains_before = now.nouns(CHAINS, under=area), before.nouns(CHAINS, under=area)
    old_sources = {chain.root for chain in chains_before}
    places_before = {c.area for c in cases_before.values()}
    return Changed(
        since=since, at=at, new_cases=tuple(c.id for c in new),
        new_areas=tuple(sorted({c.area for c in new} - places_before)),
        new_sources=tuple(sorted({chain.root for chain in chains_now} - old_sources)),
        chains=chain_changes(chains_now, chains_before),
        indicators=_indicators(now, new, area=area, time_zone=time_zone),
    )  # fmt: skip


def chain_changes(
    now: Sequence[TransmissionChain], before: Sequence[TransmissionChain]
) -> tuple[ChainChange, ...]:
    """Return what became of each chain, the largest first: those of now, then those that are out."""
    holder = {case: chain for chain in before for case in chain.cases}
    parts: dict[str, int] = defaultdict(int)
    for chain in now:
        for earlier in {holder[c].id for c in chain.cases if c in holder}:
            parts[earlier] += 1
    found = []
    for chain in sorted(now, key=lambda c: (-len(c.cases), c.id)):
        from_ = {holder[c].id: holder[c] for c in chain.cases if c in holder}
        new = tuple(c for c in chain.cases if c not in holder)
        if not from_:
            word = "new"
        elif len(from_) > 1:
            word = "merged"
        elif any(parts[earlier] > 1 for earlier in from_):
            word = "split"
        elif any(e.active for e in from_.values()) and not chain.active:
            word = "quiet"
        elif not any(e.active for e in from_.values()) and chain.active:
            word = "again"
        else:
            word = "grown" if new else "same"
        found.append(
            ChainChange(
                change=word, now=chain.id, before=tuple(sorted(from_)), cases=len(chain.cases),
                cases_before=sum(len(e.cases) for e in from_.values()), new_cases=new,
            )
        )  # fmt: skip
    still = {e for entry in found for e in entry.before}
    found += [
        ChainChange(
            change="out", now=None, before=(e.id,), cases=0, cases_before=len(e.cases), new_cases=()
        )
        for e in before
        if e.id not in still
    ]
    return tuple(found)


def indicators(record: Record, *, area: AreaPath, time_zone: ZoneInfo) -> tuple[Indicator, ...]:
    """Return the indicators of tracing over all cases of an area, each with the cases it counts."""
    check_area(record.viewer, area)
    return _indicators(record, _each(record, area), area=area, time_zone=time_zone)


def _each(record: Record, area: AreaPath) -> tuple[Case, ...]:
    """The cases of an area, each illness once, as the decisions known at that moment have it."""
    return sameness.cases_in(record, sameness.of_record(record), under=area, limit=MOST_CASES)


def _indicators(
    record: Record, cases: Sequence[Case], *, area: AreaPath, time_zone: ZoneInfo
) -> tuple[Indicator, ...]:
    counted = [c for c in cases if c.classification is not Classification.EXCLUDED]
    ids = tuple(c.id for c in counted)
    same = sameness.of_record(record)
    exposed: set[str] = {
        e.target for e in same.exposures(record.nouns(EXPOSURES, under=area)) if e.counts
    }
    among = tuple(c.id for c in counted if c.person in exposed)
    apart = {c.id: (c.isolated - datetime.combine(c.onset, datetime.min.time(), tzinfo=time_zone)) for c in counted if c.isolated and c.onset}  # fmt: skip
    opened = {i.case: i for i in record.nouns(INVESTIGATIONS, under=area)}
    core = {
        case: reached - inv.reported
        for case, inv in opened.items()
        if case in set(ids) and (reached := _reached(inv, Stage.CORE)) is not None
    }
    return (
        Indicator(
            name="among_contacts", said=Sentence(zh="新增病例中的已知接触者", en="New cases among known contacts"),
            cases=among, of=ids, share=len(among) / len(ids) if ids else None,
        ),
        _delay("onset_to_isolation", Sentence(zh="发病到隔离", en="Onset to isolation"), apart, ids),
        _delay("report_to_core", Sentence(zh="报告到查清核心信息", en="Report to core investigation"), core, ids),
    )  # fmt: skip


def seven_one_seven(
    record: Record,
    *,
    area: AreaPath,
    disease: str,
    time_zone: ZoneInfo,
    incident: str | None = None,
) -> SevenOneSeven:
    """
    Return the milestones, early actions and measures of 7-1-7 of an incident, or of a disease in an area.

    Emergence is the earliest onset known (it moves as earlier cases appear), detection the earliest sample, report,
    alert or opened investigation, and notification the earliest report. What a person noted of an action stands before
    what the record shows. Raises NotFound for an incident that is not there.
    """
    check_area(record.viewer, area)
    about = record.noun(INCIDENTS, incident) if incident else None
    if about is not None:
        check_area(record.viewer, about.area)
        area, disease = about.area, about.disease
    cases = [
        c for c in _each(record, area)
        if c.disease == disease and c.classification is not Classification.EXCLUDED
        and (about is None or c.incident in {None, about.id})
    ]  # fmt: skip
    ids = {c.id for c in cases}
    opened = [i for i in record.nouns(INVESTIGATIONS, under=area) if i.case in ids]
    alerts = [a for a in record.nouns(ALERTS, under=area) if about and a.incident == about.id]
    emergence = min((c.onset for c in cases if c.onset), default=None)
    started = min((i.reached[0].at for i in opened), default=None)
    noticed = [m for c in cases for m in (c.sampled, c.reported) if m] + [a.opened for a in alerts]
    detection = min([*noticed, *([started] if started else [])], default=None)
    notification = min((c.reported for c in cases if c.reported), default=None)
    shown = _early_actions(record, about, area=area, disease=disease, cases=cases, started=started)
    since = _start_of(emergence, time_zone)
    noted = (
        {n.action: n for n in record.nouns(ACTIONS_NOTED, where={"incident": about.id})}
        if about
        else {}
    )
    actions = tuple(
        Milestone(name=action.value, at=told.at, noted=True, not_applicable=told.not_applicable)
        if (told := noted.get(action))
        else Milestone(name=action.value, at=min((m for m in shown[action] if since is None or m >= since), default=None))
        for action in EarlyAction
    )  # fmt: skip
    applying = [a.at for a in actions if not a.not_applicable]
    whole = [at for at in applying if isinstance(at, datetime)]
    complete = max(whole) if whole and len(whole) == len(applying) else None
    return SevenOneSeven(
        incident=about.id if about else None, disease=disease, area=area,
        milestones=(
            Milestone(name="emergence", at=emergence), Milestone(name="detection", at=detection),
            Milestone(name="notification", at=notification), Milestone(name="early_response_complete", at=complete),
        ),
        actions=actions, detect_days=_days_between(emergence, detection, time_zone),
        notify_days=_days_between(detection, notification, time_zone),
        respond_days=_days_between(notification, complete, time_zone),
    )  # fmt: skip


def _early_actions(
    record: Record, about: Incident | None, *, area: AreaPath, disease: str, cases: Sequence[Case], started: datetime | None
) -> dict[EarlyAction, list[datetime]]:  # fmt: skip
    """The moments by which the record shows each early action to have been started."""
    orders = commanding.orders(record, area=area)
    chains_made = [
        version.known_from
        for c in record.nouns(CHAINS, under=area, where={"disease": disease})
        for version in record.versions(CHAINS, c.id)[:1]
    ]
    acting = [
        v.known_from
        for v in (record.versions(INCIDENTS, about.id) if about else ())
        if v.noun.state in {IncidentState.ALERT, IncidentState.RESPONSE}
    ]
    return {
        EarlyAction.INVESTIGATION: [started] if started else [],
        EarlyAction.ANALYSIS: chains_made,
        EarlyAction.LABORATORY: [c.confirmed for c in cases if c.confirmed],
        EarlyAction.CASE_MANAGEMENT: [c.isolated for c in cases if c.isolated],
        EarlyAction.COMMUNITY: [o.decided for o in orders],
        EarlyAction.COMMUNICATION: [o.published for o in orders if o.published],
        EarlyAction.COORDINATION: acting,
    }


def note_action(
    post: Post, incident: str, action: EarlyAction, *, at: datetime, started: datetime | None = None,
    not_applicable: str = "", why: str = "", time_zone: ZoneInfo,
) -> SevenOneSeven:  # fmt: skip
    """
    Note when an early action of an incident was started, or why it does not apply; return 7-1-7 as it then stands.

    Raises NotFound, ValueError where both or neither is given or the moment is yet to come.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        about = record.noun(INCIDENTS, incident)
    check_area(post.viewer, about.area)
    if started is not None and started > at:
        raise ValueError(
            f"{action.value} started at {started.isoformat()} lies in the future of {at.isoformat()}"
        )
    with post.store.acting(
        post.viewer, desk=DESK, verb="note_action", subject=incident, area=about.area, at=at,
        why=(why or not_applicable or f"{action.value} was started")[:200],
    ) as act:  # fmt: skip
        act.put(
            ACTIONS_NOTED,
            [
                ActionNoted(
                    id=f"{incident}:{action.value}", area=about.area, incident=incident, action=action, at=started,
                    not_applicable=not_applicable, why=why,
                )
            ],
        )  # fmt: skip
        return seven_one_seven(
            act, area=about.area, disease=about.disease, incident=incident, time_zone=time_zone
        )


def incidents(record: Record, *, area: AreaPath) -> tuple[Incident, ...]:
    """Return the incidents of an area, those not closed first, the newest first."""
    check_area(record.viewer, area)
    found = record.nouns(INCIDENTS, under=area)
    return tuple(sorted(found, key=lambda i: (i.closed is not None, -i.opened.timestamp(), i.id)))


def _start_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, datetime.min.time(), tzinfo=zone)


def case_page(
    record: Record, *, area: AreaPath, after: str | None = None, limit: int = 200
) -> tuple[Case, ...]:
    """
    Return cases of an area in order of their ids, page by page, each illness once.

    A page may hold fewer than `limit` where cases told under another pseudonym were left out of it.
    """
    check_area(record.viewer, area)
    page = record.cases(under=area, after=after, limit=limit)
    same = sameness.of_record(record)
    several = {p for c in page if len(names := same.all_of(c.person)) > 1 for p in names}
    if not several:
        return page
    beside = record.cases(under=area, people=sorted(several), limit=MOST_CASES)
    folded = {c.id: c for c in same.cases(beside)}
    return tuple(folded.get(c.id, c) for c in page if c.person not in several or c.id in folded)


def case_view(record: Record, name: str, *, at: datetime, time_zone: ZoneInfo) -> CaseView:
    """Return everything about one case but who it is. Raises NotFound."""
    case = record.case(name)
    check_area(record.viewer, case.area)
    same = sameness.of_record(record)
    people = list(same.all_of(case.person))
    told = (
        record.cases(under=record.viewer.area, people=people, limit=MOST_CASES)
        if len(people) > 1
        else (case,)
    )
    (case,) = [
        c for c in same.cases(c for c in told if c.disease == case.disease) if c.id == name
    ] or list(same.cases(c for c in told if c.disease == case.disease))[:1]
    into = same.exposures(record.nouns(EXPOSURES, where={"target": people}))
    out = same.exposures(record.nouns(EXPOSURES, where={"source": people}))
    visits = same.visits(record.nouns(VISITS, where={"person": people}))
    tests = record.nouns(PERSON_TESTS, where={"person": people})
    follow_ups = same.follow_ups(record.nouns(FOLLOW_UPS, where={"person": people}))
    told_as = tuple(c.id for c in told if c.disease == case.disease and c.id != case.id)
    opened = record.nouns(INVESTIGATIONS, where={"case_id": [case.id, *told_as]})
    history = record.case_versions(case.id)
    possible: tuple[network.Candidate, ...] = ()
    if case.classification is not Classification.EXCLUDED:
        near = network_in(record, area=record.viewer.area, disease=case.disease)
        (found,) = network.sources_answer(
            network.trace(near, time_zone=time_zone), only=[case.id], most=6
        )
        possible = found.candidates
    return CaseView(
        case=case, history=history, spans=_spans(case, into, time_zone),
        chronology=_chronology(case, history, into, out, visits, tests, follow_ups, opened),
        exposed_by=into, exposed=out, visits=visits, tests=tests, follow_ups=follow_ups,
        investigation=view_of(opened[0], at=at) if opened else None, sources=possible, told_as=told_as,
        same_as=tuple(people[1:]) if people[0] == case.person else tuple(p for p in people if p != case.person),
        places=_places_of(record, visits, infectious_time(case, time_zone)),
    )  # fmt: skip


def _places_of(
    record: Record, visits: Sequence[Visit], window: tuple[datetime, datetime | None] | None
) -> tuple[PlaceSeen, ...]:
    """The places of visits, the longest first; a gathering lies at its venue."""
    by_place: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_place[visit.place].append(visit)
    if not by_place:
        return ()
    gatherings = {g.id: g for g in record.nouns(GATHERINGS, where={"id": list(by_place)})}
    wanted = {*by_place, *(g.venue for g in gatherings.values() if g.venue)}
    venues = {v.id: v for v in record.nouns(VENUES, where={"id": sorted(wanted)})}
    seen = []
    for place, listed in by_place.items():
        gathering = gatherings.get(place)
        venue = venues.get((gathering.venue or "") if gathering else place)
        name = gathering.title if gathering else None
        seen.append(
            PlaceSeen(
                id=place, name_zh=name or (venue.name_zh if venue else place), name_en=name or (venue.name_en if venue else place),
                setting=gathering.setting if gathering else venue.setting if venue else Setting.UNKNOWN,
                area=venue.area if venue else gathering.area if gathering else listed[0].area,
                longitude=venue.longitude if venue else None, latitude=venue.latitude if venue else None, visits=len(listed),
                hours=round(sum((v.until - v.since).total_seconds() for v in listed) / 3600, 2),
                while_infectious=window is not None
                and any(v.until > window[0] and (window[1] is None or v.since < window[1]) for v in listed),
            )
        )  # fmt: skip
    return tuple(sorted(seen, key=lambda place: (-place.hours, place.id)))


def infectious_time(
    case: Case, zone: ZoneInfo, before_days: int = INFECTIOUS_BEFORE_DAYS
) -> tuple[datetime, datetime | None] | None:
    """From when until when a case was among people while infectious: before its onset or sample, until isolation."""
    first = case.sampled or case.reported or case.confirmed
    if case.onset is not None:
        first = datetime.combine(case.onset, datetime.min.time(), tzinfo=zone)
    return None if first is None else (first - timedelta(days=before_days), case.isolated)


# Small things --------------------------------------------------------------------------------------------------------


@contextmanager
def _working(
    post: Post, investigation: str, *, verb: str, at: datetime, why: str = ""
) -> Iterator[tuple[Acting, Investigation]]:
    """An act on one investigation of the viewer's area that is not closed."""
    with post.store.reading(post.viewer) as record:
        found = record.noun(INVESTIGATIONS, investigation)
    check_area(post.viewer, found.area)
    if found.stage is Stage.CLOSED:
        raise ValueError(f"investigation {investigation} is closed")
    with post.store.acting(
        post.viewer, desk=DESK, verb=verb, subject=investigation,
        area=found.area if verb != "hand_over" else post.area,
        why=why or f"investigation of case {found.case}", at=at,
    ) as act:  # fmt: skip
        yield act, act.noun(INVESTIGATIONS, investigation)


def _due(rulebook: Rulebook | None, investigation: Investigation, stage: Stage) -> datetime | None:
    if rulebook is None or not rulebook.has(LIMITS[stage]):
        return None
    return investigation.reported + timedelta(hours=float(rulebook.value(LIMITS[stage])))


def _reached(investigation: Investigation, stage: Stage) -> datetime | None:
    """When a stage was reached; one that was passed over counts from the next that was reached."""
    order = list(Stage)
    return next(
        (
            step.at
            for step in investigation.reached
            if order.index(step.stage) >= order.index(stage)
        ),
        None,
    )


def _tasks(investigation: Investigation) -> tuple[Task, ...]:
    rulebook = rulebook_of(investigation.disease, investigation.reported)
    return tuple(
        Task(
            id=f"t-{commanding.mark(investigation.id, stage.value)}", area=investigation.area, duty=Duty.TRACER, desk=DESK,
            kind=f"tracing.{stage.value}", subject=investigation.id, what=STAGES_SAID[stage], starts=investigation.reported,
            due=_due(rulebook, investigation, stage), measured_to=f"{stage.value} reached",
            rule=rulebook.id if rulebook else "",
        )
        for stage in LIMITS
    )  # fmt: skip


def _check_answer(question: Question, value: str) -> None:
    checks: dict[str, Callable[[str], object]] = {
        "day": date.fromisoformat, "instant": datetime.fromisoformat, "number": float,
    }  # fmt: skip
    allowed = ("yes", "no", "unknown") if question.kind == "yes_no" else question.values
    if allowed and value not in allowed:
        raise ValueError(
            f"{question.key} is answered by one of {', '.join(allowed)}, not {value!r}"
        )
    if question.kind in checks:
        try:
            checks[question.kind](value)
        except ValueError:
            raise ValueError(
                f"{question.key} is answered by a {question.kind}, not {value!r}"
            ) from None


def _late(due: datetime, end: datetime) -> float:
    return round(max(0.0, (end - due).total_seconds() / 3600), 2)


def _delay(
    name: str, said: Sentence, delays: Mapping[str, timedelta], of: tuple[str, ...]
) -> Indicator:
    hours = sorted(delay.total_seconds() / 3600 for delay in delays.values())
    return Indicator(
        name=name, said=said, cases=tuple(sorted(delays)), of=of, share=len(delays) / len(of) if of else None,
        median_hours=float(np.median(hours)) if hours else None,
    )  # fmt: skip


def _days_between(
    first: date | datetime | None, last: date | datetime | None, zone: ZoneInfo
) -> int | None:
    if first is None or last is None:
        return None
    days = [m.astimezone(zone).date() if isinstance(m, datetime) else m for m in (first, last)]
    return (days[1] - days[0]).days


def _common(areas: Sequence[AreaPath]) -> AreaPath:
    """The smallest area that holds all of these."""
    steps = [area.rstrip(".").split(".") for area in areas]
    kept = []
    for parts in zip(*steps, strict=False):
        if len(set(parts)) > 1:
            break
        kept.append(parts[0])
    return AreaPath(".".join(kept) + ".")


def _spans(case: Case, into: Sequence[Exposure], zone: ZoneInfo) -> tuple[Span, ...]:
    spans = []
    days = [day for e in into for day in (e.first_contact, e.last_contact) if day]
    if days:
        spans.append(Span(name="exposure", since=min(days), until=max(days)))
    window = infectious_time(case, zone)
    if window is not None:
        end = window[1].astimezone(zone).date() if window[1] else None
        since = window[0].astimezone(zone).date()
        spans.append(Span(name="infectious", since=since, until=max(end, since) if end else None))
    if case.isolated is not None:
        spans.append(
            Span(name="isolation", since=case.isolated.astimezone(zone).date(), until=None)
        )
    return tuple(spans)


def _chronology(
    case: Case, history: Sequence[Version[Case]], into: Sequence[Exposure], out: Sequence[Exposure],
    visits: Sequence[Visit], tests: Sequence[PersonTest], follow_ups: Sequence[FollowUp], opened: Sequence[Investigation],
) -> tuple[Moment, ...]:  # fmt: skip
    """All that is known of a case in order of time; days come before the instants of the same day."""
    moments = [
        Moment(at=value, kind=name, about="")
        for name in ("onset", "sampled", "reported", "confirmed", "isolated")
        if (value := getattr(case, name)) is not None
    ]
    moments += [
        Moment(at=e.last_contact, kind="exposed_by", about=e.source) for e in into if e.last_contact
    ]
    moments += [
        Moment(at=e.last_contact, kind="exposed", about=e.target) for e in out if e.last_contact
    ]
    moments += [Moment(at=v.since, kind="visit", about=v.place) for v in visits]
    moments += [
        Moment(at=day, kind="test", about=t.result.value)
        for t in tests
        if (day := t.sampled or t.tested)
    ]
    moments += [Moment(at=f.day, kind="follow_up", about=f.result.value) for f in follow_ups]
    moments += [
        Moment(at=v.known_from, kind="classified", about=v.noun.classification.value)
        for v in history
    ]
    moments += [
        Moment(at=step.at, kind=f"stage_{step.stage.value}", about=i.id)
        for i in opened
        for step in i.reached
    ]
    return tuple(
        sorted(
            moments,
            key=lambda m: (
                m.at.isoformat()[:10],
                isinstance(m.at, datetime),
                m.at.isoformat(),
                m.kind,
            ),
        )
    )
