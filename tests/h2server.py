"""A server that speaks HTTP/2 over TLS, keeps what it receives, and answers what it is told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from ovhcore.testing.server import _wait_until_acknowledged


class Stream(NamedTuple):
    """One request, and where to answer it."""

    connection: h2.connection.H2Connection
    number: int
    fields: list[tuple[str, str]]
    body: bytes

    def answer(self, body: bytes = b"", *fields: tuple[str, str], end: bool = True) -> None:
        self.connection.send_headers(self.number, [(":status", "200"), *fields], end_stream=end and not body)
        for at in range(0, len(body), 16_000):
            self.connection.send_data(self.number, body[at : at + 16_000], end and at + 16_000 >= len(body))


class H2Server:
    """Calls ``respond(stream)`` for each request; what it returns is sent as it is, None closes the connection."""

    def __init__(self, respond: Callable[[Stream], bytes | None], context: ssl.SSLContext) -> None:
        self.respond = respond
        self.received: list[Stream] = []
        self.connections = 0
        self._context = context
        context.set_alpn_protocols(["h2", "http/1.1"])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}/1.0"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.hang_up()
        self._thread.join(60)

    def hang_up(self) -> None:
        """Close every connection."""
        while self._open:
            connection = self._open.pop()
            with suppress(OSError):
                # Not SSLSocket.shutdown: it makes a plain socket of one that the thread may be writing to.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
                _wait_until_acknowledged(connection)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                self._open.append(connection)
                self._speak(connection)
        except (OSError, h2.exceptions.ProtocolError):  # after a GOAWAY it takes nothing more
            return

    def _speak(self, connection: ssl.SSLSocket) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        fields: dict[int, Any] = {}
        bodies: dict[int, bytes] = {}
        while data := connection.recv(65_536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    fields[event.stream_id], bodies[event.stream_id] = event.headers, b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    number = event.stream_id
                    stream = Stream(state, number, list(fields.pop(number)), bodies.pop(number))
                    self.received.append(stream)
                    more = self.respond(stream)
                    connection.sendall(state.data_to_send() + (more or b""))
                    if more is None:
                        return
            connection.sendall(state.data_to_send())
