"""An exercise whose process is killed outright in the middle of a day goes on where it was."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from yipan.operations import exercise
from yipan.operations.exercise import Mode
from yipan.operations.post import Post

pytestmark = [pytest.mark.store, pytest.mark.slow]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 3
SPAWNED = multiprocessing.get_context("spawn")


def made(folder: Path) -> Path:
    exercise.create(
        folder, pack_key="guangdong", seed=11, first_day=date(2022, 10, 1), days=DAYS, reproduction_number=3.0,
        infections=12, began_days_before=6,
    )  # fmt: skip
    return folder


@contextmanager
def record_of(folder: Path) -> Iterator[Post]:
    post = exercise.open_record(folder, clock=lambda: NOW)
    try:
        yield post
    finally:
        post.store.close()
        if post.store.server is not None:
            post.store.server.stop()


def play(folder: Path) -> None:
    """Play to the end, in a process of its own."""
    with record_of(folder) as post:
        list(exercise.play(folder, post, mode=Mode.AUTO))


def feeds(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted((folder / "feeds").rglob("*.csv"))
    }


class TestKilledExercise:
    def test_goes_on_where_it_was_and_ends_the_same(self, tmp_path: Path) -> None:
        whole, broken = made(tmp_path / "same"), made(tmp_path / "other" / "same")
        with record_of(whole) as post:
            list(exercise.play(whole, post, mode=Mode.AUTO))
            expected = exercise.score(whole, post)
        player = SPAWNED.Process(target=play, args=(broken,), daemon=True)
        player.start()
        until = time.monotonic() + 200
        while exercise.progress(broken).days_done < 1 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(random.Random(5).uniform(0.0, 0.3))
        assert player.pid is not None
        os.kill(player.pid, signal.SIGKILL)
        player.join()
        stopped = exercise.progress(broken).days_done
        with record_of(broken) as post:
            list(exercise.play(broken, post, mode=Mode.AUTO))
            found = exercise.score(broken, post)

        assert player.exitcode == -signal.SIGKILL
        assert 1 <= stopped < DAYS
        assert feeds(broken) == feeds(whole)
        assert found == expected
