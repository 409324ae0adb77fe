"""The number of idle connections, for metrics.

Pools say it when somebody asks, and pay nothing for it until then. Any thread may ask, while others use the pools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol
from weakref import ref

__all__ = ["KeepsConnections", "idle_connections", "keeps_connections"]


class KeepsConnections(Protocol):
    """An object that has connections: a pool or a transport."""

    def idle(self) -> Iterable[tuple[str, int]]:
        """Return the origins, and the number of idle connections to each. May be called in any thread."""
        ...


_known: Final[set[ref[KeepsConnections]]] = set()


def keeps_connections(pool: KeepsConnections) -> None:
    """Count the connections of a pool as long as it exists."""
    # This is one step, which no other thread can see half done; a lock could be held at a fork.
    _known.add(ref(pool, _known.discard))


def idle_connections() -> dict[str, int]:
    """Return the number of idle connections of this process, by origin."""
    found: Counter[str] = Counter()
    for pool in filter(None, [known() for known in list(_known)]):
        for origin, number in pool.idle():
            found[origin] += number
    return dict(found)
