"""What the web door stands on, and the one way it answers."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fastapi import APIRouter, Request, Response

from yipan.api.errors import Failure, told
from yipan.api.plain import to_json
from yipan.model import User, Viewer
from yipan.settings import Settings

if TYPE_CHECKING:
    from yipan.api.live import LiveActs
    from yipan.api.timer import ZoneTimer
    from yipan.store import Store

VERSION = "/api/v1"
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Tries:
    """Moments of failed log-ins by what they are counted for: a user, an address, a user at an address."""

    failed: dict[str, list[datetime]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Kept(Generic[T]):
    """
    What was found lately under a key, at most so many entries; the one not asked for the longest makes room.

    >>> kept = Kept(most=1)
    >>> kept.put("a", b"1")
    >>> kept.put("b", b"2")
    >>> kept.get("a"), kept.get("b")
    (None, b'2')
    """

    most: int
    entries: OrderedDict[Hashable, T] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable) -> T | None:
        """Return what is kept under a key, None where there is nothing."""
        with self.lock:
            found = self.entries.get(key)
            if found is not None:
                self.entries.move_to_end(key)
            return found

    def put(self, key: Hashable, entry: T) -> None:
        """Keep an entry."""
        with self.lock:
            self.entries[key] = entry
            self.entries.move_to_end(key)
            if len(self.entries) > self.most:
                self.entries.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Forget an entry, if it is kept."""
        with self.lock:
            self.entries.pop(key, None)


@dataclass(slots=True, kw_only=True)
class Answers:
    """
    Answers given lately, each under the state of the record it was made from, the viewer and the question.

    When anything is committed the state is another and nothing kept before is found again. Many who ask the
    same at once wait for the first of them.
    """

    kept: Kept[bytes] = field(default_factory=lambda: Kept(most=512))
    making: dict[Hashable, threading.Lock] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the answer kept under a key, made now where there is none: once, however many ask for it."""
        found = self.kept.get(key)
        if found is not None:
            return found
        with self.lock:
            alone = self.making.setdefault(key, threading.Lock())
        with alone:
            found = self.kept.get(key)
            if found is None:
                try:
                    found = make()
                    self.kept.put(key, found)
                finally:
                    with self.lock:
                        self.making.pop(key, None)
            return found


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSession:
    """Who holds a token, when that was last looked up in the record, and under which of its marks."""

    user: User
    viewer: Viewer
    checked: datetime
    mark: Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickAnswer:
    """An answer given to one token's question: as whom it was asked, under which mark of the record."""

    viewer: Viewer
    mark: Hashable
    content: bytes


@dataclass(slots=True, kw_only=True)
class Door:
    """The settings, the record, the clock and the live acts; one per application, handed to every route."""

    settings: Settings
    clock: Callable[[], datetime]
    opened: "Store | None" = None
    live: "LiveActs | None" = None
    timer: "ZoneTimer | None" = None
    tries: Tries = field(default_factory=Tries)
    answers: Answers = field(default_factory=Answers)
    public: dict[str, list[datetime]] = field(default_factory=dict)
    sessions: Kept[KnownSession] = field(default_factory=lambda: Kept(most=10_000))
    quick: Kept[QuickAnswer] = field(default_factory=lambda: Kept(most=20_000))

    @property
    def store(self) -> "Store":
        """The record, once the application has started."""
        assert self.opened is not None, "the application has not started"
        return self.opened

    def mark(self, desk: str | None = None) -> Hashable | None:
        """
        Return a mark of the record, or of one desk's acts, without asking it: while it is the same, so is every answer.

        It moves when an act is committed through this door, before who made it is answered, and when one
        committed elsewhere is heard of. None while nobody listens: then the record itself must be asked.
        """
        if self.live is None or not self.live.listening.is_set():
            return None
        heard, committed = self.live.heard, self.store.committed
        if desk is not None:
            return heard.get("", 0), heard.get(desk, 0), committed.get(desk, 0)
        return sum(heard.copy().values()), sum(committed.copy().values())


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
