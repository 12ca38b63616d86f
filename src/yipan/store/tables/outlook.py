"""The outlook on record: forecasts as they were stated, their scores, nowcasts, lines drawn, bottom lines, spillover, trips."""

from typing import Any

from yipan.model import (
    AreaBottomLine,
    AreaNowcast,
    CommandLine,
    ForecastScore,
    OutlookAssumptions,
    QuantileForecast,
    SpilloverOutlook,
    TripTable,
)
from yipan.store.nouns import Column, NounTable, Readers

_MADE: Column[Any] = Column(
    name="made", sql="date not null", of=lambda noun: noun.made, indexed=True
)
_DAY: Column[Any] = Column(name="day", sql="date not null", of=lambda noun: noun.day, indexed=True)
_STREAM: Column[Any] = Column(name="stream", sql="text not null", of=lambda noun: noun.stream)

FORECASTS = NounTable(name="outlook_forecast", noun=QuantileForecast, columns=(_MADE, _STREAM))
NOWCASTS = NounTable(name="outlook_nowcast", noun=AreaNowcast, columns=(_MADE, _STREAM))
SCORES = NounTable(name="outlook_score", noun=ForecastScore, columns=(_STREAM,))
LINES = NounTable(name="outlook_line", noun=CommandLine, readers=Readers.LINE)
BOTTOM_LINES = NounTable(
    name="outlook_bottom_line",
    noun=AreaBottomLine,
    columns=(
        _DAY,
        Column(name="state", sql="text not null", of=lambda noun: noun.line.state.value),
    ),
)
SPILLOVERS = NounTable(name="outlook_spillover", noun=SpilloverOutlook, columns=(_DAY,))
TRIPS = NounTable(name="outlook_trips", noun=TripTable)

ASSUMPTIONS = NounTable(
    name="outlook_assumptions",
    noun=OutlookAssumptions,
    columns=(
        Column(name="disease", sql="text not null", of=lambda block: block.disease),
        Column(name="since", sql="date not null", of=lambda block: block.since),
    ),
    readers=Readers.LINE,
)

TABLES: tuple[NounTable[Any], ...] = (
    FORECASTS,
    NOWCASTS,
    SCORES,
    LINES,
    BOTTOM_LINES,
    SPILLOVERS,
    TRIPS,
    ASSUMPTIONS,
)
