"""Shapes of calls that programs written for python-ovh make, each made with either library on a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from ovhcore.testing import Peer, Received, WireServer, answer

__all__ = ["KEYS", "SHAPES", "Outcome", "Shape", "ShapeServer", "outcome"]

KEYS: dict[str, Any] = {
    "application_key": "application-key",
    "application_secret": "application-secret",
    "consumer_key": "user",
}
NOW = 1_700_000_000

Call = Callable[[Any], Any]


class Shape(NamedTuple):
    """A shape of a call.

    Attributes:
        name: tells it from the others.
        call: makes it with a client.
        answer: status line and body of what the server says.
        row: where the libraries differ, how the row of the page begins that says so; None where they do not.
    """

    name: str
    call: Call
    answer: tuple[str, bytes] = ("200 OK", b'{"a": 1}')
    row: str | None = None


class Outcome(NamedTuple):
    """What came of a shape.

    Attributes:
        sent: method, target, body and who signed, of each request but that for the time.
        came: the value that was returned, or the python-ovh name of the exception.
    """

    sent: tuple[Any, ...]
    came: Any


class ShapeServer(WireServer):
    """A server that answers calls of one shape after the other.

    Attributes:
        answer: status line and body of what it says now.
    """

    def __init__(self) -> None:
        super().__init__(self._behave)
        self.answer = ("200 OK", b"null")

    def _behave(self, peer: Peer) -> None:
        while (received := peer.receive()) is not None:
            status, body = ("200 OK", str(NOW).encode()) if _is_time(received) else self.answer
            peer.send(answer(body, status, "Content-Type: application/json"))


def _is_time(received: Received) -> bool:
    return received.target.endswith("/auth/time")


def outcome(shape: Shape, server: ShapeServer, client: Any, exceptions: Any) -> Outcome:
    """Make a call of a shape with one of the libraries.

    Args:
        shape: what to do.
        server: what the client calls.
        client: of the library.
        exceptions: its module of this name.
    """
    server.answer = shape.answer
    server.received.clear()
    try:
        came = _plain(shape.call(client))
    except Exception as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        known = {name for name in vars(exceptions) if name in THEIRS}
        came = next((name for name in names if name in known), names[0])
    return Outcome(tuple(_sent(received) for received in server.received if not _is_time(received)), came)


THEIRS = {
    "APIError", "HTTPError", "InvalidKey", "InvalidCredential", "InvalidConfiguration", "InvalidResponse",
    "InvalidRegion", "ReadOnlyError", "ResourceNotFoundError", "BadParametersError", "ResourceConflictError",
    "NetworkError", "NotGrantedCall", "NotCredential", "Forbidden", "ResourceExpiredError", "OAuth2FailureError",
}  # fmt: skip


def _plain(value: Any) -> Any:
    """Return a value that both libraries can have returned."""
    if hasattr(value, "status_code"):
        return (value.status_code, value.ok, bool(value), value.reason, value.text, value.headers.get("content-type"))
    return value


def _sent(received: Received) -> tuple[Any, ...]:
    fields = received.fields
    signed = {name for name in fields if name.startswith("x-ovh-")}
    body: Any = received.body
    return received.method, received.target, body, fields.get("content-type"), frozenset(signed)


def _rules(client: Any) -> Any:
    request = client.new_consumer_key_request()
    request.add_rule("GET", "/me")
    request.add_rules(["GET", "POST"], "/sms")
    request.add_recursive_rules(["GET", "PUT"], "/domain/")
    return request.request("https://example.com/", ["192.0.2.0/24"])


def _set_key(client: Any) -> Any:
    client._consumer_key = "another"
    return client.get("/me"), client._consumer_key


def _set_keys(client: Any) -> Any:
    client._application_key, client._application_secret = "k", "s"
    client.get("/me")
    return client._application_key, client._application_secret, client._consumer_key


def _wrapped(client: Any, verb: str, **kwargs: Any) -> Any:
    arguments = client._canonicalize_kwargs(kwargs)
    query = client._prepare_query_string(arguments)
    return client.call(verb, f"/a?{query}", None, True)


def _with_time(client: Any) -> Any:
    client._time_delta = 60
    return client.time_delta


def _failing(client: Any) -> Any:
    try:
        return client.get("/me")
    except Exception as error:
        response: Any = error.response  # type: ignore[attr-defined]
        known = (response.status_code, response.ok, bool(response), response.reason, response.text, response.json())
        return type(error).__name__, known, response.url.partition("/1.0")[2]


def _error(status: str, code: str | None = None, message: str = "no") -> tuple[str, bytes]:
    body = {"message": message} if code is None else {"errorCode": code, "message": message}
    return status, json.dumps(body).encode()


RULE = {"method": "GET", "path": "/me"}
KEY = ("200 OK", b'{"consumerKey": "new", "state": "pendingValidation", "validationUrl": "https://example.com/"}')

SHAPES = [
    Shape("get", lambda c: c.get("/me")),
    Shape("get unauthenticated", lambda c: c.get("/me", _need_auth=False)),
    Shape("get by position", lambda c: c.get("/me", False)),
    Shape("get need_auth none", lambda c: c.get("/me", _need_auth=None)),
    Shape("get need_auth 0", lambda c: c.get("/me", _need_auth=0)),
    Shape("get need_auth 1", lambda c: c.get("/me", _need_auth=1)),
    Shape("get target by name", lambda c: c.get(_target="/me")),
    Shape("get query in path", lambda c: c.get("/me?a=1&b=2")),
    Shape("get argument", lambda c: c.get("/me/bill", category="x")),
    Shape("get dotted argument", lambda c: c.get("/me/bill", **{"date.from": "2026-01-01"})),
    Shape("get argument and query", lambda c: c.get("/me/bill?a=1", b=2)),
    Shape("get keyword", lambda c: c.get("/a", _from="x")),
    Shape("get true", lambda c: c.get("/a", on=True, off=False)),
    Shape("get number", lambda c: c.get("/a", n=5, f=1.5)),
    Shape("get empty text", lambda c: c.get("/a", subDomain="")),
    Shape("get blanks in argument", lambda c: c.get("/a", name="a b"), row="a blank in a query argument"),
    Shape("get unicode argument", lambda c: c.get("/a", name="é&=?/+")),
    Shape("get tilde", lambda c: c.get("/a", name="~-._")),
    Shape("get none", lambda c: c.get("/a", fieldType=None), row="a query argument of `None`"),
    Shape("delete none", lambda c: c.delete("/a", fieldType=None), row="a query argument of `None`"),
    Shape("get list", lambda c: c.get("/a", ids=[1, 2]), row="a list in a query"),
    Shape("get empty list", lambda c: c.get("/a", ids=[]), row="a list in a query"),
    Shape("get dict", lambda c: c.get("/a", tags={"a": "b"}), row="a dict in a query"),
    Shape("get bytes", lambda c: c.get("/a", x=b"1"), row="a query argument of a type"),
    Shape("get dict for need_auth", lambda c: c.get("/a", {"x": 1}), row="`client.get(path, {...})`"),
    Shape("get quoted path", lambda c: c.get("/ip/127.0.0.1%2F29")),
    Shape("get path with braces", lambda c: c.get("/ip/{ip}"), row="a path with `{`"),
    Shape("get path with a blank", lambda c: c.get("/a/b c")),
    Shape("get path without slash", lambda c: c.get("me"), row="a path that does not begin with `/`"),
    Shape("get dot segments", lambda c: c.get("/a/../b"), row="a path with `..`"),
    Shape("get v2", lambda c: c.get("/v2/iam/policy")),
    Shape("get v1", lambda c: c.get("/v1/me")),
    Shape("get v1foo", lambda c: c.get("/v1foo"), row="`/v1foo`"),
    Shape("post", lambda c: c.post("/a")),
    Shape("post arguments", lambda c: c.post("/a", name="x", n=1, on=True, none=None, ids=[1], d={"a": "é"})),
    Shape("post keyword", lambda c: c.post("/a", _from="x", to="y")),
    Shape("post unauthenticated", lambda c: c.post("/a", _need_auth=False, x=1)),
    Shape("post unicode", lambda c: c.post("/a", name="é你😀")),
    Shape("post nested", lambda c: c.post("/a", x={"b": [1, None, {"c": False}]})),
    Shape("post set", lambda c: c.post("/a", x={1}), row="a body that JSON cannot write"),
    Shape("post date", lambda c: c.post("/a", x=__import__("datetime").date(2026, 1, 1)), row="a date in a body"),
    Shape("post nan", lambda c: c.post("/a", x=float("nan")), row="NaN in a body"),
    Shape("post no arguments", lambda c: c.post("/a")),
    Shape("put", lambda c: c.put("/a")),
    Shape("put arguments", lambda c: c.put("/a", status="active")),
    Shape("put none", lambda c: c.put("/a", none=None)),
    Shape("put dict for need_auth", lambda c: c.put("/a", {"x": 1}), row="`client.get(path, {...})`"),
    Shape("delete", lambda c: c.delete("/a/1")),
    Shape("delete arguments", lambda c: c.delete("/a", x=1)),
    Shape("call get", lambda c: c.call("GET", "/me", None, True)),
    Shape("call get empty data", lambda c: c.call("GET", "/me", {}, True), row="an empty body on GET"),
    Shape("call get data", lambda c: c.call("GET", "/me", {"a": 1}, True), row="a body on GET or DELETE"),
    Shape("call get list", lambda c: c.call("get", "/me?b=1", [1, "é"], True), row="a body on GET or DELETE"),
    Shape("call delete data", lambda c: c.call("DELETE", "/me", {"a": 1}), row="a body on GET or DELETE"),
    Shape("call delete empty data", lambda c: c.call("DELETE", "/me", {}), row="an empty body on GET"),
    Shape(
        "raw call head data", lambda c: c.raw_call("HEAD", "/me", {"a": 1}), ("200 OK", b""), "a body on GET or DELETE"
    ),
    Shape("call put list", lambda c: c.call("PUT", "/a", [1, "é"])),
    Shape("call post text", lambda c: c.call("POST", "/a", "text")),
    Shape("call post empty", lambda c: c.call("POST", "/a", {})),
    Shape("call post false", lambda c: c.call("POST", "/a", False)),
    Shape("call lower case", lambda c: c.call("post", "/a", {"x": 1})),
    Shape("call patch", lambda c: c.call("PATCH", "/a", {"x": 1})),
    Shape("call unauthenticated", lambda c: c.call("POST", "/a", {"x": 1}, need_auth=False)),
    Shape("call truthy", lambda c: c.call("POST", "/a", {"x": 1}, 1)),
    Shape("raw call", lambda c: c.raw_call("GET", "/me")),
    Shape("raw call data", lambda c: c.raw_call("PUT", "/me", {"a": 1}, True)),
    Shape("raw call headers", lambda c: c.raw_call("GET", "/me", headers={"X-Pagination-Mode": "x"})),
    Shape("raw call 404", lambda c: c.raw_call("GET", "/me"), _error("404 Not Found")),
    Shape("raw call 500", lambda c: c.raw_call("POST", "/me", {"a": 1}), _error("500 Internal Server Error")),
    Shape(
        "consumer key", lambda c: c.request_consumerkey([{"method": "GET", "path": "/me"}]), KEY, "`redirection` and"
    ),
    Shape("consumer key no rules", lambda c: c.request_consumerkey([]), KEY, "`redirection` and"),
    Shape("consumer key of rules", _rules, KEY),
    Shape("consumer key set", lambda c: (c.request_consumerkey([], "x", ["::1"]), c._consumer_key), KEY),
    Shape("consumer key bad rule", lambda c: c.request_consumerkey([{"path": "/me"}]), KEY, "an access rule"),
    Shape("set consumer key", _set_key),
    Shape("set application keys", _set_keys),
    Shape("wrapper get", lambda c: _wrapped(c, "GET", _from="a b", on=True, none=None, ids=[1])),
    Shape("wrapper delete", lambda c: _wrapped(c, "DELETE", x="é")),
    Shape("time delta", _with_time),
    Shape("null", lambda c: c.get("/me"), ("200 OK", b"null")),
    Shape("list", lambda c: c.get("/me"), ("200 OK", b"[1, 2.5, true]")),
    Shape("201", lambda c: c.post("/me"), ("201 Created", b'{"a": 1}')),
    Shape("204", lambda c: c.delete("/me"), ("204 No Content", b"")),
    Shape("empty", lambda c: c.get("/me"), ("200 OK", b""), "200 with an empty body"),
    Shape("html", lambda c: c.get("/me"), ("200 OK", b"<html>")),
    Shape("nan", lambda c: c.get("/me"), ("200 OK", b"NaN"), "NaN in an answer"),
    Shape("400", lambda c: c.get("/me"), _error("400 Bad Request")),
    Shape("401", lambda c: c.get("/me"), _error("401 Unauthorized")),
    Shape("403", lambda c: c.get("/me"), _error("403 Forbidden"), "403 without a known code"),
    Shape("403 not granted", lambda c: c.get("/me"), _error("403 Forbidden", "NOT_GRANTED_CALL")),
    Shape("403 not credential", lambda c: c.get("/me"), _error("403 Forbidden", "NOT_CREDENTIAL")),
    Shape("403 key", lambda c: c.get("/me"), _error("403 Forbidden", "INVALID_KEY")),
    Shape("403 credential", lambda c: c.get("/me"), _error("403 Forbidden", "INVALID_CREDENTIAL")),
    Shape("403 forbidden", lambda c: c.get("/me"), _error("403 Forbidden", "FORBIDDEN")),
    Shape("404", lambda c: c.get("/me"), _error("404 Not Found")),
    Shape("404 html", lambda c: c.get("/me"), ("404 Not Found", b"<html>")),
    Shape("404 of others", lambda c: c.get("/me"), ("404 Not Found", b"{}"), "a 404 in JSON"),
    Shape("409", lambda c: c.post("/me"), _error("409 Conflict")),
    Shape("460", lambda c: c.get("/me"), _error("460 Expired")),
    Shape("429", lambda c: c.get("/me"), _error("429 Too Many Requests")),
    Shape("500", lambda c: c.post("/me"), _error("500 Internal Server Error")),
    Shape("502 html", lambda c: c.post("/me"), ("502 Bad Gateway", b"<html>")),
    Shape("error response", _failing, _error("404 Not Found")),
]
