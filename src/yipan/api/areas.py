"""The areas and the map they are drawn on."""

from typing import Annotated, Any

from fastapi import Query, Response

from yipan.api.access import PUBLISHED, Asked
from yipan.api.door import answer, responses, routes_of
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
