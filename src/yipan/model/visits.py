"""Visits: where somebody was, from when until when; venues and gatherings as places and occasions of infection."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .exposures import Setting, node_id
from .people import PersonId, person_id


class VisitRole(StrEnum):
    """As what somebody was there."""

    UNKNOWN = "unknown"
    RESIDENT = "resident"
    STAFF = "staff"
    CUSTOMER = "customer"
    PATIENT = "patient"
    PUPIL = "pupil"
    PASSENGER = "passenger"
    GUEST = "guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A place people visit; `usual_people` is how many are there at once on a usual day, None if not known."""

    id: str
    area: AreaPath
    name_zh: str
    name_en: str
    setting: Setting
    usual_people: int | None = None
    longitude: float | None = None
    latitude: float | None = None

    def __post_init__(self) -> None:
        if not self.id.startswith("v-"):
            raise ValueError(f"a venue is named v-<id>, not {self.id!r}")
        node_id(self.id)
        area_path(self.area)
        require_text("name_zh", self.name_zh)
        require_text("name_en", self.name_en)
        if self.usual_people is not None and self.usual_people < 1:
            raise ValueError(f"venue {self.id} cannot usually hold {self.usual_people} people")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """An occasion at which people met (a dinner, a funeral, a class), on the days from `first_day` to `last_day`."""

    id: str
    area: AreaPath
    title: str
    first_day: date | None = None
    last_day: date | None = None
    setting: Setting = Setting.UNKNOWN
    venue: str | None = None

    def __post_init__(self) -> None:
        if not self.id.startswith("g-"):
            raise ValueError(f"a gathering is named g-<id>, not {self.id!r}")
        node_id(self.id)
        area_path(self.area)
        require_text("title", self.title)
        require_order(("first_day", self.first_day), ("last_day", self.last_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One person at one venue or gathering from `since` until `until`; None where mask or roof are not known."""

    id: str
    area: AreaPath
    person: PersonId
    place: str
    since: datetime
    until: datetime
    role: VisitRole = VisitRole.UNKNOWN
    mask: bool | None = None
    indoors: bool | None = None
    told_by: str = "interview"

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        person_id(self.person)
        if self.place.startswith("p-"):
            raise ValueError("a visit is to a venue or a gathering, not to a person")
        node_id(self.place)
        require_aware("since", self.since)
        require_aware("until", self.until)
        if self.since >= self.until:
            raise ValueError(f"visit {self.id} ends at {self.until}, not after {self.since}")
