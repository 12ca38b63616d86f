"""
Who asks: log-in, log-out, and the one dependency by which every other route learns its viewer.

A log-in yields a random token. The record keeps its hash only; the browser keeps the token in a cookie no
script can read, a program sends it as a Bearer. Which duty one acts under is chosen per request.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, BeforeValidator, Field
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from yipan.api.door import Door, KnownSession, QuickAnswer, answer, door_of, responses, routes_of
from yipan.api.errors import BadInput, NotLoggedIn, TooManyTries
from yipan.api.plain import to_json
from yipan.model import (
    POWERS,
    AreaPath,
    Duty,
    Grant,
    NotAllowed,
    User,
    Viewer,
    area_path,
    check_area,
)

if TYPE_CHECKING:
    from yipan.store import Record

COOKIE = "yipan_session"
SESSION_LASTS = timedelta(hours=12)
USERS_DESK = "users"
"""The desk whose acts say who holds which duty."""
SESSION_BELIEVED = timedelta(seconds=10)
TRIES_COUNT_FOR = timedelta(minutes=5)
LEAST_YEAR, LAST_YEAR = 1900, 2200
MOST_DAYS = 3700
MOST_KEYS = 10_000

OF_A_SENTINEL = ("/me", "/sentinels/{sentinel}/reports", "/sentinels/{sentinel}/days")
"""The routes open to the log-in of one sentinel."""

_hashing = threading.BoundedSemaphore(2)
"""Checking a password costs a quarter of a second of a core on purpose; two at once leave room for others."""

routes = routes_of("access")
cookie_scheme = APIKeyCookie(name=COOKIE, auto_error=False, description="set by log-in")
bearer_scheme = HTTPBearer(auto_error=False, description="the token a log-in returned")


def kept_form(token: str) -> str:
    """Return what the record keeps of a token: its hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(door: Door, user: User) -> tuple[str, Viewer]:
    """Open a session under the widest of a user's duties and return its token with the viewer."""
    from yipan.operations import users

    viewer, at = users.viewer_of(user), door.clock()
    token = secrets.token_urlsafe(32)
    door.store.open_session(kept_form(token), viewer, since=at, until=at + SESSION_LASTS)
    return token, viewer


def known_user(door: Door, token: str) -> tuple[User, Viewer]:
    """
    Return who holds a token, with the duties in force now, and as whom the session was opened.

    What the record said is believed for ten seconds, unless an act of the users' desk is committed or
    the log-in ended here.
    Raises NotLoggedIn where the token is unknown, has ended, or its duty is no longer held.
    """
    at, key, mark = door.clock(), kept_form(token), door.mark(USERS_DESK)
    known = believed_session(door, key, at=at)
    if known is None:
        session = door.store.find_session(key, at=at)
        found = door.store.find_user(session.user) if session else None
        if session is None or found is None:
            raise NotLoggedIn("log in to see this")
        known = KnownSession(user=found[0], viewer=session, checked=at, mark=mark)
        door.sessions.put(key, known)
    held = tuple(grant for grant in known.user.grants if grant.in_force(at))
    if not _among(held, known.viewer):
        raise NotLoggedIn("the duty this log-in was for is no longer held; log in again")
    return User(name=known.user.name, shown_as=known.user.shown_as, grants=held), known.viewer


def believed_session(door: Door, key: str, *, at: datetime) -> KnownSession | None:
    """Return what is known of a token by the hash the record keeps, None where the record must be asked."""
    known = door.sessions.get(key)
    if known is None or known.mark is None or known.mark != door.mark(USERS_DESK):
        return None
    return known if timedelta() <= at - known.checked < SESSION_BELIEVED else None


def quick_answer(door: Door, headers: Headers, path: str, query: str) -> bytes | None:
    """
    Return the answer already given to this very question of this very token, None where it must be made.

    It is given only while the mark of the record is the same, the log-in is known and its duty in force.
    """
    token, at = token_in(headers), door.clock()
    if token is None:
        return None
    key = kept_form(token)
    found = door.quick.get(_question(key, headers, path, query))
    if found is None or found.mark != door.mark():
        return None
    known = believed_session(door, key, at=at)
    if known is None:
        return None
    held = tuple(grant for grant in known.user.grants if grant.in_force(at))
    return found.content if _among(held, known.viewer) and _among(held, found.viewer) else None


def _question(key: str, headers: Headers, path: str, query: str) -> Hashable:
    return key, headers.get("yipan-as"), path, query


def _among(held: tuple[Grant, ...], viewer: Viewer) -> bool:
    return any(grant.duty is viewer.duty and grant.area == viewer.area for grant in held)


def token_of(request: Request) -> str | None:
    """Return the token a request carries: as a Bearer if there is one, else in the cookie."""
    return token_in(request.headers)


def token_in(headers: Headers) -> str | None:
    """Return the token these headers carry: as a Bearer if there is one, else in the cookie."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and given.strip():
        return given.strip()
    cookie = headers.get("cookie")
    return cookie_parser(cookie).get(COOKIE) if cookie else None


async def _someone(
    request: Request,
    cookie: Annotated[str | None, Depends(cookie_scheme)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)],
) -> tuple[User, Viewer]:
    token, door = token_of(request), door_of(request)
    if token is None:
        raise NotLoggedIn("log in to see this")
    if believed_session(door, kept_form(token), at=door.clock()) is not None:
        return known_user(door, token)
    return await run_in_threadpool(known_user, door, token)


async def _viewer(
    request: Request,
    someone: Annotated[tuple[User, Viewer], Depends(_someone)],
    wanted: Annotated[
        str | None,
        Query(
            alias="as", max_length=200, description="act under another duty held, as `duty:area`"
        ),
    ] = None,
    wanted_header: Annotated[
        str | None, Header(alias="Yipan-As", max_length=200, description="the same, as a header")
    ] = None,
) -> Viewer:
    user, session = someone
    chosen = wanted or wanted_header
    if chosen is None:
        return _kept_to_its_own(session, request)
    for grant in user.grants:
        if chosen == f"{grant.duty.value}:{grant.area}":
            return _kept_to_its_own(
                Viewer(user=user.name, duty=grant.duty, area=grant.area), request
            )
    raise NotAllowed("the duty asked for with `as` is not one you hold at present")


def _kept_to_its_own(viewer: Viewer, request: Request) -> Viewer:
    """Return the viewer; one of a sentinel only at the routes of its own reports, so that a route added later is closed to it."""
    if viewer.duty is Duty.SENTINEL:
        route = str(getattr(request.scope.get("route"), "path", ""))
        if not route.endswith(OF_A_SENTINEL):
            raise NotAllowed(
                "the duty of a sentinel is to see and send its own reports, nothing else"
            )
    return viewer


def _mend_plus(text: object) -> object:
    """In an address a plus sign that was not escaped arrives as a blank; an instant has no other blank there."""
    if isinstance(text, str) and len(text) > 19 and text[-6] == " ":
        return f"{text[:-6]}+{text[-5:]}"
    return text


Instant = Annotated[datetime, BeforeValidator(_mend_plus)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One question: through which door, as whom, as known when (now where None), in which words."""

    door: Door
    viewer: Viewer
    known_at: datetime | None
    words: str
    question: Hashable = None

    def answer(self, question: Callable[["Record"], object]) -> Response:
        """
        Answer with what `question` makes of the record.

        Many boards ask the same: an answer is kept until something is committed, for the same viewer and the
        same words only. What the answer is made of must therefore stand in the words or in the record.
        """
        mark = self.door.mark()
        if mark is None:
            with self.reading() as record:
                asked_of = ("state", record.state(), self.viewer, self.known_at, self.words)
                content = self.door.answers.once(asked_of, lambda: to_json(question(record)))
        else:
            content = self.door.answers.once(
                ("mark", mark, self.viewer, self.known_at, self.words), lambda: self._made(question)
            )
            self.door.quick.put(
                self.question, QuickAnswer(viewer=self.viewer, mark=mark, content=content)
            )
        return Response(content, media_type="application/json")

    def _made(self, question: Callable[["Record"], object]) -> bytes:
        with self.reading() as record:
            return to_json(question(record))

    @contextmanager
    def reading(self, *, known_at: datetime | None = None) -> Iterator["Record"]:
        """Read the record as the viewer, as known at the moment asked about."""
        moment = known_at or self.known_at
        with self.door.store.reading(self.viewer, known_at=moment) as record:
            yield record

    def area(self, text: str | None, *, own: bool = True) -> AreaPath:
        """
        Return the area asked about, the viewer's own where none was named.

        Raises BadInput for what is no path, NotYourArea for a foreign area unless `own` is False.
        """
        if text is None:
            return self.viewer.area
        try:
            path = area_path(text)
        except ValueError as wrong:
            raise BadInput(str(wrong), where="area") from None
        if own:
            check_area(self.viewer, path)
        return path

    def instant(self, moment: datetime, *, where: str) -> datetime:
        """Return a moment with its offset; one given without is read in the deployment's time zone."""
        if not LEAST_YEAR <= moment.year <= LAST_YEAR:
            raise BadInput(
                f"year {moment.year} lies outside {LEAST_YEAR} to {LAST_YEAR}", where=where
            )
        if moment.utcoffset() is None:
            return moment.replace(tzinfo=self.door.settings.time_zone)
        return moment

    def day(self, day: date | None, record: "Record", *, where: str = "day") -> date:
        """Return the day asked about, the last one the record speaks of where none was named."""
        if day is not None:
            return _within_years(day, where=where)
        _, until = record.count_span()
        return until - timedelta(days=1) if until else self.today

    def as_of(self, day: date | None) -> date:
        """Return the day asked about, today where none was named."""
        return self.today if day is None else _within_years(day, where="day")

    def days(self, since: date | None, until: date | None, record: "Record") -> tuple[date, date]:
        """Return the span of days asked about; an end that was left out is that of the record."""
        first, last = (None, None) if since and until else record.count_span()
        begin = since or first or self.today
        end = until or last or begin + timedelta(days=1)
        _within_years(begin, where="since")
        _within_years(end, where="until")
        if since and until and until <= since:
            raise BadInput(
                f"until {until} is not after since {since}; until is the first day left out",
                where="until",
            )
        if (end - begin).days > MOST_DAYS:
            raise BadInput(
                f"{(end - begin).days} days are asked for; at most {MOST_DAYS} in one question",
                where="since",
            )
        return begin, max(end, begin + timedelta(days=1))

    @property
    def today(self) -> date:
        """The day it is where the deployment is."""
        return (self.known_at or self.door.clock()).astimezone(self.door.settings.time_zone).date()


def _within_years(day: date, *, where: str) -> date:
    if not LEAST_YEAR <= day.year <= LAST_YEAR:
        raise BadInput(f"year {day.year} lies outside {LEAST_YEAR} to {LAST_YEAR}", where=where)
    return day


async def _asking(
    request: Request,
    viewer: Annotated[Viewer, Depends(_viewer)],
    known_at: Annotated[
        Instant | None,
        Query(description="answer as the record was known at this instant; now where left out"),
    ] = None,
) -> Asking:
    asking = Asking(
        door=door_of(request), viewer=viewer, known_at=None,
        words=f"{request.url.path}?{request.url.query}",
        question=_question(
            kept_form(token_of(request) or ""), request.headers, request.url.path, request.url.query
        ),
    )  # fmt: skip
    if known_at is None:
        return asking
    return replace(asking, known_at=asking.instant(known_at, where="known_at"))


Asked = Annotated[Asking, Depends(_asking)]
"""What every reading route takes first."""

AreaAsked = Annotated[
    str | None,
    Query(
        alias="area",
        max_length=200,
        description="path of the area; the viewer's own where left out",
        json_schema_extra={"pattern": r"^([0-9a-z-]+\.)+$", "examples": ["44.4401."]},
    ),
]
SinceAsked = Annotated[date | None, Query(alias="since", description="first day")]
UntilAsked = Annotated[date | None, Query(alias="until", description="first day left out")]
DayAsked = Annotated[
    date | None, Query(alias="day", description="the record's last day where left out")
]

OWN = {"x-yipan-area": "own"}
"""Of a route: it answers for the viewer's own area only and refuses every other."""
PUBLISHED = {"x-yipan-area": "published"}
"""Of a route: of areas that are not the viewer's it tells names and published figures, nothing else."""


class LogIn(BaseModel):
    """What a log-in is tried with."""

    user: str = Field(min_length=1, max_length=100, examples=["guangzhou"])
    password: str = Field(min_length=1, max_length=1000, examples=["correct horse battery"])


_ME = {
    "user": "guangzhou",
    "shown_as": "广州市指挥部",
    "grants": [
        {
            "user": "guangzhou", "duty": "commander", "area": "44.4401.",
            "since": "2022-10-01T00:00:00+08:00", "until": None,
        }
    ],
    "viewer": {"user": "guangzhou", "duty": "commander", "area": "44.4401."},
    "powers": ["decide", "ingest", "read", "run_round", "triage"],
    "now": "2022-11-13T08:40:00+08:00", "demonstration": False,
}  # fmt: skip


@routes.post(
    "/login",
    summary="Log in",
    responses=responses(
        {"token": "kept by programs, sent as a Bearer", **_ME},
        description="A session of twelve hours, in the cookie and as a token",
        failures=(400, 401, 403, 422, 429, 503),
    ),
)
def log_in(request: Request, given: LogIn) -> Response:
    """Check the password and open a session under the widest duty the user holds."""
    from yipan.operations import users

    door, at = door_of(request), door_of(request).clock()
    address = request.client.host if request.client else "unknown"
    keys = {
        f"address {address}": 30,
        f"user {given.user}": 20,
        f"user {given.user} at {address}": 5,
    }
    _refuse_too_many(door, keys, at=at)
    if not _hashing.acquire(timeout=5):
        raise TooManyTries("too many log-ins at once; try again in a moment")
    try:
        user = users.check_password(door.store, _storable(given.user), given.password, at=at)
        token, viewer = open_session(door, user)
    except users.WrongPassword:
        for key in keys:
            door.tries.failed.setdefault(key, []).append(at)
        raise
    finally:
        _hashing.release()
    door.tries.failed.pop(f"user {given.user} at {address}", None)
    done = answer({"token": token, **_me(door, user, viewer)})
    done.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return done


def _storable(text: str) -> str:
    if "\x00" in text:
        raise BadInput("a user name holds no null characters", where="user")
    return text


def _refuse_too_many(door: Door, keys: dict[str, int], *, at: datetime) -> None:
    failed = door.tries.failed
    if len(failed) > MOST_KEYS:
        for key in [key for key, moments in failed.items() if moments[-1] <= at - TRIES_COUNT_FOR]:
            del failed[key]
    for key, most in keys.items():
        recent = [moment for moment in failed.get(key, ()) if moment > at - TRIES_COUNT_FOR]
        if recent:
            failed[key] = recent
        else:
            failed.pop(key, None)
        if len(recent) >= most:
            minutes = int(TRIES_COUNT_FOR.total_seconds() // 60)
            raise TooManyTries(f"too many failed log-ins; try again in {minutes} minutes")


def _me(door: Door, user: User, viewer: Viewer) -> dict[str, object]:
    return {
        "user": user.name, "shown_as": user.shown_as, "grants": user.grants, "viewer": viewer,
        "powers": sorted(power.value for power in POWERS[viewer.duty]),
        "now": door.clock(), "demonstration": door.settings.demonstration,
    }  # fmt: skip


@routes.post(
    "/logout",
    summary="Log out",
    responses=responses(
        {"logged_out": True},
        description="The session has ended; saying so twice does no harm",
        failures=(403, 503),
    ),
)
def log_out(
    request: Request,
    cookie: Annotated[str | None, Depends(cookie_scheme)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)],
) -> Response:
    """End the session the request carries."""
    token = token_of(request)
    if token is not None:
        door_of(request).store.close_session(kept_form(token))
        door_of(request).sessions.drop(kept_form(token))
    done = answer({"logged_out": token is not None})
    done.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return done


@routes.get(
    "/me",
    summary="Who is logged in, with which duties",
    responses=responses(_ME, description="The user, the duties in force, and as whom one acts"),
)
def me(
    request: Request,
    someone: Annotated[tuple[User, Viewer], Depends(_someone)],
    viewer: Annotated[Viewer, Depends(_viewer)],
) -> Response:
    """Say who is logged in, as whom this request acts, and the record's present moment."""
    return answer(_me(door_of(request), someone[0], viewer))
