"""Client and AsyncClient: hand flows to the driver, with threads or with asyncio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .. import exceptions
from ..flows.effects import Flow
from ..flows.interpreter_exit import reporting_shutdown
from ..flows.transports.driver import arun, run
from ..protocol.messages import Response
from .base import BaseClient
from .core import ClientKind
from .transport import off_the_loop

if TYPE_CHECKING:
    from .consumer_key import ConsumerKeyRequest
    from .iterators import AsyncObjectIterator, ObjectIterator
    from .typed_methods.awaited import AsyncClientMethods
    from .typed_methods.blocking import ClientMethods
else:
    AsyncClientMethods = ClientMethods = BaseClient

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")
C = TypeVar("C", bound=BaseClient)


# The iterators, and the helper for consumer keys, are loaded with the first of them.


def _objects(*arguments: Any) -> ObjectIterator[Any]:
    with reporting_shutdown:
        from .iterators import ObjectIterator

    return ObjectIterator(*arguments)


def _aobjects(*arguments: Any) -> AsyncObjectIterator[Any]:
    with reporting_shutdown:
        from .iterators import AsyncObjectIterator

    return AsyncObjectIterator(*arguments)


def _collected(coming: ObjectIterator[Any]) -> list[Any]:
    return [value for _, value in sorted(coming, key=itemgetter(0))]


async def _acollected(coming: AsyncObjectIterator[Any]) -> list[Any]:
    return [value for _, value in sorted([pair async for pair in coming], key=itemgetter(0))]


class Client(ClientMethods):
    """A client for ``def`` code; safe to use from many threads.

    >>> with Client(transport="sandbox") as client:
    ...     client.get("/me")["firstname"]
    'Ada'
    """

    _ovhcore_kind = ClientKind(False, ("urllib3", "stdlib"), run, _objects, _collected)

    def call(
        self,
        method: str,
        path: str,
        data: Any = None,
        need_auth: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Make a call and return its JSON value.

        Args:
            method: HTTP method.
            path: path below the endpoint, with its query.
            data: what becomes the JSON body; None for none.
            need_auth: whether to authenticate the call.
            headers: further fields to send.
            timeout: seconds, a number, a pair (connect, read), or three with the end of the whole call.
            options: settings of plugins for this call, as ``{"retry": False}``.

        Raises:
            InvalidRequest: the call cannot be sent as written.
            APIError: the kind that the answer calls for.
        """
        core = self._ovhcore
        request = core.request(method, path, data, need_auth, headers, timeout, options)
        try:
            response = run(core.handle(request), core.transport)
        except exceptions.APIError as error:
            core.redact_error(error, request)
            raise
        return core.decoded(response, request)

    def raw_call(
        self,
        method: str,
        path: str,
        data: Any = None,
        need_auth: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> Response:
        """Make a call and return the response, whatever its status. As :meth:`call` otherwise."""
        core = self._ovhcore
        request = core.request(method, path, data, need_auth, headers, timeout, options)
        return run(core.call_raw(request), core.transport)

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow of your own with this client's transport."""
        return run(flow, self._ovhcore.transport)

    @property
    def time_delta(self) -> int:
        """Seconds the API's clock is ahead of this machine's; asks ``/auth/time`` the first time."""
        core = self._ovhcore
        return round(run(core.time.delta(), core.transport))

    def request_consumerkey(
        self,
        access_rules: Iterable[Mapping[str, Any]],
        redirect_url: str | None = None,
        allowedIPs: Iterable[str] | None = None,  # noqa: N803 - python-ovh's name
    ) -> dict[str, Any]:
        """Ask for a consumer key and use it from now on.

        Args:
            access_rules: what the key should allow, as ``[{"method": "GET", "path": "/me"}]``.
            redirect_url: where the user's browser goes after validation.
            allowedIPs: CIDR blocks the key may be used from; None for all.

        Returns:
            ``validationUrl``, where the user has to log in, ``consumerKey`` and ``state``.

        Raises:
            InvalidKey: there is no application key, or it is not known.
        """
        core = self._ovhcore
        run(core.auth.ready(), core.transport)
        body = core.credential_request(access_rules, redirect_url, allowedIPs)
        return core.take_consumer_key(self.call("POST", "/auth/credential", body, False))  # type: ignore[no-any-return]

    def new_consumer_key_request(self) -> ConsumerKeyRequest[Self]:
        """Return a helper that collects access rules and asks for a consumer key."""
        from .consumer_key import ConsumerKeyRequest

        return ConsumerKeyRequest(self)

    def close(self) -> None:
        """Close the connections. May be called again; calls after it raise :class:`.ClientClosed`."""
        for transport in self._ovhcore.close():
            transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        # This does not call self.close(): subclasses of python-ovh's client may use this name as they like.
        for transport in self._ovhcore.close():
            transport.close()


class AsyncClient(AsyncClientMethods):
    """A client for ``async def`` code: the methods of :class:`.Client`, awaited; safe to use from many tasks."""

    # aiohttp costs least; threads come last.
    _ovhcore_kind = ClientKind(
        True, ("aiohttp", "httpx2", "httpx", "pyreqwest", "urllib3", "stdlib"), arun, _aobjects, _acollected
    )

    @classmethod
    async def open(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a client without blocking the event loop; arguments as for :class:`.Client`.

        Plugins are looked for, files read, the HTTP library imported and certificates loaded in a
        thread. Made by its name, the client does the same in the event loop: a part at once, the
        rest with the first call.

        ::

            async with await AsyncClient.open() as client:
                ...

        Raises:
            InvalidConfiguration: a setting is missing, malformed or contradicts another.
            InvalidRegion: no endpoint is set, or an unknown one.
        """
        make = _Making(cls, args, kwargs)
        del args, kwargs  # a traceback would show them
        return await off_the_loop(make)

    async def call(
        self,
        method: str,
        path: str,
        data: Any = None,
        need_auth: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Make a call and return its JSON value; see :meth:`.Client.call`."""
        core = self._ovhcore
        request = core.request(method, path, data, need_auth, headers, timeout, options)
        try:
            response = await arun(core.handle(request), core.transport)
        except exceptions.APIError as error:
            core.redact_error(error, request)
            raise
        return core.decoded(response, request)

    async def raw_call(
        self,
        method: str,
        path: str,
        data: Any = None,
        need_auth: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> Response:
        """Make a call and return the response, whatever its status; see :meth:`.Client.raw_call`."""
        core = self._ovhcore
        request = core.request(method, path, data, need_auth, headers, timeout, options)
        return await arun(core.call_raw(request), core.transport)

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow of your own with this client's transport."""
        return await arun(flow, self._ovhcore.transport)

    @property
    async def time_delta(self) -> int:
        """Seconds the API's clock is ahead of this machine's; ``await client.time_delta``."""
        core = self._ovhcore
        return round(await arun(core.time.delta(), core.transport))

    async def request_consumerkey(
        self,
        access_rules: Iterable[Mapping[str, Any]],
        redirect_url: str | None = None,
        allowedIPs: Iterable[str] | None = None,  # noqa: N803 - python-ovh's name
    ) -> dict[str, Any]:
        """Ask for a consumer key and use it from now on; see :meth:`.Client.request_consumerkey`."""
        core = self._ovhcore
        await arun(core.auth.ready(), core.transport)
        body = core.credential_request(access_rules, redirect_url, allowedIPs)
        return core.take_consumer_key(await self.call("POST", "/auth/credential", body, False))  # type: ignore[no-any-return]

    def new_consumer_key_request(self) -> ConsumerKeyRequest[Self]:
        """Return a helper that collects access rules and asks for a consumer key."""
        from .consumer_key import ConsumerKeyRequest

        return ConsumerKeyRequest(self)

    async def close(self) -> None:
        """Close the connections. May be called again; calls after it raise :class:`.ClientClosed`."""
        for transport in self._ovhcore.close():
            await transport.close()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        # This does not call self.close(): subclasses of python-ovh's client may use this name as they like.
        for transport in self._ovhcore.close():
            await transport.close()


class _Making(Generic[C]):
    """A function that makes a client in another thread; it prints without the arguments, some of which are secrets."""

    __slots__ = ("_args", "_kind", "_options")

    def __init__(self, kind: type[C], args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._kind = kind
        self._args: list[tuple[Any, ...]] = [args]
        self._options = [options]

    def __call__(self) -> C:
        client = self._kind(*self._args.pop(), **self._options.pop())
        client._ovhcore.warm()
        return client
