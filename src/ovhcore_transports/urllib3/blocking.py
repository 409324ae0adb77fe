"""The default transport for ``Client``: urllib3's connection pools, used directly.

urllib3's ``PoolManager`` would follow redirects with credentials and parse each URL anew;
here one pool per origin is kept and given the request target exactly as it was signed.
"""

from __future__ import annotations

import re
import ssl
import threading
from functools import lru_cache
from http.client import RemoteDisconnected
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ClosedPoolError, EmptyPoolError, HTTPError, ReadTimeoutError
from urllib3.util import Retry
from urllib3.util import Timeout as Limits

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Headers, Request, Response, Timeout
from ovhcore.protocol.urls import split_url

from ..base.blocking import SyncTransport
from ..http.bodies import ACCEPTED, decompressed, encoding_is_chosen
from ..http.deadlines import Deadline, pool_wait
from ..http.failures import ENDED, causes_of, reason_of
from ..http.http1 import NotHTTP
from ..http.proxies import Proxy, proxy_for, read_proxy
from ..http.tls import tls_context
from .connections import Connection, Exchange, TLSConnection, Unconnected, current

__all__ = ["Urllib3Transport"]

_NEVER: Final = Retry.from_int(False, redirect=False)

# The first row that fits anything in the chain of causes.
_FAILURES: Final[tuple[tuple[tuple[type[BaseException], ...], type[exc.NetworkError], str], ...]] = (
    ((EmptyPoolError,), exc.PoolTimeout, "no pooled connection became free within {read:g} s"),
    ((ReadTimeoutError, TimeoutError), exc.ReadTimeout, "the server was silent for {read:g} s"),
    # Some of these are errors of HTTP, too.
    ((RemoteDisconnected, OSError), exc.ConnectionLost, ENDED),
)
_WORDLESS: Final = (TimeoutError, RemoteDisconnected)
_REJECTED: Final = re.compile("ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)")
_UNCONNECTED: Final[dict[type[exc.NetworkError], str]] = {
    exc.ConnectError: "no connection could be made",
    exc.ConnectionLost: ENDED,
    exc.ConnectTimeout: "no connection within {connect:g} s",
    exc.ProxyError: "the proxy {proxy} refused or failed",
    exc.TLSError: "TLS failed",
}


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
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}
        self._managers: dict[Proxy | None, urllib3.PoolManager] = {}
        self._opening = threading.Lock()
        self._left_behind: list[object] = []
        self._tls: ssl.SSLContext | None = None
        if settings.ca_bundle is not None or settings.client_cert is not None:
            self._tls_context()
        if settings.proxy is not None:
            read_proxy(settings.proxy)

    def after_fork(self) -> None:
        """Open other connections in the child of a fork: the parent goes on using these, so they are not closed."""
        super().after_fork()
        self._left_behind += (self._pools, self._managers)
        self._pools, self._managers = {}, {}
        self._opening = threading.Lock()

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        timeout = request.timeout or self._settings.timeout
        if timeout.total is None:
            return self._send(request, timeout)
        return self._limited(Exchange(timeout.total), request, timeout)

    def cancellable(self) -> CancellableSending:
        """Return what sends as :meth:`send` does, and can be cut short."""
        return CancellableSending(self)

    def _limited(self, exchange: Exchange, request: Request, timeout: Timeout) -> Response:
        with Deadline(timeout, exchange.cut, split_url(request.url)[0]), exchange:
            return self._send(request, timeout)

    def send_within(self, exchange: Exchange, request: Request) -> Response:
        """Exchange one request for one response, unless the exchange is cut short; its total timeout is the caller's.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        with exchange:
            return self._send(request, request.timeout or self._settings.timeout)

    def _send(self, request: Request, timeout: Timeout) -> Response:
        origin, target = split_url(request.url)
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._open_pool(origin)
        if pool.proxy is not None and origin.startswith("http:"):
            target = request.url  # a proxy wants all of it (RFC 9112, 3.2.2)
        limit = self._settings.max_response_size
        current.target = target
        try:
            answer: Any = pool.urlopen(
                request.method,
                target,
                request.body or None,
                _fields(request, origin),
                _NEVER,
                False,
                False,
                timeout=_limits(timeout),
                pool_timeout=pool_wait(timeout),  # type: ignore[arg-type] # any number will do
                preload_content=False,
            )
            body = answer.body(limit)
            head = answer.head
            if head.encoding:
                body = decompressed(body, head.encoding, limit)
            return Response(head.status, Headers(head.fields), body)
        except (HTTPError, NotHTTP, OSError) as error:
            failure: BaseException = _failure(error, origin, timeout, pool)
            if self._closed and isinstance(error, EmptyPoolError):
                failure = exc.ClientClosed("The transport is closed")
        except ValueError:
            failure = exc.InvalidRequest("the method, the URL or a header field cannot be sent as it is")
        except BaseException as error:  # an interrupt, or what a signal handler raised
            failure = error.with_traceback(None)
        # Raised here: the frames of the HTTP library hold signed headers.
        raise failure

    def _open_pool(self, origin: str) -> urllib3.HTTPConnectionPool:
        with self._opening:
            if self._closed:
                raise exc.ClientClosed("The transport is closed")
            pool = self._pools.get(origin)
            if pool is None:
                parts = urlsplit(origin)
                manager = self._manager(proxy_for(self._settings.proxy, origin))
                pool = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
                # Of an https proxy it is the one for https, whatever the origin.
                secure = isinstance(pool, urllib3.HTTPSConnectionPool)
                kind: Any = TLSConnection if secure else Connection
                pool.ConnectionCls = kind
                self._pools[origin] = pool
            return pool

    def _manager(self, proxy: Proxy | None) -> urllib3.PoolManager:
        manager = self._managers.get(proxy)
        if manager is None:
            options: dict[str, Any] = {
                "maxsize": self._settings.pool_size,
                "block": True,
                "ssl_context": self._tls_context(),
            }
            if proxy is None:
                manager = urllib3.PoolManager(**options)
            else:
                manager = urllib3.ProxyManager(
                    proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=self._tls_context(), **options
                )
            self._managers[proxy] = manager
        return manager

    def _tls_context(self) -> ssl.SSLContext:
        # Shared by all connections: reading the certificates takes longer than a handshake.
        if self._tls is None:
            self._tls = tls_context(self._settings)
        return self._tls

    def close(self) -> None:
        """Close the connections. May be called again."""
        with self._opening:
            self._closed = True
            pools, self._pools, self._managers = self._pools, {}, {}
        for pool in pools.values():
            pool.close()


class CancellableSending:
    """Sends for one thread, until another one cancels it.

    Args:
        transport: whose connections it uses.
    """

    def __init__(self, transport: Urllib3Transport) -> None:
        self._transport = transport
        self._lock = threading.RLock()  # for what the lock of an exchange is one
        self._exchange: Exchange | None = None
        self._is_cancelled = False

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer, or nobody waits for it any more.
        """
        transport = self._transport
        timeout = request.timeout or transport._settings.timeout
        exchange = Exchange(timeout.total)
        with self._lock:
            if self._is_cancelled:
                raise exc.ConnectError("Nobody waits for the answer any more")
            self._exchange = exchange
        try:
            if timeout.total is None:
                return transport.send_within(exchange, request)
            return transport._limited(exchange, request, timeout)
        finally:
            self._exchange = None

    def cancel(self) -> None:
        """Make the exchange under way fail soon, and any further one at once."""
        with self._lock:
            self._is_cancelled = True
            exchange = self._exchange
        if exchange is not None:
            exchange.cut()


def _failure(error: BaseException, origin: str, timeout: Timeout, pool: urllib3.HTTPConnectionPool) -> exc.APIError:
    if isinstance(error, ClosedPoolError):
        return exc.ClientClosed("The transport is closed")
    causes = causes_of(error)
    if isinstance(error, Unconnected):
        kind, said = error.kind, _UNCONNECTED[error.kind]
    elif any(isinstance(cause, ssl.SSLError) and _REJECTED.search(cause.reason or "") for cause in causes):
        # With TLS 1.3 the server looks at a certificate when it has been sent a request, and does not read that.
        kind, said = exc.TLSError, _UNCONNECTED[exc.TLSError]
    else:
        rows = (row for row in _FAILURES if any(isinstance(cause, row[0]) for cause in causes))
        _, kind, said = next(rows, ((), exc.ProtocolError, "the answer cannot be read"))
        said = next((str(cause) for cause in causes if isinstance(cause, NotHTTP)), said)
    said = said.format(connect=timeout.connect, read=timeout.read, proxy=pool.proxy)
    failure = kind(f"{origin}: {said}{reason_of(causes)}")
    failure.__cause__ = next(filter(_is_plain, reversed(causes)), None)
    return failure


@lru_cache(32)
def _limits(timeout: Timeout) -> Limits:
    return Limits(connect=timeout.connect, read=timeout.read)


@lru_cache(32)
def _authority(origin: str) -> str:
    scheme, _, authority = origin.partition("://")
    return authority.removesuffix(":80" if scheme == "http" else ":443")


def _fields(request: Request, origin: str) -> dict[str, str]:
    pairs = request.headers.pairs
    fields = {"Host": _authority(origin), **dict(pairs)}
    if len(fields) != len(pairs) + 1:
        fields = {"Host": _authority(origin), **request.headers}
    if not encoding_is_chosen(fields):
        fields["Accept-Encoding"] = ACCEPTED
    return fields


def _is_plain(error: BaseException) -> bool:
    # urllib3's own errors hold the pool, which holds the proxy's password; others quote what came.
    error.__cause__ = error.__context__ = None
    return isinstance(error, OSError) and (error.strerror is not None or type(error) in _WORDLESS)
