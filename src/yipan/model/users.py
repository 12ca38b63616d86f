"""Users and duties: who may do what, where, and from when until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path


class Duty(StrEnum):
    """What a person answers for at the command post."""

    COMMANDER = "commander"
    EPIDEMIOLOGIST = "epidemiologist"
    TRACER = "tracer"
    LABORATORY = "laboratory"
    COMMUNITY = "community"
    INSPECTOR = "inspector"
    ANALYST = "analyst"
    REGISTRAR = "registrar"
    ADMINISTRATOR = "administrator"
    TRAINER = "trainer"
    SENTINEL = "sentinel"


class Power(StrEnum):
    """One thing a duty allows; every writing operation names the power it needs."""

    READ = "read"
    INGEST = "ingest"
    RUN_ROUND = "run_round"
    TRIAGE = "triage"
    PROPOSE = "propose"
    DECIDE = "decide"
    PUBLISH = "publish"
    ASSIGN = "assign"
    WORK = "work"
    VERIFY = "verify"
    READ_IDENTITY = "read_identity"
    MANAGE_AREAS = "manage_areas"
    MANAGE_USERS = "manage_users"
    READ_TRUTH = "read_truth"
    REPORT = "report"


POWERS: dict[Duty, frozenset[Power]] = {
    Duty.COMMANDER: frozenset(
        {
            Power.READ, Power.INGEST, Power.RUN_ROUND, Power.TRIAGE, Power.PROPOSE, Power.DECIDE,
            Power.PUBLISH, Power.ASSIGN, Power.WORK, Power.VERIFY,
        }
    ),
    Duty.EPIDEMIOLOGIST: frozenset(
        {
            Power.READ, Power.INGEST, Power.RUN_ROUND, Power.TRIAGE, Power.READ_IDENTITY, Power.PROPOSE,
            Power.ASSIGN, Power.WORK,
        }
    ),
    Duty.TRACER: frozenset({Power.READ, Power.READ_IDENTITY, Power.PROPOSE, Power.WORK}),
    Duty.LABORATORY: frozenset({Power.READ, Power.INGEST, Power.WORK}),
    Duty.COMMUNITY: frozenset({Power.READ, Power.WORK}),
    Duty.INSPECTOR: frozenset(
        {Power.READ, Power.PROPOSE, Power.ASSIGN, Power.WORK, Power.VERIFY}
    ),
    Duty.ANALYST: frozenset({Power.READ}),
    Duty.REGISTRAR: frozenset({Power.READ, Power.INGEST, Power.WORK}),
    Duty.ADMINISTRATOR: frozenset({Power.READ, Power.MANAGE_AREAS, Power.MANAGE_USERS}),
    Duty.TRAINER: frozenset({Power.READ, Power.READ_TRUTH}),
    Duty.SENTINEL: frozenset({Power.REPORT}),
}  # fmt: skip
"""What each duty allows. Where it allows it is the area of the grant, held by the store itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A duty held by a user in an area from `since` until `until` (open where None)."""

    user: str
    duty: Duty
    area: AreaPath
    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        require_text("user", self.user)
        area_path(self.area)
        require_aware("since", self.since)
        require_aware("until", self.until)
        require_order(("since", self.since), ("until", self.until))

    def in_force(self, at: datetime) -> bool:
        """Whether the duty is held at the moment `at`."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who works with the board, and the duties they hold."""

    name: str
    shown_as: str
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        require_text("name", self.name)
        require_text("shown_as", self.shown_as)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A user acting under one duty in one area: what every reading and every act is done as."""

    user: str
    duty: Duty
    area: AreaPath

    def __post_init__(self) -> None:
        require_text("user", self.user)
        area_path(self.area)

    @property
    def scope(self) -> str:
        """
        What the store shows and takes: rows whose area begins with this.

        Of a sentinel it begins like no area, so that nothing is shown but what is opened to this one sentinel by name.

        >>> Viewer(user="school", duty=Duty.SENTINEL, area=area_path("44.4401.--s-1.")).scope
        'sentinel:44.4401.--s-1.'
        """
        return f"sentinel:{self.area}" if self.duty is Duty.SENTINEL else self.area

    def may(self, power: Power) -> bool:
        """Whether the duty allows this; where is the store's question."""
        return power in POWERS[self.duty]


class NotAllowed(PermissionError):
    """The viewer's duty does not include what was asked."""


class NotYourArea(PermissionError):
    """What was asked lies outside the area the viewer commands."""


def check_may(viewer: Viewer, power: Power) -> None:
    """Raise NotAllowed, naming the duty and the power, unless the viewer's duty allows it."""
    if not viewer.may(power):
        raise NotAllowed(f"the duty of {viewer.duty.value} does not include {power.value}")


def check_area(viewer: Viewer, area: AreaPath) -> None:
    """Raise NotYourArea, naming both areas, unless `area` lies in the one the viewer commands."""
    if not area.startswith(viewer.area):
        raise NotYourArea(f"{area} lies outside {viewer.area}, the area this desk commands")
