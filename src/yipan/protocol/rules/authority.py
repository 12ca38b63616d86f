"""Who may decide what, at which level, and when a higher level has taken the decision over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from yipan.model import AreaPath, area_path
from yipan.protocol.parameters import Profile, Rulebook
from yipan.protocol.ruling import Reason, Ruling

RANKS = ("street", "county", "city", "province", "nation")
"""Levels of command, the lowest first; a prefecture is a city."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Command of an area raised a level (提级指挥): which decisions, to whom, why, from when until when (None: open)."""

    area: AreaPath
    to: str
    decisions: frozenset[str]
    since: datetime
    until: datetime | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        area_path(self.area)
        if self.to not in RANKS:
            raise ValueError(f"command raised to {self.to!r}; expected one of {list(RANKS)}")
        if self.until is not None and self.until < self.since:
            raise ValueError(f"raised until {self.until}, before {self.since}")
        if not self.reason:
            raise ValueError("command is raised with a reason")

    def holds(self, decision: str, area: AreaPath, at: datetime) -> bool:
        """Whether it takes over this decision for this area at this moment; an empty set takes over all."""
        within = self.since <= at and (self.until is None or at < self.until)
        return (
            within
            and area.startswith(self.area)
            and (not self.decisions or decision in self.decisions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The level that decides, and whether it was raised there."""

    level: str
    raised: bool = False


def owner(
    decision: str, area: AreaPath, rulebook: Rulebook, *, at: datetime, raised: Iterable[Raised] = ()
) -> Ruling[Owner]:  # fmt: skip
    """
    Rule on who decides: the level the rulebook names, or the highest to which command was raised for that decision.

    Raises ProtocolError where the rulebook does not say who decides.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("cn-covid-9ed")
    >>> owner("zone", area_path("44.4403."), book, at=datetime(2022, 9, 1, tzinfo=UTC)).value.level
    'city'
    """
    leaf = rulebook.leaf(f"authority.{decision}")
    level = str(leaf.value)
    reasons = [Reason(
        zh=f"由{_ZH.get(level, level)}级决定。", en=f"It is for the {level} to decide.",
        source=leaf.source, confidence=leaf.confidence,
    )]  # fmt: skip
    above = [
        one for one in raised if one.holds(decision, area, at) and _rank(one.to) > _rank(level)
    ]
    if above:
        top = max(above, key=lambda one: _rank(one.to))
        reasons.append(Reason(
            zh=f"已提级由{_ZH[top.to]}级指挥：{top.reason}。", en=f"Command was raised to the {top.to}: {top.reason}.",
            source=leaf.source, confidence=leaf.confidence,
        ))  # fmt: skip
        return Ruling(value=Owner(level=top.to, raised=True), reasons=tuple(reasons))
    return Ruling(value=Owner(level=level), reasons=tuple(reasons))


def may_decide(
    decision: str, level: str, area: AreaPath, rulebook: Rulebook, *, at: datetime, raised: Iterable[Raised] = ()
) -> Ruling[bool]:  # fmt: skip
    """
    Rule on whether a command of this level may take a decision: its owner may, and no level below it.

    A level above the owner may not either, unless command was raised to it: it guides, and raises command first.
    `nobody` in the rulebook refuses every level. Raises ValueError for an unknown level.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("cn-covid-9ed")
    >>> may_decide("zone", "street", area_path("44.4403."), book, at=datetime(2022, 9, 1, tzinfo=UTC)).value
    False
    """
    if level not in RANKS:
        raise ValueError(f"level {level!r}; expected one of {list(RANKS)}")
    found = owner(decision, area, rulebook, at=at, raised=raised)
    return Ruling(value=found.value.level == level, reasons=found.reasons)


def level_above(level: str) -> str:
    """
    Return the level of command above one; the nation has itself.

    >>> level_above("county")
    'city'
    """
    return RANKS[min(_rank(level) + 1, len(RANKS) - 1)]


def rectify_by(found: datetime, profile: Profile) -> datetime:
    """Return by when a finding is to be put right, as the profile says."""
    from yipan.protocol.clocks import after_days

    return after_days(found, float(profile.value("rectification_hours")) / 24)


def _rank(level: str) -> int:
    return RANKS.index(level) if level in RANKS else -1


_ZH = {
    "street": "街镇",
    "county": "县（市、区）",
    "city": "市",
    "province": "省",
    "nation": "国家",
    "nobody": "无人有权",
}
