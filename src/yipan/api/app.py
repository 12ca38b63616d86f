"""The web door put together: every desk's routes, the board's pages, one place for failures."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from yipan import __version__
from yipan.api import (
    access,
    acts,
    areas,
    board,
    commanding,
    day,
    exercise,
    laboratories,
    oidc,
    outlook,
    plans,
    prohibitions,
    protocol,
    reports,
    screening,
    simulate,
    tracing,
    watch,
    zoning,
)
from yipan.api.door import VERSION, Door, answer, failed, responses
from yipan.api.errors import UNEXPECTED, error_body, failure_of, told
from yipan.api.guard import Guard
from yipan.api.live import LiveActs
from yipan.api.pages import BOARD, pages
from yipan.api.serve import end_with_parent
from yipan.api.timer import ZoneTimer
from yipan.settings import Settings

if TYPE_CHECKING:
    from yipan.store import Store

DESKS = (
    access,
    oidc,
    areas,
    board,
    watch,
    tracing,
    outlook,
    laboratories,
    screening,
    commanding,
    zoning,
    prohibitions,
    plans,
    protocol,
    simulate,
    exercise,
    reports,
    acts,
    day,
)
_log = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    store: "Store | None" = None,
    *,
    clock: Callable[[], datetime] | None = None,
    board_folder: Path = BOARD,
    timer: bool = False,
) -> FastAPI:
    """
    Return the web application over a record, opened at start where `store` is None; its clock is the settings' own
    where none is given. With `timer` it looks at the clocks of zones by itself, as the settings say how often.

    The interactive pages that come with the framework load scripts from other hosts and are left out; the
    description itself is at `/api/v1/openapi.json`.
    """
    clock = clock or settings.now
    door = Door(settings=settings, clock=clock, opened=store)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        if store is None:
            door.opened = await asyncio.to_thread(_open, settings, clock)
        door.live = LiveActs(store=door.store)
        listening = asyncio.create_task(door.live.run())
        tasks = [listening]
        if timer and settings.timer_seconds > 0:
            door.timer = ZoneTimer(
                store=door.store, clock=clock, time_zone=settings.time_zone, every_seconds=settings.timer_seconds
            )  # fmt: skip
            tasks.append(asyncio.create_task(door.timer.run()))
        threading.Thread(target=_warm, daemon=True, name="yipan-warm").start()
        try:
            yield
        finally:
            door.live.end()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            if store is None and door.opened is not None:
                door.opened.close()

    app = FastAPI(
        title="Yipan 一盘",
        version=__version__,
        description="One board for commanding the response to an outbreak across a province. Dates are ISO, "
        "instants carry their offset, `since` is included and `until` is not, null means nobody reported.",
        openapi_url=f"{VERSION}/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=running,
    )
    app.state.door = door
    for desk in DESKS:
        app.include_router(desk.routes)
    _add_health(app, door)
    app.include_router(pages(board_folder))
    app.add_middleware(Guard)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _no_such_route)
    app.add_exception_handler(Exception, _failed)
    for kind in (ValueError, LookupError, PermissionError, OSError, RuntimeError):
        app.add_exception_handler(kind, _failed)
    return app


def from_environment() -> FastAPI:
    """Return the web application as the YIPAN_* variables want it: what the server process loads."""
    end_with_parent()
    return create_app(Settings.read(), timer=True)


def _open(settings: Settings, clock: Callable[[], datetime]) -> "Store":
    from yipan.store import Store

    return Store.open(settings.home, database_url=settings.database_url, clock=clock)


def _warm() -> None:
    """Import what the first question will need, so that it does not have to wait."""
    import importlib

    for module in ("board", "watch", "outlook", "day", "users", "reports"):
        importlib.import_module(f"yipan.operations.{module}")


def _add_health(app: FastAPI, door: Door) -> None:
    settings = door.settings

    @app.get(
        f"{VERSION}/health",
        summary="Whether the door is open",
        tags=["access"],
        responses=responses(
            {
                "ok": True,
                "version": "0.1.0",
                "demonstration": False,
                "provider": None,
                "timer": "keeps",
            },
            description="It is open; the path of the log-in of one's own organisation, where there is one; whether this "
            "server keeps the timer of zones, waits for another to stop, failed at it, or has it off",
            failures=(),
        ),
    )
    async def health() -> Response:
        """Say that the door is open, to anybody."""
        provider = f"{oidc.PATH}/login" if settings.oidc_issuer else None
        return answer(
            {
                "ok": True, "version": __version__, "demonstration": settings.demonstration,
                "provider": provider, "timer": door.timer.state if door.timer else "off",
            }
        )  # fmt: skip


async def _failed(request: Request, error: Exception) -> Response:
    failure = failure_of(error)
    if failure is UNEXPECTED:
        _log.error(
            "%s %s failed", request.method, request.url.path,
            exc_info=(type(error), error, error.__traceback__),
        )  # fmt: skip
    done = failed(failure, error_body(error))
    if failure.status == 401:
        done.headers["WWW-Authenticate"] = "Bearer"
    if failure.status == 429:
        done.headers["Retry-After"] = "300"
    return done


async def _not_understood(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    where = ".".join(place[1:]) or place[0]
    if first["type"] == "json_invalid":
        return answer(told("asked_wrongly", "the body is not JSON", where="body"), status=400)
    return answer(told("bad_input", f"{where}: {first['msg']}", where=where), status=422)


async def _no_such_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: ("not_found", "there is no such route")}
    code, message = words.get(error.status_code, ("asked_wrongly", str(error.detail)))
    done = answer(told(code, message), status=error.status_code)
    done.headers.update(error.headers or {})
    return done
