"""Operations of the catalogue, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ovhcore.schema import Array, Catalogue, Enumeration, Family, Map, Model, Operation, Ref, Type

__all__ = ["described", "heading", "listed"]


def heading(operation: Operation) -> str:
    """Return method and path of an operation, and whether it is not to be used any more."""
    status = operation.status
    if not status.deprecated:
        return str(operation)
    return f"{operation} (deprecated" + (f", use {status.replacement})" if status.replacement else ")")


def listed(operations: Iterable[Operation]) -> str:
    """Return a line for each operation."""
    return "\n".join(f"{heading(each)} -> {each.answer}" for each in operations)


def described(catalogue: Catalogue, operation: Operation) -> str:
    """Return what a call of an operation takes and brings, with the types that are named there."""
    family = catalogue.family(operation.family)
    fields = family.body_fields(operation) or {}
    lines = [heading(operation)]
    if operation.description:
        lines.append(operation.description)
    types: list[Type] = []
    for each in operation.parameters:
        if each.place != "body" or not fields:
            lines.append(_line(each.place, each.name, each.type, each.required))
            types.append(each.type)
    for name, field in fields.items():
        lines.append(_line("body", name, field.type, field.required))
        types.append(field.type)
    lines.append(f"answer: {operation.answer}")
    lines += [f"IAM action: {action.name}" for action in operation.iam_actions if action.required]
    lines += _models(family, [*types, operation.answer])
    return "\n".join(lines)


def _models(family: Family, types: Iterable[Type]) -> Iterator[str]:
    for ref in dict.fromkeys(each for type_ in types for each in _refs(type_)):
        model = family.model(ref)
        if isinstance(model, Enumeration):
            yield f"{ref} is one of: {', '.join(map(str, model.values))}"
        elif isinstance(model, Model):
            yield f"{ref} has: {', '.join(f'{name}: {each.type}' for name, each in model.properties.items())}"


def _refs(type_: Type) -> Iterator[Ref]:
    if isinstance(type_, Array):
        yield from _refs(type_.item)
    elif isinstance(type_, Map):
        yield from _refs(type_.value)
    elif isinstance(type_, Ref):
        yield type_


def _line(place: str, name: str, type_: Type, required: bool) -> str:
    return f"{place}: {name or '(the whole)'}: {type_}{'' if required else ' (optional)'}"
