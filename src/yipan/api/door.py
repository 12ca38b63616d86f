"""What the web door stands on, and the one way it answers."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from yipan.api.errors import Failure, told
from yipan.api.plain import to_json
from yipan.settings import Settings

if TYPE_CHECKING:
    from yipan.api.live import LiveActs
    from yipan.store import Store

VERSION = "/api/v1"


@dataclass(slots=True, kw_only=True)
class Tries:
    """Moments of failed log-ins by what they are counted for: a user, an address, a user at an address."""

    failed: dict[str, list[datetime]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Answers:
    """
    Answers given lately, each under the state of the record it was made from, the viewer and the question.

    When anything is committed the state is another and nothing kept before is found again.
    """

    most: int = 256
    kept: OrderedDict[Hashable, bytes] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable) -> bytes | None:
        """Return the answer kept under a key, None where there is none."""
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
            return self.kept.get(key)

    def put(self, key: Hashable, content: bytes) -> None:
        """Keep an answer; the one not asked for the longest makes room."""
        with self.lock:
            self.kept[key] = content
            if len(self.kept) > self.most:
                self.kept.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class Door:
    """The settings, the record, the clock and the live acts; one per application, handed to every route."""

    settings: Settings
    clock: Callable[[], datetime]
    opened: "Store | None" = None
    live: "LiveActs | None" = None
    tries: Tries = field(default_factory=Tries)
    answers: Answers = field(default_factory=Answers)

    @property
    def store(self) -> "Store":
        """The record, once the application has started."""
        assert self.opened is not None, "the application has not started"
        return self.opened


def door_of(request: Request) -> Door:
    """Return the door a request came through."""
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


def answer(value: object, *, status: int = 200) -> Response:
    """Return a noun, or several, as the JSON answer of a route."""
    return Response(to_json(value), status_code=status, media_type="application/json")


ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "where"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "where": {"type": "string"},
            },
        }
    },
}
"""The one shape of every failure."""

_FAILURES: dict[int, tuple[str, dict[str, Any]]] = {
    400: (
        "The question itself is malformed",
        told("asked_wrongly", "the body is not JSON", where="body"),
    ),
    401: (
        "Nobody is logged in, or the log-in has ended",
        told("not_logged_in", "log in to see this"),
    ),
    403: (
        "Outside the viewer's area, or not part of the duty",
        told(
            "not_your_area", "44.4403. lies outside 44.4401., the area this desk commands",
            where="area",
        ),
    ),
    404: (
        "Not in the record as known at the moment asked about",
        told("not_found", "area 44.9999. is not in the record"),
    ),
    409: (
        "Something else was done before: decided, published or finished already",
        told("wrong_step", "proposal p-1 is accepted already; it is decided once"),
    ),
    422: (
        "A value cannot be meant",
        told("bad_input", "'31 November' is not a day; expected a date like 2022-11-10", where="day"),
    ),
    429: (
        "Too many failed log-ins",
        told("too_many_tries", "too many failed log-ins; try again in 5 minutes"),
    ),
    503: (
        "The record cannot be reached",
        told("record_unavailable", "the record cannot be reached at the moment"),
    ),
}  # fmt: skip


def responses(
    example: dict[str, Any] | list[Any] | str,
    *,
    description: str,
    failures: tuple[int, ...] = (401, 403, 422, 503),
    media_type: str = "application/json",
    also: tuple[str, ...] = (),
) -> dict[int | str, dict[str, Any]]:
    """
    Return what a route says of its answers: one example of the good one, one of each failure.

    `also` names the other forms, without an example, in which the good answer may be asked for.
    """
    kind = "object"
    if not isinstance(example, dict):
        kind = "string" if isinstance(example, str) else "array"
    content: dict[str, Any] = {media_type: {"schema": {"type": kind}, "example": example}}
    content |= {other: {"schema": {"type": "string", "format": "binary"}} for other in also}
    said: dict[int | str, dict[str, Any]] = {200: {"description": description, "content": content}}
    for status in failures:
        words, shown = _FAILURES[status]
        said[status] = {
            "description": words,
            "content": {"application/json": {"schema": ERROR_SCHEMA, "example": shown}},
        }
    return said


def routes_of(desk: str) -> APIRouter:
    """Return the empty router of a desk."""
    return APIRouter(prefix=VERSION, tags=[desk])


def failed(failure: Failure, body: object) -> Response:
    """Return the answer of a failure."""
    return answer(body, status=failure.status)
