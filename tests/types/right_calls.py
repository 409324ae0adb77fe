"""Programs for type checkers: calls of every kind, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from ovhcore import schema
from ovhcore.schema.model import Family, Operation
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


def right_call(family: Family, operation: Operation, client: str = "client") -> str:
    """Return a call of an operation with all that it takes, as a statement."""
    given = {each.name: sample(family, each.type) for each in operation.placed("path")}
    if operation.method in ("GET", "DELETE"):
        given |= {each.name: sample(family, each.type) for each in operation.placed("query") if each.required}
    else:
        fields = family.body_fields(operation) or {}
        given |= {name: sample(family, each.type) for name, each in fields.items() if name not in given}
    named = "".join(f", {name}={value}" for name, value in given.items() if name.isidentifier() and name not in _WORDS)
    named += "".join(f", _{name}={value}" for name, value in given.items() if name in _WORDS)
    return f'{client}.{operation.method.lower()}("{operation.path}"{named})'


_WORDS = ("from", "class", "import", "in")


def right_calls(families: tuple[str, ...], count: int) -> Iterator[str]:
    """Yield so many calls, of all families."""
    catalogue = schema.catalogue()
    for name in families:
        family = catalogue.family(name)
        operations = sorted(map(str, family.operations.values()))
        step = max(1, len(operations) // (count // len(families)))
        for key in operations[::step][: count // len(families)]:
            yield right_call(family, family.operations[key])
