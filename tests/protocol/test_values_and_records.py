"""Values, headers, frozen records, redaction, clocks, rules, credentials and exceptions."""

from __future__ import annotations

import builtins
import copy
import datetime as dt
import enum
import ipaddress
import json
import pickle
import re
import sys
import uuid
from decimal import Decimal
from email.utils import formatdate
from traceback import TracebackException
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSpec
from ovhcore.protocol.clock import MAX_LATENCY, ClockState, Now, observe, parse_http_date
from ovhcore.protocol.credentials import AccessToken, ApplicationKey, OAuth2Client
from ovhcore.protocol.messages import Headers, Request, Response, Timeout
from ovhcore.protocol.redaction import Secret, as_secret, redact_json, redact_text, redact_url, redactor
from ovhcore.protocol.requests.access_rules import (
    API_READ_ONLY,
    access_rule,
    credential_request,
    recursive_rules,
    rule_covers,
)
from ovhcore.protocol.requests.values import json_bytes, json_text, plain_text, read_timeout


class Colour(enum.Enum):
    RED = "red"


class Plain:
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (2**80, str(2**80)),
        (1.5, "1.5"),
        (Colour.RED, "red"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05+00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (ipaddress.ip_network("1.2.3.0/24"), "1.2.3.0/24"),
    ],
)
def test_plain_values(value: Any, text: str) -> None:
    assert plain_text(value, "x") == text


@pytest.mark.parametrize("value", [None, b"x", [], {}, (), set(), float("nan"), float("inf"), Plain()])
def test_values_that_are_not_plain(value: Any) -> None:
    with pytest.raises(exc.InvalidRequest, match="the thing"):
        plain_text(value, "the thing")


def test_integers_beyond_what_is_written() -> None:
    digits = sys.get_int_max_str_digits()
    with pytest.raises(exc.InvalidRequest, match="too long to be written"):
        plain_text(10**digits, "x")
    with pytest.raises(exc.InvalidRequest, match="cannot be written as JSON"):
        json_text(10**digits, "x")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_json_says_what_was_given(value: Any) -> None:
    body = json_bytes(value)
    assert body.isascii()
    assert json.loads(body) == value


def test_json_of_python_types() -> None:
    assert json_text({"a": dt.date(2026, 1, 2), "b": uuid.UUID(int=0)}, "x") == (
        '{"a":"2026-01-02","b":"00000000-0000-0000-0000-000000000000"}'
    )


def nested() -> list[Any]:
    inside: list[Any] = []
    for _ in range(100_000):
        inside = [inside]
    return inside


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: {"a": b"x"}, "a value of the type bytes"),
        (lambda: float("nan"), "not JSON compliant"),
        (lambda: {(1, 2): 3}, "keys must be"),
        (nested, "nested too deeply"),
    ],
)
def test_what_is_not_json(make: Any, said: str) -> None:
    with pytest.raises(exc.InvalidRequest, match=said):
        json_text(make(), "x")


@pytest.mark.parametrize(
    ("value", "timeout"),
    [
        (5, (5, 5)),
        ("3.05,27", (3.05, 27)),
        ((1, 2), (1, 2)),
        (["1", 2], (1, 2)),
        ("7", (7, 7)),
        ((3, None), (3, 600)),
        ((None, 1), (600, 1)),
        ((1, 2, None), (1, 2, None)),
    ],
)
def test_timeouts(value: Any, timeout: tuple[float, float]) -> None:
    assert read_timeout(value) == Timeout(*timeout)


@pytest.mark.parametrize(
    "value",
    [0, -1, "x", "", (1, 2, 3, 4), True, None, float("nan"), 1e12, (None, 0), (1, 2, 3, None), object(), "none"],
)
def test_timeouts_that_are_none(value: Any) -> None:
    with pytest.raises(exc.InvalidRequest, match="timeout must be a number of seconds above 0"):
        read_timeout(value)


# Records


def test_headers() -> None:
    headers = Headers([("Date", "today"), ("Via", "a"), ("via", "b")])
    assert dict(headers) == {"Date": "today", "Via": "a, b"}
    assert "DATE" in headers
    assert 1 not in headers  # type: ignore[comparison-overlap]
    assert headers == Headers([("date", "today"), ("VIA", "a"), ("Via", "b")])
    assert hash(headers) == hash(Headers([("date", "today"), ("VIA", "a"), ("Via", "b")]))
    assert headers != Headers({"Date": "today"})
    assert headers != {"Date": "today"}
    assert pickle.loads(pickle.dumps(headers)) == headers
    assert repr(Headers({"Cookie": "canary", "X-Any": "canary", "Date": "today"})) == (
        "Headers([('Cookie', '...'), ('X-Any', '...'), ('Date', 'today')])"
    )
    assert Headers(headers).pairs is headers.pairs
    assert Headers({"Cookie": "canary"}).redacted()["cookie"] == "<redacted>"


def test_records_are_frozen_and_compare_by_value() -> None:
    request = Request("GET", "https://x/1?token=canary", {"a": "b"}, b"canary")
    same = pickle.loads(pickle.dumps(request))
    assert same == request == copy.deepcopy(request)
    assert hash(same) == hash(request)
    assert request != Request("PUT", request.url, request.headers, request.body)
    assert request != "GET"
    with pytest.raises(AttributeError, match="immutable"):
        request.method = "PUT"
    with pytest.raises(AttributeError, match="immutable"):
        del request.method
    assert "canary" not in repr(request)
    assert "x-ovh" not in repr(Response(200)).lower()


def test_responses_read_like_those_of_requests() -> None:
    response = Response(200, {"X-OVH-QueryID": "q"}, b'{"a": "\xc3\xa9"}')
    assert (response.status_code, response.ok, response.content) == (200, True, response.body)
    assert response.text == '{"a": "é"}'
    assert response.json() == {"a": "é"}
    assert response.query_id == "q"
    assert not Response(404).ok
    assert Response(200, {}, b"\xff").text == "\ufffd"


# Redaction

NAMES = [
    "access_token", "accesstoken", "application_key", "applicationsecret", "client_secret", "consumerkey", "password",
    "credentialtoken", "id_token", "refreshtoken", "secret", "token", "validationurl",
]  # fmt: skip


def test_secrets_do_not_print_or_travel() -> None:
    secret = Secret("canary")
    assert f"{secret} {secret!r} {[secret]}".count("canary") == 0
    assert secret == Secret("canary")
    assert hash(secret) == hash(Secret("canary"))
    assert secret != "canary"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


@given(st.text())
def test_messages_forge_no_lines(text: str) -> None:
    shown = str(exc.APIError(text))
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(st.sampled_from(NAMES), json_values)
def test_members_are_hidden_at_any_depth(name: str, value: Any) -> None:
    assume("canary" not in json.dumps(value))  # the word of this file is among what is tried
    hidden = redact_json({"a": [{name.upper(): "canary", "b": value}]})
    assert "canary" not in json.dumps(hidden)
    for text in (f'{{"{name}": "canary"', f"{name}=canary&x=1", f"{name}: 'canary'"):
        assert "canary" not in redact_text(text)
    assert "canary" not in redact_url(f"https://x/y?a=1&{name}=canary&b=2")


def test_other_members_stay() -> None:
    assert redact_json({"token": None, "a": ["b", 1]}) == {"token": None, "a": ["b", 1]}
    assert redact_url("https://x/y?a=1") == "https://x/y?a=1"
    assert redact_text("$1$" + "a" * 40) == "<redacted>"


@given(st.lists(st.text("abcdef", min_size=4, max_size=8)), st.text("abcdef"))
def test_known_values_are_hidden(secrets: list[str], around: str) -> None:
    hide = redactor([*secrets, "abc"])
    shown = hide(around + "".join(secrets))
    assert not any(secret in shown.split("<redacted>") for secret in secrets)
    assert hide("abc") == hide("'abc'").strip("'") == "<redacted>"
    assert hide("the abc of it") == "the abc of it"  # it may well be a word


# Clocks


@given(st.integers(0, 253402300799))
def test_http_dates(seconds: int) -> None:
    assert parse_http_date(formatdate(seconds, usegmt=True)) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "Mon, 11 Jun 2018 25:19:31 GMT",
        "Mon, 00 Jun 2018 13:19:31 GMT",
        "Mon, 11 Jun 2018 13:19:31",
        "Mon,  1 Jun 2018 13:19:31 GMT",
        "Mon, 11 Jun 2018 13:19:+1 GMT",
        "Mon, 11 Jun 2018 13:19:3\u0661 GMT",
        "Mon, 11 Jun 2018 13.19.31 GMT",
        "Mon, 11 jun 2018 13:19:31 GMT",
        "Monday, 11 Jun 2018 13:19 GMT",
        "Mon, 11 Jun 2018 13:19:31 UTC",
    ],
)
def test_dates_that_are_none(text: str) -> None:
    assert parse_http_date(text) is None


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5), st.floats(0, 1)), min_size=1, max_size=20),
)
def test_an_offset_settles_within_the_bounds(skew: float, exchanges: list[tuple[float, float, float]]) -> None:
    state, now = ClockState(), 1_700_000_000.0
    for pause, latency, share in exchanges:
        sent = Now(now, now)
        server = int(now + latency * share + skew)
        now += latency
        state = observe(state, sent, Now(now, now), server)
        assert abs(state.offset - skew) <= latency + 1.001
        now += pause


def test_what_shows_nothing() -> None:
    state = ClockState(5.0, True)
    sent = Now(1000.0, 0.0)
    slow = Now(1000.0 + MAX_LATENCY + 1, MAX_LATENCY + 1)
    assert observe(state, sent, slow, 9999) is state
    assert observe(state, sent, Now(2000.0, 1.0), 9999) is state  # the clock was set meanwhile
    asked = observe(state, sent, Now(1001.0, 1.0), 2000, asked=True)
    assert asked.asked
    assert observe(asked, sent, Now(1001.0, 1.0), 5000) is asked
    assert observe(ClockState(), sent, Now(1001.0, 1.0), 1000) == ClockState(0.0, True)


# Access rules


def test_rules() -> None:
    assert access_rule("get", "/me") == {"method": "GET", "path": "/me"}
    assert recursive_rules(API_READ_ONLY, "/") == [{"method": "GET", "path": "/*"}]
    assert rule_covers({"method": "GET", "path": "/a/*/c"}, "get", "/a/b/x/c")
    assert not rule_covers({"method": "GET", "path": "/a"}, "PUT", "/a")
    assert not rule_covers({}, "GET", "/a")
    assert credential_request([access_rule("GET", "/*")], "https://x", ["192.0.2.0/24"]) == {
        "accessRules": [{"method": "GET", "path": "/*"}],
        "redirection": "https://x",
        "allowedIPs": ["192.0.2.0/24"],
    }


@pytest.mark.parametrize(("method", "path"), [("FETCH", "/me"), (1, "/me"), ("GET", "me"), ("GET", None)])
def test_rules_that_are_none(method: Any, path: Any) -> None:
    with pytest.raises(exc.InvalidRequest, match="an access rule's"):
        access_rule(method, path)


@pytest.mark.parametrize(
    ("rules", "ips"), [("GET", None), ({"method": "GET"}, None), (["x"], None), ([{}], None), ([], "::1")]
)
def test_requests_for_no_rights(rules: Any, ips: Any) -> None:
    with pytest.raises(exc.InvalidRequest):
        credential_request(rules, allowed_ips=ips)


# Credentials


def test_credentials_print_without_their_secrets() -> None:
    key = ApplicationKey("application-key", "canary-secret", "canary-consumer")
    account = OAuth2Client("client-identity", "canary-secret")
    token = AccessToken("canary-token")
    assert repr([key, account, token]) == (
        "[ApplicationKey('appl...', <redacted>, <redacted>), OAuth2Client('clie...', <redacted>), "
        "AccessToken(<redacted>)]"
    )
    assert list(key.secrets()) == ["application-key", "canary-secret", "canary-consumer"]
    assert list(account.secrets()) == ["client-identity", "canary-secret"]
    assert list(token.secrets()) == ["canary-token"]
    assert list(ApplicationKey("k", "s").secrets()) == ["k", "s"]


@pytest.mark.parametrize("value", ["", "canary x", "canary\n", "canaryé", 5, None, b"canary"])
def test_values_that_are_no_secret(value: Any) -> None:
    with pytest.raises(exc.InvalidConfiguration) as caught:
        OAuth2Client("id", value)
    assert "canary" not in str(caught.value)


# Exceptions


def kinds(kind: type[exc.APIError] = exc.APIError) -> set[type[exc.APIError]]:
    return {kind}.union(*map(kinds, kind.__subclasses__()))


def test_the_tree_is_as_drawn() -> None:
    drawn: dict[str, str | None] = {}
    stack: list[str] = []
    for line in (exc.__doc__ or "").splitlines():
        if match := re.fullmatch(r" {4}([ │]*(?:[├└]── )?)([A-Z]\w+).*", line):
            depth = len(match[1]) // 4
            stack = [*stack[:depth], match[2]]
            drawn[match[2]] = stack[-2] if depth else None
            for also in re.findall(r"also an? (\w+)", line):
                assert issubclass(getattr(exc, match[2]), getattr(exc, also, None) or getattr(builtins, also))
    ours = {kind.__name__ for kind in kinds() if kind.__module__ == exc.__name__}  # and not those of tests
    assert set(drawn) == ours == {name for name in exc.__all__ if isinstance(getattr(exc, name), type)}
    for name, parent in drawn.items():
        assert parent is None or getattr(exc, parent) in getattr(exc, name).__bases__


@pytest.mark.parametrize("kind", sorted(kinds(), key=str))
def test_exceptions_travel(kind: type[exc.APIError]) -> None:
    error = kind("said\n", response=Response(400, {"X-OVH-QUERYID": "q"}), details={"a": 1}, method="GET", url="u")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == "said\\n"
    assert again.message == "said\n"
    assert (again.status, again.query_id, again.details, again.method, again.url) == (400, "q", {"a": 1}, "GET", "u")


def test_an_exception_without_anything() -> None:
    error = exc.APIError()
    assert (str(error), error.details, error.response, error.may_have_arrived) == ("", {}, None, True)


class Frozen(dt.datetime):
    """As those of libraries that stop the time."""


def test_values_of_the_standard_library_and_their_kinds() -> None:
    assert plain_text(Frozen(2026, 1, 1), "x") == "2026-01-01T00:00:00"
    assert plain_text(dt.timedelta(days=1, seconds=1), "x") == "PT86401S"
    assert plain_text(dt.timedelta(milliseconds=1500), "x") == "PT1.5S"
    assert plain_text(Decimal("1.10"), "x") == "1.10"
    body = {"a": Frozen(2026, 1, 1), "b": Colour.RED, "c": dt.timedelta(1), "d": uuid.UUID(int=0)}
    assert json.loads(json_bytes(body)) == {
        "a": "2026-01-01T00:00:00",
        "b": "red",
        "c": "PT86400S",
        "d": "00000000-0000-0000-0000-000000000000",
    }
    odd: list[Any] = [Decimal("NaN"), Decimal("Infinity"), MappingProxyType({}), memoryview(b""), frozenset()]
    for value in odd:
        with pytest.raises(exc.InvalidRequest):
            plain_text(value, "x")


def test_timeouts_that_are_out_of_reach() -> None:
    for value in (10**5000, (10**400, 1), "x" * 10):
        with pytest.raises(exc.InvalidRequest, match="must be a number of seconds above 0"):
            read_timeout(value)


def test_secrets_are_copied_as_themselves() -> None:
    secret = Secret("canary")
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    assert as_secret(secret) is secret


pieces = st.lists(st.sampled_from(["", "a", "b", "ab", "/"]), min_size=1, max_size=5)


@given(pieces, st.text("ab/", max_size=12))
def test_rules_cover_as_their_stars_say(parts: list[str], path: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, parts)), path, re.DOTALL) is not None
    assert rule_covers({"method": "GET", "path": "*".join(parts)}, "GET", path) is expected


def test_rules_of_many_stars_take_no_time() -> None:
    assert not rule_covers({"method": "GET", "path": "/" + "*a" * 50 + "b"}, "GET", "/" + "a" * 5000)


@pytest.mark.parametrize("kind", [ApplicationKey, OAuth2Client])
@pytest.mark.parametrize("bad", [0, 1])
def test_refused_credentials_are_in_no_traceback(kind: Any, bad: int) -> None:
    values = ["canary-one", "canary-two"]
    values[bad] += " "
    with pytest.raises(exc.InvalidConfiguration) as caught:
        kind(*values)
    trace = caught.value.__traceback__
    assert trace is not None
    caught.value.__traceback__ = trace.tb_next  # without the frame of this test
    assert "canary" not in "".join(TracebackException.from_exception(caught.value, capture_locals=True).format())


def test_transport_specs_are_data() -> None:
    spec = TransportSpec("a", "b:c", requires=("d",), defaults={"endpoint": "ovh-eu"})
    assert pickle.loads(pickle.dumps(spec)) == copy.copy(spec) == spec
    assert hash(copy.deepcopy(spec)) == hash(spec)
