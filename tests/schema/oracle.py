"""The model as JSON Schema, for a well-kept library to validate what we validate ourselves."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from ovhcore.schema import Family, Type
from tests.schema.json_schemas import JsonSchemas

__all__ = ["places"]


class _Open(JsonSchemas):
    """What may be null is null at times."""

    def member(self, type_: Type, *, nullable: bool) -> Any:
        schema = self.of(type_)
        return {"if": {"type": "null"}, "else": schema} if nullable else schema


def places(family: Family, type_: Type, value: Any) -> set[str]:
    """Return the places of a value that are not as the type has it, by the library."""
    schemas = _Open(family)
    schema = schemas.of(type_)
    validator = Draft202012Validator({**schema, "$defs": schemas.definitions})
    return {
        "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        for error in validator.iter_errors(value)
    }
