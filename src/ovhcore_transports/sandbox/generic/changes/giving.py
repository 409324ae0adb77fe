"""What an object gets of what a call gave: also by other names, and as ids or texts that stand for objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from ovhcore.schema import Array, Map, Model, Property, Ref, Scalar, Type

from ..api_shape import Collection, id_member, model_of, names_of, whole_block
from ..values.making import Maker

__all__ = ["adapted", "each_given", "given_id", "left_empty"]

_ADDRESSES: Final = ("ip", "ipBlock", "ipv4", "ipv4Block", "ipv6", "ipv6Block")


def adapted(maker: Maker, model: Model, given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the members that an object gets of what a call gave it.

    Args:
        maker: of the family.
        model: of the object.
        given: what the body holds.
        path: of the object, as a template.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        known = _name(model, name, path)
        if known is None:
            continue
        type_ = model.properties[known].type
        fitting = _fitting(maker, type_, value, name)
        if value is None or fitting is not None:
            found[known] = fitting
    for name, value in list(found.items()):
        beside = model.properties.get(name.removesuffix("Id"))
        other = model_of(maker.family, None if beside is None else beside.type)
        if name.endswith("Id") and isinstance(other, Model) and "id" in other.properties and value is not None:
            found.setdefault(name.removesuffix("Id"), {"id": value})
    return found


def _name(model: Model, name: str, path: str) -> str | None:
    """Return the name of the member that something given stands for: ``containerName`` is the name of a container."""
    if name in model.properties:
        return name
    if not name.endswith("Name"):
        return None
    noun = name.removesuffix("Name").lower()
    above, _, last = path.rpartition("/")
    own = {above.rpartition("/")[2].lower().removesuffix("s"), last.strip("{}").lower().removesuffix("id")}
    if noun in own and "name" in model.properties:
        return "name"
    short = name.removesuffix("Name")
    return short if short in model.properties else None


def _fitting(maker: Maker, type_: Type, value: Any, name: str) -> Any:
    """Return a value as a type has it; None if it cannot be of it."""
    if maker.fits(type_, value):
        return deepcopy(value)
    if isinstance(type_, Scalar) and type_.name == "string" and isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    model = maker.family.model(type_.item) if isinstance(type_, Array) and isinstance(type_.item, Ref) else None
    if not isinstance(model, Model) or not isinstance(value, list):
        return None
    member = next((each for each in (name.removesuffix("s"), "id", "name") if each in model.properties), None)
    if member is None or not all(maker.fits(model.properties[member].type, each) for each in value):
        return None
    return [{**maker.object(model, f"{name} {each}"), member: each} for each in value]


def left_empty(
    fields: Mapping[str, Property] | None, model: Model, given: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Return the members that a call could have given and did not, with what they are then; None for absent."""
    for name, field in (fields or {}).items():
        known = model.properties.get(name)
        if known is None or field.required or name in given:
            continue
        if known.nullable:
            yield name, None
        elif isinstance(known.type, (Array, Map)):
            yield name, [] if isinstance(known.type, Array) else {}
        elif isinstance(known.type, Scalar) and known.type.base == "boolean":
            yield name, False
        elif name in ("description", "comment"):
            yield name, ""


def given_id(maker: Maker, of: Collection, type_: Type, given: Mapping[str, Any]) -> Any:
    """Return the id that a call gives to what it makes, None if it gives none.

    Args:
        maker: of the family.
        of: the list that the object is to be in.
        type_: of the id.
        given: what the body holds.
    """
    for name in _id_names(maker, of, type_, given):
        value = given.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value) and maker.fits(type_, value):
            return whole_block(type_, value) if isinstance(value, str) else value
    return None


def _id_names(maker: Maker, of: Collection, type_: Type, given: Mapping[str, Any]) -> Iterator[str]:
    if of.member is not None:
        yield of.member
        yield of.argument
    else:
        yield from names_of(of.item, of.argument)
    model = model_of(maker.family, of.model)
    own = id_member(model, of.item, of.argument) if isinstance(model, Model) else None
    if of.argument.lower().endswith("name") or own == "name":
        yield "name"
    if isinstance(model, Model) and own is None and "login" in model.properties:
        yield "login"
    if isinstance(type_, Scalar) and type_.name in _ADDRESSES:
        yield from [name for name in given if name.lower() in ("ip", "block", "ipblock", "address")]


def each_given(model: Any, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is given for each object that a call makes: one, or those of the one list that its body holds."""
    several = [each for each in given.values() if isinstance(each, list) and each]
    if isinstance(model, Model) and len(given) == len(several) == 1 and not given.keys() & model.properties.keys():
        found: list[Mapping[str, Any]] = [
            each for each in several[0] if isinstance(each, dict) and each.keys() & model.properties.keys()
        ]
        if len(found) == len(several[0]):
            return found
    return [given]
