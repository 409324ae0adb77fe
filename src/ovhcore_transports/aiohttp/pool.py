"""Connections of aiohttp, and when they may be used again.

What aiohttp leaves to chance is settled here: a kept connection is looked at before it is
used, so that no request is sent on one that the server closed, or on which more came than
an answer; a connection that is given up is cut off at once, so that none outlives its
transport; a head is read up to one limit; and what fails before there is a connection is
kept apart from what fails after.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from inspect import signature
from typing import Any, Final
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

__all__ = ["MAX_HEAD", "Connector", "NotConnected", "NotHTTP"]

MAX_HEAD: Final = 3 << 18
"""Bytes of status line and header fields beyond which an answer is given up, give or take one read (256 KiB)."""


_PROTOCOL: Final = b"HTTP/"


class NotConnected(aiohttp.ClientError):
    """There is no connection, so nothing was sent.

    Attributes:
        tunnelled: whether a proxy has opened its tunnel, so that it is not to blame.
    """

    def __init__(self, tunnelled: bool) -> None:
        super().__init__()
        self.tunnelled = tunnelled


class NotHTTP(aiohttp.ClientError):
    """What came in the place of a body's end cannot be read."""


def _input_of(transport: asyncio.BaseTransport) -> Callable[[], object]:
    """Return what says whether there is something to read, be it that the other side has closed."""
    sock = transport.get_extra_info("socket")
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return lambda: select.select([sock], [], [], 0)[0]
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return partial(poll.poll, 0)


class _Protocol(ResponseHandler):
    """One connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, alive: WeakSet[_Protocol]) -> None:
        super().__init__(loop=loop)
        self.has_input: Callable[[], object] | None = None
        self.wire: Any = None
        self._head = b""
        self._final = False
        self._params: dict[str, Any] = {}
        self._due: float | None = None
        self._alarm: asyncio.TimerHandle | None = None
        alive.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.wire = self.transport

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None:
            # A body without a length would pass for a whole one.
            self._fail_payload(aiohttp.ClientOSError(*exc.args))
        self.wire = None
        super().connection_lost(exc)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def set_response_params(self, **params: Any) -> None:
        """Begin an exchange."""
        self._payload = None
        self._head = b""
        self._final = False
        self._params = params
        super().set_response_params(**params)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.start_timeout()  # the server may never read what it is sent

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take the head of an answer."""
        self._final = not 101 < data[0].code < 200 and data[0].code != 100
        if self._final:
            self._head = b""
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        if self._final:
            if data and (self._payload is None or self._payload.is_eof()):
                self.cut()  # nobody asked for it
                return
            super().data_received(data)
            if self._exception is not None:
                self._fail_payload(NotHTTP())
            return
        self._head += data
        # The parser takes other protocols' answers, too.
        if len(self._head) > MAX_HEAD or not _PROTOCOL.startswith(self._head[: len(_PROTOCOL)]):
            self._head = b""
            self.set_exception(HttpProcessingError(code=400, message="the head is not HTTP, or too large"))
            return
        super().data_received(data)
        if not self._final:
            self._reschedule_timeout()  # aiohttp waits without limit for what follows a 1xx

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Fail whoever waits for an answer, unless that is there."""
        if isinstance(exc, HttpProcessingError):
            self.wire.abort()
            if self._head and not self._final:
                self._read_again()
        if exc_cause is None:
            super().set_exception(exc)
        else:
            super().set_exception(exc, exc_cause)

    def _read_again(self) -> None:
        # Where it cannot read what comes after an answer, aiohttp loses the answer, too; not if that comes by itself.
        rest, self._head = self._head, b""
        super().set_response_params(**self._params)
        while self._exception is None and (end := rest.find(b"\r\n\r\n") + 4) >= 4:
            super().data_received(rest[:end])
            rest = rest[end:]
            if self._final:
                super().data_received(rest)
                self._fail_payload(NotHTTP())
                return

    # One timer goes on from exchange to exchange; aiohttp makes and cancels three for each.

    def _reschedule_timeout(self) -> None:
        if self._read_timeout:
            self._due = due = self._loop.time() + self._read_timeout
            if self._alarm is None:
                self._alarm = self._loop.call_at(due, self._ring)
            elif due < self._alarm.when():
                self._alarm.cancel()
                self._alarm = self._loop.call_at(due, self._ring)

    def _drop_timeout(self) -> None:
        self._due = None

    def _ring(self) -> None:
        due = self._due
        self._alarm = None
        if due is None or self.wire is None:
            return
        if due > self._loop.time():
            self._alarm = self._loop.call_at(due, self._ring)
        else:
            self._on_read_timeout()

    def _fail_payload(self, error: BaseException) -> None:
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(error)

    def close(self) -> None:
        """Cut the connection off: a server that does not answer to a farewell would keep it open."""
        if self.transport is not None:
            self.transport.abort()
        super().close()

    def cut(self) -> None:
        """Cut the connection off, and let nobody wait for it."""
        error = aiohttp.ServerDisconnectedError()
        self._fail_payload(error)
        self.set_exception(error)
        self.wire.abort()


class Connector(aiohttp.TCPConnector):
    """Makes and keeps the connections of one event loop; how many, is up to who asks for them."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(ssl=context, limit=0)
        self._alive: WeakSet[_Protocol] = WeakSet()
        self._tunnelled: WeakSet[aiohttp.ClientRequest] = WeakSet()
        # As of aiohttp 3.14 there may be no more fields than this; MAX_HEAD will do.
        known = signature(ResponseHandler.set_response_params).parameters
        self._more_params = {"max_headers": MAX_HEAD} if "max_headers" in known else {}
        self._factory: Any = partial(_Protocol, self._loop, self._alive)

    async def exchange(
        self, method: str, url: URL, timeout: aiohttp.ClientTimeout, **more: Any
    ) -> aiohttp.ClientResponse:
        """Send a request and read the head of its answer.

        This is what a session of aiohttp does, without cookies, redirects, and sending again.
        """
        request = aiohttp.ClientRequest(method, url, loop=self._loop, **more)
        connection = await self.connect(request, [], timeout)
        try:
            connection.protocol.set_response_params(
                skip_payload=method == "HEAD",
                read_until_eof=True,
                auto_decompress=False,
                read_timeout=timeout.sock_read,
                max_line_size=MAX_HEAD,
                max_field_size=MAX_HEAD,
                **self._more_params,
            )
            response = await request.send(connection)
            try:
                return await response.start(connection)
            except BaseException:
                response.close()
                raise
        except BaseException:
            connection.close()
            raise

    async def connect(self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout) -> Any:
        """Return a connection that a request can be sent on.

        Raises:
            NotConnected: there is none; the cause says why.
        """
        while True:
            try:
                connection = await super().connect(req, traces, timeout)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise NotConnected(req in self._tunnelled) from error
            protocol: Any = connection.protocol
            if protocol.has_input is None:
                protocol.has_input = _input_of(protocol.transport)
                return connection
            if not protocol.should_close and not protocol.has_input():
                return connection
            connection.close()

    async def _start_tls_connection(self, underlying_transport: Any, req: Any, *args: Any, **options: Any) -> Any:
        self._tunnelled.add(req)
        sock = underlying_transport.get_extra_info("socket")
        try:
            return await super()._start_tls_connection(underlying_transport, req, *args, **options)
        except BaseException:
            # asyncio and aiohttp have both closed the transport; then abort() has no effect.
            with suppress(OSError, TypeError):
                sock.shutdown(socket.SHUT_RDWR)
            raise

    def cut(self) -> None:
        """Cut off all connections, in use or not."""
        for protocol in [protocol for protocol in self._alive if protocol.wire is not None]:
            protocol.cut()

    def forget(self) -> None:
        """Let go of connections whose event loop has ended, which nobody can close any more."""
        self._conns.clear()
