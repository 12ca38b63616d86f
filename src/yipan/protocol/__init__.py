"""Rules: what shall be done, with its source. Pure functions of (facts, rulebook, moment)."""

from .clocks import after_days, day_number, hours_between, instant, midnight_after
from .parameters import (
    AMBIGUITIES,
    Adopted,
    Change,
    Exceptional,
    Parameter,
    Profile,
    ProtocolError,
    Protocols,
    Rulebook,
    Version,
    change_said,
    differences,
    protocols,
    read_protocols,
)
from .ruling import Reason, Ruling, TraceStep

__all__ = [
    "AMBIGUITIES",
    "Adopted",
    "Change",
    "Exceptional",
    "Parameter",
    "Profile",
    "ProtocolError",
    "Protocols",
    "Reason",
    "Rulebook",
    "Ruling",
    "TraceStep",
    "Version",
    "after_days",
    "change_said",
    "day_number",
    "differences",
    "hours_between",
    "instant",
    "midnight_after",
    "protocols",
    "read_protocols",
]
