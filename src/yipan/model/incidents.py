"""Incidents: one outbreak being dealt with, at one level, under one commander."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path


class IncidentState(StrEnum):
    """How far the response to an incident has gone."""

    WATCH = "watch"
    ALERT = "alert"
    RESPONSE = "response"
    RECOVERY = "recovery"
    CLOSED = "closed"


INCIDENT_STEPS: dict[IncidentState, frozenset[IncidentState]] = {
    IncidentState.WATCH: frozenset(
        {IncidentState.ALERT, IncidentState.RESPONSE, IncidentState.CLOSED}
    ),
    IncidentState.ALERT: frozenset(
        {IncidentState.WATCH, IncidentState.RESPONSE, IncidentState.CLOSED}
    ),
    IncidentState.RESPONSE: frozenset({IncidentState.RECOVERY}),
    IncidentState.RECOVERY: frozenset({IncidentState.RESPONSE, IncidentState.CLOSED}),
    IncidentState.CLOSED: frozenset(),
}
"""The one table of allowed steps between the states of an incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One outbreak of one disease in one area, from the moment it was opened."""

    id: str
    area: AreaPath
    disease: str
    title_zh: str
    title_en: str
    state: IncidentState
    opened: datetime
    closed: datetime | None = None

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        require_text("disease", self.disease)
        require_text("title_zh", self.title_zh)
        require_text("title_en", self.title_en)
        require_aware("opened", self.opened)
        require_aware("closed", self.closed)
        require_order(("opened", self.opened), ("closed", self.closed))
        if (self.closed is not None) is not (self.state is IncidentState.CLOSED):
            raise ValueError(
                f"incident {self.id} is {self.state.value} and closed at {self.closed}"
            )


class EarlyAction(StrEnum):
    """The seven early actions of 7-1-7; each counts from when it was started, not from when it was done."""

    INVESTIGATION = "investigation_started"
    ANALYSIS = "analysis_and_risk_assessment"
    LABORATORY = "laboratory_confirmation"
    CASE_MANAGEMENT = "case_management"
    COMMUNITY = "community_measures"
    COMMUNICATION = "risk_communication"
    COORDINATION = "coordination"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionNoted:
    """
    What a person noted of an early action in an incident: when it was started, or why it does not apply.

    `at` is None exactly where `not_applicable` says why; `why` tells where the moment is known from.
    """

    id: str
    area: AreaPath
    incident: str
    action: EarlyAction
    at: datetime | None
    not_applicable: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        area_path(self.area)
        require_text("incident", self.incident)
        require_aware("at", self.at)
        if (self.at is None) is not bool(self.not_applicable.strip()):
            raise ValueError(
                f"{self.action.value} of {self.incident} has either a moment or a reason why it does not apply"
            )
        if self.id != f"{self.incident}:{self.action.value}":
            raise ValueError("a noted action is named by incident:action")
