"""The last overloads of each method, for paths without an overload of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from ..lookup.catalogue import Catalogue
from ..model import Operation
from ..types import Array
from .naming import argument_name, literal
from .signatures import has_status
from .uses import ANY_NAME, METHODS, Use

__all__ = ["OtherPaths"]

_SECOND: Final = {"batch": "_ids: Iterable[Any], ", "update": "_change: Any, "}
_NO_PATH: Final = "the API has no such path, or other arguments for it"


class OtherPaths:
    """Writes the last overloads of each method; their answers have the type ``Any``.

    Args:
        catalogue: the operations of the API.
        asynchronous: whether the overloads belong to :class:`.AsyncClient`.
        texts: takes the aliases for many paths that the overloads refer to.
    """

    def __init__(self, catalogue: Catalogue, texts: dict[str, str], *, asynchronous: bool) -> None:
        self._catalogue = catalogue
        self._texts = texts
        self._define = "async def" if asynchronous else "def"
        self._objects = "AsyncObjectIterator" if asynchronous else "ObjectIterator"

    def allowed(self, method: str, paths: Collection[str]) -> Iterator[str]:
        """Yield overloads for paths that the catalogue does not know."""
        if paths:
            yield self._overload(method, literal(sorted(paths)), "bool", "**_: Any")

    def completed(self, method: str, typed: Collection[str]) -> Iterator[str]:
        """Yield overloads for paths of the API that the module has no types for, so that editors complete them.

        They are not for mypy, whose messages would list them all.
        """
        if method in ("gather", "update"):
            return
        others: set[str] = set()
        for operation in self._catalogue.operations():
            if operation.method == METHODS[method] and operation.path not in typed and self._is_for(method, operation):
                others.add(operation.path)
        name = self._alias(f"Other{method.capitalize()}Path", others)
        if name:
            yield self._overload(method, name, "bool", "**_: Any")

    def _is_for(self, method: str, operation: Operation) -> bool:
        """Say whether a method can use an operation: ``iterate`` a list, ``batch`` one object, ``wait`` a status."""
        if method == "iterate":
            return isinstance(operation.answer, Array)
        if method == "batch":
            return operation.path.endswith("}")
        return method != "wait" or has_status(self._catalogue.family(operation.family), operation.answer)

    def made(self, method: str, names: Collection[str]) -> Iterator[str]:
        """Yield overloads for paths that are made at run time.

        Args:
            method: the method of a client.
            names: the names of arguments that such calls may have.
        """
        if method == "gather":
            yield f"{self._define} gather(self, _calls: Iterable[Any], **_: Any) -> Any"
            return
        arguments = "**_: Any"
        if ANY_NAME not in names:
            keywords = ["_headers", "_timeout", "_options", *(argument_name(name) for name in sorted(names))]
            named = ", ".join(f"{name}: Any = ..." for name in dict.fromkeys(keywords) if name)
            arguments = f"*, {named}"
        literally = self._overload(method, "LiteralString", "Any", arguments)
        yield f'@deprecated("{_NO_PATH}")\n    {literally}'
        yield self._overload(method, "str", "Any", arguments)

    def gathered(self, uses: Iterable[Use], allowed: Collection[str]) -> Iterator[str]:
        """Yield overloads of ``gather`` for calls of several kinds."""
        by_method: dict[str, set[str]] = {"GET": {*allowed}}
        for use in uses:
            by_method.setdefault(use.operation.method, set()).add(use.path)
        calls = []
        if plain := self._alias("PlainPath", {path for path in by_method["GET"] if "{" not in path}):
            calls.append(plain)
        for http, paths in sorted(by_method.items()):
            if name := self._alias(f"{http.capitalize()}Path", paths):
                calls.append(f"AnyCall[Literal[{literal([http])[8:-1]}], {name}]")
        given = f"self, _calls: Iterable[{' | '.join([*calls, 'Generator[Any, Any, Any]'])}]"
        for options in ("Options", "Errors"):
            yield f"{self._define} gather({given}, **_: Unpack[Gather{options}]) -> list[Any]"
        for options in ("", "Errors"):
            pairs = f"{self._objects}[tuple[int, Any]]"
            yield f"def gather({given}, **_: Unpack[GatherPairs{options}]) -> {pairs}"

    def none(self, method: str) -> str:
        """Return an overload that takes no path at all; it replaces the method of the base class, which takes any."""
        return f"def {method}(self, _target: Never, /, *_: Any, **__: Any) -> Any"

    def _alias(self, name: str, paths: Collection[str]) -> str:
        """Return an alias for many paths; empty for none."""
        if paths and name not in self._texts:
            listed = "".join(f"    {literal([path])[8:-1]},\n" for path in sorted(paths))
            self._texts[name] = f"{name}: TypeAlias = Literal[\n{listed}]\n"
        return name if paths else ""

    def _overload(self, method: str, target: str, auth: str, arguments: str) -> str:
        answer = f"{self._objects}[Any]" if method == "iterate" else "Any"
        # A batch returns an awaitable list or an iterator, so it is no coroutine function.
        define = "def" if method in ("iterate", "batch") else self._define
        second = _SECOND.get(method, "")
        return (
            f"{define} {method}(self, _target: {target}, /, {second}_need_auth: {auth} = ..., {arguments}) -> {answer}"
        )
