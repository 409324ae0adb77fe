"""The causes of a failure, the same on every transport: the last one is an exception of Python's own."""

from __future__ import annotations

import errno
from typing import Final

from ..exceptions import APIError, ConnectError, ConnectionLost, HTTPError, TransportTimeout

__all__ = ["complete_causes"]

_KINDS: Final[tuple[tuple[type[HTTPError], int], ...]] = (
    (TransportTimeout, errno.ETIMEDOUT),
    (ConnectionLost, errno.ECONNRESET),
)
_SAID: Final = {errno.ETIMEDOUT: "timed out", errno.ECONNRESET: "Connection reset", errno.ECONNREFUSED: "refused"}


def complete_causes(error: HTTPError) -> None:
    """Let the chain of ``__cause__`` end in Python's own exception for a failure, if the transport did not say it.

    Some HTTP libraries keep the operating system's exception, some tell of it in words, some see none: a connection
    that simply ends. Programs walk the chain for ``ConnectionRefusedError``, ``ConnectionResetError`` or
    ``TimeoutError``.

    Args:
        error: the failure of an exchange.
    """
    last: BaseException = error
    seen = {id(error)}
    while last.__cause__ is not None and id(last.__cause__) not in seen:
        last = last.__cause__
        seen.add(id(last))
        if isinstance(last, OSError) and not isinstance(last, APIError):
            return
    number = next((number for kind, number in _KINDS if isinstance(error, kind)), None)
    if number is None and isinstance(error, ConnectError) and _SAID[errno.ECONNREFUSED] in error.message.lower():
        number = errno.ECONNREFUSED
    if number is not None:
        # OSError itself chooses the class by the number.
        last.__cause__ = OSError(number, _SAID[number])
