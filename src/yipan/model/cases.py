"""Cases: one person's infection in one outbreak, with each of its moments apart."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .counts import DetectionMode
from .people import PersonId, person_id


class Classification(StrEnum):
    """What the case is held to be at a moment; its history is the history of the record."""

    SUSPECTED = "suspected"
    PROBABLE = "probable"
    CONFIRMED = "confirmed"
    ASYMPTOMATIC = "asymptomatic"
    REPEAT_POSITIVE = "repeat_positive"
    EXCLUDED = "excluded"


class Severity(StrEnum):
    """How ill the person is or was at worst."""

    UNKNOWN = "unknown"
    NONE = "none"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    CRITICAL = "critical"


class Outcome(StrEnum):
    """How it ended; PENDING while it has not."""

    PENDING = "pending"
    RECOVERED = "recovered"
    DIED = "died"


class Origin(StrEnum):
    """Where the infection was acquired."""

    UNKNOWN = "unknown"
    LOCAL = "local"
    OTHER_PROVINCE = "other_province"
    ABROAD = "abroad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One person's infection. Each moment has its own name and may be unknown (None).

    `onset` is the day of first symptoms (a date: nobody recalls the minute); `sampled`, `reported`,
    `confirmed` and `isolated` are instants. An asymptomatic infection has no onset.
    """

    id: str
    person: PersonId
    area: AreaPath
    disease: str
    classification: Classification
    onset: date | None = None
    sampled: datetime | None = None
    reported: datetime | None = None
    confirmed: datetime | None = None
    isolated: datetime | None = None
    mode: DetectionMode = DetectionMode.ANY
    origin: Origin = Origin.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    outcome: Outcome = Outcome.PENDING
    incident: str | None = None

    def __post_init__(self) -> None:
        require_text("id", self.id)
        person_id(self.person)
        area_path(self.area)
        require_text("disease", self.disease)
        for name in ("sampled", "reported", "confirmed", "isolated"):
            require_aware(name, getattr(self, name))
        require_order(("sampled", self.sampled), ("confirmed", self.confirmed))
        if self.classification is Classification.ASYMPTOMATIC and self.onset is not None:
            raise ValueError(f"case {self.id} is asymptomatic and yet has an onset on {self.onset}")
