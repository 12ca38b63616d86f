"""Own boundaries on record, and a province with other levels: nothing here knows Guangdong."""

import json
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH
from yipan.api.app import create_app
from yipan.cli import areas as terminal
from yipan.cli import ingest as ingest_terminal
from yipan.model import Duty, NotAllowed, NotYourArea, Viewer, area_path
from yipan.operations import areas, board, demo, ingest, users
from yipan.operations.areas import Datum
from yipan.operations.post import Post
from yipan.packs import PackError, read_pack
from yipan.settings import Settings

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]


def boundaries(tmp_path, *features):
    path = tmp_path / "boundaries.geojson"
    told = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[x, 22.6], [x + 0.1, 22.6], [x + 0.1, 22.7], [x, 22.6]]],
                },
            }
            for properties, x in features
        ],
    }
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def keeper(store):
    return Post(store=store, viewer=users.administrator(store.system()))


class TestOverTheWeb:
    @pytest.fixture
    def web(self, store, home):
        at = TENTH - timedelta(days=8)
        keeper = Post(store=store, viewer=users.administrator(store.system()))
        for name, duty in (("keeper", Duty.ADMINISTRATOR), ("commander", Duty.COMMANDER)):
            users.add(
                keeper, name=name, shown_as=name, password="a long pass phrase", duty=duty, area=PROVINCE, at=at
            )  # fmt: skip
        app = create_app(Settings(home=home), store, clock=lambda: TENTH)

        def sent(user, path, **asked):
            with TestClient(app) as client:
                token = client.post(
                    "/api/v1/login", json={"user": user, "password": "a long pass phrase"}
                ).json()["token"]
                return client.post(
                    "/api/v1/areas/boundaries", params={"file": path.name, "datum": "cgcs2000", **asked},
                    content=path.read_bytes(), headers={"Authorization": f"Bearer {token}"},
                )  # fmt: skip

        return sent

    def test_boundaries_are_put_on_record_by_who_keeps_the_areas(self, web, store, tmp_path):
        path = boundaries(tmp_path, ({"name": "广州市"}, 113.3), ({"name": "深圳市"}, 114.1))

        refused = web("commander", path)
        tried = web("keeper", path, dry_run=True)
        done = web("keeper", path)

        assert refused.status_code == 403
        assert (tried.status_code, tried.json()["receipt"]) == (200, None)
        assert (done.status_code, done.json()["drawn"]) == (200, 2)
        assert done.json()["receipt"]["file"] == path.name
        with store.reading(store.system()) as record:
            assert len(record.boundaries(level="city")) == 2
        assert (
            web("keeper", path)
            .json()["error"]["message"]
            .startswith("boundaries.geojson was committed before")
        )

    def test_a_file_with_problems_is_refused_whole_naming_the_first(self, web, store, tmp_path):
        path = boundaries(tmp_path, ({"name": "广州市"}, 113.3), ({"name": "无此市"}, 114.1))

        told = web("keeper", path)

        assert told.status_code == 422
        assert "无此市" in told.json()["error"]["message"]
        with store.reading(store.system()) as record:
            assert record.boundaries(level="city") == ()


class TestImportBoundaries:
    def test_take_the_place_of_those_on_record_and_can_be_undone(self, store, keeper, tmp_path):
        path = boundaries(tmp_path, ({"name": "广州市"}, 113.3), ({"name": "深圳市"}, 114.1))
        done = areas.import_boundaries(keeper, path, datum=Datum.CGCS2000, at=TENTH)

        with store.reading(store.system()) as record:
            drawn = record.boundaries(level="city")
        assert [(area.path, schematic) for area, _, schematic in drawn] == [
            (GUANGZHOU, False), (SHENZHEN, False),
        ]  # fmt: skip
        assert done.receipt is not None
        assert (done.drawn, done.added, done.receipt.rows_corrected) == (2, (), 2)

        top = Post(store=store, viewer=store.system())
        ingest.undo(top, done.receipt.id, why="the wrong year", at=TENTH + timedelta(hours=1))
        with store.reading(store.system()) as record:
            assert record.boundaries(level="city") == ()
            assert len(record.areas(level="city")) == 2
        with store.reading(store.system(), known_at=TENTH) as record:
            assert len(record.boundaries(level="city")) == 2
        assert store.verify() is None

    def test_a_file_already_read_is_recognised(self, keeper, tmp_path):
        path = boundaries(tmp_path, ({"name": "广州市"}, 113.3))
        areas.import_boundaries(keeper, path, datum=Datum.WGS84, at=TENTH)

        with pytest.raises(areas.AlreadyRead, match="as receipt r-"):
            areas.import_boundaries(keeper, path, datum=Datum.WGS84, at=TENTH)

    def test_belong_to_who_keeps_the_areas_and_to_their_own_area(self, store, tmp_path):
        path = boundaries(tmp_path, ({"name": "广州市"}, 113.3))
        commander = Post(store=store, viewer=store.system())
        neighbour = Viewer(user="sz", duty=Duty.ADMINISTRATOR, area=SHENZHEN)

        with pytest.raises(NotAllowed):
            areas.import_boundaries(commander, path, datum=Datum.WGS84, at=TENTH)
        with pytest.raises(NotYourArea):
            areas.import_boundaries(
                Post(store=store, viewer=neighbour), path, datum=Datum.WGS84, at=TENTH
            )

    def test_added_areas_with_figures_in_them_are_not_taken_back(self, store, keeper, tmp_path):
        path = boundaries(
            tmp_path, ({"code": "440106", "name": "天河区", "level": "county"}, 113.3)
        )
        told = areas.import_boundaries(
            keeper, path, datum=Datum.WGS84, at=TENTH, add=True, dry_run=True
        )
        assert told.receipt is None
        done = areas.import_boundaries(keeper, path, datum=Datum.WGS84, at=TENTH, add=True)
        assert done.receipt is not None
        assert done.added == ("44.4401.440106.",)
        top = Post(store=store, viewer=store.system())
        figures = tmp_path / "counts.csv"
        figures.write_text("area,day,counted,value\n440106,2022-11-09,local_confirmed,3\n")
        ingest.read_file(top, figures, at=TENTH, disease="covid-19")

        with pytest.raises(ValueError, match="in which there are figures now"):
            ingest.undo(top, done.receipt.id, why="no", at=TENTH)

    def test_are_imported_at_the_terminal_in_the_declared_datum(
        self, store, home, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("YIPAN_HOME", str(home))
        good = boundaries(tmp_path, ({"name": "广州市"}, 113.3))
        at = ["--at", "2022-11-10T11:00+08:00"]

        undeclared = CliRunner().invoke(terminal.app, ["import", str(good), *at])
        assert undeclared.exit_code == 2
        done = CliRunner().invoke(
            terminal.app, ["import", str(good), "--datum", "gcj-02", "--json", *at]
        )
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert (told["drawn"], told["report"]["format"]) == (1, "boundaries.gcj-02")
        undone = CliRunner().invoke(
            ingest_terminal.app, ["--undo", told["receipt"]["id"], "--why", "a test", *at]
        )
        assert undone.exit_code == 0, undone.output

        bad = boundaries(tmp_path, ({"name": "柳州市"}, 109.4))
        refused = CliRunner().invoke(terminal.app, ["import", str(bad), "--datum", "wgs-84", *at])
        assert refused.exit_code == 3
        assert "row 1, column name: '柳州市' is not an area known here" in refused.output


AREAS = """\
path,level,code,name_zh,name_en,within_code,population,functional,source
m.,territory,820000,澳门,Macao,,682500,,census
m.n.,parish,,花地玛堂区,Our Lady of Fatima,,246300,,census
m.s.,parish,,圣安多尼堂区,St Anthony,,,,census
"""
ABOUT = """\
name_zh: 澳门
name_en: Macao
time_zone: Asia/Macau
disease: covid-19
boundaries_schematic: true
published_hour: 9
levels:
  - {key: territory, name_zh: 地区, name_en: Territory}
  - {key: parish, name_zh: 堂区, name_en: Parish}
"""


@pytest.fixture
def macao(tmp_path):
    """A pack with two levels, made up for this test: another province is another folder of tables."""
    folder = tmp_path / "macao"
    folder.mkdir()
    (folder / "pack.yaml").write_text(ABOUT, encoding="utf-8")
    (folder / "areas.csv").write_text(AREAS, encoding="utf-8")
    first = date(2022, 6, 1)
    rows = ["day,area,counted,value,status,source"]
    for number in range(24):
        counts = (2 + number % 3, 1 + number % 2) if number < 20 else (40 + number, 30)
        rows += [
            f"{first + timedelta(days=number)},{parish},{counted},{value},observed,made up for this test"
            for parish, value in zip(("m.n.", "m.s."), counts, strict=True)
            for counted, value in (("local_confirmed", value), ("local_asymptomatic", 0))
        ]
    (folder / "bulletins.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


class TestSecondPack:
    @pytest.fixture
    def played(self, server, home, macao):
        import psycopg

        from places import clock
        from yipan.store import Store

        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("drop database if exists yipan with (force)")
            connection.execute("create database yipan")
        store = Store.open(home, clock=clock)
        pack = read_pack(macao)
        mornings = demo.mornings(pack)
        post = demo.found(store, pack, at=mornings[0][0] - timedelta(days=1))
        for result in demo.play(post, pack):
            assert result.ok, [entry.message for entry in result.desks if not entry.ok]
        yield post, pack
        store.close()

    def test_of_two_levels_goes_through_round_and_picture(self, played):
        post, pack = played
        last = pack.bulletins[-1].day

        with post.store.reading(post.viewer) as record:
            shown = board.picture(record, area=pack.top.path, day=last)

        assert [level.key for level in pack.levels] == ["territory", "parish"]
        assert [child.area for child in shown.children] == ["m.n.", "m.s."]
        assert shown.total.infections == 63 + 30
        assert (shown.total.places, shown.total.places_reporting) == (2, 2)
        assert {found.signal.area for found in shown.signals} >= {"m.n.", "m.s."}
        assert all(child.rt is not None for child in shown.children)

    def test_of_two_levels_keeps_a_parish_to_itself(self, played):
        post, pack = played
        parish = Viewer(user="n", duty=Duty.EPIDEMIOLOGIST, area=area_path("m.n."))

        with post.store.reading(parish) as record:
            shown = board.picture(record, area=pack.top.path, day=pack.bulletins[-1].day)

        assert {found.signal.area for found in shown.signals} <= {"m.n."}
        assert pack.population_spread("parish") == {"m.n.": 246300.0, "m.s.": 682500.0 - 246300.0}

    def test_may_not_use_a_level_it_does_not_declare(self, macao):
        text = (macao / "areas.csv").read_text(encoding="utf-8").replace("m.s.,parish", "m.s.,city")
        (macao / "areas.csv").write_text(text, encoding="utf-8")

        with pytest.raises(PackError, match="row 4: level 'city' is not one of"):
            read_pack(macao)

    def test_begins_only_an_empty_record(self, played):
        post, _ = played
        with pytest.raises(ValueError, match="already has the top area m"):
            post.store.founder(PROVINCE)
