"""Mass screening: rounds of swabs, the files that tell of them, and the parts of the lake those files became."""

import re
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
CARE_VISITS = ("emergency", "fever_clinic", "outpatient")
"""Purposes of a visit by which somebody sought care, the most pressing first."""


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
    more than the common risk. Consignments say which tubes a courier took to which laboratory, receipts which arrived
    and how, wells what each well of a plate showed, controls among them. Visits say who was at which place from when
    until when, care sought at a clinic among them.
    """

    ROSTER = "roster"
    SAMPLES = "samples"
    RESULTS = "results"
    RESWABS = "reswabs"
    NEEDS = "needs"
    CONSIGNMENTS = "consignments"
    RECEIPTS = "receipts"
    WELLS = "wells"
    VISITS = "visits"


def _require_within(area: AreaPath, within: AreaPath | None) -> None:
    if within is not None and not area_path(within).startswith(area):
        raise ValueError(f"{within} lies outside {area}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeBatch:
    """
    What became of one bulk file: every row read was accepted or quarantined, with the number for each reason.

    `quarantine` is the file, below the lake's folder, that holds the rows put aside; empty where none was. `within`
    is the county or street that handed it in for its own rows, None where the city or whoever is above it did.
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
    within: AreaPath | None = None

    def __post_init__(self) -> None:
        for name in ("id", "round", "file", "sha256"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        _require_within(self.area, self.within)
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

    `id` is its path below the lake's folder, `sha256` the hash of its bytes; empty where it was taken in before
    such hashes were kept. `within` is as in its batch.
    """

    id: str
    area: AreaPath
    batch: str
    round: str
    kind: LakeKind
    day: date
    rows: int
    sha256: str = ""
    within: AreaPath | None = None

    def __post_init__(self) -> None:
        for name in ("id", "batch", "round"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        _require_within(self.area, self.within)
        if self.sha256 and not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(
                f"part {self.id}: content hash {self.sha256!r}; expected 64 hexadecimal digits"
            )
        if self.rows < 1:
            raise ValueError(f"part {self.id} holds {self.rows} rows; expected at least one")


class PersonState(StrEnum):
    """
    Where one person stands in one round: exactly one of these, derived from files and never typed in.

    Whoever is swabbed and has no result is pending while the tube is at its site, then on the way, then at the laboratory; a
    tube it refused (a leak, no label) is to be swabbed again.
    """

    EXEMPT = "exempt"
    NOT_SEEN = "not_seen"
    PENDING = "pending"
    ON_THE_WAY = "on_the_way"
    AT_LABORATORY = "at_laboratory"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """
    A laboratory that tests tubes: what it can take, and whether it is held in reserve.

    `tubes_per_day` is what it says it can do in a day. `instruments` run `wells` wells each in `run_hours`; None where
    nobody said, and then nothing is called impossibly fast. A reserve one is planned for only when others are full.
    """

    id: str
    area: AreaPath
    name: str
    tubes_per_day: int
    instruments: int | None = None
    wells: int | None = None
    run_hours: float | None = None
    reserve: bool = False

    def __post_init__(self) -> None:
        for name in ("id", "name"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for name in ("tubes_per_day", "instruments", "wells", "run_hours"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 10**8:
                raise ValueError(f"laboratory {self.id}: {name} {value}; expected above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReagentKit:
    """
    What a lot of a test kit allows, by its maker or the laboratory's own verification (`source` names which).

    A sample well is valid with its internal control below `internal_below`; the positive control must lie from
    `positive_from` to `positive_to`; None where nobody said. Control charts never use these limits.
    """

    id: str
    area: AreaPath
    source: str
    internal_below: float
    positive_from: float | None = None
    positive_to: float | None = None

    def __post_init__(self) -> None:
        for name in ("id", "source"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for name in ("internal_below", "positive_from", "positive_to"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 60.0:
                raise ValueError(
                    f"kit {self.id}: {name} {value}; expected above 0 and up to 60 cycles"
                )
        if (self.positive_from is None) is not (self.positive_to is None) or (
            self.positive_from is not None
            and self.positive_to is not None
            and self.positive_from > self.positive_to
        ):
            raise ValueError(
                f"kit {self.id}: the band of the positive control has two ends in order"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindPair:
    """
    A tube split in two: the `duplicate` goes to another laboratory, or to the same, under a number that tells nothing.

    Laboratories do not see which tubes are pairs. What the two showed follows from results.
    """

    id: str
    area: AreaPath
    round: str
    tube: int
    duplicate: int
    planted: datetime

    def __post_init__(self) -> None:
        for name in ("id", "round"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        require_aware("planted", self.planted)
        if self.tube == self.duplicate:
            raise ValueError(f"tube {self.tube} cannot be its own duplicate")


class KeyGroup(StrEnum):
    """
    Why people of a site are tested by themselves.

    A post at risk touches inbound people, goods or patients; a crowded post deals with many people on the move
    (markets, couriers, delivery, transport); key venues (care homes and the like) and crowded institutions (schools,
    sites, large firms) are tested as places.
    """

    HIGH_RISK_POST = "high_risk_post"
    CROWDED_POST = "crowded_post"
    KEY_VENUE = "key_venue"
    CROWDED_INSTITUTION = "crowded_institution"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySite:
    """
    A post, venue or institution on the register, who answers for it, and whom it names by pseudonym.

    Where the command said so (`said_by` names the notice) its people are tested `tests` times in every `every_days`
    days, and it is inspected every `inspect_days`; None leaves the first to the protocol and the second undone. Names
    and numbers of the people are in the vault.
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
    tests: int = 1
    inspect_days: int | None = None

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
        if not 1 <= self.tests <= (self.every_days or 1):
            raise ValueError(
                f"site {self.id}: {self.tests} tests in {self.every_days or 1} days; expected 1 a day at most"
            )
        if self.inspect_days is not None and not 1 <= self.inspect_days <= 366:
            raise ValueError(
                f"site {self.id}: inspected every {self.inspect_days} days; expected 1 to 366"
            )
        if (self.every_days is not None or self.inspect_days is not None) and not self.said_by:
            raise ValueError(
                f"site {self.id}: name the notice that says every {self.every_days or self.inspect_days} days"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionPoint:
    """One thing an inspection found wanting, and when it was put right; None until then. Nobody is named in it."""

    what: str
    rectified: datetime | None = None

    def __post_init__(self) -> None:
        require_text("what", self.what)
        require_aware("rectified", self.rectified)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInspection:
    """
    A visit to a site on the register by an office: what it found wanting, and by when that must be put right.

    `rectify_due` is the hour the adopted profile gives, None where nothing was wanting or no profile was adopted.
    """

    id: str
    area: AreaPath
    site: str
    by: str
    at: datetime
    points: tuple[InspectionPoint, ...] = ()
    rectify_due: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("id", "site", "by"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for name in ("at", "rectify_due"):
            require_aware(name, getattr(self, name))
        require_order(("at", self.at), ("rectify_due", self.rectify_due))
        for point in self.points:
            require_order(("at", self.at), ("rectified", point.rectified))

    @property
    def open_points(self) -> int:
        """How many things are not put right yet."""
        return sum(point.rectified is None for point in self.points)
