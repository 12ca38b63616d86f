"""
Zones made up for the demonstration: no bulletin tells of them, and every name says so.

Cases in two invented compounds of Haizhu and one of Tianhe are reported, zones proposed, changed, accepted, published; a
new case is found in one building; a closing round is two people short; some of it still waits to be decided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from yipan.model import (
    Adoption,
    CasePlace,
    Duty,
    LocalMeasure,
    MeasureKind,
    RegisteredPlace,
    Roster,
    RosterGroup,
    Verdict,
    Viewer,
    ZoneRound,
    area_path,
    person_id,
    place,
)
from yipan.operations import commanding, day, prohibitions, zoning
from yipan.operations.post import Post

CHINA = ZoneInfo("Asia/Shanghai")
SOURCE = "made up for the demonstration"
PROVINCE, HAIZHU, TIANHE = (
    area_path(path) for path in ("44.", "44.4401.440105.", "44.4401.440106.")
)
HALL = Viewer(user="demonstration", duty=Duty.COMMANDER, area=PROVINCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something that happens in the story at an instant."""

    at: datetime
    tell: Callable[[Post, datetime], object]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def _compound(area: str, name: str) -> str:
    return f"{area} compound 示范{name}"


def _begin(post: Post, at: datetime) -> None:
    for version, since in (("cn-covid-9ed", "2022-06-28"), ("cn-covid-20m", "2022-11-11")):
        zoning.adopt(
            post,
            Adoption(
                id=f"demo-{version}",
                area=PROVINCE,
                version=version,
                profile="guangdong-2022",
                at=_at(since),
            ),
            at=at,
        )
    zoning.record_register(
        post,
        [
            RegisteredPlace(
                id=f"demo-{name}-{number}", area=area, residents=180 + 17 * number, source=SOURCE,
                place=place(f"{_compound(area, name)} building {number}"),
            )
            for area, name in ((HAIZHU, "花园"), (HAIZHU, "新村"), (TIANHE, "家园"))
            for number in range(1, 7)
        ],
        at=at,
    )  # fmt: skip


def _cases(
    area: str, name: str, *buildings: int, people: float = 3.0
) -> Callable[[Post, datetime], object]:
    def tell(post: Post, at: datetime) -> object:
        found = [
            CasePlace(
                id=f"demo-{name}-{building}-{at:%m%d}", area=area_path(area), case=f"demo-{name}-{building}-{at:%m%d}",
                place=place(f"{_compound(area, name)} building {building}"), found=at - timedelta(hours=1),
                controlled=at, people=people, hours=28.0,
            )
            for building in buildings
        ]  # fmt: skip
        zoning.record_case_places(post, found, at=at)
        return zoning.review_zones(post, at=at, time_zone=CHINA)

    return tell


def _decide(
    kind: str,
    verdict: Verdict,
    *,
    alternative: int | None = None,
    reason: str = "",
    number: str = "",
) -> Callable[[Post, datetime], object]:
    """Decide every open proposal of a kind, and tell the public two hours later in words of the record."""

    def tell(post: Post, at: datetime) -> None:
        hall = Post(store=post.store, viewer=HALL)
        with post.store.reading(HALL) as record:
            waiting = commanding.inbox(record, area=PROVINCE, at=at).proposals
            running = commanding.tasks(record, area=PROVINCE, at=at)
        for due in running:
            if due.task.kind in {"on_site", "core_investigation"} and due.task.due is not None:
                commanding.report_done(hall, due.task.id, at=at, finished=min(at, due.task.due))
        for entry in waiting:
            if entry.proposal.kind != kind:
                continue
            change = verdict is Verdict.CHANGE and len(entry.proposal.alternatives) > (
                alternative or 0
            )
            done = day.decide(
                hall, entry.proposal.id, at=at, reason=reason,
                verdict=Verdict.CHANGE if change else Verdict.ACCEPT,
                alternative=alternative if change else None, signer="示范指挥部",
            )  # fmt: skip
            if done.order is not None:
                commanding.publish(hall, done.order.id, at=at, number=f"示范{number}号")

    return tell


def _round(sampled: int) -> Callable[[Post, datetime], object]:
    """Sample so many of the 120 people on the roster of every zone in Haizhu that is in force."""

    def tell(post: Post, at: datetime) -> None:
        people = tuple(person_id(f"p-{number:016x}") for number in range(0xDE000, 0xDE000 + 120))
        with post.store.reading(HALL) as record:
            running = zoning.zones(record, area=HAIZHU, at=at)
        for sheet in running:
            zone = sheet.zone
            zoning.record_roster(
                post,
                Roster(
                    id=zone.id,
                    area=zone.area,
                    groups=(RosterGroup(place=zone.place, people=people),),
                ),
                at=at,
            )
            zoning.record_round(
                post,
                ZoneRound(
                    id=f"demo-{zone.id}", area=zone.area, zone=zone.id, started=at - timedelta(hours=6),
                    sampled=people[:sampled], last_result=at,
                ),
                at=at,
            )  # fmt: skip

    return tell


def _checkpoint(post: Post, at: datetime) -> object:
    return prohibitions.record_measures(
        post,
        [
            LocalMeasure(
                id="demo-checkpoint", area=TIANHE, kind=MeasureKind.CHECKPOINT, since=at, order_level="county",
                reason=None, terms={"approved_by": None, "turned_back": 12, "met_conditions": 9},
            )
        ],
        at=at,
    )  # fmt: skip


STORY: tuple[Scene, ...] = (
    Scene(at=_at("2022-10-31T16:00"), tell=_begin),
    Scene(at=_at("2022-11-01T14:00"), tell=_cases(HAIZHU, "花园", 1, 2)),
    Scene(
        at=_at("2022-11-01T16:30"),
        tell=_decide(
            "zone.set",
            Verdict.CHANGE,
            alternative=0,
            number="1",
            reason="流调显示风险限于两栋（示范）",
        ),
    ),
    Scene(at=_at("2022-11-03T09:30"), tell=_cases(TIANHE, "家园", 4)),
    Scene(at=_at("2022-11-03T13:00"), tell=_decide("zone.set", Verdict.ACCEPT, number="2")),
    Scene(at=_at("2022-11-05T15:00"), tell=_cases(HAIZHU, "花园", 2)),
    Scene(at=_at("2022-11-05T18:00"), tell=_decide("zone.split", Verdict.ACCEPT, number="3")),
    Scene(at=_at("2022-11-07T16:00"), tell=_checkpoint),
    Scene(at=_at("2022-11-08T11:00"), tell=_round(118)),
    Scene(at=_at("2022-11-09T11:30"), tell=_round(120)),
    Scene(at=_at("2022-11-13T09:00"), tell=_cases(HAIZHU, "新村", 3, 5, people=6.0)),
)
"""The scenes in order; what is proposed after the last decision waits for whoever opens the board."""
