"""Responses made of pyreqwest's answers."""

from __future__ import annotations

from typing import Any, Final

from ovhcore import exceptions as exc
from ovhcore.protocol import Response

from ..http.bodies import decompressed
from ..http.libraries.late_headers import LateHeaders

__all__ = ["PyreqwestHeaders", "is_within", "response_of"]

_UNREADABLE: Final = "\ufffd"


class PyreqwestHeaders(LateHeaders[Any]):
    """Header fields of the library's answer, taken from it when they are looked at."""

    __slots__ = ()

    def _read(self) -> tuple[tuple[str, str], ...]:
        return _pairs_of(self._raw.headers)

    def get(self, key: str, /, default: Any = None) -> Any:
        """Return the value of a field, or ``default``."""
        try:
            found = self._raw.get_header_all(key)
        except ValueError:  # the value is not ASCII
            return super().get(key, default)
        if not found:
            return default
        return found[0] if len(found) == 1 else ", ".join(found)


def response_of(raw: Any, body: bytes, limit: int) -> Response:
    """Return the response for an answer that has been read.

    Raises:
        ProtocolError: the answer cannot be decompressed, or is not a final one.
    """
    headers = PyreqwestHeaders(raw)
    if raw.get_header("content-encoding") is not None:
        body = decompressed(body, headers["content-encoding"], limit)
    if raw.status < 200:
        raise exc.ProtocolError("The answer is not a final one")
    return Response(raw.status, headers, body)


def is_within(raw: Any, limit: int) -> bool:
    """Say whether a body may be read in one call: the library takes as much memory as the header announces."""
    length = raw.get_header("content-length")
    if length is None or raw.get_header("transfer-encoding") is not None:
        return False
    return length.isdecimal() and len(length) < 20 and int(length) <= limit


def _pairs_of(raw: Any) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(raw.items())
    except ValueError:
        # The library gives the name alone where a value is not ASCII.
        return tuple((name, value) for name in dict.fromkeys(raw) for value in _values(raw, name))


def _values(raw: Any, name: str) -> list[str]:
    try:
        found: list[str] = raw.getall(name)
    except ValueError:
        return [_UNREADABLE]
    return found
