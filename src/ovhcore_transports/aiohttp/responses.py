"""Answers of aiohttp."""

from __future__ import annotations

from typing import Any

import aiohttp

from ovhcore.protocol import Headers

__all__ = ["MAX_FIELDS", "Received", "whole_body"]

MAX_FIELDS = 10_000
"""Header fields beyond which an answer is given up."""


class Received(Headers):
    """Header fields of an answer, decoded when they are looked at: of most one or two are.

    Args:
        raw: as they came.
    """

    __slots__ = ("_found", "_raw")

    def __init__(self, raw: tuple[tuple[bytes, bytes], ...]) -> None:
        self._raw = raw
        self._found: tuple[tuple[str, str], ...] | None = None
        self._index = None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override] # it is not assigned to
        """Every field."""
        if self._found is None:
            self._found = tuple([(name.decode("latin-1"), _text(value)) for name, value in self._raw])
        return self._found

    def get(self, key: str, /, default: Any = None) -> Any:
        """Return the value of a field, or ``default``."""
        if self._index is not None or not key.isascii():
            return super().get(key, default)
        wanted, size = key.lower().encode(), len(key)
        values = [_text(value) for name, value in self._raw if len(name) == size and name.lower() == wanted]
        return ", ".join(values) if values else default


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip(" \t")


def whole_body(raw: aiohttp.ClientResponse) -> bytes | None:
    """Return the body of an answer that has all come by now, as most have; None if more has to be done for it."""
    content = raw.content
    headers = raw.headers
    if (
        content.is_eof()
        and content.exception() is None
        and "Content-Length" in headers
        and "Content-Encoding" not in headers
        and raw.status >= 200
        and len(headers) <= MAX_FIELDS
    ):
        return content.read_nowait()
    return None
