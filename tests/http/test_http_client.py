"""What exceptions of sockets, ssl and http.client mean."""

from __future__ import annotations

import ssl
from http.client import BadStatusLine, RemoteDisconnected

import pytest

from ovhcore import exceptions as exc
from ovhcore.protocol.messages import Timeout
from ovhcore_transports.http.http_client import meaning_of


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
