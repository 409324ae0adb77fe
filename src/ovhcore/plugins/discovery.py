"""Find entry points without ``importlib.metadata``, which takes longer to import than all of ovhcore.

The files it would read are read the same way, as the packaging specifications lay them
down; what only it can find (zip files, finders of other kinds) is left to it. The tests
hold the two against each other.
"""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any

__all__ = ["find_entry_points", "load"]

_DISTRIBUTION = re.compile(r"(.+?)(?:-.*)?\.(?:dist|egg)-info", re.IGNORECASE)


def find_entry_points(group: str, path: list[str] | None = None) -> dict[str, str]:
    """Return the entry points of a group: name to ``"module:attribute"``.

    Args:
        group: name of the group.
        path: where distributions are; ``sys.path`` by default. The first of a name counts.
    """
    directories = [os.path.realpath(directory or ".") for directory in (sys.path if path is None else path)]
    unusual = [directory for directory in directories if not os.path.isdir(directory) and os.path.exists(directory)]
    finders = [f for f in sys.meta_path if f is not PathFinder and getattr(f, "find_distributions", None) is not None]
    if (unusual and _holds_distributions(unusual)) or finders:
        return _slowly(group, path)
    found: dict[str, str] = {}
    seen: set[str] = set()
    for directory in dict.fromkeys(directories):
        for distribution, file in _distributions(directory):
            if distribution not in seen:
                seen.add(distribution)
                for name, value in _section(file, group):
                    found.setdefault(name, value)
    return found


def load(value: str) -> Any:
    """Import what an entry point names; its extras in brackets say nothing here."""
    module, _, attributes = value.partition("[")[0].strip().partition(":")
    loaded: Any = import_module(module.strip())
    for attribute in filter(None, attributes.strip().split(".")):
        loaded = getattr(loaded, attribute)
    return loaded


def _holds_distributions(paths: list[str]) -> bool:
    # The standard library's own zip file has none and is on most paths.
    name = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    return any(os.path.basename(path) != name for path in paths)


def _slowly(group: str, path: list[str] | None) -> dict[str, str]:
    from importlib.metadata import distributions, entry_points

    found: dict[str, str] = {}
    if path is None:
        points = list(entry_points(group=group))
    else:
        points = [p for d in distributions(path=path) for p in d.entry_points.select(group=group)]
    for point in points:
        found.setdefault(point.name, point.value)
    return found


def _distributions(directory: str) -> list[tuple[str, str]]:
    """Return normalised name and entry point file of each distribution in a directory."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    found: list[tuple[str, str]] = []
    for name in names:
        if name.endswith("-info") and (match := _DISTRIBUTION.fullmatch(name)):
            normal = re.sub(r"[-_.]+", "-", match[1]).lower()
            found.append((normal, os.path.join(directory, name, "entry_points.txt")))
    return found


def _section(file: str, group: str) -> list[tuple[str, str]]:
    try:
        with open(file, encoding="utf-8") as lines:
            text = lines.read()
    except (OSError, UnicodeDecodeError):
        return []
    if f"[{group}]" not in text:
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
