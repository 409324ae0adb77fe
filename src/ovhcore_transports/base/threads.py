"""Flows side by side in threads, their results one after the other."""

from __future__ import annotations

import threading
from _thread import start_new_thread
from collections.abc import Iterable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar
from weakref import ref

from ovhcore._internal import TransportLike, at_exit
from ovhcore.flows import Flow, run

from .locks import Lock
from .streams import StreamState, deferring_errors

if TYPE_CHECKING:
    from ovhcore.flows import Cancellable, CancellableTransport

__all__ = ["SequentialStream", "ThreadStream"]

T = TypeVar("T")

_LOOK_UP: Final = 0.25
"""Seconds that a flow sleeps in a thread before it looks whether anybody still waits for it."""


_IDLE: Final = 2.0
"""Seconds that a thread waits for something to do before it looks whether the stream is still there."""


class SequentialStream(Generic[T]):
    """An iterator over ``(number, result)`` of flows; each flow runs in the thread that asks for its result."""

    def __init__(self, flows: Iterable[Flow[T]], transport: TransportLike) -> None:
        self._flows = enumerate(flows)
        self._transport = transport
        self._wanted = StreamState()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[int, T]:
        wanted = self._wanted
        try:
            index, flow = next(self._flows)
            value: T = run(wanted.only(flow), self._transport)
            if wanted.is_over:  # another thread closed the stream
                raise StopIteration
            return index, value
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the stream: a flow that another thread runs ends before its next effect. May be called again."""
        self._wanted.is_over = True
        self._flows = enumerate(())

    def join(self) -> None:
        """Return at once: no flow runs unless its result is asked for."""


class _CancellableTransport:
    """A transport whose sending can be cut short."""

    def __init__(self, transport: TransportLike, sending: Cancellable) -> None:
        self._transport = transport
        self.send = sending.send

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Workers(StreamState):
    """The state that the threads of a stream share with the stream."""

    def __init__(self, transport: TransportLike, stream: ref[Any]) -> None:
        super().__init__(_LOOK_UP)
        self.transport = transport
        self._stream = stream
        # These queues take items whatever the thread is doing, also from __del__. None says that the stream is over.
        self.jobs: SimpleQueue[tuple[int, Flow[Any]] | None] = SimpleQueue()
        self.done: SimpleQueue[tuple[int, Any, BaseException | None] | None] = SimpleQueue()
        self.gone: SimpleQueue[None] = SimpleQueue()
        self.context = copy_context()
        self._sending: list[Any] = []

    def start(self, thread: threading.Thread, outcome: SimpleQueue[BaseException | None]) -> None:
        """Start a thread; called in a helper thread that does nothing else.

        An interrupt would leave the lock of ``Thread.start`` held, and the new thread would never begin.
        """
        try:
            thread.start()
        except BaseException as error:  # the exception is raised where the thread was wanted
            self.gone.put(None)
            outcome.put(error)
        else:
            outcome.put(None)

    def work(self) -> None:
        """Run flows until the stream is over."""
        try:
            self._work()
        finally:
            self.gone.put(None)

    def _work(self) -> None:
        world: Any = self.transport
        cancels: CancellableTransport | None = world if hasattr(world, "cancellable") else None
        sending = None if cancels is None else cancels.cancellable()
        if sending is not None:
            self._sending.append(sending)
            world = _CancellableTransport(world, sending)
        while (job := self._job()) is not None and not self.is_over:
            index, flow = job
            try:
                # One thread at a time can enter a context, so each flow gets a copy.
                self.done.put((index, self.context.copy().run(self._run, flow, world), None))
            except BaseException as error:  # the exception is raised where the result is asked for
                self.done.put((index, None, error))
            del job, flow  # the next job may come much later
        self.jobs.put(None)  # for the next thread

    def _job(self) -> tuple[int, Flow[Any]] | None:
        """Wait for something to do; None at the end."""
        while True:
            try:
                return self.jobs.get(True, _IDLE)
            except Empty:
                if self._stream() is None:  # the stream ended, and an interrupt kept it from saying so
                    return None

    def _run(self, flow: Flow[Any], world: TransportLike) -> Any:
        return run(self.only(flow), world)

    def end(self) -> None:
        """Let the threads end once the stream is over, and cut short the exchanges that can be."""
        self.jobs.put(None)
        self.done.put(None)
        for sending in self._sending:
            sending.cancel()


class ThreadStream(Generic[T]):
    """An iterator over ``(number, result)`` of flows that run in threads.

    An exception of a flow is raised in the place of its result, and ends the stream. When the
    stream ends, or nobody refers to it any more, no flow goes on to its next effect.

    Args:
        flows: the flows to run; the stream takes the next one, in the thread that asks for results, when it has room.
        transport: carries out their effects.
        limit: the number of flows that run at once.
        ahead: the largest number of flows under way or finished whose results were not taken.
        ordered: whether results come in the order of the flows, or as they arrive.
    """

    _is_closed = False

    def __init__(
        self, flows: Iterable[Flow[T]], transport: TransportLike, *, limit: int, ahead: int, ordered: bool
    ) -> None:
        self._flows = deferring_errors(iter(flows))
        self._workers = _Workers(transport, ref(self))
        self._limit = limit
        self._ahead = max(ahead, limit)
        self._ordered = ordered
        self._turn = Lock()
        self._threads = 0
        self._is_read = False
        self._begun = 0
        self._taken = 0
        self._running = 0
        self._results: dict[int, tuple[Any, BaseException | None]] = {}

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[int, T]:
        try:
            with self._turn:  # for several threads that ask at once
                while not self._workers.is_over:
                    self._fill()
                    results = self._results
                    index = self._taken if self._ordered else next(iter(results), -1)
                    if index in results:
                        self._taken += 1
                        value, error = results.pop(index)
                        if error is None:
                            return index, value
                        try:
                            raise error
                        finally:
                            del error  # the exception refers to this frame
                    if not self._running:
                        next(self._flows, None)  # raises what the iterable raised
                        break
                    self._collect()
                raise StopIteration
        except BaseException:
            self.close()
            raise

    def _fill(self) -> None:
        """Begin flows as long as there is room."""
        workers = self._workers
        while not self._is_read and self._running + len(self._results) < self._ahead:
            flow = next(self._flows, None)
            if flow is None:
                self._is_read = True
                return
            workers.jobs.put((self._begun, flow))
            self._begun += 1
            self._running += 1
            if self._threads < min(self._limit, self._running):
                # Daemons: a program that ends does not wait for an exchange that hangs.
                thread = threading.Thread(target=workers.work, name=f"ovhcore-{self._threads}", daemon=True)
                outcome: SimpleQueue[BaseException | None] = SimpleQueue()
                try:
                    start_new_thread(workers.start, (thread, outcome))
                    self._threads += 1
                    error = outcome.get()
                except RuntimeError as refused:
                    error = refused
                if error is not None:
                    raise at_exit(error) or error from None

    def _collect(self) -> None:
        """Wait for a result; take further ones that have arrived."""
        done = self._workers.done
        while (arrived := done.get()) is not None:
            index, value, error = arrived
            self._running -= 1
            self._results[index] = (value, error)
            if done.empty():
                return

    def close(self) -> None:
        """End the stream, from any thread: no further flow is begun, and waits for results end.

        Exchanges under way are cut short where the transport can, and not waited for. May be called again.
        """
        workers = self._workers
        if not self._is_closed:
            workers.is_over = True
            # New objects: another thread may still use the previous ones.
            self._flows = iter(())
            self._results = {}
            workers.end()
            self._is_closed = True  # set last: if an interrupt cuts this short, __del__ does it again

    def join(self) -> None:
        """Wait for exchanges under way. This must be the last call of a stream."""
        while self._threads:
            self._workers.gone.get()
            self._threads -= 1

    def __del__(self) -> None:
        if hasattr(self, "_workers"):
            self.close()
