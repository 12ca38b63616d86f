"""Mass screening: rounds of swabs, the files that tell of them, and the parts of the lake those files became."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .people import PersonId, person_id

TUBE_MODES = (1, 5, 10, 20)
"""Swabs in one tube by the specifications; a household's tube has the mode 0 and holds whom it holds."""
HOUSEHOLD_MODE = 0
CARE_NEEDS = ("dialysis", "chemotherapy", "pregnant", "bedridden", "chronic", "appointment")
"""The six groups registered for care before a closure (Haizhu, January 2022), the most pressing first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRound:
    """
    One round of screening in one area: everybody on its roster is swabbed once from `opened` until `closes`.

    `closed` is when the command closed it, None while it runs. `rule` is what it was ordered under.
    """

    id: str
    area: AreaPath
    disease: str
    opened: datetime
    closes: datetime
    closed: datetime | None = None
    rule: str = ""

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("disease", self.disease)
        area_path(self.area)
        for name in ("opened", "closes", "closed"):
            require_aware(name, getattr(self, name))
        require_order(("opened", self.opened), ("closes", self.closes))
        require_order(("opened", self.opened), ("closed", self.closed))
        if not all(letter.isalnum() or letter in "-_" for letter in self.id):
            raise ValueError(f"round {self.id!r}: an id has letters, digits, - and _ only")


class LakeKind(StrEnum):
    """
    What a bulk file tells: who is due, who was swabbed into which tube, what a tube showed.

    Reswabs are single swabs of people in a positive or weak tube; needs say who waits for which care, and who is at
    more than the common risk.
    """

    ROSTER = "roster"
    SAMPLES = "samples"
    RESULTS = "results"
    RESWABS = "reswabs"
    NEEDS = "needs"


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeBatch:
    """
    What became of one bulk file: every row read was accepted or quarantined, with the number for each reason.

    `quarantine` is the file, below the lake's folder, that holds the rows put aside; empty where none was.
    """

    id: str
    area: AreaPath
    round: str
    kind: LakeKind
    file: str
    sha256: str
    read: int
    accepted: int
    quarantined: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    quarantine: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "round", "file", "sha256"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        if self.read != self.accepted + self.quarantined:
            raise ValueError(
                f"batch {self.id}: {self.read} rows read, but {self.accepted} accepted and {self.quarantined} put aside"
            )
        if sum(self.reasons.values()) != self.quarantined:
            raise ValueError(
                f"batch {self.id}: {self.quarantined} rows put aside, but {sum(self.reasons.values())} have a reason"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LakePart:
    """
    One file of the lake: the rows of a batch for one city and day. What no part names does not exist for a reader.

    `id` is its path below the lake's folder.
    """

    id: str
    area: AreaPath
    batch: str
    round: str
    kind: LakeKind
    day: date
    rows: int

    def __post_init__(self) -> None:
        for name in ("id", "batch", "round"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        if self.rows < 1:
            raise ValueError(f"part {self.id} holds {self.rows} rows; expected at least one")


class PersonState(StrEnum):
    """Where one person stands in one round: exactly one of these, derived from files and never typed in."""

    EXEMPT = "exempt"
    NOT_SEEN = "not_seen"
    PENDING = "pending"
    AGAIN = "again"
    NEGATIVE = "negative"
    HELD = "held"
    SINGLE_NEGATIVE = "single_negative"
    SINGLE_POSITIVE = "single_positive"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPerson:
    """
    One person in a held tube, by number in the bulk files, with the risk to be the infected one (0 to 1).

    `reached` is when somebody told them and swabbed or sent them, `released` when an order let them go; None
    until then.
    """

    person: int
    risk: float
    reached: datetime | None = None
    released: datetime | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.risk <= 1.0:
            raise ValueError(f"risk {self.risk} of person {self.person} lies outside 0 to 1")
        for name in ("reached", "released"):
            require_aware(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeHold:
    """
    An order to hold everybody in a positive or weak tube until a single swab says more; one for each tube.

    `people` stand in order of risk, the highest first. `known` is when the result was published, `effective` from
    when the order holds. `result` is what was ordered on, positive or weak.
    """

    id: str
    area: AreaPath
    round: str
    tube: int
    result: str
    known: datetime
    effective: datetime
    order: str
    people: tuple[HeldPerson, ...]

    def __post_init__(self) -> None:
        for name in ("id", "round", "order"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for name in ("known", "effective"):
            require_aware(name, getattr(self, name))
        if self.result not in {"positive", "weak"}:
            raise ValueError(f"tube {self.tube} is {self.result}; only positive and weak are held")
        if not self.people or len({one.person for one in self.people}) != len(self.people):
            raise ValueError(f"tube {self.tube}: expected people, each once")

    @property
    def open(self) -> bool:
        """Whether anybody is still held."""
        return any(one.released is None for one in self.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a second laboratory or a second kit said of somebody whose single swab was positive."""

    id: str
    area: AreaPath
    round: str
    person: int
    laboratory: str
    confirmed: bool
    at: datetime

    def __post_init__(self) -> None:
        for name in ("id", "round", "laboratory"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        require_aware("at", self.at)


class KeyGroup(StrEnum):
    """Why people of a site are tested by themselves: a post at risk, a key venue, or a crowded institution."""

    HIGH_RISK_POST = "high_risk_post"
    KEY_VENUE = "key_venue"
    CROWDED_INSTITUTION = "crowded_institution"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySite:
    """
    A post, venue or institution on the register, who answers for it, and whom it names by pseudonym.

    `every_days` is how often its people are tested where the command said so (`said_by` names the notice); None leaves
    it to the protocol. Names and numbers of the people are in the vault.
    """

    id: str
    area: AreaPath
    group: KeyGroup
    name: str
    sector: str
    duty_holder: str
    since: date
    people: tuple[PersonId, ...]
    every_days: int | None = None
    said_by: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "name", "sector", "duty_holder"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for person in self.people:
            person_id(person)
        if len(set(self.people)) != len(self.people):
            raise ValueError(f"site {self.id} names somebody twice")
        if self.every_days is not None and not 1 <= self.every_days <= 60:
            raise ValueError(
                f"site {self.id}: tested every {self.every_days} days; expected 1 to 60"
            )
        if self.every_days is not None and not self.said_by:
            raise ValueError(
                f"site {self.id}: name the notice that says every {self.every_days} days"
            )
