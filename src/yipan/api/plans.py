"""What a person is asked to do, day by day, under the version adopted where they are."""

from datetime import date
from typing import Annotated

from fastapi import Query, Response

from yipan.api.access import OWN, AreaAsked, Asked
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput

routes = routes_of("plans")


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
