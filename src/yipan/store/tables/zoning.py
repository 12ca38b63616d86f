"""Zones, where cases lived and stayed, rosters, closing rounds, the place register, adopted versions."""

from yipan.model import (
    Adoption,
    CasePlace,
    LateLifting,
    Place,
    RegisteredPlace,
    Roster,
    Zone,
    ZoneRound,
)
from yipan.store.nouns import Column, NounTable, Readers

SEVERAL = ""
"""The compound of a place that lies in several compounds, or in none by name."""


def compound_of(place: Place) -> str:
    """Return the compound all of a place lies in by name, or SEVERAL: what an address is looked up by."""
    compounds = {part.compound for part in place.parts}
    only = next(iter(compounds)) if len(compounds) == 1 else None
    return only or SEVERAL


ZONES = NounTable(
    name="zone",
    noun=Zone,
    columns=(
        Column(
            name="compound",
            sql="text not null",
            of=lambda zone: compound_of(zone.place),
            indexed=True,
        ),
        Column(
            name="over_from",
            sql="timestamptz",
            of=lambda zone: zone.spans[-1].since if zone.is_over else None,
        ),
    ),
    readers=Readers.LINE,
)
CASE_PLACES = NounTable(
    name="case_place",
    noun=CasePlace,
    columns=(
        Column(
            name="compound",
            sql="text not null",
            of=lambda found: compound_of(found.place),
            indexed=True,
        ),
        Column(name="case_id", sql="text not null", of=lambda found: found.case, indexed=True),
    ),
)
ROSTERS = NounTable(name="roster", noun=Roster)
ROUNDS = NounTable(
    name="zone_round",
    noun=ZoneRound,
    columns=(Column(name="zone", sql="text not null", of=lambda found: found.zone, indexed=True),),
)
REGISTER = NounTable(
    name="registered_place",
    noun=RegisteredPlace,
    columns=(
        Column(
            name="compound",
            sql="text not null",
            of=lambda unit: compound_of(unit.place),
            indexed=True,
        ),
    ),
)
ADOPTIONS = NounTable(name="adoption", noun=Adoption, readers=Readers.LINE)

LATE_LIFTINGS = NounTable(name="late_lifting", noun=LateLifting)

FIRST = (ZONES, CASE_PLACES, ROSTERS, ROUNDS, REGISTER, ADOPTIONS)
SECOND = (LATE_LIFTINGS,)
TABLES = (*FIRST, *SECOND)
"""Every table of the desk."""
