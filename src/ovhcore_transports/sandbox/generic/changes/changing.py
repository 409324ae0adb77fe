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
from ..api_shape import Collection, OperationContext, model_of
from ..members import fill_path_members
from ..reading import Reader
from ..running import become, is_async, stamp, start
from .acting import Actor
from .answering import MADE, Affected, answer, busy, obey
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

    def carry_out(self, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> Any:
        """Carry out a POST, PUT, PATCH or DELETE, and return its answer.

        Raises:
            ApiError: what the API answers where it refuses.
        """
        method = context.operation.method
        if concrete(context.operation.path, arguments) not in call.state.held.objects:
            call.state.check_room(call.length)
        if self._actor.action(context.operation.path, method) is not None:
            return self._actor.act(call, context, arguments)
        if method == "POST" and context.list is not None and context.list.model is not None:
            return self._create(call, context, context.list, arguments)
        if method == "POST" and (below := self._unlisted(context)) is not None:
            return self._create(call, context, below, arguments)
        if context.object is not None and method in ("PUT", "PATCH", "POST"):
            return self._change(call, context, arguments)
        if context.object is not None or (context.of is not None and method == "DELETE"):
            return self._delete(call, context, arguments)
        return self._actor.act(call, context, arguments)

    def _unlisted(self, context: OperationContext) -> Collection | None:
        """Return what a POST makes that can be read below its path, though nothing lists it."""
        path = context.operation.path
        if context.object is not None:
            return None
        for key, each in context.family.operations.items():
            parent, _, last = each.path.rpartition("/")
            if key.startswith("GET ") and parent == path and last.startswith("{"):
                return self.reader.shape.context(each).of
        return None

    # Objects

    def _create(self, call: SandboxCall, context: OperationContext, of: Collection, arguments: dict[str, str]) -> Any:
        given = call.given
        model = model_of(context.family, of.model)
        made = [self._make(call, context, of, arguments, each) for each in each_given(model, given)]
        return answer(self.reader, call, context, self.reader.maker(call, context.family), arguments, made[-1])

    def _make(
        self,
        call: SandboxCall,
        context: OperationContext,
        of: Collection,
        arguments: dict[str, str],
        given: Mapping[str, Any],
    ) -> Affected:
        """Make an object of a list."""
        reader, held = self.reader, call.state.held
        maker = reader.maker(call, context.family)
        model = model_of(context.family, of.model)
        list_path = concrete(of.template, arguments)
        listed = of is reader.shape.collection(of.template)

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
            empty = dict(left_empty(context.fields, model, given))
            whole = [name for name, each in found.items() if not isinstance(each, dict)]
            value = reader.made(maker, model, of.item, inner, without={*empty, *whole})
            value |= {name: each for name, each in empty.items() if each is not None}
            value = maker.merged(model, value, found, fit=True)
            fill_path_members(maker, model, value, of.item, inner)
            value |= {name: [] for name, _ in reader.shape.lists_below(of.item, model) if name in value}
            stamp(model, value, call.now, MADE)
        obey(resource, Change("create", inner, given, value, self._others(call, context, of, inner), call))
        held.add(list_path, path, item_id, value, call.length)
        self._tell(call, of.item, inner, value)
        if isinstance(model, Model):
            start(call, maker, model, path, value, resource, given)
            self._make_below(call, of, inner, given, model)
        return Affected(path, value, of, item_id)

    def _make_below(
        self, call: SandboxCall, of: Collection, arguments: dict[str, str], given: Mapping[str, Any], model: Model
    ) -> None:
        """Make the objects of lists below an object that its body brings with it: a cluster's first node pool."""
        shape = self.reader.shape
        for name, each in given.items():
            if name in model.properties or not isinstance(each, (dict, list)):
                continue
            for word in (name, name.removesuffix("s")):
                inner = shape.collection(f"{of.item}/{word}")
                make = shape.post(inner.template) if inner is not None else None
                if inner is None or make is None or inner.model is None:
                    continue
                for one in each if isinstance(each, list) else [each]:
                    if isinstance(one, dict):
                        call.state.check_room(0)
                        self._make(call, shape.context(make), inner, arguments, one)
                break

    def _others(self, call: SandboxCall, context: OperationContext, of: Collection, inner: dict[str, str]) -> Any:
        def others() -> list[dict[str, Any]]:
            if of.model is None or of is not self.reader.shape.collection(of.template):
                return []
            own = inner[of.argument]
            return [
                self.reader.object(call, context.family, of.item, {**inner, of.argument: each}, of.model)
                for each in self.reader.ids(call, of, inner)
                if each != own
            ]

        return others

    def _tell(self, call: SandboxCall, template: str, arguments: Mapping[str, str], value: Mapping[str, Any]) -> None:
        """Tell what is above an object that it was made, changed or deleted."""
        for above, each in self._told.items():
            if template.startswith(above) and each.below is not None:
                each.below(call, concrete(each.path, arguments), value)

    def _now(self, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> Any:
        assert context.object is not None
        return self.reader.object(call, context.family, context.operation.path, arguments, context.object)

    def _change(self, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> Any:
        reader, held = self.reader, call.state.held
        path = concrete(context.operation.path, arguments)
        maker = reader.maker(call, context.family)
        given = call.given
        if context.operation.method == "POST":
            held.gone.pop(path, None)
        value = self._now(call, context, arguments)
        model = model_of(context.family, context.object)
        if not isinstance(model, Model) or not isinstance(value, dict):
            # One value, as a text; a body of one member is that.
            only = next(iter(given.values()), None) if len(given) == 1 else call.body
            if context.object is not None and only is not None and maker.fits(context.object, only):
                held.keep(path, {"": deepcopy(only)}, call.length)
            return answer(reader, call, context, maker, arguments, Affected(path, {}))
        value = deepcopy(value)
        resource = reader.resources.get(context.operation.path)
        self._free(call, path, model, value, given, resource)
        own = value.get("checksum")
        maker.merged(model, value, adapted(maker, model, given, context.operation.path), fit=True)
        if own is not None:
            value["checksum"] = own
        fill_path_members(maker, model, value, context.operation.path, arguments)
        stamp(model, value, call.now, _CHANGED)
        others = self._others(call, context, context.of, arguments) if context.of is not None else list
        obey(resource, Change("change", arguments, given, value, others, call))
        held.keep(path, value, call.length)
        self._tell(call, context.operation.path, arguments, value)
        if is_async(model):
            become(call, maker, model, path, value, "UPDATING")
        elif context.operation.method == "POST":
            start(call, maker, model, path, value, resource, given)
        return answer(reader, call, context, maker, arguments, Affected(path, value))

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

    def _delete(self, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> Any:
        reader, held = self.reader, call.state.held
        path = concrete(context.operation.path, arguments)
        maker = reader.maker(call, context.family)
        value = self._now(call, context, arguments) if context.object is not None else {}
        model = model_of(context.family, context.object)
        resource = reader.resources.get(context.operation.path)
        of, shown = context.of, value if isinstance(value, dict) else {}
        obey(resource, Change("delete", arguments, {}, shown, list, call))
        list_path = None if of is None or of is not reader.shape.collection(of.template) else path.rpartition("/")[0]
        own = arguments.get(of.argument, "") if of is not None else ""
        if isinstance(model, Model):
            self._free(call, path, model, shown, {}, resource)
            ends = {"resourceStatus": "DELETING"} if is_async(model) else dict(resource.ends) if resource else {}
            if ends:
                fails = {"fails": {"resourceStatus": "ERROR"}} if is_async(model) else {}
                held.keep(path, shown)
                shown |= ends
                begin(call, path, "DELETING", {"gone": True, "list": list_path, "id": own, **fails})
                self._tell(call, context.operation.path, arguments, shown)
                return answer(reader, call, context, maker, arguments, Affected(path, shown))
        self._tell(call, context.operation.path, arguments, shown)
        held.remove(list_path, path, own)
        if list_path is not None and of is not None and reader.has(call, of, arguments, own):
            held.remove(list_path, path, own)  # what had taken the place of one that was there at first
        return answer(reader, call, context, maker, arguments, Affected(path, shown))
