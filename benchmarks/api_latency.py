"""
How long the web door takes: picture and list with 1, 20 and 200 clients, saves, and live acts to 500 open boards.

The record is Guangdong's autumn of 2022 with 200,000 made-up cases beside it. Everything runs over the loopback
of one machine, clients included, so the figures are upper bounds. The plain twin is the same question put to the
operation in this process, without server, log-in or JSON.

Three ways of asking: *flood*, each client asks again at once; *at work*, each asks once a second, the way a
board does after an act, while an act is committed every second, so that no answer is good for longer; *saves*,
each client takes on a task every five seconds while the others do.
"""

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from yipan.api.serve import environment_of
from yipan.model import Case, Classification, Duty, Sentence, Task, Viewer, person_id
from yipan.operations import board, commanding, demo, users
from yipan.operations.figures import Figure
from yipan.packs import read_pack
from yipan.settings import Settings
from yipan.store import Store

CASES = 200_000
CLIENTS = (1, 20, 200)
SECONDS = 4.0
BOARDS = 500
ACTS = 20
MORNINGS = 20
PACED = 10
DAY = date(2022, 10, 19)
QUESTIONS = {
    "picture of the province": "/api/v1/picture?area=44.&day=2022-10-19",
    "list behind the province": "/api/v1/list?area=44.&day=2022-10-19&figure=week",
}


def main() -> None:
    """Fill a record, serve it, measure, print."""
    measured(_fill, _measure)


def measured(
    fill: Callable[[Store], None], measure: Callable[[Store, Settings, int, float], None]
) -> None:
    """Fill a new record, serve it from a process of its own, measure, and let both go; `measure` gets the server's pid and start."""
    with tempfile.TemporaryDirectory(prefix="yipan-bench-") as folder:
        settings = Settings(home=Path(folder) / "home", port=free_port())
        store = Store.open(settings.home, clock=lambda: datetime.now(UTC))
        try:
            fill(store)
            _served(settings, Path(folder), lambda pid, begun: measure(store, settings, pid, begun))
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()


def _served(settings: Settings, folder: Path, measure: Callable[[int, float], None]) -> None:
    script = folder / "serve_board.py"
    script.write_text(
        "from yipan.api.serve import serve\nfrom yipan.settings import Settings\n"
        "if __name__ == '__main__':\n    serve(Settings.read())\n",
        encoding="utf-8",
    )
    source = Path(__file__).parents[1] / "src"
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, **environment_of(settings), "PYTHONPATH": str(source)},
    )
    try:
        measure(process.pid, begun)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _fill(store: Store) -> None:
    pack = read_pack("guangdong")
    mornings = demo.mornings(pack)
    post = demo.found(store, pack, at=mornings[0][0])
    for done, _ in enumerate(demo.play(post, pack), start=1):
        if done == MORNINGS:
            break
    demo.add_users(store, at=datetime.now(UTC))
    counties = [area.path for area in pack.areas if area.level == "county"]
    with store.acting(
        store.system(), desk="ingest", verb="commit_file", why="made-up cases", at=datetime.now(UTC)
    ) as act:
        act.put_cases(
            Case(
                id=f"c-{i:06d}", person=person_id(f"p-{i:012x}"), area=counties[i % len(counties)],
                disease="covid-19", classification=Classification.CONFIRMED,
            )
            for i in range(CASES)
        )  # fmt: skip
    at = datetime.now(UTC)
    with store.acting(
        store.system(), desk="commanding", verb="assign", why="made-up tasks", at=at
    ) as act:
        commanding.put_tasks(
            act,
            (
                Task(
                    id=f"t-{clients}-{number}-{turn}", area=counties[0], duty=Duty.COMMANDER, desk="commanding",
                    kind="check", subject="benchmark", what=Sentence(zh="查", en="Check"), starts=at,
                    due=None, measured_to="checked", cause="benchmark",
                )
                for clients in CLIENTS
                for number in range(clients)
                for turn in range(max(2, 30 // clients))
            ),
        )  # fmt: skip


def _measure(store: Store, settings: Settings, pid: int, begun: float) -> None:
    token = asyncio.run(log_in(settings.port))
    print(f"{CASES:,} cases; served and logged in {time.perf_counter() - begun:.1f} s after start")
    plain = _plain_twin(store)
    print(
        f"{'question':26} {'clients':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'per s':>7} {'x plain':>8}"
    )
    for address in QUESTIONS.values():
        asyncio.run(ask_many(settings.port, address, token, 1))
    for name, address in QUESTIONS.items():
        for clients in CLIENTS:
            taken, spent = asyncio.run(ask_many(settings.port, address, token, clients))
            p50, p95, p99 = percentiles(taken)
            print(
                f"{name:26} {clients:7} {p50:8.1f} {p95:8.1f} {p99:8.1f} {len(taken) / spent:7.0f} "
                f"{p50 / plain[name]:8.1f}"
            )
    for name, address in QUESTIONS.items():
        for clients in CLIENTS:
            taken = asyncio.run(_at_work(store, settings.port, address, token, clients))
            p50, p95, p99 = percentiles(taken)
            print(f"{name + ', at work':35} {clients:7} {p50:8.1f} {p95:8.1f} {p99:8.1f}")
    for clients in CLIENTS:
        taken = asyncio.run(_saves(settings.port, token, clients))
        p50, p95, p99 = percentiles(taken)
        print(f"{'task acknowledged':35} {clients:7} {p50:8.1f} {p95:8.1f} {p99:8.1f}")
    late = asyncio.run(_live(store, settings.port, token))
    p50, p95, p99 = percentiles(late)
    print(
        f"live acts to {BOARDS} boards: p50 {p50:.1f} p95 {p95:.1f} p99 {p99:.1f} ms, "
        f"{len(late)} of {BOARDS * ACTS} told"
    )
    print(f"peak memory of the server: {peak_mib(pid):.0f} MiB")


def _plain_twin(store: Store) -> dict[str, float]:
    found = store.find_user("province")
    assert found is not None
    viewer = users.viewer_of(found[0])
    top = viewer.area

    def asked(question: Callable[..., object], who: Viewer) -> float:
        taken = []
        for _ in range(15):
            begun = time.perf_counter()
            with store.reading(who) as record:
                question(record)
            taken.append((time.perf_counter() - begun) * 1000)
        return statistics.median(taken)

    return {
        "picture of the province": asked(lambda r: board.picture(r, area=top, day=DAY), viewer),
        "list behind the province": asked(
            lambda r: board.rows_behind(r, area=top, day=DAY, figure=Figure.WEEK), viewer
        ),
    }


async def request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, body: bytes = b""
) -> bytes:
    """One question over a kept connection; raises where the answer is not 200."""
    writer.write(head + body)
    await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in answer.split(b"\r\n", 1)[0]:
        raise RuntimeError(answer.decode())
    length = next(
        int(line.split(b":")[1])
        for line in answer.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


def head_of(address: str, token: str) -> bytes:
    return f"GET {address} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def log_in(port: int) -> str:
    body = json.dumps({"user": "province", "password": demo.DEMO_PASSWORD}).encode()
    head = (
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    for _ in range(300):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        given = json.loads(await request(reader, writer, head, body))
        writer.close()
        return str(given["token"])
    raise TimeoutError("the board did not answer within 30 seconds")


async def ask_many(port: int, address: str, token: str, clients: int) -> tuple[list[float], float]:
    taken: list[float] = []
    head, until = head_of(address, token), time.perf_counter() + SECONDS

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            begun = time.perf_counter()
            await request(reader, writer, head)
            taken.append((time.perf_counter() - begun) * 1000)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(clients)))
    return taken, time.perf_counter() - begun


async def _at_work(store: Store, port: int, address: str, token: str, clients: int) -> list[float]:
    """Each client asks once a second, at moments spread over it, while an act is committed every second."""
    taken: list[float] = []
    head, ended = head_of(address, token), asyncio.Event()

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = time.perf_counter() + 1 + number / clients
        for _ in range(max(PACED, 30 if clients == 1 else 0)):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await request(reader, writer, head)
            taken.append((time.perf_counter() - due) * 1000)
            due += 1.0 if clients > 1 else 0.2
        writer.close()

    async def acts() -> None:
        while not ended.is_set():
            await asyncio.to_thread(act_once, store, "of_the_benchmark")
            await asyncio.sleep(1.0)

    acting = asyncio.create_task(acts())
    await asyncio.gather(*(one(number) for number in range(clients)))
    ended.set()
    await acting
    return taken


async def _saves(port: int, token: str, clients: int) -> list[float]:
    """Each client takes on tasks of its own, one every five seconds, at moments spread over them."""
    taken: list[float] = []
    body = b'{"to":"acknowledged"}'
    each = max(2, 30 // clients)

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = time.perf_counter() + 1 + 5 * number / clients
        for turn in range(each):
            head = (
                f"POST /api/v1/tasks/t-{clients}-{number}-{turn}/steps HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await request(reader, writer, head, body)
            taken.append((time.perf_counter() - due) * 1000)
            due += 5.0 if clients > 1 else 0.2
        writer.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    return taken


def act_once(store: Store, verb: str) -> None:
    with store.acting(store.system(), desk="day", verb=verb, why="benchmark", at=datetime.now(UTC)):
        pass


async def _live(store: Store, port: int, token: str) -> list[float]:
    """How many milliseconds after its commit each act reached each open board."""
    committed: dict[str, float] = {}
    arrived: list[tuple[str, float]] = []
    head = head_of("/api/v1/events", token)
    opened = asyncio.Semaphore(20)

    async def one() -> asyncio.Task[None]:
        async with opened:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            await reader.readuntil(b"retry: 2000")

        async def listen() -> None:
            told = 0
            while told < ACTS:
                line = await reader.readline()
                if line.startswith(b"data: "):
                    told += 1
                    arrived.append((json.loads(line[6:])["verb"], time.perf_counter()))
            writer.close()

        return asyncio.create_task(listen())

    def act(verb: str) -> None:
        act_once(store, verb)
        committed[verb] = time.perf_counter()

    listening = await asyncio.gather(*(one() for _ in range(BOARDS)))
    for number in range(ACTS):
        await asyncio.to_thread(act, f"act_{number}")
        await asyncio.sleep(0.25)
    await asyncio.wait(listening, timeout=15)
    return [(at - committed[verb]) * 1000 for verb, at in arrived]


def percentiles(taken: Iterable[float]) -> tuple[float, float, float]:
    cuts = statistics.quantiles(taken, n=100)
    return cuts[49], cuts[94], cuts[98]


def peak_mib(pid: int) -> float:
    """The highest resident memory of the largest process among the server's and its workers'."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat[1]) == pid:
                found.append(int(entry.name))
    lines = [
        line
        for process in found
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    ]
    return max(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


if __name__ == "__main__":
    main()
