"""The base of synchronous transports, with everything but ``send``: the real clock, sleep, randomness, threads."""

from __future__ import annotations

import sys
import time
from _thread import LockType, allocate_lock, get_ident
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ovhcore.flows import Flow, run
from ovhcore.protocol import Now, Request, Response

from .forks import Renewed
from .locks import Lock, is_running
from .single_flight import copy_for_waiter

if TYPE_CHECKING:
    from ovhcore._internal import Stream
    from ovhcore.flows import Cancellable

__all__ = ["SyncTransport"]

T = TypeVar("T")

_LOOK: Final = 0.1
"""Seconds that a thread waits for a flight before it looks whether the flight is still under way."""
_LOOKS: Final = 2


class _Flight:
    """One run of a flow that several threads wait for."""

    __slots__ = ("error", "frame", "is_over", "owner", "turns", "value")

    def __init__(self) -> None:
        self.owner = get_ident()
        self.frame = sys._getframe(1)
        self.is_over = False
        self.value: Any = None
        self.error: Exception | None = None
        # One lock for each thread that waits, so that no thread depends on another one, which an interrupt may end.
        self.turns: list[LockType] = []

    def end(self) -> None:
        """Release the threads that wait."""
        self.is_over = True
        while self.turns:
            self.turns.pop().release()

    def wait(self) -> None:
        """Wait for the end, or until no thread runs the flow any more: an interrupt can end it without notice."""
        turn = allocate_lock()
        turn.acquire()
        self.turns.append(turn)
        looks = 0
        while not self.is_over and looks < _LOOKS:
            if not turn.acquire(True, _LOOK):
                looks = 0 if is_running(self.frame) else looks + 1


class SyncTransport(Renewed):
    """Base of synchronous transports; a subclass writes :meth:`send`.

    Safe to use from many threads, and after a fork.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def after_fork(self) -> None:
        """Drop everything that only the parent of a fork can use; called in the child."""
        # The threads that hold locks or run flights are not in the child, and would never release them.
        self._lock = Lock()
        self._flights = {}

    def send(self, request: Request) -> Response:
        """Exchange one request for one response: the URL, headers and body as they are, nothing followed or retried.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        raise NotImplementedError

    def cancellable(self) -> Cancellable | None:
        """Return a sender for one thread that another thread can cut short; None if sending cannot be cut short."""
        return None

    def close(self) -> None:
        """Close the transport: begin nothing more, let exchanges under way end. May be called again."""

    def warm(self, urls: Sequence[str]) -> None:
        """Do beforehand the work that takes long when requests are first sent: read files, load certificates, import.

        Args:
            urls: the URLs that requests will go to.
        """

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))

    def clock(self) -> Now:
        """Read both clocks."""
        # Equals Now(...), without its detour: every call reads the clocks.
        return tuple.__new__(Now, (time.time(), time.monotonic()))

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number."""
        import random

        return random.uniform(low, high)

    def once(self, key: Hashable, flow: Flow[T]) -> T:
        """Run a flow, or wait for the one that another thread runs under this key.

        If that thread is interrupted, one of the waiting threads takes over.
        """
        mine = _Flight()
        while (flight := self._taking_off(key, mine)) is not mine:
            if flight.owner == mine.owner:
                if is_running(flight.frame):
                    raise RuntimeError(f"the flow {key!r} waits for itself")
            else:
                flight.wait()
            if flight.error is not None:
                raise copy_for_waiter(flight.error)
            if flight.value is not None:
                return flight.value[0]  # type: ignore[no-any-return]
            self._landed(key, flight)
        try:
            value = run(flow, self)
            mine.value = (value,)
            return value
        except Exception as error:
            mine.error = error
            raise
        finally:
            self._landed(key, mine)
            mine.end()
            del mine, flight  # they refer to this frame

    def _taking_off(self, key: Hashable, mine: _Flight) -> _Flight:
        """Return the flight under a key; ``mine`` takes the key if there is none."""
        with self._lock:
            return self._flights.setdefault(key, mine)

    def _landed(self, key: Hashable, flight: _Flight) -> None:
        """Free the key of a flight, unless another flight has it already."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]

    def gather(self, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
        """Run flows in threads, at most ``limit`` at once.

        After a failure no further flow begins; exchanges under way are cut short, or end, before it is raised.
        """
        results: list[Any] = [None] * len(flows)
        stream = self.stream(flows, 1 if len(flows) < 2 else limit, ordered=False)
        try:
            for index, value in stream:
                results[index] = value
        except BaseException as error:
            stream.close()  # the exception need not have come from the stream
            if isinstance(error, Exception):
                stream.join()
            raise
        return results

    def stream(
        self, flows: Iterable[Flow[T]], limit: int, *, ahead: int | None = None, ordered: bool = True
    ) -> Stream[T]:
        """Run flows in threads, at most ``limit`` at once; return an iterator over their numbers and results.

        With a limit of 1 each flow runs in the thread that asks for its result.

        Args:
            flows: the flows to run; the stream takes the next one only when it has room.
            limit: the number of flows that run at once.
            ahead: the largest number of flows under way or finished whose results were not taken; ``limit`` if None.
            ordered: whether results come in the order of the flows, or as they arrive.
        """
        from .threads import SequentialStream, ThreadStream

        if limit == 1:
            return SequentialStream(flows, self)
        return ThreadStream(flows, self, limit=limit, ahead=ahead or limit, ordered=ordered)
