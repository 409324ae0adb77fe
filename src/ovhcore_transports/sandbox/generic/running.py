"""What takes its time: how far it is follows from the time at which somebody asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Final

from ovhcore.schema import Array, Enumeration, Model, Scalar

from ..families.tables import Resource
from ..routes.calls import SandboxCall, begin, date_of
from ..storage.holding import Held
from ..storage.initial_data import checksum
from ..storage.running_task import RunningTask
from .api_shape import model_of
from .values.making import Maker

__all__ = [
    "ENDED",
    "at_rest",
    "become",
    "is_async",
    "is_task",
    "kind_of",
    "new_task",
    "reach",
    "settle",
    "stamp",
    "start",
]

_WORDS: Final = (
    ("init", "todo", "pending", "waiting", "scheduled", "planned", "queued", "created", "new"),
    ("todo", "pending", "waiting", "scheduled", "planned", "queued", "init", "created", "new"),
    ("doing", "running", "inprogress", "processing", "started", "waitingack"),
    ("done", "completed", "complete", "success", "succeeded", "finished", "ok"),
)
_BEING_MADE: Final = ("creating", "installing", "building", "build", "deploying", "provisioning", "pendingcreate")
_VERBS: Final = {
    "POST": ("create", "add", "install", "order", "enable", "open", "start"),
    "PUT": ("change", "update", "set", "modify"),
    "DELETE": ("delete", "remove", "del", "disable", "release", "close"),
}
_FAILED: Final = ("customererror", "error", "failed", "failure", "ovherror", "problem")
_MADE: Final = ("creationdate", "createdat", "startdate", "startedat", "tododate", "creation", "date", "begindate")
_CHANGED: Final = ("lastupdate", "updatedat", "lastupdatedate", "lastmodificationdate", "modifiedat")
ENDED: Final = ("donedate", "finishedat", "enddate", "finishdate", "completiondate", "completedat")


def stamp(model: Model, value: dict[str, Any], now: float, names: Iterable[str]) -> None:
    """Set the members that say when something happened."""
    for name, each in model.properties.items():
        if name.lower().replace("_", "") in names and isinstance(each.type, Scalar):
            if each.type.name == "datetime":
                value[name] = date_of(now)
            elif each.type.name == "date":
                value[name] = date_of(now)[:10]


def _lengths(model: Model, names: Iterable[str]) -> dict[str, int]:
    """Return how long the texts of dates are, by the names of a model's members."""
    dates = {"datetime": 25, "date": 10}
    kinds = {name: str(each.type) for name, each in model.properties.items() if name.lower() in names}
    return {name: dates[kind] for name, kind in kinds.items() if kind in dates}


def is_async(model: Model) -> bool:
    """Say whether a model is an asynchronous resource of version 2."""
    names = model.properties.keys()
    return "resourceStatus" in names and ("targetSpec" in names or "currentState" in names)


def at_rest(maker: Maker, model: Model, made: dict[str, Any]) -> None:
    """Let an object of version 2 that is made up have no tasks, and have reached its ``targetSpec``."""
    if not is_async(model):
        return
    if "currentTasks" in made:
        made["currentTasks"] = []
    reach(maker, model, made)
    if "checksum" in made and "targetSpec" in made:
        made["checksum"] = checksum(made["targetSpec"])


def reach(maker: Maker, model: Model, made: dict[str, Any]) -> None:
    """Copy ``targetSpec`` into ``currentState``, as a task that has succeeded does."""
    current = model.properties.get("currentState")
    state = model_of(maker.family, None if current is None else current.type)
    if isinstance(state, Model) and isinstance(made.get("targetSpec"), dict):
        made["currentState"] = maker.merged(state, dict(made.get("currentState") or {}), deepcopy(made["targetSpec"]))


def _status(maker: Maker, model: Model) -> tuple[str, Enumeration] | None:
    for name in ("status", "state"):
        known = model.properties.get(name)
        enum = model_of(maker.family, None if known is None else known.type)
        if isinstance(enum, Enumeration):
            return name, enum
    return None


def _chosen(enum: Enumeration, words: tuple[str, ...]) -> Any:
    by_word = {str(each).lower().replace("_", "").replace("-", ""): each for each in enum.values}
    return next((by_word[word] for word in words if word in by_word), None)


def is_task(maker: Maker, model: Model) -> bool:
    """Say whether an object is a task: its status is one of what is to be done, or was."""
    found = _status(maker, model)
    return found is not None and all(_chosen(found[1], _WORDS[phase]) is not None for phase in (1, 3))


def kind_of(maker: Maker, model: Model, operation: str) -> dict[str, Any]:
    """Return what a task says that it does: the value that has most in common with the operation that began it.

    Args:
        maker: of its family.
        model: of the task.
        operation: as ``"POST /vps/{serviceName}/reboot"``.
    """
    method, _, path = operation.partition(" ")
    nouns = [each for each in path.split("/") if each and "{" not in each]
    verbs = _VERBS.get(method, ())
    words = [each.lower() for each in re.findall("[A-Z]?[a-z]+|[A-Z]+(?![a-z])", nouns[-1])] if nouns else []
    found: dict[str, Any] = {}
    for name in ("function", "type", "action"):
        known = model.properties.get(name)
        if known is not None and known.type == Scalar("string", "string") and nouns and name != "type":
            read = maker.family.operations.get(f"GET {path}")
            listed = method != "POST" or (read is not None and isinstance(read.answer, Array))
            found[name] = f"{verbs[0]}{nouns[-1][0].upper()}{nouns[-1][1:]}" if listed and verbs else nouns[-1]
        enum = model_of(maker.family, None if known is None else known.type)
        if isinstance(enum, Enumeration) and enum.base == "string" and nouns:

            def likeness(value: Any) -> tuple[int, int]:
                text = re.sub("[^a-z]", "", str(value).lower())
                shared = [word for word in words if word.removesuffix("s") in text]
                return 2 * len(shared) + any(verb in text for verb in verbs) if shared else 0, -len(text)

            best = max(enum.values, key=likeness, default=None)
            if best is not None and likeness(best)[0] > 0:
                found[name] = best
    return found


def new_task(maker: Maker, model: Model, task: dict[str, Any], running: RunningTask) -> dict[str, Any]:
    """Return a task that begins, with what settles it later."""
    found = _status(maker, model)
    name, enum = found if found is not None else ("status", Enumeration("", ()))
    for each in model.properties:
        if each.lower() in ENDED:
            task.pop(each, None)
    stamp(model, task, running.begun, (*_MADE, *_CHANGED))
    steps = [_chosen(enum, words) for words in (*_WORDS, _FAILED)]
    steps = [each if each is not None else steps[1] for each in steps]
    running.steps = {
        "status": name,
        "values": steps,
        "changed": _lengths(model, _CHANGED),
        "ended": _lengths(model, ENDED),
    }
    task[name] = steps[0]
    if isinstance(task.get("progress"), int):
        task["progress"] = 0
        running.steps["progress"] = [0, 0, 50, 100]
    return task


def settle(held: Held, path: str, now: float) -> None:
    """Carry out what has happened to an object until now."""
    running = held.running.get(path)
    value = held.objects.get(path)
    if running is None or value is None:
        return
    steps: Mapping[str, Any] = running.steps
    over, phase = running.over(now), running.phase(now)
    if "values" in steps:
        value[steps["status"]] = steps["values"][4 if over and running.fails else phase]
        value.update({name: date_of(running.since(phase))[:size] for name, size in steps["changed"].items()})
        if "progress" in steps:
            value["progress"] = steps["progress"][phase]
        if over:
            value.update({name: date_of(running.since(3))[:size] for name, size in steps["ended"].items()})
    if not over:
        return
    held.end(path)
    if running.fails and "fails" in steps:
        value.update(steps["fails"])
    elif steps.get("gone"):
        held.remove(steps["list"], path, steps["id"])
    else:
        if "reach" in steps:
            target = deepcopy(value["targetSpec"])
            value["currentState"] = value.get("currentState", {}) | {name: target[name] for name in steps["reach"]}
        then = deepcopy(steps.get("then", {}))
        value.update(then)
        for name in [name for name, each in then.items() if each is None]:
            del value[name]


def start(
    call: SandboxCall,
    maker: Maker,
    model: Model,
    path: str,
    value: dict[str, Any],
    resource: Resource | None,
    given: Mapping[str, Any],
) -> None:
    """Let the making of an object take its time."""
    if is_async(model):
        become(call, maker, model, path, value, "CREATING")
    elif resource is None or not (resource.starts or resource.shows):
        found = _status(maker, model)
        first = None if found is None or found[0] in given else _chosen(found[1], _BEING_MADE)
        if found is not None and first is not None and found[0] in value and not is_task(maker, model):
            then = maker.rest(found[1], value[found[0]], f"{path} made")
            value[found[0]] = first
            begin(call, path, "create", {"then": {found[0]: then}})
    elif resource.starts:
        then = {name: value.get(name) for name in resource.starts}
        value.update(deepcopy(dict(resource.starts)))
        begin(call, path, "create", {"then": then})


def become(call: SandboxCall, maker: Maker, model: Model, path: str, value: dict[str, Any], status: str) -> None:
    """Begin a task that brings ``currentState`` to ``targetSpec``; ``status`` is the ``resourceStatus`` until then."""
    then: dict[str, Any] = {"resourceStatus": "READY"}
    done = dict(value)
    steps: dict[str, Any] = {"then": then, "fails": {"resourceStatus": "ERROR"}}
    target = value.get("targetSpec")
    if isinstance(target, dict):
        reach(maker, model, done)
        then["currentState"] = reached = done.get("currentState", {})
        names = [name for name, each in target.items() if reached.get(name) == each]
        if reached == {**value.get("currentState", {}), **{name: target[name] for name in names}}:
            del then["currentState"]  # not what the object has itself
            steps["reach"] = names
        if "checksum" in model.properties:
            value["checksum"] = checksum(value["targetSpec"])
    begin(call, path, status, steps)
    value["resourceStatus"] = status
    known = model.properties.get("currentTasks")
    if known is not None:
        task_id = call.state.uuid("task")
        link = f"{path}/task/{task_id}"
        task = {"id": task_id, "type": status.title(), "status": "PENDING", "link": link}
        kept = [task] if maker.fits(known.type, [task]) else []
        value["currentTasks"] = kept
        then["currentTasks"] = []
