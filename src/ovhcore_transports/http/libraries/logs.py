"""Filters for the loggers of HTTP libraries, which write URLs, header fields and whole blocks of bytes at DEBUG.

Each transport gives the loggers of its library a filter that hides in records all that is, or may be,
secret. It leaves other loggers, levels and handlers alone, and looks only at records that are
written. A filter stays with its logger, so it also hides secrets when the program itself uses the library.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Final

from ovhcore.protocol import redact_text

__all__ = ["redact_logs"]

# The header fields whose values are shown. Others may hold anything: a server may send back the request.
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


class _RedactingFilter(logging.Filter):
    """A filter that rewrites the message of a record.

    Args:
        shown: returns the message of a record without secrets.
    """

    def __init__(self, shown: Callable[[logging.LogRecord], str]) -> None:
        super().__init__()
        self._shown = shown

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, and hide its secrets."""
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
    """Return a message of httpcore without secrets: the message holds arguments and results as their reprs."""
    return redact_text(_FIELD.sub(_field, _EXCEPTION.sub(rf"exception=\1({_LEFT_OUT})", record.getMessage())))


def _without_arguments(record: logging.LogRecord) -> str:
    """Return a message of hpack without secrets: show numbers, and hide all else, since fields look like bytes."""
    given = record.args if isinstance(record.args, tuple) else ()
    shown = tuple(each if isinstance(each, (bool, int)) else _LEFT_OUT for each in given)
    return str(record.msg) % shown if shown else _message(record)


_TEXT: Final = _RedactingFilter(_message)
_FIELDS: Final = _RedactingFilter(_without_fields)
_NUMBERS: Final = _RedactingFilter(_without_arguments)
_PARTS: Final = ("connection", "http11", "http2", "proxy", "socks")

# A filter sees only records of its own logger, not those of loggers below it; so each logger gets one.
_FILTERS: Final[dict[str, tuple[_RedactingFilter, tuple[str, ...]]]] = {
    "urllib3": (_TEXT, ("connection", "connectionpool", "poolmanager", "response", "util.retry")),
    "httpcore": (_FIELDS, _PARTS),
    "httpcore2": (_FIELDS, _PARTS),
    "hpack": (_NUMBERS, ("hpack", "table")),
    "aiohttp": (_TEXT, ("client", "internal")),
}


def redact_logs(libraries: Iterable[str]) -> None:
    """Keep secrets out of the loggers of libraries. May be called again.

    Args:
        libraries: the names of their packages.
    """
    for library in libraries:
        filter_, parts = _FILTERS[library]
        for part in parts:
            logging.getLogger(f"{library}.{part}").addFilter(filter_)
