"""Personal plans at the terminal: a rule evaluated when it is asked; no record is needed."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.protocol import Ruling
    from yipan.protocol.rules.people import MergedPlan

app = typer.Typer(
    help="What a person is asked to do, day by day, under a version.", no_args_is_help=True
)


@app.callback()
def plans() -> None:
    """What a person is asked to do, day by day, under a version."""


@app.command()
def show(
    role: Annotated[
        list[str],
        typer.Argument(
            help="Role and its first day, like close_contact:2022-11-12; several are merged."
        ),
    ],
    version: Annotated[
        list[str],
        typer.Option(help="Version, perhaps with the day it was adopted: cn-covid-20m:2022-11-11."),
    ],
    profile: Annotated[str, typer.Option(help="Profile of the jurisdiction.")] = "guangdong-2022",
    as_json: door.AsJson = False,
) -> None:
    """Show the plan of somebody with one role or several: place, test and role per date, and when it ends."""
    from yipan.protocol import Adopted, protocols
    from yipan.protocol.rules.people import PlanFacts, merged_plan
    from yipan.settings import Settings

    settings, books = Settings.read(), protocols()
    facts = [PlanFacts(role=name, day_one=day) for name, day in (_pair(one) for one in role)]
    adopted = []
    for one in version:
        name, _, since = one.partition(":")
        day = door.day(since or None, date(1, 1, 2))
        adopted.append(
            Adopted(
                rulebook=books.rulebook(name), policy="only_shorter",
                at=datetime(day.year, day.month, day.day, tzinfo=settings.time_zone if since else UTC),
            )
        )  # fmt: skip
    ruling = merged_plan(facts, adopted, books.profile(profile), zone=settings.time_zone)
    door.answer(ruling, as_json=as_json, text=lambda: _told(ruling))


def _pair(text: str) -> tuple[str, date]:
    name, _, day = text.partition(":")
    if not day:
        raise typer.BadParameter(
            f"{text!r} has no first day; expected like close_contact:2022-11-12"
        )
    return name, door.day(day, date.min)


def _told(ruling: "Ruling[MergedPlan]") -> str:
    plan = ruling.value
    ends = f"{plan.ends:%Y-%m-%d %H:%M}" if plan.ends else "-"
    return "\n".join((
        door.table(
            ("day", "place", "test", "as"),
            [(one.day, one.place, "yes" if one.test else None, ", ".join(one.roles)) for one in plan.days],
        ),
        f"ends {ends}{', a result is awaited' if plan.awaits_result else ''}",
        *(f"{reason.zh}\n{reason.en}" for reason in ruling.reasons),
        *(f"assumed: {one}" for one in ruling.assumed),
    ))  # fmt: skip
