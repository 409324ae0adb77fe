"""The transports of ours, by what a client calls them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from ovhcore.plugins import TransportSettings

__all__ = ["PLACES", "made"]

PLACES: Final = {
    "urllib3, sync": "urllib3:open_sync",
    "urllib3, async": "urllib3:open_async",
    "httpx, sync": "httpx:open_sync",
    "httpx, async": "httpx:open_async",
    "httpx2, sync": "httpx:open_sync_2",
    "httpx2, async": "httpx:open_async_2",
    "aiohttp, async": "aiohttp:open_async",
    "pyreqwest, sync": "pyreqwest:open_sync",
    "pyreqwest, async": "pyreqwest:open_async",
    "stdlib, sync": "stdlib:open_sync",
    "stdlib, async": "stdlib:open_async",
}


def made(place: str, settings: TransportSettings) -> Any:
    """Make a transport from the place where it is."""
    module, _, name = place.partition(":")
    return getattr(import_module(f"ovhcore_transports.{module}"), name)(settings)
