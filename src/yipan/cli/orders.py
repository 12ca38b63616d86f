"""Orders at the terminal."""

from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(help="What was ordered, and when the public was told.", no_args_is_help=True)


@app.callback()
def orders() -> None:
    """What was ordered, and when the public was told."""


@app.command(name="list")
def list_(
    area: door.AreaOption, known_at: door.KnownAt = None, as_json: door.AsJson = False
) -> None:
    """List the orders that touch an area, the newest first."""
    from yipan.operations import commanding

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = commanding.orders(record, area=place.path)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("order", "number", "area", "lines", "effective", "published", "decider", "signer"),
            [
                (o.id, o.number or None, o.area, ", ".join(line.kind for line in o.lines),
                 f"{o.effective:%Y-%m-%d %H:%M}", f"{o.published:%Y-%m-%d %H:%M}" if o.published else None,
                 o.decider, o.signer or None)
                for o in found
            ],
        ),
    )  # fmt: skip


@app.command()
def publish(
    order: Annotated[str, typer.Argument(help="Id of the order.")],
    published: Annotated[
        str | None, typer.Option(help="When the public was told; now if left out.")
    ] = None,
    number: Annotated[str, typer.Option(help="Number of the notice.")] = "",
    signer: Annotated[str, typer.Option(help="Who signed it.")] = "",
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Say that the public was told of an order; the task to do so ends."""
    from yipan.operations import commanding

    with door.at_post() as (settings, post):
        told = commanding.publish(
            post, order, at=door.moment(at, settings), number=number, signer=signer,
            published=door.moment(published, settings) if published else None,
        )  # fmt: skip
    door.answer(told, as_json=as_json, text=lambda: f"{order} was published at {told.published}.")
