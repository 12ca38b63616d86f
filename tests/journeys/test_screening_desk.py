"""The screening desk through every door: one question, one answer, at present and as known before."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from places import GUANGZHOU, PROVINCE
from swabs import LATER, adopt, fill, open_round, table, take
from yipan.api.app import create_app
from yipan.api.plain import plain
from yipan.cli import laboratories as terminal_laboratories
from yipan.cli import screening as terminal_screening
from yipan.model import Duty, LakeKind
from yipan.operations import (
    confidence,
    holding,
    keypeople,
    laboratories,
    logistics,
    plates,
    programme,
    screening,
    users,
)
from yipan.operations.post import Post
from yipan.packs.screenings import read_screening
from yipan.protocol import protocols
from yipan.settings import Settings

pytestmark = [pytest.mark.store, pytest.mark.slow, pytest.mark.xdist_group("journey")]

PASSWORD = "a long enough password"
NOW = LATER + timedelta(hours=4)
ZONE = ZoneInfo("Asia/Shanghai")
SENT = "tube,consignment,laboratory,courier,picked_at"
WELLS = (
    "laboratory,plate,well,content,tube,instrument,kit,ct_orf,ct_n,ct_control,started_at,ended_at"
)


@pytest.fixture
def post(store, tmp_path):
    made = open_round(store)
    adopt(made)
    fill(made, tmp_path)
    sent = table(
        tmp_path / "sent.csv", SENT, *(f"{tube},box-1,lab-a,c-1,2022-11-10 19:00" for tube in (501, 502))
    )  # fmt: skip
    wells = table(
        tmp_path / "wells.csv", WELLS, "lab-a,p1,A1,sample,501,qs5,lot,,,25,2022-11-10 21:00,2022-11-10 22:00",
        "lab-a,p1,H1,ntc,,qs5,lot,38,,,2022-11-10 21:00,2022-11-10 22:00",
    )  # fmt: skip
    take(made, sent, LakeKind.CONSIGNMENTS)
    take(made, wells, LakeKind.WELLS)
    users.add(
        Post(store=store, viewer=users.administrator(store.system())), name="province", shown_as="P", password=PASSWORD,
        duty=Duty.COMMANDER, area=PROVINCE, at=LATER,
    )  # fmt: skip
    return made


@pytest.fixture
def web(post):
    app = create_app(Settings(home=post.store.home), post.store, clock=lambda: NOW)
    with TestClient(app) as client:
        answer = client.post("/api/v1/login", json={"user": "province", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client


def library(post, question, known_at=None):
    with post.store.reading(post.viewer, known_at=known_at) as record:
        return json.loads(json.dumps(plain(question(record, post.lake))))


class TestOneAnswer:
    def test_has_every_door(self, post, web, monkeypatch):
        monkeypatch.setenv("YIPAN_HOME", str(post.store.home))
        at, given = NOW.astimezone(ZONE), read_screening("covid-19")
        where = {"area": GUANGZHOU, "at": at, "time_zone": ZONE}
        book = protocols().rulebook("cn-covid-9ed")
        asked = {
            "laboratories/quality?round=r1": lambda r, h: laboratories.judge(
                r, h, round="r1", at=at
            ),
            "laboratories/transit?round=r1": lambda r, h: laboratories.transit(
                r, h, round="r1", at=at
            ),
            "screening/programme?area=44.4401.": lambda r, h: programme.programmes(r, h, **where),
            "screening/zero?area=44.4401.": lambda r, _: confidence.community(r, **where),
            "screening/confidence?area=44.4401.": lambda r, h: confidence.lifting(
                r, h, given=given, **where
            ),
            "screening/plan?round=r1&samplers=1": lambda r, h: logistics.needs(
                r,
                h,
                round="r1",
                at=at,
                otherwise=book,
                given=given,
                have=logistics.Have(samplers=1),
            ),
            "screening/care?round=r1": lambda r, h: holding.waiting_for_care(
                r, h, round="r1", at=at
            ),
            "screening/met?round=r1": lambda r, h: holding.met_found(r, h, round="r1"),
            "laboratories/plate?round=r1&laboratory=lab-a&plate=p1": lambda r, h: plates.sheet(
                r, h, round="r1", laboratory="lab-a", plate="p1"
            ),
            "screening/key/inspections?area=44.4401.": lambda r, _: keypeople.inspections(
                r, **where
            ),
        }
        for path, question in asked.items():
            told = web.get(f"/api/v1/{path}")

            assert told.status_code == 200, (path, told.text)
            assert told.json() == library(post, question), path

        when = ["--at", at.isoformat(), "--json"]
        for app, arguments, path in (
            (terminal_laboratories.app, ["quality", "--round", "r1", *when], "laboratories/quality?round=r1"),
            (terminal_laboratories.app, ["transit", "--round", "r1", *when], "laboratories/transit?round=r1"),
            (terminal_screening.app, ["programme", "--area", "Guangzhou", *when], "screening/programme?area=44.4401."),
            (terminal_screening.app, ["community", "--area", "Guangzhou", *when], "screening/zero?area=44.4401."),
        ):  # fmt: skip
            said = CliRunner().invoke(app, arguments)

            assert said.exit_code in {0, 1}, said.output
            assert json.loads(said.stdout) == web.get(f"/api/v1/{path}").json(), path

    def test_is_as_known_before_where_that_is_asked(self, web):
        before = (LATER - timedelta(hours=1)).isoformat().replace("+", "%2B")
        for path in ("laboratories/quality?round=r1", "screening/coverage?round=r1"):
            told = web.get(f"/api/v1/{path}&known_at={before}")

            assert told.status_code == 200, told.text
        assert told.json()["total"]["due"] == 0


class TestDrill:
    def test_leaves_the_record_as_it_was_and_nothing_behind(self, post, monkeypatch):
        monkeypatch.setenv("YIPAN_HOME", str(post.store.home))
        before = set(post.store.home.iterdir())

        said = CliRunner().invoke(
            terminal_screening.app,
            ["drill", "--people", "20000", "--at", "2022-11-20T10:00", "--json"],
        )

        assert said.exit_code == 0, said.output
        assert json.loads(said.stdout)["rows_add_up"]
        assert set(post.store.home.iterdir()) == before
        with post.store.reading(post.viewer) as record:
            assert [one.id for one in screening.rounds(record)] == ["r1"]


class TestOnePlate:
    def test_is_sent_by_an_instrument_and_shown_well_by_well(self, web):
        given = {
            "laboratory": "lab-b", "plate": "p7", "instrument": "qs5", "kit": "lot", "started": "2022-11-10T21:00:00+08:00",
            "ended": "2022-11-10T22:00:00+08:00",
            "wells": [
                {"well": "A1", "content": "样本", "tube": 503, "ct_orf": 30.1, "ct_n": 30.4, "ct_control": 25.0},
                {"well": "A2", "content": "样本", "tube": 999, "ct_control": 25.0},
                {"well": "H1", "content": "ntc"}, {"well": "H2", "content": "pc", "ct_orf": 28, "ct_n": 28},
            ],
        }  # fmt: skip

        taken = web.post("/api/v1/screening/rounds/r1/plates", json=given)
        shown = web.get("/api/v1/laboratories/plate?round=r1&laboratory=lab-b&plate=p7").json()
        again = web.post("/api/v1/screening/rounds/r1/plates", json=given)
        local = web.post(
            "/api/v1/screening/rounds/r1/plates", json=given | {"started": "2022-11-10T21:00:00"}
        )

        assert taken.status_code == 200, taken.text
        assert (taken.json()["read"], taken.json()["accepted"]) == (4, 3)
        assert [(w["well"], w["result"]) for w in shown["wells"]] == [("A1", "positive"), ("H1", None), ("H2", None)]  # fmt: skip
        assert shown["stands"]
        assert "plate p7 of lab-b was taken in before" in again.text
        assert "expected an instant with its offset" in local.text
