"""The format: what is written can be read, by people, by JSON tools and by ovhcore."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import CassetteError, ConnectError, HTTPError, TotalTimeout
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import Cassette, CassetteWarning, Interaction, ReplayTransport
from ovhcore_transports.recording.cassette.bodies import pack, unpack
from ovhcore_transports.recording.cassette.interactions import Draw, Signature, World

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
LAYOUTS: list[dict[str, Any]] = [
    {},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"separators": (",", ":"), "ensure_ascii": False},
]
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")), st.booleans())
def test_bodies_come_out_as_they_went_in(body: bytes, expected: bool) -> None:
    packed = pack(body)
    assert unpack(packed) == body
    json.dumps(packed).encode()
    if pack(body, json_expected=True).get("layout") != "other":
        assert unpack(pack(body, json_expected=True)) == body


@given(JSON, st.sampled_from(LAYOUTS))
def test_json_stands_as_json_and_keeps_its_bytes(value: Any, layout: dict[str, Any]) -> None:
    try:
        body = json.dumps(value, **layout).encode()
    except UnicodeEncodeError:
        return
    packed = pack(body)
    assert unpack(packed) == body
    if "\\ud" not in json.dumps(value):
        assert "json" in packed


@given(JSON)
def test_json_laid_out_otherwise_keeps_its_value(value: Any) -> None:
    body = json.dumps(value, indent=3).encode()
    packed = pack(body, json_expected=True)
    assert json.loads(unpack(packed)) == value


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (b'{"a":1,"a":2}', "text"),  # JSON would lose one
        (b"1e999", "text"),
        (b"NaN", "text"),
        (b"[" * 100_000, "text"),
        (b"1" * 5000, "text"),
        (b'"\\ud800"', "text"),
        (b"<p>\n</p>", "text"),
        (b"a\0b", "base64"),
        (b"\xff", "base64"),
        (b'\xef\xbb\xbf{"a":1}', "text"),
        (b" 1", "json"),
        (b"1.10", "json"),
    ],
)
def test_kinds_of_bodies(body: bytes, kind: str | None) -> None:
    packed = pack(body, json_expected=True)
    assert (kind is None and not packed) or kind in packed
    if kind in ("text", "base64"):
        assert unpack(packed) == body
    if kind == "json":
        assert packed["layout"] == "other"
        assert "text" in pack(body)


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        ({"json": 1, "layout": "odd"}, "the layout 'odd', which is unknown"),
        ({"text": 5}, "a text that is no string"),
        ({"base64": "=x"}, "base64 that cannot be decoded"),
        ({"base64": 5}, "base64 that cannot be decoded"),
    ],
)
def test_bodies_that_cannot_be_read(packed: dict[str, Any], message: str) -> None:
    with pytest.raises(CassetteError, match=f"A recorded body has {message}"):
        unpack(packed)


HEADERS = st.lists(
    st.tuples(st.sampled_from(["Date", "X-Ovh-QueryID", "Via", "via", "X-é"]), st.sampled_from(["a", "a: b", "é", ""])),
    max_size=5,
)
FAILURES: list[type[HTTPError]] = [ConnectError, TotalTimeout]


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    HEADERS,
    st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode()),
    st.integers(100, 599),
    HEADERS,
    st.binary(max_size=20) | TEXT.map(str.encode),
    st.lists(st.builds(Now, st.floats(0, 2**40), st.floats(0, 2**40)), max_size=3),
    st.floats(0, 2**33),
)
def test_interactions_come_out_as_they_went_in(
    method: str,
    fields: list[tuple[str, str]],
    body: bytes,
    status: int,
    answered: list[tuple[str, str]],
    content: bytes,
    clock: list[Now],
    at: float,
) -> None:
    request = Request(method, "https://eu.api.ovh.com/1.0/a?b=%C3%A9", fields, body)
    response = Response(status, answered, content)
    world = World(tuple(clock), (Draw(0, 1, 0.1), Draw(0.0, 2.5, 1 / 3)))
    interaction = Interaction.of(request, response, at=at, took=0.25, world=world)
    cassette = Cassette([interaction], tail=World((Now(1, 2),)))
    (read,) = Cassette.loads(cassette.dumps())
    assert read == interaction
    assert (read.request, read.response) == (request, response)
    assert read.request.headers.pairs == tuple(fields)
    assert read.world == world
    assert read.took == 0.25
    assert read.at == pytest.approx(at, abs=1e-5)
    assert Cassette.loads(cassette.dumps()).tail == World((Now(1, 2),))
    assert read != 5
    with pytest.raises(TypeError):
        hash(read)


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_come_out_as_they_were(kind: type[HTTPError]) -> None:
    error = kind("no é")
    error.may_have_arrived = False
    interaction = Interaction.of(Request("GET", "https://h/a"), error)
    (read,) = Cassette.loads(Cassette([interaction]).dumps())
    failure = read.failure
    assert type(failure) is kind
    assert (str(failure), failure.may_have_arrived, read.response) == ("no é", False, None)
    assert f"{kind.__name__}>" in repr(read)
    assert Interaction.of(Request("GET", "https://h/a"), Response(204)).failure is None


def test_a_cassette_can_be_read_by_people(tmp_path: Path) -> None:
    request = Request("POST", "https://h/1.0/a", {"X-A": "b"}, '{"name": "é"}'.encode())
    path = tmp_path / "a.cassette"
    Cassette([Interaction.of(request, Response(404, {"B": "c"}, b"<p>\xc3\xa9</p>"))]).save(path)
    text = path.read_text("utf-8")
    assert text == re.sub(
        '"ovhcore [^"]*"',
        re.search('"ovhcore [^"]*"', text)[0],  # type: ignore[index]
        """{
  "cassette": 1,
  "recorder": "ovhcore 0"
}

{
  "request": {
    "method": "POST",
    "url": "https://h/1.0/a",
    "headers": [
      "X-A: b"
    ],
    "json": {
      "name": "é"
    },
    "layout": "spaced"
  },
  "response": {
    "status": 404,
    "headers": [
      "B: c"
    ],
    "text": "<p>é</p>"
  }
}

{
  "end": true
}
""",
    )
    # Git on Windows, an editor that adds a mark, and a JSON tool that lays it out anew change nothing.
    records = list(Cassette.load(path))
    for data in (
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("\n", " ").encode(),
    ):
        assert list(Cassette.loads(data)) == records
        assert not Cassette.loads(data).problems


def test_a_surrogate_that_stands_alone_is_escaped() -> None:
    interaction = Interaction.of(Request("GET", "https://h/a", {"X": "\ud800"}), Response(200))
    data = Cassette([interaction]).dumps()
    assert b"\\ud800" in data
    assert Cassette.loads(data).interactions == [interaction]


def test_several_recorders_one_after_the_other() -> None:
    one = Interaction.of(Request("GET", "https://h/a"), Response(200), world=World((Now(1, 1),)))
    two = Interaction.of(Request("GET", "https://h/b"), Response(200), world=World((Now(9, 1),)))
    cassette = Cassette([one, two], between={1: World((Now(2, 2),))}, tail=World((Now(10, 2),)))
    again = Cassette.loads(cassette.dumps())
    assert (again.interactions, again.between, again.tail) == (cassette.interactions, cassette.between, cassette.tail)
    assert again.dumps() == cassette.dumps()
    transport = ReplayTransport(again)
    assert transport.clock() == Now(1, 1)
    transport.send(Request("GET", "https://h/a"))
    assert transport.clock() == Now(2, 2)
    transport.send(Request("GET", "https://h/b"))
    assert transport.clock() == Now(10, 3)  # the machine was started anew between the two


BEGIN = b'{"cassette": 1}'
GOOD = b'{"request": {"method": "GET", "url": "https://h/a"}, "response": {"status": 200}}'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"cassette": 2}', "its format has version 2, and this ovhcore reads version 1: update ovhcore"),
        (b'{"cassette": "1"}', "its format has version '1'"),
        (BEGIN + b"\n{}", "line 2: A record is neither a request with its response nor one with its failure"),
        (BEGIN + b'\n\n{"request": {"method": "GET", "url": "u"}, "response": 5}', "line 3: A record is neither"),
        (BEGIN + b'\n{"request": {"method": "GET", "url": "u"}, "failure": {}}', "line 2: A record is neither"),
        (b'{"cassette": ' + GOOD + b"\n" + GOOD, "line 2 does not begin a cassette"),
        (b'{"end": true, "of": "cassette"}', "as cassettes of vcrpy have: check the name of the file"),
    ],
)
def test_what_is_no_cassette(data: bytes, message: str) -> None:
    with pytest.raises(CassetteError, match=message) as caught:
        Cassette.loads(data, "a.cassette")
    assert str(caught.value).startswith("The cassette a.cassette cannot be used: ")


@pytest.mark.parametrize(
    ("record", "name", "message"),
    [
        ({"response": {"status": "200"}}, "response", "a status that is no number"),
        ({"response": {"status": 200, "headers": 5}}, "response", "headers are not a list of lines"),
        ({"response": {"status": 200, "headers": [5]}}, "response", "headers are not a list of lines"),
        ({"failure": {"error": "ValueError"}}, "failure", "a kind that ovhcore does not have: 'ValueError'"),
        ({"failure": {"error": "APIError"}}, "failure", "a kind that ovhcore does not have"),
        ({"response": {"status": 200}, "signature": {}}, "signature", "has no keys or no digest"),
        ({"response": {"status": 200}, "at": "yesterday"}, "at", "'at' is no time: 'yesterday'"),
        ({"response": {"status": 200}, "at": 5}, "at", "'at' is no time: 5"),
        ({"response": {"status": 200}, "clock": ["x"]}, "world", "clock or uniform is not a list of lines of numbers"),
        ({"response": {"status": 200}, "uniform": [5]}, "world", "clock or uniform is not a list of lines of numbers"),
        ({"response": {"status": 200}, "clock": ["1"]}, "world", "clock or uniform is not a list of lines of numbers"),
    ],
)
def test_records_with_odd_members(record: dict[str, Any], name: str, message: str) -> None:
    interaction = Interaction({"request": {"method": "GET", "url": "https://h/a"}, **record})
    with pytest.raises(CassetteError, match=message):
        getattr(interaction, name)


def test_members_that_are_not_there() -> None:
    interaction = Interaction({"request": {"method": "GET", "url": "https://h/a"}, "response": {"status": 200}})
    assert (interaction.at, interaction.took, interaction.signature, interaction.world) == (None, None, None, World())
    assert interaction.response == Response(200)
    assert Signature.of(interaction.request) is None


def test_damaged_records_are_named_and_the_others_are_there() -> None:
    data = b"\n".join(
        [BEGIN, GOOD, b'{"request": {"met', GOOD, b"[1]", GOOD, b'{"a": ' + b"[" * 100_000, b'{"end": true}']
    )
    with pytest.warns(CassetteWarning) as warned:
        cassette = Cassette.load(_written(data))
    assert len(cassette) == 3
    text = str(warned[0].message)
    assert "line 3 is cut off or damaged (18 bytes" in text
    assert "line 5 is cut off or damaged (4 bytes; it is no JSON object)" in text
    assert "line 7 is cut off or damaged" in text
    assert len(cassette.problems) == 3
    huge = b"\n".join([BEGIN, b'{"a": ' + b"1" * 5000 + b"}", b'{"end": true}'])
    assert "cut off or damaged" in Cassette.loads(huge).problems[0]


def _written(data: bytes) -> Path:
    import tempfile

    path = Path(tempfile.mkdtemp()) / "a.cassette"
    path.write_bytes(data)
    return path


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match=r"The cassette .*/none cannot be read: No such file"):
        Cassette.load(tmp_path / "none")
    with pytest.raises(CassetteError, match="cannot be read: Is a directory"):
        Cassette.load(tmp_path)
    (tmp_path / "directory.cassette").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(CassetteError, match=r"below.cassette cannot be written: "):
        Cassette().save(tmp_path / "file" / "below.cassette")
    (tmp_path / "file").unlink()
    with pytest.raises(CassetteError, match=r"directory.cassette cannot be written: "):
        Cassette().save(tmp_path / "directory.cassette")
    assert [each.name for each in tmp_path.iterdir()] == ["directory.cassette"]
    assert repr(Cassette()) == "<Cassette  of 0>"


def test_a_cassette_behind_a_link_stays_there_with_its_rights(tmp_path: Path) -> None:
    target, link = tmp_path / "target.cassette", tmp_path / "link.cassette"
    target.write_bytes(b"")
    target.chmod(0o640)
    link.symlink_to(target)
    Cassette().save(link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert len(Cassette.load(target)) == 0
