"""TLS to a server within the TLS to a proxy; ``ssl`` itself wraps nothing but plain sockets."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

__all__ = ["TLSWithinTLS"]

T = TypeVar("T")

_PIECE: Final = 16384


class TLSWithinTLS:
    """A TLS socket on top of another TLS socket.

    Args:
        outer: the connection to the proxy.
        context: the context for the TLS to the server.
        name: the name of the server.

    Attributes:
        socket: the connection to the proxy.
    """

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, name: str) -> None:
        self.socket = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    def do_handshake(self, time_left: Callable[[], float]) -> None:
        """Begin to speak TLS.

        Args:
            time_left: returns how many seconds there are; many reads of the outer connection may be one of this one.

        Raises:
            OSError: the handshake failed.
        """
        self._do(lambda: self._tls.do_handshake(), lambda: self.socket.settimeout(time_left()))

    def recv(self, most: int) -> bytes:
        """Wait for bytes and return them; none at the end of the connection."""
        try:
            return self._do(lambda: self._tls.read(most))
        except ssl.SSLEOFError:  # as of a TLS socket, whose end need not be announced
            return b""

    def sendall(self, data: Any) -> None:
        """Send bytes."""
        with memoryview(data) as view:
            at = 0
            while at < len(view):
                at += self._do(lambda: self._tls.write(view[at:]))  # noqa: B023 - done at once

    def pending(self) -> int:
        """Return how many bytes have come from the system that nobody has read, encrypted or not."""
        return self._tls.pending() + self._incoming.pending + self.socket.pending()

    def gettimeout(self) -> float | None:
        """Return how many seconds a wait may take."""
        return self.socket.gettimeout()

    def settimeout(self, seconds: float) -> None:
        """Say how many seconds a wait may take."""
        self.socket.settimeout(seconds)

    def close(self) -> None:
        """Close both connections."""
        self.socket.close()

    def _do(self, step: Callable[[], T], before: Callable[[], object] = lambda: None) -> T:
        while True:
            result: list[T] = []
            with suppress(ssl.SSLWantReadError):
                result.append(step())
            if self._outgoing.pending:
                self.socket.sendall(self._outgoing.read())
            if result:
                return result[0]
            before()
            piece = self.socket.recv(_PIECE)
            if piece:
                self._incoming.write(piece)
            else:
                self._incoming.write_eof()
