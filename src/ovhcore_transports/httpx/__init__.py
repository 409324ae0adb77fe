"""httpx and its successor httpx2, synchronous and asynchronous: on the connections that they are made of.

Those are httpcore's and httpcore2's, which have the same shape. Used directly, they send the
request target as it was signed, and nothing of httpx's own is in between: cookies,
passwords from ``~/.netrc``, proxies read in its own way. Neither httpx has to be loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily
from ovhcore.plugins import TransportSettings

if TYPE_CHECKING:
    from .asynchronous import AsyncHttpxTransport
    from .blocking import HttpxTransport

__all__ = ["AsyncHttpxTransport", "HttpxTransport", "open_async", "open_async_2", "open_sync", "open_sync_2"]

# Each form brings threads or a loop with it; a program that needs one does not load the other.
__getattr__ = lazily(__name__, {"asynchronous": ("AsyncHttpxTransport",), "blocking": ("HttpxTransport",)})


def open_sync(settings: TransportSettings) -> HttpxTransport:
    """Make the transport for a client, of httpx."""
    from .blocking import HttpxTransport

    return HttpxTransport(settings, "httpcore")


def open_async(settings: TransportSettings) -> AsyncHttpxTransport:
    """Make the transport for an asynchronous client, of httpx."""
    from .asynchronous import AsyncHttpxTransport

    return AsyncHttpxTransport(settings, "httpcore")


def open_sync_2(settings: TransportSettings) -> HttpxTransport:
    """Make the transport for a client, of httpx2."""
    from .blocking import HttpxTransport

    return HttpxTransport(settings, "httpcore2")


def open_async_2(settings: TransportSettings) -> AsyncHttpxTransport:
    """Make the transport for an asynchronous client, of httpx2."""
    from .asynchronous import AsyncHttpxTransport

    return AsyncHttpxTransport(settings, "httpcore2")
