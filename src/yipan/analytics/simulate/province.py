"""
The population, implicit: who lives, works and learns with whom follows from a resident's number alone.

Residents are numbered 0 to N-1 along province > city > county > street > community > block of 64. A block is cut into
homes by one of 256 templates chosen by hash; a keyed shuffle of a county's residents, the commuting table and a second
shuffle of those present by day put them into groups for work and for school. Nothing is stored per resident, every
membership can be asked in both directions, and both answers agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .draws import (
    BLOCK,
    ROLE,
    Ints,
    Whole,
    below,
    helper,
    mix,
    once,
    permute,
    table_of,
    u64,
    unit,
    unpermute,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AGE_BANDS = ("0-14", "15-59", "60-64", "65+")
"""Bands of age that the census tells for every city."""
BLOCK_SIZE = 64
TEMPLATES = 256
HINT_BITS = 13
"""Where anybody lives is looked up from the county and the town of every 8,192nd resident."""
MOST_RESIDENTS = 2**31 - 2

ROLE_NONE, ROLE_WORK, ROLE_SCHOOL = 0, 1, 2


class PackDoesNotAddUp(ValueError):
    """The facts of a population contradict each other; the message names the place and both figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A street or town: its key and the number of its communities (residents' and village committees)."""

    key: str
    communities: int

    def __post_init__(self) -> None:
        if self.communities < 1:
            raise PackDoesNotAddUp(
                f"town {self.key}: {self.communities} communities; expected 1 or more"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """A county: residents, the city it belongs to, its towns, its class of homes, its seat (degrees)."""

    key: str
    city: str
    residents: int
    towns: tuple[Town, ...]
    homes: str
    longitude: float
    latitude: float

    def __post_init__(self) -> None:
        if self.residents < BLOCK_SIZE:
            raise PackDoesNotAddUp(
                f"county {self.key}: {self.residents} residents; expected {BLOCK_SIZE} or more"
            )
        if not self.towns:
            raise PackDoesNotAddUp(f"county {self.key} has no town")
        if len({town.key for town in self.towns}) != len(self.towns):
            raise PackDoesNotAddUp(f"county {self.key}: a town stands twice")
        if self.residents < BLOCK_SIZE * sum(town.communities for town in self.towns):
            raise PackDoesNotAddUp(
                f"county {self.key}: {sum(t.communities for t in self.towns)} communities for "
                f"{self.residents} residents; expected at least {BLOCK_SIZE} residents in each"
            )
        if not (-180 <= self.longitude <= 180 and -90 <= self.latitude <= 90):
            raise PackDoesNotAddUp(
                f"county {self.key}: seat at {self.longitude}, {self.latitude} is no place on Earth"
            )


def _share(what: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise PackDoesNotAddUp(f"{what} is {value}; expected a share between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """
    How people of one class of cities live.

    `household_sizes` are shares of family households with 1, 2, 3 ... members; `dormitory_share` is the share of
    residents in collective households and `room_sizes` the shares of their rooms; `ages` are shares of all residents
    by AGE_BANDS, `dormitory_ages` of those in dormitories.
    """

    key: str
    household_sizes: tuple[float, ...]
    dormitory_share: float
    room_sizes: tuple[float, ...]
    ages: tuple[float, ...]
    dormitory_ages: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        _share(f"homes {self.key}: dormitory_share", self.dormitory_share)
        for name in ("household_sizes", "room_sizes", "ages", "dormitory_ages"):
            shares = getattr(self, name)
            for share in shares:
                _share(f"homes {self.key}: {name}", share)
            if abs(sum(shares) - 1) > 1e-6:
                raise PackDoesNotAddUp(
                    f"homes {self.key}: {name} add up to {sum(shares):.6f}; expected 1"
                )
        if len(self.ages) != len(AGE_BANDS) or len(self.dormitory_ages) != len(AGE_BANDS):
            raise PackDoesNotAddUp(
                f"homes {self.key}: ages need {len(AGE_BANDS)} shares, one for each of {AGE_BANDS}"
            )
        family = np.array(self.ages) - self.dormitory_share * np.array(self.dormitory_ages)
        if (family < -1e-9).any():
            band = AGE_BANDS[int(np.argmin(family))]
            raise PackDoesNotAddUp(
                f"homes {self.key}: more people aged {band} in dormitories than there are residents aged {band}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceFacts:
    """
    What is known of a province's population, checked to add up.

    `commuting[i, j]` is the share of the working residents of county i who work in county j (rows add to 1 at most;
    the rest stay). `travel[i, j]` are shares of the trips out of city i (rows add to 1, the diagonal is 0).
    `employed` and `schooled` are shares of each age band; `work_group` and `school_group` are people in a group.
    """

    name: str
    counties: tuple[County, ...]
    homes: tuple[Homes, ...]
    commuting: FloatArray
    travel: FloatArray
    employed: tuple[float, ...]
    schooled: tuple[float, ...]
    work_group: int
    school_group: int
    residents: int | None = None

    def __post_init__(self) -> None:
        if not self.counties:
            raise PackDoesNotAddUp(f"{self.name} has no county")
        keys = [county.key for county in self.counties]
        if len(set(keys)) != len(keys):
            raise PackDoesNotAddUp(f"{self.name}: a county stands twice")
        total = sum(county.residents for county in self.counties)
        if self.residents is not None and total != self.residents:
            raise PackDoesNotAddUp(
                f"{self.name}: its counties hold {total} residents together, the province {self.residents}"
            )
        if total > MOST_RESIDENTS:
            raise PackDoesNotAddUp(
                f"{self.name}: {total} residents; at most {MOST_RESIDENTS} can be numbered"
            )
        classes = {homes.key for homes in self.homes}
        for county in self.counties:
            if county.homes not in classes:
                raise PackDoesNotAddUp(
                    f"county {county.key}: class of homes {county.homes!r} is not one of {sorted(classes)}"
                )
        cities = self.cities
        order = [cities.index(county.city) for county in self.counties]
        if order != sorted(order):
            raise PackDoesNotAddUp(f"{self.name}: the counties of a city must stand together")
        self._check_tables()
        self._check_shares()

    def _check_tables(self) -> None:
        keys, cities = self.counties, self.cities
        for name, table, size in (
            ("commuting", self.commuting, len(keys)), ("travel", self.travel, len(cities)),
        ):  # fmt: skip
            if table.shape != (size, size):
                raise PackDoesNotAddUp(
                    f"{self.name}: {name} has shape {table.shape}; expected {(size, size)}"
                )
            if (table < 0).any() or (table.sum(axis=1) > 1 + 1e-6).any():
                raise PackDoesNotAddUp(
                    f"{self.name}: rows of {name} must be shares that add to 1 at most"
                )

    def _check_shares(self) -> None:
        for name in ("employed", "schooled"):
            shares = getattr(self, name)
            if len(shares) != len(AGE_BANDS):
                raise PackDoesNotAddUp(f"{self.name}: {name} needs {len(AGE_BANDS)} shares")
            for share in shares:
                _share(f"{self.name}: {name}", share)
        for band, work, learn in zip(AGE_BANDS, self.employed, self.schooled, strict=True):
            if work + learn > 1 + 1e-9:
                raise PackDoesNotAddUp(
                    f"{self.name}: of those aged {band}, {work} work and {learn} go to school; together at most 1"
                )
        for name in ("work_group", "school_group"):
            if getattr(self, name) < 2:
                raise PackDoesNotAddUp(f"{self.name}: {name} is {getattr(self, name)}; 2 or more")

    @property
    def cities(self) -> tuple[str, ...]:
        """The cities in the order of their first county."""
        return tuple(dict.fromkeys(county.city for county in self.counties))


# Places in the head of the whole numbers of a layout: the first are values, the others say where a table begins.
(
    RESIDENTS, KEY, CLASSES, WORK_SLICE, SCHOOL_SLICE, COUNTIES, CITIES, TOWNS, COUNTY_START, COUNTY_CITY, CITY_START,
    TOWN_START, TOWN_COUNTY, TOWN_COMMUNITIES, COMMUNITY_FIRST, COMMUNITY_SIZE, COUNTY_HOMES, STAY, OUT, INTO,
    PRESENT, BITS_HOME, BITS_DAY, COMMUNITY_START, COMMUNITY_TOWN, COMMUNITIES, COUNTY_HINT, TOWN_HINT, HEAD,
) = range(29)  # fmt: skip
EMPLOYED, SCHOOLED, DORMITORY_SHARE = 0, 4, 8
"""Places in the shares of a layout: by age, by age, by class of homes; the travel table follows."""


class Layout(NamedTuple):
    """
    All a kernel needs to find anybody, in three arrays so that it can be handed about for nothing.

    Made by `lay_out`, read by this file and the kernel only.
    """

    ints: Any
    shares: Any
    homes: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Province:
    """A population laid out: its facts and the arrays by which anybody is found."""

    facts: ProvinceFacts
    layout: Layout
    work_share: float
    school_share: float
    dormitory_share: float
    mean_house_mates: float
    towns: tuple[str, ...]
    communities: int
    city_residents: IntArray = field(repr=False)
    county_residents: IntArray = field(repr=False)
    county_city: IntArray = field(repr=False)
    county_start: IntArray = field(repr=False)
    town_start: IntArray = field(repr=False)
    community_start: IntArray = field(repr=False)

    @property
    def residents(self) -> int:
        """How many people live in the province."""
        return int(self.layout.ints[RESIDENTS])

    @property
    def counties(self) -> tuple[str, ...]:
        """Keys of the counties in the order of the layout."""
        return tuple(county.key for county in self.facts.counties)

    def county_index(self, key: str) -> int:
        """Return a county's place in the layout; LookupError names a place that is not there."""
        for index, county in enumerate(self.facts.counties):
            if county.key == key:
                return index
        raise LookupError(f"{key!r} is no county of {self.facts.name}")

    def city_index(self, key: str) -> int:
        """Return a city's place in the layout; LookupError names a place that is not there."""
        if key not in self.facts.cities:
            raise LookupError(f"{key!r} is no city of {self.facts.name}")
        return self.facts.cities.index(key)

    def people(self, of: ArrayLike) -> "People":
        """Return where residents live, their home, age band, role; arrays of one length."""
        ids = np.ascontiguousarray(of, dtype=np.int64)
        if ids.size and (ids.min() < 0 or ids.max() >= self.residents):
            raise ValueError(f"residents are numbered 0 to {self.residents - 1}")
        found = _people(self.layout, ids)
        return People(
            county=found[0], town=found[1], community=found[2], home=found[3], home_size=found[4],
            in_dormitory=found[5].astype(bool), age=found[6], role=found[7], group=found[8],
        )  # fmt: skip

    def group_members(self, person: int) -> IntArray:
        """Return everybody in a person's group for work or school, the person included; empty without one."""
        return np.asarray(_members(self.layout, np.int64(person)))


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What the layout says of some residents; `home` is the number of the first who lives in it."""

    county: IntArray
    town: IntArray
    community: IntArray
    home: IntArray
    home_size: IntArray
    in_dormitory: NDArray[np.bool_]
    age: IntArray
    role: IntArray
    group: IntArray


def household_sizes(mean: float, *, most: int = 10) -> tuple[float, ...]:
    """
    Return shares of households by size for a mean size: a zero-truncated Poisson, cut at `most`.

    For where the census tells the mean only. At 2.63 it gives 24 % one-person and 29 % two-person households.

    >>> [round(share, 2) for share in household_sizes(2.63)[:3]]
    [0.24, 0.29, 0.23]
    """
    if not 1 <= mean < most:
        raise ValueError(f"a mean household of {mean} people; expected 1 or more")
    low, high = 1e-9, float(most)
    sizes = np.arange(1, most + 1)
    factorial = np.cumprod(sizes.astype(float))

    def shares(rate: float) -> FloatArray:
        weight = rate**sizes / factorial
        return np.asarray(weight / weight.sum())

    for _ in range(200):
        rate = (low + high) / 2
        if float((shares(rate) * sizes).sum()) < mean:
            low = rate
        else:
            high = rate
    return tuple(float(share) for share in shares((low + high) / 2))


def commuting_by_gravity(
    counties: Sequence[County], *, leaving: float, decay_km: float
) -> FloatArray:
    """
    Return shares of working residents by county of work: `leaving` go elsewhere, by size and exp(-km / decay_km).

    A modelled table for where none was counted; both numbers are inputs and are shown with the result.
    """
    _share("leaving", leaving)
    if decay_km <= 0:
        raise ValueError(f"decay_km is {decay_km}; expected more than 0")
    seat = np.radians(np.array([(c.longitude, c.latitude) for c in counties]))
    people = np.array([c.residents for c in counties], dtype=float)
    half = np.sin((seat[:, None] - seat[None]) / 2) ** 2
    chord = half[..., 1] + np.cos(seat[:, None, 1]) * np.cos(seat[None, :, 1]) * half[..., 0]
    km = 2 * 6371.0 * np.arcsin(np.sqrt(np.minimum(chord, 1.0))) + 5.0
    pull = people[None] * np.exp(-km / decay_km)
    np.fill_diagonal(pull, 0.0)
    total = pull.sum(axis=1, keepdims=True)
    return np.asarray(
        leaving * np.divide(pull, total, out=np.zeros_like(pull), where=total > 0), dtype=float
    )


def lay_out(facts: ProvinceFacts, *, key: int = 20201101) -> Province:
    """
    Lay out a province: number its residents, cut its blocks, shuffle its groups. Seconds once, bytes per county.

    `key` names the population: another key is another population with the same facts. A county's residents are
    shared among its towns by number of communities, and equally within a town, in whole blocks; a recorded method.
    """
    sizes = np.array([county.residents for county in facts.counties], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    cities = facts.cities
    city = np.array([cities.index(county.city) for county in facts.counties], dtype=np.int64)
    city_start = np.concatenate(
        [[0], [start[np.flatnonzero(city == k)[-1] + 1] for k in range(len(cities))]]
    ).astype(np.int64)
    town_start, town_county, town_count, first, community_size, names = [], [], [], [], [], []
    number = 0
    for index, county in enumerate(facts.counties):
        blocks = int(sizes[index]) // BLOCK_SIZE
        whole = sum(town.communities for town in county.towns)
        place = int(start[index])
        left_blocks, left_communities = blocks, whole
        for town in county.towns:
            given = left_blocks * town.communities // left_communities
            per = max(1, given // town.communities)
            town_start.append(place)
            town_county.append(index)
            town_count.append(town.communities)
            first.append(number)
            community_size.append(per * BLOCK_SIZE)
            names.append(town.key)
            number += town.communities
            place += given * BLOCK_SIZE
            left_blocks -= given
            left_communities -= town.communities
    town_start.append(int(start[-1]))
    classes = [homes.key for homes in facts.homes]
    home_start, home_size, home_age = _templates(facts.homes, key)
    employed_share, school_share, mates, dorm = _averages(facts, home_size)
    moving = np.floor(facts.commuting * sizes[:, None]).astype(np.int64)
    np.fill_diagonal(moving, 0)
    out_offset = np.concatenate(
        [np.zeros((len(sizes), 1), np.int64), np.cumsum(moving, axis=1)], axis=1
    )
    in_offset = np.concatenate(
        [np.zeros((len(sizes), 1), np.int64), np.cumsum(moving.T, axis=1)], axis=1
    )
    stay = sizes - out_offset[:, -1]
    present = stay + in_offset[:, -1]
    cdf = np.concatenate([np.zeros((len(cities), 1)), np.cumsum(facts.travel, axis=1)], axis=1)
    cdf[:, -1] = 1.0 + 1e-9
    packed_homes = (
        home_start.astype(np.uint16)
        | home_size.astype(np.uint16) << 6
        | home_age.astype(np.uint16) << 13
    )
    starts = np.array(town_start, dtype=np.int64)
    counts, community_sizes = np.array(town_count), np.array(community_size)
    community_start = np.concatenate(
        [starts[t] + community_sizes[t] * np.arange(counts[t]) for t in range(len(names))]
        + [start[-1:]]
    )
    tables = {
        COUNTY_START: start, COUNTY_CITY: city, CITY_START: city_start, TOWN_START: starts,
        TOWN_COUNTY: np.array(town_county), TOWN_COMMUNITIES: counts, COMMUNITY_FIRST: np.array(first),
        COMMUNITY_SIZE: community_sizes,
        COUNTY_HOMES: np.array([classes.index(c.homes) for c in facts.counties]), STAY: stay,
        OUT: out_offset, INTO: in_offset, PRESENT: present, BITS_HOME: _bits(sizes), BITS_DAY: _bits(present),
        COMMUNITY_START: community_start, COMMUNITY_TOWN: np.repeat(np.arange(len(names)), counts),
        COUNTY_HINT: _hints(start), TOWN_HINT: _hints(starts),
    }  # fmt: skip
    head = np.zeros(HEAD, np.int64)
    head[[RESIDENTS, KEY, CLASSES, COUNTIES, CITIES, TOWNS, COMMUNITIES]] = (
        start[-1], key, len(classes), len(sizes), len(cities), len(names), number,
    )  # fmt: skip
    head[WORK_SLICE] = max(2, round(facts.work_group / employed_share)) if employed_share > 0 else 2
    head[SCHOOL_SLICE] = max(2, round(facts.school_group / school_share)) if school_share > 0 else 2
    place, parts = HEAD, [head]
    for which, table in tables.items():
        head[which] = place
        parts.append(np.ascontiguousarray(table, dtype=np.int64).reshape(-1))
        place += table.size
    layout = Layout(
        ints=np.concatenate(parts),
        shares=np.concatenate([
            facts.employed, facts.schooled, [homes.dormitory_share for homes in facts.homes], cdf.reshape(-1),
        ]),
        homes=np.ascontiguousarray(packed_homes).reshape(-1),
    )  # fmt: skip
    return Province(
        facts=facts, layout=layout, work_share=employed_share, school_share=school_share,
        dormitory_share=dorm, mean_house_mates=mates, towns=tuple(names), communities=number,
        city_residents=np.diff(city_start), county_residents=sizes, county_city=city, county_start=start,
        town_start=starts, community_start=community_start.astype(np.int64),
    )  # fmt: skip


def _hints(begins: IntArray) -> IntArray:
    """Return for every 2**HINT_BITS-th resident in which part of ascending begins (the last is the end) he is."""
    at = np.arange(0, begins[-1], 1 << HINT_BITS)
    return np.asarray(np.searchsorted(begins[:-1], at, side="right") - 1)


def _bits(sizes: IntArray) -> IntArray:
    return np.array([max(2, int(size - 1).bit_length()) for size in sizes], dtype=np.int64)


def _templates(homes: Sequence[Homes], key: int) -> tuple[Any, Any, Any]:
    """Cut 256 blocks per class into family homes and 256 into dormitory rooms; ages fill the quotas exactly."""
    shape = (2 * len(homes), TEMPLATES, BLOCK_SIZE)
    start, size, age = (np.zeros(shape, np.uint8) for _ in range(3))
    for index, one in enumerate(homes):
        family = np.array(one.ages) - one.dormitory_share * np.array(one.dormitory_ages)
        family = np.maximum(family, 0) / max(family.sum(), 1e-12)
        for row, sizes, ages in (
            (index, one.household_sizes, family),
            (len(homes) + index, one.room_sizes, np.array(one.dormitory_ages)),
        ):
            chance = np.random.Generator(np.random.Philox(key=[key, row]))
            _cut(start[row], size[row], np.array(sizes), chance)
            _age(start[row], age[row], ages, chance)
    return start, size, age


def _cut(start: Any, size: Any, shares: FloatArray, chance: np.random.Generator) -> None:
    """
    Cut blocks into homes whose sizes follow the shares: the quota of each size, shuffled, laid end to end.

    Homes that would cross the end of a block are exchanged for ones that fit, so the quotas are met to a few homes.
    """
    mean = float((shares * np.arange(1, shares.size + 1)).sum())
    homes = TEMPLATES * BLOCK_SIZE / mean
    quota = np.floor(shares * homes + 0.5).astype(int)
    for row in range(TEMPLATES):
        place = 0
        while place < BLOCK_SIZE:
            room = min(shares.size, BLOCK_SIZE - place)
            weight = np.maximum(quota[:room], 0).astype(float)
            if weight.sum() == 0:
                weight = shares[:room] + 1e-9
            pick = int(chance.choice(room, p=weight / weight.sum())) + 1
            quota[pick - 1] -= 1
            start[row, place : place + pick] = place
            size[row, place : place + pick] = pick
            place += pick


def _age(start: Any, age: Any, shares: FloatArray, chance: np.random.Generator) -> None:
    """Give every slot an age band: the quotas exactly, a child never alone in a home."""
    slots = start.size
    quota = np.floor(shares * slots).astype(int)
    quota[int(np.argmax(shares))] += slots - int(quota.sum())
    flat_start, flat = start.reshape(-1), age.reshape(-1)
    place = np.tile(np.arange(BLOCK_SIZE), TEMPLATES)
    heads = np.flatnonzero(flat_start == place)
    others = np.flatnonzero(flat_start != place)
    grown = np.repeat(np.arange(1, len(AGE_BANDS)), quota[1:])
    chance.shuffle(grown)
    heads_aged = grown[: heads.size]
    rest = np.concatenate([np.zeros(quota[0], int), grown[heads.size :]])
    chance.shuffle(rest)
    flat[heads] = 1
    flat[heads[: heads_aged.size]] = heads_aged
    flat[others] = rest[: others.size]


def _averages(facts: ProvinceFacts, home_size: Any) -> tuple[float, float, float, float]:
    """Shares of residents who work and who learn, mean number of others at home, share in dormitories."""
    total = sum(county.residents for county in facts.counties)
    work = school = mates = dorm = 0.0
    by_class = {homes.key: (index, homes) for index, homes in enumerate(facts.homes)}
    for county in facts.counties:
        index, homes = by_class[county.homes]
        weight = county.residents / total
        work += weight * float(np.dot(homes.ages, facts.employed))
        school += weight * float(np.dot(homes.ages, facts.schooled))
        dorm += weight * homes.dormitory_share
        family = float(home_size[index].mean()) - 1
        rooms = float(home_size[len(facts.homes) + index].mean()) - 1
        mates += weight * ((1 - homes.dormitory_share) * family + homes.dormitory_share * rooms)
    return work, school, mates, dorm


# -- where anybody is: both directions, for the kernel ----------------------------------------------------------------


@helper
def among(G: Ints, table: Whole, count: Whole, x: Whole) -> Whole:
    """Return the largest k under `count` with table[k] <= x, for ascending offsets with one more entry."""
    low = 0
    high = count
    while high - low > 1:
        middle = (low + high) >> 1
        if G[table + middle] <= x:
            low = middle
        else:
            high = middle
    return low


@helper
def _from_hint(G: Ints, hint: Whole, table: Whole, i: Whole) -> Whole:
    """Return the largest k with table[k] <= i, from the hint for i."""
    k = np.int64(G[hint + (i >> HINT_BITS)])
    while G[table + k + 1] <= i:
        k += 1
    return k


@helper
def county_of(L: Layout, i: Whole) -> Whole:
    """Return the county of a resident."""
    G = L.ints
    return _from_hint(G, G[COUNTY_HINT], G[COUNTY_START], i)


@helper
def _slot_of(L: Layout, i: Whole, c: Whole) -> tuple[Whole, bool, Whole]:
    """Return (block start, in a dormitory, packed place in the template) of a resident of county c."""
    G = L.ints
    base = G[G[COUNTY_START] + c]
    block = base + (((i - base) >> 6) << 6)
    h = once(np.uint64(G[KEY]), block, BLOCK)
    cls = G[G[COUNTY_HOMES] + c]
    dorm = unit(h) < L.shares[DORMITORY_SHARE + cls]
    row = cls + (G[CLASSES] if dorm else 0)
    t = np.int64(mix(h) & np.uint64(255))
    return block, dorm, np.int64(L.homes[(row * 256 + t) * 64 + (i - block)])


@helper
def age_of(L: Layout, i: Whole, c: Whole) -> Whole:
    """Return the age band of a resident of county c."""
    return _slot_of(L, i, c)[2] >> 13


@helper
def place_of(L: Layout, i: Whole) -> tuple[Whole, Whole, Whole, Whole, bool, Whole]:
    """Return (county, block start, home start, home size, in a dormitory, age band) of a resident."""
    c = county_of(L, i)
    block, dorm, packed = _slot_of(L, i, c)
    start = block + (packed & 63)
    size = (packed >> 6) & 127
    end = L.ints[L.ints[COUNTY_START] + c + 1]
    if start + size > end:
        size = end - start
    return c, block, start, size, dorm, packed >> 13


@helper
def role_of(L: Layout, i: Whole, age: Whole) -> int:
    """Return what a resident of an age does by day: nothing, work or school."""
    u = unit(once(np.uint64(L.ints[KEY]), i, ROLE))
    if u < L.shares[EMPLOYED + age]:
        return ROLE_WORK
    if u < L.shares[EMPLOYED + age] + L.shares[SCHOOLED + age]:
        return ROLE_SCHOOL
    return ROLE_NONE


@helper
def town_of(L: Layout, i: Whole) -> Whole:
    """Return a resident's town."""
    return _from_hint(L.ints, L.ints[TOWN_HINT], L.ints[TOWN_START], i)


@helper
def community_of(L: Layout, i: Whole) -> tuple[Whole, Whole, Whole]:
    """Return (community, its first resident, its number of residents)."""
    G = L.ints
    t = town_of(L, i)
    size = G[G[COMMUNITY_SIZE] + t]
    begin = G[G[TOWN_START] + t]
    k = (i - begin) // size
    last = G[G[TOWN_COMMUNITIES] + t] - 1
    k = min(k, last)
    first = begin + k * size
    if k == last:
        size = G[G[TOWN_START] + t + 1] - first
    return G[G[COMMUNITY_FIRST] + t] + k, first, size


@helper
def work_group_of(L: Layout, i: Whole, c: Whole) -> tuple[Whole, Whole, Whole]:
    """Return (county of work, first slot of the group, slots in it) of a resident of county c."""
    G = L.ints
    width = G[COUNTIES] + 1
    begin = G[G[COUNTY_START] + c]
    n = G[G[COUNTY_START] + c + 1] - begin
    p = permute(i - begin, n, G[G[BITS_HOME] + c], np.uint64(G[KEY] + 2 * c + 1))
    stay = G[G[STAY] + c]
    if p < stay:
        d = c
        slot = p
    else:
        d = among(G, G[OUT] + c * width, G[COUNTIES], p - stay)
        slot = G[G[STAY] + d] + G[G[INTO] + d * width + c] + (p - stay - G[G[OUT] + c * width + d])
    present = G[G[PRESENT] + d]
    q = permute(slot, present, G[G[BITS_DAY] + d], np.uint64(G[KEY] + 1000003 + 2 * d))
    first = (q // G[WORK_SLICE]) * G[WORK_SLICE]
    return d, first, min(G[WORK_SLICE], present - first)


@helper
def resident_at_work(L: Layout, d: Whole, q: Whole) -> tuple[Whole, Whole]:
    """Return (resident, county of residence) at slot q of county d by day."""
    G = L.ints
    width = G[COUNTIES] + 1
    slot = unpermute(q, G[G[PRESENT] + d], G[G[BITS_DAY] + d], np.uint64(G[KEY] + 1000003 + 2 * d))
    stay = G[G[STAY] + d]
    if slot < stay:
        c = d
        p = slot
    else:
        c = among(G, G[INTO] + d * width, G[COUNTIES], slot - stay)
        p = G[G[STAY] + c] + G[G[OUT] + c * width + d] + (slot - stay - G[G[INTO] + d * width + c])
    begin = G[G[COUNTY_START] + c]
    n = G[G[COUNTY_START] + c + 1] - begin
    return begin + unpermute(p, n, G[G[BITS_HOME] + c], np.uint64(G[KEY] + 2 * c + 1)), c


@helper
def school_group_of(L: Layout, i: Whole, c: Whole) -> tuple[Whole, Whole]:
    """Return (first slot of the group, slots in it) at school; everybody learns in the county of residence."""
    G = L.ints
    begin = G[G[COUNTY_START] + c]
    n = G[G[COUNTY_START] + c + 1] - begin
    q = permute(i - begin, n, G[G[BITS_HOME] + c], np.uint64(G[KEY] + 2000003 + 2 * c))
    first = (q // G[SCHOOL_SLICE]) * G[SCHOOL_SLICE]
    return first, min(G[SCHOOL_SLICE], n - first)


@helper
def resident_at_school(L: Layout, c: Whole, q: Whole) -> Whole:
    """Return the resident at slot q of the schools of county c."""
    G = L.ints
    begin = G[G[COUNTY_START] + c]
    n = G[G[COUNTY_START] + c + 1] - begin
    return np.int64(
        begin + unpermute(q, n, G[G[BITS_HOME] + c], np.uint64(G[KEY] + 2000003 + 2 * c))
    )


@helper
def group_mate(
    L: Layout, role: Whole, home_county: Whole, d: Whole, first: Whole, size: Whole, me: Whole, bits: u64,
) -> Whole:  # fmt: skip
    """Return a random other member of the same role in a group, -1 where none turned up in 64 tries."""
    for _ in range(64):
        bits = mix(bits)
        q = first + below(bits, size)
        c = home_county
        if role == ROLE_WORK:
            o, c = resident_at_work(L, d, q)
        else:
            o = resident_at_school(L, home_county, q)
        if o == me:
            continue
        if role_of(L, o, age_of(L, o, c)) == role:
            return o
    return np.int64(-1)


@table_of
def _people(L: Layout, ids: Ints) -> Ints:
    out = np.empty((9, ids.size), np.int64)
    for x in range(ids.size):
        i = ids[x]
        c, _, start, size, dorm, age = place_of(L, i)
        role = role_of(L, i, age)
        out[0, x] = c
        out[1, x] = town_of(L, i)
        out[2, x] = community_of(L, i)[0]
        out[3, x] = start
        out[4, x] = size
        out[5, x] = 1 if dorm else 0
        out[6, x] = age
        out[7, x] = role
        out[8, x] = -1
        if role == ROLE_WORK:
            d, first, _ = work_group_of(L, i, c)
            out[8, x] = d * 2**32 + first
        elif role == ROLE_SCHOOL:
            first, _ = school_group_of(L, i, c)
            out[8, x] = -2 - (c * 2**32 + first)
    return out


@table_of
def _members(L: Layout, i: Whole) -> Ints:
    c, _, _, _, _, age = place_of(L, i)
    role = role_of(L, i, age)
    if role == ROLE_NONE:
        return np.empty(0, np.int64)
    if role == ROLE_WORK:
        d, first, size = work_group_of(L, i, c)
    else:
        d = c
        first, size = school_group_of(L, i, c)
    found = np.empty(size, np.int64)
    n = 0
    for q in range(first, first + size):
        o = resident_at_work(L, d, q)[0] if role == ROLE_WORK else resident_at_school(L, d, q)
        if role_of(L, o, place_of(L, o)[5]) == role:
            found[n] = o
            n += 1
    return np.sort(found[:n])
