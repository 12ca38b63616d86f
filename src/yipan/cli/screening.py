"""Screening at the terminal: rounds, bulk files, coverage, gaps, positives, laboratories, pools, a drill."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from yipan.cli import door

app = typer.Typer(
    help="Rounds of mass screening, from swabs to who was reached.", no_args_is_help=True
)

Round = Annotated[str, typer.Option("--round", help="Id of the round.")]


def _figure(value: float | None, places: int) -> str | None:
    return None if value is None else f"{value:.{places}f}"


@app.callback()
def screening() -> None:
    """Rounds of mass screening, from swabs to who was reached."""


@app.command("round")
def open_round(
    id: Annotated[str, typer.Argument(help="Letters, digits, - and _.")],
    area: door.AreaOption,
    opened: Annotated[str, typer.Option("--opened", help="First instant of swabs.")],
    closes: Annotated[str | None, typer.Option("--closes", help="24 hours later if left out.")] = None,
    disease: Annotated[str, typer.Option("--disease")] = "covid-19",
    rule: Annotated[str, typer.Option("--rule", help="What it is ordered under.")] = "",
    why: Annotated[str, typer.Option("--why")] = "a round of screening was ordered",
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Open a round of screening in an area."""
    from yipan.model import ScreeningRound
    from yipan.operations import screening as desk

    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
        begin = door.moment(opened, settings)
        end = door.moment(closes, settings) if closes else begin + timedelta(days=1)
        made = desk.open_round(
            post,
            ScreeningRound(
                id=id, area=place.path, disease=disease, opened=begin, closes=end, rule=rule
            ),
            why=why,
            at=door.moment(at, settings),
        )
    door.answer(made, as_json=as_json, text=lambda: f"Round {made.id} is open in {place.name_en}.")


@app.command()
def close(
    id: Annotated[str, typer.Argument(help="Id of the round.")],
    why: Annotated[str, typer.Option("--why")] = "the round has ended",
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Close a round: nothing more is proposed from it, and the task to swab everybody ends."""
    from yipan.operations import screening as desk

    with door.at_post() as (settings, post):
        done = desk.close_round(post, id, why=why, at=door.moment(at, settings))
    door.answer(done, as_json=as_json, text=lambda: f"Round {done.id} is closed.")


@app.command()
def rounds(known_at: door.KnownAt = None, as_json: door.AsJson = False) -> None:
    """List the rounds, the newest first."""
    from yipan.operations import screening as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.rounds(record)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("round", "area", "opened", "closes", "closed"),
            [(r.id, r.area, r.opened.isoformat(), r.closes.isoformat(), r.closed and r.closed.isoformat()) for r in found],
        ),
    )  # fmt: skip


@app.command()
def programme(
    area: door.AreaOption,
    place: Annotated[
        str, typer.Option("--place", help="Kind of district: outbreak_district, other_district, urban or rural.")
    ] = "outbreak_district",
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Say which round is next in each screened area, when and why. Exit code 1 where one is due."""
    from yipan.operations import programme as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.programmes(
                record, post.lake, area=door.find_area(record.areas(), area).path,
                at=door.moment(at, settings), time_zone=settings.time_zone, place=place,
            )  # fmt: skip
    told = [f"{one.area}: {reason.en} [{', '.join(reason.source)}]" for one in found for reason in one.reasons]  # fmt: skip
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join((
            door.table(
                ("area", "state", "clear rounds", "needed", "next round", "confirms", "stopped after"),
                [(p.area, p.state.value, p.zero_rounds, p.zero_rounds_needed, p.next_round, "yes" if p.confirming else "",
                  p.stopped_on) for p in found],
            ),
            "",
            door.table(
                ("round", "day", "community", "controlled", "pending", "held", "not seen", "clear"),
                [(r.round, r.day, r.community, r.controlled, r.pending, r.held, r.not_seen,
                  {True: "yes", False: "no", None: "not known yet"}[r.clear]) for p in found for r in p.rounds],
            ),
            "",
            *told,
        )),
    )  # fmt: skip
    raise typer.Exit(1 if any(one.state is desk.ProgrammeState.DUE for one in found) else 0)


@app.command()
def ingest(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="roster, samples, results, reswabs, needs, consignments, receipts, wells or visits.",
        ),
    ],
    round: Round,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Take a bulk file (CSV or Parquet) into a round. Exit code 1 where rows were put aside."""
    from yipan.model import LakeKind
    from yipan.operations import screening as desk

    if kind not in list(LakeKind):
        raise typer.BadParameter(f"{kind!r}; expected one of {', '.join(LakeKind)}")
    with door.at_post() as (settings, post):
        home = post.lake
        batch = desk.take_in(
            post, home, file, round=round, kind=LakeKind(kind), at=door.moment(at, settings),
            time_zone=settings.time_zone,
        )  # fmt: skip
    door.answer(
        batch, as_json=as_json,
        text=lambda: "\n".join((
            f"{batch.file}: {batch.read} rows read = {batch.accepted} accepted + {batch.quarantined} put aside",
            *(f"  {count}: {reason}" for reason, count in batch.reasons.items()),
            *([f"  the rows put aside are in {home.folder / batch.quarantine}"] if batch.quarantine else []),
        )),
    )  # fmt: skip
    raise typer.Exit(1 if batch.quarantined else 0)


@app.command()
def coverage(round: Round, known_at: door.KnownAt = None, as_json: door.AsJson = False) -> None:
    """Say who of a round's roster was reached, street by street."""
    from yipan.operations import screening as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.coverage(record, post.lake, round=round)
    head = (
        "street",
        "due",
        "sampled",
        "with result",
        "pending",
        "held",
        "again",
        "not seen",
        "covered",
    )

    def row(street: Any) -> tuple[object, ...]:
        share = None if street.covered is None else f"{street.covered:.1%}"
        return (
            street.name_zh, street.due, street.sampled, street.with_result, street.pending, street.held,
            street.to_swab_again, street.not_seen, share,
        )  # fmt: skip

    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(head, [row(found.total), *(row(street) for street in found.streets)]),
    )  # fmt: skip


@app.command()
def plan(
    round: Round,
    prevalence: Annotated[float | None, typer.Option("--prevalence", min=0.0, max=1.0, help="Share infected; from rounds if left out.")] = None,
    samplers: Annotated[int | None, typer.Option("--samplers", min=0, help="Samplers there are.")] = None,
    sites: Annotated[int | None, typer.Option("--sites", min=0, help="Sites there are.")] = None,
    couriers: Annotated[int | None, typer.Option("--couriers", min=0, help="Couriers there are.")] = None,
    protocol: Annotated[str | None, typer.Option("--protocol", help="Ask another version; the one in force if left out.")] = None,
    assume: Annotated[Path | None, typer.Option("--assume", exists=True, dir_okay=False, help="Your own file of assumptions.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Plan a round street by street: sites, samplers, couriers, how to fill tubes, who takes them. Exit code 1 where some lack."""
    from yipan.operations import logistics as desk
    from yipan.packs.screenings import read_screening
    from yipan.protocol import protocols

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        found = desk.needs(
            record, post.lake, round=round, at=door.moment(at, settings),
            otherwise=protocols().rulebook(desk.OTHERWISE), book=protocols().rulebook(protocol) if protocol else None,
            given=read_screening(assume or "covid-19"), prevalence=prevalence,
            have=desk.Have(samplers=samplers, sites=sites, couriers=couriers),
        )  # fmt: skip

    def text() -> str:
        rows = [
            (s.name_zh, s.people, f"{s.sites} to {s.sites_most}", s.samplers, f"{s.couriers:.1f}",
             ", ".join(f"{g.people} {g.group} {g.mode}" for g in s.groups), s.tubes, f"{s.held:.1f}", s.laboratory)
            for s in (found.total, *found.streets)
        ]  # fmt: skip
        lacking = [
            f"lacking: {count} {what}"
            for what, count in (
                ("samplers", found.lacking_samplers), ("sites", found.lacking_sites),
                ("couriers", found.lacking_couriers), ("tubes in a day", found.lacking_tubes),
            )
            if count
        ]  # fmt: skip
        benches = [
            (b.name, "reserve" if b.reserve else "", b.tubes, b.tubes_per_day)
            for b in found.laboratories
        ]
        return "\n".join((
            door.table(("street", "people", "sites", "samplers", "couriers", "tubes of", "tubes", "held", "laboratory"), rows),
            "", door.table(("laboratory", "", "takes", "can take a day"), benches), "", *lacking,
            f"by {found.rulebook}, {'adopted here' if found.adopted else 'not the version in force here'}",
            *(f"{reason.en} [{', '.join(reason.source)}]" for reason in found.reasons),
            *(f"assumed: {g.name} {g.value:g} ({g.note})" for g in found.given if g.assumption),
        ))  # fmt: skip

    door.answer(found, as_json=as_json, text=text)
    short = (
        found.lacking_samplers,
        found.lacking_sites,
        found.lacking_couriers,
        found.lacking_tubes,
    )
    raise typer.Exit(1 if any(short) else 0)


@app.command()
def community(
    area: door.AreaOption,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Say whether the community of an area is clear by the infections on record. Exit code 1 where the chosen definition says no."""
    from yipan.operations import confidence as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.community(
                record, area=door.find_area(record.areas(), area).path, at=door.moment(at, settings),
                time_zone=settings.time_zone,
            )  # fmt: skip
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join((
            door.table(
                ("definition", "chosen", "answer", "because"),
                [(a.definition, "yes" if a.chosen else "", a.answer, a.reasons[0].en) for a in found.answers],
            ),
            *([found.silent.en] if found.silent else [f"As of {found.as_of}."]),
            *(
                f"{one.day}: {', '.join(f'{n} in {s}' for s, n in one.found_in.items()) or 'nobody placed'}"
                + (f", {one.unplaced} reported without a place" if one.unplaced else "")
                + (", nothing reported" if one.unplaced is None else "")
                for one in found.days
            ),
        )),
    )  # fmt: skip
    raise typer.Exit(0 if found.answers and found.answers[0].answer == "zero" else 1)


@app.command()
def confidence(
    area: door.AreaOption,
    hidden: Annotated[float | None, typer.Option("--hidden", min=0.0, help="Infections expected before the rounds.")] = None,
    assume: Annotated[Path | None, typer.Option("--assume", exists=True, dir_okay=False, help="Your own file of assumptions.")] = None,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Say how probable it is that nobody infected is left in an area, and what raises that most. Evidence, never a rule."""
    from yipan.operations import confidence as desk
    from yipan.packs.screenings import read_screening

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.lifting(
                record, post.lake, area=door.find_area(record.areas(), area).path, at=door.moment(at, settings),
                time_zone=settings.time_zone, given=read_screening(assume or "covid-19"), hidden=hidden,
            )  # fmt: skip

    def text() -> str:
        if found.silent is not None or found.probability is None:
            return found.silent.en if found.silent else "nothing is known"
        return "\n".join((
            (f"Nobody infected is left with probability {found.probability:.3f} (wanted {found.target:.2f}; no number of "
            f"rounds passes {found.ceiling:.3f}), after {found.clear_rounds} clear rounds up to {found.round}."),
            f"{found.area}: {found.never_people} of those due were never tested; {found.unresolved} wait for a result, are to be swabbed again or are held.",
            *(f"  {lever.what.en}: {lever.after:.3f} ({lever.gain:+.3f})" for lever in found.levers),
            *(f"{'assumed' if g.assumption else 'taken'}: {g.name} {g.value:g} ({g.note or g.source})" for g in found.given),
        ))  # fmt: skip

    door.answer(found, as_json=as_json, text=text)


@app.command()
def waiting(round: Round, at: door.At = None, as_json: door.AsJson = False) -> None:
    """List the tubes without a result, those that have waited longest first. Exit code 1 where there are any."""
    from yipan.operations import screening as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        found = desk.waiting(record, post.lake, round=round, at=door.moment(at, settings))
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("tube", "street", "people", "hours"), [(t.tube, t.area, t.people, f"{t.hours:.1f}") for t in found]
        ),
    )  # fmt: skip
    raise typer.Exit(1 if found else 0)


@app.command()
def person(
    number: Annotated[int, typer.Argument(help="The person's number in the bulk files.")],
    as_json: door.AsJson = False,
) -> None:
    """List every swab of one person with its result, the oldest first."""
    from yipan.operations import screening as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = desk.person_history(record, post.lake, person=number)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("round", "sample", "tube", "swabbed", "result", "published"),
            [(s.round, s.sample, s.tube, s.sampled_at.isoformat(), s.result,
              s.published_at and s.published_at.isoformat()) for s in found],
        ),
    )  # fmt: skip


@app.command()
def gaps(
    round: Round, area: door.AreaOption,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 1000,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """List who of a street is due and has no valid result. Exit code 1 where there is anybody."""
    from yipan.operations import screening as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        place = door.find_area(record.areas(), area)
        found = desk.gaps(record, post.lake, round=round, street=place.path, limit=limit)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(("person", "why", "swabbed"), [(g.person, g.why, g.sampled_at) for g in found]),
    )  # fmt: skip
    raise typer.Exit(1 if found else 0)


@app.command()
def positives(round: Round, as_json: door.AsJson = False) -> None:
    """List positive and weak tubes with the people held. Exit code 1 where there are any."""
    from yipan.operations import screening as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = desk.held_tubes(record, post.lake, round=round)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("tube", "street", "laboratory", "result", "people", "known"),
            [(t.tube, t.area, t.laboratory, t.result, len(t.people), t.known.isoformat()) for t in found],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if found else 0)


@app.command()
def holds(
    round: Round, at: door.At = None,
    every: Annotated[bool, typer.Option("--all", help="Those released, too.")] = False,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """List the tubes held by order, with who is still to be reached, swabbed, released, by clock. Exit code 1 where late."""
    from yipan.operations import holding as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        found = desk.holds(
            record, post.lake, round=round, at=door.moment(at, settings), open_only=not every
        )
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join((
            door.table(
                ("tube", "street", "result", "to reach", "to swab", "to release", "reach by", "hours late"),
                [(s.hold.tube, s.hold.area, s.hold.result, s.to_reach, s.to_swab, s.to_release,
                  s.reach_due and s.reach_due.isoformat(), f"{max(s.reach_late_hours, s.release_late_hours):.1f}") for s in found],
            ),
            "",
            door.table(
                ("tube", "person", "risk", "state", "reached", "released"),
                [(s.hold.tube, p.person, f"{p.risk:.3f}", p.state.value, p.reached and p.reached.isoformat(),
                  p.released and p.released.isoformat()) for s in found for p in s.people_now],
            ),
        )),
    )  # fmt: skip
    raise typer.Exit(1 if any(s.reach_late_hours or s.release_late_hours for s in found) else 0)


@app.command()
def reached(
    hold: Annotated[str, typer.Argument(help="Id of the held tube, like gz-1110.10000345.")],
    person: Annotated[list[int] | None, typer.Option("--person", help="Only these; everybody if left out.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Put on record that people of a held tube were reached; a single swab says so by itself."""
    from yipan.operations import holding as desk

    with door.at_post() as (settings, post):
        found = desk.record_reached(post, hold, people=person, at=door.moment(at, settings))
    told = sum(one.reached is not None for one in found.people)
    door.answer(
        found, as_json=as_json, text=lambda: f"{told} of {len(found.people)} people are reached."
    )


@app.command()
def confirm(
    round: Round,
    person: Annotated[int, typer.Option("--person")],
    laboratory: Annotated[str, typer.Option("--laboratory", help="Who confirmed it.")],
    refuted: Annotated[bool, typer.Option("--refuted", help="It was not confirmed.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put on record what a second laboratory or kit said of somebody single positive."""
    from yipan.operations import holding as desk

    with door.at_post() as (settings, post):
        made = desk.confirm(
            post, round=round, person=person, laboratory=laboratory, confirmed=not refuted,
            at=door.moment(at, settings),
        )  # fmt: skip
    door.answer(
        made, as_json=as_json,
        text=lambda: f"Person {person} is {'confirmed' if made.confirmed else 'not confirmed'} by {laboratory}.",
    )  # fmt: skip


@app.command()
def care(round: Round, at: door.At = None, as_json: door.AsJson = False) -> None:
    """List who came or is registered for care and has no result, whoever came first. Exit code 1 where anybody."""
    from yipan.operations import holding as desk

    with door.at_post() as (settings, post), post.store.reading(post.viewer) as record:
        found = desk.waiting_for_care(record, post.lake, round=round, at=door.moment(at, settings))
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("person", "street", "came for", "came", "registered for", "why", "hours since swab"),
            [(p.person, p.area, p.came_for, p.came and p.came.isoformat(), p.need, p.why, _figure(p.hours, 1)) for p in found],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if found else 0)


@app.command()
def met(round: Round, as_json: door.AsJson = False) -> None:
    """List who was at a place with somebody found positive in a round, for ten minutes at least. Evidence for tracing."""
    from yipan.operations import holding as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = desk.met_found(record, post.lake, round=round)
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join((
            door.table(
                ("person", "found", "place", "street", "from", "until", "minutes"),
                [(m.person, m.found, m.place, m.area, m.since.isoformat(), m.until.isoformat(), _figure(m.minutes, 0))
                 for m in found.meetings],
            ),
            "", f"{found.visits} visits on record, {found.without_end} of them without a leaving time: those meet nobody here.",
        )),
    )  # fmt: skip


@app.command()
def standing(
    number: Annotated[int, typer.Argument(help="The person's number in the bulk files.")],
    round: Round,
    as_json: door.AsJson = False,
) -> None:
    """Say where one person stands in a round: one state, derived from the files."""
    from yipan.operations import holding as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = desk.standing(record, post.lake, round=round, person=number)
    door.answer(
        found, as_json=as_json,
        text=lambda: f"Person {number}: {found.state.value}" + (f", tube {found.hold}" if found.hold else ""),
    )  # fmt: skip


@app.command()
def messages(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="HL7 v2.5.1 ORU^R01 or a FHIR R4 bundle.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the results as a file of tubes.")] = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Read laboratory messages without a record. `ingest --kind results` takes them, too. Exit code 1 where some are wrong."""
    from yipan.feeds import laboratory
    from yipan.settings import Settings

    found = laboratory.read_messages(file, time_zone=Settings.read().time_zone)
    if out is not None:
        laboratory.write_tubes(found, out)
    report = found.report
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join((
            (f"{report.file} ({report.format}): {report.read} observations = {report.accepted} results + "
             f"{report.rejected} wrong + {report.blank} no results; {report.repeated} correct an earlier one"),
            *(f"  {problem}" for problem in report.problems[:20]),
            door.table(
                ("order", "specimen", "test", "result", "corrected", "laboratory", "reported"),
                [(r.order, r.specimen, r.test, r.result, "yes" if r.corrected else "", r.laboratory,
                  r.reported and r.reported.isoformat()) for r in found.latest],
            ),
        )),
    )  # fmt: skip
    raise typer.Exit(1 if report.rejected else 0)


@app.command()
def specimens(
    round: Round, out: Annotated[Path, typer.Option("--out", help="One FHIR R5 Specimen a line.")]
) -> None:
    """Write the tubes of a round as FHIR specimens, pooled ones marked so; nobody is named."""
    import json

    from yipan.feeds.laboratory import specimen_of
    from yipan.operations import screening as desk

    count = 0
    with (
        door.at_post() as (_, post),
        post.store.reading(post.viewer) as record,
        out.open("w", encoding="utf-8") as file,
    ):
        for tube in desk.tube_specimens(record, post.lake, round=round):
            file.write(json.dumps(specimen_of(tube)) + "\n")
            count += 1
    typer.echo(f"{count} tubes in {out}.")


@app.command()
def cluster(
    round: Round, out: Annotated[Path, typer.Option("--out", help="The job, as JSON.")]
) -> None:
    """Write what a Spark cluster needs to answer about a round: files, columns, queries. `spark_job.py` runs it."""
    import json
    from dataclasses import asdict

    from yipan.operations import screening as desk
    from yipan.store import spark_job

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        job = desk.cluster_job(record, round=round)
    out.write_text(json.dumps(asdict(job), indent=1), encoding="utf-8")
    files = sum(len(told) for told in job.files.values())
    typer.echo(
        f"{files} files and {len(job.queries)} queries in {out}; run it with {spark_job.__file__}."
    )


@app.command()
def register(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="site, group, area, sector, duty_holder, person, ...")],
    since: Annotated[str | None, typer.Option("--since", help="First day they count; today if left out.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Put posts, key venues and crowded institutions with their people on record; who they are goes into the vault."""
    from yipan.feeds.keypeople import read_key_people
    from yipan.operations import keypeople as desk

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        told = read_key_people(
            file, since=door.day(since, moment.astimezone(settings.time_zone).date())
        )
        done = desk.register(post, told, at=moment)
    people = sum(len(site.people) for site in told.sites)
    door.answer(
        done, as_json=as_json, text=lambda: f"{len(told.sites)} sites with {people} key people are on record."
    )  # fmt: skip


@app.command()
def due(
    area: door.AreaOption,
    state: Annotated[
        str | None, typer.Option("--state", help="Only missed, due, done or not_asked.")
    ] = None,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List key people by what is due, with counts by duty-holder and sector. Exit code 1 where somebody was missed."""
    from yipan.operations import keypeople as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area).path
            when: Any = {
                "area": place,
                "at": door.moment(at, settings),
                "time_zone": settings.time_zone,
            }
            rows = desk.due_list(record, **when)
            found = desk.picture(record, **when)
    shown = [row for row in rows if state is None or row.state == state]
    head = ("", "people", "done", "due", "missed", "not asked")

    def counted(some: Any) -> list[tuple[object, ...]]:
        return [(c.name or "all", c.people, c.done, c.due, c.missed, c.not_asked) for c in some]

    door.answer(
        {"picture": found, "rows": shown}, as_json=as_json,
        text=lambda: "\n".join((
            door.table(head, counted((found.total, *found.groups, *found.sectors, *found.duty_holders))),
            "",
            door.table(
                ("site", "person", "every", "last", "next", "state", "days late", "tube"),
                [(r.site, r.person, r.every_days, r.last, r.next_due, r.state, r.overdue_days or "",
                  "single" if r.single else "") for r in shown],
            ),
            *(f"{reason.en} [{', '.join(reason.source)}]" for reason in found.reasons),
        )),
    )  # fmt: skip
    raise typer.Exit(1 if found.total.missed else 0)


@app.command()
def inspections(
    area: door.AreaOption,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List sites by what is due of their inspections, late rectifications first. Exit code 1 where one is late or missed."""
    from yipan.operations import keypeople as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            rows = desk.inspections(
                record, area=door.find_area(record.areas(), area).path, at=door.moment(at, settings),
                time_zone=settings.time_zone,
            )  # fmt: skip
    door.answer(
        rows, as_json=as_json,
        text=lambda: door.table(
            ("site", "duty-holder", "every", "last", "next", "state", "open findings", "put right by", "hours late"),
            [(r.site, r.duty_holder, r.every_days, r.last, r.next_due, r.state, "; ".join(r.open_points),
              r.rectify_due and r.rectify_due.isoformat(), _figure(r.late_hours, 1)) for r in rows],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(row.late_hours or row.state == "missed" for row in rows) else 0)


@app.command()
def inspect(
    site: Annotated[str, typer.Argument(help="Id of the site on the register.")],
    by: Annotated[str, typer.Option("--by", help="The office that inspected it.")],
    point: Annotated[list[str] | None, typer.Option("--finding", help="What was wanting; several times if need be.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Put an inspection of a site on record with what it found wanting."""
    from yipan.operations import keypeople as desk

    with door.at_post() as (settings, post):
        made = desk.record_inspection(
            post, site, by=by, points=point or (), at=door.moment(at, settings)
        )
    until = f", to be put right by {made.rectify_due.isoformat()}" if made.rectify_due else ""
    door.answer(
        made, as_json=as_json, text=lambda: f"{made.id}: {len(made.points)} findings{until}."
    )


@app.command()
def rectified(
    inspection: Annotated[str, typer.Argument(help="Id of the inspection.")],
    what: Annotated[str, typer.Option("--finding", help="The finding as it was recorded.")],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put on record that a finding of an inspection was put right."""
    from yipan.operations import keypeople as desk

    with door.at_post() as (settings, post):
        made = desk.rectify(post, inspection, what=what, at=door.moment(at, settings))
    door.answer(
        made, as_json=as_json, text=lambda: f"{made.id}: {made.open_points} findings are open."
    )


@app.command()
def zero(
    residents: Annotated[int, typer.Option("--residents", min=1)],
    found: Annotated[list[str], typer.Option("--found", help="A day's finds by setting, like 2022-05-11:isolation=9,community=1.")],
    protocol: Annotated[str, typer.Option("--protocol")] = "cn-covid-9ed",
    profile: Annotated[str, typer.Option("--profile", help="Who chose the definition.")] = "guangdong-2022",
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Say whether the community is clear by each published definition, the chosen one first. No record is needed."""
    from datetime import date

    from yipan.operations import screening as desk
    from yipan.protocol import protocols
    from yipan.protocol.rules.screening import CommunityDay

    days = []
    for told in found:
        day, _, rest = told.partition(":")
        try:
            finds = {
                s: int(n) for s, _, n in (one.partition("=") for one in rest.split(",") if one)
            }
            days.append(CommunityDay(day=date.fromisoformat(day), found_in=finds))
        except ValueError:
            raise typer.BadParameter(
                f"{told!r}; expected like 2022-05-11:isolation=9,community=1"
            ) from None
    books = protocols()
    answers = desk.community_zero_by_definition(
        days, residents, books.rulebook(protocol), books.profile(profile)
    )
    door.answer(
        answers, as_json=as_json,
        text=lambda: door.table(
            ("definition", "chosen", "answer", "because"),
            [(a.definition, "yes" if a.chosen else "", a.answer, a.reasons[0].en) for a in answers],
        ),
    )  # fmt: skip
    raise typer.Exit(0 if answers[0].answer == "zero" else 1)


@app.command()
def labs(round: Round, as_json: door.AsJson = False) -> None:
    """Judge the laboratories of a round. Exit code 1 where something does not look right."""
    from yipan.operations import screening as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = desk.laboratories(record, post.lake, round=round)

    def text() -> str:
        head = (
            "laboratory",
            "tubes",
            "positive",
            "no plate",
            "P50 h",
            "P90 h",
            "P99 h",
            "over 24 h",
        )
        rows = [
            (w.laboratory, w.tubes, w.positive, w.without_plate, _figure(w.p50_hours, 1), _figure(w.p90_hours, 1),
             _figure(w.p99_hours, 1), w.late)
            for w in found.work
        ]  # fmt: skip
        told = [f"{f.laboratory}: {f.en}\n{f.laboratory}：{f.zh}" for f in found.findings]
        return "\n".join([door.table(head, rows), "", *(told or ["Nothing stands out."])])

    door.answer(found, as_json=as_json, text=text)
    raise typer.Exit(1 if found.findings else 0)


@app.command()
def pools(
    prevalence: Annotated[float, typer.Option("--prevalence", min=0.0, max=1.0)],
    sensitivity: Annotated[float, typer.Option("--sensitivity", min=0.0, max=1.0)] = 1.0,
    specificity: Annotated[float, typer.Option("--specificity", min=0.0, max=1.0)] = 1.0,
    largest: Annotated[int, typer.Option("--largest", min=2, max=200)] = 50,
    as_json: door.AsJson = False,
) -> None:
    """Compare pool designs for a prevalence and a test: tests per person, and how often they are right."""
    from yipan.operations.screening import compare_designs

    found = compare_designs(
        prevalence, sensitivity=sensitivity, specificity=specificity, largest=largest
    )
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("design", "sizes", "tests per person", "sensitivity", "specificity", "PPV", "NPV"),
            [(d.design, d.sizes, f"{d.tests_per_person:.4f}", _figure(d.sensitivity, 4), _figure(d.specificity, 4),
              _figure(d.positive_predictive_value, 4), _figure(d.negative_predictive_value, 4)) for d in found],
        ),
    )  # fmt: skip


@app.command()
def freedom(
    hidden: Annotated[float, typer.Option("--hidden", help="Infected people expected before the rounds.")],
    never: Annotated[float, typer.Option("--never", help="Share of people no round reaches.")],
    rounds: Annotated[int, typer.Option("--rounds", min=0, help="All-negative rounds.")],
    attendance: Annotated[float, typer.Option("--attendance")] = 0.98,
    sensitivity: Annotated[float, typer.Option("--sensitivity")] = 0.9,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Say how probable it is that nobody infected is left, and what would raise that most."""
    from yipan.analytics.screening import freedom as left

    people = {"never": never, "attendance": attendance, "sensitivity": sensitivity}
    now = left.none_left(hidden, rounds=rounds, **people)
    found = left.levers(hidden, rounds=rounds, reached=0.25, **people)
    door.answer(
        {"probability": now, "levers": found}, as_json=as_json,
        text=lambda: "\n".join((
            f"Nobody infected is left with probability {now:.3f}.",
            *(f"  {lever.name.replace('_', ' ')}: {lever.after:.3f} ({lever.gain:+.3f})" for lever in found),
        )),
    )  # fmt: skip


@app.command()
def drill(
    people: Annotated[int, typer.Option("--people", min=20_000)] = 200_000,
    folder: Annotated[Path | None, typer.Option("--folder", help="Where the made-up files and the record of the drill go; beside the record if left out.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folder for a look at it.")] = False,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:  # fmt: skip
    """Hold a drill: a made-up round with planted faults, in a record of its own. Exit code 1 where one was missed."""
    import secrets
    import shutil

    import numpy as np

    from yipan.operations import drill as desk

    with door.at_post() as (settings, post):
        place = folder or settings.home / f"drill-{secrets.token_hex(4)}"
        if place.exists() and any(place.iterdir()):
            raise typer.BadParameter(f"{place} is not empty; name another folder with --folder")
        moment = door.moment(at, settings)
        try:
            with desk.apart(post, place / "record", at=moment) as own:
                work = desk.run(
                    own, own.lake, place / "files", people=people, at=moment, time_zone=settings.time_zone,
                    rng=np.random.default_rng(seed),
                )  # fmt: skip
                *_, report = door.progress(work, total=7, told=f"drill of {people:,} people")
        finally:
            if not keep:
                shutil.rmtree(place, ignore_errors=True)
    assert isinstance(report, desk.DrillReport)
    covered = (
        f"{report.coverage.due:,} due, {report.coverage.sampled:,} sampled, {report.coverage.with_result:,} with a "
        f"result; rows add up: {'yes' if report.rows_add_up else 'NO'}"
    )
    door.answer(
        report, as_json=as_json,
        text=lambda: "\n".join((
            door.table(
                ("fault", "planted", "found", "false"),
                [(f.kind.replace("_", " "), f.planted, f.found, f.false) for f in report.faults],
            ),
            "",
            door.table(
                ("step", "rows", "seconds"), [(s.what, s.rows, f"{s.seconds:.1f}") for s in report.steps]
            ),
            "",
            covered,
            f"its files and its record are in {place}" if keep else f"{place} is removed again; --keep leaves it",
        )),
    )  # fmt: skip
    raise typer.Exit(0 if report.all_found and report.rows_add_up else 1)
