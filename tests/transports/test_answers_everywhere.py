"""Every transport refuses what is not HTTP, whichever library reads it; what one takes all the same is listed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from ovhcore.exceptions import ConnectionLost, NetworkError, ProtocolError
from ovhcore.testing.server import Peer, WireServer
from tests.conformance.transports import PLACES
from tests.transports.test_reasons import sent

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to" / "choose-a-transport.md"

OK: Final = b"HTTP/1.1 200 OK\r\n"
CH: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CL: Final = OK + b"Content-Length: 5\r\n"
BROKEN: Final = {
    "a chunk shorter than its size": CH + b"5\r\nabcd\r\n0\r\n\r\n",
    "a chunk longer than its size": CH + b"4\r\nabcde\r\n0\r\n\r\n",
    "a chunk ended by a line feed": CH + b"5\r\nabcde\n0\r\n\r\n",
    "a size ended by a line feed": CH + b"5\nabcde\r\n0\r\n\r\n",
    "a size with a sign": CH + b"+5\r\nabcde\r\n0\r\n\r\n",
    "a size with 0x": CH + b"0x5\r\nabcde\r\n0\r\n\r\n",
    "a size with an underscore": CH + b"0_5\r\nabcde\r\n0\r\n\r\n",
    "a size with a blank before": CH + b" 5\r\nabcde\r\n0\r\n\r\n",
    "no size": CH + b"\r\nabcde\r\n0\r\n\r\n",
    "a huge size": CH + b"ffffffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
    "a trailer that is no field": CH + b"5\r\nabcde\r\n0\r\nno field\r\n\r\n",
    "a folded trailer first": CH + b"5\r\nabcde\r\n0\r\n folded\r\n\r\n",
    "two lengths": CL + b"Content-Length: 6\r\n\r\nabcdef",
    "a list of two lengths": OK + b"Content-Length: 5, 6\r\n\r\nabcdef",
    "lengths spelled in two ways": OK + b"Content-Length: 5, 05\r\n\r\nabcde",
    "a length with a sign": OK + b"Content-Length: +5\r\n\r\nabcde",
    "a length with 0x": OK + b"Content-Length: 0x5\r\n\r\nabcde",
    "a length with an underscore": OK + b"Content-Length: 0_5\r\n\r\nabcde",
    "an empty length": OK + b"Content-Length:\r\n\r\nabcde",
    "a huge length": OK + b"Content-Length: 99999999999999999999999\r\n\r\nabcde",
    "another transfer coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "chunked, then gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "a field without a colon": OK + b"no colon\r\nContent-Length: 5\r\n\r\nabcde",
    "a field without a name": OK + b": a\r\nContent-Length: 5\r\n\r\nabcde",
    "a blank before the colon": OK + b"X-A : a\r\nContent-Length: 5\r\n\r\nabcde",
    "a name that is not ASCII": OK + b"X-\xe9: a\r\nContent-Length: 5\r\n\r\nabcde",
    "NUL in a value": OK + b"X-A: a\0b\r\nContent-Length: 5\r\n\r\nabcde",
    "a carriage return in a value": OK + b"X-A: a\rb\r\nContent-Length: 5\r\n\r\nabcde",
    "a vertical tab in a value": OK + b"X-A: a\x0bb\r\nContent-Length: 5\r\n\r\nabcde",
    "a fold before any field": OK + b" folded\r\nContent-Length: 5\r\n\r\nabcde",
    "two blanks in the status line": b"HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "a version in small letters": b"http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "version 2": b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    "an empty line before": b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
}
ODD: Final = {
    "a fold": OK + b"X-A: a\r\n b\r\nContent-Length: 5\r\n\r\nabcde",
    "lines ended by line feeds": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nabcde",
    "a length twice": CL + b"Content-Length: 5\r\n\r\nabcde",
    "a list of one length": OK + b"Content-Length: 5, 5\r\n\r\nabcde",
    "an extension": CH + b"5;a=b\r\nabcde\r\n0\r\n\r\n",
    "a blank before an extension": CH + b"5 ;a=b\r\nabcde\r\n0\r\n\r\n",
    "trailers": CH + b"5\r\nabcde\r\n0\r\nA: b\r\n\r\n",
    "a length and chunks": CL + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "chunks in another spelling": OK + b"Transfer-Encoding: CHUNKED\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "bytes beyond ASCII": OK + b"X-A: \xe9\r\nContent-Length: 5\r\n\r\nabcde",
    "HTTP/1.0 in chunks": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "204 with a length": b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
}

# What a library takes that is not HTTP, or refuses that is; the documentation has it, too.
TAKEN: Final[dict[str, dict[str, bytes]]] = {
    "urllib3": {},
    "stdlib": {},
    "httpx": {"version 2": b"abcde"},
    "httpx2": {"version 2": b"abcde"},
    "aiohttp": {
        "a chunk shorter than its size": b"abcd\r",
        "a chunk ended by a line feed": b"abcde",
        "another transfer coding": b"abcde",
        "chunked twice": b"abcde",
        "chunked, then gzip": b"5\r\nabcde\r\n0\r\n\r\n",
        "a vertical tab in a value": b"abcde",
        "version 2": b"abcde",
        "an empty line before": b"abcde",
    },
    "pyreqwest": {
        "lengths spelled in two ways": b"abcde",
        "another transfer coding": b"abcde",
        "chunked twice": b"abcde",
        "chunked, then gzip": b"5\r\nabcde\r\n0\r\n\r\n",
        "an empty line before": b"abcde",
    },
}
REFUSED: Final[dict[str, set[str]]] = {
    "urllib3": set(),
    "stdlib": set(),
    "httpx": {"a blank before an extension"},
    "httpx2": {"a blank before an extension"},
    "aiohttp": {"a length twice", "a list of one length", "a length and chunks"},
    "pyreqwest": {"a fold", "HTTP/1.0 in chunks"},
}


def read(place: str, wire: bytes) -> bytes | NetworkError:
    def behave(peer: Peer) -> None:
        if peer.receive() is not None:
            peer.send(wire)

    with WireServer(behave) as server:
        try:
            return sent(place, f"{server.origin}/me").body
        except NetworkError as error:
            return error


@pytest.mark.once  # the lists are those of the newest versions
@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_http_is_refused_or_listed(place: str) -> None:
    taken = TAKEN[place.partition(",")[0]]
    for name, wire in BROKEN.items():
        found = read(place, wire)
        if isinstance(found, bytes):
            assert found == taken.get(name), f"{name} is taken as {found!r}"
        else:
            # Of a chunk beyond all sizes some wait for the rest.
            assert type(found) in (ProtocolError, ConnectionLost), name


@pytest.mark.parametrize("place", PLACES)
def test_what_is_http_is_taken_or_listed(place: str) -> None:
    refused = REFUSED[place.partition(",")[0]]
    for name, wire in ODD.items():
        found = read(place, wire)
        body = b"" if name.startswith("204") else b"abcde"
        assert found == body or (name in refused and type(found) is ProtocolError), f"{name}: {found!r}"


def test_the_documentation_has_them() -> None:
    rows = [[cell.strip() for cell in line.split("|")] for line in PAGE.read_text("utf-8").splitlines() if "|" in line]
    table = {row[1]: (row[2], row[3]) for row in rows if len(row) == 5}
    for library in TAKEN:
        for column, listed in enumerate(({*TAKEN[library]}, REFUSED[library])):
            for name in listed:
                assert library.removesuffix("2") in table[name][column], (library, name)
    assert {*table} - {"an answer with", "---"} <= {*BROKEN, *ODD}
