"""
The counts of a round by street, kept once they were worked out: a programme asks for those of every round of an area.

A kept tally belongs to one set of parts and one set of streets, so it never grows old: another file, another tally. It
tells nothing the parts do not; whoever removes it loses time only.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from yipan.model import LakeKind, LakePart
from yipan.store.lake import Lake, Row

FORM = "1"
"""The form of a kept tally: one of another form is not found."""
KEPT_FROM = 200_000
"""Counts of fewer people are quicker worked out than kept."""
KEPT_TALLIES = 30
"""How many tallies of one round are kept, the newest."""
_COUNTED = frozenset({LakeKind.ROSTER, LakeKind.SAMPLES, LakeKind.RESULTS, LakeKind.RESWABS})


def kept(
    home: Lake, *, round: str, parts: Sequence[LakePart], streets: Sequence[int]
) -> list[Row] | None:
    """Return the rows kept for these parts and streets, None where there are none."""
    try:
        told = json.loads(_file(home, round, parts, streets).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [tuple(row) for row in told]


def keep(
    home: Lake, rows: Sequence[Row], *, round: str, parts: Sequence[LakePart], streets: Sequence[int]
) -> None:  # fmt: skip
    """Keep rows of counts, if they are of many people; where they cannot be written they are worked out again."""
    if sum(part.rows for part in parts if part.kind is LakeKind.ROSTER) < KEPT_FROM:
        return
    file = _file(home, round, parts, streets)
    aside = file.with_name(f".{secrets.token_hex(6)}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps([list(row) for row in rows]), encoding="utf-8")
        aside.replace(file)
        older = sorted(file.parent.glob("*.json"), key=os.path.getmtime)
        for old in older[:-KEPT_TALLIES]:
            old.unlink(missing_ok=True)


def _file(home: Lake, round: str, parts: Sequence[LakePart], streets: Sequence[int]) -> Path:
    named = sorted(part.id for part in parts if part.kind in _COUNTED)
    told = "\n".join([FORM, *named, *map(str, sorted(streets))])
    mark = hashlib.sha256(told.encode()).hexdigest()[:24]
    return home.folder / "tallies" / round / f"{mark}.json"
