"""Types of the schema as JSON Schema, for a well-kept library to judge values; how strictly, a subclass says."""

from __future__ import annotations

from typing import Any, Final

from ovhcore.schema import Array, Enumeration, Family, Map, Model, Ref, Scalar, Type

__all__ = ["JSON_TYPES", "JsonSchemas"]

JSON_TYPES: Final = {"string": "string", "long": "integer", "double": "number", "boolean": "boolean"}


class JsonSchemas:
    """The types of one family. As it is, any member may be missing and any may be more."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.definitions: dict[str, Any] = {}

    def of(self, type_: Type) -> Any:
        if isinstance(type_, Scalar):
            return self.scalar(type_)
        if isinstance(type_, Array):
            return {"type": "array", "items": self.of(type_.item)}
        if isinstance(type_, Map):
            return {"type": "object", "additionalProperties": self.member(type_.value, nullable=True)}
        key = "".join(letter if letter.isalnum() else f"-{ord(letter)}-" for letter in str(type_))
        if key not in self.definitions:
            self.definitions[key] = {}  # it may refer to itself
            self.definitions[key] = self.definition(type_)
        return {"$ref": f"#/$defs/{key}"}

    def definition(self, ref: Ref) -> Any:
        model = self.family.model(ref)
        if isinstance(model, Enumeration):
            return self.enumeration(model)
        return self.model(model) if isinstance(model, Model) else {}

    def scalar(self, type_: Scalar) -> Any:
        return {"type": JSON_TYPES[type_.base]} if type_.base in JSON_TYPES else {}

    def enumeration(self, model: Enumeration) -> Any:
        return {"type": JSON_TYPES[model.base]}  # open: new values appear

    def model(self, model: Model) -> Any:
        properties = {name: self.member(each.type, nullable=each.nullable) for name, each in model.properties.items()}
        return {"type": "object", "properties": properties}

    def member(self, type_: Type, *, nullable: bool) -> Any:
        """Return the schema of a member of an object."""
        return self.of(type_)
