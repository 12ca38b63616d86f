"""Users at the terminal."""

from typing import Annotated

import typer

from yipan.cli import door
from yipan.model import Duty

app = typer.Typer(help="Users, their duties and areas.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Log-in name.")],
    duty: Annotated[Duty, typer.Option(help="What the user answers for.")],
    area: Annotated[
        str | None,
        typer.Option("--area", help="The area (path or name); of a sentinel, its own if left out."),
    ] = None,
    sentinel: Annotated[
        str | None, typer.Option("--sentinel", help="The id of the one sentinel the log-in is for.")
    ] = None,
    *,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    shown_as: Annotated[str | None, typer.Option(help="Name shown on the board.")] = None,
) -> None:
    """Add a user with one duty in one area; the password is asked for, not shown."""
    from yipan.operations import users
    from yipan.operations.post import Post
    from yipan.store.tables.watch import SENTINELS

    with door.at_post() as (_, post):
        with post.store.reading(post.viewer) as record:
            if sentinel is not None:
                path = record.noun(SENTINELS, sentinel).place
            elif area is None:
                raise typer.BadParameter("say --area, or --sentinel for the log-in of one sentinel")
            else:
                path = door.find_area(record.areas(), area).path
        keeper = Post(store=post.store, viewer=users.administrator(post.viewer))
        users.add(
            keeper, name=name, shown_as=shown_as or name, password=password, duty=duty, area=path,
            at=door.now(),
        )  # fmt: skip
        typer.echo(f"{name} is {duty.value} in {path}.")


@app.command("list")
def list_users(as_json: door.AsJson = False) -> None:
    """List users with the area they work in."""
    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = record.users()
        door.answer(
            found, as_json=as_json, text=lambda: door.table(("name", "shown as", "area"), found)
        )
