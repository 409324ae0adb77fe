"""A server on loopback that keeps every byte it receives, and answers or misbehaves as its behaviour says.

A *behaviour* is a function that is given the :class:`Peer` at the other end of each
connection and does as it likes with it; when it returns, the connection is closed::

    def late(peer):
        peer.receive()
        peer.pause(0.2)
        peer.send(answer(b'{"late": true}'))

    with WireServer(late) as server:
        client = ovhcore.Client(server.url, ...)
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

__all__ = [
    "Answer",
    "Behaviour",
    "Peer",
    "Received",
    "WireServer",
    "answer",
    "as_behaviour",
    "echo",
    "in_turn",
    "unaccepting",
    "wait_until",
]

_PATIENCE = 30.0
_FIN_WAIT1 = 4
"""The state of a TCP connection whose end was sent and has not arrived; of Linux."""


class Received(NamedTuple):
    """One request as it came over the wire.

    Attributes:
        head: request line and header lines, without the blank line that ends them.
        body: the bytes after it.
        connection: number of the connection it came on, from 1.
    """

    head: bytes
    body: bytes
    connection: int = 0

    @property
    def method(self) -> str:
        """The method."""
        return self.head.split(b" ", 1)[0].decode("ascii")

    @property
    def target(self) -> str:
        """The target of the request, between the method and the version."""
        return self.head.split(b"\r\n", 1)[0].split(b" ")[1].decode("ascii")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every header field, in order; names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]

    @property
    def fields(self) -> dict[str, str]:
        """Header fields by name in lower case; for a repeated name, the last."""
        return dict(self.pairs)


def answer(body: bytes = b"null", status: str = "200 OK", *fields: str) -> bytes:
    """Return a whole response.

    Args:
        body: its body.
        status: code and reason.
        *fields: further header lines, as ``"Via: a"``.
    """
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


Answer = Callable[[Received], bytes | None]
"""A function that answers a request; None closes the connection instead."""


def echo(received: Received) -> bytes:
    """Answer with the request's target as a JSON string."""
    return answer(b'"%b"' % received.target.encode("ascii"))


class Peer:
    """The client's end of one connection, seen from the server."""

    def __init__(self, connection: socket.socket, server: WireServer, number: int) -> None:
        self.number = number
        self._connection = connection
        self._server = server
        self._buffer = b""

    def receive(self) -> Received | None:
        """Read one request and keep it in the server's list; None if the client closed the connection."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        length = int(Received(head, b"").fields.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._more():
                return None
        received = Received(head, self._buffer[:length], self.number)
        self._buffer = self._buffer[length:]
        self._server.received.append(received)
        return received

    def _more(self) -> bool:
        chunk = self.read()
        self._buffer += chunk
        return bool(chunk)

    def read(self) -> bytes:
        """Read the bytes that have come, at least one; none if the client closed the connection."""
        return self._connection.recv(65536)

    def take(self, data: bytes) -> Received | None:
        """Read a request from bytes that came in another way."""
        self._buffer += data
        return self.receive()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._connection.sendall(data)

    def drip(self, data: bytes, seconds: float = 0.0) -> None:
        """Send bytes one by one, with a pause after each."""
        for number in range(len(data)):
            self.send(data[number : number + 1])
            time.sleep(seconds)

    def pause(self, seconds: float = _PATIENCE) -> bool:
        """Say nothing for a number of seconds, or until the client sends more, hangs up, or the server stops.

        Returns:
            Whether nothing happened.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._server.stopping:
            if select.select([self._connection], [], [], min(left, 0.05))[0]:
                return False
        return not self._server.stopping

    def serve(self, respond: Answer = echo, requests: int | None = None) -> None:
        """Answer a number of requests, or all that come."""
        while requests is None or requests > 0:
            received = self.receive()
            reply = None if received is None else respond(received)
            if reply is None:
                return
            self.send(reply)
            if received is not None and received.fields.get("connection", "").lower() == "close":
                return
            requests = None if requests is None else requests - 1

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on in TLS."""
        self._connection = context.wrap_socket(self._connection, server_side=True, suppress_ragged_eofs=True)

    def reset(self) -> None:
        """End the connection with a TCP reset, and nothing before it: after a FIN a client has seen a polite end."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def close(self) -> None:
        """End the connection."""
        connection = self._connection
        # TLS is not ended politely: a client must be able to tell a whole answer from one that was cut off.
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_WR)
            _wait_until_acknowledged(connection)
        connection.close()

    def drain(self) -> None:
        """Read on until the client hangs up, so that what was sent is not lost to a reset."""
        with suppress(OSError):
            self._connection.settimeout(_PATIENCE)
            while self.read():
                pass


Behaviour = Callable[[Peer], Any]
"""A function that says what a server does with a connection."""


def in_turn(*steps: Behaviour) -> Behaviour:
    """Return the behaviour that does one thing after another."""

    def behave(peer: Peer) -> None:
        for step in steps:
            step(peer)

    return behave


class WireServer:
    """A server on a free port of 127.0.0.1, from when it is entered until it is left.

    Args:
        behave: what to do with each connection, or what to answer to each request. Echoes
            targets if not given. May be replaced at any time, for connections to come.
        context: for TLS.

    Attributes:
        behave: the behaviour, as above.
        received: every request, in order.
        connections: the number of connections that there have been.
        open: the number of connections that are open.
        stopping: whether the server is being left.
    """

    def __init__(self, behave: Behaviour | bytes | None = None, context: ssl.SSLContext | None = None) -> None:
        self.behave = as_behaviour(behave)
        self.received: list[Received] = []
        self.connections = 0
        self.open = 0
        self.stopping = False
        self._context = context
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self.origin = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"
        self.url = self.origin + "/1.0"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stopping = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while not self.stopping:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.settimeout(_PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self.open += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(Peer(connection, self, number),), daemon=True).start()

    def _serve(self, peer: Peer) -> None:
        try:
            # A client that goes away in the middle is nothing to report.
            with suppress(OSError, ValueError):
                if self._context is not None:
                    peer.secure(self._context)
                self.behave(peer)
        finally:
            peer.close()
            with self._lock:
                self.open -= 1

    def all_closed(self, within: float = _PATIENCE) -> bool:
        """Wait for the clients to close their connections; say whether they did.

        Args:
            within: seconds to wait at most.
        """
        return wait_until(lambda: not self.open, within)


def wait_until(condition: Callable[[], bool], within: float = _PATIENCE) -> bool:
    """Wait until a condition holds, at most for a number of seconds; say whether it does."""
    end = time.monotonic() + within
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


@contextmanager
def unaccepting() -> Generator[int]:
    """Yield a port where connections are neither accepted nor refused; on Linux, elsewhere they are refused."""
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        with suppress(OSError):  # until the queue is full
            while True:
                connection = open_sockets.enter_context(socket.socket())
                connection.settimeout(0.2)
                connection.connect(("127.0.0.1", port))
        yield port


def _wait_until_acknowledged(connection: socket.socket) -> None:
    """Wait a moment until the other end has seen the end; on a busy machine that takes a while."""
    if sys.platform == "linux":  # pragma: no branch
        wait_until(lambda: connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _FIN_WAIT1, 0.2)


def as_behaviour(behave: Behaviour | bytes | None) -> Behaviour:
    """Return the behaviour that answers every request with the same bytes, or with its target."""
    if behave is None:
        return Peer.serve
    if isinstance(behave, bytes):
        fixed = behave
        return lambda peer: peer.serve(lambda received: fixed)
    return behave
