"""The parts of asynchronous transports for trio: one flow for many tasks, and tasks for many flows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

import trio

from ovhcore._internal import AsyncTransportLike
from ovhcore.flows import Flow, arun

from .single_flight import copy_for_waiter
from .tasks import LoopOperations

__all__ = ["once", "trio_loop"]

T = TypeVar("T")


class _Flight:
    """One run of a flow that several tasks wait for."""

    __slots__ = ("done", "error", "owner", "value")

    def __init__(self) -> None:
        self.done = trio.Event()
        self.owner = trio.lowlevel.current_task()
        self.value: Any = None
        self.error: Exception | None = None


async def once(transport: AsyncTransportLike, flights: dict[Hashable, _Flight], key: Hashable, flow: Flow[T]) -> T:
    """Run a flow, or wait for the one that another task runs under this key.

    trio has no tasks outside nurseries, so the flow runs in the task that asks first; if
    that task is cancelled, one of the waiting tasks takes over.
    """
    name = (trio.lowlevel.current_trio_token(), key)
    while (flight := flights.get(name)) is not None:
        if flight.owner is trio.lowlevel.current_task():
            raise RuntimeError(f"the flow {key!r} waits for itself")
        await flight.done.wait()
        if flight.error is not None:
            raise copy_for_waiter(flight.error)
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


class _Trio:
    """The operations of trio's loop. They start system tasks, since an iterator cannot hold a nursery open."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], None]) -> Callable[[], object]:
        scope = trio.CancelScope()

        async def scoped() -> None:
            # The stream raises every exception; a system task that raised one would end the program.
            with suppress(BaseException), scope:
                await work()
            ended()

        trio.lowlevel.spawn_system_task(scoped, context=copy_context())
        return scope.cancel

    def event(self) -> trio.Event:
        return trio.Event()

    def soon(self, do: Callable[[], None]) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(do)

    async def shielded(self, work: Coroutine[Any, Any, None]) -> None:
        with trio.CancelScope(shield=True):
            await work


def trio_loop() -> LoopOperations:
    """Return the loop that trio runs."""
    return _Trio()
