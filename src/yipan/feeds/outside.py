"""Tell rows of streets that exist, but lie outside what a file may tell of, from rows of streets nobody knows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from . import bulk
from .samples import REASONS, STREET_OUTSIDE, UNKNOWN_STREET, UNKNOWN_TUBE, BulkReading, number_of

if TYPE_CHECKING:
    import duckdb

Kind = TypeVar("Kind", bound=bulk.Judged)


def tell_outside(judged: Kind, *, streets: Sequence[int]) -> Kind:
    """Return a judged file in which rows put aside for a street among `streets`, those outside, say so."""
    import polars as pl

    mine = (pl.col("reason") == UNKNOWN_STREET) & pl.col("street").is_in(list(streets))
    count = (
        judged.aside.select(mine.sum()).item() if UNKNOWN_STREET in judged.reading.reasons else 0
    )
    if not count:
        return judged
    return replace(
        judged, reading=_moved(judged.reading, {UNKNOWN_STREET: count}),
        aside=judged.aside.with_columns(
            pl.when(mine).then(pl.lit(STREET_OUTSIDE)).otherwise(pl.col("reason")).alias("reason")
        ),
    )  # fmt: skip


def tell_outside_plain(
    engine: "duckdb.DuckDBPyConnection", reading: BulkReading, *, streets: Sequence[int], tubes: str | None = None
) -> BulkReading:  # fmt: skip
    """
    Do what `tell_outside` does for a file that was judged in the engine, in its table `quarantined`.

    `tubes` names a relation with the tubes of streets outside, for files that tell a tube and no street.
    """
    moved: dict[str, int] = {}
    for reason, column, known in (
        (UNKNOWN_STREET, "street", "select unnest($1::bigint[])"),
        (UNKNOWN_TUBE, "tube", None if tubes is None else f"select tube from {tubes}"),
    ):
        if known is None or reason not in reading.reasons:
            continue
        asked = [list(streets)] if "$1" in known else []
        rows = engine.execute(
            f"update quarantined set reason = {number_of(STREET_OUTSIDE)} "
            f"where reason = {number_of(reason)} and {column} in ({known})",
            asked,
        ).fetchall()
        moved[reason] = int(rows[0][0])
    return _moved(reading, moved)


def _moved(reading: BulkReading, moved: Mapping[str, int]) -> BulkReading:
    """Count rows of these reasons as lying outside; the sum stays."""
    told = {reason: count - moved.get(reason, 0) for reason, count in reading.reasons.items()}
    told[STREET_OUTSIDE] = told.get(STREET_OUTSIDE, 0) + sum(moved.values())
    order = {reason: told[reason] for reason in REASONS if told.get(reason)}
    return replace(reading, reasons=order)
