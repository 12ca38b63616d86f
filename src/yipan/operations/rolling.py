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
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yipan.feeds import bulk, keys
from yipan.model import LakeKind, LakePart
from yipan.operations import kept
from yipan.operations.kept import NEVER, Since
from yipan.store.lake import Lake, NamedFile

RESULTS = ("", "negative", "positive", "weak", "invalid", "cancelled")
"""The code of a result is its place here; 0 is a tube without one."""
UNSEEN = len(RESULTS)
KEPT_FROM = 20_000
"""A state of fewer people is quicker worked out than read."""
KEPT_STATES = 2
"""How many states of one round are kept for those who see the same streets of it."""
FORM = "3"
"""The form of a kept state: one of another form is not read."""
HOT = (2, 3)
"""The codes of tubes whose people are held."""
HeldRow = tuple[int, int, str, str, float | None, float | None, datetime]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # UTC without saying so, as the lake keeps instants


@dataclass(frozen=True, slots=True, kw_only=True)
class Swab:
    """One swab of a person as a state knows it, with what its tube showed; `result` is empty where nothing is known."""

    tube: int
    sample: int
    street: int
    mode: int
    sampled: datetime
    result: str
    laboratory: str
    published: datetime


@dataclass(slots=True, kw_only=True)
class RoundState:
    """
    Everybody of a round by number, in the buckets of `feeds.keys`, and its tubes; visitors (not on the roster) beside.

    `street` is a place in `streets`, `tube` one in `tubes` (−1 where not swabbed), `sampled` seconds since `origin`.
    A tube has a site, a street, a mode, and of the result known last the code, laboratory, publication (microseconds
    since 1970) and Ct values (NaN where there is none).
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
    tube_site: NDArray[np.int64]
    tube_street: NDArray[np.int16]
    mode: NDArray[np.int8]
    result: NDArray[np.uint8]
    laboratory: NDArray[np.int16]
    published: NDArray[np.int64]
    ct_orf: NDArray[np.float64]
    ct_n: NDArray[np.float64]
    laboratories: list[str] = field(default_factory=list)
    kept: Path | None = None
    """The folder it was read from, or written to last."""
    since: Since | None = None
    """What was changed since it was; None where nothing of it is kept."""

    @property
    def bits(self) -> int:
        """How many bits of the hash tell the buckets of the roster apart."""
        return (self.begins.size - 1).bit_length() - 1

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
            asked = keys.bucketed([people], bits=self.bits)
            place = keys.matched_in(asked, np.asarray(self.person), self.begins)
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
        bucket = keys.bucket_of(person % (1 << 64), bits=self.bits)
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

    def unseen(self, streets: Sequence[int]) -> NDArray[np.int64]:
        """Return the due of these streets who were not swabbed, in no order."""
        mine = np.isin(self.streets, list(streets))[self.street]
        due: NDArray[np.int64] = np.asarray(self.person)[
            mine & (self.tube < 0) & (self.exempt == 0)
        ]
        return due

    def without_swab(self, people: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some people who were not swabbed, whether or not they are on the roster, in no order."""
        asked = keys.bucketed([people], bits=self.bits)
        place = keys.matched_in(asked, np.asarray(self.person), self.begins)
        swabbed = (
            (place >= 0) & (self.tube[np.maximum(place, 0)] >= 0) if self.tube.size else place >= 0
        )
        return asked.keys[~swabbed & ~np.isin(asked.keys, np.asarray(self.visitor))]

    def swab(self, person: int) -> Swab | None:
        """Return a person's swab with what is known of its tube, None where there is none."""
        found = self.find(person)
        if found is None:
            return None
        at, sample, sampled = found
        result = RESULTS[int(self.result[at])]
        return Swab(
            tube=int(self.tubes[at]), sample=sample, street=int(self.streets[self.tube_street[at]]),
            mode=int(self.mode[at]), sampled=sampled, result=result,
            laboratory=self.laboratories[int(self.laboratory[at])] if result else "", published=self.known(at),
        )  # fmt: skip

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

    def held(self) -> list[HeldRow]:
        """Return the positive and weak tubes by street and number, as `lake.held` does."""
        hot = np.flatnonzero(np.isin(self.result, HOT))
        hot = hot[np.lexsort((self.tubes[hot], self.streets[self.tube_street[hot]]))]
        return [
            (
                int(self.tubes[at]), int(self.streets[self.tube_street[at]]), self.laboratories[self.laboratory[at]],
                RESULTS[self.result[at]], _number(self.ct_orf[at]), _number(self.ct_n[at]),
                self.known(at),
            )
            for at in hot.tolist()
        ]  # fmt: skip

    def earlier(self) -> bulk.Earlier:
        """Return what the files of this state told of people and tubes, for a later file to be judged by."""
        people = np.zeros(
            self.tubes.size + 1, dtype=np.int64
        )  # the last is for those without a tube
        for tube in (self.tube, self.visitor_tube):
            if self.tubes.size:
                people += np.bincount(
                    np.where(tube < 0, self.tubes.size, tube), minlength=people.size
                )
        return bulk.Earlier(
            person=self.person, begins=self.begins, tube=self.tube, visitor=self.visitor,
            samples=(self.sample, self.visitor_sample) if self.tubes.size else (),
            tubes=bulk.EarlierTubes(
                tube=np.asarray(self.tubes), site=np.asarray(self.tube_site),
                street=self.streets[self.tube_street], mode=self.mode.astype(np.int64), people=people[:-1],
            ),
        )  # fmt: skip

    def known(self, tube: int) -> datetime:
        """Return when the result of a tube (its place) was published, in UTC without saying so."""
        return _EPOCH + timedelta(microseconds=int(self.published[tube]))

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
    kept for the next question. Raises DamagedLake for a file that is read and is not as it was written.
    """
    wanted = _counted(parts)
    folder = home.folder / "state" / round
    mark = _mark(wanted, streets)
    whole = _load(folder / mark)
    if whole is not None:
        return whole
    base, done = _nearest(folder, wanted, acts, streets)
    home.check(
        [
            NamedFile(path=p.id, rows=p.rows, sha256=p.sha256)
            for p in wanted.values()
            if p.id not in done
        ]
    )
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
        _keep(folder, mark, state, wanted, acts)
    return state


def keep(
    home: Lake, state: RoundState, *, round: str, parts: Sequence[LakePart], acts: Mapping[str, int],
    streets: Sequence[int],
) -> None:  # fmt: skip
    """Keep a state that was taken further while a file was judged, if it is large, under the parts it now holds."""
    if state.person.size + state.visitor.size >= KEPT_FROM:
        wanted = _counted(parts)
        _keep(home.folder / "state" / round, _mark(wanted, streets), state, wanted, acts)


def rename_parts(
    home: Lake, *, round: str, replaced: Sequence[tuple[set[str], set[str]]], act: int
) -> None:
    """Keep the states of a round under the names of the files that took the place of others, with the same rows, as well."""
    folder = home.folder / "state" / round
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        about = kept.about(path)
        if about is None or about["form"] != FORM:
            continue
        held = set(about["parts"])
        for small, merged in replaced:
            if small <= held:
                held = held - small | merged
        if held == set(about["parts"]):
            continue
        aside = folder / f".{secrets.token_hex(6)}"
        with suppress(
            OSError
        ):  # removed by another process meanwhile, or no hard links: it is worked out when asked for
            aside.mkdir()
            for file in path.iterdir():
                if file.name != "about.json":
                    os.link(file, aside / file.name)
            told = json.dumps(about | {"parts": sorted(held), "newest": act})
            (aside / "about.json").write_text(told, encoding="utf-8")
            aside.rename(folder / _mark(held, about["streets"]))
        shutil.rmtree(aside, ignore_errors=True)
        _drop_old(folder, about["streets"])


def _counted(parts: Sequence[LakePart]) -> dict[str, LakePart]:
    """The parts a state is made of."""
    return {part.id: part for part in parts if part.kind in _ADDS or part.kind is LakeKind.ROSTER}


def _mark(parts: Collection[str], streets: Sequence[int]) -> str:
    told = "\n".join([FORM, *sorted(parts), *map(str, sorted(streets))])
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _roster(
    home: Lake, parts: Sequence[LakePart], *, streets: Sequence[int], opened: datetime
) -> RoundState:
    nothing = np.empty(0, dtype=np.int64)
    person, street, exempt = nothing, nothing, nothing
    if parts:
        frame = home.read([part.id for part in parts], ("person", "street", "exempt"))
        person, street, exempt = (frame[name].to_numpy() for name in ("person", "street", "exempt"))
    people = keys.bucketed([person], bits=keys.bucket_bits(person.size))
    return _begun(people, street, exempt, streets=streets, opened=opened)


def begun(judged: bulk.JudgedRoster, *, streets: Sequence[int], opened: datetime) -> RoundState:
    """Return the state of a round whose only file so far is this roster."""
    people, aside = judged.people, judged.put_aside
    street, exempt = (judged.frame[name].to_numpy() for name in ("street", "exempt"))
    if aside is not None:
        street = np.where(aside, streets[0], street)
        rows = np.flatnonzero(aside)
        gone = np.sort(
            keys.places_in(people, rows, judged.frame["person"].fill_null(0).to_numpy()[rows])
        )
        people = keys.Buckets(
            row=np.delete(people.row, gone), keys=np.delete(people.keys, gone),
            begins=people.begins - np.searchsorted(gone, people.begins),
        )  # fmt: skip
    return _begun(people, street, exempt, streets=streets, opened=opened)


def _begun(
    people: keys.Buckets, street: NDArray[np.int64], exempt: NDArray[np.int64], *, streets: Sequence[int],
    opened: datetime,
) -> RoundState:  # fmt: skip
    known = np.array(sorted(streets), dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    count = people.row.size
    both = _places(known, street).astype(np.int32) * 2
    both[exempt != 0] += 1
    both = both[people.row]  # one way through the rows in the order of the buckets, not two
    return RoundState(
        streets=known, origin=int(opened.timestamp()), person=people.keys, begins=people.begins,
        street=(both >> 1).astype(np.int16), exempt=(both & 1).astype(np.uint8),
        tube=np.full(count, -1, np.int32), sample=np.full(count, -1, np.int64),
        sampled=np.full(count, NEVER, np.int32), visitor=nothing, visitor_tube=nothing.astype(np.int32),
        visitor_sample=nothing, visitor_sampled=nothing.astype(np.int32), tubes=nothing, tube_site=nothing,
        tube_street=nothing.astype(np.int16), mode=nothing.astype(np.int8), result=nothing.astype(np.uint8),
        laboratory=nothing.astype(np.int16), published=nothing, ct_orf=nothing.astype(np.float64),
        ct_n=nothing.astype(np.float64),
    )  # fmt: skip


def _places(known: NDArray[np.int64], street: NDArray[np.int64]) -> NDArray[np.int16]:
    """Which place in `known` each street has. Raises ValueError for one that is not there."""
    place = keys.places_of(street, known)
    if place.size and place.min() < 0:
        strange = int(street[int(place.argmin())])
        raise ValueError(f"street {strange} of the lake is not among the areas on record")
    return place.astype(np.int16)


_SWAB_COLUMNS = ("person", "tube", "site", "street", "mode", "sample", "sampled_at")


def _add_swabs(state: RoundState, home: Lake, paths: Sequence[str]) -> None:
    frame = home.read(paths, _SWAB_COLUMNS)
    columns = {name: [frame[name].to_physical().to_numpy()] for name in _SWAB_COLUMNS}
    del frame
    people = keys.bucketed(columns["person"], bits=state.bits)
    place = keys.matched_in(people, np.asarray(state.person), state.begins)
    tubes = keys.tubes_of(
        columns["tube"], site=columns["site"], street=columns["street"], mode=columns["mode"]
    )
    _put_swabs(state, columns, people, place, tubes)


def add_swabs(state: RoundState, judged: bulk.JudgedSwabs) -> None:
    """Take a state further by the accepted rows of a file that was judged by `state.earlier()`."""
    place = judged.place
    if judged.put_aside is not None:
        rows = np.flatnonzero(judged.put_aside)
        person = bulk.whole(judged.columns["person"])[rows]
        place[keys.places_in(judged.people, rows, person)] = _ASIDE
    _put_swabs(state, judged.columns, judged.people, place, judged.tubes)


_ASIDE = -2


def _put_swabs(
    state: RoundState, columns: Mapping[str, keys.Chunks], people: keys.Buckets, place: keys.Rows,
    tubes: keys.Tubes,
) -> None:  # fmt: skip
    swabs = np.empty(place.size, dtype=keys.SWAB)
    swabs["tube"] = tubes.by_row(_tube_rows(state, tubes))
    first = 0
    for sample, moment in zip(columns["sample"], columns["sampled_at"], strict=True):
        until = first + sample.size
        swabs["sample"][first:until] = sample
        swabs["second"][first:until] = _seconds(state, moment)
        first = until
    keys.put_swabs(people, place, swabs=swabs, people=(state.tube, state.sample, state.sampled))
    if state.since is not None:
        state.since.swabbed(place, of=state.person.size)
    strange = np.flatnonzero(place == -1)
    if strange.size:
        told = swabs[people.row[strange]]
        state.visitor = np.concatenate((state.visitor, people.keys[strange]))
        state.visitor_tube = np.concatenate((state.visitor_tube, told["tube"]))
        state.visitor_sample = np.concatenate((state.visitor_sample, told["sample"]))
        state.visitor_sampled = np.concatenate((state.visitor_sampled, told["second"]))


def _seconds(state: RoundState, micros: NDArray[np.int64]) -> NDArray[np.int32]:
    seconds = micros // 1_000_000 - state.origin
    return np.clip(seconds, NEVER + 1, np.iinfo(np.int32).max).astype(np.int32)


def _tube_rows(state: RoundState, tubes: keys.Tubes) -> NDArray[np.int32]:
    """Return the place of each tube among the tubes of the state, new ones with anybody in them added."""
    place = (
        keys.matched(tubes.tube, np.asarray(state.tubes))
        if state.tubes.size
        else np.full(tubes.tube.size, -1, np.int32)
    )
    again = np.flatnonzero((place >= 0) & (tubes.people > 0))
    if again.size:
        state.mode[place[again]] = np.maximum(state.mode[place[again]], tubes.mode[again])
        if state.since is not None:
            state.since.told(place[again])
    new = np.flatnonzero((place < 0) & (tubes.people > 0))
    place[new] = state.tubes.size + np.arange(new.size, dtype=np.int32)
    state.tubes = np.concatenate((state.tubes, tubes.tube[new]))
    state.tube_site = np.concatenate((state.tube_site, tubes.site[new]))
    state.tube_street = np.concatenate(
        (state.tube_street, _places(state.streets, tubes.street[new]))
    )
    state.mode = np.concatenate((state.mode, tubes.mode[new].astype(np.int8)))
    state.result = np.concatenate((state.result, np.zeros(new.size, np.uint8)))
    state.laboratory = np.concatenate((state.laboratory, np.full(new.size, -1, np.int16)))
    state.published = np.concatenate((state.published, np.zeros(new.size, np.int64)))
    unknown = np.full(new.size, np.nan)
    state.ct_orf = np.concatenate((state.ct_orf, unknown))
    state.ct_n = np.concatenate((state.ct_n, unknown))
    return place


def _add_results(state: RoundState, home: Lake, paths: Sequence[str]) -> None:
    frame = home.read(paths, ("tube", "result", "laboratory", "published_at", "ct_orf", "ct_n"))
    _put_results(state, frame, keys.matched(frame["tube"].to_numpy(), np.asarray(state.tubes)))


def add_results(state: RoundState, judged: bulk.JudgedResults) -> None:
    """Take a state further by the accepted rows of a file of results judged by its tubes, those first."""
    place = np.where(judged.place < state.tubes.size, judged.place, np.int32(-1))
    if judged.put_aside is not None:
        place = np.where(judged.put_aside, np.int32(-1), place)
    _put_results(state, judged.frame, place)


def _put_results(state: RoundState, frame: Any, place: keys.Rows) -> None:
    import polars as pl

    hit = np.flatnonzero(place >= 0)
    frame = frame.select("result", "laboratory", "published_at", "ct_orf", "ct_n")
    if hit.size < frame.height:
        frame = frame[hit]
    at = place[hit]
    if state.since is not None:
        state.since.told(at)
    state.result[at] = frame["result"].cast(pl.Enum(RESULTS)).to_physical().to_numpy()
    names = frame["laboratory"].unique().to_list()
    state.laboratories = [*state.laboratories, *sorted(set(names) - set(state.laboratories))]
    number = {name: i for i, name in enumerate(state.laboratories)}
    state.laboratory[at] = (
        frame["laboratory"].replace_strict(number, return_dtype=pl.Int16).to_numpy()
    )
    state.published[at] = frame["published_at"].to_physical().to_numpy()
    for name, held in (("ct_orf", state.ct_orf), ("ct_n", state.ct_n)):
        held[at] = frame[name].fill_null(float("nan")).to_numpy()


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


_ADDS = {LakeKind.SAMPLES: _add_swabs, LakeKind.RESULTS: _add_results}
"""What adds the parts of a kind to a state, in order."""


# Kept on disk -------------------------------------------------------------------------------------------------------


def _nearest(
    folder: Path, wanted: Mapping[str, LakePart], acts: Mapping[str, int], streets: Sequence[int]
) -> tuple[RoundState | None, dict[str, LakePart]]:
    """The largest kept state from which the wanted one follows by adding, and the parts it holds."""
    best: tuple[int, Path, dict[str, LakePart]] | None = None
    for path in folder.iterdir() if folder.is_dir() else ():
        about = kept.about(path)
        if about is None or about["form"] != FORM or about["streets"] != sorted(streets):
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
    state = _load(best[1])
    return (state, best[2]) if state is not None else (None, {})


def _load(path: Path) -> RoundState | None:
    """Read a kept state, None where there is none: another process may have removed it meanwhile."""
    about = kept.about(path)
    if about is None:
        return None
    try:
        columns = kept.read(path, about)
    except (OSError, ValueError, IndexError):
        return None
    return RoundState(
        streets=np.array(about["streets"], dtype=np.int64), origin=about["origin"],
        laboratories=about["laboratories"], kept=path,
        since=Since(visitors=columns["visitor"].size, known_tubes=columns["tubes"].size), **columns,
    )  # fmt: skip


def kept_at(home: Lake, *, round: str, parts: Sequence[LakePart], streets: Sequence[int]) -> Path:
    """Return where the state of a round with these parts is kept, if it is."""
    return home.folder / "state" / round / _mark(_counted(parts), streets)


def swab_of(
    home: Lake, *, round: str, parts: Sequence[LakePart], acts: Callable[[], Mapping[str, int]],
    streets: Sequence[int], opened: datetime, person: int,
) -> Swab | None:  # fmt: skip
    """
    Return a person's swab in a round, None where there is none.

    Of a kept state one bucket is read and what was added to it, so that asking many rounds about one person is quick;
    `acts` is asked only where no state is kept. Raises DamagedLake.
    """
    path = kept_at(home, round=round, parts=parts, streets=streets)
    about = kept.about(path)
    if about is not None:
        try:
            bits = (kept.length(path, "begins") - 1).bit_length() - 1
            bucket = keys.bucket_of(person % (1 << 64), bits=bits)
            found = kept.swab(path, about, person, bucket=bucket)
        except (OSError, ValueError, IndexError):
            pass  # another process removed it meanwhile
        else:
            return None if found is None else _told(found, about)
    state = state_of(home, round=round, parts=parts, acts=acts(), streets=streets, opened=opened)
    return state.swab(person)


def _told(found: Mapping[str, Any], about: kept.About) -> Swab:
    result = RESULTS[int(found["result"])]
    origin = datetime.fromtimestamp(about["origin"], UTC)
    return Swab(
        tube=int(found["tubes"]), sample=int(found["sample"]),
        street=int(about["streets"][int(found["tube_street"])]), mode=int(found["mode"]),
        sampled=origin + timedelta(seconds=int(found["sampled"])), result=result,
        laboratory=about["laboratories"][int(found["laboratory"])] if result else "",
        published=_EPOCH + timedelta(microseconds=int(found["published"])),
    )  # fmt: skip


def _keep(
    folder: Path, mark: str, state: RoundState, parts: Mapping[str, LakePart], acts: Mapping[str, int]
) -> None:  # fmt: skip
    """Write a state aside, by what was changed since it was kept before, and move it into place whole."""
    if (folder / mark).exists():
        return
    aside = folder / f".{secrets.token_hex(6)}"
    aside.mkdir(parents=True)
    try:
        columns = {name: getattr(state, name) for name in kept.TYPES}
        about = {
            "form": FORM, "parts": sorted(parts), "streets": state.streets.tolist(), "origin": state.origin,
            "laboratories": state.laboratories, "newest": max((acts[p.batch] for p in parts.values()), default=0),
            **kept.write(aside, columns, since=state.since, base=state.kept),
        }  # fmt: skip
        (aside / "about.json").write_text(json.dumps(about), encoding="utf-8")
        if not (folder / mark).exists():
            aside.rename(folder / mark)
            state.kept = folder / mark
            state.since = Since(visitors=state.visitor.size, known_tubes=state.tubes.size)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _drop_old(folder, state.streets.tolist())


def _drop_old(folder: Path, streets: Sequence[int]) -> None:
    """Remove all but the newest states of those who see these streets."""
    others = [
        (told["newest"], path)
        for path in folder.iterdir()
        if (told := kept.about(path)) and told["streets"] == list(streets)
    ]
    for _, old in sorted(others, key=lambda one: int(one[0]))[:-KEPT_STATES]:
        shutil.rmtree(old, ignore_errors=True)
