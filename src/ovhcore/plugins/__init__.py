"""Plugins: transports, middleware and observers, brought together by pluggy once per client.

A plugin is a module or an object with functions marked :data:`hookimpl`; see
:mod:`ovhcore.plugins.hookspecs` for what they may be. It is found through the entry point
group ``ovhcore``, or given to a client as ``Client(plugins=[...])``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily
from .hookspecs import hookimpl
from .manager import list_plugins
from .options import Option, read_number, read_seconds, read_switch, read_text
from .transports import TransportSettings, TransportSpec

if TYPE_CHECKING:
    from .info import PluginInfo

__all__ = [
    "Option",
    "PluginInfo",
    "TransportSettings",
    "TransportSpec",
    "hookimpl",
    "list_plugins",
    "read_number",
    "read_seconds",
    "read_switch",
    "read_text",
]

__getattr__ = lazily(__name__, {"info": ("PluginInfo",)})
