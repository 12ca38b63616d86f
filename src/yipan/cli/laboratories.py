"""Laboratories at the terminal: what each can take, plates and controls, split tubes, specimens on their way."""

from pathlib import Path
from typing import Annotated

import typer

from yipan.cli import door

app = typer.Typer(
    help="Laboratory quality: times, plates, control charts, split tubes, backlog.",
    no_args_is_help=True,
)

Round = Annotated[str, typer.Option("--round", help="Id of the round.")]
Table = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


def _figure(value: float | None, places: int = 1) -> str | None:
    return None if value is None else f"{value:.{places}f}"


@app.callback()
def laboratories() -> None:
    """Laboratory quality: times, plates, control charts, split tubes, backlog."""


@app.command()
def quality(
    round: Round,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Judge the laboratories of a round with everything their files say. Exit code 1 where something does not look right."""
    from yipan.operations import laboratories as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.judge(record, post.lake, round=round, at=door.moment(at, settings))

    def text() -> str:
        legs = [
            (t.laboratory or "?", t.leg, t.finished, _figure(t.p50_hours), _figure(t.p90_hours), _figure(t.p99_hours),
             t.open, _figure(t.open_oldest_hours), t.over_6, t.over_12, t.over_24)
            for t in found.legs
        ]  # fmt: skip
        balances = [
            (b.laboratory, b.sent, b.received, b.refused, b.sample_wells, b.controls, b.plates, b.results, b.idle, b.unexplained)
            for b in found.balances
        ]  # fmt: skip
        charts = [
            (c.laboratory, c.instrument, c.kit, c.control, c.target, len(c.runs), _figure(c.mean, 2), _figure(c.sd, 2),
             sum(bool(run.rules) for run in c.runs))
            for c in found.charts
        ]  # fmt: skip
        blind = [
            (b.laboratory, b.other, b.compared, b.agree, _figure(b.low, 3), _figure(b.high, 3), _figure(b.kappa, 2), _figure(b.shift, 2))
            for b in found.blind
        ]  # fmt: skip
        ahead = [
            (f.laboratory, f.waiting, f.on_the_way, _figure(f.per_hour, 0), "measured" if f.measured else "said", f.clear_hours)
            for f in found.forecasts
        ]  # fmt: skip
        return "\n".join((
            door.table(
                ("laboratory", "leg", "done", "P50 h", "P90 h", "P99 h", "open", "oldest h", "over 6 h", "12 h", "24 h"), legs
            ), "",
            door.table(
                ("laboratory", "sent", "received", "refused", "wells", "controls", "plates", "results", "idle", "unexplained"),
                balances,
            ), "",
            door.table(("laboratory", "instrument", "lot", "control", "target", "runs", "mean", "sd", "broken"), charts), "",
            f"{found.pairs_compared} of {found.pairs_planted} split tubes compared",
            door.table(("laboratory", "other", "pairs", "agree", "from", "to", "kappa", "Ct shift"), blind), "",
            door.table(("laboratory", "waiting", "on the way", "per hour", "", "clear in h"), ahead), "",
            f"{len(found.plates)} of {found.plates_run} plates do not stand or gave results they should not",
            *(f"{f.laboratory}: {f.en}\n{f.laboratory}：{f.zh}" for f in found.findings),
        ))  # fmt: skip

    door.answer(found, as_json=as_json, text=text)
    raise typer.Exit(1 if found.findings else 0)


@app.command()
def plate(
    name: Annotated[str, typer.Argument(help="The plate.")],
    laboratory: Annotated[str, typer.Option("--laboratory", help="Whose plate it is.")],
    round: Round,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """Show one plate well by well, and whether its controls let it stand. Exit code 1 where they do not."""
    from yipan.operations import plates as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.sheet(record, post.lake, round=round, laboratory=laboratory, plate=name)
    door.answer(
        found, as_json=as_json,
        text=lambda: "\n".join((
            f"Plate {found.plate} of {found.laboratory}, instrument {found.instrument}, lot {found.kit}",
            f"run from {found.started.isoformat()} to {found.ended.isoformat()}",
            "Its controls let it stand." if found.stands else f"It does not stand: {found.en}.",
            door.table(
                ("well", "content", "tube", "ORF1ab", "N", "internal", "valid", "result"),
                [(w.well, w.content, w.tube, _figure(w.ct_orf), _figure(w.ct_n), _figure(w.ct_control),
                  {True: "yes", False: "NO", None: ""}[w.internal_valid], w.result) for w in found.wells],
            ),
        )),
    )  # fmt: skip
    raise typer.Exit(0 if found.stands else 1)


@app.command()
def transit(
    round: Round,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the consignments of a round, those with tubes missing first. Exit code 1 where one is late."""
    from yipan.operations import laboratories as desk

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            found = desk.transit(record, post.lake, round=round, at=door.moment(at, settings))
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("consignment", "to", "courier", "picked", "tubes", "received", "refused", "hours", "late"),
            [(t.consignment, t.laboratory, t.courier, t.picked.isoformat(), t.tubes, t.received, t.refused,
              _figure(t.hours), "yes" if t.late else "") for t in found],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if any(one.late for one in found) else 0)


@app.command()
def register(file: Table, at: door.At = None, as_json: door.AsJson = False) -> None:
    """Put laboratories on record: laboratory, area, name, tubes_per_day [, instruments, wells, run_hours, reserve]."""
    from yipan.feeds.benches import read_laboratories
    from yipan.operations import laboratories as desk

    told = read_laboratories(file)
    with door.at_post() as (settings, post):
        done = desk.register(post, laboratories=told, at=door.moment(at, settings))
    door.answer(done, as_json=as_json, text=lambda: f"{len(told)} laboratories are on record.")


@app.command()
def kits(file: Table, at: door.At = None, as_json: door.AsJson = False) -> None:
    """Put on record what lots of kits allow: kit, area, source, internal_below [, positive_from, positive_to]."""
    from yipan.feeds.benches import read_kits
    from yipan.operations import laboratories as desk

    told = read_kits(file)
    with door.at_post() as (settings, post):
        done = desk.register(post, kits=told, at=door.moment(at, settings))
    door.answer(done, as_json=as_json, text=lambda: f"{len(told)} lots of kits are on record.")


@app.command()
def split(file: Table, round: Round, at: door.At = None, as_json: door.AsJson = False) -> None:
    """Put on record which tubes of a round were split in two: tube, duplicate. Do it before their results come."""
    from yipan.feeds.benches import read_pairs
    from yipan.operations import laboratories as desk

    told = read_pairs(file)
    with door.at_post() as (settings, post):
        made = desk.plant(post, round=round, pairs=told, at=door.moment(at, settings))
    door.answer(made, as_json=as_json, text=lambda: f"{len(made)} split tubes are on record.")


@app.command("list")
def listed(as_json: door.AsJson = False) -> None:
    """List the laboratories on record, those in reserve last."""
    from yipan.operations import laboratories as desk

    with door.at_post() as (_, post), post.store.reading(post.viewer) as record:
        found = desk.registered(record)
    door.answer(
        found, as_json=as_json,
        text=lambda: door.table(
            ("laboratory", "name", "area", "tubes a day", "reserve"),
            [(one.id, one.name, one.area, one.tubes_per_day, "yes" if one.reserve else "") for one in found],
        ),
    )  # fmt: skip
