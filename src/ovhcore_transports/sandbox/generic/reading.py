"""Reads what there is: ids of lists, objects, and whatever else an operation answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.schema import Array, Enumeration, Family, Model, Ref, Scalar, Type

from ..control.modes import Modes
from ..families.tables import Resource
from ..kept.listed import Listed
from ..routes.calls import SandboxCall, concrete
from ..routes.filters import tagged
from ..routes.iam import service_id
from ..state import ApiError
from .identities import identify, services_of, urns_of
from .known import Collection, Known, Place, id_member, names_of
from .narrowing import meets_query, wanted_of
from .running import at_rest, settle
from .values.making import Maker
from .values.refusing import check_form, well_formed

__all__ = ["Reader", "not_found"]

_MOST_AT_FIRST: Final = 3
_MOST_TEXTS: Final = 5000

Special = Callable[[SandboxCall, str], Any]
"""Answers a GET of a path that has a route of its own; None if it has none. It raises if there is no such object."""


def not_found(argument: str, value: str, first: bool) -> ApiError:
    """Return the API's answer where an object does not exist; ``first`` if it is a service."""
    if first:
        return ApiError.of_class(404, "NotFound", "This service does not exist")
    return ApiError.of_class(404, "NotFound", f"The requested object ({argument} = {value}) does not exist")


class Reader:
    """Reads one sandbox.

    Args:
        known: the operations.
        seed: of the sandbox.
        resources: what is said of objects, by the templates of their paths.
        special: answers paths that have a route of their own.
    """

    def __init__(self, known: Known, seed: int, resources: Mapping[str, Resource], special: Special) -> None:
        self.known = known
        self.resources = resources
        self._seed = seed
        self._special = special
        self._texts: dict[tuple[str, Modes | None], str] = {}

    def maker(self, call: SandboxCall, family: Family) -> Maker:
        """Return what makes values of a family."""
        return Maker(family, self._seed, call.modes)

    def check_above(self, call: SandboxCall, place: Place, arguments: Mapping[str, str]) -> None:
        """Refuse a path with objects that do not exist.

        Raises:
            ApiError: 404.
        """
        held = call.state.held
        for number, each in enumerate(place.above):
            value = arguments[each.argument]
            if not self.has(call, each, arguments, value):
                raise not_found(each.argument, value, first=number == 0)
        path = concrete(place.operation.path, arguments)
        made_again = place.operation.method == "POST"
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
        same = None if resource is None else self.known.collection(resource.same_as)
        if same is not None:
            return self.ids(call, same, arguments)
        listed = self._special(call, path)
        found: list[Any]
        if resource is not None and resource.every_urn:
            found = urns_of(self.known, self.resources, self._ids(call))
        elif resource is not None and resource.every_service:
            found = list(services_of(self.known, self._ids(call)))
        elif isinstance(listed, Sequence) and not isinstance(listed, str):
            member = of.member
            found = [each.get(member) if isinstance(each, dict) and member else each for each in listed]
        elif (resource is None or not (resource.ids or resource.at_first)) and self._is_of_new(call, of, path):
            found = []
        else:
            found = self._again((path, None), lambda: self._first_ids(call, of, path, arguments))
        found += [each["id"] for each in self._current_tasks(call, path)]
        return {str(each): each for each in found}

    def _current_tasks(self, call: SandboxCall, path: str) -> list[dict[str, Any]]:
        """Return what is being done to the object that a path lists the tasks of."""
        above, _, last = path.rpartition("/")
        held = call.state.held
        if last != "task" or above not in held.running:
            return []
        settle(held, above, call.now)
        found: list[dict[str, Any]] = held.objects[above].get("currentTasks", []) if above in held.objects else []
        return found

    def _ids(self, call: SandboxCall) -> Callable[[Collection], Iterable[Any]]:
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

    def _is_of_new(self, call: SandboxCall, of: Collection, path: str) -> bool:
        """Say whether a list, which calls can add to, is below an object that a call made: nothing is in it then."""
        added = call.state.held.added
        while added and path.count("/") > 2:
            path = path.rpartition("/")[0]
            above, _, last = path.rpartition("/")
            if unquote(last) in added.get(above, ()):
                adding = self.known.catalogue.find("POST", of.template)
                return adding is not None and adding.path == of.template
        return False

    def _first_ids(self, call: SandboxCall, of: Collection, path: str, arguments: Mapping[str, str]) -> list[Any]:
        resource = self.resources.get(of.item)
        if resource is not None and resource.at_first is not None:
            return list(resource.at_first(arguments))
        if resource is not None and resource.ids:
            return list(resource.ids)
        read = self.known.get(of.template)
        maker = self.maker(call, self.known.catalogue.family(read.family if read is not None else ""))
        type_ = self.id_type(maker.family, of)
        model = maker.family.model(type_) if isinstance(type_, Ref) else None
        if isinstance(model, Enumeration):
            return list(model.values[:_MOST_AT_FIRST])
        count = 2 + maker.chance(path) % 2
        found = [self.new_id(maker, of, f"{path}/{number}", number) for number in range(count)]
        return list({str(each): each for each in found}.values())

    def id_type(self, family: Family, of: Collection) -> Type:
        """Return the narrower of the types that an id is said to be of."""
        if of.member is not None:
            model = family.model(of.listed) if isinstance(of.listed, Ref) else None
            known = model.properties.get(of.member) if isinstance(model, Model) else None
            listed = of.of_argument if known is None else known.type
        else:
            listed = of.listed
        plain = Scalar("string", "string")
        return of.of_argument if listed == plain else listed

    def new_id(self, maker: Maker, of: Collection, place: str, number: int) -> Any:
        """Return an id."""
        type_ = self.id_type(maker.family, of)
        resource = self.resources.get(of.item)
        if resource is not None and resource.new_id:
            chance = maker.chance(place)
            return resource.new_id.format(n=number + 1, hex=f"{chance % 2**32:08x}", long=f"{chance:032x}")
        name = of.member or of.argument
        if name in ("id", "name", "serviceName"):
            before = of.template.rpartition("/")[2]
            name = f"{before}Id" if name == "id" else f"{before}Name" if name == "name" else name
        if isinstance(type_, Scalar) and type_.name == "string" and name == "serviceName":
            words = [each for each in of.template.split("/") if each and "{" not in each and each != "v2"]
            return f"{'-'.join(words[-2:])}-{maker.chance(place) % 2**32:08x}"
        value = maker.value(type_, place, name)
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
        model = family.model(type_) if isinstance(type_, Ref) else None
        kept = held.objects.get(path)
        if not isinstance(model, Model):
            return maker.value(type_, path, template.rpartition("/")[2]) if kept is None else kept.get("", kept)
        if kept is not None and kept.keys() <= model.properties.keys():
            call.answer_headers["X-Ovhcore-Sandbox"] = "kept"
            whole = dict(kept)
            self.identify(call, template, arguments, whole, kept=True)
            return whole
        made = self._again((f"{path} {type_}", call.modes), lambda: self.made(maker, model, template, arguments))
        own = self._special(call, path)
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
            identify(call, resource, arguments, made, lambda: services_of(self.known, self._ids(call)), kept=kept)

    def made(self, maker: Maker, model: Model, template: str, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Return an object that nobody changed."""
        made = maker.object(model, concrete(template, arguments))
        at_rest(maker, model, made)
        named(maker, model, made, template, arguments)
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

    def completed(self, call: SandboxCall, place: Place, arguments: Mapping[str, str], value: Any) -> dict[str, Any]:
        """Return an object with what it lacks, made up.

        Raises:
            InvalidConfiguration: a member is not known, or of another type.
        """
        template, type_, maker = place.operation.path, place.operation.answer, self.maker(call, place.family)
        path = concrete(template, arguments)
        model = place.family.model(type_) if isinstance(type_, Ref) else None
        problem = _problem(maker, type_, model, value)
        if problem:
            raise InvalidConfiguration(f"sandbox: {path}: {problem}; it is a {type_}")
        if isinstance(model, Model):
            return maker.merged(model, self.made(maker, model, template, arguments), value)
        return {"": value}

    def hold(self, call: SandboxCall, place: Place, arguments: Mapping[str, str], kept: dict[str, Any]) -> None:
        """Hold an object."""
        path, held = concrete(place.operation.path, arguments), call.state.held
        of = place.of
        if of is None or of is not self.known.collection(of.template):
            held.keep(path, kept)
            return
        text = arguments[of.argument]
        number = isinstance(of.of_argument, Scalar) and of.of_argument.base == "long"
        held.add(concrete(of.template, arguments), path, int(text) if number and text.isdecimal() else text, kept)

    def listed(self, call: SandboxCall, place: Place, arguments: Mapping[str, str]) -> Sequence[Any]:
        """Return a list: of ids, or of objects, of those that the query asks for."""
        of = place.list
        operation = place.operation
        own = self.resources.get(operation.path)
        if own is not None and own.listed is not None:
            return own.listed(call)
        if of is None or not isinstance(operation.answer, Array):
            value = self.maker(call, place.family).value(operation.answer, concrete(operation.path, arguments), "")
            return value if isinstance(value, list) else [value]
        ids = self.ids(call, of, arguments)
        asked = self.resources.get(of.item)
        also = {} if asked is None else asked.narrowed_by
        wanted = {also.get(name, name): values for name, values in wanted_of(call, place).items()}
        by_tags = any(name.startswith("iamTags") for name in call.query)
        if of.member is None and not wanted and not by_tags:
            return list(ids.values())
        type_ = of.model if of.member is None else of.listed
        if type_ is None:
            return list(ids.values())

        def read(text: str) -> Any:
            each = self.object(call, place.family, of.item, {**arguments, of.argument: text}, type_)
            if isinstance(each, dict) and of.member is not None:
                each[of.member] = ids[text]
            return each

        if of.member is not None and not wanted and not by_tags:
            return Listed(list(ids), read)
        found: list[Any] = []
        for text, item_id in ids.items():
            each = read(text)
            meets = all(meets_query(each, name, values) for name, values in wanted.items())
            if meets and (not by_tags or tagged(call, [each if isinstance(each, dict) else {}])):
                found.append(item_id if of.member is None else each)
        return found


def _problem(maker: Maker, type_: Type, model: Model | Enumeration | None, value: Any) -> str:
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


def named(
    maker: Maker, model: Model, made: dict[str, Any], template: str, arguments: Mapping[str, str]
) -> dict[str, Any]:
    """Let the arguments of a path stand in the members of its object that hold them."""
    last = template.rpartition("/")[2]
    there = made.keys() & model.properties.keys()
    for argument, value in arguments.items():
        own = last == f"{{{argument}}}"
        member = id_member(model, template, argument) if own else None
        names = [member] if member is not None else [name for name in names_of(template, argument) if name in there]
        for name in names[:1]:
            known = model.properties[name].type
            if isinstance(known, Scalar):
                text = unquote(value)
                if known.base == "long" and text.lstrip("-").isdecimal():
                    made[name] = int(text)
                elif known.base == "string" and well_formed(known, text):
                    made[name] = text
    return made
