"""The situation report by the web door."""

from typing import Annotated, Literal

from fastapi import Query, Response

from yipan.api.access import OWN, AreaAsked, Asked, Instant
from yipan.api.door import responses, routes_of

routes = routes_of("reports")

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json",
}


@routes.get(
    "/reports",
    summary="The situation report of an area as known at an instant",
    openapi_extra=OWN,
    response_class=Response,
    responses=responses(
        '<!doctype html><html lang="zh-CN">…</html>',
        description="The report; the same record makes the same bytes",
        failures=(401, 403, 404, 422, 503),
        media_type="text/html",
        also=tuple(kind for kind in MEDIA_TYPES.values() if not kind.startswith("text/html")),
    ),
)
def situation(
    asking: Asked,
    area: AreaAsked = None,
    at: Annotated[Instant | None, Query(description="the instant; now if left out")] = None,
    lang: Annotated[Literal["zh", "en"], Query(description="language")] = "zh",
    format: Annotated[  # the word of the field
        Literal["html", "pdf", "docx", "json"], Query(description="form")
    ] = "html",
) -> Response:
    """Return the report as a page, a PDF, a DOCX or JSON."""
    from yipan.operations import reports

    path = asking.area(area)
    now = asking.known_at or asking.door.clock()
    moment = asking.instant(at, where="at") if at is not None else now
    time_zone = asking.door.settings.time_zone
    with asking.reading(known_at=moment) as record:
        record.area(path)
        found = reports.situation(record, area=path, at=moment, time_zone=time_zone)
    made = reports.render(found, lang=lang, format=format, time_zone=time_zone)
    headers = {}
    if format in {"pdf", "docx"}:
        name = f"yipan-{path.strip('.').replace('.', '-')}-{found.day.isoformat()}-{lang}.{format}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(made, media_type=MEDIA_TYPES[format], headers=headers)
