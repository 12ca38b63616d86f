"""The exercise by the web door: the truth of the exercise whose record is served, for its trainer and nobody else."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response

from yipan.api.access import OWN, Asked
from yipan.api.door import answer, responses, routes_of

routes = routes_of("exercise")

_VIEW: dict[str, Any] = {
    "name": "october", "pathogen": "covid-ba5", "reproduction_number": 2.5, "began": [["44.4401.440105.", 5, 3]],
    "first_day": "2022-10-01", "days_planned": 30, "days_done": 1, "mode": "auto", "flight_days": 7,
    "days": [{
        "day": "2022-10-01", "new": 4, "found": 1, "unseen": 11, "in_flight": 9, "reported": 1,
        "counties": {"44.4401.440105.": 4}, "reported_in": {"44.4401.440105.": 1},
    }],
    "areas": [{
        "area": "44.4401.440105.", "infections": 12, "found": 1, "unseen": 11, "in_flight": 9, "on_record": 1,
    }],
    "streets": [{
        "area": "44.4401.440105.440105001.", "infections": 12, "found": 1, "unseen": 11, "in_flight": 9, "on_record": 1,
    }],
    "chains": [{
        "area": "44.4401.440105.", "began": "2022-09-26", "newest": "2022-10-01", "infections": 7, "generations": 2,
        "found": 1, "in_flight": 5, "counties": 1, "seen": True,
    }],
    "seen": {"cases": 1, "zones_in_force": 1, "screening_rounds": 0, "proposals_open": 0},
    "score": {
        "mode": "auto", "days": 1, "infections": 12, "reported": 1, "days_to_detection": 5, "found_before_spread": 0.0,
        "peak_daily": 4, "spilled_cities": 0, "days_to_zero": None, "averted": 0, "restricted_days": 512,
        "restricted_per_averted": None, "excess_days": 0, "quarantine_days": 10, "people_sampled": 0, "feeds_written": 4,
    },
}  # fmt: skip


@routes.get(
    "/exercise/truth",
    summary="The truth of the exercise beside what its player has seen, for its trainer only",
    openapi_extra=OWN,
    responses=responses(
        _VIEW,
        description="Days, counties and chains of the truth, what the player has on record, and the score so far",
        failures=(401, 403, 404, 422, 503),
    ),
)
def truth(asking: Asked) -> Response:
    """Open the seal for a trainer of the whole province; a record of no exercise has no truth to show."""
    from yipan.operations import truth as desk
    from yipan.operations.post import Post

    post = Post(store=asking.door.store, viewer=asking.viewer)
    desk.check_trainer(post)
    return answer(desk.trainers_view(desk.folder_of(asking.door.settings.home), post))


@routes.get(
    "/exercise/report",
    summary="The after-action report of the exercise, for its trainer only",
    openapi_extra=OWN,
    response_class=Response,
    responses=responses(
        '<!doctype html><html lang="zh-CN">…</html>',
        description="The report as a page, or as Markdown",
        failures=(401, 403, 404, 422, 503),
        media_type="text/html",
        also=("text/markdown",),
    ),
)
def report(
    asking: Asked,
    lang: Annotated[Literal["zh", "en"], Query(description="language")] = "zh",
    format: Annotated[Literal["html", "markdown"], Query(description="form")] = "html",  # the word of the field
) -> Response:  # fmt: skip
    """Return the report a trainer goes through with the players afterwards."""
    from yipan.operations import truth as desk
    from yipan.operations.post import Post

    post = Post(store=asking.door.store, viewer=asking.viewer)
    desk.check_trainer(post)
    text = desk.after_action(
        desk.folder_of(asking.door.settings.home), post, language=lang, form=format
    )
    return Response(text, media_type=f"text/{format}; charset=utf-8")
