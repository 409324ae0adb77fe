"""The search for calls of clients in the source of a program."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from keyword import iskeyword

from ...protocol.frozen import Frozen, put
from .uses import ANY_NAME, METHODS

__all__ = ["Found", "calls_in"]


class Found(Frozen):
    """A call in the source of a program.

    Attributes:
        method: the method of a client, as ``"get"``.
        path: the path as the program writes it; None if the program makes it at run time.
        names: the names of arguments, without options; ``"**"`` for those that are known only at run time.
        line: the line of the call, from 1.
        http: the HTTP method.
    """

    __slots__ = ("method", "path", "names", "line", "http")  # noqa: RUF023 - the order of __init__

    method: str
    path: str | None
    names: tuple[str, ...]
    line: int
    http: str

    def __init__(self, method: str, path: str | None, names: tuple[str, ...], line: int, http: str = "") -> None:
        put(self, "method", method)
        put(self, "path", path)
        put(self, "names", names)
        put(self, "line", line)
        put(self, "http", http or METHODS[method])


def calls_in(source: str, file: str = "<source>") -> Iterator[Found]:
    """Yield the calls in a module that may be calls of a client: their paths begin with a slash.

    Args:
        source: the text of the module.
        file: the name of its file, for messages.

    Raises:
        SyntaxError: the text is not Python.
        ValueError: the text holds null characters.
    """
    tree = ast.parse(source, file)
    bound = _bound(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            given = [*node.args, *(each.value for each in node.keywords if each.arg == "_calls")]
            if not given:
                continue
            if node.func.attr == "gather":
                yield from _gathered(given[0], bound)
                continue
            names = _names(node)
            for path in _paths(given[0], bound):
                yield Found(node.func.attr, path, names, node.lineno)


def _names(node: ast.Call) -> tuple[str, ...]:
    names: list[str] = []
    for each in node.keywords:
        if each.arg is not None:
            if not each.arg.startswith("_") or iskeyword(each.arg[1:]):
                names.append(each.arg)
        elif isinstance(each.value, ast.Dict) and all(isinstance(key, ast.Constant) for key in each.value.keys):
            names += (str(key.value) for key in each.value.keys if isinstance(key, ast.Constant))
        else:
            names.append(ANY_NAME)
    return tuple(names)


def _gathered(node: ast.expr, bound: Mapping[str, list[str | None]]) -> Iterator[Found]:
    """Yield the calls of ``gather``: one for each path in its argument, alone or behind a method."""
    behind: set[ast.AST] = set()
    for each in ast.walk(node):
        if isinstance(each, (ast.Tuple, ast.List)) and len(each.elts) > 1 and isinstance(each.elts[0], ast.Constant):
            http = each.elts[0].value
            if isinstance(http, str) and http in METHODS.values():
                behind.update(ast.walk(each))
                for path in _paths(each.elts[1], bound):
                    yield Found("gather", path, (), each.lineno, http)
        elif isinstance(each, ast.expr) and each not in behind:
            behind.update(ast.walk(each) if isinstance(each, (ast.JoinedStr, ast.BinOp, ast.IfExp)) else ())
            yield from (Found("gather", path, (), each.lineno) for path in _paths(each, bound))


def _bound(tree: ast.AST) -> dict[str, list[str | None]]:
    """Return the paths that names stand for; None where type checkers see any text in the value."""
    bound: dict[str, list[str | None]] = {}

    def bind(target: ast.expr, values: Iterable[str | None]) -> None:
        if isinstance(target, ast.Name) and (listed := list(values)):
            bound.setdefault(target.id, []).extend(listed)

    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            final = "Final" in ast.unparse(node.annotation)
            bind(node.target, (path if final else None for path in _paths(node.value, {})))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                bind(target, (None for _ in _paths(node.value, {})))
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)) and isinstance(
            node.iter, (ast.List, ast.Tuple, ast.Set)
        ):
            bind(node.target, (None for each in node.iter.elts for _ in _paths(each, {})))
    return bound


def _paths(node: ast.expr | None, bound: Mapping[str, list[str | None]]) -> Iterator[str | None]:
    """Yield the paths that an expression may be; None for one that is made at run time."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value.startswith("/"):
            yield node.value
    elif isinstance(node, ast.Name):
        yield from bound.get(node.id, ())
    elif isinstance(node, ast.IfExp):
        yield from _paths(node.body, bound)
        yield from _paths(node.orelse, bound)
    elif isinstance(node, ast.JoinedStr):
        yield from (None for _ in _paths(node.values[0] if node.values else None, bound))
    elif isinstance(node, ast.BinOp):
        yield from (None for _ in _paths(node.left, bound))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        yield from (None for _ in _paths(node.func.value, bound))
