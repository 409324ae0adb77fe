"""What a call that changes something is answered with, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple

from ovhcore.schema import Model, Scalar

from ...families.tables import Change, Resource
from ...routes.calls import SandboxCall, arguments_of, concrete
from ...state import ApiError
from ..api_shape import Collection, OperationContext, id_member, model_of
from ..members import fill_path_members
from ..reading import Reader
from ..running import is_task, stamp
from ..values.making import Maker
from .giving import adapted
from .tasks import begin_task

__all__ = ["MADE", "Affected", "above", "answer", "busy", "obey"]

MADE: Final = ("creationdate", "createdat", "creation", "created", "lastupdate", "updatedat", "lastupdatedate")
"""Members that say when an object was made."""


class Affected(NamedTuple):
    """The object that a call made, changed or deleted.

    Attributes:
        path: of the object.
        value: the object, or what is known of it.
        of: the list that it was added to; None if it was not.
        item_id: its id there.
    """

    path: str
    value: dict[str, Any]
    of: Collection | None = None
    item_id: Any = None


def busy() -> ApiError:
    """Return the API's refusal of a change while a task is under way."""
    message = "An operation is already running on this service. Please retry later"
    return ApiError.of_class(403, "Forbidden::Busy", message)


def obey(resource: Resource | None, change: Change) -> None:
    """Refuse what a table does not allow.

    Raises:
        ApiError: what the API answers.
    """
    if resource is None:
        return
    for rule in resource.rules:
        rule(change)
    if resource.unique and change.kind in ("create", "change"):
        wanted = [change.object.get(name) for name in resource.unique]
        known = any(value is not None for value in wanted)
        if known and any([each.get(name) for name in resource.unique] == wanted for each in change.others()):
            names = ", ".join(f"{name} = {value}" for name, value in zip(resource.unique, wanted, strict=True))
            raise ApiError.of_class(409, "Conflict", f"An object with the same values already exists ({names})")


def above(reader: Reader, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> dict[str, Any]:
    """Return the object above the path of a call if the answer has all its members; else an empty one."""
    own = model_of(context.family, context.operation.answer)
    of = context.above[-1] if context.above else None
    model = model_of(context.family, None if of is None else of.model)
    if of is None or of.model is None or not isinstance(own, Model) or not isinstance(model, Model):
        return {}
    if not model.properties.keys() <= own.properties.keys():
        return {}
    names = arguments_of(of.item, arguments)
    found: dict[str, Any] = reader.object(call, context.family, of.item, names, of.model)
    return found


def answer(
    reader: Reader,
    call: SandboxCall,
    context: OperationContext,
    maker: Maker,
    arguments: dict[str, str],
    affected: Affected,
    task: Mapping[str, Any] | None = None,
) -> Any:
    """Return the answer to a change, of the type that the operation has: an id, the object, a task, or made-up data.

    Args:
        reader: of what there is.
        call: the call.
        context: of the operation.
        maker: of its family.
        arguments: of its path.
        affected: the object that was made or changed.
        task: members of the task that is answered.
    """
    path, value, of, item_id = affected
    type_ = context.operation.answer
    given = call.given
    if isinstance(type_, Scalar):
        if item_id is not None and type_.base != "void" and maker.fits(type_, item_id):
            return item_id
        return maker.value(type_, f"{path}#{context.operation}", "id" if type_.base == "long" else "")
    model = model_of(context.family, type_)
    if not isinstance(model, Model):
        return maker.value(type_, f"{path}#{context.operation}")
    own = path == concrete(context.operation.path, arguments)
    if value and type_ in (context.object if own else None, None if of is None else of.model):
        return dict(value)
    if is_task(maker, model):
        made_id = {"resourceId": str(item_id)} if item_id is not None else {}
        return begin_task(reader, call, context, maker, model, arguments, {**made_id, **(task or {})})
    made = maker.object(model, f"{path}#{context.operation}")
    fill_path_members(maker, model, made, context.operation.path, arguments)
    maker.merged(model, made, above(reader, call, context, arguments))
    maker.merged(model, made, {name: each for name, each in value.items() if name in model.properties})
    own_id = id_member(model, of.item, of.argument) if of is not None else None
    if own_id is not None and maker.fits(model.properties[own_id].type, item_id) and own_id not in value:
        made[own_id] = item_id
    stamp(model, made, call.now, MADE)
    return maker.merged(model, made, adapted(maker, model, deepcopy(given), context.operation.path))
