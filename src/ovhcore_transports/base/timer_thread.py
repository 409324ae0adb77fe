"""One thread for all deadlines of the process: it calls functions at their times.

A thread for each deadline, such as ``threading.Timer``, takes longer than most of the work of a call; and an interrupt
at the wrong moment leaves the lock that it waits with held.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import heapify, heappop
from itertools import count
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

from .forks import renew_after_fork

__all__ = ["Alarm", "Alarms", "alarms"]

_LOOK: Final = 1.0
"""Seconds after which alarms that were switched off are dropped."""


class Alarm:
    """A function to call at a time.

    Args:
        when: the time, on the monotonic clock.
        act: the function; it runs in a thread of its own.
    """

    __slots__ = ("act", "when")

    def __init__(self, when: float, act: Callable[[], object]) -> None:
        self.when = when
        self.act: Callable[[], object] | None = act

    def cancel(self) -> None:
        """Keep the function from being called."""
        self.act = None


class Alarms:
    """The alarms of the process, and the thread that sets them off."""

    def __init__(self) -> None:
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin again in the child of a fork, which has none of the parent's threads."""
        self._claim = allocate_lock()
        self._has_begun = False
        self._set: deque[Alarm] = deque()
        self._next = inf  # the time at which the thread looks again by itself
        self._wakes: SimpleQueue[None] = SimpleQueue()

    def set(self, alarm: Alarm) -> None:
        """Set an alarm."""
        self._set.append(alarm)
        if alarm.when < self._next:
            self._wakes.put(None)
        if not self._has_begun:
            # Several threads may start; one goes to work. None starts when the interpreter ends.
            # Waits also have ends of their own.
            with suppress(RuntimeError):
                start_new_thread(self._start, ())

    def _start(self) -> None:
        # A helper thread does this: an interrupt would leave the lock of ``Thread.start`` held.
        with suppress(RuntimeError):  # no further thread can start; the next alarm tries again
            threading.Thread(target=self._work, name="deadlines of ovhcore", daemon=True).start()

    def _work(self) -> None:
        if not self._claim.acquire(False):
            return
        self._has_begun = True
        order = count()
        alarms: list[tuple[float, int, Alarm]] = []
        wakes = self._wakes
        while True:
            self._next = -inf  # so an alarm set in the meantime need not wake the thread
            while self._set:
                alarms.append((self._set[0].when, next(order), self._set.popleft()))
            alarms = [each for each in alarms if each[2].act is not None]
            heapify(alarms)
            now = monotonic()
            while alarms and alarms[0][0] <= now:
                _go_off(heappop(alarms)[2])
            self._next = min(alarms[0][0], now + _LOOK) if alarms else inf
            if self._set:
                continue
            with suppress(Empty):
                wakes.get(True, None if self._next == inf else max(0.0, self._next - monotonic()))


def _go_off(alarm: Alarm) -> None:
    # The function gets a thread of its own: it may take long or fail, and other alarms must not wait for it.
    with suppress(RuntimeError):
        threading.Thread(target=_act, args=(alarm,), name="deadline of ovhcore", daemon=True).start()


def _act(alarm: Alarm) -> None:
    act = alarm.act
    if act is not None:
        with suppress(Exception):
            act()


alarms: Final = Alarms()
"""The alarms of this process."""
