"""
Zones and plans made up for the demonstration: no bulletin tells of them, and every name says so.

Cases in two invented compounds of Haizhu and one of Tianhe are reported, zones proposed, changed, accepted, published; a
new case is found in one building; a closing round is two people short. Contacts are put under plans, sampled, now and then
missed; a new text revises the plans, one person is not let go in time; some of it still waits to be decided.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from yipan.model import (
    Adoption,
    CasePlace,
    Duty,
    FollowUp,
    FollowUpResult,
    Identity,
    LocalMeasure,
    MeasureKind,
    PersonId,
    PersonRole,
    PersonTest,
    RegisteredPlace,
    RolesOnRecord,
    Roster,
    RosterGroup,
    TestResult,
    Verdict,
    Viewer,
    ZoneChange,
    ZonePart,
    ZoneRound,
    ZoneTerms,
    area_path,
    person_id,
    place,
)
from yipan.operations import commanding, day, outlook, plans, prohibitions, zoning
from yipan.operations.post import Post

CHINA = ZoneInfo("Asia/Shanghai")
SOURCE = "made up for the demonstration"
PROVINCE, HAIZHU, TIANHE = (
    area_path(path) for path in ("44.", "44.4401.440105.", "44.4401.440106.")
)
_FIRST = 0xDE1000
"""The pseudonyms of the people made up count from here."""
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


def _adopt(version: str, since: str) -> Callable[[Post, datetime], object]:
    def tell(post: Post, at: datetime) -> object:
        adoption = Adoption(
            id=f"demo-{version}", area=PROVINCE, version=version, profile="guangdong-2022", at=_at(since)
        )  # fmt: skip
        return zoning.adopt(post, adoption, at=at)

    return tell


_CORNERS = {"花园": (113.3150, 23.0610), "新村": (113.3262, 23.0555)}
"""Where the two compounds of Haizhu are drawn (south-west corners, made up as they are); that of Tianhe has no outline."""


def _outline(name: str, number: int) -> tuple[tuple[float, float], ...] | None:
    """Return six blocks in two rows, each about 60 m by 25 m."""
    if name not in _CORNERS:
        return None
    west = _CORNERS[name][0] + 0.0009 * ((number - 1) % 3)
    south = _CORNERS[name][1] + 0.0006 * ((number - 1) // 3)
    return (
        (west, south), (west + 0.0006, south), (west + 0.0006, south + 0.00025), (west, south + 0.00025),
    )  # fmt: skip


def _begin(post: Post, at: datetime) -> None:
    _adopt("cn-covid-9ed", "2022-06-28")(post, at)
    zoning.record_register(
        post,
        [
            RegisteredPlace(
                id=f"demo-{name}-{number}", area=area, residents=180 + 17 * number, source=SOURCE,
                place=place(f"{_compound(area, name)} building {number}"), outline=_outline(name, number),
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
    """Decide every open proposal of a kind, and tell the public of zones (never of people's plans)."""

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
            if done.order is not None and number:
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


def _ring(post: Post, at: datetime) -> object:
    """Order a ring of medium risk around the cores of 花园: the rest of the compound."""
    hall = Post(store=post.store, viewer=HALL)
    with post.store.reading(HALL) as record:
        cores = [sheet.zone for sheet in zoning.zones(record, area=HAIZHU, at=at)]
    around = place(_compound(HAIZHU, "花园")).minus(*(core.place for core in cores))
    terms = ZoneTerms(
        place=around, level="medium", part=ZonePart.RING, ring_of=cores[0].id, disease=cores[0].disease,
        name_zh="海珠区示范花园其余各栋", name_en="Haizhu, 示范花园, the other buildings", residents=1006,
    )  # fmt: skip
    made = zoning.line(ZoneChange.SET, "z-demo-ring", area=HAIZHU, effective=at, terms=terms)
    done = commanding.order(
        hall, area=HAIZHU, lines=(made,), reason="核心区外围（示范）", at=at, hands=day.HANDS, rule="cn-covid-9ed",
        signer="示范指挥部",
    )  # fmt: skip
    return commanding.publish(hall, done.order.id, at=at, number="示范1号附")


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


def _line(post: Post, at: datetime) -> object:
    return outlook.draw_line(
        Post(store=post.store, viewer=HALL), area=PROVINCE, limit=1000, alarm_at=0.1, why="示范底线", at=at
    )  # fmt: skip


def _person(number: int) -> PersonId:
    return person_id(f"p-{_FIRST + number:016x}")


def _number(person: PersonId) -> int:
    return int(person.removeprefix("p-"), 16) - _FIRST


def _roles(
    area: str, first: int, last: int, role: str, day_one: date
) -> Callable[[Post, datetime], object]:
    """Say that people have a role, put made-up names into the vault, and let the desk propose their plans."""

    def tell(post: Post, at: datetime) -> object:
        where, numbers = area_path(area), range(first, last)
        with post.store.acting(
            post.viewer, desk=plans.DESK, verb="put_identities", why=SOURCE, at=at
        ) as act:
            act.put_identities(
                [Identity(person=_person(n), name=f"示范人员{n:02d}", address="示范地址") for n in numbers],
                areas={_person(n): where for n in numbers},
            )  # fmt: skip
        told = (PersonRole(role=role, day_one=day_one),)
        plans.record_roles(
            post, [RolesOnRecord(id=_person(n), area=where, roles=told) for n in numbers], at=at
        )
        return plans.review_plans(post, at=at, time_zone=CHINA)

    return tell


def _revise(post: Post, at: datetime) -> object:
    plans.review_plans(post, at=at, time_zone=CHINA)
    return _decide("plan.revise", Verdict.ACCEPT)(post, at)


def _followed(post: Post, at: datetime) -> None:
    """Put the samples and visits of a day on record: every seventh person is missed, every fifth seen late in vain."""
    with post.store.reading(HALL) as record:
        rows = plans.people(record, area=PROVINCE, at=at, time_zone=CHINA)
    day_now = at.date()
    due: Sequence[plans.PlanRow] = [
        row for row in rows if row.place is not None and _number(row.person) % 7 != at.day % 7
    ]
    plans.record_samples(
        post,
        [
            PersonTest(
                id=f"demo-{row.person}-{day_now}", area=row.area, person=row.person, result=TestResult.NEGATIVE,
                sampled=day_now, resulted=day_now,
            )
            for row in due
            if row.test_today
        ],
        at=at,
    )  # fmt: skip
    plans.record_visits(
        post,
        [
            FollowUp(
                id=f"demo-{row.person}-{day_now}", area=row.area, person=row.person, day=day_now,
                result=FollowUpResult.MISSED if _number(row.person) % 5 == 0 else FollowUpResult.SEEN_OK,
            )
            for row in due
        ],
        at=at,
    )  # fmt: skip


def _let_go(post: Post, at: datetime) -> None:
    """Let go everybody whose plan is over but the last of them, who is forgotten."""
    with post.store.reading(HALL) as record:
        rows = plans.people(record, area=PROVINCE, at=at, time_zone=CHINA, which="release_late")
    for row in sorted(rows, key=lambda one: one.person)[:-1]:
        plans.release(post, row.person, at=at)


def _scenes(*told: tuple[str, Callable[[Post, datetime], object]]) -> tuple[Scene, ...]:
    return tuple(Scene(at=_at(f"2022-{at}"), tell=tell) for at, tell in told)


_ZONES = _scenes(
    ("10-31T16:00", _begin),
    ("11-01T14:00", _cases(HAIZHU, "花园", 1, 2)),
    ("11-01T16:30", _decide(
        "zone.set", Verdict.CHANGE, alternative=0, number="1", reason="流调显示风险限于两栋（示范）"
    )),
    ("11-01T17:00", _ring),
    ("11-03T09:30", _cases(TIANHE, "家园", 4)),
    ("11-03T13:00", _decide("zone.set", Verdict.ACCEPT, number="2")),
    ("11-05T15:00", _cases(HAIZHU, "花园", 2)),
    ("11-05T18:00", _decide("zone.split", Verdict.ACCEPT, number="3")),
    ("11-07T16:00", _checkpoint),
    ("11-08T11:00", _round(118)),
    ("11-09T11:30", _round(120)),
    ("11-11T16:00", _adopt("cn-covid-20m", "2022-11-11T16:00")),
    ("11-13T09:00", _cases(HAIZHU, "新村", 3, 5, people=6.0)),
    ("11-13T18:00", _line),
)  # fmt: skip
_PLANS = _scenes(
    ("11-02T11:10", _roles(HAIZHU, 1, 11, "close_contact", date(2022, 11, 2))),
    ("11-02T12:00", _decide("plan.set", Verdict.ACCEPT)),
    ("11-06T11:10", _roles(HAIZHU, 11, 19, "close_contact", date(2022, 11, 6))),
    ("11-06T11:20", _roles(HAIZHU, 19, 24, "contact_of_contact", date(2022, 11, 6))),
    ("11-06T12:00", _decide("plan.set", Verdict.ACCEPT)),
    ("11-09T12:00", _roles(TIANHE, 24, 27, "inbound_traveller", date(2022, 11, 9))),
    ("11-09T12:10", _roles(TIANHE, 27, 29, "left_high_zone", date(2022, 11, 9))),
    ("11-09T13:00", _decide("plan.set", Verdict.ACCEPT)),
    ("11-11T18:00", _revise),
    ("11-12T09:30", _let_go),
    ("11-13T09:10", _roles(HAIZHU, 29, 35, "close_contact", date(2022, 11, 13))),
    ("11-13T12:00", _decide("plan.set", Verdict.ACCEPT)),
    ("11-14T08:00", _let_go),
    ("11-14T09:00", _roles(HAIZHU, 35, 38, "close_contact", date(2022, 11, 14))),
    *((f"11-{number:02d}T17:00", _followed) for number in range(2, 14)),
)

STORY: tuple[Scene, ...] = tuple(sorted((*_ZONES, *_PLANS), key=lambda scene: scene.at))
"""The scenes in order; what is proposed after the last decision waits for whoever opens the board."""
