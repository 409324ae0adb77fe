"""What the transport on the standard library has of its own: its ways to a server, and TLS within TLS."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore.testing import Authority, Peer, WireServer, answer
from ovhcore_transports.http.proxies import Proxy
from ovhcore_transports.stdlib.blocking import StdlibTransport, _address
from ovhcore_transports.stdlib.connections import Address, Connection, _is_readable
from ovhcore_transports.stdlib.tls_in_tls import TLSWithinTLS

DIRECT = TransportSettings(Timeout(5, 5), proxy="none")


def sent(settings: TransportSettings, request: Request) -> Response:
    transport = StdlibTransport(settings)
    try:
        return transport.send(request)
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("url", "address", "authority"),
    [
        ("https://eu.api.ovh.com", ("eu.api.ovh.com", 443, True), "eu.api.ovh.com:443"),
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080, False), "127.0.0.1:8080"),
        ("https://[::1]", ("::1", 443, True), "[::1]:443"),
        ("http://[fe80::1%25eth0]:81", ("fe80::1%eth0", 81, False), "[fe80::1%eth0]:81"),
    ],
)
def test_where_somebody_listens(url: str, address: tuple[str, int, bool], authority: str) -> None:
    found = _address(url)
    assert (found.host, found.port, found.has_tls) == address
    assert found.authority == authority


def test_an_address_whose_family_the_kernel_has_not_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def found(*arguments: Any, **options: Any) -> list[Any]:
        (one, *_) = real("127.0.0.1", arguments[1], 0, socket.SOCK_STREAM)
        return [(99, socket.SOCK_STREAM, 0, "", ("::1", arguments[1], 0, 0)), one]

    monkeypatch.setattr("socket.getaddrinfo", found)
    with WireServer(answer(b"1")) as server:
        assert sent(DIRECT, Request("GET", f"http://two.invalid:{server.port}/me")).body == b"1"


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "299 Fine"])
def test_every_consent_is_one(tmp_path: Path, status: str) -> None:
    authority = Authority(tmp_path)

    def tunnel(peer: Peer) -> None:
        assert peer.receive() is not None
        peer.send(f"HTTP/1.1 {status}\r\nX-Proxy: a\r\n\r\n".encode())
        peer.secure(authority.server_context("api.invalid"))
        peer.serve()

    with WireServer(tunnel) as proxy:
        settings = TransportSettings(Timeout(5, 5), f"127.0.0.1:{proxy.port}", str(authority.bundle))
        assert sent(settings, Request("GET", "https://api.invalid./me")).status == 200
    assert proxy.received[0].head == b"CONNECT api.invalid.:443 HTTP/1.1\r\nHost: api.invalid.:443"


def test_a_server_that_speaks_first_through_a_tunnel_is_not_spoken_to() -> None:
    def tunnel(peer: Peer) -> None:
        assert peer.receive() is not None
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-OpenSSH\r\n")
        peer.receive()

    with WireServer(tunnel) as proxy:
        settings = TransportSettings(Timeout(5, 5), f"127.0.0.1:{proxy.port}")
        with pytest.raises(exc.ProxyError) as caught:
            sent(settings, Request("GET", "https://api.invalid/me", {"X-Ovh-Consumer": "CANARY"}))
    assert not caught.value.may_have_arrived
    assert len(proxy.received) == 1


def test_a_proxy_that_drips_has_the_time_to_connect_and_no_more() -> None:
    over = threading.Event()

    def tunnel(peer: Peer) -> None:
        assert peer.receive() is not None
        peer.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            if over.wait(0.02):
                return
            peer.send(b"Via: a\r\n")

    with WireServer(tunnel) as proxy:
        settings = TransportSettings(Timeout(0.3, 60), f"127.0.0.1:{proxy.port}")
        with pytest.raises(exc.ProxyError):
            sent(settings, Request("GET", "https://api.invalid/me"))
        over.set()


def test_a_connection_not_made_is_stale_and_can_be_closed() -> None:
    server, at = Address("127.0.0.1", 9, False), Address("127.0.0.1", 8, True)
    for proxy, where in ((None, None), (Proxy("https://127.0.0.1:8", None), at)):
        connection = Connection(server, proxy, where, ssl.create_default_context())
        assert connection.is_stale
        connection.close()


def test_what_can_be_read_is_seen_also_beyond_the_1023_of_select() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert not _is_readable(one)
        other.send(b"a")
        assert _is_readable(one)
    assert hasattr(select, "poll")


# TLS within TLS


def secured(sock: Any, context: ssl.SSLContext, **options: Any) -> Any:
    return context.wrap_socket(sock, **options)


class Within:
    """A server's end of TLS within TLS, in a thread, and the client's."""

    def __init__(self, directory: Path, behave: Callable[[Within], None]) -> None:
        self.authority = Authority(directory)
        self.outer_context = self.authority.server_context("proxy.invalid")
        self.inner_context = self.authority.server_context("api.invalid")
        self.failures: list[BaseException] = []
        self._behave = behave
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.settimeout(10)
        self._theirs = theirs
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        trusting = ssl.create_default_context(cafile=str(self.authority.bundle))
        self.outer = secured(ours, trusting, server_hostname="proxy.invalid")
        self.client = TLSWithinTLS(self.outer, trusting, "api.invalid")

    def _serve(self) -> None:
        try:
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.sock = secured(self._theirs, self.outer_context, server_side=True)
            self.tls = self.inner_context.wrap_bio(self.incoming, self.outgoing, server_side=True)
            self._behave(self)
        except BaseException as error:
            self.failures.append(error)
        finally:
            self.sock.close()

    def do(self, step: Callable[[], Any], *, piece: int = 16384) -> Any:
        """Take a step, sending and receiving what it takes; what is sent in pieces of so many bytes."""
        while True:
            try:
                result, done = step(), True
            except ssl.SSLWantReadError:
                result, done = None, False
            data = self.outgoing.read()
            for at in range(0, len(data), piece):
                self.sock.sendall(data[at : at + piece])
            if done:
                return result
            self.incoming.write(self.sock.recv(16384))


@contextmanager
def within(directory: Path, behave: Callable[[Within], None]) -> Iterator[Within]:
    pair = Within(directory, behave)
    try:
        yield pair
    finally:
        pair.client.close()
        pair.thread.join(10)
        assert not pair.thread.is_alive()
    assert not pair.failures


@pytest.mark.parametrize("piece", [7, 1000, 16384])
def test_bytes_go_both_ways_whatever_the_pieces(tmp_path: Path, piece: int) -> None:
    sizes = (1, 20_000, 100_000)

    def echo(pair: Within) -> None:
        pair.do(pair.tls.do_handshake, piece=piece)
        for size in sizes:
            data = b""
            while len(data) < size:
                data += pair.do(lambda: pair.tls.read(65536))
            pair.do(partial(pair.tls.write, data[:10_000]), piece=piece)

    with within(tmp_path, echo) as pair:
        pair.client.do_handshake(lambda: 10.0)
        assert pair.client.gettimeout() == 10.0
        for size in sizes:
            data = bytes(range(256)) * (size // 256) + bytes(size % 256)
            pair.client.sendall(data)
            found = b""
            while len(found) < min(size, 10_000):
                found += pair.client.recv(65536)
            assert found == data[:10_000]
        assert pair.client.pending() == 0


@pytest.mark.parametrize("announced", [True, False])
def test_the_end_need_not_be_announced(tmp_path: Path, announced: bool) -> None:
    def leave(pair: Within) -> None:
        pair.do(pair.tls.do_handshake)
        pair.do(lambda: pair.tls.write(b"ab"))
        if announced:
            with pytest.raises(ssl.SSLWantReadError):
                pair.tls.unwrap()
            pair.sock.sendall(pair.outgoing.read())

    with within(tmp_path, leave) as pair:
        pair.client.do_handshake(lambda: 10.0)
        assert pair.client.recv(1) == b"a"
        assert pair.client.pending() == 1
        assert pair.client.recv(1) == b"b"
        assert pair.client.recv(1) == b""
        assert pair.client.recv(1) == b""


def test_a_handshake_that_drips_ends_in_time(tmp_path: Path) -> None:
    over = threading.Event()

    def drip(pair: Within) -> None:
        pair.sock.sendall(b"\x16\x03\x03\x40\x00")  # a record whose rest comes slowly
        with suppress(OSError):
            while not over.wait(0.02):
                pair.sock.sendall(b"\x02")

    with within(tmp_path, drip) as pair:
        ends = time.monotonic() + 0.3

        def left() -> float:
            if (seconds := ends - time.monotonic()) <= 0:
                raise TimeoutError
            return seconds

        with pytest.raises(TimeoutError):
            pair.client.do_handshake(left)
        over.set()
