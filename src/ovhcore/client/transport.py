"""A client's transport: chosen by name and made when first needed, or given by the caller."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..exceptions import ClientClosed, InvalidConfiguration
from ..flows.interpreter_exit import at_exit
from ..plugins import TransportSettings, TransportSpec
from ..plugins.manager import Plugins
from ..protocol.redaction import as_secret

if TYPE_CHECKING:
    from ..flows.transports.extensions import HidingTransport, TransportWithDefaults, WarmableTransport

__all__ = ["ClientTransport", "InsecureWarning", "TransportSelection", "off_the_loop", "select_transport"]

T = TypeVar("T")

_METHODS: Final = ("sleep", "clock", "uniform", "once", "gather", "stream", "close")


class InsecureWarning(UserWarning):
    """Servers are not verified: anybody in between can read and change what is sent."""


class TransportSelection:
    """The transport that was selected for a client; nothing of it is imported yet.

    Attributes:
        asynchronous: whether it is for ``async`` code.
        given: the caller's own transport; None for one that is chosen by name.
        spec: the description of the transport that is chosen by name.
        inner: the description of the one that it sends through, if it wraps one.
    """

    __slots__ = ("asynchronous", "given", "inner", "spec")

    def __init__(
        self, asynchronous: bool, given: Any, spec: TransportSpec | None = None, inner: TransportSpec | None = None
    ) -> None:
        self.asynchronous = asynchronous
        self.given = given
        self.spec = spec
        self.inner = inner

    @property
    def defaults(self) -> Mapping[str, str]:
        """Settings that the transport brings along, for those that no place says."""
        if self.spec is None:
            if not hasattr(self.given, "defaults"):
                return {}
            given: TransportWithDefaults = self.given
            return given.defaults or {}
        return self.spec.defaults

    @property
    def isolated(self) -> bool:
        """Whether the credentials of environment and files are not meant for the transport."""
        return self.spec is not None and self.spec.isolated

    def check(self, settings: TransportSettings) -> None:
        """Make sure that a transport chosen by name can be used as the client wants it.

        Raises:
            InvalidConfiguration: the transport is not installed, or cannot do what the settings say.
        """
        sends = self.inner or self.spec
        if sends is not None:
            sends.check(settings)

    def open(self, settings: TransportSettings) -> Any:
        """Make the transport; its HTTP library is imported."""
        assert self.spec is not None
        return self.spec.open(settings, asynchronous=self.asynchronous, inner=lambda: self._open_inner(settings))

    def _open_inner(self, settings: TransportSettings) -> Any:
        assert self.inner is not None
        return self.inner.open(settings, asynchronous=self.asynchronous)


def select_transport(
    transport: Any, name: str | None, plugins: Plugins, order: tuple[str, ...], *, asynchronous: bool
) -> TransportSelection:
    """Choose a client's transport.

    Args:
        transport: what the caller gave: a name, its own transport, or None.
        name: the name that the settings say; None for the default one.
        plugins: they offer transports.
        order: the names of the default ones; the first that is installed counts.
        asynchronous: whether it is for ``async`` code.

    Raises:
        InvalidConfiguration: there is no transport of this name, it is not installed, or ``transport`` is no transport.
    """
    if transport is not None and not isinstance(transport, str):
        return TransportSelection(asynchronous, _checked(transport, asynchronous))

    def specified(name: str | None) -> TransportSpec:
        if name is not None:
            return plugins.transport(name, asynchronous=asynchronous)
        specs = [plugins.transport(each, asynchronous=asynchronous) for each in order]
        return next((spec for spec in specs if spec.installed), specs[0])

    spec = specified(name)
    if name is not None:
        spec.check()  # before anything depends on it
    if not spec.wraps:
        return TransportSelection(asynchronous, None, spec)
    _, plus, inner = (name or "").partition("+")
    sends = specified(inner if plus else None)
    if sends.wraps:
        raise InvalidConfiguration(
            f"Transport {name!r}: {inner} sends through another one, too; name one that sends by itself"
        )
    return TransportSelection(asynchronous, None, spec, sends)


class ClientTransport:
    """The transport of one client: opened when it is first needed, for HTTP libraries take long to import.

    Args:
        selection: the transport that was selected.
        settings: the client's settings for it.
        secrets: the secrets of the client, for transports that write down what they exchange; see
            :class:`.HidingTransport`.
    """

    def __init__(self, selection: TransportSelection, settings: TransportSettings, secrets: Iterable[str]) -> None:
        self.opened: list[Any] = []
        self._selection: TransportSelection | None = selection
        self._settings = settings
        self._secrets = tuple(map(as_secret, secrets))
        self._is_ours = selection.spec is not None
        if not self._is_ours:
            self._tell(selection.given)
            self.opened.append(selection.given)

    def _tell(self, transport: Any) -> None:
        if callable(getattr(transport, "hide", None)):
            writing: HidingTransport = transport
            writing.hide([secret.reveal() for secret in self._secrets])

    def open(self) -> Any:
        """Return the transport.

        Raises:
            ClientClosed: the client was closed before, or the interpreter is shutting down.
        """
        if not self.opened:
            if self._selection is None:
                raise ClientClosed("This client is closed; make a new one")
            # If two threads come here at once, both append and the first one counts; the other
            # transport has no connections yet.
            try:
                transport = self._selection.open(self._settings)
            except (RuntimeError, ImportError) as error:
                raise at_exit(error) or error from None
            self._tell(transport)
            self.opened.append(transport)
        return self.opened[0]

    def warm(self, urls: Iterable[str]) -> None:
        """Make the transport, and have it do what its first requests would do: import, read files, load certificates.

        Args:
            urls: the URLs that it will send to.
        """
        transport = self.open()
        if callable(getattr(transport, "warm", None)):
            warmable: WarmableTransport = transport
            warmable.warm(tuple(urls))

    def closing(self) -> list[Any]:
        """Return the transports that the client has to close, and open none after this. The caller's own stays open."""
        self._selection = None
        return self.opened if self._is_ours else []


async def off_the_loop(work: Callable[[], T]) -> T:
    """Run a function in a thread while the loop goes on: asyncio's, or trio's.

    Neither library is imported: where its loop runs, it is loaded. In another kind of loop the function runs at once.
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
    """Return the caller's transport; refuse what is none, or one of the other kind."""
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
