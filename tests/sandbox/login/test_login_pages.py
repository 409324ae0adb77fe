"""The pages where people answer: consumer keys, keys of their own applications."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.protocol import ApplicationKey, Request, sign_request
from ovhcore_transports import sandbox as sb
from ovhcore_transports.sandbox import Sandbox
from tests.sandbox.person import ACCOUNT, NOW, PASSWORD, Page, Person

pytestmark = pytest.mark.once

ORIGIN = "https://eu.api.ovh.com"
RULES = [{"method": "GET", "path": "/me"}, {"method": "GET", "path": "/me/*"}, {"method": "POST", "path": "/sms/*"}]


def ask(box: Sandbox, rules: Any = RULES, *, redirection: str | None = None, now: float = NOW) -> dict[str, Any]:
    body = json.dumps({"accessRules": rules, "allowedIPs": ["192.0.2.0/24"], "redirection": redirection}).encode()
    request = Request("POST", ORIGIN + "/1.0/auth/credential", {"X-Ovh-Application": sb.APPLICATION_KEY}, body)
    response = box.handle(request, now)
    assert response.status == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def call(box: Sandbox, method: str, path: str, key: str, body: Any = None, now: float = NOW, **keys: str) -> Any:
    """Make a signed call; return the value, or the status and what the error is."""
    sent = b"" if body is None else json.dumps(body).encode()
    known = ApplicationKey(keys.get("ak", sb.APPLICATION_KEY), keys.get("secret", sb.APPLICATION_SECRET), key)
    response = box.handle(sign_request(Request(method, ORIGIN + path, {}, sent), known, int(now)), now)
    value = response.json()
    return value if response.status == 200 else (response.status, value.get("errorCode") or value["class"])


def own(box: Sandbox, method: str, path: str, body: Any = None, now: float = NOW) -> Any:
    return call(box, method, path, sb.CONSUMER_KEY, body, now)


def test_an_application_is_let_in() -> None:
    box = Sandbox()
    asked = ask(box)
    key = asked["consumerKey"]
    assert call(box, "GET", "/1.0/me", key) == (403, "INVALID_CREDENTIAL")
    person = Person(box)
    page = person.open(asked["validationUrl"])
    assert person.response.status == 200
    assert "Sandbox application" in page.text
    assert "/sms" not in page.text  # nobody has signed in
    page = person.sign_in()
    assert "Read /me and everything below it" in page.text
    assert "Create and run everything below /sms" in page.text
    assert "GET /me/*" in person.response.text
    assert "192.0.2.0/24" in page.text
    assert call(box, "GET", "/1.0/me", key) == (403, "INVALID_CREDENTIAL")
    page = person.press("accept", validity="1 day")
    assert "Access granted" in page.text
    assert "2026-01-02T00:00:00+00:00" in page.text
    assert call(box, "GET", "/1.0/me", key)["firstname"] == "Ada"
    assert call(box, "GET", "/1.0/domain/zone", key) == (403, "NOT_GRANTED_CALL")
    current = own(box, "GET", "/1.0/me/api/credential/" + str(own(box, "GET", "/1.0/me/api/credential")[1]))
    assert current["status"] == "validated"
    assert current["creation"] == current["lastUse"] == "2026-01-01T00:00:00+00:00"
    assert current["expiration"] == "2026-01-02T00:00:00+00:00"
    assert call(box, "GET", "/1.0/me", key, now=NOW + 86400) == (403, "INVALID_CREDENTIAL")
    assert own(box, "GET", "/1.0/me/api/credential?status=expired", now=NOW + 86400) == [current["credentialId"]]


def test_an_application_is_refused_and_the_browser_goes_back() -> None:
    box = Sandbox()
    asked = ask(box, redirection="https://app.example.com/back?x=é 1")
    person = Person(box)
    person.open(asked["validationUrl"])
    assert "form-action 'self' https://app.example.com;" in person.response.headers["content-security-policy"]
    assert "https://app.example.com" in person.sign_in().text
    person.press("refuse")
    assert person.response.status == 303
    assert person.response.headers["location"] == "https://app.example.com/back?x=%C3%A9%201"
    assert call(box, "GET", "/1.0/me", asked["consumerKey"]) == (403, "INVALID_CREDENTIAL")
    page = person.open(asked["validationUrl"])
    assert "Access refused" in page.text
    assert "Go back to the application" in page.text


def test_a_wrong_password() -> None:
    person = Person(Sandbox())
    person.open(ask(person.box)["validationUrl"])
    for account, password in ((ACCOUNT, "wrong"), ("somebody", PASSWORD), ("", PASSWORD), (ACCOUNT, "\ud800")):
        page = person.sign_in(account, password.encode("utf-8", "replace").decode())
        assert person.response.status == 403
        assert "The account or the password is wrong." in page.text
    assert "Accept" in person.sign_in("ADA@example.com ").text


def test_two_tabs() -> None:
    box = Sandbox()
    url = ask(box)["validationUrl"]
    first = Person(box)
    first.open(url)
    second = Person(box)
    second.cookies, second.url, second.response = first.cookies, first.url, first.response  # one browser
    assert "Accept" in first.sign_in().text
    # The other tab still has the form of before.
    page = second.sign_in()
    assert second.response.status == 403
    assert "out of date" in page.text
    assert "Accept" in page.text
    first.press("accept")
    page = second.press("refuse")
    assert second.response.status == 409
    assert "Access granted" in page.text
    assert own(box, "GET", "/1.0/me/api/credential?status=validated")[1:] != []


def test_links_that_are_over() -> None:
    box = Sandbox()
    person = Person(box)
    for url in (f"{ORIGIN}/auth/?credentialToken=no", f"{ORIGIN}/auth/", f"{ORIGIN}/auth"):
        assert "No application waits" in person.open(url).text
        assert person.response.status == 404
    asked = ask(box)
    person.now = NOW + 24 * 3600
    assert "expired" in person.open(asked["validationUrl"]).text
    assert call(box, "GET", "/1.0/me", asked["consumerKey"], now=person.now) == (403, "INVALID_CREDENTIAL")
    person.now = NOW
    box.expire(asked["consumerKey"])
    assert "Too late" in person.open(asked["validationUrl"]).text
    assert own(box, "DELETE", "/1.0/me/api/credential/" + str(own(box, "GET", "/1.0/me/api/credential")[1])) is None
    assert "No application waits" in person.open(asked["validationUrl"]).text


def test_an_application_that_is_gone_meanwhile() -> None:
    box = Sandbox()
    person = Person(box)
    page = create(person, "GET=/me")
    keys = keys_on(page)
    body = json.dumps({"accessRules": RULES}).encode()
    fields = {"X-Ovh-Application": keys["application_key"]}
    asked = box.handle(Request("POST", ORIGIN + "/1.0/auth/credential", fields, body), NOW).json()
    number = own(box, "GET", "/1.0/me/api/application")[1]
    assert own(box, "GET", "/1.0/me/api/credential?applicationId=1") == [1000]
    ids = own(box, "GET", f"/1.0/me/api/credential?applicationId={number}")
    assert own(box, "GET", f"/1.0/me/api/credential/{ids[0]}/application")["name"] == "My script"
    assert own(box, "DELETE", f"/1.0/me/api/application/{number}") is None
    assert own(box, "GET", f"/1.0/me/api/application/{number}") == (404, "Client::NotFound")
    assert own(box, "GET", f"/1.0/me/api/credential/{ids[0]}/application") == (404, "Client::NotFound")
    box._state.keys.credentials[asked["consumerKey"]]["state"] = "pendingValidation"
    assert "Access refused" in person.open(asked["validationUrl"]).text
    assert box.handle(Request("POST", ORIGIN + "/1.0/auth/credential", fields, body), NOW).status == 403


def test_forms_of_other_sites() -> None:
    box = Sandbox()
    asked = ask(box)
    person = Person(box)
    person.open(asked["validationUrl"])
    person.sign_in()
    for body in (b"action=accept", b"action=accept&proof=", b"action=accept&proof=guessed", b"action=accept&" * 600):
        person.ask("POST", asked["validationUrl"], body)
        assert person.response.status == 403
    stranger = Person(box)
    stranger.ask("POST", asked["validationUrl"], b"action=accept")
    assert stranger.response.status == 403
    proof = dict(stranger.page.forms[0]["fields"])["proof"]
    stranger.ask("POST", asked["validationUrl"], f"action=accept&proof={proof}".encode())
    assert "Please sign in first." in stranger.page.text
    assert call(box, "GET", "/1.0/me", asked["consumerKey"]) == (403, "INVALID_CREDENTIAL")
    for text in ("action=what&proof={}", "action=accept&validity=always&proof={}", "proof={}"):
        proof = dict(person.page.forms[0]["fields"])["proof"]
        person.ask("POST", asked["validationUrl"], text.format(proof).encode())
        assert person.response.status == 400
    assert call(box, "GET", "/1.0/me", asked["consumerKey"]) == (403, "INVALID_CREDENTIAL")


def test_a_cookie_is_for_one_sandbox_and_signing_in_changes_it() -> None:
    box = Sandbox()
    person = Person(box)
    url = ask(box)["validationUrl"]
    person.open(url)
    before = dict(person.cookies)
    field = next(value for name, value in person.response.headers.pairs if name == "Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Secure"} <= set(field.split("; "))
    person.sign_in()
    assert person.cookies != before
    assert before.keys() == person.cookies.keys()
    thief = Person(box)
    thief.cookies = before
    assert "Sign in" in thief.open(url).text
    person.press("sign-out")
    assert "account" in [name for name, _ in person.page.forms[0]["fields"]]
    plain = box.handle(Request("GET", url.replace("https:", "http:"), {"Cookie": "other=1; ovhcore_sandbox_x=2"}), NOW)
    assert "Secure" not in plain.headers["set-cookie"]


def test_visitors_are_bounded() -> None:
    box = Sandbox()
    first = Person(box)
    url = ask(box)["validationUrl"]
    first.open(url)
    first.sign_in()
    for _ in range(1010):
        box.handle(Request("GET", url), NOW)
    assert len(box._door._visitors._visits) == 1000
    assert "Sign in" in first.open(url).text


def test_what_keys_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovhcore_transports.sandbox.login.keys._MOST", 100)
    box = Sandbox()
    for _ in range(150):
        ask(box, [])
    ring = box._state.keys
    assert len(ring.credentials) == len(ring.waiting) == 100
    assert own(box, "GET", "/1.0/me")["firstname"] == "Ada"


def test_methods_of_pages() -> None:
    box = Sandbox()
    url = ask(box)["validationUrl"]
    assert box.handle(Request("DELETE", url), NOW).status == 405
    assert box.handle(Request("HEAD", url), NOW).status == 200


def create(person: Person, query: str, path: str = "/createToken/", **values: str) -> Page:
    person.open(f"{ORIGIN}{path}?{query}")
    if "account" in dict(person.page.forms[0]["fields"]):
        person.sign_in()
    return person.press("create", **{"name": "My script", **values})


def keys_on(page: Page) -> dict[str, str]:
    return dict(re.findall(r"^(\w+_(?:key|secret)) = (\w+)$", page.text, re.MULTILINE))


def test_three_keys_at_once() -> None:
    box = Sandbox()
    person = Person(box)
    page = person.open(ORIGIN + "/createToken?GET=/me&GET=/me/*&PUT=/domain/zone/*&name=certbot&duration=1+day&x=y")
    assert "three keys" in page.text
    page = person.sign_in()
    fields = person.page.forms[0]["fields"]
    assert ["name", "certbot"] in fields
    assert ["validity", "1 day"] in fields
    assert [value for name, value in fields if name == "path"] == ["/me", "/me/*", "/domain/zone/*", ""]
    assert [value for name, value in fields if name == "method"] == ["GET", "GET", "PUT", "GET"]
    assert "Read /me and everything below it" in page.text
    page = person.press("more")
    assert [value for name, value in page.forms[0]["fields"] if name == "path"].count("") == 4
    page = person.press("create")
    keys = keys_on(page)
    assert list(keys) == ["application_key", "application_secret", "consumer_key"]
    assert f"endpoint = {ORIGIN}/1.0" in page.text
    assert person.response.headers["cache-control"] == "no-store"
    ak, secret, key = keys.values()
    assert call(box, "GET", "/1.0/me", key, ak=ak, secret=secret)["firstname"] == "Ada"
    assert call(box, "GET", "/1.0/domain/zone", key, ak=ak, secret=secret) == (403, "NOT_GRANTED_CALL")
    assert call(box, "GET", "/1.0/me", key, ak=ak, secret=secret, now=NOW + 86400) == (403, "INVALID_CREDENTIAL")
    # Keys of two applications do not go together.
    assert call(box, "GET", "/1.0/me", key) == (403, "NOT_CREDENTIAL")
    number = own(box, "GET", "/1.0/me/api/application")[1]
    shown = own(box, "GET", f"/1.0/me/api/application/{number}")
    assert shown["name"] == "certbot"
    assert secret not in json.dumps(shown)


@pytest.mark.parametrize("path", ["/createApp", "/createApp/", "/api/createApp", "/auth/api/createApp"])
def test_two_keys(path: str) -> None:
    keys = keys_on(create(Person(Sandbox()), "", path))
    assert list(keys) == ["application_key", "application_secret"]


@pytest.mark.parametrize("path", ["/createToken", "/api/createToken", "/auth/api/createToken/"])
def test_where_tokens_are_made(path: str) -> None:
    assert len(keys_on(create(Person(Sandbox()), "GET=/*", path))) == 3


@pytest.mark.parametrize(
    ("query", "values", "said"),
    [
        ("GET=/me", {"name": " "}, "An application has a name"),
        ("GET=/me", {"name": "x" * 201}, "at most 200"),
        ("GET=/me", {"description": "x" * 201}, "at most 200"),
        ("", {}, "At least one right"),
        ("GET=me", {}, "begins with /, as GET /me, not GET me"),
        ("GET=/me", {"method": "BREW"}, "not BREW /me"),
        ("GET=/me", {"validity": "always"}, "There is no validity"),
    ],
)
def test_forms_that_are_wrong(query: str, values: dict[str, str], said: str) -> None:
    person = Person(Sandbox())
    page = create(person, query, **values)
    assert person.response.status == 400
    assert said in page.text
    assert len(own(person.box, "GET", "/1.0/me/api/application")) == 1


def test_the_account_manages_its_keys() -> None:
    box = Sandbox(auto_validate=True)
    asked = ask(box)
    number = own(box, "GET", "/1.0/me/api/credential?status=validated")[1]
    path = f"/1.0/me/api/credential/{number}"
    assert own(box, "GET", path)["allowedIPs"] == ["192.0.2.0/24"]
    own(box, "PUT", path, {"allowedIPs": ["198.51.100.0/24"]})
    assert own(box, "GET", path)["allowedIPs"] == ["198.51.100.0/24"]
    own(box, "PUT", path, {"allowedIPs": None})
    own(box, "PUT", path, {})
    assert own(box, "GET", path)["allowedIPs"] is None
    assert own(box, "PUT", path, {"allowedIPs": 1}) == (400, "Client::BadRequest")
    assert call(box, "GET", "/1.0/me", asked["consumerKey"])["firstname"] == "Ada"
    own(box, "DELETE", path)
    assert call(box, "GET", "/1.0/me", asked["consumerKey"]) == (403, "NOT_CREDENTIAL")
    assert own(box, "GET", path) == (404, "Client::NotFound")


@pytest.mark.parametrize(
    "redirection", ["javascript:alert(1)", "data:text/html,x", "//evil", "https://", "http://[", "http://a;b/", 5]
)
def test_redirections_that_lead_nowhere(redirection: Any) -> None:
    body = json.dumps({"accessRules": RULES, "redirection": redirection}).encode()
    request = Request("POST", ORIGIN + "/1.0/auth/credential", {"X-Ovh-Application": sb.APPLICATION_KEY}, body)
    assert Sandbox().handle(request, NOW).status == 400


TAGS = set(
    re.findall(
        r"\w+",
        """html head meta title style body header main footer h1 h2 p form input label button div code
    select option fieldset legend ul li strong dl dt dd pre a br""",
    )
)
ODD = st.text(alphabet="<>&\"'/;%{}\r\n\t ab\u202eé\x00", min_size=1, max_size=30)


@given(ODD, ODD, ODD)
def test_whatever_is_shown_is_escaped(name: str, path: str, about: str) -> None:
    box = Sandbox()
    person = Person(box)
    query = f"GET={quote('/' + path)}&name={quote(name)}&description={quote(about)}"
    person.open(f"{ORIGIN}/createToken?{query}")
    assert set(person.sign_in().tags) <= TAGS
    page = person.press("create")
    assert set(page.tags) <= TAGS
    url = ask(box, [{"method": name, "path": path}], redirection="https://a.example/" + path)["validationUrl"]
    page = person.open(url)
    assert set(page.tags) <= TAGS
    assert page.forms[0]["action"] == url.removeprefix(ORIGIN)
    person.press("accept")
    location = person.response.headers["location"]
    assert location.isascii()
    assert location.isprintable()
    assert set(person.open(url + "&x=" + quote(name)).tags) <= TAGS
