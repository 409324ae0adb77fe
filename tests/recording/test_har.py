"""HAR files hold what the developer tools of browsers look for."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import ConnectTimeout, HTTPError
from ovhcore.protocol.messages import Headers, Request, Response
from ovhcore_transports.recording.cassette.cassettes import Cassette
from ovhcore_transports.recording.cassette.interactions import Interaction
from ovhcore_transports.recording.formats.har import to_har

pytestmark = pytest.mark.once

URL = "https://eu.api.ovh.com/1.0/me"


def entries(*interactions: Interaction) -> list[dict[str, Any]]:
    log = json.loads(to_har(interactions))["log"]
    assert log["version"] == "1.2"
    assert log["creator"]["name"] == "ovhcore"
    found: list[dict[str, Any]] = log["entries"]
    return found


def test_an_entry() -> None:
    request = Request(
        "POST",
        f"{URL}?a=1&b=&a=%C3%A9#end",
        Headers([("Content-Type", "application/json"), ("Via", "1"), ("Via", "2")]),
        b'{"x":1}',
    )
    response = Response(201, Headers([("Content-Type", "text/plain"), ("Location", "/new")]), "caf\u00e9".encode())
    found = entries(Interaction.of(request, response, at=1528723171.25, took=0.1234567))
    assert found == [
        {
            "startedDateTime": "2018-06-11T13:19:31.250Z",
            "time": 123.457,
            "request": {
                "method": "POST",
                "url": request.url,
                "httpVersion": "unknown",
                "cookies": [],
                "headers": [
                    {"name": "Content-Type", "value": "application/json"},
                    {"name": "Via", "value": "1"},
                    {"name": "Via", "value": "2"},
                ],
                "queryString": [
                    {"name": "a", "value": "1"},
                    {"name": "b", "value": ""},
                    {"name": "a", "value": "\u00e9"},
                ],
                "headersSize": -1,
                "bodySize": 7,
                "postData": {"mimeType": "application/json", "text": '{"x":1}'},
            },
            "response": {
                "status": 201,
                "statusText": "Created",
                "httpVersion": "unknown",
                "cookies": [],
                "headers": [{"name": "Content-Type", "value": "text/plain"}, {"name": "Location", "value": "/new"}],
                "content": {"size": 5, "mimeType": "text/plain", "text": "caf\u00e9"},
                "redirectURL": "/new",
                "headersSize": -1,
                "bodySize": 5,
            },
            "cache": {},
            "timings": {"send": 0, "wait": 123.457, "receive": 0},
        }
    ]


def test_bytes_are_base64() -> None:
    body = b"\x00\xff"
    packed = Headers([("Content-Encoding", "gzip")])
    (found,) = entries(Interaction.of(Request("PUT", URL, (), body), Response(460, packed, b"a\0b")))
    assert found["request"]["postData"] == {
        "mimeType": "x-unknown",
        "text": b64encode(body).decode(),
        "_encoding": "base64",
    }
    content = found["response"]["content"]
    assert (content["size"], content["mimeType"], content["encoding"]) == (3, "x-unknown", "base64")
    assert b64decode(content["text"]) == b"a\0b"
    assert found["response"]["bodySize"] == -1
    assert found["response"]["statusText"] == ""


def test_failures_and_times_that_nobody_knows() -> None:
    request = Request("GET", URL)
    found = entries(
        Interaction.of(request, Response(200)),
        Interaction.of(request, ConnectTimeout("it took too long"), at=5.0),
        Interaction.of(request, HTTPError()),
    )
    assert [each["startedDateTime"] for each in found] == [
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:05.000Z",
        "1970-01-01T00:00:05.000Z",
    ]
    assert [each["time"] for each in found] == [0, 0, 0]
    assert "postData" not in found[0]["request"]
    failed = found[1]["response"]
    assert (failed["status"], failed["statusText"], failed["_error"]) == (0, "", "it took too long")
    assert (failed["content"]["size"], failed["headersSize"], failed["bodySize"]) == (0, -1, -1)
    assert found[2]["response"]["_error"] == "HTTPError"


def test_surrogates_that_stand_alone() -> None:
    (found,) = entries(Interaction.of(Request("GET", f"{URL}/\ud800"), Response(200)))
    assert found["request"]["url"] == f"{URL}/\ud800"


def test_real_recordings(shared_data: Path) -> None:
    for path in sorted((shared_data / "cassettes").glob("*.yaml")):
        cassette = Cassette.load(path)
        found = entries(*cassette)
        assert len(found) == len(cassette)
        for entry in found:
            assert entry["startedDateTime"].startswith("2018-06-11T13:19:")
            assert entry["response"]["content"]["mimeType"].startswith("application/json")


def test_secrets_do_not_come_out() -> None:
    headers = Headers([("Authorization", "Bearer abcdefghijklm"), ("Cookie", "a=nopqrstuvwxyz")])
    interaction = Interaction.of(
        Request("POST", f"{URL}?token=0123456789", headers, b"of nopqrstuvwxyz"),
        Response(200, Headers([("Set-Cookie", "b=zyxwvutsr; path=/")]), b"0123456789 and zyxwvutsr"),
    )
    data = to_har([interaction])
    for secret in (b"abcdefghijklm", b"nopqrstuvwxyz", b"0123456789", b"zyxwvutsr"):
        assert secret not in data


@given(st.binary(max_size=200), st.text(max_size=50), st.none() | st.floats(0, 4e9), st.none() | st.floats(0, 1000))
def test_anything(body: bytes, query: str, at: float | None, took: float | None) -> None:
    request = Request("POST", f"{URL}?{query}", (), body)
    (found,) = entries(Interaction.of(request, Response(200, (), body), at=at, took=took))
    assert datetime.fromisoformat(found["startedDateTime"]).utcoffset() is not None
    timings = found["timings"]
    assert sum(timings.values()) == found["time"] >= 0
    content = found["response"]["content"]
    text = content["text"]
    assert content["size"] == len(b64decode(text) if "encoding" in content else text.encode())
