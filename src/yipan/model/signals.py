"""Signals: a stream that stands out, with what was expected and why it was judged so."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .areas import AreaPath, area_path
from .counts import Stream


class Judgement(StrEnum):
    """Whether a method could judge a day, and if not why not; nothing is ever silently absent."""

    JUDGED = "judged"
    NOT_REPORTED = "not_reported"
    SHORT_HISTORY = "short_history"
    NO_HISTORY_RULE = "no_history_rule"
    NOT_CONVERGED = "not_converged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """
    One day on which a stream stood above what was expected of it.

    `score` is how many standard deviations of the baseline the day lies above it; `threshold` is the count
    above which the method raises a signal; `baseline` is the number of reported days it was judged by and
    `baseline_missing` the number in the same span that nobody reported. `since` is the first day of the
    unbroken run of signals the day belongs to.
    """

    area: AreaPath
    stream: Stream
    day: date
    method: str
    observed: int
    expected: float
    threshold: float
    score: float
    since: date
    baseline: int
    baseline_missing: int = 0
    judgement: Judgement = Judgement.JUDGED

    def __post_init__(self) -> None:
        area_path(self.area)
        if self.since > self.day:
            raise ValueError(f"signal of {self.day} cannot have begun later, on {self.since}")
        if self.observed < 0:
            raise ValueError(f"observed {self.observed} on {self.day}; a count cannot be negative")

    @property
    def key(self) -> str:
        """Text that names the signal: area, stream, day and method."""
        return f"{self.area}|{self.stream.key}|{self.day.isoformat()}|{self.method}"
