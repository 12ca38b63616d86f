"""What a person is asked to do and when it ends: phases, places, test days, release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import pairwise

from yipan.protocol.clocks import day_number, midnight_after
from yipan.protocol.parameters import Adopted, Profile, ProtocolError, Rulebook
from yipan.protocol.ruling import Reason, Ruling


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


def person_plan(
    facts: PlanFacts, rulebook: Rulebook, profile: Profile, *, zone: tzinfo
) -> Ruling[Plan]:
    """
    Rule on a person's plan under one rulebook: empty phases where it does not determine the role.

    Day n is `day_one` + n - 1; a phase of N days ends 24:00 of day N. Test days past at intake become one test
    at intake. A release on a result ends when the result is reported (contact) or on the day of the second of two
    results in a row that reach the Ct value (case at home).

    Raises ProtocolError where the profile leaves the first day open.

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
    key = f"person.{facts.role}"
    if not rulebook.has(key):
        return Ruling(value=Plan(phases=(), ends=None, rulebook=rulebook.id))
    if profile.value("isolation_day_one") != "anchor_date":
        raise ProtocolError(
            f"isolation_day_one {profile.value('isolation_day_one')!r}; expected anchor_date"
        )
    leaf = rulebook.leaf(key)
    phases: list[Phase] = []
    first = facts.day_one
    ends: datetime | None = None
    for told in leaf.value:
        days = told.get("days")
        last = day_number(first, days) if days else None
        dates = [day_number(first, number) for number in told.get("tests", ())]
        served = facts.found if facts.found is not None and first < facts.found else None
        if served is not None:
            past = [one for one in dates if one < served]
            within = last is None or served <= last
            dates = [one for one in dates if one >= served]
            if past and within:
                dates = sorted({served, *dates})
        phases.append(Phase(
            name=told["name"], days=days, first=first, last=last, tests=tuple(dates), served_from=served,
            specimen=told.get("specimen"), release=told.get("release"), may_go_out=told.get("may_go_out"),
            fallback=told.get("fallback"), tests_needed=told.get("tests_needed"), min_gap_h=told.get("min_gap_h"),
        ))  # fmt: skip
        release = told.get("release", "")
        if release.startswith("on_negative_result_of_day_"):
            least = day_number(first, int(release.rsplit("_", 1)[1]))
            ends = min(
                (reported for day, reported in facts.negatives if day >= least), default=None
            )
        elif release.startswith("two_consecutive_ct_at_least_"):
            ends = _after_two_results(facts, float(release.rsplit("_", 1)[1]), min(dates), zone)
        elif last is not None:
            ends = midnight_after(last, zone)
        if last is not None:
            first = day_number(last, 2)
    reason = Reason(
        zh=f"依照{rulebook.name_zh}，从{facts.day_one:%Y年%m月%d日}（第1天）起算。",
        en=f"Under the {rulebook.name_en} days are counted from {facts.day_one.isoformat()} as day 1.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(
        value=Plan(phases=tuple(phases), ends=ends, rulebook=rulebook.id), reasons=(reason,),
        assumed=(profile.said("isolation_day_one"),),
    )  # fmt: skip


def plan_through(
    facts: PlanFacts, adoptions: Sequence[Adopted], profile: Profile, *, zone: tzinfo
) -> Ruling[Plan]:
    """
    Rule on a plan through changes of version: under `only_shorter` the earlier end holds, never before adoption.

    A role that the newer book no longer determines ends when it is adopted.
    """
    if not adoptions:
        raise ValueError("adoptions: expected at least one")
    ruling = person_plan(facts, adoptions[0].rulebook, profile, zone=zone)
    for one in adoptions[1:]:
        ends = ruling.value.ends
        if one.policy != "only_shorter" or (ends is not None and ends <= one.at):
            continue
        newer = person_plan(facts, one.rulebook, profile, zone=zone)
        if not newer.value.phases:
            if ruling.value.phases:
                leaf_reason = ruling.reasons
                ruling = Ruling(
                    value=Plan(phases=ruling.value.phases, ends=one.at, rulebook=one.rulebook.id),
                    reasons=leaf_reason, assumed=(*ruling.assumed, profile.said("transition_policy")),
                )  # fmt: skip
            break
        shorter = max(newer.value.ends, one.at) if newer.value.ends is not None else None
        if ends is None or (shorter is not None and shorter <= ends):
            ruling = Ruling(
                value=Plan(phases=newer.value.phases, ends=shorter, rulebook=one.rulebook.id),
                reasons=newer.reasons, assumed=(*newer.assumed, profile.said("transition_policy")),
            )  # fmt: skip
    return ruling


def _after_two_results(
    facts: PlanFacts, least: float, since: date, zone: tzinfo
) -> datetime | None:
    results = sorted(one for one in facts.ct if one[0] >= since)
    for (_, before), (day, value) in pairwise(results):
        if before >= least and value >= least:
            return midnight_after(day, zone)
    return None
