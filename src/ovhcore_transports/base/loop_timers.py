"""Ends of exchanges and of their waits under asyncio, with one timer for each loop.

``asyncio.timeout`` makes a timer for each end, which takes four times as long; and most ends are
minutes away, so their timers never ring.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, Final
from weakref import WeakKeyDictionary

__all__ = ["LoopDeadlines", "TaskDeadline", "deadlines_of"]


class TaskDeadline:
    """The time at which the exchange of a task has to be over.

    Attributes:
        task: the task to cancel.
        when: the time, on the clock of the loop.
        passed: whether the task was cancelled because of this end.
    """

    __slots__ = ("_cancelling", "passed", "task", "when")

    def __init__(self, task: asyncio.Task[Any], when: float) -> None:
        self.task = task
        self.when = when
        self.passed = False
        self._cancelling = task.cancelling()

    def has_cancelled(self) -> bool:
        """Say whether this end alone has cancelled the task; the cancelled task calls this once."""
        if not self.passed:
            return False
        self.passed = False
        return self.task.uncancel() <= self._cancelling


class LoopDeadlines:
    """The ends of one loop. They refer to the loop only while there is an end, and so do not keep it alive."""

    __slots__ = ("_due", "_ends", "_timer")

    def __init__(self) -> None:
        self._ends: set[TaskDeadline] = set()
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, loop: asyncio.AbstractEventLoop, seconds: float) -> TaskDeadline:
        """Cancel the running task after a number of seconds, unless :meth:`over` is called before."""
        return self.begin_at(loop, loop.time() + seconds)

    def begin_at(self, loop: asyncio.AbstractEventLoop, when: float) -> TaskDeadline:
        """Cancel the running task at a time of the loop, unless :meth:`over` is called before."""
        task = asyncio.current_task(loop)
        assert task is not None
        end = TaskDeadline(task, when)
        self.watch(loop, end)
        return end

    def watch(self, loop: asyncio.AbstractEventLoop, end: TaskDeadline) -> None:
        """Cancel the task of an end at its time, unless :meth:`over` is called before."""
        self._ends.add(end)
        if end.when < self._due:
            self._ring_at(loop, end.when)

    def move(self, loop: asyncio.AbstractEventLoop, end: TaskDeadline, when: float) -> None:
        """Move an end to another time, sooner or later than it was.

        If the new time can only be later, setting ``when`` is enough.
        """
        end.when = when
        if end.when < self._due:
            self._ring_at(loop, end.when)

    def over(self, end: TaskDeadline) -> None:
        """Forget an end. May be called again."""
        self._ends.discard(end)
        if end.passed:  # the exchange ended all the same
            end.passed = False
            end.task.uncancel()

    def ring(self, end: TaskDeadline) -> None:
        """Cancel the task of an end now, unless it was cancelled or the end is over."""
        if end in self._ends:
            self._ends.discard(end)
            end.passed = True
            end.task.cancel()

    def _ring_at(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = when
        self._timer = loop.call_at(when, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        # A loop may ring a little early.
        now = max(loop.time(), self._due)
        self._due, self._timer = inf, None
        for end in [end for end in self._ends if end.when <= now]:
            self.ring(end)
        if self._ends:
            self._ring_at(loop, min(end.when for end in self._ends))


_known: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, LoopDeadlines]] = WeakKeyDictionary()


def deadlines_of(loop: asyncio.AbstractEventLoop) -> LoopDeadlines:
    """Return the deadlines of a loop."""
    deadlines = _known.get(loop)
    if deadlines is None:
        deadlines = _known[loop] = LoopDeadlines()
    return deadlines
