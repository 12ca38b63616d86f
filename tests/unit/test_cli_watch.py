"""The watch at the terminal on somebody's own table: no record is needed."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from yipan.cli import app

DAYS = 150


@pytest.fixture
def table(tmp_path):
    def write(*, extra=0, area="海珠区", name="given.csv"):
        counts = np.random.default_rng(1).poisson(6, (3, DAYS))
        counts[0, -1] += extra
        lines = ["日期,地区,渠道,例数"]
        for row, place in enumerate((area, "天河区", "越秀区")):
            lines += [
                f"{date(2022, 5, 2) + timedelta(days=i)},{place},fever_clinic_visits,{count}"
                for i, count in enumerate(counts[row])
            ]
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("YIPAN_HOME", str(tmp_path / "no-record-here"))
    return CliRunner()


class TestRunOnATable:
    def test_finds_nothing_on_a_quiet_day_and_says_what_was_looked_at(self, terminal, table):
        answer = terminal.invoke(app, ["watch", "run", table()])

        assert answer.exit_code == 0, answer.output
        assert "Nothing stands out" in answer.output
        assert "3 streams looked at" in answer.output

    def test_tells_a_finding_in_both_languages_and_leaves_with_one(self, terminal, table):
        answer = terminal.invoke(app, ["watch", "run", table(extra=25)])

        assert answer.exit_code == 1
        assert "海珠区" in answer.output
        assert "were expected" in answer.output

    def test_answers_as_json(self, terminal, table):
        answer = terminal.invoke(app, ["watch", "run", table(extra=25), "--json"])

        found = json.loads(answer.stdout)
        assert found["streams"] == 3
        assert found["findings"][0]["lead"]["observed"] > 25
        assert set(found["findings"][0]["explanation"]) == {"zh", "en"}

    def test_makes_no_record(self, terminal, table, tmp_path):
        terminal.invoke(app, ["watch", "run", table()])

        assert not (tmp_path / "no-record-here").exists()

    def test_takes_another_method_by_its_name_and_refuses_an_unknown_one(self, terminal, table):
        assert terminal.invoke(app, ["watch", "run", table(), "--method", "EARS C2"]).exit_code == 0
        refused = terminal.invoke(app, ["watch", "run", table(), "--method", "magic"])
        assert refused.exit_code != 0
        assert isinstance(refused.exception, ValueError | SystemExit)


class TestOtherVerbsOnATable:
    def test_explain_lists_what_a_finding_rests_on(self, terminal, table):
        answer = terminal.invoke(app, ["watch", "explain", table(extra=25)])

        assert answer.exit_code == 1
        assert "days before" in answer.output
        assert "calendar baseline" in answer.output

    def test_sentinels_tell_who_fell_silent(self, terminal, table, tmp_path):
        lines = Path(table()).read_text(encoding="utf-8").split("\n")
        cut = [line for line in lines if not ("天河区" in line and line >= "2022-09-20")]
        path = tmp_path / "cut.csv"
        path.write_text("\n".join(cut), encoding="utf-8")

        answer = terminal.invoke(app, ["watch", "sentinels", str(path), "--json"])

        assert answer.exit_code == 1
        first = json.loads(answer.stdout)[0]
        assert (first["state"], first["silent"]) == ("silent", 9)

    def test_tune_tells_the_workload_before_anything_is_enabled(self, terminal, table):
        answer = terminal.invoke(app, ["watch", "tune", table(), "--method", "EARS C1"])

        assert answer.exit_code == 0, answer.output
        assert "signals a week" in answer.output

    def test_methods_are_listed(self, terminal):
        assert "moving percentile P80" in terminal.invoke(app, ["watch", "methods"]).output
