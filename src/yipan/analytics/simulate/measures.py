"""The measures as values: what is done, where, how fast and with what means. No rule is decided here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from .pathogen import LAYERS, RateOutOfRange, Vaccine
from .province import AGE_BANDS, Province

NEVER = 1_000_000
HEADROOM = 1.5
"""Household attempts are drawn at this multiple and thinned, so that staying at home may raise them up to it."""


class StrategyContradictsItself(ValueError):
    """Two parts of a strategy cannot both be meant."""


class Extent(IntEnum):
    """How far a zone reaches around a case; each is a run of resident numbers."""

    BUILDING = 0
    COMPOUND = 1
    COMMUNITY = 2
    TOWN = 3
    COUNTY = 4


LONGEST_QUARANTINE = 120
"""The kernel holds the days of a quarantine in eight bits."""
BUILDING_RESIDENTS = 64
COMPOUND_RESIDENTS = 512
"""A compound is taken as 512 residents, a building as 64: assumptions of this project, shown with results."""


def _within(what: str, value: float, low: float, high: float) -> None:
    if not (np.isfinite(value) and low <= value <= high):
        raise RateOutOfRange(f"{what} is {value}; expected between {low:g} and {high:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule:
    """
    One version of the rule of zones, as numbers handed in from a rulebook.

    `from_day` counts from the start of the run. A `quiet` of None means the version has no such class. A closing
    round is one all-negative round of the zone in the last day of the quiet days or later.
    """

    from_day: int = 0
    high_quiet_days: int = 7
    high_closing_round: bool = True
    high_to_medium: bool = True
    after_high_quiet_days: int | None = 3
    medium_quiet_days: int | None = 7
    medium_closing_round: bool = True
    only_shorter: bool = True
    high_extent: Extent = Extent.COMPOUND
    medium_extent: Extent | None = Extent.COMMUNITY

    def __post_init__(self) -> None:
        for name in ("high_quiet_days", "after_high_quiet_days", "medium_quiet_days"):
            days = getattr(self, name)
            if days is not None:
                _within(f"zone rule {name}", days, 1, 100)
        if self.high_to_medium and self.after_high_quiet_days is None:
            raise StrategyContradictsItself(
                "a zone rule steps from high to medium and yet has no days for that medium"
            )
        if self.medium_extent is not None and self.medium_quiet_days is None:
            raise StrategyContradictsItself(
                "a zone rule draws medium zones and yet has no days for them"
            )
        if self.medium_extent is not None and self.medium_extent < self.high_extent:
            raise StrategyContradictsItself(
                f"a zone rule draws medium zones by {self.medium_extent.name.lower()}, smaller than its high zones "
                f"by {self.high_extent.name.lower()}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoning:
    """
    Zones around cases found in the community.

    Multipliers are on contacts outside home: across the edge of a high zone, inside and across the edge of a medium
    zone, and in the rest of a county that has zones. `home_multiplier` is on contacts at home in a high zone.
    """

    rules: tuple[ZoneRule, ...] = (ZoneRule(),)
    since_day: int = 0
    delay_days: int = 1
    compliance: float = 0.95
    high_multiplier: float = 0.05
    medium_inside: float = 0.45
    medium_across: float = 0.035
    rest_of_county: float = 0.8
    home_multiplier: float = 1.3

    def __post_init__(self) -> None:
        if not self.rules:
            raise StrategyContradictsItself("zones without a rule")
        days = [rule.from_day for rule in self.rules]
        if days != sorted(set(days)):
            raise StrategyContradictsItself(f"zone rules take effect on days {days}; not in order")
        _within("zoning delay_days", self.delay_days, 0, 60)
        for name in (
            "compliance",
            "high_multiplier",
            "medium_inside",
            "medium_across",
            "rest_of_county",
        ):
            _within(f"zoning {name}", getattr(self, name), 0, 1)
        _within("zoning home_multiplier", self.home_multiplier, 0, HEADROOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """
    Rounds of pooled tests: everybody in the scope, every `every_days`, while a case was found there lately.

    `extent` None screens the zones themselves; TOWN or COUNTY screens the whole of it for `window_days` after its
    last community case, `most_rounds` at most. The first round is `start_delay_days` later than it could be. `never_attend` is the share who never come, `coverage` the share of
    the others who come to a round. `ct_shift` is what pooling adds to Ct (0.74, 1, 2 for swabs 5, 10, 20 in one tube).
    """

    extent: Extent | None = None
    since_day: int = 0
    every_days: int = 1
    coverage: float = 0.95
    never_attend: float = 0.03
    pool: int = 10
    ct_shift: float = 1.0
    turnaround_days: int = 1
    window_days: int = 7
    most_rounds: int = 1000
    start_delay_days: int = 0

    def __post_init__(self) -> None:
        if self.extent is not None and self.extent not in {Extent.TOWN, Extent.COUNTY}:
            raise StrategyContradictsItself(
                f"screening by {self.extent.name.lower()}; expected zones (None), TOWN or COUNTY"
            )
        _within("screening every_days", self.every_days, 1, 60)
        _within("screening coverage", self.coverage, 0, 1)
        _within("screening never_attend", self.never_attend, 0, 1)
        _within("screening pool", self.pool, 1, 64)
        _within("screening ct_shift", self.ct_shift, 0, 10)
        _within("screening turnaround_days", self.turnaround_days, 1, 14)
        _within("screening window_days", self.window_days, 0, 365)
        _within("screening start_delay_days", self.start_delay_days, 0, 60)
        if self.most_rounds < 1:
            raise StrategyContradictsItself("a screening without a round")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    Cases found without being looked for: by fever clinics and pharmacies, and by routine tests.

    `seeks` of those with symptoms go to a clinic `seek_delay_days` after onset on average, `pharmacy` buy medicine
    that is reported and are sent to a test. `routine_share` of residents take a test every `routine_every_days`.
    """

    seeks: float = 0.4
    seek_delay_days: float = 1.5
    pharmacy: float = 0.1
    pharmacy_delay_days: float = 1.0
    turnaround_days: int = 1
    routine_share: float = 0.0
    routine_every_days: int = 3
    routine_pool: int = 10
    routine_ct_shift: float = 1.0

    def __post_init__(self) -> None:
        for name in ("seeks", "pharmacy", "routine_share"):
            _within(f"finding {name}", getattr(self, name), 0, 1)
        for name in ("seek_delay_days", "pharmacy_delay_days"):
            _within(f"finding {name}", getattr(self, name), 0.05, 60)
        _within("finding turnaround_days", self.turnaround_days, 0, 14)
        _within("finding routine_every_days", self.routine_every_days, 1, 60)
        _within("finding routine_pool", self.routine_pool, 1, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """
    How long contacts are kept under one version of the rules, as numbers handed in from a rulebook.

    `from_day` counts from the start of the run; whoever is put into quarantine later than it is kept by this one.
    Days are in a room, then at home; without room all of them are at home. `second` are contacts of contacts, whom a
    version may leave alone (0 and 0). `test_days` count from the first day, through both parts.
    """

    from_day: int = 0
    room_days: int = 7
    home_days: int = 0
    second_room_days: int = 0
    second_home_days: int = 7
    test_days: tuple[int, ...] = (1, 4, 7)

    def __post_init__(self) -> None:
        for name in ("room_days", "home_days", "second_room_days", "second_home_days"):
            _within(f"quarantine {name}", getattr(self, name), 0, 60)
        if self.room_days + self.home_days < 1:
            raise StrategyContradictsItself("a quarantine of no days; leave tracing out instead")
        for day in self.test_days:
            _within("quarantine test_days", day, 0, self.room_days + self.home_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """
    Contacts named by cases and put into quarantine.

    `recall` is by place: household, dormitory, work, school, own community, wider, travel. `staff_cases_per_day` is
    how many cases each city's teams finish a day for every million residents; a longer queue means later tracing.
    `quarantine` holds the versions of the rules, in order of their days.
    """

    since_day: int = 0
    delay_days: int = 1
    recall: tuple[float, ...] = (1.0, 0.6, 0.7, 0.7, 0.2, 0.1, 0.1)
    look_back_days: int = 4
    backward: bool = True
    second_ring: bool = False
    staff_cases_per_day: float = 10.0
    quarantine: tuple[Quarantine, ...] = (Quarantine(),)

    def __post_init__(self) -> None:
        _within("tracing delay_days", self.delay_days, 0, 60)
        if len(self.recall) != len(LAYERS) - 1:
            raise RateOutOfRange(
                f"tracing recall needs {len(LAYERS) - 1} shares, for {LAYERS[:-1]}"
            )
        for share in self.recall:
            _within("tracing recall", share, 0, 1)
        _within("tracing look_back_days", self.look_back_days, 0, 30)
        _within("tracing staff_cases_per_day", self.staff_cases_per_day, 0, 1e6)
        days = [one.from_day for one in self.quarantine]
        if not days or days[0] > 0 or days != sorted(set(days)):
            raise StrategyContradictsItself(
                f"quarantine by versions from days {days}; expected the first from day 0, and each later than the one before"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """
    Where cases and contacts go: beds and rooms per 10,000 residents of each city; without room they stay at home.

    At home a case still passes on `home_leak` of contacts in the household and `outside_leak` of those outside.
    """

    beds_per_10k: float = 10.0
    rooms_per_10k: float = 60.0
    transfer_days: int = 0
    stay_days: int = 10
    home_leak: float = 0.35
    outside_leak: float = 0.05

    def __post_init__(self) -> None:
        for name in ("beds_per_10k", "rooms_per_10k"):
            value = getattr(self, name)
            if value > 10_000:
                raise StrategyContradictsItself(
                    f"isolation {name} is {value}; that is more beds than people (10,000 per 10,000)"
                )
            _within(f"isolation {name}", value, 0, 10_000)
        _within("isolation transfer_days", self.transfer_days, 0, 30)
        _within("isolation stay_days", self.stay_days, 1, 60)
        _within("isolation home_leak", self.home_leak, 0, 1)
        _within("isolation outside_leak", self.outside_leak, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """Trips between cities: the share kept from a day on, and the share of travellers tested before leaving."""

    since_day: int = 0
    kept: float = 1.0
    tested_before_leaving: float = 0.0

    def __post_init__(self) -> None:
        _within("travel kept", self.kept, 0, 1)
        _within("travel tested_before_leaving", self.tested_before_leaving, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """
    Travellers from one origin through one port: how many a day, what share is infected and what share of those is missed.

    `port` is the county they enter and stay in, `origin` a name; from `since_day` until `until_day` (open where None).
    Infected travellers whom the checks and the quarantine of the port miss are infections of the county.
    """

    port: str
    origin: str
    travellers_per_day: float
    infected_share: float
    missed_share: float
    since_day: int = 0
    until_day: int | None = None

    def __post_init__(self) -> None:
        at = f"arrivals from {self.origin} at {self.port}:"
        _within(f"{at} travellers_per_day", self.travellers_per_day, 0, 1e7)
        _within(f"{at} infected_share", self.infected_share, 0, 1)
        _within(f"{at} missed_share", self.missed_share, 0, 1)
        _within(f"{at} since_day", self.since_day, 0, NEVER)
        if self.until_day is not None and self.until_day <= self.since_day:
            raise StrategyContradictsItself(
                f"{at} until day {self.until_day}, which is not after day {self.since_day}"
            )

    @property
    def missed_per_day(self) -> float:
        """Mean number of infected travellers a day whom the port misses."""
        return self.travellers_per_day * self.infected_share * self.missed_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """
    Infected arrivals a day who pass the ports: by county (county key -> mean number a day), or by port and origin.

    What is said both ways adds up.
    """

    per_day: tuple[tuple[str, float], ...] = ()
    arrivals: tuple[Arrivals, ...] = ()

    def __post_init__(self) -> None:
        for county, mean in self.per_day:
            _within(f"imports of {county}", mean, 0, 1e5)
        told = [(one.port, one.origin, one.since_day) for one in self.arrivals]
        if len(set(told)) != len(told):
            twice = next(one for one in told if told.count(one) > 1)
            raise StrategyContradictsItself(
                f"arrivals from {twice[1]} at {twice[0]} from day {twice[2]} are said twice"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A vaccination campaign: from a day on, this share of each age band is reached a day, up to `most`."""

    since_day: int = NEVER
    per_day: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    most: float = 0.95

    def __post_init__(self) -> None:
        if len(self.per_day) != len(AGE_BANDS):
            raise RateOutOfRange(f"campaign per_day needs {len(AGE_BANDS)} shares by age")
        for share in self.per_day:
            _within("campaign per_day", share, 0, 1)
        _within("campaign most", self.most, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A named set of measures; None leaves one out. Two strategies share every draw until they differ."""

    name: str
    name_zh: str = ""
    zoning: Zoning | None = None
    screenings: tuple[Screening, ...] = ()
    finding: Finding = field(default_factory=Finding)
    tracing: Tracing | None = None
    isolation: Isolation = field(default_factory=Isolation)
    travel: Travel = field(default_factory=Travel)
    imports: Imports = field(default_factory=Imports)
    campaign: Campaign = field(default_factory=Campaign)
    tubes_per_10k: float = 500.0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise StrategyContradictsItself("a strategy without a name")
        _within(f"strategy {self.name}: tubes_per_10k", self.tubes_per_10k, 0, 1e5)
        if self.zoning is None and any(one.extent is None for one in self.screenings):
            raise StrategyContradictsItself(
                f"strategy {self.name} screens its zones and yet draws none"
            )


class Orders(NamedTuple):
    """
    What was ordered day by day from outside, for an exercise; made by `orders_none` or `ordered`.

    `level` is a table day x building (0 low, 1 medium, 2 high; its last row holds on), `rounds` rows (day, first
    resident, one past the last, people in a tube), `kept` rows (resident, from day, until day, 1 at home or 0 in a room).
    """

    level: Any
    rounds: Any
    kept: Any


def orders_none() -> Orders:
    """Return no orders."""
    return Orders(
        level=np.zeros((0, 0), np.int8), rounds=np.zeros((0, 4), np.int64), kept=np.zeros((0, 4), np.int64)
    )  # fmt: skip


def building_of(province: Province, person: int) -> int:
    """Return the number of the building a resident lives in, by which ordered levels are told."""
    community = int(np.searchsorted(province.community_start, person, side="right")) - 1
    first = int(province.community_start[community])
    return (first >> 6) + community + ((person - first) >> 6)


def residents_of(province: Province, building: int) -> tuple[int, int]:
    """Return (first resident, one past the last) of a building."""
    begins = (province.community_start[:-1] >> 6) + np.arange(province.communities)
    community = int(np.searchsorted(begins, building, side="right")) - 1
    first = int(province.community_start[community]) + (building - int(begins[community])) * 64
    return first, min(first + 64, int(province.community_start[community + 1]))


def ordered(
    province: Province,
    levels: Sequence[tuple[int, int, int, int]],
    rounds: Sequence[tuple[int, int, int, int]],
    kept: Sequence[tuple[int, int, int, int]] = (),
    *,
    days: int,
) -> Orders:
    """
    Return orders for the kernel.

    `levels` holds (building, level, from day, until day), `rounds` (day, first resident, one past the last, pool),
    `kept` (resident, from day, until day, 1 at home or 0 in a room): people in quarantine by an order about them.
    Where two levels meet the higher holds.
    """
    if levels:
        count = (province.residents >> 6) + province.communities + 2
        table = np.zeros((days, count), np.int8)
        for building, level, since, until in levels:
            if since < days and until > since:
                part = table[max(0, since) : until, building]
                np.maximum(part, level, out=part)
    else:
        table = np.zeros((0, 0), np.int8)
    people = np.array(kept, dtype=np.int64).reshape(-1, 4)
    people[:, 2] = np.minimum(people[:, 2], np.maximum(people[:, 1], 0) + LONGEST_QUARANTINE)
    return Orders(
        level=table, rounds=np.array(rounds, dtype=np.int64).reshape(-1, 4),
        kept=people[(people[:, 1] < days) & (people[:, 0] >= 0) & (people[:, 0] < province.residents)],
    )  # fmt: skip


# Places of the numbers of a strategy.
ZONE_MULT, FINDING, ISOLATION, TRAVEL, RECALL_AT, CAMPAIGN, TRACE = 0, 6, 13, 17, 19, 27, 32
ZONE_SINCE, ZONE_DELAY, TRACE_SINCE, TRAVEL_SINCE, _, CAMPAIGN_SINCE = range(38, 44)
LABORATORY, STAFF, BEDS, ROOMS = range(4)
"""Rows of capacity by city: tubes a day, cases traced a day, beds, rooms."""


class Means(NamedTuple):
    """
    A strategy as arrays for the kernel; made by `means_of`.

    `numbers` holds everything that is one number, at the places named above; `by_city` rows of capacity by city;
    `quarantine` rows of versions by day with the span of their tests among `test_days`;
    `zone_pairs` rows (first rule, extent, 1 if medium, where the zones of that extent begin among `zone_cells`).
    """

    numbers: Any
    zone_rules: Any
    zone_pairs: Any
    screens: Any
    screen_shares: Any
    by_city: Any
    seek_cdf: Any
    pharmacy_cdf: Any
    import_days: Any
    import_mean: Any
    import_cdf: Any
    test_days: Any
    quarantine: Any


def _delays(mean: float) -> Any:
    """Return the CDF of a geometric number of whole days, 0 included, with this mean."""
    stop = 1 / (1 + mean)
    days = np.arange(0, max(30, int(40 * (1 + mean))))
    return np.concatenate([[0.0], np.cumsum(stop * (1 - stop) ** days)[:-1], [1.0]])


def means_of(strategy: Strategy, province: Province, *, headroom: float = HEADROOM) -> Means:
    """Return a strategy as the kernel reads it; LookupError names a county of `imports` that is not there."""
    zoning = strategy.zoning
    rules = np.full((max(1, len(zoning.rules) if zoning else 1), 11), -1, np.int64)
    if zoning:
        for row, rule in enumerate(zoning.rules):
            rules[row] = (
                rule.from_day, rule.high_quiet_days, rule.high_closing_round, rule.high_to_medium,
                -1 if rule.after_high_quiet_days is None else rule.after_high_quiet_days,
                -1 if rule.medium_quiet_days is None else rule.medium_quiet_days,
                rule.medium_closing_round, rule.only_shorter,
                int(rule.high_extent), -1 if rule.medium_extent is None else int(rule.medium_extent),
                rule.medium_quiet_days is not None,
            )  # fmt: skip
    keep = zoning or Zoning()

    def obeyed(multiplier: float) -> float:
        return 1 - keep.compliance * (1 - multiplier)

    people = province.city_residents
    tracing = strategy.tracing or Tracing()
    find = strategy.finding
    import_days, import_mean, import_cdf = _import_tables(strategy.imports, province)
    return Means(
        numbers=np.array([
            obeyed(keep.high_multiplier), obeyed(keep.medium_inside), obeyed(keep.medium_across),
            obeyed(keep.rest_of_county), keep.home_multiplier, headroom,
            find.seeks, find.pharmacy, find.turnaround_days, find.routine_share, find.routine_every_days,
            find.routine_pool, find.routine_ct_shift,
            strategy.isolation.transfer_days, strategy.isolation.stay_days,
            strategy.isolation.home_leak, strategy.isolation.outside_leak,
            strategy.travel.kept, strategy.travel.tested_before_leaving,
            *tracing.recall, 0.0,
            *strategy.campaign.per_day, strategy.campaign.most,
            tracing.delay_days, tracing.look_back_days, tracing.backward, tracing.second_ring,
            0.0, 0.0,
            zoning.since_day if zoning else NEVER, keep.delay_days,
            tracing.since_day if strategy.tracing else NEVER, strategy.travel.since_day, 0.0,
            strategy.campaign.since_day,
        ], dtype=float),
        zone_rules=rules,
        zone_pairs=zone_pairs(rules, province),
        screens=np.array(
            [
                (-1 if s.extent is None else int(s.extent), s.since_day, s.every_days, s.pool, s.turnaround_days,
                 s.window_days, s.most_rounds, s.start_delay_days)
                for s in strategy.screenings
            ],
            dtype=np.int64,
        ).reshape(-1, 8),
        screen_shares=np.array(
            [(s.coverage, s.never_attend, s.ct_shift) for s in strategy.screenings], dtype=float
        ).reshape(-1, 3),
        by_city=np.array([
            people * strategy.tubes_per_10k / 10_000,
            people * tracing.staff_cases_per_day / 1e6,
            np.floor(people * strategy.isolation.beds_per_10k / 10_000),
            np.floor(people * strategy.isolation.rooms_per_10k / 10_000),
        ]),
        seek_cdf=_delays(find.seek_delay_days), pharmacy_cdf=_delays(find.pharmacy_delay_days),
        import_days=import_days, import_mean=import_mean, import_cdf=import_cdf,
        test_days=np.array([day for one in tracing.quarantine for day in one.test_days], dtype=np.int64),
        quarantine=_quarantine_table(tracing.quarantine),
    )  # fmt: skip


def _import_tables(imports: Imports, province: Province) -> tuple[Any, Any, Any]:
    """Return the days on which arrivals change, their mean a day from each, and the counties they come to as a CDF."""
    turns = {0, *(one.since_day for one in imports.arrivals)}
    turns |= {one.until_day for one in imports.arrivals if one.until_day is not None}
    days = sorted(turns)
    table = np.zeros((len(days), len(province.counties)))
    for key, mean in imports.per_day:
        table[:, province.county_index(key)] += mean
    for one in imports.arrivals:
        held = [
            one.since_day <= day and (one.until_day is None or day < one.until_day) for day in days
        ]
        table[held, province.county_index(one.port)] += one.missed_per_day
    total = table.sum(axis=1)
    share = np.where(
        total[:, None] > 0, table / np.maximum(total, 1e-300)[:, None], 1 / table.shape[1]
    )
    cdf = np.zeros((len(days), table.shape[1] + 1))
    cdf[:, 1:] = np.cumsum(share, axis=1)
    cdf[:, -1] = 1.0
    return np.array(days, dtype=np.int64).reshape(-1, 1), total, cdf


def _quarantine_table(versions: Sequence[Quarantine]) -> Any:
    """Rows (from day, room days, home days, the same of contacts of contacts, first test, one past the last)."""
    rows, at = [], 0
    for one in versions:
        rows.append(
            (one.from_day, one.room_days, one.home_days, one.second_room_days, one.second_home_days, at, at + len(one.test_days))
        )  # fmt: skip
        at += len(one.test_days)
    return np.array(rows, dtype=np.int64)


def zone_pairs(rules: Any, province: Province) -> Any:
    """
    Return rows (first rule, extent, 1 if medium, first cell) of the kinds of zones that rules draw.

    The last row's first cell is how many cells there are in all: one for each place a zone of a kind can be.
    """
    cells = {
        0: (province.residents >> 6) + province.communities + 2,
        1: (province.residents >> 9) + province.communities + 2,
        2: province.communities, 3: len(province.towns), 4: len(province.counties),
    }  # fmt: skip
    rows: list[tuple[int, int, int, int]] = []
    begin = 0
    for number, rule in enumerate(rules):
        for medium in range(2):
            extent = int(rule[8 + medium])
            if extent >= 0 and not any(row[1:3] == (extent, medium) for row in rows):
                rows.append((number, extent, medium, begin))
                begin += cells[extent]
    rows.append((len(rules), -1, 0, begin))
    return np.array(rows, dtype=np.int64)


__all__ = [
    "Arrivals", "Campaign", "Extent", "Finding", "Imports", "Isolation", "Means", "Orders", "Quarantine", "Screening", "Strategy",
    "StrategyContradictsItself", "Tracing", "Travel", "Vaccine", "ZoneRule", "Zoning", "building_of", "means_of", "ordered",
    "orders_none", "residents_of",
]  # fmt: skip
