"""The desks' tables: every file here is one desk's and declares its `TABLES`; nothing else needs to name them."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from yipan.store.nouns import NounTable


@cache
def every_table() -> tuple[NounTable[Any], ...]:
    """Return every noun table of every desk, in order of desk and declaration."""
    desks = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(
        table for desk in desks for table in importlib.import_module(f"{__name__}.{desk}").TABLES
    )
