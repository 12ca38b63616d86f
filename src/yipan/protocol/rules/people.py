"""What a person is asked to do and when it ends: phases, places, test days, release; several roles at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

from yipan.protocol.clocks import day_number, midnight_after
from yipan.protocol.parameters import Adopted, Profile, ProtocolError, Rulebook
from yipan.protocol.primitives import PhaseSpec, schedule
from yipan.protocol.ruling import Reason, Ruling, TraceStep

PLACE_ORDER = (
    "health_monitoring", "self_monitoring", "home_health_monitoring", "home_isolation",
    "central_or_home_isolation", "central_isolation",
)  # fmt: skip
"""Places of a phase, the mildest first; of two that apply on one date the later one holds."""

ANCHORS = {
    "isolation_start": ("isolation_start", 0), "arrival": ("arrival", 0),
    "day_of_exposure": ("last_exposure", 0), "day_after_exposure": ("last_exposure", 1),
    "day_of_leaving": ("left_zone", 0), "day_after_leaving": ("left_zone", 1),
}  # fmt: skip
"""What day 1 can be: an event and how many days after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """A person's role, the date that is day 1, the day the person was found, and results that decide a release."""

    role: str
    day_one: date
    found: date | None = None
    negatives: tuple[tuple[date, datetime], ...] = ()
    ct: tuple[tuple[date, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One stretch of a plan: `last` is None where a result decides; `served_from` where part was past at intake."""

    name: str
    days: int | None
    first: date
    last: date | None
    tests: tuple[date, ...]
    served_from: date | None = None
    specimen: str | None = None
    release: str | None = None
    may_go_out: str | None = None
    fallback: str | None = None
    tests_needed: int | None = None
    min_gap_h: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A person's phases and when they end; `ends` is None while a result is awaited or nothing is asked."""

    phases: tuple[Phase, ...]
    ends: datetime | None
    rulebook: str


def first_day(role: str, events: Mapping[str, date], profile: Profile) -> Ruling[date]:
    """
    Rule on the date that is day 1 of a role, from what happened: the profile names the anchor of each role.

    `events` has the dates of `isolation_start`, `arrival`, `last_exposure`, `left_zone`, as far as they are known.
    Raises ProtocolError where the profile says nothing for the role, ValueError where the event is not known.

    >>> from yipan.protocol import protocols
    >>> profile = protocols().profile("guangdong-2022")
    >>> first_day("left_high_zone", {"left_zone": date(2022, 8, 8)}, profile).value
    datetime.date(2022, 8, 9)
    """
    anchor = _anchor(role, profile)
    event, later = ANCHORS[anchor]
    if event not in events:
        raise ValueError(f"day 1 of a {role} counts from {anchor}, but {event} is not known")
    day = events[event] + timedelta(days=later)
    return Ruling(
        value=day, trace=(TraceStep(what="day 1", at=None, detail=f"{anchor} {day}"),),
        assumed=(f"isolation_day_one = {anchor}",),
    )  # fmt: skip


def lookback_since(onset: date | None, sampled: date, profile: Profile) -> Ruling[date]:
    """
    Rule on the first day whose contacts count: so many days before onset, or before sampling without symptoms.

    Sources conflict between 2 and 4 days, so the profile decides.

    >>> from yipan.protocol import protocols
    >>> lookback_since(None, date(2022, 10, 27), protocols().profile("guangdong-2022")).value
    datetime.date(2022, 10, 25)
    """
    days = profile.value("lookback_days")
    if not isinstance(days, int) or days < 0:
        raise ProtocolError(f"{profile.where}: lookback_days {days!r}; expected a number of days")
    start = sampled if onset is None else min(onset, sampled)
    return Ruling(
        value=start - timedelta(days=days),
        trace=(TraceStep(what="counted from", at=None, detail=start.isoformat()),),
        assumed=(profile.said("lookback_days"),),
    )


def role_on_arrival(
    origin_level: str, left_on: date, found_on: date, rulebook: Rulebook
) -> Ruling[str | None]:
    """
    Rule on the role of somebody who came from a zone or area of `origin_level`, its level when it was left.

    None where the rulebook does not determine such people, or they left longer ago than its window of days.
    Raises ValueError where somebody was found before leaving.

    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("cn-covid-9ed")
    >>> role_on_arrival("high", date(2022, 8, 8), date(2022, 8, 11), book).value
    'left_high_zone'
    >>> role_on_arrival("high", date(2022, 8, 1), date(2022, 8, 11), book).value is None
    True
    """
    if found_on < left_on:
        raise ValueError(f"found on {found_on}, before leaving on {left_on}")
    role = "from_low_zone" if origin_level == "low" else f"left_{origin_level}_zone"
    leaf = rulebook.parameters.get(f"person.{role}")
    if leaf is None:
        return Ruling(value=None)
    window = rulebook.get(f"window.{role}_days")
    gone = (found_on - left_on).days
    covered = window is None or gone <= window
    reason = Reason(
        zh=f"离开{gone}天{'' if window is None else f'，追溯{window}天'}。",
        en=f"Left {gone} days ago{'' if window is None else f'; {window} days count'}.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=role if covered else None, reasons=(reason,))


def may_discharge(
    results: Sequence[tuple[datetime, float]], rulebook: Rulebook, *, improved: bool
) -> Ruling[datetime | None]:
    """
    Rule on when a case may be discharged: the instant of the last of enough results in a row, far enough apart.

    `results` are (sampled, Ct); a Ct below the rulebook's value breaks the row. None while it is not yet, or
    without clinical improvement. Raises ProtocolError where the rulebook says nothing of discharge.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> noon = datetime(2022, 10, 1, 12, tzinfo=UTC)
    >>> two = [(noon, 36.0), (noon + timedelta(hours=24), 38.5)]
    >>> may_discharge(two, protocols().rulebook("cn-covid-9ed"), improved=True).value.isoformat()
    '2022-10-02T12:00:00+00:00'
    """
    leaf = rulebook.leaf("case.discharge_ct")
    needed = rulebook.value("case.discharge_tests")
    gap = timedelta(hours=rulebook.value("case.discharge_gap_hours"))
    row: list[datetime] = []
    done: datetime | None = None
    for sampled, ct in sorted(results):
        if ct < leaf.value:
            row = []
        elif not row or sampled - row[-1] >= gap:
            row.append(sampled)
        if len(row) >= needed and done is None:
            done = sampled
        if not row:
            done = None
    reason = Reason(
        zh=f"症状好转，且连续{needed}次核酸Ct值不低于{leaf.value}（间隔至少{gap.total_seconds() / 3600:g}小时）。",
        en=f"Better, and {needed} tests in a row with Ct {leaf.value} or more, {gap.total_seconds() / 3600:g} h apart.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(value=done if improved else None, reasons=(reason,))


def person_plan(
    facts: PlanFacts, rulebook: Rulebook, profile: Profile, *, zone: tzinfo
) -> Ruling[Plan]:
    """
    Rule on a person's plan under one rulebook: empty phases where it does not determine the role.

    Day n is `day_one` + n - 1; a phase of N days ends 24:00 of day N. Test days past at intake become one test
    at intake where the profile says so. A release on a result ends when the result is reported (contact) or on the
    day of the second of two results in a row that reach the Ct value (case at home).

    Raises ProtocolError where the profile leaves a question open.

    >>> from zoneinfo import ZoneInfo
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> facts = PlanFacts(role="close_contact", day_one=date(2022, 11, 12))
    >>> plan = person_plan(
    ...     facts, books.rulebook("cn-covid-20m"), books.profile("guangdong-2022"), zone=ZoneInfo("Asia/Shanghai")
    ... ).value
    >>> plan.ends.isoformat()
    '2022-11-20T00:00:00+08:00'
    """
    specs = schedule(rulebook, facts.role)
    if not specs:
        return Ruling(value=Plan(phases=(), ends=None, rulebook=rulebook.id))
    assumed = [f"isolation_day_one = {_anchor(facts.role, profile)}"]
    at_intake = False
    if facts.found is not None and facts.found > facts.day_one:
        at_intake = (
            profile.one_of("tests_past_at_intake", ("one_test_at_intake", "dropped"))
            == "one_test_at_intake"
        )
        assumed.append(profile.said("tests_past_at_intake"))
    phases: list[Phase] = []
    first = facts.day_one
    ends: datetime | None = None
    for told in specs:
        phase = _phase(told, first, facts.found, at_intake=at_intake)
        phases.append(phase)
        ends = _phase_ends(phase, facts, zone)
        if phase.last is not None:
            first = day_number(phase.last, 2)
    leaf = rulebook.leaf(f"person.{facts.role}")
    until_zh = "" if ends is None else f"，至{ends:%Y年%m月%d日%H时%M分}结束"
    until_en = "" if ends is None else f" and end {ends:%Y-%m-%d %H:%M}"
    reason = Reason(
        zh=f"依照{rulebook.name_zh}，从{facts.day_one:%Y年%m月%d日}（第1天）起算{until_zh}。",
        en=f"Under the {rulebook.name_en} days are counted from {facts.day_one.isoformat()} as day 1{until_en}.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    trace = [TraceStep(what="day 1", at=None, detail=facts.day_one.isoformat())]
    trace += [
        TraceStep(what="phase", at=None, detail=f"{one.name} {one.first} to {one.last}")
        for one in phases
    ]
    trace.append(TraceStep(what="ends", at=ends))
    return Ruling(
        value=Plan(phases=tuple(phases), ends=ends, rulebook=rulebook.id), reasons=(reason,), trace=tuple(trace),
        assumed=tuple(assumed),
    )  # fmt: skip


def plan_through(
    facts: PlanFacts, adoptions: Sequence[Adopted], profile: Profile, *, zone: tzinfo
) -> Ruling[Plan]:
    """
    Rule on a plan through changes of version: under `only_shorter` the earlier end holds, never before adoption.

    A plan begins under the book adopted when its first day began. A role that the newer book no longer determines
    ends when it is adopted. Raises ValueError without an adoption.
    """
    if not adoptions:
        raise ValueError("adoptions: expected at least one")
    begun = midnight_after(facts.day_one - timedelta(days=1), zone)
    number = max((i for i, one in enumerate(adoptions) if one.at <= begun), default=0)
    ruling = person_plan(facts, adoptions[number].rulebook, profile, zone=zone)
    for one in adoptions[number + 1 :]:
        ends = ruling.value.ends
        policy = one.decided(profile)
        if policy != "only_shorter" or (ends is not None and ends <= one.at):
            continue
        said = f"transition_policy = {policy}"
        newer = person_plan(facts, one.rulebook, profile, zone=zone)
        if not newer.value.phases:
            if ruling.value.phases:
                ruling = Ruling(
                    value=Plan(phases=ruling.value.phases, ends=one.at, rulebook=one.rulebook.id),
                    reasons=(*ruling.reasons, _gone(facts.role, ruling, one.rulebook)),
                    trace=(*ruling.trace, TraceStep(what="role no longer determined", at=one.at)),
                    assumed=(*ruling.assumed, said),
                )
            break
        shorter = max(newer.value.ends, one.at) if newer.value.ends is not None else None
        if ends is None or (shorter is not None and shorter <= ends):
            ruling = Ruling(
                value=Plan(phases=newer.value.phases, ends=shorter, rulebook=one.rulebook.id),
                reasons=newer.reasons, trace=newer.trace, assumed=(*newer.assumed, said),
            )  # fmt: skip
    return ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDay:
    """One date of a person's plan: the strictest place of all roles, the roles that ask it, and whether to be tested."""

    day: date
    place: str
    roles: tuple[str, ...]
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPhase:
    """A phase that goes on from `since` until a result is known."""

    since: date
    place: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPlan:
    """
    What a person with several roles, or exposed again, is asked date by date.

    `ends` is the latest end; None where nothing is asked, or while a result is awaited (`awaits_result`). `days` are
    the dates that can be told; a phase in `open` goes on after them until its result.
    """

    days: tuple[PlanDay, ...]
    ends: datetime | None
    awaits_result: bool
    plans: tuple[Plan, ...]
    open: tuple[OpenPhase, ...] = ()

    def on(self, day: date) -> PlanDay | None:
        """Return what is asked on a date, or None where nothing is."""
        told = next((one for one in self.days if one.day == day), None)
        if told is not None:
            return told
        running = [(one.place, one.role) for one in self.open if one.since <= day]
        return _plan_day(day, running, test=False) if running else None


def merged_plan(
    several: Sequence[PlanFacts], adoptions: Sequence[Adopted], profile: Profile, *, zone: tzinfo
) -> Ruling[MergedPlan]:
    """
    Rule on the plan of somebody with several roles or exposures: the stricter place per date, the tests together.

    The order of the roles does not matter. Raises as `plan_through`.

    >>> from zoneinfo import ZoneInfo
    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> adopted = [Adopted(rulebook=books.rulebook("cn-covid-9ed"), at=datetime(2022, 6, 28, tzinfo=UTC))]
    >>> both = [
    ...     PlanFacts(role="contact_of_contact", day_one=date(2022, 8, 1)),
    ...     PlanFacts(role="close_contact", day_one=date(2022, 8, 4)),
    ... ]
    >>> plan = merged_plan(both, adopted, books.profile("guangdong-2022"), zone=ZoneInfo("Asia/Shanghai")).value
    >>> plan.on(date(2022, 8, 5)).place, plan.ends.isoformat()
    ('central_isolation', '2022-08-14T00:00:00+08:00')
    """
    rulings = [plan_through(one, adoptions, profile, zone=zone) for one in several]
    asked: dict[date, list[tuple[str, str]]] = {}
    tests: set[date] = set()
    for facts, ruling in zip(several, rulings, strict=True):
        for day, place, tested in _dates(ruling.value, zone):
            asked.setdefault(day, []).append((place, facts.role))
            if tested:
                tests.add(day)
    waiting = tuple(
        OpenPhase(
            since=max(one.first, one.served_from or one.first), place=one.name, role=facts.role
        )
        for facts, ruling in zip(several, rulings, strict=True)
        for one in ruling.value.phases[-1:]
        if ruling.value.ends is None and _by_result(one)
    )
    for day, told in asked.items():
        told += [(one.place, one.role) for one in waiting if one.since <= day]
    days = tuple(_plan_day(day, told, test=day in tests) for day, told in sorted(asked.items()))
    running = [ruling.value for ruling in rulings if ruling.value.phases]
    ends = [one.ends for one in running if one.ends is not None]
    return Ruling(
        value=MergedPlan(
            days=days, ends=None if waiting or not ends else max(ends), awaits_result=bool(waiting),
            plans=tuple(ruling.value for ruling in rulings), open=waiting,
        ),
        reasons=tuple(dict.fromkeys(reason for one in rulings for reason in one.reasons)),
        trace=tuple(step for one in rulings for step in one.trace),
        assumed=tuple(dict.fromkeys(said for one in rulings for said in one.assumed)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """One date that a revision changes; None where the plan asks nothing on it."""

    day: date
    before: PlanDay | None
    after: PlanDay | None


def plan_changes(before: MergedPlan, after: MergedPlan) -> tuple[PlanChange, ...]:
    """Return every date on which a revised plan asks something else, so that no plan is revised silently."""
    old, new = ({one.day: one for one in plan.days} for plan in (before, after))
    return tuple(
        PlanChange(day=day, before=old.get(day), after=new.get(day))
        for day in sorted({*old, *new})
        if old.get(day) != new.get(day)
    )


def tests_due(plan: MergedPlan, *, since: date, until: date) -> tuple[date, ...]:
    """Return the test days of a plan from `since` until before `until`."""
    return tuple(one.day for one in plan.days if one.test and since <= one.day < until)


def place_rank(place: str) -> int:
    """
    Return how strict a place is; one that the order does not know counts as the strictest.

    >>> place_rank("home_isolation") < place_rank("central_isolation")
    True
    """
    return PLACE_ORDER.index(place) if place in PLACE_ORDER else len(PLACE_ORDER)


def _anchor(role: str, profile: Profile) -> str:
    """Return the anchor the profile names for a role."""
    told = profile.value("isolation_day_one")
    if not isinstance(told, Mapping) or role not in told:
        raise ProtocolError(f"{profile.where}: isolation_day_one says nothing of a {role}")
    if told[role] not in ANCHORS:
        raise ProtocolError(
            f"{profile.where}: isolation_day_one of a {role} is {told[role]!r}; expected one of {sorted(ANCHORS)}"
        )
    return str(told[role])


def _phase(told: PhaseSpec, first: date, found: date | None, *, at_intake: bool) -> Phase:
    last = day_number(first, told.days) if told.days else None
    dates = [day_number(first, number) for number in told.tests]
    served = found if found is not None and first < found else None
    if served is not None:
        past = [one for one in dates if one < served]
        dates = [one for one in dates if one >= served]
        if past and at_intake and (last is None or served <= last):
            dates = sorted({served, *dates})
    return Phase(
        name=told.name, days=told.days, first=first, last=last, tests=tuple(dates), served_from=served,
        specimen=told.specimen, release=told.release, may_go_out=told.may_go_out, fallback=told.fallback,
        tests_needed=told.tests_needed, min_gap_h=told.min_gap_h,
    )  # fmt: skip


def _phase_ends(phase: Phase, facts: PlanFacts, zone: tzinfo) -> datetime | None:
    release = phase.release or ""
    if release.startswith("on_negative_result_of_day_"):
        least = day_number(phase.first, int(release.rsplit("_", 1)[1]))
        return min((reported for day, reported in facts.negatives if day >= least), default=None)
    if release.startswith("two_consecutive_ct_at_least_"):
        since = min(phase.tests, default=phase.first)
        return _after_two_results(facts, float(release.rsplit("_", 1)[1]), since, zone)
    return midnight_after(phase.last, zone) if phase.last is not None else None


def _after_two_results(
    facts: PlanFacts, least: float, since: date, zone: tzinfo
) -> datetime | None:
    results = sorted(one for one in facts.ct if one[0] >= since)
    for (_, before), (day, value) in pairwise(results):
        if before >= least and value >= least:
            return midnight_after(day, zone)
    return None


def _plan_day(day: date, told: Sequence[tuple[str, str]], *, test: bool) -> PlanDay:
    return PlanDay(
        day=day, place=max((place for place, _ in told), key=place_rank),
        roles=tuple(sorted({role for _, role in told})), test=test,
    )  # fmt: skip


def _by_result(phase: Phase) -> bool:
    return (phase.release or "").startswith(("on_negative", "two_consecutive"))


def _dates(plan: Plan, zone: tzinfo) -> Iterable[tuple[date, str, bool]]:
    """
    Return the dates of a plan, each with its place and whether a test is due; a date begun is a date asked.

    A phase that a result ends goes on to that result; while it is awaited, as far as days and tests are told.
    """
    for phase in plan.phases:
        last = phase.last or max(phase.tests, default=phase.first)
        if _by_result(phase) and plan.ends is not None:
            last = (plan.ends.astimezone(zone) - timedelta(microseconds=1)).date()
        day = max(phase.first, phase.served_from or phase.first)
        while day <= last:
            if plan.ends is not None and midnight_after(day - timedelta(days=1), zone) >= plan.ends:
                break
            yield day, phase.name, day in phase.tests
            day += timedelta(days=1)


def _gone(role: str, ruling: Ruling[Plan], rulebook: Rulebook) -> Reason:
    leaf = rulebook.parameters.get("zone.classes")
    first = ruling.reasons[0]
    return Reason(
        zh=f"{rulebook.name_zh}不再判定这类人员，自采用之时起解除。",
        en=f"The {rulebook.name_en} no longer determines a {role.replace('_', ' ')}; it ends when the command adopts that text.",
        source=leaf.source if leaf is not None else first.source,
        confidence=leaf.confidence if leaf is not None else first.confidence,
    )  # fmt: skip
