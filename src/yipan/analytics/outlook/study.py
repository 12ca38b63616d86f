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
    """What the estimates need to know of the disease: the serial interval in days, and the dispersion of offspring."""

    interval_mean_days: float
    interval_sd_days: float
    dispersions: tuple[float, ...] = DISPERSIONS

    def __post_init__(self) -> None:
        if self.interval_mean_days <= 1 or self.interval_sd_days <= 0:
            raise ValueError(
                f"a serial interval has a mean above 1 day and a spread above 0, got "
                f"{self.interval_mean_days} and {self.interval_sd_days}"
            )
        if not self.dispersions or min(self.dispersions) <= 0:
            raise ValueError(f"dispersions must be above 0, got {self.dispersions}")

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
    of an area are nobody's. Raises `ValueError` without versions or where one is known before its day.

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
            states=tuple(found.states[row, day] for day in days),
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
            failed=area in failed,
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
    tasks: list[tuple[str, int, float, tuple[float, ...], tuple[float, ...]]] = []
    for each in made:
        if each.area not in row_of or each.interval is not table.interval or not each.baseline:
            continue
        for position, (said, flat) in enumerate(zip(each.quantiles, each.baseline, strict=True)):
            column = (each.day(position) - table.first_day).days // table.interval.days
            if 0 <= column < counts.shape[1] and not math.isnan(counts[row_of[each.area], column]):
                tasks.append(
                    (each.area, position + 1, float(counts[row_of[each.area], column]), said, flat)
                )
    if not tasks:
        return ()
    stream, levels = made[0].stream, made[0].levels

    def card(area: str, horizon: int | None, kept: list[int]) -> ForecastScore:
        return ForecastScore(
            id=f"{area}@{stream}@{horizon or 'all'}", area=area, stream=stream, horizon=horizon,
            until=table.until,
            card=scores.score_card(
                [tasks[i][2] for i in kept], [tasks[i][3] for i in kept],
                [tasks[i][4] for i in kept], levels,
            ),
        )  # fmt: skip

    by_area: dict[str, list[int]] = {}
    by_horizon: dict[int, list[int]] = {}
    for index, (area, horizon, *_) in enumerate(tasks):
        by_area.setdefault(area, []).append(index)
        by_horizon.setdefault(horizon, []).append(index)
    answer = [card(area, None, kept) for area, kept in sorted(by_area.items())]
    by_horizon = {h: kept for h, kept in by_horizon.items() if h in SCORED_HORIZONS}
    if together is not None:
        every = list(range(len(tasks)))
        answer += [card(together, None, every)] if together not in by_area else []
        answer += [card(together, horizon, kept) for horizon, kept in sorted(by_horizon.items())]
    return tuple(answer)


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
    if not 1 <= limit <= MOST_LIMIT:
        raise ValueError(f"a limit of {limit} cases is no line; expected 1 to {MOST_LIMIT:,}")
    counts, imported = _daily(table)
    now = tuple(clusters) if clusters is not None else clusters_of(table, disease)
    if len(now) != len(table.areas):
        raise ValueError(f"{len(now)} clusters for {len(table.areas)} rows")
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
    groups: dict[tuple[str, float, float], list[int]] = {}
    wanted = range(len(now)) if rows is None else rows
    for row in wanted:
        voice = speaking[row]
        key = (voice.area, voice.posterior.shape, voice.posterior.rate)
        groups.setdefault(key, []).append(row)
    present = control or Control(name="as now")
    found: dict[int, RestedLine] = {}
    for (speaker, shape, rate), members in groups.items():
        belief = belief_of(shape=shape, rate=rate, dispersions=disease.dispersions)
        lines = cluster.bottom_lines(
            [now[row] for row in members], belief, present, limit=limit, alarm_at=alarm_at,
            generation=generation, days=days, alternatives=alternatives,
        )  # fmt: skip
        resting = named.get(AreaPath(speaker), speaker)
        found |= {
            row: RestedLine(resting_on=resting, line=_heard(line, counts[row], table))
            for row, line in zip(members, lines, strict=True)
        }
    return tuple(found[row] for row in wanted)


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
) -> tuple[FloatArray, NDArray[np.float64]]:
    """
    Return infected people not yet found by draw, area and day ahead, and the growth per day of each draw.

    People infected on a day are counted `found_after_days` later on average; those counted in the next days are
    walking about now. So the number at large on a day is R-projected counts over the coming days, divided by the
    share ever found. Draws differ in R (Gamma) and in the counts (Poisson-Gamma): prevalence is uncertain. Where
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
    lag = math.ceil(found_after_days)
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
    running = np.cumsum(np.pad(ahead, ((0, 0), (0, 0), (1, 0))), axis=2)
    whole = np.floor(found_after_days)
    at_large = running[:, :, int(whole) : int(whole) + days] - running[:, :, :days]
    part = found_after_days - whole
    if part > 0:
        at_large = at_large + part * ahead[:, :, int(whole) : int(whole) + days]
    total = known[:, -lags:].sum(axis=1)
    share = total / max(total.sum(), 1e-12)
    growth = _growth(r @ share if total.sum() else r.mean(axis=1), pmf)
    return at_large / found_share, growth


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
