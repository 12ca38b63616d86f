"""Plans of people at the terminal: ruled without a record, or kept on it with every revision."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door

if TYPE_CHECKING:
    from yipan.operations.plans import PlanSheet
    from yipan.protocol import Ruling
    from yipan.protocol.rules.people import MergedPlan, PlanDay
    from yipan.settings import Settings

app = typer.Typer(
    help="What people are asked to do, day by day: ruled, ordered, revised, followed up, let go.",
    no_args_is_help=True,
)
PersonArgument = Annotated[
    str, typer.Argument(help="Pseudonym of the person, like p-7f3a90c1d2e4.")
]


@app.callback()
def plans() -> None:
    """What people are asked to do, day by day: ruled, ordered, revised, followed up, let go."""


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
    known = sorted({
        key.split(".")[1] for book in books.versions.values() for key in book.leaves if key.startswith("person.")
    })  # fmt: skip
    for asked in facts:
        if asked.role not in known:
            raise typer.BadParameter(
                f"{asked.role!r} is no role of any version; known are {', '.join(known)}"
            )
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


@app.command()
def record(
    file: Annotated[
        Path, typer.Argument(help="A CSV: person, area, role, day_one, perhaps found.")
    ],
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put on record as what people are asked something; the round proposes plans. Exit code 3 where a row is wrong."""
    from yipan.feeds.plans import read_roles
    from yipan.operations import plans as desk

    given = read_roles(file)
    with door.at_post() as (settings, post):
        change = desk.record_roles(post, given, at=door.moment(at, settings))
    door.answer(
        change, as_json=as_json,
        text=lambda: f"{len(given)} people read; {change.new} new, {change.corrected} changed.",
    )  # fmt: skip


@app.command(name="list")
def list_(
    area: door.AreaOption,
    which: Annotated[
        str,
        typer.Option(
            help="all, test_today, test_missed, unseen, release_today, release_late, outdated."
        ),
    ] = "all",
    role: Annotated[str | None, typer.Option(help="Only with this role.")] = None,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List people under a plan and what is due next. Exit code 1 where somebody is late to be let go."""
    from yipan.operations import plans as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = door.moment(at, settings) if at or not known else known
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = desk.people(
                record,
                area=place.path,
                at=moment,
                time_zone=settings.time_zone,
                which=which,
                role=role,
            )
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("person", "state", "place", "as", "next", "on", "ends", "late (h)", "tests missed", "days unseen"),
            [
                (r.person, r.state, r.place, ", ".join(r.roles), r.next_kind, r.next_day, _time(r.ends, settings),
                 f"{r.late_hours:.1f}", r.missed_tests, r.unseen_days)
                for r in found
            ],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(row.late_hours > 0 for row in found) else 0)


@app.command()
def person(
    person: PersonArgument,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Show one person's plan: dates, tests, what was missed, and every revision date by date with its reason."""
    from yipan.model import person_id
    from yipan.operations import plans as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = door.moment(at, settings) if at or not known else known
        with post.store.reading(post.viewer, known_at=known) as record:
            sheet = desk.sheet_of(
                record, person_id(person), at=moment, time_zone=settings.time_zone
            )
    door.answer(sheet, as_json=as_json, text=lambda: _sheet(sheet, settings))


@app.command()
def release(
    person: PersonArgument,
    released: Annotated[
        str | None, typer.Option("--released", help="When; now if left out.")
    ] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Say that a person whose plan is over was let go. Exit code 3 before it is over: that takes an order."""
    from yipan.model import person_id
    from yipan.operations import plans as desk

    with door.at_post() as (settings, post):
        done = desk.release(
            post, person_id(person), at=door.moment(at, settings),
            released=door.moment(released, settings) if released else None,
        )  # fmt: skip
    door.answer(done, as_json=as_json, text=lambda: f"{person} was let go at {done.released}.")


@app.command()
def result(
    person: PersonArgument,
    sampled: Annotated[str, typer.Argument(help="The day of the sample, like 2022-12-14.")],
    reported: Annotated[
        str | None, typer.Option(help="When the negative was reported, like 2022-12-14T20:00.")
    ] = None,
    ct: Annotated[float | None, typer.Option(help="The Ct value, where that decides.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put a result on record that decides a release: a negative by when it was reported, or a Ct value."""
    from yipan.model import person_id
    from yipan.operations import plans as desk

    with door.at_post() as (settings, post):
        done = desk.record_result(
            post, person_id(person), sampled=door.day(sampled, date.min), ct=ct, at=door.moment(at, settings),
            reported=door.moment(reported, settings) if reported else None,
        )  # fmt: skip
    door.answer(done, as_json=as_json, text=lambda: f"{person}: result of {sampled} on record.")


@app.command()
def visit(
    person: PersonArgument,
    day: Annotated[str, typer.Argument(help="The day, like 2022-11-13.")],
    result: Annotated[
        str, typer.Option(help="seen_ok, seen_not_ok, missed, not_attempted, not_performed.")
    ] = "seen_ok",
    sampled: Annotated[bool, typer.Option("--sampled", help="A sample was taken as well.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put on record that somebody came on a day, or tried to; days nobody came leave nothing."""
    from yipan.model import FollowUp, FollowUpResult, PersonTest, TestResult, person_id
    from yipan.operations import plans as desk

    if result not in set(FollowUpResult):
        raise typer.BadParameter(f"{result!r}; expected one of {', '.join(FollowUpResult)}")
    who, when = person_id(person), door.day(day, date.min)
    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        with post.store.reading(post.viewer) as record:
            area = desk.sheet_of(record, who, at=moment, time_zone=settings.time_zone).plan.area
        told = FollowUp(
            id=f"visit-{who}-{when}", area=area, person=who, day=when, result=FollowUpResult(result)
        )
        change = desk.record_visits(post, [told], at=moment)
        if sampled:
            test = PersonTest(
                id=f"sample-{who}-{when}",
                area=area,
                person=who,
                result=TestResult.PENDING,
                sampled=when,
            )
            desk.record_samples(post, [test], at=moment)
    door.answer(change, as_json=as_json, text=lambda: f"{person} on {when}: {result}.")


def _time(moment: datetime | None, settings: "Settings") -> str | None:
    return f"{moment.astimezone(settings.time_zone):%Y-%m-%d %H:%M}" if moment else None


def _asked(one: "PlanDay | None") -> str:
    return "nothing" if one is None else f"{one.place}{', test' if one.test else ''}"


def _sheet(sheet: "PlanSheet", settings: "Settings") -> str:
    row, terms = sheet.row, sheet.plan.terms
    lines = [
        f"{row.person}  {row.state}  {', '.join(row.roles)}  ends {_time(row.ends, settings) or 'with a result'}",
        f"order {sheet.plan.order}, under {', '.join(terms.versions)}",
        door.table(
            ("day", "place", "test", "as"),
            [
                (one.day, one.place, _test_word(one, sheet) if one.test else None, ", ".join(one.roles))
                for one in sheet.days
            ],
        ),
    ]  # fmt: skip
    if sheet.unseen:
        lines.append(f"nobody came on {', '.join(str(one) for one in sheet.unseen)}")
    lines += [
        f"the rule now: {one.day} {_asked(one.before)} -> {_asked(one.after)}"
        for one in sheet.pending
    ]
    for told in sheet.revisions:
        lines.append(
            f"revision {told.revision}, known {_time(told.known_from, settings)}, act {told.act}: {told.why.en}"
            + (f" Let go {_time(told.released, settings)}." if told.released else "")
        )
        if told.revision > 1:
            lines += [
                f"  {one.day}: {_asked(one.before)} -> {_asked(one.after)}" for one in told.changes
            ]
    lines += [f"{reason.zh}\n{reason.en} [{', '.join(reason.source)}]" for reason in terms.reasons]
    return "\n".join(lines)


def _test_word(one: "PlanDay", sheet: "PlanSheet") -> str:
    return "done" if one.day in sheet.tests else "missed" if one.day in sheet.missed else "yes"
