"""The hooks. All of them are called while a client is made and never during a call.

Hooks build objects; the objects do the work. Hooks are synchronous and must not block.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from ..config import Settings
    from ..flows.effects import Middleware
    from ..flows.events import Observer
    from ..protocol.redaction import Redaction
    from .transports import TransportSpec

__all__ = ["PROJECT", "hookimpl", "ovhcore_middleware", "ovhcore_observer", "ovhcore_redaction", "ovhcore_transports"]

PROJECT: Final = "ovhcore"
"""Name of the pluggy project and of the entry point group."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks the functions of a plugin that are hooks."""

_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def ovhcore_transports() -> Iterable[TransportSpec]:  # type: ignore[empty-body]
    """Offer transports. A name that another plugin offers too is an error."""


@_hookspec
def ovhcore_redaction() -> Redaction | None:
    """Declare what is secret, besides what always is, in what transports write down: recordings.

    What several plugins declare is put together. None for nothing.
    """


@_hookspec
def ovhcore_middleware(settings: Settings) -> Middleware | None:
    """Bracket the exchanges of a client.

    The caller's plugins are outermost, then those found by entry point, then the built-in
    ones. All are outside of authentication, so a request that is sent again is signed again.
    None for a client that needs nothing.
    """


@_hookspec
def ovhcore_observer(settings: Settings) -> Observer | None:
    """Look at what a client does, as :mod:`ovhcore.flows.events`, without changing it. None not to."""
