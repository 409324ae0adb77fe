"""What blocking connections do that are our own: those on urllib3, and those on the standard library."""

from __future__ import annotations

import gc
import gzip
import os
import pickle
import signal
import socket
import ssl
import struct
import threading
import time
import traceback
import weakref
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from ovhcore import exceptions as exc
from ovhcore.flows import Clock, Flow
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore.testing import Authority, Peer, WireServer
from ovhcore.testing.server import unaccepting
from ovhcore_transports import stdlib, urllib3
from ovhcore_transports.http.blocking.connections import Exchange
from ovhcore_transports.http.blocking.pooled import PooledTransport
from ovhcore_transports.http.proxies import Proxy, read_proxy
from tests.servers import Held, RawServer, Received, answer, eventually, is_in, refusing_port
from tests.tunnels import tunnelling

DIRECT = TransportSettings(Timeout(60, 60), proxy="none")


_kind: list[ModuleType] = []


@pytest.fixture(params=[urllib3, stdlib], ids=["urllib3", "stdlib"], autouse=True)
def _each(request: pytest.FixtureRequest) -> None:
    _kind[:] = [request.param]


def made(settings: TransportSettings) -> PooledTransport:
    transport: PooledTransport = _kind[0].open_sync(settings)
    return transport


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fails(request: Request, settings: TransportSettings = DIRECT) -> exc.NetworkError:
    transport = made(settings)
    try:
        with pytest.raises(exc.NetworkError) as caught:
            transport.send(request)
    finally:
        transport.close()
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    return caught.value


def test_sends_the_request_as_it_is_and_returns_the_response() -> None:
    with RawServer(answer(b'{"a":1}', "201 Custom Words", "X-OVH-QUERYID: FR.1", "Via: a", "Via: b")) as server:
        transport = made(DIRECT)
        url = f"{server.url}/ip/1.2.3.0%2F24/(x);@!$&*+,?date.from=2026&q=%27%5B%C3%A9/?"
        response = transport.send(Request("POST", url, {"X-A": "1", "User-Agent": "me"}, b'{"b":2}'))
        transport.close()
    (received,) = server.received
    assert received.method == "POST"
    assert server.origin + received.target == url
    assert received.body == b'{"b":2}'
    assert received.fields["x-a"] == "1"
    assert received.fields["user-agent"] == "me"
    assert received.fields["host"] == f"127.0.0.1:{server.port}"
    assert (response.status, response.body, response.query_id) == (201, b'{"a":1}', "FR.1")
    assert response.headers["via"] == "a, b"


def test_header_fields_that_repeat_are_joined() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.url + "/me", [("X-A", "1"), ("X-A", "2")]))
        transport.close()
    assert server.received[0].fields["x-a"] == "1, 2"


def test_bodies_without_content() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        for method in ("GET", "DELETE", "POST", "PUT"):
            transport.send(Request(method, server.url + "/me"))
        transport.close()
    lengths = [request.fields.get("content-length") for request in server.received]
    assert lengths == [None, None, "0", "0"]
    assert server.connections == 1


def test_redirects_are_not_followed() -> None:
    with RawServer(answer(b"", "302 Found", "Location: http://127.0.0.1:1/")) as server:
        transport = made(DIRECT)
        assert transport.send(Request("GET", server.url + "/me", {"X-Ovh-Consumer": "CK"})).status == 302
        transport.close()
    assert len(server.received) == 1


def test_errors_are_not_retried_and_a_reply_cut_short_is_an_error() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"

    def respond(request: Received) -> bytes | None:
        return None if "nothing" in request.target else cut

    with RawServer(respond) as server:
        server_cut = RawServer(lambda request: cut)
        assert type(fails(Request("GET", server.url + "/nothing"))) is exc.ConnectionLost
        assert len(server.received) == 1
        with server_cut:
            error = fails(Request("GET", server_cut.url + "/cut"), TransportSettings(Timeout(60, 0.2), proxy="none"))
            assert isinstance(error, exc.ReadTimeout)


def test_a_connection_closed_in_the_body_is_lost() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for head in (b"Content-Length: 100", b"Transfer-Encoding: chunked"):
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello")
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/me"
    for _ in range(2):
        assert type(fails(Request("GET", url))) is exc.ConnectionLost
    thread.join()
    listener.close()


def test_compressed_answers_and_the_size_limit() -> None:
    packed = gzip.compress(b'"' + b"a" * 5000 + b'"')

    def respond(request: Received) -> bytes:
        assert request.fields["accept-encoding"] == "gzip, deflate"
        if "bomb" in request.target:
            return answer(gzip.compress(b"0" * 50_000), "200 OK", "Content-Encoding: gzip")
        if "plain" in request.target:
            return answer(b"0" * 6001)
        if "broken" in request.target:
            return answer(b"this is not gzip", "200 OK", "Content-Encoding: gzip")
        if "chunked" in request.target:
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
        return answer(packed, "200 OK", "Content-Encoding: gzip")

    small = TransportSettings(Timeout(60, 60), "none", None, 6000)
    with RawServer(respond) as server:
        transport = made(small)
        assert len(transport.send(Request("GET", server.url + "/a")).body) == 5002
        assert transport.send(Request("GET", server.url + "/chunked")).body == b"[1,2]"
        assert transport.send(Request("GET", server.url + "/chunked")).body == b"[1,2]"
        assert server.connections == 1
        transport.close()
        for path in ("/bomb", "/plain"):
            error = fails(Request("GET", server.url + path), small)
            assert type(error) is exc.ProtocolError
            assert "6000 bytes" in str(error)
        assert type(fails(Request("GET", server.url + "/broken"), small)) is exc.ProtocolError


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc Huh\r\n\r\n"])
def test_what_is_not_http(reply: bytes) -> None:
    with RawServer(reply) as server:
        assert type(fails(Request("GET", server.url + "/me"))) is exc.ProtocolError


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints", "199 Odd"])
def test_what_only_announces_an_answer_is_passed_over(status: str) -> None:
    def respond(request: Received) -> bytes:
        return f"HTTP/1.1 {status}\r\nLink: a\r\n\r\n".encode() + answer(request.target.encode())

    with RawServer(respond) as server:
        transport = made(DIRECT)
        for path in ("/a", "/b", "/c"):
            assert transport.send(Request("GET", server.origin + path)).body == path.encode()
        transport.close()


def test_switching_protocols_was_not_asked_for() -> None:
    with RawServer(b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n") as server:
        transport = made(DIRECT)
        for _ in range(2):
            with pytest.raises(exc.ProtocolError, match="not a final one"):
                transport.send(Request("GET", server.url))
        transport.close()
    assert server.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Ty",
        b"HTTP/1.1 200 OK\r\nDate: x\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: a",
    ],
)
@pytest.mark.parametrize("split", [None, 20])
def test_headers_that_are_cut_off(reply: bytes, split: int | None) -> None:
    with RawServer(reply) as server:
        server.hang_up, server.split = True, split
        assert type(fails(Request("POST", server.url))) is exc.ConnectionLost


WHOLE = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + answer(b'{"a": 1}', "200 OK", "X-A: b")


@pytest.mark.parametrize("split", [5, 17, 30, 41, 45, 58, 70, len(WHOLE) - 3])
def test_answers_that_come_in_pieces(split: int) -> None:
    with RawServer(WHOLE) as server:
        server.split = split
        transport = made(DIRECT)
        for _ in range(2):
            response = transport.send(Request("GET", server.url))
            assert (response.status, response.body, response.headers["x-a"]) == (200, b'{"a": 1}', "b")
        transport.close()
    assert server.connections == 1


@pytest.mark.parametrize("end", range(1, len(WHOLE)))
def test_no_part_of_an_answer_is_taken_for_all_of_it(end: int) -> None:
    with RawServer(WHOLE[:end]) as server:
        server.hang_up = True
        assert type(fails(Request("POST", server.url))) in (exc.ConnectionLost, exc.ProtocolError)


def test_a_header_line_too_long_that_comes_in_pieces() -> None:
    with RawServer(b"HTTP/1.1 200 OK\r\nX-A: " + b"x" * 70_000 + b"\r\n\r\n") as server:
        server.split = 20
        assert type(fails(Request("GET", server.url))) is exc.ProtocolError


@pytest.mark.parametrize(
    "head", ["HTTP/1.1 200 OK\r\nDate: x", "HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 204 None"]
)
def test_empty_bodies_that_end_with_the_connection(head: str) -> None:
    with RawServer(head.encode() + b"\r\n\r\n") as server:
        server.hang_up = True
        transport = made(DIRECT)
        assert transport.send(Request("POST", server.url)).body == b""
        transport.close()


def test_a_compressed_body_that_is_cut_off() -> None:
    body = gzip.compress(b'{"a": 1}')[:-9]
    with RawServer(answer(body, "200 OK", "Content-Encoding: gzip")) as server:
        assert "is cut off" in str(fails(Request("GET", server.url)))


def test_what_is_too_large_costs_no_connection() -> None:
    with RawServer(answer(b"x" * 1000)) as server:
        transport = made(TransportSettings(Timeout(60, 0.5), "none", max_response_size=99, pool_size=2))
        for _ in range(5):
            with pytest.raises(exc.ProtocolError, match="larger than max_response_size, 99 bytes"):
                transport.send(Request("GET", server.url))
        transport.close()


def test_nobody_listens() -> None:
    with refusing_port() as port:
        error = fails(Request("POST", f"http://127.0.0.1:{port}/me"))
    assert type(error) is exc.ConnectError
    assert not error.may_have_arrived
    assert "Connection refused" in str(error)
    assert error.__cause__ is not None


def test_a_host_that_does_not_exist() -> None:
    error = fails(Request("GET", "http://does-not-exist.invalid/me"))
    assert isinstance(error, exc.ConnectError)


def test_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with unaccepting() as port:
        error = fails(Request("GET", f"http://127.0.0.1:{port}/me", timeout=Timeout(0.2, 60)))
    assert type(error) is exc.ConnectTimeout
    assert isinstance(error, TimeoutError)


def test_read_timeout_of_one_request() -> None:
    release = threading.Event()

    def respond(request: Received) -> bytes:
        release.wait(60)
        return answer()

    with RawServer(respond) as server:
        error = fails(Request("GET", server.url + "/me", timeout=Timeout(60, 0.2)))
        release.set()
    assert type(error) is exc.ReadTimeout
    assert error.may_have_arrived


def test_pool_timeout() -> None:
    release, entered = threading.Event(), threading.Event()

    def respond(request: Received) -> bytes:
        entered.set()
        release.wait(60)
        return answer()

    with RawServer(respond) as server:
        transport = made(TransportSettings(Timeout(60, 0.3), proxy="none", pool_size=1))
        slow = threading.Thread(target=transport.send, args=(Request("GET", server.url, timeout=Timeout(60, 60)),))
        slow.start()
        entered.wait(60)
        with pytest.raises(exc.PoolTimeout) as caught:
            transport.send(Request("GET", server.url))
        with pytest.raises(exc.PoolTimeout, match=r"within 0\.05 s"):
            transport.send(Request("GET", server.url, timeout=Timeout(60, 0.05)))
        release.set()
        slow.join()
        transport.close()
    assert not caught.value.may_have_arrived


def test_a_total_timeout_ends_whatever_the_exchange_waits_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):  # the second waits in the handshake
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/me"
            error = fails(Request("GET", url, timeout=Timeout(600, 600, 0.2)))  # the only one that is soon over
            assert type(error) is exc.TotalTimeout
            assert str(error).endswith("no complete answer within 0.2 s")


def test_a_total_timeout_that_is_not_reached_changes_nothing() -> None:
    held, soon = Held(), Timeout(60, 60, 0.3)

    def respond(request: Received) -> bytes:
        return held(request) if request.target == "/held" else answer()

    with (
        RawServer(respond) as server,
        socket.create_server(("127.0.0.1", 0)) as silent,
        ThreadPoolExecutor(1) as pool,
    ):
        transport = made(TransportSettings(Timeout(60, 60), "none", pool_size=1))
        while True:
            with suppress(exc.TotalTimeout):  # of a machine that is busy
                transport.send(Request("GET", server.origin + "/a", timeout=soon))
                break
        connections = server.connections
        later = pool.submit(transport.send, Request("GET", server.origin + "/held"))
        held.until(1)
        # The time of the first is over when that of one that began after it is.
        fails(Request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=soon))
        held.release()
        assert later.result(60).status == 200
        transport.close()
    assert server.connections == connections


def test_no_time_is_left_to_connect() -> None:
    with RawServer() as server:
        for timeout in (Timeout(60, 60, 1e-9), Timeout(60, 60, 0.0)):
            assert type(fails(Request("GET", server.url, timeout=timeout))) is exc.TotalTimeout
        assert type(fails(Request("GET", server.url, timeout=Timeout(1e-9, 60)))) is exc.ConnectTimeout


def test_an_exchange_that_was_cut_short_connects_no_more() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        exchange = Exchange()
        exchange.cut()
        with pytest.raises(exc.ConnectError):
            transport.send_within(exchange, Request("GET", server.url))
        assert transport.send(Request("GET", server.url)).status == 200
        transport.close()
    assert len(server.received) == 1


def test_a_pool_that_is_closed_meanwhile() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.url))
        lease = transport._pools.lease(server.origin, Timeout(60, 60))  # as a thread has got hold of one
        transport.close()
        with pytest.raises(exc.ClientClosed):
            lease.__enter__()
        with pytest.raises(exc.ClientClosed):
            transport.send(Request("GET", server.url))


def test_a_request_that_would_be_two_is_not_sent() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        for value in ("a\r\nX-B: CANARY", "a\nCANARY", "CANARY\0"):
            with pytest.raises(ValueError, match="cannot be sent as it is") as caught:
                transport.send(Request("GET", server.url, {"X-A": value}))
            assert "CANARY" not in str(caught.value)
        transport.close()
    assert not server.received


@pytest.mark.parametrize(
    ("scheme", "fault", "expected"),
    [
        ("http", ConnectionResetError, exc.ConnectionLost),
        ("https", ConnectionResetError, exc.TLSError),
        ("http", PermissionError, exc.ConnectError),
        ("http", KeyboardInterrupt, KeyboardInterrupt),
    ],
)
def test_connecting_fails(
    scheme: str, fault: type[BaseException], expected: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(sock: socket.socket, address: object) -> None:
        raise fault

    monkeypatch.setattr("socket.socket.connect", connect)
    transport = made(DIRECT)
    with pytest.raises(expected):
        transport.send(Request("GET", f"{scheme}://127.0.0.1:9/me"))
    transport.close()


def test_many_threads_share_the_pool() -> None:
    with RawServer(lambda request: answer(request.target.encode())) as server:
        transport = made(DIRECT)
        wrong: list[str] = []

        def work(number: int) -> None:
            for step in range(20):
                path = f"/1.0/{number}/{step}"
                if transport.send(Request("GET", server.origin + path)).body != path.encode():
                    wrong.append(path)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
    assert not wrong
    assert len(server.received) == 320
    assert server.connections <= 16


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_after_a_fork_no_connection_is_shared() -> None:
    with RawServer(lambda request: answer(request.target.encode())) as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.origin + "/before"))
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                body = transport.send(Request("GET", server.origin + "/child")).body
                transport.close()
                os.write(writer, body)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reader, 100) == b"/child"
        assert transport.send(Request("GET", server.origin + "/after")).body == b"/after"
        transport.close()
        os.close(reader)
        os.close(writer)
    assert server.connections == 2


def test_a_child_opens_pools_of_its_own() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.url + "/me"))
        ours = weakref.ref(transport._pools._pools[server.origin].idle[0])
        with transport._lock, transport._route_lock, transport._pools._lock:  # as threads of the parent hold them
            transport.after_fork()
        transport.send(Request("GET", server.url + "/me"))
        assert transport.once("key", _clock()) == 1
        transport.close()
        gc.collect()
        # Neither used nor closed: the parent goes on with its connections.
        parents = ours()
        assert parents is not None
        assert parents.sock is not None
        assert server.connections == 2
        parents.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.parametrize("what", ["send", "close"])
def test_a_fork_while_another_thread_opens_a_pool(what: str) -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        with transport._route_lock, transport._pools._lock:  # as another thread holds them
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                try:
                    transport.send(Request("GET", server.url)) if what == "send" else transport.close()
                    os._exit(0)
                finally:
                    os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        transport.close()


def _clock() -> Flow[int]:
    yield Clock()
    return 1


def test_a_child_that_only_closes_leaves_the_parents_connections_alone() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.origin + "/a"))
        child = os.fork()
        if child == 0:
            try:
                transport.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        transport.send(Request("GET", server.origin + "/b"))
        transport.close()
    assert server.connections == 1


def test_close_is_idempotent_and_a_closed_transport_says_so() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.url))
        transport.close()
        transport.close()
        with pytest.raises(exc.ClientClosed):
            transport.send(Request("GET", server.url))


# TLS


def test_certificates_are_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(context=authority.server_context("127.0.0.1")) as server:
        error = fails(Request("GET", server.url + "/me"))
        assert type(error) is exc.TLSError
        trusting = TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
        transport = made(trusting)
        assert transport.send(Request("GET", server.url + "/me")).status == 200
        transport.close()
        wrong_name = server.url.replace("127.0.0.1", "localhost")
        assert type(fails(Request("GET", wrong_name), trusting)) is exc.TLSError
    assert len(server.received) == 1


def test_a_directory_of_certificates(tmp_path: Path) -> None:
    """A directory read as a file would raise InvalidConfiguration."""
    transport = made(TransportSettings(ca_bundle=str(tmp_path)))
    transport.close()


def test_tls_to_a_server_without() -> None:
    def refuse(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")

    with WireServer(refuse) as server:
        assert type(fails(Request("GET", server.url.replace("http:", "https:")))) is exc.TLSError


@pytest.mark.parametrize("reset", [False, True])
def test_a_handshake_that_is_cut_off(reset: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        error = fails(Request("POST", f"https://127.0.0.1:{listener.getsockname()[1]}/me"))
        thread.join()
    assert type(error) is exc.TLSError
    assert not error.may_have_arrived


def test_a_server_that_need_not_prove_who_it_is(tmp_path: Path) -> None:
    with RawServer(context=Authority(tmp_path).server_context("other.invalid")) as server:
        transport = made(TransportSettings(Timeout(60, 60), "none", verify=False))
        for _ in range(2):
            assert transport.send(Request("GET", server.url)).status == 200
        transport.close()
    assert server.connections == 1


def test_a_server_that_wants_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    mine = tmp_path / "client.pem"
    trustme_certificate = authority._authority.issue_cert("client.invalid")
    trustme_certificate.private_key_and_cert_chain_pem.write_to_path(str(mine))
    with RawServer(context=context) as server:
        without = TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
        assert type(fails(Request("POST", server.url), without)) is exc.TLSError
        transport = made(TransportSettings(Timeout(60, 60), "none", str(authority.bundle), client_cert=str(mine)))
        assert transport.send(Request("GET", server.url)).status == 200
        transport.close()
    assert len(server.received) == 1


def test_a_large_body_is_sent_whole() -> None:
    body = bytes(range(256)) * 4000
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("POST", server.url, (), body))
        transport.close()
    assert server.received[0].body == body


def test_who_hangs_up_before_the_request_is_complete_may_have_said_why() -> None:
    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(answer(b"too much", "413 Content Too Large"))
            connection.shutdown(socket.SHUT_RD)
            time.sleep(0.2)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        transport = made(DIRECT)
        for _ in range(2):
            with suppress(exc.ConnectionLost):  # the reset may overtake the answer
                request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/me", (), bytes(20_000_000))
                assert transport.send(request).body == b"too much"
        thread.join()
        transport.close()


@pytest.mark.parametrize("size", [2, 9000, 20_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_what_follows_an_answer_over_tls_is_not_the_next(tmp_path: Path, size: int, chunked: bool) -> None:
    authority = Authority(tmp_path)
    body = b"b" * size
    one = answer(body)
    if chunked:
        one = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    with RawServer(one + answer(b"another"), authority.server_context("127.0.0.1")) as server:
        transport = made(TransportSettings(Timeout(60, 60), "none", str(authority.bundle)))
        for _ in range(3):
            assert transport.send(Request("GET", server.url)).body == body
        transport.close()
    assert server.connections == 3


def test_a_bundle_without_certificates(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("nothing")
    with pytest.raises(exc.InvalidConfiguration, match=r"ca\.pem holds no usable certificates"):
        made(TransportSettings(ca_bundle=str(bundle))).send(Request("GET", "https://127.0.0.1:1/"))


# Proxies


def test_a_proxy_for_http_gets_the_whole_url() -> None:
    with RawServer(answer(b'"proxied"')) as proxy:
        settings = TransportSettings(Timeout(60, 60), f"http://us%40er:pass@127.0.0.1:{proxy.port}")
        transport = made(settings)
        assert transport.send(Request("GET", "http://api.invalid/1.0/me?a=%27")).body == b'"proxied"'
        transport.close()
    (received,) = proxy.received
    assert received.target == "http://api.invalid/1.0/me?a=%27"
    assert received.fields["proxy-authorization"] == "Basic dXNAZXI6cGFzcw=="


def test_a_proxy_for_https_is_asked_for_a_tunnel() -> None:
    with RawServer(answer(b"", "407 Proxy Authentication Required")) as proxy:
        settings = TransportSettings(Timeout(60, 60), f"127.0.0.1:{proxy.port}")
        error = fails(Request("GET", "https://api.invalid/1.0/me", {"X-Ovh-Consumer": "CANARY"}), settings)
    assert type(error) is exc.ProxyError
    assert not error.may_have_arrived
    assert proxy.received[0].head.startswith(b"CONNECT api.invalid:443 HTTP/1.")
    assert b"CANARY" not in proxy.received[0].head


def test_a_tunnel_through_a_proxy(tmp_path: Path) -> None:
    with tunnelling(tmp_path) as (request, settings):
        transport = made(settings)
        assert transport.send(request).body == b"1"
        transport.close()


@pytest.mark.parametrize(
    "consent",
    [
        b"HTTP/1.1 200 OK\r\nVia: a",
        b"HTTP/1.1 20",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"Via: a\r\n" * 10_000,
        b"HTTP/1.1 407 CANARY\r\n\r\n",
        b"",
    ],
)
def test_a_proxy_that_is_not_up_to_it(consent: bytes) -> None:
    with RawServer(lambda request: consent or None) as proxy:
        proxy.hang_up = True
        error = fails(
            Request("GET", "https://api.invalid/"),
            TransportSettings(Timeout(60, 60), f"u:CANARY@127.0.0.1:{proxy.port}"),
        )
    assert type(error) is exc.ProxyError
    assert f"the proxy http://127.0.0.1:{proxy.port} refused or failed" in str(error)
    assert "CANARY" not in "".join(traceback.format_exception(error))


def test_a_proxy_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = TransportSettings(Timeout(0.2, 60), f"127.0.0.1:{silent.getsockname()[1]}")
        assert type(fails(Request("GET", "https://api.invalid/"), settings)) is exc.ProxyError


def test_an_https_proxy_for_http(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b'"proxied"'), authority.server_context("127.0.0.1")) as proxy:
        settings = TransportSettings(Timeout(60, 60), proxy.origin, ca_bundle=str(authority.bundle))
        transport = made(settings)
        assert transport.send(Request("GET", "http://api.invalid/me")).body == b'"proxied"'
        transport.close()
    assert proxy.received[0].target == "http://api.invalid/me"


def test_proxies_print_without_their_user() -> None:
    proxy = read_proxy("me:canary@host:1")
    assert proxy is not None
    assert proxy.authorization == "Basic bWU6Y2FuYXJ5"
    assert proxy.url == "http://host:1"
    assert repr(proxy) == "Proxy('http://host:1')"


def test_a_proxy_nobody_listens_at() -> None:
    with refusing_port() as port:
        error = fails(Request("GET", "http://api.invalid/"), TransportSettings(proxy=f"http://127.0.0.1:{port}"))
    assert type(error) is exc.ProxyError


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answer(b'"proxied"')) as proxy, RawServer(answer(b'"direct"')) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        transport = made(TransportSettings(Timeout(60, 60)))
        assert transport.send(Request("GET", "http://api.invalid/me")).body == b'"proxied"'
        assert transport.send(Request("GET", server.url)).body == b'"direct"'
        assert transport.send(Request("GET", "http://other.invalid/me")).body == b'"proxied"'
        transport.close()
        monkeypatch.delenv("no_proxy")
        transport = made(DIRECT)
        assert transport.send(Request("GET", server.url)).body == b'"direct"'
        transport.close()


@pytest.mark.parametrize(
    "proxy",
    [
        "ftp://CANARY:CANARY@host",
        "http://user:CANARY@host:port",
        "http://",
        "socks5://h:1",
        "http://u:CANARY@a host:1",
        "http://u:CANARY@h:0",
        "http://u:CANARY@[::1",
        "http://u:CANARY@\u00e9..x",
        "None ",
    ],
)
def test_a_proxy_that_is_no_url(proxy: str) -> None:
    with pytest.raises(exc.InvalidConfiguration, match="proxy is not a usable URL") as caught:
        made(TransportSettings(proxy=proxy))
    trace = caught.value.__traceback__
    assert trace is not None
    assert trace.tb_next is not None
    caught.value.__traceback__ = trace.tb_next.tb_next  # without the frames that were given it
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "CANARY" not in "".join(shown.format())
    assert "CANARY" not in repr(TransportSettings(proxy=proxy))


def test_proxies_with_passwords_of_any_letters() -> None:
    for written in ("p€", "p%E2%82%AC"):
        proxy = read_proxy(f"http://u:{written}@host:1")
        assert proxy is not None
        assert proxy.headers == {"Proxy-Authorization": "Basic " + b64encode("u:p€".encode()).decode()}
    assert read_proxy("http://[::1]:3128") == Proxy("http://[::1]:3128", None)


class SoftTimeLimit(Exception):
    """As those that task queues raise in signal handlers."""


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, SoftTimeLimit])
def test_an_interrupted_call_shows_no_header(interrupt: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise interrupt

    monkeypatch.setattr("ovhcore_transports.http.blocking.connections.BlockingConnection.exchanged", interrupted)
    with RawServer() as server:
        transport = made(DIRECT)
        with pytest.raises(interrupt) as caught:
            transport.send(Request("GET", server.url, {"X-Ovh-Consumer": "CANARY"}))
        transport.close()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert not [line for line in shown.format() if "CANARY" in line and __file__ not in line]


def test_the_callers_own_accept_encoding_is_the_only_one() -> None:
    with RawServer() as server:
        transport = made(DIRECT)
        transport.send(Request("GET", server.url, {"accept-encoding": "identity"}))
        transport.close()
    assert server.received[0].head.lower().count(b"accept-encoding") == 1


def test_tracebacks_hold_no_header() -> None:
    with RawServer(lambda request: None) as server:
        error = fails(Request("POST", server.url, {"X-Ovh-Consumer": "CANARY-1", "Authorization": "CANARY-2"}, b"{}"))
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "CANARY" not in shown


def test_an_ssl_context_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[ssl.SSLContext] = []
    real = ssl.create_default_context

    def counting(cafile: str | None = None) -> ssl.SSLContext:
        contexts.append(real(cafile=cafile))
        return contexts[-1]

    monkeypatch.setattr("ssl.create_default_context", counting)
    with RawServer() as one, RawServer() as other:
        transport = made(DIRECT)
        for server in (one, other):
            transport.warm([server.url])
            transport.send(Request("GET", server.url))
    assert contexts == []  # plain HTTP needs none
    for port in (1, 2):
        transport.warm([f"https://127.0.0.1:{port}/"])
        with pytest.raises(exc.ConnectError):
            transport.send(Request("GET", f"https://127.0.0.1:{port}/"))
    transport.close()
    assert len(contexts) == 1


def test_who_waits_for_a_pool_that_is_closed_is_told_so() -> None:
    told: list[BaseException] = []
    transport = made(TransportSettings(Timeout(60, 60), "none", pool_size=1))
    held = Held()

    def send() -> None:
        try:
            transport.send(Request("GET", server.url))
        except exc.APIError as error:
            told.append(error)

    with RawServer(held) as server:
        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
            held.until(1)
        eventually(lambda: is_in(threads[1], "take_slot"))
        transport.close()
        held.release()
        for thread in threads:
            thread.join(60)
    assert [type(error) for error in told] == [exc.ClientClosed]


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    for request in (
        Request("GET", "http://127.0.0.1:9/me", {"X-Ovh-Consumer": "CANARY-\u20ac"}),
        Request("GET /evil HTTP/1.1\tX", "http://127.0.0.1:9/me", {"X-Ovh-Consumer": "CANARY"}),
    ):
        transport = made(DIRECT)
        with pytest.raises(exc.InvalidRequest) as caught:
            transport.send(request)
        assert "CANARY" not in "".join(traceback.format_exception(caught.value))
        transport.close()
