"""A thread of a process that keeps what it holds in a store: places of requests under way, and claims.

Leases are short, so that what a killed process held is free soon; so somebody has to renew them while a call lasts,
whatever its thread or loop is doing.
"""

from __future__ import annotations

import atexit
import sys
import time
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from secrets import token_hex
from typing import Any, Final
from weakref import WeakValueDictionary, ref

from ovhcore.exceptions import SharedStoreError

from ..base.forks import renew_after_fork
from ..base.locks import Lock
from .store_commands.answers import Question
from .store_commands.records import KEPT
from .stores.base import Store
from .stores.opening import open_store

__all__ = ["LEASE", "Keeper", "keeper_of"]

LEASE: Final = 10_000_000
"""Microseconds for which a place or a claim is kept for a process that says nothing."""
_TOGETHER: Final = 0.005  # seconds in which what is released is collected, or taken along by another question
_UNSAID: Final = 1000  # that a store without an answer is told again
_IDLE: Final = 6  # rounds in which nothing was kept and nothing came, after which the thread ends
_LAST: Final = 2.5  # seconds that the end of a process waits for what its thread is saying


class Keeper:
    """Keeps what this process holds in a store, for as long as it holds it.

    No method but :meth:`renew` and :meth:`end` takes a lock: the garbage collector closes flows that nobody drives any
    more, in any thread.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lease = LEASE
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Hold nothing: all of it is the parent's."""
        self._name = token_hex(8)
        self._numbers = count()
        self._places: dict[str, dict[str, None]] = {}
        self._left: dict[str, deque[tuple[str, int]]] = {}
        self._unsaid: dict[str, deque[tuple[str, int]]] = {}
        self._unsure: dict[tuple[str, str], float] = {}
        self._next = 0.0  # when the store is told of them again
        self._claims: dict[tuple[str, str], str] = {}
        self._to_say: deque[Question] = deque(maxlen=_UNSAID)
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._runs = allocate_lock()
        self._says = allocate_lock()
        self._ends_well = False

    def new_name(self) -> str:
        """Return a name for a place, or for the owner of a claim, which nobody else has."""
        return f"{self._name}.{next(self._numbers)}"

    def hold(self, key: str, place: str) -> None:
        """Keep a place from now on."""
        self._places.setdefault(key, {})[place] = None
        self._wake()

    def leave(self, key: str, place: str, took: int = -1) -> None:
        """Free a place, or one in the line, soon.

        Args:
            key: of the limit.
            place: its name.
            took: microseconds that the place was used; -1 if that says nothing.
        """
        self._places.get(key, {}).pop(place, None)
        self._left.setdefault(key, deque()).append((place, took))
        self._bell.put(None)
        self._wake()

    def hold_claim(self, key: str, owner: str, print_: str) -> None:
        """Keep a claim from now on; see :mod:`.store_commands.records`."""
        self._claims[key, owner] = print_
        self._wake()

    def settled(self, key: str, owner: str) -> None:
        """Keep a claim no longer: it was said what came of it."""
        self._claims.pop((key, owner), None)

    def leave_claim(self, key: str, owner: str) -> None:
        """Say soon that nobody knows what came of a claim, unless that was said."""
        print_ = self._claims.pop((key, owner), None)
        if print_ is not None:
            self.say_soon(("settle", key, owner, print_, "u", "", KEPT))

    def say_soon(self, question: Question) -> None:
        """Tell the store something, where the flow cannot."""
        self._to_say.append(question)
        self._bell.put(None)
        self._wake()

    def released(self, key: str) -> list[str | int]:
        """Return what is to be freed, for a question of this process to take along."""
        names = list[str | int]()
        for left in (self._left.get(key), self._unsaid.get(key)):
            while left:
                with suppress(IndexError):  # another thread took the last one
                    names.extend(left.popleft())
        return names

    def unsaid(self, key: str, released: Iterable[Any]) -> None:
        """Say again what a store that gave no answer was told: it may carry out a question that nobody waits for."""
        each = iter(released)
        self._unsaid.setdefault(key, deque(maxlen=_UNSAID)).extend(zip(each, each, strict=True))

    def unsure(self, key: str, place: str) -> None:
        """Free a place again and again, for as long as a lease: the question for it may be carried out late."""
        self._unsure[key, place] = time.monotonic() + self.lease / 1e6
        self._wake()

    def _wake(self) -> None:
        if self._runs.acquire(False):
            if not self._ends_well:
                self._ends_well = True
                _call_at_end(self)
            try:
                start_new_thread(self._work, ())
            except RuntimeError:  # at the end of the interpreter; leases end by themselves
                self._runs.release()

    def _work(self) -> None:
        idle = 0
        while idle < _IDLE:
            idle += 1
            with suppress(Empty):
                self._bell.get(True, self.lease / 3e6)
                idle = 0
                time.sleep(_TOGETHER)
                while not self._bell.empty():
                    self._bell.get()
            if self.renew():
                idle = 0
        # What a store has not heard of for so long is over: leases have ended by themselves.
        self._unsaid.clear()
        self._to_say.clear()
        self._runs.release()
        if any(map(len, (*self._places.values(), *self._left.values(), self._claims, self._to_say, self._unsure))):
            self._wake()

    def renew(self) -> bool:
        """Renew what is held, and free what is not; say whether anything is held."""
        with self._says:
            return self._renew(time.monotonic() >= self._next)

    def end(self) -> None:
        """Free what the process has left, for its thread ends with it; ask a store that has just failed, too."""
        waited = self._says.acquire(timeout=_LAST)  # what the thread has in hand it says by itself
        self.store.awake()
        self._renew(True)
        if waited:
            self._says.release()

    def _renew(self, tells_again: bool) -> bool:
        now = time.monotonic()
        if tells_again:
            self._next = now + self.lease / 3e6
        unsure: dict[str, list[Any]] = {}
        for (key, place), end in [*self._unsure.items()] if tells_again else ():
            unsure.setdefault(key, []).extend((place, -1))
            if end < now:
                del self._unsure[key, place]
        for key in {*self._places, *self._left, *self._unsaid, *unsure}:
            held = list(self._places.get(key, ()))
            released = self.released(key)
            if held or released or key in unsure:
                try:
                    self.store.ask(("renew", key, self.lease, len(held), *held, *released, *unsure.get(key, ())))
                except SharedStoreError:  # the store says by itself that it is down
                    self.unsaid(key, released)
        for key, owner in [*self._claims]:
            with suppress(SharedStoreError):
                self.store.ask(("hold", key, owner, self.lease))
        for question in [*self._to_say]:
            with suppress(SharedStoreError):
                self.store.ask(question)
                with suppress(ValueError):  # the end of the process did not wait for its thread, which said it
                    self._to_say.remove(question)
        return bool(self._claims or self._unsure) or any(map(len, self._places.values()))


def _call_at_end(keeper: Keeper) -> None:
    atexit.register(_at_exit, ref(keeper))
    # Processes of multiprocessing that were forked end without a look at atexit.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _at_exit, (ref(keeper),), exitpriority=0)


def _at_exit(keeper: ref[Keeper]) -> None:
    """Free what a process has left when it ends, for its thread ends with it."""
    if (left := keeper()) is not None:
        left.end()


class _Keepers:
    """Those of this process: clients that name the same store share it, and who keeps what they hold there."""

    def __init__(self) -> None:
        self._open: WeakValueDictionary[str, Keeper] = WeakValueDictionary()
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock = Lock()

    def of(self, url: str) -> Keeper:
        with self._lock:
            keeper = self._open.get(url)
            if keeper is None:
                keeper = self._open[url] = Keeper(open_store(url))
            return keeper


_keepers: Final = _Keepers()


def keeper_of(url: str) -> Keeper:
    """Return the keeper of what this process holds in a store; nothing is connected yet.

    Args:
        url: of the store, as :func:`.read_store` returns it.

    Raises:
        InvalidConfiguration: a library that the store needs is not installed.
    """
    return _keepers.of(url)
