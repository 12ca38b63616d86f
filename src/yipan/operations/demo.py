"""Plays a pack's published figures into an empty record, day by day, as they became known."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from yipan.model import Duty
from yipan.operations import day, users
from yipan.operations.post import Post
from yipan.operations.story import Scene
from yipan.packs import Bulletin, Pack
from yipan.store import Store

ROUND_AFTER = timedelta(minutes=30)
"""How long after the newest bulletin of a morning its round is done."""

DEMO_PASSWORD = "yipan-demo-2022"  # noqa: S105  # for the demonstration record only, and said so at log-in
DEMO_USERS = (
    ("province", "省指挥部 · Province hall", Duty.COMMANDER, ("44.",)),
    ("guangzhou", "广州市 · Guangzhou", Duty.EPIDEMIOLOGIST, ("44.4401.",)),
    ("haizhu", "海珠区 · Haizhu", Duty.TRACER, ("44.4401.440105.",)),
    ("admin", "管理员 · Administrator", Duty.ADMINISTRATOR, ("44.",)),
)


def found(store: Store, pack: Pack, *, at: datetime) -> Post:
    """Put a pack's areas and boundaries on record and return the post of the whole."""
    viewer = store.founder(pack.top.path)
    with store.acting(
        viewer, desk="areas", verb="put_pack", subject=pack.key, why=f"the areas of {pack.name_en}", at=at
    ) as act:  # fmt: skip
        act.put_areas(pack.areas, boundaries=pack.boundaries, schematic=pack.boundaries_schematic)
    return Post(store=store, viewer=viewer)


def mornings(pack: Pack) -> tuple[tuple[datetime, tuple[Bulletin, ...]], ...]:
    """Return the moments at which figures of the pack became known, in order, each with its figures."""
    by_moment: dict[datetime, list[Bulletin]] = {}
    for bulletin in pack.bulletins:
        by_moment.setdefault(bulletin.published, []).append(bulletin)
    return tuple((moment, tuple(by_moment[moment])) for moment in sorted(by_moment))


def play(post: Post, pack: Pack, *, scenes: Sequence[Scene] = ()) -> Iterator[day.DayResult]:
    """
    Put each morning's figures on record at the moment they became known, and do the round after it.

    `scenes` are told in between, each before the first morning after it.
    """
    told = iter(sorted(scenes, key=lambda scene: scene.at))
    following = next(told, None)
    for moment, figures in mornings(pack):
        while following is not None and following.at <= moment:
            following.tell(post, following.at)
            following = next(told, None)
        frame = pl.DataFrame(
            [(b.area, b.stream.key, b.day, b.value, b.source) for b in figures],
            schema={"area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "source": pl.String},
            orient="row",
        )  # fmt: skip
        with post.store.acting(
            post.viewer, desk="ingest", verb="put_bulletins", subject=f"{moment:%Y-%m-%d}",
            why="the health bulletins of the morning", at=moment,
        ) as act:  # fmt: skip
            act.put_counts(frame, published=True)
        yield day.run(post, at=moment + ROUND_AFTER, time_zone=pack.time_zone)


def add_users(store: Store, *, at: datetime) -> None:
    """Add the users of the demonstration, one per level, all with the password the log-in page shows."""
    top = store.system()
    keeper = Post(store=store, viewer=users.administrator(top))
    for name, shown_as, duty, areas in DEMO_USERS:
        for area in areas:
            users.add(
                keeper, name=name, shown_as=shown_as, password=DEMO_PASSWORD, duty=duty,
                area=users.area_path(area), at=at,
            )  # fmt: skip
