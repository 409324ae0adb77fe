"""What takes its time: how far it is follows from the time at which somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

from ovhcore.schema import Enumeration, Model, Ref, Scalar

from ..kept.holding import Held
from ..kept.operation import Operation
from ..state import checksum
from .values.making import Maker

__all__ = ["at_rest", "date_of", "is_async", "is_task", "new_task", "reach", "settle", "stamp"]

_WORDS: Final = (
    ("init", "todo", "pending", "waiting", "scheduled", "planned", "queued", "created", "new"),
    ("todo", "pending", "waiting", "scheduled", "planned", "queued", "init", "created", "new"),
    ("doing", "running", "inprogress", "processing", "started", "waitingack"),
    ("done", "completed", "complete", "success", "succeeded", "finished", "ok"),
)
_FAILED: Final = ("customererror", "error", "failed", "failure", "ovherror", "problem")
_MADE: Final = ("creationdate", "createdat", "startdate", "startedat", "tododate", "creation", "date", "begindate")
_CHANGED: Final = ("lastupdate", "updatedat", "lastupdatedate", "lastmodificationdate", "modifiedat")
_ENDED: Final = ("donedate", "finishedat", "enddate", "finishdate", "completiondate")


def date_of(seconds: float) -> str:
    """Return a time as the API writes it."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


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
    """Say whether an object of version 2 becomes what it is to be."""
    names = model.properties.keys()
    return "resourceStatus" in names and ("targetSpec" in names or "currentState" in names)


def at_rest(maker: Maker, model: Model, made: dict[str, Any]) -> None:
    """Let an object that is made up be one at which nothing is being done."""
    if not is_async(model):
        return
    if "currentTasks" in made:
        made["currentTasks"] = []
    reach(maker, model, made)
    if "checksum" in made and "targetSpec" in made:
        made["checksum"] = checksum(made["targetSpec"])


def reach(maker: Maker, model: Model, made: dict[str, Any]) -> None:
    """Let an object be what it is to be."""
    current = model.properties.get("currentState")
    state = maker.family.model(current.type) if current is not None and isinstance(current.type, Ref) else None
    if isinstance(state, Model) and isinstance(made.get("targetSpec"), dict):
        made["currentState"] = maker.merged(state, dict(made.get("currentState") or {}), deepcopy(made["targetSpec"]))


def _status(maker: Maker, model: Model) -> tuple[str, Enumeration] | None:
    for name in ("status", "state"):
        known = model.properties.get(name)
        enum = maker.family.model(known.type) if known is not None and isinstance(known.type, Ref) else None
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


def new_task(maker: Maker, model: Model, task: dict[str, Any], operation: Operation) -> dict[str, Any]:
    """Return a task that begins, with what settles it later."""
    found = _status(maker, model)
    name, enum = found if found is not None else ("status", Enumeration("", ()))
    for each in model.properties:
        if each.lower() in _ENDED:
            task.pop(each, None)
    stamp(model, task, operation.begun, (*_MADE, *_CHANGED))
    steps = [_chosen(enum, words) for words in (*_WORDS, _FAILED)]
    steps = [each if each is not None else steps[1] for each in steps]
    operation.steps = {
        "status": name,
        "values": steps,
        "changed": _lengths(model, _CHANGED),
        "ended": _lengths(model, _ENDED),
    }
    task[name] = steps[0]
    return task


def settle(held: Held, path: str, now: float) -> None:
    """Carry out what has happened to an object until now."""
    operation = held.running.get(path)
    value = held.objects.get(path)
    if operation is None or value is None:
        return
    steps: Mapping[str, Any] = operation.steps
    over, phase = operation.over(now), operation.phase(now)
    if "values" in steps:
        value[steps["status"]] = steps["values"][4 if over and operation.fails else phase]
        value.update({name: date_of(operation.since(phase))[:size] for name, size in steps["changed"].items()})
        if over:
            value.update({name: date_of(operation.since(3))[:size] for name, size in steps["ended"].items()})
    if not over:
        return
    held.end(path)
    if operation.fails and "fails" in steps:
        value.update(steps["fails"])
    elif steps.get("gone"):
        held.remove(steps["list"], path, steps["id"])
    else:
        if "reach" in steps:
            target = deepcopy(value["targetSpec"])
            value["currentState"] = value.get("currentState", {}) | {name: target[name] for name in steps["reach"]}
        value.update(deepcopy(steps.get("then", {})))
        for name in [name for name, each in value.items() if each is None]:
            del value[name]
