"""The model compiled for this machine once, on two processors at a time, before the first run waits for it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from yipan.analytics.simulate import rehearsal

TOLD = "compiling the model for this machine, once: about half a minute"
"""What is said before compiling."""


def compile_model(tell: Callable[[str], None]) -> bool:
    """
    Have both halves of the model compiled and kept; return whether anything was to do.

    `tell` is called with what is being done before it begins; nothing is said where all is kept already. Another
    process compiles the second half meanwhile; should it fail, the first run here compiles that half itself.

    Example: `compile_model(print)`.
    """
    mine, theirs = (half for half in rehearsal.HALVES)
    wanting = [half for half in (mine, theirs) if not is_kept(half)]
    if not wanting:
        return False
    tell(TOLD)
    other = None
    if len(wanting) > 1:
        code = f"from yipan.analytics.simulate import rehearsal; rehearsal.rehearse({theirs!r})"
        other = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    rehearsal.rehearse(wanting[0])
    if other is not None:
        other.wait()
    return True


def is_kept(half: str) -> bool:
    """Return whether a half of the model lies compiled on disk, newer than its source."""
    function = rehearsal.HALVES[half]
    folder = Path(function.stats.cache_path)  # type: ignore[attr-defined]  # of Numba, which has no types
    source = Path(function.__code__.co_filename)
    return any(
        file.stat().st_mtime >= source.stat().st_mtime
        for file in folder.glob(f"*.{half}-{function.__code__.co_firstlineno}.*.nbi")
    )
