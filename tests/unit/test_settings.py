"""What a deployment chooses, and the clock a demonstration runs on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from yipan.settings import CLOCK, Settings, set_present

AUTUMN = datetime(2022, 11, 13, 0, 30, tzinfo=UTC)


class TestClock:
    def test_is_the_machines_where_nobody_set_another(self, tmp_path: Path) -> None:
        settings = Settings.read({"YIPAN_HOME": str(tmp_path)})

        assert settings.behind == timedelta(0)
        assert not settings.demonstration

    def test_goes_on_from_the_moment_that_was_set(self, tmp_path: Path) -> None:
        before = datetime.now(UTC)
        set_present(tmp_path, AUTUMN)
        settings = Settings.read({"YIPAN_HOME": str(tmp_path)})

        passed = settings.now() - AUTUMN

        assert settings.demonstration
        assert timedelta(0) <= passed <= datetime.now(UTC) - before

    def test_is_never_ahead_of_the_machines(self, tmp_path: Path) -> None:
        assert set_present(tmp_path, datetime.now(UTC) + timedelta(days=3)) == timedelta(0)
        assert not Settings.read({"YIPAN_HOME": str(tmp_path)}).demonstration

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "{}", '{"behind_seconds": -1}', '{"behind_seconds": "x"}',
                 '{"behind_seconds": 1e400}', '{"behind_seconds": 1e300}', '{"behind_seconds": NaN}'],
    )  # fmt: skip
    def test_refuses_a_file_it_does_not_understand_and_says_what_to_do(
        self, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / CLOCK).write_text(text)

        with pytest.raises(ValueError, match=r"expected .*behind_seconds.*delete the file"):
            Settings.read({"YIPAN_HOME": str(tmp_path)})
