"""httpx and httpx2, blocking, on asyncio and on trio, against real sockets."""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import select
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpcore
import pytest
import trio

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore.testing import Authority, Peer
from ovhcore_transports.httpx import open_async, open_async_2, open_sync, open_sync_2
from ovhcore_transports.httpx.asyncio_wire import AsyncioWire
from ovhcore_transports.httpx.blocking import HttpxTransport, _Link, _Wire
from tests.h2server import H2Server, Stream
from tests.servers import Held, RawServer, answer, eventually, is_in, refusing_port
from tests.tunnels import tunnelling

Step = Request | Callable[[], object]

DIRECT = TransportSettings(Timeout(60, 60), proxy="none")


def on_trio(main: Callable[[], Awaitable[Any]]) -> Any:
    return trio.run(main)


def on_asyncio(main: Callable[[], Any]) -> Any:
    return asyncio.run(main())


class Way:
    """One of the six, and how to send with it."""

    def __init__(self, make: Callable[[TransportSettings], Any], run: Callable[..., Any] | None = None) -> None:
        self.make = make
        self.run = run

    def outcomes(self, settings: TransportSettings, *steps: Step) -> list[Any]:
        """Send one request after the other, by one transport; return the answers, or what was raised.

        What is no request is called.
        """
        transport = self.make(settings)
        found: list[Any] = []
        if self.run is None:
            for step in steps:
                if not isinstance(step, Request):
                    step()
                    continue
                try:
                    found.append(transport.send(step))
                except exc.APIError as error:
                    found.append(error)
            transport.close()
            return found

        async def main() -> None:
            for step in steps:
                if not isinstance(step, Request):
                    step()
                    continue
                try:
                    found.append(await transport.send(step))
                except exc.APIError as error:
                    found.append(error)
            await transport.close()

        self.run(main)
        return found

    def send(self, request: Request, settings: TransportSettings = DIRECT) -> Response:
        (outcome,) = self.outcomes(settings, request)
        if isinstance(outcome, Exception):
            raise outcome
        assert isinstance(outcome, Response)
        return outcome

    def fails(self, request: Request, settings: TransportSettings = DIRECT) -> exc.NetworkError:
        (outcome,) = self.outcomes(settings, request)
        assert isinstance(outcome, exc.NetworkError), outcome
        return outcome


WAYS = {
    "httpx": Way(open_sync),
    "httpx-asyncio": Way(open_async, on_asyncio),
    "httpx-trio": Way(open_async, on_trio),
    "httpx2": Way(open_sync_2),
    "httpx2-asyncio": Way(open_async_2, on_asyncio),
    "httpx2-trio": Way(open_async_2, on_trio),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def asynchronous(*, trio_too: bool = True) -> pytest.MarkDecorator:
    names = [name for name, each in WAYS.items() if each.run is not None and (trio_too or each.run is on_asyncio)]
    return pytest.mark.parametrize("way", names, indirect=True)


blocking = pytest.mark.parametrize("way", ["httpx", "httpx2"], indirect=True)


def get(url: str) -> Request:
    return Request("GET", url)


def test_sends_the_request_as_it_is_and_returns_the_response(way: Way) -> None:
    with RawServer(answer(b'{"a":1}', "201 Created", "X-OVH-QUERYID: FR.1", "Via: a", "Via: b")) as server:
        url = f"{server.url}/ip/1.2.3.0%2F24/(x);@!$&*+,?date.from=2026&q=%27%5B%C3%A9/?"
        response = way.send(Request("POST", url, {"X-A": "1", "User-Agent": "me"}, b'{"b":2}'))
    (received,) = server.received
    assert received.method == "POST"
    assert server.origin + received.target == url
    assert received.body == b'{"b":2}'
    assert (received.fields["x-a"], received.fields["user-agent"]) == ("1", "me")
    assert (response.status, response.body, response.query_id) == (201, b'{"a":1}', "FR.1")
    assert response.headers["via"] == "a, b"
    assert ("X-OVH-QUERYID", "FR.1") in response.headers.pairs


def test_nothing_is_added_to_a_request(way: Way) -> None:
    """No cookie that an answer set, no field of httpx's own."""
    with RawServer(answer(b"1", "200 OK", "Set-Cookie: sid=CANARY")) as server:
        request = Request("GET", server.url + "/me", {"accept-encoding": "identity"})
        way.outcomes(DIRECT, request, request)
    assert [sorted(received.fields) for received in server.received] == [["accept-encoding", "host"]] * 2


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "ftp://u:CANARY@h", "http://h:x", "http://[::1", "é..x", "http://h:99999"]
)
def test_proxies_of_the_environment_that_are_no_urls(way: Way, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    for error in way.outcomes(TransportSettings(Timeout(60, 60)), *[get("http://api.invalid/me")] * 2):
        assert type(error) is exc.InvalidConfiguration
        assert "proxy is not a usable URL" in str(error)


def test_a_proxy_nobody_listens_at(way: Way) -> None:
    with RawServer() as closed:
        pass
    settings = TransportSettings(Timeout(60, 60), closed.origin)
    for url in ("http://api.invalid/me", "https://api.invalid/me"):
        error = way.fails(get(url), settings)
        assert type(error) is exc.ProxyError
        assert f"the proxy {closed.origin} refused or failed" in str(error)


def test_what_is_too_large_uncompressed(way: Way) -> None:
    with RawServer(answer(b"x" * 1000)) as server:
        settings = TransportSettings(Timeout(60, 60), "none", max_response_size=99)
        assert "larger than max_response_size, 99 bytes" in str(way.fails(get(server.url + "/me"), settings))


def test_a_bomb_of_two_layers(way: Way) -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10_000_000))
    with RawServer(answer(bomb, "200 OK", "Content-Encoding: gzip, gzip")) as server:
        assert "was not asked for" in str(way.fails(get(server.url + "/me")))


def test_redirects_are_not_followed(way: Way) -> None:
    with RawServer(answer(b"", "302 Found", "Location: /elsewhere")) as server:
        assert way.send(get(server.url + "/me")).status == 302
    assert len(server.received) == 1


def test_netrc_is_not_read(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password canary\n")
    monkeypatch.setenv("NETRC", str(file))
    with RawServer() as server:
        way.send(get(server.url + "/me"), TransportSettings(Timeout(60, 60)))
    assert "authorization" not in server.received[0].fields


def test_compressed_answers_and_the_size_limit(way: Way) -> None:
    body = gzip.compress(b"x" * 1000)
    small = TransportSettings(Timeout(60, 60), "none", max_response_size=999)
    with RawServer(answer(body, "200 OK", "Content-Encoding: gzip")) as server:
        assert way.send(get(server.url + "/me")).body == b"x" * 1000
        assert "larger than max_response_size, 999 bytes" in str(way.fails(get(server.url + "/me"), small))
    with RawServer(answer(b"nonsense", "200 OK", "Content-Encoding: gzip")) as server:
        assert type(way.fails(get(server.url + "/me"))) is exc.ProtocolError


def test_failures(way: Way) -> None:
    with RawServer(lambda request: None) as server:
        error = way.fails(get(server.url + "/me"))
        assert type(error) is exc.ConnectionLost
        assert error.may_have_arrived
    with RawServer(lambda request: b"nonsense\r\n\r\n") as server:
        assert type(way.fails(get(server.url + "/me"))) is exc.ProtocolError
    with RawServer(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc") as server:
        server.hang_up = True
        assert type(way.fails(get(server.url + "/me"))) is exc.ConnectionLost
    error = way.fails(get(server.url + "/me"))  # nobody listens any more
    assert type(error) is exc.ConnectError
    assert not error.may_have_arrived
    assert str(error).startswith(f"{server.origin}: no connection could be made (")


def test_read_timeout_of_one_request(way: Way) -> None:
    with RawServer(Held()) as server:
        request = Request("GET", server.url + "/me", timeout=Timeout(60, 0.05))
        assert type(way.fails(request)) is exc.ReadTimeout


def test_certificates_are_verified(way: Way, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("127.0.0.1")) as server:
        url = server.url + "/me"
        trusted = TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
        assert way.send(get(url), trusted).body == b"1"
        error = way.fails(get(url))
        assert type(error) is exc.TLSError
        assert not error.may_have_arrived


def test_a_bundle_without_certificates(way: Way, tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_text("nothing")
    with pytest.raises(exc.InvalidConfiguration, match="holds no usable certificates"):
        way.send(get("https://127.0.0.1/"), TransportSettings(ca_bundle=str(file)))


def test_proxies(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answer(b"1")) as server:
        monkeypatch.setenv("http_proxy", server.origin)
        monkeypatch.delenv("no_proxy", raising=False)
        assert way.send(get("http://api.invalid/me"), TransportSettings(Timeout(60, 60))).body == b"1"
        assert way.send(get("http://api.invalid/me"), TransportSettings(Timeout(60, 60), server.origin)).body == b"1"
        assert server.received[0].target == "http://api.invalid/me"
        assert isinstance(way.fails(get("http://api.invalid/me")), exc.ConnectError)
    for proxy in ("ftp://canary:x@host", "http://canary:99999"):
        with pytest.raises(exc.InvalidConfiguration, match="The proxy is not a usable URL") as caught:
            way.send(get("http://127.0.0.1/"), TransportSettings(proxy=proxy))
        assert "canary" not in str(caught.value)


def test_a_tunnel_through_a_proxy(way: Way, tmp_path: Path) -> None:
    with tunnelling(tmp_path) as (request, settings):
        assert way.send(request, settings).body == b"1"


def test_a_proxy_that_refuses(way: Way) -> None:
    with RawServer(answer(b"", "403 No")) as server:
        settings = TransportSettings(Timeout(60, 60), server.origin)
        error = way.fails(get("https://api.invalid/me"), settings)
    assert type(error) is exc.ProxyError
    assert not error.may_have_arrived


def test_an_answer_cut_short(way: Way) -> None:
    with RawServer(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort") as server:
        error = way.fails(Request("GET", server.url + "/me", timeout=Timeout(60, 0.2)))
    assert error.may_have_arrived


def test_an_https_proxy_for_http(way: Way, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("127.0.0.1")) as proxy:
        settings = TransportSettings(Timeout(60, 60), proxy.origin, ca_bundle=str(authority.bundle))
        assert way.send(get("http://api.invalid/me"), settings).body == b"1"
    assert proxy.received[0].target == "http://api.invalid/me"


def test_an_https_proxy_for_https(way: Way, tmp_path: Path) -> None:
    """Whatever the server behind it says: the tunnel is asked for, and fails."""
    authority = Authority(tmp_path)
    with RawServer(answer(b"", "200 OK"), authority.server_context("127.0.0.1")) as proxy:
        proxy.hang_up = True
        settings = TransportSettings(Timeout(60, 60), proxy.origin, ca_bundle=str(authority.bundle))
        error = way.fails(get("https://api.invalid/me"), settings)
    assert type(error) is exc.TLSError
    assert proxy.received[0].head.startswith(b"CONNECT api.invalid:443 HTTP/1.1")


def test_a_proxy_that_stalls_does_so_no_longer_than_connecting_may_take(way: Way) -> None:
    with RawServer(Held()) as proxy:
        error = way.fails(get("https://api.invalid/me"), TransportSettings(Timeout(0.2, 60), proxy.origin))
    assert type(error) is exc.ProxyError


def test_a_handshake_that_stalls_or_ends(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        assert type(way.fails(get(url), TransportSettings(Timeout(0.2, 60), "none"))) is exc.ConnectTimeout
    with RawServer() as plain:
        plain.behave = Peer.close
        assert type(way.fails(get(plain.url.replace("http:", "https:")))) is exc.TLSError


def test_accepted_and_reset_at_once(way: Way) -> None:
    """In time to be seen while it connects, or not."""
    with RawServer() as server:
        server.behave = Peer.reset
        for error in way.outcomes(DIRECT, *[get(server.url)] * 20):
            assert type(error) is exc.ConnectionLost


def test_every_address_is_tried(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answer(b"1")) as server, refusing_port() as closed_port:
        found = socket.getaddrinfo

        def two(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            if host not in ("api.invalid", b"api.invalid"):
                return found(host, port, *rest, **more)
            kinds = (socket.SOCK_STREAM, 6, "")
            return [
                (socket.AF_INET6, *kinds, ("::1", port, 0, 0)),
                (socket.AF_INET, *kinds, ("127.0.0.1", port)),
            ]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert way.send(get(f"http://api.invalid:{server.port}/")).body == b"1"
        assert type(way.fails(get(f"http://api.invalid:{closed_port}/"))) is exc.ConnectError


def test_no_time_to_connect(way: Way) -> None:
    with RawServer() as server:
        settings = TransportSettings(Timeout(1e-9, 60), "none")
        assert type(way.fails(get(server.url), settings)) is exc.ConnectTimeout


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", exc.ConnectionLost),
        (b"HTTP/1.1 2", exc.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nContent-Le", exc.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", exc.ConnectionLost),
        (b"<p>", exc.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", exc.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * (1 << 20), exc.ProtocolError),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", exc.ProtocolError),
    ],
)
def test_what_ended_and_what_is_not_http(way: Way, sent: bytes, kind: type[exc.NetworkError]) -> None:
    with RawServer(lambda request: sent) as server:
        server.hang_up = True
        error = way.fails(Request("GET", server.url, {"X-Ovh-Consumer": "CANARY"}))
    assert type(error) is kind
    frames = error.__traceback__
    while frames is not None:
        assert not frames.tb_frame.f_code.co_filename.endswith(("http11.py", "blocking.py", "asynchronous.py")) or (
            frames.tb_frame.f_code.co_name in ("send", "within")
        )
        frames = frames.tb_next


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"HTTP/1.1 2"])
@pytest.mark.parametrize("secure", [False, True])
def test_what_comes_after_an_answer_is_in_no_other(way: Way, more: bytes, secure: bool, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context("127.0.0.1") if secure else None
    settings = TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
    with RawServer(answer(b"1") + more, context) as server:
        assert [each.body for each in way.outcomes(settings, *[get(server.url)] * 3)] == [b"1"] * 3
        assert server.connections == 3
        one = answer(b"x" * 16_000, "200 OK", "X: " + "x" * 300)
        record = answer(b"x" * 16_000, "200 OK", "X: " + "x" * (300 + 16_384 - len(one)))
        server.respond = lambda request: record + more  # two records of TLS, one after the other
        steps: list[Step] = [get(server.url), server.all_sent] * 3
        assert [each.body for each in way.outcomes(settings, *steps)] == [b"x" * 16_000] * 3
        server.respond = lambda request: answer(b"1") + more
        server.split = len(answer(b"1"))  # a record of TLS for each, and some time in between
        steps = [get(server.url), server.all_sent, get(server.url)]
        assert [each.body for each in way.outcomes(settings, *steps)] == [b"1"] * 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_connections_that_the_server_has_closed_are_not_used(way: Way, method: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    settings = TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
    for context in (None, authority.server_context("127.0.0.1")):
        with RawServer(answer(b"1"), context) as server:
            server.hang_up = True
            request = Request(method, server.url, {}, b"x" if method == "POST" else b"")
            steps: list[Step] = [request, partial(eventually, server.all_closed)] * 3
            assert [each.body for each in way.outcomes(settings, *steps)] == [b"1"] * 3


def test_a_connection_is_kept(way: Way, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    settings = TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
    for context in (None, authority.server_context("127.0.0.1")):
        with RawServer(answer(b"1"), context) as server:
            way.outcomes(settings, *[get(server.url), Request("POST", server.url, {}, b"x")] * 3)
            assert server.connections == 1


def test_a_connection_that_the_server_wants_closed(way: Way) -> None:
    with RawServer(answer(b"1", "200 OK", "Connection: close")) as server:
        assert [each.body for each in way.outcomes(DIRECT, *[get(server.url)] * 2)] == [b"1"] * 2
        assert server.connections == 2


def test_another_protocol_is_no_answer(way: Way) -> None:
    fields = {"Connection": "upgrade", "Upgrade": "x"}
    with RawServer(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n") as server:
        assert type(way.fails(Request("GET", server.url, fields))) is exc.ProtocolError


def test_large_bodies_both_ways(way: Way) -> None:
    body = os.urandom(12_000_000)
    with RawServer(lambda request: answer(request.body)) as server:
        assert way.send(Request("POST", server.url, {}, body)).body == body
        small = TransportSettings(Timeout(60, 60), "none", max_response_size=100_000)
        assert "larger than" in str(way.fails(Request("POST", server.url, {}, body), small))
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n" % (len(body), body)
    with RawServer(chunked) as server:
        assert "larger than" in str(way.fails(get(server.url), small))
    with RawServer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n") as server:
        tiny = TransportSettings(Timeout(60, 60), "none", max_response_size=1)
        assert "larger than" in str(way.fails(get(server.url), tiny))


def test_a_server_that_does_not_read(way: Way) -> None:
    body = b"x" * 20_000_000
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        for timeout, kind in ((Timeout(60, 0.2), exc.ReadTimeout), (Timeout(60, 60, 0.2), exc.TotalTimeout)):
            assert type(way.fails(Request("POST", url, {}, body, timeout=timeout))) is kind


def test_an_answer_before_all_is_read(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.sendall(answer(b"1", "413 Too Large"))
            time.sleep(0.1)
            connection.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        (outcome,) = way.outcomes(DIRECT, Request("POST", url, {}, b"x" * 20_000_000))
        thread.join()
    # The reset may come before the answer is read.
    assert type(outcome) is exc.ConnectionLost or outcome.status == 413


def test_total_timeouts(way: Way) -> None:
    held = Held()
    with RawServer(held) as server:
        timeout = Timeout(60, 60, 0.1)
        assert type(way.fails(Request("GET", server.url, timeout=timeout))) is exc.TotalTimeout
        held.release()
        assert way.send(Request("GET", server.url, timeout=Timeout(60, 60, 60))).status == 200
        _, error = way.outcomes(DIRECT, get(server.url), Request("GET", server.url, timeout=Timeout(60, 60, 1e-9)))
        assert type(error) is exc.TotalTimeout


@blocking
def test_threads_wait_for_a_connection(way: Way) -> None:
    held = Held()
    with RawServer(held) as server:
        transport = way.make(TransportSettings(Timeout(60, 0.1), "none", pool_size=1))
        first = threading.Thread(target=transport.send, args=[Request("GET", server.url, timeout=Timeout(60, 60))])
        first.start()
        held.until(1)
        with pytest.raises(exc.PoolTimeout):
            transport.send(get(server.url))
        with pytest.raises(exc.TotalTimeout):
            transport.send(Request("GET", server.url, timeout=Timeout(60, 60, 0.05)))
        transport.close()  # the one under way ends, and its connection with it
        held.release()
        first.join()
        assert server.connections == 1
        with pytest.raises(exc.ClientClosed):
            transport.send(get(server.url))


@asynchronous()
def test_tasks_wait_for_a_connection(way: Way) -> None:
    kinds: list[type] = []

    async def main() -> None:
        transport = way.make(TransportSettings(Timeout(60, 0.1), "none", pool_size=1))

        async def one(timeout: Timeout) -> None:
            try:
                kinds.append(type(await transport.send(Request("GET", server.url, timeout=timeout))))
            except exc.NetworkError as error:
                kinds.append(type(error))

        import anyio

        async with anyio.create_task_group() as group:
            group.start_soon(one, Timeout(60, 60))
            while not held.asked:
                await anyio.sleep(0.005)
            for timeout in (Timeout(60, 0.1), Timeout(60, 60, 0.05), Timeout(60, 60)):
                group.start_soon(one, timeout)
            while len(kinds) < 2:
                await anyio.sleep(0.005)
            held.release()
        await transport.close()

    held = Held()
    with RawServer(held) as server:
        assert way.run is not None
        way.run(main)
        assert server.connections == 1
    assert set(kinds[:2]) == {exc.TotalTimeout, exc.PoolTimeout}
    assert kinds[2:] == [Response, Response]


@asynchronous()
def test_cancelled_calls_leave_nothing(way: Way) -> None:
    async def main() -> None:
        import anyio

        transport = way.make(TransportSettings(Timeout(60, 60), "none", pool_size=1))
        for seconds in (0, 0.0005, 0.001, 0.002, 0.05) * 3:
            with anyio.move_on_after(seconds):
                await transport.send(get(server.url))
        assert (await transport.send(get(server.url))).status == 200
        async with anyio.create_task_group() as group:
            group.start_soon(transport.send, get(server.url + "/last"))
            while not server.received[-1].target.endswith("/last"):
                await anyio.sleep(0.005)
            await transport.close()

    with RawServer(lambda request: time.sleep(0.1) or answer()) as server:  # type: ignore[func-returns-value]
        assert way.run is not None
        way.run(main)


@pytest.mark.parametrize("make", [open_async, open_async_2])
def test_one_loop_after_another(make: Callable[[TransportSettings], Any]) -> None:
    with RawServer() as server:
        transport = make(DIRECT)

        async def main() -> None:
            assert (await transport.send(get(server.url))).status == 200

        for run in (on_asyncio, on_trio, on_asyncio, on_trio):
            run(main)
            assert not transport._loops
        # A loop that does not finish its generators: asyncio says so when the connection is collected.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            loop.close()
            on_asyncio(main)
            gc.collect()
        assert not transport._loops


@pytest.mark.parametrize("make", [open_async, open_async_2])
def test_two_loops_at_once(make: Callable[[TransportSettings], Any]) -> None:
    with RawServer() as server:
        transport = make(DIRECT)
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
        for _ in range(10):
            for loop in (first, second):
                assert loop.run_until_complete(transport.send(get(server.url + "/me"))).status == 200
        for loop in (first, second):
            loop.run_until_complete(transport.close())
            loop.run_until_complete(transport.close())
            with pytest.raises(exc.ClientClosed):
                loop.run_until_complete(transport.send(get(server.url)))
            loop.close()
    assert server.connections == 2


@blocking
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_the_child_of_a_fork_opens_connections_of_its_own(way: Way) -> None:
    with RawServer() as server:
        transport = way.make(DIRECT)
        transport.send(get(server.url))
        child = os.fork()
        if child == 0:
            status = transport.send(get(server.url)).status
            transport.close()
            os._exit(status != 200)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        transport.send(get(server.url))
        assert server.connections == 2
        transport.after_fork()
        transport.send(get(server.url))
        assert server.connections == 3
        transport.close()
        for pools in transport._pools._left_behind:
            for pool in pools.values():
                pool.idle.pop().close()


@blocking
def test_threads_that_open_the_first_connection_together(way: Way) -> None:
    with RawServer() as server:
        transport = way.make(DIRECT)
        assert isinstance(transport, HttpxTransport)
        with transport._pools._lock:
            threads = [threading.Thread(target=transport.send, args=[get(server.url)]) for _ in range(2)]
            for thread in threads:
                thread.start()
            eventually(lambda: all(is_in(thread, "send") for thread in threads))
        for thread in threads:
            thread.join()
        transport.close()
    assert len(server.received) == 2


@pytest.mark.parametrize("way", [name for name in WAYS if "trio" not in name], indirect=True)  # trio needs it itself
def test_without_poll(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(select, "poll")
    with RawServer() as server:
        way.outcomes(DIRECT, get(server.url), get(server.url))
    assert server.connections == 1


@pytest.fixture
def http2(tmp_path: Path) -> tuple[TransportSettings, ssl.SSLContext]:
    authority = Authority(tmp_path)
    settings = TransportSettings(Timeout(60, 60), "none", str(authority.bundle), 100_000, http2=True)
    return settings, authority.server_context("127.0.0.1")


def test_http2(way: Way, http2: tuple[TransportSettings, ssl.SSLContext]) -> None:
    def respond(stream: Stream) -> bytes:
        stream.answer(stream.body or b"none", ("via", "a"), ("via", "b"))
        return b""

    body = os.urandom(90_000)
    with H2Server(respond, http2[1]) as server:
        url = f"{server.url}/ip/1.2.3.0%2F24/(x);@!$&*+,?date.from=2026&q=%27%5B%C3%A9/?"
        fields = {"X-Ovh-Consumer": "c"}
        requests = Request("POST", url, fields, body), Request("GET", url, fields), Request("POST", url, fields)
        responses = way.outcomes(http2[0], *requests)
    assert server.connections == 1
    assert [response.body for response in responses] == [body, b"none", b"none"]
    assert responses[0].headers.pairs == (("via", "a"), ("via", "b"))
    assert [stream.body for stream in server.received] == [body, b"", b""]
    for stream, length in zip(server.received, ("90000", None, "0"), strict=True):
        received = dict(stream.fields)
        assert received.pop(":path") == "/1.0" + url.removeprefix(server.url)
        assert received.pop("content-length", None) == length
        assert received.keys() == {":method", ":scheme", ":authority", "x-ovh-consumer", "accept-encoding"}


def test_http2_only_where_it_is_offered(way: Way, http2: tuple[TransportSettings, ssl.SSLContext]) -> None:
    with RawServer(answer(b"1"), http2[1]) as server:
        assert way.send(get(server.url), http2[0]).body == b"1"


def reset(stream: Stream) -> bytes:
    stream.connection.reset_stream(stream.number, 2)
    return b""


def give_up(stream: Stream) -> bytes:
    stream.connection.close_connection()
    return b""


def garble(stream: Stream) -> bytes:
    return b"\0\0\5\1\4\0\0\0\1\xff\xff\xff\xff\xff"


def break_off(stream: Stream) -> None:
    stream.answer(b"abc", end=False)


def stall(stream: Stream) -> bytes:
    stream.answer(b"abc", end=False)
    return b""


@pytest.mark.parametrize(
    ("respond", "kind"),
    [
        (reset, exc.ConnectionLost),
        (give_up, exc.ConnectionLost),
        (break_off, exc.ConnectionLost),
        (garble, exc.ProtocolError),
        (stall, exc.ReadTimeout),
    ],
)
def test_failures_of_http2(
    way: Way,
    http2: tuple[TransportSettings, ssl.SSLContext],
    respond: Callable[[Stream], bytes | None],
    kind: type[exc.NetworkError],
) -> None:
    failing = True

    def either(stream: Stream) -> bytes | None:
        if failing:
            return respond(stream)
        stream.answer(b"1")
        return b""

    def recover() -> None:
        nonlocal failing
        failing = False

    with H2Server(either, http2[1]) as server:
        timeout = Timeout(60, 0.3) if kind is exc.ReadTimeout else None
        first = Request("GET", server.url, timeout=timeout)
        error, *rest = way.outcomes(http2[0], first, recover, get(server.url), get(server.url))
    assert type(error) is kind
    assert [response.body for response in rest] == [b"1", b"1"]
    assert server.connections == 2


def test_http2_connections_that_the_server_has_closed(
    way: Way, http2: tuple[TransportSettings, ssl.SSLContext]
) -> None:
    def respond(stream: Stream) -> bytes:
        stream.answer(b"1")
        return b""

    with H2Server(respond, http2[1]) as server:
        request = Request("POST", server.url, {}, b"x")
        steps: list[Step] = [request, server.hang_up] * 2
        assert [response.body for response in way.outcomes(http2[0], *steps)] == [b"1", b"1"]
    assert server.connections == 2


def test_a_link_that_is_cut() -> None:
    def wired(sock: object) -> _Wire:
        return _Wire(httpcore, SimpleNamespace(get_extra_info=lambda info: sock), None)

    link: Any = object.__new__(_Link)
    ours, theirs = socket.socketpair()
    for wire in (None, wired(None), wired(ours)):
        link.wire = wire
        link.cut()
    assert ours.recv(1) == b""
    ours.close()
    theirs.close()
    link.cut()


@pytest.mark.parametrize("way", [name for name in WAYS if "asyncio" in name], indirect=True)
def test_who_waited_is_told_that_it_was_closed(way: Way) -> None:
    held = Held()

    async def main(url: str) -> list[Any]:
        transport: Any = way.make(TransportSettings(Timeout(60, 60), "none", pool_size=1))
        calls = [asyncio.ensure_future(transport.send(get(url))) for _ in range(2)]
        while not held.asked:
            await asyncio.sleep(0.005)
        await transport.close()
        held.release()
        return await asyncio.gather(*calls, return_exceptions=True)

    with RawServer(held) as server:
        found = asyncio.run(main(server.url))
    assert type(found[1]) is exc.ClientClosed


def test_what_is_written_after_the_servers_end_is_dropped() -> None:
    """A server may answer and close before it has read all; what it answered is there to be read."""

    async def main() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"an answer")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            wire = await AsyncioWire.connect(httpcore, "127.0.0.1", server.sockets[0].getsockname()[1])
            while not wire._over:
                await asyncio.sleep(0)
            await wire._send(b"too late", 1)
            assert await wire.read(100, 1) == b"an answer"
            await wire.aclose()

    asyncio.run(main())
