"""The situation report at the terminal."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(add_completion=False)


class Language(StrEnum):
    """The languages a report is written in."""

    ZH = "zh"
    EN = "en"


class Format(StrEnum):
    """The forms a report is made in."""

    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    JSON = "json"


@app.command()
def report(
    area: door.AreaOption,
    at: door.At = None,
    lang: Annotated[Language, typer.Option(help="Language.")] = Language.ZH,
    form: Annotated[Format, typer.Option("--format", help="Form.")] = Format.HTML,
    out: Annotated[
        Path | None, typer.Option(help="File to write; the terminal if left out.")
    ] = None,
) -> None:
    """Make the situation report of an area as known at an instant; the same record makes the same bytes."""
    from yipan.operations import reports as desk

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        with post.store.reading(post.viewer, known_at=moment) as record:
            place = door.find_area(record.areas(), area)
            found = desk.situation(record, area=place.path, at=moment, time_zone=settings.time_zone)
        made = desk.render(found, lang=lang.value, format=form.value, time_zone=settings.time_zone)
    if out is None:
        typer.echo(made, nl=False)
    else:
        out.write_bytes(made)
        typer.echo(f"{out}: {len(made)} bytes.")
