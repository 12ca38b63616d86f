"""The record at the terminal: status, migration, backup, restore, proof."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.store import BrokenAct, Store
    from yipan.store.lake import LakeFault, NamedFile

app = typer.Typer(
    help="Status, migration, backup, restore and proof of the record.", no_args_is_help=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """Where the record is, which schema it has, and how many acts it holds."""

    server: str
    postgresql: str
    revision: str
    newest_revision: str
    acts: int
    newest_act: str | None
    size_bytes: int


@app.command()
def status(as_json: door.AsJson = False) -> None:
    """Tell where the record is, its schema, its size and its newest act."""
    from yipan.store.migrate import newest_revision

    with door.opened() as (settings, store), store.keeper() as connection:
        row = connection.execute(
            "select current_setting('server_version'), (select string_agg(version_num, ' ' order by version_num) from alembic_version), "
            "(select count(*) from act), (select max(at)::text from act), pg_database_size(current_database())"
        ).fetchone()
        assert row is not None
        found = DatabaseStatus(
            server=str(settings.home) if store.server else "YIPAN_DATABASE_URL",
            postgresql=row[0], revision=row[1], newest_revision=newest_revision(), acts=row[2],
            newest_act=row[3], size_bytes=row[4],
        )  # fmt: skip
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("what", "value"), [(name, getattr(found, name)) for name in found.__dataclass_fields__]
        ),
    )


@app.command()
def migrate() -> None:
    """Bring the record's schema to the one this version writes."""
    from yipan.store.migrate import newest_revision

    with door.opened():
        typer.echo(f"The record has schema {newest_revision()}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a proof of the record found: the first act that is not as it was written, and every file of the lake that is not."""

    act: "BrokenAct | None"
    lake: "tuple[LakeFault, ...]"

    @property
    def good(self) -> bool:
        """Whether everything is as it was written."""
        return self.act is None and not self.lake

    def told(self) -> str:
        """Say it in lines: the act, then file by file."""
        if self.good:
            return "Every act is as it was written."
        act = [] if self.act is None else [f"Act {self.act.number} {self.act.what}."]
        files = [f"{one.path} {one.what}; {one.rows} rows are on record." for one in self.lake]
        return "\n".join(act + files)


def _proof(store: "Store") -> Proof:
    from yipan.store.lake import Lake

    lake = Lake(folder=store.home / "screening")
    return Proof(act=store.verify(), lake=lake.faults(_named_files(store)))


@app.command()
def verify(as_json: door.AsJson = False) -> None:
    """Walk the chain of acts, recompute what each wrote, read every file of the lake. Exit code 1 names what is broken."""
    with door.opened() as (_, store):
        proof = _proof(store)
    door.answer(proof, as_json=as_json, text=proof.told)
    raise typer.Exit(0 if proof.good else 1)


@app.command()
def sweep() -> None:
    """Remove files of the lake that no act names: what a crash left there more than a day ago."""
    from yipan.store.lake import Lake

    with door.opened() as (_, store):
        named = {one.path for one in _named_files(store)}
        gone = Lake(folder=store.home / "screening").sweep(named)
    typer.echo(f"{gone} files that no act names were removed.")


def beside(file: Path) -> Path:
    """The folder beside a backup that holds the files of the lake."""
    return file.with_name(file.name + ".lake")


def _named_files(store: "Store") -> "list[NamedFile]":
    """The files of the lake that any version of the record names, each with its rows and its content hash."""
    from yipan.store.lake import NamedFile

    with store.keeper() as connection:
        rows = connection.execute(
            "select distinct id, (content->>'rows')::bigint, coalesce(content->>'sha256', '') from lake_part"
        ).fetchall()
    return [
        NamedFile(path=str(name), rows=int(count), sha256=str(sha256))
        for name, count, sha256 in rows
    ]


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
) -> None:
    """Write the whole record, the vault included, into one file readable by its owner only; the lake's files beside it."""
    from yipan.store.lake import Lake

    if file.exists():
        raise typer.BadParameter(f"{file} exists; a backup never overwrites")
    with door.opened() as (_, store):
        file.touch(mode=0o600)
        _run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={store.conninfo}")
        lake = Lake(folder=store.home / "screening")
        files = lake.copy_files(_named_files(store), beside(file))
    typer.echo(f"{file}: {file.stat().st_size} bytes.")
    if files:
        typer.echo(f"{beside(file)}: {files} files of the lake. Keep both together.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file `yipan db backup` wrote.", exists=True)],
) -> None:
    """Restore a backup into an empty record (no acts yet), the lake's files with it, and prove it."""
    from yipan.store.lake import Lake

    with door.opened() as (_, store):
        with store.keeper() as connection:
            row = connection.execute("select count(*) from act").fetchone()
            if row and row[0]:
                raise ValueError(
                    f"the record holds {row[0]} acts; restore into a new YIPAN_HOME instead"
                )
            connection.execute("drop schema vault cascade")
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")
        _run(
            "pg_restore",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={store.conninfo}",
            str(file),
        )
        lake = Lake(folder=store.home / "screening")
        if beside(file).is_dir():
            Lake(folder=beside(file)).copy_files(_named_files(store), lake.folder)
        proof = _proof(store)
    typer.echo("Restored; every act is as it was written." if proof.good else proof.told())
    raise typer.Exit(0 if proof.good else 1)


def _run(program: str, *arguments: str) -> None:
    from yipan.store.server import ServerUnavailable, binaries

    done = subprocess.run(  # noqa: S603  # programs and options are our own, none from outside
        [str(binaries() / program), *arguments], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ServerUnavailable(f"{program} failed: {done.stderr.strip()[-600:]}")
