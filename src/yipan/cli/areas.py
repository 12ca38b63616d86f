"""Areas at the terminal."""

from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(help="The areas of the record; begin a record with a pack.", no_args_is_help=True)


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
    from pathlib import Path

    from yipan.operations import demo
    from yipan.packs import read_pack

    with door.opened() as (settings, store):
        chosen = read_pack(Path(pack) if "/" in pack else pack)
        demo.found(store, chosen, at=door.moment(at, settings))
        typer.echo(
            f"The record holds {len(chosen.areas)} areas of {chosen.name_en} ({chosen.name_zh})."
        )
