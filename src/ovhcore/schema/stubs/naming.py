"""Names of Python for names of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from keyword import iskeyword
from typing import Final

from ..types import Array, Map, Scalar, Type

__all__ = ["Names", "argument_name", "is_plain_member", "literal", "type_name"]

_WORDS = re.compile(r"[A-Za-z0-9]+")

_ANNOTATIONS: Final = frozenset({"str", "int", "float", "bool", "list", "dict", "tuple"})
_TAKEN: Final = frozenset({"self", "_target", "_ids", "_change", "_need_auth", "_errors", "_as_completed", "_item"})


def type_name(type_: Type) -> str:
    """Return the name of a class for a type, as ``DomainZoneRecord``."""
    if isinstance(type_, Array):
        return f"{type_name(type_.item)}List"
    if isinstance(type_, Map):
        return f"{type_name(type_.value)}Map"
    if isinstance(type_, Scalar):
        return _joined(type_.name)
    return _joined(type_.name) + "".join(map(type_name, type_.arguments))


def _joined(name: str) -> str:
    words = _WORDS.findall(name)
    text = "".join(word[0].upper() + word[1:] for word in words)
    return text if text and not text[0].isdigit() else f"Model{text}"


def argument_name(name: str) -> str | None:
    """Return the name of an argument in a call; None if only ``**{"date.from": ...}`` can pass it."""
    if iskeyword(name):
        return f"_{name}"
    return name if name.isidentifier() and name not in _TAKEN else None


def is_plain_member(name: str) -> bool:
    """Say whether a member can stand in the body of a class, and hides no name that other members use."""
    return name.isidentifier() and not iskeyword(name) and not name.startswith("_") and not _hides(name)


def _hides(name: str) -> bool:
    return name in _ANNOTATIONS or name[0].isupper()  # classes of models begin with a capital


def literal(values: Iterable[object]) -> str:
    """Return a Literal of values."""
    return f"Literal[{', '.join(map(_quoted, values))}]"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


class Names:
    """Gives each thing a name of its own.

    Args:
        reserved: names that are taken from the beginning.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._of: dict[object, str] = {}
        self._taken = set(reserved)

    def of(self, key: object, wish: str) -> str:
        """Return the name of a thing: ``wish``, with a number if it is taken."""
        name = self._of.get(key)
        if name is None:
            name, number = wish, 1
            while name in self._taken:
                number += 1
                name = f"{wish}{number}"
            self._taken.add(name)
            self._of[key] = name
        return name
