"""Loggers of HTTP libraries: at DEBUG they write URLs, header fields and whole blocks of bytes.

Each transport gives the loggers of its library a filter that hides in records what is, or may be,
secret. Loggers of others, levels and handlers are left alone, and nothing is looked at that is not
written. A filter stays with its logger, so also what a program itself does with the library is
written without secrets.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Final

from ovhcore.protocol import redact_text

__all__ = ["guard_logs"]

# Values of header fields that are shown. Others may hold anything: a server may send back the request.
_SHOWN: Final = re.compile(
    r"b'(?:\d{1,12}|close|keep-alive|gzip|deflate|br|zstd|identity|chunked"
    r"|(?:application|text)/[a-z.+-]{1,30}(?:; ?charset=[\w-]{1,12})?"
    r"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)'"
)
_BYTES: Final = r"b'(?:[^'\\]|\\.)*+'|b\"(?:[^\"\\]|\\.)*+\""
_FIELD: Final = re.compile(rf"\((b'[\w!#$%&*+.^`|~-]++'), ({_BYTES})\)|({_BYTES})")
_HARMLESS: Final = re.compile(r"b'(?:HTTP/[0-9.]{1,3}|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT)'")
_EXCEPTION: Final = re.compile(r"exception=(\w++)\(.*+", re.DOTALL)
_LEFT_OUT: Final = "..."


class _Guard(logging.Filter):
    """A filter that rewrites the message of a record.

    Args:
        shown: returns a message as it may be written.
    """

    def __init__(self, shown: Callable[[logging.LogRecord], str]) -> None:
        super().__init__()
        self._shown = shown

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without secrets."""
        record.msg, record.args = self._shown(record), ()
        if record.exc_info:
            # The exception's text may quote the answer, and its frames hold the request.
            kind = record.exc_info[0]
            record.msg = f"{record.msg} ({kind.__name__ if kind else 'no exception'})"
            record.exc_info = record.exc_text = None
        return True


def _field(match: re.Match[str]) -> str:
    name, value, alone = match.groups()
    if alone is not None:
        return alone if _HARMLESS.fullmatch(alone) else _LEFT_OUT
    return f"({name}, {value if _SHOWN.fullmatch(value) else _LEFT_OUT})"


def _message(record: logging.LogRecord) -> str:
    return redact_text(record.getMessage())


def _without_fields(record: logging.LogRecord) -> str:
    """Return a message of httpcore without secrets: it has arguments and results as Python shows them."""
    return redact_text(_FIELD.sub(_field, _EXCEPTION.sub(rf"exception=\1({_LEFT_OUT})", record.getMessage())))


def _without_arguments(record: logging.LogRecord) -> str:
    """Return a message of hpack without secrets: numbers are shown, fields and bytes cannot be told apart."""
    given = record.args if isinstance(record.args, tuple) else ()
    shown = tuple(each if isinstance(each, (bool, int)) else _LEFT_OUT for each in given)
    return str(record.msg) % shown if shown else _message(record)


_TEXT: Final = _Guard(_message)
_FIELDS: Final = _Guard(_without_fields)
_NUMBERS: Final = _Guard(_without_arguments)
_PARTS: Final = ("connection", "http11", "http2", "proxy", "socks")

# A filter sees the records of its own logger alone, not those that come up from loggers below it.
_GUARDS: Final[dict[str, tuple[_Guard, tuple[str, ...]]]] = {
    "urllib3": (_TEXT, ("connection", "connectionpool", "poolmanager", "response", "util.retry")),
    "httpcore": (_FIELDS, _PARTS),
    "httpcore2": (_FIELDS, _PARTS),
    "hpack": (_NUMBERS, ("hpack", "table")),
    "aiohttp": (_TEXT, ("client", "internal")),
}


def guard_logs(libraries: Iterable[str]) -> None:
    """Let libraries write no secrets to their loggers. May be called again.

    Args:
        libraries: by the names of their packages.
    """
    for library in libraries:
        guard, parts = _GUARDS[library]
        for part in parts:
            logging.getLogger(f"{library}.{part}").addFilter(guard)
