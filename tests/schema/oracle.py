"""The model as JSON Schema, for a well-kept library to validate what we validate ourselves."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from ovhcore.schema.model import Enumeration, Family, Model
from ovhcore.schema.types import Array, Map, Ref, Scalar, Type

__all__ = ["places"]

_JSON = {"string": "string", "long": "integer", "double": "number", "boolean": "boolean"}


class _Schemas:
    def __init__(self, family: Family) -> None:
        self.family = family
        self.definitions: dict[str, Any] = {}

    def of(self, type_: Type) -> Any:
        if isinstance(type_, Scalar):
            return {"type": _JSON[type_.base]} if type_.base in _JSON else {}
        if isinstance(type_, Array):
            return {"type": "array", "items": self.of(type_.item)}
        if isinstance(type_, Map):
            return {"type": "object", "additionalProperties": self.nullable(self.of(type_.value))}
        return self.reference(type_)

    def nullable(self, schema: Any) -> Any:
        return {"if": {"type": "null"}, "else": schema}

    def reference(self, ref: Ref) -> Any:
        name = str(ref)
        key = "".join(letter if letter.isalnum() else f"-{ord(letter)}-" for letter in name)
        if key not in self.definitions:
            self.definitions[key] = {}  # it may refer to itself
            self.definitions[key] = self.definition(ref)
        return {"$ref": f"#/$defs/{key}"}

    def definition(self, ref: Ref) -> Any:
        model = self.family.model(ref)
        if isinstance(model, Enumeration):
            return {"type": _JSON[model.base]}  # open: new values appear
        if not isinstance(model, Model):
            return {}
        properties = {
            name: self.nullable(self.of(each.type)) if each.nullable else self.of(each.type)
            for name, each in model.properties.items()
        }
        return {"type": "object", "properties": properties}


def places(family: Family, type_: Type, value: Any) -> set[str]:
    """Return the places of a value that are not as the type has it, by the library."""
    schemas = _Schemas(family)
    schema = schemas.of(type_)
    validator = Draft202012Validator({**schema, "$defs": schemas.definitions})
    return {
        "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        for error in validator.iter_errors(value)
    }
