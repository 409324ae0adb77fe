"""What a route is given: one call that was let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from ..control.modes import Modes
from ..kept.rows import Row, find
from ..state import ApiError, State

__all__ = ["Answer", "SandboxCall", "concrete", "named"]


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
    """Of the body, in bytes."""

    def member(self, name: str, kind: type = str) -> Any:
        """Return a required member of the body.

        Raises:
            ApiError: it is missing or of another type.
        """
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(value, kind):
            raise ApiError.of_class(400, "BadRequest", f"[{name}] is required and must be a {kind.__name__}")
        return value


Answer = Callable[[SandboxCall], Any]


def named(items: Iterable[Row], member: str, value: str) -> Row:
    """Return the item that has a value.

    Raises:
        ApiError: there is none.
    """
    found = find(items, member, value)
    if found is not None:
        return found
    raise ApiError.of_class(404, "NotFound", f"The requested object ({member} = {value}) does not exist")


_ARGUMENT: Final = re.compile(r"\{([^{}/]*)\}")


def concrete(template: str, arguments: Mapping[str, str]) -> str:
    """Return the path that a template and its arguments make; two that mean the same are the same."""
    return _ARGUMENT.sub(lambda found: quote(arguments.get(found[1], found[1]), safe=""), template)
