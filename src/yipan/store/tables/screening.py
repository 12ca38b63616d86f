"""Screening rounds, the bulk files read for them, and the parts of the lake those became."""

from yipan.model import (
    BlindPair,
    Confirmation,
    KeyInspection,
    KeySite,
    Laboratory,
    LakeBatch,
    LakePart,
    ReagentKit,
    ScreeningRound,
    TubeHold,
)
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
    readers=Readers.LINE,
)
"""
A part holds the rows of a city; a county within it sees that it is there and is shown its own rows of it (`Lake.only`).
"""

TUBE_HOLDS = NounTable(
    name="tube_hold",
    noun=TubeHold,
    columns=(
        Column(name="round", sql="text not null", of=lambda hold: hold.round, indexed=True),
        Column(name="running", sql="boolean not null", of=lambda hold: hold.open),
    ),
)

CONFIRMATIONS = NounTable(
    name="confirmation",
    noun=Confirmation,
    columns=(Column(name="round", sql="text not null", of=lambda told: told.round, indexed=True),),
)

FIRST = (SCREENING_ROUNDS, LAKE_BATCHES, LAKE_PARTS)
SECOND = (TUBE_HOLDS, CONFIRMATIONS)
KEY_SITES = NounTable(
    name="key_site",
    noun=KeySite,
    columns=(Column(name="grp", sql="text not null", of=lambda site: site.group.value),),
)
THIRD = (KEY_SITES,)
LABORATORIES = NounTable(name="laboratory", noun=Laboratory, readers=Readers.LINE)
REAGENT_KITS = NounTable(name="reagent_kit", noun=ReagentKit, readers=Readers.LINE)
BLIND_PAIRS = NounTable(
    name="blind_pair",
    noun=BlindPair,
    columns=(
        Column(name="round", sql="text not null", of=lambda pair: pair.round, indexed=True),
        Column(name="duplicate", sql="bigint not null", of=lambda pair: pair.duplicate),
    ),
)
KEY_INSPECTIONS = NounTable(
    name="key_inspection",
    noun=KeyInspection,
    columns=(Column(name="site", sql="text not null", of=lambda visit: visit.site, indexed=True),),
)
FOURTH = (LABORATORIES, REAGENT_KITS, BLIND_PAIRS, KEY_INSPECTIONS)
TABLES = (*FIRST, *SECOND, *THIRD, *FOURTH)
