"""Answers are taken apart as h11 does: what it refuses is refused, what both take is the same, however it arrives.

h11 is what httpcore reads with. Each difference is listed, with its reason, and any other one fails.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final, NamedTuple

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ovhcore.exceptions import ProtocolError
from ovhcore_transports.http.http1 import NotHTTP, ResponseReader
from tests.http.test_http1 import Wire
from tests.profiles import tries

pytestmark = pytest.mark.once

MANY: Final = tries(400, 20_000)
LIMIT: Final = 1 << 20


class Read(NamedTuple):
    """What was understood of an answer."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    reusable: bool


def read_by_us(*pieces: bytes, method: str = "GET") -> Read | None:
    """Return what ``answers.py`` reads, None for what it refuses."""
    incoming = ResponseReader(Wire(*filter(None, pieces)))
    try:
        head = incoming.head(method)
        return Read(head.status, head.fields, incoming.body(head, LIMIT), head.reusable)
    except (NotHTTP, OSError, ProtocolError):
        return None


def read_by_h11(wire: bytes, method: str = "GET") -> Read | None:
    """Return what h11 reads, None for what it refuses or waits for in vain."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LIMIT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(wire)
    head, body, ended = None, b"", False
    while True:
        try:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return None
                ended = True
                connection.receive_data(b"")
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            fields = tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items()
            )
            return Read(head.status_code, fields, body, connection.their_state is h11.DONE)
        elif isinstance(event, h11.ConnectionClosed):
            return None


def plain(fields: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return fields as they can be compared.

    h11 merges equal Content-Lengths into one, writes Transfer-Encoding small, and keeps the blanks before a fold,
    which belong to it (RFC 9112, 5.2).
    """
    found: list[tuple[str, str]] = []
    for name, value in fields:
        key = name.lower()
        value = re.sub(r"[ \t]+", " ", value)
        if key == "content-length":
            value = value.partition(",")[0].strip()
            if any(other.lower() == key for other, _ in found):
                continue
        found.append((name, value.lower() if key == "transfer-encoding" else value))
    return found


# What h11 refuses, and is taken all the same.
TAKEN: Final = {
    "blanks between the size of a chunk and its extension, which RFC 9112, 7.1.1 wants taken": re.compile(
        rb"\n[0-9A-Fa-f]+[ \t]+;"
    ),
}
# What h11 takes, and is refused all the same.
REFUSED: Final = {
    "a version that is not 1.x, which nobody asked for": re.compile(rb"HTTP/(?!1)[0-9]\.[0-9] "),
    "a status below 200 that announces nothing, or an upgrade that nobody asked for": re.compile(rb"HTTP/1\.[0-9] 101"),
    "a length of more than 18 digits, beyond any limit": re.compile(rb"[0-9]{19}"),
    "a size of a chunk of more than 15 digits, beyond any limit": re.compile(rb"\n[0-9A-Fa-f]{16}"),
    "a line feed, carriage return or NUL in the extension of a chunk": re.compile(rb";[^\n]*[\r\0](?!\n)|;[^\r]*\n"),
}


def listed(wire: bytes, reasons: dict[str, re.Pattern[bytes]]) -> list[str]:
    return [reason for reason, pattern in reasons.items() if pattern.search(wire)]


def compare(wire: bytes, method: str = "GET") -> None:
    ours, theirs = read_by_us(wire, method=method), read_by_h11(wire, method)
    if theirs is None:
        assert ours is None or listed(wire, TAKEN), f"h11 refuses what is read as {ours}"
    elif ours is None:
        assert listed(wire, REFUSED), f"refused, and h11 reads {theirs}"
    else:
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
        assert plain(ours.fields) == plain(theirs.fields)
        # h11 closes every connection of HTTP/1.0, also where the server says that it stays open.
        assert theirs.reusable or not ours.reusable or b"HTTP/1.0" in wire


NUMBERS = ["5", "0", "05", "5, 5", "5,05", "5,", "-5", "+5", "5_0", "0x5", " 5", "5 ", "\xb2", "5.0", "5e1", "9" * 18]
NUMBERS += [
    "9" * 19,
    "9" * 21,
    "",
    "4",
    "6",
    "A",
    "a",
    "00005",
    "five",
    "5;a=b",
    "5 ;a",
    "5;a\rb",
    "1" * 16,
    "0" * 15 + "5",
]
CODINGS = [
    "chunked",
    "Chunked",
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "identity",
    "",
    "chunked;a=b",
]
BODIES = [
    b"",
    b"abcde",
    b"5\r\nabcde\r\n0\r\n\r\n",
    b"5\nabcde\n0\n\n",
    b"5\r\nabcd\r\n0\r\n\r\n",
    b"0\r\nA: b\r\n\r\n",
]
BODIES += [
    b"5 ;a=b\r\nabcde\r\n0;c\r\nA: b\r\n c\r\nD:\r\n\r\n",
    b"0\r\nno field\r\n\r\n",
    b"0\r\n\n",
    b"0\r\n A: b\r\n\r\n",
]
STATUSES = [
    "HTTP/1.1 200 OK",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 304 Same",
    "HTTP/1.1 404",
    "HTTP/1.1 ",
]
STATUSES += [
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.9 200 OK",
    "HTTP/2.0 200 OK",
    "HTTP/1.1 200 O\x0bK",
    "HTTP/1.1 099 X",
]
STATUSES += [
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 +20 OK",
    "HTTP/1.1 600 OK",
    "http/1.1 200 OK",
    "HTTP/1.1 200\xa0OK",
]

value_texts = st.sampled_from(
    ["a", "close", "keep-alive", "a, close", "", " a \t", "a\x0bb", "\x0c", "\xe9", "\x01", "a:b", "a\tb"]
)
any_text = st.text(st.characters(max_codepoint=255), max_size=6)
fields = (
    st.tuples(st.sampled_from(["Content-Length", "content-length"]), st.sampled_from(NUMBERS))
    | st.tuples(st.just("Transfer-Encoding"), st.sampled_from(CODINGS))
    | st.tuples(
        st.sampled_from(["Connection", "X-A", "Set-Cookie", "x!", "X A", "", "X\xe9", "X-A "]), value_texts | any_text
    )
).map(lambda pair: f"{pair[0]}:{' ' * (len(pair[1]) % 2)}{pair[1]}")
folds = st.sampled_from([" more", "\t more ", " ", "\t"])
chunks = st.builds(
    lambda size, data, end: size.encode("latin-1") + b"\r\n" + data + end,
    st.sampled_from(NUMBERS),
    st.sampled_from([b"abcde", b"abcd", b"abcdef", b"a", b""]),
    st.sampled_from([b"\r\n", b"\n", b"\r", b"", b"\r\r\n", b"\n\r\n"]),
)
bodies = st.sampled_from(BODIES) | st.lists(chunks, max_size=3).map(lambda many: b"".join(many) + b"0\r\n\r\n")
heads = st.builds(
    lambda status, lines, end: end.join([status, *lines, "", ""]).encode("latin-1"),
    st.sampled_from(STATUSES[:5]) | st.sampled_from(STATUSES),
    st.lists(fields | folds, max_size=4),
    st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"]),
)
answers = st.builds(
    lambda early, head, body: early + head + body,
    st.sampled_from(
        [b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 A\r\nContent-Length: 5\r\n\r\n", b"\r\n"]
    ),
    heads,
    bodies,
)
well = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5;a=b\r\nfghij\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 5, 5\r\n\r\nabcde",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nabcde",
    ]
)
TOKENS = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"\t",
    b"\x0b",
    b"\x0c",
    b"\x85",
    b"\xa0",
    b"\xff",
    b":",
    b";",
    b",",
    b"0x",
    b"+",
]
TOKENS += [
    b"-",
    b"_",
    b"0",
    b"5",
    b"f",
    b"\r\n ",
    b"\n\n",
    b"\r\n\r\n",
    b"chunked",
    b"HTTP/1.1 200 OK\r\n",
    b"9" * 30,
    b"\x7f",
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw an answer that was damaged: bytes taken out, put in, repeated, or cut off."""
    wire = draw(well | answers)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(wire)))
        to = draw(st.integers(at, min(len(wire), at + 8)))
        how = draw(st.sampled_from(["put in", "in place", "take out", "repeat", "cut off"]))
        token = draw(st.sampled_from(TOKENS))
        middle = {"put in": token + wire[at:to], "in place": token, "take out": b"", "repeat": wire[at:to] * 2}
        wire = wire[:at] if how == "cut off" else wire[:at] + middle[how] + wire[to:]
    return wire


methods = st.sampled_from(["GET", "GET", "HEAD"])
OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@settings(max_examples=MANY)
@given(answers, methods)
@example(CHUNKED + b"5\r\nabcd\r\n0\r\n\r\n", "GET")  # a byte shorter than its size
@example(CHUNKED + b"5\r\nabcde\n0\r\n\r\n", "GET")
@example(CHUNKED + b"5\nabcde\r\n0\r\n\r\n", "GET")
@example(CHUNKED + b"5 ;a=b\r\nabcde\r\n0\r\n\r\n", "GET")
@example(CHUNKED + b"0\r\nno field\r\n\r\n", "GET")
@example(CHUNKED + b"0\r\n A: b\r\n\r\n", "GET")
@example(OK + b" folded: status\r\n\r\n", "GET")
@example(OK + b"Content-Length: 5, 05\r\n\r\nabcde", "GET")
@example(OK + b"X-A: a\x0bb\r\n\r\n", "GET")
@example(b"HTTP/1.1  200 OK\r\n\r\n", "GET")
@example(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET")
def test_answers_are_read_as_h11_reads_them(wire: bytes, method: str) -> None:
    compare(wire, method)


@settings(max_examples=MANY)
@given(mutated(), methods)
def test_damaged_answers_are_read_as_h11_reads_them(wire: bytes, method: str) -> None:
    compare(wire, method)


@settings(max_examples=MANY)
@given(mutated() | answers, st.lists(st.integers(0, 120), max_size=6), methods)
def test_however_it_arrives_it_is_the_same(wire: bytes, cuts: list[int], method: str) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < len(wire)), len(wire)})
    assert read_by_us(*[wire[a:b] for a, b in pairwise(edges)], method=method) == read_by_us(wire, method=method)
    assert read_by_us(*[wire[a : a + 1] for a in range(len(wire))], method=method) == read_by_us(wire, method=method)


@pytest.mark.parametrize(
    ("wire", "method", "reason"),
    [
        (CHUNKED + b"5 ;a=b\r\nabcde\r\n0\r\n\r\n", "GET", "blanks between"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "GET", "a version"),
        (OK + b"Content-Length: 9999999999999999999\r\n\r\n", "HEAD", "a length of more"),
        (CHUNKED + b"0000000000000005\r\nabcde\r\n0\r\n\r\n", "GET", "a size of a chunk"),
        (CHUNKED + b"5;a\rb\r\nabcde\r\n0\r\n\r\n", "GET", "a line feed"),
    ],
)
def test_each_listed_difference_is_one(wire: bytes, method: str, reason: str) -> None:
    ours, theirs = read_by_us(wire, method=method), read_by_h11(wire, method)
    assert (ours is None) != (theirs is None)
    (found,) = listed(wire, TAKEN if theirs is None else REFUSED)
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (b"5\r\nabcd\r\n0\r\n\r\n", "a chunk is shorter than its size"),
        (b"5\r\nabcdef\r\n0\r\n\r\n", "a chunk is longer than its size"),
        (b"5\r\nabcde\n0\r\n\r\n", "a chunk is longer than its size"),
        (b"0\r\nno field\r\n\r\n", "the trailers are not HTTP"),
    ],
)
def test_what_is_wrong_with_a_chunk_is_said(wire: bytes, said: str) -> None:
    incoming = ResponseReader(Wire(CHUNKED + wire))
    with pytest.raises(NotHTTP, match=said):
        incoming.body(incoming.head("GET"), LIMIT)


def test_announcements_that_come_at_once_have_an_end_too() -> None:
    wire = b"HTTP/1.1 102 Processing\r\n\r\n" * 3000
    incoming = ResponseReader(Wire(*[wire[at : at + 10_000] for at in range(0, len(wire), 10_000)]))
    with pytest.raises(NotHTTP, match="too long"):
        incoming.head("GET")


def test_an_upgrade_that_nobody_asked_for() -> None:
    with pytest.raises(NotHTTP, match="not a final one"):
        ResponseReader(Wire(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")).head("GET")
