"""The default transport for ``AsyncClient``: httpx, on asyncio.

httpx's own transports, used directly: its client would add cookies, look for passwords in
``~/.netrc`` and read proxies in its own way. The request target is handed over as it was
signed.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

import httpx

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Headers, Request, Response, Timeout
from ovhcore.protocol.urls import split_url

from .asynchronous import AsyncTransport
from .bodies import ACCEPTED, decompressed, encoding_is_chosen, too_large
from .failures import causes_of, reason_of
from .proxies import Proxy, proxy_for, read_proxy
from .tls import tls_context

__all__ = ["AsyncHttpxTransport", "open_async"]

_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)

# The first row that fits.
_FAILURES: Final[tuple[tuple[type[BaseException], type[exc.NetworkError], str], ...]] = (
    (httpx.PoolTimeout, exc.PoolTimeout, "no pooled connection became free within {read:g} s"),
    (httpx.ConnectTimeout, exc.ConnectTimeout, "no connection within {connect:g} s"),
    (httpx.TimeoutException, exc.ReadTimeout, "the server was silent for {read:g} s"),
    (httpx.ProxyError, exc.ProxyError, "the proxy {proxy} refused or failed"),
    (httpx.ConnectError, exc.ConnectError, "no connection could be made"),
    (httpx.RemoteProtocolError, exc.ProtocolError, "the answer is not HTTP"),
    (httpx.NetworkError, exc.ConnectionLost, "the connection ended before the answer was complete"),
    (httpx.HTTPError, exc.ProtocolError, "the answer cannot be read"),
)
# How h11 and httpcore say that it was the connection that ended.
_ENDED: Final = ("disconnected", "closed connection")

_Open = dict[Proxy | None, httpx.AsyncHTTPTransport]


def open_async(settings: TransportSettings) -> AsyncHttpxTransport:
    """Make the transport for a client."""
    return AsyncHttpxTransport(settings)


class AsyncHttpxTransport(AsyncTransport):
    """Send requests with httpx: pooled, TLS verified, nothing redirected, nothing retried.

    Connections belong to the event loop that opened them; a loop that comes after another
    opens its own.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._settings = settings
        self._closed = False
        self._open: dict[asyncio.AbstractEventLoop, _Open] = {}
        self._proxies: dict[str, Proxy | None] = {}
        self._tls = tls_context(settings.ca_bundle)
        if settings.proxy is not None:
            read_proxy(settings.proxy)

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        if self._closed:
            raise exc.ClientClosed("The transport is closed")
        origin, target = split_url(request.url)
        if origin not in self._proxies:
            self._proxies[origin] = proxy_for(self._settings.proxy, origin)
        proxy = self._proxies[origin]
        timeout = request.timeout or self._settings.timeout
        try:
            raw = await self._transport(proxy).handle_async_request(_built(request, origin, target, timeout, proxy))
            try:
                fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.headers.raw)
                return Response(raw.status_code, Headers(fields), await self._read(raw))
            finally:
                await raw.aclose()
        except (httpx.HTTPError, OSError) as error:
            failure = _failure(error, origin, timeout, proxy)
        # Raised here: the frames of the HTTP library hold signed headers.
        raise failure

    def _transport(self, proxy: Proxy | None) -> httpx.AsyncHTTPTransport:
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop)
        if opened is None:
            # What a loop left behind that has ended can no longer be closed.
            self._open = {other: held for other, held in self._open.items() if not other.is_closed()}
            opened = self._open[loop] = {}
        transport = opened.get(proxy)
        if transport is None:
            transport = opened[proxy] = httpx.AsyncHTTPTransport(
                verify=self._tls,
                trust_env=False,
                limits=_LIMITS,
                proxy=None
                if proxy is None
                else httpx.Proxy(
                    proxy.url,
                    headers=proxy.headers,
                    ssl_context=self._tls if proxy.url.startswith("https:") else None,
                ),
            )
        return transport

    async def _read(self, raw: httpx.Response) -> bytes:
        limit = self._settings.max_response_size
        body = bytearray()
        async for chunk in raw.aiter_raw():
            body += chunk
            if len(body) > limit:
                raise too_large(limit)
        return decompressed(bytes(body), raw.headers.get("content-encoding", ""), limit)

    async def close(self) -> None:
        """Close the connections of the running loop. May be called again."""
        self._closed = True
        for transport in self._open.pop(asyncio.get_running_loop(), {}).values():
            await transport.aclose()


def _built(request: Request, origin: str, target: str, timeout: Timeout, proxy: Proxy | None) -> httpx.Request:
    headers = list(request.headers.pairs)
    if not encoding_is_chosen(name for name, _ in headers):
        headers.append(("Accept-Encoding", ACCEPTED))
    url = f"{origin}/"
    extensions: dict[str, Any] = {
        "timeout": {"connect": timeout.connect, "read": timeout.read, "write": timeout.read, "pool": timeout.read},
    }
    if proxy is None:
        extensions["target"] = target.encode("ascii")
    elif origin.startswith("http:"):
        extensions["target"] = request.url.encode("ascii")  # a proxy wants all of it (RFC 9112, 3.2.2)
    else:
        # A target would also become that of CONNECT. The URL is in a spelling that httpx leaves alone.
        url = request.url
    return httpx.Request(request.method, url, headers=headers, content=request.body or None, extensions=extensions)


def _failure(error: BaseException, origin: str, timeout: Timeout, proxy: Proxy | None) -> exc.NetworkError:
    causes = causes_of(error)
    kind, said = next((row[1:] for row in _FAILURES if isinstance(error, row[0])), (exc.ConnectionLost, "failed"))
    if kind is exc.ConnectError and any(isinstance(cause, ssl.SSLError) for cause in causes):
        kind, said = exc.TLSError, "TLS failed"
    elif kind in (exc.ConnectError, exc.ConnectTimeout) and proxy is not None:
        kind, said = exc.ProxyError, "the proxy {proxy} refused or failed"
    elif kind is exc.ProtocolError and any(words in str(error) for words in _ENDED):
        kind, said = exc.ConnectionLost, "the connection ended before the answer was complete"
    vars(error).pop("_request", None)  # it holds the signed headers
    said = said.format(connect=timeout.connect, read=timeout.read, proxy=proxy and proxy.url)
    failure = kind(f"{origin}: {said}{reason_of(causes)}")
    if not isinstance(error, (httpx.RemoteProtocolError, httpx.LocalProtocolError)):
        failure.__cause__ = error
    return failure
