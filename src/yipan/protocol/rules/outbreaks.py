"""When an outbreak is over, how long contacts are followed, and in which band an index lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from yipan.protocol.clocks import midnight_after
from yipan.protocol.parameters import Profile, ProtocolError, Rulebook
from yipan.protocol.ruling import Reason, Ruling


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
    last = max(anchors)
    day_n = last + timedelta(days=leaf.value)
    heightened = rulebook.get("outbreak.heightened_days")
    reason = Reason(
        zh=f"自{last:%Y年%m月%d日}次日起{leaf.value}天无新病例，至{day_n:%Y年%m月%d日}24时期满。",
        en=f"{leaf.value} days without a new case, counted from the day after {last}, end at 24:00 of {day_n}.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(
        value=Countdown(
            day_1=last + timedelta(days=1),
            day_n=day_n,
            complete_at=midnight_after(day_n, zone),
            heightened_until=day_n + timedelta(days=heightened) if heightened else None,
        ),
        reasons=(reason,),
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
