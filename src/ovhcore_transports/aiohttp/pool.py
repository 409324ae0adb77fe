"""Connections of aiohttp, and when they may be used again.

This module decides what aiohttp leaves to chance. It looks at a kept connection before use, so no request goes
out on one that the server closed, or on which more came than an answer. It sends no request a second time. It
keeps failures before there is a connection apart from those after. An exchange that is given up cuts its
connection off at once, so no connection outlives its transport.

:func:`check_library` looks for the names that this needs and aiohttp's documentation does not have.
"""

from __future__ import annotations

import asyncio
import io
import select
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from http.cookies import SimpleCookie
from typing import Any, Final

import aiohttp

from ovhcore.protocol import Timeout

from ..base.loop_timers import LoopDeadlines, TaskDeadline
from ..http.libraries.names import lacking, require_names

__all__ = [
    "Connector",
    "NoCookies",
    "NotConnected",
    "Pieces",
    "SentAlready",
    "TimedExchange",
    "check_library",
    "exchange_of_task",
]


def check_library() -> None:
    """Make sure that aiohttp has the names that are used without its promise.

    Raises:
        InvalidConfiguration: aiohttp lacks one.
    """
    try:
        # aiohttp documents neither the class nor these names, which tell what came beyond an answer, and how a
        # connection ended.
        from aiohttp.client_proto import ResponseHandler
    except ImportError:
        raise lacking("aiohttp", "aiohttp.client_proto.ResponseHandler") from None
    require_names(
        "aiohttp",
        (ResponseHandler, ("exception", "should_close")),
        (aiohttp.connector.Connection, ("protocol", "transport")),
        (aiohttp.TCPConnector, ("connect",)),
    )


class NotConnected(aiohttp.ClientError):
    """No connection was made, so nothing was sent; the cause says why."""


class SentAlready(aiohttp.ClientError):
    """The connection ended, and aiohttp would send the request again."""


class NoCookies(aiohttp.DummyCookieJar):
    """Keeps no cookies and reads none: aiohttp logs those that it cannot read."""

    def update_cookies_from_headers(self, *args: Any, **options: Any) -> None:
        """Do nothing."""

    def filter_cookies(self, *args: Any, **options: Any) -> SimpleCookie:
        """Return no cookies, in a mapping that must not be changed."""
        return _NO_COOKIES


_NO_COOKIES: Final = SimpleCookie()


class TimedExchange(TaskDeadline):
    """Limits the waits of an exchange; one end serves all of them.

    An exchange begins when it is made. A wait that takes too long cancels the task, and :meth:`ended_by` says so.
    The caller calls :meth:`is_done` or :meth:`ended_by` at the end.

    Args:
        deadlines: those of the running loop.
        loop: the running loop.
        timeout: the limits for a connection, and for silence after that.
        now: the time on the clock of the loop.
        until: the time on that clock when the exchange has to be over; infinite for no limit.

    Attributes:
        protocol: aiohttp's end of the connection; None while there is none.
        closed: whether somebody closed the loop's connections meanwhile.
        garbled: whether a body failed because it cannot be read, and not because it ended early.
        is_over: whether it was cut short because its whole time has passed.
    """

    __slots__ = (
        "_begun",
        "_deadlines",
        "_loop",
        "_read",
        "_transport",
        "_until",
        "closed",
        "garbled",
        "is_over",
        "protocol",
    )

    def __init__(
        self, deadlines: LoopDeadlines, loop: asyncio.AbstractEventLoop, timeout: Timeout, now: float, until: float
    ) -> None:
        task = asyncio.current_task(loop)
        assert task is not None
        when = now + timeout.connect
        super().__init__(task, min(until, when))
        self._deadlines = deadlines
        self._loop = loop
        self._read = timeout.read
        self._begun = now
        self._until = until
        self.closed = self.garbled = self.is_over = False
        self.protocol: Any = None
        self._transport: asyncio.Transport | None = None
        deadlines.watch(loop, self)

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self.protocol is not None

    def is_closing(self) -> bool:
        """Say whether the connection is closed or closes."""
        return self._transport is None or self._transport.is_closing()

    def is_done(self) -> None:
        """Note that the whole answer has come."""
        self._deadlines.over(self)

    def ended_by(self, error: BaseException) -> BaseException:
        """Cut off the connection; return why the exchange ended: the error, or a timeout if it cancelled the task."""
        if self._transport is not None:
            # A polite close would last until the server has read the request, or has said goodbye.
            self._transport.abort()
        is_late = self.has_cancelled()
        # A loop may ring a little early.
        self.is_over = self._loop.time() >= self._until or (is_late and self.when >= self._until)
        self._deadlines.over(self)
        return TimeoutError() if is_late and isinstance(error, asyncio.CancelledError) else error

    def connects(self, protocol: Any, transport: Any, *, is_new: bool) -> None:
        """Take a connection, and begin to wait for the answer."""
        self.protocol, self._transport = protocol, transport
        # No time has passed since the beginning if the connection was kept.
        when = min((self._loop.time() if is_new else self._begun) + self._read, self._until)
        if when < self.when:
            self._deadlines.move(self._loop, self, when)
        else:
            self.when = when

    def progresses(self) -> None:
        """Begin a new wait. May be called in any thread, once there is a connection."""
        self.when = min(self._loop.time() + self._read, self._until)

    def fails(self) -> None:
        """Note why the body of an answer could not be read, before aiohttp forgets it."""
        failure = self.protocol.exception()
        self.garbled = failure is not None and not isinstance(failure, (aiohttp.ClientError, OSError))

    def lets_go(self) -> None:
        """Leave the connection alone: the answer is whole, and another exchange may have the connection by now."""
        self._transport = None

    def ends_well(self) -> None:
        """Make sure that a body which ended with its connection is whole: a reset is no such end.

        Raises:
            ClientOSError: the connection was reset.
        """
        failure = self.protocol.exception()
        if isinstance(failure, OSError):
            raise failure

    def cut(self) -> None:
        """End the exchange now, since its loop ends."""
        self.closed = True
        self._deadlines.ring(self)


class Pieces(io.BytesIO):
    """A body that is read piece by piece; each piece begins a new wait."""

    def __init__(self, body: bytes, exchange: TimedExchange) -> None:
        super().__init__(body)
        self._exchange = exchange

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next piece."""
        self._exchange.progresses()
        return super().read(size)


exchange_of_task: Final[ContextVar[TimedExchange]] = ContextVar("exchange_of_task")
"""The exchange that a task is in."""


def _input_of(transport: asyncio.BaseTransport) -> Callable[[], object]:
    """Return a function that says whether a connection has something to read, or was closed by the other side."""
    sock = transport.get_extra_info("socket")
    if not hasattr(select, "poll"):  # pragma: no cover - Windows
        return lambda: select.select([sock], [], [], 0)[0]
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return partial(poll.poll, 0)


class Connector(aiohttp.TCPConnector):
    """Makes and keeps the connections of one event loop; the caller limits how many."""

    def __init__(self, context: Any) -> None:
        super().__init__(ssl=context, limit=0)
        self._input: dict[asyncio.Transport, Callable[[], object]] = {}
        self._origins: dict[asyncio.Transport, str] = {}

    async def connect(self, *args: Any, **options: Any) -> aiohttp.connector.Connection:
        """Return a connection for the request of this task.

        Raises:
            NotConnected: no connection could be made; the cause says why.
            SentAlready: the request has had one.
        """
        exchange = exchange_of_task.get()
        if exchange.connected:
            raise SentAlready
        while True:
            try:
                connection = await super().connect(*args, **options)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise NotConnected from error
            protocol: Any = connection.protocol
            transport: Any = connection.transport
            has_input = self._input.get(transport)
            if has_input is None:
                self._input = {known: there for known, there in self._input.items() if not known.is_closing()}
                self._input[transport] = _input_of(transport)
                self._origins = {known: origin for known, origin in self._origins.items() if known in self._input}
                self._origins[transport] = str(args[0].url.origin())
                exchange.connects(protocol, transport, is_new=True)
                return connection
            if not (protocol.should_close or has_input()):
                exchange.connects(protocol, transport, is_new=False)
                return connection
            connection.close()

    def idle(self, exchanges: Iterable[TimedExchange]) -> Iterable[tuple[str, int]]:
        """Return the origin of each connection that is kept and that no exchange uses; from any thread.

        Args:
            exchanges: those under way.
        """
        used = {exchange._transport for exchange in list(exchanges)}
        kept = [(transport, origin) for transport, origin in list(self._origins.items()) if not transport.is_closing()]
        return [(origin, 1) for transport, origin in kept if transport not in used]

    def cut(self) -> None:
        """Cut off all connections that have been used."""
        for transport in self._input:
            transport.abort()
        self._input.clear()
        self._origins.clear()
