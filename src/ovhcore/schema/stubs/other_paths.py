"""The overloads for paths that no overload of their own is for: known ones, unknown ones, and those made at run time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from ..lookup import Catalogue
from ..types import Array
from .naming import argument_name, literal
from .uses import ANY_NAME, METHODS

__all__ = ["OtherPaths"]

_SECOND: Final = {"batch": "_ids: Iterable[Any], ", "update": "_change: Any, "}
_NO_PATH: Final = "the API has no such path, or other arguments for it"


class OtherPaths:
    """Writes the last overloads of each method. What they answer is anything.

    Args:
        catalogue: what the API says.
        unknown: pairs of a client's method and a path that the catalogue does not know.
    """

    def __init__(self, catalogue: Catalogue, unknown: Iterable[tuple[str, str]]) -> None:
        self._known: dict[str, set[str]] = {method: set() for method in METHODS}
        self._every: dict[str, set[str]] = {method: set() for method in ("GET", "POST", "PUT", "DELETE")}
        for operation in catalogue.operations():
            if operation.method not in self._every:
                continue
            self._every[operation.method].add(operation.path)
            for method, of_http in METHODS.items():
                if operation.method == of_http:
                    self._known[method].add(operation.path)
            if operation.method == "GET" and not isinstance(operation.answer, Array):
                self._known["iterate"].discard(operation.path)
            if operation.method == "GET" and "{" not in operation.path:
                self._known["batch"].discard(operation.path)
        for method, path in unknown:
            self._known[method].add(path)
            self._every[METHODS[method]].add(path)
        self._texts: dict[str, str] = {}

    def texts(self) -> Iterator[str]:
        """Yield the names of many paths that the overloads speak of."""
        yield from self._texts.values()

    def overloads(self, method: str, typed: Collection[str], *, asynchronous: bool) -> Iterator[str]:
        """Yield the overloads for paths that the API has.

        Args:
            method: of a client.
            typed: paths that have overloads of their own; of them, no other arguments are taken.
            asynchronous: whether they are of :class:`.AsyncClient`.
        """
        if method == "gather":
            yield from self._gather(typed, asynchronous=asynchronous)
        elif others := self._known[method] - {*typed}:
            name = self._alias(f"{method.capitalize()}Path", others)
            yield _overload(method, name, "bool", "**_: Any", asynchronous=asynchronous)

    def made(self, method: str, names: Collection[str], *, asynchronous: bool) -> Iterator[str]:
        """Yield the overloads for paths that are made at run time."""
        if method == "gather":
            define, objects = _kinds(asynchronous)
            yield f"{define} gather(self, calls: Iterable[Any], **_: Any) -> Any"
            return
        arguments = "**_: Any"
        if ANY_NAME not in names:
            options = ("_headers", "_timeout", "_options", *sorted(names))
            written = [argument_name(name) or name for name in options]
            arguments = "*, " + ", ".join(f"{name}: Any = ..." for name in dict.fromkeys(written))
        literally = _overload(method, "LiteralString", "Any", arguments, asynchronous=asynchronous)
        yield f"@deprecated({_NO_PATH!r})\n    {literally}"
        yield _overload(method, "str", "Any", arguments, asynchronous=asynchronous)

    def _gather(self, typed: Collection[str], *, asynchronous: bool) -> Iterator[str]:
        define, objects = _kinds(asynchronous)
        if "AnyCall" not in self._texts:
            plain = self._alias("GetPath", {path for path in {*self._every["GET"], *typed} if "{" not in path})
            calls = [plain, f"GetCall[{self._alias('AnyGetPath', {*self._every['GET'], *typed})}]"]
            for http in ("POST", "PUT", "DELETE"):
                calls.append(f"ChangeCall[Literal[{http!r}], {self._alias(f'Any{http.capitalize()}Path', self._every[http])}]")
            calls.append("Generator[Any, Any, Any]")
            self._texts["AnyCall"] = "AnyCall: TypeAlias = (\n    " + "\n    | ".join(calls) + "\n)\n"
        for options in ("Options", "Errors"):
            yield f"{define} gather(self, calls: Iterable[AnyCall], **_: Unpack[Gather{options}]) -> list[Any]"
        for options in ("", "Errors"):
            pairs = f"{objects}[tuple[int, Any]]"
            yield f"def gather(self, calls: Iterable[AnyCall], **_: Unpack[GatherPairs{options}]) -> {pairs}"

    def _alias(self, name: str, paths: Collection[str]) -> str:
        if name not in self._texts:
            listed = "".join(f"    {literal([path])[8:-1]},\n" for path in sorted(paths))
            self._texts[name] = f"{name}: TypeAlias = Literal[\n{listed}]\n" if paths else f"{name}: TypeAlias = Never\n"
        return name


def _kinds(asynchronous: bool) -> tuple[str, str]:
    return ("async def", "AsyncObjects") if asynchronous else ("def", "Objects")


def _overload(method: str, target: str, auth: str, arguments: str, *, asynchronous: bool) -> str:
    define, objects = _kinds(asynchronous)
    answer = f"{objects}[Any]" if method == "iterate" else "Any"
    # A batch may be a list that is awaited, or an iterator.
    define = "def" if method in ("iterate", "batch") else define
    second = _SECOND.get(method, "")
    return f"{define} {method}(self, _target: {target}, /, {second}_need_auth: {auth} = ..., {arguments}) -> {answer}"
