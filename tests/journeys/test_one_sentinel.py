"""A school's own log-in through the API: it sends its numbers, sees what it owes, and every other door is shut."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from places import GUANGZHOU
from yipan.api.access import OF_A_SENTINEL
from yipan.api.app import create_app
from yipan.model import Counted, Duty, Sentence, Sentinel, SentinelKind, Stream
from yipan.operations import users, watch
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store import Store

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

AT = datetime(2022, 11, 10, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
ABSENT = Stream(disease="respiratory", counted=Counted.SCHOOL_ABSENCES, site="school-7")
PASSWORD = "long enough 1"


@pytest.fixture
def school(store: Store, tmp_path):
    post = Post(store=store, viewer=store.system())
    one = Sentinel(
        id="school-7", area=GUANGZHOU, kind=SentinelKind.SCHOOL, name=Sentence(zh="七中", en="School 7"),
        streams=(ABSENT,), due_hour=10, since=date(2022, 10, 1),
    )  # fmt: skip
    watch.register_sentinels(post, [one], at=AT)
    users.add(
        Post(store=store, viewer=users.administrator(post.viewer)), name="school7", shown_as="七中",
        password=PASSWORD, duty=Duty.SENTINEL, area=one.place, at=AT,
    )  # fmt: skip
    app = create_app(Settings(home=tmp_path), store, clock=lambda: AT, board_folder=tmp_path)
    client = TestClient(app, raise_server_exceptions=False)
    with client:
        token = client.post("/api/v1/login", json={"user": "school7", "password": PASSWORD}).json()[
            "token"
        ]
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {token}"
        yield client


class TestTheLogInOfASchool:
    def test_sends_a_zero_corrects_it_and_sees_both(self, school):
        url = "/api/v1/sentinels/school-7"
        for count in (0, 4):
            sent = school.post(
                f"{url}/reports", json={"day": "2022-11-09", "values": {ABSENT.key: count}}
            )
            assert sent.status_code == 200, sent.text

        told = school.get(f"{url}/days").json()

        (newest,) = [one for one in told["days"] if one["day"] == "2022-11-09"]
        assert newest["values"] == [[ABSENT.key, 4]]
        assert newest["corrections"] == 1
        assert told["sheet"]["sentinel"]["id"] == "school-7"

    def test_finds_every_other_door_shut(self, school):
        described = school.app.openapi()["paths"]
        open_to_all = {
            (method, path)
            for path, methods in described.items()
            for method, operation in methods.items()
            if not operation.get("security")
        }
        shut = 0
        for path, methods in described.items():
            for method in methods:
                if (method, path) in open_to_all or path.endswith(("/logout", *OF_A_SENTINEL)):
                    continue
                answer = school.request(method, re.sub(r"\{\w+\}", "none", path), json={})
                assert answer.status_code in {403, 422}, (method, path, answer.status_code)
                shut += answer.status_code == 403
        assert shut > 60

    def test_is_not_told_of_another_sentinel(self, school):
        assert school.get("/api/v1/sentinels/school-8/days").status_code == 404
