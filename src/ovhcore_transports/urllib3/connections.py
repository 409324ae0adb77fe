"""urllib3's connections, made to be dialled, used and ended as :class:`.BlockingConnection` says."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from http.client import HTTPException, HTTPResponse, LineTooLong
from typing import Any, Final, Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssl_match_hostname import CertificateError

from ..http.blocking.connections import BlockingConnection, Exchange, Unconnected
from ..http.http1 import CutOff
from ..http.libraries.names import require_names

__all__ = ["Connection", "Exchange", "TLSConnection", "Unconnected", "check_library"]

_MOST_OF_A_HEAD: Final = 65536


def check_library() -> None:
    """Make sure that urllib3 has the names that are used here without a promise.

    Raises:
        InvalidConfiguration: a name is missing.
    """
    require_names(
        "urllib3",
        # An object and not the class: ``_dns_host`` is set when one is made. It is not connected.
        (HTTPConnection("localhost"), ("_dns_host", "_new_conn", "_tunnel", "is_connected")),
        (HTTPConnectionPool, ("ConnectionCls", "_new_conn")),
        (HTTPSConnectionPool, ("ConnectionCls", "_new_conn", "_prepare_proxy")),
    )


class Connection(BlockingConnection, HTTPConnection):
    """A connection without TLS to the server.

    Attributes:
        tunnel: urllib3's pool that knows the way through a proxy, if that takes a tunnel.
    """

    tunnel: Any = None

    @property
    def is_stale(self) -> bool:
        """Whether the connection has something to read, even only its end, or is not open."""
        return not self.is_connected

    def _open(self) -> None:
        if self.tunnel is None:
            self.connect()
        else:
            self.tunnel._prepare_proxy(self)

    def connect(self) -> None:
        """Connect.

        Raises:
            Unconnected: no connection was made.
        """
        self._begin(self.proxy is None)
        try:
            super().connect()
        except (OSError, HTTPException, CertificateError, UnicodeError) as error:
            raise Unconnected(self._kind(error)) from error

    def _new_conn(self) -> socket.socket:
        # urllib3's own method gives each address the whole timeout, and hides the socket meanwhile.
        return self._dialled(self._dns_host.strip("[]"), self.port, allowed_gai_family(), self.socket_options or ())

    def _tunnel(self) -> None:
        self.response_class = partial(_Consent, self._time_left)  # type: ignore[assignment]
        try:
            super()._tunnel()
        finally:
            del self.response_class
        self.sock.settimeout(self._time_left())
        self._is_through = True

    def close(self) -> None:
        """Close the connection."""
        # This comes first: after an interrupt nobody would refer to the socket any more.
        if self.sock is not None:
            self.sock.close()
        HTTPConnection.close(self)


class TLSConnection(Connection, HTTPSConnection):
    """A connection with TLS to the server, or to the proxy."""

    _has_tls = True

    def _is_silent(self) -> bool:
        # TLS may hold more than has been asked for; TLS through TLS has it in other places.
        sock: Any = self.sock
        undecrypted = getattr(sock, "incoming", None)
        return not (getattr(sock, "sslobj", sock).pending() or (undecrypted is not None and undecrypted.pending))


class _Consent(HTTPResponse):
    """A proxy's answer to CONNECT.

    Args:
        time_left: returns how long to wait for it.
        sock: the connection.
        method: the method of the request.
    """

    def __init__(self, time_left: Callable[[], float], sock: Any, method: str | None = None) -> None:
        super().__init__(_Bytewise(sock, time_left), method=method)  # type: ignore[arg-type]


class _Bytewise:
    """The lines that a proxy sends: no byte more is read, and none are missing at the end."""

    def __init__(self, sock: Any, time_left: Callable[[], float]) -> None:
        self._sock = sock
        self._time_left = time_left
        self._room = _MOST_OF_A_HEAD

    def makefile(self, mode: str) -> Self:
        return self

    def readline(self, limit: int) -> bytes:
        line = bytearray()
        while not line.endswith(b"\n"):
            self._sock.settimeout(self._time_left())
            byte = self._sock.recv(1)
            if not byte:
                raise CutOff("the proxy's answer is cut off")
            line += byte
            self._room -= 1
            if not self._room:
                raise LineTooLong("header line")
        return bytes(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
