"""A thread of a process that renews what it holds in a store, by leases: slots of requests under way, and claims.

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

__all__ = ["LEASE", "LeaseKeeper", "keeper_of"]

LEASE: Final = 10_000_000
"""Microseconds for which a slot or a claim is kept for a process that says nothing."""
_TOGETHER: Final = 0.005  # seconds in which releases are collected, or go along with another question
_MOST_TOLD: Final = 1000  # releases that are told again to a store that gave no answer; of more, the last ones
_IDLE: Final = 6  # rounds in which nothing was held and nothing was released, after which the thread ends
_LAST: Final = 2.5  # seconds that the end of a process waits for its thread to finish a question


class LeaseKeeper:
    """Renews the leases of what this process holds in a store, for as long as it holds it.

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
        self._slots: dict[str, dict[str, None]] = {}
        self._released: dict[str, deque[tuple[str, int]]] = {}
        self._to_retell: dict[str, deque[tuple[str, int]]] = {}
        self._released_repeatedly: dict[tuple[str, str], float] = {}
        self._next = 0.0  # when they are told the next time
        self._claims: dict[tuple[str, str], str] = {}
        self._to_tell: deque[Question] = deque(maxlen=_MOST_TOLD)
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._runs = allocate_lock()
        self._telling = allocate_lock()
        self._ends_well = False

    def new_name(self) -> str:
        """Return a name for a slot, or for the owner of a claim, which nobody else has."""
        return f"{self._name}.{next(self._numbers)}"

    def hold_slot(self, key: str, slot: str) -> None:
        """Renew the lease of a slot from now on."""
        self._slots.setdefault(key, {})[slot] = None
        self._wake()

    def release(self, key: str, slot: str, took: int = -1) -> None:
        """Tell the store soon that a slot is free, or how late a turn was used.

        Args:
            key: of the limit.
            slot: the name of a slot that was held or waited for; or a turn, as :func:`.take` wants it.
            took: microseconds that the slot was used, -1 if that says nothing; of a turn, how late it was used.
        """
        self._slots.get(key, {}).pop(slot, None)
        self._released.setdefault(key, deque()).append((slot, took))
        self._bell.put(None)
        self._wake()

    def hold_claim(self, key: str, owner: str, fingerprint: str) -> None:
        """Renew the lease of a claim from now on; see :mod:`.store_commands.records`."""
        self._claims[key, owner] = fingerprint
        self._wake()

    def drop_claim(self, key: str, owner: str) -> None:
        """Renew a claim no longer: the store was told what came of it."""
        self._claims.pop((key, owner), None)

    def abandon_claim(self, key: str, owner: str) -> None:
        """Tell the store soon that nobody knows what came of a claim, unless it was told."""
        fingerprint = self._claims.pop((key, owner), None)
        if fingerprint is not None:
            self.tell_soon(("settle", key, owner, fingerprint, "u", "", KEPT))

    def tell_soon(self, question: Question) -> None:
        """Tell the store something soon, where the flow cannot wait for it."""
        self._to_tell.append(question)
        self._bell.put(None)
        self._wake()

    def take_released(self, key: str) -> list[str | int]:
        """Return the releases that the store was not told, and forget them: the caller's question takes them along."""
        names = list[str | int]()
        for left in (self._released.get(key), self._to_retell.get(key)):
            while left:
                with suppress(IndexError):  # another thread took the last one
                    names.extend(left.popleft())
        return names

    def retell(self, key: str, released: Iterable[Any]) -> None:
        """Tell releases again: the store gave no answer to the question that took them along."""
        each = iter(released)
        self._to_retell.setdefault(key, deque(maxlen=_MOST_TOLD)).extend(zip(each, each, strict=True))

    def release_repeatedly(self, key: str, slot: str) -> None:
        """Release a slot again and again for the length of a lease: a store may carry out the question for it late."""
        self._released_repeatedly[key, slot] = time.monotonic() + self.lease / 1e6
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
        self._to_retell.clear()
        self._to_tell.clear()
        self._runs.release()
        if any(
            map(
                len,
                (
                    *self._slots.values(),
                    *self._released.values(),
                    self._claims,
                    self._to_tell,
                    self._released_repeatedly,
                ),
            )
        ):
            self._wake()

    def renew(self) -> bool:
        """Renew what is held, and release what is not; say whether anything is held."""
        with self._telling:
            return self._renew(time.monotonic() >= self._next)

    def end(self) -> None:
        """Release what the process held, for its thread ends with it; ask a store that has just failed, too."""
        waited = self._telling.acquire(timeout=_LAST)  # what the thread has in hand it says by itself
        self.store.awake()
        self._renew(True)
        if waited:
            self._telling.release()

    def _renew(self, tells_again: bool) -> bool:
        now = time.monotonic()
        if tells_again:
            self._next = now + self.lease / 3e6
        repeated: dict[str, list[Any]] = {}
        for (key, slot), end in [*self._released_repeatedly.items()] if tells_again else ():
            repeated.setdefault(key, []).extend((slot, -1))
            if end < now:
                del self._released_repeatedly[key, slot]
        for key in {*self._slots, *self._released, *self._to_retell, *repeated}:
            held = list(self._slots.get(key, ()))
            released = self.take_released(key)
            if held or released or key in repeated:
                try:
                    self.store.ask(("renew", key, self.lease, len(held), *held, *released, *repeated.get(key, ())))
                except SharedStoreError:  # the store says by itself that it is down
                    self.retell(key, released)
        for key, owner in [*self._claims]:
            with suppress(SharedStoreError):
                self.store.ask(("hold", key, owner, self.lease))
        for question in [*self._to_tell]:
            with suppress(SharedStoreError):
                self.store.ask(question)
                with suppress(ValueError):  # the end of the process did not wait for its thread, which said it
                    self._to_tell.remove(question)
        return bool(self._claims or self._released_repeatedly) or any(map(len, self._slots.values()))


def _call_at_end(keeper: LeaseKeeper) -> None:
    atexit.register(_at_exit, ref(keeper))
    # Processes of multiprocessing that were forked end without a look at atexit.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _at_exit, (ref(keeper),), exitpriority=0)


def _at_exit(keeper: ref[LeaseKeeper]) -> None:
    """Release what a process held when it ends, for its thread ends with it."""
    if (left := keeper()) is not None:
        left.end()


class _Keepers:
    """The keepers of this process, one for each store URL: clients that name the same store share its keeper."""

    def __init__(self) -> None:
        self._open: WeakValueDictionary[str, LeaseKeeper] = WeakValueDictionary()
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock = Lock()

    def of(self, url: str) -> LeaseKeeper:
        with self._lock:
            keeper = self._open.get(url)
            if keeper is None:
                keeper = self._open[url] = LeaseKeeper(open_store(url))
            return keeper


_keepers: Final = _Keepers()


def keeper_of(url: str) -> LeaseKeeper:
    """Return the keeper of what this process holds in a store; nothing is connected yet.

    Args:
        url: of the store, as :func:`.read_store` returns it.

    Raises:
        InvalidConfiguration: a library that the store needs is not installed.
    """
    return _keepers.of(url)
