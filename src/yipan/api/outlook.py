"""How fast it spreads."""

from fastapi import Response

from yipan.api.access import OWN, AreaAsked, Asked, SinceAsked, UntilAsked
from yipan.api.door import answer, responses, routes_of

routes = routes_of("outlook")

REPRODUCTION_EXAMPLE = {
    "area": "44.4401.", "since": "2022-11-03", "until": "2022-11-10", "state": "estimated",
    "estimate": {"value": 1.62, "low": 1.58, "high": 1.66, "level": 0.95},
    "cases": 14215, "missing_days": 0,
}  # fmt: skip


@routes.get(
    "/reproduction",
    summary="Reproduction numbers with their intervals",
    openapi_extra=OWN,
    responses=responses(
        [REPRODUCTION_EXAMPLE],
        description="By area and window; where none could be estimated the state says why",
    ),
)
def reproduction(
    asking: Asked, area: AreaAsked = None, since: SinceAsked = None, until: UntilAsked = None
) -> Response:
    """Return what the rounds recorded of R in an area of the viewer's."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        first, last = asking.days(since, until, record)
        return answer(outlook.reproduction(record, area=path, since=first, until=last))
