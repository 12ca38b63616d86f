"""Rounds of screening: who was reached, who is held, which tubes wait, whether the laboratories can be trusted."""

import secrets
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked
from yipan.api.commanding import CHANGE, AtAsked, lake_of, moment_of, post_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import LakeKind, TestResult, person_id

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
    "sampled": 5101, "with_result": 4890, "pending": 201, "held": 10, "to_swab_again": 10, "single_negative": 0,
    "single_positive": 0, "visitors": 44,
}  # fmt: skip


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


_OUTCOME: dict[str, Any] = {
    "round": "gz-2022-11-10", "day": "2022-11-10", "ended": True, "found_in": {"isolation": 2}, "community": 0,
    "controlled": 2, "pending": 0, "held": 0, "not_seen": 12, "clear": True,
}  # fmt: skip


@routes.get(
    "/screening/programme",
    summary="Which round is next in each screened area, when and why, and when screening is finished",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "area": "44.4401.440105.", "disease": "covid-19", "place": "outbreak_district", "state": "due",
                "zero_rounds": 1, "zero_rounds_needed": 3, "next_round": "2022-11-11", "confirming": False,
                "stopped_on": None, "rounds": [_OUTCOME], "rulebook": "cn-covid-9ed",
                "reasons": [
                    {"zh": "已连续1轮未发现社区感染者，需连续3轮。", "en": "1 rounds in a row found no infection in the community; 3 are needed.", "source": ["b2"], "confidence": "medium"}
                ],
                "assumed": [], "counted_in": "44.4401.440105.",
            }
        ],
        description="By the version in force; nothing is opened by asking",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def programme(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    place: Annotated[
        Literal["outbreak_district", "other_district", "urban", "rural"],
        Query(description="kind of district the rule is asked about"),
    ] = "outbreak_district",
) -> Response:
    """Return where the programmes of an area stand."""
    from yipan.operations import programme as desk

    path, moment, zone = asking.area(area), moment_of(asking, at), asking.door.settings.time_zone
    home = lake_of(asking)
    return asking.answer(
        lambda record: desk.programmes(
            record, home, area=path, at=moment, time_zone=zone, place=place
        )
    )


@routes.get(
    "/screening/coverage",
    summary="Who of a round's roster was reached, street by street",
    openapi_extra=OWN,
    responses=responses(
        {
            "round": ROUND_EXAMPLE,
            "total": _COVERED,
            "streets": [_COVERED],
            "people_estimate": 5244.9,
            "people_error": 0.9,
        },
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


_HOLD: dict[str, Any] = {
    "id": "gz-2022-11-10.10000345", "area": "44.4401.440103.440103001.", "round": "gz-2022-11-10", "tube": 10000345,
    "result": "positive", "known": "2022-11-10T15:20:00+00:00", "effective": "2022-11-10T15:40:00+00:00",
    "order": "o-77",
    "people": [{"person": 31072, "risk": 0.104, "reached": "2022-11-10T16:10:00+00:00", "released": None}],
}  # fmt: skip
_NOW: dict[str, Any] = {
    "person": 31072, "risk": 0.104, "state": "held", "reached": "2022-11-10T16:10:00+00:00", "swabbed": None,
    "result": None, "released": None,
}  # fmt: skip
RoundName = Annotated[str, Path(max_length=60, description="id of the round")]


@routes.get(
    "/screening/holds",
    summary="The tubes held by order, with who is still to be reached, swabbed, released",
    openapi_extra=OWN,
    responses=responses(
        [
            _HOLD | {
                "people_now": [_NOW], "to_reach": 0, "to_swab": 1, "to_release": 0,
                "reach_due": "2022-11-10T17:20:00+00:00", "reach_late_hours": 0.0, "release_late_hours": 0.0,
            }
        ],
        description="People in order of the risk to be the infected one; clocks in hours past their limit",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def holds(
    asking: Asked,
    round: RoundAsked,
    at: AtAsked = None,
    every: Annotated[bool, Query(description="those released, too")] = False,
) -> Response:
    """Return the held tubes of a round as they stand."""
    from yipan.operations import holding

    moment, home = moment_of(asking, at), lake_of(asking)
    return asking.answer(
        lambda record: holding.holds(record, home, round=round, at=moment, open_only=not every)
    )


@routes.get(
    "/screening/care",
    summary="Who came or is registered for care and has no result, whoever came first",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "person": 31090, "area": "44.4401.440103.440103001.", "need": "dialysis", "why": "pending",
                "hours": 7.5, "came_for": "fever_clinic", "came": "2022-11-10T09:10:00+00:00",
            }
        ],
        description="People by number; a missing result never blocks care",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def care(asking: Asked, round: RoundAsked, at: AtAsked = None) -> Response:
    """Return who waits for care without a result."""
    from yipan.operations import holding

    moment, home = moment_of(asking, at), lake_of(asking)
    return asking.answer(
        lambda record: holding.waiting_for_care(record, home, round=round, at=moment)
    )


@routes.get(
    "/screening/met",
    summary="Who was at a place with somebody found positive in a round, for ten minutes at least",
    openapi_extra=OWN,
    responses=responses(
        {
            "meetings": [
                {
                    "person": 31090, "found": 31072, "area": "44.4401.440103.440103001.", "place": 7001,
                    "since": "2022-11-09T04:00:00+00:00", "until": "2022-11-09T04:35:00+00:00",
                }
            ],
            "visits": 120000, "without_end": 4100,
        },
        description="By number, from the files of visits; visits without a leaving time meet nobody. Evidence, no contact",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def met(asking: Asked, round: RoundAsked) -> Response:
    """Return who met those found."""
    from yipan.operations import holding

    home = lake_of(asking)
    return asking.answer(lambda record: holding.met_found(record, home, round=round))


_GROUP: dict[str, Any] = {
    "group": "general", "people": 5200, "mode": "10", "single_only": False, "tubes": 525.5, "held": 5.5,
    "held_cost": 44.0, "missed": 0.02,
}  # fmt: skip
_NEEDS: dict[str, Any] = {
    "area": "44.4401.440103.440103001.", "name_zh": "沙面街道", "name_en": "Shamianjiedao", "people": 5200, "sites": 2,
    "sites_most": 3, "samplers": 15, "couriers": 0.3, "tubes": 526, "held": 5.5, "prevalence": 0.0001, "measured": False,
    "groups": [_GROUP], "laboratory": "lab-001",
}  # fmt: skip
_GIVEN: dict[str, Any] = {
    "name": "held_hours", "value": 8.0, "low": None, "high": None, "source": "", "assumption": True,
    "note": "from a positive tube to the release of the others",
}  # fmt: skip


@routes.get(
    "/screening/plan",
    summary="What a round needs street by street, how its tubes are best filled, who takes them, and what lacks",
    openapi_extra=OWN,
    responses=responses(
        {
            "round": "gz-2022-11-10", "rulebook": "cn-covid-9ed", "adopted": True, "total": _NEEDS, "streets": [_NEEDS],
            "laboratories": [{"laboratory": "lab-001", "name": "金域", "reserve": False, "tubes": 526, "tubes_per_day": 350000}],
            "lacking_samplers": 3, "lacking_sites": None, "lacking_couriers": None, "lacking_tubes": 0, "prevalence_from": "",
            "reasons": [
                {"zh": "采样人员按人口数除以360配备。", "en": "One sampler for 360 people.", "source": ["e2"], "confidence": "medium"}
            ],
            "given": [_GIVEN],
        },
        description="Norms from the protocol, the rest from named assumptions; lacking is null where nobody said how many there are",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def plan(
    asking: Asked,
    round: RoundAsked,
    prevalence: Annotated[
        float | None, Query(ge=0, le=1, description="share infected; from rounds where left out")
    ] = None,
    samplers: Annotated[int | None, Query(ge=0, le=10**7, description="samplers there are")] = None,
    sites: Annotated[int | None, Query(ge=0, le=10**6, description="sites there are")] = None,
    couriers: Annotated[int | None, Query(ge=0, le=10**6, description="couriers there are")] = None,
    at: AtAsked = None,
) -> Response:
    """Return the plan of a round by the norms of the version in force where it is."""
    from yipan.operations import logistics
    from yipan.packs.screenings import read_screening
    from yipan.protocol import protocols

    home, moment = lake_of(asking), moment_of(asking, at)
    book = protocols().rulebook(logistics.OTHERWISE)
    have = logistics.Have(samplers=samplers, sites=sites, couriers=couriers)
    return asking.answer(
        lambda record: logistics.needs(
            record, home, round=round, at=moment, otherwise=book, given=read_screening("covid-19"), have=have,
            prevalence=prevalence,
        )
    )  # fmt: skip


@routes.get(
    "/screening/advice",
    summary="Which tubes for a group of people, and what each interval between rounds lets escape",
    openapi_extra=OWN,
    responses=responses(
        {
            "modes": [
                {
                    "mode": "10", "people": 100000, "tubes": 10106.0, "held": 106.0, "missed": 0.4, "cost": 10990.0,
                    "limits": [],
                }
            ],
            "escape": [[2, 6, 0.7]], "given": [_GIVEN],
        },
        description="The possible and cheapest way first; escape as days between rounds, hours to the result, share",
    ),
)  # fmt: skip
def advice(
    asking: Asked,
    people: Annotated[int, Query(ge=1, le=10**9)],
    prevalence: Annotated[float, Query(ge=0, le=1)],
    tubes: Annotated[
        int | None, Query(ge=0, le=10**9, description="tubes laboratories take")
    ] = None,
    single_only: Annotated[bool, Query(description="the protocol wants this group singly")] = False,
) -> Response:
    """Return estimates, never a rule."""
    from yipan.operations import logistics
    from yipan.packs.screenings import read_screening

    return answer(
        logistics.advise_swabs(
            people, prevalence=prevalence, given=read_screening("covid-19"), tubes=tubes,
            single_only=single_only,
        )
    )  # fmt: skip


@routes.get(
    "/screening/zero",
    summary="Whether the community of an area is clear, by each published definition, the chosen one first",
    openapi_extra=OWN,
    responses=responses(
        {
            "area": "44.4401.440105.", "residents": 1819000, "days": [{"day": "2022-11-10", "found_in": {"isolation": 9}, "unplaced": 0}], "as_of": "2022-11-10",
            "answers": [
                {
                    "definition": "outside_controlled_people", "chosen": True, "answer": "zero",
                    "reasons": [{"zh": "需连续3天社会面无新增感染者。", "en": "3 days in a row must find nobody in the community.", "source": ["h1"], "confidence": "high"}],
                }
            ],
            "silent": None,
        },
        description="By the infections on record of the last fourteen days",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def zero(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return community zero of an area."""
    from yipan.operations import confidence

    path, moment, zone = asking.area(area), moment_of(asking, at), asking.door.settings.time_zone
    return asking.answer(
        lambda record: confidence.community(record, area=path, at=moment, time_zone=zone)
    )


@routes.get(
    "/screening/confidence",
    summary="How probable it is that nobody infected is left, and what raises that most: evidence, never a rule",
    openapi_extra=OWN,
    responses=responses(
        {
            "area": "44.4401.440105.", "round": "hz-3", "hidden": 2.0, "never": 0.04, "never_people": 640, "attendance": 0.98,
            "sensitivity": 0.77, "clear_rounds": 3, "unresolved": 0, "probability": 0.893, "ceiling": 0.923, "target": 0.95,
            "levers": [
                {"name": "reach_never_tested", "after": 0.948, "gain": 0.055, "what": {"zh": "找到未检640人中的480人", "en": "Find 480 of the 640 people never tested"}}
            ],
            "given": [_GIVEN], "silent": None,
        },
        description="Of an area, or of the area a zone lies in",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def confidence(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    zone: Annotated[
        str | None, Query(max_length=200, description="a zone: its area is asked about")
    ] = None,
    hidden: Annotated[
        float | None, Query(ge=0, le=1e6, description="infections expected before the rounds")
    ] = None,
) -> Response:
    """Return how sure one may be that everybody is found."""
    from yipan.operations import confidence as desk
    from yipan.packs.screenings import read_screening

    moment, zoned = moment_of(asking, at), asking.door.settings.time_zone
    home, given = lake_of(asking), read_screening("covid-19")
    if zone is not None:
        return asking.answer(
            lambda record: desk.of_zone(record, home, zone, at=moment, time_zone=zoned, given=given)
        )
    path = asking.area(area)
    return asking.answer(
        lambda record: desk.lifting(
            record, home, area=path, at=moment, time_zone=zoned, given=given, hidden=hidden
        )
    )


PersonAsked = Annotated[
    int,
    Query(ge=0, lt=2**53, description="the person's number in the bulk files", examples=[31072]),
]


@routes.get(
    "/screening/standing",
    summary="Where one person stands in a round: one state, derived from the files",
    openapi_extra=OWN,
    responses=responses(
        {"round": "gz-2022-11-10", "person": 31072, "state": "on_the_way", "hold": None},
        description="Exempt, not seen, pending, on the way, at the laboratory, again, negative, held, single negative or positive, confirmed",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def standing(asking: Asked, round: RoundAsked, person: PersonAsked) -> Response:
    """Return the one state of a person of the viewer's streets."""
    from yipan.operations import holding

    home = lake_of(asking)
    return asking.answer(lambda record: holding.standing(record, home, round=round, person=person))


@routes.get(
    "/screening/person",
    summary="Every swab of one person with what its tube showed, the oldest first",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "round": "gz-2022-11-10", "sample": 880001, "tube": 10000345, "area": "44.4401.440103.440103001.", "mode": 10,
                "sampled_at": "2022-11-10T02:00:00+00:00", "result": "negative", "laboratory": "lab-001",
                "published_at": "2022-11-10T09:00:00+00:00",
            }
        ],
        description="By number; nobody is named",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def person(asking: Asked, person: PersonAsked) -> Response:
    """Return the swabs of a person in the viewer's streets."""
    from yipan.operations import screening

    home = lake_of(asking)
    return asking.answer(lambda record: screening.person_history(record, home, person=person))


@routes.get(
    "/screening/waiting",
    summary="Tubes without a result, those that have waited longest first",
    openapi_extra=OWN,
    responses=responses(
        [{"tube": 10000346, "area": "44.4401.440103.440103001.", "people": 10, "hours": 7.5}],
        description="How many people each holds and for how many hours they have waited",
        failures=(401, 403, 404, 422, 503),
    ),
)
def waiting(
    asking: Asked,
    round: RoundAsked,
    at: AtAsked = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="at most so many")] = 1000,
) -> Response:
    """Return the tubes of a round that wait for a result."""
    from yipan.operations import screening

    moment, home = moment_of(asking, at), lake_of(asking)
    return asking.answer(
        lambda record: screening.waiting(record, home, round=round, at=moment)[:limit]
    )


@routes.get(
    "/screening/specimens",
    summary="The tubes of a round as FHIR R5 specimens, pooled and grouped ones marked so, one a line",
    openapi_extra=OWN,
    responses=responses(
        '{"resourceType": "Specimen", "id": "tube-7", "combined": "pooled"}\n',
        description="NDJSON; nobody is named",
        failures=(401, 403, 404, 422, 503),
        media_type="application/x-ndjson",
    ),
)
def specimens(asking: Asked, round: RoundAsked) -> Response:
    """Return the tubes of a round for another system."""
    import json

    from yipan.feeds.laboratory import specimen_of
    from yipan.operations import screening

    home = lake_of(asking)
    with asking.reading() as record:
        lines = [
            json.dumps(specimen_of(tube))
            for tube in screening.tube_specimens(record, home, round=round)
        ]
    return Response(
        "".join(line + "\n" for line in lines), media_type="application/x-ndjson",
        headers={"content-disposition": 'attachment; filename="specimens.ndjson"'},
    )  # fmt: skip


class ReachedGiven(BaseModel):
    """Which people of a held tube were reached; everybody where left out."""

    people: list[int] | None = Field(default=None, max_length=500, examples=[[31072]])


@routes.post(
    "/screening/holds/{hold}/reached",
    summary="Put on record that people of a held tube were reached",
    openapi_extra=OWN,
    responses=responses(_HOLD, description="The held tube then", failures=CHANGE),
)
def reached(
    asking: Asked,
    hold: Annotated[str, Path(max_length=120, description="id of the held tube")],
    given: ReachedGiven,
) -> Response:
    """Record whom somebody reached; a single swab says so by itself."""
    from yipan.operations import holding

    return answer(
        holding.record_reached(post_of(asking), hold, people=given.people, at=asking.door.clock())
    )


class ConfirmationGiven(BaseModel):
    """What a second laboratory or kit said of somebody single positive."""

    round: str = Field(max_length=60, examples=["gz-2022-11-10"])
    person: int = Field(ge=0, lt=2**53, examples=[31072])
    laboratory: str = Field(min_length=1, max_length=100, pattern=r"\S", examples=["lab-009"])
    confirmed: bool = Field(examples=[True])


@routes.post(
    "/screening/confirmations",
    summary="Put on record what a second laboratory said of somebody single positive",
    openapi_extra=OWN,
    responses=responses(
        {
            "id": "gz-2022-11-10.10000345.31072", "area": "44.4401.440103.440103001.", "round": "gz-2022-11-10",
            "person": 31072, "laboratory": "lab-009", "confirmed": True, "at": "2022-11-11T03:00:00+00:00",
        },
        description="The confirmation",
        failures=CHANGE,
    ),
)  # fmt: skip
def confirmations(asking: Asked, given: ConfirmationGiven) -> Response:
    """Record a confirmation; the round makes the report of the case due."""
    from yipan.operations import holding

    return answer(
        holding.confirm(
            post_of(asking), round=given.round, person=given.person, laboratory=given.laboratory,
            confirmed=given.confirmed, at=asking.door.clock(),
        )
    )  # fmt: skip


class RoundGiven(BaseModel):
    """A round to open in an area."""

    id: str = Field(min_length=1, max_length=60, examples=["gz-2022-11-10"])
    area: str = Field(max_length=200, examples=["44.4401."])
    disease: str = Field(default="covid-19", min_length=1, max_length=60)
    opened: datetime = Field(examples=["2022-11-10T06:00:00+08:00"])
    closes: datetime = Field(examples=["2022-11-11T06:00:00+08:00"])
    why: str = Field(min_length=1, max_length=500, examples=["three cases without a known source"])


@routes.post(
    "/screening/rounds",
    summary="Open a round of screening",
    openapi_extra=OWN,
    responses=responses(ROUND_EXAMPLE, description="The round", failures=CHANGE),
)
def open_round(asking: Asked, given: RoundGiven) -> Response:
    """Put a round on record."""
    from yipan.model import ScreeningRound, area_path
    from yipan.operations import screening

    for name in ("opened", "closes"):
        moment = getattr(given, name)
        if moment.tzinfo is None or not 1900 <= moment.year <= 2200:
            raise BadInput(f"{name} {moment}: expected an instant with its offset", where=name)
    try:
        made = ScreeningRound(
            id=given.id, area=area_path(given.area), disease=given.disease, opened=given.opened,
            closes=given.closes,
        )  # fmt: skip
    except ValueError as wrong:
        raise BadInput(str(wrong), where="round") from None
    return answer(
        screening.open_round(post_of(asking), made, why=given.why, at=asking.door.clock())
    )


class CloseGiven(BaseModel):
    """Why a round is closed."""

    why: str = Field(min_length=1, max_length=500, examples=["everybody due has a result"])


@routes.post(
    "/screening/rounds/{name}/close",
    summary="Close a round of screening",
    openapi_extra=OWN,
    responses=responses(ROUND_EXAMPLE, description="The round, closed", failures=CHANGE),
)
def close_round(asking: Asked, name: RoundName, given: CloseGiven) -> Response:
    """Close a round."""
    from yipan.operations import screening

    return answer(
        screening.close_round(post_of(asking), name, why=given.why, at=asking.door.clock())
    )


MOST_BYTES = 4 << 30
_BATCH: dict[str, Any] = {
    "id": "b-1f2e3d4c5b6a", "area": "44.4401.", "round": "gz-2022-11-10", "kind": "results", "file": "tubes.csv",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "read": 51200, "accepted": 51198,
    "quarantined": 2, "reasons": {"no accepted sample is in this tube": 2},
    "quarantine": "quarantine/gz-2022-11-10/b-1f2e3d4c5b6a.csv", "within": None,
}  # fmt: skip


@routes.post(
    "/screening/rounds/{name}/files",
    summary="Take a bulk file (the body: CSV or Parquet) into a round",
    openapi_extra={
        **OWN,
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
    responses=responses(
        _BATCH, description="What became of every row: read = accepted + put aside", failures=CHANGE
    ),
)  # fmt: skip
async def files(
    asking: Asked,
    request: Request,
    name: RoundName,
    kind: Annotated[LakeKind, Query(description="what the file tells")],
    file: Annotated[
        str, Query(min_length=1, max_length=200, pattern=r"^[^/\\]+$", description="its name")
    ],
) -> Response:
    """Judge a bulk file whole and take it in."""
    from yipan.operations import screening

    post = post_of(asking)
    folder = post.lake.folder / ".sent" / secrets.token_hex(8)
    folder.mkdir(parents=True)
    path = folder / f"sent.{kind.value}"
    try:
        size = 0
        with path.open("wb") as to:
            async for piece in request.stream():
                size += len(piece)
                if size > MOST_BYTES:
                    raise BadInput(f"more than {MOST_BYTES} bytes; send it in parts", where="file")
                to.write(piece)
        batch = await run_in_threadpool(
            screening.take_in, post, post.lake, path, round=name, kind=kind, at=asking.door.clock(),
            time_zone=asking.door.settings.time_zone, told_as=file,
        )  # fmt: skip
    finally:
        path.unlink(missing_ok=True)
        folder.rmdir()
    return answer(batch)


_KEY_COUNT: dict[str, Any] = {
    "name": "冷链", "people": 120, "done": 117, "due": 2, "missed": 1, "not_asked": 0,
}  # fmt: skip


@routes.get(
    "/screening/key",
    summary="Key people counted by group, sector and duty-holder: done, due, missed",
    openapi_extra=OWN,
    responses=responses(
        {
            "day": "2022-11-10", "total": _KEY_COUNT | {"name": ""}, "groups": [_KEY_COUNT | {"name": "high_risk_post"}],
            "sectors": [_KEY_COUNT], "duty_holders": [_KEY_COUNT | {"name": "海珠区市场监管局"}],
            "reasons": [
                {"zh": "每1天检测一次。", "en": "Tested every 1 day(s).", "source": ["a2"], "confidence": "medium"}
            ],
        },
        description="Every figure is the length of the list of the same state",
    ),
)  # fmt: skip
def key_people(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return the key people of an area, counted."""
    from yipan.operations import keypeople

    path, moment, zone = asking.area(area), moment_of(asking, at), asking.door.settings.time_zone
    return asking.answer(
        lambda record: keypeople.picture(record, area=path, at=moment, time_zone=zone)
    )


@routes.get(
    "/screening/key/people",
    summary="Key people by what is due, the longest missed first",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "person": "p-00000000000a", "site": "cold-1", "area": "44.4401.440105.", "group": "high_risk_post",
                "sector": "冷链", "duty_holder": "海珠区市场监管局", "every_days": 1, "tests": 1, "single": True, "last": "2022-11-08",
                "next_due": "2022-11-09", "state": "missed", "overdue_days": 1,
            }
        ],
        description="People by pseudonym; who they are is in the vault",
    ),
)  # fmt: skip
def key_list(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    state: Annotated[
        Literal["missed", "due", "done", "not_asked"] | None,
        Query(description="only in this state"),
    ] = None,
) -> Response:
    """Return the due list of an area."""
    from yipan.operations import keypeople

    path, moment, zone = asking.area(area), moment_of(asking, at), asking.door.settings.time_zone
    with asking.reading() as record:
        rows = keypeople.due_list(record, area=path, at=moment, time_zone=zone)
    return answer([row for row in rows if state is None or row.state == state])


class KeyTestsGiven(BaseModel):
    """Whom of a site was swabbed on a day, how many to a tube, and what was found (pending where left out)."""

    people: list[str] = Field(min_length=1, max_length=2000, examples=[["p-00000000000a"]])
    day: date = Field(examples=["2022-11-10"])
    tube_size: int = Field(ge=1, le=20, examples=[1])
    result: TestResult = Field(default=TestResult.PENDING, examples=["negative"])


@routes.post(
    "/screening/key/{site}/tests",
    summary="Put on record that people of a site were swabbed",
    openapi_extra=OWN,
    responses=responses(
        {"new": 1, "changed": 0, "unchanged": 0}, description="How many were new", failures=CHANGE
    ),
)
def key_tests(
    asking: Asked,
    site: Annotated[str, Path(max_length=200, description="id of the site")],
    given: KeyTestsGiven,
) -> Response:
    """Record tests of key people; a shared tube is refused where the protocol says single."""
    from yipan.operations import keypeople

    if not 1900 <= given.day.year <= 2200:
        raise BadInput(f"year {given.day.year} cannot be meant", where="day")
    try:
        people = {person_id(text): given.result for text in given.people}
    except ValueError as wrong:
        raise BadInput(str(wrong), where="people") from None
    return answer(
        keypeople.record_tests(
            post_of(asking),
            site,
            people,
            day=given.day,
            tube_size=given.tube_size,
            at=asking.door.clock(),
        )
    )


_VISIT: dict[str, Any] = {
    "id": "home-1-20221110T020000", "area": "44.4401.440105.", "site": "home-1", "by": "海珠区民政局",
    "at": "2022-11-10T02:00:00+00:00", "points": [{"what": "来访未登记", "rectified": None}],
    "rectify_due": "2022-11-11T02:00:00+00:00",
}  # fmt: skip


@routes.get(
    "/screening/key/inspections",
    summary="Sites on the register by what is due of their inspections, late rectifications first",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "site": "home-1", "name": "某养老院", "area": "44.4401.440105.", "group": "key_venue", "sector": "养老",
                "duty_holder": "海珠区民政局", "every_days": 14, "said_by": "通告2号", "last": "2022-11-10",
                "next_due": "2022-11-24", "state": "done", "overdue_days": 0, "open_points": ["来访未登记"],
                "rectify_due": "2022-11-11T02:00:00+00:00", "late_hours": 0.0, "visits": [_VISIT],
            }
        ],
        description="How often is what a named notice says; the clock of putting right is the adopted profile's",
    ),
)  # fmt: skip
def key_inspections(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return the inspections of an area."""
    from yipan.operations import keypeople

    path, moment, zone = asking.area(area), moment_of(asking, at), asking.door.settings.time_zone
    return asking.answer(
        lambda record: keypeople.inspections(record, area=path, at=moment, time_zone=zone)
    )


Finding = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class InspectionGiven(BaseModel):
    """Which office inspected a site and what it found wanting."""

    by: str = Field(min_length=1, max_length=200, pattern=r"\S", examples=["海珠区民政局"])
    points: list[Finding] = Field(default_factory=list, max_length=100, examples=[["来访未登记"]])


@routes.post(
    "/screening/key/{site}/inspections",
    summary="Put an inspection of a site on record with what it found wanting",
    openapi_extra=OWN,
    responses=responses(_VISIT, description="The inspection", failures=CHANGE),
)
def inspect(
    asking: Asked,
    site: Annotated[str, Path(max_length=200, description="id of the site")],
    given: InspectionGiven,
) -> Response:
    """Record an inspection; each finding gets the hour by which it is to be put right."""
    from yipan.operations import keypeople

    return answer(
        keypeople.record_inspection(
            post_of(asking), site, by=given.by, points=given.points, at=asking.door.clock()
        )
    )


class RectifiedGiven(BaseModel):
    """Which finding was put right, in the words it was recorded in."""

    what: Finding = Field(examples=["来访未登记"])


@routes.post(
    "/screening/key/inspections/{inspection}/rectified",
    summary="Put on record that a finding of an inspection was put right",
    openapi_extra=OWN,
    responses=responses(_VISIT, description="The inspection then", failures=CHANGE),
)
def rectified(
    asking: Asked,
    inspection: Annotated[str, Path(max_length=240, description="id of the inspection")],
    given: RectifiedGiven,
) -> Response:
    """Record what was put right."""
    from yipan.operations import keypeople

    return answer(
        keypeople.rectify(post_of(asking), inspection, what=given.what, at=asking.door.clock())
    )
