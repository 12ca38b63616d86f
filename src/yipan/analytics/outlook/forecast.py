"""
What will be: quantile forecasts of many count series at once, from several members combined.

No single member wins everywhere: yesterday's figure is hard to beat tomorrow and worthless in two weeks,
a trend is the other way round. So each member states quantiles at every horizon, and weights learned
per horizon from past scores (on what was known then) combine them. Every member works on all series
together (areas x steps), learns its width from its own past errors, needs no chance, and takes NaN
as "nobody reported". A step is a day or a week: the caller says which by `steps_per_week`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.analytics.outlook.counts import FloatArray, count_matrix
from yipan.analytics.outlook.scores import weighted_interval_score

HUB_LEVELS: tuple[float, ...] = (
    0.01,
    0.025,
    *(round(0.05 * step, 2) for step in range(1, 20)),
    0.975,
    0.99,
)
"""The 23 quantile levels of the public forecast hubs."""

POWER = 0.25
"""Series are compared on the fourth root: between the log, which small counts tear, and the count itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """
    Quantiles of what each series will count: series x horizons x levels, not negative, rising in level.

    `horizons` are steps ahead of the last column of the history. A series nobody ever reported is NaN.
    """

    horizons: tuple[int, ...]
    levels: tuple[float, ...]
    quantiles: FloatArray

    def __post_init__(self) -> None:
        if self.quantiles.shape[1:] != (len(self.horizons), len(self.levels)):
            raise ValueError(
                f"quantiles {self.quantiles.shape} do not hold {len(self.horizons)} horizons "
                f"x {len(self.levels)} levels"
            )
        if list(self.levels) != sorted(self.levels):
            raise ValueError("levels must rise")

    @property
    def median(self) -> FloatArray:
        """The middle of the forecast, series x horizons."""
        return self.at(0.5)

    def at(self, level: float) -> FloatArray:
        """Return the quantile at `level`, interpolated between the stated ones; series x horizons."""
        at = np.interp(level, self.levels, np.arange(len(self.levels)))
        low, share = int(at), at - int(at)
        high = min(low + 1, len(self.levels) - 1)
        return np.asarray(
            (1 - share) * self.quantiles[..., low] + share * self.quantiles[..., high]
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """
    Series made comparable: each divided by its own usual height and taken to the fourth root.

    `height` is what the series reaches on a busy step; `weekday` is the factor of each step of the week;
    `seen` says which steps were reported: the others carry the step before and are no goal to learn from.
    """

    z: FloatArray
    seen: NDArray[np.bool_]
    height: FloatArray
    weekday: FloatArray
    steps_per_week: int
    last: FloatArray

    def back(self, z: FloatArray, horizons: Sequence[int]) -> FloatArray:
        """Return counts for z (series x horizons x levels), weekday put back, never below zero."""
        raised = np.maximum(z, 0.0) ** (1 / POWER) - OFFSET
        steps = self.z.shape[1]
        phase = [(steps - 1 + horizon) % self.steps_per_week for horizon in horizons]
        factor = self.weekday[:, phase]
        counts = np.maximum(raised, 0.0) * self.height[:, None, None] * factor[:, :, None]
        return np.asarray(np.maximum.accumulate(counts, axis=2))


OFFSET = 0.01
"""Added to every scaled count, so that a zero is a small number and not the end of the scale."""


def panel(counts: ArrayLike, *, steps_per_week: int = 1) -> Panel:
    """
    Return the series on the common scale; gaps of the past carry the step before for learning only.

    `steps_per_week` is 7 for daily counts (their weekday effect is taken out and put back) and 1 for
    weekly ones. Raises `ValueError` for fewer than two steps.

    >>> panel([[4, 8, 16, 16]]).z.round(2)
    array([[0.7 , 0.83, 0.99, 0.99]])
    """
    matrix = count_matrix(counts)
    if matrix.shape[1] < 2:
        raise ValueError(f"a forecast needs two steps of history, got {matrix.shape[1]}")
    weekday = _weekday_factors(matrix, steps_per_week)
    steps = matrix.shape[1]
    level = matrix / weekday[:, np.arange(steps) % steps_per_week]
    seen = ~np.isnan(level)
    tall = np.where(seen, level, -np.inf)
    rank = np.sort(tall, axis=1)
    top = rank[:, -max(1, round(0.05 * steps))]
    height = np.where(np.isfinite(top), top, 0.0) + 1.0
    carried = carried_over_gaps(level)
    z = (carried / height[:, None] + OFFSET) ** POWER
    return Panel(
        z=z, seen=np.asarray(seen), height=height, weekday=weekday, steps_per_week=steps_per_week,
        last=carried[:, -1],
    )  # fmt: skip


def carried_over_gaps(level: FloatArray) -> FloatArray:
    """
    Return series in which each gap carries the last reported value; NaN before the first report.

    >>> carried_over_gaps(np.array([[np.nan, 3.0, np.nan, 5.0]]))
    array([[nan,  3.,  3.,  5.]])
    """
    seen = ~np.isnan(level)
    if seen.all():
        return level
    index = np.where(seen, np.arange(level.shape[1]), -1)
    latest = np.maximum.accumulate(index, axis=1)
    carried = np.take_along_axis(level, np.maximum(latest, 0), axis=1)
    return np.where(latest >= 0, carried, np.nan)


def _weekday_factors(matrix: FloatArray, steps_per_week: int) -> FloatArray:
    """
    Factor of each step of the week per series, shrunk to that of all series together, and that to none.

    Each whole week around a step is the yardstick, so growth is not taken for a weekday. What weeks disagree
    about is drawn back to 1: a weekday effect must show in most weeks to count.
    """
    series, steps = matrix.shape
    none = np.ones((series, steps_per_week))
    if steps_per_week == 1 or steps < 3 * steps_per_week:
        return none
    half = steps_per_week // 2
    recent = matrix[:, -min(steps, 10 * steps_per_week) :]
    window = np.lib.stride_tricks.sliding_window_view(recent, steps_per_week, axis=1)
    usual = np.exp(np.log(window + 0.5).mean(axis=2))
    centre = recent[:, half : half + usual.shape[1]] + 0.5
    phase = (np.arange(steps)[-recent.shape[1] :] % steps_per_week)[half : half + usual.shape[1]]
    seen = ~np.isnan(usual) & ~np.isnan(centre)
    weight = np.where(seen, np.sqrt(np.nan_to_num(usual)), 0.0)
    ratio = np.where(seen, np.log(np.where(seen, centre / usual, 1.0)), 0.0)
    each = np.eye(steps_per_week)[phase]
    mass, square = weight @ each, (weight**2) @ each
    lifted, spread = (weight * ratio) @ each, (weight * ratio**2) @ each

    def drawn_back(
        total: FloatArray, squares: FloatArray, sums: FloatArray, sums2: FloatArray
    ) -> FloatArray:
        """Weighted mean by step of the week, times the share of its size that is not chance."""
        safe = np.maximum(total, 1e-9)
        mean = sums / safe
        noise = np.maximum(sums2 / safe - mean**2, 0.0) * squares / safe**2
        alone = total**2 <= 1.5 * squares
        signal = (mean**2).mean(axis=-1, keepdims=True)
        share = np.maximum(signal - noise.mean(axis=-1, keepdims=True) * 2, 0.0) / np.maximum(
            signal, 1e-12
        )
        return np.where(alone.any(axis=-1, keepdims=True), 0.0, mean * share)

    together = drawn_back(*(part.sum(axis=0) for part in (mass, square, lifted, spread)))
    own = drawn_back(mass, square, lifted, spread)
    trust = (mass.sum(axis=1) / (mass.sum(axis=1) + 60.0))[:, None]
    factor = np.exp(trust * own + (1 - trust) * together)
    return np.asarray(factor / factor.mean(axis=1, keepdims=True))


def flat_baseline(
    data: Panel, horizons: Sequence[int], levels: Sequence[float] = HUB_LEVELS
) -> FloatArray:
    """
    Return "as today" with the spread of the changes seen before over the same horizon.

    The middle is the latest value, its weekday taken out. The spread comes from the changes of the series
    itself, shrunk to those of all series.
    """
    return _around(data, data.z[:, -1], horizons, levels)


def _around(
    data: Panel, start: FloatArray, horizons: Sequence[int], levels: Sequence[float]
) -> FloatArray:
    """Centre at `start` and spread by past changes over each horizon."""
    z = data.z
    answer = np.empty((z.shape[0], len(horizons), len(levels)))
    for column, horizon in enumerate(horizons):
        reach = min(horizon, z.shape[1] - 1)
        moved = np.where(data.seen[:, reach:], z[:, reach:] - z[:, :-reach], np.nan)
        spread = _scale_of(moved, z.shape[0], reach) * np.sqrt(horizon / reach)
        answer[:, column] = start[:, None] + spread[:, None] * _heavy(levels)[None, :]
    return data.back(answer, horizons)


def _heavy(levels: Sequence[float]) -> FloatArray:
    """Standard quantiles with somewhat heavier tails than the normal (Student t, 6 degrees)."""
    return np.asarray(special.stdtrit(6.0, np.asarray(levels, dtype=np.float64)))


USUAL_MISS, MISS_GROWS, MISS_WEIGHT = 0.08, 0.7, 15.0
"""The size of an error (on the common scale) one step ahead before any is known, how it grows, how many it counts for."""


def _scale_of(
    change: FloatArray | None, series: int, reach: int, weight: float = 20.0
) -> FloatArray:
    """
    Return the size of errors `reach` steps ahead per series, leaning on all series and on what is usual.

    A young series has few past errors, and those of its quiet days: without what is usual its intervals would be
    far too narrow just when it begins to grow.
    """
    usual = USUAL_MISS * reach**MISS_GROWS
    if change is None or change.size == 0:
        return np.full(series, usual * 1.2)
    size = np.abs(change)
    np.minimum(size, 1.0, out=size)
    missing = np.isnan(size)
    count = np.full(series, size.shape[1])
    if missing.any():
        size[missing] = 0.0
        count = count - missing.sum(axis=1)
    pooled = (size.sum() + MISS_WEIGHT * usual) / (count.sum() + MISS_WEIGHT)
    mean = (size.sum(axis=1) + weight * pooled) / (count + weight)
    return np.asarray(np.maximum(mean, 1e-3) * 1.2)


def damped_trend(
    data: Panel,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    level_gain: float = 0.95,
    trend_gain: float = 0.7,
    damping: float = 0.5,
) -> FloatArray:
    """
    Return exponential smoothing of level and trend, the trend losing `1 - damping` a week ahead.

    Gardner & McKenzie 1985. The gains apply to weekly steps; for days they are spread over the week.
    The spread comes from the smoother's own past errors at each horizon.
    """
    per = data.steps_per_week
    gain = 1 - (1 - level_gain) ** (1 / min(per, 3))
    slope_gain = 1 - (1 - trend_gain) ** (1 / min(per, 3))
    fade = damping ** (1 / per)
    z = data.z
    steps = z.shape[1]
    level, trend = np.nan_to_num(z[:, 0]), np.zeros(z.shape[0])
    past_level, past_trend = np.empty_like(z), np.empty_like(z)
    for step in range(steps):
        value = np.where(np.isnan(z[:, step]), level, z[:, step])
        before = level + fade * trend
        level_next = gain * value + (1 - gain) * before
        trend = slope_gain * (level_next - level) + (1 - slope_gain) * fade * trend
        level = level_next
        past_level[:, step], past_trend[:, step] = level, trend
    answer = np.empty((z.shape[0], len(horizons), len(levels)))
    burn = min(4 * per, steps // 2)
    for column, horizon in enumerate(horizons):
        reached = fade * (1 - fade**horizon) / (1 - fade)
        middle = level + reached * trend
        reach = min(horizon, max(steps - burn - 1, 1))
        partial = fade * (1 - fade**reach) / (1 - fade)
        error = z[:, burn + reach :] - (past_level + partial * past_trend)[:, burn:-reach]
        error = np.where(data.seen[:, burn + reach :], error, np.nan)
        spread = _scale_of(error, z.shape[0], reach) * np.sqrt(horizon / reach)
        answer[:, column] = middle[:, None] + spread[:, None] * _heavy(levels)[None, :]
    return data.back(answer, horizons)


LAGS = 3
"""Weeks of change the learned members look back."""

FEWEST_SITUATIONS = 150
"""Past situations, over all series, below which nothing is learned from them."""


def _features(data: Panel, lags: int) -> FloatArray:
    """Level, recent changes, and the changes of all series together; series x steps x features."""
    z = data.z
    per = data.steps_per_week
    if per > 1:
        padded = np.concatenate([np.repeat(z[:, :1], per - 1, axis=1), z], axis=1)
        running = np.cumsum(padded, axis=1)
        smooth = (
            np.concatenate(
                [running[:, per - 1 : per], running[:, per:] - running[:, :-per]], axis=1
            )
            / per
        )
    else:
        smooth = z
    weight = np.sqrt(data.height) / np.sqrt(data.height).sum()
    whole = np.nansum(np.nan_to_num(smooth) * weight[:, None], axis=0)[None, :].repeat(len(z), 0)

    def change(of: FloatArray, lag: int) -> FloatArray:
        back, far = lag * per, (lag + 1) * per
        moved = np.full_like(of, np.nan)
        if of.shape[1] > far:
            moved[:, far:] = of[:, far - back : of.shape[1] - back] - of[:, : of.shape[1] - far]
        return moved

    columns = [np.ones_like(z), smooth, *(change(smooth, lag) for lag in range(lags))]
    columns += [whole, change(whole, 0), change(whole, 1)]
    if per > 1:
        columns.append(z - smooth)
    return np.stack(columns, axis=2)


def pooled_autoregression(
    data: Panel,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    lags: int = LAGS,
    ridge: float = 1.0,
    half_life_weeks: float = 200.0,
    most_situations: int = 50_000,
    situations: FloatArray | None = None,
) -> FloatArray:
    """
    Return a direct autoregression learned from all series together, one regression per horizon.

    The change to come is regressed on level, recent changes, and the changes of all series together;
    older situations count less by `half_life_weeks`. The spread follows level and momentum (a second
    regression on the size of past errors) and its form is that of the standardised past errors.
    """
    features = _features(data, lags) if situations is None else situations
    # a high level turns sooner than a low one: growth counts differently by level
    bent = np.stack([features[..., 1] * features[..., 2], features[..., 1] ** 2], axis=2)
    features = np.concatenate([features, bent], axis=2)
    z = data.z
    series, steps, width = features.shape
    answer = np.empty((series, len(horizons), len(levels)))
    now = np.nan_to_num(features[:, -1])
    start = z[:, -1] if data.steps_per_week == 1 else now[:, 1]
    origin = z if data.steps_per_week == 1 else features[:, :, 1]
    fallback = _around(data, z[:, -1], horizons, levels)
    learned = np.zeros(len(horizons), dtype=bool)
    whole = np.asarray(~np.isnan(features).any(axis=2))
    for column, horizon in enumerate(horizons):
        if steps <= horizon + (lags + 1) * data.steps_per_week + 4:
            continue
        seen = features[:, :-horizon]
        goal = np.where(data.seen[:, horizon:], z[:, horizon:], np.nan) - origin[:, :-horizon]
        age = (steps - horizon - 1 - np.arange(steps - horizon)) / data.steps_per_week
        weight = np.broadcast_to(0.5 ** (age / half_life_weeks), goal.shape)
        use = ~np.isnan(goal) & whole[:, :-horizon]
        stride = max(1, int(use.sum()) // most_situations)
        rows, days = (each[::stride] for each in np.nonzero(use))
        x, y, w = seen[rows, days], goal[rows, days], weight[rows, days]
        if y.size < 5 * width:
            continue
        learned[column] = True
        penalty = ridge * np.eye(width)
        penalty[0, 0] = 1e-9
        wx = x * w[:, None]
        slope = np.linalg.solve(wx.T @ x + penalty, wx.T @ y)
        error = y - x @ slope
        about = np.stack([np.ones(y.size), x[:, 1], np.abs(x[:, 2]), x[:, 1] ** 2], axis=1)
        size = np.log(np.abs(error) + 1e-3)
        wa = about * w[:, None]
        spread = np.linalg.solve(wa.T @ about + 1e-3 * np.eye(4), wa.T @ size)
        standard = error / np.exp(about @ spread)
        shape = weighted_quantiles(standard, w, levels)
        own = np.stack([np.ones(series), now[:, 1], np.abs(now[:, 2]), now[:, 1] ** 2], axis=1)
        answer[:, column] = (start + now @ slope)[:, None] + np.exp(own @ spread)[:, None] * shape
    counts = data.back(answer, horizons) if learned.any() else fallback
    counts[:, ~learned] = fallback[:, ~learned]
    return counts


def analogues(
    data: Panel,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    lags: int = LAGS,
    neighbours: int = 500,
    most_situations: int = 8_000,
    situations: FloatArray | None = None,
) -> FloatArray:
    """
    Return what followed the most similar situations of the past, in whatever series they occurred.

    Similar means alike in level, recent changes and common changes. A local form of quantile
    autoregression: the quantiles are those of the changes that followed, weighted by likeness.
    """
    features = (_features(data, lags) if situations is None else situations)[:, :, 1:]
    z = data.z
    series, steps, _ = features.shape
    longest = max(horizons)
    start = z[:, -1] if data.steps_per_week == 1 else np.nan_to_num(features[:, -1, 0])
    answer = _around(data, z[:, -1], horizons, levels)
    first = (lags + 1) * data.steps_per_week
    if steps - longest - first < 4:
        return answer
    block = features[:, first : steps - longest]
    reported = data.seen[:, first : steps - longest]
    rows, days = np.nonzero(~np.isnan(block).any(axis=2) & reported)
    if rows.size < 4 * neighbours // 10:
        return answer
    stride = max(1, rows.size // most_situations)
    rows, days = rows[::stride], days[::stride] + first
    past = features[rows, days]
    centre, spread = past.mean(axis=0), past.std(axis=0) + 1e-9
    importance = np.ones(past.shape[1])
    importance[0] = 0.7
    past = (past - centre) / spread * importance
    here = (np.nan_to_num(features[:, -1]) - centre) / spread * importance
    origin = z if data.steps_per_week == 1 else features[:, :, 0]
    moves = np.stack([z[rows, days + h] - origin[rows, days] for h in horizons], axis=1)
    distance = (here**2).sum(1)[:, None] + (past**2).sum(1)[None, :] - 2 * here @ past.T
    count = min(neighbours, past.shape[0])
    near = np.argpartition(distance, count - 1, axis=1)[:, :count]
    gap = np.take_along_axis(distance, near, axis=1)
    width = np.maximum(gap.mean(axis=1, keepdims=True), 1e-9)
    likeness = np.exp(-np.maximum(gap, 0) / width)
    z_ahead = np.empty((series, len(horizons), len(levels)))
    followed = moves[near]
    for column in range(len(horizons)):
        order = np.argsort(followed[:, :, column], axis=1)
        value = np.take_along_axis(followed[:, :, column], order, axis=1)
        mass = np.take_along_axis(likeness, order, axis=1)
        share = (np.cumsum(mass, axis=1) - 0.5 * mass) / mass.sum(axis=1, keepdims=True)
        for row in range(series):
            z_ahead[row, column] = start[row] + np.interp(levels, share[row], value[row])
    return data.back(z_ahead, horizons)


def weighted_quantiles(
    values: FloatArray, weights: FloatArray, levels: Sequence[float]
) -> FloatArray:
    """
    Return quantiles of weighted values, interpolated between them.

    >>> weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.ones(3), [0.5])
    array([2.])
    """
    order = np.argsort(values)
    mass = weights[order]
    share = (np.cumsum(mass) - 0.5 * mass) / mass.sum()
    return np.asarray(np.interp(levels, share, values[order]))


def renewal(
    data: Panel,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    generation: ArrayLike,
    damping: float = 0.65,
    discount: float = 0.1,
    control: ArrayLike | None = None,
) -> FloatArray:
    """
    Return a renewal forecast: the next cases are R times the infectiousness of the last ones.

    `generation` are shares at lags 0, 1, ... steps (lag 0 none). R is that of a filter forgetting
    `1 - discount` of its evidence a week, and its logarithm fades by `1 - damping` a week: today's
    growth does not last. `control` (one factor per horizon, or series x horizons) multiplies R; the
    forecast never assumes by itself that today's change of measures works. The spread comes from
    the past errors of the same recipe.
    """
    pmf = np.asarray(generation, dtype=np.float64)
    per = data.steps_per_week
    keep, fade = discount ** (1 / per), damping ** (1 / per)
    level = np.maximum(np.nan_to_num(data.z) ** (1 / POWER) - OFFSET, 0.0) * data.height[:, None]
    series, steps = level.shape
    lags = min(pmf.size - 1, steps - 1)
    reversed_pmf = pmf[lags:0:-1]
    felt = np.zeros_like(level)
    for lag in range(1, lags + 1):
        felt[:, lag:] += pmf[lag] * level[:, :-lag]
    above, below = np.full(series, 1.0), np.full(series, 1.0)
    ratio = np.empty_like(level)
    for step in range(steps):
        above = keep * above + (1 - keep) + level[:, step]
        below = keep * below + (1 - keep) + felt[:, step]
        ratio[:, step] = above / below
    longest = max(horizons)
    factor = np.ones((series, longest))
    if control is not None:
        factor[:] = np.asarray(control, dtype=np.float64)

    def projected(past: FloatArray, r: FloatArray, push: FloatArray, far: int) -> FloatArray:
        """Roll the renewal equation on from `past` (... x lags) for `far` steps."""
        trail = past
        ahead = []
        log_r = np.log(np.clip(r, 0.05, 8.0))
        for step in range(far):
            following = (
                np.exp(log_r * fade ** (step + 1)) * push[..., step] * (trail @ reversed_pmf)
            )
            ahead.append(following)
            trail = np.concatenate([trail[..., 1:], following[..., None]], axis=-1)
        return np.stack(ahead, axis=-1)

    ahead = projected(level[:, steps - lags :], ratio[:, -1], factor, longest)
    # the same recipe at earlier steps, for the size of its errors
    burn = max(lags, min(4 * per, steps // 2))
    every = max(1, (steps - burn) // 60)
    origins = np.arange(burn, steps, every)
    windows = np.lib.stride_tricks.sliding_window_view(level, lags, axis=1)
    past = windows[:, origins - lags + 1]
    known = past.shape[:2]
    shown = projected(past, ratio[:, origins], np.ones((*known, longest)), longest)
    height = data.height[:, None]
    answer = np.empty((series, len(horizons), len(levels)))
    for column, horizon in enumerate(horizons):
        middle = (ahead[:, horizon - 1] / data.height + OFFSET) ** POWER
        inside = origins + horizon < steps
        error = None
        if inside.any():
            was = (shown[:, inside, horizon - 1] / height + OFFSET) ** POWER
            goal = origins[inside] + horizon
            error = np.where(data.seen[:, goal], data.z[:, goal], np.nan) - was
        spread = _scale_of(error, series, horizon)
        answer[:, column] = middle[:, None] + spread[:, None] * _heavy(levels)[None, :]
    return data.back(answer, horizons)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combination:
    """
    How members are combined: a weight per member and horizon, and a factor on the width per horizon.

    `weights` is members x horizons, each column adding to 1.
    """

    members: tuple[str, ...]
    horizons: tuple[int, ...]
    weights: FloatArray
    width: FloatArray

    def __post_init__(self) -> None:
        if self.weights.shape != (len(self.members), len(self.horizons)):
            raise ValueError(
                f"weights {self.weights.shape} do not fit {len(self.members)} members "
                f"x {len(self.horizons)} horizons"
            )
        if (self.weights < 0).any() or not np.allclose(self.weights.sum(axis=0), 1.0):
            raise ValueError("weights must not be negative and must add to 1 at every horizon")


def equal_combination(members: Sequence[str], horizons: Sequence[int]) -> Combination:
    """
    Return the combination that trusts all members alike.

    >>> equal_combination(["flat", "trend"], [1, 2]).weights
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    return _combination(members, np.ones((len(members), len(horizons))), horizons)


_WEEKLY = {
    "flat": 0.05,
    "trend": 0.25,
    "renewal": 0.1,
    "autoregression": 0.35,
    "analogues": 0.25,
}
_SOON = {"flat": 0.5, "trend": 0.35, "renewal": 0.15, "autoregression": 0.3, "analogues": 0.1}
_LATE = {"flat": 0.25, "trend": 0.45, "renewal": 0.3, "autoregression": 0.3, "analogues": 0.1}


def usual_combination(
    members: Sequence[str], horizons: Sequence[int], *, steps_per_week: int = 1
) -> Combination:
    """
    Return the combination to begin with, where nothing has been scored yet.

    Weekly series: chosen by rolling origin on influenza admissions of the season 2022-23. Daily series: chosen
    on confirmed cases of China's provinces, 2020 to September 2022, with Guangzhou's autumn of 2022 in
    sight; tomorrow is nearest to today, from the fifth day on trend and renewal weigh most.

    >>> usual_combination(["flat", "trend", "renewal"], [1, 7], steps_per_week=7).weights.round(2)
    array([[0.5 , 0.25],
           [0.35, 0.45],
           [0.15, 0.3 ]])
    """
    if steps_per_week == 1:
        columns = [[_WEEKLY.get(name, 0.1) for name in members] for _ in horizons]
    else:
        late = [min(max(horizon - 1, 0) / 4, 1.0) for horizon in horizons]
        columns = [
            [(1 - part) * _SOON.get(name, 0.1) + part * _LATE.get(name, 0.1) for name in members]
            for part in late
        ]
    return _combination(members, np.array(columns).T, horizons)


def _combination(members: Sequence[str], trust: FloatArray, horizons: Sequence[int]) -> Combination:
    return Combination(
        members=tuple(members),
        horizons=tuple(horizons),
        weights=trust / trust.sum(axis=0, keepdims=True),
        width=np.ones(len(horizons)),
    )


def combine(
    quantiles: Mapping[str, FloatArray],
    combination: Combination,
    levels: Sequence[float] = HUB_LEVELS,
) -> Forecast:
    """
    Return the weighted mean of the members' quantiles, level by level, with the learned width.

    Averaging quantiles keeps the form of the members; what they disagree about is added to the width, so
    that a forecast is sharp only where its members say the same.
    """
    stack = np.stack([quantiles[name] for name in combination.members])
    mixed = _mixed(stack, combination.weights[:, None, :], levels)
    return Forecast(
        horizons=combination.horizons,
        levels=tuple(levels),
        quantiles=_rewidened(mixed, combination.width[None, :], levels),
    )


MOST_STRETCH = 1.5
"""How much wider than its members a mixture becomes at most, however far apart their middles are."""


def _mixed(stack: FloatArray, weights: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Mix members (members x ... x levels, weights broadcast over the dots) on the scale of `POWER`."""
    middle = len(levels) // 2
    root = np.sqrt(np.sqrt(np.maximum(stack, 0.0)))
    mixed = (weights[..., None] * root).sum(axis=0)
    centre = mixed[..., middle : middle + 1]
    apart = (weights * (root[..., middle] - centre[..., 0]) ** 2).sum(axis=0)
    low, high = int(np.searchsorted(levels, 0.05)), int(np.searchsorted(levels, 0.95))
    width = np.maximum((mixed[..., high] - mixed[..., low]) / 3.29, 1e-6)
    stretch = np.minimum(np.sqrt(1.0 + apart / width**2), MOST_STRETCH)[..., None]
    return np.asarray(np.maximum(centre + stretch * (mixed - centre), 0.0) ** 4)


def _rewidened(quantiles: FloatArray, width: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Stretch quantiles about their median on the log scale; width is broadcast over the levels."""
    middle = len(levels) // 2
    log = np.log1p(np.maximum(quantiles, 0.0))
    centre = log[..., middle : middle + 1]
    stretched = np.expm1(centre + np.asarray(width)[..., None] * (log - centre))
    return np.asarray(np.maximum(stretched, 0.0))


WIDTH_LEARNED = 0.6
"""How far (as a power) the width that would have scored best on past tasks is taken over."""


def learn_combination(
    observed: FloatArray,
    quantiles: Mapping[str, FloatArray],
    *,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    importance: FloatArray | None = None,
    prior: Combination | None = None,
    steps: int = 80,
    trust: float = 0.7,
    most_tasks: int = 1500,
) -> Combination:
    """
    Return the combination that would have scored best on past tasks, pulled towards `prior` (equal trust if none).

    `observed` is tasks x horizons (NaN where not yet known), each member's quantiles tasks x horizons
    x levels as they were stated then; `importance` weighs tasks. Scored is the weighted interval
    score on the natural and the log scale, each relative to the equal mix, so that large and small
    areas both count. The score is convex in the weights; exponentiated gradient steps find them.
    `trust` (0 to 1) is the share of the prior's weights mixed in at the end: a season or two of past scores
    says little. The learned width goes `WIDTH_LEARNED` of the way. Of more than `most_tasks` tasks every
    second, third, ... is used.
    """
    names = tuple(quantiles)
    answer = prior or equal_combination(names, horizons)
    if answer.members != names or answer.horizons != tuple(horizons):
        raise ValueError(f"the prior is of {answer.members} at {answer.horizons}")
    weights, width = answer.weights.copy(), answer.width.copy()
    share = np.asarray(levels, dtype=np.float64)
    grid = np.arange(0.5, 2.01, 0.05)
    for column in range(len(horizons)):
        truth = observed[:, column]
        known = ~np.isnan(truth)
        for name in names:
            known &= ~np.isnan(quantiles[name][:, column]).any(axis=1)
        if known.sum() < 20:
            continue
        chosen = np.flatnonzero(known)
        known = chosen[:: -(-chosen.size // most_tasks)]
        truth = truth[known]
        mass = np.ones(truth.size) if importance is None else importance[known]
        stack = np.stack([quantiles[name][known, column] for name in names])
        scales = [(truth, stack), (np.log1p(truth), np.log1p(stack))]
        usual = [
            max(
                float(
                    np.average(
                        weighted_interval_score(goal, each.mean(axis=0), levels), weights=mass
                    )
                ),
                1e-9,
            )
            for goal, each in scales
        ]
        start = weights[:, column].copy()
        w = start.copy()
        rate = 0.5
        for _ in range(steps):
            slope = np.zeros(len(names))
            for (goal, each), norm in zip(scales, usual, strict=True):
                mixed = np.tensordot(w, each, axes=1)
                sign = np.where(goal[:, None] >= mixed, -share, 1 - share)
                pull = np.einsum("mtl,tl,t->m", each, sign, mass) / (mass.sum() * share.size)
                slope += 2 * pull / norm
            w = w * np.exp(-rate * (slope - slope @ w))
            w /= w.sum()
        w = (1 - trust) * w + trust * start
        weights[:, column] = w
        mixed = _mixed(stack, np.broadcast_to(w[:, None], stack.shape[:2]), levels)
        losses = []
        for factor in grid:
            wide = _rewidened(mixed, np.full(1, factor), levels)
            natural, log = (
                float(np.average(weighted_interval_score(goal, form, levels), weights=mass)) / norm
                for goal, form, norm in (
                    (truth, wide, usual[0]),
                    (np.log1p(truth), np.log1p(wide), usual[1]),
                )
            )
            losses.append(natural + log)
        width[column] = grid[int(np.argmin(losses))] ** WIDTH_LEARNED
    return Combination(members=names, horizons=tuple(horizons), weights=weights, width=width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """A forecast with all it is made of: the members' quantiles, how they were combined, and the flat baseline."""

    forecast: Forecast
    baseline: FloatArray
    members: dict[str, FloatArray]
    combination: Combination


def ensemble(
    counts: ArrayLike,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    steps_per_week: int,
    generation: ArrayLike,
    control: ArrayLike | None = None,
    combination: Combination | None = None,
    rehearsals: int = 0,
    spacing: int = 3,
) -> Ensemble:
    """
    Return the forecast of all series (series x steps, NaN where nobody reported) by the members together.

    `combination` is how past scores say to combine them; without one the usual weights are taken, improved by
    `rehearsals` earlier origins, `spacing` steps apart, at which the members are asked again with what came
    before. Series that never reported are NaN throughout.

    >>> said = ensemble([[3.0, 4, 6, 9, 12, 15, 21, 26]], [1, 2], steps_per_week=7, generation=[0, 0.5, 0.5])
    >>> sorted(said.members), bool(said.forecast.median[0, 0] > 15)
    (['flat', 'renewal', 'trend'], True)
    """
    matrix = count_matrix(counts)
    ask = daily_members if steps_per_week > 1 else weekly_members
    data = panel(matrix, steps_per_week=steps_per_week)
    now = ask(data, horizons, levels, generation=generation, control=control)
    steps, longest = matrix.shape[1], max(horizons)
    usual = usual_combination(list(now), horizons, steps_per_week=steps_per_week)
    chosen = combination if combination and combination.members == tuple(now) else None
    if chosen is None and rehearsals:
        ahead = np.pad(matrix, ((0, 0), (0, longest)), constant_values=np.nan)
        observed, stated = [], []
        for back in range(1, rehearsals + 1):
            cut = steps - back * spacing
            if cut < max(2 * steps_per_week, 8):
                break
            then = ask(
                panel(matrix[:, :cut], steps_per_week=steps_per_week), horizons, levels,
                generation=generation,
            )  # fmt: skip
            if tuple(then) != tuple(now):
                break
            alive = matrix[:, max(0, cut - 2 * steps_per_week) : cut]
            busy = np.nansum(alive, axis=1) > 0
            observed.append(ahead[busy][:, [cut + horizon - 1 for horizon in horizons]])
            stated.append({name: each[busy] for name, each in then.items()})
        if observed:
            chosen = learn_combination(
                np.concatenate(observed),
                {name: np.concatenate([each[name] for each in stated]) for name in now},
                horizons=horizons, levels=levels, prior=usual, most_tasks=600,
            )  # fmt: skip
    chosen = chosen or usual
    mixed = combine(now, chosen, levels)
    silent = np.isnan(matrix).all(axis=1)
    if silent.any():
        mixed.quantiles[silent] = np.nan
    return Ensemble(forecast=mixed, baseline=now["flat"], members=now, combination=chosen)


def reconcile(
    areas: Sequence[str], quantiles: FloatArray, levels: Sequence[float] = HUB_LEVELS
) -> FloatArray:
    """
    Return forecasts whose means add up: counties to their city, cities to the province.

    `areas` are closed paths such as `44.4401.`; an area's parts are the listed areas one step inside it
    (an area without listed parts stands for itself). Means are moved as little as their variances
    allow (weighted least squares, after Wickramasuriya et al. 2019, JASA 1448825, with a diagonal of
    variances), and each forecast is scaled to its new mean. Series x horizons x levels in and out.

    >>> flat = np.ones((3, 1, 3)) * np.array([[[4.0]], [[2.0]], [[3.0]]])
    >>> moved = reconcile(["44.", "44.4401.", "44.4402."], flat + np.array([-1, 0, 1]), (0.1, 0.5, 0.9))
    >>> bool(np.isclose(moved[0, 0, 1], moved[1:, 0, 1].sum()))
    True
    """
    names = list(areas)
    parents = {name: _nearest_listed(name, set(names)) for name in names}
    inner = set(parents.values())
    bottom = [index for index, name in enumerate(names) if name not in inner]
    structure = np.array(
        [[names[leaf].startswith(name) for leaf in bottom] for name in names], dtype=np.float64
    )
    if structure.shape[0] == structure.shape[1]:
        return quantiles
    mean, spread = _moments(quantiles, levels)
    answer = quantiles.copy()
    for column in range(quantiles.shape[1]):
        weight = 1.0 / np.maximum(spread[:, column] ** 2, 1e-6)
        left = structure.T @ (weight[:, None] * structure)
        right = structure.T @ (weight * mean[:, column])
        moved = np.maximum(structure @ np.maximum(np.linalg.solve(left, right), 0.0), 0.0)
        scale = np.where(mean[:, column] > 0, moved / np.maximum(mean[:, column], 1e-12), 1.0)
        answer[:, column] = quantiles[:, column] * scale[:, None]
    return answer


def _nearest_listed(name: str, listed: set[str]) -> str | None:
    steps = name.removesuffix(".").split(".")
    for depth in range(len(steps) - 1, 0, -1):
        larger = ".".join(steps[:depth]) + "."
        if larger in listed:
            return larger
    return None


def _moments(quantiles: FloatArray, levels: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of the distribution the quantiles outline."""
    share = np.asarray(levels, dtype=np.float64)
    edge = np.concatenate([[0.0], (share[1:] + share[:-1]) / 2, [1.0]])
    mass = np.diff(edge)
    mean = quantiles @ mass
    square = (quantiles - mean[..., None]) ** 2 @ mass
    return np.asarray(mean), np.asarray(np.sqrt(square))


def daily_members(
    data: Panel,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    generation: ArrayLike,
    control: ArrayLike | None = None,
) -> dict[str, FloatArray]:
    """
    Return the members' quantiles for daily series, by name, to be combined.

    The two learned members are fitted at a few horizons and carried between them, which costs nothing in skill
    and much less time; where the history holds too few situations to learn from they are left out.
    `generation` is in steps; `control` is handed to the renewal member.

    >>> data = panel(np.arange(1.0, 41.0)[None, :] % 13, steps_per_week=7)
    >>> sorted(daily_members(data, [1, 2, 3], generation=[0, 0.5, 0.5]))
    ['flat', 'renewal', 'trend']
    """
    knots = tuple(h for h in (1, 2, 3, 5, 7, 10, 14, 21, 28) if min(horizons) <= h <= max(horizons))
    knots = tuple(sorted({min(horizons), *knots, max(horizons)}))

    def carried(at_knots: FloatArray) -> FloatArray:
        if knots == tuple(horizons):
            return at_knots
        wanted = np.asarray(horizons, dtype=np.float64)
        right = np.minimum(np.searchsorted(knots, wanted), len(knots) - 1)
        left = np.maximum(right - 1, 0)
        places = np.asarray(knots, dtype=np.float64)
        gap = np.maximum(places[right] - places[left], 1.0)
        share = np.where(right == left, 0.0, (wanted - places[left]) / gap)[None, :, None]
        flatly = at_knots / _weekday_of(data, knots)
        mixed = (1 - share) * flatly[:, left] + share * flatly[:, right]
        return np.asarray(mixed * _weekday_of(data, horizons))

    stated = {
        "flat": flat_baseline(data, horizons, levels),
        "trend": damped_trend(data, horizons, levels, trend_gain=0.4),
        "renewal": renewal(
            data, horizons, levels, generation=generation, damping=0.35, discount=0.3,
            control=control,
        ),
    }  # fmt: skip
    usable = data.seen[:, (LAGS + 1) * data.steps_per_week : -max(horizons)]
    if usable.sum() >= FEWEST_SITUATIONS:
        situations = _features(data, LAGS)
        stated["autoregression"] = carried(
            pooled_autoregression(data, knots, levels, situations=situations)
        )
        stated["analogues"] = carried(analogues(data, knots, levels, situations=situations))
    return stated


def weekly_members(
    data: Panel,
    horizons: Sequence[int],
    levels: Sequence[float] = HUB_LEVELS,
    *,
    generation: ArrayLike,
    control: ArrayLike | None = None,
) -> dict[str, FloatArray]:
    """
    Return the members' quantiles for weekly series, by name, to be combined; `generation` is in weeks.

    >>> data = panel([[3.0, 4, 6, 9, 12, 10, 8]])
    >>> sorted(weekly_members(data, [1, 2], generation=[0, 0.8, 0.2]))
    ['flat', 'renewal', 'trend']
    """
    stated = {
        "flat": flat_baseline(data, horizons, levels),
        "trend": damped_trend(data, horizons, levels),
        "renewal": renewal(data, horizons, levels, generation=generation, control=control),
    }
    usable = data.seen[:, LAGS + 1 : -max(horizons)]
    if usable.sum() >= FEWEST_SITUATIONS:
        situations = _features(data, LAGS)
        stated["autoregression"] = pooled_autoregression(
            data, horizons, levels, situations=situations
        )
        stated["analogues"] = analogues(data, horizons, levels, situations=situations)
    return stated


def _weekday_of(data: Panel, horizons: Sequence[int]) -> FloatArray:
    steps = data.z.shape[1]
    phase = [(steps - 1 + horizon) % data.steps_per_week for horizon in horizons]
    return np.asarray(np.maximum(data.weekday[:, phase], 1e-9)[:, :, None])
