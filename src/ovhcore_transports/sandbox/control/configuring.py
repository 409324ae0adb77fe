"""Settings of a sandbox by their names, as files and the admin path have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Final, Protocol

from ovhcore.exceptions import InvalidConfiguration

from ..state import State
from .faults import Faults
from .modes import Modes
from .settings import Controls, number

__all__ = ["applied", "current"]

_OF_CONTROLS: Final = tuple(each.name for each in fields(Controls))
_FLAGS: Final = ("auto_validate", "failing_tasks")
_NUMBERS: Final = ("token_lifetime", "task_seconds")
_NAMES: Final = (*_OF_CONTROLS, "faults", "modes", *_FLAGS, *_NUMBERS)


class _Holder(Protocol):
    controls: Controls
    faults: Faults | None
    modes: Modes


def current(holder: _Holder, state: State) -> dict[str, Any]:
    """Return the settings of a sandbox, as what JSON can hold."""
    faults = holder.faults
    return {
        **asdict(holder.controls),
        "faults": None
        if faults is None
        else {**asdict(faults), "kinds": list(map(str, faults.kinds)), "spare": sorted(faults.spare)},
        "modes": asdict(holder.modes),
        **{name: getattr(state, name) for name in (*_FLAGS, *_NUMBERS)},
    }


def applied(
    holder: _Holder, state: State, settings: Mapping[str, Any]
) -> tuple[Controls, Faults | None, Modes, dict[str, Any]]:
    """Return what settings lead to; nothing is changed yet.

    Raises:
        InvalidConfiguration: a name that is not known, or a value out of range.
    """
    unknown = sorted(settings.keys() - set(_NAMES))
    if unknown:
        raise InvalidConfiguration(f"sandbox: there is no setting {unknown[0]!r}; there are {', '.join(_NAMES)}")
    controls = replace(holder.controls, **{name: settings[name] for name in _OF_CONTROLS if name in settings})
    faults, modes = holder.faults, holder.modes
    if "faults" in settings:
        given = settings["faults"]
        faults = None if given is None else _made(Faults, given, "faults")
    if "modes" in settings:
        modes = _made(Modes, {**asdict(modes), **_mapping(settings["modes"], "modes")}, "modes")
    of_state: dict[str, Any] = {}
    for name in _FLAGS:
        if name in settings:
            if not isinstance(settings[name], bool):
                raise InvalidConfiguration(f"sandbox: {name} must be true or false, not {settings[name]!r}")
            of_state[name] = settings[name]
    for name in _NUMBERS:
        if name in settings:
            of_state[name] = number(settings[name], name)
    if "token_lifetime" in of_state:
        of_state["token_lifetime"] = int(of_state["token_lifetime"])
    return controls, faults, modes, of_state


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidConfiguration(f"sandbox: {what} must be a mapping, not {value!r}")
    return dict(value)


def _made(kind: Any, given: Any, what: str) -> Any:
    try:
        return kind(**_mapping(given, what))
    except TypeError:
        names = [each.name for each in fields(kind)]
        problem = f"sandbox: {what} must be a mapping with some of {', '.join(names)} of the right kinds, not {given!r}"
    raise InvalidConfiguration(problem)
