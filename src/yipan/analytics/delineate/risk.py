"""
Expected onward infections in each unit, from where infected people stayed, how long, with how many, in which air.

The law is that of Wells and Riley: in well-mixed air one infectious person emits quanta at a rate q; who breathes it at
p cubic metres an hour for t hours takes in the dose q p t / (Q), where Q is the flow of clean air, and escapes
infection with probability exp(-dose). Q is air changes an hour times the volume of the room.
Source: E. C. Riley, G. Murphy, R. L. Riley, American Journal of Epidemiology 107 (1978) 421-432.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """
    One infected person in one unit: `case` and `unit` are numbers from 0.

    `hours` is the length of the stay while infectious, `people` how many others were there on average (the
    crowding), `air_changes` the air changes an hour and `m3_per_person` the volume of the room per person present;
    None where not known. `infectiousness` is relative (1: as the emission says).
    """

    case: int
    unit: int
    hours: float
    people: float
    air_changes: float | None = None
    m3_per_person: float | None = None
    infectiousness: float = 1.0

    def __post_init__(self) -> None:
        if self.case < 0 or self.unit < 0:
            raise ValueError(f"case {self.case} and unit {self.unit} are numbers from 0")
        for name in ("hours", "people", "infectiousness"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name} of a stay is {value}; expected at least 0")
        for name in ("air_changes", "m3_per_person"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} of a stay is {value}; expected above 0, or not known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """
    What is assumed of emission and of air where it is not known; every number is an assumption the answer carries.

    `quanta_per_hour` is the median over cases and `spread` the geometric standard deviation: a few people
    infect many. `spill` (0 to 1) is the share of a unit's risk that falls on the other units of its group
    (stairs, lifts, shared yards), by their residents.
    """

    quanta_per_hour: float
    spread: float
    breathing_m3_per_hour: float
    air_changes: float
    m3_per_person: float
    spill: float

    def __post_init__(self) -> None:
        for name in ("quanta_per_hour", "breathing_m3_per_hour", "air_changes", "m3_per_person"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected above 0")
        if self.spread < 1:
            raise ValueError(
                f"spread is {self.spread}; a geometric standard deviation is at least 1"
            )
        if not 0 <= self.spill <= 1:
            raise ValueError(f"spill is {self.spill}; a share lies from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRisk:
    """
    Expected onward infections per unit: one row per draw of who emits how much, one column per unit.

    `assumed_air` counts the stays whose ventilation or volume was not known.
    """

    draws: Floats
    assumed_air: int
    stays: int

    @property
    def expected(self) -> Floats:
        """Expected onward infections per unit, over the draws."""
        mean: Floats = self.draws.mean(axis=0)
        return mean


def unit_risk(
    stays: Sequence[Stay],
    *,
    residents: Whole,
    groups: Whole,
    emission: Emission,
    rng: np.random.Generator,
    draws: int = 200,
) -> UnitRisk:
    """
    Return the expected onward infections in each unit.

    `residents` gives the people of each unit, `groups` the number of the group (compound) each lies in. Each
    draw gives every case its own emission; stays of one case share it. Raises ValueError for a stay in a unit
    that is not there.

    >>> stays = [Stay(case=0, unit=0, hours=10, people=3)]
    >>> emission = Emission(
    ...     quanta_per_hour=10,
    ...     spread=1,
    ...     breathing_m3_per_hour=0.5,
    ...     air_changes=1,
    ...     m3_per_person=25,
    ...     spill=0,
    ... )
    >>> risk = unit_risk(
    ...     stays,
    ...     residents=np.array([40, 50]),
    ...     groups=np.array([0, 0]),
    ...     emission=emission,
    ...     rng=np.random.default_rng(1),
    ...     draws=1,
    ... )
    >>> [round(float(one), 3) for one in risk.expected]
    [1.18, 0.0]
    """
    count = len(residents)
    if len(groups) != count:
        raise ValueError(f"{count} units have residents and {len(groups)} a group")
    if any(stay.unit >= count for stay in stays):
        raise ValueError(f"a stay is in unit {max(s.unit for s in stays)}; there are {count} units")
    risk = np.zeros((draws, count))
    if stays:
        cases = np.array([stay.case for stay in stays])
        units = np.array([stay.unit for stay in stays])
        people = np.array([stay.people for stay in stays])
        flow = np.array([
            (stay.air_changes or emission.air_changes)
            * (stay.m3_per_person or emission.m3_per_person)
            * (stay.people + 1)
            for stay in stays
        ])  # fmt: skip
        breathed = (
            np.array([stay.hours * stay.infectiousness for stay in stays])
            * emission.breathing_m3_per_hour
            / flow
        )
        own = rng.lognormal(0.0, np.log(emission.spread), size=(draws, int(cases.max()) + 1))
        dose = emission.quanta_per_hour * own[:, cases] * breathed
        infected = -np.expm1(-dose) * people
        for draw in range(draws):
            risk[draw] = np.bincount(units, weights=infected[draw], minlength=count)
    return UnitRisk(
        draws=_spilled(risk, residents, groups, emission.spill), stays=len(stays),
        assumed_air=sum(1 for s in stays if s.air_changes is None or s.m3_per_person is None),
    )  # fmt: skip


def _spilled(risk: Floats, residents: Whole, groups: Whole, spill: float) -> Floats:
    """Move the share `spill` of each unit's risk to the units of its group by their residents; the sum stays."""
    if spill == 0 or not len(residents):
        return risk
    names, number = np.unique(groups, return_inverse=True)
    people = np.bincount(number, weights=residents, minlength=len(names))
    weight = np.where(people[number] > 0, residents / np.maximum(people[number], 1), 0.0)
    whole = summed(risk, number, len(names))
    lone = people[number] == 0
    moved: Floats = np.where(lone, risk, (1 - spill) * risk + spill * whole[:, number] * weight)
    return moved


def summed(risk: Floats, number: NDArray[np.intp], count: int) -> Floats:
    """Return the columns of `risk` added up by the number of their group, for `count` groups."""
    of = csr_array(
        (np.ones(len(number)), (np.arange(len(number)), number)), shape=(len(number), count)
    )
    added: Floats = np.asarray(risk @ of)
    return added
