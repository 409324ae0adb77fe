"""pluggy's manager, which looks for hooks where some may be: to make a client is mostly to register plugins."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pluggy

__all__ = ["Marked"]


class Marked(pluggy.PluginManager):
    """pluggy's manager, which looks at members of modules by itself."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return what a member of a plugin says of itself as a hook, None if it is none."""
        return None if name.startswith("__") else _mark(plugin, name, "ovhcore_impl", super().parse_hookimpl_opts)

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """Return what a member of our hooks says of itself, None if it is none."""
        return _mark(module_or_class, name, "ovhcore_spec", super().parse_hookspec_opts)


def _mark(holder: Any, name: str, mark: str, look: Callable[[Any, str], Any]) -> Any:
    # Members of a module are what they are, most of them not even functions; pluggy looks at each for long.
    members = vars(holder) if isinstance(holder, ModuleType) else {}
    if name not in members or isinstance(members[name], (MethodType, classmethod, staticmethod)):
        return look(holder, name)
    return getattr(members[name], mark, None) if isinstance(members[name], FunctionType) else None
