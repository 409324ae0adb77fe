"""The default transport for ``Client``: urllib3's connections, its proxies and its TLS, used directly.

urllib3's ``PoolManager`` would follow redirects with credentials and parse each URL anew, and its pools are held up
for ever by an interrupt at the wrong moment; here connections are kept for each origin, in pools that are not, and
given the request target exactly as it was signed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from ovhcore.plugins import TransportSettings

from ..http.blocking.pooled import PooledTransport, needs_tls
from ..http.libraries.logs import redact_logs
from ..http.proxies import Proxy
from .connections import Connection, TLSConnection, check_library

__all__ = ["Urllib3Transport"]


class Urllib3Transport(PooledTransport):
    """Send requests with urllib3: pooled, TLS verified, nothing redirected, nothing retried.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    _raised = (*PooledTransport._raised, HTTPError)

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        check_library()
        redact_logs(("urllib3",))
        self._managers: dict[tuple[Proxy | None, bool], urllib3.PoolManager] = {}
        super().__init__(settings)

    def _way(self, origin: str, proxy: Proxy | None) -> Callable[[], Connection]:
        parts = urlsplit(origin)
        theirs: Any = self._manager(proxy, needs_tls(origin, proxy)).connection_from_host(
            parts.hostname, parts.port, parts.scheme
        )
        # The pool of an https proxy is one for https, whatever the origin.
        secure = isinstance(theirs, urllib3.HTTPSConnectionPool)
        theirs.ConnectionCls = TLSConnection if secure else Connection
        tunnel = theirs if proxy is not None and parts.scheme == "https" else None

        def connection() -> Connection:
            made: Connection = theirs._new_conn()
            made.tunnel = tunnel
            return made

        return connection

    def _manager(self, proxy: Proxy | None, has_tls: bool) -> urllib3.PoolManager:
        manager = self._managers.get((proxy, has_tls))
        if manager is None:
            tls = self._tls_context() if has_tls else None
            options: dict[str, Any] = {
                "maxsize": 1,  # of urllib3's own pools, which stay empty
                "ssl_context": tls,
            }
            if proxy is None:
                manager = urllib3.PoolManager(**options)
            else:
                manager = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=tls, **options)
            self._managers[proxy, has_tls] = manager
        return manager
