"""Indicators: each is one function that yields the set it counts; the figure is its sum, the list is it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import polars as pl

from yipan.model import (
    AreaPath,
    Counted,
    CountSeries,
    DetectionMode,
    Interval,
    Stream,
)
from yipan.store import Record


class Figure(StrEnum):
    """A figure that can be shown for an area and a day, and opened to its list."""

    INFECTIONS = "infections"
    CONFIRMED = "confirmed"
    ASYMPTOMATIC = "asymptomatic"
    WEEK = "week"


PARTS: Mapping[Figure, tuple[Counted, ...]] = {
    Figure.INFECTIONS: (Counted.LOCAL_CONFIRMED, Counted.LOCAL_ASYMPTOMATIC),
    Figure.CONFIRMED: (Counted.LOCAL_CONFIRMED,),
    Figure.ASYMPTOMATIC: (Counted.LOCAL_ASYMPTOMATIC,),
    Figure.WEEK: (Counted.LOCAL_CONFIRMED, Counted.LOCAL_ASYMPTOMATIC),
}
"""What each figure adds up. Conversions are in none: they were counted as infections before."""

WHOLES: Mapping[Figure, Counted] = {
    Figure.INFECTIONS: Counted.LOCAL_INFECTIONS,
    Figure.WEEK: Counted.LOCAL_INFECTIONS,
}
"""Where a place published only the total, the stream that stands for all parts."""


COUNTED: Mapping[Figure, tuple[Counted, ...]] = {
    figure: (*parts, *((WHOLES[figure],) if figure in WHOLES else ()))
    for figure, parts in PARTS.items()
}
"""Everything that is read for each figure: its parts, and the total that stands for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyFigures:
    """
    Figures per area and day as known at one moment: `values[area, day]`, absent where nobody reported.

    An area's infections of a day are its confirmed plus its asymptomatic local infections where both were
    reported, else the published total where only that was, else unknown.
    """

    values: Mapping[tuple[AreaPath, date], int]

    def of(self, area: AreaPath, day: date) -> int | None:
        """The figure of one day, None where nobody reported it."""
        return self.values.get((area, day))

    def series(self, area: AreaPath, *, since: date, until: date, stream: Stream) -> CountSeries:
        """The days from `since` up to `until` as a series of the named stream."""
        days = [since + timedelta(days=i) for i in range((until - since).days)]
        return CountSeries(
            area=area,
            stream=stream,
            first_day=since,
            counts=tuple(self.values.get((area, day)) for day in days),
        )

    @property
    def areas(self) -> tuple[AreaPath, ...]:
        """The areas that reported at least one day, in order of their paths."""
        return tuple(sorted({area for area, _ in self.values}))


def rows_of(
    record: Record, figure: Figure, *, under: AreaPath, since: date, until: date
) -> pl.DataFrame:
    """
    Return the published rows a figure adds up, one per area, day and stream.

    Columns area, stream, day, value, act, known_from, source; rows nobody filled are left out. Where both
    parts of a day are there its total is left out, and where one part is missing the parts are, so that
    nothing is counted twice and the sum of `value` is the figure.
    """
    rows = record.count_rows(under=under, since=since, until=until, counted=COUNTED[figure])
    columns = ["area", "stream", "day", "value", "act", "known_from", "source"]
    return kept_of(rows, figure).select(columns).sort("area", "day", "stream")


def kept_of(rows: pl.DataFrame, figure: Figure) -> pl.DataFrame:
    """Return those of some count rows (area, stream, day, value and what else they have) that a figure adds up; see `rows_of`."""
    rows = rows.with_columns(
        counted=pl.col("stream").str.split("/").list.get(1),
        mode=pl.col("stream").str.split("/").list.get(2),
        interval=pl.col("stream").str.split("/").list.get(3),
        disease=pl.col("stream").str.split("/").list.get(0),
        parts_in_key=pl.col("stream").str.split("/").list.len(),
    ).filter(
        pl.col("value").is_not_null(),
        pl.col("mode") == DetectionMode.ANY.value,
        pl.col("interval") == Interval.DAY.value,
        pl.col("parts_in_key") == 4,
    )
    parts = [part.value for part in PARTS[figure]]
    complete = pl.col("counted").is_in(parts).sum().over("disease", "area", "day") == len(parts)
    return rows.filter(pl.when(complete).then(pl.col("counted").is_in(parts)).otherwise(
        pl.col("counted") == (WHOLES[figure].value if figure in WHOLES else "")
    ))  # fmt: skip


def daily(
    record: Record, figure: Figure, *, under: AreaPath, since: date, until: date
) -> DailyFigures:
    """Return a figure for every area under `under` and every day from `since` up to `until`."""
    rows = rows_of(record, figure, under=under, since=since, until=until)
    summed = rows.group_by("area", "day").agg(pl.col("value").sum())
    return DailyFigures(
        values={(AreaPath(area), day): int(value) for area, day, value in summed.iter_rows()}
    )


def diseases_of(record: Record, *, under: AreaPath) -> tuple[str, ...]:
    """Return the diseases the record holds counts of, in alphabetical order."""
    return tuple(sorted({stream.disease for stream in record.streams(under=under)}))


def infections_stream(disease: str) -> Stream:
    """The stream of local infections of a disease per day, however they were found."""
    return Stream(disease=disease, counted=Counted.LOCAL_INFECTIONS)


def total(values: Iterable[int | None]) -> int | None:
    """
    The sum of what was reported, None where nothing was.

    >>> total([3, None, 4]), total([None])
    (7, None)
    """
    known = [value for value in values if value is not None]
    return sum(known) if known else None
