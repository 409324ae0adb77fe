"""Decompression of bodies, within a limit, and only of whole bodies.

HTTP libraries accept a compressed body that was cut off, and some decompress all of a
body before anybody can look at its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ovhcore.exceptions import ProtocolError

__all__ = ["ACCEPTED", "check_length", "codings_of", "decompressed", "encoding_is_chosen", "too_large"]

ACCEPTED: Final = "gzip, deflate"
"""The value of ``Accept-Encoding`` for the codings that can be decompressed."""

_BODILESS: Final = (204, 304)
_MEMBERS: Final = 16
# A message shows only texts of the form and length of registered names: others may repeat the request.
_NAMES: Final = r"[a-z][a-z0-9-]{0,11}(?:, [a-z][a-z0-9-]{0,11})?"
_GZIP: Final = 31
_ZLIB: Final = 15
_BARE: Final = -15


def encoding_is_chosen(names: Iterable[str]) -> bool:
    """Say whether one of the names of header fields is ``Accept-Encoding``, however it is written."""
    return any(len(name) == 15 and name.lower() == "accept-encoding" for name in names)


def too_large(limit: int) -> ProtocolError:
    """Return the error for a body beyond ``limit`` bytes."""
    return ProtocolError(f"The answer is larger than max_response_size, {limit} bytes")


def check_length(length: int, limit: int, method: str, status: int) -> None:
    """Make sure that a body of the announced length may be read.

    Args:
        length: the length in the header.
        limit: bytes beyond which to give up.
        method: the method of the request.
        status: the status of the answer; some have no body, whatever the header says.

    Raises:
        ProtocolError: the body is larger.
    """
    if length > limit and method != "HEAD" and status not in _BODILESS:
        raise too_large(limit)


def decompressed(raw: bytes, encoding: str, limit: int) -> bytes:
    """Return the content of a body, decompressed as ``Content-Encoding`` says.

    Args:
        raw: the body as it was received.
        encoding: the field's value; empty for none. Besides ``identity`` it may name one coding.
        limit: bytes beyond which to give up.

    Raises:
        ProtocolError: the body is larger, cut off, garbled, or compressed in another way.
    """
    name = encoding.strip().lower()
    if "," in name:
        name = ", ".join(coding for coding in codings_of(name) if coding != "identity")
    if name in ("", "identity") or not raw:
        return raw
    if name in ("gzip", "x-gzip"):
        window = _GZIP
    elif name == "deflate":
        # RFC 9110, 8.4.1.2: the zlib format; some servers send it without its header.
        window = _ZLIB if raw[0] & 15 == 8 and int.from_bytes(raw[:2], "big") % 31 == 0 else _BARE
    else:
        named = f", {name}," if re.fullmatch(_NAMES, name) else ""
        raise ProtocolError(f"The answer has a Content-Encoding{named} that was not asked for")
    import zlib  # imported here: most answers are small, and not compressed

    body = bytearray()
    for _ in range(_MEMBERS):
        one = zlib.decompressobj(window)
        garbled = False
        try:
            body += one.decompress(raw, limit + 1 - len(body))
        except zlib.error:
            garbled = True
        if garbled:  # raised here: as its context, zlib's exception would hold this frame, and with it the answer
            raise ProtocolError("The answer cannot be decompressed")
        if len(body) > limit:
            raise too_large(limit)
        if not one.eof:
            raise ProtocolError("The answer cannot be decompressed: it is cut off")
        raw = one.unused_data.lstrip(b"\0")  # another gzip member, or padding, may follow
        if not raw:
            return bytes(body)
    raise ProtocolError("The answer cannot be decompressed: it is in too many pieces")


def codings_of(encoding: str) -> list[str]:
    """Return the codings that ``Content-Encoding`` names, in lower case, in the order in which they were applied."""
    return [name for coding in encoding.split(",") if (name := coding.strip().lower())]
