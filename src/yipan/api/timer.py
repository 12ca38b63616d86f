"""The live timer of a served board: what the clocks of zones make due appears without a second command."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from yipan.operations.timer import Ticked
    from yipan.store import Store

LOCK = 7_201_022
"""The number under which servers of one record agree who of them keeps the timer."""
LEAST_SECONDS = 1.0
"""However often acts come in, so long is waited between two looks."""
OWN_DESKS = frozenset({"closing", "zoning"})
"""What the timer itself writes does not wake it."""
_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class ZoneTimer:
    """
    Looks at the clocks of a record: at the next instant due, after each act of others, at the latest after `every_seconds`.

    Of several servers one keeps the timer, by a lock of the record that ends with its connection: when that server
    is killed, another takes over within `every_seconds`. Looking twice writes nothing twice, whoever looks.
    `failed` is what went wrong last, empty where the last look went well.
    """

    store: "Store"
    clock: Callable[[], datetime]
    time_zone: ZoneInfo
    every_seconds: float = 60.0
    keeps: bool = False
    looks: int = 0
    told_until: int | None = None
    failed: str = ""

    async def run(self) -> None:
        """Keep the timer until cancelled; a lost connection gives the lock back and is opened again."""
        import psycopg

        while True:
            try:
                await self._kept()
            except psycopg.Error as lost:
                _log.warning("the timer was interrupted: %s", type(lost).__name__)
            finally:
                self.keeps = False
            await asyncio.sleep(min(self.every_seconds, 5.0))

    async def _kept(self) -> None:
        import psycopg
        from psycopg.conninfo import make_conninfo

        reached = make_conninfo(
            self.store.conninfo, keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
            tcp_user_timeout=10_000,
        )  # fmt: skip
        async with await psycopg.AsyncConnection.connect(reached, autocommit=True) as connection:
            while not await self._has_lock(connection):
                await asyncio.sleep(self.every_seconds)
            self.keeps = True
            await connection.execute("listen yipan_acts")
            while True:
                done = await asyncio.to_thread(self.look)
                await asyncio.sleep(LEAST_SECONDS)
                await self._woken(connection, self._wait(done))

    async def _has_lock(self, connection: "AsyncConnection[tuple[object, ...]]") -> bool:
        answer = await connection.execute("select pg_try_advisory_lock(%s)", (LOCK,))
        row = await answer.fetchone()
        return bool(row and row[0])

    async def _woken(
        self, connection: "AsyncConnection[tuple[object, ...]]", seconds: float
    ) -> None:
        """Wait so long, or until somebody else put something on record; then see that the connection still stands."""
        ends = asyncio.get_running_loop().time() + seconds
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            woken = False
            async for said in connection.notifies(timeout=left, stop_after=1):
                woken = woken or said.payload.partition(" ")[2] not in OWN_DESKS
            if woken:
                break
        await connection.execute("select 1")

    def _wait(self, done: "Ticked | None") -> float:
        if done is None or done.next is None:
            return self.every_seconds
        return min(
            self.every_seconds, max((done.next - self.clock()).total_seconds(), LEAST_SECONDS)
        )

    def look(self) -> "Ticked | None":
        """
        Look once and return what it came to, None where the record is empty or the look failed.

        A failure is logged once until it changes, and told by the health of the door as long as it lasts.
        """
        from yipan.operations import timer
        from yipan.operations.post import Post
        from yipan.store import ActInThePast

        self.looks += 1
        top = self.store.top()
        if top is None:
            return None
        post = Post(store=self.store, viewer=self.store.system(top))
        at = self.clock()
        try:
            done = timer.tick(post, at=at, time_zone=self.time_zone, told_until=self.told_until)
        except ActInThePast as ahead:
            self._say(str(ahead))
            return None
        except Exception as failure:  # noqa: BLE001  # told as failed, whatever it was, and tried again
            self._say(f"{type(failure).__name__}: {failure}")
            return None
        self.failed, self.told_until = "", done.told_until
        return done

    @property
    def state(self) -> str:
        """What the timer is at: `failed`, `keeps` where it looks at the clocks, `waits` where another server does."""
        return "failed" if self.failed else "keeps" if self.keeps else "waits"

    def _say(self, what: str) -> None:
        if what != self.failed:
            _log.error("the timer failed: %s", what)
        self.failed = what
