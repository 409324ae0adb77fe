"""How answers are taken apart, against http.client where it knows better than to guess."""

from __future__ import annotations

import io
import re
import time
from http.client import HTTPResponse
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ovhcore import exceptions as exc
from ovhcore_transports.http.http1 import CutOff, NotHTTP, ResponseHead, ResponseReader


class Wire:
    """A socket that has received this, in these pieces, and then the end."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            return b""
        piece, rest = self.pieces[0][:size], self.pieces[0][size:]
        self.pieces[:1] = [rest] if rest else []
        return piece

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(b"".join(self.pieces))


def head_of(*pieces: bytes, method: str = "GET") -> ResponseHead:
    return ResponseReader(Wire(*pieces)).head(method)


def body_of(*pieces: bytes, limit: int = 1000) -> tuple[bytes, bool]:
    incoming = ResponseReader(Wire(*pieces))
    body = incoming.body(incoming.head("GET"), limit)
    return body, incoming.is_empty


names = st.sampled_from(
    ["Content-Length", "content-length", "Transfer-Encoding", "Connection", "Keep-Alive", "Content-Type", "X-A", "Via"]
)
values = st.sampled_from(
    ["5", "0", "7", "5, 5", "-5", "+5", "5_0", "", "chunked", "gzip", "close", "keep-alive", "Upgrade, close", "a:b"]
) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=8)
fields = st.builds(
    lambda name, space, value: f"{name}:{space}{value}", names, st.sampled_from(["", " ", "\t "]), values
)
odd = st.sampled_from([" folded", "\tfolded", "no colon", ": nameless", "sp ace: 1", "X-B : 1", "\x01: 2", "From me"])
statuses = st.sampled_from(
    [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 404",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 204 None",
        "HTTP/1.1 304 Same",
        "HTTP/1.1  200 Two",
    ]
) | st.sampled_from(["HTTP/1.1 20_0 OK", "HTTP/1.1 1000 X", "HTTP/2 200", "http/1.1 200 OK", "ICY 200", "", "HTTP/1.1"])
heads = st.builds(
    lambda status, lines, end: end.join([status, *lines, "", ""]).encode("latin-1"),
    statuses,
    st.lists(fields | odd, max_size=6),
    st.sampled_from(["\r\n", "\r\n", "\n"]),
)


@given(heads, st.sampled_from(["GET", "HEAD"]), st.booleans(), st.integers(0, 80))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b \t\r\n folded\r\n\r\n", "GET", True, 3)
def test_what_is_read_of_a_head_is_what_http_client_reads(head: bytes, method: str, announced: bool, cut: int) -> None:
    wire = (b"HTTP/1.1 100 Continue\r\n\r\n" if announced else b"") + head
    try:
        mine = head_of(*filter(None, (wire[:cut], wire[cut:])), method=method)
    except (NotHTTP, CutOff):
        return  # stricter it may be
    socket: Any = Wire(wire)
    theirs = HTTPResponse(socket, method=method)
    theirs.begin()
    assert mine.status == theirs.status
    assert list(mine.fields) == [(n, re.sub(r"[ \t]*\r?\n[ \t]+", " ", v).strip(" \t")) for n, v in theirs.getheaders()]
    if mine.chunked or mine.length == 0:
        return
    lengths = [value for name, value in mine.fields if name.lower() == "content-length"]
    if len(lengths) == 1 and lengths[0].isdecimal():
        assert mine.length == theirs.length
        assert not (mine.reusable and theirs.will_close)
    else:
        assert theirs.length is None or mine.length == theirs.length


plain = st.tuples(
    st.sampled_from(["Date", "X-OVH-QUERYID", "Content-Type", "Server"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9),
)


@given(st.integers(200, 599), st.lists(plain, max_size=9), st.integers(0, 10**17), st.booleans())
def test_every_plain_head_is_read(status: int, pairs: list[tuple[str, str]], length: int, close: bool) -> None:
    pairs = [*pairs, ("Content-Length", str(length)), *([("Connection", "Close")] if close else [])]
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    wire = f"HTTP/1.1 {status} Some Words\r\n{lines}\r\n".encode("latin-1")
    socket: Any = Wire(wire)
    theirs = HTTPResponse(socket, method="GET")
    theirs.begin()
    ours = head_of(wire)
    assert theirs.getheaders() == pairs
    assert (ours.status, ours.fields, ours.length) == (theirs.status, tuple(pairs), theirs.length)
    assert (ours.chunked, ours.reusable, ours.encoding) == (False, not theirs.will_close, "")


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("block", "length", "chunked", "reusable", "encoding"),
    [
        (b"Content-Length: 5\r\ncontent-length: 5\r\n", 5, False, True, ""),
        (b"Content-Length: 5, 5\r\n", 5, False, True, ""),
        (b"Transfer-Encoding: Chunked\r\n", None, True, True, ""),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", None, True, False, ""),
        (b"Connection: keep-alive\r\nConnection: close\r\nContent-Length: 5\r\n", 5, False, False, ""),
        (b"Content-Encoding: gzip\r\nContent-Encoding: br\r\n", None, False, False, "gzip, br"),
    ],
)
def test_how_a_body_ends(block: bytes, length: int | None, chunked: bool, reusable: bool, encoding: str) -> None:
    head = head_of(OK + block + b"\r\n")
    assert (head.length, head.chunked, head.reusable, head.encoding) == (length, chunked, reusable, encoding)


def test_spaces_around_values_are_not_theirs() -> None:
    assert head_of(OK + b"X-A:\t a b \t\r\nX-B:\r\nX-C: \r\n\r\n").fields == (("X-A", "a b"), ("X-B", ""), ("X-C", ""))


def test_many_spaces_take_no_time() -> None:
    began = time.process_time()
    assert head_of(OK + b"X-A: a" + b" " * 60_000 + b"b\r\n\tc\r\n\r\n").fields[0][1].endswith(" b c")
    assert time.process_time() - began < 10  # each space once: milliseconds; each with all others: minutes


def test_an_older_version_stays_open_if_it_says_so() -> None:
    answer = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"
    assert head_of(answer).reusable
    assert not head_of(answer.replace(b"Connection", b"X")).reusable


@pytest.mark.parametrize(
    "block",
    [
        b"Content-Length: -1\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Content-Length: 1, 2\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: " + b"9" * 19 + b"\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"no field\r\n",
        b"X-A: a\rb\r\n",
        b"X-A: a\0b\r\n",
        b"X-A: " + b"x" * 70_000 + b"\r\n",
    ],
)
def test_heads_that_mean_nothing_or_more_than_one_thing(block: bytes) -> None:
    with pytest.raises(NotHTTP):
        head_of(OK + block + b"\r\n")


def test_announcements_without_end() -> None:
    with pytest.raises(NotHTTP, match="too long"):
        head_of(*[b"HTTP/1.1 102 Processing\r\n\r\n"] * 5000)
    with pytest.raises(NotHTTP, match="too long"):
        head_of(b"HTTP/1.1 102 Processing\n\n" * 5000)


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5), st.lists(st.integers(0, 200), max_size=6))
def test_chunked_bodies_in_pieces(chunks: list[bytes], cuts: list[int]) -> None:
    wire = CHUNKED + b"".join(b"%X ;a=b\r\n%b\r\n" % (len(one), one) for one in chunks) + b"0\r\nA: b\r\n\r\n"
    edges = sorted({0, *(cut for cut in cuts if cut < len(wire)), len(wire)})
    pieces = [wire[a:b] for a, b in pairwise(edges)]
    assert body_of(*pieces) == (b"".join(chunks), True)
    # Nothing less is whole.
    with pytest.raises((CutOff, NotHTTP)):
        body_of(*pieces[:-1], pieces[-1][:-1])


@pytest.mark.parametrize("size", [b"", b"-5", b"+5", b"0x5", b"5_0", b"g", b" 5", b"1" * 16, b"1" * 9000])
def test_sizes_of_chunks_that_are_no_numbers(size: bytes) -> None:
    with pytest.raises(NotHTTP):
        body_of(CHUNKED + size + b"\r\nabcde\r\n0\r\n\r\n")


def test_chunks_longer_than_their_sizes_and_trailers_without_end() -> None:
    with pytest.raises(NotHTTP, match="longer than its size"):
        body_of(CHUNKED + b"2\r\nabc\r\n0\r\n\r\n")
    with pytest.raises(NotHTTP, match="trailers are too long"):
        body_of(CHUNKED + b"0\r\n" + b"A: b\r\n" * 20_000)


@pytest.mark.parametrize(
    "wire", [b"Content-Length: 9\r\n\r\n" + b"a" * 9, b"\r\n" + b"a" * 9, b"Transfer-Encoding: chunked\r\n\r\n9\r\n"]
)
def test_bodies_beyond_the_limit(wire: bytes) -> None:
    with pytest.raises(exc.ProtocolError, match="larger than max_response_size, 8 bytes"):
        body_of(OK + wire, limit=8)


def test_what_comes_after_a_body_is_seen_and_stays_out_of_it() -> None:
    assert body_of(OK + b"Content-Length: 2\r\n\r\nabHTTP") == (b"ab", False)
    assert body_of(OK + b"Content-Length: 4\r\n\r\nab", b"cdHTTP") == (b"abcd", True)  # the rest is left unread
    assert body_of(CHUNKED + b"1\r\na\r\n0\r\n\r\nHTTP") == (b"a", False)
    assert body_of(OK + b"\r\nab", b"cd") == (b"abcd", True)


def test_the_end_as_tls_within_tls_has_it() -> None:
    class Ended(Wire):
        def recv(self, size: int) -> Any:
            return super().recv(size) or 0

    for pieces in ((), (b"HTTP/1.1 200 OK\r\n",)):
        with pytest.raises(CutOff):
            ResponseReader(Ended(*pieces)).head("GET")


def test_a_connection_that_is_closed_stays_so() -> None:
    for fields in (b"Connection: close\r\nConnection: keep-alive", b"Connection: keep-alive\r\nConnection: close"):
        wire = Wire(b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 0\r\n\r\n" % fields)
        assert not ResponseReader(wire).head("GET").reusable
