"""Tracing at the terminal, with a record or on plain files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.operations.network import Network, Traced

app = typer.Typer(
    help="Cases, contacts, places; who infected whom; how many chains.", no_args_is_help=True
)

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Line list, pairs, visits, Go.Data or SORMAS files; the record if left out."
    ),
]
AreaAsked = Annotated[
    str | None, typer.Option("--area", help="Path, code or name of the area; all if left out.")
]
Disease = Annotated[
    str | None, typer.Option("--disease", help="The disease, where files name none.")
]
SerialMean = Annotated[
    float | None,
    typer.Option("--serial-mean", help="Mean serial interval in days; estimated if left out."),
]
SerialSd = Annotated[float, typer.Option("--serial-sd", help="Its standard deviation in days.")]
Today = Annotated[
    str | None,
    typer.Option(
        "--today", help="The day quiet is counted to; the last day of the data for files."
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the sampled forests.")]
Genomes = Annotated[
    Path | None,
    typer.Option(
        "--genomes", help="Distances in SNPs: first,second,snps, or a square table of the cases."
    ),
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", help="How much an hour together counts, like household=3; again for more."
    ),
]
Most = Annotated[int, typer.Option("--most", help="At most so many rows.")]


@app.callback()
def tracing() -> None:
    """Cases, contacts, places; who infected whom; how many chains."""


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="All files of one outbreak, in any order.")],
    area: Annotated[
        str, typer.Option("--area", help="Where people are put whose area is not known here.")
    ],
    disease: Disease = None,
    outbreak: Annotated[
        str | None,
        typer.Option(help="What the outbreak is called; from the file names if left out."),
    ] = None,
    date_order: Annotated[
        str | None, typer.Option(help="dmy or mdy, where nothing shows it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; commit nothing.")] = False,
    case_numbers: Annotated[
        bool,
        typer.Option(
            "--case-numbers",
            help="The files number people as the line lists do (name the --outbreak).",
        ),
    ] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Read the files of one outbreak: check them whole, commit all or none. Exit code 3 where a row is wrong."""
    from yipan.operations import outbreak_files

    _there(files)
    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
        try:
            done = outbreak_files.import_files(
                post, files, at=door.moment(at, settings), area=place.path, disease=disease, outbreak=outbreak,
                date_order=date_order, dry_run=dry_run, time_zone=str(settings.time_zone), case_numbers=case_numbers,
            )  # fmt: skip
        except outbreak_files.TracingFilesHaveProblems as refused:
            reports = refused.reports
            door.answer(reports, as_json=as_json, text=lambda: _reports(reports))
            raise typer.Exit(3) from None
    door.answer(done, as_json=as_json, text=lambda: _imported(done))
    raise typer.Exit(3 if dry_run and any(r.wrong or not r.accepted for r in done.reports) else 0)


@app.command(name="genomes")
def genomes_(
    file: Annotated[
        Path, typer.Argument(help="Rows of first,second,snps, or a square table of the cases.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; commit nothing.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put distances between genomes of cases on record: all or none. Exit code 3 where a row is wrong."""
    from yipan.operations import outbreak_files

    _there([file])
    with door.at_post() as (settings, post):
        try:
            done = outbreak_files.import_genomes(
                post, file, at=door.moment(at, settings), dry_run=dry_run
            )
        except outbreak_files.TracingFilesHaveProblems as refused:
            reports = refused.reports
            door.answer(reports, as_json=as_json, text=lambda: _reports(reports))
            raise typer.Exit(3) from None
    door.answer(
        done, as_json=as_json,
        text=lambda: _reports([done.report]) + (f"\nReceipt {done.receipt.id}." if done.receipt else "\nNothing was committed."),
    )  # fmt: skip
    raise typer.Exit(3 if dry_run and done.report.wrong else 0)


@app.command()
def diseases(
    area: AreaAsked = None, known_at: door.KnownAt = None, as_json: door.AsJson = False
) -> None:
    """List the diseases with cases on record, with the interval published for each."""
    from yipan.operations import tracing as desk

    with _record(area, known_at) as (_, _, record, place):
        found = desk.diseases(record, area=place)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("disease", "cases", "serial interval", "questions"),
            [(d.disease, d.cases, f"{d.serial_mean_days} ± {d.serial_sd_days} d" if d.serial_mean_days else None, d.questions) for d in found],
        ),
    )  # fmt: skip


@app.command(name="export")
def export(
    folder: Annotated[
        Path, typer.Argument(help="Where the files go; it is made where it is missing.")
    ],
    area: AreaAsked = None,
    format: Annotated[
        str, typer.Option("--format", help="godata-csv, godata-json, sormas, csv or xlsx.")
    ] = "csv",
    identities: Annotated[
        bool,
        typer.Option("--identities", help="With names; needs the duty, and each is written down."),
    ] = False,
    purpose: Annotated[str, typer.Option(help="What the names are for.")] = "",
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Write what tracers know as files for another system, and say what that format cannot hold."""
    from yipan.operations import outbreak_files

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.path_asked(record, area, otherwise=post.area)
            done = outbreak_files.export_files(
                record, area=place, format=format, purpose=purpose if identities else "", at=door.now(),
                time_zone=settings.time_zone,
            )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in done.files:
        (folder / name).write_bytes(content)
    told = outbreak_files.Exported(
        format=done.format, names=done.names, rows=done.rows, losses=done.losses, files=()
    )
    door.answer(
        told, as_json=as_json,
        text=lambda: "\n".join(
            [f"{name}: {rows} rows" for name, rows in zip(told.names, told.rows, strict=True)] + list(told.losses)
        ),
    )  # fmt: skip


@app.command(name="open")
def open_(
    case: Annotated[str, typer.Argument(help="Id of the reported case.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Open the investigation of a reported case; its clocks run from the report."""
    from yipan.operations import tracing as desk

    with door.at_post() as (settings, post):
        view = desk.open_investigation(post, case, at=door.moment(at, settings))
    door.answer(view, as_json=as_json, text=lambda: _clocks([view]))


@app.command()
def clocks(
    area: AreaAsked = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """List investigations with their clocks, the latest first. Exit code 1 where one is late."""
    from yipan.operations import tracing as desk

    with _record(area) as (settings, _, record, place):
        found = desk.investigations(
            record, area=place, at=door.moment(at, settings), running=not everything
        )
    door.answer(found, as_json=as_json, text=lambda: _clocks(found))
    raise typer.Exit(
        1 if any(c.late_hours > 0 and not c.reached for v in found for c in v.clocks) else 0
    )


@app.command()
def case(
    id: Annotated[str, typer.Argument(help="Id of the case.")],
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Show one case: its chronology, spans and possible sources; never its name."""
    from yipan.operations import case_file

    with _record(None, known_at) as (settings, _, record, _place):
        view = case_file.case_view(record, id, at=door.now(), time_zone=settings.time_zone)
    door.answer(
        view, as_json=as_json,
        text=lambda: "\n".join(
            [f"{view.case.id}: {view.case.classification.value}, {view.case.area}"]
            + [f"  {s.name}: {s.since} to {s.until or 'now'}" for s in view.spans]
            + [f"  {m.at}  {m.kind} {m.about}" for m in view.chronology]
            + [f"  source {c.source or 'outside'}: {c.probability:.0%}" for c in view.sources]
        ),
    )  # fmt: skip


@app.command()
def visits(
    case: Annotated[str, typer.Argument(help="Id of the case.")],
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List where a case was, and when."""
    from yipan.store.tables.tracing import VISITS

    with _record(None, known_at) as (settings, _, record, _place):
        found = record.nouns(VISITS, where={"person": record.case(case).person})
    zone = settings.time_zone
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("place", "since", "until", "role", "mask", "indoors"),
            [(v.place, f"{v.since.astimezone(zone):%m-%d %H:%M}", f"{v.until.astimezone(zone):%m-%d %H:%M}", v.role.value, v.mask, v.indoors) for v in found],
        ),
    )  # fmt: skip


@app.command()
def reports(
    area: AreaAsked = None, known_at: door.KnownAt = None, as_json: door.AsJson = False
) -> None:
    """List reported cases that nobody investigates yet, the newest first."""
    from yipan.operations import tracing as desk

    with _record(area, known_at) as (settings, _, record, place):
        found = desk.reports(record, area=place)
    zone = settings.time_zone
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("case", "disease", "reported", "classification", "area"),
            [(c.id, c.disease, f"{c.reported.astimezone(zone):%m-%d %H:%M}" if c.reported else None, c.classification.value, c.area) for c in found],
        ),
    )  # fmt: skip


@app.command()
def visit(
    case: Annotated[str, typer.Argument(help="Id of the case.")],
    place: Annotated[str, typer.Argument(help="Id of a venue, or what a new one is called.")],
    since: Annotated[str, typer.Option("--since", help="From when.")],
    until: Annotated[str, typer.Option("--until", help="Until when.")],
    setting: Annotated[
        str, typer.Option("--setting", help="What a new place is, like shop.")
    ] = "unknown",
    role: Annotated[
        str, typer.Option("--role", help="As what, like customer or staff.")
    ] = "unknown",
    mask: Annotated[bool | None, typer.Option("--mask/--no-mask", help="Whether masked.")] = None,
    indoors: Annotated[
        bool | None, typer.Option("--indoors/--outdoors", help="Whether under a roof.")
    ] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put on record where a case was, from when until when."""
    from yipan.model import Setting, VisitRole
    from yipan.operations import tracing as desk

    with door.at_post() as (settings, post):
        made = desk.record_visit(
            post, case, place=place, since=door.moment(since, settings), until=door.moment(until, settings),
            at=door.moment(at, settings), setting=_choice(Setting, setting, "--setting"), role=_choice(VisitRole, role, "--role"),
            mask=mask, indoors=indoors,
        )  # fmt: skip
    door.answer(made, as_json=as_json, text=lambda: f"Visit {made.id} to {made.place}.")


@app.command()
def contacts(
    area: AreaAsked = None,
    case: Annotated[str | None, typer.Option("--case", help="Of this case only.")] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="First propose who was where the case was.")
    ] = False,
    least_minutes: Annotated[int, typer.Option(help="Shortest time together that counts.")] = 1,
    today: Today = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """List contacts by what is due. With --propose, propose those of a case from recorded visits first."""
    from yipan.operations import tracing as desk

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        if propose:
            if case is None:
                raise typer.BadParameter("contacts are proposed for one case; give --case")
            desk.propose_contacts(
                post, case, at=moment, time_zone=settings.time_zone, least_minutes=least_minutes
            )
        with post.store.reading(post.viewer) as record:
            place = door.path_asked(record, area, otherwise=post.area)
            found = desk.contacts(
                record,
                area=place,
                case=case,
                today=door.day(today, moment.astimezone(settings.time_zone).date()),
            )
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("person", "role", "due", "last contact", "until", "last seen", "proposed", "of"),
            [(c.person, c.role.value, c.due, c.last_contact, c.until, c.last_seen, "yes" if c.proposed else "", ", ".join(c.of_cases)) for c in found],
        ),
    )  # fmt: skip


@app.command()
def sources(
    files: Files = None,
    area: AreaAsked = None,
    disease: Disease = None,
    only: Annotated[list[str] | None, typer.Option("--case", help="Of these cases only.")] = None,
    serial_mean: SerialMean = None,
    serial_sd: SerialSd = 3.0,
    most: Most = 5,
    genomes: Genomes = None,
    weight: Weights = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Who may have infected each case, with probabilities."""
    from yipan.operations import network

    def asked(traced: "Traced", _: date) -> Any:
        return network.sources_answer(traced, only=only or (), most=most)

    found = _traced(
        files, area, disease, serial_mean, serial_sd, None, known_at, asked, genomes, weight
    )
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join(
            f"{a.case} ({a.day or 'no day'}, {a.open_bits:.1f} bits open): "
            + ", ".join(f"{c.source or 'outside'} {c.probability:.0%}" for c in a.candidates)
            for a in found
        ),
    )  # fmt: skip


@app.command()
def chains(
    files: Files = None,
    area: AreaAsked = None,
    disease: Disease = None,
    serial_mean: SerialMean = None,
    serial_sd: SerialSd = 3.0,
    quiet_days: Annotated[
        int, typer.Option(help="A chain is active while its last case is younger.")
    ] = 14,
    today: Today = None,
    seed: Seed = 1,
    most: Most = 20,
    genomes: Genomes = None,
    weight: Weights = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """How many chains there are, how large, which are active, and how many introductions lie behind them."""
    import numpy as np

    from yipan.operations import network

    def asked(traced: "Traced", day: date) -> Any:
        return network.chains_answer(
            traced, today=day, rng=np.random.default_rng(seed), quiet_days=quiet_days
        )

    found = _traced(
        files, area, disease, serial_mean, serial_sd, today, known_at, asked, genomes, weight
    )

    def text() -> str:
        told = [
            f"{found.cases} cases, {found.linked} linked; chains of two or more: {len(found.chains)}; single cases: {found.single_cases}.",
            f"Introductions: {found.introductions.value:.0f} ({found.introductions.low:.0f} to {found.introductions.high:.0f}).",
            f"Serial interval {found.serial_mean_days:.1f} ± {found.serial_sd_days:.1f} days ({found.serial_from}).",
            _groups(found.recorded_components),
        ]
        if found.reproduction and found.dispersion:
            r, k = found.reproduction, found.dispersion
            told.append(
                f"R {r.value:.2f} ({r.low:.2f} to {r.high:.2f}), dispersion k {k.value:.2f} ({k.low:.2f} to {k.high:.2f})."
            )
        told += [
            f"Spreader {s.id}: {s.expected:.1f} expected, {s.probability:.0%}"
            for s in found.spreaders[:5]
        ]
        told.append(
            door.table(
                ("root", "cases", "generations", "first", "last", "active"),
                [
                    (
                        c.root,
                        c.size,
                        c.generations,
                        c.first_day,
                        c.last_day,
                        "yes" if c.active else "",
                    )
                    for c in found.chains[:most]
                ],
            )
        )
        return "\n".join(told)

    door.answer(found, as_json=as_json, text=text)


@app.command()
def inconsistencies(
    files: Files = None,
    area: AreaAsked = None,
    disease: Disease = None,
    serial_mean: SerialMean = None,
    serial_sd: SerialSd = 3.0,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """What contradicts itself among recorded exposures, as questions. Exit code 1 where there are any."""
    from yipan.operations import network

    found = _traced(
        files,
        area,
        disease,
        serial_mean,
        serial_sd,
        None,
        known_at,
        lambda t, _: network.inconsistencies(t),
    )
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join(f"{q.zh}\n{q.en}" for q in found) or "Nothing contradicts itself.",
    )  # fmt: skip
    raise typer.Exit(1 if found else 0)


@app.command()
def inquiries(
    files: Files = None,
    area: AreaAsked = None,
    disease: Disease = None,
    serial_mean: SerialMean = None,
    serial_sd: SerialSd = 3.0,
    most: Most = 20,
    genomes: Genomes = None,
    weight: Weights = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Which evidence would settle most about open links, the most telling first."""
    from yipan.operations import network

    found = _traced(
        files,
        area,
        disease,
        serial_mean,
        serial_sd,
        None,
        known_at,
        lambda t, _: network.inquiries(t, most=most),
        genomes,
        weight,
    )
    door.answer(
        found,
        as_json=as_json,
        text=lambda: "\n".join(f"{q.bits:.2f} bits  {q.en}  {q.zh}" for q in found),
    )


@app.command()
def overlaps(
    files: Files = None,
    cases: Annotated[
        list[str] | None, typer.Option("--case", help="These people; every case if left out.")
    ] = None,
    area: AreaAsked = None,
    least_minutes: Annotated[int, typer.Option(help="Shortest time together that counts.")] = 1,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Who was where a case was, at the same time: every overlap of visits with its minutes."""
    from yipan.operations import network

    with _network(files, area, None, known_at) as (_, net, names):
        by_name = {name: node for node, name in names.items()} | {c.id: c.person for c in net.cases}
        if unknown := [name for name in cases or () if name not in by_name]:
            raise LookupError(f"{unknown[0]} is neither a case nor a person of these visits")
        people = [by_name[name] for name in cases] if cases else [c.person for c in net.cases]
        found = [
            {"case": names.get(mine.person, mine.person), "other": names.get(other.person, other.person),
             "place": names.get(mine.place, mine.place), "since": max(mine.since, other.since), "minutes": minutes}
            for mine, other, minutes in network.met(net, people, least_minutes=least_minutes)
        ]  # fmt: skip
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("case", "other", "place", "since", "minutes"), [tuple(row.values()) for row in found]
        ),
    )  # fmt: skip


@app.command()
def same(
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            help="Search first; what the names are read for, each reading is written down.",
        ),
    ] = None,
    area: AreaAsked = None,
    least_bits: Annotated[
        float | None,
        typer.Option(help="How sure, in bits; likelier one person than two if left out."),
    ] = None,
    decided: Annotated[bool, typer.Option("--decided", help="Those decided instead.")] = False,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """
    List who may be told of twice, those put off last; only pseudonyms are shown.

    With --purpose, first search by phone, certificate, birth, name and address, and put what is new on the queue.
    """
    from yipan.model import Duty, Viewer
    from yipan.operations import told_twice
    from yipan.operations.post import Post

    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            place = door.path_asked(record, area, otherwise=post.area)
        if purpose is not None:
            reader = Viewer(user="system", duty=Duty.EPIDEMIOLOGIST, area=post.area)
            told_twice.suggest_same(
                Post(store=post.store, viewer=reader), area=place, purpose=purpose, at=door.moment(at, settings),
                least_bits=least_bits,
            )  # fmt: skip
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = told_twice.same_queue(record, area=place, decided=decided)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("kept", "other", "bits", "state", "why", "cases"),
            [(s.sameness.kept, s.sameness.other, s.sameness.bits, s.sameness.state.value, s.sameness.why, ", ".join(s.cases_kept + s.cases_other)) for s in found],
        ),
    )  # fmt: skip


@app.command()
def decide(
    one: Annotated[str, typer.Argument(help="Pseudonym that stands for both.")],
    other: Annotated[str, typer.Argument(help="The other pseudonym.")],
    state: Annotated[str, typer.Option("--state", help="same, different, later or undone.")],
    why: Annotated[str, typer.Option("--why", help="Why.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Decide whether two pseudonyms are one person; it can be undone, and different is remembered."""
    from yipan.model import SamenessState, person_id
    from yipan.operations import told_twice

    with door.at_post() as (settings, post):
        made = told_twice.decide_same(
            post,
            person_id(one),
            person_id(other),
            state=_choice(SamenessState, state, "--state"),
            why=why,
            at=door.moment(at, settings),
        )
    door.answer(
        made, as_json=as_json, text=lambda: f"{made.kept} and {made.other}: {made.state.value}."
    )


@app.command()
def letters(
    area: AreaAsked = None,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List assist-check letters sent and received, those without a reply first. Exit code 1 where one is late."""
    from yipan.operations import letters

    with _record(area, known_at) as (settings, _, record, place):
        moment = door.moment(at or known_at, settings)
        found = letters.letters(record, area=place, at=moment)
    zone = settings.time_zone
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("letter", "from", "to", "people", "due", "late h", "reply", "asked"),
            [(v.letter.id, v.letter.area, v.letter.to, len(v.letter.people), f"{v.letter.due.astimezone(zone):%m-%d %H:%M}", v.late_hours or None,
              v.reply.outcome.value if v.reply else None, v.letter.asked) for v in found],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(v.late_hours > 0 and v.reply is None for v in found) else 0)


@app.command()
def letter(
    to: Annotated[str, typer.Argument(help="Path, code or name of the area asked.")],
    asked: Annotated[str, typer.Option("--asked", help="What is asked; it names nobody.")],
    due: Annotated[
        str, typer.Option("--due", help="By when: an instant, or hours from now like 24.")
    ],
    people: Annotated[
        list[str] | None, typer.Option("--person", help="About whom, by pseudonym; again for more.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", help="Because of this case.")] = None,
    area: Annotated[
        str | None, typer.Option("--area", help="Who sends it; yours if left out.")
    ] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Send an assist-check letter to another area, with the moment by which it is to be answered."""
    from yipan.model import person_id
    from yipan.operations import letters

    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            areas = record.areas()
        sent = door.moment(at, settings)
        until = (
            sent + timedelta(hours=float(due)) if _is_number(due) else door.moment(due, settings)
        )
        made = letters.send_letter(
            post, to=door.find_area(areas, to).path, people=[person_id(p) for p in people or ()], asked=asked, due=until,
            at=sent, case=case, area=door.find_area(areas, area).path if area else None,
        )  # fmt: skip
    door.answer(
        made,
        as_json=as_json,
        text=lambda: f"Letter {made.id} to {made.to}, due {made.due:%Y-%m-%d %H:%M %z}.",
    )


@app.command()
def reply(
    letter: Annotated[str, typer.Argument(help="Id of the letter.")],
    outcome: Annotated[
        str, typer.Option("--outcome", help="found, not_found, partly or passed_on.")
    ],
    answer: Annotated[str, typer.Option("--answer", help="The answer; it names nobody.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Answer an assist-check letter as the area it was sent to."""
    from yipan.model import AssistOutcome
    from yipan.operations import letters

    with door.at_post() as (settings, post):
        made = letters.reply_letter(
            post, letter, outcome=_choice(AssistOutcome, outcome, "--outcome"), text=answer, at=door.moment(at, settings)
        )  # fmt: skip
    late = f", {made.late_hours:.1f} h late" if made.late_hours else ""
    door.answer(made, as_json=as_json, text=lambda: f"{letter}: {outcome}{late}.")


@app.command(name="answer")
def answer_(
    investigation: Annotated[str, typer.Argument(help="Id of the investigation.")],
    answers: Annotated[
        list[str], typer.Argument(help="question=answer, as `yipan tracing form` names them.")
    ],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Answer questions of the form of an investigation."""
    from yipan.operations import tracing as desk

    given = dict(pair.partition("=")[::2] for pair in answers)
    if odd := [pair for pair in answers if "=" not in pair]:
        raise typer.BadParameter(f"{odd[0]!r} is no answer; expected question=answer")
    with door.at_post() as (settings, post):
        view = desk.answer(post, investigation, given, at=door.moment(at, settings))
    door.answer(view, as_json=as_json, text=lambda: _clocks([view]))


@app.command()
def form(
    disease: Annotated[str, typer.Argument(help="The disease.")] = "covid-19",
    as_json: door.AsJson = False,
) -> None:
    """Show what an investigation of a disease asks, by stage."""
    from yipan.operations import tracing as desk

    asked = desk.form_of(disease)
    door.answer(
        asked, as_json=as_json,
        text=lambda: door.table(
            ("question", "stage", "answered by", "zh", "en"),
            [(q.key, q.stage.value, ", ".join(q.values) or q.kind, q.said.zh, q.said.en) for q in asked],
        ),
    )  # fmt: skip


@app.command()
def reach(
    investigation: Annotated[str, typer.Argument(help="Id of the investigation.")],
    stage: Annotated[str, typer.Argument(help="on_site, core, zones, full or closed.")],
    reached: Annotated[
        str | None, typer.Option("--reached", help="When it was reached; now if left out.")
    ] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Say that an investigation reached a stage; the task for it ends."""
    from yipan.model import Stage
    from yipan.operations import tracing as desk

    with door.at_post() as (settings, post):
        view = desk.reach(
            post, investigation, _choice(Stage, stage, "STAGE"), at=door.moment(at, settings),
            reached=door.moment(reached, settings) if reached else None,
        )  # fmt: skip
    door.answer(view, as_json=as_json, text=lambda: _clocks([view]))


@app.command(name="hand-over")
def hand_over(
    investigation: Annotated[str, typer.Argument(help="Id of the investigation.")],
    to: Annotated[str, typer.Argument(help="Path, code or name of the area that takes over.")],
    why: Annotated[str, typer.Option("--why", help="Why.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Hand an investigation over to another area: one record, with who was in charge from when."""
    from yipan.operations import tracing as desk

    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), to)
        view = desk.hand_over(
            post, investigation, to=place.path, why=why, at=door.moment(at, settings)
        )
    door.answer(
        view, as_json=as_json,
        text=lambda: "\n".join(f"{c.since:%Y-%m-%d %H:%M}  {c.area}  {c.why}" for c in view.investigation.charges),
    )  # fmt: skip


@app.command(name="7-1-7")
def seven_one_seven(
    disease: Annotated[str | None, typer.Option("--disease", help="The disease.")] = None,
    incident: Annotated[
        str | None, typer.Option("--incident", help="Of this incident: its disease, area and time.")
    ] = None,
    area: AreaAsked = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Detected within 7 days, notified within 1, seven early actions within 7: as the record shows it."""
    from yipan.operations import seven_one_seven

    with _record(area, known_at) as (settings, _, record, place):
        found = seven_one_seven.seven_one_seven(
            record,
            area=place,
            disease=disease or "covid-19",
            time_zone=settings.time_zone,
            incident=incident,
        )

    def text() -> str:
        marks = (
            ("detect", found.detect_days, 7),
            ("notify", found.notify_days, 1),
            ("respond", found.respond_days, 7),
        )
        return "\n".join(
            [f"{name}: {'not known' if days is None else f'{days} days'} (within {limit})" for name, days, limit in marks]
            + [f"  {m.at or '-'}  {m.name}{' (not applicable: ' + m.not_applicable + ')' if m.not_applicable else ''}"
               for m in (*found.milestones, *found.actions)]
        )  # fmt: skip

    door.answer(found, as_json=as_json, text=text)
    met = [
        d is not None and d <= n
        for d, n in ((found.detect_days, 7), (found.notify_days, 1), (found.respond_days, 7))
    ]
    raise typer.Exit(0 if all(met) else 1)


@app.command()
def changed(
    since: Annotated[str, typer.Option("--since", help="The earlier instant.")],
    area: AreaAsked = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """What changed since an earlier instant: points, sources, chains and indicators, each with its list."""
    from yipan.operations import changes

    with _record(area, known_at) as (settings, post, now, place):
        before_at, at = door.moment(since, settings), door.moment(known_at, settings)
        with post.store.reading(post.viewer, known_at=before_at) as before:
            found = changes.changed(
                now, before, area=place, since=before_at, at=at, time_zone=settings.time_zone
            )
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join(
            [f"{len(found.new_cases)} new cases, {len(found.new_areas)} new areas, {len(found.new_sources)} new sources"]
            + [f"{c.change}: {c.now or ', '.join(c.before)} ({c.cases_before} to {c.cases} cases)" for c in found.chains if c.change != "same"]
            + [f"{i.said.en}: {len(i.cases)} of {len(i.of)}" + (f", median {i.median_hours:.1f} h" if i.median_hours is not None else "") for i in found.indicators]
        ),
    )  # fmt: skip


@app.command(name="early-action")
def early_action(
    incident: Annotated[str, typer.Argument(help="Id of the incident.")],
    action: Annotated[
        str,
        typer.Argument(
            help="investigation_started, analysis_and_risk_assessment, laboratory_confirmation, case_management, "
            "community_measures, risk_communication or coordination."
        ),
    ],
    started: Annotated[str | None, typer.Option("--started", help="When it was started.")] = None,
    not_applicable: Annotated[
        str, typer.Option("--not-applicable", help="Why it does not apply.")
    ] = "",
    why: Annotated[str, typer.Option("--why", help="Where this is known from.")] = "",
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Note when an early action of 7-1-7 was started in an incident, or why it does not apply."""
    from yipan.model import EarlyAction
    from yipan.operations import seven_one_seven

    with door.at_post() as (settings, post):
        found = seven_one_seven.note_action(
            post, incident, _choice(EarlyAction, action, "ACTION"), at=door.moment(at, settings), not_applicable=not_applicable,
            started=door.moment(started, settings) if started else None, why=why, time_zone=settings.time_zone,
        )  # fmt: skip
    door.answer(
        found, as_json=as_json,
        text=lambda: f"{action}: {not_applicable or started}; responded in {'-' if found.respond_days is None else found.respond_days} days.",
    )  # fmt: skip


@contextmanager
def _record(area: str | None, known_at: str | None = None) -> Iterator[tuple[Any, Any, Any, Any]]:
    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.path_asked(record, area, otherwise=post.area)
            yield settings, post, record, place


@contextmanager
def _network(
    files: list[Path] | None, area: str | None, disease: str | None, known_at: str | None
) -> Iterator[tuple[ZoneInfo, "Network", dict[str, str]]]:
    """A network from files, without a record, or from the record."""
    from yipan.operations import outbreak_files
    from yipan.operations import tracing as desk

    if not files:
        with _record(area, known_at) as (settings, _, record, place):
            yield settings.time_zone, desk.network_in(record, area=place, disease=disease), {}
        return
    from yipan.settings import Settings

    _there(files)
    reading = outbreak_files.read_files(files, disease=disease)
    if not reading.ok:
        typer.echo(_reports(reading.reports), err=True)
        raise typer.Exit(3)
    yield Settings.read().time_zone, outbreak_files.network_of_reading(reading), reading.names()


def _traced(
    files: list[Path] | None, area: str | None, disease: str | None, mean: float | None, sd: float, today: str | None,
    known_at: str | None, asked: Callable[["Traced", date], Any], genomes: Path | None = None, weights: list[str] | None = None,
) -> Any:  # fmt: skip
    from yipan.analytics.trace.sources import Delay
    from yipan.operations import network, outbreak_files

    with _network(files, area, disease, known_at) as (zone, read, _):
        serial = Delay(mean_days=mean, sd_days=sd) if mean is not None else None
        net = read
        if genomes is not None:
            _there([genomes])
            try:
                net = outbreak_files.genomes_for(read, genomes)
            except outbreak_files.TracingFilesHaveProblems as refused:
                typer.echo(_reports(refused.reports), err=True)
                raise typer.Exit(3) from None
        traced = network.trace(
            net, time_zone=zone, serial=serial, weights=network.weights_of(weights or ())
        )
        last = _last_day(net, zone) if files else door.now().astimezone(zone).date()
        return asked(traced, door.day(today, last))


def _last_day(net: "Network", zone: ZoneInfo) -> date:
    days = [
        moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
        for case in net.cases
        for moment in (case.onset, case.reported, case.confirmed)
        if moment is not None
    ]
    return max(days, default=door.now().date() - timedelta(days=1)) + timedelta(days=1)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _choice(kind: Any, text: str, where: str) -> Any:
    """One of an enumeration's values as typed, or a message that lists them."""
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(entry.value for entry in kind)
        raise typer.BadParameter(f"{text!r} is not one of {known}", param_hint=where) from None


def _there(files: list[Path]) -> None:
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"there is no file {file}")


def _reports(reports: Any) -> str:
    lines = []
    for report in reports:
        lines.append(
            f"{report.file}: {report.format}; {report.read} read, {report.accepted} accepted, {report.wrong} wrong."
        )
        lines += [f"  {problem}" for problem in report.problems]
        lines += [f"  note: {note}" for note in report.notes]
    return "\n".join(lines)


def _imported(done: Any) -> str:
    exposing = ", ".join(f"{name} {n}" for name, n in done.most_exposing[:5])
    lines = [
        _reports(done.reports),
        ", ".join(
            f"{getattr(done, what)} {what.replace('_', '-')}"
            for what in ("cases", "contacts", "exposures", "gatherings", "visits", "follow_ups", "tests")
        )
        + ".",
        f"Groups held together by exposures: {len(done.components)}, the largest {', '.join(map(str, done.components[:10])) or '-'}.",
    ]  # fmt: skip
    if exposing:
        lines.append(f"Most exposures lead from {exposing}.")
    lines.append(f"Receipt {done.receipt.id}." if done.receipt else "Nothing was committed.")
    return "\n".join(lines)


def _groups(sizes: Any) -> str:
    more = f" and {len(sizes) - 10} more" if len(sizes) > 10 else ""
    return f"Recorded exposures hold together groups of {', '.join(map(str, sizes[:10])) or 'nobody'}{more}."


def _clocks(views: Any) -> str:
    return door.table(
        ("investigation", "case", "stage", "due", "reached", "late h", "missing"),
        [
            (v.investigation.id, v.investigation.case, c.stage.value, f"{c.due:%m-%d %H:%M}" if c.due else None,
             f"{c.reached:%m-%d %H:%M}" if c.reached else None, c.late_hours or None, len(c.missing) or None)
            for v in views
            for c in v.clocks
        ],
    )  # fmt: skip
