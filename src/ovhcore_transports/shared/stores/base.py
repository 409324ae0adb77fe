"""Stores that processes share: what all have in common."""

from __future__ import annotations

import time
from typing import Any, Final

from ovhcore.exceptions import SharedStoreError

from ...base.asynchronous import in_trio
from ..store_commands.answers import Question
from .asking import AskingThread

__all__ = ["NOT_NOW", "TIMEOUT", "Store", "StoreFailure"]

TIMEOUT: Final = 1.0
"""Seconds that a store may take for a connection, and for an answer."""
NOT_NOW: Final[Any] = object()
"""What is returned for a question that the caller has to ask in another thread."""
_REST: Final = 2.0
"""Seconds for which nobody asks a store that has failed."""


class StoreFailure(Exception):
    """A store gave no answer; the message names no secret."""


class Store:
    """Base of stores; a subclass writes :meth:`answer`.

    Args:
        name: of the store for people, without a password.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._rests_until = float("-inf")
        self._is_down = False
        self._problem = ""
        self._thread = AskingThread()

    def answer(self, question: Question, now: int | None = None) -> Any:
        """Return the answer to a question.

        Args:
            question: see :mod:`.store_commands.limits` and :mod:`.store_commands.records`.
            now: microseconds that the store takes for the time; its own if None.

        Raises:
            StoreFailure: there is none.
        """
        raise NotImplementedError

    @property
    def rests(self) -> bool:
        """Whether the store has just failed, so that it is not asked for a while."""
        return time.monotonic() < self._rests_until

    def awake(self) -> None:
        """Let the store be asked again, although it has just failed."""
        self._rests_until = float("-inf")

    def ask(self, question: Question) -> Any:
        """Ask, and wait for the answer, not for long.

        Raises:
            SharedStoreError: the store gave no answer, or has given none a moment ago.
        """
        self._not_while_it_rests()
        try:
            answer = self.answer(question)
        except StoreFailure as failure:
            problem = str(failure)
        else:
            return self._answered(answer)
        raise self._failed(problem)

    async def ask_async(self, question: Question) -> Any:
        """Ask, and let other tasks go on: in another thread, unless that is not needed."""
        if in_trio():
            import trio

            return await trio.to_thread.run_sync(self.ask, question)
        self._not_while_it_rests()
        try:
            answer = await self.straight(question)
        except StoreFailure as failure:
            problem = str(failure)
        else:
            return await self._thread.ask(self.ask, question) if answer is NOT_NOW else self._answered(answer)
        raise self._failed(problem)

    async def straight(self, question: Question) -> Any:
        """Return the answer to a question of a task of asyncio without a thread, and without holding up the loop.

        Returns:
            The answer, or ``NOT_NOW`` where that cannot be done.

        Raises:
            StoreFailure: there is none.
        """
        return NOT_NOW

    def _not_while_it_rests(self) -> None:
        if self.rests:
            raise SharedStoreError(f"The store {self.name} has failed, and is not asked again yet: {self._problem}")

    def _answered(self, answer: Any) -> Any:
        if self._is_down:
            self._is_down = False
            _log(20, "The shared store %s answers again", self.name)
        return answer

    def _failed(self, problem: str) -> SharedStoreError:
        self._problem = problem
        self._rests_until = time.monotonic() + _REST
        if not self._is_down:
            self._is_down = True
            _log(30, "The shared store %s does not answer: %s", self.name, problem)
        return SharedStoreError(f"The store {self.name} does not answer: {problem}")

    def close(self) -> None:
        """Let go of connections."""


def _log(level: int, text: str, *arguments: str) -> None:
    import logging

    logging.getLogger("ovhcore").log(level, text, *arguments)
