"""The threads that a test has begun: a client of an earlier test, which nobody has freed yet, may have some."""

from __future__ import annotations

import threading

__all__ = ["note_threads", "threads_of_test"]

_before: set[threading.Thread] = set()


def note_threads() -> None:
    """Note the threads that are there before a test begins."""
    _before.clear()
    _before.update(threading.enumerate())


def threads_of_test(*names: str) -> list[threading.Thread]:
    """Return the threads with names that begin so, of those that were begun during the test."""
    return [each for each in threading.enumerate() if each not in _before and each.name.startswith(names)]
