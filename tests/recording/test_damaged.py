"""Cassettes that are damaged in many places: the work grows as the file does, and the error stays one to be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ovhcore.exceptions import CassetteError
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import Cassette, ReplayTransport
from ovhcore_transports.recording.cassette import cassettes
from ovhcore_transports.recording.cassette.cassettes import beginning, dumped
from ovhcore_transports.recording.cassette.interactions import Interaction

pytestmark = pytest.mark.once

WHOLE = Interaction.of(Request("GET", "https://eu.api.ovh.com/1.0/me"), Response(200, (), b"[1]"))
KINDS = {
    "cut off": dumped(WHOLE.record)[:-20] + b"\n",
    "a brace": b"{\n",
    "an open list": b'{"a": [\n',
    "no JSON": b"{nonsense}\n",
    "no UTF-8": b'{"a": "\xff"}\n',
    "no object": b'{"cassette": 1} 5\n',
    "whole": dumped(WHOLE.record),
    "whole ones in a line": b'{"cassette": 1} ' * 10 + b"\n",
    "whole, and then not": dumped(WHOLE.record)[:-1] + b" ]\n",
}


class Counting:
    """A decoder that counts what it may have to look at: errors count the lines from where their text begins."""

    def __init__(self) -> None:
        self.characters = 0

    def raw_decode(self, text: str, at: int) -> tuple[Any, int]:
        try:
            found, after = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            self.characters += len(text)
            raise
        self.characters += after - at
        return found, after


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_grows_as_the_file_does(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    for times in (500, 1000, 2000):
        counting = Counting()
        monkeypatch.setattr(cassettes, "_decoder", counting)
        data = dumped(beginning()) + KINDS[kind] * times
        Cassette.loads(data)
        looked_at.append(counting.characters)
        assert counting.characters <= 2 * len(data)
    assert looked_at[2] - looked_at[1] <= 2.1 * (looked_at[1] - looked_at[0])


def test_what_is_told_of_many_damaged_records(tmp_path: Path) -> None:
    data = dumped(beginning()) + b"{\n" * 5000 + dumped(WHOLE.record)
    found = Cassette.loads(data)
    assert len(found) == 1
    assert found.torn[0] == (
        "the record at line 5 is cut off or damaged (2 bytes; Expecting property name enclosed in double quotes)"
    )
    assert "at line 24 " in found.torn[19]
    assert found.torn[20:] == ["4980 more are"]
    path = tmp_path / "damaged.cassette"
    path.write_bytes(data)
    with pytest.raises(CassetteError, match=r"is not whole: the record at line 5 .*; 4980 more are; the recording did"):
        ReplayTransport(path)


@pytest.mark.parametrize(
    ("side", "members", "message"),
    [
        ("request", {"body": "x"}, "A record's request has the unknown member 'body'"),
        ("response", {"content": "x", "body": 1}, "A record's response has the unknown member 'content', 'body'"),
        ("response", {"text": "x"}, "A record's response has more than one body"),
        ("request", {"text": "x", "base64": "AA=="}, "A record's request has more than one body"),
    ],
)
def test_a_body_by_another_name_is_not_none(side: str, members: Any, message: str) -> None:
    record = json.loads(json.dumps(WHOLE.record))
    record[side] |= members
    with pytest.raises(CassetteError, match=f"line 6: {message}"):
        Cassette.loads(dumped(beginning()) + b"\n" + dumped(record))


def test_headers_that_are_no_lines_are_no_headers() -> None:
    record = json.loads(json.dumps(WHOLE.record))
    record["request"]["headers"] = [["Accept", "*/*"]]
    with pytest.raises(CassetteError, match="headers are not a list of lines"):
        Cassette.loads(dumped(beginning()) + b"\n" + dumped(record))
