"""The desk where files come in, at the terminal."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.feeds import Mapping

app = typer.Typer(add_completion=False)


class ZoningKind(StrEnum):
    """What a file about zones tells; as `yipan.feeds.ZoningKind`, which is not loaded before a file is read."""

    REGISTER = "register"
    CASE_PLACES = "case_places"
    ROSTER = "roster"
    MEASURES = "measures"


@app.command()
def ingest(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV, TSV, XLSX or Parquet: counts, a line list, or about zones."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; commit nothing.")] = False,
    disease: Annotated[
        str | None, typer.Option(help="The disease, where the file names none.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="What you know of the file's columns, saved as YAML.")
    ] = None,
    published: Annotated[
        bool, typer.Option(help="The figures are public within the province.")
    ] = False,
    keep_good: Annotated[
        bool, typer.Option(help="Commit the good rows and leave the wrong ones aside.")
    ] = False,
    about: Annotated[
        ZoningKind | None,
        typer.Option(
            help="What a file about zones tells, where its header is not clear: register, case_places, roster, measures."
        ),
    ] = None,
    numbered_as: Annotated[
        str | None,
        typer.Option(
            "--numbered-as",
            help="An outbreak whose tracing files number people as this line list does.",
        ),
    ] = None,
    undo: Annotated[str | None, typer.Option(help="Take back what this receipt brought.")] = None,
    why: Annotated[str, typer.Option(help="Why it is taken back.")] = "",
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Read a file, check it whole, commit it whole. Exit code 3 where it cannot be committed."""
    from yipan.feeds import ZoningKind as Kind
    from yipan.operations import ingest as desk

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        if undo is not None:
            if not why:
                raise typer.BadParameter("a receipt is not taken back without a reason; give --why")
            receipt = desk.undo(post, undo, why=why, at=moment)
            door.answer(
                receipt,
                as_json=as_json,
                text=lambda: f"Receipt {receipt.id} of {receipt.file} is taken back.",
            )
            return
        if file is None:
            raise typer.BadParameter("name a file, or a receipt with --undo")
        if not file.is_file():
            raise FileNotFoundError(f"there is no file {file}")
        try:
            done = desk.read_file(
                post,
                file,
                at=moment,
                dry_run=dry_run,
                published=published,
                keep_good=keep_good,
                disease=disease,
                mapping=_mapping(mapping),
                about=None if about is None else Kind(about.value),
                numbered_as=numbered_as,
            )
        except desk.FileHasProblems as refused:
            report = refused.report
            door.answer(report, as_json=as_json, text=lambda: told(report))
            raise typer.Exit(3) from None
        door.answer(
            done,
            as_json=as_json,
            text=lambda: told(done.report)
            + (f"\nReceipt {done.receipt.id}: {done.receipt.rows_new} new, {done.receipt.rows_corrected} corrected, "
               f"{done.receipt.rows_unchanged} unchanged." if done.receipt else "\nNothing was committed."),
        )  # fmt: skip
        raise typer.Exit(3 if dry_run and done.report.wrong else 0)


def _mapping(path: Path | None) -> "Mapping | None":
    from yipan.feeds import Mapping

    if path is None:
        return None
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    return Mapping.load(path)


def told(report: object) -> str:
    """Return the report of a file as lines for people."""
    from yipan.feeds import ReadReport

    assert isinstance(report, ReadReport)
    lines = [
        f"{report.file}: {report.format}; {report.read} read, {report.accepted} accepted, {report.rejected} rejected, {report.blank} blank."
    ]
    lines += [str(problem) for problem in report.problems]
    if report.more_problems:
        lines.append(f"and {report.more_problems} more problems")
    return "\n".join(lines + [str(note) for note in report.notes])
