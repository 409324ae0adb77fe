"""Connections of aiohttp, and when they may be used again.

What aiohttp leaves to chance is settled here, on names that it promises: a kept connection is
looked at before it is used, so that no request is sent on one that the server closed, or on
which more came than an answer; no request is sent a second time; what fails before there is a
connection is kept apart from what fails after; and an exchange that is given up cuts its
connection off at once, so that none outlives its transport.
"""

from __future__ import annotations

import asyncio
import io
import select
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from http.cookies import SimpleCookie
from typing import Any, Final

import aiohttp

from ovhcore.protocol import Timeout

from ..base.loop_timers import Alarms, End
from ..http.library_names import lacking, require_names

__all__ = [
    "Connector",
    "Exchange",
    "NoCookies",
    "NotConnected",
    "Pieces",
    "SentAlready",
    "check_library",
    "exchange_of_task",
]


def check_library() -> None:
    """Make sure that aiohttp has what is used of it without a promise.

    Raises:
        InvalidConfiguration: it has not.
    """
    try:
        # The class is not documented, nor are its names: what came beyond an answer, and how a connection ended.
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
    """There is no connection, so nothing was sent; the cause says why."""


class SentAlready(aiohttp.ClientError):
    """The connection ended, and aiohttp would send the request again."""


class NoCookies(aiohttp.DummyCookieJar):
    """Keeps no cookies, and does not look at them: aiohttp logs those that it cannot read."""

    def update_cookies_from_headers(self, *args: Any, **options: Any) -> None:
        """Do nothing."""

    def filter_cookies(self, *args: Any, **options: Any) -> SimpleCookie:
        """Return none; they are not to be changed."""
        return _NO_COOKIES


_NO_COOKIES: Final = SimpleCookie()


class Exchange(End):
    """What an exchange waits for, and for how long; one end serves all of its waits.

    It begins when it is made. When a wait takes too long the task is cancelled, and :meth:`ended_by` says so. At its
    end, :meth:`is_done` or :meth:`ended_by` is called.

    Args:
        alarms: of the running loop.
        loop: that runs.
        timeout: for a connection, and of silence that follows.
        now: what the clock of the loop shows.
        until: when all of it has to be over, on that clock; infinite for no limit.

    Attributes:
        protocol: aiohttp's end of the connection; None while there is none.
        closed: whether the loop's connections were closed meanwhile.
        garbled: whether what came of a body cannot be read, rather than having ended.
        is_over: whether it was cut short because the time for all of it has passed.
    """

    __slots__ = (
        "_alarms",
        "_begun",
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
        self, alarms: Alarms, loop: asyncio.AbstractEventLoop, timeout: Timeout, now: float, until: float
    ) -> None:
        task = asyncio.current_task(loop)
        assert task is not None
        when = now + timeout.connect
        super().__init__(task, min(until, when))
        self._alarms = alarms
        self._loop = loop
        self._read = timeout.read
        self._begun = now
        self._until = until
        self.closed = self.garbled = self.is_over = False
        self.protocol: Any = None
        self._transport: asyncio.Transport | None = None
        alarms.watch(loop, self)

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self.protocol is not None

    def is_done(self) -> None:
        """Say that all has come."""
        self._alarms.over(self)

    def ended_by(self, error: BaseException) -> BaseException:
        """Say what has ended the exchange, and cut off its connection; return what it was: a wait, perhaps."""
        if self._transport is not None:
            # Politely closed it would last as long as a server takes to read what was sent, or to say goodbye.
            self._transport.abort()
        is_late = self.has_cancelled()
        # A loop may ring a little before the time.
        self.is_over = self._loop.time() >= self._until or (is_late and self.when >= self._until)
        self._alarms.over(self)
        return TimeoutError() if is_late and isinstance(error, asyncio.CancelledError) else error

    def connects(self, protocol: Any, transport: Any, *, is_new: bool) -> None:
        """Take a connection, and begin to wait for the answer."""
        self.protocol, self._transport = protocol, transport
        # Until there is one that was kept no time passes.
        when = min((self._loop.time() if is_new else self._begun) + self._read, self._until)
        if when < self.when:
            self._alarms.move(self._loop, self, when)
        else:
            self.when = when

    def progresses(self) -> None:
        """Begin to wait anew. May be called in any thread, once there is a connection."""
        self.when = min(self._loop.time() + self._read, self._until)

    def fails(self) -> None:
        """Note why the body of an answer could not be read, before aiohttp forgets it."""
        failure = self.protocol.exception()
        self.garbled = failure is not None and not isinstance(failure, (aiohttp.ClientError, OSError))

    def lets_go(self) -> None:
        """Leave the connection alone: all has come, and another exchange may have it by now."""
        self._transport = None

    def ends_well(self) -> None:
        """Make sure that a body is whole that went on to the end of its connection: a reset is none.

        Raises:
            ClientOSError: the connection was reset.
        """
        failure = self.protocol.exception()
        if isinstance(failure, OSError):
            raise failure

    def cut(self) -> None:
        """End the exchange now: its loop ends."""
        self.closed = True
        self._alarms.ring(self)


class Pieces(io.BytesIO):
    """A body that is read piece by piece; with each the wait begins anew."""

    def __init__(self, body: bytes, exchange: Exchange) -> None:
        super().__init__(body)
        self._exchange = exchange

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next piece."""
        self._exchange.progresses()
        return super().read(size)


exchange_of_task: Final[ContextVar[Exchange]] = ContextVar("exchange_of_task")
"""The exchange that a task is in."""


def _input_of(transport: asyncio.BaseTransport) -> Callable[[], object]:
    """Return a function that says whether there is something to read, or the other side has closed."""
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

    async def connect(self, *args: Any, **options: Any) -> aiohttp.connector.Connection:
        """Return a connection that the request of this task can be sent on.

        Raises:
            NotConnected: there is none; the cause says why.
            SentAlready: it has had one.
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
                exchange.connects(protocol, transport, is_new=True)
                return connection
            if not (protocol.should_close or has_input()):
                exchange.connects(protocol, transport, is_new=False)
                return connection
            connection.close()

    def cut(self) -> None:
        """Cut off all connections that have been used."""
        for transport in self._input:
            transport.abort()
        self._input.clear()
