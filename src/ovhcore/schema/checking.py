"""The check of values against the schema, with the tolerance that schemas need.

A schema describes one region at one time, and answers come from any. So in an answer only a wrong type, and null where
it is not allowed, are findings. Unknown members, missing members, and new values of an enumeration are none.

The check of values to be sent is stricter: it looks at their names, at required members, and at members that cannot
be written. A finding is certain if the value is wrong, and uncertain if it may be right elsewhere or later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from enum import Enum
from typing import Any, Final

from ..protocol.frozen import Frozen, put
from ..protocol.requests.building import named_arguments
from .model import Enumeration, Family, Model, Operation, Property
from .types import Array, Map, Ref, Scalar, Type

__all__ = ["Finding", "check_answer", "check_arguments", "check_value"]

_TEXT: Final = frozenset({"datetime", "uuid", "ipaddress"})  # modules whose values a client writes as text
_DEEPEST: Final = 64


class Finding(Frozen):
    """A value that does not fit the schema.

    Attributes:
        place: the place of the value, as ``"$.contacts[0].email"``; for an argument, its name.
        problem: the problem, in words.
        certain: whether the value is wrong for certain; False for one that may be newer than the schema.
    """

    __slots__ = ("place", "problem", "certain")  # noqa: RUF023 - the order of __init__

    place: str
    problem: str
    certain: bool

    def __init__(self, place: str, problem: str, certain: bool = True) -> None:
        put(self, "place", place)
        put(self, "problem", problem)
        put(self, "certain", certain)

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


def check_answer(family: Family, operation: Operation, value: Any) -> list[Finding]:
    """Hold the value of an answer against the type of its operation, with tolerance.

    Args:
        family: the family of the operation.
        operation: the operation that was called.
        value: the value that a client returned.
    """
    return list(_Check(family, sent=False).value(operation.answer, value, "$", 0))


def check_value(family: Family, type_: Type, value: Any, *, sent: bool = False) -> list[Finding]:
    """Hold a value against a type.

    Args:
        family: the family whose models the type refers to.
        type_: the type.
        value: a JSON value; if it goes into a request, also values that a client writes as JSON, such as dates.
        sent: whether the value goes into a request; else it is an answer, and the check has more tolerance.
    """
    return list(_Check(family, sent=sent).value(type_, value, "$", 0))


def check_arguments(
    family: Family,
    operation: Operation,
    *,
    path: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> list[Finding]:
    """Hold the arguments of a call against its operation.

    Args:
        family: the family of the operation.
        operation: the operation to call.
        path: the arguments of the path, by name; None if they are not known, as for a concrete path.
        query: the arguments of the query; None for none. Underscores before keywords of Python are passed over.
        body: the body of the request; None for none.
    """
    check = _Check(family, sent=True)
    findings = [] if path is None else list(check.arguments(operation, "path", path))
    findings += check.arguments(operation, "query", named_arguments(query or {}))
    findings += check.body(operation, body)
    return findings


class _Check:
    def __init__(self, family: Family, *, sent: bool) -> None:
        self.family = family
        self.sent = sent

    def arguments(self, operation: Operation, place: str, given: Mapping[str, Any]) -> Iterator[Finding]:
        known = {each.name: each for each in operation.placed(place)}
        for name, value in given.items():
            if name not in known:
                yield _unknown(name, known, f"argument of the {place}")
                continue
            type_ = known[name].type
            if value is None:
                continue  # left out
            # A single value stands for a list of one, and values that are no text are written as text.
            if isinstance(type_, Array) and not isinstance(value, (list, tuple, Set)):
                type_ = type_.item
            if isinstance(value, (tuple, Set)):
                value = list(value)
            yield from self.value(type_, value, name, 0, as_text=True)
        for name, each in known.items():
            if each.required and given.get(name) is None:
                yield Finding(name, f"is missing; it is a required argument of the {place}")

    def body(self, operation: Operation, body: Any) -> Iterator[Finding]:
        whole = operation.body
        fields = self.family.body_fields(operation)
        if whole is not None and (fields is None or body is None):
            if body is not None:
                yield from self.value(whole, body, "$", 0)
            elif any(each.place == "body" and each.required for each in operation.parameters):
                yield Finding("$", "the body is missing")
            return
        if body is not None and not isinstance(body, Mapping):
            yield Finding("$", f"the body must be an object, not {_kind(body)}")
            return
        model = self.family.model(whole) if isinstance(whole, Ref) else None
        properties = model.properties if isinstance(model, Model) else fields
        yield from self.object(properties or {}, fields or {}, body or {}, "$", 0)

    def object(
        self,
        properties: Mapping[str, Property],
        writable: Mapping[str, Property],
        value: Mapping[str, Any],
        place: str,
        depth: int,
    ) -> Iterator[Finding]:
        for name, each in value.items():
            found = properties.get(name) if isinstance(name, str) else None
            inner = f"{place}.{name}"
            if found is None:
                if self.sent:
                    yield _unknown(inner, writable, "field", name)
            elif self.sent and name not in writable:
                yield Finding(inner, "cannot be written")
            elif each is None:
                if not found.nullable and not _is_void(found.type):
                    yield Finding(inner, f"is null, and must be {found.type}", certain=not self.sent or found.required)
            else:
                yield from self.value(found.type, each, inner, depth + 1)
        if self.sent:
            for name, each in writable.items():
                if each.required and name not in value:
                    yield Finding(f"{place}.{name}", "is missing; it is required")

    def value(self, type_: Type, value: Any, place: str, depth: int, *, as_text: bool = False) -> Iterator[Finding]:
        if depth > _DEEPEST:
            return
        if isinstance(value, Enum):
            value = value.value
        if isinstance(type_, Scalar):
            if not _fits(type_.base, value, self.sent, as_text):
                yield Finding(place, f"is {_kind(value)}, and must be {type_}")
        elif isinstance(type_, Array):
            if not isinstance(value, (list, tuple)):
                yield Finding(place, f"is {_kind(value)}, and must be a list, {type_}")
                return
            for number, each in enumerate(value):
                yield from self.value(type_.item, each, f"{place}[{number}]", depth + 1, as_text=as_text)
        elif isinstance(type_, Map):
            if not isinstance(value, Mapping):
                yield Finding(place, f"is {_kind(value)}, and must be an object, {type_}")
                return
            for name, each in value.items():
                if each is not None:
                    yield from self.value(type_.value, each, f"{place}.{name}", depth + 1)
        else:
            yield from self.reference(type_, value, place, depth, as_text)

    def reference(self, ref: Ref, value: Any, place: str, depth: int, as_text: bool) -> Iterator[Finding]:
        model = self.family.model(ref)
        if isinstance(model, Enumeration):
            if not _fits(model.base, value, self.sent, as_text):
                yield Finding(place, f"is {_kind(value)}, and must be {model.base}, of {ref}")
            elif self.sent and value not in model.values and str(value) not in map(str, model.values):
                listed = ", ".join(map(str, model.values[:20])) + (", ..." if len(model.values) > 20 else "")
                yield Finding(place, f"{value!r} is not among the values of {ref}: {listed}", certain=False)
        elif isinstance(model, Model):
            if isinstance(value, Mapping):
                yield from self.object(model.properties, model.writable, value, place, depth)
            else:
                yield Finding(place, f"is {_kind(value)}, and must be an object, {ref}")


def _unknown(place: str, known: Mapping[str, Any], what: str, name: Any = None) -> Finding:
    from difflib import get_close_matches

    name = place if name is None else str(name)
    near = get_close_matches(name, known, 1) or [each for each in known if each.lower() == name.lower()]
    there = ", ".join(known) or "none"
    return Finding(place, f"is no {what}; " + (f"did you mean {near[0]}?" if near else f"there are: {there}"))


def _is_void(type_: Type) -> bool:
    return isinstance(type_, Scalar) and type_.base in ("void", "any")


def _fits(base: str, value: Any, sent: bool, as_text: bool) -> bool:
    """Say whether a value is of a base type; ``as_text``: whether it is written like one, as in a query."""
    if base == "any":
        return True
    if base == "void":
        return value is None or not sent
    if isinstance(value, bool):
        return base == "boolean" or (as_text and base == "string")
    if isinstance(value, str):
        return base == "string" or (as_text and _written_alike(base, value))
    if isinstance(value, (int, float)):
        whole = isinstance(value, int) or value.is_integer()
        return base == "double" or (base == "long" and whole) or (as_text and base == "string")
    return sent and base == "string" and type(value).__module__.partition(".")[0] in _TEXT


def _written_alike(base: str, text: str) -> bool:
    if base == "boolean":
        return text in ("true", "false")
    try:
        int(text) if base == "long" else float(text)
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    return {str: "text", int: "a number", float: "a number"}.get(type(value), f"a {type(value).__name__}")
