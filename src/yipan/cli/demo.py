"""`yipan demo`: the main job in one command."""

import time
from datetime import timedelta
from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Open the board when the record is ready.")] = True,
) -> None:
    """Play the health bulletins of Guangdong, 1 October to 13 November 2022, into a record and open the board."""
    from yipan.operations import demo as desk
    from yipan.operations.story import STORY
    from yipan.packs import read_pack

    begun = time.perf_counter()
    with door.opened() as (settings, store):
        if store.top() is None:
            pack = read_pack(settings.pack)
            mornings = desk.mornings(pack)
            post = desk.found(store, pack, at=mornings[0][0] - timedelta(days=1))
            for _ in door.progress(
                desk.play(post, pack, scenes=STORY), total=len(mornings), told="mornings of 2022"
            ):
                pass
            desk.add_users(store, at=door.now())
            typer.echo(
                f"{len(pack.areas)} areas, {len(mornings)} mornings played in {time.perf_counter() - begun:.1f} s."
            )
        else:
            typer.echo(
                f"The record in {settings.home} is there already ({time.perf_counter() - begun:.1f} s)."
            )
    typer.echo(
        "The zones, proposals and findings whose names say 示范 are made up; the figures are not."
    )
    names = ", ".join(entry[0] for entry in desk.DEMO_USERS)
    typer.echo(f"Demonstration users: {names}; password: {desk.DEMO_PASSWORD}")
    if serve:
        from yipan.api.serve import serve as open_board

        open_board(settings)
