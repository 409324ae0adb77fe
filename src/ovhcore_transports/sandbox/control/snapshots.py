"""The state of a sandbox as JSON, and back. What it is made of is data and the sandbox's own classes, nothing else."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence
from datetime import date, datetime
from enum import Enum
from importlib import import_module
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["as_snapshot", "of_snapshot"]

_HOME: Final = __name__.rpartition(".")[0].rpartition(".")[0]
_FORMAT: Final = "ovhcore sandbox 1"
_WRITTEN: Final = {
    ".storage.holding:Held": ".kept.holding:Held",
    ".storage.packing:Objects": ".kept.packing:Objects",
    ".storage.packing:RunningTasks": ".kept.packing:Operations",
    ".storage.running_task:RunningTask": ".kept.operation:Operation",
}
"""Classes whose names in snapshots are not those that they have in the code: files are older than both."""
_READ: Final = {written: name for name, written in _WRITTEN.items()} | {
    ".generic.holding:Held": ".storage.holding:Held",
    ".generic.packing:Objects": ".storage.packing:Objects",
    ".generic.packing:Operations": ".storage.packing:RunningTasks",
    ".state:Operation": ".storage.running_task:RunningTask",
}
"""The names of these classes in the code, by those in snapshots of now and of before."""


def as_snapshot(state: object) -> dict[str, Any]:
    """Return what JSON can hold, of the state of a sandbox.

    Raises:
        InvalidConfiguration: something in it cannot be kept.
    """
    skipped = getattr(state, "volatile", ())
    return {
        "format": _FORMAT,
        "state": {name: _packed(value, name) for name, value in vars(state).items() if name not in skipped},
    }


def of_snapshot(snapshot: Any) -> dict[str, Any]:
    """Return the attributes of a state that was kept.

    Raises:
        InvalidConfiguration: it is no snapshot.
    """
    kept = snapshot.get("state") if isinstance(snapshot, Mapping) and snapshot.get("format") == _FORMAT else None
    if not isinstance(kept, dict):
        raise InvalidConfiguration(f"sandbox: this is no snapshot: it has no format {_FORMAT!r} with a state")
    try:
        return {name: _unpacked(value) for name, value in kept.items()}
    except (AttributeError, ImportError, KeyError, LookupError, TypeError, ValueError, RecursionError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise InvalidConfiguration(f"sandbox: this snapshot is damaged, or of another version: {problem}")


def _packed(value: Any, place: str) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return [_packed(item, place) for item in value]
    if kind is dict and all(type(name) is str and not name.startswith("$") for name in value):
        return {name: _packed(item, f"{place}.{name}") for name, item in value.items()}
    if isinstance(value, Enum):
        return {"$enum": [_class(kind, place), value.value]}
    if kind in (tuple, set, frozenset):
        return {f"${kind.__name__}": [_packed(item, place) for item in value]}
    if kind is bytes:
        return {"$bytes": b64encode(value).decode()}
    if kind in (datetime, date):
        return {f"${kind.__name__}": value.isoformat()}
    if isinstance(value, MutableSequence):
        return [_packed(item, place) for item in value]
    if isinstance(value, MutableMapping):
        pairs = [[_packed(name, place), _packed(item, place)] for name, item in value.items()]
        return {"$dict": pairs, **({} if kind is dict else {"$class": _class(kind, place)})}
    if isinstance(value, tuple):
        return {"$named": [_packed(item, place) for item in value], "$class": _class(kind, place)}
    return {"$object": _packed(_attributes(value), place), "$class": _class(kind, place)}


def _attributes(value: object) -> dict[str, Any]:
    if hasattr(value, "__dict__"):
        skipped = getattr(value, "volatile", ())
        return {name: each for name, each in vars(value).items() if name not in skipped}
    slots = (name for each in type(value).__mro__ for name in getattr(each, "__slots__", ()))
    return {name: getattr(value, name) for name in slots if hasattr(value, name)}


def _class(kind: type, place: str) -> str:
    """Return the name of one of the sandbox's own classes, without that of the package."""
    module, name = kind.__module__, kind.__qualname__
    if kind in _CONTAINERS.values():
        return name
    if not module.startswith(f"{_HOME}.") or "<" in name:
        raise InvalidConfiguration(f"sandbox: {place} cannot be kept in a snapshot: it holds a {module}.{name}")
    own = f"{module.removeprefix(_HOME)}:{name}"
    return _WRITTEN.get(own, own)


def _containers() -> dict[str, type]:
    from collections import Counter, OrderedDict

    return {each.__name__: each for each in (Counter, OrderedDict)}


_CONTAINERS: Final = _containers()


def _named(name: str) -> Any:
    if name in _CONTAINERS:
        return _CONTAINERS[name]
    module, _, names = _READ.get(name, name).partition(":")
    if not module.startswith("."):
        raise LookupError(f"{name} is none of the sandbox's own")
    found: Any = sys.modules.get(_HOME + module) or import_module(_HOME + module)
    for each in names.split("."):
        found = getattr(found, each)
    if not isinstance(found, type) or found.__module__ != _HOME + module:
        raise LookupError(f"{name} is no class of the sandbox")
    return found


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    sign = next(iter(value), "")
    if not sign.startswith("$"):
        return {name: _unpacked(item) for name, item in value.items()}
    held = value[sign]
    if sign == "$enum":
        return _named(held[0])(held[1])
    if sign in _PLAIN:
        return _PLAIN[sign](held)
    if sign == "$dict":
        made: Any = _named(value["$class"])() if "$class" in value else {}
        made.update({_unpacked(name): _unpacked(item) for name, item in held})
        return made
    kind = _named(value["$class"])
    if sign == "$named":
        return kind(*_unpacked(held))
    thing: Any = object.__new__(kind)
    known: Any = getattr(kind, "__slots__", value["$object"])
    for name, item in _unpacked(value["$object"]).items():
        if name in known:  # some are of before, and follow from others now
            object.__setattr__(thing, name, item)
    if hasattr(thing, "restored"):
        thing.restored()
    return thing


def _as_tuple(held: Any) -> tuple[Any, ...]:
    return tuple(map(_unpacked, held))


_PLAIN: Final[dict[str, Callable[[Any], Any]]] = {
    "$tuple": _as_tuple,
    "$set": lambda held: set(_as_tuple(held)),
    "$frozenset": lambda held: frozenset(_as_tuple(held)),
    "$bytes": b64decode,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
}
