"""A thread that asks a store for the tasks of event loops, one question after the other: cheaper than an executor."""

from __future__ import annotations

import asyncio
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

from ovhcore._internal import at_exit

from ...base.forks import renew_after_fork
from ..store_commands.answers import Question

__all__ = ["AskingThread"]

_IDLE: Final = 10.0
"""Seconds without a question, after which the thread ends."""


class AskingThread:
    """Asks for tasks of asyncio, in a thread that is there while there are questions."""

    def __init__(self) -> None:
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the thread and what it was asked to the parent."""
        self._questions: SimpleQueue[tuple[Callable[[Question], Any], Question, asyncio.Future[Any]]] = SimpleQueue()
        self._runs = allocate_lock()

    async def ask(self, ask: Callable[[Question], Any], question: Question) -> Any:
        """Ask, and let other tasks go on until the answer comes.

        Args:
            ask: asks, and waits for the answer. Nothing keeps it: a store that nobody uses any more is gone at once.
            question: is asked.
        """
        future = asyncio.get_running_loop().create_future()
        self._questions.put((ask, question, future))
        self._wake()
        return await future

    def _wake(self) -> None:
        if self._runs.acquire(False):
            try:
                start_new_thread(self.work, ())
            except RuntimeError as error:  # at the end of the interpreter
                self._runs.release()
                raise at_exit(error) or error from None

    def work(self) -> None:
        """Answer questions until there have been none for a while."""
        while True:
            try:
                ask, question, future = self._questions.get(True, _IDLE)
            except Empty:
                break
            answer: Any = None
            failure: Exception | None = None
            if not future.cancelled():  # else nobody waits for it any more
                try:
                    answer = ask(question)
                except Exception as error:
                    failure = error
                with suppress(RuntimeError):  # the loop has ended
                    future.get_loop().call_soon_threadsafe(_tell, future, answer, failure)
            del ask, future, answer, failure
        self._runs.release()
        if not self._questions.empty():
            self._wake()


def _tell(future: asyncio.Future[Any], answer: Any, failure: Exception | None) -> None:
    if future.done():  # its task was cancelled
        return
    if failure is None:
        future.set_result(answer)
    else:
        future.set_exception(failure)
