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
    """The place of an object that has no id, or the id of another one."""


class Rows(MutableSequence[Row]):
    """Objects in a list: used like a list of them, and found by the member that holds their ids.

    An object that is read is the one that is there, and may be changed. Of more than a thousand, those that were not
    used for the longest time are packed: a change that is made to one of them later, because it is still at hand, is
    not seen.

    Args:
        objects: those there are.
        key: the member that holds the id, as ``"billId"``.
        groups: two members by which objects are found, too, as ``("zone", "subDomain")``.

    Attributes:
        lent: whether others may hold objects of it, and change the members by which they are found.
    """

    def __init__(self, objects: Iterable[Row] = (), key: str = "id", groups: tuple[str, str] | None = None) -> None:
        self.key, self.groups, self.lent = key, groups, False
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
        return (self._use(place) for place in list(self._rows))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._use(place) for place in list(self._rows)[index]]
        return self._use(self._place(index))

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
        for place in list(self._rows)[index] if isinstance(index, slice) else [self._place(index)]:
            self._drop(place)

    def insert(self, index: int, value: Row) -> None:
        """Put an object before the one at an index."""
        before = list(self._rows) if index < len(self) else None
        place = self._free_place(value)
        self._rows[place] = value
        if before is not None:
            before.insert(index, place)
            self._rows = {each: self._rows[each] for each in before}
        self._hold_open(place, value)

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
        place = value.get(self.key)
        if not isinstance(place, (str, int)) or self._rows.get(place) is not value:
            place = next((each for each in list(self._rows) if self._use(each) == value), None)
            if place is None:
                raise ValueError("there is no such object")
        self._drop(place)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, Rows)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"

    # By what they hold

    def ids(self) -> list[Any]:
        """Return the ids, in order."""
        self._settle()
        return [self._use(each).get(self.key) if isinstance(each, _Twin) else each for each in self._rows]

    def find(self, value: str) -> Row | None:
        """Return the object with an id, which is written as text; None if there is none."""
        self._settle()
        whole = value.isdecimal() and len(value) < 19
        for place in (value, int(value) if whole else value):
            if place in self._rows and str(place) == value:
                return self._use(place)
        twins = [each for each in self._rows if isinstance(each, _Twin)] if self._twins else []
        return next((each for each in map(self._use, twins) if str(each.get(self.key)) == value), None)

    def group(self, first: Any, second: Any) -> list[Row]:
        """Return the objects that have these members in the groups."""
        self._settle()
        return [self._use(place) for place in list(self._grouped.get(first, {}).get(second, ()))]

    def group_ids(self, first: Any) -> list[Any]:
        """Return the ids of the objects with a first member of the groups, in order."""
        self._settle()
        beside = self._grouped.get(first, {})
        if sum(map(len, beside.values())) == len(self):
            return self.ids()
        wanted = {place for places in beside.values() for place in places}
        found = [place for place in self._rows if place in wanted]
        return [self._use(each).get(self.key) if isinstance(each, _Twin) else each for each in found]

    def firsts(self) -> list[Any]:
        """Return the first members of the groups that there are."""
        self._settle()
        return [each for each, beside in self._grouped.items() if beside]

    def changed(self, value: Row) -> None:
        """Let an object be found by the members that it has now, if others than its id were changed."""
        place = value.get(self.key)
        if self._rows.get(place) is value:
            self._correct(place, value)

    # Inside

    def _free_place(self, value: Row) -> Any:
        place = value.get(self.key)
        if isinstance(place, (str, int)) and place not in self._rows:
            return place
        self._twins += 1
        return _Twin()

    def _standing(self, value: Row) -> tuple[Any, Any] | None:
        return None if self.groups is None else (value.get(self.groups[0]), value.get(self.groups[1]) or "")

    def _hold_open(self, place: Any, value: Row) -> None:
        standing = self._open[place] = self._standing(value)
        if standing is not None:
            self._grouped.setdefault(standing[0], {}).setdefault(standing[1], []).append(place)
        self._close()

    def _close(self) -> None:
        """Pack what was not used for the longest time."""
        while len(self._open) > _MOST_OPEN:
            value = self._rows[next(iter(self._open))]
            assert isinstance(value, dict)
            oldest = self._correct(next(iter(self._open)), value)
            del self._open[oldest]
            self._rows[oldest] = self._packing.pack(value)

    def _correct(self, place: Any, value: Row) -> Any:
        """Let an open object be found by the members that it has now; return its place."""
        standing = self._standing(value)
        if standing != self._open[place]:
            self._leave(place)
            self._open[place] = standing
            assert standing is not None
            self._grouped.setdefault(standing[0], {}).setdefault(standing[1], []).append(place)
        own = value.get(self.key)
        if own == place or isinstance(place, _Twin):
            return place
        self._leave(place)
        new = self._free_place(value)
        self._rows = {new if each == place else each: kept for each, kept in self._rows.items()}
        self._open = {new if each == place else each: kept for each, kept in self._open.items()}
        if standing is not None:
            self._grouped[standing[0]].setdefault(standing[1], []).append(new)
        return new

    def _leave(self, place: Any) -> None:
        standing = self._open[place]
        if standing is not None:
            beside = self._grouped[standing[0]]
            beside[standing[1]].remove(place)
            if not beside[standing[1]]:
                del beside[standing[1]]

    def _place(self, index: int) -> Any:
        count = len(self._rows)
        if not -count <= index < count:
            raise IndexError("there are fewer objects")
        return next(islice(self._rows, index % count, None))

    def _use(self, place: Any) -> Row:
        value = self._rows[place]
        if isinstance(value, bytes):
            value = self._rows[place] = self._packing.unpack(value)
            self._open[place] = self._standing(value)
            self._close()
        elif len(self._rows) > _MOST_OPEN:
            self._open[place] = self._open.pop(place)
        return value

    def _drop(self, place: Any) -> None:
        self._use(place)
        self._leave(place)
        self._twins -= isinstance(place, _Twin)
        del self._open[place], self._rows[place]

    def _settle(self) -> None:
        """Let objects that others changed be found by the members that they have now."""
        if self.lent:
            for place in list(self._open):
                value = self._rows[place]
                assert isinstance(value, dict)
                self._correct(place, value)


def ids_of(rows: Iterable[Row], member: str) -> list[Any]:
    """Return what the objects of a list have as their ids."""
    if isinstance(rows, Rows) and rows.key == member:
        return rows.ids()
    return [each.get(member) for each in rows]


def find(rows: Iterable[Row], member: str, value: str) -> Row | None:
    """Return the object whose id, as text, is a value; None if there is none."""
    if isinstance(rows, Rows) and rows.key == member:
        return rows.find(value)
    return next((each for each in rows if str(each.get(member)) == value), None)
