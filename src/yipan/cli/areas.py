"""Areas at the terminal."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(help="The areas of the record; begin a record with a pack.", no_args_is_help=True)


class Datum(StrEnum):
    """The datums a file may be declared in, told here so that the help needs no import."""

    WGS84 = "wgs-84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj-02"


@app.command("list")
def list_areas(
    under: Annotated[str | None, typer.Option(help="Only those in this area.")] = None,
    level: Annotated[str | None, typer.Option(help="Only those of this level.")] = None,
    as_json: door.AsJson = False,
) -> None:
    """List areas with path, code, names and population (a dash where it is unknown)."""
    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        place = door.find_area(record.areas(), under).path if under else None
        areas = record.areas(place, level=level)
        door.answer(
            areas,
            as_json=as_json,
            text=lambda: door.table(
                ("path", "level", "code", "name", "English", "population"),
                [(a.path, a.level, a.code, a.name_zh, a.name_en, a.population) for a in areas],
            ),
        )


@app.command()
def begin(
    pack: Annotated[
        str, typer.Argument(help="A pack's name, or the folder of your own.")
    ] = "guangdong",
    at: door.At = None,
) -> None:
    """Begin an empty record with the areas of a pack."""
    from yipan.operations import demo
    from yipan.packs import read_pack

    with door.opened() as (settings, store):
        chosen = read_pack(Path(pack) if "/" in pack else pack)
        demo.found(store, chosen, at=door.moment(at, settings))
        typer.echo(
            f"The record holds {len(chosen.areas)} areas of {chosen.name_en} ({chosen.name_zh})."
        )


@app.command("import")
def import_boundaries(
    file: Annotated[Path, typer.Argument(help="GeoJSON with one polygon feature per area.")],
    datum: Annotated[
        Datum, typer.Option(help="The datum the file was measured in; it is not guessed.")
    ],
    key: Annotated[
        str | None, typer.Option(help="The property that names the area by path, code or name.")
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Add the areas that are not known yet.")
    ] = False,
    schematic: Annotated[bool, typer.Option(help="They are drawings, not surveys.")] = False,
    credit: Annotated[str, typer.Option(help="Who made the boundaries, of which year.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; commit nothing.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put your own official boundaries on record, converted to WGS-84. Undo: `yipan ingest --undo RECEIPT`."""
    from yipan.cli.ingest import told
    from yipan.operations import areas as desk
    from yipan.operations import users
    from yipan.operations.post import Post

    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    with door.opened() as (settings, store):
        post = Post(store=store, viewer=users.administrator(store.system()))
        try:
            done = desk.import_boundaries(
                post, file, datum=desk.Datum(datum.value), at=door.moment(at, settings), key=key, add=add,
                schematic=schematic, credit=credit, dry_run=dry_run,
            )  # fmt: skip
        except desk.FileHasProblems as refused:
            report = refused.report
            door.answer(report, as_json=as_json, text=lambda: told(report))
            raise typer.Exit(3) from None
        last = f"Receipt {done.receipt.id}." if done.receipt else "Nothing was committed."
        door.answer(
            done,
            as_json=as_json,
            text=lambda: (
                f"{told(done.report)}\n{done.drawn} boundaries, {len(done.added)} new areas. {last}"
            ),
        )
        raise typer.Exit(3 if dry_run and done.report.wrong else 0)
