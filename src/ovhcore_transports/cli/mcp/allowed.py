"""The operations that a user lets an assistant call, besides those that read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from ovhcore.exceptions import InvalidConfiguration, InvalidRequest
from ovhcore.protocol import target
from ovhcore.schema import Catalogue, Operation

__all__ = ["Allowed", "Call"]

_WITH_SLASHES: Final = ("ipBlock", "ipv4Block", "ipv6Block")


class Call(NamedTuple):
    """A call that writes, with its arguments in their places.

    Attributes:
        operation: the operation that is called.
        path: with its arguments, and the query of a DELETE.
        body: what is sent as JSON; None for nothing.
        given: the arguments of the path; those of the query or the body.
    """

    operation: Operation
    path: str
    body: Any
    given: tuple[dict[str, Any], dict[str, Any]]


class Allowed:
    """A list of operations that may be called.

    Args:
        catalogue: the operations that there are.
        entries: as ``"POST /domain/zone/{zoneName}/refresh"``. A value in the place of a name in braces,
            as ``"POST /domain/zone/example.com/refresh"``, allows the call with this value alone.

    Raises:
        InvalidConfiguration: an entry is no operation, or one that only reads.
    """

    def __init__(self, catalogue: Catalogue, entries: Iterable[str]) -> None:
        self.operations: dict[str, Operation] = {}
        self._entries: list[tuple[str, list[str]]] = []
        for entry in entries:
            method, _, path = entry.strip().partition(" ")
            method, path = method.upper(), path.strip()
            if not path.startswith("/") or "?" in path:
                raise InvalidConfiguration(
                    f"An allowed operation is a method and a path, as 'POST /domain/zone/{{zoneName}}/refresh', "
                    f"not {entry!r}"
                )
            if method in ("GET", "HEAD", "OPTIONS"):
                raise InvalidConfiguration(f"{entry!r} only reads, which needs no permission")
            try:
                operation = catalogue.operation(method, path)
            except InvalidRequest as error:
                problem = str(error)
            else:
                self.operations[str(operation)] = operation
                segments = _segments(path)[-len(_segments(operation.path)) :]  # without a version before it
                self._entries.append((str(operation), segments))
                continue
            raise InvalidConfiguration(f"The allowed operation {entry!r} is not there. {problem}")

    def call(self, operation: str, arguments: dict[str, Any], body: list[Any] | None = None) -> Call:
        """Return a call that is allowed.

        A path is always that of a listed operation, filled: a value cannot lead to another one.

        Args:
            operation: as it is listed, with the names in braces.
            arguments: for the path, and for the body, or the query of a DELETE.
            body: the whole body of an operation that takes a list; then all arguments are for the path.

        Raises:
            InvalidRequest: it is not allowed, or cannot be sent as written.
        """
        known = self.operations.get(" ".join(operation.split()))
        if known is None:
            listed = "; ".join(self.operations)
            raise InvalidRequest(f"The user does not allow {operation!r}. Allowed: {listed}")
        names = {each.name for each in known.placed("path")}
        in_path = {name: value for name, value in arguments.items() if name in names}
        others = {name: value for name, value in arguments.items() if name not in names}
        deletes = known.method == "DELETE"
        if body is not None and deletes:
            raise InvalidRequest(f"{known} takes no body")
        if body is not None and others:
            raise InvalidRequest(f"With a body, arguments are those of the path alone, not {', '.join(others)}")
        for each in known.placed("path"):
            value = in_path.get(each.name)
            if isinstance(value, str) and set("/\\") & {*value} and str(each.type) not in _WITH_SLASHES:
                # Some servers and proxies decode paths before they look where they lead.
                raise InvalidRequest(
                    f"The path argument {each.name!r} has a slash, which could lead elsewhere: {value!r}"
                )
        path = target(known.path, in_path | (others if deletes else {}))
        filled = _segments(path.partition("?")[0])
        entries = [entry for name, entry in self._entries if name == str(known)]
        if not any(_fits(entry, filled) for entry in entries):
            raise InvalidRequest(
                f"The user allows {known} only for: {'; '.join('/' + '/'.join(entry) for entry in entries)}"
            )
        whole = None if deletes else others or None
        return Call(known, path, whole if body is None else body, (in_path, others))


def _segments(path: str) -> list[str]:
    return [unquote(each) for each in path.strip("/").split("/")]


def _fits(entry: list[str], filled: list[str]) -> bool:
    return all(one == other or (one[:1], one[-1:]) == ("{", "}") for one, other in zip(entry, filled, strict=True))
