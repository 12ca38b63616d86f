"""The live timer: what the clocks of zones make due at this instant, and when to look again."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from yipan.model import LateLifting
from yipan.operations import closing, zoning
from yipan.operations.post import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """
    What one look at the clocks came to: told by the laboratory, proposed, newly alarmed as late, and the next instant due.

    `late_now` counts every lifting that is late at `at`, alarmed before or now; `told_until` is the act up to which
    laboratories were heard.
    """

    at: datetime
    told: int
    proposed: int
    late: tuple[LateLifting, ...]
    late_now: int
    next: datetime | None
    told_until: int


def tick(post: Post, *, at: datetime, time_zone: ZoneInfo, told_until: int | None = None) -> Ticked:
    """
    Look at every clock at `at`: take in what laboratories told, propose what is due, alarm what has become late.

    `told_until` is what the last look answered: while nothing came in since, the files of screening stay closed.
    Where nothing is new nothing is written, so it may be done every minute and by several servers at once. Raises
    NotAllowed without the power, ActInThePast where the record is ahead of `at`.
    """
    with post.store.reading(post.viewer) as record:
        heard = closing.told_until(record)
    told = 0 if heard == told_until else closing.review_rounds(post, at=at, time_zone=time_zone)
    proposed = zoning.review_zones(post, at=at, time_zone=time_zone, only_if_new=True)
    with post.store.reading(post.viewer) as record:
        running = zoning.clocks(record, area=post.area, at=at.astimezone(time_zone))
    late = zoning.alarm_late(post, running, at=at)
    return Ticked(
        at=at, told=told, proposed=proposed, late=late, late_now=sum(one.late_at(at) for one in running),
        next=zoning.next_of(running, at=at), told_until=heard,
    )  # fmt: skip
