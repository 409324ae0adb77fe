from __future__ import annotations

import base64
import json
import os
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.protocol.credentials import ApplicationKey
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.requests.building import sign_request
from ovhcore_transports import sandbox as sb
from ovhcore_transports.sandbox import Sandbox

pytestmark = pytest.mark.once

NOW = 1_767_225_600
ORIGIN = "https://eu.api.ovh.com"
KEYS = ApplicationKey(sb.APPLICATION_KEY, sb.APPLICATION_SECRET, sb.CONSUMER_KEY)


def signed(method: str, path: str, body: bytes = b"", *, time: int = NOW, keys: ApplicationKey = KEYS) -> Request:
    return sign_request(Request(method, ORIGIN + path, {}, body), keys, time)


def code(response: Response) -> tuple[int, str]:
    body = response.json()
    return response.status, body.get("errorCode") or body.get("class") or body.get("error")


def test_a_signed_call_is_answered() -> None:
    response = Sandbox().handle(signed("GET", "/1.0/me"), NOW)
    assert response.status == 200
    assert response.json()["firstname"] == "Ada"
    assert response.headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert response.query_id is not None
    assert response.query_id.startswith("SB.ext-1.")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: Request(r.method, r.url + "?a=1", r.headers, r.body), (400, "INVALID_SIGNATURE")),
        (lambda r: Request("GET", r.url, r.headers), (400, "INVALID_SIGNATURE")),
        (lambda r: Request(r.method, r.url, r.headers, r.body + b" "), (400, "INVALID_SIGNATURE")),
        (lambda r: Request(r.method, r.url.replace("/1.0/", "/v1/"), r.headers, r.body), (400, "INVALID_SIGNATURE")),
    ],
)
def test_a_changed_request_is_refused(change: Any, expected: tuple[int, str]) -> None:
    request = signed("PUT", "/1.0/me", b"{}")
    assert Sandbox().handle(request, NOW).status == 200
    assert code(Sandbox().handle(change(request), NOW)) == expected


def test_the_body_of_a_get_is_hashed_and_read_by_nobody() -> None:
    request = signed("GET", "/1.0/domain/zone/example.com/record?fieldType=MX", b'{"fieldType":"A"}')
    assert Sandbox().handle(request, NOW).json() == [1003]
    assert Sandbox().handle(signed("GET", "/1.0/me", b"no JSON"), NOW).status == 200
    without = Request("GET", request.url, request.headers)
    assert code(Sandbox().handle(without, NOW)) == (400, "INVALID_SIGNATURE")


def test_the_body_of_a_delete_is_not_hashed() -> None:
    # As reported: https://github.com/ovh/java-ovh/issues/4
    path = "/1.0/domain/zone/example.com/record/1001"
    assert code(Sandbox().handle(signed("DELETE", path, b"{}"), NOW)) == (400, "INVALID_SIGNATURE")
    bare = signed("DELETE", path)
    assert Sandbox().handle(Request("DELETE", bare.url, bare.headers, b"{}"), NOW).status == 200


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("GET", ORIGIN + "/1.0/me"), (403, "INVALID_KEY")),
        (Request("GET", ORIGIN + "/1.0/me", {"X-Ovh-Application": sb.APPLICATION_KEY}), (401, "Client::Unauthorized")),
        (signed("GET", "/1.0/me", keys=ApplicationKey("other-key", "other", "other")), (403, "INVALID_KEY")),
        (signed("GET", "/1.0/me", keys=ApplicationKey(sb.APPLICATION_KEY, "x", "x")), (403, "NOT_CREDENTIAL")),
        (signed("GET", "/1.0/me", time=NOW - 181), (400, "QUERY_TIME_OUT")),
        (signed("GET", "/1.0/me", time=NOW + 181), (400, "QUERY_TIME_OUT")),
        (
            signed("GET", "/1.0/me", keys=ApplicationKey(sb.APPLICATION_KEY, "wrong", sb.CONSUMER_KEY)),
            (400, "INVALID_SIGNATURE"),
        ),
        (Request("GET", ORIGIN + "/1.0/me", {"Authorization": "Bearer nothing"}), (401, "Client::Unauthorized")),
        (signed("GET", "/1.0/nothing"), (404, "Client::NotFound")),
        (signed("GET", "/2.0/me"), (404, "Client::NotFound")),
        (signed("GET", "/v2/me"), (404, "Client::NotFound")),
        (signed("GET", "/1.0/iam/policy"), (404, "Client::NotFound")),
        (signed("PATCH", "/1.0/me"), (404, "Client::NotFound")),
        (signed("POST", "/1.0/auth/logout", b"{"), (400, "Client::BadRequest::InvalidJSON")),
    ],
)
def test_each_error(request_: Request, expected: tuple[int, str]) -> None:
    assert code(Sandbox().handle(request_, NOW)) == expected


def test_a_timestamp_that_is_no_number() -> None:
    request = signed("GET", "/1.0/me")
    fields = {**request.headers, "X-Ovh-Timestamp": "soon"}
    assert code(Sandbox().handle(Request("GET", request.url, fields), NOW)) == (400, "QUERY_TIME_OUT")


def ask(box: Sandbox, rules: Any) -> dict[str, Any]:
    body = json.dumps({"accessRules": rules, "allowedIPs": ["192.0.2.0/24"], "redirection": "https://a.b/"}).encode()
    request = Request("POST", ORIGIN + "/1.0/auth/credential", {"X-Ovh-Application": sb.APPLICATION_KEY}, body)
    response = box.handle(request, NOW)
    assert response.status == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_the_life_of_a_consumer_key() -> None:
    box = Sandbox()
    answer = ask(box, [{"method": "GET", "path": "/me"}, {"method": "POST", "path": "/auth/*"}])
    assert answer["state"] == "pendingValidation"
    assert answer["validationUrl"].startswith(f"{ORIGIN}/auth/?credentialToken=")
    key = answer["consumerKey"]
    keys = ApplicationKey(sb.APPLICATION_KEY, sb.APPLICATION_SECRET, key)
    get_me = signed("GET", "/1.0/me", keys=keys)
    assert code(box.handle(get_me, NOW)) == (403, "INVALID_CREDENTIAL")
    box.validate(key)
    assert box.handle(get_me, NOW).status == 200
    assert code(box.handle(signed("GET", "/1.0/me/bill", keys=keys), NOW)) == (403, "NOT_GRANTED_CALL")
    assert code(box.handle(signed("PUT", "/1.0/me", b"{}", keys=keys), NOW)) == (403, "NOT_GRANTED_CALL")
    box.expire(key)
    assert code(box.handle(get_me, NOW)) == (403, "INVALID_CREDENTIAL")
    box.refuse(key)
    assert "refused" in box.handle(Request("GET", answer["validationUrl"]), NOW).text
    box.validate(key)
    assert box.handle(signed("POST", "/1.0/auth/logout", keys=keys), NOW).body == b"null"
    assert code(box.handle(get_me, NOW)) == (403, "INVALID_CREDENTIAL")


def test_recursive_rules_and_keys_that_are_valid_at_once() -> None:
    box = Sandbox(auto_validate=True)
    key = ask(box, [{"method": "GET", "path": "/me/*"}])["consumerKey"]
    keys = ApplicationKey(sb.APPLICATION_KEY, sb.APPLICATION_SECRET, key)
    assert box.handle(signed("GET", "/1.0/me/bill", keys=keys), NOW).status == 200
    assert code(box.handle(signed("GET", "/1.0/me", keys=keys), NOW)) == (403, "NOT_GRANTED_CALL")


@pytest.mark.parametrize("rules", [None, "GET", [1], [{"method": "GET"}], [{"method": 1, "path": "/"}]])
def test_rules_that_are_none(rules: Any) -> None:
    body = json.dumps({"accessRules": rules}).encode()
    request = Request("POST", ORIGIN + "/1.0/auth/credential", {"X-Ovh-Application": sb.APPLICATION_KEY}, body)
    assert code(Sandbox().handle(request, NOW)) == (400, "Client::BadRequest")
    empty = Request("POST", request.url, request.headers)
    assert code(Sandbox().handle(empty, NOW)) == (400, "Client::BadRequest")
    unknown = Request("POST", request.url, {}, body)
    assert code(Sandbox().handle(unknown, NOW)) == (403, "INVALID_KEY")


def token_request(body: bytes, **headers: str) -> Request:
    return Request("POST", ORIGIN + "/auth/oauth2/token", headers, body)


GRANT = b"grant_type=client_credentials&scope=all"
GOOD = GRANT + f"&client_id={sb.CLIENT_ID}&client_secret={sb.CLIENT_SECRET}".encode()


def test_access_tokens() -> None:
    box = Sandbox(token_lifetime=100)
    answer = box.handle(token_request(GOOD), NOW).json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 100, "all")
    bearer = Request("GET", ORIGIN + "/1.0/auth/details", {"Authorization": f"Bearer {answer['access_token']}"})
    assert box.handle(bearer, NOW + 99).json()["method"] == "oauth2_client_credentials"
    assert box.handle(bearer, NOW + 100).status == 401
    current = Request("GET", ORIGIN + "/1.0/auth/currentCredential", bearer.headers)
    assert box.handle(current, NOW).status == 404
    logout = Request("POST", ORIGIN + "/1.0/auth/logout", bearer.headers)
    assert box.handle(logout, NOW).status == 200
    box.revoke_tokens()
    assert box.handle(bearer, NOW).status == 401


def test_tokens_by_basic_authentication() -> None:
    pair = base64.b64encode(f"{sb.CLIENT_ID}:{sb.CLIENT_SECRET}".encode()).decode()
    assert Sandbox().handle(token_request(GRANT, Authorization=f"Basic {pair}"), NOW).status == 200
    assert code(Sandbox().handle(token_request(GRANT, Authorization="Basic %%"), NOW)) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "unsupported_grant_type"),
        (GRANT + b"&client_id=x&client_secret=y", "invalid_client"),
        (GRANT + f"&client_id={sb.CLIENT_ID}&client_secret=y".encode(), "invalid_client_credentials"),
    ],
)
def test_token_errors(body: bytes, expected: str) -> None:
    assert code(Sandbox().handle(token_request(body), NOW)) == (400, expected)
    assert code(Sandbox(token_errors_status=200).handle(token_request(body), NOW)) == (200, expected)


def test_who_is_calling() -> None:
    box = Sandbox()
    assert box.handle(signed("GET", "/1.0/auth/details"), NOW).json()["method"] == "account"
    current = box.handle(signed("GET", "/v1/auth/currentCredential"), NOW).json()
    assert (current["status"], current["credentialId"]) == ("validated", 1000)


def test_nothing_depends_on_chance() -> None:
    def play() -> list[tuple[bytes, tuple[tuple[str, str], ...]]]:
        box = Sandbox()
        requests = [signed("GET", "/1.0/me"), token_request(GOOD), signed("POST", "/1.0/auth/logout")]
        answers = [box.handle(request, NOW) for request in requests]
        return [(answer.body, answer.headers.pairs) for answer in answers]

    assert play() == play()


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), st.text(max_size=40), st.binary(max_size=60), st.booleans())
def test_anything_is_answered(method: str, target: str, body: bytes, sign: bool) -> None:
    printable = target.encode("ascii", "ignore").decode()
    for path in (printable, "/1.0/" + printable, "/auth/oauth2/token", "/1.0/me?" + printable, "/1.0/auth/credential"):
        request = signed(method, path, body) if sign else Request(method, ORIGIN + path, {}, body)
        response = Sandbox().handle(request, NOW)
        assert 200 <= response.status < 500
        response.json()


def test_garbage_is_answered() -> None:
    box = Sandbox()
    odd = Request(
        "GET", ORIGIN + "/1.0/me?\ud800", {**dict(signed("GET", "/1.0/me").headers), "X-Ovh-Signature": "\ud800"}
    )
    assert code(box.handle(odd, NOW)) == (400, "INVALID_SIGNATURE")
    request = signed("POST", "/1.0/domain/zone/example.com/record", b'{"fieldType": "A", "target": "x", "ttl": NaN}')
    assert code(box.handle(request, NOW)) == (400, "Client::BadRequest::InvalidJSON")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_fork_while_another_thread_asks() -> None:
    box = Sandbox()
    with box._lock:  # as another thread holds it
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            try:
                os._exit(0 if box.handle(signed("GET", "/1.0/me"), NOW).status == 200 else 1)
            finally:
                os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_lock_of_ones_own() -> None:
    box = Sandbox()
    with box._lock:
        box.after_fork()
        assert box.handle(signed("GET", "/1.0/me"), NOW).status == 200
