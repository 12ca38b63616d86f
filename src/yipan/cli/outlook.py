"""The outlook at the terminal."""

from datetime import timedelta

import typer

from yipan.cli import door

app = typer.Typer(help="How fast it spreads, area by area.", no_args_is_help=True)


@app.callback()
def outlook() -> None:
    """How fast it spreads, area by area."""


@app.command()
def rt(
    area: door.AreaOption,
    since: door.Since = None,
    until: door.Until = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the reproduction numbers the rounds recorded, by area and last day of the window."""
    from yipan.operations import outlook as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            last = door.day(until, (known or door.now()).astimezone(settings.time_zone).date())
            numbers = desk.reproduction(
                record,
                area=place.path,
                since=door.day(since, last - timedelta(days=14)),
                until=last,
            )
        door.answer(
            numbers,
            as_json=as_json,
            text=lambda: door.table(
                ("area", "since", "until", "R", "95 % interval", "cases", "missing days", "state"),
                [
                    (
                        n.area, n.since, n.until,
                        f"{n.estimate.value:.2f}" if n.estimate else None,
                        f"{n.estimate.low:.2f} to {n.estimate.high:.2f}" if n.estimate else None,
                        n.cases, n.missing_days, n.state.value.replace("_", " "),
                    )
                    for n in numbers
                ],
            ),
        )  # fmt: skip
