"""The round: every desk in the order in which the work flows. Read this first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from yipan.model import Power, Round, check_may
from yipan.operations import (
    calling,
    changes,
    closing,
    commanding,
    holding,
    line_alarms,
    outlook,
    plans,
    prohibitions,
    tracing,
    watch,
    zoning,
)
from yipan.operations.post import Post

Desk = Callable[..., int]

DESKS: tuple[tuple[str, Desk], ...] = (
    (watch.DESK, watch.review_signals),
    (tracing.DESK, changes.extend_chains),
    (outlook.DESK, outlook.review),
    (closing.DESK, closing.review_rounds),
    (zoning.DESK, zoning.review_zones),
    (holding.DESK, holding.review_rounds),
    (calling.DESK, calling.review_programmes),
    (plans.DESK, plans.review_plans),
    (prohibitions.DESK, prohibitions.review_measures),
)
"""The desks of a round in order. Each takes the post and the moment, records what it finds, says how much."""

HANDS: dict[str, commanding.Hand] = {
    zoning.HAND: zoning.carry_out, watch.HAND: watch.carry_out, plans.HAND: plans.carry_out,
    holding.HAND: holding.carry_out, calling.HAND: calling.carry_out,
    line_alarms.HAND: line_alarms.carry_out,
}  # fmt: skip
"""Who carries out the lines of an order, by the desk their kind names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """What a round did: one entry per desk, failed desks among them."""

    at: datetime
    desks: tuple[Round, ...]

    @property
    def ok(self) -> bool:
        """Whether every desk did its work."""
        return all(desk.ok for desk in self.desks)


def run(post: Post, *, at: datetime, time_zone: ZoneInfo) -> DayResult:
    """
    Do the round of `at`: each desk reads what is known at that instant and records what it finds.

    A desk that fails is written down as failed with its message and the others go on. Doing the same round
    again changes nothing, because what is already known is not recorded twice.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    done = tuple(_one_desk(post, name, desk, at=at, time_zone=time_zone) for name, desk in DESKS)
    with post.store.acting(
        post.viewer, desk="day", verb="close_round", why="the round of every desk", at=at
    ) as act:
        for entry in done:
            act.put_round(entry)
    return DayResult(at=at, desks=done)


def _one_desk(post: Post, name: str, desk: Desk, *, at: datetime, time_zone: ZoneInfo) -> Round:
    try:
        made = desk(post, at=at, time_zone=time_zone)
    except Exception as failure:  # noqa: BLE001  # shown on the board as failed, whatever it was
        return Round(
            at=at, desk=name, ok=False, message=f"{type(failure).__name__}: {failure}", made=0
        )
    return Round(at=at, desk=name, ok=True, message="", made=made)


def instants(since: datetime, until: datetime) -> tuple[datetime, ...]:
    """
    Return the daily instants from `since` up to `until`, at the time of day of `since`.

    >>> from datetime import UTC
    >>> len(instants(datetime(2022, 10, 1, tzinfo=UTC), datetime(2022, 10, 4, tzinfo=UTC)))
    3
    """
    count = max(0, -((since - until) // timedelta(days=1)))
    return tuple(since + timedelta(days=day) for day in range(count))


def replay(
    post: Post, *, since: datetime, until: datetime, time_zone: ZoneInfo
) -> Iterator[DayResult]:
    """Do the rounds of a span one after another and yield each; the record must not be past `since`."""
    for at in instants(since, until):
        yield run(post, at=at, time_zone=time_zone)


def decide(post: Post, proposal: str, **decision: Any) -> commanding.Decided:
    """Decide a proposal of any desk (`commanding.decide`), its lines carried out by the hands of the desks."""
    return commanding.decide(post, proposal, hands=HANDS, **decision)
