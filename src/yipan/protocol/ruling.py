"""What a rule answers: a value, the reasons one could say at the door, and the trace of how it was reached."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from yipan.model import Reason

__all__ = ["Reason", "Ruling", "TraceStep"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """One thing that happened to a clock: started, reset, period over, guard met or missing, eligible."""

    what: str
    at: datetime | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling(Generic[T]):
    """
    The answer of a rule.

    `assumed` names the values a jurisdiction profile had to settle because the text leaves them open, as
    `name = value`; an empty tuple says that the text alone decided.
    """

    value: T
    reasons: tuple[Reason, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    assumed: tuple[str, ...] = ()
