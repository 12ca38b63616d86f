"""The built board: files read once, told apart by their content, never from another host."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from yipan.api.door import answer
from yipan.api.errors import told

BOARD = Path(__file__).parent.parent / "board"
LEAST_GZIP = 1024
_TEXT = ("text/", "application/json", "application/javascript", "application/geo+json", "image/svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file of the board: its content, plain and packed, its type and its mark."""

    content: bytes
    packed: bytes | None
    kind: str
    mark: str


@lru_cache(maxsize=512)
def _read(file: Path, changed: int, size: int) -> Page:
    content = file.read_bytes()
    kind = _kind_of(file)
    packed = None
    if len(content) >= LEAST_GZIP and kind.startswith(_TEXT):
        packed = gzip.compress(content, compresslevel=6, mtime=0)
    mark = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Page(content=content, packed=packed, kind=kind, mark=mark)


def _kind_of(file: Path) -> str:
    named = {
        ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
        ".webmanifest": "application/manifest+json", ".geojson": "application/geo+json",
        ".woff2": "font/woff2", ".pbf": "application/x-protobuf",
    }  # fmt: skip
    return (
        named.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    )


def pages(folder: Path) -> APIRouter:
    """
    Return the route that serves the board: hashed files for ever, all others asked about each time.

    An address that is no file is a place within the board and gets its first page.
    """
    router = APIRouter()
    root = folder.resolve()

    @router.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            return answer(told("not_found", "there is no such route"), status=404)
        file = _file_of(root, path)
        if file is None and "." in path.rpartition("/")[2]:
            return answer(told("not_found", "the board has no such file"), status=404)
        file = file or _file_of(root, "index.html")
        if file is None:
            return answer(
                told("not_found", "the board is not built yet; `make board` builds it"), status=404
            )
        state = file.stat()
        found = _read(file, state.st_mtime_ns, state.st_size)
        lasting = path.startswith("assets/")
        headers = {
            "ETag": found.mark,
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == found.mark:
            return Response(status_code=304, headers=headers)
        if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(found.packed, media_type=found.kind, headers=headers)
        return Response(found.content, media_type=found.kind, headers=headers)

    return router


def _file_of(root: Path, path: str) -> Path | None:
    """Return the file an address names, None where there is none or it would lie outside the board."""
    if "\x00" in path:
        return None
    try:
        file = (root / (path or "index.html")).resolve()
        inside = file.is_relative_to(root) and file.is_file()
    except OSError:
        return None
    return file if inside else None
