"""Further names of python-ovh's module ``config``: a reader of single settings, and the list of files.

Clients do not use the reader. They use the list: a program that changes ``ovh.config.CONFIG_PATH`` changes where
they look.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from configparser import RawConfigParser

__all__ = ["ConfigurationManager", "chosen_files", "name_of_module"]

_HOME: Final = f"{__name__.rpartition('.python_ovh.')[0]}.config"  # also in a copy that has another name
_PATH: Final = "CONFIG_PATH"


class ConfigurationManager:
    """A reader of single settings: from ``OVH_...`` variables, then from files.

    Attributes:
        config: the settings of the files; if two files have one, the later file in ``CONFIG_PATH`` counts.
    """

    config: RawConfigParser

    def __init__(self) -> None:
        from configparser import RawConfigParser

        self.config = RawConfigParser()
        self.read(getattr(import_module(_HOME), _PATH))

    def get(self, section: str, name: str) -> str | None:
        """Return a setting, None if there is none.

        Args:
            section: a section of the files, as ``"default"`` or ``"ovh-eu"``.
            name: the name of the setting, as ``"endpoint"``.
        """
        variable = os.environ.get(f"OVH_{name.upper()}")
        return self.config.get(section, name, fallback=None) if variable is None else variable

    def read(self, config_file: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> None:
        """Read further files, if they exist; their settings count before those read earlier."""
        self.config.read(config_file)


def _usual() -> list[str]:
    return ["/etc/ovh.conf", os.path.expanduser("~/.ovh.conf"), os.path.realpath("./ovh.conf")]


_untouched: list[str] = []


def name_of_module(name: str) -> Any:
    """Return the value of a name in python-ovh's module ``config``.

    Raises:
        AttributeError: the module has no such name.
    """
    home = vars(import_module(_HOME))
    if name == _PATH:
        _untouched[:] = _usual()
        home[name] = [*_untouched]
    elif name == "config":
        home[name] = ConfigurationManager()
    elif name == "ConfigurationManager":
        home[name] = ConfigurationManager
    else:
        raise AttributeError(f"module {_HOME!r} has no attribute {name!r}")
    return home[name]


def chosen_files(usual: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files to look into, the most specific first.

    Args:
        usual: the files that count unless the program has changed ``CONFIG_PATH``.
    """
    path: Any = vars(sys.modules[_HOME]).get(_PATH)
    if path is None or path == _untouched:
        return usual
    names = [path] if isinstance(path, (str, os.PathLike)) else [*path]
    return tuple(os.fspath(name) for name in reversed(names))
