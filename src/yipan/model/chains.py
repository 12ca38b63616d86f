"""Chains of transmission as they stood at a round: which cases lead back to one introduction."""

from dataclasses import dataclass
from datetime import date

from ._checks import require_order, require_text
from .areas import AreaPath, area_path


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmissionChain:
    """
    One chain of two or more cases; `id` names its root, and `cases` are in order of their days.

    `generations` is the longest line of links. It is `active` while its last case is younger than the quiet span
    the desk asks for.
    """

    id: str
    area: AreaPath
    disease: str
    root: str
    cases: tuple[str, ...]
    generations: int
    first_day: date | None
    last_day: date | None
    active: bool

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        require_text("disease", self.disease)
        require_order(("first_day", self.first_day), ("last_day", self.last_day))
        if self.root not in self.cases:
            raise ValueError(f"chain {self.id} does not hold its root {self.root}")
