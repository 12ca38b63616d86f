"""Verdicts: what one method says about many streams on many days, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yipan.model import CountSeries, Judgement, Signal

Floats = NDArray[np.float64]

JUDGEMENTS: tuple[Judgement, ...] = tuple(Judgement)
"""What the codes in `Verdicts.judgement` stand for, by position."""

CODE: dict[Judgement, int] = {judgement: code for code, judgement in enumerate(JUDGEMENTS)}

Surveillance = Literal["surveillance-1.20"]
"""The peer whose numbers a method can reproduce, its defects included."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """
    What one method says about every stream on every day: arrays of shape (streams, days).

    `expected`, `sd` and `threshold` are in counts; a day alarms when its count lies above `threshold`.
    `score` says how far it stands out in the units of the method, `p_value` how often a quiet day would
    reach it by chance (None where the method was not asked for it or has none). `judgement` holds codes into `JUDGEMENTS`: it
    says for every cell that was not judged why not, and where the no-history rule answered. A cell that
    was not judged has no score and no alarm; what was expected may be known all the same, else it is NaN. `baseline` counts the reported days a
    cell was judged by, `baseline_missing` those nobody reported in the same span. Where only some days
    were judged, `columns` holds their positions in the counts; None means all.
    """

    method: str
    observed: Floats
    expected: Floats
    sd: Floats
    threshold: Floats
    score: Floats
    alarm: NDArray[np.bool_]
    judgement: NDArray[np.int8]
    baseline: NDArray[np.int32]
    baseline_missing: NDArray[np.int32]
    p_value: Floats | None = None
    columns: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        shape = self.observed.shape
        for name in ("expected", "sd", "threshold", "score", "alarm", "judgement", "baseline"):
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"{name} has shape {found}, observed has {shape}; one per cell")

    def judgement_of(self, stream: int, day: int) -> Judgement:
        """Whether the cell was judged, and if not why not."""
        return JUDGEMENTS[int(self.judgement[stream, day])]

    def tally(self) -> dict[Judgement, int]:
        """How many cells met each fate; the numbers add up to all cells."""
        counts = np.bincount(self.judgement.ravel(), minlength=len(JUDGEMENTS))
        return {judgement: int(counts[code]) for code, judgement in enumerate(JUDGEMENTS)}

    def signals(self, series: Sequence[CountSeries]) -> tuple[Signal, ...]:
        """
        Return the alarms as signals, by stream and then by day.

        `series` are the rows of the matrix in order, aligned at their last interval. A
        signal's `since` is the first day of the unbroken run of alarms; a day nobody reported ends a run.
        Raises ValueError if the number of series differs from the number of rows.
        """
        if len(series) != len(self.observed):
            raise ValueError(f"{len(series)} series for {len(self.observed)} rows of verdicts")
        found: list[Signal] = []
        width = self.observed.shape[1]
        columns = range(width) if self.columns is None else self.columns.tolist()
        whole = width if self.columns is None else max(len(one) for one in series)
        for row, one in enumerate(series):
            offset = len(one) - whole
            began = last = -2
            for cell, column in enumerate(columns):
                if not self.alarm[row, cell]:
                    continue
                began = began if column == last + 1 else column
                last = column
                found.append(
                    Signal(
                        area=one.area,
                        stream=one.stream,
                        day=one.day(column + offset),
                        method=self.method,
                        observed=int(self.observed[row, cell]),
                        expected=float(self.expected[row, cell]),
                        threshold=float(self.threshold[row, cell]),
                        score=float(self.score[row, cell]),
                        since=one.day(began + offset),
                        baseline=int(self.baseline[row, cell]),
                        baseline_missing=int(self.baseline_missing[row, cell]),
                        judgement=self.judgement_of(row, cell),
                    )
                )
        return tuple(found)


def count_matrix(series: Sequence[CountSeries]) -> Floats:
    """
    Return the counts of many series as one matrix (series, intervals), aligned at their last interval.

    Intervals nobody reported, and those before a shorter series begins, are NaN. All series must end on
    the same day and have the same interval; ValueError names the first that does not.

    >>> from datetime import date
    >>> from yipan.model import Counted, CountSeries, Stream
    >>> visits = Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS)
    >>> long = CountSeries(area="44.", stream=visits, first_day=date(2022, 10, 1), counts=(4, None, 6))
    >>> short = CountSeries(area="44.", stream=visits, first_day=date(2022, 10, 3), counts=(2,))
    >>> count_matrix([long, short])
    array([[ 4., nan,  6.],
           [nan, nan,  2.]])
    """
    if not series:
        return np.empty((0, 0))
    first = series[0]
    width = max(len(one) for one in series)
    matrix = np.full((len(series), width), np.nan)
    for row, one in enumerate(series):
        if one.until != first.until or one.stream.interval != first.stream.interval:
            raise ValueError(
                f"series {row} ({one.stream.key} of {one.area}) ends before {one.until} by "
                f"{one.stream.interval}, the first before {first.until} by {first.stream.interval}"
            )
        if len(one):
            matrix[row, width - len(one) :] = [np.nan if c is None else c for c in one.counts]
    return matrix


def as_counts(counts: ArrayLike) -> Floats:
    """Return a checked copy-free matrix of counts: two dimensions, no negative or infinite value, NaN where nobody reported."""
    matrix = np.asarray(counts, dtype=np.float64)
    if matrix.ndim == 1:
        matrix = matrix[np.newaxis, :]
    if matrix.ndim != 2:
        raise ValueError(f"counts have {matrix.ndim} dimensions; streams x days has two")
    wrong = np.isinf(matrix) | (matrix < 0)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"count {matrix[row, column]:g} of stream {row} on day {column} is not a count; "
            "send the corrected value instead of a difference"
        )
    return matrix
