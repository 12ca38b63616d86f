"""The outlook: how fast it spreads now, what is likely to come, and whether it can get out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from yipan.analytics.outlook import cluster, study
from yipan.analytics.outlook import reproduction as cori
from yipan.model import (
    AreaBottomLine,
    AreaNowcast,
    AreaPath,
    Case,
    CommandLine,
    Counted,
    CountVersion,
    DetectionMode,
    Estimate,
    EstimateState,
    ForecastScore,
    Interval,
    OutlookAssumptions,
    Power,
    QuantileForecast,
    ReproductionNumber,
    SeriesTable,
    ShownReproduction,
    SpilloverOutlook,
    Stream,
    TransmissionChain,
    ancestors_of,
    check_area,
    check_may,
)
from yipan.operations import figures, line_alarms, spillover
from yipan.operations.post import Post
from yipan.packs.assumptions import (
    ANY_DISEASE,
    assumed_diseases,
    assumptions_on,
    read_assumptions,
)
from yipan.store import Record
from yipan.store.tables.outlook import (
    ASSUMPTIONS,
    BOTTOM_LINES,
    FORECASTS,
    LINES,
    NOWCASTS,
    SCORES,
    SPILLOVERS,
)
from yipan.store.tables.tracing import CHAINS

DESK = "outlook"
WINDOW_DAYS = 7
HISTORY_DAYS = 60
RENEWED_DAYS = 14
FORECAST_DAYS = 28
FORECAST_HISTORY_DAYS = 120
SCORED_BACK = (*range(1, 8), 10, 14, 21, 28)
"""Which forecasts of the past are scored each night: those made so many days ago."""
NOWCAST_DAYS = 60
MOST_CASES = 1_000_000
WHOLE_SHARE = 0.9
"""The share of usual infections whose areas must have reported for a day's sum of a larger area to stand."""


class Outlooks(StrEnum):
    """The streams an outlook is made of, where they are counted: all infections, and by how they were found."""

    INFECTIONS = "infections"
    CONFIRMED = "confirmed"
    ASYMPTOMATIC = "asymptomatic"
    OUTSIDE_CONTROL = "outside_control"
    UNDER_CONTROL = "under_control"


UNDER_CONTROL = frozenset({DetectionMode.IN_QUARANTINE, DetectionMode.RISK_AREA})
"""Found where they could no longer infect freely; community screening and own consultation are outside."""


def review(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """Do the desk's round: R, then nowcasts, scores, forecasts, bottom lines and spillover; say how much was made."""
    return estimate_reproduction(post, at=at, time_zone=time_zone) + look_ahead(
        post, at=at, time_zone=time_zone
    )


def estimate_reproduction(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """Estimate R of every area that publishes infections over the newest windows, record it, say how many."""
    check_may(post.viewer, Power.RUN_ROUND)
    until = at.astimezone(time_zone).date()
    since = until - timedelta(days=HISTORY_DAYS)
    with post.store.reading(post.viewer) as record:
        assumed = assumptions(record, area=post.area, day=until)
    with post.store.acting(
        post.viewer, desk=DESK, verb="estimate_reproduction",
        rule=f"Cori, window {WINDOW_DAYS} d; {assumed.told('serial_interval_days', 'serial_interval_sd_days')}",
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        numbers = province_reproduction(
            act, under=post.area, since=since, until=until, disease=study.disease_of(assumed),
            ended_after=until - timedelta(days=RENEWED_DAYS),
        )  # fmt: skip
        act.put_reproduction(numbers)
    return sum(1 for number in numbers if number.estimate is not None)


def province_reproduction(
    record: Record,
    *,
    under: AreaPath,
    since: date,
    until: date,
    disease: study.Disease,
    ended_after: date | None = None,
) -> tuple[ReproductionNumber, ...]:
    """
    Return R of every area under `under` that publishes infections, window by window, the whole at once.

    With `ended_after` only the windows that ended after that day; each rests on all days since `since` nevertheless.
    """
    found = figures.daily(record, figures.Figure.INFECTIONS, under=under, since=since, until=until)
    reported = [day for _, day in found.values]
    if not reported:
        return ()
    first, days = min(reported), (until - min(reported)).days
    areas = found.areas
    counts = np.array(
        [
            [_number(found.of(area, first + timedelta(days=i))) for i in range(days)]
            for area in areas
        ]
    )
    interval = cori.discretised_serial_interval(
        mean_days=disease.interval_mean_days, sd_days=disease.interval_sd_days, last_lag=days
    )
    table = cori.reproduction_table(counts, interval, window_days=WINDOW_DAYS)
    low, middle, high = table.quantiles((0.025, 0.5, 0.975))
    states = table.states()
    numbers = []
    windows = [
        (column, begin, end)
        for column, (begin, end) in enumerate(zip(table.since, table.until, strict=True))
        if ended_after is None or first + timedelta(days=int(end)) > ended_after
    ]
    for row, area in enumerate(areas):
        for column, begin, end in windows:
            window = counts[row, begin:end]
            state = EstimateState(str(states[row, column].value))
            numbers.append(
                ReproductionNumber(
                    area=area,
                    since=first + timedelta(days=int(begin)),
                    until=first + timedelta(days=int(end)),
                    state=state,
                    estimate=Estimate(
                        value=float(middle[row, column]),
                        low=float(low[row, column]),
                        high=float(high[row, column]),
                    )
                    if state is EstimateState.ESTIMATED
                    else None,
                    cases=int(np.nansum(window)),
                    missing_days=int(np.isnan(window).sum()),
                )
            )
    return tuple(numbers)


def look_ahead(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    Record what comes next in the post's area, as far as is known at `at`; return how many nouns were made.

    Past forecasts are scored first, so that a forecast whose coverage has failed is marked so when it is made.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    until = at.astimezone(time_zone).date()
    with post.store.acting(
        post.viewer, desk=DESK, verb="look_ahead",
        rule=f"ensemble to {FORECAST_DAYS} d; exact cluster-size law; gravity or counted trips",
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        assumed = assumptions(act, area=post.area, day=until)
        disease = study.disease_of(assumed)
        tables = every_series(act, under=post.area, until=until)
        infections = tables.get(Outlooks.INFECTIONS)
        scored: tuple[ForecastScore, ...] = ()
        made: list[QuantileForecast] = []
        now: tuple[AreaNowcast, ...] = ()
        lines: tuple[AreaBottomLine, ...] = ()
        spill: SpilloverOutlook | None = None
        if infections is not None:
            wider = {s: with_larger(table, within=post.area) for s, table in tables.items()}
            scored = score(act, under=post.area, until=until, tables=wider)
            failed = frozenset(
                each.area for each in scored if each.horizon is None and each.card.failed
            )
            for stream, table in wider.items():
                made += study.forecasts(
                    table, disease, stream=stream.value, steps=FORECAST_DAYS, failed=failed, spacing=4,
                    rehearsals=4 if stream is Outlooks.INFECTIONS else 0,
                )  # fmt: skip
            now = nowcast(act, under=post.area, until=until, time_zone=time_zone)
            lines = bottom_lines(
                act, wider[Outlooks.INFECTIONS], within=post.area, day=until, disease=disease
            )
            spill = spillover.spillover(
                act, area=post.area, day=until, table=infections, assumed=assumed
            )
        lines += chain_lines(
            act, infections, within=post.area, day=until, disease=disease, time_zone=time_zone
        )
        act.put(SCORES, scored)
        act.put(FORECASTS, made)
        act.put(NOWCASTS, now)
        act.put(BOTTOM_LINES, lines)
        act.put(SPILLOVERS, [] if spill is None else [spill])
        raised = line_alarms.raise_alarms(act, lines, within=post.area, day=until)
    return len(scored) + len(made) + len(now) + len(lines) + (spill is not None) + raised


def assumptions(
    record: Record, *, area: AreaPath, day: date, disease: str | None = None
) -> OutlookAssumptions:
    """
    Return what the outlook takes as given in an area on a day: what the nearest command put on record, else what
    comes with Yipan for the disease (for the one that is counted where none is named).
    """
    if disease is None:
        counted = figures.diseases_of(record, under=area)
        disease = counted[0] if len(counted) == 1 else ANY_DISEASE
    around = [*ancestors_of(area), area]
    own = [
        block
        for block in record.nouns(ASSUMPTIONS, where={"area": around, "disease": disease})
        if block.since <= day
    ]
    if own:
        return max(own, key=lambda block: (len(block.area), block.since))
    named = disease if disease in assumed_diseases() else ANY_DISEASE
    return assumptions_on(read_assumptions(named), day)


def put_assumptions(
    post: Post, *, area: AreaPath, blocks: Sequence[OutlookAssumptions], why: str, at: datetime
) -> tuple[OutlookAssumptions, ...]:
    """
    Put a command's own assumptions on record for its area and all in it; the next rounds rest on them.

    A block that began on the same day takes the place of the one before, which stays in the history.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    check_area(post.viewer, area)
    if not why.strip():
        raise ValueError("assumptions are changed for a reason; say why")
    own = tuple(
        replace(
            block, id=f"assumed-{area}-{block.disease}@{block.since.isoformat()}", area=area,
            put_by=post.viewer.user, why=why,
        )
        for block in blocks
    )  # fmt: skip
    for block in own:
        study.disease_of(block)
    with post.store.acting(
        post.viewer, desk=DESK, verb="put_assumptions", subject=area, area=area, why=why, at=at
    ) as act:
        act.put(ASSUMPTIONS, own)
    return own


def series(
    record: Record,
    stream: Outlooks,
    *,
    under: AreaPath,
    until: date,
    history_days: int = FORECAST_HISTORY_DAYS,
) -> SeriesTable | None:
    """
    Return a stream of every area that counts it, day by day up to `until`, None where nobody does.

    The table begins with the first day anybody reported; days nobody reported are None.
    """
    since = until - timedelta(days=history_days)
    values: Mapping[tuple[AreaPath, date], int]
    if stream in {Outlooks.OUTSIDE_CONTROL, Outlooks.UNDER_CONTROL}:
        values = _by_mode(record, stream, under=under, since=since, until=until)
    else:
        figure = figures.Figure(stream.value)
        values = figures.daily(record, figure, under=under, since=since, until=until).values
    if not values:
        return None
    first = min(day for _, day in values)
    days = [first + timedelta(days=i) for i in range((until - first).days)]
    areas = sorted({area for area, _ in values})
    return SeriesTable(
        areas=tuple(areas), first_day=first, interval=Interval.DAY,
        counts=tuple(tuple(values.get((area, day)) for day in days) for area in areas),
    )  # fmt: skip


def every_series(record: Record, *, under: AreaPath, until: date) -> dict[Outlooks, SeriesTable]:
    """Return every stream an outlook is made of that somebody counts, in their order, as `series` returns each."""
    told = ((stream, series(record, stream, under=under, until=until)) for stream in Outlooks)
    return {stream: table for stream, table in told if table is not None}


def _by_mode(
    record: Record, stream: Outlooks, *, under: AreaPath, since: date, until: date
) -> dict[tuple[AreaPath, date], int]:
    """Infections by how they were found; a day stands where any mode of the stream was reported."""
    wanted = [c for c in Counted if c.is_infection and not c.is_imported]
    rows = record.count_rows(under=under, since=since, until=until, counted=wanted)
    inside = stream is Outlooks.UNDER_CONTROL
    total: dict[tuple[AreaPath, date], int] = {}
    for area, key, day, value in rows.select("area", "stream", "day", "value").iter_rows():
        of = Stream.parse(key)
        if value is None or of.mode is DetectionMode.ANY or of.interval is not Interval.DAY:
            continue
        if (of.mode in UNDER_CONTROL) is inside and not of.site:
            place = AreaPath(area), day
            total[place] = total.get(place, 0) + int(value)
    return total


def with_larger(table: SeriesTable, *, within: AreaPath) -> SeriesTable:
    """
    Return the table with the areas around its own, up to `within`, whose figures are the sums of theirs.

    A larger area's day stands where the areas that reported it usually count at least `WHOLE_SHARE` of its
    infections; otherwise nobody knows the sum and it is None.

    >>> table = SeriesTable(areas=("44.4401.", "44.4403."), first_day=date(2022, 10, 1), interval=Interval.DAY,
    ...     counts=((90, 90, None), (1, None, 1)))
    >>> with_larger(table, within=AreaPath("44.")).counts[0]
    (91.0, 90.0, None)
    """
    known = set(table.areas)
    groups: dict[AreaPath, list[int]] = {}
    for row, area in enumerate(table.areas):
        for larger in ancestors_of(AreaPath(area)):
            if larger.startswith(within) and larger not in known:
                groups.setdefault(larger, []).append(row)
    usual = [sum(value or 0 for value in row) + 0.5 for row in table.counts]

    def summed(rows: list[int], position: int) -> float | None:
        told = [row for row in rows if table.counts[row][position] is not None]
        if sum(usual[row] for row in told) < WHOLE_SHARE * sum(usual[row] for row in rows):
            return None
        return float(sum(table.counts[row][position] or 0 for row in told))

    sums: dict[AreaPath, tuple[float | None, ...]] = {}
    for area, rows in groups.items():
        widest = spillover.outermost(rows, table.areas)
        sums[area] = tuple(summed(widest, i) for i in range(len(table)))
    every = dict(zip(table.areas, table.counts, strict=True)) | {
        str(a): row for a, row in sums.items()
    }
    areas = tuple(sorted(every))
    return replace(table, areas=areas, counts=tuple(every[area] for area in areas), imported=None)


def own_series(
    record: Record, *, area: AreaPath, until: date, stream: Outlooks = Outlooks.INFECTIONS
) -> SeriesTable | None:
    """Return the series of one area: its own, or the sum of its parts where it counts none; None where nobody does."""
    check_area(record.viewer, area)
    table = series(record, stream, under=area, until=until + timedelta(days=1))
    if table is None:
        return None
    every = with_larger(table, within=area)
    if area not in every.areas:
        return None
    row = every.areas.index(area)
    return replace(every, areas=(area,), counts=(every.counts[row],))


def shown_reproduction(
    record: Record, *, area: AreaPath, until: date, stream: Outlooks = Outlooks.INFECTIONS
) -> tuple[ShownReproduction, ...]:
    """
    Return the newest R to show for every area in `area`: its own, or that of the larger area it rests on.

    `stream` may be infections found outside control: then R tells of the part that still spreads unseen.
    """
    check_area(record.viewer, area)
    table = series(record, stream, under=area, until=until, history_days=HISTORY_DAYS)
    if table is None or len(table) < 2:
        return ()
    return study.reproduction_numbers(
        with_larger(table, within=area),
        study.disease_of(assumptions(record, area=area, day=until)),
        window_days=min(WINDOW_DAYS, len(table) - 1), latest=1,
    )  # fmt: skip


def nowcast(
    record: Record, *, under: AreaPath, until: date, time_zone: ZoneInfo
) -> tuple[AreaNowcast, ...]:
    """
    Return what the latest days will come to once all reports are in, from the versions the record holds.

    A day's infections as they stood at a moment are the parts known then (the published total where only that was).
    """
    since = until - timedelta(days=NOWCAST_DAYS)
    whole = figures.WHOLES[figures.Figure.INFECTIONS]
    parts = figures.PARTS[figures.Figure.INFECTIONS]
    rows = record.count_versions(
        under=under, since=since, until=until, counted=(*parts, whole)
    ).filter(pl.col("stream").str.split("/").list.get(2) == DetectionMode.ANY.value)
    stood: dict[tuple[str, date], dict[Counted, int]] = {}
    found: list[CountVersion] = []
    for area, key, day, value, known in rows.sort("known_from").iter_rows():
        now = stood.setdefault((area, day), {})
        now[Stream.parse(key).counted] = int(value)
        total = sum(now[part] for part in parts) if set(parts) <= set(now) else now.get(whole)
        known_on = min(known.astimezone(time_zone).date(), until)
        if total is not None and known_on >= day:
            found.append(CountVersion(area=area, day=day, known=known_on, value=float(total)))
    if not found:
        return ()
    return study.nowcasts(found, stream=Outlooks.INFECTIONS.value, today=until)


def score(
    record: Record,
    *,
    under: AreaPath,
    until: date,
    tables: Mapping[Outlooks, SeriesTable] | None = None,
) -> tuple[ForecastScore, ...]:
    """
    Return how the forecasts of the last weeks fared against what is known now, each beside its baseline.

    `tables` are the streams up to `until` with the larger areas of each, read from the record where not given.
    """
    if tables is None:
        own = every_series(record, under=under, until=until)
        tables = {stream: with_larger(table, within=under) for stream, table in own.items()}
    days = [until - timedelta(days=back) for back in SCORED_BACK]
    past = record.nouns(FORECASTS, under=under, where={"made": days})
    answer: list[ForecastScore] = []
    for stream in Outlooks:
        of = [each for each in past if each.stream == stream.value and each.control == "as now"]
        if of and stream in tables:
            answer += study.scores_of(of, tables[stream], together=under)
    return tuple({each.id: each for each in answer}.values())


def draw_line(
    post: Post, *, area: AreaPath, limit: int, alarm_at: float, why: str, at: datetime
) -> CommandLine:
    """
    Draw the command's line for an area and all in it: at most `limit` cases, alarm from a chance of `alarm_at` on.

    Needs the power to decide. A line drawn again replaces the one before, which stays in the history.
    """
    check_may(post.viewer, Power.DECIDE)
    check_area(post.viewer, area)
    line = CommandLine(
        id=f"line-{area}", area=area, limit=limit, alarm_at=alarm_at, drawn_by=post.viewer.user, why=why
    )  # fmt: skip
    with post.store.acting(
        post.viewer, desk=DESK, verb="draw_line", subject=area, why=why, at=at
    ) as act:
        act.put(LINES, [line])
    return line


def bottom_lines(
    record: Record, table: SeriesTable, *, within: AreaPath, day: date, disease: study.Disease
) -> tuple[AreaBottomLine, ...]:
    """Return the bottom line of every area against the line drawn nearest above it; none where none was drawn."""
    drawn = {line.area: line for line in record.nouns(LINES)}
    answer: list[AreaBottomLine] = []
    every = with_larger(table, within=within)
    by_line: dict[CommandLine, list[int]] = {}
    for row, area in enumerate(every.areas):
        line = line_alarms.line_of(drawn, area)
        if line is not None:
            by_line.setdefault(line, []).append(row)
    for line, rows in by_line.items():
        answer += against(every, rows, line, day=day, disease=disease)
    return tuple(answer)


def against(
    table: SeriesTable,
    rows: Sequence[int],
    line: CommandLine,
    *,
    day: date,
    disease: study.Disease,
) -> tuple[AreaBottomLine, ...]:
    """Return the bottom lines of some rows of a table against one line."""
    if len(table) < 2:
        return ()
    found = study.bottom_lines(table, disease, limit=line.limit, alarm_at=line.alarm_at, rows=rows)
    return tuple(
        AreaBottomLine(
            id=f"{each.line.name}@{day.isoformat()}", area=each.line.name, day=day,
            resting_on=each.resting_on, line=each.line, drawn_by=line.drawn_by,
            assuming=disease.told,
        )
        for each in found
    )  # fmt: skip


def chain_lines(
    record: Record,
    table: SeriesTable | None,
    *,
    within: AreaPath,
    day: date,
    disease: study.Disease,
    time_zone: ZoneInfo,
    line: CommandLine | None = None,
) -> tuple[AreaBottomLine, ...]:
    """
    Return the bottom line of every active chain on record against the line drawn nearest above its area, or `line`.

    A case's age is counted from the day it was counted on (reported, else confirmed, sampled, onset), as R is; R
    is that of the smallest area around the chain. Where nobody counts there, it rests on the cases on record.
    """
    drawn = {each.area: each for each in record.nouns(LINES)}
    active = [chain for chain in record.nouns(CHAINS, under=within) if chain.active]
    by_line: dict[CommandLine, list[TransmissionChain]] = {}
    for chain in active:
        nearest = line or line_alarms.line_of(drawn, chain.area)
        if nearest is not None:
            by_line.setdefault(nearest, []).append(chain)
    if not by_line:
        return ()
    cases = {case.id: case for case in record.cases(under=within, limit=MOST_CASES)}
    days = {name: _counted_on(case, time_zone) for name, case in cases.items()}
    every = with_larger(table, within=within) if table is not None else None
    counted = set(every.areas) if every is not None and len(every) > 1 else set()
    answer: list[AreaBottomLine] = []
    for nearest, chains in by_line.items():
        told = [c for c in chains if counted & {c.area, *ancestors_of(c.area)}]
        untold = [c for c in chains if c not in told]
        of_cases = _cases_table(cases.values(), days, within=within, until=day) if untold else None
        for series_of, some, basis in (
            (every, told, ""), (of_cases, untold, "; R rests on the cases on record"),
        ):  # fmt: skip
            if not some or series_of is None:
                continue
            clusters = [(c.area, _cluster_of(c, days, day, disease)) for c in some]
            found = study.chain_lines(
                series_of, disease, clusters, limit=nearest.limit, alarm_at=nearest.alarm_at
            )
            answer += [
                AreaBottomLine(
                    id=f"{chain.id}@{day.isoformat()}", area=chain.area, day=day, chain=chain.id,
                    resting_on=each.resting_on, line=each.line, drawn_by=nearest.drawn_by,
                    assuming=disease.told + basis,
                )
                for chain, each in zip(some, found, strict=True)
            ]  # fmt: skip
    return tuple(answer)


def _counted_on(case: Case, time_zone: ZoneInfo) -> date | None:
    """The day a case is counted on; None where no moment of it is known."""
    for moment in (case.reported, case.confirmed, case.sampled):
        if moment is not None:
            return moment.astimezone(time_zone).date()
    return case.onset


def _cluster_of(
    chain: TransmissionChain, days: Mapping[str, date | None], day: date, disease: study.Disease
) -> cluster.ClusterNow:
    """A chain as the law takes it; a case without any day is taken as one of today."""
    known = [days.get(case) or day for case in chain.cases]
    ages = [max((day - timedelta(days=1) - each).days, 0) for each in known]
    return cluster.ClusterNow(
        name=chain.id, seen=len(ages),
        active_ages=tuple(sorted(age for age in ages if age < disease.longest)),
    )  # fmt: skip


def _cases_table(
    cases: Iterable[Case], days: Mapping[str, date | None], *, within: AreaPath, until: date
) -> SeriesTable:
    """Cases on record by day they were counted on, area by area with those around; a day without a case is none."""
    first = until - timedelta(days=FORECAST_HISTORY_DAYS)
    width = (until - first).days
    rows: dict[AreaPath, list[int]] = {}
    for case in cases:
        counted = days.get(case.id)
        for area in (*ancestors_of(case.area), case.area):
            if area.startswith(within):
                row = rows.setdefault(area, [0] * width)
                if counted is not None and first <= counted < until:
                    row[(counted - first).days] += 1
    areas = sorted(rows)
    return SeriesTable(
        areas=tuple(areas), first_day=first, interval=Interval.DAY,
        counts=tuple(tuple(rows[area]) for area in areas),
    )  # fmt: skip


def what_if(
    record: Record,
    *,
    area: AreaPath,
    until: date,
    limit: int,
    alarm_at: float,
    time_zone: ZoneInfo | None = None,
) -> tuple[AreaBottomLine, ...]:
    """
    Return the bottom lines of every area in `area` against a line that nobody has drawn yet.

    With a `time_zone` also those of the chains on record.
    """
    check_area(record.viewer, area)
    table = series(record, Outlooks.INFECTIONS, under=area, until=until)
    line = CommandLine(
        id="what-if", area=area, limit=limit, alarm_at=alarm_at, drawn_by="", why="what if"
    )
    disease = study.disease_of(assumptions(record, area=area, day=until))
    found: tuple[AreaBottomLine, ...] = ()
    if table is not None:
        every = with_larger(table, within=area)
        found = against(every, range(len(every.areas)), line, day=until, disease=disease)
    if time_zone is not None:
        found += chain_lines(
            record, table, within=area, day=until, disease=disease, time_zone=time_zone, line=line
        )
    return found


def spillover_by(
    record: Record,
    *,
    area: AreaPath,
    until: date,
    law: spillover.Law,
    days: int = spillover.SPILL_DAYS,
) -> SpilloverOutlook | None:
    """Return the spillover of an area worked out now by a law of movement; None where nobody counts or lives."""
    check_area(record.viewer, area)
    table = series(record, Outlooks.INFECTIONS, under=area, until=until)
    if table is None:
        return None
    assumed = assumptions(record, area=area, day=until)
    return spillover.spillover(
        record, area=area, day=until, table=table, assumed=assumed, days=days, law=law
    )


def forecasts(
    record: Record, *, area: AreaPath, made: date | None = None, stream: str = "infections"
) -> tuple[QuantileForecast, ...]:
    """Return the forecasts recorded of the areas in `area` on a day, the newest day where None."""
    check_area(record.viewer, area)
    found = _newest(record, FORECASTS, "made", area, made, {"stream": stream})
    return tuple(found)


def recorded_nowcasts(
    record: Record, *, area: AreaPath, made: date | None = None
) -> tuple[AreaNowcast, ...]:
    """Return the nowcasts recorded of the areas in `area` on a day, the newest day where None."""
    check_area(record.viewer, area)
    return tuple(_newest(record, NOWCASTS, "made", area, made, {}))


def recorded_lines(
    record: Record, *, area: AreaPath, day: date | None = None
) -> tuple[AreaBottomLine, ...]:
    """Return the bottom lines recorded of the areas in `area` on a day, alarms and high chances first."""
    check_area(record.viewer, area)
    found: list[AreaBottomLine] = _newest(record, BOTTOM_LINES, "day", area, day, {})
    return tuple(sorted(found, key=lambda each: (-each.line.probability, each.area)))


def recorded_spillover(
    record: Record, *, area: AreaPath, day: date | None = None
) -> SpilloverOutlook | None:
    """Return the newest recorded spillover of the widest area in `area`, of a day where given."""
    check_area(record.viewer, area)
    found: list[SpilloverOutlook] = _newest(record, SPILLOVERS, "day", area, day, {})
    return min(found, key=lambda each: len(each.area), default=None)


def scores(record: Record, *, area: AreaPath) -> tuple[ForecastScore, ...]:
    """Return the score cards of our own past forecasts in `area`: by horizon over all, then by area."""
    check_area(record.viewer, area)
    return record.nouns(SCORES, under=area)


def lines(record: Record) -> tuple[CommandLine, ...]:
    """Return the lines drawn by commands in the viewer's line of command."""
    return record.nouns(LINES)


def _newest(
    record: Record, table: Any, column: str, area: AreaPath, day: date | None, where: dict[str, object]
) -> list[Any]:  # fmt: skip
    """The nouns of one day, the newest there is where None."""
    if day is not None:
        return list(record.nouns(table, under=area, where={column: day, **where}))
    return list(record.newest(table, column, under=area, where=where))


def reproduction(
    record: Record, *, area: AreaPath, since: date, until: date
) -> tuple[ReproductionNumber, ...]:
    """Return what the rounds recorded of R in `area`, by area and by the last day of the window."""
    check_area(record.viewer, area)
    return record.reproduction(under=area, since=since, until=until)


def _number(count: int | None) -> float:
    return float("nan") if count is None else float(count)
