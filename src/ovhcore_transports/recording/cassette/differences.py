"""The places where two values of JSON differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

__all__ = ["MISSING", "Steps", "differences"]

Steps: TypeAlias = tuple[str | int, ...]
"""The way to a place in a value: names of members and numbers of items."""
MISSING: Final = object()
"""Stands for the value of a member that an object lacks."""


def differences(old: Any, new: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any, Any]]:
    """Yield each place in which two values differ, with both values there; lists of different lengths differ as wholes.

    Args:
        old: any value.
        new: any value.
        steps: the way to both.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from differences(old.get(name, MISSING), new.get(name, MISSING), (*steps, name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, (*steps, number))
    elif old != new:
        yield steps, old, new
