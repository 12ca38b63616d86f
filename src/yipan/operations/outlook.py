"""The outlook: how fast it spreads now, what is likely to come, and whether it can get out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from yipan.analytics.outlook import cluster, study
from yipan.analytics.outlook import reproduction as cori
from yipan.analytics.spread import arrival, movement
from yipan.model import (
    AreaBottomLine,
    AreaNowcast,
    AreaPath,
    ArrivalPath,
    CommandLine,
    Counted,
    CountVersion,
    DelayBought,
    DetectionMode,
    Estimate,
    EstimateState,
    ForecastScore,
    Interval,
    Power,
    QuantileForecast,
    ReproductionNumber,
    SeriesTable,
    ShownReproduction,
    SpilloverOutlook,
    Stream,
    TripTable,
    ancestors_of,
    check_area,
    check_may,
)
from yipan.operations import figures
from yipan.operations.post import Post
from yipan.packs import read_destinations
from yipan.store import Record
from yipan.store.tables.outlook import (
    BOTTOM_LINES,
    FORECASTS,
    LINES,
    NOWCASTS,
    SCORES,
    SPILLOVERS,
    TRIPS,
)

DESK = "outlook"
WINDOW_DAYS = 7
HISTORY_DAYS = 60
RENEWED_DAYS = 14
SERIAL_INTERVAL_DAYS = 2.7
"""Mean serial interval of Omicron BA.5 (2.7 days, interval 2.1 to 3.6, as reviewed for the autumn of 2022)."""
SERIAL_INTERVAL_SD_DAYS = 1.8
"""Two thirds of the mean: an assumption of this project, stated beside every estimate; no source gives it."""

DISEASE = study.Disease(
    interval_mean_days=SERIAL_INTERVAL_DAYS, interval_sd_days=SERIAL_INTERVAL_SD_DAYS
)
"""What the round takes for the disease in hand; the dispersions are an assumption, stated beside the answer."""
FORECAST_DAYS = 28
FORECAST_HISTORY_DAYS = 120
SCORED_BACK = (*range(1, 8), 10, 14, 21, 28)
"""Which forecasts of the past are scored each night: those made so many days ago."""
NOWCAST_DAYS = 60
SPILL_DAYS = 14
SPILL_DRAWS = 500
FOUND_AFTER_DAYS = 4.0
"""Days from infection until a case is counted; an assumption of this project, stated beside the answer."""
UNSEEN_DAYS = 7.0
"""Days an imported case goes unseen at its destination; an assumption, and the same for all without a figure."""
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
    with post.store.acting(
        post.viewer, desk=DESK, verb="estimate_reproduction",
        rule=f"Cori, window {WINDOW_DAYS} d, serial interval {SERIAL_INTERVAL_DAYS} d sd {SERIAL_INTERVAL_SD_DAYS} d",
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        numbers = [
            number
            for number in province_reproduction(act, under=post.area, since=since, until=until)
            if number.until > until - timedelta(days=RENEWED_DAYS)
        ]
        act.put_reproduction(numbers)
    return sum(1 for number in numbers if number.estimate is not None)


def province_reproduction(
    record: Record, *, under: AreaPath, since: date, until: date
) -> tuple[ReproductionNumber, ...]:
    """Return R of every area under `under` that publishes infections, window by window, the whole at once."""
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
        mean_days=SERIAL_INTERVAL_DAYS, sd_days=SERIAL_INTERVAL_SD_DAYS, last_lag=days
    )
    table = cori.reproduction_table(counts, interval, window_days=WINDOW_DAYS)
    low, middle, high = table.quantiles((0.025, 0.5, 0.975))
    states = table.states()
    numbers = []
    for row, area in enumerate(areas):
        for column, (begin, end) in enumerate(zip(table.since, table.until, strict=True)):
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
        infections = series(act, Outlooks.INFECTIONS, under=post.area, until=until)
        if infections is None:
            return 0
        scored = score(act, under=post.area, until=until)
        failed = frozenset(
            each.area for each in scored if each.horizon is None and each.card.failed
        )
        made: list[QuantileForecast] = []
        for stream in Outlooks:
            table = series(act, stream, under=post.area, until=until)
            if table is not None:
                made += study.forecasts(
                    with_larger(table, within=post.area), DISEASE, stream=stream.value,
                    steps=FORECAST_DAYS, failed=failed, spacing=4,
                    rehearsals=4 if stream is Outlooks.INFECTIONS else 0,
                )  # fmt: skip
        now = nowcast(act, under=post.area, until=until, time_zone=time_zone)
        lines = bottom_lines(act, infections, within=post.area, day=until)
        spill = spillover(act, area=post.area, day=until, table=infections)
        act.put(SCORES, scored)
        act.put(FORECASTS, made)
        act.put(NOWCASTS, now)
        act.put(BOTTOM_LINES, lines)
        act.put(SPILLOVERS, [] if spill is None else [spill])
    return len(scored) + len(made) + len(now) + len(lines) + (spill is not None)


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

    sums = {
        area: tuple(summed(_leaves(rows, table.areas), i) for i in range(len(table)))
        for area, rows in groups.items()
    }
    every = dict(zip(table.areas, table.counts, strict=True)) | {
        str(a): row for a, row in sums.items()
    }
    areas = tuple(sorted(every))
    return replace(table, areas=areas, counts=tuple(every[area] for area in areas), imported=None)


def _leaves(rows: list[int], areas: Sequence[str]) -> list[int]:
    """Those rows whose area does not lie in another of them: a city and its county are not added up."""
    return [
        row
        for row in rows
        if not any(other != row and areas[row].startswith(areas[other]) for other in rows)
    ]


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
        with_larger(table, within=area), DISEASE, window_days=min(WINDOW_DAYS, len(table) - 1),
        latest=1,
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


def score(record: Record, *, under: AreaPath, until: date) -> tuple[ForecastScore, ...]:
    """Return how the forecasts of the last weeks fared against what is known now, each beside its baseline."""
    days = [until - timedelta(days=back) for back in SCORED_BACK]
    past = record.nouns(FORECASTS, under=under, where={"made": days})
    answer: list[ForecastScore] = []
    for stream in Outlooks:
        of = [each for each in past if each.stream == stream.value and each.control == "as now"]
        table = series(record, stream, under=under, until=until) if of else None
        if table is not None:
            answer += study.scores_of(of, with_larger(table, within=under), together=under)
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
    record: Record, table: SeriesTable, *, within: AreaPath, day: date
) -> tuple[AreaBottomLine, ...]:
    """Return the bottom line of every area against the line drawn nearest above it; none where none was drawn."""
    drawn = {line.area: line for line in record.nouns(LINES)}
    answer: list[AreaBottomLine] = []
    every = with_larger(table, within=within)
    by_line: dict[CommandLine, list[int]] = {}
    for row, area in enumerate(every.areas):
        path = AreaPath(area)
        around = [place for place in (*ancestors_of(path), path) if place in drawn]
        if around:
            by_line.setdefault(drawn[around[-1]], []).append(row)
    for line, rows in by_line.items():
        answer += against(every, rows, line, day=day)
    return tuple(answer)


def against(
    table: SeriesTable, rows: Sequence[int], line: CommandLine, *, day: date
) -> tuple[AreaBottomLine, ...]:
    """Return the bottom lines of some rows of a table against one line."""
    if len(table) < 2:
        return ()
    found = study.bottom_lines(table, DISEASE, limit=line.limit, alarm_at=line.alarm_at, rows=rows)
    return tuple(
        AreaBottomLine(
            id=f"{each.line.name}@{day.isoformat()}", area=each.line.name, day=day,
            resting_on=each.resting_on, line=each.line, drawn_by=line.drawn_by,
        )
        for each in found
    )  # fmt: skip


def what_if(
    record: Record, *, area: AreaPath, until: date, limit: int, alarm_at: float
) -> tuple[AreaBottomLine, ...]:
    """Return the bottom lines of every area in `area` against a line that nobody has drawn yet."""
    check_area(record.viewer, area)
    table = series(record, Outlooks.INFECTIONS, under=area, until=until)
    if table is None:
        return ()
    line = CommandLine(
        id="what-if", area=area, limit=limit, alarm_at=alarm_at, drawn_by="", why="what if"
    )
    every = with_larger(table, within=area)
    return against(every, range(len(every.areas)), line, day=until)


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
    record: Record, *, area: AreaPath, day: date, table: SeriesTable, days: int = SPILL_DAYS
) -> SpilloverOutlook | None:
    """
    Return whether it gets out of the areas of `table` within `days`; None where movement cannot even be modelled.

    Counted trips on record come first; else a gravity law over census residents and the middles of boundaries,
    with its bands. Destinations are the areas of the same level and the places outside.
    """
    widest = {a for a in table.areas if not any(b != a and a.startswith(b) for b in table.areas)}
    origins = [place for place in record.areas(area) if place.path in widest and place.population]
    if not origins:
        return None
    counted = record.nouns(TRIPS, where={"id": [f"trips-{a}" for a in (*ancestors_of(area), area)]})
    names: dict[str, tuple[str, str]] = {}
    if counted:
        trips = counted[-1]
        moving = movement.movement_from_trips(
            trips.origins, trips.destinations, list(trips.trips),
            residents={str(place.path): float(place.population or 0) for place in origins}
            | {origin: 1.0 for origin in trips.origins if origin not in {p.path for p in origins}},
            days=trips.days,
        )  # fmt: skip
        basis = f"counted trips since {trips.since}: {trips.source}"
    else:
        middles = _middles(record, {place.level for place in origins})
        places = [place for place in origins if place.path in middles]
        if not places:
            return None
        others = [
            place
            for place in record.areas(area)
            if place.level in {p.level for p in places} and place.population and place.path in middles
        ]  # fmt: skip
        outside = read_destinations()
        moving = movement.gravity_movement(
            [place.path for place in places],
            [place.path for place in others] + [place.key for place in outside],
            destination_population=[float(place.population or 0) for place in others]
            + [float(place.population) for place in outside],
            km=movement.distances_km(
                [middles[place.path] for place in places],
                [middles[place.path] for place in others]
                + [(place.longitude, place.latitude) for place in outside],
            ),
        )
        names = {place.key: (place.name_zh, place.name_en) for place in outside}
        low, high = movement.DEPARTURE_BAND
        basis = (
            "gravity law (population^1.025, km^-1.368) over census residents and schematic boundaries; "
            f"3 % of residents leave a day, between {low:.0%} and {high:.0%}"
        )
    rows = [row for row, name in enumerate(table.areas) if name in set(moving.origins)]
    if not rows or len(table) < 2:
        return None
    kept = replace(
        table, areas=tuple(table.areas[row] for row in rows),
        counts=tuple(table.counts[row] for row in rows), imported=None,
    )  # fmt: skip
    return spill(
        kept, moving, DISEASE, area=area, day=day, days=days, basis=basis, names=names,
        chance=np.random.default_rng(day.toordinal()), draws=SPILL_DRAWS,
        residents={str(place.path): float(place.population or 0) for place in origins},
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
    names: Mapping[str, tuple[str, str]] | None = None,
    found_after_days: float = FOUND_AFTER_DAYS,
    found_share: float = 1.0,
    unseen_days: float = UNSEEN_DAYS,
    reproduction_there: float | None = None,
    residents: Mapping[str, float] | None = None,
    cuts: Sequence[float] = (0.5, 0.9, 0.99),
) -> SpilloverOutlook:
    """
    Return whether it gets out of the areas of a table along `moving`, averaged over what is believed of prevalence.

    At the destination a chain meets R of `reproduction_there`, that of the origins together where None. Beside the
    chances stands what cutting travel would buy: days, not safety.
    """
    order = {name: row for row, name in enumerate(table.areas)}
    left_out = tuple(name for name in table.areas if name not in set(moving.origins))
    rows = [order[name] for name in moving.origins if name in order]
    keep = [i for i, name in enumerate(moving.origins) if name in order]
    if not rows:
        raise ValueError("none of the areas counted is an origin of the movement")
    at_large, growth = study.infected_paths(
        table, disease, days=days, draws=draws, found_after_days=found_after_days,
        found_share=found_share, residents=residents, chance=chance,
    )  # fmt: skip
    ill = at_large[:, rows]
    rate = moving.rate[keep]
    generation = disease.pmf(disease.longest)
    ages = np.arange(max(int(found_after_days), 1))
    left = float(np.mean([cluster.left_share(int(age), generation) for age in ages]))
    speed = float(np.median(growth))
    there = reproduction_there
    if there is None:
        there = 1.0 / float(generation @ np.exp(-speed * np.arange(generation.size)))
    dispersion = float(np.median(disease.dispersions))
    told = arrival.spillover(
        moving.destinations, rate, ill, reproduction=there, dispersion=dispersion, left_share=left,
        days_to_detection=unseen_days,
    )  # fmt: skip
    flow = ill.sum(axis=2).mean(axis=0)
    expected = flow[:, None] * rate
    outside = np.array([name not in order for name in moving.destinations])
    total = ill.sum(axis=2) @ rate
    anywhere = total[:, outside].sum(axis=1) if outside.any() else total.sum(axis=1)
    return SpilloverOutlook(
        id=f"spill-{area}@{day.isoformat()}", area=area, day=day, days=days,
        basis=f"{basis}; cases are counted {found_after_days:g} days after infection, "
        f"{found_share:.0%} of them ever; R at the destination {there:.2f}, dispersion {dispersion:g}; "
        f"a case there goes unseen for {unseen_days:g} days",
        destinations=told,
        names=tuple((key, *(names or {})[key]) for key in moving.destinations if key in (names or {})),
        paths=_paths_to(moving, keep, expected, speed),
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
        low=float((flow[:, None] * moving.low[keep]).sum()),
        high=float((flow[:, None] * moving.high[keep]).sum()),
        left_out=left_out,
    )  # fmt: skip


def _paths_to(
    moving: movement.Movement,
    keep: list[int],
    expected: NDArray[np.float64],
    speed: float,
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
