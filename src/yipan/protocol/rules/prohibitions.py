"""
The nine prohibitions (九不准): a local measure against the most the adopted protocol allows for the same class.

1 movement limits beyond medium and high zones · 2 turning back or isolating people from low areas · 3 zones kept
without ground · 4 classes of people or measures widened · 5 isolation and monitoring lengthened · 6 care refused ·
7 students who may go home isolated · 8 checkpoints at will · 9 venues of normal life closed in low areas.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from yipan.model import AreaPath, area_path
from yipan.protocol.clocks import after_days, hours_between
from yipan.protocol.parameters import Adopted, Parameter, Profile, Rulebook
from yipan.protocol.primitives import bound, schedule
from yipan.protocol.rules.authority import RANKS, level_above, rectify_by
from yipan.protocol.rules.zones import ZoneFacts, may_leave, running_clock, zone_steps
from yipan.protocol.ruling import Reason

ITEMS = {
    1: ("不准随意将限制出行的范围由中、高风险区扩大到其他地区", "no limits of movement beyond medium and high zones"),
    2: ("不准对来自低风险地区人员采取强制劝返、隔离等措施", "no turning back or isolating of people from low areas"),
    3: ("不准随意延长中、高风险区的管控时间", "no keeping of zones longer at will"),
    4: ("不准随意扩大采取隔离、管控措施的风险人员范围", "no widening of those who are isolated or controlled"),
    5: ("不准随意延长风险人员的隔离和健康监测时间", "no lengthening of isolation and monitoring"),
    6: ("不准随意以疫情防控为由拒绝提供医疗服务", "no refusal of care in the name of control"),
    7: ("不准对符合条件离校返乡的学生采取隔离等措施", "no isolation of students who may go home"),
    8: ("不准随意设置防疫检查点，限制符合条件的客、货车司乘人员通行", "no checkpoints at will"),
    9: ("不准随意关闭低风险地区保障正常生产生活的场所", "no closing of venues of normal life in low areas"),
}  # fmt: skip
"""What each item forbids, in our words."""

STRICTNESS = (
    "anywhere",
    "leave_with_test",
    "zone",
    "compound",
    "building",
    "unit",
    "floor",
    "home",
)
"""How far people may go, from free to shut in."""

UNKNOWN = "unknown"
"""A reason nobody told us: neither recorded nor known to be missing."""

_PLACE_RANK = ("nothing", "health_monitoring", "home_health_monitoring", "self_monitoring", "home_isolation",
               "central_or_home_isolation", "central_isolation")  # fmt: skip
_HOLDING = (
    "isolat",
    "return",
    "turn",
    "refus",
    "lock",
    "seal",
    "quarantine",
    "dissuad",
    "expel",
    "detain",
)


class Verdict(StrEnum):
    """Ok; review: stricter than the ceiling, a reason recorded or unknown; violation: stricter and without ground."""

    OK = "ok"
    REVIEW = "review"
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """
    Anything in force that may ask too much: who ordered it, where, since when, how many people it touches.

    `until` None: still in force. `reason` is what was recorded, None where it is known that nothing was, `UNKNOWN`
    where the record does not tell. `people` None: not known.
    """

    id: str
    area: AreaPath
    since: datetime
    until: datetime | None = None
    order_level: str = "county"
    people: int | None = None
    reason: str | None = UNKNOWN

    def __post_init__(self) -> None:
        area_path(self.area)
        if self.since.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError(f"measure {self.id}: since and until need a time zone")
        if self.until is not None and self.until < self.since:
            raise ValueError(
                f"measure {self.id}: until {self.until} lies before since {self.since}"
            )
        if self.order_level not in RANKS:
            raise ValueError(
                f"measure {self.id}: level {self.order_level!r}; expected one of {list(RANKS)}"
            )
        if self.people is not None and self.people < 0:
            raise ValueError(f"measure {self.id}: {self.people} people")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementLimit(Measure):
    """Movement limited in an area: `stays` from `STRICTNESS`; `zone_levels` the levels of the zones it is limited to, empty for an area without zones."""

    stays: str = "zone"
    zone_levels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveCondition(Measure):
    """A negative test not older than `test_hours` asked of people of a level who leave the city."""

    level: str
    test_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMeasure(Measure):
    """How far people in a zone of a level may go, `stays` from `STRICTNESS`."""

    level: str
    stays: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneKept(Measure):
    """
    A zone as it stands: the facts of its clock, and the level whose duties still hold at the moment asked.

    `level_now` other than that of the facts (a local class) tells of duties that go on under another name.
    """

    facts: ZoneFacts
    level_now: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalMeasure(Measure):
    """What was asked of somebody who came from an area of `origin_level` (at departure)."""

    origin_level: str
    measure: str
    days: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonClass(Measure):
    """A class of people, and what is asked of them; `role` as the protocol names it, or any other word."""

    role: str
    measure: str
    exposure_recorded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPlan(Measure):
    """Days in each place asked of a person of a role, in order; `computed_end` and `actual_end` where they are known."""

    role: str
    phases: tuple[tuple[str, int], ...]
    computed_end: datetime | None = None
    actual_end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareRequest(Measure):
    """Somebody asked for care: `refused` with the reason given, or open since; `alternative` was offered or not."""

    need: str
    urgent: bool = True
    refused: bool = False
    alternative: bool | None = None
    answered: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareClosure(Measure):
    """A unit that gives care was closed for `hours`; `diversion` names where patients go."""

    unit: str
    hours: float | None = None
    diversion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentReturn(Measure):
    """A student went home: whether the conditions were met, and what was asked."""

    conditions_met: bool
    measure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Measure):
    """A checkpoint on a road: who approved it (None: nobody), vehicles turned back, and those of them that met the conditions."""

    approved_by: str | None
    turned_back: int = 0
    met_conditions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueClosure(Measure):
    """A venue closed in an area of a level; `case_link` names the case or exposure that links it to an outbreak."""

    venue: str
    area_level: str
    case_link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    What one item says of one record at one moment.

    `arithmetic` is the sum as it was done; `excess_hours` and `excess_days` are beyond the protocol, None where the
    item measures neither. `owner_level` is the level above the one that ordered; `due` by when it is put right,
    None where all is well. `people` may be None: not known. Complaints attach to a finding elsewhere and never
    decide it.
    """

    record: str
    item: int
    verdict: Verdict
    area: AreaPath
    at: datetime
    reasons: tuple[Reason, ...]
    arithmetic: str
    owner_level: str
    due: datetime | None
    people: int | None = None
    excess_since: datetime | None = None
    excess_until: datetime | None = None
    excess_hours: float | None = None
    excess_days: int | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What a check found, before owner and due time are put to it."""

    item: int
    verdict: Verdict
    arithmetic: str
    zh: str
    en: str
    leaf: Parameter | None = None
    since: datetime | None = None
    until: datetime | None = None
    hours: float | None = None
    days: int | None = None
    assumed: tuple[str, ...] = field(default=())


def prohibitions(
    records: Iterable[Measure], adoptions: Sequence[Adopted], profile: Profile, *, at: datetime
) -> tuple[Finding, ...]:
    """
    Check every record in force at `at` against the rulebook adopted by then; one finding a record, in their order.

    A record that begins after `at` is not known yet and gives none. Raises ValueError without an adoption by then,
    TypeError for a record of a kind no item speaks of.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> noon = datetime(2022, 10, 9, 4, tzinfo=UTC)
    >>> student = StudentReturn(id="r11", area=area_path("44.4401."), since=noon, conditions_met=True, measure="home_isolation_7d")
    >>> adopted = [Adopted(rulebook=books.rulebook("cn-covid-9ed"), at=datetime(2022, 6, 28, tzinfo=UTC))]
    >>> [(one.item, one.verdict.value) for one in prohibitions([student], adopted, books.profile("guangdong-2022"), at=noon)]
    [(7, 'violation')]
    """
    running = [one for one in adoptions if one.at <= at]
    if not running:
        raise ValueError(f"no protocol was adopted by {at}; there is no ceiling to compare with")
    asked = _Asked(running[-1].rulebook, running, profile, at)
    return tuple(
        _finding(one, _check(one, asked), profile, at) for one in records if one.since <= at
    )


def _finding(record: Measure, found: _Found, profile: Profile, at: datetime) -> Finding:
    item_zh, item_en = ITEMS[found.item]
    leaf = found.leaf
    source = leaf.source if leaf is not None else ("g1",)
    confidence = leaf.confidence if leaf is not None else "high"
    reasons = [Reason(zh=found.zh, en=found.en, source=source, confidence=confidence)]
    if found.verdict is not Verdict.OK:
        reasons.append(Reason(
            zh=f"“九不准”第{found.item}条：{item_zh}。", en=f"Item {found.item} of the nine prohibitions: {item_en}.",
            source=("g1",), confidence="high",
        ))  # fmt: skip
    well = found.verdict is Verdict.OK
    return Finding(
        record=record.id, item=found.item, verdict=found.verdict, area=record.area, at=at, reasons=tuple(reasons),
        arithmetic=found.arithmetic, owner_level=level_above(record.order_level),
        due=None if well else rectify_by(at, profile), people=record.people,
        excess_since=None if well else found.since or record.since,
        excess_until=None if well else found.until or record.until,
        excess_hours=found.hours, excess_days=found.days,
        assumed=(*found.assumed, *(() if well else (profile.said("rectification_hours"),))),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a check may look at beside the record."""

    book: Rulebook
    adoptions: Sequence[Adopted]
    profile: Profile
    at: datetime


def _check(record: Measure, asked: _Asked) -> _Found:
    for kind, check in _CHECKS:
        if isinstance(record, kind):
            return check(record, asked)
    raise TypeError(f"no item of the nine speaks of a {type(record).__name__}")


def _stricter(record: Measure) -> Verdict:
    """Return what a stricter measure is worth where a command may have judged: without any reason a violation."""
    return Verdict.VIOLATION if record.reason is None else Verdict.REVIEW


def _zones_above_low(book: Rulebook) -> list[str]:
    return [one for one in book.get("zone.classes") or () if one not in {"low", "precaution"}]


def _movement(record: MovementLimit, book: Rulebook) -> _Found:
    leaf = book.parameters.get("zone.classes")
    allowed = _zones_above_low(book)
    outside = sorted(record.zone_levels - set(allowed)) if record.zone_levels else ["none"]
    free = STRICTNESS.index(record.stays) <= STRICTNESS.index("leave_with_test")
    sums = f"limited to zones of {sorted(record.zone_levels) or 'no level'}; allowed in {allowed}"
    if not outside or free:
        return _Found(
            1,
            Verdict.OK,
            sums,
            "限制出行未超出中高风险区。",
            "Movement is limited only where it may be.",
            leaf,
        )
    forbidden = book.parameters.get("movement.outside_zones")
    flatly = forbidden is not None and forbidden.value == "forbidden"
    return _Found(
        1, Verdict.VIOLATION if flatly else _stricter(record), sums, "限制出行的范围超出了中高风险区。",
        "Movement is limited beyond the zones.", forbidden or leaf,
    )  # fmt: skip


def _leave(record: LeaveCondition, book: Rulebook) -> _Found:
    leaf = book.parameters.get(f"zone.{record.level}.leave_city_test_hours")
    if leaf is None:
        return _Found(
            1, _stricter(record), f"test of {record.test_hours:g} h; the protocol asks none",
            f"{book.name_zh}未要求离市核酸证明。", f"The {book.name_en} asks no test to leave.", book.parameters.get("zone.classes"),
        )  # fmt: skip
    excess = bound(leaf).excess(record.test_hours)
    sums = f"{record.test_hours:g} h asked, {leaf.value:g} h allowed"
    verdict = _stricter(record) if excess else Verdict.OK
    return _Found(
        1, verdict, sums, f"离市要求{record.test_hours:g}小时核酸证明，国家规定{leaf.value:g}小时。",
        f"A test of {record.test_hours:g} h is asked to leave; the nation asks {leaf.value:g} h.", leaf,
    )  # fmt: skip


def _zone_measure(record: ZoneMeasure, book: Rulebook) -> _Found:
    classes = book.get("zone.classes") or ()
    if record.level not in classes:
        return _Found(
            4, _stricter(record), f"level {record.level}; the protocol has {list(classes)}",
            f"{book.name_zh}没有这一类区域。", f"The {book.name_en} has no such class.", book.parameters.get("zone.classes"),
        )  # fmt: skip
    ceiling = may_leave(record.level, book).value
    strict, most = STRICTNESS.index(record.stays), STRICTNESS.index(ceiling)
    if record.level == "low":
        most = max(most, STRICTNESS.index("leave_with_test"))
    leaf = book.parameters.get(f"zone.{record.level}.may_leave") or book.parameters.get(
        "zone.classes"
    )
    sums = f"people stay in: {record.stays}; the most allowed: {ceiling}"
    return _Found(
        4, Verdict.OK if strict <= most else _stricter(record), sums,
        "管控措施未超过国家规定。" if strict <= most else "管控措施严于国家规定。",
        "The measure keeps to the protocol." if strict <= most else "The measure is stricter than the protocol.", leaf,
    )  # fmt: skip


def _zone_kept(
    record: ZoneKept, book: Rulebook, adoptions: Sequence[Adopted], profile: Profile, at: datetime
) -> _Found:
    leaf = book.parameters.get(f"zone.{record.facts.level}.quiet_days") or book.parameters.get(
        "zone.classes"
    )
    steps = zone_steps(record.facts, adoptions, profile).value
    now = record.level_now or record.facts.level
    grace = float(profile.value("overdue_grace_hours"))
    assumed = (profile.said("overdue_grace_hours"),)
    due = steps[0].eligible_at if steps else None
    if due is None or at <= after_days(due, grace / 24):
        when = due
        if due is None:
            clock = running_clock(record.facts, adoptions, profile, at=at)
            when = None if clock is None else clock.value.period_ends
        told = "not due" if when is None else f"not due before {when.isoformat()}"
        return _Found(
            3, Verdict.OK, told, "尚未到解除时间。" if when is None else f"解除时间不早于{when:%Y年%m月%d日%H时%M分}。",
            "It is not due." if when is None else f"It is not due before {when:%Y-%m-%d %H:%M}.", leaf, assumed=assumed,
        )  # fmt: skip
    hours = hours_between(due, at)
    held = record.facts.held_reason or (record.reason if record.reason != UNKNOWN else None)
    verdict = Verdict.REVIEW if held or record.reason == UNKNOWN else Verdict.VIOLATION
    label = "" if now == record.facts.level else f", duties go on as {now}"
    return _Found(
        3, verdict, f"due {due.isoformat()}, at {at.isoformat()}: {hours:g} h over{label}",
        f"应于{due:%Y年%m月%d日%H时%M分}解除或降级，已超过{hours:g}小时。",
        f"It was due {due:%Y-%m-%d %H:%M}; it is {hours:g} h late.", leaf, since=due, hours=hours, assumed=assumed,
    )  # fmt: skip


def holds_people(measure: str) -> bool:
    """
    Whether a measure named in words turns back, isolates or shuts in.

    >>> holds_people("central_isolation"), holds_people("two_tests_in_three_days")
    (True, False)
    """
    return any(stem in measure.lower() for stem in _HOLDING)


def _arrival(record: ArrivalMeasure, book: Rulebook) -> _Found:
    if record.origin_level in _zones_above_low(book):
        return _Found(
            2, Verdict.OK, f"origin {record.origin_level}", "来自风险区，不适用本条。", "The origin is a zone; the item does not speak of it.",
            book.parameters.get("zone.classes"),
        )  # fmt: skip
    allowed = book.parameters.get("movement.from_low")
    leaf = allowed or book.parameters.get("zone.classes")
    sums = f"origin {record.origin_level}, measure {record.measure}"
    days = int(record.days) if record.days is not None else None
    if holds_people(record.measure):
        return _Found(
            2, Verdict.VIOLATION, sums, "对低风险地区来人采取了劝返或隔离。", "Somebody from a low area was turned back or isolated.",
            leaf, days=days, hours=None if record.days is None else record.days * 24,
            until=None if record.days is None else after_days(record.since, record.days),
        )  # fmt: skip
    if record.measure == "none" or (allowed is not None and record.measure in allowed.value):
        return _Found(2, Verdict.OK, sums, "未超过规定。", "It keeps to the protocol.", leaf)
    return _Found(
        2,
        Verdict.REVIEW,
        sums,
        "该措施不在规定之列，需核实。",
        "The protocol does not name this measure.",
        leaf,
    )


def _person_class(record: PersonClass, book: Rulebook) -> _Found:
    leaf = book.parameters.get(f"person.{record.role}")
    sums = f"class {record.role}, measure {record.measure}"
    if leaf is None and holds_people(record.measure):
        return _Found(
            4, Verdict.VIOLATION, sums, f"{book.name_zh}没有这一类风险人员。", f"The {book.name_en} has no such class of people.",
            book.parameters.get("zone.classes"),
        )  # fmt: skip
    if record.exposure_recorded is False and holds_people(record.measure):
        return _Found(
            4,
            Verdict.VIOLATION,
            f"{sums}, no exposure",
            "没有暴露记录。",
            "No exposure is on record.",
            leaf,
        )
    if leaf is None:
        return _Found(
            4,
            Verdict.REVIEW,
            sums,
            "该类人员不在规定之列。",
            "The protocol does not name this class.",
            book.parameters.get("zone.classes"),
        )
    return _Found(
        4, Verdict.OK, sums, "属于规定的风险人员。", "The class is one of the protocol.", leaf
    )


def _person_plan(record: PersonPlan, book: Rulebook, profile: Profile, at: datetime) -> _Found:
    leaf = book.parameters.get(f"person.{record.role}") or book.parameters.get("zone.classes")
    allowed = [
        place for one in schedule(book, record.role) for place in [one.name] * (one.days or 0)
    ]
    asked = [place for place, days in record.phases for _ in range(days)]
    longer = max(0, len(asked) - len(allowed))
    harder = sum(_rank(mine) > _rank(theirs) for mine, theirs in zip(asked, allowed, strict=False))
    sums = f"{len(asked)} days asked, {len(allowed)} allowed"
    hours, since = None, None
    if record.computed_end is not None:
        end = record.actual_end or at
        grace = float(profile.value("overdue_grace_hours"))
        over = hours_between(record.computed_end, end)
        sums += f"; computed end {record.computed_end.isoformat()}, ended or now {end.isoformat()}"
        if over > grace:
            hours, since = over, record.computed_end
            longer = max(longer, int(-(-over // 24)))
    if longer or harder:
        return _Found(
            5, Verdict.VIOLATION, f"{sums}; {longer} days longer, {harder} in a stricter place",
            f"多出{longer}天，另有{harder}天管控方式更严。", f"{longer} days longer than the protocol, {harder} days in a stricter place.",
            leaf, since=since, hours=hours, days=longer or harder,
        )  # fmt: skip
    return _Found(5, Verdict.OK, sums, "未超过规定天数。", "The days keep to the protocol.", leaf)


def _rank(place: str) -> int:
    return _PLACE_RANK.index(place) if place in _PLACE_RANK else len(_PLACE_RANK)


def _care_request(record: CareRequest, profile: Profile, at: datetime) -> _Found:
    if record.refused:
        sums = f"{record.need}: refused, alternative offered: {record.alternative}"
        if record.alternative is True:
            return _Found(
                6,
                Verdict.REVIEW,
                sums,
                "拒诊但已安排其他机构，需核实。",
                "Refused, but another place was offered.",
            )
        return _Found(
            6,
            Verdict.VIOLATION,
            sums,
            "以防疫为由拒诊且未作安排。",
            "Care was refused and nothing offered instead.",
        )
    if not record.urgent:
        return _Found(
            6, Verdict.OK, f"{record.need}: not urgent", "非紧急需求。", "The need is not urgent."
        )
    most = float(profile.value("urgent_care_hours"))
    hours = hours_between(record.since, record.answered or at)
    sums = f"{record.need}: {hours:g} h open, {most:g} h at most"
    assumed = (profile.said("urgent_care_hours"),)
    if hours > most:
        over = after_days(record.since, most / 24)
        return _Found(
            6, Verdict.VIOLATION, sums, f"紧急就医需求超过{most:g}小时未落实。", f"An urgent need was open longer than {most:g} h.",
            since=over, until=record.answered, hours=hours - most, assumed=assumed,
        )  # fmt: skip
    return _Found(6, Verdict.OK, sums, "在时限之内。", "It is within its time.", assumed=assumed)


def _care_closure(record: CareClosure, profile: Profile, at: datetime) -> _Found:
    most = float(profile.value("care_suspension_hours"))
    hours = record.hours
    if hours is None:
        hours = hours_between(record.since, record.until or at)
    sums = f"{record.unit}: closed {hours:g} h, {most:g} h at most; diversion: {record.diversion}"
    assumed = (profile.said("care_suspension_hours"),)
    if record.diversion is None:
        return _Found(
            6,
            Verdict.VIOLATION,
            sums,
            "停诊且未安排分流。",
            "Closed without a place to go.",
            assumed=assumed,
        )
    if hours > most:
        return _Found(
            6, Verdict.VIOLATION, sums, f"停诊超过{most:g}小时。", f"Closed longer than {most:g} h.",
            since=after_days(record.since, most / 24), hours=hours - most, assumed=assumed,
        )  # fmt: skip
    if record.reason is None:
        return _Found(
            6, Verdict.REVIEW, sums, "停诊未记录理由。", "No reason is recorded.", assumed=assumed
        )
    return _Found(
        6,
        Verdict.OK,
        sums,
        "时间短、有理由、已分流。",
        "Short, reasoned and diverted.",
        assumed=assumed,
    )


def _student(record: StudentReturn) -> _Found:
    sums = f"conditions met: {record.conditions_met}, measure {record.measure}"
    if record.conditions_met and holds_people(record.measure):
        return _Found(
            7,
            Verdict.VIOLATION,
            sums,
            "对符合条件返乡的学生采取了隔离。",
            "A student who may go home was isolated.",
        )
    return _Found(7, Verdict.OK, sums, "未超过规定。", "It keeps to the rule.")


def _checkpoint(record: Checkpoint) -> _Found:
    sums = f"approved by {record.approved_by}; {record.turned_back} turned back, {record.met_conditions} of them met the conditions"
    if record.approved_by is None:
        return _Found(
            8, Verdict.VIOLATION, sums, "检查点未经批准。", "Nobody approved the checkpoint."
        )
    if record.met_conditions > 0:
        return _Found(
            8, Verdict.VIOLATION, sums, f"劝返了{record.met_conditions}辆符合条件的车辆。",
            f"{record.met_conditions} vehicles that met the conditions were turned back.",
        )  # fmt: skip
    return _Found(
        8,
        Verdict.OK,
        sums,
        "检查点经批准，未阻拦符合条件的车辆。",
        "It is approved and stopped nobody who met the conditions.",
    )


def _venue(record: VenueClosure, book: Rulebook, profile: Profile) -> _Found:
    sums = f"{record.venue} in a {record.area_level} area, case link: {record.case_link}"
    leaf = book.parameters.get("zone.classes")
    if record.area_level in _zones_above_low(book):
        return _Found(
            9,
            Verdict.OK,
            sums,
            "位于风险区内，不适用本条。",
            "It lies in a zone; the item does not speak of it.",
            leaf,
        )
    if record.case_link is not None:
        return _Found(9, Verdict.OK, sums, "与病例有关联。", "A case is linked to it.", leaf)
    essential: Any = profile.value("essential_venues")
    assumed = (profile.said("essential_venues"),)
    if record.venue in essential:
        return _Found(
            9,
            Verdict.VIOLATION,
            sums,
            "关闭了低风险地区的民生场所。",
            "A venue of normal life was closed in a low area.",
            leaf,
            assumed=assumed,
        )
    return _Found(
        9,
        Verdict.REVIEW,
        sums,
        "是否为保障正常生产生活的场所，需核实。",
        "Whether it serves normal life is to be judged.",
        leaf,
        assumed=assumed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """
    Restriction beyond the protocol on one day in one area: people, person-hours, and the findings that make it up.

    `people_unknown` counts findings whose number of people nobody told; they add nothing and are not forgotten.
    """

    area: AreaPath
    since: datetime
    until: datetime
    people: int
    person_hours: float
    people_unknown: int
    findings: tuple[str, ...]


def daily_excess(
    findings: Iterable[Finding], *, since: datetime, until: datetime, area: AreaPath
) -> Excess:
    """
    Add up, for one area and from `since` until before `until`, people and person-hours beyond what is allowed.

    Only violations count; what awaits review does not accuse. A finding without an end runs on until `until`. People
    are added over findings, so somebody under two of them is counted twice.

    Raises ValueError where `until` does not lie after `since`.
    """
    if until <= since:
        raise ValueError(f"until {until} does not lie after since {since}")
    people = unknown = 0
    hours = 0.0
    records = []
    for one in findings:
        if one.verdict is not Verdict.VIOLATION or not one.area.startswith(area):
            continue
        begins = max(since, one.excess_since or since)
        ends = min(until, one.excess_until or until)
        if ends <= begins:
            continue
        records.append(one.record)
        if one.people is None:
            unknown += 1
            continue
        people += one.people
        hours += one.people * hours_between(begins, ends)
    return Excess(
        area=area, since=since, until=until, people=people, person_hours=hours, people_unknown=unknown,
        findings=tuple(records),
    )  # fmt: skip


_CHECKS: tuple[tuple[type[Measure], Callable[[Any, _Asked], _Found]], ...] = (
    (MovementLimit, lambda one, asked: _movement(one, asked.book)),
    (LeaveCondition, lambda one, asked: _leave(one, asked.book)),
    (ZoneMeasure, lambda one, asked: _zone_measure(one, asked.book)),
    (
        ZoneKept,
        lambda one, asked: _zone_kept(one, asked.book, asked.adoptions, asked.profile, asked.at),
    ),
    (ArrivalMeasure, lambda one, asked: _arrival(one, asked.book)),
    (PersonClass, lambda one, asked: _person_class(one, asked.book)),
    (PersonPlan, lambda one, asked: _person_plan(one, asked.book, asked.profile, asked.at)),
    (CareRequest, lambda one, asked: _care_request(one, asked.profile, asked.at)),
    (CareClosure, lambda one, asked: _care_closure(one, asked.profile, asked.at)),
    (StudentReturn, lambda one, _: _student(one)),
    (Checkpoint, lambda one, _: _checkpoint(one)),
    (VenueClosure, lambda one, asked: _venue(one, asked.book, asked.profile)),
)
