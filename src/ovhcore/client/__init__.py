"""The clients: :class:`Client` for ``def`` code, :class:`AsyncClient` for ``async def`` code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .. import exceptions
from ..protocol.endpoints import ENDPOINTS, OAUTH2_TOKEN_URLS
from ..protocol.messages import DEFAULT_TIMEOUT
from ..protocol.requests.access_rules import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE
from ..python_ovh.oauth2 import OAuth2
from .clients import AsyncClient, Client
from .consumer_key import ConsumerKeyRequest
from .iterators import AsyncObjectIterator, ObjectIterator, Progress
from .transport import InsecureWarning

__all__ = [
    "API_READ_ONLY",
    "API_READ_WRITE",
    "API_READ_WRITE_SAFE",
    "ENDPOINTS",
    "OAUTH2_TOKEN_URLS",
    "TIMEOUT",
    "AsyncClient",
    "AsyncObjectIterator",
    "Client",
    "ConsumerKeyRequest",
    "InsecureWarning",
    "OAuth2",
    "ObjectIterator",
    "Progress",
]

TIMEOUT: Final = DEFAULT_TIMEOUT.read
"""Seconds to wait by default, under python-ovh's name."""

# python-ovh's module has its exceptions, too: "from ovh.client import APIError".
if TYPE_CHECKING:
    from ..exceptions import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name in exceptions.__all__:
            return getattr(exceptions, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
