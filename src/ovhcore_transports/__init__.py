"""Transports for ovhcore: the only place that touches the world.

Clients find them by name, through the entry point group ``ovhcore``. To write one of
your own, derive from :class:`SyncTransport` or :class:`AsyncTransport` and write ``send``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asynchronous import AsyncTransport
    from .synchronous import SyncTransport

__all__ = ["AsyncTransport", "SyncTransport"]

_HOMES = {"AsyncTransport": "asynchronous", "SyncTransport": "synchronous"}


def __getattr__(name: str) -> Any:
    # Each brings threads or a loop with it; whoever needs one should not pay for the other.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
