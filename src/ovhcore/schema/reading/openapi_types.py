"""The schemas of an OpenAPI document as types, models and enumerations."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

from ...exceptions import SchemaError
from ..model import Enumeration, Model, Property
from ..tables import Table
from ..types import ANY, SCALARS, Array, Map, Ref, Scalar, Type, parse_type
from .native import number
from .places import DocumentValue

__all__ = ["Schemas"]

_FORMATS: Final = {
    "date-time": "datetime",
    "ip-block": "ipBlock",
    "ipv4-block": "ipv4Block",
    "ipv6-block": "ipv6Block",
    "mac-address": "macAddress",
    "phone-number": "phoneNumber",
}
_PLAIN: Final = {"string": "string", "integer": "long", "number": "double", "boolean": "boolean"}
_COMPONENT: Final = "#/components/schemas/"
_NO_NAME: Final = re.compile(r"[\[\]<>,:\s]+")
_STRING: Final = Scalar("string", "string")
_SAYS_WHAT: Final = frozenset(
    {"$ref", "type", "properties", "additionalProperties", "enum", "items", "allOf", "oneOf", "anyOf"}
)
_DEEPEST: Final = 64


class Schemas:
    """The schemas of a document. A schema without a name gets one from its place.

    Args:
        top: the document.
    """

    def __init__(self, top: DocumentValue) -> None:
        self.top = top
        self.components = dict(top.child("components").child("schemas").members()) if top.has("components") else {}
        self.models: dict[str, Model | Enumeration] = {}
        self._named: dict[str, Type] = {}
        self._taken: set[str] = set()
        self._names = {name: self._free(self._unmangled(name), generic=True) for name in self.components}
        for name, at in self.components.items():
            reference = self.named(name, at)
            if _is_own(at):
                self._own(at, str(reference))

    def _unmangled(self, name: str, depth: int = 0) -> str:
        """Return the name of a generic with its argument in the native spelling: ``X_long`` is ``X<long>``."""
        for match in re.finditer("_", name) if depth < _DEEPEST else ():
            base, rest = name[: match.start()], name[match.end() :]
            if "." in base and (rest in SCALARS or ("." in rest and rest in self.components)):
                return f"{base}<{self._unmangled(rest, depth + 1)}>"
        return name

    def _reference(self, name: str) -> Type:
        """Return the reference to a component. Only a name with ``<`` is read in the native language of types."""
        spelled = self._names.get(name, name)
        return parse_type(spelled) if "<" in spelled else Ref(spelled)

    def find(self, at: DocumentValue) -> DocumentValue:
        """Follow ``$ref`` to its end, over any number of steps.

        Raises:
            SchemaError: the reference leads nowhere, in a circle, or out of the document.
        """
        for _ in range(_DEEPEST):
            if not at.has("$ref"):
                return at
            reference = at.child("$ref").text()
            if not reference.startswith("#/"):
                raise at.error(f"refers to another document, {reference!r}; put everything into one")
            found = self.top
            for step in reference[2:].split("/"):
                key = _key(step, found.value)
                found = found.child(key) if isinstance(found.value, dict) else DocumentValue(None, at.file)
            if found.value is None:
                raise at.error(f"refers to {reference!r}, which is not there")
            at = found
        raise at.error("refers to itself")

    def named(self, name: str, at: DocumentValue) -> Type:
        """Return the type that a component's name stands for: a reference, or the type of an alias."""
        if name not in self._named:
            component = self.components.get(name)
            if component is None:
                raise at.error(f"refers to the schema {name!r}, which is not there")
            reference = self._named[name] = self._reference(name)  # an alias of itself finds this
            if not _is_own(component):
                type_ = self.type(component, str(reference))
                plain = isinstance(type_, Scalar) and type_.name in _PLAIN.values()  # an alias, as coreTypes.AccountId
                self._named[name] = Scalar(str(reference), type_.base) if plain and isinstance(type_, Scalar) else type_
                if name in SCALARS and isinstance(type_, Scalar):
                    self._named[name] = Scalar(name, SCALARS[name])
        return self._named[name]

    def _own(self, at: DocumentValue, name: str) -> None:
        """Keep the model or the enumeration of a component under the component's name."""
        if at.has("allOf"):
            self._merged(at, _parts(at), name, 0)
        elif at.has("enum"):
            self._enumeration(at, name)
        else:
            self.models[name] = self._model(name, at, 0)

    def _free(self, name: str, *, generic: bool = False) -> str:
        """Return a name that no other schema has, and that can be written in the language of types."""
        if not generic or "<" not in name or name in self._taken or not _is_reference(name):
            name = _NO_NAME.sub("_", name) or "_"
            while name in SCALARS or name in self._taken:
                name += "_"
        self._taken.add(name)
        return name

    def type(self, at: DocumentValue, name: str, depth: int = 0) -> Type:
        """Return the type of a schema.

        Args:
            at: the schema.
            name: the name for a model or an enumeration that has none.
            depth: how deep the schema is within others.

        Raises:
            SchemaError: the value is no schema, or nested too deeply.
        """
        if depth > _DEEPEST:
            raise at.error(f"schemas are nested more than {_DEEPEST} deep")
        if isinstance(at.value, bool) or at.value is None:
            return ANY
        if at.has("$ref"):
            reference = at.child("$ref").text()
            if reference.startswith(_COMPONENT) and "/" not in reference[len(_COMPONENT) :]:
                return self.named(_key(reference[len(_COMPONENT) :], self.components), at)
            return self.type(self.find(at), name, depth + 1)
        if at.has("allOf"):
            return self._all_of(at, name, depth)
        for choice in ("oneOf", "anyOf"):
            if at.has(choice):
                variants = [each for each in at.child(choice).items() if not _is_null(each)]
                return self.type(variants[0], name, depth + 1) if len(variants) == 1 else ANY
        if at.has("enum"):
            return self._enumeration(at, self._free(name))
        return self._plain(at, name, depth)

    def _plain(self, at: DocumentValue, name: str, depth: int) -> Type:
        kinds = _kinds(at)
        if kinds == ["array"]:
            return Array(self.type(at.child("items"), name, depth + 1))
        if kinds == ["object"] or (not kinds and (at.has("properties") or at.has("additionalProperties"))):
            if at.has("properties"):
                name = self._free(name)
                self.models[name] = self._model(name, at, depth)
                return Ref(name)
            return Map(_STRING, self.type(at.child("additionalProperties"), f"{name}.value", depth + 1))
        if len(kinds) != 1:
            return ANY
        plain = _PLAIN.get(kinds[0])
        if plain is None:
            raise at.error(f"the type must be string, integer, number, boolean, array or object, not {kinds[0]!r}")
        if plain == "string" and (format_ := at.optional("format")):
            format_ = _FORMATS.get(format_, format_)
            return Scalar(format_, "string") if SCALARS.get(format_) == "string" else _STRING
        return Scalar(plain, plain)

    def _all_of(self, at: DocumentValue, name: str, depth: int) -> Type:
        parts = _parts(at)
        if len(parts) == 1:
            return self.type(parts[0], name, depth + 1)
        if not parts:
            return ANY
        return self._merged(at, parts, self._free(name), depth)

    def _merged(self, at: DocumentValue, parts: list[DocumentValue], name: str, depth: int) -> Type:
        properties: dict[str, Property] = {}
        for part in parts:
            self._gather(part, name, properties, depth + 1)
        self.models[name] = Model(name, Table(properties), (), at.described())
        return Ref(name)

    def _gather(self, at: DocumentValue, name: str, properties: dict[str, Property], depth: int) -> None:
        if depth > _DEEPEST:
            raise at.error(f"schemas are nested more than {_DEEPEST} deep")
        at = self.find(at)
        for part in at.child("allOf").items():
            self._gather(part, name, properties, depth + 1)
        properties.update(self._properties(at, name, depth))

    def _model(self, name: str, at: DocumentValue, depth: int) -> Model:
        return Model(name, Table(self._properties(at, name, depth)), (), at.described())

    def _properties(self, at: DocumentValue, name: str, depth: int) -> dict[str, Property]:
        required = {each.text() for each in at.child("required").items()} if not _is_flag(at, "required") else set()
        return {
            key: Property(
                key,
                self.type(each, f"{name}.{key}", depth + 1),
                key in required,
                self.nullable(each),
                _flagged(each, "readOnly"),
                each.described() if isinstance(each.value, dict) else "",
            )
            for key, each in at.child("properties").members()
        }

    def nullable(self, at: DocumentValue) -> bool:
        """Say whether a schema allows null."""
        if not isinstance(at.value, dict):
            return False
        if _flagged(at, "nullable") or (isinstance(at.value.get("type"), list) and "null" in at.value["type"]):
            return True
        if at.has("enum") and any(each.value is None for each in at.child("enum").items()):
            return True
        return any(_is_null(each) for choice in ("oneOf", "anyOf") for each in at.child(choice).items())

    def _enumeration(self, at: DocumentValue, name: str) -> Type:
        kinds = _kinds(at)
        base = _PLAIN.get(kinds[0], "string") if len(kinds) == 1 else _base(at.child("enum"))
        values = tuple(number(each, base) for each in at.child("enum").items() if each.value is not None)
        self.models[name] = Enumeration(name, values, base, at.described())
        return Ref(name)


def _key(step: str, known: Any) -> str:
    """Return the name that a step of a reference stands for; some documents escape it as in a URL."""
    key = step.replace("~1", "/").replace("~0", "~")
    return unquote(key) if isinstance(known, dict) and key not in known else key


def _kinds(at: DocumentValue) -> list[str]:
    """Return the names of the types a schema allows, without null."""
    kinds = at.child("type")
    if isinstance(kinds.value, list):
        return [each.text() for each in kinds.items() if each.value != "null"]
    return [] if kinds.value is None else [kinds.text()]


def _parts(at: DocumentValue) -> list[DocumentValue]:
    """Return the schemas that an ``allOf`` joins, without those that only describe, as ``{"nullable": true}``."""
    parts = [each for each in at.child("allOf").items() if _says_what(each)]
    if at.has("properties"):
        parts.append(DocumentValue({**at.value, "allOf": None}, at.file, at.above, at.key))
    # Some documents repeat the type beside a reference.
    return [each for each in parts if _SAYS_WHAT.intersection(each.value) != {"type"}] or parts[:1]


def _is_reference(name: str) -> bool:
    try:
        return isinstance(parse_type(name), Ref)
    except SchemaError:
        return False


def _is_own(at: DocumentValue) -> bool:
    """Say whether a component is a model or an enumeration; else it is an alias."""
    if not isinstance(at.value, dict) or at.has("$ref"):
        return False
    if at.has("allOf"):
        return len(_parts(at)) > 1
    if at.has("oneOf") or at.has("anyOf"):
        return False
    bare = at.value.get("type") == "object" and not at.has("additionalProperties")
    return at.has("enum") or at.has("properties") or bare


def _base(values: DocumentValue) -> str:
    kinds = {type(each.value) for each in values.items() if each.value is not None}
    if kinds == {bool}:
        return "boolean"
    return "long" if kinds == {int} else "double" if kinds and kinds <= {int, float} else "string"


def _is_null(at: DocumentValue) -> bool:
    return isinstance(at.value, dict) and (
        at.value.get("type") == "null" or (at.value.get("nullable") is True and not _says_what(at))
    )


def _says_what(at: DocumentValue) -> bool:
    return isinstance(at.value, dict) and not _SAYS_WHAT.isdisjoint(at.value)


def _is_flag(at: DocumentValue, key: str) -> bool:
    # Some documents write "required: true" at a property; JSON Schema has a list of names at the object.
    return isinstance(at.child(key).value, bool)


def _flagged(at: DocumentValue, key: str) -> bool:
    """Say whether a flag is set at a schema, or within the ``allOf`` that it wraps."""
    if not isinstance(at.value, dict):
        return False
    return at.flag(key) or any(isinstance(each.value, dict) and each.flag(key) for each in at.child("allOf").items())
