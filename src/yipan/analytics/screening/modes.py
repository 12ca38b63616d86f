"""Which pool for which street, and how often to go round: pool modes under limits, and what an interval lets escape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from yipan.analytics.screening.members import diluted_sensitivity, household_clear, swab_shift
from yipan.analytics.screening.pools import Assay


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """
    One way to fill a tube: `name` as it is ordered (`single`, `5`, `10`, `20`, `household`), people per tube, its assay.

    `correlation` is that of the infections of people who share a tube, 0 where they have nothing in common.
    """

    name: str
    size: float
    assay: Assay
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1.0:
            raise ValueError(
                f"mode {self.name} holds {self.size} people a tube; expected 1 or more"
            )


HOUSEHOLD = "household"
HOUSEHOLD_TUBE = 5
"""A household's tube holds the medium of a tube for five: an assumption, the texts name none."""


def swab_modes(
    *, mean_ct: float, sd_ct: float, half_ct: float, spread_ct: float, specificity: float,
    household: tuple[float, float] | None = None,
) -> tuple[Mode, ...]:  # fmt: skip
    """
    Return the modes of the specifications (single, 5, 10 and 20 swabs in a tube), each with its diluted sensitivity.

    With `household`, the people of one and the correlation of their infections, its own tube as well.

    >>> modes = swab_modes(mean_ct=28, sd_ct=5, half_ct=38, spread_ct=1, specificity=0.9999)
    >>> [f"{mode.name}: {mode.assay.sensitivity:.3f}" for mode in modes]
    ['single: 0.975', '5: 0.965', '10: 0.961', '20: 0.942']
    """

    def assay(size: int) -> Assay:
        found = diluted_sensitivity(
            shift=swab_shift(size), mean_ct=mean_ct, sd_ct=sd_ct, half_ct=half_ct, spread_ct=spread_ct
        )  # fmt: skip
        return Assay(sensitivity=found, specificity=specificity)

    modes = tuple(
        Mode(name="single" if size == 1 else str(size), size=size, assay=assay(size))
        for size in (1, 5, 10, 20)
    )
    if household is None:
        return modes
    people, correlation = household
    own = Mode(name=HOUSEHOLD, size=people, assay=assay(HOUSEHOLD_TUBE), correlation=correlation)
    return (*modes, own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What weighs against what: a tube, an hour somebody is held, an infected person missed; in one unit of choice."""

    tube: float
    held_hour: float
    missed: float

    def __post_init__(self) -> None:
        if min(self.tube, self.held_hour, self.missed) < 0.0:
            raise ValueError("a price is 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeAdvice:
    """
    What one mode would ask of a group of people and what it would miss; `limits` names every limit it breaks.

    `tubes` counts those of the first round and the single tubes that follow; `held` the people in a positive tube;
    `missed` the infected among them that the tube does not show; `cost` weighs them by the prices.
    """

    mode: str
    people: int
    tubes: float
    held: float
    missed: float
    cost: float
    limits: tuple[str, ...]

    @property
    def possible(self) -> bool:
        """Whether it breaks no limit."""
        return not self.limits


def advise_mode(
    people: int,
    *,
    prevalence: float,
    modes: Sequence[Mode],
    prices: Prices,
    held_hours: float,
    tubes_available: float | None = None,
    reswabs_available: float | None = None,
    only: frozenset[str] | None = None,
) -> tuple[ModeAdvice, ...]:
    """
    Return every mode with what it asks and misses, those that break no limit first, the cheapest first.

    With swab pooling no single sample is kept: everybody in a positive tube is held for `held_hours` and swabbed
    again, which is the cost no published optimum counts. `only` names the modes the protocol allows this group.

    >>> modes = swab_modes(mean_ct=28, sd_ct=5, half_ct=38, spread_ct=1, specificity=0.9999)
    >>> prices = Prices(tube=1.0, held_hour=1.0, missed=100.0)
    >>> [
    ...     advise_mode(100_000, prevalence=p, modes=modes, prices=prices, held_hours=8)[0].mode
    ...     for p in (1e-6, 3e-3, 3e-2)
    ... ]
    ['20', '5', 'single']
    """
    if people < 0 or held_hours < 0.0:
        raise ValueError(f"{people} people held for {held_hours} hours; both are 0 or more")
    if not 0.0 <= prevalence <= 1.0:
        raise ValueError(f"prevalence {prevalence} lies outside 0 to 1")
    found = []
    for mode in modes:
        clear = (
            household_clear(prevalence, members=round(mode.size), correlation=mode.correlation)
            if mode.correlation
            else (1.0 - prevalence) ** mode.size
        )
        called = mode.assay.sensitivity * (1.0 - clear) + mode.assay.false_positive * clear
        held = people * called
        tubes = people / mode.size + held
        missed = people * prevalence * (1.0 - mode.assay.sensitivity)
        limits = []
        if only is not None and mode.name not in only:
            limits.append("the protocol does not allow this mode for this group")
        if tubes_available is not None and tubes > tubes_available:
            limits.append(f"{tubes:.0f} tubes of {tubes_available:.0f} the laboratories can take")
        if reswabs_available is not None and held > reswabs_available:
            limits.append(f"{held:.0f} people to swab again of {reswabs_available:.0f} possible")
        found.append(
            ModeAdvice(
                mode=mode.name, people=people, tubes=tubes, held=held, missed=missed,
                cost=prices.tube * tubes + prices.held_hour * held_hours * held + prices.missed * missed,
                limits=tuple(limits),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda advice: (bool(advice.limits), advice.cost)))


def escape_share(
    *,
    interval_days: float,
    result_hours: float,
    attendance: float,
    detection: Mapping[float, float],
    generation_mean_days: float,
    generation_shape: float = 2.5,
) -> float:
    """
    Return the share of onward transmission that happens before rounds find and isolate the infected person.

    Rounds come every `interval_days` at a moment independent of infection, results `result_hours` later;
    `detection` gives the probability of a positive test by days since infection (linear between, 0 outside).
    Generation times are gamma with a mean and a shape. Whoever is never found transmits everything.

    >>> curve = {0: 0.0, 4: 0.77, 10: 0.5, 30: 0.0}
    >>> slow = escape_share(
    ...     interval_days=1, result_hours=24, attendance=1, detection=curve, generation_mean_days=3
    ... )
    >>> fast = escape_share(
    ...     interval_days=1, result_hours=6, attendance=1, detection=curve, generation_mean_days=3
    ... )
    >>> fast < slow
    True
    """
    from scipy import stats

    if interval_days <= 0.0 or result_hours < 0.0:
        raise ValueError(
            f"rounds every {interval_days} days with results after {result_hours} hours; "
            "expected an interval above 0 and no negative delay"
        )
    if not 0.0 <= attendance <= 1.0:
        raise ValueError(f"attendance {attendance} lies outside 0 to 1")
    ages, chances = np.array(sorted(detection.items()), dtype=float).T
    if np.any((chances < 0.0) | (chances > 1.0)):
        raise ValueError("a probability of detection lies outside 0 to 1")
    generation = stats.gamma(generation_shape, scale=generation_mean_days / generation_shape)
    offsets = (np.arange(200) + 0.5) / 200.0 * interval_days
    rounds = np.arange(int(np.ceil(ages[-1] / interval_days)) + 1)
    at = offsets[:, None] + interval_days * rounds
    positive = attendance * np.interp(at, ages, chances, left=0.0, right=0.0)
    still = np.cumprod(np.column_stack((np.ones(len(offsets)), 1.0 - positive)), axis=1)
    before = generation.cdf(at + result_hours / 24.0)
    escaped = (still[:, :-1] * positive * before).sum(axis=1) + still[:, -1]
    return float(escaped.mean())
