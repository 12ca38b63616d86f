"""The watch gives one answer whatever the language and encoding of the machine."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date, timedelta

import pytest

pytestmark = pytest.mark.slow

SETTINGS = {
    "C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "POSIX, ASCII": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "zh_CN.UTF-8": {"LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "0"},
    "zh_CN.GB18030": {"LC_ALL": "zh_CN.GB18030", "PYTHONUTF8": "0"},
}


class TestWatch:
    def test_answers_alike_in_chinese_locales_and_without_utf_8(self, tmp_path):
        table = tmp_path / "fever.csv"
        rows = [f"{date(2022, 8, 1) + timedelta(days=i)},{4 + i % 3}" for i in range(90)]
        table.write_text("day,count\n" + "\n".join([*rows, "2022-10-30,40"]), encoding="utf-8")
        answers = []
        for name, setting in SETTINGS.items():
            if name.startswith("zh_CN"):  # made here, so that no machine needs it installed
                made = shutil.which("localedef")
                if made is None:
                    continue
                charmap = name.removeprefix("zh_CN.")
                done = subprocess.run(
                    [made, "-i", "zh_CN", "-f", charmap, str(tmp_path / name)],
                    capture_output=True, check=False,
                )  # fmt: skip
                if done.returncode:  # a machine without the sources of locales
                    continue
            ran = subprocess.run(
                [sys.executable, "-m", "yipan", "watch", "run", str(table), "--json"],
                capture_output=True, check=False, env={**os.environ, **setting, "LOCPATH": str(tmp_path)},
            )  # fmt: skip
            assert ran.returncode == 1, (name, ran.stderr.decode(errors="replace"))
            answers.append(
                json.loads(ran.stdout.decode("gb18030" if "GB18030" in name else "utf-8"))
            )

        assert len(answers) >= 2
        assert all(answer == answers[0] for answer in answers)
