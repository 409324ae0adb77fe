"""Flows side by side in tasks of asyncio or trio, their results one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Protocol, Self, TypeVar

from ovhcore._internal import AsyncTransportLike
from ovhcore.flows import Flow, arun

from .streams import StreamState, deferring_errors

__all__ = ["LoopOperations", "TaskStream", "asyncio_loop"]

T = TypeVar("T")


class _Event(Protocol):
    def set(self) -> object: ...

    async def wait(self) -> object: ...


class LoopOperations(Protocol):
    """The operations of a loop that a stream needs."""

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], None]) -> Callable[[], object]:
        """Begin a task that calls ``ended`` at its end or when it is cancelled; return a function that cancels it."""
        ...

    def event(self) -> _Event:
        """Return an event to wait for."""
        ...

    def soon(self, do: Callable[[], None]) -> None:
        """Call a function in the loop, from any thread; do nothing if the loop has ended."""
        ...

    async def shielded(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for a coroutine although the waiting task is being cancelled."""
        ...


class _Asyncio:
    """The operations of asyncio's loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], None]) -> Callable[[], object]:
        def over(task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                task.exception()  # marks it as retrieved: the stream raises it
            ended()

        # Made without the loop's factory: an eager task may never give the loop its turn, and its exceptions
        # refer to the frames of its maker.
        task = asyncio.Task(work(), loop=self._loop)
        # A task that is cancelled before it begins runs no line, so a callback reports its end.
        task.add_done_callback(over)
        return task.cancel

    def event(self) -> _Event:
        return asyncio.Event()

    def soon(self, do: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed, and has cancelled its tasks
            self._loop.call_soon_threadsafe(do)

    async def shielded(self, work: Coroutine[Any, Any, None]) -> None:
        await work  # a task is cancelled once, and goes on after that


def asyncio_loop() -> LoopOperations:
    """Return the running loop of asyncio."""
    return _Asyncio()


class _Workers(StreamState):
    """The state that the tasks of a stream share with the stream."""

    def __init__(self, transport: AsyncTransportLike, loop: LoopOperations) -> None:
        super().__init__()
        self.transport = transport
        self.loop = loop
        self.jobs: deque[tuple[int, Flow[Any]]] = deque()
        self.results: dict[int, tuple[Any, BaseException | None]] = {}
        self.running = 0
        self.tasks: dict[int, Callable[[], object]] = {}
        self._active: set[int] = set()
        self._started = 0
        self._waiting: list[_Event] = []

    def start(self, limit: int) -> None:
        """Begin tasks for waiting flows, up to the limit."""
        while len(self._active) < min(limit, self.running):
            self._started += 1
            number = self._started
            self._active.add(number)
            self.tasks[number] = self.loop.spawn(partial(self._work, number), partial(self._left, number))

    async def _work(self, number: int) -> None:
        """Run flows while there are any."""
        try:
            while self.jobs and not self.is_over:
                index, flow = self.jobs.popleft()
                value, failure = None, None
                try:
                    value = await arun(self.only(flow), self.transport)
                except BaseException as error:
                    failure = error
                    if not isinstance(error, Exception):
                        raise  # this task is cancelled, or the program interrupted
                finally:
                    self.running -= 1
                    if not self.is_over:
                        self.results[index] = (value, failure)
                    self._tell()
                    del flow, value, failure
        finally:
            # This is not left to the end of the task: a job that comes before needs another task.
            self._active.discard(number)

    def _left(self, number: int) -> None:
        del self.tasks[number]
        self._active.discard(number)  # also for a task that was cancelled before it began
        self._tell()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            event.set()

    async def news(self) -> None:
        """Wait until something has happened."""
        event = self.loop.event()
        self._waiting.append(event)
        await event.wait()

    def end(self) -> None:
        """Cancel everything; call in the loop."""
        self.is_over = True
        self.results.clear()
        self.running -= len(self.jobs)
        self.jobs.clear()
        for cancel in list(self.tasks.values()):
            cancel()
        self._tell()

    async def ended(self) -> None:
        """Wait until nothing runs any more."""
        while self.tasks:
            await self.news()


class TaskStream(Generic[T]):
    """An iterator over ``(number, result)`` of flows that run in tasks.

    An exception of a flow is raised in the place of its result, and ends the stream. When the
    stream ends, or nobody refers to it any more, flows under way are cancelled.

    Args:
        flows: the flows to run; the stream takes the next one only when it has room, in the task that asks for results.
        transport: carries out their effects.
        loop: the loop that runs the tasks.
        limit: the number of flows that run at once.
        ahead: the largest number of flows under way or finished whose results were not taken.
        ordered: whether results come in the order of the flows, or as they arrive.
    """

    def __init__(
        self,
        flows: Iterable[Flow[T]],
        transport: AsyncTransportLike,
        loop: LoopOperations,
        *,
        limit: int,
        ahead: int,
        ordered: bool,
    ) -> None:
        self._flows = deferring_errors(iter(flows))
        self._workers = _Workers(transport, loop)
        self._limit = limit
        self._ahead = max(ahead, limit)
        self._ordered = ordered
        self._is_read = False
        self._begun = 0
        self._taken = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[int, T]:
        workers = self._workers
        try:
            while not workers.is_over:
                self._fill()
                index = self._taken if self._ordered else next(iter(workers.results), -1)
                if index in workers.results:
                    self._taken += 1
                    value, error = workers.results.pop(index)
                    if error is None:
                        return index, value
                    try:
                        if isinstance(error, StopAsyncIteration):
                            raise RuntimeError("a flow raised StopAsyncIteration") from error
                        raise error
                    finally:
                        del error  # the exception refers to this frame
                if not workers.running:
                    next(self._flows, None)  # raises what the iterable raised
                    break
                await workers.news()
            raise StopAsyncIteration
        except BaseException:
            await workers.loop.shielded(self.aclose())
            raise

    def _fill(self) -> None:
        """Begin flows as long as there is room."""
        workers = self._workers
        while not self._is_read and workers.running + len(workers.results) < self._ahead:
            flow = next(self._flows, None)
            if flow is None:
                self._is_read = True
                break
            workers.jobs.append((self._begun, flow))
            self._begun += 1
            workers.running += 1
        workers.start(self._limit)

    async def aclose(self) -> None:
        """End the stream, and wait until the flows under way are cancelled. May be called again."""
        self._flows = iter(())
        self._workers.end()
        await self._workers.ended()

    def __del__(self) -> None:
        workers = getattr(self, "_workers", None)
        if workers is not None and workers.tasks:
            # The garbage collector may call this in another thread.
            workers.is_over = True
            workers.loop.soon(workers.end)
