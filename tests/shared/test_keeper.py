"""What a process holds in a store: kept while it is used, freed when it is not, and not a child's."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty
from typing import Any
from weakref import ref

import pytest

from ovhcore.flows import Limits, run
from ovhcore.protocol import Now
from ovhcore_transports.shared import keeper as keepers
from ovhcore_transports.shared.keeper import LeaseKeeper
from ovhcore_transports.shared.store_commands.answers import GO
from ovhcore_transports.shared.stores import base
from ovhcore_transports.shared.stores.base import StoreFailure
from ovhcore_transports.shared.stores.opening import open_store
from ovhcore_transports.shared.throttling import SharedLimit, shared_throttle
from tests.shared.clients import GET, LEASE, Unsure, ok, sending
from tests.worlds import Scripted


def test_places_are_kept_for_calls_that_last(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = LeaseKeeper(open_store(store_url))
    keeper.lease = 30_000
    renewed = threading.Event()
    monkeypatch.setattr(keeper.store, "ask", lambda question: renewed.set())
    keeper.hold_slot("limit:z", "p")
    assert renewed.wait(30)
    keeper.release("limit:z", "p")
    deadline = time.monotonic() + 30
    while keeper._runs.locked():  # with nothing to keep, the thread ends
        assert time.monotonic() < deadline
        time.sleep(0.01)
    monkeypatch.setattr(keepers, "_IDLE", 2)
    keeper._bell.put(None)
    keeper._bell.put(None)
    keeper._runs.acquire()
    keeper._work()  # the same where a debugger sees it
    assert not keeper._runs.locked()


def test_what_comes_while_the_thread_ends_is_kept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "_IDLE", 0)
    keeper = LeaseKeeper(Unsure())
    woken: list[bool] = []
    keeper._runs.acquire()
    monkeypatch.setattr(keeper, "_wake", lambda: woken.append(True))
    keeper._work()
    assert woken == []
    keeper._slots["limit:z"] = {"p": None}
    keeper._runs.acquire()
    keeper._work()
    assert woken == [True]


def test_at_the_end_of_the_interpreter_no_thread_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*arguments: Any) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(keepers, "start_new_thread", refuses)
    keeper = LeaseKeeper(Unsure())
    keeper.release("limit:z", "p")
    keeper.release("limit:z", "q")
    assert not keeper._runs.locked()
    assert keeper.take_released("limit:z") == ["p", -1, "q", -1]


def test_what_a_process_has_left_is_freed_when_it_ends(store_url: str) -> None:
    keeper = LeaseKeeper(open_store(store_url))
    keeper._runs.acquire()  # its thread would do it, too
    limit = SharedLimit(keeper.store, keeper, "e", Limits(concurrency=1), alone=False)
    run(shared_throttle(limit)(sending)(GET), Scripted(ok))
    assert keeper.store.ask(("renew", limit.key, LEASE, 0)) == [1]
    keepers._at_exit(ref(keeper))
    assert keeper.store.ask(("renew", limit.key, LEASE, 0)) == [0]
    keeper.store.close()
    gone = ref(keeper)
    del keeper, limit
    gc.collect()
    keepers._at_exit(gone)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_child_of_a_fork_asks_by_itself(store_url: str) -> None:
    keeper = LeaseKeeper(open_store(store_url))
    assert keeper.store.ask(("take", "limit:f", 1_000_000, 5, 0, -1, -1, "a", LEASE))[:2] == [GO, 0]
    keeper._runs.acquire()
    keeper.hold_slot("limit:f", "a")
    name = keeper._name
    child = os.fork()
    if not child:
        fine = False
        try:
            fine = keeper.store.ask(("take", "limit:f", 1_000_000, 5, 0, -1, -1, "b", LEASE))[:2] == [GO, 0]
            fine = fine and keeper._name != name and not keeper._slots and not keeper._runs.locked()
        finally:
            os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert keeper.store.ask(("take", "limit:f", 1_000_000, 5, 0, -1, -1, "c", LEASE))[:2] == [GO, 0]
    keeper.store.close()


class Moody(Unsure):
    """Gives no answer at first."""

    fails = True

    def answer(self, question: Any, now: int | None = None) -> Any:
        answer = super().answer(question)
        if self.fails:
            raise StoreFailure("stopped")
        return answer


def test_a_store_that_gave_no_answer_is_told_again_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    # It may be stopped, and carry the question out later: nobody would free the place, but for the end of the lease.
    monkeypatch.setattr(base, "_REST", 0.0)
    store = Moody(*[(GO, 0, 0, 1, 7)] * 2)
    keeper = LeaseKeeper(store)
    keeper._runs.acquire()  # no thread of its own
    keeper.release("limit:x", "before", 5)
    handle = shared_throttle(SharedLimit(store, keeper, "x", Limits(concurrency=1), alone=True))(sending)
    run(handle(GET), Scripted(ok))
    keeper.renew()
    asked = len(store.questions)
    store.fails = False
    keeper.renew()
    (again,) = store.questions[asked:]
    assert again[0] == "renew"
    assert "before" in again  # beside the place of the question that failed
    assert len(again) == 8
    keeper.renew()
    assert len(store.questions) == asked + 1
    keeper.retell("limit:x", ["old", 1])
    keeper._bell.put(None)
    monkeypatch.setattr(keepers, "_IDLE", 0)
    keeper._work()  # its thread has asked for long enough: leases have ended
    assert keeper.take_released("limit:x") == []


class Bells:
    """Rings some times, and then no more; says when that is."""

    def __init__(self, rings: int, over: Callable[[], None]) -> None:
        self.rings = rings
        self.over = over

    def get(self, block: bool, timeout: float) -> None:
        self.rings -= 1
        if self.rings < 0:
            self.over()
            raise Empty

    def empty(self) -> bool:
        return True


def test_calls_meanwhile_do_not_make_a_keeper_forget_what_is_unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_REST", 0.0)
    monkeypatch.setattr(keepers, "_TOGETHER", 0.0)
    store = Moody()
    keeper = LeaseKeeper(store)
    keeper._runs.acquire()  # no thread of its own
    keeper.release("limit:x", "before", 5)
    keeper.tell_soon(("drop", "token:x", "a"))
    keeper.hold_slot("limit:y", "held")

    def stopped_no_more() -> None:
        store.fails = False
        keeper._slots.clear()

    monkeypatch.setattr(keeper, "_bell", Bells(10, stopped_no_more))
    store.answers = [("kept", "", "")] * 11
    keeper._work()
    *_, freed, said = store.questions
    assert freed[-2:] == ("before", 5)
    assert said == ("drop", "token:x", "a")
    assert store.answers == []


def test_a_place_is_freed_again_after_a_store_carried_its_question_out_late(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_REST", 0.0)
    keeper = LeaseKeeper(open_store(store_url))
    keeper._runs.acquire()
    late: list[Any] = []

    def stopped(question: Any, now: int | None = None) -> Any:
        late.append(question)
        raise StoreFailure("stopped")

    limit = SharedLimit(keeper.store, keeper, "l", Limits(concurrency=1), alone=True)
    with monkeypatch.context() as patch:
        patch.setattr(keeper.store, "answer", stopped)
        run(shared_throttle(limit)(sending)(GET), Scripted(ok))
    assert keeper.renew()  # it says that the place is free, before it was taken
    (take,) = late
    assert keeper.store.ask(take)[0] == GO
    keeper.renew()
    assert keeper.store.ask(("renew", limit.key, LEASE, 0)) == [1]  # not at each call
    keeper._next = 0.0
    keeper.renew()
    assert keeper.store.ask(("renew", limit.key, LEASE, 0)) == [0]
    keeper._released_repeatedly = dict.fromkeys(keeper._released_repeatedly, 0.0)  # the lease has ended
    keeper._next = 0.0
    keeper.renew()
    assert not keeper.renew()
    keeper.store.close()


def test_a_call_that_is_cut_off_while_it_asks_frees_what_it_may_have_taken() -> None:
    store = Unsure()
    keeper = LeaseKeeper(store)
    keeper._runs.acquire()
    keeper.release("limit:c", "before", 5)
    flow = shared_throttle(SharedLimit(store, keeper, "c", Limits(concurrency=1), alone=True))(sending)(GET)
    flow.send(None)
    question = flow.send(Now(1.0, 1.0)).question  # type: ignore[union-attr]
    flow.close()
    assert question[-2:] == ("before", 5)
    keeper.renew()
    (said,) = store.questions
    assert [said[at] for at in range(4, len(said), 2)] == [question[7], "before", question[7]]


def test_the_end_of_a_process_asks_a_store_that_has_just_failed() -> None:
    store = Moody()
    keeper = LeaseKeeper(store)
    keeper._runs.acquire()
    keeper.release("limit:x", "p", 5)
    keeper.renew()
    assert store.rests
    store.fails = False
    keepers._at_exit(ref(keeper))
    assert [question[-2:] for question in store.questions] == [("p", 5)] * 2


def test_the_end_of_a_process_waits_for_what_its_thread_is_saying(monkeypatch: pytest.MonkeyPatch) -> None:
    says, may_say = threading.Event(), threading.Event()
    said: list[Any] = []

    def ask(question: Any) -> Any:
        says.set()
        assert may_say.wait(60)
        said.append(question)
        return [0]

    keeper = LeaseKeeper(Unsure())
    monkeypatch.setattr(keeper.store, "ask", ask)
    keeper.release("limit:x", "p", 5)
    assert says.wait(60)
    ended = threading.Thread(target=keeper.end)
    ended.start()
    ended.join(0.05)
    assert ended.is_alive()
    may_say.set()
    ended.join(60)
    assert said[0][-2:] == ("p", 5)
    monkeypatch.setattr(keepers, "_LAST", 0.0)
    with keeper._telling:
        keeper.release("limit:x", "q", 5)
        keeper.tell_soon(("drop", "token:x", "a"))
        monkeypatch.setattr(keeper.store, "ask", lambda question: keeper._to_tell.clear())
        keeper.end()  # it does not wait for ever
    assert keeper.take_released("limit:x") == []


ALIVE: list[LeaseKeeper] = []


def _calls(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "start_new_thread", lambda *arguments: 0)  # it ends before its thread says anything
    ALIVE.append(LeaseKeeper(open_store(url)))
    limit = SharedLimit(ALIVE[0].store, ALIVE[0], "m", Limits(concurrency=1), alone=False)
    run(shared_throttle(limit)(sending)(GET), Scripted(ok))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_of_multiprocessing_frees_its_places_when_it_ends(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = multiprocessing.get_context("fork").Process(target=_calls, args=(store_url, monkeypatch))
    child.start()
    child.join()
    assert child.exitcode == 0
    store = open_store(store_url)
    assert store.ask(("renew", "limit:m", LEASE, 0)) == [0]
    store.close()


def test_a_program_without_multiprocessing_frees_its_places_at_its_end_too(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "multiprocessing.util", raising=False)
    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", lambda *call: registered.append(call))
    keeper = LeaseKeeper(open_store(store_url))
    keepers._call_at_end(keeper)
    assert [each[1]() for each in registered][-1] is keeper
