"""
How a noun leaves the house: the one serialiser of the web door and of `--json` on the command line.

Dates are ISO, instants carry their offset, enums go by value, tuples become arrays, tables become rows. Fields
marked as personal are left out by construction: there is no switch that puts them back.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from yipan.model import personal_fields

INLINE = "inline"
"""Metadata of a field whose own fields are told as if they were the noun's (`ExplainedSignal.signal`)."""

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]


def plain(value: object) -> Plain:
    """
    Return a value as JSON knows it: null, truth, number, text, array or object.

    A number that is not finite (no estimate) becomes null. Raises TypeError naming a type that has no plain
    form.

    >>> from yipan.model import Counted, CountSeries, Stream, area_path
    >>> stream = Stream(disease="covid-19", counted=Counted.DEATHS)
    >>> plain(
    ...     CountSeries(
    ...         area=area_path("44."), stream=stream, first_day=date(2022, 11, 1), counts=(0, None)
    ...     )
    ... )["counts"]
    [0, None]
    """
    kind = type(value)
    if value is None or kind in _AS_THEY_ARE:
        return value  # type: ignore[return-value]  # the exact types were just asked for
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise TypeError(f"{value.isoformat()} has no time zone; an instant needs one")
        return value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return _noun(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(entry) for entry in value), key=str)
    return _from_libraries(value)


_AS_THEY_ARE = frozenset({bool, int, str})
"""Exact types that are JSON already; asked first, because most values are one of them."""


def _noun(noun: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    kind: Any = type(noun)
    for name, inline in _shown_fields(kind):
        entry = plain(getattr(noun, name))
        if inline and isinstance(entry, dict):
            told.update(entry)
        else:
            told[name] = entry
    return told


@cache
def _shown_fields(kind: Any) -> tuple[tuple[str, bool], ...]:
    hidden = set(personal_fields(kind))
    return tuple(
        (field.name, bool(field.metadata.get(INLINE)))
        for field in fields(kind)
        if field.name not in hidden
    )


def _from_libraries(value: Any) -> Plain:
    """Tables, arrays and numbers of libraries this module need not import to know."""
    home = type(value).__module__.partition(".")[0]
    if home == "polars" and hasattr(value, "iter_rows"):
        return [plain(row) for row in value.iter_rows(named=True)]
    if home in {"polars", "numpy"} and hasattr(value, "tolist"):
        return plain(value.tolist())
    if home in {"polars", "numpy"} and hasattr(value, "to_list"):
        return plain(value.to_list())
    if isinstance(value, PurePath | ZoneInfo):
        return str(value)
    raise TypeError(
        f"{type(value).__name__} has no plain form; give it one before it leaves the house"
    )


def to_json(value: object) -> bytes:
    """
    Return a value as JSON in UTF-8 on one line, as the web door sends it.

    >>> to_json({"day": date(2022, 11, 10), "counts": (1, None)})
    b'{"day":"2022-11-10","counts":[1,null]}'
    """
    import msgspec

    return msgspec.json.encode(plain(value))


def as_json(answer: object, *, indent: int | None = None) -> str:
    """
    Return a value as JSON text, Chinese left readable, as the command line prints it.

    >>> as_json({"name": "广州", "counts": (1, None)})
    '{"name": "广州", "counts": [1, null]}'
    """
    return json.dumps(plain(answer), ensure_ascii=False, indent=indent)
