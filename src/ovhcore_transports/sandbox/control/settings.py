"""Latency, rate limit and clock skew of a sandbox's answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, isfinite
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["Controls", "RateLimiter", "number"]

_RATE: Final = re.compile(r" *([1-9][0-9]{0,8}) */ *(second|minute|hour) *")
_UNITS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_MOST: Final = 10_000


def number(value: Any, what: str, *, least: float | None = 0.0) -> float:
    """Return a number that a setting is to be.

    Raises:
        InvalidConfiguration: it is none, or too small.
    """
    finite = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    if finite and (least is None or value >= least):
        return float(value)
    kind = "a number" if least is None else f"a number, {least:g} or more"
    raise InvalidConfiguration(f"sandbox: {what} must be {kind}, not {value!r}")


@dataclass(frozen=True)
class Controls:
    """When a sandbox answers, how often, and by which clock.

    Args:
        latency: seconds that each answer takes.
        jitter: seconds that it may take longer; how much is the same in each run.
        rate_limit: calls that each consumer key or token may make, as ``"60/minute"``; None for any number. More
            are answered with 429 and ``Retry-After``.
        skew: seconds that the sandbox's clock is ahead of the machine's, or of the transport's in memory.

    Raises:
        InvalidConfiguration: a value out of range.
    """

    latency: float = 0.0
    jitter: float = 0.0
    rate_limit: str | None = None
    skew: float = 0.0

    def __post_init__(self) -> None:
        number(self.latency, "latency")
        number(self.jitter, "jitter")
        number(self.skew, "skew", least=None)
        self._rate()

    def _rate(self) -> tuple[int, float]:
        """Return how many calls in how many seconds; any number in none where there is no limit."""
        if self.rate_limit is None:
            return 0, 0.0
        match = _RATE.fullmatch(self.rate_limit) if isinstance(self.rate_limit, str) else None
        if match is None:
            known = "'10/second', '60/minute' or '1000/hour'"
            raise InvalidConfiguration(f"sandbox: rate_limit must be as {known}, not {self.rate_limit!r}")
        return int(match[1]), _UNITS[match[2]]

    def delay(self, answers: int) -> float:
        """Return how many seconds an answer takes.

        Args:
            answers: how many there were before.
        """
        if not self.jitter:
            return self.latency
        drawn = int.from_bytes(sha256(b"delay %d" % answers).digest()[:8], "big") / 2**64
        return self.latency + self.jitter * drawn


class RateLimiter:
    """Counts the calls of each caller, in windows of time."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, int]] = {}

    def wait(self, controls: Controls, caller: str, now: float) -> int | None:
        """Count a call; return the seconds after which it may be made again, None if it may be made now.

        Args:
            controls: with a rate limit.
            caller: whose call it is.
            now: when.
        """
        most, seconds = controls._rate()
        begun, count = self._windows.pop(caller, (now, 0))
        if not begun <= now < begun + seconds:
            begun, count = now, 0
        while len(self._windows) >= _MOST:
            del self._windows[next(iter(self._windows))]
        self._windows[caller] = begun, min(count + 1, most)
        return None if count < most else max(1, ceil(begun + seconds - now))
