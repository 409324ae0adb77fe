"""urllib3: the default transport for ``Client``; in bounded threads for ``AsyncClient``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily
from ovhcore.plugins import TransportSettings

from ..http.libraries.names import importing

if TYPE_CHECKING:
    from .asynchronous import AsyncUrllib3Transport
    from .blocking import Urllib3Transport

__all__ = ["AsyncUrllib3Transport", "Urllib3Transport", "open_async", "open_sync"]

# Each form brings threads or a loop with it; a program that needs one does not load the other.
__getattr__ = lazily(__name__, {"asynchronous": ("AsyncUrllib3Transport",), "blocking": ("Urllib3Transport",)})


def open_async(settings: TransportSettings) -> AsyncUrllib3Transport:
    """Make the transport for an asynchronous client."""
    with importing("urllib3"):
        from .asynchronous import AsyncUrllib3Transport

    return AsyncUrllib3Transport(settings)


def open_sync(settings: TransportSettings) -> Urllib3Transport:
    """Make the transport for a client."""
    with importing("urllib3"):
        from .blocking import Urllib3Transport

    return Urllib3Transport(settings)
