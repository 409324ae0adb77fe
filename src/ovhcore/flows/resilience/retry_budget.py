"""A budget of retries for a client, so that an API that is down is not hammered."""

from __future__ import annotations

from collections import deque

__all__ = ["RetryBudget"]


class RetryBudget:
    """The number of retries that all calls of a client may take together. Safe to use from many threads.

    The budget is full at first. A retry takes one; two successes give one back. At most ``size`` retries
    are made without a success, then none but in proportion to successes. It does not refill
    with time: the first success after an outage begins to fill it.

    Args:
        size: retries, 1 or more.
    """

    def __init__(self, size: int = 100) -> None:
        # Halves of retries. Appending to and popping from a deque are atomic, and it never grows beyond its length.
        self._halves: deque[None] = deque([None] * (2 * size), 2 * size)

    @property
    def left(self) -> int:
        """The number of retries that may be made now."""
        return len(self._halves) // 2

    def succeeded(self) -> None:
        """Give half a retry back."""
        self._halves.append(None)

    def take(self) -> bool:
        """Take one retry; return False if there is none left."""
        taken = 0
        try:
            self._halves.pop()
            taken = 1
            self._halves.pop()
        except IndexError:
            self._halves.extend([None] * taken)
            return False
        return True
