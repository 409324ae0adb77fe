"""What a plugin says of a transport, and what a client says to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

from ..exceptions import InvalidConfiguration
from ..protocol.frozen import Frozen, put
from ..protocol.messages import Timeout

__all__ = ["DEFAULT_MAX_RESPONSE_SIZE", "TransportFactory", "TransportSettings", "TransportSpec"]

DEFAULT_MAX_RESPONSE_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a decompressed response beyond which a transport gives up."""


class TransportSettings(Frozen):
    """What a client wants of the transport that is made for it.

    Attributes:
        timeout: seconds to wait, where a request does not say otherwise.
        proxy: URL of a proxy, ``"none"`` for none; None for what the environment says.
        ca_bundle: file with the certificates to trust; None for the system's.
        max_response_size: bytes of a decompressed response beyond which to give up.
    """

    __slots__ = ("timeout", "proxy", "ca_bundle", "max_response_size")  # noqa: RUF023 - the order of __init__

    timeout: Timeout
    proxy: str | None
    ca_bundle: str | None
    max_response_size: int

    def __init__(
        self,
        timeout: Timeout = Timeout(180.0, 180.0),  # noqa: B008 - immutable
        proxy: str | None = None,
        ca_bundle: str | None = None,
        max_response_size: int | None = None,
    ) -> None:
        put(self, "timeout", timeout)
        put(self, "proxy", proxy)
        put(self, "ca_bundle", ca_bundle)
        put(self, "max_response_size", max_response_size or DEFAULT_MAX_RESPONSE_SIZE)

    def __repr__(self) -> str:
        proxy = self.proxy and "<redacted>"  # it may hold a password
        return f"TransportSettings({self.timeout!r}, {proxy!r}, {self.ca_bundle!r}, {self.max_response_size!r})"


TransportFactory: TypeAlias = "str | Callable[[TransportSettings], Any]"
"""Makes a transport; or where it is, as ``"package.module:function"``, imported when first needed."""


class TransportSpec(Frozen):
    """A transport that a plugin offers.

    Attributes:
        name: what ``Client(transport=...)`` and ``OVH_TRANSPORT`` call it.
        sync: factory for ``Client``; None if it has none.
        asynchronous: factory for ``AsyncClient``; None if it has none.
        requires: modules it needs, so that a missing one is named before anything is sent.
        extra: what to install for them, as ``"ovhcore[urllib3]"``.
        defaults: settings, by their names in ``ovh.conf``, that hold where nothing else is
            said; the sandbox brings its credentials so.
    """

    __slots__ = ("name", "sync", "asynchronous", "requires", "extra", "defaults")  # noqa: RUF023 - as __init__

    name: str
    sync: TransportFactory | None
    asynchronous: TransportFactory | None
    requires: tuple[str, ...]
    extra: str | None
    defaults: Mapping[str, str]

    def __init__(
        self,
        name: str,
        sync: TransportFactory | None = None,
        asynchronous: TransportFactory | None = None,
        requires: tuple[str, ...] = (),
        extra: str | None = None,
        defaults: Mapping[str, str] | None = None,
    ) -> None:
        put(self, "name", name)
        put(self, "sync", sync)
        put(self, "asynchronous", asynchronous)
        put(self, "requires", requires)
        put(self, "extra", extra)
        put(self, "defaults", dict(defaults or {}))

    def __hash__(self) -> int:
        return hash((self.name, self.sync, self.asynchronous))

    def __repr__(self) -> str:
        return f"TransportSpec({self.name!r}, {self.sync!r}, {self.asynchronous!r})"

    def check(self) -> None:
        """Make sure that what the transport needs is installed, without importing it.

        Raises:
            InvalidConfiguration: it is not.
        """
        missing = [module for module in self.requires if find_spec(module) is None]
        if missing:
            install = f': pip install "{self.extra}"' if self.extra else ""
            raise InvalidConfiguration(
                f"Transport {self.name!r} needs {', '.join(missing)}, which is not installed{install}"
            )

    def open(self, settings: TransportSettings, *, asynchronous: bool = False) -> Any:
        """Make the transport."""
        factory = self.asynchronous if asynchronous else self.sync
        if factory is None:
            raise InvalidConfiguration(
                f"Transport {self.name!r} has no {'asynchronous' if asynchronous else 'synchronous'} form"
            )
        if isinstance(factory, str):
            module, _, name = factory.partition(":")
            factory = getattr(import_module(module), name)
        return factory(settings)
