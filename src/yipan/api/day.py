"""The rounds: what each desk did at each instant."""

from itertools import groupby
from typing import Annotated

from fastapi import Query, Response

from yipan.api.access import OWN, Asked, Instant
from yipan.api.door import answer, responses, routes_of

routes = routes_of("day")


@routes.get(
    "/rounds",
    summary="Rounds and what each desk did in them, failed desks among them",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "at": "2022-11-10T08:00:00+08:00",
                "desks": [
                    {
                        "at": "2022-11-10T08:00:00+08:00", "desk": "watch", "ok": True, "message": "",
                        "made": 41,
                    }
                ],
            }
        ],
        description="The oldest first",
    ),
)  # fmt: skip
def rounds(
    asking: Asked,
    since: Annotated[Instant | None, Query(description="first instant")] = None,
    until: Annotated[Instant | None, Query(description="first instant left out")] = None,
) -> Response:
    """Return the rounds of a span."""
    from yipan.operations.day import DayResult

    first = asking.instant(since, where="since") if since else None
    last = asking.instant(until, where="until") if until else None
    with asking.reading() as record:
        entries = record.rounds(since=first, until=last)
    return answer(
        [
            DayResult(at=at, desks=tuple(desks))
            for at, desks in groupby(entries, key=lambda entry: entry.at)
        ]
    )
