"""
An outbreak made up for the demonstration: no bulletin tells of it, and everybody in it is called 示范.

A branching process with one dinner draws its cases; they come in as files through the ordinary door, in three parts, with
recorded pairs, visits and somebody told of twice. An investigation is open, a letter waits, contacts wait to be confirmed.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from yipan.model import Duty, Viewer, area_path
from yipan.operations import (
    letters,
    outbreak_files,
    told_twice,
    tracing,
)
from yipan.operations.post import Post
from yipan.operations.story import CHINA, Scene

OUTBREAK = "示范"
HAIZHU, SHENZHEN = area_path("44.4401.440105."), area_path("44.4403.")
TRACER = Viewer(user="demonstration", duty=Duty.TRACER, area=HAIZHU)
FIRST_DAY = datetime(2022, 10, 29, tzinfo=CHINA)
MOST = 42
PLACES = (
    ("示范酒楼", "restaurant", 60, 113.262, 23.085), ("示范菜市场", "market", 150, 113.300, 23.091),
    ("示范制衣厂", "workplace", 40, 113.318, 23.078), ("示范茶餐厅", "restaurant", 25, 113.285, 23.098),
    ("示范小学", "school", 300, 113.331, 23.088), ("示范超市", "shop", 80, 113.271, 23.100),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """One made-up case: its number, source, days and where it was on its infectious days."""

    number: int
    source: int | None
    onset: datetime
    reported: datetime
    isolated: datetime
    place: int


@cache
def _drawn() -> tuple[_Drawn, ...]:
    """The cases of the made-up outbreak in order of their reports; the same at every start."""
    rng = np.random.default_rng(20221105)
    cases: list[_Drawn] = []
    waiting: list[tuple[int | None, datetime, int]] = [
        (None, FIRST_DAY, 0),
        (None, FIRST_DAY + timedelta(days=3), 2),
    ]
    while waiting and len(cases) < MOST:
        waiting.sort(key=lambda entry: entry[1], reverse=True)
        source, onset, place = waiting.pop()
        number = len(cases) + 1
        reported = onset + timedelta(days=int(rng.integers(1, 4)), hours=int(rng.integers(8, 20)))
        cases.append(
            _Drawn(
                number=number, source=source, onset=onset, reported=reported, isolated=reported + timedelta(hours=int(rng.integers(2, 12))),
                place=place,
            )
        )  # fmt: skip
        many = 7 if number == 3 else int(rng.negative_binomial(0.6, 0.6 / (0.6 + 1.5)))
        for _ in range(many):
            later = onset + timedelta(days=max(1, int(rng.gamma(2.8, 1.07) + 0.5)))
            if later < datetime(2022, 11, 12, tzinfo=CHINA):
                waiting.append(
                    (number, later, place if number == 3 else int(rng.integers(0, len(PLACES))))
                )
    return tuple(cases)


def _files(until: datetime) -> dict[str, str]:
    """What was known of the outbreak at an instant: line list, pairs and visits as tables."""
    rng = np.random.default_rng(1)
    known = [case for case in _drawn() if case.reported <= until]
    lines, pairs, visits = [], [], []
    numbers = {case.number for case in known}
    for case in known:
        lines.append(
            f"D{case.number:02d},{case.onset:%Y-%m-%d},{case.reported:%Y-%m-%d %H:%M},{case.isolated:%Y-%m-%d %H:%M},海珠区,"
            f"示范{case.number:02d},1380000{case.number:04d},{1941 + case.number}-{case.number % 12 + 1:02d}-{case.number % 28 + 1:02d}"
        )
        told = rng.random(3)
        if case.source in numbers and told[0] < 0.6:
            pairs.append(
                f"D{case.source:02d},D{case.number:02d},{case.onset - timedelta(days=3):%Y-%m-%d},contact"
            )
        if told[1] < 0.35 and case.number > 4:
            pairs.append(
                f"D{int(rng.integers(1, case.number)):02d},D{case.number:02d},{case.onset - timedelta(days=2):%Y-%m-%d},contact"
            )
        pairs += [
            f"D{case.number:02d},K{case.number:02d}{i},{case.onset + timedelta(days=1):%Y-%m-%d},household"
            for i in range(int(rng.integers(1, 4)))
        ]
        name, setting, people, longitude, latitude = PLACES[case.place]
        for back in (1, 0):
            since = (
                case.onset - timedelta(days=back) + timedelta(hours=11 + int(rng.integers(0, 3)))
            )
            for person, role in (
                (f"D{case.number:02d}", "customer"),
                (f"V{case.number:02d}", "guest"),
            ):
                visits.append(
                    f"{person},{name},{since:%Y-%m-%d %H:%M},{since + timedelta(hours=2):%Y-%m-%d %H:%M},{role},{setting},{people},"
                    f"{longitude},{latitude}"
                )
    dinner = FIRST_DAY + timedelta(days=2, hours=18)
    name, setting, people, longitude, latitude = PLACES[0]
    visits += [
        f"D{case.number:02d},{name},{dinner:%Y-%m-%d %H:%M},{dinner + timedelta(hours=3):%Y-%m-%d %H:%M},guest,{setting},{people},"
        f"{longitude},{latitude}"
        for case in known
        if case.number == 3 or case.source == 3
    ]
    twice = known[0]
    lines.append(
        f"D{MOST + 1},,{known[-1].reported:%Y-%m-%d %H:%M},,海珠区,示范{twice.number:02d},1380000{twice.number:04d},"
        f"{1941 + twice.number}-{twice.number % 12 + 1:02d}-{twice.number % 28 + 1:02d}"
    )
    head = "case_id,onset,report_date,isolated,district,name,phone,birth_date"
    return {
        "linelist": "\n".join([head, *lines]) + "\n",
        "contacts": "\n".join(["from,to,last_contact_date,setting", *dict.fromkeys(pairs)]) + "\n",
        "visits": "\n".join(["person,place,since,until,role,venue_setting,venue_people,venue_longitude,venue_latitude", *visits]) + "\n",
    }  # fmt: skip


def _brought_in(post: Post, at: datetime) -> None:
    """Bring in what is known by now through the door every file takes."""
    with tempfile.TemporaryDirectory(prefix="yipan-demo-") as folder:
        paths = []
        for name, text in _files(at).items():
            path = Path(folder) / f"{OUTBREAK}_{at:%m%d}_{name}.csv"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        outbreak_files.import_files(
            post, paths, at=at, area=HAIZHU, disease="covid-19", outbreak=OUTBREAK
        )


def _traced(post: Post, at: datetime) -> None:
    """Open an investigation, propose contacts, look for people told of twice, and write to another city."""
    tracer = Post(store=post.store, viewer=TRACER)
    last = next(c for c in reversed(_drawn()) if c.reported <= at)
    name = f"{OUTBREAK}:D{last.number:02d}"
    tracing.open_investigation(tracer, name, at=at)
    tracing.propose_contacts(tracer, name, at=at, time_zone=CHINA)
    told_twice.suggest_same(tracer, area=HAIZHU, purpose="示范：查找重复人员", at=at)
    with post.store.reading(TRACER) as record:
        person = record.case(name).person
    letters.send_letter(
        tracer, to=SHENZHEN, people=[person], asked="示范：请核查该人员11月8日在深停留场所及同行人员", due=at + timedelta(hours=24), at=at,
        case=name,
    )  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def _then(*steps: Callable[[Post, datetime], None]) -> Callable[[Post, datetime], None]:
    def tell(post: Post, at: datetime) -> None:
        for step in steps:
            step(post, at)

    return tell


OUTBREAK_STORY: tuple[Scene, ...] = (
    Scene(at=_at("2022-11-06T18:00"), tell=_brought_in),
    Scene(at=_at("2022-11-10T18:00"), tell=_brought_in),
    Scene(at=_at("2022-11-13T20:00"), tell=_then(_brought_in, _traced)),
)
"""When the made-up outbreak comes in, and what is done about it at the end."""
