"""When a zone may step down: its clock, its resets, its closing round, and a change of version on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from yipan.model import AreaPath, ancestors_of
from yipan.protocol.clocks import after_days, hours_between
from yipan.protocol.parameters import Adopted, Profile, Rulebook
from yipan.protocol.primitives import Fulfilment, Happening, run_clock, zone_clock_of, zone_ladder
from yipan.protocol.ruling import Reason, Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInfection:
    """
    An infection found in a zone; `controlled` is when the person was taken out and control re-imposed.

    `counts` False: a recovered person's repeat positive, or what a recorded decision leaves out. `isolated`: the
    person was in central isolation already. `home_isolated_contact`: a co-resident or contact of a positive under
    strict home isolation, without spread beyond the household. `new_contacts_moved`: when contacts that an isolated
    person made in the zone were taken away (Eighth Edition).
    """

    found: datetime
    controlled: datetime | None = None
    counts: bool = True
    home_isolated_contact: bool = False
    isolated: bool = False
    new_contacts_moved: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("found", "controlled", "new_contacts_moved"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"an infection is {name} at {moment}, which has no time zone")
        if self.controlled is not None and self.controlled < self.found:
            raise ValueError(
                f"controlled at {self.controlled}, before it was found at {self.found}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRound:
    """
    A full round of a zone's roster, all negative; `completed` is when the last result was known.

    `sampling_began` is the first sample where it is known: a round begun before the window opens is not the closing
    round.
    """

    completed: datetime
    sampling_began: datetime | None = None

    def __post_init__(self) -> None:
        if self.completed.tzinfo is None:
            raise ValueError(f"round completed at {self.completed}, which has no time zone")
        if self.sampling_began is not None and self.sampling_began > self.completed:
            raise ValueError(
                f"sampling began at {self.sampling_began}, after the round was completed"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundProgress:
    """How far a round was at an instant: so many of the roster sampled."""

    at: datetime
    sampled: int
    roster: int

    def __post_init__(self) -> None:
        if not 0 <= self.sampled <= self.roster:
            raise ValueError(f"{self.sampled} sampled of a roster of {self.roster} at {self.at}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFacts:
    """
    What is known of one zone episode: its level, its clock, what was found in it, its rounds.

    `clock_start` is the execution time of the order; `signed` and `published` where a profile starts the clock
    there. `held_back` is from when the command keeps the level by a recorded decision, with `held_reason`.
    """

    level: str
    clock_start: datetime
    after_high: bool = False
    infections: tuple[NewInfection, ...] = ()
    rounds: tuple[ClosingRound, ...] = ()
    progress: tuple[RoundProgress, ...] = ()
    contacts_clear: datetime | None = None
    signed: datetime | None = None
    published: datetime | None = None
    held_back: datetime | None = None
    held_reason: str | None = None

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
    """
    Where a clock stands: when the quiet period ends, and from when all holds (None while a guard is missing).

    `unsampled` is how many of the roster had not been sampled when the period ended, None where nobody told.
    """

    start: datetime
    period_ends: datetime
    eligible_at: datetime | None
    missing: tuple[str, ...]
    unsampled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFlag:
    """
    Something about a zone that somebody must look at: `severity` is check, needs_reason or late.

    `limit` and `observed` are hours, or numbers of people for a round; None where there is nothing to compare.
    """

    code: str
    at: datetime
    severity: str
    limit: float | None = None
    observed: float | None = None
    reasons: tuple[Reason, ...] = ()


def zone_clock(
    facts: ZoneFacts, rulebook: Rulebook, profile: Profile, *, in_force: datetime | None = None
) -> Ruling[ZoneClock]:
    """
    Rule on one stage of one zone under one rulebook, with reasons and trace.

    A counting infection found before the zone is eligible restarts the clock when it was controlled, else when it
    was found. `in_force` is when a text that was adopted while the clock ran came to hold: until then it freed
    nobody, so an infection found earlier counts even where this text alone would have ended the zone before. What a late closing round does, from which instant the clock runs, and whether the positives of
    people already isolated count, the profile says. Contacts of a sealed area (Eighth Edition) are a guard as well:
    `contacts_clear` is the instant from which their days and negative tests are complete.

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
    clock = zone_clock_of(rulebook, profile, stage)
    assumed = [profile.said("start_instant")]
    if rulebook.has(f"zone.{stage}.closing_round_hours"):
        assumed.append(profile.said("late_closing_round"))
    if any(one.isolated for one in facts.infections):
        assumed.append(profile.said("isolated_positives_reset"))
    start = first_instant(facts, profile)
    met: dict[str, Sequence[Fulfilment]] = {
        "closing_round": [
            Fulfilment(at=one.completed, began=one.sampling_began) for one in facts.rounds
        ]
    }
    if facts.contacts_clear is not None:
        met["contacts_clear"] = [Fulfilment(at=facts.contacts_clear)]
    reading = run_clock(clock, start, _happenings(facts, rulebook), met, in_force=in_force)
    unsampled = _unsampled(facts, reading.period_ends)
    reason = Reason(
        zh=f"自{reading.start:%Y年%m月%d日%H时%M分}起连续{quiet.value}天无新增感染者，期满时间为{reading.period_ends:%Y年%m月%d日%H时%M分}。",
        en=f"{quiet.value} days without a new infection run from {reading.start:%Y-%m-%d %H:%M} and end {reading.period_ends:%Y-%m-%d %H:%M}.",
        source=quiet.source, confidence=quiet.confidence,
    )  # fmt: skip
    reasons = [reason]
    if "closing_round" in reading.missing:
        leaf = rulebook.leaf(f"zone.{stage}.closing_round_hours")
        count_zh = f"（期满时尚有{unsampled}人未采样）" if unsampled else ""
        count_en = (
            f" ({unsampled} people had not been sampled when the period ended)" if unsampled else ""
        )
        after_zh = "完成后即可降级，不重新计时" if clock.late_guard == "wait" else "逾期则重新计时"
        after_en = (
            "the zone waits for it and does not start again"
            if clock.late_guard == "wait"
            else "if it is late, the days start again"
        )
        reasons.append(Reason(
            zh=f"还缺一次全员核酸检测全部阴性的结果{count_zh}；{after_zh}。",
            en=f"A full round of everyone, all negative, is still missing{count_en}; {after_en}.",
            source=leaf.source, confidence=leaf.confidence,
        ))  # fmt: skip
    if "contacts_clear" in reading.missing:
        leaf = rulebook.leaf(f"zone.{stage}.contacts_clear_days")
        reasons.append(Reason(
            zh=f"区域内末例感染者的密接末次暴露满{leaf.value}天且检测阴性后方可解除。",
            en=f"The last contact's exposure must lie {leaf.value} days back with negative tests first.",
            source=leaf.source, confidence=leaf.confidence,
        ))  # fmt: skip
    value = ZoneClock(
        start=reading.start, period_ends=reading.period_ends, eligible_at=reading.eligible_at,
        missing=reading.missing, unsampled=unsampled,
    )  # fmt: skip
    return Ruling(value=value, reasons=tuple(reasons), trace=reading.trace, assumed=tuple(assumed))


def zone_steps(
    facts: ZoneFacts, adoptions: Sequence[Adopted], profile: Profile
) -> Ruling[tuple[Step, ...]]:
    """
    Rule on every step down of a zone, each taken the instant it is due, through changes of version.

    `adoptions` come in order of time; the first is the one in force when the clock started. Under `only_shorter`
    a running clock is looked at again under the newer book and the earlier instant holds; an infection found while
    the zone stood resets it there as well, though the newer book would have ended the zone before. Under
    `as_started` it runs to its end under the older one. A class that the newer book no longer has ends at adoption. A class that
    no book knows never steps down by itself, until a book forbids temporary sealing. From `held_back` on no step is
    proposed.

    Raises ValueError without an adoption or with adoptions out of order; ProtocolError as `zone_clock`.
    """
    _check_order(adoptions)
    number = _began_under(facts, adoptions)
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
            rung = zone_ladder(book, profile).rung(_stage(facts))
            step = Step(
                to=rung.to if rung is not None and rung.to else "low",
                eligible_at=at,
                rulebook=book.id,
            )
            if gone is not None:
                step = gone[0]
                reasons.append(gone[1])
                assumed[f"transition_policy = {adoptions[number].decided(profile)}"] = None
            if facts.held_back is not None and at >= facts.held_back:
                reasons.extend(_held(facts, rulings))
                break
            steps.append(step)
            facts = replace(
                facts, level=step.to, clock_start=at, after_high=facts.level == "high", signed=at, published=at,
            )  # fmt: skip
            applying = [adoptions[number]]
            if not book.has(f"zone.{_stage(facts)}.quiet_days"):
                break
        elif following is not None:
            number += 1
            if following.decided(profile) == "only_shorter":
                applying.append(following)
            assumed[f"transition_policy = {following.decided(profile)}"] = None
        else:
            break
    for ruling in rulings:
        assumed.update(dict.fromkeys(ruling.assumed))
    return Ruling(
        value=tuple(steps),
        reasons=tuple(dict.fromkeys([*(reason for ruling in rulings for reason in ruling.reasons), *reasons])),
        trace=tuple(dict.fromkeys(one for ruling in rulings for one in ruling.trace)),
        assumed=tuple(assumed),
    )  # fmt: skip


def running_clock(
    facts: ZoneFacts, adoptions: Sequence[Adopted], profile: Profile, *, at: datetime
) -> Ruling[ZoneClock] | None:
    """
    Rule on the clock that governs a zone at `at`: of the books that apply by then, the one that frees it first.

    Where none frees it yet, the one whose quiet period ends first. None where no book has a clock for the level.
    `at` is before the step down, or the instant of it. Raises as `zone_steps`.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> through = [
    ...     Adopted(rulebook=books.rulebook(version), at=datetime(2022, month, 12, tzinfo=UTC))
    ...     for version, month in (("cn-covid-9ed", 7), ("cn-covid-20m", 11))
    ... ]
    >>> facts = ZoneFacts(level="high", clock_start=datetime(2022, 11, 10, tzinfo=UTC))
    >>> for day in (11, 13):
    ...     ruling = running_clock(
    ...         facts, through, books.profile("guangdong-2022"), at=datetime(2022, 11, day, tzinfo=UTC)
    ...     )
    ...     ruling.value.period_ends.date().isoformat()
    '2022-11-17'
    '2022-11-15'
    """
    _check_order(adoptions)
    number = _began_under(facts, adoptions)
    applying = [adoptions[number]] + [
        one
        for one in adoptions[number + 1 :]
        if one.at <= at and one.decided(profile) == "only_shorter"
    ]
    clocks = _running(facts, applying, profile)
    if not clocks:
        return None
    return min(
        clocks,
        key=lambda one: (
            one[1] is None,
            one[1] or one[0].value.period_ends,
            one[0].value.period_ends,
        ),
    )[0]


def known_at(facts: ZoneFacts, moment: datetime) -> ZoneFacts:
    """
    Return the facts without what happened after `moment`: infections, rounds, progress, publication, holding back.

    >>> from datetime import UTC
    >>> noon = datetime(2022, 9, 1, 12, tzinfo=UTC)
    >>> facts = ZoneFacts(level="high", clock_start=noon, infections=(NewInfection(found=noon),))
    >>> known_at(facts, noon).infections == facts.infections
    True
    """

    def until(at: datetime | None) -> datetime | None:
        return at if at is not None and at <= moment else None

    return replace(
        facts,
        infections=tuple(one for one in facts.infections if one.found <= moment),
        rounds=tuple(one for one in facts.rounds if one.completed <= moment),
        progress=tuple(one for one in facts.progress if one.at <= moment),
        held_back=until(facts.held_back), signed=until(facts.signed), published=until(facts.published),
        contacts_clear=until(facts.contacts_clear),
    )  # fmt: skip


def zone_flags(
    facts: ZoneFacts, adoptions: Sequence[Adopted], profile: Profile, *, at: datetime
) -> tuple[ZoneFlag, ...]:
    """
    Say what somebody must look at in a zone whose level at `at` is still that of `facts`.

    What happened after `at` is not known yet and is left out.

    `closing_round_incomplete`: the period is over and people of the roster were not sampled.
    `no_order_when_period_elapsed`: the period is over, nothing tells that the round is complete, nothing was ordered.
    `lifting_late`: all conditions have held longer than the grace time of the profile.
    `held_back_without_reason`: kept by the command, with no reason recorded.
    `class_outside_protocol`: the rulebook in force knows no such class.
    `publication_late`: published later than the limit after it took effect (or not yet).
    """
    inforce = [one for one in adoptions if one.at <= at] or list(adoptions[:1])
    book = inforce[-1].rulebook
    flags = _publication_flag(facts, book, at)
    facts = known_at(facts, at)
    if facts.level not in (book.get("zone.classes") or ()):
        leaf = book.parameters.get("zone.classes")
        flags.append(ZoneFlag(
            code="class_outside_protocol", at=at, severity="needs_reason",
            reasons=() if leaf is None else (Reason(
                zh=f"{book.name_zh}没有“{facts.level}”这一类别。", en=f"The {book.name_en} has no class {facts.level}.",
                source=leaf.source, confidence=leaf.confidence,
            ),),
        ))  # fmt: skip
    if facts.held_back is not None and facts.held_back <= at and not facts.held_reason:
        flags.append(
            ZoneFlag(code="held_back_without_reason", at=facts.held_back, severity="needs_reason")
        )
    steps = zone_steps(replace(facts, held_back=None), adoptions, profile).value
    if steps and steps[0].eligible_at <= at:
        grace = float(profile.value("overdue_grace_hours"))
        hours = hours_between(steps[0].eligible_at, at)
        if hours > grace and facts.held_back is None:
            flags.append(ZoneFlag(
                code="lifting_late", at=steps[0].eligible_at, severity="late", limit=grace, observed=hours,
            ))  # fmt: skip
    elif (
        (clock := running_clock(facts, adoptions, profile, at=at)) is not None
        and clock.value.period_ends <= at
        and clock.value.missing
    ):
        unsampled = clock.value.unsampled
        flags.append(ZoneFlag(
            code="closing_round_incomplete" if unsampled else "no_order_when_period_elapsed",
            at=clock.value.period_ends, severity="check" if unsampled else "needs_reason",
            limit=0 if unsampled else None, observed=unsampled or None, reasons=clock.reasons,
        ))  # fmt: skip
    return tuple(flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpan:
    """From when until when an area held a zone above low; `until` None where it still does."""

    area: AreaPath
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSpan:
    """What an area is outside its zones: `low` (`precaution` in the Eighth Edition) or `normal`; `since` and `until` None where open."""

    area: AreaPath
    since: datetime | None
    until: datetime | None
    status: str


def surrounding_status(
    spans: Iterable[ZoneSpan], area: AreaPath, rulebook: Rulebook, profile: Profile
) -> Ruling[tuple[StatusSpan, ...]]:
    """
    Rule on what the county of `area` (or its street, as the profile says) is outside its zones, in order of time.

    It is low while at least one zone above low exists in it and normal from the instant the last one ends. The
    county is the third step of an area path, the street the fourth; where there are no counties (Dongguan,
    Zhongshan) the third step is the town that commands.

    >>> from datetime import UTC
    >>> from yipan.model import area_path
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> zone = ZoneSpan(area=area_path("44.4403.440303."), since=datetime(2022, 9, 1, tzinfo=UTC))
    >>> ruling = surrounding_status(
    ...     [zone], zone.area, books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022")
    ... )
    >>> [one.status for one in ruling.value]
    ['normal', 'low']
    """
    scope = profile.one_of("low_scope", {"county", "street"})
    depth = 3 if scope == "county" else 4
    steps = (*ancestors_of(area), area)
    within = steps[min(depth, len(steps)) - 1]
    leaf = rulebook.leaf("zone.classes")
    held = "precaution" if "precaution" in leaf.value else "low"
    if not leaf.value:
        return Ruling(value=(StatusSpan(area=within, since=None, until=None, status="normal"),))
    changes: list[tuple[datetime, int]] = []
    for one in spans:
        if one.area.startswith(within):
            changes.append((one.since, 1))
            if one.until is not None:
                changes.append((one.until, -1))
    found: list[StatusSpan] = []
    since: datetime | None = None
    open_zones = 0
    for at, change in sorted(changes, key=lambda each: (each[0], -each[1])):
        before = open_zones
        open_zones += change
        if (before > 0) is not (open_zones > 0):
            if since != at:
                found.append(
                    StatusSpan(
                        area=within, since=since, until=at, status=held if before else "normal"
                    )
                )
            since = at
    found.append(
        StatusSpan(area=within, since=since, until=None, status=held if open_zones else "normal")
    )
    reason = Reason(
        zh="有高、中风险区时，其余地区为低风险区；全部解除后恢复常态化。",
        en="While there is a zone the rest is low-risk; when all have ended it is normal again.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=tuple(found), reasons=(reason,), assumed=(profile.said("low_scope"),))


def contacts_clear_at(
    last_exposure: datetime, tests_negative: datetime, rulebook: Rulebook, level: str
) -> Ruling[datetime]:
    """
    Rule on when the contacts of a sealed area are through: days since the last exposure, and negative tests.

    Raises ProtocolError where the rulebook does not ask for it.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> first = datetime(2022, 4, 1, tzinfo=UTC)
    >>> book = protocols().rulebook("cn-covid-8ed")
    >>> contacts_clear_at(first, first, book, "sealed").value.isoformat()
    '2022-04-15T00:00:00+00:00'
    """
    leaf = rulebook.leaf(f"zone.{level}.contacts_clear_days")
    reason = Reason(
        zh=f"末例密接末次暴露满{leaf.value}天且检测阴性。",
        en=f"The last contact's exposure lies {leaf.value} days back and tests are negative.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(
        value=max(after_days(last_exposure, leaf.value), tests_negative), reasons=(reason,)
    )


def may_leave(level: str, rulebook: Rulebook) -> Ruling[str]:
    """
    Rule on how far somebody in a zone of this level may go: `home`, `zone`, or `anywhere` where nothing is set.

    >>> from yipan.protocol import protocols
    >>> may_leave("medium", protocols().rulebook("cn-covid-9ed")).value
    'zone'
    """
    leaf = rulebook.parameters.get(f"zone.{level}.may_leave")
    if leaf is None:
        return Ruling(value="anywhere")
    home = leaf.value == "home"
    reason = Reason(
        zh="足不出户，上门服务。" if home else "人不出区，错峰取物。",
        en="Stay at home; services come to the door." if home else "Stay in the zone; goods are picked up at staggered hours.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(value=str(leaf.value), reasons=(reason,))


def zone_units(
    units: Iterable[str], rulebook: Rulebook, *, circumstances: Iterable[str] = ()
) -> Ruling[str]:
    """
    Rule on whether a zone may be drawn in such units: `ok`, `review` (wider than in principle), `forbidden`.

    `units` are those of `Place.units`; `circumstances` such as `risk_unclear` or `wide_spread`.

    >>> from yipan.protocol import protocols
    >>> zone_units({"compound"}, protocols().rulebook("cn-covid-10m")).value
    'forbidden'
    """
    asked = set(units)
    never = rulebook.parameters.get("zone.units_never")
    leaf = rulebook.leaf("zone.units")
    if never is not None and asked & {*never.value, *(["area"] if "street" in never.value else [])}:
        told = "、".join(sorted(asked))
        return Ruling(value="forbidden", reasons=(Reason(
            zh=f"不得以{told}为单位划定风险区。", en=f"A zone may not be drawn by {', '.join(sorted(asked))}.",
            source=never.source, confidence=never.confidence,
        ),))  # fmt: skip
    rank = (
        "room",
        "stack",
        "household",
        "floor",
        "unit",
        "building",
        "compound",
        "village",
        "polygon",
        "area",
    )
    widest = max((rank.index(one) for one in asked), default=0)
    allowed = max(rank.index(one) for one in leaf.value if one in rank)
    widened = sorted(set(circumstances) & set(rulebook.get("zone.units_widen_if") or ()))
    answer = "ok" if widest <= allowed or widened else "review"
    return Ruling(value=answer, reasons=(Reason(
        zh=f"{rulebook.name_zh}一般以{'、'.join(leaf.value)}为单位划定。",
        en=f"The {rulebook.name_en} draws zones by {', '.join(leaf.value)} in principle.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def zone_needed(circumstances: Mapping[str, bool], rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether a zone must be set after an infection; where none is, that must still be announced.

    `circumstances` says of each that the rulebook names whether it holds. Raises ValueError where one is missing.
    """
    leaf = rulebook.parameters.get("zone.optional_if")
    classes = rulebook.get("zone.classes") or ()
    if leaf is None:
        return Ruling(value=bool(classes))
    for one in leaf.value:
        if one not in circumstances:
            raise ValueError(f"whether {one} holds is not said; {rulebook.id} asks for it")
    optional = all(circumstances[one] for one in leaf.value)
    return Ruling(value=not optional, reasons=(Reason(
        zh="散发病例社区传播风险低、密接已管控的，可不划定风险区，但应公布。" if optional else "应当划定风险区。",
        en="Single infections of low community risk with contacts under control need no zone, but that is announced." if optional else "A zone must be set.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def level_at(facts: ZoneFacts, steps: Sequence[Step], moment: datetime) -> str | None:
    """Return the level at an instant if each step is ordered when due; None before the zone was set."""
    if moment < facts.clock_start:
        return None
    level = facts.level
    for step in steps:
        if step.eligible_at <= moment:
            level = step.to
    return level


def _stage(facts: ZoneFacts) -> str:
    return "medium_after_high" if facts.after_high and facts.level == "medium" else facts.level


def first_instant(facts: ZoneFacts, profile: Profile) -> datetime:
    """Return the instant from which the days run, as the profile says."""
    choice = profile.one_of("start_instant", ("execution_time", "signing_time", "publication_time"))
    start = {
        "execution_time": facts.clock_start, "signing_time": facts.signed, "publication_time": facts.published,
    }[choice]  # fmt: skip
    if start is None:
        raise ValueError(f"the days run from the {choice} of the order, which is not known")
    return start


def _check_order(adoptions: Sequence[Adopted]) -> None:
    if not adoptions or any(a.at > b.at for a, b in pairwise(adoptions)):
        raise ValueError("adoptions: expected at least one, in order of time")


def _began_under(facts: ZoneFacts, adoptions: Sequence[Adopted]) -> int:
    """Return the place of the adoption that held when the clock started, the first where none did."""
    return max((i for i, one in enumerate(adoptions) if one.at <= facts.clock_start), default=0)


def _happenings(facts: ZoneFacts, rulebook: Rulebook) -> list[Happening]:
    found = []
    for one in facts.infections:
        circumstances = {
            name
            for name, holds in (
                ("does_not_count", not one.counts), ("isolated", one.isolated),
                ("home_isolated_contact", one.home_isolated_contact),
            )
            if holds
        }  # fmt: skip
        found.append(Happening(
            kind="infection", at=one.found, counts_from=one.controlled or one.found,
            circumstances=frozenset(circumstances),
        ))  # fmt: skip
        if (
            one.new_contacts_moved is not None
            and rulebook.get("zone.reanchor_on_new_contacts") is True
        ):
            moved = one.new_contacts_moved
            found.append(Happening(kind="new_contacts_moved", at=one.found, counts_from=moved))
    return found


def _unsampled(facts: ZoneFacts, at: datetime) -> int | None:
    told = [one for one in facts.progress if one.at <= at]
    if not told:
        return None
    last = max(told, key=lambda one: one.at)
    return last.roster - last.sampled


def _running(
    facts: ZoneFacts, applying: Sequence[Adopted], profile: Profile
) -> list[tuple[Ruling[ZoneClock], datetime | None]]:
    """Return the clock of a stage under every book that applies to it, with the instant it makes it due."""
    found = []
    for one in applying:
        if one.rulebook.has(f"zone.{_stage(facts)}.quiet_days"):
            newer = None if one is applying[0] else one.at
            ruling = zone_clock(facts, one.rulebook, profile, in_force=newer)
            eligible = ruling.value.eligible_at
            floor = newer or facts.clock_start
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


def _held(facts: ZoneFacts, rulings: Sequence[Ruling[ZoneClock]]) -> tuple[Reason, ...]:
    if not rulings:
        return ()
    told = facts.held_reason
    last = rulings[-1].reasons[0]
    return (Reason(
        zh=f"指挥部暂缓降级{f'，理由：{told}' if told else '，未记录理由'}。",
        en=f"The command holds this part back{f': {told}' if told else '; no reason is recorded'}.",
        source=last.source, confidence=last.confidence,
    ),)  # fmt: skip


def _publication_flag(facts: ZoneFacts, book: Rulebook, at: datetime) -> list[ZoneFlag]:
    leaf = book.parameters.get("limit.zones_published_hours")
    told = facts.published if facts.published is not None and facts.published <= at else None
    if leaf is None or (facts.published is None and facts.signed is None):
        return []
    hours = hours_between(facts.clock_start, told or at)
    if hours <= leaf.value:
        return []
    return [ZoneFlag(
        code="publication_late", at=facts.clock_start, severity="check", limit=leaf.value, observed=hours,
        reasons=(Reason(
            zh=f"风险区应在{leaf.value}小时内公布，实际{hours:.1f}小时。",
            en=f"Zones are to be published within {leaf.value} h; it took {hours:.1f} h.",
            source=leaf.source, confidence=leaf.confidence,
        ),),
    )]  # fmt: skip
