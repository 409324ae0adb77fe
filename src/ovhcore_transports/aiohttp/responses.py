"""Answers of aiohttp: whether to take them, their header fields, and bodies that have come already."""

from __future__ import annotations

from typing import Any

import aiohttp

from ..http.libraries.late_headers import LateHeaders

__all__ = ["MAX_FIELDS", "AiohttpHeaders", "refusal", "whole_body"]

MAX_FIELDS = 10_000
"""The number of header fields beyond which an answer is refused."""


class AiohttpHeaders(LateHeaders[tuple[tuple[bytes, bytes], ...]]):
    """Header fields of an answer; the first use decodes them."""

    __slots__ = ()

    def _read(self) -> tuple[tuple[str, str], ...]:
        return tuple([(name.decode("latin-1"), _text(value)) for name, value in self._raw])

    def get(self, key: str, /, default: Any = None) -> Any:
        """Return the value of a field, or ``default``."""
        if self._index is not None or not key.isascii():
            return super().get(key, default)
        wanted, size = key.lower().encode(), len(key)
        values = [_text(value) for name, value in self._raw if len(name) == size and name.lower() == wanted]
        return ", ".join(values) if values else default


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip(" \t")


def refusal(raw: aiohttp.ClientResponse) -> str | None:
    """Return the reason in its head for which an answer is refused; None if there is none."""
    if raw.status < 200:
        return "The answer is not a final one"
    if len(raw.raw_headers) > MAX_FIELDS:
        return "The answer has too many header fields"
    if any(b"\0" in value for _, value in raw.raw_headers):  # aiohttp before 3.13.4 accepts these
        return "A header field of the answer has a NUL"
    return None


def whole_body(raw: aiohttp.ClientResponse) -> bytes | None:
    """Return the body of an answer if it has come as a whole, as most have, and needs no decoding; else None."""
    content = raw.content
    headers = raw.headers
    if (
        content.is_eof()
        and content.exception() is None
        and "Content-Length" in headers
        and "Content-Encoding" not in headers
    ):
        return content.read_nowait()
    return None
