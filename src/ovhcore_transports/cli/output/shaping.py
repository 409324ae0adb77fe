"""What of an answer is printed: what a query finds, some members, names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

from ..frame.text import one_line
from .filtering import member

__all__ = ["Query", "columns_of", "is_list_of_ids", "name_of", "with_columns"]

_NAMES: Final = ("id", "name", "serviceName", "domain", "urn")


class Query:
    """A JMESPath expression.

    Args:
        expression: as it was typed.

    Raises:
        click.UsageError: it is none.
    """

    def __init__(self, expression: str) -> None:
        import jmespath
        from jmespath.exceptions import JMESPathError

        self._fails = JMESPathError
        try:
            self._compiled = jmespath.compile(expression)
            return
        except JMESPathError as error:
            problem = one_line(str(error))
        raise click.UsageError(f"--query is no JMESPath expression: {problem}")

    def __call__(self, value: Any) -> Any:
        """Return what the expression finds in a value.

        Raises:
            click.ClickException: it cannot be used on this one.
        """
        try:
            return self._compiled.search(value)
        except self._fails as error:
            problem = one_line(str(error))
        raise click.ClickException(f"The call was answered, and --query cannot be used on the answer: {problem}")


def with_columns(value: Any, columns: Sequence[str]) -> Any:
    """Return objects with some members alone; other values as they are."""
    if isinstance(value, list):
        return [with_columns(each, columns) for each in value]
    return {name: member(value, name) for name in columns} if isinstance(value, dict) else value


def columns_of(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Return the members of objects, in the order in which they are met."""
    return list(dict.fromkeys(name for row in rows for name in row))


def is_list_of_ids(value: Any) -> bool:
    """Say whether a list holds ids that may be of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, (str, int)) for each in value)


def name_of(value: Any) -> Any:
    """Return what an object is called by: its id or name, else its first member that is like one."""
    if not isinstance(value, dict):
        return value
    for name in _NAMES:
        if isinstance(value.get(name), (str, int)):
            return value[name]
    plain = [name for name, each in value.items() if isinstance(each, (str, int))]
    chosen = next((name for name in plain if name.endswith(("Id", "_id", "Name"))), None)
    chosen = chosen or next(iter(plain), None)
    return None if chosen is None else value[chosen]
