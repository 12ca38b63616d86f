"""When an outbreak is over, how long contacts are followed, and in which band an index lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from yipan.protocol.clocks import after_days, midnight_after
from yipan.protocol.keys import said
from yipan.protocol.parameters import Parameter, Profile, ProtocolError, Rulebook
from yipan.protocol.primitives import Clock, Trigger, trigger
from yipan.protocol.ruling import Reason, Ruling, TraceStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """Whole days counted from the day after the anchor; complete at 24:00 of the last one."""

    day_1: date
    day_n: date
    complete_at: datetime
    heightened_until: date | None = None


def outbreak_end(anchors: Sequence[date], rulebook: Rulebook, *, zone: tzinfo) -> Ruling[Countdown]:
    """
    Rule on when an outbreak is over: the latest anchor of any case counts, day 1 is the day after it.

    Raises ValueError without an anchor, ProtocolError where the rulebook has no rule for the end.
    Source: WHO note on zero Ebola cases (May 2015); the ends declared in Korea in 2015 and 2018 agree.

    >>> from zoneinfo import ZoneInfo
    >>> from yipan.protocol import protocols
    >>> mers = protocols().rulebook("mers")
    >>> outbreak_end([date(2015, 11, 25)], mers, zone=ZoneInfo("Asia/Seoul")).value.complete_at.isoformat()
    '2015-12-24T00:00:00+09:00'
    """
    if not anchors:
        raise ValueError("no anchor: the count starts from the last case, which is not given")
    leaf = rulebook.leaf("outbreak.quiet_days")
    clock = Clock(
        name="outbreak", anchor="last case", days=leaf.value, granularity="date", day_zero=0
    )
    last = max(anchors)
    day_n = clock.last_day(last)
    heightened = rulebook.get("outbreak.heightened_days")
    reason = Reason(
        zh=f"自{last:%Y年%m月%d日}次日起{leaf.value}天无新病例，至{day_n:%Y年%m月%d日}24时期满。",
        en=f"{leaf.value} days without a new case, counted from the day after {last}, end at 24:00 of {day_n}.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    complete = midnight_after(day_n, zone)
    return Ruling(
        value=Countdown(
            day_1=last + timedelta(days=1),
            day_n=day_n,
            complete_at=complete,
            heightened_until=day_n + timedelta(days=heightened) if heightened else None,
        ),
        reasons=(reason,),
        trace=(
            TraceStep(what="latest anchor", at=None, detail=last.isoformat()),
            TraceStep(what="eligible", at=complete),
        ),
    )


def follow_up(last_exposure: date, rulebook: Rulebook) -> Ruling[tuple[date, date]]:
    """
    Rule on the first and last day on which a contact is followed up; day 1 is the day after the exposure.

    Raises ProtocolError where the rulebook follows no contacts.
    """
    leaf = rulebook.leaf("follow_up.contact_days")
    last = last_exposure + timedelta(days=leaf.value)
    reason = Reason(
        zh=f"末次暴露后随访{leaf.value}天，至{last:%Y年%m月%d日}。",
        en=f"Contacts are followed for {leaf.value} days after the last exposure, until {last}.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=(last_exposure + timedelta(days=1), last), reasons=(reason,))


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What a contact is asked: measure, whether quarantined, whether work is allowed, days of checks; None: not set."""

    measure: str | None
    quarantine: bool | None
    work_allowed: bool | None
    checks: tuple[date, ...]


def follow_up_measure(
    first_exposure: date, last_exposure: date, rulebook: Rulebook
) -> Ruling[FollowUp]:
    """
    Rule on what a contact is asked during follow-up; check days are counted from the last exposure as day 0.

    Raises ValueError where the first exposure lies after the last, ProtocolError where contacts are not followed.

    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("h5n1")
    >>> follow_up_measure(date(2026, 3, 1), date(2026, 3, 2), book).value.checks[-1]
    datetime.date(2026, 3, 12)
    """
    if first_exposure > last_exposure:
        raise ValueError(f"first exposure {first_exposure} lies after the last, {last_exposure}")
    leaf = rulebook.leaf("follow_up.contact_days")
    checks = tuple(
        last_exposure + timedelta(days=int(day))
        for day in rulebook.get("follow_up.check_days") or ()
    )
    return Ruling(
        value=FollowUp(
            measure=rulebook.get("follow_up.measure"), quarantine=rulebook.get("follow_up.quarantine"),
            work_allowed=rulebook.get("follow_up.work_allowed"), checks=checks,
        ),
        reasons=(Reason(
            zh=f"接触者随访{leaf.value}天。", en=f"Contacts are followed for {leaf.value} days.",
            source=leaf.source, confidence=leaf.confidence,
        ),),
    )  # fmt: skip


def infectious_period(onset: date, rulebook: Rulebook) -> Ruling[tuple[date, date]]:
    """
    Rule on the first and last infectious day of a case; the onset is day 0.

    Raises ProtocolError where the rulebook does not say.

    >>> from yipan.protocol import protocols
    >>> infectious_period(date(2026, 5, 4), protocols().rulebook("measles")).value[0]
    datetime.date(2026, 4, 30)
    """
    before, after = rulebook.leaf("infectious.days_before"), rulebook.leaf("infectious.days_after")
    first, last = onset - timedelta(days=before.value), onset + timedelta(days=after.value)
    return Ruling(value=(first, last), reasons=(Reason(
        zh=f"传染期为发病前{before.value}天至发病后{after.value}天。",
        en=f"A case is infectious from {before.value} days before to {after.value} days after onset.",
        source=before.source, confidence=before.confidence,
    ),))  # fmt: skip


def excluded_until(last_onset: date, rulebook: Rulebook) -> Ruling[date]:
    """
    Rule on the day until which unvaccinated pupils stay away, after the last onset in the institution.

    >>> from yipan.protocol import protocols
    >>> excluded_until(date(2026, 5, 4), protocols().rulebook("measles")).value
    datetime.date(2026, 5, 25)
    """
    leaf = rulebook.leaf("exclusion.unvaccinated_days")
    until = last_onset + timedelta(days=leaf.value)
    return Ruling(value=until, reasons=(Reason(
        zh=f"未免疫者至末例发病后{leaf.value}天不到校。",
        en=f"The unvaccinated stay away until {leaf.value} days after the last onset.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def back_after(symptoms_ended: datetime, rulebook: Rulebook) -> Ruling[tuple[datetime, datetime]]:
    """
    Rule on the earliest and the latest instant from which somebody may come back after symptoms ended.

    The source gives a range; both ends are answered and a person chooses.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> back_after(datetime(2026, 3, 1, 8, tzinfo=UTC), protocols().rulebook("norovirus")).value[0].isoformat()
    '2026-03-03T08:00:00+00:00'
    """
    leaf = rulebook.leaf("exclusion.after_symptoms_hours")
    low, high = min(leaf.value), max(leaf.value)
    found = (after_days(symptoms_ended, low / 24), after_days(symptoms_ended, high / 24))
    return Ruling(value=found, reasons=(Reason(
        zh=f"症状消失后{low}至{high}小时方可返岗返校。",
        en=f"People come back {low} to {high} h after symptoms ended.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def counts_as_anchor(event: str, rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether a kind of event starts the count to the end of an outbreak. Raises ProtocolError where it is not set.

    >>> from yipan.protocol import protocols
    >>> counts_as_anchor("burial", protocols().rulebook("ebola")).value
    True
    """
    leaf = rulebook.leaf("outbreak.anchor")
    counts = event in leaf.value
    reason = Reason(
        zh="该事件可作为起算日。" if counts else "该事件不作为起算日。",
        en=f"The count {'starts' if counts else 'does not start'} from this event.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=counts, reasons=(reason,))


def is_cluster(linked_cases: int, rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether so many linked cases make a cluster; exactly the number does.

    >>> from yipan.protocol import protocols
    >>> is_cluster(5, protocols().rulebook("cn-covid-9ed")).value
    True
    """
    leaf = rulebook.leaf("outbreak.cluster_cases")
    reason = Reason(
        zh=f"有关联的病例{linked_cases}例，{leaf.value}例及以上为聚集性疫情。",
        en=f"{linked_cases} linked cases; {leaf.value} or more make a cluster.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=linked_cases >= leaf.value, reasons=(reason,))


def exposed(
    rulebook: Rulebook, *, distance_m: float | None = None, entered_after_hours: float | None = None
) -> Ruling[bool]:
    """
    Rule on whether somebody was exposed: near enough, or in a room soon enough after the case had left it.

    `entered_after_hours` 0 stands for the same time. At the limit counts. Raises ProtocolError where the rulebook
    sets neither measure that was given, ValueError where none was given.

    >>> from yipan.protocol import protocols
    >>> exposed(protocols().rulebook("measles"), entered_after_hours=2).value
    True
    """
    if distance_m is None and entered_after_hours is None:
        raise ValueError("exposure: expected a distance or the hours after the case left")
    found: list[tuple[bool, Parameter]] = []
    if distance_m is not None:
        leaf = rulebook.leaf("exposure.distance_m")
        found.append((distance_m <= leaf.value, leaf))
    if entered_after_hours is not None:
        leaf = rulebook.leaf("exposure.room_hours_after")
        found.append((0 <= entered_after_hours <= leaf.value, leaf))
    return Ruling(
        value=any(holds for holds, _ in found),
        reasons=tuple(
            Reason(
                zh=f"{said(leaf.key)[0]}：{leaf.value:g}。", en=f"{said(leaf.key)[1]}: {leaf.value:g}.",
                source=leaf.source, confidence=leaf.confidence,
            )
            for _, leaf in found
        ),
    )  # fmt: skip


def core_radius(rulebook: Rulebook) -> Ruling[float]:
    """
    Rule on the radius in metres of the core area around a case of a disease that people do not pass on.

    >>> from yipan.protocol import protocols
    >>> core_radius(protocols().rulebook("dengue-gd")).value
    100.0
    """
    leaf = rulebook.leaf("core.radius_m")
    reason = Reason(
        zh=f"核心区半径{leaf.value:g}米。", en=f"The core has a radius of {leaf.value:g} m.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(value=float(leaf.value), reasons=(reason,))


def next_survey(last: date, rulebook: Rulebook) -> Ruling[tuple[date, date]]:
    """
    Rule on the first and last day on which the next survey is due.

    >>> from yipan.protocol import protocols
    >>> next_survey(date(2026, 7, 1), protocols().rulebook("dengue-gd")).value[1]
    datetime.date(2026, 7, 7)
    """
    leaf = rulebook.leaf("survey.every_days")
    first, latest = (last + timedelta(days=int(n)) for n in (min(leaf.value), max(leaf.value)))
    reason = Reason(
        zh=f"每{min(leaf.value)}至{max(leaf.value)}天监测一次。",
        en=f"A survey every {min(leaf.value)} to {max(leaf.value)} days.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=(first, latest), reasons=(reason,))


def search_window(arrival: date, rulebook: Rulebook) -> Ruling[tuple[date, date]]:
    """
    Rule on the first and last day on which febrile residents of the core area are sought after an imported case.

    >>> from yipan.protocol import protocols
    >>> search_window(date(2026, 7, 1), protocols().rulebook("dengue-gd")).value[1]
    datetime.date(2026, 7, 26)
    """
    leaf = rulebook.leaf("search.imported_window_days")
    first, last = (arrival + timedelta(days=int(n)) for n in leaf.value)
    return Ruling(value=(first, last), reasons=(Reason(
        zh=f"输入病例入境后第{leaf.value[0]}至{leaf.value[1]}天搜索发热者。",
        en=f"Febrile residents are sought from day {leaf.value[0]} to day {leaf.value[1]} after arrival.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def triggered(reading: float, key: str, rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether a reading meets a trigger of the rulebook, with its operator; `key` is the part after `trigger.`.

    >>> from yipan.protocol import protocols
    >>> triggered(20, "breteau_warning", protocols().rulebook("dengue-gd")).value
    False
    """
    leaf = rulebook.leaf(f"trigger.{key}")
    told: Trigger = trigger(rulebook, leaf.key)
    met = told.met(reading)
    window_zh = f"（{told.window_days}天内）" if told.window_days else ""
    window_en = f" within {told.window_days} days" if told.window_days else ""
    return Ruling(value=met, reasons=(Reason(
        zh=f"{told.counted}{window_zh}为{reading:g}，触发条件为{told.operator}{told.value:g}。",
        en=f"{told.counted}{window_en}: {reading:g}; the trigger is {told.operator} {told.value:g}.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def index_band(reading: float, key: str, rulebook: Rulebook, profile: Profile) -> Ruling[str]:
    """
    Rule on the band of an index. The text says above and below; the profile says what equality means.

    `equality_at_threshold` is `undefined` (the answer names the boundary), `lower` or `higher`.
    Raises ValueError for a negative reading.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> profile = books.profile("guangdong-2022")
    >>> index_band(5.0, "index.breteau", books.rulebook("dengue-gd"), profile).value
    'at_boundary_5'
    """
    if not reading >= 0:
        raise ValueError(f"an index of {reading} is not possible; it is 0 or more")
    leaf = rulebook.leaf(key)
    equality = profile.value("equality_at_threshold")
    if equality not in {"undefined", "lower", "higher"}:
        raise ProtocolError(
            f"equality_at_threshold {equality!r}; expected undefined, lower or higher"
        )
    band = ""
    at_edge = False
    for name, above in sorted(leaf.value.items(), key=lambda one: float(one[1])):
        at_edge = at_edge or (reading == above and above > 0)
        if reading == above and above > 0 and equality == "undefined":
            band = f"at_boundary_{above}"
        elif reading > above or above == 0 or (reading == above and equality == "higher"):
            band = name
    reason = Reason(
        zh=f"指数为{reading}。",
        en=f"The index is {reading}.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    assumed = (profile.said("equality_at_threshold"),) if at_edge else ()
    return Ruling(value=band, reasons=(reason,), assumed=assumed)
