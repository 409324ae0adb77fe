"""URLs: one spelling, which other libraries' parsers leave alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

import ovhcore as ovh
from ovhcore.exceptions import InvalidConfiguration, InvalidRegion, InvalidRequest
from ovhcore.protocol.endpoints import ENDPOINTS, OAUTH2_TOKEN_URLS, resolve_endpoint
from ovhcore.protocol.requests.building import build_request, named_arguments, split_arguments, target
from ovhcore.protocol.urls import (
    append_query,
    encode_query,
    encode_segment,
    fill_template,
    normalise_path,
    split_url,
    template_names,
)

EU = resolve_endpoint("ovh-eu")
text = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
paths = text.map(lambda path: f"/{path}")


@given(paths)
def test_a_path_is_written_once_and_for_all(path: str) -> None:
    try:
        written = normalise_path(path)
    except InvalidRequest:
        return
    assert normalise_path(written) == written
    assert written.isascii()
    url = "https://eu.api.ovh.com" + written
    assert str(httpx.URL(url)) == url
    parsed = parse_url(url)
    assert parsed.request_uri == written
    if "%" not in path:
        assert unquote(written) == path if not path.endswith("?") else path.rstrip("?")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_value_is_one_segment(value: str) -> None:
    if value in (".", "..") or any(ord(character) < 32 or ord(character) == 127 for character in value):
        with pytest.raises(InvalidRequest):
            encode_segment(value)
        return
    encoded = encode_segment(value)
    assert "/" not in encoded
    assert unquote(encoded) == value
    filled, rest = split_arguments("/a/{x}/b", {"x": value, "y": 1})
    assert normalise_path(filled) == filled == f"/a/{encoded}/b"
    assert rest == {"y": 1}


@given(st.dictionaries(text.filter(bool), text | st.lists(text, min_size=1)))
def test_a_query_says_what_was_given(arguments: dict[str, Any]) -> None:
    query = encode_query(arguments)
    wanted = [(n, v) for n, value in arguments.items() for v in (value if isinstance(value, list) else [value])]
    assert parse_qsl(query, keep_blank_values=True) == wanted
    path = append_query("/x", query)
    assert normalise_path(path) == path


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/me", "/me"),
        ("/ip/127.0.0.1%2F29", "/ip/127.0.0.1%2F29"),
        ("/%7euser/%c3%a9", "/~user/%C3%A9"),
        ("/a b/[c]/{d}", "/a%20b/%5Bc%5D/%7Bd%7D"),
        ("/100%", "/100%25"),
        ("/a#b", "/a%23b"),
        ("/a?b=c?d&e='f'", "/a?b=c?d&e=%27f%27"),
        ("/a?", "/a"),
        ("/.well-known/x", "/.well-known/x"),
    ],
)
def test_spellings(path: str, written: str) -> None:
    assert normalise_path(path) == written


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("me", "must start with '/'"),
        ("", "must start with '/'"),
        (None, "must be a string that starts with '/', not NoneType"),
        ("/a/../b", "segment '..'"),
        ("/a/%2E%2e/b", "segment '..'"),
        ("/.", "segment '.'"),
        ("/a\nb", r"control character ('\n' at 2)"),
        ("/\ud800", "surrogate"),
        ("/" + "x" * 300 + "\n", "..."),
    ],
)
def test_paths_without_a_spelling(path: Any, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        normalise_path(path)
    assert said in str(caught.value)
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize(
    ("path", "arguments", "said"),
    [
        ("/ip/{ip}", {}, "needs the argument(s) ip; given: none"),
        ("/ip/{ip}", {"i": 1}, "needs the argument(s) ip; given: i"),
        ("/ip/{ip}", {"ip": ""}, "path argument 'ip' is empty"),
        ("/ip/{ip}", {"ip": ".."}, "path argument 'ip' is '..'"),
        ("/ip/{ip}", {"ip": None}, "must be a plain value such as a string or a number, not NoneType"),
        ("/ip/{ip}", {"ip": "a\n"}, "control character"),
        ("/ip/{ip}", {"ip": "\ud800"}, "surrogate"),
        ("/ip/{}", {}, "braces in a path name arguments"),
        ("/ip/{ip", {}, "braces in a path name arguments"),
        ("/ip/ip}", {}, "braces in a path name arguments"),
    ],
)
def test_templates_that_cannot_be_filled(path: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        split_arguments(path, arguments)
    assert said in str(caught.value)


def test_templates() -> None:
    assert template_names("/a/{b}/{c}/{b}?{d}") == ["b", "c"]
    assert target("/a/{b}/x?y=1", {"b": "c/d", "z": [True, 2]}) == "/a/c%2Fd/x?y=1&z=true&z=2"
    assert named_arguments({"_from": 1, "_import": 2, "_x": 3, "class_": 4}) == {
        "from": 1,
        "import": 2,
        "_x": 3,
        "class_": 4,
    }


def test_queries() -> None:
    assert encode_query({"a": {"b", "a"}, "c": (1, False)}) == "a=a&a=b&c=1&c=false"
    assert append_query("/x", "") == "/x"
    assert append_query("/x?", "a=1") == "/x?a=1"
    assert append_query("/x?a=1&", "b=2") == "/x?a=1&b=2"
    with pytest.raises(InvalidRequest, match="query argument 'a' must be a plain value"):
        encode_query({"a": [None]})
    with pytest.raises(InvalidRequest, match="query argument 'd' is None"):
        encode_query({"a": 1, "d": None})
    nothing: Any
    for nothing in ([], (), set()):
        with pytest.raises(InvalidRequest, match="query argument 'd' is empty"):
            encode_query({"a": 1, "d": nothing})


# Endpoints


def test_named_endpoints() -> None:
    for name, url in ENDPOINTS.items():
        endpoint = resolve_endpoint(name)
        assert (endpoint.name, endpoint.url, endpoint.token_url) == (name, url, OAUTH2_TOKEN_URLS.get(name))


def test_names_are_those_of_python_ovh() -> None:
    theirs = pytest.importorskip("ovh.client", reason="python-ovh is not installed")
    assert {**theirs.ENDPOINTS, "runabove-ca": ENDPOINTS["runabove-ca"]} == ENDPOINTS  # retired since
    assert {name: theirs.OAUTH2_TOKEN_URLS[name] for name in OAUTH2_TOKEN_URLS} == OAUTH2_TOKEN_URLS


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("HTTP://LocalHost:80/", "http://localhost"),
        ("https://api.ovh.com:443/1.0/", "https://api.ovh.com/1.0"),
        ("https://[::1]:8443/v1", "https://[::1]:8443/v1"),
        ("https://host:/x", "https://host/x"),
        ("https://host/a b", "https://host/a%20b"),
    ],
)
def test_custom_endpoints(endpoint: str, url: str) -> None:
    assert resolve_endpoint(endpoint).url == url


def test_token_urls() -> None:
    assert resolve_endpoint("https://api.eu.ovhcloud.com/v2").token_url == OAUTH2_TOKEN_URLS["ovh-eu"]
    assert resolve_endpoint("http://localhost").token_url is None
    assert resolve_endpoint("ovh-eu", "http://localhost/token").token_url == "http://localhost/token"
    with pytest.raises(InvalidConfiguration, match="token URL is not a usable URL"):
        resolve_endpoint("ovh-eu", "ftp://localhost")


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("ftp://host", "must start with https:// or http://"),
        ("/1.0", "must start with https:// or http://"),
        ("https://user:canary@host", "must not carry a user name or password"),
        ("https://h\u00f4te", "punycode"),
        ("https:///x", "no valid host"),
        ("https://a_b-", "no valid host"),
        ("https://host?x=canary", "without '?' or '#'"),
        ("https://host/#", "without '?' or '#'"),
        ("https://host/a\\b", "a backslash or outer white space"),
        ("https://host/ ", "a backslash or outer white space"),
        ("https://ho\tst/", "a control character"),
        ("https://host/\n", "a control character"),
        ("https://host:0/", "port must be between 1 and 65535"),
        ("https://a..b/", "no valid host"),
        ("https://host:99999/", "Port"),
        ("https://host:x/", "Port"),
        ("https://host/../x", "segment '..'"),
        ("https://[::1/", "Invalid IPv6 URL"),
    ],
)
def test_endpoints_that_cannot_be_used(endpoint: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        resolve_endpoint(endpoint)
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("token_url", "kept"),
    [
        ("http://127.0.0.12:18080", "http://127.0.0.12:18080/"),
        ("https://auth.example.com/", "https://auth.example.com/"),
        ("https://auth.example.com/token/", "https://auth.example.com/token/"),
    ],
)
def test_token_urls_keep_their_path(token_url: str, kept: str) -> None:
    assert resolve_endpoint("ovh-eu", token_url).token_url == kept


def test_unknown_endpoints_that_may_hold_a_password() -> None:
    with pytest.raises(InvalidRegion) as caught:
        resolve_endpoint("user:canary@host")
    assert "canary" not in str(caught.value)
    with pytest.raises(InvalidConfiguration, match="token URL must be a string, not int"):
        resolve_endpoint("ovh-eu", 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["http://h", "https://h?a=/b", "https://h#/", "ftp://hhhhhhhh/", "/1.0/me", ""])
def test_urls_that_transports_cannot_split(url: str) -> None:
    with pytest.raises(InvalidRequest, match="must be absolute and have a path"):
        split_url(url)


class Marked(str):
    """As those of template engines."""

    def __radd__(self, other: str) -> Marked:
        return self


def test_subclasses_of_str() -> None:
    path: Any = Marked("/me")
    url = resolve_endpoint("ovh-eu").url_of(path)
    assert type(url) is str
    assert url == "https://eu.api.ovh.com/1.0/me"
    assert type(fill_template("/a/{b}", {"b": Marked("c")})) is str


@pytest.mark.parametrize("path", [123, None, b"/me", Path("/me")])
def test_paths_of_other_types(path: Any) -> None:
    calls: list[Callable[[], object]] = [
        lambda: target(path, {"a": 1}),
        lambda: target(path, {}),
        lambda: resolve_endpoint("ovh-eu").url_of(path),
    ]
    for call in calls:
        with pytest.raises(InvalidRequest, match="path must be a string"):
            call()


def test_unknown_endpoints() -> None:
    with pytest.raises(InvalidRegion, match=r"Unknown endpoint 'ovh-xx'. Valid endpoints: ovh-eu, ovh-us"):
        resolve_endpoint("ovh-xx")


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("ovh-eu", "/me", "https://eu.api.ovh.com/1.0/me"),
        ("ovh-eu", "/v1/me", "https://eu.api.ovh.com/v1/me"),
        ("ovh-eu", "/v2/iam/policy", "https://eu.api.ovh.com/v2/iam/policy"),
        ("ovh-eu", "/1.0/me", "https://eu.api.ovh.com/1.0/me"),
        ("ovh-eu", "/v2", "https://eu.api.ovh.com/v2"),
        ("ovh-eu", "/v2?x=1", "https://eu.api.ovh.com/v2?x=1"),
        ("https://eu.api.ovh.com/v2", "/auth/time", "https://eu.api.ovh.com/1.0/auth/time"),
        ("https://eu.api.ovh.com/v2", "/iam/policy", "https://eu.api.ovh.com/v2/iam/policy"),
        ("https://eu.api.ovh.com/v1", "/auth/time", "https://eu.api.ovh.com/v1/auth/time"),
        ("ovh-eu", "/v20/x", "https://eu.api.ovh.com/1.0/v20/x"),
        ("ovh-eu", "/vps", "https://eu.api.ovh.com/1.0/vps"),
        ("ovh-us", "/v1/me", "https://api.us.ovhcloud.com/v1/me"),
        ("http://127.0.0.1:1", "/v2/x", "http://127.0.0.1:1/v2/x"),
        ("http://127.0.0.1:1", "/me", "http://127.0.0.1:1/me"),
    ],
)
def test_versions(base: str, path: str, url: str) -> None:
    assert resolve_endpoint(base).url_of(path) == url


# Requests


def test_requests_without_a_body() -> None:
    for method in ("GET", "delete", "HEAD", "OPTIONS"):
        assert build_request(EU, method, "/me", {}).body == b""
        with pytest.raises(InvalidRequest, match="carries no body"):
            build_request(EU, method, "/me", {"a": 1})
        given = build_request(EU, method, "/me", {"a": 1}, bodiless=frozenset())
        assert (given.body, given.headers["content-type"]) == (b'{"a":1}', "application/json")
    request = build_request(EU, "post", "/me")
    assert (request.method, request.body, len(request.headers)) == ("POST", b"", 0)
    assert build_request(EU, "PUT", "/me", {}).body == b"{}"
    assert build_request(EU, "PUT", "/me", {"a": None}).body == b'{"a":null}'


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\nX: y", None, "G\u00c9T"])
def test_methods_that_are_none(method: Any) -> None:
    with pytest.raises(InvalidRequest, match="method must be an HTTP method"):
        build_request(EU, method, "/me")


def test_braces_of_call() -> None:
    with pytest.raises(InvalidRequest, match="needs the argument"):
        build_request(EU, "GET", "/ip/{ip}")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"a b": "x"}, "'a b' is not a valid HTTP field name"),
        ({1: "x"}, "1 is not a valid HTTP field name"),
        ({"X-Ovh-Signature": "x"}, "is written by the library"),
        ({"Host": "x"}, "is written by the library"),
        ({"X-A": "canary\r\nX-B: c"}, "'X-A' has a value that is not printable"),
        ({"X-A": " canary"}, "'X-A' has a value"),
        ({"X-A": 1}, "'X-A' has a value"),
    ],
)
def test_headers_that_cannot_be_sent(fields: Any, said: str) -> None:
    client = ovh.Client("ovh-eu", transport="sandbox")
    with pytest.raises(InvalidRequest) as caught:
        client.get("/me", _headers=fields)
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)
