"""The bases of transports on blocking connections: what a subclass has to write, and what threads do at the end."""

from __future__ import annotations

import asyncio
import time

import pytest

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore.testing import WireServer, answer
from ovhcore_transports.http.blocking.connections import BlockingConnection
from ovhcore_transports.http.blocking.in_threads import _give_up, _Job
from ovhcore_transports.http.blocking.pooled import PooledTransport
from ovhcore_transports.stdlib import AsyncStdlibTransport, StdlibTransport

DIRECT = TransportSettings(Timeout(5, 5), proxy="none")


def test_a_base_alone_connects_to_nothing() -> None:
    with pytest.raises(NotImplementedError):
        PooledTransport(DIRECT).send(Request("GET", "http://127.0.0.1:9/"))
    connection = BlockingConnection()
    connection.sock = None
    with pytest.raises(NotImplementedError):
        assert connection.is_stale
    with pytest.raises(NotImplementedError):
        connection.close()
    with pytest.raises(NotImplementedError):
        connection.exchanged("GET", "/", {}, b"", 1.0, 1)


def test_a_call_may_have_no_end() -> None:
    with WireServer(answer(b"1")) as server:
        transport = StdlibTransport(DIRECT)
        assert transport.send(Request("GET", server.url, timeout=Timeout(5, 5, None))).body == b"1"
        transport.close()


def test_what_is_done_beforehand_is_done_by_the_blocking_one() -> None:
    transport = AsyncStdlibTransport(DIRECT)
    transport.warm(["https://127.0.0.1:9/me"])
    assert transport._blocking._tls is not None
    asyncio.run(transport.close())


def test_a_job_that_has_begun_is_not_given_up() -> None:
    async def program() -> None:
        transport = AsyncStdlibTransport(DIRECT)
        begun, waiting = (_Job(Request("GET", "http://a/"), asyncio.get_running_loop()) for _ in range(2))
        begun.is_begun = True
        for job in (begun, waiting):
            _give_up(transport._threads, job, Timeout(1, 1))
        assert not begun.future.done()
        with pytest.raises(exc.PoolTimeout):
            await waiting.future
        await transport.close()

    asyncio.run(program())


def test_what_a_thread_has_taken_is_not_begun_once_it_is_closed() -> None:
    async def program(url: str) -> None:
        transport = AsyncStdlibTransport(DIRECT)
        await transport.send(Request("GET", url))
        threads = transport._threads
        while threads._idle != 1:  # it has handed its result over, and is not back yet
            await asyncio.sleep(0.001)
        job = _Job(Request("GET", url), asyncio.get_running_loop())
        with threads._lock:  # for which the thread waits that has it
            threads._queue.put(job)
            while not threads._queue.empty():
                time.sleep(0.001)
            threads.is_closed = True
        with pytest.raises(exc.ClientClosed):
            await job.future
        await transport.close()

    with WireServer(answer(b"1")) as server:
        asyncio.run(program(server.url))
    assert len(server.received) == 1


def test_a_wait_that_the_exchange_has_no_time_for_is_not_begun() -> None:
    connection = BlockingConnection()
    connection._read, connection.until = 60.0, time.monotonic() - 1
    with pytest.raises(TimeoutError):
        connection._hurry(None)
