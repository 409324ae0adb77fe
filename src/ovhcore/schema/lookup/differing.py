"""Differences between two catalogues: operations, arguments, bodies, answers, statuses, and models of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...protocol.frozen import Frozen, put
from ..model import Enumeration, Family, Model, Operation, Property
from .catalogue import Catalogue

__all__ = ["Difference", "differences"]


class Difference(Frozen):
    """A difference between two catalogues.

    Attributes:
        kind: ``"added"``, ``"removed"`` or ``"changed"``.
        what: the operation, as ``"GET /me/bill"``; or a model with its family, as ``"/me: billing.Bill"``.
        details: the changes, a line each.
    """

    __slots__ = ("kind", "what", "details")  # noqa: RUF023 - the order of __init__

    kind: str
    what: str
    details: tuple[str, ...]

    def __init__(self, kind: str, what: str, details: tuple[str, ...] = ()) -> None:
        put(self, "kind", kind)
        put(self, "what", what)
        put(self, "details", details)


def differences(old: Catalogue, new: Catalogue) -> Iterator[Difference]:
    """Yield the differences between two catalogues: operations first, then models of families that both have.

    Descriptions are passed over: the shipped catalogue has none.

    Args:
        old: the catalogue before.
        new: the catalogue after.

    Raises:
        SchemaError: a catalogue is damaged.
    """
    before, after = _operations(old), _operations(new)
    for key in sorted({*before, *after}, key=_by_path):
        if key not in after:
            yield Difference("removed", key)
        elif key not in before:
            yield Difference("added", key)
        elif details := (*_details(*before[key], *after[key]),):
            yield Difference("changed", key, details)
    both = [name for name in old.families() if name in set(new.families())]
    for name in both:
        yield from _of_models(name, old.family(name).models, new.family(name).models)


def _operations(catalogue: Catalogue) -> dict[str, tuple[Family, Operation]]:
    families = [catalogue.family(name) for name in catalogue.families()]
    return {key: (family, each) for family in families for key, each in family.operations.items()}


def _by_path(key: str) -> tuple[str, str]:
    method, _, path = key.partition(" ")
    return path, method


def _details(home: Family, old: Operation, other: Family, new: Operation) -> Iterator[str]:
    yield from _entries(_arguments(home, old), _arguments(other, new))
    yield from _change("answer", str(old.answer), str(new.answer))
    yield from _change("status", _status(old), _status(new))
    yield from _change("needs a key", _yes(old.authentication), _yes(new.authentication))
    yield from _change("objects of a list", str(old.expanded or "no"), str(new.expanded or "no"))
    yield from _entries(_actions(old), _actions(new))


def _arguments(family: Family, operation: Operation) -> dict[str, str]:
    fields = family.body_fields(operation)
    told = {
        f"{each.place} {each.name}".rstrip(): _typed(str(each.type), each.required)
        for each in operation.parameters
        if each.place != "body" or fields is None
    }
    return told | {f"body {name}": _typed(str(field.type), field.required) for name, field in (fields or {}).items()}


def _actions(operation: Operation) -> dict[str, str]:
    return {f"IAM {each.name}": "" if each.required else "optional" for each in operation.iam_actions}


def _status(operation: Operation) -> str:
    status = operation.status
    more = [
        f"{word} {value}"
        for word, value in (
            ("since", status.deprecated_on),
            ("until", status.deleted_on),
            ("use", status.replacement),
        )
        if value
    ]
    return ", ".join([status.value, *more])


def _of_models(
    family: str, old: Mapping[str, Model | Enumeration], new: Mapping[str, Model | Enumeration]
) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        what = f"{family}: {name}"
        if name not in new:
            yield Difference("removed", what)
        elif name not in old:
            yield Difference("added", what)
        elif details := (*_entries(_members(old[name]), _members(new[name])),):
            yield Difference("changed", what, details)


def _members(model: Model | Enumeration) -> dict[str, str]:
    if isinstance(model, Enumeration):
        return {f"value {value}": "" for value in model.values}
    return {f"member {name}": _member(each) for name, each in model.properties.items()}


def _member(each: Property) -> str:
    marks = [word for word, holds in (("nullable", each.nullable), ("read-only", each.read_only)) if holds]
    return ", ".join([_typed(str(each.type), each.required), *marks])


def _typed(type_: str, required: bool) -> str:
    return f"{type_}, required" if required else type_


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _entries(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in {**old, **new}:
        if name not in new:
            yield f"- {_said(name, old[name])}"
        elif name not in old:
            yield f"+ {_said(name, new[name])}"
        else:
            yield from _change(name, old[name], new[name])


def _said(name: str, value: str) -> str:
    return f"{name}: {value}" if value else name


def _change(name: str, old: str, new: str) -> Iterator[str]:
    if old != new:
        yield f"{name}: {old or 'required'} -> {new or 'required'}"
