"""Families of resources whose objects look, live and refuse as those of the API: tables, one a module."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from .tables import Resource

__all__ = ["resources"]

_TABLES: Final = ("accounts", "billing", "cloud", "dns", "interfaces", "machines")
"""The modules with tables; each has ``RESOURCES``."""


def resources() -> dict[str, Resource]:
    """Return the resources of all tables, by the templates of their paths."""
    return {each.path: each for name in _TABLES for each in import_module(f"{__name__}.{name}").RESOURCES}
