"""What calls changed of what is made up: kept as plain data, so that a snapshot can hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final

from .packing import Objects

__all__ = ["Held"]

_MOST: Final = 250_000
_MOST_TEXT: Final = 64 * 2**20
_LONG: Final = 4096  # bodies that are shorter are not measured: so many of them fit


@dataclass
class Held:
    """Changes to what the sandbox makes up. What is below an object that is removed is found without a search.

    Attributes:
        added: by the path of a list, the ids that were added, by their text.
        removed: by the path of a list, the ids that were deleted, as text.
        objects: by their paths, the objects that were made or changed.
        gone: paths of objects that no list has, and that were deleted.
        running: by the path of an object, the :class:`.Operation` that is being done to it.
        long: by their paths, the size of long objects as JSON, in bytes.
    """

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, dict[str, bool]] = field(default_factory=dict)
    objects: MutableMapping[str, dict[str, Any]] = field(default_factory=Objects)
    gone: dict[str, bool] = field(default_factory=dict)
    running: dict[str, Any] = field(default_factory=dict)
    long: dict[str, int] = field(default_factory=dict)

    volatile: ClassVar = ("_below",)
    """What follows from the rest, and is not kept in a snapshot."""

    def full(self, size: int) -> bool:
        """Say whether there is no room for one more.

        Args:
            size: of what was sent, in bytes.
        """
        deleted = len(self.gone) + sum(map(len, self.removed.values()))
        if len(self.objects) + deleted >= _MOST:
            return True
        # What was made up is short; what is long was sent.
        return size > _LONG and sum(self.long.values()) + size > _MOST_TEXT

    def __bool__(self) -> bool:
        """Whether anything was changed."""
        return any(map(bool, (self.added, self.removed, self.objects, self.gone)))

    @cached_property
    def _below(self) -> dict[str, dict[str, bool]]:
        """By a path, the paths one segment longer at which something is held, or below which it is."""
        below: dict[str, dict[str, bool]] = {}
        self.__dict__["_below"] = below
        for kept in self._all:
            for path in kept:
                self._enter(path)
        return below

    @property
    def _all(self) -> tuple[MutableMapping[str, Any], ...]:
        return self.added, self.removed, self.objects, self.gone, self.running, self.long

    def _enter(self, path: str) -> None:
        below = self._below
        while path:
            parent = path.rpartition("/")[0]
            beside = below.setdefault(parent, {})
            if path in beside:
                return
            beside[path] = True
            path = parent

    def _everything_below(self, path: str) -> Iterator[str]:
        waiting = list(self._below.pop(path, ()))
        while waiting:
            each = waiting.pop()
            yield each
            waiting += self._below.pop(each, ())

    def shown(self, path: str | None = None) -> dict[str, Any]:
        """Return what is held, by its path.

        Args:
            path: of an object, or of what holds objects, for those alone.
        """
        wanted = list(self.objects) if path is None else [path, *self._below.get(path, {})]
        found = {each: self.objects[each] for each in wanted if each in self.objects}
        return {each: value.get("", value) for each, value in found.items()}

    def keep(self, path: str, value: dict[str, Any], sent: int = 0) -> None:
        """Keep an object.

        Args:
            path: of the object.
            value: the object.
            sent: the size of what was sent for it, in bytes.
        """
        self.objects[path] = value
        self.gone.pop(path, None)
        if sent > _LONG or path in self.long:
            self.long[path] = len(json.dumps(value))
        self._enter(path)

    def run(self, path: str, operation: Any) -> None:
        """Let something be done to an object."""
        self.running[path] = operation
        self._enter(path)

    def begun(self, path: str) -> list[str]:
        """Return the paths, this one or one segment below, of objects to which something is being done."""
        fewer, more = sorted((self.running, self._below.get(path, {})), key=len)
        return [each for each in fewer if each in more] + [path] * (path in self.running)

    def add(self, list_path: str, item_path: str, item_id: Any, value: dict[str, Any], sent: int = 0) -> None:
        """Add an object to a list; arguments as for :meth:`keep`."""
        self.keep(item_path, value, sent)
        self.removed.get(list_path, {}).pop(str(item_id), None)
        self.added.setdefault(list_path, {})[str(item_id)] = item_id
        self._enter(list_path)

    def remove(self, list_path: str | None, item_path: str, item_id: str) -> None:
        """Remove an object, and what is below it."""
        for path in (item_path, *self._everything_below(item_path)):
            for kept in self._all:
                kept.pop(path, None)
        self._below.get(item_path.rpartition("/")[0], {}).pop(item_path, None)
        if list_path is None:
            self.gone[item_path] = True
            self._enter(item_path)
        elif self.added.get(list_path, {}).pop(item_id, None) is None:
            self.removed.setdefault(list_path, {})[item_id] = True
            self._enter(list_path)
