"""urllib3's connections, made to write requests at once, to read answers strictly and to be cut short.

They say, too, at which step no connection was made.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPException, HTTPResponse, LineTooLong, RemoteDisconnected
from typing import Any, Final, Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssl_match_hostname import CertificateError

from ovhcore import exceptions as exc

from ..base.locks import Lock
from ..http.failures import RESETS
from ..http.http1 import ResponseHead, ResponseReader

__all__ = ["Connection", "Exchange", "TLSConnection", "Unconnected"]

_MOST_OF_A_HEAD: Final = 65536
_PIECE: Final = 65536
_METHOD: Final = re.compile(r"[A-Za-z-]+")
_NO_BODY: Final = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})


class Exchange:
    """An exchange that can be cut short, with whatever connection it has.

    Attributes:
        is_cut: whether it was cut short.
    """

    def __init__(self) -> None:
        # This very thread may let go of an iterator in the midst of it: garbage is found anywhere.
        self._lock = Lock()
        self.is_cut = False
        self._socket: Any = None
        self._copy: socket.socket | None = None

    def connects(self, sock: socket.socket) -> None:
        """Take a connection that is being made."""
        # TLS takes the socket out of the object that holds it, and the one it makes is not seen before it is done.
        copy = sock.dup()
        self._hold(copy, copy)

    def uses(self, sock: Any) -> None:
        """Take a connection that is made."""
        self._hold(sock, None)

    def lets_go(self) -> None:
        """Give the connection up, so that another exchange can have it."""
        self._hold(None, None)

    def _hold(self, sock: Any, copy: socket.socket | None) -> None:
        with self._lock:
            old, self._socket, self._copy = self._copy, sock, copy
            is_cut = self.is_cut
        if old is not None:
            old.close()
        if is_cut and sock is not None:
            raise ConnectionAbortedError("the exchange was cut short")

    def cut(self) -> None:
        """Make the exchange fail soon, whatever it waits for; called in another thread."""
        with self._lock:
            self.is_cut = True
            if self._socket is not None:
                # Not the method of a TLS socket: it would take TLS away from under the thread that reads.
                inner = getattr(self._socket, "socket", self._socket)
                with suppress(OSError):
                    socket.socket.shutdown(inner, socket.SHUT_RDWR)


class Unconnected(HTTPError):
    """No connection was made; the cause says why.

    Attributes:
        kind: what to raise.
    """

    def __init__(self, kind: type[exc.NetworkError]) -> None:
        super().__init__()
        self.kind = kind


class Connection(HTTPConnection):
    """A connection without TLS to the server.

    Attributes:
        exchange: that has it, where that can be cut short.
        until: when the exchange that has it has to be over, on the monotonic clock; None for no limit.
        tunnel: of urllib3's, the pool that knows the way through a proxy, where it takes a tunnel.
        is_reusable: whether another request can be sent.
    """

    tunnel: Any = None
    exchange: Exchange | None = None
    until: float | None = None
    is_reusable = False
    _read = 0.0
    _ends = 0.0
    _is_reached = False
    _is_through = False

    def connect(self) -> None:
        """Connect.

        Raises:
            Unconnected: it failed.
        """
        timeout: Any = self.timeout
        self._ends = time.monotonic() + timeout
        if self.until is not None:
            self._ends = min(self._ends, self.until)
        self._is_reached, self._is_through = False, self.proxy is None
        try:
            super().connect()
        except (OSError, HTTPException, CertificateError, UnicodeError) as error:
            raise Unconnected(self._kind(error)) from error

    def _kind(self, error: Exception) -> type[exc.NetworkError]:
        if not self._is_through:
            return exc.ProxyError
        if isinstance(error, TimeoutError):
            return exc.ConnectTimeout
        # What is reset at once may still be connecting.
        if not (self._is_reached or isinstance(error, RESETS)):
            return exc.ConnectError
        return exc.TLSError if isinstance(self, HTTPSConnection) else exc.ConnectionLost

    def _new_conn(self) -> socket.socket:
        # urllib3's own gives each address the whole timeout, and nobody gets hold of the socket meanwhile.
        failure: OSError = OSError("no address")
        host = self._dns_host.strip("[]")
        found = socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        for tried, (family, kind, number, _, address) in enumerate(found):
            sock = socket.socket(family, kind, number)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                # One that does not answer leaves the others their share.
                sock.settimeout(self._time_left() / (len(found) - tried))
                if self.exchange is not None:
                    self.exchange.connects(sock)
                sock.connect(address)
                # TLS has what is left of the time.
                sock.settimeout(self._time_left())
                self._is_reached = True
                return sock
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        raise failure

    def _time_left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def _tunnel(self) -> None:
        self.response_class = partial(_Consent, self._time_left)  # type: ignore[assignment]
        try:
            super()._tunnel()
        finally:
            del self.response_class
        self.sock.settimeout(self._time_left())
        self._is_through = True

    def exchanged(
        self, method: str, target: str, fields: dict[str, str], body: bytes, read: float, limit: int
    ) -> tuple[ResponseHead, bytes]:
        """Send a request, in one piece and with no field but those given and the body's length; return its answer.

        Args:
            method: of the request.
            target: of the request.
            fields: names and values.
            body: the bytes to send.
            read: seconds that each wait may take.
            limit: bytes of the answer's body beyond which to give up.

        Raises:
            Unconnected: there is no connection.
            ValueError: the request would become another one.
            ProtocolError: the answer is larger.
            NotHTTP: the answer is not HTTP.
            OSError: the connection failed.
        """
        self.is_reusable = False
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        elif method not in _NO_BODY:
            lines.append("Content-Length: 0")
        lines.append("\r\n")
        head = "\r\n".join(lines)
        whole = head.count("\r") == head.count("\n") == len(lines) and "\0" not in head
        # The codec's own error would carry the head.
        if not (whole and head.isascii() and " " not in target and _METHOD.fullmatch(method)):
            raise ValueError("the request holds a character that would make another one of it")
        if self.sock is None:
            if self.tunnel is None:
                self.connect()
            else:
                self.tunnel._prepare_proxy(self)
        sock: Any = self.sock
        if self.exchange is not None:
            self.exchange.uses(sock)
        if sock.gettimeout() != read:
            sock.settimeout(read)
        self._read = read
        is_sound = self._sends(sock, head.encode("ascii") + body)
        incoming = ResponseReader(self)
        answer = incoming.head(method)
        content = incoming.body(answer, limit)
        self.is_reusable = is_sound and answer.reusable and incoming.is_empty and self._is_silent()
        return answer, content

    def _sends(self, sock: Any, data: bytes) -> bool:
        """Send bytes; say whether the connection took them."""
        try:
            if len(data) <= _PIECE:
                self._hurry(sock)
                sock.sendall(data)
            else:
                # The timeout is for all that one call sends.
                with memoryview(data) as view:
                    for at in range(0, len(data), _PIECE):
                        self._hurry(sock)
                        sock.sendall(view[at : at + _PIECE])
        except (ConnectionError, ssl.SSLError):
            # A server that hangs up before the request is complete may have said why.
            return False
        return True

    def recv(self, most: int) -> bytes:
        """Return what has come, waiting for something; nothing at the end."""
        sock: Any = self.sock
        self._hurry(sock)
        received: bytes = sock.recv(most)
        return received

    def _hurry(self, sock: Any) -> None:
        """Let the next wait last no longer than the exchange may.

        Raises:
            TimeoutError: the time for it has passed.
        """
        if self.until is not None:
            left = self.until - time.monotonic()
            if left < self._read:
                if left <= 0:
                    raise TimeoutError("timed out")
                sock.settimeout(left)

    def _is_silent(self) -> bool:
        return True

    def close(self) -> None:
        """Close it."""
        # First of all: after an interrupt nobody would have the socket any more.
        if self.sock is not None:
            self.sock.close()
        super().close()


class TLSConnection(Connection, HTTPSConnection):
    """A connection with TLS to the server, or to the proxy."""

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
        method: of the request.
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
                raise RemoteDisconnected("the proxy's answer is cut off")
            line += byte
            self._room -= 1
            if not self._room:
                raise LineTooLong("header line")
        return bytes(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
