"""The outlook: how fast it spreads now, what is likely to come, and whether it can get out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from yipan.analytics.outlook import cluster, study
from yipan.analytics.outlook import reproduction as cori
from yipan.analytics.spread import arrival, movement
from yipan.model import (
    Alternative,
    Area,
    AreaBottomLine,
    AreaNowcast,
    AreaPath,
    ArrivalPath,
    BottomLineState,
    Case,
    CommandLine,
    Cost,
    Counted,
    CountVersion,
    DelayBought,
    DetectionMode,
    Duty,
    Estimate,
    EstimateState,
    ForecastScore,
    Interval,
    Order,
    OrderLine,
    OutlookAssumptions,
    Power,
    Proposal,
    ProposalState,
    QuantileForecast,
    Reason,
    ReproductionNumber,
    Sentence,
    SeriesTable,
    ShownReproduction,
    Spillover,
    SpilloverOutlook,
    Stream,
    Task,
    TransmissionChain,
    TripTable,
    ancestors_of,
    check_area,
    check_may,
)
from yipan.operations import commanding, figures
from yipan.operations.post import Post
from yipan.packs import read_destinations
from yipan.packs.assumptions import (
    ANY_DISEASE,
    assumed_diseases,
    assumptions_on,
    read_assumptions,
)
from yipan.store import Acting, Record
from yipan.store.tables.commanding import PROPOSALS
from yipan.store.tables.outlook import (
    ASSUMPTIONS,
    BOTTOM_LINES,
    FORECASTS,
    LINES,
    NOWCASTS,
    SCORES,
    SPILLOVERS,
    TRIPS,
)
from yipan.store.tables.tracing import CHAINS

DESK = "outlook"
Law = Literal["gravity", "radiation"]
HAND = "outlook"
WINDOW_DAYS = 7
HISTORY_DAYS = 60
RENEWED_DAYS = 14
FORECAST_DAYS = 28
FORECAST_HISTORY_DAYS = 120
SCORED_BACK = (*range(1, 8), 10, 14, 21, 28)
"""Which forecasts of the past are scored each night: those made so many days ago."""
NOWCAST_DAYS = 60
SPILL_DAYS = 14
SPILL_DRAWS = 500
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
            spill = spillover(act, area=post.area, day=until, table=infections, assumed=assumed)
        lines += chain_lines(
            act, infections, within=post.area, day=until, disease=disease, time_zone=time_zone
        )
        act.put(SCORES, scored)
        act.put(FORECASTS, made)
        act.put(NOWCASTS, now)
        act.put(BOTTOM_LINES, lines)
        act.put(SPILLOVERS, [] if spill is None else [spill])
        raised = raise_alarms(act, lines, within=post.area, day=until)
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
        widest = _widest(rows, table.areas)
        sums[area] = tuple(summed(widest, i) for i in range(len(table)))
    every = dict(zip(table.areas, table.counts, strict=True)) | {
        str(a): row for a, row in sums.items()
    }
    areas = tuple(sorted(every))
    return replace(table, areas=areas, counts=tuple(every[area] for area in areas), imported=None)


def _widest(rows: Sequence[int], areas: Sequence[str]) -> list[int]:
    """
    Those rows whose area does not lie in another of them: a city and its county are not added up.

    Paths in order stand right behind what contains them, so one pass tells.
    """
    kept: list[int] = []
    for row in sorted(rows, key=lambda row: areas[row]):
        if not kept or not areas[row].startswith(areas[kept[-1]]):
            kept.append(row)
    return kept


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
        line = _line_of(drawn, area)
        if line is not None:
            by_line.setdefault(line, []).append(row)
    for line, rows in by_line.items():
        answer += against(every, rows, line, day=day, disease=disease)
    return tuple(answer)


def _line_of(drawn: Mapping[str, CommandLine], area: str) -> CommandLine | None:
    """The line drawn nearest above an area, or for it."""
    path = AreaPath(area)
    around = [place for place in (*ancestors_of(path), path) if place in drawn]
    return drawn[around[-1]] if around else None


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
        nearest = line or _line_of(drawn, chain.area)
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


LEVERS: Mapping[str, Sentence] = {
    "isolate half of the rest": Sentence(
        zh="把尚未隔离的病例及早隔离一半", en="isolate at once half of the cases that are not"
    ),
    "halve remaining transmission": Sentence(
        zh="把其余传播减半", en="halve the transmission that remains"
    ),
    "both": Sentence(zh="两者并举", en="do both"),
}
"""The levers of the bottom line in both languages, the least intrusive first."""
ALARM, EXCEEDED = "outlook.alarm", "outlook.exceeded"
TIGHTEN = "outlook.tighten"
_ALARMS = {BottomLineState.ALARM: ALARM, BottomLineState.EXCEEDED: EXCEEDED}


def raise_alarms(
    act: Acting, lines: Sequence[AreaBottomLine], *, within: AreaPath, day: date
) -> int:
    """
    Propose to the command whose line is crossed what would bring the chance down; return how many are new.

    Only the innermost is proposed: a chain rather than its area, an area rather than the city around it, where they
    stand alike. A proposal stands, open or decided, until the chance has been below the line since; one whose
    alarm no longer holds lapses. After a refusal nothing is proposed again before that.
    """
    drawn = {each.area: each for each in act.nouns(LINES)}
    alarmed = [each for each in lines if each.line.state in _ALARMS]
    kept: list[Proposal] = []
    before: dict[str, list[Proposal]] = {}
    for known in act.nouns(PROPOSALS, under=within, where={"desk": DESK}):
        before.setdefault(known.subject, []).append(known)
    for each in alarmed:
        line = _line_of(drawn, each.area)
        if line is None or any(_explains(part, each, drawn) for part in alarmed):
            continue
        rule = f"{line.id}: at most {line.limit} cases, alarm from {line.alarm_at:.1%}"
        kind = _ALARMS[each.line.state]
        standing = [
            p
            for p in before.get(each.subject, [])
            if p.rule == rule and p.kind == kind and p.state is not ProposalState.LAPSED
        ]
        newest = max(standing, key=lambda p: p.made, default=None)
        if newest is not None and not _cleared(act, each, newest, day):
            kept.append(newest)
            continue
        kept.append(_proposal(act, each, line, rule, kind))
    new = commanding.put_proposals(act, kept)
    silent = {each.subject for each in lines if each.line.state is BottomLineState.SILENT}
    held = {each.id for each in kept}
    over = [
        p.id
        for some in before.values()
        for p in some
        if p.state is ProposalState.OPEN and p.id not in held and p.subject not in silent
    ]
    commanding.lapse(act, over, why="the chance is no longer above the line as it was")
    return new


def _explains(
    part: AreaBottomLine, whole: AreaBottomLine, drawn: Mapping[str, CommandLine]
) -> bool:
    """Whether one alarm is the inner one of another: the same line, the same state, and inside it."""
    if part.subject == whole.subject or part.line.state is not whole.line.state or whole.chain:
        return False
    inside = part.area.startswith(whole.area) and (bool(part.chain) or part.area != whole.area)
    return inside and _line_of(drawn, part.area) == _line_of(drawn, whole.area)


def _cleared(act: Acting, each: AreaBottomLine, known: Proposal, day: date) -> bool:
    """Whether the subject stood below the line on some day since a proposal was made."""
    since = [
        known.made.date() + timedelta(days=i) for i in range(-1, (day - known.made.date()).days + 1)
    ]
    told = act.nouns(
        BOTTOM_LINES, where={"area": each.area, "day": since, "state": ["within", "quiet"]}
    )
    return any(one.subject == each.subject and one.day >= known.made.date() for one in told)


def _proposal(
    act: Acting, each: AreaBottomLine, line: CommandLine, rule: str, kind: str
) -> Proposal:
    """What an alarm proposes: the least lever that brings the chance below the line, with the others beside it."""
    area = AreaPath(each.area)
    place = act.area(area)
    told = each.line
    chain_zh, chain_en = (
        (f"传播链{each.chain}（", f"chain {each.chain} (") if each.chain else ("", "")
    )
    close_zh, close_en = ("）", ")") if each.chain else ("", "")
    where_zh = f"{chain_zh}{place.name_zh}{close_zh}"
    where_en = f"{chain_en}{place.name_en}{close_en}"
    source = (f"bottom line {each.id}",)
    within = dict(told.within_days)
    reasons = [
        Reason(
            zh=f"{where_zh}已报告{told.seen}例，其中{told.active}例仍可能传播；指挥部划定的底线为{told.limit}例（{line.why}）",
            en=f"{where_en} has {told.seen} cases, {told.active} of them may still transmit; the line drawn is "
            f"{told.limit} cases ({line.why})",
            source=source, confidence="recorded",
        ),
        Reason(
            zh="按现有控制，最终超过底线的概率为"
            f"{told.probability:.1%}（警戒线{line.alarm_at:.1%}）；"
            + "，".join(f"{n}天内{p:.1%}" for n, p in within.items()),
            en=f"under present control the chance to end above it is {told.probability:.1%} (alarm from "
            f"{line.alarm_at:.1%}); " + ", ".join(f"within {n} days {p:.1%}" for n, p in within.items()),
            source=source, confidence="exact cluster-size law",
        ),
        Reason(
            zh=f"每例平均传染{told.reproduction or 0:.2f}人，依据{each.resting_on}的病例；所用假设：{each.assuming}",
            en=f"one case infects {told.reproduction or 0:.2f} on average, by the cases of {each.resting_on}; taken as "
            f"given: {each.assuming}",
            source=source, confidence="estimated; assumptions named",
        ),
    ]  # fmt: skip
    shared: dict[str, Any] = {
        "id": f"p-{commanding.mark(DESK, kind, each.subject, rule, act.moment)}", "area": area, "desk": DESK,
        "kind": kind, "subject": each.subject, "reasons": tuple(reasons), "by": act.viewer.user,
        "made": act.moment, "decided_in": AreaPath(line.area), "rule": rule,
    }  # fmt: skip
    if kind == EXCEEDED:
        return Proposal(
            what=Sentence(
                zh=f"{where_zh}已超过底线（{told.limit}例），请研判",
                en=f"{where_en} is above the line ({told.limit} cases): judge what follows",
            ),
            **shared,
        )
    controls = {each.name: each for each in cluster.default_levers(told.control)}
    chance = {lever.name: lever.probability for lever in told.levers}
    named = [name for name in LEVERS if name in chance]
    enough = [name for name in named if chance[name] < line.alarm_at]
    chosen = enough[0] if enough else named[-1]

    def ordered(name: str) -> tuple[OrderLine, ...]:
        return (
            OrderLine(
                kind=TIGHTEN, subject=each.subject, area=area, effective=act.moment,
                terms={
                    "lever": name, "isolated_share": controls[name].isolated_share,
                    "cut_share": controls[name].cut_share, "chance_before": told.probability,
                    "chance_after": chance[name], "limit": told.limit,
                },
            ),
        )  # fmt: skip

    def said(name: str) -> Sentence:
        return Sentence(
            zh=f"{where_zh}：{LEVERS[name].zh}，超过{told.limit}例的概率由{told.probability:.1%}降至{chance[name]:.1%}",
            en=f"{where_en}: {LEVERS[name].en}; the chance of more than {told.limit} cases falls from "
            f"{told.probability:.1%} to {chance[name]:.1%}",
        )

    return Proposal(
        what=said(chosen), lines=ordered(chosen),
        alternatives=(
            *(
                Alternative(what=said(name), lines=ordered(name), risk_outside=chance[name])
                for name in named
                if name != chosen
            ),
            Alternative(
                what=Sentence(zh="维持现有控制", en="leave control as it is"), cost=Cost(residents=0, person_days=0.0),
                risk_outside=told.probability,
            ),
        ),
        **shared,
    )  # fmt: skip


def carry_out(_: Acting, order: Order) -> tuple[Task, ...]:
    """
    Make the tasks of an order against an alarm: who must tighten what, to what share.

    It restricts nobody by itself: what it takes (zones, isolation) is ordered by the desks whose measures they are.
    """
    return tuple(
        Task(
            id=f"t-{commanding.mark(TIGHTEN, order.id, number)}", area=line.area, duty=Duty.EPIDEMIOLOGIST,
            desk=DESK, kind="tighten", subject=line.subject, cause=order.id, starts=line.effective, due=None,
            measured_to="the plan is reported as carried out", rule=order.rule,
            what=Sentence(
                zh=f"{LEVERS[str(line.terms['lever'])].zh}：即时隔离比例达{float(line.terms['isolated_share']):.0%}，"
                f"其余传播降低{float(line.terms['cut_share']):.0%}；提出并落实具体措施",
                en=f"{LEVERS[str(line.terms['lever'])].en}: {float(line.terms['isolated_share']):.0%} isolated at once, the "
                f"rest's transmission cut by {float(line.terms['cut_share']):.0%}; name the measures and see them done",
            ),
        )
        for number, line in enumerate(order.lines)
        if line.desk == HAND
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


def put_trips(
    post: Post,
    *,
    since: date,
    days: int,
    origins: Sequence[str],
    destinations: Sequence[str],
    trips: Sequence[float],
    source: str,
    at: datetime,
) -> TripTable:
    """
    Put counted trips on record; the spillover rests on them from the next round on.

    Origins must be areas of the post by path. Raises ValueError naming one that is not.
    """
    check_may(post.viewer, Power.INGEST)
    with post.store.reading(post.viewer) as record:
        known = {area.path for area in record.areas(post.area)}
    for origin in origins:
        if origin not in known:
            raise ValueError(f"origin {origin} is no area of {post.area} on record")
    table = TripTable(
        id=f"trips-{post.area}", area=post.area, since=since, days=days, origins=tuple(origins),
        destinations=tuple(destinations), trips=tuple(trips), source=source,
    )  # fmt: skip
    with post.store.acting(
        post.viewer, desk=DESK, verb="put_trips", subject=f"{len(table.trips)} pairs", why=source, at=at
    ) as act:  # fmt: skip
        act.put(TRIPS, [table])
    return table


def spillover(
    record: Record,
    *,
    area: AreaPath,
    day: date,
    table: SeriesTable,
    assumed: OutlookAssumptions,
    days: int = SPILL_DAYS,
    law: Law | None = None,
) -> SpilloverOutlook | None:
    """
    Return whether it gets out of the areas of `table` within `days`; None where movement cannot even be modelled.

    Counted trips on record come first unless a `law` is named; else a gravity (or radiation) law over census
    residents and the middles of boundaries, with its bands. Destinations are the areas of the same level and the
    places outside.
    """
    widest = [AreaPath(table.areas[row]) for row in _widest(range(len(table.areas)), table.areas)]
    origins = [
        place
        for place in record.areas_of(widest)
        if place.path.startswith(area) and place.population
    ]
    if not origins:
        return None
    counted = record.nouns(TRIPS, where={"id": [f"trips-{a}" for a in (*ancestors_of(area), area)]})
    names: dict[str, tuple[str, str]] = {}
    visitors: NDArray[np.float64] | None = None
    people = {str(place.path): float(place.population or 0) for place in origins}
    if counted and law is None:
        trips = counted[-1]
        moving = movement.movement_from_trips(
            trips.origins, trips.destinations, list(trips.trips),
            residents={str(place.path): float(place.population or 0) for place in origins}
            | {origin: 1.0 for origin in trips.origins if origin not in {p.path for p in origins}},
            days=trips.days,
        )  # fmt: skip
        basis = f"counted trips since {trips.since}: {trips.source}"
        visitors = movement.visitors_from_trips(
            moving, trips.origins, trips.destinations, list(trips.trips),
            residents=[people.get(name, 1.0) for name in moving.origins], days=trips.days,
            stay_days=assumed.value("stay_days"),
        )  # fmt: skip
    else:
        middles = _middles(record, {place.level for place in origins})
        places = [place for place in origins if place.path in middles]
        if not places:
            return None
        others = [
            place
            for place in _of_levels(record, area, {p.level for p in places})
            if place.population and place.path in middles
        ]
        outside = read_destinations()
        leaving = assumed.figure("departures_share")
        band = (leaving.low or leaving.values[0], leaving.high or leaving.values[0])
        ends = [str(place.path) for place in others] + [place.key for place in outside]
        people = {str(place.path): float(place.population or 0) for place in others} | {
            place.key: float(place.population) for place in outside
        }
        where = {str(place.path): middles[place.path] for place in others} | {
            place.key: (place.longitude, place.latitude) for place in outside
        }
        moving = modelled(
            law or "gravity", [str(place.path) for place in places], ends, residents=people,
            where=where, departures=leaving.values[0], band=band,
        )  # fmt: skip
        told_law = {
            "gravity": "gravity law (population^1.025, km^-1.368)", "radiation": "radiation law"
        }[law or "gravity"]  # fmt: skip
        names = {place.key: (place.name_zh, place.name_en) for place in outside}
        basis = (
            f"{told_law} over census residents and schematic boundaries; {leaving.values[0]:.0%} of residents leave "
            f"a day, between {band[0]:.0%} and {band[1]:.0%} (assumed)"
        )
    rows = [row for row, name in enumerate(table.areas) if name in set(moving.origins)]
    if not rows or len(table) < 2:
        return None
    kept = replace(
        table, areas=tuple(table.areas[row] for row in rows),
        counts=tuple(table.counts[row] for row in rows), imported=None,
    )  # fmt: skip
    return spill(
        kept, moving, study.disease_of(assumed), area=area, day=day, days=days, basis=basis, names=names,
        chance=np.random.default_rng(day.toordinal()), draws=SPILL_DRAWS,
        found_after_days=assumed.value("found_after_days"), found_share=assumed.value("found_share"),
        unseen_days=assumed.value("unseen_days"), stay_days=assumed.value("stay_days"),
        travelling_share=assumed.value("travelling_share"), population=people, visitors=visitors,
        residents={str(place.path): float(place.population or 0) for place in origins},
    )  # fmt: skip


def _of_levels(record: Record, area: AreaPath, levels: Iterable[str]) -> list[Area]:
    """The areas of some levels in an area, in order of their paths: of thousands of towns none is read in vain."""
    found = [place for level in levels for place in record.areas(area, level=level)]
    return sorted(found, key=lambda place: place.path)


def spillover_by(
    record: Record, *, area: AreaPath, until: date, law: Law, days: int = SPILL_DAYS
) -> SpilloverOutlook | None:
    """Return the spillover of an area worked out now by a law of movement; None where nobody counts or lives."""
    check_area(record.viewer, area)
    table = series(record, Outlooks.INFECTIONS, under=area, until=until)
    if table is None:
        return None
    assumed = assumptions(record, area=area, day=until)
    return spillover(record, area=area, day=until, table=table, assumed=assumed, days=days, law=law)


def modelled(
    law: Law,
    origins: Sequence[str],
    destinations: Sequence[str],
    *,
    residents: Mapping[str, float],
    where: Mapping[str, tuple[float, float]],
    departures: float,
    band: tuple[float, float],
) -> movement.Movement:
    """
    Return a matrix by gravity or radiation over residents and places (longitude, latitude) of all ends.

    Raises ValueError naming an end without residents or place.
    """
    every = tuple(dict.fromkeys((*origins, *destinations)))
    for name in every:
        if residents.get(name, 0) <= 0 or name not in where:
            raise ValueError(f"{name} has no residents or no place; a law of movement needs both")
    if law == "radiation":
        places = [where[name] for name in every]
        whole = movement.radiation_movement(
            every, population=[residents[name] for name in every],
            km=movement.distances_km(places, places), departures=departures, departure_band=band,
        )  # fmt: skip
        return movement.from_origins(whole, origins, destinations)
    return movement.gravity_movement(
        origins, destinations, destination_population=[residents[name] for name in destinations],
        km=movement.distances_km(
            [where[name] for name in origins], [where[name] for name in destinations]
        ),
        departures=departures, departure_band=band,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredTest:
    """A test required before travel: how long before, how old an infection it sees, how surely, how many obey (0 to 1)."""

    hours_before: float = 48.0
    detectable_days: float = 1.5
    sensitivity: float = 0.95
    obeyed_share: float = 1.0

    def detected(self, ages: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of infected travellers caught, by age of infection in days."""
        return self.obeyed_share * arrival.detected_by_test(
            ages, hours_before=self.hours_before, detectable_days=self.detectable_days,
            sensitivity=self.sensitivity,
        )  # fmt: skip


def spill(
    table: SeriesTable,
    moving: movement.Movement,
    disease: study.Disease,
    *,
    area: str,
    day: date,
    days: int,
    basis: str,
    chance: np.random.Generator,
    draws: int = SPILL_DRAWS,
    found_after_days: float,
    unseen_days: float,
    names: Mapping[str, tuple[str, str]] | None = None,
    found_share: float = 1.0,
    reproduction_there: float | None = None,
    residents: Mapping[str, float] | None = None,
    population: Mapping[str, float] | None = None,
    visitors: NDArray[np.float64] | None = None,
    stay_days: float = 0.0,
    travelling_share: float = 1.0,
    test: RequiredTest | None = None,
    cuts: Sequence[float] = (0.5, 0.9, 0.99),
) -> SpilloverOutlook:
    """
    Return whether it gets out of the areas of a table along `moving`, averaged over what is believed of prevalence.

    Two streams add up: infected people who travel (a share of them, fewer where a `test` is required), each with the
    transmission that its age of infection leaves before it; and people of the destination infected while they visit
    (`visitors` present, origins x destinations; where None as many come as go and each stays `stay_days`).
    `population` of all places lets a journey end on the way (exit probabilities).

    At the destination a chain meets R of `reproduction_there`, that of the origins together where None. Beside the
    chances stands what cutting travel would buy: days, not safety.
    """
    order = {name: row for row, name in enumerate(table.areas)}
    left_out = tuple(name for name in table.areas if name not in set(moving.origins))
    rows = [order[name] for name in moving.origins if name in order]
    keep = [i for i, name in enumerate(moving.origins) if name in order]
    if not rows:
        raise ValueError("none of the areas counted is an origin of the movement")
    paths = study.infected_paths(
        table, disease, days=days, draws=draws, found_after_days=found_after_days,
        found_share=found_share, residents=residents, chance=chance,
    )  # fmt: skip
    ages = np.arange(paths.at_large.shape[3], dtype=np.float64)
    caught = test.detected(ages) if test is not None else np.zeros(ages.size)
    ill = paths.at_large[:, rows] * (travelling_share * (1 - caught))
    rate = moving.rate[keep]
    people = np.array([(residents or {}).get(moving.origins[i], np.nan) for i in keep])
    back = np.zeros_like(rate)
    if visitors is not None:
        back = np.asarray(visitors, dtype=np.float64)[keep] / people[:, None]
    elif stay_days > 0:
        back = rate * stay_days
    if np.isnan(back).any():
        raise ValueError("visitors need the residents of every origin")
    if back.any():
        brought = np.zeros((*paths.newly[:, rows].shape, ages.size))
        brought[..., 0] = paths.newly[:, rows]
        ill = np.concatenate([ill, brought], axis=1)
        rate = np.concatenate([rate, back])
    generation = disease.pmf(disease.longest)
    left = np.array([cluster.left_share(int(age), generation) for age in ages])
    speed = float(np.median(paths.growth))
    there = reproduction_there
    if there is None:
        there = 1.0 / float(generation @ np.exp(-speed * np.arange(generation.size)))
    dispersion = float(np.median(disease.dispersions))
    told = arrival.spillover(
        moving.destinations, rate, ill, reproduction=there, dispersion=dispersion, left_share=left,
        days_to_detection=unseen_days,
    )  # fmt: skip
    told = _widened(told, moving, keep, paths.at_large[:, rows].sum(axis=(2, 3)).mean(axis=0))
    ill = ill.sum(axis=3)
    flow = ill.sum(axis=2).mean(axis=0)
    expected = flow[:, None] * rate
    size = len(keep)
    by_origin = expected[:size] + (expected[size:] if len(expected) > size else 0.0)
    share = by_origin.sum(axis=1) / np.maximum(
        (flow[:size, None] * rate[:size]).sum(axis=1), 1e-300
    )
    outside = np.array([name not in order for name in moving.destinations])
    total = ill.sum(axis=2) @ rate
    anywhere = total[:, outside].sum(axis=1) if outside.any() else total.sum(axis=1)
    return SpilloverOutlook(
        id=f"spill-{area}@{day.isoformat()}", area=area, day=day, days=days,
        basis=f"{basis}; cases are counted {found_after_days:g} days after infection, "
        f"{found_share:.0%} of them ever; R at the destination {there:.2f}, dispersion {dispersion:g}; "
        f"a case there goes unseen for {unseen_days:g} days; {disease.told}"
        + (f"; {travelling_share:.0%} of the infected travel as usual" if travelling_share < 1 else "")
        + (
            f"; a test {test.hours_before:g} h before departure catches {test.sensitivity:.0%} of infections "
            f"{test.detectable_days:g} days old, {test.obeyed_share:.0%} obey"
            if test is not None
            else ""
        )
        + (
            f"; visitors counted where trips back were, each stays {stay_days:g} days"
            if visitors is not None
            else f"; as many visitors come as people go, each stays {stay_days:g} days"
            if stay_days > 0
            else "; people infected while visiting are left out"
        ),
        destinations=told,
        names=tuple((key, *(names or {})[key]) for key in moving.destinations if key in (names or {})),
        paths=_paths_to(moving, keep, by_origin, speed, population),
        delays=tuple(
            DelayBought(
                cut_share=cut,
                days=float(arrival.delay_bought_days(cut, growth_per_day=speed)) if speed > 0.005 else None,
                introduced_anyway=float(
                    arrival.chance_of_introduction((1 - cut) * anywhere, draws_axis=0)
                ),
            )
            for cut in cuts
        ),
        growth_per_day=speed if abs(speed) > 1e-9 else None,
        expected=float(expected.sum()),
        low=float(((flow[:size] * share)[:, None] * moving.low[keep]).sum()),
        high=float(((flow[:size] * share)[:, None] * moving.high[keep]).sum()),
        left_out=left_out,
    )  # fmt: skip


def _widened(
    told: Sequence[Spillover],
    moving: movement.Movement,
    keep: list[int],
    flow: NDArray[np.float64],
) -> tuple[Spillover, ...]:
    """Intervals of arrivals widened by the band of movement where it is only modelled."""
    if moving.observed:
        return tuple(told)
    usual = flow @ moving.rate[keep]
    low, high = flow @ moving.low[keep], flow @ moving.high[keep]
    place = {name: i for i, name in enumerate(moving.destinations)}

    def wide(each: Spillover) -> Spillover:
        i = place[each.destination]
        if usual[i] <= 0:
            return each
        return replace(
            each, expected_low=each.expected_low * float(low[i] / usual[i]),
            expected_high=each.expected_high * float(high[i] / usual[i]),
        )  # fmt: skip

    return tuple(wide(each) for each in told)


def _paths_to(
    moving: movement.Movement,
    keep: list[int],
    expected: NDArray[np.float64],
    speed: float,
    population: Mapping[str, float] | None = None,
) -> tuple[ArrivalPath, ...]:
    """Effective distances from the origin with most infected people, and whence arrivals come."""
    nodes = tuple(dict.fromkeys((*moving.origins, *moving.destinations)))
    place = {name: i for i, name in enumerate(nodes)}
    shares = np.zeros((len(nodes), len(nodes)))
    for i, name in enumerate(moving.origins):
        shares[place[name], [place[d] for d in moving.destinations]] = moving.shares[i]
    source = place[moving.origins[keep[int(np.argmax(expected.sum(axis=1)))]]]
    far = arrival.effective_distance(shares)[source]
    leaving = float(moving.departures.mean())
    walk = np.full(len(nodes), np.nan)
    if leaving > 0 and speed > 0 and np.log(speed / leaving) > arrival.EULER:
        walk = arrival.random_walk_distance(shares, growth_per_day=speed, departures=leaving)[
            source
        ]
    origin_share = arrival.likely_origins(expected)
    ends: NDArray[np.float64] | None = None
    if population is not None and all(population.get(name, 0) > 0 for name in nodes):
        ends = arrival.exit_probabilities(
            shares, [population[name] for name in nodes], origin=source
        )

    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    def origins(column: int) -> tuple[tuple[str, float], ...]:
        likely = np.nan_to_num(origin_share[:, column])
        best = np.argsort(-likely)[:3]
        return tuple(
            (moving.origins[keep[int(i)]], round(float(likely[i]), 4))
            for i in best
            if likely[i] > 0
        )

    return tuple(
        ArrivalPath(
            destination=name,
            effective_distance=number(far[place[name]]),
            random_walk_distance=number(walk[place[name]]),
            likely_origins=origins(column),
            ends_there=None if ends is None else float(ends[place[name]]),
        )
        for column, name in enumerate(moving.destinations)
    )


def _middles(record: Record, levels: Iterable[str]) -> dict[AreaPath, tuple[float, float]]:
    """The middle of each area's boundary: of its largest ring, by the area formula; longitude, latitude."""
    found: dict[AreaPath, tuple[float, float]] = {}
    for level in levels:
        for place, shape, _ in record.boundaries(level=level):
            rings = (
                [shape["coordinates"][0]]
                if shape["type"] == "Polygon"
                else [part[0] for part in shape["coordinates"]]
            )
            best = (0.0, 0.0, 0.0)
            for ring in rings:
                x, y = np.asarray(ring, dtype=np.float64)[:, :2].T
                cross = x[:-1] * y[1:] - x[1:] * y[:-1]
                size = cross.sum() / 2
                if abs(size) > best[0]:
                    best = (
                        abs(size),
                        float(((x[:-1] + x[1:]) * cross).sum() / (6 * size)),
                        float(((y[:-1] + y[1:]) * cross).sum() / (6 * size)),
                    )
            if best[0] > 0:
                found[place.path] = best[1:]
    return found


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
