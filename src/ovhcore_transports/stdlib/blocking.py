"""The transport that works without any other package: the standard library's sockets and ``ssl``.

``http.client`` itself takes wrong answers for right ones, reads header fields with the email package and lets go of no
connection in time; here connections are used directly, as those of urllib3 are by the transport of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from ..http.blocking.pooled import PooledTransport, needs_tls
from ..http.proxies import Proxy
from .connections import Address, Connection

__all__ = ["StdlibTransport"]

_PORTS: Final = {"http": 80, "https": 443}


class StdlibTransport(PooledTransport):
    """Send requests with the standard library: pooled, TLS verified, nothing redirected, nothing retried.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    def _way(self, origin: str, proxy: Proxy | None) -> Callable[[], Connection]:
        # The transport itself is not passed on: kept connections would keep it alive, and nobody would close them.
        tls = self._tls_context() if needs_tls(origin, proxy) else None
        return partial(Connection, _address(origin), proxy, None if proxy is None else _address(proxy.url), tls)


def _address(url: str) -> Address:
    parts = urlsplit(url)
    host = (parts.hostname or "").replace("%25", "%")  # the sign before a zone of IPv6, as URLs have it
    return Address(host, parts.port or _PORTS[parts.scheme], parts.scheme == "https")
