"""
Small files of a round put together: what laboratories send every few minutes becomes one file for a city and day.

Nobody's answer changes. The small files stay where they are for whoever asks what was known before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from yipan.model import LakeKind, LakePart, Power, ScreeningRound, check_may
from yipan.operations import rolling
from yipan.operations.post import Post
from yipan.store import Record, lake
from yipan.store import laboratories as benches
from yipan.store import visits as places_been
from yipan.store.tables.screening import LAKE_PARTS

MERGED_FROM = 48
"""So many small files of one kind and city are put together."""
LARGE_ROWS = 1_000_000
"""A file of so many rows is left as it is."""
COLUMNS: Mapping[LakeKind, Mapping[str, str]] = {
    LakeKind.ROSTER: lake.ROSTER_COLUMNS, LakeKind.SAMPLES: lake.SAMPLE_COLUMNS, LakeKind.RESULTS: lake.RESULT_COLUMNS,
    LakeKind.RESWABS: lake.SAMPLE_COLUMNS, LakeKind.NEEDS: lake.NEED_COLUMNS,
    LakeKind.CONSIGNMENTS: benches.CONSIGNMENT_COLUMNS, LakeKind.RECEIPTS: benches.RECEIPT_COLUMNS,
    LakeKind.WELLS: benches.WELL_COLUMNS, LakeKind.VISITS: places_been.VISIT_COLUMNS,
}  # fmt: skip
"""The columns of the files of each kind, with the engine's names of their types."""


def acts_of(record: Record, round: str) -> dict[str, int]:
    """Return the number of the act that brought each batch of a round, merged ones among them."""
    return record.acts_by(LAKE_PARTS, "batch", where={"round": round})


def merge_small(
    post: Post,
    home: lake.Lake,
    *,
    round: ScreeningRound,
    kind: LakeKind,
    at: datetime,
    least: int | None = None,
) -> int:
    """
    Put the small files of one kind together in every city that has `least` (`MERGED_FROM`); return how many were replaced.

    Of a tube's results the version known last is kept, as every question does. Where another file comes in meanwhile
    nothing is done: after that one it is tried again. Raises NotAllowed, DamagedLake.
    """
    check_may(post.viewer, Power.INGEST)
    least = MERGED_FROM if least is None else least
    with post.store.reading(post.viewer) as record:
        parts = record.nouns(LAKE_PARTS, where={"round": round.id})
        acts = acts_of(record, round.id)
    chosen = [
        small
        for area in sorted({part.area for part in parts})
        if len(small := _small(parts, acts, kind=kind, area=area)) >= least
    ]
    if not chosen:
        return 0
    batch = f"m-{max(acts.values())}-{kind.value}"
    with home.aside(batch) as aside:
        merged = [_written(home, small, batch=batch, aside=aside) for small in chosen]
        with post.store.acting(
            post.viewer, desk="screening", verb="merge_parts", subject=batch, area=post.viewer.area, at=at,
            why=f"{sum(map(len, chosen))} small files of one kind put together",
        ) as act:  # fmt: skip
            now = act.nouns(LAKE_PARTS, where={"round": round.id})
            if {part.id for part in now} != {part.id for part in parts}:
                return 0
            home.place(aside, [part.id for new in merged for part in new])
            act.end(LAKE_PARTS, [part.id for small in chosen for part in small])
            act.put(LAKE_PARTS, [part for new in merged for part in new])
            number = act.number
    pairs = [
        ({part.id for part in small}, {part.id for part in new})
        for small, new in zip(chosen, merged, strict=True)
    ]
    rolling.rename_parts(home, round=round.id, replaced=pairs, act=number)
    return sum(map(len, chosen))


def _small(
    parts: Sequence[LakePart], acts: Mapping[str, int], *, kind: LakeKind, area: str
) -> list[LakePart]:
    """
    The small files of a kind and city, in the order they came.

    Of results only those that came after every large one: put together they count as the newest.
    """
    mine = [part for part in parts if part.kind is kind and part.area == area]
    large = [acts[part.batch] for part in mine if part.rows >= LARGE_ROWS]
    after = max(large, default=0) if kind is LakeKind.RESULTS else 0
    small = [part for part in mine if part.rows < LARGE_ROWS and acts[part.batch] > after]
    return sorted(small, key=lambda part: (acts[part.batch], part.id))


def _written(
    home: lake.Lake, small: Sequence[LakePart], *, batch: str, aside: Path
) -> list[LakePart]:
    """Write the rows of these files aside, day by day, and name them."""
    import polars as pl

    home.check([lake.NamedFile(path=p.id, rows=p.rows, sha256=p.sha256) for p in small])
    first, whole = small[0], replace(home, only=None)
    rows = pl.concat(
        whole.read([part.id], list(COLUMNS[first.kind])).with_columns(pl.lit(part.day).alias("day"))
        for part in small
    )
    if first.kind is LakeKind.RESULTS:
        rows = rows.unique("tube", keep="last", maintain_order=True)
    city = int(first.id.split("city=")[1].split("/")[0])
    found = []
    for day in sorted({part.day for part in small}):
        mine = rows.filter(pl.col("day") == day).drop("day")
        written = whole.write_frame(
            mine, aside=aside, batch=batch, round=first.round, kind=first.kind.value, day=day,
            city_of_street=dict.fromkeys(mine["street"].unique().to_list(), city),
        ) if mine.height else ()  # fmt: skip
        found += [
            LakePart(
                id=part.path, area=first.area, batch=batch, round=first.round, kind=first.kind, day=day,
                rows=part.rows, sha256=part.sha256,
            )
            for part in written
        ]  # fmt: skip
    return found
