"""The picture: one screen, the series under its curves and the rows behind its figures."""

from typing import Annotated, Literal

from fastapi import Query, Response

from yipan.api.access import OWN, PUBLISHED, AreaAsked, Asked, DayAsked, SinceAsked, UntilAsked
from yipan.api.door import answer, responses, routes_of
from yipan.api.outlook import REPRODUCTION_EXAMPLE
from yipan.api.watch import SIGNAL_EXAMPLE

routes = routes_of("board")

FigureName = Literal["infections", "confirmed", "asymptomatic", "week"]

_FIGURES = {
    "area": "44.4401.", "name_zh": "广州市", "name_en": "Guangzhou", "infections": 3007,
    "confirmed": 235, "asymptomatic": 2772, "before": 2555, "week": 14215, "week_missing": 0,
    "rt": REPRODUCTION_EXAMPLE, "signals": 6,
}  # fmt: skip


@routes.get(
    "/span",
    summary="The days the record speaks of and the instants of its rounds",
    openapi_extra=PUBLISHED,
    responses=responses(
        {
            "since": "2022-10-01", "until": "2022-11-13", "newest": "2022-11-13T08:00:00+08:00",
            "rounds": ["2022-11-12T08:00:00+08:00", "2022-11-13T08:00:00+08:00"],
        },
        description="What the time slider moves over",
    ),
)  # fmt: skip
def span(asking: Asked) -> Response:
    """Return what the time slider moves over."""
    from yipan.operations import board

    return asking.answer(board.span)


@routes.get(
    "/series",
    summary="Every stream counted in an area, silences kept",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "area": "44.4401.", "stream": SIGNAL_EXAMPLE["stream"], "first_day": "2022-11-01",
                "counts": [1325, None, 1935],
            }
        ],
        description="One series per stream; null where nobody reported",
    ),
)  # fmt: skip
def series(
    asking: Asked, area: AreaAsked = None, since: SinceAsked = None, until: UntilAsked = None
) -> Response:
    """Return every stream counted in an area of the viewer's itself."""
    from yipan.operations import board

    path = asking.area(area)
    with asking.reading() as record:
        first, last = asking.days(since, until, record)
        return answer(board.series(record, area=path, since=first, until=last))


@routes.get(
    "/curve",
    summary="Infections per day of an area, silences kept",
    openapi_extra=PUBLISHED,
    responses=responses(
        {
            "area": "44.4401.", "days": ["2022-11-09", "2022-11-10"], "infections": [2555, 2583],
            "confirmed": [125, 225], "asymptomatic": [2430, 2358], "places": None,
            "places_reporting": None,
        },
        description="One value per day, null where nobody reported; sums say how many places reported",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def curve(
    asking: Asked, area: AreaAsked = None, since: SinceAsked = None, until: UntilAsked = None
) -> Response:
    """Return the daily figures of an area; of areas that are not the viewer's the published ones."""
    from yipan.operations import board

    path = asking.area(area, own=False)
    with asking.reading() as record:
        first, last = asking.days(since, until, record)
        record.area(path)
        return answer(board.curve(record, area=path, since=first, until=last))


@routes.get(
    "/picture",
    summary="Everything one screen needs of an area and a day",
    openapi_extra=PUBLISHED,
    responses=responses(
        {
            "area": {"path": "44.", "level": "province", "name_zh": "广东省", "name_en": "Guangdong"},
            "day": "2022-11-10", "known_at": "2022-11-10T08:00:00+08:00",
            "total": {**_FIGURES, "area": "44.", "name_zh": "广东省", "name_en": "Guangdong"},
            "children": [_FIGURES], "signals": [SIGNAL_EXAMPLE],
            "missing": [
                {
                    "area": "44.4452.", "name_zh": "揭阳市", "name_en": "Jieyang",
                    "since": "2022-11-08", "days": 3,
                }
            ],
            "newest_act": 132,
        },
        description="Figures of the area and of each place in it, signals of 14 days, silences",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def picture(asking: Asked, area: AreaAsked = None, day: DayAsked = None) -> Response:
    """Return one screen; of areas that are not the viewer's it shows the published figures and no more."""
    from yipan.operations import board

    path = asking.area(area, own=False)
    return asking.answer(
        lambda record: board.picture(record, area=path, day=asking.day(day, record))
    )


@routes.get(
    "/list",
    summary="The rows behind a figure",
    openapi_extra=PUBLISHED,
    responses=responses(
        [
            {
                "area": "44.4401.", "stream": "covid-19/local_confirmed/any/day", "day": "2022-11-10",
                "value": 235, "act": 121, "known_from": "2022-11-11T00:00:00+00:00",
                "source": "Guangzhou health bulletin of 11 November 2022",
            }
        ],
        description="The sum of the values is the figure",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def rows_behind(
    asking: Asked,
    area: AreaAsked = None,
    day: DayAsked = None,
    figure: Annotated[FigureName, Query(description="which figure")] = "infections",
) -> Response:
    """Return each row a figure adds up, with its source and the act that wrote it down."""
    from yipan.operations import board
    from yipan.operations.figures import Figure

    path = asking.area(area, own=False)
    return asking.answer(
        lambda record: board.rows_behind(
            record, area=path, day=asking.day(day, record), figure=Figure(figure)
        )
    )
