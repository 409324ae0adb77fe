"""Settings: arguments, then environment, then ``ovh.conf`` files, then defaults."""

from __future__ import annotations

from typing import Any

from ..plugins.settings import CREDENTIALS, Settings
from ..python_ovh.configuration import name_of_module
from .found import FoundSetting
from .leniency import ConfigurationWarning
from .loading import CONFIG_FILES, Environment, SettingsSources

__all__ = [
    "CONFIG_FILES",
    "CREDENTIALS",
    "ConfigurationWarning",
    "Environment",
    "FoundSetting",
    "Settings",
    "SettingsSources",
]


def __getattr__(name: str) -> Any:
    # These names are made when they are first used: python-ovh's module reads files when it is imported.
    return name_of_module(name)
