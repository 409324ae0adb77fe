"""A proxy that tunnels, and what it may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore.testing import Authority
from tests.servers import RawServer, answer


@contextmanager
def tunnelling(directory: Path) -> Iterator[tuple[Request, TransportSettings]]:
    """Yield a request and the settings that lead it through a proxy; it has to be answered with ``1``.

    Afterwards: the proxy saw the host, and who asks; nothing of the call.
    """
    authority = Authority(directory)
    with RawServer(lambda r: b"HTTP/1.1 200 OK\r\n\r\n" if r.method == "CONNECT" else answer(b"1")) as proxy:
        proxy.tunnel = authority.server_context("api.invalid")
        url = "https://api.invalid/1.0/ip/1.2.3.0%2F24?q=%27%5B%5D"
        address = f"http://me:word@127.0.0.1:{proxy.port}"
        yield (
            Request("GET", url, {"X-Ovh-Consumer": "c"}),
            TransportSettings(Timeout(60, 60), address, str(authority.bundle)),
        )
    asked, called = proxy.received
    assert asked.head.startswith(b"CONNECT api.invalid:443 HTTP/1.")
    assert asked.fields["proxy-authorization"] == "Basic bWU6d29yZA=="
    assert "x-ovh-consumer" not in asked.fields
    assert called.target == url.removeprefix("https://api.invalid")
    assert called.fields["x-ovh-consumer"] == "c"
    assert "proxy-authorization" not in called.fields
