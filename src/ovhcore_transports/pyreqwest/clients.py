"""The clients of the library pyreqwest: how they are made and kept, and the meaning of their failures."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from math import inf
from typing import Any, Final

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Timeout, split_url

from ..base.locks import Lock
from ..http.bodies import ACCEPTED
from ..http.failures import ENDED, NOT_TLS, causes_of
from ..http.proxies import Proxy, proxy_for, read_proxy
from .loading import FORKED, check_library, load_library

load_library()

# Imported now: the library looks for its exceptions when it first raises one, and at a Ctrl-C aborts the process.
import pyreqwest.exceptions as theirs  # noqa: E402
from pyreqwest.client import ClientBuilder, SyncClientBuilder  # noqa: E402
from pyreqwest.http import Url  # noqa: E402

__all__ = ["TIMED_CLIENTS", "ClientBuilder", "Clients", "SyncClientBuilder", "built", "failure_of"]

TIMED_CLIENTS: Final = 8
"""The number of clients that are kept for timeouts that came with requests."""

# The field to send if a body would be expected and there is none.
_NO_BODY: Final = {"Content-Length": "0"}
_EMPTY_BODIES: Final = frozenset(("POST", "PUT", "PATCH"))
_CERTIFICATE: Final = rb"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"
# The part of the read timeout, which runs meanwhile: the wait for a connection ends first and can be told apart.
_CONNECTING: Final = 0.95

# The library's words for a connection that ended.
_ENDED: Final = (
    "end of file before message length reached",
    "unexpected EOF",
    "without sending TLS close_notify",
    "stream error received",  # over HTTP/2 the server has ended this exchange alone
)
# The library's words for an answer that is not HTTP; the beginnings of its messages, in lower case.
_GARBLED: Final = ("invalid ", "message head", "unexpected transfer-encoding", "unexpected message", "chunk ")
_REFUSED_STREAM: Final = "refused stream before processing"
# The alerts of TLS 1.3 of a server that wants another certificate of the client; it has read no request.
_REFUSED: Final = tuple(
    f"received fatal alert: {alert}"
    for alert in ("CertificateRequired", "BadCertificate", "UnknownCA", "CertificateUnknown", "CertificateExpired")
)
_NO_ROOTS: Final = "No CA certificates"
_RESET: Final = (f"(os error {errno.ECONNRESET})", f"(os error {errno.EPIPE})")
_UNREACHED: Final = ("tcp connect error", "dns error")
# The words of rustls for bytes that are no TLS record.
_NO_RECORD: Final = "received corrupt message of type InvalidContentType"
# The part of its messages that may be repeated: nothing in it came from the server.
_REASON: Final = (  # compiled when it is needed, as the next
    r"\(os error (\d+)\)|(?:lookup address information|invalid peer certificate|fatal alert): ([A-Za-z ,-]+)"
)


class Clients:
    """The library's clients, each made when first needed.

    Args:
        settings: the settings of the transport.
        builder: the class that builds them.
        limited: whether they keep to ``pool_size`` by themselves.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
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
        self._trusted = _trusted(settings.ca_bundle)
        self._identity = _identity(settings)
        if settings.proxy is not None:
            read_proxy(settings.proxy)
        if self._identity is None:
            return
        try:
            self._configured(settings.timeout, None)
            return
        except ValueError:
            pass
        files = " and ".join(filter(None, (settings.client_cert, settings.client_key)))
        raise exc.InvalidConfiguration(
            f"client_cert: {files} must hold a certificate and its key, not encrypted, as PEM"
        )

    def after_fork(self) -> None:
        """Put the parent's clients aside; the threads that would close them are not in the child."""
        self._left_behind += (self.usual, self._timed)
        self.usual, self._timed = {}, {}
        self._lock = Lock()

    def own_total(self, total: float | None) -> timedelta | None:
        """Return the total timeout of a request as the library takes it, None for that of its clients."""
        return None if total == self._settings.timeout.total else span(inf if total is None else total)

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
                raise _not_as_it_is()
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
            problem = _problem_of(error)
        if _NO_ROOTS in problem and self._trusted is None and (fallback := _fallback()):
            self._trusted = fallback
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
        if self._trusted is not None:
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
    return timedelta(seconds=min(seconds, 1e8))


def _not_as_it_is() -> exc.InvalidRequest:
    """Return the error for a URL that the library would send otherwise."""
    return exc.InvalidRequest(
        "pyreqwest writes URLs as browsers do and would send this one otherwise than it was signed: normalise it "
        "(lower-case host, no default port, no dot segments, no fragment, everything unusual percent-encoded), "
        "or use transport urllib3, httpx or aiohttp, which send it as it is"
    )


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
        raise _not_as_it_is()
    asked = client.request(request.method, read).headers(request.headers.pairs)
    if request.body:
        asked = asked.body_bytes(request.body)
    elif request.method in _EMPTY_BODIES:
        asked = asked.headers(_NO_BODY)
    if total is not None:
        asked = asked.timeout(total)
    return asked.streamed_read_buffer_limit(limit + 1).build_streamed()


def failure_of(error: Exception, request: Request, timeout: Timeout, proxy: Proxy | None, late: bool) -> Exception:
    """Return the exception to raise for one of the library.

    Args:
        error: the exception; URLs are taken off it.
        request: the request that failed.
        timeout: the timeout that it had.
        proxy: the proxy that was used.
        late: whether the total timeout has passed.
    """
    causes_of(error)
    if not isinstance(error, theirs.RequestError):
        if not isinstance(error, ValueError):
            return error
        if not _is_valid(request.url):
            return _not_as_it_is()
        return exc.InvalidRequest("pyreqwest cannot send this request: its method or a header field is not valid")
    origin, _ = split_url(request.url)
    said = [cause["message"] for cause in error.details.get("causes") or ()]
    error.details = {"causes": None}
    error.args = (error.message,)
    if late and isinstance(error, TimeoutError):
        from ..base.deadlines import total_timeout  # with what other transports need to keep to it

        return total_timeout(timeout, origin)
    kind, words = _kind_of(error, said, origin, proxy)
    words = words.format(connect=min(timeout.connect, timeout.read), read=timeout.read, proxy=proxy and proxy.url)
    failure = kind(f"{origin}: {words}{_reason_of(said)}")
    if kind not in (exc.ProtocolError, exc.NetworkError):
        failure.__cause__ = error
    return failure


def _is_valid(url: str) -> bool:
    try:
        return Url.is_valid(url)
    except UnicodeEncodeError:
        return False


def _kind_of(error: Exception, said: list[str], origin: str, proxy: Proxy | None) -> tuple[type[exc.NetworkError], str]:
    connecting = "client error (Connect)" in said
    if isinstance(error, theirs.PoolTimeoutError):
        return exc.PoolTimeout, "no pooled connection became free within {read:g} s"
    secure = origin.startswith("https:")
    if connecting:
        unreached = any(one in _UNREACHED for one in said)
        timed_out = isinstance(error, TimeoutError)
        tunnel = any(one.startswith("tunnel error") for one in said)
        if proxy is not None and (unreached or timed_out or tunnel or not secure):
            return exc.ProxyError, "the proxy {proxy} refused or failed"
        if timed_out:
            return exc.ConnectTimeout, "no connection within {connect:g} s"
        if secure and not unreached:
            return exc.TLSError, "TLS failed"
        if not any(words in one for one in said for words in _RESET):
            return exc.ConnectError, "no connection could be made"
        # A connection that is reset at once is noticed now or when the request is sent, as chance has it.
        return exc.ConnectionLost, ENDED
    if isinstance(error, TimeoutError):
        return exc.ReadTimeout, "the server was silent for {read:g} s"
    if any(one in _REFUSED for one in said):
        return exc.TLSError, "TLS failed"
    if any(_REFUSED_STREAM in one for one in said):
        # The library has no option against this.
        return exc.ConnectionLost, (
            "the server refused the request before looking at it, and over HTTP/2 pyreqwest has sent it up to three "
            "times by itself, also with retry off; without http2, or on httpx, it is sent once"
        )
    ended = any(words in one for one in said for words in _ENDED)
    if ended or isinstance(error, theirs.NetworkError):
        return exc.ConnectionLost, ENDED
    if any(one.lower().startswith(_GARBLED) for one in said):
        return exc.ProtocolError, "the answer is not HTTP"
    # The words are not known, as in another version: the error says only that there is no answer.
    return exc.NetworkError, "pyreqwest got no answer that it could read"


def _reason_of(said: list[str]) -> str:
    for one in reversed(said):
        if _NO_RECORD in one:
            return f" ({NOT_TLS})"
        if found := re.search(_REASON, one):
            return f" ({os.strerror(int(found[1])) if found[1] else found[2].strip()})"
    return ""


def _problem_of(error: Exception) -> str:
    causes_of(error)
    if "fork" in str(error):
        return FORKED
    causes = getattr(error, "details", {}).get("causes") or ({"message": str(error)},)
    return f"pyreqwest cannot make a client with these certificates and this proxy: {causes[-1]['message']}"


def _trusted(ca_bundle: str | None) -> bytes | None:
    if ca_bundle is None:
        return None
    files = [ca_bundle]
    try:
        if os.path.isdir(ca_bundle):
            files = [entry.path for entry in os.scandir(ca_bundle) if entry.is_file()]
        found = [one for file in sorted(files) for one in re.findall(_CERTIFICATE, _read(file))]
        problem = "no certificate as PEM"
    except OSError as error:
        found, problem = [], error.strerror or str(error)
    if not found:
        raise exc.InvalidConfiguration(f"ca_bundle {ca_bundle} holds no usable certificates: {problem}")
    return b"\n".join(dict.fromkeys(found))  # a directory has links to its files


def _identity(settings: TransportSettings) -> bytes | None:
    if settings.client_cert is None:
        return None
    try:
        return b"\n".join(_read(file) for file in (settings.client_cert, settings.client_key) if file)
    except OSError as error:
        problem = error.strerror or str(error)
    files = " and ".join(filter(None, (settings.client_cert, settings.client_key)))
    raise exc.InvalidConfiguration(f"client_cert: {files} cannot be read: {problem}")


def _fallback() -> bytes | None:
    try:
        import certifi
    except ImportError:
        return None
    return _read(certifi.where())


def _read(file: str) -> bytes:
    with open(file, "rb") as opened:
        return opened.read()
