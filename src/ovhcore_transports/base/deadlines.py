"""Ends of exchanges that take longer than their total timeouts, or that nobody waits for any more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ovhcore.exceptions import PoolTimeout, TotalTimeout, TransportTimeout
from ovhcore.protocol import Timeout

from .locks import Lock

if TYPE_CHECKING:
    from .timer_thread import Alarm

__all__ = ["Deadline", "pool_timeout", "pool_wait", "total_timeout"]


class Deadline:
    """Cuts a blocking exchange short from another thread.

    ::

        with Deadline(timeout, lambda: cut(connection), origin):
            ...

    Whatever exception the HTTP library raises for the cut, and for any failure after the time has
    passed, the block raises :class:`.TotalTimeout`.

    Args:
        timeout: the timeout of the exchange; without a total the exchange is never cut.
        abort: makes the block fail soon; called once, in another thread, while the block runs.
        origin: the origin that the message names.
    """

    def __init__(self, timeout: Timeout, abort: Callable[[], object], origin: str = "") -> None:
        self.passed = False
        self._timeout = timeout
        self._abort = abort
        self._origin = origin
        self._lock = Lock()
        self._over = False
        self._ends = math.inf
        self._timer: Alarm | None = None

    def __enter__(self) -> Self:
        if self._timeout.total is not None:
            from .timer_thread import Alarm, alarms  # few exchanges have a deadline

            self._ends = time.monotonic() + self._timeout.total
            self._timer = Alarm(self._ends, self.cut)
            alarms.set(self._timer)
        return self

    def cut(self) -> None:
        """Cut the exchange short now."""
        # Under the lock, since another exchange may use a connection that went back to its pool.
        with self._lock:
            if not self._over:
                self.passed = True
                self._abort()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._lock:
            self._over = True
        if self._timer is not None:
            self._timer.cancel()
        # Another timeout may end at the same moment, just before.
        late = self.passed or (error is not None and time.monotonic() >= self._ends)
        if late and (error is None or isinstance(error, Exception)):
            raise total_timeout(self._timeout, self._origin) from None


def total_timeout(timeout: Timeout, origin: str) -> TotalTimeout:
    """Return the error for an exchange that took longer than its total timeout."""
    return TotalTimeout(f"{origin}: no complete answer within {timeout.total or 0.0:.3g} s")


def pool_wait(timeout: Timeout) -> float:
    """Return the seconds to wait for a pooled connection."""
    return timeout.read if timeout.total is None else min(timeout.read, timeout.total)


def pool_timeout(timeout: Timeout, origin: str) -> TransportTimeout:
    """Return the error for an exchange that waited for a pooled connection in vain."""
    if timeout.total is not None and timeout.total <= timeout.read:
        return total_timeout(timeout, origin)
    return PoolTimeout(f"{origin}: no pooled connection became free within {timeout.read:g} s")
