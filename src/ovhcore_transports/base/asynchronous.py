"""The base of asynchronous transports: everything but ``send``, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Hashable, Iterable, Sequence
from importlib import import_module
from typing import Any, Final, TypeVar

from ovhcore._internal import AsyncStream, at_exit
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.flows import Flow, arun
from ovhcore.protocol import Now, Request, Response, Timeout

from .deadlines import total_timeout
from .loop_timers import deadlines_of
from .single_flight import copy_for_waiter

__all__ = ["AsyncTransport", "in_trio", "only_on_asyncio", "within"]

# Modules that are not imported before they are needed.
_LATER: Final = (
    "encodings.idna",
    "random",
    "zlib",
    "ovhcore.flows.collections.batches",
    "ovhcore.flows.collections.pager",
    "ovhcore.flows.operations.updating",
    "ovhcore.flows.operations.waiting",
    "ovhcore.protocol.requests.filters",
    "ovhcore_transports.base.tasks",
)

T = TypeVar("T")


class _Flight:
    """One run of a flow that several tasks wait for."""

    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.waiters = 0


def in_trio() -> bool:
    """Say whether the caller is a task of trio."""
    # Most programs on asyncio never load trio.
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()


def only_on_asyncio(name: str) -> None:
    """Refuse to work under trio.

    Args:
        name: the name of the transport.

    Raises:
        InvalidConfiguration: the caller is a task of trio.
    """
    if in_trio():
        raise InvalidConfiguration(f"Transport {name!r} works under asyncio alone; under trio use transport 'httpx'")


async def within(timeout: Timeout, origin: str, exchange: Awaitable[T]) -> T:
    """Wait for an exchange, at most for its total timeout; then it is cancelled.

    Args:
        timeout: the timeout of the exchange.
        origin: the origin that the message names.
        exchange: the exchange to wait for.

    Raises:
        TotalTimeout: the time has passed.
    """
    if timeout.total is None:
        return await exchange
    if in_trio():
        import trio

        with trio.move_on_after(timeout.total):
            return await exchange
        raise total_timeout(timeout, origin)
    loop = asyncio.get_running_loop()
    deadlines = deadlines_of(loop)
    end = deadlines.begin(loop, timeout.total)
    try:
        return await exchange
    except (Exception, asyncio.CancelledError) as error:  # also failures that the cancellation caused
        if not end.has_cancelled():
            if (ended := at_exit(error)) is not None:
                raise ended from None
            raise
    finally:
        deadlines.over(end)
    raise total_timeout(timeout, origin)


class AsyncTransport:
    """Base of asynchronous transports; a subclass writes :meth:`send`.

    Its methods work under asyncio and trio. It is safe to use from many tasks of one loop.
    """

    def __init__(self) -> None:
        self._flights: dict[tuple[asyncio.AbstractEventLoop, Hashable], _Flight] = {}
        self._trio_flights: dict[Hashable, Any] = {}

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response: the URL, headers and body as they are, nothing followed or retried.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Close the transport: begin nothing more, let exchanges under way end. May be called again."""

    def warm(self, urls: Sequence[str]) -> None:
        """Do beforehand, in any thread, the work that would block the loop when requests are first sent.

        A subclass that extends this reads files, loads certificates and imports here; a failure
        is raised here, or when something is sent. Nothing is connected.

        Args:
            urls: the URLs that requests will go to.
        """
        for module in _LATER:
            import_module(module)
        if "trio" in sys.modules:
            import_module("ovhcore_transports.base.trio")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        if in_trio():
            import trio

            await trio.sleep(max(0.0, seconds))
        else:
            await asyncio.sleep(max(0.0, seconds))

    def clock(self) -> Now:
        """Read both clocks."""
        # Equals Now(...), without its detour: every call reads the clocks.
        return tuple.__new__(Now, (time.time(), time.monotonic()))

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number."""
        import random

        return random.uniform(low, high)

    async def once(self, key: Hashable, flow: Flow[T]) -> T:
        """Run a flow, or wait for the one that runs under this key.

        The flow has a task of its own: the cancellation of one waiter does not disturb it;
        that of the last one cancels the flow, too.
        """
        if in_trio():
            from .trio import once

            return await once(self, self._trio_flights, key, flow)
        name = (asyncio.get_running_loop(), key)
        flight = self._flights.get(name)
        first = False
        if flight is None or flight.task.done():
            first = True
            flight = self._flights[name] = _Flight(asyncio.ensure_future(arun(flow, self)))
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        except Exception as error:
            failure = error if first else copy_for_waiter(error)
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                flight.task.cancel()
            if (flight.task.done() or not flight.waiters) and self._flights.get(name) is flight:
                del self._flights[name]
        raise failure

    async def gather(self, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
        """Run flows in tasks, at most ``limit`` at once; cancel the rest after the first failure, and raise it."""
        results: list[Any] = [None] * len(flows)
        async for index, value in self.stream(flows, limit, ordered=False):
            results[index] = value
        return results

    def stream(
        self, flows: Iterable[Flow[T]], limit: int, *, ahead: int | None = None, ordered: bool = True
    ) -> AsyncStream[T]:
        """Run flows in tasks, at most ``limit`` at once; return an iterator over their numbers and results.

        Args:
            flows: the flows to run; the stream takes the next one only when it has room.
            limit: the number of flows that run at once.
            ahead: the largest number of flows under way or finished whose results were not taken; ``limit`` if None.
            ordered: whether results come in the order of the flows, or as they arrive.
        """
        from .tasks import TaskStream, asyncio_loop

        if in_trio():
            from .trio import trio_loop as loop
        else:
            loop = asyncio_loop
        return TaskStream(flows, self, loop(), limit=limit, ahead=ahead or limit, ordered=ordered)
