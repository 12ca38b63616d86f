"""The exercise at the terminal: make one, play it, see how it went."""

from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door
from yipan.settings import Settings, set_present

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yipan.operations.post import Post

app = typer.Typer(
    help="A hidden outbreak to find and to end, for training and proof.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="The folder of the exercise.")]


@app.callback()
def exercise() -> None:
    """A hidden outbreak to find and to end, for training and proof."""


@app.command()
def new(
    folder: Folder,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed is another hidden outbreak.")
    ] = 1,
    days: Annotated[int, typer.Option("--days", help="How many days it lasts.")] = 30,
    first_day: Annotated[
        str | None, typer.Option("--first-day", help="Its first day; 2022-10-01 if left out.")
    ] = None,
    pathogen: Annotated[
        str, typer.Option("--pathogen", help="A pathogen of the packs.")
    ] = "covid-ba5",
    r: Annotated[float, typer.Option("--r", help="Reproduction number without measures.")] = 2.5,
    infections: Annotated[
        int, typer.Option("--infections", help="How many are infected at the start.")
    ] = 3,
    as_json: door.AsJson = False,
) -> None:
    """Make an exercise: a province with a hidden outbreak, its truth sealed in the folder."""
    from yipan.operations import exercise as desk

    made = desk.create(
        folder, pack_key=Settings.read().pack, pathogen=pathogen, seed=seed,
        first_day=door.day(first_day, date(2022, 10, 1)), days=days, reproduction_number=r, infections=infections,
    )  # fmt: skip
    door.answer(
        made,
        as_json=as_json,
        text=lambda: (
            f"{folder}: {made.days} days from {made.first_day}; the truth is sealed ({made.truth_sha256[:12]}).\n"
            f"Play it: yipan exercise play {folder} --auto\n"
            f"Its board: YIPAN_HOME={folder / 'record'} yipan serve"
        ),
    )


@app.command()
def play(
    folder: Folder,
    auto: Annotated[bool, typer.Option("--auto", help="Accept what the board proposes.")] = False,
    smaller: Annotated[
        bool,
        typer.Option(
            "--smaller", help="With --auto: take the smaller zone wherever the board offers one."
        ),
    ] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="The written protocol with its delays.")
    ] = False,
    none: Annotated[bool, typer.Option("--none", help="Do nothing but treat who comes.")] = False,
    until_day: Annotated[
        int | None, typer.Option("--until-day", help="Stop after this many days.")
    ] = None,
    as_json: door.AsJson = False,
) -> None:
    """
    Play the days that are left; one cut off goes on where it was.

    The clock of its board goes on from the last act: start the board again after days were played.
    """
    from yipan.operations import exercise as desk
    from yipan.operations import truth as trainers
    from yipan.operations.compiled import compile_model

    chosen = [
        mode
        for mode, wanted in (
            (desk.Mode.SMALLER if smaller else desk.Mode.AUTO, auto), (desk.Mode.BY_HAND, by_hand), (desk.Mode.NONE, none),
        )
        if wanted
    ]  # fmt: skip
    if smaller and not auto:
        raise typer.BadParameter("--smaller goes with --auto")
    if len(chosen) != 1:
        raise typer.BadParameter("expected one of --auto, --by-hand and --none")
    compile_model(lambda said: typer.echo(said, err=True))
    with _at(folder) as post:
        left = desk.read(folder).days - desk.progress(folder).days_done
        done = list(
            door.progress(
                desk.play(folder, post, mode=chosen[0], until_day=until_day),
                total=left,
                told="days",
            )
        )
        set_present(folder / "record", desk.newest_act(post) + timedelta(seconds=1))
        typer.echo("Keeping what the trainer will be shown.", err=True)
        trainers.prepare(folder, post)
    door.answer(
        done,
        as_json=as_json,
        text=lambda: door.table(
            ("day", "files", "cases reported", "proposals accepted", "zones in force"),
            [
                (d.day, len(d.files), d.cases_reported, d.proposals_accepted, d.zones_in_force)
                for d in done
            ],
        ),
    )


@app.command()
def score(folder: Folder, as_json: door.AsJson = False) -> None:
    """Open the truth and tell how the exercise went so far."""
    from yipan.operations import exercise as desk

    with _at(folder) as post:
        found = desk.score(folder, post)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("", ""),
            [(words[1], getattr(found, name)) for name, words in desk.WORDS.items()],
        ),
    )


@app.command()
def report(
    folder: Folder,
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "zh",
    form: Annotated[str, typer.Option("--form", help="markdown or html.")] = "markdown",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it here instead of printing it.")
    ] = None,
) -> None:
    """Write the after-action report."""
    from yipan.operations import truth as desk

    with _at(folder) as post:
        text = desk.told(folder, desk.prepare(folder, post), language=language, form=form)
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"{out} written.")


@app.command()
def truth(
    folder: Folder,
    trainer: Annotated[
        bool, typer.Option("--trainer", help="Say that you are not playing.")
    ] = False,
    as_json: door.AsJson = False,
) -> None:
    """Show the trainer the truth: every day's infections, found or not, where they are and which chains go on."""
    from dataclasses import replace

    from yipan.model import Duty
    from yipan.operations import truth as desk
    from yipan.operations.post import Post

    if not trainer:
        raise typer.BadParameter("the truth is for the trainer: say --trainer")
    with _at(folder) as post:
        own = Post(store=post.store, viewer=replace(post.viewer, duty=Duty.TRAINER))
        found = desk.trainers_view(folder, own)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: "\n\n".join(
            (
                door.table(
                    ("day", "new infections", "found", "not yet found", "in flight", "cases on record"),
                    [(d.day, d.new, d.found, d.unseen, d.in_flight, d.reported) for d in found.days],
                ),
                door.table(
                    ("county", "infections", "found", "not yet found", "in flight", "cases on record"),
                    [(a.area, a.infections, a.found, a.unseen, a.in_flight, a.on_record) for a in found.areas],
                ),
                door.table(
                    ("chain from", "began", "newest", "infections", "generations", "found", "in flight", "counties"),
                    [
                        (c.area, c.began, c.newest, c.infections, c.generations, c.found, c.in_flight, c.counties)
                        for c in found.chains
                    ],
                ),
            )
        ),
    )  # fmt: skip


@contextmanager
def _at(folder: Path) -> "Iterator[Post]":
    from yipan.operations import exercise as desk

    post = desk.open_record(folder, clock=door.now)
    try:
        yield post
    finally:
        post.store.close()
