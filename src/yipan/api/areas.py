"""The areas and the map they are drawn on."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from yipan.api.access import OWN, PUBLISHED, Asked
from yipan.api.commanding import CHANGE, post_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.feeds.datum import Datum
from yipan.model import Area

routes = routes_of("areas")

_AREA = {
    "path": "44.4401.", "level": "city", "name_zh": "广州市", "name_en": "Guangzhou", "code": "4401",
    "within_code": None, "population": 18676605, "source": "2020 census", "functional": False,
}  # fmt: skip
LevelAsked = Annotated[
    str | None,
    Query(
        alias="level", max_length=40, pattern=r"^[a-z_-]+$", description="a level of the pack: city"
    ),
]


@routes.get(
    "/areas",
    summary="The areas, perhaps those in one area or of one level",
    openapi_extra=PUBLISHED,
    responses=responses([_AREA], description="Areas in order of their paths"),
)
def areas(
    asking: Asked,
    under: Annotated[
        str | None,
        Query(max_length=200, json_schema_extra={"pattern": r"^([0-9a-z-]+\.)+$"}),
    ] = None,
    level: LevelAsked = None,
) -> Response:
    """Return the areas: names are known to everybody who is logged in."""
    with asking.reading() as record:
        found = record.areas(
            asking.area(under, own=False) if under is not None else None, level=level
        )
    return answer(found)


@routes.get(
    "/map",
    summary="The boundaries of one level as GeoJSON",
    openapi_extra=PUBLISHED,
    responses=responses(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature", "id": "44.4401.",
                    "properties": {
                        "path": "44.4401.", "name_zh": "广州市", "name_en": "Guangzhou",
                        "schematic": True, "centre": [113.5, 23.3],
                    },
                    "geometry": {"type": "Polygon", "coordinates": []},
                }
            ],
        },
        description="Boundaries with a point inside each; schematic ones say so",
    ),
)  # fmt: skip
def boundaries(asking: Asked, level: LevelAsked = "city") -> Response:
    """Return each area of a level that has a boundary, with a point that surely lies inside it."""
    return asking.answer(lambda record: _collection(record.boundaries(level=level or "city")))


MOST_BYTES = 256 << 20
"""Of a file of boundaries; a province drawn to the metre has a tenth of it."""
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
IMPORTED_EXAMPLE: dict[str, Any] = {
    "report": {
        "file": "counties-2023.geojson", "sha256": _SHA256, "format": "boundaries.gcj-02",
        "why": "a feature collection of 21 features, declared as gcj-02; rows are features, counted from 1",
        "read": 21, "accepted": 21, "rejected": 0, "blank": 0, "wrong": 0, "repeated": 0, "problems": [], "notes": [],
        "more_problems": 0, "bytes_held": 0,
    },
    "drawn": 21, "added": [],
    "receipt": {
        "id": "r-1f2e3d4c5b6a", "file": "counties-2023.geojson", "sha256": _SHA256, "format": "boundaries.gcj-02", "rows_read": 21,
        "rows_new": 0, "rows_corrected": 21, "rows_unchanged": 0, "rows_rejected": 0, "undone": False, "act": 131,
    },
}  # fmt: skip


@routes.post(
    "/areas/boundaries",
    summary="Put official boundaries on record (the body: GeoJSON), in WGS-84 from a declared datum",
    openapi_extra={
        **OWN,
        "requestBody": {
            "required": True,
            "content": {"application/geo+json": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
    responses=responses(
        IMPORTED_EXAMPLE, description="What became of the file; no receipt after a dry run", failures=CHANGE
    ),
)  # fmt: skip
async def import_boundaries(
    asking: Asked,
    request: Request,
    file: Annotated[
        str, Query(max_length=200, pattern=r"^[^/\\]+\.(geo)?json$", description="its name")
    ],
    datum: Annotated[Datum, Query(description="what the file was measured in; it is not guessed")],
    key: Annotated[
        str | None, Query(max_length=100, description="the property that names the area")
    ] = None,
    add: Annotated[bool, Query(description="add the areas that are not known yet")] = False,
    schematic: Annotated[bool, Query(description="they are drawings, not surveys")] = False,
    credit: Annotated[str, Query(max_length=500, description="who made them, of which year")] = "",
    dry_run: Annotated[bool, Query(description="check only; commit nothing")] = False,
) -> Response:
    """Check a file of boundaries whole and put it on record whole, as the administrator who asks."""
    from yipan.operations import areas as desk

    post = post_of(asking)
    folder = Path(tempfile.mkdtemp(prefix="yipan-boundaries-"))
    try:
        size, path = 0, folder / file
        with path.open("wb") as to:
            async for piece in request.stream():
                size += len(piece)
                if size > MOST_BYTES:
                    raise BadInput(f"more than {MOST_BYTES} bytes; send it in parts", where="body")
                to.write(piece)
        done = await run_in_threadpool(
            desk.import_boundaries, post, path, datum=datum, at=asking.door.clock(), key=key, add=add,
            schematic=schematic, credit=credit, dry_run=dry_run,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)
    return answer(done)


def _collection(found: tuple[tuple[Area, dict[str, Any], bool], ...]) -> dict[str, object]:
    from shapely.geometry import shape

    features = []
    for area, geometry, schematic in found:
        inside = shape(geometry).representative_point()
        features.append(
            {
                "type": "Feature",
                "id": area.path,
                "properties": {
                    "path": area.path,
                    "name_zh": area.name_zh,
                    "name_en": area.name_en,
                    "schematic": schematic,
                    "centre": [round(inside.x, 5), round(inside.y, 5)],
                },
                "geometry": geometry,
            }
        )
    return {"type": "FeatureCollection", "features": features}
