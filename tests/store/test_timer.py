"""The live timer: what is due and late appears by itself, once, whoever looks, and after a kill."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from places import TENTH
from store.test_zoning import (
    CHINA,
    DAY,
    HAIZHU,
    HOUR,
    line,
    order,
    people,
    post,
    round_done,
    set_zone,
)
from yipan.api.app import create_app
from yipan.api.timer import LOCK, ZoneTimer
from yipan.model import ZoneChange
from yipan.operations import commanding, timer, zoning
from yipan.settings import Settings
from yipan.store import ActInThePast

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]
__all__ = ["post"]

END = TENTH + 7 * DAY


@pytest.fixture
def due(post):
    """A zone that becomes due at END."""
    set_zone(post)
    round_done(post, "z-1", END - HOUR, sampled=people(0, 9), roster=people(0, 9))
    return post


def tick(post, at):
    return timer.tick(post, at=at, time_zone=CHINA)


def newest(post):
    with post.store.reading(post.viewer) as record:
        return record.newest_act()


def proposed(post, at=END):
    with post.store.reading(post.viewer) as record:
        return [
            one.proposal.kind for one in commanding.proposals(record, area=HAIZHU, at=at) if one.proposal.decision is None
        ]  # fmt: skip


def kept(post, at, **more):
    return ZoneTimer(store=post.store, clock=lambda: at, time_zone=CHINA, every_seconds=0.3, **more)


class TestTick:
    def test_proposes_at_the_very_instant_and_says_when_to_look_again(self, due):
        early = tick(due, END - HOUR / 60)
        at_end = tick(due, END)

        assert (early.proposed, early.next) == (0, END)
        assert (at_end.proposed, proposed(due)) == (1, ["zone.lower"])
        assert at_end.late == ()

    def test_writes_nothing_where_nothing_is_new(self, due):
        tick(due, END)
        tick(due, END + HOUR)
        before = newest(due)

        for minute in range(1, 4):
            tick(due, END + HOUR + minute * HOUR / 60)

        assert newest(due) == before

    def test_alarms_once_when_lifting_becomes_late(self, due):
        on_time = tick(due, END)
        alarmed = tick(due, END + timedelta(seconds=1))
        again = tick(due, END + HOUR)

        assert (on_time.late, on_time.late_now) == ((), 0)
        assert on_time.next == END + timedelta(seconds=1)
        assert [(one.zone, one.eligible, one.due) for one in alarmed.late] == [("z-1", END, END)]
        assert (again.late, again.late_now) == ((), 1)
        with due.store.reading(due.viewer) as record:
            (listed,) = zoning.late_liftings(record, area=HAIZHU, at=END + HOUR)
            assert (listed.alarm.zone, listed.ended, listed.late_hours) == ("z-1", None, 1.0)
            assert zoning.late_liftings(record, area=HAIZHU, at=END) == ()

    def test_lists_who_was_lifted_late_by_how_long_and_by_what(self, due):
        tick(due, END + timedelta(seconds=1))
        order(due, line(ZoneChange.LOWER, at=END + 5 * HOUR, level="medium"), at=END + 5 * HOUR)

        with due.store.reading(due.viewer) as record:
            (then,) = zoning.late_liftings(record, area=HAIZHU, at=END + 2 * HOUR)
            (now,) = zoning.late_liftings(record, area=HAIZHU, at=END + DAY)

        assert (then.ended, then.late_hours) == (None, 2.0)
        assert (now.ended, now.change, now.late_hours) == (END + 5 * HOUR, ZoneChange.LOWER, 5.0)

    def test_refuses_to_speak_for_a_moment_before_the_record(self, due):
        tick(due, END)

        with pytest.raises(ActInThePast):
            zoning.review_zones(due, at=TENTH + DAY, time_zone=CHINA)


class TestZoneTimer:
    def test_makes_what_is_due_appear_without_a_command(self, due, home):
        settings = Settings(home=home, timer_seconds=1)
        with TestClient(create_app(settings, due.store, clock=lambda: END, timer=True)) as client:
            until = time.monotonic() + 20
            while not proposed(due) and time.monotonic() < until:
                time.sleep(0.1)
            told = client.get("/api/v1/health").json()["timer"]

        assert proposed(due) == ["zone.lower"]
        assert told == "keeps"

    def test_is_off_where_nobody_asked_for_it(self, due, home):
        with TestClient(create_app(Settings(home=home), due.store, clock=lambda: END)) as client:
            assert client.get("/api/v1/health").json()["timer"] == "off"

    def test_is_kept_by_one_of_two_servers_and_taken_over_when_its_connection_dies(self, due):
        async def story():
            one, other = kept(due, END), kept(due, END)
            first = asyncio.create_task(one.run())
            await until(lambda: one.keeps)
            second = asyncio.create_task(other.run())
            await asyncio.sleep(1)
            before = (one.keeps, other.keeps)
            first.cancel()
            await until(lambda: other.keeps)
            second.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            return before

        assert asyncio.run(story()) == (True, False)
        assert proposed(due) == ["zone.lower"]

    def test_is_taken_over_from_a_server_that_was_killed(self, due, tmp_path):
        program = tmp_path / "hold.py"
        program.write_text(
            "import sys, time, psycopg\n"
            "held = psycopg.connect(sys.argv[1], autocommit=True)\n"
            f"print(held.execute('select pg_try_advisory_lock({LOCK})').fetchone()[0], flush=True)\n"
            "time.sleep(120)\n"
        )
        with subprocess.Popen(
            [sys.executable, str(program), due.store.conninfo], stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout.readline().strip() == b"True"

            async def story():
                mine = kept(due, END)
                running = asyncio.create_task(mine.run())
                await asyncio.sleep(1.5)
                before = (mine.keeps, mine.state, proposed(due))
                os.kill(holder.pid, signal.SIGKILL)
                await until(lambda: mine.keeps and mine.looks > 0 and proposed(due))
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                return before

            assert asyncio.run(story()) == (False, "waits", [])
        assert proposed(due) == ["zone.lower"]

    def test_tells_that_it_failed_and_tries_again(self, due, monkeypatch, caplog):
        mine = kept(due, END)
        monkeypatch.setattr(timer.zoning, "alarm_late", lambda *a, **k: 1 / 0)
        assert mine.look() is None
        assert mine.look() is None
        failed = mine.state
        monkeypatch.undo()

        assert mine.look() is not None
        assert (failed, mine.state) == ("failed", "waits")
        assert len([r for r in caplog.records if "the timer failed" in r.message]) == 1


async def until(holds, seconds=20):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.05)


def test_two_looks_at_once_propose_once(due):
    async def story():
        both = [kept(due, END), kept(due, END)]
        await asyncio.gather(*(asyncio.to_thread(one.look) for one in both))

    asyncio.run(story())

    assert proposed(due) == ["zone.lower"]
