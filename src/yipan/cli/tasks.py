"""Tasks at the terminal."""

from typing import Annotated

import typer

from yipan.cli import door
from yipan.model import TaskState

app = typer.Typer(help="Who must do what by when; what is late.", no_args_is_help=True)
Note = Annotated[str, typer.Option(help="What is to be said about it.")]


@app.callback()
def tasks() -> None:
    """Who must do what by when; what is late."""


@app.command(name="list")
def list_(
    area: door.AreaOption,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only late ones.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Finished ones as well.")] = False,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the tasks of an area, the earliest due first. Exit code 1 where one is late."""
    from yipan.operations import commanding

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            moment = door.moment(at, settings) if at or not known else known
            found = [
                task
                for task in commanding.tasks(record, area=place.path, at=moment, running=not every)
                if task.overdue or not overdue
            ]
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("task", "area", "duty", "what", "due", "late (h)", "state"),
            [
                (t.task.id, t.task.area, t.task.duty.value, t.task.what.zh,
                 f"{t.task.due:%Y-%m-%d %H:%M}" if t.task.due else None, f"{t.late_hours:.1f}",
                 t.task.state.value)
                for t in found
            ],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(task.overdue for task in found) else 0)


@app.command()
def step(
    task: Annotated[str, typer.Argument(help="Id of the task.")],
    to: Annotated[TaskState, typer.Argument(help="acknowledged, done, verified, open, cancelled.")],
    note: Note = "",
    finished: Annotated[
        str | None, typer.Option(help="The instant its limit is measured to; now if left out.")
    ] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Take a task one step; `open` sends one back that a re-check found wanting."""
    from yipan.operations import commanding

    with door.at_post() as (settings, post):
        done = commanding.step(
            post, task, to=to, at=door.moment(at, settings), note=note,
            finished=door.moment(finished, settings) if finished else None,
        )  # fmt: skip
    door.answer(done, as_json=as_json, text=lambda: f"{task} is {done.state.value}.")
