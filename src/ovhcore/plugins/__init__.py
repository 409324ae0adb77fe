"""Plugins: transports, middleware and observers, brought together by pluggy once per client.

A plugin is a module or an object with functions marked :data:`hookimpl`; see
:mod:`ovhcore.plugins.hookspecs` for what they may be. It is found through the entry point
group ``ovhcore``, or given to a client as ``Client(plugins=[...])``.
"""

from __future__ import annotations

from .hookspecs import hookimpl
from .manager import PluginInfo, list_plugins
from .options import Option, read_number, read_seconds, read_switch, read_text
from .transports import TransportSettings, TransportSpec

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
