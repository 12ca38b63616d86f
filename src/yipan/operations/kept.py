"""
Columns of a round's state on disk: whole ones, and what was added to them since, one piece for each time.

A folder is complete in itself: what it shares with the one it was taken from it holds by hard links, so that a small
file costs what it changes, not what twenty million people weigh, and any folder can be removed.
"""

import json
import os
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEVER = np.iinfo(np.int32).min
Columns = dict[str, NDArray[Any]]
About = dict[str, Any]
Types = Mapping[str, type[Any]]
ROSTER: Types = {"begins": np.int64, "person": np.int64, "street": np.int16, "exempt": np.uint8}
SWABS: Types = {"tube": np.int32, "sample": np.int64, "sampled": np.int32}
"""One value for each person of the roster; changed by their swab."""
VISITORS: Types = {
    "visitor": np.int64, "visitor_tube": np.int32, "visitor_sample": np.int64, "visitor_sampled": np.int32,
}  # fmt: skip
TUBES: Types = {"tubes": np.int64, "tube_site": np.int64, "tube_street": np.int16}
TOLD: Types = {
    "mode": np.int8, "result": np.uint8, "laboratory": np.int16, "published": np.int64, "ct_orf": np.float64,
    "ct_n": np.float64,
}  # fmt: skip
"""One value for each tube; changed by what is told of it."""
TYPES: Types = {**ROSTER, **SWABS, **VISITORS, **TUBES, **TOLD}
NOBODY: dict[str, Any] = {"tube": -1, "sample": -1, "sampled": NEVER}
"""What stands beside whoever has no swab."""
MOST_ADDITIONS = 12
"""So many pieces are kept beside whole columns; with the next the columns are written whole."""
LARGE_SHARE = 4
"""Columns are written whole as well where what was added comes to more than one part in so many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Columns that change together: those of which some places change, and those that only get longer, with them or not."""

    name: str
    changing: Types
    longer: Types

    @property
    def columns(self) -> Types:
        """All its columns."""
        return {**self.changing, **self.longer}

    @property
    def changes(self) -> np.dtype[Any]:
        """A row of changes: a place, and what stands there since."""
        return np.dtype([("at", "<i4"), *self.changing.items()])

    @property
    def rows(self) -> np.dtype[Any]:
        """A row that came behind the last."""
        return np.dtype([*self.longer.items()])


PEOPLE_SIDE = _Side(name="people", changing=SWABS, longer=VISITORS)
TUBE_SIDE = _Side(name="tubes", changing=TOLD, longer={**TUBES, **TOLD})


@dataclass(slots=True, kw_only=True)
class Since:
    """
    What of a state was changed since it was read or kept: places of its columns, and how long those were.

    `people` are places of the roster whose swab is new, `tubes` those of tubes that were told of anew; None where they
    are so many that the columns are rather written whole.
    """

    visitors: int
    known_tubes: int
    people: list[NDArray[np.int32]] | None = field(default_factory=list)
    tubes: list[NDArray[np.int32]] | None = field(default_factory=list)

    def swabbed(self, places: NDArray[np.int32], *, of: int) -> None:
        """Note swabs of some of so many people of the roster; negative places are nobody's."""
        if places.size * LARGE_SHARE > of:
            self.people = None
        if self.people is not None:
            self.people = _noted(self.people, places[places >= 0], of=of)

    def told(self, places: NDArray[np.int32]) -> None:
        """Note that these tubes were told of; new ones are written in any case."""
        if places.size * LARGE_SHARE > self.known_tubes:
            self.tubes = None
        if self.tubes is not None:
            known = places[(places >= 0) & (places < self.known_tubes)]
            self.tubes = _noted(self.tubes, known, of=self.known_tubes)


def _noted(
    noted: list[NDArray[np.int32]], places: NDArray[np.int32], *, of: int
) -> list[NDArray[np.int32]] | None:
    noted = [*noted, places.astype(np.int32)] if places.size else noted
    return noted if sum(one.size for one in noted) * LARGE_SHARE <= of else None


def about(path: Path) -> About | None:
    """Return what a kept state says of itself, None where there is none."""
    try:
        told: About = json.loads((path / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told


def read(path: Path, told: About) -> Columns:
    """Read the columns of a state; what is written to them stays in memory. Raises OSError where it is gone."""
    columns = {name: column(path, name) for name in TYPES if told["swabbed"] or name not in SWABS}
    if not told["swabbed"]:
        size = columns["person"].size
        columns |= {name: np.full(size, NOBODY[name], kind) for name, kind in SWABS.items()}
    for side in (PEOPLE_SIDE, TUBE_SIDE):
        numbers = range(told["added"][side.name])
        longer = [_added(path, side, "rows", number) for number in numbers]
        if any(rows.size for rows in longer):
            for name in side.longer:
                columns[name] = np.concatenate([columns[name], *(rows[name] for rows in longer)])
        for (
            number
        ) in numbers:  # a change is of a row that stood there before its time, whenever that came
            rows = _added(path, side, "changes", number)
            for name in side.changing:
                columns[name][rows["at"]] = rows[name]
    return columns


def column(path: Path, name: str) -> NDArray[Any]:
    """Read a whole column, without what was added to it."""
    return _mapped(path / name, np.dtype(TYPES[name]), mode="c")


def _some(path: Path, name: str, first: int, count: int) -> NDArray[Any]:
    """Read some values of a whole column: quicker than to map it. Raises IndexError where there are fewer."""
    kind = np.dtype(TYPES[name])
    found = np.fromfile(path / name, dtype=kind, count=count, offset=kind.itemsize * first)
    if found.size < count:
        raise IndexError(f"{name} holds no value {first + count - 1}")
    return found


def length(path: Path, name: str) -> int:
    """How many values a whole column has, without what was added to it. Raises OSError where there is none."""
    return (path / name).stat().st_size // np.dtype(TYPES[name]).itemsize


def _mapped(file: Path, kind: np.dtype[Any], *, mode: Any = "r") -> NDArray[Any]:
    if not file.stat().st_size:
        return np.empty(0, dtype=kind)
    return np.memmap(file, dtype=kind, mode=mode)


def _added(path: Path, side: _Side, what: str, number: int) -> NDArray[Any]:
    kind = side.changes if what == "changes" else side.rows
    return _mapped(path / f"{side.name}-{what}.{number}", kind)


def swab(path: Path, told: About, person: int, *, bucket: int) -> dict[str, Any] | None:
    """
    Return the values of `SWABS`, `TUBES` and `TOLD` of one person's swab, None where there is none.

    Only a bucket of the roster is read, and what was added. Raises OSError where the state is gone.
    """
    since, until = _some(path, "begins", bucket, 2).tolist()
    mine = _some(path, "person", since, until - since)
    hit = np.flatnonzero(mine == person)
    if hit.size:
        at = since + int(hit[0])
        whole = SWABS if told["swabbed"] else {}
        found = NOBODY | _values(path, whole, at) | _changed(path, told, PEOPLE_SIDE, at)
    else:
        found = _visitor(path, told, person)
    if found["tube"] < 0:
        return None
    at = int(found["tube"])
    return found | _tube(path, told, at) | _changed(path, told, TUBE_SIDE, at)


def _visitor(path: Path, told: About, person: int) -> dict[str, Any]:
    hit = np.flatnonzero(column(path, "visitor") == person)
    if hit.size:
        values = _values(path, VISITORS, int(hit[0]))
    else:
        for number in range(told["added"][PEOPLE_SIDE.name]):
            rows = _added(path, PEOPLE_SIDE, "rows", number)
            hit = np.flatnonzero(rows["visitor"] == person)
            if hit.size:
                values = {name: rows[name][int(hit[0])] for name in VISITORS}
                break
        else:
            return NOBODY
    return {name: values[f"visitor_{name}"] for name in SWABS}


def _tube(path: Path, told: About, at: int) -> dict[str, Any]:
    known = length(path, "tubes")
    if at < known:
        return _values(path, TUBE_SIDE.longer, at)
    kind = TUBE_SIDE.rows
    for number in range(told["added"][TUBE_SIDE.name]):
        file = path / f"{TUBE_SIDE.name}-rows.{number}"
        size = file.stat().st_size // kind.itemsize
        if at < known + size:
            (row,) = np.fromfile(file, dtype=kind, count=1, offset=kind.itemsize * (at - known))
            return {name: row[name] for name in TUBE_SIDE.longer}
        known += size
    raise OSError(f"{path.name} knows no tube {at}")


def _values(path: Path, names: Iterable[str], at: int) -> dict[str, Any]:
    return {name: _some(path, name, at, 1)[0] for name in names}


def _changed(path: Path, told: About, side: _Side, at: int) -> dict[str, Any]:
    """What stands at a place since the latest change of it; nothing where there was none."""
    kind = side.changes
    for number in reversed(range(told["added"][side.name])):
        with (path / f"{side.name}-changes.{number}").open("rb", buffering=0) as file:
            hit = _bisected(file.fileno(), kind.itemsize, at)
            row = np.frombuffer(os.pread(file.fileno(), kind.itemsize, kind.itemsize * hit), kind)
            if row.size and row["at"][0] == at:
                return {name: row[name][0] for name in side.changing}
    return {}


def _bisected(file: int, size: int, at: int) -> int:
    """Which of the rows of an open file, each of so many bytes and beginning with its place, is the first at `at` or later."""

    def place(row: int) -> int:
        return int.from_bytes(os.pread(file, 4, size * row), "little")

    return bisect_left(range(os.fstat(file).st_size // size), at, key=place)


def write(folder: Path, columns: Columns, *, since: Since | None, base: Path | None) -> About:
    """
    Write columns into a folder, by what was changed `since` those of `base` where that is little; say how they lie.

    Where nothing of `base` can be shared (it is gone, or the file system knows no hard links) they are written whole.
    """
    for name in ROSTER:
        if base is None or not _shared(base, folder, [name]):
            _write(folder, columns, [name])
    swabbed = bool(columns["tubes"].size)
    before = about(base) if base is not None and since is not None else None
    added = {}
    for side in (PEOPLE_SIDE, TUBE_SIDE):
        number = None
        if before is not None and base is not None and since is not None:
            swabbed_before = before["swabbed"]
            number = _add(folder, columns, side, since, base, before)
            if number is not None and side is PEOPLE_SIDE:
                swabbed = swabbed_before
        if number is None:
            spared = SWABS if side is PEOPLE_SIDE and not swabbed else {}
            _write(folder, columns, [name for name in side.columns if name not in spared])
        added[side.name] = number or 0
    return {"swabbed": swabbed, "added": added}


def _add(
    folder: Path, columns: Columns, side: _Side, since: Since, base: Path, before: About
) -> int | None:
    """Share a side with `base` and add what was changed; return how many pieces there are then, None where it is whole."""
    people = side is PEOPLE_SIDE
    noted, first = (since.people, since.visitors) if people else (since.tubes, since.known_tubes)
    if noted is None:
        return None
    places = np.unique(np.concatenate([np.empty(0, np.int32), *noted]))
    last = columns[next(iter(side.longer))].size
    number = int(before["added"][side.name])
    names = [
        name for name in side.columns if not (people and not before["swabbed"] and name in SWABS)
    ]
    pieces = [f"{side.name}-{what}.{n}" for n in range(number) for what in ("changes", "rows")]
    more = bool(places.size or last > first)
    if more:
        if number >= MOST_ADDITIONS:
            return None
        size = places.size * side.changes.itemsize + (last - first) * side.rows.itemsize
        size += sum((base / piece).stat().st_size for piece in pieces)
        rows = columns["person"].size * sum(np.dtype(kind).itemsize for kind in SWABS.values())
        rows = rows if people else 0
        rows += last * side.rows.itemsize
        if size * LARGE_SHARE > rows:
            return None
    if not _shared(base, folder, [*names, *pieces]):
        return None
    if not more:
        return number
    changes = np.empty(places.size, dtype=side.changes)
    changes["at"] = places
    for name in side.changing:
        changes[name] = columns[name][places]
    rows_behind = np.empty(last - first, dtype=side.rows)
    for name in side.longer:
        rows_behind[name] = columns[name][first:]
    changes.tofile(folder / f"{side.name}-changes.{number}")
    rows_behind.tofile(folder / f"{side.name}-rows.{number}")
    return number + 1


def _write(folder: Path, columns: Columns, names: Iterable[str]) -> None:
    for name in names:
        np.ascontiguousarray(columns[name], dtype=TYPES[name]).tofile(folder / name)


def _shared(base: Path, folder: Path, names: Iterable[str]) -> bool:
    """Share files with a kept state, all or none; False where it is not there any more."""
    done = []
    try:
        for name in names:
            os.link(base / name, folder / name)
            done.append(name)
    except OSError:
        for name in done:
            (folder / name).unlink(missing_ok=True)
        return False
    return True
