"""Is everybody found? What all-negative rounds say of the infections that are left, and of freedom from disease."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log1p


def missed_share(*, never: float, attendance: float, sensitivity: float, rounds: int) -> float:
    """
    Return the probability that an infected person is missed by every one of `rounds` rounds.

    `never` is the share of people no round reaches, `attendance` the probability that anybody else comes to a
    round, `sensitivity` that of the test. However many the rounds, it stays at or above `never`.

    >>> round(missed_share(never=0.04, attendance=0.9, sensitivity=0.8, rounds=3), 4)
    0.0611
    """
    for name, value in (("never", never), ("attendance", attendance), ("sensitivity", sensitivity)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} {value} lies outside 0 to 1")
    if rounds < 0:
        raise ValueError(f"{rounds} rounds; expected 0 or more")
    return never + (1.0 - never) * (1.0 - attendance * sensitivity) ** rounds


def none_left(
    hidden: float, *, never: float, attendance: float, sensitivity: float, rounds: int
) -> float:
    """
    Return the probability that nobody infected is left after `rounds` rounds without a positive.

    `hidden` is the expected number of infected people before the first round (Poisson). Nobody is infected
    between rounds: where the outbreak grows, growth makes finding likelier and this stands on the safe side.
    It never exceeds exp(-hidden x never): people no round reaches set the ceiling.

    >>> round(none_left(2.0, never=0.04, attendance=0.9, sensitivity=0.8, rounds=3), 3)
    0.885
    """
    if hidden < 0.0:
        raise ValueError(f"hidden {hidden}; an expected number is 0 or more")
    missed = missed_share(
        never=never, attendance=attendance, sensitivity=sensitivity, rounds=rounds
    )
    return exp(-hidden * missed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One way to be surer, and what it would bring: `after` is the probability that nobody is left with it."""

    name: str
    before: float
    after: float

    @property
    def gain(self) -> float:
        """By how much the probability rises."""
        return self.after - self.before


def levers(
    hidden: float,
    *,
    never: float,
    attendance: float,
    sensitivity: float,
    rounds: int,
    reached: float,
    better_sensitivity: float | None = None,
) -> tuple[Lever, ...]:
    """
    Return what would raise the probability that nobody is left, the most helpful first.

    The levers: one more round, two more, reaching people until only `reached` of the never-tested share remains
    (0 to 1), and a better test where `better_sensitivity` is given.

    >>> levers(2.0, never=0.04, attendance=0.9, sensitivity=0.8, rounds=3, reached=0.25)[0].name
    'reach_never_tested'
    """
    if not 0.0 <= reached <= 1.0:
        raise ValueError(f"reached {reached} lies outside 0 to 1")

    def chance(
        *, never: float = never, rounds: int = rounds, sensitivity: float = sensitivity
    ) -> float:
        return none_left(
            hidden, never=never, attendance=attendance, sensitivity=sensitivity, rounds=rounds
        )

    now = chance()
    found = [
        Lever(name="one_more_round", before=now, after=chance(rounds=rounds + 1)),
        Lever(name="two_more_rounds", before=now, after=chance(rounds=rounds + 2)),
        Lever(name="reach_never_tested", before=now, after=chance(never=never * reached)),
    ]
    if better_sensitivity is not None:
        found.append(
            Lever(name="better_test", before=now, after=chance(sensitivity=better_sensitivity))
        )
    return tuple(sorted(found, key=lambda lever: -lever.gain))


def population_sensitivity(
    *, tested: int, sensitivity: float, infected: int | None = None, population: int | None = None,
    prevalence: float | None = None,
) -> float:  # fmt: skip
    """
    Return the probability that testing `tested` people finds at least one, if the disease is there.

    Of a known `population` with a design number of `infected`: 1-(1-tested*Se/population)^infected. Of a large one
    with a design `prevalence`: 1-(1-prevalence*Se)^tested (Cannon 2001; MacDiarmid 1988).

    Raises ValueError where more are tested than there are, or the design is given twice or not at all.

    >>> round(population_sensitivity(tested=100, sensitivity=0.7, infected=5, population=500), 4)
    0.5296
    """
    if tested < 0:
        raise ValueError(f"tested {tested}; expected 0 or more")
    if not 0.0 <= sensitivity <= 1.0:
        raise ValueError(f"sensitivity {sensitivity} lies outside 0 to 1")
    if prevalence is not None and infected is None and population is None:
        if not 0.0 <= prevalence <= 1.0:
            raise ValueError(f"prevalence {prevalence} lies outside 0 to 1")
        return 1.0 - (1.0 - prevalence * sensitivity) ** tested
    if infected is None or population is None or prevalence is not None:
        raise ValueError(
            "give a design prevalence, or a population with a design number of infected"
        )
    if tested > population:
        raise ValueError(f"{tested} tested of a population of {population}")
    if not 0 <= infected <= population:
        raise ValueError(f"{infected} infected of a population of {population}")
    return 1.0 - (1.0 - tested * sensitivity / population) ** infected


def pooled_sensitivity(
    *, pools: int, size: int, prevalence: float, sensitivity: float, specificity: float = 1.0
) -> tuple[float, float]:
    """
    Return sensitivity and specificity of testing a population by `pools` pools of `size` people.

    The first is the probability of a positive pool where the disease is there at the design `prevalence`, the
    second that of none where it is not.

    >>> round(pooled_sensitivity(pools=30, size=5, prevalence=0.01, sensitivity=0.95)[0], 4)
    0.7608
    """
    if pools < 0 or size < 1:
        raise ValueError(f"{pools} pools of {size}; expected 0 or more pools of at least one")
    clear = (1.0 - prevalence) ** size
    one = sensitivity * (1.0 - clear) + (1.0 - specificity) * clear
    return 1.0 - (1.0 - one) ** pools, specificity**pools


def freedom_after(
    round_sensitivities: Sequence[float], *, prior: float, introduction: float = 0.0
) -> tuple[float, ...]:
    """
    Return the probability of freedom from disease after each negative round.

    `prior` holds before the first. Before every round the disease may be brought in with probability
    `introduction`; then a negative round of population sensitivity s raises p to p/(p+(1-p)(1-s)).

    >>> [round(free, 3) for free in freedom_after([0.5, 0.5], prior=0.5)]
    [0.667, 0.8]
    """
    for name, value in (("prior", prior), ("introduction", introduction)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} {value} lies outside 0 to 1")
    free, after = prior, []
    for sensitivity in round_sensitivities:
        if not 0.0 <= sensitivity <= 1.0:
            raise ValueError(f"population sensitivity {sensitivity} lies outside 0 to 1")
        free *= 1.0 - introduction
        there = (1.0 - free) * (1.0 - sensitivity)
        free = free / (free + there) if free + there > 0.0 else 0.0
        after.append(free)
    return tuple(after)


def freedom_in_balance(*, sensitivity: float, introduction: float) -> tuple[float, float]:
    """
    Return the probability of freedom that endless negative rounds tend to: after a round, and before the next.

    Without introduction both are 1; where introduction outweighs the rounds both are 0.

    >>> [round(free, 3) for free in freedom_in_balance(sensitivity=0.6, introduction=0.02)]
    [0.986, 0.967]
    """
    if not 0.0 <= sensitivity <= 1.0 or not 0.0 <= introduction <= 1.0:
        raise ValueError(
            f"sensitivity {sensitivity} and introduction {introduction}; expected both from 0 to 1"
        )
    if introduction == 0.0:
        return 1.0, 1.0
    if sensitivity == 0.0:
        return 0.0, 0.0
    before = max(0.0, 1.0 - introduction / sensitivity)
    return (before / (1.0 - introduction) if introduction < 1.0 else 0.0), before


def tests_for_freedom(*, prevalence: float, sensitivity: float, wanted: float) -> int:
    """
    Return how many people of a large population must be tested for a population sensitivity of `wanted`.

    >>> tests_for_freedom(prevalence=0.01, sensitivity=0.9, wanted=0.95)
    332
    """
    if not 0.0 < prevalence * sensitivity < 1.0 or not 0.0 <= wanted < 1.0:
        raise ValueError(
            f"prevalence {prevalence}, sensitivity {sensitivity}, wanted {wanted}; expected parts of 1"
        )
    return ceil(log1p(-wanted) / log1p(-prevalence * sensitivity))
