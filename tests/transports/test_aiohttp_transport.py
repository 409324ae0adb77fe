"""aiohttp, against real sockets: what is particular to it."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore.testing import Authority
from ovhcore_transports.aiohttp import open_async
from ovhcore_transports.aiohttp.asynchronous import AsyncAiohttpTransport
from ovhcore_transports.base.loop_timers import deadlines_of
from ovhcore_transports.http.libraries.slots import Slots
from tests.servers import Held, RawServer, Received, answer
from tests.tunnels import tunnelling

DIRECT = TransportSettings(Timeout(60, 60), proxy="none")
TUNNEL = b"HTTP/1.1 200 OK\r\n\r\n"


def run(steps: Callable[[AsyncAiohttpTransport], Awaitable[Any]], settings: TransportSettings = DIRECT) -> Any:
    """Take steps with a transport; afterwards nothing is left of it."""

    async def main() -> Any:
        transport = open_async(settings)
        try:
            return await steps(transport)
        finally:
            await transport.close()
            await transport.close()
            for _ in range(100):  # aiohttp 3.11 ends the task that writes a long body a little later
                if len(asyncio.all_tasks()) == 1:
                    break
                await asyncio.sleep(0.01)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return asyncio.run(main())


def send(request: Request, settings: TransportSettings = DIRECT) -> Response:
    response: Response = run(lambda transport: transport.send(request), settings)
    return response


def fails(request: Request, settings: TransportSettings = DIRECT) -> exc.APIError:
    with pytest.raises(exc.APIError) as caught:
        send(request, settings)
    return caught.value


def get(url: str, timeout: Timeout | None = None) -> Request:
    return Request("GET", url, {"User-Agent": "me", "Accept": "application/json"}, timeout=timeout)


@contextmanager
def accepting(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """Run ``serve`` with each connection; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def silent(connection: socket.socket) -> None:
    """Say nothing until the client hangs up."""
    connection.settimeout(60)
    with suppress(OSError):
        while connection.recv(65536):
            pass


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(
    "target",
    ["/ip/1.2.3.0%2f24", "/[x]';y", "/a?b?c=/?", "//a//b", "/a/../b/.", "/?q=[]'&&%zz", '/|"<>\\^`{}', "/a@b:c"],
)
def test_targets_go_out_as_they_are(target: str) -> None:
    with RawServer() as server:
        assert send(get(server.origin + target)).status == 200
        assert send(get(server.origin + target), TransportSettings(proxy=server.origin)).status == 200
    assert [received.target for received in server.received] == [target, server.origin + target]


@pytest.mark.parametrize("target", ["/a?", "/a#b", "/é"])
def test_what_would_change_is_refused(target: str) -> None:
    with RawServer() as server:
        assert type(fails(get(server.origin + target))) is exc.InvalidRequest
        assert type(fails(get(server.origin.replace("//", "//user:word@") + "/"))) is exc.InvalidRequest
        assert type(fails(Request("GET", server.url, {"X-A": "a\r\nb"}))) is exc.InvalidRequest
    assert server.received == []


def test_no_field_is_added_and_no_cookie_kept() -> None:
    async def steps(transport: AsyncAiohttpTransport) -> None:
        for method, body in [("GET", b""), ("POST", b""), ("POST", b"x"), ("POST", b"x" * 300_000)]:
            await transport.send(Request(method, server.url, {"accept-encoding": "identity"}, body))
        await transport.send(get(server.url))

    with RawServer(answer(b"1", "200 OK", "Set-Cookie: sid=CANARY")) as server:
        run(steps)
    plain, empty, posted, large, last = (received.fields for received in server.received)
    assert sorted(plain) == ["accept-encoding", "host"]
    assert [fields["content-length"] for fields in (empty, posted, large)] == ["0", "1", "300000"]
    assert sorted(empty) == sorted(posted) == sorted(large) == ["accept-encoding", "content-length", "host"]
    assert sorted(last) == ["accept", "accept-encoding", "host", "user-agent"]
    assert server.received[3].body == b"x" * 300_000


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_nothing_is_sent_twice(method: str) -> None:
    async def steps(transport: AsyncAiohttpTransport) -> None:
        await transport.send(Request(method, server.url))
        with pytest.raises(exc.ConnectionLost):
            await transport.send(Request(method, server.url))

    with RawServer(lambda request: answer() if len(server.received) == 1 else None) as server:
        run(steps)
    assert (len(server.received), server.connections) == (2, 1)


def test_a_connection_that_the_server_closed_is_not_used() -> None:
    async def steps(transport: AsyncAiohttpTransport) -> None:
        for _ in range(3):
            await transport.send(Request("POST", server.url))
            assert server.all_closed()  # the loop waits, and does not see the end

    with RawServer() as server:
        server.hang_up = True
        run(steps)
    assert (len(server.received), server.connections) == (3, 3)


STRAY = [b"garbage", b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad", b"HTTP/1.1 500 No\r\nCon"]


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("split", [None, len(answer(b"ok"))])
@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 Early\r\n\r\n"])
def test_what_follows_an_answer_is_never_the_next(stray: bytes, split: int | None, before: bytes) -> None:
    async def steps(transport: AsyncAiohttpTransport) -> list[Any]:
        bodies: list[Any] = []
        for _ in range(2):
            try:
                bodies.append((await transport.send(get(server.url))).body)
            except exc.ProtocolError:
                bodies.append(None)
            await asyncio.to_thread(server.all_sent)
        return bodies

    with RawServer(before + answer(b"ok") + stray) as server:
        server.split = split and len(before) + split
        # aiohttp loses an answer that has garbage behind it in the same packet
        assert run(steps) == ([None, None] if stray == STRAY[0] and split is None else [b"ok", b"ok"])


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"garbage\r\n\r\n", exc.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n", exc.ProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200_000 + b"\r\n", exc.ProtocolError),
        (b"HTTP/1.1 101 Other\r\n\r\n", exc.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", exc.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na", exc.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", exc.ConnectionLost),
        (b"HTTP/1.1 100 Continue\r\n\r\n", exc.ConnectionLost),
    ],
)
@pytest.mark.parametrize("split", [None, 47])
def test_answers_that_are_none(reply: bytes, kind: type[exc.NetworkError], split: int | None) -> None:
    with RawServer(reply) as server:
        server.hang_up = True
        server.split = split
        error = fails(get(server.url, Timeout(60, 60)))
    assert type(error) is kind
    assert kind is exc.ConnectionLost or error.__cause__ is None


def test_large_headers_and_many() -> None:
    fields = ["Link: " + "a" * 60_000, *(f"X-{number}: a" for number in range(200))]
    with RawServer(answer(b"1", "200 OK", *fields)) as server:
        assert len(send(get(server.url)).headers) == 202


def test_more_fields_than_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    # aiohttp before 3.14 has no limit of its own.
    for module in ("asynchronous", "responses"):
        monkeypatch.setattr(f"ovhcore_transports.aiohttp.{module}.MAX_FIELDS", 3)
    with RawServer(answer(b"1", "200 OK", "A: 1", "B: 2", "C: 3")) as server:
        error = fails(get(server.url))
    assert type(error) is exc.ProtocolError
    assert "too many header fields" in str(error)


def test_the_total_timeout_is_one_end_with_the_waits() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        with suppress(OSError):
            while True:
                connection.sendall(b"HTTP/1.1 102 Wait\r\n\r\n")
                time.sleep(0.02)

    with accepting(serve) as address:
        assert type(fails(get(f"http://{address}/", Timeout(60, 60, 0.2)))) is exc.TotalTimeout
    with accepting(silent) as address:  # a handshake
        assert type(fails(get(f"https://{address}/", Timeout(60, 60, 0.1)))) is exc.TotalTimeout


def test_an_end_that_has_been_is_not_once_more() -> None:
    async def main() -> None:
        alarms = deadlines_of(asyncio.get_running_loop())
        end = alarms.begin(asyncio.get_running_loop(), 60)
        alarms.ring(end)
        alarms.ring(end)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(60)
        assert end.has_cancelled()
        alarms.over(end)
        await asyncio.sleep(0)  # it is cancelled once
        task = asyncio.current_task()
        assert task is not None
        end = alarms.begin(asyncio.get_running_loop(), 60)
        alarms.ring(end)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(60)
        alarms.over(end)  # of something else that failed meanwhile
        assert not task.cancelling()

    asyncio.run(main())


def test_bodies_in_pieces_and_too_large() -> None:
    with RawServer(answer(b"x" * 1000)) as server:
        server.split = 100
        assert send(get(server.url)).body == b"x" * 1000
        for split in (100, None):
            server.split = split
            small = TransportSettings(Timeout(60, 60), "none", max_response_size=999)
            assert "larger than max_response_size, 999 bytes" in str(fails(get(server.url), small))


def test_a_reset_is_no_end_of_a_body() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhalf")
        time.sleep(0.05)
        reset(connection)

    with accepting(serve) as address:
        assert type(fails(get(f"http://{address}/"))) is exc.ConnectionLost
    with accepting(reset) as address:
        assert type(fails(get(f"http://{address}/"))) is exc.ConnectionLost


@pytest.mark.parametrize("reply", [None, b"", b"HTTP/1.1 103 Early\r\n\r\n"])
def test_silence(reply: bytes | None) -> None:
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        if reply is not None:
            while not connection.recv(65536).endswith(b"y"):
                pass
            connection.sendall(reply)
        over.wait(60)

    with accepting(serve) as address:
        request = Request("POST", f"http://{address}/", body=b"x" * 9_000_000 + b"y", timeout=Timeout(60, 0.2))
        try:
            assert type(fails(request)) is exc.ReadTimeout
        finally:
            over.set()


def test_read_timeouts_begin_anew_with_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def when_told(request: Received) -> bytes:
        asked.set()
        go_on.wait(60)
        return answer()

    async def steps(transport: AsyncAiohttpTransport) -> None:
        loop = asyncio.get_running_loop()
        real, ahead = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + ahead)

        async def asking(timeout: float, silence: float) -> asyncio.Future[Response]:
            """Ask a server that says nothing for a number of seconds."""
            nonlocal ahead
            asked.clear()
            go_on.clear()
            task = asyncio.ensure_future(transport.send(get(server.url, Timeout(6000, timeout))))
            assert await asyncio.to_thread(asked.wait, 60)
            ahead += silence
            await asyncio.sleep(0)
            return task

        for timeout in (300.0, 9000.0, 300.0):  # the timer of the second is not waited for
            task = await asking(timeout, 200)
            go_on.set()
            assert (await task).status == 200
            ahead += 400  # the timer of the first finds nothing to do
            await asyncio.sleep(0)
        late = await asking(300, 301)
        with pytest.raises(exc.ReadTimeout):
            await late
        go_on.set()

    with RawServer(when_told) as server:
        run(steps)


def test_a_pool_that_is_used_up() -> None:
    release = threading.Event()

    def stall(request: Received) -> bytes:
        release.wait(5)
        return answer()

    async def steps(transport: AsyncAiohttpTransport) -> None:
        busy = [asyncio.ensure_future(transport.send(get(server.url))) for _ in range(2)]
        await asyncio.sleep(0.1)
        with pytest.raises(exc.PoolTimeout, match=r"within 0\.05 s") as caught:
            await transport.send(get(server.url, Timeout(60, 0.05)))
        assert not caught.value.may_have_arrived
        assert "_Route(None)" in repr(next(iter(transport._open.values())).routes)
        with pytest.raises(exc.TotalTimeout):
            await transport.send(get(server.url, Timeout(60, 60, 0.05)))
        waiting = asyncio.ensure_future(transport.send(get(server.url)))
        await asyncio.sleep(0)
        busy.pop().cancel()
        while server.connections < 3:  # in the place of the one that was cancelled
            await asyncio.sleep(0.01)
        release.set()
        await asyncio.gather(waiting, *busy)

    with RawServer(stall) as server:
        run(steps, TransportSettings(Timeout(60, 60), "none", pool_size=2))


def test_a_slot_is_not_lost_with_who_got_it() -> None:
    async def main() -> None:
        slots = Slots(0)
        waiting = asyncio.ensure_future(slots.wait(5))
        await asyncio.sleep(0)
        slots.release()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert slots.free == 1

    asyncio.run(main())


def test_the_end_of_a_loop_ends_what_is_under_way() -> None:
    async def steps(transport: AsyncAiohttpTransport) -> list[type]:
        tasks = [asyncio.ensure_future(transport.send(get(server.url))) for _ in range(2)]
        await asyncio.sleep(0.1)
        tasks.append(asyncio.ensure_future(transport.send(get(f"https://{stalls}/"))))
        await asyncio.sleep(0.1)
        await transport.close()  # that does not
        with pytest.raises(exc.ClientClosed):
            await transport.send(get(server.url))
        await next(iter(transport._open.values())).finalizer.aclose()  # as the loop does
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        return [type(error) for error in errors]

    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    one = TransportSettings(Timeout(60, 60), "none", pool_size=1)
    with RawServer(half) as server, accepting(silent) as stalls:
        lost, closed, unconnected = run(steps, one)
    assert (lost, closed) == (exc.ConnectionLost, exc.ClientClosed)
    assert issubclass(unconnected, exc.ConnectError)


def test_loops_that_end_close_their_connections() -> None:
    with RawServer() as server:
        transport = open_async(DIRECT)
        for _ in range(2):
            assert asyncio.run(transport.send(get(server.url))).status == 200

        async def dropped() -> None:
            await open_async(DIRECT).send(get(server.url))
            gc.collect()
            await asyncio.sleep(0.01)

        asyncio.run(dropped())
        gc.collect()
    assert server.connections == 3


def test_loops_that_are_closed_without_their_end() -> None:
    with RawServer() as server:
        transport = open_async(DIRECT)

        def once(transport: AsyncAiohttpTransport) -> None:
            loop = asyncio.new_event_loop()
            loop.run_until_complete(transport.send(get(server.url)))
            loop.close()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # asyncio's own, of transports that nobody can close
            once(transport)
            once(transport)
            del transport
            gc.collect()
    assert server.connections == 2


def test_a_handshake_that_outlasts_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncio.constants.SSL_HANDSHAKE_TIMEOUT", 0.1)
    with accepting(silent) as address:
        error = fails(get(f"https://{address}/"), TransportSettings(Timeout(60, 60)))
    assert type(error) is exc.ConnectTimeout


def test_under_trio() -> None:
    async def main() -> None:
        transport = open_async(DIRECT)
        with pytest.raises(exc.InvalidConfiguration, match="under trio use transport 'httpx'"):
            await transport.send(get("http://127.0.0.1:1/"))
        await transport.close()

    trio.run(main)


def test_failures_to_connect(tmp_path: Path) -> None:
    with RawServer() as closed:
        pass
    assert type(fails(get(closed.url))) is exc.ConnectError
    proxied = TransportSettings(Timeout(60, 60), closed.origin.replace("//", "//me:CANARY@"))
    for url in ("http://api.invalid/", "https://api.invalid/"):
        error = fails(get(url), proxied)
        assert type(error) is exc.ProxyError
        assert f"the proxy {closed.origin} refused or failed" in str(error)
    with accepting(silent) as address:
        assert type(fails(get(f"https://{address}/", Timeout(0.1, 60)))) is exc.ConnectTimeout
    with accepting(lambda connection: connection.recv(65536)) as address:
        assert type(fails(get(f"https://{address}/"))) is exc.TLSError
    authority = Authority(tmp_path)
    with RawServer(answer(b"1"), authority.server_context("127.0.0.1")) as server:
        assert type(fails(get(server.url))) is exc.TLSError
        assert send(get(server.url), TransportSettings(Timeout(60, 60), "none", str(authority.bundle))).body == b"1"


def test_tunnels(tmp_path: Path) -> None:
    with tunnelling(tmp_path) as (request, settings):
        assert send(request, settings).body == b"1"
    refusals: list[tuple[bytes | None, type[exc.NetworkError]]] = [
        (answer(b"", "407 No"), exc.ProxyError),
        (b"garbage\r\n\r\n", exc.ProxyError),
        (None, exc.ProxyError),
        (TUNNEL, exc.ProxyError),
    ]
    for refusal, kind in refusals:
        with RawServer(lambda request, refusal=refusal: refusal) as server:  # type: ignore[misc]
            proxy = server.origin.replace("//", "//me:CANARY@")
            assert type(fails(get("https://api.invalid/"), TransportSettings(Timeout(0.2, 5), proxy))) is kind
    with RawServer(answer(b"1")) as server:
        proxied = TransportSettings(Timeout(60, 60), server.origin.replace("//", "//me:word@"))
        assert send(get("http://api.invalid/"), proxied).body == b"1"
    assert server.received[0].fields["proxy-authorization"] == "Basic bWU6d29yZA=="


def test_the_last_call_under_way_closes_the_connections() -> None:
    held = Held(answer(b'"late"'))

    async def main() -> bytes:
        transport = open_async(DIRECT)
        call = asyncio.ensure_future(transport.send(Request("GET", server.url)))
        await asyncio.to_thread(held.until, 1)
        await transport.close()
        assert transport._open
        held.release()
        body = (await call).body
        assert not transport._open
        return body

    with RawServer(held) as server:
        assert asyncio.run(main()) == b'"late"'
        assert server.all_closed()
