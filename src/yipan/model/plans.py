"""Plans of people on record: what somebody is asked to do date by date, by which order, and how it was revised."""

from dataclasses import dataclass
from datetime import date, datetime

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .people import PersonId, person_id
from .proposals import Reason, Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRole:
    """
    As what somebody is asked something, in the words of a protocol, and the date that is day 1.

    `found` is the day the person was found where that was later; `because` names the facts it follows from: ids of
    exposures, empty where somebody said so.
    """

    role: str
    day_one: date
    found: date | None = None
    because: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_text("role", self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesOnRecord:
    """
    The roles somebody was said to have, and results that decide a release; `id` is the person's pseudonym.

    `negatives` are (day sampled, instant reported), `ct` (day sampled, value), a value being cycles above 0.
    """

    id: PersonId
    area: AreaPath
    roles: tuple[PersonRole, ...]
    negatives: tuple[tuple[date, datetime], ...] = ()
    ct: tuple[tuple[date, float], ...] = ()

    def __post_init__(self) -> None:
        person_id(self.id)
        area_path(self.area)
        for _, reported in self.negatives:
            require_aware("reported", reported)
        for day, value in self.ct:
            if not 0 < value < 100:
                raise ValueError(f"Ct {value} of {day}; expected cycles above 0 and below 100")
        named = [(one.role, one.day_one) for one in self.roles]
        if len(set(named)) != len(named):
            raise ValueError(f"{self.id} has one role twice from the same day")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStretch:
    """
    Dates in a row on which the same roles ask the same place, with the days to be tested among them.

    `last` is included; None while a result is awaited that ends it.
    """

    place: str
    roles: tuple[str, ...]
    first: date
    last: date | None
    tests: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        require_text("place", self.place)
        require_order(("first", self.first), ("last", self.last))
        for day in self.tests:
            if not self.holds(day):
                raise ValueError(f"a test on {day} lies outside {self.first} to {self.last}")

    def holds(self, day: date) -> bool:
        """Whether a date lies in it."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """
    What one order line asks of a person: the roles it was ruled for, the stretches, the end, and why it is so.

    `ends` is None where nothing is asked, or while a result is awaited (`awaits_result`). `versions` are the texts the
    ruling went by, `profile` what settled what they leave open, `why` what made or changed the plan.
    """

    roles: tuple[PersonRole, ...]
    stretches: tuple[PlanStretch, ...]
    ends: datetime | None
    awaits_result: bool
    versions: tuple[str, ...]
    profile: str
    why: Sentence
    reasons: tuple[Reason, ...] = ()
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_aware("ends", self.ends)
        if self.awaits_result and self.ends is not None:
            raise ValueError(f"a plan that awaits a result cannot end at {self.ends}")
        for before, after in zip(self.stretches, self.stretches[1:], strict=False):
            if before.last is None or after.first <= before.last:
                raise ValueError(
                    f"a stretch from {after.first} begins before that from {before.first} is over"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOnRecord:
    """
    What somebody is asked to do, as it was ordered; `id` is the person's pseudonym, one plan merges all roles.

    `order` and `line` (from 0) name the order line it rests on, `ruled` when it was made so and `begun` when its first
    revision was, `revision` counts from 1; earlier revisions are its earlier versions on record. `released` is the
    instant the person was let go, None where nobody said so: a plan that is over without it is a late release.
    """

    id: PersonId
    area: AreaPath
    terms: PlanTerms
    order: str
    line: int
    begun: datetime
    ruled: datetime
    revision: int = 1
    released: datetime | None = None

    def __post_init__(self) -> None:
        person_id(self.id)
        area_path(self.area)
        require_text("order", self.order)
        for name in ("begun", "ruled", "released"):
            require_aware(name, getattr(self, name))
        require_order(("begun", self.begun), ("ruled", self.ruled))
        if self.revision < 1:
            raise ValueError(
                f"revision {self.revision} of the plan of {self.id}; they count from 1"
            )

    def on(self, day: date) -> PlanStretch | None:
        """Return the stretch a date lies in, None where nothing is asked."""
        return next((one for one in self.terms.stretches if one.holds(day)), None)

    def over(self, at: datetime) -> bool:
        """Whether nothing is asked any more at an instant."""
        return not self.terms.awaits_result and (self.terms.ends is None or self.terms.ends <= at)
