"""What waits to be decided, what was ordered, what is due and what is late."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked, Instant
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import OrderLine, ProposalState, TaskState, Verdict, area_path

routes = routes_of("commanding")

Id = Annotated[str, Path(max_length=100, pattern=r"^[0-9A-Za-z._-]+$", description="its id")]
IdAsked = Annotated[
    str | None, Query(max_length=100, pattern=r"^[0-9A-Za-z._-]+$", description="only this one")
]
AtAsked = Annotated[
    Instant | None, Query(description="the instant lateness is told for; the known one, or now")
]
CHANGE = (400, 401, 403, 404, 422, 503)

LINE_EXAMPLE = {
    "kind": "zone.lower", "subject": "z-1", "area": "44.4401.440105.",
    "effective": "2022-11-23T12:00:00+08:00", "terms": {"level": "low"},
}  # fmt: skip
PROPOSAL_EXAMPLE: dict[str, Any] = {
    "id": "p-4f1c", "area": "44.4401.440105.", "desk": "zoning", "kind": "zone.lower", "subject": "z-1",
    "what": {"zh": "将高风险区降为低风险区", "en": "Lower the high-risk zone to low risk"},
    "reasons": [
        {
            "zh": "连续5天无新增感染者，末轮检测全部阴性。", "en": "Five days without a new infection; the closing round is clear.",
            "source": ["b1"], "confidence": "high",
        }
    ],
    "by": "system", "made": "2022-11-23T12:00:00+08:00", "decided_in": "44.4401.", "lines": [LINE_EXAMPLE],
    "alternatives": [], "cost": {"residents": 0, "person_days": 0.0}, "rule": "cn-covid-20m",
    "power": "decide", "due": "2022-11-23T12:00:00+08:00", "state": "open", "decision": None, "lapsed": "",
    "may_decide": True, "late_hours": 0.0,
}  # fmt: skip
TASK_EXAMPLE: dict[str, Any] = {
    "id": "t-91ab", "area": "44.4401.440105.", "duty": "commander", "desk": "zoning", "kind": "publish",
    "subject": "o-131", "what": {"zh": "向社会公布", "en": "Tell the public"},
    "starts": "2022-11-18T10:00:00+08:00", "due": "2022-11-18T15:00:00+08:00", "measured_to": "published",
    "cause": "o-131", "rule": "cn-covid-20m", "state": "open", "finished": None, "steps": [],
    "overdue": False, "late_hours": 0.0,
}  # fmt: skip
ORDER_EXAMPLE: dict[str, Any] = {
    "id": "o-131", "area": "44.4401.440105.", "lines": [LINE_EXAMPLE],
    "effective": "2022-11-23T12:00:00+08:00", "decided": "2022-11-23T11:40:00+08:00", "decider": "guangzhou",
    "signer": "区指挥部办公室", "signed": "2022-11-23T11:40:00+08:00", "published": None, "number": "第256号",
    "legal_basis": ["联防联控机制综发〔2022〕101号"], "rule": "cn-covid-20m", "proposal": "p-4f1c", "reason": "",
}  # fmt: skip


@routes.get(
    "/inbox",
    summary="What waits: open proposals and running tasks, the most pressing first",
    openapi_extra=OWN,
    responses=responses(
        {"at": "2022-11-23T12:00:00+08:00", "proposals": [PROPOSAL_EXAMPLE], "tasks": [TASK_EXAMPLE]},
        description="What waits in the area",
    ),
)  # fmt: skip
def inbox(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return what waits in an area of the viewer's."""
    from yipan.operations import commanding

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(commanding.inbox(record, area=path, at=moment))


@routes.get(
    "/proposals",
    summary="Proposals with their reasons, costs, alternatives and decisions",
    openapi_extra=OWN,
    responses=responses([PROPOSAL_EXAMPLE], description="Those whose decision is due first"),
)
def proposals(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    state: Annotated[ProposalState | None, Query(description="only in this state")] = None,
    subject: IdAsked = None,
) -> Response:
    """Return the proposals in an area of the viewer's."""
    from yipan.operations import commanding

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        found = commanding.proposals(record, area=path, at=moment, state=state, subject=subject)
        return answer(found)


class LineGiven(BaseModel):
    """One line to be ordered instead of those proposed."""

    kind: str = Field(max_length=100, examples=["zone.lower"])
    subject: str = Field(max_length=100, examples=["z-1"])
    area: str = Field(max_length=200, examples=["44.4401.440105."])
    effective: datetime = Field(examples=["2022-11-23T12:00:00+08:00"])
    terms: dict[str, Any] = Field(default_factory=dict, examples=[{"level": "low"}])


class DecisionGiven(BaseModel):
    """A decision: accept needs nothing more; change needs lines or an alternative, and a reason; refuse a reason."""

    verdict: Verdict = Field(examples=["accept"])
    reason: str = Field(default="", max_length=2000)
    lines: list[LineGiven] = Field(default_factory=list, max_length=1000)
    alternative: int | None = Field(default=None, ge=0, le=1000)
    signer: str = Field(default="", max_length=200)
    number: str = Field(default="", max_length=200)
    legal_basis: list[str] = Field(default_factory=list, max_length=50)


@routes.post(
    "/proposals/{proposal}/decision",
    summary="Accept, change or refuse a proposal",
    openapi_extra=OWN,
    responses=responses(
        {"proposal": PROPOSAL_EXAMPLE, "order": ORDER_EXAMPLE, "tasks": [TASK_EXAMPLE]},
        description="The decision, the order it made and what that makes due",
        failures=(*CHANGE, 409),
    ),
)
def decide(asking: Asked, proposal: Id, given: DecisionGiven) -> Response:
    """Decide a proposal as the viewer; the order is made and carried out in the same act."""
    from yipan.operations import day

    return answer(
        day.decide(
            post_of(asking), proposal, verdict=given.verdict, at=asking.door.clock(), reason=given.reason.strip(),
            lines=tuple(_line(asking, line, number) for number, line in enumerate(given.lines)),
            alternative=given.alternative, signer=given.signer.strip(), number=given.number.strip(),
            legal_basis=given.legal_basis,
        )
    )  # fmt: skip


@routes.get(
    "/orders",
    summary="Orders that touch an area, the newest first",
    openapi_extra=OWN,
    responses=responses(
        [ORDER_EXAMPLE], description="Orders, those of the commands above among them"
    ),
)
def orders(asking: Asked, area: AreaAsked = None, order: IdAsked = None) -> Response:
    """Return the orders that touch an area of the viewer's."""
    from yipan.operations import commanding

    path = asking.area(area)
    with asking.reading() as record:
        found = commanding.orders(record, area=path)
        return answer([one for one in found if order is None or one.id == order])


class PublicationGiven(BaseModel):
    """That the public was told: when (now if left out), under which number, signed by whom."""

    published: datetime | None = None
    number: str = Field(default="", max_length=200)
    signer: str = Field(default="", max_length=200)


@routes.post(
    "/orders/{order}/publication",
    summary="Say that the public was told of an order",
    openapi_extra=OWN,
    responses=responses(ORDER_EXAMPLE, description="The order, published", failures=(*CHANGE, 409)),
)
def publish(asking: Asked, order: Id, given: PublicationGiven) -> Response:
    """Publish an order as the viewer; the task to do so ends."""
    from yipan.operations import commanding

    published = asking.instant(given.published, where="published") if given.published else None
    return answer(
        commanding.publish(
            post_of(asking), order, at=asking.door.clock(), published=published,
            number=given.number.strip(), signer=given.signer.strip(),
        )
    )  # fmt: skip


@routes.get(
    "/tasks",
    summary="Tasks: who must do what by when, and how late it is",
    openapi_extra=OWN,
    responses=responses([TASK_EXAMPLE], description="The earliest due first"),
)
def tasks(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    running: Annotated[bool, Query(description="only those somebody still has to do")] = True,
    overdue: Annotated[bool, Query(description="only those running past their limit")] = False,
    subject: IdAsked = None,
    cause: IdAsked = None,
) -> Response:
    """Return the tasks in an area of the viewer's."""
    from yipan.operations import commanding

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        found = commanding.tasks(
            record, area=path, at=moment, running=running, subject=subject, cause=cause
        )
        return answer([task for task in found if task.overdue or not overdue])


class StepGiven(BaseModel):
    """One step of a task; `finished` is the instant its limit is measured to, now if left out."""

    to: TaskState = Field(examples=["done"])
    note: str = Field(default="", max_length=2000)
    finished: datetime | None = None


@routes.post(
    "/tasks/{task}/steps",
    summary="Take a task one step: acknowledged, done, verified, sent back, cancelled",
    openapi_extra=OWN,
    responses=responses(
        TASK_EXAMPLE, description="The task after the step", failures=(*CHANGE, 409)
    ),
)
def step(asking: Asked, task: Id, given: StepGiven) -> Response:
    """Take a task one step as the viewer."""
    from yipan.operations import commanding

    finished = asking.instant(given.finished, where="finished") if given.finished else None
    return answer(
        commanding.step(
            post_of(asking), task, to=given.to, at=asking.door.clock(), note=given.note.strip(),
            finished=finished,
        )
    )  # fmt: skip


def moment_of(asking: Asked, at: datetime | None) -> datetime:
    """Return the instant lateness is told for, in the deployment's time zone: asked, else the known one, else now."""
    moment = (
        asking.instant(at, where="at") if at is not None else asking.known_at or asking.door.clock()
    )
    return moment.astimezone(asking.door.settings.time_zone)


def post_of(asking: Asked) -> Any:
    """Return the post of the viewer who asks; a change is made now, never as known at a past moment."""
    from yipan.operations.post import Post

    if asking.known_at is not None:
        raise BadInput("a change is made now; leave known_at out", where="known_at")
    return Post(store=asking.door.store, viewer=asking.viewer)


def lake_of(asking: Asked) -> Any:
    """Return the lake of bulk facts to read from, as known at any moment that is asked about."""
    from yipan.operations.post import Post

    return Post(store=asking.door.store, viewer=asking.viewer).lake


def _line(asking: Asked, given: LineGiven, number: int) -> OrderLine:
    where = f"lines.{number}"
    try:
        return OrderLine(
            kind=given.kind, subject=given.subject, area=area_path(given.area),
            effective=asking.instant(given.effective, where=f"{where}.effective"), terms=given.terms,
        )  # fmt: skip
    except BadInput:
        raise
    except ValueError as wrong:
        raise BadInput(f"line {number}: {wrong}", where=where) from None
