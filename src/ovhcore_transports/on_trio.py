"""What asynchronous transports do under trio: one flow for many tasks, and many flows side by side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import trio

from ovhcore.flows import AsyncTransport, Flow, arun

from .flights import of_ones_own

__all__ = ["gather", "once"]

T = TypeVar("T")


class _Flight:
    """One run of a flow that several tasks wait for."""

    __slots__ = ("done", "error", "value")

    def __init__(self) -> None:
        self.done = trio.Event()
        self.value: Any = None
        self.error: Exception | None = None


async def once(transport: AsyncTransport, flights: dict[Hashable, _Flight], key: Hashable, flow: Flow[T]) -> T:
    """Run a flow, or wait for the one that another task runs under this key.

    A task of trio has no life outside a nursery, so the flow runs in that of the first who
    asks; if it is cancelled, one of those that wait takes over.
    """
    name = (trio.lowlevel.current_trio_token(), key)
    while (flight := flights.get(name)) is not None:
        await flight.done.wait()
        if flight.error is not None:
            raise of_ones_own(flight.error)
        if flight.value is not None:
            return flight.value[0]  # type: ignore[no-any-return]
    mine = flights[name] = _Flight()
    try:
        value = await arun(flow, transport)
        mine.value = (value,)
        return value
    except Exception as error:
        mine.error = error
        raise
    finally:
        del flights[name]
        mine.done.set()


async def gather(transport: AsyncTransport, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
    """Run flows in tasks, at most ``limit`` at once; the first failure cancels the rest and is raised."""
    results: list[Any] = [None] * len(flows)
    queue = iter(range(len(flows)))
    failures: list[Exception] = []

    async def work(scope: trio.CancelScope) -> None:
        try:
            for index in queue:
                results[index] = await arun(flows[index], transport)
        except Exception as error:
            failures.append(error)
            scope.cancel()

    async with trio.open_nursery() as nursery:
        for _ in range(min(limit, len(flows))):
            nursery.start_soon(work, nursery.cancel_scope)
    if failures:
        raise failures[0]
    return results
