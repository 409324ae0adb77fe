"""Names of a package or a module that are loaded when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, tuple[str, ...]], below: str | None = None) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package, or of a module.

    Args:
        package: its ``__name__``.
        homes: names by the module that holds them.
        below: the package that these modules are below; by default, ``package`` itself.
    """
    base = package if below is None else below
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> Any:
        from importlib import import_module

        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{base}.{home_of[name]}"), name)
        setattr(sys.modules[package], name, value)  # the next access finds the name there
        return value

    return load
