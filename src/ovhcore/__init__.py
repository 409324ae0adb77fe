"""ovhcore: OVHcloud's API from Python, over any transport.

``import ovhcore as ovh`` runs a program written for python-ovh::

    import ovhcore as ovh

    client = ovh.Client()  # reads OVH_* variables and ovh.conf
    print("Welcome", client.get("/me")["firstname"])

The names below are loaded when they are first used: importing ovhcore opens nothing,
reads no file and loads no HTTP library.

..
    PYTEST_DONT_REWRITE: its plugin for pytest makes pytest look for assertions here, and complain if an interpreter
    has imported this at its start already, as a ``.pth`` file may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._version import __version__

if TYPE_CHECKING:
    from . import client, config, consumer_key, exceptions, flows, oauth2, plugins, protocol, schema
    from .client import AsyncClient, Client, ConsumerKeyRequest
    from .client.transport import InsecureWarning
    from .config.leniency import ConfigurationWarning
    from .exceptions import (
        APIError,
        BadParametersError,
        CassetteError,
        ClientClosed,
        ConnectError,
        ConnectionLost,
        ConnectTimeout,
        Forbidden,
        GatewayError,
        HTTPError,
        InvalidConfiguration,
        InvalidCredential,
        InvalidKey,
        InvalidRegion,
        InvalidRequest,
        InvalidResponse,
        InvalidSignature,
        MissingCredentials,
        NetworkError,
        NoRecording,
        NotCredential,
        NotGrantedCall,
        OAuth2FailureError,
        OperationFailed,
        OutcomeUnknown,
        PoolTimeout,
        PreconditionFailed,
        ProtocolError,
        ProxyError,
        QueryTimeOut,
        ReadOnlyError,
        ReadTimeout,
        ResourceConflictError,
        ResourceExpiredError,
        ResourceLocked,
        ResourceNotFoundError,
        SchemaError,
        ServerError,
        SharedStoreError,
        TLSError,
        TooManyRequests,
        TotalTimeout,
        TransportTimeout,
        Unauthorized,
        WaitTimeout,
    )
    from .flows.resilience.retry import RetryPolicy
    from .plugins import hookimpl
    from .protocol.endpoints import ENDPOINTS
    from .protocol.messages import Headers, Request, Response, Timeout
    from .protocol.requests.access_rules import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE
    from .protocol.requests.filters import iam_tags
    from .protocol.requests.signing import canonical_string, sign
    from .protocol.requests.verifying import verify
    from .python_ovh import install_as_ovh

_HOMES: Final = {
    "client": ("AsyncClient", "Client", "ConsumerKeyRequest"),
    "exceptions": (
        "APIError",
        "BadParametersError",
        "CassetteError",
        "ClientClosed",
        "ConnectError",
        "ConnectTimeout",
        "ConnectionLost",
        "Forbidden",
        "GatewayError",
        "HTTPError",
        "InvalidConfiguration",
        "InvalidCredential",
        "InvalidKey",
        "InvalidRegion",
        "InvalidRequest",
        "InvalidResponse",
        "InvalidSignature",
        "MissingCredentials",
        "NetworkError",
        "NoRecording",
        "NotCredential",
        "NotGrantedCall",
        "OAuth2FailureError",
        "OperationFailed",
        "OutcomeUnknown",
        "PoolTimeout",
        "PreconditionFailed",
        "ProtocolError",
        "ProxyError",
        "QueryTimeOut",
        "ReadOnlyError",
        "ReadTimeout",
        "ResourceConflictError",
        "ResourceExpiredError",
        "ResourceLocked",
        "ResourceNotFoundError",
        "SchemaError",
        "ServerError",
        "SharedStoreError",
        "TLSError",
        "TooManyRequests",
        "TotalTimeout",
        "TransportTimeout",
        "Unauthorized",
        "WaitTimeout",
    ),
    "config.leniency": ("ConfigurationWarning",),
    "flows.resilience.retry": ("RetryPolicy",),
    "client.transport": ("InsecureWarning",),
    "plugins": ("hookimpl",),
    "protocol.requests.access_rules": ("API_READ_ONLY", "API_READ_WRITE", "API_READ_WRITE_SAFE"),
    "protocol.endpoints": ("ENDPOINTS",),
    "protocol.requests.filters": ("iam_tags",),
    "protocol.messages": ("Headers", "Request", "Timeout"),
    "protocol.responses.decoding": ("Response",),  # where it is given what decodes it
    "protocol.requests.signing": ("canonical_string", "sign"),
    "protocol.requests.verifying": ("verify",),
    "python_ovh": ("install_as_ovh",),
}
_MODULES: Final = ("client", "config", "consumer_key", "exceptions", "flows", "oauth2", "plugins", "protocol", "schema")
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "API_READ_ONLY",
    "API_READ_WRITE",
    "API_READ_WRITE_SAFE",
    "ENDPOINTS",
    "APIError",
    "AsyncClient",
    "BadParametersError",
    "CassetteError",
    "Client",
    "ClientClosed",
    "ConfigurationWarning",
    "ConnectError",
    "ConnectTimeout",
    "ConnectionLost",
    "ConsumerKeyRequest",
    "Forbidden",
    "GatewayError",
    "HTTPError",
    "Headers",
    "InsecureWarning",
    "InvalidConfiguration",
    "InvalidCredential",
    "InvalidKey",
    "InvalidRegion",
    "InvalidRequest",
    "InvalidResponse",
    "InvalidSignature",
    "MissingCredentials",
    "NetworkError",
    "NoRecording",
    "NotCredential",
    "NotGrantedCall",
    "OAuth2FailureError",
    "OperationFailed",
    "OutcomeUnknown",
    "PoolTimeout",
    "PreconditionFailed",
    "ProtocolError",
    "ProxyError",
    "QueryTimeOut",
    "ReadOnlyError",
    "ReadTimeout",
    "Request",
    "ResourceConflictError",
    "ResourceExpiredError",
    "ResourceLocked",
    "ResourceNotFoundError",
    "Response",
    "RetryPolicy",
    "SchemaError",
    "ServerError",
    "SharedStoreError",
    "TLSError",
    "Timeout",
    "TooManyRequests",
    "TotalTimeout",
    "TransportTimeout",
    "Unauthorized",
    "WaitTimeout",
    "__version__",
    "canonical_string",
    "client",
    "config",
    "consumer_key",
    "exceptions",
    "flows",
    "hookimpl",
    "iam_tags",
    "install_as_ovh",
    "oauth2",
    "plugins",
    "protocol",
    "schema",
    "sign",
    "verify",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
