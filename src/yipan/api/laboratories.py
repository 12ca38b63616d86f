"""Laboratories: what each can take, plates and controls, split tubes, specimens on their way, findings with evidence."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, Asked
from yipan.api.commanding import CHANGE, AtAsked, lake_of, moment_of, post_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import Laboratory, ReagentKit, area_path

routes = routes_of("laboratories")

RoundAsked = Annotated[
    str,
    Query(alias="round", max_length=100, description="id of the round", examples=["gz-2022-11-10"]),
]
TUBE = 2**62
_FINDING: dict[str, Any] = {
    "laboratory": "lab-007", "kind": "plate_invalid", "plate": "p-31",
    "zh": "检测板p-31（94个样本孔）不成立：无模板对照检出。",
    "en": "Plate p-31 with 94 sample wells does not stand: its no-template control rose.", "p_value": None,
}  # fmt: skip
_LEG: dict[str, Any] = {
    "laboratory": "lab-001", "leg": "on_the_way", "finished": 51200, "p50_hours": 1.1, "p90_hours": 2.0, "p99_hours": 3.3,
    "open": 320, "open_oldest_hours": 4.5, "over_6": 0, "over_12": 0, "over_24": 0,
}  # fmt: skip
_CHART: dict[str, Any] = {
    "laboratory": "lab-001", "instrument": "qs5-2", "kit": "lot-77", "control": "positive_control", "target": "orf",
    "mean": 28.1, "sd": 0.3,
    "runs": [{"plate": "p-31", "at": "2022-11-10T13:00:00+00:00", "ct": 29.4, "standing_sd": 4.3, "rules": ["1-3s"]}],
}  # fmt: skip


@routes.get(
    "/laboratories/quality",
    summary="What a round's files say of its laboratories, with findings and their evidence",
    openapi_extra=OWN,
    responses=responses(
        {
            "round": "gz-2022-11-10", "at": "2022-11-11T00:00:00+00:00", "work": [], "legs": [_LEG],
            "balances": [
                {
                    "laboratory": "lab-001", "sent": 51520, "received": 51200, "refused": 3, "sample_wells": 51200,
                    "controls": 1090, "plates": 545, "results": 51200, "idle": 0, "unexplained": 0,
                }
            ],
            "plates_run": 545, "plates": [], "charts": [_CHART], "pairs_planted": 50, "pairs_compared": 48, "blind": [],
            "positivity": [], "forecasts": [], "findings": [_FINDING],
        },
        description="Times by leg with the age of what is open; charts over every round; all else of this round",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def quality(asking: Asked, round: RoundAsked, at: AtAsked = None) -> Response:
    """Return the quality of a round's laboratories."""
    from yipan.operations import laboratories

    moment, home = moment_of(asking, at), lake_of(asking)
    return asking.answer(lambda record: laboratories.judge(record, home, round=round, at=moment))


@routes.get(
    "/laboratories/transit",
    summary="Consignments of a round: tubes sent, arrived, refused, and for how long any is missing",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "consignment": "box-1", "laboratory": "lab-001", "courier": "c-7", "picked": "2022-11-10T10:00:00+00:00",
                "tubes": 200, "received": 198, "refused": 1, "streets": 2, "hours": 3.5, "late": True, "temperature_c": 4.5,
            }
        ],
        description="Those with tubes missing first, the oldest on top",
        failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def transit(asking: Asked, round: RoundAsked, at: AtAsked = None) -> Response:
    """Return the consignments of a round."""
    from yipan.operations import laboratories

    moment, home = moment_of(asking, at), lake_of(asking)
    return asking.answer(lambda record: laboratories.transit(record, home, round=round, at=moment))


_PLATE: dict[str, Any] = {
    "laboratory": "lab-001", "plate": "p-31", "instrument": "qs5-2", "kit": "lot-77", "started": "2022-11-10T13:00:00+00:00",
    "ended": "2022-11-10T14:30:00+00:00", "stands": False, "faults": ["no_template_rose"], "zh": "无模板对照检出",
    "en": "its no-template control rose", "internal_below": 40, "positive_from": 26, "positive_to": 30,
    "wells": [
        {"well": "A1", "content": "sample", "tube": 10000345, "ct_orf": 31.2, "ct_n": 30.8, "ct_control": 25.1,
         "internal_valid": True, "result": "positive"},
        {"well": "H11", "content": "no_template", "tube": None, "ct_orf": 37.9, "ct_n": None, "ct_control": None,
         "internal_valid": None, "result": None},
    ],
}  # fmt: skip


@routes.get(
    "/laboratories/plate",
    summary="One plate of a round, well by well, and whether its controls let it stand",
    openapi_extra=OWN,
    responses=responses(
        _PLATE, description="Wells by row and column, with the result issued for the tube of each", failures=(401, 403, 404, 422, 503)
    ),
)  # fmt: skip
def plate(
    asking: Asked,
    round: RoundAsked,
    laboratory: Annotated[
        str, Query(min_length=1, max_length=100, description="id of the laboratory", examples=["lab-001"])
    ],
    plate: Annotated[str, Query(min_length=1, max_length=200, description="its plate", examples=["p-31"])],
) -> Response:  # fmt: skip
    """Return one plate."""
    from yipan.operations import plates

    home = lake_of(asking)
    return asking.answer(
        lambda record: plates.sheet(record, home, round=round, laboratory=laboratory, plate=plate)
    )


class WellGiven(BaseModel):
    """A well and what rose in it; a sample names its tube, a control none."""

    well: str = Field(min_length=1, max_length=20, examples=["A1"])
    content: str = Field(min_length=1, max_length=40, examples=["sample"])
    tube: int | None = Field(default=None, ge=0, lt=TUBE, examples=[10000345])
    ct_orf: float | None = Field(default=None, allow_inf_nan=False, examples=[31.2])
    ct_n: float | None = Field(default=None, allow_inf_nan=False)
    ct_control: float | None = Field(default=None, allow_inf_nan=False, examples=[25.1])


class PlateGiven(BaseModel):
    """One plate as an instrument's system tells it."""

    laboratory: str = Field(min_length=1, max_length=100, examples=["lab-001"])
    plate: str = Field(min_length=1, max_length=200, examples=["p-31"])
    instrument: str = Field(min_length=1, max_length=200, examples=["qs5-2"])
    kit: str = Field(min_length=1, max_length=200, examples=["lot-77"])
    started: datetime = Field(examples=["2022-11-10T21:00:00+08:00"])
    ended: datetime = Field(examples=["2022-11-10T22:30:00+08:00"])
    wells: list[WellGiven] = Field(min_length=1, max_length=1536)


@routes.post(
    "/screening/rounds/{name}/plates",
    summary="Take one plate into a round, as an instrument's system tells it",
    openapi_extra=OWN,
    responses=responses(
        {
            "id": "b-1f2e3d4c5b6a", "area": "44.4401.", "round": "gz-2022-11-10", "kind": "wells",
            "file": "plate p-31 of lab-001",
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "read": 96, "accepted": 95,
            "quarantined": 1, "reasons": {"no accepted sample is in this tube": 1},
            "quarantine": "quarantine/gz-2022-11-10/b-1f2e3d4c5b6a.csv", "within": None,
        },
        description="What became of every well: read = accepted + put aside", failures=CHANGE,
    ),
)  # fmt: skip
def put_plate(
    asking: Asked,
    name: Annotated[str, Path(max_length=60, description="id of the round")],
    given: PlateGiven,
) -> Response:
    """Judge a plate well by well and take it in."""
    from yipan.operations import plates

    for field in ("started", "ended"):
        moment = getattr(given, field)
        if moment.tzinfo is None or not 1900 <= moment.year <= 2200:
            raise BadInput(f"{field} {moment}: expected an instant with its offset", where=field)
    told = plates.PlateTold(
        laboratory=given.laboratory, plate=given.plate, instrument=given.instrument, kit=given.kit, started=given.started,
        ended=given.ended, wells=[plates.WellTold(**one.model_dump()) for one in given.wells],
    )  # fmt: skip
    return answer(
        plates.take_plate(
            post_of(asking), told, round=name, at=asking.door.clock(), time_zone=asking.door.settings.time_zone
        )
    )  # fmt: skip


_BENCH: dict[str, Any] = {
    "id": "lab-001", "area": "44.4401.", "name": "金域", "tubes_per_day": 350000, "instruments": 400, "wells": 96,
    "run_hours": 1.5, "reserve": False,
}  # fmt: skip


@routes.get(
    "/laboratories",
    summary="The laboratories on record, those in reserve last",
    openapi_extra=OWN,
    responses=responses([_BENCH], description="What each can take in a day"),
)
def listed(asking: Asked) -> Response:
    """Return the laboratories the viewer may see."""
    from yipan.operations import laboratories

    return asking.answer(laboratories.registered)


class LaboratoryGiven(BaseModel):
    """A laboratory and what it can take."""

    id: str = Field(min_length=1, max_length=100, examples=["lab-001"])
    area: str = Field(max_length=200, examples=["44.4401."])
    name: str = Field(min_length=1, max_length=200, examples=["金域"])
    tubes_per_day: int = Field(ge=1, lt=10**8, examples=[350000])
    instruments: int | None = Field(default=None, ge=1, lt=10**6)
    wells: int | None = Field(default=None, ge=1, lt=10**4)
    run_hours: float | None = Field(default=None, gt=0, le=100)
    reserve: bool = False


class KitGiven(BaseModel):
    """What a lot of a kit allows, and who says so."""

    id: str = Field(min_length=1, max_length=100, examples=["lot-77"])
    area: str = Field(max_length=200, examples=["44.4401."])
    source: str = Field(min_length=1, max_length=300, examples=["the maker's leaflet, lot 77"])
    internal_below: float = Field(gt=0, le=60, examples=[40])
    positive_from: float | None = Field(default=None, gt=0, le=60)
    positive_to: float | None = Field(default=None, gt=0, le=60)


class RegisterGiven(BaseModel):
    """Laboratories and lots of kits to put on record."""

    laboratories: list[LaboratoryGiven] = Field(default_factory=list, max_length=2000)
    kits: list[KitGiven] = Field(default_factory=list, max_length=2000)


@routes.post(
    "/laboratories",
    summary="Put laboratories and lots of kits on record",
    openapi_extra=OWN,
    responses=responses({"new": 1, "corrected": 0, "unchanged": 0}, description="How many were new", failures=CHANGE),
)  # fmt: skip
def register(asking: Asked, given: RegisterGiven) -> Response:
    """Record what laboratories can take and what kits allow."""
    from yipan.operations import laboratories

    try:
        benches = [
            Laboratory(**one.model_dump(exclude={"area"}), area=area_path(one.area))
            for one in given.laboratories
        ]
        kits = [
            ReagentKit(**one.model_dump(exclude={"area"}), area=area_path(one.area))
            for one in given.kits
        ]
    except ValueError as wrong:
        raise BadInput(str(wrong), where="body") from None
    if len({one.id for one in benches}) < len(benches) or len({kit.id for kit in kits}) < len(kits):
        raise BadInput("an id stands twice", where="body")
    return answer(
        laboratories.register(
            post_of(asking), laboratories=benches, kits=kits, at=asking.door.clock()
        )
    )


class PairGiven(BaseModel):
    """A tube that was split in two, and the number its other half travels under."""

    tube: int = Field(ge=0, lt=TUBE, examples=[10000345])
    duplicate: int = Field(ge=0, lt=TUBE, examples=[90000001])


class PairsGiven(BaseModel):
    """Tubes that were split in two; laboratories do not see this list."""

    pairs: list[PairGiven] = Field(min_length=1, max_length=20_000)


@routes.post(
    "/screening/rounds/{name}/pairs",
    summary="Put on record which tubes of a round were split in two, before their results come",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "id": "gz-2022-11-10.10000345-90000001", "area": "44.4401.440103.440103001.", "round": "gz-2022-11-10",
                "tube": 10000345, "duplicate": 90000001, "planted": "2022-11-10T10:00:00+00:00",
            }
        ],
        description="The pairs",
        failures=CHANGE,
    ),
)  # fmt: skip
def pairs(
    asking: Asked,
    name: Annotated[str, Path(max_length=60, description="id of the round")],
    given: PairsGiven,
) -> Response:
    """Record split tubes."""
    from yipan.operations import laboratories

    told = {one.tube: one.duplicate for one in given.pairs}
    if len(told) < len(given.pairs):
        raise BadInput("a tube stands twice", where="pairs")
    return answer(
        laboratories.plant(post_of(asking), round=name, pairs=told, at=asking.door.clock())
    )
