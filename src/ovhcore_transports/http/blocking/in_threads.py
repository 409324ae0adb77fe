"""Blocking connections for ``AsyncClient``: each exchange blocks a thread of a bounded pool; the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import ClassVar, Final
from weakref import finalize

from ovhcore import exceptions as exc
from ovhcore._internal import at_exit
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Response, Timeout, split_url

from ...base.asynchronous import AsyncTransport, only_on_asyncio, within
from ...base.deadlines import pool_timeout
from ...base.forks import renew_after_fork
from ...base.locks import Lock
from .connections import Exchange
from .pooled import PooledTransport

__all__ = ["ThreadsTransport"]

_GRACE: Final = 5.0
"""Seconds that closing waits for threads; looking up a name cannot be cut short."""


class ThreadsTransport(AsyncTransport):
    """Base of transports on asyncio that send in threads, ``pool_size`` at most; they work in any event loop.

    A subclass names the blocking transport.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    _name: ClassVar[str]
    _kind: ClassVar[type[PooledTransport]]

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._settings = settings
        self._blocking = self._kind(settings)
        self._start()
        renew_after_fork(self)

    def _start(self) -> None:
        self._threads = _Threads(self._blocking, self._settings.pool_size, f"ovhcore-{self._name}")
        self._finalizer = finalize(self, self._threads.stop)

    def after_fork(self) -> None:
        """Start other threads in the child of a fork, which has none of the parent's."""
        self._finalizer.detach()
        is_closed = self._threads.is_closed
        self._start()
        self._threads.is_closed = is_closed

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
            InvalidConfiguration: the event loop is trio's.
        """
        only_on_asyncio(self._name)
        timeout = request.timeout or self._settings.timeout
        if timeout.total is None:
            return await self._send(request, timeout)
        return await within(timeout, split_url(request.url)[0], self._send(request, timeout))

    async def _send(self, request: Request, timeout: Timeout) -> Response:
        loop = asyncio.get_running_loop()
        job = _Job(request, loop)
        threads = self._threads
        patience = None
        if not threads.run(job):
            patience = loop.call_later(timeout.read, _give_up, threads, job, timeout)
        try:
            return await job.future
        finally:
            if patience is not None:
                patience.cancel()
            if not job.is_done:
                job.exchange.cut()

    def warm(self, urls: Sequence[str]) -> None:
        """Load certificates, and read which proxies to use."""
        super().warm(urls)
        self._blocking.warm(urls)

    async def close(self) -> None:
        """Close the connections, those in use when their calls end. May be called again."""
        self._threads.end()
        self._blocking.close()
        waited = 0.0
        while self._threads.are_idle and waited < _GRACE:
            await self.sleep(0.002)
            waited += 0.002


class _Job:
    """An exchange that a task waits for."""

    __slots__ = ("exchange", "future", "is_begun", "is_done", "loop", "request")

    def __init__(self, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.loop = loop
        self.future: asyncio.Future[Response] = loop.create_future()
        self.exchange = Exchange()
        self.is_begun = False
        self.is_done = False

    def run(self, transport: PooledTransport) -> None:
        """Carry out the exchange, in a thread."""
        outcome: Response | BaseException
        try:
            outcome = transport.send_within(self.exchange, self.request)
        except BaseException as error:
            # Drop the frames of this thread; the task that waits has its own.
            outcome = error.with_traceback(None)
        self.finish(outcome)

    def finish(self, outcome: Response | BaseException) -> None:
        """Hand the outcome to the task that waits; called in any thread."""
        self.is_done = True
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            self.loop.call_soon_threadsafe(_hand_over, self.future, outcome)


def _hand_over(future: asyncio.Future[Response], outcome: Response | BaseException) -> None:
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _give_up(threads: _Threads, job: _Job, timeout: Timeout) -> None:
    if threads.drop(job):
        _hand_over(job.future, pool_timeout(timeout, split_url(job.request.url)[0]))


class _Threads:
    """Threads that run jobs, started when they are needed.

    Args:
        transport: the transport that the jobs use.
        size: the largest number of threads.
        name: the beginning of the threads' names.
    """

    def __init__(self, transport: PooledTransport, size: int, name: str) -> None:
        self.is_closed = False
        self._transport = transport
        self._size = size
        self._name = name
        # The finalizer that stops the threads may run wherever the garbage collector does.
        self._lock = Lock()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: set[_Job] = set()
        self._idle = 0
        self._waiting = 0

    @property
    def are_idle(self) -> bool:
        """Whether a thread lives that has nothing more to do."""
        with self._lock:
            return sum(thread.is_alive() for thread in self._threads) > len(self._running)

    def run(self, job: _Job) -> bool:
        """Give a job to the threads; say whether one is free for it.

        Raises:
            ClientClosed: the transport is closed.
        """
        with self._lock:
            if self.is_closed:
                raise at_exit() or exc.ClientClosed("The transport is closed")
            is_free = True
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._size:
                name = f"{self._name}-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                thread.start()
                self._threads.append(thread)
            else:
                self._waiting += 1
                is_free = False
            self._queue.put(job)
        return is_free

    def drop(self, job: _Job) -> bool:
        """Take back a job that has not begun; say whether it had not."""
        with self._lock:
            job.is_done = job.is_done or not job.is_begun
            return not job.is_begun

    def end(self) -> None:
        """Let jobs under way end, and the threads after them; begin nothing more."""
        with self._lock:
            self.is_closed = True
            with suppress(Empty):
                while True:
                    if (job := self._queue.get_nowait()) is not None:
                        job.finish(exc.ClientClosed("The transport is closed"))
            for _ in self._threads:
                self._queue.put(None)

    def stop(self) -> None:
        """Cut jobs under way short and end the threads; nobody refers to the transport any more."""
        self.end()
        with self._lock:
            for job in self._running:
                job.exchange.cut()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with self._lock:
                is_wanted = not (job.is_done or job.exchange.is_cut)
                is_closed = self.is_closed
                if is_wanted and not is_closed:
                    job.is_begun = True
                    self._running.add(job)
            if job.is_begun:
                job.run(self._transport)
            elif is_wanted:
                job.finish(exc.ClientClosed("The transport is closed"))
            with self._lock:
                self._running.discard(job)
                if self._waiting:
                    self._waiting -= 1
                else:
                    self._idle += 1
            del job
