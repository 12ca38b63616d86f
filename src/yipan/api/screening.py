"""Rounds of screening: who was reached, who is held, which tubes wait, whether the laboratories can be trusted."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Response

from yipan.api.access import OWN, AreaAsked, Asked
from yipan.api.door import answer, responses, routes_of

if TYPE_CHECKING:
    from yipan.api.access import Asking
    from yipan.store.lake import Lake

routes = routes_of("screening")

RoundAsked = Annotated[
    str,
    Query(alias="round", max_length=100, description="id of the round", examples=["gz-2022-11-10"]),
]

ROUND_EXAMPLE: dict[str, Any] = {
    "id": "gz-2022-11-10", "area": "44.4401.", "disease": "covid-19",
    "opened": "2022-11-10T06:00:00+08:00", "closes": "2022-11-11T06:00:00+08:00", "closed": None, "rule": "",
}  # fmt: skip
_COVERED: dict[str, Any] = {
    "area": "44.4401.440103.440103001.", "name_zh": "沙面街道", "name_en": "Shamianjiedao", "due": 5200, "exempt": 31,
    "sampled": 5101, "with_result": 4890, "pending": 201, "held": 10, "to_swab_again": 10, "visitors": 44,
}  # fmt: skip


def lake_of(asking: "Asking") -> "Lake":
    """Return the lake that lies beside the record of this deployment."""
    from yipan.store.lake import Lake

    return Lake(folder=asking.door.settings.home / "screening")


@routes.get(
    "/screening/rounds",
    summary="The rounds of screening, the newest first",
    openapi_extra=OWN,
    responses=responses(
        [ROUND_EXAMPLE], description="Rounds in, above and below the viewer's area"
    ),
)
def rounds(asking: Asked) -> Response:
    """Return the rounds the viewer may see."""
    from yipan.operations import screening

    return asking.answer(screening.rounds)


@routes.get(
    "/screening/coverage",
    summary="Who of a round's roster was reached, street by street",
    openapi_extra=OWN,
    responses=responses(
        {"round": ROUND_EXAMPLE, "total": _COVERED, "streets": [_COVERED]},
        description="People by street: with_result + pending + to_swab_again = sampled; due - sampled were not seen",
        failures=(401, 403, 404, 422, 503),
    ),
)
def coverage(asking: Asked, round: RoundAsked) -> Response:
    """Return the coverage of a round within the viewer's area."""
    from yipan.operations import screening

    return asking.answer(lambda record: screening.coverage(record, lake_of(asking), round=round))


@routes.get(
    "/screening/gaps",
    summary="Who of a street is due and has no valid result",
    openapi_extra=OWN,
    responses=responses(
        [{"person": 31072, "why": "not_seen", "sampled_at": None}],
        description="People by number, for whoever goes from door to door there",
        failures=(401, 403, 404, 422, 503),
    ),
)
def gaps(
    asking: Asked,
    round: RoundAsked,
    area: AreaAsked = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="at most so many")] = 1000,
) -> Response:
    """Return the gap list of one street of the viewer's."""
    from yipan.operations import screening

    path = asking.area(area)
    with asking.reading() as record:
        return answer(
            screening.gaps(record, lake_of(asking), round=round, street=path, limit=limit)
        )


@routes.get(
    "/screening/held",
    summary="Positive and weak tubes with the people held",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "tube": 10000345, "area": "44.4401.440103.440103001.", "laboratory": "lab-001", "result": "positive",
                "ct_orf": 28.4, "ct_n": 28.9, "known": "2022-11-10T15:20:00+00:00", "people": [31072, 31073],
            }
        ],
        description="Each tube with everybody in it, by number",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def held(asking: Asked, round: RoundAsked) -> Response:
    """Return the tubes whose people are held until they are swabbed again."""
    from yipan.operations import screening

    return asking.answer(lambda record: screening.held_tubes(record, lake_of(asking), round=round))


@routes.get(
    "/screening/laboratories",
    summary="The laboratories of a round and what does not look right about them",
    openapi_extra=OWN,
    responses=responses(
        {
            "work": [
                {
                    "laboratory": "lab-001", "tubes": 51200, "positive": 48, "without_plate": 0, "p50_hours": 5.1,
                    "p90_hours": 7.0, "p99_hours": 9.3, "late": 0,
                }
            ],
            "findings": [
                {
                    "laboratory": "lab-007", "kind": "results_without_plate", "plate": "",
                    "zh": "40000管结果中有28000管没有对应的检测板孔。",
                    "en": "28000 of 40000 results name no plate they were measured on.", "p_value": None,
                }
            ],
        },
        description="Turn-around in hours from the last swab to publication; findings with their numbers",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def laboratories(asking: Asked, round: RoundAsked) -> Response:
    """Return the laboratories of a round, judged by the streets they share."""
    from yipan.operations import screening

    return asking.answer(
        lambda record: screening.laboratories(record, lake_of(asking), round=round)
    )


@routes.get(
    "/screening/designs",
    summary="Pool designs for a prevalence and a test",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "design": "two stages", "sizes": "11", "tests_per_person": 0.2047, "sensitivity": 0.9801,
                "specificity": 0.999, "positive_predictive_value": 0.9076, "negative_predictive_value": 0.9998,
            }
        ],
        description="The best design of each kind, the fewest tests per person first",
    ),
)  # fmt: skip
def designs(
    asking: Asked,
    prevalence: Annotated[float, Query(ge=0, le=1, description="share of infected people")],
    sensitivity: Annotated[float, Query(ge=0, le=1)] = 1.0,
    specificity: Annotated[float, Query(ge=0, le=1)] = 1.0,
    largest: Annotated[int, Query(ge=3, le=100, description="largest pool")] = 50,
) -> Response:
    """Return what pools of each kind would cost and how often they would be right."""
    from yipan.operations import screening

    return answer(
        screening.compare_designs(
            prevalence, sensitivity=sensitivity, specificity=specificity, largest=largest
        )
    )
