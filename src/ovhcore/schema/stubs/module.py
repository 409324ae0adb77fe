"""The text of a generated module: what runs, and what type checkers and editors read."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from textwrap import fill
from types import MappingProxyType
from typing import Final

from ...protocol.frozen import Frozen, put
from ..lookup import Catalogue
from .models import Models
from .other_paths import OtherPaths
from .naming import Names
from .prelude import HEADER, SOURCE
from .signatures import Signatures
from .uses import METHODS, Use

__all__ = ["Generated", "generate"]

_OWN: Final = ("AsyncClient", "Client")


class Generated(Frozen):
    """A generated module.

    Attributes:
        source: what runs: everything of ovhcore, by the same names.
        stub: what type checkers and editors read instead.
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
        catalogue: what the API says.
        uses: pairs of a client's method and the operation it is to be typed for.
        public: names of ovhcore that the module has, too.
        unknown: pairs of a client's method and a path that is to be allowed without the catalogue knowing it.
        dynamic: methods whose paths may also be made at run time, and the names of the arguments that they then may
            have; ``"**"`` for any. For mypy a literal path that is wrong is then one made at run time, too.
        asynchronous: whether AsyncClient has types, too.
        title: the first line of the module's description.
        name: of the module.
    """
    names = Names({*public, *_defined(HEADER)})
    models = Models(names)
    grouped: dict[str, dict[tuple[str, str | None], Use]] = {method: {} for method in METHODS}
    for method, use in uses:
        grouped[method][use.path, use.free] = use
    others = OtherPaths(catalogue, unknown)
    classes: list[str] = []
    dictionaries: dict[str, str] = {}
    for kind in ("Client", "AsyncClient"):
        signatures = Signatures(catalogue, models, names, asynchronous=kind == "AsyncClient")
        body: list[str] = []
        if kind == "Client" or asynchronous:
            for method, of_method in grouped.items():
                overloads = [
                    overload
                    for key in sorted(of_method, key=lambda key: (key[0], key[1] or ""))
                    for overload in signatures.of(method, of_method[key])
                ]
                typed = {path for path, _ in of_method if f'Literal["{path}"]' in "".join(overloads)}
                overloads += others.overloads(method, typed, asynchronous=kind == "AsyncClient")
                if method in dynamic:
                    overloads += others.made(method, dynamic[method], asynchronous=kind == "AsyncClient")
                # An overload is never alone: what the base class has is hidden where nothing can be called.
                start = "    @overload\n    " if len(overloads) > 1 else "    "
                body += (f"{start}{overload}: ...\n" for overload in overloads)
        dictionaries |= signatures.dictionaries
        classes.append(f"class {kind}(ovhcore.{kind}):\n{''.join(body) or '    pass'}\n")
    texts = [*models.texts(), *dictionaries.values(), *others.texts(), *classes]
    imported = "".join(f"from ovhcore import {each} as {each}\n" for each in sorted(public) if each not in _OWN)
    header = HEADER.format(title=title, names=imported)
    listed = fill(" ".join(models.names()), 110, initial_indent="    ", subsequent_indent="    ")
    return Generated(SOURCE.format(title=title, stub=f"{name}.pyi", models=listed), "\n".join([header, *texts]))


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
