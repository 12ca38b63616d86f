"""What the room reads: daily counts as matrices in which silence is NaN and corrections are settled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def count_matrix(counts: ArrayLike, *, name: str = "counts") -> FloatArray:
    """
    Return counts as a float matrix, one row per area and one column per day; NaN stays NaN.

    A single series becomes one row. `None` is read as NaN: nobody reported. Negative figures are
    downward corrections and are settled by `settle_corrections`. Raises `ValueError` where the
    counts have more than two dimensions or hold an infinite figure.

    >>> count_matrix([3, None, 2]).shape
    (1, 3)
    """
    matrix = np.asarray(counts, dtype=np.float64)
    if matrix.ndim == 1:
        matrix = matrix[None, :]
    if matrix.ndim != 2:
        raise ValueError(f"{name} have {matrix.ndim} dimensions, expected areas x days")
    if np.isinf(matrix).any():
        row, day = np.argwhere(np.isinf(matrix))[0]
        raise ValueError(f"{name} are infinite in row {row}, day {day}")
    return settle_corrections(matrix)


def settle_corrections(counts: FloatArray) -> FloatArray:
    """
    Net each downward correction against the latest earlier days of the same row, then zero it.

    A negative count says that cases reported before were none. It is taken off the day before, then
    off the day before that, until it is used up; what no earlier day can bear is dropped. Row totals
    are kept wherever the earlier days can bear them. NaN days are passed over.

    >>> settle_corrections(np.array([[5.0, 1.0, -3.0, 2.0]]))
    array([[3., 0., 0., 2.]])
    """
    if not (counts < 0).any():
        return counts
    settled = counts.copy()
    for row in np.flatnonzero((counts < 0).any(axis=1)):
        series = settled[row]
        for day in np.flatnonzero(series < 0):
            owed = -series[day]
            series[day] = 0.0
            for earlier in range(day - 1, -1, -1):
                if owed <= 0:
                    break
                if series[earlier] > 0:
                    borne = min(owed, series[earlier])
                    series[earlier] -= borne
                    owed -= borne
    return settled


def spread_over_days(totals: ArrayLike, *, interval_days: int) -> FloatArray:
    """
    Return daily counts whose sums over each reporting interval are the totals that were reported.

    Weekly figures are weekly: they say nothing of single days. Where a method needs days, each total
    is laid out inside its interval along an exponential whose rate follows from the totals of the
    intervals before and after, so that no false step appears at the seam. A missing total gives
    missing days. One row per area; returns areas x (intervals * interval_days).

    >>> spread_over_days([7.0, 7.0], interval_days=7).sum()
    np.float64(14.0)
    """
    if interval_days < 1:
        raise ValueError(f"a reporting interval of {interval_days} days is shorter than one day")
    matrix = count_matrix(totals, name="totals")
    if interval_days == 1:
        return matrix
    areas, intervals = matrix.shape
    log_total = np.log(matrix + 0.5)
    before = np.concatenate([log_total[:, :1], log_total[:, :-1]], axis=1)
    after = np.concatenate([log_total[:, 1:], log_total[:, -1:]], axis=1)
    before = np.where(np.isnan(before), log_total, before)
    after = np.where(np.isnan(after), log_total, after)
    steps = np.full(intervals, 2.0)
    steps[[0, -1]] = 1.0
    rate = (after - before) / (steps * interval_days)
    offsets = np.arange(interval_days) - (interval_days - 1) / 2
    shape = np.exp(np.clip(rate, -1.0, 1.0)[:, :, None] * offsets)
    shape /= shape.sum(axis=2, keepdims=True)
    daily: FloatArray = (matrix[:, :, None] * shape).reshape(areas, intervals * interval_days)
    return daily
