"""What was known, and when: PostgreSQL, acts, history, rights, the identity vault."""

from ._store import ActInThePast, BrokenAct, Store
from .acting import Acting, Change
from .record import NotFound, Record
from .server import EmbeddedServer, ServerUnavailable

__all__ = [
    "ActInThePast",
    "Acting",
    "BrokenAct",
    "Change",
    "EmbeddedServer",
    "NotFound",
    "Record",
    "ServerUnavailable",
    "Store",
]
