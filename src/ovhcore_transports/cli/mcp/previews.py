"""Calls that were shown and may now be made: each once, as it was shown, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Final

from ovhcore.exceptions import InvalidRequest

from .allowed import Call

__all__ = ["Previews"]

_SECONDS: Final = 600.0
_KEPT: Final = 20


class Previews:
    """Keeps calls until they are confirmed.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shown: dict[str, tuple[float, Call]] = {}

    def add(self, call: Call) -> str:
        """Keep a call; return what confirms it."""
        while len(self._shown) >= _KEPT:
            del self._shown[next(iter(self._shown))]
        confirmation = token_urlsafe(9)
        self._shown[confirmation] = (self._clock() + _SECONDS, call)
        return confirmation

    def take(self, confirmation: str) -> Call:
        """Return the call that is confirmed, and forget it.

        Raises:
            InvalidRequest: there is none: it was made, is too old, or was never shown.
        """
        until, call = self._shown.pop(confirmation, (0.0, None))
        if call is None or self._clock() > until:
            raise InvalidRequest("Nothing is waiting for this confirmation: preview the call again (nothing was sent)")
        return call
