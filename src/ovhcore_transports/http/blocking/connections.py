"""Blocking connections that write requests at once, read answers strictly and can be cut short.

Their exceptions also say at which step of connecting they failed.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from ovhcore import exceptions as exc

from ...base.locks import Lock
from ..failures import RESETS, is_of_tls
from ..http1 import ResponseHead, ResponseReader

__all__ = ["BlockingConnection", "Exchange", "Unconnected"]

_PIECE: Final = 65536
_METHOD: Final = re.compile(r"[A-Za-z-]+")
_NO_BODY: Final = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})


class Exchange:
    """An exchange that can be cut short; it knows its connection.

    Attributes:
        is_cut: whether it was cut short.
    """

    def __init__(self) -> None:
        # The garbage collector may close an iterator in this very thread while it holds the lock.
        self._lock = Lock()
        self.is_cut = False
        self._socket: Any = None
        self._copy: socket.socket | None = None

    def connects(self, sock: socket.socket) -> None:
        """Note a connection that is being made."""
        # TLS takes the socket out of the object that holds it, and its own socket is not seen before TLS is set up.
        copy = sock.dup()
        self._hold(copy, copy)

    def uses(self, sock: Any) -> None:
        """Note a connection that was made."""
        self._hold(sock, None)

    def lets_go(self) -> None:
        """Forget the connection, so that another exchange can have it."""
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
                # The method of a TLS socket would take TLS away from under the thread that reads.
                inner = getattr(self._socket, "socket", self._socket)
                with suppress(OSError):
                    socket.socket.shutdown(inner, socket.SHUT_RDWR)


class Unconnected(Exception):
    """No connection was made; the cause says why.

    Attributes:
        kind: the exception to raise.
    """

    def __init__(self, kind: type[exc.NetworkError]) -> None:
        super().__init__()
        self.kind = kind


class BlockingConnection:
    """A connection to the server, or to the proxy; a subclass writes :meth:`_open` and ``close``.

    Attributes:
        sock: the socket of the connection; None as long as there is none.
        timeout: seconds that connecting may take.
        exchange: the exchange that has the connection, if it can be cut short.
        until: when that exchange has to be over, on the monotonic clock; None for no limit.
        is_reusable: whether another request can be sent.
    """

    sock: Any
    timeout: Any
    exchange: Exchange | None = None
    until: float | None = None
    is_reusable = False
    _has_tls = False
    _read = 0.0
    _ends = 0.0
    _is_reached = False
    _is_through = False

    @property
    def is_stale(self) -> bool:
        """Whether the connection has something to read, even only its end, or is not open."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection. May be called again."""
        raise NotImplementedError

    def _open(self) -> None:
        """Connect, up to the point where the request can be sent.

        Raises:
            Unconnected: no connection was made.
        """
        raise NotImplementedError

    def _begin(self, is_direct: bool) -> None:
        """Begin to connect.

        Args:
            is_direct: whether no proxy is in between.
        """
        timeout: float = self.timeout
        self._ends = time.monotonic() + timeout
        if self.until is not None:
            self._ends = min(self._ends, self.until)
        self._is_reached, self._is_through = False, is_direct

    def _kind(self, error: Exception) -> type[exc.NetworkError]:
        if not self._is_through:
            return exc.ProxyError
        if isinstance(error, TimeoutError):
            return exc.ConnectTimeout
        # A connection that is reset at once may still be connecting.
        if not (self._is_reached or isinstance(error, RESETS)):
            return exc.ConnectError
        return exc.TLSError if self._has_tls else exc.ConnectionLost

    def _dialled(self, host: str, port: int | None, family: int, options: Sequence[tuple[Any, ...]]) -> socket.socket:
        """Return a socket that is connected.

        Args:
            host: name or address.
            port: the port of the host.
            family: the family of addresses.
            options: the options of the socket.

        Raises:
            OSError: none of the addresses can be reached in time.
        """
        failure: OSError = OSError("no address")
        name = host.encode("ascii") if host.isascii() else host  # text would load the codec for other letters
        found = socket.getaddrinfo(name, port, family, socket.SOCK_STREAM)
        for tried, (of, kind, number, _, address) in enumerate(found):
            sock = None
            try:
                sock = socket.socket(of, kind, number)  # not every kernel has each family
                for option in options:
                    sock.setsockopt(*option)
                # Each address gets an equal share of the time that is left.
                sock.settimeout(self._time_left() / (len(found) - tried))
                if self.exchange is not None:
                    self.exchange.connects(sock)
                sock.connect(address)
                # TLS may use the rest of the time.
                sock.settimeout(self._time_left())
                self._is_reached = True
                return sock
            except BaseException as error:
                if sock is not None:
                    sock.close()
                if not isinstance(error, OSError):
                    raise
                failure = error
        raise failure

    def _time_left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def exchanged(
        self, method: str, target: str, fields: dict[str, str], body: bytes, read: float, limit: int
    ) -> tuple[ResponseHead, bytes]:
        """Send a request, in one piece and with no field but those given and the body's length; return its answer.

        Args:
            method: the method of the request.
            target: the target of the request.
            fields: names and values of the header fields.
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
        # Checked here: the error of the codec would hold the head.
        if not (whole and head.isascii() and " " not in target and _METHOD.fullmatch(method)):
            raise ValueError("the request holds a character that would make another one of it")
        if self.sock is None:
            self._open()
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
                # The timeout holds for one call of sendall, so each call sends a piece.
                with memoryview(data) as view:
                    for at in range(0, len(data), _PIECE):
                        self._hurry(sock)
                        sock.sendall(view[at : at + _PIECE])
        except OSError as error:
            if isinstance(error, ConnectionError) or is_of_tls(error):
                return False  # a server that hangs up before the request is complete may have said why
            raise
        return True

    def recv(self, most: int) -> bytes:
        """Wait for bytes and return them; none at the end of the connection."""
        sock: Any = self.sock
        self._hurry(sock)
        received: bytes = sock.recv(most)
        return received

    def _hurry(self, sock: Any) -> None:
        """Let the next wait last no longer than the exchange may.

        Raises:
            TimeoutError: the time for the exchange has passed.
        """
        if self.until is not None:
            left = self.until - time.monotonic()
            if left < self._read:
                if left <= 0:
                    raise TimeoutError("timed out")
                sock.settimeout(left)

    def _is_silent(self) -> bool:
        """Say whether no bytes have come that nobody has read."""
        return True
