"""Protocols at the terminal: show one, compare two, ask which is in effect, check all."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from yipan.cli import door

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


def _print(book: Any, as_json: bool, zh: bool = False) -> None:
    from yipan.protocol.telling import rulebook_told

    told = rulebook_told(book)
    if as_json:
        _json(told)
        return
    typer.echo(f"{told.id}  {told.name_zh}  {told.name_en}")
    for leaf in told.parameters:
        typer.echo(f"  {leaf.says_zh if zh else leaf.says_en}")
        typer.echo(
            f"      {leaf.key}  [{', '.join(leaf.source)}; {leaf.confidence}; {leaf.version}]"
        )


def _json(told: Any) -> None:
    """Print what the web door answers."""
    from yipan.api.plain import plain

    typer.echo(json.dumps(plain(told), ensure_ascii=False))


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
    from yipan.protocol.telling import texts_told

    told = texts_told(books)
    if as_json:
        _json(told)
        return
    for one in told:
        since = "unknown" if one.effective is None else f"{one.effective:%Y-%m-%d}"
        typer.echo(f"{one.id:<16} {since:<10}  {one.name_zh}  {one.name_en}")


@app.command()
def diff(
    before: str, after: str, folder: Folder = None, as_json: Json = False, zh: Chinese = False
) -> None:
    """Say what changes from one version to another, and for whom. Exit code 1 where anything does."""
    from yipan.protocol.telling import changes_told

    books = _read(folder)
    changes = changes_told(_rulebook(books, before), _rulebook(books, after))
    if as_json:
        _json(changes)
    else:
        for one in changes:
            typer.echo(
                f"{one.says_zh if zh else one.says_en}  [{one.key}; {', '.join(one.source)}]"
            )
    raise typer.Exit(1 if changes else 0)


@app.command()
def at(
    moment: Annotated[str, typer.Argument(help="An instant, in the time zone of the settings where it names no offset; 24:00 is understood.")],
    disease: Annotated[str, typer.Option(help="Which disease.")] = "covid-19",
    area: Annotated[
        str | None, typer.Option(help="An area path such as 44.4403.; texts of lower layers that hold there count.")
    ] = None,
    folder: Folder = None, as_json: Json = False, zh: Chinese = False,
) -> None:  # fmt: skip
    """Show the rulebook in effect at an instant and place, by date of effect (adoption is the command's act)."""
    from yipan.model import area_path
    from yipan.protocol import ProtocolError
    from yipan.settings import Settings

    books = _read(folder)
    when = door.moment(moment, Settings.read())
    try:
        book = books.at(when, disease=disease, area=None if area is None else area_path(area))
    except (ProtocolError, ValueError) as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None
    _print(book, as_json, zh)


@app.command()
def here(
    area: door.AreaOption, moment: door.At = None, known_at: door.KnownAt = None, as_json: Json = False, zh: Chinese = False,
) -> None:  # fmt: skip
    """Show which text holds in an area by adoption, by whose act, and what was settled with it. Exit code 1 where none does."""
    from yipan.operations import protocol as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        when = door.moment(moment, settings) if moment or not known else known
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = desk.here(record, area=place.path, at=when.astimezone(settings.time_zone))
    door.answer(found, as_json=as_json, text=lambda: _here(found, zh))
    raise typer.Exit(0 if found.text else 1)


def _here(found: Any, zh: bool) -> str:
    rows = [
        (one.name_zh if zh else one.name_en, one.area, f"{one.at:%Y-%m-%d %H:%M}",
         f"{one.until:%Y-%m-%d %H:%M}" if one.until else None, one.policy, f"act {one.act}", one.by,
         "in force" if one.holds else None)
        for one in found.adopted
    ]  # fmt: skip
    lines = [
        door.table(
            ("text", "command", "adopted", "until", "running clocks", "act", "by", ""), rows
        ),
        f"by its own date in effect: {found.in_effect or 'none'}",
    ]
    lines += [
        f"{one.name_zh}：{one.value_zh}（{one.because_zh}）" if zh else f"{one.name_en}: {one.value_en} ({one.because_en})"
        for one in found.choices
    ]  # fmt: skip
    return "\n".join(lines)


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
