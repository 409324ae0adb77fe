"""The standard library's sockets and TLS, which need nothing else; in bounded threads for ``AsyncClient``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily
from ovhcore.plugins import TransportSettings

if TYPE_CHECKING:
    from .asynchronous import AsyncStdlibTransport
    from .blocking import StdlibTransport

__all__ = ["AsyncStdlibTransport", "StdlibTransport", "open_async", "open_sync"]

# Each form brings threads or a loop with it; a program that needs one does not load the other.
__getattr__ = lazily(__name__, {"asynchronous": ("AsyncStdlibTransport",), "blocking": ("StdlibTransport",)})


def open_async(settings: TransportSettings) -> AsyncStdlibTransport:
    """Make the transport for an asynchronous client."""
    from .asynchronous import AsyncStdlibTransport

    return AsyncStdlibTransport(settings)


def open_sync(settings: TransportSettings) -> StdlibTransport:
    """Make the transport for a client."""
    from .blocking import StdlibTransport

    return StdlibTransport(settings)
