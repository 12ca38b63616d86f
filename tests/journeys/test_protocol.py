"""The protocols through every door: the library, the terminal and the web tell the same."""

import json

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from places import PROVINCE, TENTH, clock
from yipan.api.app import create_app
from yipan.api.plain import plain
from yipan.cli.protocol import app as terminal
from yipan.model import Duty
from yipan.operations import users
from yipan.operations.post import Post
from yipan.protocol import protocols
from yipan.protocol.telling import changes_told, rulebook_told
from yipan.settings import Settings

pytestmark = pytest.mark.store
PASSWORD = "a long enough password"


@pytest.fixture
def web(store, home):
    post = Post(store=store, viewer=users.administrator(store.founder(PROVINCE)))
    users.add(
        post,
        name="li-ming",
        shown_as="Li",
        password=PASSWORD,
        duty=Duty.ANALYST,
        area=PROVINCE,
        at=TENTH,
    )
    with TestClient(create_app(Settings(home=home), store, clock=clock)) as client:
        token = client.post("/api/v1/login", json={"user": "li-ming", "password": PASSWORD}).json()[
            "token"
        ]
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


class TestProtocols:
    def test_have_one_answer_through_library_terminal_and_web(self, web):
        books = protocols()
        nine, twenty = books.rulebook("cn-covid-9ed"), books.rulebook("cn-covid-20m")

        told = web.get("/api/v1/protocols/cn-covid-20m").json()
        changed = web.get("/api/v1/protocols/cn-covid-9ed/changes-to/cn-covid-20m").json()
        shown = CliRunner().invoke(terminal, ["show", "cn-covid-20m", "--json"])
        compared = CliRunner().invoke(terminal, ["diff", "cn-covid-9ed", "cn-covid-20m", "--json"])

        assert told == json.loads(shown.output) == plain(rulebook_told(twenty))
        assert changed == json.loads(compared.output) == plain(changes_told(nine, twenty))

    def test_are_told_by_moment(self, web):
        asked = {"at": "2022-11-15T08:00:00+08:00", "area": "44.4403."}

        told = web.get("/api/v1/protocols/in-effect", params=asked).json()

        assert told["id"] == "cn-covid-20m"

    @pytest.mark.parametrize(
        ("path", "status", "says"),
        [
            ("/protocols/no-such-text", 404, "there is no text"),
            ("/protocols/in-effect?at=2001-01-01T00:00:00Z", 422, "no national protocol"),
            ("/protocols/cn-covid-9ed/changes-to/no-such-text", 404, "there is no text"),
        ],
    )
    def test_say_what_is_not_there(self, web, path, status, says):
        refused = web.get(f"/api/v1{path}")

        assert refused.status_code == status
        assert says in refused.text

    def test_are_told_to_nobody_who_is_not_logged_in(self, web):
        del web.headers["Authorization"]

        assert web.get("/api/v1/protocols").status_code == 401
