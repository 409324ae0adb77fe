"""The catalogue of all families: operations by method and path, suggestions for unknown paths, and search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from ...exceptions import InvalidRequest
from ..model import Family, Operation
from ..tables import Table
from .completing import path_completions
from .paths import Paths, plain_path, segments_cost
from .searching import search_operations

__all__ = ["Catalogue", "heads_of"]

_NEAR: Final = 3  # the number of families to search for suggestions
_OTHER_WORDS: Final = 2.0


class Catalogue:
    """Families of operations; the first use of a family loads it.

    Args:
        heads: the paths that the operations of each family begin with.
        load: reads a family.
        endpoint: the endpoint whose API the catalogue describes, as ``"ovh-eu"``; empty for documents of the caller's.
        date: the date of the catalogue, ISO 8601; empty if it is not known.
        source: the origin of the catalogue, in words.
    """

    def __init__(
        self,
        heads: Mapping[str, Iterable[str]],
        load: Callable[[str], Family],
        *,
        endpoint: str = "",
        date: str = "",
        source: str = "",
    ) -> None:
        self.endpoint = endpoint
        self.date = date
        self.source = source
        self._heads = {name: tuple(paths) for name, paths in heads.items()}
        self._load = load
        self._loaded: dict[str, Family] = {}
        self._paths: dict[str, Paths] = {}
        self._whole: Paths | None = None

    @classmethod
    def of(cls, families: Iterable[Family], *, source: str = "") -> Catalogue:
        """Return a catalogue of given families. A family whose name is taken gets the name ``"/name~2"``."""
        named: dict[str, Family] = {}
        for family in families:
            name, number = family.name, 1
            while name in named:
                number += 1
                name = f"{family.name}~{number}"
            named[name] = family if name == family.name else _renamed(family, name)
        return cls({name: heads_of(family) for name, family in named.items()}, named.__getitem__, source=source)

    def __repr__(self) -> str:
        return f"Catalogue({len(self._heads)} families, source={self.source!r}, date={self.date!r})"

    def families(self) -> tuple[str, ...]:
        """Return the names of the families, sorted."""
        return tuple(sorted(self._heads))

    def family(self, name: str) -> Family:
        """Return a family.

        Raises:
            InvalidRequest: there is no family of this name.
            SchemaError: its stored form is damaged.
        """
        family = self._loaded.get(name)
        if family is None:
            if name not in self._heads:
                raise InvalidRequest(f"The catalogue has no family {name!r}; it has {', '.join(self.families())}")
            family = self._loaded[name] = self._load(name)
        return family

    def operations(self) -> Iterator[Operation]:
        """Yield every operation, family after family. This loads all families."""
        for name in self.families():
            yield from self.family(name).operations.values()

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation of a method and a path, or None if there is none.

        Args:
            method: the method, as ``"GET"``.
            path: a path, concrete, as ``"/domain/zone/example.com"``; or a template, with any names in braces. A query
                is ignored, and so is ``/1.0`` or ``/v1`` at the beginning.

        Raises:
            SchemaError: the stored form of a family is damaged.
        """
        method, path = method.upper(), plain_path(path)
        for name in self._candidates(path):
            operation = self.family(name).operations.get(f"{method} {path}")
            if operation is None and (template := self._tree(name).find(method, path)) is not None:
                operation = self.family(name).operations[f"{method} {template}"]
            if operation is not None:
                return operation
        return None

    def operation(self, method: str, path: str) -> Operation:
        """Return the operation of a method and a path, as :meth:`find`.

        Raises:
            InvalidRequest: there is no such operation; the message names those that may have been meant.
            SchemaError: the stored form of a family is damaged.
        """
        operation = self.find(method, path)
        if operation is not None:
            return operation
        methods = self.methods(path)
        if methods:
            raise InvalidRequest(f"The catalogue has no {method.upper()} for {path}; it has {', '.join(methods)}")
        near = " or ".join(self.suggest(path))
        hint = f"did you mean {near}?" if near else "nothing like it is known"
        raise InvalidRequest(f"The catalogue has no {method.upper()} {path}; {hint}")

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods of a path, concrete or a template; none if there is no such path."""
        path = plain_path(path)
        return tuple(sorted({each for name in self._candidates(path) for each in self._tree(name).methods(path)}))

    def suggest(self, path: str, method: str | None = None, limit: int = 3) -> list[str]:
        """Return the templates that may have been meant by a path, the likeliest first.

        Args:
            path: a path, concrete or a template.
            method: a method that the templates must have; None for any.
            limit: the largest number of templates to return.
        """
        path = plain_path(path)
        method = None if method is None else method.upper()
        costs = {
            name: min((segments_cost(head, path) for head in heads), default=_OTHER_WORDS)
            for name, heads in self._heads.items()
        }
        likely = sorted((cost, name) for name, cost in costs.items() if cost < _OTHER_WORDS)[:_NEAR]
        near = self._joint_tree(name for _, name in likely).near(path, method, limit)
        if near:
            return near
        if self._whole is None:
            self._whole = self._joint_tree(self.families())
        return self._whole.near(path, method, limit)

    def completions(self, begun: str, method: str | None = None) -> list[str]:
        """Return the paths that the completed last word of a path may give, sorted; unfinished ones end with a slash.

        Words before the last one may stand for arguments. Only the families that the path leads to are loaded.

        Args:
            begun: the beginning of a path, as ``"/me/bi"`` or ``"/domain/zone/example.com/"``.
            method: a method that the paths must have; None for any.

        Raises:
            SchemaError: the stored form of a family is damaged.
        """
        return path_completions(self._heads, self.family, begun or "/", None if method is None else method.upper())

    def search(self, words: str, limit: int = 20) -> list[Operation]:
        """Return the operations that match words, the likeliest first; see :func:`.search`."""
        return search_operations(self.operations(), words, limit)

    def _candidates(self, path: str) -> list[str]:
        segments = path.split("/")
        near = (*self._by_word.get("/".join(segments[:2]), ()), *self._by_word.get("", ()))
        return [name for _, name in sorted({each for head, each in near if segments[: len(head)] == head})]

    @cached_property
    def _by_word(self) -> dict[str, list[tuple[list[str], tuple[int, str]]]]:
        """The heads in segments, with their families, by their first word; those without one by the empty text."""
        by_word: dict[str, list[tuple[list[str], tuple[int, str]]]] = {}
        for number, (name, heads) in enumerate(self._heads.items()):
            for head in heads:
                segments = head.split("/")
                word = "/".join(segments[:2]) if len(segments) > 1 else ""
                by_word.setdefault(word, []).append((segments, (number, name)))
        return by_word

    def _tree(self, name: str) -> Paths:
        tree = self._paths.get(name)
        if tree is None:
            tree = self._paths[name] = Paths(map(_pair, self.family(name).operations))
        return tree

    def _joint_tree(self, families: Iterable[str]) -> Paths:
        return Paths(_pair(key) for name in families for key in self.family(name).operations)


def _pair(key: str) -> tuple[str, str]:
    method, _, path = key.partition(" ")
    return method, path


def _begins(head: str, segments: list[str]) -> bool:
    heads = head.split("/")
    return segments[: len(heads)] == heads


def _renamed(family: Family, name: str) -> Family:
    operations = {key: each.replacing(family=name) for key, each in family.operations.items()}
    return family.replacing(name=name, operations=Table(operations))


def heads_of(family: Family) -> tuple[str, ...]:
    """Return the paths that the operations of a family begin with: its name, or the first words of each."""
    paths = [_pair(key)[1] for key in family.operations]
    if all(_begins(family.name, path.split("/")) for path in paths):
        return (family.name,)
    return tuple(sorted({"/".join(path.partition("{")[0].split("/")[:3]).rstrip("/") for path in paths}))
