"""The simulated province at the terminal; works without a record."""

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yipan.cli import door
from yipan.settings import Settings

if TYPE_CHECKING:
    from yipan.analytics import simulate as sim

app = typer.Typer(
    help="What would happen: strategies on a simulated province.", no_args_is_help=True
)

Pathogen = Annotated[
    str,
    typer.Option("--pathogen", help="covid-ba5, covid-delta, influenza, measles, or a YAML file."),
]
ReproductionNumber = Annotated[
    float | None,
    typer.Option("--r", help="Reproduction number without measures; the pack's if left out."),
]
Begin = Annotated[
    list[str],
    typer.Option(
        "--seed-at", help="Infections at the start, like 44.4401.440105.=20; may be repeated."
    ),
]
Days = Annotated[int, typer.Option("--days", help="How many days to run.")]
Replicates = Annotated[
    int, typer.Option("--replicates", help="How many replicates of each strategy.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Another seed is another chance.")]
Threads = Annotated[int, typer.Option("--threads", help="Replicates at once; changes no number.")]
FirstDay = Annotated[
    str | None,
    typer.Option(
        "--first-day", help="The day the run begins on: which rules hold. 2022-10-01 if left out."
    ),
]
File = Annotated[
    Path | None,
    typer.Option("--strategies", help="YAML list of strategies; the standard ones if left out."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--strategy", help="Names of the strategies wanted; may be repeated."),
]


@app.callback()
def simulate() -> None:
    """What would happen: strategies on a simulated province."""


@app.command()
def run(
    seed_at: Begin,
    pathogen: Pathogen = "covid-ba5",
    r: ReproductionNumber = None,
    days: Days = 60,
    replicates: Replicates = 20,
    seed: SeedOption = 1,
    threads: Threads = 1,
    first_day: FirstDay = None,
    strategies: File = None,
    strategy: Only = None,
    as_json: door.AsJson = False,
) -> None:
    """Run one strategy (the first unless one is named) and tell infections and every cost with its range."""
    from yipan.operations import simulate as desk

    asked = _ask(seed_at, pathogen, r, days, first_day, strategies, strategy)
    chosen = asked["strategies"][:1]
    result = next(
        _done(asked, chosen, days=days, replicates=replicates, seed=seed, threads=threads)
    )
    found = desk.told_run(asked["where"], asked["pathogen"], result)
    door.answer(found, as_json=as_json, text=lambda: _run_text(found))


@app.command()
def compare(
    seed_at: Begin,
    pathogen: Pathogen = "covid-ba5",
    r: ReproductionNumber = None,
    days: Days = 60,
    replicates: Replicates = 50,
    seed: SeedOption = 1,
    threads: Threads = 1,
    first_day: FirstDay = None,
    strategies: File = None,
    strategy: Only = None,
    as_json: door.AsJson = False,
) -> None:
    """Put strategies beside each other on the same chance: each cost, and its paired difference to the first."""
    found = _compared(
        seed_at, pathogen, r, days, replicates, seed, threads, first_day, strategies, strategy
    )
    door.answer(found, as_json=as_json, text=lambda: _compare_text(found))


@app.command()
def front(
    seed_at: Begin,
    pathogen: Pathogen = "covid-ba5",
    r: ReproductionNumber = None,
    days: Days = 60,
    replicates: Replicates = 50,
    seed: SeedOption = 1,
    threads: Threads = 1,
    first_day: FirstDay = None,
    strategies: File = None,
    strategy: Only = None,
    as_json: door.AsJson = False,
) -> None:
    """Tell which strategies no other beats on all of control, economy, needs and proportionality."""
    found = _compared(
        seed_at, pathogen, r, days, replicates, seed, threads, first_day, strategies, strategy
    )
    door.answer(
        found.front,
        as_json=as_json,
        text=lambda: door.table(
            ("strategy", *found.axes.values(), "on the front", "at 90 %", "chance", "beaten by"),
            [
                (
                    p.strategy, *(f"{value:,.0f}" for value in p.mean.values()), "yes" if p.on_front else "no",
                    "yes" if p.on_cautious_front else "no", f"{p.chance:.2f}", ", ".join(p.dominated_by),
                )
                for p in found.front
            ],
        ),
    )  # fmt: skip


@app.command("what-if")
def what_if(
    area: door.AreaOption,
    at: door.At = None,
    pathogen: Pathogen = "covid-ba5",
    r: ReproductionNumber = None,
    days: Days = 21,
    replicates: Replicates = 20,
    seed: SeedOption = 1,
    as_json: door.AsJson = False,
) -> None:
    """Run the standard strategies forward from what the record knows of an area."""
    from yipan.operations import simulate as desk

    with door.at_post() as (settings, post):
        moment = door.moment(at, settings)
        with post.store.reading(post.viewer, known_at=moment) as record:
            place = door.find_area(record.areas(), area)
            now = desk.present(
                record,
                area=place.path,
                at=moment,
                time_zone=settings.time_zone,
                pack_key=settings.pack,
            )
    found = desk.what_if(
        now, time_zone=settings.time_zone, pack_key=settings.pack,
        pathogen=desk.pathogen(_named(pathogen), reproduction_number=r), days=days, replicates=replicates, seed=seed,
        tell=lambda done: typer.echo(f"replicate {done} of {replicates}", err=True),
    )  # fmt: skip
    door.answer(
        found,
        as_json=as_json,
        text=lambda: (
            f"{found.known_cases} infections known in the last two weeks, growth {found.growth_per_day:+.3f} a day, "
            f"{found.comparison.replicates} of {found.asked_replicates} replicates\n"
            + _compare_text(found.comparison)
        ),
    )


@app.command()
def rates(
    pathogen: Pathogen = "covid-ba5",
    r: ReproductionNumber = None,
    as_json: door.AsJson = False,
) -> None:
    """Show the rates derived from a pathogen's reproduction number and household attack rate."""
    from yipan.analytics import simulate as sim
    from yipan.operations import simulate as desk

    where = desk.province(Settings.read().pack)
    found = sim.derive(desk.pathogen(_named(pathogen), reproduction_number=r), where)
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("rate", "value"),
            [
                ("infected at home by one infected", f"{found.at_home:.3f}"),
                ("infected outside by one infected", f"{found.outside_home:.3f}"),
                ("hazard between two members of a home", f"{found.household:.3f}"),
                ("infecting contacts in a dormitory", f"{found.dormitory:.3f}"),
                ("infecting contacts at work", f"{found.work:.3f}"),
                ("infecting contacts at school", f"{found.school:.3f}"),
                ("infecting contacts in the community", f"{found.community:.3f}"),
            ],
        ),
    )


def _named(pathogen: str) -> str | Path:
    return Path(pathogen) if pathogen.endswith((".yaml", ".yml")) else pathogen


def _ask(
    seed_at: list[str],
    pathogen: str,
    r: float | None,
    days: int,
    first_day: str | None,
    file: Path | None,
    only: list[str] | None,
) -> dict[str, Any]:
    from yipan.operations import simulate as desk
    from yipan.protocol import protocols

    settings = Settings.read()
    places = []
    for text in seed_at:
        place, _, count = text.partition("=")
        if not count.isdecimal():
            raise typer.BadParameter(
                f"{text!r}; expected a place and a number, like 44.4401.440105.=20"
            )
        places.append((place, int(count)))
    where = desk.province(settings.pack)
    chosen = (
        desk.read_strategies(file)
        if file
        else desk.strategies_by_date(
            protocols(),
            first_day=door.day(first_day, date(2022, 10, 1)),
            days=days,
            time_zone=settings.time_zone,
        )
    )
    if only:
        names = [one.name for one in chosen]
        for name in only:
            if name not in names:
                raise typer.BadParameter(
                    f"no strategy is called {name!r}; expected one of {', '.join(names)}"
                )
        chosen = tuple(one for name in only for one in chosen if one.name == name)
    return {
        "where": where,
        "pathogen": desk.pathogen(_named(pathogen), reproduction_number=r),
        "seeds": desk.seeds_at(places, where),
        "strategies": chosen,
    }


def _done(
    asked: dict[str, Any],
    chosen: "tuple[sim.Strategy, ...]",
    *,
    days: int,
    replicates: int,
    seed: int,
    threads: int,
) -> Any:
    from yipan.analytics import simulate as sim
    from yipan.operations import simulate as desk
    from yipan.operations.compiled import compile_model

    begun = time.perf_counter()
    # What cannot be is said at once, not after half a minute of compiling.
    sim.check_run(asked["where"], asked["pathogen"], chosen, days=days)
    compile_model(lambda said: typer.echo(said, err=True))
    return door.progress(
        _timed(
            desk.results(
                asked["where"], chosen, lambda _: asked["seeds"], pathogen=asked["pathogen"], days=days,
                replicates=replicates, seed=seed, threads=threads,
            ),
            begun,
        ),
        total=len(chosen), told="strategies",
    )  # fmt: skip


def _timed(results: Any, begun: float) -> Any:
    for result in results:
        typer.echo(f"{result.name}: {time.perf_counter() - begun:.1f} s", err=True)
        yield result


def _compared(
    seed_at: list[str],
    pathogen: str,
    r: float | None,
    days: int,
    replicates: int,
    seed: int,
    threads: int,
    first_day: str | None,
    file: Path | None,
    only: list[str] | None,
) -> "sim.Comparison":
    from yipan.operations import simulate as desk

    asked = _ask(seed_at, pathogen, r, days, first_day, file, only)
    done = list(
        _done(
            asked, asked["strategies"], days=days, replicates=replicates, seed=seed, threads=threads
        )
    )
    return desk.compare(asked["where"], done, days=days, seed=seed)


def _run_text(found: Any) -> str:
    from yipan.analytics.simulate import MEASURED

    head = f"{found.result.name}: {found.residents:,} residents, {found.result.replicates} replicates\n"
    return head + door.table(
        ("axis", "measure", "mean", "5 %", "median", "95 %"),
        [
            (axis.value, name, *(f"{x:,.1f}" for x in (at.mean, at.low, at.middle, at.high)))
            for key, (axis, name, _) in MEASURED.items()
            for at in [found.result.measured[key]]
        ],
    )


def _compare_text(found: "sim.Comparison") -> str:
    from yipan.analytics.simulate import MEASURED

    lines = [
        door.table(
            ("measure", *(result.name for result in found.results)),
            [
                (name, *(f"{result.measured[key].mean:,.1f}" for result in found.results))
                for key, (_, name, _) in MEASURED.items()
            ],
        )
    ]
    shown = {"infections", "stay_home_days", "output_days_lost", "restricted_per_infection"}
    lines.append(
        door.table(
            (
                f"less {found.results[0].name}",
                "measure",
                "difference",
                "95 % interval",
                "chance of less",
            ),
            [
                (
                    d.first,
                    d.measure,
                    f"{d.mean:+,.1f}",
                    f"{d.low:+,.1f} to {d.high:+,.1f}",
                    f"{d.less:.2f}",
                )
                for d in found.differences
                if d.measure in shown
            ],
        )
    )
    return "\n\n".join(lines)
