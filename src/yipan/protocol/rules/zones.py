"""When a zone may step down: its clock, its resets, its closing round, and a change of version on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from yipan.protocol.clocks import after_days
from yipan.protocol.parameters import Adopted, Profile, ProtocolError, Rulebook
from yipan.protocol.ruling import Reason, Ruling, TraceStep


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInfection:
    """An infection found in a zone; `controlled` is when the person was taken out and control re-imposed."""

    found: datetime
    controlled: datetime | None = None
    counts: bool = True
    home_isolated_contact: bool = False

    def __post_init__(self) -> None:
        if self.found.tzinfo is None or (self.controlled and self.controlled.tzinfo is None):
            raise ValueError("an infection is found and controlled at instants with a time zone")
        if self.controlled is not None and self.controlled < self.found:
            raise ValueError(
                f"controlled at {self.controlled}, before it was found at {self.found}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRound:
    """A full round of a zone's roster that ended all negative at `completed`."""

    completed: datetime

    def __post_init__(self) -> None:
        if self.completed.tzinfo is None:
            raise ValueError(f"round completed at {self.completed}, which has no time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFacts:
    """What is known of one zone episode: its level, its clock, what was found in it, its full negative rounds."""

    level: str
    clock_start: datetime
    after_high: bool = False
    infections: tuple[NewInfection, ...] = ()
    rounds: tuple[ClosingRound, ...] = ()
    contacts_clear: datetime | None = None

    def __post_init__(self) -> None:
        if self.clock_start.tzinfo is None:
            raise ValueError(f"the clock starts at {self.clock_start}, which has no time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step down: to which level, from when every condition holds, and under which rulebook."""

    to: str
    eligible_at: datetime
    rulebook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneClock:
    """Where a clock stands: when the quiet period ends, and from when all holds (None while a guard is missing)."""

    start: datetime
    period_ends: datetime
    eligible_at: datetime | None
    missing: tuple[str, ...]


def zone_clock(facts: ZoneFacts, rulebook: Rulebook, profile: Profile) -> Ruling[ZoneClock]:
    """
    Rule on one stage of one zone under one rulebook, with reasons and trace.

    A counting infection found before the zone is eligible restarts the clock when it was controlled, else when it
    was found. A late closing round waits and does not restart. Contacts of a sealed area (Eighth Edition) are a
    guard as well: `contacts_clear` is the instant from which their days and negative tests are complete.

    Raises ProtocolError where the rulebook has no clock for the level, or the profile leaves a question open.
    Source: risk-zone annex of the Ninth Edition; orders of Luohu and Nanshan run to the hour.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> facts = ZoneFacts(level="high", clock_start=datetime(2022, 9, 1, 3, tzinfo=UTC))
    >>> ruling = zone_clock(facts, books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022"))
    >>> ruling.value.period_ends.isoformat(), ruling.value.missing
    ('2022-09-08T03:00:00+00:00', ('closing_round',))
    """
    stage = _stage(facts)
    quiet = rulebook.leaf(f"zone.{stage}.quiet_days")
    round_key = f"zone.{stage}.closing_round_hours"
    needs_contacts = rulebook.has(f"zone.{stage}.contacts_clear_days")
    if profile.value("start_instant") != "execution_time":
        raise ProtocolError(
            f"start_instant {profile.value('start_instant')!r}; expected execution_time"
        )
    assumed = [profile.said("start_instant")]
    late = None
    if rulebook.has(round_key):
        late = profile.value("late_closing_round")
        if late != "wait":
            raise ProtocolError(f"late_closing_round {late!r}; expected wait")
        assumed.append(profile.said("late_closing_round"))
    trace = [TraceStep(what="clock started", at=facts.clock_start)]
    start = facts.clock_start

    def stands(since: datetime) -> ZoneClock:
        ends = after_days(since, quiet.value)
        missing = []
        instants = [ends]
        if late is not None:
            opens = ends - timedelta(hours=rulebook.value(round_key))
            done = [one.completed for one in facts.rounds if one.completed >= max(opens, since)]
            if done:
                instants.append(min(done))
            else:
                missing.append("closing_round")
        if needs_contacts:
            if facts.contacts_clear is None:
                missing.append("contacts_clear")
            else:
                instants.append(facts.contacts_clear)
        return ZoneClock(
            start=since,
            period_ends=ends,
            eligible_at=None if missing else max(instants),
            missing=tuple(missing),
        )

    spared = rulebook.get("zone.home_isolated_contacts_do_not_reset") is True
    for one in sorted(facts.infections, key=lambda infection: infection.found):
        eligible = stands(start).eligible_at
        if (
            not one.counts
            or one.found < facts.clock_start
            or (spared and one.home_isolated_contact)
        ):
            trace.append(TraceStep(what="infection does not reset", at=one.found))
            continue
        if eligible is not None and one.found >= eligible:
            break
        start = max(start, one.controlled or one.found)
        trace.append(TraceStep(what="clock reset", at=start))
    clock = stands(start)
    trace.append(TraceStep(what="quiet period ends", at=clock.period_ends))
    trace.extend(TraceStep(what="guard missing", at=None, detail=name) for name in clock.missing)
    trace.append(TraceStep(what="eligible", at=clock.eligible_at))
    reason = Reason(
        zh=f"自{start:%Y年%m月%d日%H时%M分}起连续{quiet.value}天无新增感染者，期满时间为{clock.period_ends:%Y年%m月%d日%H时%M分}。",
        en=f"{quiet.value} days without a new infection run from {start:%Y-%m-%d %H:%M} and end {clock.period_ends:%Y-%m-%d %H:%M}.",
        source=quiet.source, confidence=quiet.confidence,
    )  # fmt: skip
    reasons = [reason]
    if "closing_round" in clock.missing:
        leaf = rulebook.leaf(round_key)
        reasons.append(Reason(
            zh="还缺一次全员核酸检测全部阴性的结果；完成后即可降级，不重新计时。",
            en="A full round of everyone, all negative, is still missing; the zone waits for it and does not start again.",
            source=leaf.source, confidence=leaf.confidence,
        ))  # fmt: skip
    return Ruling(value=clock, reasons=tuple(reasons), trace=tuple(trace), assumed=tuple(assumed))


def zone_steps(
    facts: ZoneFacts, adoptions: Sequence[Adopted], profile: Profile
) -> Ruling[tuple[Step, ...]]:
    """
    Rule on every step down of a zone, each taken the instant it is due, through changes of version.

    `adoptions` come in order of time; the first is the one in force when the clock started. Under `only_shorter`
    a running clock is looked at again under the newer book and the earlier instant holds; under `as_started` it
    runs to its end under the older one. A class that the newer book no longer has ends at adoption. A class that
    no book knows never steps down by itself, until a book forbids temporary sealing.

    Raises ValueError without an adoption or with adoptions out of order; ProtocolError as `zone_clock`.
    """
    if not adoptions or any(a.at > b.at for a, b in pairwise(adoptions)):
        raise ValueError("adoptions: expected at least one, in order of time")
    number = max((i for i, one in enumerate(adoptions) if one.at <= facts.clock_start), default=0)
    known = frozenset(
        level for one in adoptions for level in one.rulebook.get("zone.classes") or ()
    )
    applying = [adoptions[number]]
    steps: list[Step] = []
    rulings: list[Ruling[ZoneClock]] = []
    reasons: list[Reason] = []
    assumed: dict[str, None] = {}
    while True:
        book = adoptions[number].rulebook
        gone = _abolished(facts, adoptions[number], known)
        clocks = [] if gone is not None else _running(facts, applying, profile)
        rulings.extend(ruling for ruling, _ in clocks)
        instants = [due for _, due in clocks if due is not None]
        at = gone[0].eligible_at if gone is not None else min(instants, default=None)
        following = adoptions[number + 1] if number + 1 < len(adoptions) else None
        if at is not None and (following is None or at <= following.at):
            step = Step(
                to=book.get(f"zone.{_stage(facts)}.to") or "low", eligible_at=at, rulebook=book.id
            )
            if gone is not None:
                step = gone[0]
                reasons.append(gone[1])
                assumed[profile.said("transition_policy")] = None
            steps.append(step)
            facts = replace(facts, level=step.to, clock_start=at, after_high=facts.level == "high")
            applying = [adoptions[number]]
            if not book.has(f"zone.{_stage(facts)}.quiet_days"):
                break
        elif following is not None:
            number += 1
            if following.policy == "only_shorter":
                applying.append(following)
                assumed[profile.said("transition_policy")] = None
        else:
            break
    for ruling in rulings:
        assumed.update(dict.fromkeys(ruling.assumed))
    return Ruling(
        value=tuple(steps),
        reasons=(*(reason for ruling in rulings for reason in ruling.reasons), *reasons),
        trace=tuple(one for ruling in rulings for one in ruling.trace),
        assumed=tuple(assumed),
    )


def _stage(facts: ZoneFacts) -> str:
    return "medium_after_high" if facts.after_high and facts.level == "medium" else facts.level


def _running(
    facts: ZoneFacts, applying: Sequence[Adopted], profile: Profile
) -> list[tuple[Ruling[ZoneClock], datetime | None]]:
    """Return the clock of a stage under every book that applies to it, with the instant it makes it due."""
    found = []
    for one in applying:
        if one.rulebook.has(f"zone.{_stage(facts)}.quiet_days"):
            ruling = zone_clock(facts, one.rulebook, profile)
            eligible = ruling.value.eligible_at
            floor = facts.clock_start if one is applying[0] else one.at
            found.append((ruling, None if eligible is None else max(eligible, floor)))
    return found


def _abolished(
    facts: ZoneFacts, adopted: Adopted, known: frozenset[str]
) -> tuple[Step, Reason] | None:
    """Return the step that ends a class the adopted book does not have, or None where the class may stand."""
    book = adopted.rulebook
    classes = book.get("zone.classes") or ()
    forbidden = book.get("zone.temporary_sealing") == "forbidden"
    if facts.level in classes or not (facts.level in known or forbidden):
        return None
    once_known = facts.level in known
    leaf = book.leaf("zone.classes" if once_known else "zone.temporary_sealing")
    step = Step(
        to="low" if once_known and "low" in classes else "ended",
        eligible_at=max(adopted.at, facts.clock_start),
        rulebook=book.id,
    )
    reason = Reason(
        zh=f"{book.name_zh}不再设这一类区域，自采用之时起解除。",
        en=f"{book.name_en} has no such class; it ends when the command adopts that text.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return step, reason


def level_at(facts: ZoneFacts, steps: Sequence[Step], moment: datetime) -> str | None:
    """Return the level at an instant if each step is ordered when due; None before the zone was set."""
    if moment < facts.clock_start:
        return None
    level = facts.level
    for step in steps:
        if step.eligible_at <= moment:
            level = step.to
    return level
