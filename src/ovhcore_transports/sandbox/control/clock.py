"""Time that can be moved: for what ends or becomes, not for what is signed."""

from __future__ import annotations

from datetime import datetime

from ovhcore.exceptions import InvalidConfiguration

from .settings import number

__all__ = ["VirtualClock"]


class VirtualClock:
    """The time by which a sandbox's tasks go on and its keys and tokens end.

    It goes as the machine's clock does, or a transport's in memory, unless it is moved. Signatures and ``Date`` keep
    to the clock that is not moved, so programs go on calling; ``Controls(skew=...)`` is for a clock that is wrong.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._stands: float | None = None
        self._last = 0.0

    def at(self, wire: float) -> float:
        """Return the time, in seconds since 1970, where the other clock shows ``wire``."""
        self._last = wire
        return wire + self._offset if self._stands is None else self._stands

    def now(self) -> float:
        """Return the time at the last request."""
        return self.at(self._last)

    def advance(self, seconds: float) -> None:
        """Let time pass at once.

        Raises:
            InvalidConfiguration: ``seconds`` is negative; keys that have ended do not come back.
        """
        self._offset += number(seconds, "clock: seconds")
        if self._stands is not None:
            self._stands += seconds

    def freeze(self, at: float | str | None = None) -> None:
        """Let time stand still.

        Args:
            at: when, in seconds since 1970 or as ``"2026-11-28T12:00:00+00:00"``; by default, at the last request.

        Raises:
            InvalidConfiguration: it is no time.
        """
        self._stands = self.now() if at is None else _seconds(at)

    def resume(self) -> None:
        """Let time go on from where it stands."""
        if self._stands is not None:
            self._offset, self._stands = self._stands - self._last, None

    def reset(self) -> None:
        """Go as the other clock does again."""
        self._offset, self._stands = 0.0, None

    @property
    def offset(self) -> float:
        """Seconds that it was moved ahead."""
        return self._offset

    @property
    def frozen(self) -> float | None:
        """Where it stands, in seconds since 1970; None while it goes."""
        return self._stands

    def __repr__(self) -> str:
        return f"<VirtualClock offset={self._offset:g} frozen={self._stands}>"


def _seconds(at: float | str) -> float:
    if not isinstance(at, str):
        return number(at, "clock: at")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidConfiguration(
            f"sandbox: clock: at must be a time with its zone, as 2026-11-28T12:00:00Z, not {at!r}"
        )
    return moment.timestamp()
