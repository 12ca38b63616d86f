"""The round at the terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.operations.day import DayResult

app = typer.Typer(
    help="Do the round of every desk at an instant, or replay a span.", invoke_without_command=True
)


@app.callback()
def day(ctx: typer.Context, at: door.At = None, as_json: door.AsJson = False) -> None:
    """Do the round of every desk. Exit code 1 where a desk failed."""
    if ctx.invoked_subcommand is not None:
        return
    from yipan.operations import day as desk

    with door.at_post() as (settings, post):
        done = desk.run(post, at=door.moment(at, settings), time_zone=settings.time_zone)
    door.answer(done, as_json=as_json, text=lambda: _told([done]))
    raise typer.Exit(0 if done.ok else 1)


@app.command()
def replay(
    since: Annotated[str, typer.Option("--from", help="Instant of the first round.")],
    until: Annotated[str, typer.Option("--to", help="Rounds up to this instant, not included.")],
    as_json: door.AsJson = False,
) -> None:
    """Do the daily rounds of a span one after another. Exit code 1 where a desk failed."""
    from yipan.operations import day as desk

    with door.at_post() as (settings, post):
        first, last = door.moment(since, settings), door.moment(until, settings)
        rounds = desk.replay(post, since=first, until=last, time_zone=settings.time_zone)
        done = list(door.progress(rounds, total=len(desk.instants(first, last)), told="rounds"))
    door.answer(done, as_json=as_json, text=lambda: _told(done))
    raise typer.Exit(0 if all(result.ok for result in done) else 1)


def _told(results: "list[DayResult]") -> str:
    return door.table(
        ("round", "desk", "done", "made", "message"),
        [
            (
                f"{entry.at:%Y-%m-%d %H:%M%z}",
                entry.desk,
                "yes" if entry.ok else "FAILED",
                entry.made,
                entry.message,
            )
            for result in results
            for entry in result.desks
        ],
    )
