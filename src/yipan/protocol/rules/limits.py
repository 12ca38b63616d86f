"""Time limits: by when the first hours' work, laboratory reports and screening rounds must be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yipan.protocol.clocks import hours_between
from yipan.protocol.parameters import Profile, ProtocolError, Rulebook
from yipan.protocol.primitives import TimeLimit
from yipan.protocol.ruling import Reason, Ruling, TraceStep

FIRST_HOURS = ("on_site", "core_investigation", "zones_published", "golden_period")
_NAMES = {
    "on_site": ("流调人员到达现场", "investigators on site"),
    "core_investigation": ("核心流调", "core investigation"),
    "zones_published": ("划定并公布风险区", "zones drawn and published"),
    "golden_period": ("黄金24小时处置", "the golden period"),
    "full_investigation": ("完整个案流调", "full individual investigation"),
    "lab_positive_report": ("阳性结果报告", "report of a positive"),
    "lab_fever_clinic_emergency": ("发热门诊和急诊核酸报告", "laboratory report for fever clinics and emergency"),
    "lab_outpatient_inpatient_companion": ("门诊、住院和陪护核酸报告", "laboratory report for outpatients, inpatients and companions"),
    "lab_on_request": ("愿检尽检核酸报告", "laboratory report for those who ask"),
    "city_screening": ("划定区域全员核酸", "the round of the drawn area"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCheck:
    """
    One limit at one moment: when it began, by when it is due, when it was done, and how it stands.

    `state` is `waiting` (not begun), `running`, `kept`, `late` (done too late) or `overdue` (not done, too late by
    now). `hours` from beginning to done, or to now; `over_hours` beyond the limit, 0 where it is kept.
    """

    name: str
    limit_hours: float
    began: datetime | None
    due: datetime | None
    done: datetime | None
    state: str
    hours: float | None
    over_hours: float


def time_limits(rulebook: Rulebook, profile: Profile) -> tuple[TimeLimit, ...]:
    """
    Return every time limit a rulebook sets, by name, with the events it runs between.

    The first hours run from what the profile says under `time_limits_start`, the texts being silent; a screening
    round ends with what it says under `screening_limit_measured_to`; a laboratory report runs from the sample.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> limits = time_limits(books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022"))
    >>> [(one.begins, one.hours) for one in limits if one.name == "zones_published"]
    [('first_positive_report', 5)]
    """
    found = []
    for key, leaf in sorted(rulebook.parameters.items()):
        if not key.startswith("limit."):
            continue
        name = key.removeprefix("limit.").removesuffix("_hours")
        begins, ends = profile.value("time_limits_start"), name
        if name.startswith("lab_"):
            begins, ends = "sampled", "reported"
        elif name.endswith("_screening"):
            begins = "round_started"
            ends = profile.one_of("screening_limit_measured_to", ("last_sample", "last_result"))
        found.append(TimeLimit(name=name, begins=str(begins), ends=str(ends), hours=leaf.value))
    return tuple(found)


def limit_check(
    name: str, begun: datetime | None, done: datetime | None, rulebook: Rulebook, profile: Profile, *, at: datetime
) -> Ruling[LimitCheck]:  # fmt: skip
    """
    Rule on one time limit as it stands at `at`. Exactly at the limit is kept.

    What is done after `at` is not known yet and does not count. Raises ProtocolError where the rulebook sets no such
    limit, ValueError where it was done before it began.

    >>> from datetime import UTC, timedelta
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> first = datetime(2022, 10, 27, 1, tzinfo=UTC)
    >>> limit_check(
    ...     "on_site", first, first + timedelta(hours=3), books.rulebook("cn-covid-9ed"),
    ...     books.profile("guangdong-2022"), at=first + timedelta(hours=4)
    ... ).value.state
    'late'
    """
    leaf = rulebook.leaf(f"limit.{name}_hours")
    (limit,) = (one for one in time_limits(rulebook, profile) if one.name == name)
    if begun is not None and done is not None and done < begun:
        raise ValueError(f"{name} was done at {done}, before it began at {begun}")
    began = begun if begun is not None and begun <= at else None
    known = done if done is not None and done <= at else None
    due = limit.due(began) if began is not None else None
    hours = hours_between(began, known or at) if began is not None else None
    over = max(0.0, hours - limit.hours) if hours is not None else 0.0
    if began is None:
        state = "waiting"
    elif known is not None:
        state = "late" if over > 0 else "kept"
    else:
        state = "overdue" if over > 0 else "running"
    zh, en = _NAMES.get(name, (name, name.replace("_", " ")))
    reason = Reason(
        zh=f"{zh}应在{leaf.value:g}小时内完成{'' if due is None else f'，截止{due:%Y年%m月%d日%H时%M分}'}。",
        en=f"{en[0].upper()}{en[1:]}: within {leaf.value:g} h{'' if due is None else f', by {due:%Y-%m-%d %H:%M}'}.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    assumed = []
    if name.endswith("_screening"):
        assumed.append(profile.said("screening_limit_measured_to"))
    elif not name.startswith("lab_"):
        assumed.append(profile.said("time_limits_start"))
    return Ruling(
        value=LimitCheck(
            name=name, limit_hours=leaf.value, began=began, due=due, done=known, state=state, hours=hours,
            over_hours=over,
        ),
        reasons=(reason,),
        trace=(
            TraceStep(what="limit began", at=began, detail=limit.begins),
            TraceStep(what="due", at=due), TraceStep(what="done", at=known, detail=limit.ends),
        ),
        assumed=tuple(assumed),
    )  # fmt: skip


def first_hours(
    first_positive: datetime, done: Mapping[str, datetime], rulebook: Rulebook, profile: Profile, *, at: datetime
) -> Ruling[tuple[LimitCheck, ...]]:  # fmt: skip
    """
    Rule on all limits of the first hours together; `done` gives those that are, by name.

    Raises ProtocolError for a name the rulebook does not limit.
    """
    for name in done:
        if not rulebook.has(f"limit.{name}_hours"):
            raise ProtocolError(
                f"{rulebook.id} sets no limit {name!r}; it sets {_limited(rulebook)}"
            )
    rulings = [
        limit_check(name, first_positive, done.get(name), rulebook, profile, at=at)
        for name in FIRST_HOURS
        if rulebook.has(f"limit.{name}_hours")
    ]
    return Ruling(
        value=tuple(one.value for one in rulings),
        reasons=tuple(reason for one in rulings for reason in one.reasons),
        trace=tuple(step for one in rulings for step in one.trace),
        assumed=tuple(dict.fromkeys(said for one in rulings for said in one.assumed)),
    )


def _limited(rulebook: Rulebook) -> list[str]:
    return sorted(
        key.removeprefix("limit.").removesuffix("_hours")
        for key in rulebook.parameters
        if key.startswith("limit.")
    )
