"""What a call that changes something is answered with, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from ovhcore.schema import Model, Scalar

from ...families.tables import Change, Resource
from ...routes.calls import SandboxCall, arguments_of, concrete
from ...state import ApiError
from ..known import Collection, Place, id_member, model_of
from ..members import named
from ..reading import Reader
from ..running import is_task, stamp
from ..values.making import Maker
from .giving import adapted
from .tasks import begin_task

__all__ = ["MADE", "above", "answer", "busy", "obey"]

MADE: Final = ("creationdate", "createdat", "creation", "created", "lastupdate", "updatedat", "lastupdatedate")
"""Members that say when an object was made."""


def busy() -> ApiError:
    """Return the API's answer where something goes on already."""
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


def above(reader: Reader, call: SandboxCall, place: Place, arguments: dict[str, str]) -> dict[str, Any]:
    """Return the object that a call is about, if it answers one of that type, or of one with more members."""
    own = model_of(place.family, place.operation.answer)
    of = place.above[-1] if place.above else None
    model = model_of(place.family, None if of is None else of.model)
    if of is None or of.model is None or not isinstance(own, Model) or not isinstance(model, Model):
        return {}
    if not model.properties.keys() <= own.properties.keys():
        return {}
    names = arguments_of(of.item, arguments)
    found: dict[str, Any] = reader.object(call, place.family, of.item, names, of.model)
    return found


def answer(
    reader: Reader,
    call: SandboxCall,
    place: Place,
    maker: Maker,
    arguments: dict[str, str],
    about: tuple[str, dict[str, Any], Collection | None, Any],
    task: Mapping[str, Any] | None = None,
) -> Any:
    """Return what fits the type of an operation, of an object that was made or changed.

    Args:
        reader: of what there is.
        call: the call.
        place: of the operation.
        maker: of its family.
        arguments: of its path.
        about: the path of the object, itself, and the list and the id of one that was made.
        task: members of the task that is answered.
    """
    path, value, of, item_id = about
    type_ = place.operation.answer
    given = call.given
    if isinstance(type_, Scalar):
        if item_id is not None and type_.base != "void" and maker.fits(type_, item_id):
            return item_id
        return maker.value(type_, f"{path}#{place.operation}", "id" if type_.base == "long" else "")
    model = model_of(place.family, type_)
    if not isinstance(model, Model):
        return maker.value(type_, f"{path}#{place.operation}")
    own = path == concrete(place.operation.path, arguments)
    if value and type_ in (place.object if own else None, None if of is None else of.model):
        return dict(value)
    if is_task(maker, model):
        made_id = {"resourceId": str(item_id)} if item_id is not None else {}
        return begin_task(reader, call, place, maker, model, arguments, {**made_id, **(task or {})})
    made = maker.object(model, f"{path}#{place.operation}")
    named(maker, model, made, place.operation.path, arguments)
    maker.merged(model, made, above(reader, call, place, arguments))
    maker.merged(model, made, {name: each for name, each in value.items() if name in model.properties})
    own_id = id_member(model, of.item, of.argument) if of is not None else None
    if own_id is not None and maker.fits(model.properties[own_id].type, item_id) and own_id not in value:
        made[own_id] = item_id
    stamp(model, made, call.now, MADE)
    return maker.merged(model, made, adapted(maker, model, deepcopy(given), place.operation.path))
