"""
A programme of many rounds on a record: what is asked of every round's files before the next round is ruled on.

Makes YIPAN_BENCH_ROUNDS rounds (14) of YIPAN_BENCH_PEOPLE people each (1,000,000) through the real doors, then asks where
the programme stands: as the first who asks, again, with a file more in the newest round, and for a county.
YIPAN_BENCH_FOLDER is where the record stays for the next run (nowhere where it is not set).
"""

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

import bulk
import numpy as np

from yipan.analytics.screening import drill
from yipan.model import Adoption, Area, Duty, ScreeningRound, Viewer, area_path
from yipan.operations import programme, screening, zoning
from yipan.operations.drill import write_files
from yipan.operations.post import Post
from yipan.store import Store

PROVINCE = area_path("44.")
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2022, 11, 10, tzinfo=UTC)


def main() -> None:
    """Make the record where there is none, then print what each question takes."""
    stays = os.environ.get("YIPAN_BENCH_FOLDER")
    people = int(os.environ.get("YIPAN_BENCH_PEOPLE", "1000000"))
    rounds = int(os.environ.get("YIPAN_BENCH_ROUNDS", "14"))
    with nullcontext(stays) if stays else TemporaryDirectory(prefix="yipan-bench-") as name:
        folder = Path(name)
        store = Store.open(folder / "home", clock=lambda: FIRST)
        try:
            if store.top() is None:
                began, spent = perf_counter(), process_time()
                make(store, folder, people, rounds)
                told(f"{rounds} rounds of {people:,} people taken in", began, spent)
            post = Post(store=store, viewer=store.system())
            at = FIRST + timedelta(days=rounds, hours=6)
            for what in ("the programme, first asked", "again"):
                ask(post, what, at)
            county = Viewer(user="county", duty=Duty.COMMANDER, area=_area(int(bulk.STREETS[0])))
            for what in ("of one street, first asked", "of one street, again"):
                ask(Post(store=store, viewer=county), what, at)
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()


def ask(post: Post, what: str, at: datetime) -> None:
    """Ask where the programme stands and print what that took."""
    began, spent = perf_counter(), process_time()
    with post.store.reading(post.viewer) as record:
        (found,) = programme.programmes(
            record, post.lake, area=post.area, at=at, time_zone=ZONE, place=programme.HIT
        )
    told(f"{what}: {len(found.rounds)} rounds, {found.state.value}", began, spent)


def told(what: str, began: float, spent: float) -> None:
    """Print wall and CPU seconds of this process."""
    print(
        f"  {what:<70} {process_time() - spent:7.2f} CPU s {perf_counter() - began:7.2f} s",
        flush=True,
    )


def make(store: Store, folder: Path, people: int, rounds: int) -> None:
    """Put areas, an adopted version and the rounds on record, each with a roster, swabs and results."""
    founder = store.founder(PROVINCE)
    at = FIRST - timedelta(days=1)
    with store.acting(founder, desk="areas", verb="put", why="a benchmark", at=at) as act:
        act.put_areas([Area(path=PROVINCE, level="province", name_zh="省", name_en="Province", code="44", source="made up")])  # fmt: skip
        cities = sorted({str(street // 100_000) for street in bulk.STREETS.tolist()})
        act.put_areas([_named(area_path(f"44.{city}."), "city", city) for city in cities])
        act.put_areas([_named(_area(s), "street", str(s)) for s in bulk.STREETS.tolist()])
    post = Post(store=store, viewer=store.system())
    zoning.adopt(
        post, Adoption(id="a-1", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=FIRST), at=FIRST
    )  # fmt: skip
    made = drill.make_round(
        drill.DrillPlan(people=people), streets=bulk.STREETS, weights=np.ones(bulk.STREETS.size),
        cities=bulk.STREETS // 100_000 - 4400, rng=np.random.default_rng(20221110),
    )  # fmt: skip
    at = FIRST + timedelta(days=rounds, hours=4)
    for number in range(rounds):
        day = FIRST + timedelta(days=number)
        held = ScreeningRound(
            id=f"round-{number + 1}", area=PROVINCE, disease="covid-19", opened=day, closes=day + timedelta(days=1)
        )  # fmt: skip
        screening.open_round(post, held, why="a benchmark", at=at)
        for kind, file in write_files(made, folder / "in", day).items():
            screening.take_in(
                post, post.lake, file, round=held.id, kind=kind, at=at, time_zone=ZONE
            )


def _area(street: int) -> str:
    return area_path(f"44.{street // 100_000}.{street}.")


def _named(path: str, level: str, code: str) -> Area:
    return Area(
        path=area_path(path), level=level, name_zh=code, name_en=code, code=code, source="made up"
    )


if __name__ == "__main__":
    main()
