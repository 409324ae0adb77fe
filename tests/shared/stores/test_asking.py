"""The thread that asks for tasks: every task gets its own answer, and none holds another up by going away."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

import pytest

from ovhcore_transports.shared.stores import asking
from ovhcore_transports.shared.stores.asking import AskingThread

pytestmark = pytest.mark.once


def ask(question: tuple[Any, ...]) -> Any:
    if question[0] == "fails":
        raise ValueError("no answer")
    return question[0]


async def leaves_while_it_is_asked() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    asking._tell(future, "one", None)
    assert future.cancelled()


def test_each_task_gets_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_IDLE", 0.01)
    seen: list[Any] = []
    thread = AskingThread()

    def noted(question: tuple[Any, ...]) -> Any:
        seen.append(question[0])
        return ask(question)

    async def tasks() -> list[Any]:
        thread._runs.acquire()  # until all have asked
        asked = [asyncio.ensure_future(thread.ask(noted, (name,))) for name in ("one", "fails", "gone", "two")]
        await asyncio.sleep(0)
        asked[2].cancel()
        await asyncio.to_thread(thread.work)
        assert not thread._runs.locked()
        return await asyncio.gather(*asked, return_exceptions=True)

    one, failed, gone, two = asyncio.run(tasks())
    asyncio.run(leaves_while_it_is_asked())
    assert (one, two) == ("one", "two")
    assert str(failed) == "no answer"
    assert isinstance(gone, asyncio.CancelledError)
    assert seen == ["one", "fails", "two"]
    assert asyncio.run(thread.ask(ask, ("three",))) == "three"


def test_a_loop_that_has_ended_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_IDLE", 0.0)
    thread = AskingThread()
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    thread._questions.put((ask, ("one",), future))
    thread._runs.acquire()
    thread.work()
    assert not future.done()


def test_what_is_asked_while_the_thread_ends_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        def get(self, block: bool, timeout: float) -> Any:
            raise queue.Empty

        def empty(self) -> bool:
            return False

    thread = AskingThread()
    woken: list[bool] = []
    monkeypatch.setattr(thread, "_questions", Late())
    monkeypatch.setattr(thread, "_wake", lambda: woken.append(True))
    thread._runs.acquire()
    thread.work()
    assert woken == [True]


def test_where_no_thread_can_be_started_the_call_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*arguments: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asking, "start_new_thread", refuses)
    thread = AskingThread()
    with pytest.raises(RuntimeError, match="can't start new thread"):
        asyncio.run(thread.ask(ask, ("one",)))
    assert not thread._runs.locked()
