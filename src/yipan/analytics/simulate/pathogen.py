"""What an infection does in a person and between people, and the rates that follow from what was observed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .province import AGE_BANDS, Province

FloatArray = NDArray[np.float64]

QUANTILES = 4096
UNDETECTABLE_CT = 40.0
"""Ct of a sample in which nothing is found; the ends of a person's curve."""
LAYERS = ("household", "dormitory", "work", "school", "community", "wider", "travel", "import")
"""Where an infection passes: at home, in the dormitory, at work, at school, in one's own community, wider in the
county or city, in another city, or from outside the province."""
HOUSEHOLD, DORMITORY, WORK, SCHOOL, COMMUNITY, WIDER, TRAVEL, IMPORT = range(8)
PLACES = ("dormitory", "work", "school", "community")


class RateOutOfRange(ValueError):
    """A number of a pathogen or a measure cannot be meant; the message names it, its value and its limits."""


def _within(what: str, value: float, low: float, high: float) -> None:
    if not (np.isfinite(value) and low <= value <= high):
        raise RateOutOfRange(f"{what} is {value}; expected between {low:g} and {high:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaccine:
    """
    Protection of the vaccinated: shares taken off, halved every `half_life_days` since the last dose.

    `against_severe` does not wane here. `dose_days_ago` and `dose_days_spread` bound when people had their dose.
    """

    coverage: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    against_infection: float = 0.0
    against_passing_on: float = 0.0
    against_severe: float = 0.0
    half_life_days: float = 180.0
    dose_days_ago: float = 180.0
    dose_days_spread: float = 120.0

    def __post_init__(self) -> None:
        if len(self.coverage) != len(AGE_BANDS):
            raise RateOutOfRange(f"vaccine coverage needs {len(AGE_BANDS)} shares by age")
        for share in self.coverage:
            _within("vaccine coverage", share, 0, 1)
        for name in ("against_infection", "against_passing_on", "against_severe"):
            _within(f"vaccine {name}", getattr(self, name), 0, 1)
        _within("vaccine half_life_days", self.half_life_days, 1, 1e5)
        _within("vaccine dose_days_ago", self.dose_days_ago, 0, 1e5)
        _within("vaccine dose_days_spread", self.dose_days_spread, 0, 2 * self.dose_days_ago)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathogen:
    """
    A pathogen by what is observed of it; the rates of the model are derived from these, never typed in.

    `reproduction_number` is the mean number infected by a person infected from outside the home among susceptible
    people without measures. `household_attack` is the chance that one member infects another at home.
    `dispersion` is the shape of the gamma law of individual infectiousness (np.inf: all alike).
    Shares by age follow AGE_BANDS; days are counted from infection unless the name says otherwise.
    `outside` shares infections outside the home among PLACES; `reach` shares community contacts among the own
    community, the county, the city and other cities. `contacts_per_day` are close contacts a day at work, at school
    and in the community.
    """

    key: str
    name_zh: str
    name_en: str
    reproduction_number: float
    generation_days: float
    generation_sd_days: float
    household_attack: float
    dispersion: float
    symptomatic: tuple[float, ...]
    incubation_days: float
    incubation_sd_days: float
    detectable_days: float
    ct_rise_days: float
    ct_fall_days: float
    ct_peak: float
    ct_peak_sd: float
    ct_half: float
    ct_spread: float
    swab_good: float
    severe: tuple[float, ...]
    fatal: tuple[float, ...]
    susceptibility: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    outside: tuple[float, ...] = (0.05, 0.4, 0.1, 0.45)
    reach: tuple[float, ...] = (0.5, 0.3, 0.15, 0.05)
    contacts_per_day: tuple[float, ...] = (2.0, 4.0, 1.5)
    vaccine: Vaccine = Vaccine()

    def __post_init__(self) -> None:
        at = f"pathogen {self.key}:"
        _within(f"{at} reproduction_number", self.reproduction_number, 0, 50)
        _within(f"{at} generation_days", self.generation_days, 0.5, 1000)
        _within(f"{at} generation_sd_days", self.generation_sd_days, 0.01, 1000)
        _within(f"{at} household_attack", self.household_attack, 0, 0.999)
        if not self.dispersion > 0:
            raise RateOutOfRange(f"{at} dispersion is {self.dispersion}; expected more than 0")
        _within(f"{at} incubation_days", self.incubation_days, 0.1, 1000)
        _within(f"{at} incubation_sd_days", self.incubation_sd_days, 0.01, 1000)
        for name in ("detectable_days", "ct_rise_days", "ct_fall_days"):
            _within(f"{at} {name}", getattr(self, name), 0.01, 1000)
        _within(f"{at} ct_peak", self.ct_peak, 5, UNDETECTABLE_CT)
        _within(f"{at} ct_peak_sd", self.ct_peak_sd, 0, 10)
        _within(f"{at} ct_half", self.ct_half, 10, 45)
        _within(f"{at} ct_spread", self.ct_spread, 0.01, 10)
        _within(f"{at} swab_good", self.swab_good, 0, 1)
        for name in ("symptomatic", "severe", "fatal", "susceptibility"):
            shares = getattr(self, name)
            if len(shares) != len(AGE_BANDS):
                raise RateOutOfRange(f"{at} {name} needs {len(AGE_BANDS)} shares by age")
            for share in shares:
                _within(f"{at} {name}", share, 0, 1)
        for name, count in (("outside", len(PLACES)), ("reach", 4)):
            shares = getattr(self, name)
            if len(shares) != count or abs(sum(shares) - 1) > 1e-6:
                raise RateOutOfRange(
                    f"{at} {name} is {shares}; expected {count} shares that add to 1"
                )
            for share in shares:
                _within(f"{at} {name}", share, 0, 1)
        for rate in self.contacts_per_day:
            _within(f"{at} contacts_per_day", rate, 0, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """
    The rates of the model, derived and shown.

    `household` is the hazard between two members over the whole infection; the others are the mean numbers of
    infecting contacts of a person who lives in a dormitory, works, learns, or anybody's in the community.
    `outside_home` is the part of the reproduction number that is left outside the home.
    """

    household: float
    dormitory: float
    work: float
    school: float
    community: float
    outside_home: float
    at_home: float
    reach: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("household", "dormitory", "work", "school", "community"):
            _within(f"rate {name}", getattr(self, name), 0, 1000)


def household_hazard(attack: float, dispersion: float) -> float:
    """
    Return the pairwise hazard h with 1 - E[exp(-h m)] = attack, m gamma with mean 1 and the given shape.

    >>> round(household_hazard(0.531, 0.5), 3)
    1.773
    >>> round(household_hazard(0.5, float("inf")), 4) == round(float(np.log(2)), 4)
    True
    """
    if np.isinf(dispersion):
        return float(-np.log1p(-attack))
    return float(dispersion * ((1 - attack) ** (-1 / dispersion) - 1))


def derive(pathogen: Pathogen, province: Province) -> Rates:
    """
    Return the rates that give a pathogen's R and household attack rate in a province.

    At home a person infects `mean_house_mates * household_attack` others; what is left of R is shared among the
    places outside by `pathogen.outside`, each divided by the share of residents who go there. Raises RateOutOfRange
    where the home alone gives more than R.
    """
    at_home = province.mean_house_mates * pathogen.household_attack
    outside = pathogen.reproduction_number - at_home
    if outside < 0:
        raise RateOutOfRange(
            f"pathogen {pathogen.key}: an attack rate of {pathogen.household_attack} at home alone gives "
            f"{at_home:.2f} infections a person, more than the reproduction number {pathogen.reproduction_number}"
        )
    who = (province.dormitory_share, province.work_share, province.school_share, 1.0)
    rates, lost = [], 0.0
    for share, people in zip(pathogen.outside, who, strict=True):
        if people <= 0:
            lost += share
            rates.append(0.0)
        else:
            rates.append(outside * share / people)
    rates[-1] += outside * lost
    return Rates(
        household=household_hazard(pathogen.household_attack, pathogen.dispersion),
        dormitory=rates[0], work=rates[1], school=rates[2], community=rates[3],
        outside_home=outside, at_home=at_home, reach=pathogen.reach,
    )  # fmt: skip


TIME_SPREAD = 0.25
"""Log standard deviation of each person's times of detectability: an assumption of this project."""

# Places in the flat table of a disease: three tables of quantiles, then values, then the laws of days.
INFECTIOUSNESS_AT, NORMAL_AT = 0, QUANTILES
SPREAD_AT = 2 * QUANTILES
SYMPTOMATIC_AT = 3 * QUANTILES
SUSCEPTIBILITY_AT, SEVERE_AT, FATAL_AT, COVERAGE_AT = (SYMPTOMATIC_AT + 4 * k for k in (1, 2, 3, 4))
CT_AT = SYMPTOMATIC_AT + 20
VACCINE_AT = CT_AT + 9
RATES_AT = VACCINE_AT + 6
REACH_AT = RATES_AT + 5
CONTACTS_AT = REACH_AT + 4
GENERATION_AT = CONTACTS_AT + 5
"""From here: how many days the law of generation times has, its CDF from 0; then the same of incubation."""


def gamma_days(mean: float, sd: float, *, first: int = 1) -> FloatArray:
    """
    Return the chances of `first`, `first` + 1, ... whole days of a gamma law, tail cut at 1e-9 and shared out.

    >>> float(gamma_days(3.0, 1.5).sum())
    1.0
    """
    shape, scale = (mean / sd) ** 2, sd * sd / mean
    last = int(np.ceil(scale * special.gammainccinv(shape, 1e-9))) + 2
    edges = np.arange(first, last + 1) + 0.5
    cdf = special.gammainc(shape, np.maximum(edges, 0) / scale)
    chances = np.diff(np.concatenate([[0.0], cdf]))
    return np.asarray(chances / chances.sum())


def disease_tables(
    pathogen: Pathogen, rates: Rates, *, generation: ArrayLike | None = None
) -> FloatArray:
    """
    Return the tables of a pathogen for the kernel, end to end in one array.

    `generation` replaces the gamma law of generation times by chances of 1, 2, 3 ... days, for tests and fine steps.
    """
    middle = (np.arange(QUANTILES) + 0.5) / QUANTILES
    power: FloatArray
    if np.isinf(pathogen.dispersion):
        power = np.ones(QUANTILES)
    else:
        k = pathogen.dispersion
        edges = special.gammaincinv(k, np.arange(QUANTILES + 1) / QUANTILES)
        power = np.asarray(np.diff(special.gammainc(k + 1, edges)) * QUANTILES, dtype=np.float64)
        power /= power.mean()
    chances = (
        gamma_days(pathogen.generation_days, pathogen.generation_sd_days)
        if generation is None
        else np.asarray(generation, dtype=float)
    )
    vaccine = pathogen.vaccine
    generation_cdf = np.cumsum(chances / chances.sum())
    incubation_cdf = np.cumsum(gamma_days(pathogen.incubation_days, pathogen.incubation_sd_days))
    normal = special.ndtri(middle)
    return np.concatenate([
        power, normal, [math.exp(TIME_SPREAD * z) for z in normal], pathogen.symptomatic, pathogen.susceptibility, pathogen.severe, pathogen.fatal,
        vaccine.coverage,
        [pathogen.detectable_days, pathogen.ct_rise_days, pathogen.ct_fall_days, pathogen.ct_peak,
         pathogen.ct_peak_sd, pathogen.ct_half, pathogen.ct_spread, pathogen.swab_good, UNDETECTABLE_CT],
        [vaccine.against_infection, vaccine.against_passing_on, vaccine.against_severe, vaccine.half_life_days,
         vaccine.dose_days_ago, vaccine.dose_days_spread],
        [rates.household, rates.dormitory, rates.work, rates.school, rates.community],
        np.cumsum(rates.reach), pathogen.contacts_per_day, (0.0, 0.0),
        [generation_cdf.size, 0.0], generation_cdf, [incubation_cdf.size, 0.0], incubation_cdf,
    ])  # fmt: skip
