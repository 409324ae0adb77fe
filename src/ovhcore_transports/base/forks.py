"""Renewal in the child of a fork, for locks that another thread held and connections that the parent uses."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING
from weakref import WeakSet

# What is registered for forks lives until the interpreter has ended, and with it all that this module refers to. If
# that were something of typing, the whole of it would be taken apart last, which takes a millisecond.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Forked(Protocol):
        """An object that can be renewed in the child of a fork."""

        def after_fork(self) -> None:
            """Renew what must not be shared with the parent; called in the child while it has one thread."""
            ...


__all__ = ["Renewed", "renew_after_fork"]


_watched: WeakSet[Forked] = WeakSet()


def renew_after_fork(thing: Forked) -> None:
    """Have ``thing.after_fork()`` called in the child of every fork, for as long as ``thing`` lives.

    Call this when the thing is complete: another thread may fork at any time.
    """
    _watched.add(thing)


class Renewed:
    """Base of objects that are renewed in the child of every fork, once their last ``__init__`` has ended.

    Before that a subclass may lack attributes that its ``after_fork`` needs: it may call the base's ``__init__`` first.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Another base, or the class itself, has an __init__ that does not know of renewal.
        if not hasattr(cls.__init__, "_is_watching"):
            cls.__init__ = _then_watched(cls.__init__)  # type: ignore[method-assign]

    def after_fork(self) -> None:
        """Renew everything that must not be shared with the parent; called in the child."""


def _then_watched(initialize: Callable[..., None]) -> Callable[..., None]:
    @wraps(initialize)
    def initialized(self: Any, *args: Any, **options: Any) -> None:
        initialize(self, *args, **options)
        if type(self).__init__ is initialized:
            renew_after_fork(self)

    initialized._is_watching = True  # type: ignore[attr-defined]
    return initialized


def _renew() -> None:
    failures: list[Exception] = []
    # The renewal of an object may add another one to the set.
    for thing in list(_watched):
        try:
            thing.after_fork()
        except Exception as error:  # one failure must not leave other objects with connections of the parent
            failures.append(error)
    if failures:  # the interpreter reports the exception, and goes on
        raise ExceptionGroup("not everything could be made anew after a fork", failures)


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_renew)
