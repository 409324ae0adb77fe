"""The clients of the library pyreqwest: how they are made and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Timeout, split_url

from ..base.locks import Lock
from ..http.bodies import ACCEPTED
from ..http.proxies import Proxy, proxy_for, read_proxy
from .loading import check_library, load_library

load_library()

# Imported now: the library looks for its exceptions when it first raises one, and at a Ctrl-C aborts the process.
import pyreqwest.exceptions  # noqa: E402, F401  # pyright: ignore[reportUnusedImport]
from pyreqwest.client import ClientBuilder, SyncClientBuilder  # noqa: E402
from pyreqwest.http import Url  # noqa: E402

__all__ = ["TIMED_CLIENTS", "ClientBuilder", "Clients", "SyncClientBuilder", "built"]

TIMED_CLIENTS: Final = 8
"""The number of clients that are kept for timeouts that came with requests."""

# The field to send if a body would be expected and there is none.
_NO_BODY: Final = {"Content-Length": "0"}
_EMPTY_BODIES: Final = frozenset(("POST", "PUT", "PATCH"))
# The part of the read timeout, which runs meanwhile: the wait for a connection ends first and can be told apart.
_CONNECTING: Final = 0.95
_LONGEST: Final = 1e8
# The library's words where the system has no certificates.
_NO_ROOTS: Final = "No CA certificates"


class Clients:
    """The library's clients, each made when first needed.

    Args:
        settings: the settings of the transport.
        builder: the class that builds them.
        limited: whether they keep to ``pool_size`` by themselves.

    Raises:
        InvalidConfiguration: the proxy's URL or the client's certificate cannot be used. Certificates to trust are
            read for the first client with TLS.
    """

    def __init__(self, settings: TransportSettings, builder: Callable[[], Any], *, limited: bool) -> None:
        self.usual: dict[str, Any] = {}
        """The clients with the timeouts of the settings, by origin."""
        self.proxies: dict[str, Proxy | None] = {}
        """The proxies, by origin; None for an origin without one."""
        self._timed: dict[tuple[str, float, float], Any] = {}
        self._settings = settings
        self._builder = builder
        self._limited = limited
        self.closed = False
        self._lock = Lock()
        self._left_behind: list[object] = []
        self._trusted: bytes | None = None
        """The certificates to trust besides those of the system, once a client with TLS has needed them."""
        self._identity: bytes | None = None
        if settings.proxy is not None:
            read_proxy(settings.proxy)
        if settings.client_cert is not None:
            self._identify(settings.client_cert, settings.client_key)

    def _identify(self, *files: str | None) -> None:
        from .certificates import identity

        named = [file for file in files if file]
        self._identity = identity(named)
        try:
            self._configured(self._settings.timeout, None)
            return
        except ValueError:
            pass
        raise exc.InvalidConfiguration(
            f"client_cert: {' and '.join(named)} must hold a certificate and its key, not encrypted, as PEM"
        )

    def after_fork(self) -> None:
        """Put the parent's clients aside; the threads that would close them are not in the child."""
        self._left_behind += (self.usual, self._timed)
        self.usual, self._timed = {}, {}
        self._lock = Lock()

    def own_total(self, total: float | None) -> timedelta | None:
        """Return the total timeout of a request as the library takes it, None for that of its clients."""
        return None if total == self._settings.timeout.total else span(_LONGEST if total is None else total)

    def find(self, request: Request) -> tuple[Any, str, Timeout]:
        """Return the client for a request, its origin and its timeouts.

        Raises:
            ClientClosed: the transport is closed.
            InvalidConfiguration: the library cannot be used.
            InvalidRequest: the library would send another URL.
        """
        url, timeout = request.url, request.timeout
        # A URL with a known origin needs no further check: that origin has been through split_url.
        origin = url[: url.find("/", 8)]
        client = self.usual.get(origin) if timeout is None or timeout is self._settings.timeout else None
        if client is None:
            origin, _ = split_url(url)
            if "@" in origin:
                from .failures import not_as_it_is

                raise not_as_it_is()
            client = self._get(origin, timeout)
        return client, origin, timeout or self._settings.timeout

    def _get(self, origin: str, timeout: Timeout | None) -> Any:
        """Return the client for an origin and timeouts, None for those of the settings.

        Raises:
            ClientClosed: the transport is closed.
            InvalidConfiguration: the library cannot be used.
        """
        with self._lock:
            if self.closed:
                raise exc.ClientClosed("The transport is closed")
            usual = self._settings.timeout
            if timeout is None or timeout[:2] == usual[:2]:
                client = self.usual.get(origin)
                if client is None:
                    client = self.usual[origin] = self._opened(origin, usual)
                return client
            key = (origin, timeout.connect, timeout.read)
            client = self._timed.pop(key, None)
            if client is None:
                client = self._opened(origin, timeout)
            self._timed[key] = client
            if len(self._timed) > TIMED_CLIENTS:
                # The client is only let go: it closes its connections when its last call has ended.
                del self._timed[next(iter(self._timed))]
            return client

    def warm(self, urls: Sequence[str]) -> None:
        """Make the clients for some URLs.

        Raises:
            ClientClosed: the transport is closed.
            InvalidConfiguration: the library cannot be used.
        """
        for url in urls:
            self._get(split_url(url)[0], None)

    def close(self) -> None:
        """Let all clients go. May be called again."""
        with self._lock:
            self.closed = True
            self.usual, self._timed = {}, {}

    def _opened(self, origin: str, timeout: Timeout) -> Any:
        if origin not in self.proxies:
            self.proxies[origin] = proxy_for(self._settings.proxy, origin)
        proxy = self.proxies[origin]
        check_library()
        try:
            return self._configured(timeout, proxy, tls=not _is_unencrypted(origin, proxy)).build()
        except (RuntimeError, ValueError) as error:
            from .failures import problem_of

            problem = problem_of(error)
        if _NO_ROOTS in problem and self._trusted is None:
            from .certificates import fallback

            self._trusted = fallback()
            if self._trusted is not None:
                return self._opened(origin, timeout)
        raise exc.InvalidConfiguration(problem)

    def _configured(self, timeout: Timeout, proxy: Proxy | None, *, tls: bool = True) -> Any:
        settings = self._settings
        builder = self._builder().no_proxy().follow_redirects(False).referer(False)
        builder = builder.gzip(False).brotli(False).zstd(False).deflate(False)
        builder = builder.user_agent("").default_headers({"Accept-Encoding": ACCEPTED})
        builder = builder.connect_timeout(span(min(timeout.connect, timeout.read * _CONNECTING)))
        builder = builder.read_timeout(span(timeout.read)).pool_max_idle_per_host(settings.pool_size)
        builder = builder.http2(settings.http2).danger_accept_invalid_certs(not settings.verify or not tls)
        if settings.timeout.total is not None:
            builder = builder.timeout(span(settings.timeout.total))
        if self._limited:
            builder = builder.max_connections(settings.pool_size).pool_timeout(span(timeout.read))
        if tls and self._trusted is None and settings.ca_bundle is not None:
            from .certificates import trusted

            self._trusted = trusted(settings.ca_bundle)
        if tls and self._trusted is not None:
            builder = builder.add_root_certificate_pem(self._trusted)
        if self._identity is not None:
            builder = builder.identity_pem(self._identity)
        if proxy is not None:
            from pyreqwest.proxy import ProxyBuilder

            way = ProxyBuilder.all(proxy.url)
            if proxy.authorization is not None:
                way = way.custom_http_auth(proxy.authorization)
            builder = builder.proxy(way)
        return builder


def _is_unencrypted(origin: str, proxy: Proxy | None) -> bool:
    # The certificates of the system are read only to be compared with; that takes long.
    return origin.startswith("http:") and (proxy is None or proxy.url.startswith("http:"))


def span(seconds: float) -> timedelta:
    """Return a time as the library takes it, at most three years."""
    return timedelta(seconds=min(seconds, _LONGEST))


def built(client: Any, request: Request, limit: int, total: timedelta | None) -> Any:
    """Return a request as the library takes it, not sent yet.

    Args:
        client: the library's, synchronous or asynchronous.
        request: the request to send.
        limit: bytes of the answer's body that are read ahead; of a larger body not much more is read.
        total: time that the exchange may take; None for that of the client.

    Raises:
        InvalidRequest: the library would send another URL.
    """
    url = request.url
    read = Url(url)
    if str(read) != url or "#" in url:
        from .failures import not_as_it_is

        raise not_as_it_is()
    asked = client.request(request.method, read).headers(request.headers.pairs)
    if request.body:
        asked = asked.body_bytes(request.body)
    elif request.method in _EMPTY_BODIES:
        asked = asked.headers(_NO_BODY)
    if total is not None:
        asked = asked.timeout(total)
    return asked.streamed_read_buffer_limit(limit + 1).build_streamed()
