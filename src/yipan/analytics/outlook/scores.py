"""
How good forecasts were: the scores by which forecast hubs judge, for quantiles and for samples.

Weighted interval score after Bracher et al. 2021 (PLOS Comput Biol, 1008618), on the natural and on the
log scale (Bosse et al. 2023, PLOS Comput Biol, 1011393), coverage, bias, probability integral transform,
CRPS, Brier. Low is good. Missing observations or forecasts give NaN, and means leave NaN out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yipan.analytics.outlook.counts import FloatArray
from yipan.model import ScoreCard


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntervalScore:
    """The weighted interval score and its three parts, which add up to it."""

    wis: FloatArray
    dispersion: FloatArray
    underprediction: FloatArray
    overprediction: FloatArray


def pinball_loss(observed: ArrayLike, predicted: ArrayLike, levels: Sequence[float]) -> FloatArray:
    """
    Return the pinball (quantile) loss, ... x levels: q (y - x) where y >= x, else (1 - q)(x - y).

    >>> pinball_loss(10, [8.0, 12.0], [0.25, 0.75])
    array([0.5, 0.5])
    """
    gap = np.asarray(observed, dtype=np.float64)[..., None] - np.asarray(predicted)
    share = np.asarray(levels, dtype=np.float64)
    return np.asarray(np.where(gap >= 0, share * gap, (share - 1) * gap))


def weighted_interval_score(
    observed: ArrayLike, predicted: ArrayLike, levels: Sequence[float]
) -> FloatArray:
    """
    Return the weighted interval score of quantile forecasts: twice the mean pinball loss.

    `observed` has any shape, `predicted` the same with the levels as last axis.

    >>> float(weighted_interval_score(10, [8.0, 10.0, 12.0], [0.25, 0.5, 0.75]).round(4))
    0.6667
    """
    return np.asarray(2 * pinball_loss(observed, predicted, levels).mean(axis=-1))


def interval_score_parts(
    observed: ArrayLike, predicted: ArrayLike, levels: Sequence[float]
) -> IntervalScore:
    """
    Return the weighted interval score split into dispersion, under- and overprediction.

    Levels must pair up around 0.5, the median among them. Raises `ValueError` otherwise.

    >>> parts = interval_score_parts(13, [8.0, 10.0, 12.0], [0.25, 0.5, 0.75])
    >>> float(parts.overprediction), round(float(parts.wis), 3)
    (0.0, 2.333)
    """
    share = np.asarray(levels, dtype=np.float64)
    if share.size % 2 == 0 or not np.allclose(share + share[::-1], 1.0):
        raise ValueError("levels must pair up around 0.5, with the median among them")
    truth = np.asarray(observed, dtype=np.float64)
    quantiles = np.asarray(predicted, dtype=np.float64)
    pairs = share.size // 2
    low, high = quantiles[..., :pairs], quantiles[..., :pairs:-1]
    median = quantiles[..., pairs]
    scale = 1.0 / (pairs + 0.5)
    dispersion = scale * (share[:pairs] * (high - low)).sum(axis=-1)
    over = np.maximum(low - truth[..., None], 0).sum(-1) + 0.5 * np.maximum(median - truth, 0)
    under = np.maximum(truth[..., None] - high, 0).sum(-1) + 0.5 * np.maximum(truth - median, 0)
    return IntervalScore(
        wis=np.asarray(dispersion + scale * (over + under)),
        dispersion=np.asarray(dispersion),
        underprediction=np.asarray(scale * under),
        overprediction=np.asarray(scale * over),
    )


def interval_score(
    observed: ArrayLike, low: ArrayLike, high: ArrayLike, *, level: float, weigh: bool = False
) -> FloatArray:
    """
    Return the score of one central interval of coverage `level` (Gneiting & Raftery 2007).

    >>> float(interval_score(13, 8.0, 12.0, level=0.5))
    8.0
    """
    alpha = 1 - level
    truth, bottom, top = (np.asarray(each, dtype=np.float64) for each in (observed, low, high))
    outside = np.maximum(bottom - truth, 0) + np.maximum(truth - top, 0)
    score = (top - bottom) + 2 / alpha * outside
    return np.asarray(score * alpha / 2 if weigh else score)


def covered(
    observed: ArrayLike, predicted: ArrayLike, levels: Sequence[float], *, level: float
) -> FloatArray:
    """
    Return 1 where the central interval of coverage `level` holds the truth, 0 where not, NaN unknown.

    >>> covered([3, 30], [[1.0, 5, 9], [1.0, 5, 9]], [0.25, 0.5, 0.75], level=0.5)
    array([1., 0.])
    """
    wanted = [(1 - level) / 2, (1 + level) / 2]
    share = np.asarray(levels, dtype=np.float64)
    ends = [int(np.abs(share - each).argmin()) for each in wanted]
    if any(abs(share[end] - each) > 1e-9 for end, each in zip(ends, wanted, strict=True)):
        raise ValueError(f"the levels hold no central interval of {level}")
    truth, quantiles = np.asarray(observed, dtype=np.float64), np.asarray(predicted)
    low, high = quantiles[..., ends[0]], quantiles[..., ends[1]]
    inside = ((low <= truth) & (truth <= high)).astype(np.float64)
    return np.where(np.isnan(truth) | np.isnan(low) | np.isnan(high), np.nan, inside)


def quantile_bias(observed: ArrayLike, predicted: ArrayLike, levels: Sequence[float]) -> FloatArray:
    """
    Return how far a forecast leans: 1 all too high, -1 all too low, 0 the median hit.

    >>> quantile_bias([0, 5, 6], [[1.0, 5, 9]] * 3, [0.25, 0.5, 0.75])
    array([ 1. ,  0. , -0.5])
    """
    share = np.asarray(levels, dtype=np.float64)
    truth = np.asarray(observed, dtype=np.float64)[..., None]
    quantiles = np.asarray(predicted, dtype=np.float64)
    median = quantiles[..., share.size // 2]
    below = np.where(quantiles <= truth, share, 0.0).max(axis=-1)
    above = np.where(quantiles >= truth, share, 1.0).min(axis=-1)
    truth = truth[..., 0]
    return np.asarray(
        np.select([truth < median, truth > median], [1 - 2 * below, 1 - 2 * above], 0.0)
    )


def sample_crps(observed: ArrayLike, samples: ArrayLike) -> FloatArray:
    """
    Return the continuous ranked probability score of samples (... x draws).

    mean |x - y| - (1/m^2) sum_i (2 i - m - 1) x_(i) over the sorted draws.

    >>> float(sample_crps(2.0, [1.0, 3.0]))
    0.5
    """
    draws = np.sort(np.asarray(samples, dtype=np.float64), axis=-1)
    truth = np.asarray(observed, dtype=np.float64)[..., None]
    size = draws.shape[-1]
    rank = 2 * np.arange(1, size + 1) - size - 1
    return np.asarray(np.abs(draws - truth).mean(-1) - (rank * draws).sum(-1) / size**2)


def dawid_sebastiani(observed: ArrayLike, samples: ArrayLike) -> FloatArray:
    """
    Return the Dawid-Sebastiani score of samples: ((y - mean) / sd)^2 + 2 log sd, sd over m draws.

    >>> float(dawid_sebastiani(2.0, [1.0, 3.0]))
    0.0
    """
    draws = np.asarray(samples, dtype=np.float64)
    truth = np.asarray(observed, dtype=np.float64)
    sd = draws.std(axis=-1)
    return np.asarray(((truth - draws.mean(axis=-1)) / sd) ** 2 + 2 * np.log(sd))


def sample_bias(observed: ArrayLike, samples: ArrayLike) -> FloatArray:
    """
    Return the lean of sampled counts: 1 - F(y) - F(y - 1); 1 all too high, -1 all too low.

    >>> float(sample_bias(2, [1, 2, 3, 3]))
    0.25
    """
    truth = np.asarray(observed, dtype=np.float64)[..., None]
    draws = np.asarray(samples)
    return np.asarray(1 - (draws <= truth).mean(-1) - (draws < truth).mean(-1))


def randomised_pit(
    observed: ArrayLike, samples: ArrayLike, *, chance: np.random.Generator
) -> FloatArray:
    """
    Return u = F(y-1) + v (F(y) - F(y-1)), v uniform: even over 0 to 1 when forecasts of counts are true.

    >>> 0.25 <= float(randomised_pit(2, [1, 2, 3, 3], chance=np.random.default_rng(1))) <= 0.5
    True
    """
    truth = np.asarray(observed, dtype=np.float64)[..., None]
    draws = np.asarray(samples)
    before, upto = (draws < truth).mean(-1), (draws <= truth).mean(-1)
    return np.asarray(before + chance.random(before.shape) * (upto - before))


def quantile_pit(observed: ArrayLike, predicted: ArrayLike, levels: Sequence[float]) -> FloatArray:
    """
    Return the level at which the truth fell among the quantiles, the middle level where several tie.

    >>> quantile_pit([4.0], [[2.0, 6.0]], [0.25, 0.75])
    array([0.5])
    """
    truth = np.asarray(observed, dtype=np.float64)
    quantiles = np.asarray(predicted, dtype=np.float64)
    edge = np.concatenate([[0.0], np.asarray(levels, dtype=np.float64), [1.0]])
    below = (quantiles < truth[..., None]).sum(-1)
    upto = (quantiles <= truth[..., None]).sum(-1)
    return np.asarray((edge[below] + edge[upto + 1]) / 2)


def brier_score(happened: ArrayLike, probability: ArrayLike) -> float:
    """
    Return the mean squared distance between stated probabilities and what happened (0 or 1).

    >>> brier_score([1, 0], [0.5, 0.5])
    0.25
    """
    gap = np.asarray(probability, dtype=np.float64) - np.asarray(happened, dtype=np.float64)
    return float(np.nanmean(gap**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Of the alarms stated with about `stated` probability, the share that came true."""

    stated: float
    happened_share: float
    forecasts: int


def reliability(
    happened: ArrayLike, probability: ArrayLike, *, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """
    Return how often events came true that were given about the same probability; empty bins left out.

    >>> reliability([0, 1], [0.05, 0.95])[1].happened_share
    1.0
    """
    stated = np.asarray(probability, dtype=np.float64).ravel()
    truth = np.asarray(happened, dtype=np.float64).ravel()
    which = np.minimum((stated * bins).astype(np.int64), bins - 1)
    return tuple(
        ReliabilityBin(
            stated=float(stated[which == each].mean()),
            happened_share=float(truth[which == each].mean()),
            forecasts=int((which == each).sum()),
        )
        for each in np.unique(which).tolist()
    )


def relative_skill(scores: Mapping[str, ArrayLike], *, baseline: str) -> dict[str, float]:
    """
    Return each model's score relative to the baseline when not all forecast every task (NaN).

    For each pair the ratio of mean scores over the tasks both did; the skill is the geometric mean of
    a model's ratios, divided by the baseline's (Cramer et al. 2022, PNAS 2113561119).

    >>> relative_skill({"flat": [2.0, 4.0], "ours": [1.0, 2.0]}, baseline="flat")["ours"]
    0.5
    """
    if baseline not in scores:
        raise ValueError(f"no scores for the baseline {baseline}")
    table = {name: np.asarray(values, dtype=np.float64).ravel() for name, values in scores.items()}

    def ratio(one: FloatArray, other: FloatArray) -> float:
        both = ~np.isnan(one) & ~np.isnan(other)
        if not both.any() or other[both].mean() == 0:
            return math.nan
        return float(one[both].mean() / other[both].mean())

    theta = {}
    for name, values in table.items():
        ratios = [ratio(values, other) for key, other in table.items() if key != name]
        kept = [each for each in ratios if not math.isnan(each) and each > 0]
        theta[name] = math.exp(sum(map(math.log, kept)) / len(kept)) if kept else math.nan
    if len(table) == 2:
        return {name: ratio(values, table[baseline]) for name, values in table.items()}
    return {name: value / theta[baseline] for name, value in theta.items()}


FEWEST_TASKS = 20
LEAST_COVERAGE_95 = 0.85


PIT_EDGES = np.linspace(0.0, 1.0, 11)
"""The edges of the ten bins in which a score card tells where outcomes fell."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskScores:
    """Every score of every task (one outcome with its forecast and its baseline's), of which any choice makes a card."""

    wis: FloatArray
    log_wis: FloatArray
    baseline_wis: FloatArray
    baseline_log_wis: FloatArray
    covered: Mapping[float, FloatArray]
    bias: FloatArray
    pit_bin: NDArray[np.int64]

    def card(
        self,
        tasks: NDArray[np.int64] | slice = slice(None),
        *,
        fewest_tasks: int = FEWEST_TASKS,
        least_coverage_95: float = LEAST_COVERAGE_95,
    ) -> ScoreCard:
        """Return the score card of some of the tasks, all where not said which; see `score_card`."""

        def mean(of: FloatArray) -> float:
            return float(of[tasks].mean())

        def ratio(one: float, two: float) -> float:
            return one / two if two > 0 else math.nan

        count = self.wis[tasks].size
        if not count:
            raise ValueError("no task has an outcome, a forecast and a baseline")
        wis, log_wis = mean(self.wis), mean(self.log_wis)
        coverage = {level: mean(inside) for level, inside in self.covered.items()}
        pit = np.bincount(self.pit_bin[tasks], minlength=PIT_EDGES.size - 1)
        return ScoreCard(
            tasks=count,
            wis=wis,
            log_wis=log_wis,
            relative_wis=ratio(wis, mean(self.baseline_wis)),
            relative_log_wis=ratio(log_wis, mean(self.baseline_log_wis)),
            coverage_50=coverage[0.5],
            coverage_90=coverage[0.9],
            coverage_95=coverage[0.95],
            bias=mean(self.bias),
            pit=tuple((pit / count).tolist()),
            failed=count >= fewest_tasks and coverage[0.95] < least_coverage_95,
        )


def score_tasks(
    observed: ArrayLike, predicted: ArrayLike, baseline: ArrayLike, levels: Sequence[float]
) -> TaskScores:
    """
    Return the scores of forecasts (tasks x levels) beside a baseline's, task by task and all at once.

    Tasks without an outcome or a forecast are left out.

    >>> levels = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975]
    >>> found = score_tasks([5.0, 9.0], [[3.0, 4, 4, 5, 6, 6, 7]] * 2, [[9.0] * 7] * 2, levels)
    >>> found.covered[0.95].tolist(), found.card().coverage_95
    ([1.0, 0.0], 0.5)
    """
    truth = np.asarray(observed, dtype=np.float64).ravel()
    size = len(levels)
    ours = np.asarray(predicted, dtype=np.float64).reshape(-1, size)
    other = np.asarray(baseline, dtype=np.float64).reshape(-1, size)
    keep: NDArray[np.bool_] = (
        ~np.isnan(truth) & ~np.isnan(ours).any(axis=1) & ~np.isnan(other).any(axis=1)
    )
    truth, ours, other = truth[keep], ours[keep], other[keep]
    log_truth = np.log1p(truth)
    return TaskScores(
        wis=weighted_interval_score(truth, ours, levels),
        log_wis=weighted_interval_score(log_truth, np.log1p(ours), levels),
        baseline_wis=weighted_interval_score(truth, other, levels),
        baseline_log_wis=weighted_interval_score(log_truth, np.log1p(other), levels),
        covered={level: covered(truth, ours, levels, level=level) for level in (0.5, 0.9, 0.95)},
        bias=quantile_bias(truth, ours, levels),
        pit_bin=_pit_bin(quantile_pit(truth, ours, levels)),
    )


def _pit_bin(pit: FloatArray) -> NDArray[np.int64]:
    """The bin each level lies in, as a histogram over 0 to 1 has it: the last bin holds its upper edge."""
    found = np.searchsorted(PIT_EDGES, pit, side="right") - 1
    return np.asarray(np.minimum(found, PIT_EDGES.size - 2), dtype=np.int64)


def score_card(
    observed: ArrayLike,
    predicted: ArrayLike,
    baseline: ArrayLike,
    levels: Sequence[float],
    *,
    fewest_tasks: int = FEWEST_TASKS,
    least_coverage_95: float = LEAST_COVERAGE_95,
) -> ScoreCard:
    """
    Return the score card of forecasts (tasks x levels) beside a baseline's on the same tasks.

    Tasks without an outcome or a forecast are left out. The forecast has failed when, over at least
    `fewest_tasks` tasks, its 95 % interval caught fewer than `least_coverage_95` of the outcomes.

    >>> card = score_card([5.0], [[4.0] * 11 + [5.0] + [6.0] * 11], [[9.0] * 23],
    ...     [0.01, 0.025, *[i / 20 for i in range(1, 20)], 0.975, 0.99])
    >>> card.coverage_95, card.relative_wis < 1
    (1.0, True)
    """
    return score_tasks(observed, predicted, baseline, levels).card(
        fewest_tasks=fewest_tasks, least_coverage_95=least_coverage_95
    )
