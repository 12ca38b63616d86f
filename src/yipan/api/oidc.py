"""
Log-in through the identity provider of one's own organisation (OpenID Connect, code flow with PKCE).

The provider says who somebody is; what they may do is said by their duties on record, so an unknown user
stays outside. Nothing is kept here between the two steps: state, nonce and verifier travel in a cookie of ten minutes
that no script can read.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from yipan.api.access import COOKIE, SESSION_LASTS, open_session
from yipan.api.door import VERSION, Door, door_of, responses, routes_of
from yipan.api.errors import NotLoggedIn
from yipan.model import User

routes = routes_of("access")

PENDING = "yipan_oidc"
PENDING_SECONDS = 600
SCOPE = "openid profile"
NAME_CLAIM = "preferred_username"
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
LEEWAY_SECONDS = 60
ANSWERS_WITHIN_SECONDS = 10.0
PATH = f"{VERSION}/oidc"

_REDIRECTED: dict[int | str, dict[str, Any]] = {307: {"description": "To where the log-in goes on"}}


class NoProvider(LookupError):
    """This deployment names no identity provider."""


class ProviderFailed(RuntimeError):
    """The identity provider cannot be reached, or answers what it must not."""


@routes.get(
    "/oidc/login",
    summary="Begin a log-in at the organisation's identity provider",
    response_class=RedirectResponse,
    status_code=307,
    responses=_REDIRECTED | {k: v for k, v in responses({}, description="", failures=(404, 503)).items() if k != 200},
)  # fmt: skip
def begin(request: Request) -> Response:
    """Send the browser to the identity provider."""
    door = door_of(request)
    known = _provider(door)
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    with _client(door, request) as client:
        address, state = client.create_authorization_url(
            known["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
    done = RedirectResponse(address)
    pending = json.dumps({"state": state, "nonce": nonce, "verifier": verifier})
    done.set_cookie(
        PENDING, urlsafe_b64encode(pending.encode()).decode(), max_age=PENDING_SECONDS, path=PATH,
        httponly=True, samesite="lax", secure=request.url.scheme == "https",
    )  # fmt: skip
    return done


@routes.get(
    "/oidc/callback",
    summary="End a log-in that the organisation's identity provider has answered",
    response_class=RedirectResponse,
    status_code=307,
    responses=_REDIRECTED
    | {k: v for k, v in responses({}, description="", failures=(401, 404, 422, 503)).items() if k != 200},
)  # fmt: skip
def end(
    request: Request,
    state: Annotated[str, Query(max_length=500, description="what the log-in began with")] = "",
    code: Annotated[str, Query(max_length=4000, description="the provider's code")] = "",
    error: Annotated[str, Query(max_length=500, description="why the provider refused")] = "",
) -> Response:
    """Check what the provider says, open a session for the user it names, and go to the board."""
    door = door_of(request)
    known = _provider(door)
    pending = _pending(request)
    if not state or not hmac.compare_digest(state.encode(), pending["state"].encode()):
        raise NotLoggedIn("this answer belongs to no log-in begun here; begin again")
    if error or not code:
        raise NotLoggedIn("the identity provider did not log you in")
    told = _exchange(door, request, known, code=code, verifier=pending["verifier"])
    user = _user(door, _claims(door, known, told, nonce=pending["nonce"]))
    token, _ = open_session(door, user)
    done = RedirectResponse("/")
    done.delete_cookie(PENDING, path=PATH, httponly=True, samesite="lax")
    done.set_cookie(
        COOKIE, token, max_age=int(SESSION_LASTS.total_seconds()), httponly=True, samesite="lax",
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip
    return done


def _provider(door: Door) -> dict[str, str]:
    """What the provider says of itself; it must bear the very name the settings trust."""
    issuer = door.settings.oidc_issuer
    if issuer is None or door.settings.oidc_client is None:
        raise NoProvider("no identity provider is set; log in with user and password")
    known = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    if any(not isinstance(known.get(name), str) for name in needed) or known["issuer"] != issuer:
        raise ProviderFailed("the identity provider does not describe itself as the one set")
    for name in needed[1:]:
        if urlsplit(known[name]).scheme != urlsplit(issuer).scheme:
            raise ProviderFailed(f"the identity provider names a {name} of another scheme")
    return {name: known[name] for name in needed}


def _fetched(address: str) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.get(address, timeout=ANSWERS_WITHIN_SECONDS)
        told = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        raise ProviderFailed("the identity provider cannot be reached at the moment") from None
    if not isinstance(told, dict):
        raise ProviderFailed("the identity provider answers what it must not")
    return told


def _client(door: Door, request: Request) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client

    client: Any = OAuth2Client
    return client(
        door.settings.oidc_client, door.settings.oidc_secret, scope=SCOPE, code_challenge_method="S256",
        redirect_uri=f"{request.url.scheme}://{request.url.netloc}{PATH}/callback",
        timeout=ANSWERS_WITHIN_SECONDS,
    )  # fmt: skip


def _pending(request: Request) -> dict[str, str]:
    try:
        told = json.loads(urlsafe_b64decode(request.cookies.get(PENDING, "").encode()))
        return {name: str(told[name]) for name in ("state", "nonce", "verifier")}
    except (ValueError, KeyError, TypeError):
        raise NotLoggedIn("this answer belongs to no log-in begun here; begin again") from None


def _exchange(
    door: Door, request: Request, known: dict[str, str], *, code: str, verifier: str
) -> str:
    import httpx
    from authlib.common.errors import AuthlibBaseError

    try:
        with _client(door, request) as client:
            told = client.fetch_token(known["token_endpoint"], code=code, code_verifier=verifier)
    except AuthlibBaseError:
        raise NotLoggedIn("the identity provider did not log you in") from None
    except (httpx.HTTPError, ValueError):
        raise ProviderFailed("the identity provider cannot be reached at the moment") from None
    if not isinstance(told, dict) or not isinstance(told.get("id_token"), str):
        raise ProviderFailed("the identity provider answers what it must not")
    return str(told["id_token"])


def _claims(door: Door, known: dict[str, str], id_token: str, *, nonce: str) -> dict[str, Any]:
    """The claims of an identity token whose signature, issuer, audience, time and nonce are right."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        keys = KeySet.import_key_set(_fetched(known["jwks_uri"]))  # type: ignore[arg-type]  # checked by it
        token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        jwt.JWTClaimsRegistry(
            now=int((door.clock() + door.settings.behind).timestamp()), leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": known["issuer"]},
            aud={"essential": True, "value": door.settings.oidc_client or ""},
            exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
            nonce={"essential": True, "value": nonce},

        ).validate(token.claims)  # fmt: skip
    except (JoseError, ValueError, KeyError, TypeError):
        raise NotLoggedIn("the identity provider's answer does not hold; begin again") from None
    several = token.claims.get("aud")
    if isinstance(several, list) and len(several) > 1:
        party = token.claims.get("azp")
        if party != door.settings.oidc_client:
            raise NotLoggedIn("the identity provider's answer is meant for another program")
    return token.claims


def _user(door: Door, claims: dict[str, Any]) -> User:
    """The user on record whom the claims name, with the duties in force."""
    name = claims.get(NAME_CLAIM)
    found = door.store.find_user(name) if isinstance(name, str) and "\x00" not in name else None
    held = () if found is None else tuple(g for g in found[0].grants if g.in_force(door.clock()))
    if found is None or not held:
        raise NotLoggedIn("the identity provider knows you, this record does not; ask to be added")
    return User(name=found[0].name, shown_as=found[0].shown_as, grants=held)
