"""The outlook at the terminal: on the record, or on any tidy table without one."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.analytics.outlook.study import Disease
    from yipan.model import (
        AreaBottomLine,
        BottomLine,
        OutlookAssumptions,
        SeriesTable,
        SpilloverOutlook,
    )

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
Mean = Annotated[
    float | None,
    typer.Option("--si-mean", help="Mean serial interval, days, in place of that of --assume."),
]
Sd = Annotated[float | None, typer.Option("--si-sd", help="Its standard deviation, days.")]
Assume = Annotated[
    str,
    typer.Option(
        "--assume",
        help="What to take as given: a disease that comes with Yipan, or a file of your own (.yaml).",
    ),
]
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
    assume: Assume = "covid-19",
    si_mean: Mean = None,
    si_sd: Sd = None,
    si_file: Annotated[
        Path | None,
        typer.Option(
            "--si-file",
            help="Serial intervals of your own: lag and one column of shares, or several held alike likely.",
        ),
    ] = None,
    si_mean_sd: Annotated[
        float | None, typer.Option("--si-mean-sd", help="How uncertain the mean is, days (sd).")
    ] = None,
    si_sd_sd: Annotated[
        float | None, typer.Option("--si-sd-sd", help="How uncertain the spread is, days (sd).")
    ] = None,
    discount: Annotated[
        float | None,
        typer.Option(
            "--discount", help="Filter that forgets: yesterday counts so much (0 to 1); no window."
        ),
    ] = None,
    stream: Annotated[
        str | None,
        typer.Option(
            "--stream",
            help="On the record: the newest R of infections, confirmed, asymptomatic, outside_control or under_control.",
        ),
    ] = None,
    window_days: Annotated[int, typer.Option(help="Days of a window.", min=1)] = 7,
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
        _recorded_rt(area, since, until, known_at, stream, plot, as_json=as_json)
        return
    from yipan.analytics.outlook import study
    from yipan.feeds.series import read_intervals

    table = _series(
        file, interval, area, date=date_column, area=area_column, value=value_column,
        imported=imported_column,
    )  # fmt: skip
    disease = _disease(assume, si_mean, si_sd, None)
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
    if discount is not None:
        numbers = study.discounted_numbers(table, disease, discount=discount, latest=latest)
    elif si_file is not None:
        rows = read_intervals(_there(si_file))
        numbers = study.mixed_numbers(
            table, rows, window_days=window_days, latest=latest,
            told=f"{len(rows)} serial interval{'s held alike likely' if len(rows) > 1 else ''} of {si_file.name}",
        )  # fmt: skip
    elif si_mean_sd or si_sd_sd:
        numbers = study.mixed_numbers(
            table,
            study.uncertain_intervals(
                disease, mean_sd_days=si_mean_sd or 0.0, sd_sd_days=si_sd_sd or 0.0, last_lag=len(table) * table.interval.days,
            ),
            window_days=window_days, latest=latest,
            told=f"{disease.told}; mean uncertain by {si_mean_sd or 0:g} d, sd by {si_sd_sd or 0:g} d",
        )  # fmt: skip
    else:
        numbers = study.reproduction_numbers(table, disease, window_days=window_days, latest=latest)
    _draw_rt(numbers, plot)
    door.answer(numbers, as_json=as_json, text=lambda: _rt_table(numbers) + _assuming(numbers))


def _assuming(found: Sequence[Any]) -> str:
    """What was taken as given, once under a table."""
    told = sorted({each.assuming for each in found if getattr(each, "assuming", "")})
    return "".join(f"\nTaken as given: {text}." for text in told)


def _recorded_rt(
    area: str | None, since: str | None, until: str | None, known_at: str | None, stream: str | None,
    plot: Path | None, *, as_json: bool,
) -> None:  # fmt: skip
    from yipan.operations import outlook as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), _needed(area))
            last = door.day(until, (known or door.now()).astimezone(settings.time_zone).date())
            numbers: Sequence[Any]
            if stream is not None:
                numbers = desk.shown_reproduction(
                    record, area=place.path, until=last, stream=_stream(stream)
                )
            else:
                numbers = desk.reproduction(
                    record, area=place.path, since=door.day(since, last - timedelta(days=14)), until=last
                )  # fmt: skip
        _draw_rt(numbers, plot)
        door.answer(numbers, as_json=as_json, text=lambda: _rt_table(numbers) + _assuming(numbers))


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
    assume: Assume = "covid-19",
    si_mean: Mean = None,
    si_sd: Sd = None,
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
                        record, _stream(stream), under=place.path, until=found[0].made
                    )
    else:
        from yipan.analytics.outlook import study
        from yipan.model import Control

        observed = _series(
            file, interval, area, date=date_column, area=area_column, value=value_column
        )
        found = study.forecasts(
            observed, _disease(assume, si_mean, si_sd, None), stream="cases", steps=steps,
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
    assume: Assume = "covid-19",
    si_mean: Mean = None,
    si_sd: Sd = None,
    dispersion: Dispersion = None,
    isolated: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of cases isolated at once from now on.")
    ] = 0.0,
    cut: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Transmission of the others cut from now on.")
    ] = 0.0,
    chains: Annotated[
        Path | None,
        typer.Option(
            "--chains", help="Cases by chain (chain, date, perhaps area): each chain is judged too."
        ),
    ] = None,
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
                        until=last or door.now().date(), time_zone=settings.time_zone,
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
        disease = _disease(assume, si_mean, si_sd, dispersion)
        rested = study.bottom_lines(
            table, disease, limit=limit, alarm_at=alarm_at,
            control=control if isolated or cut else None,
        )  # fmt: skip
        found = tuple(
            AreaBottomLine(
                id=each.line.name, area=each.line.name, day=table.until, resting_on=each.resting_on,
                line=each.line, drawn_by="", assuming=disease.told,
            )
            for each in rested
        )  # fmt: skip
        if chains is not None:
            found += _chain_lines(
                chains, table, disease, limit=limit, alarm_at=alarm_at,
                control=control if isolated or cut else None,
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
    door.answer(found, as_json=as_json, text=lambda: _lines_table(found) + _assuming(found))
    if any(each.line.state.value in {"alarm", "exceeded"} for each in found):
        raise typer.Exit(1)


def _chain_lines(
    file: Path,
    table: "SeriesTable",
    disease: "Disease",
    *,
    limit: int,
    alarm_at: float,
    control: Any,
) -> "tuple[AreaBottomLine, ...]":
    from yipan.analytics.outlook import cluster, study
    from yipan.feeds.series import read_chains
    from yipan.model import AreaBottomLine

    read = read_chains(_there(file))
    last = table.until - timedelta(days=1)
    for each in read:
        if each.days[-1] > last:
            raise ValueError(
                f"{file.name}: chain {each.chain} has a case on {each.days[-1]}, after the last day of the counts, {last}"
            )
    if any(not each.area for each in read) and len(table.areas) > 1:
        raise ValueError(
            f"{file.name}: chains without an area, but the counts are of {len(table.areas)} areas; add a column area"
        )
    clusters = []
    for each in read:
        ages = [(last - day).days for day in each.days]
        clusters.append((
            each.area or table.areas[0],
            cluster.ClusterNow(
                name=each.chain, seen=len(ages), active_ages=tuple(sorted(a for a in ages if a < disease.longest)),
            ),
        ))  # fmt: skip
    found = study.chain_lines(
        table, disease, clusters, limit=limit, alarm_at=alarm_at, control=control
    )
    return tuple(
        AreaBottomLine(
            id=one.line.name, area=area, chain=one.line.name, day=table.until, resting_on=one.resting_on,
            line=one.line, drawn_by="", assuming=disease.told,
        )
        for (area, _), one in zip(clusters, found, strict=True)
    )  # fmt: skip


def _lines_table(found: "Sequence[AreaBottomLine]") -> str:
    def within(line: "BottomLine") -> str:
        return ", ".join(f"{days} d {chance:.1%}" for days, chance in line.within_days)

    return door.table(
        ("area", "chain", "R rests on", "line", "ends above", "above within", "dies out", "state", "best lever"),
        [
            (
                e.area, e.chain or None, e.resting_on, e.line.limit, f"{e.line.probability:.1%}", within(e.line),
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
    places: Annotated[
        Path | None,
        typer.Option(
            "--places",
            help="Where nobody counted: table area, residents, longitude, latitude of origins and destinations.",
        ),
    ] = None,
    law: Annotated[
        str | None,
        typer.Option(
            "--law",
            help="gravity or radiation, with --places (gravity) or on the record in place of its trips.",
        ),
    ] = None,
    departures: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="With --shares or --places: trips per resident and day, out of an area.",
        ),
    ] = None,
    stay: Annotated[
        float | None,
        typer.Option("--stay", min=0.0, help="Days a visitor stays (0: no returning visitors)."),
    ] = None,
    travelling: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="Share of the infected not yet found who travel as usual."
        ),
    ] = None,
    tested_hours: Annotated[
        float | None,
        typer.Option(
            "--tested-hours", min=0.0, help="A test is required so many hours before departure."
        ),
    ] = None,
    test_obeyed: Annotated[
        float,
        typer.Option("--test-obeyed", min=0.0, max=1.0, help="Share of travellers who are tested."),
    ] = 1.0,
    unseen: Annotated[
        float | None, typer.Option("--unseen", help="Days an imported case goes unseen there.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=60, help="Days ahead.")] = 14,
    draws: Annotated[int, typer.Option(min=10, help="Draws from what is believed.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the draws: the same, the same answer.")] = 1,
    interval: Weekly = "day",
    date_column: DateColumn = None,
    area_column: AreaColumn = None,
    value_column: ValueColumn = None,
    assume: Assume = "covid-19",
    si_mean: Mean = None,
    si_sd: Sd = None,
    dispersion: Dispersion = None,
    found_after: Annotated[
        float | None, typer.Option(help="Days from infection until counted.")
    ] = None,
    found_share: Annotated[
        float | None, typer.Option(min=0.001, max=1.0, help="Share of infections ever counted.")
    ] = None,
    plot: Plot = None,
    as_json: door.AsJson = False,
) -> None:
    """Say whether it gets out, where first and when; beside it, what cutting travel would buy."""
    from yipan.operations import outlook as desk
    from yipan.operations import spillover

    if file is None:
        with door.at_post() as (settings, post):
            known = door.moment(known_at, settings) if known_at else None
            with post.store.reading(post.viewer, known_at=known) as record:
                place = door.find_area(record.areas(), _needed(area))
                if law is None:
                    found = desk.recorded_spillover(record, area=place.path)
                else:
                    last = (known or door.now()).astimezone(settings.time_zone).date()
                    found = desk.spillover_by(
                        record, area=place.path, until=last, law=_law(law), days=days
                    )
        if found is None:
            raise LookupError(f"no spillover of {area} is on record; it is made in the round")
    else:
        from numpy.random import default_rng

        table = _series(
            file, interval, area, date=date_column, area=area_column, value=value_column
        )
        assumed = _assumed(assume)

        def given(value: float | None, name: str) -> float:
            return assumed.value(name) if value is None else value

        staying = given(stay, "stay_days")
        moving = _movement(
            trips, shares, residents, places, law, assumed, departures=departures, stay=staying
        )
        found = spillover.spill(
            table, moving.matrix, _disease(assume, si_mean, si_sd, dispersion), area=file.stem,
            day=table.until, days=days, basis=moving.basis, chance=default_rng(seed), draws=draws,
            residents=moving.residents, population=moving.residents, visitors=moving.visitors,
            found_after_days=given(found_after, "found_after_days"),
            found_share=given(found_share, "found_share"), unseen_days=given(unseen, "unseen_days"),
            stay_days=staying, travelling_share=given(travelling, "travelling_share"),
            test=None if tested_hours is None else spillover.RequiredTest(
                hours_before=tested_hours, obeyed_share=test_obeyed
            ),
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
        ("destination", "expected", "95 % interval", "one or more", "lasting", "even by day", "distance", "ends there", "likely from"),
        [
            (
                called.get(d.destination, d.destination), f"{d.expected:.2g}",
                f"{d.expected_low:.2g} to {d.expected_high:.2g}", f"{d.introduced:.1%}", f"{d.lasting:.1%}",
                None if d.half_arrived_day is None else d.half_arrived_day + 1,
                None if path[d.destination].effective_distance is None else f"{path[d.destination].effective_distance:.1f}",
                None if path[d.destination].ends_there is None else f"{path[d.destination].ends_there:.1%}",
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
    assume: Assume = "covid-19",
    si_mean: Mean = None,
    si_sd: Sd = None,
    steps: Annotated[int, typer.Option("--steps", min=1, max=60, help="Horizons scored.")] = 7,
    first: Annotated[int, typer.Option(min=3, help="History before the first forecast.")] = 7,
    every: Annotated[int, typer.Option(min=1, help="A forecast every so many intervals.")] = 1,
    forecasts: Annotated[
        list[Path] | None,
        typer.Option(
            "--forecasts",
            help="Score forecasts made elsewhere, as rows of quantiles in the form of the hubs (repeat for more).",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="With --forecasts: what came (date, location, value)."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", help="With --forecasts: the model the others are held against."),
    ] = None,
    by_place: Annotated[
        bool, typer.Option("--by-place", help="With --forecasts: place by place as well.")
    ] = False,
    as_json: door.AsJson = False,
) -> None:
    """
    Score past forecasts against what came: those on record, made over a file as if each day were today, or made elsewhere.

    Exit code 1 where a forecast's coverage has failed.
    """
    found: Sequence[Any]
    if forecasts:
        if file is not None or truth is None:
            raise typer.BadParameter("--forecasts FILE goes with --truth FILE and no other file")
        found = _outside_scores(forecasts, truth, baseline, by_place=by_place)
    elif file is None:
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
        disease = _disease(assume, si_mean, si_sd, None)
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
            ("of", "area", "horizon", "tasks", "WIS", "log WIS", "WIS / baseline", "log WIS / baseline", "50 %", "90 %", "95 %", "state"),
            [
                (
                    s.stream, s.area, "all" if s.horizon is None else s.horizon, s.card.tasks,
                    f"{s.card.wis:.4g}", f"{s.card.log_wis:.3g}", _ratio(s.card.relative_wis),
                    _ratio(s.card.relative_log_wis), f"{s.card.coverage_50:.0%}",
                    f"{s.card.coverage_90:.0%}", f"{s.card.coverage_95:.0%}",
                    "FAILED" if s.card.failed else "holds",
                )
                for s in found
            ],
        ),
    )  # fmt: skip
    if any(s.card.failed for s in found):
        raise typer.Exit(1)


def _ratio(value: float) -> str | None:
    return None if value != value else f"{value:.3f}"  # noqa: PLR0124  # not a number


def _outside_scores(
    files: Sequence[Path], truth: Path, baseline: str | None, *, by_place: bool
) -> Sequence[Any]:
    from yipan.analytics.outlook import study
    from yipan.feeds.series import read_hub_forecasts, read_truth

    came = read_truth(_there(truth))
    tasks: list[Any] = []
    rows: list[Any] = []
    levels: tuple[float, ...] | None = None
    seen: dict[Any, str] = {}
    for file in files:
        name = file.name.split(".")[0].removeprefix("forecasts_")
        read = read_hub_forecasts(_there(file), model=name)
        if levels is not None and read.levels != levels:
            raise ValueError(
                f"{file.name} states {len(read.levels)} levels from {read.levels[0]:g} to {read.levels[-1]:g}, "
                f"{files[0].name} {len(levels)} from {levels[0]:g} to {levels[-1]:g}; they cannot be compared"
            )
        levels = read.levels
        for task in read.tasks:
            if task in seen:
                raise ValueError(
                    f"{file.name} tells model {task[0]} for {task[2]} on {task[3]} again; it is in {seen[task]}"
                )
            seen[task] = file.name
        tasks += read.tasks
        rows += read.quantiles
    assert levels is not None
    for wanted in (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975):
        if not any(abs(level - wanted) < 1e-6 for level in levels):
            raise ValueError(
                f"level {wanted:g} is missing; scores need 0.025, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.975"
            )
    return study.hub_scores(tasks, rows, levels, came, baseline=baseline, by_place=by_place)


@app.command()
def assumptions(
    disease: Annotated[
        str, typer.Argument(help="A disease, or a file of your own (.yaml).")
    ] = "covid-19",
    area: Annotated[
        str | None,
        typer.Option(
            "--area", help="What holds there by the record, in place of what comes along."
        ),
    ] = None,
    as_json: door.AsJson = False,
) -> None:
    """List what the outlook takes as given, each figure with its source or marked as assumed."""
    from yipan.packs.assumptions import read_assumptions

    own = Path(disease)
    if area is not None:
        from yipan.operations import outlook as desk

        with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
            blocks: Sequence[Any] = (
                desk.assumptions(
                    record,
                    area=place.path,
                    day=door.now().astimezone(settings.time_zone).date(),
                    disease=disease,
                ),
            )
    else:
        blocks = read_assumptions(_there(own) if own.suffix in {".yaml", ".yml"} else disease)
    door.answer(
        blocks, as_json=as_json,
        text=lambda: door.table(
            ("disease", "since", "checked", "figure", "value", "interval", "from", "note"),
            [
                (
                    block.disease, block.since, block.checked, figure.name, " or ".join(f"{v:g}" for v in figure.values),
                    None if figure.low is None else f"{figure.low:g} to {figure.high:g}",
                    "assumed" if figure.assumption else figure.source, figure.note or None,
                )
                for block in blocks
                for figure in block.figures
            ],
        ),
    )  # fmt: skip


@app.command()
def assume(
    file: Annotated[
        Path, typer.Argument(help="A file of assumptions (.yaml), as `assumptions` lists them.")
    ],
    area: door.AreaOption,
    why: Annotated[str, typer.Option("--why", help="Why these figures hold here.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put your own assumptions on record for an area and all in it; the next rounds rest on them."""
    from yipan.operations import outlook as desk
    from yipan.packs.assumptions import read_assumptions

    blocks = read_assumptions(_there(file))
    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
        put = desk.put_assumptions(
            post, area=place.path, blocks=blocks, why=why, at=door.moment(at, settings)
        )
    door.answer(
        put, as_json=as_json,
        text=lambda: "\n".join(f"{b.disease} since {b.since} for {b.area}: {b.told(*(f.name for f in b.figures))}" for b in put),
    )  # fmt: skip


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
    from yipan.operations import spillover

    read = read_trips(_there(file))
    with door.at_post() as (settings, post):
        table = spillover.put_trips(
            post, since=door.day(since, door.now().date()), days=read.days, origins=read.origins,
            destinations=read.destinations, trips=read.trips, source=source,
            at=door.moment(at, settings),
        )  # fmt: skip
    door.answer(
        table, as_json=as_json,
        text=lambda: f"{len(table.trips)} pairs over {table.days} days are on record.",
    )  # fmt: skip


def _stream(text: str) -> Any:
    from yipan.operations.outlook import Outlooks

    try:
        return Outlooks(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no stream; expected {', '.join(each.value for each in Outlooks)}"
        ) from None


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


def _assumed(assume: str) -> "OutlookAssumptions":
    """The newest block of a disease's assumptions, or of a file of one's own."""
    from yipan.packs.assumptions import read_assumptions

    own = Path(assume)
    return read_assumptions(_there(own) if own.suffix in {".yaml", ".yml"} else assume)[-1]


def _disease(
    assume: str, mean: float | None, sd: float | None, dispersions: list[float] | None
) -> "Disease":
    from dataclasses import replace

    from yipan.analytics.outlook.study import disease_of

    disease = disease_of(_assumed(assume))
    if mean is None and sd is None and not dispersions:
        return disease
    return replace(
        disease, interval_mean_days=disease.interval_mean_days if mean is None else mean,
        interval_sd_days=disease.interval_sd_days if sd is None else sd,
        dispersions=tuple(dispersions) if dispersions else disease.dispersions, assuming="",
    )  # fmt: skip


def _law(text: str) -> Any:
    if text not in {"gravity", "radiation"}:
        raise typer.BadParameter(f"{text!r} is no law of movement; expected gravity or radiation")
    return text


class _Moving(NamedTuple):
    """How people move, as the options say."""

    matrix: Any
    basis: str
    residents: dict[str, float] | None
    visitors: Any = None


def _movement(
    trips: Path | None,
    shares: Path | None,
    residents: Path | None,
    places: Path | None,
    law: str | None,
    assumed: "OutlookAssumptions",
    *,
    departures: float | None,
    stay: float,
) -> _Moving:
    from yipan.analytics.spread import movement
    from yipan.feeds.series import read_places, read_residents, read_shares, read_trips
    from yipan.operations import spillover

    if sum(each is not None for each in (trips, shares, places)) != 1:
        raise typer.BadParameter(
            "say how people move: one of --trips FILE, --shares FILE, --places FILE"
        )
    people = read_residents(_there(residents)) if residents is not None else None
    usual = assumed.figure("departures_share")
    leaving = usual.values[0] if departures is None else departures
    band = (min(usual.low or leaving, leaving), max(usual.high or leaving, leaving))
    rate = f"{leaving:.0%} of residents leave a day, between {band[0]:.0%} and {band[1]:.0%}"
    if trips is not None:
        if people is None:
            raise typer.BadParameter("counted trips need --residents FILE")
        read = read_trips(_there(trips))
        matrix = movement.movement_from_trips(
            read.origins, read.destinations, list(read.trips), residents=people, days=read.days
        )
        visitors = movement.visitors_from_trips(
            matrix, read.origins, read.destinations, list(read.trips),
            residents=[people[name] for name in matrix.origins], days=read.days, stay_days=stay,
        )  # fmt: skip
        return _Moving(
            matrix,
            f"trips of {trips.name} over {read.days} days",
            people,
            visitors if stay else None,
        )
    if shares is not None:
        table = read_shares(_there(shares))
        matrix = movement.movement_from_shares(
            table.origins, table.destinations, [list(row) for row in table.shares],
            departures=leaving, departure_band=band,
        )  # fmt: skip
        return _Moving(matrix, f"shares of {shares.name}; {rate}", people)
    assert places is not None
    where = read_places(_there(places))
    names = tuple(where.residents)
    matrix = spillover.modelled(
        _law(law or "gravity"), names, names, residents=where.residents, where=where.where,
        departures=leaving, band=band,
    )  # fmt: skip
    return _Moving(
        matrix, f"{law or 'gravity'} law over the places of {places.name}; {rate}", where.residents
    )


def _one_area(areas: Sequence[str]) -> str:
    names = list(dict.fromkeys(areas))
    if len(names) != 1:
        raise typer.BadParameter(
            f"a picture shows one area; name it with --area (there are {len(names)})"
        )
    return names[0]
