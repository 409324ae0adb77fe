"""What calls changed of what is made up: kept as plain data, so that a snapshot can hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Held"]

_MOST: Final = 250_000


@dataclass
class Held:
    """Changes to what the sandbox makes up.

    Attributes:
        added: by the path of a list, the ids that were added, by their text.
        removed: by the path of a list, the ids that were deleted, as text.
        objects: by their paths, the objects that were made or changed.
        gone: paths of objects that no list has, and that were deleted.
        running: by the path of an object, the :class:`.Operation` that is being done to it.
    """

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, dict[str, bool]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, bool] = field(default_factory=dict)
    running: dict[str, Any] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether there are so many objects that no more are taken."""
        return len(self.objects) >= _MOST

    def __bool__(self) -> bool:
        """Whether anything was changed."""
        return any(map(bool, (self.added, self.removed, self.objects, self.gone)))

    def keep(self, path: str, value: dict[str, Any]) -> None:
        """Keep an object."""
        self.objects[path] = value
        self.gone.pop(path, None)

    def add(self, list_path: str, item_path: str, item_id: Any, value: dict[str, Any]) -> None:
        """Add an object to a list."""
        self.keep(item_path, value)
        self.removed.get(list_path, {}).pop(str(item_id), None)
        self.added.setdefault(list_path, {})[str(item_id)] = item_id

    def remove(self, list_path: str | None, item_path: str, item_id: str) -> None:
        """Remove an object, and what is below it."""
        if list_path is None:
            self.gone[item_path] = True
        elif self.added.get(list_path, {}).pop(item_id, None) is None:
            self.removed.setdefault(list_path, {})[item_id] = True
        self.objects.pop(item_path, None)
        self.running.pop(item_path, None)
        for kept in (self.added, self.removed, self.objects, self.gone, self.running):
            below = [path for path in kept if path.startswith(f"{item_path}/")]
            for path in below:
                del kept[path]
