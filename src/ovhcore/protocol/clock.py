"""The offset of the server's clock, learned from responses: (state, observation) -> state.

A response's ``Date`` is a whole second that passed between sending the request and
receiving the answer. These two times bound the offset between the clocks from both sides;
an offset within the bounds is kept, so that latency and rounding never move it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .frozen import Frozen, put

__all__ = ["MAX_LATENCY", "ClockState", "Now", "observe", "parse_http_date"]

MAX_LATENCY: Final = 30.0
"""Seconds that an exchange may take at most to tell something about the clock."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, ")
_FIELDS: Final = (slice(5, 7), slice(12, 16), slice(17, 19), slice(20, 22), slice(23, 25))
"""The places of day, year, hour, minute and second. An expression would do, and take longer to compile than to use."""


class Now(NamedTuple):
    """Wall and monotonic time, in seconds, read together."""

    wall: float
    monotonic: float


class ClockState(Frozen):
    """An estimate of how far the server's clock is from the local one.

    Attributes:
        offset: seconds to add to the local wall clock to get the server's.
        known: whether any answer has shown the server's clock yet.
        asked: whether the offset was asked for (``/auth/time``); then ``Date`` headers no longer move it.
    """

    __slots__ = ("offset", "known", "asked")  # noqa: RUF023 - the order of __init__

    offset: float
    known: bool
    asked: bool

    def __init__(self, offset: float = 0.0, known: bool = False, asked: bool = False) -> None:
        put(self, "offset", offset)
        put(self, "known", known)
        put(self, "asked", asked)


def observe(state: ClockState, sent: Now, received: Now, server: int, *, asked: bool = False) -> ClockState:
    """Return the state after an exchange in which the server's clock showed ``server``, in whole seconds.

    An exchange that took longer than :data:`MAX_LATENCY`, or during which the local
    clock was set, shows nothing. An offset that was asked for outranks ``Date`` headers, which a
    cache or a proxy may have written.
    """
    elapsed = received.monotonic - sent.monotonic
    if not asked and (state.asked or elapsed > MAX_LATENCY or abs(received.wall - sent.wall - elapsed) > 1.0):
        return state
    lowest = server - received.wall
    highest = server + 1 - sent.wall
    if lowest <= state.offset <= highest:
        return state if state.known and state.asked == asked else ClockState(state.offset, True, asked)
    return ClockState((lowest + highest) / 2, True, asked)


def parse_http_date(text: str) -> int | None:
    """Return the seconds since 1970 of an HTTP date (RFC 9110, IMF-fixdate), or None if the text is none.

    >>> parse_http_date("Mon, 11 Jun 2018 13:19:31 GMT")
    1528723171
    """
    if len(text) != 29 or text[:5] not in _DAYS or text[8:11] not in _MONTHS or text[25:] != " GMT":
        return None
    numbers = [text[field] for field in _FIELDS]
    between, digits = text[7] + text[11] + text[16] + text[19] + text[22], "".join(numbers)
    if between != "   ::" or not (digits.isascii() and digits.isdigit()):
        return None
    day, year, hour, minute, second = map(int, numbers)
    month = _MONTHS.index(text[8:11]) + 1
    if not (1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60):
        return None
    # Days since 1970 in the proleptic Gregorian calendar, years counted from March.
    year -= month <= 2
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719469
    return days * 86400 + hour * 3600 + minute * 60 + second
