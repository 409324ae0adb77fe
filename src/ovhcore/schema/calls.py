"""The check of a call against the catalogue, just before the call is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from ..protocol.responses.decoding import parse_json
from .checking import Finding, check_arguments
from .lookup.catalogue import Catalogue
from .lookup.paths import plain_path
from .model import Operation
from .types import Array, Scalar

__all__ = ["CheckWarning", "CheckedCall", "DeprecatedOperationWarning", "check_call"]

_ARGUMENT = re.compile(r"\{([^{}/]*)\}")
_MEANT: Final = "did you mean"


class CheckWarning(UserWarning):
    """A call does not fit the schema, or the schema does not know it; the call is sent all the same."""


class DeprecatedOperationWarning(CheckWarning, DeprecationWarning):
    """An operation is deprecated; the message names its replacement, if one is known."""


class CheckedCall(NamedTuple):
    """The result of a check.

    Attributes:
        operation: the operation that the call is for; None if the catalogue does not know it.
        findings: the values that do not fit the schema.
        unknown: a message about an unknown operation; empty for a known one.
    """

    operation: Operation | None
    findings: list[Finding]
    unknown: str

    @property
    def deprecation(self) -> str:
        """A message about a deprecated operation; empty for others."""
        if self.operation is None or not self.operation.status.deprecated:
            return ""
        status = self.operation.status
        dates = [
            f"{what} {date}" for what, date in (("since", status.deprecated_on), ("until", status.deleted_on)) if date
        ]
        instead = f"; use {status.replacement}" if status.replacement else ""
        return f"{self.operation} is deprecated{f' ({chr(44).join(dates)})' if dates else ''}{instead}"


def check_call(catalogue: Catalogue, method: str, path: str, body: bytes = b"", separator: str = "") -> CheckedCall:
    """Hold a call against its operation.

    Args:
        catalogue: the catalogue of the endpoint.
        method: the method of the call.
        path: the path that is sent, with its query.
        body: the JSON that is sent; empty for none.
        separator: the text between the ids of a batch, in the last segment of the path; empty for a single call.

    Raises:
        SchemaError: the stored form of a family is damaged.
    """
    operation = catalogue.find(method, path)
    if operation is None:
        return CheckedCall(None, [], _unknown(catalogue, method, path))
    family = catalogue.family(operation.family)
    value = parse_json(body) if body else None
    query = _query(operation, path.partition("?")[2])
    findings = [
        finding
        for number, named in enumerate(_path_arguments(operation, plain_path(path), separator))
        for finding in check_arguments(
            family, operation, path=named, query={} if number else query, body=None if number else value
        )
        if not number or finding.place in named
    ]
    return CheckedCall(operation, findings, "")


def _unknown(catalogue: Catalogue, method: str, path: str) -> str:
    of = f" of {catalogue.endpoint}" if catalogue.endpoint else ""
    if methods := catalogue.methods(path):
        return f"The catalogue{of} has no {method} for this path; it has {', '.join(methods)}"
    near = catalogue.suggest(path, method) or catalogue.suggest(path)
    meant = f"; {_MEANT} {' or '.join(near)}?" if near else ""
    return f"The catalogue{of} has no {method} of this path{meant}"


def _query(operation: Operation, query: str) -> dict[str, Any]:
    """Return the decoded arguments of a query; values of a repeated name make a list."""
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    return {name: _read(operation, name, values) for name, values in given.items()}


def _read(operation: Operation, name: str, values: list[str]) -> Any:
    parameter = operation.parameter(name)
    if len(values) == 1 and parameter is not None and not isinstance(parameter.type, (Scalar, Array)):
        try:
            value = parse_json(values[0].encode())
        except ValueError:
            return values[0]
        return value if isinstance(value, dict) else values[0]
    return values[0] if len(values) == 1 else values


def _path_arguments(operation: Operation, path: str, separator: str) -> Iterator[dict[str, str]]:
    """Yield the arguments of a path by name; for a batch, yield them once for each id."""
    parts = _ARGUMENT.split(operation.path)
    pattern = "".join(f"({'.+' if number % 2 else re.escape(part)})" for number, part in enumerate(parts))
    match = re.fullmatch(pattern.replace("(.+)", "([^/]+)"), path)
    names = parts[1::2]
    values = [] if match is None else [unquote(each) for each in match.groups()[1::2]]
    named = dict(zip(names, values, strict=False))
    if not separator or not names or not operation.path.endswith(f"{{{names[-1]}}}"):
        yield named
        return
    for each in named[names[-1]].split(separator):
        yield {**named, names[-1]: each}
