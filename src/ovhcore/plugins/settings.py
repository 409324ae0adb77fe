"""The settings of a client: ``config`` fills them in, and hooks take them, so they stand below both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..protocol.credentials import Credentials
from ..protocol.endpoints import Endpoint
from ..protocol.frozen import Frozen, put
from .transports import TransportSettings

if TYPE_CHECKING:
    from ..flows.resilience.after_failure import Policy

__all__ = ["CREDENTIALS", "OTHERS", "Settings"]

CREDENTIALS: Final = (
    "application_key",
    "application_secret",
    "consumer_key",
    "client_id",
    "client_secret",
    "access_token",
)
"""The settings of credentials, by their names in ``ovh.conf``."""

OTHERS: Final = (
    "transport",
    "timeout",
    "proxy",
    "ca_bundle",
    "user_agent",
    "time_sync",
    "token_url",
    "max_response_size",
    "pool_size",
    "verify",
    "client_cert",
    "client_key",
    "http2",
    "disabled_plugins",
    "strict_observers",
    "allow_http",
)
"""All other settings that every client has, but ``endpoint`` and ``headers``."""
_SECRET: Final = ("application_secret", "consumer_key", "client_secret", "access_token")


class Settings(Frozen):
    """The settings of a client. They print without secrets.

    Attributes:
        endpoint: the API.
        credentials: the credentials; None for calls that need none.
        transport: name of a transport, or None for the client's default.
        connection: timeout, proxy, certificates, limits.
        user_agent: text to put before the library's own, or None.
        headers: fields sent with every request.
        time_sync: ``"date"``, ``"server"`` or ``"off"``.
        options: settings that plugins define, by name; see :class:`.Option`.
        strict_observers: whether an observer that fails breaks the call.
        retry: the retry policy, None to try nothing again; plugins decide it.
    """

    __slots__ = (  # noqa: RUF023 - the order of __init__
        "endpoint",
        "credentials",
        "transport",
        "connection",
        "user_agent",
        "headers",
        "time_sync",
        "options",
        "strict_observers",
        "retry",
    )

    endpoint: Endpoint
    credentials: Credentials | None
    transport: str | None
    connection: TransportSettings
    user_agent: str | None
    headers: tuple[tuple[str, str], ...]
    time_sync: str
    options: Mapping[str, Any]
    strict_observers: bool
    retry: Policy | None

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials | None = None,
        transport: str | None = None,
        connection: TransportSettings = TransportSettings(),  # noqa: B008 - immutable
        user_agent: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        time_sync: str = "date",
        options: Mapping[str, Any] | None = None,
        strict_observers: bool = False,
        retry: Policy | None = None,
    ) -> None:
        put(self, "endpoint", endpoint)
        put(self, "credentials", credentials)
        put(self, "transport", transport)
        put(self, "connection", connection)
        put(self, "user_agent", user_agent)
        put(self, "headers", headers)
        put(self, "time_sync", time_sync)
        put(self, "options", dict(options or {}))
        put(self, "strict_observers", strict_observers)
        put(self, "retry", retry)

    def __hash__(self) -> int:
        return hash((self.endpoint, self.credentials, self.transport, self.connection))

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown, besides credentials and headers: those for the proxy."""
        return self.connection.secrets()

    def __repr__(self) -> str:
        # A header may hold anything, and so may an option of a plugin.
        return (
            f"Settings({self.endpoint!r}, {self.credentials!r}, {self.transport!r}, {self.connection!r}, "
            f"user_agent={self.user_agent!r}, headers={[name for name, _ in self.headers]!r}, "
            f"time_sync={self.time_sync!r}, options={[*self.options]!r}, retry={self.retry!r})"
        )
