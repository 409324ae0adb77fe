"""The parts of an exchange that do not wait: routes, connections, answers, failures.

The connections are httpcore's, made one step after the other, so that each failure has its
place. Its pools are not used: their work grows with the number of requests under way, a
request that is cancelled can leave them with a place that nobody gets back, and a proxy
that stalls looks like a silent server.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from ovhcore import exceptions as exc
from ovhcore._internal import at_exit
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Headers, Request, Response, Timeout, split_url

from ..http.bodies import ACCEPTED, check_length, decompressed, encoding_is_chosen, too_large
from ..http.failures import ENDED, RESETS, causes_of, reason_of
from ..http.libraries.logs import redact_logs
from ..http.libraries.names import Names, lacking, require_names
from ..http.proxies import Proxy, proxy_for, read_proxy
from ..http.tls import tls_context

__all__ = [
    "CONNECTING",
    "OPEN",
    "PROXY",
    "TLS",
    "Common",
    "Link",
    "Route",
    "bare",
]

# The stages of a connection.
PROXY: Final = "at the proxy"
CONNECTING: Final = "on the way"
TLS: Final = "shaking hands"
OPEN: Final = "open"

_PORTS: Final = {"http": 80, "https": 443}


class _Body:
    """The body of a request, to be sent once; unlike a generator it leaves nothing to be finished."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,) if self._body else ())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, b""
        if not body:
            raise StopAsyncIteration
        return body


class _NoLock:
    """A stand-in for a lock or semaphore: an interrupt would leave one of httpcore's own held."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...

    def acquire(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


class _Always:
    """An attribute that always is ``_NO_LOCK``, whatever it is set to."""

    def __get__(self, connection: object, kind: type | None = None) -> _NoLock:
        return _NO_LOCK

    def __set__(self, connection: object, value: object) -> None: ...


_NO_LOCK: Final = _NoLock()
_LOCKS: Final = ("_state_lock", "_init_lock", "_read_lock", "_write_lock", "_max_streams_semaphore")


@cache
def _without_locks(kind: type) -> type:
    """Return the class of a connection that needs none, because it has one exchange at a time."""
    if kind.__name__.startswith("Async"):
        return kind  # tasks are not interrupted between two steps
    return type(kind.__name__, (kind,), {name: _Always() for name in _LOCKS})


def _check_library(core: ModuleType, http2: bool) -> None:
    """Make sure that httpcore has the names that are used here without a promise."""
    package = core.__name__
    origin = core.Origin(b"http", b"localhost", 80)
    kinds: list[tuple[str, tuple[str, ...]]]
    kinds = [("HTTP11Connection", ("_h11_state", "_state_lock")), ("AsyncHTTP11Connection", ("_h11_state",))]
    if http2:
        kinds.append(("HTTP2Connection", ("_init_lock", "_read_lock", "_state_lock", "_write_lock")))
    wanted: list[Names] = []
    for kind, names in kinds:
        try:
            wanted.append((getattr(core, kind)(origin=origin, stream=None), names))
        except (AttributeError, TypeError):
            raise lacking(package, f"{package}.{kind}(origin, stream)") from None
    require_names(package, *wanted)


class Route:
    """The way to an origin, and the form of requests to it.

    Args:
        core: the module ``httpcore`` or ``httpcore2``.
        origin: the origin, as ``"https://eu.api.ovh.com"``.
        proxy: the proxy on the way, if any.
        tls: returns the context for an origin (False) or a proxy (True).
    """

    def __init__(
        self, core: ModuleType, origin: str, proxy: Proxy | None, tls: Callable[[bool], ssl.SSLContext]
    ) -> None:
        parts = urlsplit(origin)
        self.core = core
        self.origin = origin
        self.proxy = proxy
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or _PORTS[parts.scheme]
        self.hop = (self.host, self.port)
        self.hop_secure = False
        if proxy is not None:
            first = urlsplit(proxy.url)
            self.hop = (first.hostname or "", first.port or _PORTS[first.scheme])
            self.hop_secure = first.scheme == "https"
        self.tls = tls
        self._host_field = (b"Host", parts.netloc.encode("ascii"))
        self._scheme = parts.scheme.encode("ascii")
        self._end = core.Origin(self._scheme, self.host.encode("ascii"), self.port)
        self._to_proxy: list[tuple[bytes, bytes]] = []
        if proxy is not None:
            self._to_proxy = [(name.encode(), value.encode()) for name, value in proxy.headers.items()]

    def written(self, request: Request, target: str, limits: dict[str, Any]) -> Any:
        """Return a request as httpcore takes it.

        Args:
            request: the request to send.
            target: path and query.
            limits: httpcore's extensions.
        """
        core, pairs, body = self.core, request.headers.pairs, request.body
        fields = [self._host_field, *[(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs]]
        if not encoding_is_chosen([name for name, _ in pairs]):
            fields.append((b"Accept-Encoding", ACCEPTED.encode()))
        if body or request.method in ("POST", "PUT", "PATCH"):
            fields.append((b"Content-Length", b"%d" % len(body)))
        if self.proxy is not None and not self.secure:
            target = request.url  # a proxy wants the whole URL (RFC 9112, 3.2.2)
            fields += self._to_proxy
        url = core.URL(scheme=self._scheme, host=self._end.host, port=self.port, target=target.encode("ascii"))
        return core.Request(request.method, url, headers=fields, content=_Body(body), extensions=limits)

    def connect_request(self) -> Any:
        """Return the request for a tunnel."""
        address = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        target = address.encode("ascii")
        url = self.core.URL(scheme=self._scheme, host=self._end.host, port=self.port, target=target)
        return self.core.Request("CONNECT", url, headers=[(b"Host", target), *self._to_proxy])

    def connection(self, kind: str, wire: Any) -> Any:
        """Return httpcore's connection of a kind, as ``"HTTP11Connection"``, for one exchange at a time."""
        return _without_locks(getattr(self.core, kind))(origin=self._end, stream=wire)

    def check(self, raw: Any) -> None:
        """Make sure that a proxy has agreed to a tunnel.

        Raises:
            httpcore.ProxyError: the proxy has not.
        """
        if not 200 <= raw.status < 300:
            raise self.core.ProxyError


class Link:
    """One connection, for one exchange at a time.

    That holds for HTTP/2, too, which could carry more: httpcore's threads can take the same stream for two
    requests, and if one request waits too long, all that share the connection fail.

    Attributes:
        stage: the stage of the connection.
    """

    connection: Any
    wire: Any

    def __init__(self, route: Route) -> None:
        self.route = route
        self.stage = CONNECTING if route.proxy is None else PROXY
        self.http2 = False
        self.wire = None

    @property
    def reusable(self) -> bool:
        """Whether the connection holds nothing of an exchange any more, so that another can follow."""
        if not self.connection.is_available():
            return False
        if self.http2:
            return True
        # Bytes after an answer must not become part of the next. There is no public way to see them.
        return not self.connection._h11_state.trailing_data[0]


class Common:
    """The parts of a transport that do not wait: settings, routes, answers, failures."""

    def __init__(self, settings: TransportSettings, core: str) -> None:
        redact_logs((core, "hpack"))
        self.settings = settings
        self._core: ModuleType = import_module(core)
        _check_library(self._core, settings.http2)
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._usual = _limits(settings.timeout)
        if settings.ca_bundle is not None or settings.client_cert is not None:
            self.tls(False)
        if settings.proxy is not None:
            read_proxy(settings.proxy)

    def tls(self, to_proxy: bool) -> ssl.SSLContext:
        """Return a context, made once: reading the certificates takes longer than a handshake."""
        http2 = self.settings.http2 and not to_proxy
        context = self._contexts.get(http2)
        if context is None:
            context = tls_context(self.settings)
            context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
            self._contexts[http2] = context
        return context

    def warm(self, urls: Sequence[str]) -> None:
        """Load certificates, and read which proxies to use.

        Raises:
            InvalidConfiguration: a proxy that the environment names is not a usable URL.
        """
        if any(self.route(split_url(url)[0]).hop_secure for url in urls):
            self.tls(True)
        self.tls(False)

    def route(self, origin: str) -> Route:
        """Return the route to an origin.

        Raises:
            InvalidConfiguration: the proxy that the environment names is not a usable URL.
        """
        return Route(self._core, origin, proxy_for(self.settings.proxy, origin), self.tls)

    def limits(self, timeout: Timeout) -> dict[str, Any]:
        """Return httpcore's extensions for a timeout."""
        return self._usual if timeout is self.settings.timeout else _limits(timeout)

    def begun(self, raw: Any, request: Request) -> Headers:
        """Return the fields of an answer whose body may be read.

        Raises:
            ProtocolError: the body must not be read.
        """
        if raw.status < 200:
            raise exc.ProtocolError("The answer is not a final one")
        headers = Headers(tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.headers]))
        length = headers.get("content-length", "")
        if length.isdecimal():
            check_length(int(length), self.settings.max_response_size, request.method, raw.status)
        return headers

    def answer(self, status: int, headers: Headers, body: bytes) -> Response:
        """Return the response for an answer that has come whole.

        Raises:
            ProtocolError: its body is too large, or cannot be decompressed.
        """
        limit = self.settings.max_response_size
        if len(body) > limit:
            raise too_large(limit)
        encoding = headers.get("content-encoding")
        return Response(status, headers, decompressed(body, encoding, limit) if encoding else body)

    def failure(self, error: Exception, link: Link, timeout: Timeout) -> exc.APIError:
        """Return the exception to raise for one of httpcore, or of the system."""
        if isinstance(error, exc.APIError):
            return error
        if (ended := at_exit(error)) is not None:
            return ended
        if link.stage is OPEN and link.wire.stopped:
            return too_large(self.settings.max_response_size)
        route = link.route
        causes = causes_of(error)
        late = any(isinstance(cause, (TimeoutError, self._core.TimeoutException)) for cause in causes)
        kind: type[exc.NetworkError]
        if link.stage is PROXY:
            kind, said = exc.ProxyError, f"the proxy {route.proxy and route.proxy.url} refused or failed"
        elif link.stage is OPEN:
            if late:
                kind, said = exc.ReadTimeout, f"the server was silent for {timeout.read:g} s"
            elif self._has_ended(error, link):
                kind, said = exc.ConnectionLost, ENDED
            else:
                kind, said = exc.ProtocolError, "the answer is not HTTP"
        elif late:
            kind, said = exc.ConnectTimeout, f"no connection within {timeout.connect:g} s"
        elif link.stage is CONNECTING and not any(isinstance(cause, RESETS) for cause in causes):
            kind, said = exc.ConnectError, "no connection could be made"
        elif route.secure:
            kind, said = exc.TLSError, "TLS failed"
        else:
            # The connection was accepted, and reset before anybody looked.
            kind, said = exc.ConnectionLost, ENDED
        failure = kind(f"{route.origin}: {said}{reason_of(causes)}")
        # Other exceptions quote the answer, which may repeat what was sent.
        plain = (OSError, BaseExceptionGroup, self._core.NetworkError, self._core.TimeoutException)
        if all(isinstance(cause, plain) for cause in causes):
            failure.__cause__ = error
        return failure

    def _has_ended(self, error: Exception, link: Link) -> bool:
        if isinstance(error, (OSError, self._core.NetworkError)):
            return True
        if not isinstance(error, self._core.RemoteProtocolError):
            return False
        if link.http2:
            # The exception carries the event of a stream that was reset, or of a connection that was given up.
            return True
        return bool(link.wire.ended and link.wire.http)


def _limits(timeout: Timeout) -> dict[str, Any]:
    return {"timeout": {"read": timeout.read, "write": timeout.read}}


def bare(error: BaseException) -> BaseException:
    """Return an exception without the tracebacks that it and its causes have."""
    causes_of(error)
    return error
