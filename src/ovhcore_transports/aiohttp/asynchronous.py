"""The default transport for ``AsyncClient``: aiohttp, on asyncio.

The transport uses a session of aiohttp. The session keeps no cookies, follows no redirects, sends nothing twice,
decompresses nothing, and sends the URL as it was signed. When the transport is opened, :func:`.check_library` looks
for the names that it needs and aiohttp's documentation does not have.

The transport differs from the others in this:

* If garbage follows an answer in the same packet, aiohttp loses the answer, too, and the transport raises
  :class:`.ProtocolError`.
* If garbage comes in the middle of a body, in a packet of its own, aiohttp does not report it, and the
  exchange fails when the read timeout has passed.
* If nobody answers a handshake through a proxy's tunnel, the error names the proxy.
* aiohttp takes an answer of another protocol, as ``RTSP/1.0``, for HTTP.
* The read timeout covers the whole head of the answer, with the informational ones before it, and
  begins again with each piece of a large request and of the body of an answer.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from inspect import signature
from math import inf
from typing import Any, Final, NamedTuple
from weakref import finalize

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ovhcore import exceptions as exc
from ovhcore._internal import at_exit
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Response, Timeout, split_url

from ..base.asynchronous import AsyncTransport, only_on_asyncio, within
from ..base.deadlines import pool_timeout, total_timeout
from ..base.loop_timers import deadlines_of
from ..http.bodies import ACCEPTED, check_length, decompressed, too_large
from ..http.failures import ENDED, RESETS, causes_of, reason_of
from ..http.idle import keeps_connections
from ..http.libraries.logs import redact_logs
from ..http.libraries.slots import Slots
from ..http.proxies import Proxy, proxy_for, read_proxy
from ..http.tls import tls_context
from .pool import Connector, NoCookies, NotConnected, Pieces, TimedExchange, check_library, exchange_of_task
from .responses import MAX_FIELDS, AiohttpHeaders, more_of, refusal, whole_body

__all__ = ["AsyncAiohttpTransport"]

_AUTOMATIC: Final = ("User-Agent", "Accept", "Content-Type")
_BARE: Final = frozenset({"GET", "DELETE", "HEAD"})
_LARGE: Final = 1 << 16
_MAX_LINE: Final = 1 << 18
# An event loop needs this many turns to close the sockets of cut exchanges, and to end the tasks that wrote.
_TURNS: Final = 8
_CUT_OFF: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_PATIENT: Final = aiohttp.ClientTimeout(sock_connect=None)  # each TimedExchange has its own timers
# aiohttp limits the number of fields since 3.14.
_MORE: Final[dict[str, Any]] = (
    {"max_headers": MAX_FIELDS} if "max_headers" in signature(aiohttp.ClientSession).parameters else {}
)

# Failures after there was a connection: the first row that fits anything in the chain of causes counts.
_FAILURES: Final[tuple[tuple[tuple[type[BaseException], ...], type[exc.NetworkError], str], ...]] = (
    ((TimeoutError,), exc.ReadTimeout, "the server was silent for {read:g} s"),
    (_CUT_OFF, exc.ConnectionLost, ENDED),
    ((ssl.SSLError,), exc.TLSError, "TLS failed"),
    ((aiohttp.ClientResponseError,), exc.ProtocolError, "the answer is not HTTP"),
    ((aiohttp.ClientError, OSError), exc.ConnectionLost, ENDED),
)


class _Route(NamedTuple):
    """The way to an origin.

    Attributes:
        slots: the slots, one for each connection.
        proxy: the proxy to use; None for none.
        options: arguments for aiohttp.
        fields: header fields for the proxy in each request.
    """

    slots: Slots
    proxy: Proxy | None
    options: dict[str, Any]
    fields: dict[str, str]

    def __repr__(self) -> str:
        return f"_Route({self.proxy!r})"


class _LoopConnections:
    """The connections of one event loop; ``exchanges`` holds those under way."""

    __slots__ = ("connector", "deadlines", "exchanges", "finalizer", "loop", "routes", "session")

    finalizer: AsyncGenerator[None, None]

    def __init__(self, context: ssl.SSLContext) -> None:
        self.loop = asyncio.get_running_loop()
        self.deadlines = deadlines_of(self.loop)
        self.connector = Connector(context)
        self.session = aiohttp.ClientSession(
            connector=self.connector,
            cookie_jar=NoCookies(),
            auto_decompress=False,
            timeout=_PATIENT,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            **_MORE,
        )
        self.routes: dict[str, _Route] = {}
        self.exchanges: set[TimedExchange] = set()

    async def close(self) -> None:
        """Cut off exchanges under way, and close all connections."""
        for exchange in self.exchanges:
            exchange.cut()
        self.connector.cut()
        await self.session.close()

    def forget(self) -> None:
        """Drop connections whose event loop has ended; nothing can close them any more."""
        closing = self.session.close()
        with suppress(StopIteration):
            closing.send(None)  # nothing waits, so one step ends it


async def _finalizer(held: dict[asyncio.AbstractEventLoop, _LoopConnections]) -> AsyncGenerator[None, None]:
    # An event loop that ends closes its asynchronous generators; this one closes the connections.
    loop = asyncio.get_running_loop()
    opened = held[loop]
    try:
        yield
    finally:
        held.pop(loop, None)
        await opened.close()
        for _ in range(_TURNS):
            await asyncio.sleep(0)


def _drop(held: dict[asyncio.AbstractEventLoop, _LoopConnections]) -> None:
    for loop, opened in held.items():
        if loop.is_closed():
            opened.forget()
        else:
            del opened.finalizer  # asyncio closes a generator that nobody holds


class AsyncAiohttpTransport(AsyncTransport):
    """Send requests with aiohttp: pooled, TLS verified, nothing redirected, nothing retried.

    Connections belong to the event loop that opened them; each later loop opens its own.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used, or aiohttp lacks a name that
            the transport relies on.
    """

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        check_library()
        redact_logs(("aiohttp",))
        self._settings = settings
        self._closed = False
        self._open: dict[asyncio.AbstractEventLoop, _LoopConnections] = {}
        finalize(self, _drop, self._open).atexit = False
        self._tls = tls_context(settings)
        if settings.proxy is not None:
            read_proxy(settings.proxy)
        keeps_connections(self)

    def idle(self) -> Iterable[tuple[str, int]]:
        """Return origins, and how many connections to each are kept and not in use; from any thread."""
        return [each for opened in list(self._open.values()) for each in opened.connector.idle(opened.exchanges)]

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        timeout = request.timeout or self._settings.timeout
        origin, target = split_url(request.url)
        url = URL(request.url, encoded=True)
        if url.raw_path_qs != target or not target.isascii():
            raise exc.InvalidRequest("the URL has a spelling that aiohttp would change")
        try:
            opened = self._open[asyncio.get_running_loop()]
        except (KeyError, RuntimeError):  # under trio asyncio has no running loop
            opened = None
        if opened is None or self._closed:
            opened = await self._opened()
        loop = opened.loop
        now = loop.time()
        until = inf if timeout.total is None else now + timeout.total
        route = opened.routes.get(origin)
        if route is None:
            route = opened.routes[origin] = self._route(origin)
        if route.slots.free:
            route.slots.free -= 1
        else:
            if not await within(timeout, origin, route.slots.wait(timeout.read)):
                del opened, route  # for the reason at the end
                raise pool_timeout(timeout, origin)
            if self._closed:
                route.slots.release()
                del opened, route
                raise exc.ClientClosed("The transport is closed")
            now = loop.time()
        exchange = TimedExchange(opened.deadlines, loop, timeout, now, until)
        opened.exchanges.add(exchange)
        fields = raw = body = None
        try:
            fields = CIMultiDict(request.headers.pairs)
            if "Accept-Encoding" not in fields:
                fields["Accept-Encoding"] = ACCEPTED
            if route.fields:
                fields.update(route.fields)
            exchange_of_task.set(exchange)
            raw = await opened.session.request(
                request.method,
                url,
                allow_redirects=False,
                headers=fields,
                skip_auto_headers=_skipped(request, fields),
                data=_body(request, exchange) if request.body else None,
                **route.options,
            )
            refused = refusal(raw)
            if refused is not None:
                raw.close()
                raise exc.ProtocolError(refused)
            body = whole_body(raw)
            if body is None:
                body = await self._read(raw, exchange)
            elif len(body) > self._settings.max_response_size:
                exchange.lets_go()
                raise too_large(self._settings.max_response_size)
            exchange.is_done()
            return Response(raw.status, AiohttpHeaders(raw.raw_headers), body)
        except BaseException as error:
            ended = exchange.ended_by(error)
            if isinstance(ended, (aiohttp.ClientError, OSError, ValueError)):
                failure = _failure(ended, origin, timeout, route.proxy, exchange)
            else:  # cancelled, most often
                failure = at_exit(ended) or causes_of(ended)[0]
            del ended
        finally:
            opened.exchanges.discard(exchange)
            route.slots.release()
            if self._closed and not opened.exchanges and opened in self._open.values():
                await opened.finalizer.aclose()
        # A traceback shows its frames: they must hold no signed headers and no password.
        del opened, route, fields, raw, body, url, target
        raise failure

    async def _read(self, raw: aiohttp.ClientResponse, exchange: TimedExchange) -> bytes:
        limit = self._settings.max_response_size
        content = raw.content
        try:
            length = raw.content_length
            check_length(length or 0, limit, raw.method, raw.status)
            body = content.read_nowait()  # most often the whole body has come by now
            if not content.at_eof():
                chunks = [body]
                size = len(body)
                while size <= limit and not content.at_eof():
                    exchange.progresses()
                    chunks.append(content.read_nowait() or await more_of(content, exchange.is_closing))
                    size += len(chunks[-1])
                body = b"".join(chunks)
            if len(body) > limit:
                raise too_large(limit)
            if length is None and "Transfer-Encoding" not in raw.headers:
                exchange.ends_well()
        except BaseException:
            if raw.closed:
                exchange.lets_go()
            else:
                exchange.fails()
                raw.close()
            raise
        encoding = raw.headers.get("Content-Encoding")
        if encoding is None:
            return body
        return decompressed(body, ", ".join(raw.headers.getall("Content-Encoding")), limit)

    async def _opened(self) -> _LoopConnections:
        if self._closed:
            raise exc.ClientClosed("The transport is closed")
        only_on_asyncio("aiohttp")
        for loop in [loop for loop in self._open if loop.is_closed()]:
            self._open.pop(loop).forget()
        loop = asyncio.get_running_loop()
        opened = self._open[loop] = _LoopConnections(self._tls)
        opened.finalizer = _finalizer(self._open)
        await anext(opened.finalizer)
        return opened

    def _route(self, origin: str) -> _Route:
        if "@" in origin:
            raise exc.InvalidRequest("the URL of a request must not name a user")
        slots = Slots(self._settings.pool_size)
        proxy = proxy_for(self._settings.proxy, origin)
        if proxy is None:
            return _Route(slots, None, {}, {})
        if origin.startswith("http:"):
            return _Route(slots, proxy, {"proxy": URL(proxy.url)}, proxy.headers)
        return _Route(slots, proxy, {"proxy": URL(proxy.url), "proxy_headers": proxy.headers}, {})

    def warm(self, urls: Sequence[str]) -> None:
        """Read beforehand which proxies to use; the rest was done when the transport was made."""
        super().warm(urls)
        for url in urls:
            proxy_for(self._settings.proxy, split_url(url)[0])

    async def close(self) -> None:
        """Close the connections of the running loop, or let the last call under way close them. May be called again."""
        self._closed = True
        opened = self._open.get(asyncio.get_running_loop()) if self._open else None
        if opened is not None and not opened.exchanges:
            await opened.finalizer.aclose()


def _skipped(request: Request, fields: CIMultiDict[str]) -> list[str] | None:
    # aiohttp takes longer with an empty list than with None.
    if "User-Agent" in fields and "Accept" in fields and not request.body and request.method in _BARE:
        return None
    return [name for name in _AUTOMATIC if name not in fields] or None


def _body(request: Request, exchange: TimedExchange) -> bytes | Pieces:
    body = request.body
    return Pieces(body, exchange) if len(body) > _LARGE else body


def _failure(
    error: BaseException, origin: str, timeout: Timeout, proxy: Proxy | None, exchange: TimedExchange
) -> BaseException:
    causes = causes_of(error)
    if exchange.is_over:
        return total_timeout(timeout, origin)
    if not exchange.connected:
        if isinstance(error, NotConnected):
            assert error.__cause__ is not None
            error = error.__cause__
            causes = causes[1:]
        kind, said = _unconnected(error, causes, origin, proxy)
        if exchange.closed:
            kind, said = exc.ConnectError, "the transport was closed"
    elif isinstance(error, ValueError):
        return exc.InvalidRequest("the request cannot be written as HTTP")
    elif exchange.closed:
        kind, said = exc.ConnectionLost, ENDED
    elif exchange.garbled:
        return exc.ProtocolError(f"{origin}: the answer is not HTTP")
    else:
        kind, said = next(row[1:] for row in _FAILURES if any(isinstance(cause, row[0]) for cause in causes))
    said = said.format(connect=timeout.connect, read=timeout.read, proxy=proxy and proxy.url)
    failure = kind(f"{origin}: {said}{reason_of(causes)}")
    # The texts of other errors quote the answer, which may repeat the request, or hold the request itself.
    if all(isinstance(cause, OSError) for cause in causes):
        failure.__cause__ = error
    return failure


def _unconnected(
    error: BaseException, causes: list[BaseException], origin: str, proxy: Proxy | None
) -> tuple[type[exc.NetworkError], str]:
    by_tls = any(isinstance(cause, ssl.SSLError) for cause in causes)
    if proxy is not None and (not by_tls or _is_at(error, URL(proxy.url))):
        return exc.ProxyError, "the proxy {proxy} refused or failed"
    if isinstance(error, TimeoutError):
        return exc.ConnectTimeout, "no connection within {connect:g} s"
    if by_tls:
        return exc.TLSError, "TLS failed"
    # Asyncio says so when its own limit for a handshake, a minute, has passed.
    if any(isinstance(cause, ConnectionAbortedError) and cause.errno is None for cause in causes):
        return exc.ConnectTimeout, "the TLS handshake took too long"
    if any(isinstance(cause, RESETS) for cause in causes):
        return (exc.TLSError, "TLS failed") if origin.startswith("https:") else (exc.ConnectionLost, ENDED)
    return exc.ConnectError, "no connection could be made"


def _is_at(error: BaseException, proxy: URL) -> bool:
    """Say whether a connection failed on the way to a proxy, and not behind it."""
    return isinstance(error, aiohttp.ClientConnectorError) and (error.host, error.port) == (proxy.host, proxy.port)
