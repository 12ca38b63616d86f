"""
The rolling state of a screening round: where everybody stands, as columns that a later file only adds to.

It is worked out from the parts of the lake and kept beside them, one folder for what was known with a set of parts.
It tells nothing the parts do not: whoever removes it loses time only.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from yipan.feeds import keys
from yipan.model import LakeKind, LakePart
from yipan.store.lake import Lake

RESULTS = ("", "negative", "positive", "weak", "invalid", "cancelled")
"""The code of a result is its place here; 0 is a tube without one."""
UNSEEN = len(RESULTS)
KEPT_FROM = 200_000
"""A state of fewer people is quicker worked out than read."""
KEPT_STATES = 2
"""How many states of one round are kept."""
NEVER = np.iinfo(np.int32).min


@dataclass(slots=True, kw_only=True)
class RoundState:
    """
    Everybody of a round by number, in the buckets of `feeds.keys`, and its tubes; visitors (not on the roster) beside.

    `street` is a place in `streets`, `tube` one in `tubes` (−1 where not swabbed), `sampled` seconds since `origin`.
    A tube has a street, a mode, and of the result known last the code, laboratory and publication.
    """

    streets: NDArray[np.int64]
    origin: int
    person: NDArray[np.int64]
    begins: NDArray[np.int64]
    street: NDArray[np.int16]
    exempt: NDArray[np.uint8]
    tube: NDArray[np.int32]
    sample: NDArray[np.int64]
    sampled: NDArray[np.int32]
    visitor: NDArray[np.int64]
    visitor_tube: NDArray[np.int32]
    visitor_sample: NDArray[np.int64]
    visitor_sampled: NDArray[np.int32]
    tubes: NDArray[np.int64]
    tube_street: NDArray[np.int16]
    mode: NDArray[np.int8]
    result: NDArray[np.uint8]
    laboratory: NDArray[np.int16]
    published: NDArray[np.int32]
    laboratories: list[str] = field(default_factory=list)

    def counts(self, singles: Mapping[int, str] | None = None) -> NDArray[np.int64]:
        """
        Count people by street, exempt (0 or 1), and code: those of `RESULTS`, unseen, single negative, single positive.

        `singles` are results of single swabs by person; they count only for whoever is in a positive or weak tube.
        """
        counts = keys.count_codes(
            self.street, self.exempt, self.tube, self.result, streets=self.streets.size, codes=UNSEEN + 1
        )  # fmt: skip
        counts = np.pad(counts, ((0, 0), (0, 0), (0, 2)))
        told = [(p, r) for p, r in (singles or {}).items() if r in {"negative", "positive"}]
        if told:
            people = np.array([person for person, _ in told], dtype=np.int64)
            place = keys.matched_in(people, np.asarray(self.person), self.begins)
            for (_, result), at in zip(told, place.tolist(), strict=True):
                if at < 0 or self.tube[at] < 0 or self.result[self.tube[at]] not in (2, 3):
                    continue
                street, exempt = self.street[at], self.exempt[at]
                counts[street, exempt, self.result[self.tube[at]]] -= 1
                counts[street, exempt, UNSEEN + (1 if result == "negative" else 2)] += 1
        return counts

    def visitors(self) -> NDArray[np.int64]:
        """Count people swabbed who are not on the roster, by the street of their swab."""
        return np.bincount(self.tube_street[self.visitor_tube], minlength=self.streets.size)

    def find(self, person: int) -> tuple[int, int, datetime] | None:
        """Return the tube (its place), the sample and the moment of a person's swab, None where there is none."""
        bits = (self.begins.size - 1).bit_length() - 1
        bucket = keys.bucket_of(person % (1 << 64), bits=bits)
        since, until = int(self.begins[bucket]), int(self.begins[bucket + 1])
        hit = np.flatnonzero(self.person[since:until] == person)
        if hit.size:
            at = since + int(hit[0])
            found = int(self.tube[at]), int(self.sample[at]), int(self.sampled[at])
        else:
            hit = np.flatnonzero(self.visitor == person)
            if not hit.size:
                return None
            at = int(hit[0])
            found = (
                int(self.visitor_tube[at]), int(self.visitor_sample[at]), int(self.visitor_sampled[at]),
            )  # fmt: skip
        if found[0] < 0:
            return None
        return found[0], found[1], self.moment(found[2])

    def members(self, codes: Sequence[int]) -> dict[int, NDArray[np.int64]]:
        """Return the people in every tube whose result has one of these codes, by tube, each in order of number."""
        hot = np.flatnonzero(np.isin(self.result, codes))
        if not hot.size:
            return {}
        is_hot = np.zeros(self.tubes.size + 1, dtype=np.bool_)
        is_hot[hot] = True  # the last stands for those without a tube
        mine = np.flatnonzero(is_hot[self.tube])
        other = np.flatnonzero(is_hot[self.visitor_tube])
        person = np.concatenate((self.person[mine], self.visitor[other]))
        tube = np.concatenate((self.tube[mine], self.visitor_tube[other]))
        order = np.lexsort((person, tube))
        begins, _ = keys.runs_of(tube[order].astype(np.int64))
        groups = np.split(person[order], begins[1:])
        return {int(self.tubes[tube[order[b]]]): g for b, g in zip(begins, groups, strict=True)}

    def moment(self, seconds: int) -> datetime:
        """Return the instant so many seconds after the origin."""
        return datetime.fromtimestamp(self.origin, UTC) + timedelta(seconds=seconds)


def state_of(
    home: Lake,
    *,
    round: str,
    parts: Sequence[LakePart],
    acts: Mapping[str, int],
    streets: Sequence[int],
    opened: datetime,
) -> RoundState:
    """
    Return the state of a round with these parts; `acts` numbers the act that brought each batch.

    A kept state is read; one of fewer parts is taken further by the others; else it is worked out. A large one is
    kept for the next question.
    """
    wanted = _counted(parts)
    folder = home.folder / "state" / round
    mark = _mark(wanted, streets)
    kept = _load(folder / mark, writable=False)
    if kept is not None:
        return kept
    base, done = _nearest(folder, wanted, acts, streets)
    state = base or _roster(
        home,
        [p for p in wanted.values() if p.kind is LakeKind.ROSTER],
        streets=streets,
        opened=opened,
    )
    for kind, add in _ADDS.items():
        left = [part for part in wanted.values() if part.kind is kind and part.id not in done]
        for batch in sorted({part.batch for part in left}, key=lambda name: acts[name]):
            add(state, home, [part.id for part in left if part.batch == batch])
    if state.person.size + state.visitor.size >= KEPT_FROM:
        _keep(
            folder,
            mark,
            state,
            wanted,
            acts,
            base=folder / _mark(done, streets) if done else None,
        )
    return state


def _counted(parts: Sequence[LakePart]) -> dict[str, LakePart]:
    """The parts a state is made of."""
    return {part.id: part for part in parts if part.kind in _ADDS or part.kind is LakeKind.ROSTER}


def _mark(parts: Mapping[str, LakePart], streets: Sequence[int]) -> str:
    told = "\n".join([*sorted(parts), *map(str, sorted(streets))])
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _roster(
    home: Lake, parts: Sequence[LakePart], *, streets: Sequence[int], opened: datetime
) -> RoundState:
    known = np.array(sorted(streets), dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    person, street, exempt = nothing, nothing, nothing
    if parts:
        frame = home.read([part.id for part in parts], ("person", "street", "exempt"))
        person, street, exempt = (frame[name].to_numpy() for name in ("person", "street", "exempt"))
    order, begins = keys.in_buckets(person, bits=keys.bucket_bits(person.size))
    count = person.size
    return RoundState(
        streets=known, origin=int(opened.timestamp()), person=person[order], begins=begins,
        street=_places(known, street)[order], exempt=(exempt != 0).astype(np.uint8)[order],
        tube=np.full(count, -1, np.int32), sample=np.full(count, -1, np.int64),
        sampled=np.full(count, NEVER, np.int32), visitor=nothing, visitor_tube=nothing.astype(np.int32),
        visitor_sample=nothing, visitor_sampled=nothing.astype(np.int32), tubes=nothing,
        tube_street=nothing.astype(np.int16), mode=nothing.astype(np.int8), result=nothing.astype(np.uint8),
        laboratory=nothing.astype(np.int16), published=nothing.astype(np.int32),
    )  # fmt: skip


def _places(known: NDArray[np.int64], street: NDArray[np.int64]) -> NDArray[np.int16]:
    """Which place in `known` each street has. Raises ValueError for one that is not there."""
    place = keys.places_of(street, known)
    if place.size and place.min() < 0:
        strange = int(street[int(place.argmin())])
        raise ValueError(f"street {strange} of the lake is not among the areas on record")
    return place.astype(np.int16)


def _add_swabs(state: RoundState, home: Lake, paths: Sequence[str]) -> None:
    frame = home.read(paths, ("person", "tube", "street", "mode", "sample", "sampled_at"))
    person, sample = frame["person"].to_numpy(), frame["sample"].to_numpy()
    tube = _tube_rows(state, frame)
    seconds = frame["sampled_at"].to_physical().to_numpy() // 1_000_000 - state.origin
    sampled = np.clip(seconds, NEVER + 1, np.iinfo(np.int32).max).astype(np.int32)
    del frame
    found = keys.put_swabs(
        person, np.asarray(state.person), state.begins, swabs=(tube, sample, sampled),
        people=(state.tube, state.sample, state.sampled),
    )  # fmt: skip
    strange = np.flatnonzero(found < 0)
    if strange.size:
        state.visitor = np.concatenate((state.visitor, person[strange]))
        state.visitor_tube = np.concatenate((state.visitor_tube, tube[strange]))
        state.visitor_sample = np.concatenate((state.visitor_sample, sample[strange]))
        state.visitor_sampled = np.concatenate((state.visitor_sampled, sampled[strange]))


def _tube_rows(state: RoundState, frame: Any) -> NDArray[np.int32]:
    """Return the place of each row's tube among the tubes of the state, new ones added."""
    tube = frame["tube"].to_numpy()
    begins, lengths = keys.runs_of(tube)
    unique, first, inverse = np.unique(tube[begins], return_index=True, return_inverse=True)
    place = (
        keys.matched(unique, np.asarray(state.tubes))
        if state.tubes.size
        else np.full(unique.size, -1, np.int32)
    )
    new = np.flatnonzero(place < 0)
    place[new] = state.tubes.size + np.arange(new.size, dtype=np.int32)
    row = begins[first[new]]
    state.tubes = np.concatenate((state.tubes, unique[new]))
    state.tube_street = np.concatenate(
        (state.tube_street, _places(state.streets, frame["street"].to_numpy()[row]))
    )
    state.mode = np.concatenate((state.mode, frame["mode"].to_numpy()[row].astype(np.int8)))
    state.result = np.concatenate((state.result, np.zeros(new.size, np.uint8)))
    state.laboratory = np.concatenate((state.laboratory, np.full(new.size, -1, np.int16)))
    state.published = np.concatenate((state.published, np.full(new.size, NEVER, np.int32)))
    rows: NDArray[np.int32] = np.repeat(place[inverse], lengths)
    return rows


def _add_results(state: RoundState, home: Lake, paths: Sequence[str]) -> None:
    import polars as pl

    frame = home.read(paths, ("tube", "result", "laboratory", "published_at"))
    place = keys.matched(frame["tube"].to_numpy(), np.asarray(state.tubes))
    hit = np.flatnonzero(place >= 0)
    at = place[hit]
    code = frame["result"].cast(pl.Enum(RESULTS)).to_physical().to_numpy()
    names = frame["laboratory"].unique().to_list()
    state.laboratories = [*state.laboratories, *sorted(set(names) - set(state.laboratories))]
    number = {name: i for i, name in enumerate(state.laboratories)}
    laboratory = frame["laboratory"].replace_strict(number, return_dtype=pl.Int16).to_numpy()
    seconds = frame["published_at"].to_physical().to_numpy() // 1_000_000 - state.origin
    state.result[at] = code[hit]
    state.laboratory[at] = laboratory[hit]
    state.published[at] = np.clip(seconds[hit], NEVER + 1, np.iinfo(np.int32).max)


_ADDS = {LakeKind.SAMPLES: _add_swabs, LakeKind.RESULTS: _add_results}
"""What adds the parts of a kind to a state, in order."""


# Kept on disk -------------------------------------------------------------------------------------------------------


def _nearest(
    folder: Path, wanted: Mapping[str, LakePart], acts: Mapping[str, int], streets: Sequence[int]
) -> tuple[RoundState | None, dict[str, LakePart]]:
    """The largest kept state from which the wanted one follows by adding, and the parts it holds."""
    best: tuple[int, Path, dict[str, LakePart]] | None = None
    for path in folder.iterdir() if folder.is_dir() else ():
        about = _about(path)
        if about is None or about["streets"] != sorted(streets):
            continue
        held = set(about["parts"])
        if not held <= set(wanted):
            continue
        done = {name: wanted[name] for name in held}
        left = [part for name, part in wanted.items() if name not in held]
        newest = max(
            (acts[p.batch] for p in done.values() if p.kind is LakeKind.RESULTS), default=0
        )
        follows = all(
            part.kind is LakeKind.SAMPLES
            or (part.kind is LakeKind.RESULTS and acts[part.batch] > newest)
            for part in left
        )
        # Results that name tubes of swabs still to be added must be added again after them.
        late_swabs = any(part.kind is LakeKind.SAMPLES for part in left)
        early = min((acts[p.batch] for p in left if p.kind is LakeKind.SAMPLES), default=0)
        if late_swabs and early < newest:
            follows = False
        if follows and (best is None or len(done) > best[0]):
            best = (len(done), path, done)
    if best is None:
        return None, {}
    state = _load(best[1], writable=True)
    return (state, best[2]) if state is not None else (None, {})


def _about(path: Path) -> dict[str, Any] | None:
    try:
        about: dict[str, Any] = json.loads((path / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return about


_TYPES: Mapping[str, type[Any]] = {
    "begins": np.int64, "person": np.int64, "street": np.int16, "exempt": np.uint8, "tube": np.int32,
    "sample": np.int64, "sampled": np.int32, "visitor": np.int64, "visitor_tube": np.int32,
    "visitor_sample": np.int64, "visitor_sampled": np.int32, "tubes": np.int64, "tube_street": np.int16,
    "mode": np.int8, "result": np.uint8, "laboratory": np.int16, "published": np.int32,
}  # fmt: skip
"""The columns of a kept state, each a file of bare numbers."""


def _column(path: Path, name: str, *, mode: Literal["r", "c"]) -> NDArray[Any]:
    file = path / name
    if not file.stat().st_size:
        return np.empty(0, dtype=_TYPES[name])
    return np.memmap(file, dtype=_TYPES[name], mode=mode)


def _load(path: Path, *, writable: bool) -> RoundState | None:
    """Read a kept state, None where there is none: another process may have removed it meanwhile."""
    about = _about(path)
    if about is None:
        return None
    try:
        arrays = {name: _column(path, name, mode="c" if writable else "r") for name in _TYPES}
    except (OSError, ValueError):
        return None
    return RoundState(
        streets=np.array(about["streets"], dtype=np.int64), origin=about["origin"],
        laboratories=about["laboratories"], **arrays,
    )  # fmt: skip


def absent_from(
    home: Lake, *, round: str, parts: Sequence[LakePart], streets: Sequence[int], person: int
) -> bool:
    """
    Say whether a kept state of a round shows that it never swabbed a person; False where it does not show it.

    It reads one bucket only, so that asking many rounds about one person is quick.
    """
    path = home.folder / "state" / round / _mark(_counted(parts), streets)
    try:
        begins = _column(path, "begins", mode="r")
        bits = (begins.size - 1).bit_length() - 1
        bucket = keys.bucket_of(person % (1 << 64), bits=bits)
        since, until = int(begins[bucket]), int(begins[bucket + 1])
        mine = np.fromfile(path / "person", dtype=np.int64, count=until - since, offset=8 * since)
        hit = np.flatnonzero(mine == person)
        if hit.size:
            tube = np.fromfile(
                path / "tube", dtype=np.int32, count=1, offset=4 * (since + int(hit[0]))
            )
            return bool(tube[0] < 0)
        return not bool((_column(path, "visitor", mode="r") == person).any())
    except (OSError, ValueError, IndexError):
        return False


def _keep(
    folder: Path, mark: str, state: RoundState, parts: Mapping[str, LakePart], acts: Mapping[str, int], *,
    base: Path | None,
) -> None:  # fmt: skip
    """Write a state aside and move it into place whole; columns that did not change are shared with the base."""
    aside = folder / f".{secrets.token_hex(6)}"
    aside.mkdir(parents=True)
    try:
        for name in _TYPES:
            if base is not None and name in {"person", "street", "exempt", "begins"}:
                os.link(base / name, aside / name)
            else:
                np.ascontiguousarray(getattr(state, name), dtype=_TYPES[name]).tofile(aside / name)
        about = {
            "parts": sorted(parts), "streets": state.streets.tolist(), "origin": state.origin,
            "laboratories": state.laboratories, "newest": max((acts[p.batch] for p in parts.values()), default=0),
        }  # fmt: skip
        (aside / "about.json").write_text(json.dumps(about), encoding="utf-8")
        if not (folder / mark).exists():
            aside.rename(folder / mark)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    others = [(told["newest"], path) for path in folder.iterdir() if (told := _about(path))]
    for _, old in sorted(others, key=lambda one: int(one[0]))[:-KEPT_STATES]:
        shutil.rmtree(old, ignore_errors=True)
