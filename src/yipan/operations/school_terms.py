"""School terms and holidays: how much less is counted of children while schools are closed."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from yipan.analytics.detect.baseline import sibling_key
from yipan.model import CountSeries, SchoolBreak

BEFORE_DAYS = 28
"""The days before a holiday it is compared with."""
PRIOR_EVENTS = 30.0
"""As many events of its own a stream needs until its own experience counts as much as its siblings'."""
LEAST_FACTOR, MOST_FACTOR = 0.02, 5.0


def term_effects(
    series: Sequence[CountSeries],
    counts: "np.ndarray",
    *,
    first: date,
    breaks: Sequence[SchoolBreak],
    learned_until: int,
) -> "tuple[np.ndarray, np.ndarray] | None":
    """
    Return by what the count of each cell is multiplied in school holidays, and which cells are judged and not learned from; None where nothing follows any.

    `counts` (streams, intervals) begin on `first`. The factor is what holidays that ended before the column `learned_until` counted over the four
    weeks before each, a stream's own drawn to that of its siblings; later ones do not speak, so that tomorrow changes nothing. Before the first holiday seen the factor is
    unknown: its days are judged by the level of the term and not learned from, so that the first days of the next term are no outbreak. A sum follows what any
    area within it follows.
    """
    followed = {counted for one in breaks for counted in one.counted}
    rows = [row for row, one in enumerate(series) if one.stream.counted in followed]
    if not rows:
        return None
    share = np.zeros(counts.shape)
    names: dict[str, int] = {}
    group = np.array([names.setdefault(sibling_key(series[row]), len(names)) for row in rows])
    seen, foretold = np.zeros(len(rows)), np.zeros(len(rows))
    spans: list[list[tuple[int, int]]] = []
    for row in rows:
        one = series[row]
        step = one.stream.interval.days
        mine = []
        for holiday in breaks:
            inside = one.area.startswith(holiday.area) or holiday.area.startswith(one.area)
            if not inside or one.stream.counted not in holiday.counted:
                continue
            since, until = (holiday.since - first).days / step, (holiday.until - first).days / step
            columns = np.arange(
                max(0, int(since)), max(0, min(counts.shape[1], int(np.ceil(until))))
            )
            overlap = np.minimum(columns + 1, until) - np.maximum(columns, since)
            share[row, columns] = np.maximum(share[row, columns], overlap)
            if len(columns):
                mine.append((int(columns[0]), int(columns[-1]) + 1))
        spans.append(mine)
    for place, row in enumerate(rows):
        back = BEFORE_DAYS // series[row].stream.interval.days
        for begin, end in spans[place]:
            if end > learned_until or begin < back:
                continue
            before = counts[row, begin - back : begin][share[row, begin - back : begin] == 0]
            within = counts[row, begin:end][share[row, begin:end] == 1]
            before, within = before[~np.isnan(before)], within[~np.isnan(within)]
            if len(before) and len(within):
                seen[place] += within.sum()
                foretold[place] += before.mean() * len(within)
    heard = 1 / (1 + foretold / 200)
    together = np.bincount(group, seen * heard), np.bincount(group, foretold * heard)
    siblings = ((together[0] + 5) / (together[1] + 5))[group]
    factor = np.clip(
        (seen + PRIOR_EVENTS * siblings) / (foretold + PRIOR_EVENTS), LEAST_FACTOR, MOST_FACTOR
    )
    known = (together[1] > 0)[group]
    exposure, unlearned = np.ones(counts.shape), np.zeros(counts.shape)
    some = share[rows]
    exposure[rows] = np.where(known[:, None], 1 - some + some * factor[:, None], 1.0)
    unlearned[rows] = np.where(known[:, None], 0.0, some > 0)
    return exposure, unlearned
