"""A synchronous transport on its own blocking connections, which it keeps in pools, one for each origin.

No interrupt can hold up the pools. Connections send the request target exactly as it was signed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Headers, Request, Response, Timeout, split_url

from ...base.blocking import SyncTransport
from ...base.deadlines import Deadline, total_timeout
from ...base.locks import Lock
from ..bodies import ACCEPTED, decompressed, encoding_is_chosen
from ..failures import ENDED, causes_of, is_of_tls, reason_of
from ..http1 import CutOff, NotHTTP, ResponseHead
from ..proxies import Proxy, proxy_for, read_proxy
from .connections import BlockingConnection, Exchange, Unconnected
from .pools import Lease, Pools

if TYPE_CHECKING:
    import ssl

__all__ = ["PooledTransport", "needs_tls"]

# The first row that fits anything in the chain of causes counts.
_FAILURES: Final[tuple[tuple[tuple[type[BaseException], ...], type[exc.NetworkError], str], ...]] = (
    ((TimeoutError,), exc.ReadTimeout, "the server was silent for {read:g} s"),
    # Some of these are errors of HTTP, too; this row decides for them.
    ((OSError,), exc.ConnectionLost, ENDED),
)
_WORDLESS: Final = (TimeoutError, CutOff)
_REJECTED: Final = "ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)"
_UNCONNECTED: Final[dict[type[exc.NetworkError], str]] = {
    exc.ConnectError: "no connection could be made",
    exc.ConnectionLost: ENDED,
    exc.ConnectTimeout: "no connection within {connect:g} s",
    exc.ProxyError: "the proxy {proxy} refused or failed",
    exc.TLSError: "TLS failed",
}


class PooledTransport(SyncTransport):
    """Base of transports on blocking connections; a subclass writes :meth:`_way`.

    Connections are pooled and TLS is verified; nothing is redirected or retried.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL cannot be used. Certificates are read when a connection first needs them.
    """

    _raised: ClassVar[tuple[type[Exception], ...]] = (Unconnected, NotHTTP, OSError)
    """The exceptions that a failing exchange raises."""

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._settings = settings
        self._proxies: dict[str, Proxy | None] = {}
        self._route_lock = Lock()
        self._tls: ssl.SSLContext | None = None
        if settings.proxy is not None:
            read_proxy(settings.proxy)
        self._pools: Pools[BlockingConnection] = Pools(settings.pool_size, self._route, attrgetter("is_stale"))

    def after_fork(self) -> None:
        """Open other connections in the child of a fork: the parent goes on using these, so they are not closed."""
        super().after_fork()
        self._pools.after_fork()
        self._route_lock = Lock()

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        return self._send(request, request.timeout or self._settings.timeout, None)

    def cancellable(self) -> _CancellableSending:
        """Return a sender that sends like :meth:`send`, and can be cut short."""
        return _CancellableSending(self)

    def send_within(self, exchange: Exchange, request: Request) -> Response:
        """Exchange one request for one response, unless the exchange is cut short.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        return self._send(request, request.timeout or self._settings.timeout, exchange)

    def _send(self, request: Request, timeout: Timeout, exchange: Exchange | None) -> Response:
        origin = split_url(request.url)[0]
        until = None if timeout.total is None else time.monotonic() + timeout.total
        lease = self._pools.lease(origin, timeout)
        proxy = self._proxies[origin]
        if until is None or proxy is None or not (origin.startswith("https:") and proxy.url.startswith("https:")):
            return self._over(lease, proxy, request, timeout, exchange, until)
        # In TLS within TLS one read makes many outer ones, each with the whole timeout.
        exchange = exchange or Exchange()
        with Deadline(timeout, exchange.cut, origin):
            return self._over(lease, proxy, request, timeout, exchange, until)

    def _over(
        self,
        lease: Lease[BlockingConnection],
        proxy: Proxy | None,
        request: Request,
        timeout: Timeout,
        exchange: Exchange | None,
        until: float | None,
    ) -> Response:
        """Exchange a request for an answer on a leased connection, and give every failure its meaning."""
        origin, target = split_url(request.url)
        forwards = proxy if origin.startswith("http:") else None
        if forwards is not None:
            target = request.url  # a proxy wants the whole URL (RFC 9112, 3.2.2)
        limit = self._settings.max_response_size
        answer = None
        try:
            with lease as (_, connection):
                connection.exchange, connection.until = exchange, until
                connection.timeout = timeout.connect
                try:
                    answer = connection.exchanged(
                        request.method, target, _fields(request, origin, forwards), request.body, timeout.read, limit
                    )
                finally:
                    if exchange is not None:
                        exchange.lets_go()
                lease.keep = connection.is_reusable and (exchange is None or not exchange.is_cut)
            return _response(*answer, limit)
        except exc.APIError as error:
            failure: BaseException = error.with_traceback(None)
        except self._raised as error:
            failure = _failure(error, origin, timeout, proxy)
        except ValueError:
            failure = exc.InvalidRequest("the method, the URL or a header field cannot be sent as it is")
        except BaseException as error:  # an interrupt, or what a signal handler raised
            failure = causes_of(error)[0]
        del answer, target  # the answer may repeat what was sent; the target's query may have a token
        if exchange is not None:
            exchange.lets_go()
        lease.end()  # an interrupt may have prevented it before
        if until is not None and isinstance(failure, exc.NetworkError) and time.monotonic() >= until:
            failure = total_timeout(timeout, origin)
        # Raised here: the frames of the HTTP library hold signed headers.
        raise failure

    def _route(self, origin: str) -> Callable[[], BlockingConnection]:
        """Return a function that makes a connection to an origin, not connected yet."""
        proxy = self._proxies[origin] = proxy_for(self._settings.proxy, origin)
        with self._route_lock:
            if needs_tls(origin, proxy):
                self._tls_context()  # read them before anything is sent, so that bad ones are reported
            return self._way(origin, proxy)

    def _way(self, origin: str, proxy: Proxy | None) -> Callable[[], BlockingConnection]:
        """Return a function that makes a connection to an origin, not connected yet; called by one thread at a time.

        Args:
            origin: the origin, as ``"https://eu.api.ovh.com"``.
            proxy: the proxy to go through, by a tunnel if the origin has TLS; None for none.
        """
        raise NotImplementedError

    def _tls_context(self) -> ssl.SSLContext:
        # Shared by all connections: reading the certificates takes longer than a handshake.
        if self._tls is None:
            from ..tls import tls_context  # it needs ssl, which plain HTTP does not

            tls = tls_context(self._settings)
            tls.set_alpn_protocols(["http/1.1"])
            self._tls = tls
        return self._tls

    def warm(self, urls: Sequence[str]) -> None:
        """Load certificates, and read which proxies to use."""
        for url in urls:
            origin = split_url(url)[0]
            if needs_tls(origin, proxy_for(self._settings.proxy, origin)):
                self._tls_context()

    def close(self) -> None:
        """Close the connections, those in use when their calls end. May be called again."""
        self._pools.close()


class _CancellableSending:
    """A sender for one thread, until another thread cancels it.

    Args:
        transport: the transport whose connections it uses.
    """

    def __init__(self, transport: PooledTransport) -> None:
        self._transport = transport
        self._lock = Lock()
        self._exchange: Exchange | None = None
        self._is_cancelled = False

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer, or nobody waits for it any more.
        """
        exchange = Exchange()
        with self._lock:
            if self._is_cancelled:
                raise exc.ConnectError("Nobody waits for the answer any more")
            self._exchange = exchange
        try:
            return self._transport.send_within(exchange, request)
        finally:
            self._exchange = None

    def cancel(self) -> None:
        """Make the exchange under way fail soon, and any further one at once."""
        with self._lock:
            self._is_cancelled = True
            exchange = self._exchange
        if exchange is not None:
            exchange.cut()


def _response(head: ResponseHead, body: bytes, limit: int) -> Response:
    if head.encoding:
        body = decompressed(body, head.encoding, limit)
    return Response(head.status, Headers(head.fields), body)


def _failure(error: BaseException, origin: str, timeout: Timeout, proxy: Proxy | None) -> exc.APIError:
    causes = causes_of(error)
    if isinstance(error, Unconnected):
        kind, said = error.kind, _UNCONNECTED[error.kind]
    elif any(is_of_tls(cause) and re.search(_REJECTED, getattr(cause, "reason", None) or "") for cause in causes):
        # In TLS 1.3 the server checks a certificate after the request was sent, and does not read the request.
        kind, said = exc.TLSError, _UNCONNECTED[exc.TLSError]
    else:
        rows = (row for row in _FAILURES if any(isinstance(cause, row[0]) for cause in causes))
        _, kind, said = next(rows, ((), exc.ProtocolError, "the answer cannot be read"))
        said = next((str(cause) for cause in causes if isinstance(cause, NotHTTP)), said)
    said = said.format(connect=timeout.connect, read=timeout.read, proxy=proxy and proxy.url)
    failure = kind(f"{origin}: {said}{reason_of(causes)}")
    failure.__cause__ = next(filter(_may_be_shown, reversed(causes)), None)
    return failure


def needs_tls(origin: str, proxy: Proxy | None) -> bool:
    """Say whether a connection has TLS to the server, or to the proxy before it."""
    return origin.startswith("https:") or (proxy is not None and proxy.url.startswith("https:"))


@lru_cache(32)
def _authority(origin: str) -> str:
    scheme, _, authority = origin.partition("://")
    return authority.removesuffix(":80" if scheme == "http" else ":443")


def _fields(request: Request, origin: str, forwards: Proxy | None) -> dict[str, str]:
    pairs = request.headers.pairs
    fields = {"Host": _authority(origin), **dict(pairs)}
    if len(fields) != len(pairs) + 1:
        fields = {"Host": _authority(origin), **request.headers}
    if not encoding_is_chosen(fields):
        fields["Accept-Encoding"] = ACCEPTED
    if forwards is not None:
        fields |= forwards.headers
    return fields


def _may_be_shown(error: BaseException) -> bool:
    # Errors of urllib3 hold connections, which hold the proxy's password; others quote the answer.
    error.__cause__ = error.__context__ = None
    return isinstance(error, OSError) and (error.strerror is not None or type(error) in _WORDLESS)
