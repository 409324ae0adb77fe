"""A transport for ovhcore on the standard library's http.client. It knows no proxies."""

import select
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR, socket
from urllib.parse import urlsplit

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import TransportSpec, hookimpl
from ovhcore.protocol import Headers, Response, split_url
from ovhcore_transports import SyncTransport, http


@hookimpl
def ovhcore_transports():
    return [TransportSpec("httpclient", sync=HttpClientTransport)]


class HttpClientTransport(SyncTransport):
    def __init__(self, settings):
        super().__init__()
        self.settings, self.tls, self.limit = settings, http.tls_context(settings), settings.max_response_size
        self.pools = http.Pools(settings.pool_size, self.dial, lambda idle: select.select([idle.sock], [], [], 0)[0])
        self.close = self.pools.close

    def dial(self, origin):
        if http.proxy_for(self.settings.proxy, origin):
            raise InvalidConfiguration("Transport httpclient knows no proxies: use another one, or proxy='none'")
        parts = urlsplit(origin)
        kind = partial(HTTPSConnection, context=self.tls) if parts.scheme == "https" else HTTPConnection
        return partial(kind, parts.hostname, parts.port)

    def send(self, request):
        origin, target = split_url(request.url)
        timeout = request.timeout or self.settings.timeout
        own = {} if "Accept-Encoding" in request.headers else {"Accept-Encoding": http.ACCEPTED}
        with self.pools.lease(origin, timeout) as (lease, wire):
            with http.Deadline(timeout, lambda: wire.sock and socket.shutdown(wire.sock, SHUT_RDWR), origin):
                connected, wire.response_class = wire.sock is not None, partial(http.WholeResponse, self.limit)
                try:
                    if not connected:
                        wire.timeout = min(timeout.connect, timeout.total or timeout.connect)
                        wire.connect()
                        connected = True
                    wire.sock.settimeout(min(timeout.read, timeout.total or timeout.read))
                    wire.request(request.method, target, request.body or None, {**request.headers, **own})
                    answer = wire.getresponse()
                except (HTTPException, OSError) as error:
                    raise http.meaning_of(error, origin, timeout, connected, wire.sock is not None)
            lease.keep = not answer.will_close
        body = http.decompressed(answer.body, answer.head.encoding, self.limit)
        return Response(answer.head.status, Headers(answer.head.fields), body)
