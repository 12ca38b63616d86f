"""Estimates: a number with its uncertainty, never without."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite

from .areas import AreaPath, area_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A central value and the interval that holds the truth with probability `level` (0 to 1)."""

    value: float
    low: float
    high: float
    level: float = 0.95

    def __post_init__(self) -> None:
        if not all(isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError(
                f"an estimate needs finite numbers, got {self.low}, {self.value}, {self.high}"
            )
        if self.low > self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}")
        if not 0 < self.level < 1:
            raise ValueError(f"level {self.level} lies outside 0 to 1")


class EstimateState(StrEnum):
    """Whether an estimate could be made, and if not why not."""

    ESTIMATED = "estimated"
    TOO_FEW_CASES = "too_few_cases"
    NOT_REPORTED = "not_reported"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionNumber:
    """
    The instantaneous reproduction number of one area over the window from `since` up to `until`.

    `estimate` is None unless `state` is ESTIMATED. `cases` is what was reported in the window,
    `missing_days` how many of its days nobody reported.
    """

    area: AreaPath
    since: date
    until: date
    state: EstimateState
    estimate: Estimate | None
    cases: int
    missing_days: int = 0

    def __post_init__(self) -> None:
        area_path(self.area)
        if self.since >= self.until:
            raise ValueError(f"the window from {self.since} up to {self.until} holds no day")
        if (self.estimate is None) is (self.state is EstimateState.ESTIMATED):
            raise ValueError(f"state {self.state.value} contradicts estimate {self.estimate}")
