"""A line is drawn, a chain crosses it, the round raises the alarm, a person decides: one answer at every door."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from places import GUANGZHOU, PROVINCE, SHENZHEN
from yipan.api.app import create_app
from yipan.api.plain import plain
from yipan.cli import app
from yipan.model import Case, Classification, Counted, Duty, Stream, TransmissionChain, person_id
from yipan.operations import outlook, users
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store.tables.tracing import CHAINS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2022, 11, 5, 1, tzinfo=UTC)
PASSWORD = "a long enough password"


@pytest.fixture
def raised(store):
    """Twenty-five days of counts, one chain of tracing's in Shenzhen, a line of fifty cases, and the desk's round of the morning."""
    stream = Stream(disease="covid-19", counted=Counted.LOCAL_INFECTIONS).key
    rows = [
        (area, stream, (MORNING - timedelta(days=25 - i)).date(), value, "t")
        for area, values in ((GUANGZHOU, [0] * 25), (SHENZHEN, [0] * 20 + [1, 0, 1, 1, 1]))
        for i, value in enumerate(values)
    ]
    schema = {
        "area": pl.String,
        "stream": pl.String,
        "day": pl.Date,
        "value": pl.Int64,
        "source": pl.String,
    }
    with store.acting(store.system(), desk="t", verb="t", why="t", at=MORNING) as act:
        act.put_counts(pl.DataFrame(rows, schema=schema, orient="row"), published=True)
    post = Post(store=store, viewer=store.system())
    cases = [
        Case(
            id=f"c-{i}", person=person_id(f"p-{i:012x}"), area=SHENZHEN, disease="covid-19",
            classification=Classification.CONFIRMED, reported=MORNING - timedelta(days=4 - i),
        )
        for i in range(4)
    ]  # fmt: skip
    chain = TransmissionChain(
        id="covid-19:c-0", area=SHENZHEN, disease="covid-19", root="c-0", cases=tuple(c.id for c in cases),
        generations=2, first_day=None, last_day=None, active=True,
    )  # fmt: skip
    with store.acting(store.system(), desk="t", verb="t", why="t", at=MORNING) as act:
        act.put_cases(cases)
        act.put(CHAINS, [chain])
    outlook.draw_line(
        post, area=PROVINCE, limit=50, alarm_at=0.02, why="beds for fifty", at=MORNING
    )
    keeper = Post(store=store, viewer=users.administrator(store.system()))
    users.add(
        keeper, name="hall", shown_as="hall", password=PASSWORD, duty=Duty.COMMANDER, area=PROVINCE, at=MORNING
    )  # fmt: skip
    outlook.review(post, at=MORNING + timedelta(hours=1), time_zone=ZONE)
    return store


class TestAChainBeyondItsLine:
    def test_is_told_alike_by_library_terminal_and_web_and_decided_there(
        self, raised, home, monkeypatch
    ):
        monkeypatch.setenv("YIPAN_HOME", str(home))
        with raised.reading(raised.system()) as record:
            told = plain(outlook.recorded_lines(record, area=PROVINCE))
        chain = next(each for each in told if each["chain"])
        assert chain["line"]["state"] == "alarm"
        assert chain["area"] == SHENZHEN
        assert chain["line"]["seen"] == 4

        typed = CliRunner().invoke(app, ["outlook", "bottom-line", "--area", "44.", "--json"])
        assert typed.exit_code == 1
        assert json.loads(typed.stdout) == told

        later = MORNING + timedelta(hours=3)
        served = create_app(Settings(home=home), raised, clock=lambda: later)
        with TestClient(served) as client:
            given = client.post("/api/v1/login", json={"user": "hall", "password": PASSWORD})
            ask = {"headers": {"Authorization": f"Bearer {given.json()['token']}"}}
            shown = client.get("/api/v1/outlook/bottom-lines", params={"area": "44."}, **ask)
            assert shown.json() == told

            waiting = client.get("/api/v1/inbox", params={"area": "44."}, **ask).json()["proposals"]
            alarm = next(p for p in waiting if p["subject"] == chain["chain"])
            assert alarm["kind"] == "outlook.alarm"
            assert alarm["may_decide"]

            decided = client.post(
                f"/api/v1/proposals/{alarm['id']}/decision", json={"verdict": "accept"}, **ask
            )
            assert decided.status_code == 200, decided.text
            assert decided.json()["tasks"][0]["desk"] == "outlook"
            left = client.get("/api/v1/inbox", params={"area": "44."}, **ask).json()
        assert alarm["id"] not in {p["id"] for p in left["proposals"]}
        assert "outlook" in {task["desk"] for task in left["tasks"]}
        assert raised.verify() is None
