"""Tracing: cases, contacts, investigations, letters; who infected whom, how many chains, what changed."""

import io
import zipfile
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked, Instant
from yipan.api.commanding import post_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import (
    AssistOutcome,
    DueWord,
    EarlyAction,
    ExposureState,
    Setting,
    Stage,
    VisitRole,
    area_path,
    person_id,
)

routes = routes_of("tracing")

CHANGE = (400, 401, 403, 404, 422, 503)
READ = (401, 403, 404, 422, 503)
Text = r"^[^\x00-\x1f]+$"
CaseAsked = Annotated[
    str, Query(alias="case", max_length=200, pattern=Text, description="id of the case")
]
CaseMaybe = Annotated[
    str | None, Query(alias="case", max_length=200, pattern=Text, description="only of this case")
]
DiseaseAsked = Annotated[
    str | None,
    Query(
        max_length=100, pattern=Text, description="of this disease; the commonest where left out"
    ),
]
DayAsked = Annotated[
    date | None, Query(description="the day quiet and due are counted to; today where left out")
]
WeightsAsked = Annotated[
    str,
    Query(
        max_length=500, pattern=r"^[a-z_=0-9.,]*$",
        description="how much an hour together counts by setting, like household=3,restaurant=2; 1 where not named",
    ),
]  # fmt: skip
Id = Annotated[str, Path(max_length=100, pattern=r"^[0-9A-Za-z._-]+$", description="its id")]

CANDIDATE = {"source": "mers:SK_1", "probability": 0.93, "because": ["x-3f2a"]}
CASE_EXAMPLE: dict[str, Any] = {
    "id": "mers:SK_6", "person": "p-7f3a90c1d2e4", "area": "44.4401.", "disease": "mers", "classification": "confirmed",
    "onset": "2015-05-26", "sampled": None, "reported": "2015-05-28T00:00:00+08:00", "confirmed": None, "isolated": None,
    "mode": "any", "origin": "unknown", "severity": "unknown", "outcome": "pending", "incident": None,
}  # fmt: skip
EXPOSURE_EXAMPLE: dict[str, Any] = {
    "id": "x-3f2a", "area": "44.4401.", "source": "p-aaaaaaaaaaaa", "target": "p-bbbbbbbbbbbb", "first_contact": "2022-11-05",
    "last_contact": "2022-11-06", "kind": "unknown", "duration": "unknown", "frequency": "unknown", "setting": "restaurant",
    "certainty": "unknown", "state": "proposed", "told_by": "visits",
}  # fmt: skip
INVESTIGATION_EXAMPLE: dict[str, Any] = {
    "id": "n-4f1c", "area": "44.4401.", "case": "c-1", "disease": "covid-19", "reported": "2022-11-10T08:00:00+08:00",
    "reached": [{"stage": "opened", "at": "2022-11-10T08:20:00+08:00"}],
    "charges": [{"area": "44.4401.", "since": "2022-11-10T08:20:00+08:00", "why": ""}], "answers": [], "stage": "opened",
    "rule": "cn-covid-9ed",
    "clocks": [{"stage": "on_site", "due": "2022-11-10T10:00:00+08:00", "reached": None, "late_hours": 0.0, "missing": ["present"]}],
}  # fmt: skip
CONTACT_EXAMPLE: dict[str, Any] = {
    "person": "p-bbbbbbbbbbbb", "area": "44.4401.", "role": "contact", "exposures": ["x-3f2a"], "of_cases": ["c-1"],
    "last_contact": "2022-11-06", "until": "2022-11-16", "last_seen": None, "proposed": True, "due": "overdue",
    "due_on": "2022-11-07",
}  # fmt: skip
LETTER_EXAMPLE: dict[str, Any] = {
    "id": "l-91ab", "area": "44.4401.", "to": "44.4403.", "people": ["p-bbbbbbbbbbbb"], "asked": "find, test and isolate",
    "sent": "2022-11-10T09:00:00+08:00", "due": "2022-11-11T09:00:00+08:00", "case": "c-1", "reply": None, "late_hours": 0.0,
}  # fmt: skip
ESTIMATE = {"value": 3.0, "low": 1.0, "high": 7.0, "level": 0.95}
CHAINS_EXAMPLE: dict[str, Any] = {
    "cases": 162, "linked": 150, "single_cases": 6,
    "chains": [{"root": "mers:SK_1", "cases": ["mers:SK_1", "mers:SK_6"], "size": 2, "generations": 1, "first_day": "2015-05-11",
                "last_day": "2015-05-26", "active": False, "curve": [1, 0, 1], "areas": ["44."]}],
    "links": [{"case": "mers:SK_6", "source": "mers:SK_1", "probability": 0.93, "generation": 1, "day": "2015-05-26", "chain": "mers:SK_1"}],
    "introductions": ESTIMATE, "reproduction": ESTIMATE, "dispersion": ESTIMATE,
    "spreaders": [{"id": "mers:SK_14", "what": "case", "expected": 38.2, "probability": 1.0}], "serial_mean_days": 11.9,
    "serial_sd_days": 5.2, "serial_from": "recorded pairs", "recorded_components": [94, 3],
}  # fmt: skip


@routes.get(
    "/tracing/cases", summary="Cases in order of their ids, page by page", openapi_extra=OWN,
    responses=responses([CASE_EXAMPLE], description="Cases after the one named"),
)  # fmt: skip
def cases(
    asking: Asked,
    area: AreaAsked = None,
    after: Annotated[
        str | None, Query(max_length=200, pattern=Text, description="only after this id")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many")] = 200,
) -> Response:
    """Return cases in an area of the viewer's, each illness once; who they are is in the vault."""
    from yipan.operations import (
        case_file,
    )

    path = asking.area(area)
    return asking.answer(
        lambda record: case_file.case_page(record, area=path, after=after, limit=limit)
    )


@routes.get(
    "/tracing/case", summary="One case: history, spans, chronology, contacts and possible sources", openapi_extra=OWN,
    responses=responses(
        {"case": CASE_EXAMPLE, "spans": [{"name": "infectious", "since": "2015-05-24", "until": None}], "sources": [CANDIDATE]},
        description="Everything about it but who it is", failures=READ,
    ),
)  # fmt: skip
def case(asking: Asked, case: CaseAsked) -> Response:
    """Return everything about one case but who it is."""
    from yipan.operations import (
        case_file,
    )

    with asking.reading() as record:
        return answer(
            case_file.case_view(
                record, case, at=_now(asking), time_zone=asking.door.settings.time_zone
            )
        )


@routes.get(
    "/tracing/investigations", summary="Investigations with their clocks, the latest first", openapi_extra=OWN,
    responses=responses([INVESTIGATION_EXAMPLE], description="Running ones, unless all are asked for"),
)  # fmt: skip
def investigations(
    asking: Asked, area: AreaAsked = None, at: Annotated[Instant | None, Query(description="the instant lateness is told for")] = None,
    running: Annotated[bool, Query(description="only those not closed")] = True,
) -> Response:  # fmt: skip
    """Return the investigations in an area of the viewer's."""
    from yipan.operations import (
        tracing,
    )

    path = asking.area(area)
    moment = asking.instant(at, where="at") if at else _now(asking)
    with asking.reading() as record:
        return answer(tracing.investigations(record, area=path, at=moment, running=running))


@routes.get(
    "/tracing/form", summary="What an investigation of a disease asks, by stage", openapi_extra=OWN,
    responses=responses(
        [{"key": "onset", "stage": "core", "kind": "day", "said": {"zh": "发病日期", "en": "Day of first symptoms"}, "values": []}],
        description="The questions in order",
    ),
)  # fmt: skip
def form(
    asking: Asked, disease: Annotated[str, Query(max_length=100, pattern=Text)] = "covid-19"
) -> Response:
    """Return the form of a disease."""
    from yipan.operations import (
        tracing,
    )

    return answer(tracing.form_of(disease))


@routes.get(
    "/tracing/reports", summary="Reported cases that nobody investigates yet, the newest first", openapi_extra=OWN,
    responses=responses([CASE_EXAMPLE], description="Their investigation waits to be opened"),
)  # fmt: skip
def reports(
    asking: Asked, area: AreaAsked = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many")] = 200,
) -> Response:  # fmt: skip
    """Return the reports of an area of the viewer's that wait."""
    from yipan.operations import (
        tracing,
    )

    path = asking.area(area)
    return asking.answer(lambda record: tracing.reports(record, area=path, limit=limit))


VENUE_EXAMPLE: dict[str, Any] = {
    "id": "v-3f2a", "area": "44.4401.", "name_zh": "茶餐厅", "name_en": "Tea house", "setting": "restaurant", "usual_people": 40,
    "longitude": None, "latitude": None,
}  # fmt: skip


@routes.get(
    "/tracing/venues", summary="Venues known in an area, in order of their names", openapi_extra=OWN,
    responses=responses([VENUE_EXAMPLE], description="What a visit may be to"),
)  # fmt: skip
def venues(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the venues of an area of the viewer's."""
    from yipan.operations import (
        tracing,
    )

    path = asking.area(area)
    return asking.answer(lambda record: tracing.venues(record, area=path))


class VisitGiven(BaseModel):
    """Where a case was: the id of a venue or what a new one is called, never whose home it is."""

    case: str = Field(max_length=200, pattern=Text, examples=["c-1"])
    place: str = Field(min_length=1, max_length=200, pattern=Text, examples=["v-3f2a"])
    since: datetime
    until: datetime
    setting: Setting = Setting.UNKNOWN
    role: VisitRole = VisitRole.UNKNOWN
    mask: bool | None = None
    indoors: bool | None = None


@routes.post(
    "/tracing/visits", summary="Put on record where a case was, from when until when", openapi_extra=OWN,
    responses=responses(
        {"id": "w-91ab", "area": "44.4401.", "person": "p-aaaaaaaaaaaa", "place": "v-3f2a", "since": "2022-11-09T12:00:00+08:00",
         "until": "2022-11-09T13:00:00+08:00", "role": "customer", "mask": False, "indoors": True, "told_by": "interview"},
        description="The visit", failures=CHANGE,
    ),
)  # fmt: skip
def record_visit(asking: Asked, given: VisitGiven) -> Response:
    """Put a visit of a case on record as the viewer."""
    from yipan.operations import (
        tracing,
    )

    return answer(
        tracing.record_visit(
            post_of(asking), given.case, place=given.place, since=asking.instant(given.since, where="since"),
            until=asking.instant(given.until, where="until"), at=asking.door.clock(), setting=given.setting, role=given.role,
            mask=given.mask, indoors=given.indoors,
        )
    )  # fmt: skip


class InvestigationGiven(BaseModel):
    """The reported case whose investigation is opened."""

    case: str = Field(max_length=200, pattern=Text, examples=["c-1"])


@routes.post(
    "/tracing/investigations", summary="Open the investigation of a reported case", openapi_extra=OWN,
    responses=responses(INVESTIGATION_EXAMPLE, description="The investigation with its clocks", failures=CHANGE),
)  # fmt: skip
def open_investigation(asking: Asked, given: InvestigationGiven) -> Response:
    """Open the investigation of a case as the viewer."""
    from yipan.operations import (
        tracing,
    )

    return answer(tracing.open_investigation(post_of(asking), given.case, at=asking.door.clock()))


class StageGiven(BaseModel):
    """A stage that was reached, at an instant or now."""

    stage: Stage = Field(examples=["core"])
    reached: datetime | None = None


@routes.post(
    "/tracing/investigations/{investigation}/stages", summary="Say that an investigation reached a stage", openapi_extra=OWN,
    responses=responses(INVESTIGATION_EXAMPLE, description="The investigation with its clocks", failures=CHANGE),
)  # fmt: skip
def reach(asking: Asked, investigation: Id, given: StageGiven) -> Response:
    """Take an investigation to a stage as the viewer; the task for it ends."""
    from yipan.operations import (
        tracing,
    )

    reached = asking.instant(given.reached, where="reached") if given.reached else None
    return answer(
        tracing.reach(
            post_of(asking), investigation, given.stage, at=asking.door.clock(), reached=reached
        )
    )


class AnswersGiven(BaseModel):
    """Answers by the key of their question."""

    answers: dict[str, str] = Field(max_length=100, examples=[{"present": "yes"}])


@routes.post(
    "/tracing/investigations/{investigation}/answers", summary="Answer questions of the form", openapi_extra=OWN,
    responses=responses(INVESTIGATION_EXAMPLE, description="The investigation with its clocks", failures=CHANGE),
)  # fmt: skip
def answers(asking: Asked, investigation: Id, given: AnswersGiven) -> Response:
    """Put answers on record as the viewer."""
    from yipan.operations import (
        tracing,
    )

    return answer(
        tracing.answer(post_of(asking), investigation, given.answers, at=asking.door.clock())
    )


class HandoverGiven(BaseModel):
    """The area that takes over, and why."""

    to: str = Field(max_length=200, examples=["44.4401."])
    why: str = Field(max_length=2000, examples=["the case lives there"])


@routes.post(
    "/tracing/investigations/{investigation}/handover", summary="Hand an investigation over to another area", openapi_extra=OWN,
    responses=responses(INVESTIGATION_EXAMPLE, description="The investigation, now in the other area", failures=CHANGE),
)  # fmt: skip
def hand_over(asking: Asked, investigation: Id, given: HandoverGiven) -> Response:
    """Hand an investigation over as the viewer."""
    from yipan.operations import (
        tracing,
    )

    return answer(
        tracing.hand_over(
            post_of(asking),
            investigation,
            to=_area(given.to, "to"),
            why=given.why,
            at=asking.door.clock(),
        )
    )


@routes.get(
    "/tracing/contacts", summary="Contacts by what is due: overdue, today, later", openapi_extra=OWN,
    responses=responses([CONTACT_EXAMPLE], description="Contacts and contacts of contacts", failures=READ),
)  # fmt: skip
def contacts(
    asking: Asked,
    area: AreaAsked = None,
    case: CaseMaybe = None,
    day: DayAsked = None,
    due: Annotated[
        DueWord | None, Query(description="only those for whom this is due, page by page")
    ] = None,
    after: Annotated[
        str | None, Query(max_length=40, description="person of the last row of the page before")
    ] = None,
    after_day: Annotated[
        date | None,
        Query(
            description="`until` of that row, `due_on` for those due later; left out where it has none"
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many a page")] = 200,
) -> Response:
    """Return contacts in an area of the viewer's: a page by what is due, else all of them, perhaps of one case."""
    from yipan.operations import (
        tracing,
    )

    path, today = asking.area(area), asking.as_of(day)
    if due is None or case is not None:
        with asking.reading() as record:
            return answer(tracing.contacts(record, area=path, today=today, case=case))
    if after is not None:
        person_id(after)

    def page(record: Any) -> object:
        return tracing.contact_page(
            record, area=path, today=today, due=due, after=person_id(after) if after else None, after_day=after_day,
            limit=limit,
        )  # fmt: skip

    return _of_day(asking, day, page)


@routes.get(
    "/tracing/contacts/counts", summary="How many contacts there are by what is due", openapi_extra=OWN,
    responses=responses({"overdue": 3, "today": 5, "later": 12, "unknown": 0, "over": 40}, description="Contacts and contacts of contacts"),
)  # fmt: skip
def contact_counts(asking: Asked, area: AreaAsked = None, day: DayAsked = None) -> Response:
    """Return how many contacts there are in an area of the viewer's by what is due."""
    from yipan.operations import (
        tracing,
    )

    path, today = asking.area(area), asking.as_of(day)
    return _of_day(
        asking, day, lambda record: tracing.contact_counts(record, area=path, today=today)
    )


def _of_day(asking: Asked, day: date | None, question: Any) -> Response:
    """An answer that is kept only where its day stands in the words or follows from the moment asked about."""
    if day is not None or asking.known_at is not None:
        return asking.answer(question)
    with asking.reading() as record:
        return answer(question(record))


class ProposalGiven(BaseModel):
    """The case whose contacts are sought among recorded visits, and the shortest time together that counts."""

    case: str = Field(max_length=200, pattern=Text, examples=["c-1"])
    least_minutes: int = Field(default=1, ge=1, le=1440)


@routes.post(
    "/tracing/contacts/proposals", summary="Propose who was where a case was, at the same time", openapi_extra=OWN,
    responses=responses([EXPOSURE_EXAMPLE], description="The exposures proposed that were not known before", failures=CHANGE),
)  # fmt: skip
def propose_contacts(asking: Asked, given: ProposalGiven) -> Response:
    """Propose contacts of a case as the viewer."""
    from yipan.operations import (
        tracing,
    )

    return answer(
        tracing.propose_contacts(
            post_of(asking), given.case, at=asking.door.clock(), time_zone=asking.door.settings.time_zone,
            least_minutes=given.least_minutes,
        )
    )  # fmt: skip


class JudgementGiven(BaseModel):
    """Exposures by id, and what the tracer made of them."""

    exposures: list[Annotated[str, Field(max_length=100)]] = Field(
        min_length=1, max_length=10_000, examples=[["x-3f2a"]]
    )
    state: ExposureState = Field(examples=["confirmed"])
    why: str = Field(default="", max_length=2000)


@routes.post(
    "/tracing/exposures/judgement", summary="Confirm or reject exposures", openapi_extra=OWN,
    responses=responses([EXPOSURE_EXAMPLE], description="The exposures as they now stand", failures=CHANGE),
)  # fmt: skip
def judge(asking: Asked, given: JudgementGiven) -> Response:
    """Confirm or reject exposures as the viewer."""
    from yipan.operations import (
        tracing,
    )

    return answer(
        tracing.judge_exposures(
            post_of(asking),
            given.exposures,
            state=given.state,
            at=asking.door.clock(),
            why=given.why,
        )
    )


SAME_EXAMPLE: dict[str, Any] = {
    "id": "p-aaaaaaaaaaaa+p-bbbbbbbbbbbb", "area": "44.4401.", "kept": "p-aaaaaaaaaaaa", "other": "p-bbbbbbbbbbbb",
    "state": "suggested", "why": "phone born", "bits": 31.2, "cases_kept": ["c-1"], "cases_other": ["c-7"],
}  # fmt: skip


@routes.get(
    "/tracing/same", summary="Pairs that may be one person: those waiting for a decision, or those decided", openapi_extra=OWN,
    responses=responses([SAME_EXAMPLE], description="The surest first, those put off last; by pseudonym only"),
)  # fmt: skip
def same(
    asking: Asked, area: AreaAsked = None,
    decided: Annotated[bool, Query(description="those decided, to look at or take back")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many")] = 200,
) -> Response:  # fmt: skip
    """Return the queue of suggested duplicates in an area of the viewer's; no identity is read for it."""
    from yipan.operations import (
        told_twice,
    )

    path = asking.area(area)
    return asking.answer(
        lambda record: told_twice.same_queue(record, area=path, decided=decided, limit=limit)
    )


class SearchGiven(BaseModel):
    """What identities are compared for, where, and how sure a pair has to be."""

    purpose: str = Field(
        min_length=3, max_length=150, pattern=Text, examples=["people told of twice"]
    )
    area: str | None = Field(default=None, max_length=200)
    least_bits: float | None = Field(default=None, ge=0, le=100)


@routes.post(
    "/tracing/same/searches", summary="Search for people told of twice; each identity read is written down", openapi_extra=OWN,
    responses=responses([SAME_EXAMPLE], description="What is new on the queue", failures=CHANGE),
)  # fmt: skip
def search_same(asking: Asked, given: SearchGiven) -> Response:
    """Put pairs that look like one person on the queue as the viewer, whose duty has to allow reading identities."""
    from yipan.operations import (
        told_twice,
    )

    post = post_of(asking)
    return answer(
        told_twice.suggest_same(
            post, area=_area(given.area, "area") if given.area else post.area, purpose=given.purpose,
            least_bits=given.least_bits, at=asking.door.clock(),
        )
    )  # fmt: skip


class SameGiven(BaseModel):
    """What a person decided about two pseudonyms; `one` stands for both where they are the same."""

    one: str = Field(max_length=40, examples=["p-aaaaaaaaaaaa"])
    other: str = Field(max_length=40, examples=["p-bbbbbbbbbbbb"])
    state: Annotated[str, Field(pattern="^(same|different|later|undone)$")] = Field(
        examples=["same"]
    )
    why: str = Field(min_length=1, max_length=500, pattern=Text, examples=["same certificate"])


@routes.post(
    "/tracing/same/decisions", summary="Decide whether two pseudonyms are one person; it can be taken back", openapi_extra=OWN,
    responses=responses(SAME_EXAMPLE, description="The decision", failures=CHANGE),
)  # fmt: skip
def decide_same(asking: Asked, given: SameGiven) -> Response:
    """Decide about two pseudonyms as the viewer; contacts, chains and counts follow, and nothing is rewritten."""
    from yipan.model import SamenessState
    from yipan.operations import (
        told_twice,
    )

    return answer(
        told_twice.decide_same(
            post_of(asking), person_id(given.one), person_id(given.other), state=SamenessState(given.state),
            why=given.why, at=asking.door.clock(),
        )
    )  # fmt: skip


@routes.get(
    "/tracing/letters", summary="Assist-check letters sent and received, with their replies", openapi_extra=OWN,
    responses=responses([LETTER_EXAMPLE], description="Those without a reply first"),
)  # fmt: skip
def letters(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the letters of an area of the viewer's."""
    from yipan.operations import (
        letters,
    )

    path = asking.area(area)
    with asking.reading() as record:
        return answer(letters.letters(record, area=path, at=_now(asking)))


class LetterGiven(BaseModel):
    """To which area, about whom (pseudonyms), what is asked, by when; nobody is named in the text."""

    to: str = Field(max_length=200, examples=["44.4403."])
    people: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list, max_length=1000
    )
    asked: str = Field(min_length=1, max_length=2000, examples=["find, test and isolate"])
    due: datetime
    case: str | None = Field(default=None, max_length=200)
    area: str | None = Field(default=None, max_length=200)


@routes.post(
    "/tracing/letters", summary="Send an assist-check letter", openapi_extra=OWN,
    responses=responses(LETTER_EXAMPLE, description="The letter", failures=CHANGE),
)  # fmt: skip
def send_letter(asking: Asked, given: LetterGiven) -> Response:
    """Send a letter as the viewer."""
    from yipan.operations import (
        letters,
    )

    return answer(
        letters.send_letter(
            post_of(asking), to=_area(given.to, "to"), people=[person_id(p) for p in given.people], asked=given.asked.strip(),
            due=asking.instant(given.due, where="due"), at=asking.door.clock(), case=given.case,
            area=_area(given.area, "area") if given.area else None,
        )
    )  # fmt: skip


class ReplyGiven(BaseModel):
    """What came of a letter."""

    outcome: AssistOutcome = Field(examples=["found"])
    answer: str = Field(
        min_length=1, max_length=2000, examples=["found, tested negative, isolated at home"]
    )


@routes.post(
    "/tracing/letters/{letter}/reply", summary="Answer a letter as the area it was sent to", openapi_extra=OWN,
    responses=responses(LETTER_EXAMPLE, description="The letter with its reply", failures=CHANGE),
)  # fmt: skip
def reply_letter(asking: Asked, letter: Id, given: ReplyGiven) -> Response:
    """Answer a letter as the viewer."""
    from yipan.operations import (
        letters,
    )

    return answer(
        letters.reply_letter(
            post_of(asking),
            letter,
            outcome=given.outcome,
            text=given.answer.strip(),
            at=asking.door.clock(),
        )
    )


@routes.get(
    "/tracing/sources", summary="Who may have infected each case, with probabilities", openapi_extra=OWN,
    responses=responses(
        [{"case": "mers:SK_6", "area": "44.", "day": "2015-05-26", "candidates": [CANDIDATE], "open_bits": 0.4}],
        description="In order of case", failures=READ,
    ),
)  # fmt: skip
def sources(
    asking: Asked, area: AreaAsked = None, disease: DiseaseAsked = None, case: CaseMaybe = None, weights: WeightsAsked = "",
    most: Annotated[int, Query(ge=1, le=20, description="at most so many candidates")] = 5,
) -> Response:  # fmt: skip
    """Return the candidates of the cases in an area of the viewer's."""
    from yipan.operations import (
        network,
        tracing,
    )

    path, zone = asking.area(area), asking.door.settings.time_zone
    heavy = _weights(weights)
    return asking.answer(
        lambda record: network.sources_answer(
            tracing.traced(record, area=path, disease=disease, time_zone=zone, weights=heavy),
            only=(case,) if case else (), most=most,
        )
    )  # fmt: skip


@routes.get(
    "/tracing/chains", summary="Chains: sizes, generations, introductions, offspring, spreaders", openapi_extra=OWN,
    responses=responses(CHAINS_EXAMPLE, description="The chains of the likeliest forest"),
)  # fmt: skip
def chains(
    asking: Asked, area: AreaAsked = None, disease: DiseaseAsked = None, day: DayAsked = None, weights: WeightsAsked = "",
    quiet_days: Annotated[int, Query(ge=1, le=365, description="a chain is active while its last case is younger")] = 14,
) -> Response:  # fmt: skip
    """Return the chains in an area of the viewer's."""
    import numpy as np

    from yipan.operations import (
        network,
        tracing,
    )

    path, zone = asking.area(area), asking.door.settings.time_zone
    heavy = _weights(weights)

    def told(record: Any) -> object:
        traced = tracing.traced(record, area=path, disease=disease, time_zone=zone, weights=heavy)
        return network.chains_answer(
            traced, today=asking.as_of(day), rng=np.random.default_rng(1), quiet_days=quiet_days
        )

    return _of_day(asking, day, told)


@routes.get(
    "/tracing/inconsistencies", summary="What contradicts itself among recorded exposures, as questions", openapi_extra=OWN,
    responses=responses(
        [{"doubt": "long_gap", "source": "c-1", "target": "c-2", "days": 40, "zh": "……", "en": "…"}], description="Questions to the tracer"
    ),
)  # fmt: skip
def inconsistencies(
    asking: Asked, area: AreaAsked = None, disease: DiseaseAsked = None
) -> Response:
    """Return questions to the tracer in an area of the viewer's."""
    from yipan.operations import (
        network,
        tracing,
    )

    path, zone = asking.area(area), asking.door.settings.time_zone
    return asking.answer(
        lambda record: network.inconsistencies(
            tracing.traced(record, area=path, disease=disease, time_zone=zone)
        )
    )


@routes.get(
    "/tracing/inquiries", summary="Which evidence would settle most about open links", openapi_extra=OWN,
    responses=responses(
        [{"case": "c-2", "candidate": "c-1", "ask": "places", "bits": 0.7, "open_bits": 1.4, "zh": "……", "en": "…"}],
        description="The most telling first",
    ),
)  # fmt: skip
def inquiries(
    asking: Asked, area: AreaAsked = None, disease: DiseaseAsked = None,
    most: Annotated[int, Query(ge=1, le=200, description="at most so many")] = 20, weights: WeightsAsked = "",
) -> Response:  # fmt: skip
    """Return what to find out next in an area of the viewer's."""
    from yipan.operations import (
        network,
        tracing,
    )

    path, zone = asking.area(area), asking.door.settings.time_zone
    heavy = _weights(weights)
    return asking.answer(
        lambda record: network.inquiries(
            tracing.traced(record, area=path, disease=disease, time_zone=zone, weights=heavy),
            most=most,
        )
    )


@routes.get(
    "/tracing/changes", summary="What changed since an earlier instant: points, sources, chains, indicators", openapi_extra=OWN,
    responses=responses(
        {"since": "2022-11-09T08:00:00+08:00", "at": "2022-11-10T08:00:00+08:00", "new_cases": ["c-9"], "new_areas": ["44.4401."],
         "new_sources": ["c-9"], "chains": [{"change": "grown", "now": "covid-19:c-1", "before": ["covid-19:c-1"], "cases": 5,
                                             "cases_before": 4, "new_cases": ["c-9"]}], "indicators": []},
        description="Each with its list",
    ),
)  # fmt: skip
def changes(
    asking: Asked,
    area: AreaAsked = None,
    since: Annotated[
        Instant | None, Query(description="the earlier instant; a day before where left out")
    ] = None,
) -> Response:
    """Return what changed in an area of the viewer's."""
    from yipan.operations import (
        changes,
    )

    path = asking.area(area)
    begin = asking.instant(since, where="since") if since else _now(asking) - timedelta(days=1)
    with asking.reading() as now, asking.reading(known_at=begin) as before:
        return answer(
            changes.changed(
                now,
                before,
                area=path,
                since=begin,
                at=_now(asking),
                time_zone=asking.door.settings.time_zone,
            )
        )


@routes.get(
    "/tracing/indicators", summary="Indicators of tracing, each with the cases it counts", openapi_extra=OWN,
    responses=responses(
        [{"name": "among_contacts", "said": {"zh": "新增病例中的已知接触者", "en": "New cases among known contacts"}, "cases": ["c-2"],
          "of": ["c-1", "c-2"], "share": 0.5, "median_hours": None}],
        description="Shares and delays",
    ),
)  # fmt: skip
def indicators(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the indicators of an area of the viewer's."""
    from yipan.operations import (
        changes,
    )

    path, zone = asking.area(area), asking.door.settings.time_zone
    return asking.answer(lambda record: changes.indicators(record, area=path, time_zone=zone))


SEVEN_EXAMPLE: dict[str, Any] = {
    "incident": "i-3f2a", "disease": "covid-19", "area": "44.4401.",
    "milestones": [{"name": "emergence", "at": "2022-10-30", "noted": False, "not_applicable": ""}],
    "actions": [{"name": "investigation_started", "at": None, "noted": False, "not_applicable": ""}],
    "detect_days": 3, "notify_days": 0, "respond_days": None,
}  # fmt: skip


@routes.get(
    "/tracing/7-1-7", summary="Milestones and early actions of 7-1-7 as the record shows them", openapi_extra=OWN,
    responses=responses(SEVEN_EXAMPLE, description="None where nothing shows it", failures=READ),
)  # fmt: skip
def seven_one_seven(
    asking: Asked,
    area: AreaAsked = None,
    disease: Annotated[str, Query(max_length=100, pattern=Text)] = "covid-19",
    incident: Annotated[
        str | None, Query(max_length=100, pattern=Text, description="of this incident")
    ] = None,
) -> Response:
    """Return 7-1-7 for an incident, or for a disease in an area of the viewer's."""
    from yipan.operations import (
        seven_one_seven,
    )

    path, zone = asking.area(area), asking.door.settings.time_zone
    return asking.answer(
        lambda record: seven_one_seven.seven_one_seven(
            record, area=path, disease=disease, time_zone=zone, incident=incident
        )
    )


@routes.get(
    "/tracing/incidents", summary="Incidents of an area, those not closed first", openapi_extra=OWN,
    responses=responses(
        [{"id": "i-3f2a", "area": "44.4401.", "disease": "covid-19", "title_zh": "……", "title_en": "…", "state": "response",
          "opened": "2022-10-24T08:00:00+08:00", "closed": None}], description="The newest first",
    ),
)  # fmt: skip
def incidents(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the incidents of an area of the viewer's."""
    from yipan.operations import (
        seven_one_seven,
    )

    path = asking.area(area)
    return asking.answer(lambda record: seven_one_seven.incidents(record, area=path))


class ActionGiven(BaseModel):
    """An early action of an incident: when it was started, or why it does not apply."""

    action: EarlyAction = Field(examples=["coordination"])
    started: datetime | None = None
    not_applicable: str = Field(default="", max_length=500)
    why: str = Field(default="", max_length=500)


@routes.post(
    "/tracing/incidents/{incident}/actions", summary="Note when an early action was started, or why it does not apply", openapi_extra=OWN,
    responses=responses(SEVEN_EXAMPLE, description="7-1-7 as it then stands", failures=CHANGE),
)  # fmt: skip
def note_action(asking: Asked, incident: Id, given: ActionGiven) -> Response:
    """Note an early action as the viewer."""
    from yipan.operations import (
        seven_one_seven,
    )

    return answer(
        seven_one_seven.note_action(
            post_of(asking), incident, given.action, at=asking.door.clock(), not_applicable=given.not_applicable.strip(),
            started=asking.instant(given.started, where="started") if given.started else None, why=given.why.strip(),
            time_zone=asking.door.settings.time_zone,
        )
    )  # fmt: skip


@routes.get(
    "/tracing/export", summary="Cases and exposures as files for another system, without names", openapi_extra=OWN,
    responses=responses("PK…", description="A ZIP archive, with what the format could not hold", media_type="application/zip"),
)  # fmt: skip
def export(
    asking: Asked, area: AreaAsked = None,
    format: Annotated[str, Query(pattern="^(godata-csv|godata-json|sormas|csv|xlsx)$", description="how they are written")] = "csv",
) -> Response:  # fmt: skip
    """Return files of what tracers know in an area of the viewer's; names leave by the command line only."""
    from yipan.operations import (
        outbreak_files,
    )

    path = asking.area(area)
    with asking.reading() as record:
        done = outbreak_files.export_files(
            record,
            area=path,
            format=format,
            at=_now(asking),
            time_zone=asking.door.settings.time_zone,
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in done.files:
            archive.writestr(name, content)
        archive.writestr("left_out.txt", "\n".join(done.losses) + "\n")
    return Response(
        out.getvalue(),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="tracing-{format}.zip"'},
    )


class IdentityAsked(BaseModel):
    """Whose identity, and what it is needed for; the reading is written down with it."""

    person: str = Field(max_length=40, examples=["p-7f3a90c1d2e4"])
    purpose: str = Field(min_length=3, max_length=500, examples=["call for the interview"])


@routes.post(
    "/tracing/identity", summary="Who somebody is, for those whose duty needs it; each reading is written down", openapi_extra=OWN,
    responses=responses(
        {"person": "p-7f3a90c1d2e4", "name": "…", "phone": "…", "address": "…"}, description="Name, phone and address", failures=CHANGE
    ),
)  # fmt: skip
def identity(asking: Asked, given: IdentityAsked) -> Response:
    """Return who somebody is to a viewer whose duty allows it, and write the reading down."""
    with asking.reading() as record:
        found = record.identity(
            person_id(given.person), purpose=given.purpose, at=asking.door.clock()
        )
        return answer(
            {
                "person": found.person,
                "name": found.name,
                "phone": found.phone,
                "address": found.address,
            }
        )


@routes.get(
    "/tracing/diseases", summary="Diseases with cases on record, the commonest first", openapi_extra=OWN,
    responses=responses(
        [{"disease": "covid-19", "cases": 120, "serial_mean_days": 3.0, "serial_sd_days": 1.8, "questions": 13}],
        description="With the interval published for each, None where there is none",
    ),
)  # fmt: skip
def diseases(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the diseases of an area of the viewer's."""
    from yipan.operations import (
        tracing,
    )

    path = asking.area(area)
    return asking.answer(lambda record: tracing.diseases(record, area=path))


class GenomePair(BaseModel):
    """By how many single-nucleotide differences the genomes of two cases differ."""

    first: str = Field(max_length=200, pattern=r'^[^\x00-\x1f,"]+$', examples=["c-1"])
    second: str = Field(max_length=200, pattern=r'^[^\x00-\x1f,"]+$', examples=["c-2"])
    snps: int = Field(ge=0, le=1_000_000, examples=[2])


class GenomesGiven(BaseModel):
    """Distances between genomes, all put on record or none."""

    distances: list[GenomePair] = Field(min_length=1, max_length=200_000)
    dry_run: bool = False


@routes.post(
    "/tracing/genomes", summary="Put distances between genomes of cases on record", openapi_extra=OWN,
    responses=responses(
        {"report": {"file": "request", "read": 1, "accepted": 1, "wrong": 0, "problems": []}, "distances": 1, "receipt": None},
        description="What was read, with the receipt unless it was a dry run", failures=CHANGE,
    ),
)  # fmt: skip
def genomes(asking: Asked, given: GenomesGiven) -> Response:
    """Commit distances as the viewer; a row about a case that is not known refuses all."""
    from yipan.operations import (
        outbreak_files,
    )

    rows = [f"{pair.first},{pair.second},{pair.snps}" for pair in given.distances]
    text = "\n".join(["first,second,snps", *rows]) + "\n"
    return answer(
        outbreak_files.import_genomes(
            post_of(asking),
            ("request", text.encode()),
            at=asking.door.clock(),
            dry_run=given.dry_run,
        )
    )


def _weights(text: str) -> Any:
    from yipan.operations import network

    try:
        return network.weights_of(part for part in text.split(",") if part)
    except ValueError as wrong:
        raise BadInput(str(wrong), where="weights") from None


def _now(asking: Asked) -> datetime:
    return asking.known_at or asking.door.clock()


def _area(text: str, where: str) -> Any:
    try:
        return area_path(text)
    except ValueError as wrong:
        raise BadInput(str(wrong), where=where) from None
