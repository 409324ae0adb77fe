"""Refuses what the API refuses: arguments that are missing, unknown, of another type, or not to be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from ipaddress import ip_address, ip_interface
from typing import Any, Final

from ovhcore._internal import parse_json
from ovhcore.schema import (
    Array,
    Enumeration,
    Family,
    Map,
    Model,
    Operation,
    Property,
    Ref,
    Scalar,
    Type,
    check_arguments,
)

from ...state import ApiError

__all__ = ["bad_request", "check_form", "refuse", "well_formed"]

_DEEPEST: Final = 64
_UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAC: Final = re.compile("[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}")
_PHONE: Final = re.compile(r"[0-9+][0-9. ()-]{2,30}")
_DURATION: Final = re.compile(r"P(?=.)([0-9.]+[YMWD])*(T(?=.)([0-9.]+[HMS])*)?")
_WHOLE: Final = re.compile("-?[0-9]{1,30}")
_NUMBER: Final = re.compile("-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def bad_request(message: str) -> ApiError:
    """Return the API's answer to arguments that are wrong."""
    return ApiError.of_class(400, "BadRequest", message)


def refuse(
    family: Family,
    operation: Operation,
    path: Mapping[str, str],
    query: Mapping[str, list[str]],
    body: Any,
    *,
    fields: Mapping[str, Property] | None,
    own_way: bool = False,
) -> None:
    """Refuse a call that its operation does not describe.

    Args:
        family: of the operation.
        operation: what is called.
        path: its arguments.
        query: its arguments, each with all its values.
        body: as it was parsed; None for none.
        fields: what the body may hold; None if that is no object of known fields.
        own_way: whether it has a route that looks at its body itself.

    Raises:
        ApiError: what the API answers.
    """
    if own_way and operation.path.startswith("/v2/"):  # version 2 may have arguments for every list
        known = {each.name for each in operation.placed("query")}
        query = {name: values for name, values in query.items() if name in known}
    read = family.model(operation.answer) if query and isinstance(operation.answer, Ref) else None
    if isinstance(read, Model) and operation.method == "GET":
        # Who reads an object may send members of it, as a filter of one; the API passes over them.
        described = {each.name for each in operation.placed("query")}
        query = {name: each for name, each in query.items() if name in described or name not in read.properties}
    takes_body = any(each.place == "body" for each in operation.parameters)
    if body is not None and not takes_body:
        raise bad_request("You provided an input body while none was expected")
    _read_numbers_of(family, operation, body)
    given = {name: _given(_type(operation, "query", name), values) for name, values in query.items()}
    if operation.method in ("GET", "DELETE"):
        body = None
    elif body is None and _may_be_empty(family, operation.body):
        body = {}
    findings = list(check_arguments(family, operation, query=given, body=body))
    _unknown(family, operation, query, body, fields)
    for each in [] if own_way else findings:
        if each.certain:  # not null for what need not be given, as clients send it; values are looked at below
            raise bad_request(f"[{each.place.removeprefix('$.').lstrip('$') or 'body'}] {each.problem}")
    for name, value in path.items():
        check_form(family, _type(operation, "path", name), value, name, text=True)
    for name, values in query.items():
        for value in values:
            check_form(family, _single(_type(operation, "query", name)), value, name, text=True)
    whole = operation.body
    if own_way:
        return
    if whole is not None and body is not None:
        check_form(family, whole, body, "body")
    elif isinstance(body, Mapping):
        for name, value in body.items():
            check_form(family, _type(operation, "body", name), value, name)


def _read_numbers_of(family: Family, operation: Operation, body: Any) -> None:
    """Let the numbers of a body be numbers, also those that were sent as text, which the API takes."""
    if operation.body is not None:
        _with_numbers(family, operation.body, body)
    elif isinstance(body, dict):
        types = {each.name: each.type for each in operation.placed("body")}
        body.update({name: _with_numbers(family, types[name], body[name]) for name in body.keys() & types.keys()})


def _with_numbers(family: Family, type_: Type, value: Any, depth: int = 0) -> Any:
    """Return a value in which what is a number by its type is no text; lists and objects are changed in place."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, str):
        model = family.model(type_) if isinstance(type_, Ref) else None
        base = type_.base if isinstance(type_, Scalar) else model.base if isinstance(model, Enumeration) else ""
        if base == "long" and _NUMBER.fullmatch(value):
            return int(value)
        return float(value) if base == "double" and _DECIMAL.fullmatch(value) else value
    if isinstance(value, list) and isinstance(type_, Array):
        value[:] = [_with_numbers(family, type_.item, each, depth + 1) for each in value]
    elif isinstance(value, dict):
        known = family.model(type_) if isinstance(type_, Ref) else None
        for name, each in value.items():
            if isinstance(type_, Map):
                value[name] = _with_numbers(family, type_.value, each, depth + 1)
            elif isinstance(known, Model) and name in known.properties:
                value[name] = _with_numbers(family, known.properties[name].type, each, depth + 1)
    return value


def _may_be_empty(family: Family, type_: Type | None) -> bool:
    """Say whether a body has nothing that must be given; then, it need not be sent."""
    model = family.model(type_) if isinstance(type_, Ref) else None
    return isinstance(model, Model) and not any(each.required for each in model.writable.values())


def _given(type_: Type | None, values: list[str]) -> Any:
    """Return an argument of a query: what is an object is written as JSON there."""
    if len(values) > 1 or not isinstance(type_, Map):
        return values if len(values) > 1 else values[0]
    try:
        return parse_json(values[0].encode("utf-8", "surrogatepass"))
    except ValueError:
        return values[0]


def _single(type_: Type | None) -> Type | None:
    return type_.item if isinstance(type_, Array) else type_


def _type(operation: Operation, place: str, name: str) -> Type | None:
    return next((each.type for each in operation.placed(place) if each.name == name), None)


def _unknown(
    family: Family,
    operation: Operation,
    query: Mapping[str, Any],
    body: Any,
    fields: Mapping[str, Property] | None,
) -> None:
    known = {each.name for each in operation.placed("query")}
    strange = sorted(query.keys() - known)
    if isinstance(body, Mapping) and fields is not None:
        whole = operation.body
        model = family.model(whole) if isinstance(whole, Ref) else None
        every = model.properties if isinstance(model, Model) else fields
        strange += sorted(str(name) for name in body.keys() - every.keys())
        locked = sorted(str(name) for name in body.keys() & (every.keys() - fields.keys()))
        if locked and not strange:
            raise bad_request(f"[{locked[0]}] is read-only and cannot be written")
    if strange:
        raise bad_request(f"Received not described parameters: ({', '.join(strange)})")


def check_form(
    family: Family, type_: Type | None, value: Any, place: str, depth: int = 0, *, text: bool = False
) -> None:
    """Refuse a value that is of the base of its type, and not of its form.

    Raises:
        ApiError: it is one.
    """
    if type_ is None or value is None or depth > _DEEPEST:
        return
    if isinstance(type_, Scalar):
        if not well_formed(type_, value, text=text):
            raise bad_request(f"[{place}] Given data ({_shown(value)}) is not valid for type {type_.name}")
    elif isinstance(type_, Array):
        for number, each in enumerate(value if isinstance(value, list) else ()):
            check_form(family, type_.item, each, f"{place}[{number}]", depth + 1)
    elif isinstance(type_, Map):
        for name, each in value.items() if isinstance(value, Mapping) else ():
            check_form(family, type_.value, each, f"{place}.{name}", depth + 1)
    else:
        model = family.model(type_)
        if isinstance(model, Enumeration) and str(value) not in map(str, model.values):
            message = f"[{place}] Given value ({_shown(value)}) does not belong to the {type_.name} enumeration"
            raise bad_request(message)
        known = model.properties if isinstance(model, Model) and isinstance(value, Mapping) else {}
        for name in [each for each in known if each in value]:
            check_form(family, known[name].type, value[name], f"{place}.{name}", depth + 1)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def well_formed(type_: Scalar, value: Any, *, text: bool = False) -> bool:
    """Say whether a value has the form of a type.

    Args:
        type_: the type.
        value: of the type's base.
        text: whether it is written as text, as arguments of paths and queries are.
    """
    if type_.base == "long":
        return not text or _WHOLE.fullmatch(value) is not None
    if type_.base == "double":
        return not text or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?", value) is not None
    if type_.base == "boolean":
        return not text or value in ("true", "false", "0", "1")
    if type_.base != "string" or not isinstance(value, str):
        return True
    form = _FORMS.get(type_.name)
    if form is None:
        return True
    return _holds(form, value)


def _holds(form: Any, value: str) -> bool:
    if isinstance(form, re.Pattern):
        return form.fullmatch(value) is not None
    try:
        found = form(value)
    except ValueError:
        return False
    return found is not False


def _version(kind: Callable[[str], Any], version: int) -> Callable[[str], Any]:
    def holds(value: str) -> bool:
        return bool(kind(value).version == version)

    return holds


def _datetime(value: str) -> datetime:
    return datetime.fromisoformat(value.replace(" ", "T", 1) if value[10:11] == " " else value)


_FORMS: Final[Mapping[str, Any]] = {
    "uuid": _UUID,
    "macAddress": _MAC,
    "phoneNumber": _PHONE,
    "internationalPhoneNumber": _PHONE,
    "duration": _DURATION,
    "datetime": _datetime,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "ip": ip_interface,
    "ipv4": _version(ip_address, 4),
    "ipv6": _version(ip_address, 6),
    "ipBlock": ip_interface,
    "ipv4Block": _version(ip_interface, 4),
    "ipv6Block": _version(ip_interface, 6),
}
