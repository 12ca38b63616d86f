"""A small province and pathogens for tests of the simulator."""

import numpy as np

from yipan.analytics import simulate as sim

HOMES = sim.Homes(
    key="all",
    household_sizes=sim.household_sizes(2.63),
    dormitory_share=0.114,
    room_sizes=sim.household_sizes(3.4),
    ages=(0.1885, 0.6880, 0.0377, 0.0858),
)


def province(
    counties: int = 6,
    residents: int = 150_000,
    *,
    cities: int = 2,
    homes: sim.Homes = HOMES,
    employed: tuple[float, ...] = (0.0, 0.75, 0.2, 0.05),
    schooled: tuple[float, ...] = (0.8, 0.1, 0.0, 0.0),
    key: int = 20201101,
) -> sim.Province:
    made = tuple(
        sim.County(
            key=f"c{i}.",
            city=f"k{i * cities // counties}",
            residents=residents + 1001 * i,
            towns=tuple(sim.Town(key=f"c{i}.t{j}.", communities=10 + j) for j in range(3)),
            homes="all",
            longitude=113 + i * 0.1,
            latitude=23,
        )
        for i in range(counties)
    )
    travel = np.ones((cities, cities)) - np.eye(cities)
    if cities > 1:
        travel /= cities - 1
    return sim.lay_out(
        sim.ProvinceFacts(
            name="Testland",
            counties=made,
            homes=(homes,),
            commuting=sim.commuting_by_gravity(made, leaving=0.1, decay_km=20)
            if counties > 1
            else np.zeros((1, 1)),
            travel=travel,
            employed=employed,
            schooled=schooled,
            work_group=20,
            school_group=40,
        ),
        key=key,
    )


def mixed(residents: int) -> sim.Province:
    """One county in which only community contacts will be used: homogeneous mixing."""
    return province(1, residents, cities=1, employed=(0.0,) * 4, schooled=(0.0,) * 4)


def pathogen(**changes: object) -> sim.Pathogen:
    given: dict[str, object] = {
        "key": "test", "name_zh": "试", "name_en": "test", "reproduction_number": 4.0, "generation_days": 3.0,
        "generation_sd_days": 1.8, "household_attack": 0.5, "dispersion": 0.5, "symptomatic": (0.5,) * 4,
        "incubation_days": 3.8, "incubation_sd_days": 1.5, "detectable_days": 1.5, "ct_rise_days": 3.4,
        "ct_fall_days": 6.5, "ct_peak": 24.0, "ct_peak_sd": 3.0, "ct_half": 38.0, "ct_spread": 1.0, "swab_good": 0.95,
        "severe": (0.001,) * 4, "fatal": (0.0001,) * 4,
    }  # fmt: skip
    return sim.Pathogen(**(given | changes))  # type: ignore[arg-type]


def only(*, household: float = 0.0, work: float = 0.0, community: float = 0.0, reach: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)) -> sim.Rates:  # fmt: skip
    return sim.Rates(
        household=household, dormitory=0.0, work=work, school=0.0, community=community, outside_home=0.0, at_home=0.0,
        reach=reach,
    )  # fmt: skip


UNSEEN = sim.Strategy(name="unseen", finding=sim.Finding(seeks=0.0, pharmacy=0.0))
