"""The clients: :class:`Client` for ``def`` code, :class:`AsyncClient` for ``async def`` code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .. import exceptions
from .._lazy import lazily
from ..protocol.endpoints import ENDPOINTS, OAUTH2_TOKEN_URLS
from ..protocol.messages import DEFAULT_TIMEOUT
from .clients import AsyncClient, Client
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

_HOMES: Final = {
    "client.consumer_key": ("API_READ_ONLY", "API_READ_WRITE", "API_READ_WRITE_SAFE", "ConsumerKeyRequest"),
    "client.iterators": ("AsyncObjectIterator", "ObjectIterator", "Progress"),
    "python_ovh.oauth2": ("OAuth2",),
}

# python-ovh's module has its exceptions, too: "from ovh.client import APIError".
if TYPE_CHECKING:
    from ..exceptions import *  # noqa: F403
    from ..python_ovh.oauth2 import OAuth2
    from .consumer_key import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE, ConsumerKeyRequest
    from .iterators import AsyncObjectIterator, ObjectIterator, Progress
else:
    _load = lazily(__name__, _HOMES, below=__name__.rpartition(".")[0])

    def __getattr__(name: str) -> Any:
        return getattr(exceptions, name) if name in exceptions.__all__ else _load(name)
