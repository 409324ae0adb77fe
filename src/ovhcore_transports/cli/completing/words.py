"""What may stand in the place of a word: paths, the names of arguments, the values that these may have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ..calling.arguments import path_of
from ..frame.clients import endpoint_said
from ..frame.groups import in_context
from ..frame.text import visible
from .shells import NO_SPACE

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue, Family, Operation, Type

__all__ = [
    "arguments",
    "catalogue_said",
    "endpoints",
    "files",
    "method_of",
    "methods",
    "paths",
    "profiles",
    "said_in",
    "transports",
    "values_of",
]

_METHODS = ("GET", "POST", "PUT", "DELETE")


@in_context
def paths(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return how a path may go on, by the next of its words."""
    slash = "" if begun.startswith("/") or not begun else "/"
    found = catalogue_said().completions(slash + begun, method_of(context))
    return [CompletionItem(each.removeprefix(slash), type=_kind(each)) for each in found]


@in_context
def arguments(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the arguments of an operation that are not typed yet, or the values that one of them may have."""
    name, equals, value = begun.partition("=")
    if value.startswith("@") or begun.startswith("@"):
        before, _, file = begun.partition("@")
        return [CompletionItem(f"{before}@{each}", type=_kind(each)) for each in _files(file)]
    catalogue, path = catalogue_said(), path_of(said_in(context, "path"))
    operation = catalogue.find(method_of(context) or "GET", path)
    if operation is None:
        return []
    family = catalogue.family(operation.family)
    known = {name: rest for name, *rest in _known(family, operation, path)}
    if equals:
        values = values_of(family, known[name.removesuffix(":")][0]) if name.removesuffix(":") in known else []
        return [CompletionItem(f"{name}={each}") for each in values if each.startswith(value)]
    typed = {word.partition("=")[0].removesuffix(":") for word in context.params.get("arguments") or ()}
    return [
        CompletionItem(f"{name}=", type=NO_SPACE, help=visible(f"{type_}, required" if required else str(type_)))
        for name, (type_, required) in sorted(known.items(), key=lambda each: not each[1][1])
        if name.startswith(begun) and (name not in typed or str(type_).endswith("[]"))
    ]


def methods(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the methods of calls."""
    return [CompletionItem(each) for each in _METHODS if each.startswith(begun.upper())]


@in_context
def endpoints(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the names of endpoints."""
    from ovhcore.protocol import ENDPOINTS

    return [CompletionItem(each) for each in ENDPOINTS if each.startswith(begun)]


@in_context
def transports(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the names of transports that are installed."""
    from ovhcore._internal import Plugins

    specs = Plugins().transports()
    return [CompletionItem(name) for name, spec in specs.items() if name.startswith(begun) and spec.sync]


def files(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the files and folders that may be meant."""
    return [CompletionItem(each, type=_kind(each)) for each in _files(begun)]


@in_context
def profiles(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return the names of profiles in the usual files, and in that of ``--config``."""
    from ..account.places import profiles_there

    return [CompletionItem(each) for each in profiles_there() if each.startswith(begun)]


def said_in(context: click.Context, name: str) -> str:
    """Return what is typed for an argument of a command, empty for nothing.

    Click takes no arguments apart where an option behind them still lacks its value.
    """
    value = context.params.get(name)
    if not value:
        names = [param.name for param in context.command.params if isinstance(param, click.Argument)]
        value = dict(zip(names, context.args, strict=False)).get(name)
    return str(value or "")


def method_of(context: click.Context) -> str | None:
    """Return the method that a command calls with, None if it is not known yet."""
    said, name = said_in(context, "method"), context.info_name or ""
    return said.upper() if said else {"wait": "GET", "show": None}.get(name, name.upper())


def _kind(path: str) -> str:
    return NO_SPACE if path.endswith("/") else "plain"


def _files(begun: str) -> list[str]:
    """Return the files and folders that may be meant."""
    folder, last = os.path.split(begun)
    place = os.path.expanduser(folder) or "."
    names = sorted(each for each in os.listdir(place) if each.startswith(last) and (last or not each.startswith(".")))
    found = [(os.path.join(folder, each), os.path.isdir(os.path.join(place, each))) for each in names]
    return [f"{path}/" if is_folder else path for path, is_folder in found]


def catalogue_said() -> Catalogue:
    """Return the catalogue of the endpoint that options or settings name."""
    from ovhcore.schema import catalogue

    return catalogue(endpoint_said())


def _known(family: Family, operation: Operation, path: str) -> Iterator[tuple[str, Type, bool]]:
    """Yield name, type and whether it has to be there for each argument that can be typed behind a path."""
    for each in operation.placed("path"):
        if f"{{{each.name}}}" in path:
            yield each.name, each.type, True
    if operation.method in ("GET", "DELETE"):
        for each in operation.placed("query"):
            yield each.name, each.type, each.required
    else:
        for name, field in (family.body_fields(operation) or {}).items():
            yield name, field.type, field.required


def values_of(family: Family, type_: Any) -> list[str]:
    """Return the values that something of a type may have, as far as they can be listed."""
    from ovhcore.schema import Array, Enumeration, Ref, Scalar

    if isinstance(type_, Array):
        type_ = type_.item
    if isinstance(type_, Scalar) and type_.base == "boolean":
        return ["true", "false"]
    model = family.model(type_) if isinstance(type_, Ref) else None
    return [visible(str(each)) for each in model.values] if isinstance(model, Enumeration) else []
