"""Everything of a synchronous transport but ``send``: the real clock, sleep, chance and threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from ovhcore.flows import Flow, run
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response

from .flights import of_ones_own
from .forks import renew_after_fork

__all__ = ["SyncTransport"]

T = TypeVar("T")


class _Flight:
    """One run of a flow that several threads wait for."""

    __slots__ = ("done", "error", "owner", "value")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.owner = threading.get_ident()
        self.value: Any = None
        self.error: Exception | None = None


class SyncTransport:
    """Base of synchronous transports; a subclass writes :meth:`send`.

    Safe to use from many threads, and after a fork.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Let go of what only the parent of a fork can use; called in the child."""
        # Locks and flights of threads that the fork left behind would never be released.
        self._lock = threading.Lock()
        self._flights = {}

    def send(self, request: Request) -> Response:
        """Exchange one request for one response: the URL, headers and body as they are, nothing followed or retried.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what the transport holds. May be called again."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))

    def clock(self) -> Now:
        """Read both clocks."""
        # What Now(...) does, without its detour; it is read for every call.
        return tuple.__new__(Now, (time.time(), time.monotonic()))

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number."""
        import random

        return random.uniform(low, high)

    def once(self, key: Hashable, flow: Flow[T]) -> T:
        """Run a flow, or wait for the one that another thread runs under this key.

        If that thread is interrupted, one of those that wait takes over.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    mine = self._flights[key] = _Flight()
                    break
            if flight.owner == threading.get_ident():
                raise RuntimeError(f"the flow {key!r} waits for itself")
            flight.done.wait()
            if flight.error is not None:
                raise of_ones_own(flight.error)
            if flight.value is not None:
                return flight.value[0]  # type: ignore[no-any-return]
        try:
            value = run(flow, self)
            mine.value = (value,)
            return value
        except Exception as error:
            mine.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            mine.done.set()

    def gather(self, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
        """Run flows in threads, at most ``limit`` at once.

        After a failure no further flow is begun; those under way end before it is raised.
        """
        if limit == 1 or len(flows) < 2:
            return [run(flow, self) for flow in flows]
        from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

        with ThreadPoolExecutor(min(limit, len(flows)), thread_name_prefix="ovhcore") as pool:
            futures = [pool.submit(run, flow, self) for flow in flows]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        for future in futures:
            if not future.cancelled() and (error := future.exception()) is not None:
                raise error
        return [future.result() for future in futures]
