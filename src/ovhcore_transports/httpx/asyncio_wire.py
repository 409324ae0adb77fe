"""A byte stream for httpcore's connections on asyncio's own transports.

httpcore's own stream, made of anyio's, takes more time than all the rest of an exchange.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from types import ModuleType
from typing import Any, Final

from .wires import Wire

__all__ = ["AsyncioWire"]

_ENOUGH: Final = 65_536
_HEAD_START: Final = 0.25  # seconds for one address before the next is tried as well (RFC 8305, 8)
_NEVER: Final = 1e6  # seconds; the caller limits the time to connect


class AsyncioWire(Wire, asyncio.Protocol):
    """A byte stream, which is also the protocol of asyncio's transport."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._data = b""
        self._over = False
        self._error: Exception | None = None
        self._paused = False
        self._full = False
        self._reader: asyncio.Future[bool] | None = None
        self._writer: asyncio.Future[bool] | None = None

    @classmethod
    async def connect(cls, core: ModuleType, host: str, port: int) -> AsyncioWire:
        """Connect, under asyncio."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        several = len(found) > 1 and isinstance(loop, asyncio.BaseEventLoop)
        # Other loops do not know this argument.
        options: dict[str, Any] = {"happy_eyeballs_delay": _HEAD_START} if several else {}
        host = str(found[0][4][0]) if len(found) == 1 else host
        _, wire = await loop.create_connection(cls, host, port, **options)
        return wire

    # The methods that asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport  # type: ignore[assignment] # of TCP it is one
        self._socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
        """Keep the bytes that have come."""
        self._data = self._data + data if self._data else data
        if len(self._data) > _ENOUGH and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        """Note the end."""
        self._over = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self._over = True
        self._error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Hold back."""
        self._full = True

    def resume_writing(self) -> None:
        """Go on."""
        self._full = False
        _wake(self._writer)

    # The methods that httpcore calls.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes and return them; none at the end of the connection."""
        self.check()
        if rest := self.rest():
            await self._send(rest, timeout)
        if not self._data and not self._over:
            self._reader = self._loop.create_future()
            await self._woken(self._reader, timeout)
        data, self._data = self._data, b""
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        if not data and self._error is not None:
            raise self._error
        return self.note(data)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        if piece := self.held(buffer):
            await self._send(piece, timeout)

    async def _send(self, data: bytes, timeout: float | None) -> None:
        # A server may answer and close before it has read all; what it answered is there to be read.
        if self._over:
            return
        self._transport.write(data)
        while self._full and not self._over:
            self._writer = self._loop.create_future()
            await self._woken(self._writer, timeout)

    async def _woken(self, sign: asyncio.Future[bool], timeout: float | None) -> None:
        alarm = None if timeout is None else self._loop.call_later(timeout, _wake, sign, False)
        try:
            in_time = await sign
        finally:
            if alarm is not None:
                alarm.cancel()
        if not in_time:
            raise TimeoutError

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS."""
        # start_tls returns None if the connection was lost meanwhile, which shows when it is used.
        secured = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=_NEVER
        )
        self._transport = secured or self._transport

    async def aclose(self) -> None:
        """Close the stream."""
        # close() would wait for the other side if there is TLS.
        self._transport.abort()
        await asyncio.sleep(0)

    @property
    def protocol(self) -> str | None:
        """The application protocol (ALPN) of the TLS handshake."""
        return str(self._transport.get_extra_info("ssl_object").selected_alpn_protocol())

    def is_stale(self) -> bool:
        """Say whether unexpected bytes have come, or, most often, the end of the connection."""
        # The loop may not have had the time to hand the bytes over.
        return self._over or bool(self._data) or _is_readable(self._socket)


def _wake(sign: asyncio.Future[bool] | None, in_time: bool = True) -> None:
    if sign is not None and not sign.done():
        sign.set_result(in_time)


def _is_readable(connected: Any) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connected], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(connected, select.POLLIN)
    return bool(waiting.poll(0))
