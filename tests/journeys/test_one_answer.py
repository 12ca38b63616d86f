"""One story through every door: a file comes in, a round is done, one question has one answer."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from yipan.api.app import create_app
from yipan.api.plain import plain
from yipan.cli import db, ingest, reports, watch
from yipan.feeds.frame import COUNT_SCHEMA
from yipan.model import Round, area_path
from yipan.operations import board, day, demo
from yipan.operations import ingest as ingest_desk
from yipan.operations import reports as reports_desk
from yipan.operations import watch as watch_desk
from yipan.packs import read_pack
from yipan.settings import Settings
from yipan.store import Store

pytestmark = [pytest.mark.store, pytest.mark.slow, pytest.mark.xdist_group("journey")]
GUANGZHOU = area_path("44.4401.")
CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return Settings(home=Path(tmp_path_factory.mktemp("journey")) / "home")


@pytest.fixture(scope="module")
def post(settings):
    pack = read_pack("guangdong")
    store = Store.open(settings.home, clock=lambda: datetime(2022, 12, 1, tzinfo=UTC))
    made = demo.found(store, pack, at=demo.mornings(pack)[0][0] - timedelta(days=1))
    results = list(demo.play(made, pack))
    assert all(result.ok for result in results)
    demo.add_users(store, at=datetime(2022, 11, 20, tzinfo=UTC))
    yield made
    store.close()
    store.server.stop()


@pytest.fixture
def terminal(settings, post, monkeypatch):
    monkeypatch.setenv("YIPAN_HOME", str(settings.home))
    return CliRunner()


class TestOneQuestion:
    known_at = "2022-11-10T12:00:00+08:00"

    def test_has_one_answer_through_library_terminal_and_web(self, post, settings, terminal):
        moment = datetime.fromisoformat(self.known_at)
        with post.store.reading(post.viewer, known_at=moment) as record:
            told = plain(
                watch_desk.signals(
                    record, area=GUANGZHOU, since=date(2022, 11, 1), until=date(2022, 11, 14)
                )
            )
        assert told, "the autumn of 2022 stood out"

        typed = terminal.invoke(
            watch.app,
            ["signals", "--area", "广州", "--since", "2022-11-01", "--until", "2022-11-14",
             "--known-at", self.known_at, "--json"],
        )  # fmt: skip
        assert json.loads(typed.stdout) == told

        app = create_app(settings, post.store, clock=lambda: datetime(2022, 11, 21, tzinfo=UTC))
        with TestClient(app) as client:
            given = client.post(
                "/api/v1/login", json={"user": "guangzhou", "password": demo.DEMO_PASSWORD}
            )
            answer = client.get(
                "/api/v1/signals",
                params={
                    "area": "44.4401.",
                    "since": "2022-11-01",
                    "until": "2022-11-14",
                    "known_at": self.known_at,
                },
                headers={"Authorization": f"Bearer {given.json()['token']}"},
            )
        assert answer.json() == told


class TestPicture:
    @pytest.mark.parametrize("figure", list(board.Figure))
    @pytest.mark.parametrize(
        "shown", [date(2022, 11, 13), date(2022, 11, 5), date(2022, 10, 26), date(2022, 10, 9)]
    )
    def test_shows_figures_that_are_the_sums_of_their_lists(self, post, figure, shown):
        with post.store.reading(post.viewer) as record:
            seen = board.picture(record, area=area_path("44."), day=shown)
            for place in (seen.total, *seen.children):
                rows = board.rows_behind(record, area=place.area, day=shown, figure=figure)
                value = getattr(place, figure.value)
                assert sum(row.value for row in rows) == (value or 0), (place.area, figure)
                assert (value is None) is (not rows), (place.area, figure)


class TestRound:
    def test_changes_nothing_when_it_is_done_again(self, post):
        last = demo.mornings(read_pack("guangdong"))[-1][0] + timedelta(minutes=30)
        again = datetime(2022, 11, 21, tzinfo=UTC)
        assert again > last
        with post.store.reading(post.viewer) as record:
            before = record.signals(under=GUANGZHOU)
        zone = read_pack("guangdong").time_zone
        day.run(post, at=again, time_zone=zone)
        day.run(post, at=again, time_zone=zone)
        with post.store.reading(post.viewer) as record:
            assert record.signals(under=GUANGZHOU)[: len(before)] == before
            assert len([entry for entry in record.rounds() if entry.at == again]) == len(day.DESKS)


class TestFile:
    text = "area,day,counted,value\n广州市,2022-11-18,local_confirmed,10\n广州市,2022-11-19,local_confirmed,{last}\n"

    def write(self, folder: Path, last: object) -> Path:
        file = folder / "counts.csv"
        file.write_text(self.text.format(last=last), encoding="utf-8")
        return file

    def test_is_committed_corrected_and_taken_back(self, post, tmp_path):
        at = datetime(2022, 11, 22, tzinfo=UTC)
        first = ingest_desk.read_file(post, self.write(tmp_path, 12), at=at, disease="covid-19")
        second = ingest_desk.read_file(
            post, self.write(tmp_path, 15), at=at + timedelta(hours=1), disease="covid-19"
        )
        assert (
            first.receipt.rows_new,
            second.receipt.rows_corrected,
            second.receipt.rows_unchanged,
        ) == (2, 1, 1)
        with pytest.raises(ingest_desk.AlreadyRead):
            ingest_desk.read_file(
                post, self.write(tmp_path, 15), at=at + timedelta(hours=2), disease="covid-19"
            )
        ingest_desk.undo(post, second.receipt.id, why="sent by mistake", at=at + timedelta(hours=3))
        with post.store.reading(post.viewer) as record:
            rows = record.count_rows(under=GUANGZHOU, since=date(2022, 11, 19))
        assert rows["value"].to_list() == [12]

    def test_with_one_wrong_row_enters_nothing_and_says_which(self, post, tmp_path, terminal):
        refused = terminal.invoke(
            ingest.app, [str(self.write(tmp_path, "twelve")), "--disease", "covid-19"]
        )

        assert refused.exit_code == 3
        assert "twelve" in refused.output
        assert "3" in refused.output


class TestReport:
    @pytest.mark.parametrize("form", ["html", "docx", "json"])
    def test_of_the_same_record_is_the_same_bytes(self, terminal, tmp_path, form):
        made = []
        for copy in ("a", "b"):
            out = tmp_path / f"{copy}.{form}"
            done = terminal.invoke(
                reports.app,
                [
                    "--area",
                    "44.",
                    "--at",
                    "2022-11-09T10:30+08:00",
                    "--format",
                    form,
                    "--out",
                    str(out),
                ],
            )
            assert done.exit_code == 0, done.output
            made.append(out.read_bytes())

        assert made[0] == made[1]

    def test_of_the_ninth_does_not_know_the_tenth(self, terminal, tmp_path):
        out = tmp_path / "r.json"
        terminal.invoke(
            reports.app,
            [
                "--area",
                "44.4401.",
                "--at",
                "2022-11-09T10:30+08:00",
                "--format",
                "json",
                "--lang",
                "en",
                "--out",
                str(out),
            ],
        )

        told = json.loads(out.read_text())
        assert "2637" in str(told["headline"])
        assert "2555" not in out.read_text()

    def test_of_the_ninth_stays_as_it_was_when_a_correction_comes(self, post):
        at = datetime.fromisoformat("2022-11-09T10:30+08:00")

        def printed() -> bytes:
            with post.store.reading(post.viewer, known_at=at) as record:
                told = reports_desk.situation(record, area=GUANGZHOU, at=at, time_zone=CHINA)
            return reports_desk.render(told, lang="zh", format="html", time_zone=CHINA)

        before = printed()
        frame = pl.DataFrame(
            [(GUANGZHOU, "covid-19/local_infections/any/day", date(2022, 11, 8), 999, "a correction")],
            schema=COUNT_SCHEMA, orient="row",
        )  # fmt: skip
        with post.store.acting(
            post.viewer, desk="ingest", verb="put", why="a correction", at=datetime(2022, 11, 25, tzinfo=UTC)
        ) as act:  # fmt: skip
            assert act.put_counts(frame, published=True).corrected == 1

        assert printed() == before

    @pytest.mark.parametrize("form", ["html", "docx", "pdf", "json"])
    def test_names_the_desks_that_failed_in_the_newest_round(self, post, form):
        at = datetime.fromisoformat("2022-11-26T08:00+08:00")
        with post.store.acting(post.viewer, desk="day", verb="close", why="test", at=at) as act:
            act.put_round(Round(at=at, desk="watch", ok=True, message="", made=1))
            act.put_round(
                Round(at=at, desk="outlook", ok=False, message="ValueError: no interval", made=0)
            )
        with post.store.reading(post.viewer, known_at=at) as record:
            told = reports_desk.situation(record, area=GUANGZHOU, at=at, time_zone=CHINA)

        assert [entry.desk for entry in told.failed] == ["outlook"]
        made = reports_desk.render(told, lang="en", format=form, time_zone=CHINA)
        if form in {"html", "json"}:
            assert (
                "outlook: failed; what it would have found is not in this report" in made.decode()
            )
        assert made

    def test_has_every_word_in_both_languages(self):
        from yipan.operations.reports import WORDS

        assert set(WORDS["zh"]) == set(WORDS["en"])
        assert all(text.strip() for words in WORDS.values() for text in words.values())


class TestRecord:
    def test_is_whole_at_the_end_of_the_story(self, terminal, post):
        assert terminal.invoke(db.app, ["verify"]).exit_code == 0
