"""The schema as JSON Schema, strictly: known values, members, formats and what is required, for a library to judge."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from ipaddress import ip_address, ip_interface
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker

from ovhcore.schema import Array, Enumeration, Family, Map, Model, Ref, Scalar, Type

__all__ = ["Validators"]

_JSON = {"string": "string", "long": "integer", "double": "number", "boolean": "boolean"}
_CHECKER = FormatChecker(formats=())


def _format(name: str, check: Any) -> None:
    def holds(value: object) -> bool:
        return not isinstance(value, str) or check(value) is not False

    _CHECKER.checks(name, raises=ValueError)(holds)


_format("datetime", lambda value: datetime.fromisoformat(value).tzinfo is not None)
_format("date", date.fromisoformat)
_format("time", time.fromisoformat)
_format("uuid", UUID)
_format("ip", ip_interface)
_format("ipv4", lambda value: ip_address(value).version == 4)
_format("ipv6", lambda value: ip_address(value).version == 6)
_format("ipBlock", lambda value: bool(ip_interface(value)) and "/" in value)
_format("ipv4Block", lambda value: ip_interface(value).version == 4 and "/" in value)
_format("ipv6Block", lambda value: ip_interface(value).version == 6 and "/" in value)
_format("macAddress", lambda value: re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", value) is not None)
_format("phoneNumber", lambda value: re.fullmatch(r"[0-9+.]{5,20}", value) is not None)
_format("internationalPhoneNumber", lambda value: re.fullmatch(r"\+[0-9]+\.[0-9]+", value) is not None)
_format("duration", lambda value: re.fullmatch(r"P([0-9]+[YMD])*(T([0-9]+[HMS])+)?", value) is not None)


class Validators:
    """Judges the answers of one family."""

    def __init__(self, family: Family, *, closed: bool = True) -> None:
        self.family = family
        self.closed = closed
        self.definitions: dict[str, Any] = {}
        self.made: dict[str, Draft202012Validator] = {}

    def problems(self, type_: Type, value: Any) -> list[str]:
        validator = self.made.get(str(type_))
        if validator is None:
            schema = self.of(type_)
            validator = Draft202012Validator({**schema, "$defs": self.definitions}, format_checker=_CHECKER)
            self.made[str(type_)] = validator
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]

    def of(self, type_: Type) -> Any:
        if isinstance(type_, Scalar):
            if type_.base == "void":
                return {"type": "null"}
            return {"type": _JSON[type_.base], "format": type_.name} if type_.base in _JSON else {}
        if isinstance(type_, Array):
            return {"type": "array", "items": self.of(type_.item)}
        if isinstance(type_, Map):
            return {"type": "object", "additionalProperties": self.of(type_.value)}
        key = "".join(letter if letter.isalnum() else f"-{ord(letter)}-" for letter in str(type_))
        if key not in self.definitions:
            self.definitions[key] = {}  # it may refer to itself
            self.definitions[key] = self.definition(type_)
        return {"$ref": f"#/$defs/{key}"}

    def definition(self, ref: Ref) -> Any:
        model = self.family.model(ref)
        if isinstance(model, Enumeration):
            return {"type": _JSON[model.base], **({"enum": list(model.values)} if self.closed else {})}
        if not isinstance(model, Model):
            return {}
        return {
            "type": "object",
            "properties": {name: self.of(each.type) for name, each in model.properties.items()},
            "required": [name for name, each in model.properties.items() if each.required and not each.nullable],
            "additionalProperties": not self.closed,
        }
