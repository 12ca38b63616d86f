"""
The outlook of a table of series: reproduction numbers, nowcast, forecasts, scores and the bottom line as nouns.

What the desk records of the province and what the terminal answers for any file are made here, by the same
functions. Nothing is read or written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from yipan.analytics.outlook import cluster, forecast, nowcast, reproduction, scores
from yipan.analytics.outlook.counts import FloatArray, count_matrix, spread_over_days
from yipan.model import (
    AreaNowcast,
    AreaPath,
    BottomLine,
    BottomLineState,
    Control,
    CountVersion,
    Estimate,
    EstimateState,
    ForecastScore,
    Interval,
    OutlookAssumptions,
    QuantileForecast,
    SeriesTable,
    ShownReproduction,
    ancestors_of,
    area_path,
)

NOWCAST_LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
DISPERSIONS = (0.2, 0.4, 0.8)
"""Dispersions held equally likely where a place has no figure of its own: an assumption, stated beside the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """
    What the estimates need to know of the disease: the serial interval in days, and the dispersion of offspring.

    `assuming` says where the figures are from; it stands beside every estimate.
    """

    interval_mean_days: float
    interval_sd_days: float
    dispersions: tuple[float, ...] = DISPERSIONS
    assuming: str = ""

    def __post_init__(self) -> None:
        if self.interval_mean_days <= 1 or self.interval_sd_days <= 0:
            raise ValueError(
                f"a serial interval has a mean above 1 day and a spread above 0, got "
                f"{self.interval_mean_days} and {self.interval_sd_days}"
            )
        if not self.dispersions or min(self.dispersions) <= 0:
            raise ValueError(f"dispersions must be above 0, got {self.dispersions}")

    @property
    def told(self) -> str:
        """What is taken as given, in words."""
        return self.assuming or (
            f"serial interval {self.interval_mean_days:g} d; serial interval sd {self.interval_sd_days:g} d; "
            f"dispersion {' or '.join(f'{k:g}' for k in self.dispersions)} (as given)"
        )

    def pmf(self, last_lag: int) -> FloatArray:
        """Shares of the serial interval at lags 0 to `last_lag` days."""
        return reproduction.discretised_serial_interval(
            mean_days=self.interval_mean_days, sd_days=self.interval_sd_days,
            last_lag=max(last_lag, 1), renormalise=True,
        )  # fmt: skip

    @property
    def longest(self) -> int:
        """The lag in days beyond which next to nothing is passed on."""
        return math.ceil(self.interval_mean_days + 4 * self.interval_sd_days)

    def pmf_in(self, interval: Interval) -> FloatArray:
        """Shares by lags in intervals: of two cases a serial interval apart, how many intervals lie between."""
        daily = self.pmf(self.longest)
        if interval is Interval.DAY:
            return daily
        weekly = np.zeros(self.longest // 7 + 2)
        for lag, share in enumerate(daily.tolist()):
            for start in range(7):
                weekly[(start + lag) // 7] += share / 7
        weekly[1] += weekly[0]  # what falls into the same week is felt in the next
        weekly[0] = 0.0
        return weekly


def disease_of(assumed: OutlookAssumptions) -> Disease:
    """Return what the estimates need of a block of assumptions, its words with it."""
    return Disease(
        interval_mean_days=assumed.value("serial_interval_days"),
        interval_sd_days=assumed.value("serial_interval_sd_days"),
        dispersions=assumed.figure("dispersion").values,
        assuming=assumed.told("serial_interval_days", "serial_interval_sd_days", "dispersion"),
    )


def matrix_of(table: SeriesTable) -> FloatArray:
    """
    Return the counts as areas x intervals, NaN where nobody reported, corrections settled.

    >>> from yipan.model import Interval
    >>> matrix_of(SeriesTable(areas=("a",), first_day=date(2022, 10, 1), interval=Interval.DAY,
    ...     counts=((5, None, -2),)))
    array([[ 3., nan,  0.]])
    """
    return count_matrix(_array(table.counts, len(table)))


def _array(rows: Sequence[Sequence[float | None]], width: int) -> FloatArray:
    values = np.array(
        [[math.nan if value is None else float(value) for value in row] for row in rows]
    )
    return values.reshape(len(rows), width)


def _daily(table: SeriesTable) -> tuple[FloatArray, FloatArray | None]:
    """Counts and imports by day; weekly totals are laid out over their days."""
    days = table.interval.days
    counts = spread_over_days(matrix_of(table), interval_days=days)
    if table.imported is None:
        return counts, None
    brought = np.nan_to_num(_array(table.imported, len(table)))
    return counts, spread_over_days(brought, interval_days=days)


def _paths(areas: Sequence[str]) -> tuple[AreaPath, ...] | None:
    """The areas as paths where every one is one, else None."""
    try:
        return tuple(area_path(area) for area in areas)
    except ValueError:
        return None


TOGETHER = "all together"
"""What areas without paths rest on where their own cases are too few: all areas of the table."""


def _stand_ins(table: SeriesTable) -> tuple[AreaPath, ...]:
    """Paths for areas that have none: all side by side in one larger area."""
    return tuple(AreaPath(f"all.s{row}.") for row in range(len(table.areas)))


def reproduction_numbers(
    table: SeriesTable,
    disease: Disease,
    *,
    window_days: int = 7,
    latest: int | None = None,
    level: float = 0.95,
) -> tuple[ShownReproduction, ...]:
    """
    Return R of every area over sliding windows (the `latest` ones only where given), oldest first by area.

    Where areas are paths, the newest window of an area with too few cases is that of the smallest larger area
    whose listed members together have enough (areas with other names: of all together); earlier windows are the area's own. Missing days are dropped from
    both sums; weekly totals are laid out over their days. A window needs as many days as its length.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("a",), first_day=date(2022, 10, 22), interval=Interval.DAY,
    ...     counts=((3, 4, 6, 8, 9, 12, 14, 20, 22, 30),))
    >>> found = reproduction_numbers(series, Disease(interval_mean_days=2.6, interval_sd_days=1.5))
    >>> found[-1].state.value, round(found[-1].estimate.value, 1)
    ('estimated', 1.8)
    """
    counts, imported = _daily(table)
    days = counts.shape[1]
    if days < 2:
        return ()
    pmf = disease.pmf(max(days, 2))
    paths = _paths(table.areas)
    stand_in = paths or _stand_ins(table)
    name = dict(zip(stand_in, table.areas, strict=True))
    if paths is None:
        name[AreaPath("all.")] = TOGETHER
    windows = latest if latest is not None else days
    own = reproduction.reproduction_numbers(
        stand_in, counts, pmf, first_day=table.first_day, imported=imported,
        window_days=window_days, windows_back=windows, level=level,
    )  # fmt: skip
    shown: dict[AreaPath, list[ShownReproduction]] = {
        numbers[0].area: [
            ShownReproduction(
                area=name[n.area], resting_on=name[n.area], since=n.since, until=n.until,
                state=n.state, estimate=n.estimate, cases=n.cases, missing_days=n.missing_days,
                assuming=disease.told,
            )
            for n in numbers
        ]
        for numbers in own
        if numbers
    }  # fmt: skip
    for area, speaker in zip(
        stand_in,
        reproduction.speakers(stand_in, counts, pmf, imported=imported, window_days=window_days),
        strict=True,
    ):
        if speaker.area != area and area in shown:
            tail, gamma = (1 - level) / 2, speaker.posterior
            shown[area][-1] = replace(
                shown[area][-1],
                resting_on=name.get(speaker.area, speaker.area), state=speaker.state,
                estimate=Estimate(
                    value=gamma.mean, low=gamma.quantile(tail), high=gamma.quantile(1 - tail),
                    level=level,
                ),
                cases=speaker.cases, missing_days=speaker.missing_days,
            )  # fmt: skip
    return tuple(number for numbers in shown.values() for number in numbers)


def uncertain_intervals(
    disease: Disease, *, mean_sd_days: float, sd_sd_days: float, last_lag: int, nodes: int = 5
) -> FloatArray:
    """
    Return serial intervals held alike likely where mean and spread of the disease's are themselves uncertain.

    Both are normal, cut at three standard deviations, the mean above one day.

    >>> disease = Disease(interval_mean_days=2.7, interval_sd_days=1.8)
    >>> uncertain_intervals(disease, mean_sd_days=0.4, sd_sd_days=0.2, last_lag=20).shape
    (25, 21)
    """
    if mean_sd_days < 0 or sd_sd_days < 0:
        raise ValueError(f"an uncertainty is 0 days or more, got {mean_sd_days} and {sd_sd_days}")

    def bounds(value: float, sd: float, least: float) -> tuple[float, float, float, float]:
        spread = max(sd, 1e-6)
        return value, spread, max(value - 3 * spread, least), value + 3 * spread

    return reproduction.uncertain_serial_intervals(
        mean_days=bounds(disease.interval_mean_days, mean_sd_days, 1.01),
        sd_days=bounds(disease.interval_sd_days, sd_sd_days, 0.05),
        last_lag=max(last_lag, disease.longest), nodes=nodes,
    )  # fmt: skip


def mixed_numbers(
    table: SeriesTable,
    intervals: ArrayLike,
    *,
    window_days: int = 7,
    latest: int | None = None,
    level: float = 0.95,
    prior_mean: float = 2.0,
    prior_sd: float = 2.0,
    told: str = "",
) -> tuple[ShownReproduction, ...]:
    """
    Return R of every area under serial intervals of one's own, oldest window first by area.

    `intervals` is one interval (shares at lags 0, 1, ...) or several, one per row, held alike likely: drawn by a study
    of pairs, or the nodes of an uncertain mean and spread. The posterior is their exact mixture. Nothing is pooled.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("a",), first_day=date(2022, 10, 22), interval=Interval.DAY,
    ...     counts=((3, 4, 6, 8, 9, 12, 14, 20, 22, 30),))
    >>> mixed_numbers(series, [[0, 0.4, 0.6], [0, 0.2, 0.8]], latest=1)[0].state.value
    'estimated'
    """
    counts, imported = _daily(table)
    rows = np.atleast_2d(np.asarray(intervals, dtype=np.float64))
    since, until = reproduction.sliding_windows(counts.shape[1], window_days)
    if latest is not None:
        since, until = since[-latest:], until[-latest:]
    tail = (1 - level) / 2
    answer: list[ShownReproduction] = []
    for row, area in enumerate(table.areas) if since.size else ():
        brought = None if imported is None else imported[row : row + 1]
        plain = reproduction.reproduction_table(
            counts[row : row + 1], rows.mean(axis=0), imported=brought, since=since, until=until,
            prior_mean=prior_mean, prior_sd=prior_sd,
        )  # fmt: skip
        found = reproduction.reproduction_mixture(
            counts[row : row + 1], rows, imported=brought, since=since, until=until,
            prior_mean=prior_mean, prior_sd=prior_sd,
        )  # fmt: skip
        low, high = found.quantiles((tail, 1 - tail))
        mean, variation = found.mean, found.sd / found.mean
        states = plain.states()[0]
        for window in range(since.size):
            state = states[window]
            if not math.isnan(mean[window]) and state is not EstimateState.NOT_REPORTED:
                few = variation[window] > reproduction.MOST_VARIATION
                state = EstimateState.TOO_FEW_CASES if few else EstimateState.ESTIMATED
            elif state is EstimateState.ESTIMATED:
                state = EstimateState.TOO_EARLY
            answer.append(
                ShownReproduction(
                    area=area, resting_on=area,
                    since=table.first_day + timedelta(days=int(since[window])),
                    until=table.first_day + timedelta(days=int(until[window])), state=state,
                    estimate=Estimate(
                        value=float(mean[window]), low=float(low[window]), high=float(high[window]), level=level
                    )
                    if state is EstimateState.ESTIMATED
                    else None,
                    cases=round(float(np.nan_to_num(plain.cases[0, window]))),
                    missing_days=max(window_days - int(plain.days_used[0, window]), 0), assuming=told,
                )
            )  # fmt: skip
    return tuple(answer)


def discounted_numbers(
    table: SeriesTable,
    disease: Disease,
    *,
    discount: float = 0.85,
    latest: int | None = None,
    level: float = 0.95,
) -> tuple[ShownReproduction, ...]:
    """
    Return R of every area day by day by the filter that forgets: for daily use, without a window.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("a",), first_day=date(2022, 10, 22), interval=Interval.DAY,
    ...     counts=((3, 4, 6, 8, 9, 12, 14, 20, 22, 30),))
    >>> disease = Disease(interval_mean_days=2.6, interval_sd_days=1.5)
    >>> round(discounted_numbers(series, disease)[-1].estimate.value, 1)
    1.8
    """
    counts, imported = _daily(table)
    if counts.shape[1] < 2:
        return ()
    found = reproduction.discounted_reproduction(
        counts, disease.pmf(max(counts.shape[1], 2)), imported=imported, discount=discount
    )
    tail = (1 - level) / 2
    low, high = found.quantiles((tail, 1 - tail))
    states, windows = found.states(), range(found.since.size)
    kept = windows if latest is None else windows[-latest:]
    missing = np.isnan(counts)
    return tuple(
        ShownReproduction(
            area=area, resting_on=area, since=table.first_day + timedelta(days=int(found.since[w])),
            until=table.first_day + timedelta(days=int(found.until[w])), state=states[row, w],
            estimate=Estimate(
                value=float(found.mean[row, w]), low=float(low[row, w]), high=float(high[row, w]), level=level
            )
            if states[row, w] is EstimateState.ESTIMATED
            else None,
            cases=round(float(found.cases[row, w])), missing_days=int(missing[row, found.since[w]]),
            assuming=f"{disease.told}; yesterday's evidence counts {discount:g} of today's",
        )
        for row, area in enumerate(table.areas)
        for w in kept
    )  # fmt: skip


def cohort_numbers(
    table: SeriesTable, disease: Disease, *, least_seen_share: float = 0.5
) -> tuple[tuple[str, date, float | None, float], ...]:
    """
    Return the cohort R of each day (area, day, R, share of their infections seen so far).

    R is divided by the share seen and None below `least_seen_share`: the last cases have not finished infecting.
    """
    counts, _ = _daily(table)
    found = reproduction.cohort_reproduction(counts, disease.pmf(max(counts.shape[1], 2)))
    finished = found.completed(least_seen_share=least_seen_share)
    return tuple(
        (
            area,
            table.first_day + timedelta(days=day),
            None if math.isnan(finished[row, day]) else float(finished[row, day]),
            float(found.seen_share[day]),
        )
        for row, area in enumerate(table.areas)
        for day in range(counts.shape[1])
    )


LEAST_DELAY_SEEN = 7
"""Intervals of delay a record must be old enough to have seen before a nowcast counts as learned."""


def nowcasts(
    versions: Iterable[CountVersion],
    *,
    stream: str,
    interval: Interval = Interval.DAY,
    today: date | None = None,
    most_delay: int = 21,
    shown_days: int = 28,
    levels: Sequence[float] = NOWCAST_LEVELS,
) -> tuple[AreaNowcast, ...]:
    """
    Return for each area what its latest days will come to, learned from the versions of earlier days.

    `today` is the day up to which reports are in (the newest `known` where None). Days before the first version
    of an area are nobody's. A record too young to have seen `LEAST_DELAY_SEEN` intervals of delay (or `most_delay`
    where that is less) says TOO_EARLY: its figures are what was known, with little learned. Raises `ValueError` without versions or where one is known before its day.

    >>> grew = [(d, k, v) for d in range(1, 25) for k, v in ((d, 5), (d + 1, 10)) if k <= 24]
    >>> days = [CountVersion(area="a", day=date(2022, 10, d), known=date(2022, 10, k), value=v) for d, k, v in grew]
    >>> nowcasts(days, stream="cases", most_delay=3)[0].quantiles[-1][2]
    10.0
    """
    rows = [each for each in versions if today is None or each.known <= today]
    if not rows:
        raise ValueError("a nowcast needs versions: what was known of each day, and when")
    step = interval.days
    first = min(each.day for each in rows)
    last = today or max(each.known for each in rows)
    areas = sorted({each.area for each in rows})
    row_of = {area: row for row, area in enumerate(areas)}
    count = (last - first).days // step + 1
    delay = min(most_delay, max(count - 1, 1))
    triangle = nowcast.reporting_triangle(
        [row_of[each.area] for each in rows],
        [(each.day - first).days // step for each in rows],
        [(each.known - first).days // step for each in rows],
        [each.value for each in rows],
        areas=len(areas), days=count, most_delay=delay, weekday_of_first=first.weekday(),
    )  # fmt: skip
    found = nowcast.nowcast(triangle, levels=levels)
    young = count - 1 < min(most_delay, LEAST_DELAY_SEEN)
    begin = max(0, count - shown_days)

    def one(row: int, area: str) -> AreaNowcast:
        days = range(begin, count)
        quantiles = found.quantiles[row]
        return AreaNowcast(
            id=f"{area}@{stream}@{last.isoformat()}", area=area, stream=stream, made=last,
            first_day=first + timedelta(days=begin * step), interval=interval, levels=tuple(levels),
            known=tuple(
                None if math.isnan(found.known[row, day]) else round(found.known[row, day])
                for day in days
            ),
            seen=tuple(round(float(found.seen_share[row, day]), 4) for day in days),
            quantiles=tuple(
                None if np.isnan(quantiles[day]).any() else tuple(map(float, quantiles[day]))
                for day in days
            ),
            states=tuple(
                EstimateState.TOO_EARLY
                if young and found.states[row, day] is EstimateState.ESTIMATED
                else found.states[row, day]
                for day in days
            ),
        )  # fmt: skip

    return tuple(one(row, area) for row, area in enumerate(areas))


FEWEST_STEPS = 3
"""Steps of history below which nothing is forecast."""


def forecasts(
    table: SeriesTable,
    disease: Disease,
    *,
    stream: str,
    steps: int,
    control: Control | None = None,
    combination: forecast.Combination | None = None,
    rehearsals: int = 0,
    spacing: int = 3,
    failed: frozenset[str] = frozenset(),
) -> tuple[QuantileForecast, ...]:
    """
    Return the forecasts of every area for the next `steps` intervals at the 23 hub levels, made to add up.

    `control` is an input: its cut of transmission is laid on the renewal member from the first step on; without
    one the forecast says what comes if nothing changes, and never assumes that a new measure works. Where areas
    are nested paths, counties add to their city and cities to the province. `failed` names areas whose past
    coverage has failed. An area nobody reported on has no figures and the state says so.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("a",), first_day=date(2022, 10, 22), interval=Interval.DAY,
    ...     counts=((3, 4, 6, 8, 9, 12, 14, 20, 22, 30),))
    >>> disease = Disease(interval_mean_days=2.6, interval_sd_days=1.5)
    >>> ahead = forecasts(series, disease, stream="cases", steps=7)[0]
    >>> ahead.first_day.isoformat(), len(ahead.quantiles), ahead.quantiles[6][11] > 30
    ('2022-11-01', 7, True)
    """
    if steps < 1:
        raise ValueError(f"a forecast of {steps} steps says nothing; expected 1 or more")
    counts = matrix_of(table)
    horizons = tuple(range(1, steps + 1))
    kept = 0.0 if control is None else 1 - (1 - control.isolated_share) * (1 - control.cut_share)
    levels = forecast.HUB_LEVELS
    silent: NDArray[np.bool_] = np.asarray(np.isnan(counts).all(axis=1))
    early = counts.shape[1] < FEWEST_STEPS
    made = table.until
    name = "as now" if control is None else control.name
    if not early and not silent.all():
        said = forecast.ensemble(
            np.where(silent[:, None], 0.0, counts), horizons, levels,
            steps_per_week=7 if table.interval is Interval.DAY else 1,
            generation=disease.pmf_in(table.interval),
            control=None if control is None else 1 - kept,
            combination=combination, rehearsals=rehearsals, spacing=spacing,
        )  # fmt: skip
        quantiles = said.forecast.quantiles
        kept_rows = _adding_up(table.areas, counts)
        if len(kept_rows) > 1:
            names = [table.areas[row] for row in kept_rows]
            quantiles[kept_rows] = forecast.reconcile(names, quantiles[kept_rows], levels)
        members, weights = said.combination.members, said.combination.weights
    shown = []
    for row, area in enumerate(table.areas):
        told = QuantileForecast(
            id=f"{area}@{stream}@{made.isoformat()}@{name}", area=area, stream=stream, made=made,
            first_day=made, interval=table.interval, levels=levels, quantiles=(),
            control=name, state=EstimateState.TOO_EARLY if early else EstimateState.NOT_REPORTED,
            failed=area in failed, assuming=disease.told,
        )  # fmt: skip
        if not early and not silent[row]:
            told = replace(
                told,
                quantiles=_rows(quantiles[row]), baseline=_rows(said.baseline[row]), members=members,
                weights=tuple(tuple(round(float(w), 4) for w in line) for line in weights),
                state=EstimateState.ESTIMATED,
            )  # fmt: skip
        shown.append(told)
    return tuple(shown)


def _rows(quantiles: FloatArray) -> tuple[tuple[float, ...], ...]:
    """Quantiles to four digits, which is more than they are worth and half of what they weigh."""
    size = np.floor(np.log10(np.maximum(np.abs(quantiles), 1e-4)))
    unit = 10.0 ** (3 - size)
    short = np.round(np.round(quantiles * unit) / unit, 8)
    return tuple(map(tuple, short.tolist()))


WHOLE_SHARE = 0.9
"""The share of an area's counts that its listed parts must hold for the parts to be taken for the whole."""


def _adding_up(areas: Sequence[str], counts: FloatArray) -> list[int]:
    """
    The rows whose areas add up: none where no area contains another, and no parts that are not the whole.

    Where only some counties of a city count by themselves, or they did not report, the city is not their sum.
    """
    paths = _paths(areas)
    if paths is None:
        return []
    silent: NDArray[np.bool_] = np.asarray(np.isnan(counts).all(axis=1))
    place = {area: row for row, area in enumerate(paths) if not silent[row]}
    parent = {
        area: next((a for a in reversed(ancestors_of(area)) if a in place), None) for area in place
    }
    parts: dict[AreaPath, list[int]] = {}
    for area, above in parent.items():
        if above is not None:
            parts.setdefault(above, []).append(place[area])
    apart: set[AreaPath] = set()
    for above, rows in parts.items():
        seen = ~np.isnan(counts[place[above]])
        whole = float(counts[place[above]][seen].sum())
        if float(np.nansum(counts[rows][:, seen])) < WHOLE_SHARE * whole:
            apart |= {paths[row] for row in rows}
    kept = [
        row
        for area, row in place.items()
        if area not in apart and not apart & set(ancestors_of(area))
    ]
    return kept if any(parent[paths[row]] is not None for row in kept) else []


SCORED_HORIZONS = frozenset({1, 2, 3, 4, 5, 7, 10, 14, 21, 28})
"""Horizons at which scores over all areas are told one by one."""


def scores_of(
    made: Sequence[QuantileForecast],
    table: SeriesTable,
    *,
    together: str | None = None,
) -> tuple[ForecastScore, ...]:
    """
    Return how forecasts fared against what `table` now holds: by area, and by horizon over all areas.

    Each is scored as it was stated, beside its own baseline. Intervals nobody reported are no tasks. `together`
    names the area under which the scores over all are told.
    """
    counts, row_of = matrix_of(table), {area: row for row, area in enumerate(table.areas)}
    places: list[FloatArray] = []
    said: list[tuple[float, ...]] = []
    flat: list[tuple[float, ...]] = []
    for each in made:
        if each.area not in row_of or each.interval is not table.interval or not each.baseline:
            continue
        if len(each.baseline) != len(each.quantiles):
            raise ValueError(
                f"{each.id}: {len(each.quantiles)} horizons beside {len(each.baseline)} of its baseline"
            )
        first = (each.first_day - table.first_day).days // table.interval.days
        begin, end = max(0, -first), min(len(each.quantiles), counts.shape[1] - first)
        if begin < end:
            row, steps = row_of[each.area], np.arange(begin, end)
            places.append(
                np.stack([np.full(steps.size, row), steps + 1, counts[row, first + steps]])
            )
            said += each.quantiles[begin:end]
            flat += each.baseline[begin:end]
    if not places:
        return ()
    of, horizon, came = np.concatenate(places, axis=1)
    known = ~np.isnan(came)
    if not known.any():
        return ()
    stream = made[0].stream
    # Every task is scored once; each card is the mean over those that are its own.
    every = scores.score_tasks(
        came[known], np.array(said)[known], np.array(flat)[known], made[0].levels
    )

    def card(area: str, ahead: int | None, tasks: NDArray[np.int64] | slice) -> ForecastScore:
        return ForecastScore(
            id=f"{area}@{stream}@{'all' if ahead is None else ahead}", area=area, stream=stream, horizon=ahead,
            until=table.until, card=every.card(tasks),
        )  # fmt: skip

    by_area = {table.areas[row]: tasks for row, tasks in _groups(of[known])}
    answer = [card(area, None, tasks) for area, tasks in sorted(by_area.items())]
    if together is not None:
        answer += [card(together, None, slice(None))] if together not in by_area else []
        answer += [
            card(together, ahead, tasks)
            for ahead, tasks in _groups(horizon[known])
            if ahead in SCORED_HORIZONS
        ]
    return tuple(answer)


def _groups(keys: FloatArray) -> list[tuple[int, NDArray[np.int64]]]:
    """Each whole number among keys with the places it stands at, in order."""
    order = np.argsort(keys, kind="stable")
    values, begins = np.unique(keys[order], return_index=True)
    return list(zip(values.astype(int).tolist(), np.split(order, begins[1:]), strict=True))


def hub_scores(
    tasks: Sequence[tuple[str, date, str, date, int]],
    quantiles: Sequence[Sequence[float]],
    levels: Sequence[float],
    truth: Mapping[tuple[str, date], float],
    *,
    baseline: str | None = None,
    by_place: bool = False,
) -> tuple[ForecastScore, ...]:
    """
    Return how forecasts made anywhere fared: by model over all and by horizon, perhaps by place.

    `tasks` are (model, made, place, target day, horizon). `baseline` names the model the others are held against, on
    the tasks both did; without one the relative scores are not a number. Tasks whose outcome is not in `truth` are
    left out. Raises ValueError where no task has an outcome, or the baseline is no model of the files.

    >>> day = date(2022, 10, 8)
    >>> tasks = [(name, date(2022, 10, 1), "44", day, 1) for name in ("ours", "flat")]
    >>> rows = [[4.0] * 11 + [5.0] + [6.0] * 11, [9.0] * 23]
    >>> cards = hub_scores(tasks, rows, forecast.HUB_LEVELS, {("44", day): 5.0}, baseline="flat")
    >>> [(each.stream, each.horizon) for each in cards], cards[2].card.relative_wis < 1
    ([('flat', None), ('flat', 1), ('ours', None), ('ours', 1)], True)
    """
    models = sorted({task[0] for task in tasks})
    if baseline is not None and baseline not in models:
        raise ValueError(f"there is no model {baseline!r} among {', '.join(models[:8])}")
    known = [i for i, task in enumerate(tasks) if (task[2], task[3]) in truth]
    if not known:
        raise ValueError(
            "no forecast has an outcome in the truth: do places and days go by the same names?"
        )
    rows = np.array([quantiles[i] for i in known], dtype=np.float64)
    came = np.array([truth[tasks[i][2], tasks[i][3]] for i in known])
    told = [tasks[i] for i in known]
    place = {task: row for row, task in enumerate(told)}
    answer: list[ForecastScore] = []

    def card(model: str, area: str, horizon: int | None, kept: list[int]) -> None:
        against = rows[kept]
        if baseline is not None:
            partners = [place.get((baseline, *told[row][1:])) for row in kept]
            kept = [row for row, partner in zip(kept, partners, strict=True) if partner is not None]
            if not kept:
                return
            against = rows[[partner for partner in partners if partner is not None]]
        found = scores.score_card(came[kept], rows[kept], against, levels)
        if baseline is None:
            found = replace(found, relative_wis=math.nan, relative_log_wis=math.nan)
        answer.append(
            ForecastScore(
                id=f"{area}@{model}@{'all' if horizon is None else horizon}", area=area, stream=model,
                horizon=horizon, until=max(told[row][3] for row in kept), card=found,
            )
        )  # fmt: skip

    for model in models:
        own = [row for row, task in enumerate(told) if task[0] == model]
        card(model, EVERYWHERE, None, own)
        for horizon in sorted({told[row][4] for row in own}):
            card(model, EVERYWHERE, horizon, [row for row in own if told[row][4] == horizon])
        for area in sorted({told[row][2] for row in own}) if by_place else ():
            card(model, area, None, [row for row in own if told[row][2] == area])
    return tuple(answer)


EVERYWHERE = "all places"
"""The area under which scores over all places of a file are told."""


def origins(table: SeriesTable, *, first: int, every: int = 1) -> Iterable[tuple[int, SeriesTable]]:
    """
    Yield the table as it stood at earlier intervals, from `first` intervals of history on, the newest left out.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("a",), first_day=date(2022, 10, 1), interval=Interval.DAY, counts=((1, 2, 3),))
    >>> [len(then) for _, then in origins(series, first=1)]
    [1, 2]
    """
    for cut in range(first, len(table), every):
        yield (
            cut,
            replace(
                table,
                counts=tuple(row[:cut] for row in table.counts),
                imported=tuple(row[:cut] for row in table.imported) if table.imported else None,
            ),
        )


SILENT_DAYS = 7
"""Days without any report after which nobody can say where an area stands."""


def _presumed(table: SeriesTable) -> FloatArray:
    """Whole cases per day, imports included; a day nobody reported is taken at the last reported figure."""
    counts, imported = _daily(table)
    whole = np.nan_to_num(forecast.carried_over_gaps(counts))
    if imported is not None:
        whole = whole + np.nan_to_num(imported)
    return np.diff(np.rint(np.cumsum(whole, axis=1)), axis=1, prepend=0.0)


MOST_LIMIT = 20_000
"""The highest line the exact law is asked for; beyond it an outbreak is no cluster any more."""

QUIET_DAYS = 14
"""Days without a case after which an outbreak counts as over and the next case begins a new one."""


def clusters_of(
    table: SeriesTable, disease: Disease, *, quiet_days: int = QUIET_DAYS
) -> tuple[cluster.ClusterNow, ...]:
    """
    Return the present outbreak of each area as one cluster: cases since the last `quiet_days` reported without any.

    Silence is not zero: a day nobody reported does not count as quiet and is taken at the last reported figure.

    Cases still able to transmit are those younger than the serial interval is long, their age counted from the
    day they are counted on: R, estimated on the same days, is passed on by them in the same way.
    """
    cases = _presumed(table)
    counts, _ = _daily(table)
    days = cases.shape[1]

    def one(row: int, area: str) -> cluster.ClusterNow:
        busy = np.flatnonzero(cases[row] > 0)
        heard = np.cumsum(~np.isnan(counts[row]))
        if not busy.size or heard[-1] - heard[busy[-1]] >= quiet_days:
            return cluster.ClusterNow(name=area, seen=0, active_ages=())
        gaps = np.flatnonzero(np.diff(heard[busy]) > quiet_days)
        since = busy[gaps[-1] + 1] if gaps.size else busy[0]
        ages = [
            days - 1 - day
            for day in range(max(since, days - disease.longest), days)
            for _ in range(int(cases[row, day]))
        ]
        return cluster.ClusterNow(
            name=area, seen=int(cases[row, since:].sum()), active_ages=tuple(ages)
        )

    return tuple(one(row, area) for row, area in enumerate(table.areas))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestedLine:
    """A bottom line and the area on whose cases its R rests."""

    resting_on: str
    line: BottomLine


def bottom_lines(
    table: SeriesTable,
    disease: Disease,
    *,
    limit: int,
    alarm_at: float,
    control: Control | None = None,
    alternatives: Sequence[Control] = (),
    days: Sequence[int] = (7, 14, 28),
    window_days: int = 7,
    clusters: Sequence[cluster.ClusterNow] | None = None,
    rows: Sequence[int] | None = None,
) -> tuple[RestedLine, ...]:
    """
    Return the bottom line of every area: the chance that its present outbreak ends above `limit` cases.

    R is what the newest window says under present control (pooled upwards where cases are too few; where none can
    be estimated, the newest of the last two weeks that can), so
    `control` and `alternatives` are changes from now on. `clusters` (one per row) take the place of the areas' own
    outbreaks where chains are known; `rows` asks for some areas only, all others still lending their cases. Averaged over the posterior of R and the dispersions of the disease.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("a", "b"), first_day=date(2022, 10, 22), interval=Interval.DAY,
    ...     counts=((3, 4, 6, 8, 9, 12, 14, 20, 22, 30), (0,) * 10))
    >>> disease = Disease(interval_mean_days=2.6, interval_sd_days=1.5)
    >>> a, b = bottom_lines(series, disease, limit=1000, alarm_at=0.05)
    >>> a.line.state.value, b.line.state.value
    ('alarm', 'quiet')
    """
    now = tuple(clusters) if clusters is not None else clusters_of(table, disease)
    if len(now) != len(table.areas):
        raise ValueError(f"{len(now)} clusters for {len(table.areas)} rows")
    wanted = range(len(now)) if rows is None else rows
    return _lines(
        table, disease, [(now[row], row) for row in wanted], limit=limit, alarm_at=alarm_at,
        control=control, alternatives=alternatives, days=days, window_days=window_days,
    )  # fmt: skip


def chain_lines(
    table: SeriesTable,
    disease: Disease,
    chains: Sequence[tuple[str, cluster.ClusterNow]],
    *,
    limit: int,
    alarm_at: float,
    control: Control | None = None,
    alternatives: Sequence[Control] = (),
    days: Sequence[int] = (7, 14, 28),
    window_days: int = 7,
) -> tuple[RestedLine, ...]:
    """
    Return the bottom line of every chain (its area, its cases), in the order given.

    R is that of the smallest area of the table around the chain, or what speaks for it. Raises ValueError naming a
    chain that lies in no area of the table.

    >>> from yipan.model import Interval
    >>> series = SeriesTable(areas=("44.4401.",), first_day=date(2022, 10, 22), interval=Interval.DAY,
    ...     counts=((3, 4, 6, 8, 9, 12, 14, 20, 22, 30),))
    >>> disease = Disease(interval_mean_days=2.6, interval_sd_days=1.5)
    >>> young = cluster.ClusterNow(name="c-1", seen=2, active_ages=(0, 1))
    >>> found = chain_lines(series, disease, [("44.4401.440103.", young)], limit=10, alarm_at=0.05)
    >>> found[0].resting_on, found[0].line.name, found[0].line.state.value
    ('44.4401.', 'c-1', 'alarm')
    """
    row_of = {area: row for row, area in enumerate(table.areas)}

    def row(area: str, name: str) -> int:
        around = (area, *reversed(ancestors_of(AreaPath(area)))) if area.endswith(".") else (area,)
        for each in around:
            if each in row_of:
                return row_of[each]
        raise ValueError(f"chain {name} lies in {area}, in none of the {len(row_of)} areas counted")

    return _lines(
        table, disease, [(each, row(area, each.name)) for area, each in chains], limit=limit,
        alarm_at=alarm_at, control=control, alternatives=alternatives, days=days,
        window_days=window_days,
    )  # fmt: skip


def _lines(
    table: SeriesTable,
    disease: Disease,
    asked: Sequence[tuple[cluster.ClusterNow, int]],
    *,
    limit: int,
    alarm_at: float,
    control: Control | None,
    alternatives: Sequence[Control],
    days: Sequence[int],
    window_days: int,
) -> tuple[RestedLine, ...]:
    """The bottom line of each cluster, R taken from its row of the table; clusters with one R are solved together."""
    if not 1 <= limit <= MOST_LIMIT:
        raise ValueError(f"a limit of {limit} cases is no line; expected 1 to {MOST_LIMIT:,}")
    counts, imported = _daily(table)
    generation = disease.pmf(disease.longest)
    paths = _paths(table.areas)
    stand_in = paths or _stand_ins(table)
    named = dict(zip(stand_in, table.areas, strict=True))
    if paths is None:
        named[AreaPath("all.")] = TOGETHER
    if counts.shape[1] < 2:
        raise ValueError("the bottom line needs two days of counts")
    window = min(window_days, counts.shape[1] - 1)
    speaking = reproduction.speakers(
        stand_in, counts, disease.pmf(max(counts.shape[1], 2)), imported=imported,
        window_days=window, windows_back=QUIET_DAYS,
    )  # fmt: skip
    voices = [speaking[row] for _, row in asked]
    if not voices:
        return ()
    belief, shares = shared_belief(
        [(voice.posterior.shape, voice.posterior.rate) for voice in voices], disease.dispersions
    )
    lines = cluster.bottom_lines(
        [each for each, _ in asked], belief, control or Control(name="as now"), limit=limit,
        alarm_at=alarm_at, generation=generation, days=days, alternatives=alternatives, shares=shares,
    )  # fmt: skip
    # the chance to die out has a bend at R = 1, which a grid would round off
    gammas = np.array([(voice.posterior.shape, voice.posterior.rate) for voice in voices])
    own = _middles(gammas[:, 0], gammas[:, 1])
    many = len(disease.dispersions)
    gone = cluster.dies_out(
        [each for each, _ in asked], control or Control(name="as now"), generation=generation,
        reproduction=np.tile(own, (1, many)),
        dispersion=np.repeat(np.asarray(disease.dispersions), own.shape[1]),
        weight=np.full((len(asked), own.shape[1] * many), 1 / (own.shape[1] * many)),
    )  # fmt: skip
    return tuple(
        RestedLine(
            resting_on=named.get(AreaPath(voice.area), voice.area),
            line=_heard(replace(line, dies_out=float(chance)), counts[row], table),
        )
        for line, voice, chance, (_, row) in zip(lines, voices, gone, asked, strict=True)
    )  # fmt: skip


def _heard(line: BottomLine, counts: FloatArray, table: SeriesTable) -> BottomLine:
    """The line, with what silence does to it said: after a week without a report nothing is called quiet or within."""
    missing = np.isnan(counts)
    if not missing[-1]:
        return line
    silent = int(np.argmin(missing[::-1])) if not missing.all() else counts.size
    last = table.until - timedelta(days=silent + 1)
    told = (
        "nobody ever reported"
        if missing.all()
        else f"nobody reported since {last}; those days are taken at the figure of that day"
    )
    calm = line.state in {BottomLineState.QUIET, BottomLineState.WITHIN}
    state = BottomLineState.SILENT if silent >= SILENT_DAYS and calm else line.state
    return replace(line, state=state, reasons=(*line.reasons, told))


R_STEP = 0.03
"""The step of the grid on which what is believed of R is laid, as a share of R."""


def _middles(shapes: FloatArray, rates: FloatArray, points: int = 8) -> FloatArray:
    """The middles of equal slices of Gammas (gammas x points)."""
    middles = (np.arange(points) + 0.5) / points
    return np.asarray(special.gammaincinv(shapes[:, None], middles[None, :]) / rates[:, None])


def shared_belief(
    gammas: Sequence[tuple[float, float]], dispersions: Sequence[float], *, points: int = 8
) -> tuple[cluster.OffspringPosterior, FloatArray]:
    """
    Return one belief that holds the points of many, and what each holds of them (gammas x points).

    Each Gamma (shape, rate) of R is taken at `points` middles of equal slices, as `belief_of` does, and each middle
    is shared out between its two neighbours on a grid of 3 % steps so that its mean stays: areas then share the laws
    that are dear to solve. All `dispersions` are alike likely.

    >>> belief, shares = shared_belief([(100, 100), (4, 2)], (0.2, 0.8))
    >>> (shares @ belief.reproduction).round(2)
    array([1.  , 1.98])
    """
    shapes, rates = np.asarray(gammas, dtype=np.float64).T
    r = _middles(shapes, rates, points)
    place = np.log(np.maximum(r, 1e-6)) / math.log1p(R_STEP)
    low = np.floor(place).astype(np.int64)
    used = np.unique(np.concatenate([low.ravel(), low.ravel() + 1]))
    grid = (1 + R_STEP) ** used.astype(np.float64)
    left = np.searchsorted(used, low)
    part = np.clip((r - grid[left]) / (grid[left + 1] - grid[left]), 0.0, 1.0)
    held = np.zeros((len(shapes), used.size))
    rows = np.arange(len(shapes))[:, None]
    np.add.at(held, (rows, left), (1 - part) / points)
    np.add.at(held, (rows, left + 1), part / points)
    k = np.asarray(dispersions, dtype=np.float64)
    shares = np.tile(held / k.size, (1, k.size))
    return (
        cluster.OffspringPosterior(
            reproduction=np.tile(grid, k.size), dispersion=np.repeat(k, grid.size),
            weight=shares.mean(axis=0),
        ),
        shares,
    )  # fmt: skip


def belief_of(
    *, shape: float, rate: float, dispersions: Sequence[float], points: int = 8
) -> cluster.OffspringPosterior:
    """
    Return R as a Gamma and k as one of `dispersions`, all alike likely.

    >>> round(belief_of(shape=100, rate=100, dispersions=(0.2, 0.8)).mean[0], 2)
    1.0
    """
    parts = [
        cluster.posterior_from_gamma(shape=shape, rate=rate, dispersion=k, points=points)
        for k in dispersions
    ]
    return cluster.OffspringPosterior(
        reproduction=np.concatenate([part.reproduction for part in parts]),
        dispersion=np.concatenate([part.dispersion for part in parts]),
        weight=np.concatenate([part.weight for part in parts]) / len(parts),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InfectedPaths:
    """
    Infected people in the days ahead, draw by draw: what prevalence may be, not what it is on average.

    `at_large` is draws x areas x days x ages: infected so many whole days ago and not yet found. `newly` is draws x
    areas x days: infected on the day. `growth` is the growth per day of each draw.
    """

    at_large: FloatArray
    newly: FloatArray
    growth: FloatArray


def infected_paths(
    table: SeriesTable,
    disease: Disease,
    *,
    days: int,
    draws: int,
    found_after_days: float,
    found_share: float = 1.0,
    residents: Mapping[str, float] | None = None,
    chance: np.random.Generator,
) -> InfectedPaths:
    """
    Return infected people not yet found by draw, area, day ahead and age of infection.

    People infected on a day are counted `found_after_days` later; those counted in the next days are walking about
    now, the later the younger. So the number at large on a day is R-projected counts over the coming days, divided
    by the share ever found. Draws differ in R (Gamma) and in the counts (Poisson-Gamma): prevalence is uncertain. Where
    `residents` are given, nobody is infected twice.
    """
    counts, imported = _daily(table)
    known = _presumed(table)
    pmf = disease.pmf(disease.longest)
    lags = min(pmf.size - 1, known.shape[1])
    stand_in = _paths(table.areas) or _stand_ins(table)
    speaking = reproduction.speakers(
        stand_in, counts, disease.pmf(max(counts.shape[1], 2)), imported=imported,
        window_days=min(7, counts.shape[1] - 1), windows_back=QUIET_DAYS,
    )  # fmt: skip
    beliefs = [voice.posterior for voice in speaking]
    by_speaker = {each: chance.gamma(each.shape, 1 / each.rate, draws) for each in beliefs}
    r = np.stack([by_speaker[each] for each in beliefs], axis=1)
    people = np.full(len(known), np.inf)
    if residents is not None:
        people = np.array([residents.get(area, np.inf) for area in table.areas], dtype=np.float64)
    left = np.broadcast_to(people, r.shape).copy()
    trail = np.broadcast_to(known[:, -lags:], (draws, *known[:, -lags:].shape)).copy()
    weights = pmf[lags:0:-1]
    lag = int(found_after_days) + 1
    ahead = np.empty((draws, len(known), days + lag))
    for day in range(days + lag):
        mean = r * (trail @ weights)
        bounded = np.isfinite(left)
        mean = np.where(
            bounded, np.where(bounded, left, 1) * -np.expm1(-mean / np.maximum(left, 1)), mean
        )
        born = chance.poisson(np.minimum(chance.gamma(np.maximum(mean, 1e-12) * 2, 0.5), 1e9))
        ahead[:, :, day] = born
        left = np.maximum(left - born, 0.0)
        trail = np.concatenate([trail[:, :, 1:], born[:, :, None]], axis=2)
    whole = int(found_after_days)
    part = found_after_days - whole
    ages = [
        (part if age == 0 else 1.0) * ahead[:, :, whole - age : whole - age + days]
        for age in range(0 if part > 0 else 1, whole + 1)
    ]
    if not ages:
        ages = [np.zeros((draws, len(known), days))]
    elif part <= 0:
        ages.insert(0, np.zeros_like(ages[0]))
    newly = ahead[:, :, whole : whole + days]
    if part > 0:
        newly = (1 - part) * newly + part * ahead[:, :, whole + 1 : whole + 1 + days]
    total = known[:, -lags:].sum(axis=1)
    share = total / max(total.sum(), 1e-12)
    growth = _growth(r @ share if total.sum() else r.mean(axis=1), pmf)
    return InfectedPaths(
        at_large=np.stack(ages, axis=3) / found_share, newly=newly / found_share, growth=growth
    )


def _growth(r: FloatArray, pmf: ArrayLike) -> FloatArray:
    """The growth per day that goes with each R: sum_s w_s e^(-g s) = 1 / R."""
    weights = np.asarray(pmf)
    lag = np.arange(weights.size)
    low, high = np.full(r.size, -2.0), np.full(r.size, 2.0)
    for _ in range(50):
        middle = (low + high) / 2
        above = r * (np.exp(-middle[:, None] * lag) @ weights) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)
