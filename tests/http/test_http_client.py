"""What exceptions of sockets, ssl and http.client mean."""

from __future__ import annotations

import socket
import ssl
from http.client import BadStatusLine, HTTPException, RemoteDisconnected

import pytest

from ovhcore import exceptions as exc
from ovhcore.protocol.messages import Timeout
from ovhcore_transports.http.blocking.connections import BlockingConnection
from ovhcore_transports.http.http_client import WholeResponse, meaning_of


@pytest.mark.parametrize(
    ("error", "connected", "reached", "secure", "kind"),
    [
        (TimeoutError(), True, True, False, exc.ReadTimeout),
        (ConnectionResetError(104, "reset"), True, True, False, exc.ConnectionLost),
        (RemoteDisconnected("canary"), True, True, False, exc.ConnectionLost),
        (BadStatusLine("canary"), True, True, False, exc.ProtocolError),
        (TimeoutError(), False, True, True, exc.ConnectTimeout),
        (ConnectionResetError(104, "reset"), False, True, True, exc.TLSError),
        (ssl.SSLCertVerificationError(1, "no"), False, False, True, exc.TLSError),
        (BrokenPipeError(32, "pipe"), False, False, False, exc.ConnectionLost),
        (BrokenPipeError(32, "pipe"), False, False, True, exc.TLSError),
        (ConnectionRefusedError(111, "refused"), False, False, True, exc.ConnectError),
    ],
)
def test_meanings(error: Exception, connected: bool, reached: bool, secure: bool, kind: type[exc.NetworkError]) -> None:
    origin = "https://h" if secure else "http://h"
    found = meaning_of(error, origin, Timeout(1, 2), connected, reached)
    assert type(found) is kind
    assert str(found).startswith(f"{origin}: ")
    assert "canary" not in str(found)
    assert (found.__cause__ is error) == ("canary" not in str(error))
    assert found.__suppress_context__


def test_an_answer_that_is_not_http_is_an_exception_of_http_client() -> None:
    def began(wire: bytes) -> WholeResponse:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(wire)
            theirs.shutdown(socket.SHUT_WR)
            response = WholeResponse(8, ours, "GET")
            response.begin()
            return response

    response = began(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
    assert (response.body, response.will_close, response.isclosed()) == (b"ab", False, True)
    response.close()
    with pytest.raises(HTTPException, match="the answer is not HTTP") as caught:
        began(b"nothing\r\n")
    assert caught.value.__context__ is None
    with pytest.raises(ConnectionResetError):
        began(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    with pytest.raises(exc.ProtocolError):
        began(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + b"a" * 9)


def test_a_request_that_nobody_takes_ends_in_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.05)
        with pytest.raises(TimeoutError):  # what has hung up may have said why; what is silent has not
            BlockingConnection()._sends(ours, b"a" * 10_000_000)
        theirs.close()
        assert not BlockingConnection()._sends(ours, b"a")
