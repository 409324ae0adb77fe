"""What calls changed of what is made up: kept as plain data, so that a snapshot can hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final

from .packing import Objects, RunningTasks
from .running_task import RunningTask

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
        running: by the path of an object, the :class:`.RunningTask` that changes it.
        long: by their paths, the size of long objects as JSON, in bytes.
    """

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, dict[str, bool]] = field(default_factory=dict)
    objects: Objects = field(default_factory=Objects)
    gone: dict[str, bool] = field(default_factory=dict)
    running: RunningTasks = field(default_factory=RunningTasks)
    long: dict[str, int] = field(default_factory=dict)

    volatile: ClassVar = ("_below", "_deleted", "_leaving", "_text")
    """Attributes that follow from the others: no snapshot has them."""

    def restored(self) -> None:
        """Turn the plain data of a snapshot into the containers of this class."""
        for name, kind in (("objects", Objects), ("running", RunningTasks)):
            if not isinstance(getattr(self, name), kind):
                kept = kind()
                kept.update(getattr(self, name))
                setattr(self, name, kept)

    def full(self, size: int) -> bool:
        """Say whether there is no room for one more.

        Args:
            size: of what was sent, in bytes.
        """
        if len(self.objects) + len(self.gone) + self._deleted >= _MOST:
            return True
        # What was made up is short; what is long was sent.
        return size > _LONG and self._text + size > _MOST_TEXT

    def __bool__(self) -> bool:
        """Whether anything was changed."""
        return any(map(bool, (self.added, self.removed, self.objects, self.gone)))

    @cached_property
    def _deleted(self) -> int:
        """How many ids were deleted."""
        return sum(map(len, self.removed.values()))

    @cached_property
    def _leaving(self) -> dict[str, dict[str, bool]]:
        """By the path above them, the paths of objects that will be gone when their task is over."""
        leaving: dict[str, dict[str, bool]] = {}
        for path, task in self.running.items():
            if task.steps.get("gone"):
                leaving.setdefault(path.rpartition("/")[0], {})[path] = True
        return leaving

    @cached_property
    def _text(self) -> int:
        """How long the long objects are, together."""
        return sum(self.long.values())

    @cached_property
    def _below(self) -> dict[str, dict[str, bool]]:
        """By a path, the paths one segment longer at which something is held, or below which it is.

        Objects, and what is being done to them, are not in here where nothing is below them: they know what is.
        """
        below: dict[str, dict[str, bool]] = {}
        self.__dict__["_below"] = below
        for kept in (self.added, self.removed, self.gone):
            for path in kept:
                self._enter(path)
        for path in (*self.objects, *self.running):
            self._enter(path.rpartition("/")[0])
        return below

    @property
    def _all(self) -> tuple[MutableMapping[str, Any], ...]:
        return self.added, self.objects, self.gone, self.running

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
        waiting = [path]
        while waiting:
            each = waiting.pop()
            yield from [f"{each}/{segment}" for kept in (self.objects, self.running) for segment in kept.below(each)]
            inner = list(self._below.pop(each, ()))
            yield from inner
            waiting += inner

    def shown(self, path: str | None = None) -> dict[str, Any]:
        """Return what is held, by its path.

        Args:
            path: of an object, or of what holds objects, for those alone.
        """
        below = () if path is None else (f"{path}/{segment}" for segment in self.objects.below(path))
        wanted = list(self.objects) if path is None else [path, *below]
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
            size = len(json.dumps(value))
            self._text += size - self.long.get(path, 0)
            self.long[path] = size
        self._enter(path.rpartition("/")[0])

    def run(self, path: str, task: RunningTask) -> None:
        """Hold a task that changes an object."""
        above = path.rpartition("/")[0]
        if task.steps.get("gone"):
            self._leaving.setdefault(above, {})[path] = True
        self.running[path] = task
        self._enter(above)

    def end(self, path: str) -> None:
        """Forget the task that changes an object."""
        if self.running.pop(path, None) is not None:
            self._leaving.get(path.rpartition("/")[0], {}).pop(path, None)

    def leaving(self, path: str) -> list[str]:
        """Return the paths, one segment below this one, of objects that will be gone."""
        return list(self._leaving.get(path, ()))

    def add(self, list_path: str, item_path: str, item_id: Any, value: dict[str, Any], sent: int = 0) -> None:
        """Add an object to a list; arguments as for :meth:`keep`."""
        text, (above, slash, segment) = str(item_id), item_path.rpartition("/")
        if segment == text:
            self.objects.put(above + slash, text, value)  # one text for both
        self.keep(item_path, value, sent)
        if self.removed.get(list_path, {}).pop(text, None):
            self._deleted -= 1
        self.added.setdefault(list_path, {})[text] = text if isinstance(item_id, str) else item_id
        self._enter(list_path)

    def remove(self, list_path: str | None, item_path: str, item_id: str) -> None:
        """Remove an object, and what is below it."""
        for path in (item_path, *self._everything_below(item_path)):
            self.end(path)
            for kept in self._all:
                kept.pop(path, None)
            self._deleted -= len(self.removed.pop(path, ()))
            self._text -= self.long.pop(path, 0)
        self._below.get(item_path.rpartition("/")[0], {}).pop(item_path, None)
        if list_path is None:
            self.gone[item_path] = True
            self._enter(item_path)
        elif self.added.get(list_path, {}).pop(item_id, None) is None:
            removed = self.removed.setdefault(list_path, {})
            self._deleted += item_id not in removed
            removed[item_id] = True
            self._enter(list_path)
