"""The board served as it is in use: a process of its own, a log-in, acts arriving as they happen."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from yipan.api.serve import environment_of
from yipan.model import Area, Duty, area_path
from yipan.operations import users
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store import Store

pytestmark = [pytest.mark.store, pytest.mark.slow]

PROVINCE, GUANGZHOU, SHENZHEN = area_path("44."), area_path("44.4401."), area_path("44.4403.")
PASSWORD = "a long enough password"
START_SECONDS = 60


@dataclass
class Served:
    """A record and the address its board is served at."""

    store: Store
    address: str
    process: subprocess.Popen[bytes]

    def log_in(self, user: str) -> dict[str, str]:
        given = httpx.post(
            f"{self.address}/login", json={"user": user, "password": PASSWORD}, trust_env=False, timeout=30
        )  # fmt: skip
        return {"Authorization": f"Bearer {given.raise_for_status().json()['token']}"}

    def act(self, verb: str, area: str) -> None:
        with self.store.acting(
            self.store.system(), desk="day", verb=verb, why="test", at=datetime.now(UTC),
            area=area_path(area),
        ):  # fmt: skip
            pass


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="yipan-live-") as folder:
        settings = Settings(home=Path(folder) / "home", port=free_port())
        store = Store.open(settings.home, clock=lambda: datetime.now(UTC))
        began = datetime.now(UTC) - timedelta(minutes=1)
        founder = store.founder(PROVINCE)
        with store.acting(founder, desk="areas", verb="put_pack", why="test", at=began) as act:
            act.put_areas(
                Area(path=path, level=level, name_zh=name, name_en=name, source="the test")
                for path, level, name in (
                    (PROVINCE, "province", "Guangdong"), (GUANGZHOU, "city", "Guangzhou"),
                    (SHENZHEN, "city", "Shenzhen"),
                )
            )  # fmt: skip
        keeper = Post(store=store, viewer=users.administrator(store.system()))
        for name, place in (("province", PROVINCE), ("guangzhou", GUANGZHOU)):
            users.add(
                keeper, name=name, shown_as=name, password=PASSWORD, duty=Duty.COMMANDER, area=place, at=began
            )  # fmt: skip
        program = (
            "from yipan.api.serve import serve\nfrom yipan.settings import Settings\n"
            "if __name__ == '__main__':\n    serve(Settings.read())\n"
        )
        script = Path(folder) / "serve_board.py"
        script.write_text(program, encoding="utf-8")
        source = Path(__file__).parents[2] / "src"
        said = Path(folder) / "said.txt"
        with said.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(script)],
                env={**os.environ, **environment_of(settings), "PYTHONPATH": str(source)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        address = f"http://127.0.0.1:{settings.port}/api/v1"
        try:
            wait_for(f"{address}/health", process, said)
            yield Served(store=store, address=address, process=process)
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()
                store.close()
                if store.server is not None:
                    store.server.stop()
        assert not answers(f"{address}/health"), "a stopped server goes on answering"


def answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False


def wait_for(address: str, process: subprocess.Popen[bytes], said: Path) -> None:
    pause = threading.Event()
    for _ in range(START_SECONDS * 10):
        assert process.poll() is None, said.read_text()
        if answers(address):
            return
        pause.wait(0.1)
    pytest.fail(f"the board did not answer: {said.read_text()}")


def told(lines: Iterator[str], count: int) -> list[dict[str, object]]:
    """Read events until so many acts were told."""
    acts: list[dict[str, object]] = []
    for line in lines:
        if line.startswith("data: "):
            acts.append(json.loads(line.removeprefix("data: ")))
            if len(acts) == count:
                break
    return acts


class TestLiveActs:
    def test_reach_every_board_that_may_see_them_and_no_other(self, served):
        province, city = served.log_in("province"), served.log_in("guangzhou")
        with (
            httpx.Client(trust_env=False, timeout=30) as client,
            client.stream("GET", f"{served.address}/events", headers=province) as all_acts,
            client.stream("GET", f"{served.address}/events", headers=city) as city_acts,
        ):
            above, below = all_acts.iter_lines(), city_acts.iter_lines()
            assert next(above).startswith("retry")
            assert next(below).startswith("retry")

            served.act("of_the_neighbour", SHENZHEN)
            served.act("of_the_city", GUANGZHOU)

            assert [a["verb"] for a in told(above, 2)] == ["of_the_neighbour", "of_the_city"]
            (only,) = told(below, 1)
        assert only["verb"] == "of_the_city"
        assert set(only) == {"number", "desk", "verb", "area", "at"}
        assert all_acts.headers["content-type"].startswith("text/event-stream")

    def test_tell_who_comes_back_what_was_missed(self, served):
        bearer = served.log_in("guangzhou")
        with served.store.reading(served.store.system()) as record:
            before = record.newest_act()

        served.act("first_missed", GUANGZHOU)
        served.act("not_for_the_city", SHENZHEN)
        served.act("second_missed", GUANGZHOU)

        with (
            httpx.Client(trust_env=False, timeout=30) as client,
            client.stream(
                "GET", f"{served.address}/events", headers={**bearer, "Last-Event-ID": str(before)}
            ) as stream,
        ):
            missed = told(stream.iter_lines(), 2)

        assert [act["verb"] for act in missed] == ["first_missed", "second_missed"]

    def test_are_not_told_to_strangers(self, served):
        found = httpx.get(f"{served.address}/events", trust_env=False, timeout=30)

        assert found.status_code == 401
