"""The default transport for ``Client``: urllib3's connection pools, used directly.

urllib3's ``PoolManager`` would follow redirects with credentials and parse each URL anew;
here one pool per origin is kept and given the request target exactly as it was signed.
"""

from __future__ import annotations

import ssl
import threading
from http.client import BadStatusLine, HTTPResponse, LineTooLong, RemoteDisconnected, UnknownProtocol
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError as AbortedError
from urllib3.exceptions import ProxyError as ProxyFailure
from urllib3.util import Timeout as Limits

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Headers, Request, Response, Timeout
from ovhcore.protocol.urls import split_url

from .bodies import ACCEPTED, decompressed, encoding_is_chosen, too_large
from .failures import causes_of, reason_of
from .proxies import Proxy, proxy_for, read_proxy
from .synchronous import SyncTransport
from .tls import tls_context

__all__ = ["POOL_SIZE", "Urllib3Transport", "open_sync"]

POOL_SIZE: Final = 64
"""Connections per origin; a thread that finds them all in use waits for one."""

_NOT_HTTP = (BadStatusLine, LineTooLong, UnknownProtocol)
_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, RemoteDisconnected)

# The first row that fits anything in the chain of causes.
_FAILURES: Final[tuple[tuple[tuple[type[BaseException], ...], type[exc.NetworkError], str], ...]] = (
    ((EmptyPoolError,), exc.PoolTimeout, "no pooled connection became free within {read:g} s"),
    ((ProxyFailure,), exc.ProxyError, "the proxy {proxy} refused or failed"),
    # urllib3 counts this one as a kind of the next.
    ((NewConnectionError,), exc.ConnectError, "no connection could be made"),
    ((ConnectTimeoutError,), exc.ConnectTimeout, "no connection within {connect:g} s"),
    ((ReadTimeoutError, TimeoutError), exc.ReadTimeout, "the server was silent for {read:g} s"),
    (_CUT_OFF, exc.ConnectionLost, "the connection ended before the answer was complete"),
    (_NOT_HTTP, exc.ProtocolError, "the answer is not HTTP"),
    ((ssl.SSLError,), exc.TLSError, "TLS failed"),
    ((AbortedError, OSError), exc.ConnectionLost, "the connection ended before the answer was complete"),
)


class _Answer(HTTPResponse):
    """http.client's response, stricter where that would take half an answer for a whole one."""

    fp: Any

    def _read_status(self) -> tuple[str, int, str]:
        self.fp = getattr(self.fp, "file", self.fp)
        version, status, reason = super()._read_status()  # type: ignore[misc]
        # Most often the whole head has come at once; only where it has not, its lines are watched.
        head = self.fp.peek()
        if b"\r\n\r\n" not in head and not head.startswith(b"\r\n"):
            self.fp = _Lines(self.fp)
        # http.client passes over 100 alone; the others of its kind announce an answer, too (RFC 9110, 15.2). The
        # announcement would be taken for the answer, and the answer for that of the next request.
        return version, 100 if 101 < status < 200 else status, reason

    def begin(self) -> None:
        """Read status and headers, to the blank line that ends them."""
        try:
            super().begin()
        finally:
            ended = isinstance(self.fp, _Lines) and self.fp.ended
            self.fp = getattr(self.fp, "file", self.fp)
        if ended:
            raise RemoteDisconnected("the headers are cut off")


class _Lines:
    """A file's lines, and whether they ended before a blank one did; http.client makes no difference there."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.ended = False

    def readline(self, limit: int) -> bytes:
        line: bytes = self.file.readline(limit)
        self.ended = not line
        return line


class _Connection(HTTPConnection):
    response_class = _Answer


class _TLSConnection(HTTPSConnection):
    response_class = _Answer


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
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}
        self._managers: dict[Proxy | None, urllib3.PoolManager] = {}
        self._opening = threading.Lock()
        self._left_behind: list[object] = []
        self._tls: ssl.SSLContext | None = None
        if settings.ca_bundle is not None:
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
        origin, target = split_url(request.url)
        timeout = request.timeout
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._open_pool(origin)
        if pool.proxy is not None and origin.startswith("http:"):
            target = request.url  # a proxy wants all of it (RFC 9112, 3.2.2)
        try:
            raw = pool.urlopen(
                request.method,
                target,
                request.body or None,
                _fields(request),
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._timeout if timeout is None else _limits(timeout),
                pool_timeout=(timeout or self._settings.timeout).read,  # type: ignore[arg-type] # any number will do
                preload_content=False,
            )
            return Response(raw.status, Headers(tuple(raw.headers.iteritems())), self._read(raw))
        except (HTTPError, OSError) as error:
            failure: BaseException = self._failure(error, origin, timeout or self._settings.timeout, pool)
        except BaseException as error:  # an interrupt, or what a signal handler raised
            failure = error.with_traceback(None)
        # Raised here: the frames of the HTTP library hold signed headers.
        raise failure

    def _read(self, raw: Any) -> bytes:
        if raw.status < 200:
            raw.close()
            raw.release_conn()
            raise exc.ProtocolError("The answer is not a final one")
        limit = self._settings.max_response_size
        length = raw.length_remaining
        if length is not None and length <= limit:
            body: bytes = raw.read(decode_content=False)
        else:
            body = raw.read(limit + 1, decode_content=False)
            if len(body) > limit:
                raw.close()
                raw.release_conn()
                raise too_large(limit)
        raw.release_conn()
        fields = raw.headers
        return decompressed(body, fields["content-encoding"], limit) if "content-encoding" in fields else body

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
                kind: Any = _TLSConnection if secure else _Connection
                pool.ConnectionCls = kind
                self._pools[origin] = pool
            return pool

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
                manager = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, **options)
            self._managers[proxy] = manager
        return manager

    def _tls_context(self) -> ssl.SSLContext:
        # Shared by all connections: reading the certificates takes longer than a handshake.
        if self._tls is None:
            self._tls = tls_context(self._settings.ca_bundle)
        return self._tls

    def _failure(
        self, error: BaseException, origin: str, timeout: Timeout, pool: urllib3.HTTPConnectionPool
    ) -> exc.NetworkError:
        causes = causes_of(error)
        rows = (row for row in _FAILURES if any(isinstance(cause, row[0]) for cause in causes))
        _, kind, said = next(rows, ((), exc.ProtocolError, "the answer is not HTTP"))
        said = said.format(connect=timeout.connect, read=timeout.read, proxy=pool.proxy)
        failure = kind(f"{origin}: {said}{reason_of(causes)}")
        if kind is not exc.ProtocolError and all(_is_plain(cause) for cause in causes):
            failure.__cause__ = error
        return failure

    def close(self) -> None:
        """Close the connections. May be called again."""
        with self._opening:
            self._closed = True
            managers, self._pools, self._managers = self._managers, {}, {}
        for manager in managers.values():
            manager.clear()


def _limits(timeout: Timeout) -> Limits:
    return Limits(connect=timeout.connect, read=timeout.read)


def _fields(request: Request) -> dict[str, str]:
    pairs = request.headers.pairs
    fields = dict(pairs)
    if len(fields) != len(pairs):
        fields = dict(request.headers)
    if not encoding_is_chosen(fields):
        fields["Accept-Encoding"] = ACCEPTED
    return fields


def _is_plain(error: BaseException) -> bool:
    # The others quote what came, which may repeat what was sent.
    return isinstance(error, (OSError, HTTPError)) and not isinstance(error, _NOT_HTTP)
