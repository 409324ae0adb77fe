"""Tables for people, as wide as the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..frame.text import visible
from .choosing import fitting
from .formats import cell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["console", "left_out", "table_of"]

_BETWEEN: Final = 2
# Of an object in a cell, what stands for it: prices have "text", many others a name.
_SPEAKING: Final = ("text", "displayName", "name", "value", "status", "id", "code")


def table_of(value: Any, width: int, columns: list[str] | None = None, path: str = "") -> tuple[Table, list[str]]:
    """Return a table, and the members that it has no room for.

    Args:
        value: an object, a list of objects, or a list of plain values.
        width: of the terminal, in characters.
        columns: the members to show, all of them; by default, as many as there is room for.
        path: of the call that was answered with it.
    """
    from rich.markup import escape
    from rich.table import Table

    if isinstance(value, dict):
        table = _empty(Table, header=False)
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for name in columns or value:
            table.add_row(escape(visible(name)), escape(_shown(value.get(name))))
        return table, []
    rows = [each if isinstance(each, dict) else {"": each} for each in value]
    names, left = (columns, []) if columns else fitting(rows, width, _BETWEEN, _shown, path)
    table = _empty(Table, header=names != [""])
    for name in names:
        values = [row.get(name) for row in rows if row.get(name) is not None]
        right = any(not isinstance(value, bool) for value in values) and all(map(_is_number, values))
        table.add_column(escape(visible(name)), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(_shown(row.get(name))) for name in names))
    return table, left


def left_out(names: list[str]) -> str:
    """Return what is said of members that there was no room for."""
    shown = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
    return f"Not shown: {shown}. To see them: --columns NAME,... or -o json"


def _empty(kind: type[Table], *, header: bool) -> Table:
    return kind(box=None, show_header=header, pad_edge=False, padding=(0, _BETWEEN, 0, 0), header_style="bold")


def _is_number(value: Any) -> bool:
    """Say whether a value is a number, or an amount of money."""
    return isinstance(value.get("value") if isinstance(value, dict) else value, (int, float))


def _shown(value: Any) -> str:
    """Return a cell: of an object what stands for it, of a list of texts these."""
    if isinstance(value, dict):
        speaking = next((name for name in _SPEAKING if isinstance(value.get(name), (str, int, float))), None)
        return visible(cell(value if speaking is None else value[speaking]))
    if isinstance(value, list) and all(isinstance(each, (str, int, float)) for each in value):
        return visible(", ".join(map(cell, value)))
    return visible(cell(value))


def console() -> Console:
    """Return what tables are printed on; colours only where NO_COLOR and the terminal let them."""
    from rich.console import Console

    return Console(highlight=False)
