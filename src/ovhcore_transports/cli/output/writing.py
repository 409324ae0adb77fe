"""Prints an answer in the format that was asked for, or that fits where it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from ..frame.clients import note
from ..frame.groups import globals_of
from ..frame.text import visible
from .formats import as_csv, as_json, as_names, as_yaml, cell
from .terminal import is_terminal

__all__ = ["Output"]


class Output:
    """How answers are printed.

    Args:
        format_: ``"table"``, ``"json"``, ``"jsonl"``, ``"yaml"``, ``"csv"`` or ``"name"``; None for what was
            said before the command, else what fits.
        query: a JMESPath expression, or None.
        columns: names with commas between them, or None.

    Attributes:
        asked: the format that was asked for, or None.
    """

    def __init__(self, format_: str | None = None, query: str | None = None, columns: str | None = None) -> None:
        self.asked = format_ or globals_of().output
        self._query = None
        if query is not None:
            from .shaping import Query

            self._query = Query(query)  # before anything is sent
        self._columns = [name.strip() for name in columns.split(",") if name.strip()] if columns is not None else None
        if self._columns == []:
            raise click.UsageError("--columns takes names, as billId,date")

    @property
    def for_people(self) -> bool:
        """Whether a person looks at it: a table on a terminal."""
        return self.asked == "table" or (self.asked is None and is_terminal(sys.stdout))

    @property
    def wants_members(self) -> bool:
        """Whether members of objects are asked for, which ids have not."""
        return self._columns is not None and self._query is None

    @property
    def lines(self) -> bool:
        """Whether objects can be printed as they come, a line each."""
        return self._query is None and (self.asked == "jsonl" or (self.asked is None and not self.for_people))

    def line(self, value: Any) -> str:
        """Return an object as it is printed when it comes."""
        return as_json(self._shaped(value))

    def write(self, value: Any, path: str = "") -> None:
        """Print an answer.

        Args:
            value: the answer.
            path: of the call; tells what objects are called by.
        """
        value = self._shaped(value)
        if self.for_people:
            self._write_table(value, path)
        elif self.asked in (None, "json"):
            click.echo(as_json(value, indent=2))
        elif self.asked == "jsonl":
            _echo_all(map(as_json, value if isinstance(value, list) else [value]))
        elif self.asked == "yaml":
            click.echo(as_yaml(value))
        elif self.asked == "csv":
            text = as_csv(value, self._columns)
            click.echo("\n".join(map(visible, text.split("\n"))) if is_terminal(sys.stdout) else text)
        else:
            _echo_all(as_names(value, path))

    def _shaped(self, value: Any) -> Any:
        if self._query is not None:
            value = self._query(value)
        if self._columns is None:
            return value
        from .shaping import with_columns

        return with_columns(value, self._columns)

    def _write_table(self, value: Any, path: str) -> None:
        if value is None or (isinstance(value, list) and not value):
            note("(nothing)")
            return
        if not isinstance(value, (dict, list)):
            click.echo(visible(cell(value)))
            return
        from .tables import console, left_out, table_of

        screen = console()
        table, left = table_of(value, screen.width, self._columns, path)
        longer = is_terminal(sys.stdout) and isinstance(value, list) and len(value) >= screen.height
        if longer and is_terminal(sys.stdin):
            with screen.pager(styles=True):
                screen.print(table)
        else:
            screen.print(table)
        if left:
            note(left_out(left), folds=True)


def _echo_all(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
