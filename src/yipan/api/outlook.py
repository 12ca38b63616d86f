"""How fast it spreads, what comes next, whether it stays below the line, whether it gets out."""

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked, DayAsked, SinceAsked, UntilAsked
from yipan.api.commanding import CHANGE, post_of
from yipan.api.door import answer, responses, routes_of

routes = routes_of("outlook")

REPRODUCTION_EXAMPLE = {
    "area": "44.4401.", "since": "2022-11-03", "until": "2022-11-10", "state": "estimated",
    "estimate": {"value": 1.62, "low": 1.58, "high": 1.66, "level": 0.95},
    "cases": 14215, "missing_days": 0,
}  # fmt: skip


@routes.get(
    "/reproduction",
    summary="Reproduction numbers with their intervals",
    openapi_extra=OWN,
    responses=responses(
        [REPRODUCTION_EXAMPLE],
        description="By area and window; where none could be estimated the state says why",
    ),
)
def reproduction(
    asking: Asked, area: AreaAsked = None, since: SinceAsked = None, until: UntilAsked = None
) -> Response:
    """Return what the rounds recorded of R in an area of the viewer's."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        first, last = asking.days(since, until, record)
        return answer(outlook.reproduction(record, area=path, since=first, until=last))


StreamAsked = Annotated[
    Literal["infections", "confirmed", "asymptomatic", "outside_control", "under_control"],
    Query(alias="stream", description="which infections: all, or by how they were found"),
]
AlarmAt = Annotated[float, Query(gt=0, lt=1, description="alarm from this chance on")]
LimitAsked = Annotated[
    int | None,
    Query(ge=1, le=20_000, description="try a line nobody has drawn: at most so many cases"),
]

SERIES_EXAMPLE = {
    "areas": ["44.4401."], "first_day": "2022-11-08", "interval": "day", "counts": [[2637, 2555, None]],
    "imported": None,
}  # fmt: skip
SHOWN_EXAMPLE = {
    "area": "44.4401.440103.", "resting_on": "44.4401.", "since": "2022-11-03", "until": "2022-11-10",
    "state": "estimated", "estimate": {"value": 1.62, "low": 1.58, "high": 1.66, "level": 0.95},
    "cases": 14215, "missing_days": 0, "assuming": "serial interval 2.7 d (sourced, 2.1 to 3.6)",
}  # fmt: skip
FORECAST_EXAMPLE = {
    "id": "44.4401.@infections@2022-11-14@as now", "area": "44.4401.", "stream": "infections",
    "made": "2022-11-14", "first_day": "2022-11-14", "interval": "day", "levels": [0.025, 0.5, 0.975],
    "quantiles": [[2659.0, 4203.0, 6332.0]], "baseline": [[2500.0, 4065.0, 6400.0]],
    "members": ["flat", "trend", "renewal"], "weights": [[0.5], [0.35], [0.15]], "control": "as now",
    "state": "estimated", "failed": False, "assuming": "serial interval 2.7 d (sourced, 2.1 to 3.6)",
}  # fmt: skip
NOWCAST_EXAMPLE = {
    "id": "44.4401.@infections@2022-11-14", "area": "44.4401.", "stream": "infections",
    "made": "2022-11-14", "first_day": "2022-11-13", "interval": "day", "levels": [0.025, 0.5, 0.975],
    "known": [4065], "seen": [0.98], "quantiles": [[4070.0, 4148.0, 4240.0]], "states": ["estimated"],
}  # fmt: skip
LINE_EXAMPLE = {
    "id": "line-44.", "area": "44.", "limit": 100, "alarm_at": 0.05, "drawn_by": "province",
    "why": "beds at hand for a hundred in any one place",
}  # fmt: skip
BOTTOM_EXAMPLE = {
    "id": "44.4406.@2022-11-14", "area": "44.4406.", "day": "2022-11-14", "resting_on": "44.",
    "line": {
        "name": "44.4406.", "limit": 100,
        "control": {"name": "as now", "isolated_share": 0.0, "cut_share": 0.0}, "probability": 0.31,
        "within_days": [[7, 0.02], [14, 0.12], [28, 0.24]], "dies_out": 0.66, "state": "alarm",
        "levers": [{"name": "isolate half of the rest", "probability": 0.02, "lowered_by": 0.29}],
        "reasons": ["22 cases seen, 22 of them may still transmit"], "seen": 22, "active": 22,
        "reproduction": 1.2, "dispersion": 0.4,
    },
    "drawn_by": "province", "chain": "", "assuming": "dispersion 0.2 or 0.4 or 0.8 (assumed)",
}  # fmt: skip
SPILL_EXAMPLE = {
    "id": "spill-44.@2022-11-14", "area": "44.", "day": "2022-11-14", "days": 14, "basis": "gravity law",
    "destinations": [
        {
            "destination": "beijing", "expected": 4.1, "expected_low": 1.2, "expected_high": 9.8,
            "introduced": 0.97, "lasting": 0.62, "half_arrived_day": 3, "look_first": 9.1,
            "arrived_by": [0.12, 0.27, 0.44, 0.6],
        }
    ],
    "paths": [
        {
            "destination": "beijing", "effective_distance": 5.2, "random_walk_distance": 4.6,
            "likely_origins": [["44.4401.", 0.93]], "ends_there": 0.04,
        }
    ],
    "delays": [{"cut_share": 0.9, "days": 16.7, "introduced_anyway": 0.34}], "growth_per_day": 0.14,
    "expected": 210.0, "low": 70.0, "high": 420.0, "left_out": [],
    "names": [["beijing", "北京市", "Beijing"]],
}  # fmt: skip
ASSUMED_EXAMPLE = {
    "id": "covid-19@2022-06-01", "disease": "covid-19", "since": "2022-06-01", "checked": "2026-11-26",
    "figures": [
        {
            "name": "serial_interval_days", "values": [2.7], "low": 2.1, "high": 3.6,
            "source": "as reviewed for the autumn of 2022", "assumption": False, "note": "",
        }
    ],
    "area": "", "put_by": "", "why": "",
}  # fmt: skip
SCORE_EXAMPLE = {
    "id": "44.4401.@infections@all", "area": "44.4401.", "stream": "infections", "horizon": None,
    "until": "2022-11-14",
    "card": {
        "tasks": 193, "wis": 210.4, "log_wis": 0.31, "relative_wis": 0.81, "relative_log_wis": 0.86,
        "coverage_50": 0.49, "coverage_90": 0.84, "coverage_95": 0.94, "bias": 0.1, "pit": [0.1],
        "failed": False,
    },
}  # fmt: skip


@routes.get(
    "/outlook/series",
    summary="The counts an outlook is made of",
    openapi_extra=OWN,
    responses=responses([SERIES_EXAMPLE], description="One table of the area itself, or none"),
)
def series(
    asking: Asked, area: AreaAsked = None, day: DayAsked = None, stream: StreamAsked = "infections"
) -> Response:
    """Return the area's own series (the sum of its parts where it counts none) up to a day."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        last = asking.day(day, record)
        found = outlook.own_series(record, area=path, until=last, stream=outlook.Outlooks(stream))
        return answer([] if found is None else [found])


@routes.get(
    "/outlook/reproduction",
    summary="The newest R of every area, its own or that of the area it rests on",
    openapi_extra=OWN,
    responses=responses([SHOWN_EXAMPLE], description="Where there is none the state says why"),
)
def shown_reproduction(
    asking: Asked, area: AreaAsked = None, day: DayAsked = None, stream: StreamAsked = "infections"
) -> Response:
    """Return R of every area in an area, pooled upwards where its own cases are too few."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        last = asking.day(day, record)
        return answer(
            outlook.shown_reproduction(
                record, area=path, until=last, stream=outlook.Outlooks(stream)
            )
        )


@routes.get(
    "/outlook/forecasts",
    summary="Forecasts to 28 days as quantiles",
    openapi_extra=OWN,
    responses=responses([FORECAST_EXAMPLE], description="As recorded by the newest round"),
)
def forecasts(
    asking: Asked,
    area: AreaAsked = None,
    stream: StreamAsked = "infections",
    own: Annotated[bool, Query(description="only of the area itself")] = False,
) -> Response:
    """Return the newest forecasts of the areas in an area; one whose coverage failed is marked failed."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        found = outlook.forecasts(record, area=path, stream=stream)
        return answer(tuple(each for each in found if not own or each.area == path))


@routes.get(
    "/outlook/nowcasts",
    summary="What the latest days will come to once all reports are in",
    openapi_extra=OWN,
    responses=responses([NOWCAST_EXAMPLE], description="As recorded by the newest round"),
)
def nowcasts(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the newest nowcasts of the areas in an area."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        return answer(outlook.recorded_nowcasts(record, area=path))


@routes.get(
    "/outlook/bottom-lines",
    summary="The chance of every area to end above the line, and what lowers it most",
    openapi_extra=OWN,
    responses=responses([BOTTOM_EXAMPLE], description="The likeliest first"),
)
def bottom_lines(
    asking: Asked,
    area: AreaAsked = None,
    day: DayAsked = None,
    limit: LimitAsked = None,
    alarm_at: AlarmAt = 0.05,
) -> Response:
    """Return the recorded bottom lines against the lines drawn; with `limit` those against a line to try."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        last = asking.day(day, record)
        if limit is None:
            return answer(outlook.recorded_lines(record, area=path))
        return answer(
            outlook.what_if(
                record,
                area=path,
                until=last,
                limit=limit,
                alarm_at=alarm_at,
                time_zone=asking.door.settings.time_zone,
            )
        )


@routes.get(
    "/outlook/lines",
    summary="The lines drawn by commands",
    openapi_extra=OWN,
    responses=responses([LINE_EXAMPLE], description="Those of the commands above among them"),
)
def lines(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the lines that hold in an area."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        found = outlook.lines(record)
        return answer(tuple(x for x in found if path.startswith(x.area) or x.area.startswith(path)))


class LineGiven(BaseModel):
    """A line to draw."""

    area: str = Field(
        max_length=200,
        examples=["44.4401."],
        json_schema_extra={"pattern": r"^([0-9a-z-]+\.)+$"},
    )
    limit: int = Field(ge=1, le=20_000, examples=[100])
    alarm_at: float = Field(gt=0, lt=1, examples=[0.05])
    why: str = Field(
        min_length=1, max_length=500, pattern=r"\S", examples=["beds at hand for a hundred"]
    )


@routes.post(
    "/outlook/lines",
    summary="Draw the command's line for an area and all in it",
    openapi_extra=OWN,
    responses=responses(LINE_EXAMPLE, description="The line as drawn", failures=CHANGE),
)
def draw_line(asking: Asked, given: LineGiven) -> Response:
    """Draw a line as the viewer; the next round judges against it."""
    from yipan.operations import outlook

    return answer(
        outlook.draw_line(
            post_of(asking), area=asking.area(given.area), limit=given.limit,
            alarm_at=given.alarm_at, why=given.why.replace("\x00", " ").strip(), at=asking.door.clock(),
        )
    )  # fmt: skip


@routes.get(
    "/outlook/spillover",
    summary="Whether it gets out: by destination, with what cutting travel would buy",
    openapi_extra=OWN,
    responses=responses([SPILL_EXAMPLE], description="The newest recorded, or none"),
)
def spillover(
    asking: Asked,
    area: AreaAsked = None,
    day: DayAsked = None,
    law: Annotated[
        Literal["gravity", "radiation"] | None,
        Query(description="work it out now by a law of movement, in place of what is recorded"),
    ] = None,
) -> Response:
    """Return the newest spillover recorded for an area; with `law` one worked out now."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        last = asking.day(day, record)
        if law is None:
            found = outlook.recorded_spillover(record, area=path)
        else:
            found = outlook.spillover_by(record, area=path, until=last, law=law)
        return answer([] if found is None else [found])


@routes.get(
    "/outlook/assumptions",
    summary="What the outlook takes as given",
    openapi_extra=OWN,
    responses=responses(
        [ASSUMED_EXAMPLE], description="Each figure with its source, or marked as assumed"
    ),
)
def assumptions(
    asking: Asked,
    area: AreaAsked = None,
    day: DayAsked = None,
    disease: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9-]+$", description="of which disease")
    ] = None,
) -> Response:
    """Return the assumptions that hold in an area on a day: those put on record, else those that come along."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        last = asking.day(day, record)
        return answer([outlook.assumptions(record, area=path, day=last, disease=disease)])


@routes.get(
    "/outlook/scores",
    summary="How our own past forecasts fared",
    openapi_extra=OWN,
    responses=responses([SCORE_EXAMPLE], description="Over all by horizon, and by area"),
)
def scores(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the score cards of the forecasts of the areas in an area."""
    from yipan.operations import outlook

    path = asking.area(area)
    with asking.reading() as record:
        return answer(outlook.scores(record, area=path))
