"""The watch at the terminal."""

from datetime import timedelta

import typer

from yipan.cli import door

app = typer.Typer(help="Which streams stand out, and why.", no_args_is_help=True)


@app.callback()
def watch() -> None:
    """Which streams stand out, and why."""


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
