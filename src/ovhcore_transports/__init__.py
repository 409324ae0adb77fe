"""Transports for ovhcore: the only place that touches the world.

Clients find them by name, through the entry point group ``ovhcore``. To write one of
your own, derive from :class:`SyncTransport` or :class:`AsyncTransport` and write ``send``.

..
    PYTEST_DONT_REWRITE: as in ovhcore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

if TYPE_CHECKING:
    from .base.asynchronous import AsyncTransport
    from .base.blocking import SyncTransport

__all__ = ["AsyncTransport", "SyncTransport"]

# Each brings threads or a loop with it; a program that needs one does not load the other.
__getattr__ = lazily(
    __name__,
    {"base.asynchronous": ("AsyncTransport",), "base.blocking": ("SyncTransport",)},
)
