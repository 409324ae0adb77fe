"""The text of a generated module: the code that runs, and the stub that type checkers and editors read."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from textwrap import fill
from types import MappingProxyType
from typing import Final

from ...protocol.frozen import Frozen, put
from ..lookup.catalogue import Catalogue
from .models import Models
from .naming import Names, literal
from .other_paths import OtherPaths
from .prelude import HEADER, SOURCE
from .signatures import PATH, Signatures
from .uses import METHODS, Use

__all__ = ["Generated", "generate"]

_OWN: Final = ("AsyncClient", "Client")


class Generated(Frozen):
    """A generated module.

    Attributes:
        source: the code that runs: everything of ovhcore, by the same names.
        stub: the text that type checkers and editors read instead.
    """

    __slots__ = ("source", "stub")

    source: str
    stub: str

    def __init__(self, source: str, stub: str) -> None:
        put(self, "source", source)
        put(self, "stub", stub)


def generate(
    catalogue: Catalogue,
    uses: Iterable[tuple[str, Use]],
    *,
    public: Collection[str],
    unknown: Iterable[tuple[str, str]] = (),
    dynamic: Mapping[str, Collection[str]] = MappingProxyType({}),
    asynchronous: bool = True,
    title: str = "ovhcore with types.",
    name: str = "ovh_types",
) -> Generated:
    """Write a module with a Client and an AsyncClient whose calls have types.

    Args:
        catalogue: the operations of the API.
        uses: pairs of a client's method and an operation that the method gets types for.
        public: names of ovhcore that the module has, too.
        unknown: pairs of a client's method and a path that the method takes although the catalogue lacks it.
        dynamic: methods whose paths the program may make at run time, and the names of the arguments of such
            calls; ``"**"`` for any. mypy then takes a wrong literal path for one made at run time.
        asynchronous: whether AsyncClient has types, too.
        title: the first line of the module's description.
        name: the name of the module.
    """
    names = Names({*public, *_defined(HEADER)})
    models = Models(names)
    grouped: dict[str, dict[tuple[str, str | None, str], Use]] = {method: {} for method in METHODS}
    # A use of the program comes after one of its family, and replaces it.
    for method, use in sorted(uses, key=lambda pair: not pair[1].is_whole_family):
        grouped[method][use.path, use.free, use.operation.method] = use
    allowed: dict[str, set[str]] = {method: set() for method in METHODS}
    for method, path in unknown:
        allowed[method].add(path)
    aliases: dict[str, str] = {}
    classes: list[str] = []
    for kind in _OWN:
        is_async = kind == "AsyncClient"
        signatures = Signatures(catalogue, models, names, aliases, asynchronous=is_async)
        others = OtherPaths(catalogue, aliases, asynchronous=is_async)
        body: list[str] = []
        for method, of_method in grouped.items() if asynchronous or not is_async else ():
            overloads, typed = _overloads(signatures, method, of_method)
            overloads += others.allowed(method, allowed[method])
            if method == "gather":
                overloads += others.gathered(of_method.values(), allowed[method])
            if method in dynamic:
                overloads += others.made(method, dynamic[method])
            while len(overloads) < 2:
                overloads.append(others.none(method))
            body += (f"    @overload\n    {overload}: ...\n" for overload in overloads)
            for overload in others.completed(method, {*typed, *allowed[method]}):
                body.append(f"    if not MYPY:\n        @overload\n        {overload}: ...\n")
        classes.append(f"class {kind}(ovhcore.{kind}):\n{''.join(body) or '    pass'}\n")
    texts = [*models.texts(), *aliases.values(), *classes]
    imported = "".join(f"from ovhcore import {each} as {each}\n" for each in sorted(public) if each not in _OWN)
    header = HEADER.format(title=title, names=imported)
    listed = fill(" ".join(models.names()), 110, initial_indent="    ", subsequent_indent="    ")
    return Generated(SOURCE.format(title=title, stub=f"{name}.pyi", models=listed), "\n".join([header, *texts]))


def _overloads(
    signatures: Signatures, method: str, uses: Mapping[tuple[str, str | None, str], Use]
) -> tuple[list[str], set[str]]:
    """Return the overloads of a method, one for operations that differ only in their paths; and all these paths."""
    kinds: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    typed: set[str] = set()
    for key in sorted(uses, key=lambda key: (key[0], key[1] or "", key[2])):
        for kind, written in zip(kinds, signatures.of(method, uses[key]), strict=True):
            for each in written:
                kind.setdefault(each, []).append(key[0])
                typed.add(key[0])
    return [text.replace(PATH, literal(paths)) for kind in kinds for text, paths in kind.items()], typed


def _defined(text: str) -> Iterator[str]:
    """Yield the names that the text of a module defines or imports."""
    for node in ast.parse(text.format(title="", names="")).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (each.asname or each.name for each in node.names)
        elif isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
