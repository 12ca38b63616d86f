"""The seven shapes every rule is made of: clock, ladder, schedule, scope, trigger, time limit, bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from operator import ge, gt, le, lt
from typing import Any

from yipan.protocol.clocks import after_days, midnight_after
from yipan.protocol.parameters import Parameter, Profile, ProtocolError, Rulebook
from yipan.protocol.ruling import TraceStep

OPERATORS = {">": gt, ">=": ge, "<": lt, "<=": le}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """
    Something that must have happened before a clock is complete.

    With `within_hours` it must happen no earlier than so many hours before the period ends; None lets any time do.
    """

    name: str
    within_hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """
    A stretch of time without certain events.

    `granularity` is `instant` (N days are N x 24 hours) or `date` (whole days, complete at 24:00 of the last).
    With dates, `day_zero` 0 makes the date after the anchor day 1, and 1 the date of the anchor itself.
    `resets` are the kinds of event that start it again, `spares` the circumstances in which such an event does not.
    `late_guard` says what holds when a guard is met after the period: `wait`, or `restart` for another period.
    """

    name: str
    anchor: str
    days: float
    granularity: str = "instant"
    day_zero: int = 1
    resets: frozenset[str] = frozenset()
    spares: frozenset[str] = frozenset()
    guards: tuple[Guard, ...] = ()
    late_guard: str = "wait"

    def __post_init__(self) -> None:
        if not self.days >= 0:
            raise ValueError(f"clock {self.name} runs {self.days} days; expected 0 or more")
        for name, value, allowed in (
            ("granularity", self.granularity, {"instant", "date"}),
            ("day_zero", self.day_zero, {0, 1}),
            ("late_guard", self.late_guard, {"wait", "restart"}),
        ):
            if value not in allowed:
                raise ProtocolError(
                    f"clock {self.name}: {name} {value!r}; expected one of {sorted(allowed)}"
                )

    def ends(self, start: datetime) -> datetime:
        """
        Return when a period that starts at `start` is over.

        >>> clock = Clock(name="outbreak", anchor="last case", days=42, granularity="date", day_zero=0)
        >>> clock.ends(datetime(2026, 3, 2, 15, tzinfo=UTC)).isoformat()
        '2026-04-14T00:00:00+00:00'
        """
        if self.granularity == "instant":
            return after_days(start, self.days)
        assert start.tzinfo is not None
        return midnight_after(self.last_day(start.date()), start.tzinfo)

    def last_day(self, anchor: date) -> date:
        """Return the last date of a clock that counts dates."""
        return anchor + timedelta(days=int(self.days) - self.day_zero)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event that may reset a clock: its kind, when it was found, from when it counts, what may spare the clock."""

    kind: str
    at: datetime
    counts_from: datetime
    circumstances: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilment:
    """
    When a guard was met, and when what met it began, where that is known and must not lie before the window.

    >>> Fulfilment(at=datetime(2022, 9, 8, 9, tzinfo=UTC)).first.isoformat()
    '2022-09-08T09:00:00+00:00'
    """

    at: datetime
    began: datetime | None = None

    @property
    def first(self) -> datetime:
        """The first instant of it that is known."""
        return self.at if self.began is None else self.began


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """Where a clock stands: `eligible_at` is None while a guard is missing."""

    start: datetime
    period_ends: datetime
    eligible_at: datetime | None
    missing: tuple[str, ...]
    trace: tuple[TraceStep, ...]


def run_clock(
    clock: Clock,
    start: datetime,
    happenings: Sequence[Happening] = (),
    met: Mapping[str, Sequence[Fulfilment]] | None = None,
    *,
    in_force: datetime | None = None,
) -> ClockReading:
    """
    Run a clock over what happened: resets before it is complete, guards, late guards.

    `met` holds how each guard was fulfilled; of a guard with a window what began before the window opens does not
    count. An event at the very instant at which the clock is
    complete comes too late to reset it. Events before `start` reset nothing. `in_force` is when the text that sets
    the clock came to hold, where that was after the start: until then the clock could end nothing, so an event that
    was found earlier is never too late.

    >>> clock = Clock(name="zone", anchor="order", days=7, resets=frozenset({"infection"}))
    >>> begun = datetime(2022, 9, 1, 11, tzinfo=UTC)
    >>> again = Happening(kind="infection", at=begun + timedelta(days=2), counts_from=begun + timedelta(days=2))
    >>> run_clock(clock, begun, [again]).period_ends.isoformat()
    '2022-09-10T11:00:00+00:00'
    """
    zone = local_zone(start)
    fulfilled = {
        name: [(one.first.astimezone(UTC), one.at.astimezone(UTC)) for one in several]
        for name, several in (met or {}).items()
    }
    trace = [TraceStep(what="clock started", at=start)]
    begun = since = start.astimezone(UTC)
    earliest = begun if in_force is None else in_force.astimezone(UTC)
    for one in sorted(happenings, key=lambda each: (each.at, each.counts_from)):
        if one.kind not in clock.resets:
            continue
        spared = sorted(one.circumstances & clock.spares)
        if one.at < begun or spared:
            detail = spared[0] if spared else "before the clock"
            trace.append(TraceStep(what="infection does not reset", at=one.at, detail=detail))
            continue
        eligible = _stands(clock, since, fulfilled, zone)[1]
        if eligible is not None and one.at >= max(eligible, earliest):
            break
        since = max(since, one.counts_from.astimezone(UTC))
        trace.append(TraceStep(what="clock reset", at=since.astimezone(zone), detail=one.kind))
    ends, at, missing, restarts = _stands(clock, since, fulfilled, zone)
    local = None if at is None else at.astimezone(zone)
    trace.extend(
        TraceStep(what="clock restarted, guard late", at=again.astimezone(zone))
        for again in restarts
    )
    trace.append(TraceStep(what="quiet period ends", at=ends.astimezone(zone)))
    trace.extend(TraceStep(what="guard missing", at=None, detail=name) for name in missing)
    trace.append(TraceStep(what="eligible", at=local))
    return ClockReading(
        start=(restarts[-1] if restarts else since).astimezone(zone), period_ends=ends.astimezone(zone),
        eligible_at=local, missing=missing, trace=tuple(trace),
    )  # fmt: skip


def _stands(
    clock: Clock,
    since: datetime,
    met: Mapping[str, Sequence[tuple[datetime, datetime]]],
    zone: tzinfo,
) -> tuple[datetime, datetime | None, tuple[str, ...], tuple[datetime, ...]]:
    """
    Return the end of the period, when all holds, the guards missing, and restarts for late guards, in UTC.

    Instants of one zone are compared by the clock on the wall in Python, which goes back once a year; those of UTC
    are not.
    """
    restarts: list[datetime] = []
    latest = max((at for several in met.values() for _, at in several), default=since)
    while True:
        ends = clock.ends(since.astimezone(zone)).astimezone(UTC)
        instants, missing, late = [ends], [], False
        for guard in clock.guards:
            told = met.get(guard.name, ())
            done = [at for _, at in told]
            if guard.within_hours is not None:
                opens = max(since, ends - timedelta(hours=guard.within_hours))
                done = [at for began, at in told if began >= opens]
                late = late or not done or min(done) > ends
            if done:
                instants.append(min(done))
            else:
                missing.append(guard.name)
        if clock.late_guard == "restart" and late and latest > ends and clock.days > 0:
            restarts.append(ends)
            since = ends
            continue
        return ends, None if missing else max(instants), tuple(missing), tuple(restarts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One state of a ladder, the state below it, and the clock that leads there; None where nothing does by itself."""

    state: str
    to: str | None
    clock: Clock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """States and how one steps down from each. A ladder may be empty: then nothing can be put on it."""

    rungs: Mapping[str, Rung] = field(default_factory=dict)

    def rung(self, state: str) -> Rung | None:
        """Return the rung of a state, or None where the ladder does not have it."""
        return self.rungs.get(state)


def zone_ladder(rulebook: Rulebook, profile: Profile) -> Ladder:
    """
    Return the ladder of zones under a rulebook, empty where it has no zones.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> sorted(zone_ladder(books.rulebook("cn-covid-20m"), books.profile("guangdong-2022")).rungs)
    ['high', 'low']
    """
    states = list(rulebook.get("zone.classes") or ())
    if rulebook.has("zone.medium_after_high.quiet_days"):
        states.append("medium_after_high")
    return Ladder(rungs={
        state: Rung(
            state=state, to=rulebook.get(f"zone.{state}.to"),
            clock=zone_clock_of(rulebook, profile, state) if rulebook.has(f"zone.{state}.quiet_days") else None,
        )
        for state in states
    })  # fmt: skip


def zone_clock_of(rulebook: Rulebook, profile: Profile, stage: str) -> Clock:
    """Return the clock of one stage of a zone. Raises ProtocolError where the rulebook has none."""
    guards = []
    late = "wait"
    if rulebook.has(f"zone.{stage}.closing_round_hours"):
        guards.append(
            Guard(
                name="closing_round",
                within_hours=rulebook.value(f"zone.{stage}.closing_round_hours"),
            )
        )
        late = profile.one_of("late_closing_round", {"wait", "restart"})
    if rulebook.has(f"zone.{stage}.contacts_clear_days"):
        guards.append(Guard(name="contacts_clear"))
    spares = {"does_not_count"}
    if not profile.one_of("isolated_positives_reset", {True, False}):
        spares.add("isolated")
    if rulebook.get("zone.home_isolated_contacts_do_not_reset") is True:
        spares.add("home_isolated_contact")
    return Clock(
        name=f"zone.{stage}", anchor="order", days=rulebook.value(f"zone.{stage}.quiet_days"),
        resets=frozenset({"infection", "new_contacts_moved"}), spares=frozenset(spares), guards=tuple(guards),
        late_guard=late,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSpec:
    """
    One phase of a schedule as the rulebook has it: place and length, test days counted within the phase, release.

    `days` is None where a result decides; `tests_needed` with `min_gap_h` where the days are free.
    """

    name: str
    days: int | None = None
    tests: tuple[int, ...] = ()
    specimen: str | None = None
    release: str | None = None
    may_go_out: str | None = None
    fallback: str | None = None
    tests_needed: int | None = None
    min_gap_h: int | None = None

    def __post_init__(self) -> None:
        if self.days is not None and self.days < 1:
            raise ProtocolError(f"phase {self.name} of {self.days} days; a phase has at least one")
        if self.days is not None and any(not 1 <= one <= self.days for one in self.tests):
            raise ProtocolError(
                f"phase {self.name} of {self.days} days has test days {list(self.tests)}"
            )


def schedule(rulebook: Rulebook, role: str) -> tuple[PhaseSpec, ...]:
    """
    Return the phases a rulebook asks of a role, empty where it does not determine the role.

    >>> from yipan.protocol import protocols
    >>> [one.name for one in schedule(protocols().rulebook("cn-covid-20m"), "close_contact")]
    ['central_isolation', 'home_isolation']
    """
    key = f"person.{role}"
    if not rulebook.has(key):
        return ()
    return tuple(phase_spec(told) for told in rulebook.value(key))


def phase_spec(told: Mapping[str, Any]) -> PhaseSpec:
    """Return a phase from its entry. Raises ProtocolError for a key it does not have."""
    try:
        return PhaseSpec(**{**told, "tests": tuple(told.get("tests", ()))})
    except TypeError:
        known = sorted(PhaseSpec.__slots__)
        unknown = sorted(set(told) - set(known))
        raise ProtocolError(
            f"phase {dict(told)}: unknown or missing key {unknown or ['name']}; known are {known}"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a zone is made of: allowed units, finest first where it matters, units never allowed, and when wider."""

    units: tuple[str, ...]
    never: tuple[str, ...] = ()
    widen_if: tuple[str, ...] = ()
    low: str = "county"


def zone_scope(rulebook: Rulebook, profile: Profile) -> Scope:
    """Return the scope of a zone under a rulebook; raises ProtocolError where it says nothing of units."""
    return Scope(
        units=tuple(rulebook.value("zone.units")), never=tuple(rulebook.get("zone.units_never") or ()),
        widen_if=tuple(rulebook.get("zone.units_widen_if") or ()),
        low=profile.one_of("low_scope", {"county", "street"}),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A threshold with its operator: met when `reading operator value`. What is counted, and over which days, is named."""

    name: str
    operator: str
    value: float
    counted: str
    window_days: int | None = None

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise ProtocolError(
                f"trigger {self.name}: operator {self.operator!r}; expected one of {sorted(OPERATORS)}"
            )

    def met(self, reading: float) -> bool:
        """
        Whether the reading meets it.

        >>> Trigger(name="warning", operator=">", value=20, counted="Breteau index").met(20)
        False
        """
        return bool(OPERATORS[self.operator](reading, self.value))


def trigger(rulebook: Rulebook, key: str) -> Trigger:
    """Return a trigger of a rulebook. Raises ProtocolError where it sets none."""
    told = rulebook.value(key)
    return Trigger(
        name=key, operator=told["operator"], value=told["value"], counted=told["counted"],
        window_days=told.get("window_days"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimit:
    """From one event to another within so many hours."""

    name: str
    begins: str
    ends: str
    hours: float

    def due(self, begun: datetime) -> datetime:
        """Return the last instant that keeps the limit."""
        return after_days(begun, self.hours / 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The least and the most a measure may ask, and which direction is the stricter."""

    name: str
    stricter: str
    value: float
    floor: float | None = None
    ceiling: float | None = None

    def excess(self, local: float) -> float:
        """
        Return by how much a local value is stricter than the protocol's; 0 where it is not.

        >>> Bound(name="test to leave the city", stricter="lower", value=48).excess(24)
        24
        """
        return max(0, local - self.value if self.stricter == "higher" else self.value - local)


def bound(leaf: Parameter) -> Bound:
    """Return the bound a parameter sets. Raises ProtocolError where it does not say which direction is stricter."""
    if leaf.stricter is None:
        raise ProtocolError(f"{leaf.where}: {leaf.key} does not say which direction is stricter")
    return Bound(
        name=leaf.key,
        stricter=leaf.stricter,
        value=leaf.value,
        floor=leaf.floor,
        ceiling=leaf.ceiling,
    )


def local_zone(moment: datetime) -> tzinfo:
    """Return the time zone an instant carries. Raises ValueError where it carries none."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.tzinfo or UTC
