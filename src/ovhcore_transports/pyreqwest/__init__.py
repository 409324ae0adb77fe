"""pyreqwest, which is Rust's reqwest: the fast transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily
from ovhcore.plugins import TransportSettings

from ..http.libraries.names import importing

if TYPE_CHECKING:
    from .asynchronous import AsyncPyreqwestTransport
    from .blocking import PyreqwestTransport

__all__ = ["AsyncPyreqwestTransport", "PyreqwestTransport", "open_async", "open_sync"]

# Each form brings threads or a loop with it; a program that needs one does not load the other.
__getattr__ = lazily(__name__, {"asynchronous": ("AsyncPyreqwestTransport",), "blocking": ("PyreqwestTransport",)})


def open_async(settings: TransportSettings) -> AsyncPyreqwestTransport:
    """Make the transport for an asynchronous client."""
    with importing("pyreqwest"):
        from .asynchronous import AsyncPyreqwestTransport

    return AsyncPyreqwestTransport(settings)


def open_sync(settings: TransportSettings) -> PyreqwestTransport:
    """Make the transport for a client."""
    with importing("pyreqwest"):
        from .blocking import PyreqwestTransport

    return PyreqwestTransport(settings)
