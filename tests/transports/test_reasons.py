"""Every transport says why: the same words for the same fault, and what to do where that is known."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.exceptions import ConnectError, NetworkError, ProtocolError, ProxyError, TLSError
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Headers, Request, Response, Timeout
from ovhcore.testing.server import Peer, WireServer, answer
from ovhcore_transports.http.bodies import decompressed
from ovhcore_transports.http.failures import reason_of
from tests.conformance.transports import PLACES, made
from tests.servers import refusing_port
from tests.worlds import Respond, Scripted

EVERY = pytest.mark.parametrize("place", PLACES)
LIMIT = 1000


def sent(place: str, url: str, **settings: Any) -> Response:
    transport = made(PLACES[place], TransportSettings(Timeout(60, 60), **{"proxy": "none"} | settings))

    async def main() -> Response:
        try:
            response: Response = await transport.send(Request("GET", url))
            return response
        finally:
            await transport.close()

    if place.endswith("async"):
        return asyncio.run(main())
    try:
        response: Response = transport.send(Request("GET", url))
        return response
    finally:
        transport.close()


def failure(place: str, url: str, **settings: Any) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        sent(place, url, **settings)
    return caught.value


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and nobody else is given."""
    with refusing_port() as port:
        yield port


@EVERY
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_refused_connection(place: str, host: str, closed_port: int) -> None:
    error = failure(place, f"http://{host}:{closed_port}/me")
    assert type(error) is ConnectError
    refused = os.strerror(errno.ECONNREFUSED)
    assert str(error) == f"http://{host}:{closed_port}: no connection could be made ({refused})"


def plainly(peer: Peer) -> None:
    peer.read()
    peer.send(answer(b"", "400 Bad Request"))


@EVERY
def test_tls_spoken_to_a_plain_port(place: str) -> None:
    with WireServer(plainly) as server:
        error = failure(place, server.origin.replace("http:", "https:") + "/me")
    assert type(error) is TLSError
    assert "does not speak TLS" in str(error)
    assert "write http:// in its URL" in str(error)


@EVERY
def test_tls_spoken_to_a_plain_proxy(place: str) -> None:
    with WireServer(plainly) as server:
        proxy = server.origin.replace("http:", "https:")
        error = failure(place, "https://192.0.2.1/me", proxy=proxy)
    assert type(error) is ProxyError
    assert "write http:// in its URL" in str(error)


@EVERY
@pytest.mark.parametrize("coding", ["utf-8", "none", "br", "zstd"])
def test_a_coding_that_is_not_known_is_named(place: str, coding: str) -> None:
    with WireServer(
        lambda peer: peer.serve(lambda r: answer(b"{}", "200 OK", f"Content-Encoding: {coding}"))
    ) as server:
        error = failure(place, f"{server.origin}/me")
    assert type(error) is ProtocolError
    assert f"Content-Encoding, {coding}, that was not asked for" in str(error)


@EVERY
@pytest.mark.parametrize(
    "coding", ["Identity, gzip", "gzip, identity", "identity\r\nContent-Encoding: gzip", " GZIP ,"]
)
def test_codings_that_are_fine(place: str, coding: str) -> None:
    packed = answer(gzip.compress(b"{}"), "200 OK", f"Content-Encoding: {coding}")
    with WireServer(lambda peer: peer.serve(lambda r: packed)) as server:
        assert sent(place, f"{server.origin}/me").body == b"{}"


@pytest.mark.parametrize(
    "coding", ["a secret, with blanks", "0123456789abcdef", "x" * 13, "\u20ac", "gzip, " + "x" * 13]
)
def test_what_is_no_name_of_a_coding_is_not_repeated(coding: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decompressed(b"{}", coding, LIMIT)
    assert str(caught.value) == "The answer has a Content-Encoding that was not asked for"


def test_several_failures_of_asyncio_in_one() -> None:
    refused = os.strerror(errno.ECONNREFUSED)
    text = f"Multiple exceptions: [Errno {errno.ECONNREFUSED}] Connect call failed ('::1', 9, 0, 0), [Errno 5] other"
    assert reason_of([OSError(text)]) == f" ({refused})"
    assert reason_of([OSError(errno.ECONNREFUSED, "Connect call failed ('::1', 9)")]) == f" ({refused})"
    assert reason_of([OSError("Multiple exceptions: none with a number")]) == ""


def test_what_the_system_does_not_number_is_said_as_it_is() -> None:
    assert reason_of([socket.gaierror(-2, "Name or service not known")]) == " (Name or service not known)"
    assert reason_of([ssl.SSLError(1, "[SSL: OTHER] other")]) == " ([SSL: OTHER] other)"
    assert reason_of([OSError("no number"), ValueError("other")]) == ""


def failing_note(*reasons: str) -> str:
    left = list(reasons)

    def respond(request: Request) -> Response:
        raise ConnectError(left.pop(0))

    client = ovh.Client("ovh-eu", transport=Scripted(respond), retry=len(reasons), time_sync="off")
    with pytest.raises(ConnectError) as caught:
        client.call("GET", "/me", None, False)
    (note,) = [note for note in caught.value.__notes__ if "attempts were made" in note]
    return note


REFUSED = "https://eu.api.ovh.com: no connection could be made (Connection refused)"


def test_a_reason_that_is_always_the_same_is_said_once() -> None:
    note = failing_note(*[REFUSED] * 5)
    assert note.count(REFUSED) == 1
    assert note.startswith(
        f"5 attempts were made; attempt 1: ConnectError: {REFUSED} (after 0.00 s); attempt 2: waited "
    )
    assert all(f"attempt {number}: waited " in note for number in (2, 3, 4, 5))
    assert note.count("then as attempt 1 (after 0.00 s)") == 4
    assert note.endswith("and no other followed: 5 are allowed")
    assert len(note) < 450


def test_each_different_reason_is_said_once() -> None:
    other = REFUSED.replace("refused", "reset")
    note = failing_note(REFUSED, other, REFUSED, other)
    assert (note.count(REFUSED), note.count(other)) == (1, 1)
    assert "as attempt 1 " in note
    assert "as attempt 2 " in note


def test_the_query_id_of_each_attempt_is_said() -> None:
    client = ovh.Client("ovh-eu", transport=Scripted(in_turn("Q1", "Q2", "Q3")), retry=3, time_sync="off")
    with pytest.raises(ovh.ServerError) as caught:
        client.call("GET", "/me", None, False)
    (note,) = [note for note in caught.value.__notes__ if "attempts were made" in note]
    assert note.count("status 503") == 1
    assert all(f"query id {query}" in note for query in ("Q1", "Q2", "Q3"))
    assert [attempt.status for attempt in caught.value.history] == [503, 503, 503]


def in_turn(*queries: str) -> Respond:
    left = list(queries)
    return lambda request: Response(503, Headers([("X-OVH-QUERYID", left.pop(0))]), b"")
