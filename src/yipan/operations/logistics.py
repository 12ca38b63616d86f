"""
What a round needs street by street (sites, samplers, tubes, couriers, laboratories), how tubes are best filled, and what lacks.

Norms are the protocol's; what no text says (how far a courier comes, what an hour of somebody held weighs) is a dated
assumption that the answer names. A plan is advice: nothing is sent by asking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from yipan.analytics.screening import modes
from yipan.analytics.screening.prevalence import pooled_prevalence
from yipan.model import AreaPath, KeySite, Laboratory, Reason, ScreeningRound
from yipan.operations import laboratories, screening, zoning
from yipan.packs.screenings import Given, ScreeningAssumptions
from yipan.protocol import Rulebook
from yipan.store import Record, lake
from yipan.store import laboratories as queries
from yipan.store.tables.screening import KEY_SITES, SCREENING_ROUNDS

GENERAL, KEY = "general", "key_people"
OTHERWISE = "cn-covid-9ed"
"""The version whose norms are shown where none was adopted."""
SINGLE = "single"
FIGURES = (
    "prevalence", "mean_ct", "sd_ct", "half_ct", "spread_ct", "tube_specificity", "held_hours", "price_tube",
    "price_held_hour", "price_missed", "household_size", "household_correlation", "pick_up_hours", "sites_per_run",
    "run_hours",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNeed:
    """
    How the tubes of one group of a street are best filled, and what that asks.

    `tubes` counts the single ones that follow a positive tube, `held` the people in such tubes, `held_cost` what holding
    them weighs in tubes, `missed` the infected a diluted tube does not show. `single_only` where the protocol says so.
    """

    group: str
    people: int
    mode: str
    single_only: bool
    tubes: float
    held: float
    held_cost: float
    missed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetNeed:
    """
    What a street needs. `prevalence` is the share infected its tubes were chosen by, `measured` whether a round told it.

    `sites` are the fewest the norm allows, `sites_most` the most; `couriers` may be a part of one, who calls at other
    streets as well; `laboratory` takes the most of its tubes, empty where
    none has room.
    """

    area: AreaPath
    name_zh: str
    name_en: str
    people: int
    sites: int
    sites_most: int
    samplers: int
    couriers: float
    tubes: int
    held: float
    prevalence: float | None
    measured: bool
    groups: tuple[GroupNeed, ...]
    laboratory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchShare:
    """What a laboratory takes of a round, of how many tubes it can take in a day; one in reserve only when others are full."""

    laboratory: str
    name: str
    reserve: bool
    tubes: int
    tubes_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNeeds:
    """
    A round's needs in all and street by street, who takes the tubes, and what lacks of what the command has.

    Each `lacking` is None where nobody said how many there are; tubes lack where all laboratories on record, those in
    reserve among them, cannot take them in a day. `prevalence_from` is the round whose tubes told the prevalence, empty where
    it was asked with a figure or rests on an assumption. `rulebook` is the version whose norms count, `adopted` whether it is
    the one in force where the round is.
    """

    round: str
    rulebook: str
    adopted: bool
    total: StreetNeed
    streets: tuple[StreetNeed, ...]
    laboratories: tuple[BenchShare, ...]
    lacking_samplers: int | None
    lacking_sites: int | None
    lacking_couriers: int | None
    lacking_tubes: int | None
    prevalence_from: str
    reasons: tuple[Reason, ...]
    given: tuple[Given, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """How many samplers, sites and couriers the command has; None where nobody said."""

    samplers: int | None = None
    sites: int | None = None
    couriers: int | None = None


def needs(
    record: Record, home: lake.Lake, *, round: str, at: datetime, otherwise: Rulebook, given: ScreeningAssumptions,
    have: Have, prevalence: float | None = None, book: Rulebook | None = None,
) -> RoundNeeds:  # fmt: skip
    """
    Plan a round by its roster: norms of the version in force, tubes by the prevalence its streets showed, laboratories on record.

    The version is the one adopted where the round is and in force when it opens, or `at` where that is later; `otherwise`
    where none was adopted or the adopted one has no norms, and the reasons say so. `book` asks what another version
    would want. `prevalence` overrides what rounds told. Raises NotFound, ValueError for a prevalence outside 0 to 1, ProtocolError
    where the version has no norms.
    """
    if prevalence is not None and not 0.0 <= prevalence <= 1.0:
        raise ValueError(f"prevalence {prevalence} lies outside 0 to 1")
    found = record.noun(SCREENING_ROUNDS, round)
    adopted = zoning.Books(record=record).book(found.area, max(at, found.opened))
    because: tuple[Reason, ...] = ()
    if book is None:
        book, because = _book(adopted, otherwise)
    covered = screening.coverage(record, home, round=round)
    told, told_by = ({}, "") if prevalence is not None else _prevalence(record, home, found)
    singles = _single_groups(book)
    keys = [site for site in record.nouns(KEY_SITES) if KEY in singles]
    options = _modes(given)
    common = told.get("", given.value("prevalence")) if prevalence is None else prevalence
    plain = [
        _street(
            street, book=book, given=given, options=options, keys=keys,
            prevalence=told.get(street.area, common), measured=street.area in told or "" in told,
        )
        for street in covered.streets
    ]  # fmt: skip
    benches = laboratories.registered(record)
    fitted, shares = _to_laboratories(plain, benches, options=options, given=given)
    able = sum(bench.tubes_per_day for bench in benches)
    total = _sum(covered.total, fitted)
    return RoundNeeds(
        round=round, rulebook=book.id, adopted=adopted is not None and adopted.id == book.id, total=total,
        streets=fitted, laboratories=shares,
        lacking_samplers=_lacking(total.samplers, have.samplers), lacking_sites=_lacking(total.sites, have.sites),
        lacking_couriers=_lacking(ceil(total.couriers), have.couriers),
        lacking_tubes=_lacking(total.tubes, able) if benches else None, prevalence_from=told_by,
        reasons=(*because, *_reasons(book)), given=given.told(*FIGURES),
    )  # fmt: skip


NORMS = ("screening.persons_per_site", "screening.persons_per_sampler")


def _book(adopted: Rulebook | None, otherwise: Rulebook) -> tuple[Rulebook, tuple[Reason, ...]]:
    """The version whose norms count, and why where it is not the adopted one."""
    if adopted is None:
        zh, en = "本地区尚未采用任何方案版本", "no version was adopted here"
    elif any(adopted.parameters.get(norm) is None for norm in NORMS):
        zh, en = (
            f"采用的{adopted.id}未规定采样点和采样人员",
            f"{adopted.id}, adopted here, has no norms for sites and samplers",
        )
    else:
        return adopted, ()
    told = Reason(
        zh=f"{zh}，按{otherwise.id}测算。", en=f"By the norms of {otherwise.id}: {en}.", source=("record",), confidence="record",
    )  # fmt: skip
    return otherwise, (told,)


def _modes(given: ScreeningAssumptions) -> tuple[modes.Mode, ...]:
    return modes.swab_modes(
        mean_ct=given.value("mean_ct"), sd_ct=given.value("sd_ct"), half_ct=given.value("half_ct"),
        spread_ct=given.value("spread_ct"), specificity=given.value("tube_specificity"),
        household=(given.value("household_size"), given.value("household_correlation")),
    )  # fmt: skip


def _lacking(wanted: int, have: int | None) -> int | None:
    return None if have is None else max(0, wanted - have)


def _single_groups(book: Rulebook) -> frozenset[str]:
    return frozenset(book.get("screening.single_for") or ())


def _prevalence(
    record: Record, home: lake.Lake, found: ScreeningRound
) -> tuple[dict[str, float], str]:
    """
    What the newest round with results told of the share infected, this one or one before: by street where a tube was positive, and in all.

    Under "" stands that of the whole round, missing where no tube was positive.
    """
    rounds = sorted(
        (
            one
            for one in record.nouns(SCREENING_ROUNDS)
            if one.opened <= found.opened
            and (one.area.startswith(found.area) or found.area.startswith(one.area))
        ),
        key=lambda one: one.opened,
        reverse=True,
    )
    for one in rounds[:2]:
        with screening.looking(record, home, one.id) as engine:
            rows = queries.street_pools(engine)
        if not rows:
            continue
        places = screening.streets_under(record, one.area)
        told = {}
        if any(row[3] for row in rows):
            told[""] = _pooled(rows)
        for street in {row[0] for row in rows if row[3]}:
            told[places[street]] = _pooled([row for row in rows if row[0] == street])
        return told, one.id
    return {}, ""


def _pooled(rows: Sequence[lake.Row]) -> float:
    sizes: dict[int, list[int]] = {}
    for _, people, pools, positive in rows:
        held = sizes.setdefault(int(people), [0, 0])
        held[0] += int(pools)
        held[1] += int(positive)
    found = pooled_prevalence(
        sizes=list(sizes),
        pools=[p for p, _ in sizes.values()],
        positive=[x for _, x in sizes.values()],
    )
    return min(max(found.value, 0.0), 1.0)


def _street(
    street: screening.StreetCoverage, *, book: Rulebook, given: ScreeningAssumptions, options: Sequence[modes.Mode],
    keys: Iterable[KeySite], prevalence: float, measured: bool,
) -> StreetNeed:  # fmt: skip
    key = min(
        street.due, sum(len(site.people) for site in keys if site.area.startswith(street.area))
    )
    groups = tuple(
        _group(
            group, people, prevalence=prevalence, options=options, given=given, single=group == KEY
        )
        for group, people in ((GENERAL, street.due - key), (KEY, key))
        if people
    )
    fewest, most = sorted(int(bound) for bound in book.value("screening.persons_per_site"))
    sites = -(-street.due // most)
    return StreetNeed(
        area=street.area, name_zh=street.name_zh, name_en=street.name_en, people=street.due, sites=sites,
        sites_most=-(-street.due // fewest), samplers=-(-street.due // int(book.value("screening.persons_per_sampler"))),
        couriers=_couriers(sites, given), tubes=ceil(sum(group.tubes for group in groups)),
        held=sum(group.held for group in groups), prevalence=prevalence, measured=measured, groups=groups, laboratory="",
    )  # fmt: skip


def _couriers(sites: int, given: ScreeningAssumptions) -> float:
    """Couriers so that every site is called at in time: runs under way at once, by the assumptions named."""
    runs = sites / given.value("sites_per_run")
    return runs * given.value("run_hours") / given.value("pick_up_hours")


def _group(
    group: str, people: int, *, prevalence: float, options: Sequence[modes.Mode], given: ScreeningAssumptions,
    single: bool, only: frozenset[str] | None = None,
) -> GroupNeed:  # fmt: skip
    hours = given.value("held_hours")
    best = modes.advise_mode(
        people, prevalence=prevalence, modes=options, held_hours=hours,
        prices=modes.Prices(
            tube=given.value("price_tube"), held_hour=given.value("price_held_hour"), missed=given.value("price_missed")
        ),
        only=frozenset({SINGLE}) if single else only,
    )[0]  # fmt: skip
    return GroupNeed(
        group=group, people=people, mode=best.mode, single_only=single, tubes=best.tubes, held=best.held,
        held_cost=best.held * hours * given.value("price_held_hour") / max(given.value("price_tube"), 1e-12),
        missed=best.missed,
    )  # fmt: skip


def _to_laboratories(
    streets: Sequence[StreetNeed], benches: Sequence[Laboratory], *, options: Sequence[modes.Mode],
    given: ScreeningAssumptions,
) -> tuple[tuple[StreetNeed, ...], tuple[BenchShare, ...]]:  # fmt: skip
    """
    Give each street's tubes to the laboratory with the most room for its size, those in reserve last; where all are too few, the quietest streets take larger tubes.

    Larger tubes hold more people: they are taken street by street only until the tubes fit.
    """
    able = sum(bench.tubes_per_day for bench in benches)
    fitted = list(streets)
    if benches:
        quiet = sorted(
            range(len(fitted)), key=lambda at: (fitted[at].prevalence or 0.0, -fitted[at].people)
        )
        for at in quiet:
            if sum(street.tubes for street in fitted) <= able:
                break
            fitted[at] = _larger(fitted[at], options, given)
    room = [bench.tubes_per_day for bench in benches]
    taken = [0] * len(benches)
    placed = []
    for street in fitted:
        left, best = street.tubes, ("", 0)
        emptiest = sorted(
            range(len(benches)),
            key=lambda at: (
                benches[at].reserve, -min(room[at], street.tubes), -room[at] / benches[at].tubes_per_day
            ),
        )  # fmt: skip
        for at in emptiest:
            share = min(left, room[at])
            room[at] -= share
            taken[at] += share
            left -= share
            if share > best[1]:
                best = (benches[at].id, share)
            if not left:
                break
        placed.append(replace(street, laboratory=best[0]))
    shares = tuple(
        BenchShare(
            laboratory=bench.id, name=bench.name, reserve=bench.reserve, tubes=tubes, tubes_per_day=bench.tubes_per_day
        )
        for bench, tubes in zip(benches, taken, strict=True)
    )  # fmt: skip
    return tuple(placed), shares


def _larger(
    street: StreetNeed, options: Sequence[modes.Mode], given: ScreeningAssumptions
) -> StreetNeed:
    """The street with the mode that asks the fewest tubes, for those the protocol lets share one."""
    groups = []
    for group in street.groups:
        if group.single_only:
            groups.append(group)
            continue
        tried = [
            _group(
                group.group, group.people, prevalence=street.prevalence or 0.0, options=options, given=given,
                single=False, only=frozenset({mode.name}),
            )
            for mode in options
        ]  # fmt: skip
        groups.append(min(tried, key=lambda one: one.tubes))
    return replace(
        street, groups=tuple(groups), tubes=ceil(sum(group.tubes for group in groups)),
        held=sum(group.held for group in groups),
    )  # fmt: skip


def _sum(whole: screening.StreetCoverage, streets: Sequence[StreetNeed]) -> StreetNeed:
    groups: dict[tuple[str, str, bool], list[GroupNeed]] = {}
    for street in streets:
        for group in street.groups:
            groups.setdefault((group.group, group.mode, group.single_only), []).append(group)
    return StreetNeed(
        area=whole.area, name_zh=whole.name_zh, name_en=whole.name_en,
        people=sum(s.people for s in streets), sites=sum(s.sites for s in streets),
        sites_most=sum(s.sites_most for s in streets), samplers=sum(s.samplers for s in streets),
        couriers=sum(s.couriers for s in streets), tubes=sum(s.tubes for s in streets), held=sum(s.held for s in streets),
        prevalence=None, measured=False, laboratory="",
        groups=tuple(
            GroupNeed(
                group=group, mode=mode, single_only=single, people=sum(g.people for g in some),
                tubes=sum(g.tubes for g in some), held=sum(g.held for g in some),
                held_cost=sum(g.held_cost for g in some), missed=sum(g.missed for g in some),
            )
            for (group, mode, single), some in sorted(groups.items())
        ),
    )  # fmt: skip


def _reasons(book: Rulebook) -> tuple[Reason, ...]:
    sites, sampler = (
        book.leaf("screening.persons_per_site"),
        book.leaf("screening.persons_per_sampler"),
    )
    fewest, most = sorted(int(bound) for bound in sites.value)
    told = [
        Reason(
            zh=f"每{fewest}至{most}人设一个采样点。", en=f"One site for {fewest} to {most} people.",
            source=sites.source, confidence=sites.confidence,
        ),
        Reason(
            zh=f"采样人员按人口数除以{sampler.value}配备。", en=f"One sampler for {sampler.value} people.",
            source=sampler.source, confidence=sampler.confidence,
        ),
    ]  # fmt: skip
    single = book.parameters.get("screening.single_for")
    if single is not None and KEY in single.value:
        told.append(
            Reason(
                zh="隔离人员和重点人员单采单检，不混采。", en="People in isolation and key people are swabbed singly, never pooled.",
                source=single.source, confidence=single.confidence,
            )
        )  # fmt: skip
    return tuple(told)


DETECTION_DAYS = (4.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwabAdvice:
    """
    What each way to fill tubes asks and misses for a group of people, and what each interval between rounds lets escape.

    `escape` holds days between rounds, hours to the result, and the share of onward transmission before isolation.
    """

    modes: tuple[modes.ModeAdvice, ...]
    escape: tuple[tuple[int, int, float], ...]
    given: tuple[Given, ...]


def advise_swabs(
    people: int, *, prevalence: float, given: ScreeningAssumptions, tubes: int | None = None, single_only: bool = False
) -> SwabAdvice:  # fmt: skip
    """
    Advise on tubes for a group of people, the cheapest possible way first, and on how often to go round.

    A swab finds an infection as a published curve says at its day 4 and by half on day 10 (Hellewell et al. 2021); the
    rest of the curve is a straight line. Escape is told for rounds every 1, 2, 3 and 5 days with results after 6, 12, 24
    and 48 hours. All of it is an estimate. Raises ValueError for a prevalence outside 0 to 1.
    """
    known = _modes(given)
    advice = modes.advise_mode(
        people, prevalence=prevalence, modes=known, held_hours=given.value("held_hours"), tubes_available=tubes,
        prices=modes.Prices(
            tube=given.value("price_tube"), held_hour=given.value("price_held_hour"), missed=given.value("price_missed")
        ),
        only=frozenset({SINGLE}) if single_only else None,
    )  # fmt: skip
    early = given.value("swab_sensitivity")
    detection = {0.0: 0.0, DETECTION_DAYS[0]: early, DETECTION_DAYS[1]: min(0.5, early), 30.0: 0.0}
    escape = tuple(
        (days, hours, modes.escape_share(
            interval_days=days, result_hours=hours, attendance=1.0, detection=detection,
            generation_mean_days=given.value("generation_mean_days"),
        ))
        for days in (1, 2, 3, 5)
        for hours in (6, 12, 24, 48)
    )  # fmt: skip
    return SwabAdvice(
        modes=advice,
        escape=escape,
        given=given.told("swab_sensitivity", "generation_mean_days", *FIGURES[1:12]),
    )
