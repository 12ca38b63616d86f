"""
Pages of cases, of contacts by what is due and of reports that wait: 200,000 cases, 1,000,000 contacts, 50 users at work.

Each user asks once a second at moments spread over it, while an act is committed every second, so that no answer is good
for longer. The plain twin is the list of contacts worked out from the whole record in this process, once.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from benchmarks import api_latency as web

from yipan.model import (
    AreaPath,
    Case,
    Classification,
    Exposure,
    ExposureState,
    FollowUp,
    FollowUpResult,
    NodeId,
    person_id,
)
from yipan.operations import (
    demo,
    following,
    tracing,
)
from yipan.packs import read_pack
from yipan.settings import Settings
from yipan.store import Store
from yipan.store.tables.tracing import EXPOSURES, FOLLOW_UPS

CONTACTS = int(os.environ.get("YIPAN_BENCH_ROWS", "1000000"))
CASES = CONTACTS // 5
USERS = 50
SECONDS = 12
CHINA = ZoneInfo("Asia/Shanghai")
TODAY = date(2022, 11, 12)
QUESTIONS = {
    "contacts overdue, province": "tracing/contacts?area=44.&due=overdue&day=2022-11-12",
    "contacts due today, province": "tracing/contacts?area=44.&due=today&day=2022-11-12",
    "contacts overdue, city": "tracing/contacts?area=44.4401.&due=overdue&day=2022-11-12",
    "contacts overdue, county": "tracing/contacts?area=44.4401.440105.&due=overdue&day=2022-11-12",
    "contacts, a later page": "tracing/contacts?area=44.&due=later&day=2022-11-12&after=p-000000080000&after_day=2022-11-13",
    "cases, first page": "tracing/cases?area=44.",
    "cases, a later page": "tracing/cases?area=44.&after=c-100000",
    "cases, county": "tracing/cases?area=44.4401.440105.",
    "reports that wait": "tracing/reports?area=44.&limit=50",
}


def main() -> None:
    """Fill a record, serve it, measure, print."""
    web.measured(_fill, _measure)


def _fill(store: Store) -> None:
    pack = read_pack("guangdong")
    at = datetime(2022, 11, 11, 8, tzinfo=CHINA)
    post = demo.found(store, pack, at=at)
    demo.add_users(store, at=at)
    counties = [area.path for area in pack.areas if area.level == "county"]
    rng = np.random.default_rng(1)
    begun = time.perf_counter()
    with store.acting(
        post.viewer, desk="ingest", verb="commit_file", why="made-up outbreak", at=at
    ) as act:
        act.put_cases(_cases(counties))
        act.put(EXPOSURES, _exposures(counties, rng))
        act.put(FOLLOW_UPS, _follow_ups(counties, rng))
    put = time.perf_counter() - begun
    begun = time.perf_counter()
    made = following.renew(post, at=at + timedelta(seconds=1), everybody=True)
    whole = time.perf_counter() - begun
    with psycopg.connect(store.conninfo, autocommit=True) as connection:
        for table in ("followed", "case_version", "exposure"):
            connection.execute(
                f"vacuum analyze {table}"
            )  # as the server does by itself, a minute later
    begun = time.perf_counter()
    tracing.judge_exposures(
        post, ["x-7"], state=ExposureState.REJECTED, at=at + timedelta(seconds=2)
    )
    print(
        f"{CASES:,} cases and {CONTACTS:,} exposures put in {put:.0f} s; {made:,} contacts worked out and kept in {whole:.0f} s; "
        f"one judged, and the list renewed, in {(time.perf_counter() - begun) * 1000:.0f} ms"
    )


def _cases(counties: list[AreaPath]) -> Iterator[Case]:
    for i in range(CASES):
        day = TODAY - timedelta(days=i % 21)
        yield Case(
            id=f"c-{i:06d}", person=person_id(f"p-{16**11 + i:012x}"), area=counties[i % len(counties)], disease="covid-19",
            classification=Classification.CONFIRMED, onset=day,
            reported=datetime(day.year, day.month, day.day, i % 24, i % 60, tzinfo=CHINA) - timedelta(days=2),
        )  # fmt: skip


def _exposures(counties: list[AreaPath], rng: np.random.Generator) -> Iterator[Exposure]:
    ago = rng.integers(0, 20, CONTACTS)
    for i in range(CONTACTS):
        case = i % CASES
        day = TODAY - timedelta(days=int(ago[i]))
        yield Exposure(
            id=f"x-{i}", area=counties[case % len(counties)], source=NodeId(f"p-{16**11 + case:012x}"), target=NodeId(f"p-{i:012x}"),
            first_contact=day, last_contact=day,
        )  # fmt: skip


def _follow_ups(counties: list[AreaPath], rng: np.random.Generator) -> Iterator[FollowUp]:
    for number, i in enumerate(rng.integers(0, CONTACTS, CONTACTS // 5)):
        yield FollowUp(
            id=f"f-{number}", area=counties[int(i) % CASES % len(counties)], person=person_id(f"p-{int(i):012x}"),
            day=TODAY - timedelta(days=number % 4), result=FollowUpResult.SEEN_OK,
        )  # fmt: skip


def _measure(store: Store, settings: Settings, pid: int, _: float) -> None:
    token = asyncio.run(web.log_in(settings.port))
    for address in QUESTIONS.values():
        asyncio.run(web.ask_many(settings.port, f"/api/v1/{address}", token, 1))
    taken = asyncio.run(_at_work(store, settings.port, token))
    every = [ms for listed in taken.values() for ms in listed]
    print(
        f"{'page of at most 200':32} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}   {USERS} users, load {os.getloadavg()[0]:.1f}"
    )
    for name, listed in {**taken, "all of them": every}.items():
        p50, p95, p99 = web.percentiles(listed)
        print(f"{name:32} {p50:8.1f} {p95:8.1f} {p99:8.1f}")
    begun = time.perf_counter()
    with store.reading(store.system()) as record:
        plain = tracing.contacts(record, area=store.system().area, today=TODAY)
    spent = (time.perf_counter() - begun) * 1000
    print(
        f"plain twin, {len(plain):,} contacts worked out at each question: {spent:,.0f} ms, {spent / statistics.median(every):,.0f} times as long"
    )
    print(f"peak memory of the server: {web.peak_mib(pid):.0f} MiB")


async def _at_work(store: Store, port: int, token: str) -> dict[str, list[float]]:
    """Each user turns from page to page, one a second, while an act is committed every second."""
    taken: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    names, ended = list(QUESTIONS), asyncio.Event()

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = time.perf_counter() + 1 + number / USERS
        for turn in range(SECONDS):
            name = names[(number + turn) % len(names)]
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await web.request(reader, writer, web.head_of(f"/api/v1/{QUESTIONS[name]}", token))
            taken[name].append((time.perf_counter() - due) * 1000)
            due += 1.0
        writer.close()

    async def acts() -> None:
        while not ended.is_set():
            await asyncio.to_thread(web.act_once, store, "of_the_benchmark")
            await asyncio.sleep(1.0)

    acting = asyncio.create_task(acts())
    await asyncio.gather(*(one(number) for number in range(USERS)))
    ended.set()
    await acting
    return taken


if __name__ == "__main__":
    main()
