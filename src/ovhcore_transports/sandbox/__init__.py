"""An imitation of OVHcloud's API: in memory, or on loopback by a real server.

``Client(transport="sandbox")`` needs no account. :class:`.Sandbox` is the imitation
itself, pure; :class:`.SandboxTransport` and :class:`.AsyncSandboxTransport` hold one with a
clock of their own; :func:`.serve` puts one on 127.0.0.1. :class:`.Faults` let a share of its answers fail,
:class:`.Modes` let it lack ways of listing, :class:`.Controls` let it answer late or seldom, and
:class:`.VirtualClock` is its time.

``storage`` is what a sandbox holds; ``families`` are tables of what the schema does not say of resources; ``routes``
are the few calls with code of their own; ``generic`` answers all others from the schema, these tables and what is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

from .state import ACCESS_KEYS, APPLICATION_KEY, APPLICATION_SECRET, CLIENT_ID, CLIENT_SECRET, CONSUMER_KEY

if TYPE_CHECKING:
    from .api import Sandbox
    from .control.clock import VirtualClock
    from .control.faults import Failure, Faults
    from .control.modes import Modes
    from .control.settings import Controls
    from .memory import AsyncSandboxTransport, SandboxTransport
    from .serving.handle import SandboxHandle
    from .serving.server import Server, serve

__all__ = [
    "ACCESS_KEYS",
    "APPLICATION_KEY",
    "APPLICATION_SECRET",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CONSUMER_KEY",
    "AsyncSandboxTransport",
    "Controls",
    "Failure",
    "Faults",
    "Modes",
    "Sandbox",
    "SandboxHandle",
    "SandboxTransport",
    "Server",
    "VirtualClock",
    "serve",
]

__getattr__ = lazily(
    __name__,
    {
        "api": ("Sandbox",),
        "control.clock": ("VirtualClock",),
        "control.settings": ("Controls",),
        "control.faults": ("Failure", "Faults"),
        "memory": ("AsyncSandboxTransport", "SandboxTransport"),
        "control.modes": ("Modes",),
        "serving.server": ("Server", "serve"),
        "serving.handle": ("SandboxHandle",),
    },
)
