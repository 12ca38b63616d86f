"""
The terminal door: translates, decides nothing.

`yipan <desk> <verb>`. A desk's commands live in the file of its name and are imported only when that desk
is asked for, so that `yipan --help` answers at once.
"""

import importlib
import importlib.util
import sys

import click

DESKS: dict[str, tuple[str, str]] = {
    "demo": (
        "yipan.cli.demo",
        "Play Guangdong's autumn of 2022 into the record and open the board.",
    ),
    "serve": ("yipan.cli.serve", "Open the board on this machine."),
    "ingest": (
        "yipan.cli.ingest",
        "Read a file of counts or cases: check it whole, commit it whole.",
    ),
    "day": ("yipan.cli.day", "Do the round of every desk at an instant, or replay a span."),
    "watch": ("yipan.cli.watch", "Which streams stand out, and why."),
    "outlook": ("yipan.cli.outlook", "Reproduction numbers and what is likely to come."),
    "report": (
        "yipan.cli.reports",
        "Print the situation report of an area as known at an instant.",
    ),
    "areas": ("yipan.cli.areas", "List areas; import official divisions and boundaries."),
    "user": ("yipan.cli.users", "Users, their duties and areas."),
    "protocol": ("yipan.cli.protocol", "Show, compare and check protocols."),
    "db": ("yipan.cli.db", "Status, migration, backup, restore and proof of the record."),
}
"""Every desk with a door here: the module that holds its commands, and what it is for in one line."""


class _Desks(click.Group):
    """Imports a desk's commands when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the desks that are present in this house, in the order in which work flows."""
        return [name for name, (module, _) in DESKS.items() if _present(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the commands of one desk, or None where there is no such desk."""
        if cmd_name not in DESKS or not _present(DESKS[cmd_name][0]):
            return None
        import typer

        module = importlib.import_module(DESKS[cmd_name][0])
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line per desk without importing any."""
        with formatter.section("Desks"):
            formatter.write_dl([(name, DESKS[name][1]) for name in self.list_commands(ctx)])


def _present(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@click.group(cls=_Desks, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yipan")
def yipan() -> None:
    """
    Yipan 一盘: one board for commanding the response to an outbreak across a province.

    Every desk answers `--help`; every answer comes as `--json` too. Exit codes: 0 done, 1 done and something
    was found, 2 asked wrongly, 3 the input is bad, 4 not allowed, 5 not there, 6 the record cannot be reached.
    """


def main() -> None:
    """Run the command line and leave with the exit code of the failure, if any."""
    from yipan.cli.door import exit_code_of

    try:
        code = yipan.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except Exception as failure:  # the one place where a failure becomes words and a code
        code = exit_code_of(failure)
        if code is None:
            raise
        click.echo(f"yipan: {failure}", err=True)
        sys.exit(code)
    sys.exit(code if isinstance(code, int) else 0)
