"""What a line of an order does to the clock of a zone: which level it has afterwards, and from when its days run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from yipan.protocol.parameters import Rulebook
from yipan.protocol.rules.zones import ZoneFacts
from yipan.protocol.ruling import Reason, Ruling, TraceStep

LEVEL_ORDER = ("ended", "normal", "low", "precaution", "medium", "controlled", "sealed", "high")
"""Levels, the mildest first; a class outside the protocol stands above low and below none of these."""


class ZoneOrder(StrEnum):
    """What a line may order."""

    SET = "set"
    RAISE = "raise"
    LOWER = "lower"
    END = "end"
    RESET = "reset"
    SPLIT = "split"
    MERGE = "merge"
    HOLD_BACK = "hold_back"


def order_effect(
    order: ZoneOrder,
    zones: Sequence[ZoneFacts],
    rulebook: Rulebook,
    *,
    effective: datetime,
    level: str | None = None,
    clock_start: datetime | None = None,
    parts: int = 2,
    reason: str | None = None,
) -> Ruling[tuple[ZoneFacts, ...]]:
    """
    Rule on what zones become by one line of an order that takes effect at `effective`.

    - `set`: one zone at `level`, its days running from `effective` (or `clock_start`, where the order names it).
    - `raise`, `lower`: the level changes and a new stage begins; a medium zone that was high keeps that in mind.
    - `reset`: the level stays and the days run anew; nothing that happened before counts.
    - `end`: the zone is over. `hold_back`: the level stays past its time, with the reason.
    - `split`: so many parts, each with the level and clock of the whole. `merge`: one zone of the strictest level;
      its days run from the latest start, since all of it must have been quiet.

    Raises ValueError where the line does not fit the zones: raised to a milder level, reset before it began, ...

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("cn-covid-9ed")
    >>> noon = datetime(2022, 9, 1, 3, tzinfo=UTC)
    >>> medium = ZoneFacts(level="medium", clock_start=datetime(2022, 8, 28, tzinfo=UTC))
    >>> (high,) = order_effect(ZoneOrder.RAISE, [medium], book, effective=noon, level="high").value
    >>> high.level, high.clock_start == noon
    ('high', True)
    """
    if effective.tzinfo is None:
        raise ValueError(f"the order takes effect at {effective}, which has no time zone")
    given = tuple(zones)
    _check_numbers(order, given, level, parts)
    for one in given:
        if effective < one.clock_start:
            raise ValueError(
                f"{order.value} at {effective} lies before the zone's clock, {one.clock_start}"
            )
    start = clock_start or effective
    found: tuple[ZoneFacts, ...]
    match order:
        case ZoneOrder.SET:
            assert level is not None
            found = (ZoneFacts(level=level, clock_start=start),)
        case ZoneOrder.RAISE | ZoneOrder.LOWER:
            assert level is not None
            found = (_moved(order, given[0], level, start),)
        case ZoneOrder.END:
            found = (
                replace(
                    given[0], level="ended", clock_start=effective, held_back=None, held_reason=None
                ),
            )
        case ZoneOrder.RESET:
            found = (replace(given[0], clock_start=start),)
        case ZoneOrder.HOLD_BACK:
            found = (replace(given[0], held_back=effective, held_reason=reason),)
        case ZoneOrder.SPLIT:
            found = given * parts
        case ZoneOrder.MERGE:
            found = (_merged(given),)
    leaf = rulebook.leaf("zone.classes")
    outside = sorted({one.level for one in found} - {*leaf.value, "ended", "normal"})
    said = "、".join(outside)
    reasons = tuple(
        Reason(
            zh=f"{rulebook.name_zh}没有“{said}”这一类别，已记录并标记。",
            en=f"The {rulebook.name_en} has no class {', '.join(outside)}; it is kept and flagged.",
            source=leaf.source, confidence=leaf.confidence,
        )
        for _ in outside[:1]
    )  # fmt: skip
    trace = (TraceStep(what=f"ordered: {order.value}", at=effective, detail=reason or ""),)
    return Ruling(value=found, reasons=reasons, trace=trace)


def _check_numbers(
    order: ZoneOrder, given: Sequence[ZoneFacts], level: str | None, parts: int
) -> None:
    needed = {ZoneOrder.SET: 0, ZoneOrder.MERGE: None}.get(order, 1)
    if needed is not None and len(given) != needed:
        raise ValueError(f"{order.value} concerns {needed} zones that exist, got {len(given)}")
    if order is ZoneOrder.MERGE and len(given) < 2:
        raise ValueError(f"merge concerns at least two zones, got {len(given)}")
    if order in {ZoneOrder.SET, ZoneOrder.RAISE, ZoneOrder.LOWER} and not level:
        raise ValueError(f"{order.value} names no level")
    if order is ZoneOrder.SPLIT and parts < 2:
        raise ValueError(f"split into {parts}; at least two parts")


def _rank(level: str) -> float:
    return LEVEL_ORDER.index(level) if level in LEVEL_ORDER else LEVEL_ORDER.index("low") + 0.5


def _moved(order: ZoneOrder, zone: ZoneFacts, level: str, start: datetime) -> ZoneFacts:
    up = _rank(level) > _rank(zone.level)
    if _rank(level) == _rank(zone.level) or up is not (order is ZoneOrder.RAISE):
        raise ValueError(f"{order.value} from {zone.level} to {level} is no such step")
    return replace(
        zone, level=level, clock_start=start, after_high=order is ZoneOrder.LOWER and zone.level == "high",
        held_back=None, held_reason=None, signed=None, published=None,
    )  # fmt: skip


def _merged(given: Sequence[ZoneFacts]) -> ZoneFacts:
    strictest = max(given, key=lambda one: _rank(one.level))
    same = [one for one in given if one.level == strictest.level]
    contacts = [one.contacts_clear for one in given]
    return ZoneFacts(
        level=strictest.level, clock_start=max(one.clock_start for one in given),
        after_high=all(one.after_high for one in same),
        infections=tuple(dict.fromkeys(found for one in given for found in one.infections)),
        rounds=(), contacts_clear=None if None in contacts else max(at for at in contacts if at is not None),
    )  # fmt: skip
