"""The swabs of screening rounds as the record knows them: the lake opened through the parts that are on record."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from yipan.model import LakeKind, LakePart
from yipan.store import Record, Store, lake
from yipan.store.tables.screening import LAKE_BATCHES, LAKE_PARTS, SCREENING_ROUNDS

if TYPE_CHECKING:
    import duckdb


def lake_of(store: Store) -> lake.Lake:
    """Return the lake of screening that lies beside a record."""
    return lake.Lake(folder=store.home / "screening")


@contextmanager
def looking(record: Record, home: lake.Lake, round: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """An engine with the views of a round's parts as known when asked and within the viewer's area. Raises NotFound."""
    record.noun(SCREENING_ROUNDS, round)
    parts = record.nouns(LAKE_PARTS, where={"round": round})
    with home.engine() as engine:
        views(engine, home, parts, acts_of(record, round))
        yield engine


def views(
    engine: "duckdb.DuckDBPyConnection",
    home: lake.Lake,
    parts: Sequence[LakePart],
    acts: dict[str, int],
) -> None:
    """Make the views `roster`, `samples`, `results` and `latest` of these parts; `acts` tells which batch came last."""
    for kind, columns in (
        (LakeKind.ROSTER, lake.ROSTER_COLUMNS),
        (LakeKind.SAMPLES, lake.SAMPLE_COLUMNS),
        (LakeKind.RESULTS, lake.RESULT_COLUMNS),
    ):
        paths = [part.id for part in parts if part.kind is kind]
        home.view(engine, kind.value, paths, columns=columns)
    known = {part.batch for part in parts if part.kind is LakeKind.RESULTS}
    lake.latest_results(engine, {batch: acts[batch] for batch in known})


def acts_of(record: Record, round: str) -> dict[str, int]:
    """Return the number of the act that brought each batch of a round."""
    return {
        batch.id: record.versions(LAKE_BATCHES, batch.id)[-1].act
        for batch in record.nouns(LAKE_BATCHES, where={"round": round})
    }
