"""Log-in through an identity provider: one that answers rightly, and many that do not."""

import json
import secrets
import threading
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.testclient import TestClient

from journeys.test_api import GUANGZHOU, TODAY, fill
from yipan.api.app import create_app
from yipan.settings import Settings
from yipan.store import Store

pytestmark = pytest.mark.store

CLIENT, SECRET = "the-board", "a secret of the board"


class Provider:
    """A made-up identity provider on a port of this machine; `change` spoils what it answers."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.claims, self.header, self.signer = {}, {"alg": "RS256", "kid": "k1"}, self.key
        self.about, self.codes, self.answers = {}, {}, True
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                pages = {
                    "/.well-known/openid-configuration": provider.described(),
                    "/keys": KeySet([provider.key]).as_dict(private=False),
                }
                self.say(200 if provider.answers else 500, pages[self.path])

            def do_POST(self):
                given = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                status, told = provider.exchanged(given, self.headers["authorization"])
                self.say(status, told)

            def say(self, status, told):
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def described(self):
        return {
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token", "jwks_uri": f"{self.address}/keys", **self.about,
        }  # fmt: skip

    def authorize(self, address):
        """What the provider's own page does when somebody has logged in there: back with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def exchanged(self, given, authorization):
        asked = self.codes.pop(given["code"][0], None)
        wanted = "Basic " + b64encode(f"{CLIENT}:{SECRET}".replace(" ", "%20").encode()).decode()
        plain = "Basic " + b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization not in {wanted, plain}:
            return 400, {"error": "invalid_grant"}
        challenge = urlsafe_b64encode(sha256(given["code_verifier"][0].encode()).digest())
        assert challenge.rstrip(b"=").decode() == asked["code_challenge"]
        assert given["redirect_uri"][0] == asked["redirect_uri"]
        now = int(TODAY.timestamp())
        claims = {
            "iss": self.address, "aud": CLIENT, "sub": "u-17", "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "preferred_username": "guangzhou", **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(self.header, claims, self.signer, algorithms=[self.header["alg"]])
        return 200, {"id_token": token, "access_token": "x", "token_type": "Bearer"}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    store = Store.open(Path(tmp_path_factory.mktemp("oidc")) / "home", clock=lambda: TODAY)
    fill(store)
    yield store
    store.close()
    store.server.stop()


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def browser(record, provider, tmp_path):
    settings = Settings(
        home=tmp_path, oidc_issuer=provider.address, oidc_client=CLIENT, oidc_secret=SECRET
    )
    app = create_app(settings, record, clock=lambda: TODAY)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def logged_in(browser, provider, **changed):
    begun = browser.get("/api/v1/oidc/login")
    assert begun.status_code == 307, begun.text
    return browser.get(
        "/api/v1/oidc/callback", params={**provider.authorize(begun.headers["location"]), **changed}
    )


class TestProviderLogIn:
    def test_opens_a_session_under_the_duties_on_record(self, browser, provider):
        done = logged_in(browser, provider)

        assert (done.status_code, done.headers["location"]) == (307, "/")
        assert browser.get("/api/v1/me").json()["viewer"] == {
            "user": "guangzhou", "duty": "epidemiologist", "area": GUANGZHOU,
        }  # fmt: skip

    def test_sends_the_browser_with_state_nonce_and_challenge(self, browser, provider):
        begun = browser.get("/api/v1/oidc/login")
        asked = parse_qs(urlsplit(begun.headers["location"]).query)

        assert begun.headers["location"].startswith(f"{provider.address}/authorize?")
        assert asked["code_challenge_method"] == ["S256"]
        assert len(asked["state"][0]) >= 20
        assert len(asked["nonce"][0]) >= 20
        assert asked["redirect_uri"] == ["http://testserver/api/v1/oidc/callback"]
        cookie = begun.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "Path=/api/v1/oidc" in cookie

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "http://elsewhere"}, {"aud": "another"}, {"aud": [CLIENT, "another"], "azp": "another"},
            {"nonce": "of-another-log-in"}, {"nonce": None}, {"sub": None},
            {"exp": int((TODAY - timedelta(minutes=10)).timestamp())}, {"exp": None},
            {"preferred_username": "nobody-here"}, {"preferred_username": None},
            {"preferred_username": ["guangzhou"]},
        ],
    )  # fmt: skip
    def test_is_refused_for_claims_that_do_not_hold(self, browser, provider, claims):
        provider.claims = claims

        refused = logged_in(browser, provider)

        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "not_logged_in"
        assert browser.get("/api/v1/me").status_code == 401

    def test_is_refused_for_a_signature_of_another_key(self, browser, provider):
        provider.signer = RSAKey.generate_key(2048, {"kid": "k1"})

        assert logged_in(browser, provider).status_code == 401

    def test_is_refused_for_a_token_signed_with_the_shared_secret(self, browser, provider):
        provider.signer, provider.header = (
            OctKey.import_key(SECRET * 3),
            {"alg": "HS256", "kid": "k1"},
        )

        assert logged_in(browser, provider).status_code == 401

    @pytest.mark.parametrize(
        "changed", [{"state": "another"}, {"state": ""}, {"code": "never given"}, {"code": ""}, {"error": "access_denied"}]
    )  # fmt: skip
    def test_is_refused_where_the_answer_belongs_to_no_log_in(self, browser, provider, changed):
        assert logged_in(browser, provider, **changed).status_code == 401

    def test_cannot_be_ended_in_another_browser(self, browser, provider):
        begun = browser.get("/api/v1/oidc/login")
        answer = provider.authorize(begun.headers["location"])
        browser.cookies.clear()

        assert browser.get("/api/v1/oidc/callback", params=answer).status_code == 401

    @pytest.mark.parametrize(
        "about", [{"issuer": "http://elsewhere"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}]
    )  # fmt: skip
    def test_says_where_the_provider_is_not_the_one_set(self, browser, provider, about):
        provider.about = about

        refused = browser.get("/api/v1/oidc/login")

        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "provider_failed"

    def test_says_where_the_provider_does_not_answer(self, browser, provider):
        provider.answers = False

        assert browser.get("/api/v1/oidc/login").status_code == 503

    def test_says_where_none_is_set(self, record, tmp_path):
        app = create_app(Settings(home=tmp_path), record, clock=lambda: TODAY)
        with TestClient(app) as client:
            found = client.get("/api/v1/oidc/login")

        assert found.status_code == 404
        assert found.json()["error"]["code"] == "no_provider"
