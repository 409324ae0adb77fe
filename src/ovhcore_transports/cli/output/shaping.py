"""What of an answer is printed: what a query finds, some members, names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

from ..frame.text import one_line
from .filtering import member

__all__ = ["Query", "columns_of", "is_list_of_ids", "name_of", "naming", "with_columns"]

_NAMES: Final = ("id", "name", "serviceName", "domain", "urn")
_ENDINGS: Final = ("Id", "_id", "Name")


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


def naming(rows: Sequence[dict[str, Any]], path: str = "") -> str | None:
    """Return the member that names objects: a plain one, which each of them has with another value; None if none does.

    The URN of a resource ends with what it is called by.

    Args:
        rows: the objects.
        path: of the call that they are the answer of; ``/me/api/credential`` has objects with a ``credentialId``.
    """
    about = next((part for part in reversed(path.partition("?")[0].split("/")) if part and part[0] != "{"), "").lower()
    of_path = {about, f"{about}id", f"{about}name"}
    members = columns_of(rows)
    called = [_called(row.get("iam")) for row in rows]
    ordered = [name for name in members if None not in called and [row.get(name) for row in rows] == called]
    ordered.sort(key=lambda name: name not in _NAMES)
    ordered += [name for name in members if about and name.replace("_", "").lower() in of_path]
    ordered += [name for name in _NAMES if name in members]
    ordered += [name for name in members if name.endswith(_ENDINGS)]
    return next((name for name in [*ordered, *members] if _names(name, rows)), None)


def _called(iam: Any) -> str | None:
    urn = iam.get("urn") if isinstance(iam, dict) else None
    return urn.rpartition(":")[2] if isinstance(urn, str) else None


def _names(name: str, rows: Sequence[dict[str, Any]]) -> bool:
    values = [row.get(name) for row in rows]
    plain = all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values)
    return plain and len(set(values)) == len(values)


def name_of(value: Any, path: str = "") -> Any:
    """Return what an object is called by: its id or name, else its first member that is like one.

    Args:
        value: the object; another value is its own name.
        path: of the call that it is the answer of.
    """
    if not isinstance(value, dict):
        return value
    name = naming([value], path)
    return None if name is None else value[name]
