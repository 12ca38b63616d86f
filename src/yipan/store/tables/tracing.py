"""What tracers put on record."""

from datetime import date

from yipan.model import (
    ActionNoted,
    AssistCheck,
    AssistReply,
    CarriedRow,
    Exposure,
    Followed,
    FollowUp,
    Gathering,
    GenomeDistance,
    Household,
    Investigation,
    OutsideKey,
    PersonTest,
    Sameness,
    TransmissionChain,
    Venue,
    Visit,
)
from yipan.store.nouns import Column, NounTable, Readers

NO_DAY = date(9999, 12, 31)
"""Stands beside a noun for a day nobody knows, so that rows can be paged by it."""

EXPOSURES = NounTable(
    name="exposure",
    noun=Exposure,
    columns=(
        Column(name="source", sql="text not null", of=lambda e: e.source, indexed=True),
        Column(name="target", sql="text not null", of=lambda e: e.target, indexed=True),
        Column(name="state", sql="text not null", of=lambda e: e.state.value),
    ),
)
VENUES = NounTable(name="venue", noun=Venue)
GATHERINGS = NounTable(name="gathering", noun=Gathering)
VISITS = NounTable(
    name="visit",
    noun=Visit,
    columns=(
        Column(name="person", sql="text not null", of=lambda v: v.person, indexed=True),
        Column(name="place", sql="text not null", of=lambda v: v.place, indexed=True),
    ),
)
HOUSEHOLDS = NounTable(name="household", noun=Household)
FOLLOW_UPS = NounTable(
    name="follow_up",
    noun=FollowUp,
    columns=(
        Column(name="person", sql="text not null", of=lambda f: f.person, indexed=True),
        Column(name="day", sql="date not null", of=lambda f: f.day),
    ),
)
PERSON_TESTS = NounTable(
    name="person_test",
    noun=PersonTest,
    columns=(Column(name="person", sql="text not null", of=lambda t: t.person, indexed=True),),
)
OUTSIDE_KEYS = NounTable(
    name="outside_key",
    noun=OutsideKey,
    columns=(
        Column(name="system", sql="text not null", of=lambda k: k.system),
        Column(name="node", sql="text not null", of=lambda k: k.node, indexed=True),
    ),
)
CARRIED_ROWS = NounTable(
    name="carried_row",
    noun=CarriedRow,
    columns=(
        Column(name="system", sql="text not null", of=lambda r: r.system),
        Column(name="sheet", sql="text not null", of=lambda r: r.table),
    ),
)
SAMENESS = NounTable(
    name="sameness",
    noun=Sameness,
    columns=(Column(name="state", sql="text not null", of=lambda s: s.state.value),),
)
INVESTIGATIONS = NounTable(
    name="investigation",
    noun=Investigation,
    columns=(
        Column(name="case_id", sql="text not null", of=lambda i: i.case, indexed=True),
        Column(name="stage", sql="text not null", of=lambda i: i.stage.value),
    ),
)
ASSIST_CHECKS = NounTable(
    name="assist_check",
    noun=AssistCheck,
    columns=(
        Column(name="to_area", sql="text not null", of=lambda letter: letter.to, indexed=True),
    ),
    readers=Readers.EVERYONE,
)
ASSIST_REPLIES = NounTable(
    name="assist_reply",
    noun=AssistReply,
    columns=(
        Column(name="letter", sql="text not null", of=lambda reply: reply.letter, indexed=True),
    ),
    readers=Readers.EVERYONE,
)

CHAINS = NounTable(
    name="transmission_chain",
    noun=TransmissionChain,
    columns=(Column(name="disease", sql="text not null", of=lambda chain: chain.disease),),
)

ACTIONS_NOTED = NounTable(
    name="action_noted",
    noun=ActionNoted,
    columns=(
        Column(name="incident", sql="text not null", of=lambda noted: noted.incident, indexed=True),
    ),
)

GENOMES = NounTable(
    name="genome_distance",
    noun=GenomeDistance,
    columns=(
        Column(name="first", sql="text not null", of=lambda distance: distance.first, indexed=True),
        Column(
            name="second", sql="text not null", of=lambda distance: distance.second, indexed=True
        ),
    ),
)

FOLLOWED = NounTable(
    name="followed",
    noun=Followed,
    columns=(
        Column(name="until_day", sql="date not null", of=lambda f: f.until or NO_DAY),
        Column(name="due_day", sql="date not null", of=lambda f: f.due or NO_DAY),
    ),
)

TABLES = (
    EXPOSURES, VENUES, GATHERINGS, VISITS, HOUSEHOLDS, FOLLOW_UPS, PERSON_TESTS, OUTSIDE_KEYS, CARRIED_ROWS,
    SAMENESS, INVESTIGATIONS, ASSIST_CHECKS, ASSIST_REPLIES, CHAINS, ACTIONS_NOTED, GENOMES, FOLLOWED,
)  # fmt: skip
