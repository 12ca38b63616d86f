"""
Tracing: investigations with their clocks, contacts proposed and judged, and the network of who met whom.

An investigation is opened from a report; the protocol says by when what must be known; contacts are proposed
from visits and confirmed by a tracer; names stay in the vault throughout.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from threading import Lock
from zoneinfo import ZoneInfo

from yipan.model import (
    Answer,
    AreaPath,
    Case,
    Charge,
    DueWord,
    Duty,
    Exposure,
    ExposureState,
    Investigation,
    NodeId,
    PersonId,
    Power,
    Reached,
    Sentence,
    Setting,
    Stage,
    Task,
    TaskState,
    TaskStep,
    Venue,
    Visit,
    VisitRole,
    check_area,
    check_may,
)
from yipan.operations import commanding, following, network, sameness
from yipan.operations.following import ContactRow, DueCounts, rulebook_of
from yipan.operations.network import Network, Traced
from yipan.operations.post import Post
from yipan.packs.yaml_text import read_yaml
from yipan.protocol import Rulebook
from yipan.store import Acting, NotFound, Record
from yipan.store.tables.commanding import TASKS
from yipan.store.tables.tracing import (
    EXPOSURES,
    FOLLOW_UPS,
    GATHERINGS,
    GENOMES,
    INVESTIGATIONS,
    VENUES,
    VISITS,
)

DESK = "tracing"
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


# Investigations ------------------------------------------------------------------------------------------------------


@cache
def form_of(disease: str) -> tuple[Question, ...]:
    """Return the questions of a disease's form: those of every disease, then its own."""
    told = read_yaml((resources.files("yipan.packs") / "forms.yaml").read_text(encoding="utf-8"))
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
        reached = reached_at(investigation, stage)
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


# The network ---------------------------------------------------------------------------------------------------------


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


_KEPT_TRACES = 4
_kept: OrderedDict[tuple[object, ...], Traced] = OrderedDict()
_keeping = Lock()


def traced(
    record: Record,
    *,
    area: AreaPath,
    time_zone: ZoneInfo,
    disease: str | None = None,
    weights: Mapping[Setting, float] | None = None,
) -> Traced:
    """
    Return the network of `network_in` with the posterior over its sources, as `network.trace` makes it.

    The newest few are kept: while nothing is committed, every case, chain and question of an area rests on one
    estimate, made once. An act asks for itself, because what it has written is not committed yet.
    """
    check_area(record.viewer, area)
    asked = (
        record.connection.info.dsn, record.state(), record.viewer.scope, record.known_at, area, disease, str(time_zone),
        tuple(sorted((weights or {}).items())),
    )  # fmt: skip
    with _keeping:
        kept = None if isinstance(record, Acting) else _kept.get(asked)
    if kept is not None:
        return kept
    made = network.trace(
        network_in(record, area=area, disease=disease), time_zone=time_zone, weights=weights
    )
    if not isinstance(record, Acting):
        with _keeping:
            _kept[asked] = made
            while len(_kept) > _KEPT_TRACES:
                _kept.popitem(last=False)
    return made


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


def each_case(record: Record, area: AreaPath) -> tuple[Case, ...]:
    """The cases of an area, each illness once, as the decisions known at that moment have it."""
    return sameness.cases_in(record, sameness.of_record(record), under=area, limit=MOST_CASES)


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


def reached_at(investigation: Investigation, stage: Stage) -> datetime | None:
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


def common_area(areas: Sequence[AreaPath]) -> AreaPath:
    """The smallest area that holds all of these."""
    steps = [area.rstrip(".").split(".") for area in areas]
    kept = []
    for parts in zip(*steps, strict=False):
        if len(set(parts)) > 1:
            break
        kept.append(parts[0])
    return AreaPath(".".join(kept) + ".")
