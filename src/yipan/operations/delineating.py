"""
Delineation: where the onward risk lies, and how few residents hold a wanted share of it.

The estimate and the cover are pure (`yipan.analytics.delineate`); here their facts are read and the drawing is proposed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from yipan.model import (
    Alternative,
    AreaPath,
    CasePlace,
    Cost,
    OrderLine,
    Place,
    Power,
    Proposal,
    Reason,
    RegisteredPlace,
    Sentence,
    ZoneChange,
    ZoneTerms,
    check_area,
    check_may,
    place,
)
from yipan.operations import commanding
from yipan.operations.post import Post
from yipan.operations.zoning import DELINEATED, DESK, Books, depth_of, line
from yipan.store import Record
from yipan.store.tables.tracing import VENUES, VISITS
from yipan.store.tables.zoning import CASE_PLACES, REGISTER, SEVERAL, compound_of

if TYPE_CHECKING:
    from yipan.analytics.delineate.risk import Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """
    What a delineation assumes where it is not known; all of it is told with the answer.

    `home_hours` and `home_people` hold for a home whose stay was not described; the rest is of the emission
    (`yipan.analytics.delineate.risk.Emission`). The order of units depends little on `quanta_per_hour` while
    doses are small; it sets how soon a room is saturated.
    """

    home_hours: float = 28.0
    home_people: float = 3.0
    quanta_per_hour: float = 5.0
    spread: float = 2.5
    breathing_m3_per_hour: float = 0.5
    air_changes: float = 1.0
    m3_per_person: float = 25.0
    spill: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """
    One way to draw the zone: the place, residents inside, the share of the risk it holds with its 90 % interval.

    `least` is the number of residents below which nothing drawn in the same units holds that share.
    """

    what: Sentence
    place: Place | None
    units: int
    residents: int
    share: float
    low: float
    high: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """With so many residents inside, this share of the risk is left outside (with its 90 % interval)."""

    residents: int
    outside: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delineation:
    """
    Where the expected onward risk lies and how few residents hold a wanted share of it.

    `chosen` is drawn in the finest units of the register, `ways` in coarser ones, `ring` around the chosen core,
    `baseline` is every compound where a case lives. `unplaced` counts the stays at no unit of the register: their
    risk is not in the figures.
    """

    area: AreaPath
    at: datetime
    wanted: float
    expected_infections: float
    chosen: Drawn
    ring: Drawn
    ways: tuple[Drawn, ...]
    baseline: Drawn
    curve: tuple[CurvePoint, ...]
    stays: int
    assumed_air: int
    unplaced: int
    assumed: Assumed
    method: Sentence


METHOD_SAID = Sentence(
    zh="按Wells-Riley公式由停留时间、同处人数和通风估计各单元的续发感染数，按人均风险从高到低选取单元，直至覆盖所要的份额；"
    "人数至多比可证明的下限多出最后一个单元。",
    en="Onward infections per unit by the law of Wells and Riley from time, crowding and air; units are taken by risk per "
    "resident until the wanted share is held; the residents exceed the proven least by at most the last unit's.",
)


class NothingToDraw(ValueError):
    """No case stayed at a unit of the place register, so there is no risk to draw a zone around."""


def delineate(
    record: Record,
    *,
    area: AreaPath,
    at: datetime,
    share: float,
    seed: int,
    assumed: Assumed | None = None,
    days: float = 7.0,
) -> Delineation:
    """
    Estimate where the risk of the cases found in the last `days` lies and draw the smallest zone that holds `share` of it.

    The stays are those on record as case places and, for people who are cases, the tracers' visits to venues that
    stand in the place register. `seed` makes the draws of who emits how much the same again. Raises
    NothingToDraw where no case stayed at a unit of the register.
    """
    import numpy as np

    from yipan.analytics.delineate import cover, risk

    check_area(record.viewer, area)
    terms = assumed or Assumed()
    units = _finest(record.nouns(REGISTER, under=area))
    cases = [
        one
        for one in record.nouns(CASE_PLACES, under=area)
        if one.counts and at - timedelta(days=days) <= one.found <= at
    ]
    stays, unplaced = _stays(record, units, cases, terms, area=area, at=at, days=days)
    if not stays:
        raise NothingToDraw(
            f"no case of the {days:g} days before {at.isoformat()} stayed at a unit of the place register of {area}"
        )
    residents = np.array([unit.residents or 0 for unit in units], dtype=np.int64)
    compounds = [f"{unit.area}|{compound_of(unit.place) or unit.id}" for unit in units]
    groups = np.unique(compounds, return_inverse=True)[1].astype(np.int64)
    estimate = risk.unit_risk(
        stays, residents=residents, groups=groups, rng=np.random.default_rng(seed),
        emission=risk.Emission(
            quanta_per_hour=terms.quanta_per_hour, spread=terms.spread,
            breathing_m3_per_hour=terms.breathing_m3_per_hour, air_changes=terms.air_changes,
            m3_per_person=terms.m3_per_person, spill=terms.spill,
        ),
    )  # fmt: skip
    chosen = cover.smallest_cover(estimate.draws, residents, share=share)
    around = cover.ring(estimate.draws, residents, groups, chosen.units)
    struck = sorted({stay.unit for stay in stays if stay.case >= 0})
    homes = _homes(units, cases)
    baseline = cover.whole_groups(estimate.draws, residents, groups, homes or struck)
    coarse_risk, coarse_people = cover.gathered(estimate.draws, residents, groups)
    coarse = cover.smallest_cover(coarse_risk, coarse_people, share=share)
    curve = cover.frontier(estimate.draws, residents)

    def told(found: cover.Cover, zh: str, en: str, *, by_group: bool = False) -> Drawn:
        inside = (
            [i for i in range(len(units)) if groups[i] in set(found.units)]
            if by_group
            else list(found.units)
        )
        return Drawn(
            what=Sentence(zh=zh, en=en), place=_drawn_together([units[i] for i in inside], units), units=len(inside),
            residents=found.residents, share=found.share, low=found.low, high=found.high, least=found.bound,
        )  # fmt: skip

    points = sorted(
        {round(i) for i in np.linspace(0, len(curve.order), min(len(curve.order) + 1, 60))}
    )
    return Delineation(
        area=area, at=at, wanted=share, expected_infections=float(estimate.expected.sum()),
        chosen=told(chosen, "按单元划定", "Drawn by unit"),
        ring=told(around, "同小区其余部分", "The rest of the same compounds"),
        ways=(told(coarse, "按小区划定", "Drawn by compound", by_group=True),),
        baseline=told(baseline, "感染者所在小区整体", "Every compound of a case, whole"),
        curve=tuple(
            CurvePoint(
                residents=int(curve.residents[i]), outside=float(curve.outside[i]), low=float(curve.low[i]),
                high=float(curve.high[i]),
            )
            for i in points
        ),
        stays=estimate.stays, assumed_air=estimate.assumed_air, unplaced=unplaced, assumed=terms,
        method=METHOD_SAID,
    )  # fmt: skip


def propose_delineation(post: Post, found: Delineation, *, at: datetime) -> Proposal:
    """
    Propose the zone a delineation drew, with the other ways and the baseline as alternatives; a person asks for it.

    Raises NotAllowed; ValueError where no version is adopted, or the one adopted knows no zones.
    """
    check_may(post.viewer, Power.PROPOSE)
    with post.store.reading(post.viewer) as record:
        books = Books(record=record)
        book = books.book(found.area, at)
        decided_in = books.decided_in(found.area, at)
        names = record.area_names([found.area])
    classes = book.get("zone.classes") if book else None
    if book is None or not classes:
        raise ValueError(f"no version with zones is adopted in {found.area} at {at.isoformat()}")
    level, days = classes[0], book.get(f"zone.{classes[0]}.quiet_days")
    leaf = book.leaf("zone.classes")
    names_zh = {path: name[0] for path, name in names.items()}
    names_en = {path: name[1] for path, name in names.items()}

    def lines_of(drawn: Drawn) -> tuple[OrderLine, ...]:
        assert drawn.place is not None
        terms = ZoneTerms(
            place=drawn.place, level=level, name_zh=drawn.place.said_zh(names_zh), disease=book.disease,
            name_en=drawn.place.said_en(names_en), residents=drawn.residents,
        )  # fmt: skip
        zone = f"z-{commanding.mark(DELINEATED, drawn.place, at)}"
        return (line(ZoneChange.SET, zone, area=found.area, effective=at, terms=terms),)

    def cost(drawn: Drawn) -> Cost:
        person_days = float(drawn.residents * days) if days else None
        return Cost(residents=drawn.residents, person_days=person_days)

    if found.chosen.place is None:
        raise ValueError("the delineation holds no unit; there is nothing to propose")
    share, outside = found.chosen.share, 1 - found.chosen.share
    proposal = Proposal(
        id=f"p-{commanding.mark(DELINEATED, found.area, at, found.wanted)}", area=found.area, desk=DESK,
        kind=DELINEATED, subject=lines_of(found.chosen)[0].subject,
        what=Sentence(
            zh=f"按风险划定：{found.chosen.units}个单元，{found.chosen.residents}人，覆盖预期续发风险的{share:.0%}",
            en=f"Draw by risk: {found.chosen.units} units, {found.chosen.residents} residents, {share:.0%} of the "
            "expected onward risk inside",
        ),
        reasons=(
            Reason(zh=METHOD_SAID.zh, en=METHOD_SAID.en, source=("Riley 1978", "estimate"), confidence="judgement"),
            Reason(
                zh=f"区外仍留有{outside:.0%}的风险；整体封控感染者所在小区需限制{found.baseline.residents}人。",
                en=f"{outside:.0%} of the risk stays outside; closing whole compounds would hold "
                f"{found.baseline.residents} residents.",
                source=leaf.source, confidence=leaf.confidence,
            ),
        ),
        by=post.viewer.user, made=at, decided_in=decided_in, lines=lines_of(found.chosen),
        cost=cost(found.chosen),
        alternatives=tuple(
            Alternative(what=way.what, lines=lines_of(way), cost=cost(way), risk_outside=1 - way.share)
            for way in (*found.ways, found.baseline)
            if way.place is not None
        ),
        rule=book.id,
    )  # fmt: skip
    return commanding.propose(post, proposal, at=at)


def _finest(units: Sequence[RegisteredPlace]) -> tuple[RegisteredPlace, ...]:
    """Return the units of a register within which it names no other."""
    by_compound: dict[str, list[RegisteredPlace]] = {}
    for unit in units:
        by_compound.setdefault(compound_of(unit.place), []).append(unit)
    return tuple(
        unit
        for unit in units
        if not any(
            other.id != unit.id
            and depth_of(other.place) > depth_of(unit.place)
            and unit.place.covers(other.place)
            for other in by_compound[compound_of(unit.place)]
        )
    )


def _stays(
    record: Record,
    units: Sequence[RegisteredPlace],
    cases: Sequence[CasePlace],
    terms: Assumed,
    *,
    area: AreaPath,
    at: datetime,
    days: float,
) -> tuple[list["Stay"], int]:
    """Return where the cases stayed, in numbers of units and cases, and how many stays were at none."""
    from yipan.analytics.delineate.risk import Stay

    by_compound: dict[str, list[int]] = {}
    for number, unit in enumerate(units):
        by_compound.setdefault(compound_of(unit.place), []).append(number)
    numbers: dict[str, int] = {}
    stays: list[Stay] = []
    unplaced = 0
    for one in cases:
        near = by_compound.get(compound_of(one.place), ())
        hit = [number for number in near if units[number].place.overlaps(one.place)]
        if not hit:
            unplaced += 1
            continue
        hours = one.hours if one.hours is not None else (terms.home_hours if one.home else 1.0)
        people = one.people if one.people is not None else terms.home_people
        stays += [
            Stay(
                case=numbers.setdefault(one.case, len(numbers)), unit=number, hours=hours / len(hit), people=people,
                air_changes=one.air_changes or None, m3_per_person=one.m3_per_person or None,
            )
            for number in hit
        ]  # fmt: skip
    registered = {unit.id: number for number, unit in enumerate(units)}
    known = (
        {case.person: case.id for case in record.cases(under=area, limit=100_000)}
        if registered
        else {}
    )
    visits = record.nouns(VISITS, where={"person": list(known)}) if known else ()
    crowds = {venue.id: venue.usual_people for venue in record.nouns(VENUES)} if visits else {}
    for visit in visits:
        if not at - timedelta(days=days) <= visit.since <= at:
            continue
        if visit.place not in registered:
            unplaced += 1
            continue
        stays.append(Stay(
            case=numbers.setdefault(known[visit.person], len(numbers)), unit=registered[visit.place],
            hours=(visit.until - visit.since).total_seconds() / 3600,
            people=float(crowds.get(visit.place) or terms.home_people),
        ))  # fmt: skip
    return stays, unplaced


def _homes(units: Sequence[RegisteredPlace], cases: Sequence[CasePlace]) -> list[int]:
    homes = [one for one in cases if one.home]
    return [
        number
        for number, unit in enumerate(units)
        if any(
            compound_of(one.place) == compound_of(unit.place) and unit.place.overlaps(one.place)
            for one in homes
        )
    ]


def _drawn_together(
    inside: Sequence[RegisteredPlace], units: Sequence[RegisteredPlace]
) -> Place | None:
    """Return one place for several units: a compound all of whose units are in it is named as a whole."""
    if not inside:
        return None
    whole: dict[tuple[AreaPath, str], int] = {}
    for unit in units:
        whole[unit.area, compound_of(unit.place)] = (
            whole.get((unit.area, compound_of(unit.place)), 0) + 1
        )
    own: dict[tuple[AreaPath, str], list[RegisteredPlace]] = {}
    for unit in inside:
        own.setdefault((unit.area, compound_of(unit.place)), []).append(unit)
    texts: list[str] = []
    for (area, compound), some in own.items():
        if compound != SEVERAL and len(some) == whole[area, compound] and len(some) > 1:
            texts.append(f'{some[0].place.parts[0].area} compound "{compound}"')
        else:
            texts += [
                f"({unit.place})" if " " in str(unit.place) else str(unit.place) for unit in some
            ]
    return place(" plus ".join(texts))
