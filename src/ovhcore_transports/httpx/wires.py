"""Byte streams for httpcore's connections: they note what is needed to tell failures apart.

httpcore says of a connection that ended too early the same as of one that carries garbage;
whether the end was read, and how the answer began, says which it was.
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
    """What every stream notes.

    Attributes:
        begun: the first bytes of the answer, a few at most.
        ended: whether the other side has closed the connection.
        stopped: whether to read no further, but fail.
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
        """Return what to send now: nothing while it is little, which goes out in one piece before the next read."""
        if self._unsent:
            data = self._unsent + data
        if len(data) < PIECE:
            self._unsent = data
            return b""
        self._unsent = b""
        return data

    def rest(self) -> bytes:
        """Return what was held back."""
        data, self._unsent = self._unsent, b""
        return data

    @property
    def http(self) -> bool:
        """Whether what has come may be the beginning of an answer."""
        return self.begun.startswith(_VERSION) or _VERSION.startswith(self.begun)

    def note(self, data: bytes) -> bytes:
        """Take note of what was read; return it."""
        if not data:
            self.ended = True
        elif len(self.begun) < len(_VERSION):
            self.begun += data[: len(_VERSION)]
        return data

    def get_extra_info(self, info: str) -> Any:
        """Answer what httpcore asks."""
        return self.is_stale() if info == "is_readable" else None

    @abstractmethod
    def is_stale(self) -> bool:
        """Say whether anything has come that nobody asked for: the end of the connection, most often."""
        ...

    def check(self) -> None:
        """Refuse to read any further, if that is wanted.

        Raises:
            ConnectionAbortedError: it is.
        """
        # The generators that read a body are driven to their end so; left half-way they would be finished
        # by whatever collects them, in a task of its own or with a warning.
        if self.stopped:
            raise ConnectionAbortedError


class WrappedWire(Wire):
    """A stream of httpcore's own."""

    def __init__(self, core: ModuleType, stream: Any) -> None:
        self._core = core
        self._stream = stream

    @property
    def protocol(self) -> str | None:
        """What was agreed on in the TLS handshake."""
        tls = self._stream.get_extra_info("ssl_object")
        return None if tls is None else str(tls.selected_alpn_protocol())

    def is_stale(self) -> bool:
        """Say whether anything has come that nobody asked for: the end of the connection, most often."""
        # None: httpcore 1.0.0 cannot say it of TLS within TLS.
        if self._stream.get_extra_info("is_readable") is not False:
            return True
        tls = self._stream.get_extra_info("ssl_object")
        if not isinstance(tls, ssl.SSLObject):
            return False
        try:
            tls.read(1)  # of what has been received already; it does not wait
        except ssl.SSLError as error:
            return not isinstance(error, ssl.SSLWantReadError)
        return True
