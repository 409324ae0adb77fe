"""Limiters with locks for threads; ``ovhcore`` has none, since it uses no threads."""

from __future__ import annotations

from typing import Final
from weakref import WeakValueDictionary

from ovhcore.flows import Limiter, Limits

from ..base.forks import renew_after_fork
from ..base.locks import Lock

__all__ = ["ProcessLimiter", "SharedLimiters", "limiters_of_process"]


class ProcessLimiter(Limiter):
    """A limiter for the threads of this process; the child of a fork begins with an empty line."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, Lock())
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget the requests that wait or are under way in the parent."""
        self.renew(Lock())


class SharedLimiters:
    """The limiters of credentials; each lives as long as a client uses it."""

    def __init__(self) -> None:
        self._limiters: WeakValueDictionary[object, ProcessLimiter] = WeakValueDictionary()
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Replace a lock that a thread of the parent may hold."""
        self._lock = Lock()

    def limiter(self, whose: object, limits: Limits) -> ProcessLimiter:
        """Return the limiter of some credentials and limits; a new one if there is none."""
        with self._lock:
            limiter = self._limiters.get((whose, limits))
            if limiter is None:
                limiter = self._limiters[whose, limits] = ProcessLimiter(limits)
            return limiter


limiters_of_process: Final = SharedLimiters()
