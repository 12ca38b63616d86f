"""What was done: the acts on record, and each new one as it happens."""

from typing import Annotated

from fastapi import Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from yipan.api.access import OWN, Asked, known_user, token_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import NotLoggedIn

routes = routes_of("acts")

MOST_NUMBER = 2**62


@routes.get(
    "/acts",
    summary="Acts in order of their numbers",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "number": 121, "at": "2022-11-11T00:00:00+00:00", "recorded": "2022-11-11T00:00:02+00:00",
                "user": "system", "duty": "commander", "desk": "watch", "verb": "review_signals",
                "area": "44.", "subject": "", "rule": "ears_c2", "why": "round of 2022-11-11 08:00",
                "digest": "9f2c…", "previous": "51ab…", "hash": "c07e…",
            }
        ],
        description="Acts in the viewer's area",
    ),
)  # fmt: skip
def acts(
    asking: Asked,
    after: Annotated[
        int, Query(ge=0, le=MOST_NUMBER, description="only acts after this number")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="at most so many")] = 100,
) -> Response:
    """Return the acts in the viewer's area after a number."""
    with asking.reading() as record:
        return answer(record.acts(after=after, limit=limit))


@routes.get(
    "/events",
    summary="Each act as it happens, as server-sent events",
    openapi_extra=OWN,
    response_class=StreamingResponse,
    responses=responses(
        'id: 122\nevent: act\ndata: {"number":122,"desk":"day","verb":"close_round","area":"44.",'
        '"at":"2022-11-11T00:00:00+00:00"}\n\n',
        description="Stays open; says so now and then while nothing happens",
        media_type="text/event-stream",
    ),
)
def events(
    request: Request,
    asking: Asked,
    last_event_id: Annotated[
        str | None, Header(max_length=20, description="tell what came after this act, too")
    ] = None,
) -> StreamingResponse:
    """Tell every act in the viewer's area as it happens; who comes back is told what they missed."""
    door, token = asking.door, token_of(request)
    assert door.live is not None, "the application has not started"

    async def still_there() -> bool:
        try:
            await run_in_threadpool(known_user, door, token or "")
        except NotLoggedIn:
            return False
        return True

    after = int(last_event_id) if last_event_id and _is_number(last_event_id) else None
    return StreamingResponse(
        door.live.stream(asking.viewer, after=after, still_there=still_there),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= MOST_NUMBER
