"""
Concentrations in wastewater: no counts, sampled every few days, with values under what the laboratory can see.

As the research for this desk states it: decimal logarithms of copies, carried by the flow where that is known; values under the detection
limit are kept as being at most it; each site against its own trailing 24 months by a median and a robust scale (1.4826 times the median
distance from it), where WAVE_SAMPLES are there without those of past waves; the trend of the last samples with its error; and no alarm before two samples or two sites agree. Every
concentration must carry the name of its method: two methods are two streams.

A site's p-value of a sample is Student's tail of its distance. What is asked is the larger of two p-values (this sample and the one
before, or this one and that of another site of the area in the same week), the smaller of both answers doubled: right however the two depend.
`site_plain` judges one sample in plain words and is the judge of `wastewater_matrix`.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from yipan.model import Judgement

from .verdicts import CODE, Floats, Verdicts

METHOD = "wastewater baseline"
BASELINE_DAYS = 730
GAP_DAYS = 14
"""Days right before a sample that are not its baseline: a slow rise must not pass for what is usual."""
LEAST_SAMPLES = 8
LEAST_SCALE = 0.1
"""Decimal logarithms; a guard of this method against a baseline of nearly equal values, not a published figure."""
WAVE_SAMPLES, WAVE_REACH = 30, 3.0
"""From so many samples on, those so many scales above the median belong to a wave and are no baseline; the scale is taken from the lower half, where no wave is."""
BEFORE_DAYS = 21
"""How far back the sample before may lie that has to agree."""
WEEK = 7
TREND_DAYS, TREND_SAMPLES = 28, 5
_TO_SD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """
    One sample judged: what was expected (copies per litre at that day's flow), how unusual it is alone, by how many samples.

    `p_value` is None where the site has too few samples behind it; `largest` is the concentration with a p-value of `alpha` alone; `trend` and
    `trend_error` are decimal logarithms a day over the last three to five samples, None where there are fewer.
    """

    expected: float | None
    p_value: float | None
    largest: float | None
    samples: int
    trend: float | None = None
    trend_error: float | None = None


def site_plain(
    copies: Sequence[float | None],
    *,
    day: int,
    flow: Sequence[float | None] | None = None,
    limit: Sequence[float | None] | None = None,
    alpha: float = 0.005,
) -> Sampled:
    """
    Judge the sample of one day of one site by its own past: the plain form.

    `copies` per litre day by day, None where nothing was sampled, 0 where nothing was found; `flow` in any unit, the same all along, None where it is not
    known (then the median of those known); `limit` the detection limit (else the smallest value found by then). Raises ValueError for a
    negative value or a flow that is not above zero, and where the day has no sample.

    >>> quiet = [1000.0 if d % 3 == 0 else None for d in range(120)]
    >>> site_plain([*quiet, 90000.0], day=120).p_value < 0.001
    True
    """
    _checked(copies, flow, limit)
    if copies[day] is None:
        raise ValueError(f"there is no sample on day {day}")
    logs = _logs(copies, flow, limit, day)
    past = [logs[d] for d in sorted(logs) if day - BASELINE_DAYS <= d < day - GAP_DAYS]
    trend, error = _trend({d: x for d, x in logs.items() if day - TREND_DAYS < d <= day})
    if len(past) < LEAST_SAMPLES:
        return Sampled(
            expected=None, p_value=None, largest=None, samples=len(past), trend=trend, trend_error=error
        )  # fmt: skip
    usual = _without_waves(past)
    middle = statistics.median(usual)
    scale = max(_TO_SD * statistics.median(abs(x - middle) for x in usual), LEAST_SCALE)
    wide = scale * math.sqrt(1 + math.pi / 2 / len(usual))
    p = float(special.stdtr(len(usual) - 1, -(logs[day] - middle) / wide))
    carried = _carried(flow, day)
    if _under(copies, limit, day):
        p = max(p, 0.5)
    reach = float(special.stdtrit(len(usual) - 1, 1 - alpha)) * wide
    return Sampled(
        expected=10 ** (middle - carried), p_value=p, largest=10 ** (middle + reach - carried), samples=len(past),
        trend=trend, trend_error=error,
    )  # fmt: skip


def _without_waves(past: Sequence[float]) -> list[float]:
    """
    Return the samples that are no wave's: those far above what the lower half says are left out, until nothing changes.

    A wave lifts samples and never lowers them, so the lower half tells how far quiet ones scatter.

    >>> len(_without_waves([0.1 * (i % 5) for i in range(40)] + [2.0] * 10))
    40
    """
    kept = list(past)
    if len(past) < WAVE_SAMPLES:
        return kept
    for _ in range(6):
        middle = statistics.median(kept)
        below = statistics.median(middle - x for x in kept if x <= middle)
        top = middle + WAVE_REACH * max(_TO_SD * below, LEAST_SCALE)
        again = [x for x in past if x <= top]
        if len(again) == len(kept):
            break
        kept = again
    return kept


def _checked(
    copies: Sequence[float | None], flow: Sequence[float | None] | None, limit: Sequence[float | None] | None
) -> None:  # fmt: skip
    for name, values, least in (
        ("copies", copies, 0.0),
        ("flow", flow, 1e-300),
        ("limit", limit, 1e-300),
    ):
        for position, value in enumerate(values or ()):
            if value is not None and not least <= value < math.inf:
                raise ValueError(
                    f"{name} of day {position} is {value:g}; expected {'0 or more' if name == 'copies' else 'above 0'}"
                )


def _carried(flow: Sequence[float | None] | None, day: int) -> float:
    """Return the logarithm of the flow of a day, that of the median of those known by then where it is not known; 0 without any."""
    known = [f for f in (flow or ())[: day + 1] if f is not None]
    own = None if flow is None else flow[day]
    return math.log10(own if own is not None else statistics.median(known)) if known else 0.0


def _under(copies: Sequence[float | None], limit: Sequence[float | None] | None, day: int) -> bool:
    least, value = None if limit is None else limit[day], copies[day]
    return value == 0 or (value is not None and least is not None and value <= least)


def _logs(
    copies: Sequence[float | None], flow: Sequence[float | None] | None, limit: Sequence[float | None] | None, day: int
) -> dict[int, float]:  # fmt: skip
    """Return the samples up to a day as logarithms carried by the flow; one under the limit stands at it."""
    found = [c for c in copies[: day + 1] if c]
    least = min(found, default=1.0)
    known = [f for f in (flow or ())[: day + 1] if f is not None]
    usual = statistics.median(known) if known else 1.0
    logs = {}
    for d, value in enumerate(copies[: day + 1]):
        if value is None:
            continue
        told = None if limit is None else limit[d]
        stands = (least if told is None else told) if _under(copies, limit, d) else value
        carried = None if flow is None else flow[d]
        logs[d] = math.log10(stands) + math.log10(usual if carried is None else carried)
    return logs


def _trend(logs: dict[int, float]) -> tuple[float | None, float | None]:
    days = sorted(logs)[-TREND_SAMPLES:]
    if len(days) < 3:
        return None, None
    x, y = np.array(days, dtype=float), np.array([logs[d] for d in days])
    x -= x.mean()
    slope = float((x * y).sum() / (x * x).sum())
    left = y - y.mean() - slope * x
    return slope, math.sqrt(float((left * left).sum()) / (len(days) - 2) / float((x * x).sum()))


def agreed(
    now: float, before: float | None, others: Sequence[float], *, alone: float = 0.5
) -> float:
    """
    Return the p-value of a sample that another must agree with: the one before, or that of another site of the week.

    Without either it is `alone`: one sample by itself raises nothing.

    >>> agreed(0.001, 0.004, []), agreed(0.001, 0.6, [0.002]), agreed(0.001, None, [])
    (0.008, 0.004, 0.5)
    """
    pairs = [max(now, other) for other in ((before,) if before is not None else ())]
    pairs += [max(now, min(others))] if others else []
    return min(1.0, 2 * min(pairs)) if pairs else max(now, alone)


def wastewater_matrix(
    copies: ArrayLike,
    *,
    places: Sequence[object],
    columns: Sequence[int],
    flow: ArrayLike | None = None,
    limit: ArrayLike | None = None,
    alpha: float = 0.005,
) -> Verdicts:
    """
    Judge the samples of many sites on the days of `columns`, two at a time; the twin of `site_plain` and `agreed`.

    `copies`, `flow` and `limit` (sites, days), NaN where not sampled or not known; `places` says which area each site samples. `threshold` is the
    concentration up to which a sample raises nothing. Raises ValueError as `site_plain` does.

    >>> quiet = np.where(np.arange(200) % 3 == 0, 1000.0, np.nan)
    >>> quiet[[195, 198]] = 80000.0
    >>> wastewater_matrix([quiet], places=["a"], columns=[195, 198]).alarm.tolist()
    [[False, True]]
    """
    c = np.atleast_2d(np.asarray(copies, dtype=float))
    f, d = (
        None if v is None else np.broadcast_to(np.asarray(v, float), c.shape) for v in (flow, limit)
    )
    for row in range(len(c)):
        _checked(
            _listed(c[row]), None if f is None else _listed(f[row]), None if d is None else _listed(d[row])
        )  # fmt: skip
    chosen = list(columns)
    wanted = sorted(
        {day for column in chosen for day in range(max(0, column - BEFORE_DAYS), column + 1)}
    )
    alone, expected, largest = (np.full(c.shape, np.nan) for _ in range(3))
    samples = np.zeros(c.shape, np.int32)
    for row in range(len(c)):
        _site(row, c, f, d, wanted, alpha / 2, alone, expected, largest, samples)
    p = np.full((len(c), len(chosen)), np.nan)
    alike: dict[object, list[int]] = {}
    for row, place in enumerate(places):
        alike.setdefault(place, []).append(row)
    for row, place in enumerate(places):
        others = [other for other in alike[place] if other != row]
        for cell, day in enumerate(chosen):
            if np.isnan(alone[row, day]):
                continue
            back = alone[row, max(0, day - BEFORE_DAYS) : day]
            back = back[~np.isnan(back)]
            week = alone[others, max(0, day - WEEK + 1) : day + 1] if others else np.empty(0)
            p[row, cell] = agreed(
                float(alone[row, day]), float(back[-1]) if len(back) else None, week[~np.isnan(week)].tolist()
            )  # fmt: skip
    y = c[:, chosen]
    seen = ~np.isnan(y)
    judgement = np.full(y.shape, CODE[Judgement.JUDGED], np.int8)
    judgement[np.isnan(p)] = CODE[Judgement.SHORT_HISTORY]
    judgement[~seen] = CODE[Judgement.NOT_REPORTED]
    with np.errstate(invalid="ignore"):
        alarm = (p <= alpha) & seen
        score = np.where(np.isnan(p), np.nan, -special.ndtri(np.clip(p, 1e-15, 1 - 1e-15)))
    return Verdicts(
        method=METHOD, observed=y, expected=expected[:, chosen], sd=np.full(y.shape, np.nan),
        threshold=largest[:, chosen], score=score, alarm=alarm, judgement=judgement, baseline=samples[:, chosen],
        baseline_missing=np.zeros(y.shape, np.int32), p_value=p, columns=np.array(chosen, dtype=np.int64),
    )  # fmt: skip


def _listed(values: Floats) -> list[float | None]:
    return [None if math.isnan(v) else v for v in values.tolist()]


def _site(
    row: int,
    copies: Floats,
    flow: Floats | None,
    limit: Floats | None,
    wanted: Sequence[int],
    alpha: float,
    alone: Floats,
    expected: Floats,
    largest: Floats,
    samples: "np.ndarray",
) -> None:
    """Judge the samples of one site by sorted arrays; what depends on the day (flow and limit known by then) is asked anew each day."""
    at = np.flatnonzero(~np.isnan(copies[row]))
    value = copies[row, at]
    told = np.full(len(at), np.nan) if limit is None else limit[row, at]
    carried = np.full(len(at), np.nan) if flow is None else flow[row, at]
    with np.errstate(invalid="ignore"):
        under = (value == 0) | (value <= told)
    for day in wanted:
        last = int(np.searchsorted(at, day))
        if last >= len(at) or at[last] != day:
            continue
        part = slice(0, last + 1)
        found = value[part][value[part] > 0]
        least = found.min() if len(found) else 1.0
        stands = np.where(
            under[part], np.where(np.isnan(told[part]), least, told[part]), value[part]
        )
        flows = np.empty(0) if flow is None else flow[row, : day + 1]
        flows = flows[~np.isnan(flows)]
        usual = np.median(flows) if len(flows) else 1.0
        weight = np.log10(np.where(np.isnan(carried[part]), usual, carried[part]))
        logs = np.log10(stands) + weight
        past = logs[(at[part] >= day - BASELINE_DAYS) & (at[part] < day - GAP_DAYS)]
        samples[row, day] = len(past)
        if len(past) < LEAST_SAMPLES:
            continue
        past = _without_waves_of(past)
        middle = np.median(past)
        wide = max(_TO_SD * np.median(np.abs(past - middle)), LEAST_SCALE) * math.sqrt(
            1 + math.pi / 2 / len(past)
        )
        p = float(special.stdtr(len(past) - 1, -(logs[-1] - middle) / wide))
        alone[row, day] = max(p, 0.5) if under[last] else p
        expected[row, day] = 10 ** (middle - weight[-1])
        largest[row, day] = 10 ** (
            middle + special.stdtrit(len(past) - 1, 1 - alpha) * wide - weight[-1]
        )


def _without_waves_of(past: Floats) -> Floats:
    """The twin of `_without_waves` on an array."""
    kept = past
    if len(past) < WAVE_SAMPLES:
        return kept
    for _ in range(6):
        middle = np.median(kept)
        below = np.median(middle - kept[kept <= middle])
        again = past[past <= middle + WAVE_REACH * max(_TO_SD * below, LEAST_SCALE)]
        if len(again) == len(kept):
            break
        kept = again
    return kept
