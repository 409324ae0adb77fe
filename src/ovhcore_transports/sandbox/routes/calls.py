"""What a route is given: one call that was let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

from ..control.modes import Modes
from ..state import ApiError, State
from ..storage.rows import Row, find
from ..storage.running_task import RunningTask

__all__ = ["Answer", "SandboxCall", "arguments_of", "begin", "concrete", "date_of", "find_or_404", "plain"]


class SandboxCall(NamedTuple):
    """One call that was let in; ``name`` is its path as it was sent, without the version if that is 1."""

    state: State
    modes: Modes
    name: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    credential: dict[str, Any] | None
    now: float
    origin: str
    answer_headers: dict[str, str]
    pairs: Mapping[str, list[str]] = {}
    """The arguments of the query, with all the values of each."""
    length: int = 0
    """The length of the body, in bytes."""
    reader: Callable[[SandboxCall, str], Any] | None = None
    """Returns what a GET of a path is answered with."""

    @property
    def given(self) -> dict[str, Any]:
        """The members of the body; none if it is no object."""
        return self.body if isinstance(self.body, dict) else {}

    def read(self, path: str) -> Any:
        """Return what a GET of a path is answered with, without its version if that is 1.

        Raises:
            ApiError: there is nothing.
        """
        assert self.reader is not None  # as there is one where tables are
        return self.reader(self, path)

    def member(self, name: str, kind: type = str) -> Any:
        """Return a required member of the body.

        Raises:
            ApiError: it is missing or of another type.
        """
        value = self.given.get(name)
        if not isinstance(value, kind):
            raise ApiError.of_class(400, "BadRequest", f"[{name}] is required and must be a {kind.__name__}")
        return value


Answer = Callable[[SandboxCall], Any]


def find_or_404(items: Iterable[Row], member: str, value: str) -> Row:
    """Return the item that has a value.

    Raises:
        ApiError: there is none.
    """
    found = find(items, member, value)
    if found is not None:
        return found
    raise ApiError.of_class(404, "NotFound", f"The requested object ({member} = {value}) does not exist")


_ARGUMENT: Final = re.compile(r"\{([^{}/]*)\}")


def plain(path: str) -> str:
    """Return a path in which every segment is encoded in one way."""
    return "/".join(quote(unquote(segment, errors="replace"), safe="") for segment in path.split("/"))


def date_of(seconds: float) -> str:
    """Return a time as the API writes it."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def begin(call: SandboxCall, path: str, kind: str, steps: dict[str, Any]) -> None:
    """Begin a task that changes an object.

    Args:
        call: that begins it.
        path: of the object.
        kind: what is done.
        steps: as data: ``then``, members that the object has when it is over, or ``gone`` with ``list`` and ``id``.
    """
    state = call.state
    task = RunningTask("", kind, 0, call.now, state.task_seconds, state.failing_tasks, steps=steps)
    state.held.run(path, task)


def concrete(template: str, arguments: Mapping[str, str]) -> str:
    """Return the path that a template and its arguments make; two that mean the same are the same."""
    texts, names = _parts(template)
    found = texts[0]
    for name, text in zip(names, texts[1:], strict=True):
        found += _quoted(arguments.get(name, name)) + text
    return found


def arguments_of(template: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """Return those of some arguments that a template has."""
    names = _parts(template)[1]
    return {name: value for name, value in arguments.items() if name in names}


@lru_cache(maxsize=10_000)
def _parts(template: str) -> tuple[list[str], list[str]]:
    """Return what is between the arguments of a template, and their names."""
    parts = _ARGUMENT.split(template)
    return parts[::2], parts[1::2]


@lru_cache(maxsize=1000)
def _quoted(segment: str) -> str:
    return quote(segment, safe="")
