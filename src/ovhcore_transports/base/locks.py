"""A lock that no interrupt can leave held.

The interpreter runs signal handlers, and raises exceptions that other threads have set, between two steps of Python
code. So an exception can come after a thread took a lock and before the code that would release it. The next thread
that waits for such a lock waits for ever.
"""

from __future__ import annotations

import sys
from _thread import RLock
from types import FrameType, TracebackType
from typing import Any, Final

__all__ = ["Lock", "is_running"]

_LOOK: Final = 0.05
"""Seconds that a thread waits before it looks whether the lock is still in use."""
_ALONE: Final = 2
"""The number of looks after which a lock whose holder has gone counts as free."""
_NOBODY: Final = 10
"""The number of looks after which a held lock without a holder counts as free: that state is usually short."""


def is_running(frame: FrameType) -> bool:
    """Say whether a frame is on the stack of a thread."""
    for top in sys._current_frames().values():
        above: FrameType | None = top
        while above is not None:
            if above is frame:
                return True
            above = above.f_back
    return False


class Lock:
    """A lock for one thread at a time; the thread that holds it may enter again, as in a signal handler.

    A thread that an interrupt kept from releasing the lock holds up no other thread: that one sees that no thread
    runs the block any more, and enters.
    """

    __slots__ = ("_holder", "_lock")

    def __init__(self) -> None:
        self._lock: Any = RLock()
        self._holder: FrameType | None = None

    def __enter__(self) -> None:
        lock = self._lock
        if lock._is_owned():
            self._again(lock)
        elif not lock.acquire(False):
            self._wait()
        self._holder = sys._getframe(1)

    def _again(self, lock: Any) -> None:
        holder = self._holder
        if holder is None or not is_running(holder):
            # An interrupt has left the lock held.
            while lock._is_owned():
                lock.release()
        lock.acquire()

    def _wait(self) -> None:
        looks = 0
        last = None
        while not (lock := self._lock).acquire(True, _LOOK):
            holder = self._holder
            looks = looks + 1 if holder is last else 1
            last = holder
            if holder is not None and is_running(holder):
                looks = 0
            if looks >= (_NOBODY if holder is None else _ALONE):
                other = RLock()
                # Nothing comes between these two steps, so threads that wait agree on the lock of the first one.
                if self._lock is lock:
                    self._lock = other

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._holder = None
        try:  # noqa: SIM105 - quicker
            self._lock.release()
        except RuntimeError:  # another lock was put in its place
            pass
