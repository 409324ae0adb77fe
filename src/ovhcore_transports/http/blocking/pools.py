"""Kept connections for blocking code: a limited number to each origin, shared by threads.

A signal handler can raise an exception between any two steps of Python code. So slots and connections change
owners in single steps, which no exception can interrupt: each is one call of a function written in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import Any, Final, Generic, Protocol, TypeVar
from weakref import finalize, ref

from ovhcore.exceptions import ClientClosed
from ovhcore.protocol import Timeout

from ...base.deadlines import pool_timeout, pool_wait
from ...base.locks import Lock
from ..idle import keeps_connections

__all__ = ["Closable", "Lease", "Pools"]

_LOOK: Final = 0.1
"""Seconds that a thread waits for a slot before it looks whether a slot was lost."""


class Closable(Protocol):
    """A connection."""

    def close(self) -> object:
        """Close the connection. May be called again."""
        ...


C = TypeVar("C", bound=Closable)


class _Slot:
    """The right to have a connection in use."""

    __slots__ = ("__weakref__",)


class _Pool(Generic[C]):
    """The connections to one origin."""

    __slots__ = ("_marks", "_restoring", "connect", "free", "idle", "next_free", "next_idle", "origin")

    def __init__(self, origin: str, size: int, connect: Callable[[], C]) -> None:
        self.origin = origin
        self.connect = connect
        self.idle: list[C] = []
        self.next_idle: Iterator[C] = iter(self.idle.pop, None)
        self.free: SimpleQueue[_Slot] = SimpleQueue()
        self.next_free: Iterator[_Slot] = iter(self.free.get_nowait, None)
        self._restoring = Lock()
        slots = [_Slot() for _ in range(size)]
        self._marks = [ref(slot) for slot in slots]
        for slot in slots:
            self.free.put(slot)

    def take_slot(self, into: list[_Slot], seconds: float) -> bool:
        """Take a slot into a list, waiting for one; False if there was none in time."""
        ends = monotonic() + seconds
        left = seconds
        while left > 0:
            try:
                into.extend(islice(iter(partial(self.free.get, True, min(left, _LOOK)), None), 1))
                return True
            except Empty:
                self._restore()
            left = ends - monotonic()
        return False

    def _restore(self) -> None:
        """Replace lost slots: a thread that was interrupted more than once can lose the one it gives back."""
        with self._restoring:
            for number, mark in enumerate(self._marks):
                if mark() is None:
                    slot = _Slot()
                    self._marks[number] = ref(slot)
                    self.free.put(slot)


class Pools(Generic[C]):
    """Connections, by origin.

    Args:
        size: the largest number of connections to one origin.
        dial: returns a function that makes a connection to an origin; the first use may open the connection.
        is_stale: says whether an idle connection has something to read: the server has
            closed it, or sent bytes without a request.
    """

    def __init__(self, size: int, dial: Callable[[str], Callable[[], C]], is_stale: Callable[[C], object]) -> None:
        self.is_stale = is_stale
        self.closed = False
        self._size = size
        self._dial = dial
        self._pools: dict[str, _Pool[C]] = {}
        self._lock = Lock()
        self._left_behind: list[object] = []
        self._finalizer = finalize(self, _close_idle, self._pools)
        keeps_connections(self)

    def after_fork(self) -> None:
        """Put the connections aside in the child of a fork: the parent goes on using them, so they are not closed."""
        self._left_behind.append(self._pools)
        self._pools = {}
        self._lock = Lock()
        self._finalizer.detach()
        self._finalizer = finalize(self, _close_idle, self._pools)

    def lease(self, origin: str, timeout: Timeout) -> Lease[C]:
        """Return a connection for the length of a ``with`` block.

        An exception may interrupt the end of the block, too, so the lease is ended twice::

            lease = pools.lease(origin, timeout)
            try:
                with lease as (_, connection):
                    ...
                    lease.keep = True
            except BaseException:
                lease.end()
                raise

        Args:
            origin: the origin, as ``"https://eu.api.ovh.com"``.
            timeout: the wait for a slot is at most its ``read`` and its ``total``.

        Raises:
            ClientClosed: the pools are closed.
        """
        pool = self._pools.get(origin)
        if pool is None:
            with self._lock:
                if self.closed:
                    raise ClientClosed("The transport is closed")
                pool = self._pools.setdefault(origin, _Pool(origin, self._size, self._dial(origin)))
        return Lease(self, pool, timeout)

    def idle(self) -> Iterable[tuple[str, int]]:
        """Return origins, and how many connections to each are kept and not in use; from any thread."""
        return [(origin, len(pool.idle)) for origin, pool in list(self._pools.items())]

    def close(self) -> None:
        """Close the idle connections, and those in use when they come back. May be called again."""
        with self._lock:
            self.closed = True
            pools, self._pools = self._pools, {}
        _close_idle(pools)


def _close_idle(pools: dict[str, _Pool[Any]]) -> None:
    for pool in pools.values():
        while pool.idle:
            pool.idle.pop().close()


class Lease(Generic[C]):
    """A connection while it is in use.

    Attributes:
        keep: set it when the connection can be used again; else it is closed.
    """

    __slots__ = ("_connections", "_pool", "_pools", "_slots", "_timeout", "keep")

    def __init__(self, pools: Pools[C], pool: _Pool[C], timeout: Timeout) -> None:
        self.keep = False
        self._pools = pools
        self._pool = pool
        self._timeout = timeout
        self._slots: list[_Slot] = []
        self._connections: list[C] = []

    def __enter__(self) -> tuple[Lease[C], C]:
        try:
            return self, self._taken()
        except BaseException:
            self.end()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.end()

    def _taken(self) -> C:
        pool, connections = self._pool, self._connections
        try:
            self._slots.extend(islice(pool.next_free, 1))
        except Empty:
            if not pool.take_slot(self._slots, pool_wait(self._timeout)):
                raise pool_timeout(self._timeout, pool.origin) from None
        if self._pools.closed:
            raise ClientClosed("The transport is closed")
        while pool.idle:
            try:
                connections.extend(islice(pool.next_idle, 1))
            except IndexError:  # another thread was first
                break
            if not self._pools.is_stale(connections[0]):
                return connections[0]
            connections[0].close()
            connections.clear()
        connections.append(pool.connect())
        return connections[0]

    def end(self) -> None:
        """Give back the connection and the slot, if the lease still has them. May be called again."""
        pool, connections = self._pool, self._connections
        try:
            if connections:
                keeps = self.keep and not self._pools.closed
                if keeps:
                    pool.idle.extend(islice(iter(connections.pop, None), 1))
                    if self._pools.closed:
                        _close_idle({"": pool})
                for connection in connections:
                    connection.close()
                connections.clear()
        finally:
            if self._slots:
                any(map(pool.free.put, islice(iter(self._slots.pop, None), 1)))
