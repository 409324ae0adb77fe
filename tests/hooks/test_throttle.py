"""Limits of a client's own: never more than agreed, in order, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import gc
import heapq
import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import InvalidConfiguration, ReadTimeout, TotalTimeout
from ovhcore.flows import Clock, Flow, Handler, Send, Sleep, arun, run
from ovhcore.flows.events import Event, Throttled
from ovhcore.flows.resilience.throttle import Limiter, Limits, Pause, Ticket, throttled
from ovhcore.plugins import hookimpl
from ovhcore.plugins.manager import Plugins
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import DEFAULT_TIMEOUT, Request, Response
from ovhcore_transports import AsyncTransport, SyncTransport
from ovhcore_transports.hooks.throttle import Throttle, read_rate
from ovhcore_transports.recording import AsyncReplayTransport, RecordTransport, ReplayTransport
from ovhcore_transports.sandbox import ACCESS_KEYS
from ovhcore_transports.shared.limiters import limiters_of_process
from tests.profiles import tries
from tests.worlds import Scripted

GET = Request("GET", "https://eu.api.ovh.com/1.0/me")
OK = Response(200, {}, b"1")
CASES = tries(250, 3000)


def sending(request: Request) -> Flow[Response]:
    response: Response = yield Send(request)
    return response


def limiter(rate: float | None = None, burst: int | None = None, concurrency: int | None = None) -> Limiter:
    return Limiter(Limits(rate, burst, concurrency), threading.RLock())


# All at once, in virtual time


class Fate(NamedTuple):
    """What becomes of a flow."""

    arrival: float = 0.0
    duration: float = 0.02
    answer: str = "ok"  # or slow, lost
    retry_after: int | None = None
    gone: float | None = None  # seconds after its arrival
    how: str = "close"  # or throw; or absent: it is not resumed any more
    patience: float | None = None  # seconds that its call may take


class World:
    """Many flows; each goes on when its sleep or its exchange is over. Those due at the same time go in any order."""

    def __init__(self, limits: Limits, fates: list[Fate], seed: int = 0, jitter: float = 0.0) -> None:
        self.limiter = Limiter(limits, threading.RLock())
        self.fates = fates
        self.chance = random.Random(seed)
        self.jitter = jitter
        self.now = 0.0
        self.queue: list[tuple[float, float, int, str]] = []
        self.arrived: list[int] = []
        self.sent: list[tuple[float, int]] = []
        self.ended: set[int] = set()
        self.late: dict[int, float] = {}
        self.under_way: set[int] = set()
        self.most = 0
        self.sleeps = 0
        self.slowed: list[tuple[float, float, int]] = []
        self.speed, self.epoch = 1.0, 0
        self.epochs: dict[int, int] = {}
        self.flows: dict[int, Flow[Response]] = {}
        self.handler = throttled(self.limiter)(sending)
        for number, fate in enumerate(fates):
            self.push(fate.arrival, number, "go")
            if fate.gone is not None:
                self.push(fate.arrival + fate.gone, number, fate.how)

    def push(self, when: float, number: int, what: str) -> None:
        heapq.heappush(self.queue, (when, self.chance.random(), number, what))

    def run(self) -> World:
        steps = 0
        while self.queue:
            steps += 1
            assert steps < 100_000, "they wait for each other"
            self.now, _, number, what = heapq.heappop(self.queue)
            if number not in self.ended:
                self.step(number, what)
        return self

    def step(self, number: int, what: str) -> None:
        fate = self.fates[number]
        flow = self.flows.get(number)
        if flow is None:
            if what != "go":
                return  # it is gone before it came
            deadline = None if fate.patience is None else self.now + fate.patience
            flow = self.flows[number] = self.handler(GET.due(DEFAULT_TIMEOUT, deadline) if deadline else GET)
            self.arrived.append(number)
        if what in ("close", "throw", "absent"):
            if what == "absent" and number in self.under_way:
                return
            self.ended.add(number)
            self.under_way.discard(number)
            if what == "close":
                flow.close()
            elif what == "throw":
                with pytest.raises(KeyboardInterrupt):
                    flow.throw(KeyboardInterrupt())
            return
        try:
            if what == "go":
                effect = flow.send(None)
            else:
                self.under_way.discard(number)
                if fate.answer == "lost":
                    flow.throw(ReadTimeout("silent"))
                effect = flow.send(self.answer(number, fate))
            while isinstance(effect, Clock):
                effect = flow.send(Now(self.now + 1e9, self.now))
        except StopIteration:
            self.ended.add(number)
            assert self.limiter.speed == pytest.approx(self.speed)
            return
        except ReadTimeout:
            self.ended.add(number)
            return
        except TotalTimeout:
            self.ended.add(number)
            self.late[number] = self.now
            return
        if isinstance(effect, Sleep):
            self.sleeps += 1
            assert effect.seconds > 0
            if fate.patience is not None:
                assert self.now + effect.seconds <= fate.arrival + fate.patience + 0.0011
            self.push(self.now + effect.seconds + self.jitter * self.chance.random(), number, "go")
        else:
            self.sent.append((self.now, number))
            self.epochs[number] = self.epoch
            self.under_way.add(number)
            self.most = max(self.most, len(self.under_way))
            self.push(self.now + fate.duration, number, "answer")

    def answer(self, number: int, fate: Fate) -> Response:
        known = self.epochs[number] == self.epoch
        if fate.answer == "ok":
            if known:
                self.speed = min(1.0, self.speed + 1 / 50)
            return OK
        pause = 1.0 if fate.retry_after is None else min(60.0, fate.retry_after)
        self.slowed.append((self.now, self.now + pause, len(self.sent)))
        if known:
            self.speed = max(1 / 64, self.speed / 2)
            self.epoch += 1
        return Response(429, {} if fate.retry_after is None else {"Retry-After": str(fate.retry_after)})


SECONDS = st.floats(0, 3)
FATES = st.builds(
    Fate,
    st.one_of(st.just(0.0), SECONDS),
    st.one_of(st.just(0.02), st.floats(0, 0.3)),
    st.sampled_from(["ok", "ok", "ok", "slow", "lost"]),
    st.one_of(st.none(), st.sampled_from([0, 1, 3, 100])),
    st.one_of(st.none(), st.none(), SECONDS),
    st.sampled_from(["close", "throw", "absent"]),
    st.one_of(st.none(), st.none(), st.floats(0.001, 5)),
)
LIMITS = st.builds(
    Limits,
    st.one_of(st.none(), st.sampled_from([1.0, 10.0, 100.0]), st.floats(0.5, 500)),
    st.one_of(st.none(), st.integers(1, 20)),
    st.one_of(st.none(), st.integers(1, 10)),
)


@settings(max_examples=CASES)
@given(LIMITS, st.lists(FATES, min_size=1, max_size=25), st.integers(0, 1000), st.sampled_from([0.0, 0.0005, 0.02]))
def test_whatever_happens(limits: Limits, fates: list[Fate], seed: int, jitter: float) -> None:
    world = World(limits, fates, seed, jitter).run()
    sent = world.sent
    if limits.rate is not None:
        for first, (begin, _) in enumerate(sent):
            for last in range(first, len(sent)):
                assert last - first + 1 <= limits.burst + limits.rate * (sent[last][0] - begin) + 1e-4
    assert limits.concurrency is None or world.most <= limits.concurrency
    order = {number: place for place, number in enumerate(world.arrived)}
    places = [order[number] for _, number in sent]
    assert places == sorted(places)
    for number in world.arrived:
        assert number in world.ended, "nobody waits for ever"
    for begin, end, before in world.slowed:
        assert all(when >= end for when, _ in sent[before:]), (begin, end)
    served = {number for _, number in sent}
    for number, when in world.late.items():
        assert number not in served
        assert when < fates[number].arrival + (fates[number].patience or 0) + jitter + 1e-9
    assert world.limiter.under_way == 0
    # Only those who are absent can be in the line, until somebody finds that they are.
    assert world.limiter.waiting <= sum(fate.how == "absent" and fate.gone is not None for fate in fates)


@settings(max_examples=CASES // 10)
@given(LIMITS, st.integers(1, 40), st.sampled_from(["close", "throw", "absent"]), st.integers(0, 100))
def test_who_leaves_holds_up_nobody_for_long(limits: Limits, count: int, how: str, seed: int) -> None:
    """Where all but the last vanish from the line, it comes to its turn as soon as it looks."""
    if limits.rate is None and limits.concurrency is None:
        return
    fates = [Fate(gone=0.001, how=how)] * count + [Fate(arrival=0.0005)]
    world = World(limits, fates, seed).run()
    last = next(when for when, number in world.sent if number == count)
    least = 0.0 if limits.rate is None else 1 / limits.rate
    # Its nap, one second for those that do not come, and what those took that were sent.
    assert last <= 0.0005 + 2.0 + 1.0 + 2.0 + least + sum(number < count for _, number in world.sent) * 0.02


@settings(max_examples=CASES // 10)
@given(st.integers(1, 12), st.integers(1, 300), st.sampled_from([0.0, 0.0002]), st.integers(0, 100))
def test_a_place_that_is_free_is_taken_soon(concurrency: int, count: int, jitter: float, seed: int) -> None:
    world = World(Limits(None, None, concurrency), [Fate()] * count, seed, jitter).run()
    ideal = -(-count // concurrency) * 0.02
    assert world.now <= ideal * 1.25 + 0.01
    assert world.sleeps <= 22 * count


@pytest.mark.untraced
@pytest.mark.parametrize("kind", ["even", "exponential"])
@pytest.mark.parametrize("concurrency", [1, 10, 32, 100])
def test_a_thousand_who_wait(kind: str, concurrency: int) -> None:
    chance = random.Random(7)
    durations = [0.02 if kind == "even" else chance.expovariate(50) for _ in range(1000)]
    world = World(Limits(None, None, concurrency), [Fate(duration=each) for each in durations], 3, 0.0002).run()
    free = [0.0] * concurrency
    for duration in durations:
        heapq.heapreplace(free, free[0] + duration)
    assert world.now <= max(free) * 1.25
    assert world.sleeps <= 25 * 1000


@pytest.mark.parametrize(("rate", "burst", "share"), [(100.0, 100, 1.01), (100.0, 1, 1.05), (10.0, 10, 1.01)])
def test_a_thousand_at_a_rate(rate: float, burst: int, share: float) -> None:
    world = World(Limits(rate, burst), [Fate()] * 1000, 3, 0.0002).run()
    assert world.now <= ((1000 - burst) / rate) * share + 0.1
    assert world.sleeps <= 30 * 1000


def test_speed_halves_once_and_comes_back() -> None:
    slow = [Fate(answer="slow", retry_after=2)] * 4
    world = World(Limits(10.0, 10, 4), [*slow, *[Fate(arrival=0.5)] * 100]).run()
    assert world.slowed[0][1] == pytest.approx(2.02)
    assert [when >= 2.02 for when, _ in world.sent[4:]] == [True] * 100
    # One by one at half the speed after the pause.
    first, second = world.sent[4][0], world.sent[5][0]
    assert 0.15 < second - first <= 0.2 + 1e-6
    assert world.limiter.speed == 1.0
    world = World(Limits(None, None, 8), [Fate(answer="slow", arrival=2.0 * n) for n in range(10)]).run()
    assert world.limiter.speed == 1 / 64


def test_a_pause_of_none_is_none() -> None:
    world = World(Limits(None, None, 1), [Fate(answer="slow", retry_after=0), Fate(), Fate()]).run()
    assert world.now < 0.1


def test_who_is_absent_takes_its_place_again() -> None:
    line = limiter(1.0, 1)
    first, second, third = Ticket(), Ticket(), Ticket()
    assert line.start(first, 0.0) is None
    assert line.start(second, 0.0) == Pause(1.0, 1.0, True, "at most 1 requests in a second")
    assert line.start(third, 0.0) == Pause(2.0, 2.0, True, "at most 1 requests in a second")
    assert line.start(third, 2.0) == Pause(1.0, 1.0, True, "at most 1 requests in a second")
    assert line.start(third, 2.1) is None
    back = line.start(second, 2.2)
    assert back is not None
    assert back.wait == pytest.approx(0.9)
    assert line.waiting == 1
    fourth = Ticket()
    assert line.start(fourth, 2.2) is not None
    assert line.start(second, 3.2) is None
    line.leave(fourth)
    line.leave(fourth)
    assert line.waiting == 0
    line.leave(Ticket())
    assert line.under_way == 3


def test_those_who_came_first_go_first() -> None:
    line = limiter(None, None, 1)
    first, second, third = Ticket(), Ticket(), Ticket()
    assert line.start(first, 0.0) is None
    assert line.start(second, 0.1) is not None
    assert line.start(third, 0.1) is not None
    line.end(first, 0.2)
    # Room for one, and the one who came first has not looked yet: not now, and not for a while.
    due = second.due
    held = line.start(third, due - 0.001)
    assert held is not None
    assert (held.reason, held.certain) == ("others came first", False)
    assert due < third.due < due + 0.001
    held = line.start(third, due + 0.5)
    assert held is not None
    assert held.seconds == pytest.approx(0.25)
    assert line.start(second, due + 0.6) is None
    line.end(second, due + 0.7)
    assert line.start(third, due + 0.75) is None


def test_one_that_comes_back_is_before_those_who_came_later() -> None:
    line = limiter(None, None, 1)
    held, first, second, third = Ticket(), Ticket(), Ticket(), Ticket()
    for place in (held, first, second, third):
        line.start(place, 0.0)
    late = first.due + 1.5
    line.start(third, late)
    line.start(second, late)  # the first is taken for absent
    assert line.waiting == 2
    line.start(first, late)
    line.end(held, late)
    served = []
    for _ in range(3):
        for place in (third, second, first):
            if place not in served and line.start(place, late) is None:
                served.append(place)
                line.end(place, late)
    assert served == [first, second, third]


def test_fewer_at_the_same_time_after_a_429() -> None:
    line = limiter(None, None, 4)
    first = Ticket()
    assert line.start(first, 0.0) is None
    line.end(first, 0.1, 1.0, slow=True)
    places = [Ticket() for _ in range(3)]
    assert [line.start(place, 2.0) is None for place in places] == [True, True, False]


def test_the_longer_nothing_moves_the_less_they_look() -> None:
    """Exchanges of 20 ms, and then the API is silent for a minute."""
    fates = [Fate()] * 20 + [Fate(arrival=1.0, duration=60.0)] * 2 + [Fate(arrival=1.5)] * 10
    world = World(Limits(None, None, 2), fates).run()
    assert world.sleeps < 200 + 10 * 260
    assert world.now < 61.0 + 2.5


def test_a_flow_that_is_dropped_while_the_lock_is_held() -> None:
    """The garbage collector may close it in the thread that holds the lock, or in another one."""
    line = limiter(None, None, 1)
    assert line.start(Ticket(), 0.0) is None
    flow = throttled(line)(sending)(GET)
    next(flow)
    assert isinstance(flow.send(Now(0.0, 0.0)), Sleep)
    assert line.waiting == 1
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with line.lock:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    flow.close()  # does not wait for the lock
    assert not done.is_set()
    assert thread.is_alive()
    done.set()
    thread.join()
    assert line.waiting == 0


def test_rates_in_words() -> None:
    for rate, said in (
        (10.0, "10 requests in a second"),
        (0.5, "30 requests in a minute"),
        (1e-3, "3.6 requests in an hour"),
    ):
        line = limiter(rate, 1)
        assert line.start(Ticket(), 0.0) is None
        pause = line.start(Ticket(), 0.0)
        assert pause is not None
        assert pause.reason == f"at most {said}"


def test_a_wait_beyond_the_deadline_is_none() -> None:
    line = limiter(1.0, 1)
    world = Scripted(lambda request: OK)
    handler = throttled(line)(sending)
    run(handler(GET), world)
    with pytest.raises(TotalTimeout, match="before it could be sent: at most 1 requests in a second") as caught:
        run(handler(GET.due(DEFAULT_TIMEOUT, 0.5)), world)
    assert (caught.value.method, world.monotonic, line.waiting) == ("GET", 0.0, 0)
    assert (caught.value.may_have_arrived, caught.value.retry_safe) == (False, True)
    run(handler(GET.due(DEFAULT_TIMEOUT, 1.5)), world)
    assert len(world.sent) == 2
    # Behind many it is told at once, too, although it would look again before.
    for _ in range(10):
        line.start(Ticket(), world.monotonic)
    flow = handler(GET.due(DEFAULT_TIMEOUT, world.monotonic + 5.0))
    next(flow)
    with pytest.raises(TotalTimeout):
        flow.send(world.clock())
    assert line.waiting == 10


def test_a_guess_does_not_take_all_the_time_there_is() -> None:
    line = limiter(None, None, 1)
    held = Ticket()
    assert line.start(held, 0.0) is None
    world = Scripted(lambda request: OK)
    with pytest.raises(TotalTimeout, match="at most 1 requests at the same time"):
        run(throttled(line)(sending)(GET.due(DEFAULT_TIMEOUT, 3.0)), world)
    assert 2.99 < world.monotonic < 3.0


# Drivers and recordings


def busy(pace: list[Response]) -> Callable[[Request], Response]:
    answers = iter(pace)
    return lambda request: next(answers)


PACE = [OK, OK, Response(429, {"Retry-After": "2"}), OK, Response(429), OK, OK, OK]


def traced(transport: Any) -> list[float]:
    slept: list[float] = []
    sleep = transport.sleep

    def sleeping(seconds: float) -> Any:
        slept.append(seconds)
        return sleep(seconds)

    transport.sleep = sleeping
    return slept


def series(handler: Handler) -> Flow[list[int]]:
    found = []
    for number in range(len(PACE)):
        response = yield from handler(Request("GET", f"https://eu.api.ovh.com/1.0/me/{number}"))
        found.append(response.status)
    return found


def test_drivers_and_recordings_decide_the_same(tmp_path: Path) -> None:
    path = tmp_path / "calls.cassette"
    recorder = RecordTransport(Scripted(busy(PACE), latency=0.015625), path)
    slept = traced(recorder)
    expected = run(series(throttled(limiter(2.0, 1, 2))(sending)), recorder)
    recorder.close()
    assert expected == [answer.status for answer in PACE]
    assert len(slept) >= 7
    replay = ReplayTransport(path)
    replayed = traced(replay)
    assert run(series(throttled(limiter(2.0, 1, 2))(sending)), replay) == expected
    assert replayed == slept
    replay.check_played()

    async def again() -> None:
        replay = AsyncReplayTransport(path)
        replayed = traced(replay)
        assert await arun(series(throttled(limiter(2.0, 1, 2))(sending)), replay) == expected
        assert replayed == slept

    asyncio.run(again())


class Threads(SyncTransport):
    """Takes a moment for each exchange and counts how many there are at once."""

    def __init__(self, moment: float) -> None:
        super().__init__()
        self.moment = moment
        self.now = self.most = 0
        self.begun: list[float] = []
        self.counting = threading.Lock()

    def send(self, request: Request) -> Response:
        with self.counting:
            self.now += 1
            self.most = max(self.most, self.now)
            self.begun.append(time.monotonic())
        time.sleep(self.moment)
        with self.counting:
            self.now -= 1
        return OK


class Tasks(AsyncTransport):
    def __init__(self, moment: float) -> None:
        super().__init__()
        self.moment = moment
        self.now = self.most = 0
        self.begun: list[float] = []

    async def send(self, request: Request) -> Response:
        self.now += 1
        self.most = max(self.most, self.now)
        self.begun.append(time.monotonic())
        try:
            await self.sleep(self.moment)
        finally:
            self.now -= 1
        return OK


class Noting(Limiter):
    """Notes when it let requests go, by its own clock: when they are on their way depends on the machine."""

    def __init__(self, rate: float, burst: int, concurrency: int) -> None:
        super().__init__(Limits(rate, burst, concurrency), threading.RLock())
        self.begun: list[float] = []

    def start(self, place: Ticket, now: float) -> Pause | None:
        with self.lock:
            pause = super().start(place, now)
            if pause is None:
                self.begun.append(max([now, *self.begun[-1:]]))
        return pause


def kept(begun: list[float], rate: float, burst: int) -> bool:
    """Say whether a rate was kept to."""
    return all(
        last - first + 1 <= burst + rate * (begun[last] - begun[first]) + 1e-6
        for first in range(len(begun))
        for last in range(first, len(begun))
    )


def test_threads() -> None:
    transport = Threads(0.02)
    line = Noting(200.0, 8, 6)
    handler = throttled(line)(sending)

    def work() -> None:
        for _ in range(3):
            assert run(handler(GET), transport) is OK

    threads = [threading.Thread(target=work) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(transport.begun) == 96
    assert transport.most <= 6
    assert kept(line.begun, 200.0, 8)


def test_tasks() -> None:
    async def main() -> None:
        transport = Tasks(0.01)
        line = Noting(400.0, 20, 10)
        handler = throttled(line)(sending)
        await asyncio.gather(*[arun(handler(GET), transport) for _ in range(200)])
        assert len(transport.begun) == 200
        assert transport.most <= 10
        assert kept(line.begun, 400.0, 20)

    asyncio.run(main())


def test_trio() -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        transport = Tasks(0.01)
        handler = throttled(limiter(None, None, 4))(sending)
        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(arun, handler(GET), transport)
        assert len(transport.begun) == 30
        assert transport.most <= 4

    trio.run(main)


def test_a_task_that_is_cancelled_frees_its_place() -> None:
    async def main() -> None:
        transport, go_on = Tasks(0.0), asyncio.Event()

        async def held(seconds: float) -> None:
            if seconds:  # the limiter's own
                await asyncio.sleep(seconds)
            else:
                await go_on.wait()

        transport.sleep = held  # type: ignore[method-assign]
        line = limiter(None, None, 1)
        handler = throttled(line)(sending)
        tasks = [asyncio.ensure_future(arun(handler(GET), transport)) for _ in range(4)]
        while (line.under_way, line.waiting) != (1, 3):
            await asyncio.sleep(0)
        for task in tasks[:3]:
            task.cancel()
        await asyncio.wait(tasks[:3])
        while not line.under_way:  # the last one takes the place of the first
            await asyncio.sleep(0.001)
        assert (line.waiting, tasks[3].done()) == (0, False)
        go_on.set()
        await asyncio.wait_for(tasks[3], 60)
        assert (len(transport.begun), line.under_way, line.waiting) == (2, 0, 0)

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_child_of_a_fork_is_free() -> None:
    plugin = Throttle(concurrency=1)
    line = plugin.limiter
    mine = Ticket()
    assert line.start(mine, 0.0) is None
    line.start(Ticket(), 0.0)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with line.lock, limiters_of_process._lock:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    child = os.fork()
    if child == 0:  # pragma: no cover - not measured in there
        free = line.waiting == line.under_way == 0
        theirs = Ticket()
        free = free and line.start(theirs, 1.0) is None
        line.leave(mine)  # of the parent: nothing of the child's
        free = free and line.under_way == 1
        free = free and limiters_of_process.limiter("someone", line.limits).under_way == 0
        os._exit(0 if free else 1)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (line.under_way, line.waiting) == (1, 1)
    plugin._limiter.after_fork()  # what the child did, where it is measured
    assert (line.under_way, line.waiting) == (0, 0)


# As a plugin


class Told:
    """Keeps the events of a client."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def ovhcore_observer(self) -> Callable[[Event], None]:
        return self.events.append

    def throttled(self) -> list[Throttled]:
        return [event for event in self.events if isinstance(event, Throttled)]


def test_off_unless_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    client = ovh.Client(transport="sandbox", plugins=[told], options={"limit_scope": "credentials"})
    for _ in range(50):
        client.get("/me")
    assert not told.throttled()
    assert not list(limiters_of_process._limiters.values())


def test_settings_of_every_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def waited(**arguments: Any) -> list[Throttled]:
        told = Told()
        client = ovh.Client(transport="sandbox", plugins=[told], **arguments)
        for _ in range(3):
            client.get("/me")
        return told.throttled()

    file = tmp_path / "ovh.conf"
    file.write_text("[default]\nendpoint = ovh-eu\nrate_limit = 60/minute\nrate_burst = 1\n")
    assert len(waited(options={"rate_limit": 1})) == 2
    assert len(waited(options={"rate_limit": "120/min", "rate_burst": 2})) == 1
    assert len(waited(config_file=file)) == 2
    assert len(waited(config_file=file, options={"rate_burst": 2})) == 1
    monkeypatch.setenv("OVH_RATE_LIMIT", "1 / s")
    (first, _) = waited()
    assert first == Throttled("GET", "https://eu.api.ovh.com/1.0/me", 1.0, "at most 1 requests in a second", first.call)
    assert first.call is not None
    monkeypatch.setenv("OVH_RATE_BURST", "3")
    assert not waited()


@pytest.mark.parametrize(
    ("value", "rate"), [("60/minute", 1), ("10", 10), (2.5, 2.5), ("7200/hour", 2), ("3/S", 3), ("0.5 / sec", 0.5)]
)
def test_rates(value: Any, rate: float) -> None:
    assert read_rate(value, "rate") == rate


@pytest.mark.parametrize(
    "value",
    [
        *("", "0", "fast", "10/day", "1//s", "-1", "1e3", "1/s/s", "9" * 400, "0.0000000001", None, True, [1]),
        *(0, -1, 10**400, 10**5000, 1e9, float("nan"), float("inf"), -float("inf")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_rate(value: Any) -> None:
    with pytest.raises(InvalidConfiguration, match=r"^rate must be a rate above 0, as '10/second'"):
        read_rate(value, "rate")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate_limit": "often"}, "rate_limit .*must be a rate"),
        ({"rate_limit": 5, "rate_burst": 0}, "rate_burst .*must be a whole number above 0"),
        ({"max_concurrency": "many"}, "max_concurrency .*must be a whole number above 0"),
        ({"max_concurrency": -1}, "max_concurrency"),
        ({"limit_scope": "all"}, "limit_scope .*must be client or credentials, not 'all'"),
        ({"limit_scope": ["client"]}, "limit_scope .*must be client or credentials"),
        ({"rate_burst": 5}, "rate_burst is part of a rate, and rate_limit is not set"),
    ],
)
def test_malformed_settings(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfiguration, match=said):
        ovh.Client(transport="sandbox", options=options)


def test_malformed_plugins() -> None:
    for arguments in ({"rate": "x"}, {"burst": 3}, {"rate": 1, "burst": 0}, {"concurrency": 1.5}):
        with pytest.raises(InvalidConfiguration, match=r"must be|is part of"):
            Throttle(**arguments)


def test_one_object_for_several_clients() -> None:
    shared, told = Throttle("1/s"), Told()
    world = Scripted(lambda request: OK)
    clients = [ovh.Client("ovh-eu", transport=world, plugins=[shared, told], **ACCESS_KEYS) for _ in range(3)]
    for client in clients:
        client.call("GET", "/me", None, False)
    assert len(told.throttled()) == 2
    assert world.monotonic == pytest.approx(2.0)
    assert shared.limiter.limits == Limits(1.0)


def test_scope_of_credentials() -> None:
    world = Scripted(lambda request: OK)
    options = {"rate_limit": 1, "limit_scope": " Credentials"}
    other = {**ACCESS_KEYS, "consumer_key": "another"}

    def client(keys: Any, **more: Any) -> ovh.Client:
        return ovh.Client("ovh-eu", transport=world, options={**options, **more}, **keys)

    first, same, different = client(ACCESS_KEYS), client(ACCESS_KEYS), client(other)
    assert len(limiters_of_process._limiters) == 2
    first.call("GET", "/me", None, False)
    different.call("GET", "/me", None, False)
    assert world.monotonic == 0.0
    same.call("GET", "/me", None, False)
    assert world.monotonic == 1.0
    client(ACCESS_KEYS, rate_limit=2).call("GET", "/me", None, False)
    client(ACCESS_KEYS, limit_scope="client").call("GET", "/me", None, False)
    assert world.monotonic == 1.0
    kept = weakref.ref(next(iter(limiters_of_process._limiters.values())))
    del first, same, different
    gc.collect()
    assert kept() is None
    assert not list(limiters_of_process._limiters.items())
    anybody = ovh.Client("ovh-eu", transport=world, options=options)
    assert not list(limiters_of_process._limiters.items())
    anybody.call("GET", "/auth/time", None, False)


def test_every_attempt_is_throttled() -> None:
    answers = [Response(503), Response(503), OK]
    world = Scripted(busy(answers))
    told = Told()
    client = ovh.Client("ovh-eu", transport=world, plugins=[told, Throttle("1/minute")], **ACCESS_KEYS)
    client.call("GET", "/me", None, False)
    assert [event.reason for event in told.throttled()] == ["at most 1 requests in a minute"] * 2
    assert world.monotonic == pytest.approx(120, abs=0.01)


def test_the_hook_of_the_package_is_inside_of_retries() -> None:
    hooks = Plugins()._manager.hook.ovhcore_middleware.get_hookimpls()
    assert [each.plugin_name for each in hooks].index("throttle") < [each.plugin_name for each in hooks].index("retry")


def test_a_429_holds_everybody_back() -> None:
    world = Scripted(busy([Response(429, {"Retry-After": "7"}), OK]))
    told = Told()
    shared = Throttle()
    client = ovh.Client("ovh-eu", transport=world, plugins=[told, shared], options={"retry": False}, **ACCESS_KEYS)
    with pytest.raises(ovh.APIError):
        client.call("GET", "/me", None, False)
    client.call("GET", "/me", None, False)
    assert [(event.wait, event.reason) for event in told.throttled()] == [(7.0, "the API has asked to slow down")]
    assert shared.limiter.speed == pytest.approx(0.52)


def test_a_place_that_was_given_up_is_free_for_the_next() -> None:
    line = limiter(None, None, 1)
    first, second = Ticket(), Ticket()
    assert line.start(first, 0.0) is None
    line.leave(first)
    assert line.start(second, 0.0) is None
