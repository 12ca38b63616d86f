"""The model compiled for this machine once, on two processors at a time, before the first run waits for it."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from yipan.analytics.simulate import rehearsal
from yipan.analytics.simulate.draws import is_kept

TOLD = "compiling the model for this machine, once: about half a minute"
"""What is said before compiling."""
WAITS = "another process is compiling the model for this machine: waiting until it is done"
"""What is said before waiting for a process that compiles already."""


def compile_model(tell: Callable[[str], None]) -> bool:
    """
    Have both halves of the model compiled and kept; return whether this process had anything to compile.

    `tell` is called with what is being done before it begins; nothing is said where all is kept already. Another
    process compiles the second half meanwhile; should it fail, the first run here compiles that half itself. A
    process that asks while another compiles waits for it; should that one die, this one compiles what is wanting.

    Example: `compile_model(print)`.
    """
    if not _wanting():
        return False
    with _alone(tell):
        wanting = _wanting()
        if not wanting:
            return False
        tell(TOLD)
        other = None
        if len(wanting) > 1:
            code = f"from yipan.analytics.simulate import rehearsal; rehearsal.rehearse({wanting[1]!r})"
            other = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        rehearsal.rehearse(wanting[0])
        if other is not None:
            other.wait()
        return True


def _wanting() -> list[str]:
    return [half for half, function in rehearsal.HALVES.items() if not is_kept(function)]


def lock_path() -> Path:
    """Return the file whoever compiles holds locked, beside the compiled code."""
    folder = rehearsal.HALVES["strike"].stats.cache_path  # type: ignore[attr-defined]  # of Numba, which has no types
    return Path(folder) / "compiling.lock"


@contextmanager
def _alone(tell: Callable[[str], None]) -> Iterator[None]:
    path = lock_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(WAITS)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
