"""What every command shares: the post it works at, moments as they are typed, answers as they are printed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yipan.settings import Settings

if TYPE_CHECKING:
    from yipan.model import AreaPath
    from yipan.operations.post import Post
    from yipan.store import Record, Store

AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
At = Annotated[
    str | None,
    typer.Option("--at", help="The instant, like 2022-11-13T08:00+08:00; now if left out."),
]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="Answer as known at this instant; now if left out.")
]
AreaOption = Annotated[
    str, typer.Option("--area", help="Path, code, Chinese or English name of the area.")
]
Since = Annotated[str | None, typer.Option("--since", help="First day, included.")]
Until = Annotated[str | None, typer.Option("--until", help="Last day, not included.")]


def now() -> datetime:
    """The record's present, by this machine's clock; nothing below the doors asks it."""
    return Settings.read().now()


def moment(text: str | None, settings: Settings) -> datetime:
    """Read an instant as typed; one without an offset is taken in the time zone of the settings, 24:00 is understood."""
    if text is None:
        return now()
    from yipan.protocol import instant

    try:
        return instant(text, settings.time_zone)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not an instant; expected like 2022-11-13T08:00+08:00 or 2022-11-13 24:00"
        ) from None


def day(text: str | None, default: date) -> date:
    """Read a day as typed."""
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; expected like 2022-11-13") from None


@contextmanager
def opened() -> Iterator[tuple[Settings, "Store"]]:
    """Open the record the settings name and close it again."""
    from yipan.store import Store

    settings = Settings.read()
    store = Store.open(settings.home, database_url=settings.database_url, clock=settings.now)
    try:
        yield settings, store
    finally:
        store.close()


@contextmanager
def at_post() -> Iterator[tuple[Settings, "Post"]]:
    """Work at the post of whoever holds this machine: the command line is the system's own door."""
    from yipan.operations.post import Post

    with opened() as (settings, store):
        yield settings, Post(store=store, viewer=store.system())


def find_area(areas: Iterable[Any], wanted: str) -> Any:
    """Return the one area a path, code or name stands for, or say what was meant to be typed."""
    from yipan.store import NotFound

    found = [
        a for a in areas if wanted in {a.path, a.code, a.name_zh, a.name_en, a.name_en.lower()}
    ]
    if not found:
        found = [a for a in areas if a.name_zh.rstrip("市省区县") == wanted]
    if not found:
        raise NotFound(f"no area is called {wanted!r}; `yipan areas list` names them")
    if len({len(a.path) for a in found}) == 1 and len(found) > 1:
        raise typer.BadParameter(
            f"{wanted!r} names {len(found)} areas: {', '.join(a.path for a in found)}"
        )
    return min(found, key=lambda a: len(a.path))


def path_asked(record: "Record", wanted: str | None, *, otherwise: "AreaPath") -> "AreaPath":
    """Return the path of the area somebody named, `otherwise` where nobody named one."""
    return find_area(record.areas(), wanted).path if wanted else otherwise


def answer(result: Any, *, as_json: bool, text: Callable[[], str]) -> None:
    """Print a result as JSON or as text made for people."""
    if as_json:
        from yipan.api.plain import as_json as to_json

        typer.echo(to_json(result, indent=1))
    else:
        typer.echo(text())


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as aligned columns, a Chinese character counted as two; None is shown as a dash."""
    lines = [list(head), *[["-" if cell is None else str(cell) for cell in row] for row in rows]]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def progress(work: Iterable[Any], *, total: int, told: str) -> Iterator[Any]:
    """Yield from long work under a progress bar on the error stream; silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(told, total=total)
        for item in work:
            bar.advance(task)
            yield item


def exit_code_of(failure: BaseException) -> int | None:
    """The exit code a failure stands for, None for one that is a fault of ours and must show its trace."""
    from yipan.api.errors import exit_code_of as code_of

    return code_of(failure)


def _width(text: str) -> int:
    return sum(2 if ord(letter) >= 0x2E80 else 1 for letter in text)
