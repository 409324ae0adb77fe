"""The shape of the API: the operations of a catalogue, and what follows from their paths: lists, their objects, ids.

A list is a GET that answers an array; its objects are one segment below: ``/vps`` and ``/vps/{serviceName}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from ipaddress import ip_network
from os.path import commonpath
from typing import Final, NamedTuple
from urllib.parse import unquote

from ovhcore.schema import Array, Catalogue, Enumeration, Family, Model, Operation, Property, Ref, Scalar, Type

from ..routes.calls import plain

__all__ = ["ApiShape", "Collection", "OperationContext", "model_of", "whole_block"]

_BLOCKS: Final = ("ipBlock", "ipv4Block", "ipv6Block")
_ARGUMENT: Final = re.compile(r"\{([^{}/]*)\}")


def whole_block(type_: Type, text: str) -> str:
    """Return a block of IP addresses with its length, which need not be written where it is one address."""
    if isinstance(type_, Scalar) and type_.name in _BLOCKS and "/" not in text:
        try:
            return str(ip_network(text))
        except ValueError:
            pass  # what is no address is refused elsewhere
    return text


def model_of(family: Family, type_: Type | None) -> Model | Enumeration | None:
    """Return the model that a type refers to; None if it refers to none."""
    return family.model(type_) if isinstance(type_, Ref) else None


class Collection(NamedTuple):
    """A list whose objects can be told apart.

    Attributes:
        template: its path.
        item: the path of one object.
        argument: the last argument of that.
        listed: the type of what is in the list.
        of_argument: the type of the argument.
        member: what holds the id, in a list of objects; None where ids are listed.
        model: of an object, None if a GET of one is not known.
    """

    template: str
    item: str
    argument: str
    listed: Type
    of_argument: Type
    member: str | None
    model: Type | None


class OperationContext(NamedTuple):
    """An operation with what its path means.

    Attributes:
        family: of the operation.
        operation: the operation.
        above: the lists that its arguments have to be in, from the first on.
        list: the list that its path is of, if it is one.
        of: the list that its object is in, if it is one of an object.
        object: the type of the object at its path, None if nothing can be read there.
        fields: what its body may hold, None if that is no object of known fields.
    """

    family: Family
    operation: Operation
    above: tuple[Collection, ...]
    list: Collection | None
    of: Collection | None
    object: Type | None
    fields: Mapping[str, Property] | None


class ApiShape:
    """The operations of a catalogue, with their contexts; loaded family by family, when they are first asked for.

    Args:
        open_catalogue: returns the catalogue.
    """

    def __init__(self, open_catalogue: Callable[[], Catalogue]) -> None:
        self._open = open_catalogue
        self._contexts: dict[tuple[str, str], OperationContext] = {}
        self._collections: dict[str, Collection | None] = {}
        self._blocks: dict[tuple[str, str], list[tuple[str, Type]]] = {}
        self._lists: dict[str, dict[Type | None, list[Collection]]] = {}
        self._growing: dict[str, bool] = {}
        self._below: dict[str, list[tuple[str, Collection]]] = {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue."""
        return self._open()

    def find(self, method: str, path: str) -> tuple[OperationContext, dict[str, str]] | None:
        """Return what a call means and the arguments of its path, None if it is not known.

        Args:
            method: as ``"GET"``.
            path: as it was sent, without the version if that is 1.
        """
        path = plain(path.rstrip("/"))
        operation = self.catalogue.find(method, path) if path else None
        if operation is None or operation.method != method:  # methods are case-sensitive
            return None
        arguments = _arguments(operation.path, path)
        key = operation.method, operation.path
        if key not in self._blocks:
            types = [(each.name, each.type) for each in operation.placed("path") if each.name in arguments]
            self._blocks[key] = [(name, type_) for name, type_ in types if getattr(type_, "name", "") in _BLOCKS]
        for name, type_ in self._blocks[key]:
            arguments[name] = whole_block(type_, arguments[name])
        return self.context(operation), arguments

    def context(self, operation: Operation) -> OperationContext:
        """Return an operation with what its path means."""
        key = operation.method, operation.path
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = self._context(operation)
        return found

    def get(self, template: str) -> Operation | None:
        """Return the GET of a template, None if there is none."""
        return self._operation("GET", template)

    def post(self, template: str) -> Operation | None:
        """Return the POST of a template, None if there is none."""
        return self._operation("POST", template)

    def _operation(self, method: str, template: str) -> Operation | None:
        found = self.catalogue.find(method, template)
        return found if found is not None and found.path == template and found.method == method else None

    def list_of(self, context: OperationContext, type_: Type) -> Collection | None:
        """Return the list of objects of a type that is nearest to a path, None if there is none.

        The objects above the path are not made by what is done to them: their type has none.
        """
        if not isinstance(type_, Ref) or any(each.model == type_ for each in context.above):
            return None
        lists = self._lists.get(context.family.name)
        if lists is None:
            gets = [each.path for each in context.family.operations.values() if each.method == "GET"]
            every = [found for found in map(self.collection, gets) if found is not None]
            lists = self._lists[context.family.name] = {}
            for each in every:
                lists.setdefault(each.model, []).append(each)
        path = context.operation.path
        near = [
            each
            for each in lists.get(type_, ())
            if set(_ARGUMENT.findall(each.template)) <= set(_ARGUMENT.findall(path))
        ]
        return max(near, key=lambda each: len(commonpath([each.template, path])), default=None)

    def grows(self, of: Collection) -> bool:
        """Say whether calls add to a list: at its path, or where they answer what it lists."""
        found = self._growing.get(of.template)
        if found is None:
            read = self.get(of.template)
            above = of.template.rpartition("/")[0]
            operations = self.catalogue.family(read.family).operations.values() if read is not None else ()
            found = self._growing[of.template] = any(
                each.method == "POST"
                and (each.path == of.template or (each.answer == of.model and each.path.startswith(f"{above}/")))
                for each in operations
            )
        return found

    def lists_below(self, item: str, model: Model) -> list[tuple[str, Collection]]:
        """Return the members of an object that list the ids of what is below it, and the lists of these."""
        found = self._below.get(item)
        if found is None:
            found = []
            for name, each in model.properties.items():
                if isinstance(each.type, Array) and isinstance(each.type.item, Scalar):
                    for word in dict.fromkeys((name, name.removesuffix("s"))):
                        of = self.collection(f"{item}/{word}")
                        if of is not None and of.member is None and of.listed == each.type.item:
                            found.append((name, of))
                            break
            self._below[item] = found
        return found

    def _context(self, operation: Operation) -> OperationContext:
        path = operation.path
        above = tuple(self._above(path))
        read = self.get(path)
        family = self.catalogue.family(operation.family)
        object_: Type | None = None if read is None or isinstance(read.answer, Array) else read.answer
        of = above[-1] if above and above[-1].item == path else None
        if of is None and path.endswith("}"):
            of = self._unlisted(path)
        if object_ is None and of is not None:
            object_ = of.model
        listed, fields = self.collection(path), family.body_fields(operation)
        return OperationContext(family, operation, above, listed, of, object_, fields)

    def _above(self, path: str) -> Iterator[Collection]:
        segments = path.split("/")
        for end in range(2, len(segments) + 1):
            if segments[end - 1].startswith("{"):
                found = self.collection("/".join(segments[: end - 1]))
                if found is not None and found.item == "/".join(segments[:end]):
                    yield found

    def _unlisted(self, path: str) -> Collection | None:
        """Return objects that can be made and read, though nothing lists them."""
        parent, _, last = path.rpartition("/")
        read = self.get(path)
        if read is None or not last.startswith("{") or self.get(parent) is not None:
            return None
        argument = last[1:-1]
        type_ = _argument_type(read, argument)
        return Collection(parent, path, argument, type_, type_, None, read.answer)

    @cached_property
    def services(self) -> tuple[Collection, ...]:
        """The lists of what an account pays for: their objects have a ``serviceInfos``."""
        paths = (each.path for each in self.catalogue.operations() if each.method == "GET")
        items = [path.removesuffix("/serviceInfos") for path in paths if path.endswith("}/serviceInfos")]
        found = [self.collection(item.rpartition("/")[0]) for item in items if item.count("{") == 1]
        return tuple(each for each in found if each is not None and each.item in items)

    def collection(self, template: str) -> Collection | None:
        """Return the list of a template; None if it is none, or its objects cannot be told apart."""
        if template not in self._collections:
            self._collections[template] = self._collection(template)
        return self._collections[template]

    def _collection(self, template: str) -> Collection | None:
        read = self.get(template)
        if read is None or not isinstance(read.answer, Array):
            return None
        family = self.catalogue.family(read.family)
        below = [
            each
            for each in family.operations.values()
            if each.path.startswith(f"{template}/{{") and "/" not in each.path[len(template) + 1 :]
        ]
        below.sort(key=lambda each: each.method != "GET")
        if not below:
            return None
        one = below[0]
        argument = one.path.rpartition("/")[2][1:-1]
        if not _ARGUMENT.fullmatch(one.path.rpartition("/")[2]):
            return None
        of_argument = _argument_type(one, argument)
        model: Type | None = one.answer if one.method == "GET" and isinstance(one.answer, Ref) else None
        item = read.answer.item
        member: str | None = None
        listed = model_of(family, item)
        if isinstance(listed, Model):
            member = id_member(listed, one.path, argument)
            if member is None:
                return None
            model = item if model is None else model
        elif not isinstance(item, Scalar) and not isinstance(listed, Enumeration):
            return None
        return Collection(template, one.path, argument, item, of_argument, member, model)


def _argument_type(operation: Operation, name: str) -> Type:
    found = next((each for each in operation.placed("path") if each.name == name), None)
    return Scalar("string", "string") if found is None else found.type


@lru_cache(maxsize=10_000)
def names_of(path: str, argument: str) -> tuple[str, ...]:
    """Return the names that a member may have that holds an argument of a path, the likeliest first."""
    before = path.split(f"/{{{argument}}}")[0].rpartition("/")[2]
    one = before.removesuffix("s")
    short = re.sub("(Name|Id|ID)$", "", argument)
    urn = "urn" if argument.lower().endswith("urn") else ""
    names = [argument, urn, short, f"{before}Id", f"{one}Id", f"{one}_id", f"{one}Name", one, before]
    return tuple(dict.fromkeys(filter(None, names)))


def id_member(model: Model, path: str, argument: str) -> str | None:
    """Return the member of an object that holds the last argument of its path, None if there is none."""
    first, *rest = names_of(path, argument)
    for name in (first, *[each for each in rest if each == "urn"], "id", *rest, "name", "uuid", "key"):
        known = model.properties.get(name)
        if known is not None and isinstance(known.type, Scalar) and known.type.base in ("string", "long"):
            return name
    return None


def _arguments(template: str, path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern, given in zip(template.split("/"), path.split("/"), strict=True):
        names = _ARGUMENT.findall(pattern)
        if not names:
            continue
        expression = _ARGUMENT.sub("(.+)", re.sub(r"[.^$*+?|()\[\]\\]", r"\\\g<0>", pattern))
        match = re.fullmatch(expression, given, re.DOTALL)
        values = match.groups() if match is not None else (given,)
        found.update(zip(names, (unquote(value, errors="replace") for value in values), strict=False))
    return found
