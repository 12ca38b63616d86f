"""What was known, and when: PostgreSQL, acts, history, rights, the identity vault."""

from ._store import ActInThePast, BrokenAct, Store
from .acting import Acting, Change
from .record import CountColumn, NotFound, Question, Record
from .server import EmbeddedServer, ServerUnavailable

__all__ = [
    "ActInThePast",
    "Acting",
    "BrokenAct",
    "Change",
    "CountColumn",
    "EmbeddedServer",
    "NotFound",
    "Question",
    "Record",
    "ServerUnavailable",
    "Store",
]
