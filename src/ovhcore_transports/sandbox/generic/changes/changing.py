"""Makes, changes and deletes objects, and does to them what actions say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from ovhcore.schema import Model

from ...families.tables import Change, Resource
from ...routes.calls import SandboxCall, begin, concrete
from ...state import ApiError
from ..known import Collection, Place, model_of
from ..members import named
from ..reading import Reader
from ..running import become, is_async, stamp, start
from .acting import Actor
from .answering import MADE, answer, busy, obey
from .giving import adapted, each_given, given_id, left_empty

__all__ = ["Changer"]

_TRIES: Final = 64  # to find an id that is free; those of an enumeration may all be taken
_CHANGED: Final = ("lastupdate", "updatedat", "lastupdatedate")


class Changer:
    """Carries out what changes something.

    Args:
        reader: reads what there is.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._actor = Actor(reader)
        self._told = {f"{path}/": each for path, each in reader.resources.items() if each.below is not None}

    def carry_out(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        """Carry out a POST, PUT, PATCH or DELETE, and return its answer.

        Raises:
            ApiError: what the API answers where it refuses.
        """
        method = place.operation.method
        if concrete(place.operation.path, arguments) not in call.state.held.objects:
            call.state.check_room(call.length)
        if self._actor.action(place.operation.path, method) is not None:
            return self._actor.act(call, place, arguments)
        if method == "POST" and place.list is not None and place.list.model is not None:
            return self._create(call, place, place.list, arguments)
        if method == "POST" and (below := self._unlisted(place)) is not None:
            return self._create(call, place, below, arguments)
        if place.object is not None and method in ("PUT", "PATCH", "POST"):
            return self._change(call, place, arguments)
        if place.object is not None or (place.of is not None and method == "DELETE"):
            return self._delete(call, place, arguments)
        return self._actor.act(call, place, arguments)

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
        given = call.given
        model = model_of(place.family, of.model)
        made = [self._make(call, place, of, arguments, each) for each in each_given(model, given)]
        return answer(self.reader, call, place, self.reader.maker(call, place.family), arguments, made[-1])

    def _make(
        self, call: SandboxCall, place: Place, of: Collection, arguments: dict[str, str], given: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], Collection, Any]:
        """Make an object of a list; return its path, itself, the list, and its id."""
        reader, held = self.reader, call.state.held
        maker = reader.maker(call, place.family)
        model = model_of(place.family, of.model)
        list_path = concrete(of.template, arguments)
        listed = of is reader.known.collection(of.template)

        def taken(item_id: Any) -> bool:
            return listed and reader.has(call, of, arguments, str(item_id))

        there = False
        item_id = given_id(maker, of, reader.id_type(maker.family, of), given)
        if item_id is None:
            beside = len(held.added.get(list_path, ()))
            beside += len(reader.first_ids(call, of, arguments)) if listed else 0
            for number in range(beside, beside + _TRIES):
                item_id = reader.new_id(maker, of, f"{list_path}/new/{call.state.next()}", number)
                there = taken(item_id)
                if not there:
                    break
        else:
            there = taken(item_id)
        resource = reader.resources.get(of.item)
        again = "" if resource is None else resource.again
        if there and (not again or (again == "first" and str(item_id) in held.added.get(list_path, ()))):
            raise ApiError.of_class(409, "Conflict", f"This object already exists ({item_id})")
        inner = {**arguments, of.argument: str(item_id)}
        path = concrete(of.item, inner)
        value: dict[str, Any] = {"": deepcopy(given)}
        if isinstance(model, Model):
            found = adapted(maker, model, given, of.item)
            empty = dict(left_empty(place.fields, model, given))
            whole = [name for name, each in found.items() if not isinstance(each, dict)]
            value = reader.made(maker, model, of.item, inner, without={*empty, *whole})
            value |= {name: each for name, each in empty.items() if each is not None}
            value = maker.merged(model, value, found, fit=True)
            named(maker, model, value, of.item, inner)
            value |= {name: [] for name, _ in reader.known.lists_below(of.item, model) if name in value}
            stamp(model, value, call.now, MADE)
        obey(resource, Change("create", inner, given, value, self._others(call, place, of, inner), call))
        held.add(list_path, path, item_id, value, call.length)
        self._tell(call, of.item, inner, value)
        if isinstance(model, Model):
            start(call, maker, model, path, value, resource, given)
            self._make_below(call, of, inner, given, model)
        return path, value, of, item_id

    def _make_below(
        self, call: SandboxCall, of: Collection, arguments: dict[str, str], given: Mapping[str, Any], model: Model
    ) -> None:
        """Make the objects of lists below an object that its body brings with it: a cluster's first node pool."""
        known = self.reader.known
        for name, each in given.items():
            if name in model.properties or not isinstance(each, (dict, list)):
                continue
            for word in (name, name.removesuffix("s")):
                inner = known.collection(f"{of.item}/{word}")
                make = known.post(inner.template) if inner is not None else None
                if inner is None or make is None or inner.model is None:
                    continue
                for one in each if isinstance(each, list) else [each]:
                    if isinstance(one, dict):
                        call.state.check_room(0)
                        self._make(call, known.place(make), inner, arguments, one)
                break

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
        given = call.given
        if place.operation.method == "POST":
            held.gone.pop(path, None)
        value = self._now(call, place, arguments)
        model = model_of(place.family, place.object)
        if not isinstance(model, Model) or not isinstance(value, dict):
            # One value, as a text; a body of one member is that.
            only = next(iter(given.values()), None) if len(given) == 1 else call.body
            if place.object is not None and only is not None and maker.fits(place.object, only):
                held.keep(path, {"": deepcopy(only)}, call.length)
            return answer(reader, call, place, maker, arguments, (path, {}, None, None))
        value = deepcopy(value)
        resource = reader.resources.get(place.operation.path)
        self._free(call, path, model, value, given, resource)
        own = value.get("checksum")
        maker.merged(model, value, adapted(maker, model, given, place.operation.path), fit=True)
        if own is not None:
            value["checksum"] = own
        named(maker, model, value, place.operation.path, arguments)
        stamp(model, value, call.now, _CHANGED)
        others = self._others(call, place, place.of, arguments) if place.of is not None else list
        obey(resource, Change("change", arguments, given, value, others, call))
        held.keep(path, value, call.length)
        self._tell(call, place.operation.path, arguments, value)
        if is_async(model):
            become(call, maker, model, path, value, "UPDATING")
        elif place.operation.method == "POST":
            start(call, maker, model, path, value, resource, given)
        return answer(reader, call, place, maker, arguments, (path, value, None, None))

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
            raise busy()

    def _delete(self, call: SandboxCall, place: Place, arguments: dict[str, str]) -> Any:
        reader, held = self.reader, call.state.held
        path = concrete(place.operation.path, arguments)
        maker = reader.maker(call, place.family)
        value = self._now(call, place, arguments) if place.object is not None else {}
        model = model_of(place.family, place.object)
        resource = reader.resources.get(place.operation.path)
        of, shown = place.of, value if isinstance(value, dict) else {}
        obey(resource, Change("delete", arguments, {}, shown, list, call))
        list_path = None if of is None or of is not reader.known.collection(of.template) else path.rpartition("/")[0]
        own = arguments.get(of.argument, "") if of is not None else ""
        if isinstance(model, Model):
            self._free(call, path, model, shown, {}, resource)
            ends = {"resourceStatus": "DELETING"} if is_async(model) else dict(resource.ends) if resource else {}
            if ends:
                fails = {"fails": {"resourceStatus": "ERROR"}} if is_async(model) else {}
                held.keep(path, shown)
                shown |= ends
                begin(call, path, "DELETING", {"gone": True, "list": list_path, "id": own, **fails})
                self._tell(call, place.operation.path, arguments, shown)
                return answer(reader, call, place, maker, arguments, (path, shown, None, None))
        self._tell(call, place.operation.path, arguments, shown)
        held.remove(list_path, path, own)
        if list_path is not None and of is not None and reader.has(call, of, arguments, own):
            held.remove(list_path, path, own)  # what had taken the place of one that was there at first
        return answer(reader, call, place, maker, arguments, (path, shown, None, None))
