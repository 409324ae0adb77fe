"""What a route is given: one call that was let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..control.modes import Modes
from ..state import ApiError, State

__all__ = ["Answer", "SandboxCall", "named"]


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


def named(items: list[dict[str, Any]], member: str, value: str) -> dict[str, Any]:
    """Return the item that has a value.

    Raises:
        ApiError: there is none.
    """
    for item in items:
        if str(item[member]) == value:
            return item
    raise ApiError.of_class(404, "NotFound", f"The requested object ({member} = {value}) does not exist")
