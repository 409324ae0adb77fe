"""How many connections are kept and not in use, for metrics.

Pools say it when somebody asks, and pay nothing for it until then. Any thread may ask, while others use the pools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, Protocol
from weakref import ref

__all__ = ["KeepsConnections", "idle_connections", "keeps_connections"]


class KeepsConnections(Protocol):
    """What has connections: a pool or a transport."""

    def idle(self) -> Iterable[tuple[str, int]]:
        """Return origins, and how many connections to each are kept and not in use; from any thread."""
        ...


_known: Final[set[ref[KeepsConnections]]] = set()


def keeps_connections(pool: KeepsConnections) -> None:
    """Count the connections of a pool for as long as somebody has it."""
    # One step each, which other threads cannot see half done: a lock could be held at a fork.
    _known.add(ref(pool, _known.discard))


def idle_connections() -> dict[str, int]:
    """Return how many connections of this process are kept and not in use, by origin."""
    found: Counter[str] = Counter()
    for pool in filter(None, [known() for known in list(_known)]):
        for origin, number in pool.idle():
            found[origin] += number
    return dict(found)
