"""Exceptions of HTTP libraries: their causes, and those of their words that a message may show."""

from __future__ import annotations

import errno
import os
import re
import sys
from typing import Final

__all__ = ["ENDED", "NOT_TLS", "RESETS", "causes_of", "is_of_tls", "reason_of"]

ENDED: Final = "the connection ended before the answer was complete"
"""The words of every transport for a lost connection."""

RESETS: Final = (ConnectionResetError, BrokenPipeError)
"""The exceptions for a reset connection on Linux; the second one if the other side had ended the connection before."""

NOT_TLS: Final = "what answers there does not speak TLS: if it speaks plain HTTP, write http:// in its URL"
"""The words of every transport for a port that does not speak TLS."""

# OpenSSL's reasons for bytes that are no TLS record, in several versions.
_NO_RECORDS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
# asyncio and aiohttp replace the words of the system by their own, and join several failures in one text.
_OF_LOOPS: Final = ("Connect call failed", "Multiple exceptions: ")
_NUMBER: Final = r"\[Errno ([0-9]+)\]"


def causes_of(error: BaseException) -> list[BaseException]:
    """Return an exception and its causes, without tracebacks: their frames hold signed headers.

    urllib3 passes some causes as arguments, trio in a group.
    """
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop(0)
        if link is None or link in found:
            continue
        link.__traceback__ = None
        found.append(link)
        todo += [link.__cause__, link.__context__]
        todo += [each for each in link.args if isinstance(each, BaseException)]
        if isinstance(link, BaseExceptionGroup):
            todo += link.exceptions
    return found


def reason_of(causes: list[BaseException]) -> str:
    """Return the words of the operating system or OpenSSL, in parentheses; empty if there are none.

    The library's own words may quote the answer, which may repeat what was sent.
    """
    reasons = (_words_of(cause) for cause in reversed(causes) if isinstance(cause, OSError))
    reason = next(filter(None, reasons), "")
    return f" ({reason})" if reason else ""


def _words_of(error: OSError) -> str:
    if is_of_tls(error):
        return NOT_TLS if getattr(error, "reason", None) in _NO_RECORDS else error.strerror or ""
    words = error.strerror or ""
    if _is(error, "socket", "gaierror") or _is(error, "socket", "herror"):
        return words  # their numbers are not the system's
    text = words or str(error)
    if text.startswith(_OF_LOOPS):
        found = re.search(_NUMBER, text)
        number = error.errno or (int(found[1]) if found else 0)
        return os.strerror(number) if number in errno.errorcode else ""
    return words


def is_of_tls(error: BaseException) -> bool:
    """Say whether an exception is one of ``ssl``, which is loaded only if somebody needs it."""
    return _is(error, "ssl", "SSLError")


def _is(error: BaseException, module: str, name: str) -> bool:
    """Say whether an exception is of a kind whose module is loaded only if somebody needs it."""
    return isinstance(error, getattr(sys.modules.get(module), name, ()))
