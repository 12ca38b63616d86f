"""
One person told of twice: what follows from decisions about pseudonyms wherever people are counted, listed or linked.

Nothing is rewritten: records keep the pseudonym they came with, and who stands for whom is worked out from the
decisions as known at the moment of the reading. A decision taken back is as if it had never been.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from yipan.model import (
    AreaPath,
    Case,
    Classification,
    Exposure,
    FollowUp,
    NodeId,
    PersonId,
    Sameness,
    SamenessState,
    Visit,
)
from yipan.store import Record
from yipan.store.tables.tracing import SAMENESS

_MOMENTS = ("sampled", "reported", "confirmed", "isolated")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePeople:
    """Who stands for whom: every pseudonym decided to be somebody else's, with the one that stands for both."""

    stands: Mapping[str, PersonId] = field(default_factory=dict)

    def one(self, node: str) -> NodeId:
        """Return who stands for a person; venues, gatherings and everybody else stand for themselves."""
        return NodeId(self.stands.get(node, node))

    def all_of(self, person: str) -> tuple[PersonId, ...]:
        """Return every pseudonym of the person somebody is, the one that stands for all first."""
        kept = PersonId(self.one(person))
        return (kept, *sorted(PersonId(o) for o, k in self.stands.items() if k == kept))

    def cases(self, cases: Iterable[Case]) -> tuple[Case, ...]:
        """
        Return each illness once: cases of one disease told under several pseudonyms of one person are one case.

        It bears the id of the case of whoever stands for both; what that case leaves blank is filled from the
        others, and an excluded case gives way to one that is not. A repeat positive stays a case of its own.
        """
        given = tuple(cases)
        if not self.stands:
            return given
        kept: list[Case] = []
        told: dict[tuple[str, str], list[Case]] = defaultdict(list)
        several = set(self.stands) | set(self.stands.values())
        for case in given:
            if case.person in several and case.classification is not Classification.REPEAT_POSITIVE:
                told[self.one(case.person), case.disease].append(case)
            else:
                kept.append(replace(case, person=PersonId(self.one(case.person))))
        for (person, _), listed in told.items():
            kept += _folded(PersonId(person), listed)
        return tuple(sorted(kept, key=lambda case: case.id))

    def exposures(self, exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
        """Return exposures between people rather than pseudonyms; one that would lead to itself is left out."""
        if not self.stands:
            return tuple(exposures)
        moved = []
        for exposure in exposures:
            source, target = self.one(exposure.source), self.one(exposure.target)
            if source == target:
                continue
            same = source == exposure.source and target == exposure.target
            moved.append(exposure if same else replace(exposure, source=source, target=target))
        return tuple(moved)

    def visits(self, visits: Iterable[Visit]) -> tuple[Visit, ...]:
        """Return visits of people rather than of pseudonyms."""
        if not self.stands:
            return tuple(visits)
        return tuple(
            replace(v, person=self.stands[v.person]) if v.person in self.stands else v
            for v in visits
        )

    def follow_ups(self, follow_ups: Iterable[FollowUp]) -> tuple[FollowUp, ...]:
        """Return follow-ups of people rather than of pseudonyms."""
        if not self.stands:
            return tuple(follow_ups)
        return tuple(
            replace(f, person=self.stands[f.person]) if f.person in self.stands else f
            for f in follow_ups
        )


def same_people(decisions: Iterable[Sameness]) -> SamePeople:
    """
    Return who stands for whom after decisions: those of `same` join people, through a third one as well.

    The pseudonym that was kept most often stands for all of a group; among equals the first in order.

    >>> from yipan.model import area_path, pair_key, person_id
    >>> a, b, c = (person_id(f"p-{digit * 12}") for digit in "abc")
    >>> told = [Sameness(id=pair_key(x, y), area=area_path("44."), kept=x, other=y, state=SamenessState.SAME, why="w")
    ...         for x, y in ((b, a), (b, c))]
    >>> same_people(told).one(c) == b, len(same_people(told).all_of(a))
    (True, 3)
    """
    leader: dict[PersonId, PersonId] = {}
    kept: dict[PersonId, int] = defaultdict(int)

    def top(person: PersonId) -> PersonId:
        while leader.setdefault(person, person) != person:
            leader[person] = leader[leader[person]]
            person = leader[person]
        return person

    for decision in decisions:
        if decision.state is SamenessState.SAME:
            kept[decision.kept] += 1
            leader[top(decision.other)] = top(decision.kept)
    groups: dict[PersonId, list[PersonId]] = defaultdict(list)
    for person in leader:
        groups[top(person)].append(person)
    stands: dict[str, PersonId] = {}
    for members in groups.values():
        first = min(members, key=lambda person: (-kept[person], person))
        stands |= {person: first for person in members if person != first}
    return SamePeople(stands=stands)


def of_record(record: Record) -> SamePeople:
    """Return who stands for whom as the record knows it at the moment of the reading."""
    return same_people(record.nouns(SAMENESS, where={"state": SamenessState.SAME.value}))


def cases_in(record: Record, same: SamePeople, *, under: AreaPath, limit: int) -> tuple[Case, ...]:
    """Return the cases of an area, each illness once (see `SamePeople.cases`)."""
    return same.cases(record.cases(under=under, limit=limit))


def _folded(person: PersonId, listed: Sequence[Case]) -> list[Case]:
    """Cases of one disease of one person as one; several under one pseudonym stay as many as they are."""
    by_name: dict[PersonId, list[Case]] = defaultdict(list)
    for case in listed:
        by_name[case.person].append(case)
    if len(by_name) == 1:
        return [replace(case, person=person) for case in listed]
    order = sorted(
        listed,
        key=lambda c: (
            c.classification is Classification.EXCLUDED, c.person != person, c.person, c.id
        ),
    )  # fmt: skip
    base = order[0]
    own = [case for case in by_name[base.person] if case.id != base.id]
    filled: dict[str, object] = {}
    for name in _MOMENTS:
        told = [m for c in order if (m := getattr(c, name)) is not None]
        if getattr(base, name) is None and told:
            filled[name] = min(told)
    if base.onset is None and base.classification is not Classification.ASYMPTOMATIC:
        filled["onset"] = min((c.onset for c in order if c.onset), default=None)
    confirmed = filled.get("confirmed", base.confirmed)
    sampled = filled.get("sampled", base.sampled)
    if confirmed and sampled and sampled > confirmed:  # type: ignore[operator]  # both are instants
        filled.pop("sampled", None)
        filled.pop("confirmed", None)
    return [replace(base, person=person, **filled), *(replace(c, person=person) for c in own)]  # type: ignore[arg-type]  # fields by name
