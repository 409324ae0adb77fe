"""Makes, changes and deletes objects, and does to them what actions say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from ovhcore.schema import Model, Ref, Scalar

from ..families.tables import Action, Change, Resource
from ..routes.calls import SandboxCall, concrete
from ..state import ApiError
from .known import Collection, Place, names_of, whole_block
from .reading import Reader, named
from .running import become, begin, is_async, is_task, stamp, start
from .tasks import begin_task
from .values.making import Maker

__all__ = ["Changer"]

_TRIES: Final = 64  # to find an id that is free; those of an enumeration may all be taken
_MADE: Final = ("creationdate", "createdat", "creation", "lastupdate", "updatedat", "lastupdatedate")
_CHANGED: Final = ("lastupdate", "updatedat", "lastupdatedate")


class Changer:
    """Carries out what changes something.

    Args:
        reader: reads what there is.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._told = {f"{path}/": each for path, each in reader.resources.items() if each.below is not None}

    def carry_out(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        """Carry out a POST, PUT, PATCH or DELETE, and return its answer.

        Raises:
            ApiError: what the API answers where it refuses.
        """
        method = place.operation.method
        if concrete(place.operation.path, arguments) not in call.state.held.objects:
            call.state.check_room(call.length)
        if self._action(place.operation.path, method) is not None:
            return self._act(call, place, arguments)
        if method == "POST" and place.list is not None and place.list.model is not None:
            return self._create(call, place, place.list, arguments)
        if method == "POST" and (below := self._unlisted(place)) is not None:
            return self._create(call, place, below, arguments)
        if place.object is not None and method in ("PUT", "PATCH", "POST"):
            return self._change(call, place, arguments)
        if place.object is not None or (place.of is not None and method == "DELETE"):
            return self._delete(call, place, arguments)
        return self._act(call, place, arguments)

    def _unlisted(self, place: Place) -> Collection | None:
        """Return what a POST makes that can be read below its path, though nothing lists it."""
        path = place.operation.path
        if place.object is not None:
            return None
        for key, each in place.family.operations.items():
            parent, _, last = each.path.rpartition("/")
            if key.startswith("GET ") and parent == path and last.startswith("{"):
                return self.reader.known.place(each).of
        return None

    # Objects

    def _create(self, call: SandboxCall, place: Place, of: Collection, arguments: dict[str, str]) -> Any:
        reader, held = self.reader, call.state.held
        maker = reader.maker(call, place.family)
        model = place.family.model(of.model) if isinstance(of.model, Ref) else None
        given = call.body if isinstance(call.body, dict) else {}
        list_path = concrete(of.template, arguments)
        beside = len(held.added.get(list_path, ()))
        beside += len(reader.first_ids(call, of, arguments)) if place.list is not None else 0

        def taken(item_id: Any) -> bool:
            return place.list is not None and reader.has(call, of, arguments, str(item_id))

        item_id = self._given_id(maker, of, given)
        if item_id is None:
            for number in range(beside, beside + _TRIES):
                item_id = reader.new_id(maker, of, f"{list_path}/new/{call.state.next()}", number)
                if not taken(item_id):
                    break
        if taken(item_id):
            raise ApiError.of_class(409, "Conflict", f"This object already exists ({item_id})")
        inner = {**arguments, of.argument: str(item_id)}
        path = concrete(of.item, inner)
        value: dict[str, Any] = {"": deepcopy(given)}
        if isinstance(model, Model):
            value = maker.merged(model, reader.made(maker, model, of.item, inner), deepcopy(given))
            named(maker, model, value, of.item, inner)
            stamp(model, value, call.now, _MADE)
        resource = reader.resources.get(of.item)
        self._rules(
            call, place, of, resource, Change("create", inner, given, value, self._others(call, place, of, inner))
        )
        held.add(list_path, path, item_id, value, call.length)
        self._tell(call, of.item, inner, value)
        if isinstance(model, Model):
            start(call, maker, model, path, value, resource)
        return self._answer(call, place, maker, arguments, (path, value, of, item_id))

    def _given_id(self, maker: Maker, of: Collection, given: Mapping[str, Any]) -> Any:
        type_ = self.reader.id_type(maker.family, of)
        names = [of.member, of.argument] if of.member is not None else names_of(of.item, of.argument)
        for name in [*names, "name"] if of.argument.lower().endswith("name") else names:
            value = given.get(name or "")
            if (
                isinstance(value, (str, int))
                and not isinstance(value, bool)
                and str(value)
                and maker.fits(type_, value)
            ):
                return whole_block(type_, value) if isinstance(value, str) else value
        return None

    def _others(self, call: SandboxCall, place: Place, of: Collection, inner: dict[str, str]) -> Any:
        def others() -> list[dict[str, Any]]:
            if of.model is None or of is not self.reader.known.collection(of.template):
                return []
            own = inner[of.argument]
            return [
                self.reader.object(call, place.family, of.item, {**inner, of.argument: each}, of.model)
                for each in self.reader.ids(call, of, inner)
                if each != own
            ]

        return others

    def _rules(
        self, call: SandboxCall, place: Place, of: Collection | None, resource: Resource | None, change: Change
    ) -> None:
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

    def _tell(self, call: SandboxCall, template: str, arguments: Mapping[str, str], value: Mapping[str, Any]) -> None:
        """Tell what is above an object that it was made, changed or deleted."""
        for above, each in self._told.items():
            if template.startswith(above) and each.below is not None:
                each.below(call, concrete(each.path, arguments), value)

    def _now(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        assert place.object is not None
        return self.reader.object(call, place.family, place.operation.path, arguments, place.object)

    def _change(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        reader, held = self.reader, call.state.held
        path = concrete(place.operation.path, arguments)
        maker = reader.maker(call, place.family)
        given = call.body if isinstance(call.body, dict) else {}
        if place.operation.method == "POST":
            held.gone.pop(path, None)
        value = self._now(call, place, arguments)
        model = place.family.model(place.object) if isinstance(place.object, Ref) else None
        if not isinstance(model, Model) or not isinstance(value, dict):
            # One value, as a text; a body of one member is that.
            only = next(iter(given.values()), None) if len(given) == 1 else call.body
            if place.object is not None and only is not None and maker.fits(place.object, only):
                held.keep(path, {"": deepcopy(only)}, call.length)
            return self._answer(call, place, maker, arguments, (path, {}, None, None))
        value = deepcopy(value)
        resource = reader.resources.get(place.operation.path)
        self._free(call, path, model, value, given, resource)
        own = value.get("checksum")
        maker.merged(model, value, deepcopy(given))
        if own is not None:
            value["checksum"] = own
        named(maker, model, value, place.operation.path, arguments)
        stamp(model, value, call.now, _CHANGED)
        others = self._others(call, place, place.of, arguments) if place.of is not None else list
        self._rules(call, place, place.of, resource, Change("change", arguments, given, value, others))
        held.keep(path, value, call.length)
        self._tell(call, place.operation.path, arguments, value)
        if is_async(model):
            become(call, maker, model, path, value, "UPDATING")
        elif place.operation.method == "POST":
            start(call, maker, model, path, value, resource)
        return self._answer(call, place, maker, arguments, (path, value, None, None))

    def _free(
        self,
        call: SandboxCall,
        path: str,
        model: Model,
        value: dict[str, Any],
        given: Mapping[str, Any],
        resource: Resource | None,
    ) -> None:
        """Refuse to change what changes already, or what somebody else changed meanwhile."""
        if is_async(model):
            sent = given.get("checksum")
            if sent is not None and "checksum" in value:
                if not re.fullmatch("[0-9a-f]{32}", str(sent)):
                    raise ApiError.of_class(400, "BadRequest::ChecksumBadFormat", "The checksum has a bad format")
                if sent != value["checksum"]:
                    message = "The checksum is not that of the current target spec"
                    raise ApiError.of_class(412, "PreconditionFailed::ChecksumMismatch", message)
            if path in call.state.held.running:
                message = f"The resource is {value['resourceStatus']}, and has to be READY"
                raise ApiError.of_class(423, "Locked::ResourceNotReady", message)
        elif resource is not None and resource.busy and path in call.state.held.running:
            raise _busy()

    def _delete(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        reader, held = self.reader, call.state.held
        path = concrete(place.operation.path, arguments)
        maker = reader.maker(call, place.family)
        value = self._now(call, place, arguments) if place.object is not None else {}
        model = place.family.model(place.object) if isinstance(place.object, Ref) else None
        resource = reader.resources.get(place.operation.path)
        of, shown = place.of, value if isinstance(value, dict) else {}
        self._rules(call, place, of, resource, Change("delete", arguments, {}, shown, list))
        list_path = None if of is None or of is not reader.known.collection(of.template) else path.rpartition("/")[0]
        own = arguments.get(of.argument, "") if of is not None else ""
        if isinstance(model, Model):
            self._free(call, path, model, shown, {}, resource)
            if is_async(model):
                held.keep(path, shown)
                shown["resourceStatus"] = "DELETING"
                begin(
                    call,
                    path,
                    "DELETING",
                    {"gone": True, "list": list_path, "id": own, "fails": {"resourceStatus": "ERROR"}},
                )
                return self._answer(call, place, maker, arguments, (path, shown, None, None))
        self._tell(call, place.operation.path, arguments, shown)
        held.remove(list_path, path, own)
        return self._answer(call, place, maker, arguments, (path, shown, None, None))

    # Actions

    def _act(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        path, method = place.operation.path, place.operation.method
        maker = self.reader.maker(call, place.family)
        found = self._action(path, method)
        given = call.body if isinstance(call.body, dict) else {}
        if found is None:
            call.answer_headers["X-Ovhcore-Sandbox"] = "no-effect"
            about = self._above(call, place, arguments)
            return self._answer(call, place, maker, arguments, (concrete(path, arguments), about, None, None))
        resource, action = found
        names = {name: value for name, value in arguments.items() if f"{{{name}}}" in resource.path}
        read = self.reader.known.get(resource.path)
        of_it = self.reader.known.place(read) if read is not None else place
        object_path = concrete(resource.path, names)
        value = self._now(call, of_it, names) if read is not None else {}
        if action.busy and object_path in call.state.held.running:
            raise _busy()
        for name, wanted in action.needs.items():
            if value.get(name) != wanted:
                raise ApiError.of_class(409, "Conflict", f"[{name}] is {value.get(name)}, and has to be {wanted}")
        change = Change(f"{method} {path.removeprefix(resource.path)}", arguments, given, value, list)
        self._rules(call, of_it, None, resource, change)
        model = of_it.family.model(of_it.object) if isinstance(of_it.object, Ref) else None
        value = change.object
        if isinstance(model, Model) and (action.sets or action.then):
            then = maker.merged(
                model, {name: value[name] for name in action.then if name in value}, filled(action.then, given)
            )
            maker.merged(model, value, filled(action.sets, given))
            call.state.held.keep(object_path, value, call.length)
            call.state.held.end(object_path)  # what went on, if anything, ends with this
            if action.then:
                none = {name: None for name, wanted in action.then.items() if wanted is None}
                begin(call, object_path, change.kind, {"then": {**then, **none}})
        for segment, members in action.below.items():
            self._set_below(call, f"{resource.path}{segment}", names, filled(members, given))
        done = action.does(call, change) if action.does is not None else None
        if done is not None:
            return done
        if action.answer is not None:
            answered = action.answer(change)
            call.state.held.keep(object_path, value, call.length)
            return answered
        return self._answer(call, place, maker, arguments, (object_path, value, None, None), action.task)

    def _above(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> dict[str, Any]:
        """Return the object that a call is about, if it answers one of that type, or of one with more members."""
        own = place.family.model(place.operation.answer) if isinstance(place.operation.answer, Ref) else None
        of = place.above[-1] if place.above else None
        model = place.family.model(of.model) if of is not None and isinstance(of.model, Ref) else None
        if of is None or of.model is None or not isinstance(own, Model) or not isinstance(model, Model):
            return {}
        if not model.properties.keys() <= own.properties.keys():
            return {}
        names = {name: value for name, value in arguments.items() if f"{{{name}}}" in of.item}
        found: dict[str, Any] = self.reader.object(call, place.family, of.item, names, of.model)
        return found

    def _set_below(
        self, call: SandboxCall, template: str, arguments: dict[str, str], members: Mapping[str, Any]
    ) -> None:
        """Give members to a single object below another one, which is made if it is not there."""
        read = self.reader.known.get(template)
        assert read is not None  # as the table says; a test looks at all of them
        place = self.reader.known.place(read)
        assert isinstance(place.object, Ref)
        model = place.family.model(place.object)
        assert isinstance(model, Model)
        maker, path = self.reader.maker(call, place.family), concrete(template, arguments)
        call.state.held.gone.pop(path, None)
        value = maker.merged(model, deepcopy(self._now(call, place, arguments)), members)
        stamp(model, value, call.now, _MADE)
        call.state.held.keep(path, value)

    def _action(self, path: str, method: str) -> tuple[Resource, Action] | None:
        segments = path.split("/")
        for end in range(len(segments), 1, -1):
            resource = self.reader.resources.get("/".join(segments[:end]))
            action = resource and resource.actions.get(f"{method} /{'/'.join(segments[end:])}".removesuffix(" /"))
            if resource is not None and action:
                return resource, action
        return None

    # Answers

    def _answer(
        self,
        call: SandboxCall,
        place: Place,
        maker: Maker,
        arguments: dict[str, str],
        about: tuple[str, dict[str, Any], Collection | None, Any],
        task: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what fits the type of an operation, of an object that was made or changed."""
        path, value, of, item_id = about
        type_ = place.operation.answer
        given = call.body if isinstance(call.body, dict) else {}
        if isinstance(type_, Scalar):
            if item_id is not None and type_.base != "void" and maker.fits(type_, item_id):
                return item_id
            return maker.value(type_, f"{path}#{place.operation}", "id" if type_.base == "long" else "")
        model = place.family.model(type_) if isinstance(type_, Ref) else None
        if not isinstance(model, Model):
            return maker.value(type_, f"{path}#{place.operation}")
        if type_ in (place.object, None if of is None else of.model) and value:
            return dict(value)
        if is_task(maker, model):
            return begin_task(self.reader, call, place, maker, model, arguments, task or {})
        made = maker.object(model, f"{path}#{place.operation}")
        named(maker, model, made, place.operation.path, arguments)
        maker.merged(model, made, {name: each for name, each in value.items() if name in model.properties})
        stamp(model, made, call.now, _MADE)
        return maker.merged(model, made, deepcopy(given))


def filled(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return members of a table, with those of the body where it says so; what the body lacks is left out."""
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if isinstance(value, str) and value[:1] == "{" and value[-1:] == "}":
            if value[1:-1] in given:
                found[name] = given[value[1:-1]]
        else:
            found[name] = filled(value, given) if isinstance(value, Mapping) else deepcopy(value)
            if isinstance(value, list):
                found[name] = [each for item in value for each in filled({"": item}, given).values()]
    return found


def _busy() -> ApiError:
    message = "An operation is already running on this service. Please retry later"
    return ApiError.of_class(403, "Forbidden::Busy", message)
