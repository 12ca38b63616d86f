"""Sentinels, alerts and rules of the watch on record."""

from yipan.model import Alert, SchoolBreak, Sentinel, WatchRule
from yipan.store.nouns import Column, NounTable, Readers

SENTINELS = NounTable(
    name="sentinel",
    noun=Sentinel,
    columns=(Column(name="kind", sql="text not null", of=lambda found: found.kind.value),),
)
ALERTS = NounTable(
    name="alert",
    noun=Alert,
    columns=(
        Column(name="disease", sql="text not null", of=lambda alert: alert.disease),
        Column(name="state", sql="text not null", of=lambda alert: alert.state.value, indexed=True),
        Column(name="last_day", sql="date not null", of=lambda alert: alert.last_day, indexed=True),
    ),
)
RULES = NounTable(name="watch_rule", noun=WatchRule, readers=Readers.LINE)

BREAKS = NounTable(name="school_break", noun=SchoolBreak, readers=Readers.LINE)

FIRST = (SENTINELS, ALERTS, RULES)
"""The tables the desk began with."""
TABLES = (*FIRST, BREAKS)
"""Every table of the desk."""
