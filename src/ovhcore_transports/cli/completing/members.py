"""What may stand in the place of a member of an answer: for ``--columns``, ``--sort`` and ``--filter``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from ..calling.arguments import path_of
from ..frame.groups import in_context
from ..frame.text import visible
from .shells import NO_SPACE
from .words import catalogue_said, method_of, said_in, values_of

if TYPE_CHECKING:
    from ovhcore.schema import Family, Operation, Type

__all__ = ["OPERATORS", "columns", "conditions", "sorted_by"]

OPERATORS: Final = ("eq", "ne", "lt", "gt", "like", "nlike", "in")
"""How members are compared; those of filters without the older spellings."""


@in_context
def columns(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the members of the objects that a call is answered with, behind those that are typed."""
    before, comma, last = begun.rpartition(",")
    typed = before.split(",")
    found = [each for each in _members(context, last) if each[0] not in typed]
    return [_item(before + comma + name, type_, NO_SPACE) for name, type_ in found]


@in_context
def sorted_by(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the members that objects may be sorted by."""
    return [_item(name, type_, "plain") for name, type_ in _members(context, begun)]


@in_context
def conditions(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return how a condition may go on: a member, how it is compared, with what."""
    said, equals, value = begun.partition("=")
    field, colon, operator = said.partition(":")
    if equals:
        before, comma, last = value.rpartition(",") if operator == "in" else ("", "", value)
        family, type_ = _type_of(context, field)
        values = [] if family is None else values_of(family, type_)
        return [CompletionItem(f"{said}={before}{comma}{each}") for each in values if each.startswith(last)]
    if colon:
        return [CompletionItem(f"{field}:{each}=", type=NO_SPACE) for each in OPERATORS if each.startswith(operator)]
    return [_item(f"{name}:", type_, NO_SPACE) for name, type_ in _members(context, field)]


def _item(text: str, type_: Type, kind: str) -> CompletionItem[str]:
    return CompletionItem(text, type=kind, help=visible(str(type_)))


def _members(context: click.Context, begun: str) -> list[tuple[str, Type]]:
    """Return the names that a member may have, and their types; ``a.b`` is the member ``b`` of ``a``."""
    above, dot, last = begun.rpartition(".")
    family, type_ = _type_of(context, above)
    there = {} if family is None else _properties(family, type_)
    return [(above + dot + name, of) for name, of in there.items() if name.startswith(last)]


def _type_of(context: click.Context, member: str) -> tuple[Family | None, Type | None]:
    """Return the type of a member of the objects that a call is answered with; of the objects for an empty name."""
    catalogue = catalogue_said()
    operation = catalogue.find(method_of(context) or "GET", path_of(said_in(context, "path")))
    if operation is None:
        return None, None
    family = catalogue.family(operation.family)
    type_: Type | None = _object(family, operation)
    for name in filter(None, member.split(".")):
        type_ = _properties(family, type_).get(name)
    return family, type_


def _object(family: Family, operation: Operation) -> Type:
    """Return the type of the objects that are printed; of a list of ids, of what they are the ids of."""
    from ovhcore.schema import Array

    if operation.expanded is not None:
        return operation.expanded
    if not isinstance(operation.answer, Array):
        return operation.answer
    of_one = (
        each
        for each in family.operations.values()
        if each.method == "GET" and each.path.rpartition("/")[0] == operation.path and each.path.endswith("}")
    )
    item = operation.answer.item
    return item if _properties(family, item) else next((each.answer for each in of_one), item)


def _properties(family: Family, type_: Type | None) -> dict[str, Type]:
    from ovhcore.schema import Model, Ref

    model = family.model(type_) if isinstance(type_, Ref) else None
    return {name: each.type for name, each in model.properties.items()} if isinstance(model, Model) else {}
