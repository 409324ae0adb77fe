"""Whatever shape a recording by others has: it is read, and nothing of it is lost, or an error names what is odd."""

from __future__ import annotations

import asyncio
import json
import sys
import types
import zlib
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import CassetteError
from ovhcore.testing.server import WireServer, answer
from ovhcore_transports.recording import Cassette, ReplayTransport
from ovhcore_transports.recording.formats.vcr import from_vcr
from tests.profiles import tries

pytestmark = pytest.mark.once

MANY: Final = tries(150, 5000)
URL: Final = "https://eu.api.ovh.com/1.0/me"
JSON: Final = {"Content-Type": ["application/json"]}
FORM: Final = {"Content-Type": ["application/x-www-form-urlencoded"]}
CHUNKS: Final = [b"chunk ", "and chunk"]


def exchange(request: Any = None, response: Any = None) -> dict[str, Any]:
    asked: dict[str, Any] = {"method": "POST", "uri": URL, "body": None, "headers": {}}
    came: dict[str, Any] = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "[]"}}
    return {"request": asked | (request or {}), "response": came | (response or {})}


def as_yaml(*exchanges: Any) -> bytes:
    return yaml.dump({"interactions": list(exchanges), "version": 1}, sort_keys=False, allow_unicode=True).encode()


def as_json(*exchanges: Any) -> bytes:
    return json.dumps({"interactions": list(exchanges), "version": 1}).encode()


def asked(**request: Any) -> bytes:
    return from_vcr(as_yaml(exchange(request)))[0].request.body


def came(**response: Any) -> bytes:
    found = from_vcr(as_yaml(exchange(None, response)))[0].response
    assert found is not None
    return found.body


VALUES: Final = [
    {"fieldType": "TXT", "target": "x"},
    {"ttl": 3600, "fraction": 0.5, "is": True, "isNot": False, "nothing": None, "e": -1e-7, "big": 2**70},
    {"number": "3600", "word": "yes", "no": "no", "null": "null", "day": "2018-06-11", "hex": "0x10", "sum": "1:30"},
    {"nested": {"list": [1, "1", [], {}, None]}, "empty": ""},
    {"string": "x", "other": 1},
    ["a", "b"],
    [{"a": 1}],
    [1, 2.5, None],
    [["a", "b"]],
    [],
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("headers", [{}, JSON, {"content-type": "application/problem+json; charset=utf-8"}])
def test_values_that_aiohttp_was_given(value: Any, headers: Any) -> None:
    for write in (as_yaml, as_json):
        (found,) = from_vcr(write(exchange({"body": value, "headers": headers})))
        assert json.loads(found.request.body) == value
        assert str(json.loads(found.request.body)) == str(value)  # of the same types


def test_no_members_are_no_body_unless_they_are_json() -> None:
    assert asked(body={}) == b""
    assert asked(body={}, headers=JSON) == b"{}"


def test_forms_that_aiohttp_was_given() -> None:
    fields = {"grant_type": "client_credentials", "scope": "all of it", "n": 5, "day": "2018-06-11"}
    expected = [(name, str(value)) for name, value in fields.items()]
    assert parse_qsl(asked(body=fields, headers=FORM).decode()) == expected
    assert parse_qsl(asked(body=[[*each] for each in fields.items()], headers=FORM).decode()) == expected
    assert parse_qsl(asked(body=[(*each,) for each in fields.items()], headers=FORM).decode()) == expected


@pytest.mark.parametrize("value", VALUES)
def test_parsed_bodies(value: Any) -> None:
    for write in (as_yaml, as_json):
        found = exchange({"parsed_body": value}, {"parsed_body": value})
        del found["request"]["body"], found["response"]["body"]
        (read,) = from_vcr(write(found))
        assert read.response is not None
        assert json.loads(read.request.body) == json.loads(read.response.body) == value
    assert asked(parsed_body=None) == b""
    assert asked(parsed_body={"a": 1}, body='{"a": 1}') == b'{"a": 1}'


def test_typed_bodies() -> None:
    for read in (asked, came):
        assert read(body={"type": "json", "content": {"a": [1, None]}}) == b'{"a": [1, null]}'
        assert read(body={"type": "text", "content": "caf\u00e9"}) == "caf\u00e9".encode()
        assert read(body={"type": "base64", "content": "AP8="}) == b"\x00\xff"
    assert from_vcr(as_yaml(exchange(None, {"status": 201, "body": {"type": "text", "content": "1"}})))[0].response


def test_texts_and_their_encodings() -> None:
    for read in (asked, came):
        assert read(body={"encoding": "UTF-8", "string": "caf\u00e9"}) == "caf\u00e9".encode()
        assert read(body={"encoding": "ISO-8859-1", "string": "caf\u00e9"}) == b"caf\xe9"
        assert read(body={"encoding": "ASCII-8BIT", "string": "cafe"}) == b"cafe"
        assert read(body={"encoding": None, "string": "cafe"}) == b"cafe"
        assert read(body={"encoding": "utf-8", "base64_string": "AP\n8=\n"}) == b"\x00\xff"
        assert read(body={"string": "", "base64_string": "AP8="} | {"string": None}) == b"\x00\xff"
        assert read(body=CHUNKS) == b"chunk and chunk"


@pytest.mark.parametrize(
    "headers",
    [
        [["A", "1"], ["B", "x"], ["B", "y"]],
        [("A", "1"), ("B", "x"), ("B", "y")],
        [["A", 1], ["B", ["x", "y"]]],
        [["A", b"1"], ["B", ["x"]], ["B", "y"]],
        {"A": 1, "B": ["x", "y"]},
    ],
)
def test_headers_as_pairs(headers: Any) -> None:
    (found,) = from_vcr(as_yaml(exchange({"headers": headers}, {"headers": headers})))
    assert found.response is not None
    assert found.request.headers.pairs == found.response.headers.pairs == (("A", "1"), ("B", "x"), ("B", "y"))


def test_headers_of_json_that_are_no_texts() -> None:
    (found,) = from_vcr(as_json(exchange({"headers": {"A": True, "B": [1, 2.5], "C": False, "D": []}})))
    assert found.request.headers.pairs == (("A", "true"), ("B", "1"), ("B", "2.5"), ("C", "false"), ("D", ""))


@pytest.mark.parametrize("without_c", [False, True])
def test_what_is_not_quoted_is_a_text_in_headers_and_a_value_in_bodies(
    without_c: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_c:
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    data = b"""\
interactions:
- request:
    method: POST
    uri: https://eu.api.ovh.com/1.0/me
    headers: {X-A: [1_000, yes, 2018-06-11, 1.10]}
    body: {a: 1_000, b: yes, c: 2018-06-11, d: 1.10, e: '1', f: "yes", g: '2', 5: six, true: t, '<<': m, h: =}
  response: {status: {code: 200}, headers: {}, body: {string: 1.10}}
version: 1
"""
    (found,) = from_vcr(data)
    assert found.response is not None
    assert [value for _, value in found.request.headers.pairs] == ["1_000", "yes", "2018-06-11", "1.10"]
    expected = {"a": 1000, "b": True, "c": "2018-06-11", "d": 1.1, "e": "1", "f": "yes", "g": "2"}
    assert json.loads(found.request.body) == expected | {"5": "six", "true": "t", "<<": "m", "h": "="}
    assert found.response.body == b"1.10"


def long(value: int) -> Any:
    """Return a list of lists that YAML holds in a few lines, and that has 10**value members."""
    found: Any = "x"
    for _ in range(value):
        found = [found] * 10
    return found


CIRCLE: Final[list[Any]] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("request_", "response", "message"),
    [
        ({"other": 1}, {}, "interaction 1 has a request with the unknown member 'other'"),
        ({}, {"other": 1, "body_json": 2}, "interaction 1 has a response with the unknown member 'other', 'body_json'"),
        ({"content": "x"}, {}, "a request with the unknown member 'content'"),
        ({}, {"uri": "x"}, "a response with the unknown member 'uri'"),
        ({}, {"status": {"code": 200, "text": "OK"}}, "a response.status with the unknown member 'text'"),
        ({}, {"body": {"fieldType": "TXT"}}, "a response.body with the unknown member 'fieldType'"),
        ({}, {"body": {"string": "x", "other": 1}}, "a response.body with the unknown member 'other'"),
        ({}, {"body": {"encoding": "utf-8", "text": "x"}}, "a response.body with the unknown member 'text'"),
        ({}, {"body": {"type": "xml", "content": "x"}}, "a response.body with the unknown member 'type', 'content'"),
        ({}, {"body": {"string": {"a": 1}}}, "a response.body that is no text"),
        ({}, {"body": ["a", "b"]}, "a response.body that is no text"),
        ({}, {"body": {"string": "x", "base64_string": "AP8="}}, "both string and base64_string"),
        ({}, {"body": {"base64_string": "A?P8="}}, "a response.body whose base64 cannot be decoded"),
        ({}, {"body": {"string": "\u20ac", "encoding": "latin-1"}}, "whose text is not of its encoding 'latin-1'"),
        ({}, {"body": {"string": "x", "encoding": "klingon"}}, "whose text is not of its encoding 'klingon'"),
        ({}, {"body": "x", "content": "y"}, "both body and content"),
        ({"body": "x", "parsed_body": {"a": 1}}, {}, "a request with both body and parsed_body"),
        ({}, {"parsed_body": {"a": 1}}, "a response with both body and parsed_body"),
        ({"parsed_body": {"a": b"\xff"}}, {}, r"a request\.parsed_body that JSON cannot hold"),
        ({"parsed_body": float("nan")}, {}, r"a request\.parsed_body that JSON cannot hold"),
        ({"body": {"file": b"\xff"}}, {}, r"a request\.body that JSON cannot hold"),
        ({"body": {"a": long(6)}}, {}, r"a request\.body that JSON cannot hold"),
        ({"body": {"a": CIRCLE}}, {}, r"a request\.body that JSON cannot hold"),
        ({"body": {"a": 1}, "headers": {"Content-Type": "multipart/form-data"}}, {}, "its Content-Type is not JSON's"),
        ({"body": ["a"], "headers": {"Content-Type": "text/plain"}}, {}, "that is a list, and its Content-Type is not"),
        ({"body": {"a": None}, "headers": FORM}, {}, "a form whose fields are no texts"),
        ({"body": {"a": b"\xff"}, "headers": FORM}, {}, "a form whose fields are no texts"),
        ({"body": ["ab"], "headers": FORM}, {}, "a form whose fields are no texts"),
        ({"headers": [["A", "b", "c"]]}, {}, "no mapping and no list of pairs"),
        ({"headers": "A: b"}, {}, "no mapping and no list of pairs"),
        ({"headers": [[["A"], "b"]]}, {}, "of which a name is no text"),
        ({"headers": [["A", [["b"]]]]}, {}, "of which A is no text"),
        ({"headers": {"Content-Length": "5"}}, {}, "a request without a body, .* its Content-Length is 5"),
        ({"headers": {"Content-Length": ["5"]}, "body": ""}, {}, "a request without a body"),
        ({"headers": {"Content-Length": ["5", "5"]}}, {}, "a request without a body"),
        ({}, {"headers": {"Content-Length": "5"}, "body": None}, "a response without a body"),
        ({}, {"headers": {"content-length": [5]}, "body": {}}, "a response without a body"),
        ({}, {"headers": [["Content-Length", "5"]], "body": {"string": None}}, "a response without a body"),
    ],
)
def test_what_is_not_known_is_named(request_: Any, response: Any, message: str, tmp_path: Path) -> None:
    found = exchange(request_, response)
    for side, made in (("request", request_), ("response", response)):
        if made.get("body", "") is None:
            del found[side]["body"]
    path = tmp_path / "others.yaml"
    path.write_bytes(as_yaml(exchange(), found))
    with pytest.raises(CassetteError, match=message.replace("interaction 1", "interaction 2")) as caught:
        Cassette.load(path)
    assert str(caught.value).startswith(f"The cassette {path} cannot be used: interaction 2 has ")


TWICE: Final = """\
interactions:
- request:
    method: POST
    uri: https://eu.api.ovh.com/1.0/me
    body: {BODY}
    headers: {HEADERS}
  response: {status: {code: 200}, headers: {}, body: {string: x}}
version: 1
"""


@pytest.mark.parametrize("without_c", [False, True])
@pytest.mark.parametrize(
    ("body", "headers", "name"),
    [("{a: 1, b: 2, a: 3}", "{}", "a"), ("x", "{A: 1, A: 2}", "A"), ("{b: {1: x, '1': y, 1: z}}", "{}", "1")],
)
def test_a_member_that_stands_there_twice(
    without_c: bool, body: str, headers: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_c:
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    line = 5 if name != "A" else 6
    with pytest.raises(CassetteError, match=f"it has the member '{name}' twice in one place at line {line}: mend it"):
        from_vcr(TWICE.replace("{BODY}", body).replace("{HEADERS}", headers).encode())


def test_a_member_of_json_that_stands_there_twice() -> None:
    data = as_json(exchange({"body": {"a": 1}})).replace(b'{"a": 1}', b'{"a": 1, "a": 2}')
    with pytest.raises(CassetteError, match="it has the member 'a' twice in one place: mend it"):
        from_vcr(data)


def test_a_missing_body_where_there_is_none() -> None:
    length = {"Content-Length": ["5"]}
    for request, response in (
        ({"method": "HEAD"}, {"headers": length, "body": None}),
        ({}, {"headers": length, "body": None, "status": 304}),
        ({}, {"headers": {"Content-Length": "0"}, "body": None}),
        ({}, {"headers": {"Content-Length": "unknown"}, "body": None}),
        ({}, {"headers": length | {"Content-Encoding": "gzip"}, "body": {"string": ""}}),
    ):
        (found,) = from_vcr(as_yaml(exchange(request, response)))
        assert found.response is not None
        assert found.response.body == b""


# Anything at all: each text and each number in it is there only once, and must be found again.

numbers = count(10_000)
leaves = st.builds(
    lambda kind: kind(next(numbers)), st.sampled_from([lambda n: f"t{n}", lambda n: n, lambda n: f"{n}"])
)
others = st.sampled_from([None, True, "", b"\xff\x00"])
names = st.builds(lambda: f"n{next(numbers)}")
values = st.recursive(
    leaves | others,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
known = st.fixed_dictionaries({}, optional={"string": values, "encoding": st.sampled_from(["utf-8", None, "latin-1"])})
typed = st.fixed_dictionaries({"type": st.sampled_from(["json", "text", "base64"]), "content": values})
bodies = values | known | typed | st.builds(lambda value: {"string": value}, leaves)
field_values = leaves | st.lists(leaves, max_size=2) | values
headers = (
    st.dictionaries(names, field_values, max_size=3)
    | st.lists(st.tuples(names, field_values).map(list), max_size=3)
    | values
)
kinds = st.sampled_from([None, None, "application/json", FORM["Content-Type"][0], "text/plain"])
requests = st.fixed_dictionaries(
    {}, optional={"body": bodies, "headers": headers, "parsed_body": values, "content": values, "more": values}
)
responses = st.fixed_dictionaries(
    {}, optional={"body": bodies, "headers": headers, "parsed_body": values, "content": values, "more": values}
)


def tokens(found: Any) -> set[str]:
    """Return each text and number that occurs only once."""
    if isinstance(found, dict):
        return {
            token
            for name, value in found.items()
            for token in (tokens(value) | (tokens(name) if name not in ("type", "encoding") else set()))
            if name not in ("type", "encoding")
        }
    if isinstance(found, list):
        return {token for each in found for token in tokens(each)}
    text = str(found)
    return {text} if text.strip("tn").isdecimal() and not isinstance(found, bytes) else set()


@settings(max_examples=MANY)
@given(requests, responses, kinds, st.booleans())
def test_nothing_is_lost_or_an_error_says_what_is_not_known(
    request: dict[str, Any], response: dict[str, Any], kind: str | None, in_json: bool
) -> None:
    if kind is not None and isinstance(request.get("headers", {}), dict):
        request["headers"] = request.get("headers", {}) | {"Content-Type": kind}
    found = exchange(request, response)
    if "parsed_body" in request:
        found["request"].pop("body")
    if {"parsed_body", "content"} & response.keys():
        found["response"].pop("body")
    try:
        data = (as_json if in_json else as_yaml)(exchange(), found)
    except TypeError:  # JSON holds no bytes
        data = as_yaml(exchange(), found)
    try:
        _, read = from_vcr(data)
    except CassetteError as error:
        said = str(error)
    else:
        said = ""
        assert read.response is not None
    if said:
        assert said.startswith("interaction 2 has ")
        return
    assert read.response is not None
    for side, sent in (("request", read.request), ("response", read.response)):
        shown = f"{sent.headers.pairs} {sent.body.decode('latin-1')}"
        kept = {name: found[side].get(name) for name in ("headers", "body", "parsed_body", "content", "more")}
        missing = {token for token in tokens([*kept.values()]) if token not in shown}
        if any(isinstance(value, dict) and value.get("type") == "base64" for value in kept.values()):
            missing = set()  # it was decoded
        assert not missing, (side, found[side], sent)


def test_what_vcrpy_writes_of_aiohttp(tmp_path: Path) -> None:
    vcr = pytest.importorskip("vcr")
    aiohttp = pytest.importorskip("aiohttp")
    record = {"fieldType": "TXT", "target": "x", "ttl": 3600}
    path = tmp_path / "aiohttp.yaml"

    async def main(url: str) -> None:
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/domain/zone/a.eu/record", json=record) as response:
                await response.read()
            async with session.post(f"{url}/list", json=["a", "b"]) as response:
                await response.read()

    with WireServer(lambda peer: peer.serve(lambda received: answer(b'{"id":1}'))) as server:
        with vcr.VCR(record_mode="all").use_cassette(str(path)):
            asyncio.run(main(server.url))
        endpoint = server.url
    first, second = Cassette.load(path)
    assert json.loads(first.request.body) == record
    assert json.loads(second.request.body) == ["a", "b"]
    client = ovh.Client(endpoint, transport=ReplayTransport(path), time_sync="off")
    path_ = "/domain/zone/{zone}/record"
    assert client.call("POST", path_.format(zone="a.eu"), record, False) == {"id": 1}


# Compressed with what the standard library does not have.

BR: Final = b"\x0b\x01\x80[1]\x03"
ZSTD: Final = bytes.fromhex("28b52ffd2003190000") + b"[1]"


def compressed(coding: str, body: Any) -> dict[str, Any]:
    return {"headers": {"Content-Encoding": [coding]}, "body": {"string": body}}


@pytest.mark.parametrize(("coding", "body", "package"), [("br", BR, "brotli"), ("zstd", ZSTD, "zstandard")])
def test_what_is_needed_for_a_coding_is_said(
    coding: str, body: bytes, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    message = f"interaction 2 has a response whose body is compressed with {coding} .*: pip install {package}$"
    with pytest.raises(CassetteError, match=message):
        from_vcr(as_yaml(exchange(), exchange(None, compressed(coding, body))))
    # What was decompressed before needs nothing.
    assert came(**compressed(coding, "[1]")) == b"[1]"


@pytest.mark.parametrize(("coding", "body", "package"), [("br", BR, "brotli"), ("zstd", ZSTD, "zstandard")])
def test_with_the_library_it_is_read(coding: str, body: bytes, package: str) -> None:
    pytest.importorskip(package)
    assert came(**compressed(coding, body)) == b"[1]"
    assert came(**compressed(f"identity, {coding}", body)) == b"[1]"
    assert came(**compressed(coding, b"\xff" + body)) == b"\xff" + body


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> bytes:
        return zlib.decompress(self.data)


class Decompressor:
    def stream_reader(self, data: bytes, read_across_frames: bool) -> Reader:
        assert read_across_frames
        return Reader(data)


@pytest.mark.parametrize(
    ("coding", "module", "member", "found"),
    [
        ("br", "brotlicffi", "decompress", zlib.decompress),
        ("zstd", "backports.zstd", "decompress", zlib.decompress),
        ("zstd", "zstandard", "ZstdDecompressor", Decompressor),
    ],
)
def test_any_of_the_libraries_will_do(
    coding: str, module: str, member: str, found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The libraries are not installed everywhere; how each is called is what is looked at here.
    for name in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    there = types.ModuleType(module)
    setattr(there, member, found)
    monkeypatch.setitem(sys.modules, module, there)
    assert came(**compressed(coding, zlib.compress(b"[1]"))) == b"[1]"
    assert came(**compressed(coding, b"\xff\xfe")) == b"\xff\xfe"  # it is not compressed so


def test_cassettes_that_are_there(shared_data: Path) -> None:
    for path in sorted((shared_data / "cassettes").glob("*.yaml")):
        raw = yaml.safe_load(path.read_bytes())["interactions"]
        for found, read in zip(raw, Cassette.load(path), strict=True):
            assert read.response is not None
            assert bool(read.request.body) is bool(found["request"]["body"])
            assert read.response.body == found["response"]["body"]["string"].encode()
