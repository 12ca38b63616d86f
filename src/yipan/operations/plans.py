"""
Plans of people: ruled under what is adopted on record, ordered, kept with every revision, followed up when it is read.

Only what was ordered restricts anybody. What is due, missed or late is worked out when it is asked; on record are
the plan, the roles it follows from, and real visits and tests.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from yipan.model import (
    AreaPath,
    Cost,
    Duty,
    ExposureState,
    FollowUp,
    FollowUpResult,
    Order,
    OrderLine,
    PersonId,
    PersonRole,
    PersonTest,
    PlanOnRecord,
    PlanStretch,
    PlanTerms,
    Power,
    Proposal,
    Reason,
    Role,
    RolesOnRecord,
    Sentence,
    Task,
    TaskState,
    TaskStep,
    ancestors_of,
    area_path,
    check_area,
    check_may,
    person_id,
    roles_of,
)
from yipan.operations import commanding, zoning
from yipan.operations.post import Post
from yipan.protocol import Adopted, Profile, Ruling, protocols
from yipan.protocol.keys import PLACES, ROLES
from yipan.protocol.rules.people import (
    MergedPlan,
    PlanChange,
    PlanDay,
    PlanFacts,
    first_day,
    merged_plan,
)
from yipan.store import Acting, Change, NotFound, Record
from yipan.store.nouns import OpenAfter
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.plans import PLANS
from yipan.store.tables.plans import ROLES as ROLES_TABLE
from yipan.store.tables.tracing import EXPOSURES, FOLLOW_UPS, PERSON_TESTS
from yipan.store.tables.zoning import ADOPTIONS

DESK = "plans"
HAND = "plan"
"""The first word of the kind of every order line this desk carries out."""
SET, REVISE = f"{HAND}.set", f"{HAND}.revise"
RELEASE = "plan.release"
"""The kind of the task that ends when a person whose plan is over is let go."""
MOST_LINES = 200
"""One proposal asks about at most so many people; more are asked about in several."""
CONTACT_ROLES: Mapping[Role, str] = {
    Role.CONTACT: "close_contact",
    Role.CONTACT_OF_CONTACT: "contact_of_contact",
}
"""What the protocol calls those whom confirmed exposures make contacts."""
SEEN = frozenset({FollowUpResult.SEEN_OK, FollowUpResult.SEEN_NOT_OK})


class NothingAdopted(ValueError):
    """No command at or above the area has adopted a version, so no plan can be ruled on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """
    One person under a plan as it stands at an instant; counts and lists of the desk are made of these.

    `place` and `roles` are today's (None and empty where nothing is asked today). `next_kind` is what comes next (test,
    result, release) on `next_day`. `missed_tests` are past test days without a sample, `unseen_days` past days
    on which nobody saw the person, both counted since a plan was first ordered. `late_hours` is how far past its end
    the plan is without a release; `revised_to` the end the rule gives now where it asks something else.
    """

    person: PersonId
    area: AreaPath
    state: str
    place: str | None
    roles: tuple[str, ...]
    ends: datetime | None
    next_kind: str | None
    next_day: date | None
    test_today: bool
    missed_tests: int
    unseen_days: int
    late_hours: float
    revision: int
    outdated: bool
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSheet:
    """
    One person's plan with what follows from it at an instant.

    `days` are all dates that can be told; `tests` are the days samples were taken, `seen` the days somebody saw the
    person; `missed` and `unseen` the days that lack one. `pending` is what the rule changes now, date by date, and
    is not in force before it is ordered.
    """

    row: PlanRow = field(metadata={"inline": True})
    plan: PlanOnRecord
    days: tuple[PlanDay, ...]
    tests: tuple[date, ...]
    seen: tuple[date, ...]
    missed: tuple[date, ...]
    unseen: tuple[date, ...]
    pending: tuple[PlanChange, ...]
    revisions: tuple["PlanRevision", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRevision:
    """One revision: when it was known, by which act and order, why, under which texts, and each date it changed."""

    revision: int
    known_from: datetime
    act: int
    order: str
    why: Sentence
    versions: tuple[str, ...]
    ends: datetime | None
    released: datetime | None
    changes: tuple[PlanChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCounts:
    """How many people of an area are under a plan and what is due; each figure opens the list of the same name."""

    area: AreaPath
    under_plan: int
    test_today: int
    test_missed: int
    unseen: int
    release_today: int
    release_late: int
    outdated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPicture:
    """The counts of an area, of each area right below it, and of today by role and by place."""

    at: datetime
    total: PlanCounts
    areas: tuple[PlanCounts, ...]
    roles: dict[str, int]
    places: dict[str, int]


def plan(
    record: Record, *, area: AreaPath, roles: Sequence[PlanFacts], time_zone: ZoneInfo
) -> Ruling[MergedPlan]:
    """
    Rule on the plan of somebody with these roles in an area: the stricter place per date, the tests together.

    Known at an instant, it is the plan as it was ruled then. Raises NothingAdopted, ProtocolError.
    """
    adopted, profile = zoning.adopted_in(record, area)
    if not adopted or profile is None:
        raise NothingAdopted(
            f"no version is adopted in {area}; `yipan zones adopt` puts one on record"
        )
    return merged_plan(roles, adopted, profile, zone=time_zone)


# Recording ----------------------------------------------------------------------------------------------------------


def record_roles(post: Post, people: Sequence[RolesOnRecord], *, at: datetime) -> Change:
    """
    Put on record which roles people were said to have; the round proposes what follows.

    Raises NotAllowed, NotYourArea, ValueError for a role that no protocol knows.
    """
    check_may(post.viewer, Power.WORK)
    for one in people:
        check_area(post.viewer, one.area)
        for told in one.roles:
            if told.role not in ROLES:
                raise ValueError(f"role {told.role!r}; expected one of {', '.join(sorted(ROLES))}")
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_roles", why="as what people are asked something", at=at
    ) as act:
        return act.put(ROLES_TABLE, people)


def record_result(
    post: Post,
    person: PersonId,
    *,
    sampled: date,
    reported: datetime | None = None,
    ct: float | None = None,
    at: datetime,
) -> RolesOnRecord:
    """
    Put a result on record that decides a release: a negative by when it was reported, or a Ct value of a sample.

    Raises NotFound for somebody without roles or a plan, ValueError where neither or both are given.
    """
    check_may(post.viewer, Power.WORK)
    if (reported is None) is (ct is None):
        raise ValueError("a result is a negative with the instant it was reported, or a Ct value")
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_result", subject=person, why="a result that decides a release", at=at
    ) as act:  # fmt: skip
        known = act.nouns(ROLES_TABLE, where={"id": person})
        held = known[0] if known else _nobody_said(act.noun(PLANS, person))
        negatives = held.negatives if reported is None else (*held.negatives, (sampled, reported))
        values = held.ct if ct is None else (*held.ct, (sampled, ct))
        told = replace(held, negatives=tuple(sorted(set(negatives))), ct=tuple(sorted(set(values))))
        act.put(ROLES_TABLE, [told])
    return told


def _nobody_said(plan: PlanOnRecord) -> RolesOnRecord:
    return RolesOnRecord(id=plan.id, area=plan.area, roles=())


def record_visits(post: Post, visits: Sequence[FollowUp], *, at: datetime) -> Change:
    """Put on record on which days somebody saw a person, or tried to; nothing is stored of days nobody came."""
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_visits", why="visits to people under a plan", at=at
    ) as act:
        return act.put(FOLLOW_UPS, visits)


def record_samples(post: Post, tests: Sequence[PersonTest], *, at: datetime) -> Change:
    """Put on record that people under a plan were sampled, with what was found as far as it is known."""
    check_may(post.viewer, Power.WORK)
    with post.store.acting(
        post.viewer, desk=DESK, verb="record_samples", why="tests of people under a plan", at=at
    ) as act:
        return act.put(PERSON_TESTS, tests)


def release(
    post: Post, person: PersonId, *, at: datetime, released: datetime | None = None
) -> PlanOnRecord:
    """
    Say that a person was let go, at `released` or now, and end the task to do so.

    Raises NotFound, and ValueError before the plan is over (what ends a plan early is an order), or said twice.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        area = record.noun(PLANS, person).area
    check_area(post.viewer, area)
    with post.store.acting(
        post.viewer, desk=DESK, verb="release", subject=person, area=area, why="let go", at=at
    ) as act:
        held = act.noun(PLANS, person)
        moment = released or act.moment
        if held.released is not None:
            raise ValueError(f"{person} was let go at {held.released.isoformat()} already")
        if not held.over(moment):
            ends = held.terms.ends.isoformat() if held.terms.ends else "a result"
            raise ValueError(
                f"the plan of {person} lasts until {ends}; an order shortens it, a release cannot"
            )
        if moment > act.moment:
            raise ValueError(f"let go at {moment.isoformat()}, which is later than now")
        done = replace(held, released=moment)
        act.put(PLANS, [done])
        step = TaskStep(to=TaskState.DONE, at=act.moment, by=post.viewer.user)
        due = act.nouns(TASKS, where={"subject": person, "state": commanding.RUNNING})
        act.put(TASKS, [t.stepped(step, finished=moment) for t in due if t.kind == RELEASE])
    return done


# Carrying out -------------------------------------------------------------------------------------------------------


def line(
    person: PersonId, terms: PlanTerms, *, area: AreaPath, effective: datetime, revises: bool = False
) -> OrderLine:  # fmt: skip
    """Return the order line that asks a person what `terms` say."""
    return OrderLine(
        kind=REVISE if revises else SET, subject=person, area=area, effective=effective,
        terms=msgspec.to_builtins(terms),
    )  # fmt: skip


def terms_of(told: OrderLine) -> PlanTerms:
    """Return what an order line asks of a person. Raises ValueError for what is not understood."""
    if told.kind not in {SET, REVISE}:
        raise ValueError(f"{told.kind} is nothing one orders of a plan; expected {SET} or {REVISE}")
    try:
        return msgspec.convert(dict(told.terms), PlanTerms)
    except msgspec.ValidationError as wrong:
        raise ValueError(f"terms of {told.kind} {told.subject}: {wrong}") from None


def carry_out(act: Acting, order: Order) -> tuple[Task, ...]:
    """
    Carry out the plan lines of an order within its act: each person's plan as ordered, a known one as a new revision.

    Terms without a stretch let the person go at once.

    Raises ValueError for a person named twice, or a plan set where one is running.
    """
    lines = [(n, told) for n, told in enumerate(order.lines) if told.desk == HAND]
    people = [person_id(told.subject) for _, told in lines]
    if twice := [one for one, times in Counter(people).items() if times > 1]:
        raise ValueError(f"order {order.id} names {', '.join(twice)} more than once")
    known = {one.id: one for one in act.nouns(PLANS, where={"id": people})}
    made: list[PlanOnRecord] = []
    for (number, told), person in zip(lines, people, strict=True):
        held = known.get(person)
        if (
            told.kind == SET
            and held is not None
            and held.released is None
            and not held.over(act.moment)
        ):
            raise ValueError(f"{person} is under a plan since {held.ruled.isoformat()}; revise it")
        terms = terms_of(told)
        goes_on = held is not None and held.released is None
        made.append(PlanOnRecord(
            id=person, area=told.area, terms=terms, order=order.id, line=number, ruled=act.moment,
            begun=held.begun if held and goes_on else act.moment, revision=held.revision + 1 if held else 1, released=None if terms.stretches else act.moment,
        ))  # fmt: skip
    act.put(PLANS, made)
    _cancel_releases(act, [one for one in made if not one.over(act.moment)])
    return ()


def _cancel_releases(act: Acting, plans: Sequence[PlanOnRecord]) -> None:
    """A plan that goes on needs no release now."""
    if not plans:
        return
    due = act.nouns(
        TASKS, where={"subject": [one.id for one in plans], "state": commanding.RUNNING}
    )
    step = TaskStep(to=TaskState.CANCELLED, at=act.moment, by=act.viewer.user, note="plan revised")
    act.put(TASKS, [task.stepped(step) for task in due if task.kind == RELEASE])


# Ruling -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What is adopted where, and every plan ruled on once for the same roles and results."""

    record: Record
    time_zone: tzinfo
    found: dict[AreaPath, tuple[tuple[Adopted, ...], Profile | None]] = field(default_factory=dict)
    ruled: dict[tuple[object, ...], Ruling[MergedPlan]] = field(default_factory=dict)
    drawn: dict[int, tuple[PlanStretch, ...]] = field(default_factory=dict)
    compared: dict[tuple[object, ...], tuple[PlanChange, ...]] = field(default_factory=dict)

    def adopted(self, area: AreaPath) -> tuple[tuple[Adopted, ...], Profile | None]:
        """Return the versions adopted in an area and the profile that goes with them."""
        if area not in self.found:
            self.found[area] = zoning.adopted_in(self.record, area)
        return self.found[area]

    def pending(
        self, before: tuple[PlanStretch, ...], ruling: Ruling[MergedPlan], *, since: date
    ) -> tuple[PlanChange, ...]:
        """Return what a ruling changes from a date on; worked out once for all who are asked the same."""
        if id(ruling) not in self.drawn:
            self.drawn[id(ruling)] = stretches_of(ruling.value)
        key = (before, id(ruling), since)
        if key not in self.compared:
            self.compared[key] = changes(before, self.drawn[id(ruling)], since=since)
        return self.compared[key]

    def rule(
        self, area: AreaPath, roles: Sequence[PersonRole], results: RolesOnRecord | None
    ) -> Ruling[MergedPlan] | None:
        """Return the plan of these roles as it is ruled now, None where nothing is adopted."""
        adopted, profile = self.adopted(area)
        if not adopted or profile is None:
            return None
        negatives = results.negatives if results else ()
        ct = results.ct if results else ()
        facts = [
            PlanFacts(role=one.role, day_one=one.day_one, found=one.found, negatives=negatives, ct=ct)
            for one in sorted(roles, key=lambda each: (each.day_one, each.role))
        ]  # fmt: skip
        key = (id(adopted), *((f.role, f.day_one, f.found) for f in facts), negatives, ct)
        if key not in self.ruled:
            self.ruled[key] = merged_plan(facts, adopted, profile, zone=self.time_zone)
        return self.ruled[key]


def stretches_of(merged: MergedPlan) -> tuple[PlanStretch, ...]:
    """Return a ruled plan as stretches of dates with the same place and roles; the last is open while a result is awaited."""
    found: list[PlanStretch] = []
    for one in merged.days:
        before = found[-1] if found else None
        tests = (one.day,) if one.test else ()
        follows = (
            before is not None
            and (before.place, before.roles) == (one.place, one.roles)
            and before.last == one.day - timedelta(days=1)
        )
        if before is not None and follows:
            found[-1] = replace(before, last=one.day, tests=(*before.tests, *tests))
        else:
            found.append(PlanStretch(
                place=one.place, roles=one.roles, first=one.day, last=one.day, tests=tests
            ))  # fmt: skip
    if merged.open:
        told = merged.days[-1].day if merged.days else None
        since = min(one.since for one in merged.open)
        then = since if told is None else told + timedelta(days=1)
        goes_on = merged.on(max(then, since))
        if goes_on is not None:
            last = found[-1] if found else None
            if last is not None and (last.place, last.roles) == (goes_on.place, goes_on.roles):
                found[-1] = replace(last, last=None)
            else:
                found.append(PlanStretch(
                    place=goes_on.place, roles=goes_on.roles, first=goes_on.day, last=None
                ))  # fmt: skip
    return tuple(found)


def days_of(stretches: Sequence[PlanStretch], *, until: date | None = None) -> tuple[PlanDay, ...]:
    """Return the dates of a plan; a stretch still open is told to its last test, or before `until`."""
    return tuple(_days(stretches, until))


def _days(stretches: Sequence[PlanStretch], until: date | None) -> Iterator[PlanDay]:
    for one in stretches:
        last = one.last or max(
            (*one.tests, one.first, *([until - timedelta(days=1)] if until else []))
        )
        day = one.first
        while day <= last:
            yield PlanDay(day=day, place=one.place, roles=one.roles, test=day in one.tests)
            day += timedelta(days=1)


def changes(
    before: Sequence[PlanStretch], after: Sequence[PlanStretch], *, since: date | None = None
) -> tuple[PlanChange, ...]:
    """
    Return every date, from `since` on, on which one plan asks something else than another.

    >>> week = PlanStretch(place="home_isolation", roles=("close_contact",), first=date(2022, 11, 1), last=date(2022, 11, 2))
    >>> [one.day.isoformat() for one in changes([week], [])]
    ['2022-11-01', '2022-11-02']
    """
    ends = [d for one in (*before, *after) for d in (one.first, one.last, *one.tests) if d]
    horizon = max((*ends, since or date.min)) + timedelta(days=2) if ends else None
    old = {one.day: one for one in days_of(before, until=horizon)}
    new = {one.day: one for one in days_of(after, until=horizon)}
    return tuple(
        PlanChange(day=day, before=old.get(day), after=new.get(day))
        for day in sorted({*old, *new})
        if old.get(day) != new.get(day) and (since is None or day >= since)
    )


def _terms(
    ruling: Ruling[MergedPlan], roles: Sequence[PersonRole], profile: Profile, why: Sentence
) -> PlanTerms:
    merged = ruling.value
    return PlanTerms(
        roles=tuple(sorted(roles, key=lambda one: (one.day_one, one.role))), stretches=stretches_of(merged),
        ends=merged.ends, awaits_result=merged.awaits_result,
        versions=tuple(dict.fromkeys(one.rulebook for one in merged.plans)), profile=profile.id, why=why,
        reasons=ruling.reasons, assumed=ruling.assumed,
    )  # fmt: skip


# The round ----------------------------------------------------------------------------------------------------------


def review_plans(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Propose a plan for everybody whose roles ask one, and a revision where the rule now asks something else.

    Roles are those said and those that confirmed exposures make. A plan whose awaited result came ends by itself, as it
    was ordered; a plan that is over makes letting the person go a task. Returns how many proposals are new; done
    again for the same instant, nothing is.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    at = at.astimezone(time_zone)
    with post.store.acting(
        post.viewer, desk=DESK, verb="review_plans", why=f"round of {at:%Y-%m-%d %H:%M}", at=at
    ) as act:
        made, ended, tasks = _due(act, post.area, at=at, by=post.viewer.user, time_zone=time_zone)
        wanted = {proposal.id for proposal in made}
        stale = [
            proposal
            for proposal in act.nouns(PROPOSALS, under=post.area, where={"desk": DESK, "state": "open"})
            if proposal.rule and proposal.id not in wanted
        ]  # fmt: skip
        commanding.lapse(act, [p.id for p in stale], why="the facts it rested on have changed")
        act.put(PLANS, ended)
        commanding.put_tasks(act, tasks)
        return commanding.put_proposals(act, made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One person about whom something is to be decided."""

    person: PersonId
    area: AreaPath
    terms: PlanTerms
    revises: bool
    about: str


def _due(
    act: Acting, area: AreaPath, *, at: datetime, by: str, time_zone: ZoneInfo
) -> tuple[list[Proposal], list[PlanOnRecord], list[Task]]:
    today = at.date()
    above = [*ancestors_of(area), area]
    if not (act.count(ADOPTIONS, under=area) or act.count(ADOPTIONS, where={"area": above})):
        return [], [], []
    rules = _Rules(record=act, time_zone=time_zone)
    said = {one.id: one for one in act.nouns(ROLES_TABLE, under=area)}
    contacts = _contacts(act, area)
    held = {
        one.id: one
        for one in act.nouns(PLANS, under=area, where={"released": OpenAfter(moment=at)})
    }
    others = sorted(({*said, *contacts.roles}) - set(held))
    past = {one.id: one for one in act.nouns(PLANS, where={"id": others})} if others else {}
    asked: list[_Asked] = []
    ended: list[PlanOnRecord] = []
    tasks: list[Task] = []
    for person in sorted({*said, *contacts.roles, *held}):
        running = held.get(person)
        if running is not None and running.over(at):
            tasks.append(_release_task(running, rules))
        results = said.get(person)
        where = _area_of(running, results, contacts, person)
        adopted, profile = rules.adopted(where)
        if profile is None or not any(one.at <= at for one in adopted):
            continue
        roles = _wanted(
            person, results, running or past.get(person), contacts, profile, rules, where, today
        )
        ruling = rules.rule(where, roles, results)
        if ruling is None:
            continue
        before = running.terms.stretches if running else ()
        if not rules.pending(before, ruling, since=today):
            continue
        if running is not None and running.terms.awaits_result and running.terms.roles == roles:
            came = Sentence(zh="等待的结果已报告。", en="The result awaited has come.")
            ended.append(replace(
                running, terms=_terms(ruling, roles, profile, came), ruled=at, revision=running.revision + 1
            ))  # fmt: skip
            continue
        about, why = _why(running, roles, ruling, contacts, person)
        asked.append(_Asked(
            person=person, area=where, terms=_terms(ruling, roles, profile, why), revises=running is not None,
            about=about,
        ))  # fmt: skip
    return _proposals(act, area, asked, at=at, by=by), ended, tasks


def _area_of(
    running: PlanOnRecord | None,
    said: RolesOnRecord | None,
    contacts: "_Contacts",
    person: PersonId,
) -> AreaPath:
    if said is not None:
        return said.area
    return running.area if running is not None else contacts.areas[person]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contacts:
    """Whom confirmed exposures make contacts: the role, the exposures, the last day of contact; and who is a case."""

    roles: Mapping[PersonId, tuple[str, frozenset[str]]]
    areas: Mapping[PersonId, AreaPath]
    last: Mapping[str, date | None]
    cases: frozenset[PersonId]


def _contacts(act: Acting, area: AreaPath) -> _Contacts:
    exposures = act.nouns(EXPOSURES, under=area, where={"state": ExposureState.CONFIRMED.value})
    every = act.cases(under=area, limit=1_000_000)
    cases = frozenset(case.person for case in every if case.classification.value != "excluded")
    found = roles_of(cases, exposures) if exposures else {}
    where = {one.target: one.area for one in exposures}
    roles = {
        person_id(node): (CONTACT_ROLES[role], because)
        for node, (role, because) in found.items()
        if role in CONTACT_ROLES and node.startswith("p-")
    }
    return _Contacts(
        roles=roles, areas={person: where[person] for person in roles},  # type: ignore[index]  # a person is a node
        last={one.id: one.last_contact for one in exposures}, cases=cases,
    )  # fmt: skip


def _wanted(
    person: PersonId,
    said: RolesOnRecord | None,
    held: PlanOnRecord | None,
    contacts: _Contacts,
    profile: Profile,
    rules: _Rules,
    area: AreaPath,
    today: date,
) -> tuple[PersonRole, ...]:
    """
    Return the roles somebody has now: those said, those of the plan whose exposures still stand, those newly made.

    A contact who was found to be a case is no contact any more. New exposures give a role from the day 1 the
    profile names; where that is the start of isolation, it is the day it is proposed for. Nothing new is asked where
    the last contact is unknown, or longer ago than the plan would last.
    """
    kept = list(said.roles) if said else []
    if person in contacts.cases:
        return _ordered(one for one in kept if one.role not in CONTACT_ROLES.values())
    for one in held.terms.roles if held and held.released is None else ():
        if one.because and set(one.because) & set(contacts.last):
            kept.append(one)
    role, because = contacts.roles.get(person, ("", frozenset()))
    answered = {name for one in (held.terms.roles if held else ()) for name in one.because}
    fresh = because - answered
    days = [day for name in fresh if (day := contacts.last[name]) is not None]
    if days:
        events = {"last_exposure": max(days), "isolation_start": today}
        told = PersonRole(
            role=role, day_one=first_day(role, events, profile).value, because=tuple(sorted(fresh))
        )
        if not any((one.role, one.day_one) == (role, told.day_one) for one in kept):
            ruling = rules.rule(area, [told], None)
            asked = stretches_of(ruling.value) if ruling else ()
            lasts = sum((one.last - one.first).days + 1 if one.last else 0 for one in asked)
            if asked and (today - max(days)).days <= max(lasts, 1):
                kept.append(told)
    return _ordered(kept)


def _ordered(roles: Iterable[PersonRole]) -> tuple[PersonRole, ...]:
    once = {(one.role, one.day_one): one for one in roles}
    return tuple(once[key] for key in sorted(once, key=lambda key: (key[1], key[0])))


def _why(
    running: PlanOnRecord | None,
    roles: tuple[PersonRole, ...],
    ruling: Ruling[MergedPlan],
    contacts: _Contacts,
    person: PersonId,
) -> tuple[str, Sentence]:
    versions = tuple(dict.fromkeys(one.rulebook for one in ruling.value.plans))
    if running is None:
        return "new", Sentence(zh="新确认的管理对象。", en="Newly found to be asked something.")
    if person in contacts.cases:
        return "case", Sentence(
            zh="已成为病例，转按病例管理。", en="Has become a case and is cared for as one."
        )
    if versions != running.terms.versions and roles == running.terms.roles:
        old_zh, old_en = _named(running.terms.versions)
        new_zh, new_en = _named(versions)
        return "text", Sentence(
            zh=f"采用的方案由{old_zh}变为{new_zh}。",
            en=f"The text adopted changed from the {old_en} to the {new_en}.",
        )
    return "facts", Sentence(
        zh="身份或暴露事实有变化。", en="What is known of roles or exposures has changed."
    )


def _named(versions: Sequence[str]) -> tuple[str, str]:
    """Return what texts are called, in Chinese and in English."""
    books = protocols().versions
    told = [(books[one].name_zh, books[one].name_en) for one in versions]
    return "、".join(zh for zh, _ in told), ", ".join(en for _, en in told)


_ABOUT = {
    "new": ("新增管理对象", "new plans"), "case": ("转为病例", "become cases"), "text": ("方案文本变化", "the text adopted changed"),
    "facts": ("事实变化", "the facts changed"),
}  # fmt: skip


def _proposals(
    act: Acting, area: AreaPath, asked: Sequence[_Asked], *, at: datetime, by: str
) -> list[Proposal]:
    """Put together whom one command decides about for one cause; who was refused the same is not asked about again."""
    refused = {
        told.subject + _mark_of(told)
        for one in act.nouns(PROPOSALS, under=area, where={"desk": DESK, "state": "refused"})
        for told in one.lines
    }
    groups: dict[tuple[AreaPath, str, tuple[str, ...]], list[_Asked]] = {}
    for one in asked:
        county = (
            area_path(".".join(one.area.split(".")[:3]) + ".")
            if one.area.count(".") > 3
            else one.area
        )
        told = line(one.person, one.terms, area=one.area, effective=at, revises=one.revises)
        if told.subject + _mark_of(told) in refused:
            continue
        roles = tuple(sorted({role.role for role in one.terms.roles}))
        groups.setdefault((county, one.about, roles), []).append(one)
    return [
        _proposal(county, about, roles, some[first : first + MOST_LINES], at=at, by=by)
        for (county, about, roles), some in sorted(groups.items(), key=lambda each: each[0])
        for first in range(0, len(some), MOST_LINES)
    ]


def _mark_of(told: OrderLine) -> str:
    return commanding.mark(
        told.kind, *(f"{one['first']} {one['last']} {one['place']} {one['tests']}" for one in told.terms["stretches"])
    )  # fmt: skip


def _proposal(
    county: AreaPath,
    about: str,
    roles: tuple[str, ...],
    some: Sequence[_Asked],
    *,
    at: datetime,
    by: str,
) -> Proposal:
    today = at.date()
    lines = tuple(
        line(one.person, one.terms, area=one.area, effective=at, revises=one.revises)
        for one in some
    )
    first = some[0].terms
    said_zh = "、".join(ROLES.get(one, (one, one))[0] for one in roles) or "个人方案"
    said_en = ", ".join(ROLES.get(one, (one, one.replace("_", " ")))[1] for one in roles) or "plans"
    about_zh, about_en = _ABOUT[about]
    people = "person" if len(some) == 1 else "people"
    asks_zh, asks_en = _asks(first.stretches)
    days = sum(1 for one in some for day in days_of(one.terms.stretches) if day.day >= today)
    reasons = tuple(dict.fromkeys(reason for one in some for reason in one.terms.reasons))[:5]
    rests = first.reasons[0] if first.reasons else None
    why = Reason(
        zh=first.why.zh, en=first.why.en, source=rests.source if rests else (*first.versions, DESK)[:1],
        confidence=rests.confidence if rests else "judgement",
    )  # fmt: skip
    return Proposal(
        id=f"p-{commanding.mark(DESK, about, county, *(told.subject + _mark_of(told) for told in lines))}",
        area=county, desk=DESK, kind=lines[0].kind, subject=f"{DESK}-{about}",
        what=Sentence(
            zh=f"{len(some)}人（{said_zh}，{about_zh}）：{asks_zh}", en=f"{len(some)} {people} ({said_en}; {about_en}): {asks_en}"
        ),
        reasons=(why, *reasons), by=by, made=at, decided_in=county, lines=lines,
        cost=Cost(residents=len(some), person_days=float(days)),
        rule=", ".join(first.versions) or "plans",
    )  # fmt: skip


def _asks(stretches: Sequence[PlanStretch]) -> tuple[str, str]:
    """Return what a plan asks, said in a line: places with their days."""
    if not stretches:
        return "解除管理", "nothing more is asked"
    zh, en = [], []
    for one in stretches:
        place_zh, place_en = PLACES.get(one.place, (one.place, one.place.replace("_", " ")))
        days = (one.last - one.first).days + 1 if one.last else None
        zh.append(f"{place_zh}{days}天" if days else f"{place_zh}至出结果")
        en.append(f"{place_en} {days} days" if days else f"{place_en} until the result")
    return "，".join(zh), ", then ".join(en)


def _release_task(held: PlanOnRecord, rules: _Rules) -> Task:
    _, profile = rules.adopted(held.area)
    ends = held.terms.ends or held.ruled
    grace = timedelta(hours=float(profile.value("overdue_grace_hours"))) if profile else timedelta()
    return Task(
        id=f"t-{commanding.mark(RELEASE, held.id, ends)}", area=held.area, duty=Duty.COMMUNITY, desk=DESK,
        kind=RELEASE, subject=held.id, cause=held.order, what=Sentence(zh="按时解除管理", en="Let the person go in time"),
        starts=ends, due=ends + grace, measured_to="the person is let go", rule=", ".join(held.terms.versions),
    )  # fmt: skip


# Reading ------------------------------------------------------------------------------------------------------------


def kept(
    record: Record, *, area: AreaPath, at: datetime
) -> tuple[tuple[PlanOnRecord, datetime], ...]:
    """
    Return each plan of an area that has an end by the rule as it stands now, and that end, whatever was ordered.

    Whoever is held after it is held too long: by a release that is late, or by an order that asks more.
    """
    held = record.nouns(PLANS, under=area, where={"released": OpenAfter(moment=at)})
    said = _Done.of(record, [one.id for one in held]).said
    rules = _Rules(record=record, time_zone=at.tzinfo or UTC)
    found = []
    for one in held:
        ruling = rules.rule(one.area, one.terms.roles, said.get(one.id))
        ends = ruling.value.ends if ruling and not ruling.value.awaits_result else None
        if ends is not None and one.terms.stretches:
            found.append((one, ends))
    return tuple(found)


LISTS = ("all", "test_today", "test_missed", "unseen", "release_today", "release_late", "outdated")
"""What a list of people can be asked for; each is the set one figure of the picture counts."""


def people(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    time_zone: ZoneInfo,
    which: str = "all",
    role: str | None = None,
    place: str | None = None,
) -> tuple[PlanRow, ...]:
    """
    Return the people of an area under a plan who are not let go, late releases first, then by what is due next.

    `which` is one of LISTS. Raises ValueError for another.
    """
    if which not in LISTS:
        raise ValueError(f"{which!r} is no list of plans; expected one of {', '.join(LISTS)}")
    today = at.astimezone(time_zone).date()
    rows = [
        row
        for row in _rows(record, area, at=at, time_zone=time_zone)
        if _in_list(row, which, today, time_zone)
        and (role is None or role in row.roles)
        and (place is None or place == row.place)
    ]
    far = date.max
    return tuple(sorted(rows, key=lambda r: (-r.late_hours, r.next_day or far, r.person)))


def _in_list(row: PlanRow, which: str, today: date, time_zone: ZoneInfo) -> bool:
    ends_today = row.ends is not None and today == _last_day(row.ends, time_zone)
    return {
        "all": True, "test_today": row.test_today, "test_missed": row.missed_tests > 0,
        "unseen": row.unseen_days > 0, "release_today": ends_today and row.late_hours == 0,
        "release_late": row.late_hours > 0, "outdated": row.outdated,
    }[which]  # fmt: skip


def _last_day(ends: datetime, time_zone: tzinfo) -> date:
    return (ends.astimezone(time_zone) - timedelta(microseconds=1)).date()


def picture(record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo) -> PlanPicture:
    """Return how many people are under a plan and what is due, in an area and in each right below it."""
    today = at.astimezone(time_zone).date()
    rows = tuple(_rows(record, area, at=at, time_zone=time_zone))

    def counts(where: AreaPath) -> PlanCounts:
        own = [row for row in rows if row.area.startswith(where)]
        by = {which: sum(_in_list(row, which, today, time_zone) for row in own) for which in LISTS}
        return PlanCounts(
            area=where, under_plan=by["all"], test_today=by["test_today"], test_missed=by["test_missed"],
            unseen=by["unseen"], release_today=by["release_today"], release_late=by["release_late"],
            outdated=by["outdated"],
        )  # fmt: skip

    below = [counts(child.path) for child in record.children(area)]
    roles = Counter(role for row in rows for role in row.roles)
    places = Counter(row.place for row in rows if row.place is not None)
    return PlanPicture(
        at=at, total=counts(area), areas=tuple(one for one in below if one.under_plan),
        roles=dict(roles.most_common()), places=dict(places.most_common()),
    )  # fmt: skip


def _rows(
    record: Record, area: AreaPath, *, at: datetime, time_zone: ZoneInfo
) -> Iterator[PlanRow]:
    check_area(record.viewer, area)
    held = record.nouns(PLANS, under=area, where={"released": OpenAfter(moment=at)})
    done = _Done.of(record, [one.id for one in held])
    rules = _Rules(record=record, time_zone=time_zone)
    for one in held:
        yield _sheet_parts(one, done, rules, at=at)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """The days on which people were sampled and seen, and the results that decide a release."""

    sampled: Mapping[PersonId, frozenset[date]]
    seen: Mapping[PersonId, frozenset[date]]
    said: Mapping[PersonId, RolesOnRecord]

    @classmethod
    def of(cls, record: Record, ids: Sequence[PersonId]) -> "_Done":
        sampled: dict[PersonId, set[date]] = {}
        seen: dict[PersonId, set[date]] = {}
        for test in record.nouns(PERSON_TESTS, where={"person": list(ids)}) if ids else ():
            if test.sampled is not None:
                sampled.setdefault(test.person, set()).add(test.sampled)
        for visit in record.nouns(FOLLOW_UPS, where={"person": list(ids)}) if ids else ():
            if visit.result in SEEN:
                seen.setdefault(visit.person, set()).add(visit.day)
        said = record.nouns(ROLES_TABLE, where={"id": list(ids)}) if ids else ()
        return cls(
            sampled={who: frozenset(days) for who, days in sampled.items()},
            seen={who: frozenset(days) for who, days in seen.items()}, said={one.id: one for one in said},
        )  # fmt: skip


def _sheet_parts(
    held: PlanOnRecord, done: _Done, rules: _Rules, *, at: datetime
) -> tuple[PlanRow, tuple[date, ...], tuple[date, ...], tuple[PlanChange, ...]]:
    """Return the row, the missed test days, the unseen days, and what the rule changes from today on."""
    zone = rules.time_zone
    today = at.astimezone(zone).date()
    since = held.begun.astimezone(zone).date()
    sampled = done.sampled.get(held.id, frozenset())
    seen = done.seen.get(held.id, frozenset()) | sampled
    now = held.on(today)
    tests = sorted(day for one in held.terms.stretches for day in one.tests)
    missed = tuple(day for day in tests if since <= day < today and day not in sampled)
    unseen = tuple(
        one.day
        for one in days_of(held.terms.stretches, until=today)
        if since <= one.day < today and one.day not in seen
    )
    ruling = rules.rule(held.area, held.terms.roles, done.said.get(held.id))
    pending = rules.pending(held.terms.stretches, ruling, since=today) if ruling else ()
    ends = held.terms.ends
    free = ends
    if ruling is not None and ruling.value.ends is not None and held.terms.awaits_result:
        free = ruling.value.ends
    released = held.released is not None and held.released <= at
    late = 0.0
    _, profile = rules.adopted(held.area)
    grace = float(profile.value("overdue_grace_hours")) if profile else 0.0
    if not released and free is not None and held.terms.stretches:
        late = max(0.0, (at - free).total_seconds() / 3600 - grace)
    coming = [day for day in tests if day >= today and day not in sampled]
    last = _last_day(free, zone) if free is not None else None
    steps = [("test", day) for day in coming] + ([("release", last)] if last else [])
    kind, day = min(steps, key=lambda step: step[1], default=(None, None))
    if kind is None and held.terms.awaits_result:
        kind = "result"
    over = free is not None and free <= at
    state = (
        "released" if released else "late" if late > 0 else "release_due" if over
        else "awaits_result" if held.terms.awaits_result else "running"
    )  # fmt: skip
    row = PlanRow(
        person=held.id, area=held.area, state=state, place=now.place if now and not over else None,
        roles=now.roles if now and not over else tuple(sorted({one.role for one in held.terms.roles})), ends=free,
        next_kind="release" if over else kind, next_day=last if over else day,
        test_today=today in tests and today not in sampled and not over, missed_tests=len(missed),
        unseen_days=len(unseen), late_hours=late, revision=held.revision, outdated=bool(pending),
        versions=held.terms.versions,
    )  # fmt: skip
    return row, missed, unseen, pending


def sheet_of(record: Record, person: PersonId, *, at: datetime, time_zone: ZoneInfo) -> PlanSheet:
    """Return one person's plan with what is due, missed and revised. Raises NotFound."""
    held = record.noun(PLANS, person)
    done = _Done.of(record, [person])
    rules = _Rules(record=record, time_zone=time_zone)
    row, missed, unseen, pending = _sheet_parts(held, done, rules, at=at)
    today = at.astimezone(time_zone).date()
    return PlanSheet(
        row=row, plan=held, days=days_of(held.terms.stretches, until=today + timedelta(days=1)),
        tests=tuple(sorted(done.sampled.get(person, ()))), seen=tuple(sorted(done.seen.get(person, ()))),
        missed=missed, unseen=unseen, pending=pending, revisions=revisions(record, person),
    )  # fmt: skip


def revisions(record: Record, person: PersonId) -> tuple[PlanRevision, ...]:
    """Return every revision of a person's plan known up to the moment asked about, the oldest first. Raises NotFound."""
    versions = record.versions(PLANS, person)
    if not versions:
        raise NotFound(f"{person} has no plan on record")
    told = []
    before: tuple[PlanStretch, ...] = ()
    for one in versions:
        held = one.noun
        told.append(PlanRevision(
            revision=held.revision, known_from=one.known_from, act=one.act, order=held.order, why=held.terms.why,
            versions=held.terms.versions, ends=held.terms.ends, released=held.released,
            changes=changes(before, held.terms.stretches),
        ))  # fmt: skip
        before = held.terms.stretches
    return tuple(told)
