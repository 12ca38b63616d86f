"""What a rule answers: a value, the reasons one could say at the door, and the trace of how it was reached."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One sentence in both languages, with the text it rests on and how sure we are of that text."""

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
