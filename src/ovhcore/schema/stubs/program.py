"""A program, read from its source: the operations that it uses, and the paths that the catalogue does not know."""

from __future__ import annotations

from difflib import get_close_matches

from ...exceptions import InvalidRequest
from ...protocol.frozen import Frozen, put
from ...protocol.urls import template_names
from ..lookup.catalogue import Catalogue
from ..lookup.paths import plain_path
from ..model import Operation
from .scanning import Found, calls_in
from .uses import ANY_NAME, Use

__all__ = ["Problem", "Program"]


class Problem(Frozen):
    """A call that does not fit the catalogue, or whose path is made at run time.

    Attributes:
        file: the file of the program.
        line: the line, from 1.
        text: the problem, in words.
    """

    __slots__ = ("file", "line", "text")

    file: str
    line: int
    text: str

    def __init__(self, file: str, line: int, text: str) -> None:
        put(self, "file", file)
        put(self, "line", line)
        put(self, "text", text)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Program:
    """The operations that a program uses. Call :meth:`read` with its files, one by one.

    Args:
        catalogue: the operations of the API.

    Attributes:
        uses: pairs of a client's method and an operation.
        unknown: pairs of a client's method and a path that resembles none in the catalogue.
        dynamic: the names of arguments in calls with paths made at run time, by method.
        problems: paths that are wrong.
        made: calls with paths made at run time, which cannot be checked.
        is_asynchronous: whether the program names AsyncClient.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.uses: list[tuple[str, Use]] = []
        self.unknown: list[tuple[str, str]] = []
        self.dynamic: dict[str, set[str]] = {}
        self.problems: list[Problem] = []
        self.made: list[Problem] = []
        self.is_asynchronous = False

    def read(self, source: str, file: str) -> None:
        """Read a file of the program.

        Args:
            source: the text of the file.
            file: the name of the file.

        Raises:
            SyntaxError: the text is not Python.
            ValueError: the text holds null characters.
        """
        self.is_asynchronous = self.is_asynchronous or "AsyncClient" in source
        for call in calls_in(source, file):
            if call.path is None:
                self.dynamic.setdefault(call.method, set()).update(call.names)
                self.made.append(Problem(file, call.line, f"{call.method}() with a path that is made at run time"))
                continue
            problem = self._known(call, call.path)
            if problem:
                self.problems.append(Problem(file, call.line, problem))

    def _known(self, call: Found, path: str) -> str:
        try:
            names = template_names(path)
            operation = self._catalogue.find(call.http, path)
            if operation is not None:
                self._use(call, operation, path, names)
                return ""
            if self._is_like_known(path):
                self._catalogue.operation(call.http, path)  # raises an error that names the problem
            elif call.http == "GET" or call.method != "gather":
                self.unknown.append((call.method, path))
        except InvalidRequest as error:
            return str(error)
        return ""

    def _is_like_known(self, path: str) -> bool:
        """Say whether a path begins like a family, or nearly so; other paths may be newer than the catalogue."""
        words = {_first_word(name) for name in self._catalogue.families()}
        return bool(get_close_matches(_first_word(plain_path(path)), words, 1))

    def _use(self, call: Found, operation: Operation, path: str, names: list[str]) -> None:
        free = None
        if call.method == "batch" and ANY_NAME not in call.names:
            free = next((name for name in reversed(names) if name not in call.names), None)
        self.uses.append((call.method, Use(operation, path, free)))


def _first_word(path: str) -> str:
    return path.removeprefix("/v2").split("/")[1].partition("?")[0]
