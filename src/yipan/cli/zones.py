"""Zones at the terminal."""

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from yipan.cli import door
from yipan.model import ZoneChange

if TYPE_CHECKING:
    from yipan.operations.delineating import Delineation
    from yipan.operations.residents import Applies
    from yipan.operations.timer import Ticked
    from yipan.operations.zoning import ClockSheet
    from yipan.settings import Settings

app = typer.Typer(
    help="Zones and their clocks; draw them by risk; the live timer; what applies to an address.",
    no_args_is_help=True,
)
PlaceArgument = Annotated[
    str, typer.Argument(help='A place, like "44.4401.440105. compound 桃源居 building 1".')
]


@app.callback()
def zones() -> None:
    """Zones and their clocks; draw them by risk; the live timer; what applies to an address."""


@app.command(name="list")
def list_(
    area: door.AreaOption,
    every: Annotated[bool, typer.Option("--all", help="Past episodes as well.")] = False,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the zones of an area with their clocks, those due first. Exit code 1 where a lifting is late."""
    from yipan.operations import zoning

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            moment = (door.moment(at, settings) if at or not known else known).astimezone(
                settings.time_zone
            )
            found = zoning.zones(record, area=place.path, at=moment, in_force=not every)
    door.answer(found, as_json=as_json, text=lambda: _table(found, settings))
    raise typer.Exit(1 if any(sheet.late_hours > 0 for sheet in found) else 0)


@app.command()
def show(
    zone: Annotated[str, typer.Argument(help="Id of the zone.")],
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Show the clock sheet of one zone: start, resets, guards, what is missing, due, who decides."""
    from yipan.operations import zoning

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = (door.moment(at, settings) if at or not known else known).astimezone(
            settings.time_zone
        )
        with post.store.reading(post.viewer, known_at=known) as record:
            sheet = zoning.sheet_of(record, zone, at=moment)
    door.answer(sheet, as_json=as_json, text=lambda: _sheet(sheet, settings))


@app.command()
def counties(
    area: door.AreaOption,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the counties of an area at low or normal, since when, and when they can be normal."""
    from yipan.operations import zoning

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            moment = (door.moment(at, settings) if at or not known else known).astimezone(
                settings.time_zone
            )
            found = zoning.county_status(record, area=place.path, at=moment)
            names = record.area_names(one.area for one in found)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("county", "status", "since", "zones", "residents", "normal from"),
            [
                (names.get(c.area, (c.area, c.area))[0], c.status, _time(c.since, settings), c.zones, c.residents,
                 _time(c.normal_from, settings))
                for c in found
            ],
        ),
    )  # fmt: skip


@app.command()
def adopt(
    version: Annotated[str, typer.Argument(help="Id of the version, like cn-covid-20m.")],
    area: door.AreaOption,
    profile: Annotated[str, typer.Option(help="Profile of the jurisdiction.")] = "guangdong-2022",
    policy: Annotated[
        str, typer.Option(help="Running clocks: only_shorter or as_started.")
    ] = "only_shorter",
    from_: Annotated[str | None, typer.Option("--from", help="From when; now if left out.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Put on record that the command of an area adopts a protocol version."""
    from yipan.model import Adoption
    from yipan.operations import commanding, zoning

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        since = _instant(from_, settings) if from_ else moment
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
        made = Adoption(
            id=f"ad-{commanding.mark(place.path, version, since)}", area=place.path, version=version,
            profile=profile, at=since, policy=policy,
        )  # fmt: skip
        zoning.adopt(post, made, at=moment)
    door.answer(
        made, as_json=as_json, text=lambda: f"{place.name_zh} adopts {version} from {since}."
    )


@app.command()
def order(
    change: Annotated[
        ZoneChange, typer.Argument(help="set, raise, lower, end, reset, split, merge, hold_back.")
    ],
    zone: Annotated[str, typer.Argument(help="Id of the zone.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    effective: Annotated[str, typer.Option(help='From when, like "2022-11-18 24:00".')],
    terms: Annotated[
        str, typer.Option(help='What the change needs, as JSON, like \'{"level": "low"}\'.')
    ] = "{}",
    area: Annotated[
        str | None, typer.Option("--area", help="Its area; of the zone if left out.")
    ] = None,
    number: Annotated[str, typer.Option(help="Number of the notice.")] = "",
    signer: Annotated[str, typer.Option(help="Who signs it.")] = "",
    basis: Annotated[list[str] | None, typer.Option(help="A text the notice cites.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Order one change of a zone that nobody proposed."""
    import json

    from yipan.model import OrderLine
    from yipan.operations import commanding, day, zoning

    try:
        given = json.loads(terms)
    except json.JSONDecodeError as wrong:
        raise typer.BadParameter(f"--terms is not JSON: {wrong}") from None
    with door.at_post() as (settings, post):
        with post.store.reading(post.viewer) as record:
            where = (
                door.find_area(record.areas(), area).path
                if area
                else zoning.zone_of(record, zone).area
            )
        told = OrderLine(
            kind=f"{zoning.HAND}.{change.value}", subject=zone, area=where, terms=given,
            effective=_instant(effective, settings),
        )  # fmt: skip
        done = commanding.order(
            post, area=where, lines=(told,), reason=reason, at=door.moment(at, settings), hands=day.HANDS,
            number=number, signer=signer, legal_basis=tuple(basis or ()),
        )  # fmt: skip
    door.answer(
        done,
        as_json=as_json,
        text=lambda: f"order {done.order.id}: {change.value} {zone}; {len(done.tasks)} tasks due.",
    )


@app.command()
def late(
    area: door.AreaOption,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the liftings that became late: which zone, by how many hours, and what became of it."""
    from yipan.operations import zoning

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = door.moment(at, settings) if at or not known else known
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            found = zoning.late_liftings(record, area=place.path, at=moment)

    def shown(instant: datetime | None) -> str:
        return (
            "still kept"
            if instant is None
            else f"{instant.astimezone(settings.time_zone):%Y-%m-%d %H:%M}"
        )

    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("zone", "name", "level", "due", "ended", "by", "hours late"),
            [
                (one.alarm.zone, one.name_zh, one.alarm.level, shown(one.alarm.due), shown(one.ended), one.change or "",
                 f"{one.late_hours:.1f}")
                for one in found
            ],
        ),
    )  # fmt: skip


@app.command()
def draw(
    area: door.AreaOption,
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the risk to hold.")] = 0.8,
    seed: Annotated[int, typer.Option(help="The same seed draws the same again.")] = 1,
    propose: Annotated[bool, typer.Option("--propose", help="Propose the zone drawn.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Draw the smallest zone that holds a share of the expected onward risk; show what else could be done."""
    from yipan.operations import delineating

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        with post.store.reading(post.viewer) as record:
            place = door.find_area(record.areas(), area)
            found = delineating.delineate(
                record, area=place.path, at=moment, share=share, seed=seed
            )
        made = delineating.propose_delineation(post, found, at=moment) if propose else None
    door.answer(
        found if made is None else made,
        as_json=as_json,
        text=lambda: _drawn(found) + (f"\nproposed as {made.id}" if made else ""),
    )


@app.command()
def applies(
    address: PlaceArgument,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Say what applies to one address, why, and until when. Exit code 1 where a zone holds there."""
    from yipan.model import address as read_address
    from yipan.operations import residents

    spot = read_address(address)
    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        moment = (door.moment(at, settings) if at or not known else known).astimezone(
            settings.time_zone
        )
        with post.store.reading(post.viewer, known_at=known) as record:
            found = residents.applies(record, spot, at=moment, told=address)
    door.answer(found, as_json=as_json, text=lambda: _applies(found, settings))
    raise typer.Exit(1 if found.zones else 0)


@app.command()
def timer(
    every: Annotated[
        float, typer.Option(min=1, help="Look again after so many seconds at the latest.")
    ] = 60,
    once: Annotated[bool, typer.Option("--once", help="Look once and leave.")] = False,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """
    Watch the clocks: propose what is due at its very instant, name what is late.

    A served board does this by itself (YIPAN_TIMER); this command is for a record that none serves. Wakes at the next
    instant at which a zone becomes due or late, and at least every so many seconds. With --once, exit code 1 where
    something is late.
    """
    from yipan.operations import timer as desk

    with door.at_post() as (settings, post):
        while True:
            moment = door.moment(at, settings).astimezone(settings.time_zone)
            done = desk.tick(post, at=moment, time_zone=settings.time_zone)
            door.answer(done, as_json=as_json, text=lambda done=done: _ticked(done, settings))  # type: ignore[misc]  # bound now
            if once:
                raise typer.Exit(1 if done.late_now else 0)
            wait = timedelta(seconds=every)
            if done.next is not None:
                wait = min(wait, max(done.next - settings.now(), timedelta(seconds=1)))
            time.sleep(wait.total_seconds())


def _instant(text: str, settings: "Settings") -> datetime:
    from yipan.protocol import instant

    try:
        return instant(text, settings.time_zone)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not an instant; expected like 2022-11-18 24:00"
        ) from None


def _time(moment: datetime | None, settings: "Settings") -> str | None:
    return f"{moment.astimezone(settings.time_zone):%Y-%m-%d %H:%M}" if moment else None


def _table(found: "tuple[ClockSheet, ...]", settings: "Settings") -> str:
    return door.table(
        ("zone", "name", "level", "since", "period ends", "due", "late (h)", "missing", "flag"),
        [
            (s.zone.id, s.zone.name_zh, s.level, _time(s.since, settings), _time(s.period_ends, settings),
             _time(s.due, settings), f"{s.late_hours:.1f}",
             ", ".join(s.missing) + (f" ({len(s.missing_people)} people)" if s.missing_people else ""),
             "outside the protocol" if s.outside else None)
            for s in found
        ],
    )  # fmt: skip


def _sheet(sheet: "ClockSheet", settings: "Settings") -> str:
    lines = [
        f"{sheet.zone.name_zh}  {sheet.zone.name_en}",
        f"level        {sheet.level} since {_time(sheet.since, settings)}, clock from {_time(sheet.clock_start, settings)}",
        f"period ends  {_time(sheet.period_ends, settings) or '-'}",
        f"due          {_time(sheet.due, settings) or '-'} -> {sheet.to or '-'}; late {sheet.late_hours:.1f} h",
        f"missing      {', '.join(sheet.missing) or 'nothing'}; {len(sheet.missing_people)} people not sampled",
        f"decides      {sheet.decided_in}   under {sheet.rulebook or 'no adopted version'}",
        *(f"{reason.zh}\n{reason.en}" for reason in sheet.reasons),
        *(
            f"  {_time(step.at, settings) or '-':<17}{step.what} {step.detail}"
            for step in sheet.trace
        ),
        *(f"  assumed: {one}" for one in sheet.assumed),
    ]
    return "\n".join(lines)


def _drawn(found: "Delineation") -> str:
    rows = [found.chosen, *found.ways, found.baseline, found.ring]
    expected = (
        f"{found.expected_infections:.1f} onward infections expected from {found.stays} stays "
        f"({found.assumed_air} with air assumed, {found.unplaced} at no registered unit)"
    )
    return "\n".join((
        expected,
        door.table(
            ("way", "units", "residents", "risk inside", "90 %", "least"),
            [
                (w.what.zh, w.units, w.residents, f"{w.share:.0%}", f"{w.low:.0%}-{w.high:.0%}", f"{w.least:.0f}")
                for w in rows
            ],
        ),
        str(found.chosen.place),
        found.method.zh,
        found.method.en,
    ))  # fmt: skip


def _applies(found: "Applies", settings: "Settings") -> str:
    lines = [f"{found.level_name.zh}  {found.level_name.en}"]
    lines += [f"{reason.zh}\n{reason.en}" for reason in found.says]
    for zone in found.zones:
        lines.append(
            f"{zone.name.zh}: {zone.level_name.zh}, {_time(zone.since, settings)} 起; {zone.notice}; "
            f"最早 {_time(zone.earliest_end, settings) or '-'}"
        )
        lines += [f"  {wait.zh}  {wait.en}" for wait in zone.waits_for]
    if found.perhaps:
        lines.append(f"{len(found.perhaps)} zones may hold here; say building and unit to be sure.")
    return "\n".join(lines)


def _ticked(told: "Ticked", settings: "Settings") -> str:
    late = ", ".join(one.zone for one in told.late)
    return (
        f"{_time(told.at, settings)}  {told.told} told by laboratories, {told.proposed} proposed, {told.late_now} late"
        f"{': new ' + late if late else ''}; next {_time(told.next, settings) or '-'}"
    )
