"""The way to the API: names, proxy, connection, TLS."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import TransportSettings

from ...http import proxy_for, tls_context
from .results import OK, PROBLEM, SKIPPED, WARNING, CheckResult, passed_over

__all__ = ["issuer_of", "network_results"]

PATIENCE: Final = 10.0
"""Seconds to wait for each step."""

_PORTS: Final = {"http": 80, "https": 443}
_NAMES: Final = re.compile(rb"\x06\x03\x55\x04([\x03\x0a])[\x0c\x13\x14\x16](.)", re.DOTALL)


class _Way(NamedTuple):
    """Where to connect to.

    Attributes:
        host: of the API.
        port: of the API.
        proxy: host and port of a proxy, or None.
        headers: for the proxy.
    """

    host: str
    port: int
    proxy: tuple[str, int] | None
    headers: dict[str, str]

    @property
    def first(self) -> tuple[str, int]:
        """Where the first connection goes."""
        return self.proxy or (self.host, self.port)


def network_results(url: str, settings: TransportSettings) -> Iterator[CheckResult]:
    """Yield what is to be said of the way to an endpoint, step by step; after a problem the rest is passed over.

    Args:
        url: of the endpoint.
        settings: of the connection.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    try:
        proxy = proxy_for(settings.proxy, origin)
    except InvalidConfiguration as error:
        yield CheckResult("proxy", PROBLEM, str(error), "correct the setting proxy, or HTTPS_PROXY")
        return
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    between = None
    if proxy is None:
        yield CheckResult("proxy", OK, "none")
    else:
        at = urlsplit(proxy.url)
        between = (at.hostname or "", at.port or _PORTS[at.scheme])
        said = "the setting proxy" if settings.proxy is not None else "a variable, as HTTPS_PROXY"
        yield CheckResult("proxy", OK, f"{proxy.url}, by {said}")
    way = _Way(host, port, between, {} if proxy is None else proxy.headers)
    named = _dns(way)
    yield named
    if named.state == PROBLEM:
        yield passed_over("connection", "the name cannot be resolved")
        return
    if proxy is not None and proxy.url.startswith("https:"):
        yield passed_over("tls", "a proxy that is spoken to by TLS itself; the call below goes through it")
        return
    connected = _connection(way)
    yield connected
    if connected.state != PROBLEM:
        yield _tls(way, settings) if parts.scheme == "https" else CheckResult("tls", SKIPPED, _PLAIN)


_PLAIN: Final = "none: http:// is for this machine"


def _dns(way: _Way) -> CheckResult:
    host, port = way.first
    what = "the proxy's name" if way.proxy else "the API's name"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return CheckResult(
            "dns",
            PROBLEM,
            f"{what} {host} cannot be resolved: {error.strerror or error}",
            "is this machine online? Then look at its name servers (/etc/resolv.conf), at a VPN, and at how the "
            f"{'proxy' if way.proxy else 'endpoint'} is spelt",
        )
    addresses = ", ".join(dict.fromkeys(str(each[4][0]) for each in found))
    return CheckResult("dns", OK, f"{host} is {addresses}")


def _opened(way: _Way) -> socket.socket:
    """Connect, through the proxy if there is one.

    Raises:
        OSError: no connection, or the proxy lets nobody through.
    """
    connection = socket.create_connection(way.first, PATIENCE)
    if way.proxy is None or way.port == _PORTS["http"]:
        return connection
    try:
        target = f"{way.host}:{way.port}"
        lines = [
            f"CONNECT {target} HTTP/1.1",
            f"Host: {target}",
            *(f"{name}: {value}" for name, value in way.headers.items()),
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < 65536 and (more := connection.recv(4096)):
            answer += more
        status = re.match(rb"HTTP/1\.[01] ([0-9]{3})", answer)
        if status is None or not status[1].startswith(b"2"):
            raise _Refused(int(status[1]) if status else None)
        return connection
    except BaseException:
        connection.close()
        raise


class _Refused(OSError):
    """The proxy lets nobody through.

    Attributes:
        status: of its answer, None for none.
    """

    def __init__(self, status: int | None) -> None:
        super().__init__("the proxy does not speak HTTP" if status is None else f"the proxy answered {status}")
        self.status = status


def _connection(way: _Way) -> CheckResult:
    host, port = way.first
    try:
        _opened(way).close()
    except _Refused as error:
        step = "its user and password belong into the proxy's URL" if error.status == 407 else "ask whoever runs it"
        return CheckResult("connection", PROBLEM, f"{error} to CONNECT {way.host}:{way.port}", step)
    except TimeoutError:
        step = "a firewall drops what is sent; is a proxy needed here? Set proxy, or HTTPS_PROXY"
        return CheckResult("connection", PROBLEM, f"no answer from {host} port {port} within {PATIENCE:g} s", step)
    except OSError as error:
        what = "proxy" if way.proxy else "endpoint"
        step = f"is the {what} right, and does it run? A firewall may refuse, too"
        return CheckResult("connection", PROBLEM, f"{host} port {port}: {error.strerror or error}", step)
    through = f", through the proxy {host}" if way.proxy else ""
    return CheckResult("connection", OK, f"{way.host} port {way.port} can be reached{through}")


def _tls(way: _Way, settings: TransportSettings) -> CheckResult:
    try:
        context = tls_context(settings)
    except InvalidConfiguration as error:
        return CheckResult("tls", PROBLEM, str(error), "correct ca_bundle, or client_cert and client_key")
    try:
        with _opened(way) as plain, context.wrap_socket(plain, server_hostname=way.host) as secured:
            certificate: dict[str, Any] | None = secured.getpeercert()
            der, version = secured.getpeercert(True) or b"", secured.version()
    except ssl.SSLCertVerificationError as error:
        return _untrusted(way, error)
    except OSError as error:
        step = "does the endpoint speak TLS on this port? A proxy or firewall may cut TLS off"
        return CheckResult("tls", PROBLEM, f"TLS failed: {getattr(error, 'reason', None) or error}", step)
    signed = f"{version}; the certificate is signed by {issuer_of(der) or 'nobody who is named'}"
    if not certificate:
        step = "remove verify = false; to trust a certificate of your own, name it as ca_bundle"
        return CheckResult("tls", WARNING, f"{signed}, and not verified: whoever is in between can read keys", step)
    by = f", trusted by {settings.ca_bundle}" if settings.ca_bundle else ""
    return CheckResult("tls", OK, f"{signed}{by}, until {certificate.get('notAfter')}")


def _untrusted(way: _Way, error: ssl.SSLCertVerificationError) -> CheckResult:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    signed = ""
    try:  # to see who signed it; nothing is sent on this connection
        with _opened(way) as plain, context.wrap_socket(plain, server_hostname=way.host) as seen:
            signed = issuer_of(seen.getpeercert(True) or b"")
    except OSError:
        pass
    reason = error.verify_message or str(error)
    who = f" It is signed by {signed}." if signed else ""
    if "expired" in reason or "not yet valid" in reason:
        step = "is the clock of this machine right? Else the server's certificate has run out"
    elif "hostname" in reason.lower() or "IP address" in reason:
        step = "the server is another one than the endpoint names: is the endpoint right? Is its name resolved rightly?"
    else:
        step = (
            "if that is a proxy of your company, which reads TLS: name its certificate as ca_bundle (OVH_CA_BUNDLE). "
            "Otherwise somebody is in between: send no keys"
        )
    return CheckResult("tls", PROBLEM, f"the server's certificate is not trusted: {reason}.{who}", step)


def issuer_of(der: bytes) -> str:
    """Return who signed a certificate, as its names of organisation and person say; empty if they say nothing.

    In a certificate the issuer's names come first, then dates, then the subject's.
    """
    date = re.search(rb"\x17\x0d[0-9]{12}Z|\x18\x0f[0-9]{14}Z", der)
    names: dict[bytes, str] = {}
    for match in _NAMES.finditer(der, 0, date.start() if date else 0):
        text = der[match.end() : match.end() + match[2][0]].decode("utf-8", "replace")
        names.setdefault(match[1], text)
    return ", ".join(names[kind] for kind in (b"\x0a", b"\x03") if kind in names)
