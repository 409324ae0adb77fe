"""The authorization code flow, by hand and by somebody else's client."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ovhcore.protocol import Request
from ovhcore_transports.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox
from tests.sandbox.login.test_login_pages import ORIGIN, own
from tests.sandbox.person import NOW, Person

pytestmark = pytest.mark.once

CALLBACK = "https://app.example.com/back?tenant=1"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B


def make_client(box: Sandbox, flow: str = "AUTHORIZATION_CODE", callbacks: Any = (CALLBACK,), **more: Any) -> Any:
    body = {"name": "Dashboard", "description": "Shows bills", "flow": flow, "callbackUrls": list(callbacks), **more}
    return own(box, "POST", "/1.0/me/api/oauth2/client", body)


def authorize(person: Person, **query: str) -> dict[str, str]:
    """Go to the page; return what the callback URL got, {} where the browser stays."""
    known = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "all", "state": "a b"}
    asked = {name: value for name, value in {**known, **query}.items() if value}
    person.open(f"{ORIGIN}/auth/oauth2/authorize?{urlencode(asked)}")
    if person.response.status == 200:
        if "sign-in" in person.page.forms[0]["buttons"]:
            person.sign_in()
        person.press("accept")
    location = person.response.headers.get("location", "")
    assert not location or location.startswith("https://app.example.com/back?tenant=1&")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def token(box: Sandbox, client: dict[str, str], now: float = NOW, **form: str) -> Any:
    sent = {"client_id": client["clientId"], "client_secret": client["clientSecret"], **form}
    response = box.handle(Request("POST", f"{ORIGIN}/auth/oauth2/token", {}, urlencode(sent).encode()), now)
    value = response.json()
    return value if response.status == 200 else (response.status, value["error"])


def exchange(box: Sandbox, client: dict[str, str], code: str, now: float = NOW, **form: str) -> Any:
    known = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return token(box, client, now, **{**known, **form})


def bearer(box: Sandbox, access_token: str, now: float = NOW) -> int:
    request = Request("GET", f"{ORIGIN}/1.0/me", {"Authorization": f"Bearer {access_token}"})
    return box.handle(request, now).status


def test_somebody_signs_in() -> None:
    box = Sandbox()
    client = make_client(box)
    person = Person(box)
    back = authorize(person, client_id=client["clientId"], code_challenge=CHALLENGE, code_challenge_method="S256")
    assert back["state"] == "a b"
    assert exchange(box, client, back["code"]) == (400, "invalid_grant")
    assert exchange(box, client, back["code"], code_verifier="wrong") == (400, "invalid_grant")
    assert exchange(box, client, back["code"], redirect_uri="", code_verifier=VERIFIER) == (400, "invalid_grant")
    issued = exchange(box, client, back["code"], code_verifier=VERIFIER)
    assert (issued["token_type"], issued["scope"]) == ("Bearer", "all")
    assert bearer(box, issued["access_token"]) == 200
    later = NOW + issued["expires_in"]
    assert bearer(box, issued["access_token"], later) == 401
    again = token(box, client, later, grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert bearer(box, again["access_token"], later) == 200
    # A refresh token is good once.
    used = token(box, client, later, grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert used == (400, "invalid_grant")
    # A code that comes twice takes back all that it led to.
    assert exchange(box, client, back["code"], code_verifier=VERIFIER) == (400, "invalid_grant")
    assert bearer(box, again["access_token"], later) == 401
    gone = token(box, client, later, grant_type="refresh_token", refresh_token=again["refresh_token"])
    assert gone == (400, "invalid_grant")


def test_without_a_challenge_and_without_saying_where() -> None:
    box = Sandbox()
    client = make_client(box)
    person = Person(box)
    back = authorize(person, client_id=client["clientId"], redirect_uri="", state="")
    assert "state" not in back
    assert exchange(box, client, back["code"], redirect_uri="", code_verifier="x") == (400, "invalid_grant")
    assert exchange(box, client, back["code"], NOW + 600, redirect_uri="") == (400, "invalid_grant")
    assert "refresh_token" in exchange(box, client, back["code"], redirect_uri="")
    other = make_client(box)
    back = authorize(person, client_id=client["clientId"], code_challenge=VERIFIER)
    assert exchange(box, other, back["code"], code_verifier=VERIFIER) == (400, "invalid_grant")
    assert "refresh_token" in exchange(box, client, back["code"], code_verifier=VERIFIER)
    assert exchange(box, client, "no") == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "MD5"}, "invalid_request"),
    ],
)
def test_requests_of_applications_that_are_wrong(query: dict[str, str], error: str) -> None:
    box = Sandbox()
    client = make_client(box)
    back = authorize(Person(box), client_id=client["clientId"], **query)
    assert (back["error"], back["state"]) == (error, "a b")


def test_where_nobody_is_sent() -> None:
    box = Sandbox()
    client = make_client(box)
    person = Person(box)
    for query in ({"client_id": "no"}, {"client_id": CLIENT_ID}, {"redirect_uri": CALLBACK + "2"}):
        assert authorize(person, **{"client_id": client["clientId"], **query}) == {}
        assert person.response.status == 400
    several = make_client(box, callbacks=[CALLBACK, "https://b.example/"])
    assert authorize(person, client_id=several["clientId"], redirect_uri="") == {}
    assert person.response.status == 400


def test_somebody_refuses() -> None:
    box = Sandbox()
    client = make_client(box, description="")
    person = Person(box)
    query = urlencode({"response_type": "code", "client_id": client["clientId"], "scope": "all account/read"})
    person.open(f"{ORIGIN}/auth/oauth2/authorize?{query}")
    assert "Dashboard" in person.page.text
    page = person.sign_in()
    assert "account/read" in page.text
    proof = dict(page.forms[0]["fields"])["proof"]
    person.ask("POST", person.url, f"proof={proof}&action=what".encode())
    assert person.response.status == 400
    person.press("refuse")
    assert "error=access_denied" in person.response.headers["location"]


def test_clients_of_the_other_flow() -> None:
    box = Sandbox()
    people = make_client(box)
    service = make_client(box, "CLIENT_CREDENTIALS", [])
    assert token(box, people, grant_type="client_credentials") == (400, "unauthorized_client")
    assert "refresh_token" not in token(box, service, grant_type="client_credentials")
    assert token(box, service, grant_type="password") == (400, "unsupported_grant_type")
    assert token(box, service, grant_type="client_credentials", client_secret="no") == (
        400,
        "invalid_client_credentials",
    )


def test_the_account_manages_its_clients() -> None:
    box = Sandbox()
    client = make_client(box)
    name, path = client["clientId"], f"/1.0/me/api/oauth2/client/{client['clientId']}"
    assert own(box, "GET", "/1.0/me/api/oauth2/client") == [CLIENT_ID, name]
    shown = own(box, "GET", path)
    assert shown["identity"] == f"urn:v1:eu:identity:credential:aa1234-ovh/oauth2-{name}"
    assert client["clientSecret"] not in json.dumps(shown)
    own(box, "PUT", path, {"name": "Board", "callbackUrls": ["http://127.0.0.1:1/"]})
    own(box, "PUT", path, {"description": "Bills"})
    own(box, "PUT", path)
    shown = own(box, "GET", path)
    assert (shown["name"], shown["description"], shown["callbackUrls"]) == ("Board", "Bills", ["http://127.0.0.1:1/"])
    assert own(box, "PUT", path, {"callbackUrls": []}) == (400, "Client::BadRequest")
    issued = token(box, {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}, grant_type="client_credentials")
    assert bearer(box, issued["access_token"]) == 200
    own(box, "DELETE", f"/1.0/me/api/oauth2/client/{CLIENT_ID}")
    assert bearer(box, issued["access_token"]) == 401
    assert own(box, "GET", f"/1.0/me/api/oauth2/client/{CLIENT_ID}") == (404, "Client::NotFound")


@pytest.mark.parametrize(
    "more", [{"flow": "OTHER"}, {"callbackUrls": [1]}, {"callbackUrls": ["javascript:x"]}, {"callbackUrls": []}]
)
def test_clients_that_are_none(more: dict[str, Any]) -> None:
    assert make_client(Sandbox(), **more) == (400, "Client::BadRequest")


def test_what_is_issued_is_bounded() -> None:
    box = Sandbox(token_lifetime=10)
    service = {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
    for second in range(300):
        token(box, service, NOW + second, grant_type="client_credentials")
    assert len(box._state.keys.tokens) <= 11
    client = make_client(box)
    person = Person(box)
    for _ in range(1010):
        box._state.keys.codes[box._state.opaque("code")] = {}
    assert "code" in authorize(person, client_id=client["clientId"])
    assert len(box._state.keys.codes) == 1000


def test_a_client_in_its_header_field_may_be_escaped() -> None:
    box = Sandbox()
    client = make_client(box, "CLIENT_CREDENTIALS", [])
    pair = base64.b64encode(
        f"{client['clientId']}:%{ord(client['clientSecret'][0]):x}{client['clientSecret'][1:]}".encode()
    )
    fields = {"Authorization": f"Basic {pair.decode()}"}
    request = Request("POST", f"{ORIGIN}/auth/oauth2/token", fields, b"grant_type=client_credentials")
    assert box.handle(request, NOW).status == 200


def test_the_challenge_is_that_of_the_standard() -> None:
    assert base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=") == CHALLENGE
    assert re.fullmatch("[A-Za-z0-9_-]{43}", CHALLENGE)
