"""aiohttp: the default transport for ``AsyncClient``, on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily
from ovhcore.plugins import TransportSettings

from ..http.libraries.names import importing

if TYPE_CHECKING:
    from .asynchronous import AsyncAiohttpTransport

__all__ = ["AsyncAiohttpTransport", "open_async"]

# aiohttp is imported only when the transport is opened.
__getattr__ = lazily(__name__, {"asynchronous": ("AsyncAiohttpTransport",)})


def open_async(settings: TransportSettings) -> AsyncAiohttpTransport:
    """Make the transport for an asynchronous client."""
    with importing("aiohttp"):
        from .asynchronous import AsyncAiohttpTransport

    return AsyncAiohttpTransport(settings)
