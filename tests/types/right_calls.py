"""Programs for type checkers: calls of every kind, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from keyword import iskeyword

from ovhcore import schema
from ovhcore.protocol.urls import template_names
from ovhcore.schema.model import Family, Model, Operation
from ovhcore.schema.types import Array, Map, Ref, Scalar, Type

TEN_FAMILIES = (
    "/cloud",
    "/dedicated/server",
    "/domain",
    "/hosting/web",
    "/ip",
    "/me",
    "/sms",
    "/v2/iam",
    "/vps",
    "/vrack",
)

_SAMPLES = {"string": '"text"', "long": "1", "double": "1.5", "boolean": "True", "any": "None", "void": "None"}


def sample(family: Family, type_: Type, depth: int = 0) -> str:
    """Return an expression of a type that a call takes."""
    if isinstance(type_, Scalar):
        return _SAMPLES[type_.base]
    if isinstance(type_, Array):
        return f"[{sample(family, type_.item, depth + 1)}]" if depth < 4 else "[]"
    if isinstance(type_, Map):
        return f'{{"key": {sample(family, type_.value, depth + 1)}}}' if depth < 4 else "{}"
    model = family.model(type_)
    if isinstance(model, schema.Enumeration):
        return repr(model.values[0]) if model.values else _SAMPLES[model.base]
    if model is None:
        return "None"
    fields = ", ".join(
        f'"{each.name}": {sample(family, each.type, depth + 1)}'
        for each in model.writable.values()
        if each.required or (depth < 2 and not isinstance(each.type, Ref))
    )
    return f"{{{fields}}}"


def _written(given: Mapping[str, str]) -> str:
    """Return arguments as they are written: by name, words of Python with an underscore, the rest in a dict."""
    named = "".join(f", {'_' * iskeyword(name)}{name}={value}" for name, value in given.items() if name.isidentifier())
    others = ", ".join(f'"{name}": {value}' for name, value in given.items() if not name.isidentifier())
    return f"{named}, **{{{others}}}" if others else named


def _given(family: Family, operation: Operation) -> dict[str, str]:
    given = {each.name: sample(family, each.type) for each in operation.placed("path")}
    if operation.method in ("GET", "DELETE"):
        return given | {each.name: sample(family, each.type) for each in operation.placed("query") if each.required}
    fields = family.body_fields(operation) or {}
    return given | {name: sample(family, each.type) for name, each in fields.items() if name not in given}


def right_call(family: Family, operation: Operation, client: str = "client") -> str:
    """Return a call of an operation with all that it takes, as an expression."""
    return f'{client}.{operation.method.lower()}("{operation.path}"{_written(_given(family, operation))})'


def right_calls(families: tuple[str, ...], count: int) -> Iterator[str]:
    """Yield so many calls, of all families."""
    catalogue = schema.catalogue()
    for name in families:
        family = catalogue.family(name)
        operations = sorted(map(str, family.operations.values()))
        step = max(1, len(operations) // (count // len(families)))
        for key in operations[::step][: count // len(families)]:
            yield right_call(family, family.operations[key])


def _read(family: Family, type_: Type, value: str) -> str:
    """Return a statement that reads all that a value has, as far as its type tells."""
    while isinstance(type_, (Array, Map)):
        value += "[0]" if isinstance(type_, Array) else '["key"]'
        type_ = type_.item if isinstance(type_, Array) else type_.value
    model = family.model(type_) if isinstance(type_, Ref) else None
    keys = list(model.properties) if isinstance(model, Model) else []
    return f"print({', '.join(f'{value}[{key!r}]' for key in keys) or value})"


def _uses(family: Family, operation: Operation, client: str, awaited: str) -> Iterator[str]:
    """Yield statements with every method that an operation has a use for, and with what they answer."""
    call = f"{awaited}{right_call(family, operation, client)}"
    is_read = operation.method == "GET" and str(operation.answer) != "void"  # that is no value, says mypy
    yield f"value = {call}" if is_read else call
    if not is_read:
        return
    yield _read(family, operation.answer, "value")
    given = _given(family, operation)
    if isinstance(operation.answer, Array):
        each = "async for" if awaited else "for"
        yield f'objects = {client}.iterate("{operation.path}"{_written(given)}, _errors="raise")'
        yield "print(objects.total, objects.mode)"
        yield f"{each} item in objects:"
        yield f"    {_read(family, operation.expanded or operation.answer.item, 'item')}"
    names = template_names(operation.path)
    if names:
        others = {name: value for name, value in given.items() if name != names[-1]}
        yield f'many = {awaited}{client}.batch("{operation.path}", [{given[names[-1]]}]{_written(others)})'
        yield _read(family, operation.answer, "many[0]")
    yield f'values = {awaited}{client}.gather([("GET", "{operation.path}", {{}})])'
    yield _read(family, operation.answer, "values[0]")


_KINDS = ("Client", "AsyncClient")


def using(families: Iterable[Family]) -> str:
    """Return a program that uses all that families have: half of it with Client, half with AsyncClient."""
    halves: list[list[str]] = [[], []]
    operations = [(family, each) for family in families for each in family.operations.values()]
    for number, (family, operation) in enumerate(operations):
        kind = number % 2
        halves[kind].append(f"{'async ' if kind else ''}def use_{number}(client: ovh.{_KINDS[kind]}) -> None:")
        halves[kind] += (f"    {line}" for line in _uses(family, operation, "client", "await " if kind else ""))
    return "\n".join(["import ovh_types as ovh", "", *halves[0], *halves[1], ""])
