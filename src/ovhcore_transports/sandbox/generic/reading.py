"""Reads what there is: ids of lists, objects, and whatever else an operation answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.schema import Array, Enumeration, Family, Model, Scalar, Type

from ..control.modes import Modes
from ..families.tables import Resource
from ..routes.calls import SandboxCall, concrete
from ..routes.filters import tagged
from ..routes.iam import service_id
from ..state import ApiError
from ..storage.lazy_list import LazyList
from .api_shape import ApiShape, Collection, OperationContext, model_of
from .identities import identify, services_of, urns_of
from .members import fill_path_members, problem_of
from .narrowing import meets_query, wanted_of
from .running import at_rest, settle
from .values.making import Maker

__all__ = ["Reader", "not_found"]

_MOST_AT_FIRST: Final = 3
_MOST_TEXTS: Final = 5000

Special = Callable[[SandboxCall, str, str], Any]
"""Answers a GET of a path, of a template, that has a route of its own; None if it has none, or no such object."""


def not_found(argument: str, value: str, first: bool) -> ApiError:
    """Return the API's answer where an object does not exist; ``first`` if it is a service."""
    if first:
        return ApiError.of_class(404, "NotFound", "This service does not exist")
    return ApiError.of_class(404, "NotFound", f"The requested object ({argument} = {value}) does not exist")


class Reader:
    """Reads one sandbox.

    Args:
        shape: of the API.
        seed: of the sandbox.
        resources: what is said of objects, by the templates of their paths.
        special: answers paths that have a route of their own.
    """

    def __init__(self, shape: ApiShape, seed: int, resources: Mapping[str, Resource], special: Special) -> None:
        self.shape = shape
        self.resources = resources
        self._seed = seed
        self._special = special
        self._texts: dict[tuple[str, Modes | None], str] = {}
        self._ids: dict[str, dict[str, Any]] = {}

    def maker(self, call: SandboxCall, family: Family) -> Maker:
        """Return what makes values of a family."""
        return Maker(family, self._seed, call.modes)

    def check_above(self, call: SandboxCall, context: OperationContext, arguments: Mapping[str, str]) -> None:
        """Refuse a path with objects that do not exist.

        Raises:
            ApiError: 404.
        """
        held = call.state.held
        for number, each in enumerate(context.above):
            value = arguments[each.argument]
            if not self.has(call, each, arguments, value):
                raise not_found(each.argument, value, first=number == 0)
        path = concrete(context.operation.path, arguments)
        made_again = context.operation.method == "POST"
        if any(path.startswith(f"{gone}/") or (path == gone and not made_again) for gone in held.gone):
            last = list(arguments.items())[-1:] or [("path", path)]
            raise not_found(*last[0], first=False)

    def ids(self, call: SandboxCall, of: Collection, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return the ids of a list by their text."""
        path = concrete(of.template, arguments)
        held = call.state.held
        self.settle(call, path)
        ids = self.first_ids(call, of, arguments)
        for gone in held.removed.get(path, ()):
            ids.pop(gone, None)
        return ids | held.added.get(path, {})

    def settle(self, call: SandboxCall, path: str) -> None:
        """Carry out what has happened at a path, or one segment below: what was being deleted may have gone."""
        for each in (*call.state.held.leaving(path), path):
            settle(call.state.held, each, call.now)

    def has(self, call: SandboxCall, of: Collection, arguments: Mapping[str, str], value: str) -> bool:
        """Say whether a list has an id, written as text; however long it is, that takes no longer."""
        held, path = call.state.held, concrete(of.template, arguments)
        settle(held, concrete(of.item, {**arguments, of.argument: value}), call.now)
        if value in held.added.get(path, ()):
            return True
        return value not in held.removed.get(path, ()) and value in self.first_ids(call, of, arguments)

    def first_ids(self, call: SandboxCall, of: Collection, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return the ids that a list has without what others changed, by their text."""
        path = concrete(of.template, arguments)
        resource = self.resources.get(of.item)
        same = None if resource is None else self.shape.collection(resource.same_as)
        if same is not None:
            return self.ids(call, same, arguments)
        new = bool(call.state.held.added) and self._in_new(call, of, path)
        listed = None if new else self._special(call, path, of.template)
        found: list[Any]
        if new:
            found = []
        elif resource is not None and resource.every_urn:
            found = urns_of(self.shape, self.resources, self._ids_of(call))
        elif resource is not None and resource.every_service:
            found = list(services_of(self.shape, self._ids_of(call)))
        elif resource is not None and callable(resource.ids):
            found = list(resource.ids(call, arguments))
        elif isinstance(listed, Sequence) and not isinstance(listed, str):
            member = of.member
            found = [each.get(member) if isinstance(each, dict) and member else each for each in listed]
        else:
            kept = self._ids.get(path)
            if kept is None:
                while len(self._ids) >= _MOST_TEXTS:
                    del self._ids[next(iter(self._ids))]
                kept = self._ids[path] = {str(each): each for each in self._first_ids(call, of, path, arguments)}
            tasks = self._current_tasks(call, path)
            return {**kept, **{each["id"]: each["id"] for each in tasks}}
        found += [each["id"] for each in self._current_tasks(call, path)]
        return {str(each): each for each in found}

    def _in_new(self, call: SandboxCall, of: Collection, path: str) -> bool:
        """Say whether a list that calls add to is below an object that a call made: there is nothing in it at first."""
        added = call.state.held.added
        above, slash, _ = path.rpartition("/")
        while slash:
            list_path, slash, segment = above.rpartition("/")
            if list_path in added and unquote(segment) in added[list_path]:
                return self.shape.grows(of) or of.template.rpartition("/")[2].lower() in (
                    "task",
                    "tasks",
                    "operation",
                    "operations",
                )
            above = list_path
        return False

    def _current_tasks(self, call: SandboxCall, path: str) -> list[dict[str, Any]]:
        """Return what is being done to the object that a path lists the tasks of."""
        above, _, last = path.rpartition("/")
        held = call.state.held
        if last != "task" or above not in held.running:
            return []
        settle(held, above, call.now)
        found: list[dict[str, Any]] = held.objects[above].get("currentTasks", []) if above in held.objects else []
        return found

    def _ids_of(self, call: SandboxCall) -> Callable[[Collection], Iterable[Any]]:
        """Return what returns the ids of a list."""
        return lambda of: self.ids(call, of, {}).values()

    def _again(self, key: tuple[str, Modes | None], make: Callable[[], Any]) -> Any:
        """Return what is made up for a path; it is made once, and read again as that is faster."""
        text = self._texts.get(key)
        if text is None:
            while len(self._texts) >= _MOST_TEXTS:
                del self._texts[next(iter(self._texts))]
            text = self._texts[key] = json.dumps(make())
        return json.loads(text)

    def _first_ids(self, call: SandboxCall, of: Collection, path: str, arguments: Mapping[str, str]) -> list[Any]:
        resource = self.resources.get(of.item)
        if resource is not None and resource.at_first is not None:
            return list(resource.at_first(arguments))
        if resource is not None and isinstance(resource.ids, tuple):
            return list(resource.ids)
        read = self.shape.get(of.template)
        maker = self.maker(call, self.shape.catalogue.family(read.family if read is not None else ""))
        type_ = self.id_type(maker.family, of)
        model = model_of(maker.family, type_)
        if isinstance(model, Enumeration):
            return list(model.values[:_MOST_AT_FIRST])
        count = 2 + maker.chance(path) % 2
        found = [self.new_id(maker, of, f"{path}/{number}", number) for number in range(count)]
        return list({str(each): each for each in found}.values())

    def id_type(self, family: Family, of: Collection) -> Type:
        """Return the narrower of the types that an id is said to be of."""
        if of.member is not None:
            model = model_of(family, of.listed)
            known = model.properties.get(of.member) if isinstance(model, Model) else None
            listed = of.of_argument if known is None else known.type
        else:
            listed = of.listed
        plain = Scalar("string", "string")
        return of.of_argument if listed == plain else listed

    def new_id(self, maker: Maker, of: Collection, salt: str, number: int) -> Any:
        """Return an id: with the same seed, the same for the same ``salt``."""
        type_ = self.id_type(maker.family, of)
        resource = self.resources.get(of.item)
        if resource is not None and resource.new_id:
            chance = maker.chance(salt)
            return resource.new_id.format(n=number + 1, hex=f"{chance % 2**32:08x}", long=f"{chance:032x}")
        name = of.member or of.argument
        if name in ("id", "name", "serviceName"):
            before = of.template.rpartition("/")[2]
            name = f"{before}Id" if name == "id" else f"{before}Name" if name == "name" else name
        if isinstance(type_, Scalar) and type_.name == "string" and name == "serviceName":
            words = [each for each in of.template.split("/") if each and "{" not in each and each != "v2"]
            return f"{'-'.join(words[-2:])}-{maker.chance(salt) % 2**32:08x}"
        value = maker.value(type_, salt, name)
        if isinstance(type_, Scalar) and type_.base == "string" and isinstance(value, str):
            value = value.replace("/", "-") if type_.name == "string" else value
        return value

    def object(
        self, call: SandboxCall, family: Family, template: str, arguments: Mapping[str, str], type_: Type
    ) -> Any:
        """Return what is read at a path, as it is now.

        Args:
            call: that asks.
            family: of the operation.
            template: of the path.
            arguments: of the path.
            type_: what is to be read there.
        """
        path = concrete(template, arguments)
        held = call.state.held
        settle(held, path, call.now)
        maker = self.maker(call, family)
        model = model_of(family, type_)
        kept = held.objects.get(path)
        if isinstance(model, Model):
            lists = self.shape.lists_below(template, model)
            if lists:
                found = self._object(call, maker, model, template, arguments, (path, kept, type_))
                return found | {name: list(self.ids(call, of, arguments).values()) for name, of in lists}
        return self._object(call, maker, model, template, arguments, (path, kept, type_))

    def _object(
        self,
        call: SandboxCall,
        maker: Maker,
        model: Model | Enumeration | None,
        template: str,
        arguments: Mapping[str, str],
        there: tuple[str, Any, Type],
    ) -> Any:
        path, kept, type_ = there
        resource = self.resources.get(template)
        if kept is None and resource is not None and resource.reads is not None and call.reader is not None:
            read = resource.reads(call, arguments)
            if read is not None:
                return read
        if not isinstance(model, Model):
            return maker.value(type_, path, template.rpartition("/")[2]) if kept is None else kept.get("", kept)
        if kept is not None and kept.keys() <= model.properties.keys():
            call.answer_headers["X-Ovhcore-Sandbox"] = "kept"
            whole = dict(kept)
            self.identify(call, template, arguments, whole, kept=True)
            return whole
        made = self._again((f"{path} {type_}", call.modes), lambda: self.made(maker, model, template, arguments))
        own = self._special(call, path, template)
        if isinstance(own, dict):
            made.update(own)
        self.identify(call, template, arguments, made)
        for each in self._current_tasks(call, path.rpartition("/")[0]):
            if each["id"] == unquote(path.rpartition("/")[2]):
                maker.merged(model, made, {"id": each["id"], "type": each["type"], "status": "RUNNING"})
        return made if kept is None else maker.merged(model, made, kept)

    def identify(
        self,
        call: SandboxCall,
        template: str,
        arguments: Mapping[str, str],
        made: dict[str, Any],
        *,
        kept: bool = False,
    ) -> None:
        """Let an object say what others know of it; ``kept`` if a call has changed it."""
        resource = self.resources.get(template)
        if resource is not None and arguments:
            identify(call, resource, arguments, made, lambda: services_of(self.shape, self._ids_of(call)), kept=kept)

    def made(
        self, maker: Maker, model: Model, template: str, arguments: Mapping[str, str], without: Container[str] = ()
    ) -> dict[str, Any]:
        """Return an object that nobody changed, but for members that need not be made."""
        made = maker.object(model, concrete(template, arguments), without=without)
        at_rest(maker, model, made)
        fill_path_members(maker, model, made, template, arguments)
        resource = self.resources.get(template)
        if resource is not None:
            last = list(arguments.values())[-1] if arguments else ""
            first = {} if resource.at_first is None else resource.at_first(arguments)
            own = next((each for item_id, each in first.items() if str(item_id) == last), {})
            shown = {
                name: value
                for name, value in {**resource.shows, **resource.each.get(last, {}), **own}.items()
                if name in made or name not in model.properties
            }
            maker.merged(
                model, made, {name: v.replace("{id}", last) if isinstance(v, str) else v for name, v in shown.items()}
            )
            made.update({name: None for name in shown if name in own and own[name] is None})
        if template.endswith("}/serviceInfos") and "serviceId" in made:
            above = template.removesuffix("/serviceInfos")
            made["serviceId"] = service_id(concrete(above, arguments))
            made["domain"] = list(arguments.values())[-1]
        return made

    def completed(
        self, call: SandboxCall, context: OperationContext, arguments: Mapping[str, str], value: Any
    ) -> dict[str, Any]:
        """Return an object with what it lacks, made up.

        Raises:
            InvalidConfiguration: a member is not known, or of another type.
        """
        template, type_, maker = context.operation.path, context.operation.answer, self.maker(call, context.family)
        path = concrete(template, arguments)
        model = model_of(context.family, type_)
        problem = problem_of(maker, type_, model, value)
        if problem:
            raise InvalidConfiguration(f"sandbox: {path}: {problem}; it is a {type_}")
        if isinstance(model, Model):
            made = self.made(maker, model, template, arguments)
            self.identify(call, template, arguments, made)
            return maker.merged(model, made, value)
        return {"": value}

    def hold(
        self, call: SandboxCall, context: OperationContext, arguments: Mapping[str, str], kept: dict[str, Any]
    ) -> None:
        """Hold an object."""
        path, held = concrete(context.operation.path, arguments), call.state.held
        of = context.of
        if of is None or of is not self.shape.collection(of.template):
            held.keep(path, kept)
            return
        text = arguments[of.argument]
        number = isinstance(of.of_argument, Scalar) and of.of_argument.base == "long"
        held.add(concrete(of.template, arguments), path, int(text) if number and text.isdecimal() else text, kept)

    def listed(self, call: SandboxCall, context: OperationContext, arguments: Mapping[str, str]) -> Sequence[Any]:
        """Return a list: of ids, or of objects, of those that the query asks for."""
        of = context.list
        operation = context.operation
        own = self.resources.get(operation.path)
        if own is not None and own.listed is not None:
            return own.listed(call)
        if of is None or not isinstance(operation.answer, Array):
            kept = call.state.held.objects.get(concrete(operation.path, arguments))
            if kept is not None and isinstance(kept.get(""), list):
                return list(kept[""])
            value = self.maker(call, context.family).value(operation.answer, concrete(operation.path, arguments), "")
            return value if isinstance(value, list) else [value]
        ids = self.ids(call, of, arguments)
        asked = self.resources.get(of.item)
        also = {} if asked is None else asked.narrowed_by
        wanted = {also.get(name, name): values for name, values in wanted_of(call, context).items()}
        by_tags = any(name.startswith("iamTags") for name in call.query)
        if of.member is None and not wanted and not by_tags:
            return list(ids.values())
        type_ = of.model if of.member is None else of.listed
        if type_ is None:
            return list(ids.values())

        def read(text: str) -> Any:
            each = self.object(call, context.family, of.item, {**arguments, of.argument: text}, type_)
            if isinstance(each, dict) and of.member is not None:
                each[of.member] = ids[text]
            return each

        if of.member is not None and not wanted and not by_tags:
            return LazyList(list(ids), read)
        found: list[Any] = []
        noun = operation.path.rpartition("/")[2]
        for text, item_id in ids.items():
            each = read(text)
            meets = all(meets_query(each, name, values, noun) for name, values in wanted.items())
            if meets and (not by_tags or tagged(call, [each if isinstance(each, dict) else {}])):
                found.append(item_id if of.member is None else each)
        return found
