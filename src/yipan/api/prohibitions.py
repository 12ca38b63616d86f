"""What asks more of people than the protocol allows: findings, their being put right, and the excess of a day."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked, DayAsked
from yipan.api.commanding import CHANGE, AtAsked, Id, moment_of, post_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import Evidence, LocalMeasure, MeasureKind

routes = routes_of("prohibitions")

FINDING_EXAMPLE: dict[str, Any] = {
    "id": "f-1f3a", "area": "44.4401.440105.", "subject": "z-1", "item": 3, "verdict": "violation",
    "found": "2022-11-23T18:00:00+08:00",
    "reasons": [
        {
            "zh": "应于2022年11月23日12时00分解除或降级，已超过6小时。", "en": "It was due 2022-11-23 12:00; it is 6 h late.",
            "source": ["b1"], "confidence": "high",
        }
    ],
    "arithmetic": "due 2022-11-23T12:00:00+08:00, at 2022-11-23T18:00:00+08:00: 6 h over", "owner": "44.4401.",
    "due": "2022-11-24T18:00:00+08:00", "task": "t-77aa", "people": 240, "excess_since": "2022-11-23T12:00:00+08:00",
    "excess_until": None, "evidence": [], "closed": None, "rule": "nine prohibitions, item 3", "state": "open",
    "late_hours": 0.0,
}  # fmt: skip


@routes.get(
    "/findings",
    summary="Findings: what asks more than the protocol allows, violations first",
    openapi_extra=OWN,
    responses=responses([FINDING_EXAMPLE], description="Open findings, or closed ones as well"),
)
def findings(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    every: Annotated[bool, Query(description="closed ones as well")] = False,
) -> Response:
    """Return the findings in an area of the viewer's."""
    from yipan.operations import prohibitions

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(prohibitions.findings(record, area=path, at=moment, open_only=not every))


@routes.get(
    "/findings/check",
    summary="Check everything in force now against the protocol; nothing is recorded",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "record": "z-1", "item": 3, "verdict": "ok", "area": "44.4401.440105.",
                "at": "2022-11-20T08:00:00+08:00", "reasons": [], "arithmetic": "not due before 2022-11-23T12:00:00+08:00",
                "owner_level": "city", "due": None, "people": 240, "excess_since": None, "excess_until": None,
                "excess_hours": None, "excess_days": None, "assumed": [],
            }
        ],
        description="One answer per record, those that are well among them",
    ),
)  # fmt: skip
def check(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return what each of the nine prohibitions says of everything in force in an area of the viewer's."""
    from yipan.operations import prohibitions

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(prohibitions.check(record, area=path, at=moment))


@routes.get(
    "/findings/excess",
    summary="People and person-hours held beyond the protocol on a day, with the findings behind the figure",
    openapi_extra=OWN,
    responses=responses(
        {
            "area": "44.4401.", "since": "2022-11-23T00:00:00+08:00", "until": "2022-11-24T00:00:00+08:00",
            "people": 240, "person_hours": 2880.0, "people_unknown": 0, "findings": [FINDING_EXAMPLE],
        },
        description="The figure and its list",
    ),
)  # fmt: skip
def excess(asking: Asked, area: AreaAsked = None, day: DayAsked = None) -> Response:
    """Return the excess of one day in an area of the viewer's; up to the known moment on the day itself."""
    from yipan.operations import prohibitions

    path = asking.area(area)
    with asking.reading() as record:
        wanted = asking.day(day, record)
        since = datetime.combine(wanted, time(), tzinfo=asking.door.settings.time_zone)
        now = asking.known_at or asking.door.clock()
        until = max(min(since + timedelta(days=1), now), since + timedelta(microseconds=1))
        return answer(
            prohibitions.excess(record, area=path, since=since, until=until.astimezone(UTC))
        )


class MeasureGiven(BaseModel):
    """A local measure; nobody is named in it."""

    id: str = Field(min_length=1, max_length=100, pattern=r"^[0-9A-Za-z._-]+$", examples=["m-1"])
    area: str = Field(max_length=200, examples=["44.4401.440105."])
    kind: MeasureKind = Field(examples=["checkpoint"])
    since: datetime = Field(examples=["2022-11-20T08:00:00+08:00"])
    until: datetime | None = None
    order_level: str = Field(default="county", max_length=20)
    people: int | None = Field(default=None, ge=0, le=2_000_000_000)
    reason: str | None = Field(default="unknown", max_length=2000)
    terms: dict[str, Any] = Field(default_factory=dict, examples=[{"approved_by": None}])


@routes.post(
    "/measures",
    summary="Put a local measure on record, to be checked with the rest",
    openapi_extra=OWN,
    responses=responses(
        {"new": 1, "corrected": 0, "unchanged": 0}, description="What changed", failures=CHANGE
    ),
)
def record_measure(asking: Asked, given: MeasureGiven) -> Response:
    """Record a local measure as the viewer."""
    from yipan.operations import prohibitions

    try:
        measure = LocalMeasure(
            id=given.id, area=asking.area(given.area), kind=given.kind, order_level=given.order_level,
            since=asking.instant(given.since, where="since"), people=given.people, reason=given.reason,
            until=asking.instant(given.until, where="until") if given.until else None, terms=given.terms,
        )  # fmt: skip
    except BadInput:
        raise
    except ValueError as wrong:
        raise BadInput(str(wrong), where="body") from None
    return answer(prohibitions.record_measures(post_of(asking), [measure], at=asking.door.clock()))


class NoteGiven(BaseModel):
    """What is to be said about it."""

    note: str = Field(default="", max_length=2000)


@routes.post(
    "/findings/{finding}/recheck",
    summary="Re-check a finding from the level above: closed where it is well, else open again",
    openapi_extra=OWN,
    responses=responses(
        FINDING_EXAMPLE, description="The finding after it", failures=(*CHANGE, 409)
    ),
)
def recheck(asking: Asked, finding: Id, given: NoteGiven) -> Response:
    """Re-check a finding as the viewer."""
    from yipan.operations import prohibitions

    return answer(
        prohibitions.recheck(
            post_of(asking), finding, at=asking.door.clock(), note=given.note.strip()
        )
    )


class EvidenceGiven(BaseModel):
    """What somebody said about a finding, without naming anybody."""

    by: str = Field(min_length=1, max_length=100, examples=["hotline"])
    what: str = Field(min_length=1, max_length=2000)


@routes.post(
    "/findings/{finding}/evidence",
    summary="Attach what somebody said to a finding; it never decides it",
    openapi_extra=OWN,
    responses=responses(FINDING_EXAMPLE, description="The finding with it", failures=CHANGE),
)
def attach(asking: Asked, finding: Id, given: EvidenceGiven) -> Response:
    """Attach evidence as the viewer."""
    from yipan.operations import prohibitions

    at = asking.door.clock()
    evidence = Evidence(at=at, by=given.by.strip(), what=given.what.strip())
    return answer(prohibitions.attach(post_of(asking), finding, evidence, at=at))
