"""Byte streams for httpcore's connections, with notes that tell failures apart.

httpcore raises the same for a connection that ended too early as for one that carries garbage;
whether the end was read, and how the answer began, tells which it was.
"""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from types import ModuleType
from typing import Any, Final

__all__ = ["PIECE", "Wire", "WrappedWire"]

PIECE: Final = 65_536
"""Bytes to send at once."""

_VERSION: Final = b"HTTP/1."


class Wire(ABC):
    """The base of streams, with the notes that each takes.

    Attributes:
        begun: the first bytes of the answer, a few at most.
        ended: whether the other side has closed the connection.
        stopped: whether the stream is to read no further, but fail.
    """

    begun = b""
    ended = False
    stopped = False
    _unsent = b""

    def start(self) -> None:
        """Begin an exchange."""
        self.begun = b""
        self.stopped = False

    def held(self, data: bytes) -> bytes:
        """Return the bytes to send now: none while they are few; those go out in one piece before the next read."""
        if self._unsent:
            data = self._unsent + data
        if len(data) < PIECE:
            self._unsent = data
            return b""
        self._unsent = b""
        return data

    def rest(self) -> bytes:
        """Return the bytes that were held back."""
        data, self._unsent = self._unsent, b""
        return data

    @property
    def http(self) -> bool:
        """Whether the bytes so far may be the beginning of an answer."""
        return self.begun.startswith(_VERSION) or _VERSION.startswith(self.begun)

    def note(self, data: bytes) -> bytes:
        """Take note of bytes that were read; return them."""
        if not data:
            self.ended = True
        elif len(self.begun) < len(_VERSION):
            self.begun += data[: len(_VERSION)]
        return data

    def get_extra_info(self, info: str) -> Any:
        """Answer a question of httpcore's."""
        return self.is_stale() if info == "is_readable" else None

    @abstractmethod
    def is_stale(self) -> bool:
        """Say whether unexpected bytes have come, or, most often, the end of the connection."""
        ...

    def check(self) -> None:
        """Refuse to read any further, if ``stopped`` is set.

        Raises:
            ConnectionAbortedError: ``stopped`` is set.
        """
        # This drives the generators that read a body to their end; left half-way, they would be finished
        # by the garbage collector, in a task of its own or with a warning.
        if self.stopped:
            raise ConnectionAbortedError


class WrappedWire(Wire):
    """A stream of httpcore's own."""

    def __init__(self, core: ModuleType, stream: Any) -> None:
        self._core = core
        self._stream = stream

    @property
    def protocol(self) -> str | None:
        """The application protocol (ALPN) of the TLS handshake."""
        tls = self._stream.get_extra_info("ssl_object")
        return None if tls is None else str(tls.selected_alpn_protocol())

    def is_stale(self) -> bool:
        """Say whether unexpected bytes have come, or, most often, the end of the connection."""
        # None: httpcore 1.0.0 cannot tell for TLS within TLS.
        if self._stream.get_extra_info("is_readable") is not False:
            return True
        tls = self._stream.get_extra_info("ssl_object")
        if not isinstance(tls, ssl.SSLObject):
            return False
        try:
            tls.read(1)  # of the bytes that were received already; it does not wait
        except ssl.SSLError as error:
            return not isinstance(error, ssl.SSLWantReadError)
        return True
