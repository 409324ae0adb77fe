"""The body of a call: from what was typed, from an editor, with values of the types that the schema has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from ..frame.clients import note
from .arguments import NO_BODY, Typed, json_of

if TYPE_CHECKING:
    from ovhcore import Client
    from ovhcore.schema import Catalogue, Family, Operation

__all__ = ["body_of", "edited", "read_value", "split_call", "types_known", "with_types"]

_PYTHON: Final[Mapping[str, tuple[type, ...]]] = {"long": (int,), "double": (int, float), "boolean": (bool,)}


def with_types(typed: Typed, family: Family, operation: Operation) -> dict[str, Any]:
    """Return arguments with the types that an operation's body has: ``ttl=60`` is a number there.

    What was given as JSON stays as it is, and so does what cannot be read as its type.
    """
    fields = family.body_fields(operation) or {}
    return {
        name: read_value(value, fields[name].type, family) if name in typed.as_text and name in fields else value
        for name, value in typed.named.items()
    }


def read_value(value: Any, type_: Any, family: Family) -> Any:
    """Return a text, or a list of them, as the value of a type."""
    from ovhcore.schema import Array, Enumeration, Ref, Scalar

    if isinstance(type_, Array):
        return [read_value(each, type_.item, family) for each in (value if isinstance(value, list) else [value])]
    if not isinstance(value, str):
        return value
    model = family.model(type_) if isinstance(type_, Ref) else None
    base = type_.base if isinstance(type_, Scalar) else model.base if isinstance(model, Enumeration) else ""
    if base not in _PYTHON:
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    # In Python, True is an int.
    fits = isinstance(read, _PYTHON[base]) and isinstance(read, bool) is (base == "boolean")
    return read if fits else value


def body_of(typed: Typed, rest: Mapping[str, Any] | None) -> Any:
    """Return the body of a call, None for none.

    Args:
        typed: what was typed.
        rest: the arguments that are not in the path.

    Raises:
        click.UsageError: there are members for a body that has none.
    """
    if typed.body is NO_BODY:
        return rest or None
    if not rest:
        return typed.body
    if not isinstance(typed.body, dict):
        raise click.UsageError(f"The body of @FILE is no object, so it takes no {next(iter(rest))}")
    return {**typed.body, **rest}


def edited(client: Client, catalogue: Catalogue | None, method: str, path: str, body: Any) -> Any:
    """Let the user write a body in an editor, and return it.

    It begins with what was typed; for a PUT without it, with what can be written of the object as it is.

    Raises:
        click.UsageError: nothing was saved, or no JSON.
    """
    if body is None and method == "PUT":
        body = _writable(client.get(path), catalogue, path)
    begun = json.dumps({} if body is None else body, indent=2, ensure_ascii=False) + "\n"
    text = click.edit(begun, extension=".json", require_save=True)
    if text is None:
        raise click.UsageError("The editor saved nothing, so nothing is sent")
    return json_of(text, "What the editor saved")


def _writable(value: Any, catalogue: Catalogue | None, path: str) -> Any:
    """Return an object without the members that a PUT does not take, as far as that is known."""
    operation = None if catalogue is None else catalogue.find("PUT", path)
    if catalogue is None or operation is None or not isinstance(value, dict):
        return value
    fields = catalogue.family(operation.family).body_fields(operation)
    return {name: each for name, each in value.items() if name in fields} if fields else value


def split_call(method: str, path: str, typed: Typed, known: Catalogue | None) -> tuple[str, Any]:
    """Return the path of a call with its arguments, and the body, None for none.

    Args:
        method: of the call.
        path: with names in braces.
        typed: what was typed behind it.
        known: what tells the types of arguments, or None.

    Raises:
        click.UsageError: there is a body where there can be none.
    """
    from ovhcore.protocol import target

    names = {part[1:-1] for part in path.partition("?")[0].split("/") if part.startswith("{") and part.endswith("}")}
    if method in ("GET", "DELETE", "HEAD", "OPTIONS"):
        if typed.body is not NO_BODY:
            raise click.UsageError(f"A {method} has no body, so it takes no @FILE")
        return target(path, typed.named), None
    path = target(path, {name: value for name, value in typed.named.items() if name in names})
    operation = None if known is None else known.find(method, path)
    named = typed.named
    if known is not None and operation is not None:
        named = with_types(typed, known.family(operation.family), operation)
    return path, body_of(typed, {name: value for name, value in named.items() if name not in names})


def types_known(endpoint: str) -> Catalogue | None:
    """Return what tells the types of arguments; None where that cannot be read, for a call does not need it."""
    from ovhcore.exceptions import APIError
    from ovhcore.schema import catalogue

    try:
        return catalogue(endpoint)
    except APIError as error:
        note(f"The types of arguments are not known: {error}")
        return None
