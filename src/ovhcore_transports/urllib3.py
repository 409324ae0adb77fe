"""The default transport for ``Client``: urllib3's connection pools, used directly.

urllib3's ``PoolManager`` would follow redirects with credentials and parse each URL anew;
here one pool per origin is kept and given the request target exactly as it was signed.
"""

from __future__ import annotations

import os
import ssl
import threading
from http.client import BadStatusLine, LineTooLong, RemoteDisconnected, UnknownProtocol
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    EmptyPoolError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError as AbortedError
from urllib3.exceptions import ProxyError as ProxyFailure
from urllib3.util import Timeout as Limits
from urllib3.util import make_headers

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Headers, Request, Response, Timeout

from .proxies import Proxy, read_proxy
from .synchronous import SyncTransport
from .tls import tls_context

__all__ = ["POOL_SIZE", "Urllib3Transport", "open_sync"]

POOL_SIZE: Final = 64
"""Connections per origin; a thread that finds them all in use waits for one."""

_NOT_HTTP = (BadStatusLine, LineTooLong, UnknownProtocol)
_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, RemoteDisconnected)

# The first row that fits anything in the chain of causes.
_FAILURES: Final[tuple[tuple[tuple[type[BaseException], ...], type[exc.NetworkError], str], ...]] = (
    ((EmptyPoolError,), exc.PoolTimeout, "no pooled connection became free in time"),
    ((ProxyFailure,), exc.ProxyError, "the proxy refused or failed"),
    # urllib3 counts this one as a kind of the next.
    ((NewConnectionError,), exc.ConnectError, "no connection could be made"),
    ((ConnectTimeoutError,), exc.ConnectTimeout, "no connection in time"),
    ((ReadTimeoutError, TimeoutError), exc.ReadTimeout, "the server was silent for too long"),
    ((DecodeError,), exc.ProtocolError, "the answer cannot be decompressed"),
    (_CUT_OFF, exc.ConnectionLost, "the connection ended before the answer was complete"),
    (_NOT_HTTP, exc.ProtocolError, "the answer is not HTTP"),
    ((ssl.SSLError,), exc.TLSError, "TLS failed"),
    ((AbortedError, OSError), exc.ConnectionLost, "the connection ended before the answer was complete"),
)


def open_sync(settings: TransportSettings) -> Urllib3Transport:
    """Make the transport for a client."""
    return Urllib3Transport(settings)


class Urllib3Transport(SyncTransport):
    """Send requests with urllib3: pooled, TLS verified, nothing redirected, nothing retried.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._settings = settings
        self._closed = False
        self._timeout = _limits(settings.timeout)
        self._pool_timeout: Any = settings.timeout.read  # declared as int, any number of seconds will do
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}
        self._managers: dict[Proxy | None, urllib3.PoolManager] = {}
        self._left_behind: list[object] = []
        self._opening = threading.Lock()
        self._opened_by = os.getpid()
        self._tls: ssl.SSLContext | None = None
        if settings.ca_bundle is not None:
            self._tls_context()
        self._proxy = None if settings.proxy is None else read_proxy(settings.proxy)

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        url = request.url
        start = url.find("/", 8)
        origin = url[:start]
        pool = self._pools.get(origin)
        if pool is None or self._opened_by != os.getpid():
            pool = self._open_pool(origin)
        try:
            raw = pool.urlopen(
                request.method,
                url if pool.proxy is not None and url.startswith("http:") else url[start:],
                request.body or None,
                _fields(request),
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._timeout if request.timeout is None else _limits(request.timeout),
                pool_timeout=self._pool_timeout,
                preload_content=False,
            )
            return Response(raw.status, Headers(tuple(raw.headers.iteritems())), self._read(raw))
        except (HTTPError, OSError) as error:
            failure = self._failure(error, origin)
        # Raised here: the frames of the HTTP library hold signed headers.
        raise failure

    def _read(self, raw: Any) -> bytes:
        limit = self._settings.max_response_size
        length = raw.length_remaining
        if length is not None and length <= limit and "content-encoding" not in raw.headers:
            body: bytes = raw.read()
        else:
            body = raw.read(limit + 1)
            if len(body) > limit:
                raw.close()
                raise exc.ProtocolError(f"The answer is larger than max_response_size, {limit} bytes")
        raw.release_conn()
        return body

    def _open_pool(self, origin: str) -> urllib3.HTTPConnectionPool:
        with self._opening:
            if self._opened_by != os.getpid():
                # The parent goes on using these connections: here they are neither used nor closed.
                self._left_behind += (self._pools, self._managers)
                self._pools, self._managers = {}, {}
                self._opened_by = os.getpid()
            if self._closed:
                raise exc.ClientClosed("The transport is closed")
            pool = self._pools.get(origin)
            if pool is None:
                parts = urlsplit(origin)
                host = parts.hostname or ""
                manager = self._manager(self._proxy_for(parts.scheme, host))
                pool = self._pools[origin] = manager.connection_from_host(host, parts.port, parts.scheme)
            return pool

    def _proxy_for(self, scheme: str, host: str) -> Proxy | None:
        if self._settings.proxy is not None:
            return self._proxy
        proxies = getproxies()
        proxy = proxies.get(scheme) or proxies.get("all")
        return None if not proxy or proxy_bypass(host) else read_proxy(proxy)

    def _manager(self, proxy: Proxy | None) -> urllib3.PoolManager:
        manager = self._managers.get(proxy)
        if manager is None:
            options: dict[str, Any] = {
                "maxsize": POOL_SIZE,
                "block": True,
                "ssl_context": self._tls_context(),
            }
            if proxy is None:
                manager = urllib3.PoolManager(**options)
            else:
                headers = None if proxy.user is None else make_headers(proxy_basic_auth=":".join(proxy.user))
                manager = urllib3.ProxyManager(proxy.url, proxy_headers=headers, **options)
            self._managers[proxy] = manager
        return manager

    def _tls_context(self) -> ssl.SSLContext:
        # Shared by all connections: reading the certificates takes longer than a handshake.
        if self._tls is None:
            self._tls = tls_context(self._settings.ca_bundle)
        return self._tls

    def _failure(self, error: BaseException, origin: str) -> exc.NetworkError:
        chain = _chain(error)
        for link in chain:
            link.__traceback__ = None
        rows = (row for row in _FAILURES if any(isinstance(link, row[0]) for link in chain))
        _, kind, said = next(rows, ((), exc.ProtocolError, "the answer is not HTTP"))
        failure = kind(f"{origin}: {said} ({_said(chain)})")
        if not any(isinstance(link, _NOT_HTTP) for link in chain):
            failure.__cause__ = error  # the others quote what came, which may repeat what was sent
        return failure

    def close(self) -> None:
        """Close the connections. May be called again."""
        with self._opening:
            self._closed = True
            managers, self._pools, self._managers = self._managers, {}, {}
            if self._opened_by == os.getpid():
                for manager in managers.values():
                    manager.clear()


def _limits(timeout: Timeout) -> Limits:
    return Limits(connect=timeout.connect, read=timeout.read)


def _fields(request: Request) -> dict[str, str]:
    pairs = request.headers.pairs
    fields = dict(pairs)
    if len(fields) != len(pairs):
        fields = dict(request.headers)
    fields.setdefault("Accept-Encoding", "gzip, deflate")
    return fields


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and everything it came from; urllib3 hands some over as an argument."""
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop(0)
        if link is None or link in found:
            continue
        found.append(link)
        todo += [link.__cause__, link.__context__]
        todo += [each for each in link.args if isinstance(each, BaseException)]
    return found


def _said(chain: list[BaseException]) -> str:
    for link in reversed(chain):
        if isinstance(link, OSError) and link.strerror:
            return link.strerror
    return type(chain[-1]).__name__
