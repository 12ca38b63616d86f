"""Run every benchmark, each in a process of its own: `python -m benchmarks [NAME ...]` runs those whose names begin so."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the benchmarks asked for, all where none is named; say which failed."""
    wanted = tuple(sys.argv[1:]) or ("",)
    found = {
        str(path.relative_to(HERE).with_suffix("")): path
        for path in sorted(HERE.rglob("*.py"))
        if not path.name.startswith("_")
    }
    chosen = {name: path for name, path in found.items() if name.startswith(wanted)}
    if not chosen:
        print(f"no benchmark begins with {' or '.join(wanted)}; there are: {', '.join(found)}")
        return 2
    failed = []
    for name, path in chosen.items():
        print(f"\n== {name}", flush=True)
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        if subprocess.run([sys.executable, str(path)], check=False, env=environment).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
