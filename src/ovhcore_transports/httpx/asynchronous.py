"""httpx's connections for asyncio and trio."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from types import ModuleType

import anyio

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Response, Timeout, split_url

from ..base.asynchronous import AsyncTransport, in_trio, within
from ..base.deadlines import pool_timeout
from ..http.idle import keeps_connections
from .asyncio_wire import AsyncioWire
from .exchanges import OPEN, TLS, Common, Link, Route, bare
from .wires import WrappedWire

__all__ = ["AsyncHttpxTransport"]


class _Wire(WrappedWire):
    """A stream of httpcore's own: on trio, and for TLS within TLS on asyncio, whose own TLS has its faults there."""

    @classmethod
    async def connect(cls, core: ModuleType, host: str, port: int) -> _Wire:
        """Connect."""
        backend = core.TrioBackend() if in_trio() else core.AnyIOBackend()
        return cls(core, await backend.connect_tcp(host, port))

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes and return them; none at the end of the connection."""
        self.check()
        if rest := self.rest():
            await self._send(rest, timeout)
        return self.note(await self._stream.read(max_bytes, timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        if piece := self.held(buffer):
            await self._send(piece, timeout)

    async def _send(self, data: bytes, timeout: float | None) -> None:
        # A server may answer and close before it has read all; what it answered is there to be read.
        with suppress(self._core.WriteError):
            await self._stream.write(data, timeout)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS."""
        self._stream = await self._stream.start_tls(context, host)

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()


class _Link(Link):
    """A connection for asynchronous code."""

    def __init__(self, route: Route) -> None:
        super().__init__(route)
        twice = route.secure and route.hop_secure
        self._on: type[AsyncioWire | _Wire] = _Wire if twice or in_trio() else AsyncioWire

    async def open(self, timeout: Timeout) -> None:
        """Connect."""
        route = self.route
        with anyio.fail_after(timeout.connect):
            wire = self.wire = await self._on.connect(route.core, *route.hop)
            if route.hop_secure:
                await wire.start_tls(route.tls(True), route.hop[0])
            if route.secure:
                if route.proxy is not None:
                    agent = route.connection("AsyncHTTP11Connection", wire)
                    route.check(await agent.handle_async_request(route.connect_request()))
                self.stage = TLS
                await wire.start_tls(route.tls(False), route.host)
                self.http2 = wire.protocol == "h2"
            self.connection = route.connection("AsyncHTTP2Connection" if self.http2 else "AsyncHTTP11Connection", wire)
            self.stage = OPEN

    async def close(self) -> None:
        """Close the connection."""
        if self.wire is not None:
            await self.wire.aclose()


class _Pool:
    """The connections of one loop to one origin."""

    def __init__(self, route: Route, size: int) -> None:
        self.route = route
        self.slots = anyio.Semaphore(size)
        self.idle: list[_Link] = []

    async def take_slot(self, timeout: Timeout) -> None:
        """Wait for a place.

        Raises:
            PoolTimeout: no place became free.
        """
        with suppress(anyio.WouldBlock):
            self.slots.acquire_nowait()
            return
        with anyio.move_on_after(timeout.read):
            await self.slots.acquire()
            return
        raise pool_timeout(timeout, self.route.origin)

    async def take(self) -> _Link:
        """Return a connection that is open, or one to be opened. The caller must have a place for it."""
        while self.idle:
            link = self.idle.pop()
            if not link.wire.get_extra_info("is_readable"):
                return link
            await link.close()
        return _Link(self.route)


class _LoopConnections:
    """The connections of a transport in one loop, with a generator that closes them when the loop ends."""

    def __init__(self, forget: Callable[[], object]) -> None:
        self.closed = False
        self.pools: dict[str, _Pool] = {}
        # Loops finish the generators that were begun in them, asyncio's and trio's alike.
        self.finalizer = _finalizer(self, forget)

    async def close(self) -> None:
        """Close the idle connections, and from now on those that come back."""
        self.closed = True
        with anyio.CancelScope(shield=True):
            for pool in self.pools.values():
                while pool.idle:
                    await pool.idle.pop().close()


async def _finalizer(loop: _LoopConnections, forget: Callable[[], object]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        forget()
        await loop.close()


class AsyncHttpxTransport(AsyncTransport):
    """Send requests with httpx's connections: kept alive, TLS verified, nothing redirected, nothing retried.

    Runs on asyncio and on trio. Connections belong to the loop that opened them; a loop that
    comes after another opens its own.

    Args:
        settings: timeout, proxy, certificates, size limit.
        core: name of the module that the connections come from.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    def __init__(self, settings: TransportSettings, core: str) -> None:
        super().__init__()
        self._common = Common(settings, core)
        self._closed = False
        self._loops: dict[object, _LoopConnections] = {}
        keeps_connections(self)

    def idle(self) -> Iterable[tuple[str, int]]:
        """Return origins, and how many connections to each are kept and not in use; from any thread."""
        pools = [each for loop in list(self._loops.values()) for each in list(loop.pools.items())]
        return [(origin, len(pool.idle)) for origin, pool in pools]

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        if self._closed:
            raise exc.ClientClosed("The transport is closed")
        origin, target = split_url(request.url)
        loop = self._loops.get(_running())
        if loop is None:
            loop = await self._open_loop()
        pool = loop.pools.get(origin)
        if pool is None:
            pool = _Pool(self._common.route(origin), self._common.settings.pool_size)
            loop.pools[origin] = pool
        timeout = request.timeout or self._common.settings.timeout
        try:
            return await within(timeout, origin, self._exchange(loop, pool, request, target, timeout))
        except BaseException as error:
            failure = bare(error)
        del target  # the target's query may have a token
        # Raised here: the frames of the exchange hold signed headers.
        raise failure

    async def _exchange(
        self, loop: _LoopConnections, pool: _Pool, request: Request, target: str, timeout: Timeout
    ) -> Response:
        await pool.take_slot(timeout)
        try:
            if loop.closed or self._closed:
                raise exc.ClientClosed("The transport is closed")
            return await self._over(await pool.take(), loop, pool, request, target, timeout)
        finally:
            pool.slots.release()

    async def _over(
        self, link: _Link, loop: _LoopConnections, pool: _Pool, request: Request, target: str, timeout: Timeout
    ) -> Response:
        common = self._common
        whole = False
        try:
            if link.stage is not OPEN:
                await link.open(timeout)
            link.wire.start()
            written = link.route.written(request, target, common.limits(timeout))
            raw = await link.connection.handle_async_request(written)
            headers = common.begun(raw, request)
            parts, room = [], common.settings.max_response_size
            async for part in raw.stream:
                parts.append(part)
                room -= len(part)
                if room < 0:
                    link.wire.stopped = True
            await raw.aclose()
            whole = link.reusable and not loop.closed
        except Exception as error:
            failure = common.failure(error, link, timeout)
        else:
            return common.answer(raw.status, headers, b"".join(parts))
        finally:
            if whole:
                pool.idle.append(link)
            else:
                await link.close()
        raise failure

    async def _open_loop(self) -> _LoopConnections:
        # A loop that ended without finishing its generators left connections that can no longer be closed.
        for ended in [key for key in self._loops if isinstance(key, asyncio.AbstractEventLoop) and key.is_closed()]:
            self._loops.pop(ended, None)
        key, loops = _running(), self._loops
        loop = loops[key] = _LoopConnections(lambda: loops.pop(key, None))
        await anext(loop.finalizer)
        return loop

    def warm(self, urls: Sequence[str]) -> None:
        """Load certificates, read which proxies to use, and import the parts of anyio that wait."""
        super().warm(urls)
        self._common.warm(urls)
        for backend in ("asyncio", "trio"):
            if backend in sys.modules:
                # anyio imports what it needs for a loop when it is first used in one.
                anyio.run(anyio.sleep, 0, backend=backend)

    async def close(self) -> None:
        """Close the connections of the running loop, those in use when their calls end. May be called again."""
        self._closed = True
        loop = self._loops.get(_running())
        if loop is not None:
            await loop.finalizer.aclose()


def _running() -> object:
    """Return the object that stands for the running loop."""
    if in_trio():
        import trio

        return trio.lowlevel.current_trio_token()
    return asyncio.get_running_loop()
