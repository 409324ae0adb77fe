"""Mappings that do not change."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping
from typing import Any, Final, TypeVar, overload

__all__ = ["Table"]

V = TypeVar("V")
T = TypeVar("T")
_MISSING: Final = object()


class Table(Mapping[str, V]):
    """A mapping that does not change; the first use of a value makes it.

    Args:
        rows: the data for the values.
        make: makes a value from a row; without it, the rows are the values.
    """

    __slots__ = ("_made", "_make", "_rows", "_whole")

    def __init__(self, rows: Mapping[str, Any], make: Callable[[Any], V] | None = None) -> None:
        self._rows = rows
        self._make = make
        self._made: dict[str, V] = {}
        self._whole: dict[str, V] | None = None

    def __getitem__(self, key: str) -> V:
        value: Any = self._made.get(key, _MISSING)
        if value is _MISSING:
            row = self._rows[key]
            value = self._made[key] = row if self._make is None else self._make(row)
        return value  # type: ignore[no-any-return]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    # What a mapping has does the same, by calls of the above for each of its members.

    def keys(self) -> KeysView[str]:
        """Return the keys."""
        return self._rows.keys()

    def items(self) -> ItemsView[str, V]:
        """Return the keys with their values, each of which is made."""
        if self._whole is None:
            self._whole = {key: self[key] for key in self._rows}
        return self._whole.items()

    @overload
    def get(self, key: str, default: None = None, /) -> V | None: ...
    @overload
    def get(self, key: str, default: V, /) -> V: ...
    @overload
    def get(self, key: str, default: T, /) -> V | T: ...
    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key, another one if there is none."""
        return self[key] if key in self._rows else default

    def __len__(self) -> int:
        return len(self._rows)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._rows)))

    def __repr__(self) -> str:
        return f"Table({', '.join(self._rows)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Table, (dict(self),))
