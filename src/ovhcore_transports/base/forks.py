"""What has to be made anew in the child of a fork: locks that another thread held, connections that the parent uses."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Forked", "renew_after_fork"]


class Forked(Protocol):
    """What can be renewed."""

    def after_fork(self) -> None:
        """Make anew what must not be shared with the parent; called in the child while it has one thread."""
        ...


_watched: WeakSet[Forked] = WeakSet()


def renew_after_fork(thing: Forked) -> None:
    """Have ``thing.after_fork()`` called in the child of every fork, for as long as ``thing`` lives."""
    _watched.add(thing)


def _renew() -> None:
    for thing in _watched:
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_renew)
