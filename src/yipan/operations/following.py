"""
Who is a contact, why, until when, and what is due: worked out from cases, exposures and follow-ups.

`contacts_plain` says it from the whole record. A list of a million is paged, so what it says is kept beside the record
and renewed after each act for those it may have changed: everybody within three steps of what was put on record since
the last time. The plain form judges the kept one.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from yipan.model import (
    AreaPath,
    Case,
    Classification,
    DueWord,
    Exposure,
    ExposureState,
    Followed,
    FollowUp,
    PersonId,
    Role,
    roles_of,
)
from yipan.operations import sameness
from yipan.operations.post import Post
from yipan.operations.sameness import SamePeople
from yipan.protocol import ProtocolError, Rulebook, protocols
from yipan.store import Record
from yipan.store.nouns import Between
from yipan.store.tables.tracing import EXPOSURES, FOLLOW_UPS, FOLLOWED, NO_DAY, SAMENESS

DESK = "tracing"
VERB = "follow_contacts"
MOST_CASES = 1_000_000
MOST_AT_ONCE = 20_000
"""Where more people than this may have changed, everybody is worked out anew."""
STEPS = 3
"""From a case over a gathering to a contact and on to the contact's contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """
    Somebody who is a contact, why, until when they are followed, and what is due.

    `due` is overdue, today, later, over, or unknown where neither the protocol nor the record says how long;
    `due_on` is the day on which somebody has to see them next, None where that is not known.
    """

    person: PersonId
    area: AreaPath
    role: Role
    exposures: tuple[str, ...]
    of_cases: tuple[str, ...]
    last_contact: date | None
    until: date | None
    last_seen: date | None
    proposed: bool
    due: str
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCounts:
    """How many contacts there are by what is due."""

    overdue: int
    today: int
    later: int
    unknown: int
    over: int


def contacts_plain(
    cases: Iterable[Case], exposures: Sequence[Exposure], follow_ups: Iterable[FollowUp], *, of: Collection[str] | None = None
) -> tuple[Followed, ...]:  # fmt: skip
    """
    Return everybody whom exposures make a contact of a case or of a contact, in order of their pseudonym.

    `of` are the people of the cases whose contacts are asked for, all where None. Cases, exposures and follow-ups
    are those of people rather than of pseudonyms (`sameness`).
    """
    held: dict[str, Case] = {
        c.person: c for c in cases if c.classification is not Classification.EXCLUDED
    }
    every = set(held)
    if of is not None:
        held = {person: case for person, case in held.items() if person in of}
    by_id = {e.id: e for e in exposures}
    days = follow_days(held.values())
    seen: dict[str, date] = {}
    for follow_up in follow_ups:
        if follow_up.result.value.startswith("seen"):
            seen[follow_up.person] = max(follow_up.day, seen.get(follow_up.person, follow_up.day))
    rows = []
    for node, (role, because) in roles_of({c.person for c in held.values()}, exposures).items():
        if role is Role.CASE or node in every:
            continue
        told = [by_id[name] for name in sorted(because)]
        last = max((e.last_contact for e in told if e.last_contact), default=None)
        of_cases = tuple(sorted({held[e.source].id for e in told if e.source in held}))
        length = max((days[c] for c in of_cases if c in days), default=None)
        rows.append(
            Followed(
                id=PersonId(node), area=told[0].area, role=role, exposures=tuple(e.id for e in told), of_cases=of_cases,
                last_contact=last, until=last + timedelta(days=length) if last and length else None,
                last_seen=seen.get(node), proposed=all(e.state is ExposureState.PROPOSED for e in told),
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: row.id))


def row_of(followed: Followed, today: date) -> ContactRow:
    """Return a contact with what is due on a day."""
    return ContactRow(
        person=followed.id, area=followed.area, role=followed.role, exposures=followed.exposures, of_cases=followed.of_cases,
        last_contact=followed.last_contact, until=followed.until, last_seen=followed.last_seen, proposed=followed.proposed,
        due=followed.due_word(today).value, due_on=followed.due,
    )  # fmt: skip


def page(
    record: Record, *, area: AreaPath, today: date, due: DueWord, after: str | None = None,
    after_day: date | None = None, limit: int = 200,
) -> tuple[ContactRow, ...]:  # fmt: skip
    """
    Return a page of the contacts of an area for whom this is due, by the day until which they are followed.

    Those due later are in order of the day they are due. The next page begins after the person of the last row and
    its `until` (or `due_on`).
    """
    found = record.nouns(
        FOLLOWED, under=area, where=_when(due, today), by="due_day" if due is DueWord.LATER else "until_day", after=after,
        after_value=after_day or NO_DAY, limit=limit,
    )  # fmt: skip
    return tuple(row_of(one, today) for one in found)


def counts(record: Record, *, area: AreaPath, today: date) -> DueCounts:
    """Return how many contacts of an area there are by what is due."""
    told = record.counts(FOLLOWED, {due.value: _when(due, today) for due in DueWord}, under=area)
    return DueCounts(**told)


def _when(due: DueWord, today: date) -> dict[str, object]:
    """The span of days beside a contact that says what is due."""
    following = Between(least=today, below=NO_DAY)
    tomorrow = min(today, date.max - timedelta(days=1)) + timedelta(days=1)
    spans: dict[DueWord, dict[str, object]] = {
        DueWord.OVERDUE: {"until_day": following, "due_day": Between(below=today)},
        DueWord.TODAY: {"until_day": following, "due_day": today},
        DueWord.LATER: {"until_day": following, "due_day": Between(least=tomorrow)},
        DueWord.UNKNOWN: {"until_day": NO_DAY},
        DueWord.OVER: {"until_day": Between(below=today)},
    }
    return spans[due]


def renew(post: Post, *, at: datetime, everybody: bool = False) -> int:
    """
    Work out anew who is a contact for all whom acts since the last time may have changed; return how many were.

    It is done as the system, which sees every area: a contact followed here may come from a case elsewhere.
    """
    top = post.store.system()
    with post.store.reading(top) as record:
        if not everybody and _touched(record, record.last_act(desk=DESK, verb=VERB)) == set():
            return 0
    with post.store.acting(
        top, desk=DESK, verb=VERB, why="who is a contact after the acts before this one", at=at
    ) as act:
        same = sameness.of_record(act)
        touched = None if everybody else _touched(act, act.last_act(desk=DESK, verb=VERB))
        if touched is None or len(touched) > MOST_AT_ONCE:
            made = contacts_plain(
                same.cases(act.cases(under=top.area, limit=MOST_CASES)),
                same.exposures(act.nouns(EXPOSURES)), same.follow_ups(act.nouns(FOLLOW_UPS)),
            )  # fmt: skip
            gone = {str(one.id) for one in act.nouns(FOLLOWED)} - {one.id for one in made}
        else:
            made = _around(act, same, touched)
            gone = touched - {one.id for one in made}
        done = act.put(FOLLOWED, made)
        return done.new + done.corrected + (act.end(FOLLOWED, sorted(gone)) if gone else 0)


def _touched(record: Record, last: int | None) -> set[str] | None:
    """Everybody whom what was put on record after an act may have changed; None where that is everybody."""
    if last is None or record.undone_after(last):
        return None
    nodes: set[str] = set()
    for exposure in record.put_after(EXPOSURES, last):
        nodes |= {exposure.source, exposure.target}
    nodes |= {case.person for case in record.cases_put_after(last)}
    nodes |= {one.person for one in record.put_after(FOLLOW_UPS, last)}
    for decision in record.put_after(SAMENESS, last):
        nodes |= {decision.kept, decision.other}
    if not nodes:
        return set()
    same = sameness.of_record(record)
    edge: set[str] = _every_name(same, nodes)
    nodes |= edge
    for _ in range(STEPS):
        if len(nodes) > MOST_AT_ONCE:
            return None
        reached = {e.target for e in record.nouns(EXPOSURES, where={"source": sorted(edge)})}
        edge = _every_name(same, reached) - nodes
        nodes |= edge
        if not edge:
            break
    return {node for node in nodes if node.startswith("p-")}


def _around(record: Record, same: SamePeople, people: Collection[str]) -> tuple[Followed, ...]:
    """The contacts among some people, from what lies within three steps of them."""
    exposures: dict[str, Exposure] = {}
    edge: set[str] = _every_name(same, people)
    known: set[str] = set()
    for _ in range(STEPS):
        known |= edge
        found = record.nouns(EXPOSURES, where={"target": sorted(edge)}) if edge else ()
        exposures |= {e.id: e for e in found}
        edge = _every_name(same, {e.source for e in found}) - known
    known |= edge
    names = sorted(PersonId(node) for node in known if node.startswith("p-"))
    cases = record.cases(under=record.viewer.area, people=names, limit=MOST_CASES)
    wanted = _every_name(same, people)
    follow_ups = record.nouns(FOLLOW_UPS, where={"person": sorted(wanted)})
    made = contacts_plain(
        same.cases(cases), same.exposures(exposures[name] for name in sorted(exposures)), same.follow_ups(follow_ups)
    )  # fmt: skip
    return tuple(one for one in made if one.id in people)


def _every_name(same: SamePeople, nodes: Iterable[str]) -> set[str]:
    """Nodes with every pseudonym of the people among them."""
    found: set[str] = set()
    for node in nodes:
        names: tuple[str, ...] = same.all_of(node) if node.startswith("p-") else (node,)
        found.update(names)
    return found


def rulebook_of(disease: str, moment: datetime) -> Rulebook | None:
    """The protocol in force for a disease at a moment, None where there is none."""
    changes = _changes(disease)
    place = bisect_right(changes, moment)
    return None if place == 0 else _rulebook_since(disease, changes[place - 1])


@cache
def _changes(disease: str) -> tuple[datetime, ...]:
    """The moments from which texts for a disease are in effect, in order: between them the rulebook is the same."""
    return tuple(
        sorted({one.effective for one in protocols().versions.values() if one.disease == disease})
    )


@cache
def _rulebook_since(disease: str, moment: datetime) -> Rulebook | None:
    try:
        return protocols().at(moment, disease=disease)
    except ProtocolError:
        return None


def follow_days(cases: Iterable[Case]) -> dict[str, int]:
    """How many days the contacts of each case are followed, as far as the protocol of its disease says so."""
    days: dict[str, int] = {}
    known: dict[str, tuple[Rulebook, int | None]] = {}
    for case in cases:
        moment = case.reported or case.confirmed or case.sampled
        rulebook = rulebook_of(case.disease, moment) if moment else None
        if rulebook is None:
            continue
        if rulebook.id not in known:
            known[rulebook.id] = (rulebook, _days_of(rulebook))
        if (length := known[rulebook.id][1]) is not None:
            days[case.id] = length
    return days


def _days_of(rulebook: Rulebook) -> int | None:
    if rulebook.has("follow_up.contact_days"):
        return int(rulebook.value("follow_up.contact_days"))
    if rulebook.has("person.close_contact"):
        phases = rulebook.value("person.close_contact")
        return sum(int(phase["days"]) for phase in phases if "days" in phase)
    return None
