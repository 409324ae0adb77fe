"""urllib3 for ``AsyncClient``: each exchange blocks a thread of a bounded pool, and the event loop does not."""

from __future__ import annotations

from ..http.blocking.in_threads import ThreadsTransport
from .blocking import Urllib3Transport

__all__ = ["AsyncUrllib3Transport"]


class AsyncUrllib3Transport(ThreadsTransport):
    """Send requests with urllib3 in threads, ``pool_size`` at most; on asyncio, in any of its event loops.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the certificates cannot be used.
    """

    _name = "urllib3"
    _kind = Urllib3Transport
