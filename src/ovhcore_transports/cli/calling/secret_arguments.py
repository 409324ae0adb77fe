"""Secrets are read from files and standard input: what is typed as an argument, others can see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from ovhcore._internal import REDACTED

from .arguments import SEEN, Typed

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue, Scalar

__all__ = ["refuse_secrets"]

_NO_SECRETS: Final = frozenset({"boolean", "long", "double"})
"""Kinds of JSON values that are no secrets, whatever the name is."""


def refuse_secrets(typed: Typed, method: str, path: str, known: Catalogue | None) -> None:
    """Refuse secrets that stand in the command itself: those of the type ``password``, and what is hidden as a whole.

    What fills the path is told to everybody anyway. A text with something like a secret in it, a TXT record, is none.

    Args:
        typed: what was typed.
        method: of the call.
        path: of the call, with names in braces.
        known: what tells the types of arguments, or None.

    Raises:
        click.UsageError: there is one; the message shows nothing of it.
    """
    from ovhcore.protocol import redact_json

    seen = {name: value for name, value in typed.named.items() if name in typed.visible and f"{{{name}}}" not in path}
    if not seen:
        return
    types, shown = _types(method, path, known), redact_json(seen)
    for name, value in seen.items():
        type_ = types.get(name)
        if type_ is not None and (type_.name == "password" or type_.base in _NO_SECRETS):
            secret = type_.name == "password" and value != ""
        else:
            secret = _is_hidden(value, shown[name])
        if secret:
            raise _refusal(name, as_text=name in typed.as_text)


def _refusal(name: str, *, as_text: bool) -> click.UsageError:
    given = f"{name}=" if as_text else f"{name}:="
    also = ", and on a terminal asks for it without showing it" if as_text else ""
    return click.UsageError(
        f"{name} is secret, {SEEN} Write {given}@FILE; or {given}@-, which reads standard input{also}"
    )


def _is_hidden(value: Any, shown: Any) -> bool:
    """Say whether redaction hides a value, or one in it, as a whole."""
    if isinstance(value, dict) and isinstance(shown, dict):
        return any(_is_hidden(each, shown.get(name)) for name, each in value.items())
    if isinstance(value, list) and isinstance(shown, list):
        return any(map(_is_hidden, value, shown))
    return bool(shown == REDACTED and value not in (REDACTED, "", "true", "false"))


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
