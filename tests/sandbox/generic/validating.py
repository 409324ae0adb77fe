"""The schema as JSON Schema, strictly: known values, members, formats and what is required, for a library to judge."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from ipaddress import ip_address, ip_interface
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker

from ovhcore.schema import Enumeration, Family, Model, Scalar, Type
from tests.schema.json_schemas import JsonSchemas

__all__ = ["Validators"]

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


class Validators(JsonSchemas):
    """Judges the answers of one family."""

    def __init__(self, family: Family, *, closed: bool = True) -> None:
        super().__init__(family)
        self.closed = closed
        self.made: dict[str, Draft202012Validator] = {}

    def problems(self, type_: Type, value: Any) -> list[str]:
        validator = self.made.get(str(type_))
        if validator is None:
            schema = self.of(type_)
            validator = Draft202012Validator({**schema, "$defs": self.definitions}, format_checker=_CHECKER)
            self.made[str(type_)] = validator
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]

    def scalar(self, type_: Scalar) -> Any:
        if type_.base == "void":
            return {"type": "null"}
        schema = super().scalar(type_)
        return {**schema, "format": type_.name} if schema else {}

    def enumeration(self, model: Enumeration) -> Any:
        return {**super().enumeration(model), **({"enum": list(model.values)} if self.closed else {})}

    def model(self, model: Model) -> Any:
        return {
            **super().model(model),
            "required": [name for name, each in model.properties.items() if each.required and not each.nullable],
            "additionalProperties": not self.closed,
        }
