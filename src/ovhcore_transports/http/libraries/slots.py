"""Places in a pool for tasks of asyncio; tasks get them in the order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Slots"]


class Slots:
    """A counter of the connections that may still be made, with the tasks that wait for one.

    Attributes:
        free: the number of free places; a task takes one by counting it down, unless it is 0.
    """

    __slots__ = ("_waiting", "free")

    def __init__(self, number: int) -> None:
        self.free = number
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self, seconds: float) -> bool:
        """Take a place as soon as one is free; return False if none was free in time."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait((turn,), timeout=seconds)
        except BaseException:
            if turn.done():
                self.release()
            turn.cancel()
            raise
        # A turn that is done holds a place already.
        return turn.done() or not turn.cancel()

    def release(self) -> None:
        """Give a place back."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1
