from __future__ import annotations

import json
import pickle
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore import exceptions as exc
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.redaction import redactor
from ovhcore.protocol.responses.decoding import annotate, decode, error_of, is_time_error, parse_json

GET = Request("GET", "https://eu.api.ovh.com/1.0/me?token=CANARY&a=1")
POST = Request("POST", "https://eu.api.ovh.com/1.0/me")

ROWS: list[tuple[int, str, str, type[exc.APIError]]] = [
    (400, "INVALID_SIGNATURE", "Invalid signature", exc.InvalidSignature),
    (400, "QUERY_TIME_OUT", "Query out of time", exc.QueryTimeOut),
    (403, "NOT_GRANTED_CALL", "This call has not been granted", exc.NotGrantedCall),
    (403, "NOT_CREDENTIAL", "This credential does not exist", exc.NotCredential),
    (403, "INVALID_KEY", "Invalid application key", exc.InvalidKey),
    (403, "INVALID_KEY", "This application key is invalid", exc.InvalidKey),
    (403, "INVALID_CREDENTIAL", "This credential is not valid", exc.InvalidCredential),
]
STATUSES: list[tuple[int, type[exc.APIError]]] = [
    (400, exc.BadParametersError),
    (401, exc.Unauthorized),
    (403, exc.Forbidden),
    (404, exc.ResourceNotFoundError),
    (409, exc.ResourceConflictError),
    (412, exc.PreconditionFailed),
    (423, exc.ResourceLocked),
    (429, exc.TooManyRequests),
    (460, exc.ResourceExpiredError),
    (462, exc.APIError),
    (302, exc.APIError),
    (500, exc.ServerError),
    (501, exc.ServerError),
    (503, exc.ServerError),
]


def respond(status: int, body: Any, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {"X-OVH-QUERYID": "EU.1", **headers}, raw)


@pytest.mark.parametrize(("status", "code", "message", "kind"), ROWS)
@pytest.mark.parametrize("shape", ["legacy", "class", "message", "prefixed"])
def test_kinds_told_apart_in_every_shape(
    status: int, code: str, message: str, kind: type[exc.APIError], shape: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "legacy": {"errorCode": code, "httpCode": f"{status} x", "message": message},
        "class": {"class": "Client::Whatever", "message": message, "details": {"a": "b"}},
        "message": {"message": message},
        "prefixed": {"message": f"Client::Forbidden: {message}"},
    }
    body = bodies[shape]
    with pytest.raises(exc.APIError) as caught:
        decode(respond(status, body), GET)
    error = caught.value
    assert type(error) is kind
    assert str(error) == error.message == body["message"]
    assert (error.status, error.query_id, error.method) == (status, "EU.1", "GET")
    assert error.url == "https://eu.api.ovh.com/1.0/me?token=<redacted>&a=1"
    assert error.code == (code if shape == "legacy" else None)
    assert error.error_class == ("Client::Whatever" if shape == "class" else None)
    assert error.details == ({"a": "b"} if shape == "class" else {})
    assert error.retry_safe == (kind is exc.QueryTimeOut)
    assert error.hint
    notes = error.__notes__
    assert notes == [f"GET {error.url} answered {status}", "OVH query id: EU.1", error.hint]
    assert is_time_error(respond(status, body)) == (kind is exc.QueryTimeOut)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        # What a service says of its own affairs is no complaint about the signature, the time or the keys.
        (400, {"message": "SQL query out of time, order may be created"}, exc.BadParametersError),
        (400, {"message": "Invalid signature of the uploaded certificate"}, exc.BadParametersError),
        (403, {"errorCode": "FORBIDDEN", "message": "This credential does not exist"}, exc.Forbidden),
        (403, {"class": "Client::Forbidden::Busy", "message": "An operation is already running"}, exc.Forbidden),
        (403, {"class": "Client::Forbidden::NotGrantedCall", "message": "no"}, exc.NotGrantedCall),
        (403, {"class": "INVALID_KEY", "message": "no"}, exc.InvalidKey),
        (400, {"class": "QUERY_TIME_OUT"}, exc.QueryTimeOut),
        (500, {"message": "Query out of time"}, exc.ServerError),
        (400, {"message": "Client::BadRequest: Query out of time."}, exc.QueryTimeOut),
    ],
)
def test_the_whole_message_counts(status: int, body: Any, kind: type[exc.APIError]) -> None:
    assert type(error_of(respond(status, body), POST)) is kind
    assert is_time_error(respond(status, body)) is (kind is exc.QueryTimeOut)


@pytest.mark.parametrize(
    "message", ["Invalid password: must be long", "token: this field is mandatory", "Secret: no way"]
)
def test_sentences_are_left_alone(message: str) -> None:
    assert str(error_of(respond(400, {"message": message}))) == message


@pytest.mark.parametrize(
    "message",
    ["Your new password: swordfish", "token: abcdefghij.", "consumer_key: abcdefgh ij kl", "client_secret: ab cd"],
)
def test_secrets_in_sentences_are_hidden(message: str) -> None:
    assert str(error_of(respond(400, {"message": message}))).split(": ")[1].startswith("<redacted>")


def test_a_function_may_hide_what_only_it_knows() -> None:
    answer = Response(400, {}, b'{"message": "no room in cellar-7, password=hunter2"}')
    with pytest.raises(exc.APIError) as caught:
        decode(answer, Request("GET", "https://a/"), redact=lambda text: text.replace("cellar-7", "***"))
    assert "cellar" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "no room in ***" in str(caught.value)


def test_headers_that_were_sent_are_hidden() -> None:
    request = Request("GET", GET.url, {"X-Auth-Token": "canary-1", "X-Ovh-Consumer": "canary-2", "X-Team": "billing"})
    error = error_of(respond(400, {"message": "canary-1 canary-2 billing"}), request)
    assert str(error) == "<redacted> <redacted> billing"
    with pytest.raises(exc.InvalidResponse) as caught:
        decode(respond(200, b"canary-1"), request)
    assert "canary" not in repr(vars(caught.value)) + caught.value.response.text  # type: ignore[union-attr]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", [{"class": "Client::X", "message": "no"}, {"message": "no"}, {"errorCode": "X"}])
def test_the_status_decides(status: int, kind: type[exc.APIError], body: Any) -> None:
    error = error_of(respond(status, body), POST)
    assert type(error) is kind
    assert error.retry_safe == (status == 429)
    assert error_of(respond(status, body), GET).retry_safe == (status == 429 or status >= 500)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b"\xff\xfe", b"[1]", b'"text"', b"3", b"{}"])
def test_gateways(status: int, body: bytes) -> None:
    error = error_of(respond(status, body), GET)
    assert type(error) is exc.GatewayError
    assert isinstance(error, exc.InvalidResponse)
    assert error.retry_safe
    assert str(error)


def test_messages_of_answers_without_one() -> None:
    assert str(error_of(respond(404, b""))) == "HTTP status 404 with an empty answer"
    assert str(error_of(respond(404, b" <!DOCTYPE html>"))) == "HTTP status 404 with a page in HTML instead of JSON"
    assert str(error_of(respond(404, b"plain\n words"))) == "plain words"
    assert str(error_of(respond(404, b"x" * 600))) == "x" * 500 + "..."
    assert type(error_of(respond(408, {"message": "slow"}), GET)) is exc.APIError


def test_oauth_errors() -> None:
    error = error_of(respond(400, {"error": "invalid_client", "error_description": "unknown"}))
    assert (error.code, str(error)) == ("invalid_client", "unknown")
    assert str(error_of(respond(401, {"error": "Invalid client"}))) == "Invalid client"


def test_hints() -> None:
    iam = {"message": "User not granted for this request", "details": {"unauthorizedActionsByIAM": "vps:apiovh:reboot"}}
    error = error_of(respond(403, iam), GET)
    assert type(error) is exc.NotGrantedCall
    assert error.hint == "No IAM policy of this identity allows: vps:apiovh:reboot"
    assert error_of(respond(403, {"message": "This call has not been granted"})).hint is None
    bad = {"message": "Invalid signature"}
    seen = error_of(respond(400, bad, Date="Mon, 11 Jun 2018 13:19:31 GMT"), received=1528723171.4).hint or ""
    assert "right to within 1 s" in seen
    ahead = error_of(respond(400, bad, Date="Mon, 11 Jun 2018 13:19:31 GMT"), received=1528723071).hint or ""
    assert "100 s ahead of" in ahead
    behind = error_of(respond(400, bad, Date="Mon, 11 Jun 2018 13:19:31 GMT"), received=1528723271).hint or ""
    assert "100 s behind" in behind
    for word in ("secret", "endpoint", "validation", "body", "clock"):
        assert word in behind


def test_hints_that_the_api_was_not_reached() -> None:
    moved = error_of(respond(301, b"", Location="https://elsewhere.example/?token=CANARY"), GET)
    assert "It leads to https://elsewhere.example/?token=<redacted>" in (moved.hint or "")
    assert "Redirects are not followed" in (error_of(respond(302, b"")).hint or "")
    assert "ends in /1.0" in (error_of(respond(404, {"message": "Got an invalid (or empty) URL"})).hint or "")
    assert error_of(respond(404, {"message": "This service does not exist"})).hint is None
    with pytest.raises(exc.InvalidResponse, match="it is a page in HTML") as caught:
        decode(respond(200, b" <!DOCTYPE html>"))
    assert "check the endpoint" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [100, 101, 103, 199, 304])
def test_what_is_no_final_answer_is_no_success(status: int) -> None:
    with pytest.raises(exc.APIError):
        decode(Response(status, {}, b""))


@pytest.mark.parametrize("depth", [400, 700, 980])
def test_details_that_are_nested_deeply(depth: int) -> None:
    body = b'{"message":"x","details":{"a":' + b"[" * depth + b"]" * depth + b"}}"
    error = error_of(Response(400, {"X-OVH-QUERYID": "q"}, body), GET)
    assert type(error) is exc.BadParametersError
    assert str(error)


def test_secrets_are_hidden_in_every_attribute() -> None:
    told = {"errorCode": "KNOWN", "class": "Client::KNOWN", "message": "x", "details": {"KNOWN": ["KNOWN"]}}
    response = respond(400, told, **{"X-OVH-QUERYID": "KNOWN"})
    error = error_of(response, GET, redact=redactor(["KNOWN"]))
    assert "KNOWN" not in repr(vars(error)) + error.response.text  # type: ignore[union-attr]
    assert "KNOWN" not in str(
        error_of(respond(400, b"x" * 490 + b" KNOWN-SECRET"), GET, redact=redactor(["KNOWN-SECRET"]))
    )
    assert "KNOWN" not in str(error_of(respond(400, b"x" * 490 + b" KNOWN-SECRET"), redact=redactor(["KNOWN-SECRET"])))


def test_notes_forge_no_lines() -> None:
    details = {"unauthorizedActionsByIAM": "a\n2026-01-01 ERROR forged\ud800"}
    told = {"message": "This call has not been granted", "details": details}
    error = error_of(respond(403, told, **{"X-OVH-QUERYID": "\x1b[31m"}), GET)
    assert "\\x1b[31m" in error.__notes__[1]
    for note in [*error.__notes__, error.hint or ""]:
        assert len(note.splitlines()) == 1
        note.encode()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206])
@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_empty_successes_are_none(status: int, body: bytes) -> None:
    assert decode(Response(status, {}, body)) is None


def test_values() -> None:
    assert decode(Response(200, {}, b'\xef\xbb\xbf{"a": 12345678901234567890123}')) == {"a": 12345678901234567890123}
    assert decode(Response(200, {}, b'{"a": 1, "a": 2}')) == {"a": 2}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"NaN", "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"\xff", "not UTF-8"),
        (b"{", "at character 1"),
        (b"[" * 200_000, "nested too deeply"),
        (b"1" * 5000, "4300 digits"),
    ],
)
def test_what_is_not_json(body: bytes, said: str) -> None:
    with pytest.raises(exc.InvalidResponse, match=said) as caught:
        decode(Response(200, {}, body), GET)
    assert caught.value.status == 200
    error_of(Response(500, {}, body), GET)
    with pytest.raises(ValueError, match=said):
        parse_json(body)


@given(st.integers(100, 599), st.binary() | st.text().map(lambda t: json.dumps({"message": t, "class": t}).encode()))
def test_nothing_but_the_librarys_exceptions(status: int, body: bytes) -> None:
    """Another exception would get out, or one could not be written as text or pickled."""
    try:
        decode(Response(status, {}, body), GET)
    except exc.APIError as error:
        str(error).encode()
        pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "bad consumerKey: CANARY-1", "details": {"applicationSecret": "CANARY-2", "x": "KNOWN"}}',
        b'{"message": "KNOWN", "token": "CANARY", "nested": [{"password": "CANARY"}]}',
        b'not json: token=CANARY&x=KNOWN {"secret": "CANARY"',
        b'{"errorCode": "INVALID_SIGNATURE", "message": "Invalid signature", "secret": "CANARY"}',
        b"\xff token=CANARY",
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_secrets_are_not_repeated(body: bytes, status: int) -> None:
    response = respond(status, body, **{"Set-Cookie": "CANARY", "X-Echo": "KNOWN"})
    if status == 200:
        response = Response(200, response.headers, body + b"}")
    with pytest.raises(exc.APIError) as caught:
        decode(response, GET, redact=redactor(["KNOWN"]))
    error = caught.value
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next  # this test's own frame holds the body
    assert isinstance(error.response, Response)
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    kept = pickle.loads(pickle.dumps(error))
    for text in (str(error), repr(error), "".join(shown.format()), repr(kept.__dict__), kept.response.text):
        assert "CANARY" not in text
    assert "KNOWN" not in repr(error.response.headers) + error.response.text + str(error) + repr(error.__dict__)


def test_annotate_without_a_request() -> None:
    error = annotate(exc.APIError("x"), None)
    assert not hasattr(error, "__notes__")
