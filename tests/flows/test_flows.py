from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import pytest

from ovhcore import exceptions as exc
from ovhcore.flows import Clock, Flow, Gather, Once, Send, Sleep, Uniform, arun, run
from ovhcore.flows.events import Event, RequestFailed, RequestSent, ResponseReceived
from ovhcore.flows.exchange import exchange, limited
from ovhcore.flows.observation import Contents, Notifier
from ovhcore.flows.pipeline import observed_exchanges
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore_transports import AsyncTransport, SyncTransport
from tests.worlds import AsyncScripted, Scripted

GET = Request("GET", "https://eu.api.ovh.com/1.0/me")
OK = Response(200, {}, b"1")


def all_effects() -> Flow[list[Any]]:
    now = yield Clock()
    yield Sleep(0.001)
    number = yield Uniform(1, 2)
    response = yield Send(GET)
    once = yield Once("key", returning(3))
    gathered = yield Gather([returning(1), returning(2)], 2)
    return [now.wall > 0, 1 <= number <= 2, response, once, gathered]


def returning(value: Any) -> Flow[Any]:
    yield Clock()
    return value


EXPECTED = [True, True, OK, 3, [1, 2]]


def test_every_effect_in_threads_and_tasks() -> None:
    class Real(SyncTransport):
        def send(self, request: Request) -> Response:
            return OK

    assert run(all_effects(), Real()) == EXPECTED
    assert run(all_effects(), Scripted(lambda request: OK)) == EXPECTED
    assert asyncio.run(arun(all_effects(), AsyncScripted(lambda request: OK))) == EXPECTED


def failing(error: BaseException) -> Scripted:
    def respond(request: Request) -> Response:
        raise error

    return Scripted(respond)


def test_exceptions_are_raised_at_the_effect() -> None:
    seen: list[str] = []

    def flow() -> Flow[str]:
        try:
            yield Send(GET)
        except (ValueError, KeyboardInterrupt) as error:
            seen.append(type(error).__name__)
            yield Clock()
            return "handled"
        return "not reached"

    assert run(flow(), failing(ValueError())) == "handled"
    assert run(flow(), failing(KeyboardInterrupt())) == "handled"
    with pytest.raises(KeyError):
        run(flow(), failing(KeyError()))
    assert seen == ["ValueError", "KeyboardInterrupt"]


def test_stop_iteration_of_a_transport_is_no_return() -> None:
    with pytest.raises(RuntimeError):
        run(exchange(GET), failing(StopIteration(3)))

    def respond(request: Request) -> Response:
        raise StopIteration(3)

    with pytest.raises(RuntimeError):
        asyncio.run(arun(exchange(GET), AsyncScripted(respond)))


def test_what_is_no_effect_is_refused() -> None:
    def flow() -> Flow[None]:
        yield "send"  # type: ignore[misc]

    with pytest.raises(TypeError, match="a flow yields effects"):
        run(flow(), Scripted(lambda request: OK))
    with pytest.raises(TypeError, match="not str"):
        asyncio.run(arun(flow(), AsyncScripted(lambda request: OK)))


def test_effects_are_data() -> None:
    assert Send(GET) == Send(GET)
    assert repr(Sleep(2)) == "Sleep(seconds=2)"
    with pytest.raises(ValueError, match="at least 1"):
        Gather([], 0)


def test_the_bases_leave_send_to_be_written() -> None:
    with pytest.raises(NotImplementedError):
        SyncTransport().send(GET)
    SyncTransport().close()

    async def main() -> None:
        transport = AsyncTransport()
        with pytest.raises(NotImplementedError):
            await transport.send(GET)
        await transport.close()

    asyncio.run(main())


# Once


def slow(counter: list[int], error: Exception | None = None, held: Callable[[], bool] | None = None) -> Flow[int]:
    """Count, and end when it is no longer held."""
    counter.append(1)
    yield Sleep(0.01)
    while held is not None and held():
        yield Sleep(0.01)
    if error is not None:
        raise error
    return len(counter)


def until_wait(transport: SyncTransport, others: int) -> Callable[[], bool]:
    """Return what says whether fewer than so many other threads wait for the flight."""
    return lambda: len(transport._flights["k"].turns) < others


class Coded(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"failed with {code}")


class OneOfAKind(Exception):
    made = 0

    def __new__(cls, *arguments: object) -> Self:
        cls.made += 1
        if cls.made > 1:
            raise TypeError("there is but one")
        return super().__new__(cls, *arguments)


def in_threads(count: int, work: Any) -> list[Any]:
    results: list[Any] = []

    together = threading.Barrier(count)

    def guarded() -> None:
        together.wait(60)
        try:
            results.append(work())
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_many_threads_share_one_flight() -> None:
    transport, counter = SyncTransport(), list[int]()
    assert in_threads(50, lambda: transport.once("k", slow(counter, None, until_wait(transport, 49)))) == [1] * 50
    assert transport.once("k", slow(counter)) == 2
    error = ValueError("no")
    failures = in_threads(10, lambda: transport.once("k", slow([], error, until_wait(transport, 9))))
    assert {(type(failure), failure.args) for failure in failures} == {(ValueError, ("no",))}
    # One object raised in ten threads would have the frames of all of them.
    assert len({id(failure) for failure in failures}) == 10
    coded = Coded(5)
    coded.__cause__ = OSError("the cause")
    coded.add_note("a note")
    twins = in_threads(3, lambda: transport.once("k", slow([], coded, until_wait(transport, 2))))
    assert [(str(twin), str(twin.__cause__), twin.__notes__) for twin in twins] == [
        ("failed with 5", "the cause", ["a note"])
    ] * 3
    twins[0].add_note("of my own")
    assert [len(twin.__notes__) for twin in twins] == [2, 1, 1]
    unique = OneOfAKind("no")
    assert set(in_threads(3, lambda: transport.once("k", slow([], unique, until_wait(transport, 2))))) == {unique}


def test_when_the_first_thread_is_interrupted_another_takes_over() -> None:
    transport, counter = SyncTransport(), list[int]()

    def interrupted_once() -> Flow[int]:
        counter.append(1)
        # All the others wait for the first; then all but the one that takes over and the first.
        held = until_wait(transport, 5 - len(counter))
        while held():
            yield Sleep(0.01)
        if len(counter) == 1:
            raise KeyboardInterrupt
        return 7

    results = in_threads(5, lambda: transport.once("k", interrupted_once()))
    assert sorted(map(repr, results)) == ["7", "7", "7", "7", "KeyboardInterrupt()"]
    assert len(counter) == 2


def test_a_flow_that_waits_for_itself_is_an_error() -> None:
    def inner() -> Flow[Any]:
        value = yield Once("k", returning(1))
        return value

    with pytest.raises(RuntimeError, match="waits for itself"):
        SyncTransport().once("k", inner())


def test_many_tasks_share_one_flight() -> None:
    async def main() -> None:
        transport, counter = AsyncTransport(), list[int]()
        assert await asyncio.gather(*[transport.once("k", slow(counter)) for _ in range(50)]) == [1] * 50
        assert await transport.once("k", slow(counter)) == 2
        error = ValueError("no")
        flights = [transport.once("k", slow([], error)) for _ in range(5)]
        failures: list[Any] = await asyncio.gather(*flights, return_exceptions=True)
        assert {(type(failure), failure.args) for failure in failures} == {(ValueError, ("no",))}
        assert len({id(failure) for failure in failures}) == 5

    asyncio.run(main())


def test_a_waiter_that_is_cancelled_disturbs_nobody() -> None:
    async def main() -> None:
        transport, counter = AsyncTransport(), list[int]()
        tasks = [asyncio.ensure_future(transport.once("k", slow(counter))) for _ in range(3)]
        await asyncio.sleep(0.02)
        tasks[0].cancel()
        assert await asyncio.gather(*tasks[1:]) == [1, 1]
        last = [asyncio.ensure_future(transport.once("k", slow(counter))) for _ in range(2)]
        await asyncio.sleep(0.02)
        for task in last:
            task.cancel()
        await asyncio.gather(*last, return_exceptions=True)
        # All are gone: the flight is cancelled, and who comes now begins another.
        assert await transport.once("k", slow(counter)) == 3

    asyncio.run(main())


def test_flights_belong_to_a_loop() -> None:
    """Two threads with a loop each may share a transport."""
    transport, counter = AsyncTransport(), list[int]()
    results = in_threads(2, lambda: asyncio.run(transport.once("k", slow(counter))))
    assert sorted(results) in ([1, 2], [2, 2])


def test_a_flight_that_just_ended_is_not_joined() -> None:
    async def main() -> None:
        transport = AsyncTransport()
        done = asyncio.ensure_future(transport.once("k", returning(1)))
        flight_over = asyncio.ensure_future(asyncio.sleep(0.02))
        await asyncio.wait([flight_over])
        assert await done == 1
        assert await transport.once("k", returning(2)) == 2

    asyncio.run(main())


# Gather


def test_gather_keeps_order_and_limit() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def flow(value: int) -> Flow[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        yield Sleep(0.01)
        with lock:
            running -= 1
        return value

    transport = SyncTransport()
    assert transport.gather([flow(n) for n in range(20)], 4) == list(range(20))
    assert most <= 4
    assert transport.gather([], 3) == []
    assert transport.gather([flow(1), flow(2)], 1) == [1, 2]
    most = 0
    assert asyncio.run(AsyncTransport().gather([flow(n) for n in range(20)], 4)) == list(range(20))
    assert most <= 4


def test_the_first_failure_stops_the_rest() -> None:
    begun: list[int] = []

    def flow(value: int) -> Flow[int]:
        begun.append(value)
        yield Sleep(0.01)
        if value == 1:
            raise ValueError("no")
        yield Sleep(600)  # until it is ended
        return value

    with pytest.raises(ValueError, match="no"):
        SyncTransport().gather([flow(n) for n in range(50)], 2)
    assert len(begun) < 10
    begun.clear()
    with pytest.raises(ValueError, match="no"):
        asyncio.run(AsyncTransport().gather([flow(n) for n in range(50)], 2))
    assert len(begun) < 10


def test_sleep_and_chance_are_real() -> None:
    transport = SyncTransport()
    started = time.monotonic()
    transport.sleep(0.02)
    transport.sleep(-1)
    assert time.monotonic() - started >= 0.02
    assert len({transport.uniform(0, 1) for _ in range(5)}) > 1
    asyncio.run(AsyncTransport().sleep(-1))


# Exchange


@pytest.mark.parametrize(
    ("kind", "method", "safe"),
    [
        (exc.ConnectError, "POST", True),
        (exc.PoolTimeout, "POST", True),
        (exc.ReadTimeout, "GET", True),
        (exc.ReadTimeout, "POST", False),
        (exc.ConnectionLost, "DELETE", False),
    ],
)
def test_failures_say_what_was_sent(kind: type[exc.NetworkError], method: str, safe: bool) -> None:
    request = Request(method, "https://eu.api.ovh.com/1.0/x?token=CANARY")
    with pytest.raises(kind) as caught:
        run(exchange(request), failing(kind("no")))
    assert (caught.value.method, caught.value.retry_safe) == (method, safe)
    assert caught.value.__notes__ == [f"{method} https://eu.api.ovh.com/1.0/x?token=<redacted>"]
    with pytest.raises(kind):
        run(exchange(request), failing(caught.value))
    assert len(caught.value.__notes__) == 1


def test_observers_see_every_exchange() -> None:
    events: list[Event] = []
    handler = observed_exchanges(exchange, Notifier([("mine", events.append)]), Contents(lambda: ()))
    run(handler(GET), Scripted(lambda request: Response(404, {"X-OVH-QUERYID": "Q"}), latency=2.0))
    with pytest.raises(exc.ReadTimeout):
        run(handler(GET), failing(exc.ReadTimeout("slow")))
    assert events == [
        RequestSent("GET", GET.url, exchange=1),
        ResponseReceived("GET", GET.url, 404, "Q", 2.0, exchange=1),
        RequestSent("GET", GET.url, exchange=2),
        RequestFailed("GET", GET.url, "ReadTimeout", 0.0, exchange=2),
    ]


def twice(request: Request) -> Flow[Response]:
    yield from exchange(request)
    response = yield from exchange(request)
    return response


def test_a_total_timeout_is_for_all_exchanges_of_a_call() -> None:
    world = Scripted(lambda request: OK, latency=4)
    assert run(limited(twice, Timeout(1, 2, 10))(GET), world) == OK
    assert [request.timeout for request in world.sent] == [Timeout(1, 2, 10), Timeout(1, 2, 6)]
    world.sent.clear()
    own = Request("GET", GET.url, timeout=Timeout(3, 4, 3.5))
    with pytest.raises(exc.TotalTimeout, match="The time for the call was over") as caught:
        run(limited(twice, Timeout(1, 2, 10))(own), world)
    assert [request.timeout for request in world.sent] == [Timeout(3, 4, 3.5)]
    assert not caught.value.may_have_arrived
    assert caught.value.retry_safe
    assert caught.value.method == "GET"


def test_without_a_total_timeout_nothing_is_changed() -> None:
    world = Scripted(lambda request: OK)
    run(limited(exchange, Timeout(1, 2, None))(GET), world)
    assert world.sent == [GET]
    late = Request("GET", GET.url, deadline=5.0)
    run(exchange(late), world)
    assert world.sent[1].timeout == Timeout(180, 180, 5.0)


def test_what_to_do_where_a_server_is_not_trusted() -> None:
    with pytest.raises(exc.TLSError) as caught:
        run(exchange(GET), failing(exc.TLSError("TLS failed")))
    assert "ca_bundle" in (caught.value.hint or "")
    assert caught.value.hint in caught.value.__notes__
