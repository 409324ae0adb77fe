"""Cassettes of vcrpy are read as they are, and vcrpy replays what is written for it."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import CassetteError, ReadTimeout
from ovhcore.protocol.messages import Headers, Request, Response
from ovhcore_transports.recording.cassette.cassettes import Cassette
from ovhcore_transports.recording.cassette.interactions import Interaction
from ovhcore_transports.recording.formats.vcr import from_vcr, to_vcr

URL = "https://eu.api.ovh.com/1.0/me"
SENT_SO = ("content-encoding", "transfer-encoding", "content-length")


def exchange(*, request: Any = None, response: Any = None, **members: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"method": "GET", "uri": URL, "body": None, "headers": {}}
    came: dict[str, Any] = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "[]"}}
    return {"request": asked | (request or {}), "response": came | (response or {}), **members}


def cassette(*exchanges: Any, **members: Any) -> bytes:
    return yaml.dump({"interactions": list(exchanges), "version": 1} | members, sort_keys=False).encode()


def one(*, request: Any = None, response: Any = None, **members: Any) -> Interaction:
    return from_vcr(cassette(exchange(request=request, response=response, **members)))[0]


def answer(interaction: Interaction) -> Response:
    assert interaction.response is not None
    return interaction.response


def test_a_real_recording(shared_data: Path) -> None:
    path = shared_data / "cassettes" / "test_provider_authenticate.yaml"
    found = Cassette.load(path)
    assert [each.url.removeprefix("https://eu.api.ovh.com/1.0") for each in found] == [
        "/auth/time",
        "/domain/zone/",
        "/domain/zone/pacalis.net/status",
    ]
    assert found.problems == []
    first = found.interactions[0]
    assert answer(first).body == b"1528723171"
    assert first.request.headers.pairs[0] == ("Accept", "*/*")
    assert list(answer(first).headers)[:3] == ["Access-Control-Allow-Origin", "Cache-Control", "Connection"]
    assert first.at == 1528723171


def test_every_real_recording_goes_there_and_back(shared_data: Path) -> None:
    for path in sorted((shared_data / "cassettes").glob("*.yaml")):
        found = from_vcr(path.read_bytes())
        assert found
        again = from_vcr(to_vcr(found).data)
        assert [told(each) for each in again] == [told(each) for each in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, b""),
        ("a=b", b"a=b"),
        ("\u20ac", "\u20ac".encode()),
        (b"\xff\x00", b"\xff\x00"),
        ({"string": "text"}, b"text"),
        ({"string": b"\xff"}, b"\xff"),
        ({"string": None}, b""),
        ({}, b""),
        ({"encoding": "utf-8", "base64_string": b64encode(b"\x00\xff").decode()}, b"\x00\xff"),
        ([b"chunk ", "and chunk"], b"chunk and chunk"),
    ],
)
def test_bodies(body: Any, expected: bytes) -> None:
    interaction = one(request={"body": body}, response={"body": body})
    assert interaction.request.body == expected
    assert answer(interaction).body == expected


def test_headers_are_lists_or_strings_in_order() -> None:
    fields = {"B": ["1", "2"], "A": "plain", "C": [None], "D": [b"\xe9"], "E": [7]}
    headers = one(response={"headers": fields}).response.headers  # type: ignore[union-attr]
    assert headers.pairs == (("B", "1"), ("B", "2"), ("A", "plain"), ("C", ""), ("D", "\xe9"), ("E", "7"))
    assert one(request={"headers": None}).request.headers == Headers()


def test_methods_versions_and_members_that_tell_how_it_came() -> None:
    found = exchange(request={"method": "get"}, response={"protocol": "HTTP/1.1", "url": URL}, more=[])
    data = yaml.dump({"interactions": [found], "metadata": {"a": 1}}).encode()
    assert from_vcr(data)[0].method == "GET"
    assert from_vcr(b"interactions: []\nversion: 1\n") == []


PYTHON = """\
interactions:
- request:
    method: !!python/unicode 'POST'
    uri: !!python/str 'https://eu.api.ovh.com/1.0/me'
    body: !!python/object/new:_io.BytesIO
      state: !!python/tuple
      - !!binary |
        Ym9keQ==
      - 0
      - null
    headers: {X-Day: [2018-06-11], X-Yes: [yes], X-Number: [1_000]}
  response:
    status: {code: 200, message: null}
    headers:
      !!python/unicode 'Content-Type': [!!python/unicode 'text/plain']
    body: {string: !!python/unicode 'caf\u00e9'}
- request:
    method: PUT
    uri: https://eu.api.ovh.com/1.0/me
    body: !!python/object/apply:builtins.iter
      args:
      - [one, two]
      state: 0
    headers: {}
  response: {status: {code: 404}, headers: {}, body: {string: 1.10}}
- request:
    method: PUT
    uri: https://eu.api.ovh.com/1.0/me
    body: !!python/object/new:_io.BytesIO {}
    headers: {}
  response: {status: {code: 404}, headers: {}, body: {string: ''}}
version: 1
"""


@pytest.mark.parametrize("without_c", [False, True])
def test_what_python_2_and_files_left(without_c: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if without_c:
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    first, second, third = from_vcr(PYTHON.encode())
    assert (first.method, first.url, first.request.body) == ("POST", URL, b"body")
    assert first.request.headers.pairs == (("X-Day", "2018-06-11"), ("X-Yes", "yes"), ("X-Number", "1_000"))
    assert answer(first).body == "caf\u00e9".encode()
    assert answer(first).headers.pairs == (("Content-Type", "text/plain"),)
    assert (second.request.body, answer(second).body) == (b"onetwo", b"1.10")
    assert third.request.body == b""


def test_json_of_vcrpy_needs_no_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps({"version": 1, "interactions": [exchange(response={"body": {"string": "\U0001f600"}})]})
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert answer(from_vcr(data.encode())[0]).body == "\U0001f600".encode()
    with pytest.raises(CassetteError, match=r'PyYAML is needed .* "ovhcore\[vcr\]"'):
        from_vcr(b"interactions: []\n")
    with pytest.raises(CassetteError, match=r'PyYAML is needed .* "ovhcore\[vcr\]"'):
        to_vcr([])


def test_yaml_that_begins_as_json() -> None:
    assert from_vcr(b"{interactions: []}") == []


def test_what_the_stub_for_httpx_once_wrote() -> None:
    found = {"request": exchange()["request"], "response": {"status_code": 201, "headers": {}, "content": "[1]"}}
    response = answer(from_vcr(cassette(found))[0])
    assert (response.status, response.body) == (201, b"[1]")


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip", gzip.compress(b"[1]", mtime=0), b"[1]"),
        ("deflate", zlib.compress(b"[1]"), b"[1]"),
        ("Deflate", bare(b"[1]"), b"[1]"),
        ("deflate, gzip", gzip.compress(zlib.compress(b"[1]"), mtime=0), b"[1]"),
        ("gzip", b"[1]", b"[1]"),
        ("gzip", gzip.compress(b"[1]", mtime=0)[:-3], gzip.compress(b"[1]", mtime=0)[:-3]),
        ("br", b"[1]", b"[1]"),
        ("other", b"\x0b\x01\x80[1]\x03", b"\x0b\x01\x80[1]\x03"),
        ("", b"[1]", b"[1]"),
    ],
)
def test_bodies_that_are_still_compressed(encoding: str, body: bytes, expected: bytes) -> None:
    found = one(response={"headers": {"Content-Encoding": [encoding]}, "body": {"string": body}})
    assert answer(found).body == expected
    assert answer(found).headers["content-encoding"] == encoding
    exported = answer(from_vcr(to_vcr([found]).data)[0])
    assert exported.body == expected
    assert ("content-encoding" in exported.headers) == (encoding == "other")


DATE = {"headers": {"Date": ["Mon, 11 Jun 2018 13:19:31 GMT"]}}


@pytest.mark.parametrize(
    ("found", "at"),
    [
        (exchange(request={"headers": {"X-Ovh-Timestamp": ["1528723170"]}}, response=DATE), 1528723170),
        (exchange(request={"headers": {"X-Ovh-Timestamp": ["<redacted>"]}}, response=DATE), 1528723171),
        (exchange(response=DATE, recorded_at="2020-01-01T00:00:00"), 1528723171),
        (exchange(recorded_at="2020-01-01T00:00:00"), 1577836800),
        (exchange(recorded_at="2020-01-01T01:00:00.5+01:00"), 1577836800.5),
        (exchange(recorded_at="Mon, 11 Jun 2018 13:19:31 GMT"), 1528723171),
        (exchange(recorded_at="some day"), None),
        (exchange(recorded_at=5), None),
        (exchange(request={"headers": {"X-Ovh-Timestamp": ["999999999999"]}}), None),
        (exchange(), None),
    ],
)
def test_when_it_was(found: dict[str, Any], at: float | None) -> None:
    assert from_vcr(cassette(found))[0].at == at
    assert from_vcr(json.dumps({"interactions": [found]}).encode())[0].at == at


def without(found: dict[str, Any], *path: str) -> dict[str, Any]:
    member = found
    for name in path[:-1]:
        member = member[name]
    del member[path[-1]]
    return found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (
            cassette(exchange(), exchange(), without(exchange(), "request", "uri")),
            r"interaction 3 has no request\.uri: ",
        ),
        (cassette(without(exchange(), "request", "method")), r"interaction 1 has no request\.method: .* record again"),
        (cassette(without(exchange(), "request")), "interaction 1 has no request: "),
        (cassette(without(exchange(), "response")), "interaction 1 has no response: "),
        (cassette("text"), "interaction 1 has no request: "),
        (cassette(without(exchange(), "response", "status")), r"no response\.status\.code of three digits"),
        (cassette(exchange(response={"status": {"code": 20}})), r"no response\.status\.code of three digits"),
        (cassette(exchange(response={"status": {"code": [200]}})), r"no response\.status\.code of three digits"),
        (cassette(exchange(request={"headers": ["A: b"]})), r"has request\.headers that are no mapping"),
        (cassette(exchange(response={"headers": {"A": [{}]}})), r"has response\.headers of which A is no text"),
        (cassette(exchange(request={"body": 7.5})).replace(b"7.5", b"!!float 7.5"), r"a request\.body that is no text"),
        (cassette(exchange(response={"body": {"base64_string": "a"}})), r"response\.body whose base64 cannot"),
        (cassette(exchange(response={"body": {"base64_string": [1]}})), r"response\.body whose base64 cannot"),
        (cassette(version=2), "version '2' of vcrpy's format, .*: update ovhcore"),
        (cassette(version=None, interactions=None), "'interactions' are no list"),
        (b"interactions: null\n", "'interactions' are no list"),
        (b"interactions:\n- request:\n    method: GE", "ends within a line and without a version"),
        (yaml.dump([exchange()]).encode(), "before 1.0: convert it with vcrpy's"),
        (b"[]", "neither a cassette of ovhcore nor one of vcrpy"),
        (b"- 1\n", "neither a cassette of ovhcore nor one of vcrpy"),
        (b"just text", "neither a cassette of ovhcore nor one of vcrpy"),
        (b"other: 1\n", "it has no 'interactions'"),
        (b"http_interactions: []\nrecorded_with: VCR 6\n", "Ruby's VCR"),
        (b'{"log": {}}', "looks like a HAR file"),
        (b'{"interactions": [{"request"', "it is no YAML, or was cut off: .* at line "),
        (b"interactions: [\n", "it is no YAML, or was cut off: .* at line 2"),
        (b"a: 1\n---\nb: 2\n", "it is no YAML, or was cut off"),
        (b"\xff\xff\xff", "it is no YAML: "),
        (b"\x00", "it is no YAML: "),
        (b"interactions: !!python/object/apply:os.getcwd []\n", "cannot be read safely: .* at line 1"),
        (b"interactions: !!python/object:ovhcore.Client {}\n", "cannot be read safely: "),
        (b"interactions: !!python/object/apply:builtins.iter {args: 1}\n", "'interactions' are no list"),
        (b"interactions: " + b"[" * 5000 + b"\n", "it is no YAML"),
    ],
)
def test_what_is_no_cassette_of_vcrpy(data: bytes, message: str) -> None:
    with pytest.raises(CassetteError, match=message) as caught:
        from_vcr(data)
    assert "\n" not in str(caught.value)


def test_an_error_of_yaml_that_does_not_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise yaml.MarkedYAMLError(problem="something")

    monkeypatch.setattr(yaml, "load", fail)
    with pytest.raises(CassetteError, match="cut off: something; record again"):
        from_vcr(b"interactions: []\n")


def test_the_file_is_named() -> None:
    with pytest.raises(CassetteError, match=r"The cassette some\.yaml cannot be used: it has no 'interactions'"):
        Cassette.loads(b"a: 1\n", "some.yaml")


@pytest.mark.parametrize("order", ["as vcrpy has it", "as ovhcore has it"])
def test_a_file_that_was_cut_off_is_an_error_or_ends_behind_an_interaction(order: str) -> None:
    found = [exchange(response={"body": {"string": "some words " * 20}}) for _ in range(3)]
    whole = from_vcr(cassette(*found))
    data = yaml.dump({"interactions": found, "version": 1}).encode() if "vcrpy" in order else to_vcr(whole).data
    for size in range(len(data)):
        try:
            some = from_vcr(data[:size])
        except CassetteError:
            continue
        assert some
        assert some == whole[: len(some)]
        assert data[:size].endswith(b"\n") or data[size:].startswith(b"\n")


SECRETS = ("a" * 3 + "PPLICATIONKEY", "c" * 3 + "ONSUMERKEY", "$1$" + "5" * 40, "s3ssionc00kie", "tokentokentoken")


def planted() -> bytes:
    application, consumer, signature, cookie, token = SECRETS
    return cassette(
        exchange(response={"body": {"string": f'{{"message":"of {consumer} and {token}"}}'}}),
        exchange(
            request={
                "headers": {
                    "X-Ovh-Application": [application],
                    "X-Ovh-Consumer": [consumer],
                    "X-Ovh-Signature": [signature],
                    "Cookie": [f"session={cookie}"],
                },
                "uri": f"{URL}?token={token}&other={application}",
                "body": f"text with {signature} and {application}",
            },
            response={
                "headers": {"Set-Cookie": [f"session={cookie}; path=/"]},
                "body": {"string": b"\xff" + consumer.encode()},
            },
        ),
    )


def test_secrets_do_not_come_in() -> None:
    found = from_vcr(planted())
    for data in (Cassette(found).dumps(), to_vcr(found).data):
        for secret in SECRETS:
            assert secret.encode() not in data
            assert b64encode(b"\xff" + secret.encode())[:-4] not in data


def test_signatures_are_compared_if_there_are_any() -> None:
    application, consumer, signature = SECRETS[:3]
    headers = {"X-Ovh-Application": [application], "X-Ovh-Consumer": [consumer], "X-Ovh-Signature": [signature]}
    found = one(request={"headers": headers})
    assert found.signature is not None
    assert from_vcr(to_vcr([found]).data)[0].signature is None


def told(interaction: Interaction) -> Any:
    """Return what vcrpy's format can tell."""
    sides = (interaction.request, answer(interaction))
    fields: list[Any] = []
    for side in sides:
        grouped: dict[str, list[str]] = {}
        for name, value in side.headers.pairs:
            if name.lower() not in SENT_SO:
                grouped.setdefault(name.lower(), []).append(value)
        fields.append(list(grouped.items()))
    request, response = sides
    return (request.method, request.url, request.body, response.status, response.body, fields, interaction.at)


LETTERS = st.characters(exclude_categories=["Cs"])
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True).filter(lambda name: name.lower() != "date")
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=300),
    st.text(LETTERS, max_size=200).map(str.encode),
    st.text(st.sampled_from("ab \t\n\r\x85\u2028\u2029\ufeff\x07\u20ac\U0001f600'\":#-|>%{}"), max_size=200).map(
        str.encode
    ),
    st.recursive(
        st.none() | st.integers() | st.text(LETTERS),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(LETTERS), inner),
        max_leaves=5,
    ).map(lambda value: json.dumps(value, ensure_ascii=False).encode()),
)
FIELDS = st.lists(st.tuples(NAMES, st.text(st.characters(codec="latin-1"), max_size=30)), max_size=5)


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]),
    st.text(LETTERS, max_size=20),
    FIELDS,
    BODIES,
    st.integers(100, 599),
    FIELDS,
    BODIES,
    st.none() | st.integers(0, 253402300799),
)
def test_there_and_back(
    method: str,
    path: str,
    asked: list[tuple[str, str]],
    body: bytes,
    status: int,
    came: list[tuple[str, str]],
    content: bytes,
    at: float | None,
) -> None:
    request = Request(method, f"{URL}/{path}", Headers(asked), body)
    interaction = Interaction.of(request, Response(status, Headers(came), content), at=at)
    data = to_vcr([interaction]).data
    assert told(from_vcr(data)[0]) == told(interaction)
    # Another reader, without what is read leniently here.
    loaded = yaml.safe_load(data)["interactions"][0]
    assert loaded["request"]["uri"] == interaction.url
    written = loaded["response"]["body"]["string"]
    assert (written if isinstance(written, bytes) else written.encode()) == answer(interaction).body


def test_what_no_yaml_can_hold() -> None:
    found = Interaction.of(Request("GET", f"{URL}/\ud800"), Response(200, Headers([("A", "\udc00")])))
    again = from_vcr(to_vcr([found]).data)[0]
    assert (again.url, answer(again).headers["A"]) == (f"{URL}/\\ud800", "\\udc00")


def test_the_export_is_readable() -> None:
    found = one(
        request={"method": "POST", "body": '{"a":1}', "headers": {"Content-Length": ["999"]}},
        response={
            "status": {"code": 460},
            "headers": {"Content-Length": ["3"], "Transfer-Encoding": ["chunked"], "Via": ["a"], "VIA": ["b"]},
            "body": {"string": "\u20ac"},
        },
        recorded_at="2020-01-01T00:00:00Z",
    )
    exported = to_vcr([found, Interaction.of(Request("GET", URL), ReadTimeout("late"))])
    assert exported.left_out == 1
    assert exported.data.decode() == (
        "interactions:\n"
        "- request:\n"
        "    method: POST\n"
        "    uri: https://eu.api.ovh.com/1.0/me\n"
        "    body: '{\"a\":1}'\n"
        "    headers:\n"
        "      Content-Length:\n"
        "      - '7'\n"
        "  response:\n"
        "    body:\n"
        "      string: \u20ac\n"
        "    headers:\n"
        "      Content-Length:\n"
        "      - '3'\n"
        "      Via:\n"
        "      - a\n"
        "      - b\n"
        "    status:\n"
        "      code: 460\n"
        "      message: ''\n"
        "  recorded_at: '2020-01-01T00:00:00+00:00'\n"
        "version: 1\n"
    )


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
def test_a_length_without_a_body_is_left(method: str, status: int) -> None:
    response = Response(status, Headers([("Content-Length", "1234")]))
    found = Interaction.of(Request(method, URL), response)
    assert answer(from_vcr(to_vcr([found]).data)[0]).headers["content-length"] == "1234"


def test_vcrpy_replays_what_was_written(tmp_path: Path) -> None:
    vcr = pytest.importorskip("vcr")
    requests = pytest.importorskip("requests")
    packed = [("Content-Encoding", "gzip"), ("Content-Length", "5"), ("Content-Type", "application/json")]
    exchanges = [
        (Request("GET", URL), Response(200, Headers(packed), '{"a": "\u20ac"}'.encode())),
        (Request("GET", f"{URL}/chunks"), Response(200, Headers([("Transfer-Encoding", "chunked")]), b"x\r\ny" * 99)),
        (
            Request("POST", f"{URL}/post", (), b'{"b":2}'),
            Response(201, Headers([("Content-Length", "0")]), b"\x00\xff\x80"),
        ),
        (Request("PUT", f"{URL}/put", (), b"\xff\x00"), Response(204)),
        (Request("HEAD", f"{URL}/head"), Response(200, Headers([("Content-Length", "77")]))),
        (Request("GET", f"{URL}/gone"), Response(460, Headers([("X-A", "1"), ("X-A", "2")]), b"gone")),
        (Request("GET", URL), Response(200, (), b"again")),
    ]
    path = tmp_path / "cassette.yaml"
    exported = to_vcr([Interaction.of(*each) for each in exchanges])
    assert exported.left_out == 0
    path.write_bytes(exported.data)
    recorder = vcr.VCR(record_mode="none", match_on=("method", "uri", "body"))
    with recorder.use_cassette(str(path)) as played, requests.Session() as session:
        for request, response in exchanges:
            came = session.request(request.method, request.url, data=request.body or None, timeout=60)
            assert (came.status_code, came.content) == (response.status, response.body)
        assert played.all_played
        assert came.text == "again"


@pytest.mark.untraced
def test_vcrpy_replays_what_it_recorded_itself(shared_data: Path, tmp_path: Path) -> None:
    vcr = pytest.importorskip("vcr")
    requests = pytest.importorskip("requests")
    for source in sorted((shared_data / "cassettes").glob("*.yaml")):
        found = Cassette.load(source)
        path = tmp_path / source.name
        path.write_bytes(to_vcr(found).data)
        with vcr.VCR(record_mode="none").use_cassette(str(path)), requests.Session() as session:
            for each in found:
                came = session.request(each.method, each.url, data=each.request.body, timeout=60)
                assert (came.status_code, came.content) == (answer(each).status, answer(each).body)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_what_vcrpy_itself_writes_is_read(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("vcr")
    import vcr.serialize
    from vcr.request import Request as Recorded
    from vcr.serializers import jsonserializer, yamlserializer

    recorded = {"status": {"code": 200, "message": "OK"}, "headers": {"A": ["b"]}, "body": {"string": b"caf\xc3\xa9"}}
    asked = Recorded("POST", URL, "\u20ac", {"X-A": "1"})
    serializer = {"yaml": yamlserializer, "json": jsonserializer}[kind]
    found = from_vcr(vcr.serialize.serialize({"requests": [asked], "responses": [recorded]}, serializer).encode())[0]
    assert (found.method, found.url, found.request.body) == ("POST", URL, "\u20ac".encode())
    assert found.request.headers.pairs == (("X-A", "1"),)
    assert (answer(found).status, answer(found).body) == (200, b"caf\xc3\xa9")
