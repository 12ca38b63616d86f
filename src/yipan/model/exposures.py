"""Exposures: who was with whom, or where, and when; being a contact is a role that follows from them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NewType

from ._checks import require_order, require_text
from .areas import AreaPath, area_path
from .people import PersonId, person_id

NodeId = NewType("NodeId", str)
"""One end of an exposure: a person (`p-...`), a venue (`v-...`) or a gathering (`g-...`)."""


def node_id(text: str) -> NodeId:
    """Return `text` as an end of an exposure, or raise ValueError saying what one looks like."""
    if text[:2] in {"v-", "g-"} and len(text) > 2 and text == text.strip():
        return NodeId(text)
    if text.startswith("p-"):
        return NodeId(person_id(text))
    raise ValueError(
        "an end of an exposure is a person p-<hex digits>, a venue v-<id> or a gathering g-<id>"
    )


class Certainty(StrEnum):
    """How sure it is that the exposure took place as told."""

    UNKNOWN = "unknown"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ExposureKind(StrEnum):
    """How the two came together."""

    UNKNOWN = "unknown"
    BODY_FLUIDS = "body_fluids"
    PHYSICAL = "physical"
    NEAR = "near"
    SAME_ROOM = "same_room"
    SAME_HOUSEHOLD = "same_household"
    SURFACE = "surface"
    FOOD_OR_DRINK = "food_or_drink"
    SEXUAL = "sexual"
    INTRAVENOUS = "intravenous"
    VISITED = "visited"
    OTHER = "other"


class Setting(StrEnum):
    """In what surroundings an exposure or a visit took place."""

    UNKNOWN = "unknown"
    HOUSEHOLD = "household"
    WORKPLACE = "workplace"
    HEALTHCARE = "healthcare"
    SCHOOL = "school"
    CARE_HOME = "care_home"
    RESTAURANT = "restaurant"
    MARKET = "market"
    SHOP = "shop"
    TRANSPORT = "transport"
    WORSHIP = "worship"
    FUNERAL = "funeral"
    LEISURE = "leisure"
    FRIENDS = "friends"
    TRAVEL = "travel"
    QUARANTINE = "quarantine"
    COMMUNITY = "community"
    OTHER = "other"


class ExposureDuration(StrEnum):
    """How long they were together."""

    UNKNOWN = "unknown"
    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


class ExposureFrequency(StrEnum):
    """How often they were together."""

    UNKNOWN = "unknown"
    TIMES_1_TO_5 = "1_5"
    TIMES_6_TO_10 = "6_10"
    TIMES_11_TO_20 = "11_20"
    TIMES_OVER_21 = "over_21"


class ExposureState(StrEnum):
    """What a tracer made of an exposure."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


EXPOSURE_STEPS: dict[ExposureState, frozenset[ExposureState]] = {
    ExposureState.PROPOSED: frozenset({ExposureState.CONFIRMED, ExposureState.REJECTED}),
    ExposureState.CONFIRMED: frozenset({ExposureState.REJECTED}),
    ExposureState.REJECTED: frozenset({ExposureState.CONFIRMED}),
}
"""The one table of allowed steps between the states of an exposure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """
    Somebody (or a venue, or a gathering) may have exposed somebody (or brought infection to a gathering).

    `source` is who or what may have passed the infection on and `target` who may have got it. `first_contact`
    and `last_contact` are days; `area` is where the target is followed. `told_by` says where it is known from:
    interview, visits, or the format of a file.
    """

    id: str
    area: AreaPath
    source: NodeId
    target: NodeId
    first_contact: date | None = None
    last_contact: date | None = None
    kind: ExposureKind = ExposureKind.UNKNOWN
    duration: ExposureDuration = ExposureDuration.UNKNOWN
    frequency: ExposureFrequency = ExposureFrequency.UNKNOWN
    setting: Setting = Setting.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    state: ExposureState = ExposureState.CONFIRMED
    told_by: str = "interview"

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        node_id(self.source)
        node_id(self.target)
        require_text("told_by", self.told_by)
        require_order(("first_contact", self.first_contact), ("last_contact", self.last_contact))
        if self.source == self.target:
            raise ValueError(f"exposure {self.id} leads from {self.source} to itself")

    @property
    def counts(self) -> bool:
        """Whether it makes its target a contact: it was not rejected."""
        return self.state is not ExposureState.REJECTED


class Role(StrEnum):
    """What somebody is because of exposures; not a kind of person, and it can be several at once over time."""

    CASE = "case"
    CONTACT = "contact"
    CONTACT_OF_CONTACT = "contact_of_contact"


def roles_of(
    cases: Collection[PersonId], exposures: Iterable[Exposure]
) -> dict[NodeId, tuple[Role, frozenset[str]]]:
    """
    Return the role of everybody whom `exposures` reach from `cases`, with the exposures it follows from.

    A case stays a case whoever exposed it. A contact was exposed by a case, or at a venue or gathering that a
    case exposed; a contact of a contact was exposed by a contact and by no case. Rejected exposures do not
    count, and exposures that only lead into a case make nobody a contact.

    >>> from yipan.model import area_path, person_id
    >>> a, b, c = (person_id(f"p-{digit * 12}") for digit in "abc")
    >>> pairs = [
    ...     Exposure(id="x-1", area=area_path("44."), source=a, target=b),
    ...     Exposure(id="x-2", area=area_path("44."), source=b, target=c),
    ... ]
    >>> [role.value for role, _ in roles_of({a}, pairs).values()]
    ['case', 'contact', 'contact_of_contact']
    """
    counted = [exposure for exposure in exposures if exposure.counts]
    found: dict[NodeId, tuple[Role, frozenset[str]]] = {
        NodeId(person): (Role.CASE, frozenset()) for person in cases
    }
    places = {e.target for e in counted if e.source in found and not e.target.startswith("p-")}
    found |= _reached(counted, {*found, *places}, found, Role.CONTACT)
    contacts = {node for node, (role, _) in found.items() if role is Role.CONTACT}
    found |= _reached(counted, contacts, found, Role.CONTACT_OF_CONTACT)
    return found


def _reached(
    exposures: Iterable[Exposure], sources: Collection[str], known: Collection[str], role: Role
) -> dict[NodeId, tuple[Role, frozenset[str]]]:
    because: dict[NodeId, set[str]] = {}
    for exposure in exposures:
        new = exposure.target.startswith("p-") and exposure.target not in known
        if new and exposure.source in sources:
            because.setdefault(exposure.target, set()).add(exposure.id)
    return {node: (role, frozenset(ids)) for node, ids in because.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """People who live together; who they are and where is in the vault."""

    id: str
    area: AreaPath
    members: tuple[PersonId, ...]

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        for member in self.members:
            person_id(member)
        if len(set(self.members)) != len(self.members) or not self.members:
            raise ValueError(f"household {self.id} needs members, each named once")


class DueWord(StrEnum):
    """What is due for a contact on a day; UNKNOWN where nothing says how long they are followed."""

    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"
    UNKNOWN = "unknown"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """
    Somebody who is a contact, why, and until when they are followed; `id` is their pseudonym.

    It follows from cases, exposures and follow-ups and is kept beside them so that a list of a million is paged.
    `due` is the first day on which somebody has to see them again.
    """

    id: PersonId
    area: AreaPath
    role: Role
    exposures: tuple[str, ...]
    of_cases: tuple[str, ...]
    last_contact: date | None
    until: date | None
    last_seen: date | None
    proposed: bool

    def __post_init__(self) -> None:
        person_id(self.id)
        area_path(self.area)
        if self.role is Role.CASE:
            raise ValueError(f"{self.id} is a case; contacts are followed")

    @property
    def due(self) -> date | None:
        """The day after the last contact or the last time they were seen, None where neither is known."""
        newest = self.last_contact
        if self.last_seen is not None and (newest is None or self.last_seen > newest):
            newest = self.last_seen
        return None if newest is None else newest + timedelta(days=1)

    def due_word(self, today: date) -> DueWord:
        """
        What is due on a day.

        >>> from yipan.model import area_path
        >>> one = Followed(
        ...     id=person_id("p-aaaaaaaaaaaa"), area=area_path("44."), role=Role.CONTACT, exposures=(), of_cases=(),
        ...     last_contact=date(2022, 11, 6), until=date(2022, 11, 16), last_seen=None, proposed=False,
        ... )  # fmt: skip
        >>> [one.due_word(date(2022, 11, day)).value for day in (6, 7, 8, 17)]
        ['later', 'today', 'overdue', 'over']
        """
        due = self.due
        if self.until is None or due is None:
            return DueWord.UNKNOWN
        if today > self.until:
            return DueWord.OVER
        if today < due:
            return DueWord.LATER
        return DueWord.TODAY if today == due else DueWord.OVERDUE


class FollowUpResult(StrEnum):
    """What came of one day's follow-up of a contact."""

    SEEN_OK = "seen_ok"
    SEEN_NOT_OK = "seen_not_ok"
    MISSED = "missed"
    NOT_ATTEMPTED = "not_attempted"
    NOT_PERFORMED = "not_performed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One day's follow-up of one person; `number` counts the days of their follow-up from 1."""

    id: str
    area: AreaPath
    person: PersonId
    day: date
    result: FollowUpResult
    number: int | None = None

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        person_id(self.person)


class TestResult(StrEnum):
    """What a laboratory found; PENDING while it has not said."""

    __test__ = False  # a noun, not a test

    PENDING = "pending"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    INCONCLUSIVE = "inconclusive"
    POSITIVE_FOR_OTHER = "positive_for_other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTest:
    """One test of one person's sample as an investigation tells it; mass screening keeps its own records."""

    id: str
    area: AreaPath
    person: PersonId
    result: TestResult
    sampled: date | None = None
    tested: date | None = None
    resulted: date | None = None
    sample_kind: str = ""
    test_kind: str = ""

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        person_id(self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideKey:
    """By what id another system knows a person, a venue or a gathering: the thread along which files meet."""

    id: str
    area: AreaPath
    system: str
    key: str
    node: NodeId

    def __post_init__(self) -> None:
        area_path(self.area)
        node_id(self.node)
        require_text("system", self.system)
        require_text("key", self.key)
        if self.id != f"{self.system}:{self.key}":
            raise ValueError(f"an outside key is named by system:key, not {self.id!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedRow:
    """
    What a sender's row said besides what our nouns hold, kept so that it can be sent back unchanged.

    `table` is the sender's (case, contact, relationship, ...); `fields` are its columns with their texts, in
    order, none of them personal. `personal` tells of each personal column which field of the vault holds its text
    and how long it is there, in order: enough to write the row again with the vault, nothing without it.
    """

    id: str
    area: AreaPath
    system: str
    table: str
    node: str
    fields: tuple[tuple[str, str], ...]
    personal: tuple[tuple[str, str, int], ...] = ()

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)


class SamenessState(StrEnum):
    """What is held about two records that look like one person: suggested by a search, the rest decided by a person."""

    SUGGESTED = "suggested"
    LATER = "later"
    SAME = "same"
    DIFFERENT = "different"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """
    A decision about two pseudonyms: one person (`kept` stands for both), not the same, or taken back.

    Nothing is rewritten by it: records keep the pseudonym they came with, so every merge can be undone. Before
    anybody decides it is a suggestion or put off; `bits` is how sure the search was, None where nobody searched.
    """

    id: str
    area: AreaPath
    kept: PersonId
    other: PersonId
    state: SamenessState
    why: str
    bits: float | None = None

    def __post_init__(self) -> None:
        area_path(self.area)
        person_id(self.kept)
        person_id(self.other)
        require_text("why", self.why)
        if self.kept == self.other:
            raise ValueError(f"{self.kept} is already one person with itself")
        if self.id != pair_key(self.kept, self.other):
            raise ValueError("a decision about two people is named by pair_key of both")


def pair_key(one: PersonId, other: PersonId) -> str:
    """
    The one name of an unordered pair of people.

    >>> pair_key(person_id("p-bbbbbbbbbbbb"), person_id("p-aaaaaaaaaaaa"))
    'p-aaaaaaaaaaaa+p-bbbbbbbbbbbb'
    """
    return "+".join(sorted((one, other)))
