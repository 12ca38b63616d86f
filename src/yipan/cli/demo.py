"""`yipan demo`: the main job in one command."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door
from yipan.settings import set_present

if TYPE_CHECKING:
    from yipan.store import Store

A_SECOND = timedelta(seconds=1)

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Open the board when the record is ready.")] = True,
) -> None:
    """
    Play the health bulletins of Guangdong, 1 October to 13 November 2022, into a record and open the board.

    The record's clock goes on from its newest act while the board is open, so what is due there is due as it was then.
    """
    from yipan.operations import demo as desk
    from yipan.operations.outbreak_story import OUTBREAK_STORY
    from yipan.operations.screening_story import SCREENING_STORY
    from yipan.operations.story import STORY
    from yipan.operations.watch_story import WATCH_STORY
    from yipan.packs import read_pack

    begun = time.perf_counter()
    with door.opened() as (settings, store):
        if store.top() is None:
            pack = read_pack(settings.pack)
            mornings = desk.mornings(pack)
            post = desk.found(store, pack, at=mornings[0][0] - timedelta(days=1))
            for _ in door.progress(
                desk.play(
                    post, pack, scenes=(*STORY, *OUTBREAK_STORY, *SCREENING_STORY, *WATCH_STORY)
                ),
                total=len(mornings),
                told="mornings of 2022",
            ):
                pass
            desk.add_users(store, at=mornings[-1][0] + desk.ROUND_AFTER + A_SECOND)
            typer.echo(
                f"{len(pack.areas)} areas, {len(mornings)} mornings played in {time.perf_counter() - begun:.1f} s."
            )
        else:
            typer.echo(
                f"The record in {settings.home} is there already ({time.perf_counter() - begun:.1f} s)."
            )
        shown = replace(settings, behind=set_present(settings.home, _newest(store) + A_SECOND))
    typer.echo(
        f"Its present is {shown.now().astimezone(settings.time_zone):%Y-%m-%d %H:%M}: the clock of a demonstration "
        "goes on from its newest act."
    )
    typer.echo(
        "The cases, sentinels, zones, proposals and findings whose names say 示范 are made up; the bulletins' figures are not."
    )
    names = ", ".join(entry[0] for entry in desk.DEMO_USERS)
    typer.echo(f"Demonstration users: {names}; password: {desk.DEMO_PASSWORD}")
    if serve:
        from yipan.api.serve import serve as open_board

        open_board(shown)


def _newest(store: "Store") -> datetime:
    """The moment the newest act of the record speaks for."""
    with store.reading(store.system()) as record:
        (act,) = record.acts(after=record.newest_act() - 1, limit=1)
    return act.at
