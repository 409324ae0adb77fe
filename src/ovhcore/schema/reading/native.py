"""Reading of the API's own documents, for version 1.0 and v2, today's and old ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ...exceptions import SchemaError
from ..model import Enumeration, Family, IamAction, Model, Operation, Parameter, Property, Status
from ..tables import Table
from ..types import VOID, Array, Ref, Scalar, Type, parse_type, substitute
from .places import DocumentValue

__all__ = ["answers_below", "expanded_types", "number", "read_native"]

_PLACES: Final = frozenset({"path", "query", "header", "body"})
_GENERIC: Final = re.compile(r"([^<>]+)<([A-Z][A-Z0-9]?(?:,[A-Z][A-Z0-9]?)*)>")


def read_native(document: Any, file: str = "schema", version: str | None = None) -> Family:
    """Read a native document.

    Args:
        document: the document, as ``json.loads`` returns it.
        file: the origin of the document, for messages.
        version: ``"1.0"`` or ``"v2"``; None to read it from ``basePath``.

    Raises:
        SchemaError: the document is not native; file and place are named.
    """
    top = DocumentValue(document, file)
    if version is None:
        version = "v2" if (top.optional("basePath") or "").rstrip("/").endswith("/v2") else "1.0"
    prefix = "/v2" if version == "v2" else ""
    operations: dict[str, Operation] = {}
    paths: list[str] = []
    family = prefix + _family_path(top)
    for api in top.child("apis").items():
        path = _path(api.child("path"))
        paths.append(path)
        for each in api.child("operations").items():
            operation = _operation(each, prefix + path, family)
            operations.setdefault(str(operation), operation)
    models: dict[str, Model | Enumeration] = {}
    for name, each in top.child("models").members():
        model = _model(each, name)
        models[model.name] = model
    return Family(family, Table(expanded_types(operations, models)), Table(models))


def _family_path(top: DocumentValue) -> str:
    if top.has("resourcePath"):
        return _path(top.child("resourcePath"))
    first = next(top.child("apis").items(), None)
    if first is None:
        raise top.error("a document without 'resourcePath' must have 'apis'")
    return _path(first.child("path"))


def _path(at: DocumentValue) -> str:
    path = at.text()
    if not path.startswith("/"):
        raise at.error(f"a path must start with '/', not {path!r}")
    return path if path == "/" else path.rstrip("/")


def _operation(at: DocumentValue, path: str, family: str) -> Operation:
    method = at.child("httpMethod").text().upper()
    if not (method.isascii() and method.isalpha()):
        raise at.child("httpMethod").error(f"{method!r} is no method of HTTP")
    status = at.child("apiStatus")
    return Operation(
        method,
        path,
        family,
        tuple(_parameter(each) for each in at.child("parameters").items()),
        _answer(at),
        not at.flag("noAuthentication"),
        tuple(_iam_action(each) for each in at.child("iamActions").items()),
        Status() if status.value is None else _status(status),
        tuple(_error(each) for each in at.child("errors").items()),
        None,
        at.described(),
    )


def _answer(at: DocumentValue) -> Type:
    if at.has("responseFullType"):
        return at.child("responseFullType").type()
    if at.has("responseType"):
        return at.child("responseType").type()
    for code, each in at.child("responseTypes").members():
        if code.startswith("2"):
            return each.type()
    return VOID


def _error(at: DocumentValue) -> str:
    return at.text() if isinstance(at.value, str) else at.child("class").text()


def _iam_action(at: DocumentValue) -> IamAction:
    if isinstance(at.value, str):
        return IamAction(at.value)
    return IamAction(at.child("name").text(), at.flag("required", True))


def _status(at: DocumentValue) -> Status:
    return Status(
        (at.optional("value") or "PRODUCTION").upper(),
        at.optional("deprecatedDate"),
        at.optional("deletionDate"),
        at.optional("replacement"),
    )


def _type(at: DocumentValue, key: str) -> Type:
    return at.child("fullType" if at.has("fullType") else key).type()


def _parameter(at: DocumentValue) -> Parameter:
    place = at.child("paramType").text()
    if place not in _PLACES:
        raise at.child("paramType").error(f"must be path, query, header or body, not {place!r}")
    name = at.optional("name") or ""
    if not name and place != "body":
        raise at.error(f"a parameter of the {place} needs a name")
    return Parameter(name, place, _type(at, "dataType"), at.flag("required"), at.described())


def _model(at: DocumentValue, name: str) -> Model | Enumeration:
    if at.has("enum"):
        base = _base(at)
        values = tuple(number(each, base) for each in at.child("enum").items())
        return Enumeration(name, values, base, at.described())
    base, variables = _generic(name)
    arguments = {} if variables else _arguments(at, name)
    properties = {key: _property(each, key, arguments) for key, each in at.child("properties").members()}
    return Model(base, Table(properties), variables, at.described())


def _arguments(at: DocumentValue, name: str) -> dict[str, Type]:
    """Return the types of the variables of a generic model that is listed with its arguments.

    The properties of ``UnitAndValue<long>`` refer to ``T`` all the same.
    """
    try:
        parsed = parse_type(name) if "<" in name else None
    except SchemaError:
        return {}
    if not isinstance(parsed, Ref) or not parsed.arguments:
        return {}
    variables = [each.text() for each in at.child("generics").items()] or list("TUV")
    return dict(zip(variables, parsed.arguments, strict=False))


def _generic(name: str) -> tuple[str, tuple[str, ...]]:
    """Return name and variables of a generic model; no variables for other models, and for one with its arguments."""
    # The member "generics" does not tell: it stands at UnitAndValue<long>, too.
    match = _GENERIC.fullmatch(name)
    return (match[1], tuple(match[2].split(","))) if match else (name, ())


def _base(at: DocumentValue) -> str:
    if not at.has("enumType"):
        return "string"
    parsed = at.child("enumType").type()
    return parsed.base if isinstance(parsed, Scalar) else "string"


def number(at: DocumentValue, base: str) -> str | int | float:
    """Return a value of an enumeration; numbers are often listed as text.

    Raises:
        SchemaError: the value is neither text nor a number.
    """
    value = at.value
    if not isinstance(value, (str, int, float)):
        raise at.error("a value of an enumeration must be text or a number")
    if isinstance(value, str) and base in ("long", "double"):
        try:
            return int(value) if base == "long" else float(value)
        except ValueError:
            return value
    return value


def _property(at: DocumentValue, name: str, arguments: Mapping[str, Type]) -> Property:
    return Property(
        name,
        substitute(_type(at, "type"), arguments) if arguments else _type(at, "type"),
        at.flag("required"),
        at.flag("canBeNull"),
        at.flag("readOnly"),
        at.described(),
    )


def expanded_types(
    operations: Mapping[str, Operation], models: Mapping[str, Model | Enumeration]
) -> dict[str, Operation]:
    """Return the operations; lists of ids get the type of their objects, the answer to a GET of one object.

    Native documents do not say which lists can be expanded. This finds those that OpenAPI documents name.
    """
    return dict(_expanded(operations, models, answers_below(operations.values())))


def answers_below(operations: Iterable[Operation]) -> dict[str, Type]:
    """Return the type of the answer to a GET of one object, by the path of its list."""
    below: dict[str, Type] = {}
    for each in operations:
        parent, _, last = each.path.rpartition("/")
        if each.method == "GET" and last.startswith("{") and last.endswith("}"):
            below.setdefault(parent, each.answer)
    return below


def _expanded(
    operations: Mapping[str, Operation], models: Mapping[str, Model | Enumeration], below: Mapping[str, Type]
) -> Iterator[tuple[str, Operation]]:
    for key, each in operations.items():
        item = each.answer.item if isinstance(each.answer, Array) else None
        ids = isinstance(item, Scalar) or (isinstance(item, Ref) and isinstance(models.get(str(item)), Enumeration))
        object_ = below.get(each.path)
        if each.method == "GET" and ids and isinstance(object_, Ref):
            yield key, each.replacing(expanded=object_)
        else:
            yield key, each
