"""
A round of mass screening made up for a drill: a roster, swabs, tubes and results, with faults planted on purpose.

Nothing here is real. What was planted is known, so that a drill can count what the checks found, missed and
called wrongly.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
MINUTE = 60
ROUND_SECONDS = 14 * 3600
PER_SITE = 2500
WELLS = 94
NEGATIVE, POSITIVE = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillPlan:
    """
    How large a drill is and how many faults of each kind are planted.

    `prevalence` is that of infected people, `absent` the share who do not come. Faults are numbers of tubes,
    people or rows; of laboratories and plates there is one each.
    """

    people: int
    tube_size: int = 10
    prevalence: float = 1e-3
    absent: float = 0.02
    exempt: float = 0.005
    tubes_used_twice: int = 20
    overfull_tubes: int = 20
    people_twice: int = 50
    samples_twice: int = 50
    unknown_streets: int = 30
    impossible_times: int = 30
    unknown_tubes: int = 20
    missing_results: int = 100
    late_tubes: int = 200

    def __post_init__(self) -> None:
        if self.people < 20_000:
            raise ValueError(f"a drill of {self.people} people; its faults need at least 20000")
        if not 1 <= self.tube_size <= 20:
            raise ValueError(f"tubes of {self.tube_size}; expected 1 to 20")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRound:
    """
    The tables of a drill as columns, instants in seconds since the round was opened, and the faults planted in them.

    `planted` names, for each kind of fault, the tubes, people, samples, laboratory or plate it was planted on.
    """

    roster: dict[str, Ints]
    samples: dict[str, Ints]
    results: dict[str, npt.NDArray[Any]]
    laboratories: tuple[str, ...]
    planted: dict[str, Ints]


def make_round(
    plan: DrillPlan, *, streets: Ints, weights: npt.NDArray[np.float64], cities: Ints,
    rng: np.random.Generator,
) -> DrillRound:  # fmt: skip
    """
    Make a round over streets with their weights (populations), `cities` numbering the city of each street.

    Every city has three laboratories; tubes go to those of their city, in order, plate by plate.
    """
    if not len(streets) == len(weights) == len(cities):
        raise ValueError(
            f"{len(streets)} streets, {len(weights)} weights and {len(cities)} cities; expected as many of each"
        )
    here = rng.multinomial(plan.people, weights / weights.sum())
    place = np.repeat(np.arange(len(streets), dtype=np.int32), here)
    person = np.arange(1, plan.people + 1, dtype=np.int64)
    draw = rng.random(plan.people)
    exempt = draw < plan.exempt
    comes = draw >= plan.exempt + plan.absent
    del draw  # of province size, like all that is let go early below
    infected = rng.random(plan.people) < plan.prevalence
    roster = {
        "person": person, "street": streets[place], "exempt": exempt.astype(np.int64),
    }  # fmt: skip
    who, where, infected = person[comes], place[comes], infected[comes]
    del place, exempt, comes
    rank = np.arange(len(who), dtype=np.int32)
    rank -= np.searchsorted(where, np.arange(len(streets))).astype(np.int32)[where]
    site = where * np.int64(1000) + rank // PER_SITE
    seat = rank % PER_SITE
    del rank
    key = site * (PER_SITE // plan.tube_size + 1) + seat // plan.tube_size
    begins = np.concatenate(([0], np.flatnonzero(key[1:] != key[:-1]) + 1))  # tubes stand in order
    del key
    tubes = len(begins)
    tube_of = np.repeat(np.arange(tubes, dtype=np.int32), np.diff(begins, append=len(who)))
    tube_code = 10_000_000 + np.arange(tubes, dtype=np.int64)
    start = rng.integers(0, ROUND_SECONDS - 3 * 3600, size=tubes)
    samples = {
        "sample": 1 + np.arange(len(who), dtype=np.int64),
        "tube": tube_code[tube_of],
        "person": who,
        "street": streets[where],
        "site": site,
        "mode": np.full(len(who), plan.tube_size, dtype=np.int64),
        "sampled_at": (start[tube_of] + 20 * (seat % plan.tube_size)).astype(np.int64),
    }
    del seat
    carries = np.add.reduceat(infected, begins, dtype=np.int64) > 0
    city, at_site = cities[where[begins]], site[begins]
    del where, tube_of, infected
    results, laboratories = _results(tube_code, carries, start, city, rng)
    planted = _plant(plan, samples, results, at_site, begins, len(laboratories), rng)
    return DrillRound(
        roster=roster, samples=samples, results=results, laboratories=laboratories, planted=planted
    )


def _results(
    tube: Ints, carries: npt.NDArray[np.bool_], start: Ints, city: Ints, rng: np.random.Generator
) -> tuple[dict[str, npt.NDArray[Any]], tuple[str, ...]]:
    """One result per tube from an honest laboratory: called after the plate it was on had run."""
    count = len(tube)
    laboratory = city * 3 + rng.integers(0, 3, size=count)
    names = tuple(f"lab-{i:03d}" for i in range(int(city.max()) * 3 + 3))
    order = np.lexsort((start, laboratory))
    rank = np.empty(count, dtype=np.int64)
    first_of = np.searchsorted(laboratory[order], np.arange(len(names)))
    rank[order] = np.arange(count) - first_of[laboratory[order]]
    plate = laboratory * 1_000_000 + rank // WELLS
    positive = carries & (rng.random(count) < 0.95)
    ct = np.where(positive, np.clip(rng.normal(28.0, 4.0, size=count), 12.0, 37.5), np.nan)
    received = start + rng.integers(60, 150, size=count) * MINUTE
    loaded = received + rng.integers(20, 60, size=count) * MINUTE
    called = loaded + 120 * MINUTE
    return {
        "tube": tube.copy(), "laboratory": laboratory, "plate": plate, "well": rank % WELLS,
        "result": np.where(positive, POSITIVE, NEGATIVE),
        "ct_orf": ct, "ct_n": ct + np.where(positive, 0.5, np.nan),
        "ct_control": rng.normal(25.0, 1.0, size=count),
        "received_at": received, "loaded_at": loaded, "called_at": called,
        "published_at": called + rng.integers(10, 40, size=count) * MINUTE,
    }, names  # fmt: skip


def _plant(
    plan: DrillPlan, samples: dict[str, Ints], results: dict[str, npt.NDArray[Any]], site: Ints, begins: Ints,
    laboratories: int, rng: np.random.Generator,
) -> dict[str, Ints]:  # fmt: skip
    """Plant every fault on tubes and people that bear no other, and say where; swabs of each tube begin at `begins`."""
    tube = results["tube"].astype(np.int64)
    sham = int(rng.integers(laboratories))
    at_sham = results["laboratory"] == sham
    plates, sizes = np.unique(results["plate"][~at_sham], return_counts=True)
    plate = int(rng.choice(plates[sizes == WELLS]))
    free = rng.permutation(np.flatnonzero(~at_sham & (results["plate"] != plate)))
    taken = 0

    def some(number: int) -> Ints:
        nonlocal taken
        taken += number
        return free[taken - number : taken]

    ends = np.append(begins[1:], samples["tube"].size)
    planted: dict[str, Ints] = {}
    same_site = np.flatnonzero(site[:-1] == site[1:])
    twice, other = some(plan.tubes_used_twice), some(plan.tubes_used_twice)
    other = _elsewhere(twice, other, site)
    for kept, moved in zip(twice, other, strict=True):
        samples["tube"][begins[moved] : ends[moved]] = tube[kept]
    pairs = rng.permutation(np.intersect1d(same_site, free[taken:]))
    pairs = pairs[np.isin(pairs + 1, free[taken:])]
    pairs = pairs[np.concatenate(([True], np.abs(np.diff(pairs)) > 1))][: plan.overfull_tubes]
    for kept in pairs:
        samples["tube"][begins[kept + 1] : ends[kept + 1]] = tube[kept]
    spent = np.concatenate((pairs, pairs + 1, np.asarray(free[:taken])))
    left = free[taken:]
    free, taken = left[~np.isin(left, spent)], 0
    planted["tube_used_twice"], planted["overfull_tube"] = tube[twice], tube[pairs]
    gone = np.isin(tube, np.concatenate((tube[other], tube[pairs + 1])))

    def rows_of(number: int) -> Ints:
        return begins[some(number)]

    for kind, number, column in (
        ("person_twice", plan.people_twice, "person"),
        ("sample_twice", plan.samples_twice, "sample"),
    ):
        again, from_rows = rows_of(number), rows_of(number)
        samples[column][again] = samples[column][from_rows]
        planted[kind] = samples[column][from_rows].copy()
    for kind, number, column, value in (
        ("unknown_street", plan.unknown_streets, "street", 999_999_999),
        ("impossible_time", plan.impossible_times, "sampled_at", -30 * 24 * 3600),
    ):
        rows = rows_of(number)
        samples[column][rows] = value
        planted[kind] = samples["sample"][rows].copy()
    lost = some(plan.missing_results)
    planted["missing_result"] = tube[lost]
    gone[lost] = True
    late = some(plan.late_tubes)
    results["published_at"][late] += 30 * 3600
    planted["late_tube"] = tube[late]
    planted["sham_laboratory"], planted["contaminated_plate"] = np.array([sham]), np.array([plate])
    _plant_in_laboratories(results, at_sham, np.flatnonzero(results["plate"] == plate), rng)
    stray = 5_000_000 + np.arange(plan.unknown_tubes, dtype=np.int64)
    planted["unknown_tube"] = stray
    copied = some(plan.unknown_tubes)
    for name, values in results.items():
        added = stray if name == "tube" else values[copied]
        results[name] = np.concatenate((values[~gone], added))
    return planted


def _plant_in_laboratories(
    results: dict[str, npt.NDArray[Any]], at_sham: npt.NDArray[np.bool_], on_plate: Ints,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Let one laboratory report without measuring, and let six wells of one plate be wetted by a neighbour."""
    results["result"][at_sham] = NEGATIVE
    idle = at_sham & (rng.random(len(at_sham)) < 0.7)
    results["plate"][idle], results["well"][idle] = -1, -1
    results["ct_orf"][at_sham] = results["ct_n"][at_sham] = np.nan
    wet = rng.choice(on_plate, size=6, replace=False)
    results["result"][wet] = POSITIVE
    results["ct_orf"][wet], results["ct_n"][wet] = 36.0, 36.4


def _elsewhere(kept: Ints, moved: Ints, site: Ints) -> Ints:
    """
    Return `moved` in an order in which none lies at the site of the tube of `kept` beside it.

    Raises ValueError where no exchange of two brings that about: there are too few sites for the fault.
    """
    order = moved.tolist()
    for at, tube in enumerate(kept.tolist()):
        if site[tube] != site[order[at]]:
            continue
        other = next(
            (
                one
                for one, beside in enumerate(kept.tolist())
                if site[tube] != site[order[one]] and site[beside] != site[order[at]]
            ),
            None,
        )
        if other is None:
            raise ValueError("too few sampling sites to plant a tube used at two of them")
        order[at], order[other] = order[other], order[at]
    return np.array(order, dtype=np.int64)
