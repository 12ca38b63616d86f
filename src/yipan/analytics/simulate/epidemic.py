"""One epidemic from a start, and what it cost: infections, days, people kept at home, tests, beds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import kernel
from .measures import HEADROOM, Orders, Strategy, means_of, orders_none
from .pathogen import LAYERS, Pathogen, RateOutOfRange, Rates, derive, disease_tables
from .province import MOST_RESIDENTS, Province

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ROUTES = (
    "", "fever clinic", "pharmacy", "tracing", "screening", "routine test", "traveller's test", "known at the start",
)  # fmt: skip
"""How an infection was found, by number."""
ZERO_DAYS = 7
"""Days in a row without an infection found outside quarantine that count as zero."""
SAMPLED_PER_SAMPLER = 360
"""People a sampler serves a day (regional testing guide, third edition, 22 March 2022: population over 360)."""
_LARGE = 5_000_000
"""Infections from which the room made for them is not copied to the size needed."""
FULL_LOCKDOWN_LOSS = 0.54
"""Share of output lost under a full lockdown (Chen et al. 2025, a month of full lockdown of a city)."""


class Axis(StrEnum):
    """The four sides on which strategies are compared; never added up."""

    CONTROL = "control"
    ECONOMY = "economy"
    NEEDS = "needs"
    PROPORTIONALITY = "proportionality"


MEASURED: Mapping[str, tuple[Axis, str, str]] = {
    "infections": (Axis.CONTROL, "infections", "感染者"),
    "found": (Axis.CONTROL, "infections found", "发现的感染者"),
    "days_to_zero": (Axis.CONTROL, "days until community zero", "社会面清零所需天数"),
    "peak_daily": (Axis.CONTROL, "most infections in a day", "单日感染峰值"),
    "cities_reached": (Axis.CONTROL, "cities reached", "波及地市数"),
    "exported": (Axis.CONTROL, "infections passed between cities", "跨市传播"),
    "severe": (Axis.CONTROL, "severe illness", "重症"),
    "deaths": (Axis.CONTROL, "deaths", "死亡"),
    "lost_workdays": (Axis.ECONOMY, "working days lost", "损失工作日"),
    "output_days_lost": (Axis.ECONOMY, "person-days of output lost", "损失的人日产出"),
    "tubes": (Axis.ECONOMY, "tubes tested", "检测管数"),
    "staff_days": (Axis.ECONOMY, "staff-days of sampling and tracing", "采样与流调人日"),
    "stay_home_days": (Axis.NEEDS, "person-days confined to home", "居家封控人日"),
    "stay_in_zone_days": (Axis.NEEDS, "person-days kept in a zone", "区域管控人日"),
    "quarantine_days": (Axis.NEEDS, "person-days in quarantine", "隔离人日"),
    "longest_restriction": (Axis.NEEDS, "longest restriction, days", "最长连续管控天数"),
    "unmet_bed_days": (Axis.NEEDS, "bed-days wanting", "床位缺口人日"),
    "delayed_care": (Axis.NEEDS, "care delayed, events", "延误就医事件"),
    "restricted_per_infection": (
        Axis.PROPORTIONALITY, "person-days restricted per infection found", "每发现一例感染的管控人日",
    ),
    "tubes_per_found": (Axis.PROPORTIONALITY, "tubes per infection found", "每发现一例感染的检测管数"),
}  # fmt: skip
"""Everything measured of a replicate: its axis, its name in English and Chinese. Less is better of each."""

DELAYED_CARE_PER_PERSON_DAY = 0.002
"""Events of care (dialysis, treatment, births, emergencies) a resident needs a day: an assumption of this project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An infection at the start: on which day, in which county or of which resident, and when found if it was."""

    day: int
    county: str | None = None
    person: int | None = None
    found: int | None = None

    def __post_init__(self) -> None:
        if (self.county is None) == (self.person is None):
            raise ValueError("a seed is either of a county or of a resident")
        if self.day < 0:
            raise ValueError(f"a seed on day {self.day}; days count from 0")
        if self.found is not None and self.found < self.day:
            raise ValueError(f"a seed found on day {self.found}, infected on day {self.day}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epidemic:
    """
    One replicate.

    `new`, `found` and `community` are tables day x county: infections, infections found, and of those the ones found
    outside quarantine. `daily` holds a series of the province for each of `kernel.DAILY`. The columns `person` to
    `kept_home` describe each infection in the order in which they happened; a found day of -1 is never.
    """

    seed: int
    strategy: str
    new: NDArray[np.int32] = field(repr=False)
    found: NDArray[np.int32] = field(repr=False)
    community: NDArray[np.int32] = field(repr=False)
    daily: Mapping[str, FloatArray] = field(repr=False)
    costs: Mapping[str, float]
    attempts: int
    ended_early: int | None
    person: NDArray[np.int32] = field(repr=False)
    source: NDArray[np.int32] = field(repr=False)
    day: NDArray[np.int16] = field(repr=False)
    found_on: NDArray[np.int16] = field(repr=False)
    layer: NDArray[np.uint8] = field(repr=False)
    route: NDArray[np.uint8] = field(repr=False)
    isolated_from: NDArray[np.int16] = field(repr=False)
    kept_home: NDArray[np.uint8] = field(repr=False)

    @property
    def infections(self) -> int:
        """How many were infected, those of the start among them."""
        return int(self.person.size)

    def by_layer(self) -> dict[str, int]:
        """Return infections by where they passed."""
        count = np.bincount(self.layer, minlength=len(LAYERS))
        return {name: int(count[index]) for index, name in enumerate(LAYERS)}


def seed_table(seeds: Sequence[Seed], province: Province) -> IntArray:
    """Return the seeds as the kernel reads them, in order of day; LookupError names a county that is not there."""
    counties = {
        one: province.county_index(one)
        for one in {seed.county for seed in seeds}
        if one is not None
    }
    rows = [
        (
            seed.day,
            -1 if seed.person is None else seed.person,
            -1 if seed.county is None else counties[seed.county],
            -1 if seed.found is None else seed.found,
        )
        for seed in seeds
    ]
    for row in rows:
        if row[1] >= province.residents:
            raise LookupError(
                f"resident {row[1]}; {province.facts.name} has {province.residents}, numbered from 0"
            )
    return np.array(sorted(rows, key=lambda row: row[0]), dtype=np.int64).reshape(-1, 4)


def check_run(
    province: Province, pathogen: Pathogen, strategies: Sequence[Strategy], *, days: int
) -> None:
    """
    Raise what `run` would raise of a question, without running: nothing is compiled for what cannot be.

    RateOutOfRange for days outside 1 to 30,000 or a home that alone gives more than R, LookupError for a county of
    `imports` that is not there.

    Example: `check_run(province, pathogen, [Strategy(name="nothing")], days=60)`.
    """
    _check_days(days)
    derive(pathogen, province)
    for strategy in strategies:
        means_of(strategy, province)


def _check_days(days: int) -> None:
    if not 1 <= days <= 30_000:
        raise RateOutOfRange(f"a run of {days} days; expected between 1 and 30000")


def run(
    province: Province,
    pathogen: Pathogen,
    strategy: Strategy,
    seeds: "Sequence[Seed] | IntArray",
    *,
    days: int,
    seed: int,
    rates: Rates | None = None,
    generation: ArrayLike | None = None,
    orders: Orders | None = None,
    capacity: int = 1024,
    headroom: float = HEADROOM,
    most: int | None = None,
    silent_days: int = 0,
) -> Epidemic:
    """
    Run one epidemic for `days` days. The same arguments give the same numbers to the last bit, on any machine.

    `seeds` may be the table `seed_table` made of them, where several strategies begin with the same.
    `rates` replaces those derived from the pathogen, `generation` its law of generation times (for tests). `capacity`
    is how many infections room is made for at first; it grows. `headroom` is the multiple at which attempts at home
    are drawn before they are thinned; no result depends on it in distribution. Raises RateOutOfRange for days outside 1 to 30,000.

    In the first `silent_days` nobody infects anybody: all who were infected then are among the seeds.

    Example: `run(province, pathogen, Strategy(name="nothing"), [Seed(day=0, county="440105")], days=60, seed=1)`.
    """
    _check_days(days)
    if not headroom >= 1:
        raise RateOutOfRange(f"a headroom of {headroom}; expected 1 or more")
    known = rates or derive(pathogen, province)
    tables = (
        _tables(pathogen, known)
        if generation is None
        else disease_tables(pathogen, known, generation=generation)
    )
    means = means_of(strategy, province, headroom=headroom)
    begun = seeds if isinstance(seeds, np.ndarray) else seed_table(seeds, province)
    made = kernel.run(
        np.uint64(seed), days, province.layout, tables, means,
        orders_none() if orders is None else orders, begun, max(16, capacity),
        MOST_RESIDENTS if most is None else most, silent_days,
    )  # fmt: skip
    return _told(made, province, strategy, seed)


@lru_cache(maxsize=64)
def _tables(pathogen: Pathogen, rates: Rates) -> FloatArray:
    return disease_tables(pathogen, rates)


def _told(
    made: tuple[np.ndarray, ...], province: Province, strategy: Strategy, seed: int
) -> Epidemic:
    new, found, community, table, totals, people = made
    if people.size < _LARGE:
        people = people.copy()
    daily = {name: table[:, index] for index, name in enumerate(kernel.DAILY)}
    return Epidemic(
        seed=seed, strategy=strategy.name, new=new, found=found, community=community, daily=daily,
        costs=_costs(made, province, daily), attempts=int(totals[3]), ended_early=int(totals[6]) or None,
        person=people["person"], source=people["source"], day=people["born"], found_on=people["found"],
        layer=people["layer"], route=people["route"], isolated_from=people["apart_from"], kept_home=people["at_home"],
    )  # fmt: skip


def days_to_zero(community: ArrayLike) -> float:
    """
    Return the first day of the first week without an infection found in the community, after the first was found.

    Infinite where no such week lies in the run; 0 where none was ever found.

    >>> days_to_zero([0, 3, 1, 0, 0, 0, 0, 0, 0, 0])
    3.0
    """
    found = np.asarray(community)
    hit = np.flatnonzero(found)
    if hit.size == 0:
        return 0.0
    quiet = 0
    for day in range(int(hit[0]), found.size):
        quiet = 0 if found[day] else quiet + 1
        if quiet == ZERO_DAYS:
            return float(day - ZERO_DAYS + 1)
    return float("inf")


def _costs(
    made: tuple[np.ndarray, ...], province: Province, daily: Mapping[str, FloatArray]
) -> dict[str, float]:
    new, found, community, _, totals = made[:5]
    city = province.county_city
    by_city = np.bincount(city, weights=new.sum(axis=0), minlength=len(province.facts.cities))
    home, zone = float(daily["high_residents"].sum()), float(daily["medium_residents"].sum())
    quarantine = float((daily["quarantined_central"] + daily["quarantined_home"]).sum())
    held = float((daily["beds_held"] + daily["beds_wanting"]).sum())
    restricted, seen = home + zone, float(found.sum())
    zero = days_to_zero(community.sum(axis=1))
    return {
        "infections": float(new.sum()),
        "found": seen,
        "days_to_zero": min(zero, float(new.shape[0])),
        "peak_daily": float(new.sum(axis=1).max()),
        "cities_reached": float((by_city > 0).sum()),
        "exported": float(daily["exported"].sum()),
        "severe": float(totals[0]),
        "deaths": float(totals[1]),
        "lost_workdays": province.work_share * (home + quarantine + held),
        "output_days_lost": FULL_LOCKDOWN_LOSS * (home + quarantine + held),
        "tubes": float(daily["tubes"].sum()),
        "staff_days": float(daily["sampled"].sum()) / SAMPLED_PER_SAMPLER
        + float(daily["cases_traced"].sum()),
        "stay_home_days": home,
        "stay_in_zone_days": zone,
        "quarantine_days": quarantine,
        "longest_restriction": float(totals[4]),
        "unmet_bed_days": float(daily["beds_wanting"].sum()),
        "delayed_care": DELAYED_CARE_PER_PERSON_DAY * (home + quarantine),
        "restricted_per_infection": restricted / max(seen, 1.0),
        "tubes_per_found": float(daily["tubes"].sum()) / max(seen, 1.0),
    }
