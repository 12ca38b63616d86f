"""What compiles the model ahead of its first run."""

import ast
import fcntl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yipan.analytics.simulate import draws, kernel, rehearsal
from yipan.operations import compiled


class Other:
    """Stands in for the second process."""

    def __init__(self, command: list[str], **_: Any) -> None:
        self.command, self.waited = command, False

    def wait(self) -> int:
        self.waited = True
        return 0


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    processes: list[Any] = []

    def start(command: list[str], **how: Any) -> Other:
        other = Other(command, **how)
        processes.append(other)
        return other

    monkeypatch.setattr(subprocess, "Popen", start)
    return processes


class TestCompileModel:
    def test_says_what_it_does_and_leaves_one_half_to_another_process(
        self, monkeypatch: pytest.MonkeyPatch, begun: list[Any], tmp_path: Path
    ) -> None:
        told: list[str] = []
        mine: list[str] = []
        monkeypatch.setattr(compiled, "is_kept", lambda half: False)
        monkeypatch.setattr(compiled, "lock_path", lambda: tmp_path / "lock")
        monkeypatch.setattr(rehearsal, "rehearse", mine.append)

        assert compiled.compile_model(told.append)
        assert told == [compiled.TOLD]
        assert mine == ["strike"]
        assert "rehearse('evening')" in begun[0].command[-1]
        assert begun[0].waited

    def test_says_and_does_nothing_where_all_is_kept(
        self, monkeypatch: pytest.MonkeyPatch, begun: list[Any]
    ) -> None:
        told: list[str] = []
        monkeypatch.setattr(compiled, "is_kept", lambda half: True)

        assert not compiled.compile_model(told.append)
        assert told == []
        assert begun == []

    def test_waits_for_a_process_that_compiles_already_and_then_has_nothing_to_do(
        self, monkeypatch: pytest.MonkeyPatch, begun: list[Any], tmp_path: Path
    ) -> None:
        kept = threading.Event()
        waits = threading.Event()
        told: list[str] = []

        def tell(said: str) -> None:
            told.append(said)
            waits.set()

        def is_kept(_: Callable[..., Any]) -> bool:
            return kept.is_set()

        monkeypatch.setattr(compiled, "is_kept", is_kept)
        monkeypatch.setattr(compiled, "lock_path", lambda: tmp_path / "lock")
        made: list[bool] = []
        second = threading.Thread(target=lambda: made.append(compiled.compile_model(tell)))
        with (tmp_path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            second.start()
            waits.wait()
            kept.set()
        second.join()

        assert told == [compiled.WAITS]
        assert made == [False]
        assert begun == []


class TestInlined:
    def test_names_every_module_the_kernel_takes_from_and_what_those_take_from(self) -> None:
        folder = Path(kernel.__file__).parent
        open_yet, seen = ["kernel"], set()
        while open_yet:
            name = open_yet.pop()
            seen.add(name)
            for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module not in seen:
                    assert node.module is not None
                    open_yet.append(node.module)

        assert seen == set(draws.INLINED)

    def test_stamps_what_is_kept_so_that_a_change_in_any_of_them_compiles_anew(self) -> None:
        folder = Path(kernel.__file__).parent
        sources = [(folder / f"{name}.py").read_text(encoding="utf-8") for name in draws.INLINED]

        for half in rehearsal.HALVES.values():
            file = half._cache._cache_file  # type: ignore[attr-defined]  # of Numba, which has no types
            assert file._source_stamp == draws.source_stamp(sources)
            for number, source in enumerate(sources):
                changed = [*sources[:number], source + "# changed", *sources[number + 1 :]]
                assert file._source_stamp != draws.source_stamp(changed)


class TestRehearse:
    def test_knows_the_two_halves_of_a_day(self) -> None:
        with pytest.raises(KeyError):
            rehearsal.rehearse("night")
