"""Locks that no interrupt leaves held, flights that somebody takes over, deadlines of one thread."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ovhcore.flows import Clock, Flow
from ovhcore.protocol.messages import Timeout
from ovhcore_transports.base import locks, threads
from ovhcore_transports.base import timer_thread as watching
from ovhcore_transports.base.blocking import SyncTransport, _Flight
from ovhcore_transports.base.locks import Lock, is_running
from ovhcore_transports.base.timer_thread import Alarm, Alarms
from ovhcore_transports.http.blocking import pools
from ovhcore_transports.http.blocking.pools import Pools
from tests.servers import eventually
from tests.worlds import Scripted

PATIENCE = 30.0


def in_a_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def left_held(lock: Lock) -> None:
    """Enter a lock, and be interrupted before its end."""
    lock.__enter__()


def test_one_at_a_time() -> None:
    lock = Lock()
    inside: list[int] = []
    most: list[int] = []

    def enter() -> None:
        for _ in range(200):
            with lock:
                inside.append(1)
                most.append(len(inside))
                time.sleep(0)
                inside.pop()

    entering = [in_a_thread(enter) for _ in range(8)]
    for thread in entering:
        thread.join(PATIENCE)
    assert most == [1] * 1600


def test_who_is_in_may_enter_again() -> None:
    lock = Lock()
    with lock, lock:
        pass
    with lock:
        pass
    assert not lock._lock._is_owned()


def test_one_that_is_held_for_long_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_LOOK", 0.001)
    looked: list[int] = []
    is_running = locks.is_running
    monkeypatch.setattr(locks, "is_running", lambda frame: looked.append(1) or is_running(frame))  # type: ignore[func-returns-value]
    lock = Lock()
    order: list[str] = []

    def second() -> None:
        with lock:
            order.append("second")

    with lock:
        thread = in_a_thread(second)
        eventually(lambda: len(looked) > 100)
        order.append("first")
    thread.join(PATIENCE)
    assert order == ["first", "second"]


def test_of_several_that_wait_one_puts_another_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_LOOK", 0.001)
    lock = Lock()
    in_a_thread(lambda: left_held(lock)).join(PATIENCE)
    quicker = threading.RLock()

    def too_late() -> object:
        lock._lock = quicker  # as another thread would, between the two steps
        return threading.RLock()

    monkeypatch.setattr(locks, "RLock", too_late)
    with lock:
        assert lock._lock is quicker


@pytest.mark.parametrize("is_noted", [True, False])
@pytest.mark.parametrize("who", ["the same thread", "others", "others, and it goes on"])
def test_one_that_an_interrupt_has_left(is_noted: bool, who: str) -> None:
    lock = Lock()
    left_held(lock)
    if not is_noted:
        lock._holder = None  # as before it is noted, or after
    entered: list[int] = []

    def enter() -> None:
        with lock:
            entered.append(1)

    if who == "the same thread":
        enter()
        assert not lock._lock._is_owned()
    entering = [in_a_thread(enter) for _ in range(4)]
    for thread in entering:
        thread.join(PATIENCE)
    if who == "others, and it goes on":
        lock.__exit__(None, None, None)  # of what it held there is another one now
    enter()
    assert len(entered) == 5 + (who == "the same thread")


def test_frames_that_run() -> None:
    seen: list[Any] = []

    def run() -> None:
        seen.append(sys._getframe())
        assert is_running(seen[0])

    run()
    assert not is_running(seen[0])


def test_a_flight_that_nobody_runs_any_more_is_taken_over() -> None:
    transport = Scripted(lambda request: pytest.fail("nothing is sent"))

    def flow() -> Flow[int]:
        yield Clock()
        return 1

    def begin() -> None:
        transport._flights["key"] = _Flight()  # of this frame

    for is_ours in (True, False):
        if is_ours:
            begin()
        else:
            in_a_thread(begin).join(PATIENCE)
        assert transport.once("key", flow()) == 1
        assert not transport._flights


def test_what_an_abandoned_flight_has_brought_counts() -> None:
    transport = Scripted(lambda request: pytest.fail("nothing is sent"))
    began: list[_Flight] = []
    in_a_thread(lambda: began.append(_Flight())).join(PATIENCE)
    began[0].value = (7,)
    transport._flights["key"] = began[0]

    def flow() -> Flow[int]:
        yield Clock()
        pytest.fail("it is not run again")

    assert transport.once("key", flow()) == 7


def test_a_flight_that_was_replaced_leaves_the_other_one() -> None:
    transport = SyncTransport()
    other = _Flight()

    def flow() -> Flow[int]:
        yield Clock()
        transport._flights["key"] = other
        return 1

    assert transport.once("key", flow()) == 1
    assert transport._flights == {"key": other}


class Connection:
    def close(self) -> None:
        pass


def test_a_place_that_was_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_LOOK", 0.01)
    some: Pools[Connection] = Pools(2, lambda origin: Connection, lambda connection: False)
    kept = some.lease("a", Timeout(1, PATIENCE))
    with kept:
        for _ in range(3):
            some.lease("a", Timeout(1, PATIENCE)).__enter__()  # nobody ends it
            gc.collect()
    with some.lease("a", Timeout(1, PATIENCE)), some.lease("a", Timeout(1, PATIENCE)):
        assert some._pools["a"].free.empty()


def test_another_thread_takes_the_idle_connection_first() -> None:
    some: Pools[Connection] = Pools(2, lambda origin: Connection, lambda connection: False)
    with some.lease("a", Timeout(1, 1)) as (lease, first):
        lease.keep = True

    some._pools["a"].next_idle = iter(list[Connection]().pop, None)  # it is gone between the look and the grasp
    with some.lease("a", Timeout(1, 1)) as (_, second):
        assert second is not first


def test_alarms_go_off_in_their_order_and_not_when_they_are_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LOOK", 0.02)
    one = Alarms()
    gone: list[str] = []
    done = threading.Event()
    now = time.monotonic()

    def fail() -> None:
        gone.append("failing")
        raise ValueError

    cancelled = Alarm(now + 0.05, lambda: gone.append("cancelled"))
    one.set(cancelled)
    one.set(Alarm(now + 0.4, done.set))  # the last of them, whenever they are looked at
    one.set(Alarm(now + 0.1, fail))
    cancelled.cancel()
    assert done.wait(PATIENCE)
    assert gone == ["failing"]
    watching._act(cancelled)
    assert gone == ["failing"]


def test_of_several_threads_one_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Alarms()
    assert one._claim.acquire(False)
    one._work()  # another one does already
    assert not one._has_begun

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    one._start()
    watching._go_off(Alarm(0.0, lambda: None))


def test_at_the_end_of_the_interpreter_there_is_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would raise what the interpreter says of a new thread."""

    def start(*arguments: object) -> int:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(watching, "start_new_thread", start)
    Alarms().set(Alarm(0.0, lambda: None))


def test_threads_of_a_stream_that_nobody_closed_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_IDLE", 0.01)
    monkeypatch.setattr(threads.ThreadStream, "__del__", lambda self: None)  # as after an interrupt in it
    transport = Scripted(lambda request: pytest.fail("nothing is sent"))

    def flow() -> Flow[int]:
        yield Clock()
        return 1

    stream = transport.stream((flow() for _ in range(3)), 2)
    assert next(iter(stream)) == (0, 1)
    workers: Any = stream._workers  # type: ignore[attr-defined]
    time.sleep(0.05)
    assert workers.gone.empty()
    del stream
    gc.collect()
    for _ in range(2):
        workers.gone.get(True, PATIENCE)


def test_gather_ends_when_it_is_interrupted_between_two_results() -> None:
    """What is raised need not come from the stream; nobody waits for threads that wait for more to do."""
    transport = Scripted(lambda request: pytest.fail("nothing is sent"))

    class SoftLimit(Exception):
        pass

    class Flows(list[Flow[int]]):
        def __len__(self) -> int:
            return 5

    def trace(frame: Any, event: str, argument: object) -> Any:
        if frame.f_code is SyncTransport.gather.__code__ and event == "line" and "value" in frame.f_locals:
            raise SoftLimit
        return trace

    def flow() -> Flow[int]:
        yield Clock()
        return 1

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(SoftLimit):
            transport.gather(Flows(flow() for _ in range(5)), 2)
    finally:
        sys.settrace(before)


def test_an_alarm_that_is_set_while_another_goes_off_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, gone, go_off = Alarms(), threading.Semaphore(0), watching._go_off
    second = Alarm(time.monotonic(), gone.release)

    def set_another(alarm: Alarm) -> None:
        if alarm is not second:
            watch.set(second)
        go_off(alarm)

    monkeypatch.setattr(watching, "_go_off", set_another)
    watch.set(Alarm(time.monotonic(), gone.release))
    assert gone.acquire(timeout=PATIENCE)
    assert gone.acquire(timeout=PATIENCE)
