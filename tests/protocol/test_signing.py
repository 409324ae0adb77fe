"""Signatures: the vectors of others, and properties of our own."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import InvalidKey, InvalidRequest
from ovhcore.protocol.credentials import ApplicationKey
from ovhcore.protocol.messages import Request
from ovhcore.protocol.requests.building import sign_request
from ovhcore.protocol.requests.signing import canonical_string, sign
from ovhcore.protocol.requests.verifying import Verification, verify, verify_request

text = st.text(st.characters(exclude_categories=["Cs"]))
calls = st.fixed_dictionaries(
    {
        "application_secret": text,
        "consumer_key": text,
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "get", "Post"]),
        "url": text,
        "body": st.binary(max_size=200),
        "timestamp": st.integers(),
    }
)
CALL: dict[str, Any] = {
    "application_secret": "canary-secret",
    "consumer_key": "canary-consumer",
    "method": "GET",
    "url": "https://eu.api.ovh.com/1.0/me",
    "body": b"canary-body",
    "timestamp": 1_700_000_000,
}


def test_every_vector(shared_data: Path) -> None:
    count = 0
    for file in sorted((shared_data / "vectors").glob("*.json")):
        for vector in json.loads(file.read_text("utf-8")):
            call = {
                "application_secret": vector["secret"],
                "consumer_key": vector["consumer_key"],
                "method": vector["method"],
                "url": vector["url"],
                "body": vector["body"].encode(),
                "timestamp": vector["timestamp"],
            }
            assert sign(**call) == vector["signature"]
            assert verify(**call, signature=vector["signature"])
            count += 1
    assert count


@given(calls)
def test_what_is_signed_verifies(call: dict[str, Any]) -> None:
    signature = sign(**call)
    assert len(signature) == 43
    assert signature == sign(**{**call, "method": call["method"].lower()})
    found = verify(**call, signature=signature, received_consumer_key=call["consumer_key"], now=call["timestamp"])
    assert found
    assert found == Verification(signature=True, time=True, key=True)
    assert found.failed == ()


@given(calls, calls, st.data())
def test_one_changed_field_fails(call: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(call)))
    changed = {**call, name: other[name]}
    same = call[name] == other[name] or (name == "method" and call[name].upper() == other[name].upper())
    assert bool(verify(**changed, signature=sign(**call))) is same


@given(calls, st.text(max_size=60))
def test_another_signature_fails(call: dict[str, Any], signature: str) -> None:
    assert verify(**call, signature=signature).failed == ("signature",)


@given(calls, text)
def test_another_consumer_key_fails(call: dict[str, Any], key: str) -> None:
    found = verify(**call, signature=sign(**call), received_consumer_key=key)
    assert found.key is (key == call["consumer_key"])


@pytest.mark.parametrize(("now", "close"), [(1_700_000_180, True), (1_700_000_180.5, False), (1_699_999_819, False)])
def test_the_time(now: float, close: bool) -> None:
    assert verify(**CALL, signature=sign(**CALL), now=now).time is close


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"application_secret": None}, "application_secret must be a str, not NoneType"),
        ({"consumer_key": 1}, "consumer_key must be a str, not int"),
        ({"consumer_key": "\udc80"}, "consumer_key holds a surrogate that stands alone"),
        ({"method": 1}, "method must be a str, not int"),
        ({"method": ""}, "method must be an HTTP method such as GET, not ''"),
        ({"method": "GET\n"}, r"method must be an HTTP method such as GET, not 'GET\n'"),
        ({"url": b"/"}, "url must be a str, not bytes"),
        ({"url": "\ud800"}, "url holds a surrogate that stands alone"),
        ({"body": "text"}, "body must be bytes, not str"),
        ({"body": None}, "body must be bytes, not NoneType"),
        ({"timestamp": 1.5}, "timestamp must be an int, whole seconds since 1970, not float"),
        ({"timestamp": True}, "timestamp must be an int, whole seconds since 1970, not bool"),
    ],
)
def test_arguments_of_the_wrong_kind(change: dict[str, Any], said: str) -> None:
    for function in (canonical_string, sign):
        with pytest.raises(InvalidRequest) as caught:
            function(**{**CALL, **change})
        assert str(caught.value) == f"cannot sign: {said}"
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
        assert "canary" not in "".join(part for part in shown if __file__ not in part)


def test_a_signature_that_is_no_string() -> None:
    with pytest.raises(InvalidRequest, match="signature must be a str, not NoneType"):
        verify(**CALL, signature=None)  # type: ignore[arg-type]


def test_the_canonical_string() -> None:
    assert canonical_string(**{**CALL, "url": "u", "method": "get"}) == (
        b"canary-secret+canary-consumer+GET+u+canary-body+1700000000"
    )


# Requests


def signed(body: bytes = b"") -> Request:
    request = Request("POST", "https://eu.api.ovh.com/1.0/me", {}, body)
    return sign_request(request, ApplicationKey("key", "secret", "consumer"), 1_700_000_000)


def check(request: Request, **more: Any) -> Verification:
    return verify_request(request, application_secret="secret", consumer_key="consumer", **more)


def test_a_signed_request_verifies() -> None:
    request = signed(b"{}")
    assert check(request)
    assert check(request, application_key="key", now=1_700_000_100).failed == ()
    assert check(request, application_key="other").failed == ("key",)
    assert check(request, now=1_700_001_000).failed == ("time",)


@given(st.sampled_from(["timestamp", "signature", "consumer"]), st.text(st.characters(codec="latin-1"), max_size=50))
def test_headers_that_are_not_ours(name: str, value: str) -> None:
    request = signed()
    fields = {n: value if n.lower() == f"x-ovh-{name}" else v for n, v in request.headers.items()}
    assert not check(Request(request.method, request.url, fields))


@pytest.mark.parametrize("timestamp", ["", "01700000000", "1.7e9", "x", "9" * 40, "-0"])
def test_a_timestamp_that_is_none(timestamp: str) -> None:
    request = signed()
    fields = {**request.headers, "X-Ovh-Timestamp": timestamp}
    assert check(Request(request.method, request.url, fields)).failed == ("time", "signature")


def test_without_headers() -> None:
    assert check(Request("GET", "https://eu.api.ovh.com/1.0/me")).failed == ("time", "key", "signature")


def test_without_a_consumer_key() -> None:
    with pytest.raises(InvalidKey, match="needs a consumer key") as caught:
        sign_request(Request("GET", "https://eu.api.ovh.com/1.0/me"), ApplicationKey("key", "secret"), 1)
    assert "new_consumer_key_request" in str(caught.value.hint)
    assert (caught.value.method, caught.value.url) == ("GET", "https://eu.api.ovh.com/1.0/me")


def test_subclasses_are_what_they_are() -> None:
    class Text(str):
        pass

    class Bytes(bytes):
        pass

    class Seconds(int):
        pass

    own = {"method": Text("GET"), "url": Text(CALL["url"]), "body": Bytes(b""), "timestamp": Seconds(1_700_000_000)}
    assert sign(**{**CALL, **own}) == sign(**{**CALL, "body": b""})


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"signature": 5}, "signature must be a str, not int"),
        ({"received_consumer_key": 5}, "received_consumer_key must be a str, not int"),
        ({"now": "5"}, "now must be a number of seconds, not str"),
        ({"tolerance": "a"}, "tolerance must be a number of seconds, not str"),
        ({"body": "text"}, "body must be bytes, not str"),
    ],
)
def test_what_cannot_be_verified(odd: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        verify(**{**CALL, "signature": "$1$", **odd})
    trace = caught.value.__traceback__
    assert trace is not None
    caught.value.__traceback__ = trace.tb_next
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "canary" not in "".join(shown.format())
