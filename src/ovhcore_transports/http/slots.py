"""Places in a pool for tasks of asyncio, handed out in the order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Slots"]


class Slots:
    """A counter of the connections that may still be made, with the tasks that wait for one.

    Attributes:
        free: the number of free places; to take one, count it down, if it is not 0.
    """

    __slots__ = ("_waiting", "free")

    def __init__(self, number: int) -> None:
        self.free = number
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self, seconds: float) -> bool:
        """Take a place as soon as there is one; False if there was none in time."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait((turn,), timeout=seconds)
        except BaseException:
            if turn.done():
                self.release()
            turn.cancel()
            raise
        # A place is handed over in the same step in which the turn is done.
        return turn.done() or not turn.cancel()

    def release(self) -> None:
        """Give a place back."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1
