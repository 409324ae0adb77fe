"""A client's transport: chosen by name and made when first needed, or given by the caller."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from ..exceptions import ClientClosed, InvalidConfiguration, at_exit
from ..plugins import Plugins, TransportSettings, TransportSpec
from ..protocol.redaction import Secret, as_secret

__all__ = ["InsecureWarning", "TransportSelection", "off_the_loop"]

T = TypeVar("T")

_METHODS: Final = ("sleep", "clock", "uniform", "once", "gather", "stream", "close")


class InsecureWarning(UserWarning):
    """Servers are not verified: whoever is in between reads and changes what is sent."""


class TransportSelection:
    """The transport of one client.

    Args:
        given: a name, an object, or None for the default.
        plugins: who offers transports.
        order: the names of the default ones; the first that is installed counts.
        asynchronous: whether it is for ``async`` code.
    """

    def __init__(self, given: Any, plugins: Plugins, order: tuple[str, ...], *, asynchronous: bool) -> None:
        self.by_name = given is None or isinstance(given, str)
        self.opened: list[Any] = []
        self._given = given
        self._plugins = plugins
        self._order = order
        self._asynchronous = asynchronous
        self._spec: TransportSpec | None = None
        self._inner: TransportSpec | None = None
        self._settings = TransportSettings()
        self._secrets: tuple[Secret, ...] = ()

    def defaults_of(self, name: str | None) -> tuple[Mapping[str, str], bool]:
        """Return the settings that a transport brings along, and whether those of environment and files are not for it.

        Args:
            name: of the transport; None for the default one. What the caller gave says itself.
        """
        if not self.by_name:
            return getattr(self._given, "defaults", None) or {}, False
        spec = self._specified(name)
        if name is not None:
            spec.check()  # before anything depends on it
        return spec.defaults, spec.isolated

    def _specified(self, name: str | None) -> TransportSpec:
        if name is not None:
            return self._plugins.transport(name, asynchronous=self._asynchronous)
        specs = [self._plugins.transport(each, asynchronous=self._asynchronous) for each in self._order]
        return next((spec for spec in specs if spec.installed), specs[0])

    def settle(self, name: str | None, settings: TransportSettings) -> None:
        """Make sure that the transport can be used; nothing is imported.

        Args:
            name: what all settings together say.
            settings: what the client wants of it.

        Raises:
            InvalidConfiguration: there is none of this name, it is not installed, or it is no transport.
        """
        if self.by_name:
            self._spec = self._specified(name)
            if self._spec.wraps:
                _, plus, inner = (name or "").partition("+")
                self._inner = self._specified(inner if plus else None)
                if self._inner.wraps:
                    raise InvalidConfiguration(
                        f"Transport {name!r}: {inner} sends through another one, too; name one that sends by itself"
                    )
                self._inner.check(settings)
            else:
                self._spec.check(settings)
            self._settings = settings
            if not settings.verify:
                warnings.warn(
                    "verify is off: whoever is between this program and the API reads and changes what is sent. "
                    "To trust a certificate of your own, name it as ca_bundle",
                    InsecureWarning,
                    stacklevel=3,
                )
        else:
            self.opened.append(_checked(self._given, self._asynchronous))

    def announce(self, secrets: Iterable[str]) -> None:
        """Tell the client's secrets to a transport that writes down what it exchanges: one that has ``hide``."""
        self._secrets = tuple(map(as_secret, secrets))
        for transport in self.opened:
            self._tell(transport)

    def _tell(self, transport: Any) -> None:
        hide = getattr(transport, "hide", None)
        if callable(hide):
            hide([secret.reveal() for secret in self._secrets])

    def open(self) -> Any:
        """Return the transport; made when it is first needed, for HTTP libraries take long to import."""
        if not self.opened:
            if self._spec is None:
                raise ClientClosed("This client is closed; make a new one")
            # Of two threads that come here at once, both append and the first counts; the other
            # transport has no connections yet.
            try:
                transport = self._spec.open(self._settings, asynchronous=self._asynchronous, inner=self._open_inner)
            except (RuntimeError, ImportError) as error:
                raise at_exit(error) or error from None
            self._tell(transport)
            self.opened.append(transport)
        return self.opened[0]

    def warm(self, urls: Iterable[str]) -> None:
        """Make the transport, and have it do what its first requests would do: import, read files, load certificates.

        Args:
            urls: of what it will send to.
        """
        warm = getattr(self.open(), "warm", None)
        if callable(warm):
            warm(tuple(urls))

    def _open_inner(self) -> Any:
        assert self._inner is not None
        return self._inner.open(self._settings, asynchronous=self._asynchronous)

    def closing(self) -> list[Any]:
        """Return what the client has to close; nothing can be opened after it. What the caller gave stays open."""
        self._spec = None
        return self.opened if self.by_name else []


async def off_the_loop(work: Callable[[], T]) -> T:
    """Run something in a thread while the loop goes on: asyncio's, or trio's.

    Neither is imported: where it runs, it is there. In another kind of loop it is done at once.
    """
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return await trio.to_thread.run_sync(work)  # type: ignore[no-any-return]
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not _runs(asyncio):
        return work()
    return await asyncio.to_thread(work)  # type: ignore[no-any-return]


def _runs(asyncio: Any) -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _checked(transport: Any, asynchronous: bool) -> Any:
    send = getattr(transport, "send", None)
    if isinstance(transport, type):
        raise InvalidConfiguration(f"transport must be an object: {transport.__name__}(...), not the class itself")
    if not callable(send):
        raise InvalidConfiguration(
            f"transport must be a name or an object with send(request), not {type(transport).__name__}"
        )
    lacking = [name for name in _METHODS if not callable(getattr(transport, name, None))]
    if lacking:
        base = "AsyncTransport" if asynchronous else "SyncTransport"
        raise InvalidConfiguration(
            f"transport {type(transport).__name__} has no {', '.join(lacking)}: "
            f"derive it from ovhcore_transports.{base}"
        )
    if inspect.iscoroutinefunction(send) != asynchronous:
        kind = "AsyncClient needs an asynchronous" if asynchronous else "Client needs a synchronous"
        raise InvalidConfiguration(f"{kind} transport; {type(transport).__name__} is of the other kind")
    return transport
