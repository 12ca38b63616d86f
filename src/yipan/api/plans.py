"""What a person is asked to do, day by day: ruled, ordered and kept, followed up."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked
from yipan.api.commanding import CHANGE, AtAsked, moment_of, post_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import (
    AreaPath,
    FollowUp,
    FollowUpResult,
    PersonId,
    PersonRole,
    PersonTest,
    RolesOnRecord,
    TestResult,
    area_path,
    person_id,
)

routes = routes_of("plans")

PseudonymAsked = Annotated[
    str,
    Path(max_length=100, pattern=r"^[0-9A-Za-z._-]+$", description="pseudonym of the person"),
]
COUNTS_EXAMPLE = {
    "area": "44.4401.", "under_plan": 12, "test_today": 4, "test_missed": 1, "unseen": 3, "release_today": 2,
    "release_late": 1, "outdated": 0,
}  # fmt: skip
ROW_EXAMPLE: dict[str, Any] = {
    "person": "p-00000000000a", "area": "44.4401.440105.", "state": "running", "place": "central_isolation",
    "roles": ["close_contact"], "ends": "2022-11-20T00:00:00+08:00", "next_kind": "test", "next_day": "2022-11-12",
    "test_today": True, "missed_tests": 0, "unseen_days": 0, "late_hours": 0.0, "revision": 1, "outdated": False,
    "versions": ["cn-covid-20m"],
}  # fmt: skip
_STRETCH = {
    "place": "central_isolation", "roles": ["close_contact"], "first": "2022-11-12", "last": "2022-11-16",
    "tests": ["2022-11-12", "2022-11-13", "2022-11-14", "2022-11-16"],
}  # fmt: skip
PLAN_EXAMPLE: dict[str, Any] = {
    "id": "p-00000000000a", "area": "44.4401.440105.",
    "terms": {
        "roles": [{"role": "close_contact", "day_one": "2022-11-12", "found": None, "because": ["x-1"]}],
        "stretches": [_STRETCH], "ends": "2022-11-20T00:00:00+08:00", "awaits_result": False,
        "versions": ["cn-covid-20m"], "profile": "guangdong-2022", "why": {"zh": "新确认的管理对象。", "en": "Newly found."},
        "reasons": [], "assumed": [],
    },
    "order": "o-131", "line": 0, "begun": "2022-11-12T10:00:00+08:00", "ruled": "2022-11-12T10:00:00+08:00", "revision": 1, "released": None,
}  # fmt: skip
SHEET_EXAMPLE: dict[str, Any] = ROW_EXAMPLE | {
    "plan": PLAN_EXAMPLE,
    "days": [{"day": "2022-11-12", "place": "central_isolation", "roles": ["close_contact"], "test": True}],
    "tests": [], "seen": [], "missed": [], "unseen": [], "pending": [],
    "revisions": [
        {
            "revision": 1, "known_from": "2022-11-12T10:00:00+08:00", "act": 131, "order": "o-131",
            "why": {"zh": "新确认的管理对象。", "en": "Newly found."}, "versions": ["cn-covid-20m"],
            "ends": "2022-11-20T00:00:00+08:00", "released": None, "changes": [],
        }
    ],
}  # fmt: skip


@routes.get(
    "/plans",
    summary="The plan of somebody with one role or several: place, tests and roles per date",
    openapi_extra=OWN,
    responses=responses(
        {
            "value": {
                "days": [
                    {"day": "2022-11-12", "place": "central_isolation", "roles": ["close_contact"], "test": True}
                ],
                "ends": "2022-11-20T00:00:00+08:00", "awaits_result": False, "plans": [],
            },
            "reasons": [], "trace": [], "assumed": ["isolation_day_one = anchor_date"], "nothing": None,
        },
        description="The ruling; `nothing` says why there is none",
    ),
)  # fmt: skip
def plans(
    asking: Asked,
    area: AreaAsked = None,
    role: Annotated[
        list[str] | None,
        Query(
            max_length=20,
            description="role and first day, like close_contact:2022-11-12; several are merged",
        ),
    ] = None,
) -> Response:
    """Rule on a plan under what is adopted on record, as known at the moment asked about."""
    from yipan.operations import plans as desk
    from yipan.protocol.rules.people import PlanFacts

    path = asking.area(area)
    facts = [PlanFacts(role=name, day_one=day) for name, day in (_pair(one) for one in role or ())]
    with asking.reading() as record:
        try:
            return answer(
                desk.plan(record, area=path, roles=facts, time_zone=asking.door.settings.time_zone)
            )
        except desk.NothingAdopted as nothing:
            return answer({"nothing": str(nothing)})


def _pair(text: str) -> tuple[str, date]:
    name, _, day = text.partition(":")
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise BadInput(
            f"{text!r} is no role with its first day; expected like close_contact:2022-11-12",
            where="role",
        ) from None
    if not (1900 <= found.year <= 2200 and name and "\x00" not in name):
        raise BadInput(f"{text!r} cannot be meant", where="role")
    return name, found


@routes.get(
    "/plans/picture",
    summary="How many people are under a plan, and what is due, missed and late",
    openapi_extra=OWN,
    responses=responses(
        {
            "at": "2022-11-12T12:00:00+08:00", "total": COUNTS_EXAMPLE, "areas": [COUNTS_EXAMPLE],
            "roles": {"close_contact": 12}, "places": {"central_isolation": 8},
        },
        description="The counts of the area and of each right below it; every figure opens its list",
    ),
)  # fmt: skip
def picture(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Count the people under a plan in an area of the viewer's."""
    from yipan.operations import plans as desk

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        zone = asking.door.settings.time_zone
        return answer(desk.picture(record, area=path, at=moment, time_zone=zone))


class ListAsked(StrEnum):
    """Which list of people is asked for."""

    ALL = "all"
    TEST_TODAY = "test_today"
    TEST_MISSED = "test_missed"
    UNSEEN = "unseen"
    RELEASE_TODAY = "release_today"
    RELEASE_LATE = "release_late"
    OUTDATED = "outdated"


@routes.get(
    "/plans/people",
    summary="People under a plan, by pseudonym: what is due next, what was missed, who is late to be let go",
    openapi_extra=OWN,
    responses=responses([ROW_EXAMPLE], description="Late releases first, then by what is due next"),
)
def people(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    which: Annotated[ListAsked, Query(description="all, or the set one figure counts")] = ListAsked.ALL,
    role: Annotated[str | None, Query(max_length=60, description="only with this role")] = None,
    place: Annotated[str | None, Query(max_length=60, description="only asked to be there today")] = None,
) -> Response:  # fmt: skip
    """List people under a plan in an area of the viewer's."""
    from yipan.operations import plans as desk

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(desk.people(
            record, area=path, at=moment, time_zone=asking.door.settings.time_zone, which=which.value, role=role,
            place=place,
        ))  # fmt: skip


@routes.get(
    "/plans/people/{person}",
    summary="One person's plan: dates, tests, what was missed, what the rule says now, every revision",
    openapi_extra=OWN,
    responses=responses(
        SHEET_EXAMPLE, description="The sheet of the plan", failures=(400, 401, 403, 404, 422, 503)
    ),
)
def person(asking: Asked, person: PseudonymAsked, at: AtAsked = None) -> Response:
    """Return the plan of one person, by pseudonym; who that is stays in the vault."""
    from yipan.operations import plans as desk

    moment = moment_of(asking, at)
    with asking.reading() as record:
        return answer(desk.sheet_of(
            record, _who(person), at=moment, time_zone=asking.door.settings.time_zone
        ))  # fmt: skip


class RoleGiven(BaseModel):
    """One role of a person, and the date that is day 1."""

    role: str = Field(max_length=60, examples=["close_contact"])
    day_one: date = Field(examples=["2022-11-12"])
    found: date | None = None


class RolesGiven(BaseModel):
    """The roles somebody was said to have; they replace what was said before."""

    person: str = Field(pattern=r"^p-[0-9a-f]{12,32}$", examples=["p-00000000000a"])
    area: str = Field(max_length=200, examples=["44.4401.440105."])
    roles: list[RoleGiven] = Field(max_length=20)


_DONE = {"new": 1, "corrected": 0, "unchanged": 0}


@routes.post(
    "/plans/roles",
    summary="Put on record as what people are asked something; the round proposes what follows",
    openapi_extra=OWN,
    responses=responses(_DONE, description="How many were new or changed", failures=CHANGE),
)
def roles(asking: Asked, given: Annotated[list[RolesGiven], Field(max_length=1000)]) -> Response:
    """Record roles of people by pseudonym."""
    from yipan.operations import plans as desk

    told = [
        RolesOnRecord(
            id=person_id(one.person), area=_area(one.area),
            roles=tuple(PersonRole(role=r.role, day_one=_day(r.day_one), found=_day(r.found)) for r in one.roles),
        )
        for one in given
    ]  # fmt: skip
    return answer(desk.record_roles(post_of(asking), told, at=asking.door.clock()))


def _who(text: str) -> PersonId:
    """Return a pseudonym; what is none has no plan, and is not repeated in what is said of it."""
    from yipan.store import NotFound

    try:
        return person_id(text)
    except ValueError as wrong:
        raise NotFound(str(wrong)) from None


def _area(text: str) -> AreaPath:
    try:
        return area_path(text)
    except ValueError as wrong:
        raise BadInput(str(wrong), where="area") from None


def _day(day: Any) -> Any:
    if day is not None and not 1900 <= day.year <= 2200:
        raise BadInput(f"year {day.year} cannot be meant", where="day")
    return day


class DoneGiven(BaseModel):
    """What was done with one person on a day: `seen` or an attempt, or a sample taken."""

    day: date = Field(examples=["2022-11-12"])
    visit: FollowUpResult | None = Field(default=None, examples=["seen_ok"])
    sampled: bool = False


@routes.post(
    "/plans/people/{person}/done",
    summary="Put on record that somebody was seen or sampled on a day",
    openapi_extra=OWN,
    responses=responses(ROW_EXAMPLE, description="The plan as it stands then", failures=CHANGE),
)
def done(asking: Asked, person: PseudonymAsked, given: DoneGiven) -> Response:
    """Record a real visit or sample; days nobody came leave nothing."""
    from yipan.operations import plans as desk

    post, at = post_of(asking), asking.door.clock()
    who, day = _who(person), _day(given.day)
    zone = asking.door.settings.time_zone
    if given.visit is None and not given.sampled:
        raise BadInput("say what was done: a visit, or a sample", where="visit")
    if day > at.astimezone(zone).date():
        raise BadInput(f"{day} is still to come", where="day")
    with asking.reading() as record:
        area = desk.sheet_of(record, who, at=at, time_zone=zone).plan.area
    if given.visit is not None:
        visit = FollowUp(
            id=f"visit-{who}-{day}", area=area, person=who, day=day, result=given.visit
        )
        desk.record_visits(post, [visit], at=at)
    if given.sampled:
        test = PersonTest(
            id=f"sample-{who}-{day}", area=area, person=who, result=TestResult.PENDING, sampled=day
        )
        desk.record_samples(post, [test], at=at)
    return _row(asking, who, at)


def _row(asking: Asked, person: PersonId, at: datetime) -> Response:
    from yipan.operations import plans as desk

    with asking.reading() as record:
        return answer(
            desk.sheet_of(record, person, at=at, time_zone=asking.door.settings.time_zone).row
        )


class ResultGiven(BaseModel):
    """A result that decides a release: a negative by when it was reported, or a Ct value; one of the two."""

    sampled: date = Field(examples=["2022-12-14"])
    reported: datetime | None = Field(default=None, examples=["2022-12-14T20:00:00+08:00"])
    ct: float | None = Field(default=None, gt=0, lt=100)


@routes.post(
    "/plans/people/{person}/result",
    summary="Put a result on record that decides a release",
    openapi_extra=OWN,
    responses=responses(ROW_EXAMPLE, description="The plan as it stands then", failures=CHANGE),
)
def result(asking: Asked, person: PseudonymAsked, given: ResultGiven) -> Response:
    """Record a negative or a Ct value; a plan that awaits it ends by itself with the next round."""
    from yipan.operations import plans as desk

    at, who = asking.door.clock(), _who(person)
    reported = (
        asking.instant(given.reported, where="reported") if given.reported is not None else None
    )
    desk.record_result(
        post_of(asking), who, sampled=_day(given.sampled), reported=reported, ct=given.ct, at=at
    )
    return _row(asking, who, at)


class ReleaseGiven(BaseModel):
    """When somebody was let go; now where it is left out."""

    released: datetime | None = Field(default=None, examples=["2022-11-20T00:00:00+08:00"])


@routes.post(
    "/plans/people/{person}/release",
    summary="Say that a person whose plan is over was let go",
    openapi_extra=OWN,
    responses=responses(ROW_EXAMPLE, description="The plan as it stands then", failures=CHANGE),
)
def release(asking: Asked, person: PseudonymAsked, given: ReleaseGiven) -> Response:
    """Record a release and end its task; before the plan is over an order is needed."""
    from yipan.operations import plans as desk

    at, who = asking.door.clock(), _who(person)
    released = (
        asking.instant(given.released, where="released") if given.released is not None else None
    )
    desk.release(post_of(asking), who, at=at, released=released)
    return _row(asking, who, at)
