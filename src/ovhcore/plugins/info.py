"""What people see of a plugin."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PluginInfo"]


class PluginInfo(NamedTuple):
    """A plugin, for people to look at.

    Attributes:
        name: the name for ``disabled_plugins``.
        distribution: the installed package it comes from; None for one that a program made itself.
        version: the version of the package, None if it is not known.
        hooks: the hooks it has, in the order in which they are called.
        enabled: whether it is used.
        problem: why it cannot be used; None if it can.
    """

    name: str
    distribution: str | None
    version: str | None
    hooks: tuple[str, ...]
    enabled: bool = True
    problem: str | None = None
