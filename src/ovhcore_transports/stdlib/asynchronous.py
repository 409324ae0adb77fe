"""The standard library for ``AsyncClient``: exchanges block threads of a bounded pool, and the event loop goes on."""

from __future__ import annotations

from ..http.blocking.in_threads import ThreadsTransport
from .blocking import StdlibTransport

__all__ = ["AsyncStdlibTransport"]


class AsyncStdlibTransport(ThreadsTransport):
    """Send requests with the standard library in threads, ``pool_size`` at most; on asyncio, in any of its event loops.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    _name = "stdlib"
    _kind = StdlibTransport
