"""
Residents: what applies to an address, why, and until when, from what was published; nothing in it is about a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from yipan.model import (
    Address,
    AreaPath,
    Order,
    Reason,
    Sentence,
    Zone,
    ZoneChange,
    ZonePart,
    ZoneRound,
    ancestors_of,
)
from yipan.operations.zoning import LEVEL_WORDS, Books, ClockSheet, Facts, clock_sheet
from yipan.protocol import Rulebook
from yipan.store import Question, Record
from yipan.store.nouns import OpenAfter
from yipan.store.tables.commanding import ORDERS
from yipan.store.tables.zoning import ADOPTIONS, CASE_PLACES, ROUNDS, SEVERAL, ZONES, compound_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicZone:
    """What the public may know of one zone: its level, since when, until when at the earliest, by which notice."""

    name: Sentence
    level: str
    level_name: Sentence
    since: datetime
    notice: str
    published: datetime | None
    earliest_end: datetime | None
    waits_for: tuple[Sentence, ...]
    part: ZonePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """What applies to one address at an instant, why, and until when; nothing in it is about a person."""

    area: AreaPath
    place: str
    at: datetime
    level: str
    level_name: Sentence
    says: tuple[Reason, ...]
    zones: tuple[PublicZone, ...]
    perhaps: tuple[PublicZone, ...]
    until: datetime | None


DUTIES: Mapping[str, tuple[str, str]] = {
    "home": ("足不出户，服务上门。", "Stay at home; what you need is brought to the door."),
    "zone": ("人不出区，错峰取物。", "Stay in the zone; fetch what you need at staggered times."),
}
"""What `may_leave` of a level asks of those who live there."""
WAITS: Mapping[str, tuple[str, str]] = {
    "closing_round": ("还缺一次全员核酸检测的全部阴性结果", "a full round of everyone, all negative, is still missing"),
    "contacts_clear": ("密切接触者的管理尚未期满", "the days of the close contacts are not over yet"),
    "order": ("条件已全部满足，等待解除通告", "all conditions are met; the notice that lifts it is due"),
}  # fmt: skip
"""What a zone may still be waiting for."""


def applies(record: Record, spot: Address, *, at: datetime, told: str = "") -> Applies:
    """
    Return what applies to one address at an instant, why, and until when, from what was published by then.

    A restriction counts only from when its order was published; a lifting counts as soon as it is in force.
    `perhaps` are zones of which the address is not known finely enough to say. Nothing in the answer is about
    a person. In a reading with `one_plan` it is quickest. Two trips to the record, whatever the number of zones, and a third where a round of tests was held.
    """
    books = Books(record=record)
    compounds = None if spot.compound is None else [spot.compound, SEVERAL]
    if compounds is None:
        record.plan_anew()  # by area alone: an index of areas is used only where the plan knows the area
    where = {"compound": compounds, "over_from": OpenAfter(moment=at)}
    chain = list(ancestors_of(spot.area))
    above, below, adopted, *cases = record.together(
        Question(table=ZONES, where={**where, "area": chain}), Question(table=ZONES, under=spot.area, where=where),
        Question(table=ADOPTIONS, where={"area": [*chain, spot.area]}),
        *((Question(table=CASE_PLACES, where={"compound": compounds}),) if compounds else ()),
    )  # fmt: skip
    books.hear(spot.area, adopted)
    near: tuple[Zone, ...] = (*above, *below)
    orders: dict[str, Order] = {}
    rounds: tuple[ZoneRound, ...] = ()
    if near:
        wide = not cases or any(compound_of(zone.place) == SEVERAL for zone in near)
        if wide:
            record.plan_anew()
        told_by = sorted({span.order for zone in near for span in zone.spans})
        found_orders, rounds, *more = record.together(
            Question(table=ORDERS, where={"id": told_by}), Question(table=ROUNDS, where={"zone": [zone.id for zone in near]}),
            *(Facts.near(near) if wide else ()),
        )  # fmt: skip
        orders = {order.id: order for order in found_orders}
        cases = [*cases, *more]
    held = [_as_published(zone, orders, at) for zone in near]
    running = [zone for zone in held if zone is not None and zone.in_force(at)]
    inside = [zone for zone in running if zone.place.contains(spot)]
    perhaps = [zone for zone in running if zone.place.contains(spot) is None]
    facts = Facts.filed(record, [zone.id for zone in (*inside, *perhaps)], None, rounds, *cases)
    shown = {
        zone.id: _public(zone, clock_sheet(zone, facts, books, at=at, decider=False), orders)
        for zone in (*inside, *perhaps)
    }
    strictest = min((z for z in inside), key=lambda z: _rank(z, books, at), default=None)
    level = _level_of(record, spot, strictest, running, at)
    book = books.book(spot.area, at)
    ends = [shown[zone.id].earliest_end for zone in inside]
    known = [end for end in ends if end is not None]
    return Applies(
        area=spot.area, place=told, at=at, level=level, level_name=_level_name(level), says=_says(level, book),
        zones=tuple(shown[zone.id] for zone in inside), perhaps=tuple(shown[zone.id] for zone in perhaps),
        until=max(known) if known and len(known) == len(ends) else None,
    )  # fmt: skip


def _as_published(zone: Zone, orders: Mapping[str, Order], at: datetime) -> Zone | None:
    """A zone as the public was told of it: spans that restrict more stand only once their order was published."""
    spans = tuple(
        span
        for span in zone.spans
        if span.change not in {ZoneChange.SET, ZoneChange.RAISE}
        or ((published := orders[span.order].published) is not None and published <= at)
    )
    return replace(zone, spans=spans) if spans else None


def _rank(zone: Zone, books: Books, at: datetime) -> int:
    span = zone.at(at)
    book = books.book(zone.area, at)
    ladder = list(book.get("zone.classes") or ()) if book else []
    return ladder.index(span.level) if span is not None and span.level in ladder else -1


def _level_of(
    record: Record, spot: Address, strictest: Zone | None, running: Sequence[Zone], at: datetime
) -> str:
    span = strictest.at(at) if strictest else None
    if span is not None:
        return span.level
    if running:
        return "low"
    chain = (*ancestors_of(spot.area), spot.area)
    record.plan_anew()
    levels = record.levels_of(chain)
    county = next((path for path in chain if levels.get(path) == "county"), spot.area)
    return "low" if _any_in_force(record, county, at) else "normal"


def _any_in_force(record: Record, area: AreaPath, at: datetime) -> bool:
    """Whether any published zone in an area is in force; looks at a few at a time, because most often the first is."""
    last: str | None = None
    size = 2
    while True:
        page = record.nouns(
            ZONES, under=area, where={"over_from": OpenAfter(moment=at)}, after=last, limit=size
        )
        size = 50
        if not page:
            return False
        ids = sorted({span.order for zone in page for span in zone.spans})
        orders = {order.id: order for order in record.nouns(ORDERS, where={"id": ids})}
        told = (_as_published(zone, orders, at) for zone in page)
        if any(zone is not None and zone.in_force(at) for zone in told):
            return True
        last = page[-1].id


def _level_name(level: str) -> Sentence:
    zh, en = LEVEL_WORDS.get(level, (level, level))
    return Sentence(zh=zh, en=en)


def _says(level: str, book: Rulebook | None) -> tuple[Reason, ...]:
    """What the version in force asks of those who live at a level, sentence by sentence with its source."""
    if book is None:
        return ()
    found = []
    if book.has(f"zone.{level}.may_leave"):
        leaf = book.leaf(f"zone.{level}.may_leave")
        zh, en = DUTIES.get(leaf.value, (str(leaf.value), str(leaf.value)))
        found.append(Reason(zh=zh, en=en, source=leaf.source, confidence=leaf.confidence))
    if level == "low" and book.has("zone.low.leave_city_test_hours"):
        leaf = book.leaf("zone.low.leave_city_test_hours")
        found.append(Reason(
            zh=f"做好个人防护；离开本市须持{leaf.value}小时核酸阴性证明。",
            en=f"Protect yourself; to leave the city, a negative test of the last {leaf.value} hours is needed.",
            source=leaf.source, confidence=leaf.confidence,
        ))  # fmt: skip
    return tuple(found)


def _public(zone: Zone, sheet: ClockSheet, orders: Mapping[str, Order]) -> PublicZone:
    span = zone.at(sheet.at)
    order = orders.get(span.order) if span is not None else None
    waits = [WAITS[name] for name in sheet.missing if name in WAITS]
    ends = sheet.ordered_until or sheet.eligible_at or sheet.period_ends
    if ends is not None and ends <= sheet.at:
        waits += [WAITS["order"]] if sheet.eligible_at is not None else []
        ends = None
    return PublicZone(
        name=Sentence(zh=zone.name_zh, en=zone.name_en), level=sheet.level, level_name=_level_name(sheet.level),
        since=sheet.since, notice=order.number if order else "", published=order.published if order else None,
        earliest_end=ends, part=zone.part,
        waits_for=tuple(Sentence(zh=zh, en=en) for zh, en in waits),
    )  # fmt: skip
