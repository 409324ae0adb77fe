"""The language in which schemas write types, read once.

============================================  ==============================================
``string``, ``long``, ``ipBlock`` ...         :class:`Scalar`
``coreTypes.AccountId:string``                :class:`Scalar`, an alias: its own name, and its base
``me.Bill``                                   :class:`Ref`, to a model or an enumeration
``complexType.UnitAndValue<long>``            :class:`Ref` with arguments
``string[]``, ``[]string``                    :class:`Array`
``map[string]long``                           :class:`Map`
============================================  ==============================================

A suffix binds closer than a prefix: ``map[string]long[]`` is a map of arrays, ``[]map[string]long`` an array of
maps. ``str`` of a type is its spelling in this language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias

from ..exceptions import SchemaError
from ..protocol.frozen import Frozen, put

__all__ = ["ANY", "SCALARS", "VOID", "Array", "Map", "Ref", "Scalar", "Type", "parse_type", "references", "substitute"]

_STRINGS: Final = (
    "string text password uuid date datetime time duration email url uri ip ipv4 ipv6 ipBlock ipv4Block ipv6Block "
    "macAddress phoneNumber internationalPhoneNumber"
)
SCALARS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys(("long", "int", "integer"), "long"),
    **dict.fromkeys(("double", "float", "number"), "double"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    "any": "any",
    "void": "void",
}
"""The base of each scalar, by its name. Bases are ``string``, ``long``, ``double``, ``boolean``, ``any``, ``void``."""

_DEEPEST: Final = 32
_NAME = re.compile(r"[^\[\]<>,:\s]+")


class Scalar(Frozen):
    """A single value.

    Attributes:
        name: the name, as schemas write it: ``"datetime"``, ``"coreTypes.AccountId"``.
        base: the kind of JSON value: ``"string"``, ``"long"``, ``"double"``, ``"boolean"``; ``"any"``; or ``"void"``.
    """

    __slots__ = ("name", "base")  # noqa: RUF023 - the order of __init__

    name: str
    base: str

    def __init__(self, name: str, base: str) -> None:
        put(self, "name", name)
        put(self, "base", base)

    def __str__(self) -> str:
        return self.name if SCALARS.get(self.name) == self.base else f"{self.name}:{self.base}"


class Array(Frozen):
    """A list.

    Attributes:
        item: the type of its items.
    """

    __slots__ = ("item",)

    item: Type

    def __init__(self, item: Type) -> None:
        put(self, "item", item)

    def __str__(self) -> str:
        item = str(self.item)
        return f"[]{item}" if item.startswith(("map[", "[]")) else f"{item}[]"


class Map(Frozen):
    """An object whose keys the caller chooses.

    Attributes:
        key: the type of its keys, in JSON always text.
        value: the type of its values.
    """

    __slots__ = ("key", "value")

    key: Type
    value: Type

    def __init__(self, key: Type, value: Type) -> None:
        put(self, "key", key)
        put(self, "value", value)

    def __str__(self) -> str:
        return f"map[{self.key}]{self.value}"


class Ref(Frozen):
    """A model or an enumeration by its name; or, within a generic model, one of its variables.

    Attributes:
        name: ``"me.Bill"``.
        arguments: the arguments of a generic model.
    """

    __slots__ = ("name", "arguments")  # noqa: RUF023 - the order of __init__

    name: str
    arguments: tuple[Type, ...]

    def __init__(self, name: str, arguments: tuple[Type, ...] = ()) -> None:
        put(self, "name", name)
        put(self, "arguments", arguments)

    def __str__(self) -> str:
        return f"{self.name}<{','.join(map(str, self.arguments))}>" if self.arguments else self.name


Type: TypeAlias = Scalar | Array | Map | Ref
"""Any type."""

ANY: Final = Scalar("any", "any")
"""The type of any value."""

VOID: Final = Scalar("void", "void")
"""The type of an answer or a body that is empty."""


@lru_cache(maxsize=8192)
def parse_type(text: str) -> Type:
    """Read a type.

    >>> str(parse_type("map[string][]iam.resource.TagFilter"))
    'map[string]iam.resource.TagFilter[]'

    Raises:
        SchemaError: the text is not written in this language, or nested too deeply.
    """
    parser = _Parser(text)
    parsed = parser.type(0)
    if parser.at < len(text):
        parser.fail()
    return parsed


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, problem: str = "") -> NoReturn:
        found = problem or (f"{self.text[self.at]!r} at {self.at}" if self.at < len(self.text) else "its end")
        shown = self.text if len(self.text) <= 200 else f"{self.text[:200]}..."
        raise SchemaError(f"{shown!r} is not a type such as 'string', 'me.Bill[]' or 'map[string]long': {found}")

    def taken(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.taken(token):
            self.fail()

    def type(self, depth: int) -> Type:
        if depth > _DEEPEST:
            self.fail(f"nested more than {_DEEPEST} deep")
        parsed = self.prefixed(depth)
        return _aliased(parsed, self.type(depth + 1)) if self.taken(":") else parsed

    def prefixed(self, depth: int) -> Type:
        if self.taken("[]"):
            return Array(self.type(depth + 1))
        if self.taken("map["):
            key = self.type(depth + 1)
            self.expect("]")
            return Map(key, self.type(depth + 1))
        match = _NAME.match(self.text, self.at)
        if match is None:
            self.fail()
        self.at = match.end()
        arguments: list[Type] = []
        if self.taken("<"):
            arguments.append(self.type(depth + 1))
            while self.taken(","):
                arguments.append(self.type(depth + 1))
            self.expect(">")
        base = SCALARS.get(match[0]) if not arguments else None
        parsed: Type = Ref(match[0], tuple(arguments)) if base is None else Scalar(match[0], base)
        while self.taken("[]"):
            depth += 1
            if depth > _DEEPEST:
                self.fail(f"nested more than {_DEEPEST} deep")
            parsed = Array(parsed)
        return parsed


def _aliased(named: Type, base: Type) -> Type:
    """Return the type of ``named:base``: ``ServiceId[]:long[]`` and ``ServiceId:long[]`` are arrays of the scalar."""
    if isinstance(base, Array):
        return Array(_aliased(named.item if isinstance(named, Array) else named, base.item))
    if isinstance(named, Ref) and not named.arguments and isinstance(base, Scalar):
        return Scalar(named.name, base.base)
    return named if isinstance(named, Scalar) else base


def _mapped(type_: Type, change: Callable[[Ref], Type]) -> Type:
    if isinstance(type_, Ref):
        return change(Ref(type_.name, tuple(_mapped(each, change) for each in type_.arguments)))
    if isinstance(type_, Array):
        return Array(_mapped(type_.item, change))
    if isinstance(type_, Map):
        return Map(_mapped(type_.key, change), _mapped(type_.value, change))
    return type_


def substitute(type_: Type, arguments: Mapping[str, Type]) -> Type:
    """Put types in the place of variables.

    >>> str(substitute(parse_type("T[]"), {"T": parse_type("long")}))
    'long[]'
    """
    return _mapped(type_, lambda ref: arguments.get(ref.name, ref) if not ref.arguments else ref)


def references(type_: Type) -> Iterator[Ref]:
    """Yield every reference in a type, the outer ones first."""
    if isinstance(type_, Ref):
        yield type_
        for argument in type_.arguments:
            yield from references(argument)
    elif isinstance(type_, Array):
        yield from references(type_.item)
    elif isinstance(type_, Map):
        yield from references(type_.key)
        yield from references(type_.value)
