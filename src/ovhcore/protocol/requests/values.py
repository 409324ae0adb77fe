"""Conversion of Python values to the text and JSON that the API reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any, Final

from ...exceptions import InvalidRequest
from ..messages import DEFAULT_TOTAL, Timeout

__all__ = ["LONGEST_WAIT", "json_bytes", "json_text", "plain_text", "read_need_auth", "read_timeout", "shown"]

LONGEST_WAIT: Final = 2_000_000.0
"""Seconds, three weeks: the longest time that every system can wait for at once. Longer times are cut to this one."""


def plain_text(value: Any, what: str) -> str:
    """Return the text of one scalar, for a path or a query.

    Strings stay; booleans become ``true`` and ``false``; dates, times and durations ISO
    8601; numbers, UUIDs, IP addresses and networks what ``str`` makes of them; members
    of an enum their value.

    Raises:
        InvalidRequest: the value is None, bytes, a container, or not finite.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value, what)
    if isinstance(value, float):
        if value - value != 0:
            raise InvalidRequest(f"{what} is {value}, which the API has no way to write")
        return repr(value)
    if _is_one_of(value, "datetime", "date", "time"):
        return str(value.isoformat())
    if _is_one_of(value, "datetime", "timedelta"):
        return _duration(value.total_seconds())
    if value is None or isinstance(value, (bytes, bytearray, memoryview, Mapping, list, tuple, Set)):
        raise InvalidRequest(f"{what} must be a plain value such as a string or a number, not {type(value).__name__}")
    if type(value).__str__ is object.__str__:  # type: ignore[comparison-overlap]
        raise InvalidRequest(f"{what} is of the type {type(value).__name__}, which has no text form")
    if _is_one_of(value, "decimal", "Decimal") and not value.is_finite():
        raise InvalidRequest(f"{what} is {value}, which the API has no way to write")
    return str(value)


def _is_one_of(value: object, module: str, *names: str) -> bool:
    # A program with such a value has imported its module; an import here would cost all other programs time.
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, tuple(getattr(loaded, name) for name in names))


def _duration(seconds: float) -> str:
    digits = f"{abs(seconds):.6f}".rstrip("0").rstrip(".")
    return f"{'-' if seconds < 0 else ''}PT{digits}S"


def _digits(value: int, what: str) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # beyond sys.set_int_max_str_digits
        pass
    raise InvalidRequest(f"{what} is an integer of {value.bit_length()} bits, too long to be written")


def _json_default(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if (
        _is_one_of(value, "datetime", "date", "time", "timedelta")
        or _is_one_of(value, "uuid", "UUID")
        or type(value).__module__ == "ipaddress"
    ):
        return plain_text(value, "a value in the body")
    raise TypeError(f"a value of the type {type(value).__name__}")


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_json_default).encode


def json_text(value: Any, what: str) -> str:
    """Return compact ASCII JSON, byte for byte what python-ovh sends.

    Dates, times, durations, UUIDs and IP addresses are written as strings, members of an
    enum as their value.

    Raises:
        InvalidRequest: the value cannot be written as JSON.
    """
    # The encoder's own exception would keep frames that hold the caller's data.
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    raise InvalidRequest(f"{what} cannot be written as JSON: {problem}")


def json_bytes(value: Any) -> bytes:
    """Return the body that carries ``value``."""
    return json_text(value, "the body").encode("ascii")


def read_need_auth(value: Any, instead: str) -> bool:
    """Return whether a call is to be authenticated.

    Args:
        value: what was given.
        instead: a sentence for the message, without its end, that says how arguments are passed.

    Raises:
        InvalidRequest: the value is text or a container, and so was rather meant as arguments.
    """
    if isinstance(value, (str, bytes, bytearray, Mapping, list, tuple, Set)):
        raise InvalidRequest(f"need_auth must be True or False, not {type(value).__name__}. {instead}")
    return bool(value)


def read_timeout(value: Any, what: str = "timeout", total: float | None = DEFAULT_TOTAL) -> Timeout:
    """Return a timeout in seconds from a number, some of (connect, read, total), or the text ``"3.05,27,60"``.

    One number is for connect and read. None among several, or ``none`` in a text, takes a limit away: the third
    is the limit of the call; the first and second limit one wait, which then lasts as long as the call may.

    Args:
        value: what was given.
        what: what a message calls it.
        total: the limit of the call if the value gives none; None for no limit.

    Raises:
        InvalidRequest: the value is none of these, or not above 0 seconds.
    """
    limits: list[float | None] = []
    try:
        given = list(value) if isinstance(value, (tuple, list)) else str(value).split(",")
        if not any(isinstance(part, bool) for part in (value, *given)):
            limits = [None if len(given) > 1 and _is_none(part) else float(part) for part in given]
    except (TypeError, ValueError, OverflowError):
        pass
    if len(limits) not in (1, 2, 3) or not all(limit is None or 0 < limit < 1e9 for limit in limits):
        raise InvalidRequest(
            f"{what} must be a number of seconds above 0, or two or three (connect, read, total), as '5,180' or "
            f"'5,180,300', where None takes one away, as '5,180,none'; not {shown(value)}"
        )
    limits = [limit and min(limit, LONGEST_WAIT) for limit in limits]
    if len(limits) == 3:
        total = limits[2]
    connect, read = [limit or total or LONGEST_WAIT for limit in (limits * 2)[:2]]
    return Timeout(connect, read, total)


def _is_none(part: object) -> bool:
    return part is None or (isinstance(part, str) and part.strip().lower() == "none")


def shown(value: object) -> str:
    """Return the ``repr`` of a value for a message, whatever it is."""
    try:
        return repr(value)
    except ValueError:  # an integer beyond sys.set_int_max_str_digits
        return f"a {type(value).__name__}"
