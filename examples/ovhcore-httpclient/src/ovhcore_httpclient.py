"""A transport for ovhcore on the standard library's http.client. It knows no proxies."""

import select
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR, socket
from urllib.parse import urlsplit

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import TransportSpec, hookimpl
from ovhcore.protocol import Headers, Response, split_url
from ovhcore_transports import SyncTransport
from ovhcore_transports.http import (
    ACCEPTED,
    Deadline,
    Pools,
    WholeResponse,
    decompressed,
    meaning_of,
    proxy_for,
    tls_context,
)


@hookimpl
def ovhcore_transports():
    return [TransportSpec("httpclient", sync=HttpClientTransport)]


class HttpClientTransport(SyncTransport):
    def __init__(self, settings):
        super().__init__()
        self.settings, self.tls, self.limit = settings, tls_context(settings), settings.max_response_size
        self.pools = Pools(settings.pool_size, self.dial, lambda idle: select.select([idle.sock], [], [], 0)[0])
        self.close = self.pools.close

    def dial(self, origin):
        if proxy_for(self.settings.proxy, origin):
            raise InvalidConfiguration("Transport httpclient knows no proxies: use another one, or proxy='none'")
        parts = urlsplit(origin)
        kind = partial(HTTPSConnection, context=self.tls) if parts.scheme == "https" else HTTPConnection
        return partial(kind, parts.hostname, parts.port)

    def send(self, request):
        origin, target = split_url(request.url)
        timeout = request.timeout or self.settings.timeout
        own = {} if "Accept-Encoding" in request.headers else {"Accept-Encoding": ACCEPTED}
        with self.pools.lease(origin, timeout) as (lease, http):
            with Deadline(timeout, lambda: http.sock and socket.shutdown(http.sock, SHUT_RDWR), origin):
                connected, http.response_class = http.sock is not None, partial(WholeResponse, self.limit)
                try:
                    if not connected:
                        http.timeout = min(timeout.connect, timeout.total or timeout.connect)
                        http.connect()
                        connected = True
                    http.sock.settimeout(min(timeout.read, timeout.total or timeout.read))
                    http.request(request.method, target, request.body or None, {**request.headers, **own})
                    answer = http.getresponse()
                except (HTTPException, OSError) as error:
                    raise meaning_of(error, origin, timeout, connected, http.sock is not None)
            lease.keep = not answer.will_close
        body = decompressed(answer.body, answer.head.encoding, self.limit)
        return Response(answer.head.status, Headers(answer.head.fields), body)
