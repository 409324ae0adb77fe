"""Plugins: transports, middleware and observers, brought together by pluggy once per client.

A plugin is a module or an object with functions marked :data:`hookimpl`; see
:mod:`ovhcore.plugins.hookspecs` for what they may be. It is found through the entry point
group ``ovhcore``, or given to a client as ``Client(plugins=[...])``.
"""

from __future__ import annotations

from .hookspecs import PROJECT, hookimpl
from .manager import Plugins
from .transports import TransportSettings, TransportSpec

__all__ = ["PROJECT", "Plugins", "TransportSettings", "TransportSpec", "hookimpl"]
