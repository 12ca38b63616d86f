"""A file's way into the record and back out of it, at the terminal."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from places import GUANGZHOU
from yipan.cli import ingest
from yipan.model import Counted, Stream

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

AT = ["--at", "2022-11-10T11:00+08:00"]
FOREIGN = (
    "Meldetag;Ort;Anzahl\n08.11.2022;广州市;12\n09.11.2022;广州市;１５\n25.10.2022;广州市;k.A.\n"
)
MAPPING = """\
columns: {Meldetag: day, Ort: area, Anzahl: value}
defaults: {disease: influenza, counted: ili_visits}
date_order: dmy
"""


@pytest.fixture
def terminal(store, home, monkeypatch):
    monkeypatch.setenv("YIPAN_HOME", str(home))

    def run(*words):
        return CliRunner().invoke(ingest.app, [*map(str, words), *AT])

    return run


@pytest.fixture
def foreign(tmp_path):
    (tmp_path / "daten.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "daten.csv").write_text(FOREIGN.replace("k.A.", "7"), encoding="utf-8")
    return tmp_path / "daten.csv", tmp_path / "daten.yaml"


def visits(store):
    stream = Stream(disease="influenza", counted=Counted.ILI_VISITS)
    with store.reading(store.system()) as record:
        return record.series(
            GUANGZHOU, stream, since=date(2022, 11, 8), until=date(2022, 11, 10)
        ).counts


class TestIngest:
    def test_reads_a_foreign_file_by_a_saved_mapping(self, store, terminal, foreign):
        path, mapping = foreign
        assert terminal(path).exit_code == 3

        done = terminal(path, "--mapping", mapping)

        assert done.exit_code == 0, done.output
        assert visits(store) == (12, 15)

    def test_recognises_a_file_already_read(self, store, terminal, foreign):
        path, mapping = foreign
        terminal(path, "--mapping", mapping)

        again = terminal(path, "--mapping", mapping)

        assert "was committed before, as receipt r-" in str(again.exception)

    def test_takes_a_receipt_back_and_the_file_in_again(self, store, terminal, foreign):
        path, mapping = foreign
        told = json.loads(terminal(path, "--mapping", mapping, "--json").stdout)

        undone = terminal("--undo", told["receipt"]["id"], "--why", "the wrong clinic")

        assert undone.exit_code == 0, undone.output
        assert visits(store) == (None, None)
        assert terminal(path, "--mapping", mapping).exit_code == 0
        assert visits(store) == (12, 15)
        assert store.verify() is None

    def test_commits_nothing_of_a_file_with_one_wrong_row(self, store, terminal, foreign):
        path, mapping = foreign
        path.write_text(FOREIGN.replace("k.A.", "-7"), encoding="utf-8")

        refused = terminal(path, "--mapping", mapping)

        assert refused.exit_code == 3
        assert "row 4, column Anzahl: '-7'" in refused.output
        assert visits(store) == (None, None)

    def test_says_where_a_mapping_is_missing(self, terminal, foreign, tmp_path):
        missing = terminal(foreign[0], "--mapping", tmp_path / "none.yaml")

        assert isinstance(missing.exception, FileNotFoundError)
