"""
The one form in which answers leave the house, by the API and by `--json` alike.

Frozen dataclasses become objects, dates and instants ISO text, enums their value, tuples arrays, a stream its
parts. Fields marked personal are left out here, whatever noun they stand on.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yipan.model import personal_fields


def plain(answer: Any) -> Any:
    """
    Return an answer as what JSON knows: objects, arrays, text, numbers, truth and null.

    >>> from datetime import date
    >>> plain((date(2022, 10, 27), None))
    ['2022-10-27', None]
    """
    if answer is None or isinstance(answer, bool | int | float):
        return answer
    if isinstance(answer, Enum):
        return answer.value
    if isinstance(answer, str | Path | ZoneInfo):
        return str(answer)
    if isinstance(answer, datetime | date):
        return answer.isoformat()
    if is_dataclass(answer) and not isinstance(answer, type):
        hidden = set(personal_fields(type(answer)))
        return {
            entry.name: plain(getattr(answer, entry.name))
            for entry in fields(answer)
            if entry.name not in hidden
        }
    if isinstance(answer, Mapping):
        return {str(key): plain(value) for key, value in answer.items()}
    if isinstance(answer, tuple | list | frozenset | set):
        return [plain(value) for value in answer]
    raise TypeError(
        f"{type(answer).__name__} has no plain form; give it one before it leaves the house"
    )


def as_json(answer: Any, *, indent: int | None = None) -> str:
    """Return an answer as JSON text, Chinese left readable."""
    return json.dumps(plain(answer), ensure_ascii=False, indent=indent)
