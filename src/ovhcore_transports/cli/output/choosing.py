"""Which members of objects a narrow terminal shows: what names an object, then what tells it from others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from ovhcore._internal import is_secret_name

from .shaping import columns_of, naming

__all__ = ["fitting"]

_STATES: Final = frozenset({"state", "status"})
_LOOKED_FOR: Final = re.compile(
    "(?:display|sub)?_?name|description|label|title|comment|(?:field)?type|target|date|expiration(?:date)?|ip"
    "|os|offer|plan|planCode|model|datacenter|region|country",
    re.IGNORECASE,
)
"""Members that people look for, whichever the object."""
_LONG: Final = 40
_WIDTHS: Final = (_LONG, 24)
"""What a column needs at most for a table to take it; longer text is folded. The second is for narrow terminals."""

_NAMES_IT, _TELLS, _DIFFERS, _NAMES_ANOTHER, _IS_LONG, _IS_THE_SAME, _IS_NESTED, _IS_SECRET, _IS_EMPTY = range(9)


def fitting(
    rows: Sequence[dict[str, Any]], width: int, between: int, shown: Callable[[Any], str], path: str = ""
) -> tuple[list[str], list[str]]:
    """Return the members that there is room for, what names an object in front, and the others.

    Args:
        rows: the objects.
        width: of the terminal, in characters.
        between: characters between columns.
        shown: returns what a cell shows.
        path: of the call that they are the answer of.
    """
    from rich.cells import cell_len  # some characters are two wide

    first = naming(rows, path)
    names = sorted(columns_of(rows), key=lambda name: name != first)
    cells = {name: [shown(row.get(name)) for row in rows] for name in names}
    ranks = {name: _rank(name, rows, cells, first) for name in names}
    longest = {name: max(map(cell_len, cells[name]), default=0) for name in names}
    kept: set[str] = set()
    for widest in _WIDTHS:
        kept, used = set(), -between
        for name in sorted(names, key=lambda name: ranks[name]):
            most = _LONG if name == first else widest
            need = max(cell_len(name), min(longest[name], most)) + between
            if not kept or used + need <= width:
                kept.add(name)
                used += need
        if all(name in kept for name in names if ranks[name] <= _DIFFERS):
            break
    return [name for name in names if name in kept], [name for name in names if name not in kept]


def _rank(name: str, rows: Sequence[dict[str, Any]], cells: dict[str, list[str]], first: str | None) -> int:
    """Return how little a member tells: what is lowest is shown first."""
    values = [row.get(name) for row in rows]
    here = cells[name]
    if name == first:
        return _NAMES_IT
    if not any(here):
        return _IS_EMPTY
    if is_secret_name(name):
        return _IS_SECRET
    amount = any(isinstance(value, dict) and "text" in value for value in values)
    if not amount and any(isinstance(value, (dict, list)) for value in values):
        return _IS_NESTED
    if first is not None and here == cells[first]:
        return _IS_THE_SAME
    if name.lower() in _STATES:
        return _TELLS
    if len(rows) > 1 and len(set(here)) == 1:
        return _IS_THE_SAME
    if amount or _LOOKED_FOR.fullmatch(name):
        return _TELLS
    if name.endswith(("Id", "_id")):
        return _NAMES_ANOTHER
    return _IS_LONG if max(map(len, here)) > _LONG else _DIFFERS
