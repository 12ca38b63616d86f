"""Orders: what was ordered, by whom, on which basis, from when, and when the public was told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ._checks import require_aware, require_text
from .areas import AreaPath, area_path


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """
    One thing ordered: `kind` is `desk.verb`, `subject` the id of what it is about, `effective` from when.

    Each line has its own clock. What only its desk understands stands in `terms`, as plain values.

    >>> from datetime import UTC
    >>> line = OrderLine(
    ...     kind="zone.lower",
    ...     subject="z-1",
    ...     area=area_path("44.4401."),
    ...     effective=datetime(2022, 9, 8, 3, tzinfo=UTC),
    ...     terms={"level": "medium"},
    ... )
    >>> line.desk
    'zone'
    """

    kind: str
    subject: str
    area: AreaPath
    effective: datetime
    terms: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_text("kind", self.kind)
        require_text("subject", self.subject)
        area_path(self.area)
        require_aware("effective", self.effective)
        desk, dot, verb = self.kind.partition(".")
        if not (desk and dot and verb):
            raise ValueError(f"kind {self.kind!r} of an order line; expected desk.verb")

    @property
    def desk(self) -> str:
        """Who carries the line out."""
        return self.kind.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    An order with its lines. Only a recorded order restricts anybody.

    `decider` decided, `signer` signs the notice: they may differ. `legal_basis` is what the notice cites,
    `rule` what it was decided by: they may differ, too. `effective` is the first instant any line holds; real
    orders take effect before they are signed or published, so nothing is asked of their order. `published` is
    None until the public was told. `number` is that of the notice, empty until it has one.
    """

    id: str
    area: AreaPath
    lines: tuple[OrderLine, ...]
    effective: datetime
    decided: datetime
    decider: str
    signer: str = ""
    signed: datetime | None = None
    published: datetime | None = None
    number: str = ""
    legal_basis: tuple[str, ...] = ()
    rule: str = ""
    proposal: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("decider", self.decider)
        area_path(self.area)
        for name in ("effective", "decided", "signed", "published"):
            require_aware(name, getattr(self, name))
        if not self.lines:
            raise ValueError(f"order {self.id} has no line; an order orders something")
        for line in self.lines:
            if not line.area.startswith(self.area):
                raise ValueError(
                    f"order {self.id} of {self.area} has a line for {line.area}, outside"
                )

    @property
    def names_people(self) -> bool:
        """Whether a line is about somebody by pseudonym; such an order is told to them and not to the public."""
        return any(line.subject.startswith("p-") for line in self.lines)
