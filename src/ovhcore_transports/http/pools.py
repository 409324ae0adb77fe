"""Kept connections for blocking code: so many at once to each origin, shared by threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar
from weakref import finalize

from ovhcore.exceptions import ClientClosed
from ovhcore.protocol.messages import Timeout

from .deadlines import pool_timeout, pool_wait

__all__ = ["Closable", "Lease", "Pools"]


class Closable(Protocol):
    """A connection."""

    def close(self) -> object:
        """Close it."""
        ...


C = TypeVar("C", bound=Closable)


class _Pool(Generic[C]):
    """The connections to one origin."""

    __slots__ = ("connect", "idle", "origin", "places")

    def __init__(self, origin: str, size: int, connect: Callable[[], C]) -> None:
        self.origin = origin
        self.connect = connect
        self.idle: list[C] = []
        self.places = threading.Semaphore(size)


class Pools(Generic[C]):
    """Connections, by origin.

    Args:
        size: connections to one origin.
        dial: returns what makes a connection to an origin; it may be opened later, in use.
        is_stale: says whether an idle connection has anything to read: that the server has
            closed it, or sent what nobody asked for.
    """

    def __init__(self, size: int, dial: Callable[[str], Callable[[], C]], is_stale: Callable[[C], object]) -> None:
        self.is_stale = is_stale
        self.closed = False
        self._size = size
        self._dial = dial
        self._pools: dict[str, _Pool[C]] = {}
        self._opening = threading.Lock()
        self._left_behind: list[object] = []
        self._finalizer = finalize(self, _close_idle, self._pools)

    def after_fork(self) -> None:
        """Put the connections aside in the child of a fork: the parent goes on using them, so they are not closed."""
        self._left_behind.append(self._pools)
        self._pools = {}
        self._opening = threading.Lock()
        self._finalizer.detach()
        self._finalizer = finalize(self, _close_idle, self._pools)

    def lease(self, origin: str, timeout: Timeout) -> Lease[C]:
        """Return a connection for the length of a ``with`` block.

        Args:
            origin: as ``"https://eu.api.ovh.com"``.
            timeout: the wait for a place is at most its ``read`` and its ``total``.

        Raises:
            ClientClosed: the pools are closed.
        """
        pool = self._pools.get(origin)
        if pool is None:
            with self._opening:
                if self.closed:
                    raise ClientClosed("The transport is closed")
                pool = self._pools.setdefault(origin, _Pool(origin, self._size, self._dial(origin)))
        return Lease(self, pool, timeout)

    def close(self) -> None:
        """Close the idle connections, and those in use when they come back. May be called again."""
        with self._opening:
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

    __slots__ = ("_connection", "_pool", "_pools", "_timeout", "keep")

    def __init__(self, pools: Pools[C], pool: _Pool[C], timeout: Timeout) -> None:
        self.keep = False
        self._pools = pools
        self._pool = pool
        self._timeout = timeout
        self._connection: C | None = None

    def __enter__(self) -> tuple[Lease[C], C]:
        pool = self._pool
        if not pool.places.acquire(timeout=pool_wait(self._timeout)):
            raise pool_timeout(self._timeout, pool.origin)
        try:
            if self._pools.closed:
                raise ClientClosed("The transport is closed")
            connection = self._connection = self._taken()
        except BaseException:
            pool.places.release()
            raise
        return self, connection

    def _taken(self) -> C:
        while True:
            try:
                connection = self._pool.idle.pop()
            except IndexError:
                return self._pool.connect()
            if not self._pools.is_stale(connection):
                return connection
            connection.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        pool, connection = self._pool, self._connection
        assert connection is not None
        self._connection = None  # what is kept of this frame by a traceback
        try:
            if self.keep and not self._pools.closed:
                pool.idle.append(connection)
                if not self._pools.closed:
                    return
            connection.close()
        finally:
            pool.places.release()
