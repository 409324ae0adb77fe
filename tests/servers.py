"""A server on loopback that keeps every byte it receives and answers what it is told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self


class Received(NamedTuple):
    """One request as it came over the wire."""

    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode("ascii")

    @property
    def target(self) -> str:
        return self.head.split(b"\r\n", 1)[0].split(b" ")[1].decode("ascii")

    @property
    def fields(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


def answer(body: bytes = b"null", status: str = "200 OK", *fields: str) -> bytes:
    """Return a whole response."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


Answer = Callable[[Received], bytes | None]


class RawServer:
    """Answers each request with ``respond(request)``; None closes the connection instead."""

    def __init__(self, respond: Answer | bytes = b"", context: ssl.SSLContext | None = None) -> None:
        self.respond: Answer = respond if callable(respond) else lambda request: respond or answer()
        self.received: list[Received] = []
        self.connections = 0
        self.hang_up = False
        self.split: int | None = None
        self.tunnel: ssl.SSLContext | None = None
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.origin = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"
        self.url = self.origin + "/1.0"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.settimeout(30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.append(connection)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    buffer += chunk
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                length = int(Received(head, b"").fields.get("content-length", "0"))
                while len(buffer) < length:
                    buffer += connection.recv(65536)
                request = Received(head, buffer[:length])
                buffer = buffer[length:]
                self.received.append(request)
                reply = self.respond(request)
                if reply is None:
                    return
                if self.split is not None:
                    connection.sendall(reply[: self.split])
                    time.sleep(0.05)
                    reply = reply[self.split :]
                connection.sendall(reply)
                if request.method == "CONNECT" and self.tunnel is not None:
                    connection = self.tunnel.wrap_socket(connection, server_side=True)
                    self._open.append(connection)
                if self.hang_up:
                    return
        except OSError:
            return
        finally:
            connection.close()
