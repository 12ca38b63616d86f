"""What every answer carries and every change must show: security headers, and that it comes from our own page."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yipan.api.access import COOKIE, quick_answer
from yipan.api.errors import ForeignOrigin, error_body, failure_of

_BOARD_SOURCES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "child-src 'self' blob:",
    "frame-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
)
BOARD_POLICY = "; ".join(_BOARD_SOURCES)
"""Nothing from any other host. Charts set style attributes in their tool-tips; the map's worker is a blob."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-modals"
)
"""A report is one page with its styles inside, without scripts, shown in a frame of the board or printed."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Guard:
    """
    The outermost layer: refuses changes another origin asks for, answers at once what was answered before and
    is still true, and puts the headers on every answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(MutableHeaders(scope=message), path=scope["path"], scheme=scope["scheme"])
            await send(message)

        if scope["method"] in CHANGES and not from_our_own_page(Headers(scope=scope)):
            from yipan.api.door import failed

            refused = ForeignOrigin("a change must come from a page of this board or with a Bearer")
            await failed(failure_of(refused), error_body(refused))(scope, receive, send_guarded)
            return
        if scope["method"] == "GET" and scope["path"].startswith("/api/"):
            known = _known_answer(scope)
            if known is not None:
                await Response(known, media_type="application/json")(scope, receive, send_guarded)
                return
        await self.app(scope, receive, send_guarded)


def _known_answer(scope: Scope) -> bytes | None:
    """What this very question was answered lately, as long as it still is the answer."""
    door = scope["app"].state.door
    if door.opened is None:
        return None
    query = scope["query_string"].decode("latin-1")
    return quick_answer(door, Headers(scope=scope), scope["path"], query)


def from_our_own_page(headers: Headers) -> bool:
    """
    Whether a change may be what its sender wants: a Bearer, our own origin, or a program without a cookie.

    Browsers name the origin with every change; a cookie without an origin is therefore not from one.
    """
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    origin = headers.get("origin")
    if origin is None:
        return f"{COOKIE}=" not in headers.get("cookie", "")
    return origin != "null" and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _dress(headers: MutableHeaders, *, path: str, scheme: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    report = path.startswith("/api/v1/reports")
    headers.setdefault("content-security-policy", REPORT_POLICY if report else BOARD_POLICY)
    headers.setdefault("x-frame-options", "SAMEORIGIN" if report else "DENY")
    if path.startswith("/api/"):
        headers.setdefault("cache-control", "no-store")
    if scheme == "https":
        headers.setdefault("strict-transport-security", "max-age=31536000")
