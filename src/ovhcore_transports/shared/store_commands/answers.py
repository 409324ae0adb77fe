"""What stores answer: numbers that the script of a server and our own code have in common. Times are microseconds."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

__all__ = ["ALONE", "CONFIRM", "FULL", "GO", "LATE", "NEW", "TOO_LATE", "TURN", "WAIT", "Question"]

Question: TypeAlias = tuple[Any, ...]
"""What a store is asked: the name of a command, the key that it is about, then its arguments: numbers and text."""

GO: Final = 0
"""The request may be sent once the time has passed."""
WAIT: Final = 1
"""Ask again once the time has passed, with the ticket."""
TOO_LATE: Final = 2
"""The turn would come later than the caller waits; nothing was reserved."""

NEW: Final = -1
"""The ticket of somebody who has none."""
LATE: Final = -2
"""The ticket of somebody who has come late for a turn, which nobody has used."""

FULL: Final = 6400
"""The whole speed; a 429 halves it, down to a 64th, and each request that is let through gives back a 50th."""
CONFIRM: Final = 250_000
"""A caller that has waited longer asks once more before it sends: the API may have asked to slow down meanwhile."""
ALONE: Final = (GO, 0, 0, FULL, 0)
"""The answer to somebody who shares with nobody."""
TURN: Final = "@"
"""Begins what says how late a turn was used; names of slots do not begin with it."""
