"""Proposals and decisions: the system or a person proposes, a named person with the power decides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .orders import OrderLine
from .users import Duty, Power


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """
    The same thing said in Chinese and in English.

    >>> Sentence(zh="解除", en="Lifted").en
    'Lifted'
    """

    zh: str
    en: str

    def __post_init__(self) -> None:
        require_text("zh", self.zh)
        require_text("en", self.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """
    One sentence one could say to the person at the door, with what it rests on and how sure that is.

    `source` names texts of a protocol, records, or the finding of a named duty; `confidence` is that of the
    source, or `judgement` where a person says so.
    """

    zh: str
    en: str
    source: tuple[str, ...]
    confidence: str

    def __post_init__(self) -> None:
        if not self.zh or not self.en:
            raise ValueError("a reason is a sentence in Chinese and in English")
        if not self.source or not self.confidence:
            raise ValueError("a reason names its source and the confidence in it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What a measure asks of people: residents held and person-days of it; None where it is not known.

    A measure that lifts a restriction costs nothing and says 0.
    """

    residents: int | None = None
    person_days: float | None = None

    def __post_init__(self) -> None:
        for name in ("residents", "person_days"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} is {value}; a cost to people is at least 0, or not known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another way to answer the same facts: its lines, what it costs people and the risk it leaves outside (0 to 1)."""

    what: Sentence
    lines: tuple[OrderLine, ...] = ()
    cost: Cost = Cost()
    risk_outside: float | None = None

    def __post_init__(self) -> None:
        if self.risk_outside is not None and not 0 <= self.risk_outside <= 1:
            raise ValueError(f"risk_outside is {self.risk_outside}; a share lies from 0 to 1")


class Verdict(StrEnum):
    """What a person decided about a proposal."""

    ACCEPT = "accept"
    CHANGE = "change"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What was decided, by whom, with which power, when and why; a change names the lines it orders instead.

    Raises ValueError for a change or refusal without a reason, or lines that do not go with the verdict.
    """

    verdict: Verdict
    by: str
    duty: Duty
    power: Power
    at: datetime
    reason: str = ""
    lines: tuple[OrderLine, ...] = ()

    def __post_init__(self) -> None:
        require_text("by", self.by)
        require_aware("at", self.at)
        if self.verdict is not Verdict.ACCEPT:
            require_text(f"the reason to {self.verdict.value}", self.reason)
        if bool(self.lines) is not (self.verdict is Verdict.CHANGE):
            raise ValueError(
                f"a decision to {self.verdict.value} came with {len(self.lines)} lines; only a change orders its own"
            )


class ProposalState(StrEnum):
    """Where a proposal stands; lapsed means overtaken by events before anybody decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CHANGED = "changed"
    REFUSED = "refused"
    LAPSED = "lapsed"


PROPOSAL_STEPS: dict[ProposalState, frozenset[ProposalState]] = {
    ProposalState.OPEN: frozenset(
        {ProposalState.ACCEPTED, ProposalState.CHANGED, ProposalState.REFUSED, ProposalState.LAPSED}
    ),
    ProposalState.ACCEPTED: frozenset(),
    ProposalState.CHANGED: frozenset(),
    ProposalState.REFUSED: frozenset(),
    ProposalState.LAPSED: frozenset(),
}
"""The one table of allowed steps of a proposal: it is decided once."""

DECIDED = {
    Verdict.ACCEPT: ProposalState.ACCEPTED,
    Verdict.CHANGE: ProposalState.CHANGED,
    Verdict.REFUSE: ProposalState.REFUSED,
}
"""The state each verdict leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """
    What a rule or a person proposes to order, why, at what cost to people, and what else could be done.

    `area` is where it would hold, `decided_in` the area whose command decides (the same or one around it) and
    `power` what deciding needs. `subject` is the id of what it is about; `rule` the rule that proposes, empty
    where a person does. `due` is the instant by which a decision is due, None where nothing sets one. A
    proposal without lines orders nothing and asks only for a judgement.
    """

    id: str
    area: AreaPath
    desk: str
    kind: str
    subject: str
    what: Sentence
    reasons: tuple[Reason, ...]
    by: str
    made: datetime
    decided_in: AreaPath
    lines: tuple[OrderLine, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    cost: Cost = Cost()
    rule: str = ""
    power: Power = Power.DECIDE
    due: datetime | None = None
    state: ProposalState = ProposalState.OPEN
    decision: Decision | None = None
    lapsed: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "desk", "kind", "subject", "by"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        area_path(self.decided_in)
        require_aware("made", self.made)
        require_aware("due", self.due)
        if not self.area.startswith(self.decided_in):
            raise ValueError(
                f"proposal {self.id} holds in {self.area}, which does not lie in {self.decided_in}, where it is decided"
            )
        if not self.reasons:
            raise ValueError(f"proposal {self.id} gives no reason")
        expected = DECIDED[self.decision.verdict] if self.decision else None
        if self.state is ProposalState.LAPSED:
            require_text("why the proposal lapsed", self.lapsed)
        if self.decision is not None and self.state is not expected:
            raise ValueError(
                f"proposal {self.id} is {self.state.value} by a decision to {self.decision.verdict.value}"
            )
        if self.decision is None and self.state in DECIDED.values():
            raise ValueError(f"proposal {self.id} is {self.state.value} and names no decision")
        if self.decision is not None:
            require_order(("made", self.made), ("decided", self.decision.at))
