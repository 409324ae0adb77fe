"""Answers of aiohttp: whether to take them, their header fields, and their bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from ..http.libraries.late_headers import LateHeaders

__all__ = ["MAX_FIELDS", "AiohttpHeaders", "more_of", "refusal", "whole_body"]

MAX_FIELDS = 10_000
"""The number of header fields beyond which an answer is refused."""

_LOOK: Final = 1.0
"""After how many seconds of silence to look at the connection."""


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


async def more_of(content: aiohttp.StreamReader, is_closing: Callable[[], bool]) -> bytes:
    """Wait for more of a body.

    aiohttp closes a connection on which a body turns out not to be HTTP, and lets its reader wait. So look at the
    connection from time to time.

    Args:
        content: the body.
        is_closing: says whether the connection is closed or closes.

    Raises:
        ClientError: the connection ended before the body, or the body is not HTTP.
    """
    while True:
        try:
            async with asyncio.timeout(_LOOK):
                return await content.readany()
        except TimeoutError:
            if is_closing():
                break
    await asyncio.sleep(_LOOK)  # the reader learns of a polite end after the connection has closed
    more = content.read_nowait()  # raises what ended the connection
    if not more and not content.is_eof():
        raise aiohttp.ClientPayloadError
    return more
