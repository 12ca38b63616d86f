"""
Sentinels made up for the demonstration: no real clinic, school or pharmacy reports these counts, and every name says 示范.

Eight of them report each morning what they counted the day before. Where the outbreak of the bulletins is, fevers, sales of
fever medicine and positive tests rise with it; a township health centre falls silent, a care home reports two days late.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

from yipan.model import (
    AreaPath,
    Counted,
    Duty,
    Sentence,
    Sentinel,
    SentinelKind,
    Stream,
    Viewer,
    area_path,
)
from yipan.operations import watch
from yipan.operations.post import Post
from yipan.operations.story import CHINA, PROVINCE, SOURCE, Scene
from yipan.packs import read_calendar

HALL = Viewer(user="demonstration", duty=Duty.EPIDEMIOLOGIST, area=PROVINCE)
KNOWN_FROM = date(2022, 8, 1)
"""What was counted from this day on is handed in when the sentinels are registered."""
REGISTERED = datetime(2022, 10, 2, 8, tzinfo=CHINA)
LAST_MORNING = date(2022, 11, 14)
RISE_FROM = date(2022, 10, 27)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A sentinel of the story: its streams with their mean a day, how it rises a day, when it falls silent, how late it is."""

    id: str
    site: str
    area: AreaPath
    kind: SentinelKind
    zh: str
    en: str
    counted: tuple[tuple[Counted, float], ...]
    rise: float = 0.0
    silent_from: date | None = None
    days_late: int = 1
    working_days_only: bool = False

    def sentinel(self) -> Sentinel:
        return Sentinel(
            id=self.id, area=self.area, kind=self.kind, name=Sentence(zh=self.zh, en=self.en),
            streams=tuple(
                Stream(disease="respiratory", counted=counted, site=self.site) for counted, _ in self.counted
            ),
            due_hour=10, since=KNOWN_FROM, working_days_only=self.working_days_only, office="示范值班室",
        )  # fmt: skip


_HAIZHU, _TIANHE, _LIWAN, _FUTIAN, _GAOZHOU = (
    area_path(path)
    for path in (
        "44.4401.440105.", "44.4401.440106.", "44.4401.440103.", "44.4403.440304.", "44.4409.440981.",
    )
)  # fmt: skip
_PARTS = (
    _Part(
        id="demo-fever-haizhu", site="示范一院", area=_HAIZHU, kind=SentinelKind.FEVER_CLINIC, zh="示范一院发热门诊（海珠）",
        en="示范 fever clinic, Haizhu", counted=((Counted.FEVER_CLINIC_VISITS, 14),), rise=0.11,
    ),
    _Part(
        id="demo-fever-tianhe", site="示范二院", area=_TIANHE, kind=SentinelKind.FEVER_CLINIC, zh="示范二院发热门诊（天河）",
        en="示范 fever clinic, Tianhe", counted=((Counted.FEVER_CLINIC_VISITS, 11),), rise=0.03,
    ),
    _Part(
        id="demo-fever-futian", site="示范三院", area=_FUTIAN, kind=SentinelKind.FEVER_CLINIC, zh="示范三院发热门诊（福田）",
        en="示范 fever clinic, Futian", counted=((Counted.FEVER_CLINIC_VISITS, 12),),
    ),
    _Part(
        id="demo-centre-gaozhou", site="示范卫生院", area=_GAOZHOU, kind=SentinelKind.HEALTH_CENTRE, zh="示范镇卫生院（高州）",
        en="示范 township health centre, Gaozhou", counted=((Counted.ILI_VISITS, 6),), silent_from=date(2022, 11, 10),
    ),
    _Part(
        id="demo-pharmacy-haizhu", site="示范药店", area=_HAIZHU, kind=SentinelKind.PHARMACY, zh="示范药店（海珠）",
        en="示范 pharmacy, Haizhu", counted=((Counted.PHARMACY_SALES, 38),), rise=0.05,
    ),
    _Part(
        id="demo-school-haizhu", site="示范小学", area=_HAIZHU, kind=SentinelKind.SCHOOL, zh="示范小学（海珠）",
        en="示范 primary school, Haizhu", counted=((Counted.SCHOOL_ABSENCES, 9),), working_days_only=True,
    ),
    _Part(
        id="demo-care-liwan", site="示范养老院", area=_LIWAN, kind=SentinelKind.CARE_HOME, zh="示范养老院（荔湾）",
        en="示范 care home, Liwan", counted=((Counted.CARE_HOME_FEVERS, 0.6),), days_late=2,
    ),
    _Part(
        id="demo-lab-haizhu", site="示范检验所", area=_HAIZHU, kind=SentinelKind.LABORATORY, zh="示范检验所（海珠）",
        en="示范 laboratory, Haizhu", counted=((Counted.LABORATORY_POSITIVES, 3), (Counted.LABORATORY_TESTS, 240)),
        rise=0.12,
    ),
)  # fmt: skip


@cache
def _counts() -> dict[str, dict[date, tuple[int, ...]]]:
    """What each sentinel counted on each day it counts; the same at every start."""
    rng = np.random.default_rng(20221002)
    calendar = read_calendar()
    days = [KNOWN_FROM + timedelta(days=n) for n in range((LAST_MORNING - KNOWN_FROM).days)]
    found: dict[str, dict[date, tuple[int, ...]]] = {}
    for part in _PARTS:
        kept = [day for day in days if not part.working_days_only or calendar.is_working(day)]
        found[part.id] = {
            day: tuple(
                int(
                    rng.poisson(
                        mean
                        if counted is Counted.LABORATORY_TESTS
                        else mean * (1 + part.rise) ** max(0, (day - RISE_FROM).days)
                    )
                )
                for counted, mean in part.counted
            )
            for day in kept
            if part.silent_from is None or day < part.silent_from
        }
    return found


def _put(post: Post, at: datetime, rows: list[tuple[str, str, date, int, str]]) -> None:
    with post.store.acting(
        HALL,
        desk="watch",
        verb="report",
        subject="示范",
        why="made up for the demonstration",
        at=at,
    ) as act:
        act.put_counts(
            pl.DataFrame(rows, schema=["area", "stream", "day", "value", "source"], orient="row"),
            published=False,
        )


def _rows(part: _Part, day: date) -> list[tuple[str, str, date, int, str]]:
    values = _counts()[part.id].get(day, ())
    streams = part.sentinel().streams
    return [
        (part.area, stream.key, day, value, SOURCE)
        for stream, value in zip(streams, values, strict=bool(values))
    ]


def _register(post: Post, at: datetime) -> None:
    """The register, and what was counted before it."""
    watch.register_sentinels(
        Post(store=post.store, viewer=HALL), [part.sentinel() for part in _PARTS], at=at
    )
    before = (at.date() - KNOWN_FROM).days
    days = [KNOWN_FROM + timedelta(days=n) for n in range(before)]
    _put(post, at, [row for part in _PARTS for day in days for row in _rows(part, day)])


def _morning(post: Post, at: datetime) -> None:
    """What came in this morning: of yesterday, of the care home the day before yesterday."""
    rows = [
        row for part in _PARTS for row in _rows(part, at.date() - timedelta(days=part.days_late))
    ]
    _put(post, at, rows)


WATCH_STORY: tuple[Scene, ...] = (
    Scene(at=REGISTERED, tell=_register),
    *(
        Scene(at=REGISTERED + timedelta(days=n, minutes=-30), tell=_morning)
        for n in range(1, (LAST_MORNING - REGISTERED.date()).days + 1)
    ),
)
