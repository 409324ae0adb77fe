from __future__ import annotations

import asyncio
import errno
import gc
import gzip
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from pyreqwest.exceptions import ConnectError

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore.testing import Authority, Peer, WireServer
from ovhcore.testing.server import unaccepting
from ovhcore_transports.http.libraries.slots import Slots
from ovhcore_transports.pyreqwest import failures as pyreqwest_failures
from ovhcore_transports.pyreqwest import open_async, open_sync
from ovhcore_transports.pyreqwest.asynchronous import _settle
from tests.servers import Held, RawServer, Received, answer, eventually
from tests.tunnels import tunnelling

DIRECT = TransportSettings(Timeout(60, 60), proxy="none")
RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
FORMS = pytest.mark.parametrize("form", ["sync", "async"])


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def sends(form: str, settings: TransportSettings, *requests: Request) -> list[Response]:
    """Send requests one after the other, each form of the transport in its way."""
    if form == "sync":
        transport = open_sync(settings)
        try:
            return [transport.send(request) for request in requests]
        finally:
            transport.close()
            transport.close()

    async def main() -> list[Response]:
        transport = open_async(settings)
        try:
            return [await transport.send(request) for request in requests]
        finally:
            await transport.close()
            await transport.close()
            assert len(asyncio.all_tasks()) == 1

    return asyncio.run(main())


def fails(form: str, request: Request, settings: TransportSettings = DIRECT) -> exc.APIError:
    with pytest.raises(exc.APIError) as caught:
        sends(form, settings, request)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    return caught.value


def runs(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 120))


@FORMS
def test_sends_the_request_as_it_is_and_returns_the_response(form: str) -> None:
    reply = answer(b'{"a":1}', "201 Custom", "X-OVH-QUERYID: FR.1", "Via: a", "Date: x", "Via: b")
    with RawServer(reply) as server:
        url = f"{server.url}/ip/1.2.3.0%2F24/(x);@!$&*+,?date.from=2026&q=%27%5B%C3%A9/?"
        fields = [("X-A", "1"), ("User-Agent", "me"), ("X-A", "2"), ("Accept", "text/x")]
        (response,) = sends(form, DIRECT, Request("POST", url, fields, b'{"b":2}'))
    (received,) = server.received
    assert received.method == "POST"
    assert server.origin + received.target == url
    assert received.body == b'{"b":2}'
    assert received.head.decode().split("\r\n")[1:] == [
        "Accept-Encoding: gzip, deflate",
        "X-A: 1",
        "X-A: 2",
        "User-Agent: me",
        "Accept: text/x",
        f"Host: 127.0.0.1:{server.port}",
        "Content-Length: 7",
    ]
    assert (response.status, response.body, response.query_id) == (201, b'{"a":1}', "FR.1")
    assert response.headers.pairs[1:] == (("x-ovh-queryid", "FR.1"), ("via", "a"), ("via", "b"), ("date", "x"))


@FORMS
def test_bodies_without_content_and_an_encoding_that_was_chosen(form: str) -> None:
    methods = ("GET", "DELETE", "POST", "PUT", "PATCH")
    with RawServer() as server:
        sends(form, DIRECT, *(Request(each, server.url + "/me", {"accept-encoding": "br"}) for each in methods))
    lengths = [request.fields.get("content-length") for request in server.received]
    assert lengths == [None, None, "0", "0", "0"]
    assert {request.fields["accept-encoding"] for request in server.received} == {"br"}
    assert server.connections == 1


@FORMS
@pytest.mark.parametrize(
    "rest",
    ["/a b", "/a/../b", "/%2e/b", "/a#b", "/'?'", "/é", "/{a}", "/\ud800"],
)
def test_a_url_that_would_be_sent_otherwise_is_refused(form: str, rest: str) -> None:
    with RawServer() as server:
        error = fails(form, Request("GET", server.origin + rest))
    assert type(error) is exc.InvalidRequest
    assert "use transport urllib3" in str(error)
    assert not server.connections


@FORMS
@pytest.mark.parametrize("origin", ["http://LOCALHOST:1", "http://u:canary@127.0.0.1:1", "http://h:80", "http://[::1"])
def test_an_origin_that_would_be_sent_otherwise_is_refused(form: str, origin: str) -> None:
    error = fails(form, Request("GET", origin + "/"))
    assert type(error) is exc.InvalidRequest
    assert "canary" not in str(error)


@FORMS
def test_a_field_that_cannot_be_sent(form: str) -> None:
    error = fails(form, Request("GET", "http://127.0.0.1:1/", {"X-A": "canary\n"}))
    assert type(error) is exc.InvalidRequest
    assert "canary" not in str(error)


@FORMS
def test_fields_that_are_not_ascii(form: str) -> None:
    with RawServer(answer(b"1", "200 OK", "X-A: caf\xe9", "X-B: b", "Via: a", "Via: b")) as server:
        (response,) = sends(form, DIRECT, Request("GET", server.url))
    found = response.headers
    assert (found.get("X-A"), found.get("via"), found.get("none", "-")) == ("\ufffd", "a, b", "-")
    assert dict(found) == {"content-length": "1", "x-a": "\ufffd", "x-b": "b", "via": "a, b"}
    assert pickle.loads(pickle.dumps(found)) == found


@FORMS
def test_bodies_within_the_limit(form: str) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n%b\r\n0\r\n\r\n"
    replies = {
        "/length": answer(b"a" * 2000),
        "/chunked": chunked % (b"a" * 2000),
        "/bomb": answer(gzip.compress(b"a" * 2000), "200 OK", "Content-Encoding: gzip"),
        "/twice": answer(b"a", "200 OK", "Content-Encoding: gzip", "Content-Encoding: gzip"),
    }
    with RawServer(lambda request: replies[request.target]) as server:
        requests = [Request("GET", server.origin + path) for path in list(replies)[:3]]
        settings = TransportSettings(Timeout(60, 60), "none", max_response_size=2000)
        assert [each.body for each in sends(form, settings, *requests)] == [b"a" * 2000] * 3
        small = TransportSettings(Timeout(60, 60), "none", max_response_size=1999)
        for request in requests:
            assert "larger than max_response_size, 1999 bytes" in str(fails(form, request, small))
        assert "was not asked for" in str(fails(form, Request("GET", server.origin + "/twice")))


@FORMS
@pytest.mark.parametrize("announced", ["Content-Length: 999999999999999", "Transfer-Encoding: chunked"])
def test_an_answer_to_head_announces_what_does_not_come(form: str, announced: str) -> None:
    # The library would take the memory for it, and end the process where there is not that much.
    with RawServer(f"HTTP/1.1 200 OK\r\n{announced}\r\n\r\n".encode()) as server:
        (response,) = sends(form, DIRECT, Request("HEAD", server.url))
    assert response.body == b""


@FORMS
def test_switching_protocols_was_not_asked_for(form: str) -> None:
    with RawServer(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n") as server:
        assert "not a final one" in str(fails(form, Request("GET", server.url)))


@FORMS
def test_failures(form: str) -> None:
    replies = {
        "/nothing": (None, exc.ConnectionLost),
        "/garbage": (b"canary nonsense\r\n\r\n", exc.ProtocolError),
        "/cut": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", exc.ConnectionLost),
    }
    with RawServer(lambda request: replies[request.target][0]) as server:
        server.hang_up = True
        for path, (_, kind) in replies.items():
            error = fails(form, Request("POST", server.origin + path, {"X-Ovh-Consumer": "canary"}, b"{}"))
            assert type(error) is kind
            assert "canary" not in repr((error, error.args, error.__cause__, vars(error.__cause__ or error)))
        assert len(server.received) == 3
    error = fails(form, Request("GET", server.url + "?canary"))  # nobody listens any more
    assert type(error) is exc.ConnectError
    assert str(error) == f"{server.origin}: no connection could be made ({os.strerror(errno.ECONNREFUSED)})"
    assert repr(error.__cause__) == "ConnectError('connection error')"


@FORMS
def test_a_connection_that_is_reset_at_once(form: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(20):
            connection, _ = listener.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    assert {type(fails(form, Request("GET", url))) for _ in range(20)} == {exc.ConnectionLost}
    thread.join()
    listener.close()


def test_a_connection_that_is_reset_before_the_library_has_it() -> None:
    said = ("client error (Connect)", "tcp connect error", f"reset (os error {errno.ECONNRESET})")
    error = ConnectError("connection error", {"causes": [{"message": each} for each in said]})
    request = Request("GET", "http://127.0.0.1/")
    failure = pyreqwest_failures.failure_of(error, request, DIRECT.timeout, None, False)
    assert type(failure) is exc.ConnectionLost
    assert failure.__cause__ is error
    assert error.args == ("connection error",)


@FORMS
@pytest.mark.parametrize(
    ("timeout", "kind"),
    [(Timeout(60, 0.1), exc.ReadTimeout), (Timeout(60, 60, 0.1), exc.TotalTimeout), (Timeout(60, 60, 60), None)],
)
def test_timeouts_of_one_request(form: str, timeout: Timeout, kind: type[Exception] | None) -> None:
    with RawServer(answer() if kind is None else Held()) as server:
        request = Request("GET", server.url, timeout=timeout)
        if kind is None:
            assert sends(form, DIRECT, request)[0].body == b"null"
        else:
            assert type(fails(form, request)) is kind


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
@FORMS
@pytest.mark.parametrize("timeout", [Timeout(2, 60), Timeout(60, 2)])
def test_a_connection_that_is_not_accepted(form: str, timeout: Timeout) -> None:
    with unaccepting() as port:
        error = fails(form, Request("GET", f"http://127.0.0.1:{port}/", timeout=timeout))
    assert type(error) is exc.ConnectTimeout
    assert str(error).endswith("no connection within 2 s")


@FORMS
def test_clients_for_timeouts_are_few(form: str) -> None:
    timeouts = [Timeout(60, 20 + number % 12) for number in range(24)]
    with RawServer() as server:
        requests = [Request("GET", server.url, timeout=each) for each in timeouts]
        sends(form, DIRECT, *requests)
        assert server.connections == 24  # each pair comes back when it is no longer kept
        server.connections = 0
        few = [Request("GET", server.url, timeout=Timeout(60, 20 + number % 8, number + 20)) for number in range(24)]
        sends(form, DIRECT, *few)
        assert server.connections == 8
        server.connections = 0
        sends(form, DIRECT, *[Request("GET", server.url, timeout=Timeout(60, 60, total)) for total in (9, None, 8)])
        assert server.connections == 1


def test_a_pool_that_stays_busy() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def when_told(peer: Peer) -> None:
        while peer.receive() is not None:
            asked.set()
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not go_on.wait(0.02):
                peer.send(b"1\r\n \r\n")
            peer.send(b"0\r\n\r\n")

    # Each pair of timeouts has a pool of its own.
    with WireServer(when_told) as server, ThreadPoolExecutor(1) as pool:
        transport = open_sync(TransportSettings(Timeout(60, 3), "none", pool_size=1))
        first = pool.submit(transport.send, Request("GET", server.url))
        assert asked.wait(60)
        with pytest.raises(exc.PoolTimeout):
            transport.send(Request("GET", server.url))
        assert len(server.received) == 1
        go_on.set()
        assert first.result(60).status == 200
        assert transport.send(Request("GET", server.url)).status == 200
        transport.close()


def test_a_pool_that_stays_busy_for_tasks() -> None:
    settings = TransportSettings(Timeout(60, 0.3), "none", pool_size=1)

    async def main() -> None:
        transport = open_async(settings)
        held = Held()
        with RawServer(held) as server:
            first = asyncio.ensure_future(transport.send(Request("GET", server.url, timeout=Timeout(60, 60))))
            while not held.asked:
                await asyncio.sleep(0.005)
            for timeout, kind in ((None, exc.PoolTimeout), (Timeout(60, 60, 0.1), exc.TotalTimeout)):
                with pytest.raises(exc.TransportTimeout) as caught:
                    await transport.send(Request("GET", server.url, timeout=timeout))
                assert type(caught.value) is kind
            held.release(1)
            assert (await first).status == 200
            assert server.connections == 1
            # Those that wait go one after the other; one that gives up loses nobody's place.
            settled = Timeout(60, 60)
            many = [transport.send(Request("GET", server.url, timeout=settled)) for _ in range(4)]
            tasks = [asyncio.ensure_future(each) for each in many]
            while held.asked < 2:
                await asyncio.sleep(0.005)
            tasks[1].cancel()
            held.release()
            await asyncio.wait(tasks)
            assert [task.cancelled() for task in tasks] == [False, True, False, False]
            assert len(server.received) == 4
        await transport.close()

    runs(main())


def test_a_place_that_was_given_to_a_task_that_is_cancelled() -> None:
    async def main() -> None:
        pool = Slots(0)
        waiting = asyncio.ensure_future(pool.wait(60))
        await asyncio.sleep(0)
        pool.release()
        waiting.cancel()
        await asyncio.wait((waiting,))
        assert waiting.cancelled()
        assert pool.free == 1

    runs(main())


def test_a_cancelled_call_gives_its_place_free() -> None:
    async def main() -> None:
        transport = open_async(TransportSettings(Timeout(60, 60), "none", pool_size=1))
        held = Held()
        with RawServer(lambda request: held(request) if request.target == "/slow" else answer()) as server:
            slow = asyncio.ensure_future(transport.send(Request("GET", server.origin + "/slow")))
            while not held.asked:
                await asyncio.sleep(0.005)
            slow.cancel()
            await asyncio.wait([slow])
            assert slow.cancelled()
            # The server holds the other answer back still.
            assert (await transport.send(Request("GET", server.origin + "/fast"))).status == 200
            held.release()
        await transport.close()

    runs(main())


def test_one_loop_after_the_other() -> None:
    with RawServer() as server:
        transport = open_async(TransportSettings(Timeout(60, 60), "none", pool_size=1))
        for _ in range(2):
            assert asyncio.run(transport.send(Request("GET", server.url))).status == 200
        assert server.connections == 1
        asyncio.run(transport.close())
        with pytest.raises(exc.ClientClosed):
            asyncio.run(transport.send(Request("GET", server.url)))


def test_trio_is_told_what_to_use() -> None:
    transport = open_async(DIRECT)
    with pytest.raises(exc.InvalidConfiguration, match="use transport 'httpx'"):
        trio.run(transport.send, Request("GET", "http://127.0.0.1:1/"))


def has_socket(address: object) -> bool:
    """Say whether this process has a socket with this address."""
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if os.readlink(path).startswith("socket:"):
                with socket.socket(fileno=os.dup(int(path.name))) as found:
                    if found.getsockname() == address:
                        return True
    return False


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="nothing says when the library has noticed")
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_that_the_server_closed(method: str, reset: bool) -> None:
    heads: list[bytes] = []
    clients: list[object] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(3):
            connection, client = listener.accept()
            clients.append(client)
            heads.append(connection.recv(65536))
            connection.sendall(answer())
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            assert answered.acquire(timeout=60)
            connection.close()
            closed.release()

    answered, closed = threading.Semaphore(0), threading.Semaphore(0)
    thread = threading.Thread(target=serve)
    thread.start()
    transport = open_sync(DIRECT)
    for number in range(3):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/{number}"
        assert transport.send(Request(method, url, {}, b"{}" if method == "POST" else b"")).status == 200
        answered.release()
        assert closed.acquire(timeout=60)
        eventually(lambda: not has_socket(clients[-1]))  # the library's own threads tell nobody when they notice
    transport.close()
    thread.join()
    listener.close()
    assert [head.split(b" ")[1] for head in heads] == [b"/0", b"/1", b"/2"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_sent_twice_that_may_have_arrived(method: str) -> None:
    seen: list[str] = []

    def respond(request: Received) -> bytes | None:
        seen.append(request.target)
        return None if request.target == "/1" else answer()

    with RawServer(respond) as server:
        transport = open_sync(DIRECT)
        for number in range(3):
            request = Request(method, f"{server.origin}/{number}", {}, b"{}" if method == "POST" else b"")
            if number == 1:
                with pytest.raises(exc.ConnectionLost):
                    transport.send(request)
            else:
                assert transport.send(request).status == 200
        transport.close()
    assert seen == ["/0", "/1", "/2"]


@FORMS
def test_certificates(form: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("127.0.0.1")) as server:
        request = Request("GET", server.url)
        for bundle in (authority.bundle, tmp_path):
            trusting = TransportSettings(Timeout(60, 60), "none", str(bundle))
            assert sends(form, trusting, request)[0].body == b"1"
        assert sends(form, TransportSettings(Timeout(60, 60), "none", verify=False), request)[0].body == b"1"
        error = fails(form, request)
    assert type(error) is exc.TLSError
    assert str(error).endswith("TLS failed (UnknownIssuer)")


@FORMS
def test_a_certificate_for_another_name(form: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("canary.invalid")) as server:
        error = fails(
            form, Request("GET", server.url), TransportSettings(Timeout(60, 60), "none", str(authority.bundle))
        )
    assert type(error) is exc.TLSError
    assert str(error).endswith("TLS failed (certificate not valid for name)")


def test_certificates_of_clients(tmp_path: Path) -> None:
    import ssl

    import trustme

    issuer = trustme.CA()
    files = {name: tmp_path / name for name in ("both", "cert", "key", "other")}
    mine = issuer.issue_cert("me@example.org")
    mine.private_key_and_cert_chain_pem.write_to_path(str(files["both"]))
    mine.cert_chain_pems[0].write_to_path(str(files["cert"]))
    mine.private_key_pem.write_to_path(str(files["key"]))
    issuer.issue_cert("x.invalid").private_key_pem.write_to_path(str(files["other"]))
    authority = Authority(tmp_path)
    context = authority.server_context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    issuer.configure_trust(context)

    def settings(cert: str | None = None, key: str | None = None) -> TransportSettings:
        paths = [None if name is None else str(tmp_path / name) for name in (cert, key)]
        return TransportSettings(
            Timeout(60, 60), "none", str(authority.bundle), client_cert=paths[0], client_key=paths[1]
        )

    with RawServer(answer(b"1"), context) as server:
        request = Request("GET", server.url)
        for pair in (("both", None), ("cert", "key")):
            assert sends("sync", settings(*pair), request)[0].body == b"1"
        error = fails("sync", request, settings())
        assert type(error) is exc.TLSError
        assert str(error).endswith("(CertificateRequired)")
        for cert, key, problem in (
            ("cert", None, "must hold a certificate and its key"),
            ("none", None, "No such file"),
            ("cert", "other", "KeyMismatch"),
        ):
            error = fails("sync", request, settings(cert, key))
            assert type(error) is exc.InvalidConfiguration
            assert problem in str(error)


def test_bundles_without_certificates(tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    for text, problem in (
        ("nothing", "no certificate as PEM"),
        ("-----BEGIN CERTIFICATE-----\nwithout an end", "no certificate as PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "BadEncoding"),
    ):
        file.write_text(text)
        error = fails("sync", Request("GET", "https://127.0.0.1:1/"), TransportSettings(ca_bundle=str(file)))
        assert type(error) is exc.InvalidConfiguration
        assert problem in str(error)
    missing = TransportSettings(Timeout(60, 60), "none", str(tmp_path / "none"))
    error = fails("sync", Request("GET", "https://127.0.0.1:1/"), missing)
    assert type(error) is exc.InvalidConfiguration
    assert "No such file" in str(error)
    with RawServer(answer(b"1")) as server:
        # Where TLS is not spoken they are not read.
        assert sends("sync", missing, Request("GET", server.url))[0].body == b"1"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's certificates are no files")
@pytest.mark.parametrize("installed", [True, False])
def test_a_system_without_certificates(installed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    if not installed:
        monkeypatch.setitem(sys.modules, "certifi", None)
    with RawServer(answer(b"1")) as server:
        # Where TLS is not spoken they are not read.
        assert sends("sync", DIRECT, Request("GET", server.url))[0].body == b"1"
    error = fails("sync", Request("GET", server.url.replace("http:", "https:")))
    if installed:
        assert type(error) is exc.ConnectError  # nobody is there any more
    else:
        assert type(error) is exc.InvalidConfiguration
        assert "No CA certificates" in str(error)


@FORMS
def test_proxies(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("GET", "http://api.invalid/me")
    with RawServer(answer(b"1")) as server:
        monkeypatch.setenv("http_proxy", server.origin)
        assert sends(form, TransportSettings(Timeout(60, 60)), request)[0].body == b"1"
        proxy = server.origin.replace("//", "//me:word@")
        assert sends(form, TransportSettings(Timeout(60, 60), proxy), request)[0].body == b"1"
        assert [each.target for each in server.received] == ["http://api.invalid/me"] * 2
        assert server.received[1].fields["proxy-authorization"] == "Basic bWU6d29yZA=="
        assert isinstance(fails(form, request), exc.ConnectError)
    error = fails(form, request, TransportSettings(Timeout(60, 60), proxy))
    assert type(error) is exc.ProxyError
    assert f"the proxy {server.origin} refused or failed" in str(error)
    with pytest.raises(exc.InvalidConfiguration, match="The proxy is not a usable URL"):
        sends(form, TransportSettings(proxy="ftp://canary:x@host"), request)


@FORMS
def test_a_tunnel_through_a_proxy(form: str, tmp_path: Path) -> None:
    with tunnelling(tmp_path) as (request, settings):
        assert sends(form, settings, request)[0].body == b"1"


def test_close_closes_connections_and_leaves_calls_under_way() -> None:
    asked, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        asked.set()
        go_on.wait(60)
        connection.sendall(answer())
        connection.settimeout(60)
        if not connection.recv(1):
            ended.set()
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    transport = open_sync(DIRECT)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(transport.send, Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        assert asked.wait(60)
        transport.close()
        go_on.set()
        assert call.result(60).status == 200
    assert ended.wait(60)
    with pytest.raises(exc.ClientClosed):
        transport.send(Request("GET", "http://127.0.0.1:1/"))
    thread.join()
    listener.close()


def test_what_is_no_failure_of_the_library_is_passed_on() -> None:
    error = MemoryError()
    request = Request("GET", "http://127.0.0.1/")
    assert pyreqwest_failures.failure_of(error, request, DIRECT.timeout, None, False) is error


FORK = """
import asyncio, faulthandler, os, sys, threading, time
from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore_transports.pyreqwest import open_async, open_sync

settings = TransportSettings(Timeout(60, 60), "none")
request = Request("GET", sys.argv[1])

def child(*calls):
    pid = os.fork()
    if pid == 0:
        faulthandler.dump_traceback_later(10, exit=True)
        for call in calls:
            try:
                print(call().status)
            except exc.APIError as error:
                print(type(error).__name__, error.__cause__, "'spawn'" in str(error))
        sys.exit()
    print(os.waitpid(pid, 0)[1])

sys.stdout.reconfigure(line_buffering=True)
lazy, used, other = open_sync(settings), open_sync(settings), open_async(settings)
child(lambda: lazy.send(request), lambda: asyncio.run(other.send(request)))
print(used.send(request).status, asyncio.run(other.send(request)).status)
child(
    lambda: used.send(request),
    lambda: lazy.send(request),
    lambda: asyncio.run(other.send(request)),
    lambda: open_sync(settings).send(request),
    lambda: used.close() or used.send(request),
)
print(used.send(request).status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_after_a_fork() -> None:
    with RawServer() as server:
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    refused = "InvalidConfiguration None True"
    assert done.stdout.splitlines() == [
        *("200", "200", "0"),
        "200 200",
        *(refused, refused, refused, refused, "ClientClosed None False", "0"),
        "200",
    ]


def test_what_the_library_says_of_forks_is_said_better() -> None:
    error = RuntimeError("A pyreqwest runtime was initialized before fork().")
    assert "'spawn' or 'forkserver'" in pyreqwest_failures.problem_of(error)


def test_the_clients_of_a_fork_are_left_behind() -> None:
    with RawServer() as server:
        transport, other = open_sync(DIRECT), open_async(DIRECT)
        assert transport.send(Request("GET", server.url)).status == 200
        assert asyncio.run(other.send(Request("GET", server.url))).status == 200
        transport.after_fork()
        other.after_fork()
        assert transport.send(Request("GET", server.url)).status == 200
        assert asyncio.run(other.send(Request("GET", server.url))).status == 200
        assert server.connections == 4
        transport.close()
        asyncio.run(other.close())
    gc.collect()


SHORT = """
import asyncio, sys
from ovhcore.protocol.messages import Request
from ovhcore.plugins import TransportSettings
from ovhcore_transports.pyreqwest import open_async

asyncio.run(open_async(TransportSettings(proxy="none")).send(Request("GET", sys.argv[1])))
"""


def test_a_program_may_end_right_after_an_answer() -> None:
    with RawServer() as server:
        command = [sys.executable, "-c", SHORT, server.url]
        for _ in range(10):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert (done.returncode, done.stderr) == (0, "")
    _settle()
    _settle()


def test_the_synchronous_form_needs_neither_asyncio_nor_ssl() -> None:
    code = "import sys, ovhcore_transports.pyreqwest; print({'asyncio', 'ssl', 'urllib.request'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_an_interrupt_takes_effect_when_the_call_ends() -> None:
    program = (
        "import ovhcore\n"
        "try: ovhcore.Client({!r}, 'k', 's', 'c', transport='pyreqwest', timeout=(60, 60), proxy='none').get('/me')\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    held = Held()
    with RawServer(held) as server:
        command = [sys.executable, "-c", program.format(server.url)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        held.until(1)
        running.send_signal(signal.SIGINT)
        held.release()
        printed, _ = running.communicate(timeout=60)
    assert (running.returncode, printed) == (0, "interrupted\n")


def test_who_waited_is_told_that_it_was_closed() -> None:
    async def main() -> None:
        transport = open_async(TransportSettings(Timeout(60, 60), "none", pool_size=1))
        held = Held()
        with RawServer(held) as server:
            calls = [asyncio.ensure_future(transport.send(Request("GET", server.url))) for _ in range(2)]
            while not held.asked:
                await asyncio.sleep(0.005)
            await transport.close()
            held.release()
            first, second = await asyncio.gather(*calls, return_exceptions=True)
        assert not isinstance(first, BaseException)
        assert type(second) is exc.ClientClosed
        assert len(server.received) == 1

    runs(main())


def test_a_call_without_an_end_may_wait_for_a_place() -> None:
    held = Held()

    async def main() -> list[int]:
        transport = open_async(TransportSettings(Timeout(60, 60, None), proxy="none", pool_size=1))
        calls = [asyncio.ensure_future(transport.send(Request("GET", server.url))) for _ in range(2)]
        await asyncio.to_thread(held.until, 1)
        held.release()
        answers = await asyncio.gather(*calls)
        await transport.close()
        return [each.status for each in answers]

    with RawServer(held) as server:
        assert asyncio.run(main()) == [200, 200]
