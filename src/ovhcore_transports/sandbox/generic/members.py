"""Members of objects: those that hold arguments of paths, and what is wrong with some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ovhcore.schema import Enumeration, Model, Scalar, Type

from ..state import ApiError
from .api_shape import id_member, names_of
from .values.making import Maker
from .values.refusing import check_form, well_formed

__all__ = ["fill_path_members", "problem_of"]


def problem_of(maker: Maker, type_: Type, model: Model | Enumeration | None, value: Any) -> str:
    """Return what is wrong with a value that may lack members, empty if nothing is."""
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        return f"JSON cannot hold it: {error}"
    try:
        check_form(maker.family, type_, value, "$")
    except ApiError as error:
        return str(error.body["message"])
    if not isinstance(model, Model) or not isinstance(value, dict):
        return "" if maker.fits(type_, value) else "the value does not fit"
    for name, each in value.items():
        if name not in model.properties:
            return f"{name} is no member"
        if not maker.fits(model.properties[name].type, each):
            return f"{name} does not fit"
    return ""


def fill_path_members(
    maker: Maker, model: Model, made: dict[str, Any], template: str, arguments: Mapping[str, str]
) -> dict[str, Any]:
    """Let the arguments of a path stand in the members of its object that hold them."""
    last = template.rpartition("/")[2]
    there = made.keys() & model.properties.keys()
    for argument, value in arguments.items():
        own = last == f"{{{argument}}}"
        member = id_member(model, template, argument) if own else None
        if member == "name" and argument.lower().endswith("id"):
            continue  # an id that stands in no member
        names = (member,) if member is not None else [name for name in names_of(template, argument) if name in there]
        for name in names[:1]:
            known = model.properties[name].type
            if isinstance(known, Scalar):
                text = unquote(value)
                if known.base == "long" and text.lstrip("-").isdecimal():
                    made[name] = int(text)
                elif known.base == "string" and well_formed(known, text):
                    made[name] = text
    return made
