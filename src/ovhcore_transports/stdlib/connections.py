"""Connections on sockets and ``ssl``: to a server, to a proxy, and through a proxy's tunnel to a server."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..http.blocking.connections import BlockingConnection, Unconnected
from ..http.http1 import NotHTTP, ResponseReader
from ..http.proxies import Proxy

if TYPE_CHECKING:
    import ssl

__all__ = ["Address", "Connection"]

_OPTIONS: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


class Address:
    """The address of a server or a proxy.

    Attributes:
        host: name or address, without brackets.
        port: the number.
        has_tls: whether TLS is spoken there.
    """

    __slots__ = ("has_tls", "host", "port")

    def __init__(self, host: str, port: int, has_tls: bool) -> None:
        self.host = host
        self.port = port
        self.has_tls = has_tls

    @property
    def authority(self) -> str:
        """Host and port, as a proxy wants them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Connection(BlockingConnection):
    """A connection to a server.

    Args:
        server: the address of the server.
        proxy: the proxy to go through, if any, by a tunnel if the server has TLS.
        at: the address of the proxy.
        tls: the context for TLS; None for connections without TLS.
    """

    def __init__(self, server: Address, proxy: Proxy | None, at: Address | None, tls: ssl.SSLContext | None) -> None:
        self.sock = None
        self.timeout = None
        self._server = server
        self._proxy = proxy
        self._at = at
        self._tls = tls
        self._has_tls = server.has_tls or (at is not None and at.has_tls)

    @property
    def is_stale(self) -> bool:
        """Whether the connection has something to read, even only its end, or is not open."""
        sock = self.sock
        return sock is None or _is_readable(getattr(sock, "socket", sock))

    def close(self) -> None:
        """Close the connection. May be called again."""
        if self.sock is not None:
            self.sock.close()

    def _open(self) -> None:
        self._begin(self._at is None)
        try:
            self._connect(self._at or self._server)
        except (OSError, NotHTTP, UnicodeError) as error:
            raise Unconnected(self._kind(error)) from error

    def _connect(self, first: Address) -> None:
        # The socket is kept at once, so that it can be closed whatever is raised later.
        self.sock = self._dialled(first.host, first.port, socket.AF_UNSPEC, _OPTIONS)
        if first.has_tls:
            self._secure(first)
        if self._proxy is not None and self._server.has_tls:
            self._tunnel(self._proxy)
            self._is_through = True
            self._secure(self._server)

    def _secure(self, whom: Address) -> None:
        """Begin to speak TLS; what it needs is loaded here."""
        from ssl import SSLSocket

        assert self._tls is not None
        name = whom.host.partition("%")[0].rstrip(".")  # no certificate has a zone
        if isinstance(self.sock, SSLSocket):
            from .tls_in_tls import TLSWithinTLS

            self.sock = within = TLSWithinTLS(self.sock, self._tls, name)
            within.do_handshake(self._time_left)
        else:
            self.sock.getpeername()  # where it has been reset, wrap_socket() would fail, and leave it open
            # In two steps, so that the socket can be closed if the second one fails.
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
            self.sock.settimeout(self._time_left())
            self.sock.do_handshake()

    def _tunnel(self, proxy: Proxy) -> None:
        """Ask a proxy for a tunnel.

        Raises:
            OSError: the proxy gives none.
            NotHTTP: the answer is not HTTP.
        """
        to = self._server.authority
        lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
        lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
        self.sock.settimeout(self._time_left())
        self.sock.sendall("\r\n".join([*lines, "\r\n"]).encode("ascii"))
        incoming = ResponseReader(_InTime(self.sock, self._time_left))
        status = incoming.head("CONNECT").status
        # The server would not be the first to speak.
        if not 200 <= status < 300 or not incoming.is_empty:
            raise OSError(f"no tunnel: {status}")

    def _is_silent(self) -> bool:
        # TLS may hold more than has been asked for.
        return not (self._has_tls and self.sock.pending())


class _InTime:
    """A reader of bytes from a proxy, as long as there is time."""

    def __init__(self, sock: Any, time_left: Callable[[], float]) -> None:
        self._sock = sock
        self._time_left = time_left

    def recv(self, most: int) -> bytes:
        self._sock.settimeout(self._time_left())
        received: bytes = self._sock.recv(most)
        return received


def _is_readable(sock: socket.socket) -> bool:
    if not hasattr(select, "poll"):  # pragma: no cover - Windows; elsewhere it knows no numbers beyond 1023
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
