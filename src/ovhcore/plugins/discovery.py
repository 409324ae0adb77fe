"""Discovery of entry points without ``importlib.metadata``, which takes longer to import than all of ovhcore.

This module reads the same files in the same way, as the packaging specifications lay them
down, and leaves to ``importlib.metadata`` what only that can find (zip files, finders of other
kinds). The tests hold the two against each other.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any, Final

from ..protocol.frozen import Frozen, put

__all__ = ["OWN", "EntryPoint", "find_entry_points", "find_module", "installed", "load_object", "normal_name"]

_DISTRIBUTION_NAME: Final = "ovhcore"
_SISTER: Final = f"{__name__.rpartition('ovhcore.')[0]}ovhcore_transports"  # also in a copy that has another name

OWN: Final = {
    "ovhcore-transports": f"{_SISTER}.plugin",
    "throttle": f"{_SISTER}.hooks.throttle",
    "sharing": f"{_SISTER}.hooks.sharing",
    "keyring": f"{_SISTER}.hooks.keyring",
    "opentelemetry": f"{_SISTER}.hooks.opentelemetry",
}
"""The entry points of ovhcore itself, as its metadata has them.

They are known without metadata: a frozen program has none, nor has a copy among the files of another
package, and beside the real metadata there may be those of an older version.
"""


class EntryPoint(Frozen):
    """The entry point of an installed plugin.

    Attributes:
        name: the name of the entry point, and so of the plugin.
        value: where the plugin is, as ``"module:attribute"``.
        distribution: normalised name of the distribution that it belongs to.
        version: the version of the distribution, None if it does not say.
    """

    __slots__ = ("name", "value", "distribution", "version")  # noqa: RUF023

    name: str
    value: str
    distribution: str
    version: str | None

    def __init__(self, name: str, value: str, distribution: str, version: str | None) -> None:
        put(self, "name", name)
        put(self, "value", value)
        put(self, "distribution", distribution)
        put(self, "version", version)


def find_entry_points(group: str, path: list[str] | None = None) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name.

    Args:
        group: name of the group.
        path: where distributions are; ``sys.path`` by default. The first distribution of a name counts.
    """
    directories = [os.path.realpath(directory or ".") for directory in (sys.path if path is None else path)]
    unusual = [directory for directory in directories if not os.path.isdir(directory) and os.path.exists(directory)]
    finders = [finder for finder in sys.meta_path if _finds_more(finder)]
    if (unusual and _holds_distributions(unusual)) or finders:
        return _slowly(group, path)
    found: dict[str, EntryPoint] = {}
    before: list[str] = []
    for directory in dict.fromkeys(directories):
        for stem, file in _distributions(directory):
            if points := _section(file, group):  # few have it
                distribution, version = _name_and_version(stem)
                if not _is_among(distribution, before):
                    for name, value in points:
                        found.setdefault(name, EntryPoint(name, value, distribution, version))
            before.append(stem)
    return found


def installed(group: str, version: str) -> dict[str, EntryPoint]:
    """Return ovhcore's own entry points, then those of other distributions, by name.

    Args:
        group: name of the group.
        version: the version of ovhcore.
    """
    found = {
        name: EntryPoint(name, module, _DISTRIBUTION_NAME, version) for name, module in OWN.items() if _is_there(module)
    }
    for name, point in find_entry_points(group).items():
        if point.distribution != _DISTRIBUTION_NAME:
            found.setdefault(name, point)
    return found


def _is_there(module: str) -> bool:
    try:
        return find_module(module) is not None
    except ModuleNotFoundError:  # not even its package
        return False


def find_module(name: str) -> ModuleSpec | None:
    """Say where a module is, as ``importlib.util.find_spec``, whose import takes as long as three modules of ours.

    Raises:
        ModuleNotFoundError: not even its package is there.
    """
    if name in sys.modules:
        return getattr(sys.modules[name], "__spec__", None)
    package = name.rpartition(".")[0]
    path = getattr(import_module(package), "__path__", ()) if package else None
    finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
    return next((spec for find in finders if find is not None and (spec := find(name, path)) is not None), None)


def load_object(value: str) -> Any:
    """Import the object that an entry point names; its extras in brackets have no effect here."""
    module, _, attributes = value.partition("[")[0].strip().partition(":")
    loaded: Any = import_module(module.strip())
    for attribute in filter(None, attributes.strip().split(".")):
        loaded = getattr(loaded, attribute)
    return loaded


def _finds_more(finder: Any) -> bool:
    """Say whether an import finder may know distributions that are not in the directories."""
    # The finder of the backport importlib_metadata looks where Python's own does.
    return (
        finder is not PathFinder
        and getattr(finder, "find_distributions", None) is not None
        and type(finder).__module__.partition(".")[0] != "importlib_metadata"
    )


def _holds_distributions(paths: list[str]) -> bool:
    # The standard library's own zip file has none and is on most paths.
    name = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    return any(os.path.basename(path) != name for path in paths)


def _slowly(group: str, path: list[str] | None) -> dict[str, EntryPoint]:
    from importlib.metadata import distributions

    found: dict[str, EntryPoint] = {}
    seen: set[str] = set()
    for distribution in distributions() if path is None else distributions(path=path):
        try:
            name, version = distribution.name, distribution.version
        except Exception:  # one without metadata; the backport's finder yields more of these than Python's
            continue
        normal = normal_name(name or "")
        if normal not in seen:
            seen.add(normal)
            for point in distribution.entry_points.select(group=group):
                found.setdefault(point.name, EntryPoint(point.name, point.value, normal, version))
    return found


def normal_name(name: str) -> str:
    """Return the name of a distribution in the spelling that is the same for all its spellings."""
    parts = name.replace("_", "-").replace(".", "-").lower().split("-")
    return "-".join(part for at, part in enumerate(parts) if part or at in (0, len(parts) - 1))  # "a-_b" is "a-b"


def _is_among(distribution: str, stems: list[str]) -> bool:
    """Say whether one of the folders, named without their endings, is that of a distribution."""
    first = distribution[:1]
    like = (stem for stem in stems if stem[:1].lower() == first or not stem[:1].isalnum())
    return any(_name_and_version(stem)[0] == distribution for stem in like)


def _distributions(directory: str) -> list[tuple[str, str]]:
    """Return the folder, without its ending, and the entry point file of each distribution in a directory."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return [
        (stem, f"{directory}{os.sep}{name}{os.sep}entry_points.txt")
        for name in names
        if name.endswith("-info")
        and (stem := name.rpartition(".")[0])
        and name[len(stem) :].lower() in (".dist-info", ".egg-info")
    ]


def _name_and_version(stem: str) -> tuple[str, str | None]:
    """Return normalised name and version of a distribution, from the name of its folder without the ending."""
    first, rest = stem[:1], stem[1:]  # pip renames what it could not remove to "-ame"
    name, _, version = rest.partition("-")
    return normal_name(first + name), version.partition("-")[0] or None


def _section(file: str, group: str) -> list[tuple[str, str]]:
    """Return names and values of one group of an ``entry_points.txt``; none if the file cannot be read."""
    if not os.access(file, os.R_OK):  # most distributions have none, and to raise an exception takes longer
        return []
    try:
        with open(file, "rb", buffering=0) as points:
            found = points.read()
        if f"[{group}]".encode() not in found:
            return []
        text = found.decode()
    except (OSError, UnicodeDecodeError):
        return []
    pairs: list[tuple[str, str]] = []
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            inside = line[1:-1] == group
        elif inside and line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if equals:
                pairs.append((name.strip(), value.strip()))
    return pairs
