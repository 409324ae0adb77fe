"""Lists of objects that are made when they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

__all__ = ["LazyList"]


class LazyList(Sequence[Any]):
    """The objects of a list, each made when it is read: of a long one, a page is what is needed.

    Args:
        ids: their ids, as text.
        read: returns the object with an id.
    """

    def __init__(self, ids: list[str], read: Callable[[str], Any]) -> None:
        self._ids = ids
        self._read = read

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return (
            [self._read(each) for each in self._ids[index]]
            if isinstance(index, slice)
            else self._read(self._ids[index])
        )
