"""
The terminal door: translates, decides nothing.

`yipan <desk> <verb>`. A desk's commands live in the file of its name and are imported only when that desk
is asked for, so that `yipan --help` answers at once.
"""

import importlib
import importlib.util
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

DESKS: dict[str, tuple[str, str]] = {
    "demo": ("yipan.cli.demo", "Play Guangdong's autumn of 2022 into a record and open the board."),
    "serve": ("yipan.cli.serve", "Open the board of the record on this machine."),
    "ingest": (
        "yipan.cli.ingest",
        "Read a file of counts or cases: check it whole, commit it whole.",
    ),
    "day": ("yipan.cli.day", "Do the round of every desk at an instant, or replay a span."),
    "watch": ("yipan.cli.watch", "Which streams stand out, and why."),
    "tracing": (
        "yipan.cli.tracing",
        "Cases, contacts, places; who infected whom; how many chains.",
    ),
    "outlook": (
        "yipan.cli.outlook",
        "What is happening, what comes next, whether it stays small, whether it gets out.",
    ),
    "zones": (
        "yipan.cli.zones",
        "Zones and their clocks; draw them by risk; the live timer; what applies to an address.",
    ),
    "prohibitions": (
        "yipan.cli.prohibitions",
        "Nine prohibitions: what asks more than the protocol allows; put right, re-checked.",
    ),
    "plans": (
        "yipan.cli.plans",
        "What people are asked to do, day by day: ruled, revised, followed up, let go.",
    ),
    "simulate": ("yipan.cli.simulate", "What would happen: strategies on a simulated province."),
    "exercise": (
        "yipan.cli.exercise",
        "A hidden outbreak to find and to end, for training and proof.",
    ),
    "proposals": (
        "yipan.cli.proposals",
        "What waits to be decided; accept, change or refuse it.",
    ),
    "orders": ("yipan.cli.orders", "What was ordered, and when the public was told."),
    "tasks": ("yipan.cli.tasks", "Who must do what by when; what is late."),
    "laboratories": (
        "yipan.cli.laboratories",
        "Laboratory quality: times, plates, control charts, split tubes, backlog.",
    ),
    "screening": (
        "yipan.cli.screening",
        "Rounds of mass screening, from swabs to who was reached.",
    ),
    "report": ("yipan.cli.reports", "The situation report of an area as known at an instant."),
    "areas": ("yipan.cli.areas", "The areas of the record; begin a record with a pack."),
    "user": ("yipan.cli.users", "Users, their duties and areas."),
    "protocol": ("yipan.cli.protocol", "Show, compare and check protocols."),
    "db": ("yipan.cli.db", "Status, migration, backup, restore and proof of the record."),
}
"""Every desk with a door here: the module that holds its commands, and what it is for in one line."""


class _Desks(TyperGroup):
    """Imports a desk's commands when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the desks that are present in this house, in the order in which work flows."""
        return [name for name, (module, _) in DESKS.items() if importlib.util.find_spec(module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the commands of one desk, or None where there is no such desk."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = typer.main.get_command(importlib.import_module(DESKS[cmd_name][0]).app)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without importing any desk."""
        lines = [
            "Usage: yipan DESK VERB [OPTIONS]",
            "",
            "Yipan 一盘: one board for commanding the response to an outbreak across a province.",
            "",
            *(f"  {name:<10} {DESKS[name][1]}" for name in self.list_commands(ctx)),
            "",
            "Every desk answers --help; every answer comes as --json too.",
            "Exit codes: 0 done, 1 done and something was found, 2 asked wrongly, 3 the input is bad,",
            "4 not allowed, 5 not there, 6 the record cannot be reached.",
        ]
        formatter.write("\n".join(lines) + "\n")


app = typer.Typer(
    cls=_Desks, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.callback(invoke_without_command=True)
def yipan(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Name the desks where none was asked for."""
    if version:
        from yipan import __version__

        typer.echo(__version__)
    elif ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main() -> None:
    """Run the command line and leave with the exit code of the failure, if any."""
    from yipan.cli.door import exit_code_of

    try:
        app()
    except Exception as failure:  # the one place where a failure becomes words and a code
        code = exit_code_of(failure)
        if code is None:
            raise
        typer.echo(f"yipan: {failure}", err=True)
        sys.exit(code)
