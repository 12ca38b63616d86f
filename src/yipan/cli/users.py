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
    area: door.AreaOption,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    shown_as: Annotated[str | None, typer.Option(help="Name shown on the board.")] = None,
) -> None:
    """Add a user with one duty in one area; the password is asked for, not shown."""
    from yipan.operations import users
    from yipan.operations.post import Post

    with door.at_post() as (_, post):
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
        keeper = Post(store=post.store, viewer=users.administrator(post.viewer))
        users.add(
            keeper, name=name, shown_as=shown_as or name, password=password, duty=duty, area=place.path,
            at=door.now(),
        )  # fmt: skip
        typer.echo(f"{name} is {duty.value} in {place.name_en} ({place.name_zh}).")


@app.command("list")
def list_users(as_json: door.AsJson = False) -> None:
    """List users with the area they work in."""
    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = record.users()
        door.answer(
            found, as_json=as_json, text=lambda: door.table(("name", "shown as", "area"), found)
        )
