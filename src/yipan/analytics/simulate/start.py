"""Where a run starts from: the cases known, and the infections nobody has seen yet, drawn from what is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .epidemic import Seed
from .pathogen import Pathogen, RateOutOfRange, gamma_days

MOST_PENDING = 100_000
"""Infections lately that nobody has seen yet, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """A case as the start needs it: county, days before the start it was reported and its symptoms began."""

    county: str
    reported_days_ago: int
    onset_days_ago: int | None = None

    def __post_init__(self) -> None:
        if self.reported_days_ago < 0:
            raise ValueError(
                f"a case of {self.county} reported {-self.reported_days_ago} days after the start"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ascertainment:
    """
    How much of what is there is seen: a beta law for the share ever reported, days from infection to report.

    `share` and `certainty` give the beta law's mean and its weight in cases; drawn once per replicate.
    """

    share: float = 0.5
    certainty: float = 10.0
    report_days: float = 5.0
    report_sd_days: float = 2.5

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise RateOutOfRange(
                f"ascertainment share is {self.share}; expected between 0 and 1, neither reached"
            )
        if not self.certainty > 0:
            raise RateOutOfRange(
                f"ascertainment certainty is {self.certainty}; expected more than 0"
            )


def draw_start(
    cases: Sequence[KnownCase],
    pathogen: Pathogen,
    *,
    lead_days: int,
    growth_per_day: float,
    ascertainment: Ascertainment,
    rng: np.random.Generator,
) -> tuple[Seed, ...]:
    """
    Return one draw of everybody infected in the `lead_days` before the start, day 0 being `lead_days` before it.

    A known case was infected its incubation before onset, or its report delay before report. For every known case the
    unseen are a negative binomial number of the share never reported. Those infected lately and not yet reported
    are as many as the growth says: infections u days ago weigh exp(-growth u) times the chance of being unreported.
    """
    if lead_days < 1:
        raise ValueError(f"a lead of {lead_days} days; expected 1 or more")
    share = float(
        np.clip(
            rng.beta(
                ascertainment.share * ascertainment.certainty,
                (1 - ascertainment.share) * ascertainment.certainty,
            ),
            0.02,
            0.999,
        )
    )
    delay = gamma_days(ascertainment.report_days, ascertainment.report_sd_days)
    incubation = gamma_days(pathogen.incubation_days, pathogen.incubation_sd_days)
    reported = np.array([case.reported_days_ago for case in cases], dtype=int)
    onset = np.array(
        [-1 if case.onset_days_ago is None else case.onset_days_ago for case in cases], dtype=int
    )
    waited = 1 + rng.choice(delay.size, p=delay, size=len(cases))
    incubated = 1 + rng.choice(incubation.size, p=incubation, size=len(cases))
    infected = np.where(onset >= 0, onset + incubated, reported + waited)
    unseen = np.repeat(np.arange(len(cases)), rng.negative_binomial(1, share, size=len(cases)))
    beside = np.maximum(1, infected[unseen] + rng.integers(-3, 4, size=unseen.size))
    whose, ago = [unseen], [beside]
    lately = np.flatnonzero(reported <= lead_days)
    if lately.size:
        ages = np.arange(1, lead_days + 1)
        unreported = 1 - np.concatenate([[0.0], np.cumsum(delay)])[np.minimum(ages, delay.size)]
        weight = np.exp(-growth_per_day * ages)
        seen = (weight * (1 - unreported) * share).sum()
        pending = weight * unreported * share
        count = min(MOST_PENDING, int(rng.poisson(lately.size * pending.sum() / max(seen, 1e-9))))
        whose.append(rng.choice(lately, size=count))
        ago.append(rng.choice(ages, p=pending / pending.sum(), size=count))
    seeds = [
        Seed(day=day, county=cases[index].county, found=max(day, lead_days - cases[index].reported_days_ago))
        for index, day in _within(np.arange(len(cases)), infected, lead_days)
    ]  # fmt: skip
    seeds += [
        Seed(day=day, county=cases[index].county)
        for index, day in _within(np.concatenate(whose), np.concatenate(ago), lead_days)
    ]
    return tuple(sorted(seeds, key=lambda seed: seed.day))


def _within(
    whose: NDArray[np.int_], ago: NDArray[np.int_], lead_days: int
) -> Iterator[tuple[int, int]]:
    """Yield whose case and on which day, for those infected within the lead."""
    inside = ago <= lead_days
    days = np.clip(lead_days - ago[inside], 0, lead_days - 1)
    return zip(whose[inside].tolist(), days.tolist(), strict=True)
