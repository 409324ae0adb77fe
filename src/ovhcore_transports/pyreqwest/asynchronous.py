"""The asynchronous form of the transport on pyreqwest; it works under asyncio alone.

What ``ovhcore_transports.pyreqwest.blocking`` says of the library holds here, too, and this: a call
that is cancelled ends at once and frees its place in the pool, but the library goes on with the
exchange, until the answer has come or the read timeout has passed. A total timeout ends it properly.
"""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Sequence
from typing import Any

from ovhcore import exceptions as exc
from ovhcore._internal import at_exit
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Response

from ..base.asynchronous import AsyncTransport, only_on_asyncio
from ..base.deadlines import pool_timeout, pool_wait
from ..base.forks import renew_after_fork
from ..http.bodies import too_large
from ..http.libraries.slots import Slots
from .clients import ClientBuilder, Clients, SyncClientBuilder, built
from .failures import failure_of
from .responses import is_within, response_of

__all__ = ["AsyncPyreqwestTransport"]


class AsyncPyreqwestTransport(AsyncTransport):
    """Send requests with pyreqwest: pooled, TLS verified, nothing redirected, nothing retried that may have arrived.

    Connections do not belong to an event loop: a loop that comes after another uses those that are there.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the client's certificate cannot be used. Certificates to trust are
            read for the first connection with TLS.
    """

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._clients = Clients(settings, ClientBuilder, limited=False)
        self._limit = settings.max_response_size
        self._size = settings.pool_size
        self._slots: dict[str, Slots] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        renew_after_fork(self)
        atexit.unregister(_settle)  # once is enough
        atexit.register(_settle)

    def after_fork(self) -> None:
        """Leave the clients behind: only the parent of a fork can use them."""
        self._clients.after_fork()

    async def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
            InvalidRequest: the library would send another URL, or cannot send a header field.
            InvalidConfiguration: the process was forked from one that used the library, or runs trio.
            ClientClosed: the interpreter is shutting down; threads of the library that answer then abort the process.
        """
        only_on_asyncio("pyreqwest")
        if (ended := at_exit()) is not None:
            raise ended
        client, origin, timeout = self._clients.find(request)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._slots = loop, {}
        slots = self._slots.get(origin)
        if slots is None:
            # The library's own limit is not used: a cancelled call would hold its place until its exchange ends.
            slots = self._slots[origin] = Slots(self._size)
        begin = 0.0 if timeout.total is None else time.monotonic()
        total = timeout.total
        if slots.free:
            slots.free -= 1
        else:
            if not await slots.wait(pool_wait(timeout)):
                client = None  # as below
                raise pool_timeout(timeout, origin)
            if self._clients.closed:
                client = None
                slots.release()
                raise exc.ClientClosed("The transport is closed")
            if total is not None:
                total = max(0.0, begin + total - time.monotonic())
        try:
            exchange = built(client, request, self._limit, self._clients.own_total(total))
            raw = await exchange.__aenter__()
            if is_within(raw, self._limit):
                body: Any = (await raw.bytes()).to_bytes()
            else:
                body = await self._read(exchange, raw.body_reader)
            if raw.status < 200:
                await exchange.__aexit__(None, None, None)
            return response_of(raw, body, self._limit)
        except Exception as error:
            late = timeout.total is not None and time.monotonic() - begin >= timeout.total
            failure = failure_of(error, request, timeout, self._clients.proxies[origin], late)
        finally:
            slots.release()
        # A kept exception keeps the variables of this frame, and the library keeps connections as long as these.
        client = exchange = raw = body = None
        # Raised here: the library's words may show what was sent.
        raise failure

    async def _read(self, exchange: Any, reader: Any) -> bytes:
        pieces: list[Any] = []
        size = 0
        while (piece := await reader.read_chunk()) is not None:
            size += len(piece)
            if size > self._limit:
                await exchange.__aexit__(None, None, None)
                raise too_large(self._limit)
            pieces.append(piece)
        return b"".join(pieces)

    def warm(self, urls: Sequence[str]) -> None:
        """Make the library's clients: certificates are loaded then."""
        super().warm(urls)
        self._clients.warm(urls)

    async def close(self) -> None:
        """Let the connections go; calls under way come to their ends. May be called again."""
        self._clients.close()


def _settle() -> None:
    # The library's thread may still be waking the loop for the last answer, and would abort the process
    # when it finds that the interpreter is gone. The thread handles the request below after that; the
    # library refuses it by itself, and opens nothing for it.
    try:
        client = SyncClientBuilder().no_proxy().https_only(True).danger_accept_invalid_certs(True).build()
        client.get("http://127.0.0.1/").build().send()
    except (RuntimeError, ValueError):  # the first in the child of a fork, which has no such thread
        pass
