"""The versions of installed packages, compared with the ranges that are wanted.

The metadata are read without ``importlib.metadata``, which takes longer to import than all of ovhcore.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache

from ..exceptions import InvalidConfiguration
from .discovery import find_module, normal_name

__all__ = ["installed_version", "is_within", "unfit"]


def unfit(ranges: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the first package that is installed in a version out of its range: name, version and range.

    A package that is not installed, or has no known version, as in a frozen program, is passed over.

    Args:
        ranges: the ranges, by name of the package, as ``{"urllib3": ">=2.2,<3"}``.

    Raises:
        InvalidConfiguration: a range is malformed.
    """
    for package, wanted in ranges.items():
        found = installed_version(package)
        if found is not None and not is_within(found, wanted):
            return package, found, wanted
    return None


def is_within(version: str, wanted: str) -> bool:
    """Say whether a version is in a range.

    A version before a release, as ``3.0rc1``, counts as the release: it is out of a range that ends there,
    and in one that begins there. A version that cannot be read counts as within.

    Args:
        version: the version, as its package says it.
        wanted: comparisons with ``>=`` and ``<``, with commas between them.

    Raises:
        InvalidConfiguration: the range is malformed.
    """
    numbers = _release(version)
    for clause in map(str.strip, wanted.split(",")):
        sign = ">=" if clause.startswith(">=") else "<"
        text = clause.removeprefix(sign).lstrip()
        if text == clause or not all(part.isdecimal() and part.isascii() for part in text.split(".")):
            raise InvalidConfiguration(f"A range of versions is written as '>=2.2,<3', not {wanted!r}")
        bound = _release(text) or ()
        if numbers is not None and (numbers < bound if sign == ">=" else numbers >= bound):
            return False
    return True


def installed_version(package: str) -> str | None:
    """Return the version of a package, None if it is not known or not installed; nothing is imported.

    Args:
        package: its name, which is also that of its module.
    """
    name = normal_name(package).replace("-", "_")
    try:
        found = find_module(package.replace("-", "_"))
    except ImportError:
        found = None
    if found is None:
        return None
    # The metadata stand beside the module; another package of that name on the path does not count.
    homes = found.submodule_search_locations or ([found.origin] if found.origin else [])
    for home in dict.fromkeys(os.path.dirname(place) for place in homes):
        try:
            folders = _metadata_in(home, os.stat(home).st_mtime_ns)
        except OSError:  # in a zip file, or frozen
            continue
        version = next((folder[len(name) + 1 :] for folder in folders if folder.startswith(f"{name}-")), None)
        if version is not None:
            return version
    # Where there are no metadata, as in a frozen program, a loaded module may say its version.
    version = getattr(sys.modules.get(found.name), "__version__", None)
    return version if isinstance(version, str) else None


@lru_cache(8)
def _metadata_in(home: str, changed: int) -> list[str]:
    """Return the names of the folders of metadata in a directory, in lower case, without their ending."""
    # A directory is read again only when it has changed: the default's choice asks for the same package twice.
    return [entry[:-10].lower() for entry in os.listdir(home) if entry.endswith(".dist-info")]


def _release(version: str) -> tuple[int, ...] | None:
    """Return the numbers that a version begins with, without zeros at their end; None if it begins with none."""
    numbers: list[int] = []
    for part in version.strip().lower().removeprefix("v").removeprefix("0!").split("."):
        rest = part.lstrip("0123456789")
        if part != rest:
            numbers.append(int(part.removesuffix(rest)))
        if rest or not part:
            break
    if not numbers:
        return None
    while numbers and not numbers[-1]:
        del numbers[-1]  # 3.0 is 3
    return tuple(numbers)
