"""What is undocumented fails: every noun in the glossary, every clause in the mission, every desk in the manual."""

import os
import re
from pathlib import Path

import pytest

import yipan.model as model
from yipan.cli import DESKS

ROOT = Path(__file__).parents[2]


class TestGlossary:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")

    def test_has_every_noun_in_both_languages(self):
        entries = dict(re.findall(r"^\| (\w+) \| ([^|]+) \|", self.text, re.MULTILINE))
        nouns = [name for name in model.__all__ if name[0].isupper() and not name.isupper()]

        assert len(nouns) > 20
        for noun in nouns:
            assert noun in entries, noun
            assert re.search(r"[\u4e00-\u9fff]", entries[noun]), noun


class TestMission:
    def test_has_every_clause(self):
        wanted = (
            Path(os.environ.get("YIPAN_REFERENCE", ROOT.parent / "shared/reference")).parent
            / "MISSION.md"
        )
        if not wanted.exists():
            pytest.skip(f"{wanted.name} is not beside this checkout")
        clauses = set(
            re.findall(r"^\| ([CRSPDVG]\d) \|", wanted.read_text(encoding="utf-8"), re.MULTILINE)
        )
        told = set(
            re.findall(
                r"^\| ([CRSPDVG]\d) \|",
                (ROOT / "docs/mission.md").read_text(encoding="utf-8"),
                re.MULTILINE,
            )
        )

        assert len(clauses) > 30
        assert clauses == told

    def test_names_only_tests_that_there_are(self):
        named = re.findall(
            r"`(tests/[\w/]+(?:\.py)?)((?:::\w+)*)`",
            (ROOT / "docs/mission.md").read_text(encoding="utf-8"),
        )
        gone = [
            path + inside
            for path, inside in named
            if not (ROOT / path).exists()
            or not all(
                re.search(rf"^\s*(?:class|def) {name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
                for name in inside.split("::")[1:]
            )
        ]  # fmt: skip

        assert len(named) > 50
        assert not gone

    def test_shows_every_clause_that_works_by_a_test(self):
        rows = re.findall(
            r"^\| ([CRSPDVG]\d) \| [^|]* \| ([^|]*) \| (.*) \|$",
            (ROOT / "docs/mission.md").read_text(encoding="utf-8"), re.MULTILINE,
        )  # fmt: skip

        assert len(rows) > 30
        assert not [
            clause
            for clause, state, told in rows
            if state.strip() != "not begun" and "`tests/" not in told
        ]


class TestManual:
    @pytest.mark.parametrize(
        "desk", ["watch", "outlook", "report", "db", "ingest", "areas", "tracing"]
    )
    def test_has_a_page_for_each_desk(self, desk):
        page = {"report": "reports", "db": "database"}.get(desk, desk)

        assert desk in DESKS
        assert (ROOT / f"docs/how-to/{page}.md").read_text(encoding="utf-8").startswith("# ")


class TestTutorialInANotebook:
    def test_runs_from_top_to_bottom(self, capsys):
        page = (ROOT / "docs/tutorials/a-week-of-the-watch.md").read_text(encoding="utf-8")
        cells = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)

        names: dict[str, object] = {}
        for cell in cells:
            exec(compile(cell, "a-week-of-the-watch.md", "exec"), names)  # the page's own cells

        assert "fever-clinic visits" in capsys.readouterr().out
