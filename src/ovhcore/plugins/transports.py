"""The description of a transport by its plugin, and the settings that a client gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final, TypeAlias

from ..exceptions import InvalidConfiguration
from ..protocol.frozen import Frozen, put
from ..protocol.messages import DEFAULT_TIMEOUT, Timeout
from ..protocol.redaction import Redaction
from .discovery import find_module
from .options import Option

__all__ = [
    "DEFAULT_MAX_RESPONSE_SIZE",
    "DEFAULT_POOL_SIZE",
    "TransportFactory",
    "TransportSettings",
    "TransportSpec",
]

DEFAULT_MAX_RESPONSE_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a decompressed response beyond which a transport gives up."""

DEFAULT_POOL_SIZE: Final = 64
"""Connections to one server."""


class TransportSettings(Frozen):
    """The settings of the transport that is made for a client.

    Attributes:
        timeout: seconds to wait, if a request does not say otherwise.
        proxy: URL of a proxy, ``"none"`` for none; None for the environment's.
        ca_bundle: file with the certificates to trust; None for the system's.
        max_response_size: bytes of a decompressed response beyond which to give up.
        pool_size: connections to one server, in use and kept; a request that finds them all in use waits.
        verify: whether a server must prove who it is.
        client_cert: file with a certificate to show to servers, and its key unless ``client_key`` has it.
        client_key: file with the key of ``client_cert``.
        http2: whether to speak HTTP/2 with servers that offer it.
        options: settings that transports and other plugins define, by name; see ``TransportSpec.options``.
        redaction: the secrets that plugins declare, for transports that write down what they exchange.
    """

    __slots__ = (  # noqa: RUF023 - the order of __init__
        "timeout",
        "proxy",
        "ca_bundle",
        "max_response_size",
        "pool_size",
        "verify",
        "client_cert",
        "client_key",
        "http2",
        "options",
        "redaction",
    )

    timeout: Timeout
    proxy: str | None
    ca_bundle: str | None
    max_response_size: int
    pool_size: int
    verify: bool
    client_cert: str | None
    client_key: str | None
    http2: bool
    options: Mapping[str, Any]
    redaction: Redaction

    def __init__(
        self,
        timeout: Timeout = DEFAULT_TIMEOUT,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        max_response_size: int | None = None,
        pool_size: int | None = None,
        verify: bool = True,
        client_cert: str | None = None,
        client_key: str | None = None,
        http2: bool = False,
        options: Mapping[str, Any] | None = None,
        redaction: Redaction = Redaction(),  # noqa: B008 - immutable
    ) -> None:
        put(self, "timeout", timeout)
        put(self, "proxy", proxy)
        put(self, "ca_bundle", ca_bundle)
        put(self, "max_response_size", max_response_size or DEFAULT_MAX_RESPONSE_SIZE)
        put(self, "pool_size", pool_size or DEFAULT_POOL_SIZE)
        put(self, "verify", verify)
        put(self, "client_cert", client_cert)
        put(self, "client_key", client_key)
        put(self, "http2", http2)
        put(self, "options", dict(options or {}))
        put(self, "redaction", redaction)

    def __hash__(self) -> int:
        return hash((self.timeout, self.proxy, self.ca_bundle, *self.options))

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown: those for the proxy."""
        user, at, _ = (self.proxy or "").rpartition("://")[2].rpartition("@")
        if at:
            from base64 import b64encode
            from urllib.parse import unquote

            name, _, password = user.partition(":")
            yield from (password or name, unquote(password or name))
            yield b64encode(unquote(user).encode()).decode("ascii")

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in self.__slots__}
        shown["proxy"] = self.proxy and "<redacted>"  # it may hold a password
        shown["options"] = [*self.options]  # their values may hold anything
        return f"TransportSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


TransportFactory: TypeAlias = "str | Callable[..., Any]"
"""A function that makes a transport from :class:`TransportSettings`; or its place, as ``"package.module:function"``,
imported when first needed. For a transport that wraps another, it also takes a function that makes the other one."""


class TransportSpec(Frozen):
    """A transport that a plugin offers.

    Attributes:
        name: the name for ``Client(transport=...)`` and ``OVH_TRANSPORT``.
        sync: factory for ``Client``; None if it has none.
        asynchronous: factory for ``AsyncClient``; None if it has none.
        requires: modules it needs, so that a missing one is named before anything is sent.
        extra: what to install for them, as ``"ovhcore[urllib3]"``.
        defaults: settings, by their names in ``ovh.conf``, that hold where no other place says
            them; so the sandbox brings its credentials.
        http2: further modules it needs to speak HTTP/2; None if it cannot.
        isolated: whether the credentials of environment and files are not meant for it, as for a sandbox.
        wraps: whether it sends through another transport: the default one, or that of ``"name+other"``.
        options: settings of its own: names, for lines of text, or :class:`.Option`; several transports may share one.
        versions: which versions of those packages it works with, by name, as ``{"urllib3": ">=2.2,<3"}``: comparisons
            with ``>=`` and ``<``, of release numbers. A package without a known version is taken.
    """

    __slots__ = (  # noqa: RUF023 - the order of __init__
        "name",
        "sync",
        "asynchronous",
        "requires",
        "extra",
        "defaults",
        "http2",
        "isolated",
        "wraps",
        "options",
        "versions",
    )

    name: str
    sync: TransportFactory | None
    asynchronous: TransportFactory | None
    requires: tuple[str, ...]
    extra: str | None
    defaults: Mapping[str, str]
    http2: tuple[str, ...] | None
    isolated: bool
    wraps: bool
    options: tuple[str | Option, ...]
    versions: Mapping[str, str]

    def __init__(
        self,
        name: str,
        sync: TransportFactory | None = None,
        asynchronous: TransportFactory | None = None,
        requires: tuple[str, ...] = (),
        extra: str | None = None,
        defaults: Mapping[str, str] | None = None,
        http2: tuple[str, ...] | None = None,
        isolated: bool = False,
        wraps: bool = False,
        options: tuple[str | Option, ...] = (),
        versions: Mapping[str, str] | None = None,
    ) -> None:
        put(self, "name", name)
        put(self, "sync", sync)
        put(self, "asynchronous", asynchronous)
        put(self, "requires", requires)
        put(self, "extra", extra)
        put(self, "defaults", dict(defaults or {}))
        put(self, "http2", http2)
        put(self, "isolated", isolated)
        put(self, "wraps", wraps)
        put(self, "options", options)
        put(self, "versions", dict(versions or {}))

    def __hash__(self) -> int:
        return hash((self.name, self.sync, self.asynchronous))

    def __repr__(self) -> str:
        return f"TransportSpec({self.name!r}, {self.sync!r}, {self.asynchronous!r})"

    @property
    def installed(self) -> bool:
        """Whether the modules that it needs are installed, in versions it works with; nothing is imported for this."""
        return not _missing(self.requires) and self._unfit() is None

    def _unfit(self) -> tuple[str, str, str] | None:
        if not self.versions:
            return None
        from .versions import unfit  # a transport that needs no other library needs no versions, either

        return unfit(self.versions)

    def check(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        """Make sure that the transport can be made with these settings, without importing it.

        Raises:
            InvalidConfiguration: a module that it needs is not installed, or not in a version it works with, or it
                cannot speak HTTP/2.
        """
        install = f': pip install "{self.extra}"' if self.extra else ""
        if missing := _missing(self.requires):
            raise InvalidConfiguration(f"Transport {self.name!r} needs {missing}, which is not installed{install}")
        if (wrong := self._unfit()) is not None:
            package, found, wanted = wrong
            raise InvalidConfiguration(
                f"Transport {self.name!r} works with {package} {wanted}, and {package} {found} is installed{install}"
            )
        if settings.http2:
            if self.http2 is None:
                raise InvalidConfiguration(
                    f"http2 is on, and transport {self.name!r} cannot speak HTTP/2: use httpx, httpx2 or pyreqwest, or "
                    "leave it off"
                )
            if missing := _missing(self.http2):
                raise InvalidConfiguration(
                    f"http2 is on, and for it transport {self.name!r} needs {missing}, which is not installed: "
                    f"pip install {missing}"
                )

    def open(
        self,
        settings: TransportSettings,
        *,
        asynchronous: bool = False,
        inner: Callable[[], Any] | None = None,
    ) -> Any:
        """Make the transport.

        Args:
            settings: the client's settings for the transport.
            asynchronous: whether to make the asynchronous form.
            inner: makes the transport that it wraps, if it wraps one.
        """
        factory = self.asynchronous if asynchronous else self.sync
        if factory is None:
            raise InvalidConfiguration(
                f"Transport {self.name!r} has no {'asynchronous' if asynchronous else 'synchronous'} form"
            )
        if isinstance(factory, str):
            module, _, name = factory.partition(":")
            factory = getattr(import_module(module), name)
        return factory(settings, inner) if self.wraps else factory(settings)


def _missing(modules: tuple[str, ...]) -> str:
    return ", ".join(module for module in modules if find_module(module) is None)
