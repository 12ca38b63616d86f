"""Screening rounds, the bulk files read for them, and the parts of the lake those became."""

from yipan.model import LakeBatch, LakePart, ScreeningRound
from yipan.store.nouns import Column, NounTable, Readers

SCREENING_ROUNDS = NounTable(
    name="screening_round",
    noun=ScreeningRound,
    readers=Readers.LINE,
)

LAKE_BATCHES = NounTable(
    name="lake_batch",
    noun=LakeBatch,
    columns=(
        Column(name="round", sql="text not null", of=lambda batch: batch.round, indexed=True),
        Column(name="kind", sql="text not null", of=lambda batch: batch.kind.value),
        Column(name="sha256", sql="text not null", of=lambda batch: batch.sha256, indexed=True),
    ),
    readers=Readers.LINE,
)

LAKE_PARTS = NounTable(
    name="lake_part",
    noun=LakePart,
    columns=(
        Column(name="batch", sql="text not null", of=lambda part: part.batch, indexed=True),
        Column(name="round", sql="text not null", of=lambda part: part.round, indexed=True),
        Column(name="kind", sql="text not null", of=lambda part: part.kind.value),
    ),
)

TABLES = (SCREENING_ROUNDS, LAKE_BATCHES, LAKE_PARTS)
