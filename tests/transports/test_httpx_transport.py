"""httpx on asyncio, against real sockets."""

from __future__ import annotations

import asyncio
import gc
import gzip
import time
import warnings
from pathlib import Path

import pytest

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore_transports.httpx import open_async
from tests.certificates import Authority
from tests.servers import RawServer, Received, answer
from tests.tunnels import tunnelling

DIRECT = TransportSettings(Timeout(5, 5), proxy="none")


def get(url: str) -> Request:
    return Request("GET", url)


def send(request: Request, settings: TransportSettings = DIRECT) -> Response:
    async def main() -> Response:
        transport = open_async(settings)
        try:
            return await transport.send(request)
        finally:
            await transport.close()

    return asyncio.run(main())


def fails(request: Request, settings: TransportSettings = DIRECT) -> exc.NetworkError:
    with pytest.raises(exc.NetworkError) as caught:
        send(request, settings)
    return caught.value


def test_sends_the_request_as_it_is_and_returns_the_response() -> None:
    with RawServer(answer(b'{"a":1}', "201 Created", "X-OVH-QUERYID: FR.1", "Via: a", "Via: b")) as server:
        url = f"{server.url}/ip/1.2.3.0%2F24/(x);@!$&*+,?date.from=2026&q=%27%5B%C3%A9/?"
        response = send(Request("POST", url, {"X-A": "1", "User-Agent": "me"}, b'{"b":2}'))
    (received,) = server.received
    assert received.method == "POST"
    assert server.origin + received.target == url
    assert received.body == b'{"b":2}'
    assert (received.fields["x-a"], received.fields["user-agent"]) == ("1", "me")
    assert (response.status, response.body, response.query_id) == (201, b'{"a":1}', "FR.1")
    assert response.headers["via"] == "a, b"
    assert ("X-OVH-QUERYID", "FR.1") in response.headers.pairs


def test_one_loop_after_another() -> None:
    with RawServer() as server:
        transport = open_async(DIRECT)

        async def main(last: bool) -> int:
            try:
                return (await transport.send(get(server.url + "/me"))).status
            finally:
                if last:
                    await transport.close()

        with warnings.catch_warnings():
            # The first loop is gone with its connection open, which asyncio says when it is collected.
            warnings.simplefilter("ignore", ResourceWarning)
            assert [asyncio.run(main(last)) for last in (False, True)] == [200, 200]
            gc.collect()
    assert server.connections == 2


def test_two_loops_at_once() -> None:
    with RawServer() as server:
        transport = open_async(DIRECT)
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
        for _ in range(10):
            for loop in (first, second):
                assert loop.run_until_complete(transport.send(get(server.url + "/me"))).status == 200
        for loop in (first, second):
            loop.run_until_complete(transport.close())
            loop.close()
    assert server.connections == 2


def test_nothing_is_added_to_a_request() -> None:
    """No cookie that an answer set, no field of httpx's own."""
    with RawServer(answer(b"1", "200 OK", "Set-Cookie: sid=CANARY")) as server:
        transport = open_async(DIRECT)

        async def main() -> None:
            for _ in range(2):
                await transport.send(Request("GET", server.url + "/me", {"accept-encoding": "identity"}))
            await transport.close()

        asyncio.run(main())
    assert [sorted(received.fields) for received in server.received] == [["accept-encoding", "host"]] * 2


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "ftp://u:CANARY@h", "http://h:x", "http://[::1", "é..x", "http://h:99999"]
)
def test_proxies_of_the_environment_that_are_no_urls(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    transport = open_async(TransportSettings(Timeout(5, 5)))

    async def main() -> None:
        for _ in range(2):
            with pytest.raises(exc.InvalidConfiguration, match="proxy is not a usable URL"):
                await transport.send(get("http://api.invalid/me"))
        await transport.close()

    asyncio.run(main())


def test_a_proxy_nobody_listens_at() -> None:
    with RawServer() as closed:
        pass
    settings = TransportSettings(Timeout(5, 5), closed.origin)
    for url in ("http://api.invalid/me", "https://api.invalid/me"):
        error = fails(get(url), settings)
        assert type(error) is exc.ProxyError
        assert f"the proxy {closed.origin} refused or failed" in str(error)


def test_what_is_too_large_uncompressed() -> None:
    with RawServer(answer(b"x" * 1000)) as server:
        settings = TransportSettings(Timeout(5, 5), "none", max_response_size=99)
        assert "larger than max_response_size, 99 bytes" in str(fails(get(server.url + "/me"), settings))


def test_a_bomb_of_two_layers() -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10_000_000))
    with RawServer(answer(bomb, "200 OK", "Content-Encoding: gzip, gzip")) as server:
        assert "was not asked for" in str(fails(get(server.url + "/me")))


def test_redirects_are_not_followed() -> None:
    with RawServer(answer(b"", "302 Found", "Location: /elsewhere")) as server:
        assert send(get(server.url + "/me")).status == 302
    assert len(server.received) == 1


def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password canary\n")
    monkeypatch.setenv("NETRC", str(file))
    with RawServer() as server:
        send(get(server.url + "/me"), TransportSettings(Timeout(5, 5)))
    assert "authorization" not in server.received[0].fields


def test_compressed_answers_and_the_size_limit() -> None:
    body = gzip.compress(b"x" * 1000)
    small = TransportSettings(Timeout(5, 5), "none", max_response_size=999)
    with RawServer(answer(body, "200 OK", "Content-Encoding: gzip")) as server:
        assert send(get(server.url + "/me")).body == b"x" * 1000
        assert "larger than max_response_size, 999 bytes" in str(fails(get(server.url + "/me"), small))
    with RawServer(answer(b"nonsense", "200 OK", "Content-Encoding: gzip")) as server:
        assert type(fails(get(server.url + "/me"))) is exc.ProtocolError


def test_failures() -> None:
    with RawServer(lambda request: None) as server:
        error = fails(get(server.url + "/me"))
        assert type(error) is exc.ConnectionLost
        assert error.may_have_arrived
    with RawServer(lambda request: b"nonsense\r\n\r\n") as server:
        assert type(fails(get(server.url + "/me"))) is exc.ProtocolError
    with RawServer(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc") as server:
        server.hang_up = True
        assert type(fails(get(server.url + "/me"))) is exc.ConnectionLost
    error = fails(get(server.url + "/me"))  # nobody listens any more
    assert type(error) is exc.ConnectError
    assert not error.may_have_arrived
    assert str(error).startswith(f"{server.origin}: no connection could be made (")


def test_read_timeout_of_one_request() -> None:
    def stall(request: Received) -> bytes:
        time.sleep(0.4)
        return answer()

    with RawServer(stall) as server:
        request = Request("GET", server.url + "/me", timeout=Timeout(5, 0.05))
        assert type(fails(request)) is exc.ReadTimeout


def test_certificates_are_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("127.0.0.1")) as server:
        url = server.url + "/me"
        trusted = TransportSettings(Timeout(5, 5), "none", str(authority.bundle))
        assert send(get(url), trusted).body == b"1"
        error = fails(get(url))
        assert type(error) is exc.TLSError
        assert not error.may_have_arrived


def test_a_bundle_without_certificates(tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_text("nothing")
    with pytest.raises(exc.InvalidConfiguration, match="holds no usable certificates"):
        send(get("https://127.0.0.1/"), TransportSettings(ca_bundle=str(file)))


def test_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answer(b"1")) as server:
        monkeypatch.setenv("http_proxy", server.origin)
        monkeypatch.delenv("no_proxy", raising=False)
        assert send(get("http://api.invalid/me"), TransportSettings(Timeout(5, 5))).body == b"1"
        assert send(get("http://api.invalid/me"), TransportSettings(Timeout(5, 5), server.origin)).body == b"1"
        assert server.received[0].target == "http://api.invalid/me"
        assert isinstance(fails(get("http://api.invalid/me")), exc.ConnectError)
    for proxy in ("ftp://canary:x@host", "http://canary:99999"):
        with pytest.raises(exc.InvalidConfiguration, match="The proxy is not a usable URL") as caught:
            send(get("http://127.0.0.1/"), TransportSettings(proxy=proxy))
        assert "canary" not in str(caught.value)


def test_a_tunnel_through_a_proxy(tmp_path: Path) -> None:
    with tunnelling(tmp_path) as (request, settings):
        assert send(request, settings).body == b"1"


def test_a_proxy_that_refuses() -> None:
    with RawServer(answer(b"", "403 No")) as server:
        settings = TransportSettings(Timeout(5, 5), server.origin)
        error = fails(get("https://api.invalid/me"), settings)
    assert type(error) is exc.ProxyError
    assert not error.may_have_arrived


def test_close_is_idempotent_and_a_closed_transport_says_so() -> None:
    async def main() -> None:
        transport = open_async(DIRECT)
        await transport.close()
        await transport.close()
        with pytest.raises(exc.ClientClosed):
            await transport.send(get("http://127.0.0.1/"))

    asyncio.run(main())


def test_an_answer_cut_short() -> None:
    with RawServer(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort") as server:
        error = fails(Request("GET", server.url + "/me", timeout=Timeout(5, 0.2)))
    assert error.may_have_arrived


def test_an_https_proxy_for_http(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("127.0.0.1")) as proxy:
        settings = TransportSettings(Timeout(5, 5), proxy.origin, ca_bundle=str(authority.bundle))
        assert send(get("http://api.invalid/me"), settings).body == b"1"
    assert proxy.received[0].target == "http://api.invalid/me"
