"""The nine prohibitions at the terminal."""

from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(
    help="Nine prohibitions: what asks more than the protocol allows; put right, re-checked.",
    no_args_is_help=True,
)


@app.callback()
def prohibitions() -> None:
    """Nine prohibitions: what asks more than the protocol allows; put right, re-checked."""


@app.command()
def check(
    area: door.AreaOption,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Check everything in force in an area. Exit code 1 where something asks too much."""
    from yipan.operations import prohibitions as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = (door.moment(at, settings) if at or not known else known).astimezone(
            settings.time_zone
        )
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = desk.check(record, area=place.path, at=moment)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("record", "item", "verdict", "people", "arithmetic"),
            [(f.record, f.item, f.verdict.value, f.people, f.arithmetic) for f in found],
        ),
    )
    raise typer.Exit(1 if any(f.verdict.value != "ok" for f in found) else 0)


@app.command()
def findings(
    area: door.AreaOption,
    every: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the findings on record, violations first. Exit code 1 where one is open."""
    from yipan.operations import prohibitions as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = (door.moment(at, settings) if at or not known else known).astimezone(
            settings.time_zone
        )
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = desk.findings(record, area=place.path, at=moment, open_only=not every)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("finding", "subject", "item", "verdict", "people", "owner", "state", "late (h)", "what"),
            [
                (f.finding.id, f.finding.subject, f.finding.item, f.finding.verdict, f.finding.people,
                 f.finding.owner, f.state, f"{f.late_hours:.1f}", f.finding.reasons[0].zh)
                for f in found
            ],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(f.finding.closed is None for f in found) else 0)


@app.command()
def recheck(
    finding: Annotated[str, typer.Argument(help="Id of the finding.")],
    note: Annotated[str, typer.Option(help="What was seen.")] = "",
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Re-check a finding that was reported as put right."""
    from yipan.operations import prohibitions as desk

    with door.at_post() as (settings, post):
        told = desk.recheck(post, finding, at=door.moment(at, settings), note=note)
    door.answer(
        told,
        as_json=as_json,
        text=lambda: f"{finding} is {'closed' if told.closed else 'open again'}.",
    )


@app.command()
def excess(
    area: door.AreaOption,
    day: Annotated[str, typer.Argument(help="The day, like 2022-11-23.")],
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Print people and person-hours held beyond the protocol on a day, with the findings behind the figure."""
    from yipan.operations import prohibitions as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        wanted = door.day(day, (known or door.now()).date())
        since = datetime.combine(wanted, clock_time(), tzinfo=settings.time_zone)
        until = max(
            min(since + timedelta(days=1), known or door.now()), since + timedelta(seconds=1)
        )
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = desk.excess(record, area=place.path, since=since, until=until)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: (
            f"{found.people} people, {found.person_hours:.0f} person-hours beyond the protocol; "
            f"{len(found.findings)} findings, {found.people_unknown} of them with people not known\n"
            + "\n".join(f"  {f.id}  {f.subject}  {f.arithmetic}" for f in found.findings)
        ),
    )
