"""Settings: arguments, then environment, then ``ovh.conf`` files, then defaults; they become a :class:`.Settings`."""

from __future__ import annotations

from typing import Any

from ..plugins.settings import Settings
from ..python_ovh.configuration import name_of_module
from .leniency import ConfigurationWarning

__all__ = [
    "ConfigurationWarning",
    "Settings",
]


def __getattr__(name: str) -> Any:
    # These names are made when they are first used: python-ovh's module reads files when it is imported.
    return name_of_module(name)
