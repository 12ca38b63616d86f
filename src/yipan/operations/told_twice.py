"""People told of twice: pairs that look alike, judged by a person, followed everywhere and taken back."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from yipan.analytics.trace.duplicates import Who, agreeing, duplicates, encoded
from yipan.model import (
    AreaPath,
    PersonId,
    Power,
    Sameness,
    SamenessState,
    check_area,
    check_may,
    pair_key,
)
from yipan.operations import following
from yipan.operations.post import Post
from yipan.operations.tracing import DESK, MOST_CASES, common_area
from yipan.store import Record
from yipan.store.tables.tracing import (
    OUTSIDE_KEYS,
    SAMENESS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelySame:
    """Two pseudonyms that may be one person: how sure in bits, by which fields they agree, and what was decided."""

    first: PersonId
    second: PersonId
    bits: float
    agreeing: tuple[str, ...]
    decided: SamenessState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePair:
    """A pair on the queue: what was held about it and since when, with the cases told under each pseudonym."""

    sameness: Sameness = field(metadata={"inline": True})
    cases_kept: tuple[str, ...]
    cases_other: tuple[str, ...]


def likely_same(
    record: Record, *, area: AreaPath, purpose: str, at: datetime, least_bits: float | None = None
) -> tuple[LikelySame, ...]:
    """
    Return who among the cases and contacts of an area may be told of twice, the likeliest first.

    Every identity compared is read from the vault under the purpose, and each reading is written down; only
    pseudonyms come back. Shown are pairs likelier one person than two, or of at least `least_bits`. Pairs once decided to be different are not proposed again. Raises NotAllowed.
    """
    check_area(record.viewer, area)
    people = {str(c.person) for c in record.cases(under=area, limit=MOST_CASES)}
    people |= {
        str(k.node) for k in record.nouns(OUTSIDE_KEYS, under=area) if k.node.startswith("p-")
    }
    listed = sorted(people)
    known = record.identities([PersonId(p) for p in listed], purpose=purpose, at=at)
    held = [
        Who(name=one.name, phone=one.phone, certificate=one.certificate, address=one.address, born=one.born)
        if (one := known.get(PersonId(person)))
        else Who()
        for person in listed
    ]  # fmt: skip
    compared = encoded(held, key=secrets.token_bytes(32))
    pairs = duplicates(compared, least_bits=least_bits)
    decided = {one.id: one.state for one in record.nouns(SAMENESS)}
    shown = [
        LikelySame(
            first=PersonId(listed[a]), second=PersonId(listed[b]), bits=round(float(bits), 1),
            agreeing=agreeing(compared, int(a), int(b)),
            decided=decided.get(pair_key(PersonId(listed[a]), PersonId(listed[b]))),
        )
        for a, b, bits in zip(pairs.first, pairs.second, pairs.bits, strict=True)
    ]  # fmt: skip
    return tuple(one for one in shown if one.decided is not SamenessState.DIFFERENT)


def suggest_same(
    post: Post, *, area: AreaPath, purpose: str, at: datetime, least_bits: float | None = None
) -> tuple[Sameness, ...]:
    """
    Search an area for people told of twice and put what is found on the queue; return what is new there.

    Each identity is read under the purpose and the reading written down. What was decided, put off or suggested
    before stays as it is; a decision taken back is suggested again. Raises NotAllowed.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        found = likely_same(record, area=area, purpose=purpose, at=at, least_bits=least_bits)
        new = [one for one in found if one.decided in {None, SamenessState.UNDONE}]
        places = _areas_of_people(record, [p for one in new for p in (one.first, one.second)])
    with post.store.acting(
        post.viewer, desk=DESK, verb="suggest_same", subject=area, area=area, at=at,
        why=f"people told of twice: {purpose}"[:200],
    ) as act:  # fmt: skip
        made = tuple(
            Sameness(
                id=pair_key(one.first, one.second),
                area=common_area([places.get(one.first, area), places.get(one.second, area)]),
                kept=one.first, other=one.second, state=SamenessState.SUGGESTED, why=" ".join(one.agreeing) or "alike",
                bits=one.bits,
            )
            for one in new
        )  # fmt: skip
        act.put(SAMENESS, [one for one in made if one.area.startswith(post.viewer.area)])
    return made


def same_queue(
    record: Record, *, area: AreaPath, decided: bool = False, limit: int = 200
) -> tuple[SamePair, ...]:
    """
    Return the pairs of an area that wait for a decision, the surest first, those put off last; or those decided.

    No identity is read for it.
    """
    check_area(record.viewer, area)
    states = (
        [SamenessState.SAME, SamenessState.DIFFERENT, SamenessState.UNDONE]
        if decided
        else [SamenessState.SUGGESTED, SamenessState.LATER]
    )
    found = record.nouns(SAMENESS, under=area, where={"state": [state.value for state in states]})
    listed = sorted(found, key=lambda s: (states.index(s.state), -(s.bits or 0.0), s.id))[:limit]
    people = sorted({p for s in listed for p in (s.kept, s.other)})
    cases: dict[PersonId, list[str]] = defaultdict(list)
    if people:
        for case in record.cases(under=area, people=people, limit=MOST_CASES):
            cases[case.person].append(case.id)
    return tuple(
        SamePair(
            sameness=s, cases_kept=tuple(cases.get(s.kept, ())), cases_other=tuple(cases.get(s.other, ()))
        )
        for s in listed
    )  # fmt: skip


def decide_same(
    post: Post, one: PersonId, other: PersonId, *, state: SamenessState, why: str, at: datetime, area: AreaPath | None = None
) -> Sameness:  # fmt: skip
    """
    Decide that two pseudonyms are one person, are not, put it off, or take such a decision back.

    Nothing is rewritten: both stay on record as they came, and the decision itself has a history. Contacts,
    chains, counts and lists follow the decisions known at their moment. Raises ValueError for `suggested`, which
    only a search says.
    """
    check_may(post.viewer, Power.WORK)
    if state is SamenessState.SUGGESTED:
        raise ValueError(
            "a pair is suggested by a search; a person decides same, different, later or undone"
        )
    with post.store.reading(post.viewer) as record:
        before = record.nouns(SAMENESS, where={"id": pair_key(one, other)})
        if area is None and not before:
            held = _areas_of_people(record, [one, other])
            area = common_area(list(held.values())) if held else post.area
    place = area or before[0].area
    check_area(post.viewer, place)
    made = Sameness(
        id=pair_key(one, other), area=place, kept=one, other=other, state=state, why=why,
        bits=before[0].bits if before else None,
    )  # fmt: skip
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb=f"decide_{state.value}",
        subject=made.id,
        area=place,
        why=why,
        at=at,
    ) as act:
        act.put(SAMENESS, [made])
    following.renew(post, at=at)
    return made


def _areas_of_people(record: Record, people: Sequence[PersonId]) -> dict[PersonId, AreaPath]:
    """Where people are followed, as far as the record tells: by their cases, else by the files they came with."""
    listed = sorted(set(people))
    if not listed:
        return {}
    found = {
        PersonId(key.node): key.area for key in record.nouns(OUTSIDE_KEYS, where={"node": listed})
    }
    cases = record.cases(under=record.viewer.area, people=listed, limit=MOST_CASES)
    return found | {case.person: case.area for case in cases}
