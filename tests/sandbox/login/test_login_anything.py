"""Whatever is sent to pages and to the admin path is answered, and nobody is let in by it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.protocol import Request
from ovhcore_transports.sandbox import Sandbox
from ovhcore_transports.sandbox.control.admin import answer_admin
from ovhcore_transports.sandbox.serving.origin_guard import OriginGuard
from tests.sandbox.login.test_login_oauth2 import make_client
from tests.sandbox.login.test_login_pages import ORIGIN, ask, own
from tests.sandbox.person import NOW, Person

pytestmark = pytest.mark.once

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = st.sampled_from(
    ["1 day", "", *["accept", "refuse", "create", "more", "sign-in", "sign-out", "GET", "/*", "all", "code", "S256"]]
)
NAMES = st.sampled_from(
    [
        "action",
        "name",
        "description",
        "method",
        "path",
        "validity",
        "account",
        "password",
        "scope",
        "response_type",
        "redirect_uri",
        "code_challenge",
        "code_challenge_method",
        "state",
        "duration",
    ]
)
FIELDS = st.lists(st.tuples(NAMES | TEXTS, WORDS | TEXTS), max_size=8)
PAGES = st.sampled_from(["/auth/", "/createToken/", "/createApp", "/auth/oauth2/authorize"])


def told(person: Person) -> str:
    return next((value for form in person.page.forms for name, value in form["fields"] if name == "proof"), "")


@given(PAGES, FIELDS, FIELDS, st.booleans(), st.booleans())
def test_pages(path: str, query: list[Any], form: list[Any], signed_in: bool, proven: bool) -> None:
    box = Sandbox()
    asked, client = ask(box), make_client(box)
    person = Person(box)
    person.open(f"{ORIGIN}/createApp")
    if signed_in:
        person.sign_in()
    proof = told(person)
    token = asked["validationUrl"].partition("=")[2]
    known = [("credentialToken", token), ("client_id", client["clientId"])]
    url = f"{ORIGIN}{path}?{urlencode([*query, *known])}"
    for method, body in (("GET", []), ("POST", [*form, *([("proof", proof)] if proven else [])])):
        person.ask(method, url, urlencode(body).encode())
        response = person.response
        assert response.status in (200, 303, 400, 403, 405, 409)
        assert all(value.isprintable() and value.isascii() for _, value in response.headers.pairs)
    if not (signed_in and proven):
        assert own(box, "GET", "/1.0/me/api/credential?status=validated") == [1000]
        assert own(box, "GET", "/1.0/me/api/application") == [1]
        assert box._state.keys.codes == {}


@given(PAGES, st.binary(max_size=60), st.text(st.characters(max_codepoint=255), max_size=30))
def test_bytes(path: str, body: bytes, cookie: str) -> None:
    request = Request("POST", ORIGIN + path, {"Cookie": cookie}, body)
    assert Sandbox().handle(request, NOW).status in (303, 400, 403, 404)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PLACES = st.sampled_from(
    [
        "settings",
        "clock",
        "snapshot",
        "snapshots/x",
        "snapshots/x/load",
        "resources",
        "credentials/1/expire",
        "log?last=x",
    ]
)
MEMBERS = st.sampled_from(
    ["latency", "rate_limit", "faults", "modes", "advance", "freeze", "format", "state", "me", "bills"]
)


@given(st.sampled_from(["GET", "POST", "PUT", "PATCH"]), PLACES, st.dictionaries(MEMBERS, JSON, max_size=3) | JSON)
def test_the_admin_path(method: str, place: str, body: Any) -> None:
    box = Sandbox()
    sent = json.dumps(body).encode()
    fields = {"Content-Type": "application/json"}
    response = answer_admin(box, Request(method, f"{ORIGIN}/_sandbox/{place}", fields, sent))
    assert response.status in (200, 400, 404, 405)
    response.json()
    if response.status == 200:
        return
    # What is refused changed nothing.
    assert box.settings() == Sandbox().settings()
    assert box.snapshot() == Sandbox().snapshot()


@given(st.from_regex("x[a-z0-9-]{0,20}", fullmatch=True), st.integers(0, 65535))
def test_names_that_look_like_a_known_one(part: str, port: int) -> None:
    guard = OriginGuard(["box.example"])
    for name in (f"127.0.0.1.{part}.com", f"localhost.{part}.com", f"box.example.{part}", f"{part}box.example",
                 f"{part}.box.example", f"{part}localhost", f"{part}.com"):  # fmt: skip
        for host in (name, f"{name}:{port}", f"{name}."):
            assert guard.refusal(Request("GET", f"http://{host}/", {})) is not None
            page = Request("GET", "http://127.0.0.1/", {"Origin": f"http://{host}"})
            assert guard.refusal(page) is not None
