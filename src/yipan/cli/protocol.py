"""Protocols at the terminal: show one, compare two, ask which is in effect, check all."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Show, compare and check protocols.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Your own packs instead of those that come with Yipan."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Chinese = Annotated[bool, typer.Option("--zh", help="Say it in Chinese.")]


def _read(folder: Path | None) -> Any:
    from yipan.protocol import ProtocolError, protocols

    try:
        return protocols(folder)
    except ProtocolError as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(3) from None


def _rulebook(books: Any, version: str) -> Any:
    from yipan.protocol import ProtocolError

    try:
        return books.rulebook(version)
    except ProtocolError as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None


def _since(moment: datetime) -> str:
    """Return from when a text holds, in words where it is not known."""
    from yipan.protocol.parameters import EARLIEST

    return "unknown" if moment == EARLIEST else moment.isoformat()


def _print(book: Any, as_json: bool, zh: bool = False) -> None:
    from yipan.protocol.keys import said, value_said

    leaves = [
        {
            "key": one.key, "value": one.value, "unit": one.unit, "from": _since(one.effective),
            "published": one.published, "source": list(one.source), "confidence": one.confidence,
            "version": one.version, "where": one.where, "may_differ": one.may_differ, "note": one.note,
            "says_zh": f"{said(one.key)[0]}：{value_said(one.value, one.unit)[0]}",
            "says_en": f"{said(one.key)[1]}: {value_said(one.value, one.unit)[1]}",
        }
        for one in sorted(book.parameters.values(), key=lambda leaf: leaf.key)
    ]  # fmt: skip
    if as_json:
        about = {
            "id": book.id,
            "name_zh": book.name_zh,
            "name_en": book.name_en,
            "lineage": list(book.lineage),
        }
        typer.echo(json.dumps({**about, "parameters": leaves}, ensure_ascii=False, default=str))
        return
    typer.echo(f"{book.id}  {book.name_zh}  {book.name_en}")
    for leaf in leaves:
        sources = ", ".join(leaf["source"])
        typer.echo(f"  {leaf['says_zh' if zh else 'says_en']}")
        typer.echo(f"      {leaf['key']}  [{sources}; {leaf['confidence']}; {leaf['version']}]")


@app.command()
def show(
    version: Annotated[str | None, typer.Argument(help="A version; all are named without one.")] = None,
    folder: Folder = None, as_json: Json = False, zh: Chinese = False,
) -> None:  # fmt: skip
    """Show every number of a version with its source, amendments resolved."""
    books = _read(folder)
    if version is not None:
        _print(_rulebook(books, version), as_json, zh)
        return
    heads = sorted(books.versions.values(), key=lambda one: (one.disease, one.effective))
    if as_json:
        typer.echo(
            json.dumps(
                [{"id": one.id, "name_zh": one.name_zh, "name_en": one.name_en} for one in heads],
                ensure_ascii=False,
            )
        )
        return
    for one in heads:
        typer.echo(f"{one.id:<16} {_since(one.effective)[:10]:<10}  {one.name_zh}  {one.name_en}")


@app.command()
def diff(
    before: str, after: str, folder: Folder = None, as_json: Json = False, zh: Chinese = False
) -> None:
    """Say what changes from one version to another, and for whom. Exit code 1 where anything does."""
    from yipan.protocol import change_said, differences

    books = _read(folder)
    changes = differences(_rulebook(books, before), _rulebook(books, after))
    if as_json:
        rows = [
            {
                "key": one.key,
                "before": one.before,
                "after": one.after,
                "unit": one.unit,
                "source": list(one.source),
                "says_zh": change_said(one)[0],
                "says_en": change_said(one)[1],
            }
            for one in changes
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
    else:
        for one in changes:
            typer.echo(f"{change_said(one)[0 if zh else 1]}  [{one.key}; {', '.join(one.source)}]")
    raise typer.Exit(1 if changes else 0)


@app.command()
def at(
    moment: Annotated[str, typer.Argument(help="An instant with its offset; 24:00 is understood.")],
    disease: Annotated[str, typer.Option(help="Which disease.")] = "covid-19",
    area: Annotated[
        str | None, typer.Option(help="An area path such as 44.4403.; texts of lower layers that hold there count.")
    ] = None,
    folder: Folder = None, as_json: Json = False, zh: Chinese = False,
) -> None:  # fmt: skip
    """Show the rulebook in effect at an instant and place, by date of effect (adoption is the command's act)."""
    from yipan.model import area_path
    from yipan.protocol import ProtocolError, instant

    books = _read(folder)
    try:
        when: datetime = instant(moment, UTC)
        book = books.at(when, disease=disease, area=None if area is None else area_path(area))
    except (ProtocolError, ValueError) as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None
    _print(book, as_json, zh)


@app.command()
def check(folder: Folder = None, as_json: Json = False) -> None:
    """Read every pack strictly and say which entries rest on memory or on sources in conflict."""
    books = _read(folder)
    everything = [
        (one.where, name, one.confidence)
        for version in books.versions.values()
        for name, one in [(version.id, version), *version.leaves.items()]
    ]
    weak = [
        {"where": where, "key": key, "confidence": confidence}
        for where, key, confidence in everything
        if confidence in {"memory", "conflict"}
    ]
    if as_json:
        typer.echo(json.dumps({"versions": len(books.versions), "weak": weak}))
    else:
        typer.echo(
            f"{len(books.versions)} versions read; {len(weak)} entries rest on memory or conflicting sources"
        )
        for one in weak:
            typer.echo(f"  {one['where']} {one['key']}: {one['confidence']}")
    raise typer.Exit(1 if weak else 0)
