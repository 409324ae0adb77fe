"""The clients: :class:`Client` for ``def`` code, :class:`AsyncClient` for ``async def`` code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import exceptions
from ..protocol.endpoints import ENDPOINTS
from ..protocol.requests.access_rules import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE
from .base import BaseClient
from .clients import AsyncClient, Client
from .consumer_key import ConsumerKeyRequest

__all__ = [
    "API_READ_ONLY",
    "API_READ_WRITE",
    "API_READ_WRITE_SAFE",
    "ENDPOINTS",
    "AsyncClient",
    "BaseClient",
    "Client",
    "ConsumerKeyRequest",
]

# python-ovh's module has its exceptions, too: "from ovh.client import APIError".
if TYPE_CHECKING:
    from ..exceptions import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name in exceptions.__all__:
            return getattr(exceptions, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
