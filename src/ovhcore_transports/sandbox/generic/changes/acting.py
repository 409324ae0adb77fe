"""Does to objects what actions say: those of tables, and those whose paths and bodies say what they do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from ovhcore.schema import Array, Enumeration, Model, Ref, Scalar

from ...families.everywhere import EVERYWHERE
from ...families.tables import Action, Change, Resource
from ...routes.calls import SandboxCall, arguments_of, begin, concrete
from ...state import ApiError
from ..api_shape import Collection, OperationContext, model_of
from ..members import fill_path_members
from ..reading import Reader
from ..running import is_task, stamp, start
from ..values.making import Maker
from .answering import MADE, Affected, above, answer, busy, obey
from .giving import adapted
from .lists import change_list

__all__ = ["Actor"]

_OWN: Final = frozenset(("id", "name", "description", "comment", "displayName", "label", "status", "state", "type"))
"""Members of what an action makes, more often than of what it is done to."""
_CHANGING: Final = re.compile(
    "update|change|set|edit|modify|rename|label|role|resize|reschedule|configur", re.IGNORECASE
)
_BECOMES: Final = {
    "enable": ("enabled", "enable", "active", "activated"),
    "disable": ("disabled", "disable", "inactive"),
    "start": ("running", "started", "active", "ok"),
    "restart": ("running", "started", "active", "ok"),
    "stop": ("stopped", "off", "inactive", "paused"),
    "cancel": ("cancelled", "canceled", "aborted", "cancelling"),
    "pause": ("paused", "suspended"),
    "resume": ("running", "active", "ok"),
    "suspend": ("suspended", "paused"),
    "kill": ("killed", "interrupted", "finalizing"),
    "accept": ("accepted", "ok", "doing"),
    "refuse": ("refused", "aborted"),
    "validate": ("validated", "valid", "enabled", "enable"),
    "apply": ("applied",),
    "archive": ("archived",),
    "block": ("blocked",),
    "unblock": ("unblocked", "unblocking"),
    "close": ("closed",),
    "reopen": ("open", "opened"),
    "finalize": ("valid", "finalized"),
    "revoke": ("revoked",),
}
"""What the status of an object is after a call whose path ends with a word, the likeliest first."""
_FLAGS: Final = {"enable": True, "disable": False, "setasadmin": True, "chooseasdefaultpaymentmean": True}
_NAMES: Final = {"setasadmin": ("isAdmin", "admin"), "chooseasdefaultpaymentmean": ("defaultPaymentMean",)}


class Actor:
    """Carries out what neither makes, nor changes, nor deletes the object at its path.

    Args:
        reader: reads what there is.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def action(self, path: str, method: str) -> tuple[Resource, Action] | None:
        """Return what a table says of a call, and the resource that it is done to; None if it says nothing."""
        segments = path.split("/")
        for end in range(len(segments), 1, -1):
            resource = self.reader.resources.get("/".join(segments[:end]))
            action = resource and resource.actions.get(f"{method} /{'/'.join(segments[end:])}".removesuffix(" /"))
            if resource is not None and action:
                return resource, action
        action = EVERYWHERE.get(f"{method} /{segments[-1]}")
        return None if action is None else (Resource("/".join(segments[:-1])), action)

    def act(self, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> Any:
        """Carry out an action, and return its answer.

        Raises:
            ApiError: what the API answers where it refuses.
        """
        reader = self.reader
        found = self.action(context.operation.path, context.operation.method)
        if found is not None:
            return self._by_table(call, context, arguments, *found)
        maker = reader.maker(call, context.family)
        path, type_ = concrete(context.operation.path, arguments), context.operation.answer
        if change_list(reader, call, context, maker, arguments):
            if isinstance(type_, Array):
                return list(reader.listed(call._replace(query={}, pairs={}), context, arguments))
            return answer(reader, call, context, maker, arguments, Affected(path, {}))
        context_above = _object_above(reader, context.operation.path.rpartition("/")[0])
        about = _Above(reader, call, context_above, arguments) if context_above is not None else None
        made = add_made(reader, call, context, arguments, about.value if about is not None else {})
        if made is not None:
            return made
        if about is None or not about.change(context.operation.method, context.operation.path.rpartition("/")[2]):
            call.answer_headers["X-Ovhcore-Sandbox"] = "no-effect"
        return answer(reader, call, context, maker, arguments, Affected(path, above(reader, call, context, arguments)))

    def _by_table(
        self,
        call: SandboxCall,
        context: OperationContext,
        arguments: dict[str, str],
        resource: Resource,
        action: Action,
    ) -> Any:
        """Carry out an action of a family's table: check it, change the object, begin a task, make other objects."""
        reader, held = self.reader, call.state.held
        maker = reader.maker(call, context.family)
        given = call.given
        names = arguments_of(resource.path, arguments)
        read = reader.shape.get(resource.path)
        of_it = reader.shape.context(read) if read is not None else context
        object_path = concrete(resource.path, names)
        value: dict[str, Any] = {}
        if read is not None and of_it.object is not None:
            value = reader.object(call, of_it.family, resource.path, names, of_it.object)
        if action.busy and object_path in held.running:
            raise busy()
        for name, wanted in action.needs.items():
            if value.get(name) != wanted:
                raise ApiError.of_class(409, "Conflict", f"[{name}] is {value.get(name)}, and has to be {wanted}")
        change = Change(
            f"{context.operation.method} {context.operation.path.removeprefix(resource.path)}",
            arguments,
            given,
            value,
            list,
            call,
        )
        obey(resource, change)
        model = model_of(of_it.family, of_it.object)
        value = change.object
        if isinstance(model, Model) and (action.sets or action.then):
            path = resource.path
            wanted_then = adapted(maker, model, filled(action.then, given), path)
            then = maker.merged(model, {name: value[name] for name in wanted_then if name in value}, wanted_then)
            maker.merged(model, value, adapted(maker, model, filled(action.sets, given), path))
            held.keep(object_path, value, call.length)
            held.end(object_path)  # what went on, if anything, ends with this
            if action.then:
                none = {name: None for name, wanted in action.then.items() if wanted is None}
                begin(call, object_path, change.kind, {"then": {**then, **none}})
        for segment, members in action.below.items():
            set_below(reader, call, f"{resource.path}{segment}", names, filled(members, given))
        done = action.does(call, change) if action.does is not None else None
        if done is not None:
            return done
        if action.answer is not None:
            answered = action.answer(change)
            if value:
                held.keep(object_path, value, call.length)
            return answered
        of = reader.shape.collection(action.makes.rpartition("/")[0]) if action.makes else None
        item = model_of(context.family, None if of is None else of.model)
        if of is not None and isinstance(item, Model):
            made = _add(reader, call, context, of, item, arguments, value)
            noun = of.template.rpartition("/")[2]
            change.answered[f"{noun}Id"] = made[of.member or of.argument]
        task = filled(action.task, given)
        about = {**value, **change.answered}
        if context.operation.answer == of_it.object:
            return about
        return answer(reader, call, context, maker, arguments, Affected(object_path, about), task)


class _Above:
    """The object above an action whose path and body say what it does.

    Attributes:
        value: the object.
    """

    def __init__(self, reader: Reader, call: SandboxCall, context: OperationContext, arguments: dict[str, str]) -> None:
        self._call, self._template = call, context.operation.path
        names = arguments_of(self._template, arguments)
        self._path = concrete(self._template, names)
        self._maker = reader.maker(call, context.family)
        assert context.object is not None  # as it was found by its GET
        model = model_of(context.family, context.object)
        self._model = model if isinstance(model, Model) else None
        found = reader.object(call, context.family, self._template, names, context.object)
        self.value: dict[str, Any] = found if isinstance(found, dict) else {}

    def change(self, method: str, word: str) -> bool:
        """Change the object by what the body and the last word of the path say; say whether anything was changed."""
        if self._model is None:
            return False
        given = self._call.given
        found = adapted(self._maker, self._model, given, self._template)
        if not (_CHANGING.search(word) or method == "PUT"):
            found = {name: each for name, each in found.items() if name not in _OWN}
        found |= _becomes(self._maker, self._model, word.lower())
        if found:
            value = self._maker.merged(self._model, deepcopy(self.value), found)
            self._call.state.held.keep(self._path, value, self._call.length)
            if found.keys() & {"status", "state"}:
                self._call.state.held.end(self._path)  # what went on, if anything, ends with this
        return bool(found)


def _object_above(reader: Reader, template: str) -> OperationContext | None:
    while template:
        read = reader.shape.get(template)
        if read is not None:
            return None if isinstance(read.answer, Array) else reader.shape.context(read)
        template = template.rpartition("/")[0]
    return None


def _becomes(maker: Maker, model: Model, word: str) -> dict[str, Any]:
    """Return the members that an object has after a call whose path ends with a word."""
    found: dict[str, Any] = {}
    for name in ("status", "state"):
        known = model.properties.get(name)
        enum = model_of(maker.family, None if known is None else known.type)
        if isinstance(enum, Enumeration):
            by_word = {str(each).lower(): each for each in enum.values}
            after = next((by_word[each] for each in _BECOMES.get(word, ()) if each in by_word), None)
            found |= {} if after is None else {name: after}
    if word in _FLAGS:
        for name in _NAMES.get(word, ("enabled", "isEnabled", "active", "activated")):
            known = model.properties.get(name)
            if known is not None and isinstance(known.type, Scalar) and known.type.base == "boolean":
                found[name] = _FLAGS[word]
    return found


# What an action makes


def add_made(
    reader: Reader, call: SandboxCall, context: OperationContext, arguments: dict[str, str], about: Mapping[str, Any]
) -> Any:
    """Add what an action makes to the list of what it answers; None if what it answers is in no list.

    Args:
        reader: of what there is.
        call: the call.
        context: of the action.
        arguments: of its path.
        about: the object that it is done to, of which what is made has members.
    """
    answer = context.operation.answer
    several = isinstance(answer, Array)
    of = reader.shape.list_of(context, answer.item if isinstance(answer, Array) else answer)
    model = model_of(context.family, None if of is None else of.model)
    if of is None or not isinstance(model, Model) or is_task(reader.maker(call, context.family), model):
        return None
    given = call.given
    number = given.get("number") if several else 1
    count = min(number, 100) if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 1
    made = [_add(reader, call, context, of, model, arguments, about) for _ in range(count)]
    return made if several else made[0]


def _add(
    reader: Reader,
    call: SandboxCall,
    context: OperationContext,
    of: Collection,
    model: Model,
    arguments: dict[str, str],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    maker = reader.maker(call, context.family)
    names = arguments_of(of.item, arguments)
    call.state.check_room(call.length)
    item_id = reader.new_id(maker, of, f"{of.template}/new/{call.state.next()}", 0)
    inner = {**names, of.argument: str(item_id)}
    path = concrete(of.item, inner)
    value = reader.made(maker, model, of.item, inner)
    shared = {name: each for name, each in about.items() if name not in _OWN and not name.lower().endswith("date")}
    value = maker.merged(model, value, deepcopy(shared))
    fill_path_members(maker, model, value, context.operation.path, arguments)
    value = maker.merged(model, value, adapted(maker, model, call.given, of.item))
    fill_path_members(maker, model, value, of.item, inner)
    stamp(model, value, call.now, MADE)
    call.state.held.add(concrete(of.template, names), path, item_id, value, call.length)
    start(call, maker, model, path, value, reader.resources.get(of.item), call.given)
    return dict(value)


def set_below(
    reader: Reader, call: SandboxCall, template: str, arguments: dict[str, str], members: Mapping[str, Any]
) -> None:
    """Give members to a single object below another one, which is made if it is not there."""
    read = reader.shape.get(template)
    assert read is not None  # as the table says; a test looks at all of them
    context = reader.shape.context(read)
    assert isinstance(context.object, Ref)
    model = context.family.model(context.object)
    assert isinstance(model, Model)
    maker, path = reader.maker(call, context.family), concrete(template, arguments)
    call.state.held.gone.pop(path, None)
    now = reader.object(call, context.family, template, arguments, context.object)
    value = maker.merged(model, deepcopy(now), members)
    stamp(model, value, call.now, MADE)
    call.state.held.keep(path, value)


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
