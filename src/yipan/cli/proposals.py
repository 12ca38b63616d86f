"""Proposals at the terminal."""

from typing import Annotated

import typer

from yipan.cli import door
from yipan.model import ProposalState, Verdict

app = typer.Typer(
    help="What waits to be decided; accept, change or refuse it.", no_args_is_help=True
)


@app.callback()
def proposals() -> None:
    """What waits to be decided; accept, change or refuse it."""


@app.command(name="list")
def list_(
    area: door.AreaOption,
    state: Annotated[
        ProposalState | None, typer.Option(help="Only in this state.")
    ] = ProposalState.OPEN,
    every: Annotated[bool, typer.Option("--all", help="In every state.")] = False,
    at: door.At = None,
    known_at: door.KnownAt = None,
    as_json: door.AsJson = False,
) -> None:
    """List the proposals of an area, those due first. Exit code 1 where there are any."""
    from yipan.operations import commanding

    with door.at_post() as (settings, post):
        known = door.moment(known_at, settings) if known_at else None
        with post.store.reading(post.viewer, known_at=known) as record:
            place = door.find_area(record.areas(), area)
            moment = door.moment(at, settings) if at or not known else known
            found = commanding.proposals(
                record, area=place.path, at=moment, state=None if every else state
            )
    door.answer(
        found,
        as_json=as_json,
        text=lambda: door.table(
            ("proposal", "area", "what", "people", "due", "late (h)", "state"),
            [
                (p.proposal.id, p.proposal.area, p.proposal.what.zh, p.proposal.cost.residents,
                 f"{p.proposal.due:%Y-%m-%d %H:%M}" if p.proposal.due else None, f"{p.late_hours:.1f}",
                 p.proposal.state.value)
                for p in found
            ],
        ),
    )  # fmt: skip
    raise typer.Exit(1 if found else 0)


@app.command()
def decide(
    proposal: Annotated[str, typer.Argument(help="Id of the proposal.")],
    verdict: Annotated[Verdict, typer.Argument(help="accept, change or refuse.")],
    reason: Annotated[str, typer.Option(help="Why; needed to change or refuse.")] = "",
    alternative: Annotated[
        int | None, typer.Option(help="Change to this alternative, counted from 0.")
    ] = None,
    signer: Annotated[str, typer.Option(help="Who signs the notice.")] = "",
    number: Annotated[str, typer.Option(help="Number of the notice.")] = "",
    basis: Annotated[list[str] | None, typer.Option(help="A text the notice cites.")] = None,
    at: door.At = None,
    as_json: door.AsJson = False,
) -> None:
    """Decide a proposal; the order is made and carried out in the same act."""
    from yipan.operations import day

    with door.at_post() as (settings, post):
        done = day.decide(
            post, proposal, verdict=verdict, at=door.moment(at, settings), reason=reason,
            alternative=alternative, signer=signer, number=number, legal_basis=tuple(basis or ()),
        )  # fmt: skip
    made = f"order {done.order.id}" if done.order else "nothing was ordered"
    door.answer(
        done,
        as_json=as_json,
        text=lambda: (
            f"{proposal} is {done.proposal.state.value}; {made}; {len(done.tasks)} tasks due."
        ),
    )
