"""The watch at the terminal: on the record, and on anybody's own table without one."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.model import AreaPath, CountSeries, KindMethod, SchoolBreak
    from yipan.operations.streams import Contribution, Picture
    from yipan.operations.watching import Burden

app = typer.Typer(help="Which streams stand out, and why.", no_args_is_help=True)

FileArgument = Annotated[
    Path | None,
    typer.Argument(
        help="A CSV with a day and a count column (area, stream, site if there are); the record if left out."
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="The method by its name; `yipan watch methods` lists them. On the record what the rule in force says if left out.",
    ),
]
Kind = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        help='COUNTED/INTERVAL=METHOD: another method for one kind of stream, as in ili_visits/week="Farrington flexible"; may be given again.',
    ),
]
DayOption = Annotated[
    str | None, typer.Option("--day", help="The day judged; the newest if left out.")
]
Alpha = Annotated[
    float | None,
    typer.Option("--alpha", help="Share of quiet days on which one stream may stand out (0.005)."),
]
FalseShare = Annotated[
    float | None,
    typer.Option(
        "--false-share", help="Share of false ones that may be among all that is raised (0.1)."
    ),
]
Terms = Annotated[
    Path | None,
    typer.Option(
        "--terms",
        help="A CSV of school holidays for a table of one's own; on the record those registered hold.",
    ),
]
Weekly = Annotated[
    bool | None,
    typer.Option("--weekly/--daily", help="What one row covers; seen from the days if left out."),
]


@app.callback()
def watch() -> None:
    """Which streams stand out, and why."""


AreaAsked = Annotated[str | None, typer.Option("--area", help="The area; the whole if left out.")]


@app.command()
def signals(
    area: door.AreaOption,
    since: door.Since = None,
    until: door.Until = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the signals of an area, newest first, each with its sentence. Exit code 1 where there are any."""
    from yipan.operations import watch as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            last = door.day(until, (known or door.now()).astimezone(settings.time_zone).date())
            found = desk.signals(
                record,
                area=place.path,
                since=door.day(since, last - timedelta(days=14)),
                until=last,
            )
        door.answer(
            found,
            as_json=as_json,
            text=lambda: (
                "\n".join(f"{s.explanation.zh}\n{s.explanation.en}\n" for s in found)
                or f"Nothing stands out in {place.name_en} ({place.name_zh})."
            ),
        )
    raise typer.Exit(1 if found else 0)


@app.command()
def run(
    file: FileArgument = None,
    area: Annotated[
        str | None, typer.Option("--area", help="The area of the record; the whole if left out.")
    ] = None,
    day: DayOption = None,
    method: Method = None,
    alpha: Alpha = None,
    false_share: FalseShare = None,
    kind: Kind = None,
    terms: Terms = None,
    weekly: Weekly = None,
    as_json: door.AsJson = False,
) -> None:
    """
    Judge every stream's newest day and tell what stands out, each cause once. Exit code 1 where anything does.

    On a CSV nothing is recorded and no record is needed; on the record nothing is recorded either: the round does that.
    """
    found, _ = _picture(file, area, day, method, alpha, false_share, kind, terms, weekly)
    door.answer(found, as_json=as_json, text=lambda: _told(found))
    raise typer.Exit(1 if found.findings else 0)


@app.command()
def explain(
    file: FileArgument = None,
    area: Annotated[
        str | None, typer.Option("--area", help="Only findings in this area (path or name).")
    ] = None,
    day: DayOption = None,
    method: Method = None,
    alpha: Alpha = None,
    false_share: FalseShare = None,
    kind: Kind = None,
    terms: Terms = None,
    weekly: Weekly = None,
    as_json: door.AsJson = False,
) -> None:
    """Tell of each finding everything it rests on: every stream, what was expected, what would make it go away."""
    found, names = _picture(file, area, day, method, alpha, false_share, kind, terms, weekly)
    shown = found.findings

    def text() -> str:
        from yipan.operations.streams import name_of

        parts = []
        for one in shown:
            rows = [
                (names.get(c.area, (c.area,))[0], name_of(c.stream)[0], c.observed, _round(c.expected), _round(c.threshold), c.carrier.value,
                 *_stretch(c), f"{c.p_value:.2g}" if c.p_value is not None else None, c.baseline, c.baseline_missing,
                 c.judgement.value)
                for c in one.contributions
            ]  # fmt: skip
            head = ("area", "stream", "observed", "expected", "up to", "carried by", "looked back", "seen", "expected", "p",
                    "days before", "missing", "judged")  # fmt: skip
            parts.append(
                f"{one.explanation.zh}\n{one.explanation.en}\n\n{door.table(head, rows)}\n\n"
                f"method {one.method}; p {one.p_value:.2g}; q {one.q_value:.2g} among {found.family} looked at; "
                f"{one.against} streams here saw nothing, {len(one.missing)} did not report\n"
            )
        return "\n".join(parts) or "Nothing stands out."

    door.answer(shown, as_json=as_json, text=text)
    raise typer.Exit(1 if shown else 0)


@app.command()
def evaluate(
    file: FileArgument = None,
    area: Annotated[
        str | None, typer.Option("--area", help="The area of the record; the whole if left out.")
    ] = None,
    methods: Annotated[
        str | None, typer.Option("--methods", help="Names with commas between; seven if left out.")
    ] = None,
    outbreaks: Annotated[
        int, typer.Option("--outbreaks", help="How many of each shape and size.")
    ] = 60,
    quiet_rate: Annotated[
        float,
        typer.Option("--quiet-rate", help="The share of quiet days every method may alarm on."),
    ] = 0.01,
    seed: Annotated[
        int, typer.Option("--seed", help="Chance begins here; the same seed gives the same answer.")
    ] = 1,
    known: Annotated[
        list[str] | None,
        typer.Option(
            "--known",
            help="SINCE..UNTIL of an outbreak known to be in the table: neither quiet nor a stage; may be given again.",
        ),
    ] = None,
    by_kind: Annotated[
        bool,
        typer.Option(
            "--by-kind", help="Each kind of stream apart, with the method recommended for it."
        ),
    ] = False,
    weekly: Weekly = None,
    as_json: door.AsJson = False,
) -> None:
    """Put outbreaks into the series and tell how soon each method sees them, at the same rate of false alarms."""
    import numpy as np

    from yipan.operations import watching
    from yipan.operations.streams import KnownOutbreak
    from yipan.packs import read_calendar

    if not 0 < quiet_rate < 0.5:
        raise typer.BadParameter(f"--quiet-rate {quiet_rate:g} must lie between 0 and 0.5")
    if outbreaks < 1:
        raise typer.BadParameter(f"--outbreaks {outbreaks} must be at least 1")
    series = _series(file, area, weekly)[0]
    outbreaks_known = [
        KnownOutbreak(area=place, disease=disease, since=since, until=until)
        for since, until in map(_span, known or ())
        for place, disease in sorted({(one.area, one.stream.disease) for one in series})
    ]
    asked: dict[str, Any] = {
        "known_outbreaks": outbreaks_known, "generator": np.random.default_rng(seed), "calendar": read_calendar(),
        "methods": None if methods is None else tuple(name.strip() for name in methods.split(",")),
        "outbreaks": outbreaks, "quiet_rate": quiet_rate, "progress": door.progress,
    }  # fmt: skip
    if by_kind:
        kinds = watching.rehearse_kinds(series, **asked)
        door.answer(kinds, as_json=as_json, text=lambda: watching.told_by_kind(kinds, door.table))
        return
    found = watching.rehearse(series, **asked)
    door.answer(found, as_json=as_json, text=lambda: watching.told(found, door.table))


@app.command()
def sentinels(
    file: FileArgument = None,
    area: Annotated[
        str | None, typer.Option("--area", help="The area of the record; the whole if left out.")
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(
            "--register",
            help="A CSV of sentinels to put on the register: id, area, kind, name_zh, name_en, streams, due_hour, since.",
        ),
    ] = None,
    at: door.At = None,
    weekly: Weekly = None,
    as_json: door.AsJson = False,
) -> None:
    """
    Tell how every sentinel keeps what it owes, the silent ones first. Exit code 1 where any is silent.

    On a CSV every series counts as a sentinel that owes each day.
    """
    from yipan.operations import watch as desk

    if file is not None:
        from yipan.operations.streams import name_of
        from yipan.operations.watching import reporting

        series, names = _series(file, area=None, weekly=weekly)
        found = reporting(series)
        door.answer(
            found,
            as_json=as_json,
            text=lambda: door.table(
                ("area", "stream", "sent", "owed", "zero", "last", "silent", "by chance", "state"),
                [(names.get(r.area, (r.area,))[0], name_of(r.stream)[0], r.sent, r.owed,
                  r.zero_reports, r.last_report, r.silent, f"{r.silence_p:.3g}", r.state) for r in found],
            ),
        )  # fmt: skip
        raise typer.Exit(1 if any(r.state in {"silent", "never"} for r in found) else 0)
    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        if register is not None:
            from yipan.feeds.sentinels import read_sentinels

            changed = desk.register_sentinels(post, read_sentinels(register), at=moment)
            typer.echo(f"{changed} sentinels are new or changed", err=True)
        with post.store.reading(post.viewer) as record:
            path = door.path_asked(record, area, otherwise=post.area)
            sheets = desk.sentinel_sheets(
                record, area=path, at=moment, time_zone=settings.time_zone
            )
    door.answer(
        sheets,
        as_json=as_json,
        text=lambda: (
            "\n".join(f"{s.explanation.zh}\n{s.explanation.en}\n" for s in sheets)
            or "No sentinel is registered."
        ),
    )
    raise typer.Exit(1 if any(s.state in {"silent", "never"} for s in sheets) else 0)


@app.command()
def report(
    sentinel: Annotated[str, typer.Argument(help="The id of the sentinel.")],
    day: Annotated[str, typer.Option("--day", help="The day reported.")],
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--value", help="STREAM=COUNT, once for every stream owed; COUNT alone where one is."
        ),
    ] = None,
    zero: Annotated[
        bool, typer.Option("--zero", help="Nothing was seen: a zero for every stream not named.")
    ] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Report what a sentinel counted on a day, zeros too. Sent again it corrects."""
    from yipan.operations import watch as desk

    with door.at_post() as (settings, post):
        owed = desk.streams_owed(post, sentinel)
        by_day = [key for key in owed if key.split("/")[3] == "day"]
        values = dict.fromkeys(by_day or owed, 0) if zero else {}
        for told in value or ():
            key, separator, count = told.rpartition("=")
            if not separator and len(owed) == 1:
                key = owed[0]
            if not key or not count.strip().isdigit():
                raise typer.BadParameter(
                    f"--value {told!r}; expected STREAM=COUNT with a whole number, STREAM one of {', '.join(owed)}"
                )
            values[key] = int(count)
        found = desk.report(
            post, sentinel, day=door.day(day, door.now().date()), values=values,
            at=door.moment(at, settings), time_zone=settings.time_zone,
        )  # fmt: skip
    door.answer(
        found,
        as_json=as_json,
        text=lambda: (
            f"{found.sentinel}, {found.day}: {len(found.values)} counts on record "
            f"({found.new} new, {found.corrected} corrected){', after their hour' if found.late else ''}"
        ),
    )


@app.command()
def days(
    sentinel: Annotated[str, typer.Argument(help="The id of the sentinel.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """List what a sentinel owes and has sent, the newest day first. Exit code 1 where a day is missing."""
    from yipan.operations import watch as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        found = desk.own_reports(
            record, sentinel, at=door.moment(at, settings), time_zone=settings.time_zone
        )
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("day", "due", "state", "first sent", "corrected", "values"),
            [
                (
                    d.day, f"{d.due.astimezone(settings.time_zone):%m-%d %H:%M}", d.state,
                    f"{d.first_sent.astimezone(settings.time_zone):%m-%d %H:%M}" if d.first_sent else "",
                    d.corrections, "  ".join(f"{key}={value}" for key, value in d.values),
                )
                for d in found.days
            ],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(d.state == "missing" for d in found.days) else 0)


@app.command()
def tune(
    file: FileArgument = None,
    area: Annotated[
        str | None, typer.Option("--area", help="The area the rule would hold in.")
    ] = None,
    method: Method = None,
    alpha: Alpha = None,
    false_share: FalseShare = None,
    kind: Kind = None,
    at: door.At = None,
    weekly: Weekly = None,
    propose: Annotated[
        bool,
        typer.Option(
            "--propose/--show", help="Put a proposal on record, or only tell the workload."
        ),
    ] = True,
    as_json: door.AsJson = False,
) -> None:
    """
    Tell what a rule would ask of the office before it is enabled; on the record, propose it with that evidence.

    On a CSV, and with --show, the workload is told and nothing is proposed. What is left out stays as the rule in force has it; a kind
    given the rule's own method loses its exception.
    """
    import numpy as np

    from yipan.operations import watch as desk
    from yipan.operations import watching
    from yipan.operations.streams import ALPHA, FALSE_SHARE
    from yipan.packs import read_calendar

    kinds = _kinds(kind)
    if not (method or alpha or false_share or kinds):
        raise typer.BadParameter(
            "say what would change: --method, --kind, --alpha or --false-share"
        )
    if file is not None:
        series, _ = _series(file, area=None, weekly=weekly)
        burden = watching.burden(
            series, method=method or "standard", alpha=alpha or ALPHA, false_share=false_share or FALSE_SHARE,
            generator=np.random.default_rng(1), calendar=read_calendar(), kinds=kinds,
        )  # fmt: skip
        door.answer(burden, as_json=as_json, text=lambda: _asked_of_the_office(burden))
        return
    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            path = door.path_asked(record, area, otherwise=post.area)
            if not propose:
                found = desk.workload(
                    record, area=path, method=method, alpha=alpha, false_share=false_share, kinds=kinds,
                    at=door.moment(at, settings), time_zone=settings.time_zone,
                )  # fmt: skip
                both = [one for one in (found.in_force, found.wanted) if one is not None]
                door.answer(
                    found,
                    as_json=as_json,
                    text=lambda: (
                        "\n".join(map(_asked_of_the_office, both))
                        or "Nothing was counted here of late."
                    ),
                )
                return
        proposal = desk.propose_rule(
            post, area=path, method=method, alpha=alpha, false_share=false_share, kinds=kinds,
            at=door.moment(at, settings), time_zone=settings.time_zone,
        )  # fmt: skip
    door.answer(
        proposal,
        as_json=as_json,
        text=lambda: "\n".join(
            [f"{proposal.id}: {proposal.what.en}", *(f"  {r.en}" for r in proposal.reasons)]
        ),
    )


def _asked_of_the_office(burden: "Burden") -> str:
    value = burden.predictive_value
    kinds = f" ({'; '.join(burden.kinds)})" if burden.kinds else ""
    return (
        f"{burden.method}{kinds} would have raised {burden.signals_per_week:.2f} signals a week over the last {burden.days} days "
        f"on {burden.streams} streams ({burden.per_area_week:.2f} per area)"
    ) + (
        f"; with outbreaks put in, {value.value:.0%} ({value.low:.0%} to {value.high:.0%}) of what it raised was true"
        if value
        else ""
    )


@app.command()
def terms(
    area: Annotated[
        str | None, typer.Option("--area", help="The area of the record; the whole if left out.")
    ] = None,
    register: Annotated[
        Path | None,
        typer.Option(
            "--register",
            help="A CSV of school holidays to put on record: area, first_day, last_day, name, source, and perhaps counted.",
        ),
    ] = None,
    form: Annotated[
        bool, typer.Option("--form", help="Print the header of that table and nothing else.")
    ] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """
    List the school holidays on record, or put a province's school calendar there.

    None comes with Yipan. While schools are closed less is expected of the counts that follow them, and a school owes no report.
    """
    from yipan.feeds.schools import FORM, read_school_breaks
    from yipan.operations import watch as desk

    if form:
        typer.echo(FORM, nl=False)
        return
    with door.at_post() as (settings, post):
        if register is not None:
            with post.store.reading(post.viewer) as record:
                areas = record.areas()
            breaks = read_school_breaks(
                register, find=lambda name: door.find_area(areas, name).path if name else post.area
            )
            changed = desk.register_school_breaks(post, breaks, at=door.moment(at, settings))
            typer.echo(f"{changed} school holidays are new or changed", err=True)
        with post.store.reading(post.viewer) as record:
            path = door.path_asked(record, area, otherwise=post.area)
            found = desk.school_breaks(record, area=path)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: (
            door.table(
                ("area", "first day", "last day", "name", "followed by", "source"),
                [(b.area, b.since, b.last_day, b.name, ", ".join(b.counted), b.source) for b in found],
            )
            if found
            else "No school holiday is on record: yipan watch terms --form > school.csv, fill it in, yipan watch terms --register school.csv"
        ),
    )  # fmt: skip


@app.command()
def rule(
    area: AreaAsked = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Tell the rule an area is watched by: method, limits, and the kinds of stream another method judges."""
    from yipan.operations import watch as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        path = door.path_asked(record, area, otherwise=post.area)
        found = desk.rule_of(record, path, door.moment(at, settings))
    door.answer(
        found,
        as_json=as_json,
        text=lambda: "\n".join(
            [
                f"{found.method}, {found.alpha:.2%} of quiet days per stream, at most {found.false_share:.0%} false; of {found.area}"
                + (f", by proposal {found.proposal}" if found.proposal else ", the default: nobody decided otherwise"),
                *(f"  {one.told}" for one in found.kinds),
            ]
        ),
    )  # fmt: skip


@app.command()
def alerts(
    area: AreaAsked = None,
    snoozed: Annotated[
        bool, typer.Option("--snoozed", help="Those that were put off as well.")
    ] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """List open alerts, the least likely to be false first. Exit code 1 where there are any."""
    from yipan.operations import watch as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        path = door.path_asked(record, area, otherwise=post.area)
        found = desk.alerts(record, area=path, at=door.moment(at, settings), snoozed=snoozed)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: (
            "\n".join(
                f"{a.id} {a.state.value}, seen {a.seen} times\n{a.explanation.zh}\n{a.explanation.en}\n"
                for a in found
            )
            or "No alert is open."
        ),
    )
    raise typer.Exit(1 if found else 0)


@app.command()
def triage(
    alert: Annotated[str, typer.Argument(help="The id of the alert.")],
    held: Annotated[
        str, typer.Option("--as", help="noise, data_fault, watch, verify, event or no_event.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words.")],
    hours: Annotated[int, typer.Option("--hours", help="Hours given to verify it.")] = 24,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Say what an alert is held to be, with the reason; to verify makes a task with a clock."""
    from yipan.model import Triage
    from yipan.operations import watch as desk

    if held not in set(Triage):
        raise typer.BadParameter(f"--as {held!r}; expected one of {', '.join(Triage)}")
    with door.at_post() as (settings, post):
        found = desk.triage(
            post, alert, held=Triage(held), reason=reason, at=door.moment(at, settings), hours=hours
        )
    door.answer(found, as_json=as_json, text=lambda: f"{found.id} is {found.state.value}")


@app.command()
def methods(as_json: door.AsJson = False) -> None:
    """Name every method the watch can be asked for."""
    from yipan.analytics.detect.methods import METHODS

    door.answer(tuple(METHODS), as_json=as_json, text=lambda: "\n".join(METHODS))


def _series(
    file: Path | None, area: str | None, weekly: bool | None
) -> "tuple[tuple[CountSeries, ...], dict[AreaPath, tuple[str, str]]]":
    """Read the series asked about, what their areas are called, and what was wrong with the table."""
    if file is not None:
        if not file.is_file():
            raise typer.BadParameter(f"{file} is not there")
        from yipan.feeds.streams import read_series

        table = read_series(file, weekly=weekly)
        for problem in table.problems[:20]:
            typer.echo(f"{table.file}: {problem}", err=True)
        beyond = len(table.problems) - 20 + table.more_problems
        if beyond > 0:
            typer.echo(f"{table.file}: and {beyond} more problems", err=True)
        return table.series, table.names
    from yipan.operations import watch as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        path = door.path_asked(record, area, otherwise=post.area)
        last = door.now().astimezone(settings.time_zone).date()
        series = desk.watched_series(record, under=path, since=last, until=last)
        return series, record.area_names({one.area for one in series})


def _picture(
    file: Path | None,
    area: str | None,
    day: str | None,
    method: str | None,
    alpha: float | None,
    false_share: float | None,
    kind: list[str] | None,
    terms: Path | None,
    weekly: bool | None,
) -> "tuple[Picture, dict[AreaPath, tuple[str, str]]]":
    from yipan.operations import streams
    from yipan.packs import read_calendar

    for name, value in (("--alpha", alpha), ("--false-share", false_share)):
        if value is not None and not 0 < value < 0.5:
            raise typer.BadParameter(f"{name} {value:g} must lie between 0 and 0.5")
    kinds = _kinds(kind)
    if file is None:
        from yipan.operations import watch as desk

        with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
            path = door.path_asked(record, area, otherwise=post.area)
            now = door.now().astimezone(settings.time_zone)
            rule = desk.rule_changed(
                record, area=path, method=method, alpha=alpha, false_share=false_share, kinds=kinds, at=now
            )  # fmt: skip
            last = desk.newest_day(record, area=path, before=now.date())
            seen = desk.seen_now(record, area=path, day=door.day(day, last), at=now, rule=rule)
            places = {part.area for one in seen.findings for part in one.contributions}
            return seen, record.area_names(places)
    series, names = _series(file, None, weekly)
    breaks: tuple[SchoolBreak, ...] = ()
    if terms is not None:
        from yipan.feeds.schools import read_school_breaks

        breaks = read_school_breaks(terms, find=lambda name: _path_of(name, names))
    if area:
        series = tuple(one for one in series if _is_called(one.area, area, names))
    if not series:
        raise typer.BadParameter("there are no series to judge")
    newest = max(one.day(len(one) - 1) for one in series)
    asked = door.day(day, newest)
    step = series[0].stream.interval.days
    calendar = read_calendar()
    judged = streams.judge_streams(
        series, until=asked + timedelta(days=step), method=method or "standard", calendar=calendar,
        alpha=alpha or streams.ALPHA, method_for=streams.by_kind(kinds), breaks=breaks,
    )  # fmt: skip
    return streams.picture(
        judged, names=names, alpha=alpha or streams.ALPHA, false_share=false_share or streams.FALSE_SHARE,
        calendar=calendar,
    ), names  # fmt: skip


def _path_of(name: str, names: "dict[AreaPath, tuple[str, str]]") -> "AreaPath":
    """Return the path of an area of a table by its path or name; the whole where the name is empty."""
    from yipan.model import AreaPath

    found = [path for path, told in names.items() if name in (path, *told)]
    if name and not found:
        raise LookupError(f"no area of the table is called {name!r}")
    return found[0] if name else AreaPath(min(names, key=len).split(".")[0] + ".")


def _is_called(path: "AreaPath", asked: str, names: "dict[AreaPath, tuple[str, str]]") -> bool:
    """Whether an area of a table is the one asked for or lies in it, by path or by name."""
    return path.startswith(asked) or asked in names.get(path, ())


def _kinds(kind: list[str] | None) -> "tuple[KindMethod, ...]":
    from yipan.analytics.detect.methods import METHODS
    from yipan.model import KindMethod

    try:
        found = tuple(KindMethod.parse(one) for one in kind or ())
    except ValueError as wrong:
        raise typer.BadParameter(f"--kind {wrong}") from None
    for one in found:
        if one.method not in METHODS:
            raise typer.BadParameter(
                f"--kind {one.told}: there is no method {one.method!r}; known are {', '.join(METHODS)}"
            )
    return found


def _span(told: str) -> tuple[date, date]:
    since, separator, until = told.partition("..")
    try:
        span = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError:
        span = None
    if not separator or span is None or span[0] >= span[1]:
        raise typer.BadParameter(f"--known {told!r}; expected SINCE..UNTIL, two dates in order")
    return span


def _stretch(part: "Contribution") -> tuple[object, ...]:
    """How far was looked back for what carried it, what was seen and what was expected there."""
    length, seen, expected = part.week_length, part.week_observed, part.week_expected
    if part.memory_days is not None:
        length, seen, expected = part.memory_days, part.memory_observed, part.memory_expected
    return length, None if seen is None else int(seen), _round(expected)


def _round(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _told(found: "Picture") -> str:
    lines = [f"{one.explanation.zh}\n{one.explanation.en}\n" for one in found.findings]
    if not lines:
        lines = [f"Nothing stands out on {found.day}.\n"]
    lines.append(
        f"{found.day}: {found.streams} streams looked at by {found.method}, {found.family} p-values judged together; "
        f"{found.alarms} beyond their own limit ({found.alpha:.2%} of quiet days), {len(found.findings)} raised "
        f"(at most {found.false_share:.0%} of them false), {len(found.unjudged)} not judged by history"
    )
    why: dict[str, int] = {}
    for stream in found.unjudged:
        why[stream.judgement.value] = why.get(stream.judgement.value, 0) + 1
    lines += [f"  {reason}: {count}" for reason, count in sorted(why.items())]
    kinds: dict[str, int] = {}
    for fault in found.faults:
        kinds[fault.kind.value] = kinds.get(fault.kind.value, 0) + 1
    lines += [f"  looks faulty, {kind}: {count}" for kind, count in sorted(kinds.items())]
    return "\n".join(lines)
