"""The web door, asked over a real record: what it tells, to whom, and what it refuses."""

import dataclasses
import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from yipan.api import errors, plain
from yipan.api.app import create_app
from yipan.api.door import Answers
from yipan.model import (
    Area,
    Counted,
    CountSeries,
    Duty,
    Estimate,
    EstimateState,
    Identity,
    ReproductionNumber,
    Round,
    Signal,
    Stream,
    area_path,
    person_id,
)
from yipan.operations import users
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store import Store

pytestmark = pytest.mark.store

PROVINCE, GUANGZHOU, SHENZHEN = area_path("44."), area_path("44.4401."), area_path("44.4403.")
HAIZHU, FUTIAN = area_path("44.4401.440105."), area_path("44.4403.440304.")
FOREIGN = (PROVINCE, SHENZHEN, FUTIAN)
SECRET = 987654
PASSWORD = "a long enough password"
TODAY = datetime(2022, 11, 10, 0, 30, tzinfo=UTC)
CONFIRMED = Stream(disease="covid-19", counted=Counted.LOCAL_CONFIRMED)
ASYMPTOMATIC = Stream(disease="covid-19", counted=Counted.LOCAL_ASYMPTOMATIC)
FEVERS = Stream(disease="covid-19", counted=Counted.FEVER_CLINIC_VISITS)


@dataclass
class World:
    """A small province, its application, and a hand that turns the clock."""

    store: Store
    app: FastAPI
    client: TestClient
    now: datetime

    def log_in(self, user: str) -> dict[str, str]:
        self.client.cookies.clear()
        given = self.client.post("/api/v1/login", json={"user": user, "password": PASSWORD})
        assert given.status_code == 200, given.text
        self.client.cookies.clear()
        return {"Authorization": f"Bearer {given.json()['token']}"}


def area(path: str, level: str, zh: str, en: str) -> Area:
    return Area(path=area_path(path), level=level, name_zh=zh, name_en=en, source="the test")


AREAS = (
    area("44.", "province", "广东省", "Guangdong"),
    area("44.4401.", "city", "广州市", "Guangzhou"),
    area("44.4401.440105.", "county", "海珠区", "Haizhu"),
    area("44.4403.", "city", "深圳市", "Shenzhen"),
    area("44.4403.440304.", "county", "福田区", "Futian"),
)


def square(x: float) -> dict[str, Any]:
    return {
        "type": "Polygon",
        "coordinates": [[[x, 22], [x + 1, 22], [x + 1, 23], [x, 23], [x, 22]]],
    }


def counts(*rows: tuple[str, Stream, date, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(place, stream.key, day, value, "the test") for place, stream, day, value in rows],
        schema={
            "area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "source": pl.String,
        },
        orient="row",
    )  # fmt: skip


def fill(store: Store) -> None:
    """Put a small province on record: published figures, secrets of Shenzhen's, one correction."""
    start = TODAY - timedelta(days=2)
    founder = store.founder(PROVINCE)
    with store.acting(founder, desk="areas", verb="put_pack", why="test", at=start) as act:
        act.put_areas(AREAS, boundaries={GUANGZHOU: square(113), SHENZHEN: square(114)})
    top = store.system()
    days = [date(2022, 11, 1) + timedelta(days=i) for i in range(8)]
    with store.acting(top, desk="ingest", verb="put_bulletins", why="test", at=start) as act:
        act.put_counts(
            counts(
                *((GUANGZHOU, CONFIRMED, day, 10 + i) for i, day in enumerate(days)),
                *((GUANGZHOU, ASYMPTOMATIC, day, 100 + i) for i, day in enumerate(days)),
                *((SHENZHEN, CONFIRMED, day, 2) for day in days[:5]),
                *((SHENZHEN, ASYMPTOMATIC, day, 3) for day in days[:5]),
            ),
            published=True,
        )
    with store.acting(
        top, desk="ingest", verb="commit_file", why=f"secret {SECRET}", at=start, area=SHENZHEN
    ) as act:
        act.put_counts(counts((FUTIAN, FEVERS, days[-1], SECRET)), published=False)
        act.put_counts(counts((HAIZHU, FEVERS, days[-1], None)), published=False)
        for place, observed in ((GUANGZHOU, 117), (SHENZHEN, SECRET), (FUTIAN, SECRET)):
            signal = Signal(
                area=place, stream=FEVERS, day=days[-1], method="ears_c2", observed=observed,
                expected=40.0, threshold=90.0, score=4.2, since=days[-2], baseline=7,
            )  # fmt: skip
            act.put_signals([signal], under=place, since=days[-1], until=days[-1], method="ears_c2")
        act.put_reproduction(
            [
                ReproductionNumber(
                    area=place, since=days[0], until=days[-1] + timedelta(days=1),
                    state=EstimateState.ESTIMATED, cases=cases,
                    estimate=Estimate(value=1.5, low=1.4, high=1.6),
                )
                for place, cases in ((GUANGZHOU, 900), (SHENZHEN, SECRET))
            ]
        )  # fmt: skip
        act.put_round(Round(at=start, desk="watch", ok=True, message="", made=2))
        act.put_round(Round(at=start, desk="outlook", ok=False, message="no numbers", made=0))
    keeper = Post(store=store, viewer=users.administrator(top))
    for name, duty, place in (
        ("province", Duty.COMMANDER, PROVINCE),
        ("guangzhou", Duty.EPIDEMIOLOGIST, GUANGZHOU),
        ("haizhu", Duty.TRACER, HAIZHU),
    ):
        users.add(
            keeper, name=name, shown_as=name.title(), password=PASSWORD, duty=duty, area=place, at=start
        )  # fmt: skip
    with store.acting(
        top, desk="ingest", verb="put_bulletins", why="a correction", at=TODAY - timedelta(days=1)
    ) as act:
        act.put_counts(counts((GUANGZHOU, CONFIRMED, days[-1], 18)), published=True)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="yipan-api-") as folder:
        home, board = Path(folder) / "home", Path(folder) / "board"
        (board / "assets").mkdir(parents=True)
        (board / "index.html").write_text("<!doctype html><title>一盘</title>", encoding="utf-8")
        (board / "assets" / "app-1a2b.js").write_text("export {};" * 500, encoding="utf-8")
        (Path(folder) / "outside.txt").write_text("not for you", encoding="utf-8")
        store = Store.open(home, clock=lambda: TODAY)
        try:
            fill(store)
            settings = Settings(home=home)
            held: list[World] = []
            app = create_app(settings, store, clock=lambda: held[0].now, board_folder=board)
            client = TestClient(app, raise_server_exceptions=False)
            held.append(World(store=store, app=app, client=client, now=TODAY))
            with client:
                yield held[0]
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()


@pytest.fixture(autouse=True)
def fresh(world: World) -> None:
    world.now = TODAY
    world.client.cookies.clear()
    world.app.state.door.tries.failed.clear()


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    described = app.openapi()
    return [
        (method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def takes(operation: dict[str, Any], *names: str) -> set[str]:
    return {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"} & set(names)


def needed(operation: dict[str, Any]) -> dict[str, str]:
    """A value for every parameter of the query a route cannot do without: a name of nothing on record."""
    given = {
        "date-time": "2022-11-09T00:00:00+00:00", "date": "2022-11-09", "number": "0.01", "integer": "1",
    }  # fmt: skip
    return {
        p["name"]: given.get(_format(p), "r-none")
        for p in operation.get("parameters", ())
        if p["in"] == "query" and p.get("required") and p["name"] not in {"area", "under"}
    }


def _format(parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    kinds = (schema, *schema.get("anyOf", ()))
    return next((k.get("format", k["type"]) for k in kinds if "type" in k), "")


def _text(operation: dict[str, Any], name: str) -> bool:
    """Whether a parameter is free text, so that no number in it can be wrong."""
    (found,) = (p["schema"] for p in operation["parameters"] if p["name"] == name)
    kinds = {kind.get("type") for kind in (found, *found.get("anyOf", ()))}
    return "string" in kinds and "integer" not in kinds


def located(path: str) -> str:
    """A path with every part left open filled by a name of nothing on record."""
    return re.sub(r"\{\w+\}", "none", path)


OPEN = {
    ("post", "/api/v1/login"), ("post", "/api/v1/logout"), ("get", "/api/v1/health"),
    ("get", "/api/v1/oidc/login"), ("get", "/api/v1/oidc/callback"),
    ("get", "/api/v1/public/address"), ("get", "/api/v1/public/districts"),
}  # fmt: skip
STREAMS = {"/api/v1/events"}
OF_THE_TRAINER = "/api/v1/exercise/"
"""Routes under this are for another duty than those asked here."""


class TestLogIn:
    def test_yields_a_token_and_a_cookie_no_script_can_read(self, world):
        given = world.client.post("/api/v1/login", json={"user": "guangzhou", "password": PASSWORD})

        cookie = given.headers["set-cookie"]
        assert given.json()["viewer"] == {
            "user": "guangzhou", "duty": "epidemiologist", "area": GUANGZHOU,
        }  # fmt: skip
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert world.client.get("/api/v1/me").json()["user"] == "guangzhou"

    def test_keeps_the_hash_of_the_token_only(self, world):
        token = world.log_in("guangzhou")["Authorization"].split()[1]

        with world.store.keeper() as connection:
            kept = {row[0] for row in connection.execute("select token from session")}

        assert token not in kept
        assert world.client.get(
            "/api/v1/me", headers={"Authorization": f"Bearer {next(iter(kept))}"}
        ).status_code == 401  # fmt: skip

    def test_says_the_same_of_a_wrong_password_and_an_unknown_user(self, world):
        answers = [
            world.client.post("/api/v1/login", json={"user": user, "password": "wrong"})
            for user in ("guangzhou", "nobody-here")
        ]

        assert [a.status_code for a in answers] == [401, 401]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["error"]["code"] == "wrong_password"

    def test_is_refused_after_five_failures_and_open_again_later(self, world):
        def tried(password: str) -> int:
            return world.client.post(
                "/api/v1/login", json={"user": "haizhu", "password": password}
            ).status_code

        failures = [tried("wrong") for _ in range(5)]
        refused = tried(PASSWORD)
        world.now = TODAY + timedelta(minutes=6)

        assert failures == [401] * 5
        assert refused == 429
        assert tried(PASSWORD) == 200

    def test_ends_with_log_out(self, world):
        bearer = world.log_in("guangzhou")

        world.client.post("/api/v1/logout", headers=bearer)

        assert world.client.get("/api/v1/me", headers=bearer).status_code == 401

    def test_ends_by_itself_after_twelve_hours(self, world):
        bearer = world.log_in("guangzhou")
        world.now = TODAY + timedelta(hours=12)

        assert world.client.get("/api/v1/me", headers=bearer).status_code == 401

    def test_refuses_a_duty_that_is_not_held(self, world):
        bearer = world.log_in("guangzhou")

        refused = world.client.get(f"/api/v1/me?as=commander:{PROVINCE}", headers=bearer)
        granted = world.client.get(f"/api/v1/me?as=epidemiologist:{GUANGZHOU}", headers=bearer)

        assert refused.status_code == 403
        assert granted.json()["viewer"]["area"] == GUANGZHOU

    def test_takes_no_change_from_a_page_of_another_origin(self, world):
        world.client.post("/api/v1/login", json={"user": "guangzhou", "password": PASSWORD})

        def log_out(**headers: str) -> int:
            return world.client.post("/api/v1/logout", headers=headers).status_code

        assert log_out(origin="https://elsewhere.example") == 403
        assert log_out(origin="null") == 403
        assert log_out() == 403
        assert world.client.get("/api/v1/me").status_code == 200
        assert log_out(origin="http://testserver") == 200


class TestEveryRoute:
    def test_refuses_who_is_not_logged_in(self, world):
        for method, path, _ in operations(world.app):
            if (method, path) in OPEN:
                continue
            refused = world.client.request(method, path)

            assert refused.status_code == 401, f"{method} {path}"
            assert refused.json()["error"]["code"] == "not_logged_in"

    def test_says_whose_areas_it_tells_of(self, world):
        for method, path, operation in operations(world.app):
            if (method, path) in OPEN or path == "/api/v1/me":
                continue
            assert operation.get("x-yipan-area") in {"own", "published"}, f"{method} {path}"

    @pytest.mark.parametrize("foreign", FOREIGN)
    def test_refuses_every_foreign_area_or_tells_what_is_published_only(self, world, foreign):
        bearer, asked = world.log_in("guangzhou"), 0
        for method, path, operation in operations(world.app):
            named = takes(operation, "area", "under")
            if method != "get" or not named or path in STREAMS:
                continue
            asked_of = {**needed(operation), **dict.fromkeys(named, foreign)}
            found = world.client.get(located(path), params=asked_of, headers=bearer)
            asked += 1

            assert str(SECRET) not in found.text, path
            if operation["x-yipan-area"] == "own":
                assert found.status_code == 403, path
                assert found.json()["error"]["code"] == "not_your_area"
            else:
                assert found.status_code == 200, path
        assert asked >= 6

    def test_tells_a_city_nothing_of_its_neighbour_when_no_area_is_named(self, world):
        bearer = world.log_in("guangzhou")
        for method, path, operation in operations(world.app):
            if method != "get" or path in STREAMS or (method, path) in OPEN:
                continue
            asks = needed(operation)
            found = world.client.get(located(path), params=asks, headers=bearer)

            if path.startswith(OF_THE_TRAINER):
                assert found.json()["error"]["code"] == "not_allowed"
                continue
            may_be_missing = bool(asks) or "{" in path
            assert found.status_code in ({200, 404} if may_be_missing else {200}), found.text
            assert str(SECRET) not in found.text, path

    def test_tells_the_province_what_the_city_may_not_see(self, world):
        bearer = world.log_in("province")

        found = world.client.get(f"/api/v1/signals?area={SHENZHEN}", headers=bearer)

        assert found.json()[0]["observed"] == SECRET

    @pytest.mark.parametrize("bad", ["", "44", "44..", "44.4401", "44.%", "../..", "44.\x00."])
    def test_refuses_what_is_no_path(self, world, bad):
        bearer = world.log_in("guangzhou")
        for method, path, operation in operations(world.app):
            if method != "get" or "area" not in takes(operation, "area"):
                continue
            asked = {**needed(operation), "area": bad}
            found = world.client.get(located(path), params=asked, headers=bearer)

            assert found.status_code == 422, path
            assert found.json()["error"]["where"] == "area", path

    def test_has_a_summary_and_an_example(self, world):
        for method, path, operation in operations(world.app):
            assert operation["summary"], f"{method} {path}"
            if path.startswith("/api/v1/oidc/"):
                continue
            content = operation["responses"]["200"]["content"]
            assert any("example" in entry for entry in content.values()), f"{method} {path}"

    @pytest.mark.parametrize(
        "query",
        [
            "known_at=yesterday", "known_at=0001-01-01T00:00:00Z", "since=2022-02-31", "day=9999-12-31",
            "since=2022-11-05&until=2022-11-05", "since=1900-01-01&until=2200-01-01", "limit=0",
            "after=99999999999999999999", "level=%00", "figure=all",
        ],
    )  # fmt: skip
    def test_answers_a_bad_value_in_the_one_error_shape(self, world, query):
        bearer, refused = world.log_in("guangzhou"), 0
        wanted = set(re.findall(r"(\w+)=", query))
        for method, path, operation in operations(world.app):
            if method != "get" or not wanted <= takes(operation, *wanted):
                continue
            found = world.client.get(f"{path}?{query}", headers=bearer)
            if found.status_code == 200 and path == "/api/v1/rounds":
                continue
            if wanted == {"after"} and _text(operation, "after"):
                continue
            refused += 1

            assert found.status_code == 422, f"{path}?{query}: {found.text}"
            assert set(found.json()["error"]) == {"code", "message", "where"}
        assert refused


class TestAnswers:
    def test_picture_holds_the_published_figures_of_every_city(self, world):
        bearer = world.log_in("guangzhou")

        picture = world.client.get(
            f"/api/v1/picture?area={PROVINCE}&day=2022-11-08", headers=bearer
        ).json()

        by_area = {child["area"]: child for child in picture["children"]}
        assert by_area[GUANGZHOU]["infections"] == 18 + 107
        assert by_area[SHENZHEN]["infections"] is None
        assert by_area[SHENZHEN]["rt"] is None
        assert by_area[GUANGZHOU]["rt"]["estimate"]["value"] == 1.5
        assert [silence["area"] for silence in picture["missing"]] == [SHENZHEN]
        assert {signal["area"] for signal in picture["signals"]} == {GUANGZHOU}

    def test_picture_as_known_before_the_correction_shows_the_first_figure(self, world):
        bearer = world.log_in("guangzhou")
        for written in ("2022-11-08T10:00:00+08:00", "2022-11-08T02:00:00Z", "2022-11-08T10:00:00"):
            picture = world.client.get(
                f"/api/v1/picture?day=2022-11-08&known_at={written}", headers=bearer
            ).json()

            assert picture["total"]["confirmed"] == 17
            assert datetime.fromisoformat(picture["known_at"]).utcoffset() is not None

    def test_rows_behind_a_figure_add_up_to_it(self, world):
        bearer = world.log_in("guangzhou")
        picture = world.client.get("/api/v1/picture?day=2022-11-08", headers=bearer).json()

        for figure in ("infections", "confirmed", "asymptomatic", "week"):
            rows = world.client.get(
                f"/api/v1/list?day=2022-11-08&figure={figure}", headers=bearer
            ).json()

            assert sum(row["value"] for row in rows) == picture["total"][figure]

    def test_signal_is_told_with_its_explanation_as_one_object(self, world):
        bearer = world.log_in("guangzhou")

        (signal,) = world.client.get("/api/v1/signals", headers=bearer).json()

        assert signal["observed"] == 117
        assert signal["stream"]["counted"] == "fever_clinic_visits"
        assert set(signal["explanation"]) == {"zh", "en"}

    def test_series_keeps_silence_apart_from_zero(self, world):
        bearer = world.log_in("haizhu")

        (series,) = world.client.get(
            "/api/v1/series?since=2022-11-07&until=2022-11-09", headers=bearer
        ).json()

        assert series["counts"] == [None, None]

    def test_rounds_show_the_desk_that_failed(self, world):
        bearer = world.log_in("province")

        (done,) = world.client.get("/api/v1/rounds", headers=bearer).json()

        assert [(desk["desk"], desk["ok"]) for desk in done["desks"]] == [
            ("outlook", False), ("watch", True),
        ]  # fmt: skip

    def test_map_has_a_point_inside_each_area(self, world):
        bearer = world.log_in("guangzhou")

        drawn = world.client.get("/api/v1/map?level=city", headers=bearer).json()

        assert [feature["id"] for feature in drawn["features"]] == [GUANGZHOU, SHENZHEN]
        assert drawn["features"][0]["properties"]["centre"] == [113.5, 22.5]
        assert drawn["features"][0]["properties"]["schematic"] is True

    def test_acts_come_in_order_after_a_number(self, world):
        bearer = world.log_in("province")

        first = world.client.get("/api/v1/acts?limit=2", headers=bearer).json()
        rest = world.client.get(
            f"/api/v1/acts?after={first[-1]['number']}", headers=bearer
        ).json()  # fmt: skip

        assert [act["number"] for act in first] == [1, 2]
        assert next(act["number"] for act in rest) == 3


class TestKeptAnswers:
    ADDRESS = f"/api/v1/list?area={GUANGZHOU}&day=2022-10-20&figure=confirmed"
    PICTURE = f"/api/v1/picture?area={GUANGZHOU}&day=2022-11-08"

    def test_end_with_the_next_act(self, world):
        bearer = world.log_in("guangzhou")
        for number, value in enumerate((4, 5)):
            with world.store.acting(
                world.store.system(), desk="ingest", verb="put_bulletins", why="test", at=TODAY
            ) as act:
                day = date(2022, 10, 20)
                act.put_counts(
                    counts((GUANGZHOU, CONFIRMED, day, value), (GUANGZHOU, ASYMPTOMATIC, day, 1)),
                    published=True,
                )

            for _ in range(2):
                (row,) = world.client.get(self.ADDRESS, headers=bearer).json()

                assert row["value"] == value, number

    def test_are_not_given_to_another_viewer(self, world):
        province, city = world.log_in("province"), world.log_in("guangzhou")
        address = f"/api/v1/picture?area={PROVINCE}&day=2022-11-08"

        above = world.client.get(address, headers=province).text
        below = world.client.get(address, headers=city).text

        assert str(SECRET) in above
        assert str(SECRET) not in below

    def test_are_found_again_without_asking_the_record(self, world, monkeypatch):
        bearer = world.log_in("guangzhou")
        wait_until(lambda: world.app.state.door.mark() is not None)
        first = world.client.get(self.ADDRESS, headers=bearer)
        readings: list[object] = []
        monkeypatch.setattr(world.store, "reading", readings.append)

        second = world.client.get(self.ADDRESS, headers=bearer)

        assert first.content == second.content
        assert second.headers["content-security-policy"] == first.headers["content-security-policy"]
        assert second.headers["cache-control"] == "no-store"
        assert readings == []

    def test_end_with_the_log_in(self, world):
        bearer = world.log_in("guangzhou")
        assert world.client.get(self.ADDRESS, headers=bearer).status_code == 200

        world.client.post("/api/v1/logout", headers=bearer)

        assert world.client.get(self.ADDRESS, headers=bearer).status_code == 401

    def test_end_when_the_log_in_has_lasted_its_time(self, world):
        bearer = world.log_in("guangzhou")
        assert world.client.get(self.ADDRESS, headers=bearer).status_code == 200

        world.now = TODAY + timedelta(hours=12)

        assert world.client.get(self.ADDRESS, headers=bearer).status_code == 401

    def test_are_not_given_under_a_duty_that_is_not_held(self, world):
        bearer = world.log_in("guangzhou")
        assert world.client.get(self.ADDRESS, headers=bearer).status_code == 200

        asked_as = {**bearer, "Yipan-As": "commander:44."}

        assert world.client.get(self.ADDRESS, headers=asked_as).status_code == 403

    def test_hear_of_acts_of_other_programs(self, world):
        bearer = world.log_in("guangzhou")
        wait_until(lambda: world.app.state.door.mark() is not None)
        before = world.client.get(self.PICTURE, headers=bearer).json()["newest_act"]
        elsewhere = Store.open(world.app.state.door.settings.home, clock=lambda: TODAY)

        with elsewhere.acting(
            elsewhere.system(), desk="day", verb="of_another_program", why="test", at=TODAY, area=GUANGZHOU
        ):  # fmt: skip
            pass
        elsewhere.close()

        wait_until(
            lambda: world.client.get(self.PICTURE, headers=bearer).json()["newest_act"] > before
        )

    def test_are_made_anew_while_nobody_listens(self, world):
        bearer = world.log_in("guangzhou")
        live = world.app.state.door.live
        wait_until(live.listening.is_set)
        before = world.client.get(self.PICTURE, headers=bearer).json()["newest_act"]
        live.listening.clear()
        try:
            with world.store.acting(
                world.store.system(), desk="day", verb="unheard", why="test", at=TODAY, area=GUANGZHOU
            ):  # fmt: skip
                pass
            after = world.client.get(self.PICTURE, headers=bearer).json()["newest_act"]
        finally:
            live.listening.set()

        assert after > before

    def test_are_made_once_for_many_who_ask_at_once(self):
        answers, made = Answers(), []

        def make() -> bytes:
            made.append(threading.get_ident())
            threading.Event().wait(0.05)
            return b"{}"

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda _: answers.once("question", make), range(8)))

        assert told == [b"{}"] * 8
        assert len(made) == 1
        assert answers.making == {}


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(200):
        if holds():
            return
        pause.wait(0.05)
    pytest.fail("it did not come to hold within ten seconds")


class TestBoardPages:
    def test_ask_about_the_first_page_and_keep_hashed_files_for_ever(self, world):
        first = world.client.get("/")
        script = world.client.get("/assets/app-1a2b.js")
        again = world.client.get("/", headers={"If-None-Match": first.headers["etag"]})

        assert first.headers["cache-control"] == "no-cache"
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-encoding"] == "gzip"
        assert again.status_code == 304

    def test_load_nothing_from_another_host(self, world):
        policy = world.client.get("/").headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "http" not in policy

    def test_lead_places_within_the_board_to_its_first_page(self, world):
        assert "一盘" in world.client.get("/signals").text

    @pytest.mark.parametrize(
        "path", ["/../outside.txt", "/%2e%2e/outside.txt", "/assets/..%2f..%2foutside.txt", "/%00"]
    )
    def test_never_leave_their_folder(self, world, path):
        assert "not for you" not in world.client.get(path).text

    def test_do_not_answer_for_the_interface(self, world):
        found = world.client.get("/api/v1/no-such-route")

        assert found.status_code == 404
        assert found.json()["error"]["code"] == "not_found"
        assert found.headers["x-content-type-options"] == "nosniff"


class TestErrors:
    def test_every_type_in_the_table_exists(self):
        assert all(issubclass(kind, BaseException) for kind in errors.known_types())

    def test_a_mistake_of_ours_is_told_without_its_content(self):
        body = errors.error_body(ZeroDivisionError("with 440105 in it"))

        assert "440105" not in json.dumps(body)
        assert errors.exit_code_of(ZeroDivisionError()) is None

    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (errors.BadInput("x"), 422, 3),
            (errors.AskedWrongly("x"), 400, 2),
            (LookupError("the record holds no areas"), 404, 5),
            (users.WrongPassword("x"), 401, 4),
        ],
    )
    def test_one_table_serves_both_doors(self, error, status, code):
        assert errors.failure_of(error).status == status
        assert errors.exit_code_of(error) == code


class TestPlain:
    def test_leaves_personal_fields_out(self):
        known = Identity(person=person_id("p-7f3a90c1d2e4"), name="somebody", phone="139")

        assert plain.plain(known) == {"person": "p-7f3a90c1d2e4"}
        assert plain.plain((known,)) == [{"person": "p-7f3a90c1d2e4"}]

    def test_tells_a_table_as_rows_and_no_estimate_as_null(self):
        table = pl.DataFrame({"day": [date(2022, 11, 1)], "value": [float("nan")]})

        assert plain.plain(table) == [{"day": "2022-11-01", "value": None}]

    def test_refuses_an_instant_without_its_offset(self):
        with pytest.raises(TypeError, match="time zone"):
            plain.plain(datetime(2022, 11, 1))

    def test_says_the_same_through_both_doors(self):
        series = CountSeries(
            area=PROVINCE, stream=CONFIRMED, first_day=date(2022, 11, 1), counts=(1, None)
        )

        assert json.loads(plain.to_json(series)) == json.loads(plain.as_json(series))
        assert set(plain.plain(series)) == {f.name for f in dataclasses.fields(series)}
