"""Findings: what asks more of people than the protocol allows, by whom it is put right, and how that went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .proposals import Reason


class MeasureKind(StrEnum):
    """What a local measure is; each is checked by one of the nine prohibitions."""

    MOVEMENT_LIMIT = "movement_limit"
    LEAVE_CONDITION = "leave_condition"
    ZONE_MEASURE = "zone_measure"
    ARRIVAL_MEASURE = "arrival_measure"
    PERSON_CLASS = "person_class"
    PERSON_PLAN = "person_plan"
    CARE_REQUEST = "care_request"
    CARE_CLOSURE = "care_closure"
    STUDENT_RETURN = "student_return"
    CHECKPOINT = "checkpoint"
    VENUE_CLOSURE = "venue_closure"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMeasure:
    """
    A measure somebody took that may ask too much: what, where, by which level, since when, how many people.

    `terms` holds what only its kind knows, as plain values. `reason` is what was recorded, None where it is known
    that nothing was, "unknown" where the record does not tell. Nobody is named in it.
    """

    id: str
    area: AreaPath
    kind: MeasureKind
    since: datetime
    until: datetime | None = None
    order_level: str = "county"
    people: int | None = None
    reason: str | None = "unknown"
    terms: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        require_aware("since", self.since)
        require_aware("until", self.until)
        require_order(("since", self.since), ("until", self.until))
        if self.people is not None and self.people < 0:
            raise ValueError(f"measure {self.id} touches {self.people} people")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something said about a finding, by complaint or visit. It stands beside the finding and never decides it."""

    at: datetime
    by: str
    what: str

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        require_text("by", self.by)
        require_text("what", self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingOnRecord:
    """
    A finding as a case to be put right: what was found when, the sums, who answers for it, until it is re-checked.

    `subject` is the measure or zone found wanting, `item` the prohibition (1 to 9), `verdict` review or violation.
    `owner` is the area above, whose command sees to it; `task` the task to put it right. `excess_since` is from
    when people were held beyond what is allowed, `excess_until` when that ended, None while it goes on. `closed` is
    when a re-check by the level above, or by the round, found it well.
    """

    id: str
    area: AreaPath
    subject: str
    item: int
    verdict: str
    found: datetime
    reasons: tuple[Reason, ...]
    arithmetic: str
    owner: AreaPath
    due: datetime | None
    task: str
    people: int | None = None
    excess_since: datetime | None = None
    excess_until: datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    closed: datetime | None = None
    rule: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "subject", "task"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        area_path(self.owner)
        for name in ("found", "due", "excess_since", "excess_until", "closed"):
            require_aware(name, getattr(self, name))
        if not 1 <= self.item <= 9:
            raise ValueError(f"item {self.item} of the nine prohibitions")
        if self.verdict not in {"review", "violation"}:
            raise ValueError(f"verdict {self.verdict!r} of a finding; expected review or violation")
        if not self.area.startswith(self.owner):
            raise ValueError(
                f"finding {self.id} of {self.area} is owned by {self.owner}, which is not above"
            )
