"""Secrets are read from files and standard input: what is typed as an argument, others can see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from .arguments import SEEN, Typed

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue, Scalar

__all__ = ["refuse_secrets"]

_NO_SECRETS: Final = frozenset({"boolean", "long", "double"})
"""Kinds of JSON values that are no secrets, whatever the name is."""


def refuse_secrets(typed: Typed, method: str, path: str, known: Catalogue | None) -> None:
    """Refuse secrets that stand in the command itself: those of the type ``password``, or with the name of a secret.

    What fills the path is told to everybody anyway.

    Args:
        typed: what was typed.
        method: of the call.
        path: of the call, with names in braces.
        known: what tells the types of arguments, or None.

    Raises:
        click.UsageError: there is one; the message shows nothing of it.
    """
    seen = [name for name in typed.named if name in typed.visible and f"{{{name}}}" not in path]
    if not seen:
        return
    types = _types(method, path, known)
    for name in seen:
        if (found := _secret(name, typed.named[name], types)) is not None:
            if name in typed.as_text:
                also = f"{name}=@-, which reads standard input, and on a terminal asks for it without showing it"
            else:
                name += ":"
                also = f"{name}=@-, which reads standard input"
            raise click.UsageError(f"{found} is secret, {SEEN} Write {name}=@FILE; or {also}")


def _types(method: str, path: str, known: Catalogue | None) -> Mapping[str, Scalar]:
    """Return the types of the members of a body, by name; for an array that of its items."""
    from ovhcore.schema import Array, Scalar

    operation = None if known is None else known.find(method, path)
    fields = None if known is None or operation is None else known.family(operation.family).body_fields(operation)
    found: dict[str, Scalar] = {}
    for name, field in (fields or {}).items():
        type_ = field.type.item if isinstance(field.type, Array) else field.type
        if isinstance(type_, Scalar):
            found[name] = type_
    return found


def _secret(name: str, value: Any, types: Mapping[str, Scalar]) -> str | None:
    """Return the name of the secret that an argument is or holds, None if there is none."""
    from ovhcore._internal import is_secret_name

    if isinstance(value, list):
        return next((found for each in value if (found := _secret(name, each, types)) is not None), None)
    if isinstance(value, dict):
        return next((found for inner, each in value.items() if (found := _secret(inner, each, {})) is not None), None)
    if not isinstance(value, str) or value in ("", "true", "false"):
        return None
    type_ = types.get(name)
    if type_ is not None and (type_.name == "password" or type_.base in _NO_SECRETS):
        return name if type_.name == "password" else None
    return name if is_secret_name(name) else None
