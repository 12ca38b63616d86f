"""What cannot be simulated is said at the terminal in one line that names fact, limit and place; the exit code says whose fault."""

import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest

from yipan import cli
from yipan.operations import compiled

PACK = Path(str(resources.files("yipan.packs"))) / "guangdong"


def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str]:
    """Run the command line as somebody would and return its exit code with what stands on the error stream."""
    monkeypatch.setattr(sys, "argv", ["yipan", *map(str, words)])
    try:
        cli.main()
    except SystemExit as left:
        code = int(left.code or 0)
    else:
        code = 0
    return code, capsys.readouterr().err


def own_pack(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of Guangdong's pack in which one thing was changed."""
    shutil.copytree(PACK, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


class TestBadInput:
    @pytest.mark.parametrize(
        ("file", "old", "new", "said"),
        [
            ("areas.csv", ",18676605,", ",98676605,", "hold"),
            ("population/towns.csv", "town,communities\n", "town,communities\n44.9999.,3\n", "'44.9999.' is no town of this pack"),
            ("population/population.yaml", "leaving: {value: 0.1,", "leaving: {value: 1.7,", "1.7"),
        ],
    )  # fmt: skip
    def test_of_a_pack_names_the_place_and_the_figures(
        self, tmp_path: Path, monkeypatch, capsys, file: str, old: str, new: str, said: str
    ) -> None:
        monkeypatch.setenv("YIPAN_PACK", str(own_pack(tmp_path / "own", file, old, new)))

        code, err = told(
            monkeypatch, capsys, "simulate", "run", "--seed-at", "44.4401.=5", "--days", 3
        )

        assert (code, said in err) == (3, True), err
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("--seed-at", "44.9999.=5"), 5, "'44.9999.' is no place of Guangdong"),
            (("--seed-at", "44.4401.=5", "--r", "90"), 3, "reproduction_number is 90.0; expected between 0 and 50"),
            (("--seed-at", "44.4401.=5", "--r", "0.2"), 3, "more than the reproduction number 0.2"),
            (("--seed-at", "44.4401.=5", "--days", "0"), 3, "a run of 0 days; expected between 1 and 30000"),
            (("--seed-at", "44.4401.=5", "--pathogen", "plague"), 3, "plague"),
        ],
    )  # fmt: skip
    def test_of_a_question_names_the_value_and_its_limits(
        self, monkeypatch, capsys, words: tuple[str, ...], code: int, said: str
    ) -> None:
        monkeypatch.setattr(
            compiled, "is_kept", lambda half: False
        )  # as on a machine it never ran on

        left, err = told(monkeypatch, capsys, "simulate", "run", *words)

        assert (left, said in err) == (code, True), err
        assert compiled.TOLD not in err, "half a minute of compiling before a fault is told"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("- {name: a, isolation: {beds_per_10k: 20000}}", "strategy 1: isolation beds_per_10k is 20000.0; that is more beds than people"),
            ("- {name: a, screenings: [{every_days: 1}]}", "strategy a screens its zones and yet draws none"),
            ("- {name: a, tracing: {quarantine: [{room_days: 0, home_days: 0, test_days: []}]}}", "a quarantine of no days"),
            ("- {name: a, tracing: {quarantine: [{from_day: 4}]}}", "the first from day 0"),
            ("- {name: a, screenings: [{extent: town, start_delay_days: 99}]}", "start_delay_days is 99; expected between 0 and 60"),
            ("- {name: a, imports: {arrivals: [{port: 44.4401.440105., origin: x, travellers_per_day: 9, infected_share: 2, missed_share: 0.1}]}}",
             "arrivals from x at 44.4401.440105.: infected_share is 2.0; expected between 0 and 1"),
            ("- {name: a, imports: {per_day: [[mars., 3]]}}", "mars."),
            ("- {name: a}\n- {name: a}", "stands twice"),
        ],
    )  # fmt: skip
    def test_of_a_strategy_names_what_contradicts(
        self, tmp_path: Path, monkeypatch, capsys, text: str, said: str
    ) -> None:
        file = tmp_path / "mine.yaml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(
            compiled, "is_kept", lambda half: False
        )  # as on a machine it never ran on

        code, err = told(
            monkeypatch, capsys, "simulate", "compare", "--seed-at", "44.4401.=5", "--strategies", file,
            "--days", 3, "--replicates", 2,
        )  # fmt: skip

        assert (code in {3, 5}, said in err) == (True, True), err
        assert compiled.TOLD not in err

    def test_of_an_exercise_names_the_folder_and_the_file(
        self, tmp_path: Path, monkeypatch, capsys
    ) -> None:
        code, err = told(monkeypatch, capsys, "exercise", "score", tmp_path / "nowhere")

        assert code == 3
        assert "exercise.json is not there; `yipan exercise new` makes an exercise" in err
