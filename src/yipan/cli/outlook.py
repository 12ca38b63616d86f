"""The outlook at the terminal: on the record, or on any tidy table without one."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.analytics.outlook.study import Disease
    from yipan.model import AreaBottomLine, BottomLine, SeriesTable, SpilloverOutlook

app = typer.Typer(help="What is happening, what comes next, can it get out.", no_args_is_help=True)

File = Annotated[
    Path | None,
    typer.Argument(help="A tidy table (CSV, TSV, XLSX, Parquet); without it the record is asked."),
]
Area = Annotated[
    str | None,
    typer.Option("--area", help="On the record: path, code or name. In a file: one of its areas."),
]
Weekly = Annotated[str, typer.Option("--interval", help="What one row covers: day or week.")]
DateColumn = Annotated[str | None, typer.Option("--date-column", help="The column of days.")]
AreaColumn = Annotated[str | None, typer.Option("--area-column", help="The column of areas.")]
ValueColumn = Annotated[str | None, typer.Option("--value-column", help="The column of counts.")]
ImportedColumn = Annotated[
    str | None, typer.Option("--imported-column", help="The column of imported cases.")
]
KnownColumn = Annotated[
    str | None, typer.Option("--known-column", help="The column of days a figure became known.")
]
Mean = Annotated[float, typer.Option("--si-mean", help="Mean serial interval, days.")]
Sd = Annotated[float, typer.Option("--si-sd", help="Its standard deviation, days.")]
Dispersion = Annotated[
    list[float] | None,
    typer.Option("--dispersion", help="Dispersion of offspring; several are held alike likely."),
]
Plot = Annotated[
    Path | None, typer.Option("--plot", help="Draw the answer into this .svg or .png.")
]
Stream = Annotated[
    str,
    typer.Option(
        "--stream",
        help="infections, confirmed, asymptomatic, outside_control or under_control (on the record).",
    ),
]
SI_MEAN, SI_SD = 2.7, 1.8


@app.callback()
def outlook() -> None:
    """How fast it spreads, what will be, whether it stays small, whether it gets out."""


@app.command()
def rt(
    file: File = None,
    area: Area = None,
    since: door.Since = None,
    until: door.Until = None,
    known_at: door.KnownAt = None,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    imported_column: ImportedColumn = None,
    si_mean: Mean = SI_MEAN,
    si_sd: Sd = SI_SD,
    window_days: Annotated[int, typer.Option(help="Days of a window.")] = 7,
    latest: Annotated[
        int | None, typer.Option(help="Only so many newest windows of each area.")
    ] = None,
    cohort: Annotated[
        bool, typer.Option("--cohort", help="Wallinga-Teunis R of each day's cases (file only).")
    ] = False,
    plot: Plot = None,
    as_json: door.AsJson = False,
) -> None:
    """List reproduction numbers with their intervals; "too few cases" where there are too few."""
    if file is None:
        _recorded_rt(area, since, until, known_at, plot, as_json=as_json)
        return
    from yipan.analytics.outlook import study

    table = _series(
        file, interval, area, date=date_column, area=area_column, value=value_column,
        imported=imported_column,
    )  # fmt: skip
    disease = _disease(si_mean, si_sd, None)
    if cohort:
        found = study.cohort_numbers(table, disease)
        told = [
            {"area": a, "day": day, "reproduction": r, "seen_share": round(seen, 4)}
            for a, day, r, seen in found
        ]
        door.answer(
            told, as_json=as_json,
            text=lambda: door.table(
                ("area", "day", "R of its cases", "share seen"),
                [(a, day, None if r is None else f"{r:.2f}", f"{seen:.0%}") for a, day, r, seen in found],
            ),
        )  # fmt: skip
        return
    numbers = study.reproduction_numbers(table, disease, window_days=window_days, latest=latest)
    _draw_rt(numbers, plot)
    door.answer(numbers, as_json=as_json, text=lambda: _rt_table(numbers))


def _recorded_rt(
    area: str | None, since: str | None, until: str | None, known_at: str | None,
    plot: Path | None, *, as_json: bool,
) -> None:  # fmt: skip
    from yipan.operations import outlook as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), _needed(area))
            last = door.day(until, (known or door.now()).astimezone(settings.time_zone).date())
            numbers = desk.reproduction(
                record, area=place.path, since=door.day(since, last - timedelta(days=14)), until=last
            )  # fmt: skip
        _draw_rt(numbers, plot)
        door.answer(numbers, as_json=as_json, text=lambda: _rt_table(numbers))


def _rt_table(numbers: Sequence[Any]) -> str:
    return door.table(
        ("area", "rests on", "since", "until", "R", "95 % interval", "cases", "missing days", "state"),
        [
            (
                n.area, getattr(n, "resting_on", n.area), n.since, n.until,
                f"{n.estimate.value:.2f}" if n.estimate else None,
                f"{n.estimate.low:.2f} to {n.estimate.high:.2f}" if n.estimate else None,
                n.cases, n.missing_days, n.state.value.replace("_", " "),
            )
            for n in numbers
        ],
    )  # fmt: skip


def _draw_rt(numbers: Sequence[Any], plot: Path | None) -> None:
    if plot is None:
        return
    from yipan.operations import charts

    shown = _one_area([n.area for n in numbers])
    own = [n for n in numbers if n.area == shown]
    days = tuple(n.until for n in own)
    charts.save(
        charts.chart(
            f"R, {shown}",
            curves=[charts.Curve(days=days, values=tuple(n.estimate and n.estimate.value for n in own), colour=charts.LINE)],
            bands=[
                charts.Band(
                    days=days, low=tuple(n.estimate and n.estimate.low for n in own),
                    high=tuple(n.estimate and n.estimate.high for n in own),
                )
            ],
            level=1.0,
        ),
        plot,
    )  # fmt: skip


@app.command()
def nowcast(
    file: File = None,
    area: Area = None,
    known_at: door.KnownAt = None,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    known_column: KnownColumn = None,
    increments: Annotated[
        bool,
        typer.Option("--increments", help="Values are newly reported, not what a day stands at."),
    ] = False,
    today: Annotated[str | None, typer.Option(help="Reports are in up to this day.")] = None,
    most_delay: Annotated[int, typer.Option(help="The longest delay reckoned with.")] = 21,
    plot: Plot = None,
    as_json: door.AsJson = False,
) -> None:
    """Say what the latest days will come to once all reports are in, from versions of the counts."""
    if file is None:
        from yipan.operations import outlook as desk

        with door.at_post() as (settings, post):
            known = door.moment(known_at, settings) if known_at else None
            with post.store.reading(post.viewer, known_at=known) as record:
                place = door.find_area(record.areas(), _needed(area))
                found = desk.recorded_nowcasts(record, area=place.path)
    else:
        from yipan.analytics.outlook import study
        from yipan.feeds.series import read_versions

        named = _named(date=date_column, area=area_column, value=value_column, known=known_column)
        versions = read_versions(_there(file), named=named, increments=increments)
        chosen = [v for v in versions if area is None or v.area == area]
        if not chosen:
            raise LookupError(f"no area {area!r} in {file.name}")
        last = door.day(today, max(v.known for v in chosen))
        found = study.nowcasts(
            chosen, stream="cases", interval=_interval(interval), today=last, most_delay=most_delay
        )
    if plot is not None and found:
        from yipan.operations import charts

        one = found[0]
        days = tuple(
            one.first_day + timedelta(days=i * one.interval.days) for i in range(len(one.known))
        )
        charts.save(
            charts.chart(
                f"nowcast, {one.area}",
                curves=[
                    charts.Curve(days=days, values=one.known, dots=True),
                    charts.Curve(days=days, values=tuple(None if q is None else q[len(q) // 2] for q in one.quantiles), colour=charts.LINE),
                ],
                bands=[charts.Band(days=days, low=tuple(None if q is None else q[0] for q in one.quantiles), high=tuple(None if q is None else q[-1] for q in one.quantiles))],
            ),
            plot,
        )  # fmt: skip
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("area", "day", "known", "share seen", "will be", "95 % interval", "state"),
            [
                (
                    each.area, each.first_day + timedelta(days=i * each.interval.days), known,
                    f"{each.seen[i]:.0%}", None if q is None else f"{q[len(q) // 2]:.0f}",
                    None if q is None else f"{q[0]:.0f} to {q[-1]:.0f}",
                    each.states[i].value.replace("_", " "),
                )
                for each in found
                for i, (known, q) in enumerate(zip(each.known, each.quantiles, strict=True))
            ],
        ),
    )  # fmt: skip


@app.command()
def forecast(
    file: File = None,
    area: Area = None,
    stream: Stream = "infections",
    known_at: door.KnownAt = None,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    si_mean: Mean = SI_MEAN,
    si_sd: Sd = SI_SD,
    steps: Annotated[int, typer.Option("--steps", min=1, max=60, help="Days or weeks ahead.")] = 14,
    cut: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Transmission cut from now on by this share (file only)."
        ),
    ] = 0.0,
    rehearsals: Annotated[
        int, typer.Option(help="Earlier origins from which weights are learned.")
    ] = 8,
    plot: Plot = None,
    as_json: door.AsJson = False,
) -> None:
    """Say what comes next as quantiles; a forecast whose past coverage failed is shown as failed."""
    observed: Any = None
    if file is None:
        from yipan.operations import outlook as desk

        with door.at_post() as (settings, post):
            known = door.moment(known_at, settings) if known_at else None
            with post.store.reading(post.viewer, known_at=known) as record:
                place = door.find_area(record.areas(), _needed(area))
                found = desk.forecasts(record, area=place.path, stream=stream)
                if found and plot is not None:
                    observed = desk.series(
                        record, desk.Outlooks(stream), under=place.path, until=found[0].made
                    )
    else:
        from yipan.analytics.outlook import study
        from yipan.model import Control

        observed = _series(
            file, interval, area, date=date_column, area=area_column, value=value_column
        )
        found = study.forecasts(
            observed, _disease(si_mean, si_sd, None), stream="cases", steps=steps,
            control=Control(name=f"cut by {cut:.0%}", cut_share=cut) if cut else None,
            rehearsals=rehearsals,
        )  # fmt: skip
    if plot is not None and found:
        _draw_forecast(found, observed, plot)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("area", "day", "median", "50 % interval", "95 % interval", "state"),
            [
                (
                    each.area, each.day(i), f"{q[11]:.0f}", f"{q[6]:.0f} to {q[16]:.0f}",
                    f"{q[1]:.0f} to {q[21]:.0f}", "FAILED coverage" if each.failed else each.control,
                )
                for each in found
                for i, q in enumerate(each.quantiles)
            ]
            + [
                (each.area, each.first_day, None, None, None, each.state.value.replace("_", " "))
                for each in found
                if not each.quantiles
            ],
        ),
    )  # fmt: skip


def _draw_forecast(found: Sequence[Any], observed: "SeriesTable | None", plot: Path) -> None:
    from yipan.operations import charts

    shown = _one_area([each.area for each in found if each.quantiles])
    one = next(each for each in found if each.area == shown)
    days = tuple(one.day(i) for i in range(len(one.quantiles)))
    curves = [
        charts.Curve(days=days, values=tuple(q[11] for q in one.quantiles), colour=charts.LINE)
    ]
    if observed is not None and shown in observed.areas:
        row = observed.counts[observed.areas.index(shown)][-60:]
        start = len(observed) - len(row)
        curves.append(
            charts.Curve(
                days=tuple(observed.day(start + i) for i in range(len(row))), values=row, dots=True
            )
        )
    failed = ", coverage FAILED" if one.failed else ""
    charts.save(
        charts.chart(
            f"forecast, {shown}{failed}",
            curves=curves,
            bands=[
                charts.Band(
                    days=days,
                    low=tuple(q[low] for q in one.quantiles),
                    high=tuple(q[22 - low] for q in one.quantiles),
                    strength=strength,
                )
                for low, strength in ((1, 0.2), (6, 0.35))
            ],
        ),
        plot,
    )


@app.command("bottom-line")
def bottom_line(
    file: File = None,
    area: Area = None,
    known_at: door.KnownAt = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="The command's line: cases at most.")
    ] = None,
    alarm_at: Annotated[
        float, typer.Option(help="Alarm from this chance on.", min=0.0001, max=0.9999)
    ] = 0.05,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    imported_column: ImportedColumn = None,
    si_mean: Mean = SI_MEAN,
    si_sd: Sd = SI_SD,
    dispersion: Dispersion = None,
    isolated: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of cases isolated at once from now on.")
    ] = 0.0,
    cut: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Transmission of the others cut from now on.")
    ] = 0.0,
    plot: Plot = None,
    as_json: door.AsJson = False,
) -> None:
    """
    Say how likely an outbreak ends above the line, and above it within 7, 14 and 28 days; what lowers it most.

    Exit code 1 where an area is in alarm or above the line.
    """
    if file is None:
        from yipan.operations import outlook as desk

        with door.at_post() as (settings, post):
            known = door.moment(known_at, settings) if known_at else None
            with post.store.reading(post.viewer, known_at=known) as record:
                place = door.find_area(record.areas(), _needed(area))
                _, last = record.count_span()
                if limit is None:
                    found = desk.recorded_lines(record, area=place.path)
                else:
                    found = desk.what_if(
                        record, area=place.path, limit=limit, alarm_at=alarm_at,
                        until=last or door.now().date(),
                    )  # fmt: skip
    else:
        from yipan.analytics.outlook import study
        from yipan.model import AreaBottomLine, Control

        if limit is None:
            raise typer.BadParameter("name the line with --limit: at most how many cases")
        table = _series(
            file, interval, area, date=date_column, area=area_column, value=value_column,
            imported=imported_column,
        )  # fmt: skip
        control = Control(name="from now on", isolated_share=isolated, cut_share=cut)
        rested = study.bottom_lines(
            table, _disease(si_mean, si_sd, dispersion), limit=limit, alarm_at=alarm_at,
            control=control if isolated or cut else None,
        )  # fmt: skip
        found = tuple(
            AreaBottomLine(
                id=each.line.name, area=each.line.name, day=table.until, resting_on=each.resting_on,
                line=each.line, drawn_by="",
            )
            for each in rested
        )  # fmt: skip
    if plot is not None and found:
        from yipan.operations import charts

        charts.save(
            charts.bars(
                f"chance to exceed {found[0].line.limit} cases",
                [(e.area, e.line.probability, f"{e.line.probability:.1%}") for e in found[:30]],
                level=alarm_at,
            ),
            plot,
        )
    door.answer(found, as_json=as_json, text=lambda: _lines_table(found))
    if any(each.line.state.value in {"alarm", "exceeded"} for each in found):
        raise typer.Exit(1)


def _lines_table(found: "Sequence[AreaBottomLine]") -> str:
    def within(line: "BottomLine") -> str:
        return ", ".join(f"{days} d {chance:.1%}" for days, chance in line.within_days)

    return door.table(
        ("area", "R rests on", "line", "ends above", "above within", "dies out", "state", "best lever"),
        [
            (
                e.area, e.resting_on, e.line.limit, f"{e.line.probability:.1%}", within(e.line),
                f"{e.line.dies_out:.0%}", e.line.state.value,
                f"{e.line.levers[0].name} (-{e.line.levers[0].lowered_by:.1%})" if e.line.levers else None,
            )
            for e in found
        ],
    )  # fmt: skip


@app.command("draw-line")
def draw_line(
    area: door.AreaOption,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Cases at most.")],
    why: Annotated[str, typer.Option("--why", help="Why here and not elsewhere.")],
    alarm_at: Annotated[float, typer.Option(help="Alarm from this chance on.")] = 0.05,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Draw the command's line for an area and all in it; the next rounds judge against it."""
    from yipan.operations import outlook as desk

    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
        line = desk.draw_line(
            post, area=place.path, limit=limit, alarm_at=alarm_at, why=why,
            at=door.moment(at, settings),
        )  # fmt: skip
    door.answer(
        line, as_json=as_json,
        text=lambda: f"{line.area}: at most {line.limit} cases, alarm from {line.alarm_at:.0%} on.",
    )  # fmt: skip


@app.command()
def spill(
    file: File = None,
    area: Area = None,
    known_at: door.KnownAt = None,
    trips: Annotated[
        Path | None, typer.Option("--trips", help="Table from, to, trips (perhaps date).")
    ] = None,
    shares: Annotated[
        Path | None,
        typer.Option("--shares", help="Matrix of shares: origins down, destinations across."),
    ] = None,
    residents: Annotated[
        Path | None, typer.Option("--residents", help="Table area, residents.")
    ] = None,
    departures: Annotated[
        float, typer.Option(help="With --shares: trips per resident and day, out of an area.")
    ] = 0.03,
    days: Annotated[int, typer.Option(min=1, max=60, help="Days ahead.")] = 14,
    draws: Annotated[int, typer.Option(min=10, help="Draws from what is believed.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the draws: the same, the same answer.")] = 1,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    si_mean: Mean = SI_MEAN,
    si_sd: Sd = SI_SD,
    dispersion: Dispersion = None,
    found_after: Annotated[float, typer.Option(help="Days from infection until counted.")] = 4.0,
    found_share: Annotated[
        float, typer.Option(min=0.001, max=1.0, help="Share of infections ever counted.")
    ] = 1.0,
    plot: Plot = None,
    as_json: door.AsJson = False,
) -> None:
    """Say whether it gets out, where first and when; beside it, what cutting travel would buy."""
    from yipan.operations import outlook as desk

    if file is None:
        with door.at_post() as (settings, post):
            known = door.moment(known_at, settings) if known_at else None
            with post.store.reading(post.viewer, known_at=known) as record:
                place = door.find_area(record.areas(), _needed(area))
                found = desk.recorded_spillover(record, area=place.path)
        if found is None:
            raise LookupError(f"no spillover of {area} is on record; it is made in the round")
    else:
        from numpy.random import default_rng

        table = _series(
            file, interval, area, date=date_column, area=area_column, value=value_column
        )
        people = _residents(residents)
        moving, basis = _movement(trips, shares, people, departures)
        found = desk.spill(
            table, moving, _disease(si_mean, si_sd, dispersion), area=file.stem, day=table.until,
            days=days, basis=basis, chance=default_rng(seed), draws=draws, residents=people,
            found_after_days=found_after, found_share=found_share,
        )  # fmt: skip
    told = found
    if plot is not None:
        from yipan.operations import charts

        called = {key: en for key, _, en in told.names}
        charts.save(
            charts.bars(
                f"chance of at least one infected arrival within {told.days} days",
                [
                    (called.get(d.destination, d.destination), d.introduced, f"{d.introduced:.1%}")
                    for d in told.destinations[:25]
                ],
            ),
            plot,
        )
    door.answer(told, as_json=as_json, text=lambda: _spill_text(told))


def _spill_text(found: "SpilloverOutlook") -> str:
    path = {each.destination: each for each in found.paths}
    called = {key: f"{zh} {en}" for key, zh, en in found.names}
    table = door.table(
        ("destination", "expected", "95 % interval", "one or more", "lasting", "even by day", "distance", "likely from"),
        [
            (
                called.get(d.destination, d.destination), f"{d.expected:.2g}",
                f"{d.expected_low:.2g} to {d.expected_high:.2g}", f"{d.introduced:.1%}", f"{d.lasting:.1%}",
                None if d.half_arrived_day is None else d.half_arrived_day + 1,
                None if path[d.destination].effective_distance is None else f"{path[d.destination].effective_distance:.1f}",
                ", ".join(f"{name} {share:.0%}" for name, share in path[d.destination].likely_origins[:2]),
            )
            for d in found.destinations
        ],
    )  # fmt: skip
    growth = found.growth_per_day
    cuts = "\n".join(
        f"Cutting travel by {d.cut_share:.0%} "
        + (f"buys {d.days:.1f} days" if d.days is not None else "changes numbers, not dates (nothing grows)")
        + f"; something still arrives with a chance of {d.introduced_anyway:.1%}."
        for d in found.delays
    )  # fmt: skip
    return (
        f"{table}\n\nIn all {found.expected:.2g} expected in {found.days} days "
        f"(movement between {found.low:.2g} and {found.high:.2g}); growth "
        f"{'none' if growth is None else f'{growth:+.1%} a day'}.\n{cuts}\nRests on: {found.basis}."
        + (f"\nLeft out, no movement known: {', '.join(found.left_out)}." if found.left_out else "")
    )


@app.command()
def score(
    file: File = None,
    area: Area = None,
    known_at: door.KnownAt = None,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    si_mean: Mean = SI_MEAN,
    si_sd: Sd = SI_SD,
    steps: Annotated[int, typer.Option("--steps", min=1, max=60, help="Horizons scored.")] = 7,
    first: Annotated[int, typer.Option(min=3, help="History before the first forecast.")] = 7,
    every: Annotated[int, typer.Option(min=1, help="A forecast every so many intervals.")] = 1,
    as_json: door.AsJson = False,
) -> None:
    """
    Score past forecasts against what came: those on record, or made over a file as if each day were today.

    Exit code 1 where a forecast's coverage has failed.
    """
    if file is None:
        from yipan.operations import outlook as desk

        with door.at_post() as (settings, post):
            known = door.moment(known_at, settings) if known_at else None
            with post.store.reading(post.viewer, known_at=known) as record:
                place = door.find_area(record.areas(), _needed(area))
                found = desk.scores(record, area=place.path)
    else:
        from yipan.analytics.outlook import study

        table = _series(
            file, interval, area, date=date_column, area=area_column, value=value_column
        )
        disease = _disease(si_mean, si_sd, None)
        made: list[Any] = []
        total = len(range(first, len(table), every))
        for _, then in door.progress(
            study.origins(table, first=first, every=every), total=total, told="forecasting as then"
        ):
            made += study.forecasts(then, disease, stream="cases", steps=steps)
        found = study.scores_of(made, table, together="all areas")
        if not found:
            raise ValueError(f"{file.name} is too short to score: {len(table)} intervals")
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("area", "horizon", "tasks", "WIS / no change", "log WIS / no change", "50 %", "90 %", "95 %", "state"),
            [
                (
                    s.area, s.horizon or "all", s.card.tasks, f"{s.card.relative_wis:.2f}",
                    f"{s.card.relative_log_wis:.2f}", f"{s.card.coverage_50:.0%}",
                    f"{s.card.coverage_90:.0%}", f"{s.card.coverage_95:.0%}",
                    "FAILED" if s.card.failed else "holds",
                )
                for s in found
            ],
        ),
    )  # fmt: skip
    if any(s.card.failed for s in found):
        raise typer.Exit(1)


@app.command("put-trips")
def put_trips(
    file: Annotated[Path, typer.Argument(help="Table from, to, trips, date; origins by path.")],
    source: Annotated[str, typer.Option("--source", help="Who counted, and under which terms.")],
    since: Annotated[str, typer.Option("--since", help="First day counted.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put counted trips on record; the spillover rests on them from the next round on."""
    from yipan.feeds.series import read_trips
    from yipan.operations import outlook as desk

    read = read_trips(_there(file))
    with door.at_post() as (settings, post):
        table = desk.put_trips(
            post, since=door.day(since, door.now().date()), days=read.days, origins=read.origins,
            destinations=read.destinations, trips=read.trips, source=source,
            at=door.moment(at, settings),
        )  # fmt: skip
    door.answer(
        table, as_json=as_json,
        text=lambda: f"{len(table.trips)} pairs over {table.days} days are on record.",
    )  # fmt: skip


def _needed(area: str | None) -> str:
    if area is None:
        raise typer.BadParameter("name an --area of the record, or a file")
    return area


def _there(file: Path) -> Path:
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    return file


def _interval(text: str) -> Any:
    from yipan.model import Interval

    try:
        return Interval(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no interval; expected day or week") from None


def _named(**columns: str | None) -> dict[str, str]:
    return {role: name for role, name in columns.items() if name}


def _series(file: Path, interval: str, only: str | None, **columns: str | None) -> "SeriesTable":
    from yipan.feeds.series import read_series

    return read_series(
        _there(file), interval=_interval(interval), named=_named(**columns),
        only=None if only is None else [only],
    )  # fmt: skip


def _disease(mean: float, sd: float, dispersions: list[float] | None) -> "Disease":
    from yipan.analytics.outlook.study import DISPERSIONS, Disease

    return Disease(
        interval_mean_days=mean, interval_sd_days=sd,
        dispersions=tuple(dispersions) if dispersions else DISPERSIONS,
    )  # fmt: skip


def _residents(file: Path | None) -> dict[str, float] | None:
    if file is None:
        return None
    from yipan.feeds.series import read_residents

    return read_residents(_there(file))


def _movement(
    trips: Path | None, shares: Path | None, people: dict[str, float] | None, departures: float
) -> tuple[Any, str]:
    from yipan.analytics.spread import movement
    from yipan.feeds.series import read_shares, read_trips

    if (trips is None) is (shares is None):
        raise typer.BadParameter("say how people move: --trips FILE or --shares FILE")
    if trips is not None:
        if people is None:
            raise typer.BadParameter("counted trips need --residents FILE")
        read = read_trips(_there(trips))
        return (
            movement.movement_from_trips(
                read.origins, read.destinations, list(read.trips), residents=people, days=read.days
            ),
            f"trips of {trips.name} over {read.days} days",
        )
    assert shares is not None
    matrix = read_shares(_there(shares))
    low, high = movement.DEPARTURE_BAND
    return (
        movement.movement_from_shares(
            matrix.origins, matrix.destinations, [list(row) for row in matrix.shares],
            departures=departures, departure_band=movement.DEPARTURE_BAND,
        ),
        f"shares of {shares.name}; {departures:.0%} of residents leave a day, between {low:.0%} and {high:.0%}",
    )  # fmt: skip


def _one_area(areas: Sequence[str]) -> str:
    names = list(dict.fromkeys(areas))
    if len(names) != 1:
        raise typer.BadParameter(
            f"a picture shows one area; name it with --area (there are {len(names)})"
        )
    return names[0]
