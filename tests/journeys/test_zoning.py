"""One story of zones through every door: two cases to the last lifting, right for residents at every instant."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from yipan.api.app import create_app
from yipan.cli import orders, prohibitions, proposals, tasks, zones
from yipan.model import Area, Duty, Roster, RosterGroup, area_path, person_id, place
from yipan.operations import users, zoning
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store import Store

pytestmark = [pytest.mark.store, pytest.mark.slow, pytest.mark.xdist_group("journey-zoning")]

PROVINCE, GUANGZHOU, HAIZHU = (area_path(p) for p in ("44.", "44.4401.", "44.4401.440105."))
PASSWORD = "a long enough password"
NINE = datetime(2022, 10, 10, 1, tzinfo=UTC)
"""Nine in the morning of 10 October 2022 in Guangzhou, when the first two cases are reported."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = tuple(f"p-{number:016x}" for number in range(240))
ONE, TWO = (f"{HAIZHU} compound 桃源居 building {number}" for number in (1, 2))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Story:
    """The record, its doors, and a hand that turns the clock."""

    def __init__(self, home: Path) -> None:
        self.now = NINE
        self.settings = Settings(home=home)
        self.store = Store.open(home, clock=lambda: self.now)
        founder = self.store.founder(PROVINCE)
        places = (
            (PROVINCE, "province", "广东省"), (GUANGZHOU, "city", "广州市"), (HAIZHU, "county", "海珠区"),
        )  # fmt: skip
        with self.store.acting(founder, desk="areas", verb="put", why="t", at=NINE - DAY) as act:
            act.put_areas(
                Area(path=path, level=level, name_zh=name, name_en=level, source="the test")
                for path, level, name in places
            )
        keeper = Post(store=self.store, viewer=users.administrator(self.store.system()))
        for name, duty, area in (
            ("city", Duty.COMMANDER, GUANGZHOU), ("district", Duty.COMMANDER, HAIZHU),
            ("tracer", Duty.EPIDEMIOLOGIST, HAIZHU),
        ):  # fmt: skip
            users.add(
                keeper,
                name=name,
                shown_as=name,
                password=PASSWORD,
                duty=duty,
                area=area,
                at=NINE - DAY,
            )
        self.post = Post(store=self.store, viewer=self.store.system())
        self.client = TestClient(create_app(self.settings, self.store, clock=lambda: self.now))
        self.runner = CliRunner()

    def log_in(self) -> None:
        self.bearers = {}
        for name in ("city", "district", "tracer"):
            given = self.client.post("/api/v1/login", json={"user": name, "password": PASSWORD})
            self.bearers[name] = {"Authorization": f"Bearer {given.json()['token']}"}
            self.client.cookies.clear()

    def get(self, path: str, *, as_: str = "city", **query: str):
        self._in_again()
        found = self.client.get(f"/api/v1/{path}", params=query, headers=self.bearers[as_])
        assert found.status_code == 200, found.text
        return found.json()

    def post_(self, path: str, body: dict, *, as_: str = "city", status: int = 200):
        self._in_again()
        done = self.client.post(f"/api/v1/{path}", json=body, headers=self.bearers[as_])
        assert done.status_code == status, done.text
        return done.json()

    def typed(self, app, *words: str, code: int = 0):
        done = self.runner.invoke(app, [*words, "--json"])
        assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
        return json.loads(done.stdout)

    def resident(self, building: str, **query: str):
        found = self.client.get(
            "/api/v1/public/address",
            params={"area": HAIZHU, "compound": "桃源居", "building": building, **query},
        )
        assert found.status_code == 200, found.text
        return found.json()

    def at(self, moment: datetime) -> str:
        self.now = moment
        return moment.isoformat()

    def timer(self, moment: datetime, code: int = 0):
        return self.typed(zones.app, "timer", "--once", "--at", self.at(moment), code=code)

    def _in_again(self) -> None:
        self.log_in_at = getattr(self, "log_in_at", None)
        if self.log_in_at is None or self.now - self.log_in_at > 10 * HOUR:
            self.log_in()
            self.log_in_at = self.now


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    made = Story(Path(tmp_path_factory.mktemp("zones")) / "home")
    with pytest.MonkeyPatch.context() as changed, made.client:
        changed.setenv("YIPAN_HOME", str(made.settings.home))
        yield made
    made.store.close()
    made.store.server.stop()


class TestZones:
    def test_are_told_right_through_every_door_from_the_first_case_to_the_last_lifting(self, story):
        story.typed(
            zones.app, "adopt", "cn-covid-9ed", "--area", "44.", "--at", story.at(NINE - HOUR)
        )

        # Two cases are reported, by the web door; the timer proposes a zone and starts the limits.
        story.at(NINE)
        for case, spot in (("c-1", ONE), ("c-2", TWO)):
            story.post_(
                "zones/case-places", as_="tracer",
                body={"case": case, "place": spot, "found": "2022-10-10 09:00"},
            )  # fmt: skip
        assert story.timer(NINE)["proposed"] == 1
        (proposal,) = story.get("proposals", state="open")
        assert proposal["decided_in"] == GUANGZHOU
        assert instant(proposal["due"]) == NINE + 5 * HOUR
        assert story.resident("1")["level"] == "normal"
        due = {t["kind"]: instant(t["due"]) for t in story.get("tasks", as_="tracer")}
        assert due == {
            "on_site": NINE + 2 * HOUR,
            "core_investigation": NINE + 4 * HOUR,
        }

        # The district may not decide; the city changes the compound to the two buildings.
        story.at(NINE + 2 * HOUR)
        decision = {
            "verdict": "change",
            "alternative": 0,
            "reason": "spread is within two buildings",
        }
        story.post_(f"proposals/{proposal['id']}/decision", decision, as_="district", status=403)
        done = story.post_(f"proposals/{proposal['id']}/decision", decision)
        (publish,) = done["tasks"]
        assert instant(publish["due"]) == NINE + 5 * HOUR
        zone = done["order"]["lines"][0]["subject"]
        assert story.resident("1")["level"] == "normal", "not before it was published"

        # Published within five hours, at the terminal.
        order = done["order"]["id"]
        story.typed(
            orders.app, "publish", order, "--number", "第7号", "--at", story.at(NINE + 4 * HOUR)
        )
        told = story.resident("2")
        assert (told["level"], told["zones"][0]["notice"]) == ("high", "第7号")
        assert instant(told["until"]) == NINE + 2 * HOUR + 7 * DAY
        assert story.resident("3")["level"] == "low"
        finished = story.get("tasks", running="false", cause=order)
        assert [(t["kind"], t["late_hours"]) for t in finished] == [("publish", 0.0)]

        # A roster; a new case in building 1 on the fifth day: split, and only there the clock begins again.
        story.at(NINE + 3 * DAY)
        zoning.record_roster(
            story.post,
            Roster(
                id=zone, area=HAIZHU,
                groups=tuple(
                    RosterGroup(place=place(spot), people=tuple(person_id(p) for p in some))
                    for spot, some in ((ONE, PEOPLE[:120]), (TWO, PEOPLE[120:]))
                ),
            ),
            at=story.now,
        )  # fmt: skip
        struck = NINE + 5 * DAY
        story.at(struck)
        story.post_(
            "zones/case-places", as_="tracer",
            body={"case": "c-3", "place": ONE, "found": "2022-10-15 09:00", "controlled": "2022-10-15 11:00"},
        )  # fmt: skip
        story.timer(struck + 2 * HOUR)
        (split,) = story.typed(
            proposals.app, "list", "--area", "44.4401.", "--at", story.at(struck + 2 * HOUR), code=1
        )
        assert split["kind"] == "zone.split"
        story.typed(
            proposals.app, "decide", split["id"], "accept", "--at", story.at(struck + 3 * HOUR)
        )
        sheets = {s["zone"]["id"]: s for s in story.get("zones")}
        again = next(one for one in sheets if one.endswith("a"))
        rest = next(one for one in sheets if one.endswith("b"))
        ends = {one: instant(sheets[one]["period_ends"]) for one in (again, rest)}
        assert ends == {again: struck + 2 * HOUR + 7 * DAY, rest: NINE + 2 * HOUR + 7 * DAY}
        assert story.resident("1")["level"] == story.resident("2")["level"] == "high"

        # The closing round of the rest is two people short when its days are over.
        over = ends[rest]
        story.at(over - 2 * HOUR)
        swabbed = {
            "started": (over - 8 * HOUR).isoformat(), "sampled": PEOPLE[120:238],
            "last_result": (over - 2 * HOUR).isoformat(),
        }  # fmt: skip
        story.post_(f"zones/{rest}/rounds", swabbed, as_="district")
        assert story.timer(over)["proposed"] == 0
        sheet = next(s for s in story.get("zones") if s["zone"]["id"] == rest)
        assert sheet["missing"] == ["closing_round"]
        assert sheet["missing_people"] == list(PEOPLE[238:])
        waits = story.resident("2")["zones"][0]["waits_for"]
        assert "round of everyone" in waits[0]["en"]

        # They are sampled six hours later; the lifting is due that instant and nobody decides: the alarm.
        last = over + 6 * HOUR
        story.at(last)
        full = {**swabbed, "sampled": PEOPLE[120:], "last_result": last.isoformat()}
        story.post_(f"zones/{rest}/rounds", full, as_="district")
        assert story.timer(last)["proposed"] == 1
        late = last + 9 * HOUR
        alarm = story.timer(late, code=1)
        assert [(one["zone"], instant(one["due"])) for one in alarm["late"]] == [(rest, last)]
        overdue = story.typed(
            tasks.app, "list", "--area", "44.4401.", "--overdue", "--at", late.isoformat(), code=1
        )
        assert ("zone.lift", 9.0) in [(t["kind"], t["late_hours"]) for t in overdue]
        found = story.typed(
            prohibitions.app, "check", "--area", "44.4401.", "--at", late.isoformat(), code=1
        )
        assert [(f["record"], f["item"]) for f in found if f["verdict"] == "violation"] == [
            (rest, 3)
        ]

        # Lifted to medium, then to low; the residents' page follows each order.
        story.at(late + HOUR)
        lower = next(p for p in story.get("proposals", state="open") if p["subject"] == rest)
        lifted = story.post_(f"proposals/{lower['id']}/decision", {"verdict": "accept"})
        assert instant(lifted["order"]["effective"]) == late + HOUR, "no hour is undone"
        assert story.resident("2")["level"] == "medium"
        assert story.resident("1")["level"] == "high"
        down = late + HOUR + 3 * DAY
        story.timer(down)
        (low,) = [p for p in story.get("proposals", state="open") if p["subject"] == rest]
        story.post_(f"proposals/{low['id']}/decision", {"verdict": "accept"})
        assert story.resident("2")["level"] == "low", "building 1 is still closed"
        (county,) = story.get("zones/counties")
        assert county["status"] == "low"
        story.typed(
            zones.app, "order", "end", again, "--reason", "everybody was moved out",
            "--effective", "2022-10-25 24:00", "--at", story.at(down + HOUR),
        )  # fmt: skip
        midnight = datetime(2022, 10, 25, 16, tzinfo=UTC)
        story.at(midnight - timedelta(minutes=1))
        assert story.resident("1")["level"] == "high"
        story.at(midnight)
        assert story.resident("1")["level"] == "normal"
        (county,) = story.get("zones/counties")
        assert (county["status"], instant(county["since"])) == ("normal", midnight)

        # The whole story stays visible as it was known at each step.
        past = {
            NINE + HOUR: ("normal", "normal"),
            NINE + 4 * HOUR: ("high", "high"),
            struck + 4 * HOUR: ("high", "high"),
            late + HOUR: ("high", "medium"),
            down: ("high", "low"),
        }
        for moment, levels in past.items():
            seen = tuple(story.resident(b, at=moment.isoformat())["level"] for b in "12")
            assert seen == levels, moment
        known = story.get("zones", known_at=(NINE + 4 * HOUR).isoformat())
        assert [s["zone"]["id"] for s in known] == [zone]
        steps = story.get("zones/history", zone=rest)
        assert [v["noun"]["spans"][-1]["level"] for v in steps] == ["high", "medium", "low"]
        assert story.store.verify() is None


class TestPlans:
    def test_are_ruled_by_what_was_adopted_where_and_when_it_is_asked(self, story):
        told = story.get("plans", area=HAIZHU, role="close_contact:2022-10-12")
        before = story.get("plans", area=HAIZHU, known_at=(NINE - 2 * HOUR).isoformat())

        assert told["value"]["days"][0] == {
            "day": "2022-10-12", "place": "central_isolation", "roles": ["close_contact"], "test": True,
        }  # fmt: skip
        assert told["value"]["ends"] == "2022-10-22T00:00:00+08:00"
        assert "no version is adopted" in before["nothing"]


class TestResidents:
    def test_are_told_nothing_about_a_person(self, story):
        told = json.dumps(story.resident("1", at=(NINE + 6 * DAY).isoformat()))

        assert not any(
            word in told for word in ("c-1", "c-3", *PEOPLE[:3], "tracer", "missing_people")
        )

    def test_may_ask_as_often_as_anybody_needs(self, story):
        story.now += HOUR
        answers = [
            story.client.get("/api/v1/public/address", params={"area": HAIZHU}).status_code
            for _ in range(61)
        ]
        story.now += timedelta(minutes=2)

        assert answers == [200] * 60 + [429]
        assert story.resident("1")

    @pytest.mark.parametrize(
        ("asked", "where"),
        [({"area": "44"}, "area"), ({"area": HAIZHU, "floor": "0"}, "floor"), ({}, "area")],
    )
    def test_are_told_what_cannot_be_meant(self, story, asked, where):
        refused = story.client.get("/api/v1/public/address", params=asked)

        assert refused.status_code == 422
        assert refused.json()["error"]["where"] == where

    def test_choose_from_the_districts(self, story):
        assert [d["name_zh"] for d in story.client.get("/api/v1/public/districts").json()] == [
            "广州市海珠区"
        ]
