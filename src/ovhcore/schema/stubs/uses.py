"""The operations that a generated module has types for, and their paths as a program writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ...protocol.frozen import Frozen, put
from ...protocol.urls import template_names
from ..lookup.catalogue import Catalogue
from ..model import Operation
from .naming import argument_name

__all__ = ["ANY_NAME", "METHODS", "Argument", "Use", "uses_of_families"]

ANY_NAME: Final = "**"
"""The mark for an argument of any name."""

METHODS: Final[Mapping[str, str]] = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "delete": "DELETE",
    "iterate": "GET",
    "batch": "GET",
    "gather": "GET",
    "wait": "GET",
    "update": "PUT",
}
"""The methods of a client, and the HTTP method of the operation that each is typed by."""


class Argument(Frozen):
    """An argument of a call.

    Attributes:
        name: the name in a call; None if only ``**{"date.from": ...}`` can pass it.
        key: the name in the API.
        annotation: the type, in Python.
        required: whether a call must have it.
    """

    __slots__ = ("name", "key", "annotation", "required")  # noqa: RUF023 - the order of __init__

    name: str | None
    key: str
    annotation: str
    required: bool

    def __init__(self, key: str, annotation: str, required: bool) -> None:
        put(self, "name", argument_name(key))
        put(self, "key", key)
        put(self, "annotation", annotation)
        put(self, "required", required)


class Use(Frozen):
    """An operation, and its path as a program writes it.

    Attributes:
        operation: the operation.
        path: the path as written: the template of the schema, one with other names, or a concrete path with a query.
        free: for ``batch``, the name in braces that takes the ids; None for the last one.
        is_whole_family: whether the operation comes with its whole family, and not from a program.
        renamed: the names in braces of the written path, by those of the schema.
    """

    __slots__ = ("operation", "path", "free", "is_whole_family", "renamed")  # noqa: RUF023 - the order of __init__

    operation: Operation
    path: str
    free: str | None
    is_whole_family: bool
    renamed: Mapping[str, str]

    def __init__(self, operation: Operation, path: str, free: str | None = None, is_whole_family: bool = False) -> None:
        put(self, "operation", operation)
        put(self, "path", path)
        put(self, "free", free)
        put(self, "is_whole_family", is_whole_family)
        put(self, "renamed", _renamed(operation.path, path))

    @property
    def names(self) -> list[str]:
        """The names in braces of the written path."""
        return template_names(self.path)


def _renamed(template: str, path: str) -> Mapping[str, str]:
    """Return the names in braces of a path by those of its template. Segments are matched from the end.

    >>> _renamed("/domain/zone/{zoneName}/record/{id}", "/1.0/domain/zone/example.com/record/{record}?x=1")
    {'id': 'record'}
    """
    ours, theirs = template.split("/"), path.partition("?")[0].rstrip("/").split("/")
    pairs = zip(reversed(ours), reversed(theirs), strict=False)
    return {
        known: written
        for of_template, of_path in reversed(list(pairs))
        for known, written in zip(template_names(of_template), template_names(of_path), strict=False)
    }


def uses_of_families(catalogue: Catalogue, families: Iterable[str]) -> Iterator[Use]:
    """Yield every operation of families, with its path as the schema writes it."""
    for name in families:
        for operation in catalogue.family(name).operations.values():
            yield Use(operation, operation.path, is_whole_family=True)
