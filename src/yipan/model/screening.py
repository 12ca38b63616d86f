"""Mass screening: rounds of swabs, the files that tell of them, and the parts of the lake those files became."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path

TUBE_MODES = (1, 5, 10, 20)
"""Swabs in one tube by the specifications; a household's tube has the mode 0 and holds whom it holds."""
HOUSEHOLD_MODE = 0


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
    """What a bulk file tells: who is due, who was swabbed into which tube, what a tube showed."""

    ROSTER = "roster"
    SAMPLES = "samples"
    RESULTS = "results"


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
