"""The protocol at the terminal: shown, compared, asked at a moment and place, checked."""

import json

import pytest
from typer.testing import CliRunner

from yipan.cli.protocol import app

RUN = CliRunner()


class TestProtocol:
    def test_says_what_a_change_means_for_whom_in_both_languages(self):
        en = RUN.invoke(app, ["diff", "cn-covid-9ed", "cn-covid-20m"])
        zh = RUN.invoke(app, ["diff", "cn-covid-9ed", "cn-covid-20m", "--zh"])

        assert en.exit_code == zh.exit_code == 1
        assert "contacts of contacts: no longer set" in en.output
        assert "高风险区：连续无新增感染者的天数：由7天改为5天（缩短2天）" in zh.output

    def test_says_nothing_where_nothing_changes(self):
        same = RUN.invoke(app, ["diff", "cn-covid-9ed", "cn-covid-9ed"])

        assert (same.exit_code, same.output) == (0, "")

    def test_shows_every_number_with_its_source(self):
        shown = json.loads(RUN.invoke(app, ["show", "ebola", "--json"]).output)

        assert all(leaf["source"] and leaf["confidence"] for leaf in shown["parameters"])
        assert {leaf["key"]: leaf["value"] for leaf in shown["parameters"]}[
            "outbreak.quiet_days"
        ] == 42

    def test_answers_at_a_moment_and_a_place(self):
        shown = RUN.invoke(app, ["at", "2022-11-15T24:00:00+08:00", "--area", "44.4403.", "--json"])

        assert json.loads(shown.output)["id"] == "cn-covid-20m"

    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            (["show", "nothing"], "there is no version 'nothing'"),
            (["at", "2001-01-01T00:00:00+08:00"], "no national protocol for covid-19"),
            (["at", "soon"], "is not an instant; expected like"),
            (["at", "2022-11-15T00:00:00+08:00", "--area", "Guangdong"], "not an area path"),
        ],
    )
    def test_says_what_it_cannot_answer(self, asked, says):
        refused = RUN.invoke(app, asked)

        assert refused.exit_code == 2
        assert says in refused.output

    def test_names_file_and_line_of_a_pack_that_is_wrong(self, tmp_path):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine/zones.yaml").write_text("parameters:\n  nowhere:\n    zone.high.to: {}\n")

        refused = RUN.invoke(app, ["check", "--folder", str(tmp_path)])

        assert refused.exit_code == 3
        assert "mine/zones.yaml:3: parameters for 'nowhere'" in refused.output

    def test_names_what_rests_on_memory(self):
        told = RUN.invoke(app, ["check"])

        assert told.exit_code == 1
        assert "limit.lab_positive_report_hours: memory" in told.output
