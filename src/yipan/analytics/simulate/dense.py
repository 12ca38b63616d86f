"""The same model written plainly, every resident looked at every day: the judge of the event-driven kernel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pathogen import Pathogen, Rates, gamma_days
from .province import BLOCK_SIZE, Province

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """Where everybody belongs, told once for a province small enough to be told."""

    home: NDArray[np.int64]
    home_size: NDArray[np.int64]
    block: NDArray[np.int64]
    in_dormitory: NDArray[np.bool_]
    group: NDArray[np.int64]
    group_size: NDArray[np.int64]
    role: NDArray[np.int64]
    community: NDArray[np.int64]
    county: NDArray[np.int64]
    city: NDArray[np.int64]


def everybody(province: Province) -> Residents:
    """Return where all residents of a province belong; memory follows residents, so for small ones."""
    people = province.people(np.arange(province.residents))
    _, group = np.unique(people.group, return_inverse=True)
    size = np.bincount(group)[group]
    start = province.county_start[people.county]
    ids = np.arange(province.residents)
    return Residents(
        home=people.home, home_size=people.home_size, block=start + (ids - start) // BLOCK_SIZE * BLOCK_SIZE,
        in_dormitory=people.in_dormitory, group=group, group_size=size, role=people.role,
        community=people.community, county=people.county, city=province.county_city[people.county],
    )  # fmt: skip


def dense_run(
    province: Province,
    who: Residents,
    pathogen: Pathogen,
    rates: Rates,
    *,
    seeds: NDArray[np.int64],
    days: int,
    rng: np.random.Generator,
    found_share: float = 0.0,
    found_delay_days: float = 1.0,
) -> NDArray[np.int64]:
    """
    Return new infections a day, by hazards on every susceptible resident every day.

    Of the infected, `found_share` of those with symptoms are found a geometric number of days after onset (mean
    `found_delay_days`) and infect nobody from the day after. No other measure is in it.
    """
    n = province.residents
    chances = gamma_days(pathogen.generation_days, pathogen.generation_sd_days)
    incubation = gamma_days(pathogen.incubation_days, pathogen.incubation_sd_days)
    power = (
        np.ones(n)
        if np.isinf(pathogen.dispersion)
        else rng.gamma(pathogen.dispersion, 1 / pathogen.dispersion, n)
    )
    infected = np.full(n, -1, np.int64)
    gone = np.full(n, 1 << 30, np.int64)
    cities = len(province.facts.cities)
    new = np.zeros(days, np.int64)
    symptomatic = float(np.mean(pathogen.symptomatic))

    def infect(chosen: NDArray[np.int64], day: int) -> None:
        infected[chosen] = day
        found = rng.random(chosen.size) < symptomatic * found_share
        onset = day + 1 + rng.choice(incubation.size, size=chosen.size, p=incubation)
        wait = rng.geometric(1 / (1 + found_delay_days), chosen.size) - 1
        gone[chosen[found]] = (onset + wait + 1)[found]
        new[day] += chosen.size

    infect(np.unique(seeds), 0)
    for day in range(1, days):
        age = day - infected
        sick = np.flatnonzero((infected >= 0) & (age <= chances.size) & (gone > day))
        if sick.size == 0:
            continue
        weight = power[sick] * chances[age[sick] - 1]
        hazard = _hazard(who, rates, sick, weight, n=n, cities=cities, travel=province.facts.travel)
        well = np.flatnonzero((infected < 0) & (hazard > 0))
        struck = well[rng.random(well.size) < -np.expm1(-hazard[well])]
        infect(struck, day)
    return new


def _hazard(
    who: Residents,
    rates: Rates,
    sick: NDArray[np.int64],
    weight: FloatArray,
    *,
    n: int,
    cities: int,
    travel: FloatArray,
) -> FloatArray:
    """The force on every resident from those sick, layer by layer."""
    at_home = np.bincount(who.home[sick], weights=weight, minlength=n)
    hazard = rates.household * at_home[who.home]
    bunk = who.in_dormitory[sick]
    mates = np.maximum(BLOCK_SIZE - who.home_size[sick], 1)
    given = np.where(bunk & (who.home_size[sick] < BLOCK_SIZE), rates.dormitory * weight / mates, 0)
    by_block = np.bincount(who.block[sick], weights=given, minlength=n)
    by_room = np.bincount(who.home[sick], weights=given, minlength=n)
    hazard += by_block[who.block] - by_room[who.home]
    by_role = np.select([who.role[sick] == 1, who.role[sick] == 2], [rates.work, rates.school], 0.0)
    others = np.maximum(who.group_size[sick] - 1, 1)
    given = np.where(who.group_size[sick] > 1, by_role * weight / others, 0)
    by_group = np.bincount(who.group[sick], weights=given, minlength=int(who.group.max()) + 1)
    hazard += np.where(who.role > 0, by_group[who.group], 0)
    near, county, city, away = rates.reach
    if cities == 1:
        city += away
        away = 0.0
    for share, place in ((near, who.community), (county, who.county), (city, who.city)):
        if share > 0:
            total = np.bincount(place[sick], weights=weight, minlength=int(place.max()) + 1)
            people = np.bincount(place, minlength=total.size)
            hazard += rates.community * share * (total / np.maximum(people, 1))[place]
    if away > 0:
        out = np.bincount(who.city[sick], weights=weight, minlength=cities) @ travel
        hazard += rates.community * away * (out / np.bincount(who.city, minlength=cities))[who.city]
    return np.asarray(hazard)
