"""Incidents on record."""

from yipan.model import Incident
from yipan.store.nouns import Column, NounTable, Readers

INCIDENTS = NounTable(
    name="incident",
    noun=Incident,
    columns=(
        Column(name="disease", sql="text not null", of=lambda incident: incident.disease),
        Column(name="state", sql="text not null", of=lambda incident: incident.state.value),
    ),
    readers=Readers.LINE,
)

TABLES = (INCIDENTS,)
