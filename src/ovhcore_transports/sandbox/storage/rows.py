"""Lists of objects that are found by their ids, of which all but a thousand are held as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSequence
from itertools import islice
from typing import Any, Final, TypeAlias, overload

from .packing import Packing

__all__ = ["Row", "Rows", "find", "ids_of"]

_MOST_OPEN: Final = 1000

Row: TypeAlias = dict[str, Any]


class _Twin:
    """The key of an object that has no id, or the id of another one; the key of every other object is its id."""


class Rows(MutableSequence[Row]):
    """Objects in a list: used like a list of them, and found by the member that holds their ids.

    An object that is read is the one that is there, and may be changed. Of more than a thousand, those that were not
    used for the longest time are packed: a change that is made to one of them later, because it is still at hand, is
    not seen.

    Args:
        objects: those there are.
        id_member: the member that holds the id, as ``"billId"``.
        groups: two members by which objects are found, too, as ``("zone", "subDomain")``.

    Attributes:
        lent: whether others may hold objects of it, and change the members by which they are found.
    """

    def __init__(
        self, objects: Iterable[Row] = (), id_member: str = "id", groups: tuple[str, str] | None = None
    ) -> None:
        self.id_member, self.groups, self.lent = id_member, groups, False
        self._packing = Packing()
        self._rows: dict[Any, Row | bytes] = {}
        self._open: dict[Any, tuple[Any, Any] | None] = {}  # what they stand under in the groups
        self._grouped: dict[Any, dict[Any, list[Any]]] = {}
        self._twins = 0
        self.extend(objects)

    # As a list

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return (self._use(key) for key in list(self._rows))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._use(key) for key in list(self._rows)[index]]
        return self._use(self._key_at(index))

    @overload
    def __setitem__(self, index: int, value: Row) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Row]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        every = list(self)
        every[index] = value
        self.clear()
        self.extend(every)

    def __delitem__(self, index: int | slice) -> None:
        for key in list(self._rows)[index] if isinstance(index, slice) else [self._key_at(index)]:
            self._drop(key)

    def insert(self, index: int, value: Row) -> None:
        """Put an object before the one at an index."""
        before = list(self._rows) if index < len(self) else None
        key = self._free_key(value)
        self._rows[key] = value
        if before is not None:
            before.insert(index, key)
            self._rows = {each: self._rows[each] for each in before}
        self._hold_open(key, value)

    def clear(self) -> None:
        """Hold nothing."""
        self._rows.clear()
        self._open.clear()
        self._grouped.clear()
        self._twins = 0

    def remove(self, value: Row) -> None:
        """Remove an object, or the first that is equal.

        Raises:
            ValueError: there is none.
        """
        self._settle()
        key = value.get(self.id_member)
        if not isinstance(key, (str, int)) or self._rows.get(key) is not value:
            key = next((each for each in list(self._rows) if self._use(each) == value), None)
            if key is None:
                raise ValueError("there is no such object")
        self._drop(key)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, Rows)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"

    # By what they hold

    def ids(self) -> list[Any]:
        """Return the ids, in order."""
        self._settle()
        return [self._use(each).get(self.id_member) if isinstance(each, _Twin) else each for each in self._rows]

    def find(self, value: str) -> Row | None:
        """Return the object with an id, which is written as text; None if there is none."""
        self._settle()
        whole = value.isdecimal() and len(value) < 19
        for key in (value, int(value) if whole else value):
            if key in self._rows and str(key) == value:
                return self._use(key)
        twins = [each for each in self._rows if isinstance(each, _Twin)] if self._twins else []
        return next((each for each in map(self._use, twins) if str(each.get(self.id_member)) == value), None)

    def group(self, first: Any, second: Any) -> list[Row]:
        """Return the objects that have these members in the groups."""
        self._settle()
        return [self._use(key) for key in list(self._grouped.get(first, {}).get(second, ()))]

    def group_ids(self, first: Any) -> list[Any]:
        """Return the ids of the objects with a first member of the groups, in order."""
        self._settle()
        beside = self._grouped.get(first, {})
        if sum(map(len, beside.values())) == len(self):
            return self.ids()
        wanted = {key for keys in beside.values() for key in keys}
        found = [key for key in self._rows if key in wanted]
        return [self._use(each).get(self.id_member) if isinstance(each, _Twin) else each for each in found]

    def firsts(self) -> list[Any]:
        """Return the first members of the groups that there are."""
        self._settle()
        return [each for each, beside in self._grouped.items() if beside]

    def changed(self, value: Row) -> None:
        """Let an object be found by the members that it has now, if others than its id were changed."""
        key = value.get(self.id_member)
        if self._rows.get(key) is value:
            self._correct(key, value)

    # Inside

    def _free_key(self, value: Row) -> Any:
        key = value.get(self.id_member)
        if isinstance(key, (str, int)) and key not in self._rows:
            return key
        self._twins += 1
        return _Twin()

    def _standing(self, value: Row) -> tuple[Any, Any] | None:
        return None if self.groups is None else (value.get(self.groups[0]), value.get(self.groups[1]) or "")

    def _hold_open(self, key: Any, value: Row) -> None:
        standing = self._open[key] = self._standing(value)
        if standing is not None:
            self._grouped.setdefault(standing[0], {}).setdefault(standing[1], []).append(key)
        self._close()

    def _close(self) -> None:
        """Pack what was not used for the longest time."""
        while len(self._open) > _MOST_OPEN:
            value = self._rows[next(iter(self._open))]
            assert isinstance(value, dict)
            oldest = self._correct(next(iter(self._open)), value)
            del self._open[oldest]
            self._rows[oldest] = self._packing.pack(value)

    def _correct(self, key: Any, value: Row) -> Any:
        """Let an open object be found by the members that it has now; return its key."""
        standing = self._standing(value)
        if standing != self._open[key]:
            self._leave(key)
            self._open[key] = standing
            assert standing is not None
            self._grouped.setdefault(standing[0], {}).setdefault(standing[1], []).append(key)
        own = value.get(self.id_member)
        if own == key or isinstance(key, _Twin):
            return key
        self._leave(key)
        new = self._free_key(value)
        self._rows = {new if each == key else each: kept for each, kept in self._rows.items()}
        self._open = {new if each == key else each: kept for each, kept in self._open.items()}
        if standing is not None:
            self._grouped[standing[0]].setdefault(standing[1], []).append(new)
        return new

    def _leave(self, key: Any) -> None:
        standing = self._open[key]
        if standing is not None:
            beside = self._grouped[standing[0]]
            beside[standing[1]].remove(key)
            if not beside[standing[1]]:
                del beside[standing[1]]

    def _key_at(self, index: int) -> Any:
        count = len(self._rows)
        if not -count <= index < count:
            raise IndexError("there are fewer objects")
        return next(islice(self._rows, index % count, None))

    def _use(self, key: Any) -> Row:
        value = self._rows[key]
        if isinstance(value, bytes):
            value = self._rows[key] = self._packing.unpack(value)
            self._open[key] = self._standing(value)
            self._close()
        elif len(self._rows) > _MOST_OPEN:
            self._open[key] = self._open.pop(key)
        return value

    def _drop(self, key: Any) -> None:
        self._use(key)
        self._leave(key)
        self._twins -= isinstance(key, _Twin)
        del self._open[key], self._rows[key]

    def _settle(self) -> None:
        """Let objects that others changed be found by the members that they have now."""
        if self.lent:
            for key in list(self._open):
                value = self._rows[key]
                assert isinstance(value, dict)
                self._correct(key, value)


def ids_of(rows: Iterable[Row], member: str) -> list[Any]:
    """Return what the objects of a list have as their ids."""
    if isinstance(rows, Rows) and rows.id_member == member:
        return rows.ids()
    return [each.get(member) for each in rows]


def find(rows: Iterable[Row], member: str, value: str) -> Row | None:
    """Return the object whose id, as text, is a value; None if there is none."""
    if isinstance(rows, Rows) and rows.id_member == member:
        return rows.find(value)
    return next((each for each in rows if str(each.get(member)) == value), None)
