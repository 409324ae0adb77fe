"""A value in a document, and its place there, which errors name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ...exceptions import SchemaError
from ..types import Type, parse_type

__all__ = ["DocumentValue"]

_FLAGS: Final[dict[Any, bool]] = {True: True, False: False, "1": True, "0": False, "true": True, "false": False}
_KINDS: Final = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


class DocumentValue:
    """A value of a document, with its place.

    Args:
        value: the value, as ``json.loads`` returns it.
        file: the origin of the document, for messages.
        above: the value that it stands in, or None for the document itself.
        key: the name, or the number, of the value there.
    """

    __slots__ = ("above", "file", "key", "value")

    def __init__(self, value: Any, file: str, above: DocumentValue | None = None, key: str | int = "") -> None:
        self.value = value
        self.file = file
        self.above = above
        self.key = key

    @property
    def place(self) -> str:
        """The place of the value, as ``"$.apis[3].path"``."""
        if self.above is None:
            return "$"
        if isinstance(self.key, int):
            return f"{self.above.place}[{self.key}]"
        plain = self.key.replace("_", "").replace("-", "").isalnum()
        return f"{self.above.place}.{self.key}" if plain else f"{self.above.place}[{self.key!r}]"

    def error(self, problem: str) -> SchemaError:
        """Return the exception that says what is wrong with the value."""
        return SchemaError(problem, file=self.file, place=self.place)

    def _unexpected(self, what: str) -> SchemaError:
        return self.error(f"must be {what}, not {_KINDS.get(type(self.value), 'a number')}")

    def child(self, key: str) -> DocumentValue:
        """Return a member of an object; the value of a missing one is None."""
        if not isinstance(self.value, dict):
            raise self._unexpected("an object")
        return DocumentValue(self.value.get(key), self.file, self, key)

    def has(self, key: str) -> bool:
        """Say whether an object has a member that is not null."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def members(self) -> Iterator[tuple[str, DocumentValue]]:
        """Yield names and members of an object; nothing for null."""
        if self.value is None:
            return
        if not isinstance(self.value, dict):
            raise self._unexpected("an object")
        for key, value in self.value.items():
            yield key, DocumentValue(value, self.file, self, key)

    def items(self) -> Iterator[DocumentValue]:
        """Yield the items of a list; nothing for null."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self._unexpected("a list")
        for number, value in enumerate(self.value):
            yield DocumentValue(value, self.file, self, number)

    def text(self) -> str:
        """Return the value, which must be text."""
        if not isinstance(self.value, str):
            raise self._unexpected("text")
        return self.value

    def optional(self, key: str) -> str | None:
        """Return the text of a member, None where it is missing, null or empty."""
        found = self.child(key)
        return (found.text() or None) if found.value is not None else None

    def described(self, key: str = "description") -> str:
        """Return a description, empty where there is none."""
        return self.optional(key) or ""

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a member that is true or false; 0 and 1 are accepted."""
        found = self.child(key)
        if found.value is None:
            return default
        if isinstance(found.value, (bool, int, str)) and found.value in _FLAGS:
            return _FLAGS[found.value]
        raise found._unexpected("true or false")

    def type(self) -> Type:
        """Return the type that text names."""
        text = self.text()
        try:
            return parse_type(text)
        except SchemaError as error:
            problem = error.problem
        raise self.error(problem)
