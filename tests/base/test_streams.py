"""Flows side by side, in threads, in tasks of asyncio and of trio: order, bounds, and how it all ends."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.flows import Clock, Flow, Gather, Once, Send, Sleep
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import AsyncTransport, SyncTransport
from ovhcore_transports.base.threads import ThreadStream
from tests.profiles import tries
from tests.servers import RawServer, Received, answer
from tests.threads import threads_of_test

PATIENCE = 60.0
EAGER: Any = getattr(asyncio, "eager_task_factory", None)
Main = Callable[["World"], Coroutine[Any, Any, None]]


class Boom(Exception):
    """What a flow raises."""


class Halt(BaseException):
    """What stops everything."""


def request(name: object) -> Request:
    return Request("GET", f"http://a/{name}")


def name_of(sent: Request) -> str:
    return sent.url.rpartition("/")[2]


class Gated(SyncTransport):
    """An exchange ends when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.lock = threading.Lock()

    def gate(self, name: str) -> threading.Event:
        with self.lock:
            return self.gates.setdefault(name, threading.Event())

    def send(self, request: Request) -> Response:
        name = name_of(request)
        with self.lock:
            self.sent.append(name)
        if name == "fail":
            raise Boom
        assert self.gate(name).wait(PATIENCE)
        return Response(200, {}, name.encode())


class AsyncGated(AsyncTransport):
    """The same for tasks."""

    def __init__(self, event: Callable[[], Any]) -> None:
        super().__init__()
        self.event = event
        self.sent: list[str] = []
        self.gates: dict[str, Any] = {}

    def gate(self, name: str) -> Any:
        if name not in self.gates:
            self.gates[name] = self.event()
        return self.gates[name]

    async def send(self, request: Request) -> Response:
        name = name_of(request)
        self.sent.append(name)
        if name == "fail":
            raise Boom
        await self.gate(name).wait()
        return Response(200, {}, name.encode())


class Awaited:
    """A stream of threads, with the methods of one of tasks."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __aiter__(self) -> Awaited:
        return self

    async def __anext__(self) -> Any:
        for each in self.stream:
            return each
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.stream.close()


class World:
    """One of the three, with the same methods."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.transport: Any = None
        self.problems: list[Any] = []
        self.tasks = 0

    def run(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the test; nothing may be left, and nothing may be logged."""
        before = threading.active_count()

        async def whole() -> None:
            self.transport = self._made()
            if self.kind == "asyncio":
                asyncio.get_running_loop().set_exception_handler(lambda _, context: self.problems.append(context))
            elif self.kind == "eager":
                asyncio.get_running_loop().set_task_factory(EAGER)
            self.tasks = self._living()
            await main()
            await self.settled()

        if self.kind == "threads":
            to_its_end(whole())
            until(lambda: threading.active_count() <= before)
        elif self.kind == "trio":
            trio.run(whole)
        else:
            asyncio.run(asyncio.wait_for(whole(), PATIENCE))
        gc.collect()
        assert not self.problems

    def _made(self) -> Any:
        if self.kind == "threads":
            return Gated()
        return AsyncGated(trio.Event if self.kind == "trio" else asyncio.Event)

    def stream(self, flows: Iterable[Flow[Any]], limit: int, *, ahead: int | None = None, ordered: bool = True) -> Any:
        stream = self.transport.stream(flows, limit, ahead=ahead, ordered=ordered)
        return Awaited(stream) if self.kind == "threads" else stream

    async def gather(self, flows: list[Flow[Any]], limit: int) -> Any:
        found = self.transport.gather(flows, limit)
        return found if self.kind == "threads" else await found

    async def sent(self, count: int) -> list[str]:
        """Wait until so many exchanges have begun."""
        await self.when(lambda: len(self.transport.sent) >= count)
        return list(self.transport.sent)

    async def when(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end
            await self.pause()

    async def pause(self) -> None:
        if self.kind == "threads":
            time.sleep(0.001)
        elif self.kind == "trio":
            await trio.sleep(0.001)
        else:
            await asyncio.sleep(0.001)

    async def settled(self) -> None:
        """Wait until no thread and no task of a stream is left."""
        if self.kind == "threads":
            await self.when(lambda: not workers())
        else:
            await self.when(lambda: self._living() <= self.tasks)

    def _living(self) -> int:
        if self.kind == "trio":
            return trio.lowlevel.current_statistics().tasks_living
        return 0 if self.kind == "threads" else len(asyncio.all_tasks())

    @asynccontextmanager
    async def beside(self, work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
        """Do something in another thread or task, and wait for its end."""
        if self.kind == "threads":
            with ThreadPoolExecutor(1) as pool:
                working = pool.submit(to_its_end, work())
                yield
                working.result(PATIENCE)
        elif self.kind == "trio":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work)
                yield
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(work())
                yield


def to_its_end(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run what never really waits."""
    with suppress(StopIteration):
        coroutine.send(None)


def workers() -> list[threading.Thread]:
    return threads_of_test("ovhcore-")


def until(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


KINDS = ["threads", "asyncio", "trio", *(["eager"] if EAGER else [])]


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def returning(value: Any) -> Flow[Any]:
    yield Clock()
    return value


def sending(*names: object, end: Any = None) -> Flow[Any]:
    """Send one after the other; bring the last answer, or raise."""
    text = b""
    for name in names:
        text = (yield Send(request(name))).body
    if end is not None:
        raise end
    return text.decode()


async def rest(stream: Any) -> list[Any]:
    return [each async for each in stream]


async def into(found: list[Any], stream: Any) -> None:
    async for each in stream:
        found.append(each)  # noqa: PERF401 - also what came before an exception


# What comes


class Case:
    """Flows, and what a stream of them must do."""

    def __init__(self, steps: list[list[int]], failing: set[int], broken: int | None, lock: Any) -> None:
        self.steps = steps
        self.failing = {number for number in failing if broken is None or number < broken}
        self.count = len(steps) if broken is None else min(broken, len(steps))
        self.broken = broken is not None and broken <= len(steps)
        self.lock = lock
        self.read = self.running = self.most = self.taken = self.outstanding = 0

    def flows(self) -> Iterator[Flow[int]]:
        for number in range(self.count):
            self.read += 1
            self.outstanding = max(self.outstanding, self.read - self.taken)
            yield self.flow(number)
        if self.broken:
            raise Boom("flows")

    def flow(self, number: int) -> Flow[int]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            for step in self.steps[number]:
                yield Sleep(step / 5000) if step else Clock()
            if number in self.failing:
                raise Boom(number)
            return number * 10
        finally:
            with self.lock:
                self.running -= 1

    async def consume(self, stream: Any) -> tuple[list[int], Any]:
        found: list[int] = []
        try:
            async for number, value in stream:
                assert value == number * 10
                found.append(number)
                self.taken += 1
        except Boom as error:
            failure = error.args[0]
        else:
            failure = None
        assert await rest(stream) == []
        return found, failure


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=tries(40, 400))
@given(
    st.lists(st.lists(st.integers(0, 2), max_size=3), max_size=12),
    st.integers(1, 5),
    st.one_of(st.none(), st.integers(1, 10)),
    st.booleans(),
    st.sets(st.integers(0, 11), max_size=2),
    st.one_of(st.none(), st.integers(0, 12)),
)
def test_as_a_simple_model_says(
    kind: str,
    steps: list[list[int]],
    limit: int,
    ahead: int | None,
    ordered: bool,
    failing: set[int],
    broken: int | None,
) -> None:
    world = World(kind)
    case = Case(steps, {number for number in failing if number < len(steps)}, broken, threading.Lock())

    async def main() -> None:
        found, failure = await case.consume(world.stream(case.flows(), limit, ahead=ahead, ordered=ordered))
        first = min(case.failing, default=case.count)
        at_the_end = "flows" if case.broken else None
        if ordered:
            assert found == list(range(first))
            assert failure == (first if case.failing else at_the_end)
        else:
            assert len(set(found)) == len(found)
            assert not case.failing & set(found)
            if case.failing:
                assert failure in case.failing
            else:
                assert sorted(found) == list(range(case.count))
                assert failure == at_the_end
        assert case.most <= limit
        assert case.outstanding <= max(limit, ahead or 0)

    world.run(main)


def test_in_order_or_as_they_arrive(world: World) -> None:
    async def main() -> None:
        gate = world.transport.gate
        for name in "cba":
            gate(name).set()
        ordered = world.stream([sending("a"), sending("b", "c"), sending("c")], 3)
        assert await rest(ordered) == [(0, "a"), (1, "c"), (2, "c")]
        arriving = world.stream([sending("z"), sending("c", "b"), sending("a")], 2, ordered=False)
        assert [await anext(arriving), await anext(arriving)] == [(1, "b"), (2, "a")]
        gate("z").set()
        assert await rest(arriving) == [(0, "z")]

    world.run(main)


def test_results_are_kept_while_the_first_one_takes_long(world: World) -> None:
    async def main() -> None:
        for name in range(1, 20):
            world.transport.gate(str(name)).set()
        stream = world.stream((sending(name) for name in range(20)), 2, ahead=5)
        found: list[Any] = []

        async def take() -> None:
            found.append(await anext(stream))

        async with world.beside(take):
            assert sorted(await world.sent(5)) == ["0", "1", "2", "3", "4"]
            await world.pause()
            assert len(world.transport.sent) == 5
            world.transport.gate("0").set()
        assert found == [(0, "0")]
        assert await rest(stream) == [(number, str(number)) for number in range(1, 20)]

    world.run(main)


@pytest.mark.parametrize("ordered", [True, False])
def test_what_raises_while_flows_are_made_comes_after_those_before_it(world: World, ordered: bool) -> None:
    def flows() -> Iterator[Flow[Any]]:
        yield sending("a")
        yield sending("b")
        raise Boom("flows")

    async def main() -> None:
        stream = world.stream(flows(), 4, ordered=ordered)
        found: list[Any] = []

        async def take() -> None:
            with pytest.raises(Boom, match="flows") as caught:
                await into(found, stream)
            assert caught.traceback[-1].name == "flows"

        async with world.beside(take):
            await world.sent(2)
            world.transport.gate("a").set()
            world.transport.gate("b").set()
        assert sorted(found) == [(0, "a"), (1, "b")]
        assert await rest(stream) == []

    world.run(main)


def test_who_interrupts_the_making_of_flows_does_not_wait(world: World) -> None:
    def flows() -> Iterator[Flow[Any]]:
        yield sending("never ends")
        raise KeyboardInterrupt

    async def main() -> None:
        stream = world.stream(flows(), 2)
        with pytest.raises(KeyboardInterrupt):
            await anext(stream)
        assert await rest(stream) == []
        if world.kind == "threads":
            world.transport.gate("never ends").set()

    world.run(main)


def test_what_is_no_iterable_is_refused_at_once(world: World) -> None:
    async def main() -> None:
        for limit in (1, 2):
            with pytest.raises(TypeError, match="not iterable"):
                world.stream(3, limit)  # type: ignore[arg-type]

    world.run(main)


@pytest.mark.parametrize("kind", [Boom, Halt])
def test_what_one_of_several_raises_ends_them(kind: type[BaseException]) -> None:
    def failing() -> Flow[None]:
        yield from ()
        raise kind

    with pytest.raises(kind):
        SyncTransport().gather([failing(), failing()], 2)


@pytest.mark.parametrize("kind", [Boom, Halt, KeyboardInterrupt, SystemExit, StopAsyncIteration, GeneratorExit])
@pytest.mark.parametrize("limit", [1, 2])
def test_whatever_a_flow_raises_is_raised_in_its_place(world: World, kind: type[BaseException], limit: int) -> None:
    async def main() -> None:
        world.transport.gate("a").set()
        stream = world.stream([sending("a"), sending("a", end=kind("why")), sending("c")], limit)
        assert await anext(stream) == (0, "a")
        # In place of what would look like the end of the stream.
        expected = RuntimeError if kind is StopAsyncIteration and world.kind != "threads" else kind
        with pytest.raises(expected) as caught:
            await anext(stream)
        assert caught.traceback[-1].name == "sending" or expected is not kind
        assert await rest(stream) == []
        world.transport.gate("c").set()

    if issubclass(kind, (KeyboardInterrupt, SystemExit)) and world.kind in ("asyncio", "eager"):
        # A task that raises these ends the loop at once.
        with pytest.raises(kind, match="why"):
            world.run(main)
    else:
        world.run(main)


def test_flows_that_never_wait(world: World) -> None:
    async def main() -> None:
        def endless() -> Iterator[Flow[Any]]:
            number = 0
            while True:
                yield returning(number)
                number += 1

        for limit, ahead in ((1, 1), (2, 3), (50, 200)):
            stream = world.stream(endless(), limit, ahead=ahead)
            assert [await anext(stream) for _ in range(100)] == [(number, number) for number in range(100)]
            if world.kind != "threads":
                assert len(stream._workers.tasks) <= 2 * limit  # they do not pile up
            await stream.aclose()
            await stream.aclose()
            assert await rest(stream) == []
        assert await rest(world.stream([], 3)) == []
        assert sorted(await rest(world.stream(map(returning, "abc"), 50, ordered=False))) == list(enumerate("abc"))

    world.run(main)


def test_flows_that_gather_and_wait_for_one_another(world: World) -> None:
    def outer(number: int) -> Flow[Any]:
        values = yield Gather([inner(number, each) for each in range(4)], 2)
        shared = yield Once("key", returning("shared"))
        return [*values, shared]

    def inner(number: int, each: int) -> Flow[Any]:
        yield Sleep(0.001)
        return number * 10 + each

    async def main() -> None:
        found = await rest(world.stream(map(outer, range(5)), 3))
        assert [value for _, value in found] == [[*range(n * 10, n * 10 + 4), "shared"] for n in range(5)]
        assert await world.gather([outer(1), outer(2)], 2) == [value for _, value in found[1:3]]

    world.run(main)


def test_flows_see_the_context_of_who_has_the_stream(world: World) -> None:
    variable = contextvars.ContextVar("variable", default="unset")

    def look() -> Flow[str]:
        before = variable.get()
        yield Clock()
        yield Sleep(0.001)
        return before + variable.get()

    async def main() -> None:
        variable.set("mine")
        for limit in (1, 3):
            assert {value for _, value in await rest(world.stream((look() for _ in range(5)), limit))} == {"minemine"}

    contextvars.copy_context().run(world.run, main)


# How it ends


class Endless:
    """Flows of two exchanges each, which know when they were asked for."""

    def __init__(self) -> None:
        self.count = 0

    def __iter__(self) -> Endless:
        return self

    def __next__(self) -> Flow[Any]:
        self.count += 1
        if self.count > 50:
            raise Boom("too many")
        return sending(self.count, f"{self.count}+")


@contextmanager
def without_gc() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def let_go(world: World) -> None:
    """Let every exchange end, and see that nothing follows."""
    sent = list(world.transport.sent)
    for name in sent:
        world.transport.gate(name).set()
    await world.settled()
    assert world.transport.sent == sent


@pytest.mark.parametrize("how", ["break", "close", "error"])
@pytest.mark.parametrize("ahead", [3, 100])
def test_when_it_is_left_no_flow_goes_on(world: World, how: str, ahead: int) -> None:
    async def leave() -> None:
        async for each in world.stream(Endless(), 3, ahead=ahead):
            assert each == (0, "1+")
            await world.sent(5 if ahead > 3 else 4)
            if how == "error":
                raise Boom
            break

    async def close() -> None:
        stream = world.stream(Endless(), 3, ahead=ahead)
        await anext(stream)
        await world.sent(5 if ahead > 3 else 4)
        await stream.aclose()
        assert await rest(stream) == []

    async def main() -> None:
        for name in ("1", "1+"):
            world.transport.gate(name).set()
        with without_gc():
            if how == "close":
                await close()
            else:
                with suppress(Boom):
                    await leave()
            await let_go(world)

    world.run(main)


def test_nothing_keeps_a_stream_that_nobody_has(world: World) -> None:
    """Not what its iterable raised, nor what a flow raised, although tracebacks lead far."""

    async def take(flows: Iterable[Flow[Any]], ordered: bool = True) -> Any:
        stream = world.stream(flows, 2, ahead=60, ordered=ordered)
        assert await anext(stream) == (0, "1+")
        return weakref.ref(getattr(stream, "stream", stream))

    async def take_error() -> Any:
        stream = world.stream([failing()], 2)
        with pytest.raises(Boom):
            await anext(stream)
        return weakref.ref(getattr(stream, "stream", stream))

    def failing() -> Flow[Any]:
        yield Clock()
        raise Boom

    async def main() -> None:
        for name in range(1, 60):
            world.transport.gate(f"{name}").set()
            world.transport.gate(f"{name}+").set()
        with without_gc():
            dropped = await take(Endless())
            if sys.version_info[:2] == (3, 12):
                gc.collect()  # there the frames of a traceback also keep those that had called a generator
            assert dropped() is None
            assert (await take([sending("1+"), failing(), sending("fail"), sending("2")]))() is None
            assert (await take_error())() is None

    world.run(main)


def test_what_a_flow_gathers_ends_with_it(world: World) -> None:
    def outer() -> Flow[Any]:
        yield Gather([sending(number, f"{number}+") for number in range(20)], 2)
        yield Send(request("after"))

    def alone() -> Flow[Any]:
        yield Gather([sending("alone"), sending("alone+")], 1)

    async def main() -> None:
        world.transport.gate("quick").set()
        stream = world.stream([sending("quick"), outer(), alone()], 3)
        await anext(stream)
        await world.sent(4)
        await stream.aclose()
        await let_go(world)

    world.run(main)


def test_a_flow_cannot_go_on_by_handling_the_end(world: World) -> None:
    def stubborn() -> Flow[Any]:
        try:
            yield Send(request("first"))
        except BaseException:
            yield Send(request("second"))
        yield Send(request("third"))

    async def main() -> None:
        stream = world.stream([returning(1), stubborn()], 2)
        await anext(stream)
        await world.sent(1)
        await stream.aclose()
        await let_go(world)

    world.run(main)


def test_closed_while_somebody_waits(world: World) -> None:
    async def main() -> None:
        stream = world.stream([sending("held"), sending("held")], 2)
        waited: list[Any] = []

        async def wait() -> None:
            waited.append(await rest(stream))

        async with world.beside(wait), world.beside(wait):
            await world.sent(2)
            await stream.aclose()
            await world.when(lambda: waited == [[], []])
        await let_go(world)

    world.run(main)


def test_several_may_take_results(world: World) -> None:
    async def main() -> None:
        stream = world.stream(map(returning, range(300)), 5, ahead=20)
        found: list[Any] = []

        async def take() -> None:
            found.extend(await rest(stream))

        async with world.beside(take), world.beside(take), world.beside(take):
            pass
        assert sorted(found) == [(number, number) for number in range(300)]

    world.run(main)


# Threads


def test_a_flow_that_sleeps_in_a_thread_ends_soon() -> None:
    def retrying() -> Flow[Any]:
        sleeping.set()
        yield Sleep(3600)
        went_on.append(1)
        yield Clock()

    sleeping, went_on = threading.Event(), list[int]()
    stream = SyncTransport().stream([returning(1), retrying()], 2)
    assert next(stream) == (0, 1)
    assert sleeping.wait(PATIENCE)
    stream.close()
    until(lambda: not workers())
    assert not went_on


def test_a_flow_that_sleeps_long_sleeps_as_long_as_it_says() -> None:
    def napping() -> Flow[float]:
        began = time.monotonic()
        yield Sleep(0.6)
        return time.monotonic() - began

    assert 0.6 <= SyncTransport().gather([napping(), returning(1)], 2)[0] < PATIENCE


def test_in_turn_it_is_closed_by_another_thread() -> None:
    transport = Gated()
    found: list[Any] = []
    stream = transport.stream([sending("a", "b"), sending("c")], 1)
    thread = threading.Thread(target=lambda: found.extend(stream))
    thread.start()
    until(lambda: transport.sent == ["a"])
    stream.close()
    transport.gate("a").set()
    thread.join(PATIENCE)
    assert (found, transport.sent) == ([], ["a"])


@pytest.mark.skipif(sys.platform == "win32", reason="has no signals for threads")
@pytest.mark.parametrize("limit", [1, 2])
def test_an_interrupted_consumer_lets_go(limit: int) -> None:
    transport = Gated()
    stream = transport.stream((sending(number) for number in range(9)), limit)

    def interrupt() -> None:
        until(lambda: len(transport.sent) == limit)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    thread.join()
    for name in transport.sent:
        transport.gate(name).set()
    until(lambda: not workers())
    assert len(transport.sent) == limit
    assert list(stream) == []


def test_no_more_threads_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Gated()
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if transport.sent:
            raise RuntimeError("can't start new thread")
        begin(thread)
        until(lambda: bool(transport.sent))

    for name in ("0", "1"):
        transport.gate(name).set()
    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="can't start"):
        transport.gather([sending(number) for number in range(9)], 3)
    until(lambda: not workers())
    # The thread there is may take the next flow while another one is about to be started.
    assert transport.sent in (["0"], ["0", "1"])


def test_a_thread_that_starts_late_does_not_stay() -> None:
    """The stream is closed while its iterable makes a flow, so that a job and a thread come after the end."""
    closed = threading.Event()
    asked = threading.Event()
    ran: list[int] = []

    def flow() -> Flow[None]:
        ran.append(1)
        yield Clock()

    def flows() -> Iterator[Flow[None]]:
        asked.set()
        assert closed.wait(PATIENCE)
        yield flow()
        yield flow()

    stream = ThreadStream(flows(), SyncTransport(), limit=2, ahead=2, ordered=True)
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(list, stream)
        assert asked.wait(PATIENCE)
        stream.close()
        closed.set()
        assert taking.result(PATIENCE) == []
    until(lambda: not workers())
    assert not ran


def test_after_a_failure_gather_waits_for_what_is_under_way() -> None:
    transport = Gated()

    def failing() -> Flow[None]:
        yield Sleep(0)
        until(lambda: "slow" in transport.sent)
        threading.Timer(0.05, transport.gate("slow").set).start()
        raise Boom

    with pytest.raises(Boom):
        transport.gather([sending("slow", "after"), failing(), sending("never")], 2)
    assert not workers()
    assert transport.sent == ["slow"]


def test_a_program_ends_while_exchanges_hang() -> None:
    program = """
        import threading
        from ovhcore.flows import Send
        from ovhcore.protocol.messages import Request
        from ovhcore_transports import SyncTransport

        class Hanging(SyncTransport):
            def send(self, request):
                if request.url.endswith("0"):
                    return None
                sent.set()
                threading.Event().wait()

        def flow(number):
            yield Send(Request("GET", f"http://a/{number}"))

        sent = threading.Event()
        stream = Hanging().stream(map(flow, range(100)), 8)
        next(stream)
        sent.wait()
        print("over")
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (ended.stdout, ended.stderr) == ("over\n", "")


# Tasks


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_a_cancelled_consumer_ends_it(kind: str, how: str) -> None:
    world = World(kind)

    async def main() -> None:
        stream = world.stream(Endless(), 3)

        if world.kind == "trio":
            if how == "timeout":
                with pytest.raises(trio.TooSlowError), trio.fail_after(0.02):
                    await anext(stream)
            else:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(rest, stream)
                    await world.sent(3)
                    nursery.cancel_scope.cancel()
        elif how == "timeout":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(stream), 0.02)
        else:
            task = asyncio.ensure_future(rest(stream))
            await world.sent(3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        # It has waited for them.
        assert not stream._workers.tasks
        await let_go(world)
        assert len(world.transport.sent) == 3
        assert await rest(stream) == []

    world.run(main)


def others() -> list[asyncio.Task[Any]]:
    """Return the tasks of streams."""
    return [task for task in asyncio.all_tasks() if "_work" in repr(task.get_coro())]


def test_a_task_cancelled_from_outside() -> None:
    async def main() -> None:
        transport = AsyncGated(asyncio.Event)
        transport.gate("c").set()
        stream = transport.stream([sending("a"), sending("b"), sending("c"), sending("c")], 2, ahead=4, ordered=False)
        taking = asyncio.ensure_future(rest(stream))
        while len(transport.sent) < 2:
            await asyncio.sleep(0)
        others()[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        assert not others()
        assert not taking.cancelling()

        # Ordered, what comes before goes on, by another task if need be.
        transport.sent.clear()
        stream = transport.stream([sending("d"), sending("e"), sending("c"), sending("c")], 2, ahead=4)
        found: list[Any] = []

        ordered = asyncio.ensure_future(into(found, stream))
        while len(transport.sent) < 2:
            await asyncio.sleep(0)
        (second,) = [task for task in others() if stream._workers.tasks[2] == task.cancel]  # type: ignore[attr-defined]
        second.cancel()
        while transport.sent != ["d", "e", "c", "c"]:
            await asyncio.sleep(0)
        transport.gate("d").set()
        with pytest.raises(asyncio.CancelledError):
            await ordered
        assert found == [(0, "d")]

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_tasks_cancelled_before_they_began() -> None:
    """Of them no line is run; others do their work."""

    async def main() -> None:
        stream = AsyncTransport().stream(map(returning, "abc"), 2)
        taking = asyncio.ensure_future(rest(stream))
        while not others():
            await asyncio.sleep(0)
        for task in others():
            task.cancel()
        assert await asyncio.wait_for(taking, PATIENCE) == list(enumerate("abc"))

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_dropped_in_another_thread() -> None:
    async def main() -> None:
        transport = AsyncGated(asyncio.Event)
        kept = [transport.stream(Endless(), 3)]
        with pytest.raises(asyncio.TimeoutError):
            # Not a result, for the stream would end with it.
            await asyncio.wait_for(asyncio.shield(taken := asyncio.ensure_future(anext(kept[0]))), 0.02)
        transport.gate("1").set()
        transport.gate("1+").set()
        await taken
        assert len(others()) == 2
        with ThreadPoolExecutor(1) as pool:
            await asyncio.wrap_future(pool.submit(kept.clear))
        while others():
            await asyncio.sleep(0.001)
        assert transport.sent == ["1", "2", "3", "1+"]

    with without_gc():
        asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_dropped_when_its_loop_is_closed() -> None:
    kept: list[Any] = []

    async def take(event: Callable[[], Any]) -> None:
        transport = AsyncGated(event)
        transport.gate("1").set()
        transport.gate("1+").set()
        kept.append(transport.stream(Endless(), 3))
        assert await anext(kept[0]) == (0, "1+")

    asyncio.run(take(asyncio.Event))
    kept.clear()
    trio.run(take, trio.Event)
    kept.clear()
    # One that is closed although tasks are left, which asyncio complains about.
    loop = asyncio.new_event_loop()
    problems: list[str] = []
    loop.set_exception_handler(lambda _, context: problems.append(context["message"]))
    loop.run_until_complete(take(asyncio.Event))
    loop.close()
    assert len(kept[0]._workers.tasks) == 2
    kept.clear()
    gc.collect()
    assert problems == ["Task was destroyed but it is pending!"] * 2

    # trio that ended without any of its ways.
    async def leave() -> None:
        await take(trio.Event)
        kept[0]._workers.tasks[0] = bool  # as if one were left

    trio.run(leave)
    kept.clear()


def test_a_stream_ends_with_its_loop() -> None:
    """What the loop cancels, and trio too, ends who waits for it."""
    kept: list[Any] = []

    async def begin(event: Callable[[], Any]) -> None:
        transport = AsyncGated(event)
        transport.gate("1").set()
        transport.gate("1+").set()
        kept.append(transport.stream(Endless(), 3, ahead=9))
        await anext(kept[-1])

    asyncio.run(begin(asyncio.Event))
    trio.run(begin, trio.Event)
    assert [stream._workers.tasks for stream in kept] == [{}, {}]


def test_on_trio_a_flow_that_waits_for_itself_is_an_error() -> None:
    def inner() -> Flow[Any]:
        return (yield Once("key", returning(1)))

    async def main() -> None:
        with pytest.raises(RuntimeError, match="waits for itself"):
            await AsyncTransport().once("key", inner())

    trio.run(main)


# Through real connections


class Listing:
    """Answers a list of ids, and holds back answers about each but the first."""

    def __init__(self) -> None:
        self.free = threading.Event()

    def __call__(self, received: Received) -> bytes:
        if received.target.endswith("/list"):
            return answer(json.dumps([f"id{number}" for number in range(300)]).encode())
        if not received.target.endswith("/id0"):
            self.free.wait(PATIENCE)
        return answer(b"{}")


PATHS = [f"/list/id{number}" for number in range(300)]


@pytest.mark.parametrize("call", ["gather", "iterate"])
def test_when_a_loop_is_left_no_request_follows(call: str) -> None:
    listing = Listing()
    with (
        RawServer(listing) as server,
        ovh.Client(server.url, transport="urllib3", proxy="none", retry=False) as client,
    ):
        with without_gc():
            for _ in begun(client, call):
                until(lambda: len(server.received) >= held(call))
                break
            listing.free.set()
            until(lambda: not workers())
        # Another request on each connection: what was still on its way would have come before.
        assert client.get("/list", _need_auth=False)
        assert len(server.received) == held(call) + 1


@pytest.mark.parametrize("call", ["gather", "iterate"])
def test_when_an_asynchronous_loop_is_left_no_request_follows(call: str) -> None:
    listing = Listing()

    async def main() -> None:
        async with ovh.AsyncClient(server.url, transport="aiohttp", proxy="none", retry=False) as client:
            async for _ in begun(client, call):
                while len(server.received) < held(call):
                    await asyncio.sleep(0.001)
                break
            while others():
                await asyncio.sleep(0.001)
            listing.free.set()
            assert await client.get("/list", _need_auth=False)
        assert len(server.received) == held(call) + 1

    with RawServer(listing) as server, without_gc():
        asyncio.run(asyncio.wait_for(main(), PATIENCE))


def begun(client: Any, call: str) -> Any:
    if call == "gather":
        return client.gather(PATHS, _concurrency=4, _as_completed=True, _need_auth=False)
    return client.iterate("/list", _need_auth=False, _mode="single", _concurrency=4)


def held(call: str) -> int:
    """Return how many requests come: the first, four that are held back, and the list."""
    return 5 if call == "gather" else 6
