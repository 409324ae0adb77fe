"""Pieces for transports on the standard library's http.client: strict answers, and the meaning of its exceptions.

They are for authors of transports. None here uses http.client: that on the standard library has connections of its own.
"""

from __future__ import annotations

import ssl
from http.client import HTTPException
from typing import Any

from ovhcore import exceptions as exc
from ovhcore.protocol import Timeout

from .failures import ENDED, RESETS, causes_of, reason_of
from .http1 import NotHTTP, ResponseHead, ResponseReader

__all__ = ["WholeResponse", "meaning_of"]


class WholeResponse:
    """A ``response_class`` for ``http.client.HTTPConnection`` that reads the answer at once, to the last byte.

    ::

        connection.response_class = partial(WholeResponse, limit)

    Args:
        limit: bytes of the body beyond which to give up.
        sock: the connection.
        method: the method of the request.

    Attributes:
        head: status and headers.
        body: the body, not decompressed yet.
        will_close: whether the connection cannot be used again.
    """

    head: ResponseHead
    body: bytes
    will_close: bool

    def __init__(self, limit: int, sock: Any, method: str | None = None) -> None:
        self._incoming = ResponseReader(sock)
        self._limit = limit
        self._method = method or ""

    def begin(self) -> None:
        """Read the whole answer.

        Raises:
            http.client.HTTPException: the answer is not HTTP.
            ProtocolError: the body is larger than the limit.
            OSError: the connection failed, or ended before the answer was whole.
        """
        try:
            self.head = self._incoming.head(self._method)
            self.body = self._incoming.body(self.head, self._limit)
            self.will_close = not (self.head.reusable and self._incoming.is_empty)
            return
        except NotHTTP as error:
            problem = str(error)
        raise HTTPException(problem)  # callers of http.client expect this one

    def isclosed(self) -> bool:
        """Say that the next request may be sent."""
        return True

    def close(self) -> None:
        """Do nothing: nothing is left to close."""


def meaning_of(error: Exception, origin: str, timeout: Timeout, connected: bool, reached: bool) -> exc.NetworkError:
    """Return the exception to raise for one of socket, ssl or http.client.

    Args:
        error: the exception that was raised; it loses its tracebacks.
        origin: the origin that the message names.
        timeout: the timeout of the exchange.
        connected: whether there was a connection for the request, with TLS if the origin has TLS.
        reached: whether there was a connection without TLS at least.
    """
    causes = causes_of(error)
    timed_out = isinstance(error, TimeoutError)
    kind: type[exc.NetworkError]
    if connected and timed_out:
        kind, said = exc.ReadTimeout, f"the server was silent for {timeout.read:g} s"
    elif connected:
        lost = isinstance(error, OSError)
        kind, said = (exc.ConnectionLost, ENDED) if lost else (exc.ProtocolError, "the answer is not HTTP")
    elif timed_out:
        kind, said = exc.ConnectTimeout, f"no connection within {timeout.connect:g} s"
    elif reached or isinstance(error, ssl.SSLError):
        kind, said = exc.TLSError, "TLS failed"
    elif isinstance(error, RESETS):
        # The server accepted the connection and reset it at once.
        kind, said = (exc.TLSError, "TLS failed") if origin.startswith("https:") else (exc.ConnectionLost, ENDED)
    else:
        kind, said = exc.ConnectError, "no connection could be made"
    failure = kind(f"{origin}: {said}{reason_of(causes)}")
    # The text of http.client's own exceptions may repeat the answer, and so the request.
    plain = all(type(cause).__module__ in ("builtins", "socket", "ssl") for cause in causes)
    failure.__cause__ = error if plain else None  # also None: it keeps other exceptions out of the traceback
    return failure
