"""Says, per method, how many cases of the reference vectors ran, failed and were skipped."""

from collections import Counter, defaultdict
from pathlib import Path

_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_terminal_summary(terminalreporter):
    counted = defaultdict(Counter)
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            path = Path(str(getattr(report, "nodeid", "")).partition("::")[0])
            if path.parent.name == "reference":
                counted[path.stem.removeprefix("test_")][outcome] += 1
    if not counted:
        return
    terminalreporter.section("reference vectors")
    for method, outcomes in sorted(counted.items()):
        told = ", ".join(f"{outcomes[o]} {o}" for o in _OUTCOMES if outcomes[o])
        terminalreporter.line(f"{method}: {sum(outcomes.values())} cases: {told}")
