"""Acts as they happen: one connection listens to the record, and every open board is told what it may see."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yipan.api.plain import to_json
from yipan.model import Act, Viewer

if TYPE_CHECKING:
    from yipan.store import Store

HEARTBEAT_SECONDS = 15.0
CHECK_EVERY = 4
"""After how many heartbeats without an act it is asked whether the listener is still logged in."""
ALIVE_SECONDS = 5.0
"""How long nothing is heard before the record is asked whether the connection still stands."""
MOST_WAITING = 500
MOST_MISSED = 1000
_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Listener:
    """One open board: as whom it listens and what waits to be sent to it; None ends it."""

    viewer: Viewer
    waiting: asyncio.Queue[Act | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def tell(self, act: Act | None) -> None:
        """Put an act in line; one too slow to read is sent away and may come back for what it missed."""
        try:
            self.waiting.put_nowait(act)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(None)


@dataclass(slots=True, kw_only=True)
class LiveActs:
    """
    The one listening connection and everybody it tells.

    `heard` counts by desk the times the record said that something was committed; under no desk's name the
    times it might have been while nobody listened.
    """

    store: "Store"
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    listeners: set[Listener] = field(default_factory=set)
    told: int | None = None
    heard: dict[str, int] = field(default_factory=dict)
    listening: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is opened again and what was missed is told."""
        import psycopg

        pause = 0.2
        while True:
            try:
                await self._listen()
            except psycopg.Error as lost:
                _log.warning("the live acts were interrupted: %s", type(lost).__name__)
                await asyncio.sleep(pause)
                pause = min(5.0, pause * 2)
            finally:
                self.listening.clear()

    async def _listen(self) -> None:
        import psycopg
        from psycopg.conninfo import make_conninfo

        reached = make_conninfo(
            self.store.conninfo, keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
            tcp_user_timeout=10_000,
        )  # fmt: skip
        async with await psycopg.AsyncConnection.connect(reached, autocommit=True) as connection:
            await connection.execute("listen yipan_acts")
            self._hear("")
            if self.told is None:
                self.told = await asyncio.to_thread(self._newest)
            await self._tell_new()
            self.listening.set()
            while True:
                async for said in connection.notifies(timeout=ALIVE_SECONDS):
                    self._hear(said.payload.partition(" ")[2])
                    await self._tell_new()
                await connection.execute("select 1")

    def _hear(self, desk: str) -> None:
        self.heard[desk] = self.heard.get(desk, 0) + 1

    async def _tell_new(self) -> None:
        while acts := await asyncio.to_thread(self._after, self.told or 0):
            for act in acts:
                self.told = act.number
                for listener in tuple(self.listeners):
                    if act.area.startswith(listener.viewer.area):
                        listener.tell(act)

    def _after(self, number: int) -> tuple[Act, ...]:
        top = self.store.top()
        if top is None:
            return ()
        with self.store.reading(self.store.system(top)) as record:
            return record.acts(after=number, limit=100)

    def _newest(self) -> int:
        top = self.store.top()
        if top is None:
            return 0
        with self.store.reading(self.store.system(top)) as record:
            return record.newest_act()

    def end(self) -> None:
        """Send everybody away: the application is closing."""
        for listener in tuple(self.listeners):
            listener.tell(None)

    async def stream(
        self,
        viewer: Viewer,
        *,
        after: int | None,
        still_there: Callable[[], Awaitable[bool]],
    ) -> AsyncIterator[bytes]:
        """
        Yield server-sent events for one viewer: first the acts after the number `after`, then each new one.

        A comment goes out whenever nothing happened for a while, so that a dead connection is noticed.
        """
        listener = Listener(viewer=viewer)
        self.listeners.add(listener)
        try:
            yield b"retry: 2000\n\n"
            sent = after if after is not None else -1
            if after is not None:
                for act in await asyncio.to_thread(self._missed, viewer, after):
                    sent = act.number
                    yield event_of(act)
            silent = 0
            while True:
                try:
                    act_or_end = await asyncio.wait_for(
                        listener.waiting.get(), self.heartbeat_seconds
                    )
                except TimeoutError:
                    silent += 1
                    if silent % CHECK_EVERY == 0 and not await still_there():
                        return
                    yield b": still here\n\n"
                    continue
                if act_or_end is None:
                    return
                if act_or_end.number > sent:
                    sent = act_or_end.number
                    yield event_of(act_or_end)
        finally:
            self.listeners.discard(listener)

    def _missed(self, viewer: Viewer, after: int) -> tuple[Act, ...]:
        with self.store.reading(viewer) as record:
            return record.acts(after=after, limit=MOST_MISSED)


def event_of(act: Act) -> bytes:
    """Return an act as a server-sent event; its content is fetched by those who want it."""
    data = to_json(
        {"number": act.number, "desk": act.desk, "verb": act.verb, "area": act.area, "at": act.at}
    )
    return b"id: %d\nevent: act\ndata: %s\n\n" % (act.number, data)
