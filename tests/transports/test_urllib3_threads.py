"""Transports in threads: what the event loop, its tasks and the threads do to each other."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import traceback
from collections.abc import Iterator
from types import ModuleType

import pytest
import trio

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore.testing.server import unaccepting
from ovhcore_transports import stdlib, urllib3
from ovhcore_transports.http.blocking.in_threads import ThreadsTransport
from tests.servers import LIMIT, Held, RawServer, Received, answer, eventually, refusing_port
from tests.threads import threads_of_test

FOUR = TransportSettings(Timeout(600, 600), proxy="none", pool_size=4)


_kind: list[ModuleType] = []


@pytest.fixture(params=[urllib3, stdlib], ids=["urllib3", "stdlib"], autouse=True)
def _each(request: pytest.FixtureRequest) -> None:
    _kind[:] = [request.param]


def made(settings: TransportSettings) -> ThreadsTransport:
    transport: ThreadsTransport = _kind[0].open_async(settings)
    return transport


def threads() -> list[str]:
    return [thread.name for thread in threads_of_test("ovhcore-urllib3", "ovhcore-stdlib")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    eventually(lambda: not threads())


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/me"


def echo(request: Received) -> bytes:
    return answer(request.target.encode())


async def calls(transport: ThreadsTransport, origin: str, number: int) -> None:
    async def call(index: int) -> None:
        assert (await transport.send(Request("GET", f"{origin}/{index}"))).body == f"/{index}".encode()

    await asyncio.gather(*(call(index) for index in range(number)))


def test_many_tasks_and_one_loop_after_another_share_few_connections() -> None:
    with RawServer(echo) as server:
        transport = made(FOUR)
        assert not threads()
        asyncio.run(calls(transport, server.origin, 1))
        assert len(threads()) == 1
        for _ in range(2):
            asyncio.run(calls(transport, server.origin, 500))
        assert len(threads()) == 4
        assert server.connections <= 4
        asyncio.run(transport.close())
        assert not threads()
        asyncio.run(transport.close())
        with pytest.raises(exc.ClientClosed):
            asyncio.run(calls(transport, server.origin, 1))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cancelled_calls_give_their_threads_back(silent: str, scheme: str) -> None:
    url = silent.replace("http", scheme)

    async def program(origin: str) -> None:
        transport = made(FOUR)
        for pause in (0, 0.02) * 5:
            tasks = [asyncio.ensure_future(transport.send(Request("GET", url))) for _ in range(20)]
            await asyncio.sleep(pause)  # whatever they are at
            for task in tasks:
                task.cancel()
            # The server says nothing: one that is not cut short never ends.
            await asyncio.wait_for(asyncio.wait(tasks), LIMIT)
            assert all(task.cancelled() for task in tasks)
        await asyncio.wait_for(calls(transport, origin, 20), LIMIT)
        await transport.close()

    with RawServer(echo) as server:
        asyncio.run(program(server.origin))


def test_a_call_whose_connection_is_never_made_can_be_cancelled() -> None:
    async def program(url: str) -> None:
        transport = made(FOUR)
        with pytest.raises(exc.TotalTimeout):
            await transport.send(Request("GET", url, timeout=Timeout(600, 600, 0.1)))
        await asyncio.wait_for(transport.close(), LIMIT)

    with unaccepting() as port:
        asyncio.run(program(f"http://127.0.0.1:{port}/me"))


async def _ended(task: asyncio.Task[Response]) -> bool:
    await asyncio.wait([task])
    return task.cancelled()


async def _failure_of(task: asyncio.Task[Response]) -> BaseException | None:
    await asyncio.wait([task])
    return task.exception()


def test_threads_that_are_all_busy_count_as_connections_that_are(silent: str) -> None:
    async def program() -> None:
        transport = made(FOUR)
        busy = [asyncio.ensure_future(transport.send(Request("GET", silent))) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(exc.PoolTimeout, match=r"within 0\.1 s"):
            await transport.send(Request("GET", silent, timeout=Timeout(600, 0.1)))
        queued = asyncio.ensure_future(transport.send(Request("GET", silent)))
        await asyncio.sleep(0)
        await transport.close()
        assert isinstance(await _failure_of(queued), exc.ClientClosed)
        assert not any(task.done() for task in busy)
        for task in busy:  # until then their exchanges go on
            task.cancel()
            assert await _ended(task)

    asyncio.run(program())


def test_a_call_that_gets_its_thread_in_time_is_not_given_up() -> None:
    held = Held()

    async def program(url: str) -> None:
        transport = made(TransportSettings(Timeout(60, 60), proxy="none", pool_size=1))
        both = [asyncio.ensure_future(transport.send(Request("GET", url))) for _ in range(2)]
        while not held.asked:
            await asyncio.sleep(0.005)
        assert not any(each.done() for each in both)  # one has the thread, the other waits for it
        held.release()
        assert [(await each).status for each in both] == [200, 200]
        await transport.close()

    with RawServer(held) as server:
        asyncio.run(program(server.url))
        assert server.connections == 1


def test_a_loop_may_end_before_its_calls_do(silent: str) -> None:
    """The thread would call the closed loop, and its RuntimeError would be a warning; or close would not end."""
    transport = made(FOUR)
    loop = asyncio.new_event_loop()
    task = loop.create_task(transport.send(Request("GET", silent, timeout=Timeout(60, 0.2))))
    loop.run_until_complete(asyncio.sleep(0.05))  # whether it has ended by then or not
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    del task
    asyncio.run(transport.close())


def test_what_is_dropped_stops_its_threads(silent: str) -> None:
    with RawServer(echo) as server:
        transport = made(FOUR)
        asyncio.run(calls(transport, server.origin, 8))
        assert threads()
        del transport
        gc.collect()
        eventually(lambda: not threads())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.parametrize("closed", [False, True])
def test_a_child_starts_threads_of_its_own(closed: bool) -> None:
    with RawServer(echo) as server:
        transport = made(FOUR)
        asyncio.run(calls(transport, server.origin, 8))
        if closed:
            asyncio.run(transport.close())
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(calls(transport, server.origin, 8))
                asyncio.run(transport.close())
                os._exit(0)
            except exc.ClientClosed:
                os._exit(3)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (3 if closed else 0)
        if not closed:
            asyncio.run(calls(transport, server.origin, 8))
        transport._threads.stop()
        transport.after_fork()  # as in the child, but where coverage sees it
        asyncio.run(transport.close())
        gc.collect()


def test_failures_are_those_of_the_blocking_transport() -> None:
    async def program(port: int) -> None:
        transport = made(FOUR)
        with pytest.raises(exc.ConnectError, match="Connection refused") as caught:
            await transport.send(Request("GET", f"http://127.0.0.1:{port}/me", {"X-Ovh-Consumer": "CANARY"}))
        await transport.close()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert not [line for line in shown.format() if "CANARY" in line and __file__ not in line]

    with refusing_port() as port:
        asyncio.run(program(port))


def test_trio_is_told_where_to_go() -> None:
    async def program() -> None:
        transport = made(FOUR)
        with pytest.raises(exc.InvalidConfiguration, match="under trio use transport 'httpx'"):
            await transport.send(Request("GET", "http://127.0.0.1:1/me"))
        await transport.close()

    trio.run(program)
