"""Zones as episodes: a place, its levels with their clocks, and the order lines that made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .people import PersonId, person_id
from .places import Place, Point

OVER = frozenset({"low", "normal", "ended", "split", "merged"})
"""Levels at which an episode restricts nobody any more; low and normal are told of the county."""


class ZonePart(StrEnum):
    """Whether an episode is the core of a risk area or the ring around it; both run at once, each on its clock."""

    CORE = "core"
    RING = "ring"


class ZoneChange(StrEnum):
    """What an order line may do to zones."""

    SET = "set"
    RAISE = "raise"
    LOWER = "lower"
    END = "end"
    RESET = "reset"
    SPLIT = "split"
    MERGE = "merge"
    HOLD_BACK = "hold_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSpan:
    """
    A level from `since` on, and the clock that runs in it from `clock_start`.

    `after_high` tells a medium level that followed a high one. `outside` says that the protocol in force has
    no such class. `order` and `line` (from 0) name the order line that made it, `reason` what it said.
    """

    level: str
    since: datetime
    clock_start: datetime
    order: str
    line: int
    change: ZoneChange
    after_high: bool = False
    outside: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        require_text("level", self.level)
        require_text("order", self.order)
        require_aware("since", self.since)
        require_aware("clock_start", self.clock_start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """
    One episode of one place: its levels in order of time, the last of them perhaps still to come.

    A building may have several episodes, at once or one after another. `ring_of` names the core a ring lies
    around, `came_from` the episodes it was split off or merged from. `residents` is None where not known.
    `contacts_clear` is the instant from which the contacts of a sealed area are through, where its version asks.
    """

    id: str
    area: AreaPath
    place: Place
    disease: str
    name_zh: str
    name_en: str
    spans: tuple[LevelSpan, ...]
    part: ZonePart = ZonePart.CORE
    ring_of: str | None = None
    came_from: tuple[str, ...] = ()
    residents: int | None = None
    contacts_clear: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("id", "disease", "name_zh", "name_en"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        require_aware("contacts_clear", self.contacts_clear)
        if not self.place.area.startswith(self.area):
            raise ValueError(
                f"zone {self.id} of {self.area} is drawn in {self.place.area}, outside"
            )
        if not self.spans:
            raise ValueError(f"zone {self.id} has no level; the order line that sets it gives one")
        for before, after in zip(self.spans, self.spans[1:], strict=False):
            require_order(
                (f"{before.level} since", before.since), (f"{after.level} since", after.since)
            )
        if (self.part is ZonePart.RING) is not (self.ring_of is not None):
            raise ValueError(
                f"zone {self.id} is a {self.part.value} and lies around {self.ring_of}"
            )
        if self.residents is not None and self.residents < 0:
            raise ValueError(f"zone {self.id} has {self.residents} residents")

    def at(self, moment: datetime) -> LevelSpan | None:
        """Return the level in force at `moment`, None before the episode began."""
        held = None
        for span in self.spans:
            if span.since <= moment:
                held = span
        return held

    def in_force(self, moment: datetime) -> bool:
        """Whether the episode restricts anybody at `moment`."""
        span = self.at(moment)
        return span is not None and span.level not in OVER

    @property
    def is_over(self) -> bool:
        """Whether its last level restricts nobody."""
        return self.spans[-1].level in OVER

    @property
    def since(self) -> datetime:
        """When the episode began."""
        return self.spans[0].since


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePlace:
    """
    Where a case lived or stayed, as far as zones need it: never finer than the unit drawn, and no name.

    `found` is when the infection was reported (the first positive report), `controlled` when the person was taken
    out and control re-imposed. `counts` is False for what the rules leave out (a repeat positive of somebody
    who recovered); `isolated` where the person was in central isolation already: whether that counts is said by the
    profile of the jurisdiction. `person` is the pseudonym of the case where it is known: so an infection whose case
    report has not come yet is joined with its results and with those who exposed it. `home_isolated_contact` is a contact or co-resident of a case strictly isolated at home. For the estimate of where risk lies: `hours` there while
    infectious, `people` who were there at once on average, `air_changes` an hour, `m3_per_person`; None where not
    known.
    """

    id: str
    area: AreaPath
    case: str
    place: Place
    found: datetime
    person: PersonId | None = None
    controlled: datetime | None = None
    counts: bool = True
    home_isolated_contact: bool = False
    isolated: bool = False
    home: bool = True
    hours: float | None = None
    people: float | None = None
    air_changes: float | None = None
    m3_per_person: float | None = None

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("case", self.case)
        area_path(self.area)
        if self.person is not None:
            person_id(self.person)
        require_aware("found", self.found)
        require_aware("controlled", self.controlled)
        require_order(("found", self.found), ("controlled", self.controlled))
        for name in ("hours", "people", "air_changes", "m3_per_person"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name} of case place {self.id} is {value}; expected at least 0")
        if not self.place.area.startswith(self.area):
            raise ValueError(
                f"case place {self.id} of {self.area} lies in {self.place.area}, outside"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterGroup:
    """The people, by pseudonym, who live in one part of a zone."""

    place: Place
    people: tuple[PersonId, ...]

    def __post_init__(self) -> None:
        for person in self.people:
            person_id(person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """
    Everybody a closing round of a zone must reach; `id` is that of the zone.

    `tokens` are the numbers by which the files of screening know people of the roster, each with the pseudonym; who
    has none is never found in a laboratory's result.
    """

    id: str
    area: AreaPath
    groups: tuple[RosterGroup, ...]
    tokens: tuple[tuple[int, PersonId], ...] = ()

    def __post_init__(self) -> None:
        people = self.people
        seen: set[int] = set()
        for token, person in self.tokens:
            if token in seen:
                raise ValueError(f"roster {self.id}: number {token} stands for two people")
            if person not in people:
                raise ValueError(f"roster {self.id}: number {token} is of nobody on it")
            seen.add(token)

    @property
    def people(self) -> frozenset[PersonId]:
        """Everybody on the roster."""
        return frozenset(person for group in self.groups for person in group.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRound:
    """
    One round of tests of a zone's roster: who was sampled, and the instant of the last result.

    `last_result` is None while results are awaited; a round goes on until nobody is missing. `removed` of the roster
    were taken out of the zone before it began: nobody waits for them. `source` names the round of screening whose
    laboratory told it, empty where it was told by hand.
    """

    id: str
    area: AreaPath
    zone: str
    started: datetime
    sampled: tuple[PersonId, ...]
    last_result: datetime | None
    positives: int = 0
    removed: tuple[PersonId, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("zone", self.zone)
        area_path(self.area)
        require_aware("started", self.started)
        require_aware("last_result", self.last_result)
        require_order(("started", self.started), ("last_result", self.last_result))
        if self.positives < 0:
            raise ValueError(f"round {self.id} has {self.positives} positives")

    def missing(self, roster: Roster) -> tuple[PersonId, ...]:
        """Return who of the roster was neither sampled nor removed before, in order."""
        return tuple(sorted(roster.people - set(self.sampled) - set(self.removed)))

    def completed(self, roster: Roster | None) -> datetime | None:
        """Return when the round of everyone was over, all negative; None while somebody or something is missing."""
        if roster is None or self.positives or self.missing(roster):
            return None
        return self.last_result


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLifting:
    """
    The alarm that a zone whose conditions were met is still kept: given once for each due lifting.

    `eligible` is when every condition held, `due` the end of the grace the profile gives, `alarmed` when the alarm
    was given. Nothing here lifts anything: the order does.
    """

    id: str
    area: AreaPath
    zone: str
    level: str
    eligible: datetime
    due: datetime
    alarmed: datetime

    def __post_init__(self) -> None:
        for name in ("id", "zone", "level"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for name in ("eligible", "due", "alarmed"):
            require_aware(name, getattr(self, name))
        require_order(("eligible", self.eligible), ("due", self.due))
        require_order(("due", self.due), ("alarmed", self.alarmed))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPlace:
    """
    A unit of the place register (compound, building, unit ...) with its residents, None where not known.

    `outline` is its ring of (longitude, latitude) in degrees (WGS84), at least three corners, not closed; `point` one
    spot in it. Both are None where the register knows no more than its name.
    """

    id: str
    area: AreaPath
    place: Place
    residents: int | None
    households: int | None = None
    source: str = "register"
    outline: tuple[Point, ...] | None = None
    point: Point | None = None

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        for name in ("residents", "households"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(
                    f"{name} of {self.id} is {value}; expected at least 0, or not known"
                )
        if self.outline is not None and len(set(self.outline)) < 3:
            raise ValueError(
                f"the outline of {self.id} has {len(set(self.outline))} corners; it needs at least 3"
            )
        for longitude, latitude in (*(self.outline or ()), *((self.point,) if self.point else ())):
            if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
                raise ValueError(
                    f"({longitude}, {latitude}) of {self.id} is no longitude and latitude in degrees"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """
    A protocol version as a command adopted it: from when, under which profile, and what holds for running clocks.

    `policy` is `only_shorter` or `as_started`. It holds in the area and in every area within that adopted
    nothing itself.
    """

    id: str
    area: AreaPath
    version: str
    profile: str
    at: datetime
    policy: str = "only_shorter"

    def __post_init__(self) -> None:
        for name in ("id", "version", "profile"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        require_aware("at", self.at)
        if self.policy not in {"only_shorter", "as_started"}:
            raise ValueError(
                f"transition policy {self.policy!r}; expected only_shorter or as_started"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePiece:
    """What becomes of one part of a zone that is split: its new id, its place, and its clock (kept where None)."""

    id: str
    place: Place
    name_zh: str
    name_en: str
    clock_start: datetime | None = None
    residents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTerms:
    """
    What one order line says of zones, besides which zone and from when; what a change does not need stays out.

    set: place, level, names, disease; raise, lower: level; reset: perhaps clock_start; split: pieces; merge: zones
    and place of the new one; hold_back: the one piece that stays as it is; end: nothing. `reason` is needed to
    hold back.
    """

    level: str | None = None
    place: Place | None = None
    name_zh: str = ""
    name_en: str = ""
    disease: str = ""
    part: ZonePart = ZonePart.CORE
    ring_of: str | None = None
    clock_start: datetime | None = None
    residents: int | None = None
    pieces: tuple[ZonePiece, ...] = ()
    zones: tuple[str, ...] = ()
    reason: str = ""

    def missing_for(self, change: ZoneChange) -> tuple[str, ...]:
        """Return the names of what `change` needs and these terms do not give."""
        needed: dict[ZoneChange, Sequence[str]] = {
            ZoneChange.SET: ("place", "level", "name_zh", "name_en", "disease"),
            ZoneChange.RAISE: ("level",),
            ZoneChange.LOWER: ("level",),
            ZoneChange.SPLIT: ("pieces",),
            ZoneChange.MERGE: ("zones", "name_zh", "name_en"),
            ZoneChange.HOLD_BACK: ("pieces", "reason"),
        }
        return tuple(name for name in needed.get(change, ()) if not getattr(self, name))
