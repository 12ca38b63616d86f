"""Laboratory quality: what controls, plates, positives and counts say of a laboratory's work. Every finding shows its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAlarm:
    """A rule of the control chart that was broken at a run (counted from 0), with the standing of that run in sd."""

    rule: str
    run: int
    standing_sd: float


LEAST_RUNS = 20
"""Runs a laboratory needs before it has limits of its own."""


def control_chart(values: Sequence[float], *, baseline: Sequence[float]) -> tuple[ChartAlarm, ...]:
    """
    Return where a control's values break Westgard's rules 1-3s, 2-2s, R-4s, 4-1s and 10x.

    Limits are the laboratory's own: mean and standard deviation of `baseline`, at least 20 runs; a maker's wide
    limits hide faults. Of several rules broken at one run each is told.

    Raises ValueError for a shorter baseline or one that does not vary.

    >>> calm = [29.8, 30.2] * 10
    >>> [alarm.rule for alarm in control_chart([30.1, 32.0], baseline=calm)]
    ['1-3s']
    """
    known = np.asarray(baseline, dtype=float)
    if known.size < LEAST_RUNS:
        raise ValueError(
            f"{known.size} runs in the baseline; a laboratory's own limits need {LEAST_RUNS}"
        )
    spread = float(known.std(ddof=1))
    if not spread > 0.0:
        raise ValueError("the baseline does not vary; limits cannot be made of it")
    standing = (np.asarray(values, dtype=float) - float(known.mean())) / spread
    found = []
    for run, here in enumerate(standing.tolist()):
        last = standing[max(0, run - 9) : run + 1]
        side = np.sign(last)
        broken = {
            "1-3s": abs(here) > 3.0,
            "2-2s": run >= 1 and min(abs(last[-2:])) > 2.0 and side[-1] == side[-2],
            "R-4s": run >= 1 and side[-1] != side[-2] and min(abs(last[-2:])) > 2.0,
            "4-1s": run >= 3 and min(abs(last[-4:])) > 1.0 and len(set(side[-4:])) == 1,
            "10x": len(last) == 10 and len(set(side)) == 1 and side[0] != 0.0,
        }
        found += [
            ChartAlarm(rule=rule, run=run, standing_sd=here)
            for rule, is_so in broken.items()
            if is_so
        ]
    return tuple(found)


def plate_tail(positives: int, *, wells: int, background: float) -> float:
    """
    Return the probability of so many positive wells or more on one plate, if each is positive by itself.

    >>> f"{plate_tail(4, wells=94, background=0.001):.1e}"
    '2.8e-06'
    """
    from scipy import stats

    if wells < 0 or positives > wells:
        raise ValueError(f"{positives} positive of {wells} wells; that cannot be")
    return float(stats.binom.sf(positives - 1, wells, background))


LENT_TUBES = 50.0
"""How many tubes of the others' common share a district is lent: few tubes of its own say little of its rate."""


class Tail(StrEnum):
    """On which side of what is expected a laboratory stands."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryStanding:
    """
    A laboratory's positive tubes beside what the same districts gave elsewhere.

    `p_value` is two-sided; `unusual` whether it stands out with the false discovery rate kept; `can_be_low`
    whether as many tubes could show a lack at all: zero positives say nothing where few are expected.
    """

    laboratory: str
    tubes: int
    positive: int
    expected: float
    tail: Tail
    p_value: float
    unusual: bool
    can_be_low: bool


def compare_laboratories(
    tubes: npt.NDArray[np.int64],
    positive: npt.NDArray[np.int64],
    *,
    laboratories: Sequence[str],
    over_dispersion: float = 2.0,
    false_discovery: float = 0.05,
) -> tuple[LaboratoryStanding, ...]:
    """
    Compare laboratories by the districts whose tubes they took; `tubes` and `positive` are laboratory by district.

    What is expected of a laboratory comes from the other laboratories' share of positives in each of its
    districts, so that none judges itself; a district only one laboratory serves says nothing of it and is
    left out. A laboratory that stands out no longer serves as a measure for the others, the most unusual first,
    or one that finds too much would make the honest ones look as if they found too little. Counts are Poisson
    with variance `over_dispersion` times the mean. Benjamini-Hochberg over the laboratories on both tails.

    Raises ValueError for tables of different shape, more positives than tubes, or a dispersion below 1.
    """
    if tubes.shape != positive.shape or tubes.shape[0] != len(laboratories):
        raise ValueError(
            f"tubes {tubes.shape}, positives {positive.shape} and {len(laboratories)} laboratories do not agree"
        )
    if np.any(positive > tubes) or np.any(positive < 0):
        raise ValueError("a laboratory has more positive tubes than tubes, or fewer than none")
    if over_dispersion < 1.0:
        raise ValueError(f"over_dispersion {over_dispersion}; expected 1 or more")
    trusted = np.ones(len(laboratories), dtype=bool)
    while True:
        expected, seen, judged = _against_others(tubes, positive, trusted)
        high, low = _tails(seen, np.maximum(expected, 1e-12), over_dispersion)
        both = np.minimum(1.0, 2.0 * np.minimum(high, low))
        unusual = benjamini_hochberg(both, rate=false_discovery)
        worst = np.flatnonzero(unusual & trusted)
        if not worst.size or trusted.sum() <= len(laboratories) / 2:
            break
        trusted[worst[both[worst].argmin()]] = False
    nothing = _tails(np.zeros_like(seen), np.maximum(expected, 1e-12), over_dispersion)[1]
    return tuple(
        LaboratoryStanding(
            laboratory=name, tubes=int(judged[i]), positive=int(seen[i]), expected=float(expected[i]),
            tail=Tail.HIGH if high[i] < low[i] else Tail.LOW, p_value=float(both[i]),
            unusual=bool(unusual[i]), can_be_low=bool(2.0 * nothing[i] < false_discovery),
        )
        for i, name in enumerate(laboratories)
    )  # fmt: skip


def _against_others(
    tubes: npt.NDArray[np.int64], positive: npt.NDArray[np.int64], trusted: npt.NDArray[np.bool_]
) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What the trusted others' shares lead to expect of each laboratory, what it found, and of how many tubes."""
    measure_tubes, measure_positive = tubes * trusted[:, None], positive * trusted[:, None]
    others_tubes = measure_tubes.sum(axis=0) - measure_tubes
    others_positive = measure_positive.sum(axis=0) - measure_positive
    shared = others_tubes > 0
    everywhere = others_positive.sum(axis=1, keepdims=True) / np.maximum(
        others_tubes.sum(axis=1, keepdims=True), 1
    )
    share = (others_positive + LENT_TUBES * everywhere) / (others_tubes + LENT_TUBES)
    seen = np.where(shared, positive, 0).sum(axis=1)
    return (
        (np.where(shared, tubes, 0) * share).sum(axis=1),
        seen,
        np.where(shared, tubes, 0).sum(axis=1),
    )


def _tails(seen: npt.NDArray[np.int64], expected: Array, dispersion: float) -> tuple[Array, Array]:
    from scipy import stats

    if dispersion == 1.0:
        above, below = stats.poisson.sf(seen - 1, expected), stats.poisson.cdf(seen, expected)
        return np.asarray(above), np.asarray(below)
    size, clear = expected / (dispersion - 1.0), 1.0 / dispersion
    above, below = stats.nbinom.sf(seen - 1, size, clear), stats.nbinom.cdf(seen, size, clear)
    return np.asarray(above), np.asarray(below)


def benjamini_hochberg(p_values: Array, *, rate: float) -> npt.NDArray[np.bool_]:
    """
    Return which of several p-values stand out with the false discovery rate kept at `rate` (Benjamini, Hochberg 1995).

    >>> benjamini_hochberg(np.array([0.001, 0.04, 0.5]), rate=0.05).tolist()
    [True, False, False]
    """
    order = np.argsort(p_values)
    ranked = p_values[order]
    below = np.flatnonzero(ranked <= rate * np.arange(1, len(ranked) + 1) / max(1, len(ranked)))
    stands = np.zeros(len(p_values), dtype=bool)
    if below.size:
        stands[order[: below[-1] + 1]] = True
    return stands


def missing_positives(
    seen: Sequence[int], expected: Sequence[float], *, ratio: float = 0.5, alarm: float = 4.6
) -> tuple[float, ...]:
    """
    Return the cumulative evidence, day by day, that a laboratory finds only `ratio` of what it should (a low CUSUM).

    Each entry is the log likelihood ratio of Poisson counts gathered since it was last nothing; `alarm` of 4.6 is
    evidence of one in a hundred. A single day without positives is none where few are expected.

    >>> evidence = missing_positives([0] * 12, [1.0] * 12)
    >>> next(day for day, so_far in enumerate(evidence, 1) if so_far >= 4.6)
    10
    """
    if not 0.0 < ratio < 1.0:
        raise ValueError(f"ratio {ratio}; expected between 0 and 1")
    if alarm <= 0.0:
        raise ValueError(f"alarm {alarm}; expected above 0")
    gathered, so_far = [], 0.0
    for count, mean in zip(seen, expected, strict=True):
        so_far = max(0.0, so_far + mean * (1.0 - ratio) + count * float(np.log(ratio)))
        gathered.append(so_far)
    return tuple(gathered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """
    What must be equal at a laboratory: tubes received, sample wells run, results issued.

    `idle` are tubes received and not run, `unexplained` results with no well behind them: the mark of results
    that were never measured.
    """

    received: int
    wells: int
    controls: int
    results: int

    @property
    def idle(self) -> int:
        """Tubes received that no well was run for."""
        return max(0, self.received - (self.wells - self.controls))

    @property
    def unexplained(self) -> int:
        """Results issued beyond the sample wells that were run."""
        return max(0, self.results - (self.wells - self.controls))

    @property
    def balanced(self) -> bool:
        """Whether received, run and issued agree."""
        return self.received == self.wells - self.controls == self.results


def too_fast(results: int, *, hours: float, instruments: int, wells: int, run_hours: float) -> bool:
    """
    Whether more results were issued in a time than the instruments could have run.

    >>> too_fast(5000, hours=2, instruments=4, wells=96, run_hours=1.5)
    True
    """
    if min(hours, instruments, wells, run_hours) <= 0:
        raise ValueError("hours, instruments, wells and run_hours are above 0")
    return results > instruments * wells * max(1, ceil(hours / run_hours))


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAround:
    """
    How long a leg takes: percentiles of the finished ones, and the ages of those still open, in hours.

    Percentiles of finished tubes alone hide a backlog: `open_oldest` and `open_over` tell of it.
    """

    finished: int
    p50: float | None
    p90: float | None
    p99: float | None
    open: int
    open_oldest: float | None
    open_over: int


def turn_around(
    finished_hours: Sequence[float] | Array,
    open_hours: Sequence[float] | Array,
    *,
    target_hours: float,
) -> TurnAround:
    """
    Return the percentiles of a leg and how many are open past the target.

    >>> turn_around([1.0, 2.0, 3.0], [30.0], target_hours=12).open_over
    1
    """
    done, still = np.asarray(finished_hours, dtype=float), np.asarray(open_hours, dtype=float)
    if np.any(done < 0.0) or np.any(still < 0.0):
        raise ValueError(
            "a time taken or an age is negative; the instants of a tube are out of order"
        )
    p50, p90, p99 = (
        (None,) * 3
        if done.size == 0
        else tuple(float(v) for v in np.percentile(done, (50, 90, 99)))
    )
    return TurnAround(
        finished=int(done.size), p50=p50, p90=p90, p99=p99, open=int(still.size),
        open_oldest=float(still.max()) if still.size else None,
        open_over=int((still > target_hours).sum()),
    )  # fmt: skip


def backlog(
    arriving: Sequence[float], *, capacity: Sequence[float], waiting: float = 0.0
) -> tuple[tuple[float, float], ...]:
    """
    Return tubes waiting and hours to wait at the end of each hour, by what arrives and what can be run (fluid model).

    >>> backlog([100, 100, 0], capacity=[60, 60, 60])[-1]
    (20.0, 0.3333333333333333)
    """
    if waiting < 0.0 or min(arriving, default=0.0) < 0.0 or min(capacity, default=0.0) < 0.0:
        raise ValueError("tubes waiting, arriving and run are 0 or more")
    hours = []
    for more, able in zip(arriving, capacity, strict=True):
        waiting = max(0.0, waiting + more - able)
        hours.append((waiting, waiting / able if able else (float("inf") if waiting else 0.0)))
    return tuple(hours)


def chapman(*, roster: int, sampled: int, both: int) -> tuple[float, float]:
    """
    Return how many people there are, by capture and recapture, with the standard error (Chapman 1951; Seber 1970).

    `roster` and `sampled` are two counts of the same people, `both` those in each. People who avoid both lists
    make it too low.

    >>> number, error = chapman(roster=900, sampled=800, both=760)
    >>> round(number), round(error, 1)
    (947, 3.0)
    """
    if not 0 <= both <= min(roster, sampled):
        raise ValueError(f"{both} people on both of lists of {roster} and {sampled}")
    number = (roster + 1) * (sampled + 1) / (both + 1) - 1.0
    variance = (
        (roster + 1) * (sampled + 1) * (roster - both) * (sampled - both)
        / ((both + 1) ** 2 * (both + 2))
    )  # fmt: skip
    return number, float(np.sqrt(variance))


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWell:
    """A control on a plate: what it is, and its Ct for each target and for the human gene; None where nothing rose."""

    content: str
    ct_orf: float | None
    ct_n: float | None
    ct_internal: float | None


def plate_faults(
    controls: Sequence[ControlWell], *, positive_band: tuple[float, float] | None, internal_below: float
) -> tuple[str, ...]:  # fmt: skip
    """
    Return why the controls of a plate do not let it stand; nothing where it is valid.

    No template: no target may rise. Negative control: no target, and the human gene below `internal_below`. Positive
    control: both targets rise, within `positive_band` where the kit names one. Extraction control: both targets rise. A
    plate without a no-template or a positive control is not valid either. Form: the CDC panel, PMC7490627, table 3.

    >>> empty = ControlWell(content="no_template", ct_orf=None, ct_n=38.1, ct_internal=None)
    >>> known = ControlWell(content="positive_control", ct_orf=28.0, ct_n=27.5, ct_internal=25.0)
    >>> plate_faults([empty, known], positive_band=(26, 31), internal_below=40)
    ('no_template_rose',)
    """
    found = [
        f"{kind}_absent"
        for kind in ("no_template", "positive_control")
        if not any(one.content == kind for one in controls)
    ]
    for one in controls:
        targets = (one.ct_orf, one.ct_n)
        rose = [ct for ct in targets if ct is not None]
        if one.content in {"no_template", "negative_control"} and rose:
            found.append(f"{one.content}_rose")
        if one.content == "negative_control" and (
            one.ct_internal is None or one.ct_internal >= internal_below
        ):
            found.append("negative_control_without_human_gene")
        if one.content in {"positive_control", "extraction_positive"} and len(rose) < len(targets):
            found.append(f"{one.content}_silent")
        elif (
            one.content == "positive_control"
            and positive_band is not None
            and not all(positive_band[0] <= ct <= positive_band[1] for ct in rose)
        ):
            found.append("positive_control_outside_band")
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """
    How far two readings of the same tubes agree.

    `share` of `pairs` that agree with its exact 95 % interval; `kappa` beyond chance (Cohen 1960), None where every
    reading is the same and chance cannot be told from agreement. `shift` is the mean difference of paired Ct with the
    p-value of a paired t-test; None with fewer than three pairs of Ct or no spread.
    """

    pairs: int
    agree: int
    share: float | None
    low: float | None
    high: float | None
    kappa: float | None
    ct_pairs: int
    shift: float | None
    shift_p_value: float | None


def agreement(
    first: Sequence[str], second: Sequence[str], *, ct_differences: Sequence[float] = ()
) -> Agreement:
    """
    Compare two readings of the same tubes, and the differences of their Ct where both rose.

    Raises ValueError for readings of different length.

    >>> told = agreement(["neg", "neg", "pos", "pos"], ["neg", "neg", "pos", "neg"])
    >>> told.agree, round(told.kappa, 2)
    (3, 0.5)
    """
    from scipy import stats

    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} readings; a pair has two")
    pairs = len(first)
    agree = sum(a == b for a, b in zip(first, second, strict=True))
    share = low = high = kappa = None
    if pairs:
        share = agree / pairs
        low = float(stats.beta.ppf(0.025, agree, pairs - agree + 1)) if agree else 0.0
        high = float(stats.beta.ppf(0.975, agree + 1, pairs - agree)) if agree < pairs else 1.0
        chance = sum(
            first.count(value) * second.count(value) for value in set(first) | set(second)
        ) / (pairs * pairs)
        kappa = (share - chance) / (1.0 - chance) if chance < 1.0 else None
    known = np.asarray(ct_differences, dtype=float)
    shift = p_value = None
    if known.size >= LEAST_CT_PAIRS and float(known.std(ddof=1)) > 0.0:
        shift = float(known.mean())
        p_value = float(stats.ttest_1samp(known, 0.0).pvalue)
    return Agreement(
        pairs=pairs, agree=agree, share=share, low=low, high=high, kappa=kappa, ct_pairs=int(known.size),
        shift=shift, shift_p_value=p_value,
    )  # fmt: skip


LEAST_CT_PAIRS = 3
"""Pairs of Ct below which no difference is told."""
