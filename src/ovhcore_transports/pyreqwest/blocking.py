"""The fast transport: pyreqwest, which is Rust's reqwest. This is its synchronous form.

The differences from other transports:

* ``ca_bundle`` is trusted besides the certificates of the system, not instead of them: the
  library has no way to leave those out. Where the system has none, the bundle is all there is.
* A client of the library keeps its connect and read timeout for life, so there is one client for
  each origin and pair of timeouts. Where timeouts come with requests, the 8 clients used last
  are kept; a call with yet another pair opens a connection of its own. Where only the total
  timeout varies nothing is opened. In the synchronous form ``pool_size`` holds for each client.
* The read timeout counts for the whole head of the answer, a new connection included, and begins
  anew with each piece of the body. So making a connection takes no longer than the read timeout, either.
* A request without ``User-Agent`` is sent with an empty one, and one without ``Accept`` with ``*/*``.
* Names of fields in answers are in lower case, and fields of one name stand together; values that
  are not ASCII cannot be read and are ``U+FFFD``. More than 100 fields are refused.
* A URL that the library's parser would write otherwise is refused; the parser leaves the URLs that
  ovhcore writes alone.
* Over HTTP/2 a request that the server refuses unprocessed (REFUSED_STREAM) is sent up to three times, a POST and
  with ``retry=False`` too; the library cannot be told otherwise. The error says so. Leave ``http2`` off where one
  call must be one request.
* Ctrl-C takes effect when the call ends: give a total timeout where that matters.
* A process that was forked from one in which a client had been used cannot use the library.
* When the thread that first imported the library has ended, the process crashes in others. Here it is imported in
  the main thread, or in one that stays. Where a program has imported it itself in another thread, the first call
  says so (on Linux and x86-64, where it can be told).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Response

from ..base.blocking import SyncTransport
from ..http.bodies import too_large
from .clients import Clients, SyncClientBuilder, built
from .responses import is_within, response_of

__all__ = ["PyreqwestTransport"]


class PyreqwestTransport(SyncTransport):
    """Send requests with pyreqwest: pooled, TLS verified, nothing redirected, nothing retried that may have arrived.

    Args:
        settings: timeout, proxy, certificates, size limit.

    Raises:
        InvalidConfiguration: the proxy's URL or the client's certificate cannot be used. Certificates to trust are
            read for the first connection with TLS.
    """

    def __init__(self, settings: TransportSettings = TransportSettings()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._clients = Clients(settings, SyncClientBuilder, limited=True)
        self._limit = settings.max_response_size

    def after_fork(self) -> None:
        """Leave the clients behind: only the parent of a fork can use them."""
        super().after_fork()
        self._clients.after_fork()

    def send(self, request: Request) -> Response:
        """Exchange one request for one response.

        Raises:
            NetworkError: no answer; the kind says whether the request may have arrived.
            InvalidRequest: the library would send another URL, or cannot send a header field.
            InvalidConfiguration: the process was forked from one that used the library.
        """
        client, origin, timeout = self._clients.find(request)
        begin = 0.0 if timeout.total is None else time.monotonic()
        try:
            exchange = built(client, request, self._limit, self._clients.own_total(timeout.total))
            raw = exchange.__enter__()
            body: Any = raw.bytes().to_bytes() if is_within(raw, self._limit) else self._read(exchange, raw.body_reader)
            if raw.status < 200:
                exchange.__exit__(None, None, None)
            return response_of(raw, body, self._limit)
        except Exception as error:
            late = timeout.total is not None and time.monotonic() - begin >= timeout.total
            from .failures import failure_of

            failure = failure_of(error, request, timeout, self._clients.proxies[origin], late)
        # A kept exception keeps the variables of this frame, and the library keeps connections as long as these.
        client = exchange = raw = body = None
        # Raised here: the library's words may show what was sent.
        raise failure

    def _read(self, exchange: Any, reader: Any) -> bytes:
        pieces: list[Any] = []
        size = 0
        while (piece := reader.read_chunk()) is not None:
            size += len(piece)
            if size > self._limit:
                exchange.__exit__(None, None, None)
                raise too_large(self._limit)
            pieces.append(piece)
        return b"".join(pieces)

    def warm(self, urls: Sequence[str]) -> None:
        """Make the library's clients: certificates are loaded then."""
        self._clients.warm(urls)

    def close(self) -> None:
        """Let the connections go; calls under way come to their ends. May be called again."""
        self._clients.close()
