"""
One picture from many streams: what the channels of an area say together, and how many alarms are false.

*Together.* P-values of channels that watch the same people depend on each other in ways nobody knows. The
harmonic mean of p-values (Wilson 2019, PNAS 116: 1195) stays near its level under much of such dependence;
Stouffer's sum takes the correlation of quiet days into account (the Liptak-Stouffer form with a correlation
matrix), gains more from channels that agree, and needs history to learn from. A channel that did not report
drops out and is named. A supporting channel (pharmacy sales, searches) may strengthen what others say but never speaks alone.

*How many.* Benjamini and Hochberg 1995 hold the expected share of false alarms among all alarms; Benjamini
and Yekutieli 2001 do so under any dependence. In a hierarchy one cause is told once, at the level where it
is clearest, with the streams that contribute.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.model import AreaPath, ancestors_of

from .verdicts import Floats

Rule = Literal["BH", "BY"]

LEAST_P = 1e-15
"""P-values are kept above this: no stream is believed beyond it."""
MOST_P = 0.95
"""And below this where scores are added: a rare disease that rightly has no case today is no evidence against others."""


def harmonic_p(p_values: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """
    Return the weighted harmonic mean of the p-values of each row; NaN where no channel reported.

    `p_values` (cases, channels), NaN where a channel has none; `weights` one per channel, or per channel and row (default: equal),
    shared out again among those present. Needs no knowledge of their dependence.

    >>> harmonic_p([[0.01, 0.01, 0.01], [0.01, 0.9, 0.9], [0.02, float("nan"), 0.02]]).round(3)
    array([0.01 , 0.029, 0.02 ])
    """
    p, w = _channels(p_values, weights)
    whole = w.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = whole / (w / p).sum(axis=1)
    return np.asarray(np.where(whole > 0, np.minimum(mean, 1.0), np.nan))


def stouffer_p(
    p_values: ArrayLike, weights: ArrayLike | None = None, *, correlation: ArrayLike | None = None
) -> Floats:
    """
    Return the p-value of the weighted sum of normal scores; NaN where no channel reported.

    `correlation` (channels, channels), or one for each row, is that of the scores on quiet days (`quiet_correlation`); without it
    the channels are taken as independent, which is bold.

    >>> stouffer_p([[0.05, 0.05, 0.05]]).round(4)
    array([0.0022])
    >>> stouffer_p([[0.05, 0.05, 0.05]], correlation=np.full((3, 3), 0.5) + np.eye(3) / 2).round(3)
    array([0.022])
    """
    p, w = _channels(p_values, weights)
    z = -special.ndtri(np.clip(p, LEAST_P, MOST_P))
    matrix = np.eye(p.shape[1]) if correlation is None else np.asarray(correlation, dtype=float)
    if matrix.shape not in {(p.shape[1],) * 2, (len(p), p.shape[1], p.shape[1])}:
        raise ValueError(f"correlation has shape {matrix.shape} for {p.shape[1]} channels")
    variance = ((w[:, None, :] @ matrix)[:, 0, :] * w).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = (w * z).sum(axis=1) / np.sqrt(np.maximum(variance, 1e-12))
    return np.asarray(np.where(w.sum(axis=1) > 0, special.ndtr(-total), np.nan))


def quiet_correlation(
    p_values: ArrayLike, *, prior: ArrayLike = 0.3, shrink_days: float = 30.0
) -> Floats:
    """
    Return how the scores of channels move together on past days, drawn towards `prior` as if by `shrink_days`.

    `p_values` (days, channels), or many such stacked before, NaN where a channel has none; days on which any channel lies beyond three
    standard deviations are left out, so that an outbreak does not pass for correlation. Negative correlations count as none,
    which can only make the answer more careful; channels never seen together get the prior, one number or one for
    each pair.

    >>> quiet_correlation([[0.1, 0.1], [0.9, 0.9], [0.4, 0.4]] * 30).round(2).tolist()
    [[1.0, 0.82], [0.82, 1.0]]
    """
    p = np.asarray(p_values, dtype=float)
    z = -special.ndtri(np.clip(p, LEAST_P, MOST_P))
    with np.errstate(invalid="ignore"):
        out = np.isnan(z) | (np.abs(z) > 3).any(axis=-1, keepdims=True)
    there = (~out).astype(float)
    z = np.where(out, 0.0, z)
    turned, turned_there = np.swapaxes(z, -1, -2), np.swapaxes(there, -1, -2)
    n = turned_there @ there
    one = turned @ there  # the sum of a channel over the days both are there
    square = np.swapaxes(z * z, -1, -2) @ there
    spread = np.maximum(n * square - one**2, 0.0)
    across = np.sqrt(spread * np.swapaxes(spread, -1, -2))
    moves = (n >= 3) & (across > 1e-9 * np.maximum(n, 1.0) ** 2)
    product = n * (turned @ z) - one * np.swapaxes(one, -1, -2)
    r = np.where(moves, np.clip(product / np.where(moves, across, 1.0), 0.0, 1.0), 0.0)
    heard = np.where(moves, n, 0.0)
    found = (r * heard + np.asarray(prior, dtype=float) * shrink_days) / (heard + shrink_days)
    size = z.shape[-1]
    return np.asarray(np.where(np.eye(size, dtype=bool), 1.0, found))


def shared_correlation(p_values: ArrayLike) -> Floats:
    """
    Return how the same channels of many areas move together: of each area, drawn towards what all areas say.

    `p_values` (areas, days, channels); the answer is (areas, channels, channels). A few weeks of one area say little: without
    the others a strong dependence would be believed too late, and independence too. See `quiet_correlation` for what counts.

    >>> shared_correlation(np.full((2, 40, 2), 0.5)).shape
    (2, 2, 2)
    """
    p = np.asarray(p_values, dtype=float)
    everywhere = quiet_correlation(p.reshape(-1, p.shape[-1]))
    return quiet_correlation(p, prior=everywhere)


def _channels(p_values: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    p = np.atleast_2d(np.asarray(p_values, dtype=float))
    if ((p < 0) | (p > 1)).any():
        raise ValueError("a p-value lies between 0 and 1")
    w = np.ones(p.shape[1]) if weights is None else np.asarray(weights, dtype=float)
    if w.shape not in {(p.shape[1],), p.shape} or not (w >= 0).all():
        raise ValueError(f"weights have shape {w.shape}; {p.shape[1]} numbers from 0 are needed")
    present = ~np.isnan(p)
    return np.where(present, np.maximum(p, LEAST_P), 1.0), np.where(present, w, 0.0)


def rank_p(scores: ArrayLike, groups: Sequence[int]) -> Floats:
    """
    Return how often scores of the days before came as high, for methods that tell no p-value; all streams of a group speak for each other.

    `scores` (streams, days), NaN where not judged. p = (1 + number at least as high before) / (1 + number before): only days before count, so tomorrow changes
    nothing. A stream's first day has nothing before it and gets 1.

    >>> rank_p([[1.0, 2.0, 5.0], [0.0, 1.0, 0.0]], [0, 0]).tolist()
    [[1.0, 0.3333333333333333, 0.2], [1.0, 0.6666666666666666, 1.0]]
    """
    known = np.asarray(scores, dtype=float)
    group = np.asarray(groups)
    found = np.full(known.shape, np.nan)
    for number in np.unique(group):
        rows = np.flatnonzero(group == number)
        before = np.empty(0)
        for day in range(known.shape[1]):
            today = known[rows, day]
            as_high = len(before) - np.searchsorted(before, today, side="left")
            found[rows, day] = np.where(np.isnan(today), np.nan, (1 + as_high) / (1 + len(before)))
            before = np.sort(np.concatenate([before, today[~np.isnan(today)]]))
    return found


def discoveries(
    p_values: ArrayLike, *, false_share: float = 0.1, rule: Rule = "BH"
) -> NDArray[np.bool_]:
    """
    Return which of a family of p-values may be called alarms so that at most `false_share` of them are false.

    NaN is never an alarm and does not count in the family. `BY` holds whatever the dependence, at the price
    of a family as if log-times larger.

    >>> discoveries([0.001, 0.8, 0.02, 0.5, float("nan")], false_share=0.1).tolist()
    [True, False, True, False, False]
    """
    return np.asarray(q_values(p_values, rule=rule) <= false_share)


def q_values(p_values: ArrayLike, *, rule: Rule = "BH") -> Floats:
    """
    Return for each p-value the smallest false share at which it would be an alarm; NaN stays NaN.

    >>> q_values([0.001, 0.8, 0.02, 0.5]).round(3).tolist()
    [0.004, 0.8, 0.04, 0.667]
    """
    p = np.asarray(p_values, dtype=float)
    flat = p.ravel()
    asked = np.flatnonzero(~np.isnan(flat))
    q = np.full(flat.shape, np.nan)
    m = len(asked)
    if m:
        order = asked[np.argsort(flat[asked], kind="stable")]
        price = 1.0 if rule == "BH" else float((1 / np.arange(1, m + 1)).sum())
        raw = flat[order] * m * price / np.arange(1, m + 1)
        q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return q.reshape(p.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    One cause told once: the area where it is clearest, its p-value there, and the areas below that contribute.

    `contributors` are the positions (in the list given) of the streams below with evidence of their own, the
    clearest first; `levels` says how clear it was at each level looked at.
    """

    area: AreaPath
    p_value: float
    contributors: tuple[int, ...]
    levels: Mapping[AreaPath, float]


def clearest(
    areas: Sequence[AreaPath],
    p_values: Sequence[float],
    whole: Mapping[AreaPath, float],
    *,
    alpha: float = 0.01,
    raised: Collection[AreaPath] | None = None,
) -> tuple[Told, ...]:
    """
    Tell each cause once, at the level where it is clearest.

    `areas` and `p_values` are the streams of the lowest level; `whole` holds p-values of the sums of areas
    higher up (and may repeat the lowest). Areas clearer than `alpha` are taken, the clearest first (of equals the lower level); what lies
    above or below one already told is its context, not another cause. A stream contributes if its own p-value is
    under 0.05. Where `raised` is given only areas in it are told. Permuting the streams permutes the answer.

    >>> streets = ["44.4401.440103.a.", "44.4401.440103.b.", "44.4401.440104.c."]
    >>> told = clearest(streets, [0.02, 0.03, 0.9], {"44.4401.440103.": 0.0001, "44.4401.": 0.004})
    >>> [(one.area, one.contributors) for one in told]
    [('44.4401.440103.', (0, 1))]
    """
    if len(areas) != len(p_values):
        raise ValueError(f"{len(areas)} areas for {len(p_values)} p-values")
    best: dict[AreaPath, float] = {}
    for area, p in [*zip(areas, p_values, strict=True), *whole.items()]:
        if not math.isnan(p):
            best[area] = min(p, best.get(area, 1.0))
    below: dict[AreaPath, list[int]] = {}
    for position, area in enumerate(areas):
        if not p_values[position] < 0.05:
            continue
        for around in (*ancestors_of(area), area):
            below.setdefault(around, []).append(position)
    told: list[Told] = []
    taken: set[AreaPath] = set()
    above: set[AreaPath] = set()
    for area, p in sorted(best.items(), key=lambda item: (item[1], -len(item[0]), item[0])):
        if p >= alpha:
            break
        higher = ancestors_of(area)
        if (
            (raised is not None and area not in raised)
            or area in taken
            or area in above
            or any(one in taken for one in higher)
        ):
            continue
        taken.add(area)
        above.update(higher)
        own = sorted(below.get(area, []), key=lambda i: (p_values[i], areas[i]))
        told.append(
            Told(
                area=area,
                p_value=p,
                contributors=tuple(own),
                levels={one: best[one] for one in (*higher, area) if one in best},
            )
        )
    return tuple(told)
