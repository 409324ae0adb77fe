"""The default transport for ``AsyncClient``: httpx, on asyncio.

httpx leaves a URL alone that is in the spelling ovhcore writes, so what was signed is sent.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import httpx

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Headers, Request, Response, Timeout

from .asynchronous import AsyncTransport
from .proxies import read_proxy
from .tls import tls_context

__all__ = ["AsyncHttpxTransport", "open_async"]

_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)

# The first row that fits.
_FAILURES: Final[tuple[tuple[type[BaseException], type[exc.NetworkError], str], ...]] = (
    (httpx.PoolTimeout, exc.PoolTimeout, "no pooled connection became free in time"),
    (httpx.ConnectTimeout, exc.ConnectTimeout, "no connection in time"),
    (httpx.TimeoutException, exc.ReadTimeout, "the server was silent for too long"),
    (httpx.ProxyError, exc.ProxyError, "the proxy refused or failed"),
    (httpx.ConnectError, exc.ConnectError, "no connection could be made"),
    (httpx.RemoteProtocolError, exc.ConnectionLost, "the connection ended before the answer was complete"),
    (httpx.NetworkError, exc.ConnectionLost, "the connection ended before the answer was complete"),
    (httpx.HTTPError, exc.ProtocolError, "the answer cannot be read"),
)


def open_async(settings: TransportSettings) -> AsyncHttpxTransport:
    """Make the transport for a client."""
    return AsyncHttpxTransport(settings)


class AsyncHttpxTransport(AsyncTransport):
    """Send requests with httpx: pooled, TLS verified, nothing redirected, nothing retried.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._settings = settings
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        proxy = None if settings.proxy is None else read_proxy(settings.proxy)
        self._proxy = None if proxy is None else httpx.Proxy(proxy.url, auth=proxy.user)
        self._tls = tls_context(settings.ca_bundle)

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        if self._closed:
            raise exc.ClientClosed("The transport is closed")
        if self._loop is not asyncio.get_running_loop():
            self._open()
        try:
            raw = await self._client.send(self._built(request), stream=True, auth=_keep, follow_redirects=False)
            try:
                return Response(raw.status_code, Headers(raw.headers.multi_items()), await self._read(raw))
            finally:
                await raw.aclose()
        except (httpx.HTTPError, OSError) as error:
            failure = _failure(error, request.url)
        # Raised here: the frames of the HTTP library hold signed headers.
        raise failure

    def _open(self) -> None:
        # Connections belong to a loop; those of one that has ended, as in a second asyncio.run, are of no use.
        self._loop = asyncio.get_running_loop()
        self._client = httpx.AsyncClient(
            verify=self._tls,
            proxy=self._proxy,
            trust_env=self._settings.proxy is None,
            timeout=_timeout(self._settings.timeout),
            limits=_LIMITS,
        )

    def _built(self, request: Request) -> httpx.Request:
        return self._client.build_request(
            request.method,
            request.url,
            headers=list(request.headers.pairs),
            content=request.body or None,
            timeout=_timeout(request.timeout or self._settings.timeout),
        )

    async def _read(self, raw: httpx.Response) -> bytes:
        limit = self._settings.max_response_size
        body = bytearray()
        async for chunk in raw.aiter_bytes():
            body += chunk
            if len(body) > limit:
                raise exc.ProtocolError(f"The answer is larger than max_response_size, {limit} bytes")
        return bytes(body)

    async def close(self) -> None:
        """Close the connections. May be called again."""
        self._closed = True
        if self._loop is asyncio.get_running_loop():
            await self._client.aclose()


def _timeout(timeout: Timeout) -> httpx.Timeout:
    return httpx.Timeout(timeout.read, connect=timeout.connect)


def _keep(request: httpx.Request) -> httpx.Request:
    # Without an auth of its own httpx would look for one in ~/.netrc.
    return request


def _failure(error: BaseException, url: str) -> exc.NetworkError:
    link: BaseException | None = error
    causes: list[BaseException] = []
    while link is not None and link not in causes:
        causes.append(link)
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    kind, said = next((row[1:] for row in _FAILURES if isinstance(error, row[0])), (exc.ConnectionLost, "failed"))
    if kind is exc.ConnectError and any(isinstance(cause, ssl.SSLError) for cause in causes):
        kind, said = exc.TLSError, "TLS failed"
    vars(error).pop("_request", None)  # it holds the signed headers
    # What the library says may quote what came, which may repeat what was sent.
    reason = next((c.strerror for c in reversed(causes) if isinstance(c, OSError) and c.strerror), type(error).__name__)
    failure = kind(f"{url[: url.find('/', 8)]}: {said} ({reason})")
    if not isinstance(error, httpx.RemoteProtocolError):
        failure.__cause__ = error
    return failure
