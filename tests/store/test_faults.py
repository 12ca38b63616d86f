"""What goes wrong around the record: killed servers and readers, full disks, stale locks, starts at once."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from places import GUANGZHOU, PROVINCE, TENTH, clock
from yipan.model import Area
from yipan.operations import ingest
from yipan.operations.post import Post
from yipan.store import EmbeddedServer, ServerUnavailable, Store

pytestmark = [pytest.mark.store, pytest.mark.slow]

MOMENTS = 10
ROWS = 20_000
SPAWNED = multiprocessing.get_context("spawn")


@pytest.fixture
def begun(tmp_path_factory):
    """A record of its own with a province and a city, and where it is."""
    home = tmp_path_factory.mktemp("fault") / "home"
    store = Store.open(home, clock=clock)
    begin(store)
    store.close()
    yield home
    EmbeddedServer(home=home).stop()


def begin(store):
    with store.acting(
        store.founder(PROVINCE), desk="areas", verb="put", why="test", at=TENTH - timedelta(days=9)
    ) as act:
        act.put_areas(
            Area(path=path, level=level, name_zh=name, name_en=name, source="test")
            for path, level, name in (
                (PROVINCE, "province", "广东省"),
                (GUANGZHOU, "city", "广州市"),
            )
        )


def counts_file(folder: Path, number: int) -> Path:
    """A file whose every value is the number, so that a mixture of two would show."""
    path = folder / f"{number}.csv"
    first = date(1950, 1, 1)
    lines = ["area,day,counted,value"]
    lines += [
        f"{GUANGZHOU},{first + timedelta(days=day)},fever_clinic_visits,{number}"
        for day in range(ROWS)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_files(home: Path, folder: Path, first: int, ready, said) -> None:
    """Read files one after another for ever and say each as it is acknowledged."""
    store = Store.open(home, clock=clock)
    post = Post(store=store, viewer=store.system())
    files = [counts_file(folder, number) for number in range(first, first + 30)]
    ready.set()
    for number, path in enumerate(files, start=first):
        ingest.read_file(post, path, at=TENTH + timedelta(seconds=number), disease="covid-19")
        said.send(number)


def acknowledged_of(told) -> int:
    newest = 0
    with suppress(EOFError):
        while told.poll():
            newest = told.recv()
    return newest


def check_whole(home: Path, acknowledged: int) -> int:
    """The record holds one whole file, at least the newest one acknowledged, and is sound; return which."""
    store = Store.open(home, clock=clock)
    with store.reading(store.system()) as record:
        rows = record.count_rows(under=GUANGZHOU)
        receipts = record.receipts()
    if acknowledged or rows.height:
        assert rows.height == ROWS
        assert rows["value"].n_unique() == 1
        assert rows["value"][0] >= acknowledged
        assert rows["value"][0] == int(receipts[0].file.removesuffix(".csv"))
    assert store.verify() is None
    store.close()
    return int(rows["value"][0]) if rows.height else 0


class TestKilledAtRandomMoments:
    @pytest.mark.parametrize("victim", ["the server", "the ingest"])
    def test_loses_nothing_acknowledged_and_leaves_nothing_half_in(self, begun, tmp_path, victim):
        chance, newest, survived = random.Random(victim), 0, []
        for _ in range(MOMENTS):
            ready, (told, said) = SPAWNED.Event(), SPAWNED.Pipe(duplex=False)
            reader = SPAWNED.Process(
                target=read_files, args=(begun, tmp_path, newest + 1, ready, said), daemon=True
            )
            reader.start()
            said.close()
            assert ready.wait(120)
            time.sleep(chance.uniform(0.0, 2.0))
            pid = reader.pid
            if victim == "the server":
                lock = EmbeddedServer(home=begun).data / "postmaster.pid"
                pid = int(lock.read_text().splitlines()[0])
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            reader.join(0.2)
            reader.kill()
            reader.join()

            newest = check_whole(begun, max(newest, acknowledged_of(told)))
            survived.append(newest)

        assert survived[-1] > 0, "no file was ever read: the moments were too early"


def start(home: Path, done) -> None:
    Store.open(home, clock=clock).close()
    done.put(os.getpid())


class TestStart:
    def test_of_two_at_once_makes_one_record(self, tmp_path):
        done = SPAWNED.Queue()
        starters = [SPAWNED.Process(target=start, args=(tmp_path / "home", done)) for _ in range(2)]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join(120)

        assert [starter.exitcode for starter in starters] == [0, 0]
        store = Store.open(tmp_path / "home", clock=clock)
        assert store.verify() is None
        store.close()
        store.server.stop()

    def test_is_not_kept_from_it_by_the_lock_of_a_server_that_is_gone(self, begun):
        server = EmbeddedServer(home=begun)
        lines = (server.data / "postmaster.pid").read_text().splitlines()
        server.stop()
        stale = "\n".join([str(os.getpid()), *lines[1:]]) + "\n"
        (server.data / "postmaster.pid").write_text(stale)
        (server.sockets / ".s.PGSQL.5432.lock").write_text(stale)
        if os.getuid() == 0:
            for path in (server.data / "postmaster.pid", server.sockets / ".s.PGSQL.5432.lock"):
                path.chmod(0o600)

        store = Store.open(begun, clock=clock)

        assert store.top() == PROVINCE
        store.close()

    def test_does_not_touch_data_of_another_major_version(self, begun):
        server = EmbeddedServer(home=begun)
        server.stop()
        (server.data / "PG_VERSION").write_text("17\n")

        with pytest.raises(ServerUnavailable, match="written by PostgreSQL 17, this is 18"):
            Store.open(begun, clock=clock)

        (server.data / "PG_VERSION").write_text("18\n")

    def test_says_where_an_earlier_one_was_broken_off(self, tmp_path):
        (tmp_path / "home" / "postgres").mkdir(parents=True)
        (tmp_path / "home" / "postgres" / "base").touch()

        with pytest.raises(ServerUnavailable, match="an earlier start was broken off"):
            Store.open(tmp_path / "home", clock=clock)


def fill_the_disk(home: Path) -> dict[str, object]:
    """Read files until the disk is full, make room, and look what is there: run on a small disk of its own."""
    home.mkdir(parents=True)
    ballast = home.parent / "ballast"
    ballast.write_bytes(b"\0" * (24 << 20))
    store = Store.open(home, clock=clock)
    begin(store)
    post = Post(store=store, viewer=store.system())
    acknowledged, failure = 0, ""
    for number in range(1, 400):
        path = counts_file(home.parent, 1)
        path.write_text(path.read_text().replace(",1\n", f",{number}\n"))
        try:
            ingest.read_file(post, path, at=TENTH + timedelta(seconds=number), disease="covid-19")
        except (psycopg.Error, OSError) as full:
            failure = f"{type(full).__name__}: {full}"
            break
        acknowledged = number
    store.close()
    ballast.unlink()
    again = Store.open(home, clock=clock)
    with again.reading(again.system()) as record:
        rows = record.count_rows(under=GUANGZHOU)
    told = {
        "acknowledged": acknowledged, "failure": failure, "rows": rows.height,
        "values": sorted(set(rows["value"].to_list())), "broken": str(again.verify()),
    }  # fmt: skip
    again.close()
    again.server.stop()
    return told


class TestFullDisk:
    def test_loses_nothing_acknowledged_and_leaves_nothing_half_in(self, tmp_path):
        disk = tmp_path / "disk"
        disk.mkdir()
        alone = ["unshare", "--user", "--map-root-user", "--mount"]
        mount = f"mount -t tmpfs -o size=160m tmpfs {disk}"
        tried = (
            subprocess.run([*alone, "sh", "-c", mount], capture_output=True, check=False)
            if shutil.which("unshare")
            else None
        )
        if tried is None or tried.returncode:
            pytest.skip("this machine does not let a test mount a small disk of its own")
        program = (
            "import json; from pathlib import Path; from store.test_faults import fill_the_disk; "
            f"print(json.dumps(fill_the_disk(Path({str(disk / 'home')!r}))))"
        )
        tests = Path(__file__).parents[1]
        done = subprocess.run(
            [*alone, "sh", "-c", f'{mount} && exec "$0" -c "$1"', sys.executable, program],
            env={**os.environ, "PYTHONPATH": f"{tests}:{tests.parent / 'src'}", "TMPDIR": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip

        assert done.returncode == 0, done.stderr[-2000:]
        told = json.loads(done.stdout.splitlines()[-1])
        assert "No space left on device" in told["failure"] or "closed" in told["failure"], told
        assert told["acknowledged"] >= 1
        assert told["rows"] == ROWS
        assert told["values"][0] >= told["acknowledged"]
        assert len(told["values"]) == 1
        assert told["broken"] == "None"
