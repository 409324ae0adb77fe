"""httpx's connections for blocking code."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any

from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Headers, Request, Response, Timeout, split_url

from ..base.blocking import SyncTransport
from ..base.deadlines import Deadline, total_timeout
from ..http.blocking.pools import Pools
from .exchanges import OPEN, TLS, Common, Link, Route, bare
from .wires import PIECE, WrappedWire

__all__ = ["HttpxTransport"]


class _Wire(WrappedWire):
    """A blocking stream whose waits do not go beyond a point in time.

    Attributes:
        until: that point, on the monotonic clock; None for none.
    """

    def __init__(self, core: ModuleType, stream: Any, until: float | None) -> None:
        super().__init__(core, stream)
        self.until = until

    def _left(self, timeout: float | None) -> float | None:
        if self.until is None:
            return timeout
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes and return them; none at the end of the connection."""
        self.check()
        if rest := self.rest():
            self._send(rest, timeout)
        return self.note(self._stream.read(max_bytes, self._left(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        if piece := self.held(buffer):
            self._send(piece, timeout)

    def _send(self, data: bytes, timeout: float | None) -> None:
        pieces = memoryview(data)
        # A server may answer and close before it has read all; what it answered is there to be read.
        with suppress(self._core.WriteError):
            for at in range(0, len(data), PIECE):
                self._stream.write(pieces[at : at + PIECE], self._left(timeout))

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS."""
        self._stream = self._stream.start_tls(context, host, self._left(None))

    @property
    def socket(self) -> Any:
        """The socket below the stream."""
        return self._stream.get_extra_info("socket")

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


class _Link(Link):
    """A connection for blocking code."""

    def open(self, timeout: Timeout, until: float | None) -> None:
        """Connect.

        Args:
            timeout: the timeout of the exchange.
            until: when the exchange has to end, on the monotonic clock.
        """
        route = self.route
        end = time.monotonic() + timeout.connect
        if until is not None:
            end = min(end, until)
        wire = self.wire = _Wire(route.core, _reached(route, end), end)
        if route.hop_secure:
            wire.start_tls(route.tls(True), route.hop[0])
        if route.secure:
            if route.proxy is not None:
                route.check(route.connection("HTTP11Connection", wire).handle_request(route.connect_request()))
            self.stage = TLS
            wire.start_tls(route.tls(False), route.host)
            self.http2 = wire.protocol == "h2"
        self.connection = route.connection("HTTP2Connection" if self.http2 else "HTTP11Connection", wire)
        self.stage = OPEN

    def close(self) -> None:
        """Close the connection."""
        if self.wire is not None:
            self.wire.close()

    def cut(self) -> None:
        """Make reading and writing fail; called in another thread."""
        sock = None if self.wire is None else self.wire.socket
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _reached(route: Route, end: float) -> Any:
    """Return a stream to the first address of a host that can be reached; the addresses share the time."""
    host, port = route.hop
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    failure: Exception = OSError("no address")
    for number, (*_, address) in enumerate(found):
        left = (end - time.monotonic()) / (len(found) - number)
        if left <= 0:
            raise TimeoutError
        try:
            return route.core.SyncBackend().connect_tcp(str(address[0]), port, left)
        except (route.core.ConnectError, route.core.ConnectTimeout) as error:
            failure = error
    raise failure


class HttpxTransport(SyncTransport):
    """Send requests with httpx's connections: kept alive, TLS verified, nothing redirected, nothing retried.

    Args:
        settings: timeout, proxy, certificates, size limit.
        core: name of the module that the connections come from.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    def __init__(self, settings: TransportSettings, core: str) -> None:
        super().__init__()
        self._common = common = Common(settings, core)
        self._pools: Pools[_Link] = Pools(
            settings.pool_size, lambda origin: partial(_Link, common.route(origin)), _stale
        )

    def after_fork(self) -> None:
        """Open other connections in the child of a fork: the parent goes on using these, so they are not closed."""
        super().after_fork()
        self._pools.after_fork()

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
        """
        origin, target = split_url(request.url)
        timeout = request.timeout or self._common.settings.timeout
        until = None if timeout.total is None else time.monotonic() + timeout.total
        lease = self._pools.lease(origin, timeout)
        parts = None
        try:
            with lease as (_, link):
                if until is None or not (link.route.secure and link.route.hop_secure):
                    parts = self._over(link, request, target, timeout, until)
                else:
                    # In TLS within TLS one read is many of the outer one, each with the whole timeout.
                    with Deadline(timeout, link.cut, origin):
                        parts = self._over(link, request, target, timeout, until)
                # This comes after the deadline's block, when nobody can cut the connection any more.
                lease.keep = link.reusable
            return self._common.answer(*parts)
        except BaseException as error:
            lease.end()  # an interrupt may have been in the way
            failure = bare(error)
        del parts, target  # the answer may repeat what was sent; the target's query may have a token
        # Raised here: the frames of the exchange hold signed headers.
        raise failure

    def _over(
        self, link: _Link, request: Request, target: str, timeout: Timeout, until: float | None
    ) -> tuple[int, Headers, bytes]:
        common = self._common
        try:
            if link.stage is not OPEN:
                link.open(timeout, until)
            link.wire.start()
            link.wire.until = until
            raw = link.connection.handle_request(link.route.written(request, target, common.limits(timeout)))
            headers = common.begun(raw, request)
            parts, room = [], common.settings.max_response_size
            for part in raw.stream:
                parts.append(part)
                room -= len(part)
                if room < 0:
                    link.wire.stopped = True
            raw.close()
        except Exception as error:
            failure = common.failure(error, link, timeout)
            if until is not None and time.monotonic() >= until:
                failure = total_timeout(timeout, link.route.origin)
        else:
            return raw.status, headers, b"".join(parts)
        raise failure

    def warm(self, urls: Sequence[str]) -> None:
        """Load certificates, and read which proxies to use."""
        self._common.warm(urls)

    def close(self) -> None:
        """Close the connections, those in use when their calls end. May be called again."""
        self._pools.close()


def _stale(link: _Link) -> object:
    return link.wire.get_extra_info("is_readable")
