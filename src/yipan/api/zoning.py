"""Zones: where, at which level, on which clock, until when; and what applies to one address, for anybody who asks."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked, Instant
from yipan.api.commanding import CHANGE, PROPOSAL_EXAMPLE, AtAsked, IdAsked, moment_of, post_of
from yipan.api.door import Door, answer, door_of, responses, routes_of
from yipan.api.errors import BadInput, TooManyTries
from yipan.model import Address, Duty, Viewer, ancestors_of, area_path

if TYPE_CHECKING:
    from yipan.operations.zoning import ClockSheet

routes = routes_of("zoning")

PUBLIC_PER_MINUTE = 60
"""How often a minute one address on the network may ask what applies somewhere, without being logged in."""
MOST_ASKERS = 20_000

_SAID = {"zh": "高风险区", "en": "high-risk zone"}
ZONE_EXAMPLE: dict[str, Any] = {
    "id": "z-1", "area": "44.4401.440105.", "place": {"expression": "44.4401.440105. compound 桃源居 building 1"},
    "disease": "covid-19", "name_zh": "海珠区桃源居1栋", "name_en": "Haizhu, 桃源居, building 1",
    "spans": [
        {
            "level": "high", "since": "2022-11-18T12:00:00+08:00", "clock_start": "2022-11-18T12:00:00+08:00",
            "order": "o-131", "line": 0, "change": "set", "after_high": False, "outside": False, "reason": "",
        }
    ],
    "part": "core", "ring_of": None, "came_from": [], "residents": 240, "contacts_clear": None,
}  # fmt: skip
SHEET_EXAMPLE: dict[str, Any] = {
    "zone": ZONE_EXAMPLE, "at": "2022-11-23T12:00:00+08:00", "level": "high",
    "since": "2022-11-18T12:00:00+08:00", "clock_start": "2022-11-18T12:00:00+08:00",
    "period_ends": "2022-11-23T12:00:00+08:00", "eligible_at": None, "to": None, "missing": ["closing_round"],
    "missing_people": ["p-00000000000000a1"], "infections": 0, "ordered_until": None, "due": None, "late_hours": 0.0,
    "decided_in": "44.4401.", "rulebook": "cn-covid-20m", "outside": False, "reasons": [], "trace": [],
    "assumed": ["start_instant = execution_time"],
}  # fmt: skip


@routes.get(
    "/zones",
    summary="Zones with their clock sheets, those due first",
    openapi_extra=OWN,
    responses=responses([SHEET_EXAMPLE], description="Zones in force, or every episode"),
)
def zones(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    zone: IdAsked = None,
    every: Annotated[bool, Query(description="past episodes as well")] = False,
) -> Response:
    """Return the zones in an area of the viewer's as they stand at an instant."""
    from yipan.operations import zoning

    path, moment = asking.area(area), moment_of(asking, at)

    def found(record: Any) -> "tuple[ClockSheet, ...]":
        sheets = zoning.zones(record, area=path, at=moment, in_force=not every)
        return tuple(sheet for sheet in sheets if zone is None or sheet.zone.id == zone)

    with asking.reading() as record:
        return answer(found(record))


@routes.get(
    "/zones/history",
    summary="Every version of one zone: the story as known at each step",
    openapi_extra=OWN,
    responses=responses(
        [{"noun": ZONE_EXAMPLE, "known_from": "2022-11-18T12:10:00+08:00", "known_until": None, "act": 131}],
        description="The oldest first; empty for a zone that is not there",
    ),
)  # fmt: skip
def history(asking: Asked, zone: IdAsked = None) -> Response:
    """Return what was known of a zone, when, and by which act."""
    from yipan.operations import zoning

    with asking.reading() as record:
        return answer(zoning.history(record, zone) if zone else [])


@routes.get(
    "/zones/counties",
    summary="Counties at low or normal, since when, and when they can be normal",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "area": "44.4401.440105.", "status": "low", "since": "2022-11-18T12:00:00+08:00", "zones": 3,
                "residents": 720, "normal_from": "2022-11-23T12:00:00+08:00",
            }
        ],
        description="Every county of the area",
    ),
)  # fmt: skip
def counties(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return the status of each county in an area of the viewer's."""
    from yipan.operations import zoning

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(zoning.county_status(record, area=path, at=moment))


@routes.get(
    "/zones/shapes",
    summary="Zones in force as they can be drawn, and how exactly their place is known",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "zone": "z-1", "area": "44.4401.440105.", "name_zh": "海珠区桃源居1栋", "name_en": "Haizhu, 桃源居, building 1",
                "level": "high", "part": "core", "outside": False, "residents": 240, "exact": "outline",
                "rings": [[[113.31, 23.09], [113.32, 23.09], [113.32, 23.1]]], "point": None,
            }
        ],
        description="`exact` is outline, within, point or area; with area a mark belongs at the area's centre",
    ),
)  # fmt: skip
def shapes(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return rings and spots of the zones in an area of the viewer's, from the place register."""
    from yipan.operations import ground

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(ground.shapes(record, area=path, at=moment))


@routes.get(
    "/zones/late",
    summary="Liftings that became late: which zone, by how long, and what became of it",
    openapi_extra=OWN,
    responses=responses(
        [
            {
                "id": "ll-1f2e3d4c", "area": "44.4401.440105.", "zone": "z-1", "level": "high",
                "eligible": "2022-11-23T12:00:00+08:00", "due": "2022-11-23T18:00:00+08:00",
                "alarmed": "2022-11-23T18:00:01+08:00", "name_zh": "海珠区桃源居1栋", "name_en": "Haizhu, 桃源居, building 1",
                "residents": 240, "ended": "2022-11-24T09:00:00+08:00", "change": "lower", "late_hours": 15.0,
            }
        ],
        description="Those still kept first (`ended` null), then the longest first",
    ),
)  # fmt: skip
def late(asking: Asked, area: AreaAsked = None, at: AtAsked = None) -> Response:
    """Return the late liftings in an area of the viewer's, by the alarms on record."""
    from yipan.operations import zoning

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(zoning.late_liftings(record, area=path, at=moment))


_DRAWN = {
    "what": {"zh": "按单元划定", "en": "Drawn by unit"}, "place": {"expression": "44.4401.440105. compound 甲 building 1"},
    "units": 1, "residents": 110, "share": 0.83, "low": 0.61, "high": 0.95, "least": 96.4,
}  # fmt: skip
DELINEATION_EXAMPLE: dict[str, Any] = {
    "area": "44.4401.440105.", "at": "2022-11-18T10:00:00+08:00", "wanted": 0.8, "expected_infections": 3.4,
    "chosen": _DRAWN, "ring": _DRAWN, "ways": [_DRAWN], "baseline": _DRAWN,
    "curve": [{"residents": 0, "outside": 1.0, "low": 1.0, "high": 1.0}],
    "stays": 4, "assumed_air": 4, "unplaced": 0, "assumed": {"home_hours": 28.0}, "method": _SAID,
}  # fmt: skip
ShareAsked = Annotated[
    float, Query(ge=0, le=1, description="share of the expected onward risk to be held inside")
]
SeedAsked = Annotated[int, Query(ge=0, le=2**31, description="the same seed draws the same again")]


@routes.get(
    "/zones/delineation",
    summary="Where onward risk lies, and the fewest residents that hold a share of it",
    openapi_extra=OWN,
    responses=responses(
        DELINEATION_EXAMPLE | {"nothing": None},
        description="The zone drawn, other ways, the baseline and the curve; `nothing` says why there is none",
    ),
)
def delineation(
    asking: Asked,
    area: AreaAsked = None,
    at: AtAsked = None,
    share: ShareAsked = 0.8,
    seed: SeedAsked = 1,
) -> Response:
    """Estimate where the risk of the newest cases in an area of the viewer's lies."""
    from yipan.operations import delineating

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        try:
            return answer(
                delineating.delineate(record, area=path, at=moment, share=share, seed=seed)
            )
        except delineating.NothingToDraw as nothing:
            return answer({"nothing": str(nothing)})


class DelineationGiven(BaseModel):
    """What to propose: the zone that holds this share of the risk in this area."""

    area: str = Field(max_length=200, examples=["44.4401.440105."])
    share: float = Field(default=0.8, ge=0, le=1)
    seed: int = Field(default=1, ge=0, le=2**31)


@routes.post(
    "/zones/delineation",
    summary="Propose the zone a delineation draws",
    openapi_extra=OWN,
    responses=responses(PROPOSAL_EXAMPLE, description="The proposal", failures=CHANGE),
)
def propose(asking: Asked, given: DelineationGiven) -> Response:
    """Draw a zone and propose it, the other ways as its alternatives."""
    from yipan.operations import delineating

    post, at, path = post_of(asking), asking.door.clock(), asking.area(given.area)
    with asking.reading() as record:
        drawn = delineating.delineate(record, area=path, at=at, share=given.share, seed=given.seed)
    return answer(delineating.propose_delineation(post, drawn, at=at))


class CasePlaceGiven(BaseModel):
    """Where a case lived or stayed; the place as an expression, never finer than the unit to be drawn."""

    case: str = Field(min_length=1, max_length=100, examples=["c-2022-1131"])
    place: str = Field(max_length=2000, examples=["44.4401.440105. compound 桃源居 building 1"])
    found: str = Field(max_length=40, examples=["2022-11-17 24:00"])
    controlled: str | None = Field(default=None, max_length=40)
    counts: bool = True
    home: bool = True
    hours: float | None = Field(default=None, ge=0, le=1000)
    people: float | None = Field(default=None, ge=0, le=100_000)


@routes.post(
    "/zones/case-places",
    summary="Say where a case lived or stayed",
    openapi_extra=OWN,
    responses=responses(
        {"new": 1, "corrected": 0, "unchanged": 0}, description="What changed", failures=CHANGE
    ),
)
def record_case_place(asking: Asked, given: CasePlaceGiven) -> Response:
    """Put where a case lived or stayed on record; 24:00 is 00:00 of the next day."""
    from yipan.model import CasePlace
    from yipan.operations import commanding, zoning

    post, at = post_of(asking), asking.door.clock()
    drawn = place_of(given.place)
    found = CasePlace(
        id=f"cp-{commanding.mark(given.case, drawn)}", area=asking.area(drawn.area), case=given.case.strip(),
        place=drawn, found=instant_of(asking, given.found, where="found"), counts=given.counts, home=given.home,
        controlled=instant_of(asking, given.controlled, where="controlled") if given.controlled else None,
        hours=given.hours, people=given.people,
    )  # fmt: skip
    return answer(zoning.record_case_places(post, [found], at=at))


class RoundGiven(BaseModel):
    """A round of tests of a zone, or how far it has come: everybody sampled so far, by pseudonym."""

    started: str = Field(max_length=40, examples=["2022-11-23 06:00"])
    sampled: list[str] = Field(max_length=200_000)
    last_result: str | None = Field(default=None, max_length=40)
    positives: int = Field(default=0, ge=0)


@routes.post(
    "/zones/{zone}/rounds",
    summary="Say how far a round of tests of a zone has come",
    openapi_extra=OWN,
    responses=responses(
        {"new": 1, "corrected": 0, "unchanged": 0}, description="What changed", failures=CHANGE
    ),
)
def record_round(
    asking: Asked,
    zone: Annotated[str, Path(max_length=100, pattern=r"^[0-9A-Za-z._-]+$")],
    given: RoundGiven,
) -> Response:
    """Put a round on record; the same start is the same round, further on."""
    from yipan.model import ZoneRound, person_id
    from yipan.operations import commanding, zoning

    post, at = post_of(asking), asking.door.clock()
    started = instant_of(asking, given.started, where="started")
    with asking.reading() as record:
        area = zoning.zone_of(record, zone).area
    done = ZoneRound(
        id=f"zr-{commanding.mark(zone, started)}", area=area, zone=zone, started=started,
        sampled=tuple(person_id(one) for one in given.sampled), positives=given.positives,
        last_result=instant_of(asking, given.last_result, where="last_result") if given.last_result else None,
    )  # fmt: skip
    return answer(zoning.record_round(post, done, at=at))


APPLIES_EXAMPLE: dict[str, Any] = {
    "area": "44.4401.440105.", "place": "桃源居 1", "at": "2022-11-20T08:00:00+08:00", "level": "high",
    "level_name": _SAID,
    "says": [
        {
            "zh": "足不出户，服务上门。", "en": "Stay at home; what you need is brought to the door.", "source": ["a1"],
            "confidence": "high",
        }
    ],
    "zones": [
        {
            "name": {"zh": "海珠区桃源居1栋", "en": "Haizhu, 桃源居, building 1"}, "level": "high", "level_name": _SAID,
            "since": "2022-11-18T12:00:00+08:00", "notice": "第249号", "published": "2022-11-18T13:00:00+08:00",
            "earliest_end": "2022-11-23T12:00:00+08:00", "waits_for": [], "part": "core",
        }
    ],
    "perhaps": [], "until": "2022-11-23T12:00:00+08:00",
}  # fmt: skip
NameAsked = Annotated[str | None, Query(max_length=100)]


@routes.get(
    "/public/address",
    summary="What applies to one address now, why, until when; for anybody, without log-in",
    openapi_extra={"x-yipan-area": "public"},
    responses=responses(
        APPLIES_EXAMPLE,
        description="From published orders only; nothing about a person",
        failures=(422, 429, 503),
    ),
)
def applies(
    request: Request,
    area: Annotated[
        str, Query(max_length=200, description="path of the district", examples=["44.4401.440105."])
    ],
    compound: NameAsked = None,
    building: NameAsked = None,
    unit: NameAsked = None,
    floor: Annotated[int | None, Query(ge=-20, le=300)] = None,
    room: Annotated[int | None, Query(ge=0, le=9999, description="number on the floor")] = None,
    at: Annotated[Instant | None, Query(description="the instant; now if left out")] = None,
) -> Response:
    """Return what applies to an address: its level, what that asks, by which notice, until when at the earliest."""
    from yipan.operations import residents

    door = door_of(request)
    _keep_pace(door, request)
    spot = _address(area, compound, building, unit, floor, room)
    now = door.clock()
    moment = (now if at is None else _local(door, at)).astimezone(door.settings.time_zone)
    told = " ".join(part for part in (spot.compound, spot.building, spot.unit) if part)
    scope = (*ancestors_of(spot.area), spot.area)[:2][-1]
    anybody = Viewer(user="public", duty=Duty.ANALYST, area=scope)
    known_at = None if at is None else moment
    with door.store.reading(anybody, known_at=known_at, one_plan=True) as record:
        return answer(residents.applies(record, spot, at=moment, told=told))


@routes.get(
    "/public/districts",
    summary="The districts one can ask about, for anybody",
    openapi_extra={"x-yipan-area": "public"},
    responses=responses(
        [{"area": "44.4401.440105.", "name_zh": "广州市海珠区", "name_en": "Haizhu, Guangzhou"}],
        description="In order of their paths",
        failures=(429, 503),
    ),
)
def districts(request: Request) -> Response:
    """Return every county-level district with the name of its city."""
    door = door_of(request)
    _keep_pace(door, request)
    top = door.store.top()
    if top is None:
        return answer([])
    with door.store.reading(Viewer(user="public", duty=Duty.ANALYST, area=top)) as record:
        named = {area.path: area for area in record.areas()}
    return answer([
        {
            "area": path,
            "name_zh": (named[area.parent].name_zh if area.parent in named and area.parent != top else "") + area.name_zh,
            "name_en": area.name_en + (f", {named[area.parent].name_en}" if area.parent in named and area.parent != top else ""),
        }
        for path, area in sorted(named.items())
        if area.level == "county"
        or (area.level == "city" and not any(other.parent == path for other in named.values()))
    ])  # fmt: skip


def place_of(text: str) -> Any:
    """Return the place an expression says, or say where it is wrong."""
    from yipan.model import place

    try:
        return place(text)
    except ValueError as wrong:
        raise BadInput(str(wrong), where="place") from None


def instant_of(asking: Asked, text: str, *, where: str) -> datetime:
    """Return an instant as written, 24:00 among the forms; one without an offset is in the deployment's time zone."""
    from yipan.protocol import instant

    try:
        return asking.instant(instant(text, asking.door.settings.time_zone), where=where)
    except BadInput:
        raise
    except (ValueError, OverflowError):
        raise BadInput(
            f"{text!r} is not an instant; expected like 2022-11-18 24:00", where=where
        ) from None


def _address(
    area: str, compound: str | None, building: str | None, unit: str | None, floor: int | None, room: int | None
) -> Address:  # fmt: skip
    try:
        return Address(
            area=area_path(area), compound=_name(compound), building=_name(building), unit=_name(unit), floor=floor,
            room=room,
        )  # fmt: skip
    except ValueError as wrong:
        raise BadInput(str(wrong), where="area" if "path" in str(wrong) else "floor") from None


def _name(text: str | None) -> str | None:
    if text is not None and "\x00" in text:
        raise BadInput("a name holds no null characters", where="compound")
    return text.strip() or None if text else None


def _local(door: Door, at: datetime) -> datetime:
    if not 1900 <= at.year <= 2200:
        raise BadInput(f"year {at.year} lies outside 1900 to 2200", where="at")
    return at if at.utcoffset() is not None else at.replace(tzinfo=door.settings.time_zone)


def _keep_pace(door: Door, request: Request) -> None:
    """Raise TooManyTries for who asks more often than anybody needs."""
    now = door.clock()
    who = request.client.host if request.client else "unknown"
    asked = door.public.setdefault(who, [])
    asked[:] = [moment for moment in asked if moment > now - timedelta(minutes=1)]
    if len(asked) >= PUBLIC_PER_MINUTE:
        raise TooManyTries("asked too often from this address; try again in a minute")
    asked.append(now)
    if len(door.public) > MOST_ASKERS:
        for key in [
            key for key, moments in door.public.items() if moments[-1] <= now - timedelta(minutes=1)
        ]:
            del door.public[key]
