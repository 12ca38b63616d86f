"""What compiles the model ahead of its first run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from yipan.analytics.simulate import kernel, rehearsal
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
        processes.append(Other(command, **how))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return processes


class TestCompileModel:
    def test_says_what_it_does_and_leaves_one_half_to_another_process(
        self, monkeypatch: pytest.MonkeyPatch, begun: list[Any]
    ) -> None:
        told: list[str] = []
        mine: list[str] = []
        monkeypatch.setattr(compiled, "is_kept", lambda half: False)
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


class TestIsKept:
    def test_is_false_for_code_older_than_its_source(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        class Half:
            class stats:  # noqa: N801  # as Numba names it
                cache_path = str(tmp_path)

            __code__ = kernel.run.__code__

        monkeypatch.setitem(rehearsal.HALVES, "run", Half)  # type: ignore[arg-type]  # stands in for a dispatcher
        line = kernel.run.__code__.co_firstlineno
        assert not compiled.is_kept("run")

        file = tmp_path / f"kernel.run-{line}.py311.nbi"
        file.touch()
        assert compiled.is_kept("run")

        import os

        os.utime(file, (1, 1))
        assert not compiled.is_kept("run")


class TestRehearse:
    def test_knows_the_two_halves_of_a_day(self) -> None:
        with pytest.raises(KeyError):
            rehearsal.rehearse("night")
