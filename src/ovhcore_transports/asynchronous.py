"""Everything of an asynchronous transport but ``send``, on asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from ovhcore.flows import Flow, arun
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response

from .flights import of_ones_own

__all__ = ["AsyncTransport"]

T = TypeVar("T")


class _Flight:
    """One run of a flow that several tasks wait for."""

    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.waiters = 0


class AsyncTransport:
    """Base of asyncio transports; a subclass writes :meth:`send`.

    Safe to use from many tasks of one loop.
    """

    def __init__(self) -> None:
        self._flights: dict[tuple[asyncio.AbstractEventLoop, Hashable], _Flight] = {}

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response: the URL, headers and body as they are, nothing followed or retried.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of what the transport holds. May be called again."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))

    def clock(self) -> Now:
        """Read both clocks."""
        return Now(time.time(), time.monotonic())

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number."""
        import random

        return random.uniform(low, high)

    async def once(self, key: Hashable, flow: Flow[T]) -> T:
        """Run a flow, or wait for the one that runs under this key.

        The flow has a task of its own: a waiter that is cancelled does not disturb it,
        and when the last one is gone it is cancelled too.
        """
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
            failure = error if first else of_ones_own(error)
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                flight.task.cancel()
            if (flight.task.done() or not flight.waiters) and self._flights.get(name) is flight:
                del self._flights[name]
        raise failure

    async def gather(self, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
        """Run flows in tasks, at most ``limit`` at once; the first failure cancels the rest and is raised."""
        results: list[Any] = [None] * len(flows)
        queue = iter(range(len(flows)))

        async def work() -> None:
            for index in queue:
                results[index] = await arun(flows[index], self)

        tasks = [asyncio.ensure_future(work()) for _ in range(min(limit, len(flows)))]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        return results
